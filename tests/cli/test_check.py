"""`cramf check`: exit codes, lines for editors, JSON, SARIF, the cache and Ctrl-C."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.check.base import BaseChecker
from cramf.check.verdict import Candidate, Diagnostic, Identity, Part, Severity, Status, Verdict
from cramf.cli.main import main

GOOD = "import Mathlib\n\ntheorem good (G : Type) [MyGroup G] : True := by sorry\n"
BAD = "-- top\nimport Mathlib\n\ntheorem bad (G : Type) [MyGruop G] : True := by sorry\n"
HOSTILE = "import Mathlib\n#eval 1\ntheorem h : True := by sorry\n"
ROW = {"name": "good", "formal_statement": GOOD.split("\n", 2)[2]}
BAD_ROW = {"name": "bad", "formal_statement": BAD.split("\n", 3)[3]}
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample_index: Path) -> Path:
    """A working folder, the sample index and a cache of our own."""
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    monkeypatch.setenv("CRAMF_VERDICTS", str(tmp_path / "verdicts.sqlite"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "good.lean").write_text(GOOD)
    (folder / "bad.lean").write_text(BAD)
    (folder / "hostile.lean").write_text(HOSTILE)
    return folder


def run(*arguments: str, **options: Any) -> Result:
    result = CliRunner().invoke(main, ["check", *arguments], prog_name="cramf", **options)
    assert "\x1b" not in result.output
    return result


def rows(path: str, *values: object) -> str:
    lines = (value if isinstance(value, str) else json.dumps(value) for value in values)
    Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cramf", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


class Scripted(BaseChecker):
    """Gives verdicts in turn; where there are none left, it is interrupted."""

    name = "lake"

    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = list(verdicts)
        self.closed = 0

    def check(self, candidate: Candidate) -> Verdict:
        if not self.verdicts:
            raise KeyboardInterrupt
        return self.verdicts.pop(0)

    def identity(self) -> Identity:
        return Identity("lake", "1")

    def close(self) -> None:
        self.closed += 1


def use(monkeypatch: pytest.MonkeyPatch, *verdicts: Verdict) -> Scripted:
    checker = Scripted(*verdicts)
    monkeypatch.setattr("cramf.cli.check.open_checker", lambda *_, **__: checker)
    return checker


ELABORATED = Verdict("lake", Status.VALID_WITH_SORRY, elaborated=True, seconds=1.25)


# -- exit codes, in a process of its own -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["good.lean"], 0),
        (["good.lean", "bad.lean"], 1),
        (["hostile.lean"], 1),
        (["none.lean"], 2),
        (["good.lean", "none.lean", "--keep-going"], 2),
        (["good.lean", "--checker", "magic"], 2),
        ([], 2),
        (["good.lean", "--index", "nowhere"], 4),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    done = process(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_standard_input_and_what_is_printed() -> None:
    done = process("--format", "lean", "-", input=BAD)
    assert done.returncode == 1
    first, source, caret, total = done.stdout.splitlines()
    assert first.startswith("<stdin>:4:25: error[unknown_identifier]: unknown identifier `MyGruop`")
    assert "did you mean MyGroup" in first
    assert source == "    " + BAD.split("\n")[3]
    assert caret == " " * 28 + "^" * 7
    assert total == "1 file: 1 invalid (static; Lean has not elaborated these)"


def test_checking_statically_loads_nothing_heavy() -> None:
    code = """
import sys
from cramf.cli.main import main
try:
    main(["check", "good.lean", "--json"])
except SystemExit as stop:
    assert stop.code == 0, stop.code
heavy = "torch faiss transformers sentence_transformers scipy openai lark tqdm".split()
assert not set(heavy) & set(sys.modules), set(heavy) & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


# -- for a reader ------------------------------------------------------------------------------------------


def test_all_valid_is_said_honestly() -> None:
    result = run("good.lean")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "good.lean:3: valid: every name resolves; Lean has not elaborated this",
        "1 file: 1 valid (static; Lean has not elaborated these)",
    ]
    assert result.stderr == ""
    assert run("good.lean", "-q").stdout == ""


def test_files_and_rows_are_summed_up() -> None:
    result = run("bad.lean", "good.lean", "hostile.lean")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == (
        "3 files: 1 valid, 1 invalid, 1 rejected (static; Lean has not elaborated these)"
    )
    rejected = [line for line in result.stdout.splitlines() if line.startswith("hostile.lean")]
    assert rejected[0].startswith("hostile.lean:2:1: error[forbidden]: ")
    assert rejected[1].startswith("hostile.lean:2: rejected: hostile: ")
    path = rows("r.jsonl", ROW, "", BAD_ROW)
    lines = run(path).stdout.splitlines()
    assert lines[0] == "r.jsonl:1: valid: good: every name resolves; Lean has not elaborated this"
    assert lines[1].startswith(
        "r.jsonl:3: error[unknown_identifier]: bad, statement 1:25: unknown identifier"
    )
    assert lines[-1] == "2 statements in 1 file: 1 valid, 1 invalid (static; Lean has not elaborated these)"


def test_quiet_keeps_what_is_wrong() -> None:
    result = run("good.lean", "bad.lean", "--quiet")
    assert len(result.stdout.splitlines()) == 3 and result.stdout.startswith("bad.lean:4:25: error")


def test_what_lean_says_is_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    mismatch = Diagnostic(
        Severity.ERROR,
        "type mismatch\n  x\x1b[31m\nhas type ℕ",
        "type_mismatch",
        None,
        1,
        8,
        end_line=1,
        end_column=11,
    )
    told = Diagnostic(Severity.WARNING, "use `Nat.new`", "deprecated", "Nat.old", suggestions=("Nat.new",))
    use(monkeypatch, Verdict("lake", Status.INVALID, (mismatch, told), True, "2 messages"), ELABORATED)
    result = run("bad.lean", "good.lean", "--checker", "lake")
    assert result.exit_code == 1
    first, *lines = result.stdout.splitlines()
    assert first.startswith("bad.lean:4:9: error[type_mismatch]: type mismatch (")
    assert lines == [
        "      x\\x1b[31m",
        "    has type ℕ",
        "    " + BAD.split("\n")[3],
        " " * 12 + "^^^",
        "bad.lean:4: warning[deprecated]: use `Nat.new`",
        "good.lean:3: valid_with_sorry: Lean elaborated this with `sorry`; "
        "whether it says what was meant is yours to judge",
        "2 files: 1 valid with sorry, 1 invalid (lake; Lean has elaborated all of these)",
    ]


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.CRASHED, Status.UNAVAILABLE])
def test_no_verdict_is_no_success(monkeypatch: pytest.MonkeyPatch, status: Status) -> None:
    use(monkeypatch, Verdict("lake", status, detail="the reason\x07"), ELABORATED)
    result = run("good.lean", "good.lean")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == f"good.lean:3: {status.value}: good: the reason\\x07"
    assert result.stdout.splitlines()[-1] == (
        f"1 file: 1 valid with sorry, 1 {status.value} (static; Lean has elaborated 1 of these)"
    )


def test_a_long_line_is_cut_around_the_span() -> None:
    wide = (
        "import Mathlib\ntheorem w (漢 : Type) "
        + "(x : ℕ) " * 60
        + ": MyGruop 漢 := by sorry -- "
        + "y" * 200
    )
    Path("w.lean").write_text(wide, encoding="utf-8")
    result = run("w.lean", env={"COLUMNS": "60"})
    line, caret = next(
        (result.stdout.splitlines()[i + 1], result.stdout.splitlines()[i + 2])
        for i, text in enumerate(result.stdout.splitlines())
        if "MyGruop`" in text
    )
    assert len(line) <= 60 and line.startswith("    …") and line.endswith("…")
    assert line[caret.index("^") :].startswith("MyGruop")
    assert caret.strip() == "^" * 7


def test_names_do_a_terminal_no_harm() -> None:
    path = rows("r.jsonl", {**BAD_ROW, "name": "a\x1b[2Jb"})
    result = run(path)
    assert "a\\x1b[2Jb, statement" in result.stdout


def test_warnings_of_names_and_imports() -> None:
    Path("bare.lean").write_text("theorem t : True := by sorry\n")
    path = rows("r.jsonl", *[{**ROW, "name": f"n{n % 7}"} for n in range(14)])
    result = run(path, "bare.lean")
    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    assert lines[0] == "cramf: warning: 2 statements have the name n0"
    assert lines[5] == "cramf: warning: 2 more names are those of several statements"
    assert lines[6] == "cramf: warning: bare.lean imports nothing; its names are looked up in all of Mathlib"
    assert run(path, "bare.lean", "-q").stderr == ""


# -- bad input ---------------------------------------------------------------------------------------------


def test_a_bad_row_stops_all_before_any_checking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cramf.cli.check.open_checker", lambda *_, **__: pytest.fail("it was opened"))
    path = rows("r.jsonl", ROW, "{", {"name": "x"})
    result = run(path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("cramf: error: r.jsonl:2 is not JSON")
    assert "(and 1 more that cannot be read)" in result.stderr and "--keep-going" in result.stderr
    assert result.stderr.count("\n") == 1


def test_keep_going_counts_what_cannot_be_read() -> None:
    path = rows("r.jsonl", "{", ROW, {"name": "x"})
    result = run(path, "none.lean", "--keep-going")
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert lines[0].startswith("r.jsonl:1 is not JSON") and ": unreadable: " in lines[0]
    assert lines[1].startswith("r.jsonl:2: valid: ")
    assert lines[2].startswith("r.jsonl:3: the row has no formal_statement: unreadable: ")
    assert lines[3].startswith("cannot read none.lean: ")
    assert lines[4].startswith("4 statements in 2 files: 1 valid, 3 unreadable (static; ")
    found = objects(run(path, "none.lean", "--keep-going", "--json"))
    assert [(o["verdict"], o["row"], o["file"]) for o in found] == [
        ("unreadable", 1, "r.jsonl"),
        ("valid", 2, "r.jsonl"),
        ("unreadable", 3, "r.jsonl"),
        ("unreadable", None, "none.lean"),
    ]
    assert {frozenset(o) for o in found} == {frozenset(found[1])}
    assert "is not JSON" in found[0]["detail"]


def test_nothing_to_check_needs_no_checker() -> None:
    for form in ("lean", "jsonl"):
        for extra in ([], ["--keep-going"], ["--keep-going", "--json"], ["--keep-going", "--sarif"]):
            result = run("-", "--format", form, *extra, input="", env={"CRAMF_INDEX": "/nowhere"})
            assert result.exit_code == 2
            assert bool(result.stdout) == bool(extra)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["good.lean", "--json", "--sarif"], "--json and --sarif are given; give only one of them"),
        (["-"], "standard input has no suffix; add --format"),
        (["notes.txt"], "the suffix of notes.txt is not known"),
        (["-", "-", "--format", "lean"], "standard input is named twice"),
        (["good.lean", "--url", "http://x"], "--url is of no use to the checker static; it is for kimina"),
        (["good.lean", "--timeout", "5"], "--timeout is of no use to the checker static"),
        (["good.lean", "--checker", "lake", "--timeout", "nan"], "nan is not a number above 0"),
        (["good.lean", "--checker", "lake", "--memory", "0"], "0.0 is not a number above 0"),
        (["good.lean", "--checker", "repl", "--workers", "0"], "0 is not in the range"),
    ],
)
def test_slips_are_one_line(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr and result.stderr.count("\n") == 1


# -- JSON --------------------------------------------------------------------------------------------------


def test_json_of_a_lean_file_counts_in_the_file() -> None:
    good, bad = objects(run("good.lean", "bad.lean", "--json"))
    assert good.pop("seconds") >= 0
    assert good == {
        "name": "good",
        "verdict": "valid",
        "diagnostics": [],
        "checker": "static",
        "elaborated": False,
        "detail": "every name resolves; Lean has not elaborated this",
        "file": "good.lean",
        "row": None,
    }
    assert (bad["verdict"], bad["row"]) == ("invalid", None)
    (diagnostic,) = bad["diagnostics"]
    assert set(diagnostic) == {
        "category", "name", "line", "column", "message", "suggestions", "severity", "part", "end_line",
        "end_column", "mend",
    }  # fmt: skip
    assert (diagnostic["line"], diagnostic["column"], diagnostic["part"]) == (4, 24, "statement")
    assert (diagnostic["category"], diagnostic["name"]) == ("unknown_identifier", "MyGruop")
    assert "MyGroup" in diagnostic["suggestions"] and "MyGroup" in diagnostic["mend"]


def test_json_of_a_row_counts_in_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    header = Diagnostic(Severity.ERROR, "unknown namespace", "unknown_namespace", "X", 2, 5, part=Part.HEADER)
    helper = Diagnostic(Severity.ERROR, "no", "forbidden", "elab", 1, 0, part=Part.HELPER)
    use(monkeypatch, Verdict("lake", Status.INVALID, (header, helper), True))
    row = {**ROW, "header": "import Mathlib\nopen X", "helper": "def a := 1"}
    (found,) = objects(run(rows("r.jsonl", "", row), "--json"))
    assert (found["name"], found["file"], found["row"]) == ("good", "r.jsonl", 2)
    assert [(d["part"], d["line"], d["column"]) for d in found["diagnostics"]] == [
        ("header", 2, 5),
        ("helper", 1, 0),
    ]
    assert found["diagnostics"][1]["mend"].startswith("take it out")


def test_json_is_silent_otherwise(capfd: pytest.CaptureFixture[str]) -> None:
    result = run("good.lean", "bad.lean", "--json")
    assert result.stderr == "" and result.stdout.count("\n") == 2


def test_rows_are_printed_as_they_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = use(monkeypatch, ELABORATED, ELABORATED)
    path = rows("r.jsonl", *[{**ROW, "name": str(n)} for n in range(4)])
    result = run(path, "--json", "--checker", "lake")
    assert result.exit_code == 130
    assert [o["name"] for o in objects(result)] == ["0", "1"]
    assert result.stderr == "cramf: interrupted\n"
    assert checker.closed == 1


def test_ctrl_c_in_a_process_keeps_what_was_printed(place: Path) -> None:
    code = f"""
import time
from cramf.check.base import BaseChecker
from cramf.check.verdict import Identity, Status, Verdict
import cramf.cli.check as check
class Slow(BaseChecker):
    name = "lake"
    done = 0
    def check(self, candidate):
        if self.done == 2:
            time.sleep(60)
        self.done += 1
        return Verdict("lake", Status.VALID, elaborated=True)
    def identity(self):
        return Identity("lake", "1")
    def close(self):
        open({str(place / "closed")!r}, "w").close()
check.open_checker = lambda *a, **k: Slow()
from cramf.cli.main import main
main(["check", "--json", "good.lean", "good.lean", "good.lean"])
"""
    running = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    lines = [running.stdout.readline() for _ in range(2)]
    running.send_signal(signal.SIGINT)
    rest, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert [json.loads(line)["verdict"] for line in lines] == ["valid", "valid"] and rest == ""
    assert errors.splitlines()[-1] == "cramf: interrupted"
    assert (place / "closed").exists()


# -- SARIF, bar --------------------------------------------------------------------------------------------


def test_sarif_is_one_document() -> None:
    result = run("good.lean", "bad.lean", "none.lean", "--sarif", "--keep-going")
    assert result.exit_code == 2
    document = json.loads(result.stdout)
    found = document["runs"][0]["results"]
    assert [(r["ruleId"], r["level"]) for r in found] == [
        ("unknown_identifier", "error"),
        ("unreadable", "error"),
    ]
    region = found[0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (4, 25, 32)
    assert run("good.lean", "--sarif").exit_code == 0


def test_a_bar_only_where_it_is_wanted() -> None:
    shown = run("good.lean", "bad.lean", "--progress")
    assert "checking" in shown.stderr
    assert "checking" not in shown.stdout and len(shown.stdout.splitlines()) == 5
    assert run("good.lean", "bad.lean").stderr == ""


# -- with a stand-in for Lake, and the cache ---------------------------------------------------------------


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of a `lake` that accepts everything; its workspace is the one in the environment."""
    path = Path(__file__).parents[1] / "check" / "fake_lake.py"
    spec = importlib.util.spec_from_file_location("fake_lake", path)
    assert spec is not None and spec.loader is not None
    fake = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fake)
    home = tmp_path / "lake home"
    monkeypatch.setenv("PATH", f"{fake.install(home)}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ELAN_HOME", str(tmp_path / "no elan"))
    (tmp_path / "workspace").mkdir()
    monkeypatch.setenv("CRAMF_LEAN_WORKSPACE", str(fake.make_workspace(tmp_path / "workspace")))
    (home / "scenario").write_text("sorry")
    yield home
    assert fake.survivors(home) == []


def asked(home: Path) -> int:
    """How many candidates the stand-in was given."""
    log = home / "calls.jsonl"
    calls = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    return sum("--no-build" not in call["arguments"] for call in calls)


@pytest.mark.parametrize("checker", ["lake", "lean"])
def test_a_second_run_asks_lean_for_nothing(lake: Path, checker: str) -> None:
    path = rows("r.jsonl", ROW, {**ROW, "name": "other", "formal_statement": "theorem o : True := by sorry"})
    first = process(path, "--checker", checker, "--json")
    assert first.returncode == 0, first.stderr
    assert asked(lake) == 2
    second = process(path, "--checker", checker, "--json")
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert asked(lake) == 2
    assert {o["verdict"] for o in map(json.loads, first.stdout.splitlines())} == {"valid_with_sorry"}
    shown = process(path, "--checker", checker)
    assert shown.stdout.splitlines()[-1] == (
        "2 statements in 1 file: 2 valid with sorry "
        f"({checker}; Lean has elaborated all of these; 2 from the verdict cache)"
    )
    assert process(path, "--checker", checker, "--no-cache").returncode == 0
    assert asked(lake) == 4


def test_another_toolchain_asks_anew(lake: Path) -> None:
    assert process("good.lean", "--checker", "lake").returncode == 0
    workspace = Path(os.environ["CRAMF_LEAN_WORKSPACE"])
    (workspace / "lean-toolchain").write_text("leanprover/lean4:v4.9.0\n")
    assert process("good.lean", "--checker", "lake").returncode == 0
    assert asked(lake) == 2


def test_a_timeout_is_asked_again(lake: Path) -> None:
    (lake / "scenario").write_text("hang")
    for turn in (1, 2):
        done = process("good.lean", "--checker", "lake", "--timeout", "1", "--memory", "2")
        assert done.returncode == 1
        assert done.stdout.startswith("good.lean:3: timeout: good: ")
        assert asked(lake) == turn


def test_a_cache_that_cannot_be_used_is_said_once(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = process(
        "good.lean",
        "good.lean",
        "--checker",
        "lake",
        env={**os.environ, "CRAMF_VERDICTS": str(tmp_path / "file/v")},
    )
    assert done.returncode == 0
    warnings = [line for line in done.stderr.splitlines() if "verdict cache" in line]
    assert len(warnings) == 1 and warnings[0].startswith("cramf: warning: ")


def test_without_lake_everything_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("ELAN_HOME", str(tmp_path / "no elan"))
    result = run("good.lean", "--checker", "lake")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].startswith("good.lean:3: unavailable: good: ")
    assert "elan" in result.stdout
    assert result.stdout.splitlines()[-1] == "1 file: 1 unavailable (lake; Lean has not elaborated these)"


# -- the whole of it ---------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "minif2f.jsonl").is_file(), reason="needs ../shared/data")
@pytest.mark.parametrize(("name", "count"), [("minif2f", 487), ("proofnet-dev", 185)])
def test_benchmarks_are_read_as_they_are(name: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, *[ELABORATED] * count)
    result = run(str(DATA / f"{name}.jsonl"), "--json")
    assert result.exit_code == 0
    found = objects(result)
    assert len(found) == count and [o["row"] for o in found] == list(range(1, count + 1))
    assert all(o["name"] and not o["name"].isdecimal() for o in found)
