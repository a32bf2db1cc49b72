"""Executors: each task answered once, and the work opened once."""

from __future__ import annotations

from contextlib import closing

import pytest

from cramf.errors import ResourceError
from cramf.evaluation.executors import LocalExecutor
from cramf.evaluation.work import Answer, Task, tasks
from tests.evaluation.toy_works import ToyWork, problems

STATEMENTS = ("one", "unusable", "three", "backend", "defect", *(f"number {n}" for n in range(30)))


def answers(threads: int) -> dict[str, Answer]:
    work = ToyWork()
    found = list(LocalExecutor(threads).run(work, tasks(work.settings(), problems(*STATEMENTS))))
    assert len(found) == len(STATEMENTS) and len(work.opened) == 1
    return {task.problem.name: answer for task, answer in found}


def test_one_thread_answers_in_order() -> None:
    assert list(answers(1)) == [f"p{n}" for n in range(1, len(STATEMENTS) + 1)]


@pytest.mark.parametrize("threads", [2, 5, 99])
def test_threads_give_the_same_answers(threads: int) -> None:
    assert answers(threads) == answers(1)


def test_nothing_to_do_opens_nothing() -> None:
    work = ToyWork()
    assert list(LocalExecutor(3).run(work, [])) == []
    assert work.opened == []


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_that_ends_the_run_is_raised(threads: int) -> None:
    work = ToyWork()
    with pytest.raises(ResourceError, match="the index is gone"):
        list(LocalExecutor(threads).run(work, tasks({}, problems("one", "gone", "three"))))


@pytest.mark.parametrize("threads", [1, 4])
def test_closing_ends_the_work(threads: int) -> None:
    given = tasks({}, problems(*STATEMENTS))
    with closing(LocalExecutor(threads).run(ToyWork(), given)) as stream:  # type: ignore[type-var]
        task, answer = next(stream)
    assert isinstance(task, Task) and answer.result is not None
    assert list(stream) == []


def test_its_name() -> None:
    assert LocalExecutor().name == "local" and LocalExecutor().threads == 1
