"""Which declarations a piece of notation stands for, by the notation commands of the checkout."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cramf.knowledge.types import Notation

__all__ = ["CORE_NOTATION", "NotationTable", "main_token", "notation_map", "notation_words"]

# Notation of Lean core, and of Mathlib where it is made by `syntax` with `macro_rules` rather than by a
# notation command. Written from the reference manual; a declaration that nothing attests is left out.
_CORE = """
= Eq; ≠ Ne; ∧ And; ∨ Or; ¬ Not; ↔ Iff; ∃ Exists; ∃! ExistsUnique; ≤ LE.le; <= LE.le; < LT.lt; ≥ GE.ge;
> GT.gt; + HAdd.hAdd; - HSub.hSub;
* HMul.hMul; / HDiv.hDiv; % HMod.hMod; ^ HPow.hPow; ∣ Dvd.dvd; ∈ Membership.mem;
∉ Membership.mem; ∪ Union.union; ∩ Inter.inter; \\ SDiff.sdiff; ⊆ HasSubset.Subset; ⊂ HasSSubset.SSubset;
∅ EmptyCollection.emptyCollection; ⁻¹ Inv.inv; ++ HAppend.hAppend; :: List.cons; && and; || or; == BEq.beq;
!= bne; >>= Bind.bind; <$> Functor.map; <*> Seq.seq; ≈ HasEquiv.Equiv; × Prod; ×' PProd; ⊕ Sum; ⊕' PSum;
∘ Function.comp; • HSMul.hSMul; ∑ Finset.sum; ∏ Finset.prod; ⟦ Quotient.mk; ‖ Norm.norm; Σ Sigma
"""
CORE_NOTATION: Mapping[str, str] = {pair.split()[0]: pair.split()[1] for pair in _CORE.split(";")}

_GENERIC = frozenset("( ) [ ] { } ⟨ ⟩ , | : ; . .. => ↦ := in at of by with if then else".split())
_SHOUTED = re.compile(r"[A-Z]{2,}")
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class _Entry:
    declarations: tuple[str, ...]
    scope: str
    module: str
    """For a `local` notation the only module that it holds in, else ""."""


def main_token(tokens: Iterable[str]) -> str:
    """The literal by which a notation is told from others: a shouted word (`[ZMOD`), else the first."""
    literals = [token.strip() for token in tokens]
    named = [t for t in literals if _SHOUTED.search(t)]
    plain = [t for t in literals if t and t not in _GENERIC]
    return next(iter((*named, *plain)), "")


class NotationTable:
    """Finds the notation that a run of characters begins with.

    Where several scopes give a token a meaning, those that are open decide, and all of them where none is.
    """

    def __init__(self, notations: Iterable[Notation], local: Iterable[Notation] = ()) -> None:
        self._entries: dict[str, list[_Entry]] = defaultdict(list)
        self.words: set[str] = set()
        for group, inside in ((notations, False), (local, True)):
            for notation in group:
                token = main_token(notation.tokens)
                if token:
                    entry = _Entry(notation.declarations, notation.scope, notation.module if inside else "")
                    self._entries[token].append(entry)
                self.words.update(notation_words(notation.tokens))
        self._entries = dict(self._entries)

    @cached_property
    def _firsts(self) -> frozenset[str]:
        return frozenset(token[0] for token in self._entries)

    def __contains__(self, token: str) -> bool:
        return token in self._entries

    def longest(self, run: str) -> str:
        """The longest known token that the run begins with, or ""."""
        if run[0] not in self._firsts:
            return ""
        for size in range(min(len(run), _LONGEST), 0, -1):
            if run[:size] in self._entries:
                return run[:size]
        return ""

    def meaning(self, token: str, scopes: Collection[str] = (), module: str = "") -> tuple[str, ...]:
        """Declarations that a token stands for where these scopes are open; () for an unknown token."""
        entries = [e for e in self._entries.get(token, ()) if not e.module or e.module == module]
        if len(entries) > 1:
            entries = [e for e in entries if not e.scope or e.scope in scopes] or entries
            # A file's own notation hides what others mean by the token.
            entries = [e for e in entries if e.module] or entries
        return tuple(dict.fromkeys(name for e in entries for name in e.declarations[:1]))


_LETTERS = re.compile(r"[^\W\d][\w'₀-₉]*|_[\w]+")


def notation_words(literals: Iterable[str]) -> set[str]:
    """Identifiers that the lexer cuts out of the literals of notation: `[ZMOD ` gives `ZMOD`."""
    return {word for literal in literals for word in _LETTERS.findall(literal)}


def notation_map(notations: Sequence[Notation]) -> dict[str, tuple[str, ...]]:
    """First token of each notation to the declarations that it can stand for."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for notation in notations:
        if notation.declarations and notation.keyword != "core":
            found[notation.tokens[0]][notation.declarations[0]] = None
    return {token: tuple(names) for token, names in sorted(found.items())}
