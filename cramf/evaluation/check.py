"""Checking evaluated: what a checker says of the formal statements of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cramf.check.verdict import Candidate, Status
from cramf.errors import InputError
from cramf.evaluation.formalize import described_verdict
from cramf.evaluation.problems import Problem
from cramf.evaluation.resources import WARM_UP, CheckerSpec
from cramf.evaluation.work import Done

if TYPE_CHECKING:
    from cramf.check.verdict import Checker

__all__ = ["CheckWork", "candidate_of"]


@dataclass(frozen=True, slots=True)
class CheckWork:
    """Asks a checker about the reference of each problem."""

    checker: CheckerSpec = field(default_factory=CheckerSpec)

    @property
    def kind(self) -> str:
        return "check"

    def settings(self) -> Mapping[str, Any]:
        """What the checker's verdicts depend on."""
        return {"checker": self.checker.settings()}

    @contextmanager
    def open(self) -> Iterator[_Worker]:
        """A worker with the checker at hand.

        Raises:
            InputError, ResourceError: where it cannot be opened.
        """
        from cramf.check.static import StaticChecker

        with self.checker.open() as checker:
            if isinstance(checker, StaticChecker):
                checker.check(WARM_UP)  # its tables are read with the first candidate
            yield _Worker(checker)


@dataclass(frozen=True, slots=True)
class _Worker:
    checker: Checker

    def __call__(self, problem: Problem) -> Done:
        verdict = self.checker.check(candidate_of(problem))
        return Done(described_verdict(verdict), again=verdict.status is Status.UNAVAILABLE)


def candidate_of(problem: Problem) -> Candidate:
    """The reference of a problem as a checker takes it.

    Raises:
        InputError: where it has none.
    """
    if problem.formal is None:
        raise InputError(f"{problem.place or problem.name} has no formal statement", "leave the row out")
    return Candidate(problem.name, problem.header, problem.formal, problem.helper)
