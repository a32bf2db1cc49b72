"""Lean text with the parentheses that its place needs; the precedences are Lean's and Mathlib's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

__all__ = ["ARGUMENT", "apply", "fill", "infix", "paren", "precedence"]

ARGUMENT = 1024
"""Precedence that an argument of a function needs."""
# Operator: own precedence, least precedence of its left and of its right side.
_INFIX: dict[str, tuple[int, int, int]] = {
    "↔": (20, 21, 21),
    "→": (25, 26, 25),
    "→*": (25, 26, 25),
    "→+*": (25, 26, 25),
    "≃*": (25, 26, 26),
    "≃+*": (25, 26, 26),
    "≃ₜ": (25, 26, 26),
    "∨": (30, 31, 30),
    "∧": (35, 36, 35),
    **dict.fromkeys(("=", "≠", "<", "≤", ">", "≥", "∣", "∈", "∉", "⊆", "⊂", "≡"), (50, 51, 51)),
    "×": (35, 36, 35),
    "∪": (65, 65, 66),
    "+": (65, 65, 66),
    "-": (65, 65, 66),
    "∩": (70, 70, 71),
    "⊔": (68, 68, 69),
    "⊓": (69, 69, 70),
    "\\": (70, 71, 71),
    "*": (70, 70, 71),
    "/": (70, 70, 71),
    "⧸": (35, 36, 36),
    "•": (73, 74, 73),
    "''": (80, 80, 81),
    "⁻¹'": (80, 80, 81),
    "^": (75, 76, 75),
    "∘": (90, 91, 90),
}
_OPEN, _CLOSE = "([{⟨⁅", ")]}⟩⁆"
_BINDERS = ("∀", "∃", "fun ", "¬", "-", "⋃", "⋂", "∑", "∏")


@lru_cache(maxsize=4096)
def precedence(text: str) -> int:
    """Precedence of the outermost operator; `ARGUMENT` for an identifier, numeral or bracketed text."""
    if text.startswith(("∀", "∃", "fun ", "∑", "∏")):
        return 0
    depth, found, blanks, words = 0, ARGUMENT, False, 0
    parts = re.findall(r"[(\[{⟨⁅]|[)\]}⟩⁆]|\s+|[^\s()\[\]{}⟨⟩⁅⁆]+", text)
    for part in parts:
        if part in _OPEN:
            depth += 1
        elif part in _CLOSE:
            depth -= 1
        elif (part.startswith(("|", "‖")) and len(part) > 1) or (part.endswith(("|", "‖")) and len(part) > 1):
            # Absolute values open and close with the same sign.
            depth += part.startswith(("|", "‖")) - part.endswith(("|", "‖"))
        elif depth == 0 and part.isspace():
            blanks = True
        elif depth == 0:
            words += 1
            if part in _INFIX:
                found = min(found, _INFIX[part][0])
            elif part.startswith(("→ₗ", "≃ₗ")):
                found = min(found, 25)
            elif part[0] == "¬":
                found = min(found, 40)
            elif (part[0] == "-" and len(part) > 1) or (part == "-" and words == 1):
                found = min(found, 75)
            elif part in (",", "|"):
                found = 0
    if found == ARGUMENT and blanks:
        return ARGUMENT - 1
    return found


def paren(text: str, least: int = ARGUMENT) -> str:
    """The text, in parentheses where its precedence is less than `least`."""
    return text if precedence(text) >= least else f"({text})"


def infix(op: str, left: str, right: str) -> str:
    """`left op right` with the parentheses that it needs."""
    _, least_left, least_right = _INFIX[op]
    return f"{paren(left, least_left)} {op} {paren(right, least_right)}"


def apply(head: str, *args: str) -> str:
    """`head a b` with the arguments in parentheses where they need them."""
    return " ".join((head, *(paren(arg) for arg in args)))


_HOLE = re.compile(r"\{(\d)(?::(\d+))?([a-z]?)\}")


def fill(template: str, args: Sequence[Mapping[str, str | None]]) -> str:
    """`template` with `{0}` replaced by the text of the first argument, and so on.

    An argument is what `{0}` (key `""`) and its suffixed forms stand for: `{0s}` the scalars of its space,
    `{0d}`, `{0c}` domain and codomain, `{0o}` the set that a map is given on, `{0p}` the type it lives over.
    It stands in parentheses unless it is no compound; `{0:51}` asks only for that precedence.

    Raises:
        LookupError: where the template asks for something that the arguments have not.
    """

    def one(match: re.Match[str]) -> str:
        found = args[int(match[1])].get(match[3])
        if found is None:
            raise KeyError(match[0])
        return paren(found, int(match[2]) if match[2] else ARGUMENT)

    return _HOLE.sub(one, template)
