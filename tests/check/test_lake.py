"""The lake checker against a stand-in `lake`, and against a real one where there is one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from cramf.check.lake import LakeChecker
from cramf.check.sandbox import Limits
from cramf.check.verdict import Candidate, Checker, Severity, Status

FAKE = Path(__file__).with_name("fake_lake.py")
MIB = 1 << 20
HEADER = "import Mathlib\n\nopen Nat\n"
CANDIDATE = Candidate("two", HEADER, "\ntheorem two (n : ℕ) :\n    n = n := by sorry\n")


@dataclass
class Bench:
    """A folder with a `lake` on PATH and a workspace that looks fetched."""

    home: Path
    workspace: Path

    def play(self, scenario: str) -> None:
        (self.home / "scenario").write_text(scenario)

    def calls(self) -> list[dict[str, Any]]:
        log = self.home / "calls.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []

    def survivors(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and any(
                    str(self.home) in a for a in process.cmdline()
                ):
                    found.append(process)
            except psutil.Error:
                continue
        return found


def make_workspace(root: Path) -> Path:
    packages = root / ".lake" / "packages"
    for name, lakefile in (("mathlib", "lakefile.lean"), ("batteries", "lakefile.toml")):
        folder = packages / name
        (folder / ".lake" / "build" / "lib").mkdir(parents=True)
        (folder / ".lake" / "config" / name).mkdir(parents=True)
        (folder / ".lake" / "config" / name / "lakefile.olean").write_text("cached")
        (folder / ".git").mkdir()
        (folder / lakefile).write_text("-- a package\n")
    (packages / "mathlib" / "Mathlib").mkdir()
    (packages / "mathlib" / "Mathlib.lean").write_text("import Mathlib.Init\n")
    manifest = {
        "version": "1.2.0",
        "packagesDir": ".lake/packages",
        "packages": [
            {
                "type": "git",
                "name": "mathlib",
                "scope": "",
                "url": "https://x",
                "rev": "a",
                "inherited": False,
            }
            | {"configFile": "lakefile.lean", "manifestFile": "lake-manifest.json", "subDir": None},
            {
                "type": "git",
                "name": "batteries",
                "scope": "s",
                "url": "https://y",
                "rev": "b",
                "inherited": True,
            }
            | {"configFile": "lakefile.toml", "manifestFile": "lake-manifest.json", "subDir": None},
        ],
        "name": "user",
        "lakeDir": ".lake",
    }
    (root / "lake-manifest.json").write_text(json.dumps(manifest))
    (root / "lean-toolchain").write_text("leanprover/lean4:v4.33.0-rc1\n")
    options = "[leanOptions]\nautoImplicit = false\npp.unicode.fun = true\n"
    (root / "lakefile.toml").write_text(f'name = "user"\n{options}\n[[require]]\nname = "mathlib"\n')
    return root


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    home = tmp_path / "fake home"
    (home / "bin").mkdir(parents=True)
    launcher = home / "bin" / "lake"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "{home}" "$@"\n')
    launcher.chmod(0o755)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("PATH", f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "workspace").mkdir()
    bench = Bench(home, make_workspace(tmp_path / "workspace"))
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


def check(bench: Bench, scenario: str, candidate: Candidate = CANDIDATE, **limits: float) -> Any:
    bench.play(scenario)
    settings = {"wall_seconds": 30.0, **limits}
    with LakeChecker(bench.workspace, Limits(**settings)) as checker:  # type: ignore[arg-type]
        return checker.check(candidate)


def test_it_is_a_checker(bench: Bench) -> None:
    checker = LakeChecker(bench.workspace)
    assert isinstance(checker, Checker)
    assert checker.name == "lake"


# -- outcomes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["sorry", "sorry_old"])
def test_valid_with_sorry(bench: Bench, scenario: str) -> None:
    verdict = check(bench, scenario)
    assert (verdict.checker, verdict.status, verdict.elaborated) == ("lake", Status.VALID_WITH_SORRY, True)
    (warning,) = verdict.diagnostics
    assert (warning.severity, warning.category) == (Severity.WARNING, "sorry")
    assert (warning.line, warning.column) == (1, 8)
    assert verdict.seconds > 0


def test_valid(bench: Bench) -> None:
    verdict = check(bench, "proved")
    assert (verdict.status, verdict.elaborated, verdict.diagnostics) == (Status.VALID, True, ())


def test_unknown_identifier(bench: Bench) -> None:
    verdict = check(bench, "unknown")
    assert (verdict.status, verdict.elaborated) == (Status.INVALID, True)
    (error,) = verdict.errors
    assert (error.category, error.name, error.line, error.column) == ("unknown_identifier", "Foo.bar", 1, 20)
    assert "Foo.bar" in verdict.detail


def test_type_mismatch_keeps_all_its_lines(bench: Bench) -> None:
    verdict = check(bench, "mismatch")
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
def test_lines_are_counted_in_the_statement(bench: Bench, header: str) -> None:
    verdict = check(
        bench, "unknown", Candidate("t", header, "-- first\n-- second\ntheorem t : 1 = 1 := by sorry")
    )
    assert verdict.errors[0].line == 3


def test_message_in_the_header(bench: Bench) -> None:
    verdict = check(bench, "header")
    (error,) = verdict.errors
    assert (verdict.status, error.line, error.column) == (Status.INVALID, None, None)
    assert error.message == "in the header, line 2: unknown namespace 'Nowhere'"
    assert (error.category, error.name) == ("unknown_namespace", "Nowhere")


def test_bad_import_is_invalid_but_not_elaborated(bench: Bench) -> None:
    verdict = check(bench, "bad_import", Candidate("t", "import Mathlib.Nowhere", "theorem t : 1 = 1 := rfl"))
    assert (verdict.status, verdict.elaborated) == (Status.INVALID, False)
    assert verdict.errors[0].category == "unknown_module"
    assert verdict.errors[0].name == "Mathlib.Nowhere"


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
    ],
)
def test_crashed(bench: Bench, scenario: str, says: str) -> None:
    verdict = check(bench, scenario)
    assert (verdict.status, verdict.elaborated, verdict.positive) == (Status.CRASHED, False, False)
    assert says in verdict.detail
    assert "\n" not in verdict.detail


def test_bytes_that_are_no_utf8(bench: Bench) -> None:
    verdict = check(bench, "bytes")
    assert verdict.status is Status.INVALID
    assert verdict.errors[0].category == "syntax"
    assert "�" in verdict.errors[0].message


def test_hang(bench: Bench) -> None:
    verdict = check(bench, "hang", wall_seconds=1)
    assert (verdict.status, verdict.elaborated) == (Status.TIMEOUT, False)
    assert "wall-clock limit" in verdict.detail
    assert verdict.seconds < 20


def test_slow_because_mathlib_is_built(bench: Bench) -> None:
    verdict = check(bench, "slow_mathlib", wall_seconds=1)
    assert verdict.status is Status.TIMEOUT
    assert "building Mathlib.Order.Basic: run `lake exe cache get`" in verdict.detail


def test_sigterm_ignored(bench: Bench) -> None:
    assert check(bench, "ignore_sigterm", wall_seconds=1).status is Status.TIMEOUT


def test_many_children(bench: Bench) -> None:
    assert check(bench, "fork", wall_seconds=3).status is Status.TIMEOUT
    assert bench.survivors() == []


def test_children_left_behind(bench: Bench) -> None:
    assert check(bench, "fork_and_exit").status is Status.VALID
    assert bench.survivors() == []


def test_memory(bench: Bench) -> None:
    verdict = check(bench, "memory", memory_bytes=300 * MIB)
    assert verdict.status is Status.CRASHED
    assert "memory limit" in verdict.detail


def test_flood(bench: Bench) -> None:
    verdict = check(bench, "flood", output_bytes=MIB)
    assert verdict.status is Status.CRASHED
    assert "output limit" in verdict.detail
    assert len(verdict.detail) < 2000


def test_parent_killed(bench: Bench) -> None:
    """A killed CRAMF leaves neither Lake nor Lean behind."""
    bench.play("fork")
    code = (
        "from pathlib import Path\nfrom cramf.check.lake import LakeChecker\n"
        "from cramf.check.verdict import Candidate\n"
        "candidate = Candidate('t', 'import Mathlib', 'theorem t : 1 = 1 := rfl')\n"
        f"LakeChecker(Path({str(bench.workspace)!r})).check(candidate)"
    )
    scratch = bench.home.parent / "scratch"
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(scratch)})
    assert wait_until(lambda: len(bench.survivors()) >= 12)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert wait_until(lambda: bench.survivors() == [])
    shutil.rmtree(scratch)  # its scratch copy is the one thing that a killed process cannot take with it
    scratch.mkdir()


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
    source = next(v for k, v in bench.calls()[1]["files"].items() if k.startswith("Candidates/"))
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
    scratch = bench.home.parent / "scratch"
    assert len(list(scratch.iterdir())) == 1
    del checker
    assert list(scratch.iterdir()) == []


def test_rejected_before_anything_runs(bench: Bench) -> None:
    verdict = check(bench, "proved", Candidate("t", HEADER, "theorem t : 1 = 1 := rfl\n#eval 1"))
    assert (verdict.status, verdict.elaborated) == (Status.REJECTED, False)
    assert "#eval" in verdict.detail
    assert [(d.name, d.line, d.column) for d in verdict.diagnostics] == [("#eval", 2, 0)]
    verdict = check(bench, "proved", Candidate("t", "import Lean", "theorem t : 1 = 1 := rfl"))
    assert verdict.status is Status.REJECTED
    assert verdict.diagnostics[0].line is None
    assert "in the header" in verdict.diagnostics[0].message
    assert bench.calls() == []


# -- unavailable -------------------------------------------------------------------------------------------


def test_no_lake(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    verdict = check(bench, "proved")
    assert (verdict.status, verdict.elaborated) == (Status.UNAVAILABLE, False)
    assert "curl https://elan.lean-lang.org/elan-init.sh -sSf | sh" in verdict.detail
    assert "lake exe cache get" in verdict.detail


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
    other = make_workspace(tmp_path / "other")
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
    other = make_workspace(tmp_path / "other")
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
    root = make_workspace(tmp_path / "m")
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
def test_real_lean() -> None:
    with LakeChecker() as checker:
        good = checker.check(Candidate("a", "import Mathlib", "theorem a (n : ℕ) : n + 0 = n := by sorry"))
        if good.status is Status.UNAVAILABLE:
            pytest.skip(f"the workspace is not ready: {good.detail}")
        assert (good.status, good.elaborated) == (Status.VALID_WITH_SORRY, True)
        proof = checker.check(Candidate("b", "import Mathlib", "theorem b (n : ℕ) : n + 0 = n := rfl"))
        assert proof.status is Status.VALID
        bad = checker.check(
            Candidate("c", "import Mathlib\nopen Nat", "theorem c :\n    Nat.NoSuchThing 3 := by sorry")
        )
        assert (bad.status, bad.elaborated) == (Status.INVALID, True)
        assert bad.errors[0].category in ("unknown_identifier", "unknown_constant")
        assert bad.errors[0].line == 2
