"""Tables as all forms of the report share them: values with intervals, put in words when they are printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Cell",
    "Measure",
    "Open",
    "Table",
    "fraction",
    "measure",
    "milliseconds",
    "probability",
    "text_of",
]


@dataclass(frozen=True, slots=True)
class Measure:
    """A value, the ends of its 95% interval where it has one, and how it is written.

    `style` is `percent`, `fraction`, `ms`, `p` (a p-value), or one of the first two with `+`
    before it for a difference.
    """

    value: float
    low: float | None = None
    high: float | None = None
    style: str = "percent"

    @property
    def shown(self) -> str:
        """The value alone: `48.1%`, `0.481`, `12.3 ms`, `< 0.001`."""
        # `z` is against `-0.0`, which a value just below zero is rounded to.
        sign = "+" if self.style.startswith("+") else ""
        match self.style.lstrip("+"):
            case "percent":
                return f"{100 * self.value:{sign}z.1f}%"
            case "ms":
                return f"{self.value:,.1f} ms" if self.value < 1000 else f"{self.value / 1000:,.2f} s"
            case "p":
                return "< 0.001" if self.value < 0.001 else f"{self.value:.3f}"
            case _:
                return f"{self.value:{sign}z.3f}"

    @property
    def interval(self) -> str:
        """`[45.0, 51.2]`, "" where there is none."""
        if self.low is None or self.high is None:
            return ""
        sign = "+" if self.style.startswith("+") else ""
        if self.style.endswith("percent"):
            return f"[{100 * self.low:{sign}z.1f}, {100 * self.high:{sign}z.1f}]"
        return f"[{self.low:{sign}z.3f}, {self.high:{sign}z.3f}]"


@dataclass(frozen=True, slots=True)
class Open:
    """A figure that this run has not, and the command that makes it."""

    command: str


Cell = str | int | Measure | Open | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names the row. `key` is its name in files, `note` what a reader must know."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def measure(value: Mapping[str, Any], style: str = "percent") -> Measure:
    """An interval or a share as JSON values; of a share the Wilson interval."""
    inner = value.get("wilson", value)
    return Measure(inner["value"], inner["low"], inner["high"], style)


def fraction(value: Mapping[str, Any]) -> Measure:
    return measure(value, "fraction")


def milliseconds(value: float) -> Measure:
    return Measure(value, style="ms")


def probability(value: float) -> Measure:
    return Measure(value, style="p")


def text_of(cell: Cell) -> str:
    """A cell in one line of plain text."""
    if cell is None:
        return "–"
    if isinstance(cell, Measure):
        return f"{cell.shown} {cell.interval}".rstrip()
    if isinstance(cell, Open):
        return f"open: {cell.command}"
    return f"{cell:,}" if isinstance(cell, int) else cell
