"""Tokens of a statement and the limits on them."""

from __future__ import annotations

from dataclasses import dataclass

from cramf.formalize.symbolic.syntax import SetRef, Span

__all__ = ["CLOSING", "MAX_DEPTH", "MAX_LENGTH", "MAX_TOKENS", "OPENING", "OPERAND_END", "Token"]

MAX_LENGTH = 2000
"""Longest statement read, in characters."""
MAX_TOKENS = 500
MAX_DEPTH = 24
"""Deepest nesting of brackets read."""

OPENING = frozenset({"LPAR", "LBRACE", "LBRK", "LSET", "LFLOOR", "LCEIL", "BEGINCASES"})
CLOSING = frozenset({"RPAR", "RBRACE", "RBRK", "RSET", "RFLOOR", "RCEIL", "ENDCASES"})
OPERAND_END = frozenset({"VAR", "NUM", "PI", "INF", "ABSR", "BANG", "DEG", "PERCENT", "SET"}) | CLOSING


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is WORD, STOP, COMMA or COLON in English, else a terminal of `math.lark`.

    `math` tells a token between math delimiters, where a comma parts formulas and letters are variables.
    """

    kind: str
    text: str
    start: int
    end: int
    math: bool
    set: SetRef | None = None

    @property
    def span(self) -> Span:
        return self.start, self.end
