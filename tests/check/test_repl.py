"""The REPL checker against a stand-in REPL: through pipes, and through lean-interact's own code."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from cramf.check import repl, repl_process, repl_worker, running, supervised
from cramf.check.isolation import Isolation, network_isolation
from cramf.check.judging import split_imports
from cramf.check.repl import ReplChecker
from cramf.check.verdict import Candidate, Checker, Part, Severity, Status, Verdict
from cramf.errors import InputError

FAKE = Path(__file__).with_name("fake_repl.py")
MIB = 1 << 20
HEADER = "import Mathlib\n\nopen Nat\n"
HAS_LEAN_INTERACT = importlib.util.find_spec("lean_interact") is not None


def good(name: str = "t", header: str = HEADER) -> Candidate:
    return Candidate(name, header, f"theorem {name} : 1 = 1 := by sorry")


def playing(word: str, header: str = HEADER) -> Candidate:
    return Candidate(word, header, f"theorem t (play_{word} : ℕ) : 1 = 1 := by sorry")


@dataclass
class Bench:
    """A workspace that looks fetched, a `lake` on PATH, and a REPL in a checkout of its own."""

    kind: str
    home: Path
    workspace: Path
    checkout: Path

    def checker(self, **settings: Any) -> ReplChecker:
        settings = {"timeout_seconds": 20.0, "header_timeout_seconds": 20.0, **settings}
        if self.kind == "pipes":
            return ReplChecker(self.workspace, repl=[sys.executable, str(FAKE), str(self.home)], **settings)
        return ReplChecker(self.workspace, repl_folder=self.checkout, **settings)

    def calls(self) -> list[dict[str, Any]]:
        log = self.home / "calls.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []

    def sleepers(self) -> list[psutil.Process]:
        """What a REPL that hangs started, which carries no mark."""
        log = self.home / "sleepers"
        pids = [int(pid) for pid in log.read_text().split()] if log.is_file() else []
        alive = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
        return [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def survivors(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and any(
                    str(self.home) in argument for argument in process.cmdline()
                ):
                    found.append(process)
            except psutil.Error:
                continue
        return found


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def make_workspace(root: Path) -> Path:
    mathlib = root / ".lake" / "packages" / "mathlib"
    (mathlib / ".lake" / "build" / "lib").mkdir(parents=True)
    (mathlib / "Mathlib").mkdir()
    (mathlib / "lakefile.lean").write_text("-- a package\n")
    entry = {"type": "git", "name": "mathlib", "url": "https://x", "rev": "abc123", "inherited": False}
    (root / "lake-manifest.json").write_text(json.dumps({"version": "1.1.0", "packages": [entry]}))
    (root / "lean-toolchain").write_text("leanprover/lean4:v4.33.0-rc1\n")
    (root / "lakefile.toml").write_text(
        'name = "user"\n[leanOptions]\nautoImplicit = false\nmaxSynthPendingDepth = 3\nweak.linter.x = true\n'
    )
    return root


KINDS = [
    "pipes",
    pytest.param(
        "lean-interact",
        marks=pytest.mark.skipif(not HAS_LEAN_INTERACT, reason="the extra `repl` is not installed"),
    ),
]


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    home = tmp_path / "fake home"
    checkout = tmp_path / "repl"
    binary = checkout / ".lake" / "build" / "bin" / "repl"
    for folder in (home / "bin", binary.parent, tmp_path / "workspace", tmp_path / "scratch"):
        folder.mkdir(parents=True)
    (checkout / "lean-toolchain").write_text("leanprover/lean4:v4.33.0-rc1\n")
    binary.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "{home}"\n')
    binary.chmod(0o755)
    lake = home / "bin" / "lake"
    # `lake env` starts its command as a child and waits, as the real one does.
    lake.write_text('#!/bin/sh\ncase "$1" in env) shift; "$@"; exit $?;; *) echo "lake: $*";; esac\n')
    lake.chmod(0o755)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    monkeypatch.setenv("PATH", f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}")
    bench = Bench(request.param, home, make_workspace(tmp_path / "workspace"), checkout)
    yield bench
    assert wait_until(lambda: not bench.survivors(), 5)
    for process in (left := bench.survivors()):
        process.kill()
    assert left == []
    assert bench.sleepers() == []
    assert list((tmp_path / "scratch").iterdir()) == []


def check(bench: Bench, candidate: Candidate, **settings: Any) -> Verdict:
    with bench.checker(**settings) as checker:
        return checker.check(candidate)


def test_it_is_a_checker(bench: Bench) -> None:
    checker = bench.checker()
    assert isinstance(checker, Checker)
    assert checker.name == "repl"
    assert bench.calls() == []


# -- plain answers -----------------------------------------------------------------------------------------


def test_valid_with_sorry(bench: Bench) -> None:
    verdict = check(bench, good())
    assert (verdict.checker, verdict.status, verdict.elaborated) == ("repl", Status.VALID_WITH_SORRY, True)
    (warning,) = verdict.diagnostics
    assert (warning.severity, warning.category, warning.line, warning.column) == (
        Severity.WARNING,
        "sorry",
        1,
        0,
    )
    assert verdict.seconds > 0


def test_valid(bench: Bench) -> None:
    verdict = check(bench, Candidate("t", HEADER, "theorem t : 1 = 1 := rfl"))
    assert (verdict.status, verdict.elaborated, verdict.diagnostics) == (Status.VALID, True, ())


@pytest.mark.parametrize("header", ["import Mathlib", "import Mathlib\n\n\nopen Nat\n\n", "", "open Nat"])
def test_lines_count_in_their_parts(bench: Bench, header: str) -> None:
    in_statement = Candidate(
        "t", header, "-- é\ntheorem t :\n  𝔸 = bad := by sorry", "def d := 1\ndef e := 2"
    )
    in_helper = Candidate("t", header, "theorem t : 1 = 1 := by sorry", "def d := 1\n\ndef e := bad\n\n")
    with bench.checker() as checker:
        first, second = checker.check_many([in_statement, in_helper])
    (error,) = first.errors
    assert (first.status, first.elaborated) == (Status.INVALID, True)
    assert (error.part, error.line, error.column, error.end_line, error.end_column) == (
        Part.STATEMENT,
        3,
        6,
        3,
        9,
    )
    assert (error.category, error.name) == ("unknown_identifier", "bad")
    (error,) = second.errors
    assert (error.part, error.line, error.column) == (Part.HELPER, 3, 9)


def test_an_empty_statement_is_not_valid(bench: Bench) -> None:
    verdict = check(bench, Candidate("t", HEADER, " \n"))
    assert (verdict.status, verdict.elaborated) == (Status.INVALID, False)
    assert bench.calls() == []


def test_rejected_never_reaches_the_repl(bench: Bench) -> None:
    bad = [
        Candidate("a", HEADER, "theorem a : 1 = 1 := rfl\n#eval 1"),
        Candidate("b", "import Lean", "theorem b : 1 = 1 := rfl"),
        Candidate("c", HEADER, "theorem c : 1 = 1 := by sorry", "axiom x : False"),
    ]
    with bench.checker() as checker:
        verdicts = checker.check_many(bad)
    assert {v.status for v in verdicts} == {Status.REJECTED}
    assert [v.diagnostics[0].part for v in verdicts] == [Part.STATEMENT, Part.HEADER, Part.HELPER]
    assert bench.calls() == []


def test_only_screened_text_is_sent(bench: Bench) -> None:
    statement = "/-- #eval 1 -/ theorem t : 1 = 1 := by /- run_cmd -/ sorry -- axiom"
    check(bench, Candidate("t", "import Mathlib -- #eval", statement))
    sent = "\n".join(call["cmd"] for call in bench.calls())
    assert "/--         -/ theorem t" in sent
    assert not [word for word in ("eval", "run_cmd", "axiom") if word in sent]


# -- headers -----------------------------------------------------------------------------------------------


def test_a_text_of_our_own_is_sent_as_it_stands(bench: Bench) -> None:
    with bench.checker() as checker:
        assert checker.check(good("earlier")).status is Status.VALID_WITH_SORRY
        text = "theorem own : 1 = 1 := by\n  exact bad\n#print axioms own"
        verdict = checker.elaborate(f"{HEADER}\n", text)
        fine = checker.elaborate(HEADER, "theorem own : 1 = 1 := rfl", 5.0)
    assert (verdict.checker, verdict.status, verdict.elaborated) == ("repl", Status.INVALID, True)
    (error,) = verdict.errors
    assert (error.part, error.line, error.column) == (Part.STATEMENT, 2, 8)
    assert (fine.status, fine.diagnostics) == (Status.VALID, ())
    calls = bench.calls()
    assert [call["cmd"] for call in calls].count("import Mathlib") == 1  # the header of both
    assert calls[-2]["cmd"] == text
    assert calls[-2]["env"] == calls[-1]["env"] == calls[-3]["env"]


def test_a_text_of_our_own_has_its_own_limit(bench: Bench) -> None:
    with bench.checker() as checker:
        text = "theorem own (play_hang : 1 = 1) : 1 = 1 := rfl"
        verdict = checker.elaborate(HEADER, text, 0.5)
        assert (verdict.status, verdict.seconds < 10) == (Status.TIMEOUT, True)
        dead = checker.elaborate(HEADER, "theorem own (play_die : 1 = 1) : 1 = 1 := rfl")
        assert dead.status is Status.CRASHED
        assert checker.elaborate(HEADER, "theorem own : 1 = 1 := rfl").status is Status.VALID


def test_a_header_that_takes_too_long_says_nothing_of_the_text(bench: Bench) -> None:
    with bench.checker(header_timeout_seconds=0.5) as checker:
        verdict = checker.elaborate("import Mathlib\nopen play_hang\n", "theorem own : 1 = 1 := rfl")
        assert verdict.status is Status.UNAVAILABLE
        assert "the header took longer" in verdict.detail
        bad = checker.elaborate("import Mathlib\nopen Nowhere\n", "theorem own : 1 = 1 := rfl")
    assert (bad.status, bad.elaborated) == (Status.INVALID, False)
    assert bad.errors[0].part is Part.HEADER


def test_a_header_is_read_once_and_every_candidate_starts_from_it(bench: Bench) -> None:
    twins = [Candidate("a", HEADER, "theorem earlier : needsMathlib := by sorry")] * 3
    other = good("other", "import Mathlib\nopen Real")
    with bench.checker() as checker:
        verdicts = checker.check_many([*twins, other, *twins])
    # A candidate that saw another's environment would find `earlier` declared already.
    assert {v.status for v in verdicts} == {Status.VALID_WITH_SORRY}
    calls = bench.calls()
    sent = [call["cmd"] for call in calls]
    assert sent.count("import Mathlib") == 1
    assert [text for text in sent if "open" in text] == ["\nopen Nat", "open Real"]
    bodies = [call["env"] for call in calls if "theorem" in call["cmd"]]
    assert len(set(bodies[:3] + bodies[4:])) == 1
    assert bodies[3] != bodies[0]
    assert len({call["pid"] for call in calls}) == 1


def test_lean_options_of_the_workspace_come_before_the_rest_of_the_header(bench: Bench) -> None:
    check(bench, good())
    sent = [call["cmd"] for call in bench.calls()]
    options = "set_option autoImplicit false\nset_option maxSynthPendingDepth 3"
    assert sent[:3] == ["import Mathlib", options, "\nopen Nat"]
    assert [call.get("env") for call in bench.calls()] == [None, 0, 1, 2]


def test_lean_options_that_cannot_be_set(bench: Bench) -> None:
    (bench.workspace / "lakefile.toml").write_text("[leanOptions]\nnonsense = 3\n")
    verdict = check(bench, good())
    assert verdict.status is Status.UNAVAILABLE
    assert "correct its lakefile" in verdict.detail


def test_a_bad_header_is_invalid_and_does_not_spoil_the_next(bench: Bench) -> None:
    missing = good("a", "import Mathlib.Nowhere")
    wrong = good("b", "import Mathlib\n\nopen Nat\nopen Nowhere")
    with bench.checker() as checker:
        verdicts = checker.check_many([missing, wrong, wrong, good()])
    assert [v.status for v in verdicts] == [Status.INVALID] * 3 + [Status.VALID_WITH_SORRY]
    assert [v.elaborated for v in verdicts] == [False, False, False, True]
    (error,) = verdicts[0].errors
    assert (error.part, error.category) == (Part.HEADER, "unknown_module")
    (error,) = verdicts[1].errors
    assert (error.part, error.line, error.column, error.name) == (Part.HEADER, 4, 5, "Nowhere")
    assert verdicts[1].errors == verdicts[2].errors
    assert sum("Nowhere" in call["cmd"] for call in bench.calls()) == 2


def test_remarks_on_the_header_are_part_of_each_verdict(bench: Bench) -> None:
    candidate = good("a", "import Mathlib\nopen Old")
    with bench.checker() as checker:
        verdicts = checker.check_many([candidate] * 2)
    for verdict in verdicts:
        assert [(d.part, d.category) for d in verdict.diagnostics] == [
            (Part.HEADER, "deprecated"),
            (Part.STATEMENT, "sorry"),
        ]


def test_many_headers_make_a_fresh_repl(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repl_worker, "_ENVIRONMENTS", 6)
    with bench.checker() as checker:
        verdicts = checker.check_many([good(f"t{i}", f"import Mathlib\nopen N{i}") for i in range(12)])
    assert {v.status for v in verdicts} == {Status.VALID_WITH_SORRY}
    assert len({call["pid"] for call in bench.calls()}) == 3


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("import Mathlib\n\nopen Nat", ("import Mathlib", "\nopen Nat")),
        ("import Mathlib\nimport Aesop", ("import Mathlib\nimport Aesop", "")),
        ("-- x\nimport Mathlib\nopen Nat\n", ("-- x\nimport Mathlib", "open Nat\n")),
        ("open Nat", ("", "open Nat")),
        ("", ("", "")),
    ],
)
def test_split_imports(header: str, parts: tuple[str, str]) -> None:
    assert split_imports(header) == parts


# -- faults ------------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[Status, str]] = {
    "hang": (Status.TIMEOUT, "took longer than 1 s"),
    "deaf": (Status.TIMEOUT, "took longer than 1 s"),
    "stall": (Status.TIMEOUT, "took longer than 1 s"),
    "die": (Status.CRASHED, ""),
    "segfault": (Status.CRASHED, ""),
    "half": (Status.CRASHED, ""),
    "garbage": (Status.CRASHED, ""),
    "list": (Status.CRASHED, ""),
    "object": (Status.CRASHED, "nothing that a REPL answers"),
    "refuse": (Status.CRASHED, "something went wrong inside"),
    "unknown": (Status.CRASHED, "does not know an environment"),
    "noenv": (Status.CRASHED, "names no environment"),
    "shape": (Status.CRASHED, "could not be read"),
    "severity": (Status.INVALID, "1 error(s)"),
    "panic": (Status.CRASHED, "PANIC at Foo.bar"),
    "stale": (Status.CRASHED, "out of step"),
    "memory": (Status.CRASHED, "memory limit of 400 MiB exceeded"),
    "oom": (Status.CRASHED, "out of memory"),
}


@pytest.mark.parametrize("word", FAULTS)
def test_fault_and_the_next_candidate(bench: Bench, word: str) -> None:
    """Each fault has its verdict, and the candidates before and after it have theirs."""
    bad = Candidate("bad", HEADER, "theorem t : bad := by sorry")
    seconds = 1 if FAULTS[word][0] is Status.TIMEOUT else 15  # a busy machine is slow to eat memory
    with bench.checker(timeout_seconds=seconds, memory_bytes=400 * MIB) as checker:
        before, fault, after, last = checker.check_many([good("a"), playing(word), bad, good("b")])
    status, says = FAULTS[word]
    assert fault.status is status
    assert says in fault.detail
    assert "\n" not in fault.detail
    assert fault.elaborated is (word == "severity")
    assert [before.status, after.status, last.status] == [
        Status.VALID_WITH_SORRY,
        Status.INVALID,
        Status.VALID_WITH_SORRY,
    ]


def test_empty_answer(bench: Bench) -> None:
    """lean-interact waits after an empty answer until the process ends, which is then killed under it."""
    with bench.checker(timeout_seconds=1) as checker:
        fault, after = checker.check_many([playing("empty"), good()])
    assert fault.status is (Status.CRASHED if bench.kind == "pipes" else Status.TIMEOUT)
    assert after.status is Status.VALID_WITH_SORRY


@pytest.mark.parametrize("word", ["twice", "flood"])
def test_too_much_of_an_answer(bench: Bench, word: str) -> None:
    with bench.checker() as checker:
        fault, after = checker.check_many(
            [playing(word), Candidate("b", HEADER, "theorem b : bad := by sorry")]
        )
    # Through lean-interact a second answer is only seen when it would be taken for the next candidate's.
    assert fault.status is Status.CRASHED or (bench.kind, word) == ("lean-interact", "twice")
    assert after.status is Status.INVALID


@pytest.mark.parametrize("word", ["die", "hang", "garbage", "memory"])
def test_fault_in_a_header(bench: Bench, word: str) -> None:
    header = f"import Mathlib\nopen play_{word}"
    settings = {"header_timeout_seconds": 1 if word == "hang" else 15, "memory_bytes": 400 * MIB}
    with bench.checker(**settings) as checker:
        fault, after = checker.check_many([good("a", header), good("b")])
    assert fault.status is (Status.TIMEOUT if word == "hang" else Status.CRASHED)
    assert word != "hang" or "the header took longer" in fault.detail
    assert (fault.elaborated, after.status) == (False, Status.VALID_WITH_SORRY)


def test_a_worn_repl_is_no_fault_of_the_candidate(bench: Bench) -> None:
    with bench.checker() as checker:
        verdicts = checker.check_many([good("a"), playing("worn"), playing("worn")])
    assert {v.status for v in verdicts} == {Status.VALID_WITH_SORRY}
    assert len({call["pid"] for call in bench.calls()}) == 3


def test_a_repl_near_its_memory_limit_is_replaced(bench: Bench) -> None:
    with bench.checker(memory_bytes=160 * MIB) as checker:
        verdicts = checker.check_many([playing("grow"), good("a"), good("b")])
    assert {v.status for v in verdicts} == {Status.VALID_WITH_SORRY}
    pids = [call["pid"] for call in bench.calls() if "theorem" in call["cmd"]]
    assert pids[0] != pids[1] == pids[2]


def test_a_repl_that_served_many_is_replaced(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repl_worker, "_SERVED", 3)
    with bench.checker() as checker:
        verdicts = checker.check_many([good(f"t{i}") for i in range(9)])
    assert {v.status for v in verdicts} == {Status.VALID_WITH_SORRY}
    assert len({call["pid"] for call in bench.calls()}) == 3


# -- many --------------------------------------------------------------------------------------------------


def test_input_order_over_workers(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [playing("slow"), good(), Candidate("x", HEADER, "theorem t : bad := by sorry"), playing("die")]
    candidates = [kinds[i % 4] for i in range(16)]
    with bench.checker(workers=2) as checker:
        verdicts = checker.check_many(candidates, progress=True)
    expected = [Status.VALID_WITH_SORRY, Status.VALID_WITH_SORRY, Status.INVALID, Status.CRASHED]
    assert [v.status for v in verdicts] == expected * 4
    assert "/16" in capsys.readouterr().err
    assert len({call["pid"] for call in bench.calls()}) >= 2


def test_workers_work_together(bench: Bench) -> None:
    with bench.checker(workers=2) as checker:
        checker.check_many([playing("slow") for _ in range(6)])
    assert len({call["pid"] for call in bench.calls()}) == 2


def test_from_several_threads(bench: Bench) -> None:
    found: list[list[Status]] = []
    with bench.checker(workers=2) as checker:

        def work() -> None:
            pair = [good(), Candidate("x", HEADER, "theorem t : bad := by sorry")]
            found.append([v.status for v in checker.check_many(pair)])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [[Status.VALID_WITH_SORRY, Status.INVALID]] * 4


def test_nothing_to_check(bench: Bench) -> None:
    with bench.checker() as checker:
        assert checker.check_many([], progress=True) == []


def test_a_closed_checker_can_be_used_again(bench: Bench) -> None:
    checker = bench.checker()
    assert checker.check(good()).positive
    checker.close()
    assert wait_until(lambda: bench.survivors() == [], 2)
    assert checker.check(good()).positive
    checker.close()
    checker.close()


def test_a_forgotten_checker_leaves_nothing(bench: Bench) -> None:
    checker = bench.checker()
    assert checker.check(good()).positive
    del checker
    assert wait_until(lambda: bench.survivors() == [], 5)


@pytest.mark.parametrize(
    ("way", "word"),
    [
        (signal.SIGINT, "hang"),
        (signal.SIGKILL, "hang"),
        (signal.SIGKILL, "deaf"),
        (signal.SIGKILL, "slow"),
        (signal.SIGTERM, "hang"),
    ],
)
def test_an_interrupted_program_leaves_no_repl(
    bench: Bench, way: signal.Signals, word: str, tmp_path: Path
) -> None:
    """However the program ends, and whether its REPLs hang, are deaf to signals, or are at rest."""
    command = [sys.executable, str(FAKE), str(bench.home)]
    chosen = f"repl={command!r}" if bench.kind == "pipes" else f"repl_folder=Path({str(bench.checkout)!r})"
    code = (
        "from pathlib import Path\nimport time\nfrom cramf.check.repl import ReplChecker\n"
        "from cramf.check.verdict import Candidate\n"
        f"statement = 'theorem t (play_{word} : ℕ) : 1 = 1 := by sorry'\n"
        "candidates = [Candidate('t', 'import Mathlib', statement)] * 2\n"
        f"checker = ReplChecker(Path({str(bench.workspace)!r}), workers=2, {chosen})\n"
        "checker.check_many(candidates)\nprint('done', flush=True)\ntime.sleep(60)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path / "scratch")}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert wait_until(lambda: sum("theorem" in call["cmd"] for call in bench.calls()) >= 2)
    if word == "slow":
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
    process.send_signal(way)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert way is not signal.SIGINT or b"KeyboardInterrupt" in errors
    # Neither the REPLs, nor what they started, nor a supervisor.
    assert wait_until(lambda: bench.survivors() == [] and bench.sleepers() == [], 10)
    for left in (tmp_path / "scratch").iterdir():  # which a killed process cannot take with it
        shutil.rmtree(left)


def test_it_outlives_the_thread_that_first_used_it(bench: Bench) -> None:
    with bench.checker() as checker:
        for _ in range(3):
            thread = threading.Thread(target=checker.check, args=(good(),))
            thread.start()
            thread.join()
        checker._crew.close()  # even the threads that started the REPL may end
        assert checker.check(good()).positive
    assert len({call["pid"] for call in bench.calls()}) == 1


def test_no_descriptor_is_left_open(bench: Bench) -> None:
    descriptors = Path("/proc/self/fd")
    faults = [good(), playing("die"), playing("segfault")]
    for word in range(3):
        with bench.checker() as checker:
            checker.check_many(faults)
        if word == 0:
            before = len(list(descriptors.iterdir()))
    assert len(list(descriptors.iterdir())) == before


# -- what it runs in, and what is not there ----------------------------------------------------------------


def test_no_secrets_reach_lean(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    check(bench, good())
    assert bench.calls()
    assert "sk-secret" not in json.dumps(bench.calls())


def test_lean_reaches_no_network(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        (bench.home / "port").write_text(str(server.getsockname()[1]))
        verdict = check(bench, playing("connect"))
    assert verdict.status is Status.VALID_WITH_SORRY
    reached = (bench.home / "connected").read_text()
    if network_isolation().network:
        assert reached == "yes"
        assert "network not cut: " in verdict.detail
    else:
        assert reached == "no"
        assert "network" not in verdict.detail


def test_a_network_that_cannot_be_cut_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Isolation("none", reason="no namespaces here")
    for module in (repl, running, supervised, repl_process):
        monkeypatch.setattr(module, "network_isolation", lambda: whole)
    verdict = check(bench, good())
    assert verdict.status is Status.VALID_WITH_SORRY
    assert verdict.detail.endswith("(network not cut: no namespaces here)")


def test_a_repl_has_limits_of_the_kernel(bench: Bench) -> None:
    check(bench, playing("limits"), memory_bytes=400 * MIB)
    address, core = json.loads((bench.home / "limits").read_text())
    assert address == 400 * MIB + supervised.ADDRESS_HEADROOM
    assert core == 0


def test_too_many_processes(bench: Bench) -> None:
    with bench.checker() as checker:
        fault, after = checker.check_many([playing("fork"), good()])
    assert (fault.status, after.status) == (Status.CRASHED, Status.VALID_WITH_SORRY)
    assert "process limit exceeded" in fault.detail


def test_the_users_workspace_stays_as_it_is(bench: Bench) -> None:
    def snapshot() -> dict[str, bytes]:
        paths = bench.workspace.rglob("*")
        return {str(p): p.read_bytes() if p.is_file() else b"" for p in paths}

    before = snapshot()
    check(bench, good())
    assert snapshot() == before


def test_identity(bench: Bench) -> None:
    checker = bench.checker()
    identity = checker.identity()
    assert identity.checker == "repl"
    assert identity.toolchain == "leanprover/lean4:v4.33.0-rc1"
    assert identity.mathlib == "abc123"
    (bench.workspace / "lakefile.toml").write_text("[leanOptions]\nautoImplicit = true\n")
    assert checker.identity().version != identity.version
    assert bench.calls() == []


def test_no_repl_program(bench: Bench) -> None:
    with ReplChecker(bench.workspace, repl=["/no/such/repl"]) as checker:
        verdict = checker.check(good())
    assert (verdict.status, verdict.elaborated) == (Status.UNAVAILABLE, False)
    assert "/no/such/repl" in verdict.detail


@pytest.mark.parametrize(
    "settings", [{"workers": 0}, {"timeout_seconds": 0}, {"memory_bytes": -1}, {"repl": "x"}]
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ReplChecker(Path("/nowhere"), **settings)


def test_without_lean_interact(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lean_interact", None)
    with ReplChecker(bench.workspace) as checker:
        verdicts = checker.check_many([good(), good()])
    assert {v.status for v in verdicts} == {Status.UNAVAILABLE}
    assert "pip install 'cramf[repl]'" in verdicts[0].detail


def test_without_lake(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("ELAN_HOME", "/nonexistent")
    with ReplChecker(bench.workspace) as checker:
        verdict = checker.check(good())
    assert verdict.status is Status.UNAVAILABLE
    assert "elan" in verdict.detail


def test_workspace_that_is_not_ready(bench: Bench) -> None:
    shutil.rmtree(bench.workspace / ".lake" / "packages" / "mathlib" / ".lake")
    with ReplChecker(bench.workspace) as checker:
        verdict = checker.check(good())
    assert verdict.status is Status.UNAVAILABLE
    assert "is not built" in verdict.detail


@pytest.mark.skipif(not HAS_LEAN_INTERACT, reason="the extra `repl` is not installed")
def test_a_repl_that_lean_interact_cannot_prepare(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    with ReplChecker(bench.workspace, repl_folder=Path("/no/checkout")) as checker:
        verdict = checker.check(good())
    assert verdict.status is Status.UNAVAILABLE
    assert "/no/checkout" in verdict.detail
    assert capsys.readouterr().out == ""


# -- the real thing ----------------------------------------------------------------------------------------


@pytest.mark.lean
@pytest.mark.skipif(shutil.which("lake") is None, reason="no `lake` on PATH: a real Lean toolchain is needed")
@pytest.mark.skipif(not HAS_LEAN_INTERACT, reason="the extra `repl` is not installed")
def test_real_lean() -> None:
    candidates = [
        Candidate("a", "import Mathlib", "theorem a (n : ℕ) : n + 0 = n := by sorry"),
        Candidate("b", "import Mathlib", "theorem b (n : ℕ) : n + 0 = n := rfl"),
        Candidate("c", "import Mathlib\nopen Nat", "theorem c :\n    Nat.NoSuchThing 3 := by sorry"),
        Candidate("d", "import Mathlib", "theorem d (x : Misspelt) : x = x := by sorry"),
    ]
    with ReplChecker() as checker:
        a, b, c, d = checker.check_many(candidates)
    if a.status is Status.UNAVAILABLE:
        pytest.skip(f"the workspace is not ready: {a.detail}")
    assert (a.status, b.status) == (Status.VALID_WITH_SORRY, Status.VALID)
    assert (c.status, c.errors[0].line) == (Status.INVALID, 2)
    assert d.status is Status.INVALID
