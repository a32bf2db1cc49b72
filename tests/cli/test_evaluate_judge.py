"""`cramf eval judge`: a model as judge, held against labels that a test made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from cramf.evaluation.judge.calibration import calibrate, load_pairs
from cramf.evaluation.judge.judging import Judge
from cramf.formalize.models.replay import RecordingModel
from tests.evaluation.judge.judges import perfect, verdict
from tests.formalize.fake_server import FakeServer, Reply, completion, failure

ROWS: list[dict[str, Any]] = [
    {
        "name": "bound_a",
        "informal_statement": "Show that $k^2 + 1 > k$ for each natural number $k$.",
        "formal_statement": "theorem bound (k : ℕ) : k < k ^ 2 + 1 := by sorry",
        "faithful": True,
    },
    {
        "name": "bound_b",
        "informal_statement": "Show that $k^2 + 1 > k$ for each natural number $k$.",
        "formal_statement": "theorem bound (k : ℕ) : k < k ^ 2 := by sorry",
        "faithful": False,
        "fault": "wrong_conclusion",
    },
    {
        "name": "halves_a",
        "informal_statement": "Let $a$ be real. Show that $a / 2 + a / 2 = a$.",
        "formal_statement": "theorem halves (a : ℝ) : a / 2 + a / 2 = a := by sorry",
        "faithful": True,
    },
    {
        "name": "halves_b",
        "informal_statement": "Let $a$ be real. Show that $a / 2 + a / 2 = a$.",
        "formal_statement": "theorem halves (a : ℕ) : a / 2 + a / 2 = a := by sorry",
        "faithful": False,
        "fault": "wrong_domain",
    },
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["eval", "judge", *map(str, arguments)], prog_name="cramf")


def recorded(data: Path, votes: int = 3) -> Path:
    """A recording of a judge that knows all labels."""
    path = data.with_name("recording.jsonl")
    pairs = load_pairs(data)
    calibrate(Judge(RecordingModel(perfect(pairs), path), votes=votes), pairs)
    return path


def test_a_replayed_judge_agrees_with_the_labels(data: Path) -> None:
    result = run("--data", data, "--judge", f"replay:{recorded(data)}", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["agreement"]["n"] == 4
    assert found["agreement"]["accuracy"]["value"] == found["agreement"]["kappa"]["value"] == 1.0
    assert found["faults"]["wrong_domain"] == {"n": 1, "caught": 1, "named": 1, "undecided": 0}
    assert (found["undecided"], found["failed"], found["unreadable"]) == (0, 0, 0)
    assert (found["judge"]["model"], found["judge"]["votes"]) == ("playing", 3)


def test_people_are_told_in_lines(data: Path) -> None:
    result = run("--data", data, "--judge", f"replay:{recorded(data)}")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "4 labelled pairs, 0 undecided, 0 failed"
    shown = [line.split()[0] for line in lines[1:6]]
    assert shown == ["accuracy", "recall", "specificity", "kappa", "AC1"]
    assert "100.0% [" in lines[1]
    assert "   1 of 1 (1)  wrong_domain" in lines


def test_a_recording_of_other_questions_fails_in_a_line(data: Path) -> None:
    recording = recorded(data, votes=1)
    result = run("--data", data, "--judge", f"replay:{recording}", "--seed", "7")
    assert result.exit_code == 5
    assert "has no answer to the request" in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def server_of_true(body: dict[str, Any]) -> Reply:
    return completion(verdict(True))


def test_answers_are_kept_and_not_asked_for_again(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "kept" / "judged.jsonl"
    with FakeServer(server_of_true) as server:
        asked = ("--data", data, "--judge", "openai:toy", "--base-url", server.url, "--votes", "1", "--json")
        first = run(*asked, "--out", out)
        requests = len(server.requests)
        # A kill leaves half a line, and that pair alone is asked for again.
        whole = out.read_bytes()
        out.write_bytes(whole[:-50])
        again = run(*asked, "--out", out)
        assert (first.exit_code, again.exit_code) == (0, 0), again.output
        assert (requests, len(server.requests)) == (4, 5)
    assert first.stdout == again.stdout
    assert out.read_bytes() == whole
    found = json.loads(first.stdout)
    assert found["agreement"]["accuracy"]["value"] == 0.5
    assert found["agreement"]["specificity"]["value"] == 0.0


def test_a_judge_of_nonsense_is_an_error_and_what_was_kept_stays(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "judged.jsonl"
    with FakeServer(server_of_true) as server:
        assert (
            run("--data", data, "--judge", "openai:toy", "--base-url", server.url, "--out", out).exit_code
            == 0
        )
    kept = out.read_bytes()
    with FakeServer(completion("I like turtles.")) as server:
        result = run("--data", data, "--judge", "openai:toy", "--base-url", server.url, "--out", out)
    assert result.exit_code == 5
    assert "no answer that can be read" in result.stderr
    assert "turtles" in result.stderr
    assert out.read_bytes().startswith(kept)


def test_failures_and_unreadable_votes_are_told(data: Path) -> None:
    def says(body: dict[str, Any]) -> Reply:
        content = body["messages"][1]["content"]
        if "a : ℕ" in content:
            return failure(401, "no key")
        if "k ^ 2 + 1" in content:
            return completion(None, refusal="I cannot.")
        return completion(verdict(True))

    with FakeServer(says) as server:
        result = run(
            "--data", data, "--judge", "openai:toy", "--base-url", server.url, "--votes", "1", "--json"
        )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["agreement"]["n"] == 4
    assert (found["undecided"], found["failed"], found["unreadable"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--judge", "nobody"), "unknown language model"),
        (("--judge", "replay:/no/such/file"), "/no/such/file"),
        (("--judge", "replay:{recording}", "--temperature", "0"), "all the same"),
        (("--judge", "replay:{recording}", "--rubric", "nice"), "there is no rubric"),
        (("--judge", "replay:{recording}", "--base-url", "http://x"), "--base-url is of use only"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line(arguments: tuple[str, ...], told: str, data: Path) -> None:
    recording = recorded(data)
    result = run("--data", data, *(word.format(recording=recording) for word in arguments))
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"faithful": "yes"}, "line 2: faithful is neither true nor false"),
        ({"fault": "wrong_domain"}, "line 2: the label and the fault"),
        ({"name": "bound_a"}, "line 2: the name 'bound_a' is taken"),
        ({"formal_statement": " "}, "line 2: "),
    ],
)
def test_labelled_pairs_of_another_shape_are_refused(row: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [ROWS[0], {**ROWS[2], **row}]
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    result = run("--data", path, "--judge", "openai:toy", "--base-url", "http://127.0.0.1:1/v1")
    assert result.exit_code == 2
    assert told in result.stderr


def test_the_pairs_that_come_with_cramf_can_be_used() -> None:
    pairs = load_pairs(Path(__file__).parents[2] / "eval" / "judge_calibration.jsonl")
    assert len(pairs) >= 20
    assert {pair.faithful for pair in pairs} == {True, False}
