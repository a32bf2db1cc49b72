"""The statements of a report as JSON for its page: a light list, and the details in pieces for later.

Texts that return are written once, in a table of their own, and stand elsewhere as `~number`; what is empty
is left out. So ten thousand statements stay small enough for a browser.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cramf.evaluation.problems import Problem
from cramf.evaluation.report.gathering import Gathered, RunRead
from cramf.evaluation.report.marks import ABSENT, FLAGS, OUTCOMES, Mark
from cramf.evaluation.work import Answer

__all__ = ["Embedded", "embedded", "script_json"]

PIECE: Final = 100
"""Statements whose details are in one piece."""
_SHORTEST: Final = 6
_TOP: Final = 10
_FLAG_NAMES: Final = {"beq": "BEq", "beq_plus": "BEq+", "beq_l": "BEqL"}
_RANKED: Final = ("full", "model", "rerank", "rank_bm25", "minilm", "rrf")
"""Arms whose first names are shown, besides the ranks of the gold names that are shown of every arm."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """JSON texts for `<script type="application/json">`: the list, the table of texts, and the pieces."""

    listing: str
    texts: str
    pieces: tuple[str, ...]


def embedded(gathered: Gathered, marks: Sequence[Sequence[Mark]]) -> Embedded:
    """The statements of all runs; `marks` are those of each run, in the order of its problems."""
    details = [_details(gathered, number) for number in range(len(gathered.problems))]
    counts = Counter(text for detail in details for text in _texts(detail))
    table = [text for text, count in counts.items() if count > 1]
    numbers = {text: number for number, text in enumerate(table)}
    packed = [_packed(detail, numbers) for detail in details]
    pieces = tuple(script_json(packed[start : start + PIECE]) for start in range(0, len(packed), PIECE))
    return Embedded(script_json(_listing(gathered, marks)), script_json(table), pieces)


def script_json(value: Any) -> str:
    """JSON that nothing inside can end the `<script>` of: `<`, `>`, `&` and line separators are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    # A lone surrogate has no UTF-8; its JSON escape has.
    return (
        "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text) if _lone(text) else text
    )


def _lone(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


# -- The list -----------------------------------------------------------------------------------------------


def _listing(gathered: Gathered, marks: Sequence[Sequence[Mark]]) -> dict[str, Any]:
    outcomes, categories, splits = list(OUTCOMES), _Numbers(), _Numbers()
    own = [
        [None if place is None else each[place] for place in places]
        for each, places in zip(marks, gathered.places, strict=True)
    ]
    absent = Mark(ABSENT)
    return {
        "kind": gathered.kind,
        "runs": [read.label for read in gathered.runs],
        "piece": PIECE,
        "tones": list(OUTCOMES.values()),
        "outcomes": outcomes,
        "names": [problem.name for problem in gathered.problems],
        "statements": [problem.statement or problem.formal or "" for problem in gathered.problems],
        "split": [splits.of(problem.split) for problem in gathered.problems],
        "outcome": [[outcomes.index((mark or absent).outcome) for mark in each] for each in own],
        "notes": [[(mark or absent).note for mark in each] for each in own],
        "value": [[_rounded((mark or absent).value) for mark in each] for each in own],
        "ms": [[_rounded((mark or absent).ms, 2) for mark in each] for each in own],
        "category": [
            [[categories.of(c) for c in (mark or absent).categories] for mark in each] for each in own
        ],
        "flags": [[_flags(mark or absent) for mark in each] for each in own],
        "differ": [int(_differ([each[number] for each in own])) for number in range(len(gathered.problems))],
        "splits": splits.values,
        "categories": categories.values,
        "flag_names": [_FLAG_NAMES.get(name, name) for name in FLAGS],
    }


class _Numbers:
    """Numbers for values, in the order in which they come."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, value: str) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self) -> list[str]:
        return list(self._numbers)


def _flags(mark: Mark) -> list[int]:
    """Numbers of the flags that are known, from 1; negative where the answer is no."""
    return [(1 if yes else -1) * (1 + FLAGS.index(name)) for name, yes in mark.flags]


def _differ(marks: Sequence[Mark | None]) -> bool:
    """Whether runs that have a problem say different things of it."""
    there = [mark for mark in marks if mark is not None]
    return any(
        (mark.outcome, mark.flags, mark.value) != (there[0].outcome, there[0].flags, there[0].value)
        for mark in there[1:]
    )


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


# -- Details ------------------------------------------------------------------------------------------------


def _details(gathered: Gathered, number: int) -> dict[str, Any]:
    problem = gathered.problems[number]
    runs: list[dict[str, Any] | None] = []
    for read, places in zip(gathered.runs, gathered.places, strict=True):
        place = places[number]
        runs.append(None if place is None else _run_details(read, problem, read.run.answers[place]))
    return {
        "formal": problem.formal,
        "header": problem.header if problem.formal is not None else "",
        "helper": problem.helper,
        "gold": None if problem.gold is None else sorted(problem.gold),
        "expected": problem.expected,
        "human": problem.human,
        "place": problem.place,
        "runs": runs,
    }


def _run_details(read: RunRead, problem: Problem, answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        return {"pending": True}
    ms = {name: round(value, 2) for name, value in answer.ms.items()}
    if answer.failure is not None:
        failure = {
            "kind": str(answer.failure.kind),
            "message": answer.failure.message,
            "mend": answer.failure.mend,
        }
        return {"failure": failure, "ms": ms}
    assert answer.result is not None
    if read.kind == "retrieval":
        # The times of two dozen arms are in the plot; one each would be most of the text.
        return {**_ranks(problem, answer.result), "ms": {"all": ms["all"]} if "all" in ms else {}}
    return {**answer.result, "ms": ms}


def _ranks(problem: Problem, result: Mapping[str, Any]) -> dict[str, Any]:
    """Where each arm has the gold names (0: nowhere), the first names of the chief arms, and the evidence."""
    gold = sorted(problem.gold or ())
    ranks: dict[str, list[int]] = {}
    for arm, names in result["arms"].items():
        places = {name: rank for rank, name in reversed(list(enumerate(names, 1)))}
        ranks[arm] = [places.get(name, 0) for name in gold]
    shown = [arm for arm in _RANKED if arm in result["arms"]] or list(result["arms"])[:1]
    return {
        "ranks": ranks,
        "missing": result["missing"],
        "top": {arm: result["arms"][arm][:_TOP] for arm in shown},
        "hits": [_hit(hit) for hit in result["hits"]],
    }


def _hit(hit: Mapping[str, Any]) -> dict[str, Any]:
    channels = {name: round(score, 3) for name, score in hit["channels"].items()}
    return {**hit, "score": round(hit["score"], 4), "channels": channels}


# -- Packing ------------------------------------------------------------------------------------------------


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= _SHORTEST:
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)


def _packed(value: Any, numbers: Mapping[str, int]) -> Any:
    if isinstance(value, str):
        if value in numbers:
            return f"~{numbers[value]}"
        return f"~{value}" if value.startswith("~") else value
    if isinstance(value, Mapping):
        packed = {key: _packed(inner, numbers) for key, inner in value.items()}
        return {key: inner for key, inner in packed.items() if inner not in (None, "", [], {}, ())}
    if isinstance(value, (list, tuple)):
        return [_packed(inner, numbers) for inner in value]
    return value
