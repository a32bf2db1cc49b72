"""What a document is read into, and the words by which documents call their statements."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "ALIASES",
    "KINDS",
    "OTHERS",
    "PROOFS",
    "Document",
    "Lines",
    "Remark",
    "Stated",
    "assumptions_in",
]

KINDS: Final = frozenset(
    "theorem lemma proposition corollary claim conjecture problem exercise fact question".split()
)
"""What states something that can be formalized. Definitions do not: they name, and claim nothing."""

ALIASES: Final = {
    "thm": "theorem", "theo": "theorem", "teo": "theorem", "lem": "lemma", "lemm": "lemma",
    "prop": "proposition", "prp": "proposition", "cor": "corollary", "coro": "corollary", "corr": "corollary",
    "clm": "claim", "conj": "conjecture", "cnj": "conjecture", "prob": "problem", "exer": "exercise",
    "exr": "exercise", "exo": "exercise", "ques": "question", "subclaim": "claim", "sublemma": "lemma",
}  # fmt: skip
"""Short names of environments."""

OTHERS: Final = frozenset(
    "definition defn def dfn remark remarks rem rmk example examples ex notation convention assumption axiom "
    "hypothesis construction observation note algorithm setting setup warning property".split()
)
"""Environments and run-ins that are known to be something else; they end a statement."""

PROOFS: Final = frozenset("proof pf solution sol answer hint hints sketch".split())
"""What argues for a statement, and is no part of it."""

ASSUMED: Final = "this may hold for statements, none of which was given it"
MOST_REMARKS: Final = 200

_ASSUMPTION = re.compile(
    r"\b(?:[Tt]hroughout|[Ff]rom now on|[Hh]enceforth|[Hh]ereafter|[Ii]n what follows|[Ii]n the sequel|"
    r"[Ff]or the (?:rest|remainder) of|[Uu]nless (?:otherwise )?(?:stated|specified|mentioned))\b"
)


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement of a document; lines and columns count from 1, columns in code points.

    `text` is cleaned: without comments, labels, references and proofs, with the document's macros expanded.
    `kind` is one of `KINDS`, `environment` what the document itself calls it. The span is that of the whole
    environment. `notes` tell what a reader of the formal statement must know of the cleaning.
    """

    text: str
    kind: str
    environment: str
    line: int
    column: int
    end_line: int
    end_column: int
    label: str | None = None
    title: str | None = None
    number: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a document that was not read, or that a reader must know; `line` counts from 1."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """The statements of a document in their order, and what was left out."""

    statements: tuple[Stated, ...]
    remarks: tuple[Remark, ...] = ()


@dataclass(slots=True)
class Lines:
    """From offsets of a text to lines and columns, and the remarks that are made at them."""

    text: str
    remarks: list[Remark] = field(default_factory=list)
    _starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", self.text))]

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def start(self, line: int) -> int:
        """Offset of the first character of a line (from 1)."""
        return self._starts[line - 1]

    def remark(self, offset: int, message: str) -> None:
        """Note what is at an offset."""
        self.remarks.append(Remark(*self.at(offset), message))

    def sorted_remarks(self) -> tuple[Remark, ...]:
        """All remarks in the order of the text."""
        found = sorted(self.remarks, key=lambda r: (r.line, r.column))
        if len(found) > MOST_REMARKS:
            first = found[MOST_REMARKS]
            more = len(found) - MOST_REMARKS
            found[MOST_REMARKS:] = [Remark(first.line, first.column, f"{more} more remarks from here on")]
        return tuple(found)


def assumptions_in(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Where words announce an assumption for more than one statement, such as "Throughout, ...".

    Each with what is said there, shortened and on one line.
    """
    for found in _ASSUMPTION.finditer(text, start, end):
        said = text[found.start() : min(end, found.start() + 120)].partition("\n\n")[0]
        yield found.start(), f"{ASSUMED}: {' '.join(said.split())}"
