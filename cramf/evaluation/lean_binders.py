"""Binders, brackets and what else begins with a word: the other half of the reader of terms."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from cramf.evaluation.bound import Bound, bind
from cramf.evaluation.lean_operators import BIG, INFIX
from cramf.evaluation.lean_terms import TermReader, UnparsedError
from cramf.evaluation.tree import HOLE, Tree, name, variable
from cramf.lean.lexer import TokenKind

__all__ = ["StatementReader"]

_IDENTIFIER = TokenKind.IDENTIFIER
_GROUPS = frozenset("( { ⦃ [".split())
_QUANTIFIERS = {"Π": "∀", "∀": "∀", "∃": "∃", "∃!": "∃!"}
_FINITE = frozenset("∑ ∏ ∑' ∏' ∑ᶠ ∏ᶠ".split())
_CONDITIONS = frozenset("∈ ∉ < ≤ > ≥ ≠ ⊆ ⊂ ⊇ ⊃ ∣ =".split())


class StatementReader(TermReader):
    """Reads terms and binder groups; made for one text, read once."""

    # -- binders ---------------------------------------------------------------------------------------------

    def binders(self, stop: int, stack: ExitStack) -> list[Bound]:
        """The binders up to `stop`; their variables are in scope until the stack is left."""
        found: list[Bound] = []
        with self.within(stop):
            while self.at < stop:
                text = self.peek()
                if text in _GROUPS and not (text == "(" and self._is_pattern()):
                    bound = self._grouped()
                elif text in ("⟨", "("):
                    bound = self._pattern_binder()
                else:
                    bound = self._plain(stop)
                stack.enter_context(self.scope(bound.names))
                found.append(self._conditioned(bound, stop))
        return found

    def _names(self) -> tuple[str, ...]:
        names = []
        while self.is_word() or self.peek() == "_":
            names.append(self.take().text)
        return tuple(names)

    def _plain(self, stop: int) -> Bound:
        """`x y : T`, `x y`, and the variables of `x ∈ s`; what follows is read by `_conditioned`."""
        names = self._names()
        if not names:
            raise UnparsedError("binder")
        if self.peek() == ":":
            self.at += 1
            end = next((i for i in self._level(stop) if self.pieces[i].text in ("in", "with")), stop)
            return Bound(names, self.whole(end))
        return Bound(names, HOLE)

    def _conditioned(self, bound: Bound, stop: int) -> Bound:
        """The binder with its condition: `∈ s`, `> 0`, written behind its variables."""
        text = self.peek()
        if self.at >= stop or text not in _CONDITIONS or not bound.names:
            return bound
        self.at += 1
        end = next((i for i in self._level(stop) if self.pieces[i].text == "with"), stop)
        right = self.whole(end) if end == stop or self.pieces[end].text == "with" else HOLE
        conditions = tuple(Tree(text, (variable(word), right)) for word in bound.names)
        return bound._replace(conditions=conditions)

    def _level(self, stop: int) -> list[int]:
        """Indices up to `stop` outside brackets."""
        found = []
        index = self.at
        while index < stop:
            found.append(index)
            index = max(index, self.closing[index]) + 1
        return found

    def _is_pattern(self) -> bool:
        """Whether a round bracket holds a tuple of names and no type."""
        close = self.closing[self.at]
        if close < 0:
            return False
        texts = [p.text for p in self.pieces[self.at + 1 : close]]
        if len(texts) % 2 == 0 or len(texts) < 3:
            return False
        return all(t.isidentifier() if n % 2 == 0 else t == "," for n, t in enumerate(texts))

    def _pattern_binder(self) -> Bound:
        close = self.closing[self.at]
        if close < 0:
            raise UnparsedError("pattern")
        names = tuple(p.text for p in self.pieces[self.at : close] if p.kind is _IDENTIFIER)
        with self.scope(names):
            pattern = self.argument()
        if self.peek() == ":":
            self.at += 1
            return Bound(names, self.whole(self.stop), (), pattern)
        return Bound(names, HOLE, (), pattern)

    def _grouped(self) -> Bound:
        """A binder in brackets."""
        opener = self.peek()
        close = self.closing[self.at]
        if not self.at < close < self.stop:
            raise UnparsedError(opener)
        self.at += 1
        with self.within(close):
            start = self.at
            names = self._names()
            if names and self.peek() == ":":
                self.at += 1
                end = next((i for i in self._level(close) if self.pieces[i].text == ":="), close)
                bound = Bound(names, self.whole(end))
            elif names and self.peek() in _CONDITIONS and opener != "[":
                with self.scope(names):
                    bound = self._conditioned(Bound(names, HOLE), close)
            elif names and self.at == close and opener != "[":
                bound = Bound(names, HOLE)
            else:
                self.at = start
                bound = Bound((), self.whole(close))
        self.at = close + 1
        return bound

    def big_binder(self) -> Tree:
        """`∀ x, …`, `∑ i ∈ s, …`, `∫ x in a..b, …` and their like."""
        symbol = self.take().text
        comma = next((i for i in self._level(self.stop) if self.pieces[i].text == ","), -1)
        if comma < 0:
            raise UnparsedError(symbol)
        level = BIG[symbol]
        with ExitStack() as stack:
            stops = [i for i in self._level(comma) if self.pieces[i].text in ("in", "with", "∂")]
            bounds = self.binders(stops[0] if stops else comma, stack)
            extra: list[Tree] = []
            for index, stop in enumerate(stops):
                self.at = stop
                self.at += 1
                end = stops[index + 1] if index + 1 < len(stops) else comma
                extra += self._region(self.pieces[stop].text, end)
            self.at = comma + 1
            body = self.term(level)
            measure: tuple[Tree, ...] = ()
            if self.peek() == "∂":
                self.at += 1
                measure = (Tree("∂", (self.term(level),)),)
        if symbol in _QUANTIFIERS and not extra:
            return bind(_QUANTIFIERS[symbol], bounds, body)
        return self._sum(symbol, bounds, (*extra, *measure), body)

    def _region(self, word: str, end: int) -> list[Tree]:
        """What stands behind `in`, `with` or `∂` of a big operator."""
        dots = [i for i in self._level(end) if self.pieces[i].text == ".."]
        if word == "in" and dots:
            low = self.whole(dots[0])
            self.at += 1
            return [Tree("..", (low, self.whole(end)))]
        return [Tree(word, (self.whole(end),))]

    @staticmethod
    def _sum(symbol: str, bounds: Sequence[Bound], extra: tuple[Tree, ...], body: Tree) -> Tree:
        """Nested big operators, each over a domain: a set, a type (`: T`) or what stands behind `in`."""
        for number, bound in enumerate(reversed(bounds)):
            regions = extra if number == 0 else ()
            sets = [c.children[1] for c in bound.conditions if c.label == "∈"]
            if symbol in _FINITE:
                # `∑ x in s` is how `∑ x ∈ s` was written before.
                sets += [r.children[0] for r in regions if r.label == "in"]
                regions = tuple(r for r in regions if r.label != "in")
            others = [c for c in bound.conditions if c.label != "∈"]
            if others:
                regions = (*regions, *(Tree("with", (c,)) for c in others))
            for word in reversed(bound.names or ("_",)):
                domain = sets[0] if sets else Tree(":", (bound.type,))
                parts = [domain, *regions, *([bound.pattern] if bound.pattern is not None else [])]
                body = Tree(symbol, (*parts, body), binds=bound.names if bound.pattern else (word,))
                if bound.pattern is not None:
                    break
        return body

    # -- words that begin a term -----------------------------------------------------------------------------

    def leading(self) -> Tree:
        """`fun`, `if` or `let`."""
        word = self.take().text
        if word == "fun":
            return self._function()
        return self._condition() if word == "if" else self._let(self.at - 1)

    def _function(self) -> Tree:
        ends = ("↦", ",")
        arrow = next((i for i in self._level(self.stop) if self.pieces[i].text in ends), -1)
        if arrow < 0:
            raise UnparsedError("fun")
        with ExitStack() as stack:
            bounds = self.binders(arrow, stack)
            self.at = arrow + 1
            return bind("fun", bounds, self.term())

    def _condition(self) -> Tree:
        if self.is_word() and self.peek(1) == ":":
            self.at += 2
        condition = self.term()
        self.take("then")
        positive = self.term()
        self.take("else")
        return Tree("if", (condition, positive, self.term()))

    def _let(self, word: int) -> Tree:
        """`let x : T := v` and a body on a new line or behind `;`."""
        names = self._names()
        if len(names) != 1:
            raise UnparsedError("let")
        assign = next((i for i in self._level(self.stop) if self.pieces[i].text == ":="), -1)
        if assign < 0:
            raise UnparsedError("let")
        domain = HOLE
        if self.peek() == ":":
            self.at += 1
            domain = self.whole(assign)
        if self.at != assign:
            raise UnparsedError("let")
        self.at += 1
        column = self._column(word)
        rest = self._level(self.stop)
        end = next((i for i in rest if self.pieces[i].text == ";" or self._new_line(i, column)), -1)
        if end < 0:
            raise UnparsedError("let")
        value = self.whole(end)
        if self.peek() == ";":
            self.at += 1
        with self.scope(names):
            return Tree("let", (domain, value, self.term()), binds=names)

    def _column(self, index: int) -> int:
        start = self.pieces[index].start
        return start - (self.text.rfind("\n", 0, start) + 1)

    def _new_line(self, index: int, column: int) -> bool:
        between = self.text[self.pieces[index - 1].end : self.pieces[index].start]
        return "\n" in between and self._column(index) <= column

    # -- brackets --------------------------------------------------------------------------------------------

    def group(self) -> Tree:
        """What stands in brackets, which it passes over."""
        start = self.at
        opener = self.peek()
        close = self.closing[start]
        if not start < close < self.stop:
            raise UnparsedError(opener)
        if opener in ("(", "{") and self._is_telescope(close):
            return self._dependent()
        self.at += 1
        try:
            with self.within(close):
                found = self._inside(opener, close)
                if self.at != close:
                    raise UnparsedError(opener)
        except UnparsedError:
            found = self.opaque(start, close + 1)
        self.at = close + 1
        return found

    def _is_telescope(self, close: int) -> bool:
        """Whether `(x : T)` stands before an arrow, and so is a binder."""
        arrow = close + 1 < self.stop and self.pieces[close + 1].text == "→"
        if not arrow:
            return False
        index = self.at + 1
        while index < close and self.pieces[index].kind is _IDENTIFIER:
            index += 1
        return index > self.at + 1 and self.pieces[index].text == ":"

    def _dependent(self) -> Tree:
        bound = self._grouped()
        self.take("→")
        with self.scope(bound.names):
            return bind("∀", [bound], self.term(25))

    def _inside(self, opener: str, close: int) -> Tree:
        if opener == "(":
            return self._round(close)
        if opener == "{":
            return self._braces(close)
        return Tree({"⟨": "⟨⟩", "[": "[]"}.get(opener, opener), tuple(self._items(close)))

    def _items(self, close: int) -> list[Tree]:
        """Terms between commas."""
        found = []
        while self.at < close:
            end = next((i for i in self._level(close) if self.pieces[i].text == ","), close)
            found.append(self._item(end))
            self.at = min(end + 1, close)
        return found

    def _item(self, end: int) -> Tree:
        """A term of a list; a binder in it may hold the comma that seemed to end it."""
        if self.at == end:
            raise UnparsedError(",")
        return self.whole(end)

    def _round(self, close: int) -> Tree:
        """A tuple, a term with its type, or a term."""
        if self.at == close:
            return name("()")
        if self.peek() in INFIX and self.peek() != "-" and self.at + 1 == close:
            return Tree(f"({self.take().text})")
        level = self._level(close)
        texts = [self.pieces[i].text for i in level]
        if "," in texts and not any(t in BIG or t == "fun" for t in texts):
            return Tree("(,)", tuple(self._items(close)))
        colon = self._ascription(level)
        if colon < 0:
            return self.section(close)
        inside = self.section(colon)
        self.at = colon + 1
        return Tree(":", (inside, self.whole(close))) if self.at < close else inside

    def _ascription(self, level: Sequence[int]) -> int:
        """Index of the colon that gives a bracketed term its type; those of binders come before a comma."""
        open_binders = 0
        found = -1
        for index in level:
            text = self.pieces[index].text
            if text in BIG or text == "fun":
                open_binders += 1
            elif text in (",", "↦") and open_binders:
                open_binders -= 1
            elif text == ":" and not open_binders and found < 0:
                found = index
        return found

    def _braces(self, close: int) -> Tree:
        """A set: listed, by a condition, or of values; a subtype."""
        separator = self._separator(close)
        if separator < 0:
            return Tree("{}", tuple(self._items(close)))
        label = "{//}" if self.pieces[separator].text == "//" else "{|}"
        with ExitStack() as stack:
            if self._values(separator):
                return self._image(separator, close)
            bounds = self.binders(separator, stack)
            self.at = separator + 1
            body = self.whole(close)
        return bind(label, bounds, body)

    def _values(self, separator: int) -> bool:
        """Whether the left of a set's bar is no variable but a term: `{f x | x ∈ s}`."""
        if self.peek() in ("(", "⟨"):
            close = self.closing[self.at]
            return not (close > 0 and self._is_pattern())
        names = 0
        while self.at + names < separator and self.is_word(names):
            names += 1
        following = self.peek(names)
        alone = self.at + names == separator
        return not (names == 1 and (alone or following == ":" or following in _CONDITIONS))

    def _image(self, separator: int, close: int) -> Tree:
        """`{f x | (x : T) (h : p x)}` as the set of all y with `∃ x, p x ∧ f x = y`."""
        start = self.at
        with ExitStack() as stack:
            self.at = separator + 1
            bounds = self.binders(close, stack)
            self.at = start
            value = self.whole(separator)
        self.at = close
        fresh = f"·{start}"
        body = bind("∃", bounds, Tree("=", (value, variable(fresh))))
        return Tree("{|}", (HOLE, body), binds=(fresh,))

    def _separator(self, close: int) -> int:
        """Index of the bar of a set or `//` of a subtype, which is no bar of an absolute value; or -1."""
        inside = False
        for index in self._level(close):
            text = self.pieces[index].text
            if text == "//":
                return index
            if text == "|":
                if inside:
                    inside = False
                elif self._opens(index):
                    inside = True
                else:
                    return index
        return -1
