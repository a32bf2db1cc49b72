"""Types of what a statement does not declare: variables, function symbols, sets.

In this order: what it is said to be (the widest if several); what it is used as (the narrowest of: integer
by parity, divisibility, congruence or remainder, natural number by primality, factorial, `gcd`, as an index,
as a letter `i` to `n` in an exponent; real by roots, logarithms, trigonometry); otherwise real, but `i` to
`n` are integers and functions of integers have integer values where the whole statement needs no more than
integers, and `z`, `w` are complex beside the imaginary unit. Each choice is told in a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cramf.formalize.symbolic.lexicon import TOWER
from cramf.formalize.symbolic.prepare import Prepared
from cramf.formalize.symbolic.syntax import (
    Apply,
    Arith,
    Big,
    Build,
    Card,
    Cases,
    Collection,
    Constant,
    Decl,
    Derived,
    FunctionSort,
    Integral,
    Interval,
    IsA,
    Limit,
    Maps,
    Member,
    Num,
    Op,
    Pi,
    Rel,
    SetRef,
    SumOver,
    Term,
    Var,
)
from cramf.formalize.symbolic.traverse import Item, conjuncts, every
from cramf.formalize.symbolic.usage import Usage, join, set_type

__all__ = ["Signature", "Typing"]

_SETS = (Collection, Interval, Build)
_INTEGER_LETTERS = frozenset("ijklmn")


@dataclass(frozen=True, slots=True)
class Signature:
    """Types of a function symbol's arguments and value, and why."""

    domain: tuple[str, ...]
    codomain: str
    why: str

    @property
    def text(self) -> str:
        return " → ".join((*self.domain, self.codomain))


class Typing(Usage):
    """Infers types for one prepared statement; `words` select the senses of its phrases."""

    def __init__(self, ready: Prepared, words: frozenset[str]) -> None:
        super().__init__(ready, words)
        self.functions = ready.functions
        self.sequences = ready.sequences
        self.complex = any(isinstance(p, Constant) and p.name == "i" for p in self.parts)
        self.sorts: dict[str, FunctionSort] = {}
        for part in self.parts:
            if isinstance(part, Decl):
                for variable in part.names:
                    if isinstance(part.sort, FunctionSort):
                        self.sorts[variable.name] = part.sort
                    elif part.sort is not None:
                        self.declared[variable.name] = self.sort_type(part.sort)
            elif isinstance(part, Maps):
                self.sorts.update((v.name, part.sort) for v in part.names)
        self.naturals = self._natural_integers()
        for name in self.naturals:
            self.declared[name] = "ℕ"
        self._known: dict[str, tuple[str, str] | None] = {}
        self._signatures: dict[str, Signature] = {}
        self._busy: set[str] = set()
        self._asked: set[str] = set()
        self.sets = self._set_variables()

    # ---- variables

    def variable(self, name: str, limits: tuple[Item, ...] = ()) -> tuple[str, str]:
        """Type and reason of an undeclared variable; `limits` speak first ("a prime p")."""
        if limits:
            found = self._said_or_used(name, limits, limits)
            if found is not None:
                return found
        return self._inferred(name) or self._default(name)

    def _inferred(self, name: str) -> tuple[str, str] | None:
        if name in self._known:
            return self._known[name]
        if name in self._asked:
            return None
        found = self._said_or_used(name, self.supposed, self.items)
        whole = found is not None or not (self._busy or self._asked)
        if found is None:
            self._asked.add(name)
            found = self._as_argument(name) or self._by_value(name)
            self._asked.discard(name)
        if whole:
            # An answer found while a function's type is being asked for may not be the last word.
            self._known[name] = found
        return found

    def _default(self, name: str) -> tuple[str, str]:
        letter = name[0]
        if self.complex and letter in "zw":
            return "ℂ", "a usual letter for complex numbers"
        if letter in _INTEGER_LETTERS and self.integral:
            return "ℤ", "a usual letter for integers, and nothing needs more"
        if name.startswith("?"):
            found = self._equal_to(name)
            if found is not None:
                return found, "the type of its value"
        return "ℝ", "no kind of number is said"

    def _equals(self, name: str) -> Iterator[Term]:
        """What the variable is said to be equal to."""
        for part in self.parts:
            if isinstance(part, Rel) and part.op == "=":
                for one, other in ((part.left, part.right), (part.right, part.left)):
                    if isinstance(one, Var) and one.name == name:
                        yield other

    def _equal_to(self, name: str) -> str | None:
        """The type of what the variable is equal to, with all variables there at their types."""
        for other in self._equals(name):
            names = {p.name for p in every([other]) if isinstance(p, Var)} - set(self.functions)
            kinds = [self.declared.get(n) or self.variable(n)[0] for n in names if not n.startswith("?")]
            known = self.guess(other)[0]
            plain = isinstance(other, Var | Arith)
            return (join(known, *kinds) if plain else known) or "ℤ"
        return None

    def _by_value(self, name: str) -> tuple[str, str] | None:
        """ℂ where the variable equals a complex term, ℕ or ℤ where it equals a remainder or a count."""
        for other in self._equals(name):
            if self.complex and self.guess(other)[0] == "ℂ":
                return "ℂ", "the complex number that it equals"
            counted = isinstance(other, Op | Card | SumOver) or (isinstance(other, Arith) and other.op == "%")
            if counted:
                kind, sure, _ = self.guess(other)
                if sure and kind in ("ℕ", "ℤ") and not self._absolute(other):
                    return kind, "the value that it equals"
        return None

    def _absolute(self, term: Term) -> bool:
        return isinstance(term, Op) and any(
            p.value == "α" or p.type == "ℂ" for p in term.phrase.patterns(self.words)
        )

    def _as_argument(self, name: str) -> tuple[str, str] | None:
        """A variable that stands as a function's argument has the function's domain."""
        for part in self.parts:
            if isinstance(part, Apply) and part.function.name not in self._busy:
                for place, arg in enumerate(part.args):
                    if name in self._reached(arg):
                        kind = self.signature(part.function.name).domain[place]
                        return kind, f"an argument of {part.function.name}"
        return None

    def _said_or_used(
        self, name: str, supposed: tuple[Item, ...], items: tuple[Item, ...]
    ) -> tuple[str, str] | None:
        said: list[tuple[str, str]] = []
        for item in conjuncts(supposed):
            if isinstance(item, IsA) and isinstance(item.term, Var) and item.term.name == name:
                said.append((item.sort.patterns(self.words)[0].type, item.sort.name))
            elif isinstance(item, Member) and isinstance(item.term, Var) and item.term.name == name:
                if not item.negated and isinstance(item.set, SetRef):
                    said.append((set_type(item.set), "its number set"))
                elif not item.negated:
                    found = self._elements(item.set)
                    if found is not None:
                        said.append((found, "its set"))
        if said:
            return max(said, key=lambda pair: TOWER.index(pair[0]))
        used = list(self._uses(name, items))
        return min(used, key=lambda pair: TOWER.index(pair[0])) if used else None

    # ---- functions

    def signature(self, name: str) -> Signature:
        """The type of a function symbol."""
        if name not in self._signatures:
            self._busy.add(name)
            self._signatures[name] = self._signature(name)
            self._busy.discard(name)
        return self._signatures[name]

    def _signature(self, name: str) -> Signature:
        sort = self.sorts.get(name)
        count = self.functions[name]
        said: list[str | None] = [None] * count
        codomain: str | None = None
        if sort is not None:
            if len(sort.domain) == count:
                said = [set_type(s) if s is not None else None for s in sort.domain]
            codomain = set_type(sort.codomain) if sort.codomain is not None else None
        why = "as declared" if sort is not None and None not in (*said, codomain) else "by its use"
        needed = self._needed_value(name) if codomain is None else None
        arguments = [p for p in self.parts if isinstance(p, Apply | Derived) and p.function.name == name]
        domain: list[str] = []
        for place in range(count):
            kind = said[place]
            if kind is None and name in self.sequences:
                kind = "ℕ"
            if kind is None:
                terms = [p.args[place] if isinstance(p, Apply) else p.arg for p in arguments]
                derived = any(isinstance(p, Derived) and p.order > 0 for p in arguments)
                kind = "ℝ" if derived else self._domain(terms, needed)
            domain.append(kind)
        if codomain is None:
            whole = all(kind in ("ℕ", "ℤ") for kind in domain) and self.integral
            codomain = needed or ("ℂ" if "ℂ" in domain else "ℤ" if whole else "ℝ")
        return Signature(tuple(domain), codomain, why)

    def _needed_value(self, name: str) -> str | None:
        """ℤ where the values are divided with remainder, said to be prime, and so on."""
        used = [kind for kind, _ in self._uses(name + "()", self.items)]
        return "ℤ" if used and min(used, key=TOWER.index) in ("ℕ", "ℤ") else None

    def _domain(self, terms: list[Term], needed: str | None) -> str:
        kinds: list[str | None] = []
        unknown = False
        some = False
        for term in terms:
            kind, sure, variables = self.guess(term)
            kinds.append(kind)
            unknown = unknown or not sure
            some = some or variables
        known = join(*kinds)
        if some and not unknown and known is not None:
            return known
        if self.complex and known == "ℂ":
            return "ℂ"
        if needed is not None and known in (None, "ℕ", "ℤ"):
            # `4 ^ n` is an integer only for a natural number n.
            names = [term.name for term in terms if isinstance(term, Var)]
            return "ℕ" if any(True for name in names for _ in self._natural_uses(name)) else "ℤ"
        return join("ℝ", known) or "ℝ"

    def guess(self, term: Term) -> tuple[str | None, bool, bool]:
        """A term's type as far as known, whether all of it is known, and whether it has variables."""
        match term:
            case Num(text):
                return ("ℚ" if "." in text else None), True, False
            case Pi() | Integral() | Limit():
                return "ℝ", True, False
            case Constant(name):
                return ("ℂ" if name == "i" else "ℝ"), True, False
            case Var(name):
                if name in self.declared:
                    return self.declared[name], True, True
                found = self._inferred(name) if name not in self._busy else None
                if found is None and self.complex and name[0] in "zw":
                    return "ℂ", True, True
                return (found[0], True, True) if found else (None, False, True)
            case Arith("^", (base, _)):
                return self.guess(base)
            case Arith(op, args):
                least = {"-": "ℤ", "neg": "ℤ", "/": "ℚ"}.get(op)
                guesses = [self.guess(arg) for arg in args]
                kind = join(least, *(k for k, _, _ in guesses))
                return kind, all(sure for _, sure, _ in guesses), any(v for _, _, v in guesses)
            case Op(phrase, args):
                guesses = [self.guess(arg) for arg in args]
                patterns = phrase.patterns(self.words)
                value: str | None = patterns[0].value
                if value == "α" or len(patterns) > 1:
                    value = join(*(k for k, _, _ in guesses)) or "ℕ"
                return value, True, any(v for _, _, v in guesses)
            case Apply(function) | Derived(function):
                if function.name in self._busy:
                    return None, True, False
                return self.signature(function.name).codomain, True, True
            case Big(_, _, _, _, body):
                return self.guess(body)
            case Card():
                return "ℕ", True, True
            case SumOver(_, decl):
                return self.declared.get(decl.names[0].name), True, True
            case Cases(branches):
                return join(*(self.guess(value)[0] for value, _ in branches)), True, True
            case _:
                return None, False, False

    # ---- sets

    def _set_variables(self) -> dict[str, str]:
        """Variables that stand for sets, with their elements' type."""
        found: dict[str, list[str | None]] = {}
        for part in self.parts:
            match part:
                case Member(term, Var(name)):
                    found.setdefault(name, []).append(self.guess(term)[0])
                case Rel(op, left, right) if op in "⊆⊂=":
                    for one, other in ((left, right), (right, left)):
                        if isinstance(one, Var) and (op != "=" or isinstance(other, _SETS)):
                            found.setdefault(one.name, []).append(self._elements(other))
                case Arith(op, args) if op in "∪∩\\":
                    for arg in args:
                        if isinstance(arg, Var):
                            found.setdefault(arg.name, []).append(None)
                case _:
                    pass
        default = "ℤ" if self.integral else "ℝ"
        return {name: join(*kinds) or default for name, kinds in found.items()}

    def is_set_described(self, name: str) -> bool:
        """Whether an equation or inclusion says what set a variable stands for."""
        relations = [part for part in self.parts if isinstance(part, Rel) and part.op in "=⊆⊂"]
        return any(
            isinstance(s, Var) and s.name == name for part in relations for s in (part.left, part.right)
        )

    def _elements(self, term: Term) -> str | None:
        match term:
            case Var(name):
                return getattr(self, "sets", {}).get(name)
            case SetRef():
                return set_type(term)
            case Collection(items):
                return join(*(self.guess(item)[0] for item in items)) or None
            case Interval(_, low, high):
                return join(self.guess(low)[0], self.guess(high)[0], None if self.integral else "ℝ")
            case Build(decl):
                if decl.sort is not None and not isinstance(decl.sort, FunctionSort):
                    return self.sort_type(decl.sort)
                return self.variable(decl.names[0].name, decl.limits)[0]
            case _:
                return None
