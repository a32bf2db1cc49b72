"""Candidates, verdicts and the protocol that all checkers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

__all__ = ["Candidate", "Checker", "Diagnostic", "Identity", "Part", "Severity", "Status", "Verdict"]


class Part(StrEnum):
    """The part of a candidate that a position counts in."""

    HEADER = "header"
    HELPER = "helper"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Lean 4 statement to be checked.

    `header` holds imports, `open`s and options; `statement` one theorem ending in `:= by sorry`; `helper`
    definitions that stand between the two.
    """

    name: str
    header: str
    statement: str
    helper: str = ""

    @property
    def segments(self) -> tuple[tuple[Part, str], ...]:
        """The parts in their order in `source`, with plain newlines and without blanks at their ends."""
        parts = ((Part.HEADER, self.header), (Part.HELPER, self.helper), (Part.STATEMENT, self.statement))
        texts = ((part, text.replace("\r\n", "\n").rstrip()) for part, text in parts)
        return tuple((part, text) for part, text in texts if text or part is not Part.HELPER)

    @property
    def source(self) -> str:
        """The whole Lean file: the parts, an empty line between each two."""
        return "\n\n".join(text for _, text in self.segments) + "\n"

    def locate(self, line: int) -> tuple[Part, int]:
        """The part that holds a line of `source` (from 1), and that line's number in the part (from 1).

        The empty line between two parts belongs to the first; past the end is the last part's.
        """
        last = self.segments[-1][0]
        for part, text in self.segments:
            size = text.count("\n") + 2
            if line <= size or part is last:
                return part, line
            line -= size
        raise AssertionError("a candidate has a last part")

    def line_of(self, part: Part) -> int:
        """Number of the line of `source` (from 1) that a part begins in."""
        line = 1
        for own, text in self.segments:
            if own is part:
                return line
            line += text.count("\n") + 2
        return line


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
    """One message about a candidate; `line` (from 1) and `column` (from 0, code points) count in `part`.

    `line` is None for a message without a position. `name` is the identifier complained about, and
    `suggestions` what may stand in its place, best first. The end is that of the marked span.
    """

    severity: Severity
    message: str
    category: str = "other"
    name: str | None = None
    line: int | None = None
    column: int | None = None
    suggestions: tuple[str, ...] = ()
    part: Part = Part.STATEMENT
    end_line: int | None = None
    end_column: int | None = None


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


@dataclass(frozen=True, slots=True)
class Identity:
    """What a checker's verdicts depend on besides the candidate: part of the key of a verdict cache."""

    checker: str
    version: str
    """Version of the checker's own rules, raised whenever a verdict could change."""
    toolchain: str = ""
    mathlib: str = ""
    """Mathlib commit, or the checksum of the index of one."""


@runtime_checkable
class Checker(Protocol):
    """Anything that can say whether a candidate stands. `cramf.check.base.BaseChecker` fills in the rest."""

    @property
    def name(self) -> str: ...

    def check(self, candidate: Candidate) -> Verdict: ...

    def check_many(self, candidates: Sequence[Candidate], progress: bool = False) -> list[Verdict]:
        """One verdict a candidate, in their order; `progress` shows a bar on standard error."""
        ...

    def identity(self) -> Identity: ...
