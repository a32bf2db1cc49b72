"""Retrieval metrics against values worked out by hand."""

from __future__ import annotations

import time
from math import log2

import numpy as np
import pytest

from cramf.evaluation import intervals as drawing
from cramf.evaluation.intervals import bootstrap
from cramf.evaluation.metrics import (
    METRICS,
    Metric,
    Retrieved,
    f1_at,
    hit_rate_at,
    intervals,
    mean_f1_at,
    mean_recall_at,
    mean_reciprocal_rank,
    ndcg_at,
    paired_difference,
    precision_at,
    recall_at,
)

ROWS = [
    Retrieved(("a", "b", "c"), frozenset({"a", "z"})),
    Retrieved(("d", "e", "f"), frozenset({"f"})),
]
NO_GOLD = Retrieved(("a", "b", "c"), frozenset())
NAMES = [
    *("R@1", "R@3", "R@5", "R@10", "R@20", "R@50"),
    *("P@5", "P@10", "F1@5", "HitRate@1", "HitRate@3", "HitRate@5", "nDCG@10", "MRR"),
]


def by_name(name: str) -> Metric:
    return next(metric for metric in METRICS if metric.name == name)


def random_rows(number: int, seed: int = 0) -> list[Retrieved]:
    random = np.random.default_rng(seed)
    names = [f"n{i}" for i in range(70)]
    rows = []
    for _ in range(number):
        ranked = tuple(random.permutation(names)[: random.integers(0, 60)].tolist())
        gold = random.choice(names, random.integers(0, 5), replace=False).tolist()
        rows.append(Retrieved(ranked, frozenset(gold)))
    return rows


@pytest.mark.parametrize(("k", "expected"), [(1, 1 / 3), (2, 1 / 3), (3, 2 / 3), (10, 2 / 3)])
def test_recall_counts_dependencies_not_statements(k: int, expected: float) -> None:
    assert recall_at(ROWS, k) == pytest.approx(expected)


def test_precision_divides_by_k() -> None:
    assert precision_at(ROWS, 1) == pytest.approx(0.5)
    assert precision_at(ROWS, 3) == pytest.approx(1 / 3)
    # Three names were retrieved; the two that were not are no excuse.
    assert precision_at(ROWS, 5) == pytest.approx(1 / 5)


def test_the_two_averages_of_recall_and_f1() -> None:
    # The first query finds one of two gold names, the second one of one.
    assert mean_recall_at(ROWS, 3) == pytest.approx((1 / 2 + 1) / 2)
    assert recall_at(ROWS, 3) == pytest.approx(2 / 3)
    assert mean_f1_at(ROWS, 3) == pytest.approx((2 * 1 / (3 + 2) + 2 * 1 / (3 + 1)) / 2)
    assert f1_at(ROWS, 3) == pytest.approx(2 * 2 / ((3 + 2) + (3 + 1)))
    for k in (0, -1):
        assert (f1_at(ROWS, k), mean_f1_at(ROWS, k), mean_recall_at(ROWS, k)) == (0.0, 0.0, 0.0)
    assert (f1_at([NO_GOLD], 3), mean_f1_at([], 3), mean_recall_at([NO_GOLD], 3)) == (0.0, 0.0, 0.0)


def test_f1_is_the_harmonic_mean_of_recall_and_precision() -> None:
    rows = [*random_rows(50), NO_GOLD]
    for k in (1, 4, 10):
        p, r = precision_at(rows, k), recall_at(rows, k)
        assert f1_at(rows, k) == pytest.approx(2 * p * r / (p + r))


@pytest.mark.parametrize(("k", "expected"), [(1, 0.5), (2, 0.5), (3, 1.0)])
def test_hit_rate_counts_statements(k: int, expected: float) -> None:
    assert hit_rate_at(ROWS, k) == expected


def test_ndcg_by_hand() -> None:
    # First query: gold at rank 1 of an ideal of two; second: gold at rank 3 of an ideal of one.
    first = 1 / (1 + 1 / log2(3))
    assert ndcg_at(ROWS, 10) == pytest.approx((first + 1 / log2(4)) / 2)
    # Cut at one, the ideal holds one name only.
    assert ndcg_at(ROWS, 1) == pytest.approx((1 + 0) / 2)
    perfect = Retrieved(("a", "b", "x"), frozenset({"b", "a"}))
    assert ndcg_at([perfect], 10) == pytest.approx(1.0)
    many = Retrieved(tuple(f"n{i}" for i in range(10)), frozenset(f"n{i}" for i in range(30)))
    assert ndcg_at([many], 10) == pytest.approx(1.0)


def test_reciprocal_rank_of_the_first_gold_name_within_the_cut() -> None:
    assert mean_reciprocal_rank(ROWS) == pytest.approx((1 + 1 / 3) / 2)
    assert mean_reciprocal_rank(ROWS, 2) == pytest.approx(1 / 2)
    late = Retrieved((*(f"n{i}" for i in range(49)), "gold", "z"), frozenset({"gold", "z"}))
    assert mean_reciprocal_rank([late]) == pytest.approx(1 / 50)
    assert mean_reciprocal_rank([Retrieved(("x", *late.ranked), late.gold)]) == 0.0


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_query_without_gold_names_changes_nothing(metric: Metric) -> None:
    assert metric.value([*ROWS, NO_GOLD]) == metric.value(ROWS)
    assert metric.value([NO_GOLD]) == 0.0
    assert metric.value([]) == 0.0


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_ends_of_the_scale(metric: Metric) -> None:
    gold = frozenset("abcde")
    assert metric.value([Retrieved((), gold)]) == 0.0
    best = metric.value([Retrieved(tuple("abcdefgh"), gold)])
    assert best == pytest.approx({"R@1": 1 / 5, "R@3": 3 / 5, "P@10": 1 / 2}.get(metric.name, 1.0))


def test_a_repeated_name_is_found_once_and_takes_its_ranks() -> None:
    row = Retrieved(("a", "a", "a", "b"), frozenset({"a", "b"}))
    assert recall_at([row], 3) == 0.5
    assert precision_at([row], 4) == 0.5
    assert ndcg_at([row], 10) == pytest.approx((1 + 1 / log2(5)) / (1 + 1 / log2(3)))


def test_the_metrics_reported_are_those_of_the_functions() -> None:
    rows = random_rows(40)
    assert [metric.name for metric in METRICS] == NAMES
    for k in (1, 3, 5, 10, 20, 50):
        assert by_name(f"R@{k}").value(rows) == recall_at(rows, k)
    for k in (5, 10):
        assert by_name(f"P@{k}").value(rows) == precision_at(rows, k)
    assert by_name("F1@5").value(rows) == f1_at(rows, 5)
    for k in (1, 3, 5):
        assert by_name(f"HitRate@{k}").value(rows) == hit_rate_at(rows, k)
    assert by_name("nDCG@10").value(rows) == ndcg_at(rows, 10)
    assert by_name("MRR").value(rows) == mean_reciprocal_rank(rows, 50)


def test_nothing_to_find_is_zero() -> None:
    assert recall_at([], 5) == 0.0
    assert precision_at([], 5) == 0.0
    assert precision_at(ROWS, 0) == 0.0
    assert bootstrap([], lambda rows: recall_at(rows, 5)).value == 0.0
    for rows in ([], [NO_GOLD] * 3):
        measured = intervals(rows, samples=50)
        assert {(i.value, i.low, i.high) for i in measured.values()} == {(0.0, 0.0, 0.0)}


def test_the_interval_holds_the_value_and_is_seeded() -> None:
    def measure(rows: object) -> float:
        return recall_at(rows, 1)  # type: ignore[arg-type]

    first = bootstrap(ROWS * 20, measure, samples=300)
    assert first == bootstrap(ROWS * 20, measure, samples=300)
    assert first.low < first.value < first.high
    assert first.value == pytest.approx(1 / 3)


def test_intervals_are_those_of_the_slow_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_rows(37)
    fast = intervals(rows, samples=120, seed=3)
    for metric in METRICS:
        slow = bootstrap(rows, metric.value, samples=120, seed=3)
        got = fast[metric.name]
        np.testing.assert_allclose(
            (got.value, got.low, got.high), (slow.value, slow.low, slow.high), rtol=1e-12
        )
    # Drawn a few resamples at a time, they are the same ones.
    monkeypatch.setattr(drawing, "_CELLS", 37 * 7)
    for name, got in intervals(rows, samples=120, seed=3).items():
        assert got.low == pytest.approx(fast[name].low, rel=1e-12)
        assert got.high == pytest.approx(fast[name].high, rel=1e-12)


def test_another_seed_gives_other_ends() -> None:
    rows = random_rows(60)
    assert intervals(rows) == intervals(rows, seed=0)
    assert intervals(rows)["nDCG@10"] != intervals(rows, seed=1)["nDCG@10"]


def test_intervals_of_a_benchmark_take_no_time() -> None:
    rows = random_rows(374)
    begun = time.perf_counter()
    measured = intervals(rows)
    # Under a tenth of a second on an idle machine; a busy one gets some slack.
    assert time.perf_counter() - begun < 3
    assert measured["R@5"].low < measured["R@5"].value < measured["R@5"].high


def test_the_difference_of_an_arm_with_itself_is_nothing() -> None:
    rows = random_rows(30)
    for interval in paired_difference(rows, rows, samples=100).values():
        assert (interval.value, interval.low, interval.high) == (0.0, 0.0, 0.0)


def test_the_difference_is_paired() -> None:
    # Each statement is one name better in `a`; how hard the statements are varies a great deal.
    gold = [frozenset("abcd")] * 40
    b = [Retrieved(tuple("abc"[: n % 4]), g) for n, g in enumerate(gold)]
    a = [Retrieved(tuple("abcd"[: n % 4 + 1]), g) for n, g in enumerate(gold)]
    difference = paired_difference(a, b)["R@5"]
    assert difference.value == pytest.approx(1 / 4)
    assert (difference.low, difference.high) == (pytest.approx(1 / 4), pytest.approx(1 / 4))
    single = intervals(a)["R@5"]
    assert single.high - single.low > 0.1
    back = paired_difference(b, a)["R@5"]
    assert back.value == pytest.approx(-1 / 4)


def test_the_difference_against_the_slow_way() -> None:
    a, other = random_rows(25, 1), random_rows(25, 2)
    b = [Retrieved(y.ranked, x.gold) for x, y in zip(a, other, strict=True)]
    random = np.random.default_rng(0)
    differences = []
    for _ in range(150):
        drawn = random.integers(0, 25, 25)
        differences.append(recall_at([a[n] for n in drawn], 10) - recall_at([b[n] for n in drawn], 10))
    low, high = np.percentile(differences, [2.5, 97.5])
    got = paired_difference(a, b, samples=150)["R@10"]
    assert got.value == pytest.approx(recall_at(a, 10) - recall_at(b, 10))
    assert (got.low, got.high) == (pytest.approx(low), pytest.approx(high))


def test_answers_to_other_queries_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same queries"):
        paired_difference(ROWS, ROWS[::-1])
    with pytest.raises(ValueError, match="same queries"):
        paired_difference(ROWS, ROWS[:1])
