"""The index that the repository ships: what it holds, what it must not hold, and that it finds things."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate, Status
from cramf.environment import default_index
from cramf.evaluation.metrics import Retrieved, recall_at
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.retriever import Retriever

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "proofnet-dev.jsonl"


@pytest.fixture(scope="module")
def shipped() -> Retriever:
    return Retriever.load(default_index())


def test_it_is_whole_small_and_of_one_commit() -> None:
    base = KnowledgeBase.open(default_index())
    for name in base.manifest.files:
        base.file(name)
    assert sum(path.stat().st_size for path in base.path.iterdir()) < 40 << 20
    assert len(base.manifest.mathlib_commit) == 40
    assert base.manifest.counts["definitions"] >= 40_000
    assert base.manifest.counts["usages"] >= 27_000


def test_it_carries_no_docstring() -> None:
    base = KnowledgeBase.open(default_index())
    assert base.manifest.docstrings is False
    assert "docstring" not in base.definition_columns
    assert "docstring" not in base.usage_columns
    # Terms of the lexical channel are single words, not sentences.
    terms = base.file("terms.txt").read_text(encoding="utf-8").split("\n")
    assert not any(" " in term for term in terms)


def test_every_declaration_of_the_ontology_exists_and_is_current(shipped: Retriever) -> None:
    vocabulary = shipped.knowledge.vocabulary()
    senses = {s.declaration for c in shipped.ontology.concepts for s in c.senses}
    full = {name: vocabulary.aliases.get(name, name) for name in senses}
    assert sorted(name for name in senses if full[name] not in vocabulary.declarations) == []
    assert sorted(name for name in senses if full[name] in vocabulary.deprecated) == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Every closed subset of a compact set is compact.", {"IsCompact", "IsClosed"}),
        ("The order of a subgroup divides the order of a finite group.", {"Subgroup", "Group"}),
        (
            "A differentiable function on an interval is continuous.",
            {"Differentiable", "DifferentiableOn", "Continuous", "Set.Icc"},
        ),
        ("Every group of prime order is cyclic.", {"Group", "IsCyclic", "Nat.Prime", "Nat.card"}),
    ],
)
def test_definitions_that_a_statement_is_about_come_first(
    shipped: Retriever, query: str, names: set[str]
) -> None:
    hits = shipped.search(query, 10)
    assert names <= {hit.name for hit in hits}
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert any(hit.votes for hit in hits)


def test_batch_and_single_search_agree(shipped: Retriever) -> None:
    queries = ["A monotone bounded sequence converges.", "Every vector space has a basis."]
    batch = shipped.search_batch(queries, 5)
    assert [[h.name for h in hits] for hits in batch] == [
        [h.name for h in shipped.search(query, 5)] for query in queries
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "theorem t (f : ℝ → ℝ) (hf : Continuous f) : ContinuousOn f (Set.Icc 0 1) := by sorry",
        "theorem t {G : Type*} [Group G] (H : Subgroup G) [H.Normal] : H.index ∣ Nat.card G := by sorry",
        "theorem t (p : ℕ) (hp : p.Prime) (h : 2 < p) : Odd p := by sorry",
        "theorem t (s : Finset ℕ) : ∑ i ∈ s, i ≤ s.card * s.sup id := by sorry",
    ],
)
def test_real_names_resolve(shipped: Retriever, statement: str) -> None:
    verdict = StaticChecker(shipped.knowledge.vocabulary()).check(Candidate("t", "import Mathlib", statement))
    assert verdict.status is Status.VALID, verdict.diagnostics
    assert not verdict.elaborated


@pytest.mark.parametrize("name", ["Nat.IsPrime", "Continuous.invented", "Real.squareRoot", "IsCompactSet"])
def test_invented_names_do_not_resolve(shipped: Retriever, name: str) -> None:
    candidate = Candidate("t", "import Mathlib", f"theorem t (x : ℝ) : {name} x := by sorry")
    verdict = StaticChecker(shipped.knowledge.vocabulary()).check(candidate)
    assert verdict.status is Status.INVALID
    assert [d.name for d in verdict.errors] == [name]


@pytest.mark.data
@pytest.mark.skipif(not SHARED.is_file(), reason="needs ../shared/data/proofnet-dev.jsonl")
def test_recall_is_not_below_what_is_published(shipped: Retriever) -> None:
    rows = [json.loads(line) for line in SHARED.read_text(encoding="utf-8").splitlines()]
    hits = shipped.search_batch([row["informal_statement"] for row in rows], 10)
    found = [
        Retrieved(tuple(h.name for h in ranked), frozenset(row["mathlib_dependencies"]))
        for ranked, row in zip(hits, rows, strict=True)
    ]
    # Fine-tuned bge-m3 (568M parameters) is published with R@5 35.5% on ProofNet.
    assert recall_at(found, 5) > 0.40
    assert recall_at(found, 10) > 0.50


@pytest.mark.skipif(not os.environ.get("CRAMF_MATHLIB"), reason="needs a Mathlib checkout in CRAMF_MATHLIB")
def test_docstrings_come_from_the_users_checkout() -> None:
    retriever = Retriever.load(default_index(), os.environ["CRAMF_MATHLIB"])
    hits = retriever.search("Every compact set in a Hausdorff space is closed.", 5)
    assert any(hit.definition.docstring for hit in hits)
