"""How many definitions to hand on: as many as the expected F-measure asks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["adaptive_k"]


def adaptive_k(probabilities: Sequence[float], least: int = 1, most: int = 20) -> int:
    """The k in [least, most] with the greatest expected F1 of the first k.

    `probabilities` are those of the ranked candidates, best first. With E(k) the sum of the first k and E
    that of all, 2 E(k) / (k + E) approximates the expected F1 (Lewis, "Evaluating and optimizing autonomous
    text classification systems", 1995). Of equal ones the smallest k is taken.
    """
    if not len(probabilities):
        return 0
    values = np.clip(np.asarray(probabilities, dtype=np.float64), 0.0, 1.0)
    upper = min(max(most, 1), len(values))
    sizes = np.arange(1, upper + 1)
    expected = 2.0 * np.cumsum(values[:upper]) / (sizes + values.sum())
    best = int(np.argmax(np.round(expected, 12))) + 1
    return min(max(best, least), upper)
