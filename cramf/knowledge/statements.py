"""Resolve the statements of all files: which declarations each uses, and what resolves nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cramf.knowledge.entries import Entry
from cramf.knowledge.facts import FileFacts
from cramf.knowledge.notations import CORE_NOTATION, NotationTable
from cramf.knowledge.resolution import Place, Resolver, Spoken
from cramf.knowledge.types import Kind, Notation
from cramf.knowledge.vocabulary import NameTable

__all__ = ["Statement", "Statements", "TypeFacts", "Unresolved", "notations_of", "read_statements"]


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An identifier that was not resolved: how often, and where first."""

    word: str
    count: int
    module: str
    line: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What one statement uses: by name or dot notation, and by notation."""

    named: tuple[str, ...] = ()
    notation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of each file in the order of its declarations."""

    files: Mapping[str, tuple[Statement, ...]]
    identifiers: int
    """How often an identifier stands in a statement."""
    unresolved: tuple[Unresolved, ...]
    """Those that mean nothing, the commonest first."""


class TypeFacts:
    """Heads of result types, parents of structures and bodies of abbreviations, resolved when asked for."""

    def __init__(self, entries: Mapping[str, Entry], table: NameTable, notations: NotationTable) -> None:
        self._entries = entries
        self._table = table
        self._places: dict[tuple[str, int], Place] = {}
        self._results: dict[str, str] = {}
        self._unfolds: dict[str, str] = {}
        self.parents = self._all_parents()
        self.resolver = Resolver(table, notations, self.result, self.parents, self.unfold)

    def _all_parents(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, entry in self._entries.items():
            if entry.raw.parents:
                resolved = (self._parent(parent, entry) for parent in entry.raw.parents)
                found[name] = tuple(full for names in resolved for full in names)
        return found

    def _parent(self, parent: str, entry: Entry) -> tuple[str, ...]:
        """A parent's full name; what `settle_parents` did not know may be of core or a twin."""
        if self._table.known(parent):
            return (self._table.aliases.get(parent, parent),)
        return self._table.resolve(parent, entry.context)[:1]

    def _place(self, entry: Entry) -> Place:
        """Where a declaration stands; one for all those of a file that stand in one context."""
        key = (entry.module, entry.raw.context)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = Place(entry.context, entry.module, self._table)
        return found

    def result(self, name: str) -> str:
        """Full name of the head of a declaration's result type, or ""."""
        found = self._results.get(name)
        if found is None:
            self._results[name] = ""  # a declaration whose type leads back to itself has no plain head
            entry = self._entries.get(name)
            found = ""
            if entry is not None and entry.raw.head:
                found = self.resolver.head(entry.raw.head, self._place(entry))
            self._results[name] = found
        return found

    def unfold(self, name: str) -> str:
        """Full name of the head of an abbreviation's body, or ""."""
        found = self._unfolds.get(name)
        if found is None:
            entry = self._entries.get(name)
            found = ""
            if entry is not None and entry.raw.body_head and entry.raw.kind in (Kind.ABBREV, Kind.DEF):
                found = self.named(entry.raw.body_head, self._place(entry))
            self._unfolds[name] = found
        return found

    def named(self, head: str, place: Place) -> str:
        """Full name of the head of a type, which dot notation such as `⥤|Full` names, or ""."""
        base, *steps = head.split("|")
        found = self.resolver.head(base, place)
        if not steps:
            return found
        named = self.field(found, steps) if found else ""
        # By Mathlib's convention what begins with a small letter is no type.
        return named if steps[-1][:1].isupper() else ""

    def field(self, type_name: str, steps: Sequence[str]) -> str:
        """The declaration that dot notation on an element of a type means, or ""."""
        place = name = type_name
        for step in steps:
            name = self.resolver.field(place, step) if place else ""
            # What is no element of a named type may be a type itself.
            place = self.result(name) or name
        return name


def read_statements(facts: Sequence[FileFacts], table: NameTable, resolver: Resolver) -> Statements:
    """Resolve every statement of every file."""
    files: dict[str, tuple[Statement, ...]] = {}
    identifiers = 0
    missing: Counter[str] = Counter()
    first: dict[str, tuple[str, int]] = {}
    for file in facts:
        private = [raw.name for raw in file.declarations if raw.private]
        own = NameTable(private) if private else None
        places = [Place(context, file.module, table, own) for context in file.contexts]
        read: list[Statement] = []
        for raw in file.declarations:
            spoken = Spoken(raw.words, raw.hidden, raw.dots, raw.runs, raw.outer or raw.name)
            used = resolver.statement(spoken, places[raw.context])
            identifiers += sum(raw.counts)
            if used.unresolved:
                counts = dict(zip(raw.words, raw.counts, strict=True))
                for word in used.unresolved:
                    missing[word] += counts.get(word, 1)
                    here = (file.module, raw.line)
                    first[word] = min(first.get(word, here), here)
            notation = tuple(name for name in used.notation if name not in used.named)
            read.append(Statement(tuple(used.named), notation))
        files[file.module] = tuple(read)
    ordered = sorted(missing.items(), key=lambda item: (-item[1], item[0]))
    unresolved = tuple(Unresolved(word, count, *first[word]) for word, count in ordered)
    return Statements(files, identifiers, unresolved)


def notations_of(
    facts: Sequence[FileFacts], table: NameTable
) -> tuple[tuple[Notation, ...], tuple[Notation, ...]]:
    """Notation of the checkout, and that which is local to its file; core notation is among the first."""
    shared: list[Notation] = [
        Notation((token,), "core", "", 0, (name,))
        for token, name in CORE_NOTATION.items()
        if table.known(name)
    ]
    local: list[Notation] = []
    for file in sorted(facts, key=lambda f: f.module):
        for raw in file.notations:
            if not raw.tokens:
                continue
            context = file.contexts[raw.context]
            meant: dict[str, None] = {}
            for word in raw.identifiers:
                meant.update(dict.fromkeys(table.resolve_longest(word, context)[0]))
            made = Notation(raw.tokens, raw.keyword, file.module, raw.line, tuple(meant), raw.scope)
            (local if raw.local else shared).append(made)
    return tuple(shared), tuple(local)
