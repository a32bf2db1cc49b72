"""Where evidence comes from, and definitions for the names on which a candidate failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from cramf.check.verdict import Severity, Verdict
from cramf.errors import InputError
from cramf.knowledge.types import Definition
from cramf.retrieval.types import ConceptMention, Hit

__all__ = ["EvidenceSource", "FailingName", "Finder", "failing_names", "finder_of", "found_for", "known_of"]

MOST_NAMES: Final = 8
"""Failing names of one candidate that are looked up."""
_MOST_FOUND: Final = 12
_SUGGESTIONS: Final = 3
_SEARCHED: Final = 3
# What a name is complained about for, where another name or the name's own signature is the mend.
_ABOUT_NAMES: Final = frozenset(
    "unknown_identifier unknown_constant unknown_field unknown_namespace dot_notation ambiguous deprecated "
    "argument not_opened projection constructor structure_instance".split()
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]")

Finder = Callable[[str], Definition | None]
"""The declaration of a full name, None where there is none."""


class EvidenceSource(Protocol):
    """Where concepts and definitions come from; `cramf.retrieval.retriever.Retriever` is one."""

    @property
    def toolchain(self) -> str:
        """Lean toolchain of the indexed Mathlib, such as `leanprover/lean4:v4.9.0`."""
        ...

    @property
    def mathlib_commit(self) -> str: ...

    @property
    def path(self) -> Path:
        """Directory of the index."""
        ...

    def search(self, query: str, k: int | None) -> Sequence[Hit]:
        """The `k` best definitions for a text, best first; with None as many as seem meant."""
        ...

    def concepts(self, text: str) -> Sequence[ConceptMention]:
        """The concepts that a text speaks of, with character offsets into it."""
        ...


@dataclass(frozen=True, slots=True)
class FailingName:
    """A name that a checker complained about, and what it proposed."""

    name: str
    suggestions: tuple[str, ...] = ()


def failing_names(verdict: Verdict) -> tuple[FailingName, ...]:
    """The names that errors (and warnings of deprecation) complain about, at most `MOST_NAMES`."""
    found: dict[str, FailingName] = {}
    for diagnostic in verdict.diagnostics:
        wrong = diagnostic.severity is Severity.ERROR or diagnostic.category == "deprecated"
        if wrong and diagnostic.name and diagnostic.category in _ABOUT_NAMES:
            found.setdefault(diagnostic.name, FailingName(diagnostic.name, diagnostic.suggestions))
    return tuple(found.values())[:MOST_NAMES]


def found_for(names: Sequence[FailingName], source: EvidenceSource, find: Finder) -> tuple[Hit, ...]:
    """Definitions for failing names: by lookup of each name and of what was proposed in its place, then by a
    search for the words in it. A hit by lookup has the score 1 and the channel `lookup` alone."""
    hits: dict[str, Hit] = {}
    for failing in names:
        for name in (failing.name, *failing.suggestions[:_SUGGESTIONS]):
            definition = find(name)
            if definition is not None:
                hits.setdefault(definition.name, Hit(definition, 1.0, {"lookup": 1.0}, (), failing.name))
    for failing in names:
        words = _words(failing.name)
        if any(len(word) > 2 for word in words):
            try:
                searched = source.search(" ".join(words), _SEARCHED)
            except InputError:
                continue  # a name of which the retriever can make nothing
            for hit in searched:
                hits.setdefault(hit.name, hit)
    return tuple(hits.values())[:_MOST_FOUND]


def _words(name: str) -> list[str]:
    """The words that a name is written together of: `Nat.isPrime_of` gives Nat, is, Prime, of."""
    return _WORD.findall(name)[:12]


def finder_of(source: EvidenceSource) -> Finder:
    """Lookup in the index behind a source; one that finds nothing where there is no index behind it."""
    from cramf.knowledge.store import KnowledgeBase

    base = getattr(source, "knowledge", None)
    if not isinstance(base, KnowledgeBase):
        return lambda _: None

    @lru_cache(maxsize=1)
    def rows() -> dict[str, int]:
        return {name: row for row, name in enumerate(base.definition_names)}

    def find(name: str) -> Definition | None:
        row = rows().get(name)
        if row is not None:
            return base.definition(row)
        if name not in base.declarations:
            return None
        own = base.declarations[name]
        return Definition(
            name,
            own.kind,
            own.module,
            own.line,
            base.signature(name),
            attributes=own.attributes,
            origin=own.origin,
            deprecated=own.deprecated,
            since=own.since,
        )

    return find


def known_of(source: EvidenceSource) -> Callable[[str], bool]:
    """Whether the index behind a source declares a name; nothing is known where there is no index."""
    from cramf.knowledge.store import KnowledgeBase

    base = getattr(source, "knowledge", None)
    return base.declarations.__contains__ if isinstance(base, KnowledgeBase) else lambda _: False
