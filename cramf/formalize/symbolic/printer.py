"""Prints Lean terms with no more parentheses than Lean's precedences ask for.

Where Lean would accept a form that people misread (`¬ a ∣ b` inside `∧`, nested `|`), parentheses stay.
"""

from __future__ import annotations

from cramf.formalize.symbolic.leanterm import (
    INFIX,
    App,
    Ascribe,
    Atom,
    Bars,
    Binder,
    Hole,
    Infix,
    Lean,
    ModEq,
    Prefix,
    SetOf,
)

__all__ = ["print_binders", "print_lean"]

_MAX = 1024


def print_lean(term: Lean, least: int = 0) -> str:
    """`term` as Lean text, in parentheses if it binds weaker than `least`."""
    text, precedence = _shown(term)
    return f"({text})" if precedence < least else text


def _shown(term: Lean) -> tuple[str, int]:
    """Text of a term and how strongly it binds."""
    match term:
        case Atom(text):
            return text, _MAX
        case Hole(index):
            return f"{{{index}}}", _MAX
        case App(head, args):
            # A closing bar next to an opening one cannot be told apart, so `|x|` is parenthesised here.
            shown = (
                f"({print_lean(arg)})" if isinstance(arg, Bars) else print_lean(arg, _MAX) for arg in args
            )
            return f"{head} {' '.join(shown)}", _MAX - 1
        case Infix(op, left, right):
            own, at_left, at_right = INFIX[op]
            sides = _side(op, left, at_left), _side(op, right, at_right)
            return f"{sides[0]} {op} {sides[1]}", own
        case Prefix("-", body):
            return f"-{print_lean(body, 75)}", 75
        case Prefix(op, body):
            # `¬a ∣ b` is legal; people read it as (¬a) ∣ b.
            return f"{op}{print_lean(body, 1023)}", 40
        case Bars(bar, body):
            inner = print_lean(body)
            edge = inner.startswith(bar) or inner.endswith(bar)
            return (f"{bar}({inner}){bar}" if edge else f"{bar}{inner}{bar}"), _MAX
        case Ascribe(body, kind):
            return f"({print_lean(body)} : {kind})", _MAX
        case Binder(kind, names, of, body):
            return f"{kind} {' '.join(names)} : {of}, {print_lean(body)}", 0
        case ModEq(tag, left, right, modulus):
            return f"{print_lean(left, 51)} ≡ {print_lean(right, 51)} [{tag} {print_lean(modulus)}]", 50
        case SetOf(name, kind, body):
            return f"{{{name} : {kind} | {print_lean(body)}}}", _MAX


def _side(op: str, term: Lean, least: int) -> str:
    """An operand; `∧` under `∨` and a mixture under `↔` keep parentheses, which Lean does not need."""
    mixed = op in "∨↔" and isinstance(term, Infix) and term.op in "∧∨→" and term.op != op
    return print_lean(term, _MAX if mixed else least)


def print_binders(binders: tuple[tuple[str, str], ...]) -> str:
    """`(a b : ℤ) (ha : Even a)` from (name, type) pairs; neighbours of one number type share a bracket."""
    groups: list[tuple[list[str], str, bool]] = []
    for name, kind in binders:
        is_type = kind in ("ℕ", "ℤ", "ℚ", "ℝ", "ℂ")
        if groups and is_type and groups[-1][2] and groups[-1][1] == kind:
            groups[-1][0].append(name)
        else:
            groups.append(([name], kind, is_type))
    return " ".join(f"({' '.join(names)} : {kind})" for names, kind, _ in groups)
