"""The parents of a structure as `extends` names them, by the heads of their types."""

from __future__ import annotations

from cramf.lean.brackets import Tokens, bracket_end, top_level
from cramf.lean.heads import run_at, type_head
from cramf.lean.lexer import TokenKind
from cramf.lean.statement import Reader

__all__ = ["extended", "head_of_bound"]

_OTHER_BRACKETS = {"⁅": 1, "⟮": 1, "⁆": -1, "⟯": -1}


def extended(tokens: Tokens, index: int, stop: int, reader: Reader) -> tuple[str, ...]:
    """Parents after the `extends` at `index` in a declaration's head that ends at `stop`.

    Each is the head of its type, as `cramf.lean.statement` writes heads, and `⥤|Full` for `F.Full` with
    `F : C ⥤ D`; `toB:Head` where the text names the projection. `reader` has read the binders.
    """
    depth = 0
    ends: list[int] = []
    colons: dict[int, int] = {}
    end = stop
    for position in top_level(tokens, index + 1, stop):
        text = tokens[position].text
        # `L →ₗ⁅R, M⁆ N` is one entry.
        depth += _OTHER_BRACKETS.get(text, 0)
        if text == "," and depth <= 0:
            ends.append(position)
        elif text == ":" and depth <= 0:
            # `extends A, B : Type u` ends in a type; `extends A, toB : B` names a projection.
            following = tokens[position + 1].text if position + 1 < stop else ""
            if following in ("Type", "Prop", "Sort", ""):
                end = position
                break
            colons.setdefault(len(ends), position)
    found: list[str] = []
    begin = index + 1
    for number, close in enumerate([*ends, end]):
        colon = colons.get(number, -1)
        head = _parent_head(tokens, colon + 1 if colon >= 0 else begin, close, reader)
        if colon >= 0 and tokens[begin].kind == TokenKind.IDENTIFIER:
            found.append(f"{tokens[begin].text}:{head}")
        elif head:
            found.append(head)
        begin = close + 1
    return tuple(found)


def _parent_head(tokens: Tokens, start: int, stop: int, reader: Reader) -> str:
    """Head of a parent: an identifier that is applied, the field of a bound name, or notation."""
    if start < stop and tokens[start].text == "@":
        start += 1
    if start >= stop:
        return ""
    for position in top_level(tokens, start + 1, stop):
        token, before = tokens[position], tokens[position - 1]
        if token.text == "(" and position == start + 1 and before.end == token.start:
            return run_at(tokens, start, stop)  # the notation `C(X, Y)`
        if token.text == "[" and position > start and run_at(tokens, position, stop)[1:2] == "⋀":
            return run_at(tokens, position, stop)  # `M [⋀^ι]→ₗ[R] N`
        # Notation among the arguments, as in `Module α≥0 M`, has no blank around it.
        if token.kind == TokenKind.SYMBOL and token.text not in _APPLYING and before.end < token.start:
            return type_head(tokens, start, stop)
    if tokens[start].text == "(":
        close = bracket_end(tokens, start, stop)
        if (
            close + 2 < stop
            and tokens[close + 1].text == "."
            and tokens[close + 1].start == tokens[close].end
        ):
            head = head_of_bound(reader.term_head(start + 1, close), reader)
            return "|".join((head, *tokens[close + 2].text.split("."))) if head else ""
    if tokens[start].kind != TokenKind.IDENTIFIER:
        return type_head(tokens, start, stop)
    return head_of_bound(tokens[start].text, reader)


_MOST_STEPS = 8


def head_of_bound(word: str, reader: Reader, steps: int = 0) -> str:
    """A head, where it is dot notation on a bound name by that name's type: `A.Pairing` as `Complex|Pairing`.

    "" where the type is not plain.
    """
    base, bar, fields = word.partition("|")
    first, dot, rest = base.partition(".")
    if not dot or first not in reader.bound:
        return word
    head = head_of_bound(reader.heads.get(first, ""), reader, steps + 1) if steps < _MOST_STEPS else ""
    return "|".join((head, *rest.split("."))) + bar + fields if head else ""


_APPLYING = frozenset("( ) [ ] { } ⦃ ⦄ ⟨ ⟩ . .. @ # ↑ ↥ ⇑ := , ⁅ ⁆ ⟮ ⟯".split())
