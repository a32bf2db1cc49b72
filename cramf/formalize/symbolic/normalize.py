r"""Statement text to tokens that know where they stand in the original statement.

English words, LaTeX commands and Unicode symbols come out as one stream; whether a single letter is the
article "a" or a variable is settled here, and so is whether `|` opens, closes or divides. LaTeX spacing and
sizing (`\,`, `\left`, `\big`) vanish; the text of `\text{...}` joins the English. What is not known is an
`UnreadError` with its span: no token is ever dropped for being strange.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cramf.formalize.symbolic.symbols import (
    COMMANDS,
    CONDITIONS,
    GREEK,
    IGNORED,
    SET_CHARACTERS,
    SETS,
    SPOKEN,
    SPOKEN_SYMBOLS,
    SYMBOLS,
)
from cramf.formalize.symbolic.syntax import SetRef, Span, UnreadError

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "MAX_TOKENS", "Token", "tokenize"]

MAX_LENGTH = 2000
"""Longest statement read, in characters."""
MAX_TOKENS = 400
MAX_DEPTH = 24
"""Deepest nesting of brackets read."""


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is WORD, STOP, COMMA or COLON in English, else a terminal of `math.lark`.

    `math` tells a token between math delimiters, where a comma parts formulas and letters are variables.
    """

    kind: str
    text: str
    start: int
    end: int
    math: bool
    set: SetRef | None = None

    @property
    def span(self) -> Span:
        return self.start, self.end


_SCAN = re.compile(
    r"""
    (?P<space>(?:\s|~|\\[,;:!\ ]|\\\\)+)
  | (?P<delimiter>\$\$?|\\[()\[\]])
  | (?P<set>\\(?:mathbb|mathbf|Bbb)\s*(?:\{\s*[NZQRC]\s*\}|[NZQRC](?![A-Za-z]))|\\[NZQRC](?![A-Za-z])|[ℕℤℚℝℂ])
    (?P<decoration>\s*[\^_]\s*(?:\{[^{}]*\}|[^\s{}\\]))?
  | (?P<text>\\(?:text|textrm|mathrm|mbox|textbf|textit|emph|operatorname)\s*\{(?P<inner>[^{}\\$]*)\})
  | \\(?P<command>[A-Za-z]+)
  | \\(?P<escaped>[{}|%])
  | (?P<number>[0-9]+(?:\.[0-9]+)?)
  | (?P<word>[A-Za-z]+(?:[-'’][A-Za-z]+)*)
  | (?P<greek>[α-ω])
  | (?P<ambiguous>!=|==|=>|=<|\.\.+|…)
  | (?P<symbol><=|>=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))|([₀-₉]+)")
_OPERAND_END = frozenset({"VAR", "NUM", "PI", "RPAR", "RBRACE", "RBRK", "ABSR", "BANG"})


class _Scanner:
    def __init__(self, text: str, functions: frozenset[str]) -> None:
        self.text = text
        self.functions = functions
        self.tokens: list[Token] = []
        self.delimiter = ""
        self.opened = 0

    def run(self) -> list[Token]:
        position = 0
        while position < len(self.text):
            match = _SCAN.match(self.text, position)
            if match is None:
                raise UnreadError("a character that is not read", (position, position + 1))
            position = self.step(match)
            if len(self.tokens) > MAX_TOKENS:
                raise UnreadError(f"more than {MAX_TOKENS} words and symbols", (0, len(self.text)))
        if self.delimiter:
            raise UnreadError(
                f"{self.delimiter} is never closed", (self.opened, self.opened + len(self.delimiter))
            )
        return self.tokens

    def add(self, kind: str, text: str, start: int, end: int, number_set: SetRef | None = None) -> None:
        self.tokens.append(Token(kind, text, start, end, bool(self.delimiter), number_set))

    def step(self, match: re.Match[str]) -> int:
        """Adds what one match holds; the position from which to go on."""
        start, end = match.span()
        group = match.lastgroup
        if match["set"]:
            return self.number_set(match)
        if match["text"] is not None:
            return self.inner_text(match)
        if match["command"]:
            return self.command(match["command"], start, end)
        if match["word"]:
            return self.word(match["word"], start, end)
        if match["number"]:
            return self.number(match["number"], start, end)
        if match["delimiter"]:
            self.toggle(match["delimiter"], start)
        elif match["greek"] and match["greek"] not in "πλ":
            return self.variable(match["greek"], start, end)
        elif match["symbol"]:
            self.symbol(match["symbol"], start, end)
        elif group == "escaped" and match["escaped"] == "|":
            raise UnreadError("a norm is not read", (start, end))
        elif group != "space":
            raise UnreadError(f"{match[0]!r} is not read", (start, end))
        return end

    def toggle(self, mark: str, start: int) -> None:
        closing = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
        if not self.delimiter and mark in closing:
            self.delimiter, self.opened = mark, start
        elif self.delimiter and closing[self.delimiter] == mark:
            self.delimiter = ""
        else:
            raise UnreadError(f"{mark} does not fit the math before it", (start, start + len(mark)))
        # Two formulas with nothing between must not run together into a product.
        self.add("EDGE", mark, start, start + len(mark))

    def number_set(self, match: re.Match[str]) -> int:
        start, end = match.span()
        letter = next(c for c in reversed(match["set"]) if c in SETS or c in SET_CHARACTERS)
        condition = ""
        if match["decoration"]:
            mark = match["decoration"].strip().lstrip("^_").strip()
            if mark not in CONDITIONS:
                raise UnreadError(f"{match[0]!r} is not a number set that is read", (start, end))
            condition = CONDITIONS[mark]
        number_set = SetRef(SETS.get(letter, letter), condition, (start, end))
        self.add("SET", match[0], start, end, number_set)
        return end

    def inner_text(self, match: re.Match[str]) -> int:
        """Text inside math is English, or the name of a function."""
        inner = match["inner"].strip()
        start, end = match.span()
        if "\\" + inner in self.functions:
            self.add("FUNC", "\\" + inner, start, end)
            return end
        if re.fullmatch("[0-9]+", inner):
            self.add("NUM", inner.lstrip("0") or "0", start, end)
            return end
        outer, self.delimiter = self.delimiter, ""
        offset = match.start("inner")
        for word in re.finditer(r"[A-Za-z]+(?:-[A-Za-z]+)*|\S", match["inner"]):
            where = offset + word.start(), offset + word.end()
            if word[0] not in ",." and not word[0][0].isalpha():
                raise UnreadError("only words are read inside text", where)
            kind = {",": "COMMA", ".": "STOP"}.get(word[0], "WORD")
            self.add(kind, word[0].lower(), *where)
        self.delimiter = outer
        return end

    def command(self, name: str, start: int, end: int) -> int:
        if name in IGNORED:
            return end
        if name in GREEK:
            return self.variable(GREEK[name], start, end)
        if name in SPOKEN:
            for word in SPOKEN[name].split():
                self.tokens.append(Token("WORD", word, start, end, False))
            return end
        if "\\" + name in self.functions:
            self.add("SQRT" if name == "sqrt" else "FUNC", "\\" + name, start, end)
            return end
        if name in COMMANDS:
            self.add(COMMANDS[name], "\\" + name, start, end)
            return end
        raise UnreadError(f"unknown LaTeX command \\{name}", (start, end))

    def variable(self, name: str, start: int, end: int) -> int:
        prime = re.compile(r"'+").match(self.text, end) if self.delimiter else None
        if prime:
            raise UnreadError("primed variables are not read", (start, prime.end()))
        subscript = _SUBSCRIPT.match(self.text, end)
        if subscript:
            digits = subscript[1] or subscript[2]
            name += "".join(chr(0x2080 + int(d)) for d in digits) if digits else subscript[3]
            end = subscript.end()
        self.add("VAR", name, start, end)
        return end

    def word(self, word: str, start: int, end: int) -> int:
        if "\\" + word in self.functions and self.text[end : end + 1] == "(":
            self.add("SQRT" if word == "sqrt" else "FUNC", "\\" + word, start, end)
            return end
        if self.delimiter:
            # In math every letter is a variable of its own: `ab` is a product.
            return self.variable(word[0], start, start + 1)
        if len(word) == 1:
            return self.variable(word, start, end)
        if "'" not in word and "’" not in word and all(len(part) == 1 for part in word.split("-")):
            # `a-b` without spaces is arithmetic, not a hyphenated word.
            return self.variable(word[0], start, start + 1)
        self.add("WORD", word.lower(), start, end)
        return end

    def number(self, digits: str, start: int, end: int) -> int:
        before = self.tokens[-1] if self.tokens else None
        after = self.text[end : end + 4]
        if re.match(r",\d{3}", after) and (not after[4:5].isdigit()) and len(digits) <= 3:
            raise UnreadError("a list of numbers or a thousands separator", (start, end + 4))
        takes_digit = {"FRAC", "SQRT", "POW"}
        if before and before.kind in takes_digit and before.math and len(digits) > 1 and "." not in digits:
            if before.kind == "FRAC" and len(digits) == 2:
                self.add("NUM", digits[0], start, start + 1)
                self.add("NUM", digits[1], start + 1, end)
                return end
            raise UnreadError("LaTeX takes only the first digit here; write braces", (start, end))
        # Leading zeros are no part of a number's name in Lean.
        self.add("NUM", re.sub("^0+(?=[0-9])", "", digits), start, end)
        return end

    def symbol(self, symbol: str, start: int, end: int) -> None:
        if symbol in SYMBOLS:
            self.add(SYMBOLS[symbol], symbol, start, end)
        elif symbol in SPOKEN_SYMBOLS:
            for word in SPOKEN_SYMBOLS[symbol].split():
                self.tokens.append(Token("WORD", word, start, end, False))
        elif symbol in "²³":
            self.add("POW", "^", start, end)
            self.add("NUM", "23"["²³".index(symbol)], start, end)
        elif symbol in ",;":
            self.add("COMMA", symbol, start, end)
        elif symbol in ".?":
            self.add("STOP", symbol, start, end)
        elif symbol == ":":
            self.add("COLON", symbol, start, end)
        else:
            raise UnreadError(f"the character {symbol!r} is not read", (start, end))


def _settle_articles(tokens: list[Token]) -> list[Token]:
    """Turns "a" of plain text into the article unless what stands around it makes it a variable."""
    settled: list[Token] = []
    operators = frozenset(
        "PLUS MINUS TIMES DIV POW EQ LT GT LE GE NE BAR BANG DVD NDVD EQUIV IN NOTIN RPAR COMMA STOP".split()
    )
    for index, token in enumerate(tokens):
        if token.kind == "VAR" and not token.math and token.text in ("a", "A", "I"):
            after = tokens[index + 1] if index + 1 < len(tokens) else None
            before = tokens[index - 1] if index else None
            # A word after "a" that a verb or connective begins shows a variable: "a and b", "a divides b".
            spoken = after is not None and after.kind == "WORD" and after.text in _AFTER_VARIABLE
            joined = before is not None and before.kind in operators - {"COMMA", "STOP", "RPAR"}
            if token.text != "I" and not (after is None or spoken or joined or after.kind in operators):
                settled.append(replace(token, kind="WORD", text="a"))
                continue
        settled.append(token)
    return settled


_AFTER_VARIABLE = frozenset(
    "and or is are be divides divide does do not if then such with where satisfies".split()
)


def _settle_bars(tokens: list[Token]) -> list[Token]:
    """Says of each `|` whether it opens, closes or divides."""
    settled: list[Token] = []
    open_bars = [0]
    for index, token in enumerate(tokens):
        if token.kind in ("WORD", "COMMA", "STOP", "COLON", "EDGE") and len(open_bars) == 1:
            open_bars = [0]
        if token.kind in ("LPAR", "LBRACE", "LBRK"):
            open_bars.append(0)
        elif token.kind in ("RPAR", "RBRACE", "RBRK") and len(open_bars) > 1:
            open_bars.pop()
        if len(open_bars) > MAX_DEPTH:
            raise UnreadError(f"brackets nested deeper than {MAX_DEPTH}", token.span)
        if token.kind == "BAR":
            ended = bool(settled) and settled[-1].kind in _OPERAND_END
            if not ended:
                kind = "ABSL"
            elif open_bars[-1]:
                kind = "ABSR"
            else:
                kind = "ABSL" if _bars_ahead(tokens, index) % 2 == 0 else "DVD"
            open_bars[-1] += {"ABSL": 1, "ABSR": -1, "DVD": 0}[kind]
            if open_bars[-1] > MAX_DEPTH:
                raise UnreadError(f"brackets nested deeper than {MAX_DEPTH}", token.span)
            token = replace(token, kind=kind)
        settled.append(token)
    return settled


def _bars_ahead(tokens: list[Token], index: int) -> int:
    """How many `|` the same formula has from `index` on, outside inner brackets."""
    count = depth = 0
    for token in tokens[index:]:
        if token.kind in ("LPAR", "LBRACE", "LBRK"):
            depth += 1
        elif token.kind in ("RPAR", "RBRACE", "RBRK"):
            depth -= 1
        if depth < 0 or token.kind in ("WORD", "COMMA", "STOP", "COLON", "EDGE"):
            break
        count += depth == 0 and token.kind == "BAR"
    return count


def tokenize(statement: str, functions: frozenset[str]) -> list[Token]:
    r"""Tokens of a statement; `functions` are the LaTeX commands of operations (`\gcd`).

    Raises:
        UnreadError: at the first thing that is not read.
    """
    if len(statement) > MAX_LENGTH:
        raise UnreadError(f"longer than {MAX_LENGTH} characters", (MAX_LENGTH, len(statement)))
    tokens = _settle_bars(_settle_articles(_Scanner(statement, functions).run()))
    if not any(token.kind not in ("EDGE", "STOP") for token in tokens):
        raise UnreadError("no statement", (0, len(statement)))
    return tokens
