"""Derivations of a statement by `english.lark`, at most a fixed number of them, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lark import Lark

from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.earley import LookaheadParser
from cramf.formalize.symbolic.forest import Bounds, derived
from cramf.formalize.symbolic.mathreader import TokenLexer
from cramf.formalize.symbolic.syntax import Span

__all__ = ["MAX_CHUNKS", "MAX_READINGS", "Node", "readings"]

MAX_CHUNKS = 80
"""Most words and formulas in one statement."""
MAX_READINGS = 48
MAX_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Node:
    """A node of one derivation: the rule's alias or name, its parts, and its place in the statement."""

    rule: str
    parts: tuple[Node | Chunk, ...]
    span: Span

    def nodes(self, *rules: str) -> list[Node]:
        """Parts that are nodes, of these rules if any are named."""
        return [p for p in self.parts if isinstance(p, Node) and (not rules or p.rule in rules)]

    def chunks(self, *kinds: str) -> list[Chunk]:
        """Parts that are chunks, of these kinds if any are named."""
        return [p for p in self.parts if isinstance(p, Chunk) and (not kinds or p.kind in kinds)]


@cache
def _parser() -> LookaheadParser:
    grammar = Path(__file__).with_name("english.lark").read_text(encoding="utf-8")
    return LookaheadParser(
        Lark(grammar, parser="earley", lexer=TokenLexer, ambiguity="forest", maybe_placeholders=False)
    )


def readings(chunks: list[Chunk]) -> tuple[list[Node], bool]:
    """Derivations of the statement, the grammar's preferred ones first, and whether these are all.

    Raises:
        UnreadError: at the first chunk that no derivation can take.
    """
    found, whole = derived(_parser(), Node, chunks, Bounds(MAX_CHUNKS, MAX_READINGS, MAX_STEPS))
    return found[:MAX_READINGS], whole and len(found) <= MAX_READINGS
