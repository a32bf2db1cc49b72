"""The prompt for language models: rules, examples, the retrieved definitions and the statement.

The texts are templates in files of their own; `VERSION` names the set, so that a result can tell it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

from cramf.formalize.types import Request
from cramf.retrieval.types import ConceptMention, Hit

__all__ = ["DEFINITIONS_BUDGET", "VERSION", "Message", "Prompt", "build_prompt"]

VERSION = "formalize-v1"
"""Name of the template set."""
DEFINITIONS_BUDGET = 12_000
"""Characters that the list of definitions may take; Lean text has about three to a token."""
_LONGEST_SIGNATURE = 600
_LONGEST_DOCSTRING = 300
_MOST_CONCEPTS = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `role` is `system` or `user`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a chat model is sent, and the names of the definitions that the budget let in."""

    system: str
    user: str
    definitions: tuple[str, ...]
    version: str = VERSION

    @property
    def messages(self) -> tuple[Message, Message]:
        return Message("system", self.system), Message("user", self.user)


def build_prompt(request: Request, budget: int = DEFINITIONS_BUDGET) -> Prompt:
    """The prompt for a request; the same request always makes the same prompt.

    Definitions are listed in rank order until `budget` characters are used. One that does not fit is tried
    without its docstring before it is left out.
    """
    definitions, names = _definitions(request.definitions, budget)
    concepts = _concepts(request.concepts)
    boundary = _boundary(request.statement, definitions, concepts)
    system = _template("system").substitute(
        toolchain=_line(request.toolchain, 80) or "of Lean 4, version unknown",
        mathlib_commit=_line(request.mathlib_commit, 80) or "unknown",
        boundary=boundary,
        examples=_text("examples").strip(),
    )
    user = _template("user").substitute(
        boundary=boundary,
        concepts=concepts,
        definitions=definitions,
        name=request.name,
        statement=request.statement,
    )
    return Prompt(system.strip(), user.strip(), names)


@cache
def _text(part: str) -> str:
    return (resources.files("cramf.formalize") / "templates" / f"{VERSION}.{part}.txt").read_text("utf-8")


def _template(part: str) -> Template:
    return Template(_text(part))


def _boundary(*data: str) -> str:
    """A marker made from the texts, so that none can hold it (a digest of itself) and end its own block."""
    return hashlib.sha256("\0".join(data).encode()).hexdigest()[:16]


def _line(text: str, longest: int) -> str:
    """The text on one line of at most `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def _definitions(hits: Sequence[Hit], budget: int) -> tuple[str, tuple[str, ...]]:
    entries: list[str] = []
    names: list[str] = []
    left = budget
    for hit in hits:
        entry = _entry(len(entries) + 1, hit, docstring=True)
        if len(entry) + 1 > left:
            entry = _entry(len(entries) + 1, hit, docstring=False)
        if len(entry) + 1 > left:
            break
        left -= len(entry) + 1
        entries.append(entry)
        names.append(hit.name)
    return "\n".join(entries) or "(none were found)", tuple(names)


def _entry(rank: int, hit: Hit, *, docstring: bool) -> str:
    definition = hit.definition
    lines = [f"{rank}. {definition.name} ({definition.kind}, {definition.module})"]
    if definition.signature:
        lines.append(f"   {_line(definition.signature, _LONGEST_SIGNATURE)}")
    if definition.deprecated is not None:
        instead = f", use {definition.deprecated}" if definition.deprecated else ""
        lines.append(f"   deprecated{instead}")
    if docstring and definition.docstring:
        lines.append(f"   -- {_line(definition.docstring, _LONGEST_DOCSTRING)}")
    return "\n".join(lines)


def _concepts(mentions: Sequence[ConceptMention]) -> str:
    lines: dict[str, None] = {}
    for mention in mentions:
        others = f" (or {', '.join(mention.alternatives)})" if mention.alternatives else ""
        lines[f'- "{_line(mention.text, 80)}": {mention.declaration}{others}'] = None
    return "\n".join(list(lines)[:_MOST_CONCEPTS]) or "(none)"
