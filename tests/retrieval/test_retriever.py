"""The retriever on the sample checkout, with an encoder that hashes words, and once with the real one."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.errors import InputError
from cramf.knowledge.builder import build_from_checkout, checkout_info
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval import retriever as module
from cramf.retrieval.encoder import Encoder, load_encoder
from cramf.retrieval.fusion import DEFAULT_WEIGHTS, FusionWeights, fuse, usage_votes
from cramf.retrieval.indexing import QUANTISATIONS, write_index
from cramf.retrieval.retriever import MAX_QUERY, Retriever
from cramf.retrieval.types import Hit

QUERIES = (
    "The image of a compact set under a continuous function is compact.",
    "Every normal subgroup is stable under conjugation",
    "two is an even prime",
    "transpose of a symmetric matrix",
    "nothing that these files would know: zebra, quartz",
)
HOSTILE = (
    "每个紧集都是闭集",
    "∀ ∃ ⊢ → ↔ ∑ ∏",
    "$$\\int_0^1 \\frac{x^2}{\\sqrt{1+x}}\\,dx$$",
    "\\begin{equation}x\\end{equation}",
    "group\0ring",
    "theorem foo (G : Type*) [Group G] : ∀ x : G, x * 1 = x := by simp",
    "😀" * 50,
    "a" * 5000,
    "{" * 500 + "\\" * 500,
    "\u202egroup\u200b\ufeff",
    "$",
    "1",
    "'\"`--",
    "e\u0301" * 20,
)


@pytest.fixture(scope="module")
def retriever(sample_index: Path, hash_encoder: Encoder) -> Retriever:
    return Retriever(KnowledgeBase.open(sample_index), hash_encoder)


def names(hits: Sequence[Hit]) -> list[str]:
    return [h.name for h in hits]


def assert_sound(hits: Sequence[Hit]) -> None:
    """Best first, ties by name, every number finite, no definition twice."""
    keys = [(-h.score, h.name) for h in hits]
    assert keys == sorted(keys)
    assert len(set(names(hits))) == len(hits)
    for hit in hits:
        assert math.isfinite(hit.score)
        assert {"dense", "prior"} <= set(hit.channels) <= {"dense", "prior", "lexical", "usage"}
        assert all(math.isfinite(v) for v in hit.channels.values())
        assert bool(hit.votes) == ("usage" in hit.channels)


@pytest.mark.parametrize("query", QUERIES)
def test_hits_are_sorted_and_scored(retriever: Retriever, query: str) -> None:
    hits = retriever.search(query, 12)
    assert len(hits) == 12
    assert_sound(hits)


def test_what_similar_theorems_use_comes_first(retriever: Retriever) -> None:
    hits = retriever.search("The image of a compact set under a continuous function is compact.", 5)
    assert {"IsMyCompact", "MyContinuous", "Set.image"} <= set(names(hits))
    best = retriever.search("Two is a prime number that is even", 2)
    assert set(names(best)) == {"MyNumber.IsMyEven", "MyNumber.IsMyPrime"}


def test_votes_name_theorems_that_use_the_definition(retriever: Retriever, sample_index: Path) -> None:
    base = KnowledgeBase.open(sample_index)
    used: dict[str, set[str]] = {}
    votes = base.matrix("votes.npz").toarray()
    for row, column in zip(*votes.nonzero(), strict=True):
        used.setdefault(base.usage_columns["name"][row], set()).add(base.definition_names[column])
    hits = retriever.search(QUERIES[0], 20)
    assert sum(bool(h.votes) for h in hits) >= 3
    for hit in hits:
        assert len(hit.votes) <= 5
        assert [v.similarity for v in hit.votes] == sorted((v.similarity for v in hit.votes), reverse=True)
        for vote in hit.votes:
            assert hit.name in used[vote.theorem]
            assert 0 <= vote.weight <= 1
    assert hits[0].votes[0].theorem == "IsMyCompact.image"


def test_scores_are_the_weighted_channels(retriever: Retriever) -> None:
    hits = retriever.search(QUERIES[1], 50)
    best = max(h.channels.get("lexical", 0.0) for h in hits)
    w = DEFAULT_WEIGHTS
    for hit in hits:
        channels = hit.channels
        count = math.expm1(channels["prior"])
        expected = (
            w.usage * channels.get("usage", 0.0)
            + w.dense * channels["dense"]
            + w.lexical * channels.get("lexical", 0.0) / best
            + w.prior * channels["prior"]
        )
        assert hit.score == pytest.approx(expected, abs=1e-9)
        assert count == pytest.approx(hit.definition.usage_count)


def test_the_dense_channel_is_the_cosine(retriever: Retriever, hash_encoder: Encoder) -> None:
    from cramf.retrieval.text import definition_text

    query = "compact set"
    (vector,) = hash_encoder.encode([query])
    for hit in retriever.search(query, 50):
        d = hit.definition
        (other,) = hash_encoder.encode([definition_text(d.name, d.docstring, d.signature)])
        assert hit.channels["dense"] == pytest.approx(float(vector @ other), abs=1e-5)


def test_candidates_outside_the_dense_pool_get_their_cosine(
    retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {h.name: h for h in retriever.search(QUERIES[0], 100)}
    monkeypatch.setattr(module, "_POOL", 3)
    few = retriever.search(QUERIES[0], 100)
    assert 3 < len(few) < len(whole)
    assert_sound(few)
    for hit in few:
        assert hit.channels["dense"] == pytest.approx(whole[hit.name].channels["dense"], abs=1e-6)
        assert hit.score == pytest.approx(whole[hit.name].score, abs=1e-6)


def test_more_than_the_index_has(retriever: Retriever) -> None:
    size = retriever.knowledge.manifest.counts["definitions"]
    hits = retriever.search("group", 10_000)
    assert len(hits) == size
    assert_sound(hits)
    assert names(retriever.search("group", 3)) == names(hits)[:3]


@pytest.mark.parametrize("query", ["", "   ", "\n\t", "\0", " \0 \0", "x" * (MAX_QUERY + 1)])
def test_queries_that_cannot_be_used(retriever: Retriever, query: str) -> None:
    with pytest.raises(InputError) as caught:
        retriever.search(query)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one(retriever: Retriever, k: int) -> None:
    with pytest.raises(InputError):
        retriever.search("group", k)


def test_one_bad_query_of_a_batch_is_told(retriever: Retriever) -> None:
    with pytest.raises(InputError):
        retriever.search_batch(["group", " "])
    assert retriever.search_batch([]) == []


def test_the_longest_query_is_taken(retriever: Retriever) -> None:
    assert_sound(retriever.search("group " * (MAX_QUERY // 6), 5))


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_get_finite_scores(retriever: Retriever, query: str) -> None:
    hits = retriever.search(query, 10)
    assert len(hits) == 10
    assert_sound(hits)


@settings(max_examples=60)
@given(text=st.text(max_size=200))
def test_any_query(retriever: Retriever, text: str) -> None:
    try:
        hits = retriever.search(text, 5)
    except InputError:
        assert not text.replace("\0", " ").strip() or len(text) > MAX_QUERY
    else:
        assert len(hits) == 5
        assert_sound(hits)


def test_a_batch_equals_its_queries_one_by_one(retriever: Retriever) -> None:
    for one, many in zip(
        [retriever.search(q, 8) for q in QUERIES], retriever.search_batch(QUERIES, 8), strict=True
    ):
        assert names(one) == names(many)
        for a, b in zip(one, many, strict=True):
            assert a.score == pytest.approx(b.score, abs=1e-6)
            assert a.votes == b.votes


@pytest.mark.parametrize("quantise", QUANTISATIONS)
def test_every_quantisation_loads_and_ranks_alike(
    tmp_path: Path, checkout: Path, hash_encoder: Encoder, retriever: Retriever, quantise: str
) -> None:
    out = tmp_path / "index"
    info = checkout_info(checkout, "")
    manifest = write_index(build_from_checkout(checkout, 1), info, hash_encoder, out, quantise=quantise)
    assert manifest.settings["quantisation"] == quantise
    found = Retriever.load(out)
    found._given_encoder = hash_encoder  # the manifest names an encoder that only the tests have
    exact = retriever.search(QUERIES[2], 50)
    hits = found.search(QUERIES[2], 50)
    assert_sound(hits)
    assert set(names(hits)[:2]) == set(names(exact)[:2])
    tolerance = {"none": 1e-6, "8bit": 0.02, "6bit": 0.08, "4bit": 0.35}[quantise]
    scores = {h.name: h.score for h in hits}
    assert max(abs(scores[h.name] - h.score) for h in exact) < tolerance


class Constant:
    """Every text means the same."""

    name = "constant"
    dimensions = 4

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]:
        return np.full((len(texts), 4), 0.5, dtype=np.float32)


def test_ties_are_broken_by_name(tmp_path: Path, checkout: Path) -> None:
    out = tmp_path / "index"
    write_index(
        build_from_checkout(checkout, 1), checkout_info(checkout, ""), Constant(), out, quantise="none"
    )
    weights = FusionWeights(usage=0.0, prior=0.0, lexical=0.0)
    hits = Retriever(KnowledgeBase.open(out), Constant(), weights).search("zzz", 50)
    assert len({h.score for h in hits}) == 1
    assert names(hits) == sorted(names(hits))


def test_an_index_without_usages(tmp_path: Path, hash_encoder: Encoder) -> None:
    folder = tmp_path / "mathlib"
    (folder / "Mathlib").mkdir(parents=True)
    (folder / "Mathlib" / "A.lean").write_text("/-- A group. -/\ndef MyGroup := 1\n\ndef Other := 2\n")
    for quantise in QUANTISATIONS:
        out = tmp_path / quantise
        info = checkout_info(folder, "")
        write_index(build_from_checkout(folder, 1), info, hash_encoder, out, quantise=quantise)
        hits = Retriever(Retriever.load(out).knowledge, hash_encoder).search("a group", 5)
        assert names(hits) == ["MyGroup", "Other"]
        assert_sound(hits)
        assert "usage" not in hits[0].channels


def test_eight_threads_get_the_same(sample_index: Path, hash_encoder: Encoder, retriever: Retriever) -> None:
    """One fresh retriever, so that its lazy parts are first touched by all threads at once."""
    fresh = Retriever(KnowledgeBase.open(sample_index), hash_encoder)
    expected = [retriever.search(q, 10) for q in QUERIES]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: fresh.search(QUERIES[n % len(QUERIES)], 10), range(40)))
    for number, hits in enumerate(found):
        assert hits == expected[number % len(QUERIES)]


def test_docstrings_come_from_the_checkout(tmp_path: Path, checkout: Path, hash_encoder: Encoder) -> None:
    out = tmp_path / "index"
    linked = build_from_checkout(checkout, 1)
    write_index(linked, checkout_info(checkout, ""), hash_encoder, out, docstrings=False)
    bare = Retriever(KnowledgeBase.open(out), hash_encoder).search("group", 100)
    assert not any(h.definition.docstring for h in bare)
    loaded = Retriever.load(out, mathlib=checkout)
    loaded._given_encoder = hash_encoder
    filled = {h.name: h.definition.docstring for h in loaded.search("group", 100)}
    for definition in linked.definitions:
        if definition.origin == "written":
            assert filled[definition.name] == definition.docstring
    assert filled["Function.Injective"] == ""


def test_the_docstring_of_a_twin_is_its_own(tmp_path: Path, checkout: Path, hash_encoder: Encoder) -> None:
    out = tmp_path / "index"
    write_index(
        build_from_checkout(checkout, 1), checkout_info(checkout, ""), hash_encoder, out, docstrings=False
    )
    found = Retriever(KnowledgeBase.open(out), hash_encoder, mathlib=checkout).search("group", 100)
    filled = {h.name: h.definition.docstring for h in found}
    assert filled["MyAddMonoid"] == "An additive semigroup with a zero."


def test_a_folder_that_is_no_checkout(sample_index: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a Mathlib checkout"):
        Retriever.load(sample_index, mathlib=tmp_path)


def test_a_checkout_of_another_version_fills_what_it_can(
    tmp_path: Path, checkout: Path, hash_encoder: Encoder
) -> None:
    out = tmp_path / "index"
    write_index(
        build_from_checkout(checkout, 1), checkout_info(checkout, ""), hash_encoder, out, docstrings=False
    )
    other = Path(shutil.copytree(checkout, tmp_path / "other"))
    (other / "Mathlib" / "Data" / "Matrix.lean").unlink()
    (other / "Mathlib" / "Order" / "Basic.lean").write_bytes(b"\xff")
    hits = Retriever(KnowledgeBase.open(out), hash_encoder, mathlib=other).search("group", 100)
    filled = {h.name: h.definition.docstring for h in hits}
    assert filled["MyMatrix"] == ""
    assert filled["MyOrder.IsPre"] == ""
    assert filled["MyGroup"] == "A monoid in which every element has an inverse."


# -- fusion -------------------------------------------------------------------------------------------------

UNIT = st.floats(-1, 1, allow_nan=False)


@given(st.lists(UNIT, max_size=20))
def test_votes_sum_to_one_or_nothing(cosines: list[float]) -> None:
    similarities = np.array(cosines, dtype=np.float64)
    votes = usage_votes(similarities, DEFAULT_WEIGHTS)
    assert votes.shape == similarities.shape
    assert (votes >= 0).all()
    positive = bool(len(cosines)) and float(similarities.max()) > 0
    assert float(votes.sum()) == pytest.approx(1.0 if positive else 0.0)


def test_a_nearer_theorem_weighs_more() -> None:
    near, far, opposite = usage_votes(np.array([0.9, 0.5, -0.9]), DEFAULT_WEIGHTS)
    assert near > far > opposite == 0.0


def test_fusion_without_words() -> None:
    zeros = np.zeros(3)
    scores = fuse(zeros, np.array([0.1, 0.2, 0.3]), zeros, zeros, DEFAULT_WEIGHTS)
    np.testing.assert_allclose(scores, DEFAULT_WEIGHTS.dense * np.array([0.1, 0.2, 0.3]))


# -- the real encoder ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Retriever:
    """The sample checkout under the default encoder."""
    out = tmp_path_factory.mktemp("real") / "index"
    write_index(build_from_checkout(checkout, 1), checkout_info(checkout, ""), load_encoder(), out)
    return Retriever.load(out)


@pytest.mark.slow
def test_the_default_encoder_end_to_end(real: Retriever) -> None:
    assert real.knowledge.manifest.dimensions == 384
    assert "MyContinuous" in names(real.search("continuous images of compact sets are compact", 5))
    assert "MyNumber.IsMyPrime" in names(real.search("there are infinitely many primes", 3))
    assert "MyAddMonoid" in names(real.search("an additive semigroup having a zero element", 5))
    for query in HOSTILE:
        hits = real.search(query, 5)
        assert len(hits) == 5
        assert_sound(hits)
    queries = list(QUERIES)
    for one, many in zip([real.search(q, 5) for q in queries], real.search_batch(queries, 5), strict=True):
        for a, b in zip(one, many, strict=True):
            assert a.score == pytest.approx(b.score, abs=1e-4)


@pytest.mark.slow
def test_a_query_that_is_no_unicode(real: Retriever) -> None:
    """Python turns bytes of the command line that are not UTF-8 into lone surrogates."""
    try:
        hits = real.search("a lone surrogate \udcff here", 5)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert_sound(hits)
