"""The figures and the problems of a report as CSV, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from cramf.evaluation.report.breakdown import run_tables
from cramf.evaluation.report.comparing import comparison_tables
from cramf.evaluation.report.gathering import Gathered, RunRead
from cramf.evaluation.report.marks import marks
from cramf.evaluation.report.tables import Cell, Measure, Open, Table

__all__ = ["figures_csv", "problems_csv"]

_FIGURES: Final = ("run", "table", "row", "column", "value", "low", "high")
_COMMON: Final = ("run", "name", "split", "outcome", "categories", "ms")


def figures_csv(gathered: Gathered) -> str:
    """A row for each cell of each table: run, table, row, column, value, and the ends of its interval.

    Shares are between 0 and 1, times in milliseconds. `run` is "" for what compares the runs; the value of an
    open figure is "open".
    """
    rows = [row for read in gathered.runs for table in run_tables(read) for row in _cells(read.label, table)]
    rows += [row for table in comparison_tables(gathered) for row in _cells("", table, labels=2)]
    return _written(_FIGURES, rows)


def problems_csv(gathered: Gathered) -> str:
    """A row for each problem of each run: what came of it, and the run's own columns where it was scored."""
    own = [(read, marks(read)) for read in gathered.runs]
    extra = dict.fromkeys(
        key
        for read in gathered.runs
        for key in (read.rows[0] if read.rows else ())
        if key not in (*_COMMON, "header", "helper", "statement")
    )
    columns = (*_COMMON, *extra)
    rows = [
        {
            **{key: _flat(value) for key, value in _kept(read, number).items() if key in extra},
            "run": read.label,
            "name": problem.name,
            "split": problem.split,
            "outcome": mark.outcome,
            "categories": "; ".join(mark.categories),
            "ms": mark.ms,
        }
        for read, each in own
        for number, (problem, mark) in enumerate(zip(read.run.problems, each, strict=True))
    ]
    return _written(columns, ([row.get(column) for column in columns] for row in rows))


def _kept(read: RunRead, number: int) -> Mapping[str, Any]:
    return read.rows[number] if read.rows else {}


def _cells(run: str, table: Table, labels: int = 1) -> Iterator[tuple[Any, ...]]:
    """A table's cells; where the second column is text too, both name the row."""
    named = labels if all(isinstance(row[labels - 1], str) for row in table.rows) else 1
    for row in table.rows:
        name = ", ".join(str(cell) for cell in row[:named])
        for column, cell in zip(table.columns[named:], row[named:], strict=True):
            if cell is not None:
                yield run, table.key, name, column, *_numbers(cell)


def _numbers(cell: Cell) -> tuple[Any, Any, Any]:
    if isinstance(cell, Measure):
        return cell.value, cell.low, cell.high
    return "open" if isinstance(cell, Open) else cell, None, None


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return " ".join(value.split()) if isinstance(value, str) else value


def _written(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
