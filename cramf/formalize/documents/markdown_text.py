"""Markdown's own signs off a statement, its mathematics left as it is."""

from __future__ import annotations

import re
from typing import Final

from cramf.formalize.documents.latex_text import paragraphs

__all__ = ["clean_markdown", "without_comments"]

# Openers of spans that are not Markdown, with what closes each and how the span is written afterwards.
_SPANS: Final = {
    "$$": ("$$", "$$", "$$"),
    "$": ("$", "$", "$"),
    r"\(": (r"\)", r"\(", r"\)"),
    r"\[": (r"\]", r"\[", r"\]"),
    r"\\(": (r"\\)", r"\(", r"\)"),  # as Markdown needs it where a backslash escapes the bracket
    r"\\[": (r"\\]", r"\[", r"\]"),
}
_OPENER = re.compile(r"\\\\[(\[]|\\[(\[]|\$\$|\$|`+|\\.")
_STRONG = re.compile(r"(\*\*|__)(?=\S)([^*]+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]*)\*(?![\w*])|(?<![\w_])_(?=[^\s_])([^_]*)_(?![\w_])")
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)(?:\{[^{}]*\})?")
_CITED = re.compile(r"[ \t]*(?:\[\^[^\[\]\s]+\]|\[-?@[^\[\]]*\])")
_REFERRED = re.compile(r"(?<![\w@])@(?:fig|thm|lem|cor|prp|eq|sec|def|tbl)[-:][\w:-]+")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*>")
_ITEM = re.compile(r"(?m)^[ \t]*[-*+][ \t]+")
_ESCAPED = re.compile(r"\\([*_#`<>~|\-.!])")


def without_comments(text: str) -> str:
    """The text with its HTML comments as blanks; one that is never closed is left."""
    pieces: list[str] = []
    done = 0
    while (start := text.find("<!--", done)) >= 0:
        end = text.find("-->", start + 4)
        if end < 0:
            break
        hidden = re.sub(r"[^\n]", " ", text[start : end + 3])
        pieces += (text[done:start], hidden)
        done = end + 3
    return "".join((*pieces, text[done:]))


def clean_markdown(text: str) -> tuple[str, tuple[str, ...]]:
    """A statement without emphasis, links, footnotes and list signs; and notes on what was lost."""
    notes: dict[str, None] = {}
    pieces = [span if kept else _plain(span, notes) for kept, span in _split(text)]
    return paragraphs("".join(pieces)), tuple(notes)


def _split(text: str) -> list[tuple[bool, str]]:
    """The text in pieces: mathematics and code (True), which are to be kept, and what is between them."""
    pieces: list[tuple[bool, str]] = []
    missing: set[str] = set()  # closers that do not come any more, so that none is looked for twice
    done = at = 0
    while (found := _OPENER.search(text, at)) is not None:
        at = found.end()
        opener = found.group()
        closer, left, right = _SPANS.get(opener, (opener, "", ""))
        if (opener not in _SPANS and opener[0] != "`") or closer in missing:
            continue
        end = _closer(text, closer, at)
        if end < 0:
            missing.add(closer)
            continue
        inside = text[at:end]
        if opener == "$" and (not inside or "\n\n" in inside):
            continue
        pieces += ((False, text[done : found.start()]), (True, f"{left}{inside}{right}"))
        done = at = end + len(closer)
    pieces.append((False, text[done:]))
    return pieces


def _closer(text: str, closer: str, at: int) -> int:
    """Where a closer stands that no backslash escapes, from `at` on; -1 where none does."""
    while (end := text.find(closer, at)) > 0 and closer[0] == "$" and text[end - 1] == "\\":
        at = end + 1
    return end


def _plain(text: str, notes: dict[str, None]) -> str:
    text = _IMAGE.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    for pattern in (_CITED, _REFERRED):
        text, count = pattern.subn("", text)
        if count:
            notes["a reference was dropped"] = None
    text = _TAG.sub("", text)
    text = _ITEM.sub("", text)
    text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(lambda found: found[1] or found[2] or "", text)
    return _ESCAPED.sub(r"\1", text)
