"""Reading a language model's reply: from chatter, fences and proofs to one Lean statement.

What is decided here, so that two runs never differ:

- Reasoning in `<think>` tags is dropped. Fenced blocks come before bare text, blocks tagged `lean` (or untagged)
  before blocks of another tag. A block of definitions straight before the theorem's block belongs to it,
  unless the theorem's block has imports of its own and so stands alone.
- Of several theorems, the last complete one that bears the requested name is taken, else the last complete one:
  models put a revised answer last. The other theorems are dropped; definitions before the chosen one are kept.
- A theorem is complete once its top-level `:=` was read; a proof that was cut off after it does no harm. A reply
  that ends inside a theorem's statement is an error even if an earlier theorem is complete, since that one may be a
  mere helper.
- The header is the leading run of `open`, `universe`, `variable`, `noncomputable section` and harmless
  `set_option` commands below `import Mathlib`; other imports are dropped, for `import Mathlib` is all that candidates
  may use. Everything else stays in order with the statement, where the checkers judge it.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cramf.check.verdict import Candidate
from cramf.errors import BackendError

__all__ = ["MAX_REPLY", "ParsedReply", "UnreadableReply", "parse_reply"]

MAX_REPLY = 200_000
"""Longest reply that is read, in characters."""

_THEOREMS = frozenset({"theorem", "lemma", "example"})
_MODIFIERS = frozenset(
    "private protected public noncomputable unsafe partial nonrec local scoped meta".split()
)
_SCOPED_IN = frozenset({"open", "set_option", "omit", "include", "variable", "universe", "attribute"})
_COMMANDS = (
    frozenset(
        "def abbrev structure class inductive coinductive instance axiom opaque irreducible_def mutual namespace "
        "section end import export alias notation notation3 infix infixl infixr prefix postfix macro "
        "macro_rules syntax elab elab_rules declare_syntax_cat initialize builtin_initialize run_cmd run_elab "
        "run_meta deriving universes simproc register_simp_attr".split()
    )
    | _SCOPED_IN
    | _MODIFIERS
)
_BINDERS = frozenset({"let", "have", "letI", "haveI", "let_fun", "set", "obtain"})
_OPENERS = frozenset("([{⟨⦃⟦⟮")
_CLOSERS = frozenset(")]}⟩⦄⟧⟯")
_NUMERIC_OPTIONS = frozenset(
    {"maxHeartbeats", "maxRecDepth", "synthInstance.maxHeartbeats", "synthInstance.maxSize"}
)
# Switched on, these turn a misspelt name into a fresh variable, and a wrong statement compiles.
_OFF_ONLY_OPTIONS = frozenset({"autoImplicit", "relaxedAutoImplicit"})

_PART = r"(?:[^\W\d][\w'!?]*|«[^»\n]*»)"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)|(?P<line>--[^\n]*)|(?P<block>/-)
    |(?P<string>r(?P<hash>\#*)".*?"(?P=hash)|"(?:[^"\\]|\\.)*"?)
    |(?P<quote>''|⁻¹')|(?P<char>'(?:\\[^\n]{{1,8}}?|[^'\\\n])')
    |(?P<word>{_PART}(?:\.{_PART})*)|(?P<number>\d+)|(?P<symbol>:=|=>|::|@\[|.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/-|-/")
_FENCE = re.compile(r"^\s*(?P<run>`{3,}|~{3,})(?P<info>.*)$")
_TAG = re.compile(r"\{?\.?([\w+.#-]*)\}?")
_LEAN_TAGS = frozenset({"", "lean", "lean4", "lean-4", "lean3"})
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


class UnreadableReply(BackendError):
    """A reply in which no complete Lean theorem can be found."""


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """The candidate read from a reply, and what a reader must know of how it was read."""

    candidate: Candidate
    notes: tuple[str, ...] = ()


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int
    column: int
    first: bool
    """Nothing but blanks stands before it on its line."""

    @property
    def code(self) -> bool:
        return self.kind not in ("line", "block")


@dataclass(frozen=True, slots=True)
class _Block:
    code: str
    tag: str
    closed: bool


@dataclass(frozen=True, slots=True)
class _Theorem:
    keyword: _Token
    name: _Token | None
    end: int | None
    """Where the statement's type ends, before the top-level `:=`; None if it was not reached."""
    sorry: bool


@dataclass(frozen=True, slots=True)
class _Command:
    """One Lean command with the docstring, attributes, modifiers and `… in` before it."""

    text: str
    start: int
    tokens: tuple[_Token, ...]
    head: int
    theorem: _Theorem | None

    @property
    def keyword(self) -> str:
        return self.tokens[self.head].text if self.head < len(self.tokens) else ""

    @property
    def source(self) -> str:
        return self.text[self.start : self.tokens[-1].end]


def parse_reply(reply: str, name: str) -> ParsedReply:
    """The Lean statement in a model's reply, renamed to `name` and with its proof replaced by `sorry`.

    Control and invisible formatting characters are removed first: they cannot occur in a Lean statement,
    and could deceive a reader of the terminal.

    Raises:
        UnreadableReply: where the reply is empty, over-long, cut off, or has no complete theorem.
    """
    if len(reply) > MAX_REPLY:
        raise UnreadableReply(
            f"the reply is longer than {MAX_REPLY:,} characters", "ask the model for one theorem only"
        )
    text = _without_reasoning(_plain(reply))
    if not text.strip():
        raise UnreadableReply("the reply is empty", "try again or try another model")
    blocks = _fenced(text)
    lean = [b for b in blocks if b.tag in _LEAN_TAGS]
    bare = [_Block(_bare_code(text), "", closed=False)]
    seen_theorem = False
    for pool in (lean, blocks, bare):
        read = [_commands(textwrap.dedent(block.code)) for block in pool]
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
        raise UnreadableReply(
            "the theorem in the reply is cut off or has no `:=`",
            "allow the model a longer answer, or try another model",
        )
    raise UnreadableReply(
        "no Lean theorem in the reply", "try again, or try a model that was trained on Lean 4"
    )


def _plain(text: str) -> str:
    """The text with plain newlines and without control and invisible formatting characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def _without_reasoning(text: str) -> str:
    # Chat templates often swallow the opening tag, so that only the closing one is seen.
    text = text.rpartition("</think>")[2]
    return text.partition("<think>")[0]


def _fenced(text: str) -> list[_Block]:
    """Fenced blocks in order; the last may be unclosed. Text on the fence's own line counts as code."""
    blocks: list[_Block] = []
    run, tag = "", ""
    code: list[str] = []
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if run and fence and fence["run"].startswith(run) and not fence["info"].strip():
            blocks.append(_Block("\n".join(code), tag, closed=True))
            run = ""
            continue
        if fence and fence["run"][0] not in fence["info"]:
            if run:
                # A tagged fence inside an open block: the model forgot to close the first.
                blocks.append(_Block("\n".join(code), tag, closed=True))
            run = fence["run"]
            tag, rest = _split_info(fence["info"])
            code = [rest] if rest else []
        elif fence and not run:
            tag, rest = _split_info(fence["info"].strip().rstrip(fence["run"][0]))
            blocks.append(_Block(rest, tag, closed=True))
        elif run and line.rstrip().endswith(run):
            code.append(line.rstrip()[: -len(run)])
            blocks.append(_Block("\n".join(code), tag, closed=True))
            run = ""
        elif run:
            code.append(line)
    if run:
        blocks.append(_Block("\n".join(code), tag, closed=False))
    return blocks


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
    """Lines of an unfenced reply that read as Lean: from a line that begins a command to a blank line before prose."""
    kept: list[str] = []
    inside = blank = False
    for raw in text.split("\n"):
        line = raw.lstrip("`") if raw.startswith("`") else raw
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


def _lex(text: str) -> list[_Token]:
    """Tokens of Lean text without blanks; comments are tokens, and an unclosed one runs to the end."""
    tokens: list[_Token] = []
    at = line_start = 0
    first = True
    while match := _TOKEN.match(text, at):
        kind, end = match.lastgroup or "symbol", match.end()
        if match["string"] is not None:
            kind = "string"
        if kind == "block":
            end = _comment_end(text, at)
        lexeme = text[at:end]
        if kind != "space":
            tokens.append(_Token(kind, lexeme, at, end, at - line_start, first))
            first = False
        if "\n" in lexeme:
            line_start = at + lexeme.rfind("\n") + 1
            first = True
        at = end
    return tokens


def _comment_end(text: str, start: int) -> int:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, start + 2):
        depth += 1 if edge[0] == "/-" else -1
        if depth == 0:
            return edge.end()
    return len(text)


def _begins(token: _Token) -> bool:
    """Whether a command begins at this token."""
    if token.kind == "word":
        # Reserved words: nothing but the command can be meant, wherever they stand.
        if token.text in ("theorem", "lemma") or (token.text == "example" and token.first):
            return True
        return token.first and token.text in _COMMANDS and (token.column == 0 or token.text not in _SCOPED_IN)
    if not token.first or token.column:
        return False
    return token.text in ("@[", "#") or token.text.startswith(("/--", "/-!"))


def _commands(text: str) -> list[_Command]:
    """Commands of Lean text in order; what stands before the first one is left out."""
    tokens = _lex(text)
    starts = [i for i, token in enumerate(tokens) if _begins(token)]
    commands: list[_Command] = []
    begin: int | None = None
    for start, stop in zip(starts, [*starts[1:], len(tokens)], strict=True):
        begin = start if begin is None else begin
        part = tuple(tokens[begin:stop])
        head = _head(part)
        if head == len(part) and stop < len(tokens):
            continue
        commands.append(_Command(text, part[0].start, part, head, _theorem(part, head)))
        begin = None
    return commands


def _head(tokens: Sequence[_Token]) -> int:
    """Index of the command's own keyword, after docstrings, attributes, modifiers and `open … in`."""
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if not token.code or (token.kind == "word" and token.text in _MODIFIERS):
            i += 1
        elif token.text == "@[":
            i = _group_end(tokens, i)
        elif token.kind == "word" and token.text in _SCOPED_IN:
            depth = 0
            for j in range(i + 1, len(tokens)):
                depth += (tokens[j].text in _OPENERS) - (tokens[j].text in _CLOSERS)
                if tokens[j].text == "in" and depth == 0:
                    i = j + 1
                    break
            else:
                return i
        else:
            return i
    return i


def _group_end(tokens: Sequence[_Token], start: int) -> int:
    depth = 0
    for i in range(start, len(tokens)):
        depth += (tokens[i].text in _OPENERS or tokens[i].text == "@[") - (tokens[i].text in _CLOSERS)
        if depth == 0:
            return i + 1
    return len(tokens)


def _theorem(tokens: Sequence[_Token], head: int) -> _Theorem | None:
    """The theorem that begins at `head`, or None where another command does."""
    if head >= len(tokens) or tokens[head].kind != "word" or tokens[head].text not in _THEOREMS:
        return None
    rest = [t for t in tokens[head + 1 :] if t.code]
    named = bool(rest) and rest[0].kind == "word" and tokens[head].text != "example"
    name = rest[0] if named else None
    depth, colon, match_seen = 0, False, False
    pending: list[int] = []
    for i, token in enumerate(rest):
        if token.kind == "symbol" and token.text in _OPENERS:
            depth += 1
        elif token.kind == "symbol" and token.text in _CLOSERS:
            depth -= 1
            while pending and pending[-1] > depth:
                pending.pop()
        elif token.kind == "word" and token.text == "match":
            match_seen = True
        elif token.kind == "word" and token.text in _BINDERS:
            pending.append(depth)
        elif token.text in (":=", "=>") and pending and pending[-1] == depth:
            # The `:=` of a `let` in the statement; `let f | 0 => …` has `=>` in its place.
            pending.pop()
        elif depth == 0 and token.text == ":" and not colon:
            colon = True
        elif depth == 0 and (
            token.text == ":=" or (token.text == "|" and not match_seen and _equations(rest[i:]))
        ):
            if not colon or rest[i - 1].text == ":":
                return _Theorem(tokens[head], name, None, sorry=False)
            proof = [t.text for t in rest[i + 1 :]]
            return _Theorem(tokens[head], name, rest[i - 1].end, proof in (["by", "sorry"], ["sorry"]))
    return _Theorem(tokens[head], name, None, sorry=False)


def _equations(tokens: Sequence[_Token]) -> bool:
    """Whether a `|` begins the proof `| 0 => …` rather than an absolute value."""
    if not tokens[0].first:
        return False
    depth = 0
    for token in tokens:
        depth += (token.text in _OPENERS) - (token.text in _CLOSERS)
        if depth == 0 and token.text in (":=", "=>"):
            return token.text == "=>"
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
    header, body = ["import Mathlib"], []
    dropped = []
    for command in before:
        if command.theorem:
            continue
        if command.keyword == "import":
            dropped += [t.text for t in command.tokens[1:] if t.kind == "word" and t.text != "Mathlib"]
        elif not body and _is_header(command):
            header.append(_strip_comments(command))
        else:
            body.append(command.source)
    if dropped:
        notes.append(f"imports dropped, `import Mathlib` stands in their place: {', '.join(dropped)}")
    if theorems > 1:
        taken = f"`{_name_of(chosen)}`" if _name_of(chosen) else "the last complete one"
        notes.append(f"the reply held {theorems} theorems; {taken} was taken")
    if not theorem.sorry:
        notes.append("the reply held a proof; `sorry` stands in its place")
    prefix = "".join(
        chosen.text[t.start : following.start]
        for t, following in zip(chosen.tokens[: chosen.head], chosen.tokens[1 : chosen.head + 1], strict=True)
        # A private name could not be referred to by the checkers.
        if t.text not in ("private", "protected", "public")
    )
    root = "_root_." if _in_namespace(before) else ""
    rest = chosen.text[theorem.name.end if theorem.name else theorem.keyword.end : theorem.end]
    statement = f"{prefix}theorem {root}{name}{'' if theorem.name else ' '}{rest.lstrip(' ')}"
    if rest.startswith(" ") and theorem.name:
        statement = f"{prefix}theorem {root}{name} {rest.lstrip(' ')}"
    body.append(f"{statement} := by sorry")
    return ParsedReply(Candidate(name, "\n".join(header), "\n\n".join(body)), tuple(notes))


def _strip_comments(command: _Command) -> str:
    code = [t for t in command.tokens if t.code]
    return command.text[code[0].start : code[-1].end]


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
    code = [t for t in command.tokens if t.code]
    words = [t.text for t in code]
    rest = code[1:]
    match words[0]:
        case "open":
            plain = all(t.kind == "word" or t.text in ("(", ")", "→") for t in rest)
            return bool(rest) and plain and not any(t.text in _COMMANDS - {"scoped"} for t in rest)
        case "universe":
            return bool(rest) and all(t.kind == "word" and t.text not in _COMMANDS for t in rest)
        case "variable":
            return _only_binders(rest)
        case "set_option":
            return _harmless_option(words[1:])
        case "noncomputable":
            return words[1:2] == ["section"] and len(words) <= 3
    return False


def _only_binders(tokens: Sequence[_Token]) -> bool:
    depth, outside = 0, not tokens
    for token in tokens:
        opens = token.text in _OPENERS
        outside = outside or (depth == 0 and not opens)
        depth += opens - (token.text in _CLOSERS)
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
