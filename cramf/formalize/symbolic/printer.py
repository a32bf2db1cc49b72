"""Prints Lean terms with no more parentheses than Lean's precedences ask for.

Where Lean would accept a form that people misread (`¬ a ∣ b` inside `∧`, nested `|`), parentheses stay.
"""

from __future__ import annotations

from cramf.formalize.symbolic.leanterm import (
    CLOSING_BARS,
    INFIX,
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

__all__ = ["print_binders", "print_lean"]

_MAX = 1024
_BIG = 67


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
            operand = print_lean(body, 75)
            # Two dashes would begin a comment.
            return (f"-({operand})" if operand.startswith("-") else f"-{operand}"), 75
        case Prefix(op, body):
            # `¬a ∣ b` is legal; people read it as (¬a) ∣ b.
            return f"{op}{print_lean(body, 1023)}", 40
        case Suffix(body, op):
            return f"{print_lean(body, _MAX)}{op}", _MAX
        case Bars(bar, body):
            inner = print_lean(body)
            closing = CLOSING_BARS[bar]
            edge = bar == closing and (inner.startswith(bar) or inner.endswith(bar))
            return (f"{bar}({inner}){closing}" if edge else f"{bar}{inner}{closing}"), _MAX
        case Ascribe(body, kind):
            return f"({print_lean(body)} : {kind})", _MAX
        case Binder("fun", names, of, body):
            return f"fun {' '.join(names)} : {of} => {print_lean(body)}", 0
        case Big("∑'" | "∏'" as kind, name, domain, body):
            return f"{kind} {name} : {print_lean(domain)}, {print_lean(body, 67)}", _BIG
        case Big(kind, name, domain, body):
            return f"{kind} {name} ∈ {print_lean(domain)}, {print_lean(body, 67)}", _BIG
        case Interval(name, low, high, body):
            ends = f"{print_lean(low, _MAX)}..{print_lean(high, _MAX)}"
            return f"∫ {name} in {ends}, {print_lean(body, 60)}", _BIG
        case Items(bracket, items):
            closing = {"{": "}", "(": ")"}[bracket]
            return f"{bracket}{', '.join(map(print_lean, items))}{closing}", _MAX
        case Binder(kind, names, of, body):
            return f"{kind} {' '.join(names)} : {of}, {print_lean(body)}", 0
        case ModEq(tag, left, right, modulus):
            return f"{print_lean(left, 51)} ≡ {print_lean(right, 51)} [{tag} {print_lean(modulus)}]", 50
        case SetOf(name, kind, body):
            return f"{{{name} : {kind} | {print_lean(body)}}}", _MAX


def _side(op: str, term: Lean, least: int) -> str:
    """An operand, with parentheses that Lean does not need where people misread it.

    So it is with a sum before a sign, with `∧` under `∨` and with a mixture under `↔`.
    """
    if isinstance(term, Big | Interval) and op not in "=≠<≤>≥∧∨→↔∣":
        return print_lean(term, _MAX)
    mixed = op in "∨↔" and isinstance(term, Infix) and term.op in "∧∨→" and term.op != op
    return print_lean(term, _MAX if mixed else least)


_TYPE_WORDS = frozenset({"ℕ", "ℤ", "ℚ", "ℝ", "ℂ", "→", "Set", "×"})


def print_binders(binders: tuple[tuple[str, str], ...]) -> str:
    """`(a b : ℤ) (ha : Even a)` from (name, type) pairs; neighbours of one number type share a bracket."""
    groups: list[tuple[list[str], str, bool]] = []
    for name, kind in binders:
        is_type = all(part in _TYPE_WORDS for part in kind.split())
        if groups and is_type and groups[-1][2] and groups[-1][1] == kind:
            groups[-1][0].append(name)
        else:
            groups.append(([name], kind, is_type))
    return " ".join(f"({' '.join(names)} : {kind})" for names, kind, _ in groups)
