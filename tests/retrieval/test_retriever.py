"""The retriever on the sample checkout, with an encoder that hashes words, and once with the real one."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.errors import InputError
from cramf.knowledge.builder import build_from_checkout, checkout_info
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.arms import ARMS, CHANNELS
from cramf.retrieval.channels import POOL
from cramf.retrieval.encoder import Encoder, load_encoder
from cramf.retrieval.filters import SearchFilter
from cramf.retrieval.indexing import QUANTISATIONS, write_index
from cramf.retrieval.reranking import LateInteractionReranker
from cramf.retrieval.retriever import MAX_QUERY, Retriever
from cramf.retrieval.types import Hit, QueryReading

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
        assert {"dense", "prior"} <= set(hit.channels) <= set(CHANNELS)
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


def test_scores_are_the_rankers_probabilities(retriever: Retriever) -> None:
    hits = retriever.search(QUERIES[1], 50)
    assert all(0.0 < hit.score < 1.0 for hit in hits)
    for hit in hits[:5]:
        explanation = retriever.explain(hit)
        assert explanation.name == hit.name
        # What the channels add is what the score is made of.
        log_odds = sum(explanation.contributions.values())
        assert explanation.probability == pytest.approx(1 / (1 + math.exp(-log_odds)))
        assert explanation.probability == pytest.approx(hit.score)
        assert {*CHANNELS, "definition", "base"} >= set(explanation.contributions)


def test_an_explanation_tells_its_evidence(retriever: Retriever) -> None:
    hit = retriever.search("Two is a prime number that is even", 1)[0]
    explanation = retriever.explain(hit)
    assert explanation.votes == hit.votes
    assert hit.name in str(explanation)
    assert all(vote.theorem in str(explanation) for vote in hit.votes)


def test_a_hit_of_nowhere_is_not_explained(retriever: Retriever) -> None:
    hit = retriever.search("group", 1)[0]
    with pytest.raises(InputError, match="no hit of this index"):
        retriever.explain(replace(hit, query=""))
    with pytest.raises(InputError, match="no hit of this index"):
        retriever.explain(replace(hit, definition=replace(hit.definition, name="Nobody")))


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_ranks(retriever: Retriever, arm: str) -> None:
    for query in (*QUERIES, *HOSTILE):
        hits = retriever.search(query, 20, arm=arm)
        keys = [(-h.score, h.name) for h in hits]
        assert keys == sorted(keys)
        assert all(math.isfinite(h.score) for h in hits)
        left_out = arm.removeprefix("without ")
        if left_out != arm:
            assert len(hits) == 20
            assert not any(left_out in h.channels for h in hits)
        elif arm in CHANNELS:
            assert all(h.channels[arm] == pytest.approx(h.score) for h in hits)


def test_an_arm_that_there_is_not(retriever: Retriever) -> None:
    with pytest.raises(InputError, match=r"no arm is called 'dens'.*without dense"):
        retriever.search("group", arm="dens")


def test_each_channel_matters_for_something(retriever: Retriever) -> None:
    full = [[(h.name, h.score) for h in retriever.search(q, 30)] for q in QUERIES]
    for channel in ("usage", "association", "dense", "words", "names"):
        left_out = [
            [(h.name, h.score) for h in retriever.search(q, 30, arm=f"without {channel}")] for q in QUERIES
        ]
        assert left_out != full, channel


def test_filters_restrict_and_keep_the_order(retriever: Retriever) -> None:
    only = SearchFilter(namespace="MyNumber")
    hits = retriever.search(QUERIES[2], 10, only=only)
    assert hits
    assert all(h.name.startswith("MyNumber") for h in hits)
    assert_sound(hits)
    every = [h.name for h in retriever.search(QUERIES[2], 1000) if h.name in set(names(hits))]
    assert set(every) == set(names(hits))
    with pytest.raises(InputError, match="no definition passes the filter"):
        retriever.search("group", only=SearchFilter(module="Mathlib.Nowhere"))


def test_as_many_as_the_ranker_is_sure_of(retriever: Retriever) -> None:
    for query in QUERIES:
        hits = retriever.search(query, None)
        assert 1 <= len(hits) <= 20
        assert names(hits) == names(retriever.search(query, 20))[: len(hits)]


def test_more_than_the_pool(
    sample_index: Path, hash_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the ranker does not judge follows behind what it does."""
    from cramf.retrieval import retriever as module

    whole = Retriever(KnowledgeBase.open(sample_index), hash_encoder)
    size = whole.knowledge.manifest.counts["definitions"]
    assert size < POOL
    monkeypatch.setattr(module, "POOL", 7)
    hits = whole.search(QUERIES[0], 10_000)
    assert len(hits) == size
    assert_sound(hits)


def test_what_is_understood_of_a_query(retriever: Retriever) -> None:
    reading = retriever.understand(
        "If $f : X \\to Y$ is continuous and $K$ is compact, then $f(K)$ is compact."
    )
    assert isinstance(reading, QueryReading)
    assert "is compact" in [m.text for m in reading.mentions]
    assert len(reading.clauses) == 2
    assert "$" not in reading.words
    assert (
        "IsMyCompact" not in reading.names
        or "MyContinuous" in retriever.understand("my continuous map").names
    )


class Model:
    """A reader that says more than the query does."""

    name = "model"

    def __init__(self, base: Retriever, clauses: tuple[str, ...]) -> None:
        self._base = base.reader
        self._clauses = clauses

    def read(self, texts: Sequence[str]) -> list[QueryReading]:
        return [replace(reading, clauses=self._clauses) for reading in self._base.read(texts)]


def test_what_a_reader_adds_is_searched_for(retriever: Retriever) -> None:
    query = "nothing that these files would know: zebra, quartz"
    added = retriever.variant(reader=Model(retriever, ("Two is a prime number that is even",)))
    none = retriever.variant(reader=Model(retriever, ()))
    assert [h.score for h in none.search(query, 5)] == [h.score for h in retriever.search(query, 5)]
    assert [h.channels for h in added.search(query, 5)] != [h.channels for h in retriever.search(query, 5)]


class Backwards:
    """A reranker that likes best what came last."""

    name = "backwards"

    def scores(self, query: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.arange(len(texts), dtype=np.float64)


def test_a_reranker_reorders_the_head_only(retriever: Retriever) -> None:
    before = names(retriever.search(QUERIES[0], 30))
    hits = retriever.variant(reranker=Backwards(), rerank_depth=10).search(QUERIES[0], 30)
    assert_sound(hits)
    assert set(names(hits)[:10]) == set(before[:10])
    assert names(hits)[:10] != before[:10]
    assert names(hits)[10:] == before[10:]


def test_the_dense_channel_is_the_cosine(retriever: Retriever, hash_encoder: Encoder) -> None:
    from cramf.retrieval.text import definition_text

    query = "compact set"
    (vector,) = hash_encoder.encode([query])
    for hit in retriever.search(query, 50):
        d = hit.definition
        (other,) = hash_encoder.encode([definition_text(d.name, d.docstring, d.signature)])
        assert hit.channels["dense"] == pytest.approx(float(vector @ other), abs=1e-5)


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
    cosines = {h.name: h.channels["dense"] for h in hits}
    shared = [h for h in exact if h.name in cosines]
    assert max(abs(cosines[h.name] - h.channels["dense"]) for h in shared) < tolerance


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
    hits = Retriever(KnowledgeBase.open(out), Constant()).search("zzz", 50, arm="dense")
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


@pytest.mark.slow
def test_late_interaction_with_the_default_encoder(real: Retriever) -> None:
    again = real.variant(reranker=LateInteractionReranker(load_encoder()), rerank_depth=10)
    hits = again.search("continuous images of compact sets are compact", 10)
    assert set(names(hits)) == set(names(real.search("continuous images of compact sets are compact", 10)))
    assert_sound(hits)
