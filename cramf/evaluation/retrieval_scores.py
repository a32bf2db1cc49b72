"""The figures of a retrieval run, from its answers alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cramf.evaluation.intervals import Floats, ratios
from cramf.evaluation.metrics import METRICS, Retrieved, metric_parts, paired_difference, part_intervals
from cramf.evaluation.problems import Problem
from cramf.evaluation.retrieval_arms import FULL
from cramf.evaluation.runner import Run
from cramf.evaluation.scores import Scored, milliseconds
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
    parts = {arm: metric_parts(answers, METRICS) for arm, answers in found.items()}
    timed = sum(FULL in answer.ms for _, answer in _pairs(run))
    lost = Counter(name for _, answer in _pairs(run) for name in _missing(answer))
    golds = [problem.gold or frozenset() for problem in run.problems]
    figures: dict[str, Any] = {
        "n": len(golds),
        "n_with_dependencies": sum(1 for gold in golds if gold),
        "dependencies": sum(map(len, golds)),
        "missing": lost.total(),
        "arms": {arm: part_intervals(own, seed=seed) for arm, own in parts.items()},
        "differences": {}
        if full is None
        else {f"{FULL} - {name}": paired_difference(full, found[name], seed=seed) for name in peers},
        "latency_ms": {**milliseconds(run, FULL), "n": timed} if timed else None,
        "peers": peers,
        "missing_names": [
            {"name": name, "count": count}
            for name, count in sorted(lost.items(), key=lambda i: (-i[1], i[0]))
        ],
    }
    shares = {arm: ratios(own) for arm, own in parts.items()}
    return Scored(to_jsonable(figures), [_row(p, a, shares, n) for n, (p, a) in enumerate(_pairs(run))])


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


def _row(problem: Problem, answer: Answer, shares: Mapping[str, Floats], number: int) -> dict[str, Any]:
    """One problem: each arm's values, by metric."""
    gold = sorted(problem.gold or ())
    values: dict[str, Any] = {
        "name": problem.name,
        "split": problem.split,
        "dependencies": len(gold),
        "missing": None if answer.result is None else len(_missing(answer)),
        "failure": None if answer.failure is None else str(answer.failure.kind),
    }
    for arm, own in shares.items():
        for metric, share in zip(METRICS, own[number], strict=True):
            values[f"{arm} {metric.name}"] = float(share) if gold else None
    return values
