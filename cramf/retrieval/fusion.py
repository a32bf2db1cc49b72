"""Fuse the channels' scores into one, linearly, after each is brought to a comparable scale."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DEFAULT_WEIGHTS", "FusionWeights", "fuse", "usage_votes"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """Weights of the linear fusion and the shape of the usage vote.

    Fitted on documented Mathlib theorems alone by `eval/fit_fusion.py`; no benchmark had a part in it.
    `neighbours` documented theorems vote, each with `similarity ** sharpness` shared among the d definitions
    that it uses as `1 / d ** spread`; a definition used n times in all is damped by `1 / (n + 1) ** damping`.
    """

    usage: float = 1.0
    dense: float = 0.5
    lexical: float = 0.1
    prior: float = 0.02
    neighbours: int = 100
    sharpness: float = 4.0
    spread: float = 0.5
    damping: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


DEFAULT_WEIGHTS = FusionWeights()


def usage_votes(similarities: Floats, sizes: Floats, weights: FusionWeights) -> Floats:
    """Weight of each voting theorem, shape of `similarities`; they sum to one where any is positive.

    `similarities` are cosines to the query, `sizes` the numbers of definitions that the theorems use.
    """
    if not len(similarities):
        return np.zeros(0)
    positive = np.clip(similarities, 0.0, 1.0)
    best = float(positive.max())
    if best <= 0.0:
        return np.zeros(len(similarities))
    # Relative to the best, so that sharpness means the same for close and for distant queries.
    raw = (positive / best) ** weights.sharpness / np.maximum(sizes, 1.0) ** weights.spread
    return raw / float(raw.sum())


def fuse(usage: Floats, dense: Floats, lexical: Floats, counts: Floats, weights: FusionWeights) -> Floats:
    """Fused score of each candidate; all arrays have one entry a candidate.

    `usage` are votes that sum to one over the theorems, `dense` cosines, `lexical` BM25 scores (scaled here
    by the best of the query) and `counts` how many statements use the definition.
    """
    best = float(lexical.max()) if len(lexical) else 0.0
    words = lexical / best if best > 0.0 else np.zeros_like(lexical)
    logs = np.log1p(counts)
    return (
        weights.usage * usage / np.power(counts + 1.0, weights.damping)
        + weights.dense * dense
        + weights.lexical * words
        + weights.prior * logs
    )
