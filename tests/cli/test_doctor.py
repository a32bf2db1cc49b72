"""`cramf doctor` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)], prog_name="cramf")


@pytest.fixture(autouse=True)
def no_lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Lean, whatever this one has."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("ELAN_HOME", str(tmp_path / "elan"))
    monkeypatch.setenv("CRAMF_LEAN_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")


def test_lean_is_not_needed() -> None:
    done = run()
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert any(line.split()[:2] == ["ok", "index"] for line in lines)
    assert any(line.split()[:2] == ["optional", "lake"] for line in lines)
    assert "mend: cramf lean setup" in done.stdout
    assert lines[-1].startswith("everything that is needed is there")
    assert "sk-secret" not in done.output


def test_unless_it_is_asked_for() -> None:
    done = run("--lean")
    assert done.exit_code == 4
    assert done.stdout.splitlines()[-1] == "not in order: elan, lake, lean, workspace"


def test_json() -> None:
    done = run("--json")
    value = json.loads(done.stdout)
    assert (done.exit_code, value["ok"]) == (0, True)
    found = {finding["name"]: finding for finding in value["findings"]}
    assert set(found["index"]) == {"name", "standing", "detail", "mend", "required"}
    for name in ("python", "packages", "index", "concepts", "ranker", "encoder"):
        assert (found[name]["standing"], found[name]["required"]) == ("ok", True)
    assert found["lean"]["standing"] == "optional"
    assert found["OPENAI_API_KEY"]["detail"] == "set"


def test_no_index(tmp_path: Path) -> None:
    done = run("--json", "--index", tmp_path / "none")
    value = json.loads(done.stdout)
    assert (done.exit_code, value["ok"]) == (4, False)
    (index,) = (finding for finding in value["findings"] if finding["name"] == "index")
    assert (index["standing"], index["mend"][:17]) == ("missing", "cramf index build")


def test_ranker_and_encoder_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cramf.errors import ResourceError

    def missing(name: str | None = None) -> None:
        raise ResourceError("the package is missing", "pip install it")

    monkeypatch.setenv("CRAMF_RANKER", str(tmp_path))
    monkeypatch.setattr("cramf.retrieval.encoder.load_encoder", missing)
    done = run("--json")
    found = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.exit_code == 4
    assert (found["ranker"]["standing"], found["encoder"]["standing"]) == ("broken", "missing")
    assert found["ranker"]["mend"] == "unset CRAMF_RANKER, or cramf index train-ranker"
    assert found["encoder"]["mend"] == "pip install it"


def test_help_teaches() -> None:
    text = run("--help").stdout
    for word in ("Examples:", "--lean", "optional", "Exit codes"):
        assert word in text
