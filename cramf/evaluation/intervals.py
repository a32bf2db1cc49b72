"""Values with 95% intervals: the bootstrap of ratios of sums over rows, means, and shares by Wilson's score.

All averages take the full list of rows: a row for which there is no answer is None, and each function says
what that counts as. So the number of rows never shrinks unseen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "RESAMPLES",
    "SEED",
    "Average",
    "Floats",
    "Interval",
    "Share",
    "average",
    "bootstrap",
    "ratio_intervals",
    "ratios",
    "resampled_sums",
    "row_multiplicities",
    "share",
    "wilson_interval",
]

RESAMPLES = 2000
SEED = 0
_CELLS = 1 << 22
"""Resampled rows that are drawn at a time, which bounds the memory of many rows."""

Floats = npt.NDArray[np.float64]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the ends of its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n` rows, with both intervals of the share.

    The bootstrap's has no width where all rows or none are hits, though the next row may well differ;
    Wilson's is right there too. Of no rows the value is 0, Wilson's interval (0, 1), the bootstrap's (0, 0).
    """

    hits: int
    n: int
    wilson: Interval
    bootstrap: Interval

    @property
    def value(self) -> float:
        return self.wilson.value


@dataclass(frozen=True, slots=True)
class Average:
    """A mean over `n` rows, of which `missing` had no value and counted as the value that was asked for."""

    interval: Interval
    n: int
    missing: int


def ratio_intervals(parts: Floats, samples: int = RESAMPLES, seed: int = SEED) -> list[Interval]:
    """Ratios of sums over rows, each with its 95% percentile interval over resampled rows, which are the same
    for all.

    `parts` has shape (rows, ratios, 2): what each row adds to each numerator and denominator. A ratio whose
    denominators sum to nothing is 0; without rows all ends are 0.
    """
    values, resampled = ratios(parts.sum(axis=0)), ratios(resampled_sums(parts, samples, seed))
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    return [Interval(float(v), float(a), float(b)) for v, a, b in zip(values, low, high, strict=True)]


def bootstrap(
    rows: Sequence[Row],
    measure: Callable[[Sequence[Row]], float],
    samples: int = RESAMPLES,
    seed: int = SEED,
) -> Interval:
    """Any measure with its 95% percentile interval over resampled rows (Efron 1979).

    It calls the measure for every resample; `ratio_intervals` is the fast way for ratios of sums.
    """
    random = np.random.default_rng(seed)
    size = len(rows)
    if not size:
        return Interval(0.0, 0.0, 0.0)
    values = [measure([rows[n] for n in random.integers(0, size, size)]) for _ in range(samples)]
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(measure(rows), float(low), float(high))


def average(
    values: Sequence[float | None], missing: float = 0.0, samples: int = RESAMPLES, seed: int = SEED
) -> Average:
    """The mean of all rows with its 95% percentile interval over resampled rows.

    A row without a value (None) counts as `missing`; the mean of no rows is 0.

    Raises:
        ValueError: for a value that is not finite, which would hide every other.
    """
    filled = np.array([missing if value is None else value for value in values], dtype=np.float64)
    if not np.isfinite(filled).all():
        raise ValueError("a value is not a finite number")
    parts = np.stack([filled, np.ones_like(filled)], axis=-1)[:, None, :]
    (interval,) = ratio_intervals(parts, samples, seed)
    return Average(interval, len(values), sum(value is None for value in values))


def share(rows: Sequence[bool | None], samples: int = RESAMPLES, seed: int = SEED) -> Share:
    """The share of rows that are true, of all of them: one without an answer (None) counts as not true."""
    hits = sum(row is True for row in rows)
    mean = average([float(row is True) for row in rows], samples=samples, seed=seed)
    wilson = Interval(mean.interval.value, *wilson_interval(hits, len(rows)))
    return Share(hits, len(rows), wilson, mean.interval)


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's score interval at 95% of the share `hits / n`; (0, 1) of nothing.

    Source: E. B. Wilson, JASA 22 (1927), 209-212.
    """
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    rate, divisor = hits / n, 1 + z * z / n
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / divisor
    middle = (rate + z * z / (2 * n)) / divisor
    # Rounding must not lead out of the interval of all shares, where -0.0 would be shown.
    return max(0.0, middle - half), min(1.0, middle + half)


def ratios(sums: Floats) -> Floats:
    """Numerators over denominators, 0 where nothing was wanted; `sums` has shape (..., 2)."""
    found, wanted = sums[..., 0], sums[..., 1]
    divided: Floats = np.divide(found, wanted, out=np.zeros_like(wanted), where=wanted > 0)
    return divided


def resampled_sums(parts: Floats, samples: int, seed: int) -> Floats:
    """Sums of parts over resampled rows, shape (samples, ...) for parts of shape (rows, ...).

    The same number of rows and the same seed draw the same rows, whatever the parts are.
    """
    size, *shape = parts.shape
    if not size:
        return np.zeros((samples, *shape))
    flat = parts.reshape(size, -1)
    sums = [times @ flat for times in row_multiplicities(size, samples, seed)]
    return np.concatenate(sums).reshape(samples, *shape)


def row_multiplicities(size: int, samples: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """How often each of `size` rows is drawn in each resample, some resamples at a time."""
    random = np.random.default_rng(seed)
    step = max(1, _CELLS // size)
    for start in range(0, samples, step):
        number = min(step, samples - start)
        drawn = random.integers(0, size, (number, size))
        drawn += size * np.arange(number)[:, None]
        yield np.bincount(drawn.ravel(), minlength=number * size).reshape(number, size)
