"""Retrieval metrics and their bootstrap intervals, as pure functions.

Each metric is a ratio of sums over queries: micro-averaged recall divides the gold names found by the gold
names wanted, an average over queries divides the sum of its values by the number of queries that count. A
query without gold names adds nothing to either sum. So one resampling of the queries serves all metrics at
once, and both sides of a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from cramf.evaluation.intervals import (
    RESAMPLES,
    SEED,
    Floats,
    Interval,
    ratio_intervals,
    ratios,
    resampled_sums,
)

__all__ = [
    "DEPTH",
    "METRICS",
    "Metric",
    "Retrieved",
    "f1_at",
    "hit_rate_at",
    "intervals",
    "mean_f1_at",
    "mean_recall_at",
    "mean_reciprocal_rank",
    "metric_parts",
    "ndcg_at",
    "paired_difference",
    "part_intervals",
    "precision_at",
    "recall_at",
]

DEPTH = 50
"""How deep a ranking is read by the deepest of `METRICS`."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One query: the names ranked, best first, and the gold names."""

    ranked: tuple[str, ...]
    gold: frozenset[str]


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
    on ProofNet's dependencies. trec_eval's `recall_k` is another one: `mean_recall_at`.
    """
    return _recall(k).value(rows)


def mean_recall_at(rows: Sequence[Retrieved], k: int) -> float:
    """R@k, macro-averaged: the share of a query's gold names that are among its first k, averaged over
    queries with gold names.

    trec_eval's `recall_k` and ranx's `recall@k`; both leave out queries without gold names.
    """
    return _mean_recall(k).value(rows)


def precision_at(rows: Sequence[Retrieved], k: int) -> float:
    """P@k: the share of the first k that is gold, averaged over queries with gold names.

    It divides by k even where fewer names were retrieved, as trec_eval's `P_k` does (Manning, Raghavan and
    Schütze, "Introduction to Information Retrieval", 2008, section 8.4). trec_eval and ranx leave out
    queries without gold names too.
    """
    return _precision(k).value(rows)


def f1_at(rows: Sequence[Retrieved], k: int) -> float:
    """F1@k, micro-averaged: twice the gold names found, over the names read and the gold names wanted.

    Both are summed over queries with gold names, each of which reads k names even where fewer were retrieved.
    So it is the harmonic mean of `recall_at` and `precision_at`, which for a fixed k is micro-averaged as
    well (van Rijsbergen, "Information Retrieval", 1979, chapter 7). The mean of each query's F1 is
    `mean_f1_at`.
    """
    return _f1(k).value(rows)


def mean_f1_at(rows: Sequence[Retrieved], k: int) -> float:
    """F1@k, macro-averaged: the harmonic mean of a query's precision and recall among its first k, averaged
    over queries with gold names.

    ranx's `f1@k` for rankings of at least k names. It leaves out queries without gold names too.
    """
    return _mean_f1(k).value(rows)


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


def _mean_recall(k: int) -> Metric:
    return _averaged(f"mean R@{k}", lambda row: sum(1 for _ in _found(row, k)) / len(row.gold))


def _f1(k: int) -> Metric:
    def parts(row: Retrieved) -> tuple[float, float]:
        if not row.gold:
            return 0.0, 0.0
        return 2.0 * sum(1 for _ in _found(row, k)), float(max(k, 0) + len(row.gold))

    return Metric(f"F1@{k}", parts)


def _mean_f1(k: int) -> Metric:
    return _averaged(
        f"mean F1@{k}", lambda row: 2 * sum(1 for _ in _found(row, k)) / (max(k, 0) + len(row.gold))
    )


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
    *(_precision(k) for k in (5, 10)),
    _f1(5),
    *(_hit_rate(k) for k in (1, 3, 5)),
    _ndcg(10),
    _reciprocal_rank(DEPTH),
)
"""What `cramf eval retrieval` reports: R and F1 micro-averaged; MRR reads the first `DEPTH` names."""


def intervals(
    rows: Sequence[Retrieved],
    metrics: Sequence[Metric] = METRICS,
    samples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Interval]:
    """Each metric by name, with its 95% percentile interval over resampled queries.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. The intervals are those of
    `cramf.evaluation.intervals.bootstrap` with the same seed, to rounding.
    """
    return part_intervals(metric_parts(rows, metrics), metrics, samples, seed)


def part_intervals(
    parts: Floats, metrics: Sequence[Metric] = METRICS, samples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Interval]:
    """`intervals` of what queries add to each metric, as `metric_parts` gives it."""
    found = ratio_intervals(parts, samples, seed)
    return {metric.name: interval for metric, interval in zip(metrics, found, strict=True)}


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
    ours, theirs = metric_parts(a, metrics), metric_parts(b, metrics)
    values = ratios(ours.sum(axis=0)) - ratios(theirs.sum(axis=0))
    resampled = ratios(resampled_sums(ours, samples, seed)) - ratios(resampled_sums(theirs, samples, seed))
    return _intervals(metrics, values, resampled)


def metric_parts(rows: Sequence[Retrieved], metrics: Sequence[Metric]) -> Floats:
    """What each query adds to each metric's numerator and denominator, shape (queries, metrics, 2)."""
    parts = [[metric.parts(row) for metric in metrics] for row in rows]
    return np.array(parts, dtype=np.float64).reshape(len(rows), len(metrics), 2)


def _intervals(metrics: Sequence[Metric], values: Floats, resampled: Floats) -> dict[str, Interval]:
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    return {
        metric.name: Interval(float(values[n]), float(low[n]), float(high[n]))
        for n, metric in enumerate(metrics)
    }
