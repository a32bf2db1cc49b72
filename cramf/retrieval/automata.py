"""Aho-Corasick automata over keys of tokens and over letters: all occurrences of all phrases in one pass."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import ahocorasick

__all__ = ["CueAutomaton", "PhraseAutomaton"]

_BREAK: Final = 0
_UNKNOWN: Final = 1
_FIRST: Final = 2


class PhraseAutomaton:
    """Phrases, each a sequence of keys with values attached; built once, then only read."""

    def __init__(self, phrases: Iterable[tuple[Sequence[str], int]]) -> None:
        numbered: defaultdict[str | None, int] = defaultdict(itertools.count(_FIRST).__next__)
        groups: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for keys, value in phrases:
            if keys:
                groups[tuple([numbered[key] for key in keys])].append(value)
        self._numbers: dict[str | None, int] = {**numbered, None: _BREAK}
        self._first = frozenset(numbers[0] for numbers in groups)
        self.longest = max(map(len, groups), default=0)
        """Keys of the longest phrase."""
        self._automaton: Any = None
        if groups:
            self._automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY, ahocorasick.KEY_SEQUENCE)
            for numbers, values in groups.items():
                self._automaton.add_word(numbers, (len(numbers), tuple(values)))
            self._automaton.make_automaton()

    def begins(self, key: str) -> bool:
        """Whether some phrase begins with the key."""
        return self._numbers.get(key, _UNKNOWN) in self._first

    def matches(self, keys: Iterable[str | None]) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """First and last position of every occurrence, with its values; none goes over a None."""
        if self._automaton is None:
            return
        sequence = tuple(map(self._numbers.get, keys, itertools.repeat(_UNKNOWN)))
        for last, (length, values) in self._automaton.iter(sequence):
            yield last - length + 1, last, values


class CueAutomaton:
    r"""LaTeX cues, matched letter by letter.

    A cue that ends with a macro is not the beginning of a longer macro (`\in` of `\int`); one that begins
    with a letter does not begin inside a word or the name of a macro.
    """

    def __init__(self, cues: Iterable[tuple[str, int]]) -> None:
        groups: dict[str, list[int]] = {}
        for cue, value in cues:
            groups.setdefault(cue, []).append(value)
        self._automaton: Any = None
        if groups:
            self._automaton = ahocorasick.Automaton()
            for cue, values in groups.items():
                macro = re.search(r"\\[A-Za-z]+\Z", cue) is not None
                self._automaton.add_word(cue, (len(cue), cue[0].isalnum(), macro, tuple(values)))
            self._automaton.make_automaton()

    def matches(self, text: str) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Start and end of every occurrence, with its values."""
        if self._automaton is None:
            return
        for last, (length, lettered, macro, values) in self._automaton.iter(text):
            start, end = last - length + 1, last + 1
            before, after = text[start - 1 : start], text[end : end + 1]
            if lettered and (before.isalnum() or before in ("\\", "_")):
                continue
            if macro and after.isascii() and after.isalpha():
                continue
            yield start, end, values
