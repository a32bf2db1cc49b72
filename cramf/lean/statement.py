"""What a statement speaks of: free identifiers, notation, and dot notation with the type of its head.

One pass over the tokens. Types are known by their heads alone: `(s t : Set α)` gives `s` and `t` the head
`Set`, so that `s.Finite` is `Set.Finite`. A head is written as

- an identifier or a run of symbols (`Subgroup`, `→+*`), to be resolved where the statement stands;
- `→` for a function;
- `?x` for the type of a variable that the statement itself does not bind, `?x()` for its codomain;
- `@f` for the result type of a declaration;
- any of these followed by `|field`, for the type of that field.
"""

from __future__ import annotations

from cramf.lean.brackets import CLOSERS, OPENERS, Tokens, bracket_end, top_level
from cramf.lean.heads import (
    ARROWS,
    BINDER,
    DEEPEST,
    EXTENDING,
    FARTHEST,
    KEYWORDS,
    PLAIN,
    RELATIONS,
    codomain_head,
    is_glued,
    past_glued,
    run_at,
    type_head,
)
from cramf.lean.lexer import Token, TokenKind, leading_identifier
from cramf.lean.syntax import Uses

__all__ = ["Reader", "is_suffix"]

_WORD = TokenKind.IDENTIFIER
_SHOWN_BINDERS = frozenset("∀Π∑∏")
_BINDER_STOPS = frozenset(", ↦ => : ∈ ∉ < ≤ > ≥ ≠ ⊆ ⊂ ⊇ ⊃ ∣ | := =".split()) | {"in", "with"}
_LIKE = frozenset("∉ < ≤ > ≥ ≠ ⊆ ⊂ ⊇ ⊃ =".split())
_GROUPS = frozenset("( { ⦃".split())
_LETS = frozenset({"let", "have", "set", "letI", "haveI", "let_fun", "suffices"})
_PATTERN_STARTS = frozenset("| , ( ⟨".split())
_ARGUMENTS = (TokenKind.IDENTIFIER, TokenKind.NUMBER, TokenKind.STRING, TokenKind.CHARACTER)
_OF_SETS = frozenset("'' ⁻¹' ×ˢ \\ ∪ ∩ ⋃ ⋂ ⋃₀ ⋂₀".split())
_MOST_BOUND = 500
"""With more names bound than this a part of a declaration is read without them, for the same reason."""


class Reader:
    """Reads spans of one declaration's statement one after the other, binders first.

    `heads` and `codomains` are the type heads of the names bound so far.
    """

    __slots__ = ("_counts", "_dots", "_matching", "_runs", "_shown", "_tokens", "bound", "codomains", "heads")

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._counts: dict[str, int] = {}
        self._shown: set[str] = set()
        self._dots: dict[tuple[str, str], bool] = {}
        self._runs: dict[str, None] = {}
        self._matching = False
        self.bound: set[str] = set()
        self.heads: dict[str, str] = {}
        self.codomains: dict[str, str] = {}

    def inner(self) -> Reader:
        """A reader for a part of the same declaration that is a statement of its own, such as a field."""
        reader = Reader(self._tokens)
        self._copy_into(reader)
        return reader

    def _copy_into(self, reader: Reader) -> None:
        if len(self.bound) <= _MOST_BOUND:
            reader.bound = set(self.bound)
            reader.heads = dict(self.heads)
            reader.codomains = dict(self.codomains)

    def read_group(self, index: int, close: int) -> None:
        """Read the binder group between two brackets."""
        colon = self._bind_group(index, close + 1, True)
        if not colon and self._tokens[index].text != "[":
            self._bind_pattern(index, close + 1)
        self.read(colon + 1 if colon else index + 1, close)

    def uses(self) -> Uses:
        """Everything read so far, without the names that the statement binds itself.

        Binding is judged without regard to where a bound name's scope ends: a name that is bound anywhere
        in a statement counts as local everywhere in it.
        """
        bound = self.bound
        words = [w for w in self._counts if w not in bound]
        return Uses(
            words=tuple(words),
            counts=tuple(self._counts[w] for w in words),
            hidden=frozenset(w for w in words if w not in self._shown),
            dots=tuple((head, field, shown) for (head, field), shown in self._dots.items()),
            runs=tuple(run for run in self._runs if leading_identifier(run) not in bound),
            bound=frozenset(bound),
        )

    def add(self, word: str, shown: bool = True) -> None:
        """Count an identifier, or dot notation where its first component is a bound name of known type."""
        self._counts[word] = self._counts.get(word, 0) + 1
        if shown:
            self._shown.add(word)
        first, dot, rest = word.partition(".")
        if dot and first in self.bound:
            head = self.heads.get(first)
            if head:
                self._dot(head, rest, shown)
            del self._counts[word]

    def declare(self, names: tuple[str, ...] | list[str], start: int, stop: int) -> None:
        """Bind names whose type stands in `start:stop`."""
        head = type_head(self._tokens, start, stop)
        codomain = codomain_head(self._tokens, start, stop) if head == "→" else ""
        for name in names:
            self.bound.add(name)
            self.heads[name] = head
            self.codomains[name] = codomain

    def _dot(self, head: str, field: str, shown: bool) -> None:
        key = (head, field)
        self._dots[key] = self._dots.get(key, False) or shown

    def read(self, start: int, stop: int) -> None:
        """Read the term in `start:stop`."""
        tokens = self._tokens
        counts, shown_words, bound = self._counts, self._shown, self.bound
        brackets: list[int] = []
        binder_groups: set[int] = set()
        hides: dict[int, int] = {}
        hidden_until = start
        closed, opener = -1, -1
        index = start
        while index < stop:
            kind, text, offset = tokens[index]
            if index in hides:
                hidden_until = max(hidden_until, hides[index])
            if kind == _WORD:
                if text in KEYWORDS:
                    index = self._keyword(index, stop, text, brackets, hides)
                    continue
                before = tokens[index - 1] if index > start else None
                glued = before.text if before is not None and before.end == offset else ""
                if glued and text[0] == "_" and is_suffix(text, tokens[index - 1]):
                    # The lexer cannot know that `⟫_` is a token, so it takes `_ℝ` for a name.
                    text = text[1:]
                    glued = "_"
                if glued == "|>.":
                    pass
                elif glued == ".":
                    if closed == index - 2 and tokens[closed].end == offset - 1:
                        self._access(index, opener, index >= hidden_until)
                elif index + 1 < stop and tokens[index + 1].text == ":=" and brackets and glued != "_":
                    pass  # a named argument or a field of a structure instance
                else:
                    shown = index >= hidden_until
                    first, dot, rest = text.partition(".")
                    if dot and first in bound:
                        head = self.heads.get(first)
                        if head:
                            self._dot(head, rest, shown)
                    elif (not text.isascii() or text[-1] == "_") and is_glued(tokens, index, stop):
                        self._runs[run_at(tokens, index, stop)] = None
                        if tokens[index + 1].text in EXTENDING:
                            # `ℝ≥0∞` speaks of no order, `ℕ∞` of no infinity.
                            index = past_glued(tokens, index, stop)
                            continue
                    else:
                        counts[text] = counts.get(text, 0) + 1
                        if shown:
                            shown_words.add(text)
            elif text in OPENERS:
                brackets.append(index)
                if text == "{" and self._set_builder(index, stop, hides):
                    self._bind(index + 1, stop, hides, True)
                elif text in _GROUPS or text == "[":
                    if self._bind_group(index, stop):
                        binder_groups.add(index)
                elif text == "⟦":
                    self._runs[text] = None
            elif text in CLOSERS:
                if brackets:
                    closed, opener = index, brackets.pop()
            elif kind == TokenKind.SYMBOL:
                if text == ":":
                    # What a type ascription says is gone once Lean has elaborated it.
                    ascribed = brackets and tokens[brackets[-1]].text == "(" and index + 1 not in hides
                    if ascribed and brackets[-1] not in binder_groups:
                        hidden_until = max(hidden_until, bracket_end(tokens, brackets[-1], stop))
                elif BINDER.match(text):
                    self._runs[text] = None
                    self._bind(index + 1, stop, hides, text[0] not in _SHOWN_BINDERS)
                elif text == ".":
                    if index + 1 < stop and tokens[index + 1].text == "{":
                        index = bracket_end(tokens, index + 1, stop) + 1  # `Foo.{u, v}` lists universes
                        continue
                elif text == "|":
                    if self._matching:
                        self._bind_alternative(index, stop)
                elif text not in PLAIN:
                    self._runs[run_at(tokens, index, stop)] = None
                    if text[0] in ARROWS:
                        # `→+*` is one token to Lean and speaks of no sum.
                        index = past_glued(tokens, index, stop)
                        continue
            index += 1

    def _keyword(self, index: int, stop: int, text: str, brackets: list[int], hides: dict[int, int]) -> int:
        """Deal with a keyword and give the index to go on from."""
        tokens = self._tokens
        if text == "by":
            # Tactics say nothing of what the statement is about.
            close = tokens.closing[brackets[-1]] if brackets else stop
            return close if index < close < stop else stop
        if text == "fun":
            self._matching = True
            self._bind(index + 1, stop, hides, True)
        elif text in ("Type", "Sort"):
            return _after_universe(tokens, index + 1, stop)
        elif text in ("match", "nomatch"):
            self._matching = True
        elif text == "if" and index + 2 < stop and tokens[index + 2].text == ":":
            if tokens[index + 1].kind == _WORD:
                self.bound.add(tokens[index + 1].text)
        elif text in _LETS and index + 1 < stop:
            following = tokens[index + 1].text
            if following in ("⟨", "("):
                self._bind_pattern(index + 1, stop)
            elif tokens[index + 1].kind == _WORD:
                self.bound.add(following)
        return index + 1

    def _access(self, index: int, opener: int, shown: bool) -> None:
        """Dot notation on a bracketed term: `(f x).field`."""
        tokens = self._tokens
        mark = tokens[opener].text
        if mark not in ("(", "{"):
            return
        head = "Set" if mark == "{" else self.term_head(opener + 1, index - 2)
        if head:
            self._dot(head, tokens[index].text, shown)

    def term_head(self, start: int, stop: int) -> str:
        """Head of the type of the term in `start:stop` where it is plain, else ""."""
        return self._head_of_local(self._term_head(start, stop))

    def _term_head(self, start: int, stop: int, depth: int = 0) -> str:
        """The same, with the name of a bound variable behind a NUL."""
        if depth > DEEPEST:
            return ""
        tokens = self._tokens
        first = ""
        applied = False
        for index in top_level(tokens, start, stop):
            kind, text, _ = tokens[index]
            if text == ":":
                return type_head(tokens, index + 1, stop)
            if text in ("fun", "λ", "∘"):
                return "→"
            if text in RELATIONS or text in ("|", "if", "match", "let", "<|", "$"):
                return ""
            if text in _OF_SETS and index > start:
                return "Set"
            if kind == _WORD and text not in KEYWORDS:
                applied = applied or bool(first and index and _applies(tokens, index))
                first = first or self._name_head(text)
            elif text == "(":
                applied = applied or bool(first)
                first = first or self._term_head(index + 1, bracket_end(tokens, index, stop), depth + 1)
            elif text == "{" and not first:
                return "Set"
        if applied and first.startswith("?") and "|" not in first:
            return f"{first}()"
        if applied and first.startswith("\0"):
            return self.codomains.get(first[1:], "")
        return self._head_of_local(first)

    def _head_of_local(self, head: str) -> str:
        return self.heads.get(head[1:], "") if head.startswith("\0") else head

    def _name_head(self, word: str) -> str:
        first, dot, rest = word.partition(".")
        if first in self.bound:
            head = self.heads.get(first, "")
            if not dot:
                return f"\0{first}" if head else ""
            return "|".join((head, *rest.split("."))) if head else ""
        return f"?{word}"

    def _bind(self, index: int, stop: int, hides: dict[int, int], hide: bool) -> None:
        """Bind the names after a binder symbol, with the type that follows them.

        `hides` takes where each type begins and, if it is to be hidden, where it ends.
        """
        tokens = self._tokens
        names: list[str] = []
        while index < stop:
            kind, text, _ = tokens[index]
            if text in _BINDER_STOPS:
                break
            if kind == _WORD:
                if text in KEYWORDS and text != "_":
                    break
                names.append(text)
            elif text in ("(", "{", "⦃", "[", "⟨"):
                close = bracket_end(tokens, index, stop)
                if text in ("⟨", "("):
                    self._bind_pattern(index, stop)
                colon = self._bind_group(index, stop, True)
                if colon:
                    hides[colon + 1] = close if hide else 0
                elif not colon and text in ("{", "⦃"):
                    self._bind_pattern(index, stop)
                index = close
            elif kind == TokenKind.SYMBOL and text != "_":
                break
            index += 1
        names = [name for name in names if name != "_"]
        self.bound.update(names)
        if index >= stop or not names:
            return
        mark = tokens[index].text
        if mark == ":":
            # The type ends at the bracket around it at the latest, as that of a set builder.
            end = min(tokens.ends[index], stop)
            self.declare(names, index + 1, end)
            hides[index + 1] = end if hide else 0
        elif mark in _LIKE and index + 1 < stop and tokens[index + 1].kind == _WORD:
            other = tokens[index + 1].text
            head = self.heads.get(other, "") if other in self.bound else f"?{other}"
            for name in names:
                self.heads[name] = head

    def _bind_group(self, index: int, stop: int, binder: bool = False) -> int:
        """Bind the names of `(x y : T)` where the group at `index` is a binder; gives its colon, else 0."""
        tokens = self._tokens
        position = index + 1
        names: list[str] = []
        while position < stop and (tokens[position].kind == _WORD or tokens[position].text == "_"):
            names.append(tokens[position].text)
            position += 1
        if position >= stop or tokens[position].text != ":" or not names:
            return 0
        close = bracket_end(tokens, index, stop)
        if not binder:
            # `(f x : ℝ)` may be a type ascription; a binder follows another one or stands before an arrow.
            before = tokens[index - 1].text if index else ""
            after = tokens[close + 1].text if close + 1 < stop else ""
            arrow = after[:1] == "→" or after in ("×", "×'")  # `(a : α) × β a` is a dependent pair
            follows = before in (")", "}", "]", "⦄", "fun") or BINDER.match(before)
            if not (arrow or follows):
                return 0
        self.declare([name for name in names if name != "_"], position + 1, close)
        return position

    def _bind_pattern(self, index: int, stop: int) -> None:
        """Bind the names of an anonymous-constructor or tuple pattern."""
        close = min(bracket_end(self._tokens, index, stop), index + FARTHEST)
        for token in self._tokens[index + 1 : close]:
            if token.text == ":" or (token.text in KEYWORDS and token.text != "_"):
                return
            if token.kind == _WORD and token.text != "_":
                self.bound.add(token.text)

    def _bind_alternative(self, index: int, stop: int) -> None:
        """Bind the names of `| pattern =>`; a dotted name or one with arguments is a constructor."""
        tokens = self._tokens
        for position in range(index + 1, min(stop, index + 40)):
            text = tokens[position].text
            if text in ("=>", "↦"):
                break
            if text in (":=", "|"):
                return
        else:
            return
        for place in range(index + 1, position):
            kind, text, _ = tokens[place]
            if kind != _WORD or "." in text or text in KEYWORDS:
                continue
            following = tokens[place + 1]
            before = tokens[place - 1].text
            if before == ".":
                continue
            if not (
                before in _PATTERN_STARTS
                and (following.kind in _ARGUMENTS or following.text in ("(", "⟨", "_"))
            ):
                self.bound.add(text)

    def _set_builder(self, index: int, stop: int, hides: dict[int, int]) -> bool:
        """Whether `{` at `index` opens `{x | …}`, `{x : T | …}`, `{x ∈ s | …}` or `{x : T // …}`.

        For `{f x | x ∈ s}`, whose names stand behind the bar, they are bound here.
        """
        tokens = self._tokens
        close = bracket_end(tokens, index, stop)
        for position in top_level(tokens, index + 1, close):
            text = tokens[position].text
            if text in (":=", "with"):
                return False
            if text not in ("|", "//"):
                continue
            first, after = tokens[index + 1], tokens[index + 2].text
            if first.kind == _WORD and (position == index + 2 or after in _BINDER_STOPS):
                return True
            if first.text in ("⟨", "(") and text == "|":
                # `{(x, y) | …}` binds by a pattern.
                self._bind_pattern(index + 1, close)
            if text == "|":
                ahead = tokens[position + 1 : min(close, position + FARTHEST)]
                names = [t.text for t in ahead]
                count = next(
                    (n for n, t in enumerate(ahead) if t.kind != _WORD or t.text in KEYWORDS),
                    0,
                )
                following = names[count] if count < len(names) else ""
                if following in ("∈", ":", ",", "⊆", "<", "≤") or (
                    count == 0 and names[:1] in (["("], ["⟨"])
                ):
                    self._bind(position + 1, close, hides, True)
            return False
        return False


def _applies(tokens: Tokens, index: int) -> bool:
    """Whether the token at `index` is an argument of what stands before it."""
    before = tokens[index - 1]
    return before.kind == _WORD or before.text in CLOSERS


def is_suffix(text: str, before: Token) -> bool:
    """Whether `_x` right behind a symbol is the end of notation such as `⟪a, b⟫_x`."""
    plain = before.text in OPENERS or before.text in "@,:."
    return len(text) > 1 and before.kind == TokenKind.SYMBOL and not plain and not text.startswith("_root_")


def _after_universe(tokens: Tokens, index: int, stop: int) -> int:
    """Past the universe level that follows `Type` or `Sort`."""
    if index < stop and tokens[index].text == "*" and tokens[index].start == tokens[index - 1].end:
        return index + 1
    if index < stop and tokens[index].text == "(":
        return bracket_end(tokens, index, stop) + 1
    if index < stop and tokens[index].text in ("max", "imax"):
        index += 1
        while index < stop and tokens[index].kind == _WORD and tokens[index].text not in KEYWORDS:
            index += 1
        return index
    if index < stop and tokens[index].kind == _WORD and tokens[index].text not in KEYWORDS:
        return index + 1
    return index
