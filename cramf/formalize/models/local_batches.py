"""Which answers a local model works at together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cramf.formalize.models.local_sampling import Sampling

__all__ = ["Batch", "Row", "Settings", "batches"]

Settings = tuple[Sampling, int, tuple[str, ...]]
"""How tokens are drawn, the most of them, and the stop strings: the same for all rows of a batch."""


@dataclass(frozen=True, slots=True)
class Row:
    """One answer to be written: whose it is, the prompt's tokens, and the seed of what is drawn for it."""

    request: int
    choice: int
    ids: tuple[int, ...]
    settings: Settings
    seed: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are worked at together."""

    settings: Settings
    rows: tuple[Row, ...]


def batches(rows: Sequence[Row], size: int) -> Iterator[Batch]:
    """All rows, in batches of equal settings and at most `size` rows, of about equal length.

    The longest prompts come first, so that a lack of memory shows at once.
    """
    groups: dict[Settings, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.settings, []).append(row)
    for settings, group in groups.items():
        group.sort(key=lambda row: -len(row.ids))
        for begin in range(0, len(group), size):
            yield Batch(settings, tuple(group[begin : begin + size]))
