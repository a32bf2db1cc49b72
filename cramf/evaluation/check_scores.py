"""The figures of a checking run, from its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cramf.check.verdict import Status
from cramf.evaluation.intervals import share
from cramf.evaluation.passing import compile_rate
from cramf.evaluation.runner import Run
from cramf.evaluation.scores import Scored, milliseconds
from cramf.jsonable import to_jsonable

__all__ = ["score_check"]


def score_check(run: Run, settings: Mapping[str, Any], seed: int = 0) -> Scored:
    """The share of statements that pass, statuses, categories of errors, and a row a problem.

    Of problems that say whether they are known to elaborate, `false_alarms` is the share of good ones that do
    not pass, and `detected` of bad ones that are found invalid. A problem without a result did not pass.
    """
    rows = [
        _row(problem, answer) for problem, answer in zip(run.problems, run.answers, strict=True) if answer
    ]
    statuses = [None if row["status"] is None else Status(row["status"]) for row in rows]
    good = [status for row, status in zip(rows, statuses, strict=True) if row["expected"] is True]
    bad = [status for row, status in zip(rows, statuses, strict=True) if row["expected"] is False]
    figures = {
        "n": len(rows),
        "checker": settings["checker"]["name"],
        "by_lean": any(row["elaborated"] for row in rows),
        "compile": compile_rate(statuses, seed=seed),
        "statuses": dict(Counter(str(status) for status in statuses if status is not None).most_common()),
        "categories": dict(
            Counter(c for row in rows for c in dict.fromkeys(row["categories"])).most_common()
        ),
        "false_alarms": share([s is None or not s.positive for s in good], seed=seed) if good else None,
        "detected": share([s is Status.INVALID for s in bad], seed=seed) if bad else None,
        "splits": {
            split: compile_rate(_of_split(rows, statuses, split), seed=seed)
            for split in dict.fromkeys(row["split"] for row in rows)
        },
        "ms": milliseconds(run, "all"),
    }
    return Scored(to_jsonable(figures), rows)


def _row(problem: Any, answer: Any) -> dict[str, Any]:
    verdict = answer.result
    errors = [] if verdict is None else [d for d in verdict["diagnostics"] if d["severity"] == "error"]
    return {
        "name": problem.name,
        "split": problem.split,
        "expected": problem.expected,
        "status": None if verdict is None else verdict["status"],
        "valid": verdict is not None and Status(verdict["status"]).positive,
        "elaborated": verdict is not None and verdict["elaborated"],
        "detail": answer.failure.message if verdict is None else verdict["detail"],
        "failure": None if answer.failure is None else str(answer.failure.kind),
        "categories": [d["category"] for d in errors],
        "names": [d["name"] for d in errors if d["name"]],
    }


def _of_split(
    rows: Sequence[Mapping[str, Any]], statuses: Sequence[Status | None], split: str
) -> list[Status | None]:
    return [status for row, status in zip(rows, statuses, strict=True) if row["split"] == split]
