"""Normal text of a candidate: the same for two that differ in the names of bound variables alone.

On tokens, so that nothing has to be understood: names that the statement binds are numbered in the order of
their occurrence; what is bound and never used (mostly a hypothesis) has no name at all; binder groups of the
head are split and all written with round brackets; blanks, comments, the theorem's name, its proof, docstring
and attributes are left out; so are other spellings of the same token. The order of hypotheses, other ways of
saying the same, and what names resolve to are not looked at: equal texts mean the same statement, different
ones may.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cramf.check.verdict import Candidate
from cramf.formalize.theorem import TheoremText, read_theorem
from cramf.lean.commands import SourceText
from cramf.lean.declarations import parse_declaration
from cramf.lean.lexer import Token, TokenKind

__all__ = ["normal_text"]

_SPELLINGS = {"->": "→", "=>": "↦", "<=": "≤", ">=": "≥", "!=": "≠", "λ": "fun", "<->": "↔"}
_ROUND = {"{": "(", "⦃": "("}
_CLOSED = {"{": "}", "⦃": "⦄", "(": ")", "[": "]"}
_LETS = frozenset({"let", "have", "letI", "haveI", "set"})


def normal_text(candidate: Candidate) -> str:
    """The candidate's helper and statement in normal form; the header is not looked at."""
    helper = " ".join(_plain(SourceText.read(candidate.helper).tokens)) if candidate.helper.strip() else ""
    found = read_theorem(candidate.statement)
    if found is None:
        own = " ".join(_plain(SourceText.read(candidate.statement).tokens))
        return f"{helper}\n{own}".strip()
    before = " ".join(_plain(found.tokens[: found.command.start]))
    after = " ".join(_plain(found.tokens[found.command.end :]))
    statement = " ".join(_Writer(found).written())
    return "\n".join(part for part in (helper, before, statement, after) if part)


def _plain(tokens: list[Token]) -> Iterator[str]:
    return (_SPELLINGS.get(t.text, t.text) for t in tokens if t.kind != TokenKind.DOC)


class _Writer:
    def __init__(self, found: TheoremText) -> None:
        self._found = found
        self._tokens = found.tokens
        names = {
            token.text
            for opening, _ in found.groups
            for token in found.tokens[opening + 1 : self._colon(opening)]
            if token.kind == TokenKind.IDENTIFIER
        }
        self._bound = names | parse_declaration(found.source, found.command).bound
        self._uses = Counter(
            first for at in range(found.name + 1, found.stop) if (first := self._bound_at(at)) is not None
        )
        self._numbers: dict[str, str] = {}

    def written(self) -> Iterator[str]:
        for opening, closing in self._found.groups:
            yield from self._group(opening, closing)
        yield ":"
        for at in range(*self._found.goal):
            yield self._text(at)

    def _colon(self, opening: int) -> int:
        """Index of the colon of a binder group, or of its opening bracket where it has none."""
        at = opening + 1
        while at < self._found.stop and self._tokens[at].kind == TokenKind.IDENTIFIER:
            at += 1
        return at if at < self._found.stop and self._tokens[at].text == ":" else opening

    def _group(self, opening: int, closing: int) -> Iterator[str]:
        bracket = _ROUND.get(self._tokens[opening].text, self._tokens[opening].text)
        colon = self._colon(opening)
        # An instance that nothing names is the same with a name as without.
        names: list[str] = [self._text(at) for at in range(opening + 1, colon)]
        if bracket == "[" and names == ["_"]:
            names = []
        type_start = colon + 1
        for name in names or [""]:
            yield f"{bracket}{name}{':' if name else ''}"
            for at in range(type_start, closing):
                yield self._text(at)
            yield _CLOSED[bracket]

    def _bound_at(self, at: int) -> str | None:
        """The bound name that the token at an index speaks of."""
        token = self._tokens[at]
        if token.kind != TokenKind.IDENTIFIER:
            return None
        first = token.text.partition(".")[0]
        if first not in self._bound:
            return None
        before = self._tokens[at - 1]
        if before.text == "." and before.end == token.start:
            return None
        following = self._tokens[at + 1].text if at + 1 < len(self._tokens) else ""
        if following == ":=" and before.text in ("(", "{", ",") and at > self._found.name + 1:
            # A named argument or a field, which is another's name.
            return None
        return first

    def _text(self, at: int) -> str:
        token = self._tokens[at]
        first = self._bound_at(at)
        if first is None:
            return _SPELLINGS.get(token.text, token.text)
        if self._uses[first] == 1 and token.text == first:
            return "_"
        number = self._numbers.setdefault(first, f"#{len(self._numbers) + 1}")
        return number + token.text[len(first) :]
