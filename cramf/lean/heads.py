"""Heads of types, and the runs of symbols that notation is looked up by."""

from __future__ import annotations

import re
from itertools import islice

from cramf.lean.brackets import CLOSERS, OPENERS, Tokens, bracket_end, top_level
from cramf.lean.lexer import Token, TokenKind

__all__ = [
    "ARROWS",
    "BINDER",
    "DEEPEST",
    "EXTENDING",
    "FARTHEST",
    "KEYWORDS",
    "PLAIN",
    "RELATIONS",
    "codomain_head",
    "is_glued",
    "past_glued",
    "run_at",
    "type_head",
]

# Words of terms and tactics that the lexer cuts as identifiers.
KEYWORDS = frozenset(
    "fun let have show from by in do if then else match with at where Type Sort Prop forall using this "
    "letI haveI let_fun suffices nomatch nofun calc return unless for mut break continue try catch finally "
    "deriving extends open set_option decreasing_by termination_by sorry obtain rcases simp omega "
    "infer_instance max_prec generalizing nat_lit no_index scoped bif private_decl% type_of% _".split()
)

_WORD = TokenKind.IDENTIFIER
BINDER = re.compile(r"[∀∃λΠΣ∑∏∫⨆⨅⋃⋂⨁⨂∐∯⨍∮][^\s]*\Z")
PLAIN = frozenset(") ] } ⟩ ⦄ ⟧ ⟨ ⟦ , : . := => ↦ | @ # _ ? $( #[ %[ @[ ` ; & ( { [ ⦃".split())
RELATIONS = frozenset("= ≠ < ≤ > ≥ ∈ ∉ ↔ ∧ ∨ ¬ ∃ ∃! ⊆ ⊂ ∣ ≈ ~ ≡".split())
_NOT_GLUED = (PLAIN | OPENERS | CLOSERS) - {"_"}
_NO_OPERATORS = PLAIN | frozenset("$ <| * @ ↑ ↥".split())
EXTENDING = frozenset("≥ ∞".split())
ARROWS = tuple("→≃↪⟶⥤↠⇨")
_RUN = 10
"""Longest notation token looked for, in characters."""
FARTHEST = 100
"""How many tokens ahead a type's head or the names of a pattern are looked for, so that hostile text stays
linear."""
DEEPEST = 12
"""How many brackets deep a head is looked for."""
_GLUED = re.compile(r"[A-Za-z]{1,4}\Z")


def is_glued(tokens: Tokens, index: int, stop: int) -> bool:
    """Whether an operator or `[` follows an identifier without a blank, as in `ℝ≥0` and `ℤ_[p]`."""
    if index + 1 >= stop:
        return False
    following = tokens[index + 1]
    return (
        following.start == tokens[index].end
        and following.kind == TokenKind.SYMBOL
        and (following.text == "[" or following.text not in PLAIN)
    )


def run_at(tokens: Tokens, index: int, stop: int) -> str:
    """The text that begins at a token and holds no blank, a few characters at most."""
    parts: list[str] = []
    size = 0
    end = tokens[index].start
    while index < stop and tokens[index].start == end and size < _RUN:
        text = tokens[index].text
        parts.append(text)
        size += len(text)
        end += len(text)
        index += 1
        if text in ("[", "(", "⟨", "{", ")", "]", "}", ",") and len(parts) > 1:
            break
    return "".join(parts)


def past_glued(tokens: Tokens, index: int, stop: int) -> int:
    """Past a token and the operators and digits that follow it without a blank."""
    end = tokens[index].end
    index += 1
    while index < stop and tokens[index].start == end:
        kind, text, _ = tokens[index]
        if kind != TokenKind.NUMBER and (
            kind != TokenKind.SYMBOL or text in _NOT_GLUED or BINDER.match(text)
        ):
            break
        end = tokens[index].end
        index += 1
    return index


def _is_arrow(tokens: Tokens, index: int, stop: int) -> bool:
    """Whether `→` at `index` is that of functions rather than the beginning of `→+*` or `→L[R]`."""
    token = tokens[index]
    if token.text not in ("→", "->"):
        return False
    following: Token | None = tokens[index + 1] if index + 1 < stop else None
    if following is None or following.start != token.end:
        return True
    if following.kind == _WORD:
        return _GLUED.match(following.text) is None
    return following.text in OPENERS


_POSTFIXES = frozenset({"[X]", "⟦X⟧", "[ε]"})
"""Notation for types that is written behind its argument."""


def _type_postfix(tokens: Tokens, index: int, stop: int) -> str:
    """The notation of `_POSTFIXES` that follows the token at `index` without a blank, or ""."""
    if index + 3 >= stop + 1 or tokens[index + 1].start != tokens[index].end:
        return ""
    run = "".join(t.text for t in tokens[index + 1 : index + 4])
    return run if run in _POSTFIXES else ""


def _past_marks(tokens: Tokens, index: int, stop: int) -> int:
    """Past a word and the signs, no brackets, that follow it without a blank."""
    end = tokens[index].end
    index += 1
    while index < stop and tokens[index].start == end:
        text = tokens[index].text
        if tokens[index].kind != TokenKind.SYMBOL or text in PLAIN or text in RELATIONS or text in ARROWS:
            break
        end = tokens[index].end
        index += 1
    return index


def type_head(tokens: Tokens, start: int, stop: int, depth: int = 0) -> str:
    """Head of the type in `start:stop` as the module describes it; "" where it is not plain."""
    first = ""
    operator = ""
    if depth > DEEPEST:
        return ""
    past = start
    for index in islice(top_level(tokens, start, stop), FARTHEST):
        if index < past:
            continue
        kind, text, _ = tokens[index]
        if text[0] in "→-" and _is_arrow(tokens, index, stop):
            return "→"
        if text in ("∀", "Π") and not first:
            return "→"
        if text in RELATIONS:
            return ""
        if kind == _WORD:
            postfix = _type_postfix(tokens, index, stop)
            if not first and postfix:
                first = postfix  # `R[X]` is `Polynomial R` by the notation `[X]`
            elif not first and text not in KEYWORDS:
                special = (not text.isascii() or text[-1] == "_") and is_glued(tokens, index, stop)
                first = run_at(tokens, index, stop) if special else text
                if special and tokens[index + 1].text in EXTENDING:
                    past = past_glued(tokens, index, stop)
            elif first and text not in KEYWORDS:
                # What is written on to an argument, as in `Set ℕ∞` and `Subgroup Gᵐᵒᵖ`, is part of it.
                past = _past_marks(tokens, index, stop)
        elif text in ("(", "{") and not first:
            close = bracket_end(tokens, index, stop)
            first = "Subtype" if text == "{" else type_head(tokens, index + 1, close, depth + 1) or " "
        elif kind == TokenKind.SYMBOL and text not in _NO_OPERATORS:
            stronger = text[0] in ARROWS and operator[:1] not in ARROWS
            if not operator or stronger:
                operator = run_at(tokens, index, stop)
    if operator:
        return operator
    return first.strip()


def codomain_head(tokens: Tokens, start: int, stop: int) -> str:
    """Head of what a function type ends in: of `ι → Set α` it is `Set`."""
    last = start
    quantified = False
    for index in islice(top_level(tokens, start, stop), FARTHEST):
        text = tokens[index].text
        if quantified:
            if text == ",":
                quantified = False
                last = index + 1
        elif text in ("∀", "Π"):
            quantified = True
        elif _is_arrow(tokens, index, stop):
            last = index + 1
    return type_head(tokens, last, stop) if last < stop and not quantified else ""
