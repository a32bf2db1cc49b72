"""Training the ranker on the sample checkout: what is kept apart, that it is repeatable, what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cramf.environment import default_ontology
from cramf.errors import InputError
from cramf.knowledge.builder import build_from_checkout, checkout_info
from cramf.knowledge.ontology import Concept, Ontology, load_ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Sense
from cramf.retrieval import training as module
from cramf.retrieval.channels import read_channels
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.features import FEATURES
from cramf.retrieval.indexing import write_index
from cramf.retrieval.ranker import load_ranker
from cramf.retrieval.retriever import Retriever
from cramf.retrieval.training import (
    TrainingSet,
    TrainingSettings,
    collect,
    fit_ranker,
    held_out,
    recall,
    states_something,
    train_ranker,
)


@pytest.fixture(scope="module")
def base(sample_index: Path) -> KnowledgeBase:
    return KnowledgeBase.open(sample_index)


@pytest.fixture(scope="module")
def ontology(base: KnowledgeBase) -> Ontology:
    """Every definition of the sample is a concept, under the words of its name."""
    concepts = [
        Concept(f"sample.{row}", (f"sample {row}",), "00A05", "A sample.", (Sense(name),))
        for row, name in enumerate(base.definition_names)
    ]
    return Ontology((*load_ontology(default_ontology()).concepts, *concepts))


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every docstring of the sample states something, and modules of the sample are not held out."""
    monkeypatch.setattr(module, "states_something", lambda docstring, module: True)
    monkeypatch.setattr(module, "held_out", lambda name: name.endswith("Prime"))


def test_what_states_something() -> None:
    said = "Every bounded sequence of real numbers has a subsequence that converges."
    assert states_something(said, "Mathlib.Topology.Basic")
    assert not states_something(said, "Mathlib.CategoryTheory.Basic")
    assert not states_something(
        "See also the other lemma, which has many more words than this one.", "Mathlib.A.B"
    )
    assert not states_something("Every field is nice.", "Mathlib.Algebra.Field")


@pytest.mark.usefixtures("lenient")
def test_the_file_of_a_query_has_no_vote(
    base: KnowledgeBase, ontology: Ontology, hash_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, set[str]]] = []

    def spy(evidence, reading, vector, active, silent):  # type: ignore[no-untyped-def]
        made = read_channels(evidence, reading, vector, active, silent)
        modules = base.usage_columns["module"]
        own = {modules[row] for row in np.flatnonzero(silent)}
        assert len(own) == 1
        if len(made.voters):
            seen.append((own.pop(), {modules[row] for row in made.voters}))
        return made

    monkeypatch.setattr(module, "read_channels", spy)
    train, test = collect(base, ontology, hash_encoder)
    assert seen
    assert all(own not in voting for own, voting in seen)
    modules = base.usage_columns["module"]
    assert {modules[row] for row in test.usages} == {m for m in set(modules) if m.endswith("Prime")}
    assert not {modules[row] for row in train.usages} & {modules[row] for row in test.usages}
    for data in (train, test):
        assert data.features.shape == (int(data.sizes.sum()), len(FEATURES))
        assert np.isfinite(data.features).all()
        assert len(data.meant) == len(data.linear) == data.sizes.sum()
        assert (data.wanted >= [m.sum() for m in np.split(data.meant, np.cumsum(data.sizes)[:-1])]).all()


@pytest.mark.usefixtures("lenient")
def test_the_same_again_and_what_is_written(
    base: KnowledgeBase, ontology: Ontology, hash_encoder: Encoder, tmp_path: Path
) -> None:
    settings = TrainingSettings(trees=5, fewest_in_leaf=2)
    first = train_ranker(base, ontology, hash_encoder, tmp_path / "a", settings)
    again = train_ranker(base, ontology, hash_encoder, tmp_path / "b", settings)
    assert first == again
    assert first["features"] == list(FEATURES)
    assert first["settings"]["trees"] == 5
    assert 0 <= first["held_out"]["figures"]["ranker"]["R@5"] <= 1
    ranker = load_ranker(tmp_path / "a")
    hits = Retriever(base, hash_encoder, ranker=ranker).search("an even prime", 5)
    assert len(hits) == 5
    other = train_ranker(base, ontology, hash_encoder, tmp_path / "c", TrainingSettings(seed=1, trees=5))
    assert other["sha256"] != first["sha256"]


def test_an_index_without_docstrings(
    tmp_path: Path, checkout: Path, hash_encoder: Encoder, ontology: Ontology
) -> None:
    out = tmp_path / "index"
    write_index(
        build_from_checkout(checkout, 1), checkout_info(checkout, ""), hash_encoder, out, docstrings=False
    )
    with pytest.raises(InputError, match=r"no docstrings.*index build"):
        collect(KnowledgeBase.open(out), ontology, hash_encoder)


def test_an_index_that_states_nothing(
    base: KnowledgeBase, ontology: Ontology, hash_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "states_something", lambda docstring, module: False)
    with pytest.raises(InputError, match="states something"):
        collect(base, ontology, hash_encoder)


def test_recall_by_hand() -> None:
    data = TrainingSet(
        features=np.zeros((5, len(FEATURES)), dtype=np.float32),
        meant=np.array([True, False, False, True, True]),
        sizes=np.array([3, 2]),
        wanted=np.array([2, 2]),
        usages=np.array([0, 1]),
        linear=np.zeros(5),
    )
    scores = np.array([0.1, 0.5, 0.3, 0.9, 0.8])
    assert recall(data, scores, 1) == pytest.approx(1 / 4)
    assert recall(data, scores, 2) == pytest.approx(2 / 4)
    assert recall(data, scores, 3) == pytest.approx(3 / 4)


def test_one_module_in_five_is_held_out() -> None:
    share = np.mean([held_out(f"Mathlib.Module{n}") for n in range(5_000)])
    assert 0.18 < share < 0.22


def test_what_is_fitted_tells_answers_from_others() -> None:
    random = np.random.default_rng(0)
    features = random.random((4_000, len(FEATURES))).astype(np.float32)
    column = list(FEATURES).index("votes100")
    meant = features[:, column] > 0.9
    sizes = np.full(40, 100)
    data = TrainingSet(
        features, meant, sizes, np.full(40, 10), np.arange(40), features[:, column].astype(float)
    )
    booster = fit_ranker(data, TrainingSettings(trees=30))
    judged = np.asarray(booster.predict(features))
    assert judged[meant].min() > judged[~meant].mean() * 3
