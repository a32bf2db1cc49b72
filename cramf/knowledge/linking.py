"""Tie the facts of all files together: full names, twins, attested names, usages and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cramf.knowledge.attested import attested_names, core_aliases
from cramf.knowledge.entries import Entry, collect, exports, opened_elsewhere, settle_replacements
from cramf.knowledge.facts import FileFacts
from cramf.knowledge.generation import Surroundings, generate, name_instances
from cramf.knowledge.notations import NotationTable, notation_map
from cramf.knowledge.parents import settle_parents
from cramf.knowledge.statements import (
    Statement,
    Statements,
    TypeFacts,
    Unresolved,
    notations_of,
    read_statements,
)
from cramf.knowledge.translate import NameGuesser
from cramf.knowledge.twins import translate
from cramf.knowledge.types import Declaration, Definition, Kind, Notation, Usage
from cramf.knowledge.vocabulary import NameTable

__all__ = ["FileError", "Linked", "Unresolved", "link"]

_KINDS = {kind.value: kind for kind in Kind}
_DOCUMENTED = frozenset({Kind.THEOREM, Kind.LEMMA, Kind.INSTANCE})
_MACHINERY = frozenset({"structure", "deriving"})
"""Origins of functions that Lean makes for itself, which are no concepts."""


@dataclass(frozen=True, slots=True)
class FileError:
    module: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Linked:
    """Everything that a knowledge base holds before it is indexed."""

    definitions: tuple[Definition, ...]
    usages: tuple[Usage, ...]
    declarations: tuple[Declaration, ...]
    protected: frozenset[str]
    aliases: Mapping[str, str]
    notations: Mapping[str, tuple[str, ...]]
    namespaces: frozenset[str]
    """Namespaces without declarations; those of declarations follow from their names.

    They hold notation or scoped attributes, or belong to another library of which Mathlib opens them.
    """
    errors: tuple[FileError, ...]
    files: int
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Full names of the declarations that a declaration's statement uses, in order of name."""
    notation_table: tuple[Notation, ...] = ()
    heads: Mapping[str, str] = field(default_factory=dict)
    """Full name of the head of a declaration's result type, where it is plain."""
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Structure to those that it extends."""
    unfolds: Mapping[str, str] = field(default_factory=dict)
    """Abbreviation of a type to the head of its body."""
    identifiers: int = 0
    """How often an identifier stands in a statement of the checkout."""
    unresolved: tuple[Unresolved, ...] = ()
    """Identifiers of statements that mean nothing that is known, the commonest first."""


def link(facts: Sequence[FileFacts], guessers: Mapping[str, NameGuesser]) -> Linked:
    """Link the facts of all files. Order of files decides nothing but ties."""
    facts = settle_parents(facts)
    entries = collect(facts)
    targets = translate(entries, facts, guessers)
    protected = frozenset(name for name, e in entries.items() if e.raw.protected)
    library = Surroundings(entries, facts, protected)
    facts = name_instances(facts, entries, library)
    targets = translate(entries, facts, guessers, targets)
    generate(entries, facts, targets, guessers, library)
    protected = frozenset(name for name, e in entries.items() if e.raw.protected)
    aliases = exports(facts, entries)
    attested = attested_names(facts, entries, protected, aliases)
    names = {*entries, *attested}
    aliases = {**core_aliases(names), **aliases}
    table = NameTable(names, protected, aliases, weak=attested, lenient=True)
    namespaces = frozenset(table.namespaces)
    settle_replacements(entries, table)
    notations, local = notations_of(facts, table)
    types = TypeFacts(entries, table, NotationTable(notations, local))
    statements = read_statements(facts, table, types.resolver)
    twins = {name: e.twin for name, e in entries.items() if e.twin}
    used = _statement_of(entries, facts, statements)
    uses = {name: statement.named for name, statement in used.items()}
    definitions = _definitions(entries, attested, uses, twins)
    usages = _usages(entries, facts, statements, {d.name for d in definitions}, twins)
    errors = tuple(FileError(f.module, e.line, e.message) for f in facts for e in f.errors)
    declarations = tuple(_declaration(name, entry) for name, entry in sorted(entries.items()))
    declarations += tuple(Declaration(name, Kind.ATTESTED, "", 0, "attested") for name in sorted(attested))
    table.namespaces.update(n for f in facts for n in f.namespaces)
    empty = frozenset(table.namespaces - namespaces | opened_elsewhere(facts, table))
    return Linked(
        definitions,
        usages,
        declarations,
        protected,
        aliases,
        notation_map(notations),
        empty,
        errors,
        len(facts),
        dependencies=_dependencies(entries, used, twins),
        notation_table=notations,
        heads={name: head for name in entries if (head := types.result(name))},
        parents=types.parents,
        unfolds={name: head for name in entries if (head := types.unfold(name))},
        identifiers=statements.identifiers,
        unresolved=statements.unresolved,
    )


def _declaration(name: str, entry: Entry) -> Declaration:
    raw = entry.raw
    return Declaration(
        name,
        _KINDS[raw.kind],
        entry.module,
        raw.line,
        entry.origin,
        raw.deprecated,
        raw.since,
        raw.namespace,
        raw.attributes,
        raw.signature,
    )


def _statement_of(
    entries: Mapping[str, Entry], facts: Sequence[FileFacts], statements: Statements
) -> dict[str, Statement]:
    """The statement of each declaration that stands in the text."""
    found: dict[str, Statement] = {}
    for file in facts:
        for raw, statement in zip(file.declarations, statements.files[file.module], strict=True):
            entry = entries.get(raw.name)
            if entry is not None and entry.facts is file and entry.raw.line == raw.line:
                found.setdefault(raw.name, statement)
    return found


def _dependencies(
    entries: Mapping[str, Entry], used: Mapping[str, Statement], twins: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Declarations that each statement uses; a twin uses the twins of what its source uses."""
    found: dict[str, tuple[str, ...]] = {}
    for name, entry in entries.items():
        own = used.get(name)
        if own is not None:
            names = {*own.named, *own.notation}
            if entry.raw.outer:
                names.add(entry.raw.outer)
        else:
            source = used.get(entry.twin or "")
            if source is None:
                continue
            names = {twins.get(n, n) for n in (*source.named, *source.notation)}
        names.discard(name)
        found[name] = tuple(sorted(names))
    return found


def _definitions(
    entries: Mapping[str, Entry],
    attested: Mapping[str, int],
    uses: Mapping[str, tuple[str, ...]],
    twins: Mapping[str, str],
) -> tuple[Definition, ...]:
    counts: Counter[str] = Counter(name for names in uses.values() for name in names)
    made: list[Definition] = []
    for name, entry in sorted(entries.items()):
        raw = entry.raw
        kind = _KINDS[raw.kind]
        if not kind.is_definition or entry.origin in _MACHINERY:
            continue
        made.append(
            Definition(
                name=name,
                kind=kind,
                module=entry.module,
                line=raw.line,
                signature=raw.signature,
                docstring=raw.docstring,
                fields=raw.fields,
                parents=raw.parents,
                attributes=raw.attributes,
                origin=entry.origin,
                twin=twins.get(name),
                deprecated=raw.deprecated,
                since=raw.since,
                # A twin is rarely written out: what speaks of its source speaks of it by translation too.
                usage_count=counts[name],
            )
        )
    for name in sorted(attested):
        if counts[name]:
            made.append(
                Definition(name, Kind.ATTESTED, "", 0, "", origin="attested", usage_count=counts[name])
            )
    return tuple(made)


def _usages(
    entries: Mapping[str, Entry],
    facts: Sequence[FileFacts],
    statements: Statements,
    defined: set[str],
    twins: Mapping[str, str],
) -> tuple[Usage, ...]:
    """Documented theorems, lemmas and instances, and the twins of those with a docstring of their own.

    What only notation brings in (`ℝ`, `∑`) is left out: it is what every statement of a field shares.
    """
    made: dict[str, Usage] = {}
    sources: dict[str, tuple[str, ...]] = {}
    for file in facts:
        for raw, statement in zip(file.declarations, statements.files[file.module], strict=True):
            if raw.kind not in _DOCUMENTED or raw.private:
                continue
            sources[raw.name] = statement.named
            used = tuple(sorted(defined.intersection(statement.named))) if raw.docstring else ()
            if used:
                name = raw.name or f"instance@{file.module}:{raw.line}"
                made[name] = Usage(name, _KINDS[raw.kind], file.module, raw.line, raw.docstring, used)
    for name, entry in entries.items():
        raw = entry.raw
        if entry.origin == "written" or raw.kind not in _DOCUMENTED or not raw.docstring:
            continue
        source = sources.get(entry.twin or "", ())
        used = tuple(sorted({twins.get(n, n) for n in source} & defined))
        if used:
            made.setdefault(name, Usage(name, _KINDS[raw.kind], entry.module, raw.line, raw.docstring, used))
    return tuple(made[name] for name in sorted(made))
