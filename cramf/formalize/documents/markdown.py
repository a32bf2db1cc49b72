"""The statements of Markdown notes.

Five forms are read: a heading ("## Theorem 3 (Name)"), words that run in ("**Lemma 2.** ..."), the same in a
block quote, a fenced block ("```theorem"), and a div ("::: theorem"). What belongs to a statement:

- of a fence or a div, what is in it, without proofs;
- of a heading, all up to the next heading, statement, proof or rule;
- of a block quote, all up to its end, a statement or a proof;
- of words that run in, their paragraph, and the next ones as long as the sentence goes on: the one before
  ends in a comma or a colon, or in no full stop and what follows is a formula, a list or in lower case.

Code is no statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from cramf.formalize.documents.leads import Lead, attributes, heading_lead, is_break, run_in
from cramf.formalize.documents.markdown_text import clean_markdown, without_comments
from cramf.formalize.documents.types import Document, Lines, Stated, assumptions_in
from cramf.formalize.formalizer import MAX_STATEMENT

__all__ = ["read_markdown"]

Form = Literal["heading", "run-in", "quote", "fence", "div"]

_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*([^`]*)$")
_DIV = re.compile(r" {0,3}(:{3,})[ \t]*(.*?)[ \t:]*$")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{3,})[ \t]*$")
_QUOTE = re.compile(r" {0,3}>[ \t]?")
_OPTION = re.compile(r"\s*(?::(label|name|title)?[\w-]*:|#\|\s*(label|name|title)?[\w-]*:)\s*(.*)$")
_CONTINUES = re.compile(r"\s*(?:[a-z]|\$|\\[(\[]|\\begin|[-*+][ \t]|\(?(?:\d+|[a-z]|[ivx]+)[.)][ \t])")
_GOES_ON: Final = (",", ":", ";")
_ENDED: Final = (".", "!", "?")


@dataclass(slots=True)
class _Open:
    """A statement that is being read; `line` counts from 1."""

    lead: Lead
    form: Form
    line: int
    column: int
    last: int
    body: list[str] = field(default_factory=list)
    over: bool = False
    """Whether what comes up to its end is no part of it."""


@dataclass(slots=True)
class _Div:
    """A div that is open: the statement that it holds, or whether it is a proof."""

    line: int
    statement: bool
    proof: bool


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = Lines(text)
        self.rows = without_comments(text).split("\n")
        self.found: list[Stated] = []
        self.open: _Open | None = None
        self.divs: list[_Div] = []
        self.display = False
        """Whether a formula between `$$` is open."""
        self.blank = False
        """Whether the row before was empty."""

    def read(self) -> Document:
        number = self._front_matter()
        while number < len(self.rows):
            number = self._row(number)
        self._finish()
        for div in self.divs:
            what = "statement was left out" if div.statement else "div goes on to the end"
            self.lines.remark(self.lines.start(div.line), f"`:::` opens what is never closed; the {what}")
        return Document(tuple(self.found), self.lines.sorted_remarks())

    def _front_matter(self) -> int:
        """Number of rows that are YAML in front of the text."""
        if self.rows[0].rstrip() == "---":
            for number, row in enumerate(self.rows[1:], 1):
                if row.rstrip() in ("---", "..."):
                    return number + 1
        return 0

    # -- rows -----------------------------------------------------------------------------------------------

    def _row(self, number: int) -> int:
        """Take the row of that number (from 0), and what goes with it; the number of the next."""
        row = self.rows[number]
        quoted = _QUOTE.match(row)
        text = row[quoted.end() :] if quoted else row
        if self.display:
            self._take(number, text)
            self.display = bool(text.strip()) and text.count("$$") % 2 == 0
            return number + 1
        if fence := _FENCE.match(text):
            return self._fence(number, fence, bool(quoted))
        if not quoted and (div := _DIV.match(row)):
            self._div(number, div[2])
            return number + 1
        if self.divs and self.divs[-1].proof:
            return number + 1
        if not text.strip():
            self._empty(number, bool(quoted))
            return number + 1
        indented = self.blank and row.startswith(("    ", "\t"))
        if indented and (self.open is None or (self.open.form != "div" and run_in(text) is not None)):
            return number + 1  # code by its indent
        heading = _HEADING.match(text)
        title = heading[1] if heading else None
        after = number + 1
        if title is None and self._underlined(number, quoted):
            title, after = text.strip(), number + 2
        if title is not None or is_break(text):
            self._heading(number, title)
            self.blank = False
            return after
        self._text(number, row, text, quoted)
        return number + 1

    def _underlined(self, number: int, quoted: re.Match[str] | None) -> bool:
        following = self.rows[number + 1] if number + 1 < len(self.rows) else ""
        above = number == 0 or not self.rows[number - 1].strip()
        return not quoted and above and _UNDERLINE.match(following) is not None

    def _heading(self, number: int, title: str | None) -> None:
        """A heading, or with None a rule between parts."""
        if self.open and self.open.form == "div":
            if title is not None and not self.open.body:
                self.open.lead = self.open.lead.titled(title)
            return
        self._finish()
        lead = heading_lead(title) if title is not None else None
        if lead is not None and lead.kind is not None:
            self._start(lead, "heading", number, len(self.rows[number]) - len(self.rows[number].lstrip()))

    def _text(self, number: int, row: str, text: str, quoted: re.Match[str] | None) -> None:
        lead = run_in(text)
        inside = self.open is not None and self.open.form == "div"
        if lead is not None and inside and self.open is not None:
            # Only the end of the div ends its statement; what argues for it or comes behind it is no part.
            self.open.over = self.open.over or lead.kind is None
            self._take(number, text)
        elif lead is not None:
            self._finish()
            if lead.kind is not None:
                column = len(row) - len(text.lstrip()) if quoted else len(row) - len(row.lstrip())
                self._start(lead, "quote" if quoted else "run-in", number, column)
                self._take(number, lead.rest)
        elif self.open is not None:
            if self.open.form == "run-in" and self.blank and not self._goes_on(text):
                self._finish()
            elif self.open.form == "quote" and not quoted and self.blank:
                self._finish()
            else:
                self._take(number, text)
        if self.open is None:
            start = self.lines.start(number + 1)
            for offset, message in assumptions_in(self.lines.text, start, start + len(row)):
                self.lines.remark(offset, message)
        self.blank = False
        self.display = text.count("$$") % 2 == 1

    def _empty(self, number: int, quoted: bool) -> None:
        self.blank = True
        if self.open is not None:
            if self.open.form == "quote" and not quoted:
                self._finish()
            else:
                self.open.body.append("")

    def _goes_on(self, text: str) -> bool:
        """Whether the sentence of a statement that runs in goes on behind an empty line."""
        assert self.open is not None
        before = next((row for row in reversed(self.open.body) if row.strip()), "").rstrip(" *_$)]}\\")
        if before.endswith(_GOES_ON) or not before:
            return True
        return not before.endswith(_ENDED) and _CONTINUES.match(text) is not None

    # -- blocks ---------------------------------------------------------------------------------------------

    def _fence(self, number: int, fence: re.Match[str], quoted: bool) -> int:
        """A fenced block as a whole; the number of the row behind it."""
        closing = re.compile(rf" {{0,3}}{re.escape(fence[2][0])}{{{len(fence[2])},}}[ \t]*$")
        lead = attributes(fence[3])
        rows: list[str] = []
        end = number + 1
        closed = False
        while end < len(self.rows) and not closed:
            row = self.rows[end]
            if quoted:
                inner = _QUOTE.match(row)
                if inner is None:
                    break
                row = row[inner.end() :]
            closed = closing.match(row) is not None
            rows += () if closed else (row,)
            end += 1
        self.blank = False
        in_proof = bool(self.divs) and self.divs[-1].proof
        if not closed:
            self.lines.remark(self.lines.start(number + 1), "the fence has no end; what follows was left out")
        elif self.open is not None and self.open.form == "div":
            pass
        elif lead is not None and lead.kind is not None and not in_proof:
            self._finish()
            self._start(lead, "fence", number, len(fence[1]))
            for offset, row in enumerate(rows, number + 1):
                self._take(offset, row)
            assert self.open is not None
            self.open.last = end
            self._finish()
        elif self.open is not None and self.open.form == "run-in":
            self._finish()
        return end

    def _div(self, number: int, info: str) -> None:
        if not info:
            if not self.divs:
                self.lines.remark(self.lines.start(number + 1), "`:::` closes nothing")
            elif self.divs.pop().statement and self.open is not None:
                self.open.last = number + 1
                self._finish()
            return
        lead = attributes(info)
        nested = any(div.statement or div.proof for div in self.divs)
        states = lead is not None and lead.kind is not None and not nested
        inherited = bool(self.divs) and self.divs[-1].proof
        self.divs.append(_Div(number + 1, states, inherited or (lead is not None and lead.proof)))
        if states and lead is not None:
            self._finish()
            self._start(lead, "div", number, 0)
        elif not nested:
            self._finish()
        self.blank = False

    # -- statements -----------------------------------------------------------------------------------------

    def _start(self, lead: Lead, form: Form, number: int, column: int) -> None:
        self.open = _Open(lead, form, number + 1, column + 1, number + 1)

    def _take(self, number: int, text: str) -> None:
        if self.open is None or self.open.over:
            return
        option = _OPTION.match(text) if self.open.form in ("fence", "div") and not self.open.body else None
        if option is not None:
            self.open.lead = self.open.lead.with_option(option[1] or option[2] or "", option[3])
            return
        self.open.body.append(text)
        if text.strip():
            self.open.last = number + 1

    def _finish(self) -> None:
        """End the statement that is being read, if one is."""
        statement, self.open = self.open, None
        self.display = False
        if statement is None:
            return
        lead = statement.lead
        start = self.lines.start(statement.line)
        if statement.form == "div" and any(div.statement for div in self.divs):
            return  # its end is missing, which is told at the end
        raw = "\n".join(statement.body)
        text, notes = clean_markdown(raw) if len(raw) <= 4 * MAX_STATEMENT else (raw, ())
        if not text or len(text) > MAX_STATEMENT:
            why = f"longer than {MAX_STATEMENT:,} characters" if text else "empty"
            self.lines.remark(start, f"the {lead.kind} was left out: it is {why}")
            return
        assert lead.kind is not None
        self.found.append(
            Stated(
                text=text,
                kind=lead.kind,
                environment=lead.word,
                line=statement.line,
                column=statement.column,
                end_line=statement.last,
                end_column=len(self.rows[statement.last - 1]) + 1,
                label=lead.label,
                title=lead.title,
                number=lead.number,
                notes=notes,
            )
        )


def read_markdown(text: str) -> Document:
    """The statements of Markdown with plain newlines and no control characters."""
    return _Reader(text).read()
