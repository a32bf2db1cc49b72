"""Derivations out of the shared forest of lark's Earley parser, for a grammar whose terminals are chunks.

The forest comes in polynomial time; walking out all its trees would not. The walk here is lazy and stops at a
number of derivations and of nodes, so that no statement costs more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from lark import Token as LarkToken
from lark.exceptions import UnexpectedEOF, UnexpectedInput
from lark.parsers.earley_forest import ForestNode, PackedNode, SymbolNode, TokenNode

from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Bounds", "Terminal", "derived"]


class Terminal(Protocol):
    """What stands for a terminal of the grammar: a word, a phrase or a formula with its place."""

    @property
    def kind(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def span(self) -> Span: ...


C = TypeVar("C", bound=Terminal)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most chunks of a statement, most derivations and most nodes of the forest that are walked."""

    chunks: int
    readings: int
    steps: int


class _TooManyError(Exception):
    pass


N = TypeVar("N")


class _Walk(Generic[N, C]):
    """Lazily enumerates the derivations under a node of the forest."""

    def __init__(self, node: type[N], chunks: Sequence[C], most: int) -> None:
        self.node: Any = node  # of a rule's name, its parts and its span
        self.chunks = chunks
        self.most = most
        self.steps = 0

    def symbol(self, node: SymbolNode) -> Iterator[tuple[N | C, ...]]:
        """What a finished rule gives its parent: one node, or its parts where the rule is inlined."""
        for packed in node.children:
            rule = packed.rule
            for parts in self.packed(packed):
                name = str(rule.alias or rule.origin.name)
                inlined = name.startswith("_") or (
                    rule.options is not None and rule.options.expand1 and not rule.alias and len(parts) == 1
                )
                yield parts if inlined else (self.node(name, parts, self.span(node)),)

    def span(self, node: SymbolNode) -> Span:
        first = self.chunks[min(node.start, len(self.chunks) - 1)]
        last = self.chunks[max(node.start, node.end - 1)] if node.end > node.start else first
        return first.start, last.end

    def packed(self, packed: PackedNode) -> Iterator[tuple[N | C, ...]]:
        self.steps += 1
        if self.steps > self.most:
            raise _TooManyError
        for left in self.part(packed.left):
            for right in self.part(packed.right):
                yield left + right

    def part(self, node: ForestNode | None) -> Iterator[tuple[N | C, ...]]:
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


def derived(parser: Any, node: type[N], chunks: Sequence[C], bounds: Bounds) -> tuple[list[N], bool]:
    """Derivations of the statement in the grammar's order, one more than the bound where there are more.

    The second value is False where the bound on steps ended the walk. `parser` is lark's, or one like it,
    and `node` the class of the nodes to make of a rule's alias or name, its parts and its span.

    Raises:
        UnreadError: where there are too many chunks, and at the first chunk that no derivation can take.
    """
    if len(chunks) > bounds.chunks:
        raise UnreadError(
            f"more than {bounds.chunks} words and formulas", (chunks[bounds.chunks].start, chunks[-1].end)
        )
    tokens = [
        # `line` carries the chunk's index: lark counts no lines in tokens that it did not make.
        LarkToken(c.kind, c.text or c.kind, start_pos=c.start, end_pos=c.end, line=i)
        for i, c in enumerate(chunks)
    ]
    try:
        forest = parser.parse(tokens)
    except UnexpectedEOF:
        raise UnreadError("the statement breaks off, or says nothing to prove", chunks[-1].span) from None
    except UnexpectedInput as error:
        index = getattr(getattr(error, "token", None), "line", None)
        unfit = chunks[index if isinstance(index, int) else -1]
        raise UnreadError("this does not fit the sentence before it", unfit.span) from None
    assert isinstance(forest, SymbolNode)
    found: list[N] = []
    try:
        for parts in islice(_Walk(node, chunks, bounds.steps).symbol(forest), bounds.readings + 1):
            found.extend(part for part in parts if isinstance(part, node))
    except _TooManyError:
        return found, False
    return found, True
