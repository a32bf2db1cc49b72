"""BEq+ through the REPL checker's own pipes, against a stand-in; and with a real Lean where there is one."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cramf.check.repl import ReplChecker
from cramf.check.verdict import Candidate, Status
from cramf.evaluation.equivalence import BEQ_PLUS, Equivalence, Outcome, Pair, beq, beq_plus, compare_many

HEADER = "import Mathlib\nopen Nat"
A = "theorem left (n : ℕ) : n < n + 1 := by sorry"
B = "theorem right (m : ℕ) : m + 1 > m := by sorry"
PAIR = Pair(HEADER, "", A, "", B)
PROVED = {"exact?": "proved"}


class Bench:
    """A workspace, and a REPL that plays by the rules last given."""

    def __init__(self, home: Path, program: Path) -> None:
        self.home = home
        self.command = [sys.executable, str(program), str(home)]
        (home / "lakefile.toml").write_text('name = "user"\n[leanOptions]\nautoImplicit = false\n')
        self.checkers: list[ReplChecker] = []

    def checker(self, **rules: Any) -> ReplChecker:
        (self.home / "rules.json").write_text(json.dumps(rules))
        header_seconds = rules.pop("header_seconds", 20.0)
        checker = ReplChecker(
            self.home, repl=self.command, workers=2, timeout_seconds=20, header_timeout_seconds=header_seconds
        )
        self.checkers.append(checker)
        return checker

    def calls(self) -> list[dict[str, Any]]:
        log = self.home / "calls.jsonl"
        # A line that is being written has no end yet.
        lines = log.read_text().splitlines(keepends=True) if log.is_file() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]


@pytest.fixture
def bench(tmp_path: Path, stand_in_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, stand_in_path)
    yield bench
    for checker in bench.checkers:
        checker.close()


def test_a_pair_through_the_pipes(bench: Bench) -> None:
    answer = beq_plus(PAIR, bench.checker(a={"have": "proved"}, b=PROVED))
    assert answer.verdict is True
    assert (answer.forward.rung, answer.backward.rung) == ("exact?", "have")
    calls = bench.calls()
    # Imports, the workspace's options and the rest of the header are read once for all texts.
    assert [call["cmd"] for call in calls[:3]] == [
        "import Mathlib",
        "set_option autoImplicit false",
        "open Nat",
    ]
    assert len({call["env"] for call in calls[3:]}) == 1
    assert all("cramf_" in call["cmd"] for call in calls[3:])
    assert len(calls) == 3 + 1 + 1 + 5


def test_many_pairs_share_the_headers(bench: Bench) -> None:
    answers = compare_many([PAIR] * 12, bench.checker(a=PROVED, b=PROVED), beq_plus, workers=2)
    assert [answer.verdict for answer in answers] == [True] * 12
    calls = bench.calls()
    assert sum(call["cmd"] == "import Mathlib" for call in calls) == len({call["pid"] for call in calls}) <= 2
    assert len({call["cmd"] for call in calls if "cramf_" in call["cmd"]}) == 3


def test_a_rung_that_hangs_has_failed(bench: Bench) -> None:
    ladder = BEQ_PLUS.without("alone", "have", *(f"convert using {n}" for n in range(5)))
    checker = bench.checker(a=PROVED, b={"exact?": "hang", "apply": "proved"})
    answer = beq_plus(PAIR, checker, ladder=ladder, seconds=0.7)
    assert answer.verdict is True
    assert [a.outcome for a in answer.forward.attempts] == [Outcome.TIMEOUT, Outcome.FAILED, Outcome.PROVED]
    assert len({call["pid"] for call in bench.calls()}) == 2  # the one that hung was killed


def test_a_rung_that_kills_the_repl_leaves_it_open(bench: Bench) -> None:
    answer = beq(PAIR, bench.checker(a=PROVED, b={"exact?": "die"}))
    assert (answer.verdict, answer.backward.proved) == (None, True)
    assert answer.forward.attempts[0].outcome is Outcome.CRASHED
    assert "exit code 3" in answer.forward.detail


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"header": "bad"}, "unknown namespace"),
        ({"header": "hang", "header_seconds": 0.7}, "the header took longer"),
    ],
)
def test_a_header_that_does_not_stand(bench: Bench, rules: dict[str, Any], words: str) -> None:
    answer = beq_plus(PAIR, bench.checker(a=PROVED, b=PROVED, **rules))
    assert (answer.verdict, answer.ill_typed) == (None, ())
    assert words in answer.detail


def test_without_a_repl_nothing_is_known(tmp_path: Path) -> None:
    with ReplChecker(tmp_path, repl=[str(tmp_path / "no-such-program")]) as checker:
        answer = beq_plus(PAIR, checker)
    assert (answer.verdict, answer.forward.proved, answer.backward.proved) == (None, None, None)
    assert answer.detail.startswith("unavailable: ")


def test_a_batch_that_is_broken_off_leaves_no_repl(bench: Bench) -> None:
    checker = bench.checker(a={"exact?": "hang"}, b={"exact?": "hang"})

    def compare(pair: Pair, prover: Any) -> Equivalence:
        if pair == PAIR:
            return beq(pair, prover)
        while not any("exact?" in call["cmd"] for call in bench.calls()):
            time.sleep(0.05)
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        compare_many([PAIR, Pair(HEADER, "", B, "", A)], checker, compare, workers=2)
    assert time.monotonic() - start < 15
    asked = len(bench.calls())
    time.sleep(0.5)
    mine = [p for p in psutil.process_iter() if str(bench.home) in " ".join(command_of(p))]
    assert mine == []
    assert len(bench.calls()) == asked


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.Error:
        return []


# -- the real thing ----------------------------------------------------------------------------------------


@pytest.mark.lean
@pytest.mark.skipif(shutil.which("lake") is None, reason="no `lake` on PATH: a real Lean toolchain is needed")
@pytest.mark.parametrize("kind", ["repl", "lake"])
def test_real_lean(kind: str) -> None:
    from cramf.check.lake import LakeChecker

    make: dict[str, Callable[[], Any]] = {"repl": ReplChecker, "lake": lambda: LakeChecker(mode="lean")}
    with make[kind]() as prover:
        ready = prover.check(Candidate("ready", HEADER, "theorem ready : 1 = 1 := by sorry"))
        if ready.status is Status.UNAVAILABLE:
            pytest.skip(f"no prover: {ready.detail}")
        reordered = beq_plus(PAIR, prover)
        assert reordered.verdict is True, reordered
        renamed = "theorem r (x y : ℝ) (h : ∀ ε > 0, |x - y| < ε) : x = y := by sorry"
        given = "theorem g {a b : ℝ} (close : ∀ e : ℝ, 0 < e → |a - b| < e) : a = b := by sorry"
        assert beq_plus(Pair(HEADER, "", renamed, "", given), prover).verdict is True
        stronger = "theorem s (f : ℕ → ℕ) (h : ∀ n, f (n + 1) = f n + 1) : f 7 = f 0 + 7 := by sorry"
        weaker = "theorem w (f : ℕ → ℕ) (h : ∀ n, f (n + 1) = f n + 1) : f 3 = f 0 + 3 := by sorry"
        unlike = "theorem u (f : ℕ → ℕ) : f 7 = f 0 + 7 := by sorry"
        different = beq_plus(Pair(HEADER, "", unlike, "", weaker), prover)
        assert (different.verdict, different.backward.proved) == (False, False), different
        assert beq(Pair(HEADER, "", stronger, "", unlike), prover).verdict is False
        ill = beq_plus(Pair(HEADER, "", A, "", "theorem i : Nowhere.at 3 := by sorry"), prover)
        assert (ill.verdict, ill.ill_typed) == (False, ("b",))
        # Every tactic of the ladder is one that this Lean can read.
        tried = different.backward.attempts
        assert not [a for a in tried if a.outcome is Outcome.UNAVAILABLE], tried
