"""lark's Earley parser with one token of lookahead.

lark predicts every rule that the grammar allows at a place, and lets the next token strike out nearly all of
them. Here only rules that can begin with the next token (or be empty) are predicted: the same derivations at
a fraction of the time, which is what keeps a large grammar within the time for a statement.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from lark import Lark
from lark import Token as LarkToken
from lark.grammar import NonTerminal, Rule
from lark.parsers import earley
from lark.parsers.earley_forest import SymbolNode

__all__ = ["LookaheadParser"]


class _Parser(earley.Parser):
    """Its `predictions` are exchanged before each token; see `LookaheadParser`."""

    kinds: list[str]
    all_predictions: dict[NonTerminal, list[Rule]]
    by_kind: dict[str, dict[NonTerminal, list[Rule]]]

    def predict_and_complete(self, i: int, *rest: Any) -> None:
        kind = self.kinds[i] if i < len(self.kinds) else ""
        found = self.by_kind.get(kind)
        if found is None:
            found = {
                symbol: [rule for rule in rules if self._fits(rule, kind)]
                for symbol, rules in self.all_predictions.items()
            }
            self.by_kind[kind] = found
        self.predictions = found
        super().predict_and_complete(i, *rest)  # type: ignore[no-untyped-call]

    def _fits(self, rule: Rule, kind: str) -> bool:
        for symbol in rule.expansion:
            if symbol.is_term:
                return bool(symbol.name == kind)
            if any(first.name == kind for first in self.FIRST[symbol]):
                return True
            if symbol not in self.NULLABLE:
                return False
        return True


class _Rule(Rule):
    """A rule that equals only itself: lark compares rules by their symbols, one by one."""

    __slots__ = ()
    __hash__ = Rule.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class _NonTerminal(NonTerminal):
    """A symbol compared by its name alone: no terminal of these grammars has the name of a nonterminal."""

    __hash__ = NonTerminal.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other or self.name == getattr(other, "name", None)


class _Tokens:
    def __init__(self, tokens: list[LarkToken]) -> None:
        self.tokens = tokens

    def lex(self, expects: object) -> list[LarkToken]:
        return self.tokens


class LookaheadParser:
    """Parses token lists by a lark Earley grammar made with `ambiguity="forest"`."""

    def __init__(self, lark: Lark) -> None:
        # lark's wrapper around the parser has no public name for what it wraps.
        parser: Any = lark.parser
        self._parser: _Parser = copy(parser.parser)
        self._parser.__class__ = _Parser
        self._parser.all_predictions = self._parser.predictions
        self._parser.by_kind = {}
        for rules in self._parser.predictions.values():
            for rule in rules:
                rule.__class__ = _Rule
                for symbol in (rule.origin, *rule.expansion):
                    if isinstance(symbol, NonTerminal):
                        symbol.__class__ = _NonTerminal

    def parse(self, tokens: list[LarkToken], start: str = "start") -> SymbolNode:
        """The forest of the derivations of `tokens`.

        Raises:
            UnexpectedToken: at the first token that no derivation can take.
            UnexpectedEOF: where every derivation would go on.
        """
        parser = copy(self._parser)
        parser.kinds = [token.type for token in tokens]
        forest: Any = parser.parse(_Tokens(tokens), start)  # type: ignore[no-untyped-call]
        assert isinstance(forest, SymbolNode)
        return forest
