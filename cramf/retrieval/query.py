"""Which mathematical concepts a statement speaks of: one longest-match pass over the ontology's names.

A text is read as tokens, words of prose and single letters of mathematics. Names of concepts are read the
same way, so that `$p$-group`, `p-group` and `p-groups` are one key, and are held in a trie over tokens.
LaTeX cues (`\\overline`, `[0,1]`) are matched letter by letter through one regular expression.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cramf.knowledge.ontology import Ontology
from cramf.knowledge.types import Concept
from cramf.retrieval.concept_tokens import Token, linked, name_key, tokens_of
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.types import ConceptMention

__all__ = ["ConceptMatcher", "find_concepts", "name_key", "normalize_query"]

_MIN_NEGATED: Final = 5
"""Shortest word that a leading `non` is taken off: `nonzero` is a concept of its own, not a negated zero."""
_NEAR: Final = 8
"""Context words at most this many tokens away count twice."""


class _Trie:
    """Values at the ends of token sequences."""

    def __init__(self) -> None:
        self.children: dict[str, _Trie] = {}
        self.values: list[int] = []

    def add(self, keys: Iterable[str], value: int) -> None:
        node = self
        for key in keys:
            node = node.children.setdefault(key, _Trie())
        if value not in node.values:
            node.values.append(value)


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    position: int
    """Index of the first token from `start` on, for the distance to context words."""
    values: tuple[int, ...]
    note: str = ""


@dataclass(slots=True)
class _Evidence:
    """Where in one text the context words stand; literal contexts are looked up when first asked for."""

    text: str
    places: dict[str, list[int]]
    literals: dict[str, bool] = field(default_factory=dict)

    def weight(self, context: str, size: int, position: int) -> int:
        """Words of the context item, doubled near the mention; 0 if absent. `size` 0 means literal."""
        if size == 0:
            if context not in self.literals:
                self.literals[context] = context in self.text
            return int(self.literals[context])
        places = self.places.get(context)
        if not places:
            return 0
        at = bisect.bisect_left(places, position - _NEAR)
        near = at < len(places) and places[at] <= position + _NEAR
        return 2 * size if near else size


class ConceptMatcher:
    """Finds the concepts of one ontology in texts; built once, used for many texts."""

    def __init__(self, ontology: Ontology) -> None:
        self._concepts: tuple[Concept, ...] = ontology.concepts
        # Names and contexts are numbered: (concept, name, rank of the name in its concept).
        self._names: list[tuple[Concept, str, int]] = []
        self._trie = _Trie()
        self._contexts: list[str] = []
        self._context_trie = _Trie()
        self._sizes: dict[str, int] = {}
        cues: dict[str, list[int]] = {}
        for concept in self._concepts:
            for rank, name in enumerate(concept.names):
                keys = name_key(name)
                if keys:
                    self._trie.add(keys, len(self._names))
                    self._names.append((concept, name, rank))
            for cue in concept.latex:
                cues.setdefault(cue, []).append(len(self._names))
                self._names.append((concept, concept.names[0], len(concept.names)))
            for sense in concept.senses:
                for context in sense.context:
                    self._add_context(context)
        self._cues = {cue: tuple(values) for cue, values in cues.items()}
        self._cue_pattern = re.compile(_alternation(sorted(cues))) if cues else None

    def _add_context(self, context: str) -> None:
        if context in self._sizes:
            return
        # Anything beyond words, such as `\int_0` or `$[`, is looked for letter by letter.
        literal = re.fullmatch(r"(?:[^\W_]|[\s$'’\-.*])+", context) is None
        keys = () if literal or (context[0] == "$" and context.count("$") == 1) else name_key(context)
        self._sizes[context] = len(keys)
        if keys:
            self._context_trie.add(keys, len(self._contexts))
            self._contexts.append(context)

    def find(self, text: str) -> list[ConceptMention]:
        """All mentions in the order of the text, none overlapping, each the longest that starts there."""
        tokens = list(tokens_of(text))
        joined = [linked(text, left, right) for left, right in itertools.pairwise(tokens)]
        joined.append(False)
        found = self._words(text, tokens, joined)
        found.extend(self._cue_matches(text, tokens))
        found.sort(key=lambda item: (item.start, -item.end))
        evidence = _Evidence(text, self._places(tokens, joined))
        mentions: list[ConceptMention] = []
        free_from = 0
        for item in found:
            if item.start >= free_from:
                mentions.append(self._mention(item, evidence))
                free_from = item.end
        return mentions

    def _words(self, text: str, tokens: list[Token], joined: list[bool]) -> list[_Found]:
        found: list[_Found] = []
        index = 0
        while index < len(tokens):
            end, values = self._longest(tokens, joined, index, tokens[index].key)
            note = ""
            if not values and tokens[index].prose and tokens[index].key.startswith("non"):
                bare = tokens[index].key[3:]
                if len(bare) >= _MIN_NEGATED:
                    end, values = self._longest(tokens, joined, index, bare)
                    note = "negated with non-; "
            if values:
                start, stop = tokens[index].start, tokens[end].end
                # `$p$-group` begins with its dollar, so that the span holds both.
                if text[start - 1 : start] == "$" and not tokens[index].prose:
                    start -= 1
                if text[stop : stop + 1] == "$" and text.count("$", start, stop) % 2:
                    stop += 1
                found.append(_Found(start, stop, index, values, note))
                index = end
            index += 1
        return found

    def _longest(
        self, tokens: list[Token], joined: list[bool], index: int, first: str
    ) -> tuple[int, tuple[int, ...]]:
        node = self._trie.children.get(first)
        prose = tokens[index].prose
        best: tuple[int, tuple[int, ...]] = (index, ())
        at = index
        while node is not None:
            # Letters of mathematics alone are variables, whatever they spell.
            if node.values and prose:
                best = (at, tuple(node.values))
            if not joined[at]:
                break
            at += 1
            node = node.children.get(tokens[at].key)
            prose = prose or tokens[at].prose
        return best

    def _places(self, tokens: list[Token], joined: list[bool]) -> dict[str, list[int]]:
        """Token positions of every context phrase of the ontology that the text holds."""
        places: dict[str, list[int]] = {}
        for index, token in enumerate(tokens):
            node = self._context_trie.children.get(token.key)
            prose, at = token.prose, index
            while node is not None:
                if prose or at > index:
                    for value in node.values:
                        places.setdefault(self._contexts[value], []).append(index)
                if not joined[at]:
                    break
                at += 1
                prose = prose or tokens[at].prose
                node = node.children.get(tokens[at].key)
        return places

    def _cue_matches(self, text: str, tokens: list[Token]) -> list[_Found]:
        if self._cue_pattern is None:
            return []
        starts = [token.start for token in tokens]
        return [
            _Found(
                match.start(),
                match.end(),
                bisect.bisect_left(starts, match.start()),
                self._cues[match[0]],
                f"LaTeX {match[0]}; ",
            )
            for match in self._cue_pattern.finditer(text)
        ]

    def _mention(self, item: _Found, evidence: _Evidence) -> ConceptMention:
        # The concept with the most evidence; then the one that the words name first of all.
        candidates = [
            (*self._names[v], *self._sense(self._names[v][0], item.position, evidence)) for v in item.values
        ]
        concept, name, _, sense, _, words, tie = min(candidates, key=lambda c: (-c[4], c[2]))
        if words:
            why = f"context: {', '.join(words[:3])}" + (" (tie, first sense)" if tie else "")
        else:
            why = "only sense" if len(concept.senses) == 1 else "first sense, no context"
        return ConceptMention(
            concept=concept.id,
            name=name,
            start=item.start,
            end=item.end,
            text=evidence.text[item.start : item.end],
            domain=concept.domain,
            declaration=concept.senses[sense].declaration,
            alternatives=tuple(s.declaration for i, s in enumerate(concept.senses) if i != sense),
            reason=item.note + why,
        )

    def _sense(
        self, concept: Concept, position: int, evidence: _Evidence
    ) -> tuple[int, int, list[str], bool]:
        """Index of the best sense, its score, the context words that spoke for it, whether it was a tie."""
        best, best_score, best_words, tie = 0, 0, list[str](), False
        for index, sense in enumerate(concept.senses):
            weights = {c: evidence.weight(c, self._sizes[c], position) for c in sense.context}
            score = sum(weights.values())
            if score > best_score:
                best, best_score, tie = index, score, False
                best_words = [context for context, weight in weights.items() if weight]
            elif score and score == best_score:
                tie = True
        return best, best_score, best_words, tie


def _alternation(cues: list[str]) -> str:
    """One regular expression for sorted literals, shared prefixes factored out, longest match first."""

    def branch(items: list[str], depth: int) -> str:
        ends = ""
        groups: dict[str, list[str]] = {}
        for cue in items:
            if len(cue) == depth:
                # `\in` is not the beginning of `\int`.
                ends = r"(?![A-Za-z])" if re.search(r"\\[A-Za-z]+$", cue) else "(?:)"
            else:
                groups.setdefault(cue[depth], []).append(cue)
        options = [re.escape(ch) + branch(below, depth + 1) for ch, below in groups.items()]
        options += [ends] if ends else []
        return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"

    # A cue that begins with a letter must not begin inside a word or a macro name.
    letters = [cue for cue in cues if cue[0].isalnum()]
    others = [cue for cue in cues if not cue[0].isalnum()]
    parts = [rf"(?<![\\\w]){branch(letters, 0)}"] if letters else []
    parts += [branch(others, 0)] if others else []
    return "|".join(parts)


@lru_cache(maxsize=4)
def _matcher(holder: _ByIdentity) -> ConceptMatcher:
    return ConceptMatcher(holder.ontology)


class _ByIdentity:
    """Hashes an ontology by identity: hashing its thousands of strings would cost more than a search."""

    def __init__(self, ontology: Ontology) -> None:
        self.ontology = ontology

    def __hash__(self) -> int:
        return id(self.ontology)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.ontology is self.ontology


def find_concepts(text: str, ontology: Ontology) -> list[ConceptMention]:
    """The concepts that the text mentions; see `ConceptMatcher.find`. Recent matchers are kept."""
    return _matcher(_ByIdentity(ontology)).find(text)
