"""Names covered by the words that a statement says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.environment import default_ontology
from cramf.knowledge.ontology import load_ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.evidence import load_evidence
from cramf.retrieval.name_index import compile_names
from cramf.retrieval.query_terms import content_roots, hollow, name_roots

NAMES = (
    "IsCompact",
    "Continuous",
    "UniformContinuous",
    "Subgroup.Normal",
    "NormalSpace",
    "Metric.Space.compactCover",
    "MeasureTheory.Measure.map",
    "Set.image_union'",
    "T2Space",
)
WORDS = st.sampled_from("alpha Beta gamma Delta is Has of _ . ₂ φ ℝ Étale « » ' 2 XY".split())
SPELT = st.lists(st.lists(WORDS, max_size=8).map("".join) | st.text(max_size=8), max_size=8)


def covered(names: Iterable[str], said: str, name: str) -> tuple[float, float]:
    """Coverage of the last part and of the whole of `name`."""
    listed = list(names)
    last, full = compile_names(listed).coverage(content_roots(said))
    return float(last[listed.index(name)]), float(full[listed.index(name)])


def test_all_words_said_cover_a_name_and_none_leave_it() -> None:
    index = compile_names(NAMES)
    for row, name in enumerate(NAMES):
        last, full = index.coverage(frozenset(name_roots(name)))
        assert (last[row], full[row]) == pytest.approx((1.0, 1.0), abs=1e-6)
    for coverage in index.coverage([]):
        assert coverage.tolist() == [0.0] * len(NAMES)


def test_the_last_part_counts_for_itself() -> None:
    last, full = covered(NAMES, "a normal thing", "Subgroup.Normal")
    assert last == pytest.approx(1.0)
    assert 0.3 < full < 0.6
    last, full = covered(NAMES, "a subgroup", "Subgroup.Normal")
    assert last == 0.0
    assert full > 0.5
    assert covered(NAMES, "normal subgroups", "Subgroup.Normal") == pytest.approx((1.0, 1.0))


def test_shares_by_hand() -> None:
    index = compile_names(["AlphaBeta", "AlphaGamma", "IsBeta"])
    alpha, gamma = np.log1p(3 / 2), np.log1p(3 / 1)
    beta, hollow_is = np.log1p(3 / 2), 0.1 * np.log1p(3 / 1)
    _, full = index.coverage(["alpha"])
    np.testing.assert_allclose(full, [alpha / (alpha + beta), alpha / (alpha + gamma), 0.0], rtol=1e-6)
    _, full = index.coverage(["beta"])
    np.testing.assert_allclose(full, [beta / (alpha + beta), 0.0, beta / (beta + hollow_is)], rtol=1e-6)


def test_a_rarer_word_has_the_greater_share() -> None:
    names = ["AlphaBeta", "AlphaGamma", "AlphaDelta"]
    assert covered(names, "beta", "AlphaBeta")[1] > 0.5 > covered(names, "alpha", "AlphaBeta")[1] > 0.0


def test_hollow_words_weigh_less() -> None:
    names = ["IsZeta", "EtaXi", "Is"]
    assert hollow("is") and not hollow("eta")
    assert covered(names, "it is", "IsZeta")[1] < 0.15
    assert covered(names, "an eta", "EtaXi")[1] == pytest.approx(0.5)
    assert covered(names, "a zeta", "IsZeta")[1] > 0.85
    # All that a name says is all, hollow as it may be.
    assert covered(names, "it is", "Is") == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("the continuity of f", "Continuous"),
        ("uniform continuity", "UniformContinuous"),
        ("converges uniformly, being continuous", "UniformContinuous"),
        ("normality of subgroups", "Subgroup.Normal"),
        ("compactness", "IsCompact"),
    ],
)
def test_words_in_another_form(said: str, name: str) -> None:
    assert covered(NAMES, said, name)[1] > 0.85


def test_names_in_another_form() -> None:
    names = ["Continuous", "ContinuousMap.continuity", "Other"]
    assert covered(names, "continuous", "ContinuousMap.continuity")[0] == pytest.approx(1.0)
    assert covered(names, "continuity", "Continuous") == pytest.approx((1.0, 1.0))


def test_unknown_words_say_nothing() -> None:
    index = compile_names(NAMES)
    said = index.coverage(["normal", "zebra", "", "quartz"])
    for one, other in zip(said, index.coverage({"normal"}), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not any(coverage.any() for coverage in index.coverage(["zebra"]))


def test_a_word_counts_once() -> None:
    # However often the name says it,
    assert covered(["Alpha.alphaBeta", "Beta"], "alpha beta", "Alpha.alphaBeta") == pytest.approx((1.0, 1.0))
    # or the statement does.
    index = compile_names(NAMES)
    for one, other in zip(index.coverage(["normal", "normal"]), index.coverage({"normal"}), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nat.φ", "φ"),
        ("Nat.φ", "phi"),
        ("CongruenceSubgroup.Γ", "gamma"),
        ("Foo.«term_⊕_»", "term"),
        ("«commuting squares»", "squares commute"),
        ("«commuting squares»", "commuting square"),
        ("Nat.factorial'", "factorial"),
        ("T2Space", "T 2 space"),
    ],
)
def test_letters_beyond_ascii_and_guillemets(name: str, said: str) -> None:
    assert covered([*NAMES, name], said, name)[0] == pytest.approx(1.0)


def test_names_without_words_are_covered_by_nothing() -> None:
    names = ["«+»", "", "Alpha"]
    index = compile_names(names)
    assert index.words == {"alpha": 0}
    for matrix in (index.last, index.full):
        assert matrix.shape == (1, 3)
        assert matrix.toarray().tolist() == [[0.0, 0.0, 1.0]]
    assert [c.tolist() for c in index.coverage(["alpha", "+"])] == [[0.0, 0.0, 1.0]] * 2
    empty = compile_names([])
    assert empty.words == {}
    assert [c.shape for c in empty.coverage(["alpha"])] == [(0,), (0,)]


@settings(max_examples=150)
@given(SPELT)
def test_columns_sum_to_one(names: list[str]) -> None:
    index = compile_names(names)
    assert list(index.words.values()) == list(range(len(index.words)))
    for matrix, parts in ((index.full, names), (index.last, [name.rsplit(".", 1)[-1] for name in names])):
        assert matrix.shape == (len(index.words), len(names))
        assert (matrix.data > 0).all()
        sums = np.asarray(matrix.sum(axis=0)).ravel()
        expected = [1.0 if name_roots(part) else 0.0 for part in parts]
        np.testing.assert_allclose(sums, expected, atol=1e-6)


@settings(max_examples=150)
@given(SPELT.filter(bool), st.data())
def test_coverage_is_the_sum_of_shares_within_one(names: list[str], data: st.DataObject) -> None:
    index = compile_names(names)
    said = data.draw(st.sets(st.sampled_from([*index.words, "zebra"])))
    chosen = [row for word, row in index.words.items() if word in said]
    for matrix, coverage in zip((index.last, index.full), index.coverage(said), strict=True):
        np.testing.assert_allclose(coverage, matrix.toarray()[chosen].sum(axis=0), atol=1e-6)
        assert ((coverage >= 0.0) & (coverage <= 1.0)).all()
    # Whatever more is said, no name is covered less.
    for some, every in zip(index.coverage(said), index.coverage(index.words), strict=True):
        assert (every >= some - 1e-9).all()


def test_the_stored_index_covers_as_the_compiled_one_does(sample_index: Path) -> None:
    evidence = load_evidence(KnowledgeBase.open(sample_index), load_ontology(default_ontology()))
    compiled, stored = compile_names(evidence.names), evidence.name_index
    assert stored.words == compiled.words
    for row, name in enumerate(evidence.names):
        roots = frozenset(name_roots(name))
        for read, made in zip(stored.coverage(roots), compiled.coverage(roots), strict=True):
            np.testing.assert_allclose(read, made, atol=1e-3)
            # `Retriever.understand` takes a name for said in full from here on.
            assert 0.999 <= read[row] <= 1.0
