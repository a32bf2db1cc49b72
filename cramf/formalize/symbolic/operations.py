"""Operations that formulas have and the ontology's arithmetic has no word for."""

from __future__ import annotations

from cramf.formalize.symbolic.leanterm import read_template
from cramf.formalize.symbolic.lexicon import Pattern, Phrase

__all__ = ["COMMAND_NAMES", "built_in"]

# LaTeX command: name, number of arguments, (argument type, value type, template) in order of preference.
_TABLE: dict[str, tuple[str, int, tuple[tuple[str, str, str], ...]]] = {
    "\\binom": ("binomial coefficient", 2, (("ℕ", "ℕ", "Nat.choose {0} {1}"),)),
    "\\lfloor": ("floor", 1, (("ℝ", "ℤ", "⌊{0}⌋"),)),
    "\\lceil": ("ceiling", 1, (("ℝ", "ℤ", "⌈{0}⌉"),)),
    "\\log_": ("logarithm to a base", 2, (("ℝ", "ℝ", "Real.logb {0} {1}"),)),
    "\\cot": ("cotangent", 1, (("ℝ", "ℝ", "Real.cos {0} / Real.sin {0}"),)),
    "\\sec": ("secant", 1, (("ℝ", "ℝ", "1 / Real.cos {0}"),)),
    "\\csc": ("cosecant", 1, (("ℝ", "ℝ", "1 / Real.sin {0}"),)),
    "\\arcsin": ("arcsine", 1, (("ℝ", "ℝ", "Real.arcsin {0}"),)),
    "\\arccos": ("arccosine", 1, (("ℝ", "ℝ", "Real.arccos {0}"),)),
    "\\arctan": ("arctangent", 1, (("ℝ", "ℝ", "Real.arctan {0}"),)),
    "\\sinh": ("hyperbolic sine", 1, (("ℝ", "ℝ", "Real.sinh {0}"),)),
    "\\cosh": ("hyperbolic cosine", 1, (("ℝ", "ℝ", "Real.cosh {0}"),)),
    "\\tanh": ("hyperbolic tangent", 1, (("ℝ", "ℝ", "Real.tanh {0}"),)),
    "\\Re": ("real part", 1, (("ℂ", "ℝ", "Complex.re {0}"),)),
    "\\Im": ("imaginary part", 1, (("ℂ", "ℝ", "Complex.im {0}"),)),
    "\\bar": ("conjugate", 1, (("ℂ", "ℂ", "starRingEnd ℂ {0}"),)),
    "\\e^": ("exponential", 1, (("ℝ", "ℝ", "Real.exp {0}"), ("ℂ", "ℂ", "Complex.exp {0}"))),
}
_ALIASES = {
    "\\rm Re": "\\Re",
    "\\Real": "\\Re",
    "\\overline": "\\bar",
    "\\GCD": "\\gcd",
    "\\LCM": "\\lcm",
}
_WRITTEN = "cot sec csc arcsin arccos arctan sinh cosh tanh Re Im bar overline".split()
COMMAND_NAMES = frozenset("\\" + name for name in _WRITTEN)
"""Commands that are written before their argument like `\\sin`."""


def _phrase(name: str, arity: int, patterns: tuple[tuple[str, str, str], ...]) -> Phrase:
    read = tuple(
        Pattern("operation", kind, value, read_template(template), arity)
        for kind, value, template in patterns
    )
    return Phrase(name, name, "operation", (((), read),))


_PHRASES = {command: _phrase(*entry) for command, entry in _TABLE.items()}


def built_in(command: str) -> Phrase | None:
    """The operation of a command, if it is one of these."""
    return _PHRASES.get(_ALIASES.get(command, command))
