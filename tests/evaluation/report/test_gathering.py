"""Runs read for a report: what cannot be compared is refused, what has no figures is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cramf.errors import InputError
from cramf.evaluation.report.gathering import gather, read_run
from cramf.evaluation.report.marks import marks
from tests.evaluation.report.sample_runs import (
    check_run,
    formalize_problems,
    formalize_run,
    retrieval_problems,
    retrieval_run,
)


def test_a_scored_run_has_figures_and_a_row_a_problem(tmp_path: Path) -> None:
    read = read_run(formalize_run(tmp_path / "run"))
    assert read.trouble == ""
    assert read.scores is not None
    assert read.scores["n"] == len(read.rows) == read.answered == 9


def test_an_incomplete_run_has_no_figures(tmp_path: Path) -> None:
    path = formalize_run(tmp_path / "run")
    lines = (path / "results.jsonl").read_bytes().split(b"\n")
    (path / "results.jsonl").write_bytes(b"\n".join(lines[:6]) + b"\n")
    read = read_run(path)
    assert read.scores is None
    assert list(read.rows) == []
    assert read.trouble.startswith("Incomplete: 6 of 9 problems have an answer.")
    assert [mark.outcome for mark in marks(read)].count("pending") == 3


def test_figures_of_other_answers_are_not_shown(tmp_path: Path) -> None:
    path = formalize_run(tmp_path / "run")
    scores = json.loads((path / "scores.json").read_text(encoding="utf-8"))
    scores["failures"] = {}
    (path / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    read = read_run(path)
    assert read.scores is None
    assert "--rescore" in read.trouble


def test_a_run_that_was_never_scored_says_what_to_do(tmp_path: Path) -> None:
    read = read_run(formalize_run(tmp_path / "run", scored=False))
    assert read.trouble.startswith("Not scored")
    assert f"cramf eval formalize --out {tmp_path / 'run'} --rescore" in read.trouble


def test_problems_of_several_runs_are_matched_by_name(tmp_path: Path) -> None:
    rows = retrieval_problems()
    first = retrieval_run(tmp_path / "a", rows[:10])
    second = retrieval_run(tmp_path / "b", [*reversed(rows)])
    found = gather([first, second])
    assert [problem.name for problem in found.problems[:10]] == [problem.name for problem in rows[:10]]
    assert len(found.problems) == 12
    assert found.places[0][10:] == (None, None)
    assert found.places[1][0] == 11
    assert len(found.common) == 10


def test_other_content_under_one_name_is_refused(tmp_path: Path) -> None:
    rows = formalize_problems()
    first = formalize_run(tmp_path / "a", rows)
    second = formalize_run(tmp_path / "b", [replace(rows[0], statement="Another text."), *rows[1:]])
    with pytest.raises(InputError, match=r"different data: 1 of their problems .*algebra_0"):
        gather([first, second])


def test_runs_of_different_kinds_or_without_a_common_problem_are_refused(tmp_path: Path) -> None:
    first = formalize_run(tmp_path / "a")
    with pytest.raises(InputError, match="compare runs of one kind"):
        gather([first, check_run(tmp_path / "b")])
    others = [replace(problem, name=f"other_{problem.name}") for problem in formalize_problems()]
    with pytest.raises(InputError, match="no problem in common"):
        gather([first, formalize_run(tmp_path / "c", others)])
    with pytest.raises(InputError, match="named twice"):
        gather([first, tmp_path / "x" / ".." / "a"])
    with pytest.raises(InputError, match="holds no run"):
        gather([tmp_path])


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
        formalize_run(tmp_path / folder / "run")
    found = gather([tmp_path / "before" / "run", tmp_path / "after" / "run"])
    assert [read.label for read in found.runs] == ["before/run", "after/run"]


def test_outcomes_say_what_came_of_each_problem(tmp_path: Path) -> None:
    found = marks(read_run(formalize_run(tmp_path / "f")))
    assert [mark.outcome for mark in found] == ["valid"] * 3 + ["invalid"] * 4 + ["failed", "abstained"]
    assert found[0].flags == (("equal", True),)
    assert found[3].categories == ("unknown identifier",)
    assert found[7].categories == ("failed: backend",)
    assert found[8].categories[0].startswith("abstained: unknown word …")
    found = marks(read_run(retrieval_run(tmp_path / "r")))
    assert [mark.outcome for mark in found[:4]] == ["all found", "some found", "some found", "no gold names"]
    assert found[2].value == pytest.approx(2 / 3)
    assert found[2].categories == ("gold name not in the index",)
    found = marks(read_run(check_run(tmp_path / "c", bad=(2,))))
    assert [mark.outcome for mark in found[:3]] == ["valid", "valid", "invalid"]
    assert found[1].categories == ("missed error",)
    assert found[2].categories == ("unknown identifier", "false alarm")
    assert found[5].outcome == "failed"
