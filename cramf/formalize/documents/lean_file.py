"""One Lean file of all that was formalized of a document, each theorem below its source.

Nothing gets into it as code but what screening lets through, and what did not pass stands in comments, so
that one bad theorem does not spoil the file. Everything else is in comments of single lines without control
characters, which no text of the document can end.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cramf.check.inputs import DEFAULT_HEADER, split_lean
from cramf.check.safety import screen_candidate
from cramf.check.verdict import Candidate, Verdict
from cramf.formalize.documents.types import Stated
from cramf.formalize.many import Record
from cramf.lean.lexer import TokenKind, tokenize

__all__ = ["Placed", "checked", "lean_file", "place"]

_WIDTH: Final = 100
_NO_CODE: Final = frozenset({TokenKind.WHITESPACE, TokenKind.COMMENT})


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement of a document and what came of it."""

    stated: Stated
    record: Record


def place(source: str, stated: Stated) -> str:
    """Where a statement stands and what it is called, on one line: `paper.tex:12: lemma 3 (Name) [lem:a]`."""
    number = f" {stated.number}" if stated.number else ""
    title = f" ({stated.title})" if stated.title else ""
    label = f" [{stated.label}]" if stated.label else ""
    return _plain(f"{source}:{stated.line}: {stated.kind}{number}{title}{label}")


def lean_file(source: str, placed: Sequence[Placed]) -> str:
    """The text of the file; `source` names the document."""
    imports: dict[str, None] = {}
    parts: list[str] = []
    elaborated = written = 0
    for each in placed:
        screened, why = _code(each.record)
        lines = [f"-- {place(source, each.stated)}", *_comment(each.stated.text, "  ")]
        lines += [line for note in _notes(each) for line in _comment(f"note: {note}")]
        if screened is None:
            lines += _comment(f"not written: {why}")
            rejected = each.record.result.candidate if each.record.result is not None else None
            lines += _comment_out(rejected)
        else:
            verdict = each.record.result.verdict if each.record.result is not None else None
            written += 1
            elaborated += verdict is not None and verdict.elaborated
            lines += _comment(checked(verdict))
            own, scope = _header(screened)
            imports.update(dict.fromkeys(own))
            lines += ["", *_scoped(screened, scope)]
        parts.append("\n".join(lines))
    told = "Lean has elaborated each theorem by itself, not this file."
    if not written or elaborated < written:
        told = "Lean has not elaborated this file."
    head = [
        *(imports or {DEFAULT_HEADER: None}),
        "",
        *_comment(f"{written} of {len(placed)} statements of {source}. {told}"),
    ]
    return "\n\n".join(("\n".join(head), *parts)) + "\n"


def _code(record: Record) -> tuple[Candidate | None, str]:
    """What may be written as code, or why nothing may."""
    if record.failure is not None:
        return None, f"{record.failure.message}; {record.failure.mend}".rstrip("; ")
    result = record.result
    assert result is not None
    if result.candidate is None:
        abstention = result.draft.abstention
        assert abstention is not None
        span = f": `{' '.join(abstention.text.split())[:200]}`" if abstention.text.strip() else ""
        return None, f"{result.draft.backend} abstained, for {abstention.reason}{span}"
    if result.verdict is not None and not result.verdict.positive:
        return None, checked(result.verdict)
    screened, refusals = screen_candidate(result.candidate)
    if refusals:
        return None, f"refused: {refusals[0].message} (`{refusals[0].name}`)"
    return screened, ""


def checked(verdict: Verdict | None) -> str:
    """What a verdict says, on one line."""
    if verdict is None:
        return "not checked"
    if verdict.positive:
        seen = "Lean elaborated this" if verdict.elaborated else "Lean has not elaborated this"
        return f"{verdict.checker}: {verdict.status.value}; {seen}"
    errors = verdict.errors
    told = verdict.detail or (errors[0].message if errors else "")
    return f"{verdict.checker}: {verdict.status.value}{f': {told}' if told else ''}"


def _notes(placed: Placed) -> tuple[str, ...]:
    result = placed.record.result
    return placed.stated.notes + (result.draft.notes if result is not None else ())


def _header(candidate: Candidate) -> tuple[list[str], str]:
    """The imports of a header, and the rest of it."""
    imports, rest = split_lean(candidate.header)
    words = [token.text for token in tokenize(imports)[0] if token.kind not in _NO_CODE]
    names = [f"import {name}" for word, name in itertools.pairwise(words) if word == "import"]
    return names, rest.strip()


def _scoped(candidate: Candidate, scope: str) -> list[str]:
    """The code of a candidate, and around it a section where it opens anything."""
    code = "\n\n".join(
        part.strip() for part in (scope, candidate.helper, candidate.statement) if part.strip()
    )
    # What comments held was blanked; the blanks are of no use here.
    lines = [line.rstrip() for line in code.split("\n")]
    opened = _opened(code)
    if not scope and not opened:
        return lines
    ends = [f"end {name}".rstrip() for name in reversed(opened)]
    return ["section", *lines, *ends, "end"]


def _opened(code: str) -> list[str]:
    """Names of the namespaces and sections that are still open at the end."""
    tokens = [token for token in tokenize(code)[0] if token.kind not in _NO_CODE]
    opened: list[str] = []
    for number, token in enumerate(tokens):
        if token.text in ("namespace", "section"):
            following = tokens[number + 1] if number + 1 < len(tokens) else None
            named = following is not None and following.kind == TokenKind.IDENTIFIER
            same_line = following is not None and "\n" not in code[token.end : following.start]
            opened.append(following.text if following is not None and named and same_line else "")
        elif token.text == "end" and opened:
            opened.pop()
    return opened


def _comment_out(candidate: Candidate | None) -> list[str]:
    """The text of a candidate that did not pass, as comments."""
    if candidate is None:
        return []
    return [f"--   {_plain(line)}".rstrip() for line in candidate.source.rstrip().split("\n")[:200]]


def _comment(text: str, indent: str = "") -> Iterator[str]:
    for paragraph in text.split("\n"):
        lines = textwrap.wrap(
            _plain(paragraph), _WIDTH - 3 - len(indent), break_long_words=False, break_on_hyphens=False
        )
        yield from (f"-- {indent}{line}".rstrip() for line in lines)


def _plain(text: str) -> str:
    """Text on one line that ends no comment and does a terminal no harm."""
    text = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
