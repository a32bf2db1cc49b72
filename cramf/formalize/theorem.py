"""Where the parts of a theorem are in Lean text: its name, its binder groups and its goal."""

from __future__ import annotations

from dataclasses import dataclass

from cramf.check.verdict import Candidate
from cramf.lean.brackets import Tokens, bracket_end, top_level
from cramf.lean.commands import RawCommand, SourceText, split_commands
from cramf.lean.declarations import signature_end
from cramf.lean.lexer import TokenKind

__all__ = ["TheoremText", "read_theorem", "renamed"]

_THEOREMS = frozenset({"theorem", "lemma"})
_GROUPS = frozenset("( { ⦃ [".split())


@dataclass(frozen=True, slots=True)
class TheoremText:
    """The last theorem of a text by token indices; `groups` are the binder groups of its head with both
    brackets, `goal` is what it states, and `stop` is where its statement ends."""

    source: SourceText
    command: RawCommand
    name: int
    groups: tuple[tuple[int, int], ...]
    goal: tuple[int, int]
    stop: int

    @property
    def tokens(self) -> Tokens:
        return self.source.tokens


def read_theorem(text: str) -> TheoremText | None:
    """The last theorem or lemma of a text, None where there is none with a name and a goal."""
    source = SourceText.read(text.replace("\r\n", "\n"))
    tokens = source.tokens
    commands = [raw for raw in split_commands(source) if tokens[raw.keyword].text in _THEOREMS]
    if not commands:
        return None
    raw = commands[-1]
    name = raw.keyword + 1
    if name >= raw.end or tokens[name].kind != TokenKind.IDENTIFIER:
        return None
    at = name + 1
    if at + 1 < raw.end and tokens[at].text == "." and tokens[at + 1].text == "{":
        at = bracket_end(tokens, at + 1, raw.end) + 1
    stop = signature_end(source, at, raw.end)
    groups: list[tuple[int, int]] = []
    for index in top_level(tokens, at, stop):
        if tokens[index].text == ":":
            return TheoremText(source, raw, name, tuple(groups), (index + 1, stop), stop)
        if tokens[index].text in _GROUPS:
            groups.append((index, bracket_end(tokens, index, stop)))
    return None


def renamed(candidate: Candidate, name: str) -> Candidate:
    """The candidate with its theorem under another name; as it is where the theorem cannot be found."""
    found = read_theorem(candidate.statement)
    if found is None:
        return candidate
    token = found.tokens[found.name]
    root = "_root_." if token.text.startswith("_root_.") else ""
    text = found.source.text
    statement = f"{text[: token.start]}{root}{name}{text[token.end :]}"
    return Candidate(name, candidate.header, statement, candidate.helper)
