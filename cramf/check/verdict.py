"""Candidates, verdicts and the protocol that all checkers share."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

__all__ = ["Candidate", "Checker", "Diagnostic", "Severity", "Status", "Verdict"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Lean 4 statement to be checked.

    `header` holds imports, `open`s and options; `statement` one theorem ending in `:= by sorry`.
    """

    name: str
    header: str
    statement: str

    @property
    def source(self) -> str:
        """The whole Lean file."""
        return f"{self.header.rstrip()}\n\n{self.statement.strip()}\n"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class Status(StrEnum):
    """What a checker found. Only the first two say that the candidate passed."""

    VALID = "valid"
    VALID_WITH_SORRY = "valid_with_sorry"
    INVALID = "invalid"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"

    @property
    def positive(self) -> bool:
        return self in (Status.VALID, Status.VALID_WITH_SORRY)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message about a candidate; `line` (from 1) and `column` (from 0) count in its statement.

    `line` is None for a message without a position and for one inside the header (which says so).
    """

    severity: Severity
    message: str
    category: str = "other"
    name: str | None = None
    line: int | None = None
    column: int | None = None
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one checker says of one candidate.

    `elaborated` is True only if Lean itself finished elaborating the candidate; the static checker
    never sets it. `detail` says in one line what happened and, for `unavailable`, the mend.
    """

    checker: str
    status: Status
    diagnostics: tuple[Diagnostic, ...] = ()
    elaborated: bool = False
    detail: str = ""
    seconds: float = field(default=0.0, compare=False)
    resolved: tuple[str, ...] = ()
    """Full names of the declarations that the candidate's identifiers mean, where the checker looked."""

    @property
    def positive(self) -> bool:
        return self.status.positive

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity is Severity.ERROR)


@runtime_checkable
class Checker(Protocol):
    """Anything that can say whether a candidate stands."""

    @property
    def name(self) -> str: ...

    def check(self, candidate: Candidate) -> Verdict: ...
