"""Derivations of a statement by `abstract.lark`, at most a fixed number of them, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lark import Lark

from cramf.formalize.symbolic.abstract.chunks import Chunk
from cramf.formalize.symbolic.forest import Bounds, derived
from cramf.formalize.symbolic.mathreader import TokenLexer
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["MAX_CHUNKS", "MAX_READINGS", "Node", "derivations"]

MAX_CHUNKS = 64
MAX_READINGS = 24
_MAX_STEPS = 8_000


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
def _parser() -> Lark:
    grammar = Path(__file__).with_name("abstract.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="earley", lexer=TokenLexer, ambiguity="forest", maybe_placeholders=False)


def derivations(chunks: list[Chunk]) -> list[Node]:
    """All derivations of the statement, the grammar's preferred ones first.

    Raises:
        UnreadError: at the first chunk that no derivation can take, or where there are too many.
    """
    found, whole = derived(_parser(), Node, chunks, Bounds(MAX_CHUNKS, MAX_READINGS, _MAX_STEPS))
    span = chunks[0].start, chunks[-1].end
    if not whole:
        raise UnreadError("too many ways to read this", span)
    if len(found) > MAX_READINGS:
        raise UnreadError(f"more than {MAX_READINGS} ways to read this", span)
    return found
