"""Arms that rank definitions, and the peers to compare them with.

An *arm* is a name and a function from a statement to ranked names. The retriever's own arms are all of its
channels together, each alone and each left out; the *peers* are the usual ways to do the same, run on the
same index and statements.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cramf.knowledge.store import KnowledgeBase, Manifest
from cramf.retrieval.indexing import definition_terms
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.lexical import LexicalIndex
from cramf.retrieval.text import lexical_terms

__all__ = [
    "DERIVED",
    "FULL",
    "PEERS",
    "Arm",
    "Found",
    "Searcher",
    "peer_arms",
    "peer_texts",
    "reciprocal_rank_fusion",
    "searched",
]

FULL = "full"
"""The arm that the peers are compared with."""
PEERS = ("rank_bm25", "minilm", "rrf")
DERIVED = ("oracle", "none")
"""The ends of the scale, which follow from the gold names: those that the index has and no others; none."""
_RRF_K = 60
"""The constant of the paper."""
_RRF_DEPTH = 1000
"""How many names of each peer are fused."""

Floats = npt.NDArray[np.float64]


class Found(Protocol):
    """What is asked of a hit for its rank; `cramf.Hit` is one."""

    @property
    def name(self) -> str: ...


class Searcher(Protocol):
    """What is asked of a retriever; `cramf.Retriever` is one."""

    @property
    def knowledge(self) -> KnowledgeBase: ...

    def search(self, query: str, k: int, /, *, arm: str = ...) -> Sequence[Found]: ...


Ranking = Callable[[Searcher, str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to rank: `rank(searcher, statement, k)` gives the best names, best first, at most k of them."""

    name: str
    rank: Ranking


def searched(name: str, arm: str | None = None, searcher: Searcher | None = None) -> Arm:
    """An arm of the retriever, which may call it otherwise (`arm`); or of a retriever of its own."""

    def rank(given: Searcher, text: str, k: int) -> tuple[str, ...]:
        return tuple(hit.name for hit in (searcher or given).search(text, k, arm=arm or name))

    return Arm(name, rank)


def peer_arms(base: KnowledgeBase) -> dict[str, Arm]:
    """The peers by name: BM25, the plain sentence encoder, and the fusion of their rankings.

    `rank_bm25.BM25Okapi` reads the terms of each definition's name, docstring and fields. An index without
    docstrings has them only as the weights that BM25 gave them when it was built, so there those are used; a
    test of the lexical channel holds the two equal. `minilm` is the cosine of the index's encoder alone.
    """
    ranking = cache(lambda: _by_score(base))  # reading it takes seconds, and not every run asks for it
    dense = searched("minilm", "dense")

    def bm25(_: Searcher, text: str, k: int) -> tuple[str, ...]:
        return ranking()(text, k)

    def fused(searcher: Searcher, text: str, k: int) -> tuple[str, ...]:
        lists = [rank(searcher, text, _RRF_DEPTH) for rank in (bm25, dense.rank)]
        return reciprocal_rank_fusion(lists)[:k]

    return {"rank_bm25": Arm("rank_bm25", bm25), "minilm": dense, "rrf": Arm("rrf", fused)}


def peer_texts(manifest: Manifest) -> Mapping[str, str]:
    """What each peer is and what it reads, by name."""
    if manifest.docstrings:
        bm25 = "rank_bm25.BM25Okapi itself, over the terms of each definition's name, docstring and fields"
    else:
        bm25 = (
            "compiled from the terms of each definition's name, docstring and fields with the weights of "
            "rank_bm25.BM25Okapi, to three digits, when the index was built (lexical.npz), since it holds no "
            "docstrings"
        )
    return {
        "rank_bm25": bm25,
        "minilm": f"cosine of {manifest.encoder} with the text of each definition",
        "rrf": f"reciprocal rank fusion (k = {_RRF_K}) of the first {_RRF_DEPTH} of rank_bm25 and of minilm",
    }


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


def _by_score(base: KnowledgeBase) -> Callable[[str, int], tuple[str, ...]]:
    """Names of the definitions that share a term with a text, by BM25; ties by name."""
    scores = (_rank_bm25 if base.manifest.docstrings else _compiled_bm25)(base)
    names = base.definition_names
    place = np.empty(len(names), dtype=np.int64)
    place[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))

    def ranked(text: str, k: int) -> tuple[str, ...]:
        values = scores(lexical_terms(normalize_query(text)))
        order = np.lexsort((place, -values))[:k]
        return tuple(names[row] for row in order if values[row] > 0)

    return ranked


def _rank_bm25(base: KnowledgeBase) -> Callable[[list[str]], Floats]:
    from rank_bm25 import BM25Okapi

    documents = [definition_terms(base.definition(row)) for row in range(len(base.definition_names))]
    model: Any = BM25Okapi(documents)
    return lambda terms: np.asarray(model.get_scores(terms), dtype=np.float64)


def _compiled_bm25(base: KnowledgeBase) -> Callable[[list[str]], Floats]:
    words = base.file("terms.txt").read_text(encoding="utf-8").split("\n")
    rows = {word: number for number, word in enumerate(words) if word}
    return LexicalIndex(rows, base.matrix("lexical.npz")).scores
