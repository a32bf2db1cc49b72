"""What an evaluation does to a problem: keys by content, and what comes of errors."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import CramfError, ResourceError
from cramf.evaluation.problems import Problem
from cramf.evaluation.work import Answer, Done, Failed, Failure, answer, digest, tasks
from tests.evaluation.toy_works import ToyWork, problems

PROBLEM = Problem(
    "a", "One is one.", "theorem a : 1 = 1", "import Mathlib", "def f := 1", frozenset({"Nat"}), "test"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def key(problem: Problem, settings: Any = None) -> str:
    (task,) = tasks(settings or {"k": 1}, (problem,))
    return task.key


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "b"},
        {"statement": "One is one!"},
        {"formal": "theorem a : 1 = 2"},
        {"formal": None},
        {"header": "import Mathlib.Data"},
        {"helper": ""},
        {"gold": frozenset({"Nat", "Int"})},
        {"gold": None},
        {"split": "valid"},
    ],
)
def test_a_key_hangs_on_all_of_a_problems_content(changed: dict[str, Any]) -> None:
    assert key(replace(PROBLEM, **changed)) != key(PROBLEM)


def test_a_key_hangs_on_nothing_else() -> None:
    assert key(replace(PROBLEM, place="x:3", expected=True, human=False)) == key(PROBLEM)
    assert key(PROBLEM, {"k": 2}) != key(PROBLEM, {"k": 1})
    assert key(replace(PROBLEM, gold=frozenset("ba"))) == key(replace(PROBLEM, gold=frozenset("ab")))


def test_fields_do_not_run_into_each_other() -> None:
    one, other = Problem("a", "bc"), Problem("ab", "c")
    assert key(one) != key(other)


def test_tasks_keep_the_order() -> None:
    some = problems("c", "a", "b")
    assert [task.problem for task in tasks({}, some)] == list(some)


@given(JSON, JSON)
def test_a_digest_tells_values_apart(one: Any, other: Any) -> None:
    assert len(digest(one)) == 32
    # Python takes 1 and True for one; JSON does not.
    assert (digest(one) == digest(other)) == (repr(one) == repr(other))


def test_a_digest_takes_half_a_character() -> None:
    assert digest("\ud800") != digest("?")


def ask(statement: str) -> Answer:
    return answer(ToyWork(), Problem("a", statement))


def test_a_result_with_its_times() -> None:
    found = ask("four")
    assert found.result == {"letters": 4, "half": 2.0, "∑": ["é", None]} and found.failure is None
    assert set(found.ms) == {"all", "think"} and found.ms["think"] == 0.5 and found.ms["all"] >= 0


@pytest.mark.parametrize(
    ("statement", "failure", "final"),
    [
        ("unusable", Failure(Failed.INPUT, "no such sum", "write another"), True),
        ("backend", Failure(Failed.BACKEND, "the model hung", "restart it"), False),
    ],
)
def test_an_error_of_one_problem_is_its_answer(statement: str, failure: Failure, final: bool) -> None:
    found = ask(statement)
    assert (found.result, found.failure) == (None, failure)
    assert found.failure is not None and found.failure.kind.final is final
    assert "all" in found.ms


def test_a_defect_is_told_with_its_place_in_one_line() -> None:
    found = ask("defect\nof two lines").failure
    assert found is not None and found.kind is Failed.DEFECT and not found.kind.final
    assert found.message.startswith("KeyError: ") and "(__call__, line " in found.message
    assert "\n" not in found.message


def test_an_error_that_is_no_matter_of_the_problem_is_raised() -> None:
    with pytest.raises(ResourceError, match="the index is gone"):
        ask("gone")


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), SystemExit(3), CramfError("no")])
def test_what_ends_a_run_is_raised(error: BaseException) -> None:
    def worker(problem: Problem) -> Done:
        raise error

    with pytest.raises(type(error)):
        answer(worker, PROBLEM)


def test_answers_are_equal_whatever_time_they_took() -> None:
    assert Answer({"a": 1}, None, {"all": 1.0}) == Answer({"a": 1}, None, {"all": 2.0})
    assert Answer({"a": 1}) != Answer({"a": 2})


@pytest.mark.parametrize("given", [(None, None), ({}, Failure(Failed.INPUT, "no"))])
def test_an_answer_is_a_result_or_a_failure(given: tuple[Any, Any]) -> None:
    with pytest.raises(ValueError, match="either a result or a failure"):
        Answer(*given)


def test_works_and_tasks_travel_to_other_processes() -> None:
    from cramf.evaluation.check import CheckWork
    from cramf.evaluation.formalize import FormalizeWork
    from cramf.evaluation.resources import ModelSpec
    from cramf.evaluation.retrieval import RetrievalWork

    works = (CheckWork(), FormalizeWork(ModelSpec("openai:m"), "oracle"), RetrievalWork(("full",)))
    for thing in (*works, *tasks({}, (PROBLEM,))):
        assert pickle.loads(pickle.dumps(thing)) == thing
