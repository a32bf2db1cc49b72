"""`cramf eval check`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.check.base import BaseChecker
from cramf.check.verdict import Candidate, Identity, Status, Verdict
from cramf.cli.main import main
from cramf.evaluation.resources import CheckerSpec, index_record
from cramf.knowledge.core_library import load_core

ROWS: list[dict[str, Any]] = [
    {
        "name": "a",
        "formal_statement": "theorem a (G : Type) [MyGroup G] : True := by sorry",
        "split": "valid",
    },
    {
        "name": "b",
        "formal_statement": "theorem b (G : Type) [MyGruop G] : True := by sorry",
        "expected": False,
    },
    {
        "name": "c",
        "helper": "def Own (n : Nat) : Prop := True",
        "formal_statement": "theorem c (n : Nat) : Own n",
        "expected": True,
    },
    {"name": "d", "formal_statement": "theorem d (x : Nowhere.Known) : True := by sorry", "expected": True},
]
KEYS = (
    "n checker by_lean compile statuses categories false_alarms detected splits ms "
    "kind seed data lean_gap contamination failures environments settings"
).split()

_core = cache(load_core)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, sample_index: Path) -> None:
    """A small index, and the names of Lean core read once."""
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    monkeypatch.setattr("cramf.check.static.load_core", _core)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "rows.jsonl", ROWS)


def write(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["eval", "check", *map(str, arguments)], prog_name="cramf")


def measured(*arguments: str | Path) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def value(share: dict[str, Any]) -> float:
    return float(share["wilson"]["value"])


def test_the_figures_of_the_static_checker(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    report = measured("--data", data, "--out", out)
    assert list(report) == KEYS
    # That a name is known is not that Lean elaborated anything.
    assert (report["n"], report["checker"], report["by_lean"]) == (4, "static", False)
    assert value(report["compile"]["of_all"]) == 0.5
    assert report["statuses"] == {"valid": 2, "invalid": 2}
    assert sum(report["categories"].values()) == 2
    assert (report["false_alarms"]["hits"], report["false_alarms"]["n"]) == (1, 2)
    assert (report["detected"]["hits"], report["detected"]["n"]) == (1, 1)
    assert {split: rate["n"] for split, rate in report["splits"].items()} == {"valid": 1, "": 3}
    assert report["settings"]["checker"]["index"] == index_record()
    assert (report["kind"], report["failures"], report["data"]["rows"]) == ("check", {}, 4)
    assert json.loads((out / "scores.json").read_text(encoding="utf-8")) == report
    rows = [json.loads(line) for line in (out / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["name"], row["status"]) for row in rows] == [
        ("a", "valid"),
        ("b", "invalid"),
        ("c", "valid"),
        ("d", "invalid"),
    ]
    assert rows[1]["names"] == ["MyGruop"]
    first = json.loads((out / "results.jsonl").read_text(encoding="utf-8").splitlines()[1])
    assert first["result"]["diagnostics"][0]["name"] == "MyGruop"


def test_two_runs_say_the_same(data: Path, tmp_path: Path) -> None:
    first = measured("--data", data, "--out", tmp_path / "run")
    others = [
        measured("--data", data, "--workers", "3"),
        measured("--out", tmp_path / "run", "--rescore"),
        measured("--data", data, "--out", tmp_path / "run"),
    ]
    assert {json.dumps({**each, "ms": 0}) for each in others} == {json.dumps({**first, "ms": 0})}


def test_it_prints_a_table_for_people(data: Path) -> None:
    done = run("--data", data)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "4 statements, checker static (Lean was not asked)"
    # Wilson's interval of two of four.
    assert "pass          50.0% [15.0, 85.0]" in lines
    assert any(line.startswith("false alarms") and "1 of 2 of those known to elab" in line for line in lines)
    assert any(line.startswith("detected") and "1 of 1 of those known to be bad" in line for line in lines)
    assert "       2  valid" in lines
    assert "undecided" not in done.stdout


def test_where_nothing_is_expected_nothing_is_said_of_it(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", ROWS[:1])
    report = measured("--data", data)
    assert (report["false_alarms"], report["detected"]) == (None, None)
    shown = run("--data", data).stdout
    assert "false alarms" not in shown
    assert "detected" not in shown


def test_what_has_no_verdict_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(BaseChecker):
        name = "slow"

        def identity(self) -> Identity:
            return Identity("slow", "1")

        def check(self, candidate: Candidate) -> Verdict:
            if candidate.name == "b":
                raise IndexError("a defect")
            return Verdict(self.name, Status.TIMEOUT)

    monkeypatch.setattr(CheckerSpec, "open", lambda self: Slow())
    done = run("--data", data)
    assert done.exit_code == 70
    assert "undecided     3 (timeout, crash, no checker): counted as not passed" in done.stdout
    assert "1 problems without a result (defect), counted as misses" in done.stdout
    assert "pass          0.0% [" in done.stdout
    assert "the same command tries them again" in done.stderr


def test_limit_and_split_choose_the_statements(data: Path) -> None:
    report = measured("--data", data, "--limit", "2")
    assert (report["n"], report["data"]["rows"], report["data"]["evaluated"]) == (2, 4, 2)
    own = [{**ROWS[0], "name": "x", "split": "test"}, ROWS[0]]
    assert measured("--data", write(data, own), "--split", "valid")["n"] == 1


def test_every_row_needs_a_formal_statement(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [*ROWS, {"informal_statement": "Two is even."}])
    done = run("--data", data)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{data}:5: the row has no formal" in done.stderr
    kept = run("--data", data, "--exclude-bad", "--json")
    assert json.loads(kept.stdout)["data"]["excluded"] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--timeout", "3"), "--timeout is of no use to the checker static"),
        (("--memory", "1"), "--memory is of no use to the checker static"),
        (("--workspace", "x"), "--workspace is of no use to the checker static"),
        (("--checker", "lake", "--index", "x"), "--index is of no use to the checker lake"),
        (("--checker", "guess"), "--checker"),
        (("--timeout", "0"), "--timeout"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(arguments: tuple[str, ...], told: str, data: Path) -> None:
    result = run("--data", data, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_help_teaches() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for word in ("Examples:", "cramf eval check --data", "false_alarms", "by_lean", "--checker"):
        assert word in done.stdout


def test_the_static_checker_loads_neither_torch_nor_the_retriever(data: Path) -> None:
    code = (
        "import sys\nfrom cramf.cli.main import main\n"
        f"try:\n    main(['eval', 'check', '--data', {str(data)!r}, '--json'])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert not {'torch', 'faiss', 'scipy', 'ray', 'openai'} & set(sys.modules), sorted(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["n"] == 4
