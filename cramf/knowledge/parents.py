"""The parents of structures under their full names, and the projections to them.

`structure Iso (A B) extends A ≃ B` extends `Equiv`, and Lean makes `Iso.toEquiv` for it: `to` with the last
component of the parent's name, or the name that the text gives (`extends toB : B`). What a parent is, only
notation and types of the whole checkout tell, so that projections are made here and not file by file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cramf.knowledge.entries import Entry, collect, exports
from cramf.knowledge.facts import FileFacts, RawDeclaration
from cramf.knowledge.notations import CORE_NOTATION, NotationTable
from cramf.knowledge.resolution import Place
from cramf.knowledge.statements import TypeFacts, notations_of
from cramf.knowledge.vocabulary import NameTable
from cramf.lean.lexer import is_identifier

__all__ = ["settle_parents"]

_STRUCTURES = frozenset({"structure", "class"})
_ROUNDS = 2
"""In the second one the projections that the first has made lead to parents such as `X.toSpace.Hom`."""
_MOST_UNFOLDED = 8


def settle_parents(facts: Sequence[FileFacts]) -> list[FileFacts]:
    """The facts with parents as full names and a declaration for the projection to each.

    A parent that is written as an identifier which means nothing here stays as it is written, for it may
    be one of Lean core's; one by notation or dot notation that means nothing is left out.
    """
    settled = list(facts)
    for _ in range(_ROUNDS):
        known = _Known(settled)
        settled = [_settled(file, known) for file in facts]
    return settled


class _Known:
    """Names, notation and types of a checkout."""

    def __init__(self, facts: Sequence[FileFacts]) -> None:
        self.entries: Mapping[str, Entry] = collect(facts)
        # Core's declarations are not in the checkout, but its notation is used to extend `Prod`.
        names = {*self.entries, *CORE_NOTATION.values()}
        protected = (name for name, entry in self.entries.items() if entry.raw.protected)
        self.table = NameTable(names, protected, exports(facts, self.entries), lenient=True)
        self.types = TypeFacts(self.entries, self.table, NotationTable(*notations_of(facts, self.table)))

    def parent(self, head: str, place: Place, before: Mapping[str, str]) -> str:
        """Full name of the parent with this head, or "". `before` are the projections to earlier parents."""
        first, dot, rest = head.partition(".")
        if dot and first in before:
            return self._structure(self.types.field(before[first], rest.split(".")))
        if "|" in head:
            return self._structure(self.types.named(head, place))
        if is_identifier(head):
            names, rest = self.table.resolve_longest(head, place.context)
            if names and rest:
                # `Language.ring.Structure` of a declaration `Language.ring : Language`.
                return self._structure(self.types.field(self.types.result(names[0]), rest.split(".")))
            return self._structure(names[0] if names else self.types.resolver.head(head, place))
        found = self._structure(self.types.resolver.head(head, place)) if head != "→" else ""
        known = self.entries.get(found)
        return "" if known is not None and known.raw.kind not in _STRUCTURES else found

    def _structure(self, name: str) -> str:
        """The structure that an abbreviation stands for; the name itself where that is not told."""
        found = name
        for _ in range(_MOST_UNFOLDED):
            entry = self.entries.get(found)
            if entry is None or entry.raw.kind in _STRUCTURES:
                break
            found = self.types.unfold(found)
        return found or name


def _settled(file: FileFacts, known: _Known) -> FileFacts:
    if not any(raw.parents for raw in file.declarations):
        return file
    declarations: list[RawDeclaration] = []
    for raw in file.declarations:
        if raw.parents:
            declarations += _with_projections(raw, file, known)
        else:
            declarations.append(raw)
    return replace(file, declarations=tuple(declarations))


def _with_projections(raw: RawDeclaration, file: FileFacts, known: _Known) -> list[RawDeclaration]:
    """A structure whose parents are full names, followed by the projections to them."""
    place = Place(file.contexts[raw.context], file.module, known.table)
    parents: dict[str, str] = {}
    made: list[RawDeclaration] = []
    for written, given in zip(raw.parents, raw.projections, strict=True):
        plain = is_identifier(written)
        full = known.parent(written, place, parents)
        if not full and plain and written.partition(".")[0] not in parents:
            full = written
        projection = given or (f"to{full.rpartition('.')[2]}" if full else "")
        if not projection or projection in parents:
            continue
        direct = plain and full in (written, *known.table.resolve(written, place.context))
        word = written if direct else f"_root_.{full}" if full else ""
        made.append(_projection(raw, projection, word))
        if full:
            parents[projection] = full
    settled = replace(raw, parents=tuple(parents.values()), projections=tuple(parents))
    return [settled, *made]


def _projection(raw: RawDeclaration, name: str, word: str) -> RawDeclaration:
    return RawDeclaration(
        name=f"{raw.name}.{name}",
        kind="field",
        line=raw.line,
        context=raw.context,
        signature=f": {word.removeprefix('_root_.')}" if word else "",
        words=(word,) if word else (),
        counts=bytes([1]) if word else b"",
        head=word,
        outer=raw.name,
        namespace=raw.namespace,
        private=raw.private,
        rule="structure",
    )
