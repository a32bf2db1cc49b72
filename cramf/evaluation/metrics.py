"""Retrieval metrics and their bootstrap intervals, as pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Interval", "Retrieved", "bootstrap", "precision_at", "recall_at"]


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One query: the names ranked, best first, and the gold names."""

    ranked: tuple[str, ...]
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the ends of its 95% interval."""

    value: float
    low: float
    high: float


def recall_at(rows: Sequence[Retrieved], k: int) -> float:
    """R@k, micro-averaged: the share of all gold names that are among the first k of their query.

    A gold name that the index does not know counts as missed. This is the measure of the published figures
    on ProofNet's dependencies.
    """
    wanted = sum(len(row.gold) for row in rows)
    found = sum(len(row.gold.intersection(row.ranked[:k])) for row in rows)
    return found / wanted if wanted else 0.0


def precision_at(rows: Sequence[Retrieved], k: int) -> float:
    """P@k, averaged over queries: the share of the first k that are gold."""
    if not rows or k < 1:
        return 0.0
    return sum(len(row.gold.intersection(row.ranked[:k])) / k for row in rows) / len(rows)


def bootstrap(
    rows: Sequence[Retrieved],
    measure: Callable[[Sequence[Retrieved]], float],
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """A measure with its 95% percentile interval over resampled queries (Efron 1979)."""
    random = np.random.default_rng(seed)
    size = len(rows)
    if not size:
        return Interval(0.0, 0.0, 0.0)
    values = [measure([rows[n] for n in random.integers(0, size, size)]) for _ in range(samples)]
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(measure(rows), float(low), float(high))


def canonical(names: Collection[str], replacements: dict[str, str]) -> frozenset[str]:
    """Gold names with renamed ones under their present name."""
    return frozenset(replacements.get(name, name) for name in names)
