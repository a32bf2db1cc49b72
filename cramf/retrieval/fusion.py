"""Fuse the channels' scores into one, linearly, after each is brought to a comparable scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DEFAULT_WEIGHTS", "FusionWeights", "fuse", "usage_votes"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """Weights of the linear fusion and the shape of the usage vote.

    Fitted on documented Mathlib theorems alone by `eval/fit_fusion.py`; no benchmark had a part in it.
    The `neighbours` nearest documented theorems vote, each with `(cosine / best cosine) ** sharpness`.
    """

    usage: float = 1.0
    dense: float = 0.3
    lexical: float = 0.2
    prior: float = 0.02
    neighbours: int = 100
    sharpness: float = 8.0


DEFAULT_WEIGHTS = FusionWeights()


def usage_votes(similarities: Floats, weights: FusionWeights) -> Floats:
    """Weight of each voting theorem by its cosine to the query; they sum to one where any is positive."""
    if not len(similarities):
        return np.zeros(0)
    positive = np.clip(similarities, 0.0, 1.0)
    best = float(positive.max())
    if best <= 0.0:
        return np.zeros(len(similarities))
    # Relative to the best, so that sharpness means the same for close and for distant queries.
    raw = (positive / best) ** weights.sharpness
    return raw / float(raw.sum())


def fuse(usage: Floats, dense: Floats, lexical: Floats, counts: Floats, weights: FusionWeights) -> Floats:
    """Fused score of each candidate; all arrays have one entry a candidate.

    `usage` is the share of the vote, `dense` cosines, `lexical` BM25 scores (scaled here by the best of the
    query) and `counts` how many statements use the definition.
    """
    best = float(lexical.max()) if len(lexical) else 0.0
    words = lexical / best if best > 0.0 else np.zeros_like(lexical)
    return (
        weights.usage * usage
        + weights.dense * dense
        + weights.lexical * words
        + weights.prior * np.log1p(counts)
    )
