"""Means and shares with intervals, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cramf.evaluation.intervals import Interval, average, ratio_intervals, share, wilson_interval

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (49, 50), (3, 3), (120, 1000)])
def test_wilson_agrees_with_scipy(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_wilson_of_nothing_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_the_bootstrap_of_a_ratio_agrees_with_scipy() -> None:
    random = np.random.default_rng(3)
    wanted = random.integers(1, 7, 120).astype(float)
    found = random.binomial(wanted.astype(int), 0.6).astype(float)
    parts = np.stack([found, wanted], axis=1)[:, None, :]
    (got,) = ratio_intervals(parts, samples=20_000)
    expected = stats.bootstrap(
        (found, wanted),
        lambda a, b, axis=-1: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(4),
    ).confidence_interval
    assert got.value == found.sum() / wanted.sum()
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high), abs=0.003)


@given(VALUES)
def test_an_average_lies_in_its_interval(values: list[float]) -> None:
    got = average(values, samples=50)
    assert got.interval.value == pytest.approx(float(np.mean(values)))
    assert min(values) - 1e-12 <= got.interval.low <= got.interval.high <= max(values) + 1e-12
    assert (got.n, got.missing) == (len(values), 0)


@given(VALUES, st.integers(0, 5))
def test_missing_values_count_as_what_is_asked_for(values: list[float], missing: int) -> None:
    rows = [*values, *[None] * missing]
    assert average(rows).interval == average([*values, *[0.0] * missing]).interval
    assert average(rows, missing=1.0).interval == average([*values, *[1.0] * missing]).interval
    assert (average(rows).n, average(rows).missing) == (len(rows), missing)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_averaged(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        average([0.5, value])


def test_a_share_counts_what_has_no_answer() -> None:
    got = share([True, None, False, True, None])
    assert (got.hits, got.n, got.value) == (2, 5, 0.4)
    assert (got.wilson.low, got.wilson.high) == wilson_interval(2, 5)
    assert got.bootstrap.low < 0.4 < got.bootstrap.high


def test_shares_at_the_ends() -> None:
    every = share([True] * 20)
    assert every.bootstrap == Interval(1.0, 1.0, 1.0)
    assert every.wilson.low < 0.9 and every.wilson.high == pytest.approx(1.0)
    nothing = share([])
    assert (nothing.n, nothing.value) == (0, 0.0)
    assert (nothing.wilson.low, nothing.wilson.high) == (0.0, 1.0)
    assert nothing.bootstrap == Interval(0.0, 0.0, 0.0)


def test_wilson_stays_between_0_and_1() -> None:
    for n in range(1, 400):
        low, high = wilson_interval(0, n)
        # The least below 0 would be shown as -0.0.
        assert 0 <= low < 1e-12 and 0 < high <= 1
        low, high = wilson_interval(n, n)
        assert 0 <= low < 1 and 1 - 1e-12 < high <= 1
