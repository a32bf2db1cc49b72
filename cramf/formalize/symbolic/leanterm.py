"""Lean terms as the backend prints them, and the reader for the ontology's templates.

A template such as `1 < {0} ∧ ¬ Nat.Prime {0}` is read once into the same tree that statements are printed
from, so that casts, parentheses and renaming treat it like everything else. The reader knows exactly the
forms that `printer` prints: what it cannot read is a fault of the ontology, not of the statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = [
    "CLOSING_BARS",
    "App",
    "Ascribe",
    "Atom",
    "Bars",
    "Big",
    "Binder",
    "Hole",
    "Infix",
    "Interval",
    "Items",
    "Lean",
    "ModEq",
    "Prefix",
    "SetOf",
    "Suffix",
    "TemplateError",
    "identifiers",
    "read_template",
    "substitute",
]


@dataclass(frozen=True, slots=True)
class Atom:
    """An identifier, numeral or type."""

    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    """`{0}`, `{1}` of a template."""

    index: int


@dataclass(frozen=True, slots=True)
class App:
    head: str
    args: tuple[Lean, ...]


@dataclass(frozen=True, slots=True)
class Infix:
    op: str
    left: Lean
    right: Lean


@dataclass(frozen=True, slots=True)
class Prefix:
    """`-` or `¬`."""

    op: str
    body: Lean


@dataclass(frozen=True, slots=True)
class Suffix:
    """`x⁻¹`."""

    body: Lean
    op: str


@dataclass(frozen=True, slots=True)
class Bars:
    """`|x|`, with `‖` a norm, with `⌊` a floor and with `⌈` a ceiling."""

    bar: str
    body: Lean


@dataclass(frozen=True, slots=True)
class Ascribe:
    body: Lean
    type: str


@dataclass(frozen=True, slots=True)
class Binder:
    """`∀ x y : T, body`; `∃`, `∃!` and `fun x : T => body` likewise."""

    kind: str
    names: tuple[str, ...]
    type: str
    body: Lean


@dataclass(frozen=True, slots=True)
class ModEq:
    """`left ≡ right [ZMOD modulus]` or `[MOD modulus]`."""

    tag: str
    left: Lean
    right: Lean
    modulus: Lean


@dataclass(frozen=True, slots=True)
class SetOf:
    """`{x : T | body}`."""

    name: str
    type: str
    body: Lean


@dataclass(frozen=True, slots=True)
class Big:
    """`∑ k ∈ domain, body`; without a domain `∑' k : ℕ, body`, with kind `∑'`."""

    kind: str
    name: str
    domain: Lean
    body: Lean


@dataclass(frozen=True, slots=True)
class Interval:
    """`∫ x in low..high, body`."""

    name: str
    low: Lean
    high: Lean
    body: Lean


@dataclass(frozen=True, slots=True)
class Items:
    """`{a, b}` or, with brackets `(`, a tuple."""

    bracket: str
    items: tuple[Lean, ...]


Lean = (
    Atom
    | Hole
    | App
    | Infix
    | Prefix
    | Suffix
    | Bars
    | Ascribe
    | Binder
    | ModEq
    | SetOf
    | Big
    | Interval
    | Items
)


class TemplateError(ValueError):
    """A template that this module does not read."""


_TOKEN = re.compile(r"\s*(\{\d\}|\[Z?MOD|[A-Za-zα-κμ-ω][\w.'₀-₉]*|\d+(?:\.\d+)?|∃!|⁻¹|[ℕℤℚℝℂ]|\S)")
# Precedences and sides as Lean's own: (left operand at least, right operand at least).
INFIX: dict[str, tuple[int, int, int]] = {
    "↔": (20, 21, 21),
    "→": (25, 26, 25),
    "∨": (30, 31, 30),
    "∧": (35, 36, 35),
    "=": (50, 51, 51),
    "≠": (50, 51, 51),
    "<": (50, 51, 51),
    "≤": (50, 51, 51),
    ">": (50, 51, 51),
    "≥": (50, 51, 51),
    "∣": (50, 51, 51),
    "∈": (50, 51, 51),
    "∉": (50, 51, 51),
    "⊆": (50, 51, 51),
    "⊂": (50, 51, 51),
    "∪": (65, 65, 66),
    "∩": (70, 70, 71),
    "\\": (70, 70, 71),
    "+": (65, 65, 66),
    "-": (65, 65, 66),
    "*": (70, 70, 71),
    "/": (70, 70, 71),
    "%": (70, 70, 71),
    "^": (75, 76, 75),
}
CLOSING_BARS = {"|": "|", "‖": "‖", "⌊": "⌋", "⌈": "⌉"}


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise TemplateError(f"{expected or 'more'} expected at {token or 'the end'!r} in {self.text!r}")
        self.at += 1
        return token

    def term(self, least: int = 0) -> Lean:
        left = self.operand()
        while True:
            op = self.peek()
            if op == "≡" and least <= 50:
                left = self.modeq(left)
                continue
            if op not in INFIX or INFIX[op][0] < least:
                return left
            self.take()
            left = Infix(op, left, self.term(INFIX[op][2]))

    def modeq(self, left: Lean) -> Lean:
        self.take()
        right = self.term(51)
        tag = self.take()
        if tag not in ("[ZMOD", "[MOD"):
            raise TemplateError(f"[MOD or [ZMOD expected at {tag!r} in {self.text!r}")
        modulus = self.term()
        self.take("]")
        return ModEq(tag[1:], left, right, modulus)

    def operand(self) -> Lean:
        token = self.peek()
        if token == "¬":
            self.take()
            return Prefix("¬", self.term(40))
        if token == "-":
            self.take()
            return Prefix("-", self.term(75))
        if token in ("∃", "∃!", "∀"):
            self.take()
            names = [self.take()]
            while self.peek() != ":":
                names.append(self.take())
            self.take(":")
            kind = self.take()
            self.take(",")
            return Binder(token, tuple(names), kind, self.term())
        head = self.single()
        while self.peek() == "⁻¹":
            head = Suffix(head, self.take())
        arguments: list[Lean] = []
        while isinstance(head, Atom) and head.text[0].isalpha() and self.starts_single():
            arguments.append(self.single())
        if arguments and isinstance(head, Atom):
            return App(head.text, tuple(arguments))
        return head

    def starts_single(self) -> bool:
        token = self.peek()
        return bool(token) and (token[0].isalnum() or token[0] in "({")

    def single(self) -> Lean:
        token = self.take()
        if token[0] == "{" and token[1:-1].isdigit():
            return Hole(int(token[1:-1]))
        if token == "{":
            name = self.take()
            self.take(":")
            kind = self.take()
            self.take("|")
            body = self.term()
            self.take("}")
            return SetOf(name, kind, body)
        if token == "(":
            body = self.term()
            if self.peek() == ":":
                self.take()
                body = Ascribe(body, self.take())
            self.take(")")
            return body
        if token in CLOSING_BARS:
            body = self.term()
            self.take(CLOSING_BARS[token])
            return Bars(token, body)
        if token[0].isalnum():
            return Atom(token)
        raise TemplateError(f"cannot read {token!r} in {self.text!r}")


def read_template(text: str) -> Lean:
    """The tree of a template.

    Raises:
        TemplateError: where it is not in the forms that the printer prints.
    """
    reader = _Reader(text)
    term = reader.term()
    if reader.peek():
        raise TemplateError(f"cannot read {reader.peek()!r} in {text!r}")
    return term


def substitute(term: Lean, args: tuple[Lean, ...], fresh: dict[str, str]) -> Lean:
    """`term` with its holes filled and its bound names renamed by `fresh`.

    Renaming happens only to the template's own names, so that nothing in `args` is captured.
    """
    match term:
        case Hole(index):
            return args[index]
        case Atom(text):
            return Atom(fresh.get(text, text))
        case App(_, parts):
            return replace(term, args=tuple(substitute(part, args, fresh) for part in parts))
        case Infix(_, left, right):
            return replace(term, left=substitute(left, args, fresh), right=substitute(right, args, fresh))
        case Prefix(_, body) | Suffix(body, _) | Bars(_, body) | Ascribe(body, _):
            return replace(term, body=substitute(body, args, fresh))
        case Binder(_, names, _, body):
            renamed = tuple(fresh.get(name, name) for name in names)
            return replace(term, names=renamed, body=substitute(body, args, fresh))
        case SetOf(name, _, body):
            return replace(term, name=fresh.get(name, name), body=substitute(body, args, fresh))
        case ModEq(_, left, right, modulus):
            return replace(
                term,
                left=substitute(left, args, fresh),
                right=substitute(right, args, fresh),
                modulus=substitute(modulus, args, fresh),
            )
        case Big() | Interval() | Items():
            # No template has these; what is put into a template's holes is whole already.
            return term


def identifiers(lean: Lean) -> frozenset[str]:
    """The identifiers in a term."""
    match lean:
        case Atom(text):
            return frozenset({text})
        case App(_, args):
            return frozenset().union(*map(identifiers, args))
        case Infix(_, left, right):
            return identifiers(left) | identifiers(right)
        case ModEq(_, left, right, modulus):
            return identifiers(left) | identifiers(right) | identifiers(modulus)
        case Prefix(_, body) | Suffix(body, _) | Ascribe(body, _) | Binder(body=body) | SetOf(body=body):
            return identifiers(body)
        case Bars(_, body):
            return identifiers(body)
        case Big(_, _, domain, body):
            return identifiers(domain) | identifiers(body)
        case Interval(_, low, high, body):
            return identifiers(low) | identifiers(high) | identifiers(body)
        case Items(_, parts):
            return frozenset().union(*map(identifiers, parts))
        case Hole():
            return frozenset()
