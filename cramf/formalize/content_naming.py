"""A theorem's name from what it states, by the convention of Mathlib: `even_add_of_even_of_even`.

The conclusion comes first, then `_of_` and the head of each hypothesis. Operators and relations have words
(`add`, `le`), a comparison with zero its own (`pos`, `nonneg`), a definition's last component stands with a
small first letter (`isCompact`), and variables are silent. What has no word is left out, so the name is a
hint, not a description; it is told apart from others by a number where it must be.
Source of the words: the Mathlib naming guide, https://leanprover-community.github.io/contribute/naming.html.
"""

from __future__ import annotations

import re
from typing import Final

from cramf.check.verdict import Candidate
from cramf.errors import InputError
from cramf.formalize.naming import valid_theorem_name
from cramf.formalize.theorem import TheoremText, read_theorem
from cramf.lean.brackets import OPENERS, top_level
from cramf.lean.declarations import parse_declaration
from cramf.lean.lexer import TokenKind

__all__ = ["content_name"]

_LONGEST: Final = 60
_CONCLUSION: Final = 6
_HYPOTHESES: Final = 3
_HYPOTHESIS: Final = 3
_DEEPEST: Final = 4
_MOST_TOKENS: Final = 2000

_RELATIONS: Final = {
    "=": "eq", "≠": "ne", "<": "lt", "≤": "le", "<=": "le", ">": "lt", "≥": "le", ">=": "le", "∣": "dvd",
    "∈": "mem", "∉": "not_mem", "⊆": "subset", "⊂": "ssubset", "≡": "modEq", "≃": "equiv", "≅": "iso",
}  # fmt: skip
_SWAPPED: Final = frozenset({">", "≥", ">="})
# From the loosest to the tightest, as Lean reads them.
_OPERATORS: Final = (
    {"+": "add", "-": "sub", "∪": "union", "⊔": "sup"},
    {"*": "mul", "/": "div", "%": "mod", "∩": "inter", "⊓": "inf", "•": "smul", "∘": "comp",
     "×": "prod", "\\": "sdiff"},
    {"^": "pow"},
)  # fmt: skip
_BIG: Final = {
    "∑": "sum",
    "∏": "prod",
    "∫": "integral",
    "⋃": "iUnion",
    "⋂": "iInter",
    "⨆": "iSup",
    "⨅": "iInf",
}
_PREFIXES: Final = {"-": "neg", "√": "sqrt", "↑": "", **_BIG}
_POSTFIXES: Final = {"⁻¹": "inv", "!": "factorial", "ᶜ": "compl"}
_NUMBERS: Final = dict(enumerate("zero one two three four five six seven eight nine ten".split()))
_ZERO: Final = {("<", 0): "pos", ("<", 1): "neg", ("≤", 0): "nonneg", ("≤", 1): "nonpos"}
_SYMBOLS: Final = {
    "π": "pi", "∅": "empty", "∞": "top", "⊤": "top", "⊥": "bot",
    "ℝ": "real", "ℕ": "nat", "ℤ": "int", "ℚ": "rat", "ℂ": "complex",
}  # fmt: skip
_PIECE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_JOINING: Final = frozenset("or and iff not".split())
_SILENT: Final = frozenset("True False Type Prop Sort fun by".split())


def content_name(candidate: Candidate) -> str | None:
    """The name, of at most 60 ASCII characters; None where fewer than two of its words can be told."""
    found = read_theorem(candidate.statement)
    if found is None or found.stop - found.name > _MOST_TOKENS:
        return None
    reader = _Reader(found)
    conclusion, premises = reader.goal()
    if not conclusion:
        return None
    pieces = conclusion[:_CONCLUSION]
    while pieces and pieces[-1] in _JOINING:
        pieces.pop()
    for premise in [*reader.hypotheses(), *premises][:_HYPOTHESES]:
        longer = [*pieces, "of", *premise[:_HYPOTHESIS]]
        if len("_".join(longer)) > _LONGEST:
            break
        pieces = longer
    while len("_".join(pieces)) > _LONGEST:
        pieces.pop()
    if len(pieces) < 2:
        return None
    try:
        return valid_theorem_name("_".join(pieces))
    except InputError:
        return None


class _Reader:
    def __init__(self, found: TheoremText) -> None:
        self._found = found
        self._tokens = found.tokens
        self._bound = set(parse_declaration(found.source, found.command).bound)
        for opening, closing in found.groups:
            self._bound.update(self._names(opening, closing)[0])

    def _names(self, opening: int, closing: int) -> tuple[list[str], int]:
        """The names of a binder group, and the index behind its colon."""
        at = opening + 1
        while at < closing and self._tokens[at].kind == TokenKind.IDENTIFIER:
            at += 1
        if at < closing and self._tokens[at].text == ":":
            return [t.text for t in self._tokens[opening + 1 : at]], at + 1
        return [], opening + 1

    def hypotheses(self) -> list[list[str]]:
        """The words of each hypothesis in round brackets of the head."""
        texts = [t.text for t in self._tokens[self._found.name + 1 : self._found.stop]]
        used = {part for text in texts for part in (text, text.partition(".")[0])}
        counts = {name: texts.count(name) for name in used & self._bound}
        found: list[list[str]] = []
        for opening, closing in self._found.groups:
            names, start = self._names(opening, closing)
            if self._tokens[opening].text != "(" or not names:
                continue
            if any(counts.get(name, 0) > 1 for name in names) or not self._says_something(start, closing):
                continue
            words = self._words(start, closing, 1)
            if words:
                found.append(words)
        return found

    def _says_something(self, start: int, stop: int) -> bool:
        """Whether a type is a proposition rather than the type of a variable, as far as its form tells."""
        inside = [self._tokens[i].text for i in top_level(self._tokens, start, stop)]
        if any(text in _RELATIONS or text in ("∀", "∃", "¬", "∧", "∨", "↔", "∃!") for text in inside):
            return True
        return any(
            t.kind == TokenKind.IDENTIFIER and t.text.partition(".")[0] in self._bound and len(inside) <= 4
            for t in self._tokens[start:stop]
        ) and not any(text in ("→", "×") or text.startswith("→") for text in inside)

    def goal(self) -> tuple[list[str], list[list[str]]]:
        """The words of the conclusion, and those of each premise of it."""
        start, stop = self._found.goal
        premises: list[list[str]] = []
        for _ in range(16):
            start, stop = self._bare(start, stop)
            if start < stop and self._tokens[start].text == "∀":
                start = self._behind_comma(start, stop)
                continue
            arrow = next(
                (i for i in top_level(self._tokens, start, stop) if self._tokens[i].text == "→"), None
            )
            if arrow is None:
                break
            premises.append(self._words(start, arrow, 1))
            start = arrow + 1
        return self._words(start, stop, 0), [words for words in premises if words]

    def _behind_comma(self, start: int, stop: int) -> int:
        commas = (i for i in top_level(self._tokens, start, stop) if self._tokens[i].text == ",")
        return next(commas, stop - 1) + 1

    def _bare(self, start: int, stop: int) -> tuple[int, int]:
        """A span without brackets around it and without a type ascription in them."""
        tokens = self._tokens
        while start < stop and tokens[start].text == "(" and tokens.closing[start] == stop - 1:
            inside = top_level(tokens, start + 1, stop - 1)
            colon = next((i for i in inside if tokens[i].text == ":"), stop - 1)
            start, stop = start + 1, colon
        return start, stop

    def _words(self, start: int, stop: int, depth: int) -> list[str]:
        start, stop = self._bare(start, stop)
        if start >= stop or depth > _DEEPEST:
            return []
        tokens = self._tokens
        first = tokens[start].text
        if first in ("∀", "Π", "fun", "λ"):
            return self._words(self._behind_comma(start, stop), stop, depth + 1) if first in "∀Π" else []
        if first.startswith("∃"):
            body = self._words(self._behind_comma(start, stop), stop, depth + 1)
            return ["existsUnique" if first == "∃!" else "exists", *body]
        top = self._outside_binders(start, stop)
        for sign, word in (("↔", "iff"), ("∨", "or"), ("∧", "and")):
            at = next((i for i in top if tokens[i].text == sign), None)
            if at is not None:
                return [*self._words(start, at, depth + 1), word, *self._words(at + 1, stop, depth + 1)]
        if first == "¬":
            return ["not", *self._words(start + 1, stop, depth + 1)]
        at = next((i for i in top if tokens[i].text in _RELATIONS and i > start), None)
        if at is not None:
            return self._relation(start, at, stop, depth)
        if first in _BIG or first[:1] in _BIG:
            return [_PREFIXES[first[0]], *self._words(self._behind_comma(start, stop), stop, depth + 1)]
        return self._term(start, stop, top, depth)

    def _outside_binders(self, start: int, stop: int) -> list[int]:
        """Indices of the tokens outside brackets, without those between a big operator and its comma."""
        found: list[int] = []
        binding = False
        for at in top_level(self._tokens, start, stop):
            text = self._tokens[at].text
            if not binding:
                found.append(at)
            binding = text[:1] in _BIG or (binding and text != ",")
        return found

    def _relation(self, start: int, at: int, stop: int, depth: int) -> list[str]:
        sign = self._tokens[at].text
        sides = [(start, at), (at + 1, stop)]
        word = _RELATIONS[sign]
        if sign in _SWAPPED:
            sides.reverse()
        left, right = (self._words(*side, depth + 1) for side in sides)
        plain = {"lt": "<", "le": "≤"}.get(word, "")
        for side, (words, other) in enumerate(((left, right), (right, left))):
            if words == ["zero"] and (plain, side) in _ZERO:
                return [*other, _ZERO[plain, side]]
        return [*left, word, *right]

    def _term(self, start: int, stop: int, top: list[int], depth: int) -> list[str]:
        tokens = self._tokens
        first = tokens[start].text
        bars = [at for at in top if tokens[at].text == first]
        if first in ("|", "‖") and bars == [start, stop - 1]:
            return ["abs" if first == "|" else "norm", *self._words(start + 1, stop - 1, depth + 1)]
        for operators in _OPERATORS:
            # The last one, since all but the power group to the left; one word does for either.
            at = next((i for i in reversed(top) if i > start and tokens[i].text in operators), None)
            if at is not None and at + 1 < stop:
                sides = [*self._words(start, at, depth + 1), *self._words(at + 1, stop, depth + 1)]
                return [operators[tokens[at].text], *sides]
        if first in _PREFIXES:
            return [w for w in [_PREFIXES[first]] if w] + self._words(start + 1, stop, depth + 1)
        last = tokens[stop - 1].text
        if last in _POSTFIXES and stop - start > 1:
            return [_POSTFIXES[last], *self._words(start, stop - 1, depth + 1)]
        return self._application(start, stop, top, depth)

    def _application(self, start: int, stop: int, top: list[int], depth: int) -> list[str]:
        tokens = self._tokens
        words = self._atom(start)
        for at in top:
            if at <= start or tokens[at].text in ("[", "{", "⦃"):
                continue
            if tokens[at].text == "(":
                words += self._words(at, tokens.closing[at] + 1, depth + 1)
            elif tokens[at].text not in OPENERS:
                words += self._atom(at)
        return words

    def _atom(self, at: int) -> list[str]:
        token = self._tokens[at]
        if token.kind == TokenKind.NUMBER:
            number = _NUMBERS.get(int(token.text)) if token.text.isdecimal() else None
            return [number] if number else []
        if token.text in _SYMBOLS:
            return [_SYMBOLS[token.text]]
        if token.kind != TokenKind.IDENTIFIER or token.text in _SILENT:
            return []
        first, dot, _ = token.text.partition(".")
        if first in self._bound and not dot:
            return []
        word = token.text.rpartition(".")[2]
        if not _PIECE.match(word) or len(word) == 1:
            return []
        upper = re.match(r"[A-Z]+(?![a-z])|[A-Z]", word)
        if upper is not None:
            word = upper.group().lower() + word[upper.end() :]
        return [word]
