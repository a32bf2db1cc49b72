"""The logical form between the reading of a statement and its printing in Lean.

Terms and formulas here have no types yet; `elaborate` gives them types and turns them into `leanterm`.
`span` fields are character offsets into the original statement and serve only abstentions.
"""

from __future__ import annotations

from dataclasses import dataclass

from cramf.formalize.symbolic.lexicon import Phrase

__all__ = [
    "And",
    "Arith",
    "Congruent",
    "Decl",
    "Described",
    "Formula",
    "Iff",
    "Implies",
    "Infinite",
    "IsA",
    "Member",
    "Not",
    "Num",
    "Op",
    "Or",
    "Pi",
    "Pred",
    "Quant",
    "Rel",
    "SetRef",
    "Span",
    "Statement",
    "Term",
    "UnreadError",
    "Var",
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
    """`+ - * / ^` on two terms, or `neg` on one."""

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
class SetRef:
    """A number set such as ℤ with its decoration's condition (positive, nonnegative, nonzero or none)."""

    type: str
    condition: str
    span: Span


@dataclass(frozen=True, slots=True)
class Decl:
    """Variables bound together: by a noun (`sort`), by a set, or by nothing; `limits` restrict them."""

    names: tuple[Var, ...]
    sort: Phrase | SetRef | None
    limits: tuple[Formula, ...]
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
    """`= ≠ < ≤ > ≥ ∣ ∤` between two terms."""

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
    """`x ∈ ℝ`; it can declare a variable."""

    term: Term
    set: SetRef
    negated: bool
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
class Infinite:
    """Infinitely many objects meet the declaration of one variable."""

    decl: Decl
    span: Span


Term = Var | Num | Pi | Arith | Op
Formula = Rel | Congruent | Pred | IsA | Member | And | Or | Not | Implies | Iff | Quant | Infinite


@dataclass(frozen=True, slots=True)
class Statement:
    """Declarations and suppositions in the order written, and what is to be proved from them."""

    setup: tuple[Decl | Formula, ...]
    goal: Formula
