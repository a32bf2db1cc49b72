"""The reader of abstract mathematics: one statement to a theorem, or what of it is not read."""

from __future__ import annotations

from cramf.formalize.symbolic.abstract.chunks import chunk
from cramf.formalize.symbolic.abstract.context import Context, Theorem
from cramf.formalize.symbolic.abstract.derivations import Node, derivations
from cramf.formalize.symbolic.abstract.predicates import StatementBuilder
from cramf.formalize.symbolic.abstract.saying import Saying
from cramf.formalize.symbolic.abstract.tokens import tokenize
from cramf.formalize.symbolic.abstract.words import Vocabulary
from cramf.formalize.symbolic.syntax import UnreadError
from cramf.knowledge.ontology import Ontology

__all__ = ["AbstractReader"]


_GROUP_WORDS = frozenset("group subgroup abelian nonabelian cyclic subgroups simple solvable".split())


class AbstractReader:
    """Reads statements about groups, rings, spaces and maps with the vocabulary of an ontology."""

    def __init__(self, ontology: Ontology) -> None:
        self._vocabulary = Vocabulary.of(ontology)

    def read(self, statement: str) -> Theorem:
        """The theorem that a statement means.

        Raises:
            UnreadError: where something in it is not read, or it has two readings.
        """
        chunks = chunk(tokenize(statement), self._vocabulary)
        whole = (0, len(statement))
        reserved = {name for c in chunks if c.math is not None for name in c.math.names()}
        groups = any(c.text.split()[-1] in _GROUP_WORDS for c in chunks if c.text)
        found: dict[tuple[frozenset[str], str], Theorem] = {}
        failure: UnreadError | None = None
        for derivation in derivations(chunks):
            try:
                theorem = self._theorem(derivation, reserved, groups)
            except UnreadError as unread:
                # What got furthest says most about what is in the way.
                if failure is None or unread.span[0] > failure.span[0]:
                    failure = unread
                continue
            found.setdefault(theorem.meaning, theorem)
        if len(found) > 1:
            first, second = (theorem.signature for theorem in list(found.values())[:2])
            raise UnreadError(f"two readings: `{first}` or `{second}`", whole)
        if not found:
            raise failure or UnreadError("no reading", whole)
        return next(iter(found.values()))

    def _theorem(self, derivation: Node, reserved: set[str], groups: bool) -> Theorem:
        context = Context(reserved)
        context.groups = groups
        builder = StatementBuilder(Saying(self._vocabulary, context))
        return builder.theorem(derivation)
