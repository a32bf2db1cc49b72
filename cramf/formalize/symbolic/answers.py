"""Answers: what is to be proved where a question asks for something and "it" is said to be this."""

from __future__ import annotations

from dataclasses import replace

from cramf.formalize.symbolic.nouns import conjoined
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.questions import Asked, QuestionBuilder
from cramf.formalize.symbolic.syntax import (
    Arith,
    Build,
    Card,
    Collection,
    Decl,
    Extremal,
    Formula,
    Iff,
    Infinite,
    Interval,
    Member,
    Or,
    Quant,
    Rel,
    SetRef,
    Span,
    Term,
    Tuple,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.traverse import variables_of

__all__ = ["AnswerBuilder"]


class AnswerBuilder(QuestionBuilder):
    """Adds answers to what `QuestionBuilder` knows."""

    def answered(self, asked: Asked, answer: Node) -> Formula:
        """What is to be proved: that the answer is what was asked for."""
        if answer.rule == "answer_infinite":
            if not isinstance(asked.term, Card) or len(asked.term.decl.names) != 1:
                raise UnreadError("infinitely many of what is not clear", answer.span)
            return Infinite(asked.term.decl, answer.span)
        if answer.rule == "answer_claim":
            return self._claimed(asked, self.formula(answer.parts[-1]), answer.span)
        values = [self.closed(part) for part in answer.nodes("answer_terms")[0].parts]
        if asked.kind.endswith(" value"):
            return self._extreme_value(asked, self._single(values, answer.span), answer.span)
        if asked.kind == "term":
            assert asked.term is not None
            return Rel("=", asked.term, self._single(values, answer.span), answer.span)
        assert asked.decl is not None
        decl = asked.decl
        sought: Term = decl.names[0] if len(decl.names) == 1 else Tuple(decl.names, decl.span)
        if asked.kind in ("IsLeast", "IsGreatest"):
            return Extremal(asked.kind, decl, self._single(values, answer.span), answer.span)
        equal = [self._is_answer(sought, value, answer.span) for value in values]
        if isinstance(equal[0], Member) and asked.kind == "one":
            # "Solve x^2 < 4. Show that it is (-2, 2)": the answer is the set of all solutions.
            self.setup[:] = [item for item in self.setup if item is not self.sought]
            asked = Asked("all", asked.span, decl=replace(decl, limits=(*decl.limits, *self.conditions)))
        return self._solved(asked, equal[0] if len(equal) == 1 else Or(tuple(equal)))

    def _is_answer(self, sought: Term, value: Term, span: Span) -> Formula:
        """That something is an answer; a pair that answers for one number is an open interval."""
        if isinstance(sought, Var) and isinstance(value, Tuple) and len(value.items) == 2:
            value = Interval("oo", value.items[0], value.items[1], value.span)
        is_set = isinstance(value, Interval | Collection | Build | SetRef)
        if is_set or (isinstance(value, Arith) and value.op in "∪∩"):
            return Member(sought, value, False, span)
        return Rel("=", sought, value, span)

    def _solved(self, asked: Asked, claim: Formula) -> Formula:
        assert asked.decl is not None
        if asked.kind == "one":
            return claim
        decl = self.taken(asked.decl)
        if not decl.limits:
            raise UnreadError("nothing is said of what is sought", asked.span)
        bare = Decl(decl.names, decl.sort, (), decl.span)
        return Quant("∀", (bare,), Iff(conjoined(list(decl.limits)), claim), asked.span)

    def _claimed(self, asked: Asked, claim: Formula, span: Span) -> Formula:
        """An answer that is a formula: `x = 2`."""
        if asked.kind in ("all", "one"):
            return self._solved(asked, claim)
        if isinstance(asked.term, Var) and isinstance(claim, Rel) and claim.op == "=":
            same = isinstance(claim.left, Var) and claim.left.name == asked.term.name
            if asked.kind == "term" and same:
                return claim
        raise UnreadError("this does not answer what was asked", span)

    def _single(self, values: list[Term], span: Span) -> Term:
        if len(values) != 1:
            raise UnreadError("several answers to a question for one thing", span)
        return values[0]

    def _extreme_value(self, asked: Asked, value: Term, span: Span) -> Formula:
        """The least or greatest value of a term under everything that is supposed of its variables."""
        assert asked.term is not None
        outside = {v.name for v in variables_of(value)}
        kind = asked.kind.removesuffix(" value")
        return Extremal(kind, self.values_of(asked.term, outside, asked.span), value, span)
