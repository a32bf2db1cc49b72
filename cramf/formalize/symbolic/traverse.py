"""Walks over the logical form: which variables and phrases it has, and what it says of a variable's type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from typing import Any, get_args

from cramf.formalize.symbolic.lexicon import Phrase
from cramf.formalize.symbolic.syntax import (
    And,
    Big,
    Build,
    Card,
    Decl,
    Extremal,
    Formula,
    Iff,
    Implies,
    Infinite,
    Integral,
    IsA,
    Limit,
    Maps,
    Not,
    Or,
    Pred,
    Quant,
    Span,
    Statement,
    SumOver,
    Term,
    Var,
)

__all__ = [
    "asserted",
    "bound_names",
    "children",
    "conjuncts",
    "depth_of",
    "every",
    "free_variables",
    "parts_of",
    "phrases_of",
    "rebuilt",
    "span_of",
    "terms_of",
    "variables_of",
]

Item = Decl | Formula
Part = Decl | Formula | Term


_PARTS = (Decl, *get_args(Formula), *get_args(Term))
_FIELDS = {
    kind: tuple(f.name for f in fields(kind) if f.name not in ("span", "phrase", "sort")) for kind in _PARTS
}


def children(node: Part) -> Iterator[Part]:
    """The declarations, formulas and terms directly inside, from left to right."""
    for name in _FIELDS[type(node)]:
        value = getattr(node, name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, _PARTS):
                yield part
            elif isinstance(part, tuple):
                yield from (inner for inner in part if isinstance(inner, _PARTS))


_TERMS = get_args(Term)
_ITEMS = (Decl, *get_args(Formula))
_BINDERS = (Big, Integral, Limit)
_DECLARERS = (Quant, Infinite, Extremal, Build, Card, SumOver)


def rebuilt(node: Any, change: Callable[[Any], Any]) -> Any:
    """The node with `change` applied to every part of it, from the inside out."""

    def mapped(value: Any) -> Any:
        if isinstance(value, _PARTS):
            return rebuilt(value, change)
        if isinstance(value, tuple):
            return tuple(mapped(inner) for inner in value)
        return value

    found = {name: getattr(node, name) for name in _FIELDS[type(node)]}
    new = {name: mapped(value) for name, value in found.items()}
    if any(new[name] is not value and new[name] != value for name, value in found.items()):
        node = replace(node, **new)
    return change(node)


def depth_of(node: Part) -> int:
    """How deeply the parts of a node are nested."""
    deepest = 0
    stack = [(node, 1)]
    while stack:
        part, depth = stack.pop()
        deepest = max(deepest, depth)
        stack.extend((inner, depth + 1) for inner in children(part))
    return deepest


def every(items: Iterable[Part]) -> Iterator[Part]:
    """All parts of the items at any depth, each before what is inside it."""
    stack = list(items)[::-1]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(children(node))))


def variables_of(node: Part) -> Iterator[Var]:
    """The variables anywhere inside, bound ones too, from left to right."""
    return (part for part in every([node]) if isinstance(part, Var))


def parts_of(item: Item) -> tuple[Item, ...]:
    """The declarations and formulas directly inside."""
    return tuple(part for part in children(item) if isinstance(part, _ITEMS))


def terms_of(item: Part) -> tuple[Term, ...]:
    """The terms directly inside a formula."""
    if isinstance(item, Decl):
        return ()
    return tuple(part for part in children(item) if isinstance(part, _TERMS))


def _all_items(items: Iterable[Part]) -> Iterator[Item]:
    return (part for part in every(items) if isinstance(part, _ITEMS))


def _items(statement: Statement) -> Iterator[Item]:
    return _all_items((*statement.setup, statement.goal))


def bound_names(statement: Statement) -> frozenset[str]:
    """Every name that a declaration binds, anywhere."""
    found = [v.name for item in _items(statement) if isinstance(item, Decl) for v in item.names]
    parts = every((*statement.setup, statement.goal))
    found += [part.var.name for part in parts if isinstance(part, _BINDERS)]
    found += [v.name for item in _items(statement) if isinstance(item, Maps) for v in item.names]
    return frozenset(found)


def free_variables(statement: Statement) -> list[Var]:
    """Variables that no declaration binds where they stand, by first appearance."""
    found: dict[str, Var] = {}

    def visit(node: Part, scope: frozenset[str]) -> None:
        if isinstance(node, Var):
            if node.name not in scope:
                found.setdefault(node.name, node)
            return
        if isinstance(node, _BINDERS):
            scope |= {node.var.name}
        elif isinstance(node, _DECLARERS):
            decls = node.decls if isinstance(node, Quant) else (node.decl,)
            scope |= {v.name for decl in decls for v in decl.names}
        for part in children(node):
            visit(part, scope)

    scope: frozenset[str] = frozenset()
    for item in (*statement.setup, statement.goal):
        if isinstance(item, Decl | Maps):
            scope |= {v.name for v in item.names}
        visit(item, scope)
    return list(found.values())


def phrases_of(statement: Statement) -> frozenset[str]:
    """Names of all phrases used; what is said of something counts as `is NAME` too."""
    found: set[str] = set()
    for item in _items(statement):
        if isinstance(item, Pred):
            found.add(item.phrase.name)
            if item.phrase.role == "adjective":
                found.add(f"is {item.phrase.name}")
        elif isinstance(item, IsA):
            found.add(item.sort.name)
            if not isinstance(item.term, Var):
                found.add(f"is {item.sort.name}")
        elif isinstance(item, Decl) and isinstance(item.sort, Phrase):
            found.add(item.sort.name)
    return frozenset(found)


def asserted(statement: Statement) -> tuple[Item, ...]:
    """What the statement supposes outright: its setup, and the premises and declarations of its goal."""
    found: list[Item] = list(statement.setup)
    goal: Formula | None = statement.goal
    while isinstance(goal, Implies) or (isinstance(goal, Quant) and goal.kind == "∀"):
        if isinstance(goal, Implies):
            found.append(goal.premise)
            goal = goal.conclusion
        else:
            found.extend(goal.decls)
            goal = goal.body
    return tuple(found)


def conjuncts(items: tuple[Item, ...]) -> Iterator[Item]:
    """The items with conjunctions and declarations taken apart."""
    for item in items:
        if isinstance(item, And | Decl):
            yield from conjuncts(parts_of(item))
        else:
            yield item


def span_of(formula: Formula) -> Span:
    """Where a formula stands."""
    match formula:
        case And(parts) | Or(parts):
            return span_of(parts[0])[0], span_of(parts[-1])[1]
        case Not(body):
            return span_of(body)
        case Implies(first, second) | Iff(first, second):
            return span_of(first)[0], span_of(second)[1]
        case _:
            return formula.span
