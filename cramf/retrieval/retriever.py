"""The retriever: from an informal statement to ranked Mathlib definitions with their evidence."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cramf.environment import default_index, default_mathlib, default_ontology, default_ranker
from cramf.errors import InputError
from cramf.knowledge.docstrings import DocstringReader
from cramf.knowledge.ontology import Ontology, load_ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Definition
from cramf.retrieval.adaptive import adaptive_k
from cramf.retrieval.arms import ARMS, Arm, parse_arm
from cramf.retrieval.channels import POOL, Channels, pool_of, read_channels
from cramf.retrieval.encoder import Encoder, load_encoder
from cramf.retrieval.evidence import Evidence, load_evidence
from cramf.retrieval.explanation import Explanation, explain_hit
from cramf.retrieval.features import features_of
from cramf.retrieval.filters import SearchFilter, allowed_rows
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.ranker import Ranker, load_ranker
from cramf.retrieval.reading import SymbolicReader
from cramf.retrieval.reranking import Reranker, rerank
from cramf.retrieval.text import definition_text
from cramf.retrieval.types import ConceptMention, Hit, QueryReader, QueryReading, Vote

__all__ = ["MAX_QUERY", "Retriever"]

MAX_QUERY = 100_000
"""Longest query taken, in characters."""
_MOST = 20
"""Most definitions that an adaptive search hands on."""
_SHOWN_VOTES = 5
_SUGGESTED = 8
_CLAUSES = 0.3
"""Share of the clauses' mean vector in the vector of a query whose reader wrote them with a model."""

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


class Retriever:
    """Ranks the definitions of an index for informal statements. Safe to share among threads."""

    def __init__(
        self,
        knowledge: KnowledgeBase,
        encoder: Encoder | None = None,
        ontology: Ontology | None = None,
        mathlib: Path | None = None,
        ranker: Ranker | None = None,
        reader: QueryReader | None = None,
        reranker: Reranker | None = None,
        rerank_depth: int = 50,
    ) -> None:
        """`encoder` defaults to the one that the index was made with, `ontology` and `ranker` to the shipped
        ones, `reader` to one that needs no language model; from `mathlib`, a checkout, docstrings are read
        where the index has none. A `reranker` looks at the first `rerank_depth` hits once more.
        """
        self.knowledge = knowledge
        self._given_encoder = encoder
        self._given_ontology = ontology
        self._given_ranker = ranker
        self._given_reader = reader
        self._reranker = reranker
        self._rerank_depth = rerank_depth
        self._docstrings = DocstringReader(mathlib) if mathlib is not None else None
        self._lock = threading.RLock()
        self._filters: dict[SearchFilter, Mask] = {}

    @classmethod
    def load(
        cls,
        path: Path | str | None = None,
        mathlib: Path | str | None = None,
        reader: QueryReader | None = None,
        reranker: Reranker | None = None,
        rerank_depth: int = 50,
    ) -> Retriever:
        """Open an index: the one at `path`, else `CRAMF_INDEX`, else the shipped one.

        Raises:
            KnowledgeBaseError: where it or the ranker is missing, damaged or of another format version.
            InputError: where `mathlib` is no checkout.
        """
        knowledge = KnowledgeBase.open(path if path is not None else default_index())
        checkout = Path(mathlib).expanduser() if mathlib is not None else default_mathlib()
        if checkout is not None and not (checkout / "Mathlib").is_dir():
            raise InputError(f"{checkout} is not a Mathlib checkout", "name the folder that holds Mathlib/")
        retriever = cls(
            knowledge, mathlib=checkout, reader=reader, reranker=reranker, rerank_depth=rerank_depth
        )
        # Read now what every search needs, so that a damaged file is told at once.
        _ = retriever.evidence
        return retriever

    def variant(
        self,
        encoder: Encoder | None = None,
        reader: QueryReader | None = None,
        reranker: Reranker | None = None,
        rerank_depth: int = 50,
    ) -> Retriever:
        """A retriever over the same index and evidence with another encoder, reader or reranker."""
        made = copy.copy(self)
        made._given_encoder = encoder or self.encoder
        made.__dict__.pop("encoder", None)
        made._given_reader = reader
        made.__dict__.pop("reader", None)
        made._reranker, made._rerank_depth = reranker, rerank_depth
        return made

    @property
    def path(self) -> Path:
        return self.knowledge.path

    @property
    def toolchain(self) -> str:
        return self.knowledge.manifest.toolchain

    @property
    def mathlib_commit(self) -> str:
        return self.knowledge.manifest.mathlib_commit

    @cached_property
    def encoder(self) -> Encoder:
        return self._given_encoder or load_encoder(self.knowledge.manifest.encoder)

    @cached_property
    def ontology(self) -> Ontology:
        return self._given_ontology or load_ontology(default_ontology())

    @cached_property
    def ranker(self) -> Ranker:
        return self._given_ranker or load_ranker(default_ranker())

    @cached_property
    def evidence(self) -> Evidence:
        """The arrays that the channels read."""
        with self._lock:
            return load_evidence(self.knowledge, self.ontology)

    @cached_property
    def matcher(self) -> ConceptMatcher:
        return ConceptMatcher(self.ontology)

    @cached_property
    def reader(self) -> QueryReader:
        """What understands the queries."""
        return self._given_reader or SymbolicReader(self.matcher)

    def concepts(self, text: str) -> list[ConceptMention]:
        """The concepts that a text speaks of, in order, with character offsets into it."""
        return self.matcher.find(text)

    def understand(self, query: str) -> QueryReading:
        """What is understood of a query: LaTeX in words, clauses, concepts, and Lean names that it suggests.

        Raises:
            InputError: where the query is blank or too long.
        """
        (reading,) = self.reader.read([_clean(query)])
        channels = read_channels(
            self.evidence, reading, np.zeros(0, dtype=np.float32), frozenset({"names", "prior"})
        )
        last = channels.parts["last_part"]
        covered = np.flatnonzero(last >= 0.999) if isinstance(last, np.ndarray) else last.rows
        names = sorted((-channels.total[row], self.evidence.names[row]) for row in covered.tolist())
        suggested = dict.fromkeys((*reading.names, *(name for _, name in names)))
        return replace(reading, names=tuple(suggested)[: len(reading.names) + _SUGGESTED])

    def search(
        self,
        query: str,
        k: int | None = 10,
        *,
        arm: str = "full",
        only: SearchFilter | None = None,
    ) -> list[Hit]:
        """The `k` best definitions, best first; ties are broken by name. The score is the probability that
        the definition is meant, as the ranker sees it.

        With `k` None as many as the expected F1 asks for. `only` restricts the search, and `arm` names one of
        `cramf.retrieval.arms.ARMS`, for measuring; the arm of one channel gives only what the channel found.

        Raises:
            InputError: where the query is blank or too long, `k` is less than one, the arm is not known, or
                no definition passes the filter.
        """
        return self.search_batch([query], k, arm=arm, only=only)[0]

    def search_batch(
        self,
        queries: Sequence[str],
        k: int | None = 10,
        *,
        arm: str = "full",
        only: SearchFilter | None = None,
    ) -> list[list[Hit]]:
        """`search` for many queries with one call of the encoder."""
        if k is not None and k < 1:
            raise InputError(f"k is {k}", "ask for at least one definition")
        try:
            chosen = parse_arm(arm)
        except ValueError as error:
            raise InputError(str(error), f"use one of {', '.join(ARMS)}") from None
        texts = [_clean(query) for query in queries]
        if not texts:
            return []
        allowed = self._allowed(only)
        readings = self.reader.read(texts)
        vectors = self._encode(readings)
        return [
            self._rank(reading, vector, k, chosen, allowed)
            for reading, vector in zip(readings, vectors, strict=True)
        ]

    def explain(self, hit: Hit) -> Explanation:
        """Why a hit of `search` is there: what each channel adds to its log-odds, with the evidence.

        Raises:
            InputError: where the hit does not come from this index.
        """
        rows = self.evidence.rows
        if hit.name not in rows or not hit.query:
            raise InputError(f"{hit.name} is no hit of this index", "explain a hit that `search` gave")
        (reading,) = self.reader.read([hit.query])
        (vector,) = self._encode([reading])
        channels = read_channels(self.evidence, reading, vector)
        return explain_hit(self.evidence, self.ranker, channels, reading, rows[hit.name], hit)

    def _allowed(self, only: SearchFilter | None) -> Mask | None:
        if not only:
            return None
        with self._lock:
            if only not in self._filters:
                self._filters[only] = allowed_rows(only, self.knowledge.definition_columns, self.ontology)
            return self._filters[only]

    def _encode(self, readings: Sequence[QueryReading]) -> Vectors:
        """One unit vector a query; what a model wrote about it has a share in it."""
        texts = [reading.words for reading in readings]
        spans: list[tuple[int, int]] = []
        for reading in readings:
            added = reading.clauses if self._given_reader is not None else ()
            spans.append((len(texts), len(texts) + len(added)))
            texts.extend(added)
        # Torch modules are not promised to be safe for threads.
        with self._lock:
            vectors = self.encoder.encode(texts)
        made = vectors[: len(readings)].copy()
        for number, (start, end) in enumerate(spans):
            if end > start:
                mixed = (1 - _CLAUSES) * made[number] + _CLAUSES * vectors[start:end].mean(axis=0)
                made[number] = mixed / max(float(np.linalg.norm(mixed)), 1e-9)
        return made

    def _rank(
        self, reading: QueryReading, vector: Vectors, k: int | None, arm: Arm, allowed: Mask | None
    ) -> list[Hit]:
        evidence = self.evidence
        channels = read_channels(evidence, reading, vector, arm.active, near=k or _MOST)
        rows, scores = self._scored(channels, k or _MOST, arm, allowed)
        names = evidence.names
        order = sorted(range(len(rows)), key=lambda n: (-scores[n], names[int(rows[n])]))
        if k is None:
            ranked = [float(scores[n]) for n in order]
            k = adaptive_k(ranked, most=_MOST)
        if self._reranker is not None and arm.name == "full":
            order = self._reranked(reading.words, rows, scores, order, max(k, self._rerank_depth))
        return [self._hit(int(rows[n]), float(scores[n]), channels, reading.text) for n in order[:k]]

    def _scored(
        self, channels: Channels, k: int, arm: Arm, allowed: Mask | None
    ) -> tuple[npt.NDArray[np.int64], Floats]:
        """Rows that may be among the first `k`, and their scores."""
        if not arm.learned:
            scores = channels.total if arm.alone is None else channels.scores[arm.alone]
            rows = pool_of(replace(channels, total=scores), max(k, POOL), allowed)
            if arm.alone is not None:
                rows = rows[scores[rows] > 0.0]
            return rows, scores[rows]
        rows = pool_of(channels, max(k, POOL), allowed)
        totals = channels.total[rows]
        head = rows
        if len(rows) > POOL:
            # The ranker judges as many as it was trained on; the others follow in the order of the sum.
            head = pool_of(channels, POOL, allowed)
        judged = self.ranker.probabilities(features_of(self.evidence, channels, head))
        if len(head) == len(rows):
            return rows, judged
        low, high = float(totals.min()), float(totals.max())
        floor = float(judged.min()) * 0.999
        made = floor * (totals - low) / max(high - low, 1e-12)
        made[np.searchsorted(rows, head)] = judged
        return rows, made

    def _reranked(
        self, words: str, rows: npt.NDArray[np.int64], scores: Floats, order: list[int], depth: int
    ) -> list[int]:
        """The first `depth` in a new order; `scores` are rewritten so that they still fall."""
        assert self._reranker is not None
        head = order[:depth]
        texts = [self._text(self.knowledge.definition(int(rows[n]))) for n in head]
        first = np.array([scores[n] for n in head])
        changed = rerank(self._reranker, words, texts, first, depth=self._rerank_depth)
        scores[head] = changed
        names = self.evidence.names
        return sorted(range(len(rows)), key=lambda n: (-scores[n], names[int(rows[n])]))

    def _text(self, definition: Definition) -> str:
        filled = self._filled(definition)
        return definition_text(filled.name, filled.docstring, filled.signature)

    def _filled(self, definition: Definition) -> Definition:
        if not definition.docstring and self._docstrings is not None:
            return self._docstrings.fill(definition)
        return definition

    def _votes_for(self, row: int, channels: Channels) -> tuple[Vote, ...]:
        names = self.knowledge.usage_columns["name"]
        return tuple(
            Vote(names[channels.voters[n]], float(channels.cosines[n]), float(channels.shares[n]))
            for n in channels.voters_for(row)[:_SHOWN_VOTES]
        )

    def _hit(self, row: int, score: float, channels: Channels, query: str) -> Hit:
        shown = {
            name: float(values[row])
            for name, values in channels.scores.items()
            if name in ("dense", "prior") or values[row] > 0.0
        }
        definition = self._filled(self.knowledge.definition(row))
        return Hit(definition, score, shown, self._votes_for(row, channels), query)


def _clean(query: str) -> str:
    """A query as it is read.

    Raises:
        InputError: where it is blank or too long.
    """
    if len(query) > MAX_QUERY:
        raise InputError(
            f"the query has {len(query):,} characters, more than {MAX_QUERY:,}", "ask for one statement"
        )
    # Lone surrogates come from undecodable arguments, and no tokenizer takes them.
    text = query.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    if not text:
        raise InputError("the query is empty", "give a mathematical statement in words or LaTeX")
    return text
