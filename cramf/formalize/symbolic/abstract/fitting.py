"""Which pattern of a word fits the objects at hand, and what the pattern's kinds mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cramf.formalize.symbolic.abstract.kinds import (
    NUMBERS,
    Carrier,
    Elem,
    Map,
    Object,
    SetIn,
    Sub,
    as_carrier,
    carrier_of,
)
from cramf.formalize.symbolic.abstract.lean import fill
from cramf.formalize.symbolic.abstract.numbers import cast, is_numeral, typed
from cramf.formalize.symbolic.abstract.words import Word
from cramf.formalize.symbolic.syntax import UnreadError

__all__ = ["Claim", "claim", "fits", "holes", "result"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A proposition; `cls` where it is a class, so that it can stand as an instance binder."""

    text: str
    cls: bool = False
    word: str = ""


def fits(spec: str, item: Object) -> Object | None:
    """The object as one of the kind that a pattern asks for, or None."""
    sort, _, rest = spec.partition(" ")
    tags = rest.split()
    kind = item.kind
    match sort:
        case "Type":
            carrier = None if isinstance(kind, SetIn) else as_carrier(item)
            if carrier is not None and all(carrier.has(tag) for tag in tags):
                return Object(item.lean, carrier, item.facts)
        case "Elem":
            if isinstance(kind, Elem) and all(kind.of.has(tag) for tag in tags) and not is_numeral(item):
                return item
        case "Set":
            if isinstance(kind, SetIn) and all(kind.of.has(tag) for tag in tags):
                return item
        case "Sub":
            if isinstance(kind, Sub) and kind.sort == tags[0] and all(kind.of.has(tag) for tag in tags[1:]):
                return item
        case "Hom":
            if isinstance(kind, Map) and kind.sort in tags:
                return item
        case "Endo":
            if isinstance(kind, Map) and kind.sort == "LinearMap" and kind.dom.lean == kind.cod.lean:
                return item if all(kind.dom.has(tag) for tag in tags) else None
        case "Map" | "MapOn" | "Seq":
            if not isinstance(kind, Map) or (sort == "MapOn") != (kind.on is not None):
                return None
            if sort == "Seq":
                return item if kind.dom.lean == "ℕ" and all(kind.cod.has(tag) for tag in tags) else None
            if not tags or (kind.sort == "Map" and kind.dom.has(tags[0]) and kind.cod.has(tags[-1])):
                return item
        case "Poly":
            if isinstance(kind, Elem) and kind.of.lean.startswith("Polynomial "):
                assert kind.of.parameter is not None
                return item if all(kind.of.parameter.has(tag) for tag in tags) else None
        case "number":
            if isinstance(kind, Elem) and (is_numeral(item) or kind.of.has("number")):
                return item
        case "ℕ" | "ℤ" | "ℚ" | "ℝ" | "ℂ":
            if isinstance(kind, Elem) and (is_numeral(item) or kind.of.has("number")):
                try:
                    placed = cast(item, NUMBERS[sort], (0, 0))
                except UnreadError:
                    return None
                # The type of numerals alone is written, or Lean takes them to be natural numbers.
                return typed(item, sort) if is_numeral(item) and sort != "ℕ" else placed
        case _:
            raise ValueError(f"{spec!r} is no kind")
    return None


def holes(item: Object) -> dict[str, str | None]:
    """What a template can ask of an object."""
    over = carrier_of(item.kind)
    kind = item.kind
    found: dict[str, str | None] = {"": item.lean, "p": over.lean if over else None}
    found["s"] = over.scalars if over else None
    if over is not None and over.parameter is not None:
        found["b"] = over.parameter.lean
    if isinstance(kind, Map):
        found |= {"d": kind.dom.lean, "c": kind.cod.lean, "o": kind.on}
    return found


def claim(word: Word, items: tuple[Object, ...]) -> Claim | None:
    """What a word says of objects, where its kinds fit them."""
    if len(items) != len(word.kinds):
        return None
    fitted: list[Object] = []
    for spec, item in zip(word.kinds, items, strict=True):
        one = next((f for part in spec.split("|") if (f := fits(part, item)) is not None), None)
        if one is None:
            return None
        fitted.append(one)
    if len(fitted) == 2 and not _one_space(word, fitted):
        return None
    given = [holes(one) for one in fitted]
    try:
        text = fill(_apart(word.template, given), given)
    except LookupError:
        return None
    return Claim(text, word.role == "class", word.form)


_BOUND = re.compile(r"[∀∃] ([a-z](?: [a-z])*)(?= :|,)")


def _apart(template: str, given: Sequence[Mapping[str, str | None]]) -> str:
    """The template with its bound letters renamed that the arguments use too."""
    used = {w for arg in given for text in arg.values() if text for w in re.findall(r"[^\W\d]\w*", text)}
    bound = {letter for match in _BOUND.finditer(template) for letter in match[1].split()}
    free = (letter for letter in "uvwxyzstrqpkm" if letter not in used | bound)
    fresh = {letter: next(free) for letter in sorted(bound & used)}
    if not fresh:
        return template
    return re.sub(r"(?<![\w{.])[a-z](?![\w}.])", lambda m: fresh.get(m[0], m[0]), template)


def _one_space(word: Word, items: list[Object]) -> bool:
    """Two elements, sets or substructures must live in one space; the numbers among them in one type."""
    kinds = [item.kind for item in items]
    if all(isinstance(kind, Elem | SetIn | Sub) for kind in kinds):
        one, two = (carrier_of(kind) for kind in kinds)
        assert one is not None and two is not None
        return one.lean == two.lean or "?" in (one.lean, two.lean) or word.result == "any"
    if isinstance(kinds[0], Map) and isinstance(kinds[1], SetIn):
        return kinds[0].dom.lean == kinds[1].of.lean
    if isinstance(kinds[0], Map) and isinstance(kinds[1], Elem):
        of = kinds[1].of
        return of.lean in (kinds[0].dom.lean, kinds[0].cod.lean, kinds[0].dom.scalars, "?")
    return True


def result(word: Word, items: tuple[Object, ...]) -> Object | None:
    """The value that a functional noun has on objects, where its kinds fit them."""
    said = claim(word, items)
    if said is None:
        return None
    sort, _, rest = word.result.partition(" ")
    if sort in NUMBERS:
        return Object(said.text, Elem(NUMBERS[sort]))
    where, _, index = rest.rpartition(" ")
    item = next(f for part in word.kinds[int(index)].split("|") if (f := fits(part, items[int(index)])))
    if isinstance(item.kind, Map):
        over: Carrier | None = item.kind.cod if where == "cod" else item.kind.dom
    else:
        over = carrier_of(item.kind)
    if over is None:
        return None
    match sort:
        case "Elem":
            return Object(said.text, Elem(over))
        case "Set":
            return Object(said.text, SetIn(over))
        case "Type":
            return Object(said.text, Carrier(said.text, over.tags))
        case "NormalSubgroup":
            return Object(said.text, Sub("Subgroup", over, True))
    return Object(said.text, Sub(sort, over))
