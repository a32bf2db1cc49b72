"""Spans of term tokens as text on one line, and their free identifiers."""

from __future__ import annotations

import re

from cramf.lean.brackets import Tokens
from cramf.lean.commands import SourceText
from cramf.lean.lexer import TokenKind
from cramf.lean.statement import Reader

__all__ = ["free_identifiers", "one_line"]

_SPACES = re.compile(r"\s+")


def one_line(source: SourceText, start: int, stop: int, keep_docs: bool = False) -> str:
    """Text of the tokens in `start:stop` with comments dropped and white space folded."""
    if start >= stop:
        return ""
    tokens = source.tokens
    raw = source.text[tokens[start].start : tokens[stop - 1].end]
    if "--" in raw or "/-" in raw:
        parts: list[str] = []
        position = tokens[start].start
        for token in tokens[start:stop]:
            if token.start > position:
                parts.append(" ")
            if keep_docs or token.kind != TokenKind.DOC:
                parts.append(token.text)
            position = token.end
        raw = "".join(parts)
    return _SPACES.sub(" ", raw).strip()


def free_identifiers(tokens: Tokens, start: int, stop: int) -> tuple[list[str], list[str], set[str]]:
    """Identifiers that a span does not bind itself, its operators, and the names that it binds."""
    reader = Reader(tokens)
    reader.read(start, stop)
    uses = reader.uses()
    return list(uses.words), list(uses.runs), set(uses.bound)
