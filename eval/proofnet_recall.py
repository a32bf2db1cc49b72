"""R@5 and R@10 of an index on statements with the dependencies that Lean reported.

    python eval/proofnet_recall.py --data ../shared/data/proofnet-dev.jsonl [--index DIR] [--show 10]

Rows need `informal_statement` and `mathlib_dependencies`. Dependencies that the index does not know count
as misses. Nothing is fitted here. With --renamed, gold names that are deprecated aliases in the index's
Mathlib are read under their present name; without it, names are compared to the letter.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

from cramf.evaluation.metrics import Retrieved, bootstrap, canonical, recall_at
from cramf.retrieval.retriever import Retriever


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--show", type=int, default=0, help="print the hits of this many statements")
    parser.add_argument("--renamed", action="store_true")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line]
    retriever = Retriever.load(options.index)
    full = retriever.weights
    vocabulary = retriever.knowledge.vocabulary()
    renamed = vocabulary.deprecated if options.renamed else frozenset()
    current = {name: vocabulary.declarations[name].deprecated or name for name in renamed}
    gold = [canonical(row["mathlib_dependencies"], current) for row in rows]
    known = set(retriever.knowledge.definition_names)
    total = sum(len(names) for names in gold)
    missing = sum(len(names - known) for names in gold)
    print(f"{len(rows)} statements, {total} dependencies, {missing} of them not in the index")
    statements = [row["informal_statement"] for row in rows]
    arms = {
        "full": full,
        "usage": replace(full, dense=0.0, lexical=0.0, prior=0.0),
        "dense": replace(full, usage=0.0, dense=1.0, lexical=0.0, prior=0.0),
        "lexical": replace(full, usage=0.0, dense=0.0, lexical=1.0, prior=0.0),
        "dense + prior": replace(full, usage=0.0, lexical=0.0),
    }
    for name, weights in arms.items():
        retriever.weights = weights
        begun = time.perf_counter()
        hits = retriever.search_batch(statements, 20)
        spent = 1000 * (time.perf_counter() - begun) / len(rows)
        found = [
            Retrieved(tuple(h.name for h in ranked), names) for ranked, names in zip(hits, gold, strict=True)
        ]
        line = []
        for k in (3, 5, 10, 20):
            interval = bootstrap(found, lambda sample, k=k: recall_at(sample, k))
            line.append(f"R@{k} {interval.value:.1%} [{interval.low:.1%}, {interval.high:.1%}]")
        print(f"{name:>14}: " + "  ".join(line) + f"  {spent:.0f} ms a statement")
        if name == "full":
            for row, item in list(zip(rows, found, strict=True))[: options.show]:
                print(f"  {row['name']}: gold {sorted(item.gold)}")
                print(f"    hits {list(item.ranked[:10])}")


if __name__ == "__main__":
    main()
