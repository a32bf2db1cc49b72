"""LaTeX to words: the tables and the one pass that turns a statement into text for retrieval."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["ENVIRONMENT_IS_MATH", "GREEK", "TEXT_MACROS", "normalize_query"]

_GREEK_NAMES: Final = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau "
    "upsilon phi chi psi omega"
).split()
_GREEK_MACROS = {name: name for name in _GREEK_NAMES}
_GREEK_MACROS |= {name.capitalize(): name for name in _GREEK_NAMES}
_GREEK_MACROS |= {"var" + name: name for name in ("epsilon", "theta", "pi", "rho", "sigma", "phi", "kappa")}
_GREEK_LETTERS = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK_NAMES, strict=True))
_GREEK_LETTERS |= {letter.upper(): name for letter, name in _GREEK_LETTERS.items()}
_GREEK_LETTERS |= {"ς": "sigma", "ϕ": "phi", "ϵ": "epsilon", "ϑ": "theta"}

GREEK: Final[dict[str, str]] = _GREEK_MACROS | _GREEK_LETTERS
"""English names of Greek letters, by macro name without backslash and by character."""

TEXT_MACROS: Final = frozenset(
    "text textrm textit textbf textsf texttt textsc textup textnormal mbox hbox emph intertext".split()
)
"""Macros whose argument is prose, even inside mathematics."""

ENVIRONMENT_IS_MATH: Final = frozenset(
    "align aligned alignat array bmatrix cases displaymath eqnarray equation flalign gather gathered math "
    "matrix multline pmatrix smallmatrix split Bmatrix Vmatrix vmatrix".split()
)
"""Environments (without star) that hold mathematics."""

_NUMBER_SETS: Final = {
    "R": "real numbers", "Q": "rational numbers", "Z": "integers", "N": "natural numbers",
    "C": "complex numbers", "F": "finite field", "H": "quaternions", "E": "expectation",
    "P": "probability", "D": "unit disc", "T": "torus", "S": "sphere",
}  # fmt: skip
# Bold letters are often plain variables, so only the unmistakable ones become number sets there.
_BOLD_SETS: Final = frozenset("RQZNC")

_MACROS: Final[Mapping[str, str]] = GREEK | {
    "R": "real numbers", "Q": "rational numbers", "Z": "integers", "N": "natural numbers",
    "C": "complex numbers", "sum": "sum", "prod": "product", "coprod": "coproduct", "int": "integral",
    "iint": "double integral", "iiint": "triple integral", "oint": "contour integral", "lim": "limit",
    "limsup": "limit superior", "liminf": "limit inferior", "varlimsup": "limit superior",
    "varliminf": "limit inferior", "varinjlim": "direct limit", "varprojlim": "inverse limit",
    "sup": "supremum", "inf": "infimum", "max": "maximum", "min": "minimum", "infty": "infinity",
    "le": "at most", "leq": "at most", "leqslant": "at most", "ge": "at least", "geq": "at least",
    "geqslant": "at least", "lt": "less than", "gt": "greater than", "ne": "not equal to",
    "neq": "not equal to", "equiv": "congruent to", "approx": "approximately", "sim": "equivalent to",
    "simeq": "isomorphic to", "cong": "isomorphic to", "propto": "proportional to", "ll": "much less than",
    "gg": "much greater than", "in": "in", "ni": "contains", "notin": "not in", "subset": "subset of",
    "subseteq": "subset of", "subsetneq": "proper subset of", "supset": "superset of",
    "supseteq": "superset of", "not": "not", "cup": "union", "cap": "intersection", "bigcup": "union",
    "bigcap": "intersection", "sqcup": "disjoint union", "setminus": "minus", "backslash": "minus",
    "emptyset": "empty set", "varnothing": "empty set", "mapsto": "maps to", "longmapsto": "maps to",
    "hookrightarrow": "injects into", "twoheadrightarrow": "onto", "Rightarrow": "implies",
    "implies": "implies", "Longrightarrow": "implies", "iff": "if and only if",
    "Leftrightarrow": "if and only if", "Longleftrightarrow": "if and only if", "forall": "for all",
    "exists": "there exists", "nexists": "there is no", "land": "and", "lor": "or", "wedge": "wedge",
    "vee": "join", "neg": "not", "lnot": "not", "times": "times", "cdot": "times", "div": "divided by",
    "pm": "plus or minus", "mp": "minus or plus", "circ": "composed with", "otimes": "tensor product",
    "oplus": "direct sum", "bigoplus": "direct sum", "bigotimes": "tensor product",
    "rtimes": "semidirect product", "ltimes": "semidirect product", "mid": "divides",
    "nmid": "does not divide", "parallel": "parallel to", "perp": "orthogonal to", "angle": "angle",
    "triangle": "triangle", "langle": "inner product", "rangle": "", "lfloor": "floor", "rfloor": "",
    "lceil": "ceiling", "rceil": "", "lvert": "absolute value", "rvert": "", "lVert": "norm", "rVert": "",
    "Vert": "norm", "sqrt": "square root", "binom": "binomial coefficient", "dbinom": "binomial coefficient",
    "tbinom": "binomial coefficient", "choose": "choose", "partial": "partial derivative",
    "nabla": "gradient", "Re": "real part", "Im": "imaginary part", "det": "determinant", "dim": "dimension",
    "ker": "kernel", "deg": "degree", "gcd": "greatest common divisor", "lcm": "least common multiple",
    "arg": "argument", "log": "logarithm", "ln": "natural logarithm", "exp": "exponential", "sin": "sine",
    "cos": "cosine", "tan": "tangent", "arcsin": "arcsine", "arccos": "arccosine", "arctan": "arctangent",
    "sinh": "hyperbolic sine", "cosh": "hyperbolic cosine", "tanh": "hyperbolic tangent", "Pr": "probability",
    "hom": "homomorphisms", "mod": "modulo", "bmod": "modulo", "pmod": "modulo", "aleph": "aleph",
    "trianglelefteq": "normal subgroup of", "unlhd": "normal subgroup of", "lhd": "normal subgroup of",
    "triangleleft": "normal subgroup of", "ell": "l", "dots": "", "ldots": "", "cdots": "", "vdots": "",
    "ddots": "", "colon": ":", "hat": "", "widehat": "", "tilde": "", "widetilde": "", "vec": "vector",
    "dot": "derivative", "ddot": "second derivative", "dagger": "adjoint", "top": "transpose", "prime": "",
    "ast": "star", "star": "star",
}  # fmt: skip

# Layout only: nothing that a reader would say aloud.
_SILENT: Final = TEXT_MACROS.union(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr middle displaystyle textstyle "
    "scriptstyle limits nolimits quad qquad hspace vspace mathrm mathit mathsf mathtt mathcal mathscr "
    "mathfrak operatorname boldsymbol bm frac dfrac tfrac cfrac mathbb mathbf Bbb mathds overline bar "
    "underline underbrace overbrace label tag nonumber notag noindent par item ensuremath phantom hline "
    "rm bf it cal smallskip medskip bigskip begin end hfill newline".split()
)

_OPERATORS: Final = {
    "ker": "kernel", "im": "image", "Im": "image", "Hom": "homomorphisms", "Aut": "automorphism group",
    "End": "endomorphism ring", "Gal": "Galois group", "char": "characteristic", "tr": "trace",
    "Tr": "trace", "rank": "rank", "rk": "rank", "span": "span", "Span": "span", "diam": "diameter",
    "supp": "support", "ord": "order", "lcm": "least common multiple", "gcd": "greatest common divisor",
    "Spec": "prime spectrum", "Ann": "annihilator", "Var": "variance", "Cov": "covariance",
    "GL": "general linear group", "SL": "special linear group", "sgn": "sign", "int": "interior",
    "cl": "closure", "id": "identity", "diag": "diagonal matrix", "card": "cardinality",
    "conv": "convex hull", "dist": "distance", "coker": "cokernel", "Res": "residue",
    "Frac": "field of fractions", "op": "opposite", "Stab": "stabilizer", "Ext": "Ext", "Tor": "Tor",
    "rad": "radical", "adj": "adjugate", "Re": "real part", "deg": "degree", "dim": "dimension",
    "det": "determinant", "Sym": "symmetric group", "vol": "volume", "arg": "argument",
}  # fmt: skip

_SYMBOLS: Final[Mapping[str, str]] = _GREEK_LETTERS | {
    "ℝ": "real numbers", "ℚ": "rational numbers", "ℤ": "integers", "ℕ": "natural numbers",
    "ℂ": "complex numbers", "𝔽": "finite field", "∈": "in", "∉": "not in", "≤": "at most", "≥": "at least",
    "≠": "not equal to", "≡": "congruent to", "≅": "isomorphic to", "⊂": "subset of", "⊆": "subset of",
    "⊊": "proper subset of", "∪": "union", "∩": "intersection", "∅": "empty set", "∑": "sum", "∏": "product",
    "∫": "integral", "∞": "infinity", "√": "square root", "∀": "for all", "∃": "there exists",
    "⇒": "implies", "⇔": "if and only if", "↔": "if and only if", "↦": "maps to", "×": "times", "·": "times",
    "∘": "composed with", "⊗": "tensor product", "⊕": "direct sum", "∣": "divides", "∤": "does not divide",
    "⟂": "orthogonal to", "∂": "partial derivative", "∇": "gradient", "¬": "not", "∧": "and", "∨": "or",
    "⁻¹": "inverse", "²": "squared", "³": "cubed", "&": "", "~": "", "{": "", "}": "", "_": "", "$": "",
}  # fmt: skip

_POWERS: Final[Mapping[str, str]] = {
    "-1": "inverse", "2": "squared", "3": "cubed", "T": "transpose", "top": "transpose",
    "perp": "orthogonal complement", "times": "units", "*": "star", "ast": "star", "c": "complement",
    "prime": "derivative", "circ": "interior", "op": "opposite", "dagger": "adjoint",
}  # fmt: skip

# Every branch is bounded or a plain run, so the scan is linear whatever the text.
_TOKEN: Final = re.compile(
    r"""
    (?P<font>\\(?:mathbb|Bbb|mathds|mathbf)\s{0,4}\{?\s{0,4}(?P<set>[A-Z])(?![A-Za-z])\s{0,4}\}?)
  | (?P<operator>\\(?:operatorname\*?|mathrm|mathop)\s{0,4}\{\s{0,4}(?P<opname>[A-Za-z]{1,12})\s{0,4}\})
  | (?P<bar>\\(?:overline|bar)\s{0,4}\{?\s{0,4}(?=(?P<barred>[A-Za-z]?\(?)))
  | (?P<environment>\\(?:begin|end)\s{0,4}\{(?P<envname>[A-Za-z]{1,20})\*?\})
  | (?P<accent>\\["'`^~]\{?(?P<accented>[A-Za-z])\}?)
  | (?P<power>\^\s{0,4}(?:\{\s{0,4})?(?:\\(?:mathrm|operatorname|text)\s{0,4}\{)?
        (?P<exponent>-1|\\[a-z]{3,6}(?![A-Za-z])|[23T*c](?![A-Za-z0-9])|op)(?:\s{0,4}\}){0,2})
  | (?P<derivative>(?<![A-Za-z\\])(?P<primed>[fghuFGH])(?:'{1,3})(?=[\s(=,.$]))
  | \\(?P<macro>[A-Za-z]+)\*?
  | (?P<spacing>\\.)
  | (?P<math>\$\$?)
  | (?P<plain>[^\\$^_{}~&\u0080-\U0010ffff:'A-Za-z]+|[A-Za-z]+)
  | (?P<other>⁻¹|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def normalize_query(text: str) -> str:
    r"""The statement in words: `$f : \mathbb{R} \to \mathbb{R}$` becomes `f : real numbers to real numbers`.

    Prose passes unchanged except for white space. Never raises, and takes linear time.
    """
    out: list[str] = []
    # An open brace remembers what to say when it closes: `over` between the parts of a fraction.
    braces: list[str] = []
    pending = ""
    saw_colon = False
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        piece = match[0]
        if kind == "plain":
            out.append(piece)
            # `\frac 1 2` has no braces; a pending mark waits across white space only.
            pending = pending if piece.isspace() else ""
        elif kind == "macro":
            name = match["macro"]
            if name in ("frac", "dfrac", "tfrac", "cfrac"):
                pending = "over"
            elif name in ("to", "rightarrow", "longrightarrow"):
                out.append(" to " if saw_colon else " tends to ")
            elif name in _SILENT:
                out.append(" ")
            else:
                # A macro of the author's own is most often an abbreviation of a word.
                out.append(f" {_MACROS.get(name, name if len(name) > 2 else '')} ")
        elif kind == "other":
            if piece == "{":
                braces.append(pending)
            elif piece == "}" and braces and (word := braces.pop()):
                out.append(f" {word} ")
            elif piece == ":":
                saw_colon = True
            pending = ""
            if piece in ("→", "⟶"):
                out.append(" to " if saw_colon else " tends to ")
            else:
                out.append(f" {_SYMBOLS[piece]} " if piece in _SYMBOLS else piece)
        else:
            out.append(_special(match, kind or ""))
            if kind == "math":
                saw_colon = False
            pending = ""
    return " ".join("".join(out).split())


def _special(match: re.Match[str], kind: str) -> str:
    """The words for a construct that the token pattern knows as a whole."""
    if kind == "font":
        letter = match["set"]
        bold = match[0].startswith("\\mathbf")
        return f" {letter if bold and letter not in _BOLD_SETS else _NUMBER_SETS.get(letter, letter)} "
    if kind == "operator":
        return f" {_OPERATORS.get(match['opname'], match['opname'])} "
    if kind == "bar":
        # Capitals and values of maps are mostly sets, small letters mostly complex numbers.
        barred = match["barred"]
        return " closure of " if barred.isupper() or "(" in barred else " conjugate of "
    if kind == "environment":
        return " matrix " if match["envname"].endswith("matrix") and match[0].startswith("\\begin") else " "
    if kind == "accent":
        return match["accented"]
    if kind == "power":
        exponent = match["exponent"].lstrip("\\")
        return f" {_POWERS.get(exponent) or _MACROS.get(exponent, 'power')} "
    if kind == "derivative":
        return f"{match['primed']} derivative "
    return "" if kind == "math" else " "
