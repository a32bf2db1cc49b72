"""Signatures: binders by kind, result type and universe parameters, in one normalised form.

The normalised form is one line: binder groups in the order of the statement, the variables that it takes in
first, one blank between words, `→`, `↦`, `≤` and `fun` for their ASCII or older spellings, then `: result`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cramf.lean.brackets import Tokens, bracket_end
from cramf.lean.lexer import TokenKind, scan

__all__ = ["KINDS", "Parameter", "Signature", "normalised", "read_signature"]

KINDS = {"(": "explicit", "{": "implicit", "⦃": "strict-implicit", "[": "instance"}
"""Opening bracket to the kind of binder."""

_CLOSING = {"(": ")", "{": "}", "⦃": "⦄", "[": "]"}
_OLDER = re.compile(r"->|λ|<=|>=|<-|=>")
_LAMBDA = re.compile(r"λ(?![\w_])")  # `λ_ X` is notation of its own
_FUN = re.compile(r"\b(fun\s[^=|↦]*?)=>")
_SPELLING = {"->": "→", "<-": "←", "<=": "≤", ">=": "≥"}
_ASCII = re.compile(r"(?<![<>=|\-+])(?:->|<-|<=|>=)(?![>=|\-+])")
_UNIVERSES = re.compile(
    r"(?:\b(?:Type|Sort)\s+(?P<one>[^\W\d][\w']*)|(?:\b(?:Type|Sort)\s+\(|\.\{)(?P<many>[^)}]*))"
)
_LEVEL = re.compile(r"[^\W\d][\w']*")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One binder group: its kind as in `KINDS`, its names (none for an unnamed instance) and its type."""

    kind: str
    names: tuple[str, ...]
    type: str

    def render(self) -> str:
        """The group in its brackets."""
        bracket = next(mark for mark, kind in KINDS.items() if kind == self.kind)
        inside = f"{' '.join(self.names)} : {self.type}" if self.names and self.type else ""
        return f"{bracket}{inside or ' '.join(self.names) or self.type}{_CLOSING[bracket]}"


@dataclass(frozen=True, slots=True)
class Signature:
    """Binder groups, result type ("" if it is left to Lean) and the universe levels that are named."""

    parameters: tuple[Parameter, ...] = ()
    result: str = ""
    universes: tuple[str, ...] = ()

    def render(self) -> str:
        """The normalised form."""
        parts = [parameter.render() for parameter in self.parameters]
        return " ".join((*parts, f": {self.result}") if self.result else parts)


def normalised(text: str) -> str:
    """A signature's text with older and ASCII spellings replaced."""
    if _OLDER.search(text) is None:
        return text
    text = _LAMBDA.sub("fun", text)
    text = _FUN.sub(r"\1↦", text)
    return _ASCII.sub(lambda found: _SPELLING[found.group()], text)


def read_signature(text: str) -> Signature:
    """`(f : A → B) [C A] : D` as parameters and result. Never raises; what is no binder ends the binders."""
    tokens = Tokens(t for t in scan(text)[0] if t.kind != TokenKind.ERROR)
    parameters: list[Parameter] = []
    index = 0
    while index < len(tokens) and tokens[index].text in KINDS:
        opener = tokens[index].text
        close = bracket_end(tokens, index, len(tokens))
        parameters.append(_parameter(text, tokens, index, close, KINDS[opener]))
        index = close + 1
    result = text[tokens[index].end :].strip() if index < len(tokens) and tokens[index].text == ":" else ""
    return Signature(tuple(parameters), result, _universes(text))


def _parameter(text: str, tokens: Tokens, index: int, close: int, kind: str) -> Parameter:
    colon = index + 1
    while colon < close and (tokens[colon].kind == TokenKind.IDENTIFIER or tokens[colon].text == "_"):
        colon += 1
    words = tuple(t.text for t in tokens[index + 1 : colon])
    end = tokens[close].start if close < len(tokens) else len(text)
    if words and colon < close and tokens[colon].text == ":":
        return Parameter(kind, words, text[tokens[colon].end : end].strip())
    if words and colon == close and kind != "instance":
        return Parameter(kind, words, "")
    return Parameter(kind, (), text[tokens[index].end : end].strip())


def _universes(text: str) -> tuple[str, ...]:
    """Universe levels that the text names, in order; those of `Type*` have no name."""
    found: dict[str, None] = {}
    for match in _UNIVERSES.finditer(text):
        levels = _LEVEL.findall(match["one"] or match["many"] or "")
        found.update((level, None) for level in levels if level not in ("max", "imax", "_"))
    return tuple(found)
