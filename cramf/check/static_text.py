"""The text of a candidate as the static checker reads it, and positions in its parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cramf.check.verdict import Candidate, Diagnostic, Severity
from cramf.lean.lexer import Lines

__all__ = ["Text"]


@dataclass(frozen=True)
class Text:
    """A candidate's whole source; offsets in it become positions in header, helper or statement."""

    candidate: Candidate

    @cached_property
    def source(self) -> str:
        return self.candidate.source

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.source)

    def diagnostic(
        self,
        message: str,
        category: str,
        start: int,
        end: int,
        name: str | None = None,
        suggestions: tuple[str, ...] = (),
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """A diagnostic about the characters `start:end` of the source."""
        line, column = self._lines.position(start)
        part, own = self.candidate.locate(line)
        end_line, end_column = self._lines.position(end)
        return Diagnostic(
            severity,
            message,
            category,
            name,
            own,
            column,
            suggestions,
            part,
            own + end_line - line,
            end_column,
        )

    def at_line(self, message: str, line: int) -> Diagnostic:
        """A syntax error at a line of the source, its column unknown."""
        part, own = self.candidate.locate(line)
        return Diagnostic(Severity.ERROR, message, "syntax", line=own, part=part)
