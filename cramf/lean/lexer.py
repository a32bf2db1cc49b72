"""A lossless lexer for Lean 4 source text.

Tokens tile the input: each starts where the one before it ends, so that any span of tokens maps back
to the text. Lean's real tokenizer depends on the notation in scope; here operators are cut by shape,
which is enough to find commands, binders and identifiers. Source: the Lean 4 reference manual,
"Lexical structure".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import IntEnum
from typing import NamedTuple

__all__ = [
    "LexicalError",
    "Lines",
    "Token",
    "TokenKind",
    "is_identifier",
    "leading_identifier",
    "scan",
    "tokenize",
]


class TokenKind(IntEnum):
    WHITESPACE = 0
    COMMENT = 1
    DOC = 2
    MODULE_DOC = 3
    IDENTIFIER = 4
    NUMBER = 5
    STRING = 6
    CHARACTER = 7
    SYMBOL = 8
    ERROR = 9


class Token(NamedTuple):
    """A token; `start` is its offset in characters, and `start + len(text)` that of the next one."""

    kind: TokenKind
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class LexicalError(NamedTuple):
    """Something that could not be read; `offset` is in characters."""

    offset: int
    message: str


# Letters as Lean has them: Greek without λ Π Σ, Latin supplements, letter-like and script blocks.
_LETTER = (
    "A-Za-z_"
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0100-\u017f"
    "\u0391-\u039f\u03a1\u03a4-\u03a9\u03b1-\u03ba\u03bc-\u03c9\u03ca-\u03fb"
    "\u1f00-\u1ffe\u2100-\u214f\U0001d49c-\U0001d59f"
)
_SUBSCRIPT = "\u2080-\u2089\u2090-\u209c\u1d62-\u1d6a\u2c7c"
_ATOM = f"(?:[{_LETTER}][{_LETTER}0-9'!?{_SUBSCRIPT}]*|«[^«»\n]*»)"
# Superscripts and subscripts that Mathlib glues to an operator (`→ₗ`, `≃ₐ`, `⁻¹'`).
_MARK = f"{_SUBSCRIPT}\u2070-\u207f\u00b2\u00b3\u00b9\u1d30-\u1d61\u1d9c-\u1dbf\u02b0-\u02b8'"

_ALTERNATIVES = "|".join(
    (
        rf"(?P<id>{_ATOM}(?:\.{_ATOM})*)",
        r"(?P<line>--[^\n]*)",
        r"(?P<block>/-)",
        r"(?P<num>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+"
        r"|\d[\d_]*(?:\.(?!\.)\d*(?:[eE][+-]?\d+)?(?![\w«])|[eE][+-]?\d+)?)",
        r"(?P<str>\")",
        r"(?P<char>'(?:\\(?:u\{?[0-9a-fA-F]+\}?|x[0-9a-fA-F]{2}|[^\n])|[^\\'\n\s])')",
        # Double backtick names, then multi-character ASCII operators, longest first.
        rf"(?P<quote>``?{_ATOM}(?:\.{_ATOM})*)",
        r"(?P<sym>⁻¹[ᵁ'ᵒᵖ]*|<\|>|<;>|\|>\.|:=|=>|->|<-|<\||\|>|\.\.\.|\.\.|::|&&|\|\||<=|>=|!=|==|\+\+"
        r"|@\[|%\[|#\[|''|<\$>|<\*>|\*>|<\*|>>=|>>|\|\|\||&&&|\$\(|//|"
        rf"[←→↔∣∘×≃≅≤≥∑∏∃∀∫⊗⊕⟶⥤⊣⟹≫⊓⊔⋂⋃⨆⨅ΣΠ][{_MARK}!]*|.)",
    )
)
_LOSSLESS = re.compile(rf"(?P<ws>\s+)|{_ALTERNATIVES}", re.DOTALL)
# The same with blanks and line comments passed over, which halves the number of matches.
_MEANINGFUL = re.compile(rf"(?>\s+|--[^\n]*)*+(?:{_ALTERNATIVES}|\Z)", re.DOTALL)
_PROOF = re.compile(r"[^\n]*+(?:\n(?:[ \t][^\n]*+|(?=\n)))*+")
_DEPTH = {**dict.fromkeys("( [ { ⟨ ⦃ @[ #[ %[ $( ⟦".split(), 1), **dict.fromkeys(") ] } ⟩ ⦄ ⟧".split(), -1)}
_PROVED = frozenset({"theorem", "lemma"})
_LOCAL = frozenset("let have letI haveI let_fun suffices set".split())
_BLOCK = re.compile(r"/-|-/")
_STRING_END = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_INTERPOLATED = re.compile(r'[^"\\{]*+(?:\\.[^"\\{]*+)*+', re.DOTALL)
_HOLE_CHARACTER = re.compile(r"'(?:\\.|[^\\'])'", re.DOTALL)
_IDENTIFIER = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_RAW_START = re.compile(r'(#*)"')
_INTERPOLATING = re.compile(r"[a-z_]+!\Z")

_WORD = TokenKind.IDENTIFIER
_MAX_UNCLOSED = 16
"""After so many unclosed strings no end is looked for any more, so that hostile text stays linear."""
_LONGEST_NAME = 1000
"""Longer identifiers are errors: what splits names at their dots takes quadratic time."""
_GROUP_KIND = {
    "ws": TokenKind.WHITESPACE,
    "line": TokenKind.COMMENT,
    "num": TokenKind.NUMBER,
    "char": TokenKind.CHARACTER,
    "quote": TokenKind.SYMBOL,
    "sym": TokenKind.SYMBOL,
}


def is_identifier(text: str) -> bool:
    """Whether `text` is one (possibly dotted) Lean identifier."""
    return _IDENTIFIER.fullmatch(text) is not None


def leading_identifier(text: str) -> str:
    """The identifier that `text` begins with, or ""."""
    found = _IDENTIFIER.match(text)
    return found.group() if found else ""


def tokenize(text: str) -> tuple[list[Token], list[LexicalError]]:
    """Cut `text` into tokens that tile it, and tell what could not be read.

    An unclosed block comment runs to the end of the text; an unclosed string costs only its quote
    mark, so that the rest of the file is still read.
    """
    tokens: list[Token] = []
    errors: list[LexicalError] = []
    append = tokens.append
    match = _LOSSLESS.match
    position, size = 0, len(text)
    unclosed = 0
    while position < size:
        found = match(text, position)
        assert found is not None  # the last alternative takes any character
        group = found.lastgroup or "sym"
        if group == "id":
            word, start, position = found.group(), position, found.end()
            if len(word) > _LONGEST_NAME:
                _refuse(word, start, tokens, errors)
                continue
            append(Token(_WORD, word, start))
            if position < size and text[position] in '"#':
                position, unclosed = _prefixed_string(text, word, position, unclosed, tokens, errors)
        elif group in ("block", "str"):
            position, unclosed = _delimited(text, group, position, unclosed, tokens, errors)
        else:
            append(Token(_GROUP_KIND[group], found.group(), position))
            position = found.end()
    return tokens, errors


def scan(text: str, proofs: bool = True) -> tuple[list[Token], list[LexicalError], list[tuple[int, int]]]:
    """The tokens that carry meaning: no blanks, no comments but those of documentation.

    With `proofs` false the proofs of theorems that begin in the first column are passed over wherever that
    is safe (no comment, no string in them); the third value has the spans that were. A proof then ends where
    a line begins in the first column.
    """
    tokens: list[Token] = []
    errors: list[LexicalError] = []
    skipped: list[tuple[int, int]] = []
    append = tokens.append
    match = _MEANINGFUL.match
    kinds = _GROUP_KIND
    position, size = 0, len(text)
    unclosed = depth = 0
    proving = False
    line = searched = 0
    while position < size:
        found = match(text, position)
        group = found.lastgroup if found is not None else None
        if found is None or group is None:
            break
        start = found.start(group)
        word = text[start : found.end()]
        if group == "id":
            position = found.end()
            if len(word) > _LONGEST_NAME:
                _refuse(word, start, tokens, errors)
                continue
            append(Token(_WORD, word, start))
            if position < size and text[position] in '"#':
                position, unclosed = _prefixed_string(text, word, position, unclosed, tokens, errors)
            elif word in _PROVED:
                line = text.rfind("\n", searched, start) + 1 or line
                searched = start
                proving, depth = not proofs and not text[line].isspace(), 0
            elif word in _LOCAL:
                proving = False
        elif group in ("block", "str"):
            position, unclosed = _delimited(text, group, start, unclosed, tokens, errors)
            if tokens and tokens[-1].kind == TokenKind.COMMENT:
                tokens.pop()
        else:
            append(Token(kinds[group], word, start))
            position = found.end()
            if proving:
                depth += _DEPTH.get(word, 0)
                if word == ":=" and depth == 0:
                    proving = False
                    body = _PROOF.match(text, position)
                    end = body.end() if body is not None else position
                    if text.find("/-", position, end) < 0 and text.find('"', position, end) < 0:
                        skipped.append((position, end))
                        position = end
    return tokens, errors, skipped


def _refuse(word: str, start: int, tokens: list[Token], errors: list[LexicalError]) -> None:
    """Take an identifier for unreadable that is so long that no one can have written it."""
    errors.append(LexicalError(start, f"identifier of more than {_LONGEST_NAME} characters"))
    tokens.append(Token(TokenKind.ERROR, word, start))


def _prefixed_string(
    text: str, word: str, end: int, unclosed: int, tokens: list[Token], errors: list[LexicalError]
) -> tuple[int, int]:
    """The raw or interpolated string after an identifier: where it ends, and the number unclosed so far."""
    if unclosed >= _MAX_UNCLOSED:
        return end, unclosed
    position = _string_after_prefix(text, word, end, tokens)
    if position >= 0:
        return position, unclosed
    opening = _RAW_START.match(text, end) if word == "r" else None
    if opening is None:
        return end, unclosed + 1
    errors.append(LexicalError(end, "unclosed raw string"))
    tokens.append(Token(TokenKind.ERROR, opening.group(), end))
    return opening.end(), unclosed + 1


def _delimited(
    text: str, group: str, start: int, unclosed: int, tokens: list[Token], errors: list[LexicalError]
) -> tuple[int, int]:
    """The block comment or string that begins at `start`: where it ends, and the unclosed so far."""
    if group == "block":
        end, closed = _close_comment(text, start + 2)
        opener = text[start : start + 3]
        kind = TokenKind.COMMENT
        if opener == "/--" and text[start : start + 4] != "/--/":
            kind = TokenKind.DOC
        elif opener == "/-!":
            kind = TokenKind.MODULE_DOC
        if not closed:
            kind = TokenKind.ERROR
            errors.append(LexicalError(start, "unclosed comment"))
    else:
        kind = TokenKind.STRING
        closing = _STRING_END.match(text, start + 1) if unclosed < _MAX_UNCLOSED else None
        end = closing.end() if closing else start + 1
        if not closing:
            kind = TokenKind.ERROR
            unclosed += 1
            errors.append(LexicalError(start, "unclosed string"))
    tokens.append(Token(kind, text[start:end], start))
    return end, unclosed


def _close_comment(text: str, position: int) -> tuple[int, bool]:
    """End of the block comment whose opener ends at `position`, counting nested ones."""
    depth = 1
    # `/-` directly followed by `/` is an opener and then text, as in Lean: `/-/` does not close.
    for found in _BLOCK.finditer(text, position):
        depth += 1 if found.group() == "/-" else -1
        if depth == 0:
            return found.end(), True
    return len(text), False


def _string_after_prefix(text: str, word: str, end: int, tokens: list[Token]) -> int:
    """End of the raw or interpolated string that an identifier just before `end` introduces.

    It is `end` where there is no such string, and -1 where it is not closed.
    """
    if word == "r":
        raw = _RAW_START.match(text, end)
        if raw is None:
            return end
        stop = text.find('"' + raw.group(1), raw.end())
        stop = stop + 1 + len(raw.group(1)) if stop >= 0 else -1
    elif text[end] == '"' and _INTERPOLATING.match(word):
        stop = _close_interpolated(text, end + 1)
    else:
        return end
    if stop >= 0:
        tokens.append(Token(TokenKind.STRING, text[end:stop], end))
    return stop


def _close_interpolated(text: str, position: int) -> int:
    """End of an interpolated string whose quote mark ends at `position`; -1 if it is not closed.

    Strings nest in holes and holes in strings, so the open ones are kept on a stack: None for string
    content, else the number of braces open inside a hole.
    """
    size = len(text)
    stack: list[int | None] = [None]
    while position < size:
        top = stack[-1]
        if top is None:
            content = _INTERPOLATED.match(text, position)
            position = content.end() if content else position
            if position >= size:
                return -1
            if text[position] == '"':
                stack.pop()
                if not stack:
                    return position + 1
            elif text[position] == "{":
                stack.append(0)
            position += 1
            continue
        mark = text[position]
        if mark == '"':
            if text[position - 1] == "!" and text[position - 2 : position - 1].isalpha():
                stack.append(None)
                position += 1
                continue
            plain = _STRING_END.match(text, position + 1)
            if plain is None:
                return -1
            position = plain.end()
            continue
        if mark == "'":
            literal = _HOLE_CHARACTER.match(text, position)
            if literal and not (text[position - 1].isalnum() or text[position - 1] in "_'"):
                position = literal.end()
                continue
        elif mark == "{":
            stack[-1] = top + 1
        elif mark == "}":
            if top == 0:
                stack.pop()
            else:
                stack[-1] = top - 1
        position += 1
    return -1


class Lines:
    """Offsets to line numbers (from 1) and columns (from 0, in characters)."""

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def line(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1]
