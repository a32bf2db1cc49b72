r"""Reads the tokens of one formula or term by `math.lark`.

Habits that are read: juxtaposition is multiplication; `\sin 2x` takes the run of plain factors after it;
`\sin^2 x` is a square; `a + b \bmod m` is the remainder of the whole sum; a sum or product takes the factors
after it and no summand. Habits that are refused because people differ on them: `a/bc`, `2\frac12`,
`\sin x(y+1)`, powers and factorials in a row, `\sin^{-1}`, `\sum k + k`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from lark import Lark
from lark import Token as LarkToken
from lark.exceptions import UnexpectedInput
from lark.lexer import Lexer

from cramf.formalize.symbolic.lexicon import Lexicon
from cramf.formalize.symbolic.mathatoms import AtomReader
from cramf.formalize.symbolic.syntax import (
    And,
    Congruent,
    Formula,
    FunctionSort,
    Maps,
    Member,
    RefusedError,
    Rel,
    SetRef,
    Span,
    Term,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.tokens import Token
from cramf.formalize.symbolic.traverse import depth_of

__all__ = ["MathReader", "TokenLexer"]

_RELATIONS = {
    "EQ": "=",
    "NE": "≠",
    "LT": "<",
    "LE": "≤",
    "GT": ">",
    "GE": "≥",
    "DVD": "∣",
    "NDVD": "∤",
    "SUBSET": "⊆",
    "PSUBSET": "⊂",
}


MAX_NESTING = 100
"""Deepest nesting of operations read in one formula, so that no later walk runs out of stack."""


class TokenLexer(Lexer):
    """Hands lark the tokens made elsewhere."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, data: list[LarkToken]) -> Iterator[LarkToken]:  # type: ignore[override]
        return iter(data)


def _lark_tokens(tokens: list[Token]) -> list[LarkToken]:
    return [LarkToken(t.kind, t.text, start_pos=t.start, end_pos=t.end, line=i) for i, t in enumerate(tokens)]


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("math.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=TokenLexer, maybe_placeholders=True)


def _all_in_braces(tokens: list[Token]) -> bool:
    """Whether one pair of braces that LaTeX does not show holds the whole formula."""
    if len(tokens) < 3 or tokens[0].kind != "LBRACE":
        return False
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.kind == "LBRACE") - (token.kind == "RBRACE")
        if depth == 0:
            return place == len(tokens) - 1
    return False


class MathReader:
    """Reads formulas with the operations of a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def read(self, tokens: list[Token]) -> Term | Formula:
        """The term, the relation (several in a chain are joined by `And`), the membership or the map.

        Raises:
            UnreadError: at the first token that does not fit, or at a habit that is refused.
        """
        whole = tokens[0].start, tokens[-1].end
        while _all_in_braces(tokens):
            tokens = tokens[1:-1]
        try:
            tree: Any = _parser().parse(_lark_tokens(tokens))
        except UnexpectedInput as error:
            bad = getattr(error, "token", None)
            if bad is None or bad.type == "$END":
                raise UnreadError("a formula that breaks off", whole) from None
            raise UnreadError(
                f"{str(bad)!r} does not fit the formula here", (bad.start_pos, bad.end_pos)
            ) from None
        reader = _FormulaReader(self._lexicon, tokens)
        if tree.data == "maps":
            return reader.maps(tree, whole)
        try:
            found = reader.relation(tree.children[0], whole)
        except UnreadError as unread:
            raise RefusedError(unread.reason, unread.span) from None
        if depth_of(found) > MAX_NESTING:
            raise UnreadError(f"operations nested deeper than {MAX_NESTING}", whole)
        return found


class _FormulaReader(AtomReader):
    """Reads one formula."""

    def maps(self, tree: Any, whole: Span) -> Maps:
        name, _, domain, _, codomain = tree.children
        sets = self.sum(domain), self.sum(codomain)
        if not isinstance(sets[0], SetRef) or not isinstance(sets[1], SetRef):
            raise UnreadError("a map between sets that are no number sets", whole)
        variable = Var(str(name), (name.start_pos, name.end_pos))
        return Maps((variable,), FunctionSort((sets[0],), sets[1], whole), whole)

    def relation(self, tree: Any, whole: Span) -> Term | Formula:
        """A relation's tree, with one side or more."""
        sides = [self.side(part) for part in tree.children[::2]]
        operators = [part.children[0] for part in tree.children[1::2]]
        kinds = [op.type for op in operators]
        modulo = [modulus for _, modulus, _ in sides]
        bracketed = tree.children[-1].data == "modulo" and tree.children[-1].children[1].type == "PMOD"
        if "EQUIV" in kinds or (bracketed and set(kinds) == {"EQ"}):
            last = modulo[-1]
            if len(set(kinds)) > 1 or any(modulo[:-1]) or last is None:
                raise UnreadError("a congruence without its modulus, or mixed with other relations", whole)
            terms = [term for term, _, _ in sides]
            return _joined([Congruent(a, b, last, whole) for a, b in pairwise(terms)])
        terms = [self.remainder(side) for side in sides]
        if kinds[:1] == ["EQ"] and terms[0].span in self.starred:
            raise UnreadError("whether * is multiplication or defined here is not clear", terms[0].span)
        if not kinds:
            return terms[0]
        if "TO" in kinds:
            raise UnreadError("an arrow that is not read", (operators[0].start_pos, operators[0].end_pos))
        parts: list[Formula] = []
        for kind, left, right in zip(kinds, terms, terms[1:], strict=False):
            if kind in ("IN", "NOTIN"):
                if kind == "NOTIN" and len(kinds) > 1:
                    raise UnreadError("a chain of relations with ∉", whole)
                parts.append(Member(left, self.as_set(right), kind == "NOTIN", whole))
            elif kind in ("SUBSET", "PSUBSET"):
                parts.append(Rel(_RELATIONS[kind], self.as_set(left), self.as_set(right), whole))
            else:
                parts.append(Rel(_RELATIONS[kind], left, right, whole))
        return _joined(parts)

    def formula(self, tree: Any) -> Formula:
        """A relation that must not be a bare term."""
        span = self.span(tree)
        read = self.relation(tree, span)
        if isinstance(read, Term):
            raise UnreadError("a condition is expected", span)
        return read


def _joined(parts: list[Any]) -> Formula:
    return parts[0] if len(parts) == 1 else And(tuple(parts))
