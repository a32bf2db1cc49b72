r"""Reads the tokens of one formula or term by `math.lark`.

Habits that are read: juxtaposition is multiplication; `\sin 2x` takes the run of plain factors after it;
`\sin^2 x` is a square. Habits that are refused because people differ on them: `a/bc`, `2\frac12`,
`\sin x(y+1)`, powers and factorials in a row, `\sin^{-1}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from lark import Lark, Tree
from lark import Token as LarkToken
from lark.exceptions import UnexpectedInput
from lark.lexer import Lexer

from cramf.formalize.symbolic.lexicon import Lexicon, Phrase
from cramf.formalize.symbolic.normalize import Token
from cramf.formalize.symbolic.syntax import (
    And,
    Arith,
    Congruent,
    Formula,
    Member,
    Num,
    Op,
    Pi,
    Rel,
    Span,
    Term,
    UnreadError,
    Var,
)

__all__ = ["MathReader", "TokenLexer"]

_MAX_OPERANDS = 40
_RELATIONS = {"EQ": "=", "NE": "≠", "LT": "<", "LE": "≤", "GT": ">", "GE": "≥", "DVD": "∣", "NDVD": "∤"}
_OPERATORS = {"PLUS": "+", "MINUS": "-", "TIMES": "*", "DIV": "/"}


class TokenLexer(Lexer):
    """Hands lark the tokens made elsewhere."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, data: list[LarkToken]) -> Iterator[LarkToken]:  # type: ignore[override]
        return iter(data)


def _lark_tokens(tokens: list[Token]) -> list[LarkToken]:
    return [LarkToken(t.kind, t.text, start_pos=t.start, end_pos=t.end) for t in tokens]


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("math.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=TokenLexer, maybe_placeholders=True)


class MathReader:
    """Reads formulas with the operations of a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def read(self, tokens: list[Token]) -> Term | Formula:
        """The term, the relation (several in a chain are joined by `And`) or the membership.

        Raises:
            UnreadError: at the first token that does not fit, or at a habit that is refused.
        """
        whole = tokens[0].start, tokens[-1].end
        try:
            tree: Any = _parser().parse(_lark_tokens(tokens))
        except UnexpectedInput as error:
            bad = getattr(error, "token", None)
            if bad is None or bad.type == "$END":
                raise UnreadError("a formula that breaks off", whole) from None
            raise UnreadError(
                f"{str(bad)!r} does not fit the formula here", (bad.start_pos, bad.end_pos)
            ) from None
        parts = tree.children
        if tree.data == "term":
            return self._sum(parts[0])
        if tree.data in ("member", "not_member"):
            # The grammar has a set only at the end of a formula.
            number_set = tokens[-1].set
            assert number_set is not None
            return Member(self._sum(parts[0]), number_set, tree.data == "not_member", whole)
        if tree.data == "congruence":
            sides = [self._sum(p) for p in parts if isinstance(p, Tree) and p.data == "sum"]
            modulus = self._term(parts[-1])
            return _joined([Congruent(a, b, modulus, whole) for a, b in pairwise(sides)])
        operands = [self._sum(p) for p in parts[::2]]
        operators = [_RELATIONS[p.children[0].type] for p in parts[1::2]]
        return _joined(
            [
                Rel(op, left, right, whole)
                for op, left, right in zip(operators, operands, operands[1:], strict=False)
            ]
        )

    def _sum(self, tree: Any) -> Term:
        sign, first, *rest = tree.children
        term = self._product(first)
        if sign is not None and sign.children[0].type == "MINUS":
            term = Arith("neg", (term,), (sign.children[0].start_pos, term.span[1]))
        return self._folded(term, rest, self._product)

    def _product(self, tree: Any) -> Term:
        first, *rest = tree.children
        for operator, run in zip(rest[::2], rest[1::2], strict=True):
            if operator.children[0].type == "DIV" and len(run.children) > 1:
                raise UnreadError("a/bc can be (a/b)c or a/(bc); write parentheses", _span(run))
        if any(operator.children[0].type == "DIV" for operator in rest[:-2:2]):
            # a/b*c is left to right by convention, but written by hand it often means a/(bc).
            raise UnreadError("a/b·c can be (a/b)c or a/(bc); write parentheses", _span(tree))
        return self._folded(self._run(first), rest, self._run)

    def _folded(self, term: Term, rest: list[Any], read: Any) -> Term:
        if len(rest) > 2 * _MAX_OPERANDS:
            raise UnreadError(f"more than {_MAX_OPERANDS} operands in a row", (term.span[0], term.span[1]))
        for operator, operand in zip(rest[::2], rest[1::2], strict=True):
            right = read(operand)
            symbol = _OPERATORS[operator.children[0].type]
            term = Arith(symbol, (term, right), (term.span[0], right.span[1]))
        return term

    def _run(self, tree: Any) -> Term:
        factors = tree.children
        if len(factors) > _MAX_OPERANDS:
            raise UnreadError(f"more than {_MAX_OPERANDS} factors in a row", _span(tree))
        for left, right in pairwise(factors):
            numeric = left.data == "number"
            if _leads_with_numeral(right):
                raise UnreadError("a numeral straight after a factor", _span(right))
            if numeric and right.data == "fraction":
                raise UnreadError("a mixed fraction or a product; write the sign", _span(tree))
            if left.data == "open_call" and right.data != "open_call" and right.data != "call":
                raise UnreadError("where the function's argument ends is not clear", _span(tree))
        term = self._term(factors[0])
        for factor in factors[1:]:
            right_term = self._term(factor)
            term = Arith("*", (term, right_term), (term.span[0], right_term.span[1]))
        return term

    def _term(self, tree: Any) -> Term:
        span = _span(tree)
        parts = tree.children
        match tree.data:
            case "number":
                return Num(str(parts[0]), span)
            case "variable":
                return Var(str(parts[0]), span)
            case "pi":
                return Pi(span)
            case "group":
                return self._sum(parts[1])
            case "raised":
                return Arith("^", (self._term(parts[0]), self._term(parts[2])), span)
            case "absolute":
                return self._op("|", (self._sum(parts[1]),), span)
            case "fraction":
                return Arith("/", (self._term(parts[1]), self._term(parts[2])), span)
            case "root":
                inner = parts[1] if len(parts) == 2 else parts[2]
                argument = self._sum(inner) if inner.data == "sum" else self._term(inner)
                return self._op("\\sqrt", (argument,), span)
            case "nth_root":
                index = self._sum(parts[2])
                one = Num("1", span)
                return Arith("^", (self._term(parts[4]), Arith("/", (one, index), span)), span)
            case "bang":
                if parts[0].data == "bang":
                    raise UnreadError("a double factorial is not read", span)
                return self._op("!", (self._term(parts[0]),), span)
            case "call" | "open_call":
                return self._call(tree, span)
            case _:
                # exponent, argument, modulus and plain: one token, or a sum in brackets.
                return self._wrapped(parts)

    def _wrapped(self, parts: list[Any]) -> Term:
        inner = parts[1] if len(parts) == 3 else parts[0]
        if isinstance(inner, Tree):
            return self._sum(inner) if inner.data == "sum" else self._term(inner)
        span = inner.start_pos, inner.end_pos
        if inner.type == "NUM":
            return Num(str(inner), span)
        return Pi(span) if inner.type == "PI" else Var(str(inner), span)

    def _call(self, tree: Any, span: Span) -> Term:
        name, power, exponent, *rest = tree.children
        if tree.data == "call":
            arguments = tuple(self._sum(p) for p in rest if isinstance(p, Tree))
        else:
            product = self._term(rest[0])
            for factor in rest[1:]:
                right = self._term(factor)
                product = Arith("*", (product, right), (product.span[0], right.span[1]))
            arguments = (product,)
        term = self._op(str(name), arguments, span)
        if power is None:
            return term
        raised = self._term(exponent)
        if not isinstance(raised, Num):
            raise UnreadError("a function's exponent can be a power or an inverse", _span(exponent))
        return Arith("^", (term, raised), span)

    def _op(self, command: str, args: tuple[Term, ...], span: Span) -> Term:
        phrase = self._lexicon.by_command.get(command)
        if phrase is None:
            raise UnreadError(f"no operation {command} in the ontology", span)
        return _applied(phrase, args, span)


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


def _joined(parts: list[Any]) -> Formula:
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _leads_with_numeral(tree: Any) -> bool:
    while isinstance(tree, Tree) and tree.data in ("raised", "bang"):
        tree = tree.children[0]
    return isinstance(tree, Tree) and tree.data == "number"


def _span(tree: Any) -> Span:
    leaves = [leaf for leaf in tree.scan_values(lambda _: True) if leaf is not None]
    return leaves[0].start_pos, leaves[-1].end_pos
