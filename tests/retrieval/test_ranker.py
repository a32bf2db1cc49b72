"""The learned ranker: how it is loaded, and that a damaged or foreign one is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cramf.environment import default_ranker
from cramf.errors import KnowledgeBaseError
from cramf.retrieval.features import FALLING, FEATURES, RISING
from cramf.retrieval.ranker import MANIFEST, MODEL, load_ranker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped ranker that may be damaged."""
    return Path(shutil.copytree(default_ranker(), tmp_path / "ranker"))


def candidates(number: int = 50) -> np.ndarray:
    return np.random.default_rng(0).random((number, len(FEATURES))).astype(np.float32)


def test_probabilities_are_those_of_the_contributions() -> None:
    ranker = load_ranker(default_ranker())
    features = candidates()
    found = ranker.probabilities(features)
    assert found.shape == (50,)
    assert ((found > 0) & (found < 1)).all()
    parts = ranker.contributions(features)
    assert parts.shape == (50, len(FEATURES) + 1)
    np.testing.assert_allclose(1 / (1 + np.exp(-parts.sum(axis=1))), found, rtol=1e-6)
    assert ranker.probabilities(features[:0]).shape == (0,)


def test_the_shipped_one_says_how_it_was_made() -> None:
    note = load_ranker(default_ranker()).note
    assert len(note["mathlib_commit"]) == 40
    assert note["queries"] > 5_000
    assert note["held_out"]["queries"] > 1_000
    figures = note["held_out"]["figures"]
    assert figures["ranker"]["R@5"] > figures["linear"]["R@5"] > figures["usage"]["R@5"]


@pytest.mark.parametrize("name", sorted(RISING | FALLING))
def test_more_evidence_never_counts_against(name: str) -> None:
    ranker = load_ranker(default_ranker())
    less = np.repeat(candidates(20), 8, axis=0)
    more = less.copy()
    column = list(FEATURES).index(name)
    steps = np.tile(np.linspace(0, 50, 8), 20)
    less[:, column], more[:, column] = steps, steps + 1.0
    change = ranker.probabilities(more) - ranker.probabilities(less)
    assert (change >= -1e-12).all() if name in RISING else (change <= 1e-12).all()


def test_every_feature_has_one_direction_at_most() -> None:
    assert not RISING & FALLING
    assert set(FEATURES) >= RISING | FALLING


def test_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match=r"no ranker.*train-ranker"):
        load_ranker(tmp_path / "none")


def test_a_damaged_model(folder: Path) -> None:
    text = (folder / MODEL).read_text(encoding="utf-8")
    (folder / MODEL).write_text(text.replace("leaf_value=", "leaf_value=9", 1), encoding="utf-8")
    with pytest.raises(KnowledgeBaseError, match="damaged"):
        load_ranker(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"features": []}', "null"])
def test_a_damaged_manifest(folder: Path, content: str) -> None:
    (folder / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(KnowledgeBaseError, match=r"damaged|other features"):
        load_ranker(folder)


def test_one_for_other_features(folder: Path) -> None:
    note = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    note["features"] = note["features"][:-1]
    (folder / MANIFEST).write_text(json.dumps(note), encoding="utf-8")
    with pytest.raises(KnowledgeBaseError, match="other features"):
        load_ranker(folder)
