"""The Earley parser with lookahead finds the derivations that lark's own finds, and fails where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark
from lark import Token as LarkToken
from lark.exceptions import UnexpectedEOF, UnexpectedInput
from lark.lexer import Lexer
from lark.parsers.earley_forest import SymbolNode, TokenNode

from cramf.formalize.symbolic.earley import LookaheadParser

GRAMMAR = """
start: sum | sum E? start
sum: item (P item)*
?item: A | A? B | maybe C
maybe: A*
%declare A B C P E
"""


class Given(Lexer):
    """Hands lark the tokens as they are."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, data: Any) -> Iterator[LarkToken]:  # type: ignore[override]
        return iter(data)


PLAIN = Lark(GRAMMAR, parser="earley", lexer=Given, ambiguity="forest")
LOOKAHEAD = LookaheadParser(Lark(GRAMMAR, parser="earley", lexer=Given, ambiguity="forest"))


def tokens(text: str) -> list[LarkToken]:
    return [LarkToken(letter, letter, start_pos=i, end_pos=i + 1) for i, letter in enumerate(text)]


def shape(node: Any) -> object:
    """A forest as plain data: symbols with their extent, and the ways in which each is made."""
    if isinstance(node, TokenNode):
        return node.token.type, node.token.start_pos
    if isinstance(node, SymbolNode):
        # A symbol on the way through a rule is a pair of the rule and the place in it.
        symbol = (str(node.s[0]), node.s[1]) if node.is_intermediate else node.s.name
        ways = {(str(p.rule), shape(p.left), shape(p.right)) for p in node.children}
        return symbol, node.start, node.end, frozenset(ways)
    return None


def outcome(parse: Any, text: str) -> object:
    try:
        return shape(parse(tokens(text)))
    except UnexpectedEOF:
        return "breaks off"
    except UnexpectedInput as error:
        bad: Any = error
        return "unexpected", bad.token.start_pos


@settings(max_examples=200, deadline=None)
@given(st.text("ABCPE", min_size=1, max_size=7))
def test_lookahead_changes_nothing_but_the_time(text: str) -> None:
    assert outcome(LOOKAHEAD.parse, text) == outcome(PLAIN.parse, text)


@pytest.mark.parametrize(("text", "place"), [("AP", None), ("AE", None), ("PA", 0), ("APP", 2)])
def test_failures_tell_their_place(text: str, place: int | None) -> None:
    expected = "breaks off" if place is None else ("unexpected", place)
    assert outcome(LOOKAHEAD.parse, text) == expected
