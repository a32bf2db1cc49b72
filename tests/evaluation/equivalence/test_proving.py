"""BEq and BEq+ by replay: each rung, each way in which one fails, and what the whole then says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from cramf.errors import InputError
from cramf.evaluation.equivalence import (
    BEQ_L,
    BEQ_PLUS,
    Equivalence,
    Outcome,
    Pair,
    Role,
    beq,
    beq_plus,
    climb,
    compare_many,
)
from cramf.jsonable import to_jsonable

MakeReplay = Callable[..., Any]
PAIR = Pair(
    "import Mathlib",
    "",
    "theorem left (n : ℕ) : n < n + 1 := by sorry",
    "",
    "theorem right (m : ℕ) : m + 1 > m := by sorry",
)
PROVING = [rung.name for rung in BEQ_PLUS.rungs if rung.role is Role.PROVE]
ALL = [rung.name for rung in BEQ_PLUS.rungs]
EXACT = {"exact?": "proved"}


def outcomes(answer: Equivalence, forward: bool = True) -> dict[str, Outcome]:
    direction = answer.forward if forward else answer.backward
    return {attempt.rung: attempt.outcome for attempt in direction.attempts}


def test_both_directions_proved(replay: MakeReplay) -> None:
    prover = replay(a={"exact?": "proved old"}, b=EXACT)
    answer = beq_plus(PAIR, prover)
    assert answer.verdict is True
    assert answer.method == BEQ_PLUS.identity
    assert (answer.forward.rung, answer.backward.rung) == ("exact?", "exact?")
    assert answer.forward.proof is not None
    assert answer.forward.proof.split("\n")[:2] == ["intros", "symm_saturate"]
    assert answer.forward.proof.split("\n")[2].startswith("exact fun x => cramf_")
    assert answer.forward.proof.endswith("_a x")
    assert answer.backward.proof is not None
    assert answer.backward.proof.endswith("_b")
    assert (prover.rungs("b"), prover.rungs("a")) == (["exact?"], ["exact?"])
    assert set(prover.limits) == {60.0}
    assert to_jsonable(answer)["forward"]["attempts"][0]["outcome"] == "proved"


@pytest.mark.parametrize("name", PROVING)
def test_each_rung_alone_proves_a_direction(replay: MakeReplay, name: str) -> None:
    prover = replay(a={name: "proved"}, b=EXACT)
    answer = beq_plus(PAIR, prover)
    assert answer.verdict is True
    assert answer.backward.rung == name
    assert answer.backward.proof is not None
    if name != "exact?":
        assert f"  {answer.backward.proof}".replace("\n", "\n  ") in prover.texts[-1]
    assert prover.rungs("a") == ALL[: ALL.index(name) + 1]
    last = answer.backward.attempts[-1]
    assert (last.rung, last.outcome) == (name, Outcome.PROVED)
    assert {a.outcome for a in answer.backward.attempts[:-1]} <= {Outcome.FAILED}


def test_one_direction_is_not_equivalence(replay: MakeReplay) -> None:
    prover = replay(b=EXACT)
    answer = beq_plus(PAIR, prover)
    assert (answer.verdict, answer.forward.proved, answer.backward.proved) == (False, True, False)
    assert answer.backward.detail == answer.detail == "no rung proves it"
    assert prover.rungs("a") == ALL
    assert beq_plus(PAIR, replay(a=EXACT)).verdict is False


def test_the_second_direction_can_be_spared(replay: MakeReplay) -> None:
    prover = replay(a=EXACT)
    answer = beq_plus(PAIR, prover, both=False)
    assert (answer.verdict, answer.backward.proved, answer.backward.attempts) == (False, None, ())
    assert prover.rungs("a") == []
    undecided = replay(a=EXACT, b={"apply": "crashed"})
    assert beq_plus(PAIR, undecided, both=False).verdict is None
    assert undecided.rungs("a") == ["exact?"]


def test_what_holds_by_assumption_is_not_shown(replay: MakeReplay) -> None:
    prover = replay(b={"assumption": "proved alone", "apply": "proved"}, a=EXACT)
    answer = beq_plus(PAIR, prover)
    assert answer.verdict is False
    assert answer.forward.proved is False
    assert "`assumption` proves it without the other" in answer.forward.detail
    assert prover.rungs("b") == ["exact?", "assumption"]


def test_what_holds_alone_passes_over_have(replay: MakeReplay) -> None:
    prover = replay(b={"alone": "proved alone", "have": "proved", "convert using 2": "proved"}, a=EXACT)
    answer = beq_plus(PAIR, prover)
    assert answer.verdict is True
    assert answer.forward.rung == "convert using 2"
    assert "have" not in prover.rungs("b")
    asked = [text for text in prover.texts if "all_goals intros" in text and "sorry" not in text]
    assert len(asked) == 1  # the assumed theorem does not stand there
    as_coded = replay(b={"alone": "proved alone", "have": "proved"}, a=EXACT)
    answer = beq_plus(PAIR, as_coded, ladder=BEQ_PLUS.without("alone"))
    assert answer.forward.rung == "have"
    assert answer.method.endswith("without alone")


@pytest.mark.parametrize(
    ("play", "outcome", "words"),
    [
        ("failed", Outcome.FAILED, "unsolved goals"),
        ("heartbeats", Outcome.FAILED, "heartbeats"),
        ("sorry", Outcome.FAILED, "holds a `sorry`"),
        ("other sorry", Outcome.FAILED, "besides the assumed theorem has no proof"),
        ("foreign", Outcome.FAILED, "Lean.ofReduceBool"),
        ("proved alone", Outcome.UNUSED, "does not rest on the assumed"),
        ("no axioms", Outcome.UNUSED, "does not rest on the assumed"),
        ("silent", Outcome.CRASHED, "did not say on which axioms"),
        ("other name", Outcome.CRASHED, "did not say on which axioms"),
        ("elsewhere", Outcome.CRASHED, "did not say on which axioms"),
        ("forged", Outcome.CRASHED, "did not say on which axioms"),
        ("no tactic", Outcome.UNAVAILABLE, "this Lean cannot read the tactics"),
        ("timeout", Outcome.TIMEOUT, "played timeout"),
        ("crashed", Outcome.CRASHED, "played crashed"),
        ("unavailable", Outcome.UNAVAILABLE, "played unavailable"),
    ],
)
@pytest.mark.parametrize("rung", ["exact?", "apply", "convert using 4"])
def test_nothing_but_evidence_proves(
    replay: MakeReplay, rung: str, play: str, outcome: Outcome, words: str
) -> None:
    answer = beq_plus(PAIR, replay(b={rung: play}, a=EXACT))
    attempt = next(a for a in answer.forward.attempts if a.rung == rung)
    assert attempt.outcome is outcome
    assert words in attempt.detail
    # A rung that was not tried to its end leaves it open; one that ran out of time does not.
    undecided = outcome in (Outcome.CRASHED, Outcome.UNAVAILABLE)
    assert answer.forward.proved is (None if undecided else False)
    assert answer.verdict is (None if undecided else False)
    assert len(answer.forward.attempts) == len(ALL)


@pytest.mark.parametrize("play", ["unnamed", "nearly named"])
def test_the_suggestion_must_name_the_assumed_theorem(replay: MakeReplay, play: str) -> None:
    answer = climb(PAIR, replay(a={"exact?": play}, b=EXACT), BEQ_L)
    assert (answer.verdict, outcomes(answer, False)) == (False, {"exact?": Outcome.UNUSED})
    # Only where the rung is a search: `apply` names it itself.
    assert beq_plus(PAIR, replay(a={"apply": play}, b=EXACT)).verdict is True


def test_a_later_rung_makes_good_for_one_that_crashed(replay: MakeReplay) -> None:
    answer = beq_plus(PAIR, replay(b={"exact?": "crashed", "convert using 0": "proved"}, a=EXACT))
    assert answer.verdict is True
    assert outcomes(answer)["exact?"] is Outcome.CRASHED


@pytest.mark.parametrize("guard", ["assumption", "alone"])
def test_without_its_guard_nothing_is_shown(replay: MakeReplay, guard: str) -> None:
    rules = {guard: "crashed", "have": "proved", "convert using 0": "proved"}
    answer = beq_plus(PAIR, replay(b=rules, a=EXACT))
    assert (answer.verdict, answer.forward.proved) == (None, None)
    assert answer.forward.attempts[-1].rung == guard
    timed_out = replay(b={guard: "timeout", "convert using 0": "proved"}, a=EXACT)
    assert beq_plus(PAIR, timed_out).verdict is True  # as in the paper's code


def test_a_refuted_direction_outweighs_an_open_one(replay: MakeReplay) -> None:
    assert beq_plus(PAIR, replay(b={"apply": "crashed"})).verdict is False


# -- before any rung ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_statement_that_does_not_elaborate(replay: MakeReplay, side: str) -> None:
    prover = replay(statements=f"ill {side}", a=EXACT, b=EXACT)
    answer = beq_plus(PAIR, prover)
    assert (answer.verdict, answer.ill_typed) == (False, (side,))
    assert f"{side} does not elaborate: Unknown identifier" in answer.detail
    assert len(prover.texts) == 1


@pytest.mark.parametrize(
    ("play", "words"),
    [
        ("silent", "no sign that Lean took a and b"),
        ("elsewhere", "no sign that Lean took b"),
        ("more", "a helper holds a `sorry`"),
        ("timeout", "timeout: played"),
        ("crashed", "crashed: played"),
        ("unavailable", "unavailable: played"),
    ],
)
def test_what_leaves_a_pair_open_from_the_beginning(replay: MakeReplay, play: str, words: str) -> None:
    pair = Pair(PAIR.header, "def f : ℕ := sorry", PAIR.a, "def f : ℕ := sorry", PAIR.b)
    prover = replay(statements=play, a=EXACT, b=EXACT)
    answer = beq_plus(pair, prover)
    assert (answer.verdict, answer.forward.proved, answer.backward.proved) == (None, None, None)
    assert words in answer.detail
    assert len(prover.texts) == 1


def test_an_error_before_both_sides_is_neither_s(replay: MakeReplay) -> None:
    pair = Pair(PAIR.header, "open Nowhere", PAIR.a, "open Nowhere", PAIR.b)
    answer = beq_plus(pair, replay(statements="ill header", a=EXACT, b=EXACT))
    assert (answer.verdict, answer.ill_typed) == (None, ())
    assert "unknown namespace `Nowhere`" in answer.detail


def test_refused_and_unreadable_pairs_never_reach_the_prover(replay: MakeReplay) -> None:
    prover = replay(a=EXACT, b=EXACT)
    hostile = Pair(PAIR.header, "", PAIR.a, "", 'theorem right : 1 = 1 := by run_tac IO.println ""')
    answer = beq_plus(hostile, prover)
    assert (answer.verdict, outcomes(answer)) == (None, {"statements": Outcome.REFUSED})
    assert "b: not given to Lean" in answer.detail
    two = Pair(PAIR.header, "", f"{PAIR.a}\n\n{PAIR.b}", "", PAIR.b)
    answer = beq_plus(two, prover)
    assert (answer.verdict, answer.forward.attempts) == (None, ())
    assert "2 theorems" in answer.detail
    assert prover.texts == []


def test_equal_texts_are_no_evidence(replay: MakeReplay) -> None:
    same = Pair(PAIR.header, "", PAIR.a, "", PAIR.a)
    assert beq_plus(same, replay()).verdict is False
    assert beq_plus(same, replay(statements="unavailable")).verdict is None


def test_time_limits(replay: MakeReplay) -> None:
    prover = replay()
    beq(PAIR, prover)
    assert set(prover.limits) == {120.0}
    beq_plus(PAIR, prover := replay(), seconds=7)
    assert set(prover.limits) == {7}
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="time limit"):
            beq(PAIR, replay(), seconds=wrong)


# -- proposed proofs ---------------------------------------------------------------------------------------


def proposing(*proofs: str) -> tuple[Callable[[str], Sequence[str]], list[str]]:
    asked: list[str] = []

    def propose(text: str) -> Sequence[str]:
        asked.append(text)
        return proofs

    return propose, asked


def test_proposals_come_after_the_search(replay: MakeReplay) -> None:
    propose, asked = proposing("intro k\nexact foo k", "have h := foo\nexact h", "have h := foo\nexact h")
    prover = replay(a={"proposal": "proved"}, b={"proposal": "proved"})
    answer = beq(PAIR, prover, propose)
    assert answer.verdict is True
    assert answer.method == "beq 1 with proposals"
    assert (answer.forward.rung, answer.forward.proof) == ("proposal 1", "intro k\nexact foo k")
    assert [a.rung for a in answer.forward.attempts] == ["exact?", "proposal 1"]
    assert len(asked) == 2
    assert asked[0].startswith("import Mathlib\n\ntheorem cramf_")
    assert asked[0].endswith("(m : ℕ) : m + 1 > m := by")
    assert asked[1].endswith("(n : ℕ) : n < n + 1 := by")


def test_a_proposal_must_use_the_assumed_theorem(replay: MakeReplay) -> None:
    propose, _ = proposing("exact foo", "exact bar", "exact foo")
    answer = beq(PAIR, replay(a=EXACT, b={"proposal": "proved alone"}), propose)
    assert answer.verdict is False
    assert [a.outcome for a in answer.forward.attempts[1:]] == [Outcome.UNUSED] * 2


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "   \n ",
        "exact (sorry)",
        "intro x\nadmit",
        "by_contra h\nexact h",
        "omega",
        "intro x; omega\nsimp",
        "exact foo\n\ntheorem evil : False := foo",
        "exact foo\nend\nexact foo",
        "have : False := by native_decide\nexact foo",
        "exact foo -- {assumed}",
        "rw [{assumed}]",
        'exact foo "',
        "exact foo\n#print axioms foo",
        "exact by run_tac foo",
        "·",
    ],
)
def test_proposals_that_never_reach_lean(replay: MakeReplay, proof: str) -> None:
    propose, _ = proposing(proof)
    prover = replay(a={"proposal": "proved"}, b={"proposal": "proved"})
    answer = beq(PAIR, prover, propose)
    assert answer.verdict is False
    assert outcomes(answer)["proposal 1"] is Outcome.REFUSED
    assert (prover.rungs("a"), prover.rungs("b")) == (["exact?"], ["exact?"])


# -- many --------------------------------------------------------------------------------------------------


def test_many_pairs_keep_their_order(replay: MakeReplay) -> None:
    hostile = Pair("import Evil", "", PAIR.a, "", PAIR.b)
    pairs = [PAIR, hostile, PAIR, PAIR] * 5
    prover = replay(a=EXACT, b=EXACT)
    answers = compare_many(pairs, prover, partial(beq_plus, seconds=3), workers=4)
    assert [answer.verdict for answer in answers] == [True, None, True, True] * 5
    assert compare_many([], prover, beq) == []
    with pytest.raises(InputError, match="number of workers"):
        compare_many(pairs, prover, beq, workers=0)


def test_an_exception_closes_the_prover(replay: MakeReplay) -> None:
    prover = replay(a=EXACT, b=EXACT)
    closed: list[bool] = []
    prover.close = lambda: closed.append(True)

    def compare(pair: Pair, prover: Any) -> Equivalence:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_many([PAIR] * 3, prover, compare, workers=2)
    assert closed == [True]
