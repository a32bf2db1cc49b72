"""Mathlib notation that a statement's own symbols stand for: `\\sum` is `∑`, which is `Finset.sum`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["symbols_of"]

_MACROS: Final[Mapping[str, str]] = {
    "sum": "∑", "prod": "∏", "int": "∫", "in": "∈", "notin": "∉", "ni": "∈", "subset": "⊂", "subseteq": "⊆",
    "cup": "∪", "cap": "∩", "bigcup": "⋃", "bigcap": "⋂", "setminus": "\\", "emptyset": "∅",
    "varnothing": "∅",
    "circ": "∘", "otimes": "⊗", "oplus": "⊕", "bigoplus": "⨁", "times": "×", "mid": "∣", "nmid": "∣",
    "equiv": "≡", "cong": "≃", "simeq": "≃", "sqrt": "√", "lfloor": "⌊", "lceil": "⌈", "infty": "∞",
    "partial": "∂", "nabla": "∇", "to": "→", "rightarrow": "→", "vee": "⊔", "wedge": "⊓", "top": "⊤",
    "bot": "⊥",
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "forall": "∀", "exists": "∃",
    "iff": "↔", "lVert": "‖", "Vert": "‖", "|": "‖", "langle": "⟪", "pi": "π", "lhd": "⊲", "unlhd": "⊴",
    "perp": "ᗮ", "aleph": "ℵ", "gamma": "γ", "varphi": "φ", "phi": "φ", "mu": "μ", "zeta": "ζ",
}  # fmt: skip
_SETS: Final[Mapping[str, str]] = {"R": "ℝ", "Q": "ℚ", "Z": "ℤ", "N": "ℕ", "C": "ℂ", "E": "𝔼", "P": "ℙ"}
_TOKEN: Final = re.compile(
    r"\\(?:mathbb|Bbb|mathds|mathbf)\s{0,4}\{?\s{0,4}(?P<set>[A-Z])(?![A-Za-z])"
    r"|\\(?P<macro>[A-Za-z]+|\|)|(?P<inverse>\^\s?\{?\s?-\s?1(?![\d/.])|⁻¹)"
    r"|(?P<factorial>(?:(?<![A-Za-z])[A-Za-z]|[0-9)])!(?!=))"
    r"|(?P<symbol>[\u0080-\U0010ffff])"
)


def symbols_of(text: str) -> list[str]:
    """The notation of Mathlib, in Unicode, that a statement in LaTeX or Unicode uses; each once, in order."""
    found: dict[str, None] = {}
    for match in _TOKEN.finditer(text):
        if match["set"]:
            symbol = _SETS.get(match["set"], "")
        elif match["macro"]:
            symbol = _MACROS.get(match["macro"], "")
        elif match["inverse"]:
            symbol = "⁻¹"
        elif match["factorial"]:
            symbol = "!"
        else:
            symbol = match["symbol"]
        if symbol:
            found[symbol] = None
    return list(found)
