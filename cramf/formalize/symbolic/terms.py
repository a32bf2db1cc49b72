"""Terms to Lean at a given type, with casts by name and ascriptions where Lean would take another type."""

from __future__ import annotations

from abc import abstractmethod

from cramf.formalize.symbolic import syntax
from cramf.formalize.symbolic.ascription import anchored, ascribed, own_names
from cramf.formalize.symbolic.leanterm import (
    App,
    Ascribe,
    Atom,
    Bars,
    Big,
    Infix,
    Interval,
    Items,
    Lean,
    Prefix,
    SetOf,
    Suffix,
    substitute,
)
from cramf.formalize.symbolic.lexicon import TOWER, Pattern
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
    SumOver,
    Term,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.termtypes import TypeFinder, is_negative
from cramf.formalize.symbolic.usage import join

__all__ = ["TermElaborator"]


_LOGARITHMS = ("logarithm", "logarithm to a base")


class TermElaborator(TypeFinder):
    """Elaborates terms under a scope of variable types."""

    def lower(self, term: Term, kind: str) -> Lean:
        """The term at type `kind`, which is no narrower than `type_of` it."""
        match term:
            case Num(text):
                return Atom(text)
            case Pi():
                return self._cast(Atom("Real.pi"), "ℝ", kind)
            case Constant("i"):
                return Atom("Complex.I")
            case Constant("e"):
                return self._cast(App("Real.exp", (Atom("1"),)), "ℝ", kind)
            case Var(name, _):
                self.type_of(term)
                return self._cast(Atom(self.name(name)), self.scope[name], kind)
            case Arith("neg", (body,)):
                return Prefix("-", self.lower(body, kind))
            case Arith("^", (base, exponent)):
                return self._power(base, exponent, kind)
            case Arith("%", (left, right)):
                own = self.type_of(term) or ("ℕ" if kind not in ("ℕ", "ℤ") else kind)
                own = kind if kind == "ℤ" else own
                sides = self.settled([self.lower(left, own), self.lower(right, own)], own, joint=True)
                return self._cast(Infix("%", sides[0], sides[1]), own, kind)
            case Arith(op, (left, right)) if op not in "∪∩\\":
                if op == "/" and not isinstance(right, Num):
                    self.note("Lean's quotient is 0 where its divisor is 0")
                    self.presupposed.append(("≠", right, kind))
                return Infix(op, self.lower(left, kind), self.lower(right, kind))
            case Op(phrase, (arg,)) if phrase.concept == "absolute-value" and self.is_set(arg):
                return self._cast(App("Set.ncard", (self.lower_set(arg),)), "ℕ", kind)
            case Op(phrase, args, span):
                pattern = self.operation(phrase, self._argument_type(phrase, args), span)
                if pattern.type == "α":
                    return self.applied(pattern, args, kind)
                if phrase.concept == "square-root":
                    if is_negative(args[0]):
                        raise RefusedError("a root of a negative number", span)
                    self.note("Real.sqrt is 0 on negative numbers")
                    self.presupposed.append(("≤", args[0], "ℝ"))
                elif phrase.concept in _LOGARITHMS:
                    if phrase.concept == "logarithm":
                        self.note("log is the natural logarithm")
                    self.presupposed += [("<", arg, "ℝ") for arg in args]
                return self._cast(self.applied(pattern, args, pattern.type), pattern.value, kind)
            case Apply(function, args, indexed):
                return self._application(function, args, indexed, kind)
            case Derived(function, order, arg):
                return self._derived(function, order, arg, kind)
            case syntax.Big():
                return self._big(term, kind)
            case Integral(var, low, high, body):
                self.scope[var.name] = "ℝ"
                ends = [self._real(low), self._real(high)]
                inner = self.lower(body, "ℝ")
                return self._cast(Interval(self.name(var.name), ends[0], ends[1], inner), "ℝ", kind)
            case Card(decl):
                return self._cast(App("Set.ncard", (self.build(decl),)), "ℕ", kind)
            case SumOver(op, decl):
                own = self.declared_type(decl)
                domain = self.build(decl)
                name = domain.name if isinstance(domain, SetOf) else "x"
                sign = "∑ᶠ" if op == "+" else "∏ᶠ"
                return self._cast(Big(sign, name, domain, Atom(name)), own, kind)
        raise UnreadError("a term that is not read", term.span)

    def _real(self, term: Term) -> Lean:
        lean = self.lower(term, "ℝ")
        return lean if anchored(lean) or isinstance(lean, Atom) else ascribed(lean, "ℝ")

    def _application(self, function: Var, args: tuple[Term, ...], indexed: bool, kind: str) -> Lean:
        signature = self.signature(function)
        leans: list[Lean] = []
        for arg, own in zip(args, signature.domain, strict=True):
            found = self.type_of(arg, natural=own == "ℕ")
            if found is not None and TOWER.index(found) > TOWER.index(own):
                what = "an index" if indexed else "an argument"
                raise RefusedError(f"{what} that is not known to be of type {own}", arg.span)
            leans.append(self.lower(arg, own))
        return self._cast(App(self.name(function.name), tuple(leans)), signature.codomain, kind)

    def _derived(self, function: Var, order: int, arg: Term, kind: str) -> Lean:
        signature = self.signature(function)
        if len(signature.domain) != 1:
            raise UnreadError("a derivative or inverse of a function of several arguments", function.span)
        name = Atom(self.name(function.name))
        if order > 0:
            if signature.domain != ("ℝ",) or signature.codomain != "ℝ":
                raise UnreadError("a derivative of a function that is not real", function.span)
            lean = self._real_or_atom(arg, "ℝ")
            head: Lean = name
            for _ in range(order - 1):
                head = App("deriv", (head,))
            return self._cast(App("deriv", (head, lean)), "ℝ", kind)
        lean = self._real_or_atom(arg, signature.codomain)
        self.note("the inverse is Function.invFun, which picks some preimage")
        return self._cast(App("Function.invFun", (name, lean)), signature.domain[0], kind)

    def _real_or_atom(self, arg: Term, own: str) -> Lean:
        found = self.type_of(arg)
        if found is not None and TOWER.index(found) > TOWER.index(own):
            raise UnreadError(f"an argument that is not known to be of type {own}", arg.span)
        return self.lower(arg, own)

    def _big(self, term: syntax.Big, kind: str) -> Lean:
        own = self.index_type(term.low, term.high)
        self.type_of(term)
        name = self.name(term.var.name)
        body = self.lower(term.body, kind)
        if kind != "ℕ" and not anchored(body):
            body = ascribed(body, kind)
        if isinstance(term.high, Constant):
            if not (isinstance(term.low, Num) and term.low.text == "0" and own == "ℕ"):
                raise UnreadError("a series that does not start from 0", term.span)
            self.note("a series is tsum, which is 0 where it does not converge")
            return Big(term.op + "'", name, Atom("ℕ"), body)
        low = self.lower(term.low, own)
        if isinstance(term.low, Num) and term.low.text == "0" and own == "ℕ":
            return Big(term.op, name, App("Finset.range", (self._next(term.high),)), body)
        high = self.lower(term.high, own)
        ends = self.settled([low, high], own, joint=False)
        if own == "ℤ" and not any(map(anchored, (low, high))):
            ends = [ascribed(low, "ℤ"), high]
        return Big(term.op, name, App("Finset.Icc", tuple(ends)), body)

    def _next(self, high: Term) -> Lean:
        """The natural number one above a term, simplified; no truncation but where the sum is empty."""
        match high:
            case Num(text):
                return Atom(str(int(text) + 1))
            case Arith("-", (left, Num(text))) if text.isdigit():
                less = int(text) - 1
                lean = self.lower(left, "ℕ")
                return lean if less == 0 else Infix("-", lean, Atom(str(less)))
            case Arith("+", (left, Num(text))) if text.isdigit():
                return Infix("+", self.lower(left, "ℕ"), Atom(str(int(text) + 1)))
            case _:
                return Infix("+", self.lower(high, "ℕ"), Atom("1"))

    def _power(self, base: Term, exponent: Term, kind: str) -> Lean:
        exponent_type = self.type_of(exponent, natural=True)
        if isinstance(base, Constant) and base.name == "e":
            own = join("ℝ", exponent_type) or "ℝ"
            lean = self.lower(exponent, own)
            if not anchored(lean) and not isinstance(lean, Atom):
                lean = ascribed(lean, own)
            head = "Complex.exp" if own == "ℂ" else "Real.exp"
            return self._cast(App(head, (lean,)), own, kind)
        if exponent_type in (None, "ℕ"):
            return Infix("^", self.lower(base, kind), self.lower(exponent, "ℕ"))
        if exponent_type == "ℤ":
            self.presupposed.append(("≠", base, kind))
            if (
                isinstance(exponent, Arith)
                and exponent.op == "neg"
                and exponent.args[0] == Num("1", exponent.args[0].span)
            ):
                return Suffix(self.lower(base, kind), "⁻¹")
            power = self.lower(exponent, "ℤ")
            if not anchored(power):
                power = Ascribe(power, "ℤ")
            return Infix("^", self.lower(base, kind), power)
        power = self.lower(exponent, "ℝ")
        if not anchored(power):
            power = ascribed(power, "ℝ")
        lean = self.lower(base, "ℝ")
        if not isinstance(base, Num):
            self.note("a power with a real exponent is Real.rpow, whose base should not be negative")
        if not anchored(lean):
            lean = Ascribe(lean, "ℝ")
        return self._cast(Infix("^", lean, power), "ℝ", kind)

    def _cast(self, term: Lean, own: str, kind: str) -> Lean:
        if own == kind:
            return term
        # Without its own type first, Lean would push the cast inside and divide in the wider type.
        return Ascribe(Ascribe(term, own) if isinstance(term, Infix | Prefix | Big) else term, kind)

    # ---- sets

    def lower_set(self, term: Term, kind: str = "") -> Lean:
        """A set of elements of type `kind`."""
        own = self.elements(term)
        kind = kind or own or "ℕ"
        match term:
            case Var(name, span):
                if own != kind:
                    raise UnreadError(f"elements of {own} and of {kind} in one set", span)
                return Atom(self.name(name))
            case Arith(op, (left, right)):
                return Infix(op, self.lower_set(left, kind), self.lower_set(right, kind))
            case Collection(items):
                if not items:
                    return Ascribe(Atom("∅"), f"Set {kind}")
                return Ascribe(Items("{", tuple(self.lower(item, kind) for item in items)), f"Set {kind}")
            case syntax.Interval(shape, low, high):
                ends = [self.lower(end, kind) for end in (low, high) if not isinstance(end, Constant)]
                if not any(map(anchored, ends)) and kind != "ℕ":
                    ends[0] = ascribed(ends[0], kind)
                head = "Set.I" + shape
                return App(head, tuple(ends))
            case Build(decl):
                if own != kind:
                    raise UnreadError(f"elements of {own} and of {kind} in one set", term.span)
                return self.build(decl)
        raise UnreadError("this does not stand for a set", term.span)

    @abstractmethod
    def build(self, decl: Decl) -> Lean:
        """`{x : T | conditions}`."""

    # ---- templates

    def applied(self, pattern: Pattern, args: tuple[Term, ...], kind: str) -> Lean:
        """A template on its arguments at type `kind`, with the template's own names made fresh."""
        lean = [self.lower(arg, kind) for arg in args]
        template = pattern.template
        # A function on one concrete type tells a bare numeral its type; arithmetic is ascribed all the same.
        concrete = isinstance(template, App) and ("." in template.head or template.head == "Irrational")
        if concrete and kind != "ℕ":
            lean = [t if anchored(t) or isinstance(t, Atom) else ascribed(t, kind) for t in lean]
        elif isinstance(template, Bars) and kind != "ℕ":
            lean = [t if anchored(t) else ascribed(t, kind) for t in lean]
        else:
            lean = self.settled(lean, kind, joint=_is_relation(template))
        fresh = {name: self.fresh(name) for name in sorted(own_names(template))}
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
