"""One formula's tokens to an untyped tree (`formula.lark`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Transformer, v_args
from lark import Token as LarkToken
from lark.exceptions import UnexpectedInput
from lark.lexer import Lexer

from cramf.formalize.symbolic.abstract.tokens import Token
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Expr", "read_formula"]

MAX_NODES = 160


@dataclass(frozen=True, slots=True)
class Expr:
    """A node: `op` is the rule, `text` a name, numeral, number set or the relations of a chain."""

    op: str
    args: tuple[Expr, ...] = ()
    text: str = ""
    span: Span = (0, 0)

    def names(self) -> Iterator[str]:
        """All variable names in it."""
        if self.op == "name":
            yield self.text
        for arg in self.args:
            yield from arg.names()

    @property
    def relations(self) -> list[str]:
        return self.text.split()


class _Tokens(Lexer):
    def __init__(self, _conf: object) -> None:
        pass

    def lex(self, data: Any) -> Iterator[LarkToken]:  # type: ignore[override]
        yield from data


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("formula.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=_Tokens, propagate_positions=False)


def _span(children: list[Any]) -> Span:
    starts = [c.span[0] if isinstance(c, Expr) else c.start_pos for c in children]
    ends = [c.span[1] if isinstance(c, Expr) else c.end_pos for c in children]
    return (min(starts), max(ends)) if starts else (0, 0)


class _Build(Transformer[Any, Any]):
    def __default__(self, data: Any, children: list[Any], meta: Any) -> Expr:
        args = tuple(c for c in children if isinstance(c, Expr))
        return Expr(str(data), args, "", _span(children))

    def _leaf(self, rule: str, token: LarkToken) -> Expr:
        return Expr(rule, (), str(token), (token.start_pos or 0, token.end_pos or 0))

    @v_args(inline=True)
    def name(self, token: LarkToken) -> Expr:
        return self._leaf("name", token)

    @v_args(inline=True)
    def num(self, token: LarkToken) -> Expr:
        return self._leaf("num", token)

    @v_args(inline=True)
    def set(self, token: LarkToken) -> Expr:
        return self._leaf("set", token)

    @v_args(inline=True)
    def operator(self, token: LarkToken) -> Expr:
        return self._leaf("operator", token)

    def group(self, children: list[Any]) -> Expr:
        return next(c for c in children if isinstance(c, Expr))

    def relation(self, children: list[LarkToken]) -> LarkToken:
        return children[0]

    def chain(self, children: list[Any]) -> Expr:
        args = tuple(c for c in children if isinstance(c, Expr))
        text = " ".join(c.type for c in children if isinstance(c, LarkToken))
        return Expr("chain", args, text, _span(children))


def read_formula(tokens: list[Token]) -> Expr:
    """The tree of one formula: `listed` with its parts, or `mapping` (names, domain, codomain).

    Raises:
        UnreadError: at the first token that does not fit.
    """
    lexed = [
        LarkToken(t.kind, t.text, start_pos=t.start, end_pos=t.end, line=i) for i, t in enumerate(tokens)
    ]
    try:
        tree = _parser().parse(lexed)
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        index = token.line if token is not None and isinstance(token.line, int) else len(tokens) - 1
        bad = tokens[min(index, len(tokens) - 1)]
        raise UnreadError(f"{bad.text!r} does not fit the formula here", bad.span) from None
    result: Expr = _Build().transform(tree)
    if _size(result) > MAX_NODES:
        raise UnreadError("a formula too large to read", result.span)
    return result


def _size(tree: Expr) -> int:
    return 1 + sum(_size(arg) for arg in tree.args)
