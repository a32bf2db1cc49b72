"""The learned ranker: how likely each candidate is among the definitions that the statement means.

Gradient-boosted trees (LightGBM) over the channels' features, trained on Mathlib's documented theorems alone
by `cramf index train-ranker`. A folder holds the model as text and `ranker.json`, which says how it was made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cramf.errors import KnowledgeBaseError, ResourceError
from cramf.files import sha256_of
from cramf.retrieval.features import FEATURES

__all__ = ["MANIFEST", "MODEL", "Ranker", "load_ranker"]

MODEL: Final = "ranker.txt"
MANIFEST: Final = "ranker.json"
_MEND: Final = "restore it, or train one with `cramf index train-ranker`"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranker:
    """Trees over the features of `cramf.retrieval.features.FEATURES`."""

    booster: Any
    note: Mapping[str, Any]
    """What `ranker.json` says: data, seed, figures on held-out modules."""

    def probabilities(self, features: npt.NDArray[np.float32]) -> Floats:
        """Probability that each candidate is meant, shape (candidates,)."""
        if not len(features):
            return np.zeros(0)
        # One thread: a few hundred rows cost less than waking the others.
        found: Floats = np.asarray(self.booster.predict(features, num_threads=1), dtype=np.float64)
        return found

    def contributions(self, features: npt.NDArray[np.float32]) -> Floats:
        """What each feature adds to the log-odds of each candidate, shape (candidates, features + 1).

        The last column is the constant (Lundberg et al., "Consistent individualized feature attribution for
        tree ensembles", 2018).
        """
        found: Floats = np.asarray(
            self.booster.predict(features, pred_contrib=True, num_threads=1), dtype=np.float64
        )
        return found


@lru_cache(maxsize=4)
def _load(path: Path, _stamp: tuple[int, int]) -> Ranker:
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        # LightGBM loads OpenMP's library from the system, which slim images lack.
        raise ResourceError(
            f"LightGBM cannot be loaded: {error}",
            "pip install lightgbm, and libgomp1 from the system's packages",
        ) from None
    try:
        note = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        features, digest = note["features"], note["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        raise KnowledgeBaseError(f"{path / MANIFEST} is missing or damaged", _MEND) from None
    if features != list(FEATURES):
        raise KnowledgeBaseError(f"the ranker at {path} was trained for other features", _MEND)
    try:
        if sha256_of(path / MODEL) != digest:
            raise KnowledgeBaseError(f"{path / MODEL} is damaged (its SHA-256 differs)", _MEND)
        booster = lightgbm.Booster(model_str=(path / MODEL).read_text(encoding="utf-8"))
    except OSError as error:
        raise KnowledgeBaseError(f"{path / MODEL} cannot be read: {error.strerror}", _MEND) from None
    except lightgbm.basic.LightGBMError:
        raise KnowledgeBaseError(f"{path / MODEL} is no LightGBM model", _MEND) from None
    return Ranker(booster, note)


def load_ranker(path: Path) -> Ranker:
    """The ranker in a folder; recent ones are kept.

    Raises:
        KnowledgeBaseError: where it is missing, damaged or made for other features.
        ResourceError: where LightGBM is missing.
    """
    try:
        stat = (path / MODEL).stat()
    except OSError:
        raise KnowledgeBaseError(f"there is no ranker at {path}", _MEND) from None
    return _load(path, (stat.st_mtime_ns, stat.st_size))
