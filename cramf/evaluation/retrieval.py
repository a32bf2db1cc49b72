"""Retrieval evaluated: every arm ranks the definitions of the index for each informal statement."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cramf.errors import InputError
from cramf.evaluation.metrics import DEPTH
from cramf.evaluation.problems import Problem
from cramf.evaluation.resources import (
    ModelSpec,
    docstrings_record,
    index_record,
    model_files_record,
    one_torch_thread,
    ranking_record,
)
from cramf.evaluation.retrieval_arms import DERIVED, FULL, PEERS, Arm, peer_arms, peer_texts, searched
from cramf.evaluation.work import Done

if TYPE_CHECKING:
    from cramf.retrieval.retriever import Retriever
    from cramf.retrieval.types import Hit

__all__ = ["EVIDENCE", "RetrievalWork", "chosen_arms"]

EVIDENCE = 10
"""Hits of the full arm that are kept with their scores and votes, for the report."""
_VOTES = 3
_BROUGHT = {"model": "--llm", "rerank": "--reranker"}
"""Arms that there are only with an option."""
_WARM_UP = "Every finite group of prime order is cyclic."


def chosen_arms(names: Sequence[str], extra: Sequence[str] = ()) -> tuple[str, ...]:
    """The arms of these names, each once, all where none is named; `extra` are those that options bring.

    Raises:
        InputError: where there is no arm of a name.
    """
    from cramf.retrieval.arms import ARMS

    offered = (*ARMS, *extra, *DERIVED, *PEERS)
    for name in names:
        if name not in offered and name in _BROUGHT:
            raise InputError(f"the arm {name!r} needs {_BROUGHT[name]}", f"add {_BROUGHT[name]}")
        if name not in offered:
            raise InputError(f"there is no arm {name!r}", f"use one of: {', '.join(offered)}")
    return tuple(dict.fromkeys(names or offered))


@dataclass(frozen=True, slots=True)
class RetrievalWork:
    """Ranks the definitions of an index for each statement, `arms` by name in the order of the report.

    `model` reads the queries of the arm `model`, and `reranker` ranks the first `rerank_depth` hits of the
    arm `rerank` once more.
    """

    arms: tuple[str, ...]
    index: Path | None = None
    model: ModelSpec | None = None
    reranker: str | None = None
    rerank_depth: int = 50

    @property
    def kind(self) -> str:
        return "retrieval"

    def settings(self) -> Mapping[str, Any]:
        """Arms, checksums of index, ranker and ontology, what the peers are, and the models.

        Raises:
            KnowledgeBaseError: where there is no index.
        """
        from cramf.environment import default_index
        from cramf.knowledge.store import read_manifest
        from cramf.retrieval.model_reading import PROMPT_VERSION

        texts = peer_texts(read_manifest(self.index or default_index()))
        return {
            "arms": self.arms,
            "depth": DEPTH,
            "evidence": EVIDENCE,
            "index": index_record(self.index),
            **ranking_record(),
            "peers": {name: text for name, text in texts.items() if name in self.arms},
            "model": None if self.model is None else {**self.model.settings(), "reading": PROMPT_VERSION},
            "reranker": None
            if self.reranker is None
            else {
                "name": self.reranker,
                "depth": self.rerank_depth,
                "files": model_files_record(Path(self.reranker).expanduser()),
                "docstrings": docstrings_record(self.index),
            },
        }

    @contextmanager
    def open(self) -> Iterator[_Worker]:
        """A worker on the retriever, loaded and warm.

        Raises:
            KnowledgeBaseError, ResourceError, InputError: where index, encoder, model or reranker is missing.
        """
        from cramf.retrieval.retriever import Retriever

        with one_torch_thread():
            retriever = Retriever.load(self.index)
            variants: dict[str, Retriever] = {}
            if self.model is not None:
                variants["model"] = retriever.variant(reader=_reader(self.model, retriever))
            if self.reranker is not None:
                from cramf.retrieval.reranking import load_reranker

                again = load_reranker(self.reranker, retriever.encoder)
                variants["rerank"] = retriever.variant(reranker=again, rerank_depth=self.rerank_depth)
            peers = peer_arms(retriever.knowledge)
            made = {name: searched(name, FULL, variant) for name, variant in variants.items()} | peers
            arms = [made.get(name) or searched(name) for name in self.arms if name not in DERIVED]
            retriever.search(_WARM_UP, EVIDENCE, arm=FULL)
            yield _Worker(retriever, tuple(arms))


@dataclass(frozen=True)
class _Worker:
    retriever: Retriever
    arms: tuple[Arm, ...]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.retriever.knowledge.definition_names)

    def __call__(self, problem: Problem) -> Done:
        from cramf.retrieval.encoder import RememberingEncoder

        # The arms ask for the same vectors. What was remembered from one problem to the next would make up
        # other batches, whose vectors differ in the last digits.
        searcher = self.retriever.variant(encoder=RememberingEncoder(self.retriever.encoder))
        ranked: dict[str, list[str]] = {}
        spent: dict[str, float] = {}
        evidence: list[dict[str, Any]] = []
        for arm in self.arms:
            begun = time.perf_counter()
            if arm.name == FULL:
                hits = searcher.search(problem.statement, DEPTH, arm=FULL)
                names: Sequence[str] = [hit.name for hit in hits]
                evidence = [_evidence(hit) for hit in hits[:EVIDENCE]]
            else:
                names = arm.rank(searcher, problem.statement, DEPTH)
            spent[arm.name] = 1000 * (time.perf_counter() - begun)
            ranked[arm.name] = list(names[:DEPTH])
        missing = sorted((problem.gold or frozenset()) - self._known)
        return Done({"arms": ranked, "missing": missing, "hits": evidence}, spent)


def _evidence(hit: Hit) -> dict[str, Any]:
    return {
        "name": hit.name,
        "score": round(hit.score, 6),
        "channels": {name: round(score, 6) for name, score in hit.channels.items()},
        "votes": [[vote.theorem, round(vote.similarity, 4)] for vote in hit.votes[:_VOTES]],
    }


def _reader(model: ModelSpec, retriever: Retriever) -> Any:
    from cramf.environment import default_answer_cache
    from cramf.formalize.chat_backend import PlainChat
    from cramf.retrieval.answer_cache import AnswerCache
    from cramf.retrieval.model_reading import ModelReader

    path = default_answer_cache()
    path.parent.mkdir(parents=True, exist_ok=True)
    return ModelReader(retriever.reader, PlainChat(model.open()), AnswerCache(path))
