"""Types of terms, and terms to Lean at a given type.

Rules, in the order of the tower ℕ ⊂ ℤ ⊂ ℚ ⊂ ℝ ⊂ ℂ:

- a variable has its declared type, π is real, a numeral takes any type;
- a difference or negation is at least an integer and a quotient at least rational, so that neither is ever
  truncated; a power with a natural exponent has the type of its base, with an integer exponent it is at
  least rational, and other exponents are read on numerals only;
- `n - 1` as an exponent stays natural where `n` is declared a positive integer;
- the sides of a relation meet in the widest type, and every narrower variable is cast there by name;
- where only numerals stand, the first is ascribed the type unless Lean's default ℕ is meant.
"""

from __future__ import annotations

from cramf.formalize.symbolic.leanterm import (
    App,
    Ascribe,
    Atom,
    Bars,
    Binder,
    Hole,
    Infix,
    Lean,
    ModEq,
    Prefix,
    SetOf,
    substitute,
)
from cramf.formalize.symbolic.lexicon import TOWER, Pattern, Phrase
from cramf.formalize.symbolic.syntax import Arith, Num, Op, Pi, Span, Term, UnreadError, Var

__all__ = ["TermElaborator", "anchored", "ascribed", "join"]


def join(*types: str | None) -> str | None:
    """The widest of the types; None (only numerals) where there is none."""
    known = [kind for kind in types if kind is not None]
    return max(known, key=TOWER.index) if known else None


def anchored(term: Lean) -> bool:
    """Whether some leaf fixes the type of the arithmetic around it; numerals do not."""
    match term:
        case Atom(text):
            return not text[0].isdigit()
        case Infix("^", base, _):
            return anchored(base)
        case Infix(_, left, right):
            return anchored(left) or anchored(right)
        case Prefix(_, body) | Bars(_, body):
            return anchored(body)
        case App("max" | "min", args):
            return any(map(anchored, args))
        case _:
            return True


def ascribed(term: Lean, kind: str) -> Lean:
    """`term` with its first numeral ascribed."""
    match term:
        case Infix(op, left, right):
            return Infix(op, ascribed(left, kind), right)
        case Prefix(op, body):
            return Prefix(op, ascribed(body, kind))
        case Bars(bar, body):
            return Bars(bar, ascribed(body, kind))
        case App(head, (first, *rest)):
            return App(head, (ascribed(first, kind), *rest))
        case _:
            return Ascribe(term, kind)


def _own_names(term: Lean) -> set[str]:
    match term:
        case Binder(_, names, _, body):
            return set(names) | _own_names(body)
        case SetOf(name, _, body):
            return {name} | _own_names(body)
        case App(_, args):
            return set().union(*map(_own_names, args))
        case Infix(_, left, right):
            return _own_names(left) | _own_names(right)
        case Prefix(_, body) | Bars(_, body) | Ascribe(body, _):
            return _own_names(body)
        case ModEq(_, left, right, modulus):
            return _own_names(left) | _own_names(right) | _own_names(modulus)
        case Atom() | Hole():
            return set()


class TermElaborator:
    """Elaborates terms under a scope of variable types; `shown` gives each variable's Lean name."""

    def __init__(self, words: frozenset[str], used: set[str]) -> None:
        self.words = words
        self.used = used
        self.scope: dict[str, str] = {}
        self.positive: set[str] = set()
        """Natural numbers that are declared positive."""
        self.shown: dict[str, str] = {}
        self.notes: dict[str, None] = {}

    def note(self, text: str) -> None:
        """Adds a note once, in the order of first mention."""
        self.notes.setdefault(text)

    def fresh(self, wanted: str) -> str:
        """A name that no variable of the statement has: the wanted one, else with a subscript."""
        name, number = wanted, 0
        while name in self.used:
            number += 1
            name = wanted + "".join(chr(0x2080 + int(digit)) for digit in str(number))
        return name

    # ---- types

    def type_of(self, term: Term, in_exponent: bool = False) -> str | None:
        """The least type that holds the term without truncation; None for numerals alone.

        `in_exponent`: whether the term is a whole exponent, where `n - 1` of a positive `n` stays natural.

        Raises:
            UnreadError: where a variable is not in scope or an operation does not apply.
        """
        match term:
            case Num(text):
                return "ℚ" if "." in text else None
            case Pi():
                return "ℝ"
            case Var(name, span):
                if name not in self.scope:
                    raise UnreadError(f"what {name} is has not been said", span)
                return self.scope[name]
            case Arith("^", (base, exponent)):
                return self._power_type(base, exponent, term.span)
            case Arith("-", (Var(name), Num("1"))) if in_exponent and name in self.positive:
                return "ℕ"
            case Arith(op, args):
                least = {"-": "ℤ", "neg": "ℤ", "/": "ℚ"}.get(op)
                return join(least, *map(self.type_of, args))
            case Op(phrase, args, span):
                argument = join(*map(self.type_of, args))
                pattern = self.operation(phrase, argument, span)
                return argument if pattern.value == "α" else pattern.value

    def _power_type(self, base: Term, exponent: Term, span: Span) -> str | None:
        base_type, exponent_type = self.type_of(base), self.type_of(exponent, in_exponent=True)
        if exponent_type in (None, "ℕ"):
            return base_type
        if exponent_type == "ℤ":
            return join(base_type, "ℚ")
        if exponent_type in ("ℚ", "ℝ") and isinstance(base, Num) and join(base_type, exponent_type) != "ℂ":
            return "ℝ"
        raise UnreadError("a power whose base might be negative and whose exponent is no integer", span)

    def operation(self, phrase: Phrase, argument: str | None, span: Span) -> Pattern:
        """The pattern for arguments of this type: that type's own, else the least wider one."""
        patterns = phrase.patterns(self.words)
        if patterns[0].type == "α":
            if argument == "ℂ":
                raise UnreadError("complex numbers have no order", span)
            return patterns[0]
        least = TOWER.index(argument) if argument else 0
        wide = [p for p in patterns if TOWER.index(p.type) >= least]
        if not wide:
            raise UnreadError(f"{phrase.name} is not read on {argument}", span)
        return min(wide, key=lambda p: TOWER.index(p.type))

    def predicate(self, phrase: Phrase, argument: str | None, span: Span) -> Pattern:
        """The pattern for a predicate; only ℕ is widened, and only to ℤ."""
        patterns = phrase.patterns(self.words)
        if patterns[0].type == "α":
            return patterns[0]
        if argument is None:
            return min(patterns, key=lambda p: TOWER.index(p.type))
        for kind in (argument, "ℤ") if argument == "ℕ" else (argument,):
            for pattern in patterns:
                if pattern.type == kind:
                    return pattern
        raise UnreadError(f"{phrase.name!r} is not read of a term of type {argument}", span)

    # ---- Lean

    def lower(self, term: Term, kind: str) -> Lean:
        """The term at type `kind`, which is no narrower than `type_of` it."""
        match term:
            case Num(text):
                return Atom(text)
            case Pi():
                return self._cast(Atom("Real.pi"), "ℝ", kind)
            case Var(name, _):
                self.type_of(term)
                return self._cast(Atom(self.shown.get(name, name)), self.scope[name], kind)
            case Arith("neg", (body,)):
                return Prefix("-", self.lower(body, kind))
            case Arith("^", (base, exponent)):
                return self._power(base, exponent, kind)
            case Arith(op, (left, right)):
                if op == "/" and not isinstance(right, Num):
                    self.note("Lean's quotient is 0 where its divisor is 0")
                return Infix(op, self.lower(left, kind), self.lower(right, kind))
            case Op(phrase, args, span):
                argument = join(*map(self.type_of, args))
                pattern = self.operation(phrase, argument, span)
                if pattern.type == "α":
                    return self.applied(pattern, args, kind)
                if phrase.concept == "square-root":
                    self.note("Real.sqrt is 0 on negative numbers")
                return self._cast(self.applied(pattern, args, pattern.type), pattern.value, kind)
        raise UnreadError("a term that is not read", term.span)

    def _power(self, base: Term, exponent: Term, kind: str) -> Lean:
        exponent_type = self.type_of(exponent, in_exponent=True)
        if exponent_type in (None, "ℕ"):
            return Infix("^", self.lower(base, kind), self.lower(exponent, "ℕ"))
        if exponent_type == "ℤ":
            power = self.lower(exponent, "ℤ")
            if not anchored(power):
                power = Ascribe(power, "ℤ")
            return Infix("^", self.lower(base, kind), power)
        power = self.lower(exponent, "ℝ")
        if not anchored(power):
            power = ascribed(power, "ℝ")
        return self._cast(Infix("^", Ascribe(self.lower(base, "ℝ"), "ℝ"), power), "ℝ", kind)

    def _cast(self, term: Lean, own: str, kind: str) -> Lean:
        return term if own == kind else Ascribe(term, kind)

    def applied(self, pattern: Pattern, args: tuple[Term, ...], kind: str) -> Lean:
        """A template on its arguments at type `kind`, with the template's own names made fresh."""
        lean = [self.lower(arg, kind) for arg in args]
        template = pattern.template
        # A function on one concrete type tells a bare numeral its type; arithmetic is ascribed all the same.
        concrete = isinstance(template, App) and ("." in template.head or template.head == "Irrational")
        if concrete and kind != "ℕ":
            lean = [t if anchored(t) or isinstance(t, Atom) else ascribed(t, kind) for t in lean]
        else:
            lean = self.settled(lean, kind, joint=_is_relation(template))
        fresh = {name: self.fresh(name) for name in sorted(_own_names(template))}
        return substitute(template, tuple(lean), fresh)

    def settled(self, lean: list[Lean], kind: str, joint: bool) -> list[Lean]:
        """Arguments with the ascriptions that let Lean see their common type.

        `joint` is for relations whose two sides Lean elaborates together (`=`, `<`, ...). Elsewhere a bare
        numeral follows an anchored neighbour, but arithmetic on numerals is ascribed on its own.
        """
        if kind == "ℕ":
            return lean
        if not any(map(anchored, lean)):
            count = 1 if joint else len(lean)
            return [ascribed(t, kind) if i < count else t for i, t in enumerate(lean)]
        if joint:
            return lean
        return [t if anchored(t) or isinstance(t, Atom) else ascribed(t, kind) for t in lean]


def _is_relation(template: Lean) -> bool:
    return isinstance(template, Infix) and template.op in "=≠<≤>≥"
