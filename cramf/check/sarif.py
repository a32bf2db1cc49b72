"""Verdicts as one SARIF 2.1.0 document, the form in which code scanning tools take results.

A rule is a category of messages, or a status such as `timeout` where a checker came to no end. Columns count
code points from 1. A row of a JSONL file is one line of it, so that the position inside the row stands in
the message and in the properties.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import quote

import cramf
from cramf.check.inputs import STDIN, Entry, Unreadable
from cramf.check.verdict import Diagnostic, Severity, Status, Verdict
from cramf.lean.mends import MENDS

__all__ = ["sarif"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}

_OWN: Final = {
    "forbidden": "The text could run code or change the logic, and is not given to Lean. Remove that part.",
    "timeout": "The check took too long and says nothing about the statement. Allow it more time.",
    "crashed": "The check broke off and says nothing about the statement. See the message for the reason.",
    "unavailable": "The checker cannot be used here, and nothing was checked. See the message for the mend.",
    "rejected": "The text is not given to Lean. See the message for what is in it.",
    "invalid": "The checker does not accept the statement. See the message for the reason.",
    "unreadable": "The file or row holds no candidate, so that nothing was checked. Correct it.",
}
"""Rules that are no category of Lean's messages: what each means, and what to do."""


def sarif(results: Sequence[tuple[Entry, Verdict] | Unreadable]) -> dict[str, Any]:
    """The document, ready for `json`: at least one result of level `error` for all that is not positive."""
    found: list[dict[str, Any]] = []
    for result in results:
        if isinstance(result, Unreadable):
            message = f"{result.message}; {result.mend}"
            found.append(_result("unreadable", "error", message, _place(result.file, _row(result.row))))
        else:
            found += _of_verdict(*result)
    used = sorted({one["ruleId"] for one in found})
    for one in found:
        one["ruleIndex"] = used.index(one["ruleId"])
    unfinished = (Status.TIMEOUT, Status.CRASHED, Status.UNAVAILABLE)
    done = not any(isinstance(r, Unreadable) or r[1].status in unfinished for r in results)
    driver = {
        "name": "cramf",
        "version": cramf.__version__,
        "semanticVersion": cramf.__version__,
        "rules": [_rule(name) for name in used],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": done}],
        "columnKind": "unicodeCodePoints",
        "results": found,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str) -> dict[str, Any]:
    if name in _OWN:
        meaning, _, mend = _OWN[name].partition(". ")
    else:
        meaning, mend = f"A message of the kind: {name.replace('_', ' ')}", MENDS.get(name, MENDS["other"])
        mend = f"{mend[:1].upper()}{mend[1:]}."
    return {
        "id": name,
        "shortDescription": {"text": f"{meaning}."},
        "fullDescription": {"text": f"{meaning}. {mend}"},
        "help": {"text": mend},
    }


def _of_verdict(entry: Entry, verdict: Verdict) -> list[dict[str, Any]]:
    found = [_of_diagnostic(entry, verdict, diagnostic) for diagnostic in verdict.diagnostics]
    if not verdict.positive and not verdict.errors:
        # Nothing of this may look like a statement without faults.
        message = f"{entry.candidate.name}: {verdict.status.value}"
        message += f": {verdict.detail}" if verdict.detail else ""
        result = _result(verdict.status.value, "error", message, _place(entry.file, _row(entry.row)))
        found.append(_about(result, entry, verdict))
    return found


def _of_diagnostic(entry: Entry, verdict: Verdict, diagnostic: Diagnostic) -> dict[str, Any]:
    message, region = diagnostic.message, _row(entry.row)
    if entry.row is None:
        region = _region(entry, diagnostic)
    elif diagnostic.line is not None:
        column = "" if diagnostic.column is None else f", column {diagnostic.column + 1}"
        message = f"{message} ({diagnostic.part.value} line {diagnostic.line}{column})"
    if diagnostic.suggestions:
        message += f" (did you mean {', '.join(diagnostic.suggestions)}?)"
    result = _result(diagnostic.category, _LEVELS[diagnostic.severity], message, _place(entry.file, region))
    fixes = _fixes(entry, diagnostic)
    if fixes:
        result["fixes"] = fixes
    return _about(result, entry, verdict, diagnostic)


def _result(rule: str, level: str, message: str, place: dict[str, Any]) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": place}],
    }


def _about(
    result: dict[str, Any], entry: Entry, verdict: Verdict, diagnostic: Diagnostic | None = None
) -> dict[str, Any]:
    """The result with the candidate it is about, and the position in a row's part."""
    result["locations"][0]["logicalLocations"] = [{"name": entry.candidate.name, "kind": "declaration"}]
    properties: dict[str, Any] = {"checker": verdict.checker, "verdict": verdict.status.value}
    if diagnostic is not None:
        properties |= {"part": diagnostic.part.value, "line": diagnostic.line, "column": diagnostic.column}
    result["properties"] = properties
    return result


# -- places -------------------------------------------------------------------------------------------------


def _place(file: str, region: dict[str, Any] | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if region:
        place["region"] = region
    return place


def _uri(file: str) -> str:
    """A relative path below the working directory as it stands, any other as a `file:` address."""
    if file == STDIN:
        return "stdin"
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts:
        return Path(file).resolve().as_uri()
    return quote(str(path))


def _row(row: int | None) -> dict[str, Any] | None:
    return None if row is None else {"startLine": row}


def _region(entry: Entry, diagnostic: Diagnostic) -> dict[str, Any] | None:
    """The marked span in a `.lean` file; its end lies after its last character."""
    if diagnostic.line is None:
        return None
    region: dict[str, Any] = {"startLine": entry.line(diagnostic.part, diagnostic.line)}
    if diagnostic.column is None:
        return region
    region["startColumn"] = diagnostic.column + 1
    end = _end(entry, diagnostic)
    if end is not None:
        region |= {"endLine": end[0], "endColumn": end[1] + 1}
    return region


def _end(entry: Entry, diagnostic: Diagnostic) -> tuple[int, int] | None:
    """Line in the file and column (from 0) after the span, as told or as the name that stands there says."""
    if diagnostic.line is None or diagnostic.column is None:
        return None
    start = entry.line(diagnostic.part, diagnostic.line), diagnostic.column
    if diagnostic.end_line is not None and diagnostic.end_column is not None:
        end = entry.line(diagnostic.part, diagnostic.end_line), diagnostic.end_column
        return end if end >= start else None
    if diagnostic.name and _stands_there(entry, diagnostic):
        return start[0], start[1] + len(diagnostic.name)
    return None


def _stands_there(entry: Entry, diagnostic: Diagnostic) -> bool:
    """Whether the name complained of is what the file has at the position."""
    if diagnostic.line is None or diagnostic.column is None or not diagnostic.name:
        return False
    line = entry.source_line(diagnostic.part, diagnostic.line)
    return line is not None and line.startswith(diagnostic.name, diagnostic.column)


def _fixes(entry: Entry, diagnostic: Diagnostic) -> list[dict[str, Any]]:
    """One fix a suggestion, where the file has the very name that the suggestion is instead of.

    Not for dot notation on a variable (`x.old`), which the full name of a successor cannot replace: there the
    name complained of is no ending of the declaration that the message speaks of.
    """
    if entry.row is not None or not _stands_there(entry, diagnostic):
        return []
    name = diagnostic.name or ""
    if name.startswith(".") or not name:
        return []
    if diagnostic.category == "deprecated":
        full = re.match(r"[`']([^`'\s]+)[`'] is deprecated|[`']([^`']+)[`'] has been", diagnostic.message)
        declared = (full[1] or full[2]) if full else ""
        if not f".{declared}".endswith(f".{name}"):
            return []
    line = entry.line(diagnostic.part, diagnostic.line or 1)
    start = (diagnostic.column or 0) + 1
    deleted = {"startLine": line, "startColumn": start, "endLine": line, "endColumn": start + len(name)}
    return [
        {
            "description": {"text": f"Write `{suggestion}`."},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": _uri(entry.file)},
                    "replacements": [{"deletedRegion": deleted, "insertedContent": {"text": suggestion}}],
                }
            ],
        }
        for suggestion in diagnostic.suggestions
    ]
