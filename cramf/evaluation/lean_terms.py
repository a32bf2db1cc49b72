"""A reader of Lean terms by operator precedence, made for the statements of theorems.

It knows the notation of Lean and of the common parts of Mathlib (`cramf.evaluation.lean_operators`). A
bracket whose inside it cannot read becomes an opaque node, so that the rest of the statement still counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cramf.evaluation.lean_operators import (
    ATOMS,
    BIG,
    BRACKETS,
    INFIX,
    MAX,
    OPENERS,
    POSTFIX,
    PREFIX,
    STOPS,
    Piece,
    closing_of,
)
from cramf.evaluation.tree import HOLE, Kind, Tree, apply, name, variable
from cramf.lean.lexer import TokenKind

__all__ = ["TermReader", "UnparsedError"]

_DEEPEST = 60
"""Brackets and operators inside one another; deeper text is opaque."""
_MODULI = frozenset({"MOD", "ZMOD", "PMOD", "SMOD"})
_KEYWORDS = frozenset("then else in with at by from using where let have show if match do fun".split())
_LEADING = frozenset("fun if let have".split())
_IDENTIFIER, _NUMBER, _STRING = TokenKind.IDENTIFIER, TokenKind.NUMBER, TokenKind.STRING


class UnparsedError(Exception):
    """Text that is none of the terms known here; caught where the opaque node is made."""


class TermReader:
    """Reads terms from pieces of text; `bound` are the variables in scope."""

    def __init__(self, text: str, pieces: Sequence[Piece], bound: Sequence[str] = ()) -> None:
        self.text = text
        self.pieces = pieces
        self.at = 0
        self.stop = len(pieces)
        self.bound: dict[str, int] = dict.fromkeys(bound, 1)
        self._depth = 0
        self._holes: list[int] = []
        self.closing = closing_of(pieces)

    # -- the tokens ------------------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        index = self.at + ahead
        return self.pieces[index].text if index < self.stop else ""

    def take(self, wanted: str = "") -> Piece:
        """The next piece, which must be `wanted` where something is."""
        if self.at >= self.stop or (wanted and self.pieces[self.at].text != wanted):
            raise UnparsedError(wanted)
        self.at += 1
        return self.pieces[self.at - 1]

    def is_word(self, ahead: int = 0) -> bool:
        index = self.at + ahead
        if index >= self.stop:
            return False
        piece = self.pieces[index]
        return piece.kind is _IDENTIFIER and piece.text not in _KEYWORDS

    def glued(self, index: int) -> bool:
        """Whether no blank stands in front of a piece."""
        return 0 < index < self.stop and self.pieces[index].start == self.pieces[index - 1].end

    @contextmanager
    def within(self, stop: int) -> Iterator[None]:
        """Read no further than a piece, and behind it afterwards."""
        outer, self.stop = self.stop, stop
        try:
            yield
        finally:
            self.stop = outer

    @contextmanager
    def scope(self, names: Sequence[str]) -> Iterator[None]:
        for word in names:
            self.bound[word] = self.bound.get(word, 0) + 1
        try:
            yield
        finally:
            for word in names:
                self.bound[word] -= 1

    def opaque(self, start: int, stop: int) -> Tree:
        """The pieces of a span as they stand, with the variables among them known as such."""
        leaves = []
        for piece in self.pieces[start:stop]:
            first, dot, rest = piece.text.partition(".")
            if self.bound.get(first):
                leaves.append(variable(first))
                leaves += [name(f".{rest}")] if dot else []
            else:
                leaves.append(name(piece.text))
        return Tree("opaque", tuple(leaves), Kind.OPAQUE)

    def whole(self, stop: int, level: int = 0) -> Tree:
        """The term that ends at `stop`; an opaque node where it cannot be read. Goes on behind it."""
        start = self.at
        try:
            with self.within(stop):
                found = self.term(level)
            if self.at != stop:
                raise UnparsedError
        except UnparsedError:
            found = self.opaque(start, stop)
        self.at = stop
        return found

    # -- operators -------------------------------------------------------------------------------------------

    def term(self, level: int = 0) -> Tree:
        """The longest term from here on whose operators bind at least as tight as `level`."""
        self._depth += 1
        if self._depth > _DEEPEST:
            self._depth -= 1
            raise UnparsedError("too deep")
        try:
            return self._infix(self._operand(level), level)
        finally:
            self._depth -= 1

    def _infix(self, left: Tree, level: int) -> Tree:
        while self.at < self.stop:
            text = self.peek()
            if text == "|>." and self.is_word(1):
                self.at += 1
                left = self._arguments(Tree(self.take().text, (left,), Kind.FIELD))
                continue
            symbol = text
            parameter: tuple[Tree, ...] = ()
            if text[0] in "→≃↪" and text not in INFIX:
                own, right = (25, 26)
            elif text in ("=ᶠ", "≤ᶠ", "=ᵐ", "≤ᵐ", "=O", "=o", "=Θ"):
                own, right = (50, 51)
            elif text in INFIX:
                own, right = INFIX[text]
            else:
                return left
            if own < level:
                return left
            self.at += 1
            if self.peek() == "[" and self.glued(self.at) and (text not in INFIX or text == "^"):
                if text == "^":
                    symbol = "^[]"
                    left = Tree(symbol, (left, self._bracket()))
                    left = self._arguments(left)
                    continue
                symbol, parameter = f"{text}[]", (self._bracket(),)
            if text in ("$", "<|"):
                left = apply(left, self.term(right))
                continue
            other = self.term(right)
            if text == "≡" and self.peek() == "[" and self.peek(1) in _MODULI:
                symbol, other, parameter = self._modulus(other)
            left = Tree(symbol, (left, other, *parameter))
        return left

    def _modulus(self, right: Tree) -> tuple[str, Tree, tuple[Tree, ...]]:
        """`[ZMOD n]` behind a congruence."""
        close = self.closing[self.at]
        kind = self.peek(1)
        self.at += 2
        if close < self.at:
            raise UnparsedError("[")
        modulus = self.whole(close)
        self.at = close + 1
        return f"≡ [{kind}]", right, (modulus,)

    def _bracket(self) -> Tree:
        """A term in brackets of any kind, without them."""
        close = self.closing[self.at]
        if not self.at < close < self.stop:
            raise UnparsedError("[")
        self.at += 1
        found = self.whole(close)
        self.at = close + 1
        return found

    def _operand(self, level: int) -> Tree:
        text = self.peek()
        if not text:
            raise UnparsedError("end")
        if text in BIG:
            return self.big_binder()
        if text in PREFIX and not (text == "#" and not self.starts_argument(1)):
            self.at += 1
            operand = self.term(PREFIX[text]) if PREFIX[text] < MAX else self.argument()
            return Tree("neg" if text == "-" else text, (operand,))
        if text in _LEADING and self.pieces[self.at].kind is _IDENTIFIER:
            return self.leading()
        if text == "show" and self.pieces[self.at].kind is _IDENTIFIER:
            raise UnparsedError(text)
        return self._arguments(self.argument())

    def _arguments(self, function: Tree) -> Tree:
        arguments: list[Tree] = []
        while self.starts_argument():
            if self.peek() == "fun":
                arguments.append(self.leading())
                break
            if self.peek() == "(" and self.is_word(1) and self.peek(2) == ":=":
                arguments.append(self._named_argument())
            else:
                arguments.append(self.argument())
        return apply(function, *arguments)

    def _named_argument(self) -> Tree:
        close = self.closing[self.at]
        if close < 0:
            raise UnparsedError("(")
        label = f"{self.peek(1)} :="
        self.at += 3
        value = self.whole(close)
        self.at = close + 1
        return Tree(label, (value,))

    # -- arguments -------------------------------------------------------------------------------------------

    def starts_argument(self, ahead: int = 0) -> bool:
        """Whether an argument of an application begins here."""
        index = self.at + ahead
        if index >= self.stop:
            return False
        piece = self.pieces[index]
        text = piece.text
        if piece.kind is _IDENTIFIER:
            return text == "fun" or (text not in _KEYWORDS and text not in STOPS)
        if piece.kind in (_NUMBER, _STRING):
            return True
        if text in ("‖", "|"):
            return self._opens(index)
        if text == "[":
            return self.peek(ahead + 1) not in _MODULI
        if text in ("!", "#"):
            return self.peek(ahead + 1) == "[" and self.glued(index + 1) and not self.glued(index)
        if text == "√":
            return False
        return text in OPENERS or text in ATOMS or text in ("@", "↑", "↥", "⇑", "_")

    def _opens(self, index: int) -> bool:
        """Whether a mark that opens and closes alike opens here: a blank or bracket before it only."""
        text = self.pieces[index].text
        if index + 1 >= self.stop or not self.glued(index + 1):
            return False
        if index == 0 or not self.glued(index):
            return True
        before = self.pieces[index - 1].text
        return before in OPENERS or (before in INFIX and text != before) or before in PREFIX

    def argument(self) -> Tree:
        """A term that stands without brackets as an argument, with what is written on to it."""
        return self._postfix(self._atom())

    def _postfix(self, found: Tree) -> Tree:
        while self.at < self.stop:
            text = self.peek()
            glued = self.glued(self.at)
            if text in POSTFIX and not (text == "!" and self.peek(1) == "[" and not glued):
                self.at += 1
                found = Tree(f"_{text}", (found,))
            elif text == "." and glued and self.glued(self.at + 1):
                following = self.pieces[self.at + 1]
                if following.kind not in (_IDENTIFIER, _NUMBER):
                    break
                self.at += 2
                for step in following.text.split("."):
                    found = Tree(step, (found,), Kind.FIELD)
            elif text == "[" and glued and self.peek(1) not in _MODULI:
                found = Tree("_[]", (found, self._bracket()))
            elif text == "₊" and glued:
                self.at += 1
                found = Tree("₊", (found,))
            else:
                break
        return found

    def _atom(self) -> Tree:
        if self.at >= self.stop:
            raise UnparsedError("end")
        piece = self.pieces[self.at]
        text = piece.text
        if text in BRACKETS:
            return self._enclosed(text)
        if text in OPENERS:
            return self.group()
        self.at += 1
        if piece.kind is _NUMBER:
            return Tree(text.rstrip(".").replace("_", ""), kind=Kind.NUMBER)
        if piece.kind is _IDENTIFIER and text not in _KEYWORDS:
            return self._word(text)
        if piece.kind is _STRING or text in ATOMS:
            if text == "·":
                return self._hole_of_section()
            return name(text)
        if text == "_":
            return HOLE
        if text == "@" and self.is_word():
            word = self._word(self.take().text)
            return Tree("@", (word,))
        if text in ("↑", "↥", "⇑"):
            return Tree(text, (self.argument(),))
        if text in ("!", "#") and self.peek() == "[":
            return Tree(f"{text}[]", (self.group(),))
        if text[0] in "ℝℕ":
            return name(text)
        raise UnparsedError(text)

    def _word(self, text: str) -> Tree:
        if text in ("Type", "Sort"):
            if self.peek() == "*" and self.glued(self.at):
                self.at += 1
            elif self.starts_argument() and (self.peek().islower() or self.peek() in ("_", "0", "1")):
                self.at += 1
            return name(text)
        first, *steps = text.split(".") if "«" not in text else [text]
        if self.bound.get(text):
            return variable(text)
        if text.endswith("!") and self.bound.get(text[:-1]):
            return Tree("_!", (variable(text[:-1]),))
        if not self.bound.get(first):
            if text in ("𝓝", "𝓝ˢ") and self.peek() == "[" and self.glued(self.at):
                return self._neighbourhood()
            return name(text)
        found = variable(first)
        for step in steps:
            found = Tree(step, (found,), Kind.FIELD)
        return found

    def _neighbourhood(self) -> Tree:
        """`𝓝[>]` and its like; `𝓝[s]`."""
        close = self.closing[self.at]
        if close == self.at + 2 and self.peek(1) in INFIX:
            label = f"𝓝[{self.peek(1)}]"
            self.at = close + 1
            return name(label)
        return Tree("𝓝[]", (self._bracket(),))

    def _enclosed(self, text: str) -> Tree:
        """What stands between two marks: an absolute value, a norm, a floor."""
        close, function = BRACKETS[text]
        self.at += 1
        inside = [self.term()]
        while self.peek() == ",":
            self.at += 1
            inside.append(self.term())
        self.take(close)
        if text in "⌊⌈" and self.peek() == "₊" and self.glued(self.at):
            self.at += 1
            function = function.replace("Int", "Nat")
        if text == "⟪" and self.peek().startswith("_") and self.glued(self.at):
            self.at += 1
        return apply(name(function), *inside)

    def _hole_of_section(self) -> Tree:
        """`·`, which makes the brackets around it a function."""
        if not self._holes:
            raise UnparsedError("·")
        self._holes[-1] += 1
        return variable(f"·{len(self._holes)}.{self._holes[-1]}")

    def section(self, stop: int) -> Tree:
        """The inside of round brackets: a function where it holds `·`."""
        self._holes.append(0)
        try:
            found = self.whole(stop)
            for number in range(self._holes[-1], 0, -1):
                found = Tree("fun", (HOLE, found), binds=(f"·{len(self._holes)}.{number}",))
            return found
        finally:
            self._holes.pop()

    # -- what `cramf.evaluation.lean_binders` reads ----------------------------------------------------------

    def group(self) -> Tree:
        raise NotImplementedError

    def big_binder(self) -> Tree:
        raise NotImplementedError

    def leading(self) -> Tree:
        raise NotImplementedError
