"""Verdicts of `cramf check` as JSON objects, and as lines for a reader and an editor."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click

from cramf.check.inputs import Entry, Unreadable
from cramf.check.verdict import Diagnostic, Severity, Status, Verdict

__all__ = ["lines_of", "printable", "record", "summary"]

_UNREADABLE = "unreadable"
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFORMATION: "blue"}
_INDENT = "    "

Result = tuple[Entry, Verdict] | Unreadable


# -- JSON ---------------------------------------------------------------------------------------------------


def record(result: Result) -> dict[str, Any]:
    """One result as a JSON object; keys as `cramf check --help` tells them."""
    if isinstance(result, Unreadable):
        return {
            "name": None,
            "verdict": _UNREADABLE,
            "diagnostics": [],
            "checker": None,
            "elaborated": False,
            "detail": f"{result.message}; {result.mend}",
            "seconds": 0.0,
            "file": result.file,
            "row": result.row,
        }
    entry, verdict = result
    return {
        "name": entry.candidate.name,
        "verdict": verdict.status,
        "diagnostics": [_diagnostic(entry, diagnostic) for diagnostic in verdict.diagnostics],
        "checker": verdict.checker,
        "elaborated": verdict.elaborated,
        "detail": verdict.detail,
        "seconds": round(verdict.seconds, 6),
        "file": entry.file,
        "row": entry.row,
    }


def _diagnostic(entry: Entry, diagnostic: Diagnostic) -> dict[str, Any]:
    line, end = diagnostic.line, diagnostic.end_line
    return {
        "category": diagnostic.category,
        "name": diagnostic.name,
        "line": None if line is None else entry.line(diagnostic.part, line),
        "column": diagnostic.column,
        "message": diagnostic.message,
        "suggestions": diagnostic.suggestions,
        "severity": diagnostic.severity,
        "part": diagnostic.part,
        "end_line": None if end is None else entry.line(diagnostic.part, end),
        "end_column": diagnostic.end_column,
        "mend": _mend(diagnostic),
    }


def _mend(diagnostic: Diagnostic) -> str:
    """What to do, in a line."""
    from cramf.lean.mends import mend_of

    if diagnostic.category == "forbidden":  # not a message of Lean, which never sees such a text
        return "take it out: a statement needs no code that runs, and no change of the logic"
    return mend_of(diagnostic.category, diagnostic.name, diagnostic.suggestions)


# -- lines --------------------------------------------------------------------------------------------------


def lines_of(result: Result, width: int, quiet: bool = False) -> Iterator[str]:
    """One result as lines for a terminal of `width` columns; with `quiet` nothing of what stands unmarked."""
    if isinstance(result, Unreadable):
        # The message names file and row by itself.
        yield f"{printable(result.message)}: {_coloured(_UNREADABLE, 'red')}: {printable(result.mend)}"
        return
    entry, verdict = result
    for diagnostic in verdict.diagnostics:
        if not (quiet and diagnostic.severity is Severity.INFORMATION):
            yield from _told(entry, diagnostic, width)
    if verdict.positive:
        if not quiet:
            label = _coloured(verdict.status.value, "green")
            yield f"{_start(entry)}: {label}: {_named(entry)}{_why(verdict)}"
    elif verdict.status is not Status.INVALID or not verdict.errors:
        detail = f": {printable(verdict.detail)}" if verdict.detail else ""
        yield f"{_start(entry)}: {_coloured(verdict.status.value, 'red')}: {_name(entry)}{detail}"


def _why(verdict: Verdict) -> str:
    if not verdict.elaborated:
        return verdict.detail or "Lean has not elaborated this"
    sorry = " with `sorry`" if verdict.status is Status.VALID_WITH_SORRY else ""
    return f"Lean elaborated this{sorry}; whether it says what was meant is yours to judge"


def _start(entry: Entry) -> str:
    """Where the candidate stands, as an editor can follow it."""
    line = entry.offset + 1 if entry.row is None else entry.row
    return f"{printable(entry.file)}:{line}"


def _name(entry: Entry) -> str:
    return printable(entry.candidate.name)


def _named(entry: Entry) -> str:
    """The candidate's name, where the place does not say it."""
    return "" if entry.row is None else f"{_name(entry)}: "


def _told(entry: Entry, diagnostic: Diagnostic, width: int) -> Iterator[str]:
    first, *more = diagnostic.message.strip().split("\n")
    place, where = _start(entry), _named(entry)
    if diagnostic.line is not None:
        column = None if diagnostic.column is None else diagnostic.column + 1
        spot = str(diagnostic.line) if column is None else f"{diagnostic.line}:{column}"
        if entry.row is None:
            place = f"{printable(entry.file)}:{entry.line(diagnostic.part, diagnostic.line)}"
            place += "" if column is None else f":{column}"
        else:
            where = f"{_name(entry)}, {diagnostic.part.value} {spot}: "
    label = f"{diagnostic.severity.value}[{printable(diagnostic.category)}]"
    hint = _hint(diagnostic)
    yield f"{place}: {_coloured(label, _COLOURS[diagnostic.severity])}: {where}{printable(first)}{hint}"
    yield from (f"{_INDENT}{printable(line)}" for line in more)
    yield from _pointed(entry, diagnostic, width)


def _hint(diagnostic: Diagnostic) -> str:
    """What may be meant, else what to do about an error; what the message says already is not said twice."""
    names = [s for s in diagnostic.suggestions if not _says(diagnostic.message, s)]
    if names:
        return f" (did you mean {', '.join(map(printable, names))}?)"
    if diagnostic.severity is Severity.ERROR and not diagnostic.suggestions:
        return f" ({printable(_mend(diagnostic))})"
    return ""


def _says(message: str, name: str) -> bool:
    return re.search(rf"(?<![\w.']){re.escape(name)}(?![\w.'!?])", message) is not None


def _pointed(entry: Entry, diagnostic: Diagnostic, width: int) -> Iterator[str]:
    """The line of the source and carets below the marked span."""
    if diagnostic.line is None or diagnostic.column is None:
        return
    line = entry.source_line(diagnostic.part, diagnostic.line)
    if line is None or diagnostic.column > len(line):
        return
    first = diagnostic.column
    last = first + len(diagnostic.name or ".")
    if diagnostic.end_column is not None and diagnostic.end_line is not None:
        last = diagnostic.end_column if diagnostic.end_line == diagnostic.line else len(line)
    last = max(first + 1, min(last, len(line)))
    # A line wider than the terminal is cut on the left, so that the span stays in sight.
    room = max(width - len(_INDENT) - 2, 20)
    cut = max(0, first - room // 3) if len(line) > room else 0
    before = ("…" if cut else "") + printable(line[cut:first])
    span = printable(line[first : min(last, cut + room)]) or " "
    after = printable(line[last : cut + room])
    yield f"{_INDENT}{before}{span}{after}{'…' if cut + room < len(line) else ''}".rstrip()
    yield f"{_INDENT}{' ' * _columns(before)}{_coloured('^' * max(1, _columns(span)), 'red')}"


def summary(results: Sequence[Result], checker: str, hits: int) -> str:
    """One line: how many of each verdict, and whether Lean has seen them. `hits` came from the cache."""
    verdicts = [result[1] for result in results if not isinstance(result, Unreadable)]
    counted = Counter(verdict.status for verdict in verdicts)
    parts = [f"{counted[status]} {status.value.replace('_', ' ')}" for status in Status if counted[status]]
    if len(results) > len(verdicts):
        parts.append(f"{len(results) - len(verdicts)} {_UNREADABLE}")
    elaborated = sum(verdict.elaborated for verdict in verdicts)
    seen = f"Lean has elaborated {elaborated} of these" if elaborated else "Lean has not elaborated these"
    if elaborated and elaborated == len(verdicts):
        seen = "Lean has elaborated all of these"
    kept = f"; {hits} from the verdict cache" if hits else ""
    return f"{_amount(results)}: {', '.join(parts)} ({checker}; {seen}{kept})"


def _amount(results: Sequence[Result]) -> str:
    files = len({_file(result) for result in results})
    shown = f"{files} file{'s' if files != 1 else ''}"
    rows = any((result if isinstance(result, Unreadable) else result[0]).row for result in results)
    if not rows:
        return shown
    return f"{len(results)} statement{'s' if len(results) != 1 else ''} in {shown}"


def _file(result: Result) -> str:
    return result.file if isinstance(result, Unreadable) else result[0].file


def _coloured(text: str, colour: str) -> str:
    return click.style(text, fg=colour, bold=True)


def printable(text: str) -> str:
    """Text that does a terminal no harm: on one line, control and invisible characters spelt out."""
    text = text.replace("\t", " ")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _columns(text: str) -> int:
    """Terminal columns that a text takes: none for a combining mark, two for a wide character."""
    wide = sum(unicodedata.east_asian_width(c) in ("W", "F") for c in text)
    unseen = sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)
    return len(text) + wide - unseen
