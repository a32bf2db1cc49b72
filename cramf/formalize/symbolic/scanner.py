r"""Statement text to raw tokens that know where they stand in the original statement.

English words, LaTeX commands and Unicode symbols come out as one stream. LaTeX spacing and sizing (`\,`,
`\left`, `\big`) vanish; the text of `\text{...}` joins the English; the rows of an `align` or of a system in
`cases` come out parted by commas. What is not known is an `UnreadError` with its span: no token is ever
dropped for being strange.
"""

from __future__ import annotations

import re
from dataclasses import replace

from cramf.formalize.symbolic.symbols import (
    COMMANDS,
    CONDITIONS,
    ENVIRONMENTS,
    GREEK,
    IGNORED,
    SET_CHARACTERS,
    SETS,
    SPOKEN,
    SPOKEN_SYMBOLS,
    SUPERSCRIPTS,
    SYMBOLS,
)
from cramf.formalize.symbolic.syntax import SetRef, UnreadError
from cramf.formalize.symbolic.tokens import MAX_TOKENS, Token

__all__ = ["Scanner"]

_SCAN = re.compile(
    r"""
    (?P<space>(?:\s|~|</?(?:div|center|br)(?:\s[^<>]{0,80})?/?>|\\[,;:!\ ]|
      \\(?:left|right)\s*\.|[_^]\s*\{\s*\}|'{2,}(?=[A-Za-z\s]))+)
  | (?P<row>\\\\(?:\s*\[[^\]\s]{1,8}\])?)
  | (?P<brace>\\left\s*\\\{(?=\s*\\begin))
  | \\(?P<edge>begin|end)\s*\{\s*(?P<environment>[A-Za-z]{1,20}\*?)\s*\}(?P<columns>\s*\{[lcr|\s]{1,12}\})?
  | (?P<delimiter>\$\$?|\\[()\[\]])
  | (?P<set>\\(?:mathbb|mathbf|Bbb)\s*(?:\{\s*[NZQRC]\s*\}|[NZQRC](?![A-Za-z]))|
      \\[NZQRC](?![A-Za-z])|[ℕℤℚℝℂ])
    (?P<decoration>\s*[\^_]\s*(?:\{[^{}]*\}|[^\s{}\\]))?
  | (?P<text>\\(?:text|textrm|textnormal|mathrm|rm|mbox|textbf|textit|emph|operatorname|mathop|mathit|
      mathbf)\*?\s*
    \{(?P<inner>(?:[^{}\\]|\\[,;:!\ ]|\\(?:text|mathrm|rm|operatorname)\s*\{[A-Za-z\s]*\})*)\})
  | (?P<degree>\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})|°)
  | (?P<parallel>\\mathcal\b)
  | \\(?P<command>[A-Za-z]+)
  | \\(?P<escaped>[{}|%$#\#])
  | (?P<wiki>\[\[(?:[^\[\]|$\\]*\|)?(?P<shown>[A-Za-z\s'-]+)\]\](?P<tail>[a-z]{0,3}))
  | (?P<number>[0-9]{1,3}(?:(?:\{,\}|,\\!|\\,)[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|
      [0-9]+(?:\.[0-9]+)?|(?<![\w.])\.[0-9]+)
  | (?P<word>[A-Za-z]+(?:[-'’][A-Za-z]+)*)
  | (?P<greek>[α-ω])
  | (?P<subscript>[₀-₉]+)
  | (?P<ambiguous>!=|==|=>|=<)
  | (?P<dots>\.\.\.+|…|⋯)
  | (?P<symbol><=|>=|:=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_EMPTY = re.compile(r"\\(?:text|mathrm|rm|operatorname)\s*\{([A-Za-z\s]*)\}")
_CLOSING = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_CASE_WORDS = frozenset({"if", "when", "for", "whenever", "where"})
# Words that stand bare between dollars; every other run of letters there is a product of variables.
_BARE_WORDS = frozenset({"and", "mod"})


class Scanner:
    """Scans one statement; `functions` are the LaTeX commands of operations (`\\gcd`)."""

    def __init__(self, text: str, functions: frozenset[str]) -> None:
        self.text = text
        self.functions = functions
        self.tokens: list[Token] = []
        self.delimiter = ""
        self.opened = 0
        self.environments: list[str] = []

    def run(self) -> list[Token]:
        """All tokens.

        Raises:
            UnreadError: at the first thing that is not read, or that is never closed.
        """
        self.scan(0, len(self.text))
        if self.environments or self.delimiter:
            name = self.delimiter or rf"\begin{{{self.environments[-1]}}}"
            raise UnreadError(f"{name} is never closed", (self.opened, self.opened + len(name)))
        return self.tokens

    def scan(self, position: int, end: int) -> None:
        """Scans a part of the text."""
        while position < end:
            match = _SCAN.match(self.text, position, end)
            if match is None:
                raise UnreadError("a character that is not read", (position, position + 1))
            position = self.step(match)
            if len(self.tokens) > MAX_TOKENS:
                raise UnreadError(f"more than {MAX_TOKENS} words and symbols", (0, len(self.text)))

    def add(self, kind: str, text: str, start: int, end: int, number_set: SetRef | None = None) -> int:
        self.tokens.append(Token(kind, text, start, end, bool(self.delimiter), number_set))
        return end

    def said(self, words: str, start: int, end: int) -> int:
        """Words that a symbol stands for."""
        for word in words.split():
            self.tokens.append(Token("WORD", word, start, end, False))
        return end

    def step(self, match: re.Match[str]) -> int:
        """Adds what one match holds; the position from which to go on."""
        start, end = match.span()
        if match["space"] or match["brace"]:
            return end
        if match["row"]:
            return self.row(start, end)
        if match["edge"]:
            return self.environment(match["edge"], match["environment"], start, end)
        if match["set"]:
            return self.number_set(match)
        if match["text"] is not None:
            return self.inner_text(match)
        if match["command"]:
            return self.command(match["command"], start, end)
        if match["wiki"]:
            return self.words(match, "shown")
        if match["word"]:
            return self.word(match["word"], start, end)
        if match["number"]:
            return self.number(match["number"], start, end)
        if match["degree"]:
            return self.add("DEG", match["degree"], start, end)
        if match["dots"]:
            return self.add("DOTS", match["dots"], start, end)
        if match["delimiter"]:
            return self.toggle(match["delimiter"], start)
        if match["greek"] and match["greek"] not in "πλ":
            return self.variable(match["greek"], start, end)
        if match["subscript"]:
            self.add("SUB", "_", start, start)
            digits = "".join(str(ord(c) - 0x2080) for c in match["subscript"])
            return self.add("NUM", digits, start, end)
        if (
            match["ambiguous"] == "!="
            and self.delimiter
            and re.match(r"[\w)}]", self.text[start - 1 : start])
        ):
            # `5! = 120` written without a space.
            self.add("BANG", "!", start, start + 1)
            return self.add("EQ", "=", start + 1, end)
        if match["symbol"]:
            return self.symbol(match["symbol"], start, end)
        if match["escaped"]:
            return self.escaped(match["escaped"], start, end)
        raise UnreadError(f"{match[0]!r} is not read", (start, end))

    def words(self, match: re.Match[str], group: str) -> int:
        """Scans a group of the match as English."""
        outer, self.delimiter = self.delimiter, ""
        self.scan(*match.span(group))
        self.delimiter = outer
        if group == "shown" and match["tail"] and self.tokens[-1].kind == "WORD":
            last = self.tokens[-1]
            self.tokens[-1] = replace(last, text=last.text + match["tail"], end=match.end())
        return match.end()

    def toggle(self, mark: str, start: int) -> int:
        end = start + len(mark)
        if not self.delimiter and mark in _CLOSING:
            self.delimiter, self.opened = mark, start
        elif self.delimiter and _CLOSING.get(self.delimiter) == mark and not self.environments:
            self.delimiter = ""
        else:
            raise UnreadError(f"{mark} does not fit the math before it", (start, end))
        # Two formulas with nothing between must not run together into a product.
        return self.add("EDGE", mark, start, end)

    def environment(self, edge: str, name: str, start: int, end: int) -> int:
        kind = ENVIRONMENTS.get(name.rstrip("*"))
        if kind is None:
            raise UnreadError(f"the environment {name} is not read", (start, end))
        if edge == "begin":
            if len(self.environments) > 3:
                raise UnreadError("environments nested too deeply", (start, end))
            after_equals = bool(self.tokens) and self.tokens[-1].kind == "EQ" and self.tokens[-1].math
            if kind == "cases" and after_equals:
                self.environments.append(name + " values")
                return self.add("BEGINCASES", name, start, end)
            self.environments.append(name)
            if not self.delimiter:
                self.delimiter, self.opened = rf"\begin{{{name}}}", start
                self.add("EDGE", name, start, end)
            return end
        if not self.environments or self.environments[-1].split()[0] != name:
            raise UnreadError(rf"\end{{{name}}} does not fit what began before", (start, end))
        closed = self.environments.pop()
        if self.tokens[-1].kind == "ROW" or (
            self.tokens[-1].kind == "COMMA" and self.tokens[-1].text == "\\\\"
        ):
            self.tokens.pop()
        if closed.endswith("values"):
            ending: list[Token] = []
            while self.tokens[-1].kind in ("COMMA", "STOP"):
                ending.insert(0, self.tokens.pop())
            self.add("ENDCASES", name, start, end)
            self.tokens += ending
            return end
        if self.delimiter == rf"\begin{{{name}}}":
            self.add("EDGE", name, start, end)
            self.delimiter = ""
        return end

    def row(self, start: int, end: int) -> int:
        """A line break: a space, or in an environment the end of a row."""
        if not self.environments:
            return end
        if self.environments[-1].endswith("values"):
            while self.tokens[-1].kind in ("COMMA", "STOP"):
                self.tokens.pop()
            return self.add("ROW", "\\\\", start, end)
        before = self.tokens[-1] if self.tokens else None
        if before is not None and before.kind in ("COMMA", "STOP"):
            self.tokens[-1] = Token("COMMA", "\\\\", before.start, end, True)
            return end
        if before is not None and before.kind in ("WORD", "EDGE", "ROW"):
            return end
        return self.add("COMMA", "\\\\", start, end)

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
        return self.add("SET", match[0], start, end, number_set)

    def inner_text(self, match: re.Match[str]) -> int:
        """Text inside math is English, or the name of a function or of a variable."""
        inner = _EMPTY.sub(r"\1", match["inner"]).strip()
        start, end = match.span()
        if "\\" + inner in self.functions:
            return self.function(inner, start, end)
        if inner == "mod":
            return self.add("MODOP", inner, start, end)
        if re.fullmatch("[0-9]+", inner):
            return self.add("NUM", inner.lstrip("0") or "0", start, end)
        if self.delimiter and len(inner) == 1 and inner.isalpha() and not match[0].startswith("\\text"):
            return self.add("VAR", inner, start, end)
        if self.environments and self.environments[-1].endswith("values"):
            if inner.lower() in _CASE_WORDS:
                # What follows is the condition, which `&` parts from the value already.
                return end if self.tokens[-1].kind == "AMP" else self.add("AMP", inner, start, end)
            if inner.lower() == "otherwise":
                return self.add("OTHERWISE", inner, start, end)
        return self.words(match, "inner")

    def function(self, name: str, start: int, end: int) -> int:
        kind = {"sqrt": "SQRT", "log": "LOG"}.get(name, "FUNC")
        return self.add(kind, "\\" + name, start, end)

    def command(self, name: str, start: int, end: int) -> int:
        if name in IGNORED:
            return end
        if name in GREEK:
            return self.variable(GREEK[name], start, end)
        if name in SPOKEN:
            return self.said(SPOKEN[name], start, end)
        if "\\" + name in self.functions:
            return self.function(name, start, end)
        if name in COMMANDS:
            return self.add(COMMANDS[name], "\\" + name, start, end)
        raise UnreadError(f"unknown LaTeX command \\{name}", (start, end))

    def variable(self, name: str, start: int, end: int) -> int:
        self.add("VAR", name, start, end)
        prime = re.compile(r"'+|\^\s*\{\s*(?:\\prime\s*)+\}|\^\s*\\prime").match(self.text, end)
        if prime and self.delimiter:
            after = self.text[prime.end() :].lstrip()
            if not after.startswith(("(", r"\left(")):
                raise UnreadError("primed variables are not read", (start, prime.end()))
            count = prime[0].count("'") or prime[0].count("prime")
            self.add("PRIME", "'" * count, end, prime.end())
            return prime.end()
        return end

    def word(self, word: str, start: int, end: int) -> int:
        if "\\" + word in self.functions and (
            self.text[end : end + 1] == "(" or (self.delimiter and len(word) > 2)
        ):
            return self.function(word, start, end)
        if self.delimiter:
            if word in _BARE_WORDS:
                if word == "mod":
                    return self.add("MODOP", word, start, end)
                return self.said(word, start, end)
            # In math every letter is a variable of its own: `ab` is a product.
            return self.variable(word[0], start, start + 1)
        if len(word) == 1:
            return self.variable(word, start, end)
        if "'" not in word and "’" not in word and all(len(part) == 1 for part in word.split("-")):
            # `a-b` without spaces is arithmetic, not a hyphenated word.
            return self.variable(word[0], start, start + 1)
        return self.add("WORD", word.lower(), start, end)

    def number(self, digits: str, start: int, end: int) -> int:
        before = self.tokens[-1] if self.tokens else None
        after = self.text[end : end + 5]
        plain = digits.replace("{,}", "").replace(",\\!", "").replace("\\,", "")
        if re.match(r",\d{3}(?!\d)", after) and len(digits) <= 3 and "." not in digits:
            inside = self.delimiter and any(t.kind in ("LPAR", "LBRACE", "LBRK", "LSET") for t in self.tokens)
            grouped = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)").match(self.text, start)
            if inside or grouped is None:
                raise UnreadError("a list of numbers or a thousands separator", (start, end + 4))
            return self.add("NUM", grouped[0].replace(",", ""), start, grouped.end())
        takes_digit = {"FRAC", "SQRT", "POW", "SUB"}
        latex = before is not None and (before.math or before.text.startswith("\\"))
        if before and before.kind in takes_digit and latex and len(plain) > 1 and "." not in plain:
            log = before.kind == "SUB" and len(self.tokens) > 1 and self.tokens[-2].kind == "LOG"
            if log or (before.kind == "FRAC" and len(plain) == 2):
                self.add("NUM", plain[0], start, start + 1)
                return self.add("NUM", plain[1:], start + 1, end)
            raise UnreadError("LaTeX takes only the first digit here; write braces", (start, end))
        if plain.startswith("."):
            plain = "0" + plain
        # Leading zeros are no part of a number's name in Lean.
        return self.add("NUM", re.sub("^0+(?=[0-9])", "", plain), start, end)

    def escaped(self, mark: str, start: int, end: int) -> int:
        if mark == "|":
            raise UnreadError("a norm is not read", (start, end))
        kinds = {"{": "LSET", "}": "RSET", "%": "PERCENT", "#": "HASH"}
        if mark not in kinds:
            raise UnreadError(f"'\\\\{mark}' is not read", (start, end))
        return self.add(kinds[mark], mark, start, end)

    def symbol(self, symbol: str, start: int, end: int) -> int:
        if symbol == "%":
            return self.add("PERCENT", symbol, start, end)
        if symbol == "&":
            if not self.environments:
                raise UnreadError("the character '&' is not read", (start, end))
            if self.environments[-1].endswith("values") and self.tokens[-1].kind != "AMP":
                return self.add("AMP", symbol, start, end)
            return end
        before, after = self.text[max(0, start - 1) : start], self.text[end : end + 2]
        if symbol == "-" and not self.delimiter and re.match(r"[\d$][A-Za-z]{2}", before + after):
            # "a 5-digit number"
            return end
        if symbol == ":=" and self.delimiter:
            return self.add("EQ", symbol, start, end)
        if symbol in SYMBOLS:
            return self.add(SYMBOLS[symbol], symbol, start, end)
        if symbol in SPOKEN_SYMBOLS:
            return self.said(SPOKEN_SYMBOLS[symbol], start, end)
        if symbol in SUPERSCRIPTS:
            self.add("POW", "^", start, start)
            return self.add("NUM", SUPERSCRIPTS[symbol], start, end)
        if symbol in ",;":
            return self.add("COMMA", symbol, start, end)
        if symbol in ".?":
            return self.add("STOP", symbol, start, end)
        if symbol == ":":
            return self.add("COLON", symbol, start, end)
        raise UnreadError(f"the character {symbol!r} is not read", (start, end))
