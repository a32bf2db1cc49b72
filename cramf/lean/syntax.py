"""What the command parser hands on: commands, declarations and binders of one Lean file."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "Binder",
    "Command",
    "Constructor",
    "Declaration",
    "Field",
    "NotationCommand",
    "ParseError",
    "Uses",
]


@dataclass(frozen=True, slots=True)
class ParseError:
    """Something that could not be read, at a line from 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Uses:
    """What a span of terms speaks of; heads of types as `cramf.lean.statement` writes them.

    `words` are the free identifiers in order of first occurrence, `counts` how often each occurs, `hidden`
    those that stand only where Lean's printer shows nothing of the elaborated term (type ascriptions, binder
    types under `∃`, `fun` and set builders). `dots` are `(head, field, shown)` of dot notation, `runs` the
    beginnings of operators and other notation, `bound` the names that the span binds.
    """

    words: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    hidden: frozenset[str] = frozenset()
    dots: tuple[tuple[str, str, bool], ...] = ()
    runs: tuple[str, ...] = ()
    bound: frozenset[str] = frozenset()


_NOTHING = Uses()


@dataclass(frozen=True, slots=True)
class Binder:
    """One bracketed binder group, or a bare name (`kind` ""); `text` is the group as written.

    `kind` is the opening bracket: "(", "{", "⦃" or "[". `head` and `codomain` are those of the type,
    `identifiers` its free identifiers and `uses` all that it speaks of; the last two are only filled for
    `variable` commands, since a declaration's own binders are part of its statement.
    """

    kind: str
    names: tuple[str, ...]
    text: str
    identifiers: tuple[str, ...]
    head: str = ""
    codomain: str = ""
    uses: Uses = _NOTHING


@dataclass(frozen=True, slots=True)
class Field:
    """A structure field: name as written, line, its text without the default value, and its type's head."""

    name: str
    line: int
    text: str
    docstring: str = ""
    protected: bool = False
    head: str = ""
    uses: Uses = _NOTHING
    private: bool = False


@dataclass(frozen=True, slots=True)
class Constructor:
    """A constructor of an inductive type."""

    name: str
    line: int
    text: str
    uses: Uses = _NOTHING


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration as written, its name not yet put into a namespace.

    `keyword` is the Lean keyword (`class inductive` and `class abbrev` are spelt out); `name` is ""
    for an anonymous instance or example. `signature` is binders and result type on one line,
    `result` the result type alone and `head` that type's head (for a function type that of what it ends
    in). `uses` is what the statement speaks of. `body_head` is the head of the body of an abbreviation.
    """

    keyword: str
    name: str
    line: int
    modifiers: tuple[str, ...]
    attributes: tuple[str, ...]
    docstring: str
    binders: tuple[Binder, ...]
    result: str
    signature: str
    uses: Uses
    body: tuple[int, int]
    head: str = ""
    body_head: str = ""
    body_words: frozenset[str] = frozenset()
    """First components of the identifiers in the body of a definition, which decide its variables too."""
    universes: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    constructors: tuple[Constructor, ...] = ()
    parents: tuple[str, ...] = ()
    deriving: tuple[str, ...] = ()
    alias_of: str = ""
    alias_names: tuple[str, ...] = ()
    mk_name: str = "mk"

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Identifiers that occur free in the statement, in order of first occurrence."""
        return self.uses.words

    @property
    def bound(self) -> frozenset[str]:
        """Names that the statement binds."""
        return self.uses.bound


@dataclass(frozen=True, slots=True)
class NotationCommand:
    """`notation`, `infix` and their kin: the literal tokens and the right-hand side's identifiers."""

    keyword: str
    line: int
    tokens: tuple[str, ...]
    identifiers: tuple[str, ...]
    docstring: str = ""
    scoped: bool = False
    local: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a file, in order.

    `kind` is the keyword; `names` its identifiers for commands that take some (`namespace`, `open`,
    `end`, `attribute` …); `scoped_in` is true for `… in`, which lasts for the next command only.
    """

    kind: str
    line: int
    start: int
    end: int
    names: tuple[str, ...] = ()
    text: str = ""
    scoped_in: bool = False
    attributes: tuple[str, ...] = ()
    binders: tuple[Binder, ...] = ()
    declaration: Declaration | None = None
    notation: NotationCommand | None = None
    only: tuple[str, ...] = field(default=())
    """`open N (a b)`: the names opened."""
    hiding: tuple[str, ...] = ()
    renaming: tuple[tuple[str, str], ...] = ()
    scope_name: str = ""
    """`scoped[N] notation …`: the namespace N that the command belongs to."""
