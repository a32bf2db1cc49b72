"""Names that `to_additive` and `to_dual` make.

The rules are Mathlib's own (`Mathlib/Tactic/Translate/GuessName.lean`): a name's last component is cut
into words at capitals and underscores, each word goes through a dictionary, and some joined words are
mended. The dictionaries are read from the checkout, so they fit its version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["NameGuesser", "load_guessers", "split_words"]

_ENTRY = re.compile(r'\("((?:[^"\\]|\\.)*)",\s*(\[[^\]]*\]|"[^"]*")\)')
_WORD = re.compile(r'"([^"]*)"')
_FILES = {"to_additive": "ToAdditive.lean", "to_dual": "ToDual.lean"}


def split_words(name: str) -> list[str]:
    """Words of a name component: `InvHMulLE_ne` gives Inv, HMul, LE, _, ne."""
    words: list[str] = []
    start = index = 0
    while index + 1 < len(name):
        here, following = name[index], name[index + 1]
        cut = here == "_" or following == "_"
        if not cut and following.isupper():
            piece = name[start : index + 1]
            rest = name[index + 1 :]
            if piece in ("LE", "LT", "GE", "GT", "WF"):
                cut = True
            elif piece == "Coe":
                ending = next((e for e in ("TC", "T", "HTCT") if rest.startswith(e)), None)
                if ending is not None:
                    words.append(piece + ending)
                    start = index = index + 1 + len(ending)
                    continue
                cut = not here.isupper()
            else:
                cut = not here.isupper()
        if cut:
            words.append(name[start : index + 1])
            start = index + 1
        index += 1
    if start < len(name):
        words.append(name[start:])
    return words


def _decapitalize(text: str) -> str:
    """Lower the leading run of capitals."""
    end = 0
    while end < len(text) and text[end].isupper():
        end += 1
    return text[:end].lower() + text[end:]


def _like(model: str, text: str) -> str:
    return text if model[:1].isupper() else _decapitalize(text)


@dataclass(frozen=True, slots=True)
class NameGuesser:
    """Word dictionary and abbreviation mends of one translation rule."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    abbreviations: Mapping[str, str] = field(default_factory=dict)

    def guess(self, component: str) -> str:
        """The translated name component; primes are kept where they stand."""
        return "'".join(self._guess(part) if part else "" for part in component.split("'"))

    def _guess(self, text: str) -> str:
        translated: list[str] = []
        for word in split_words(text):
            target = self.words.get(word.lower())
            if target:
                translated += [_like(word, target[0]), *target[1:]]
            else:
                translated.append(word)
        return self._mend(translated)

    def _mend(self, words: list[str]) -> str:
        out: list[str] = []
        start = 0
        size = len(words)
        while start < size:
            joined = ""
            for end in range(start, size):
                joined += words[end]
                if words[end] == "_" and joined[:1].isupper():
                    end = size
                    break
                mended = self.abbreviations.get(_decapitalize(joined))
                if mended is not None:
                    out.append(_like(joined, mended))
                    start = end + 1
                    break
            else:
                end = size
            if end == size:
                out.append(words[start])
                start += 1
        return "".join(out)


def load_guessers(mathlib: Path) -> dict[str, NameGuesser]:
    """Guessers by rule from a checkout; a rule whose dictionary is not there guesses nothing."""
    guessers: dict[str, NameGuesser] = {}
    folder = mathlib / "Mathlib" / "Tactic" / "Translate"
    for rule, file in _FILES.items():
        path = folder / file
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        words: dict[str, tuple[str, ...]] = {}
        abbreviations: dict[str, str] = {}
        for key, value in _ENTRY.findall(text):
            if value.startswith("["):
                words[key.lower()] = tuple(_WORD.findall(value))
            else:
                abbreviations[key] = value.strip('"')
        if words:
            guessers[rule] = NameGuesser(words, abbreviations)
    return guessers
