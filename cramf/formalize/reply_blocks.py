"""What of a language model's reply is code: fenced blocks, JSON strings, bare lines of Lean, inline spans.

Each kind is a pool of blocks; the pools come best first, and a later one counts only where no earlier one
holds a theorem:

1. fenced blocks tagged `lean` or untagged, or the strings of a reply (or of a fenced block) that is JSON;
2. fenced blocks of any tag;
3. lines of bare text that begin as Lean does, up to a blank line before prose;
4. inline code.
"""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Block", "clean_text", "pools"]

_PART = r"(?:[^\W\d][\w'!?]*|«[^»\n]*»)"
_FENCE = re.compile(r"^\s*(?P<run>`{3,}|~{3,})(?P<info>.*)$")
_BACKTICKS = re.compile(r"`{3,}")
_STRAY_QUOTE = re.compile(r"«(?![^«»\n]*»)")
_TAG = re.compile(r"\{?\.?([\w+.#-]*)\}?")
_LEAN_TAGS = frozenset({"", "lean", "lean4", "lean-4", "lean3"})
_THOUGHT = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>")
_FINAL_CHANNEL = "<|channel|>final<|message|>"
# Marks of chat templates that servers sometimes let through; by name, since `<|` is Lean's own too.
_CHAT_MARK = re.compile(
    r"<\|(?:start|end|channel|message|return|im_start|im_end|im_sep|eot_id|endoftext|assistant)\|>"
)
_MARKUP = re.compile(r"\s*(?:</?[A-Za-z_]+>\s*)+")
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_MOST_STRINGS = 1000
# How a line of Lean begins in bare text; stricter than Lean, for prose also says "theorem" and "open".
_CODE_LINE = re.compile(
    rf"""\s*(?:@\[|/--
    |(?:(?:private|protected|noncomputable|local|scoped)\s+)*(?:
        (?:theorem|lemma)\s+{_PART}(?:\.{_PART})*\s*(?:[:(\[{{⦃]|\.\{{|$)
        |example\s*[:(\[{{⦃]
        |(?:def|abbrev|structure|class|inductive|instance)\s+{_PART}(?:\.{_PART})*\s*(?:[:(\[{{⦃]|where|extends|$)
        |instance\s*[:(\[{{⦃]|section\b)
    |import\s+[A-Z][\w.]*\s*$|open\s+(?:scoped\s+)?[A-Z]|set_option\s+\S+\s+\S+|namespace\s+[A-Z]
    |universes?\s+\w|variables?\s*[(\[{{⦃]|end\s*[A-Z\w.]*\s*$)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A run of code; `closed` tells whether its own end was seen."""

    code: str
    tag: str
    closed: bool


def clean_text(reply: str) -> str:
    """The reply with plain newlines and blanks, without invisible characters and without reasoning."""
    return _without_reasoning(_plain(reply))


def pools(text: str) -> Iterator[list[Block]]:
    """Blocks of a cleaned reply by kind, best kind first; code is dedented and free of fences."""
    whole = _json_blocks(text)
    blocks = whole or [inner for block in _fenced(text) for inner in _json_blocks(block.code) or [block]]
    yield _tidy([block for block in blocks if block.tag in _LEAN_TAGS])
    yield _tidy(blocks)
    yield _tidy([Block(_bare_code(text), "", closed=False)])
    inline = (match[1] for match in _INLINE.finditer(text))
    yield _tidy([Block(code, "", closed=True) for code in inline if _CODE_LINE.match(code)])


def _tidy(blocks: list[Block]) -> list[Block]:
    """Three backticks stand nowhere in Lean, and would end the fence that a candidate is shown in."""
    return [Block(textwrap.dedent(_BACKTICKS.sub("", b.code)), b.tag, b.closed) for b in blocks]


def _plain(text: str) -> str:
    # A stray `«` begins nothing in Lean; thousands on one line would each be searched to the line's end.
    text = _STRAY_QUOTE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(map(_plain_character, text)) if not text.isascii() or not text.isprintable() else text


def _plain_character(c: str) -> str:
    if c in "\n\t" or (c.isascii() and c.isprintable()):
        return c
    # Lean takes no blank but the plain one; word processors and web pages put others.
    category = unicodedata.category(c)
    return {"Zs": " ", "Zl": "\n", "Zp": "\n", "Cc": "", "Cf": "", "Cs": ""}.get(category, c)


def _without_reasoning(text: str) -> str:
    text = text.rpartition(_FINAL_CHANNEL)[2]
    # Chat templates often swallow the opening tag, so that only the closing one is seen.
    closing = [mark.end() for mark in _THOUGHT.finditer(text) if mark[1]]
    text = text[closing[-1] :] if closing else text
    opening = _THOUGHT.search(text)
    return _CHAT_MARK.sub("\n", text[: opening.start()] if opening else text)


def _json_blocks(text: str) -> list[Block]:
    """Blocks of the strings in a text that is one JSON value; none where it is not, or holds no Lean."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return []
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    blocks: list[Block] = []
    for string in _strings(value)[:_MOST_STRINGS]:
        inside = clean_text(string)
        code = _bare_code(inside)
        blocks += _fenced(inside) or ([Block(code, "", closed=True)] if code else [])
    return blocks


def _strings(value: Any) -> list[str]:
    """All strings of a JSON value in their order, without the keys of objects."""
    found: list[str] = []
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            left.extend(reversed(item.values()))
        elif isinstance(item, list):
            left.extend(reversed(item))
    return found


def _fenced(text: str) -> list[Block]:
    """Fenced blocks in order; the last may be unclosed. Text on the fence's own line counts as code."""
    blocks: list[Block] = []
    run, tag = "", ""
    code: list[str] = []
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        # Only Lean's complement begins a line of code with tildes; a fence of backticks is never code.
        if run and fence and run[0] == "`" and fence["run"][0] == "~":
            fence = None
        if run and fence and fence["run"].startswith(run) and not fence["info"].strip():
            blocks.append(Block("\n".join(code), tag, closed=True))
            run = ""
        elif fence and fence["run"][0] not in fence["info"]:
            if run:
                # A tagged fence inside an open block: the model forgot to close the first.
                blocks.append(Block("\n".join(code), tag, closed=True))
            run = fence["run"]
            tag, rest = _split_info(fence["info"])
            code = [rest] if rest else []
        elif fence and not run:
            tag, rest = _split_info(fence["info"].strip().rstrip(fence["run"][0]))
            blocks.append(Block(rest, tag, closed=True))
        elif run and line.rstrip().endswith(run):
            code.append(line.rstrip()[: -len(run)])
            blocks.append(Block("\n".join(code), tag, closed=True))
            run = ""
        elif run:
            code.append(line)
        elif opened := _late_fence(line):
            run, tag, code = "```", opened, []
    if run:
        blocks.append(Block("\n".join(code), tag, closed=False))
    return blocks


def _late_fence(line: str) -> str:
    """The tag of a Lean fence that prose stands before, as in "Here it is: ```lean"; "" for other lines."""
    before, backticks, tag = line.rpartition("```")
    tag = tag.strip().lower()
    return tag if backticks and before.strip() and tag and tag in _LEAN_TAGS else ""


def _split_info(info: str) -> tuple[str, str]:
    """Tag of a fence and the code that follows it on the same line, if it is code."""
    info = info.strip()
    if _CODE_LINE.match(info):
        return "", info
    word = info.partition(" ")[0]
    rest = info[len(word) :].strip()
    match = _TAG.fullmatch(word)
    return (match[1].lower() if match else word.lower()), rest if _CODE_LINE.match(rest) else ""


def _bare_code(text: str) -> str:
    """Lines of an unfenced reply that read as Lean: from a command's first to a blank line before prose."""
    kept: list[str] = []
    inside = blank = False
    for raw in text.split("\n"):
        line = raw.lstrip("`") if raw.startswith("`") else raw
        markup = _MARKUP.match(line)
        line = line[markup.end() :] if markup else line
        begins = _CODE_LINE.match(line) is not None
        if not line.strip():
            blank = True
        else:
            if blank and not begins and not line[0].isspace():
                inside = False
            inside = inside or begins
            blank = False
        if inside:
            kept.append(line)
    return "\n".join(kept)
