"""Small questions about logical forms, and changes to them, that the builders share."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from cramf.formalize.symbolic.lexicon import Phrase
from cramf.formalize.symbolic.nouns import conjoined
from cramf.formalize.symbolic.syntax import (
    And,
    Apply,
    Decl,
    Formula,
    Quant,
    Rel,
    Span,
    Statement,
    Term,
    Var,
)
from cramf.formalize.symbolic.traverse import free_variables

__all__ = ["conjuncts", "defines", "is_definition", "of_variable", "replaced"]


def replaced(item: Any, name: str, term: Term) -> Any:
    """A logical form with a term for every use of a variable; the variable must not be bound in it."""
    if isinstance(item, Var):
        return term if item.name == name else item
    if isinstance(item, tuple):
        return tuple(replaced(part, name, term) for part in item)
    if not is_dataclass(item) or isinstance(item, Phrase | type):
        return item
    changed = {f.name: replaced(getattr(item, f.name), name, term) for f in fields(item) if f.name != "span"}
    return replace(item, **changed)


def conjuncts(item: Decl | Formula) -> list[Decl | Formula]:
    if isinstance(item, And):
        return [part for one in item.parts for part in conjuncts(one)]
    return [item]


def is_definition(math: Term | Formula | None) -> bool:
    """`f(x) = ...` with a letter for its argument."""
    if not isinstance(math, Rel) or math.op != "=" or not isinstance(math.left, Apply):
        return False
    return all(isinstance(arg, Var) for arg in math.left.args)


def defines(item: Formula) -> bool:
    """Whether this is the definition of a function or sequence, `f(x) = ...`, also for all x."""
    while isinstance(item, Quant) and item.body is not None:
        item = item.body
    if isinstance(item, And):
        return all(map(defines, item.parts))
    return isinstance(item, Rel) and item.op == "=" and isinstance(item.left, Apply)


def of_variable(variable: Var, decls: list[Decl], conditions: list[Formula], span: Span) -> Decl:
    """The declaration of one variable whose conditions bind the others by `∃`."""
    own = next(decl for decl in decls if any(v.name == variable.name for v in decl.names))
    others = [decl for decl in decls if decl is not own]
    siblings = tuple(v for v in own.names if v.name != variable.name)
    limits: list[Formula] = []
    told = list(conditions)
    sibling_names = {v.name for v in siblings}
    shared: list[Formula] = []
    for limit in own.limits:
        spoken = {v.name for v in free_variables(Statement((), limit))}
        (shared if spoken & sibling_names else limits).append(limit)
    if siblings:
        others.insert(0, Decl(siblings, own.sort, (), own.span))
    told = shared + told
    if others:
        body = conjoined(told) if told else None
        limits.append(Quant("∃", tuple(others), body, span))
    else:
        limits += told
    return Decl((variable,), own.sort, tuple(limits), span)
