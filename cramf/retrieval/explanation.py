"""Why a definition was found: what each channel adds to the ranker's judgement, and on what evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cramf.retrieval.channels import POOL, Channels, pool_of
from cramf.retrieval.evidence import Evidence
from cramf.retrieval.features import FEATURES, features_of
from cramf.retrieval.query_terms import association_terms
from cramf.retrieval.ranker import Ranker
from cramf.retrieval.types import ConceptMention, Hit, QueryReading, Vote

__all__ = ["Explanation", "TermEvidence", "explain_hit"]

_TERMS = 6
_KINDS = {"w": "word", "b": "words", "c": "concept", "m": "LaTeX"}


@dataclass(frozen=True, slots=True)
class TermEvidence:
    """A term of the statement that goes with the definition.

    An occurrence of it accounts for `expected` uses.
    """

    kind: str
    term: str
    expected: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What speaks for and against a hit.

    `contributions` maps each channel, `definition` (facts of it) and `base` to what it adds to
    the log-odds that the definition is meant; their sum is the log-odds of `probability`, which is the score
    of a hit that the ranker judged among all candidates.
    """

    name: str
    probability: float
    contributions: Mapping[str, float]
    votes: tuple[Vote, ...]
    concepts: tuple[ConceptMention, ...]
    """Mentions of concepts that have the definition as a sense."""
    terms: tuple[TermEvidence, ...]

    def __str__(self) -> str:
        lines = [f"{self.name}: probability {self.probability:.2f}"]
        ordered = sorted(self.contributions.items(), key=lambda item: -abs(item[1]))
        lines.append("  log-odds: " + ", ".join(f"{name} {value:+.2f}" for name, value in ordered))
        for mention in self.concepts:
            lines.append(f'  "{mention.text}" names the concept {mention.concept} ({mention.reason})')
        for term in self.terms:
            lines.append(f"  {term.kind} {term.term!r} accounts for {term.expected:.2f} uses")
        for vote in self.votes:
            lines.append(f"  {vote.theorem} uses it (cosine {vote.similarity:.2f})")
        return "\n".join(lines)


def explain_hit(
    evidence: Evidence, ranker: Ranker, channels: Channels, reading: QueryReading, row: int, hit: Hit
) -> Explanation:
    """The explanation of the definition in `row` for the query that `channels` were read for."""
    # Some features are places among the candidates, so that all of them are needed.
    rows = np.union1d(pool_of(channels, POOL), np.array([row], dtype=np.int64))
    features = features_of(evidence, channels, rows)[np.searchsorted(rows, [row])]
    added: defaultdict[str, float] = defaultdict(float)
    values = ranker.contributions(features)[0].tolist()
    for (channel, _), value in zip(FEATURES.values(), values[:-1], strict=True):
        added[channel or "definition"] += value
    added["base"] = values[-1]
    log_odds = sum(added.values())
    mentions = tuple(
        mention
        for mention in (*reading.mentions, *reading.parts)
        if row in evidence.senses.get(mention.concept, ())
    )
    return Explanation(
        name=hit.name,
        probability=float(1.0 / (1.0 + np.exp(-log_odds))),
        contributions=dict(added),
        votes=hit.votes,
        concepts=mentions,
        terms=_terms(evidence, reading, row),
    )


def _terms(evidence: Evidence, reading: QueryReading, row: int) -> tuple[TermEvidence, ...]:
    association = evidence.association
    found: list[TermEvidence] = []
    for term in association_terms(reading.text, (*reading.mentions, *reading.parts)):
        number = association.terms.get(term)
        expected = float(association.account[number, row]) if number is not None else 0.0
        if expected > 0.0:
            kind, _, said = term.partition(":")
            found.append(TermEvidence(_KINDS[kind], said, expected))
    return tuple(sorted(found, key=lambda term: (-term.expected, term.term))[:_TERMS])
