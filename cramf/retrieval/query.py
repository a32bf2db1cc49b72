"""Which mathematical concepts a statement speaks of: the leftmost longest names of the ontology in it.

A text is read as tokens, words of prose and single letters of mathematics. Names of concepts are read the
same way, so that `$p$-group`, `p-group` and `p-groups` are one key. Aho-Corasick automata over such keys,
over the roots of the words (`continuity` for `continuous`) and over the letters of LaTeX cues (`\\overline`,
`[0,1]`) give all occurrences in one pass each. A name in another form never takes part of one that is there
as written.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cramf.knowledge.ontology import Ontology
from cramf.knowledge.types import Concept
from cramf.retrieval.automata import CueAutomaton, PhraseAutomaton
from cramf.retrieval.concept_tokens import Token, linked, name_key, tokens_of
from cramf.retrieval.inflection import inflects, stem
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.types import ConceptMention

__all__ = ["ConceptMatcher", "find_concepts", "name_key", "normalize_query"]

_MIN_NEGATED: Final = 5
"""Shortest word that a leading `non` is taken off: `nonzero` is a concept of its own, not a negated zero."""
_WORDS: Final = re.compile(r"(?:[^\W_]|[\s$'’\-.*])+")
_OPENING: Final = re.compile(r"\$(?:\\[A-Za-z]{1,12}\{)?\Z")
_NEAR: Final = 8
"""Context words at most this many tokens away count twice."""


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    position: int
    """Index of the first token from `start` on, for the distance to context words."""
    values: tuple[int, ...]
    note: str = ""
    inflected: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text and what it is searched by."""

    text: str
    tokens: list[Token]
    joined: list[bool]
    """For each token, whether a name may go on to the next."""
    keys: list[str]
    bare: dict[int, str]
    """Words without their `non`, by position."""


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
        self._keys: dict[int, tuple[str, ...]] = {}
        self._contexts: list[str] = []
        self._sizes: dict[str, int] = {}
        cues: list[tuple[str, int]] = []
        for concept in self._concepts:
            for rank, name in enumerate(concept.names):
                keys = name_key(name)
                if keys:
                    self._keys[len(self._names)] = keys
                    self._names.append((concept, name, rank))
            for cue in concept.latex:
                cues.append((cue, len(self._names)))
                self._names.append((concept, concept.names[0], len(concept.names)))
        contexts = dict.fromkeys(c for concept in self._concepts for s in concept.senses for c in s.context)
        self._exact = PhraseAutomaton((keys, value) for value, keys in self._keys.items())
        self._inflected = PhraseAutomaton((_roots(keys), value) for value, keys in self._keys.items())
        self._phrases = PhraseAutomaton(self._context_keys(contexts))
        self._cues = CueAutomaton(cues)

    def _context_keys(self, contexts: Iterable[str]) -> Iterator[tuple[tuple[str, ...], int]]:
        """Keys of the contexts that are words, numbered; those that are not get no size."""
        for context in contexts:
            # Anything beyond words, such as `\int_0` or `$[`, is looked for letter by letter.
            literal = _WORDS.fullmatch(context) is None
            keys = () if literal or (context[0] == "$" and context.count("$") == 1) else name_key(context)
            self._sizes[context] = len(keys)
            if keys:
                yield keys, len(self._contexts)
                self._contexts.append(context)

    def find(self, text: str) -> list[ConceptMention]:
        """All mentions in the order of the text, none overlapping, each the longest that starts there."""
        return self.find_with_parts(text)[0]

    def find_with_parts(self, text: str) -> tuple[list[ConceptMention], list[ConceptMention]]:
        """The mentions of `find`, and the concepts whose names stand inside or across them.

        `compact metric space` mentions one concept and has parts such as `compact` and `metric space`.
        """
        reading = _read(text)
        written, cued = list(self._words(reading)), list(self._cue_matches(reading))
        words = _leftmost_longest(written)
        chosen = _leftmost_longest([*words, *_leftmost_longest(cued)])
        inflected = list(self._other_forms(reading))
        others = _leftmost_longest(_not_cutting(inflected, chosen))
        # Where another form and names as written meet, the form is the longer one.
        found = _leftmost_longest([*chosen, *others])
        evidence = _Evidence(text, self._places(reading))
        mentions = [self._mention(item, evidence) for item in found]
        seen = {(item.start, item.end) for item in found}
        parts: list[ConceptMention] = []
        for item in sorted((*written, *cued, *inflected), key=lambda item: (item.start, -item.end)):
            if (item.start, item.end) not in seen:
                seen.add((item.start, item.end))
                parts.append(self._mention(item, evidence))
        return mentions, parts

    def _words(self, reading: _Reading) -> Iterator[_Found]:
        """Names as written, up to plurals."""
        occurrences = list(_occurrences(self._exact, reading, reading.keys))
        whole = {first for first, _, _, negated in occurrences if not negated}
        for first, last, values, negated in occurrences:
            if not (negated and first in whole):
                yield _found(reading, first, last, values, negated)

    def _other_forms(self, reading: _Reading) -> Iterator[_Found]:
        """Names in another form: a noun for its adjective, an adverb for an adjective, a verb for both."""
        roots = _roots(reading.keys)
        for first, last, values, negated in _occurrences(self._inflected, reading, roots, _root):
            read = reading.keys[first : last + 1]
            if negated:
                read[0] = reading.bare[first]
            if fitting := tuple(value for value in values if inflects(self._keys[value], read)):
                yield _found(reading, first, last, fitting, negated, inflected=True)

    def _cue_matches(self, reading: _Reading) -> Iterator[_Found]:
        starts = [token.start for token in reading.tokens]
        for start, end, values in self._cues.matches(reading.text):
            note = f"LaTeX {reading.text[start:end]}; "
            yield _Found(start, end, bisect.bisect_left(starts, start), values, note)

    def _places(self, reading: _Reading) -> dict[str, list[int]]:
        """Token positions of every context phrase of the ontology that the text holds."""
        places: dict[str, list[int]] = {}
        for first, _, values, negated in _occurrences(self._phrases, reading, reading.keys, letters=True):
            for value in values if not negated else ():
                places.setdefault(self._contexts[value], []).append(first)
        return places

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
        read = evidence.text[item.start : item.end]
        note = f"{item.note}inflected: {' '.join(read.split())} -> {name}; " if item.inflected else item.note
        return ConceptMention(
            concept=concept.id,
            name=name,
            start=item.start,
            end=item.end,
            text=read,
            domain=concept.domain,
            declaration=concept.senses[sense].declaration,
            alternatives=tuple(s.declaration for i, s in enumerate(concept.senses) if i != sense),
            reason=note + why,
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


def _read(text: str) -> _Reading:
    tokens = list(tokens_of(text))
    joined = [linked(text, left, right) for left, right in itertools.pairwise(tokens)]
    joined.append(False)
    bare = {
        index: token.key[3:]
        for index, token in enumerate(tokens)
        if token.prose and token.key.startswith("non") and len(token.key) >= 3 + _MIN_NEGATED
    }
    return _Reading(text, tokens, joined, [token.key for token in tokens], bare)


def _root(key: str) -> str:
    return stem(key).root


def _roots(keys: Iterable[str]) -> list[str]:
    return [stem(key).root for key in keys]


def _occurrences(
    automaton: PhraseAutomaton,
    reading: _Reading,
    keys: Sequence[str],
    form: Callable[[str], str] = str,
    *,
    letters: bool = False,
) -> Iterator[tuple[int, int, tuple[int, ...], bool]]:
    """First and last token of every phrase in the text, its values, and whether it was negated with non-.

    `form` makes a key of a word without its `non`. One letter of mathematics is a variable, whatever it
    spells; so are several, unless `letters` is set.
    """
    joined = reading.joined
    stream: list[str | None] = []
    places: list[int] = []
    for index, key in enumerate(keys):
        stream.append(key)
        places.append(index)
        if not joined[index]:
            stream.append(None)
            places.append(index)
    # What a negated word begins is read once more behind the text, without its `non`.
    negations: set[int] = set()
    whole = len(stream)
    for index, word in reading.bare.items():
        if automaton.begins(key := form(word)):
            negations.add(len(stream))
            last = index
            while joined[last] and last - index + 1 < automaton.longest:
                last += 1
            stream += [key, *keys[index + 1 : last + 1], None]
            places += [*range(index, last + 1), last]
    for begin, end, values in automaton.matches(stream):
        negated = begin >= whole
        if negated and begin not in negations:
            continue
        first, last = places[begin], places[end]
        if (letters and last > first) or any(token.prose for token in reading.tokens[first : last + 1]):
            yield first, last, values, negated


def _found(
    reading: _Reading, first: int, last: int, values: tuple[int, ...], negated: bool, inflected: bool = False
) -> _Found:
    text, tokens = reading.text, reading.tokens
    start, stop = tokens[first].start, tokens[last].end
    # `$p$-group` begins with its dollar, so that the span holds both.
    if not tokens[first].prose and (opening := _OPENING.search(text, max(0, start - 20), start)):
        start = opening.start()
    if text[stop : stop + 1] == "$" and text.count("$", start, stop) % 2:
        stop += 1
    return _Found(start, stop, first, values, "negated with non-; " if negated else "", inflected)


def _leftmost_longest(items: Iterable[_Found]) -> list[_Found]:
    """What is left if the first item, of several the longest, always takes its letters for itself."""
    taken: list[_Found] = []
    free_from = 0
    for item in sorted(items, key=lambda item: (item.start, -item.end)):
        if item.start >= free_from:
            taken.append(item)
            free_from = item.end
    return taken


def _not_cutting(items: Iterable[_Found], chosen: list[_Found]) -> list[_Found]:
    """The items that hold each chosen one that they meet whole, and something besides."""
    ends = [other.end for other in chosen]
    kept: list[_Found] = []
    for item in items:
        met = itertools.takewhile(
            lambda other, end=item.end: other.start < end,  # type: ignore[misc]
            itertools.islice(chosen, bisect.bisect_right(ends, item.start), None),
        )
        span = (item.start, item.end)
        if all(item.start <= o.start and o.end <= item.end and (o.start, o.end) != span for o in met):
            kept.append(item)
    return kept


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
