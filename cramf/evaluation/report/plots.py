"""The plots of a report, each with a table of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cramf.evaluation.report.breakdown import (
    by_domain,
    by_split,
    gold_places,
    latencies,
    latency_table,
    misses,
)
from cramf.evaluation.report.figures import figures
from cramf.evaluation.report.gathering import Gathered, RunRead
from cramf.evaluation.report.marks import Mark, primary_arm
from cramf.evaluation.report.svg import INK, SERIES, canvas
from cramf.evaluation.report.tables import Cell, Measure, Table, measure

__all__ = ["Plot", "plots"]

_RECALLS: Final = (1, 3, 5, 10, 20, 50)
_DASHES: Final = ("-", "--", "-.", ":", (0, (6, 1, 1, 1)), (0, (1, 1)), (0, (4, 3)), (0, (8, 2)))
_POINTS: Final = "osD^vPX*"
_CURVES: Final = ("full", "model", "rerank", "usage", "dense", "rank_bm25", "minilm", "rrf")
"""Arms that have a curve where there are more than a plot can tell apart."""
_QUANTILES: Final = 101
_ROW: Final = 0.27
_LONGEST: Final = 34


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture as an `<svg>` element, with the numbers that it shows."""

    key: str
    title: str
    svg: str
    table: Table
    note: str = ""


def plots(gathered: Gathered, marks: Sequence[Sequence[Mark]]) -> list[Plot]:
    """All plots of a report; `marks` are those of each run. Only the time is shown of a run without scores.

    Raises:
        ResourceError: where matplotlib is not installed.
    """
    runs = [read for read in gathered.runs if read.scores is not None]
    found: list[Plot | None] = []
    if runs and gathered.kind == "retrieval":
        found += [_recall(runs), _arms(runs)]
    elif runs:
        found.append(_figures(runs))
    if runs:
        found.append(_parts(runs, "splits"))
        found.append(_parts(runs, "domains"))
        scored = [m for m, read in zip(marks, gathered.runs, strict=True) if read.scores is not None]
        if gathered.kind == "retrieval":
            counts = [gold_places(read) for read in runs]
            found.append(_bars("places", "Where the gold names are", "gold names", runs, counts))
        else:
            counts = [misses(each) for each in scored]
            found.append(_bars("failures", "What went wrong", "problems", runs, counts))
        found.append(_time(runs))
    return [plot for plot in found if plot is not None]


def _recall(runs: Sequence[RunRead]) -> Plot | None:
    """R@k over k: a curve an arm, or a run where there are several."""
    curves: dict[str, list[Measure]] = {}
    for read in runs:
        assert read.scores is not None
        arms = read.scores["arms"]
        main = primary_arm(read.directory.settings)
        shown: Sequence[str] = [main] if len(runs) > 1 else list(arms)
        if len(shown) > len(SERIES):
            shown = [arm for arm in _CURVES if arm in arms]
        for arm in shown:
            label = f"{read.label}: {arm}" if len(runs) > 1 else arm
            curves[label] = [measure(arms[arm][f"R@{k}"]) for k in _RECALLS]
    if not curves:
        return None
    curves = dict(list(curves.items())[: len(SERIES)])
    with canvas("recall", 3.6) as drawn:
        axes = drawn.axes
        places = np.arange(len(_RECALLS))
        for number, (label, values) in enumerate(curves.items()):
            low, high = ([100 * (v.low or 0) for v in values], [100 * (v.high or 0) for v in values])
            colour = SERIES[number]
            axes.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)
            axes.plot(
                places,
                [100 * v.value for v in values],
                color=colour,
                linestyle=_DASHES[number],
                marker=_POINTS[number],
                markersize=5,
                linewidth=1.8,
                label=_short(label),
            )
        axes.set_xticks(places, [str(k) for k in _RECALLS])
        axes.set_xlabel("k")
        axes.set_ylabel("R@k, %")
        axes.set_ylim(0, 100)
        axes.grid(axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.18), ncols=2 if len(runs) > 1 else 4)
        svg = drawn.svg("Recall at k of each arm" if len(runs) == 1 else "Recall at k of each run")
    table = Table(
        "recall",
        "Recall at k",
        ("Arm", *(f"R@{k}" for k in _RECALLS)),
        tuple((label, *values) for label, values in curves.items()),
    )
    return Plot("recall", "Recall at k", svg, table, "Bands are 95% bootstrap intervals over statements.")


def _arms(runs: Sequence[RunRead]) -> Plot | None:
    rows: dict[str, list[Measure | None]] = {}
    for number, read in enumerate(runs):
        for name, (cell, _, _) in figures(read).items():
            arm, _, metric = name.rpartition(" ")
            if metric == "R@10" and isinstance(cell, Measure):
                rows.setdefault(arm, [None] * len(runs))[number] = cell
    return _dots("arms", "R@10 of each arm", "R@10, %", runs, rows)


def _figures(runs: Sequence[RunRead]) -> Plot | None:
    rows: dict[str, list[Measure | None]] = {}
    for number, read in enumerate(runs):
        for name, (cell, _, _) in figures(read).items():
            if isinstance(cell, Measure):
                rows.setdefault(name, [None] * len(runs))[number] = cell
    return _dots("figures", "Figures", "% of problems (similarity: × 100)", runs, rows)


def _parts(runs: Sequence[RunRead], key: str) -> Plot | None:
    rows: dict[str, list[Measure | None]] = {}
    title = ""
    for number, read in enumerate(runs):
        table = by_split(read) if key == "splits" else by_domain(read)
        if table is None:
            continue
        title = title or table.title
        for name, cell, n in table.rows:
            label = str(name) if len(runs) > 1 else f"{name} ({n})"
            if isinstance(cell, Measure):
                rows.setdefault(label, [None] * len(runs))[number] = cell
    return _dots(key, title, "%", runs, rows) if rows else None


def _dots(
    key: str, title: str, unit: str, runs: Sequence[RunRead], rows: Mapping[str, Sequence[Measure | None]]
) -> Plot | None:
    """Values with their intervals, a line a row and a dot a run."""
    if not rows:
        return None
    several = len(runs) > 1
    with canvas(
        key, 1.0 + _ROW * len(rows) * (1 + 0.35 * (len(runs) - 1)) + (0.3 if several else 0)
    ) as drawn:
        axes = drawn.axes
        spread = 0.56 / max(1, len(runs) - 1) if several else 0.0
        for number, read in enumerate(runs):
            colour = SERIES[number % len(SERIES)]
            first = True
            for row, values in enumerate(rows.values()):
                value = values[number]
                if value is None:
                    continue
                height = row + (number * spread - 0.28 if several else 0.0)
                low = value.value if value.low is None else value.low
                high = value.value if value.high is None else value.high
                axes.plot([100 * low, 100 * high], [height, height], color=colour, linewidth=2, alpha=0.75)
                axes.plot(
                    [100 * value.value],
                    [height],
                    color=colour,
                    marker=_POINTS[number % len(_POINTS)],
                    markersize=6,
                    linestyle="none",
                    label=_short(read.label) if first else None,
                )
                first = False
        axes.set_yticks(range(len(rows)), [_short(name) for name in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(-1, 101)
        axes.set_xlabel(unit)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        if several:
            axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
        svg = drawn.svg(f"{title}, with 95% intervals")
    labels = tuple(read.label for read in runs) if several else ("Value",)
    body: tuple[tuple[Cell, ...], ...] = tuple((name, *values) for name, values in rows.items())
    table = Table(f"plot_{key}", title, ("", *labels), body)
    return Plot(key, title, svg, table, "Lines are 95% intervals.")


def _bars(
    key: str,
    title: str,
    unit: str,
    runs: Sequence[RunRead],
    counts: Sequence[Sequence[tuple[str, int]]],
) -> Plot | None:
    """Counts a category, a bar a run."""
    names = list(dict.fromkeys(name for each in counts for name, _ in each))
    if not names:
        return None
    own = [dict(each) for each in counts]
    with canvas(key, 1.0 + _ROW * len(names) * (1 + 0.5 * (len(runs) - 1))) as drawn:
        axes = drawn.axes
        width = 0.72 / len(runs)
        most = max((value for each in own for value in each.values()), default=1) or 1
        for number, read in enumerate(runs):
            values = [own[number].get(name, 0) for name in names]
            heights = [row - 0.36 + width * (number + 0.5) for row in range(len(names))]
            axes.barh(
                heights, values, width * 0.9, color=SERIES[number % len(SERIES)], label=_short(read.label)
            )
            for height, value in zip(heights, values, strict=True):
                axes.text(value + most * 0.01, height, f"{value:,}", va="center", fontsize=9, color=INK)
        axes.set_yticks(range(len(names)), [_short(name) for name in names])
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, most * 1.12)
        axes.set_xlabel(unit)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        if len(runs) > 1:
            axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
        svg = drawn.svg(f"{title}: {unit} by category")
    rows: tuple[tuple[Cell, ...], ...] = tuple((name, *(each.get(name, 0) for each in own)) for name in names)
    labels = tuple(read.label for read in runs) if len(runs) > 1 else (unit.capitalize(),)
    return Plot(key, title, svg, Table(f"plot_{key}", title, ("", *labels), rows))


def _time(runs: Sequence[RunRead]) -> Plot | None:
    """The share of problems that took at most so long, over the time."""
    several = len(runs) > 1
    series = {
        (f"{read.label}: {part}" if several else part): values
        for read in runs
        for part, values in latencies(read, several).items()
    }
    if not series:
        return None
    series = dict(list(series.items())[: len(SERIES)])
    shares = np.linspace(0, 100, _QUANTILES)
    with canvas("time") as drawn:
        axes = drawn.axes
        for number, (label, values) in enumerate(series.items()):
            # A clock's smallest step may be all that a part took; a logarithm needs more than nothing.
            times = np.maximum(np.percentile(values, shares), 1e-3)
            axes.plot(
                times,
                shares,
                color=SERIES[number],
                linestyle=_DASHES[number],
                linewidth=1.8,
                label=_short(label),
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.4g}")
        axes.set_xlabel("milliseconds")
        axes.set_ylabel("% of problems")
        axes.set_ylim(0, 100)
        axes.grid()
        axes.legend(loc="lower right")
        svg = drawn.svg("Time that a problem takes, as a cumulative distribution")
    return Plot(
        "time", "Time", svg, latency_table(series), "The share of problems that took at most so long."
    )


def _short(label: str) -> str:
    text = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
    # Matplotlib hides from a legend what begins with an underscore.
    return f" {text}" if text.startswith("_") else text
