"""Retrieval metrics against values worked out by hand."""

from __future__ import annotations

import pytest

from cramf.evaluation.metrics import Retrieved, bootstrap, canonical, precision_at, recall_at

ROWS = [
    Retrieved(("a", "b", "c"), frozenset({"a", "z"})),
    Retrieved(("d", "e", "f"), frozenset({"f"})),
]


@pytest.mark.parametrize(("k", "expected"), [(1, 1 / 3), (2, 1 / 3), (3, 2 / 3), (10, 2 / 3)])
def test_recall_counts_dependencies_not_statements(k: int, expected: float) -> None:
    assert recall_at(ROWS, k) == pytest.approx(expected)


def test_precision_divides_by_k() -> None:
    assert precision_at(ROWS, 1) == pytest.approx(0.5)
    assert precision_at(ROWS, 3) == pytest.approx(1 / 3)


def test_nothing_to_find_is_zero() -> None:
    assert recall_at([], 5) == 0.0
    assert precision_at([], 5) == 0.0
    assert bootstrap([], lambda rows: recall_at(rows, 5)).value == 0.0


def test_the_interval_holds_the_value_and_is_seeded() -> None:
    def measure(rows: object) -> float:
        return recall_at(rows, 1)  # type: ignore[arg-type]

    first = bootstrap(ROWS * 20, measure, samples=300)
    assert first == bootstrap(ROWS * 20, measure, samples=300)
    assert first.low < first.value < first.high
    assert first.value == pytest.approx(1 / 3)


def test_renamed_gold_names_take_their_present_name() -> None:
    assert canonical(["Old.name", "Set"], {"Old.name": "New.name"}) == {"New.name", "Set"}
