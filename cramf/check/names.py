"""The nearest real names to one that does not exist."""

from __future__ import annotations

import heapq
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cramf.collector import collector_paused
from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.scope import Context

__all__ = ["NameFinder", "name_words"]

_LIMIT = 3
_POOL = 400
_FUZZY = 24
_NEAR = 0.65
_PROGRAMS = ("Lean.", "Mathlib.Tactic.", "Mathlib.Meta.", "Batteries.Tactic.", "Aesop.", "Plausible.")
"""Names of programs, which no statement means."""
_MOST_SHARING = 2500
_LONGEST = 120
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+|[^\W\d_A-Za-z]+")
# Words that models put before or behind a name, and that tell little.
_FILLERS = frozenset("is has of the set function map space number element to def prop iff".split())


@lru_cache(maxsize=1 << 16)
def name_words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: `Finset.card_lt` gives `finset`, `card`, `lt`."""
    return tuple(w.lower() for w in _WORD.findall(name))


def _flat(name: str) -> str:
    """A name without case and marks between words."""
    return name.replace("_", "").replace(".", "").replace("'", "").lower()


def _keyed(name: str) -> str:
    """The same with its dots."""
    return name.replace("_", "").replace("'", "").lower()


class _Buckets:
    """Keys by letters at their beginning, a little behind it, and at their end.

    What is spelt nearly alike shares one of these, whichever letter is wrong.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._first: dict[str, list[str]] = defaultdict(list)
        self._behind: dict[str, list[str]] = defaultdict(list)
        self._last: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            self._first[key[:2]].append(key)
            self._behind[key[2:4]].append(key)
            self._last[key[-2:]].append(key)

    def alike(self, key: str, limit: int, cutoff: float) -> list[str]:
        """Keys of a spelling near to `key`, the nearest first."""
        from rapidfuzz import fuzz, process

        places = [(self._first, key[:2]), (self._first, key[1::-1]), (self._last, key[-2:])]
        # One letter too many or too few in front moves these by one.
        places += [(self._behind, key[n : n + 2]) for n in (1, 2, 3)]
        pool = list(dict.fromkeys(k for table, mark in places if mark for k in table.get(mark, ())))
        found = process.extract(
            key, pool, scorer=fuzz.ratio, processor=None, limit=limit, score_cutoff=cutoff
        )
        return [match for match, _, _ in found]


@dataclass(frozen=True, slots=True)
class _Tables:
    """Everything that a search needs, made at the first one."""

    names: list[str]
    proofs: frozenset[str]
    by_key: dict[str, list[str]]
    by_flat: dict[str, list[str]]
    by_last: dict[str, list[str]]
    last_of_definitions: _Buckets
    flat_of_definitions: _Buckets
    lasts: _Buckets
    by_word: dict[str, list[str]]
    """For each word the definitions that have it."""


class NameFinder:
    """Suggests declarations by their components, their words and their spelling."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._known: dict[tuple[str, frozenset[str]], tuple[str, ...]] = {}
        self._popular: dict[str, int] = {}
        self._known_namespaces: dict[str, tuple[str, ...]] = {}

    @cached_property
    def _tables(self) -> _Tables:
        with collector_paused():
            return self._made_tables()

    def _made_tables(self) -> _Tables:
        old = self._vocabulary.deprecated
        proofs = self._vocabulary.proofs()
        names = [n for n in self._vocabulary.declarations if n not in old and not n.startswith(_PROGRAMS)]
        by_key: dict[str, list[str]] = defaultdict(list)
        by_flat: dict[str, list[str]] = defaultdict(list)
        by_last: dict[str, list[str]] = defaultdict(list)
        by_word: dict[str, list[str]] = defaultdict(list)
        definitions: dict[str, None] = {}
        flats: dict[str, None] = {}
        for name in names:
            last = _flat(name.rpartition(".")[2])
            by_last[last].append(name)
            if name not in proofs:
                definitions[last] = None
                key = _keyed(name)
                by_key[key].append(name)
                flat = key.replace(".", "")
                by_flat[flat].append(name)
                flats[flat] = None
                for word in set(name_words(name)):
                    by_word[word].append(name)
            else:
                by_key[_keyed(name)].append(name)
        return _Tables(
            names,
            proofs,
            dict(by_key),
            dict(by_flat),
            dict(by_last),
            _Buckets(definitions),
            _Buckets(flats),
            _Buckets(by_last),
            dict(by_word),
        )

    def nearest(self, word: str, context: Context | None = None) -> tuple[str, ...]:
        """Up to three full names, best first.

        Ranked are names of the same spelling but for case and marks, of the same last component, of nearly
        the same spelling, and those that share rare words, by a sum of: edit similarity of the whole name and
        of its last component, overlap of words weighted by their rarity, namespace, openness, and how often
        Mathlib's statements use it.
        """
        word = word[:_LONGEST].removeprefix("_root_.")
        opened = frozenset(o.name for o in context.opens) if context is not None else frozenset()
        key = (word, opened)
        found = self._known.get(key)
        if found is None:
            if len(self._known) > 50_000:
                self._known.clear()
            found = self._known[key] = self._search(word, opened)
        return found

    def _search(self, word: str, opened: frozenset[str]) -> tuple[str, ...]:
        from rapidfuzz.distance import OSA

        pool = self._pool(word)
        if not pool:
            return ()
        proofs = self._tables.proofs
        space, _, last = word.rpartition(".")
        flat, flat_last, words = _flat(word), _flat(last), set(name_words(word))
        weights = {w: self._rarity(w) for w in words}
        total = sum(weights.values()) or 1.0

        keyed, keyed_space = _keyed(word), _keyed(space)

        def score(name: str) -> float:
            own_space, _, own_last = name.rpartition(".")
            own_flat, own_flat_last = _flat(name), _flat(own_last)
            near = not own_space or own_space in opened
            own = set(name_words(name if space else own_last))
            shared = sum(weights[w] for w in words & own)
            missed = sum(self._rarity(w) for w in own - words)
            of_last = OSA.normalized_similarity(own_flat_last, flat_last)
            whole = OSA.normalized_similarity(own_flat, flat)
            if not space:
                # Written without a namespace, it may be any that is open, or have lost its own.
                whole = max(whole, of_last * (1.0 if near else 0.9))
            value = 0.9 * whole + 0.7 * of_last + 0.6 * shared / (total + missed)
            value += 0.4 * (own_last == last) + 0.2 * (own_flat_last == flat_last)
            value += 0.3 * (own_flat == flat) + 0.2 * (_keyed(name) == keyed)
            value += 0.3 * (_keyed(own_space) == keyed_space) + 0.1 * near
            value -= 0.25 * (name in proofs)
            return value + 0.02 * math.log1p(self._count(name))

        scores = {name: score(name) for name in pool}
        ranked = sorted(pool, key=lambda n: (-scores[n], len(n), n))[:_LIMIT]
        # What is far behind the best was never meant.
        return tuple(name for name in ranked if scores[name] >= _NEAR * scores[ranked[0]])

    def _rarity(self, word: str) -> float:
        count = len(self._tables.by_word.get(word, ()))
        weight = math.log(1 + len(self._tables.names) / (1 + count)) / 10
        return weight * (0.4 if word in _FILLERS else 1.0)

    def _count(self, name: str) -> int:
        found = self._popular.get(name)
        if found is None:
            found = self._popular[name] = self._vocabulary.popularity(name)
        return found

    def _pool(self, word: str) -> list[str]:
        """Names that may be meant, without order."""
        tables = self._tables
        last = _flat(word.rpartition(".")[2])
        flat = _flat(word)
        pool: dict[str, None] = {}

        def take(names: Iterable[str]) -> None:
            for name in names:
                if len(pool) >= _POOL:
                    return
                pool[name] = None

        take(tables.by_key.get(_keyed(word), ()))
        take(tables.by_flat.get(flat, ()))
        take(self._likeliest(tables.by_last.get(last, ())))
        for text, keys, table in (
            (last, tables.last_of_definitions, tables.by_last),
            (flat, tables.flat_of_definitions, tables.by_flat),
        ):
            for match in keys.alike(text, _FUZZY, 60):
                take(self._likeliest(table[match])[:12])
        take(self._sharing(word))
        if "_" in word and not any(name in tables.proofs for name in pool):
            for match in tables.lasts.alike(last, 12, 75):
                take(tables.by_last[match][:6])
        return list(pool)

    def _likeliest(self, names: Sequence[str]) -> list[str]:
        """Names of one last component, the most used first."""
        if len(names) <= 12:
            return list(names)
        return sorted(names, key=lambda n: (-self._count(n), len(n), n))[:80]

    def _sharing(self, word: str) -> list[str]:
        """Definitions that share the rarest words with a name."""
        tables = self._tables
        scores: dict[str, float] = defaultdict(float)
        words = sorted(set(name_words(word)), key=lambda w: len(tables.by_word.get(w, ())))
        for part in words[:4]:
            names = tables.by_word.get(part, ())
            if len(names) <= _MOST_SHARING:
                rarity = self._rarity(part)
                for name in names:
                    scores[name] += rarity
        return heapq.nsmallest(60, scores, key=lambda n: (-scores[n] / (5 + n.count(".")), len(n), n))

    def namespaces(self, word: str) -> tuple[str, ...]:
        """Namespaces spelt like `word`."""
        from rapidfuzz import fuzz, process

        known = self._known_namespaces.get(word)
        if known is not None:
            return known
        if len(self._known_namespaces) > 10_000:
            self._known_namespaces.clear()
        ends = self._namespace_ends.get(word, [])
        if ends:
            return self._known_namespaces.setdefault(word, tuple(ends[:_LIMIT]))
        keys = self._namespace_keys
        found = process.extract(
            _keyed(word[:_LONGEST]),
            list(keys),
            scorer=fuzz.ratio,
            processor=None,
            limit=_LIMIT,
            score_cutoff=70,
        )
        return self._known_namespaces.setdefault(word, tuple(keys[match] for match, _, _ in found))

    @cached_property
    def _namespaces(self) -> list[str]:
        return sorted(self._vocabulary.table.namespaces, key=lambda n: (len(n), n))

    @cached_property
    def _namespace_ends(self) -> dict[str, list[str]]:
        """Last component to the namespaces that end so, the shortest first."""
        table: dict[str, list[str]] = defaultdict(list)
        for name in self._namespaces:
            table[name.rpartition(".")[2]].append(name)
        return dict(table)

    @cached_property
    def _namespace_keys(self) -> dict[str, str]:
        return {_keyed(name): name for name in reversed(self._namespaces)}
