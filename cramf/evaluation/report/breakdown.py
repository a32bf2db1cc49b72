"""Figures of parts of a run: by split, by domain, by what went wrong, and how long things took."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from cramf.evaluation.intervals import share
from cramf.evaluation.metrics import METRICS, intervals
from cramf.evaluation.problems import Problem
from cramf.evaluation.report.figures import figure_tables
from cramf.evaluation.report.gathering import RunRead
from cramf.evaluation.report.marks import READ_TO, Mark, primary_arm
from cramf.evaluation.report.tables import Cell, Measure, Table, measure, milliseconds
from cramf.evaluation.retrieval_scores import retrieved
from cramf.jsonable import to_jsonable

__all__ = [
    "by_domain",
    "by_split",
    "domain_of",
    "gold_places",
    "latencies",
    "latency_table",
    "misses",
    "run_tables",
]

OTHERS: Final = "others"
_MOST: Final = 12
_QUANTILES: Final = (10, 25, 50, 75, 90, 99)
_CUT: Final = re.compile(r"[._|/:\-\s]")
_PLACES: Final = (
    (1, "1st"),
    (5, "2nd to 5th"),
    (10, "6th to 10th"),
    (20, "11th to 20th"),
    (50, "21st to 50th"),
)


def run_tables(read: RunRead) -> list[Table]:
    """All tables of a run's figures: the main ones, parts of the data, and times; none without scores."""
    if read.scores is None:
        return []
    found: list[Table | None] = [*figure_tables(read), by_split(read), by_domain(read)]
    spent = latencies(read)
    found.append(latency_table(spent) if spent else None)
    return [table for table in found if table is not None]


def domain_of(name: str) -> str:
    """The part of a problem's name before the first dot, underscore or other mark: its source or domain."""
    return _CUT.split(name, maxsplit=1)[0]


def by_split(read: RunRead) -> Table | None:
    """The main figure of each split; None where there are fewer than two."""
    return _grouped(read, "splits", "By split", lambda problem: problem.split or "(none)", _MOST)


def by_domain(read: RunRead) -> Table | None:
    """The main figure of each domain, the smallest together; None where the names tell none apart."""
    domains = Counter(domain_of(problem.name) for problem in read.run.problems)
    # Names without a common beginning are no domains: every group would be a problem or two.
    if len(domains) < 2 or sum(count for count in domains.values() if count > 2) < len(read.run.problems) / 2:
        return None
    return _grouped(read, "domains", "By domain", lambda problem: domain_of(problem.name), _MOST)


def _grouped(
    read: RunRead, key: str, title: str, group_of: Callable[[Problem], str], most: int
) -> Table | None:
    if read.scores is None:
        return None
    groups: dict[str, list[int]] = {}
    for number, problem in enumerate(read.run.problems):
        groups.setdefault(group_of(problem), []).append(number)
    if len(groups) < 2:
        return None
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    if len(ordered) > most:
        rest = [number for _, numbers in ordered[most - 1 :] for number in numbers]
        ordered = [*ordered[: most - 1], (f"{len(groups) - most + 1} {OTHERS}", sorted(rest))]
    what, figure = _figure(read)
    rows: list[tuple[Cell, ...]] = [(name, figure(numbers), len(numbers)) for name, numbers in ordered]
    return Table(key, f"{title}: {what}", (title.removeprefix("By ").capitalize(), "Value", "n"), tuple(rows))


def _figure(read: RunRead) -> tuple[str, Callable[[Sequence[int]], Measure | None]]:
    """The figure that parts of a run are compared by: what it is, and its value of some problems."""
    seed = read.scores["seed"] if read.scores is not None else 0
    if read.kind == "retrieval":
        arm = primary_arm(read.directory.settings)
        found = retrieved(read.run, arm)
        metric = [metric for metric in METRICS if metric.name == f"R@{READ_TO}"]

        def recall(numbers: Sequence[int]) -> Measure | None:
            rows = [found[number] for number in numbers]
            if not any(row.gold for row in rows):
                return None
            (interval,) = intervals(rows, metric, seed=seed).values()
            return measure(to_jsonable(interval))

        return f"R@{READ_TO} of the arm {arm}", recall
    field, what = _passed_by(read.rows)

    def passed(numbers: Sequence[int]) -> Measure | None:
        values = [read.rows[number][field] is True for number in numbers]
        return measure(to_jsonable(share(values, seed=seed)))

    return what, passed


def _passed_by(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    for field, what in (
        ("beq_plus", "BEq+ with the reference"),
        ("equal", "equal to the reference in normal form"),
    ):
        if any(row.get(field) is not None for row in rows):
            return field, what
    return "valid", "share that the checker passes"


def misses(marks: Sequence[Mark]) -> list[tuple[str, int]]:
    """How many problems each category of failure has, the most frequent first, the rare ones together."""
    counts = Counter(category for mark in marks for category in set(mark.categories)).most_common()
    if len(counts) <= _MOST:
        return counts
    rest = counts[_MOST - 1 :]
    return [*counts[: _MOST - 1], (f"{len(rest)} {OTHERS}", sum(count for _, count in rest))]


def gold_places(read: RunRead) -> list[tuple[str, int]]:
    """At which ranks the arm that stands for a retrieval run has the gold names, and how many it has not."""
    arm = primary_arm(read.directory.settings)
    counts: Counter[str] = Counter()
    for problem, answer in zip(read.run.problems, read.run.answers, strict=True):
        gold = problem.gold or frozenset()
        if answer is None or answer.result is None:
            counts["no result"] += len(gold)
            continue
        missing = set(answer.result["missing"])
        ranks = {name: rank for rank, name in enumerate(answer.result["arms"].get(arm, ()), 1)}
        for name in gold:
            if name in missing:
                counts["not in the index"] += 1
            elif name not in ranks:
                counts["below the 50th"] += 1
            else:
                counts[next(label for most, label in _PLACES if ranks[name] <= most)] += 1
    order = [*(label for _, label in _PLACES), "below the 50th", "not in the index", "no result"]
    return [(label, counts[label]) for label in order if counts[label] or label != "no result"]


def latencies(read: RunRead, several: bool = False) -> dict[str, list[float]]:
    """Milliseconds of each part of the work, by its name; the main part alone where there are several runs.

    Of a retrieval run the parts are the arms, of which only those that a user could choose are told. What
    took no time was not done: a statement that was not written was not checked.
    """
    parts: Sequence[str]
    if read.kind == "retrieval":
        main = primary_arm(read.directory.settings)
        parts = (main, *(arm for arm in ("model", "rerank", "rank_bm25", "minilm") if arm != main))
    else:
        parts = ("write", "check") if read.kind == "formalize" else ("all",)
    found = {
        part: [a.ms[part] for a in read.run.answers if a is not None and a.ms.get(part, 0.0) > 0]
        for part in (parts[:1] if several else parts)
    }
    return {part: values for part, values in found.items() if values}


def latency_table(series: Mapping[str, Sequence[float]]) -> Table:
    """Quantiles of some series of milliseconds."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *(milliseconds(float(q)) for q in np.percentile(values, _QUANTILES)), len(values))
        for name, values in series.items()
    )
    columns = ("", *(f"{q}%" for q in _QUANTILES), "n")
    return Table("latency_quantiles", "Quantiles of the time", columns, rows)
