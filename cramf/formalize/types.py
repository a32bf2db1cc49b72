"""Requests, drafts and the protocol that all formalizing backends share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from cramf.check.verdict import Candidate, Verdict
from cramf.retrieval.types import ConceptMention, Hit

__all__ = ["Abstention", "Backend", "Draft", "Formalization", "Request", "TokenUsage"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a backend is asked: the statement, the theorem's name and the evidence."""

    statement: str
    name: str
    concepts: tuple[ConceptMention, ...] = ()
    definitions: tuple[Hit, ...] = ()
    toolchain: str = ""
    mathlib_commit: str = ""


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why a backend wrote nothing; `start:end` is the span of the statement it could not read."""

    reason: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class TokenUsage:
    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A backend's answer: a candidate, or why there is none (exactly one of the two).

    `notes` tell choices that a reader must know, such as the type given to a variable.
    """

    backend: str
    candidate: Candidate | None
    abstention: Abstention | None = None
    notes: tuple[str, ...] = ()
    tokens: TokenUsage | None = None

    def __post_init__(self) -> None:
        if (self.candidate is None) == (self.abstention is None):
            raise ValueError("a draft holds either a candidate or an abstention")


@runtime_checkable
class Backend(Protocol):
    """Anything that turns a statement and its evidence into Lean."""

    @property
    def name(self) -> str: ...

    def draft(self, request: Request) -> Draft: ...


@dataclass(frozen=True, slots=True)
class Formalization:
    """The outcome of formalizing one statement, with all its evidence."""

    statement: str
    name: str
    concepts: tuple[ConceptMention, ...]
    definitions: tuple[Hit, ...]
    draft: Draft
    verdict: Verdict | None
    index: str = ""

    @property
    def candidate(self) -> Candidate | None:
        return self.draft.candidate
