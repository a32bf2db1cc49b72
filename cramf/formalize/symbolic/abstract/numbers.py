"""Casts between number types and the arithmetic of elements."""

from __future__ import annotations

from cramf.formalize.symbolic.abstract.kinds import NUMBERS, Carrier, Elem, Map, Object, Sub
from cramf.formalize.symbolic.abstract.lean import ARGUMENT, infix, paren, precedence
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = [
    "NUMERAL", "arithmetic", "cast", "elements", "fitted", "is_numeral", "negated", "power", "typed",
]  # fmt: skip

NUMERAL = Carrier("?", frozenset({"numeral"}))
"""Of what type a numeral is, the other side says."""
_SIGNED = Carrier("?", frozenset({"numeral", "signed"}))
_FRACTION = Carrier("?", frozenset({"numeral", "signed", "fraction"}))
_TOWER = "ℕℤℚℝℂ"


def is_numeral(item: Object) -> bool:
    """Whether it is made of numerals alone."""
    return isinstance(item.kind, Elem) and item.kind.of.lean == "?"


def least(kind: Elem) -> str:
    """The least number type that a term of numerals makes sense in."""
    return "ℚ" if kind.of.has("fraction") else "ℤ" if kind.of.has("signed") else "ℕ"


def typed(item: Object, letter: str) -> Object:
    """A term of numerals with its type written at it, `letter` or a greater one that it needs."""
    if not is_numeral(item) or not isinstance(item.kind, Elem):
        return item
    letter = max(letter, least(item.kind), key=_TOWER.index)
    return Object(f"({item.lean} : {letter})", Elem(NUMBERS[letter]))


def cast(item: Object, target: Carrier, span: Span) -> Object:
    """The element in a type that its own embeds in."""
    assert isinstance(item.kind, Elem)
    own = item.kind.of
    if own.lean == target.lean:
        return item
    if own.lean == "?":
        if target.has("number") and _TOWER.index(target.lean) < _TOWER.index(least(item.kind)):
            raise UnreadError(f"a number that is not in {target.lean}", span)
        if own.has("fraction") and not target.has("divisionring"):
            raise UnreadError(f"there is no '/' in {target.lean}", span)
        if own.has("signed") and not target.has("additive"):
            raise UnreadError(f"there is no '-' in {target.lean}", span)
        return Object(item.lean, Elem(target))
    if own.has("number") and target.has("number") and _TOWER.index(own.lean) < _TOWER.index(target.lean):
        return Object(_ascribed(item, own, target.lean), Elem(target))
    if target.parameter is not None and target.lean.startswith("Polynomial "):
        inner = cast(item, target.parameter, span)
        return Object(f"Polynomial.C {paren(inner.lean)}", Elem(target))
    if own.lean in ("ℕ", "ℤ") and target.has("ring"):
        return Object(_ascribed(item, own, target.lean), Elem(target))
    raise UnreadError("elements of two different types", span)


def _ascribed(item: Object, own: Carrier, target: str) -> str:
    if precedence(item.lean) >= ARGUMENT:
        return f"({item.lean} : {target})"
    return f"(({item.lean} : {own.lean}) : {target})"


def elements(left: Object, right: Object, span: Span) -> tuple[Object, Object, Carrier]:
    """Two elements in one type."""
    if not isinstance(left.kind, Elem) or not isinstance(right.kind, Elem):
        raise UnreadError("an element is expected", span)
    one, two = left.kind.of, right.kind.of
    if one.lean == "?" and two.lean == "?":
        return left, right, max(one, two, key=_weight)
    if one.lean == two.lean:
        return left, right, one
    if one.lean == "?" or two.lean == "?":
        numeral, other = (left.kind, two) if one.lean == "?" else (right.kind, one)
        if other.lean in ("ℕ", "ℤ") and _TOWER.index(other.lean) < _TOWER.index(least(numeral)):
            other = NUMBERS[least(numeral)]
        return cast(left, other, span), cast(right, other, span), other
    if _fits(one, two):
        return cast(left, two, span), right, two
    return left, cast(right, one, span), one


def _weight(carrier: Carrier) -> int:
    return len(carrier.tags)


def negated(item: Object, span: Span) -> Object:
    """`-item`."""
    if isinstance(item.kind, Elem) and item.kind.of.lean == "ℕ":
        item = cast(item, NUMBERS["ℤ"], span)
    if not isinstance(item.kind, Elem) or not (is_numeral(item) or item.kind.of.has("additive")):
        raise UnreadError("a minus that is not read", span)
    of = max(item.kind.of, _SIGNED, key=_weight) if is_numeral(item) else item.kind.of
    return Object(f"-{paren(item.lean, 76)}", Elem(of))


def _fits(one: Carrier, two: Carrier) -> bool:
    """Whether elements of `one` are meant as elements of `two`."""
    if one.has("number") and two.has("number"):
        return _TOWER.index(one.lean) < _TOWER.index(two.lean)
    if two.parameter is not None and two.parameter.lean == one.lean:
        return True
    return one.lean in ("ℕ", "ℤ") and two.has("ring") and not two.has("number")


def fitted(item: Object, carrier: Carrier, span: Span) -> Object:
    """The element as an element of `carrier`."""
    if not isinstance(item.kind, Elem):
        raise UnreadError("an element is expected", span)
    return cast(item, carrier, span)


def arithmetic(op: str, left: Object, right: Object, span: Span) -> Object:
    """`left op right` for `+`, `-`, `*` or `/`."""
    one, two = left.kind, right.kind
    if isinstance(one, Map) and one == two and one.sort == "LinearMap" and op in ("+", "-"):
        return Object(infix(op, left.lean, right.lean), one)
    if isinstance(one, Map) and one == two and one.sort == "LinearMap" and op == "*" and one.dom == one.cod:
        return Object(infix(op, left.lean, right.lean), one)
    joined = {"+": ("Ideal", "Submodule"), "*": ("Ideal",)}.get(op, ())
    if isinstance(one, Sub) and isinstance(two, Sub) and one == two and one.sort in joined:
        return Object(infix("⊔" if op == "+" else "*", left.lean, right.lean), one)
    if isinstance(one, Elem) and isinstance(two, Elem) and op == "*" and _acts(left, one, two.of):
        return Object(infix("•", left.lean, right.lean), two)
    left, right, carrier = elements(left, right, span)
    if carrier.lean == "?":
        of = _FRACTION if op == "/" else max(carrier, _SIGNED, key=_weight) if op == "-" else carrier
        return Object(infix(op, left.lean, right.lean), Elem(of))
    if op == "-" and carrier.lean == "ℕ":
        left, right, carrier = _both(left, right, "ℤ", span)
    if op == "/" and carrier.lean in ("ℕ", "ℤ"):
        left, right, carrier = _both(left, right, "ℚ", span)
    needed = {"+": "additive", "-": "additive", "*": "monoid", "/": "divisionring"}[op]
    if not (carrier.has(needed) or (carrier.lean == "ℕ" and op in "+*")):
        raise UnreadError(f"there is no {op!r} in {carrier.lean}", span)
    return Object(infix(op, left.lean, right.lean), Elem(carrier))


def _acts(left: Object, kind: Elem, space: Carrier) -> bool:
    """Whether the left factor is a scalar of the space that the right one lives in."""
    if not space.has("module") or space.scalars is None or space.has("ring"):
        return False
    return kind.of.lean == space.scalars or is_numeral(left) or kind.of.has("number")


def _both(left: Object, right: Object, letter: str, span: Span) -> tuple[Object, Object, Carrier]:
    target = NUMBERS[letter]
    return cast(left, target, span), cast(right, target, span), target


def power(base: Object, exponent: Object, span: Span) -> Object:
    """`base ^ exponent` for a natural or, in groups and fields, an integer exponent."""
    if not isinstance(exponent.kind, Elem) or exponent.kind.of.lean not in ("?", "ℕ", "ℤ"):
        raise UnreadError("an exponent that is no integer", span)
    if exponent.kind.of.has("fraction"):
        raise UnreadError("an exponent that is no integer", span)
    negative = exponent.lean.startswith("-") or exponent.kind.of.lean == "ℤ"
    if isinstance(base.kind, Map) and base.kind.sort == "LinearMap" and not negative:
        return Object(infix("^", base.lean, exponent.lean), base.kind)
    if not isinstance(base.kind, Elem):
        raise UnreadError("a power of what is no element", span)
    carrier = base.kind.of
    if carrier.lean == "?" and not negative:
        return Object(infix("^", base.lean, exponent.lean), base.kind)
    if negative and not (carrier.has("group") or carrier.has("divisionring")):
        raise UnreadError(f"there are no inverses in {carrier.lean}", span)
    if not (carrier.has("monoid") or carrier.lean == "ℕ"):
        raise UnreadError(f"there are no powers in {carrier.lean}", span)
    if exponent.lean == "-1":
        return Object(f"{paren(base.lean)}⁻¹", base.kind)
    if negative and exponent.lean.startswith("-"):
        return Object(f"{paren(base.lean, 76)} ^ ({exponent.lean} : ℤ)", base.kind)
    return Object(infix("^", base.lean, exponent.lean), base.kind)
