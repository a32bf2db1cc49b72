"""Arguments of an application and the receiver of a dot: how far they reach and what their types are."""

from __future__ import annotations

from cramf.lean.brackets import CLOSERS, bracket_end, top_level
from cramf.lean.heads import BINDER, KEYWORDS, past_glued
from cramf.lean.lexer import TokenKind
from cramf.lean.statement import Reader

__all__ = ["MOST_ARGUMENTS", "ArgumentReader"]

MOST_ARGUMENTS = 40
"""More arguments of one function are not read."""
_WORD = TokenKind.IDENTIFIER
_LITERALS = (TokenKind.NUMBER, TokenKind.STRING, TokenKind.CHARACTER)
_ATOMS = frozenset("⊤ ⊥ ∅ ∞ _ ·".split())
_POSTFIX = frozenset("⁻¹ ᵀ ᶜ ᵒᵖ ᴴ ˣ".split())
_SURE = frozenset("@ _ ↑ ⟨ ( { [".split())
_ENDS = frozenset(", : := = ≠ < ≤ > ≥ ∧ ∨ → ↔ -> <-> + * ∈ ∉ ⊆ ⊂ ∣ ∪ ∩ ; then else = ∘ / ^ % × ≃ by".split())


class ArgumentReader(Reader):
    """Reads what stands around an identifier, with the names bound so far."""

    __slots__ = ()

    def is_argument(self, index: int) -> bool:
        """Whether the token at `index` stands behind a function or another argument."""
        if not index:
            return False
        kind, text, _ = self._tokens[index - 1]
        word = kind == _WORD and (text not in KEYWORDS or text in ("_", "Type", "Prop", "Sort"))
        return word or kind in _LITERALS or text in CLOSERS or text in _ATOMS or text in _POSTFIX

    def kind_of(self, begin: int, end: int) -> str:
        """Head of the type of the argument in `begin:end`, "" unless it is sure."""
        tokens = self._tokens
        first = tokens[begin]
        if end - begin == 1 and first.kind == _WORD and first.text not in KEYWORDS:
            if first.text in self.bound:
                return self.heads.get(first.text, "")
            return "" if first.text.partition(".")[0] in self.bound else f"?{first.text}(0)"
        if first.text != "(" or tokens.closing[begin] != end - 1 or end - begin < 3:
            return ""
        inside = [tokens[i].text for i in top_level(tokens, begin + 1, end - 1)]
        if inside[0] in ("fun", "λ"):
            return "→"
        if any(BINDER.match(text) or text in ("fun", "let", "have") for text in inside):
            return ""  # a colon behind one of these is that of a binder
        if ":" in inside:
            return self.term_head(begin + 1, end - 1)
        head = tokens[begin + 1]
        if head.kind != _WORD or head.text in KEYWORDS or head.text.partition(".")[0] in self.bound:
            return ""
        spans, ended = self.arguments(begin + 2, end - 1)
        return f"?{head.text}({len(spans)})" if ended else ""

    def arguments(self, index: int, stop: int) -> tuple[tuple[tuple[int, int], ...], bool]:
        """Token spans of the explicit arguments from `index` on, and whether surely none follows them."""
        tokens = self._tokens
        spans: list[tuple[int, int]] = []
        if index + 1 < stop and tokens[index].text == "." and tokens[index + 1].text == "{":
            index = bracket_end(tokens, index + 1, stop) + 1
        while index < stop and len(spans) < MOST_ARGUMENTS:
            begin = index
            kind, text, offset = tokens[index]
            if tokens[index - 1].end == offset:
                return tuple(spans), False  # `x.1`, `a[i]` and other things without a blank
            if text in ("@", "↑"):
                index += 1
                if index >= stop:
                    break
                kind, text, offset = tokens[index]
            if text in ("(", "⟨", "{", "⟦"):
                close = tokens.closing[index]
                if close < 0 or close >= stop:
                    return tuple(spans), False
                named = text == "(" and index + 2 < close and tokens[index + 2].text == ":="
                index = close + 1
                if named:
                    continue
            elif text == "on":
                return tuple(spans), True  # the infix of `r on f`
            elif kind == _WORD and (text not in KEYWORDS or text in ("_", "Type", "Prop")):
                index = past_glued(tokens, index, stop)
            elif kind in _LITERALS or text in _ATOMS:
                index += 1
            elif text in ("fun", "λ"):
                return ((*spans, (begin, stop)), True)
            else:
                ended = text in _ENDS or text in CLOSERS
                return tuple(spans), ended
            index = self._past_postfix(index, stop)
            spans.append((begin, index))
        return tuple(spans), index >= stop

    def _past_postfix(self, index: int, stop: int) -> int:
        """Past what is written on to an argument: `.field`, `.1`, `⁻¹`."""
        tokens = self._tokens
        while index < stop and tokens[index].start == tokens[index - 1].end:
            if tokens[index].text == "." or tokens[index - 1].text == "." or tokens[index].text in _POSTFIX:
                index += 1
            else:
                break
        return index

    def receiver(self, opener: int, closed: int) -> tuple[str, bool]:
        """Head of the type of a bracketed term, and whether that is sure."""
        tokens = self._tokens
        if opener and tokens[opener - 1].end == tokens[opener].start and tokens[opener - 1].text != "(":
            return "", False  # `V(H)` is notation, and `f.1(x)` something else again
        leading = tokens[opener + 1].text.partition(".")[0]
        if leading in self.bound and not self.heads.get(leading):
            return "", False
        head = self.term_head(opener + 1, closed)
        inside = list(top_level(tokens, opener + 1, closed))
        if any(BINDER.match(tokens[i].text) or tokens[i].text in ("fun", "let", "have") for i in inside):
            return "", False
        if any(tokens[i].text == ":" for i in inside):
            return head, True
        plain = all(tokens[i].kind != TokenKind.SYMBOL or tokens[i].text in _SURE for i in inside)
        return head, plain and "|" not in head and not head.endswith("()")
