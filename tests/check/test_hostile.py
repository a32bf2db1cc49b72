"""The measure of `eval/hostile.py` in small: no hostile snippet reaches `lake`, every control does."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from cramf.check import lake
from cramf.check.safety import screen_candidate
from cramf.check.verdict import Candidate, Diagnostic, Status

EVAL = Path(__file__).parents[2] / "eval"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile", EVAL / "hostile.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hostile"] = module  # which dataclasses ask for
    spec.loader.exec_module(module)
    return module


HOSTILE = load()
TRICKS = HOSTILE.tricks()


@pytest.fixture
def checker(tmp_path: Path) -> Iterator[tuple[lake.LakeChecker, object]]:
    bench = HOSTILE.Bench(tmp_path)
    with bench.checker() as checker:
        yield checker, bench


@pytest.mark.parametrize("trick", TRICKS, ids=lambda t: ascii(t.candidate.statement)[:60])
def test_tricks_are_refused(trick: object) -> None:
    candidate: Candidate = trick.candidate  # type: ignore[attr-defined]
    screened, refused = screen_candidate(candidate)
    assert refused
    assert all(d.category == "forbidden" and d.message for d in refused)
    assert screened.source.strip() == "" or len(refused) < 1000


def test_there_are_enough_tricks_and_no_two_are_alike() -> None:
    assert len(TRICKS) >= 150
    assert len({t.candidate.source for t in TRICKS}) == len(TRICKS)
    assert Counter(t.made[0] for t in TRICKS)["hostile"] >= 150


def test_no_hostile_snippet_reaches_lake(checker: tuple[lake.LakeChecker, object]) -> None:
    lake_checker, bench = checker
    snippets = list(HOSTILE.hostile(500, seed=11))
    assert len({s.candidate.source for s in snippets}) == 500
    assert {s.made[0] for s in snippets} == set(HOSTILE.KINDS)
    assert {s.made[4] for s in snippets} == {"header", "helper", "statement"}
    for snippet in (*snippets, *TRICKS):
        assert lake_checker.check(snippet.candidate).status is Status.REJECTED, snippet.made
    assert bench.calls() == 0  # type: ignore[attr-defined]


def test_every_control_reaches_lake(checker: tuple[lake.LakeChecker, object]) -> None:
    lake_checker, bench = checker
    for snippet in HOSTILE.controls(12, seed=3):
        before = bench.calls()  # type: ignore[attr-defined]
        assert lake_checker.check(snippet.candidate).status is not Status.REJECTED, snippet.made
        assert bench.calls() > before  # type: ignore[attr-defined]


def test_no_control_is_refused() -> None:
    snippets = list(HOSTILE.controls(500, seed=5))
    assert len({s.candidate.source for s in snippets}) == 500
    assert [s.made for s in snippets if screen_candidate(s.candidate)[1]] == []


def test_every_payload_is_refused_in_every_carrier() -> None:
    """Without disguise; so that chance leaves no pair out."""
    for kind in HOSTILE.KINDS:
        for payload in HOSTILE.PARTS[f"payload {kind}"]:
            for carrier in HOSTILE.PARTS[f"carrier {kind}"] + HOSTILE.PARTS.get(f"tricky {kind}", ()):
                text = carrier.replace("{}", payload)
                candidate = (
                    Candidate("t", text, "theorem t : 1 = 1 := by sorry")
                    if kind == "import"
                    else Candidate("t", "import Mathlib", text)
                )
                assert screen_candidate(candidate)[1], text


def test_the_measure_can_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is screened, snippets reach `lake`, and the command says so and fails."""

    def nothing(candidate: Candidate) -> tuple[Candidate, tuple[Diagnostic, ...]]:
        return candidate, ()

    monkeypatch.setattr(lake, "screen_candidate", nothing)
    monkeypatch.setattr(HOSTILE, "tricks", lambda: TRICKS[:2])
    assert HOSTILE.main(["--count", "3", "--controls", "1"]) == 1
    said = capsys.readouterr().out
    assert "generated: 3 hostile snippets" in said
    assert "not refused: 3; calls of lake: 4" in said  # one of them asks for Mathlib


def test_the_measure_succeeds(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HOSTILE, "tricks", lambda: TRICKS[:2])
    assert HOSTILE.main(["--count", "20", "--controls", "2"]) == 0
    said = capsys.readouterr().out
    assert said.count("not refused: 0; calls of lake: 0") == 2
    assert "controls: 2 harmless snippets; refused: 0; reached lake: 2" in said


def test_theorems_of_a_checkout_are_cut_at_their_proof(tmp_path: Path) -> None:
    (tmp_path / "Mathlib").mkdir()
    (tmp_path / "Mathlib" / "A.lean").write_text(
        "/-- A theorem := of ours. -/\n@[to_additive (attr := simp)]\n"
        "theorem a (n : ℕ := 1) : n = n := by\n  rfl\n\ndef b := 1\n",
        encoding="utf-8",
    )
    assert list(HOSTILE.statements(tmp_path, 5, 0)) == ["theorem a (n : ℕ := 1) : n = n := by sorry"]
