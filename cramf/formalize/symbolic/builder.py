"""One derivation to the logical form.

Unnamed objects ("an even integer", "two primes") become placeholder variables `?1`, `?2` that the clause
around them binds: for all of them in a subject, for some of them in a predicate ("n is the sum of two
squares"). A word used in a role that it does not have makes the derivation no reading (`UnreadError`).
"""

from __future__ import annotations

from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.clauses import ClauseBuilder
from cramf.formalize.symbolic.nouns import COUNTS, TERMS, conjoined
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.syntax import (
    And,
    Decl,
    Formula,
    Iff,
    Implies,
    Infinite,
    Member,
    Not,
    Or,
    Quant,
    Rel,
    Statement,
    Term,
    UnreadError,
)

__all__ = ["Builder"]


class Builder(ClauseBuilder):
    """Builds the logical form of one derivation; make a new one for each."""

    # ---- statements

    def statement(self, tree: Node) -> Statement:
        """The logical form of a whole derivation.

        Raises:
            UnreadError: where the derivation uses a word in a role that it does not have.
        """
        setup: list[Decl | Formula] = []
        goal: Formula | None = None
        asked: Term | None = None
        for node in tree.parts:
            if isinstance(node, Chunk):
                goal = self.formula(node)
            elif node.rule == "let":
                for bind in node.nodes():
                    setup.extend(self.bind(bind))
            elif node.rule == "suppose":
                setup.append(self.given(node.parts[0]))
            elif node.rule == "given":
                setup.extend(self.decls(node))
            elif node.rule == "ask":
                asked = self.closed(node.parts[0])
            elif node.rule == "answer":
                assert asked is not None
                goal = Rel("=", asked, self.closed(node.parts[0]), node.span)
            else:
                goal = self.formula(node)
        assert goal is not None
        if self._floated:
            goal = Quant("∀", tuple(self._floated), goal, tree.span)
        return Statement(tuple(setup), goal)

    def bind(self, node: Node) -> list[Decl]:
        if node.rule == "bind_mem":
            mems, *posts = node.nodes()
            return [self.members(mems, posts)]
        lvars, nounp, *posts = node.nodes()
        self.counted(node, lvars)
        return [self.named(lvars, nounp, posts, node.span)]

    def counted(self, node: Node, lvars: Node) -> None:
        for count in node.chunks("COUNT"):
            if COUNTS[count.text] != len(self.names(lvars)):
                raise UnreadError("another number of variables than it says", count.span)

    # ---- formulas

    def formula(self, node: Node | Chunk) -> Formula:
        """The logical form of a formula's node."""
        if isinstance(node, Chunk):
            if node.math is None or isinstance(node.math, TERMS):
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
        return And((condition, claim)) if self._given else Implies(condition, claim)

    def _all(self, node: Node) -> tuple[Formula, ...]:
        return tuple(self.formula(part) for part in node.parts)

    def on_iff(self, node: Node) -> Formula:
        left, right = (self.within("inside", part) for part in node.parts)
        return Iff(left, right)

    def on_if_then(self, node: Node) -> Formula:
        premise = self.within("premise", node.parts[0])
        conclusion = self.formula(node.parts[1])
        return Implies(premise, conclusion)

    def on_post_if(self, node: Node) -> Formula:
        conclusion = self.formula(node.parts[0])
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
        return And(self._all(node))

    def on_negation(self, node: Node) -> Formula:
        return Not(self.within("inside", node.parts[-1], scoped=True))

    def on_formulas(self, node: Node) -> Formula:
        return And(self._all(node))

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
        subject, predicate = node.parts
        assert isinstance(predicate, Node)
        return self.said(subject, predicate, negated=False, span=node.span)

    def on_clause_not(self, node: Node) -> Formula:
        subject, _, predicate = node.parts
        assert isinstance(predicate, Node)
        return self.said(subject, predicate, negated=True, span=node.span)
