"""The logical form to a theorem: types of variables, binders, hypotheses, goal.

Sorts: "integer" is ℤ; "positive integer" is ℕ with `0 < n`; "natural number" and "nonnegative integer" are
ℕ; a prime, composite or perfect number is ℕ; an even or odd number is ℤ; rational, real and complex numbers
are ℚ, ℝ and ℂ, but where a statement says of something that it is rational or irrational, "rational number"
is a real number that equals some `q : ℚ`. All this is data: see `index/ontology/arithmetic.jsonl`.

A variable that nothing declares is bound by the theorem if the statement fixes its type (`traverse`), else
the statement is not read. Universal quantifiers and implications at the head of the goal become binders
and hypotheses. What comes out trivially true anywhere but among hypotheses is not read either: it shows
that a type swallowed what the statement wanted to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from cramf.formalize.symbolic.leanterm import (
    App,
    Ascribe,
    Atom,
    Binder,
    Infix,
    Lean,
    ModEq,
    Prefix,
    SetOf,
    identifiers,
    read_template,
    substitute,
)
from cramf.formalize.symbolic.lexicon import TOWER, Lexicon, Pattern, Phrase
from cramf.formalize.symbolic.printer import print_binders, print_lean
from cramf.formalize.symbolic.syntax import (
    And,
    Congruent,
    Decl,
    Formula,
    Iff,
    Implies,
    Infinite,
    IsA,
    Member,
    Not,
    Or,
    Pred,
    Quant,
    Rel,
    SetRef,
    Span,
    Statement,
    Term,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.terms import TermElaborator, join
from cramf.formalize.symbolic.traverse import (
    asserted,
    bound_names,
    free_variables,
    inferred_type,
    phrases_of,
    span_of,
)

__all__ = ["Theorem", "elaborate"]


_POSITIVE = read_template("0 < {0}"), read_template("Nat.Prime {0}")
"""Conditions that keep a natural number from being 0."""


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


class _Elaborator:
    def __init__(self, statement: Statement, lexicon: Lexicon) -> None:
        self.statement = statement
        self.lexicon = lexicon
        self.free = free_variables(statement)
        bound = bound_names(statement)
        self.bound = bound
        self.unnamed = sum(name.startswith("?") for name in bound)
        used = {name for name in bound if not name.startswith("?")} | {v.name for v in self.free}
        self.terms = TermElaborator(phrases_of(statement), used)
        self.binders: list[tuple[str, str]] = []
        self.hypotheses = 0
        # Names of hypotheses must not meet a variable's, nor each other.
        self.hypothesis_names: set[str] = set()

    @property
    def words(self) -> frozenset[str]:
        return self.terms.words

    def run(self) -> Theorem:
        items = (*self.statement.setup, self.statement.goal)
        for variable in self.free:
            if variable.name in self.bound:
                raise UnreadError(f"{variable.name} is used outside of what declares it", variable.span)
            found = inferred_type(variable.name, asserted(self.statement), items, self.words)
            if found is None:
                raise UnreadError(f"what kind of number {variable.name} is has not been said", variable.span)
            self.bind_name(variable, found[0], f"inferred from {found[1]!r}")
            self.binders.append((self.shown(variable), found[0]))
        for item in self.statement.setup:
            if isinstance(item, Decl):
                self.hoist(item)
            else:
                self.suppose(item)
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
        lean = self.wanted(goal)
        return Theorem(tuple(self.binders), print_lean(lean), tuple(self.terms.notes))

    # ---- binders of the theorem

    def hoist(self, decl: Decl) -> None:
        """A declaration as binders of the theorem."""
        kinds = self.declare(decl)
        for name, kind in kinds:
            self.binders.append((name, kind))
        for formula in self.limits(decl):
            self.hypothesis(formula, decl)

    def suppose(self, formula: Formula) -> None:
        parts = formula.parts if isinstance(formula, And) else (formula,)
        for part in parts:
            if isinstance(part, And):
                self.suppose(part)
                continue
            lean = self.lower(part)
            if lean is not None:
                self.hypothesis(lean, None)

    def hypothesis(self, lean: Lean, decl: Decl | None) -> None:
        """Adds a hypothesis: `hn` where a declaration limits `n` alone, else the next of `h₀`, `h₁`, ..."""
        mentioned = identifiers(lean)
        about = [self.shown(v) for v in decl.names if self.shown(v) in mentioned] if decl else []
        name = f"h{about[0]}" if len(about) == 1 else ""
        number = 0
        taken = self.hypothesis_names | self.terms.used
        base = name
        while name and name in taken:
            number += 1
            name = base + _subscript(number)
        while not name or name in taken:
            name = "h" + _subscript(self.hypotheses)
            self.hypotheses += 1
        self.hypothesis_names.add(name)
        self.binders.append((name, print_lean(lean)))

    # ---- declarations

    def shown(self, variable: Var) -> str:
        return self.terms.shown.get(variable.name, variable.name)

    def bind_name(self, variable: Var, kind: str, why: str) -> str:
        if variable.name in self.terms.scope:
            raise UnreadError(f"{variable.name} is declared twice", variable.span)
        self.terms.scope[variable.name] = kind
        self.terms.positive.discard(variable.name)
        if variable.name.startswith("?"):
            self.terms.shown[variable.name] = self.letter(kind, why)
        self.terms.note(f"{self.shown(variable)} : {kind} ({why})")
        return self.shown(variable)

    def letter(self, kind: str, why: str) -> str:
        """A name for an unnamed object: by its kind if it is the only one, else from the alphabet's start."""
        single = "p" if why == "prime" else {"ℕ": "n", "ℤ": "n", "ℚ": "q", "ℝ": "x", "ℂ": "z"}[kind]
        letters = single if self.unnamed == 1 else "abcdmn"
        free = next((letter for letter in letters if letter not in self.terms.used), letters[0])
        name = self.terms.fresh(free)
        self.terms.used.add(name)
        return name

    def sort_pattern(self, sort: Phrase | SetRef) -> tuple[str, Lean | None, str]:
        """Type, condition template and name of a number sort."""
        if isinstance(sort, Phrase):
            pattern = sort.patterns(self.words)[0]
            trivial = pattern.template == Atom("True")
            return pattern.type, None if trivial else pattern.template, sort.name
        kind = sort.type
        name = f"{sort.condition} {kind}".strip()
        if sort.condition in ("positive", "nonnegative") and kind == "ℤ":
            kind = "ℕ"
        if not sort.condition or (sort.condition == "nonnegative" and kind == "ℕ"):
            return kind, None, name
        adjective = self.lexicon.role(sort.condition, "adjective")
        if adjective is None:
            raise UnreadError(f"no word {sort.condition!r} in the ontology", sort.span)
        return kind, adjective.patterns(self.words)[0].template, name

    def declare(self, decl: Decl) -> list[tuple[str, str]]:
        """Brings a declaration's variables into scope; their Lean names and types."""
        found: list[tuple[str, str]] = []
        for variable in decl.names:
            if decl.sort is not None:
                kind, _, why = self.sort_pattern(decl.sort)
            else:
                kind, why = self.unsorted(variable, decl)
            found.append((self.bind_name(variable, kind, why), kind))
        return found

    def unsorted(self, variable: Var, decl: Decl) -> tuple[str, str]:
        # What limits the variable speaks first ("a prime p"), the rest of the statement after that.
        everything = (*self.statement.setup, self.statement.goal)
        for supposed, items in ((decl.limits, decl.limits), (asserted(self.statement), everything)):
            inferred = inferred_type(variable.name, supposed, items, self.words)
            if inferred is not None:
                return inferred
        raise UnreadError(f"what kind of number {variable.name} is has not been said", variable.span)

    def limits(self, decl: Decl) -> list[Lean]:
        """What a declaration says of its variables beyond their type."""
        found: list[Lean] = []
        if decl.sort is not None:
            kind, condition, _ = self.sort_pattern(decl.sort)
            if condition is not None:
                pattern = Pattern("type", kind, kind, condition, 1)
                found.extend(self.terms.applied(pattern, (v,), kind) for v in decl.names)
                if kind == "ℕ" and condition in _POSITIVE:
                    self.terms.positive.update(v.name for v in decl.names)
        for limit in decl.limits:
            if isinstance(limit, Pred) and isinstance(limit.args[0], Var):
                kind = self.terms.scope.get(limit.args[0].name, "")
                templates = [p.template for p in limit.phrase.patterns(self.words) if p.type == kind == "ℕ"]
                if any(template in _POSITIVE for template in templates):
                    self.terms.positive.add(limit.args[0].name)
            found.extend(self.conjuncts(limit))
        return found

    def conjuncts(self, formula: Formula) -> list[Lean]:
        if isinstance(formula, And):
            return [lean for part in formula.parts for lean in self.conjuncts(part)]
        lean = self.lower(formula)
        return [] if lean is None else [lean]

    # ---- formulas

    def wanted(self, formula: Formula) -> Lean:
        """A formula that must not come out trivially true."""
        lean = self.lower(formula)
        if lean is None:
            raise UnreadError("nothing is left to say once the types are settled", span_of(formula))
        return lean

    def lower(self, formula: Formula) -> Lean | None:
        """A formula in Lean; None where the types of its variables already say it."""
        match formula:
            case Rel(op, left, right, span):
                return self.relation(op, left, right, span)
            case Congruent(left, right, modulus, span):
                return self.congruence(left, right, modulus, span)
            case Pred(phrase, args, span):
                return self.said(phrase, args, span)
            case IsA(term, sort, span):
                return self.membership(term, sort, span)
            case Member(term, number_set, negated, span):
                member = self.membership(term, number_set, span)
                if negated and member is None:
                    raise UnreadError("nothing is left to say once the types are settled", span)
                return Prefix("¬", member) if negated and member is not None else member
            case And(parts):
                leans = [lean for part in parts if (lean := self.lower(part)) is not None]
                return _chained("∧", leans) if leans else None
            case Or(parts):
                if any(isinstance(part, And) for part in parts):
                    self.terms.note("'and' binds more tightly than 'or'")
                return _chained("∨", [self.wanted(part) for part in parts])
            case Not(body):
                lean = self.wanted(body)
                if isinstance(lean, Infix) and lean.op == "=":
                    return Infix("≠", lean.left, lean.right)
                return Prefix("¬", lean)
            case Implies(premise, conclusion):
                leans = [*self.conjuncts(premise), self.wanted(conclusion)]
                return _chained("→", leans)
            case Iff(left_side, right_side):
                return Infix("↔", self.wanted(left_side), self.wanted(right_side))
            case Quant():
                return self.quantified(formula)
            case Infinite(decl, span):
                return self.infinite(decl, span)

    def relation(self, op: str, left: Term, right: Term, span: Span) -> Lean:
        kind = join(self.terms.type_of(left), self.terms.type_of(right)) or "ℕ"
        if op in "<≤>≥" and kind == "ℂ":
            raise UnreadError("complex numbers have no order", span)
        if op in "∣∤" and kind not in ("ℕ", "ℤ"):
            raise UnreadError(f"divisibility is not read in {kind}", span)
        sides = [self.terms.lower(left, kind), self.terms.lower(right, kind)]
        sides = self.terms.settled(sides, kind, joint=op not in "∣∤")
        if op == "∤":
            return Prefix("¬", Infix("∣", sides[0], sides[1]))
        return Infix(op, sides[0], sides[1])

    def congruence(self, left: Term, right: Term, modulus: Term, span: Span) -> Lean:
        kind = join(*(self.terms.type_of(t) for t in (left, right, modulus))) or "ℤ"
        if kind not in ("ℕ", "ℤ"):
            raise UnreadError(f"congruence is not read in {kind}", span)
        tag = "MOD" if kind == "ℕ" else "ZMOD"
        sides = [self.terms.lower(term, kind) for term in (left, right, modulus)]
        return ModEq(tag, sides[0], sides[1], sides[2])

    def said(self, phrase: Phrase, args: tuple[Term, ...], span: Span) -> Lean:
        argument = join(*map(self.terms.type_of, args))
        pattern = self.terms.predicate(phrase, argument, span)
        kind = pattern.type if pattern.type != "α" else argument or "ℕ"
        if pattern.type == "α" and kind == "ℂ" and _orders(pattern.template):
            raise UnreadError("complex numbers have no order", span)
        if pattern.arity > len(args):
            raise UnreadError(f"{phrase.name!r} is said of {pattern.arity} things", span)
        return self.terms.applied(pattern, args, kind)

    def membership(self, term: Term, sort: Phrase | SetRef, span: Span) -> Lean | None:
        """That a term is of a number sort: its condition if the type says the rest, else `∃ k : ℤ, x = k`."""
        kind, condition, name = self.sort_pattern(sort)
        own = self.terms.type_of(term)
        if own is None or TOWER.index(own) <= TOWER.index(kind):
            if condition is None:
                return None
            if own != kind and name.startswith("rational"):
                raise UnreadError("a term that is rational by its type", span)
            pattern = Pattern("type", kind, kind, condition, 1)
            return self.terms.applied(pattern, (term,), own if _is_order(condition) and own else kind)
        variable = self.terms.fresh({"ℕ": "k", "ℤ": "k", "ℚ": "q", "ℝ": "r"}[kind])
        equal: Lean = Infix("=", self.terms.lower(term, own), Ascribe(Atom(variable), own))
        if condition is not None:
            equal = Infix("∧", substitute(condition, (Atom(variable),), {}), equal)
        return Binder("∃", (variable,), kind, equal)

    def quantified(self, quant: Quant) -> Lean:
        saved = dict(self.terms.scope)
        groups: list[tuple[list[tuple[str, str]], list[Lean]]] = []
        for decl in quant.decls:
            names = self.declare(decl)
            groups.append((names, self.limits(decl)))
        limits = [lean for _, leans in groups for lean in leans]
        body = self.wanted(quant.body) if quant.body is not None else None
        names = [pair for group, _ in groups for pair in group]
        self.terms.scope = saved
        if quant.kind == "∃!" and len(names) != 1:
            raise UnreadError("uniqueness of several objects together", quant.span)
        parts = limits + ([body] if body is not None else [])
        if not parts:
            raise UnreadError("nothing is said of what exists", quant.span)
        result = _chained("→" if quant.kind == "∀" else "∧", parts)
        while names:
            kind = names[-1][1]
            start = len(names)
            while start and names[start - 1][1] == kind:
                start -= 1
            result = Binder(quant.kind, tuple(name for name, _ in names[start:]), kind, result)
            del names[start:]
        return result

    def infinite(self, decl: Decl, span: Span) -> Lean:
        saved = dict(self.terms.scope)
        ((name, kind),) = self.declare(decl)
        limits = self.limits(decl)
        self.terms.scope = saved
        if not limits:
            raise UnreadError("nothing is said of what there are infinitely many of", span)
        return App("Set.Infinite", (SetOf(name, kind, _chained("∧", limits)),))


def _chained(op: str, parts: list[Lean]) -> Lean:
    """`a ∧ (b ∧ c)` and the like; the printer leaves these parentheses out."""
    result = parts[-1]
    for part in reversed(parts[:-1]):
        result = Infix(op, part, result)
    return result


def _subscript(number: int) -> str:
    return "".join(chr(0x2080 + int(digit)) for digit in str(number))


def _is_order(condition: Lean) -> bool:
    return isinstance(condition, Infix) and condition.op in "<≤≠"


def _orders(template: Lean) -> bool:
    return isinstance(template, Infix) and template.op in "<≤>≥"
