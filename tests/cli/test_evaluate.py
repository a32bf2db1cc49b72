"""`cramf eval` and `cramf eval retrieval`."""

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
from cramf.evaluation.resources import index_record
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.types import Hit

ARMS = ("full", "words", "dense", "without words")
EVERY_ARM = [*ARMS, "oracle", "none", "rank_bm25", "minilm", "rrf"]
KEYS = (
    "n n_with_dependencies dependencies missing arms differences latency_ms peers missing_names "
    "kind seed data lean_gap contamination failures environments settings"
).split()
DATA_KEYS = "benchmark source version lean licence sha256 files rows evaluated excluded notes".split()
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

    def variant(self, **changes: object) -> TurnedRetriever:
        return self

    def search(self, query: str, k: int = 10, *, arm: str = "full") -> list[Hit]:
        rows = range(len(self.knowledge.definition_names))[:: 1 if arm == "full" else -1]
        return [Hit(self.knowledge.definition(row), 1.0, {"words": 2.0}) for row in rows[:k]]


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch, sample_index: Path) -> None:
    """Every retriever that is loaded is a `TurnedRetriever`, with a few arms."""
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    monkeypatch.setattr("cramf.retrieval.arms.ARMS", ARMS)
    monkeypatch.setattr(
        "cramf.retrieval.retriever.Retriever.load",
        lambda path=None: TurnedRetriever(KnowledgeBase.open(path or sample_index)),
    )


@pytest.fixture
def unloadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a retriever is the long thing, and must not have begun."""
    monkeypatch.setattr("cramf.retrieval.retriever.Retriever.load", None)


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
    assert values["latency_ms"]["n"] == 3
    assert values["peers"].keys() == {"rank_bm25", "minilm", "rrf"}
    assert values["arms"]["oracle"]["R@5"]["value"] == pytest.approx(3 / 5)
    assert values["arms"]["oracle"]["HitRate@3"]["value"] == 1
    assert not any(interval["value"] for interval in values["arms"]["none"].values())
    assert values["arms"]["words"] == values["arms"]["without words"]
    assert values["arms"]["words"] != values["arms"]["full"]
    # What stands around the figures.
    assert (values["kind"], values["seed"], values["environments"]) == ("retrieval", 0, 1)
    assert (values["failures"], values["lean_gap"], values["contamination"]) == ({}, None, "")
    assert list(values["data"]) == DATA_KEYS
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    told = {key: values["data"][key] for key in ("sha256", "files", "rows", "evaluated", "excluded")}
    assert told == {"sha256": digest, "files": ["rows.jsonl"], "rows": 3, "evaluated": 3, "excluded": 0}
    assert values["settings"]["arms"] == EVERY_ARM
    assert values["settings"]["index"] == index_record(sample_index)


@pytest.mark.usefixtures("turned")
def test_arms_are_picked_by_name(data: Path) -> None:
    values = measured("--data", data, "--arm", "rrf", "--arm", "full", "--arm", "rrf")
    assert list(values["arms"]) == ["rrf", "full"]
    assert list(values["differences"]) == ["full - rrf"]
    assert list(values["peers"]) == ["rrf"]
    assert measured("--data", data)["arms"]["rrf"] == values["arms"]["rrf"]
    assert measured("--data", data, "--arm", "words")["latency_ms"] is None


@pytest.mark.usefixtures("turned")
def test_a_limit_is_seen_in_the_numbers(data: Path) -> None:
    values = measured("--data", data, "--limit", "2")
    assert (values["n"], values["n_with_dependencies"], values["dependencies"]) == (2, 1, 3)
    assert (values["data"]["rows"], values["data"]["evaluated"]) == (3, 2)
    assert measured("--data", data, "--limit", "99")["n"] == 3
    assert "only the first 2 of 3 problems" in run("--data", data, "--limit", "2").stdout


@pytest.mark.usefixtures("turned")
def test_two_runs_say_the_same(data: Path, tmp_path: Path) -> None:
    first, second = measured("--data", data), measured("--data", data, "--out", tmp_path / "run")
    assert first["latency_ms"].keys() == second["latency_ms"].keys()
    assert json.dumps({**first, "latency_ms": 0}) == json.dumps({**second, "latency_ms": 0})
    # The seed is that of the resampling: no figure but the ends of intervals hangs on it.
    other = measured("--data", data, "--seed", "7")
    values = [
        [interval["value"] for arm in each["arms"].values() for interval in arm.values()]
        for each in (first, other)
    ]
    assert values[0] == values[1]
    assert (first["seed"], other["seed"]) == (0, 7)


@pytest.mark.usefixtures("turned")
def test_the_folder_holds_what_is_printed_and_its_evidence(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    values = measured("--data", data, "--out", out)
    assert json.loads((out / "scores.json").read_text(encoding="utf-8")) == values
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines]
    assert [answer["name"] for answer in answers] == ["rows:1", "rows:2", "rows:3"]
    first = answers[0]["result"]
    assert first["missing"] == ["No.Such"]
    assert [hit["name"] for hit in first["hits"]] == first["arms"]["full"][:10]
    assert first["hits"][0]["channels"] == {"words": 2.0}
    rows = [json.loads(line) for line in (out / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["missing"] for row in rows] == [1, 0, 1]
    # Nothing is done again, and the figures come from the folder alone.
    again = measured("--data", data, "--out", out)
    assert (out / "results.jsonl").read_text(encoding="utf-8").splitlines() == lines
    assert again == {**values, "environments": 1}


@pytest.mark.usefixtures("turned")
def test_for_people(data: Path) -> None:
    done = run("--data", data)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert (
        lines[0] == "3 statements, 2 with dependencies; 5 dependencies, 2 of them not in the index (misses)"
    )
    shown = lines[2].split()
    assert shown[0] == "arm"
    assert {"R@5", "R@10", "P@5", "HitRate@3", "nDCG@10", "MRR"} <= set(shown)
    assert set(shown[1:]) <= {metric.name for metric in METRICS}
    table = lines[3 : 3 + len(EVERY_ARM)]
    assert [next(a for a in sorted(EVERY_ARM, key=len)[::-1] if line.startswith(a)) for line in table] == (
        EVERY_ARM
    )
    assert len({len(line) for line in lines[2 : 3 + len(EVERY_ARM)]}) == 1
    oracle = next(line for line in table if line.startswith("oracle"))
    assert "60.0% [" in oracle
    assert oracle.endswith("1.000")
    assert any(line.startswith("full - rrf") and "%" in line for line in lines)
    assert "(n = 3)" in done.stdout
    assert "not in the index: No.Such (2)" in lines


@pytest.mark.usefixtures("turned")
def test_nothing_is_known_of_any_dependency(tmp_path: Path) -> None:
    rows = [
        {"informal_statement": "Two is even.", "mathlib_dependencies": [f"No.such{n}" for n in range(12)]}
    ]
    data = write(tmp_path / "rows.jsonl", rows)
    assert " and 2 more" in run("--data", data).stdout
    rows = [{"informal_statement": "Two is even.", "mathlib_dependencies": []}]
    done = run("--data", write(data, rows))
    assert done.exit_code == 0
    assert "1 statements, 0 with dependencies" in done.stdout


@pytest.mark.usefixtures("turned")
def test_a_statement_that_breaks_the_search_is_a_miss_and_told(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = TurnedRetriever.search

    def search(self: TurnedRetriever, query: str, k: int = 10, *, arm: str = "full") -> list[Hit]:
        if query.startswith("Every group"):
            raise IndexError("no such row")
        return real(self, query, k, arm=arm)

    monkeypatch.setattr(TurnedRetriever, "search", search)
    done = run("--data", data, "--arm", "full", "--arm", "oracle", "--json")
    assert done.exit_code == 70
    values = json.loads(done.stdout)
    assert (values["n"], values["dependencies"], values["failures"]) == (3, 5, {"defect": 1})
    assert values["arms"]["oracle"]["R@50"]["value"] == pytest.approx(2 / 5)
    assert "1 problems without a result (defect), counted as misses" in run("--data", data).stdout


@pytest.mark.usefixtures("turned", "unloadable")
@pytest.mark.parametrize(("arm", "option"), [("model", "--llm"), ("rerank", "--reranker")])
def test_an_arm_that_needs_an_option_names_it(data: Path, arm: str, option: str) -> None:
    line = assert_error(run("--data", data, "--arm", arm), 2)
    assert f"needs {option}" in line and line.endswith(f"add {option}")


@pytest.mark.usefixtures("turned", "unloadable")
def test_an_unknown_arm_names_those_there_are(data: Path) -> None:
    line = assert_error(run("--data", data, "--arm", "full", "--arm", "best"), 2)
    assert "'best'" in line
    assert ", ".join(EVERY_ARM) in line


@pytest.mark.usefixtures("turned", "unloadable")
def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [*ROWS, {"informal_statement": "x"}])
    assert f"{data}:4: the row has no gold" in assert_error(run("--data", data), 2)
    # A limit does not hide them.
    assert_error(run("--data", data, "--limit", "1"), 2)
    assert "nowhere.jsonl" in assert_error(run("--data", tmp_path / "nowhere.jsonl"), 2)
    data.write_bytes(b"")
    assert "is empty" in assert_error(run("--data", data), 2)


@pytest.mark.usefixtures("turned")
def test_rows_that_are_left_out_are_counted(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [*ROWS, {"informal_statement": "x"}])
    done = run("--data", data, "--exclude-bad", "--arm", "full", "--json")
    assert f"{data}:4" in done.stderr
    assert json.loads(done.stdout)["data"]["excluded"] == 1
    assert "1 rows of the data were excluded" in run("--data", data, "--exclude-bad").stdout


@pytest.mark.usefixtures("turned", "unloadable")
def test_a_place_that_cannot_be_written_is_told_at_once(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("x")
    assert "--out" in assert_error(run("--data", data, "--out", tmp_path / "file"), 2)
    assert "--out" in assert_error(run("--data", data, "--out", tmp_path / "folder"), 2)
    assert "cannot write" in assert_error(run("--data", data, "--out", tmp_path / "file" / "run"), 4)


@pytest.mark.usefixtures("turned", "unloadable")
def test_an_unknown_language_model_is_told_at_once_and_leaves_no_run(data: Path, tmp_path: Path) -> None:
    line = assert_error(run("--data", data, "--llm", "nobody", "--out", tmp_path / "run"), 2)
    assert "unknown language model 'nobody'" in line
    assert not (tmp_path / "run").exists()


def test_no_index(data: Path, tmp_path: Path) -> None:
    assert "cramf index build" in assert_error(run("--data", data, "--index", tmp_path / "none"), 4)


@pytest.mark.parametrize(
    "arguments", [["--data", "x", "--limit", "0"], ["--what"], ["--data", "x", "--executor", "slurm"]]
)
def test_options_that_cannot_be_used(arguments: list[str]) -> None:
    assert "cramf eval retrieval --help" in assert_error(run(*arguments), 2)


def test_no_data_names_where_they_come_from() -> None:
    assert "add --data" in assert_error(run(), 2)


def test_help_teaches() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for word in ("Examples:", "cramf eval retrieval --data", "rank_bm25", "missing_names", "--out"):
        assert word in done.stdout
    group = CliRunner().invoke(main, ["eval", "--help"]).stdout
    for command in ("retrieval", "formalize", "check"):
        assert f"\n  {command} " in group
    assert "  eval " in CliRunner().invoke(main, ["--help"]).stdout


@pytest.mark.parametrize("command", [[], ["retrieval"], ["formalize"], ["check"]])
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    code = f"""
import sys
from cramf.cli.main import main
try:
    main({["eval", *command, "--help"]!r})
except SystemExit as stop:
    assert stop.code == 0, stop.code
heavy = "torch numpy faiss scipy rank_bm25 sentence_transformers transformers openai ray matplotlib"
assert not set(heavy.split()) & set(sys.modules), set(heavy.split()) & set(sys.modules)
"""
    heavy = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert heavy.returncode == 0, heavy.stderr
    assert "Usage" in heavy.stdout


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
    again = measured("--data", data, "--index", sample_index, "--workers", "2")
    assert json.dumps({**again, "latency_ms": 0}) == json.dumps({**values, "latency_ms": 0})
