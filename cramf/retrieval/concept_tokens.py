"""A statement as the tokens by which concepts are found: words of prose and single letters of mathematics."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cramf.retrieval.latex import ENVIRONMENT_IS_MATH, GREEK, TEXT_MACROS

__all__ = ["Token", "linked", "name_key", "tokens_of"]

_IRREGULAR: Final = {
    "abscissae": "abscissa", "automata": "automaton", "axes": "axis", "bases": "basis",
    "criteria": "criterion", "extrema": "extremum", "formulae": "formula", "foci": "focus",
    "halves": "half", "hypotheses": "hypothesis", "indices": "index", "infima": "infimum",
    "leaves": "leaf", "lemmata": "lemma", "loci": "locus", "matrices": "matrix", "maxima": "maximum",
    "minima": "minimum", "moduli": "modulus", "parentheses": "parenthesis", "polyhedra": "polyhedron",
    "primitives": "primitive", "radii": "radius", "simplices": "simplex", "spectra": "spectrum",
    "suprema": "supremum", "tori": "torus", "vertices": "vertex",
}  # fmt: skip
# Written together or with a hyphen; the key is the joined form.
_PREFIXES: Final = frozenset("anti co equi non pre pseudo quasi semi sub".split())
_SYMBOLS: Final = GREEK | {"wp": "wp"}
"""Macros that are read as one letter, with the letter's name."""
# What may stand between two tokens of one name: a possessive, blanks, a hyphen,
# math shifts and braces, a few at most; or an apostrophe alone, as in d'Alembert.
_GAP: Final = re.compile(r"(?:['’]s?)?[\s~${}^_*\\()\-\u2010-\u2014]{1,8}|['’]")
_BAD_GAP: Final = re.compile(r"\n\s*\n|[()][^()]*[()]|[^\\][()]|^[()]")
# Most names are plain words: read without the tokens' machinery, to the same keys.
_PLAIN: Final = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*")

_TOKEN: Final = re.compile(
    r"""
    (?P<environment>\\(?P<be>begin|end)\s{0,4}\{(?P<envname>[A-Za-z]{1,20})\*?\})
  | (?P<word>(?:[^\W_]|\\["'`^~]\{?[A-Za-z]\}?)+)(?:['’]s(?![^\W_]))?
  | \\(?P<macro>[A-Za-z]+)
  | (?P<shift>\$\$?|\\[()\[\]])
  | (?P<escaped>\\.)
  | (?P<brace>[{}])
  | (?P<blank>\n\s*\n)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    key: str
    start: int
    end: int
    prose: bool


def tokens_of(text: str) -> Iterator[Token]:
    """Words of prose, and single letters, digits and Greek macros of mathematics."""
    last_dollar = text.rfind("$")
    math = False
    # One entry an open brace: the mode to go back to when it closes.
    modes: list[bool] = []
    text_macro = False
    hyphened: Token | None = None
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        entering_text, text_macro = text_macro, False
        if kind == "word":
            word = match["word"]
            if math and len(word) > 1 and not word.isdigit():
                # Letters side by side in mathematics are a product of variables, never a word.
                hyphened = None
                continue
            token = Token(_key(word), match.start(), match.end("word"), not math)
            if hyphened is not None:
                joined = hyphened.end + 1 == token.start and text[hyphened.end] in "-\u2010\u2011"
                if joined and token.prose and len(token.key) > 2:
                    token = Token(hyphened.key + token.key, hyphened.start, token.end, True)
                else:
                    yield hyphened
                hyphened = None
            if token.prose and token.key in _PREFIXES:
                hyphened = token
                continue
            yield token
            continue
        if hyphened is not None:
            yield hyphened
            hyphened = None
        if kind == "macro":
            name = match["macro"]
            text_macro = name in TEXT_MACROS
            if name in _SYMBOLS:
                yield Token(_SYMBOLS[name], match.start(), match.end(), False)
        elif kind == "brace":
            if match[0] == "{":
                modes.append(math)
                math = math and not entering_text
            elif modes:
                math = modes.pop()
        elif kind == "shift":
            shift = match[0]
            # A dollar that nothing closes is a price, not mathematics.
            closed = not math and match.start() < last_dollar
            math = closed if shift[0] == "$" else shift in ("\\(", "\\[")
        elif kind == "environment":
            if match["envname"] in ENVIRONMENT_IS_MATH:
                math = match["be"] == "begin"
        elif kind == "blank":
            # TeX ends a formula at an empty line at the latest.
            math = False
            modes.clear()
    if hyphened is not None:
        yield hyphened


@lru_cache(maxsize=65536)
def _key(word: str) -> str:
    """Lower case, without accents, singular."""
    if len(word) > 64:
        return word
    if not word.isascii() or "\\" in word:
        plain = unicodedata.normalize("NFKD", word)
        word = "".join(ch for ch in plain if not unicodedata.combining(ch) and ch not in "\\\"'`^~{}")
    word = word.lower()
    if len(word) == 1:
        return GREEK.get(word, word)
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zes")) else word[:-1]


def name_key(name: str) -> tuple[str, ...]:
    """The tokens by which a concept's name is found; two names with one key cannot be told apart."""
    if _PLAIN.fullmatch(name):
        return tuple(map(_key, name.split()))
    return tuple(token.key for token in tokens_of(name))


def linked(text: str, left: Token, right: Token) -> bool:
    """Whether two tokens may belong to one name."""
    if left.end == right.start:
        return True
    gap = text[left.end : right.start] if right.start - left.end <= 8 else ""
    return _GAP.fullmatch(gap) is not None and _BAD_GAP.search(gap) is None
