"""Matching brackets of a token list, found once, so that no reader of terms has to count depths."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from cramf.lean.lexer import Token

__all__ = ["CLOSERS", "OPENERS", "TYPE_ENDS", "Tokens", "bracket_end", "top_level"]

OPENERS = frozenset("( [ { ⟨ ⦃ @[ #[ %[ $( ⟦".split())
CLOSERS = frozenset(") ] } ⟩ ⦄ ⟧".split())
TYPE_ENDS = frozenset(", ↦ => | // :=".split())


class Tokens(list[Token]):
    """Tokens with, for each opening bracket, the index of the one that closes it (-1 where none does)."""

    @cached_property
    def closing(self) -> list[int]:
        closing = [-1] * len(self)
        opened: list[int] = []
        for index, token in enumerate(self):
            if token.text in OPENERS:
                opened.append(index)
            elif token.text in CLOSERS and opened:
                closing[opened.pop()] = index
        return closing

    @cached_property
    def ends(self) -> list[int]:
        """For each token, where a type that begins behind it ends at the latest.

        That is the first of `TYPE_ENDS` that no bracket separates from it, or the bracket around both.
        """
        closing = self.closing
        ends = [0] * len(self)
        outer: list[int] = []
        end = len(self)
        for index in range(len(self) - 1, -1, -1):
            text = self[index].text
            if text in OPENERS:
                # What an opener without a closer holds runs to the end of the text.
                end = outer.pop() if closing[index] >= 0 else len(self)
            ends[index] = end
            if text in TYPE_ENDS:
                end = index
            elif text in CLOSERS:
                outer.append(end)
                end = index
        return ends


def bracket_end(tokens: Tokens, start: int, stop: int) -> int:
    """Index of the bracket that closes the one at `start`, or `stop - 1` where none does before `stop`."""
    close = tokens.closing[start]
    return close if start < close < stop else stop - 1


def top_level(tokens: Tokens, start: int, stop: int) -> Iterator[int]:
    """Indices in `start:stop` that no bracket encloses; of a bracketed group only the opener is given."""
    index = start
    while index < stop:
        yield index
        if tokens[index].text in OPENERS:
            close = tokens.closing[index]
            if close < 0:
                return
            index = close
        index += 1
