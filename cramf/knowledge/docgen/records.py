"""What one documented module says, whichever of doc-gen4's files it was read from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cramf.knowledge.linking import FileError
from cramf.knowledge.types import Kind

__all__ = [
    "STRUCTURES",
    "TYPES",
    "Documented",
    "Member",
    "ModuleFacts",
    "is_private",
    "kind_of",
    "last_part",
    "line_number",
    "module_of_link",
    "one_line",
    "usable",
]

STRUCTURES = frozenset({Kind.STRUCTURE, Kind.CLASS})
TYPES = STRUCTURES | {Kind.INDUCTIVE, Kind.CLASS_INDUCTIVE}

_MAX_LINE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Member:
    """A field, constructor or projection that a structure or inductive type brings."""

    name: str
    kind: Kind
    signature: str = ""
    docstring: str = ""
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Documented:
    """A declaration under its full name. `attributes` are whole, as in `deprecated New (since := "…")`."""

    name: str
    kind: Kind
    line: int
    signature: str = ""
    docstring: str = ""
    attributes: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    """Full names that the statement (binders, `extends` and type) links to, each once."""
    fields: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """The declarations of one module."""

    module: str
    declarations: tuple[Documented, ...] = ()
    errors: tuple[FileError, ...] = ()
    whole: bool = True
    """Whether everything that was written of the module could be read."""
    homes: Mapping[str, str] = field(default_factory=dict)
    """Names that the statements link to, with the modules of their pages."""
    tokens: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Notation tokens with the declarations that they link to, and how often."""
    mathlib_commit: str = ""
    title: str = ""
    """The module that the page says it is of."""


# "class" alone is either: only the description in the header tells `class inductive` apart.
_KINDS = {
    "theorem": Kind.THEOREM,
    "def": Kind.DEF,
    "definition": Kind.DEF,
    "abbrev": Kind.ABBREV,
    "instance": Kind.INSTANCE,
    "axiom": Kind.AXIOM,
    "opaque": Kind.OPAQUE,
    "structure": Kind.STRUCTURE,
    "class": Kind.CLASS,
    "inductive": Kind.INDUCTIVE,
    "class inductive": Kind.CLASS_INDUCTIVE,
    "ctor": Kind.CONSTRUCTOR,
    "constructor": Kind.CONSTRUCTOR,
}
_MODIFIERS = frozenset({"noncomputable", "unsafe", "partial"})


def kind_of(description: str) -> Kind | None:
    """Kind of a description such as `noncomputable def`; None for one that is not known.

    A `partial def` is opaque to the kernel, but a definition to those who use it.
    """
    words = [word for word in description.split() if word not in _MODIFIERS]
    return _KINDS.get(" ".join(words))


def one_line(text: str) -> str:
    return " ".join(text.split())


def is_private(name: str) -> bool:
    return name.startswith("_private.")


def usable(name: object) -> bool:
    """Whether a value can be the name of a public declaration, and be stored."""
    if not isinstance(name, str) or not name or name != name.strip() or is_private(name):
        return False
    return not _UNPRINTABLE.search(name)


# Lone surrogates come out of JSON escapes and cannot be encoded; control characters are in no Lean name.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def last_part(name: str) -> str:
    """Last component of a name; dots inside «» do not part it."""
    if name.endswith("»"):
        start = name.rfind("«")
        if start >= 0:
            return name[start:]
    return name.rpartition(".")[2]


def line_number(value: object) -> int:
    """A line that the tables can hold, else 0."""
    return value if isinstance(value, int) and 0 < value <= _MAX_LINE else 0


def module_of_link(path: str) -> str:
    """Module of a page's path below the root: `./Mathlib/Order/Basic.html` is `Mathlib.Order.Basic`.

    Of an address on another site, the parts from the first that begins with a capital, as packages do.
    """
    parts = [part for part in path.removesuffix(".html").split("/") if part not in ("", ".", "..")]
    if "://" in path:
        host = 2
        parts = parts[next((n for n, p in enumerate(parts) if n >= host and p[0].isupper()), len(parts)) :]
    return ".".join(parts)
