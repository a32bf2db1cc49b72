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
]


@dataclass(frozen=True, slots=True)
class ParseError:
    """Something that could not be read, at a line from 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Binder:
    """One bracketed binder group, or a bare name (`kind` ""); `text` is the group as written.

    `kind` is the opening bracket: "(", "{", "⦃" or "[". `head` is the first identifier of the type.
    """

    kind: str
    names: tuple[str, ...]
    text: str
    identifiers: tuple[str, ...]
    head: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A structure field: name as written, line, and its text without the default value."""

    name: str
    line: int
    text: str
    docstring: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Constructor:
    """A constructor of an inductive type."""

    name: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration as written, its name not yet put into a namespace.

    `keyword` is the Lean keyword (`class inductive` and `class abbrev` are spelt out); `name` is ""
    for an anonymous instance or example. `signature` is binders and result type on one line,
    `result` the result type alone. `identifiers` are the identifiers that occur free in the
    statement in order of first occurrence, `symbols` its operator tokens, `bound` the names that it
    binds, and `heads` the head identifier of each binder's type by name.
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
    identifiers: tuple[str, ...]
    symbols: tuple[str, ...]
    bound: frozenset[str]
    body: tuple[int, int]
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
