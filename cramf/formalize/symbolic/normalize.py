r"""Statement text to settled tokens: `scanner` reads the characters, `settle` what depends on neighbours."""

from __future__ import annotations

from cramf.formalize.symbolic.operations import COMMAND_NAMES
from cramf.formalize.symbolic.scanner import Scanner
from cramf.formalize.symbolic.settle import settled
from cramf.formalize.symbolic.syntax import UnreadError
from cramf.formalize.symbolic.tokens import CLOSING, MAX_DEPTH, MAX_LENGTH, MAX_TOKENS, OPENING, Token

__all__ = ["CLOSING", "MAX_DEPTH", "MAX_LENGTH", "MAX_TOKENS", "OPENING", "Token", "tokenize"]


def tokenize(statement: str, functions: frozenset[str]) -> list[Token]:
    r"""Tokens of a statement; `functions` are the LaTeX commands of operations (`\gcd`).

    Raises:
        UnreadError: at the first thing that is not read.
    """
    if len(statement) > MAX_LENGTH:
        raise UnreadError(f"longer than {MAX_LENGTH} characters", (MAX_LENGTH, len(statement)))
    tokens = settled(Scanner(statement, functions | COMMAND_NAMES).run())
    if not any(token.kind not in ("EDGE", "STOP") for token in tokens):
        raise UnreadError("no statement", (0, len(statement)))
    return tokens
