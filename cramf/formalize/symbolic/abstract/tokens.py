r"""Statement text to words and formula tokens that know where they stand.

Every token of a formula belongs to a `run`: what stands between one pair of `$`, or a stretch of symbols in
plain text. What is not known is an `UnreadError` with its span: nothing is dropped for being strange.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["MAX_LENGTH", "MAX_TOKENS", "Token", "tokenize"]

MAX_LENGTH = 1500
MAX_TOKENS = 260
MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is WORD, STOP, COMMA, COLON or HYPHEN in English, else a terminal of `formula.lark`."""

    kind: str
    text: str
    start: int
    end: int
    run: int
    """Number of the formula that it stands in; 0 for English."""

    @property
    def span(self) -> Span:
        return self.start, self.end


_GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa mu nu xi rho sigma tau phi "
        "varphi chi psi omega pi Sigma Lambda Gamma Delta Theta Omega Phi Psi lambda".split(),
        "α β γ δ ε ε ζ η θ ι κ μ ν ξ ρ σ τ φ φ χ ψ ω π S L Γ Δ Θ Ω Φ Ψ l".split(),
        strict=True,
    )
)
_COMMANDS = {
    **dict.fromkeys(("in", "isin"), "IN"), "notin": "NOTIN", "to": "ARROW", "rightarrow": "ARROW",
    "longrightarrow": "ARROW", "cap": "CAP", "cup": "CUP", "setminus": "SETMINUS", "backslash": "SETMINUS",
    "subset": "SUBSET", "subseteq": "SUBSET", "supset": "SUPSET", "supseteq": "SUPSET",
    "subsetneq": "PROPER", "cdot": "TIMES", "times": "CROSS", "circ": "CIRC", "le": "LE", "leq": "LE",
    "leqslant": "LE", "ge": "GE", "geq": "GE", "geqslant": "GE", "lt": "LT", "gt": "GT", "ne": "NE",
    "neq": "NE", "mid": "MID", "nmid": "NMID", "vert": "BAR", "cong": "CONG", "simeq": "CONG",
    "approx": "CONG", "infty": "INFTY", "emptyset": "EMPTY", "varnothing": "EMPTY", "langle": "LANGLE",
    "rangle": "RANGLE", "frac": "FRAC", "sqrt": "SQRT", "overline": "BARRED", "bar": "BARRED",
    "colon": "COLON", "equiv": "EQUIV", "pmod": "PMOD", "bmod": "MOD", "mod": "MOD",
    "prime": "PRIME", "lbrace": "LSET", "rbrace": "RSET", "trianglelefteq": "NORMALIN",
    "triangleleft": "NORMALIN", "unlhd": "NORMALIN", "lhd": "NORMALIN", "vartriangleleft": "NORMALIN",
    "mapsto": "MAPSTO",
}  # fmt: skip
_NEGATED = {"IN": "NOTIN", "EQ": "NE", "MID": "NMID", "SUBSET": "NOTSUBSET", "EQUIV": "NEQUIV"}
_OPERATORS = frozenset("ker gcd det deg dim exp sin cos log sup inf min max lim operatorname".split())
_NAMES = frozenset(
    "null range Null rank im char span ker gcd lcm det deg dim exp sin cos log sup inf max min Aut Inn End "
    "Gal GL SL Hom".split()
)
_IGNORED = frozenset(
    "left right big Big bigl bigr Bigl Bigr quad qquad displaystyle textstyle limits emph textit mathrm "
    "thinspace ldotp".split()
)
_SYMBOLS = {
    "+": "PLUS", "-": "MINUS", "−": "MINUS", "*": "TIMES", "·": "TIMES", "/": "DIV", "^": "POW", "_": "SUB",
    "=": "EQ", "<": "LT", ">": "GT", "≤": "LE", "≥": "GE", "≠": "NE", "(": "LPAR", ")": "RPAR",
    "[": "LBRK", "]": "RBRK", "{": "LB", "}": "RB", "|": "BAR", ",": "COMMA", ";": "COMMA", ":": "COLON",
    "∈": "IN", "∉": "NOTIN", "→": "ARROW", "∩": "CAP", "∪": "CUP", "⊆": "SUBSET", "⊂": "SUBSET",
    "≅": "CONG", "'": "PRIME", "∞": "INFTY", "∅": "EMPTY", "×": "CROSS", "∘": "CIRC", "!": "BANG",
    "∣": "MID", "≡": "EQUIV",
}  # fmt: skip
_NUMBER_SETS = dict(zip("NZQRC", "ℕℤℚℝℂ", strict=True))
_SCAN = re.compile(
    r"""
    (?P<space>(?:\s|~|\\[,;:!\ ]|\\\\)+)
  | (?P<delimiter>\$\$?|\\[()\[\]])
  | \\(?:mathbb|mathbf|Bbb|boldsymbol|bm)\s*\{?\s*(?P<double>[A-Za-z])\s*\}?
  | (?P<set>[ℕℤℚℝℂ])
  | \\(?:mathcal|mathscr|mathfrak)\s*\{?\s*(?P<script>[A-Za-z])\s*\}?
  | \\(?:text|textrm|mathrm|mbox|textbf|textit|operatorname)\s*\{(?P<inner>[^{}\\$]*)\}
  | \\(?P<command>[A-Za-z]+)
  | \\(?P<escaped>[{}|])
  | (?P<number>[0-9]+)
  | (?P<word>[A-Za-z]+(?:['’][a-z]+)?(?:-[A-Za-z]+)*)
  | (?P<greek>[α-κμ-ορ-ω])
  | (?P<symbol><=|>=|->|\S)
    """,
    re.VERBOSE | re.DOTALL,
)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.delimiter = ""
        self.opened = 0
        self.run = 0
        self.plain = False
        self.negated = False  # whether a \\not waits for the relation that it strikes
        self.remark = False  # whether brackets of plain text around one formula are open
        self.plain_runs: set[int] = set()

    def scan(self) -> list[Token]:
        for match in _SCAN.finditer(self.text):
            self.step(match)
            if len(self.tokens) > MAX_TOKENS:
                raise UnreadError(f"more than {MAX_TOKENS} words and symbols", (0, len(self.text)))
        if self.delimiter:
            end = self.opened + len(self.delimiter)
            raise UnreadError(f"{self.delimiter} is never closed", (self.opened, end))
        return self.tokens

    def math(self, kind: str, text: str, span: Span) -> None:
        """A token of a formula; in plain text one symbol after the other makes one run."""
        if self.negated:
            self.negated = False
            if kind not in _NEGATED:
                raise UnreadError("a stroke through what is not read", span)
            kind = _NEGATED[kind]
        if not self.delimiter and not self.plain:
            self.run += 1
            self.plain = True
            self.plain_runs.add(self.run)
        self.tokens.append(Token(kind, text, *span, self.run))

    def english(self, kind: str, text: str, span: Span) -> None:
        self.plain = False
        self.tokens.append(Token(kind, text, *span, 0))

    def step(self, match: re.Match[str]) -> None:
        span = match.span()
        if match["space"]:
            return
        if match["delimiter"]:
            self.toggle(match["delimiter"], span)
        elif match["double"] or match["set"]:
            letter = match["set"] or _NUMBER_SETS.get(match["double"])
            if match["double"] == "F" and "mathbb" in match[0]:
                self.math("NAME", "𝔽", span)
                return
            # A bold letter that is no number set is a variable written in bold.
            self.math("SET" if letter else "NAME", letter or match["double"], span)
        elif match["script"]:
            self.math("NAME", match["script"], span)
        elif match["inner"] is not None:
            self.inner(match)
        elif match["command"]:
            self.command(match["command"], span)
        elif match["escaped"]:
            kind = {"{": "LSET", "}": "RSET", "|": "BAR"}[match["escaped"]]
            self.math(kind, match["escaped"], span)
        elif match["number"]:
            self.number(match["number"], span)
        elif match["word"]:
            self.word(match["word"], span)
        elif match["greek"]:
            self.math("NAME", match["greek"], span)
        else:
            self.symbol(match["symbol"], span)

    def toggle(self, mark: str, span: Span) -> None:
        closing = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
        if not self.delimiter and mark in closing:
            self.delimiter, self.opened = mark, span[0]
            self.run += 1
            self.plain = False
        elif self.delimiter and closing[self.delimiter] == mark:
            self.delimiter = ""
            self.plain = False
        else:
            raise UnreadError(f"{mark} does not fit the math before it", span)

    def inner(self, match: re.Match[str]) -> None:
        text, offset = match["inner"], match.start("inner")
        if self.delimiter and text.strip() in _NAMES:
            self.math("OPERATOR", text.strip(), match.span())
            return
        if self.delimiter and len(text.strip()) == 1 and text.strip().isalpha():
            self.math("NAME", text.strip(), match.span())
            return
        outer, self.delimiter = self.delimiter, ""
        for word in re.finditer(r"[A-Za-z]+(?:-[A-Za-z]+)*|\S", text):
            where = offset + word.start(), offset + word.end()
            if not word[0][0].isalpha():
                raise UnreadError("only words are read inside text", where)
            self.english("WORD", word[0].lower(), where)
        self.delimiter = outer
        if outer:
            self.run += 1

    def command(self, name: str, span: Span) -> None:
        if name in _IGNORED:
            return
        if name == "not":
            self.negated = True
        elif name in _GREEK:
            self.math("NAME", _GREEK[name], span)
        elif name in _COMMANDS:
            self.math(_COMMANDS[name], "\\" + name, span)
        elif name in _OPERATORS:
            self.math("OPERATOR", name, span)
        else:
            raise UnreadError(f"unknown LaTeX command \\{name}", span)

    def number(self, digits: str, span: Span) -> None:
        before = self.tokens[-1] if self.tokens else None
        if self.delimiter and before and before.kind in ("POW", "SUB", "FRAC") and len(digits) > 1:
            raise UnreadError("LaTeX takes only the first digit here; write braces", span)
        self.math("NUM", digits.lstrip("0") or "0", span)

    def word(self, word: str, span: Span) -> None:
        start, end = span
        if self.delimiter:
            # In math every letter is a variable of its own: `ab` is a product.
            for offset, letter in enumerate(word):
                kind = "NAME" if letter.isalpha() else _SYMBOLS.get(letter, "")
                if not kind:
                    raise UnreadError(
                        f"{letter!r} is not read in a formula", (start + offset, start + offset + 1)
                    )
                self.math(kind, letter, (start + offset, start + offset + 1))
        elif len(word) == 1:
            self.math("NAME", word, span)
        elif re.fullmatch(r"[A-Za-z]-[A-Za-z]{2,}(?:-[A-Za-z]+)*", word):
            self.math("NAME", word[0], (start, start + 1))
            self.english("HYPHEN", word[1:].lower(), (start + 1, end))
        else:
            self.english("WORD", word.lower().replace("’", "'"), span)

    def symbol(self, symbol: str, span: Span) -> None:
        if not self.delimiter:
            after = self.text[span[1] : span[1] + 2]
            if symbol == "-" and after.isalpha() and self.tokens and self.tokens[-1].run:
                self.english("HYPHEN", "-", span)
                return
            if symbol == "(" and re.match(r"\s*\$[^$]+\$\s*\)", self.text[span[1] :]):
                self.remark = True
                self.english("OPEN", symbol, span)
                return
            if symbol == ")" and self.remark:
                self.remark = False
                self.english("CLOSE", symbol, span)
                return
            if symbol in ".?":
                self.english("STOP", symbol, span)
                return
            if symbol in ",;" and not self.inside():
                self.english("COMMA", symbol, span)
                return
            if symbol == ":" and not (self.plain and self.tokens[-1].kind == "NAME"):
                self.english("COLON", symbol, span)
                return
        named = {"<=": "LE", ">=": "GE", "->": "ARROW"}.get(symbol) or _SYMBOLS.get(symbol)
        if symbol == "." and self.delimiter:
            # A full stop that typists leave inside the dollars ends the sentence all the same.
            if not re.match(r"\s*\$", self.text[span[1] :]):
                raise UnreadError("a point inside a formula is not read", span)
            self.tokens.append(Token("STOP", ".", *span, 0))
            return
        if named is None:
            raise UnreadError(f"the character {symbol!r} is not read", span)
        self.math(named, symbol, span)

    def inside(self) -> bool:
        """Whether a bracket is open in this stretch of symbols in plain text."""
        own = [t.kind for t in self.tokens if t.run == self.run] if self.plain else []
        return sum(k in ("LPAR", "LBRK", "LSET") for k in own) > sum(
            k in ("RPAR", "RBRK", "RSET") for k in own
        )


_ENDS = frozenset("NAME NUM SET RPAR RBRK RB RSET RANGLE BARRIGHT PRIME BANG INFTY EMPTY".split())
_AFTER_VARIABLE = frozenset(
    "and or is are be divides divide do does if then such with where commutes commute has in of".split()
)


def _articles(tokens: list[Token], plain_runs: set[int]) -> list[Token]:
    """Turns "a" of plain text into the article unless what stands around it makes it a variable."""
    settled: list[Token] = []
    for index, token in enumerate(tokens):
        alone = token.kind == "NAME" and token.text in ("a", "A") and token.run in plain_runs
        if alone and sum(t.run == token.run for t in tokens[max(0, index - 1) : index + 2]) == 1:
            after = tokens[index + 1] if index + 1 < len(tokens) else None
            # "a $p$-group"
            formula = after is not None and after.run not in plain_runs and after.run > 0
            text = after.text if after is not None and after.kind in ("WORD", "HYPHEN") else None
            if formula or (text is not None and text not in _AFTER_VARIABLE):
                settled.append(replace(token, kind="WORD", text="a", run=0))
                continue
        settled.append(token)
    return settled


def _bars(tokens: list[Token]) -> list[Token]:
    """Says of each `|` of a formula whether it opens, closes or parts."""
    settled: list[Token] = []
    open_bars: list[int] = [0]
    opened: list[str] = [""]
    run = 0
    for index, token in enumerate(tokens):
        if token.run != run:
            run, open_bars, opened = token.run, [0], [""]
        if token.kind in ("COLON", "BAR", "MID") and opened[-1] == "LSET" and not open_bars[-1]:
            # The first bar or colon between braces begins the condition.
            opened[-1] = "SUCH"
            token = replace(token, kind="SUCH")
        if token.kind in ("LPAR", "LB", "LBRK", "LSET"):
            open_bars.append(0)
            opened.append(token.kind)
        elif token.kind in ("RPAR", "RB", "RBRK", "RSET") and len(open_bars) > 1:
            open_bars.pop()
            opened.pop()
        if len(open_bars) + max(open_bars) > MAX_DEPTH:
            raise UnreadError(f"brackets nested deeper than {MAX_DEPTH}", token.span)
        if token.kind == "BAR":
            ended = bool(settled) and settled[-1].run == run and settled[-1].kind in _ENDS
            ahead = sum(t.run == run and t.kind == "BAR" for t in tokens[index + 1 :])
            if open_bars[-1] and ended:
                open_bars[-1] -= 1
                token = replace(token, kind="BARRIGHT")
            elif ended and (not ahead or len(open_bars) > 1):
                token = replace(token, kind="MID")
            else:
                open_bars[-1] += 1
                token = replace(token, kind="BARLEFT")
        settled.append(token)
    return settled


def tokenize(statement: str) -> list[Token]:
    """Tokens of a statement.

    Raises:
        UnreadError: at the first thing that is not read.
    """
    if len(statement) > MAX_LENGTH:
        raise UnreadError(f"longer than {MAX_LENGTH} characters", (MAX_LENGTH, len(statement)))
    scanner = _Scanner(statement)
    tokens = _bars(_articles(scanner.scan(), scanner.plain_runs))
    if all(token.kind == "STOP" for token in tokens):
        raise UnreadError("no statement", (0, len(statement)))
    return tokens
