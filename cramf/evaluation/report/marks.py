"""What came of each problem in one word, with what it is sorted and filtered by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cramf.check.verdict import Status
from cramf.evaluation.problems import Problem
from cramf.evaluation.report.gathering import RunRead
from cramf.evaluation.work import Answer

__all__ = ["ABSENT", "FLAGS", "OUTCOMES", "READ_TO", "Mark", "marks", "primary_arm"]

READ_TO: Final = 10
"""How deep a ranking is read for the outcome of a retrieval problem."""
ABSENT: Final = "not in this run"
FLAGS: Final = ("equal", "faithful", "beq", "beq_plus", "beq_l")
"""Yes-or-no columns of the outcomes that are shown beside the outcome where they are there."""
OUTCOMES: Final = {
    "valid": "good",
    "valid with sorry": "good",
    "all found": "good",
    "some found": "middling",
    "none found": "bad",
    "invalid": "bad",
    "rejected": "bad",
    "timeout": "middling",
    "crashed": "middling",
    "unavailable": "middling",
    "abstained": "middling",
    "not checked": "plain",
    "no gold names": "plain",
    "failed": "bad",
    "pending": "plain",
    ABSENT: "plain",
}
"""All outcomes in the order of the report, each with its tone."""
_QUOTED: Final = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A problem's outcome in one run.

    `value` is what the list is sorted by: the share of gold names among the first `READ_TO`, or the
    similarity to the reference. `categories` say why it failed; `flags` are those of `FLAGS` that are known.
    """

    outcome: str
    note: str = ""
    value: float | None = None
    categories: tuple[str, ...] = ()
    flags: tuple[tuple[str, bool], ...] = ()
    ms: float | None = None


def marks(read: RunRead) -> list[Mark]:
    """One mark a problem of a run, in their order."""
    rows: Sequence[Mapping[str, Any]] = read.rows or [{}] * len(read.run.problems)
    arm = primary_arm(read.directory.settings) if read.kind == "retrieval" else ""
    return [
        _mark(read.kind, arm, problem, answer, row)
        for problem, answer, row in zip(read.run.problems, read.run.answers, rows, strict=True)
    ]


def primary_arm(settings: Mapping[str, Any]) -> str:
    """The arm that stands for a retrieval run: the full one, else the first."""
    arms = list(settings["arms"])
    return "full" if "full" in arms or not arms else str(arms[0])


def _mark(kind: str, arm: str, problem: Problem, answer: Answer | None, row: Mapping[str, Any]) -> Mark:
    if answer is None:
        return Mark("pending")
    ms = answer.ms.get("all")
    if answer.failure is not None:
        note = f"{answer.failure.kind}: {answer.failure.message}"
        return Mark("failed", note, _value(row), (f"failed: {answer.failure.kind}",), _flags(row), ms)
    assert answer.result is not None
    if kind == "retrieval":
        return _retrieval(problem, answer.result, arm, ms)
    if kind == "check":
        return _check(problem, answer.result, ms)
    return _formalize(answer.result, row, ms)


def _retrieval(problem: Problem, result: Mapping[str, Any], arm: str, ms: float | None) -> Mark:
    gold = problem.gold or frozenset()
    missing = ("gold name not in the index",) if result["missing"] else ()
    if not gold:
        return Mark("no gold names", ms=ms)
    found = len(gold & set(result["arms"].get(arm, ())[:READ_TO]))
    outcome = "all found" if found == len(gold) else "some found" if found else "none found"
    note = f"{found} of {len(gold)} gold names in the first {READ_TO}"
    return Mark(outcome, note, found / len(gold), missing, ms=ms)


def _check(problem: Problem, result: Mapping[str, Any], ms: float | None) -> Mark:
    note = result["detail"]
    categories = _categories(result)
    if problem.expected is not None:
        wrong = problem.expected is not Status(result["status"]).positive
        categories += (("false alarm" if problem.expected else "missed error"),) if wrong else ()
    return Mark(_spoken(result["status"]), note, categories=categories, ms=ms)


def _formalize(result: Mapping[str, Any], row: Mapping[str, Any], ms: float | None) -> Mark:
    attempts = result["attempts"]
    chosen = attempts[result["chosen"]] if attempts else None
    if chosen is None or chosen["candidate"] is None:
        left = chosen["abstention"] if chosen is not None else None
        reason = left["reason"] if left is not None else "nothing was written"
        why = "abstained: " + _QUOTED.sub("…", reason)
        return Mark("abstained", reason, _value(row), (why,), _flags(row), ms)
    verdict = chosen["verdict"]
    if verdict is None:
        return Mark("not checked", "", _value(row), (), _flags(row), ms)
    return Mark(
        _spoken(verdict["status"]), verdict["detail"], _value(row), _categories(verdict), _flags(row), ms
    )


def _categories(verdict: Mapping[str, Any]) -> tuple[str, ...]:
    errors = [d["category"] for d in verdict["diagnostics"] if d["severity"] == "error"]
    return tuple(_spoken(category) for category in dict.fromkeys(errors))


def _value(row: Mapping[str, Any]) -> float | None:
    value = row.get("similarity")
    return None if value is None else float(value)


def _flags(row: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    return tuple((name, row[name]) for name in FLAGS if isinstance(row.get(name), bool))


def _spoken(name: str) -> str:
    return name.replace("_", " ")
