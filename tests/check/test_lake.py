"""The lake checker against a stand-in `lake`, and against a real one where there is one."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cramf.check.lake import LakeChecker, Mode
from cramf.check.sandbox import Limits
from cramf.check.verdict import Candidate, Checker, Part, Severity, Status, Verdict
from cramf.errors import InputError


def load_fake() -> ModuleType:
    """The stand-in as a module; tests are no packages, so it cannot be imported by name."""
    path = Path(__file__).with_name("fake_lake.py")
    spec = importlib.util.spec_from_file_location("fake_lake", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FAKE = load_fake()
MODES: tuple[Mode, ...] = ("build", "lean")
MIB = 1 << 20
HEADER = "import Mathlib\n\nopen Nat\n"
CANDIDATE = Candidate("two", HEADER, "\ntheorem two (n : ℕ) :\n    n = n := by sorry\n")


@dataclass
class Bench:
    """A folder with a `lake` on PATH and a workspace that looks fetched."""

    home: Path
    workspace: Path
    scratch: Path

    def play(self, scenario: str) -> None:
        (self.home / "scenario").write_text(scenario)

    def calls(self) -> list[dict[str, Any]]:
        log = self.home / "calls.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []

    def survivors(self) -> list[Any]:
        return FAKE.survivors(self.home)

    def source(self) -> str:
        """The candidate's file as the last call found it."""
        return next(v for k, v in self.calls()[-1]["files"].items() if k.startswith("Candidates/"))


NAMES = {"build": "lake", "lean": "lean"}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    home = tmp_path / "fake home"
    programs = FAKE.install(home)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ELAN_HOME", str(tmp_path / "no elan"))
    (tmp_path / "workspace").mkdir()
    bench = Bench(home, FAKE.make_workspace(tmp_path / "workspace"), scratch)
    before = snapshot(bench.workspace)
    yield bench
    left = bench.survivors()
    for process in left:
        process.kill()
    assert left == []
    assert snapshot(bench.workspace) == before
    assert list(scratch.iterdir()) == []


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() if p.is_file() else b"" for p in root.rglob("*")}


def check(
    bench: Bench, scenario: str, candidate: Candidate = CANDIDATE, mode: Mode = "build", **limits: float
) -> Verdict:
    bench.play(scenario)
    settings = {"wall_seconds": 30.0, **limits}
    with LakeChecker(bench.workspace, Limits(**settings), mode=mode) as checker:  # type: ignore[arg-type]
        return checker.check(candidate)


def test_it_is_a_checker(bench: Bench, mode: Mode) -> None:
    checker = LakeChecker(bench.workspace, mode=mode)
    assert isinstance(checker, Checker)
    assert checker.name == NAMES[mode]


def test_there_is_no_other_mode(bench: Bench) -> None:
    with pytest.raises(InputError, match="`build` or `lean`"):
        LakeChecker(bench.workspace, mode="repl")  # type: ignore[arg-type]


# -- outcomes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["sorry", "sorry_old"])
def test_valid_with_sorry(bench: Bench, mode: Mode, scenario: str) -> None:
    verdict = check(bench, scenario, mode=mode)
    assert (verdict.checker, verdict.status) == (NAMES[mode], Status.VALID_WITH_SORRY)
    assert verdict.elaborated
    (warning,) = verdict.diagnostics
    assert (warning.severity, warning.category) == (Severity.WARNING, "sorry")
    assert (warning.part, warning.line, warning.column) == (Part.STATEMENT, 2, 8)
    assert verdict.seconds > 0


def test_sorry_in_the_helper_alone(bench: Bench, mode: Mode) -> None:
    candidate = Candidate("t", "import Mathlib", "theorem t : f = f := rfl", "\ndef f : ℕ := sorry")
    verdict = check(bench, "sorry_in_helper", candidate, mode)
    assert verdict.status is Status.VALID_WITH_SORRY
    (warning,) = verdict.diagnostics
    assert (warning.part, warning.line, warning.column) == (Part.HELPER, 2, 4)
    source = bench.source()
    assert source.startswith("import Mathlib\n\n\ndef f : ℕ := sorry\n\ntheorem t : f = f := rfl\n")


def test_valid(bench: Bench, mode: Mode) -> None:
    verdict = check(bench, "proved", mode=mode)
    assert (verdict.status, verdict.elaborated, verdict.diagnostics) == (Status.VALID, True, ())


def test_a_text_of_our_own_is_given_as_it_stands(bench: Bench, mode: Mode) -> None:
    bench.play("sorry")
    text = "theorem own : 1 = 1 := by sorry\nset_option pp.fullNames true in #print axioms own"
    with LakeChecker(bench.workspace, Limits(wall_seconds=30), mode=mode) as checker:
        verdict = checker.elaborate(HEADER, text, 20.0)
        assert text in bench.source()
        assert (verdict.checker, verdict.status) == (NAMES[mode], Status.VALID_WITH_SORRY)
        (warning,) = verdict.diagnostics
        assert (warning.part, warning.line, warning.column) == (Part.STATEMENT, 1, 8)
        bench.play("hang")
        late = checker.elaborate(HEADER, text, 1.0)
        assert (late.status, late.elaborated, late.seconds < 15) == (Status.TIMEOUT, False, True)


def test_unknown_identifier(bench: Bench, mode: Mode) -> None:
    verdict = check(bench, "unknown", mode=mode)
    assert (verdict.status, verdict.elaborated) == (Status.INVALID, True)
    (error,) = verdict.errors
    assert (error.category, error.name, error.line, error.column) == ("unknown_identifier", "Foo.bar", 2, 20)
    assert "Foo.bar" in verdict.detail


def test_type_mismatch_keeps_all_its_lines(bench: Bench, mode: Mode) -> None:
    verdict = check(bench, "mismatch", mode=mode)
    assert verdict.status is Status.INVALID
    (error,) = verdict.errors
    assert error.category == "type_mismatch"
    assert error.message.splitlines() == [
        "type mismatch",
        "  x",
        "has type",
        "  ℕ : Type",
        "but is expected to have type",
        "  ℝ : Type",
    ]
    assert [d.category for d in verdict.diagnostics] == ["type_mismatch", "sorry"]


@pytest.mark.parametrize("header", ["import Mathlib", "import Mathlib\n\n\nopen Nat\n\n\n", "", "\n\n"])
@pytest.mark.parametrize("helper", ["", "def f := 1", "\ndef f := 1\n\n"])
def test_lines_are_counted_in_the_statement(bench: Bench, header: str, helper: str) -> None:
    statement = "-- first\n-- second\ntheorem t : 1 = 1 := by sorry"
    verdict = check(bench, "unknown", Candidate("t", header, statement, helper), "lean")
    assert (verdict.errors[0].part, verdict.errors[0].line) == (Part.STATEMENT, 3)


def test_message_in_the_header(bench: Bench, mode: Mode) -> None:
    verdict = check(bench, "header", mode=mode)
    (error,) = verdict.errors
    assert (verdict.status, error.part, error.line, error.column) == (Status.INVALID, Part.HEADER, 2, 5)
    assert (error.category, error.name) == ("unknown_namespace", "Nowhere")


def test_bad_import_is_invalid_but_not_elaborated(bench: Bench, mode: Mode) -> None:
    candidate = Candidate("t", "import Mathlib.Nowhere", "theorem t : 1 = 1 := rfl")
    verdict = check(bench, "bad_import", candidate, mode)
    assert (verdict.status, verdict.elaborated) == (Status.INVALID, False)
    assert verdict.errors[0].category == "unknown_module"
    assert verdict.errors[0].name == "Mathlib.Nowhere"


def test_a_candidate_that_stops_short(bench: Bench, mode: Mode) -> None:
    """The error is at the candidate's end, whatever CRAMF wrote after it."""
    candidate = Candidate("t", "import Mathlib", "-- first\ntheorem t : 1 = 1")
    verdict = check(bench, "cut_short", candidate, mode)
    (error,) = verdict.errors
    assert verdict.status is Status.INVALID
    assert error.message == "unexpected end of input; expected ':='"
    assert (error.category, error.part, error.line) == ("syntax", Part.STATEMENT, 2)
    assert error.column == (17 if mode == "lean" else 0)


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        ("segfault", "signal 11"),
        ("lean_segfault", "exit code 139"),
        ("stack_overflow", "exit code 134"),
        ("silent", "printed nothing"),
        ("unfinished", "no sign that"),
        ("exit_only", "exit code 7; it printed: elan could not do it"),
        ("elsewhere", "unknown module prefix"),
        ("error_but_zero", "something went wrong"),
        ("garbage", "no sign that"),
    ],
)
def test_crashed(bench: Bench, mode: Mode, scenario: str, says: str) -> None:
    verdict = check(bench, scenario, mode=mode)
    assert (verdict.status, verdict.elaborated, verdict.positive) == (Status.CRASHED, False, False)
    assert says in verdict.detail
    assert "\n" not in verdict.detail


def test_bytes_that_are_no_utf8(bench: Bench, mode: Mode) -> None:
    verdict = check(bench, "bytes", mode=mode)
    assert verdict.status is Status.INVALID
    assert verdict.errors[0].category == "syntax"
    assert "�" in verdict.errors[0].message


def test_hang(bench: Bench, mode: Mode) -> None:
    verdict = check(bench, "hang", mode=mode, wall_seconds=1)
    assert (verdict.status, verdict.elaborated) == (Status.TIMEOUT, False)
    assert "wall-clock limit" in verdict.detail
    assert verdict.seconds < 20


def test_slow_because_mathlib_is_built(bench: Bench) -> None:
    verdict = check(bench, "slow_mathlib", wall_seconds=1)
    assert verdict.status is Status.TIMEOUT
    assert "building Mathlib.Order.Basic: run `lake exe cache get`" in verdict.detail


def test_sigterm_ignored(bench: Bench, mode: Mode) -> None:
    assert check(bench, "ignore_sigterm", mode=mode, wall_seconds=1).status is Status.TIMEOUT


def test_many_children(bench: Bench, mode: Mode) -> None:
    assert check(bench, "fork", mode=mode, wall_seconds=3).status is Status.TIMEOUT
    assert bench.survivors() == []


def test_more_children_than_allowed(bench: Bench) -> None:
    verdict = check(bench, "fork_bomb", processes=64)
    assert verdict.status is Status.CRASHED
    assert "process limit" in verdict.detail
    assert bench.survivors() == []


def test_children_left_behind(bench: Bench, mode: Mode) -> None:
    assert check(bench, "fork_and_exit", mode=mode).status is Status.VALID
    assert bench.survivors() == []


def test_memory(bench: Bench, mode: Mode) -> None:
    verdict = check(bench, "memory", mode=mode, memory_bytes=300 * MIB)
    assert verdict.status is Status.CRASHED
    assert "memory limit" in verdict.detail


def test_flood(bench: Bench, mode: Mode) -> None:
    verdict = check(bench, "flood", mode=mode, output_bytes=MIB)
    assert verdict.status is Status.CRASHED
    assert "output limit" in verdict.detail
    assert len(verdict.detail) < 2000


def test_parent_killed(bench: Bench) -> None:
    """A killed CRAMF leaves neither Lake nor Lean behind, and the next one takes its scratch copy away."""
    bench.play("fork")
    code = (
        "from pathlib import Path\nfrom cramf.check.lake import LakeChecker\n"
        "from cramf.check.verdict import Candidate\n"
        "candidate = Candidate('t', 'import Mathlib', 'theorem t : 1 = 1 := rfl')\n"
        f"LakeChecker(Path({str(bench.workspace)!r})).check(candidate)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(bench.scratch)})
    assert wait_until(lambda: len(bench.survivors()) >= 12)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert wait_until(lambda: bench.survivors() == [])
    (left,) = bench.scratch.iterdir()
    bench.play("proved")
    with LakeChecker(bench.workspace, Limits(wall_seconds=30)) as checker:
        assert checker.check(CANDIDATE).status is Status.VALID
        assert not left.exists()
        assert len(list(bench.scratch.iterdir())) == 1


def test_scratch_copies_of_the_living_stay(bench: Bench) -> None:
    bench.play("proved")
    others = [bench.scratch / name for name in ("cramf-lake-1-young", "cramf-lake-x", "someone else's")]
    for folder in others:
        folder.mkdir()
    with LakeChecker(bench.workspace, Limits(wall_seconds=30)) as first:
        assert first.check(CANDIDATE).status is Status.VALID
        # Grown old, so that the lock alone decides.
        mine = next(p for p in bench.scratch.iterdir() if p not in others)
        os.utime(mine, (0, 0))
        with LakeChecker(bench.workspace, Limits(wall_seconds=30)) as second:
            assert second.check(CANDIDATE).status is Status.VALID
            assert first.check(CANDIDATE).status is Status.VALID
        assert mine.is_dir()
    assert sorted(bench.scratch.iterdir()) == sorted(others)
    for folder in others:
        folder.rmdir()


def test_litter_goes_with_the_scratch_copy(bench: Bench, mode: Mode) -> None:
    assert check(bench, "litter", mode=mode).status is Status.VALID
    assert bench.calls()[-1]["environment"]["TMPDIR"].startswith(str(bench.scratch))


# -- lake env lean -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["silent", "no_answer", "wrong_answer", "answer_elsewhere"])
def test_exit_code_0_without_the_answer_is_no_success(bench: Bench, scenario: str) -> None:
    verdict = check(bench, scenario, mode="lean")
    assert (verdict.status, verdict.elaborated) == (Status.CRASHED, False)
    assert "no sign that Lean read the file to its end" in verdict.detail


def test_the_answer_and_talk_of_the_question_are_no_diagnostics(bench: Bench) -> None:
    verdict = check(bench, "linted", mode="lean")
    assert (verdict.status, verdict.diagnostics) == (Status.VALID, ())


def test_what_lean_is_asked(bench: Bench) -> None:
    with LakeChecker(bench.workspace, Limits(wall_seconds=30), mode="lean") as checker:
        bench.play("proved")
        assert [v.status for v in checker.check_many([CANDIDATE, CANDIDATE])] == [Status.VALID] * 2
    ask, first, second = bench.calls()
    assert ask["arguments"] == ["build", "--no-build", "Mathlib"]
    assert first["arguments"][:3] == ["env", "lean", "--json"]
    # The options of the lakefile, which `lake env` keeps to itself.
    assert first["arguments"][3:5] == ["-DautoImplicit=false", "-Dpp.unicode.fun=true"]
    assert re.fullmatch(r"Candidates/C\d+_1\.lean", first["arguments"][5])
    assert list(first["files"]) != list(second["files"])
    words = [
        re.findall(r'^#print "(cramf [0-9a-f]{16})"$', c["files"][c["arguments"][-1]], re.M)
        for c in (first, second)
    ]
    assert [len(found) for found in words] == [1, 1]
    assert words[0] != words[1]
    assert bench.source().startswith(CANDIDATE.source)


@pytest.mark.parametrize(
    "end",
    ["open Nat in", "open Nat in -- so", "open Nat in /- so -/\n", "set_option maxHeartbeats 1 in /-- a -/"],
)
def test_a_candidate_cannot_take_the_question_in(bench: Bench, end: str) -> None:
    """`open … in` would make our command its own; nothing is added then, and Lean misses a command."""
    candidate = Candidate("t", "import Mathlib", f"theorem t : 1 = 1 := rfl\n{end}")
    verdict = check(bench, "proved", candidate, "lean")
    assert "#print" not in bench.source()
    assert verdict.status is Status.CRASHED


@pytest.mark.parametrize(
    "end",
    ["theorem main : 1 = 1 := rfl", "theorem t : 1 = 1 := by\nsorry -- in that", "theorem t : f.in := rfl"],
)
def test_other_ends_are_no_danglers(bench: Bench, end: str) -> None:
    assert check(bench, "proved", Candidate("t", "import Mathlib", end), "lean").status is Status.VALID


@pytest.mark.parametrize("end", ["/-", "/- a /- b -/", '"', "#exit", '#print "cramf 0"', "«"])
def test_what_would_hide_the_question_is_refused(bench: Bench, end: str) -> None:
    verdict = check(bench, "proved", Candidate("t", "", f"theorem t : 1 = 1 := rfl\n{end}"), "lean")
    assert verdict.status in (Status.REJECTED, Status.VALID)
    # A lone guillemet is let through: the question stands on a line of its own, and such a name on one line.
    assert verdict.status is Status.REJECTED or end == "«"


# -- many, and what verdicts depend on ---------------------------------------------------------------------


def test_many_keep_their_order(bench: Bench, mode: Mode) -> None:
    bench.play("proved")
    bad = Candidate("t", "", "theorem t : 1 = 1 := rfl\n#eval 1")
    with LakeChecker(bench.workspace, Limits(wall_seconds=30), mode=mode) as checker:
        assert checker.check_many([]) == []
        found = checker.check_many([CANDIDATE, bad, CANDIDATE])
    assert [v.status for v in found] == [Status.VALID, Status.REJECTED, Status.VALID]


def test_identity(bench: Bench, tmp_path: Path) -> None:
    found = LakeChecker(bench.workspace).identity()
    assert (found.checker, found.toolchain) == ("lake", "leanprover/lean4:v4.33.0-rc1")
    assert found.mathlib == "m" * 40
    assert LakeChecker(bench.workspace).identity() == found
    assert LakeChecker(bench.workspace, mode="lean").identity() != found
    assert bench.calls() == []
    other = shutil.copytree(bench.workspace, tmp_path / "other")
    assert LakeChecker(other).identity() == found
    (other / "lakefile.toml").write_text("[leanOptions]\nautoImplicit = true\n")
    assert LakeChecker(other).identity() != found
    nothing = LakeChecker(tmp_path / "nothing").identity()
    assert (nothing.checker, nothing.toolchain, nothing.mathlib) == ("lake", "", "")


def test_identity_of_a_checkout_of_mathlib(bench: Bench, tmp_path: Path) -> None:
    root = tmp_path / "mathlib4"
    (root / "Mathlib").mkdir(parents=True)
    git = root / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/master\n")
    (git / "packed-refs").write_text(f"# pack-refs\n{'a' * 40} refs/heads/master\n")
    assert LakeChecker(root).identity().mathlib == "a" * 40
    (git / "refs" / "heads" / "master").write_text("b" * 40 + "\n")
    assert LakeChecker(root).identity().mathlib == "b" * 40
    (git / "HEAD").write_text("c" * 40 + "\n")
    assert LakeChecker(root).identity().mathlib == "c" * 40


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


# -- what Lake is given ------------------------------------------------------------------------------------


def test_lake_sees_path_packages_and_no_secrets(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    check(bench, "sorry")
    ask, build = bench.calls()
    assert ask["arguments"] == ["build", "--no-build", "Mathlib"]
    assert build["arguments"][0] == "build"
    assert build["arguments"][1].startswith("Candidates.C")
    assert "sk-secret" not in json.dumps(build["environment"])
    assert build["environment"]["LAKE_NO_CACHE"] == "true"
    manifest = json.loads(build["files"]["lake-manifest.json"])
    assert [(p["name"], p["type"], p["inherited"]) for p in manifest["packages"]] == [
        ("mathlib", "path", False),
        ("batteries", "path", True),
    ]
    assert manifest["version"] == "1.2.0"
    assert "https://" not in json.dumps(build["files"])
    lakefile = build["files"]["lakefile.toml"]
    assert 'path = "packages/mathlib"' in lakefile
    assert "batteries" not in lakefile
    assert "pp.unicode.fun = true" in lakefile
    assert build["files"]["lean-toolchain"] == "leanprover/lean4:v4.33.0-rc1\n"
    assert str(bench.workspace) not in build["cwd"]


def test_lean_is_given_the_text_with_blank_comments(bench: Bench) -> None:
    statement = "/-- #eval 1 -/ theorem t : 1 = 1 := by /- run_cmd -/ sorry -- axiom"
    check(bench, "sorry", Candidate("t", "import Mathlib", statement))
    source = bench.source()
    line = source.splitlines()[2]
    assert source.startswith("import Mathlib\n\n")
    assert line.startswith("/--         -/ theorem t : 1 = 1 := by /-         -/ sorry --")
    assert "eval" not in source
    assert "axiom" not in source


def test_one_scratch_copy_serves_many_checks(bench: Bench) -> None:
    bench.play("sorry")
    with LakeChecker(bench.workspace, Limits(wall_seconds=30)) as checker:
        assert {checker.check(CANDIDATE).status for _ in range(3)} == {Status.VALID_WITH_SORRY}
        bench.play("silent")  # nothing of the earlier successes may count
        assert checker.check(CANDIDATE).status is Status.CRASHED
    calls = bench.calls()
    assert [c["arguments"][1] for c in calls].count("--no-build") == 1
    assert len({c["cwd"] for c in calls}) == 1
    assert len({c["arguments"][-1] for c in calls[1:]}) == 4


def test_the_scratch_copy_goes_with_the_checker(bench: Bench) -> None:
    bench.play("sorry")
    checker = LakeChecker(bench.workspace, Limits(wall_seconds=30))
    checker.check(CANDIDATE)
    assert len(list(bench.scratch.iterdir())) == 1
    del checker
    assert list(bench.scratch.iterdir()) == []


def test_rejected_before_anything_runs(bench: Bench) -> None:
    verdict = check(bench, "proved", Candidate("t", HEADER, "theorem t : 1 = 1 := rfl\n#eval 1"))
    assert (verdict.status, verdict.elaborated) == (Status.REJECTED, False)
    assert "#eval" in verdict.detail
    assert [(d.name, d.line, d.column) for d in verdict.diagnostics] == [("#eval", 2, 0)]
    verdict = check(bench, "proved", Candidate("t", "import Lean", "theorem t : 1 = 1 := rfl"))
    assert verdict.status is Status.REJECTED
    assert (verdict.diagnostics[0].part, verdict.diagnostics[0].line) == (Part.HEADER, 1)
    assert bench.calls() == []


# -- unavailable -------------------------------------------------------------------------------------------


def test_no_lake(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    verdict = check(bench, "proved")
    assert (verdict.status, verdict.elaborated) == (Status.UNAVAILABLE, False)
    assert "curl https://elan.lean-lang.org/elan-init.sh -sSf | sh" in verdict.detail
    assert "lake exe cache get" in verdict.detail
    assert "cramf lean setup" in verdict.detail


def test_lake_in_the_folder_of_elan(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that was started before elan was installed does not have it on its PATH."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("ELAN_HOME", str(bench.home))
    assert check(bench, "proved").status is Status.VALID
    assert bench.calls()[-1]["environment"]["PATH"].endswith(f":{bench.home / 'bin'}")


def test_no_room_for_a_scratch_copy(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    verdict = check(bench, "proved")
    assert verdict.status is Status.UNAVAILABLE
    assert "set TMPDIR" in verdict.detail


def test_named_lake(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = str(bench.home / "bin" / "lake")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    bench.play("proved")
    with LakeChecker(bench.workspace, lake=lake) as checker:
        assert checker.check(CANDIDATE).status is Status.VALID
    with LakeChecker(bench.workspace, lake="/no/lake") as checker:
        assert "`/no/lake` is no program" in checker.check(CANDIDATE).detail


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("lake-manifest.json", "no manifest"),
        ("lean-toolchain", "no lean-toolchain"),
        (".lake/packages/batteries", "package batteries is not fetched"),
        (".lake/packages/mathlib/.lake/build", "is not built"),
    ],
)
def test_workspace_that_is_not_ready(bench: Bench, tmp_path: Path, missing: str, says: str) -> None:
    (tmp_path / "other").mkdir()
    other = FAKE.make_workspace(tmp_path / "other")
    path = other / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    bench.play("proved")
    with LakeChecker(other) as checker:
        verdict = checker.check(CANDIDATE)
    assert verdict.status is Status.UNAVAILABLE
    assert says in verdict.detail
    assert bench.calls() == []


@pytest.mark.parametrize("text", ["{", "[]", '{"packages": [1]}', '{"packages": []}'])
def test_workspace_with_a_damaged_manifest(bench: Bench, tmp_path: Path, text: str) -> None:
    (tmp_path / "other").mkdir()
    other = FAKE.make_workspace(tmp_path / "other")
    (other / "lake-manifest.json").write_text(text)
    with LakeChecker(other) as checker:
        verdict = checker.check(CANDIDATE)
    assert verdict.status is Status.UNAVAILABLE
    assert "lake update" in verdict.detail


def test_mathlib_not_built_is_asked_first(bench: Bench) -> None:
    verdict = check(bench, "mathlib_not_built")
    assert verdict.status is Status.UNAVAILABLE
    assert "lake exe cache get" in verdict.detail
    assert len(bench.calls()) == 1


def test_a_checkout_of_mathlib_is_a_workspace(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    root = FAKE.make_workspace(tmp_path / "m")
    manifest = json.loads((root / "lake-manifest.json").read_text())
    manifest["packages"] = manifest["packages"][1:]
    (root / "lake-manifest.json").write_text(json.dumps(manifest))
    (root / "lakefile.toml").rename(root / "lakefile.lean")
    (root / "Mathlib").mkdir()
    (root / ".lake" / "build" / "lib").mkdir(parents=True)
    bench.play("proved")
    with LakeChecker(root, Limits(wall_seconds=30)) as checker:
        assert checker.check(CANDIDATE).status is Status.VALID
    files = bench.calls()[1]["files"]
    packages = json.loads(files["lake-manifest.json"])["packages"]
    assert [(p["name"], p["configFile"], p["inherited"]) for p in packages] == [
        ("mathlib", "lakefile.lean", False),
        ("batteries", "lakefile.toml", True),
    ]
    assert "autoImplicit = false" in files["lakefile.toml"]


# -- the real thing ----------------------------------------------------------------------------------------


@pytest.mark.lean
@pytest.mark.skipif(shutil.which("lake") is None, reason="no `lake` on PATH: a real Lean toolchain is needed")
def test_real_lean(mode: Mode) -> None:
    with LakeChecker(mode=mode) as checker:
        good = checker.check(Candidate("a", "import Mathlib", "theorem a (n : ℕ) : n + 0 = n := by sorry"))
        if good.status is Status.UNAVAILABLE:
            pytest.skip(f"the workspace is not ready: {good.detail}")
        assert (good.status, good.elaborated) == (Status.VALID_WITH_SORRY, True)
        unindented = checker.check(Candidate("a", "import Mathlib", "theorem a : 1 + 0 = 1 := by\nsorry"))
        assert unindented.status is Status.VALID_WITH_SORRY
        proof = checker.check(Candidate("b", "import Mathlib", "theorem b (n : ℕ) : n + 0 = n := rfl"))
        assert (proof.status, proof.diagnostics) == (Status.VALID, ())
        bad = checker.check(
            Candidate("c", "import Mathlib\nopen Nat", "theorem c :\n    Nat.NoSuchThing 3 := by sorry")
        )
        assert (bad.status, bad.elaborated) == (Status.INVALID, True)
        assert bad.errors[0].category in ("unknown_identifier", "unknown_constant")
        assert bad.errors[0].line == 2
        implicit = checker.check(Candidate("d", "import Mathlib", "theorem d : x = x := by sorry"))
        assert implicit.status is Status.INVALID
        for cut in ("theorem e : 1 = 1", "theorem e : 1 = 1 := rfl\nopen Nat in", "theorem e : 1 = 1 := by"):
            short = checker.check(Candidate("e", "import Mathlib", cut))
            assert short.status is Status.INVALID
            assert short.errors[0].part is Part.STATEMENT
