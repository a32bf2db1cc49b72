"""Terms of a derivation: operations and arithmetic in words, and the unnamed objects in them."""

from __future__ import annotations

from abc import abstractmethod

from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.leanterm import Atom, Hole, Infix, Lean, Prefix
from cramf.formalize.symbolic.lexicon import Phrase
from cramf.formalize.symbolic.nouns import COUNTS, NounBuilder, is_term
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.syntax import (
    TERM_TYPES,
    Arith,
    Big,
    Decl,
    Described,
    Num,
    Op,
    Span,
    Term,
    UnreadError,
    Var,
)

__all__ = ["GREATEST", "WordingBuilder", "universal"]

GREATEST = ("greatest", "largest", "maximum", "maximal", "highest", "biggest")
"""Superlatives upwards; the others of the grammar point downwards."""

_ASSOCIATIVE = ("sum", "product")
_AVERAGE = "school.average"
_COUNTING = frozenset(("integers", "numbers", "natural", "counting", "whole"))
_WORD_OPERATORS = {
    "plus": "+",
    "minus": "-",
    "times": "*",
    "multiplied by": "*",
    "increased by": "+",
    "decreased by": "-",
    "subtracted from": "-",
    "divided by": "/",
    "more than": "+",
    "less than": "-",
}
_MULTIPLES = {
    "twice": ("*", "2"),
    "double": ("*", "2"),
    "triple": ("*", "3"),
    "three times": ("*", "3"),
    "four times": ("*", "4"),
    "five times": ("*", "5"),
    "half": ("/", "2"),
    "half of": ("/", "2"),
    "one half of": ("/", "2"),
    "one-half of": ("/", "2"),
    "one third of": ("/", "3"),
    "one-third of": ("/", "3"),
    "one quarter of": ("/", "4"),
    "one fourth of": ("/", "4"),
    "one-fourth of": ("/", "4"),
}


class WordingBuilder(NounBuilder):
    """Adds terms to what `NounBuilder` knows."""

    def closed(self, node: Node | Chunk) -> Term:
        """A term without unnamed objects."""
        found = self.described(node)
        if found.decls:
            raise UnreadError("an unnamed object is not read here", found.span)
        return found.term

    def described(self, node: Node | Chunk) -> Described:
        if isinstance(node, Chunk):
            if not isinstance(node.math, TERM_TYPES):
                raise UnreadError("a term is expected", node.span)
            return Described(node.math, (), node.span)
        if node.rule != "operation":
            return Described(self.worded(node), (), node.span)
        terms, decls = self.operation(node)
        if len(terms) != 1:
            raise UnreadError("several objects where one is expected", node.span)
        return Described(terms[0], tuple(decls), node.span)

    def worded(self, node: Node) -> Term:
        """Arithmetic in words: "twice x", "3 more than x", "the remainder when x is divided by 3"."""
        gathers = node.rule in ("summed", "number_of")
        inner = (
            []
            if gathers or node.rule == "extreme_one"
            else [self.closed(part) for part in node.parts if is_term(part)]
        )
        match node.rule:
            case "same":
                return inner[0]
            case "counted" if node.chunks("SOLUTION"):
                if node.chunks("SOLUTION")[0].text != "zero":
                    raise UnreadError("a term is expected", node.span, misfit=True)
                return Num("0", node.span)
            case "counted":
                return Num(str(COUNTS[node.chunks("COUNT")[0].text]), node.span)
            case "their":
                phrase = node.chunks("THEIR")[0].phrases[0]
                results = self.operated(phrase, list(self.last_group(node)), node)
                if len(results) != 1:
                    raise UnreadError("several objects where one is expected", node.span)
                return results[0]
            case "one_of_two":
                # Which of two unnamed things is "one of them" is free to choose; "the other" is the other.
                first, second = self.last_group(node, 2)
                return second if "other" in node.chunks("ONEOF")[0].text else first
            case "extreme_one":
                return self.extreme_one(node)
            case "larger":
                small = node.chunks("LARGER")[0].text.startswith(("smaller", "lesser"))
                extreme = self._lexicon.role("minimum of" if small else "maximum of", "operation")
                if extreme is None:
                    raise UnreadError("no maximum in the ontology", node.span)
                return Op(extreme, self.last_group(node, 2), node.span)
            case "first_ones":
                return self.first_ones(node, inner[0])
            case "summed" | "number_of":
                return self.gathered(node)
            case "multiple":
                op, factor = _MULTIPLES[node.chunks("MULTIPLE")[0].text]
                number = Num(factor, node.span)
                args = (inner[0], number) if op == "/" else (number, inner[0])
                return Arith(op, args, node.span)
            case "part_of":
                return Arith("*", (inner[0], inner[1]), node.span)
            case "powered":
                power = {"squared": "2", "cubed": "3"}[node.chunks("POWERED")[0].text]
                return Arith("^", (inner[0], Num(power, node.span)), node.span)
            case "remainder":
                return Arith("%", (inner[0], inner[1]), node.span)
            case "word_op":
                word = node.chunks("WORDOP", "RELW", "DIVIDED")[0]
                if word.text not in _WORD_OPERATORS:
                    raise UnreadError(f"{word.text!r} between two terms", word.span, misfit=True)
                op = _WORD_OPERATORS[word.text]
                turned = word.text in ("less than", "subtracted from")
                return Arith(op, (inner[1], inner[0]) if turned else (inner[0], inner[1]), node.span)
        raise UnreadError("a term is expected", node.span, misfit=True)

    def operation(self, node: Node) -> tuple[list[Term], list[Decl]]:
        """What an operation makes: one on a single thing ("the squares of two primes") is done to each."""
        phrase = node.chunks("OPER")[0].phrases[0]
        args = node.nodes()[0]
        terms: list[Term] = []
        decls: list[Decl] = []
        if args.rule == "several":
            terms, decls = self.several(args)
        elif args.rule == "declared_args":
            nounp, lvars = args.nodes()
            decl = self.named(lvars, nounp, [], args.span)
            if self._scoped or not (self._place == "claim" or self._introduces):
                raise UnreadError("how far this declaration reaches is not clear", args.span)
            self._floated.append(decl)
            terms = list(decl.names)
        elif args.rule == "same_args":
            terms = self.same_group(args)
        for part in args.parts if args.rule == "args" else ():
            if isinstance(part, Node) and part.rule == "unnamed":
                nounp, *posts = part.nodes()
                more, bound = self.unnamed(nounp, posts, 1)
            elif isinstance(part, Node) and part.rule == "operation":
                more, bound = self.operation(part)
            else:
                more, bound = [self.closed(part)], []
            terms += more
            decls += bound
        self.spoken_of(terms)
        return self.operated(phrase, terms, node), decls

    def extreme_one(self, node: Node) -> Term:
        """`the largest of the three integers`."""
        least = node.chunks("LEAST")[0].text.split()[0] not in GREATEST
        phrase = self._lexicon.role("minimum of" if least else "maximum of", "operation")
        if phrase is None:
            raise UnreadError("no maximum in the ontology", node.span)
        result, *others = self.same_group(node)
        for other in others:
            result = Op(phrase, (result, other), node.span)
        return result

    def first_ones(self, node: Node, count: Term) -> Term:
        """`the sum of the first n odd numbers`."""
        word = node.chunks("OPER")[0].text
        if word not in ("sum of", "product of"):
            raise UnreadError(f"{word!r} of many things", node.span, misfit=True)
        said = " ".join(chunk.text for chunk in node.chunks("QUAL", "PLURAL", "NUMBER"))
        words = set(said.split())
        rest = words - {"positive", "even", "odd"}
        if not rest <= _COUNTING or not (
            words & {"positive", "even", "odd"} or words & {"natural", "counting"}
        ):
            raise UnreadError("of what kind the first ones are is not clear", node.span)
        # Even and odd ones are positive by habit.
        variable, one, two = Var("k", node.span), Num("1", node.span), Num("2", node.span)
        body: Term = variable
        if words & {"even", "odd"}:
            body = Arith("*", (two, variable), node.span)
        if "odd" in words:
            body = Arith("-", (body, one), node.span)
        return Big("∑" if word == "sum of" else "∏", variable, one, count, body, node.span)

    def last_group(self, node: Node, count: int = 0) -> tuple[Term, ...]:
        """What "their" or "the two numbers" speak of: the last things said together, `count` if given."""
        if not self.group or count not in (0, len(self.group)):
            raise UnreadError("of what this speaks is not clear", node.span)
        return self.group

    def same_group(self, node: Node) -> list[Term]:
        """`the two numbers`."""
        counts = [COUNTS[chunk.text] for chunk in node.chunks("COUNT")]
        return list(self.last_group(node, *counts))

    @abstractmethod
    def gathered(self, node: Node) -> Term:
        """A sum over all objects of a kind, or their number."""

    def operated(self, phrase: Phrase, terms: list[Term], node: Node) -> list[Term]:
        """An operation on its arguments; one on a single thing is done to each."""
        if phrase.concept == _AVERAGE:
            total = terms[0]
            for term in terms[1:]:
                total = Arith("+", (total, term), node.span)
            return [Arith("/", (total, Num(str(len(terms)), node.span)), node.span)]
        if phrase.arity == 1:
            return [_apply(phrase, (term,), node.span) for term in terms]
        if len(terms) != phrase.arity and not (len(terms) > 2 and phrase.concept in _ASSOCIATIVE):
            raise UnreadError(f"the {phrase.name} {len(terms)} objects", node.span)
        result = terms[0]
        for term in terms[1:]:
            result = _apply(phrase, (result, term), node.span)
        return [result]

    def several(self, node: Node) -> tuple[list[Term], list[Decl]]:
        count = COUNTS[node.chunks("COUNT")[0].text]
        nounp, *posts = node.nodes()
        return self.unnamed(nounp, posts, count)


def universal(node: Node | Chunk) -> bool:
    """Whether an operation's unnamed objects are said to be any whatever ("any two integers")."""
    return isinstance(node, Node) and (
        bool(node.chunks("EVERY")) or any(universal(part) for part in node.nodes())
    )


def _apply(phrase: Phrase, args: tuple[Term, ...], span: Span) -> Term:
    """An operation; sums, products and powers become arithmetic, so that their types are settled as such."""
    first = phrase.senses[0][1][0]
    if first.type == "α":
        arithmetic = _arithmetic(first.template, args, span)
        if arithmetic is not None:
            return arithmetic
    return Op(phrase, args, span)


def _arithmetic(template: Lean, args: tuple[Term, ...], span: Span) -> Term | None:
    match template:
        case Hole(index):
            return args[index]
        case Atom(text) if text.isdigit():
            return Num(text, span)
        case Infix(op, left, right) if op in "+-*/^":
            parts = _arithmetic(left, args, span), _arithmetic(right, args, span)
            return None if parts[0] is None or parts[1] is None else Arith(op, (parts[0], parts[1]), span)
        case Prefix("-", body):
            inner = _arithmetic(body, args, span)
            return None if inner is None else Arith("neg", (inner,), span)
        case _:
            return None
