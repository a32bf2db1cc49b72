"""A Lean statement as a judge is shown it: without whatever in it could speak to the judge.

Who writes the statement is judged by it, so comments, documentation, the theorem's name and quoted names of
several words go; what Lean itself would read the same stays as it is. The name of a benchmark's theorem could
also remind the model of the reference that it saw in training.
"""

from __future__ import annotations

import re
from itertools import pairwise

from cramf.evaluation.judge.types import Question
from cramf.lean.lexer import Token, TokenKind, tokenize

__all__ = ["NEUTRAL_NAME", "shown_lean", "without_comments"]

NEUTRAL_NAME = "statement"
_COMMENTS = frozenset({TokenKind.COMMENT, TokenKind.DOC, TokenKind.MODULE_DOC})
_STATEMENTS = frozenset({"theorem", "lemma"})
_WORDY = re.compile(r"«[^»]*\s[^»]*»")


def shown_lean(question: Question) -> str:
    """Header, helper and theorem, an empty line between each two, with the theorem under a neutral name."""
    names: dict[str, str] = {}
    header, helper = (_plain(_tokens(part), names) for part in (question.header, question.helper))
    formal = _plain(_renamed(_tokens(question.formal)), names)
    return "\n\n".join(part for part in (header, helper, formal) if part)


def without_comments(text: str) -> str:
    """Lean text without comments and documentation, and without the lines that held nothing else."""
    return _plain(_tokens(text), None)


def _tokens(text: str) -> list[Token]:
    """Tokens without comments; where one stood between two words, a blank keeps these apart."""
    tokens, _ = tokenize(text.replace("\r\n", "\n"))
    return [_blank(token) if _is_comment(token) else token for token in tokens]


def _is_comment(token: Token) -> bool:
    # One that is not closed runs to the end of the text.
    unclosed = token.kind is TokenKind.ERROR and token.text.startswith("/-")
    return token.kind in _COMMENTS or unclosed


def _blank(token: Token) -> Token:
    return Token(TokenKind.WHITESPACE, " ", token.start)


def _renamed(tokens: list[Token]) -> list[Token]:
    """With a neutral name for the first theorem, where it is declared."""
    solid = [place for place, token in enumerate(tokens) if token.kind is not TokenKind.WHITESPACE]
    for word, name in pairwise(solid):
        if tokens[word].text in _STATEMENTS and tokens[name].kind is TokenKind.IDENTIFIER:
            return [*tokens[:name], tokens[name]._replace(text=NEUTRAL_NAME), *tokens[name + 1 :]]
    return tokens


def _plain(tokens: list[Token], names: dict[str, str] | None) -> str:
    """The text of tokens, without blanks at line ends and empty lines; `names` collects quoted names."""

    def short(found: re.Match[str]) -> str:
        assert names is not None
        return names.setdefault(found[0], f"quoted{len(names) + 1}")

    pieces = (
        _WORDY.sub(short, token.text)
        if names is not None and token.kind is TokenKind.IDENTIFIER and "«" in token.text
        else token.text
        for token in tokens
    )
    lines = (line.rstrip() for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line).strip()
