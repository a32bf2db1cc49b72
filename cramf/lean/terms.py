"""Reading spans of term tokens: brackets, one-line text, free identifiers, operators."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cramf.lean.commands import SourceText
from cramf.lean.lexer import Token, TokenKind

__all__ = ["KEYWORDS", "bracket_end", "free_identifiers", "one_line"]

_CLOSE = {
    "(": ")", "[": "]", "{": "}", "⟨": "⟩", "⦃": "⦄", "@[": "]", "#[": "]", "%[": "]", "$(": ")", "⟦": "⟧",
}  # fmt: skip
_CLOSERS = frozenset(_CLOSE.values())

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


def bracket_end(tokens: Sequence[Token], start: int, stop: int) -> int:
    """Index of the bracket that closes the one at `start`, or `stop - 1` where none does."""
    depth = 0
    for index in range(start, stop):
        text = tokens[index].text
        if text in _CLOSE:
            depth += 1
        elif text in _CLOSERS:
            depth -= 1
            if depth == 0:
                return index
    return stop - 1


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


def free_identifiers(tokens: Sequence[Token], start: int, stop: int) -> tuple[list[str], list[str], set[str]]:
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
        if text in _CLOSE:
            brackets.append(index)
        elif text in _CLOSERS and brackets:
            brackets.pop()
        elif text == "by" or (text == ":=" and brackets and tokens[brackets[-1]].text in _GROUPS):
            # Tactics and default values say nothing of what the statement is about.
            index = bracket_end(tokens, brackets[-1], stop) if brackets else stop
            continue
        if kind == TokenKind.IDENTIFIER:
            if text in _BINDER_WORDS:
                index = _bind(tokens, index + 1, stop, bound)
                continue
            if text in ("let", "have", "set", "letI", "haveI") and index + 1 < stop:
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
                index = _bind(tokens, index + 1, stop, bound)
                continue
            if text == "{" and _set_builder(tokens, index, stop, bound):
                index = _bind(tokens, index + 1, stop, bound)
                continue
            if text in ("(", "{", "⦃", "["):
                _bind_group(tokens, index, stop, bound)
            elif text not in _PLAIN:
                symbols[text] = None
        index += 1
    return list(seen), list(symbols), bound


_GROUPS = frozenset("( { ⦃".split())
_PLAIN = frozenset(") ] } ⟩ ⦄ ⟧ ⟨ ⟦ , : . := => ↦ | @ # _ ? $( #[ %[ @[ ` ; &".split())


def _bind(tokens: Sequence[Token], index: int, stop: int, bound: set[str]) -> int:
    """Collect the names after a binder symbol; return where reading goes on."""
    while index < stop:
        kind, text, _ = tokens[index]
        if text in _BINDER_STOPS:
            return index
        if kind == TokenKind.IDENTIFIER:
            # A script letter such as the `𝓝` in `∀ᶠ x in 𝓝 a` comes after `in`, so this is a bound name.
            bound.add(text)
        elif text in ("(", "{", "⦃", "[", "⟨"):
            if text in ("⟨", "("):
                _bind_pattern(tokens, index, stop, bound)
            _bind_group(tokens, index, stop, bound)
            # The group's type holds identifiers of its own, so reading goes on inside it.
            close = bracket_end(tokens, index, stop)
            colon = _colon(tokens, index + 1, close)
            if text == "[" or colon >= 0:
                return colon if colon >= 0 else index + 1
            index = close
        elif kind == TokenKind.SYMBOL and text not in ("_", ")", "}", "⦄", "]", "."):
            return index
        index += 1
    return index


def _bind_group(tokens: Sequence[Token], index: int, stop: int, bound: set[str]) -> None:
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


def _bind_pattern(tokens: Sequence[Token], index: int, stop: int, bound: set[str]) -> None:
    """Bind the names of an anonymous-constructor or tuple pattern."""
    close = bracket_end(tokens, index, stop)
    colon = _colon(tokens, index + 1, close)
    for token in tokens[index + 1 : colon if colon >= 0 else close]:
        if token.kind == TokenKind.IDENTIFIER:
            bound.add(token.text)


def _colon(tokens: Sequence[Token], start: int, stop: int) -> int:
    """Index of the first `:` at this bracket depth, or -1."""
    depth = 0
    for index in range(start, stop):
        text = tokens[index].text
        if text in _CLOSE:
            depth += 1
        elif text in _CLOSERS:
            depth -= 1
        elif text == ":" and depth == 0:
            return index
    return -1


def _set_builder(tokens: Sequence[Token], index: int, stop: int, bound: set[str]) -> bool:
    """Whether `{` at `index` opens `{x | …}`, `{x : T | …}`, `{x ∈ s | …}` or `{x : T // …}`.

    For `{f x | x ∈ s}`, whose names stand behind the bar, they are added to `bound`.
    """
    close = bracket_end(tokens, index, stop)
    depth = 0
    for position in range(index + 1, close):
        text = tokens[position].text
        if text in _CLOSE:
            depth += 1
        elif text in _CLOSERS:
            depth -= 1
        elif text in ("|", "//") and depth == 0:
            first = tokens[index + 1]
            after = tokens[index + 2].text
            if first.kind == TokenKind.IDENTIFIER and (position == index + 2 or after in _BINDER_STOPS):
                return True
            if text == "|":
                names: set[str] = set()
                _bind(tokens, position + 1, close, names)
                following = position + 1 + len(names)
                if following < close and tokens[following].text in ("∈", ":", ",", "⊆", "<", "≤"):
                    bound.update(names)
                elif tokens[position + 1].text == "(":
                    bound.update(names)
            return False
        elif text in (":=", ",") and depth == 0:
            return False
    return False
