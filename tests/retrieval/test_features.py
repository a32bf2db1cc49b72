"""Scores of the channels and features of candidates on the sample checkout, mostly against slow loops."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.environment import default_ontology
from cramf.knowledge.builder import build_from_checkout, checkout_info
from cramf.knowledge.ontology import load_ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Definition
from cramf.retrieval import channels as module
from cramf.retrieval.arms import ARMS, CHANNELS, parse_arm
from cramf.retrieval.channels import (
    LINEAR,
    Channels,
    Few,
    best_rows,
    pool_of,
    read_channels,
    usage_votes,
)
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.evidence import Evidence, load_evidence
from cramf.retrieval.features import FEATURES, features_of
from cramf.retrieval.indexing import write_index
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.query_terms import association_terms
from cramf.retrieval.reading import SymbolicReader
from cramf.retrieval.text import definition_text
from cramf.retrieval.types import QueryReading
from cramf.retrieval.vectors import VectorIndex

Floats = npt.NDArray[np.float64]

QUERIES = (
    "The image of a compact set under a continuous function is compact.",
    "Every normal subgroup is stable under conjugation",
    "Two is a prime number that is even",
    "The transpose of a symmetric matrix is symmetric; for each $s$ in $𝓤 x$.",
    "injective functions, nonempty sets",
    "zebra quartz",
)
HOSTILE = (
    "", " ", "$", "$$", "\\", "1", "'\"`--", "每个紧集都是闭集", "∀ ∃ ⊢ → ↔ ∑ ∏ 𝓤 ⧸ₘ", "group\0ring",
    "😀" * 50, "a" * 5000, "{" * 500 + "\\" * 500, "\u202egroup\u200b\ufeff", "e\u0301ﾞͺ" * 20, "set " * 3000,
    "$$\\int_0^1 \\frac{x^2}{\\sqrt{1+x}}\\,dx$$", "normal subgroup " * 300,
)  # fmt: skip
EVERY = frozenset(CHANNELS)


class Bench:
    """The sample index with what reads and encodes queries."""

    def __init__(self, base: KnowledgeBase, encoder: Encoder) -> None:
        self.base = base
        self.encoder = encoder
        ontology = load_ontology(default_ontology())
        self.evidence = load_evidence(base, ontology)
        self.reader = SymbolicReader(ConceptMatcher(ontology))
        self.size = len(self.evidence.names)

    def read(self, query: str) -> tuple[QueryReading, npt.NDArray[np.float32]]:
        (reading,) = self.reader.read([query])
        (vector,) = self.encoder.encode([reading.words])
        return reading, vector

    def channels(self, query: str, evidence: Evidence | None = None, **options: Any) -> Channels:
        return read_channels(evidence or self.evidence, *self.read(query), **options)

    def table(self, query: str, evidence: Evidence | None = None, **options: Any) -> npt.NDArray[np.float32]:
        """Features of all definitions."""
        found = evidence or self.evidence
        return features_of(found, self.channels(query, found, **options), np.arange(self.size))

    def row(self, name: str) -> int:
        return self.evidence.names.index(name)

    def usage(self, name: str) -> int:
        return int(self.base.usage_columns["name"].index(name))


@pytest.fixture(scope="module")
def bench(sample_index: Path, hash_encoder: Encoder) -> Bench:
    return Bench(KnowledgeBase.open(sample_index), hash_encoder)


def column(table: npt.NDArray[np.float32], name: str) -> npt.NDArray[np.float32]:
    return table[:, list(FEATURES).index(name)]


# -- the table ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", QUERIES)
def test_shape_and_order_of_the_features(bench: Bench, query: str) -> None:
    made = bench.channels(query)
    rows = pool_of(made, 20)
    table = features_of(bench.evidence, made, rows)
    assert table.shape == (20, len(FEATURES))
    assert table.dtype == np.float32
    assert table.flags.c_contiguous
    assert np.isfinite(table).all()
    assert features_of(bench.evidence, made, rows[:0]).shape == (0, len(FEATURES))
    assert set(made.scores) == EVERY
    assert all(score.shape == (bench.size,) for score in made.scores.values())
    spread = [part.spread(bench.size) if isinstance(part, Few) else part for part in made.parts.values()]
    assert all(part.shape == (bench.size,) for part in spread)


def test_every_feature_belongs_to_a_channel_or_is_a_fact() -> None:
    assert {channel for channel, _ in FEATURES.values()} == {*CHANNELS, ""}
    assert set(LINEAR) == EVERY


@pytest.mark.parametrize("query", QUERIES)
def test_the_rows_asked_for_may_be_any(bench: Bench, query: str) -> None:
    made = bench.channels(query)
    whole = features_of(bench.evidence, made, np.arange(bench.size))
    rows = np.array([30, 2, 17, 2, 54])
    part = features_of(bench.evidence, made, rows)
    # Only the rank by cosine is one among the candidates at hand.
    others = [n for n, name in enumerate(FEATURES) if name != "cosine_rank"]
    np.testing.assert_allclose(part[:, others], whole[rows][:, others], rtol=1e-6)
    ranks = column(part, "cosine_rank")
    assert sorted(ranks.tolist()) == [0, 1, 2, 3, 4]
    cosines = column(part, "cosine")
    assert all(cosines[a] >= cosines[b] for a in range(5) for b in range(5) if ranks[a] < ranks[b])
    # What is computed for one table does not leak into the next.
    np.testing.assert_array_equal(features_of(bench.evidence, made, np.arange(bench.size)), whole)


def test_facts_of_definitions(bench: Bench) -> None:
    table = bench.table(QUERIES[0])
    row = bench.row("MyGroup.cube")
    assert column(table, "deprecated").nonzero()[0].tolist() == [row]
    assert column(table, "depth")[row] == 1.0
    assert column(table, "name_words")[row] == 3.0
    kinds = bench.base.definition_columns["kind"]
    codes = column(table, "kind").tolist()
    assert len(set(zip(kinds, codes, strict=True))) == len(set(kinds)) == len(set(codes))
    counts = np.array(bench.base.definition_columns["usage_count"])
    np.testing.assert_allclose(column(table, "log_count"), np.log1p(counts), rtol=1e-6)
    votes = np.asarray(bench.evidence.votes.sum(axis=0)).ravel()
    np.testing.assert_allclose(column(table, "log_documented"), np.log1p(votes), rtol=1e-5)


@pytest.mark.parametrize("query", QUERIES)
def test_the_same_again(bench: Bench, query: str) -> None:
    np.testing.assert_array_equal(bench.table(query), bench.table(query))


def test_eight_threads_get_the_same(sample_index: Path, hash_encoder: Encoder, bench: Bench) -> None:
    fresh = Bench(KnowledgeBase.open(sample_index), hash_encoder)
    expected = [bench.table(query) for query in QUERIES]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: fresh.table(QUERIES[n % len(QUERIES)]), range(24)))
    for number, table in enumerate(found):
        np.testing.assert_array_equal(table, expected[number % len(QUERIES)])


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_give_finite_features(bench: Bench, query: str) -> None:
    made = bench.channels(query)
    assert np.isfinite(bench.table(query)).all()
    assert np.isfinite(made.total).all()
    assert len(pool_of(made, 10)) == 10


@settings(max_examples=60)
@given(st.text(max_size=120))
def test_any_query_gives_finite_features(bench: Bench, query: str) -> None:
    assert np.isfinite(bench.table(query)).all()


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_has_what_it_ranks_by(bench: Bench, arm: str) -> None:
    chosen = parse_arm(arm)
    made = bench.channels(QUERIES[0], active=chosen.active)
    assert set(made.scores) == chosen.active
    assert chosen.alone is None or made.scores[chosen.alone].any()
    assert np.isfinite(features_of(bench.evidence, made, np.arange(bench.size))).all()


@pytest.mark.parametrize("quantise", ["none", "4bit"])
def test_an_index_without_documented_theorems(tmp_path: Path, hash_encoder: Encoder, quantise: str) -> None:
    folder = tmp_path / "mathlib"
    (folder / "Mathlib").mkdir(parents=True)
    (folder / "Mathlib" / "A.lean").write_text("/-- A group. -/\ndef MyGroup := 1\n\ndef Other := 2\n")
    out = tmp_path / "index"
    linked = build_from_checkout(folder, 1)
    write_index(linked, checkout_info(folder, ""), hash_encoder, out, quantise=quantise)
    few = Bench(KnowledgeBase.open(out), hash_encoder)
    for query in ("a group", "zebra", ""):
        made, table = few.channels(query), few.table(query)
        assert table.shape == (2, len(FEATURES))
        assert np.isfinite(table).all()
        assert len(made.voters) == 0
        for channel in ("usage", "wording", "association", "graph"):
            assert not made.scores[channel].any()
    assert int(few.channels("a group").total.argmax()) == few.row("MyGroup")


def test_a_query_without_direction(bench: Bench) -> None:
    """An encoder may give the zero vector; no theorem is near then, and none votes."""
    reading, vector = bench.read(QUERIES[0])
    made = read_channels(bench.evidence, reading, np.zeros_like(vector))
    assert not made.shares.any()
    assert not made.scores["usage"].any()
    assert np.isfinite(features_of(bench.evidence, made, np.arange(bench.size))).all()


# -- silence ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("query", QUERIES[:2])
def test_the_features_of_a_silent_channel_hold_its_silent_value(
    bench: Bench, channel: str, query: str
) -> None:
    table = bench.table(query, active=EVERY - {channel})
    whole = bench.table(query)
    for name, (owner, silent) in FEATURES.items():
        if owner == channel:
            assert set(column(table, name).tolist()) == {silent}
        elif owner != "graph":
            # The graph starts from the best of all channels, and only it hears that one is missing.
            np.testing.assert_array_equal(column(table, name), column(whole, name))
    only = bench.table(query, active=frozenset({channel}))
    for name, (owner, silent) in FEATURES.items():
        if owner not in (channel, ""):
            assert set(column(only, name).tolist()) == {silent}


def spoiled(bench: Bench, channel: str) -> Evidence:
    """The evidence with what only this channel reads turned into something else."""
    evidence = bench.evidence

    def turned(matrix: Any) -> Any:
        # Each row gets the values of another one.
        return matrix[np.roll(np.arange(matrix.shape[0]), 1)].tocsr()

    class Backwards(VectorIndex):
        """The same number of vectors, in the other order."""

        def __init__(self, index: VectorIndex) -> None:
            import faiss

            other = faiss.IndexFlatIP(index.dimensions)
            other.add(np.stack([index.vector(row) for row in reversed(range(len(index)))]))
            super().__init__(other)

    association, names = evidence.association, evidence.name_index
    if channel == "words":
        return replace(evidence, lexical=replace(evidence.lexical, weights=turned(evidence.lexical.weights)))
    if channel == "names":
        other = replace(names, last=turned(names.last), full=turned(names.full))
        return replace(evidence, name_index=other, notations={})
    if channel == "dense":
        return replace(evidence, definitions=Backwards(evidence.definitions))
    if channel == "usage":
        return replace(evidence, usages=Backwards(evidence.usages))
    if channel == "wording":
        return replace(evidence, usage_terms=turned(evidence.usage_terms))
    if channel == "association":
        tables = replace(
            association, account=turned(association.account), frequency=turned(association.frequency)
        )
        return replace(evidence, association=tables)
    if channel == "graph":
        return replace(evidence, graph=turned(evidence.graph), parents={}, children={})
    if channel == "senses":
        return replace(evidence, senses={})
    assert channel == "prior"
    return replace(evidence, counts=evidence.counts[::-1].copy())


@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_depends_on_a_silent_channel(bench: Bench, channel: str) -> None:
    other = spoiled(bench, channel)
    heard = False
    for query in QUERIES:
        one, two = (bench.channels(query, e, active=EVERY - {channel}) for e in (bench.evidence, other))
        np.testing.assert_array_equal(one.total, two.total)
        np.testing.assert_array_equal(pool_of(one, 10), pool_of(two, 10))
        before, after = (bench.table(query, e, active=EVERY - {channel}) for e in (bench.evidence, other))
        np.testing.assert_array_equal(before, after)
        heard = heard or not np.array_equal(bench.table(query), bench.table(query, other))
    # Where the channel speaks, the same change is heard.
    assert heard


def test_silent_usages_have_no_vote(bench: Bench) -> None:
    query = QUERIES[2]
    even, prime = bench.row("MyNumber.IsMyEven"), bench.row("MyNumber.IsMyPrime")
    silent = np.zeros(len(bench.evidence.usages), dtype=np.bool_)
    for name in ("MyNumber.two_prime", "MyNumber.exists_prime", "MyNumber.IsMyEven.add"):
        silent[bench.usage(name)] = True
    whole, made = bench.channels(query), bench.channels(query, silent=silent)
    for channel in ("usage", "wording"):
        assert whole.scores[channel][even] > 0.0 < whole.scores[channel][prime]
        assert made.scores[channel][even] == made.scores[channel][prime] == 0.0
    assert bench.usage("MyNumber.two_prime") == whole.voters[0]
    assert not silent[made.voters].any()
    # The others move up in the order that they had.
    assert made.voters.tolist() == [row for row in whole.voters.tolist() if not silent[row]]
    assert float(made.shares.sum()) == pytest.approx(1.0)
    table = bench.table(query, silent=silent)
    for name in ("votes20", "votes100", "votes400", "specific_votes", "best_voter", "worded_best"):
        assert column(table, name)[even] == 0.0
    assert column(table, "first_voter")[even] == column(table, "worded_first")[even] == module.NEIGHBOURS


def test_the_silent_leave_their_places_to_the_next(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    order = bench.channels(QUERIES[0]).voters.tolist()
    monkeypatch.setattr(module, "NEIGHBOURS", 4)
    assert bench.channels(QUERIES[0]).voters.tolist() == order[:4]
    silent = np.zeros(len(order), dtype=np.bool_)
    silent[order[:3]] = silent[order[4]] = True
    assert bench.channels(QUERIES[0], silent=silent).voters.tolist() == [order[n] for n in (3, 5, 6, 7)]


def test_where_all_are_silent_nobody_votes(bench: Bench) -> None:
    silent = np.ones(len(bench.evidence.usages), dtype=np.bool_)
    made = bench.channels(QUERIES[0], silent=silent)
    assert len(made.voters) == len(made.cosines) == len(made.shares) == 0
    assert not made.scores["usage"].any()
    assert not made.scores["wording"].any()
    assert np.isfinite(bench.table(QUERIES[0], silent=silent)).all()


def test_nobody_silent_is_as_if_nothing_were_said(bench: Bench) -> None:
    nobody = np.zeros(len(bench.evidence.usages), dtype=np.bool_)
    for query in QUERIES:
        np.testing.assert_array_equal(bench.table(query, silent=nobody), bench.table(query))


# -- channels -----------------------------------------------------------------------------------------------


def shared(ballots: Floats, weights: Floats) -> Floats:
    made: Floats = weights @ ballots
    return made


@pytest.mark.parametrize("query", QUERIES)
def test_votes_equal_the_loops(bench: Bench, query: str) -> None:
    made, table = bench.channels(query), bench.table(query)
    texts = [bench.evidence.usages.vector(row) for row in range(len(bench.evidence.usages))]
    cosines = np.stack(texts) @ made.vector
    order = np.argsort(-cosines, kind="stable")
    np.testing.assert_allclose(made.cosines, cosines[order], atol=1e-6)
    ballots = bench.evidence.votes.toarray()[made.voters].astype(np.float64)
    near = made.cosines
    lengths = ballots.sum(axis=1)
    expected = {
        "votes20": shared(ballots, usage_votes(near, 20, 16.0)),
        "votes100": shared(ballots, usage_votes(near, 100, 8.0)),
        "votes400": shared(ballots, usage_votes(near, 400, 4.0)),
        "specific_votes": shared(ballots, usage_votes(near, 100, 8.0) / np.log2(2.0 + lengths)),
        "voters_in_ten": ballots[:10].sum(axis=0),
        "best_voter": np.maximum(ballots * near[:, None], 0.0).max(axis=0),
        "first_voter": np.where(ballots.any(axis=0), ballots.argmax(axis=0), 400),
    }
    prior = bench.evidence.votes.toarray().mean(axis=0)
    expected["vote_lift"] = np.log((expected["votes100"] + 1e-3) / (prior + 1e-3))
    twins = bench.evidence.facts.twin
    expected["twin_votes"] = np.array([expected["votes100"][t] if t >= 0 else -1.0 for t in twins])
    modules = [bench.base.usage_columns["module"][row].split(".")[1] for row in made.voters]
    areas = [[*m.split("."), ""][1] for m in bench.base.definition_columns["module"]]
    share = made.shares
    expected["area_votes"] = np.array(
        [sum(s for s, voter in zip(share, modules, strict=True) if voter == area) for area in areas]
    )
    for name, values in expected.items():
        np.testing.assert_allclose(column(table, name), values, rtol=1e-4, atol=1e-6, err_msg=name)


# More than ten theorems share a word with it.
CROWD = (
    "image of a compact set, injective functions, nonempty, transpose symmetric matrix, even prime number, "
    "normal subgroup, order, center, commute, each, stay"
)


@pytest.mark.parametrize("query", [*QUERIES, CROWD])
def test_votes_by_wording_equal_the_loops(bench: Bench, query: str) -> None:
    made, table = bench.channels(query), bench.table(query)
    (reading,) = bench.reader.read([query])
    weights = bench.evidence.usage_terms.toarray().astype(np.float64)
    near = np.zeros(weights.shape[1])
    for term in association_terms(reading.text, (*reading.mentions, *reading.parts)):
        if term in bench.evidence.association.terms:
            row = weights[bench.evidence.association.terms[term]]
            near += row * math.log1p(len(near) / np.count_nonzero(row))
    order = [n for n in np.argsort(-near, kind="stable") if near[n] > 0.0]
    found = near[order] / max(near.max(), 1e-9)
    ballots = bench.evidence.votes.toarray()[order].astype(np.float64)
    expected = {
        "worded_votes20": shared(ballots, usage_votes(found, 20, 6.0)),
        "worded_votes100": shared(ballots, usage_votes(found, 100, 3.0)),
        "worded_best": (ballots * found[:, None]).max(axis=0, initial=0.0),
        "worded_first": np.array([400 if not b.any() else b.argmax() for b in ballots.T]),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(column(table, name), values, rtol=1e-4, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(made.scores["wording"], expected["worded_votes100"], rtol=1e-6, atol=1e-9)
    assert (found.size == 0) == (query == "zebra quartz")
    assert (found.size > 10) == (query == CROWD)


@pytest.mark.parametrize("near", [0, 30])
def test_cosines_are_exact_however_few_are_near(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    def text(definition: Definition) -> str:
        return definition_text(definition.name, definition.docstring, definition.signature)

    texts = [text(bench.base.definition(row)) for row in range(bench.size)]
    query = QUERIES[0]
    made = bench.channels(query)
    exact = bench.encoder.encode(texts) @ made.vector
    np.testing.assert_allclose(column(bench.table(query), "cosine"), exact, atol=1e-5)
    monkeypatch.setattr(module, "_NEAR", 5)
    few = bench.channels(query, near=near)
    table = features_of(bench.evidence, few, np.arange(bench.size))
    np.testing.assert_allclose(column(table, "cosine"), exact, atol=1e-5)
    ranks = np.argsort(np.argsort(-exact, kind="stable"), kind="stable")
    assert (column(table, "cosine_rank") == ranks).all()
    # In the sum, what is not near scores as the last that is.
    last = np.sort(exact)[::-1][max(near, 5) - 1]
    np.testing.assert_allclose(few.scores["dense"], np.maximum(exact, last), atol=1e-5)


@pytest.mark.parametrize("query", QUERIES)
def test_words(bench: Bench, query: str) -> None:
    table = bench.table(query)
    bm25, share = column(table, "bm25"), column(table, "bm25_share")
    if bm25.any():
        np.testing.assert_allclose(share, bm25 / bm25.max(), rtol=1e-5)
        assert share.max() == pytest.approx(1.0)
    else:
        assert query == "zebra quartz"
        assert not share.any()


def test_names_and_symbols(bench: Bench) -> None:
    table = bench.table(QUERIES[3])
    assert column(table, "symbol").nonzero()[0].tolist() == [bench.row("myNhds")]
    transpose = bench.row("MyMatrix.transpose")
    assert column(table, "last_part")[transpose] == pytest.approx(1.0, abs=1e-3)
    assert 0.0 < column(table, "whole_name")[transpose] < 1.0
    assert not column(bench.table("zebra quartz"), "last_part").any()


def test_names_that_a_reader_suggests_are_covered(bench: Bench) -> None:
    reading, vector = bench.read("zebra quartz")
    reading = replace(reading, names=("IsMyOpen", "No.such.name"))
    table = features_of(bench.evidence, read_channels(bench.evidence, reading, vector), np.arange(bench.size))
    for name in ("last_part", "whole_name"):
        assert column(table, name).nonzero()[0].tolist() == [bench.row("IsMyOpen")]
        assert column(table, name).max() == 1.0


def test_senses(bench: Bench) -> None:
    query = "injective functions, nonempty sets, sets"
    (reading,) = bench.reader.read([query])
    table = bench.table(query)
    said = {mention.declaration for mention in reading.mentions}
    assert "Function.Injective" in said
    chosen = column(table, "sense")
    for row, name in enumerate(bench.evidence.names):
        assert chosen[row] == sum(mention.declaration == name for mention in reading.mentions)
        inside = sum(part.declaration == name for part in reading.parts)
        assert column(table, "part_sense")[row] == inside
        if chosen[row] or inside:
            assert column(table, "sense_rank")[row] == 0.0
    row = bench.row("Function.Injective")
    place = [mention.declaration for mention in reading.mentions].index("Function.Injective")
    assert column(table, "sense_place")[row] == place
    assert column(table, "sense_choices")[row] == 5.0
    named = [m.text for m in (*reading.mentions, *reading.parts) if m.declaration == "Function.Injective"]
    assert column(table, "sense_words")[row] == max(len(text.split()) for text in named)
    # `Nonempty` is what the concept can mean besides, and the index has no other of its senses.
    other = bench.row("Nonempty")
    besides = [m for m in (*reading.mentions, *reading.parts) if "Nonempty" in m.alternatives]
    assert (column(table, "sense")[other], column(table, "other_sense")[other]) == (0.0, len(besides))
    assert len(besides) > 0
    assert column(table, "sense_rank")[other] == 1.0


def test_a_part_has_no_place_in_the_statement(bench: Bench) -> None:
    (reading,) = bench.reader.read(["a compact set"])
    assert "Set" not in {mention.declaration for mention in reading.mentions}
    assert "Set" in {part.declaration for part in reading.parts}
    table = bench.table("a compact set")
    row = bench.row("Set")
    assert (column(table, "part_sense")[row], column(table, "sense")[row]) == (1.0, 0.0)
    assert (column(table, "sense_rank")[row], column(table, "sense_place")[row]) == (0.0, 99.0)
    # A mention weighs more than a part, and either more than neither.
    part, neither = bench.channels("a compact set").scores["senses"][[row, bench.row("MyNat")]]
    assert bench.channels("a set").scores["senses"][row] > part > neither == pytest.approx(0.0)


def test_associated_terms(bench: Bench) -> None:
    query = QUERIES[0]
    (reading,) = bench.reader.read([query])
    terms = association_terms(reading.text, (*reading.mentions, *reading.parts))
    scores = bench.evidence.association.scores(terms)
    table = bench.table(query)
    for name, values in (
        ("accounted", scores.total),
        ("accounted_best", scores.best),
        ("speaking_terms", scores.speaking),
        ("joint", scores.joint),
        ("joint_best", scores.joint_best),
        ("term_lift", scores.lift),
        ("account_lift", np.log((scores.total + 1e-3) / (bench.evidence.association.prior + 1e-3))),
    ):
        np.testing.assert_allclose(column(table, name), values, rtol=1e-5, err_msg=name)
    assert column(table, "accounted")[bench.row("IsMyCompact")] > 0.0


@pytest.mark.parametrize("query", QUERIES)
def test_the_graph_follows_the_best_of_the_other_channels(bench: Bench, query: str) -> None:
    before = bench.channels(query, active=EVERY - {"graph"})
    made, table = bench.channels(query), bench.table(query)
    seeds = sorted(sorted(range(bench.size), key=lambda row: (-before.total[row], row))[:15])
    weights = np.clip(before.total[seeds], 0.0, None)
    weights = weights / weights.sum()
    graph = bench.evidence.graph.toarray().astype(np.float64)
    together = weights @ graph[seeds]
    np.testing.assert_allclose(column(table, "together"), together, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(made.total, before.total + LINEAR["graph"] * together, rtol=1e-6)
    for name, near in (("parent_of_hit", bench.evidence.parents), ("child_of_hit", bench.evidence.children)):
        expected = np.zeros(bench.size)
        for seed, weight in zip(seeds, weights, strict=True):
            for row in near.get(seed, ()):
                expected[row] = max(expected[row], weight)
        np.testing.assert_allclose(column(table, name), expected, rtol=1e-5, atol=1e-9, err_msg=name)


def test_the_likeliest_child_speaks_for_its_parent(bench: Bench) -> None:
    family = replace(bench.evidence, parents={row: [3, 5] for row in range(bench.size)}, children={})
    for query in QUERIES[:3]:
        total = bench.channels(query, active=EVERY - {"graph"}).total
        best_of_all = np.sort(total)[::-1][:15]
        expected = best_of_all[0] / best_of_all.sum()
        parent = column(bench.table(query, family), "parent_of_hit")
        assert parent.nonzero()[0].tolist() == [3, 5]
        np.testing.assert_allclose(parent[[3, 5]], expected, rtol=1e-5)


def test_parents_and_children_of_the_sample(bench: Bench) -> None:
    evidence = bench.evidence
    named = {
        evidence.names[row]: [evidence.names[p] for p in found] for row, found in evidence.parents.items()
    }
    assert named["MyMonoid"] == ["MySemigroup", "One"]
    assert named["MyAddGroup"] == ["MyAddMonoid"]
    pairs = {(child, parent) for child, found in evidence.parents.items() for parent in found}
    assert pairs == {(child, parent) for parent, found in evidence.children.items() for child in found}


@pytest.mark.parametrize("query", QUERIES)
def test_the_total_is_the_weighted_sum_of_the_channels(bench: Bench, query: str) -> None:
    made = bench.channels(query)
    expected = sum(LINEAR[name] * score for name, score in made.scores.items())
    np.testing.assert_allclose(made.total, expected, rtol=1e-9, atol=1e-12)


# -- candidates ---------------------------------------------------------------------------------------------

SCORES = st.lists(st.sampled_from([-1.0, 0.0, -0.0, 0.25, 0.5, 1.0]) | st.floats(-2, 2), max_size=20)


def best(scores: list[float], number: int) -> list[int]:
    return sorted(sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:number])


@settings(max_examples=300)
@given(SCORES, st.integers(1, 25))
def test_the_best_rows_are_those_of_a_sort(scores: list[float], number: int) -> None:
    assert best_rows(np.array(scores, dtype=np.float64), number).tolist() == best(scores, number)


def test_ties_at_the_edge_go_to_the_first_rows() -> None:
    assert best_rows(np.array([0.0, 1.0, 1.0, 2.0, 1.0]), 3).tolist() == [1, 2, 3]
    assert best_rows(np.zeros(6), 4).tolist() == [0, 1, 2, 3]
    assert best_rows(np.zeros(0), 4).tolist() == []


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.booleans()), max_size=20), st.integers(1, 25))
def test_the_pool_is_the_best_of_what_is_allowed(drawn: list[tuple[float, bool]], number: int) -> None:
    made = Channels(EVERY, total=np.array([score for score, _ in drawn], dtype=np.float64))
    allowed = np.array([passes for _, passes in drawn], dtype=np.bool_)
    rows = [row for row, (_, passes) in enumerate(drawn) if passes]
    expected = [rows[n] for n in best([drawn[row][0] for row in rows], number)]
    assert pool_of(made, number, allowed).tolist() == expected
    everything = np.ones(len(drawn), dtype=np.bool_)
    assert pool_of(made, number).tolist() == pool_of(made, number, everything).tolist()


def test_the_pool_of_a_query_stays_within_what_is_allowed(bench: Bench) -> None:
    allowed = np.array([name.startswith("MyNumber.") for name in bench.evidence.names])
    for query in QUERIES:
        rows = pool_of(bench.channels(query), 10, allowed)
        assert rows.tolist() == np.flatnonzero(allowed).tolist()
        assert pool_of(bench.channels(query), 1, allowed).tolist()[0] in rows


def test_what_is_meant_is_among_the_first_candidates(bench: Bench) -> None:
    meant = {"IsMyCompact", "MyContinuous", "Set.image"}
    assert meant <= {bench.evidence.names[row] for row in pool_of(bench.channels(QUERIES[0]), 5)}


# -- votes --------------------------------------------------------------------------------------------------

COSINES = st.lists(st.floats(-1, 1) | st.sampled_from([0.0, 1e-300, 5e-324, 1.0]), max_size=20).map(
    lambda values: np.array(sorted(values, reverse=True), dtype=np.float64)
)


@settings(max_examples=300)
@given(COSINES, st.integers(0, 25), st.sampled_from([1.0, 4.0, 8.0, 16.0]))
def test_votes_sum_to_one_or_nothing(cosines: Floats, voters: int, sharpness: float) -> None:
    votes = usage_votes(cosines, voters, sharpness)
    assert votes.shape == cosines.shape
    assert (votes >= 0).all()
    assert not votes[voters:].any()
    positive = bool(len(cosines)) and voters > 0 and cosines[0] > 0
    assert float(votes.sum()) == pytest.approx(1.0 if positive else 0.0)
    # Who is nearer weighs no less.
    assert (np.diff(votes) <= 0).all()


def test_a_nearer_theorem_weighs_more() -> None:
    near, far, opposite = usage_votes(np.array([0.9, 0.5, -0.9]), 3, 8.0)
    assert near > far > opposite == 0.0
    assert near / far == pytest.approx((0.9 / 0.5) ** 8)
    assert usage_votes(np.array([0.9, 0.5]), 2, 16.0)[0] > near


def test_distance_counts_relative_to_the_best() -> None:
    np.testing.assert_allclose(
        usage_votes(np.array([0.8, 0.4, 0.2]), 3, 8.0), usage_votes(np.array([0.4, 0.2, 0.1]), 3, 8.0)
    )


def test_only_the_first_vote() -> None:
    assert usage_votes(np.array([0.9, 0.9, 0.9]), 2, 8.0).tolist() == [0.5, 0.5, 0.0]
    assert usage_votes(np.array([0.9]), 0, 8.0).tolist() == [0.0]
    assert usage_votes(np.zeros(0), 5, 8.0).tolist() == []
