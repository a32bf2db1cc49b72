"""The retriever: from an informal statement to ranked Mathlib definitions with their evidence."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cramf.environment import default_index, default_mathlib, default_ontology
from cramf.errors import InputError, KnowledgeBaseError
from cramf.knowledge.docstrings import DocstringReader
from cramf.knowledge.ontology import Ontology, load_ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.encoder import Encoder, load_encoder
from cramf.retrieval.fusion import DEFAULT_WEIGHTS, FusionWeights, fuse, usage_votes
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.lexical import LexicalIndex
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.text import lexical_terms
from cramf.retrieval.types import ConceptMention, Hit, Vote

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

__all__ = ["MAX_QUERY", "Retriever"]

MAX_QUERY = 100_000
"""Longest query taken, in characters."""
_POOL = 1000
"""How many definitions the dense and the lexical channel each propose."""
_SHOWN_VOTES = 5

Floats = npt.NDArray[np.float64]


class Retriever:
    """Ranks the definitions of an index for informal statements. Safe to share among threads."""

    def __init__(
        self,
        knowledge: KnowledgeBase,
        encoder: Encoder | None = None,
        weights: FusionWeights = DEFAULT_WEIGHTS,
        ontology: Ontology | None = None,
        mathlib: Path | None = None,
    ) -> None:
        """`encoder` defaults to the one that the index was made with, `ontology` to the shipped one; from
        `mathlib`, a checkout, docstrings are read where the index has none."""
        self.knowledge = knowledge
        self.weights = weights
        self._given_encoder = encoder
        self._given_ontology = ontology
        self._docstrings = DocstringReader(mathlib) if mathlib is not None else None
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path | str | None = None, mathlib: Path | str | None = None) -> Retriever:
        """Open an index: the one at `path`, else `CRAMF_INDEX`, else the shipped one.

        Raises:
            KnowledgeBaseError: where it is missing, damaged or of another format version.
        """
        knowledge = KnowledgeBase.open(path if path is not None else default_index())
        checkout = Path(mathlib).expanduser() if mathlib is not None else default_mathlib()
        if checkout is not None and not (checkout / "Mathlib").is_dir():
            raise InputError(f"{checkout} is not a Mathlib checkout", "name the folder that holds Mathlib/")
        retriever = cls(knowledge, mathlib=checkout)
        retriever._open()
        return retriever

    @property
    def path(self) -> Path:
        return self.knowledge.path

    @property
    def toolchain(self) -> str:
        return self.knowledge.manifest.toolchain

    @property
    def mathlib_commit(self) -> str:
        return self.knowledge.manifest.mathlib_commit

    def _open(self) -> None:
        """Read what every search needs, so that a damaged file is told at once."""
        rows = len(self.knowledge.definition_names)
        definitions, usages = self._definitions, self._usages
        wanted = self.knowledge.manifest.dimensions
        if (
            definitions.ntotal != rows
            or definitions.d != wanted
            or usages.d != wanted
            or self._votes.shape != (usages.ntotal, rows)
            or self._lexical.weights.shape[1] != rows
        ):
            raise KnowledgeBaseError(
                f"the parts of the index at {self.path} do not fit together",
                "rebuild it with `cramf index build`",
            )

    @cached_property
    def encoder(self) -> Encoder:
        return self._given_encoder or load_encoder(self.knowledge.manifest.encoder)

    @cached_property
    def ontology(self) -> Ontology:
        return self._given_ontology or load_ontology(default_ontology())

    @cached_property
    def _matcher(self) -> ConceptMatcher:
        return ConceptMatcher(self.ontology)

    @cached_property
    def _definitions(self) -> Any:
        return self._faiss("definitions.faiss")

    @cached_property
    def _usages(self) -> Any:
        return self._faiss("usages.faiss")

    def _faiss(self, name: str) -> Any:
        import faiss

        path = self.knowledge.file(name)
        try:
            return faiss.read_index(str(path))
        except RuntimeError:
            raise KnowledgeBaseError(
                f"{path} is no FAISS index", "rebuild it with `cramf index build`"
            ) from None

    @cached_property
    def _votes(self) -> csr_matrix:
        return self.knowledge.matrix("votes.npz")

    @cached_property
    def _counts(self) -> Floats:
        return np.asarray(self.knowledge.definition_columns["usage_count"], dtype=np.float64)

    @cached_property
    def _lexical(self) -> LexicalIndex:
        words = self.knowledge.file("terms.txt").read_text(encoding="utf-8").split("\n")
        return LexicalIndex({w: n for n, w in enumerate(words) if w}, self.knowledge.matrix("lexical.npz"))

    def concepts(self, text: str) -> list[ConceptMention]:
        """The concepts that a text speaks of, in order, with character offsets into it."""
        return self._matcher.find(text)

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """The `k` best definitions, best first; ties are broken by name.

        Raises:
            InputError: where the query is blank, too long, or `k` is less than one.
        """
        return self.search_batch([query], k)[0]

    def search_batch(self, queries: Sequence[str], k: int = 10) -> list[list[Hit]]:
        """`search` for many queries with one call of the encoder."""
        if k < 1:
            raise InputError(f"k is {k}", "ask for at least one definition")
        texts = [_clean(query) for query in queries]
        if not texts:
            return []
        # Torch modules are not promised to be safe for threads.
        with self._lock:
            vectors = self.encoder.encode(texts)
        return [self._rank(text, vector, k) for text, vector in zip(texts, vectors, strict=True)]

    def _rank(self, text: str, vector: npt.NDArray[np.float32], k: int) -> list[Hit]:
        query = vector.reshape(1, -1)
        voters, similarities, shares = self._voters(query)
        usage = np.zeros(len(self._counts))
        ballots = self._votes[voters]
        if len(voters):
            usage += ballots.T @ shares
        lexical = self._lexical.scores(lexical_terms(text))
        near, cosines = self._nearest(query)
        words = np.argpartition(-lexical, min(_POOL, len(lexical) - 1))[:_POOL]
        rows = np.unique(np.concatenate([near, np.flatnonzero(usage), words[lexical[words] > 0]]))
        dense = self._dense(rows, near, cosines, vector)
        scores = fuse(usage[rows], dense, lexical[rows], self._counts[rows], self.weights)
        names = self.knowledge.definition_names
        by_definition = ballots.tocsc()
        order = sorted(range(len(rows)), key=lambda n: (-scores[n], names[rows[n]]))[:k]
        return [
            self._hit(
                int(rows[n]),
                float(scores[n]),
                float(dense[n]),
                usage,
                lexical,
                by_definition,
                voters,
                similarities,
                shares,
            )
            for n in order
        ]

    def _voters(self, query: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        """Rows of the nearest documented theorems, their cosines and the weights of their votes."""
        if not self._usages.ntotal:
            return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
        number = min(self.weights.neighbours, self._usages.ntotal)
        found, rows = self._usages.search(query, number)
        similarities = found[0].astype(np.float64)
        return rows[0], similarities, usage_votes(similarities, self.weights)

    def _nearest(self, query: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], Floats]:
        found, rows = self._definitions.search(query, min(_POOL, self._definitions.ntotal))
        return rows[0], found[0].astype(np.float64)

    def _dense(
        self,
        rows: npt.NDArray[np.int64],
        near: npt.NDArray[np.int64],
        cosines: Floats,
        vector: npt.NDArray[np.float32],
    ) -> Floats:
        """Cosines of all candidates; those that the search did not bring are computed from their vectors."""
        dense = np.full(len(rows), np.nan)
        dense[np.searchsorted(rows, near)] = cosines
        missing = np.flatnonzero(np.isnan(dense))
        if len(missing):
            dense[missing] = self._definitions.reconstruct_batch(rows[missing]) @ vector
        return dense

    def _hit(
        self,
        row: int,
        score: float,
        cosine: float,
        usage: Floats,
        lexical: Floats,
        ballots: csc_matrix,
        voters: npt.NDArray[np.int64],
        similarities: Floats,
        shares: Floats,
    ) -> Hit:
        definition = self.knowledge.definition(row)
        if not definition.docstring and self._docstrings is not None:
            definition = self._docstrings.fill(definition)
        channels = {"dense": cosine, "prior": float(np.log1p(self._counts[row]))}
        votes: tuple[Vote, ...] = ()
        if lexical[row] > 0:
            channels["lexical"] = float(lexical[row])
        if usage[row] > 0:
            channels["usage"] = float(usage[row])
            column = slice(ballots.indptr[row], ballots.indptr[row + 1])
            voted = np.sort(ballots.indices[column])
            names = self.knowledge.usage_columns["name"]
            votes = tuple(
                Vote(names[voters[n]], float(similarities[n]), float(shares[n])) for n in voted[:_SHOWN_VOTES]
            )
        return Hit(definition, score, channels, votes)


def _clean(query: str) -> str:
    """A query as the channels read it.

    Raises:
        InputError: where it is blank or too long.
    """
    if len(query) > MAX_QUERY:
        raise InputError(
            f"the query has {len(query):,} characters, more than {MAX_QUERY:,}", "ask for one statement"
        )
    # Lone surrogates come from undecodable arguments, and no tokenizer takes them.
    query = query.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    text = normalize_query(query).strip() or query.strip()
    if not text:
        raise InputError("the query is empty", "give a mathematical statement in words or LaTeX")
    return text
