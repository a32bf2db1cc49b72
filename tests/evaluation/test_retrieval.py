"""Rows of a benchmark, arms, peers and the report, with a retriever that ranks as it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cramf.errors import InputError
from cramf.evaluation import retrieval
from cramf.evaluation.benchmarks import Row, load_benchmark
from cramf.evaluation.retrieval import (
    Arm,
    evaluate_retrieval,
    measure_latency,
    none_arm,
    oracle_arm,
    peer_arms,
    reciprocal_rank_fusion,
    retriever_arm,
)
from cramf.jsonable import to_jsonable
from cramf.knowledge.builder import build_from_checkout, checkout_info
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.indexing import definition_terms, write_index
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.retriever import MAX_QUERY
from cramf.retrieval.text import lexical_terms


@dataclass(frozen=True)
class NamedHit:
    name: str


@dataclass
class ToldRetriever:
    """Ranks the names of an index in their order, from the statement's number on; notes what it is asked."""

    knowledge: KnowledgeBase
    calls: list[tuple[int, int, str]] = field(default_factory=list)

    def search(self, query: str, k: int = 10, *, arm: str = "full") -> list[NamedHit]:
        return self.search_batch([query], k, arm=arm)[0]

    def search_batch(self, queries: Sequence[str], k: int, *, arm: str = "full") -> list[list[NamedHit]]:
        self.calls.append((len(queries), k, arm))
        names = self.knowledge.definition_names
        starts = [int(query.split()[-1]) for query in queries]
        return [[NamedHit(name) for name in names[start : start + k]] for start in starts]


@pytest.fixture
def told(sample_index: Path) -> ToldRetriever:
    return ToldRetriever(KnowledgeBase.open(sample_index))


def write(path: Path, *lines: object) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def row(
    statement: object = "a statement", names: object = ("Nat.Prime",), **rest: object
) -> dict[str, object]:
    listed = list(names) if isinstance(names, tuple) else names
    return {"informal_statement": statement, "mathlib_dependencies": listed, **rest}


# Rows


def test_rows_as_they_are_written(tmp_path: Path) -> None:
    data = write(
        tmp_path / "rows.jsonl",
        row("Über   $x^2$", ("Nat", "Nat", "Set"), name="one", header=["passed over"], split=None),
        "",
        row("no dependencies", ()),
        row("no name either", ("ℝ", "Foo.«a b»")),
    )
    loaded = load_benchmark(data)
    assert loaded.rows == (
        Row("Über   $x^2$", frozenset({"Nat", "Set"}), "one"),
        Row("no dependencies", frozenset()),
        Row("no name either", frozenset({"ℝ", "Foo.«a b»"})),
    )
    assert len(loaded.sha256) == 64


def test_windows_files_and_separators_inside_text(tmp_path: Path) -> None:
    line = json.dumps(row("one\u2028two\x85three"), ensure_ascii=False)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + line.encode() + b"\r\n\r\n" + line.encode() + b"\r\n")
    assert [r.statement for r in load_benchmark(path).rows] == ["one\u2028two\x85three"] * 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"informal_statement": "x"', "2 is not JSON"),
        ("nonsense", "2 is not JSON"),
        ("[" * 100_000, "2 is not JSON"),
        ('{"a": ' + "9" * 5000 + "}", "2 is not JSON"),
        ("[1]", "2 is a list, not an object"),
        ('"text"', "2 is text, not an object"),
        ("null", "2 is null, not an object"),
        ({"mathlib_dependencies": []}, "2: the row has no informal_statement"),
        ({"informal_statement": "x"}, "2: the row has no mathlib_dependencies"),
        (row(3), "2: informal_statement is a number"),
        (row(None), "2: informal_statement is null"),
        (row(["x"]), "2: informal_statement is a list"),
        (row(" \n\t"), "2: informal_statement is blank"),
        (row("\0"), "2: informal_statement is blank"),
        (row("x" * (MAX_QUERY + 1)), "2: informal_statement has 100,001 characters"),
        (row(names="Nat.Prime"), "2: mathlib_dependencies is text"),
        (row(names={"Nat": 1}), "2: mathlib_dependencies is an object"),
        (row(names=None), "2: mathlib_dependencies is null"),
        (row(names=["Nat", 3.5]), "2: mathlib_dependencies holds a number"),
        (row(names=["Nat", None]), "2: mathlib_dependencies holds null"),
        (row(names=[""]), "2: mathlib_dependencies holds ''"),
        (row(names=["Nat.Prime "]), "2: mathlib_dependencies holds 'Nat.Prime '"),
        (row("half \ud835"), "2: the row has half a surrogate pair"),
        (row(names=["N\udc00"]), "2: the row has half a surrogate pair"),
        (row(name="first"), "2: the name 'first' is that of line 1 already"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(tmp_path: Path, line: object, message: str) -> None:
    path = write(tmp_path / "rows.jsonl", row(name="first"), line, row())
    with pytest.raises(InputError) as caught:
        load_benchmark(path)
    assert str(caught.value).startswith(f"{path}:{message}")
    assert caught.value.mend
    assert "\n" not in str(caught.value)


def test_undecodable_bytes_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(json.dumps(row()).encode() + b'\n{"informal_statement": "\xff"}\n')
    with pytest.raises(InputError, match=r"rows.jsonl:2 is not UTF-8 text \(byte 24 of the line\)"):
        load_benchmark(path)


@pytest.mark.parametrize("content", [b"", b"\n \n\r\n", b"\xef\xbb\xbf"])
def test_a_file_without_rows(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match="holds no row"):
        load_benchmark(path)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="cannot read"):
            load_benchmark(path)


# Arms


def test_the_arms_of_a_retriever_are_asked_by_name_and_in_pieces(told: ToldRetriever) -> None:
    texts = [f"s {n}" for n in range(5)] * 14
    ranked = retriever_arm("without words", told).rank(texts, 3)
    names = told.knowledge.definition_names
    assert ranked == [tuple(names[n : n + 3]) for n in range(5)] * 14
    assert told.calls == [(64, 3, "without words"), (6, 3, "without words")]
    retriever_arm("minilm", told, "dense").rank(["s 0"], 2)
    assert told.calls[-1] == (1, 2, "dense")


def test_the_report(told: ToldRetriever) -> None:
    names = told.knowledge.definition_names
    rows = [
        Row("s 0", frozenset({names[0], names[6], "Gone.a", "Gone.b"})),
        Row("s 3", frozenset({names[5], "Gone.b"})),
        Row("s 1", frozenset()),
    ]
    done: list[str] = []
    arms = [
        retriever_arm("full", told),
        oracle_arm(rows, names),
        none_arm(),
        Arm("other", lambda texts, k: [[names[0]]] * len(texts), peer="always the first"),
    ]
    report = evaluate_retrieval(rows, arms, names, on_arm=done.append)
    assert done == ["full", "oracle", "none", "other"] == list(report.arms)
    assert (report.n, report.n_with_dependencies, report.dependencies, report.missing) == (3, 2, 6, 3)
    assert [(m.name, m.count) for m in report.missing_names] == [("Gone.b", 2), ("Gone.a", 1)]
    full = {name: interval.value for name, interval in report.arms["full"].items()}
    assert full["R@1"] == pytest.approx(1 / 6)
    assert full["R@5"] == pytest.approx(2 / 6)
    assert full["R@10"] == full["R@50"] == pytest.approx(3 / 6)
    assert full["P@5"] == pytest.approx((1 / 5 + 1 / 5) / 2)
    assert full["HitRate@3"] == 1.0
    assert full["MRR"] == pytest.approx((1 + 1 / 3) / 2)
    # Names that the index lacks keep the oracle from being perfect.
    assert report.arms["oracle"]["R@5"].value == pytest.approx(3 / 6)
    assert report.arms["oracle"]["MRR"].value == 1.0
    assert {(i.value, i.low, i.high) for i in report.arms["none"].values()} == {(0.0, 0.0, 0.0)}
    assert list(report.differences) == ["full - other"]
    assert report.differences["full - other"]["R@5"].value == pytest.approx(1 / 6)
    assert report.peers == {"other": "always the first"}
    assert report.latency_ms is None
    for interval in report.arms["full"].values():
        assert interval.low <= interval.value <= interval.high
    assert json.loads(json.dumps(to_jsonable(report)))["arms"]["full"]["R@1"].keys() == {
        "value",
        "low",
        "high",
    }


def test_without_the_full_arm_nothing_is_compared(told: ToldRetriever) -> None:
    rows = [Row("s 0", frozenset({"x"}))]
    report = evaluate_retrieval(rows, [Arm("p", lambda t, k: [()], peer="p")], [])
    assert report.differences == {}
    assert report.peers == {"p": "p"}


def test_an_arm_that_loses_statements_is_a_defect() -> None:
    rows = [Row("s 0", frozenset({"x"})), Row("s 1", frozenset())]
    with pytest.raises(ValueError, match="answered 1 of 2"):
        evaluate_retrieval(rows, [Arm("short", lambda t, k: [("x",)])], [])
    with pytest.raises(ValueError, match="one name"):
        evaluate_retrieval(rows, [none_arm(), none_arm()], [])


def test_what_is_ranked_too_deep_is_cut() -> None:
    rows = [Row("s 0", frozenset({"x"}))]
    deep = [*(f"n{i}" for i in range(50)), "x"]
    report = evaluate_retrieval(rows, [Arm("deep", lambda t, k: [deep])], ["x"])
    assert report.arms["deep"]["MRR"].value == 0.0


# Peers


def test_bm25_is_the_package_where_the_index_has_docstrings(told: ToldRetriever) -> None:
    from rank_bm25 import BM25Okapi

    peer = {arm.name: arm for arm in peer_arms(told)}["rank_bm25"]
    assert peer.peer.startswith("rank_bm25.BM25Okapi itself")
    base = told.knowledge
    query = "every even number greater than two is no prime, $p \\le 2$"
    model = BM25Okapi([definition_terms(base.definition(n)) for n in range(len(base.definition_names))])
    terms = lexical_terms(normalize_query(query))
    scores = dict(zip(base.definition_names, model.get_scores(terms), strict=True))
    sharing = sorted((name for name in scores if scores[name] > 0), key=lambda name: (-scores[name], name))
    assert len(sharing) > 3
    assert peer.rank([query], 50) == [tuple(sharing)]
    assert peer.rank([query], 3) == [tuple(sharing[:3])]
    assert peer.rank(["xyzzy"], 5) == [()]


def test_bm25_is_the_compiled_matrix_where_the_index_has_none(
    told: ToldRetriever, checkout: Path, hash_encoder: Encoder, tmp_path: Path
) -> None:
    out = tmp_path / "bare"
    info = checkout_info(checkout, "0123abc")
    write_index(build_from_checkout(checkout, 1), info, hash_encoder, out, quantise="none", docstrings=False)
    bare = {arm.name: arm for arm in peer_arms(ToldRetriever(KnowledgeBase.open(out)))}["rank_bm25"]
    assert bare.peer.startswith("compiled from")
    package = {arm.name: arm for arm in peer_arms(told)}["rank_bm25"]
    queries = ["two is an even prime number", "the centre of a group", "a continuous function"]
    # Three digits of each weight are kept, which may swap what is nearly equal further down.
    for ours, theirs in zip(bare.rank(queries, 3), package.rank(queries, 3), strict=True):
        assert ours[0] == theirs[0]
        assert set(ours) == set(theirs)


def test_peers_are_computed_once_and_only_when_asked(
    told: ToldRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = retrieval._rank_bm25
    monkeypatch.setattr(retrieval, "_rank_bm25", lambda base: read.append("bm25") or real(base))
    arms = {arm.name: arm for arm in peer_arms(told)}
    assert list(arms) == list(retrieval.PEERS)
    assert (read, told.calls) == ([], [])
    texts = ["even prime 0", "group 4"]
    fused = arms["rrf"].rank(texts, 50)
    lists = zip(arms["rank_bm25"].rank(texts, 1000), arms["minilm"].rank(texts, 1000), strict=True)
    assert read == ["bm25"]
    assert told.calls == [(2, 1000, "dense")]
    assert fused == [reciprocal_rank_fusion(pair)[:50] for pair in lists]
    assert arms["minilm"].rank(texts, 2) == [names[:2] for names in arms["minilm"].rank(texts, 50)]
    assert len(told.calls) == 1


def test_reciprocal_rank_fusion_by_hand() -> None:
    # b: 1/62 + 1/61; a: 1/61; d: 1/62; c: 1/63 + 1/63.
    assert reciprocal_rank_fusion([("a", "b", "c"), ("b", "d", "c")]) == ("b", "c", "a", "d")
    assert reciprocal_rank_fusion([("b",), ("a",)]) == ("a", "b")
    assert reciprocal_rank_fusion([("a", "b"), ("b", "a")]) == ("a", "b")
    assert reciprocal_rank_fusion([(), ()]) == ()
    # With a small constant the head of one list outweighs the tail of both.
    assert reciprocal_rank_fusion([("a", "b", "c"), ("b", "d", "c")], constant=0)[:2] == ("b", "a")


# Latency


@pytest.mark.parametrize(("statements", "counted"), [(1, 100), (120, 120), (500, 300)])
def test_latency_is_of_single_warm_calls(told: ToldRetriever, statements: int, counted: int) -> None:
    latency = measure_latency(told, [f"s {n}" for n in range(statements)])
    assert latency.n == counted
    assert 0 < latency.p50 <= latency.p99
    assert told.calls == [(1, 10, "full")] * (counted + 5)


def test_latency_is_in_milliseconds_and_leaves_the_warm_up_out(
    told: ToldRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))
    slow = iter([True] * 5)

    def search(query: str, k: int = 10, *, arm: str = "full") -> list[NamedHit]:
        if next(slow, False):
            next(clock)
        return []

    monkeypatch.setattr(told, "search", search)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock) / 1000)
    latency = measure_latency(told, ["s 0"])
    assert (latency.p50, latency.p99) == (pytest.approx(1.0), pytest.approx(1.0))
