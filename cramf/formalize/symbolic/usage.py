"""What a statement's parts say of the type of a name by using it."""

from __future__ import annotations

from collections.abc import Iterator

from cramf.formalize.symbolic.lexicon import TOWER, Phrase
from cramf.formalize.symbolic.prepare import Prepared, is_integral
from cramf.formalize.symbolic.syntax import (
    Apply,
    Arith,
    Big,
    Congruent,
    Decl,
    FunctionSort,
    IsA,
    Num,
    Op,
    Pred,
    Rel,
    SetRef,
    Term,
    Var,
)
from cramf.formalize.symbolic.traverse import Item, Part, asserted, every, terms_of

__all__ = ["Usage", "join", "set_type"]

_INTEGER_LETTERS = frozenset("ijklmn")


def join(*types: str | None) -> str | None:
    """The widest of the types; None (only numerals) where there is none."""
    known = [kind for kind in types if kind is not None]
    return max(known, key=TOWER.index) if known else None


def set_type(number_set: SetRef) -> str:
    """Positive and nonnegative integers are natural numbers."""
    natural = number_set.type == "ℤ" and number_set.condition in ("positive", "nonnegative")
    return "ℕ" if natural else number_set.type


class Usage:
    """The parts of a prepared statement and how they use names; `words` select the senses of phrases."""

    def __init__(self, ready: Prepared, words: frozenset[str]) -> None:
        self.words = words
        self._reach: dict[int, frozenset[str]] = {}
        statement = ready.statement
        self.items: tuple[Item, ...] = (*statement.setup, statement.goal)
        self.parts = list(every(self.items))
        self.supposed = asserted(statement)
        self.integral = is_integral(self.parts) and not self._speaks_of_reals()
        self.declared: dict[str, str] = {}

    def sort_type(self, sort: Phrase | SetRef) -> str:
        return sort.patterns(self.words)[0].type if isinstance(sort, Phrase) else set_type(sort)

    def _speaks_of_reals(self) -> bool:
        for part in self.parts:
            if isinstance(part, SetRef) and part.type in ("ℚ", "ℝ", "ℂ"):
                return True
            if isinstance(part, Op | Pred):
                kinds = {pattern.type for pattern in part.phrase.patterns(self.words)}
                if not kinds & {"ℕ", "ℤ", "α"}:
                    return True
            sort = part.sort if isinstance(part, Decl | IsA) else None
            if isinstance(sort, Phrase | SetRef) and self.sort_type(sort) in ("ℚ", "ℝ", "ℂ"):
                return True
            if isinstance(sort, FunctionSort):
                sets = (*sort.domain, sort.codomain)
                if any(s is not None and s.type in ("ℚ", "ℝ", "ℂ") for s in sets):
                    return True
        return False

    def _natural_integers(self) -> frozenset[str]:
        """Integers that are supposed not to be negative and stand where only a natural number can."""
        bounded: set[str] = set()
        for part in self.parts:
            match part:
                case Rel(">" | "≥", Var(name), Num()) | Rel("<" | "≤", Num(), Var(name)):
                    bounded.add(name)
                case Rel("∣" | "∤") | Congruent() | Arith("%") | Pred():
                    # `2 ^ n` can divide, or be even, only for a natural number n.
                    if self._of_integers(part):
                        powers = [p.args[1] for p in every([part]) if isinstance(p, Arith) and p.op == "^"]
                        bounded.update(
                            p.name for power in powers for p in every([power]) if isinstance(p, Var)
                        )
                case _:
                    pass
        needed = {
            name
            for name in bounded
            if self.declared.get(name) == "ℤ" and "ℕ" in {kind for kind, _ in self._natural_uses(name)}
        }
        supposed = {v.name for item in self.supposed if isinstance(item, Decl) for v in item.names}
        local = {v.name for p in self.parts if isinstance(p, Decl) for v in p.names}
        return frozenset(needed & (supposed | local))

    def _of_integers(self, part: Part) -> bool:
        return not isinstance(part, Pred) or {p.type for p in part.phrase.patterns(self.words)} <= {"ℕ", "ℤ"}

    def _natural_uses(self, name: str) -> Iterator[tuple[str, str]]:
        """Uses as an exponent, index, bound or argument that must be natural."""
        for part in self.parts:
            match part:
                case Arith("^", (_, exponent)) if name in self._reached(exponent):
                    yield "ℕ", "an exponent"
                case Apply(_, args, True) if any(name in self._reached(arg) for arg in args):
                    yield "ℕ", "an index"
                case Big(_, _, low, high) if name in self._reached(low) | self._reached(high):
                    yield "ℕ", "a bound of a sum or product"
                case Op(phrase, args) if any(name in self._reached(arg) for arg in args):
                    if {p.type for p in phrase.patterns(self.words)} == {"ℕ"}:
                        yield "ℕ", phrase.name
                case _:
                    pass

    def _uses(self, name: str, items: tuple[Item, ...]) -> Iterator[tuple[str, str]]:
        for part in self.parts if items is self.items else every(items):
            match part:
                case Pred(phrase, args):
                    pattern = phrase.patterns(self.words)[0]
                    if pattern.type != "α" and any(name in self._reached(arg) for arg in args):
                        yield pattern.type, phrase.name
                case Congruent() if any(name in self._reached(term) for term in terms_of(part)):
                    yield "ℤ", "congruent"
                case Rel(op) if op in "∣∤" and any(name in self._reached(term) for term in terms_of(part)):
                    yield "ℤ", "divides"
                case Arith("%", args) if any(name in self._reached(arg) for arg in args):
                    yield "ℤ", "remainder"
                case Arith("^", (_, exponent)) if name[0] in _INTEGER_LETTERS and name in self._reached(
                    exponent
                ):
                    yield "ℕ", "an exponent"
                case Apply(_, args, True) if any(name in self._reached(arg) for arg in args):
                    yield "ℕ", "an index"
                case Big(_, _, low, high) if name in self._reached(low) | self._reached(high):
                    yield "ℕ", "a bound of a sum or product"
                case Op(phrase, args):
                    patterns = phrase.patterns(self.words)
                    kinds = {p.type for p in patterns}
                    # An absolute value is of integers as well as of reals, so it says nothing.
                    telling = kinds <= {"ℕ", "ℤ"} or not kinds & {"ℕ", "ℤ", "α"}
                    if telling and any(name in self._reached(arg) for arg in args):
                        natural = "ℕ" in kinds and all(p.value == "ℕ" for p in patterns)
                        yield "ℕ" if natural else patterns[0].type, phrase.name

    def _reached(self, term: Term) -> frozenset[str]:
        """Names that the type demanded of an arithmetic term carries over to; `f()` is the value of `f`."""
        found = self._reach.get(id(term))
        if found is None:
            # The statement keeps its terms alive, so that their identities stay their own.
            found = self._reach[id(term)] = self._reached_by(term)
        return found

    def _reached_by(self, term: Term) -> frozenset[str]:
        match term:
            case Var(name):
                return frozenset({name})
            case Apply(function):
                return frozenset({function.name + "()"})
            case Arith("^", (base, _)):
                return self._reached(base)
            case Arith(_, args):
                return frozenset().union(*map(self._reached, args))
            case Big(_, _, _, _, body):
                return self._reached(body)
            case _:
                return frozenset()
