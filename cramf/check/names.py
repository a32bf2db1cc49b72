"""The nearest real names to one that does not exist."""

from __future__ import annotations

import difflib
from collections import defaultdict
from functools import cached_property

from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.scope import Context

__all__ = ["NameFinder"]

_LIMIT = 3
_POOL = 400


class NameFinder:
    """Suggests declarations by their last component, by namespace, and by spelling."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    @cached_property
    def _by_last(self) -> dict[str, list[str]]:
        """Lower-case last component, without marks between words, to full names."""
        table: dict[str, list[str]] = defaultdict(list)
        for name in self._vocabulary.declarations:
            if name not in self._vocabulary.deprecated:
                table[_key(name.rpartition(".")[2])].append(name)
        return dict(table)

    @cached_property
    def _keys(self) -> dict[str, list[str]]:
        """Keys by their first two letters, for near misses."""
        table: dict[str, list[str]] = defaultdict(list)
        for key in self._by_last:
            table[key[:2]].append(key)
        return dict(table)

    def nearest(self, word: str, context: Context | None = None) -> tuple[str, ...]:
        """Up to three names, best first: same last component, then the nearest spelling."""
        _, _, last = word.rpartition(".")
        key = _key(last)
        pool = list(self._by_last.get(key, ()))
        if not pool:
            close = difflib.get_close_matches(key, self._keys.get(key[:2], ()), n=3, cutoff=0.75)
            pool = [name for match in close for name in self._by_last[match]]
        opened = {o.name for o in context.opens} if context is not None else set()

        def rank(name: str) -> tuple[float, int, int, str]:
            space = name.rpartition(".")[0]
            score = difflib.SequenceMatcher(None, name.lower(), word.lower()).ratio()
            return (-score - 0.2 * (space in opened), name.count("."), len(name), name)

        return tuple(sorted(pool[:_POOL], key=rank)[:_LIMIT])

    def namespaces(self, word: str) -> tuple[str, ...]:
        """Namespaces spelt like `word`."""
        ends = [n for n in self._vocabulary.table.namespaces if n.rpartition(".")[2] == word]
        if ends:
            return tuple(sorted(ends, key=lambda n: (len(n), n))[:_LIMIT])
        tops = [n for n in self._vocabulary.table.namespaces if "." not in n]
        return tuple(difflib.get_close_matches(word, sorted(tops), n=_LIMIT, cutoff=0.7))


def _key(component: str) -> str:
    return component.replace("_", "").rstrip("'").lower()
