"""The operators of Lean and Mathlib that the reader of terms knows, with their precedences.

A precedence is Lean's own: a binary operator of precedence p takes on its right what binds tighter (`left`),
as tight (`right`), and relations do not chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cramf.lean.lexer import Token, TokenKind

__all__ = [
    "ATOMS",
    "BIG",
    "BRACKETS",
    "INFIX",
    "MAX",
    "OPENERS",
    "POSTFIX",
    "PREFIX",
    "STOPS",
    "Piece",
    "closing_of",
    "merged",
]

MAX = 1024
"""Precedence of an argument of an application."""


class Piece(NamedTuple):
    """A token as Lean cuts it; `start:end` are offsets into the text, whatever its spelling here."""

    kind: TokenKind
    text: str
    start: int
    end: int


def _table(*rows: tuple[str, int, str]) -> dict[str, tuple[int, int]]:
    """Operator to its own precedence and that of its right operand."""
    return {
        symbol: (level, level if side == "right" else level + 1)
        for symbols, level, side in rows
        for symbol in symbols.split()
    }


OPENERS = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "⦃": "⦄", "⟦": "⟧", "⟪": "⟫", "⌊": "⌋", "⌈": "⌉"}

INFIX = _table(
    ("$ <|", 10, "right"),
    ("↔", 20, "none"),
    ("→", 25, "right"),
    ("≃ ↪ ≅ ⟶", 25, "none"),
    ("∨", 30, "right"),
    ("⊕", 30, "right"),
    ("∧", 35, "right"),
    ("× ⧸", 35, "right"),
    ("= ≠ < ≤ > ≥ ∣ ∤ ∈ ∉ ⊆ ⊂ ⊇ ⊃ ⊈ ⊄ ≡ ∼ ~ ≈ ≪ ⟂ ∥ ⋖ ≺ ≼ == !=", 50, "none"),
    (":: ", 67, "right"),
    ("+ - ∪ ⊻ ++", 65, "left"),
    ("⊔", 68, "left"),
    ("⊓", 69, "left"),
    ("* / % ∩ \\", 70, "left"),
    ("•", 73, "right"),
    ("^", 75, "right"),
    ("'' ⁻¹'", 80, "left"),
    ("×ˢ", 82, "right"),
    ("∘", 90, "right"),
    ("⊗ ∆", 100, "left"),
)
PREFIX = {"¬": 40, "-": 75, "√": 100, "⋃₀": 110, "⋂₀": 110, "#": MAX, "↑": MAX, "↥": MAX, "⇑": MAX, "∁": 100}
POSTFIX = frozenset("⁻¹ ᶜ ˣ ᵀ ᴴ ! ‼ ⁺ ⁻".split())
BIG = {
    **dict.fromkeys(("∑", "∏", "∑'", "∏'", "∑ᶠ", "∏ᶠ"), 67),
    **dict.fromkeys(("∫", "∫⁻", "⋃", "⋂", "⨆", "⨅"), 60),
    **dict.fromkeys(("∀", "∃", "∃!", "∀ᶠ", "∃ᶠ", "∀ᵐ", "Π", "Σ", "∃ᵐ"), 0),
}
"""Binders with the precedence of their body."""
BRACKETS = {
    "⌊": ("⌋", "Int.floor"),
    "⌈": ("⌉", "Int.ceil"),
    "‖": ("‖", "norm"),
    "|": ("|", "abs"),
    "⟪": ("⟫", "inner"),
    "⟦": ("⟧", "⟦⟧"),
}
ATOMS = frozenset("∅ ⊤ ⊥ ∞ · ⋯ □ ⟨⟩".split())
STOPS = frozenset("then else in with at by from using where termination_by := => ↦ ; .. ∂ //".split())
"""Words and signs that end a term."""

_GLUED_ARROWS = ("→", "≃", "↪", "↠")
_WHOLE = tuple("ℝ≥0∞ ℝ≥0 ℕ∞ ℕ+ ×ˢ ∀ᶠ ∃ᶠ ∀ᵐ ∑' ∏' ∫⁻ =ᶠ ≤ᶠ =ᵐ ≤ᵐ \\/ /\\".split())
_LANDAU = ("=O", "=o", "=Θ", "~")
_SPELLING = dict(zip("-> <= >= λ => <- Π \\/ /\\".split(), "→ ≤ ≥ fun ↦ ← ∀ ∨ ∧".split(), strict=True))


def merged(tokens: list[Token]) -> Iterator[Piece]:
    """Tokens with what Lean takes for one token joined (`→+*`, `ℝ≥0`), in one spelling; offsets are kept."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        end = index + 1
        text = token.text
        for whole in _WHOLE:
            if whole.startswith(text) and len(text) < len(whole):
                stop, found = _glue(tokens, index, whole)
                if found:
                    text, end = whole, stop
                    break
        if text in _GLUED_ARROWS or (text[0] in "→≃↪" and token.kind is TokenKind.SYMBOL):
            while end < len(tokens) and tokens[end].start == tokens[end - 1].end and _part(tokens, end):
                text += tokens[end].text
                end += 1
        elif _is_landau(tokens, index):
            text += tokens[end].text
            end += 1
        if text == "||":
            # Two absolute values that begin or end together.
            yield Piece(token.kind, "|", token.start, token.start + 1)
            token, text = token._replace(start=token.start + 1), "|"
        kind = TokenKind.IDENTIFIER if text == "λ" else token.kind
        yield Piece(kind, _SPELLING.get(text, text), token.start, tokens[end - 1].end)
        index = end


def _is_landau(tokens: list[Token], index: int) -> bool:
    """Whether `=O[`, `=o[`, `=Θ[` or `~[` begins here."""
    if index + 2 >= len(tokens) or tokens[index].text not in ("=", "~"):
        return False
    first, second, third = tokens[index : index + 3]
    return first.text + second.text in _LANDAU and second.start == first.end and third.text == "["


def _part(tokens: list[Token], index: int) -> bool:
    """Whether a token goes on with an arrow: `→+*`, `→ᵇ`, `→L[`."""
    text = tokens[index].text
    if text in ("+", "*", "∘") or (text[0] in "ₗₐₜᵇᵢᵐₙₛ₀" and len(text) <= 2):
        return True
    following = tokens[index + 1].text if index + 1 < len(tokens) else ""
    return text in ("o", "g", "r") or (text in ("L", "A", "SL") and following == "[")


def _glue(tokens: list[Token], index: int, whole: str) -> tuple[int, bool]:
    text = ""
    start = tokens[index].start
    while index < len(tokens) and len(text) < len(whole):
        if tokens[index].start != start + len(text):
            return index, False
        text += tokens[index].text
        index += 1
    return index, text == whole


def closing_of(pieces: Sequence[Piece]) -> list[int]:
    """For each opening bracket the index of the one that closes it, else -1."""
    closing = [-1] * len(pieces)
    opened: list[int] = []
    for index, piece in enumerate(pieces):
        if piece.text in OPENERS:
            opened.append(index)
        elif opened and OPENERS[pieces[opened[-1]].text] == piece.text:
            closing[opened.pop()] = index
    return closing
