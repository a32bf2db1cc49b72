"""Calibration: labelled pairs, judges of every quality, and the faithful rate."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate
from cramf.errors import BackendError, InputError
from cramf.evaluation.judge.calibration import Pair, agreement_with, calibrate, load_pairs
from cramf.evaluation.judge.judging import Judge, Outcome
from cramf.evaluation.judge.rate import faithful_rate
from cramf.evaluation.judge.rubric import load_rubric
from cramf.evaluation.judge.types import Judgement, Method, Vote
from cramf.formalize.models.chat import ChatRequest, Choice
from tests.evaluation.judge.judges import Playing, constant, failing, nonsense, perfect, random_judge

FILE = Path(__file__).parents[3] / "eval" / "judge_calibration.jsonl"


@pytest.fixture(scope="module")
def pairs() -> tuple[Pair, ...]:
    return load_pairs(FILE)


def judgement(decided: bool | None, votes: int = 1) -> Judgement:
    return Judgement("n", decided, (Vote(decided, 0),) * votes, Method.DIRECT, "r", "m")


def test_the_shipped_pairs_are_balanced_and_have_every_kind_of_fault(pairs: tuple[Pair, ...]) -> None:
    assert len(pairs) >= 60
    labels = Counter(pair.faithful for pair in pairs)
    assert labels[True] == labels[False]
    assert {pair.fault for pair in pairs if pair.fault} == load_rubric().kinds
    assert all(pair.note for pair in pairs if pair.fault)
    # Each informal statement has one of each, so that it gives the answer away to nobody.
    both = Counter((pair.question.statement, pair.faithful) for pair in pairs)
    assert set(both.values()) == {1}
    assert len(both) == 2 * len({pair.question.statement for pair in pairs})


def test_no_shipped_pair_is_simply_broken(pairs: tuple[Pair, ...]) -> None:
    with StaticChecker.open() as checker:
        for pair in pairs:
            asked = pair.question
            found = checker.check(Candidate(asked.name, asked.header, asked.formal, asked.helper))
            assert found.positive, (asked.name, found.diagnostics)


def test_a_perfect_judge_agrees_and_finds_every_fault(pairs: tuple[Pair, ...]) -> None:
    found = calibrate(Judge(perfect(pairs)), pairs)
    assert found.agreement.n == len(pairs)
    assert found.agreement.accuracy is not None
    assert found.agreement.kappa is not None
    assert found.agreement.accuracy.value == found.agreement.kappa.value == 1
    assert all(each.caught == each.named == each.n for each in found.faults.values())
    assert sum(each.n for each in found.faults.values()) == sum(not pair.faithful for pair in pairs)
    assert found.undecided == found.failed == found.unreadable == 0
    assert found.votes is not None
    assert found.votes.unanimous == len(pairs)
    assert found.judge["method"] == "direct"


def test_a_judge_that_always_says_yes_has_half_and_no_kappa(pairs: tuple[Pair, ...]) -> None:
    found = calibrate(Judge(constant(True), votes=1), pairs).agreement
    assert found.accuracy is not None
    assert found.accuracy.value == pytest.approx(0.5)
    assert found.recall is not None
    assert found.recall.value == 1
    assert found.specificity is not None
    assert found.specificity.value == 0
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0)


def test_a_judge_that_guesses_has_a_kappa_around_nothing(pairs: tuple[Pair, ...]) -> None:
    found = [calibrate(Judge(random_judge(), seed=seed), pairs) for seed in range(0, 60, 3)]
    kappas = [each.agreement.kappa.value for each in found if each.agreement.kappa is not None]
    assert len(kappas) == len(found)
    assert abs(sum(kappas) / len(kappas)) < 0.1
    between = [each.votes.kappa.value for each in found if each.votes is not None and each.votes.kappa]
    assert len(between) == len(found)
    assert abs(sum(between) / len(between)) < 0.1


def test_failures_and_nonsense_stay_in_the_count(pairs: tuple[Pair, ...]) -> None:
    known = perfect(pairs)._answer

    def answer(request: ChatRequest, call: int) -> str | Choice | BackendError:
        return "Hm." if len(request.messages[1].content) % 3 == 0 else known(request, call)

    found = calibrate(Judge(Playing(failing(4, answer)), votes=1), pairs)
    assert found.agreement.n == len(pairs)
    assert found.failed > 0
    assert found.undecided > 0
    assert found.unreadable == found.undecided
    assert found.agreement.undecided_faithful + found.agreement.undecided_unfaithful == (
        found.failed + found.undecided
    )
    assert sum(each.undecided for each in found.faults.values()) == found.agreement.undecided_unfaithful
    with pytest.raises(BackendError, match="turtles"):
        calibrate(Judge(nonsense()), pairs)


def test_figures_can_be_made_again_without_the_judge(pairs: tuple[Pair, ...], tmp_path: Path) -> None:
    out = tmp_path / "kept.jsonl"
    judge = Judge(random_judge())
    first = calibrate(judge, pairs, out)
    again = Judge(Playing(lambda request, call: "nothing is asked"))
    assert calibrate(again, pairs, out) == first
    assert again.model.asked == []  # type: ignore[attr-defined]
    with pytest.raises(ValueError):
        agreement_with(pairs, [], judge.fingerprint)


ROW = {"name": "a", "informal_statement": "i", "formal_statement": "theorem a : P", "faithful": True}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"faithful": None}, "neither true nor false"),
        ({"faithful": 1}, "neither true nor false"),
        ({"faithful": False}, "do not fit"),
        ({"fault": "arithmetic"}, "do not fit"),
        ({"name": " "}, "has no name"),
        ({"name": 3}, "name is no text"),
        ({"header": None}, "header is no text"),
        ({"informal_statement": ""}, "no informal statement"),
        ({"formal_statement": ""}, "no formal statement"),
    ],
)
def test_a_pair_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(ROW) + "\n\n" + json.dumps({**ROW, "name": "b", **changes}), encoding="utf-8")
    with pytest.raises(InputError, match=f"line 3.*{words}"):
        load_pairs(file)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "holds no pair"),
        ("{", "not JSON"),
        ("[1]", "no JSON object"),
        (f"{json.dumps(ROW)}\n{json.dumps(ROW)}", "'a' is taken"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_pairs(file)


def test_the_rate_counts_everything_that_is_not_faithful_against_it() -> None:
    outcomes: list[Outcome | None] = [judgement(True)] * 5 + [judgement(False)] * 2
    outcomes += [judgement(None, 3), BackendError("gone"), None]
    found = faithful_rate(outcomes)
    assert (found.n, found.faithful, found.unfaithful) == (10, 5, 2)
    assert (found.undecided, found.failed, found.unwritten) == (1, 1, 1)
    assert found.rate.value == pytest.approx(0.5)
    assert found.most.value == pytest.approx(0.7)
    assert found.of_decided.value == pytest.approx(5 / 7)
    assert found.rate.bootstrap.low < 0.5 < found.rate.bootstrap.high
    assert (found.votes, found.unreadable) == (10, 3)


def test_the_rate_of_nothing_claims_nothing() -> None:
    found = faithful_rate([])
    assert found.n == found.rate.n == 0
    assert (found.rate.wilson.low, found.rate.wilson.high) == (0, 1)


def test_the_verdicts_of_a_judge_give_its_rate(pairs: tuple[Pair, ...]) -> None:
    outcomes = Judge(perfect(pairs), votes=1).judge_many([pair.question for pair in pairs])
    assert faithful_rate(outcomes).rate.value == pytest.approx(0.5)
