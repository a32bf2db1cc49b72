"""The reader of school mathematics: one statement to a theorem, or what of it is not read.

Every derivation that the grammar allows is built and elaborated; those that come to nothing (a word in a role
that it does not have, a type that does not fit) are no readings. If what is left means one thing, that is the
answer; if it means two, the statement is ambiguous and not read.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

from cramf.formalize.symbolic.asides import prepare
from cramf.formalize.symbolic.chunks import chunk
from cramf.formalize.symbolic.elaborate import Theorem, elaborate
from cramf.formalize.symbolic.lexicon import Lexicon, Phrase
from cramf.formalize.symbolic.mathreader import MathReader
from cramf.formalize.symbolic.normalize import tokenize
from cramf.formalize.symbolic.parser import MAX_READINGS, readings
from cramf.formalize.symbolic.statements import Builder
from cramf.formalize.symbolic.syntax import And, RefusedError, UnreadError

__all__ = ["SchoolReader"]


class SchoolReader:
    """Reads statements about numbers and functions of numbers with the words of a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._math = MathReader(lexicon)
        self._functions = frozenset(lexicon.by_command)

    def read(self, statement: str) -> Theorem:
        """The theorem that a statement means.

        Raises:
            RefusedError: where it has two readings, too many to compare, or one that is refused: what kind of
                thing it speaks of is not said, or whether all or some are meant.
            UnreadError: where something in it is not read.
        """
        prepared = prepare(statement)
        whole = (0, len(statement))
        tokens = tokenize(prepared.text, self._functions)
        if prepared.answer:
            tokens += tokenize(prepared.answer, self._functions)
        derivations, complete = readings(chunk(tokens, self._lexicon, self._math, statement))
        if not complete:
            raise RefusedError(f"more than {MAX_READINGS} ways to read this", whole)
        found: dict[tuple[frozenset[str], str], Theorem] = {}
        failure: UnreadError | None = None
        seen: set[object] = set()
        for derivation in derivations:
            try:
                built = Builder(self._lexicon).statement(derivation)
                shape = _shape((built.setup, built.goal))
                if shape in seen:
                    continue
                seen.add(shape)
                theorem = elaborate(built, self._lexicon)
            except UnreadError as unread:
                # A derivation with every word in its role says most about what is in the way.
                if failure is None or (failure.misfit and not unread.misfit):
                    failure = unread
                continue
            found.setdefault(theorem.meaning, theorem)
        if len(found) > 1:
            first, second = (theorem.signature for theorem in list(found.values())[:2])
            raise RefusedError(f"two readings: `{first}` or `{second}`", whole)
        if not found:
            if failure is not None and not failure.misfit:
                raise RefusedError(failure.reason, failure.span)
            raise failure or UnreadError("no reading", whole)
        theorem = next(iter(found.values()))
        return replace(theorem, notes=(*theorem.notes, *prepared.notes))


def _shape(item: object) -> object:
    """A logical form without places and the grouping of conjunctions: equal where it says the same."""
    if isinstance(item, And):
        return ("And", *_parts(item))
    if isinstance(item, tuple):
        return tuple(map(_shape, item))
    if isinstance(item, Phrase):
        return item.concept, item.name, item.role
    if is_dataclass(item):
        return (
            type(item).__name__,
            *(_shape(getattr(item, field.name)) for field in fields(item) if field.name != "span"),
        )
    return item


def _parts(item: And) -> list[object]:
    found: list[object] = []
    for part in item.parts:
        found += _parts(part) if isinstance(part, And) else [_shape(part)]
    return found
