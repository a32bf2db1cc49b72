"""Retrieval metrics and a paired test against ranx, in the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import ModuleType

import numpy as np
import pytest

from cramf.evaluation.comparison import compare_averages
from cramf.evaluation.metrics import (
    Retrieved,
    hit_rate_at,
    mean_f1_at,
    mean_recall_at,
    mean_reciprocal_rank,
    ndcg_at,
    precision_at,
)

CUTS = (1, 3, 5, 10, 20)
MEASURES: dict[str, Callable[[Sequence[Retrieved], int], float]] = {
    "precision": precision_at,
    "recall": mean_recall_at,
    "f1": mean_f1_at,
    "hit_rate": hit_rate_at,
    "ndcg": ndcg_at,
    "mrr": mean_reciprocal_rank,
}


@pytest.fixture(scope="module")
def ranx() -> Iterator[ModuleType]:
    """ranx as plain Python: compiling it takes a minute, and these tests ask for little."""
    import numba

    numba.config.DISABLE_JIT = True
    try:
        import ranx
        import ranx.statistical_tests

        yield ranx
    finally:
        numba.config.DISABLE_JIT = False


def random_rows(number: int, seed: int) -> list[Retrieved]:
    random = np.random.default_rng(seed)
    names = [f"Name.n{i}" for i in range(60)]
    rows = [Retrieved((), frozenset({"Name.n0"}))]
    while len(rows) < number:
        ranked = tuple(random.permutation(names)[: random.integers(0, 50)].tolist())
        gold = random.choice([*names, "Unknown.a"], random.integers(1, 9), replace=False).tolist()
        rows.append(Retrieved(ranked, frozenset(gold)))
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_metrics_equal_those_of_ranx(ranx: ModuleType, seed: int) -> None:
    rows = random_rows(30, seed)
    judged = {str(n): dict.fromkeys(row.gold, 1) for n, row in enumerate(rows)}
    run = {
        # ranx takes no empty ranking, so that one gets a name that is never gold.
        str(n): {name: 1000.0 - rank for rank, name in enumerate(row.ranked or ("Nowhere",))}
        for n, row in enumerate(rows)
    }
    names = [f"{name}@{k}" for name in MEASURES for k in CUTS]
    expected = ranx.evaluate(ranx.Qrels(judged), ranx.Run(run), names)
    got = {f"{name}@{k}": measure(rows, k) for name, measure in MEASURES.items() for k in CUTS}
    assert got == pytest.approx(dict(expected))
    assert min(got.values()) >= 0 and len(set(got.values())) > len(got) / 2


def test_the_randomisation_test_agrees_with_that_of_ranx(ranx: ModuleType) -> None:
    ours, theirs = ([mean_recall_at([row], 20) for row in random_rows(40, seed)] for seed in (5, 14))
    expected, _ = ranx.statistical_tests.fisher_randomization_test(
        np.array(ours), np.array(theirs), n_permutations=2000
    )
    got = compare_averages(ours, theirs)
    assert 0.02 < got.p_randomisation < 0.9
    # Both draw at random: 0.04 is above three standard errors of the coarser one.
    assert got.p_randomisation == pytest.approx(float(expected), abs=0.04)
