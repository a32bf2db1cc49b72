"""Expression trees of Lean statements, as they are written: no name is resolved and no type inferred."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["HOLE", "Kind", "Tree", "apply", "depth", "name", "nodes", "size", "variable"]


class Kind(StrEnum):
    """What a node is."""

    NAME = "name"
    """A constant or a notation that stands alone, such as `Nat.Prime` or `∅`."""
    VARIABLE = "variable"
    NUMBER = "number"
    NODE = "node"
    """An operator, a bracket or a binder; the label says which."""
    APPLY = "apply"
    """The first child applied to the others."""
    FIELD = "field"
    """Dot notation: the label is the field, the only child what stands before the dot."""
    OPAQUE = "opaque"
    """Text that could not be read: its children are its tokens."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A node with its children; `binds` are variables whose scope is every child but the first.

    A binder has its domain as first child (`HOLE` where it is left to Lean) and its body as last one.
    """

    label: str
    children: tuple[Tree, ...] = ()
    kind: Kind = Kind.NODE
    binds: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The tree in one line, for messages and tests."""
        bound = f"[{' '.join(self.binds)}]" if self.binds else ""
        if self.kind is Kind.APPLY:
            return f"({' '.join(map(str, self.children))})"
        if self.kind is Kind.FIELD:
            return f"{self.children[0]}.{self.label}"
        inside = f"({', '.join(map(str, self.children))})" if self.children else ""
        return f"{self.label}{bound}{inside}"


HOLE = Tree("_", kind=Kind.NAME)


def name(label: str) -> Tree:
    return Tree(label, kind=Kind.NAME)


def variable(label: str) -> Tree:
    return Tree(label, kind=Kind.VARIABLE)


def apply(function: Tree, *arguments: Tree) -> Tree:
    """A function applied to arguments, those that it has already first."""
    if not arguments:
        return function
    if function.kind is Kind.APPLY:
        return Tree("", (*function.children, *arguments), Kind.APPLY)
    return Tree("", (function, *arguments), Kind.APPLY)


def nodes(tree: Tree) -> Iterator[Tree]:
    """All nodes, parents first; without recursion, so that no tree is too deep."""
    agenda = [tree]
    while agenda:
        node = agenda.pop()
        yield node
        agenda += reversed(node.children)


def size(tree: Tree) -> int:
    return sum(1 for _ in nodes(tree))


def depth(tree: Tree) -> int:
    """Nodes on the longest way from the root to a leaf."""
    deepest = 0
    agenda = [(tree, 1)]
    while agenda:
        node, level = agenda.pop()
        deepest = max(deepest, level)
        agenda += ((child, level + 1) for child in node.children)
    return deepest
