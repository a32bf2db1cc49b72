"""Derivations of a statement by `abstract.lark`, at most a fixed number of them, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from lark import Lark
from lark import Token as LarkToken
from lark.exceptions import UnexpectedEOF, UnexpectedInput
from lark.lexer import Lexer
from lark.parsers.earley_forest import ForestNode, PackedNode, SymbolNode, TokenNode

from cramf.formalize.symbolic.abstract.chunks import Chunk
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


class _Chunks(Lexer):
    def __init__(self, _conf: object) -> None:
        pass

    def lex(self, data: Any) -> Iterator[LarkToken]:  # type: ignore[override]
        yield from data


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("abstract.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="earley", lexer=_Chunks, ambiguity="forest", maybe_placeholders=False)


class _TooManyError(Exception):
    pass


class _Walk:
    """Lazily enumerates the derivations under a node of the forest."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self.chunks = chunks
        self.steps = 0

    def symbol(self, node: SymbolNode) -> Iterator[tuple[Node | Chunk, ...]]:
        for packed in node.children:
            rule = packed.rule
            for parts in self.packed(packed):
                name = str(rule.alias or rule.origin.name)
                alone = (
                    rule.options is not None and rule.options.expand1 and not rule.alias and len(parts) == 1
                )
                yield parts if alone or name.startswith("_") else (Node(name, parts, self.span(node)),)

    def span(self, node: SymbolNode) -> Span:
        first = self.chunks[min(node.start, len(self.chunks) - 1)]
        last = self.chunks[max(node.start, node.end - 1)] if node.end > node.start else first
        return first.start, last.end

    def packed(self, packed: PackedNode) -> Iterator[tuple[Node | Chunk, ...]]:
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise _TooManyError
        for left in self.part(packed.left):
            for right in self.part(packed.right):
                yield left + right

    def part(self, node: ForestNode | None) -> Iterator[tuple[Node | Chunk, ...]]:
        if node is None:
            yield ()
        elif isinstance(node, TokenNode):
            found = self.chunks[node.token.line]
            yield () if found.kind.startswith("_") else (found,)
        elif isinstance(node, SymbolNode):
            if node.is_intermediate:
                for packed in node.children:
                    yield from self.packed(packed)
            else:
                yield from self.symbol(node)


def derivations(chunks: list[Chunk]) -> list[Node]:
    """All derivations of the statement, the grammar's preferred ones first.

    Raises:
        UnreadError: at the first chunk that no derivation can take, or where there are too many.
    """
    if len(chunks) > MAX_CHUNKS:
        raise UnreadError(
            f"more than {MAX_CHUNKS} words and formulas", (chunks[MAX_CHUNKS].start, chunks[-1].end)
        )
    tokens = [
        LarkToken(c.kind, c.text or c.kind, start_pos=c.start, end_pos=c.end, line=i)
        for i, c in enumerate(chunks)
    ]
    try:
        forest = _parser().parse(tokens)
    except UnexpectedEOF:
        raise UnreadError("the statement breaks off, or says nothing to prove", chunks[-1].span) from None
    except UnexpectedInput as error:
        index = getattr(getattr(error, "token", None), "line", None)
        bad = chunks[index if isinstance(index, int) else -1]
        raise UnreadError("this does not fit the sentence before it", bad.span) from None
    assert isinstance(forest, SymbolNode)
    found: list[Node] = []
    whole = chunks[0].start, chunks[-1].end
    try:
        for parts in islice(_Walk(chunks).symbol(forest), MAX_READINGS + 1):
            found.extend(part for part in parts if isinstance(part, Node))
    except _TooManyError:
        raise UnreadError("too many ways to read this", whole) from None
    if len(found) > MAX_READINGS:
        raise UnreadError(f"more than {MAX_READINGS} ways to read this", whole)
    return found
