r"""The general term of `1 + 2 + \cdots + n` and `1 \cdot 3 \cdots 99`.

The last term is the pattern: one or more of its numerals and variables are taken to run (by the same amount
at once), and the terms shown at the front must be its first values. Values are compared modulo a large prime
with fixed values for the variables, so that `1` and `2^0` are the same term. If no way or more than one way
of running fits, the ellipsis is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import combinations, pairwise
from typing import Any
from zlib import crc32

from cramf.formalize.symbolic.syntax import (
    TERM_TYPES,
    Apply,
    Arith,
    Num,
    Op,
    Pi,
    Span,
    Term,
    UnreadError,
    Var,
)

__all__ = ["Series", "general_term"]

_PRIME = (1 << 61) - 1
_MAX_LEAVES = 8
_MAX_EXPONENT = 1 << 40
_NO_SPAN = (0, 0)


@dataclass(frozen=True, slots=True)
class Series:
    """`body` for `var` from `low` to `high`."""

    var: Var
    low: Term
    high: Term
    body: Term


class _UnknownError(Exception):
    pass


def _hashed(*parts: object) -> int:
    return (crc32(repr(parts).encode()) * 2654435761 + 97) % _PRIME


def _exact(term: Term) -> int:
    """The integer value, with variables at fixed values; for exponents and indices."""
    match term:
        case Num(text) if text.isdigit():
            return int(text)
        case Var(name):
            return 1000 + _hashed(name) % 100000
        case Arith("neg", (body,)):
            return -_exact(body)
        case Arith(op, (left, right)) if op in "+-*":
            a, b = _exact(left), _exact(right)
            return {"+": a + b, "-": a - b, "*": a * b}[op]
        case Arith("^", (base, exponent)):
            power = _exact(exponent)
            if 0 <= power <= 64:
                return int(_exact(base) ** power)
    raise _UnknownError


def _value(term: Term) -> int:
    """The value modulo the prime, with variables at fixed values and unknown functions hashed."""
    match term:
        case Num(text):
            whole, _, decimals = text.partition(".")
            scale = pow(10, len(decimals), _PRIME)
            return int(whole + decimals) * pow(scale, -1, _PRIME) % _PRIME
        case Var(name):
            return 1000 + _hashed(name) % 100000
        case Pi():
            return _hashed("pi")
        case Arith("neg", (body,)):
            return -_value(body) % _PRIME
        case Arith("^", (base, exponent)):
            power = _exact(exponent)
            if abs(power) > _MAX_EXPONENT:
                raise _UnknownError
            value = _value(base)
            if value == 0 and power < 0:
                raise _UnknownError
            return pow(value, power, _PRIME)
        case Arith(op, (left, right)):
            a, b = _value(left), _value(right)
            if op == "/":
                if b == 0:
                    raise _UnknownError
                return a * pow(b, -1, _PRIME) % _PRIME
            if op in "+-*":
                return {"+": a + b, "-": a - b, "*": a * b}[op] % _PRIME
        case Op(phrase, args):
            return _hashed(phrase.concept, tuple(map(_value, args)))
        case Apply(function, args):
            return _hashed(function.name, tuple(map(_value, args)))
    raise _UnknownError


def _leaves(term: Term, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Term]]:
    """Numerals and variables with their places."""
    if isinstance(term, Num | Var):
        return [(path, term)]
    args = term.args if isinstance(term, Arith | Op | Apply) else ()
    return [leaf for i, arg in enumerate(args) for leaf in _leaves(arg, (*path, i))]


def _put(term: Term, places: dict[tuple[int, ...], Term], path: tuple[int, ...] = ()) -> Term:
    if path in places:
        return places[path]
    if isinstance(term, Arith | Op | Apply):
        return replace(term, args=tuple(_put(arg, places, (*path, i)) for i, arg in enumerate(term.args)))
    return term


def _shifted(base: Term, amount: int, span: Span) -> Term:
    if amount == 0:
        return base
    if isinstance(base, Num):
        total = int(base.text) + amount
        return Num(str(total), span) if total >= 0 else Arith("neg", (Num(str(-total), span),), span)
    return Arith("+" if amount > 0 else "-", (base, Num(str(abs(amount)), span)), span)


def _same(left: Term, right: Term) -> bool:
    try:
        return _value(left) == _value(right)
    except (_UnknownError, ValueError):
        return False


def _ways(last: Term) -> list[tuple[Term, dict[tuple[int, ...], int]]]:
    """What may run: the running leaf, and the places that run with it, each with its offset."""
    leaves = _leaves(last)
    if len(leaves) > _MAX_LEAVES:
        return []
    found: list[tuple[Term, dict[tuple[int, ...], int]]] = []
    names = {leaf.name for _, leaf in leaves if isinstance(leaf, Var)}
    for name in sorted(names):
        places = {path: 0 for path, leaf in leaves if isinstance(leaf, Var) and leaf.name == name}
        found.append((Var(name, _NO_SPAN), places))
    numerals = [
        (path, int(leaf.text)) for path, leaf in leaves if isinstance(leaf, Num) and leaf.text.isdigit()
    ]
    for count in range(1, min(3, len(numerals)) + 1):
        for chosen in combinations(numerals, count):
            base = chosen[0][1]
            found.append((Num(str(base), _NO_SPAN), {path: number - base for path, number in chosen}))
    return found


def general_term(heads: list[Term], tails: list[Term], span: Span) -> Series:
    """The series whose first terms are `heads` and whose last are `tails`.

    Raises:
        UnreadError: where the general term is not clear.
    """
    unclear = UnreadError("the general term of the ellipsis is not clear", span)
    if len(heads) < 2:
        raise unclear
    variable = Var(f"k@{span[0]}", span)
    last = tails[-1]
    fitting: dict[int, Series] = {}
    for running, places in _ways(last):
        for start, step in _starts(heads, last, running, places):
            series = _series(last, running, places, start, step, variable, span)
            if series is None or not _ends_with(tails, running, places, step):
                continue
            try:
                # Two ways are the same if they give the same third term and count the same terms.
                key = _hashed(_value(_at(last, places, running, start + 2 * step)), _count(series))
            except (_UnknownError, ValueError):
                continue
            fitting.setdefault(key, series)
    if len(tails) == 1:
        fitting |= _geometric(heads, last, variable, span)
    if len(fitting) != 1:
        raise unclear
    return next(iter(fitting.values()))


def _ends_with(tails: list[Term], running: Term, places: dict[tuple[int, ...], int], step: int) -> bool:
    """Whether the terms before the last are those that the pattern gives there."""
    for back, term in enumerate(reversed(tails[:-1]), start=1):
        moved = {p: _shifted(running, offset - back * step, _NO_SPAN) for p, offset in places.items()}
        if not _same(_put(tails[-1], moved), term):
            return False
    return True


def _count(series: Series) -> int:
    return _value(Arith("-", (series.high, series.low), _NO_SPAN))


def _at(last: Term, places: dict[tuple[int, ...], int], running: Term, value: int) -> Term:
    return _put(last, {path: Num(str(value + offset), _NO_SPAN) for path, offset in places.items()})


def _starts(
    heads: list[Term], last: Term, running: Term, places: dict[tuple[int, ...], int]
) -> list[tuple[int, int]]:
    """First values and steps with which the pattern gives the heads."""
    shown = {int(leaf.text) for _, leaf in _leaves(heads[0]) if isinstance(leaf, Num) and leaf.text.isdigit()}
    least = max(0, -min(places.values()))
    found: list[tuple[int, int]] = []
    for start in sorted({0, 1, 2} | {n for n in shown if n < 10**9}):
        if start < least or not _same(_at(last, places, running, start), heads[0]):
            continue
        second = {int(lf.text) for _, lf in _leaves(heads[1]) if isinstance(lf, Num) and lf.text.isdigit()}
        for step in sorted({1, 2, 3} | {n - start for n in second if start < n < 10**9}):
            terms = (_at(last, places, running, start + i * step) for i in range(1, len(heads)))
            if all(_same(term, head) for term, head in zip(terms, heads[1:], strict=True)):
                found.append((start, step))
    return found


def _series(
    last: Term,
    running: Term,
    places: dict[tuple[int, ...], int],
    start: int,
    step: int,
    variable: Var,
    span: Span,
) -> Series | None:
    if step == 1:
        if isinstance(running, Num) and int(running.text) <= start:
            return None
        body = _put(last, {path: _shifted(variable, offset, span) for path, offset in places.items()})
        high = running if isinstance(running, Num) else _located(running, span)
        return Series(variable, Num(str(start), span), high, body)
    if not isinstance(running, Num) or (int(running.text) - start) % step or int(running.text) <= start:
        return None
    count = (int(running.text) - start) // step
    scaled: Term = Arith("*", (Num(str(step), span), variable), span)
    body = _put(last, {path: _shifted(scaled, start + offset, span) for path, offset in places.items()})
    return Series(variable, Num("0", span), Num(str(count), span), body)


def _located(term: Any, span: Span) -> Any:
    if isinstance(term, TERM_TYPES) and is_dataclass(term) and any(f.name == "span" for f in fields(term)):
        return replace(term, span=span)
    return term


def _geometric(heads: list[Term], last: Term, variable: Var, span: Span) -> dict[int, Series]:
    """`1 + 2 + 4 + ... + 64` of plain numerals."""
    numerals = [int(t.text) for t in (*heads, last) if isinstance(t, Num) and t.text.isdigit()]
    if len(numerals) != len(heads) + 1 or numerals[0] == 0 or numerals[1] % numerals[0]:
        return {}
    first, ratio = numerals[0], numerals[1] // numerals[0]
    if ratio < 2 or any(b != a * ratio for a, b in pairwise(numerals[:-1])):
        return {}
    exponent, value = 0, first
    while value < numerals[-1] and exponent < 512:
        value, exponent = value * ratio, exponent + 1
    if value != numerals[-1]:
        return {}
    power: Term = Arith("^", (Num(str(ratio), span), variable), span)
    body = power if first == 1 else Arith("*", (Num(str(first), span), power), span)
    series = Series(variable, Num("0", span), Num(str(exponent), span), body)
    return {_hashed(first * ratio**2 % _PRIME, exponent): series}
