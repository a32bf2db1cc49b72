"""How many definitions are handed on, against trying every number."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.retrieval.adaptive import adaptive_k

# In 64ths sums are exact, so that ties are ties.
RANKED = st.lists(st.integers(0, 64), max_size=30).map(lambda values: sorted(values, reverse=True))


@settings(max_examples=400)
@given(RANKED, st.integers(1, 6), st.integers(1, 25))
def test_no_number_expects_more(values: list[int], least: int, most: int) -> None:
    found = adaptive_k([value / 64 for value in values], least, most)
    upper = min(most, len(values))
    sizes = range(min(least, upper), upper + 1) if values else [0]

    def expected(size: int) -> Fraction:
        return Fraction(2 * sum(values[:size]), 64 * size + sum(values)) if size else Fraction(0)

    assert found == max(sizes, key=lambda size: (expected(size), -size))
    assert type(found) is int


@settings(max_examples=200)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(1, 10), st.integers(1, 40))
def test_bounds(values: list[float], least: int, most: int) -> None:
    ranked = sorted(values, reverse=True)
    with np.errstate(all="raise", under="ignore"):
        found = adaptive_k(ranked, least, most)
    upper = min(most, len(ranked))
    assert min(least, upper) <= found <= upper


def test_nothing_to_choose_from() -> None:
    assert adaptive_k([]) == 0
    assert adaptive_k([], least=3) == 0


def test_one_certain_hit_is_enough() -> None:
    assert adaptive_k([1.0]) == 1
    assert adaptive_k([1.0] + [0.01] * 50) == 1
    assert adaptive_k([1.0, 0.0, 0.0]) == 1
    assert adaptive_k([0.2]) == 1


@pytest.mark.parametrize("certain", [2, 5, 20])
def test_all_that_are_certain(certain: int) -> None:
    assert adaptive_k([1.0] * certain + [0.01] * 30) == certain


@pytest.mark.parametrize("value", [1.0, 0.5, 0.01])
def test_all_equal_are_all_handed_on(value: float) -> None:
    assert adaptive_k([value] * 7) == 7
    assert adaptive_k([value] * 30) == 20
    assert adaptive_k([value] * 30, most=4) == 4


def test_where_nothing_is_likely_the_fewest_are() -> None:
    assert adaptive_k([0.0] * 9) == 1
    assert adaptive_k([0.0] * 9, least=3) == 3
    assert adaptive_k([0.0] * 2, least=3) == 2


def test_a_tie_is_one_though_floating_point_tells_the_two_apart() -> None:
    # One of the first expects 2 * 0.3 / (1 + 0.5), both expect 2 * 0.5 / (2 + 0.5): two fifths each.
    assert adaptive_k([0.3, 0.2]) == 1
    assert adaptive_k([0.3, 0.3, 0.2, 0.2]) == 2


def test_what_is_left_out_counts_too() -> None:
    """Many candidates that are hardly likely together expect as much as one that is."""
    head = [0.5, 0.2]
    assert adaptive_k(head) == 1
    assert adaptive_k([*head, *[0.15] * 100]) == 20


def test_values_beyond_probabilities_are_cut() -> None:
    assert adaptive_k([7.0, 0.6]) == adaptive_k([1.0, 0.6]) == 2
    assert adaptive_k([float("inf"), float("-inf")]) == 1
    assert adaptive_k([0.9, 0.8, 0.1]) == adaptive_k([0.9, 0.8, -0.1]) == 2
