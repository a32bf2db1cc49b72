"""Speed and equality of the compiled BM25 against `rank_bm25.BM25Okapi`, in one run.

    python eval/lexical_speed.py [--index DIR] [--data FILE.jsonl] [--queries 100] [--documents N]

Documents are the definitions of the index: names, fields and, where the index holds them, docstrings. Queries
are the `informal_statement` of the rows of --data, else `statements.txt`. Every query is timed with each peer
in turn, scoring all documents. The scores must be equal to 1e-9, or the command fails; how far the weights in
the index, rounded to three digits, are off is told as well. bm25s takes part where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rank_bm25 import BM25Okapi
from statements import read_statements
from tqdm import tqdm

from cramf.environment import default_index
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.indexing import definition_terms
from cramf.retrieval.lexical import LexicalIndex, compile_bm25
from cramf.retrieval.text import lexical_terms

Scorer = Callable[[Sequence[str]], Any]
TOLERANCE = 1e-9
OKAPI, COMPILED, STORED, SPARSE = (
    "rank_bm25.BM25Okapi.get_scores",
    "LexicalIndex.scores, compiled now (float64)",
    "LexicalIndex.scores, as the index holds it (rounded float32)",
    "bm25s.BM25.get_scores (its own formula)",
)


def documents_of(base: KnowledgeBase, number: int) -> list[list[str]]:
    rows = len(base.definition_names)
    return [definition_terms(base.definition(row)) for row in range(min(number, rows) if number else rows)]


def stored(base: KnowledgeBase) -> LexicalIndex:
    words = base.file("terms.txt").read_text(encoding="utf-8").split("\n")
    return LexicalIndex({word: row for row, word in enumerate(words) if word}, base.matrix("lexical.npz"))


def scorers(documents: list[list[str]], base: KnowledgeBase, whole: bool) -> dict[str, Scorer]:
    """What scores all documents for a query, by name; the seconds that each took to make are printed."""
    made: dict[str, Scorer] = {}

    def add(name: str, make: Callable[[], Scorer]) -> None:
        begun = time.perf_counter()
        made[name] = make()
        print(f"made in {time.perf_counter() - begun:6.2f} s: {name}")

    add(OKAPI, lambda: BM25Okapi(documents).get_scores)
    add(COMPILED, lambda: compile_bm25(documents).scores)
    if not whole:
        print("the index's own weights are of all its documents, so they take no part")
    elif not base.manifest.docstrings:
        # They were compiled from the docstrings too, before these were dropped.
        print("the index holds no docstrings, so its own weights are of other documents and take no part")
    else:
        add(STORED, lambda: stored(base).scores)
    if importlib.util.find_spec("bm25s") is None:
        print("bm25s is not installed and takes no part")
    else:
        add(SPARSE, lambda: _bm25s(documents))
    return made


def _bm25s(documents: list[list[str]]) -> Scorer:
    import bm25s  # type: ignore[import-not-found]

    index = bm25s.BM25(method="robertson", k1=1.5, b=0.75)
    index.index(documents, show_progress=False)
    return lambda query: index.get_scores(list(query))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--documents", type=int, default=0, help="take only the first N definitions")
    options = parser.parse_args()
    base = KnowledgeBase.open(options.index or default_index())
    documents = documents_of(base, options.documents)
    queries = [lexical_terms(text) for text in read_statements(options.data)[: options.queries]]
    terms = statistics.mean(len(query) for query in queries)
    words = statistics.mean(len(document) for document in documents)
    print(
        f"{len(documents):,} documents of {words:.0f} terms on average "
        f"({'with' if base.manifest.docstrings else 'without'} docstrings), "
        f"{len(queries)} queries of {terms:.0f}"
    )
    made = scorers(documents, base, len(documents) == len(base.definition_names))
    times: dict[str, list[float]] = {name: [] for name in made}
    off = dict.fromkeys((name for name in made if name not in (OKAPI, SPARSE)), 0.0)
    highest = 0.0
    for name in made:
        made[name](queries[0])
    for query in tqdm(queries, "queries", leave=False):
        found: dict[str, Any] = {}
        for name, scores in made.items():
            begun = time.perf_counter()
            found[name] = scores(query)
            times[name].append(1000 * (time.perf_counter() - begun))
        highest = max(highest, float(found[OKAPI].max(initial=0.0)))
        for name in off:
            off[name] = max(off[name], float(np.abs(found[name] - found[OKAPI]).max(initial=0.0)))
    peer = statistics.median(times[OKAPI])
    what = f"{len(documents):,} documents, {len(queries)} queries of {terms:.0f} terms"
    print(f"\n| {what} | median ms | times faster | largest error |\n|---|---|---|---|")
    for name, spent in times.items():
        median = statistics.median(spent)
        error = f"{off[name]:.1e}" if name in off else ""
        print(f"| {name} | {median:.3f} | {peer / median:,.0f} | {error} |")
    print(f"\nThe highest score of any document is {highest:.1f}.")
    if off[COMPILED] >= TOLERANCE:
        raise SystemExit(f"the compiled scores differ by {off[COMPILED]:.1e}, more than {TOLERANCE:.0e}")


if __name__ == "__main__":
    main()
