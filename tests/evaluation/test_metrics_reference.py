"""Retrieval metrics against trec_eval itself, through pytrec_eval, in the same run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.evaluation.metrics import (
    Retrieved,
    f1_at,
    hit_rate_at,
    mean_recall_at,
    mean_reciprocal_rank,
    ndcg_at,
    precision_at,
    recall_at,
)

pytrec_eval = pytest.importorskip("pytrec_eval", reason="needs pytrec_eval-terrier, in the extra `test`")

CUTS = (1, 3, 5, 10, 20, 50)
NAMES = [f"Name.n{i}" for i in range(80)]
RANKINGS = st.integers(0, 80).flatmap(lambda size: st.permutations(NAMES).map(lambda names: names[:size]))
QUERIES = st.tuples(RANKINGS, st.sets(st.sampled_from([*NAMES, "Unknown.a", "Unknown.b"]), max_size=25)).map(
    lambda pair: Retrieved(tuple(pair[0]), frozenset(pair[1]))
)


def reference(rows: list[Retrieved], depth: int | None = None) -> list[dict[str, float]]:
    """trec_eval's measures of each query that has gold names."""
    judged = {str(n): dict.fromkeys(row.gold, 1) for n, row in enumerate(rows) if row.gold}
    measures = {f"{name}.{','.join(map(str, CUTS))}" for name in ("recall", "P", "ndcg_cut", "success")}
    evaluator = pytrec_eval.RelevanceEvaluator(judged, {*measures, "recip_rank", "num_rel"})
    # A ranking without names would be left out of the averages, so it gets one that is never gold.
    run = {
        str(n): {name: float(-rank) for rank, name in enumerate(row.ranked[:depth] or ("Nowhere",))}
        for n, row in enumerate(rows)
    }
    return list(evaluator.evaluate(run).values())


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def compare(rows: list[Retrieved]) -> None:
    each = reference(rows)
    assert len(each) == sum(1 for row in rows if row.gold)
    for k in CUTS:
        assert precision_at(rows, k) == pytest.approx(mean([q[f"P_{k}"] for q in each]))
        assert ndcg_at(rows, k) == pytest.approx(mean([q[f"ndcg_cut_{k}"] for q in each]))
        assert hit_rate_at(rows, k) == pytest.approx(mean([q[f"success_{k}"] for q in each]))
        wanted = sum(q["num_rel"] for q in each)
        found = sum(q[f"recall_{k}"] * q["num_rel"] for q in each)
        assert recall_at(rows, k) == pytest.approx(found / wanted if wanted else 0.0)
        assert mean_recall_at(rows, k) == pytest.approx(mean([q[f"recall_{k}"] for q in each]))
        assert f1_at(rows, k) == pytest.approx(2 * found / (k * len(each) + wanted) if each else 0.0)
        cut = [q["recip_rank"] for q in reference(rows, k)]
        assert mean_reciprocal_rank(rows, k) == pytest.approx(mean(cut))


@settings(max_examples=60)
@given(st.lists(QUERIES, min_size=1, max_size=6))
def test_metrics_equal_those_of_trec_eval(rows: list[Retrieved]) -> None:
    compare(rows)


def test_queries_without_gold_names_or_answers() -> None:
    compare(
        [
            Retrieved(("a", "b"), frozenset()),
            Retrieved((), frozenset({"a"})),
            Retrieved(("b", "a"), frozenset({"a", "c"})),
        ]
    )
