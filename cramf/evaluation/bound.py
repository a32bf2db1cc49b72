"""What a binder brings, and a body put under binders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cramf.evaluation.tree import Tree

__all__ = ["Bound", "bind"]


class Bound(NamedTuple):
    """What one binder brings: variables of a type, or (without names) a condition or an instance."""

    names: tuple[str, ...]
    type: Tree
    conditions: tuple[Tree, ...] = ()
    pattern: Tree | None = None


def bind(label: str, bounds: Sequence[Bound], body: Tree) -> Tree:
    """A body under binders, one variable a node; conditions become premises (`∀`) or conjuncts (others)."""
    joined = "→" if label == "∀" else "∧"
    for bound in reversed(bounds):
        for condition in reversed(bound.conditions):
            body = Tree(joined, (condition, body))
        if bound.pattern is not None:
            body = Tree(label, (bound.type, bound.pattern, body), binds=bound.names)
        elif not bound.names:
            body = Tree(joined, (bound.type, body))
        else:
            for word in reversed(bound.names):
                body = Tree(label, (bound.type, body), binds=(word,))
    return body
