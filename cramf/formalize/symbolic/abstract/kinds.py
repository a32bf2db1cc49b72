"""Kinds of mathematical objects: what the types of the logical form are, and which holds which structure.

Tags name the structure that a carrier (a Lean type) has. `Carrier.tags` is closed under `_IMPLIED`, so that a
pattern asks for the least that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "NUMBERS", "Carrier", "Elem", "Kind", "Map", "Object", "SetIn", "Sub", "as_carrier", "carrier_of",
    "closed", "number", "quotient",
]  # fmt: skip

_IMPLIED: dict[str, tuple[str, ...]] = {
    "field": ("euclid", "divisionring"),
    "extension": ("field",),
    "divisionring": ("ring", "nontrivialring", "group0"),
    "euclid": ("pid",),
    "pid": ("ufd",),
    "ufd": ("domain",),
    "domain": ("commring", "nontrivialring"),
    "commring": ("ring",),
    "ring": ("monoid", "additive"),
    "commgroup": ("group",),
    "group": ("monoid",),
    "module": ("additive",),
    "innerproduct": ("normedspace",),
    "normedspace": ("module", "metric"),
    "metric": ("topology",),
    "topgroup": ("group", "topology"),
    "ordered": ("order", "topology"),
    "orderedfield": ("field", "order"),
}


def closed(*tags: str) -> frozenset[str]:
    """The tags and all that they imply."""
    found: set[str] = set()
    rest = list(tags)
    while rest:
        tag = rest.pop()
        if tag not in found:
            found.add(tag)
            rest.extend(_IMPLIED.get(tag, ()))
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A Lean type: `G`, `ℝ`, `G ⧸ N`, `Polynomial ℚ`."""

    lean: str
    tags: frozenset[str]
    scalars: str | None = None
    """Lean text of the ring that a module is over."""
    parameter: Carrier | None = None
    """Coefficients of polynomials, or the base field of an extension."""

    def has(self, tag: str) -> bool:
        return not tag or tag in self.tags


@dataclass(frozen=True, slots=True)
class Elem:
    of: Carrier


@dataclass(frozen=True, slots=True)
class SetIn:
    """A set of elements of a carrier: Lean's `Set X`; `finite` sets are `Finset X`."""

    of: Carrier


@dataclass(frozen=True, slots=True)
class Sub:
    """A substructure: `sort` is Lean's name of it (`Subgroup`, `Ideal`, `Subring`, `Submodule`)."""

    sort: str
    of: Carrier
    normal: bool = False
    """Of a subgroup: known to be normal, so that there is a quotient group."""


@dataclass(frozen=True, slots=True)
class Map:
    """A map; `sort` is function, GroupHom, RingHom, LinearMap and the like.

    `on` is Lean text of the set that the function is really given on, where that is not the whole type.
    """

    sort: str
    dom: Carrier
    cod: Carrier
    on: str | None = None


Kind = Carrier | Elem | SetIn | Sub | Map


@dataclass(frozen=True, slots=True)
class Object:
    """Lean text with its kind; of a carrier the text is the type itself."""

    lean: str
    kind: Kind
    facts: frozenset[str] = field(default=frozenset())
    """Words that the statement has said of it, such as `normal`."""


NUMBERS: dict[str, Carrier] = {
    "ℕ": Carrier("ℕ", frozenset({"number", "order", "natural", "monoid", "topology"})),
    "ℤ": Carrier("ℤ", closed("euclid", "order", "number", "integer")),
    "ℚ": Carrier("ℚ", closed("orderedfield", "number", "metric")),
    "ℝ": Carrier("ℝ", closed("orderedfield", "number", "normedspace", "real"), "ℝ"),
    "ℂ": Carrier("ℂ", closed("field", "number", "normedspace", "complex"), "ℂ"),
}


def number(letter: str) -> Elem:
    """The kind of elements of ℕ, ℤ, ℚ, ℝ or ℂ."""
    return Elem(NUMBERS[letter])


def as_carrier(item: Object) -> Carrier | None:
    """The type that an object is or, as Lean coerces it, stands for; None for an element or a map."""
    match item.kind:
        case Carrier():
            return item.kind
        case Sub(sort, of):
            if sort == "Subgroup":
                tags = closed("commgroup" if of.has("commgroup") else "group")
            elif sort in ("Subring",):
                tags = closed("commring" if of.has("commring") else "ring")
            elif sort == "Subfield":
                tags = closed("field")
            elif sort == "Submodule":
                tags = of.tags & closed("module", "metric", "innerproduct")
            else:
                return None
            return Carrier(item.lean, tags, of.scalars if sort == "Submodule" else None)
        case SetIn(of):
            return Carrier(item.lean, of.tags & closed("metric"))
    return None


def carrier_of(kind: Kind) -> Carrier:
    """The type that an object lives over; of a map its domain."""
    match kind:
        case Elem(of) | SetIn(of) | Sub(_, of):
            return of
        case Map(_, dom):
            return dom
        case Carrier():
            return kind


def quotient(item: Object) -> Carrier | None:
    """The quotient by a substructure; None where there is none, or not yet known to be one."""
    match item.kind:
        case Sub("Subgroup", of) if item.kind.normal or of.has("commgroup"):
            tags = closed("commgroup" if of.has("commgroup") else "group")
            return Carrier(f"{of.lean} ⧸ {item.lean}", tags)
        case Sub("Ideal", of) if of.has("commring"):
            return Carrier(f"{of.lean} ⧸ {item.lean}", closed("commring"))
        case Sub("Submodule", of):
            return Carrier(f"{of.lean} ⧸ {item.lean}", closed("module"), of.scalars)
    return None
