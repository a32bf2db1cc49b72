"""Types as trees: enough of Lean's term syntax to see what a type is built from.

Binding strengths are those of the notation in Lean's Prelude and in Mathlib; an operator that is not
listed binds like an arrow. What cannot be read becomes an `opaque` node, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cramf.lean.brackets import CLOSERS, OPENERS, Tokens, bracket_end, top_level
from cramf.lean.lexer import Token, TokenKind, tokenize

__all__ = ["Node", "parse_type"]


@dataclass(frozen=True, slots=True)
class Node:
    """A term: `kind` says how to read `text` and `args`.

    "name": identifier `text` applied to `args`; "operator": notation `text`, bracketed arguments
    before operands; "apply": `args[0]` applied to the others; "pi" and "lambda": binder type (or an
    opaque node) and body, `text` the names bound; "method": `(args[0]).text` applied to the others;
    "sort": `Prop`, `Type` or `Sort`; "named": the argument `(text := args[0])`; "typed":
    `(args[0] : args[1])`; "number"; "opaque".
    """

    kind: str
    text: str = ""
    args: tuple[Node, ...] = ()


OPAQUE = Node("opaque")

# Left binding power, and whether the operator associates to the right.
_INFIX: dict[str, tuple[int, bool]] = {
    "<|": (5, True), "|>": (6, False), "⟶": (10, True), "≅": (10, False), "≌": (10, False), "⊣": (15, False),
    "↔": (20, False), "→": (25, True), "∨": (30, True), "⊕": (30, True), "⊕'": (30, True),
    "∧": (35, True), "×": (35, True), "×'": (35, True), "×ₗ": (35, True), "⧸": (35, False),
    "⥤": (26, True), "=": (50, False), "≠": (50, False), "<": (50, False), "≤": (50, False),
    ">": (50, False), "≥": (50, False), "∈": (50, False), "∉": (50, False), "⊆": (50, False),
    "⊂": (50, False), "∣": (50, False), "≈": (50, False), "++": (65, False), "+": (65, False),
    "-": (65, False), "∪": (65, False), "⊔": (68, False), "⊓": (69, False), "∩": (70, False),
    "*": (70, False), "/": (70, False), "%": (70, False), "⊗": (70, True), "\\": (70, False),
    "•": (73, True), "^": (75, True), "⋙": (80, True), "≫": (80, True), "''": (80, False),
    "⁻¹'": (80, False), "×ˢ": (82, False), "∘": (90, True), "⊗[]": (100, False), "::": (67, True),
}  # fmt: skip
_ARROW = 25
_GLUED = frozenset("→≃↪⟶⊗≅⥤↔×⊕≌⟹")
_POSTFIX = frozenset("ˣ ⁻¹ ᶜ † ⟂ ᗮ ! ₊ ⁺ ᘁ".split())
_SUPERSCRIPT = "ᵒᵖᵐᵈᵃᶠᵛˣᵀᴴᴰᶜ"
_BINDING = "∀∃ΣΠ⨁⨂⋃⋂⨆⨅∑∏∐"
_STOPS = frozenset({",", ":", ":=", "|", "//", "=>", "↦"}) | CLOSERS
_MAX_DEPTH = 60


@lru_cache(maxsize=1 << 15)
def parse_type(text: str) -> Node:
    """The tree of a type or term as written."""
    kept = (t for t in tokenize(text)[0] if t.kind > TokenKind.MODULE_DOC and t.kind != TokenKind.ERROR)
    tokens = Tokens(kept)
    return _Reader(tokens, 0, len(tokens)).whole() if tokens else OPAQUE


class _Reader:
    """A Pratt parser over one span of tokens."""

    def __init__(self, tokens: Tokens, start: int, stop: int, depth: int = 0) -> None:
        self.tokens, self.index, self.stop, self.depth = tokens, start, stop, depth

    def whole(self) -> Node:
        """All tokens of the span as one term; opaque where some are left over."""
        if self.depth > _MAX_DEPTH:
            return OPAQUE
        found = self.term(0)
        return found if self.index >= self.stop else OPAQUE

    def inner(self, start: int, stop: int) -> Node:
        return _Reader(self.tokens, start, stop, self.depth + 1).whole() if start < stop else OPAQUE

    def peek(self, ahead: int = 0) -> Token | None:
        place = self.index + ahead
        return self.tokens[place] if place < self.stop else None

    def term(self, minimum: int) -> Node:
        self.depth += 1
        left = self.prefix() if self.depth <= _MAX_DEPTH else OPAQUE
        while (token := self.peek()) is not None and token.text not in _STOPS:
            start = self.index
            operator, brackets = self.operator()
            power, right = _INFIX.get(operator, (_ARROW, True))
            if not operator or power < minimum:
                self.index = start
                break
            operand = self.term(power if right else power + 1)
            left = _joined(operator, brackets, left, operand)
        self.depth -= 1
        return left

    def operator(self) -> tuple[str, list[Node]]:
        """The operator at this place with what is glued to it; `→ₗ[R]` is `→ₗ[]` and the tree of `R`."""
        token = self.peek()
        if token is None or token.kind != TokenKind.SYMBOL or token.text in OPENERS:
            return "", []
        text, end = token.text, token.end
        self.index += 1
        brackets: list[Node] = []
        while text[0] in _GLUED and (following := self.peek()) is not None and following.start == end:
            if following.text == "[":
                close = bracket_end(self.tokens, self.index, self.stop)
                commas = [
                    i for i in top_level(self.tokens, self.index + 1, close) if self.tokens[i].text == ","
                ]
                for begin, finish in zip([self.index, *commas], [*commas, close], strict=True):
                    brackets.append(self.inner(begin + 1, finish))
                text, end, self.index = f"{text}[]", self.tokens[close].end, close + 1
            elif following.text in OPENERS or following.text in _STOPS:
                break
            else:
                text, end = text + following.text, following.end
                self.index += 1
        return text, brackets

    def prefix(self) -> Node:
        token = self.peek()
        if token is None:
            return OPAQUE
        text = token.text
        if text in ("fun", "λ"):
            return self.binder("lambda", ("↦", "=>"))
        if text[0] in _BINDING and token.kind == TokenKind.SYMBOL:
            return self.binder(text, (",",))
        if text in ("¬", "-"):
            self.index += 1
            return Node("operator", f"{text}_", (self.term(40 if text == "¬" else 75),))
        if text in ("(", "{", "⦃") and self.binder_group():
            return self.arrow_binder()
        return self.application()

    def binder(self, word: str, ends: tuple[str, ...]) -> Node:
        """`∀ x : T, body`, `fun x ↦ body` and the big operators."""
        self.index += 1
        while (token := self.peek()) is not None and self.tokens[self.index - 1].end == token.start:
            if token.kind != TokenKind.SYMBOL or token.text in OPENERS:
                break
            word += token.text
            self.index += 1
        span = list(top_level(self.tokens, self.index, self.stop))
        comma = next((i for i in span if self.tokens[i].text in ends), -1)
        if comma < 0:
            self.index = self.stop
            return OPAQUE
        begin, self.index = self.index, comma + 1
        groups = _binder_groups(self.tokens, begin, comma)
        body = self.term(0)
        for names, start, finish in reversed(groups):
            kind = {"∀": "pi", "lambda": "lambda", "Π": "pi"}.get(word, "lambda")
            domain = self.inner(start, finish)
            for name in reversed(names):
                body = Node(kind, name, (domain, body))
        return body if word in ("∀", "lambda", "Π") else Node("operator", word, (body,))

    def binder_group(self) -> bool:
        """Whether a dependent arrow `(x : T) → …` begins here."""
        close = bracket_end(self.tokens, self.index, self.stop)
        after = self.tokens[close + 1] if close + 1 < self.stop else None
        group = _binder_groups(self.tokens, self.index, close + 1)
        return bool(group and group[0][0]) and after is not None and after.text == "→"

    def arrow_binder(self) -> Node:
        close = bracket_end(self.tokens, self.index, self.stop)
        names, start, finish = _binder_groups(self.tokens, self.index, close + 1)[0]
        domain = self.inner(start, finish)
        self.index = close + 2
        body = self.term(_ARROW)
        for name in reversed(names):
            body = Node("pi", name, (domain, body))
        return body

    def application(self) -> Node:
        head = self.atom()
        args: list[Node] = []
        while (token := self.peek()) is not None:
            begins = token.text in ("(", "⟨", "{", "↥", "↑", "⇑", "@", "_", "‖", "·") or token.kind in (
                TokenKind.IDENTIFIER,
                TokenKind.NUMBER,
                TokenKind.STRING,
            )
            if token.text in ("fun", "λ"):
                args.append(self.prefix())
                break
            if not begins and not (token.kind == TokenKind.SYMBOL and token.text in ("⊤", "⊥", "∅", "∞")):
                break
            args.append(self.atom())
        if not args:
            return head
        if head.kind == "name" and not head.args:
            return Node("name", head.text, tuple(args))
        if head.kind == "method":
            return Node("method", head.text, (*head.args, *args))
        if head.kind == "sort":
            return head
        return Node("apply", "", (head, *args))

    def atom(self) -> Node:
        token = self.peek()
        assert token is not None
        self.index += 1
        node = self.simple(token)
        while (following := self.peek()) is not None and following.start == self.tokens[self.index - 1].end:
            mark = ""
            while following is not None and (
                following.text in _POSTFIX or (following.text and following.text[0] in _SUPERSCRIPT)
            ):
                mark += following.text
                self.index += 1
                following = self.peek()
            if mark:
                node = Node("operator", f"_{mark}", (node,))
            elif following is not None and following.text in ("[", "⟦", "⟮"):
                close = bracket_end(self.tokens, self.index, self.stop)
                if following.text == "⟮":
                    span = range(self.index, self.stop)
                    close = next((i for i in span if self.tokens[i].text == "⟯"), self.stop - 1)
                inside = self.inner(self.index + 1, close)
                node = Node("operator", f"_{following.text}", (node, inside))
                self.index = close + 1
            elif following is not None and following.text == "∞" and node.text in ("ℕ", "ℕ∞"):
                node = Node("name", f"{node.text}∞")
                self.index += 1
            elif following is not None and following.text == "." and self.projection():
                node = Node("method", self.tokens[self.index - 1].text, (node,))
            else:
                break
        return node

    def projection(self) -> bool:
        """Past `.1` or `.field` behind a bracket or an identifier."""
        after = self.peek(1)
        if after is None or after.kind not in (TokenKind.NUMBER, TokenKind.IDENTIFIER):
            return False
        self.index += 2
        return True

    def simple(self, token: Token) -> Node:
        text = token.text
        if token.kind == TokenKind.NUMBER:
            return Node("number", text)
        if text == "@":
            following = self.peek()
            if following is not None and following.kind == TokenKind.IDENTIFIER:
                self.index += 1
                return Node("name", f"@{following.text}")
            return OPAQUE
        if text in ("↥", "↑", "⇑"):
            return Node("operator", text, (self.atom(),)) if self.peek() else OPAQUE
        if text in OPENERS:
            return self.bracketed(text)
        if token.kind == TokenKind.IDENTIFIER:
            return self.identifier(text)
        if text in ("⊤", "⊥", "∅", "·"):
            return Node("name", text)
        return OPAQUE

    def identifier(self, text: str) -> Node:
        following = self.peek()
        glued = following is not None and following.start == self.tokens[self.index - 1].end
        if text in ("Type", "Sort", "Prop"):
            if glued and following is not None and following.text == "*":
                self.index += 1
            elif following is not None and (following.text == "_" or following.kind == TokenKind.NUMBER):
                self.index += 1
                return Node("sort", text)
            elif text != "Prop" and following is not None:
                level = following.kind == TokenKind.IDENTIFIER or following.text == "("
                if level:
                    end = bracket_end(self.tokens, self.index, self.stop) if following.text == "(" else 0
                    self.index = max(end, self.index) + 1
            return Node("sort", text)
        if glued and following is not None and following.text == ".":
            after = self.peek(1)
            if after is not None and after.text == "{":
                self.index = bracket_end(self.tokens, self.index + 1, self.stop) + 1
        elif glued and following is not None and following.text == "*":
            self.index += 1  # `Category* C`
        elif glued and following is not None and following.text == "(":
            return self.call(text)
        elif glued and text == "ℝ" and following is not None and following.text == "≥":
            self.index += 2
            last = self.peek()
            if last is not None and last.text == "∞":
                self.index += 1
                return Node("name", "ℝ≥0∞")
            return Node("name", "ℝ≥0")
        return Node("name", text)

    def call(self, text: str) -> Node:
        """Notation such as `C(X, Y)` and `Gal(L/K)`; Mathlib writes applications with a space."""
        close = bracket_end(self.tokens, self.index, self.stop)
        inside = list(top_level(self.tokens, self.index + 1, close))
        comma = next((i for i in inside if self.tokens[i].text in (",", "/")), -1)
        if comma < 0:
            return Node("name", text)
        args = (self.inner(self.index + 1, comma), self.inner(comma + 1, close))
        self.index = close + 1
        following = self.peek()
        if following is not None and following.text == "₀" and following.start == self.tokens[close].end:
            self.index += 1
            text += "₀"
        return Node("operator", f"{text}()", args)

    def bracketed(self, opener: str) -> Node:
        start = self.index - 1
        close = bracket_end(self.tokens, start, self.stop)
        self.index = close + 1
        marks = {self.tokens[i].text: i for i in reversed(list(top_level(self.tokens, start + 1, close)))}
        if opener == "(":
            if ":=" in marks:
                name = self.tokens[start + 1].text
                return Node("named", name, (self.inner(marks[":="] + 1, close),))
            first = self.tokens[start + 1].text
            binds = first == "fun" or first[0] in _BINDING
            if "," in marks and not binds:
                return OPAQUE
            if binds:
                return self.inner(start + 1, close)
            if ":" in marks:
                ascribed = marks[":"]
                term, kind = self.inner(start + 1, ascribed), self.inner(ascribed + 1, close)
                return Node("typed", "", (term, kind)) if kind is not OPAQUE else term
            return self.inner(start + 1, close)
        if opener == "{" and "//" in marks:
            groups = _binder_groups(self.tokens, start + 1, marks["//"])
            body = self.inner(marks["//"] + 1, close)
            names, begin, finish = groups[0] if groups else ([], 0, 0)
            domain = self.inner(begin, finish)
            return Node(
                "operator", "{//}", (domain, Node("lambda", names[0] if names else "", (domain, body)))
            )
        return OPAQUE


def _joined(operator: str, brackets: list[Node], left: Node, right: Node) -> Node:
    if operator == "→":
        return Node("pi", "", (left, right))
    if operator == "<|":
        return Node(left.kind, left.text, (*left.args, right)) if left.kind == "name" else OPAQUE
    return Node("operator", operator, (*brackets, left, right))


def _binder_groups(tokens: Tokens, start: int, stop: int) -> list[tuple[list[str], int, int]]:
    """Names of each binder group between two indices, and the span of its type."""
    groups: list[tuple[list[str], int, int]] = []
    loose: list[str] = []
    index = start
    while index < stop:
        text = tokens[index].text
        if text in ("(", "{", "⦃", "["):
            close = bracket_end(tokens, index, stop)
            inside = _binder_groups(tokens, index + 1, close)
            if text == "[" and not any(t.text == ":" for t in tokens[index:close]):
                inside = [([""], index + 1, close)]
            groups += inside
            index = close
        elif text == ":":
            return [*groups, (loose, index + 1, stop)]
        elif tokens[index].kind == TokenKind.IDENTIFIER or text == "_":
            loose.append(text)
        else:
            break
        index += 1
    return [*groups, (loose, stop, stop)] if loose else groups
