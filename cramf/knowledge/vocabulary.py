"""All names of a Mathlib version, and what an identifier means at a place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cramf.knowledge.types import Declaration, Kind, Notation
from cramf.lean.scope import Context, Opened, enclosing, resolve

__all__ = ["PROOFS", "NameTable", "Vocabulary"]

PROOFS = frozenset({Kind.THEOREM, Kind.LEMMA, Kind.INSTANCE, Kind.RECURSOR})
"""Kinds of declarations that statements rarely name."""


class NameTable:
    """Existence, protection and aliases of full names; resolves identifiers by Lean's order.

    A `lenient` one is for text that is known to compile: where the innermost namespace that an `open` can
    mean does not have a name, those around it are tried too.
    """

    def __init__(
        self,
        names: Iterable[str],
        protected: Iterable[str] = (),
        aliases: Mapping[str, str] | None = None,
        weak: Iterable[str] = (),
        lenient: bool = False,
    ) -> None:
        self.lenient = lenient
        self.names = set(names)
        self.protected = frozenset(protected)
        self.aliases = dict(aliases or {})
        # Attested names are guesses from use: where a declared one fits too, that is meant.
        self.weak = frozenset(weak)
        self.namespaces = _prefixes(self.names)
        self._opened: dict[Context, tuple[tuple[str, ...], tuple[Opened, ...]]] = {}
        self._expanded: dict[int, tuple[Context, tuple[tuple[str, ...], tuple[Opened, ...]]]] = {}
        self._outermost: dict[Context, tuple[Opened, ...]] = {}

    def known(self, name: str) -> bool:
        return name in self.names or name in self.aliases

    def expand(self, context: Context) -> tuple[tuple[str, ...], tuple[Opened, ...]]:
        """Current namespaces inside out, and the opened ones under their full names, latest first."""
        known = self._expanded.get(id(context))
        if known is not None and known[0] is context:
            return known[1]
        cached = self._opened.get(context)
        if cached is None:
            current = tuple(enclosing(context.namespace))
            opened: dict[Opened, None] = {}
            for entry in context.opens:
                for place in self._opened_by(entry, [o.name for o in opened]):
                    full = Opened("", place, entry.only, entry.hiding, entry.renaming)
                    opened[full] = None
            cached = self._opened[context] = (current, tuple(reversed(opened)))
        # A context hashes every `open` in it, which is slow for the hundreds of words resolved in one.
        self._expanded[id(context)] = (context, cached)
        return cached

    def _opened_by(self, entry: Opened, open_already: Iterable[str]) -> list[str]:
        """Full names of the namespaces that an `open` opens.

        That is the innermost one of that name, and those inside what is open already.
        """
        inner = [f"{outer}.{entry.name}" for outer in enclosing(entry.at)]
        inner.append(entry.name.removeprefix("_root_."))
        places = [next((place for place in inner if place in self.namespaces), "")]
        places += [f"{name}.{entry.name}" for name in open_already]
        return [place for place in dict.fromkeys(places) if place in self.namespaces]

    def _outer(self, context: Context) -> tuple[Opened, ...]:
        """The opened namespaces of every level, not only the innermost of each name."""
        cached = self._outermost.get(context)
        if cached is None:
            found: dict[Opened, None] = {}
            for entry in context.opens:
                for outer in (*enclosing(entry.at), ""):
                    place = f"{outer}.{entry.name}" if outer else entry.name.removeprefix("_root_.")
                    if place in self.namespaces:
                        found[Opened("", place, entry.only, entry.hiding, entry.renaming)] = None
            cached = self._outermost[context] = tuple(found)
        return cached

    def expand_opens(self, opens: Iterable[Opened]) -> tuple[str, ...]:
        """Full names of the namespaces that `open scoped` commands open; unknown ones as written."""
        found: dict[str, None] = {}
        for entry in opens:
            found.update(dict.fromkeys(self._opened_by(entry, list(found)) or [entry.name]))
        return tuple(found)

    def resolve(self, identifier: str, context: Context) -> tuple[str, ...]:
        """Full names that an identifier can mean; aliases made by `export` are followed."""
        current, opened = self.expand(context)
        found = resolve(identifier, current, opened, self.known, self.protected.__contains__)
        if self.lenient and not found and context.opens and not identifier.startswith("_root_."):
            # A namespace that hides the one meant may only come to be in a file that is not imported here.
            found = resolve(identifier, (), self._outer(context), self.known, self.protected.__contains__)
        if len(found) > 1 and self.weak:
            found = tuple(name for name in found if name not in self.weak) or found
        return tuple(dict.fromkeys(self.aliases.get(name, name) for name in found))

    def resolve_longest(self, identifier: str, context: Context) -> tuple[tuple[str, ...], str]:
        """Names of the longest prefix that resolves, and the rest (field access), as Lean does."""
        prefix, rest = identifier, ""
        while True:
            found = self.resolve(prefix, context)
            if found and rest and _names_type(prefix):
                return (), identifier
            if found:
                return found, rest
            prefix, dot, last = prefix.rpartition(".")
            if not dot:
                return (), identifier
            rest = f"{last}.{rest}" if rest else last


def _names_type(name: str) -> bool:
    """Whether a name is one of a type or a proposition by Mathlib's convention; these have no fields.

    One capital alone (`Polynomial.X`, `Complex.I`) is a term.
    """
    last = name.rpartition(".")[2]
    return len(last) > 1 and last[0].isupper()


def _prefixes(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        prefix = name.rpartition(".")[0]
        while prefix and prefix not in found:
            found.add(prefix)
            prefix = prefix.rpartition(".")[0]
    return found


@dataclass(frozen=True)
class Vocabulary:
    """The declarations of an index with their protection and notation, for checkers."""

    declarations: Mapping[str, Declaration]
    protected: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    notations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Notation token to the declarations that it stands for."""
    namespaces: frozenset[str] = frozenset()
    """Namespaces that hold no declaration, only notation."""
    attested: frozenset[str] = frozenset()
    """Names of Lean core and Std that are only known from use."""
    deprecated: frozenset[str] = frozenset()
    """Names whose declaration is deprecated; kept apart so that no record need be made to tell."""
    notation_table: tuple[Notation, ...] = ()
    """Every notation command, with the scope that it needs."""
    head: Callable[[str], str] = lambda _: ""
    """Full name of the head of a declaration's result type, or ""."""
    signature: Callable[[str], str] = lambda _: ""
    """Normalised signature of a declaration, or ""."""
    popularity: Callable[[str], int] = lambda _: 0
    """In how many statements of the checkout a declaration is used."""
    proofs: Callable[[], frozenset[str]] = frozenset
    """Names of theorems, lemmas, instances and recursors, which statements rarely name."""
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unfolds: Mapping[str, str] = field(default_factory=dict)
    """Abbreviation of a type to the head of its body."""

    @classmethod
    def of(
        cls,
        declarations: Iterable[Declaration],
        protected: Iterable[str] = (),
        aliases: Mapping[str, str] | None = None,
        notations: Mapping[str, tuple[str, ...]] | None = None,
        namespaces: Iterable[str] = (),
    ) -> Vocabulary:
        """A vocabulary of declarations that are at hand."""
        by_name = {d.name: d for d in declarations}
        signatures = {name: d.signature for name, d in by_name.items() if d.signature}
        return cls(
            by_name,
            frozenset(protected),
            dict(aliases or {}),
            dict(notations or {}),
            frozenset(namespaces),
            frozenset(name for name, d in by_name.items() if d.kind is Kind.ATTESTED),
            frozenset(name for name, d in by_name.items() if d.deprecated is not None),
            signature=lambda name: signatures.get(name, ""),
            proofs=lambda: frozenset(n for n, d in by_name.items() if d.kind in PROOFS),
        )

    @cached_property
    def table(self) -> NameTable:
        table = NameTable(self.declarations, self.protected, self.aliases, self.attested)
        table.namespaces.update(self.namespaces)
        return table

    @cached_property
    def resolver_notations(self) -> tuple[Notation, ...]:
        """The notation commands; without any, one that always holds for each token of `notations`."""
        plain = (Notation((t,), "notation", "", 0, names) for t, names in self.notations.items())
        return self.notation_table or tuple(plain)

    def __contains__(self, name: str) -> bool:
        return name in self.declarations
