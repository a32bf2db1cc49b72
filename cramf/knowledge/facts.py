"""What one Mathlib file says, names not yet resolved: the records that extraction hands to linking."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cramf.lean.scope import Context
from cramf.lean.syntax import ParseError

__all__ = ["FileFacts", "GeneratingCommand", "RawDeclaration", "RawNotation", "TranslationRequest"]


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """A `to_additive` or `to_dual` tag: the explicit target ("" to guess it) and its own docstring."""

    rule: str
    target: str
    docstring: str
    existing: bool


@dataclass(frozen=True, slots=True)
class RawDeclaration:
    """A declaration under its full name, with what its statement speaks of as written.

    `words`, `counts`, `hidden`, `dots` and `runs` are as in `cramf.lean.syntax.Uses`, with the variables
    that the statement takes in; `counts` holds 255 for more. `head` is the head of its result type and
    `body_head` that of an abbreviation's body. `context` indexes `FileFacts.contexts`. `outer` is the name
    of the structure or inductive type that a member belongs to.
    """

    name: str
    kind: str
    line: int
    context: int
    signature: str
    docstring: str = ""
    words: tuple[str, ...] = ()
    counts: bytes = b""
    hidden: frozenset[str] = frozenset()
    dots: tuple[tuple[str, str, bool], ...] = ()
    runs: tuple[str, ...] = ()
    head: str = ""
    body_head: str = ""
    outer: str = ""
    fields: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    """Heads of the structures that it extends, and full names once `settle_parents` has resolved them."""
    projections: tuple[str, ...] = ()
    """Names of the projections to the parents; "" in the facts of a file where no name is written."""
    attributes: tuple[str, ...] = ()
    translations: tuple[TranslationRequest, ...] = ()
    alias_of: str = ""
    deprecated: str | None = None
    since: str | None = None
    private: bool = False
    protected: bool = False
    mk_name: str = ""
    namespace: str = ""
    """The namespace that its command stands in."""
    rule: str = ""
    """The rule that makes it where its name is not written: `structure` for `toFoo`, `mk` and recursors."""
    variables: int = 0
    """How many binder groups at the front of the signature come from `variable` commands."""
    generators: tuple[str, ...] = ()
    """Attribute entries that make further declarations, such as `reassoc (attr := simp)`."""
    body: str = ""
    """The text after the signature, where a generator or a `deriving` clause reads it."""
    constructors: tuple[tuple[str, bool], ...] = ()
    """Constructors with whether they take arguments of their own."""


@dataclass(frozen=True, slots=True)
class RawNotation:
    """Notation tokens and the identifiers of what they stand for, in the order of the text.

    `scope` is the namespace whose opening a scoped notation needs; a `local` one holds in its file.
    """

    tokens: tuple[str, ...]
    identifiers: tuple[str, ...]
    line: int
    context: int
    keyword: str = "notation"
    scope: str = ""
    local: bool = False


@dataclass(frozen=True, slots=True)
class GeneratingCommand:
    """A command that makes declarations for others: its keyword, the names it is about and its text.

    `attributes` are the entries of an `attribute [entries] names` command.
    """

    keyword: str
    names: tuple[str, ...]
    attributes: tuple[str, ...]
    text: str
    line: int
    context: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Everything taken from one file."""

    module: str
    contexts: tuple[Context, ...]
    declarations: tuple[RawDeclaration, ...]
    notations: tuple[RawNotation, ...]
    tagged: tuple[tuple[str, int, tuple[TranslationRequest, ...]], ...]
    """`attribute [to_additive …] name`: name as written, context, requests."""
    exports: tuple[tuple[str, str, tuple[str, ...]], ...]
    """`export N (a b)`: the namespace it stands in, N and the names."""
    generating: tuple[GeneratingCommand, ...]
    namespaces: tuple[str, ...]
    """Every namespace that the file opens a block of; some hold nothing but notation."""
    dotted: Counter[str]
    """Dotted identifiers that occur anywhere in the text, with their number."""
    errors: tuple[ParseError, ...]
