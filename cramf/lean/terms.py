"""Reading spans of term tokens: brackets, one-line text, free identifiers, operators."""

from __future__ import annotations

import re

from cramf.lean.brackets import CLOSERS, OPENERS, Tokens, bracket_end, top_level
from cramf.lean.commands import SourceText
from cramf.lean.lexer import TokenKind

__all__ = ["KEYWORDS", "free_identifiers", "one_line"]

# Words of terms and tactics that the lexer cuts as identifiers.
KEYWORDS = frozenset(
    "fun let have show from by in do if then else match with at where Type Sort Prop forall using this "
    "letI haveI let_fun suffices nomatch nofun calc return unless for mut break continue try catch finally "
    "deriving extends open set_option decreasing_by termination_by sorry obtain rcases simp omega "
    "infer_instance".split()
)

_BINDERS = re.compile(r"[∀∃λΠΣ∑∏∫⨆⨅⋃⋂⨁⨂∐∯⨍][^\s]*\Z")
_BINDER_WORDS = frozenset({"fun"})
_BINDER_STOPS = frozenset(", ↦ => : ∈ ∉ < ≤ > ≥ ≠ ⊆ ⊂ ∣ | := =".split()) | {"in", "with"}
_SPACES = re.compile(r"\s+")


def one_line(source: SourceText, start: int, stop: int, keep_docs: bool = False) -> str:
    """Text of the tokens in `start:stop` with comments dropped and white space folded."""
    if start >= stop:
        return ""
    tokens = source.tokens
    raw = source.text[tokens[start].start : tokens[stop - 1].end]
    if "--" in raw or "/-" in raw:
        parts: list[str] = []
        position = tokens[start].start
        for token in tokens[start:stop]:
            if token.start > position:
                parts.append(" ")
            if keep_docs or token.kind != TokenKind.DOC:
                parts.append(token.text)
            position = token.end
        raw = "".join(parts)
    return _SPACES.sub(" ", raw).strip()


def free_identifiers(tokens: Tokens, start: int, stop: int) -> tuple[list[str], list[str], set[str]]:
    """Identifiers that a span does not bind itself, its operator tokens, and the names that it binds.

    Binding is judged without regard to where a bound name's scope ends: a name that is bound anywhere in
    a statement counts as local everywhere in it, which only matters for names that shadow a declaration.
    """
    seen: dict[str, None] = {}
    symbols: dict[str, None] = {}
    bound: set[str] = set()
    index = start
    brackets: list[int] = []
    while index < stop:
        kind, text, _ = tokens[index]
        if text in OPENERS:
            brackets.append(index)
        elif text in CLOSERS and brackets:
            brackets.pop()
        elif text == "by" or (text == ":=" and brackets and tokens[brackets[-1]].text in _GROUPS):
            # Tactics and default values say nothing of what the statement is about.
            index = bracket_end(tokens, brackets[-1], stop) if brackets else stop
            continue
        if kind == TokenKind.IDENTIFIER:
            if text in _BINDER_WORDS:
                _bind(tokens, index + 1, stop, bound)
            elif text in ("Type", "Sort"):
                index = _after_universe(tokens, index + 1, stop)
                continue
            if text in ("let", "have", "set", "letI", "haveI") and index + 1 < stop:
                if tokens[index + 1].text in ("⟨", "("):
                    _bind_pattern(tokens, index + 1, stop, bound)
                else:
                    bound.add(tokens[index + 1].text)
            elif text not in KEYWORDS:
                # `.foo` and `(x).foo` are dot notation, and `(name := x)` is a named argument.
                before = tokens[index - 1] if index > start else None
                dotted = before is not None and before.text == "." and before.end == tokens[index].start
                named = (
                    before is not None
                    and before.text == "("
                    and index + 1 < stop
                    and tokens[index + 1].text == ":="
                )
                if not dotted and not named:
                    seen[text] = None
        elif kind == TokenKind.SYMBOL:
            if _BINDERS.match(text):
                symbols[text] = None
                _bind(tokens, index + 1, stop, bound)
            elif text == "." and index + 1 < stop and tokens[index + 1].text == "{":
                index = bracket_end(tokens, index + 1, stop) + 1  # `Foo.{u, v}` lists universes
                continue
            elif text == "{" and _set_builder(tokens, index, stop, bound):
                _bind(tokens, index + 1, stop, bound)
            elif text in ("(", "{", "⦃", "["):
                _bind_group(tokens, index, stop, bound)
            elif text not in _PLAIN:
                symbols[text] = None
        index += 1
    return [word for word in seen if word not in bound], list(symbols), bound


def _after_universe(tokens: Tokens, index: int, stop: int) -> int:
    """Past the universe level that follows `Type` or `Sort`."""
    if index < stop and tokens[index].text == "(":
        return bracket_end(tokens, index, stop) + 1
    if index < stop and tokens[index].kind == TokenKind.IDENTIFIER and tokens[index].text not in KEYWORDS:
        return index + 1
    return index


_GROUPS = frozenset("( { ⦃".split())
_PLAIN = frozenset(") ] } ⟩ ⦄ ⟧ ⟨ ⟦ , : . := => ↦ | @ # _ ? $( #[ %[ @[ ` ; &".split())


def _bind(tokens: Tokens, index: int, stop: int, bound: set[str]) -> None:
    """Collect the names after a binder symbol; their types are read by the caller."""
    while index < stop:
        kind, text, _ = tokens[index]
        if text in _BINDER_STOPS:
            return
        if kind == TokenKind.IDENTIFIER:
            if text in KEYWORDS:
                return
            bound.add(text)
        elif text in ("(", "{", "⦃", "[", "⟨"):
            if text in ("⟨", "("):
                _bind_pattern(tokens, index, stop, bound)
            _bind_group(tokens, index, stop, bound)
            index = bracket_end(tokens, index, stop)
        elif kind == TokenKind.SYMBOL and text != "_":
            return
        index += 1


def _bind_group(tokens: Tokens, index: int, stop: int, bound: set[str]) -> None:
    """Bind the names of `(x y : T)` where the group at `index` has that shape."""
    position = index + 1
    names: list[str] = []
    while position < stop and (tokens[position].kind == TokenKind.IDENTIFIER or tokens[position].text == "_"):
        names.append(tokens[position].text)
        position += 1
    if position < stop and tokens[position].text == ":" and names:
        # `(f x : ℝ)` may be a type ascription; a binder follows another one or stands before an arrow.
        before = tokens[index - 1].text if index else ""
        close = bracket_end(tokens, index, stop)
        arrow = close + 1 < stop and tokens[close + 1].text[0] == "→"
        if arrow or before in (")", "}", "]", "⦄", "fun") or _BINDERS.match(before):
            bound.update(names)


def _bind_pattern(tokens: Tokens, index: int, stop: int, bound: set[str]) -> None:
    """Bind the names of an anonymous-constructor or tuple pattern."""
    close = bracket_end(tokens, index, stop)
    for token in tokens[index + 1 : close]:
        if token.text == ":" or token.text in KEYWORDS:
            return
        if token.kind == TokenKind.IDENTIFIER:
            bound.add(token.text)


def _set_builder(tokens: Tokens, index: int, stop: int, bound: set[str]) -> bool:
    """Whether `{` at `index` opens `{x | …}`, `{x : T | …}`, `{x ∈ s | …}` or `{x : T // …}`.

    For `{f x | x ∈ s}`, whose names stand behind the bar, they are added to `bound`.
    """
    close = bracket_end(tokens, index, stop)
    for position in top_level(tokens, index + 1, close):
        text = tokens[position].text
        if text in (":=", ","):
            return False
        if text not in ("|", "//"):
            continue
        first, after = tokens[index + 1], tokens[index + 2].text
        if first.kind == TokenKind.IDENTIFIER and (position == index + 2 or after in _BINDER_STOPS):
            return True
        if text == "|":
            names: set[str] = set()
            _bind(tokens, position + 1, close, names)
            following = position + 1 + len(names)
            bar_binds = following < close and tokens[following].text in ("∈", ":", ",", "⊆", "<", "≤")
            if bar_binds or tokens[position + 1].text == "(":
                bound.update(names)
        return False
    return False
