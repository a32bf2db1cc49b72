"""Reading a language model's reply: from chatter, fences and proofs to one Lean statement.

What is decided here, so that two runs never differ:

- Reasoning in `<think>` tags is dropped. Where code is looked for, `cramf.formalize.reply_blocks` says.
  Blocks of definitions straight before the theorem's block belong to it, unless it has imports of its own and
  so stands alone.
- Of several theorems, the last complete one that bears the requested name is taken, else the last complete
  one: models put a revised answer last. Other theorems are dropped; definitions before it are kept.
- A theorem is complete once its top-level `:=` was read; a proof cut off after it does no harm. A reply that
  ends inside a theorem's statement is an error even if an earlier one is complete: that may be a mere helper.
- The header is the leading run of `open`, `universe`, `variable`, `noncomputable section` and harmless
  `set_option` commands below `import Mathlib`; other imports are dropped, for candidates may use no other,
  and so is `set_option autoImplicit true`, under which a misspelt name becomes a fresh variable and a wrong
  statement compiles. Everything else is the helper text, in its order, where the checkers judge it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cramf.check.verdict import Candidate
from cramf.errors import BackendError
from cramf.formalize.reply_blocks import clean_text, pools
from cramf.lean.commands import RawCommand, SourceText, split_commands
from cramf.lean.lexer import Token, TokenKind

__all__ = ["MAX_REPLY", "ParsedReply", "UnreadableReplyError", "parse_reply"]

MAX_REPLY = 200_000
"""Longest reply that is read, in characters."""
_MOST_READINGS = 8

_THEOREMS = frozenset({"theorem", "lemma", "example"})
_BINDERS = frozenset({"let", "have", "letI", "haveI", "let_fun", "set", "obtain"})
_OPENERS = frozenset("( [ { ⟨ ⦃ ⟦ ⟮ @[ #[ %[ $(".split())
_CLOSERS = frozenset(") ] } ⟩ ⦄ ⟧ ⟯".split())
_NUMERIC_OPTIONS = frozenset(
    {"maxHeartbeats", "maxRecDepth", "synthInstance.maxHeartbeats", "synthInstance.maxSize"}
)
_OFF_ONLY_OPTIONS = frozenset({"autoImplicit", "relaxedAutoImplicit"})


class UnreadableReplyError(BackendError):
    """A reply in which no complete Lean theorem can be found."""


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """The candidate read from a reply, and what a reader must know of how it was read."""

    candidate: Candidate
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Theorem:
    keyword: Token
    name: Token | None
    end: int | None
    """Where the statement's type ends, before the top-level `:=`; None if it was not reached."""
    sorry: bool


@dataclass(frozen=True, slots=True)
class _Command:
    """One Lean command; `start` is the offset of its docstring, attributes, modifiers or `… in` before it."""

    text: str
    start: int
    prelude: tuple[Token, ...]
    tokens: tuple[Token, ...]
    theorem: _Theorem | None

    @property
    def keyword(self) -> str:
        return self.tokens[0].text

    @property
    def source(self) -> str:
        return self.text[self.start : self.tokens[-1].end]


def parse_reply(reply: str, name: str) -> ParsedReply:
    """The Lean statement in a model's reply, renamed to `name` and with its proof replaced by `sorry`.

    Control and invisible formatting characters are removed first: they cannot occur in a Lean statement,
    and could deceive a reader of the terminal. What is returned reads the same when it is read again.

    Raises:
        UnreadableReplyError: where the reply is empty, over-long, cut off, or has no complete theorem.
    """
    if len(reply) > MAX_REPLY:
        raise UnreadableReplyError(
            f"the reply is longer than {MAX_REPLY:,} characters", "ask the model for one theorem only"
        )
    parsed = _read(reply, name)
    notes = dict.fromkeys(parsed.notes)
    # Dropping a part of broken Lean can make new commands of what stood around it.
    for _ in range(_MOST_READINGS):
        again = _read(f"```lean\n{parsed.candidate.source}```", name)
        if again.candidate == parsed.candidate:
            return ParsedReply(parsed.candidate, tuple(notes))
        parsed = again
        notes.update(dict.fromkeys(again.notes))
    raise UnreadableReplyError("the Lean in the reply is too broken to be read", "try again")


def _read(reply: str, name: str) -> ParsedReply:
    text = clean_text(reply)
    if not text.strip():
        raise UnreadableReplyError("the reply is empty", "try again or try another model")
    seen_theorem = False
    for pool in pools(text):
        read = [_commands(block.code) for block in pool]
        theorems = [(i, c) for i, commands in enumerate(read) for c in commands if c.theorem]
        if not theorems:
            continue
        seen_theorem = True
        last_block, last = theorems[-1]
        if last.theorem and last.theorem.end is None and not pool[last_block].closed:
            break
        complete = [(i, c) for i, c in theorems if c.theorem and c.theorem.end is not None]
        if complete:
            named = [(i, c) for i, c in complete if _name_of(c) == name]
            where, chosen = (named or complete)[-1]
            return _assemble(_preamble(read, where, chosen), chosen, name, len(theorems))
    if seen_theorem:
        raise UnreadableReplyError(
            "the theorem in the reply is cut off or has no `:=`",
            "allow the model a longer answer, or try another model",
        )
    raise UnreadableReplyError(
        "no Lean theorem in the reply", "try again, or try a model that was trained on Lean 4"
    )


def _commands(text: str) -> list[_Command]:
    """Commands of Lean text in order; what stands before the first one is left out."""
    source = SourceText.read(text)
    commands: list[_Command] = []
    begin: int | None = None
    for raw in split_commands(source):
        begin = raw.start if begin is None else begin
        # `open X in` belongs to the command after it.
        if raw.scoped_in and raw.end < len(source.tokens):
            continue
        commands.append(_command(source, begin, raw))
        begin = None
    return commands


def _command(source: SourceText, begin: int, raw: RawCommand) -> _Command:
    prelude = tuple(source.tokens[begin : raw.keyword])
    tokens = tuple(source.tokens[raw.keyword : raw.end])
    theorem = _theorem(source, raw) if tokens[0].text in _THEOREMS else None
    return _Command(source.text, source.tokens[begin].start, prelude, tokens, theorem)


def _theorem(source: SourceText, raw: RawCommand) -> _Theorem:
    """Where a theorem's name and statement are; the statement ends before the `:=` that no `let` claims."""
    tokens = source.tokens
    keyword, start = tokens[raw.keyword], raw.keyword + 1
    named = start < raw.end and tokens[start].kind == TokenKind.IDENTIFIER and keyword.text != "example"
    name = tokens[start] if named else None
    depth, colon, match_seen = 0, False, False
    pending: list[int] = []
    for i in range(start, raw.end):
        text = tokens[i].text
        if text in _OPENERS:
            depth += 1
        elif text in _CLOSERS:
            depth -= 1
            while pending and pending[-1] > depth:
                pending.pop()
        elif text == "match":
            match_seen = True
        elif text in _BINDERS:
            pending.append(depth)
        elif text in (":=", "=>") and pending and pending[-1] == depth:
            # The `:=` of a `let` in the statement; `let f | 0 => …` has `=>` in its place.
            pending.pop()
        elif depth == 0 and text == ":" and not colon:
            colon = True
        elif depth == 0 and (
            text == ":=" or (text == "|" and not match_seen and _equations(source, i, raw.end))
        ):
            if not colon or tokens[i - 1].text == ":":
                break
            proof = [t.text for t in tokens[i + 1 : raw.end]]
            return _Theorem(keyword, name, tokens[i - 1].end, proof in (["by", "sorry"], ["sorry"]))
    return _Theorem(keyword, name, None, sorry=False)


def _equations(source: SourceText, index: int, stop: int) -> bool:
    """Whether a `|` begins the proof `| 0 => …` rather than an absolute value."""
    depth = 0
    for token in source.tokens[index:stop]:
        depth += (token.text in _OPENERS) - (token.text in _CLOSERS)
        if depth == 0 and token.text in (":=", "=>"):
            return token.text == "=>" and source.first_on_line(index)
    return False


def _name_of(command: _Command) -> str | None:
    return command.theorem.name.text if command.theorem and command.theorem.name else None


def _preamble(read: Sequence[Sequence[_Command]], where: int, chosen: _Command) -> list[_Command]:
    """Commands before the chosen theorem: of its block, and of blocks of mere definitions straight before."""
    own = read[where]
    before = list(own[: own.index(chosen)])
    if not any(c.keyword == "import" for c in own):
        for earlier in reversed(read[:where]):
            if any(c.theorem for c in earlier):
                break
            before = [*earlier, *before]
    return before


def _assemble(before: Sequence[_Command], chosen: _Command, name: str, theorems: int) -> ParsedReply:
    theorem = chosen.theorem
    assert theorem is not None and theorem.end is not None
    notes: list[str] = []
    header: list[str] = ["import Mathlib"]
    body: list[str] = []
    dropped: list[str] = []
    for command in before:
        if command.theorem:
            continue
        if command.keyword == "import":
            dropped += [t.text for t in command.tokens[1:] if t.text != "Mathlib"]
        elif _turns_on(command, _OFF_ONLY_OPTIONS):
            notes.append(f"dropped: {' '.join(command.source.split())}")
        elif not body and _is_header(command):
            header.append(command.source)
        else:
            body.append(command.source)
    if dropped:
        notes.append(f"imports dropped, `import Mathlib` stands in their place: {', '.join(dropped)}")
    if theorems > 1:
        taken = f"`{_name_of(chosen)}`" if _name_of(chosen) else "the last complete one"
        notes.append(f"the reply held {theorems} theorems; {taken} was taken")
    if not theorem.sorry:
        notes.append("the reply held a proof; `sorry` stands in its place")
    tokens = (*chosen.prelude, theorem.keyword)
    prefix = "".join(
        chosen.text[t.start : following.start]
        for t, following in pairwise(tokens)
        # A private name could not be referred to by the checkers.
        if t.text not in ("private", "protected", "public")
    )
    root = "_root_." if _in_namespace(before) else ""
    rest = chosen.text[theorem.name.end if theorem.name else theorem.keyword.end : theorem.end]
    # `{` of `.{u}` and binders may touch the name, but an example's binders would run into it.
    gap = "" if theorem.name or rest[:1].isspace() else " "
    statement = f"{prefix}theorem {root}{name}{gap}{rest}"
    candidate = Candidate(name, "\n".join(header), f"{statement} := by sorry", "\n\n".join(body))
    return ParsedReply(candidate, tuple(notes))


def _in_namespace(commands: Sequence[_Command]) -> bool:
    """Whether a `namespace` is still open after these commands."""
    scopes: list[str] = []
    for command in commands:
        if command.keyword in ("namespace", "section"):
            scopes.append(command.keyword)
        elif command.keyword == "end" and scopes:
            scopes.pop()
    return "namespace" in scopes


def _is_header(command: _Command) -> bool:
    """Whether a command sets nothing but the scope, and has nothing behind it on its line."""
    rest = command.tokens[1:]
    words = [t.text for t in rest]
    modifiers = [t.text for t in command.prelude]
    names = [t for t in rest if t.kind == TokenKind.IDENTIFIER]
    if modifiers and (command.keyword != "section" or modifiers != ["noncomputable"]):
        return False
    match command.keyword:
        case "open":
            return bool(names) and len(names) + sum(w in ("(", ")", "→", "->") for w in words) == len(words)
        case "universe":
            return bool(names) and len(names) == len(words)
        case "variable":
            return _only_binders(words)
        case "set_option":
            return _harmless_option(words)
        case "section":
            return bool(modifiers) and len(words) <= 1
    return False


def _turns_on(command: _Command, options: frozenset[str]) -> bool:
    words = [t.text for t in command.tokens]
    return words[0] == "set_option" and words[1:2] != [] and words[1] in options and words[2:] != ["false"]


def _only_binders(words: Sequence[str]) -> bool:
    depth, outside = 0, not words
    for word in words:
        opens = word in _OPENERS
        outside = outside or (depth == 0 and not opens)
        depth += opens - (word in _CLOSERS)
    return depth == 0 and not outside


def _harmless_option(words: Sequence[str]) -> bool:
    if len(words) != 2:
        return False
    option, value = words
    if option in _NUMERIC_OPTIONS:
        return value.isdecimal()
    if option in _OFF_ONLY_OPTIONS:
        return value == "false"
    return option.startswith(("pp.", "linter.")) and value in ("true", "false")
