"""Ask the channels: the scores that each gives the definitions for one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from cramf.retrieval.arms import CHANNELS
from cramf.retrieval.evidence import Evidence
from cramf.retrieval.query_terms import association_terms, content_roots
from cramf.retrieval.symbols import symbols_of
from cramf.retrieval.text import lexical_terms
from cramf.retrieval.types import ConceptMention, QueryReading

__all__ = [
    "LINEAR",
    "NEIGHBOURS",
    "POOL",
    "Channels",
    "Few",
    "best_rows",
    "pool_of",
    "read_channels",
    "usage_votes",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEIGHBOURS: Final = 400
"""Documented theorems that vote."""
POOL: Final = 400
"""Candidates that the ranker judges."""
_NEAR: Final = 300
"""Definitions that the dense channel proposes."""
_SEEDS: Final = 15
"""Best definitions from which the graph is followed."""

LINEAR: Final[dict[str, float]] = {
    "usage": 1.0,
    "wording": 0.5,
    "dense": 0.3,
    "words": 0.2,
    "names": 0.1,
    "senses": 0.3,
    "association": 0.7,
    "graph": 0.3,
    "prior": 0.02,
}
"""Weights of the sum of the channels that chooses the candidates; round numbers, fitted on nothing."""


def usage_votes(cosines: Floats, voters: int, sharpness: float) -> Floats:
    """Weight of each theorem's vote: (cosine / best cosine) ** sharpness for the first `voters`, else 0; they
    sum to one where any cosine is positive. `cosines` are sorted, best first."""
    weights = np.zeros(len(cosines))
    positive = np.clip(cosines[:voters], 0.0, 1.0)
    best = float(positive.max()) if len(positive) else 0.0
    if best <= 0.0:
        return weights
    # Relative to the best, so that sharpness means the same for close and for distant queries.
    raw = (positive / best) ** sharpness
    weights[: len(raw)] = raw / raw.sum()
    return weights


@dataclass
class Channels:
    """Scores of one query. Arrays have shape (definitions,) unless said otherwise; `total` is their sum with
    the weights of `LINEAR`, of which the graph takes no part until it has been followed."""

    active: frozenset[str]
    scores: dict[str, Floats] = field(default_factory=dict)
    """One score a channel: what its own arm ranks by."""
    parts: dict[str, Floats | Few] = field(default_factory=dict)
    """Features by name, of all definitions or of the few that have any."""
    total: Floats = field(default_factory=lambda: np.zeros(0))
    voters: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Rows of the voting theorems, nearest first; shape (voters,)."""
    cosines: Floats = field(default_factory=lambda: np.zeros(0))
    shares: Floats = field(default_factory=lambda: np.zeros(0))
    """Cosine and share of the vote of each voter."""
    ballots: tuple[Ints, Ints] = field(default_factory=lambda: (np.zeros(0, np.int64), np.zeros(0, np.int64)))
    """Row of the definition and place of the voter of each single vote."""
    areas: Floats = field(default_factory=lambda: np.zeros(0))
    """Share of the vote from each area of Mathlib; shape (areas,)."""
    vector: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    def voters_for(self, row: int) -> list[int]:
        """Places of those whose vote for a definition counts, nearest first."""
        meant, owner = self.ballots
        voted = np.sort(owner[meant == row])
        found: list[int] = voted[self.shares[voted] > 0.0].tolist()
        return found


def read_channels(
    evidence: Evidence,
    reading: QueryReading,
    vector: npt.NDArray[np.float32],
    active: frozenset[str] = frozenset(CHANNELS),
    silent: Mask | None = None,
    near: int = 0,
) -> Channels:
    """Ask every active channel.

    `vector` is the query's unit vector, shape (dimensions,). Usages where `silent`, shape (usages,), is true
    have no vote: the ranker is trained without the theorems of the query's own file. The dense channel
    proposes `near` definitions at least.
    """
    size = len(evidence.names)
    made = Channels(active, vector=vector)
    roots = content_roots(reading.text, terms := lexical_terms(reading.words))
    if "usage" in active:
        _usage(evidence, made, silent)
    if "dense" in active:
        rows, found = evidence.definitions.nearest(vector[None, :], max(near, _NEAR))
        cosines = np.full(size, np.nan)
        cosines[rows[0]] = found[0]
        made.parts["cosine"] = cosines
        # What is not near scores no more than the last that is.
        made.scores["dense"] = np.where(np.isnan(cosines), found[0][-1] if len(rows[0]) else 0.0, cosines)
    if "words" in active:
        scores = evidence.lexical.scores(terms)
        made.parts["bm25"] = scores
        made.scores["words"] = made.parts["bm25_share"] = scores / max(float(scores.max(initial=0.0)), 1e-9)
    if "names" in active:
        _names(evidence, made, reading, roots)
    if "senses" in active:
        _senses(evidence, made, reading)
    said = association_terms(reading.text, (*reading.mentions, *reading.parts))
    if "wording" in active:
        _wording(evidence, made, said, silent)
    if "association" in active:
        _association(evidence, made, said)
    if "prior" in active:
        made.scores["prior"] = made.parts["log_count"] = evidence.log_counts
        made.parts["log_documented"] = evidence.log_documented
    made.total = np.zeros(size)
    for name, score in made.scores.items():
        made.total += LINEAR[name] * score
    if "graph" in active:
        _graph(evidence, made)
        made.total = made.total + LINEAR["graph"] * made.scores["graph"]
    return made


@dataclass(frozen=True, slots=True)
class Few:
    """Values of a few definitions (`rows` in rising order); all others have the value `silent`."""

    rows: Ints
    values: Floats
    silent: float = 0.0

    def at(self, rows: Ints) -> Floats:
        """The values of some rows."""
        if not len(self.rows):
            return np.full(len(rows), self.silent)
        place = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        return np.where(self.rows[place] == rows, self.values[place], self.silent)

    def spread(self, size: int) -> Floats:
        """The values of all definitions, shape (size,)."""
        found = np.full(size, self.silent) if self.silent else np.zeros(size)
        found[self.rows] = self.values
        return found


class _Poll:
    """The votes of some theorems, nearest first, for the definitions in their statements."""

    def __init__(self, evidence: Evidence, voters: Ints) -> None:
        starts, ends = evidence.votes.indptr[voters], evidence.votes.indptr[voters + 1]
        self.lengths: Ints = (ends - starts).astype(np.int64)
        """How many definitions each theorem uses."""
        self._owner: Ints = np.repeat(np.arange(len(voters)), self.lengths)
        before = np.repeat(np.cumsum(self.lengths) - self.lengths, self.lengths)
        place = np.repeat(starts, self.lengths) + np.arange(len(self._owner)) - before
        meant = evidence.votes.indices[place]
        self.ballots = (meant.astype(np.int64), self._owner)
        """Row of the definition and place of the voter of each single vote."""
        # Few definitions are voted for, so that arrays of them are shorter than those of all.
        rows, self._place = np.unique(meant, return_inverse=True)
        self._rows: Ints = rows.astype(np.int64)

    def shares(self, weights: Floats) -> Few:
        """Sum of the weights of those who vote for each definition."""
        total = np.bincount(self._place, weights=weights[self._owner], minlength=len(self._rows))
        return Few(self._rows, total.astype(np.float64, copy=False))

    def best(self, near: Floats) -> Few:
        """The nearest voter's similarity, 0 where there is none or none that is like the query at all."""
        found = np.zeros(len(self._rows))
        np.maximum.at(found, self._place, near[self._owner])
        return Few(self._rows, found)

    def first(self) -> Few:
        """The nearest voter's place, `NEIGHBOURS` where there is none."""
        found = np.full(len(self._rows), float(NEIGHBOURS))
        np.minimum.at(found, self._place, self._owner.astype(np.float64))
        return Few(self._rows, found, float(NEIGHBOURS))


def _usage(evidence: Evidence, made: Channels, silent: Mask | None) -> None:
    """The documented theorems with the nearest vectors vote."""
    extra = int(silent.sum()) if silent is not None else 0
    rows, cosines = evidence.usages.nearest(made.vector[None, :], NEIGHBOURS + extra)
    voters, near = rows[0], cosines[0]
    if silent is not None:
        speaking = ~silent[voters]
        voters, near = voters[speaking][:NEIGHBOURS], near[speaking][:NEIGHBOURS]
    made.voters, made.cosines = voters, near
    poll = _Poll(evidence, voters)
    made.shares, made.ballots = usage_votes(near, 100, 8.0), poll.ballots
    votes = made.parts["votes100"] = poll.shares(made.shares)
    made.scores["usage"] = votes.spread(len(evidence.names))
    made.parts["votes20"] = poll.shares(usage_votes(near, 20, 16.0))
    made.parts["votes400"] = poll.shares(usage_votes(near, NEIGHBOURS, 4.0))
    # A theorem about one thing says more of it than a theorem about ten.
    made.parts["specific_votes"] = poll.shares(made.shares / np.log2(2.0 + poll.lengths))
    made.parts["best_voter"], made.parts["first_voter"] = poll.best(near), poll.first()
    made.parts["voters_in_ten"] = poll.shares((np.arange(len(near)) < 10).astype(np.float64))
    share = np.bincount(evidence.usage_areas[voters], weights=made.shares, minlength=evidence.areas)
    made.areas = share.astype(np.float64, copy=False)


def _wording(evidence: Evidence, made: Channels, terms: Sequence[str], silent: Mask | None) -> None:
    """The documented theorems whose docstrings share the rarest terms with the query vote."""
    matrix, known = evidence.usage_terms, evidence.association.terms
    near = np.zeros(matrix.shape[1])
    for term in terms:
        row = known.get(term)
        if row is not None:
            begin, end = matrix.indptr[row], matrix.indptr[row + 1]
            # The weight of a term in the query is its rarity, as in the docstrings.
            near[matrix.indices[begin:end]] += matrix.data[begin:end] * np.log1p(len(near) / (end - begin))
    if silent is not None:
        near[silent] = 0.0
    sharing = np.flatnonzero(near > 0.0)
    voters = sharing[best_rows(near[sharing], NEIGHBOURS)]
    voters = voters[np.argsort(-near[voters], kind="stable")]
    found = near[voters] / max(float(near.max(initial=0.0)), 1e-9)
    poll = _Poll(evidence, voters)
    votes = made.parts["worded_votes100"] = poll.shares(usage_votes(found, 100, 3.0))
    made.scores["wording"] = votes.spread(len(evidence.names))
    made.parts["worded_votes20"] = poll.shares(usage_votes(found, 20, 6.0))
    made.parts["worded_best"], made.parts["worded_first"] = poll.best(found), poll.first()


def _names(evidence: Evidence, made: Channels, reading: QueryReading, roots: frozenset[str]) -> None:
    last, full = evidence.name_index.coverage(roots)
    guessed = np.zeros(len(evidence.names))
    symbol = np.zeros(len(evidence.names))
    if reading.names:
        guessed[[evidence.rows[name] for name in reading.names if name in evidence.rows]] = 1.0
    for token in symbols_of(reading.text):
        symbol[list(evidence.notations.get(token, ()))] = 1.0
    last, full = np.maximum(last, guessed), np.maximum(full, guessed)
    made.parts |= {"last_part": last, "whole_name": full, "symbol": symbol}
    made.scores["names"] = last + full + 0.5 * symbol


def _senses(evidence: Evidence, made: Channels, reading: QueryReading) -> None:
    found: dict[int, _Sense] = {}
    for inside, mentions in ((False, reading.mentions), (True, reading.parts)):
        for number, mention in enumerate(mentions):
            rows = evidence.senses.get(mention.concept, ())
            meant = _meant(evidence, mention, rows)
            later = 1
            for row in rows:
                if row < 0:
                    continue
                sense = found.setdefault(row, _Sense())
                if row != meant:
                    sense.other += 1
                    sense.rank = min(sense.rank, later)
                    later += 1
                else:
                    sense.chosen += not inside
                    sense.part += inside
                    sense.words = max(sense.words, len(mention.text.split()))
                    sense.rank = 0
                sense.choices = min(sense.choices, len(rows))
                if not inside:
                    sense.place = min(sense.place, number)
    touched = np.array(sorted(found), dtype=np.int64)
    ordered = [found[row] for row in touched.tolist()]

    def few(values: Sequence[float], silent: float = 0.0) -> Few:
        return Few(touched, np.array(values, dtype=np.float64), silent)

    made.parts |= {
        "sense": few([s.chosen for s in ordered]),
        "part_sense": few([s.part for s in ordered]),
        "other_sense": few([s.other for s in ordered]),
        "sense_words": few([s.words for s in ordered]),
        "sense_rank": few([s.rank for s in ordered], 9.0),
        "sense_choices": few([s.choices for s in ordered], 99.0),
        "sense_place": few([s.place for s in ordered], 99.0),
    }
    score = few([min(s.chosen, 1) + min(s.part, 1) / 3.0 + 0.1 / (1.0 + s.rank) - 0.01 for s in ordered])
    made.scores["senses"] = score.spread(len(evidence.names))


@dataclass(slots=True)
class _Sense:
    """How the mentions of a query speak of one definition."""

    chosen: int = 0
    part: int = 0
    other: int = 0
    words: int = 0
    rank: int = 9
    choices: int = 99
    place: int = 99


def _meant(evidence: Evidence, mention: ConceptMention, rows: Sequence[int]) -> int:
    for row in rows:
        if row >= 0 and evidence.names[row] == mention.declaration:
            return row
    return -1


def _association(evidence: Evidence, made: Channels, terms: Sequence[str]) -> None:
    scores = evidence.association.scores(terms)
    made.scores["association"] = made.parts["accounted"] = scores.total
    made.parts["accounted_best"] = scores.best
    made.parts["speaking_terms"] = scores.speaking
    made.parts["joint"], made.parts["joint_best"] = scores.joint, scores.joint_best
    made.parts["term_lift"] = scores.lift


def _graph(evidence: Evidence, made: Channels) -> None:
    """What is used together with the best definitions so far, and their parents and children."""
    size = len(evidence.names)
    together, parent, child = np.zeros(size), np.zeros(size), np.zeros(size)
    seeds = best_rows(made.total, _SEEDS)
    weights = np.clip(made.total[seeds], 0.0, None)
    weights = weights / max(float(weights.sum()), 1e-9)
    graph = evidence.graph
    for seed, weight in zip(seeds.tolist(), weights.tolist(), strict=True):
        begin, end = graph.indptr[seed], graph.indptr[seed + 1]
        together[graph.indices[begin:end]] += weight * graph.data[begin:end]
        for target, near in ((parent, evidence.parents), (child, evidence.children)):
            for row in near.get(seed, ()):
                target[row] = max(target[row], weight)
    made.scores["graph"] = made.parts["together"] = together
    made.parts["parent_of_hit"], made.parts["child_of_hit"] = parent, child


def best_rows(scores: Floats, number: int) -> Ints:
    """Rows of the best scores, in the order of rows; ties at the edge go to the first rows."""
    if number < 1:
        return np.zeros(0, dtype=np.int64)
    if number >= len(scores):
        return np.arange(len(scores))
    edge = np.partition(scores, len(scores) - number)[len(scores) - number]
    above = np.flatnonzero(scores > edge)
    level = np.flatnonzero(scores == edge)[: number - len(above)]
    return np.sort(np.concatenate([above, level]))


def pool_of(made: Channels, number: int, allowed: Mask | None = None) -> Ints:
    """Rows of the `number` candidates with the best sum of channels among those `allowed`."""
    if allowed is None:
        return best_rows(made.total, number)
    rows = np.flatnonzero(allowed)
    chosen: Ints = rows[best_rows(made.total[rows], number)]
    return chosen
