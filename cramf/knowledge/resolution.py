"""From what a statement speaks of to the declarations that it uses.

Identifiers are resolved by Lean's order (current namespaces inside out, then the opened ones with the root),
notation by the notation commands of the checkout, and dot notation where the type of its head is plain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cramf.knowledge.notations import NotationTable
from cramf.knowledge.vocabulary import NameTable, Vocabulary
from cramf.lean.lexer import leading_identifier
from cramf.lean.scope import Context

__all__ = ["Place", "Resolver", "Spoken", "Used", "resolver_of"]

_MAX_PARENTS = 64


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one statement speaks of, as `cramf.knowledge.extract.RawDeclaration` has it."""

    words: Sequence[str]
    hidden: frozenset[str]
    dots: Sequence[tuple[str, str, bool]]
    runs: Sequence[str]
    owner: str = ""
    """The structure whose parents' fields are in scope, for its own fields."""


@dataclass(slots=True)
class Used:
    """Declarations that a statement uses: `named` by identifier or dot notation (true where Lean's printer
    would show them), `notation` by notation alone. `unresolved` are the identifiers that mean nothing."""

    named: dict[str, bool] = field(default_factory=dict)
    notation: dict[str, None] = field(default_factory=dict)
    unresolved: list[str] = field(default_factory=list)


class Place:
    """Where a statement stands; remembers what was resolved there. `own` are names private to the file."""

    __slots__ = ("context", "found", "heads", "module", "own", "scopes")

    def __init__(self, context: Context, module: str, table: NameTable, own: NameTable | None = None) -> None:
        self.context = context
        self.own = own
        self.module = module
        self.found: dict[str, tuple[tuple[str, ...], str]] = {}
        self.heads: dict[str, str] = {}
        current, opened = table.expand(context)
        scoped = table.expand_opens(context.scoped)
        self.scopes = frozenset((*current, *(o.name for o in opened), *scoped))


class Resolver:
    """Resolves statements against the names, notation and types of one Mathlib version.

    `result` gives the head of a declaration's result type as a full name ("" if unknown), `parents` the
    structures that one extends, `unfold` the head of an abbreviation's body.
    """

    def __init__(
        self,
        table: NameTable,
        notations: NotationTable,
        result: Callable[[str], str],
        parents: Mapping[str, Sequence[str]],
        unfold: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._table = table
        self._notations = notations
        self._result = result
        self._parents = parents
        self._unfold = unfold
        self._fields: dict[tuple[str, str], str] = {}

    def statement(self, spoken: Spoken, place: Place) -> Used:
        """The declarations that a statement uses."""
        used = Used()
        for word in spoken.words:
            self._word(word, word not in spoken.hidden, place, used, spoken.owner)
        for head, rest, shown in spoken.dots:
            self._walk(self.head(head, place), rest.split("."), shown, used)
        for run in spoken.runs:
            self._run(run, place, used)
        return used

    def _lookup(self, word: str, place: Place) -> tuple[tuple[str, ...], str]:
        found = place.found.get(word)
        if found is None:
            found = place.found[word] = self._table.resolve_longest(word, place.context)
        return found

    def _word(self, word: str, shown: bool, place: Place, used: Used, owner: str = "") -> None:
        names, rest = self._lookup(word, place)
        named = used.named
        for name in names:
            named[name] = named.get(name, False) or shown
        if names:
            if rest and len(names) == 1:
                self._walk(self._result(names[0]), rest.split("."), shown, used, names[0])
            return
        meaning = self._notations.meaning(word, place.scopes, place.module)
        used.notation.update(dict.fromkeys(meaning))
        if meaning or word in self._notations or word in self._notations.words:
            return
        if place.own is not None and place.own.resolve_longest(word, place.context)[0]:
            return
        first, *steps = word.split(".")
        inherited = self.field(owner, first) if owner else ""
        if inherited:
            self._walk(owner, [first, *steps], shown, used)
        else:
            used.unresolved.append(word)

    def _run(self, run: str, place: Place, used: Used) -> None:
        token = self._notations.longest(run)
        word = leading_identifier(run)
        if word and len(token) <= len(word):
            self._word(word, True, place, used)
        elif token:
            used.notation.update(dict.fromkeys(self._notations.meaning(token, place.scopes, place.module)))

    def _walk(self, head: str, fields: Sequence[str], shown: bool, used: Used, owner: str = "") -> None:
        """Dot notation: each field in the namespace of the type before it."""
        for step in fields:
            name = self.field(head, step) if head else ""
            if not name and owner:
                # The name itself may be that of a namespace: `Foo.bar` with a declaration `Foo.bar.baz`.
                name = self.field(owner, step)
            owner = ""
            if not name:
                return
            used.named[name] = used.named.get(name, False) or shown
            head = self._result(name)

    def field(self, head: str, step: str) -> str:
        """Full name of a field in the namespace of a type, of its parents or of what it unfolds to, or ""."""
        key = (head, step)
        found = self._fields.get(key)
        if found is None:
            found = self._fields[key] = self._find_field(head, step)
        return found

    def _find_field(self, head: str, step: str) -> str:
        agenda = [head]
        for number, place in enumerate(agenda):
            if number > _MAX_PARENTS:
                break
            whole = f"{place}.{step}"
            if self._table.known(whole):
                return self._table.aliases.get(whole, whole)
            following = (*self._parents.get(place, ()), self._unfold(place))
            agenda += [name for name in following if name and name not in agenda]
        return ""

    def head(self, head: str, place: Place) -> str:
        """Full name of a type's head as `cramf.lean.statement` writes it, or ""."""
        found = place.heads.get(head)
        if found is None:
            found = place.heads[head] = self._head(head, place)
        return found

    def _head(self, head: str, place: Place) -> str:
        base, *fields = head.split("|")
        if base in ("→", "->"):
            name = "Function"
        elif base[:1] in "@?":
            names, rest = self._lookup(base[1:].removesuffix("()"), place)
            name = self._result(names[0]) if names else ""
            if names and rest:
                fields = [*rest.split("."), *fields]
        else:
            name = self._type_name(base, place)
        for step in fields:
            whole = self.field(name, step) if name else ""
            name = self._result(whole) if whole else ""
        return name

    def _type_name(self, base: str, place: Place) -> str:
        token = self._notations.longest(base) if base else ""
        word = leading_identifier(base)
        if word and len(token) <= len(word):
            names, rest = self._lookup(word, place)
            if names:
                return "" if rest else names[0]
            token = word
        meaning = self._notations.meaning(token, place.scopes, place.module)
        return meaning[0] if meaning else ""


def resolver_of(vocabulary: Vocabulary) -> tuple[Resolver, NameTable]:
    """A resolver of an index's names, and the table that its places are made with."""
    table = NameTable(
        vocabulary.declarations,
        vocabulary.protected,
        vocabulary.aliases,
        vocabulary.attested,
        lenient=True,
    )
    table.namespaces.update(vocabulary.namespaces)
    notations = NotationTable(vocabulary.notation_table)
    unfold = vocabulary.unfolds.get
    return Resolver(table, notations, vocabulary.head, vocabulary.parents, lambda n: unfold(n, "")), table
