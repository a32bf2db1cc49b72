"""Figures and comparisons as tables, Markdown and CSV: the numbers are those of the scores."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cramf.evaluation.comparison import compare_averages, mcnemar
from cramf.evaluation.metrics import METRICS
from cramf.evaluation.report.breakdown import by_domain, by_split, domain_of, gold_places, latencies
from cramf.evaluation.report.comparing import comparison_tables, draws_for
from cramf.evaluation.report.csv_files import figures_csv, problems_csv
from cramf.evaluation.report.figures import figure_tables, figures
from cramf.evaluation.report.gathering import gather, read_run
from cramf.evaluation.report.markdown import markdown
from cramf.evaluation.report.tables import Measure, Open, Table, text_of
from tests.evaluation.report.sample_runs import (
    HOSTILE,
    Excluded,
    check_run,
    formalize_run,
    retrieval_problems,
    retrieval_run,
)

SHARE = {"hits": 3, "n": 4, "wilson": {"value": 0.75, "low": 0.3, "high": 0.95}}
JUDGED: dict[str, Any] = {
    "judge": {"model": "toy", "method": "direct", "votes": 3},
    "calibration": {"agreement": {"n": 9, "kappa": {"value": -0.1, "low": -0.2, "high": 0.3}, "f1": None}},
    "corrected": {"apparent": 0.75, "corrected": {"value": 0.7, "low": 0.2, "high": 0.9}},
    "n": 9,
    "undecided": 2,
    "failed": 0,
    "rate": SHARE,
    "of_decided": SHARE,
}


def table(tables: list[Table], key: str) -> Table:
    return next(each for each in tables if each.key == key)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Measure(0.4812, 0.45, 0.512), "48.1% [45.0, 51.2]"),
        (Measure(0.4812, 0.45, 0.512, "fraction"), "0.481 [0.450, 0.512]"),
        (Measure(-0.05, -0.1, 0.0, "+percent"), "-5.0% [-10.0, +0.0]"),
        (Measure(0.0, -1e-17, 0.4), "0.0% [0.0, 40.0]"),
        (Measure(-1e-9, -1e-9, 0.4, "+fraction"), "+0.000 [+0.000, +0.400]"),
        (Measure(0.00002, style="p"), "< 0.001"),
        (Measure(1234.5, style="ms"), "1.23 s"),
        (Open("cramf eval"), "open: cramf eval"),
        (12345, "12,345"),
        (None, "–"),
    ],
)
def test_cells_in_words(cell: Any, text: str) -> None:
    assert text_of(cell) == text


def test_figures_of_retrieval_are_those_of_the_scores(tmp_path: Path) -> None:
    read = read_run(retrieval_run(tmp_path / "r"))
    assert read.scores is not None
    arms = table(figure_tables(read), "arms")
    assert arms.columns == ("Arm", *(metric.name for metric in METRICS))
    row = next(row for row in arms.rows if row[0] == "full")
    told = read.scores["arms"]["full"]["R@10"]
    assert row[arms.columns.index("R@10")] == Measure(told["value"], told["low"], told["high"])
    assert "1 of which the index does not have" in arms.note
    assert table(figure_tables(read), "differences").rows[0][0] == "full - minilm"
    assert {place: count for place, count in gold_places(read) if count} == {
        "2nd to 5th": 17,
        "below the 50th": 5,
        "not in the index": 1,
    }


def test_what_was_not_measured_is_open_and_says_how(tmp_path: Path) -> None:
    told = figures(read_run(formalize_run(tmp_path / "f")))
    for name in ("Compile rate", "Faithful", "BEq", "BEq+"):
        cell = told[name][0]
        assert isinstance(cell, Open)
        assert cell.command.startswith("cramf eval formalize")
    assert told["Passed (static)"][0] == Measure(*_wilson(3, 9))
    assert told["Passed (static), of written"][1] == 7


def _wilson(hits: int, n: int) -> tuple[float, float, float]:
    from cramf.evaluation.intervals import wilson_interval

    return hits / n, *wilson_interval(hits, n)


def test_what_a_judge_found_is_shown_with_what_it_left_open(tmp_path: Path) -> None:
    told = figures(read_run(formalize_run(tmp_path / "f", extra={"faithful": JUDGED, "beq_plus": None})))
    cell, n, what = told["Faithful"]
    assert (cell, n) == (Measure(0.75, 0.3, 0.95), 9)
    assert "toy, direct, 3 votes" in what
    assert "2 undecided" in what
    assert told["Faithful: corrected"][0] == Measure(0.7, 0.2, 0.9)
    assert told["Faithful: calibration agreement kappa"][0] == Measure(-0.1, -0.2, 0.3, "fraction")
    assert isinstance(told["BEq+"][0], Open)


def test_figures_that_nobody_knew_of_are_shown_too(tmp_path: Path) -> None:
    told = figures(read_run(check_run(tmp_path / "c", extra={"new_measure": {"rate": SHARE, "n": 4}})))
    assert told["new measure rate"] == (Measure(0.75, 0.3, 0.95), 4, "")


def test_parts_of_a_run(tmp_path: Path) -> None:
    read = read_run(formalize_run(tmp_path / "f"))
    splits = by_split(read)
    assert splits is not None
    assert [(row[0], row[2]) for row in splits.rows] == [("test", 5), ("valid", 4)]
    assert splits.rows[1][1] == Measure(*_wilson(2, 4))
    domains = by_domain(read)
    assert domains is not None
    assert [row[0] for row in domains.rows] == ["algebra", "number", "odd"]
    spent = latencies(read)
    assert len(spent["write"]) == 8
    assert len(spent["check"]) == 7
    assert domain_of("Book.exercise_1") == "Book"
    assert domain_of("Book|exercise") == domain_of("Book_1") == "Book"


def test_a_difference_is_that_of_the_comparison(tmp_path: Path) -> None:
    paths = [formalize_run(tmp_path / "a"), formalize_run(tmp_path / "b", good=(0, 2, 3, 4, 5, 6))]
    tables = comparison_tables(gather(paths))
    differences = {row[1]: row for row in table(tables, "paired_differences").rows}
    a, b = ([row.get("valid") for row in read_run(path).rows] for path in paths)
    expected = compare_averages([float(v or 0) for v in b], [float(v or 0) for v in a])
    assert differences["Passed"][2] == Measure(
        expected.difference.value, expected.difference.low, expected.difference.high, "+percent"
    )
    assert differences["Passed"][5:] == (9, 5)
    test = mcnemar(a, b)
    row = next(row for row in table(tables, "mcnemar").rows if row[1] == "Passed")
    assert row[2:6] == (test.both, test.only_a, test.only_b, test.neither) == (2, 1, 4, 2)


def test_only_common_problems_are_compared_and_the_others_counted(tmp_path: Path) -> None:
    rows = retrieval_problems()
    paths = [retrieval_run(tmp_path / "a", rows), retrieval_run(tmp_path / "b", rows[:10], better=True)]
    tables = comparison_tables(gather(paths))
    assert [row[1:3] for row in table(tables, "problems").rows] == [(12, 2), (10, 0)]
    assert "not of the same problems" in table(tables, "side_by_side").note
    row = next(row for row in table(tables, "paired_differences").rows if row[1] == "full R@10")
    assert row[5] == 10
    assert isinstance(row[2], Measure)
    assert row[2].value == pytest.approx(18 / 19 - 14 / 19)


def test_what_others_said_is_not_compared_and_the_settings_that_differ_are_told(tmp_path: Path) -> None:
    gathered = gather([formalize_run(tmp_path / "a"), formalize_run(tmp_path / "b", good=(0,))])
    ours, theirs = (
        replace(
            read,
            scores={
                **(read.scores or {}),
                "faithful": {**JUDGED, "judge": {**JUDGED["judge"], "model": model}},
            },
            rows=[{**row, "faithful": True} for row in read.rows],
        )
        for read, model in zip(gathered.runs, ("toy", "other"), strict=True)
    )
    told = {**theirs.directory.settings, "checker": {"name": "repl", "index": None}}
    theirs = replace(theirs, directory=replace(theirs.directory, settings=told))
    tables = comparison_tables(replace(gathered, runs=(ours, theirs)))
    differences = table(tables, "paired_differences")
    assert {row[1] for row in differences.rows} == {"Written", "Equal", "Similarity"}
    assert (
        "Passed of b (another checker than of a); Faithful of b (another judge than of a)" in differences.note
    )
    assert {row[1] for row in table(tables, "mcnemar").rows} == {"Written", "Equal"}
    differing = {row[0]: row[1:] for row in table(tables, "settings_that_differ").rows}
    assert differing["checker.name"] == ("static", "repl") and "backend" not in differing
    same = comparison_tables(gather([formalize_run(tmp_path / "c"), formalize_run(tmp_path / "d")]))
    assert "settings_that_differ" not in {each.key for each in same}
    assert "Passed" in {row[1] for row in table(same, "paired_differences").rows}


def test_measures_of_names_are_spelled_as_the_field_does(tmp_path: Path) -> None:
    read = read_run(formalize_run(tmp_path / "f"))
    rows = [row[0] for row in table(figure_tables(read), "names").rows]
    assert rows == ["Precision", "Recall", "F1", "Mean precision", "Mean recall", "Mean F1"]


def test_large_tests_draw_less() -> None:
    assert draws_for(100) == 10_000
    assert draws_for(10_000) == 4_000
    assert draws_for(10**9) == 1_000


def test_markdown_holds_figures_and_warnings_and_no_markup_of_the_data(tmp_path: Path) -> None:
    excluded = [Excluded("toy.jsonl:9", "bad|name", HOSTILE)]
    text = markdown(gather([formalize_run(tmp_path / "f", excluded=excluded)]))
    assert "| Passed (static) | 33.3% [12.1, 64.6] | 9 |" in text
    assert "> - 1 row of the data could not be used: in no figure." in text
    assert "> - The data were written for Lean v4.9.0, the index is of v4.20.0" in text
    assert "bad\\|name" in text
    assert "<script>" not in text
    assert "<img" not in text
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.endswith(" |") for line in lines)


def test_markdown_of_an_incomplete_run_has_no_figures(tmp_path: Path) -> None:
    text = markdown(gather([formalize_run(tmp_path / "f", scored=False)]))
    assert "Not scored" in text
    assert "33.3%" not in text


def test_csv_holds_every_figure_and_every_problem(tmp_path: Path) -> None:
    gathered = gather([formalize_run(tmp_path / "a"), formalize_run(tmp_path / "b", good=(0,))])
    rows = list(csv.DictReader(io.StringIO(figures_csv(gathered))))
    passed = next(
        r for r in rows if r["run"] == "a" and r["row"] == "Passed (static)" and r["column"] == "Value"
    )
    assert float(passed["value"]) == pytest.approx(1 / 3)
    assert float(passed["low"]) < 1 / 3 < float(passed["high"])
    assert [
        r["value"] for r in rows if r["run"] == "a" and r["row"] == "BEq+" and r["column"] == "Value"
    ] == ["open"]
    compared = [r for r in rows if r["run"] == "" and r["table"] == "paired_differences"]
    assert "b − a, Passed" in {r["row"] for r in compared}
    problems = list(csv.DictReader(io.StringIO(problems_csv(gathered))))
    assert len(problems) == 18
    assert [p["outcome"] for p in problems if p["run"] == "b"].count("valid") == 1
    assert problems[8]["categories"].startswith("abstained")
