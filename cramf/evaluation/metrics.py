"""Retrieval metrics and their bootstrap intervals, as pure functions.

Each metric is a ratio of sums over queries: micro-averaged recall divides the gold names found by the gold
names wanted, an average over queries divides the sum of its values by the number of queries that count. A
query without gold names adds nothing to either sum. So one resampling of the queries serves all metrics at
once, and both sides of a comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np
import numpy.typing as npt

__all__ = [
    "DEPTH",
    "METRICS",
    "RESAMPLES",
    "SEED",
    "Interval",
    "Metric",
    "Retrieved",
    "bootstrap",
    "canonical",
    "hit_rate_at",
    "intervals",
    "mean_reciprocal_rank",
    "ndcg_at",
    "paired_difference",
    "precision_at",
    "ratio_intervals",
    "recall_at",
    "wilson_interval",
]

DEPTH = 50
"""How deep a ranking is read by the deepest of `METRICS`."""
RESAMPLES = 2000
SEED = 0
_CELLS = 1 << 22
"""Resampled queries that are drawn at a time, which bounds the memory of many queries."""

Floats = npt.NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by name; `parts` gives what one query adds to its numerator and to its denominator."""

    name: str
    parts: Callable[[Retrieved], tuple[float, float]]

    def value(self, rows: Sequence[Retrieved]) -> float:
        """The metric of all rows, 0 where none counts."""
        wanted = found = 0.0
        for row in rows:
            numerator, denominator = self.parts(row)
            found += numerator
            wanted += denominator
        return found / wanted if wanted else 0.0


def recall_at(rows: Sequence[Retrieved], k: int) -> float:
    """R@k, micro-averaged: the share of all gold names that are among the first k of their query.

    A gold name that the index does not know counts as missed. This is the measure of the published figures
    on ProofNet's dependencies. (trec_eval's `recall_k` is another one: the mean of each query's share.)
    """
    return _recall(k).value(rows)


def precision_at(rows: Sequence[Retrieved], k: int) -> float:
    """P@k: the share of the first k that is gold, averaged over queries with gold names.

    It divides by k even where fewer names were retrieved, as trec_eval's `P_k` does (Manning, Raghavan and
    Schütze, "Introduction to Information Retrieval", 2008, section 8.4). trec_eval and ranx leave out
    queries without gold names too.
    """
    return _precision(k).value(rows)


def hit_rate_at(rows: Sequence[Retrieved], k: int) -> float:
    """HitRate@k: the share of queries with any gold name among the first k, of queries with gold names.

    trec_eval's `success_k` and ranx's `hit_rate@k`; both leave out queries without gold names.
    """
    return _hit_rate(k).value(rows)


def ndcg_at(rows: Sequence[Retrieved], k: int) -> float:
    """nDCG@k with binary gains, averaged over queries with gold names.

    The gain of a gold name at rank r is 1 / log2(r + 1); their sum is divided by that of the ideal ranking,
    whose first min(k, number of gold names) are all gold. Järvelin and Kekäläinen, "Cumulated gain-based
    evaluation of IR techniques" (2002), with the discount as trec_eval (`ndcg_cut_k`) and ranx (`ndcg@k`)
    have it, where the paper's own leaves ranks below its logarithm's base alone. Both leave out queries
    without gold names.
    """
    return _ndcg(k).value(rows)


def mean_reciprocal_rank(rows: Sequence[Retrieved], k: int = DEPTH) -> float:
    """MRR: 1 / rank of the first gold name, 0 where none is among the first k, averaged over queries.

    Voorhees, "The TREC-8 Question Answering Track Report" (1999); trec_eval's `recip_rank` and ranx's `mrr`
    of rankings cut at k. Queries without gold names are left out, as both do.
    """
    return _reciprocal_rank(k).value(rows)


def _found(row: Retrieved, k: int) -> Iterator[int]:
    """Ranks, from 1, of the gold names among the first k; a repeated name counts where it is first."""
    seen: set[str] = set()
    for rank, name in enumerate(row.ranked[: max(k, 0)], start=1):
        if name in row.gold and name not in seen:
            seen.add(name)
            yield rank


def _averaged(name: str, value: Callable[[Retrieved], float]) -> Metric:
    """The mean of a value over the queries that have gold names."""
    return Metric(name, lambda row: (value(row), 1.0) if row.gold else (0.0, 0.0))


def _recall(k: int) -> Metric:
    return Metric(f"R@{k}", lambda row: (float(sum(1 for _ in _found(row, k))), float(len(row.gold))))


def _precision(k: int) -> Metric:
    return _averaged(f"P@{k}", lambda row: sum(1 for _ in _found(row, k)) / k if k > 0 else 0.0)


def _hit_rate(k: int) -> Metric:
    return _averaged(f"HitRate@{k}", lambda row: float(any(True for _ in _found(row, k))))


def _ndcg(k: int) -> Metric:
    def value(row: Retrieved) -> float:
        ideal = sum(1 / log2(rank + 1) for rank in range(1, min(k, len(row.gold)) + 1))
        return sum(1 / log2(rank + 1) for rank in _found(row, k)) / ideal if ideal else 0.0

    return _averaged(f"nDCG@{k}", value)


def _reciprocal_rank(k: int) -> Metric:
    return _averaged("MRR", lambda row: 1 / next(_found(row, k), float("inf")))


METRICS: tuple[Metric, ...] = (
    *(_recall(k) for k in (1, 3, 5, 10, 20, DEPTH)),
    _precision(5),
    _hit_rate(3),
    _ndcg(10),
    _reciprocal_rank(DEPTH),
)
"""What `cramf eval retrieval` reports; MRR reads the first `DEPTH` names."""


def intervals(
    rows: Sequence[Retrieved],
    metrics: Sequence[Metric] = METRICS,
    samples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Interval]:
    """Each metric by name, with its 95% percentile interval over resampled queries.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. The intervals are those of
    `bootstrap` with the same seed, to rounding.
    """
    found = ratio_intervals(_parts(rows, metrics), samples, seed)
    return {metric.name: interval for metric, interval in zip(metrics, found, strict=True)}


def ratio_intervals(parts: Floats, samples: int = RESAMPLES, seed: int = SEED) -> list[Interval]:
    """Ratios of sums over rows, each with its 95% percentile interval over resampled rows, which are the same
    for all.

    `parts` has shape (rows, ratios, 2): what each row adds to each numerator and denominator.
    """
    values, resampled = _ratios(parts.sum(axis=0)), _ratios(_resampled(parts, samples, seed))
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    return [Interval(float(v), float(a), float(b)) for v, a, b in zip(values, low, high, strict=True)]


def paired_difference(
    a: Sequence[Retrieved],
    b: Sequence[Retrieved],
    metrics: Sequence[Metric] = METRICS,
    samples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Interval]:
    """Each metric of `a` minus that of `b`, with the 95% percentile interval of the difference.

    Both are taken of the same resampled queries (the paired bootstrap; Sakai, "Evaluating evaluation metrics
    based on the bootstrap", 2006), so that what makes a query hard for both cancels.

    Raises:
        ValueError: where `a` and `b` are not answers to the same queries.
    """
    if [row.gold for row in a] != [row.gold for row in b]:
        raise ValueError("a and b are not answers to the same queries")
    ours, theirs = _parts(a, metrics), _parts(b, metrics)
    values = _ratios(ours.sum(axis=0)) - _ratios(theirs.sum(axis=0))
    resampled = _ratios(_resampled(ours, samples, seed)) - _ratios(_resampled(theirs, samples, seed))
    return _intervals(metrics, values, resampled)


def bootstrap(
    rows: Sequence[Retrieved],
    measure: Callable[[Sequence[Retrieved]], float],
    samples: int = RESAMPLES,
    seed: int = SEED,
) -> Interval:
    """Any measure with its 95% percentile interval over resampled queries (Efron 1979).

    It calls the measure for every resample; `intervals` is the fast way for what is in `METRICS`.
    """
    random = np.random.default_rng(seed)
    size = len(rows)
    if not size:
        return Interval(0.0, 0.0, 0.0)
    values = [measure([rows[n] for n in random.integers(0, size, size)]) for _ in range(samples)]
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(measure(rows), float(low), float(high))


def canonical(names: Collection[str], replacements: Mapping[str, str]) -> frozenset[str]:
    """Gold names with renamed ones under their present name."""
    return frozenset(replacements.get(name, name) for name in names)


def _parts(rows: Sequence[Retrieved], metrics: Sequence[Metric]) -> Floats:
    """Numerators and denominators, shape (queries, metrics, 2)."""
    parts = [[metric.parts(row) for metric in metrics] for row in rows]
    return np.array(parts, dtype=np.float64).reshape(len(rows), len(metrics), 2)


def _ratios(sums: Floats) -> Floats:
    """Numerators over denominators, 0 where nothing was wanted; `sums` has shape (..., 2)."""
    found, wanted = sums[..., 0], sums[..., 1]
    ratios: Floats = np.divide(found, wanted, out=np.zeros_like(wanted), where=wanted > 0)
    return ratios


def _resampled(parts: Floats, samples: int, seed: int) -> Floats:
    """Sums of parts over resampled queries, shape (samples, metrics, 2); a seed draws the same ones."""
    size, metrics, _ = parts.shape
    if not size:
        return np.zeros((samples, metrics, 2))
    flat = parts.reshape(size, 2 * metrics)
    random = np.random.default_rng(seed)
    sums = []
    step = max(1, _CELLS // size)
    for start in range(0, samples, step):
        number = min(step, samples - start)
        drawn = random.integers(0, size, (number, size))
        drawn += size * np.arange(number)[:, None]
        times = np.bincount(drawn.ravel(), minlength=number * size).reshape(number, size)
        sums.append(times @ flat)
    return np.concatenate(sums).reshape(samples, metrics, 2)


def _intervals(metrics: Sequence[Metric], values: Floats, resampled: Floats) -> dict[str, Interval]:
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    return {
        metric.name: Interval(float(values[n]), float(low[n]), float(high[n]))
        for n, metric in enumerate(metrics)
    }


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's score interval at 95% of the share `hits / n`; (0, 1) of nothing.

    Source: E. B. Wilson, JASA 22 (1927), 209-212.
    """
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    share, divisor = hits / n, 1 + z * z / n
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / divisor
    middle = (share + z * z / (2 * n)) / divisor
    return middle - half, middle + half
