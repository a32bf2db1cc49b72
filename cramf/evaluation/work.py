"""What an evaluation does to each problem, and what comes of it.

A *work* says what is to be done, as plain values that can be sent to another process; a *worker* is a work
that has been opened there, with index, model and checker at hand. The result of a problem depends on the work
and the problem alone, whoever computes it and in whatever order; only the milliseconds differ.
"""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from cramf.errors import BackendError, CramfError, InputError
from cramf.evaluation.problems import Problem
from cramf.jsonable import dumps

__all__ = ["Answer", "Done", "Failed", "Failure", "Task", "Work", "Worker", "answer", "digest", "tasks"]

_CONTENT = ("name", "statement", "formal", "header", "helper", "gold", "split")


class Failed(StrEnum):
    """Why there is no result."""

    INPUT = "input"
    """The problem cannot be used: trying again changes nothing."""
    BACKEND = "backend"
    """The language model failed."""
    DEFECT = "defect"
    """An error that nobody foresaw."""
    QUARANTINED = "quarantined"
    """Each process that worked on it died."""

    @property
    def final(self) -> bool:
        """Whether a run that goes on leaves it as it is; the others are tried again."""
        return self is Failed.INPUT


@dataclass(frozen=True, slots=True)
class Failure:
    kind: Failed
    message: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A result as JSON values, and the milliseconds that its parts took, by name; `again` as in `Answer`."""

    result: Mapping[str, Any]
    ms: Mapping[str, float] = field(default_factory=dict)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one problem: a result or a failure. Two that differ in `ms` alone are equal.

    `again`: something was missing, such as Lean, without which the result says little. It counts as it is,
    and a run that goes on tries the problem once more.
    """

    result: Mapping[str, Any] | None
    failure: Failure | None = None
    ms: Mapping[str, float] = field(default_factory=dict, compare=False)
    again: bool = False

    def __post_init__(self) -> None:
        if (self.result is None) == (self.failure is None):
            raise ValueError("an answer holds either a result or a failure")

    @property
    def final(self) -> bool:
        """Whether a run that goes on leaves it as it is."""
        return not self.again if self.failure is None else self.failure.kind.final

    def after(self, old: Answer | None) -> Answer:
        """What stands of this and an older answer to the same: the last result, else the last failure."""
        return self if old is None or old.result is None or self.result is not None else old


class Worker(Protocol):
    """A work that has been opened."""

    def __call__(self, problem: Problem) -> Done: ...


class Work(Protocol):
    """What is done to each problem. It can be pickled."""

    @property
    def kind(self) -> str:
        """The command that does it: `retrieval`, `formalize` or `check`."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """All that the results depend on besides the problem, as JSON values: checksums of the index too."""
        ...

    def open(self) -> AbstractContextManager[Worker]:
        """A worker in this process.

        Raises:
            ResourceError: where something that it needs is missing.
        """
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """A problem under its key, a hash of the work's settings and of the problem's content."""

    key: str
    problem: Problem


def digest(value: Any) -> str:
    """32 hexadecimal digits that tell JSON values apart."""
    return hashlib.sha256(dumps(value).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def tasks(settings: Mapping[str, Any], problems: tuple[Problem, ...]) -> list[Task]:
    """The problems with their keys, in their order."""
    base = digest(settings)
    return [Task(digest([base, *(getattr(p, name) for name in _CONTENT)]), p) for p in problems]


def answer(worker: Worker, problem: Problem) -> Answer:
    """What a worker makes of a problem, errors included; those that end a run are raised.

    Raises:
        CramfError: one that is no matter of this problem, such as an index that is gone.
        MemoryError: when there is none left.
    """
    begun = time.perf_counter()
    try:
        done = worker(problem)
    except InputError as error:
        failure = Failure(Failed.INPUT, error.message, error.mend)
    except BackendError as error:
        failure = Failure(Failed.BACKEND, error.message, error.mend)
    except (CramfError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - one problem must not end the run of all others
        failure = Failure(Failed.DEFECT, _where(error))
    else:
        spent = {"all": 1000 * (time.perf_counter() - begun), **done.ms}
        return Answer(done.result, None, spent, done.again)
    return Answer(None, failure, {"all": 1000 * (time.perf_counter() - begun)})


def _where(error: Exception) -> str:
    """An unforeseen error in one line: the place in our own code, its type and what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    return " ".join(f"{type(error).__name__}: {error}{place}".split())
