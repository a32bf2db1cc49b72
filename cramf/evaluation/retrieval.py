"""Retrieval measured: arms that rank definitions, peers to compare them with, and the report of one run.

An *arm* is a name and a function from statements to ranked names. The retriever's own arms are all of its
channels together, each alone and each left out; `oracle` and `none` are the ends of the scale; the *peers*
are the usual ways to do the same, run on the same index and statements.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cramf.evaluation.benchmarks import Row
from cramf.evaluation.metrics import DEPTH, Interval, Retrieved, intervals, paired_difference
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.indexing import definition_terms
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.lexical import LexicalIndex
from cramf.retrieval.text import lexical_terms

__all__ = [
    "FULL",
    "PEERS",
    "Arm",
    "Latency",
    "MissingName",
    "Report",
    "Searcher",
    "evaluate_retrieval",
    "measure_latency",
    "none_arm",
    "oracle_arm",
    "peer_arms",
    "reciprocal_rank_fusion",
    "retriever_arm",
]

FULL = "full"
"""The arm that the peers are compared with."""
PEERS = ("rank_bm25", "minilm", "rrf")
_RRF_K = 60
"""The constant of the paper."""
_RRF_DEPTH = 1000
"""How many names of each peer are fused."""
_CHUNK = 64
"""Statements that a retriever is asked at a time: hits carry evidence, and those of a whole file are many."""
_WARM_UP = 5
_FEWEST_CALLS, _MOST_CALLS = 100, 300
_LATENCY_K = 10

Ranking = Callable[[Sequence[str], int], Sequence[Sequence[str]]]
Floats = npt.NDArray[np.float64]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class Searcher(Protocol):
    """What is asked of a retriever; `cramf.Retriever` is one."""

    @property
    def knowledge(self) -> KnowledgeBase: ...

    def search(self, query: str, k: int, /, *, arm: str = ...) -> Sequence[_Named]: ...

    def search_batch(
        self, queries: Sequence[str], k: int, /, *, arm: str = ...
    ) -> Sequence[Sequence[_Named]]: ...


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to rank: `rank(statements, k)` gives each statement's best names, best first, at most k of them.

    It is asked once, for all statements in their order. `peer` says of a peer what it is and what it read;
    the full arm is compared with every arm that has it.
    """

    name: str
    rank: Ranking
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one search: the median, the 99th percentile, and of how many calls."""

    p50: float
    p99: float
    n: int


@dataclass(frozen=True, slots=True)
class MissingName:
    """A gold name that the index does not have, and in how many statements it is gold."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a run measured; `cramf eval retrieval --json` prints it with `data` and `index` added.

    `dependencies` and `missing` count gold names over statements; `arms` and `differences` map names of arms
    and of pairs ("full - rrf") to metrics.
    """

    n: int
    n_with_dependencies: int
    dependencies: int
    missing: int
    arms: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Mapping[str, Interval]]
    latency_ms: Latency | None
    peers: Mapping[str, str]
    missing_names: tuple[MissingName, ...]


def evaluate_retrieval(
    rows: Sequence[Row],
    arms: Sequence[Arm],
    known: Sequence[str],
    latency: Callable[[], Latency] | None = None,
    on_arm: Callable[[str], None] = lambda _: None,
) -> Report:
    """Run every arm on every row and measure what it ranked.

    Arguments:
        known: the names that the index has; gold names that are not among them are misses of every arm.
        latency: measures one search, after the arms, so that everything has been loaded.
        on_arm: told the name of each arm when it is done.

    Raises:
        ValueError: where two arms have one name, or one does not answer every statement.
    """
    if len({arm.name for arm in arms}) < len(arms):
        raise ValueError("two arms have one name")
    texts = [row.statement for row in rows]
    found: dict[str, list[Retrieved]] = {}
    for arm in arms:
        ranked = arm.rank(texts, DEPTH)
        if len(ranked) != len(rows):
            raise ValueError(f"the arm {arm.name} answered {len(ranked)} of {len(rows)} statements")
        found[arm.name] = [
            Retrieved(tuple(names[:DEPTH]), row.gold) for names, row in zip(ranked, rows, strict=True)
        ]
        on_arm(arm.name)
    peers = {arm.name: arm.peer for arm in arms if arm.peer}
    full = found.get(FULL)
    lost = Counter(name for row in rows for name in row.gold.difference(known))
    return Report(
        n=len(rows),
        n_with_dependencies=sum(1 for row in rows if row.gold),
        dependencies=sum(len(row.gold) for row in rows),
        missing=lost.total(),
        arms={name: intervals(answers) for name, answers in found.items()},
        differences={}
        if full is None
        else {f"{FULL} - {name}": paired_difference(full, found[name]) for name in peers},
        latency_ms=latency() if latency is not None else None,
        peers=peers,
        missing_names=tuple(MissingName(*item) for item in sorted(lost.items(), key=lambda i: (-i[1], i[0]))),
    )


def retriever_arm(name: str, retriever: Searcher, arm: str | None = None, peer: str = "") -> Arm:
    """An arm of a retriever, `arm` where the retriever calls it otherwise than the report does."""

    def rank(texts: Sequence[str], k: int) -> list[tuple[str, ...]]:
        chunks = (texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK))
        return [
            tuple(hit.name for hit in hits)
            for chunk in chunks
            for hits in retriever.search_batch(chunk, k, arm=arm or name)
        ]

    return Arm(name, rank, peer)


def oracle_arm(rows: Sequence[Row], known: Sequence[str]) -> Arm:
    """The gold names that the index has, and nothing else: what no ranking of the index can exceed."""
    names = frozenset(known)
    best = [tuple(sorted(row.gold & names)) for row in rows]
    return Arm("oracle", lambda _, k: [ranked[:k] for ranked in best])


def none_arm() -> Arm:
    """Nothing retrieved."""
    return Arm("none", lambda texts, _: [()] * len(texts))


def peer_arms(retriever: Searcher) -> list[Arm]:
    """The peers in the order of `PEERS`: BM25, the plain sentence encoder, and the fusion of their rankings.

    `rank_bm25.BM25Okapi` reads the terms of each definition's name, docstring and fields. An index without
    docstrings has them only as the weights that BM25 gave them when it was built, so there those are used; a
    test of the lexical channel holds the two equal. `minilm` is the cosine of the index's encoder alone.
    """
    base = retriever.knowledge
    if base.manifest.docstrings:
        scores = _rank_bm25
        what = "rank_bm25.BM25Okapi itself, over the terms of each definition's name, docstring and fields"
    else:
        scores = _compiled_bm25
        what = (
            "compiled from the terms of each definition's name, docstring and fields with the weights of "
            "rank_bm25.BM25Okapi, to three digits, when the index was built (lexical.npz), since it holds no "
            "docstrings"
        )
    bm25 = _remembering(lambda texts, k: _by_score(base, scores(base), texts, k))
    dense = _remembering(retriever_arm("minilm", retriever, "dense").rank)

    def fused(texts: Sequence[str], k: int) -> list[tuple[str, ...]]:
        lists = zip(bm25(texts, _RRF_DEPTH), dense(texts, _RRF_DEPTH), strict=True)
        return [reciprocal_rank_fusion(pair)[:k] for pair in lists]

    return [
        Arm("rank_bm25", bm25, what),
        Arm("minilm", dense, f"cosine of {base.manifest.encoder} with the text of each definition"),
        Arm(
            "rrf",
            fused,
            f"reciprocal rank fusion (k = {_RRF_K}) of the first {_RRF_DEPTH} of rank_bm25 and of minilm",
        ),
    ]


def reciprocal_rank_fusion(rankings: Sequence[Sequence[str]], constant: int = _RRF_K) -> tuple[str, ...]:
    """Names by the sum of 1 / (constant + rank) over the rankings that have them; ties by name.

    Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
    methods" (2009). Ranks are from 1.
    """
    shares: dict[str, list[float]] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            shares.setdefault(name, []).append(1 / (constant + rank))
    # `fsum` does not depend on the order of its terms, so that equal sums are ties.
    return tuple(sorted(shares, key=lambda name: (-math.fsum(shares[name]), name)))


def measure_latency(retriever: Searcher, texts: Sequence[str]) -> Latency:
    """Wall time of `search(text, 10)` with the full arm, warm, one call at a time, in the statements' order.

    At least 100 calls, going round where there are fewer statements, and at most 300; a few before them are
    not counted.
    """
    for text in islice(cycle(texts), _WARM_UP):
        retriever.search(text, _LATENCY_K, arm=FULL)
    spent: list[float] = []
    for text in islice(cycle(texts), min(max(len(texts), _FEWEST_CALLS), _MOST_CALLS)):
        begun = time.perf_counter()
        retriever.search(text, _LATENCY_K, arm=FULL)
        spent.append(1000 * (time.perf_counter() - begun))
    p50, p99 = np.percentile(spent, [50, 99])
    return Latency(float(p50), float(p99), len(spent))


def _remembering(rank: Ranking) -> Ranking:
    """The same, computed once for all who ask; deep enough for the fusion."""
    kept: dict[tuple[tuple[str, ...], int], Sequence[Sequence[str]]] = {}

    def remembered(texts: Sequence[str], k: int) -> list[Sequence[str]]:
        key = tuple(texts), max(k, _RRF_DEPTH)
        if key not in kept:
            kept[key] = rank(*key)
        return [names[:k] for names in kept[key]]

    return remembered


def _rank_bm25(base: KnowledgeBase) -> Callable[[list[str]], Floats]:
    from rank_bm25 import BM25Okapi

    documents = [definition_terms(base.definition(row)) for row in range(len(base.definition_names))]
    model = BM25Okapi(documents)
    return lambda terms: np.asarray(model.get_scores(terms), dtype=np.float64)


def _compiled_bm25(base: KnowledgeBase) -> Callable[[list[str]], Floats]:
    words = base.file("terms.txt").read_text(encoding="utf-8").split("\n")
    rows = {word: number for number, word in enumerate(words) if word}
    return LexicalIndex(rows, base.matrix("lexical.npz")).scores


def _by_score(
    base: KnowledgeBase, scores: Callable[[list[str]], Floats], texts: Sequence[str], k: int
) -> list[tuple[str, ...]]:
    """Names of the definitions that share a term with each text, by score; ties by name."""
    names = base.definition_names
    place = np.empty(len(names), dtype=np.int64)
    place[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    ranked = []
    for text in texts:
        values = scores(lexical_terms(normalize_query(text)))
        order = np.lexsort((place, -values))[:k]
        ranked.append(tuple(names[row] for row in order if values[row] > 0))
    return ranked
