r"""Factors from the parse trees of `math.lark`.

Bound variables (of sums, integrals, limits, sets) are renamed `k@17` by the place where they are bound, so
that no two binders ever meet; `shown` names take the tail off again.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from lark import Tree

from cramf.formalize.symbolic.mathterms import TermReader, interval, is_dots
from cramf.formalize.symbolic.syntax import (
    Apply,
    Arith,
    Big,
    Build,
    Cases,
    Collection,
    Constant,
    Decl,
    Derived,
    Formula,
    Integral,
    Interval,
    Limit,
    Member,
    Num,
    Pi,
    SetRef,
    Span,
    Term,
    Tuple,
    UnreadError,
    Var,
)

__all__ = ["AtomReader"]


class AtomReader(TermReader):
    """Reads what stands between signs: names, calls, brackets, roots, sets, big sums."""

    def on_number(self, _: Any, parts: list[Any], span: Span) -> Term:
        return Num(str(parts[0]), span)

    def on_based(self, _: Any, parts: list[Any], span: Span) -> Term:
        """`852_9` as the sum of its digits' values."""
        digits, base = str(parts[0]), self.term(parts[2])
        if not isinstance(base, Num | Var) or not digits.isdigit() or len(digits) > 30:
            raise UnreadError("a numeral with an index that is no base", span)
        if isinstance(base, Num):
            number = int(base.text) if base.text.isdigit() else 0
            if not 2 <= number <= 36 or any(int(digit) >= number for digit in digits):
                raise UnreadError("a numeral that its base does not have", span)
            if number == 10:
                return Num(digits, span)
        term: Term | None = None
        for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
            value: Term = Num(digit, span)
            if place:
                power: Term = base if place == 1 else Arith("^", (base, Num(str(place), span)), span)
                value = Arith("*", (value, power), span)
            term = value if term is None else Arith("+", (term, value), span)
        assert term is not None
        return term

    def on_variable(self, _: Any, parts: list[Any], span: Span) -> Term:
        return self.variable(parts[0])

    def on_pi(self, _: Any, parts: list[Any], span: Span) -> Term:
        return Pi(span)

    def on_infinity(self, _: Any, parts: list[Any], span: Span) -> Term:
        return Constant("∞", span)

    def on_dots(self, _: Any, parts: list[Any], span: Span) -> Term:
        raise UnreadError("an ellipsis that is not read here", span)

    def on_number_set(self, _: Any, parts: list[Any], span: Span) -> Term:
        found: SetRef | None = self._tokens[parts[0].line].set
        assert found is not None
        return found

    def on_empty(self, _: Any, parts: list[Any], span: Span) -> Term:
        return Collection((), span)

    def on_group(self, _: Any, parts: list[Any], span: Span) -> Term:
        if parts[0].type == "LBRK" and all(leaf.type != "LPAR" for leaf in self.leaves(parts[1])):
            # `[(a + b)c]^2` has brackets around brackets; `[x]` is a floor as often as not.
            raise UnreadError("square brackets that can be a floor", span)
        return self.sum(parts[1])

    def on_tuple(self, _: Any, parts: list[Any], span: Span) -> Term:
        return Tuple(tuple(self.sum(p) for p in parts if isinstance(p, Tree)), span)

    def on_interval(self, _: Any, parts: list[Any], span: Span) -> Term:
        return interval(str(parts[0]), str(parts[4]), self.sum(parts[1]), self.sum(parts[3]), span)

    def on_collection(self, _: Any, parts: list[Any], span: Span) -> Term:
        sides = [p for p in parts if isinstance(p, Tree)]
        if any(len(p.children) != 1 or p.children[0].data != "side" for p in sides):
            raise UnreadError("a set whose elements are not terms", span)
        sums = [p.children[0].children[0] for p in sides]
        places = [i for i, p in enumerate(sums) if len(p.children) == 2 and is_dots(p.children[1])]
        if not places:
            return Collection(tuple(map(self.sum, sums)), span)
        items = [self.sum(p) for i, p in enumerate(sums) if i not in places]
        if places == [len(sums) - 2] and all(isinstance(t, Num) and t.text.isdigit() for t in items[:-1]):
            numbers = [int(t.text) for t in items[:-1] if isinstance(t, Num)]
            if numbers and all(b == a + 1 for a, b in pairwise(numbers)) and len(numbers) >= 2:
                return Interval("cc", items[0], items[-1], span)
        raise UnreadError("an ellipsis in a set that is not read", span)

    def on_build(self, _: Any, parts: list[Any], span: Span) -> Term:
        relations = [p for p in parts if isinstance(p, Tree)]
        head, conditions = relations[0], relations[1:]
        leaves = self.leaves(head)
        if not leaves or leaves[0].type != "VAR":
            raise UnreadError("a set of values that are no variable", span)
        name = str(leaves[0])
        saved = dict(self._renamed)
        self._renamed[name] = f"{name}@{leaves[0].start_pos}"
        variable = self.variable(leaves[0])
        sort: SetRef | None = None
        limits: list[Formula] = []
        if len(leaves) > 1:
            member = self.formula(head)
            if not isinstance(member, Member) or member.term != variable or member.negated:
                raise UnreadError("a set of values that are no variable", span)
            if isinstance(member.set, SetRef):
                sort = member.set
            else:
                limits.append(member)
        limits += [self.formula(condition) for condition in conditions]
        self._renamed = saved
        return Build(Decl((variable,), sort, tuple(limits), span), span)

    def on_count(self, _: Any, parts: list[Any], span: Span) -> Term:
        return self.op("|", (self.term(parts[1]),), span)

    def on_raised(self, _: Any, parts: list[Any], span: Span) -> Term:
        base, exponent = parts[0], self.term(parts[2])
        if base.data == "variable" and str(base.children[0]) == "e" and "e" not in self._renamed:
            return Arith("^", (Constant("e?", self.span(base)), exponent), span)
        if base.data == "indexed" and str(base.children[0]) == "C":
            # `C_n^k` counts combinations.
            return self.op("\\binom", (self.term(base.children[2]), exponent), span)
        return Arith("^", (self.term(base), exponent), span)

    def on_absolute(self, _: Any, parts: list[Any], span: Span) -> Term:
        return self.op("|", (self.sum(parts[1]),), span)

    def on_floor(self, _: Any, parts: list[Any], span: Span) -> Term:
        return self.op("\\lfloor", (self.sum(parts[1]),), span)

    def on_ceiling(self, _: Any, parts: list[Any], span: Span) -> Term:
        return self.op("\\lceil", (self.sum(parts[1]),), span)

    def on_binomial(self, _: Any, parts: list[Any], span: Span) -> Term:
        return self.op("\\binom", (self.term(parts[1]), self.term(parts[2])), span)

    def on_fraction(self, _: Any, parts: list[Any], span: Span) -> Term:
        return Arith("/", (self.term(parts[1]), self.term(parts[2])), span)

    def on_root(self, _: Any, parts: list[Any], span: Span) -> Term:
        inner = parts[1] if len(parts) == 2 else parts[2]
        argument = self.sum(inner) if inner.data == "sum" else self.term(inner)
        return self.op("\\sqrt", (argument,), span)

    def on_nth_root(self, _: Any, parts: list[Any], span: Span) -> Term:
        index, base = self.sum(parts[2]), self.term(parts[4])
        if isinstance(base, Arith) and base.op == "neg":
            raise UnreadError("a root of a negative number", span)
        one = Num("1", span)
        return Arith("^", (base, Arith("/", (one, index), span)), span)

    def on_bang(self, _: Any, parts: list[Any], span: Span) -> Term:
        if parts[0].data == "bang":
            raise UnreadError("a double factorial is not read", span)
        return self.op("!", (self.term(parts[0]),), span)

    def on_percent(self, _: Any, parts: list[Any], span: Span) -> Term:
        return Arith("/", (self.term(parts[0]), Num("100", span)), span)

    def on_degrees(self, _: Any, parts: list[Any], span: Span) -> Term:
        turned = Arith("*", (self.term(parts[0]), Pi(span)), span)
        return Arith("/", (turned, Num("180", span)), span)

    def on_indexed(self, _: Any, parts: list[Any], span: Span) -> Term:
        name = parts[0]
        return Apply(Var(str(name), (name.start_pos, name.end_pos)), (self.term(parts[2]),), True, span)

    def on_apply(self, _: Any, parts: list[Any], span: Span) -> Term:
        name, prime, *rest = parts
        arguments = tuple(self.sum(p) for p in rest if isinstance(p, Tree))
        functions = [Var(text, (name.start_pos, name.end_pos)) for text in str(name).split("∘")]
        special = prime is not None or len(functions) > 1
        if special and (len(arguments) != 1 or (prime is not None and len(functions) > 1)):
            raise UnreadError("a derivative or composition of several arguments", span)
        if prime is not None:
            return Derived(functions[0], len(str(prime)), arguments[0], span)
        term: Term = Apply(functions[-1], arguments, False, span)
        for function in reversed(functions[:-1]):
            term = Apply(function, (term,), False, span)
        return term

    def on_inverse(self, _: Any, parts: list[Any], span: Span) -> Term:
        name = parts[0]
        return Derived(Var(str(name), (name.start_pos, name.end_pos)), -1, self.sum(parts[2]), span)

    def on_call_bracket(self, _: Any, parts: list[Any], span: Span) -> Term:
        return self.op(str(parts[0]), tuple(self.sum(p) for p in parts if isinstance(p, Tree)), span)

    def on_call(self, tree: Any, parts: list[Any], span: Span) -> Term:
        name, power, exponent, *rest = parts
        if tree.data == "call":
            arguments = tuple(self.sum(p) for p in rest if isinstance(p, Tree))
        else:
            arguments = (self.plain(rest),)
        return self.powered(self.op(str(name), arguments, span), power, exponent, span)

    on_open_call = on_call

    def on_log(self, _: Any, parts: list[Any], span: Span) -> Term:
        name, power, exponent, argument = parts
        return self.powered(self.op(str(name), (self.logarg(argument),), span), power, exponent, span)

    def on_log_base(self, _: Any, parts: list[Any], span: Span) -> Term:
        _, _, base, power, exponent, argument = parts
        term = self.op("\\log_", (self.term(base), self.logarg(argument)), span)
        return self.powered(term, power, exponent, span)

    def logarg(self, tree: Any) -> Term:
        first = tree.children[0]
        return self.plain(tree.children) if isinstance(first, Tree) else self.sum(tree.children[1])

    def plain(self, factors: list[Any]) -> Term:
        """The product of the plain factors after a function's name."""
        product = self.term(factors[0])
        for factor in factors[1:]:
            right = self.term(factor)
            product = Arith("*", (product, right), (product.span[0], right.span[1]))
        return product

    def powered(self, term: Term, power: Any, exponent: Any, span: Span) -> Term:
        if power is None:
            return term
        raised = self.term(exponent)
        if not isinstance(raised, Num):
            raise UnreadError("a function's exponent can be a power or an inverse", self.span(exponent))
        return Arith("^", (term, raised), span)

    # ---- binders

    def bound(self, token: Any) -> Var:
        name = str(token)
        self._renamed[name] = f"{name}@{token.start_pos}"
        return self.variable(token)

    def on_big(self, _: Any, parts: list[Any], span: Span) -> Term:
        sign, _, _, name, _, low, _, _, high, body = parts
        return self.big(sign, name, low, high, body, span)

    def on_big_reversed(self, _: Any, parts: list[Any], span: Span) -> Term:
        sign, _, high, _, _, name, _, low, _, body = parts
        return self.big(sign, name, low, high, body, span)

    def big(self, sign: Any, name: Any, low: Any, high: Any, body: Any, span: Span) -> Term:
        """A sum or product over an index."""
        ends = self.sum(low), self.term(high)
        saved = dict(self._renamed)
        variable = self.bound(name)
        inner = self.product(body)
        self._renamed = saved
        return Big("∑" if str(sign) in ("\\sum", "∑") else "∏", variable, *ends, inner, span)

    def on_integral(self, _: Any, parts: list[Any], span: Span) -> Term:
        _, _, low, _, high, body, name = parts
        ends = self.term(low), self.term(high)
        saved = dict(self._renamed)
        variable = self.bound(name)
        inner = self.sum(body)
        self._renamed = saved
        return Integral(variable, *ends, inner, span)

    def on_limit(self, _: Any, parts: list[Any], span: Span) -> Term:
        _, _, _, name, _, to, _, body = parts
        end = self.sum(to)
        saved = dict(self._renamed)
        variable = self.bound(name)
        inner = self.product(body)
        self._renamed = saved
        return Limit(variable, end, "", inner, span)

    def on_cases(self, _: Any, parts: list[Any], span: Span) -> Term:
        branches: list[tuple[Term, Formula | None]] = []
        for row in (p for p in parts if isinstance(p, Tree)):
            relations = [p for p in row.children if isinstance(p, Tree)]
            value = relations[0]
            if len(value.children) != 1 or value.children[0].data != "side":
                raise UnreadError("a value is expected in each case", self.span(row))
            term = self.sum(value.children[0].children[0])
            if row.data == "branch_else":
                branches.append((term, None))
            elif len(relations) == 2:
                branches.append((term, self.formula(relations[1])))
            else:
                raise UnreadError("several conditions in one case", self.span(row))
        return Cases(tuple(branches), span)
