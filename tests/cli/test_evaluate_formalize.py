"""`cramf eval formalize`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.check.verdict import Candidate
from cramf.cli.main import main
from cramf.environment import default_index
from cramf.errors import BackendError
from cramf.evaluation.resources import ModelSpec, index_record
from cramf.formalize.types import Abstention, Draft, Request
from cramf.knowledge.core_library import load_core
from cramf.retrieval.types import Hit

ROWS: list[dict[str, Any]] = [
    {
        "name": "one",
        "informal_statement": "Let $n$ be a natural number with $n > 3$. Prove that $2n > 6$.",
        "header": "import Mathlib\n\nopen Nat",
        "formal_statement": "theorem one (t : ℕ) (ht : 3 < t) : 6 < t * 2 := by sorry",
        "mathlib_dependencies": ["MyGroup", "No.Such"],
        "split": "valid",
    },
    {
        "name": "two",
        "informal_statement": "The frobnicator of a wug is glorp.",
        "formal_statement": "theorem two : 1 = 1 := by sorry",
        "mathlib_dependencies": [],
        "split": "test",
    },
]
KEYS = (
    "n read valid compile pass_at_k references references_whole equal similarity names splits ms abstentions "
    "categories tokens cost kind seed data lean_gap contamination failures environments settings"
).split()


_core = cache(load_core)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, sample_index: Path) -> None:
    """A small index, and the names of Lean core read once: both take a second or two, each time."""
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    monkeypatch.setattr("cramf.knowledge.core_library.load_core", _core)
    monkeypatch.setattr("cramf.check.static.load_core", _core)


@pytest.fixture
def shipped(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index that knows all names, which the small one does not."""
    monkeypatch.delenv("CRAMF_INDEX")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "rows.jsonl", ROWS)


def write(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["eval", "formalize", *map(str, arguments)], prog_name="cramf")


def measured(*arguments: str | Path) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def value(share: dict[str, Any]) -> float:
    return float(share["wilson"]["value"])


class Model:
    """A model that knows one answer and keeps what it was asked."""

    name = "model"

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.fails = ""

    def drafts(self, request: Request, n: int) -> Sequence[Draft | BackendError]:
        self.asked.append(request)
        if self.fails and self.fails in request.statement:
            raise BackendError("the server hung up", "start it again")
        if "frob" in request.statement:
            return [Draft(self.name, None, Abstention("no idea", 0, 1, "T"))] * n
        good = f"theorem {request.name} (x : ℕ) (h : x > 3) : 2 * x > 6 := by sorry"
        bad = f"theorem {request.name} : Not.There.at_all := by sorry"
        texts = [good if number % 2 == 0 else bad for number in range(n)]
        return [Draft(self.name, Candidate(request.name, "import Mathlib", text)) for text in texts]

    def draft(self, request: Request) -> Draft:
        (draft,) = self.drafts(request, 1)
        assert isinstance(draft, Draft)
        return draft


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """What every specification of a model opens."""
    made = Model()
    monkeypatch.setattr(ModelSpec, "open", lambda self: made)
    return made


@pytest.mark.usefixtures("shipped")
def test_the_figures_of_the_symbolic_backend(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    report = measured("--data", data, "--out", out)
    looks = ["faithful", "beq", "beq_plus", "beq_l"]
    assert [key for key in report if key not in looks] == KEYS
    # Nobody was asked to look further, which is not the same as finding nothing.
    assert [report[key] for key in looks] == [None] * 4
    assert report["n"] == report["references"] == report["references_whole"] == 2
    assert set(report["read"]) == {"hits", "n", "wilson", "bootstrap"}
    assert set(report["ms"]) == {"p50", "p99"}
    assert (value(report["read"]), value(report["valid"]), value(report["equal"])) == (0.5, 1.0, 0.5)
    assert (report["compile"]["checker"], report["compile"]["by_lean"]) == ("static", False)
    assert value(report["compile"]["of_all"]) == 0.5
    assert report["similarity"]["value"] == 0.5
    assert [at["k"] for at in report["pass_at_k"]] == [1]
    assert list(report["splits"]) == ["valid", "test"]
    assert [value(split["read"]) for split in report["splits"].values()] == [1, 0]
    assert (report["tokens"], report["cost"]) == (0, 0)
    told = report["settings"]
    assert (told["backend"], told["arm"], told["bounds"]["candidates"]) == ("symbolic", "none", 1)
    assert told["checker"]["index"] == told["index"] == index_record(default_index())
    assert (report["data"]["rows"], report["kind"], report["failures"]) == (2, "formalize", {})
    one, two = lines_of(out / "outcomes.jsonl")
    assert (one["name"], one["equal"], one["status"]) == ("one", True, "valid")
    assert one["statement"].startswith("theorem ")
    assert (two["name"], two["read"], two["equal"]) == ("two", False, False)
    assert two["reason"]
    assert json.loads((out / "scores.json").read_text(encoding="utf-8")) == report


def test_names_are_held_against_the_gold_ones(data: Path) -> None:
    names = measured("--data", data)["names"]
    # The answer to the first speaks of no prime, and nothing was written for the second, which wants nothing.
    assert (names["n"], names["unlabelled"], names["unwritten"], names["gold"]) == (2, 0, 1, 2)
    assert (names["found"], names["metrics"]["recall"]["value"]) == (0, 0)


def test_two_runs_say_the_same(data: Path) -> None:
    first, second = (measured("--data", data) for _ in range(2))
    assert json.dumps({**first, "ms": 0}) == json.dumps({**second, "ms": 0})


def test_it_prints_a_table_for_people(data: Path) -> None:
    done = run("--data", data)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "2 statements; 2 of 2 references read as a whole"
    # Wilson's interval of one of two.
    assert any(line.startswith("read ") and "50.0% [9.5, 90.5]" in line for line in lines)
    (compiled,) = [line for line in lines if line.startswith("compile ")]
    assert compiled.endswith("of all, by the checker static: Lean was not asked")
    assert any(line.startswith("names precision ") for line in lines)
    assert "nothing written, why:" in lines
    assert "tokens" not in done.stdout


def test_without_gold_names_nothing_is_said_of_names(tmp_path: Path) -> None:
    bare = {key: ROWS[0][key] for key in ("name", "informal_statement", "formal_statement")}
    data = write(tmp_path / "rows.jsonl", [bare])
    assert measured("--data", data)["names"] is None
    assert "names precision" not in run("--data", data).stdout


def test_a_definition_of_its_own_makes_a_statement_another(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [{**ROWS[0], "helper": "def two := 2"}])
    report = measured("--data", data)
    assert (value(report["read"]), value(report["equal"])) == (1, 0)


def test_the_arms_of_a_language_model(data: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    class Retriever:
        def search(self, query: str, k: int | None) -> list[Hit]:
            return hits[:k]

    hits: list[Hit] = []
    monkeypatch.setattr("cramf.retrieval.retriever.Retriever.load", lambda path=None: Retriever())
    found = {}
    for arm in ("none", "oracle", "retrieved"):
        model.asked.clear()
        report = measured("--data", data, "--llm", "openai:m", "--arm", arm)
        told = report["settings"]
        assert (told["arm"], told["backend"]["spec"]) == (arm, "openai:m")
        assert value(report["equal"]) == 0.5
        found[arm] = [[hit.name for hit in request.definitions] for request in model.asked]
        hits = hits or [*model.asked[0].definitions]
    assert found["none"] == [[], []]
    # A name that the index does not have cannot be given.
    assert found["oracle"] == [["MyGroup"], []]
    assert found["retrieved"] == [["MyGroup"], ["MyGroup"]]
    # Without --arm it is the retrieved one.
    assert measured("--data", data, "--llm", "openai:m")["settings"]["arm"] == "retrieved"


@pytest.mark.usefixtures("shipped")
def test_several_samples_give_pass_at_k(data: Path, model: Model, tmp_path: Path) -> None:
    out = tmp_path / "run"
    report = measured("--data", data, "--llm", "openai:m", "--arm", "none", "--n", "4", "--out", out)
    rates = {at["k"]: at["rate"]["value"] for at in report["pass_at_k"]}
    # Two of four pass for the one problem, and none is written for the other.
    assert rates == pytest.approx({1: 1 / 4, 2: (5 / 6) / 2, 4: 1 / 2})
    first = lines_of(out / "results.jsonl")[0]["result"]
    statuses = [attempt["verdict"]["status"] for attempt in first["attempts"]]
    assert statuses == ["valid", "invalid", "valid", "invalid"]
    unknown = first["attempts"][1]["verdict"]["diagnostics"][0]
    assert unknown["name"] == "Not.There.at_all"
    shown = run("--rescore", "--out", out).stdout
    assert "pass@4" in shown


def test_a_failing_backend_is_counted_and_its_exit_code_told(
    data: Path, model: Model, tmp_path: Path
) -> None:
    model.fails = "frobnicator"
    out = tmp_path / "run"
    asked = ("--data", data, "--llm", "openai:m", "--arm", "none", "--out", out)
    done = run(*asked)
    assert done.exit_code == 5
    assert "1 problems without a result (backend), counted as misses" in done.stdout
    assert "the same command tries them again" in done.stderr
    assert json.loads((out / "scores.json").read_text(encoding="utf-8"))["failures"] == {"backend": 1}
    model.fails = ""
    model.asked.clear()
    assert measured(*asked)["failures"] == {}
    assert len(model.asked) == 1


def test_a_backend_that_never_answers_ends_the_run(data: Path, model: Model) -> None:
    model.fails = " "
    done = run("--data", data, "--llm", "openai:m", "--arm", "none", "--json")
    assert (done.exit_code, done.stdout) == (5, "")
    assert done.stderr == "cramf: error: the server hung up; start it again\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--arm", "oracle"), "--arm is of use only with a language model"),
        (("--n", "4"), "--n is of use only with a language model"),
        (("--rounds", "2"), "--rounds is of use only with a language model"),
        (("--base-url", "http://x"), "--base-url is of use only with a language model"),
        (("--llm", "nobody"), "unknown language model 'nobody'"),
        (("--llm", "local:x", "--base-url", "http://x"), "--base-url is of use only with a server"),
        (("--check", "guess"), "--check"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    arguments: tuple[str, ...], told: str, data: Path, tmp_path: Path
) -> None:
    result = run("--data", data, "--out", tmp_path / "run", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_the_oracle_needs_the_dependencies(tmp_path: Path, model: Model) -> None:
    row = {key: value for key, value in ROWS[0].items() if key != "mathlib_dependencies"}
    path = write(tmp_path / "a.jsonl", [row])
    result = run("--data", path, "--llm", "openai:m", "--arm", "oracle")
    assert result.exit_code == 2
    assert f"{path}:1: the row has no gold (looked for mathlib_dependencies" in result.stderr
    assert not model.asked


def test_a_statement_that_is_too_long_is_told_before_anything_begins(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [*ROWS, {**ROWS[0], "name": "x", "informal_statement": "x" * 20_001}])
    result = run("--data", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{path}:3: informal_statement has 20,001 characters" in result.stderr


def test_limit_takes_the_first_rows(data: Path) -> None:
    report = measured("--data", data, "--limit", "1")
    assert (report["n"], report["data"]["rows"], report["data"]["evaluated"]) == (1, 2, 1)


def test_scores_are_made_anew_from_the_folder_alone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    report = measured("--data", data, "--out", out)
    data.unlink()
    monkeypatch.setattr("cramf.evaluation.formalize.FormalizeWork.open", None)
    assert measured("--out", out, "--rescore") == report


def test_scores_are_not_made_with_another_index(
    data: Path, tmp_path: Path, sample_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    report = measured("--data", data, "--out", out)
    # Statements are read with the names of an index, which must be the run's.
    monkeypatch.delenv("CRAMF_INDEX")
    refused = run("--out", out, "--rescore")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "made with another index" in refused.stderr
    assert "--index" in refused.stderr
    assert json.loads((out / "scores.json").read_text(encoding="utf-8")) == report
    assert measured("--out", out, "--rescore", "--index", sample_index) == report


def test_the_symbolic_run_loads_neither_torch_nor_the_retriever(data: Path) -> None:
    code = (
        "import sys\nfrom cramf.cli.main import main\n"
        f"try:\n    main(['eval', 'formalize', '--data', {str(data)!r}, '--json'])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert not {'torch', 'faiss', 'scipy', 'ray', 'openai'} & set(sys.modules), sorted(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["n"] == 2
