"""Where each identifier of a statement stands and what binds it there: a walk with lexical scopes.

`cramf.lean.statement` says what a statement speaks of; here every free identifier is told with its place, the
type head of what a dot follows, and how many arguments follow. A binder's scope ends at the bracket around it
or at a comma that parts the fields of a tuple; where that is not sure it is taken too wide rather than too
narrow, so that a bound name is never told as free.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cramf.lean.arguments import MOST_ARGUMENTS, ArgumentReader
from cramf.lean.brackets import CLOSERS, OPENERS, Tokens, bracket_end, top_level
from cramf.lean.heads import (
    ARROWS,
    BINDER,
    EXTENDING,
    FARTHEST,
    KEYWORDS,
    PLAIN,
    is_glued,
    past_glued,
    run_at,
)
from cramf.lean.lexer import TokenKind
from cramf.lean.statement import is_suffix

__all__ = ["Occurrence", "Role", "ScopedReader"]

_WORD = TokenKind.IDENTIFIER
_GROUPS = frozenset("( { ⦃ [".split())
_PLAIN_UNIONS = frozenset("⋃₀ ⋂₀".split())  # they begin like binders and bind nothing
_WORD_BINDERS = frozenset({"𝔼"})  # `𝔼 i ∈ s, f i`, which the lexer takes for a name
_SOFT = {"⁅": "⁆", "⟪": "⟫", "⟮": "⟯", "⦋": "⦌"}
"""Brackets of Mathlib's notation, which part commas as those of Lean do."""
_SOFT_CLOSERS = frozenset(_SOFT.values())
_MOST_SCOPES = 1000
"""With more scopes in one statement names are no longer taken back, so that hostile text stays linear."""


class Role(Enum):
    """How an identifier stands: by itself, behind a dot, or behind a dot that nothing precedes."""

    NAME = "name"
    FIELD = "field"
    LEADING_DOT = "leading dot"
    NOTATION = "notation"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One free identifier, or one use of notation, of a statement.

    `start` is an offset in characters. `head` is the head of the type before the dot, as
    `cramf.lean.statement` writes it ("" if unknown), and `fields` the path behind the dot. `arguments` is how
    many explicit arguments surely follow; `ended` tells that surely no more do.
    """

    role: Role
    text: str
    start: int
    head: str = ""
    fields: str = ""
    sure: bool = True
    """Whether the type before the dot is that of the head and nothing that it is applied to or made into."""
    arguments: tuple[tuple[int, int], ...] = ()
    """Token spans of the explicit arguments that surely follow."""
    kinds: tuple[str, ...] = ()
    """For each argument the head of its type where it is sure: as above, or `?f(n)` for what `f` gives of `n`
    arguments, or "" where nothing is known."""
    ended: bool = False
    explicit: bool = False
    """Whether `@` makes every argument explicit."""
    alone: bool = False
    """Whether it is all that stands behind a colon, as a type."""


class ScopedReader(ArgumentReader):
    """Reads the spans of one declaration as `Reader` does, and lists what it finds in `found`."""

    __slots__ = ("_frames", "_pattern_end", "_scopes", "_soft", "found", "old_lambdas", "old_sums")

    def __init__(self, tokens: Tokens) -> None:
        super().__init__(tokens)
        self.found: list[Occurrence] = []
        self.old_lambdas: list[int] = []
        """Offsets of `λ x, e` with the comma of Lean 3."""
        self.old_sums: list[int] = []
        """Offsets of the `in` of `∑ x in s, f x`, which Mathlib no longer has."""
        self._frames: list[list[_Scope]] = []
        self._soft: list[bool] = []
        self._scopes = 0
        self._pattern_end = 0
        """Up to here the commas are those of a pattern."""

    def inner(self) -> ScopedReader:
        reader = ScopedReader(self._tokens)
        self._copy_into(reader)
        reader.found, reader.old_lambdas, reader.old_sums = self.found, self.old_lambdas, self.old_sums
        return reader

    def add(self, word: str, shown: bool = True) -> None:
        """Markers that the parser adds for default values stand nowhere in the text."""

    def read(self, start: int, stop: int) -> None:
        """Read the term in `start:stop`; names that it binds are free again behind it."""
        frames, soft = self._frames, self._soft
        self._frames, self._soft = [[]], [False]
        self._walk(start, stop)
        self._leave(self._frames[0])
        self._frames, self._soft = frames, soft

    def read_body(self, start: int, stop: int) -> None:
        """Read the body of a definition: `:= term`, `| pattern => term` or `where` with its fields."""
        self._matching = True
        self.read(start, stop)

    def declare(self, names: tuple[str, ...] | list[str], start: int, stop: int) -> None:
        """Bind names; of a type that is itself a bound name no field is known but those of a coercion."""
        super().declare(names, start, stop)
        # `(Set.range f).Finite` is no type whose head stands in front.
        dotted = any(self._tokens[i].text == "." for i in top_level(self._tokens, start, stop))
        for name in names:
            self.heads[name] = "" if dotted else self.known_head(self.heads[name])
            self.codomains[name] = self.known_head(self.codomains[name])

    def known_head(self, head: str) -> str:
        """A head that means the same everywhere: "" for a type variable, `Subtype` for a set as a type."""
        first = head.partition("|")[0].partition(".")[0]
        if first not in self.bound:
            return head
        return "Subtype" if self.heads.get(first) and "." not in head else ""

    def _bind_group(self, index: int, stop: int, binder: bool = False) -> int:
        """As `Reader` does, but a group that no binder symbol precedes binds only before an arrow.

        In `dist (a : ℝ) (b : ℝ)` both are ascriptions; in `(a : A) → (b : B) → C` both are binders.
        """
        if not binder:
            tokens = self._tokens
            after = tokens.closing[index] + 1
            for _ in range(MOST_ARGUMENTS):
                if not (0 < after < stop and tokens[after].text in _GROUPS):
                    break
                after = tokens.closing[after] + 1
            if not (0 < after < stop and (tokens[after].text[0] == "→" or tokens[after].text in ("×", "×'"))):
                return 0
        return super()._bind_group(index, stop, True)

    # -- scopes ----------------------------------------------------------------------------------------------

    def _enter(self, awaiting: bool) -> None:
        """A binder begins in the innermost bracket; `awaiting` the comma before its body."""
        self._scopes += 1
        if self._scopes <= _MOST_SCOPES:
            kept = (set(self.bound), dict(self.heads), dict(self.codomains))
            self._frames[-1].append(_Scope(awaiting, *kept))

    def _leave(self, frame: list[_Scope]) -> None:
        if frame:
            first = frame[0]
            self.bound, self.heads, self.codomains = first.bound, first.heads, first.codomains
            frame.clear()

    def _push(self, soft: bool) -> None:
        self._frames.append([])
        self._soft.append(soft)

    def _pop(self) -> None:
        self._soft.pop()
        self._leave(self._frames.pop())

    def _comma(self, index: int) -> None:
        """A comma is that of the innermost binder that awaits one, or it parts two fields of a tuple."""
        if index < self._pattern_end:
            return
        frame = self._frames[-1]
        for number in range(len(frame) - 1, -1, -1):
            if frame[number].awaiting:
                frame[number].awaiting = False
                del frame[number + 1 :]
                return
        self._leave(frame)

    # -- the walk --------------------------------------------------------------------------------------------

    def _walk(self, start: int, stop: int) -> None:
        tokens = self._tokens
        opened: list[int] = []
        closed, opener = -1, -1
        index = start
        while index < stop:
            kind, text, offset = tokens[index]
            if kind == _WORD:
                if text in _WORD_BINDERS and not is_glued(tokens, index, stop):
                    self._note_run(index, stop)
                    self._enter(True)
                    self._bind(index + 1, stop, {}, True)
                    index += 1
                    continue
                if text in KEYWORDS:
                    index = self._word_of_syntax(index, stop, text, opened)
                    continue
                before = tokens[index - 1] if index > start else None
                glued = before.text if before is not None and before.end == offset else ""
                if glued and text[0] == "_" and is_suffix(text, tokens[index - 1]):
                    text, offset, glued = text[1:], offset + 1, "_"
                if glued == ".":
                    self._behind_dot(index, stop, closed, opener, start)
                elif glued in ("|>.", "`", "%") or self._names_a_value(index, stop, opened):
                    pass  # a pipe's field, a quoted name, or the name of an argument or a field
                elif (
                    index + 1 < stop
                    and tokens[index + 1].text == "%"
                    and tokens[index + 1].start == tokens[index].end
                ):
                    pass  # `finset%` is one token
                else:
                    following = self._identifier(index, stop, text, offset, glued)
                    if following > index:
                        index = following
                        continue
            elif text in OPENERS:
                opened.append(index)
                self._push(False)
                if text == "{":
                    self._enter(False)
                    if self._set_builder(index, stop, {}):
                        self._bind(index + 1, stop, {}, True)
                elif text in _GROUPS:
                    self._bind_group(index, stop)
            elif text in CLOSERS:
                if opened:
                    closed, opener = index, opened.pop()
                    while len(self._soft) > 1 and self._soft[-1]:
                        self._pop()
                    self._pop()
            elif kind == TokenKind.SYMBOL:
                index = self._symbol(index, stop, text)
                continue
            index += 1
        while len(self._frames) > 1:
            self._pop()

    def _names_a_value(self, index: int, stop: int, opened: list[int]) -> bool:
        """Whether the identifier at `index` is the `x` of `(x := v)` or of `{x := v}`."""
        tokens = self._tokens
        if index + 1 >= stop or tokens[index + 1].text != ":=":
            return False
        bracket = tokens[opened[-1]].text if opened else ""
        return bracket == "{" or tokens[index - 1].text in ("(", ",", "[") or not index

    def _symbol(self, index: int, stop: int, text: str) -> int:
        """Deal with a symbol that is no bracket and give the index to go on from."""
        tokens = self._tokens
        if text == ",":
            self._comma(index)
        elif text in _SOFT:
            self._note_run(index, stop)
            self._push(True)
        elif text in _SOFT_CLOSERS:
            if len(self._soft) > 1 and self._soft[-1]:
                self._pop()
        elif text == "λ":
            return self._function(index, stop)
        elif BINDER.match(text) and text not in _PLAIN_UNIONS:
            self._note_run(index, stop)
            self._enter(True)
            self._bind(index + 1, stop, {}, True)
            if text in ("∑", "∏"):
                self._look_for_in(index, stop)
        elif text == ".":
            if index + 1 < stop and tokens[index + 1].text == "{":
                return bracket_end(tokens, index + 1, stop) + 1  # `Foo.{u, v}` lists universes
        elif text == "|":
            if self._matching:
                self._enter(False)
                self._bind_alternative(index, stop)
                ahead = range(index + 1, min(stop, index + MOST_ARGUMENTS))
                self._pattern_end = next((i for i in ahead if self._tokens[i].text in ("=>", "↦")), index)
        elif text not in PLAIN:
            self._note_run(index, stop)
            if text[0] in ARROWS:
                return past_glued(tokens, index, stop)
        return index + 1

    def _look_for_in(self, index: int, stop: int) -> None:
        for position in top_level(self._tokens, index + 1, min(stop, index + MOST_ARGUMENTS)):
            text = self._tokens[position].text
            if text == "in":
                self.old_sums.append(self._tokens[position].start)
            if text in (",", "∈", "in"):
                return

    def _note_run(self, index: int, stop: int) -> None:
        run = run_at(self._tokens, index, stop)
        self.found.append(Occurrence(Role.NOTATION, run, self._tokens[index].start))

    def _function(self, index: int, stop: int) -> int:
        """`fun` or `λ`: bind what it binds. With a comma for its arrow it is Lean 3."""
        self._matching = True
        self._enter(False)
        self._bind(index + 1, stop, {}, True)
        tokens = self._tokens
        comma = -1
        for position in top_level(tokens, index + 1, min(stop, index + FARTHEST)):
            text = tokens[position].text
            if text in ("=>", "↦"):
                return index + 1
            if text == "," and comma < 0:
                comma = position
            if text in (":=", *CLOSERS):
                break
        if comma >= 0:
            self.old_lambdas.append(tokens[index].start)
            if self._frames[-1]:
                self._frames[-1][-1].awaiting = True
        return index + 1

    def _word_of_syntax(self, index: int, stop: int, text: str, opened: list[int]) -> int:
        if text == "fun":
            return self._function(index, stop)
        if text in ("let", "have", "letI", "haveI", "set", "suffices", "if", "match"):
            self._enter(False)
        return self._keyword(index, stop, text, opened, {})

    def _behind_dot(self, index: int, stop: int, closed: int, opener: int, start: int) -> None:
        """An identifier behind a dot: a field of a bracketed term, or of whatever type is expected."""
        tokens = self._tokens
        text, offset = tokens[index].text, tokens[index].start
        if closed == index - 2 and tokens[closed].end == offset - 1:
            if tokens[opener].text in ("(", "{"):
                head, sure = ("Set", False) if tokens[opener].text == "{" else self.receiver(opener, closed)
                spans, ended = self.arguments(index + 1, stop)
                made = Occurrence(Role.FIELD, f".{text}", offset, head, text, sure, spans, (), ended)
                self.found.append(made)
        elif index - 2 < start or tokens[index - 2].end < offset - 1 or tokens[index - 2].text in _BEFORE_DOT:
            self.found.append(Occurrence(Role.LEADING_DOT, text, offset))

    def _identifier(self, index: int, stop: int, text: str, offset: int, glued: str) -> int:
        """A plain identifier; gives an index behind it where more than it was read, else `index`."""
        tokens = self._tokens
        first, dot, rest = text.partition(".")
        if first in self.bound:
            if dot:
                spans, ended = self.arguments(index + 1, stop)
                head = self.heads.get(first, "")
                self.found.append(Occurrence(Role.FIELD, text, offset, head, rest, True, spans, (), ended))
            return index
        if (not text.isascii() or text[-1] == "_") and is_glued(tokens, index, stop):
            run = run_at(tokens, index, stop)
            self.found.append(Occurrence(Role.NOTATION, run, offset))
            return past_glued(tokens, index, stop) if tokens[index + 1].text in EXTENDING else index
        # What is itself an argument takes none: in `f g x` both are those of `f`.
        spans, ended = ((), False) if self.is_argument(index) else self.arguments(index + 1, stop)
        made = Occurrence(
            Role.NAME,
            text,
            offset,
            arguments=spans,
            kinds=tuple(self.kind_of(begin, end) for begin, end in spans),
            ended=ended,
            explicit=glued == "@",
            alone=index > 0
            and tokens[index - 1].text in (":", "[")
            and (index + 1 >= stop or tokens[index + 1].text in (")", "]", "}", ":=")),
        )
        self.found.append(made)
        return index


_BEFORE_DOT = OPENERS | {",", "=>", "↦"}


@dataclass(slots=True)
class _Scope:
    """What was bound before a binder."""

    awaiting: bool
    bound: set[str]
    heads: dict[str, str]
    codomains: dict[str, str]
