"""Understand a query without a language model: LaTeX in words, clauses, concepts with their senses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cramf.retrieval.latex import normalize_query
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.types import QueryReading

__all__ = ["SymbolicReader", "clauses_of"]

_BREAK: Final = re.compile(
    r"(?<=[.;?!])\s{1,4}|\s{0,4},\s{1,4}(?=(?:then|and|prove|show|where|with|let|suppose|assume|if|so)\b)"
    r"|\b(?:if and only if|such that|prove that|show that|suppose that|assume that|is equivalent to|then"
    r"|iff)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS: Final = 3
_MOST_CLAUSES: Final = 6


def clauses_of(words: str) -> tuple[str, ...]:
    """The parts of a statement (LaTeX in words) that say something of their own; none where there is one."""
    parts = [part.strip(" ,.;:") for part in _BREAK.split(words) if part]
    told = [part for part in parts if len(part.split()) >= _FEWEST_WORDS]
    return tuple(dict.fromkeys(told))[:_MOST_CLAUSES] if len(told) > 1 else ()


class SymbolicReader:
    """Reads queries by grammar-free rules and the concept ontology; deterministic, safe to share."""

    name = "symbolic"

    def __init__(self, matcher: ConceptMatcher) -> None:
        self._matcher = matcher

    def read(self, texts: Sequence[str]) -> list[QueryReading]:
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> QueryReading:
        words = normalize_query(text).strip() or " ".join(text.split())
        mentions, parts = self._matcher.find_with_parts(text)
        return QueryReading(
            text=text,
            words=words,
            clauses=clauses_of(words),
            mentions=tuple(mentions),
            parts=tuple(parts),
        )
