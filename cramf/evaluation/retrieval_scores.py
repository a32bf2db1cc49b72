"""The figures of a retrieval run, from its answers alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cramf.evaluation.metrics import METRICS, Retrieved, intervals, paired_difference
from cramf.evaluation.problems import Problem
from cramf.evaluation.retrieval_arms import FULL
from cramf.evaluation.runner import Run
from cramf.evaluation.scores import Scored
from cramf.evaluation.work import Answer
from cramf.jsonable import to_jsonable

__all__ = ["retrieved", "score_retrieval"]


def score_retrieval(run: Run, settings: Mapping[str, Any], seed: int = 0) -> Scored:
    """Every metric of every arm with its interval, the full arm against each peer, and a row a problem.

    A problem without a result counts as one for which nothing was found, by the oracle too; whether the index
    has its gold names is not known. Gold names that the index lacks are misses. `latency_ms` is of one search
    for 50 names within the run, in one thread.
    """
    found = {arm: retrieved(run, arm) for arm in settings["arms"]}
    peers = {name: text for name, text in settings["peers"].items() if name in found}
    full = found.get(FULL)
    lost = Counter(name for _, answer in _pairs(run) for name in _missing(answer))
    golds = [problem.gold or frozenset() for problem in run.problems]
    figures: dict[str, Any] = {
        "n": len(golds),
        "n_with_dependencies": sum(1 for gold in golds if gold),
        "dependencies": sum(map(len, golds)),
        "missing": lost.total(),
        "arms": {arm: intervals(answers, seed=seed) for arm, answers in found.items()},
        "differences": {}
        if full is None
        else {f"{FULL} - {name}": paired_difference(full, found[name], seed=seed) for name in peers},
        "latency_ms": _latency(run, FULL),
        "peers": peers,
        "missing_names": [
            {"name": name, "count": count}
            for name, count in sorted(lost.items(), key=lambda i: (-i[1], i[0]))
        ],
    }
    return Scored(to_jsonable(figures), [_row(p, a, found, n) for n, (p, a) in enumerate(_pairs(run))])


def retrieved(run: Run, arm: str) -> list[Retrieved]:
    """What an arm found for each problem, best first; `oracle` and `none` follow from the gold names."""
    rows = []
    for problem, answer in _pairs(run):
        gold = problem.gold or frozenset()
        ranked: Sequence[str] = ()
        if answer.result is not None:
            given = answer.result["arms"]
            ranked = sorted(gold - set(_missing(answer))) if arm == "oracle" else given.get(arm, ())
        rows.append(Retrieved(tuple(ranked), gold))
    return rows


def _pairs(run: Run) -> list[tuple[Problem, Answer]]:
    return [(p, a) for p, a in zip(run.problems, run.answers, strict=True) if a is not None]


def _missing(answer: Answer) -> Sequence[str]:
    """Gold names that the index lacks, none where that was not found out."""
    return () if answer.result is None else answer.result["missing"]


def _latency(run: Run, arm: str) -> dict[str, float] | None:
    spent = [answer.ms[arm] for _, answer in _pairs(run) if arm in answer.ms]
    if not spent:
        return None
    p50, p99 = np.percentile(spent, [50, 99])
    return {"p50": float(p50), "p99": float(p99), "n": len(spent)}


def _row(
    problem: Problem, answer: Answer, found: Mapping[str, list[Retrieved]], number: int
) -> dict[str, Any]:
    """One problem: each arm's values, by metric."""
    gold = sorted(problem.gold or ())
    values: dict[str, Any] = {
        "name": problem.name,
        "split": problem.split,
        "dependencies": len(gold),
        "missing": None if answer.result is None else len(_missing(answer)),
        "failure": None if answer.failure is None else str(answer.failure.kind),
    }
    for arm, rows in found.items():
        for metric in METRICS:
            share = metric.value([rows[number]])
            values[f"{arm} {metric.name}"] = share if gold else None
    return values
