"""The theorem environments of a LaTeX document.

Read are the usual environments, those that `\\newtheorem` and its like declare, `restatable`, and macros that
stand for a `\\begin` or an `\\end` of them. Environments are paired by a stack; one that is never closed is
told and hides nothing behind it. What other files hold, and what the running text assumes, is told but not
read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cramf.formalize.documents.latex_text import Cleaner
from cramf.formalize.documents.macros import DEFINES, Macro, read_definition
from cramf.formalize.documents.source import GONE, Source
from cramf.formalize.documents.types import (
    ALIASES,
    KINDS,
    OTHERS,
    PROOFS,
    Document,
    Lines,
    Stated,
    assumptions_in,
)

__all__ = ["read_latex"]

_COMMAND = re.compile(r"\\(?:(?P<word>[A-Za-z]+)(?P<star>\*?)|.|\n)")
_ENVIRONMENT = re.compile(r"[ \t]*\{\s*([A-Za-z@][\w@ -]*?)(\*?)\s*\}")
_MACRO_ENVIRONMENT = re.compile(r"\s*\\(begin|end)\s*\{\s*([^{}]*?)(\*?)\s*\}")
_INPUTS: Final = frozenset("input include subfile import subimport".split())
_DECLARES: Final = frozenset("newtheorem spnewtheorem declaretheorem newtcbtheorem newmdtheoremenv".split())
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Mark:
    """A `\\begin` or `\\end`; `start:end` is its own span."""

    name: str
    begins: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """An environment from `begin.start` to `end.end`."""

    name: str
    begin: _Mark
    end: _Mark


@dataclass(slots=True)
class _Scan:
    """What one walk over the commands of a document finds."""

    marks: list[_Mark]
    macros: list[tuple[int, Macro]]
    declared: dict[str, str]
    """Environments to what is printed above them."""


def read_latex(text: str) -> Document:
    """The statements of a LaTeX document with plain newlines and no control characters."""
    lines = Lines(text)
    source = Source(text, lines)
    scan = _scan(source, lines)
    pairs = _pairs(scan.marks, lines)
    statements = _statements(source, lines, scan, pairs)
    _tell_assumptions(source, lines, pairs)
    return Document(tuple(statements), lines.sorted_remarks())


# -- the walk -----------------------------------------------------------------------------------------------


def _scan(source: Source, lines: Lines) -> _Scan:
    scan = _Scan([], [], {})
    shorthands: dict[str, tuple[str, bool]] = {}
    at = 0
    while (found := _COMMAND.search(source.text, at)) is not None:
        at = found.end()
        word = found["word"]
        if word in ("begin", "end"):
            named = _ENVIRONMENT.match(source.text, found.end("word"))
            if named is None:
                continue
            at = named.end()
            if word == "end" and named[1] == "document":
                break
            scan.marks.append(_Mark(named[1] + named[2], word == "begin", found.start(), at))
        elif word in DEFINES:
            macro, at = read_definition(word, source, found.end("word"))
            if macro is not None:
                scan.macros.append((found.start(), macro))
                shorthand = macro.environment and _MACRO_ENVIRONMENT.match(macro.environment)
                if shorthand:
                    shorthands[macro.name] = (shorthand[2] + shorthand[3], shorthand[1] == "begin")
        elif word in _DECLARES:
            at = _declare(word, source, at, scan)
        elif word in ("newenvironment", "renewenvironment", "NewDocumentEnvironment"):
            at = _wrap(source, at, scan)
        elif word in _INPUTS:
            group = source.group(at)
            if group is not None:
                named_file = " ".join(group[0].replace(GONE, "").split())[:80]
                lines.remark(found.start(), f"`\\{word}{{{named_file}}}` was not followed")
        elif word in shorthands:
            scan.marks.append(_Mark(*shorthands[word], found.start(), found.end("word")))
    return scan


def _declare(command: str, source: Source, at: int, scan: _Scan) -> int:
    """Note an environment that is declared; the offset behind the declaration."""
    options, at = source.option(at) or ("", at)
    name, at = source.group(at) or ("", at)
    name = name.replace(GONE, "").strip()
    if command == "declaretheorem":
        more, at = source.option(at) or ("", at)
        titled = re.search(r"(?:name|title)\s*=\s*\{?([^,{}\]]*)", f"{options},{more}")
        scan.declared[name] = titled[1].strip() if titled else name
        return at
    _, at = source.option(at) or ("", at)
    title, at = source.group(at) or (name, at)
    if name:
        scan.declared[name] = title.replace(GONE, "").strip()
    if command == "newtcbtheorem":
        return _past_groups(source, at)
    return at


def _wrap(source: Source, at: int, scan: _Scan) -> int:
    """Note an environment made of another one; the offset behind it.

    Its begin and end stand in different arguments, so that they would pair with strangers.
    """
    name, at = source.group(at) or ("", at)
    start, at = at, _past_groups(source, at)
    inner = re.compile(r"\\begin[ \t]*\{\s*([A-Za-z]+)\*?\s*\}").search(source.text, start, at)
    if inner is not None and _kind(inner[1], scan.declared) is not None:
        scan.declared[name.replace(GONE, "").strip()] = scan.declared.get(inner[1], inner[1])
    return at


def _past_groups(source: Source, at: int) -> int:
    while (group := source.group(at) or source.option(at)) is not None:
        at = group[1]
    return at


def _pairs(marks: list[_Mark], lines: Lines) -> list[_Pair]:
    """The environments that are closed, outer ones before those inside; all others are told."""
    opened: list[_Mark] = []
    counts: dict[str, int] = {}
    pairs: list[_Pair] = []
    for mark in marks:
        if mark.begins:
            opened.append(mark)
            counts[mark.name] = counts.get(mark.name, 0) + 1
        elif counts.get(mark.name):
            while True:
                top = opened.pop()
                counts[top.name] -= 1
                if top.name == mark.name:
                    break
                lines.remark(top.start, f"`\\begin{{{top.name}}}` has no `\\end`; it was left out")
            pairs.append(_Pair(mark.name, top, mark))
        else:
            lines.remark(mark.start, f"`\\end{{{mark.name}}}` has no `\\begin`")
    for mark in opened:
        if mark.name != "document":
            lines.remark(mark.start, f"`\\begin{{{mark.name}}}` has no `\\end`; it was left out")
    return sorted(pairs, key=lambda pair: pair.begin.start)


# -- statements ---------------------------------------------------------------------------------------------


def _statements(source: Source, lines: Lines, scan: _Scan, pairs: list[_Pair]) -> list[Stated]:
    found: list[Stated] = []
    macros: dict[str, Macro] = {}
    waiting = iter(scan.macros)
    following = next(waiting, None)
    inside = -1  # end of the statement or proof that was entered last
    unknown: set[str] = set()
    for place, pair in enumerate(pairs):
        if pair.begin.start < inside:
            continue
        while following is not None and following[0] < pair.begin.start:
            macros[following[1].name] = following[1]
            following = next(waiting, None)
        at = pair.begin.end
        name, title, key = pair.name, None, None
        if name in ("restatable", "restatable*"):
            title, at = source.option(at) or (None, at)
            name, at = source.group(at) or ("", at)
            key, at = source.group(at) or (None, at)
        base = name.rstrip("*")
        if base.lower() in PROOFS:
            inside = pair.end.end
            continue
        kind = _kind(base, scan.declared)
        if kind is None:
            declared = scan.declared.get(base)
            if declared is not None and base not in unknown and not _is_other(base, declared):
                unknown.add(base)
                lines.remark(
                    pair.begin.start, f"`{base}` ({declared}) is not known to state something; left out"
                )
            continue
        inside = pair.end.end
        within = []
        for later in pairs[place + 1 :]:
            if later.begin.start >= pair.end.start:
                break
            within.append((later.name, later.begin.start, later.end.end))
        cleaner = Cleaner(source, macros)
        if title is None:
            overlay = re.compile(r"\s*<[^<>\n]{0,40}>").match(source.text, at)
            title, at = source.option(overlay.end() if overlay else at) or (None, at)
        shown, named = cleaner.title(title)
        cleaned = cleaner.clean(at, pair.end.start, within)
        if cleaned.trouble is not None:
            lines.remark(pair.begin.start, f"the {kind} was left out: {cleaned.trouble}")
            continue
        line, column = lines.at(pair.begin.start)
        end_line, end_column = lines.at(pair.end.end)
        found.append(
            Stated(
                text=cleaned.text,
                kind=kind,
                environment=name,
                line=line,
                column=column,
                end_line=end_line,
                end_column=end_column,
                label=cleaned.label or named or (key.replace(GONE, "").strip() if key else None),
                title=shown,
                notes=cleaned.notes,
            )
        )
    return found


def _kind(environment: str, declared: dict[str, str]) -> str | None:
    """What an environment states, by what is printed above it, else by its own name."""
    title = declared.get(environment)
    for name in (title, environment):
        if name is None:
            continue
        words = [word.lower() for word in _WORD.findall(name)]
        for word in reversed(words):
            if word in OTHERS or word in PROOFS:
                return None
            kind = word if word in KINDS else ALIASES.get(word)
            if kind is not None:
                return kind
    return None


def _is_other(environment: str, title: str) -> bool:
    words = {word.lower() for word in _WORD.findall(f"{environment} {title}")}
    return bool(words & (OTHERS | PROOFS))


def _tell_assumptions(source: Source, lines: Lines, pairs: list[_Pair]) -> None:
    """Tell where the running text announces what it assumes from there on."""
    covered = [(p.begin.start, p.end.end) for p in pairs if p.name != "document"]
    at = 0
    spans: list[tuple[int, int]] = []
    for start, end in covered:
        if start > at:
            spans.append((at, start))
        at = max(at, end)
    spans.append((at, len(source.text)))
    for start, end in spans:
        for offset, message in assumptions_in(source.text, start, end):
            lines.remark(offset, message.replace(GONE, ""))
