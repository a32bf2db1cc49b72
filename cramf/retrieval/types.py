"""What retrieval hands on: concept mentions and ranked definitions with their evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cramf.knowledge.types import Definition

__all__ = ["ConceptMention", "Hit", "Vote"]


@dataclass(frozen=True, slots=True)
class Vote:
    """A documented theorem that spoke for a definition, with its cosine similarity to the query."""

    theorem: str
    similarity: float
    weight: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A definition with its fused score, each channel's own score, and who voted for it.

    `channels` maps channel names (`lexical`, `dense`, `usage`, `prior`) to raw scores; a channel that
    did not propose the definition is absent.
    """

    definition: Definition
    score: float
    channels: Mapping[str, float] = field(default_factory=dict)
    votes: tuple[Vote, ...] = ()

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
