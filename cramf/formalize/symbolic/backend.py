"""The symbolic backend: English and LaTeX to Lean by grammar, or an abstention with its place.

Deterministic and offline. Every derivation that the grammar allows is built and elaborated; those that come
to nothing (a word in a role it does not have, a type that does not fit) are no readings. If what is left
means one thing, that is the answer; if it means two, the backend abstains and says so.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from cramf.check.verdict import Candidate
from cramf.environment import default_ontology
from cramf.formalize.symbolic.builder import Builder
from cramf.formalize.symbolic.chunks import chunk
from cramf.formalize.symbolic.elaborate import Theorem, elaborate
from cramf.formalize.symbolic.lexicon import Lexicon
from cramf.formalize.symbolic.mathreader import MathReader
from cramf.formalize.symbolic.normalize import tokenize
from cramf.formalize.symbolic.parser import MAX_READINGS, readings
from cramf.formalize.symbolic.syntax import UnreadError
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


@cache
def _shipped() -> Lexicon:
    return Lexicon.of(load_ontology(default_ontology()))


class SymbolicBackend:
    """Formalizes by grammar with the vocabulary of a concept ontology (the shipped one unless given).

    Raises:
        KnowledgeBaseError: when made, where the ontology cannot be used.
    """

    name = "symbolic"

    def __init__(self, ontology: Ontology | Path | None = None) -> None:
        if ontology is None:
            self._lexicon = _shipped()
        else:
            loaded = load_ontology(ontology) if isinstance(ontology, Path) else ontology
            self._lexicon = Lexicon.of(loaded)
        self._reader = MathReader(self._lexicon)
        self._functions = frozenset(self._lexicon.by_command)

    def draft(self, request: Request) -> Draft:
        """A candidate, or the span that could not be read; never an exception for any statement."""
        if not _usable(request.name):
            whole = UnreadError("the theorem's name is no Lean identifier", (0, 0))
            return self._abstention(request, whole)
        try:
            theorem = self._theorem(request.statement)
        except UnreadError as unread:
            return self._abstention(request, unread)
        candidate = Candidate(request.name, HEADER, theorem.text(request.name))
        return Draft(self.name, candidate, notes=theorem.notes)

    def _abstention(self, request: Request, unread: UnreadError) -> Draft:
        start, end = unread.span
        text = request.statement[start:end]
        return Draft(self.name, None, Abstention(unread.reason, start, end, text))

    def _theorem(self, statement: str) -> Theorem:
        tokens = tokenize(statement, self._functions)
        derivations, complete = readings(chunk(tokens, self._lexicon, self._reader))
        whole = (0, len(statement))
        if not complete:
            raise UnreadError(f"more than {MAX_READINGS} ways to read this", whole)
        found: dict[tuple[frozenset[str], str], Theorem] = {}
        failure: UnreadError | None = None
        for derivation in derivations:
            try:
                theorem = elaborate(Builder(self._lexicon).statement(derivation), self._lexicon)
            except UnreadError as unread:
                # A derivation with every word in its role says most about what is in the way.
                if failure is None or (failure.misfit and not unread.misfit):
                    failure = unread
                continue
            found.setdefault(theorem.meaning, theorem)
        if len(found) > 1:
            first, second = (theorem.signature for theorem in list(found.values())[:2])
            raise UnreadError(f"two readings: `{first}` or `{second}`", whole)
        if not found:
            raise failure or UnreadError("no reading", whole)
        return next(iter(found.values()))


def _usable(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not _RESERVED.intersection(name.split("."))
