"""Arms, peers and the figures of retrieval, with a retriever that ranks as it is told."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cramf.errors import InputError, KnowledgeBaseError
from cramf.evaluation import retrieval_arms
from cramf.evaluation.metrics import DEPTH, METRICS
from cramf.evaluation.problems import Problem
from cramf.evaluation.resources import ModelSpec, index_record
from cramf.evaluation.retrieval import EVIDENCE, RetrievalWork, chosen_arms
from cramf.evaluation.retrieval_arms import (
    PEERS,
    Arm,
    peer_arms,
    peer_texts,
    reciprocal_rank_fusion,
    searched,
)
from cramf.evaluation.retrieval_scores import retrieved, score_retrieval
from cramf.evaluation.runner import Run
from cramf.evaluation.scores import Scored
from cramf.evaluation.work import Answer, Failed, Failure, answer
from cramf.formalize.models.opening import ModelOptions
from cramf.jsonable import dumps
from cramf.knowledge.builder import build_from_checkout, checkout_info
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.arms import ARMS
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.indexing import definition_terms, write_index
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.model_reading import PROMPT_VERSION
from cramf.retrieval.text import lexical_terms
from cramf.retrieval.types import Hit, Vote


@dataclass
class ToldRetriever:
    """Ranks the names of an index in their order, from the statement's number on; notes what it is asked."""

    knowledge: KnowledgeBase
    calls: list[tuple[str, int, str]] = field(default_factory=list)
    encoder: Encoder | None = None
    changes: list[Mapping[str, object]] = field(default_factory=list)

    def variant(self, **changes: object) -> ToldRetriever:
        self.changes.append(changes)
        return self

    def search(self, query: str, k: int = 10, *, arm: str = "full") -> list[Hit]:
        self.calls.append((query, k, arm))
        last = query.split()[-1]
        start = int(last) if last.isdigit() else 0
        rows = range(len(self.knowledge.definition_names))[start : start + k]
        votes = tuple(Vote(f"voter{n}", 0.123456 / (n + 1), 1.0) for n in range(5))
        channels = {"dense": 1 / 3, "words": 2.0}
        return [Hit(self.knowledge.definition(row), 1 / (row + 3), channels, votes) for row in rows]


@pytest.fixture
def told(sample_index: Path) -> ToldRetriever:
    return ToldRetriever(KnowledgeBase.open(sample_index))


@pytest.fixture
def loaded(told: ToldRetriever, monkeypatch: pytest.MonkeyPatch) -> ToldRetriever:
    """The retriever that every work loads."""
    monkeypatch.setattr("cramf.retrieval.retriever.Retriever.load", lambda path=None: told)
    return told


def problem(statement: str, *gold: str, split: str = "") -> Problem:
    return Problem(statement, statement, gold=frozenset(gold), split=split)


def found(missing: Sequence[str] = (), ms: float | None = None, **arms: Sequence[str]) -> Answer:
    result = {"arms": {name: list(names) for name, names in arms.items()}, "missing": missing, "hits": []}
    return Answer(result, None, {} if ms is None else {"full": ms, "all": 2 * ms})


def scored(problems: Sequence[Problem], answers: Sequence[Answer], *arms: str, **peers: str) -> Scored:
    return score_retrieval(Run(tuple(problems), tuple(answers)), {"arms": list(arms), "peers": peers})


def values(figures: Mapping[str, Any], arm: str) -> dict[str, float]:
    return {name: interval["value"] for name, interval in figures["arms"][arm].items()}


# Arms


def test_arms_are_picked_by_name_each_once() -> None:
    every = (*ARMS, "oracle", "none", *PEERS)
    assert chosen_arms(()) == every
    assert chosen_arms((), ["model", "rerank"]) == (*ARMS, "model", "rerank", "oracle", "none", *PEERS)
    assert chosen_arms(["rrf", "full", "rrf"]) == ("rrf", "full")
    with pytest.raises(InputError, match="there is no arm 'modle'") as caught:
        chosen_arms(["full", "modle"])
    assert caught.value.mend == f"use one of: {', '.join(every)}"


def test_the_arms_of_a_retriever_are_asked_by_name(told: ToldRetriever) -> None:
    names = told.knowledge.definition_names
    ranked = [searched("without words").rank(told, f"s {n}", 3) for n in range(5)]
    assert ranked == [tuple(names[n : n + 3]) for n in range(5)]
    assert told.calls == [(f"s {n}", 3, "without words") for n in range(5)]
    searched("minilm", "dense").rank(told, "s 0", 2)
    assert told.calls[-1] == ("s 0", 2, "dense")
    other = ToldRetriever(told.knowledge)
    searched("model", "full", other).rank(told, "s 0", 2)
    assert (other.calls, len(told.calls)) == ([("s 0", 2, "full")], 6)


# The work


def test_what_a_work_answers(loaded: ToldRetriever, sample_index: Path) -> None:
    names = loaded.knowledge.definition_names
    work = RetrievalWork(("words", "full", "oracle", "none"), sample_index)
    with work.open() as worker:
        got = answer(worker, problem("s 3", names[4], "Gone.b", "Gone.a"))
        without_gold = answer(worker, Problem("x", "s 1"))
    assert got.failure is None
    assert got.result is not None
    # What follows from the gold names is not stored.
    assert got.result["arms"] == {arm: list(names[3 : 3 + DEPTH]) for arm in ("words", "full")}
    assert got.result["missing"] == ["Gone.a", "Gone.b"]
    assert got.ms.keys() == {"all", "words", "full"}
    assert got.ms["all"] >= got.ms["words"] + got.ms["full"] > 0
    assert without_gold.result is not None
    assert without_gold.result["missing"] == []
    asked = [(k, arm) for text, k, arm in loaded.calls if text == "s 3"]
    assert asked == [(DEPTH, "words"), (DEPTH, "full")]
    # The first search of a process is slower than all others, and is of no problem.
    assert loaded.calls[0][0] not in ("s 3", "s 1")


def test_the_evidence_of_the_full_arm_is_kept(loaded: ToldRetriever, sample_index: Path) -> None:
    names = loaded.knowledge.definition_names
    with RetrievalWork(("full",), sample_index).open() as worker:
        got = worker(problem("s 2", names[0]))
    hits = got.result["hits"]
    assert [hit["name"] for hit in hits] == list(names[2 : 2 + EVIDENCE])
    assert hits[0] == {
        "name": names[2],
        "score": 0.2,
        "channels": {"dense": 0.333333, "words": 2.0},
        "votes": [["voter0", 0.1235], ["voter1", 0.0617], ["voter2", 0.0412]],
    }
    with RetrievalWork(("words",), sample_index).open() as worker:
        assert worker(problem("s 2", names[0])).result["hits"] == []


def test_what_is_ranked_too_deep_is_cut(
    loaded: ToldRetriever, sample_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = [*(f"n{i}" for i in range(DEPTH)), "x"]
    monkeypatch.setattr(
        "cramf.evaluation.retrieval.peer_arms", lambda base: {"rrf": Arm("rrf", lambda *_: deep)}
    )
    rows = [problem("s 0", "x")]
    with RetrievalWork(("rrf",), sample_index).open() as worker:
        answers = [answer(worker, row) for row in rows]
    assert answers[0].result is not None
    assert answers[0].result["arms"]["rrf"] == deep[:DEPTH]
    assert values(scored(rows, answers, "rrf").figures, "rrf")["MRR"] == 0.0


def test_a_model_and_a_reranker_are_retrievers_of_their_own(
    loaded: ToldRetriever, sample_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cramf.evaluation.retrieval._reader", lambda model, retriever: "a reader")
    monkeypatch.setattr(
        "cramf.retrieval.reranking.load_reranker", lambda name, encoder: f"the reranker {name}"
    )
    work = RetrievalWork(("model", "rerank"), sample_index, ModelSpec("openai:m"), "late", 7)
    with work.open() as worker:
        got = worker(problem("s 1", "x"))
    assert loaded.changes[:2] == [
        {"reader": "a reader"},
        {"reranker": "the reranker late", "rerank_depth": 7},
    ]
    assert [(k, arm) for text, k, arm in loaded.calls if text == "s 1"] == [(DEPTH, "full")] * 2
    assert list(got.result["arms"]) == ["model", "rerank"]
    assert got.result["hits"] == []


def test_a_problem_that_breaks_the_search_is_told_and_ends_nothing(
    loaded: ToldRetriever, sample_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RetrievalWork(("words",), sample_index).open() as worker:
        monkeypatch.setattr(loaded, "search", lambda *_, **__: [][0])
        got = answer(worker, problem("s 0", "x"))
    assert got.result is None
    assert got.failure is not None
    assert got.failure.kind is Failed.DEFECT
    assert got.failure.message.startswith("IndexError: ")


def test_settings_tell_all_that_results_depend_on(sample_index: Path) -> None:
    work = RetrievalWork(("full", "rrf"), sample_index)
    told = work.settings()
    assert told["arms"] == ("full", "rrf")
    assert (told["depth"], told["evidence"]) == (DEPTH, EVIDENCE)
    assert told["index"] == index_record(sample_index)
    assert told["index"]["mathlib_commit"] == "0123abc"
    assert len(told["ranker"]) == len(told["ontology"]) == 64
    assert list(told["peers"]) == ["rrf"]
    assert (told["model"], told["reranker"]) == (None, None)
    assert pickle.loads(pickle.dumps(work)) == work
    others = [
        replace(work, arms=("full",)),
        replace(work, model=ModelSpec("openai:a")),
        replace(work, model=ModelSpec("openai:b")),
        replace(work, reranker="late"),
        replace(work, reranker="late", rerank_depth=9),
    ]
    assert len({dumps(told), *(dumps(other.settings()) for other in others)}) == 6
    # A prompt of another version reads queries otherwise.
    assert others[1].settings()["model"]["reading"] == PROMPT_VERSION
    secret = ModelSpec("openai:a", ModelOptions(api_key="sk-secret"))
    assert "secret" not in dumps(replace(work, model=secret).settings())
    with pytest.raises(KnowledgeBaseError):
        replace(work, index=sample_index / "nowhere").settings()


# Figures


def test_the_figures_by_hand(told: ToldRetriever) -> None:
    names = told.knowledge.definition_names
    rows = [
        problem("s 0", names[0], names[6], "Gone.a", "Gone.b", split="valid"),
        problem("s 3", names[5], "Gone.b", split="test"),
        problem("s 1", split="test"),
    ]
    answers = [
        found(["Gone.a", "Gone.b"], full=names[0:50], other=[names[0]]),
        found(["Gone.b"], full=names[3:53], other=[names[0]]),
        found(full=names[1:51], other=[names[0]]),
    ]
    arms = ("full", "oracle", "none", "other")
    got = scored(rows, answers, *arms, other="always the first", absent="an arm that was not run")
    figures = got.figures
    assert tuple(figures["arms"]) == arms
    counts = [figures[name] for name in ("n", "n_with_dependencies", "dependencies", "missing")]
    assert counts == [3, 2, 6, 3]
    assert figures["missing_names"] == [{"name": "Gone.b", "count": 2}, {"name": "Gone.a", "count": 1}]
    full = values(figures, "full")
    assert list(full) == [metric.name for metric in METRICS]
    assert full["R@1"] == pytest.approx(1 / 6)
    assert full["R@5"] == pytest.approx(2 / 6)
    assert full["R@10"] == full["R@50"] == pytest.approx(3 / 6)
    assert full["P@5"] == pytest.approx((1 / 5 + 1 / 5) / 2)
    assert full["HitRate@3"] == 1.0
    assert full["MRR"] == pytest.approx((1 + 1 / 3) / 2)
    # Names that the index lacks keep the oracle from being perfect.
    oracle = values(figures, "oracle")
    assert oracle["R@5"] == pytest.approx(3 / 6)
    assert oracle["MRR"] == 1.0
    nothing = figures["arms"]["none"].values()
    assert {tuple(interval.values()) for interval in nothing} == {(0.0, 0.0, 0.0)}
    assert list(figures["differences"]) == ["full - other"]
    assert figures["differences"]["full - other"]["R@5"]["value"] == pytest.approx(1 / 6)
    assert figures["peers"] == {"other": "always the first"}
    assert figures["latency_ms"] is None
    for interval in figures["arms"]["full"].values():
        assert list(interval) == ["value", "low", "high"]
        assert interval["low"] <= interval["value"] <= interval["high"]
    assert figures == scored(rows, answers, *arms, other="always the first").figures


def test_a_row_for_each_problem(told: ToldRetriever) -> None:
    names = told.knowledge.definition_names
    rows = [problem("s 0", names[0], names[1], "Gone", split="valid"), problem("s 1", split="test")]
    got = scored(rows, [found(["Gone"], full=names[:2]), found(full=names[1:])], "full", "oracle")
    first, second = got.rows
    fixed = ("name", "split", "dependencies", "missing", "failure")
    assert [first[key] for key in fixed] == ["s 0", "valid", 3, 1, None]
    assert [second[key] for key in fixed] == ["s 1", "test", 0, 0, None]
    assert first["full R@5"] == first["oracle R@5"] == pytest.approx(2 / 3)
    # Nothing is wanted, so nothing can be missed: no value rather than 0.
    assert second["full R@5"] is None
    assert len(first) == len(fixed) + 2 * len(METRICS)


def test_without_the_full_arm_nothing_is_compared() -> None:
    figures = scored([problem("s 0", "x")], [found(p=())], "p", p="p").figures
    assert figures["differences"] == {}
    assert figures["peers"] == {"p": "p"}
    assert figures["latency_ms"] is None


def test_a_failure_counts_as_a_miss_in_every_figure() -> None:
    rows = [problem("s 0", "x"), problem("s 1", "y", "z")]
    good = found(full=["y"], rrf=["x"])
    failed = Answer(None, Failure(Failed.DEFECT, "IndexError: "), {"all": 1.0})
    one = scored(rows, [good, failed], "full", "oracle", "rrf", rrf="a peer")
    figures = one.figures
    assert (figures["n"], figures["n_with_dependencies"], figures["dependencies"]) == (2, 2, 3)
    # Whether the index has them was not found out, so that nothing is said of it.
    assert (figures["missing"], figures["missing_names"]) == (0, [])
    assert {arm: values(figures, arm)["R@5"] for arm in figures["arms"]} == {
        "full": 0,
        "oracle": pytest.approx(1 / 3),
        "rrf": pytest.approx(1 / 3),
    }
    assert values(figures, "rrf")["MRR"] == 0.5
    assert figures["differences"]["full - rrf"]["R@5"]["value"] == pytest.approx(-1 / 3)
    assert [row["failure"] for row in one.rows] == [None, "defect"]
    assert [row["missing"] for row in one.rows] == [0, None]
    assert one.rows[1]["rrf R@5"] == 0
    run = Run(tuple(rows), (good, failed))
    assert [row.ranked for row in retrieved(run, "full")] == [("y",), ()]


def test_latency_is_of_the_full_arm_in_milliseconds() -> None:
    rows = [problem(f"s {n}", "x") for n in range(101)]
    answers = [found(ms=float(n), full=()) for n in range(101)]
    assert scored(rows, answers, "full").figures["latency_ms"] == {"p50": 50.0, "p99": 99.0, "n": 101}
    answers[0] = Answer(None, Failure(Failed.DEFECT, "x"), {"all": 1e9})
    assert scored(rows, answers, "full").figures["latency_ms"]["n"] == 100


# Peers


def test_bm25_is_the_package_where_the_index_has_docstrings(told: ToldRetriever) -> None:
    from rank_bm25 import BM25Okapi

    base = told.knowledge
    peer = peer_arms(base)["rank_bm25"]
    assert peer_texts(base.manifest)["rank_bm25"].startswith("rank_bm25.BM25Okapi itself")
    query = "every even number greater than two is no prime, $p \\le 2$"
    model = BM25Okapi([definition_terms(base.definition(n)) for n in range(len(base.definition_names))])
    terms = lexical_terms(normalize_query(query))
    scores = dict(zip(base.definition_names, model.get_scores(terms), strict=True))
    sharing = sorted((name for name in scores if scores[name] > 0), key=lambda name: (-scores[name], name))
    assert len(sharing) > 3
    assert peer.rank(told, query, 50) == tuple(sharing)
    assert peer.rank(told, query, 3) == tuple(sharing[:3])
    assert peer.rank(told, "xyzzy", 5) == ()
    assert told.calls == []


def test_bm25_is_the_compiled_matrix_where_the_index_has_none(
    told: ToldRetriever, checkout: Path, hash_encoder: Encoder, tmp_path: Path
) -> None:
    out = tmp_path / "bare"
    info = checkout_info(checkout, "0123abc")
    write_index(build_from_checkout(checkout, 1), info, hash_encoder, out, quantise="none", docstrings=False)
    base = KnowledgeBase.open(out)
    assert peer_texts(base.manifest)["rank_bm25"].startswith("compiled from")
    bare, package = peer_arms(base)["rank_bm25"], peer_arms(told.knowledge)["rank_bm25"]
    # Three digits of each weight are kept, which may swap what is nearly equal further down.
    for query in ("two is an even prime number", "the centre of a group", "a continuous function"):
        ours, theirs = bare.rank(told, query, 3), package.rank(told, query, 3)
        assert len(ours) == 3
        assert ours[0] == theirs[0]
        assert set(ours) == set(theirs)


def test_peers_are_read_once_and_only_when_asked(
    told: ToldRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = retrieval_arms._rank_bm25

    def reading(base: KnowledgeBase) -> Callable[[list[str]], retrieval_arms.Floats]:
        read.append("bm25")
        return real(base)

    monkeypatch.setattr(retrieval_arms, "_rank_bm25", reading)
    arms = peer_arms(told.knowledge)
    assert tuple(arms) == PEERS
    assert (read, told.calls) == ([], [])
    for text in ("even prime 0", "group 4"):
        fused = arms["rrf"].rank(told, text, 50)
        lists = [arms[name].rank(told, text, 1000) for name in ("rank_bm25", "minilm")]
        assert fused == reciprocal_rank_fusion(lists)[:50]
        assert arms["minilm"].rank(told, text, 2) == arms["minilm"].rank(told, text, 50)[:2]
    assert read == ["bm25"]
    assert {arm for _, _, arm in told.calls} == {"dense"}


def test_reciprocal_rank_fusion_by_hand() -> None:
    # b: 1/62 + 1/61; a: 1/61; d: 1/62; c: 1/63 + 1/63.
    assert reciprocal_rank_fusion([("a", "b", "c"), ("b", "d", "c")]) == ("b", "c", "a", "d")
    assert reciprocal_rank_fusion([("b",), ("a",)]) == ("a", "b")
    assert reciprocal_rank_fusion([("a", "b"), ("b", "a")]) == ("a", "b")
    assert reciprocal_rank_fusion([(), ()]) == ()
    # With a small constant the head of one list outweighs the tail of both.
    assert reciprocal_rank_fusion([("a", "b", "c"), ("b", "d", "c")], constant=0)[:2] == ("b", "a")
