"""The records of the concept knowledge base."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cramf.lean.signatures import Signature, read_signature

__all__ = [
    "ABSTRACT_ROLES",
    "Concept",
    "Declaration",
    "Definition",
    "Kind",
    "LeanPattern",
    "Notation",
    "Sense",
    "Usage",
]


class Kind(StrEnum):
    """How a declaration is introduced."""

    DEF = "def"
    ABBREV = "abbrev"
    STRUCTURE = "structure"
    CLASS = "class"
    INDUCTIVE = "inductive"
    CLASS_INDUCTIVE = "class inductive"
    IRREDUCIBLE_DEF = "irreducible_def"
    OPAQUE = "opaque"
    NOTATION = "notation"
    THEOREM = "theorem"
    LEMMA = "lemma"
    INSTANCE = "instance"
    AXIOM = "axiom"
    ALIAS = "alias"
    FIELD = "field"
    CONSTRUCTOR = "constructor"
    RECURSOR = "recursor"
    ATTESTED = "attested"
    """Used in Mathlib's text but declared in Lean core, Std or Batteries."""

    @property
    def is_definition(self) -> bool:
        return self in _DEFINITIONS


_DEFINITIONS = frozenset(
    {
        Kind.DEF,
        Kind.ABBREV,
        Kind.STRUCTURE,
        Kind.CLASS,
        Kind.INDUCTIVE,
        Kind.CLASS_INDUCTIVE,
        Kind.IRREDUCIBLE_DEF,
        Kind.OPAQUE,
        Kind.NOTATION,
        Kind.ATTESTED,
    }
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """Any name of the vocabulary; `origin` says how it came to be (`written`, `to_additive`, ...)."""

    name: str
    kind: Kind
    module: str
    line: int
    origin: str = "written"
    deprecated: str | None = None
    """Replacement if deprecated ("" if deprecated without one), else None."""
    since: str | None = None
    namespace: str = ""
    """The namespace that its command stands in, which need not be the prefix of its name."""
    attributes: tuple[str, ...] = ()
    """Attribute names without their arguments."""
    signature: str = ""
    """Binders and result type on one line in normalised form, without the body; "" if unknown."""

    @property
    def type(self) -> Signature:
        """Binders by kind, result type and universes, read from the signature."""
        return read_signature(self.signature)


@dataclass(frozen=True, slots=True)
class Notation:
    """A notation command: its literal tokens in order and the declarations that it stands for.

    `scope` is the namespace that must be opened for a `scoped` one, else "". The head of the right-hand
    side comes first in `declarations`.
    """

    tokens: tuple[str, ...]
    keyword: str
    module: str
    line: int
    declarations: tuple[str, ...]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition of Mathlib; `signature` is normalised to one line, without the body."""

    name: str
    kind: Kind
    module: str
    line: int
    signature: str
    docstring: str = ""
    fields: tuple[str, ...] = ()
    """Field or constructor names, without the definition's own name in front."""
    parents: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    origin: str = "written"
    twin: str | None = None
    """The multiplicative source or additive twin tied by `to_additive`."""
    deprecated: str | None = None
    since: str | None = None
    usage_count: int = 0
    """How many statements of the checkout name this definition."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A documented theorem, lemma or instance and the definitions that its statement uses."""

    name: str
    kind: Kind
    module: str
    line: int
    docstring: str
    definitions: tuple[str, ...]


ABSTRACT_ROLES = frozenset("structure class object sort property link action value".split())
"""Roles of patterns that the reader of abstract mathematics uses; the others are of the arithmetic one."""


@dataclass(frozen=True, slots=True)
class LeanPattern:
    """How the symbolic backend prints a sense: `role` is the part of speech, `type` the Lean type of its
    subject, `template` Lean text with `{0}`, `{1}` for the arguments."""

    role: str
    type: str
    template: str
    forms: tuple[str, ...] = ()
    """The words that it is for; the concept's names where there are none."""


@dataclass(frozen=True, slots=True)
class Sense:
    """One Mathlib definition that a concept can mean, and the words whose presence selects it."""

    declaration: str
    context: tuple[str, ...] = ()
    patterns: tuple[LeanPattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Concept:
    """What mathematicians name. `domain` is an MSC 2020 code; the first sense is the default."""

    id: str
    names: tuple[str, ...]
    domain: str
    gloss: str
    senses: tuple[Sense, ...]
    latex: tuple[str, ...] = ()
