"""From documented modules to the records of a knowledge base, the same that the source builder makes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cramf.knowledge.docgen.data import INDEX_FILE, Index
from cramf.knowledge.docgen.database import Database
from cramf.knowledge.docgen.records import STRUCTURES, TYPES, Documented, Member, ModuleFacts, last_part
from cramf.knowledge.linking import FileError, Linked
from cramf.knowledge.types import Declaration, Definition, Kind, Notation, Usage

__all__ = ["assemble"]

_DOCUMENTED = frozenset({Kind.THEOREM, Kind.LEMMA, Kind.INSTANCE})
_RECURSORS = ("rec", "casesOn", "recOn")
# Names that Lean makes beside every type and doc-gen4 never shows; a link to one says nothing of mathematics.
_HIDDEN = frozenset({*_RECURSORS, "brecOn", "below", "ndrec", "ndrecOn", "noConfusion", "noConfusionType"})
# Programs, not mathematics: their declarations are names that one may use, but no statement means them.
_TOOLS = frozenset(
    "Lean Lake Aesop Qq ProofWidgets Plausible LeanSearchClient ImportGraph Cli DocGen4 MD4Lean"
    " UnicodeBasic BibtexQuery SQLite Leanc".split()
)
_SYNTAX = re.compile(r"(?:^|.* ): Lean\.(?:Trailing)?ParserDescr\Z", re.DOTALL)


@dataclass(slots=True)
class _Entry:
    module: str
    kind: Kind
    line: int
    origin: str = "written"
    signature: str = ""
    docstring: str = ""
    attributes: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()

    @property
    def mathematical(self) -> bool:
        """Whether it may be a definition or a usage: not of a tool, and no syntax of a `notation`."""
        return self.module.split(".")[0] not in _TOOLS and not _SYNTAX.match(self.signature)


def assemble(modules: Sequence[ModuleFacts], index: Index, database: Database) -> Linked:
    """Tie the modules together. A name that is on several pages belongs to the one that the index names."""
    errors = [error for facts in modules for error in facts.errors]
    entries, statements = _collect(modules, index, database, errors)
    _add_members(entries, modules, database)
    _add_indexed(entries, modules, index, errors)
    attested = _attested(entries, modules)
    known = {*entries, *attested}
    dependencies = {
        name: uses
        for name, entry in sorted(entries.items())
        if (uses := tuple(sorted(known.intersection(entry.uses) - {name})))
    }
    counts: Counter[str] = Counter()
    for name in statements:
        if entries[name].mathematical:
            counts.update(dependencies.get(name, ()))
    definitions = _definitions(entries, attested, counts)
    usages = _usages(entries, statements, dependencies, {d.name for d in definitions})
    declarations = [_declaration(name, entry) for name, entry in sorted(entries.items())]
    declarations += [
        Declaration(name, Kind.ATTESTED, module, 0, "attested", namespace=_namespace(name))
        for name, module in sorted(attested.items())
    ]
    notations = _notations(modules, known)
    return Linked(
        definitions=definitions,
        usages=usages,
        declarations=tuple(declarations),
        protected=frozenset(),
        aliases={},
        notations=notations,
        namespaces=frozenset(),
        errors=tuple(sorted(errors, key=lambda e: (e.module, e.line))),
        files=len({facts.module for facts in modules}),
        dependencies=dependencies,
        # The pages have the signs but not the commands that make them, nor where these are.
        notation_table=tuple(
            Notation((token,), "notation", "", 0, (name,))
            for token, names in notations.items()
            for name in names
        ),
    )


def _collect(
    modules: Sequence[ModuleFacts], index: Index, database: Database, errors: list[FileError]
) -> tuple[dict[str, _Entry], list[str]]:
    """Entries of the declarations that have a statement of their own, and their names."""
    entries: dict[str, _Entry] = {}
    doubled: defaultdict[str, list[str]] = defaultdict(list)
    for facts in modules:
        for declared in facts.declarations:
            other = entries.get(declared.name)
            if other is not None and other.module != facts.module:
                home = index.names.get(declared.name, (None, other.module))[1]
                loser = other.module if home == facts.module else facts.module
                doubled[loser].append(declared.name)
                if loser == facts.module:
                    continue
            entries[declared.name] = _entry(declared, facts.module, database)
    for module, names in doubled.items():
        message = f"{len(names)} of its declarations are on another page too, such as {names[0]}"
        errors.append(FileError(module, 1, f"{message}; a page left over from an older build?"))
    members = (Kind.FIELD, Kind.CONSTRUCTOR)
    return entries, sorted(name for name, entry in entries.items() if entry.kind not in members)


def _entry(declared: Documented, module: str, database: Database) -> _Entry:
    notes = database.notes.get(declared.name)
    if notes is not None and notes.module != module:
        notes = None
    return _Entry(
        module=module,
        kind=declared.kind,
        line=(notes.line if notes else 0) or declared.line,
        signature=declared.signature,
        docstring=(notes.docstring if notes else "") or declared.docstring,
        attributes=(notes.attributes if notes else ()) or declared.attributes,
        uses=declared.uses,
        fields=declared.fields,
        parents=declared.parents,
    )


def _add_members(entries: dict[str, _Entry], modules: Sequence[ModuleFacts], database: Database) -> None:
    """Fields, constructors and projections, and the recursors that doc-gen4 leaves out."""
    for facts in modules:
        for declared in facts.declarations:
            owner = entries[declared.name]
            if owner.module != facts.module:
                continue
            for member in declared.members:
                entries.setdefault(member.name, _member_entry(member, owner, database))
            for recursor in _RECURSORS if declared.kind in TYPES else ():
                name = f"{declared.name}.{recursor}"
                entries.setdefault(name, _Entry(owner.module, Kind.RECURSOR, owner.line, "structure"))


def _member_entry(member: Member, owner: _Entry, database: Database) -> _Entry:
    notes = database.notes.get(member.name)
    docstring = (notes.docstring if notes else "") or member.docstring
    return _Entry(
        module=owner.module,
        kind=member.kind,
        line=(notes.line if notes and notes.module == owner.module else 0) or owner.line,
        # As the source builder has it: what only follows from the structure gives way to what is written.
        origin="structure" if member.kind is Kind.FIELD and not docstring else "written",
        signature=member.signature,
        docstring=docstring,
        attributes=notes.attributes if notes else (),
        uses=member.uses,
    )


def _add_indexed(
    entries: dict[str, _Entry], modules: Sequence[ModuleFacts], index: Index, errors: list[FileError]
) -> None:
    """Names that only the search index has: of missing pages, and projections that no page shows."""
    read = {facts.module for facts in modules}
    whole = {facts.module for facts in modules if facts.whole}
    missing: defaultdict[str, dict[str, int]] = defaultdict(dict)
    stray: defaultdict[str, list[str]] = defaultdict(list)
    made: dict[str, _Entry] = {}
    for name, (kind, module) in sorted(index.names.items()):
        if name in entries:
            continue
        owner = entries.get(_namespace(name))
        # A page shows no projections but the fields, and shows everything else.
        projection = (
            module in whole
            and owner is not None
            and owner.kind in STRUCTURES
            and kind in (Kind.DEF, Kind.THEOREM)
        )
        made[name] = (
            _Entry(module, Kind.FIELD, owner.line, "structure")
            if owner and projection
            else _Entry(module, kind, owner.line if owner and owner.module == module else 0)
        )
        if module not in read:
            root = missing[module.split(".")[0]]
            root[module] = root.get(module, 0) + 1
        elif module in whole and not projection and kind is not Kind.CONSTRUCTOR:
            stray[module].append(name)
    entries.update(made)
    for package, lost in sorted(missing.items()):
        first, number = next(iter(lost)), sum(lost.values())
        message = f"{len(lost)} of its pages are missing, such as that of {first}"
        errors.append(FileError(package, 1, f"{message}; {number} declarations are known by name only"))
    for module, strays in sorted(stray.items()):
        message = f"{len(strays)} of its declarations are in {INDEX_FILE} but not on its page, such as"
        errors.append(FileError(module, 1, f"{message} {strays[0]}"))


def _attested(entries: Mapping[str, _Entry], modules: Sequence[ModuleFacts]) -> dict[str, str]:
    """Names that statements link to and nothing declares, with the modules of their pages."""
    found: dict[str, str] = {}
    for facts in modules:
        for name, module in facts.homes.items():
            if name not in entries and last_part(name) not in _HIDDEN:
                found.setdefault(name, module)
    return found


def _definitions(
    entries: Mapping[str, _Entry], attested: Mapping[str, str], counts: Mapping[str, int]
) -> tuple[Definition, ...]:
    made: list[Definition] = []
    for name, entry in sorted(entries.items()):
        if not entry.kind.is_definition or not entry.mathematical:
            continue
        deprecated, since = _deprecation(entry.attributes)
        made.append(
            Definition(
                name=name,
                kind=entry.kind,
                module=entry.module,
                line=entry.line,
                signature=entry.signature,
                docstring=entry.docstring,
                fields=entry.fields,
                parents=entry.parents,
                attributes=_attribute_names(entry.attributes),
                origin=entry.origin,
                deprecated=deprecated,
                since=since,
                usage_count=counts.get(name, 0),
            )
        )
    for name, module in sorted(attested.items()):
        if counts.get(name) and module.split(".")[0] not in _TOOLS:
            used = counts[name]
            made.append(Definition(name, Kind.ATTESTED, module, 0, "", origin="attested", usage_count=used))
    return tuple(made)


def _usages(
    entries: Mapping[str, _Entry],
    statements: Iterable[str],
    dependencies: Mapping[str, tuple[str, ...]],
    defined: set[str],
) -> tuple[Usage, ...]:
    made: list[Usage] = []
    for name in statements:
        entry = entries[name]
        if entry.kind in _DOCUMENTED and entry.docstring and entry.mathematical:
            used = tuple(n for n in dependencies.get(name, ()) if n in defined)
            if used:
                made.append(Usage(name, entry.kind, entry.module, entry.line, entry.docstring, used))
    return tuple(made)


def _declaration(name: str, entry: _Entry) -> Declaration:
    deprecated, since = _deprecation(entry.attributes)
    return Declaration(
        name=name,
        kind=entry.kind,
        module=entry.module,
        line=entry.line,
        origin=entry.origin,
        deprecated=deprecated,
        since=since,
        namespace=_namespace(name),
        attributes=_attribute_names(entry.attributes),
        signature=entry.signature,
    )


def _namespace(name: str) -> str:
    """The prefix of a name: documentation does not say which namespace its command stands in."""
    return name.removesuffix(last_part(name)).removesuffix(".")


def _attribute_names(attributes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(attribute.split(" ")[0] for attribute in attributes if attribute))


_DEPRECATED = re.compile(r"deprecated(?:\s+(?P<name>[^\s\"(]+))?(?=[\s\"(]|\Z)")
_SINCE = re.compile(r"\(since := \"([^\"]+)\"\)")


def _deprecation(attributes: Iterable[str]) -> tuple[str | None, str | None]:
    """Replacement ("" without one) and date of a `deprecated` attribute, or None twice."""
    for attribute in attributes:
        found = _DEPRECATED.match(attribute)
        if found:
            since = _SINCE.search(attribute)
            return found.group("name") or "", since.group(1) if since else None
    return None, None


def _notations(modules: Sequence[ModuleFacts], known: set[str]) -> dict[str, tuple[str, ...]]:
    """Signs to the declarations that they link to in statements, the most frequent first."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for facts in modules:
        for (token, name), number in facts.tokens.items():
            if name in known and not set(token) <= set("()[]{},:;.|"):
                counts[token][name] += number
    return {
        token: tuple(sorted(names, key=lambda n: (-names[n], n))) for token, names in sorted(counts.items())
    }
