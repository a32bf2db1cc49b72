"""The figures of a report as Markdown: tables with intervals, and what must be known beside them."""

from __future__ import annotations

from collections.abc import Iterator

from cramf.evaluation.report.breakdown import run_tables
from cramf.evaluation.report.comparing import comparison_tables
from cramf.evaluation.report.describing import (
    TITLES,
    data_pairs,
    environment_table,
    excluded_table,
    settings_table,
    warnings,
)
from cramf.evaluation.report.gathering import Gathered, RunRead
from cramf.evaluation.report.tables import Cell, Measure, Table, text_of

__all__ = ["markdown"]


def markdown(gathered: Gathered) -> str:
    """The whole report but the statements, as Markdown with tables as GitHub has them."""
    return "\n".join(_lines(gathered)).rstrip() + "\n"


def _lines(gathered: Gathered) -> Iterator[str]:
    several = len(gathered.runs) > 1
    names = ", ".join(read.label for read in gathered.runs)
    yield f"# {TITLES.get(gathered.kind, gathered.kind)}: {_inline(names)}"
    yield ""
    told = warnings(gathered)
    for line in told:
        yield f"> - {_inline(line)}"
    if told:
        yield ""
    if several:
        yield "## Comparison"
        yield ""
        for table in comparison_tables(gathered):
            yield from _table(table)
    for read in gathered.runs:
        yield from _run(read)


def _run(read: RunRead) -> Iterator[str]:
    yield f"## Run {_inline(read.label)}"
    yield ""
    for name, value in data_pairs(read):
        yield f"- {name}: {_inline(value)}"
    yield ""
    excluded = excluded_table(read)
    tables = [*run_tables(read), *([excluded] if excluded else ())]
    for table in [*tables, settings_table(read), environment_table(read)]:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield f"### {_inline(table.title)}"
    yield ""
    yield _row([_inline(column) for column in table.columns])
    numbers = [
        bool(table.rows) and all(isinstance(row[n], (int, Measure)) or row[n] is None for row in table.rows)
        for n in range(len(table.columns))
    ]
    yield _row(["---:" if number else "---" for number in numbers])
    for row in table.rows:
        yield _row([_cell(cell) for cell in row])
    yield ""
    if table.note:
        yield _inline(table.note)
        yield ""


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return _inline(text_of(cell))


def _inline(text: str) -> str:
    """Text that stands in one line and means nothing to Markdown or HTML."""
    text = " ".join(text.split()).replace("\\", "\\\\")
    for sign in "|`*_":
        text = text.replace(sign, f"\\{sign}")
    # `[text](address)` would be a link; an interval in brackets is none.
    text = text.replace("](", "]\\(")
    return text.replace("&", "&amp;").replace("<", "&lt;")
