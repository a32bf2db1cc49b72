"""`cramf eval formalize`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.check.verdict import Candidate
from cramf.cli.main import main
from cramf.formalize.types import Abstention, Draft, Request
from cramf.retrieval.types import Hit

ROWS: list[dict[str, Any]] = [
    {
        "name": "one",
        "informal_statement": "Let $x$ be a real number with $x > 3$. Prove that $2x > 6$.",
        "header": "import Mathlib\n\nopen Real",
        "formal_statement": "theorem one (t : ℝ) (ht : 3 < t) : 6 < t * 2 := by sorry",
        "mathlib_dependencies": ["Nat.Prime", "No.Such"],
    },
    {
        "name": "two",
        "informal_statement": "The frobnicator of a wug is glorp.",
        "formal_statement": "theorem two : 1 = 1 := by sorry",
        "mathlib_dependencies": [],
    },
]
KEYS = "n read valid equal similarity ms abstentions references_whole llm arm data index".split()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["eval", "formalize", *map(str, arguments)], prog_name="cramf")


class Model:
    """A model that knows one answer and keeps what it was asked."""

    name = "model"

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def draft(self, request: Request) -> Draft:
        self.asked.append(request)
        if "frob" in request.statement:
            return Draft(self.name, None, Abstention("no idea", 0, 1, "T"))
        statement = f"theorem {request.name} (x : ℝ) (h : x > 3) : 2 * x > 6 := by sorry"
        return Draft(self.name, Candidate(request.name, "import Mathlib", statement))


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    made = Model()
    monkeypatch.setattr("cramf.cli.language_model.openai_backend", lambda spec, base_url=None: made)
    return made


def test_the_figures_of_the_symbolic_backend(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    result = run("--data", data, "--json", "--out", out)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert list(report) == KEYS
    assert report["n"] == 2
    assert set(report["read"]) == {"value", "low", "high"}
    assert set(report["ms"]) == {"p50", "p99"}
    assert (report["read"]["value"], report["valid"]["value"], report["equal"]["value"]) == (0.5, 1.0, 0.5)
    assert report["similarity"]["value"] == 0.5
    assert report["references_whole"] == 2
    assert (report["llm"], report["arm"], report["data"]["rows"]) == ("symbolic", "none", 2)
    one, two = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert (one["name"], one["equal"], one["status"]) == ("one", True, "valid")
    assert one["statement"].startswith("theorem ")
    assert (two["name"], two["read"], two["equal"]) == ("two", False, None)
    assert two["reason"]


def test_it_prints_a_table_for_people(data: Path) -> None:
    result = run("--data", data)
    assert result.exit_code == 0
    assert "2 statements; 2 references read as a whole" in result.stdout
    assert "read         50.0% [" in result.stdout
    assert "nothing written, why:" in result.stdout


def test_the_arms_of_a_language_model(data: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    class Retriever:
        def search(self, query: str, k: int | None) -> list[Hit]:
            return hits[:k]

    hits: list[Hit] = []
    monkeypatch.setattr("cramf.retrieval.retriever.Retriever.load", lambda path=None: Retriever())
    found = {}
    for arm in ("none", "oracle", "retrieved"):
        model.asked.clear()
        result = run("--data", data, "--llm", "openai:m", "--arm", arm, "--json")
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        assert (report["arm"], report["llm"], report["equal"]["value"]) == (arm, "openai:m", 0.5)
        found[arm] = [[hit.name for hit in request.definitions] for request in model.asked[:2]]
        hits = hits or [*model.asked[0].definitions]
    assert found["none"] == [[], []]
    # A name that the index does not have cannot be given.
    assert found["oracle"] == [["Nat.Prime"], []]
    assert found["retrieved"] == [["Nat.Prime"], ["Nat.Prime"]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--arm", "oracle"), "--arm is of use only with a language model"),
        (("--base-url", "http://x"), "--base-url is of use only with a language model"),
        (("--out", "/no/such/folder/x"), "cannot write"),
        (("--llm", "nobody"), "language model"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(arguments: tuple[str, ...], told: str, data: Path) -> None:
    result = run("--data", data, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_oracle_needs_the_dependencies(tmp_path: Path, model: Model) -> None:
    row = {key: value for key, value in ROWS[0].items() if key != "mathlib_dependencies"}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    result = run("--data", path, "--llm", "openai:m", "--arm", "oracle")
    assert result.exit_code == 2
    assert "rows without mathlib_dependencies" in result.stderr
    assert not model.asked


def test_limit_takes_the_first_rows(data: Path) -> None:
    assert json.loads(run("--data", data, "--limit", "1", "--json").stdout)["n"] == 1


def test_the_symbolic_run_loads_neither_torch_nor_the_retriever(data: Path) -> None:
    code = (
        "import sys\nfrom cramf.cli.main import main\n"
        f"try:\n    main(['eval', 'formalize', '--data', {str(data)!r}, '--json'])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules and 'faiss' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
