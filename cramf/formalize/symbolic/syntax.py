"""The logical form between the reading of a statement and its printing in Lean.

Terms and formulas here have no types yet; `elaborate` gives them types and turns them into `leanterm`.
`span` fields are character offsets into the original statement and serve only abstentions.
"""

from __future__ import annotations

from dataclasses import dataclass

from cramf.formalize.symbolic.lexicon import Phrase

__all__ = [
    "TERM_TYPES",
    "And",
    "Apply",
    "Arith",
    "Big",
    "Build",
    "Card",
    "Cases",
    "Collection",
    "Congruent",
    "Constant",
    "Decl",
    "Derived",
    "Described",
    "Extremal",
    "Formula",
    "FunctionSort",
    "Iff",
    "Implies",
    "Infinite",
    "Integral",
    "Interval",
    "IsA",
    "Limit",
    "Maps",
    "Member",
    "Not",
    "Num",
    "Op",
    "Or",
    "Pi",
    "Pred",
    "Quant",
    "RefusedError",
    "Rel",
    "SetRef",
    "Span",
    "Statement",
    "SumOver",
    "Term",
    "Tuple",
    "UnreadError",
    "Var",
    "defines",
]

Span = tuple[int, int]


class UnreadError(Exception):
    """Something that this backend does not read; `span` is where it stands in the statement."""

    def __init__(self, reason: str, span: Span, misfit: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span
        self.misfit = misfit
        """Whether only this derivation is at fault: it uses a word in a role that the word does not have."""


class RefusedError(UnreadError):
    """Something that is read and has no one clear or honest meaning; no other reader is to try it."""


@dataclass(frozen=True, slots=True)
class Var:
    """A variable as written (`x`, `x₁`) or, where the name starts with `?`, one that a description made."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Num:
    """A numeral, with a decimal point or without."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Pi:
    """The circle constant."""

    span: Span


@dataclass(frozen=True, slots=True)
class Arith:
    """`+ - * / ^ %` on two numbers, `neg` on one; `∪ ∩ \\` on two sets."""

    op: str
    args: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Op:
    """An operation of the ontology on its arguments."""

    phrase: Phrase
    args: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Constant:
    """`e`, `i` (the imaginary unit) or `∞` where the statement means these and no variable."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Apply:
    """A function symbol of the statement on its arguments, or a sequence on its index (`a_{n+1}`)."""

    function: Var
    args: tuple[Term, ...]
    indexed: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Derived:
    """`f'(x)` (order 1, 2, ...) or, with order -1, the inverse function's `f^{-1}(x)`."""

    function: Var
    order: int
    arg: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Big:
    """`∑` or `∏` of `body` for `var` from `low` to `high` (`∞` in a series)."""

    op: str
    var: Var
    low: Term
    high: Term
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Integral:
    var: Var
    low: Term
    high: Term
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of `body` as `var` goes to `to`; `side` is `+`, `-` or empty."""

    var: Var
    to: Term
    side: str
    body: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Cases:
    """A value by cases; a condition of None is "otherwise"."""

    branches: tuple[tuple[Term, Formula | None], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Tuple:
    """`(x, y)` and the like; an equation of tuples is one of each component."""

    items: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Collection:
    """`{1, 2, 3}`."""

    items: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Interval:
    """`[a, b)`; `shape` has Mathlib's letters `cc`, `co`, `oc`, `oo`, with `i` where an end is infinite."""

    shape: str
    low: Term
    high: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Build:
    """`{x ∈ S : condition}`."""

    decl: Decl
    span: Span


@dataclass(frozen=True, slots=True)
class SetRef:
    """A number set such as ℤ with its decoration's condition (positive, nonnegative, nonzero or none)."""

    type: str
    condition: str
    span: Span


@dataclass(frozen=True, slots=True)
class FunctionSort:
    """The type of a function symbol or, with domain ℕ, of a sequence; None is what is not said."""

    domain: tuple[SetRef | None, ...]
    codomain: SetRef | None
    span: Span


@dataclass(frozen=True, slots=True)
class Decl:
    """Variables bound together: by a noun (`sort`), by a set, or by nothing; `limits` restrict them."""

    names: tuple[Var, ...]
    sort: Phrase | SetRef | FunctionSort | None
    limits: tuple[Formula, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Card:
    """How many objects meet a declaration; a natural number."""

    decl: Decl
    span: Span


@dataclass(frozen=True, slots=True)
class SumOver:
    """The sum (`+`) or product (`*`) of the values of one variable that meet its declaration."""

    op: str
    decl: Decl
    span: Span


@dataclass(frozen=True, slots=True)
class Described:
    """A term that stands for an unnamed object: "an even integer", "the sum of two primes".

    `decls` bind the placeholders in `term`. "an even integer" speaks of all of them in the subject of a
    clause, and of some of them in the predicate.
    """

    term: Term
    decls: tuple[Decl, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Rel:
    """`= ≠ < ≤ > ≥ ∣ ∤` between two terms, `⊆ ⊂` between two sets."""

    op: str
    left: Term
    right: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Congruent:
    left: Term
    right: Term
    modulus: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Pred:
    """An adjective, noun or relation of the ontology said of terms."""

    phrase: Phrase
    args: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class IsA:
    """A term said to be of a number sort ("n is a positive integer"); it can declare a variable."""

    term: Term
    sort: Phrase
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """`x ∈ ℝ` or, for a set that the statement makes or names, `x ∈ S`; it can declare a variable."""

    term: Term
    set: SetRef | Term
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Maps:
    """`f : ℝ → ℝ`; it declares the function symbols."""

    names: tuple[Var, ...]
    sort: FunctionSort
    span: Span


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Not:
    body: Formula


@dataclass(frozen=True, slots=True)
class Implies:
    premise: Formula
    conclusion: Formula


@dataclass(frozen=True, slots=True)
class Iff:
    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Quant:
    """`kind` is `∀`, `∃` or `∃!`; the limits of the declarations join the body."""

    kind: str
    decls: tuple[Decl, ...]
    body: Formula | None
    span: Span


@dataclass(frozen=True, slots=True)
class Extremal:
    """`value` is the least (`IsLeast`) or greatest (`IsGreatest`) of what meets the declaration."""

    kind: str
    decl: Decl
    value: Term
    span: Span


@dataclass(frozen=True, slots=True)
class Infinite:
    """Infinitely many objects meet the declaration of one variable."""

    decl: Decl
    span: Span


Term = (
    Var
    | Num
    | Pi
    | Arith
    | Op
    | Constant
    | Apply
    | Derived
    | Big
    | Integral
    | Limit
    | Cases
    | Tuple
    | Collection
    | Interval
    | Build
    | Card
    | SumOver
    | SetRef
)
TERM_TYPES = (
    Var,
    Num,
    Pi,
    Arith,
    Op,
    Constant,
    Apply,
    Derived,
    Big,
    Integral,
    Limit,
    Cases,
    Tuple,
    Collection,
    Interval,
    Build,
    Card,
    SumOver,
    SetRef,
)
Formula = (
    Rel
    | Congruent
    | Pred
    | IsA
    | Member
    | Maps
    | And
    | Or
    | Not
    | Implies
    | Iff
    | Quant
    | Infinite
    | Extremal
)


@dataclass(frozen=True, slots=True)
class Statement:
    """Declarations and suppositions in the order written, and what is to be proved from them."""

    setup: tuple[Decl | Formula, ...]
    goal: Formula


def defines(formula: object) -> bool:
    """Whether this has the shape of a definition: `f(x, y) = ...` with different variables as arguments."""
    if not (isinstance(formula, Rel) and formula.op == "=" and isinstance(formula.left, Apply)):
        return False
    args = formula.left.args
    names = {arg.name for arg in args if isinstance(arg, Var)}
    return not formula.left.indexed and len(names) == len(args)
