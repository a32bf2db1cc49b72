"""`cramf eval retrieval`."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from cramf.evaluation.metrics import METRICS
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.types import Hit

ARMS = ("full", "words", "dense", "without words")
EVERY_ARM = [*ARMS, "oracle", "none", "rank_bm25", "minilm", "rrf"]
KEYS = (
    "n n_with_dependencies dependencies missing arms differences latency_ms peers missing_names data index"
).split()
ROWS: list[dict[str, Any]] = [
    {
        "informal_statement": "Two is an even prime number.",
        "mathlib_dependencies": ["MyNumber.IsMyPrime", "MyNumber.IsMyEven", "No.Such"],
    },
    {"informal_statement": "There is nothing in it.", "mathlib_dependencies": [], "extra": 1},
    {"informal_statement": "Every group has a centre.", "mathlib_dependencies": ["MyGroup", "No.Such"]},
]


class TurnedRetriever:
    """Ranks the definitions of an index as they stand, and every arm but the full one backwards."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self.knowledge = knowledge
        self.encoder = None
        self.variants: list[dict[str, object]] = []

    def variant(self, **changes: object) -> TurnedRetriever:
        self.variants.append(changes)
        return self

    def search(self, query: str, k: int = 10, *, arm: str = "full") -> list[Hit]:
        return self.search_batch([query], k, arm=arm)[0]

    def search_batch(self, queries: Sequence[str], k: int = 10, *, arm: str = "full") -> list[list[Hit]]:
        rows = range(len(self.knowledge.definition_names))[:: 1 if arm == "full" else -1]
        return [[Hit(self.knowledge.definition(row), 1.0) for row in rows[:k]] for _ in queries]


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch, sample_index: Path) -> None:
    """Every retriever that is loaded is a `TurnedRetriever`, with a few arms."""
    monkeypatch.setattr("cramf.retrieval.arms.ARMS", ARMS)
    monkeypatch.setattr(
        "cramf.retrieval.retriever.Retriever.load",
        lambda path=None: TurnedRetriever(KnowledgeBase.open(path or sample_index)),
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "rows.jsonl", ROWS)


def write(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["eval", "retrieval", *map(str, arguments)], prog_name="cramf")


def measured(*arguments: str | Path) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    (line,) = done.stdout.splitlines()
    values: dict[str, Any] = json.loads(line)
    return values


def assert_error(done: Result, code: int) -> str:
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("cramf: error: ")
    return line


@pytest.mark.usefixtures("turned")
def test_the_shape_of_the_json(data: Path, sample_index: Path) -> None:
    values = measured("--data", data, "--index", sample_index)
    assert list(values) == KEYS
    assert list(values["arms"]) == EVERY_ARM
    for metrics in values["arms"].values():
        assert list(metrics) == [metric.name for metric in METRICS]
        for interval in metrics.values():
            assert list(interval) == ["value", "low", "high"]
            assert 0 <= interval["low"] <= interval["value"] <= interval["high"] <= 1
    assert list(values["differences"]) == ["full - rank_bm25", "full - minilm", "full - rrf"]
    for name, metrics in values["differences"].items():
        peer = name.removeprefix("full - ")
        for metric, interval in metrics.items():
            expected = values["arms"]["full"][metric]["value"] - values["arms"][peer][metric]["value"]
            assert interval["value"] == pytest.approx(expected)
    assert (values["n"], values["n_with_dependencies"]) == (3, 2)
    assert (values["dependencies"], values["missing"]) == (5, 2)
    assert values["missing_names"] == [{"name": "No.Such", "count": 2}]
    assert values["latency_ms"].keys() == {"p50", "p99", "n"}
    assert values["latency_ms"]["n"] == 100
    assert values["peers"].keys() == {"rank_bm25", "minilm", "rrf"}
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    assert values["data"] == {"file": str(data), "sha256": digest, "rows": 3}
    assert values["index"] == {
        "path": str(sample_index),
        "mathlib_commit": "0123abc",
        "encoder": "hash-test-encoder",
    }
    assert values["arms"]["oracle"]["R@5"]["value"] == pytest.approx(3 / 5)
    assert values["arms"]["oracle"]["HitRate@3"]["value"] == 1
    assert not any(interval["value"] for interval in values["arms"]["none"].values())
    assert values["arms"]["words"] == values["arms"]["without words"]
    assert values["arms"]["words"] != values["arms"]["full"]


@pytest.mark.usefixtures("turned")
def test_arms_are_picked_by_name(data: Path) -> None:
    values = measured("--data", data, "--arm", "rrf", "--arm", "full", "--arm", "rrf", "--no-latency")
    assert list(values["arms"]) == ["rrf", "full"]
    assert list(values["differences"]) == ["full - rrf"]
    assert list(values["peers"]) == ["rrf"]
    assert values["latency_ms"] is None
    everything = measured("--data", data, "--no-latency")
    assert everything["arms"]["rrf"] == values["arms"]["rrf"]


@pytest.mark.usefixtures("turned")
def test_a_limit_is_seen_in_the_numbers(data: Path) -> None:
    values = measured("--data", data, "--limit", "2", "--no-latency")
    assert (values["n"], values["n_with_dependencies"], values["dependencies"]) == (2, 1, 3)
    assert values["data"]["rows"] == 3
    assert measured("--data", data, "--limit", "99", "--no-latency")["n"] == 3


@pytest.mark.usefixtures("turned")
def test_two_runs_say_the_same(data: Path) -> None:
    assert measured("--data", data, "--no-latency") == measured("--data", data, "--no-latency")


@pytest.mark.usefixtures("turned")
def test_the_file_is_what_is_printed(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.json"
    out.write_text("old")
    values = measured("--data", data, "--no-latency", "--out", out)
    assert json.loads(out.read_text(encoding="utf-8")) == values
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rows.jsonl", "table.json"]


@pytest.mark.usefixtures("turned")
def test_for_people(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.json"
    done = run("--data", data, "--out", out)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert (
        lines[0] == "3 statements, 2 with dependencies; 5 dependencies, 2 of them not in the index (misses)"
    )
    assert lines[2].split() == ["arm", *(metric.name for metric in METRICS)]
    table = lines[3 : 3 + len(EVERY_ARM)]
    assert [next(a for a in sorted(EVERY_ARM, key=len)[::-1] if line.startswith(a)) for line in table] == (
        EVERY_ARM
    )
    assert len({len(line) for line in lines[2 : 3 + len(EVERY_ARM)]}) == 1
    oracle = next(line for line in table if line.startswith("oracle"))
    assert "60.0% [" in oracle
    assert oracle.endswith("1.000")
    assert any(line.startswith("full - rrf") and "%" in line for line in lines)
    assert "(100 calls, warm)" in done.stdout
    assert "not in the index: No.Such (2)" in lines
    assert json.loads(out.read_text(encoding="utf-8"))["n"] == 3


@pytest.mark.usefixtures("turned")
def test_nothing_is_known_of_any_dependency(tmp_path: Path) -> None:
    rows = [
        {"informal_statement": "Two is even.", "mathlib_dependencies": [f"No.such{n}" for n in range(12)]}
    ]
    data = write(tmp_path / "rows.jsonl", rows)
    assert " and 2 more" in run("--data", data, "--no-latency").stdout
    rows = [{"informal_statement": "Two is even.", "mathlib_dependencies": []}]
    done = run("--data", write(data, rows), "--no-latency")
    assert done.exit_code == 0
    assert "1 statements, 0 with dependencies" in done.stdout


@pytest.mark.usefixtures("turned")
def test_an_unknown_arm_names_those_there_are(data: Path) -> None:
    line = assert_error(run("--data", data, "--arm", "full", "--arm", "best"), 2)
    assert "'best'" in line
    assert ", ".join(EVERY_ARM) in line


@pytest.mark.usefixtures("turned")
def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [*ROWS, {"informal_statement": "x"}])
    assert f"{data}:4: the row has no mathlib_dependencies" in assert_error(run("--data", data), 2)
    # A limit does not hide them.
    assert_error(run("--data", data, "--limit", "1"), 2)
    assert "cannot read" in assert_error(run("--data", tmp_path / "nowhere.jsonl"), 2)
    data.write_bytes(b"")
    assert "holds no row" in assert_error(run("--data", data), 2)


@pytest.mark.usefixtures("turned")
def test_a_place_that_cannot_be_written_is_told_at_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cramf.retrieval.retriever.Retriever.load", None)
    for out in (tmp_path, tmp_path / "no folder" / "table.json"):
        assert "--out" in assert_error(run("--data", data, "--out", out), 2)


def test_no_index(data: Path, tmp_path: Path) -> None:
    assert "cramf index build" in assert_error(run("--data", data, "--index", tmp_path / "none"), 4)


@pytest.mark.parametrize("arguments", [[], ["--data", "x", "--limit", "0"], ["--what"]])
def test_options_that_cannot_be_used(arguments: list[str]) -> None:
    assert "cramf eval retrieval --help" in assert_error(run(*arguments), 2)


def test_help_teaches_and_imports_nothing_heavy() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for word in ("Examples:", "cramf eval retrieval --data", "rank_bm25", "missing_names", "--out"):
        assert word in done.stdout
    assert "retrieval" in CliRunner().invoke(main, ["eval", "--help"]).stdout
    assert "  eval " in CliRunner().invoke(main, ["--help"]).stdout
    code = """
import sys
from cramf.cli.main import main
try:
    main(["eval", "retrieval", "--help"])
except SystemExit as stop:
    assert stop.code == 0, stop.code
assert not {"torch", "numpy", "faiss", "scipy", "rank_bm25"} & set(sys.modules)
"""
    heavy = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert heavy.returncode == 0, heavy.stderr


def test_the_retriever_itself(
    data: Path, sample_index: Path, hash_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cramf.retrieval.arms import ARMS as REAL_ARMS

    monkeypatch.setattr("cramf.retrieval.retriever.load_encoder", lambda name=None: hash_encoder)
    values = measured("--data", data, "--index", sample_index)
    assert list(values["arms"]) == [*REAL_ARMS, *EVERY_ARM[len(ARMS) :]]
    reached = {name: metrics["R@10"]["value"] for name, metrics in values["arms"].items()}
    assert reached["none"] == 0 < reached["full"] <= reached["oracle"] == pytest.approx(3 / 5)
    assert reached["minilm"] == reached["dense"]
    assert values["latency_ms"]["p50"] > 0
