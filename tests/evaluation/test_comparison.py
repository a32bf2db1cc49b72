"""Comparisons of two runs, against SciPy and by counting."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cramf.errors import InputError
from cramf.evaluation import comparison
from cramf.evaluation.comparison import (
    compare_averages,
    compare_ratios,
    compare_retrieved,
    holm,
    mcnemar,
    paired,
)
from cramf.evaluation.metrics import METRICS, Retrieved, paired_difference


def passes(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[bool], list[bool]]:
    a = [True] * (both + only_a) + [False] * (only_b + neither)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return a, b


DISCORDANT = st.tuples(st.integers(0, 40), st.integers(0, 40))


@given(DISCORDANT)
def test_mcnemar_agrees_with_the_binomial_test(pair: tuple[int, int]) -> None:
    only_a, only_b = pair
    got = mcnemar(*passes(3, only_a, only_b, 5))
    assert (got.both, got.only_a, got.only_b, got.neither) == (3, only_a, only_b, 5)
    if only_a + only_b:
        assert got.exact == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue, rel=1e-9)
    # Outcomes that are more uneven than the one seen count, and by half those as uneven.
    number, off = only_a + only_b, abs(only_a - only_b)
    more = sum(comb(number, k) for k in range(number + 1) if abs(2 * k - number) > off)
    same = sum(comb(number, k) for k in range(number + 1) if abs(2 * k - number) == off)
    expected = Fraction(2 * more + same, 2 ** (number + 1)) if number else Fraction(1)
    assert got.mid == pytest.approx(float(expected), rel=1e-12)
    assert got.mid <= got.exact <= 1


@given(DISCORDANT)
def test_the_continuity_correction_agrees_with_scipy(pair: tuple[int, int]) -> None:
    only_a, only_b = pair
    got = mcnemar(*passes(1, only_a, only_b, 0)).chi_square
    if only_a + only_b:
        square = max(abs(only_a - only_b) - 1, 0) ** 2 / (only_a + only_b)
        assert got == pytest.approx(float(stats.chi2.sf(square, 1)), rel=1e-9)
    else:
        assert got == 1.0


@given(DISCORDANT)
def test_mcnemar_is_the_same_both_ways(pair: tuple[int, int]) -> None:
    a, b = passes(2, *pair, 2)
    ours, theirs = mcnemar(a, b), mcnemar(b, a)
    assert (ours.exact, ours.mid, ours.chi_square) == (theirs.exact, theirs.mid, theirs.chi_square)


def test_mcnemar_of_what_was_not_written() -> None:
    got = mcnemar([None, True, None, False], [True, None, None, True])
    assert (got.both, got.only_a, got.only_b, got.neither) == (0, 1, 2, 1)
    nothing = mcnemar([], [])
    assert (nothing.exact, nothing.mid, nothing.chi_square) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="same problems"):
        mcnemar([True], [])


def test_mcnemar_of_very_many_problems_stays_finite() -> None:
    got = mcnemar(*passes(0, 3000, 2000, 0))
    assert 0 < got.mid < got.exact < 1e-40
    assert mcnemar(*passes(0, 20_000, 0, 0)).exact == 0.0


def small(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    wanted = random.integers(1, 6, rows).astype(float)
    a, b = (np.stack([random.integers(0, wanted + 1).astype(float), wanted], axis=1) for _ in "ab")
    return a, b


@pytest.mark.parametrize("seed", range(5))
def test_all_swaps_agree_with_scipy(seed: int) -> None:
    a, b = small(seed, 11)
    got = compare_ratios(a, b)
    expected = stats.permutation_test(
        # The denominators are alike in both, so that swapping numerators is swapping answers.
        (a[:, 0], b[:, 0]),
        lambda x, y, axis: x.sum(axis=axis) - y.sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert got.exact
    assert got.p_randomisation == pytest.approx(expected.pvalue)
    assert 0 < got.differ <= got.n == 11


def test_random_swaps_agree_with_scipy() -> None:
    a, b = small(7, 80)
    got = compare_ratios(a, b)
    expected = stats.permutation_test(
        (a[:, 0], b[:, 0]),
        lambda x, y, axis: x.sum(axis=axis) - y.sum(axis=axis),
        permutation_type="samples",
        n_resamples=9999,
        rng=np.random.default_rng(1),
    )
    assert not got.exact
    assert got.p_randomisation == pytest.approx(expected.pvalue, abs=0.02)


def test_swaps_drawn_a_few_at_a_time_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    many, few = small(7, 40), small(1, 9)
    expected = [compare_ratios(*rows, draws=500) for rows in (many, few)]
    monkeypatch.setattr(comparison, "_CELLS", 100)
    assert [e.exact for e in expected] == [False, True]
    got = [compare_ratios(*rows, draws=500) for rows in (many, few)]
    assert [g.p_randomisation for g in got] == [e.p_randomisation for e in expected]


def test_the_bootstrap_agrees_with_scipy() -> None:
    a, b = small(2, 90)
    got = compare_ratios(a, b)
    expected = stats.bootstrap(
        (a[:, 0], b[:, 0], a[:, 1]),
        lambda x, y, w, axis=-1: (x.sum(axis=axis) - y.sum(axis=axis)) / w.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=10_000,
        rng=np.random.default_rng(5),
    )
    ends = expected.confidence_interval
    assert (got.difference.low, got.difference.high) == pytest.approx((ends.low, ends.high), abs=0.01)
    # The shift method, of SciPy's resamples.
    shifted = np.abs(expected.bootstrap_distribution - got.difference.value)
    assert got.p_bootstrap == pytest.approx((shifted >= abs(got.difference.value)).mean(), abs=0.03)


def test_both_tests_are_near_the_t_test_of_many_rows() -> None:
    random = np.random.default_rng(0)
    a = random.normal(0.5, 0.2, 400)
    b = a + random.normal(-0.012, 0.1, 400)
    got = compare_averages(list(a), list(b))
    expected = stats.ttest_rel(a, b).pvalue
    assert 0.005 < expected < 0.2
    assert got.p_bootstrap == pytest.approx(expected, abs=0.01)
    assert got.p_randomisation == pytest.approx(expected, abs=0.01)


def test_under_no_difference_few_are_called_different() -> None:
    random = np.random.default_rng(11)
    found = []
    for _ in range(200):
        a, b = random.binomial(1, 0.5, (2, 60)).astype(float)
        got = compare_averages(list(a), list(b), draws=300)
        found.append((got.p_bootstrap <= 0.05, got.p_randomisation <= 0.05))
    # 5% of 200 is 10, and more than 20 would be a rare accident.
    assert (np.sum(found, axis=0) <= 20).all()


def test_rows_that_all_point_one_way() -> None:
    a, b = [1.0] * 5, [0.0] * 5
    got = compare_averages(a, b)
    assert got.p_randomisation == 2 / 2**5
    # Every resample has the same difference, so that none is as far from it as nothing is.
    assert got.p_bootstrap == 1 / 10_001
    assert (got.difference.low, got.difference.high) == (1.0, 1.0)


def test_runs_that_do_not_differ() -> None:
    for rows in ([], [0.3, None, 0.9]):
        got = compare_averages(rows, list(rows))
        assert (got.p_bootstrap, got.p_randomisation, got.differ) == (1.0, 1.0, 0)
        assert (got.difference.value, got.difference.low, got.difference.high) == (0.0, 0.0, 0.0)
    # Rows that differ, and even out.
    got = compare_averages([1.0, 0.0] * 10, [0.0, 1.0] * 10)
    assert (got.difference.value, got.p_bootstrap, got.p_randomisation) == (0.0, 1.0, 1.0)


def test_what_is_missing_counts_as_asked_for() -> None:
    assert compare_averages([None, 0.5], [0.25, 0.5]) == compare_averages([0.0, 0.5], [0.25, 0.5])
    assert compare_averages([None], [0.0], missing=1.0).difference.value == 1.0


def test_large_numbers_are_ties_with_themselves() -> None:
    random = np.random.default_rng(2)
    a, b = random.normal(1e7, 3.7, (2, 9))
    got = compare_averages(list(a), list(b))
    # The answers as they are and all swapped are two of the 512.
    assert got.exact and got.p_randomisation >= 2 / 512


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([[1, 1]], [[1, 1], [0, 1]]),
        ([[float("nan"), 1]], [[1, 1]]),
        ([[1, -1]], [[1, 1]]),
        ([[1, 1, 1]], [[1, 1, 1]]),
    ],
)
def test_what_cannot_be_compared(a: list[list[float]], b: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"same rows|finite"):
        compare_ratios(np.array(a, dtype=float), np.array(b, dtype=float))
    with pytest.raises(ValueError, match="same rows"):
        compare_averages([1.0], [])


def test_every_retrieval_metric_is_compared() -> None:
    gold = [frozenset({"a", "b"}), frozenset({"c"}), frozenset()]
    a = [Retrieved(("a", "b"), gold[0]), Retrieved(("x", "c"), gold[1]), Retrieved(("a",), gold[2])]
    b = [Retrieved(("b",), gold[0]), Retrieved((), gold[1]), Retrieved(("z",), gold[2])]
    got = compare_retrieved(a, b, draws=400)
    expected = paired_difference(a, b, samples=400)
    assert list(got) == [metric.name for metric in METRICS]
    for name, found in got.items():
        assert found.difference.value == pytest.approx(expected[name].value)
        assert (found.difference.low, found.difference.high) == pytest.approx(
            (expected[name].low, expected[name].high)
        )
    assert got["R@5"].differ == 2 and got["R@1"].differ == 0
    with pytest.raises(ValueError, match="same queries"):
        compare_retrieved(a, b[::-1])


def test_rows_are_paired_by_name_and_those_of_one_run_are_named() -> None:
    got = paired({"x": 1, "y": 2, "z": 3}, {"z": 30, "w": 40, "x": 10})
    assert got.names == ("x", "z")
    assert (got.a, got.b) == ((1, 3), (10, 30))
    assert (got.only_a, got.only_b) == (("y",), ("w",))
    with pytest.raises(InputError, match="no problem in common"):
        paired({"x": 1}, {"y": 1})


def test_holm_by_hand() -> None:
    p = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    assert holm(p) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(holm(p)) == list(p)
    assert holm({}) == {}
    assert holm({"a": 0.7, "b": 0.9}) == {"a": 1.0, "b": 1.0}
    for wrong in (float("nan"), -0.1, 1.5):
        with pytest.raises(ValueError, match="p-value"):
            holm({"a": wrong})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_p_values_and_bonferroni(values: list[float]) -> None:
    p = {str(n): value for n, value in enumerate(values)}
    adjusted = holm(p)
    for name, value in p.items():
        # Bonferroni multiplies each by the number of tests, and Holm rejects whatever it does.
        assert value <= adjusted[name] <= min(1.0, len(p) * value)
    order = sorted(p, key=lambda name: p[name])
    assert [adjusted[name] for name in order] == sorted(adjusted.values())


def test_no_p_value_of_random_draws_is_0() -> None:
    # One of 2^200 swaps is as far as this, which no draw finds: the one that was seen is counted in.
    found = compare_averages([1.0] * 200, [0.0] * 200, draws=500)
    assert not found.exact
    assert found.p_randomisation == 1 / 501
    mixed = compare_averages([1.0] * 200 + [0.0], [0.0] * 200 + [1.0], draws=500)
    assert mixed.p_bootstrap == 1 / 501
