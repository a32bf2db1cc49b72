"""Formalizing measured: for each row whether a statement was written, passes the static checker, and is the
reference in normal form; shares with 95% intervals.

An *arm* is what evidence a language model is given, all else being the same: no definitions, those that
retrieval finds, or those that the reference uses (the oracle). No arm gives concepts, for these name
definitions too.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from cramf.check.verdict import Checker, Status
from cramf.errors import BackendError
from cramf.evaluation.metrics import Interval, ratio_intervals
from cramf.evaluation.normal_form import Normaliser
from cramf.evaluation.references import Reference
from cramf.formalize.formalizer import Formalizer, clean_statement
from cramf.formalize.naming import statement_name
from cramf.formalize.types import Backend, Draft, Request
from cramf.retrieval.types import ConceptMention, Hit

__all__ = [
    "ARMS",
    "Definitions",
    "Milliseconds",
    "Outcome",
    "Reason",
    "Report",
    "Writer",
    "drafted",
    "evaluate_formalize",
    "formalized",
    "summary",
]

ARMS = ("none", "retrieved", "oracle")
MAX_FAILURES = 5
"""So many failures of a backend at the start, without one answer, end the run."""
_QUOTED = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+")

Writer = Callable[[Reference], Draft]
"""Writes a statement for a row, or abstains."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row. `valid`, `status` and `equal` are None where nothing was written.

    `similarity` is 0 for an abstention. `reason` says why nothing was written and `span` what could not be
    read. `ms` is the time that writing took, without checking and comparing.
    """

    name: str
    read: bool
    ms: float
    status: Status | None = None
    valid: bool | None = None
    equal: bool | None = None
    similarity: float = 0.0
    reason: str | None = None
    span: str | None = None
    header: str | None = None
    statement: str | None = None
    reference_whole: bool = True
    """Whether all of the reference could be read for the comparison."""


@dataclass(frozen=True, slots=True)
class Milliseconds:
    """Median and 99th percentile of the time that one statement takes."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why nothing was written, its quotations and numbers left out, and for how many rows."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """Shares of all `n` rows, but `valid`, which is one of those read.

    `read`: something was written. `valid`: the static checker passes it. `equal`: its normal form is the
    reference's. `similarity`: the mean of each row's, 0 where nothing was written.
    """

    n: int
    read: Interval
    valid: Interval
    equal: Interval
    similarity: Interval
    ms: Milliseconds
    abstentions: tuple[Reason, ...]
    references_whole: int
    """References that could be read as a whole for the comparison; the others are compared as far as read."""


class Definitions(Protocol):
    """Where an arm's definitions come from."""

    def __call__(self, row: Reference, k: int | None) -> Sequence[Hit]: ...


def drafted(backend: Backend) -> Writer:
    """Writes with a backend that takes no evidence."""

    def write(row: Reference) -> Draft:
        statement = clean_statement(row.statement)
        return backend.draft(Request(statement=statement, name=statement_name(statement)))

    return write


@dataclass(frozen=True, slots=True)
class _Evidence:
    """One row's evidence for a formalizer: the arm's definitions and no concepts."""

    row: Reference
    definitions: Definitions
    toolchain: str
    mathlib_commit: str
    path: Path

    def search(self, query: str, k: int | None) -> Sequence[Hit]:
        return self.definitions(self.row, k)

    def concepts(self, text: str) -> Sequence[ConceptMention]:
        return ()


def formalized(
    backend: Backend,
    definitions: Definitions,
    checker: Checker | None = None,
    *,
    toolchain: str = "",
    mathlib_commit: str = "",
    index: Path = Path(),
) -> Writer:
    """Writes with a formalizer whose definitions are those of an arm."""

    def write(row: Reference) -> Draft:
        evidence = _Evidence(row, definitions, toolchain, mathlib_commit, index)
        return Formalizer(evidence, backend, checker).formalize(row.statement).draft

    return write


def evaluate_formalize(
    rows: Sequence[Reference],
    write: Writer,
    checker: Checker,
    normalise: Normaliser,
    on_row: Callable[[Outcome], object] = lambda _: None,
) -> list[Outcome]:
    """The outcome of each row, in their order; `on_row` is told of each.

    A row for which a backend fails counts as one for which nothing was written.

    Raises:
        BackendError: where it fails `MAX_FAILURES` times at the start without one answer.
    """
    outcomes: list[Outcome] = []
    answered = False
    for row in rows:
        begun = time.perf_counter()
        try:
            draft = write(row)
        except BackendError as error:
            if not answered and len(outcomes) + 1 >= min(MAX_FAILURES, len(rows)):
                raise
            spent = 1000 * (time.perf_counter() - begun)
            outcome = Outcome(row.name, False, spent, reason=f"the backend failed: {error.message}")
        else:
            spent = 1000 * (time.perf_counter() - begun)
            answered = True
            outcome = _judged(row, draft, spent, checker, normalise)
        outcomes.append(outcome)
        on_row(outcome)
    return outcomes


def _judged(row: Reference, draft: Draft, ms: float, checker: Checker, normalise: Normaliser) -> Outcome:
    reference = normalise(row.formal, row.header)
    candidate = draft.candidate
    if candidate is None:
        left = draft.abstention
        reason, span = (left.reason, left.text) if left is not None else ("nothing was written", "")
        return Outcome(row.name, False, ms, reason=reason, span=span, reference_whole=reference.whole)
    status = checker.check(candidate).status
    written = normalise(candidate.statement, candidate.header)
    return Outcome(
        row.name,
        True,
        ms,
        status,
        status.positive,
        # Definitions of its own may stand under the same name for something else.
        written.key == reference.key and candidate.helper.split() == row.helper.split(),
        written.similarity(reference),
        header=candidate.header,
        statement=candidate.statement,
        reference_whole=reference.whole,
    )


def _shares(rows: Sequence[tuple[float, ...]], number: int) -> list[Interval]:
    """The means of columns with their intervals."""
    values = np.array(rows, dtype=np.float64).reshape(len(rows), number)
    return ratio_intervals(np.stack([values, np.ones_like(values)], axis=-1))


def summary(outcomes: Sequence[Outcome]) -> Report:
    """The shares of outcomes, with 95% bootstrap intervals over the rows (`cramf.evaluation.metrics`)."""
    read, equal, similarity = _shares([(o.read, bool(o.equal), o.similarity) for o in outcomes], 3)
    # Of those read alone, for a resample of all rows may hold none of them.
    (valid,) = _shares([(bool(o.valid),) for o in outcomes if o.read], 1)
    p50, p99 = np.percentile([o.ms for o in outcomes], [50, 99]) if outcomes else (0.0, 0.0)
    reasons = Counter(_QUOTED.sub("…", o.reason) for o in outcomes if o.reason is not None)
    return Report(
        n=len(outcomes),
        read=read,
        valid=valid,
        equal=equal,
        similarity=similarity,
        ms=Milliseconds(float(p50), float(p99)),
        abstentions=tuple(Reason(*item) for item in sorted(reasons.items(), key=lambda i: (-i[1], i[0]))),
        references_whole=sum(o.reference_whole for o in outcomes),
    )
