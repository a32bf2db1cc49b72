"""The figures of checking, with checkers that are made here and the static one on a small index."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cramf.check.base import BaseChecker
from cramf.check.verdict import Candidate, Diagnostic, Identity, Severity, Status, Verdict
from cramf.errors import InputError, KnowledgeBaseError
from cramf.evaluation.check import CheckWork, candidate_of
from cramf.evaluation.check_scores import score_check
from cramf.evaluation.problems import Problem
from cramf.evaluation.resources import CheckerSpec, index_record
from cramf.evaluation.runner import Run
from cramf.evaluation.scores import Scored
from cramf.evaluation.work import Answer, Failed, Failure, answer
from cramf.jsonable import dumps


class Told(BaseChecker):
    """Gives the verdict that the statement names."""

    name = "told"

    def __init__(self, elaborates: bool = False) -> None:
        self.elaborates = elaborates
        self.asked: list[Candidate] = []

    def identity(self) -> Identity:
        return Identity("told", "1")

    def check(self, candidate: Candidate) -> Verdict:
        self.asked.append(candidate)
        status = Status(candidate.statement.split()[-1])
        found: tuple[Diagnostic, ...] = ()
        if status is Status.INVALID:
            found = (
                Diagnostic(Severity.ERROR, "no Foo", "unknown_identifier", "Foo", 1, 3),
                Diagnostic(Severity.ERROR, "no Bar", "unknown_identifier", "Bar"),
                Diagnostic(Severity.ERROR, "odd", "syntax"),
                Diagnostic(Severity.WARNING, "dull", "style"),
            )
        return Verdict(self.name, status, found, self.elaborates and status.positive, "told so", 3.25)


def problem(name: str, status: str, expected: bool | None = None, split: str = "") -> Problem:
    return Problem(name, formal=f"theorem {name} : {status}", expected=expected, split=split)


PROBLEMS = [
    problem("a", "valid", True, "valid"),
    problem("b", "valid_with_sorry", True, "valid"),
    problem("c", "invalid", True, "valid"),
    problem("d", "timeout", True, "test"),
    problem("e", "invalid", False, "test"),
    problem("f", "valid", False, "test"),
    problem("g", "crashed", None, "test"),
]


@pytest.fixture
def checker(monkeypatch: pytest.MonkeyPatch) -> Told:
    """The checker that every work opens."""
    made = Told()
    monkeypatch.setattr(CheckerSpec, "open", lambda self: made)
    return made


def answers(problems: Sequence[Problem]) -> list[Answer]:
    with CheckWork().open() as worker:
        return [answer(worker, each) for each in problems]


def scored(problems: Sequence[Problem], given: Sequence[Answer], seed: int = 0) -> Scored:
    return score_check(Run(tuple(problems), tuple(given)), {"checker": {"name": "told"}}, seed)


def value(share: Mapping[str, Any]) -> float:
    return float(share["wilson"]["value"])


def test_an_answer_is_the_whole_verdict_but_its_time(checker: Told) -> None:
    own = replace(PROBLEMS[4], header="import Mathlib\nopen Nat", helper="def Foo := 1")
    (got,) = answers([own])
    assert checker.asked == [Candidate("e", "import Mathlib\nopen Nat", own.formal or "", "def Foo := 1")]
    result = json.loads(dumps(got.result))
    assert (result["checker"], result["status"], result["elaborated"]) == ("told", "invalid", False)
    assert result["detail"] == "told so"
    first = result["diagnostics"][0]
    assert (first["name"], first["line"], first["column"], first["part"]) == ("Foo", 1, 3, "statement")
    assert len(result["diagnostics"]) == 4
    assert "seconds" not in result
    assert got.ms["all"] > 0


def test_a_problem_without_a_formal_statement_is_a_failure_for_good(checker: Told) -> None:
    with pytest.raises(InputError, match=r"x\.jsonl:3 has no formal statement"):
        candidate_of(Problem("a", "words", place="x.jsonl:3"))
    (got,) = answers([Problem("a", "words")])
    assert got.failure is not None
    assert (got.failure.kind, got.failure.message) == (Failed.INPUT, "a has no formal statement")
    assert checker.asked == []


@pytest.mark.usefixtures("checker")
def test_the_figures_by_hand() -> None:
    figures = scored(PROBLEMS, answers(PROBLEMS)).figures
    assert (figures["n"], figures["checker"], figures["by_lean"]) == (7, "told", False)
    compiled = figures["compile"]
    assert (compiled["n"], compiled["written"], compiled["undecided"]) == (7, 7, 2)
    assert (compiled["of_all"]["hits"], compiled["of_all"]["n"]) == (3, 7)
    assert value(compiled["of_written"]) == pytest.approx(3 / 7)
    assert figures["statuses"] == {
        "valid": 2,
        "invalid": 2,
        "valid_with_sorry": 1,
        "timeout": 1,
        "crashed": 1,
    }
    # A category counts a statement once, and warnings are no errors.
    assert figures["categories"] == {"unknown_identifier": 2, "syntax": 2}
    # Of four good ones one is found invalid and one does not pass in time; of two bad ones one is found.
    alarms, detected = figures["false_alarms"], figures["detected"]
    assert (alarms["hits"], alarms["n"], value(alarms)) == (2, 4, 0.5)
    assert (detected["hits"], detected["n"], value(detected)) == (1, 2, 0.5)
    assert {name: value(rate["of_all"]) for name, rate in figures["splits"].items()} == {
        "valid": pytest.approx(2 / 3),
        "test": 1 / 4,
    }
    assert 0 < figures["ms"]["p50"] <= figures["ms"]["p99"]
    for share in (compiled["of_all"], alarms):
        for interval in (share["wilson"], share["bootstrap"]):
            assert 0 <= interval["low"] <= interval["value"] <= interval["high"] <= 1
    again = scored(PROBLEMS, answers(PROBLEMS)).figures
    assert {**again, "ms": None} == {**figures, "ms": None}
    assert dumps({**again, "ms": None}) == dumps({**figures, "ms": None})


@pytest.mark.usefixtures("checker")
def test_a_row_for_each_problem() -> None:
    rows = scored(PROBLEMS, answers(PROBLEMS)).rows
    assert [row["name"] for row in rows] == list("abcdefg")
    assert [row["valid"] for row in rows] == [True, True, False, False, False, True, False]
    assert [row["expected"] for row in rows] == [True] * 4 + [False] * 2 + [None]
    assert rows[2]["categories"] == ["unknown_identifier", "unknown_identifier", "syntax"]
    assert rows[2]["names"] == ["Foo", "Bar"]
    assert {row["failure"] for row in rows} == {None}


@pytest.mark.usefixtures("checker")
def test_where_nothing_is_expected_neither_share_is_there() -> None:
    alone = [PROBLEMS[6], problem("h", "valid")]
    figures = scored(alone, answers(alone)).figures
    assert (figures["false_alarms"], figures["detected"]) == (None, None)
    good = scored(PROBLEMS[:2], answers(PROBLEMS[:2])).figures
    assert (value(good["false_alarms"]), good["detected"]) == (0, None)


@pytest.mark.usefixtures("checker")
def test_a_failure_has_not_passed_in_any_figure() -> None:
    failed = Answer(None, Failure(Failed.QUARANTINED, "each process died"), {})
    given = answers(PROBLEMS[:2])
    one = scored([PROBLEMS[0], PROBLEMS[1], PROBLEMS[4]], [given[0], failed, failed])
    figures = one.figures
    assert figures["n"] == figures["compile"]["n"] == 3
    assert value(figures["compile"]["of_all"]) == pytest.approx(1 / 3)
    assert figures["compile"]["written"] == 1
    assert (figures["false_alarms"]["hits"], figures["false_alarms"]["n"]) == (1, 2)
    # Nobody found it bad.
    assert (figures["detected"]["hits"], figures["detected"]["n"]) == (0, 1)
    assert figures["statuses"] == {"valid": 1}
    assert [row["failure"] for row in one.rows] == [None, "quarantined", "quarantined"]
    assert one.rows[1]["detail"] == "each process died"


def test_lean_is_named_where_it_elaborated(checker: Told) -> None:
    checker.elaborates = True
    assert scored(PROBLEMS, answers(PROBLEMS)).figures["by_lean"] is True
    assert scored(PROBLEMS[2:5], answers(PROBLEMS[2:5])).figures["by_lean"] is False


def test_no_problems_no_figures() -> None:
    figures = scored([], []).figures
    assert (figures["n"], value(figures["compile"]["of_all"])) == (0, 0)
    assert figures["ms"] == {"p50": 0, "p99": 0}


def test_the_static_checker_itself(sample_index: Path) -> None:
    work = CheckWork(CheckerSpec(index=sample_index))
    good = Problem("a", formal="theorem a (G : Type) [MyGroup G] : True := by sorry", expected=True)
    bad = Problem("b", formal="theorem b (G : Type) [MyGruop G] : True := by sorry", expected=False)
    with work.open() as worker:
        given = [answer(worker, each) for each in (good, bad)]
    figures = score_check(Run((good, bad), tuple(given)), work.settings()).figures
    assert (figures["checker"], figures["by_lean"]) == ("static", False)
    assert (figures["statuses"], value(figures["false_alarms"])) == ({"valid": 1, "invalid": 1}, 0)
    assert value(figures["detected"]) == 1
    assert given[1].result is not None
    assert given[1].result["diagnostics"][0]["name"] == "MyGruop"


def test_settings_tell_all_that_verdicts_depend_on(sample_index: Path) -> None:
    work = CheckWork(CheckerSpec(index=sample_index))
    told = work.settings()["checker"]
    assert (told["name"], told["index"], len(told["core"])) == ("static", index_record(sample_index), 64)
    assert pickle.loads(pickle.dumps(work)) == work
    lake = CheckWork(CheckerSpec("lake"))
    patient = CheckWork(CheckerSpec("lake", timeout_seconds=9))
    assert len({dumps(each.settings()) for each in (work, lake, patient)}) == 3
    # How many check at a time, and whether verdicts are looked up, changes none.
    wide = CheckWork(CheckerSpec("repl", workers=4, cached=False))
    assert wide.settings() == CheckWork(CheckerSpec("repl")).settings()
    with pytest.raises(KnowledgeBaseError):
        CheckWork(CheckerSpec(index=sample_index / "nowhere")).settings()


@pytest.mark.parametrize(
    "spec",
    [
        CheckerSpec(timeout_seconds=1),
        CheckerSpec(memory_bytes=1 << 30),
        CheckerSpec(workspace=Path("x")),
        CheckerSpec(url="http://x"),
        CheckerSpec("lake", index=Path("x")),
    ],
)
def test_an_option_that_is_of_no_use_to_the_checker_is_refused(spec: CheckerSpec) -> None:
    with pytest.raises(InputError, match="is of no use to the checker"), CheckWork(spec).open():
        pass


def test_what_nobody_could_check_is_undecided_and_asked_again(checker: Told) -> None:
    problems = [problem("a", "unavailable"), problem("b", "crashed"), problem("c", "timeout")]
    found = answers(problems)
    # Lean may be there next time; it crashes and runs out of time again on the same statement.
    assert [each.again for each in found] == [True, False, False]
    assert [each.final for each in found] == [False, True, True]
