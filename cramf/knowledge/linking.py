"""Tie the facts of all files together: full names, twins, attested names, usages and counts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cramf.knowledge.attested import attested_names
from cramf.knowledge.extract import FileFacts, RawDeclaration, TranslationRequest
from cramf.knowledge.translate import NameGuesser
from cramf.knowledge.types import Declaration, Definition, Kind, Notation, Usage
from cramf.knowledge.vocabulary import NameTable
from cramf.lean.scope import Context, enclosing

__all__ = ["FileError", "Linked", "link"]

_DOCUMENTED = frozenset({Kind.THEOREM, Kind.LEMMA, Kind.INSTANCE})


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
    """Namespaces that hold notation or nothing at all; those of declarations follow from their names."""
    errors: tuple[FileError, ...]
    files: int
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Full names of the declarations that a declaration's statement uses, in order of name."""
    notation_table: tuple[Notation, ...] = ()


@dataclass(slots=True)
class _Entry:
    """A raw declaration with its module and, for a twin, how its name came to be."""

    raw: RawDeclaration
    module: str
    facts: FileFacts
    origin: str = "written"
    twin: str | None = None


def link(facts: Sequence[FileFacts], guessers: Mapping[str, NameGuesser]) -> Linked:
    """Link the facts of all files. Order of files decides nothing but ties."""
    entries = _collect(facts)
    _translate(entries, facts, guessers)
    protected = frozenset(name for name, e in entries.items() if e.raw.protected)
    aliases = _exports(facts, entries)
    attested = attested_names(facts, entries, protected, aliases)
    table = NameTable({*entries, *attested}, protected, aliases, weak=attested)
    _settle_replacements(entries, table)
    notations = _notations(facts, table)
    twins = {name: e.twin for name, e in entries.items() if e.twin}
    uses = _uses(entries, table, notations)
    definitions = _definitions(entries, attested, uses, twins)
    usages = _usages(entries, facts, table, notations, {d.name for d in definitions}, uses, twins)
    errors = tuple(FileError(f.module, e.line, e.message) for f in facts for e in f.errors)
    declarations = tuple(
        Declaration(name, Kind(e.raw.kind), e.module, e.raw.line, e.origin, e.raw.deprecated, e.raw.since)
        for name, e in sorted(entries.items())
    ) + tuple(Declaration(name, Kind.ATTESTED, "", 0, "attested") for name in sorted(attested))
    empty = frozenset(n for f in facts for n in f.namespaces) - table.namespaces
    return Linked(definitions, usages, declarations, protected, aliases, notations, empty, errors, len(facts))


def _settle_replacements(entries: dict[str, _Entry], table: NameTable) -> None:
    """Replacements of deprecated names as full names, resolved where the tag stands."""
    for entry in entries.values():
        replacement = entry.raw.deprecated
        if replacement and entry.origin == "written":
            found = table.resolve(replacement, entry.facts.contexts[entry.raw.context])
            # A name that shadows itself in its own namespace means the other one.
            names = [name for name in (*found, replacement) if name != entry.raw.name]
            if names and names[0] != replacement:
                entry.raw = replace(entry.raw, deprecated=names[0])


def _collect(facts: Sequence[FileFacts]) -> dict[str, _Entry]:
    """Named, public declarations by full name; the first written one wins over a made one."""
    entries: dict[str, _Entry] = {}
    made: list[_Entry] = []
    for file in facts:
        for raw in file.declarations:
            if not raw.name or raw.private:
                continue
            entry = _Entry(raw, file.module, file)
            if raw.kind == Kind.RECURSOR or (raw.kind == Kind.FIELD and not raw.docstring):
                made.append(entry)
            else:
                entries.setdefault(raw.name, entry)
    for entry in made:
        entry.origin = "structure"
        entries.setdefault(entry.raw.name, entry)
    return entries


def _exports(facts: Sequence[FileFacts], entries: Mapping[str, _Entry]) -> dict[str, str]:
    """Names that `export N (a b)` makes, to what they stand for."""
    aliases: dict[str, str] = {}
    for file in facts:
        for namespace, source, names in file.exports:
            for name in names:
                short = f"{namespace}.{name}" if namespace else name
                places = [f"{place}.{source}.{name}" for place in enclosing(namespace)]
                full = next((p for p in (*places, f"{source}.{name}") if p in entries), None)
                if short not in entries and full is not None:
                    aliases[short] = full
    return aliases


def _translate(
    entries: dict[str, _Entry], facts: Sequence[FileFacts], guessers: Mapping[str, NameGuesser]
) -> None:
    """Add the twins that `to_additive` and `to_dual` make; a twin that is written is only tied."""
    requests: dict[str, list[TranslationRequest]] = defaultdict(list)
    for name, entry in entries.items():
        requests[name] += entry.raw.translations
    table = NameTable(entries)
    for file in facts:
        for written, number, wanted in file.tagged:
            for name in table.resolve(written, file.contexts[number])[:1]:
                requests[name] += wanted
    for rule, guesser in guessers.items():
        targets = _targets(rule, guesser, requests, entries)
        for source, (target, request) in targets.items():
            entry = entries[source]
            known = entries.get(target)
            if known is not None:
                entry.twin = entry.twin or target
                known.twin = known.twin or source
                continue
            raw = replace(
                entry.raw,
                name=target,
                docstring=request.docstring,
                signature=_translated_text(entry.raw.signature, rule, targets),
                fields=tuple(guesser.guess(field) for field in entry.raw.fields),
                parents=tuple(targets[p][0] if p in targets else p for p in entry.raw.parents),
                deprecated=_twin_of(entry.raw.deprecated, source, targets),
                translations=(),
            )
            entries[target] = _Entry(raw, entry.module, entry.facts, rule, source)
            entry.twin = entry.twin or target
            _translate_members(entries, entry, target, rule, guesser)


def _targets(
    rule: str,
    guesser: NameGuesser,
    requests: Mapping[str, list[TranslationRequest]],
    entries: Mapping[str, _Entry],
) -> dict[str, tuple[str, TranslationRequest]]:
    """Source name to target name; a prefix that itself has a translation is translated first."""
    targets: dict[str, tuple[str, TranslationRequest]] = {}
    for name in sorted(requests, key=lambda n: (n.count("."), n)):
        wanted = next((r for r in requests[name] if r.rule == rule), None)
        if wanted is None:
            continue
        prefix, _, base = name.rpartition(".")
        if "." in wanted.target:
            target = wanted.target.removeprefix("_root_.")
        else:
            part = wanted.target or guesser.guess(base)
            place = _translated_prefix(prefix, targets)
            target = f"{place}.{part}" if place else part
        if target != name:
            targets[name] = (target, wanted)
    return targets


def _translated_prefix(prefix: str, targets: Mapping[str, tuple[str, TranslationRequest]]) -> str:
    head, tail = prefix, ""
    while head:
        if head in targets:
            return targets[head][0] + tail
        head, _, last = head.rpartition(".")
        tail = f".{last}{tail}"
    return prefix


def _translate_members(
    entries: dict[str, _Entry], source: _Entry, target: str, rule: str, guesser: NameGuesser
) -> None:
    """Fields and constructors of a translated structure."""
    for field in (*source.raw.fields, *([source.raw.mk_name] if source.raw.mk_name else ())):
        member = entries.get(f"{source.raw.name}.{field}")
        if member is None:
            continue
        name = f"{target}.{guesser.guess(field)}"
        if name not in entries:
            entries[name] = _Entry(
                replace(member.raw, name=name, docstring=""), member.module, member.facts, rule
            )


def _twin_of(
    name: str | None, source: str, targets: Mapping[str, tuple[str, TranslationRequest]]
) -> str | None:
    """Replacement of a deprecated twin: the twin of the replacement, looked up beside the source too."""
    if not name:
        return name
    namespace = source.rpartition(".")[0]
    for candidate in (f"{namespace}.{name}", name):
        if candidate in targets:
            return targets[candidate][0]
    return name


_CORE_TWINS = {"Mul": "Add", "One": "Zero", "Inv": "Neg", "Div": "Sub", "SMul": "VAdd"}
_ADDITIVE_SIGNS = {"*": "+", "⁻¹": "-", "/": "-", "∏": "∑", "•": "+ᵥ"}


def _translated_text(text: str, rule: str, targets: Mapping[str, tuple[str, TranslationRequest]]) -> str:
    """A twin's signature: names that have a translation are translated, and signs for `to_additive`.

    Signs written without spaces around them stay, so the text is a reading aid and not a Lean type.
    """
    additive = rule == "to_additive"

    def word(found: re.Match[str]) -> str:
        name = found.group()
        target = targets.get(name)
        if target is not None:
            return target[0]
        return _CORE_TWINS.get(name, name) if additive else name

    translated = _NAME.sub(word, text)
    if additive:
        signs = (_ADDITIVE_SIGNS.get(piece, piece) for piece in translated.split(" "))
        translated = " ".join(signs)
    return translated


_NAME = re.compile(r"[^\W\d][\w'.]*(?<![.])")


def _uses(
    entries: Mapping[str, _Entry], table: NameTable, notations: Mapping[str, tuple[str, ...]]
) -> dict[str, set[str]]:
    """Names that each written statement uses, by full name of the declaration."""
    return {
        name: statement_names(entry.raw, entry.facts.contexts[entry.raw.context], table, notations)
        for name, entry in entries.items()
        if entry.origin == "written"
    }


def statement_names(
    raw: RawDeclaration, context: Context, table: NameTable, notations: Mapping[str, tuple[str, ...]]
) -> set[str]:
    """Full names of the declarations that a statement names, by identifier or by dot notation.

    What only notation brings in (`ℝ`, `∑`) is left out: it is what every statement of a field shares.
    """
    found: set[str] = set()
    for identifier in raw.identifiers:
        names, rest = table.resolve_longest(identifier, context)
        found.update(names)
        if rest and len(names) == 1:
            whole = f"{names[0]}.{rest.partition('.')[0]}"
            if table.known(whole):
                found.add(whole)
    for head, rest in raw.dots:
        for name in (table.resolve(head, context) or notations.get(head, ()))[:1]:
            whole = f"{name}.{rest.partition('.')[0]}"
            if table.known(whole):
                found.add(table.aliases.get(whole, whole))
    return found


def _definitions(
    entries: Mapping[str, _Entry],
    attested: Mapping[str, int],
    uses: Mapping[str, set[str]],
    twins: Mapping[str, str],
) -> tuple[Definition, ...]:
    counts: Counter[str] = Counter(name for names in uses.values() for name in names)
    made: list[Definition] = []
    for name, entry in sorted(entries.items()):
        raw = entry.raw
        kind = Kind(raw.kind)
        if not kind.is_definition:
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
    entries: Mapping[str, _Entry],
    facts: Sequence[FileFacts],
    table: NameTable,
    notations: Mapping[str, tuple[str, ...]],
    defined: set[str],
    uses: Mapping[str, set[str]],
    twins: Mapping[str, str],
) -> tuple[Usage, ...]:
    """Documented theorems, lemmas and instances, and the twins of those with a docstring of their own."""
    made: dict[str, Usage] = {}
    for file in facts:
        for raw in file.declarations:
            if raw.kind not in _DOCUMENTED or not raw.docstring or raw.private:
                continue
            names = uses.get(raw.name)
            if names is None:
                names = statement_names(raw, file.contexts[raw.context], table, notations)
            used = tuple(sorted(names & defined))
            if used:
                name = raw.name or f"instance@{file.module}:{raw.line}"
                made[name] = Usage(name, Kind(raw.kind), file.module, raw.line, raw.docstring, used)
    for name, entry in entries.items():
        raw = entry.raw
        if entry.origin == "written" or raw.kind not in _DOCUMENTED or not raw.docstring:
            continue
        source = uses.get(entry.twin or "", set())
        used = tuple(sorted({twins.get(n, n) for n in source} & defined))
        if used:
            made.setdefault(name, Usage(name, Kind(raw.kind), entry.module, raw.line, raw.docstring, used))
    return tuple(made[name] for name in sorted(made))


def _notations(facts: Sequence[FileFacts], table: NameTable) -> dict[str, tuple[str, ...]]:
    """Notation tokens to the declarations that stand first on the right-hand side."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for file in facts:
        for notation in file.notations:
            if not notation.tokens:
                continue
            context = file.contexts[notation.context]
            for identifier in notation.identifiers[:1]:
                for name in table.resolve_longest(identifier, context)[0]:
                    found[notation.tokens[0]][name] = None
    return {token: tuple(names) for token, names in sorted(found.items())}
