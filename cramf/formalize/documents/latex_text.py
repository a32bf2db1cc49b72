"""The body of an environment as a statement, with the document's macros expanded and its labels left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cramf.formalize.documents.macros import Macro, MacroLimitError, expand
from cramf.formalize.documents.source import GONE, Source
from cramf.formalize.documents.types import ALIASES, KINDS, PROOFS
from cramf.formalize.formalizer import MAX_STATEMENT

__all__ = ["Cleaned", "Cleaner", "paragraphs"]

_LONGEST_BODY: Final = 4 * MAX_STATEMENT
_LABEL = re.compile(r"\\label[ \t]*\{([^{}]*)\}")
_REFERENCES: Final = frozenset(
    "ref eqref cref Cref autoref Autoref nameref pageref vref hyperref thref cite citep citet citealp "
    "citeauthor citeyear parencite textcite autocite nocite".split()
)
_NOTES: Final = frozenset("footnote footnotemark footnotetext thanks marginpar todo".split())
_SILENT: Final = frozenset("label index tag vspace hspace setcounter addtocounter".split())
_BARE: Final = frozenset(
    "noindent medskip smallskip bigskip qed qedhere qedsymbol hfill vfill newline linebreak nolinebreak "
    "newpage clearpage pagebreak nopagebreak centering raggedright sloppy itshape upshape slshape bfseries "
    "normalfont rmfamily em leavevmode protect nonumber notag allowbreak nobreak ignorespaces unskip indent "
    "small footnotesize".split()
)


def _any_of(words: frozenset[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_DROPPED = re.compile(
    rf"~?\\(?P<word>{_any_of(_REFERENCES | _NOTES | _SILENT)})\*?(?![A-Za-z])"
    rf"|\\(?P<bare>{_any_of(_BARE)})(?![A-Za-z])[ \t]*"
    r"|\\par(?P<par>)(?![A-Za-z])"
    r"|\\(?:[A-Za-z]+|.|\n)",
    re.DOTALL,
)
_BRACES = re.compile(r"\\(?:[A-Za-z]+|.|\n)|[{}]", re.DOTALL)
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_CLOSING: Final = (".", ",", ";", ":", ")")
_LONGEST_TITLE: Final = 400
_KEYED = re.compile(r"\s*[a-z]+\s*=")
_KEYS = re.compile(r"\b(name|title|note|label|restate)\s*=\s*(?:\{([^{}]*)\}|([^,{}]*))")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The statement of an environment; `trouble` says why there is none."""

    text: str = ""
    label: str | None = None
    notes: tuple[str, ...] = ()
    trouble: str | None = None


class Cleaner:
    """Cleans bodies of `source` under the macros in force there."""

    def __init__(self, source: Source, macros: Mapping[str, Macro]) -> None:
        self._source = source
        self._macros = macros

    def clean(self, start: int, end: int, within: Sequence[tuple[str, int, int]]) -> Cleaned:
        """What stands from `start` to `end`; `within` are the environments there: name, start and end."""
        if end - start > _LONGEST_BODY:
            return Cleaned(trouble=f"it is longer than {MAX_STATEMENT:,} characters")
        notes: dict[str, None] = {}
        label = self._label(start, end, within)
        pieces: list[str] = []
        at = start
        for name, begin, finish in within:
            base = name.rstrip("*").lower()
            if begin < at:
                continue
            if base in PROOFS:
                pieces.append(self._source.text[at:begin])
                at = finish
                notes[f"a {base} inside it was left out"] = None
            elif base in KINDS or base in ALIASES:
                notes[f"it holds an environment `{name}` of its own"] = None
        pieces.append(self._source.text[at:end])
        try:
            text, left_alone = expand("".join(pieces).replace(GONE, ""), self._macros)
        except MacroLimitError:
            return Cleaned(trouble="its macros expand without a bearable end")
        for name in left_alone:
            notes[f"the macro {name} could not be expanded"] = None
        text = paragraphs(_without_extras(text, notes))
        if not text:
            return Cleaned(trouble="it is empty")
        if len(text) > MAX_STATEMENT:
            return Cleaned(trouble=f"it is longer than {MAX_STATEMENT:,} characters")
        return Cleaned(text, label, tuple(notes))

    def title(self, option: str | None) -> tuple[str | None, str | None]:
        """Title and label in the brackets of an environment, which may hold keys as thmtools has them."""
        if option is None:
            return None, None
        option = option.replace(GONE, "")
        label = None
        if _KEYED.match(option):
            keys = {found[1]: (found[2] or found[3] or "").strip() for found in _KEYS.finditer(option)}
            label = keys.get("label")
            option = keys.get("name") or keys.get("title") or keys.get("note") or ""
        try:
            text = expand(option, self._macros)[0]
        except MacroLimitError:
            text = ""
        text = " ".join(_without_extras(text, {}).replace("~", " ").split())
        while text.startswith("{") and text.endswith("}"):
            text = text[1:-1].strip()
        return text[:_LONGEST_TITLE].strip(" ,;") or None, label

    def _label(self, start: int, end: int, within: Sequence[tuple[str, int, int]]) -> str | None:
        """The environment's own label: one in an equation inside it is the equation's."""
        spans = iter(within)
        span = next(spans, None)
        for found in _LABEL.finditer(self._source.text, start, end):
            while span is not None and span[2] <= found.start():
                span = next(spans, None)
            if span is None or found.start() < span[1]:
                return " ".join(found[1].replace(GONE, "").split()) or None
        return None


def _without_extras(text: str, notes: dict[str, None]) -> str:
    """The text without labels, references, footnotes and commands that only set type; losses are noted."""
    closes = _closing_braces(text)
    pieces: list[str] = []
    done = at = 0
    while (found := _DROPPED.search(text, at)) is not None:
        at = found.end()
        start, word = found.start(), found["word"]
        if found["par"] is not None:
            pieces += (text[done:start], "\n\n")
        elif found["bare"] is not None:
            pieces += (text[done:start], " " if found["bare"] in ("newline", "linebreak", "hfill") else "")
        elif word is not None:
            if word in _REFERENCES:
                notes["a reference was dropped"] = None
            elif word in _NOTES:
                notes["a footnote was dropped"] = None
            at = _past_arguments(text, at, closes)
            if text[start - 1 : start] == "(" and text[at : at + 1] == ")":
                start, at = start - 1, at + 1
            pieces.append(text[done:start])
            if text[at : at + 1] in _CLOSING:
                _strip_end(pieces)
        else:
            continue
        done = at
    return "".join((*pieces, text[done:]))


def _strip_end(pieces: list[str]) -> None:
    """Take the blanks off the end of what the pieces make."""
    while pieces:
        last = pieces.pop().rstrip(" ")
        if last:
            pieces.append(last)
            return


def _closing_braces(text: str) -> dict[int, int]:
    closes: dict[int, int] = {}
    opened: list[int] = []
    for found in _BRACES.finditer(text):
        if found.group() == "{":
            opened.append(found.start())
        elif found.group() == "}" and opened:
            closes[opened.pop()] = found.start()
    return closes


def _past_arguments(text: str, at: int, closes: Mapping[int, int]) -> int:
    """The offset behind the arguments of a dropped command: any in brackets, then one in braces."""
    while text.startswith("[", at):
        end = text.find("]", at, at + _LONGEST_TITLE)
        if end < 0:
            return at
        at = end + 1
    if text.startswith("{", at) and at in closes:
        at = closes[at] + 1
    return at


def paragraphs(text: str) -> str:
    """The text with single blanks in it and an empty line between paragraphs."""
    return "\n\n".join(joined for part in _PARAGRAPH.split(text) if (joined := " ".join(part.split())))
