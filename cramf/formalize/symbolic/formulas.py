"""Formulas to Lean under a scope of declarations."""

from __future__ import annotations

from collections.abc import Iterator

from cramf.formalize.symbolic import syntax
from cramf.formalize.symbolic.ascription import anchored, ascribed
from cramf.formalize.symbolic.declarations import DeclarationElaborator, is_relational
from cramf.formalize.symbolic.leanterm import (
    App,
    Ascribe,
    Atom,
    Binder,
    Infix,
    Items,
    Lean,
    ModEq,
    Prefix,
    SetOf,
    Suffix,
    substitute,
)
from cramf.formalize.symbolic.lexicon import TOWER, Pattern, Phrase
from cramf.formalize.symbolic.syntax import (
    And,
    Apply,
    Arith,
    Congruent,
    Constant,
    Decl,
    Extremal,
    Formula,
    Iff,
    Implies,
    Infinite,
    IsA,
    Limit,
    Maps,
    Member,
    Not,
    Num,
    Op,
    Or,
    Pred,
    Quant,
    RefusedError,
    Rel,
    SetRef,
    Span,
    Term,
    Tuple,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.traverse import (
    every,
    span_of,
    variables_of,
)
from cramf.formalize.symbolic.usage import join, set_type

__all__ = ["FormulaElaborator", "chained"]


_PRESUPPOSED = {
    "≠": "what an equation divides by is supposed not to be 0",
    "<": "what an equation takes the logarithm of is supposed to be positive",
    "≤": "what an equation takes the root of is supposed not to be negative",
}


class FormulaElaborator(DeclarationElaborator):
    """Adds formulas to what `DeclarationElaborator` knows."""

    def conjuncts(self, formula: Formula) -> list[Lean]:
        if isinstance(formula, And):
            return [lean for part in formula.parts for lean in self.conjuncts(part)]
        lean = self.lower_formula(formula)
        return [] if lean is None else [lean]

    def wanted(self, formula: Formula) -> Lean:
        """A formula that must not come out trivially true."""
        lean = self.lower_formula(formula)
        if lean is None:
            raise UnreadError("nothing is left to say once the types are settled", span_of(formula))
        return lean

    def lower_formula(self, formula: Formula) -> Lean | None:
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
                if isinstance(number_set, SetRef):
                    member = self.membership(term, number_set, span)
                else:
                    member = self.element(term, number_set)
                if negated and member is None:
                    raise UnreadError("nothing is left to say once the types are settled", span)
                if negated and isinstance(member, Infix) and member.op == "∈":
                    return Infix("∉", member.left, member.right)
                return Prefix("¬", member) if negated and member is not None else member
            case Maps(_, _, span):
                raise UnreadError("a function is declared where it cannot be", span)
            case Extremal(kind, decl, value, span):
                domain = self.build(decl)
                of = self.declared_type(decl)
                found = self.type_of(value)
                if found is not None and TOWER.index(found) > TOWER.index(of):
                    raise UnreadError(f"a value that is not known to be of type {of}", span)
                return App(kind, (domain, self.lower(value, of)))
            case And(parts):
                leans = [lean for part in parts if (lean := self.lower_formula(part)) is not None]
                return chained("∧", leans) if leans else None
            case Or(parts):
                if any(isinstance(part, And) for part in parts):
                    self.note("'and' binds more tightly than 'or'")
                return chained("∨", [self.wanted(part) for part in parts])
            case Not(body):
                lean = self.wanted(body)
                if isinstance(lean, Infix) and lean.op == "=":
                    return Infix("≠", lean.left, lean.right)
                return Prefix("¬", lean)
            case Implies(premise, conclusion):
                saved = dict(self.least)
                self.learn(premise)
                leans = [*self.conjuncts(premise), self.wanted(conclusion)]
                self.least = saved
                self.changed()
                return chained("→", leans)
            case Iff(left_side, right_side):
                return Infix("↔", self.defined(left_side), self.defined(right_side))
            case Quant():
                return self.quantified(formula)
            case Infinite(decl, span):
                return self.infinite(decl, span)

    def element(self, term: Term, of: Term) -> Lean:
        """`x ∈ S` for a set that is no number set."""
        kind = join(self.elements(of), self.type_of(term)) or "ℕ"
        lean = self.lower(term, kind)
        return Infix("∈", lean, self.lower_set(of, kind))

    def relation(self, op: str, left: Term, right: Term, span: Span) -> Lean | None:
        if isinstance(left, Tuple) or isinstance(right, Tuple):
            if not isinstance(left, Tuple) or not isinstance(right, Tuple) or op != "=":
                raise RefusedError("tuples are read only as equal to each other", span)
            if len(left.items) != len(right.items):
                raise UnreadError("tuples of different lengths", span)
            pairs = zip(left.items, right.items, strict=True)
            parts = [lean for a, b in pairs if (lean := self.relation("=", a, b, span)) is not None]
            return chained("∧", parts) if parts else None
        if isinstance(left, Constant) and left.name == "i" and _is_root_of_minus_one(right):
            # This only says what `i` is.
            return None
        if isinstance(left, Limit):
            return self.limit(op, left, right, span)
        if op in "⊆⊂" or self.is_set(left) or self.is_set(right):
            return self.set_relation(op, left, right, span)
        kind = join(self.type_of(left), self.type_of(right)) or "ℕ"
        if op in "<≤>≥" and kind == "ℂ":
            raise RefusedError("complex numbers have no order", span)
        if op in "∣∤" and kind not in ("ℕ", "ℤ"):
            raise RefusedError(f"divisibility is not read in {kind}", span)
        sides = [self.lower(left, kind), self.lower(right, kind)]
        sides = self.settled(sides, kind, joint=op not in "∣∤")
        if op == "∤":
            return Prefix("¬", Infix("∣", sides[0], sides[1]))
        return Infix(op, sides[0], sides[1])

    def set_relation(self, op: str, left: Term, right: Term, span: Span) -> Lean | None:
        if op not in "=≠⊆⊂":
            raise UnreadError("a set stands where a number should", span)
        if isinstance(right, SetRef) and op in "⊆⊂" and isinstance(left, Var):
            if self.elements(left) == set_type(right) and not right.condition:
                # The type of the set says it already.
                return None
            raise UnreadError("a part of a number set", span)
        kind = join(self.elements(left), self.elements(right)) or "ℕ"
        return Infix(op, self.lower_set(left, kind), self.lower_set(right, kind))

    def limit(self, op: str, limit: Limit, value: Term, span: Span) -> Lean:
        """`Filter.Tendsto`; the point itself is left out of a limit at a point."""
        if op != "=":
            raise UnreadError("a limit is read only as equal to its value", span)
        infinite = isinstance(limit.to, Constant) and limit.to.name == "∞"
        indices = any(
            isinstance(part, syntax.Apply) and part.indexed and limit.var in part.args
            for part in every([limit.body])
        )
        letter = limit.var.name[0]
        natural = infinite and (indices or letter in "kmn")
        kind = "ℕ" if natural else "ℝ"
        self.bind_name(limit.var, kind, "the variable of a limit")
        body = self.lower(limit.body, join(self.type_of(limit.body), "ℝ") or "ℝ")
        if not anchored(body):
            body = ascribed(body, "ℝ")
        function = Binder("fun", (self.name(limit.var.name),), kind, body)
        source: Lean = Atom("Filter.atTop")
        if not infinite:
            point = self.lower(limit.to, "ℝ")
            if not anchored(point):
                point = ascribed(point, "ℝ")
            others = Suffix(Items("{", (point,)), "ᶜ")
            source = App("nhdsWithin", (point, others))
        if isinstance(value, Constant) and value.name == "∞":
            target: Lean = Atom("Filter.atTop")
        else:
            found = self.type_of(value)
            if found == "ℂ":
                raise UnreadError("a complex limit", span)
            end = self.lower(value, "ℝ")
            target = App("nhds", (end if anchored(end) else ascribed(end, "ℝ"),))
        return App("Filter.Tendsto", (function, source, target))

    def congruence(self, left: Term, right: Term, modulus: Term, span: Span) -> Lean:
        kind = join(*(self.type_of(t) for t in (left, right, modulus))) or "ℤ"
        if kind not in ("ℕ", "ℤ"):
            raise UnreadError(f"congruence is not read in {kind}", span)
        tag = "MOD" if kind == "ℕ" else "ZMOD"
        sides = [self.lower(term, kind) for term in (left, right, modulus)]
        return ModEq(tag, sides[0], sides[1], sides[2])

    def said(self, phrase: Phrase, args: tuple[Term, ...], span: Span) -> Lean:
        argument = join(*map(self.type_of, args))
        pattern = self.predicate(phrase, argument, span)
        kind = pattern.type if pattern.type != "α" else argument or "ℕ"
        if pattern.type == "α" and kind == "ℂ" and _orders(pattern.template):
            raise RefusedError("complex numbers have no order", span)
        if pattern.arity > len(args):
            raise UnreadError(f"{phrase.name!r} is said of {pattern.arity} things", span)
        return self.applied(pattern, args, kind)

    def membership(self, term: Term, sort: Phrase | SetRef, span: Span) -> Lean | None:
        """That a term is of a number sort: its condition if the type says the rest, else `∃ k : ℤ, x = k`."""
        kind, condition, name = self.sort_pattern(sort)
        own = self.type_of(term)
        if own is None or TOWER.index(own) <= TOWER.index(kind):
            if condition is None:
                return None
            if own != kind and name.startswith("rational"):
                raise UnreadError("a term that is rational by its type", span)
            pattern = Pattern("type", kind, kind, condition, 1)
            return self.applied(pattern, (term,), own if _is_order(condition) and own else kind)
        variable = self.fresh({"ℕ": "k", "ℤ": "k", "ℚ": "q", "ℝ": "r"}[kind])
        equal: Lean = Infix("=", self.lower(term, own), Ascribe(Atom(variable), own))
        if condition is not None:
            equal = Infix("∧", substitute(condition, (Atom(variable),), {}), equal)
        return Binder("∃", (variable,), kind, equal)

    def conditions(
        self, allowed: frozenset[str], signs: str = "≠<≤", about: frozenset[str] | None = None
    ) -> list[Lean]:
        """What the terms lowered last presuppose and signs do not give, taken off the list.

        Only of variables in `allowed` and, if that is given, of at least one in `about`.
        """
        found: list[Lean] = []
        left: list[tuple[str, Term, str]] = []
        zero = Atom("0")
        for sign, term, kind in self.presupposed:
            names = {v.name for v in variables_of(term)} - set(self.functions)
            spoken = bool(names) and names <= allowed and not names & self.summed
            if sign not in signs or not spoken or (about is not None and not names & about):
                left.append((sign, term, kind))
                continue
            follows = {"≠": self.is_nonzero, "<": self.is_positive, "≤": self.is_nonnegative}[sign]
            if follows(term):
                continue
            before = len(self.presupposed)
            lean = self.lower(term, self.type_of(term) or kind)
            del self.presupposed[before:]
            condition = Infix("≠", lean, zero) if sign == "≠" else Infix(sign, zero, lean)
            if condition not in found:
                self.note(_PRESUPPOSED[sign])
                found.append(condition)
        self.presupposed = left
        return found

    def defined(self, formula: Formula) -> Lean:
        """A formula and, if it is a relation, what it needs to mean anything: `0 ≤ x ∧ √x < 2`."""
        outer, self.presupposed = self.presupposed, []
        lean = self.wanted(formula)
        conditions = self.conditions(frozenset(self.scope)) if is_relational(formula) else []
        self.presupposed = outer
        said = set(_conjuncts(lean))
        return chained("∧", [*(c for c in conditions if c not in said), lean])

    def quantified(self, quant: Quant) -> Lean:
        outer, self.presupposed = self.presupposed, []
        saved = dict(self.scope), dict(self.least), dict(self.sets), dict(self.functions)
        groups: list[tuple[list[tuple[str, str]], list[Lean]]] = []
        for decl in quant.decls:
            names = self.declare(decl)
            groups.append((names, self.limits(decl)))
        limits = [lean for _, leans in groups for lean in leans]
        before = len(self.presupposed)
        body = self.wanted(quant.body) if quant.body is not None else None
        if quant.body is None or not is_relational(quant.body):
            del self.presupposed[before:]
        own = frozenset(v.name for decl in quant.decls for v in decl.names)
        if quant.kind == "∀" and self.supposing and body is not None:
            # A supposed equation of a function says that its terms with such values mean something.
            self.presupposed = [p for p in self.presupposed if _has_values(p[1])]
            body = chained("∧", [*self.conditions(frozenset(self.scope), about=own), body])
        if quant.kind != "∀":
            limits = self.conditions(frozenset(self.scope), about=own) + limits
        inner = [p for p in self.presupposed if not own & {v.name for v in variables_of(p[1])}]
        self.presupposed = outer + inner
        names = [pair for group, _ in groups for pair in group]
        self.scope, self.least, self.sets, self.functions = saved
        self.changed()
        if quant.kind == "∃!" and len(names) != 1:
            raise UnreadError("uniqueness of several objects together", quant.span)
        parts = limits + ([body] if body is not None else [])
        if not parts:
            raise UnreadError("nothing is said of what exists", quant.span)
        result = chained("→" if quant.kind == "∀" else "∧", parts)
        while names:
            kind = names[-1][1]
            start = len(names)
            while start and names[start - 1][1] == kind:
                start -= 1
            result = Binder(quant.kind, tuple(name for name, _ in names[start:]), kind, result)
            del names[start:]
        return result

    def infinite(self, decl: Decl, span: Span) -> Lean:
        if len(decl.names) != 1:
            raise UnreadError("infinitely many of several variables", span)
        return App("Set.Infinite", (self.build(decl),))

    def build(self, decl: Decl) -> Lean:
        outer, self.presupposed = self.presupposed, []
        saved = dict(self.scope), dict(self.least), dict(self.shown)
        kinds = self.declare(decl)
        name, kind = kinds[0]
        if len(kinds) > 1:
            # Several objects together are the components of one.
            name = self.fresh("p")
            for place, variable in enumerate(decl.names):
                last = place == len(kinds) - 1
                path = ".2" * place if last else ".2" * place + ".1"
                self.shown[variable.name] = name + path
            kind = " × ".join(of for _, of in kinds)
        names = {v.name for v in decl.names}
        for limit in decl.limits:
            if not names & {v.name for v in variables_of(limit)}:
                raise UnreadError("a condition that does not speak of what is collected", decl.span)
        limits = self.limits(decl)
        limits = self.conditions(frozenset(self.scope), about=frozenset(names)) + limits
        self.presupposed = outer
        self.scope, self.least, shown = saved
        self.changed()
        self.shown = {
            **shown,
            **{k: v for k, v in self.shown.items() if len(kinds) == 1 and k.startswith("?")},
        }
        if not limits:
            raise UnreadError("nothing is said of what there is to count or collect", decl.span)
        return SetOf(name, kind, chained("∧", limits))


def _has_values(term: Term) -> bool:
    """Whether a term has a value of a function in it."""
    return any(isinstance(part, Apply) for part in every([term]))


def _is_root_of_minus_one(term: Term) -> bool:
    match term:
        case Op(phrase, (Arith("neg", (Num("1"),)),)):
            return phrase.concept == "square-root"
        case _:
            return False


def chained(op: str, parts: list[Lean]) -> Lean:
    """`a ∧ (b ∧ c)` and the like; the printer leaves these parentheses out."""
    result = parts[-1]
    for part in reversed(parts[:-1]):
        result = Infix(op, part, result)
    return result


def _is_order(condition: Lean) -> bool:
    return isinstance(condition, Infix) and condition.op in "<≤≠"


def _orders(template: Lean) -> bool:
    return isinstance(template, Infix) and template.op in "<≤>≥"


def _conjuncts(lean: Lean) -> Iterator[Lean]:
    """The parts that `∧` joins."""
    if isinstance(lean, Infix) and lean.op == "∧":
        yield from _conjuncts(lean.left)
        yield from _conjuncts(lean.right)
    else:
        yield lean
