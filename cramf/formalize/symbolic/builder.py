"""Formulas of one derivation to the logical form.

Unnamed objects ("an even integer", "two primes") become placeholder variables `?1`, `?2` that the clause
around them binds: for all of them in a subject, for some of them in a predicate ("n is the sum of two
squares"). A word used in a role that it does not have makes the derivation no reading (`UnreadError`).
"""

from __future__ import annotations

from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.clauses import ClauseBuilder
from cramf.formalize.symbolic.forms import conjuncts, is_definition, replaced
from cramf.formalize.symbolic.nouns import COUNTS, EMPTY_QUALITIES, conjoined, function_sort, is_term
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.syntax import (
    TERM_TYPES,
    And,
    Apply,
    Arith,
    Card,
    Decl,
    Formula,
    Iff,
    Implies,
    Infinite,
    Member,
    Not,
    Num,
    Op,
    Or,
    Quant,
    Rel,
    Span,
    Statement,
    Term,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.traverse import free_variables, variables_of

__all__ = ["FormulaBuilder"]


class FormulaBuilder(ClauseBuilder):
    """Adds formulas to what `ClauseBuilder` knows."""

    # ---- formulas

    def formula(self, node: Node | Chunk) -> Formula:
        """The logical form of a formula's node."""
        if isinstance(node, Chunk):
            if node.math is None or isinstance(node.math, TERM_TYPES):
                raise UnreadError("a formula is expected", node.span)
            return node.math
        method = getattr(self, f"on_{node.rule}")
        result: Formula = method(node)
        return result

    def given(self, node: Node | Chunk) -> Formula:
        """A formula that is supposed, not claimed."""
        outer, self._given = self._given, True
        formula = self.within("premise", node)
        self._given = outer
        return formula

    def within(self, place: str, node: Node | Chunk, scoped: bool = False) -> Formula:
        """A formula at another place; `scoped` where what it declares must not float out."""
        outer = self._place, self._scoped
        self._place, self._scoped = place, self._scoped or scoped
        formula = self.formula(node)
        self._place, self._scoped = outer
        return formula

    def on_post_where(self, node: Node) -> Formula:
        """What `where` adds to a supposition is supposed too; to a claim it is a premise."""
        claim, condition = self.formula(node.parts[0]), self.within("premise", node.parts[1])
        supposed = self._given or self._place == "premise"
        return And((condition, claim)) if supposed else Implies(condition, claim)

    def _all(self, node: Node) -> tuple[Formula, ...]:
        # What formulas are called ("the equations ...") says nothing of its own.
        told = [p for p in node.parts if isinstance(p, Node) or p.kind not in ("FORMULA", "FUNCTION")]
        return tuple(self.formula(part) for part in told)

    def on_iff(self, node: Node) -> Formula:
        left, right = (self.within("inside", part) for part in node.parts)
        return Iff(left, right)

    def on_if_then(self, node: Node) -> Formula:
        premise = self.within("premise", node.parts[0])
        conclusion = self.formula(node.parts[1])
        return Implies(premise, conclusion)

    def on_post_if(self, node: Node) -> Formula:
        conclusion = self.formula(node.parts[0])
        if isinstance(conclusion, And):
            raise UnreadError("whether the condition is for all of this is not clear", node.span)
        premise = self.within("premise", node.parts[1])
        return Implies(premise, conclusion)

    def on_forall(self, node: Node) -> Formula:
        return Quant("∀", tuple(self.decls(node)), self.formula(node.parts[-1]), node.span)

    def on_post_forall(self, node: Node) -> Formula:
        return Quant("∀", tuple(self.decls(node)), self.formula(node.parts[0]), node.span)

    def on_for_none(self, node: Node) -> Formula:
        return Quant(
            "∀", tuple(self.decls(node)), Not(self.within("inside", node.parts[-1], True)), node.span
        )

    def on_none_inverted(self, node: Node) -> Formula:
        subject, predicate = node.parts[-2:]
        assert isinstance(predicate, Node)
        body = self.said(subject, predicate, negated=True, span=node.span)
        return Quant("∀", tuple(self.decls(node)), body, node.span)

    def on_for_some(self, node: Node) -> Formula:
        return Quant("∃", tuple(self.decls(node)), self.formula(node.parts[0]), node.span)

    def on_disjunction(self, node: Node) -> Formula:
        return Or(tuple(self.within("inside", part) for part in node.parts))

    def on_conjunction(self, node: Node) -> Formula:
        return conjoined(list(self._all(node)))

    def on_negation(self, node: Node) -> Formula:
        return Not(self.within("inside", node.parts[-1], scoped=True))

    def on_formulas(self, node: Node) -> Formula:
        return And(self._all(node))

    def on_named_formula(self, node: Node) -> Formula:
        """`the equation x = 1`; what it is called says nothing of its own."""
        return self.formula(node.parts[-1])

    def on_has_solutions(self, node: Node) -> Formula:
        """`the equation ... has roots a and b`, and no others."""
        terms, decls, kind = self.subject(node.parts[-1])
        definition = self._definition(node.nodes("equation")[0])
        said = conjoined([*definition, self.solved_by(node, terms)])
        return self.bound(said, decls, kind, node.span)

    def _definition(self, node: Node) -> list[Formula]:
        """`the polynomial p(x) = x^2 - 2` is a definition, and its roots are those of p."""
        math = node.chunks()[-1].math
        return [math] if isinstance(math, Rel) and is_definition(math) else []

    def on_has_number_of_solutions(self, node: Node) -> Formula:
        equation = self.equation(node.nodes("equation")[0])
        names = self.unknowns([equation], node.span, usual=True)
        sort, limits = self.qualified(node.chunks("QUAL"), names)
        decl = Decl(tuple(names), sort, (*limits, equation), node.span)
        count = node.chunks("COUNT")
        if count:
            number = Num(str(COUNTS[count[0].text]), node.span)
            return Rel("=", Card(decl, node.span), number, node.span)
        if node.chunks("NO"):
            return Not(Quant("∃", (decl,), None, node.span))
        return Quant("∃!" if node.chunks("UNIQUE") else "∃", (decl,), None, node.span)

    def on_has_values(self, node: Node) -> Formula:
        """`u and v have a sum of 9 and a product of 20`."""
        terms, decls, kind = self.subject(node.parts[0])
        said: list[Formula] = []
        for value in node.nodes("value"):
            made = self.operated(value.chunks("OPER")[0].phrases[0], terms, value)
            if len(made) != 1:
                raise UnreadError("of what this is the value is not clear", value.span)
            said.append(Rel("=", made[0], self.closed(value.parts[-1]), value.span))
        return self.bound(conjoined(said), decls, kind, node.span)

    def on_satisfies(self, node: Node) -> Formula:
        terms, decls, kind = self.subject(node.parts[0])
        del terms
        return self.bound(self.formula(node.parts[1]), decls, kind, node.span)

    def on_defined(self, node: Node) -> Formula:
        return self.formula(node.parts[-1])

    def on_leaves(self, node: Node) -> Formula:
        """`n leaves a remainder of 2 when divided by 5`."""
        terms, decls, kind = self.subject(node.parts[0])
        remainder, divisor = (self.closed(part) for part in node.parts[1:] if is_term(part))
        said: list[Formula] = [
            Rel("=", Arith("%", (term, divisor), node.span), remainder, node.span) for term in terms
        ]
        return self.bound(conjoined(said), decls, kind, node.span)

    def on_leaves_when(self, node: Node) -> Formula:
        terms, decls, kind = self.subject(node.parts[0])
        divisor, remainder = (self.closed(part) for part in node.parts[1:] if is_term(part))
        said: list[Formula] = [
            Rel("=", Arith("%", (term, divisor), node.span), remainder, node.span) for term in terms
        ]
        return self.bound(conjoined(said), decls, kind, node.span)

    def on_is_function(self, node: Node) -> Formula:
        """`f is a function such that ...`; that f is a function shows in its use."""
        function_sort(node)
        variable = self.closed(node.chunks("MVAR")[0])
        return conjoined(self.posts(node.nodes(), [variable]))

    def on_function_satisfies(self, node: Node) -> Formula:
        function_sort(node)
        said = self.formula(node.nodes()[-1])
        maps = node.chunks("MMAP")
        return conjoined([self.formula(maps[0]), said]) if maps else said

    def on_has_divisors(self, node: Node) -> Formula:
        """`n has 6 positive divisors`."""
        terms, decls, kind = self.subject(node.parts[0])
        return self.bound(self.having_divisors(node, node.parts[1:], terms), decls, kind, node.span)

    def having_divisors(self, node: Node, parts: tuple[Node | Chunk, ...], terms: list[Term]) -> Formula:
        """`6 positive divisors`, said of terms."""
        count = next(self.closed(part) for part in parts if is_term(part))
        if any(chunk.text not in ("positive", "distinct", "different") for chunk in node.chunks("QUAL")):
            raise UnreadError("divisors of a kind", node.span)
        phrase = self._lexicon.role("number of divisors of", "operation")
        if phrase is None:
            raise UnreadError("no number of divisors in the ontology", node.span)
        said: list[Formula] = [Rel("=", Op(phrase, (term,), node.span), count, node.span) for term in terms]
        return conjoined(said)

    def on_rewritten(self, node: Node) -> Formula:
        """`x^2 - 1 can be written as (x - a)(x - b)`: for all x, unless the statement says what x is."""
        left, right = (self.closed(part) for part in node.parts)
        equal = Rel("=", left, right, node.span)
        known = self.declared() | self.spoken()
        general = {v.name: v for v in variables_of(left) if v.name not in known}
        if not general:
            return equal
        return Quant("∀", (Decl(tuple(general.values()), None, (), node.span),), equal, node.span)

    def spoken(self) -> frozenset[str]:
        """Names that the setup speaks of."""
        found: set[str] = set()
        for item in self.setup:
            for part in conjuncts(item):
                if isinstance(part, Decl):
                    continue
                free = {v.name for v in free_variables(Statement((), part))}
                if isinstance(part, Rel) and isinstance(part.left, Apply) and is_definition(part):
                    # The x of `f(x) = ...` is any number.
                    free -= {arg.name for arg in part.left.args if isinstance(arg, Var)}
                found |= free
        return frozenset(found)

    def on_equals(self, node: Node) -> Formula:
        terms, decls, kind = self.subject(node.parts[0])
        value = self.closed(node.parts[1])
        said: list[Formula] = [Rel("=", term, value, node.span) for term in terms]
        return self.bound(conjoined(said), decls, kind, node.span)

    def on_formula_vars(self, node: Node) -> Formula:
        inner = node.nodes()[0]
        if inner.rule == "vrel":
            return conjoined(self.lvar_limits(inner))
        member = inner.chunks("MVMEM")[0].math
        assert isinstance(member, Member)
        return conjoined([Member(name, member.set, False, inner.span) for name in self.names(inner)])

    def on_exists(self, node: Node) -> Formula:
        return self.existence(node, "∃!" if node.chunks("UNIQUE") else "∃")

    def on_exists_formula(self, node: Node) -> Formula:
        decl = self.members(node.nodes("mems")[0], [])
        body = self.within("inside", node.parts[-1], scoped=True)
        return Quant("∃", (decl,), body, node.span)

    def on_exists_not(self, node: Node) -> Formula:
        return Not(self.existence(node, "∃"))

    def existence(self, node: Node, kind: str) -> Formula:
        return Quant(kind, (self.target(node),), None, node.span)

    def on_infinitely(self, node: Node) -> Formula:
        decl = self.target(node)
        if len(decl.names) != 1:
            raise UnreadError("infinitely many of several variables", node.span)
        return Infinite(decl, node.span)

    def target(self, node: Node) -> Decl:
        target, *posts = node.nodes()
        inner = target.nodes()
        if target.rule == "members":
            return self.members(inner[0], posts)
        if target.rule == "untyped":
            names = self.names(inner[0])
            return Decl(tuple(names), None, tuple(self.posts(posts, list(names))), target.span)
        if len(inner) == 2:
            return self.named(inner[1], inner[0], posts, target.span)
        return self.unnamed(inner[0], posts, 1)[1][0]

    def on_clause(self, node: Node) -> Formula:
        subject, predicate = node.parts[0], node.parts[-1]
        assert isinstance(predicate, Node)
        return self.said(subject, predicate, negated=False, span=node.span)

    def on_related_are(self, node: Node) -> Formula:
        """`a, b > 0 are integers`."""
        vrel, predicate = node.nodes()
        limits = self.lvar_limits(vrel)
        return conjoined([self.predicate(predicate, list(self.names(vrel))), *limits])

    def on_are_solutions(self, node: Node) -> Formula:
        """`3 is a root of ...`; `a and b are the roots of ...` says that there are no others."""
        terms, decls, kind = self.subject(node.parts[0])
        solutions = node.nodes("the_solutions", "some_solutions")[-1]
        return self.bound(self.solved_by(solutions, terms), decls, kind, node.span)

    def solved_by(self, node: Node, terms: list[Term]) -> Formula:
        equation = self.equation(node.nodes("equation")[0])
        (unknown,) = self.unknowns([equation], node.span, usual=True)
        for count in node.chunks("COUNT"):
            if COUNTS[count.text] != len(terms):
                raise UnreadError("another number of solutions than it says", count.span)
        sort, limits = self.qualified(node.chunks("QUAL"), [unknown])
        if node.rule == "some_solutions":
            if sort is not None:
                raise UnreadError("a kind of number said of a solution", node.span)
            said = [replaced(item, unknown.name, term) for term in terms for item in (*limits, equation)]
            return conjoined(said)
        equal: list[Formula] = [Rel("=", unknown, term, node.span) for term in terms]
        claim = equal[0] if len(equal) == 1 else Or(tuple(equal))
        bare = Decl((unknown,), sort, (), node.span)
        solved: Formula = Quant("∀", (bare,), Iff(conjoined([*limits, equation]), claim), node.span)
        distinct = [chunk for chunk in node.chunks("QUAL") if chunk.text in EMPTY_QUALITIES]
        if distinct and len(terms) > 1:
            phrase = self._lexicon.role("distinct", "adjective")
            assert phrase is not None
            return conjoined([solved, *self.paired(phrase, terms, distinct[0].span)])
        return solved

    def equation(self, node: Node) -> Formula:
        """An equation, or the term whose zeros are sought."""
        chunk = node.chunks("MREL", "MVREL", "MTERM", "MVAR")[0]
        if isinstance(chunk.math, Rel) and is_definition(chunk.math):
            return Rel("=", chunk.math.left, Num("0", chunk.span), chunk.span)
        if chunk.kind in ("MREL", "MVREL"):
            return self.given(chunk)
        if chunk.kind == "MVAR":
            raise UnreadError("whose zeros these are is not clear", chunk.span)
        return Rel("=", self.closed(chunk), Num("0", chunk.span), chunk.span)

    def declared(self) -> frozenset[str]:
        """Names that the setup declares."""
        return frozenset(v.name for item in self.setup if isinstance(item, Decl) for v in item.names)

    def unknowns(self, formulas: list[Formula], span: Span, usual: bool = False) -> list[Var]:
        """The one variable of an equation that nothing before it has spoken of."""
        known = self.spoken() | self.declared()
        names = [v for v in free_variables(Statement((), conjoined(formulas))) if v.name not in known]
        first = formulas[0]
        if len(names) > 1 and isinstance(first, Rel) and is_definition(first):
            # The roots of a function are values of its argument.
            assert isinstance(first.left, Apply)
            names = [v for v in names if v in first.left.args]
        if len(names) > 1 and usual:
            # By habit the unknown of an equation is x, and the other letters are its parameters.
            names = [v for v in names if v.name == "x"]
        if len(names) != 1:
            raise UnreadError("which variable is sought is not clear", span)
        return names

    def on_clause_not(self, node: Node) -> Formula:
        subject, _, predicate = node.parts
        assert isinstance(predicate, Node)
        return self.said(subject, predicate, negated=True, span=node.span)
