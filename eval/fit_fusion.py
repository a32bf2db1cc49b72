"""Fit the weights of the fusion on documented Mathlib theorems.

Each documented theorem is a query, the definitions in its statement the answer; theorems of its own module
have no vote. Only docstrings in plain words are taken (no code in backticks), since the statements that users
bring name no Lean identifiers. Modules are split by hash: the weights are chosen on one part and reported on
the other. No benchmark is read.

    python eval/fit_fusion.py --index DIR [--queries 3000] [--seed 0]

DIR must hold docstrings (`cramf index build` without --no-docstrings).
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.fusion import DEFAULT_WEIGHTS, FusionWeights, fuse, usage_votes
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.retriever import Retriever
from cramf.retrieval.text import lexical_terms

GRID: dict[str, tuple[float, ...]] = {
    "usage": (1.0,),
    "neighbours": (50, 100, 200, 400),
    "sharpness": (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0),
    "dense": (0.0, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8),
    "lexical": (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
    "prior": (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04),
}
"""Values tried for each weight, one weight at a time, until a round changes nothing."""


def held_out(module: str) -> bool:
    return hashlib.sha256(module.encode()).digest()[0] < 128


def plain(docstring: str) -> bool:
    return "`" not in docstring and len(docstring.split()) >= 6


class Queries:
    """Features of every query: voters with their similarities, candidates with their channel scores."""

    def __init__(self, retriever: Retriever, rows: list[int]) -> None:
        usages = retriever._usages
        definitions = retriever._definitions
        docstrings = retriever.knowledge.usage_columns["docstring"]
        modules = np.array(retriever.knowledge.usage_columns["module"])
        self.votes = retriever._votes
        self.counts = retriever._counts
        vectors = usages.reconstruct_batch(np.array(rows))
        self.items: list[dict[str, Any]] = []
        found, neighbours = usages.search(vectors, 1500)
        _, near = definitions.search(vectors, 1000)
        for number, row in enumerate(rows):
            keep = modules[neighbours[number]] != modules[row]
            voters = neighbours[number][keep][:400]
            similarities = found[number][keep][:400].astype(np.float64)
            lexical = retriever._lexical.scores(lexical_terms(normalize_query(docstrings[row])))
            words = np.argpartition(-lexical, 1000)[:1000]
            voted = np.unique(self.votes[voters].indices)
            candidates = np.unique(np.concatenate([near[number], voted, words]))
            dense = definitions.reconstruct_batch(candidates) @ vectors[number]
            gold = self.votes[row].indices
            self.items.append(
                {
                    "voters": voters,
                    "similarities": similarities,
                    "candidates": candidates,
                    "dense": dense.astype(np.float64),
                    "lexical": lexical[candidates],
                    "gold": set(gold.tolist()),
                }
            )

    def recall(self, weights: FusionWeights, cutoffs: tuple[int, ...] = (5, 10)) -> list[float]:
        totals = np.zeros(len(cutoffs))
        wanted = 0
        for item in self.items:
            number = int(weights.neighbours)
            voters = item["voters"][:number]
            shares = usage_votes(item["similarities"][:number], weights)
            candidates = item["candidates"]
            usage = np.zeros(len(self.counts))
            usage += self.votes[voters].T @ shares
            scores = fuse(usage[candidates], item["dense"], item["lexical"], self.counts[candidates], weights)
            best = candidates[np.argsort(-scores, kind="stable")[: max(cutoffs)]]
            hits = np.array([row in item["gold"] for row in best])
            totals += [hits[:k].sum() for k in cutoffs]
            wanted += len(item["gold"])
        return (totals / wanted).tolist()


def fit(queries: Queries) -> FusionWeights:
    """Coordinate ascent on R@5 + R@10."""
    best = DEFAULT_WEIGHTS
    score = sum(queries.recall(best))
    for _ in range(4):
        before = score
        for name, values in GRID.items():
            for value in values:
                kind = type(getattr(best, name))
                trial = replace(best, **{name: kind(value)})
                reached = sum(queries.recall(trial))
                if reached > score + 1e-6:
                    best, score = trial, reached
        print(json.dumps({"score": round(score, 4), "weights": asdict(best)}), flush=True)
        if score == before:
            break
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=1500, help="how many for each part")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    base = KnowledgeBase.open(options.index)
    if not base.manifest.docstrings:
        raise SystemExit(f"{options.index} holds no docstrings; build it without --no-docstrings")
    retriever = Retriever.load(options.index)
    columns = base.usage_columns
    rows = [n for n, text in enumerate(columns["docstring"]) if plain(text)]
    random = np.random.default_rng(options.seed)
    parts: list[list[int]] = [[], []]
    for row in random.permutation(rows).tolist():
        parts[held_out(columns["module"][row])].append(row)
    train, test = (Queries(retriever, part[: options.queries]) for part in parts)
    print(f"plain docstrings: {len(rows)}; fitted on {len(train.items)}, reported on {len(test.items)}")
    print("before", [round(x, 4) for x in test.recall(DEFAULT_WEIGHTS)])
    best = fit(train)
    print("fitted R@5, R@10 on held-out modules", [round(x, 4) for x in test.recall(best)])
    for name, alone in {
        "usage": replace(best, dense=0.0, lexical=0.0, prior=0.0),
        "dense": replace(best, usage=0.0, dense=1.0, lexical=0.0, prior=0.0),
        "lexical": replace(best, usage=0.0, dense=0.0, lexical=1.0, prior=0.0),
    }.items():
        print(f"{name} alone", [round(x, 4) for x in test.recall(alone)])


if __name__ == "__main__":
    main()
