"""The symbolic backend: English and LaTeX to Lean by grammar, or an abstention with its place.

Deterministic and offline. Its readers are asked in turn: school mathematics first, abstract mathematics where
that is not read. A statement that one of them reads to its end and refuses (it is ambiguous, or does not say
what it speaks of) is put to no other. What none reads is told by the first reader that knows all words so
far, and else by the one that got furthest.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Protocol

from cramf.check.verdict import Candidate
from cramf.environment import default_ontology
from cramf.formalize.symbolic.abstract import AbstractReader
from cramf.formalize.symbolic.lexicon import Lexicon
from cramf.formalize.symbolic.reader import SchoolReader
from cramf.formalize.symbolic.syntax import RefusedError, UnreadError
from cramf.formalize.types import Abstention, Draft, Request
from cramf.knowledge.ontology import Ontology, load_ontology

__all__ = ["HEADER", "SymbolicBackend"]

HEADER = "import Mathlib\n"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_']*(?:\.[A-Za-z_][A-Za-z0-9_']*)*")
# Words of Lean's own syntax that pass for identifiers in the pattern above.
_RESERVED = frozenset(
    "theorem lemma def by do fun let have show from in at if then else match with where end import open "
    "namespace section variable axiom example instance class structure inductive Type Sort Prop sorry "
    "mutual private protected noncomputable unsafe partial deriving set_option attribute universe macro "
    "syntax notation abbrev opaque for return try catch finally nomatch using".split()
)


class Reading(Protocol):
    """What a reader makes of a statement."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Choices that the statement left open."""

    def text(self, name: str) -> str:
        """The Lean theorem under this name."""


class Reader(Protocol):
    """One way to read statements."""

    def read(self, statement: str) -> Reading:
        """The theorem that a statement means, or `UnreadError` with the place that is not read."""


def _readers(ontology: Ontology) -> tuple[Reader, ...]:
    return SchoolReader(Lexicon.of(ontology)), AbstractReader(ontology)


@cache
def _shipped() -> tuple[Reader, ...]:
    return _readers(load_ontology(default_ontology()))


class SymbolicBackend:
    """Formalizes by grammar with the vocabulary of a concept ontology (the shipped one unless given).

    Raises:
        KnowledgeBaseError: when made, where the ontology cannot be used.
    """

    name = "symbolic"

    def __init__(self, ontology: Ontology | Path | None = None) -> None:
        if ontology is None:
            self._readers = _shipped()
        else:
            self._readers = _readers(load_ontology(ontology) if isinstance(ontology, Path) else ontology)

    def draft(self, request: Request) -> Draft:
        """A candidate, or the span that could not be read; never an exception for any statement."""
        if not _usable(request.name):
            whole = UnreadError("the theorem's name is no Lean identifier", (0, 0))
            return self._abstention(request, whole)
        failure: UnreadError | None = None
        for reader in self._readers:
            try:
                reading = reader.read(request.statement)
            except RefusedError as unread:
                return self._abstention(request, unread)
            except UnreadError as unread:
                if failure is None or (_lacks_words(failure) and unread.span[0] > failure.span[0]):
                    failure = unread
                continue
            candidate = Candidate(request.name, HEADER, reading.text(request.name))
            return Draft(self.name, candidate, notes=reading.notes)
        assert failure is not None
        return self._abstention(request, failure)

    def _abstention(self, request: Request, unread: UnreadError) -> Draft:
        # An answer taken from a list of them stands before the place where it is read.
        start, end = sorted(min(place, len(request.statement)) for place in unread.span)
        text = request.statement[start:end]
        return Draft(self.name, None, Abstention(unread.reason, start, end, text))


def _lacks_words(unread: UnreadError) -> bool:
    """Whether a reader stopped at vocabulary, so that another one may know better what is in the way."""
    return unread.reason.startswith("unknown ")


def _usable(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not _RESERVED.intersection(name.split("."))
