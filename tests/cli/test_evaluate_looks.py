"""A judge's and Lean's looks at a run of `cramf eval formalize`, from the command line."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.check.repl import ReplChecker
from cramf.cli.main import main
from cramf.evaluation.judge.judging import Judge
from cramf.evaluation.passes import judge_run
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import answered
from cramf.evaluation.scoring import vocabulary_of
from cramf.formalize.models.replay import RecordingModel
from cramf.knowledge.vocabulary import Vocabulary
from tests.check.fake_lake import make_workspace
from tests.evaluation.judge.judges import constant, verdict
from tests.formalize.fake_server import FakeServer, Reply, completion

HERE = Path(__file__).parents[1]
STAND_IN = HERE / "evaluation" / "equivalence" / "stand_in.py"
ROWS: list[dict[str, Any]] = [
    {
        "name": "double",
        "informal_statement": "Let $x$ be a real number with $x > 3$. Prove that $2x > 6$.",
        "header": "import Mathlib\n\nopen Real",
        "formal_statement": "theorem double (t : ℝ) (ht : 3 < t) : 6 < t * 2 := by sorry",
    },
    {
        "name": "wug",
        "informal_statement": "The frobnicator of a wug is glorp.",
        "header": "import Mathlib",
        "formal_statement": "theorem wug : 1 = 1 := by sorry",
    },
    {
        "name": "triple",
        "informal_statement": "Let $y$ be a real number with $y > 5$. Prove that $3y > 15$.",
        "header": "import Mathlib",
        "formal_statement": "theorem triple (s : ℝ) (hs : 5 < s) : 15 < s * 3 := by sorry",
    },
]
PROVED = {"exact?": "proved"}

LAKE = """#!{python}
import importlib.util, json, sys
from pathlib import Path

def loaded(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

if "--no-build" in sys.argv:
    sys.exit()
stand_in = loaded("stand_in", {stand_in!r})
file = sys.argv[-1]
text = Path(file).read_text(encoding="utf-8")
rules = json.loads(Path({rules!r}).read_text())
lines = text.rstrip("\\n").split("\\n")
said = stand_in.answer(text, rules)
word = lines[-1].removeprefix('#print "').removesuffix('"')
said.append(stand_in.message("information", len(lines), 0, word))
for each in said:
    severity = "information" if each["severity"] == "info" else each["severity"]
    print(json.dumps({{**each, "severity": severity, "fileName": file, "kind": "", "caption": ""}}))
sys.exit(any(each["severity"] == "error" for each in said))
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["eval", "formalize", *map(str, arguments)], prog_name="cramf")


@pytest.fixture(scope="module", autouse=True)
def names_read_once() -> Iterator[None]:
    """Each scoring reads the names of the same index, which takes most of its time."""
    kept: list[Vocabulary] = []

    def once(directory: RunDirectory, index: Path | None = None) -> Vocabulary:
        if not kept:
            kept.append(vocabulary_of(directory, index))
        return kept[0]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("cramf.evaluation.scoring.vocabulary_of", once)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run at which nobody has looked; not to be written to."""
    folder = tmp_path_factory.mktemp("finished")
    data = folder / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    result = run("--data", data, "--out", folder / "run", "--json")
    assert result.exit_code == 0, result.output
    scores = json.loads(result.stdout)
    assert (scores["n"], scores["read"]["hits"], scores["faithful"], scores["beq"]) == (3, 2, None, None)
    return folder / "run"


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    copy = tmp_path / "run"
    copy.mkdir()
    for file in finished.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def rescored(out: Path, *arguments: str | Path) -> dict[str, Any]:
    result = run("--out", out, "--rescore", "--json", *arguments)
    assert result.exit_code == 0, result.output
    scores: dict[str, Any] = json.loads(result.stdout)
    return scores


def rows(out: Path, key: str) -> dict[str, Any]:
    kept = (out / "outcomes.jsonl").read_text("utf-8").splitlines()
    return {row["name"]: row[key] for row in map(json.loads, kept)}


def only_double(body: dict[str, Any]) -> Reply:
    return completion(verdict("x > 3" in body["messages"][1]["content"]))


# -- a judge -----------------------------------------------------------------------------------------------


def test_a_run_with_a_judge_from_the_beginning(tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    with FakeServer(only_double) as server:
        asked = ("--data", data, "--out", tmp_path / "run", "--votes", "1")
        result = run(*asked, "--judge", "openai:toy", "--judge-url", server.url, "--json")
        assert result.exit_code == 0, result.output
        assert len(server.requests) == 2
    scores = json.loads(result.stdout)
    faithful = scores["faithful"]
    assert (faithful["n"], faithful["faithful"], faithful["unfaithful"], faithful["unwritten"]) == (
        3,
        1,
        1,
        1,
    )
    assert faithful["rate"]["wilson"]["value"] == pytest.approx(1 / 3)
    assert not {"by_name", "of"} & {*faithful}
    assert rows(tmp_path / "run", "faithful") == {"double": True, "wug": False, "triple": False}
    assert json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))["faithful"] == faithful
    # Without a judge the same command still shows what was found.
    assert json.loads(run(*asked, "--json").stdout)["faithful"] == faithful


def test_a_replayed_judge_of_a_finished_run(out: Path, tmp_path: Path) -> None:
    recording = tmp_path / "judge.jsonl"
    directory = RunDirectory.open(out)
    judge_run(directory, answered(directory), Judge(RecordingModel(constant(True), recording), votes=3))
    for name in ("judgements.jsonl", "extras.json"):
        (out / name).unlink()
    scores = rescored(out, "--judge", f"replay:{recording}")
    assert (scores["faithful"]["faithful"], scores["faithful"]["votes"]) == (2, 6)
    assert scores["faithful"]["judge"]["model"] == "playing"
    told = run("--out", out, "--rescore").stdout
    assert "faithful" in told
    assert "by the judge playing (direct, 3 votes)" in told
    # Another method was not recorded, and what was found before stays.
    result = run(
        "--out", out, "--rescore", "--judge", f"replay:{recording}", "--judge-method", "back_translation"
    )
    assert result.exit_code == 5
    assert "has no answer to the request" in result.stderr
    assert rescored(out)["faithful"] == scores["faithful"]


def test_an_unreadable_and_an_undecided_statement_are_told(out: Path) -> None:
    def says(body: dict[str, Any]) -> Reply:
        if "x > 3" in body["messages"][1]["content"]:
            return completion(verdict(body["seed"] == 0))
        return completion(None, refusal="I cannot.")

    with FakeServer(says) as server:
        judge = ("--judge", "openai:toy", "--judge-url", server.url, "--votes", "2")
        result = run("--out", out, "--rescore", *judge)
    assert result.exit_code == 0, result.output
    assert "2 votes), 2 undecided" in result.stdout
    faithful = rescored(out)["faithful"]
    assert (faithful["n"], faithful["undecided"], faithful["unreadable"]) == (3, 2, 2)
    assert rows(out, "faithful") == {"double": None, "wug": False, "triple": None}


def test_a_judge_of_nonsense(out: Path) -> None:
    with FakeServer(only_double) as server:
        before = rescored(out, "--judge", "openai:toy", "--judge-url", server.url)
    kept = (out / "judgements.jsonl").read_bytes()
    with FakeServer(completion("I like turtles.")) as server:
        result = run("--out", out, "--rescore", "--judge", "openai:toy", "--judge-url", server.url)
    assert result.exit_code == 5
    assert "no answer that can be read" in result.stderr
    assert result.stdout == ""
    assert (out / "judgements.jsonl").read_bytes().startswith(kept)
    assert rescored(out)["faithful"] == before["faithful"]


def test_labels_stand_beside_the_rate(out: Path, tmp_path: Path) -> None:
    pairs = [
        {
            "name": f"l{n}",
            "informal_statement": said,
            "formal_statement": f"theorem l : {n} = {n} := by sorry",
        }
        for n, said in enumerate(("Good $x > 3$.", "Good too, $x > 3$.", "Bad.", "Bad as well."))
    ]
    for pair in pairs:
        pair["faithful"] = pair["informal_statement"].startswith("Good")
        pair |= {} if pair["faithful"] else {"fault": "wrong_domain"}
    labels = tmp_path / "labels.jsonl"
    labels.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
    with FakeServer(only_double) as server:
        judge = ("--judge", "openai:toy", "--judge-url", server.url, "--calibration", labels)
        result = run("--out", out, "--rescore", *judge)
    assert result.exit_code == 0, result.output
    assert "corrected" in result.stdout
    faithful = rescored(out)["faithful"]
    assert faithful["calibration"]["agreement"]["accuracy"]["value"] == 1.0
    # Of the two that were written; the rate is of all three.
    assert faithful["corrected"]["corrected"]["value"] == 0.5
    assert faithful["rate"]["n"] == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--judge", "nobody"), "unknown language model"),
        (("--judge", "replay:/no/such/file"), "/no/such/file"),
        (("--judge", "openai:toy", "--calibration", "/no/such/file"), "/no/such/file"),
        (("--calibration", "/no/such/file"), "--calibration is of use only with --judge"),
        (("--judge-url", "http://x"), "--judge-url is of use only with --judge"),
        (("--workspace", "/somewhere"), "--workspace is of use only with --equivalence"),
        (("--judge", "replay:x", "--judge-url", "http://x"), "--base-url is of use only"),
    ],
)
def test_what_cannot_be_used_is_told_before_the_run(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text(json.dumps(ROWS[0]) + "\n", encoding="utf-8")
    result = run("--data", data, "--out", tmp_path / "run", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


# -- Lean --------------------------------------------------------------------------------------------------


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a `lake` on PATH that plays rules, and gives a workspace for it."""
    folder, rules = tmp_path / "bin", tmp_path / "rules.json"
    folder.mkdir()
    program = folder / "lake"
    text = LAKE.format(python=sys.executable, stand_in=str(STAND_IN), rules=str(rules))
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(folder), os.environ["PATH"])))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    make_workspace(workspace)

    def play(**given: Any) -> Path:
        rules.write_text(json.dumps(given))
        return workspace

    return play


def test_lean_proves_what_is_equivalent(out: Path, lake: Callable[..., Path]) -> None:
    workspace = lake(a=PROVED, b=PROVED)
    asked = ("--equivalence", "beq-l", "--prover", "lean", "--workspace", workspace)
    scores = rescored(out, *asked)
    found = scores["beq_l"]
    assert (found["n"], found["rate"]["hits"], found["unwritten"], found["undecided"]) == (3, 2, 1, 0)
    assert found["lean"]["toolchain"].endswith("v4.33.0-rc1")
    assert scores["beq"] is scores["beq_plus"] is scores["faithful"] is None
    assert rows(out, "beq_l") == {"double": True, "wug": False, "triple": True}
    told = run("--out", out, "--rescore").stdout.splitlines()
    assert [line.split("  ")[-1] for line in told if line.startswith(f"{found['method']} ")] == ["of 3"]
    # What is decided stays decided, whatever Lean would say today.
    lake()
    assert rescored(out, *asked)["beq_l"] == found


def test_a_reference_that_lean_refuses_is_in_no_share(out: Path, lake: Callable[..., Path]) -> None:
    workspace = lake(statements="ill b")
    found = rescored(out, "--equivalence", "beq+", "--prover", "lean", "--workspace", workspace)["beq_plus"]
    assert (found["n"], found["references_ill_typed"], found["rate"]["hits"]) == (0, 3, 0)
    assert rows(out, "beq_plus") == {"double": None, "wug": None, "triple": None}


def test_an_older_lean_gets_its_own_ladder(out: Path, lake: Callable[..., Path]) -> None:
    workspace = lake(a=PROVED, b=PROVED)
    (workspace / "lean-toolchain").write_text("leanprover/lean4:v4.9.0\n")
    found = rescored(out, "--equivalence", "beq+", "--prover", "lean", "--workspace", workspace)["beq_plus"]
    assert "simp_all_arith!" in found["method"]
    assert found["rate"]["hits"] == 2


def test_a_repl_is_asked_as_well(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "lakefile.toml").write_text('name = "user"\n')
    (home / "rules.json").write_text(json.dumps({"a": PROVED, "b": PROVED}))
    command = [sys.executable, str(STAND_IN), str(home)]
    monkeypatch.setattr("cramf.check.repl.ReplChecker", functools.partial(ReplChecker, repl=command))
    found = rescored(out, "--equivalence", "beq", "--workspace", home, "--workers", "2")["beq"]
    assert (found["n"], found["rate"]["hits"], found["lean"]["checker"]) == (3, 2, "repl")
    # Half a line is what a kill may leave; that pair alone is asked for again.
    journal = out / "equivalences.jsonl"
    kept = sorted(journal.read_bytes().splitlines(keepends=True), key=lambda line: b"exact?" in line)
    journal.write_bytes(b"".join(kept)[:-100])
    before = len((home / "calls.jsonl").read_text().splitlines())
    assert rescored(out, "--equivalence", "beq", "--workspace", home)["beq"] == found
    calls = [json.loads(line)["cmd"] for line in (home / "calls.jsonl").read_text().splitlines()[before:]]
    texts = [call for call in calls if "theorem" in call]
    assert len(texts) == 3  # the statements, and a proof in each direction
    assert len({"s * 3" in text for text in texts}) == 1


@pytest.mark.parametrize("prover", ["repl", "lean"])
def test_without_lake_it_says_what_to_do(
    out: Path, tmp_path: Path, prover: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setenv("ELAN_HOME", str(empty))
    before = (out / "scores.json").read_bytes()
    result = run("--out", out, "--rescore", "--equivalence", "beq+", "--prover", prover)
    assert result.exit_code == 4, result.output
    assert "no `lake` on PATH" in result.stderr
    assert "cramf doctor" in result.stderr
    assert result.stdout == ""
    assert (out / "scores.json").read_bytes() == before


def test_a_judge_and_lean_in_one_command(out: Path, lake: Callable[..., Path]) -> None:
    workspace = lake(a=PROVED, b=PROVED)
    with FakeServer(only_double) as server:
        judge = ("--judge", "openai:toy", "--judge-url", server.url)
        lean = ("--equivalence", "beq-l", "--prover", "lean", "--workspace", workspace)
        scores = rescored(out, *judge, *lean)
    assert (scores["faithful"]["faithful"], scores["beq_l"]["rate"]["hits"]) == (1, 2)
