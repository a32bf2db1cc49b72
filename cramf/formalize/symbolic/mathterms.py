"""Sums, products and juxtaposition from the parse trees of `math.lark`; `mathatoms` has the factors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any

from lark import Tree

from cramf.formalize.symbolic.ellipsis import general_term
from cramf.formalize.symbolic.lexicon import Lexicon, Phrase
from cramf.formalize.symbolic.operations import built_in
from cramf.formalize.symbolic.syntax import (
    Arith,
    Big,
    Constant,
    Formula,
    Interval,
    Limit,
    Num,
    Op,
    Pi,
    SetRef,
    Span,
    Term,
    Tuple,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.tokens import Token
from cramf.formalize.symbolic.traverse import every, variables_of

__all__ = ["TermReader", "interval", "is_dots"]

_MAX_OPERANDS = 40
_OPERATORS = {
    "PLUS": "+",
    "MINUS": "-",
    "TIMES": "*",
    "DIV": "/",
    "CUP": "∪",
    "CAP": "∩",
    "SETMINUS": "\\",
    "MODULO": "%",
}
_OPEN = ("open_call", "log", "log_base")
# Rules that hold one token, or a sum in brackets.
_WRAPPERS = ("exponent", "argument", "modulus", "bound", "index", "plain")
Side = tuple[Term, Term | None, Span]


class TermReader(ABC):
    """Reads the terms of one formula."""

    def __init__(self, lexicon: Lexicon, tokens: list[Token]) -> None:
        self._lexicon = lexicon
        self._tokens = tokens
        self._renamed: dict[str, str] = {}
        self.starred: list[Span] = []
        """Where `a * b` stands, which at the left of an equation may define an operation `*`."""

    @abstractmethod
    def formula(self, tree: Any) -> Formula:
        """A condition inside a set or a case."""

    # ---- sides of relations

    def side(self, tree: Any) -> Side:
        """A side, the modulus after it if any, and where it stands."""
        parts = tree.children
        term = self.sum(parts[0])
        if tree.data == "side":
            return term, None, term.span
        modulus = self.sum(parts[3]) if tree.data == "modulo_spaced" else self.modulus(parts[2])
        return term, modulus, self.span(tree)

    def modulus(self, tree: Any) -> Term:
        return self.run(tree) if tree.data == "run" else self.term(tree)

    def remainder(self, side: Side) -> Term:
        term, modulus, span = side
        return term if modulus is None else Arith("%", (term, modulus), span)

    def as_set(self, term: Term) -> SetRef | Term:
        """A term after `∈`: a pair in round brackets is an interval there."""
        if isinstance(term, Tuple) and len(term.items) == 2:
            return interval("(", ")", term.items[0], term.items[1], term.span)
        return term

    # ---- sums and products

    def sum(self, tree: Any) -> Term:
        sign, first, *rest = tree.children
        negative = sign is not None and sign.children[0].type == "MINUS"
        if len(rest) > 2 * _MAX_OPERANDS:
            raise UnreadError(f"more than {_MAX_OPERANDS} operands in a row", self.span(tree))
        operators = [op.children[0].type for op in rest[::2]]
        products = [first, *rest[1::2]]
        if any(is_dots(product) for product in products):
            return self.summed(products, ["MINUS" if negative else "PLUS", *operators], self.span(tree))
        term = self.product(first)
        if negative:
            term = Arith("neg", (term,), (sign.children[0].start_pos, term.span[1]))
        for operator, product in zip(operators, products[1:], strict=True):
            right = self.product(product)
            if isinstance(term, Big | Limit) or (
                isinstance(term, Arith) and isinstance(term.args[-1], Big | Limit)
            ):
                big = term if isinstance(term, Big | Limit) else term.args[-1]
                assert isinstance(big, Big | Limit)
                name = big.var.name.partition("@")[0]
                if any(v.name == name for v in variables_of(right)):
                    raise UnreadError("whether the sum or limit takes this term is not clear", right.span)
            term = Arith(_OPERATORS[operator], (term, right), (term.span[0], right.span[1]))
        return term

    def product(self, tree: Any) -> Term:
        first, *rest = tree.children
        operators = [op.children[0].type for op in rest[::2]]
        runs = [first, *rest[1::2]]
        factors = [factor for run in runs for factor in run.children]
        if any(factor.data == "dots" for factor in factors):
            if set(operators) - {"TIMES"}:
                raise UnreadError("an ellipsis between other signs than times", self.span(tree))
            # `1 \cdot 2 \cdots n`: each run is a factor, and the dots part the run that they stand in.
            pieces: list[Any] = []
            for run in runs:
                piece: list[Any] = []
                for factor in run.children:
                    if factor.data == "dots":
                        pieces += [Tree("run", piece)] if piece else []
                        pieces.append(factor)
                        piece = []
                    else:
                        piece.append(factor)
                pieces += [Tree("run", piece)] if piece else []
            return self.series("∏", pieces, self.run, self.span(tree))
        for operator, run in zip(operators, runs[1:], strict=True):
            if operator == "DIV" and len(run.children) > 1:
                raise UnreadError("a/bc can be (a/b)c or a/(bc); write parentheses", self.span(run))
        if "DIV" in operators[:-1]:
            # a/b*c is left to right by convention, but written by hand it often means a/(bc).
            raise UnreadError("a/b·c can be (a/b)c or a/(bc); write parentheses", self.span(tree))
        if len(rest) > 2 * _MAX_OPERANDS:
            raise UnreadError(f"more than {_MAX_OPERANDS} operands in a row", self.span(tree))
        term = self.run(first)
        if operators == ["TIMES"] and all(_is_letter(run) for run in runs):
            sign = str(rest[0].children[0])
            if sign in ("*", "\\ast", "\\star"):
                self.starred.append(self.span(tree))
        for operator, run in zip(operators, runs[1:], strict=True):
            right = self.run(run)
            term = Arith(_OPERATORS[operator], (term, right), (term.span[0], right.span[1]))
        return term

    def summed(self, products: list[Any], signs: list[str], span: Span) -> Term:
        """`1 + 2 + ... + n`, or with alternating signs `1 - 2 + 3 - ... + n`."""
        place = next(i for i, product in enumerate(products) if is_dots(product))
        shown = [sign for i, sign in enumerate(signs) if i != place]
        if set(shown) == {"PLUS"} and signs[place] == "PLUS":
            return self.series("∑", products, self.product, span)
        heads, tails = signs[:place], signs[place + 1 :]
        alternating = all(sign == ("MINUS" if i % 2 else "PLUS") for i, sign in enumerate(heads))
        series = self.series("∑", products, self.product, span)
        assert isinstance(series, Big)
        if not alternating or len(heads) < 2 or not isinstance(series.low, Num):
            raise UnreadError("an ellipsis between these signs", span)
        if any(a == b for a, b in pairwise(tails)):
            raise UnreadError("an ellipsis between these signs", span)
        if isinstance(series.high, Num):
            last = (int(series.high.text) - int(series.low.text)) % 2
            if tails[-1] != ("MINUS" if last else "PLUS"):
                raise UnreadError("signs that do not alternate to the end", span)
        else:
            raise UnreadError("an alternating ellipsis up to a variable", span)
        exponent: Term = series.var
        if int(series.low.text) % 2:
            exponent = Arith("+", (exponent, Num("1", span)), span)
        sign = Arith("^", (Arith("neg", (Num("1", span),), span), exponent), span)
        return Big("∑", series.var, series.low, series.high, Arith("*", (sign, series.body), span), span)

    def series(self, op: str, pieces: list[Any], read: Any, span: Span) -> Term:
        """A sum or product with an ellipsis from its summands or factors."""
        places = [i for i, piece in enumerate(pieces) if is_dots(piece)]
        if len(places) != 1 or places[0] == len(pieces) - 1:
            raise UnreadError("an ellipsis without its last term", span)
        heads = [read(piece) for piece in pieces[: places[0]]]
        found = general_term(heads, [read(piece) for piece in pieces[places[0] + 1 :]], span)
        return Big(op, found.var, found.low, found.high, found.body, span)

    def run(self, tree: Any) -> Term:
        factors = tree.children
        if len(factors) > _MAX_OPERANDS:
            raise UnreadError(f"more than {_MAX_OPERANDS} factors in a row", self.span(tree))
        for left, right in pairwise(factors):
            if _leads_with_numeral(right) and left.data not in ("raised", "group", "binomial"):
                raise UnreadError("a numeral straight after a factor", self.span(right))
            if left.data == "number" and right.data == "fraction" and self.plain_fraction(right):
                raise UnreadError("a mixed fraction or a product; write the sign", self.span(tree))
            if left.data in _OPEN and self.is_open(left) and right.data not in (*_OPEN, "call", "big"):
                raise UnreadError("where the function's argument ends is not clear", self.span(tree))
        term = self.term(factors[0])
        for factor in factors[1:]:
            right_term = self.term(factor)
            term = Arith("*", (term, right_term), (term.span[0], right_term.span[1]))
        return term

    def plain_fraction(self, tree: Any) -> bool:
        """A fraction without variables, which after a numeral can be part of a mixed number."""
        return not any(leaf.type in ("VAR", "SEQ", "FNAME") for leaf in self.leaves(tree))

    def is_open(self, tree: Any) -> bool:
        last = tree.children[-1]
        return bool(
            tree.data == "open_call"
            or (
                isinstance(last, Tree) and last.children[0] is not None and isinstance(last.children[0], Tree)
            )
        )

    # ---- factors

    def term(self, tree: Any) -> Term:
        method = getattr(self, f"on_{tree.data}", None)
        if method is not None:
            found: Term = method(tree, tree.children, self.span(tree))
            return found
        assert tree.data in _WRAPPERS, tree.data
        return self.wrapped(tree.children)

    def wrapped(self, parts: list[Any]) -> Term:
        inner = parts[1] if len(parts) == 3 else parts[0]
        if isinstance(inner, Tree):
            return self.sum(inner) if inner.data == "sum" else self.term(inner)
        span = inner.start_pos, inner.end_pos
        if inner.type == "NUM":
            return Num(str(inner), span)
        if inner.type == "INF":
            return Constant("∞", span)
        if inner.type in ("PLUS", "MINUS"):
            raise UnreadError("a sign as an exponent", span)
        return Pi(span) if inner.type == "PI" else self.variable(inner)

    def variable(self, token: Any) -> Var:
        name = str(token)
        return Var(self._renamed.get(name, name), (token.start_pos, token.end_pos))

    # ---- help

    def op(self, command: str, args: tuple[Term, ...], span: Span) -> Term:
        if command == "\\overline" and not all(_is_number_letter(v) for arg in args for v in every([arg])):
            raise UnreadError("a bar over digits, a segment or a mean", span)
        phrase = self._lexicon.by_command.get(command) or built_in(command)
        if phrase is None:
            raise UnreadError(f"no operation {command} in the ontology", span)
        return _applied(phrase, args, span)

    def leaves(self, tree: Any) -> list[Any]:
        if not isinstance(tree, Tree):
            return [] if tree is None else [tree]
        return [leaf for leaf in tree.scan_values(lambda _: True) if leaf is not None]

    def span(self, tree: Any) -> Span:
        leaves = self.leaves(tree)
        return leaves[0].start_pos, leaves[-1].end_pos


def _applied(phrase: Phrase, args: tuple[Term, ...], span: Span) -> Term:
    if len(args) > phrase.arity == 2 and all(p.type == "α" for _, ps in phrase.senses for p in ps):
        # max and min of three are nested; a gcd of three is not, since its value has another type.
        term: Term = args[0]
        for arg in args[1:]:
            term = Op(phrase, (term, arg), span)
        return term
    if len(args) != phrase.arity:
        raise UnreadError(f"{phrase.name} takes {phrase.arity} arguments", span)
    return Op(phrase, args, span)


def interval(left: str, right: str, low: Term, high: Term, span: Span) -> Term:
    """The interval between two terms with these brackets."""
    ends = {"[": "c", "]": "c", "(": "o", ")": "o"}
    shape = ends[left] + ends[right]
    infinite = Constant("∞", high.span)
    if isinstance(high, Constant) and high.name == "∞":
        shape = shape[0] + "i"
    if isinstance(low, Arith) and low.op == "neg" and isinstance(low.args[0], Constant):
        low, shape = infinite, "i" + shape[1]
    if shape == "ii":
        raise UnreadError("an interval without ends", span)
    return Interval(shape, low, high, span)


def is_dots(tree: Any) -> bool:
    """Whether a product or factor is the ellipsis alone."""
    while isinstance(tree, Tree) and tree.data in ("product", "run") and len(tree.children) == 1:
        tree = tree.children[0]
    return isinstance(tree, Tree) and tree.data == "dots"


def _is_number_letter(part: Any) -> bool:
    """Whether a part of what stands under a bar can be part of a complex number."""
    return not isinstance(part, Num) and not (isinstance(part, Var) and part.name[0].isupper())


def _is_letter(run: Any) -> bool:
    return len(run.children) == 1 and run.children[0].data == "variable"


def _leads_with_numeral(tree: Any) -> bool:
    while isinstance(tree, Tree) and tree.data in ("raised", "bang", "percent", "degrees"):
        tree = tree.children[0]
    return isinstance(tree, Tree) and tree.data in ("number", "based")
