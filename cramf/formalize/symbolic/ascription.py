"""Ascriptions that let Lean see the type of arithmetic on numerals."""

from __future__ import annotations

from dataclasses import replace

from cramf.formalize.symbolic.leanterm import (
    App,
    Ascribe,
    Atom,
    Bars,
    Big,
    Binder,
    Hole,
    Infix,
    Interval,
    Items,
    Lean,
    ModEq,
    Prefix,
    SetOf,
    Suffix,
)

__all__ = ["anchored", "ascribed", "own_names"]


def anchored(term: Lean) -> bool:
    """Whether some leaf fixes the type of the arithmetic around it; numerals do not."""
    match term:
        case Atom(text):
            return not text[0].isdigit()
        case Infix("^", base, _):
            return anchored(base)
        case Infix(_, left, right):
            return anchored(left) or anchored(right)
        case Prefix(_, body) | Bars(_, body) | Suffix(body, _):
            return anchored(body)
        case App("max" | "min", args):
            return any(map(anchored, args))
        case Big(_, _, _, body):
            return anchored(body)
        case _:
            return True


def ascribed(term: Lean, kind: str) -> Lean:
    """`term` with its first numeral ascribed."""
    match term:
        case Infix(op, left, right):
            return Infix(op, ascribed(left, kind), right)
        case Prefix(op, body):
            return Prefix(op, ascribed(body, kind))
        case Bars(bar, body):
            return Bars(bar, ascribed(body, kind))
        case Suffix(body, mark):
            return Suffix(ascribed(body, kind), mark)
        case App("max" | "min" as head, (first, *rest)):
            return App(head, (ascribed(first, kind), *rest))
        case Big():
            return replace(term, body=ascribed(term.body, kind))
        case _:
            return Ascribe(term, kind)


def own_names(term: Lean) -> set[str]:
    """The names that a template binds itself."""
    match term:
        case Binder(_, names, _, body):
            return set(names) | own_names(body)
        case SetOf(name, _, body):
            return {name} | own_names(body)
        case App(_, args):
            return set().union(*map(own_names, args))
        case Infix(_, left, right):
            return own_names(left) | own_names(right)
        case Prefix(_, body) | Bars(_, body) | Ascribe(body, _) | Suffix(body, _):
            return own_names(body)
        case ModEq(_, left, right, modulus):
            return own_names(left) | own_names(right) | own_names(modulus)
        case Atom() | Hole() | Big() | Interval() | Items():
            return set()
