"""Types of terms.

Rules, in the order of the tower ℕ ⊂ ℤ ⊂ ℚ ⊂ ℝ ⊂ ℂ:

- a variable has its declared type, π is real, a numeral takes any type;
- a difference or negation is at least an integer and a quotient at least rational, so that neither is ever
  truncated; a power with a natural exponent has the type of its base, with an integer exponent it is at
  least rational, and any other exponent makes a real power;
- `n - 1` as an exponent, an index or an argument that must be natural stays natural where what is supposed
  of `n` keeps it from being truncated;
- the bounds of a sum decide whether its index is natural or an integer;
- the sides of a relation meet in the widest type, and every narrower variable is cast there by name;
- where only numerals stand, the first is ascribed the type unless Lean's default ℕ is meant.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from cramf.formalize.symbolic import syntax
from cramf.formalize.symbolic.infer import Signature
from cramf.formalize.symbolic.lexicon import TOWER, Pattern, Phrase
from cramf.formalize.symbolic.syntax import (
    Apply,
    Arith,
    Build,
    Card,
    Collection,
    Constant,
    Decl,
    Derived,
    Integral,
    Num,
    Op,
    Pi,
    RefusedError,
    Span,
    SumOver,
    Term,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.usage import join

__all__ = ["TypeFinder", "is_negative"]

_SET_TERMS = (Collection, syntax.Interval, Build)


class TypeFinder(ABC):
    """Finds types under a scope of variable types; `shown` gives each variable's Lean name."""

    def __init__(self, words: frozenset[str], used: set[str]) -> None:
        self.words = words
        self.used = used
        self.scope: dict[str, str] = {}
        self.functions: dict[str, Signature] = {}
        self.sets: dict[str, str] = {}
        """Variables that stand for sets, with their elements' type."""
        self.least: dict[str, int] = {}
        """What natural numbers are supposed to be at least."""
        self.shown: dict[str, str] = {}
        self.notes: dict[str, None] = {}
        # Types found since the scope last changed; without them nested operations cost exponential time.
        self._types: dict[tuple[int, bool], tuple[Term, str | None]] = {}
        self.presupposed: list[tuple[str, Term, str]] = []
        """What the terms lowered since the list was last emptied presuppose: `≠`, `<` or `≤` against 0, the
        term and its type."""

    def changed(self) -> None:
        """Forgets types, since what is in scope or supposed has changed."""
        self._types.clear()

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

    def name(self, variable: str) -> str:
        """The Lean name of a variable; one that a sum or set binds has its place behind `@`."""
        return self.shown.get(variable, variable.partition("@")[0])

    # ---- types

    def type_of(self, term: Term, natural: bool = False) -> str | None:
        """The least type that holds the term without truncation; None for numerals alone.

        `natural`: whether a natural number is wanted, so that `n - 1` of a positive `n` stays natural.

        Raises:
            UnreadError: where a variable is not in scope or an operation does not apply.
        """
        found = self._types.get((id(term), natural))
        if found is not None and found[0] is term:
            return found[1]
        if natural and self.natural(term) is not None:
            kind: str | None = "ℕ"
        else:
            kind = self._type_of(term)
        self._types[id(term), natural] = term, kind
        return kind

    def _type_of(self, term: Term) -> str | None:
        match term:
            case Num(text):
                return "ℚ" if "." in text else None
            case Pi() | Integral():
                return "ℝ"
            case Constant("i"):
                return "ℂ"
            case Constant("e"):
                return "ℝ"
            case Var(name, span):
                if name in self.functions:
                    raise UnreadError(f"{self.name(name)} is a function and stands here as a number", span)
                if name in self.sets:
                    raise UnreadError(f"{self.name(name)} is a set and stands here as a number", span)
                if name not in self.scope:
                    raise UnreadError(f"what {self.name(name)} is has not been said", span)
                return self.scope[name]
            case Arith("^", (base, exponent)):
                return self._power_type(base, exponent, term.span)
            case Arith("%", args):
                kind = join(*map(self.type_of, args))
                if kind not in (None, "ℕ", "ℤ"):
                    raise RefusedError(f"a remainder is not read in {kind}", term.span)
                return kind
            case Arith(op, args) if op not in "∪∩\\":
                least = {"-": "ℤ", "neg": "ℤ", "/": "ℚ"}.get(op)
                return join(least, *map(self.type_of, args))
            case Op(phrase, (arg,)) if phrase.concept == "absolute-value" and self.is_set(arg):
                return "ℕ"
            case Op(phrase, args, span):
                pattern = self.operation(phrase, self._argument_type(phrase, args), span)
                return self._argument_type(phrase, args) if pattern.value == "α" else pattern.value
            case Apply(function):
                return self.signature(function).codomain
            case Derived(function, order):
                signature = self.signature(function)
                return signature.codomain if order > 0 else signature.domain[0]
            case syntax.Big(_, var, low, high, body):
                self.scope[var.name] = self.index_type(low, high)
                if self.scope[var.name] == "ℕ":
                    self.least[var.name] = int(low.text) if isinstance(low, Num) else 0
                # A series has its limit in the reals.
                least = "ℝ" if isinstance(high, Constant) else "ℕ"
                return join(least, self.type_of(body))
            case Card():
                return "ℕ"
            case SumOver(_, decl):
                return self.declared_type(decl)
            case _:
                raise RefusedError("this does not stand for a number", term.span)

    @abstractmethod
    def declared_type(self, decl: Decl) -> str:
        """The type of a declaration's first variable."""

    def signature(self, function: Var) -> Signature:
        if function.name not in self.functions:
            raise UnreadError(f"what {self.name(function.name)} is has not been said", function.span)
        return self.functions[function.name]

    def index_type(self, low: Term, high: Term) -> str:
        """ℕ for an index that starts at a natural number, else ℤ."""
        infinite = isinstance(high, Constant) and high.name == "∞"
        kinds = self.type_of(low, natural=True), None if infinite else self.type_of(high, natural=True)
        starts_natural = kinds[0] in (None, "ℕ") and not is_negative(low)
        if starts_natural and (kinds[1] in (None, "ℕ") or self.over_naturals(high)):
            return "ℕ"
        if join(*kinds) in (None, "ℕ", "ℤ"):
            return "ℤ"
        raise UnreadError("a bound of a sum or product that is no integer", low.span)

    def over_naturals(self, term: Term) -> bool:
        """Whether the term is made of natural numbers by `+ - *` and powers, truncated or not."""
        match term:
            case Num(text):
                return text.isdigit()
            case Var(name):
                return self.scope.get(name) == "ℕ"
            case Arith(op, args) if op in "+-*^":
                return all(map(self.over_naturals, args))
            case Constant("∞"):
                return True
            case _:
                return False

    def natural(self, term: Term) -> int | None:
        """A lower bound of a term that is natural without truncation; None if it is not known to be."""
        match term:
            case Num(text):
                return int(text) if text.isdigit() and len(text) < 400 else None
            case Var(name):
                return self.least.get(name, 0) if self.scope.get(name) == "ℕ" else None
            case Arith("-", (left, Num(text))) if text.isdigit():
                least = self.natural(left)
                return least - int(text) if least is not None and least >= int(text) else None
            case Arith(op, (left, right)) if op in "+*^":
                first, second = self.natural(left), self.natural(right)
                if first is None or second is None:
                    return None
                if op == "^":
                    return 1 if first > 0 else 0
                return first + second if op == "+" else first * second
            case Apply() | Op() | Card() | Derived() | syntax.Big():
                return 0 if self.type_of(term) == "ℕ" else None
            case Arith("%", args):
                return 0 if all(self.natural(arg) is not None for arg in args) else None
            case _:
                return None

    def _argument_type(self, phrase: Phrase, args: tuple[Term, ...]) -> str | None:
        natural = any(p.type == "ℕ" for p in phrase.patterns(self.words))
        return join(*(self.type_of(arg, natural) for arg in args))

    def _power_type(self, base: Term, exponent: Term, span: Span) -> str | None:
        exponent_type = self.type_of(exponent, natural=True)
        if isinstance(base, Constant) and base.name == "e":
            return join("ℝ", exponent_type)
        base_type = self.type_of(base)
        if exponent_type in (None, "ℕ"):
            return base_type
        if exponent_type == "ℤ":
            return join(base_type, "ℚ")
        if join(base_type, exponent_type) == "ℂ":
            raise RefusedError("a complex power", span)
        if is_negative(base):
            raise RefusedError("a negative number to a power that is no integer", span)
        return "ℝ"

    def operation(self, phrase: Phrase, argument: str | None, span: Span) -> Pattern:
        """The pattern for arguments of this type: that type's own, else the least wider one."""
        patterns = phrase.patterns(self.words)
        if patterns[0].type == "α":
            if argument == "ℂ":
                raise RefusedError("complex numbers have no order", span)
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

    def is_set(self, term: Term) -> bool:
        """Whether the term stands for a set."""
        match term:
            case Var(name):
                return name in self.sets
            case Arith(op) if op in "∪∩\\":
                return True
            case _:
                return isinstance(term, _SET_TERMS)

    def elements(self, term: Term) -> str | None:
        """The type of a set's elements; None where only numerals are named."""
        match term:
            case Var(name, span):
                if name not in self.sets:
                    raise UnreadError(f"{self.name(name)} is not known to be a set", span)
                return self.sets[name]
            case Arith(op, args) if op in "∪∩\\":
                return join(*map(self.elements, args))
            case Collection(items):
                return join(*map(self.type_of, items))
            case syntax.Interval(_, low, high):
                ends = [end for end in (low, high) if not isinstance(end, Constant)]
                return join(*map(self.type_of, ends))
            case Build(decl):
                return self.declared_type(decl)
            case _:
                raise UnreadError("this does not stand for a set", term.span)


def is_negative(term: Term) -> bool:
    """Whether a term is negative on its face."""
    return isinstance(term, Arith) and (term.op == "neg" or (term.op == "-" and _negative_difference(term)))


def _negative_difference(term: Arith) -> bool:
    left, right = term.args
    plain = isinstance(left, Num) and isinstance(right, Num) and left.text.isdigit() and right.text.isdigit()
    return plain and int(getattr(left, "text", "0")) < int(getattr(right, "text", "0"))
