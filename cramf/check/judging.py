"""From the answer of a Lean REPL to a verdict: one judgement for every checker that speaks with a REPL.

Nothing in an answer is taken on trust: whatever could not be read is `crashed`, and `valid` needs an answer
that says that Lean came to the end.

A REPL hands the options of the lakefile to nobody, and Lean's own `autoImplicit` would let a misspelt name
pass as a variable. So the options are set by `set_option` lines of our own, between imports and the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cramf.check.verdict import Candidate, Diagnostic, Part, Severity, Status, Verdict
from cramf.lean.messages import Message, ReplResponse, classify

__all__ = [
    "Locate",
    "Outcome",
    "judge",
    "judge_header",
    "one_line",
    "set_options",
    "split_imports",
    "statement_missing",
    "text_after_header",
]

Locate = Callable[[int], tuple[Part, int]]
"""Part and line in it (from 1) of a line that an answer counts in."""

_SEVERITIES = {s.value: s for s in Severity}
_BROKEN = re.compile(r"(?i:out of memory|bad_alloc|stack overflow|segmentation fault)|PANIC at")
_IMPORT = re.compile(r"^[ \t]*import[ \t][^\n]*", re.MULTILINE)
_TAIL = 600  # characters of a message that a verdict's detail carries


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer amounts to: a verdict without the checker's name and the time."""

    status: Status
    detail: str
    diagnostics: tuple[Diagnostic, ...] = ()
    elaborated: bool = False

    def verdict(self, checker: str, seconds: float) -> Verdict:
        return Verdict(checker, self.status, self.diagnostics, self.elaborated, self.detail, seconds)


def one_line(text: str, most: int = _TAIL) -> str:
    """A text on one line and cut to `most` characters, for a verdict's detail."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[:most]} …"


# -- what is sent ------------------------------------------------------------------------------------------


def split_imports(header: str) -> tuple[str, str]:
    """A header up to the end of its last import, and the rest, which begins with the line after it."""
    ends = [found.end() for found in _IMPORT.finditer(header)]
    end = ends[-1] if ends else 0
    return header[:end], header[end:].removeprefix("\n") if ends else header


def set_options(options: Mapping[str, bool | int | str]) -> str:
    """One `set_option` line for each option; `weak.` options, which may be unknown, are left out."""
    values = ((name, value) for name, value in options.items() if not name.startswith("weak."))
    return "\n".join(f"set_option {name} {json.dumps(value, ensure_ascii=False)}" for name, value in values)


def text_after_header(candidate: Candidate) -> tuple[str, Locate]:
    """Helper and statement as they stand in `source`, and where their lines belong."""
    rest = candidate.segments[1:]
    before = candidate.line_of(rest[0][0]) - 1
    return "\n\n".join(text for _, text in rest), lambda line: candidate.locate(line + before)


def statement_missing(candidate: Candidate) -> Outcome | None:
    """What to say of a candidate without a statement, which Lean would accept; None for any other."""
    if candidate.statement.strip():
        return None
    diagnostic = Diagnostic(Severity.ERROR, "the statement is empty", "syntax")
    return Outcome(Status.INVALID, "the statement is empty, so it was not given to Lean", (diagnostic,))


# -- what comes back ---------------------------------------------------------------------------------------


def judge(answer: ReplResponse, locate: Locate | None, require_environment: bool = True) -> Outcome:
    """What the answer to a candidate amounts to.

    Without `locate` messages have no positions. Without `require_environment` a `sorry` that Lean reports is
    taken for the sign that it came to the end (servers that let environments go give none).
    """
    if answer.error is not None:
        return Outcome(Status.CRASHED, f"the REPL did not elaborate it: {one_line(answer.error)}")
    shown = [m for m in answer.messages if m.severity in _SEVERITIES]
    found = tuple(_diagnostic(m, locate) for m in shown)
    errors = [m for m in shown if m.severity == "error"]
    if broken := [m for m in errors if _BROKEN.search(m.text)]:
        return Outcome(Status.CRASHED, f"Lean broke down: {one_line(broken[0].text)}", found)
    if errors:
        first = one_line(errors[0].text)
        if all(m.line is None for m in errors):
            # Lean always gives a place; without one a server speaks of its own trouble.
            return Outcome(Status.CRASHED, f"the server reports an error without a place: {first}", found)
        return Outcome(Status.INVALID, f"{len(errors)} error(s), the first: {first}", found, True)
    sorry = bool(answer.sorries) or any(m.category == "sorry" for m in shown)
    if answer.env is None and (require_environment or not sorry):
        return Outcome(
            Status.CRASHED, "no sign that Lean came to the end: the answer names no environment", found
        )
    status = Status.VALID_WITH_SORRY if sorry else Status.VALID
    return Outcome(status, "Lean accepted it" + (" with `sorry`" if sorry else ""), found, True)


def judge_header(answer: ReplResponse, lines_before: int = 0) -> Outcome:
    """What the answer to a header, or to what follows its first lines, amounts to; Lean has then not seen
    the candidate, so nothing counts as elaborated.
    """
    if answer.error is not None and classify(answer.error).category == "unknown_module":
        own = Message("error", answer.error)
        diagnostic = replace(_diagnostic(own, None), part=Part.HEADER)
        return Outcome(Status.INVALID, f"the header: {one_line(answer.error)}", (diagnostic,))
    outcome = judge(answer, lambda line: (Part.HEADER, line + lines_before))
    diagnostics = tuple(replace(d, part=Part.HEADER) for d in outcome.diagnostics)
    return Outcome(outcome.status, f"the header: {outcome.detail}", diagnostics)


def _diagnostic(message: Message, locate: Locate | None) -> Diagnostic:
    """A message with its lines counted in the part of the candidate that it is about."""
    category, name = message.classified
    part, line, column, end_line, end_column = Part.STATEMENT, None, None, None, None
    if locate is not None and message.line is not None and message.line > 0:
        part, line = locate(message.line)
        column, end_column = message.column, message.end_column
        end_line = None if message.end_line is None else message.end_line - message.line + line
    severity = _SEVERITIES[message.severity]
    return Diagnostic(
        severity, message.text, category, name, line, column, message.suggestions, part, end_line, end_column
    )
