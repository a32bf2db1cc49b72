"""Refuse Lean that would run code, read files or change the logic, before any of it reaches Lean.

A candidate comes from a language model or a stranger, and elaborating Lean can execute it (`#eval`,
`run_cmd`, `initialize`, macros). The rule is sound by construction instead of relying on an exact lexer: the
bodies of comments are *blanked* in the text that Lean gets, and every other character, inside strings,
interpolations and `«»` names too, is searched for forbidden words. So whatever Lean takes for code has been
searched. The price: a string or an escaped name that spells a forbidden word is refused as well, and so is
one that holds the sign of a comment, lest Lean and we differ on where a comment begins.

What this does not judge is meaning: a `def`, an `instance` or a notation of the helper may make the statement
say something else than it seems to (only notations of standard symbols are refused).

Positions stay as they were: blanking replaces characters by spaces one for one.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from cramf.check.forbidden import COMMAND_WORDS, MOST, findings, spelled
from cramf.check.verdict import Candidate, Diagnostic, Part, Severity

__all__ = ["COMMAND_WORDS", "Refusal", "Screening", "screen", "screen_candidate"]

MAX_CHARACTERS = 100_000
"""Longest text that is looked at; a statement has a few thousand characters."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text is refused; `line` counts from 1 and `column` from 0 in the text that was screened."""

    reason: str
    word: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.reason} (`{self.word}`, line {self.line}, column {self.column})"


@dataclass(frozen=True, slots=True)
class Screening:
    """Outcome: `text` with the bodies of its comments blanked, which alone may be given to Lean."""

    text: str
    refusals: tuple[Refusal, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.refusals


# Letters of other scripts that look like the Latin ones of a forbidden word; NFKC folds the full-width ones.
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁһӏοаνι⌗♯", "aeopcyxijsdhloavi##")
_ALLOWED_CONTROLS = "\n\t"


# -- comments -----------------------------------------------------------------------------------------------

_MARK = re.compile(r"--|/-")
_STOPS = re.compile(r'--|/-|"|r#*"|\'|«')


def _comment_end(text: str, start: int) -> int | None:
    """End of the block comment that begins at `start`, nested ones inside it; None where it never ends."""
    depth, at = 0, start
    while True:
        found = re.compile(r"/-|-/").search(text, at)
        if found is None:
            return None
        depth += 1 if found.group() == "/-" else -1
        at = found.end()
        if depth == 0:
            return at


def _string_end(text: str, start: int) -> int | None:
    """End of the string whose opening quote is at `start`."""
    at = start + 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == '"':
            return at + 1
        else:
            at += 1
    return None


def _blank(text: str) -> str:
    return "".join(c if c in "\n\r" else " " for c in text)


def _split(text: str) -> Iterator[tuple[bool, int, int]]:
    """Spans of a text, comment or not; a comment or string without an end raises ValueError with its place.

    Only decides what is *blanked*: a mistake here cannot hide code, since what is blanked never reaches Lean.
    """
    code_from = at = 0
    while (found := _STOPS.search(text, at)) is not None:
        start, stop = found.start(), found.group()
        before = text[start - 1] if start else " "
        if stop in ("--", "/-"):
            line_end = text.find("\n", start)
            end = _comment_end(text, start) if stop == "/-" else (line_end if line_end >= 0 else len(text))
            if end is None:
                raise ValueError(start)
            yield False, code_from, start
            yield True, start, end
            code_from = at = end
        elif stop == '"' or (stop.startswith("r") and not (before.isalnum() or before in "_'!?.")):
            if stop.startswith("r#"):
                closing = '"' + "#" * (len(stop) - 2)
                close = text.find(closing, found.end())
                end = close + len(closing) if close >= 0 else None
            elif stop == 'r"':
                close = text.find('"', found.end())
                end = close + 1 if close >= 0 else None
            else:
                end = _string_end(text, start)
            if end is None:
                raise ValueError(start)
            at = end
        elif stop == "'" and not (before.isalnum() or before in "_'!?"):
            # A character literal such as '"'; anything else after a quote is read on as it stands.
            literal = re.compile(r"'(?:\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|[^\\\n])'").match(text, start)
            at = literal.end() if literal else start + 1
        elif stop == "«":
            close = text.find("»", start)
            newline = text.find("\n", start)
            at = close + 1 if close >= 0 and (newline < 0 or close < newline) else start + 1
        else:
            at = start + 1 if stop.startswith("r") else found.end()
    yield False, code_from, len(text)


# -- what only looks like something else --------------------------------------------------------------------


def _odd_characters(text: str) -> Iterator[tuple[str, str, int]]:
    """Control and invisible characters anywhere, comments included: they make text read other than it is."""
    for at, c in enumerate(text):
        if c.isascii() and (c.isprintable() or c in _ALLOWED_CONTROLS):
            continue
        if c == "\r" and text[at + 1 : at + 2] == "\n":
            continue
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            yield "a control or invisible character", f"U+{ord(c):04X}", at


def _look_alikes(code: str) -> Iterator[tuple[str, str, int]]:
    """Words that become forbidden once look-alike letters are read as the Latin ones."""
    if code.isascii():
        return
    # One character each way, so that offsets stay true; ligatures fold to more and are no Lean letters.
    folded = "".join(f if len(f := unicodedata.normalize("NFKC", c)) == 1 else c for c in code)
    folded = folded.translate(_LOOK_ALIKE)

    def deceives(found: re.Match[str]) -> bool:
        # Mathematical letters such as 𝓘𝓞 are notation; only words of commands matter here.
        return len(found.group()) > 3 and code[found.start() : found.end()] != found.group()

    for found in spelled(folded, deceives):
        written = code[found.start() : found.end()]
        yield "look-alike characters that spell a forbidden word", written, found.start()


def screen(text: str, header: bool = False) -> Screening:
    """Screen one text; only in a `header` may `import Mathlib` (a module of it, or `Aesop`) stand.

    Never raises on text: whatever cannot be read is refused.
    """

    def refusal(reason: str, word: str, at: int) -> Refusal:
        line = text.count("\n", 0, at) + 1
        return Refusal(reason, word, line, at - (text.rfind("\n", 0, at) + 1))

    if len(text) > MAX_CHARACTERS:
        return Screening("", (Refusal(f"longer than {MAX_CHARACTERS:,} characters", text[:20], 1, 0),))
    odd = tuple(refusal(*finding) for finding in itertools.islice(_odd_characters(text), 20))
    if odd:
        return Screening("", odd)
    parts: list[str] = []  # for Lean: comments keep their delimiters, so that they stand where they stood
    bare: list[str] = []  # for the search: comments are spaces, so that `attribute/- -/[…]` is seen
    try:
        for comment, start, end in _split(text):
            piece = text[start:end]
            bare.append(_blank(piece) if comment else piece)
            if not comment:
                parts.append(piece)
            elif piece.startswith("--"):
                parts.append("--" + _blank(piece[2:]))
            elif len(piece) < 5 or piece in ("/--/", "/-!/"):
                return Screening(
                    "", (refusal("a comment that Lean versions read differently", piece, start),)
                )
            else:
                opening = 3 if piece[2] in "-!" else 2
                parts.append(piece[:opening] + _blank(piece[opening:-2]) + piece[-2:])
    except ValueError as error:
        at = int(error.args[0])
        return Screening("", (refusal("a comment or string that never ends", text[at : at + 20], at),))
    code = "".join(bare)
    marks = (
        ("the sign of a comment in a string or name", m.group(), m.start()) for m in _MARK.finditer(code)
    )
    everything = itertools.chain(findings(code, header), _look_alikes(code), marks)
    found = sorted(
        (refusal(*finding) for finding in itertools.islice(everything, MOST)),
        key=lambda r: (r.line, r.column),
    )
    return Screening("" if found else "".join(parts), tuple(dict.fromkeys(found)))


def screen_candidate(candidate: Candidate) -> tuple[Candidate, tuple[Diagnostic, ...]]:
    """The candidate as it may be given to Lean, and why it may not (where that is not empty)."""
    screened: dict[Part, str] = {}
    refused: list[Diagnostic] = []
    for part, text in candidate.segments:
        screening = screen(text, header=part is Part.HEADER)
        screened[part] = screening.text
        refused += [_diagnostic(r, part, r.line) for r in screening.refusals]
    header, helper, statement = (screened.get(part, "") for part in Part)
    safe = Candidate(candidate.name, header, statement, helper)
    if not refused:
        # Once more as one text, since what is harmless in two parts (`@[simp,` and `init]`) may join.
        whole = screen(safe.source, header=True)
        refused = [_diagnostic(r, *safe.locate(r.line)) for r in whole.refusals]
    return safe, tuple(refused)


def _diagnostic(refusal: Refusal, part: Part, line: int) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR, refusal.reason, "forbidden", refusal.word, line, refusal.column, part=part
    )
