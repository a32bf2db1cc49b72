"""Compile rate and pass@k against their definitions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.check.verdict import Status
from cramf.errors import InputError
from cramf.evaluation.intervals import wilson_interval
from cramf.evaluation.passing import Samples, compile_rate, mean_pass_at_k, pass_at_k

COUNTS = st.integers(1, 400).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))  # n, c, k
)


@given(COUNTS)
def test_pass_at_k_is_the_quotient_of_binomials(counts: tuple[int, int, int]) -> None:
    n, c, k = counts
    expected = 1 - Fraction(comb(n - c, k), comb(n, k))
    assert pass_at_k(n, c, k) == pytest.approx(float(expected), rel=1e-11, abs=0)


def test_pass_at_k_counts_the_draws_that_hold_a_pass() -> None:
    passed = [True, False, False, True, False, False]
    for k in range(1, 7):
        draws = list(combinations(passed, k))
        assert pass_at_k(6, 2, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@given(COUNTS)
def test_more_samples_pass_no_less(counts: tuple[int, int, int]) -> None:
    n, c, k = counts
    value = pass_at_k(n, c, k)
    assert 0 <= value <= 1
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)
    assert pass_at_k(n, c, n) == (1.0 if c else 0.0)
    if k < n:
        assert value <= pass_at_k(n, c, k + 1) + 1e-12
    if c < n:
        assert value <= pass_at_k(n, c + 1, k) + 1e-12


def test_pass_at_k_of_rare_passes_among_very_many_samples() -> None:
    n, c, k = 10**6, 1, 3
    assert pass_at_k(n, c, k) == pytest.approx(3e-6, rel=1e-9)
    assert 0.999 < pass_at_k(10**6, 10**5, 100) < 1


def test_pass_at_k_of_too_few_samples_is_an_error() -> None:
    with pytest.raises(InputError, match="at least 5 samples"):
        pass_at_k(4, 1, 5)
    with pytest.raises(InputError, match="at least 5 samples"):
        mean_pass_at_k([Samples(8, 1), Samples(4, 4)], 5)


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 0), (-1, 0, 1)])
def test_impossible_numbers(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="pass@"):
        pass_at_k(n, c, k)


def test_the_mean_counts_problems_with_too_few_samples() -> None:
    problems = [Samples(8, 2), Samples(8, 0), Samples(4, 4), Samples(0, 0)]
    got = mean_pass_at_k(problems, 5, count_short=True)
    assert (got.n, got.short) == (2, 2)
    assert got.rate.value == pytest.approx(pass_at_k(8, 2, 5) / 2)
    assert got.rate.low == 0.0 and got.rate.high == pytest.approx(pass_at_k(8, 2, 5))
    # With k = 1 and the same number of samples each, it is the share of samples that passed.
    assert mean_pass_at_k(problems[:2], 1).rate.value == pytest.approx(2 / 16)
    empty = mean_pass_at_k([], 3)
    assert (empty.n, empty.short, empty.rate.value) == (0, 0, 0.0)
    with pytest.raises(ValueError, match="pass@0"):
        mean_pass_at_k(problems, 0, count_short=True)


def test_the_compile_rate_keeps_every_problem() -> None:
    statuses = [
        *(Status.VALID, Status.VALID_WITH_SORRY, Status.INVALID, Status.REJECTED),
        *(None, None, Status.TIMEOUT, Status.UNAVAILABLE, Status.CRASHED),
    ]
    got = compile_rate(statuses)
    assert (got.n, got.written, got.undecided) == (9, 7, 3)
    assert (got.of_all.hits, got.of_all.n) == (2, 9)
    assert (got.of_written.hits, got.of_written.n) == (2, 7)
    assert (got.of_all.wilson.low, got.of_all.wilson.high) == wilson_interval(2, 9)
    assert compile_rate([None, None]).of_all.value == 0.0
    assert compile_rate([]).n == 0
