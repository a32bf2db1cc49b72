"""What the formalizing loop asks a driver to do, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cramf.check.verdict import Candidate, Verdict
from cramf.formalize.lookups import FailingName
from cramf.formalize.types import Environment, Request, Settings
from cramf.retrieval.types import ConceptMention, Hit

__all__ = ["Action", "Collect", "Consult", "Evidence", "Judge", "Mend", "MendJob", "Sample", "Task"]


@dataclass(frozen=True, slots=True)
class Collect:
    """Find the evidence for a statement; the outcome is `Evidence`."""

    statement: str
    k: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    concepts: tuple[ConceptMention, ...]
    definitions: tuple[Hit, ...]
    environment: Environment


@dataclass(frozen=True, slots=True)
class Sample:
    """Let the backend write; the outcome is a list of drafts, an error in the place of each that failed."""

    request: Request
    n: int


@dataclass(frozen=True, slots=True)
class Judge:
    """Check candidates; the outcome is one verdict each, in their order."""

    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Consult:
    """Find definitions for failing names; the outcome is a tuple of hits for each group, in their order."""

    groups: tuple[tuple[FailingName, ...], ...]


@dataclass(frozen=True, slots=True)
class MendJob:
    """A candidate that is to be mended, and with what."""

    request: Request
    failed: Candidate
    verdict: Verdict
    found: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Mend:
    """Let the backend mend candidates; the outcome is a draft or an error for each, in their order."""

    jobs: tuple[MendJob, ...]


Action = Collect | Sample | Judge | Consult | Mend


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be formalized and what the parts at hand can do.

    `given` is the name that was asked for, None for one made by `named`, which gives a candidate of the
    backend's its final name. `name` stands in requests.
    """

    statement: str
    given: str | None
    name: str
    settings: Settings
    samples: bool
    repairs: bool
    checks: bool
    named: Callable[[Candidate], Candidate]
