"""Derivations of a statement by `english.lark`, at most a fixed number of them, in a fixed order.

lark's Earley parser gives a shared forest in polynomial time; walking out all its trees would not be. The
walk here is lazy and stops at `MAX_READINGS`, and past `MAX_STEPS` nodes, so that no statement costs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from lark import Lark
from lark import Token as LarkToken
from lark.exceptions import UnexpectedEOF, UnexpectedInput
from lark.parsers.earley_forest import ForestNode, PackedNode, SymbolNode, TokenNode

from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.earley import LookaheadParser
from cramf.formalize.symbolic.mathreader import TokenLexer
from cramf.formalize.symbolic.syntax import Span, UnreadError

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


class _TooManyError(Exception):
    pass


class _Walk:
    """Lazily enumerates the derivations under a node of the forest."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self.chunks = chunks
        self.steps = 0

    def symbol(self, node: SymbolNode) -> Iterator[tuple[Node | Chunk, ...]]:
        """What a finished rule gives its parent: one node, or its parts where the rule is inlined."""
        for packed in node.children:
            rule = packed.rule
            for parts in self.packed(packed):
                name = str(rule.alias or rule.origin.name)
                inlined = name.startswith("_") or (
                    rule.options is not None and rule.options.expand1 and not rule.alias and len(parts) == 1
                )
                yield parts if inlined else (Node(name, parts, self.span(node)),)

    def span(self, node: SymbolNode) -> Span:
        first = self.chunks[min(node.start, len(self.chunks) - 1)]
        last = self.chunks[max(node.start, node.end - 1)] if node.end > node.start else first
        return first.start, last.end

    def packed(self, packed: PackedNode) -> Iterator[tuple[Node | Chunk, ...]]:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise _TooManyError
        for left in self.part(packed.left):
            for right in self.part(packed.right):
                yield left + right

    def part(self, node: ForestNode | None) -> Iterator[tuple[Node | Chunk, ...]]:
        if node is None:
            yield ()
        elif isinstance(node, TokenNode):
            chunk = self.chunks[node.token.line]
            yield () if chunk.kind.startswith("_") else (chunk,)
        elif isinstance(node, SymbolNode):
            if node.is_intermediate:
                for packed in node.children:
                    yield from self.packed(packed)
            else:
                yield from self.symbol(node)


def readings(chunks: list[Chunk]) -> tuple[list[Node], bool]:
    """Derivations of the statement, the grammar's preferred ones first, and whether these are all.

    Raises:
        UnreadError: at the first chunk that no derivation can take.
    """
    if len(chunks) > MAX_CHUNKS:
        raise UnreadError(
            f"more than {MAX_CHUNKS} words and formulas", (chunks[MAX_CHUNKS].start, chunks[-1].end)
        )
    tokens = [
        # `line` carries the chunk's index: lark counts no lines in tokens that it did not make.
        LarkToken(c.kind, c.text or c.kind, start_pos=c.start, end_pos=c.end, line=i)
        for i, c in enumerate(chunks)
    ]
    try:
        forest = _parser().parse(tokens)
    except UnexpectedEOF:
        raise UnreadError("the statement breaks off, or says nothing to prove", chunks[-1].span) from None
    except UnexpectedInput as error:
        index = getattr(getattr(error, "token", None), "line", None)
        chunk = chunks[index if isinstance(index, int) else -1]
        raise UnreadError("this does not fit the sentence before it", chunk.span) from None
    found: list[Node] = []
    try:
        for parts in islice(_Walk(chunks).symbol(forest), MAX_READINGS + 1):
            found.extend(part for part in parts if isinstance(part, Node))
    except _TooManyError:
        return found[:MAX_READINGS], False
    return found[:MAX_READINGS], len(found) <= MAX_READINGS
