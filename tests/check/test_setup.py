"""`cramf lean setup` as a library, with stand-ins for the programs that it runs."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cramf.check.setup import Setup, Step
from cramf.check.toolchain import find_program, installed_toolchains, workspace_state
from cramf.environment import default_workspace, setup_workspace, shipped_workspace
from cramf.errors import ResourceError


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
    monkeypatch.delenv("CRAMF_LEAN_WORKSPACE", raising=False)
    return machine


class Asked:
    """Answers the questions of a setup, and remembers them."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.installers: list[str] = []
        self.titles: list[list[str]] = []

    def __call__(self, steps: Sequence[Step], installer: Path | None) -> bool:
        self.titles.append([step.title for step in steps])
        if installer is not None:
            self.installers.append(installer.read_text())
        return self.answers.pop(0) if self.answers else True


def run(machine: Any, asked: Asked | None = None) -> tuple[bool, list[str]]:
    told: list[str] = []
    return Setup(machine.workspace, told.append).run(asked or Asked()), told


def test_from_nothing(machine: Any) -> None:
    machine.has("curl")
    asked = Asked()
    assert run(machine, asked)[0]
    calls = machine.calls()
    assert calls[0].startswith(
        "curl --proto =https --tlsv1.2 -sSfL https://elan.lean-lang.org/elan-init.sh -o "
    )
    assert calls[1:] == [
        "installer -y --no-modify-path --default-toolchain none",
        f"elan toolchain install {FAKE.TOOLCHAIN}",
        "lake update",
        "lake exe cache get",
    ]
    assert [len(titles) for titles in asked.titles] == [6, 1]
    assert "installer" in asked.installers[0]
    state = workspace_state(machine.workspace)
    assert (state.exists, state.fetched, state.built, state.ours) == (True, True, True, True)
    assert state.mathlib == state.wanted == REVISION
    assert state.toolchain == FAKE.TOOLCHAIN
    assert (machine.workspace / "Sample").is_dir()


def test_a_second_run_has_nothing_to_do(machine: Any) -> None:
    machine.has("curl")
    run(machine)
    before = machine.calls()
    asked = Asked(False)
    assert run(machine, asked) == (True, ["everything is there"])
    assert machine.calls() == before
    assert asked.titles == []


@pytest.mark.parametrize(
    ("broken", "done_before"),
    [
        ("curl_fails", []),
        ("installer_fails", []),
        ("elan_toolchain_install_fails", ["curl", "installer"]),
        ("lake_update_fails", ["curl", "installer", "elan"]),
        ("lake_exe_cache_fails", ["curl", "installer", "elan", "lake update"]),
    ],
)
def test_it_goes_on_where_it_stopped(machine: Any, broken: str, done_before: list[str]) -> None:
    machine.has("curl")
    machine.play(broken)
    with pytest.raises(ResourceError, match="goes on where it stopped"):
        run(machine)
    machine.play()
    count = len(machine.calls())
    assert run(machine)[0]
    again = " ".join(machine.calls()[count:])
    for done in done_before:
        assert done not in again
    assert "lake exe cache get" in again
    assert workspace_state(machine.workspace).built


def test_no_curl(machine: Any) -> None:
    with pytest.raises(ResourceError, match=r"cannot start curl.*install curl"):
        run(machine)


def test_lake_has_the_last_word(machine: Any) -> None:
    machine.has_lean()
    machine.play("never_built")
    with pytest.raises(ResourceError, match="Lake does not find Mathlib built"):
        run(machine)


def test_not_agreed(machine: Any) -> None:
    machine.has("curl")
    assert run(machine, Asked(False)) == (False, [])
    assert machine.calls() == []
    assert not machine.workspace.exists()


def test_the_installer_is_not_run_unasked(machine: Any) -> None:
    machine.has("curl")
    asked = Asked(True, False)
    assert not run(machine, asked)[0]
    assert [call.split()[0] for call in machine.calls()] == ["curl"]
    assert find_program("elan") is None
    assert len(asked.installers) == 1


def test_lean_that_came_another_way_is_left_alone(machine: Any) -> None:
    machine.has("lake", "lean")
    assert run(machine)[0]
    assert machine.calls() == ["lake update", "lake exe cache get"]


def test_another_revision_is_fetched_after_an_upgrade(machine: Any) -> None:
    machine.has_lean()
    run(machine)
    lakefile = machine.workspace / "lakefile.toml"
    lakefile.write_text(lakefile.read_text().replace(REVISION, "0" * 40))
    FAKE.fetched(machine.workspace, "0" * 40)
    assert run(machine)[0]
    assert workspace_state(machine.workspace).mathlib == REVISION
    assert machine.calls() == ["lake update", "lake exe cache get"] * 2


def test_a_project_of_the_user_is_left_as_it_is(machine: Any) -> None:
    machine.has_lean()
    machine.workspace.mkdir(parents=True)
    lakefile = machine.workspace / "lakefile.toml"
    text = 'name = "mine"\n[[require]]\nname = "mathlib"\nrev = "v4.9.0"\n'
    lakefile.write_text(text)
    (machine.workspace / "lean-toolchain").write_text("leanprover/lean4:v4.9.0\n")
    FAKE.fetched(machine.workspace, "f" * 40)
    assert run(machine)[0]
    assert lakefile.read_text() == text
    assert machine.calls() == ["elan toolchain install leanprover/lean4:v4.9.0", "lake exe cache get"]


def test_keys_stay_here(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    machine.has("curl")
    assert run(machine)[0]
    assert not (machine.home / "leaked").is_file()


def test_two_at_once(machine: Any) -> None:
    machine.has_lean()
    second: list[str] = []

    def during(steps: Sequence[Step], installer: Path | None) -> bool:
        with pytest.raises(ResourceError, match="another `cramf lean setup`") as error:
            run(machine)
        second.append(str(error.value))
        return False

    assert not Setup(machine.workspace, second.append).run(during)
    assert len(second) == 1


def test_a_step_that_takes_too_long(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has_lean()
    machine.play("lake_update_hangs")
    plan = Setup(machine.workspace, lambda line: None)
    update = next(step for step in plan.steps() if step.argv[1:] == ("update",))
    machine.workspace.mkdir(parents=True)
    slow = Step(update.title, update.argv, update.folder, 0.5, update.environment)
    with pytest.raises(ResourceError, match="it took too long"):
        plan._do(slow)
    monkeypatch.setattr("cramf.check.setup._MEMORY", 1)
    with pytest.raises(ResourceError, match="of memory"):
        plan._do(update)


def test_a_folder_that_cannot_be_made(machine: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="give --workspace"):
        Setup(tmp_path / "file" / "lean", print).run(Asked())


def test_steps_are_lines_for_a_shell(machine: Any) -> None:
    lines = [step.shown for step in Setup(machine.workspace, print).steps(Path("/tmp/a b.sh"))]
    assert lines[0].startswith("rsync -a --exclude")
    assert lines[2] == "sh '/tmp/a b.sh' -y --no-modify-path --default-toolchain none"
    assert lines[4].startswith(f"cd {machine.workspace} && MATHLIB_NO_CACHE_ON_UPDATE=1 ")


# -- where it is made, and what is read of it --------------------------------------------------------------


def test_where_the_workspace_is(machine: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shipped = tmp_path / "wheel" / "lean"
    shipped.mkdir(parents=True)
    monkeypatch.setattr("cramf.environment._shipped", lambda folder: shipped)
    assert setup_workspace() == default_workspace() == shipped
    monkeypatch.setattr("cramf.environment._PACKAGE", tmp_path / "wheel")  # as in an installed wheel
    assert setup_workspace() == machine.workspace
    assert default_workspace() == shipped
    machine.workspace.mkdir(parents=True)
    (machine.workspace / "lakefile.toml").write_text("")
    assert default_workspace() == machine.workspace
    (shipped / ".lake" / "packages").mkdir(parents=True)
    assert default_workspace() == shipped
    monkeypatch.setenv("CRAMF_LEAN_WORKSPACE", "/elsewhere")
    assert setup_workspace() == default_workspace() == Path("/elsewhere")


def test_the_shipped_workspace_pins_mathlib() -> None:
    index = json.loads((shipped_workspace().parent / "index" / "mathlib" / "manifest.json").read_text())
    state = workspace_state(shipped_workspace())
    assert (state.wanted, state.toolchain) == (index["mathlib_commit"], index["toolchain"])
    assert state.ours


@pytest.mark.parametrize("text", ["", "{", "[]", '{"packages": 3}', '{"packages": [1, {"name": null}]}'])
def test_damaged_files_are_no_state(tmp_path: Path, text: str) -> None:
    (tmp_path / "lake-manifest.json").write_text(text)
    (tmp_path / "lakefile.toml").write_text("= broken")
    (tmp_path / "lean-toolchain").write_bytes(b"\xff\xfe")
    state = workspace_state(tmp_path)
    assert (state.fetched, state.built, state.mathlib, state.wanted) == (False, False, "", "")


def test_toolchains_of_elan(machine: Any) -> None:
    machine.has("elan")
    elan = find_program("elan")
    assert elan is not None
    assert installed_toolchains(elan) == ()
    (machine.home / "toolchains").write_text("leanprover/lean4:v4.9.0 (default)\nstable\n")
    assert installed_toolchains(elan) == ("leanprover/lean4:v4.9.0", "stable")
