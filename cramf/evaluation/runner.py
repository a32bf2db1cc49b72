"""Runs an evaluation: answers what has no answer yet, and keeps each answer as soon as it is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from cramf.errors import BackendError
from cramf.evaluation.environment_record import environment_record
from cramf.evaluation.executors import Executor, LocalExecutor
from cramf.evaluation.problems import Problem
from cramf.evaluation.run_directory import WHOLE, RunDirectory, Shard
from cramf.evaluation.work import Answer, Failed, Task, Work, tasks

__all__ = ["Progress", "Run", "answered", "run"]

MAX_FAILURES: Final = 5
"""So many failures of a language model at the start, without one result, end the run."""
_LOCAL: Final = LocalExecutor()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: problems wanted, those that had an answer before, answers so far by outcome."""

    wanted: int
    resumed: int
    outcomes: Mapping[str, int]

    @property
    def done(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Run:
    """The problems wanted with their answers, in the data's order; None where another shard is to answer."""

    problems: tuple[Problem, ...]
    answers: tuple[Answer | None, ...]
    resumed: int = 0

    @property
    def pending(self) -> int:
        return self.answers.count(None)

    @property
    def failures(self) -> dict[str, int]:
        """How many problems have no result, by the kind of failure."""
        return dict(
            Counter(str(a.failure.kind) for a in self.answers if a is not None and a.failure is not None)
        )


def run(
    work: Work,
    directory: RunDirectory,
    executor: Executor = _LOCAL,
    *,
    shard: Shard = WHOLE,
    limit: int | None = None,
    on_progress: Callable[[Progress], object] = lambda _: None,
) -> Run:
    """Answer all problems of a directory that have none; `limit` are the first so many of the data.

    What has a result is not done again, nor what could never have one; other failures are tried again, and
    results for which Lean was missing. An interrupt, a kill or a full disk loses at most what was under way.

    Raises:
        BackendError: where the language model fails `MAX_FAILURES` times at the start without one result.
        ResourceError: where results cannot be written, or another process writes those of this shard.
    """
    wanted = tasks(directory.settings, directory.problems[:limit])
    mine = wanted[shard.index - 1 :: shard.count]
    with directory.journal(shard) as journal:
        before = directory.answers()
        answers = {key: answer for key, answer in before.items() if answer.final}
        todo = [task for task in mine if task.key not in answers]
        directory.add_session({**environment_record(), **_asked(executor, shard, limit), "todo": len(todo)})
        outcomes = Counter(_outcome(answers[task.key]) for task in mine if task.key in answers)
        resumed = outcomes.total()
        on_progress(Progress(len(mine), resumed, dict(outcomes)))
        failed = 0
        hopeful = resumed > 0
        with closing(executor.run(work, todo)) as stream:  # type: ignore[type-var]
            for task, answer in stream:
                journal.add(task.key, _line(task, answer))
                answers[task.key] = answer.after(before.get(task.key))
                if answer.failure is None or answer.failure.kind is not Failed.BACKEND:
                    hopeful = True
                elif not hopeful and (failed := failed + 1) == min(MAX_FAILURES, len(todo)):
                    raise BackendError(answer.failure.message, answer.failure.mend)
                outcomes[_outcome(answer)] += 1
                on_progress(Progress(len(mine), resumed, dict(outcomes)))
    if shard.count > 1:
        # What other shards have found since this one began, and where they failed.
        answers = directory.answers()
    return Run(directory.problems[:limit], tuple(answers.get(task.key) for task in wanted), resumed)


def answered(directory: RunDirectory, limit: int | None = None) -> Run:
    """What a directory holds, without working on it; `limit` as in `run`, that of the last session if None.

    Raises:
        InputError: where a file of it is damaged.
    """
    if limit is None:
        sessions = directory.sessions()
        limit = sessions[-1].get("limit") if sessions else None
    wanted = tasks(directory.settings, directory.problems[:limit])
    answers = directory.answers()
    found = tuple(answers.get(task.key) for task in wanted)
    return Run(directory.problems[:limit], found, len(found) - found.count(None))


def _asked(executor: Executor, shard: Shard, limit: int | None) -> dict[str, Any]:
    return {"executor": executor.name, "shard": str(shard), "limit": limit}


def _outcome(answer: Answer) -> str:
    return "answered" if answer.failure is None else str(answer.failure.kind)


def _line(task: Task, answer: Answer) -> dict[str, Any]:
    """What the journal keeps of an answer: its fields, which the journal makes JSON of."""
    return {
        "name": task.problem.name,
        "result": answer.result,
        "failure": answer.failure,
        "ms": answer.ms,
        **({"again": True} if answer.again else {}),
    }
