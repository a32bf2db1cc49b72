"""What types of parts say of the whole: results of functions, casts between numbers, members of sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cramf.evaluation.lean_names import NUMBERS, head_of
from cramf.evaluation.tree import HOLE, Kind, Tree

__all__ = [
    "ARITHMETIC",
    "NUMERAL",
    "behind",
    "bound_type",
    "element",
    "is_cast",
    "is_sum",
    "largest",
    "leaf_trees",
    "operands",
]

ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^", "neg"})
NUMERAL = Tree("numeral", kind=Kind.NAME)
"""The type of a number that nothing else gives one."""
_CONTAINERS = frozenset("Set Finset List Multiset Filter Ideal Subgroup Submodule".split())


def behind(kind: Tree | None, number: int) -> Tree | None:
    """The type of a function applied to so many arguments."""
    for _ in range(number):
        if kind is None or kind.label != "→":
            return None
        kind = kind.children[1]
    return kind


def largest(kinds: Sequence[Tree]) -> Tree | None:
    """The number type that the others are cast to; of other types the first."""
    real = [kind for kind in kinds if kind is not NUMERAL]
    if not real:
        return kinds[0] if kinds else None
    other = [kind for kind in real if head_of(kind) not in NUMBERS]
    return other[0] if other else max(real, key=lambda kind: NUMBERS.index(head_of(kind)))


def is_cast(inner: Tree | None, outer: Tree | None) -> bool:
    """Whether an ascription to one type says nothing in arithmetic of the other."""
    return inner == outer or (head_of(inner) in NUMBERS and head_of(outer) in NUMBERS)


def element(kind: Tree | None) -> Tree | None:
    if kind is None or kind.kind is not Kind.APPLY or head_of(kind) not in _CONTAINERS:
        return None
    found = kind.children[1]
    return found if found != HOLE else None


def is_sum(label: str) -> bool:
    return label[0] in "∑∏⋃⋂⨆⨅∫"


def bound_type(label: str, wanted: Tree | None) -> Tree | None:
    """The type of the variable of a function or set of a type that is wanted."""
    if wanted is None:
        return None
    if label == "fun" and wanted.label == "→":
        return wanted.children[0]
    return element(wanted) if label == "{|}" and head_of(wanted) == "Set" else None


def leaf_trees(tree: Tree) -> Iterator[Tree]:
    """The leaves of a tree of operators as written, exponents left out."""
    if tree.label not in ARITHMETIC or tree.kind is not Kind.NODE:
        yield tree
    elif tree.label == "^":
        yield from leaf_trees(tree.children[0])
    else:
        for child in tree.children:
            yield from leaf_trees(child)


def operands(tree: Tree) -> set[str]:
    """Variables among the leaves of a tree of operators."""
    return {leaf.label for leaf in leaf_trees(tree) if leaf.kind is Kind.VARIABLE}
