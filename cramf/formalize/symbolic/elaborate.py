"""The logical form to a theorem: types of variables, binders, hypotheses, goal.

Sorts: "integer" is ℤ; "positive integer" is ℕ with `0 < n`; "natural number" and "nonnegative integer" are
ℕ; a prime, composite or perfect number is ℕ; an even or odd number is ℤ; rational, real and complex numbers
are ℚ, ℝ and ℂ, but where a statement says of something that it is rational or irrational, "rational number"
is a real number that equals some `q : ℚ`. All this is data: see `index/ontology/arithmetic.jsonl`.

A variable, function symbol or set that nothing declares is bound by the theorem with the type that `infer`
finds. Universal quantifiers and implications at the head of the goal become binders and hypotheses. What
equations need to mean anything (divisors that are not 0, logarithms of positive numbers, roots of numbers
that are not negative) is a hypothesis beside a supposed equation, a conjunct inside `∃`, sets and `↔`. What
comes out trivially true anywhere but among hypotheses is not read: it shows that a type swallowed what the
statement wanted to say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cramf.formalize.symbolic import syntax
from cramf.formalize.symbolic.declarations import is_relational
from cramf.formalize.symbolic.formulas import FormulaElaborator
from cramf.formalize.symbolic.leanterm import (
    App,
    Atom,
    Lean,
    identifiers,
)
from cramf.formalize.symbolic.lexicon import TOWER, Lexicon
from cramf.formalize.symbolic.printer import print_binders, print_lean
from cramf.formalize.symbolic.syntax import (
    And,
    Decl,
    Derived,
    Formula,
    Implies,
    Maps,
    Quant,
    RefusedError,
    Rel,
    Statement,
    UnreadError,
    Var,
    defines,
)
from cramf.formalize.symbolic.traverse import (
    every,
    variables_of,
)

__all__ = ["Theorem", "elaborate"]


@dataclass(frozen=True, slots=True)
class Theorem:
    """Binders as (name, type text) pairs, the goal's text, and notes on choices."""

    binders: tuple[tuple[str, str], ...]
    goal: str
    notes: tuple[str, ...]

    @property
    def meaning(self) -> tuple[frozenset[str], str]:
        """What two readings must share to be the same up to the order and names of hypotheses."""
        types = frozenset(f"{name} : {kind}" if kind in TOWER else kind for name, kind in self.binders)
        return types, self.goal

    @property
    def signature(self) -> str:
        """Binders and goal."""
        return f"{print_binders(self.binders)} : {self.goal}".lstrip()

    def text(self, name: str) -> str:
        """The Lean theorem under this name."""
        return f"theorem {name} {self.signature} := by\n  sorry"


def elaborate(statement: Statement, lexicon: Lexicon) -> Theorem:
    """The theorem that a logical form states.

    Raises:
        UnreadError: where a type is not fixed, nothing of the goal is left, or types do not fit.
    """
    return _Elaborator(statement, lexicon).run()


class _Elaborator(FormulaElaborator):
    """Makes the theorem of one statement."""

    def run(self) -> Theorem:
        inner = {name.partition("@")[0] for name in self.bound if "@" in name}
        summed = {name.partition("@")[0] for name in self.summed}
        for variable in self.free:
            if variable.name in self.bound or (variable.name in inner and variable.name in summed):
                raise UnreadError(f"{variable.name} is used outside of what declares it", variable.span)
            self.bind_free(variable)
        for item in self.statement.setup:
            if isinstance(item, Decl):
                self.hoist(item)
            else:
                self.suppose(item)
        given = frozenset(self.scope)
        goal: Formula | None = self.statement.goal
        while isinstance(goal, Implies) or (isinstance(goal, Quant) and goal.kind == "∀"):
            if isinstance(goal, Implies):
                self.suppose(goal.premise)
                goal = goal.conclusion
            else:
                for decl in goal.decls:
                    self.hoist(decl)
                goal = goal.body
        assert goal is not None
        self.refuse_strangers(goal)
        self.presupposed.clear()
        lean = self.wanted(goal)
        if isinstance(goal, Rel) and goal.op == "=":
            self.suppose_presupposed(given, "≠")
        self.suppose_bijective()
        return Theorem(tuple(self.binders), print_lean(lean), tuple(self.notes))

    def refuse_strangers(self, goal: Formula) -> None:
        """Refuses an equation to prove with a side that is a letter that stands nowhere else."""
        if not isinstance(goal, Rel) or goal.op != "=":
            return
        counts = Counter(
            v.name for item in (*self.statement.setup, self.statement.goal) for v in variables_of(item)
        )
        for side in (goal.left, goal.right):
            if isinstance(side, Var) and counts[side.name] == 1:
                raise RefusedError(f"what {side.name} is has not been said", side.span)

    def suppose_bijective(self) -> None:
        """A function whose inverse is written and that no equation defines is supposed to be bijective."""
        items = (*self.statement.setup, self.statement.goal)
        inverted = {p.function.name for p in every(items) if isinstance(p, Derived) and p.order < 0}
        defined = {
            p.left.function.name
            for p in every(items)
            if isinstance(p, Rel) and defines(p) and isinstance(p.left, syntax.Apply)
        }
        for name in sorted(inverted - defined):
            self.note(f"{name} has an inverse, so it is supposed to be bijective")
            self.hypothesis(App("Function.Bijective", (Atom(self.name(name)),)), None)

    def hoist(self, decl: Decl) -> None:
        """A declaration as binders of the theorem."""
        kinds = self.declare(decl)
        for name, kind in kinds:
            self.binders.append((name, kind))
        self.presupposed.clear()
        for formula in self.limits(decl):
            self.hypothesis(formula, decl)
        self.suppose_presupposed()

    def suppose(self, formula: Formula) -> None:
        parts = formula.parts if isinstance(formula, And) else (formula,)
        for part in parts:
            if isinstance(part, And):
                self.suppose(part)
                continue
            if isinstance(part, Maps):
                self.hoist(Decl(part.names, part.sort, (), part.span))
                continue
            self.presupposed.clear()
            self.learn(part)
            self.supposing = True
            lean = self.lower_formula(part)
            self.supposing = False
            if is_relational(part):
                self.suppose_presupposed()
            if lean is not None:
                self.hypothesis(lean, None)

    def suppose_presupposed(self, names: frozenset[str] | None = None, signs: str = "≠<≤") -> None:
        """What a supposed relation needs to mean anything, as far as it speaks of the theorem's variables."""
        allowed = names if names is not None else frozenset(n for n in self.scope if "@" not in n)
        known = {text for _, text in self.binders}
        for condition in self.conditions(allowed, signs):
            if print_lean(condition) not in known:
                self.hypothesis(condition, None)
        self.presupposed.clear()

    def hypothesis(self, lean: Lean, decl: Decl | None) -> None:
        """Adds a hypothesis: `hn` where a declaration limits `n` alone, else the next of `h₀`, `h₁`, ..."""
        mentioned = identifiers(lean)
        about = [n for v in decl.names if (n := self.name(v.name)) in mentioned] if decl else []
        name = f"h{about[0]}" if len(about) == 1 else ""
        number = 0
        taken = self.hypothesis_names | self.used
        base = name
        while name and name in taken:
            number += 1
            name = base + _subscript(number)
        while not name or name in taken:
            name = "h" + _subscript(self.hypotheses)
            self.hypotheses += 1
        self.hypothesis_names.add(name)
        self.binders.append((name, print_lean(lean)))


def _subscript(number: int) -> str:
    return "".join(chr(0x2080 + int(digit)) for digit in str(number))
