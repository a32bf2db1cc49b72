"""What retrieval hands on: concept mentions and ranked definitions with their evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cramf.knowledge.types import Definition

__all__ = ["ConceptMention", "Hit", "QueryReader", "QueryReading", "Vote"]


@dataclass(frozen=True, slots=True)
class Vote:
    """A documented theorem that spoke for a definition, with its cosine similarity to the query."""

    theorem: str
    similarity: float
    weight: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A definition with its score, each channel's own score, and who voted for it.

    `score` is the probability that the definition is meant, as the ranker sees it; hits far behind the
    candidates that it judges get smaller numbers that only tell their order. `channels` maps channel names
    (see `cramf.retrieval.arms.CHANNELS`) to raw scores; a channel that says nothing of it is absent.
    `query` is the query that was searched for.
    """

    definition: Definition
    score: float
    channels: Mapping[str, float] = field(default_factory=dict)
    votes: tuple[Vote, ...] = ()
    query: str = ""

    @property
    def name(self) -> str:
        return self.definition.name


@dataclass(frozen=True, slots=True)
class ConceptMention:
    """A concept found in a text: `start:end` are character offsets into it, `declaration` the Mathlib
    definition of the sense chosen, `reason` why that sense."""

    concept: str
    name: str
    start: int
    end: int
    text: str
    domain: str
    declaration: str
    alternatives: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class QueryReading:
    """What was understood of one query before any channel is asked.

    `text` is the query as given, `words` the same with LaTeX said in words. `clauses` are further texts that
    the encoder reads besides `words` (parts of the statement, concepts, a model's rewriting). `names` are
    Lean names that the words suggest, which need not exist. `explanations` says for a concept what it means
    here; only a language model writes them.
    """

    text: str
    words: str
    clauses: tuple[str, ...] = ()
    mentions: tuple[ConceptMention, ...] = ()
    parts: tuple[ConceptMention, ...] = ()
    """Concepts whose names stand inside or across those of `mentions`."""
    names: tuple[str, ...] = ()
    explanations: Mapping[str, str] = field(default_factory=dict)


class QueryReader(Protocol):
    """Understands queries; one reading each, in the order given."""

    @property
    def name(self) -> str: ...

    def read(self, texts: Sequence[str]) -> list[QueryReading]: ...
