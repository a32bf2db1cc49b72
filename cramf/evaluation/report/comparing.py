"""Two or more runs on the same problems: figures side by side, paired differences and their tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cramf.evaluation.comparison import (
    DRAWS,
    Comparison,
    compare_averages,
    compare_retrieved,
    holm,
    mcnemar,
)
from cramf.evaluation.metrics import METRICS, Retrieved
from cramf.evaluation.report.describing import settings_table
from cramf.evaluation.report.figures import HEADLINES, figures, metric_cell
from cramf.evaluation.report.gathering import Gathered, RunRead
from cramf.evaluation.report.marks import primary_arm
from cramf.evaluation.report.tables import Cell, Table, measure, probability
from cramf.evaluation.retrieval_scores import retrieved
from cramf.jsonable import to_jsonable

__all__ = ["comparison_tables", "draws_for"]

_WORK: Final = 40_000_000
"""Resampled rows that a test may draw; so a test of many problems makes do with fewer resamples."""
_FEWEST: Final = 1_000
_TESTED: Final = (*HEADLINES, "R@1", "R@3", "R@20", "R@50")
_CHIEF: Final = ("model", "rerank")
"""Arms besides the one that stands for a run that are compared."""
_YES_NO: Final = {
    "read": "Written",
    "valid": "Passed",
    "equal": "Equal",
    "faithful": "Faithful",
    "beq": "BEq",
    "beq_plus": "BEq+",
    "beq_l": "BEqL",
}
_AVERAGES: Final = {"similarity": "Similarity"}
_ASKED: Final = {
    "valid": "checker",
    "faithful": "judge",
    "beq": "method or Lean",
    "beq_plus": "method or Lean",
    "beq_l": "method or Lean",
}
"""Who says what stands in a column; two runs can be compared by it only where that is the same."""
_TESTS: Final = (
    "Of the problems that both have. p: paired randomisation test, two-sided; Holm: the same, corrected for "
    "all rows of this table."
)


def comparison_tables(gathered: Gathered) -> list[Table]:
    """What is to be said of several runs; nothing of one.

    The first run is what all others are compared with. A run without scores is in no difference.
    """
    if len(gathered.runs) < 2:
        return []
    tables = [_problems(gathered), _settings(gathered), _side_by_side(gathered)]
    scored = [number for number, read in enumerate(gathered.runs) if read.scores is not None]
    others = [number for number in scored if number > 0]
    if 0 in scored and others:
        tables += _differences(gathered, others)
    return [table for table in tables if table.rows]


def draws_for(rows: int) -> int:
    """How many resamples a test of so many problems takes."""
    return max(_FEWEST, min(DRAWS, _WORK // max(1, rows)))


def _problems(gathered: Gathered) -> Table:
    common = len(gathered.common)
    rows = tuple(
        (
            read.label,
            len(read.run.problems),
            len(read.run.problems) - common,
            sum(read.run.failures.values()),
            len(read.directory.excluded),
            read.directory.origin.sha256[:12],
        )
        for read in gathered.runs
    )
    return Table(
        "problems",
        "Problems of each run",
        ("Run", "Problems", "Not in all runs", "Failed", "Excluded rows", "SHA-256 of the data"),
        rows,
        f"{common:,} problems are in all runs, matched by name and content.",
    )


def _settings(gathered: Gathered) -> Table:
    """The settings in which the runs differ, which is what a difference of figures may come from."""
    own = [{str(name): value for name, value in settings_table(read).rows} for read in gathered.runs]
    names = dict.fromkeys(name for each in own for name in each)
    rows = tuple(
        (name, *values)
        for name in names
        for values in [[each.get(name) for each in own]]
        if any(value != values[0] for value in values)
    )
    return Table(
        "settings_that_differ",
        "Settings that differ",
        ("Setting", *(read.label for read in gathered.runs)),
        rows,
        "All other settings are the same.",
    )


def _side_by_side(gathered: Gathered) -> Table:
    own = [figures(read) for read in gathered.runs]
    names = dict.fromkeys(name for each in own for name in each)
    note = "Each of all problems of its own run."
    if len(gathered.common) < len(gathered.problems):
        note += " The runs are not of the same problems: compare them by the paired differences."
    rows = tuple((name, *(each[name][0] if name in each else None for each in own)) for name in names)
    return Table(
        "side_by_side",
        "Figures side by side",
        ("Figure", *(read.label for read in gathered.runs)),
        rows,
        note,
    )


def _differences(gathered: Gathered, others: Sequence[int]) -> Iterator[Table]:
    first = gathered.runs[0]
    found: dict[tuple[str, str], tuple[Comparison, str]] = {}
    unlike: list[str] = []
    passed: list[tuple[Cell, ...]] = []
    for other in others:
        read = gathered.runs[other]
        pairs = [
            (a, b)
            for a, b in zip(gathered.places[0], gathered.places[other], strict=True)
            if a is not None and b is not None
        ]
        if first.kind == "retrieval":
            for name, comparison in _retrieval(first, read, pairs):
                found[read.label, name] = (comparison, _style(name))
            continue
        for field, label in _YES_NO.items():
            ours, theirs = _columns(first, read, pairs, field)
            if ours is not None and theirs is not None:
                if _asked(first, field) != _asked(read, field):
                    unlike.append(f"{label} of {read.label} (another {_ASKED[field]} than of {first.label})")
                    continue
                found[read.label, label] = (_compared(ours, theirs), "percent")
                passed.append(_mcnemar_row(first, read, label, ours, theirs))
        for field, label in _AVERAGES.items():
            ours, theirs = _columns(first, read, pairs, field)
            if ours is not None and theirs is not None:
                found[read.label, label] = (_compared(ours, theirs), "fraction")
    yield _difference_table(first, found, unlike)
    yield Table(
        "mcnemar",
        "Problems that one run passes and the other does not",
        (
            "Runs",
            "Figure",
            "Both",
            f"Only {first.label}",
            "Only the other",
            "Neither",
            "p (mid)",
            "p (exact)",
        ),
        tuple(passed),
        "McNemar's test on the same problems, two-sided.",
    )


def _asked(read: RunRead, field: str) -> Any:
    """Who says what stands in a column, None where nobody was asked or the answer is what is measured."""
    if field == "valid":
        # What `cramf eval check` measures are the checkers.
        return read.directory.settings.get("checker") if read.kind == "formalize" else None
    look = (read.scores or {}).get(field)
    return [look.get(key) for key in ("judge", "method", "lean")] if isinstance(look, Mapping) else None


def _difference_table(
    first: RunRead, found: Mapping[tuple[str, str], tuple[Comparison, str]], unlike: Sequence[str]
) -> Table:
    keys = {f"{number}": key for number, key in enumerate(found)}
    corrected = holm({number: found[key][0].p_randomisation for number, key in keys.items()})
    rows = tuple(
        (
            f"{label} − {first.label}",
            name,
            measure(to_jsonable(comparison.difference), "+" + style),
            probability(comparison.p_randomisation),
            probability(corrected[number]),
            comparison.n,
            comparison.differ,
        )
        for number, (label, name) in keys.items()
        for comparison, style in [found[label, name]]
    )
    draws = {draws_for(comparison.n) for comparison, _ in found.values()}
    told = f" {max(draws):,} resamples and random swaps." if draws else ""
    if unlike:
        told += f" Not compared: {'; '.join(unlike)}."
    return Table(
        "paired_differences",
        "Paired differences",
        ("Runs", "Figure", "Difference", "p", "Holm", "n", "Differ"),
        rows,
        _TESTS + told,
    )


def _retrieval(
    first: RunRead, read: RunRead, pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, Comparison]]:
    """The metrics of the chief arms that both runs have, the later run minus the first.

    The arms of single channels are not tested: so many tests would leave none of them any power.
    """
    metrics = [metric for metric in METRICS if metric.name in _TESTED]
    offered = [set(run.directory.settings["arms"]) for run in (first, read)]
    mains = [primary_arm(run.directory.settings) for run in (first, read)]
    chosen = [(mains[0], mains[1]), *((arm, arm) for arm in _CHIEF if all(arm in arms for arms in offered))]
    for ours, theirs in dict.fromkeys(chosen):
        a, b = retrieved(first.run, ours), retrieved(read.run, theirs)
        before: list[Retrieved] = [a[number] for number, _ in pairs]
        after: list[Retrieved] = [b[number] for _, number in pairs]
        compared = compare_retrieved(after, before, metrics, draws=draws_for(len(pairs)))
        label = ours if ours == theirs else f"{theirs} − {ours}"
        for name, comparison in compared.items():
            yield f"{label} {name}", comparison


def _style(name: str) -> str:
    zero = {"value": 0.0, "low": 0.0, "high": 0.0}
    return metric_cell(name.rsplit(" ", 1)[-1], zero).style


def _columns(
    first: RunRead, read: RunRead, pairs: Sequence[tuple[int, int]], field: str
) -> tuple[list[Any] | None, list[Any] | None]:
    """A column of both runs on the same problems, None where a run has no value in it at all."""
    ours = [first.rows[a].get(field) for a, _ in pairs]
    theirs = [read.rows[b].get(field) for _, b in pairs]
    return tuple(None if all(v is None for v in values) else values for values in (ours, theirs))  # type: ignore[return-value]


def _compared(ours: Sequence[Any], theirs: Sequence[Any]) -> Comparison:
    a, b = ([None if value is None else float(value) for value in values] for values in (ours, theirs))
    return compare_averages(b, a, draws=draws_for(len(a)))


def _mcnemar_row(
    first: RunRead, read: RunRead, label: str, ours: Sequence[Any], theirs: Sequence[Any]
) -> tuple[Cell, ...]:
    test = mcnemar(ours, theirs)
    return (
        f"{read.label}, {first.label}",
        label,
        test.both,
        test.only_a,
        test.only_b,
        test.neither,
        probability(test.mid),
        probability(test.exact),
    )
