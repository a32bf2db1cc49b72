"""What `cramf doctor` finds, with stand-ins for elan and Lean."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cramf.check import doctor
from cramf.check.doctor import Finding, Standing
from cramf.check.isolation import Isolation
from cramf.check.toolchain import workspace_state
from cramf.environment import shipped_workspace


def _load() -> ModuleType:
    path = Path(__file__).with_name("fake_elan.py")
    spec = importlib.util.spec_from_file_location("fake_elan", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FAKE = _load()
REVISION = workspace_state(shipped_workspace()).wanted


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    machine = FAKE.Machine(tmp_path)
    for name, value in machine.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("CRAMF_LEAN_WORKSPACE", "CRAMF_MATHLIB"):
        monkeypatch.delenv(name, raising=False)
    return machine


def by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def lean(machine: Any, required: bool = True, commit: str = "") -> dict[str, Finding]:
    return by_name(doctor.examine_lean(machine.workspace, required, commit))


def ready(machine: Any) -> None:
    """A machine on which everything is there."""
    machine.has_lean()
    shutil.copytree(shipped_workspace(), machine.workspace, ignore=shutil.ignore_patterns(".lake"))
    FAKE.fetched(machine.workspace, REVISION)
    FAKE.built(machine.workspace)


# -- Lean --------------------------------------------------------------------------------------------------


def test_everything_is_there(machine: Any) -> None:
    ready(machine)
    found = lean(machine, commit=REVISION)
    assert {f.standing for f in found.values()} == {Standing.OK}
    assert {f.mend for f in found.values()} == {""}
    assert found["elan"].detail.startswith("4.1.2 at ")
    assert found["lake"].detail.startswith("5.0.0-src+abc at ")
    assert found["lean"].detail.startswith(f"{FAKE.VERSION} at ")
    assert found["same Mathlib"].detail == f"index and workspace: {REVISION[:10]}"
    assert str(machine.workspace / ".lake" / "packages" / "mathlib") in found["docstrings"].detail


@pytest.mark.parametrize(("required", "standing"), [(True, Standing.MISSING), (False, Standing.OPTIONAL)])
def test_nothing_is_there(machine: Any, required: bool, standing: Standing) -> None:
    found = lean(machine, required, REVISION)
    assert list(found) == ["elan", "lake", "lean", "workspace", "docstrings"]
    for name in ("elan", "lake", "lean", "workspace"):
        assert (found[name].standing, found[name].fatal) == (standing, required)
        assert found[name].mend == f"cramf lean setup --workspace {machine.workspace}"
    assert found["docstrings"].standing is Standing.OPTIONAL


def test_the_toolchain_is_not_downloaded_by_asking(machine: Any) -> None:
    ready(machine)
    (machine.home / "toolchains").unlink()
    found = lean(machine)
    assert found["lean"].standing is found["lake"].standing is Standing.MISSING
    assert found["lean"].mend == f"elan toolchain install {FAKE.TOOLCHAIN}"
    assert machine.calls() == ["elan --version"]


def test_lean_without_elan(machine: Any) -> None:
    ready(machine)
    shutil.rmtree(machine.home / "elan")
    machine.has("lake", "lean")
    found = lean(machine)
    assert (found["elan"].standing, found["elan"].fatal) == (Standing.OPTIONAL, False)
    assert found["lake"].standing is found["lean"].standing is Standing.OK
    machine.play("old_lean")
    broken = lean(machine)["lean"]
    assert broken.standing is Standing.BROKEN
    assert f"is Lean 4.9.0, and the workspace asks for {FAKE.VERSION}" in broken.detail


def test_programs_that_do_not_answer(machine: Any) -> None:
    ready(machine)
    machine.play("elan_--version_fails", "lean_--version_fails")
    found = lean(machine)
    assert (found["elan"].standing, found["elan"].mend) == (Standing.BROKEN, "elan self update")
    assert found["lean"].standing is Standing.BROKEN
    assert "does not tell its version" in found["lean"].detail


@pytest.mark.parametrize(
    ("gone", "name", "says"),
    [
        ("lakefile.toml", "workspace", "no lakefile"),
        ("lean-toolchain", "workspace", "no lean-toolchain"),
        ("lake-manifest.json", "Mathlib fetched", "no package is fetched"),
        (".lake/packages/mathlib", "Mathlib fetched", "not fetched: mathlib"),
        (".lake/packages/mathlib/.lake/build", "Mathlib built", "compiled files are not there"),
    ],
)
def test_a_workspace_with_a_gap(machine: Any, gone: str, name: str, says: str) -> None:
    ready(machine)
    path = machine.workspace / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    finding = lean(machine)[name]
    assert (finding.standing, finding.fatal) == (Standing.MISSING, True)
    assert says in finding.detail
    assert finding.mend.startswith("cramf lean setup")


def test_a_damaged_manifest(machine: Any) -> None:
    ready(machine)
    (machine.workspace / "lake-manifest.json").write_text("{")
    finding = lean(machine)["Mathlib fetched"]
    assert (finding.standing, finding.fatal) == (Standing.BROKEN, True)
    assert "cannot be read" in finding.detail


def test_index_and_workspace_of_two_mathlibs(machine: Any) -> None:
    ready(machine)
    FAKE.fetched(machine.workspace, "0" * 40)
    found = lean(machine, commit=REVISION)
    assert found["Mathlib fetched"].standing is Standing.BROKEN
    assert found["same Mathlib"].mend.startswith("cramf lean setup")
    assert not found["same Mathlib"].fatal
    FAKE.fetched(machine.workspace, REVISION)
    other = lean(machine, commit="f" * 40)["same Mathlib"]
    assert other.standing is Standing.BROKEN
    assert other.mend.startswith("cramf index build --mathlib ")


def test_a_mathlib_variable_that_leads_nowhere(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMF_MATHLIB", "/nowhere")
    finding = lean(machine)["docstrings"]
    assert (finding.standing, finding.fatal) == (Standing.BROKEN, False)
    assert "/nowhere" in finding.detail


# -- the rest ----------------------------------------------------------------------------------------------


def test_python_and_packages() -> None:
    found = by_name(doctor.examine_python())
    assert found["python"].standing is Standing.OK
    assert found["packages"].standing is Standing.OK


def test_packages_that_are_missing_or_old(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["nosuchpackage>=2", "click>=999", "numpy>=1.26", "alsonot; extra == 'test'"]
    monkeypatch.setattr(metadata, "requires", lambda name: wanted)
    finding = by_name(doctor.examine_python())["packages"]
    assert (finding.standing, finding.fatal) == (Standing.MISSING, True)
    assert finding.detail.startswith("nosuchpackage is not installed, click ")
    assert finding.mend == "pip install 'nosuchpackage>=2' 'click>=999'"


def test_cramf_itself_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    assert by_name(doctor.examine_python())["packages"].standing is Standing.BROKEN


def test_index(sample_index: Path, tmp_path: Path) -> None:
    (finding,) = doctor.examine_index(sample_index)
    assert (finding.standing, finding.fatal) == (Standing.OK, False)
    assert "of Mathlib 0123abc" in finding.detail
    (missing,) = doctor.examine_index(tmp_path / "none")
    assert (missing.standing, missing.fatal) == (Standing.MISSING, True)
    damaged = shutil.copytree(sample_index, tmp_path / "damaged")
    with (damaged / "names.json").open("a") as file:
        file.write(" ")
    (broken,) = doctor.examine_index(damaged)
    assert broken.standing is Standing.BROKEN
    assert "names.json is damaged" in broken.detail
    assert broken.mend == f"cramf index build --mathlib DIR --out {damaged}"


def test_what_brings_the_shipped_index_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("cramf.environment._shipped", lambda folder: tmp_path / folder)
    (finding,) = doctor.examine_index(tmp_path / "index" / "mathlib")
    assert finding.mend == "pip install --force-reinstall cramf"
    (tmp_path / ".git").mkdir()
    (finding,) = doctor.examine_index(tmp_path / "index" / "mathlib")
    assert finding.mend == f"git -C {tmp_path} checkout -- index"


@pytest.mark.parametrize(("network", "standing"), [(False, Standing.OK), (True, Standing.OPTIONAL)])
def test_isolation(monkeypatch: pytest.MonkeyPatch, network: bool, standing: Standing) -> None:
    answer = Isolation(
        "none" if network else "unshare", network=network, reason="not here" if network else ""
    )
    monkeypatch.setattr("cramf.check.isolation.network_isolation", lambda: answer)
    (finding,) = doctor.examine_isolation()
    assert finding.standing is standing
    assert bool(finding.mend) == network
    assert ("not here" in finding.detail) == network


def test_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = by_name(doctor.examine_extras())
    assert set(found) == {"openai", "lean-interact", "httpx2"}
    assert {f.standing for f in found.values()} == {Standing.OPTIONAL}
    assert found["openai"].mend == "pip install 'cramf[openai]'"


def test_no_secret_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://user:hunter2@host:8000/v1?key=hunter2")
    monkeypatch.setenv("CRAMF_INDEX", "/some/where")
    monkeypatch.setenv("CRAMF_RANKER", " ")
    found = by_name(doctor.examine_variables())
    assert found["OPENAI_API_KEY"].detail == "set"
    assert found["OPENAI_BASE_URL"].detail == "https://host:8000/v1"
    assert found["CRAMF_INDEX"].detail == "/some/where"
    assert "CRAMF_RANKER" not in found
    monkeypatch.setenv("OPENAI_BASE_URL", "https://[hunter2")
    assert by_name(doctor.examine_variables())["OPENAI_BASE_URL"].detail == "set, and no address"
