"""The features by which the ranker judges the candidates of one query."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from cramf.retrieval.channels import NEIGHBOURS, POOL, Channels, Few
from cramf.retrieval.evidence import Evidence

__all__ = ["FALLING", "FEATURES", "RISING", "features_of"]

Ints = npt.NDArray[np.int64]

FEATURES: Final[dict[str, tuple[str, float]]] = {
    # name: (channel, value where the channel is silent); "" is a fact of the definition. What only tells
    # queries apart is no feature: users' statements are not docstrings, and the order is of candidates.
    "votes20": ("usage", 0.0),
    "votes100": ("usage", 0.0),
    "votes400": ("usage", 0.0),
    "specific_votes": ("usage", 0.0),
    "best_voter": ("usage", 0.0),
    "voters_in_ten": ("usage", 0.0),
    "first_voter": ("usage", float(NEIGHBOURS)),
    "vote_lift": ("usage", 0.0),
    "twin_votes": ("usage", 0.0),
    "area_votes": ("usage", 0.0),
    "worded_votes20": ("wording", 0.0),
    "worded_votes100": ("wording", 0.0),
    "worded_best": ("wording", 0.0),
    "worded_first": ("wording", float(NEIGHBOURS)),
    "cosine": ("dense", 0.0),
    "cosine_rank": ("dense", float(POOL)),
    "bm25": ("words", 0.0),
    "bm25_share": ("words", 0.0),
    "last_part": ("names", 0.0),
    "whole_name": ("names", 0.0),
    "symbol": ("names", 0.0),
    "sense": ("senses", 0.0),
    "part_sense": ("senses", 0.0),
    "sense_rank": ("senses", 9.0),
    "sense_choices": ("senses", 99.0),
    "sense_words": ("senses", 0.0),
    "sense_place": ("senses", 99.0),
    "other_sense": ("senses", 0.0),
    "accounted": ("association", 0.0),
    "accounted_best": ("association", 0.0),
    "speaking_terms": ("association", 0.0),
    "joint": ("association", 0.0),
    "joint_best": ("association", 0.0),
    "term_lift": ("association", 0.0),
    "account_lift": ("association", 0.0),
    "together": ("graph", 0.0),
    "together_lift": ("graph", 0.0),
    "parent_of_hit": ("graph", 0.0),
    "child_of_hit": ("graph", 0.0),
    "log_count": ("prior", 0.0),
    "log_documented": ("prior", 0.0),
    "kind": ("", 0.0),
    "depth": ("", 0.0),
    "name_words": ("", 0.0),
    "deprecated": ("", 0.0),
}
"""Every feature with its channel, in the order of the ranker's columns."""

RISING: Final = frozenset(
    "votes20 votes100 votes400 specific_votes best_voter voters_in_ten vote_lift worded_votes20 "
    "worded_votes100 worded_best cosine bm25 bm25_share last_part whole_name sense part_sense accounted "
    "accounted_best speaking_terms joint joint_best term_lift account_lift together together_lift".split()
)
"""Features that never speak against a candidate, the more there is of them."""
FALLING: Final = frozenset("first_voter worded_first cosine_rank sense_rank".split())
"""Features that never speak for a candidate, the more there is of them."""


def features_of(evidence: Evidence, made: Channels, rows: Ints) -> npt.NDArray[np.float32]:
    """The features of some candidates, shape (len(rows), len(FEATURES))."""
    columns = np.empty((len(FEATURES), len(rows)), dtype=np.float32)
    parts = {n: p.at(rows) if isinstance(p, Few) else p[rows] for n, p in made.parts.items()}
    facts = evidence.facts
    for name, fact in (("kind", facts.kind), ("depth", facts.depth), ("name_words", facts.words)):
        parts[name] = fact[rows].astype(np.float64)
    parts["deprecated"] = facts.deprecated[rows].astype(np.float64)
    prior = evidence.association.prior[rows]
    for lift, share in (
        ("vote_lift", "votes100"),
        ("account_lift", "accounted"),
        ("together_lift", "together"),
    ):
        if share in parts:
            parts[lift] = np.log((parts[share] + 1e-3) / (prior + 1e-3))
    if "usage" in made.active:
        votes = made.scores["usage"]
        twin = facts.twin[rows]
        parts["twin_votes"] = np.where(twin >= 0, votes[twin], -1.0)
        parts["area_votes"] = made.areas[facts.area[rows]] if len(made.areas) else np.zeros(len(rows))
    if "dense" in made.active:
        cosines = parts["cosine"]
        far = np.flatnonzero(np.isnan(cosines))
        cosines[far] = evidence.definitions.cosines(rows[far], made.vector)
        ranks = np.empty(len(rows))
        ranks[np.argsort(-cosines, kind="stable")] = np.arange(len(rows))
        parts["cosine_rank"] = ranks
    for number, (name, (channel, silent)) in enumerate(FEATURES.items()):
        columns[number] = parts[name] if not channel or channel in made.active else silent
    return np.ascontiguousarray(columns.T)
