"""Scores from a run's folder alone: what stands around the figures, and runs that have none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cramf.errors import BackendError, InputError, KnowledgeBaseError, ResourceError
from cramf.evaluation.check import CheckWork
from cramf.evaluation.formalize import FormalizeWork
from cramf.evaluation.problems import DataFile, Excluded, Origin, Problem, ProblemSet
from cramf.evaluation.resources import CheckerSpec
from cramf.evaluation.run_directory import RunDirectory, Shard
from cramf.evaluation.runner import Run, answered, run
from cramf.evaluation.scores import complete, frame
from cramf.evaluation.scoring import score, vocabulary_of
from cramf.evaluation.work import Work
from tests.evaluation.toy_works import ToyWork, numbered

ORIGIN = Origin(
    "mini", "https://example.org", "v1", "v4.9.0", "MIT", "seen by some", (DataFile("rows.jsonl", "0" * 64),)
)
PROBLEMS = (
    Problem(
        "fine",
        "Let $n$ be a natural number. Prove that $n = n$.",
        "theorem fine (n : Nat) : n = n := by sorry",
    ),
    Problem(
        "unknown", "The wug is glorp.", "theorem unknown : Wug := by sorry", split="test", expected=False
    ),
    Problem("half", "Prove that $1 = 1$.", "theorem half : 1 = 1 := by sorry", split="test", expected=True),
)
DATA = ProblemSet(PROBLEMS, (Excluded("rows.jsonl:9", "d", "no statement"),), ORIGIN)


@pytest.fixture(autouse=True)
def small_index(sample_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))


def done(path: Path, work: Work, data: ProblemSet = DATA) -> tuple[RunDirectory, Run]:
    directory = RunDirectory.prepare(path, work.kind, work.settings(), data)
    return directory, run(work, directory)


@pytest.mark.parametrize("make", [CheckWork, lambda: FormalizeWork(checker=CheckerSpec("static"))])
def test_scores_of_a_run_are_those_of_its_folder(tmp_path: Path, make: Callable[[], Work]) -> None:
    directory, fresh = done(tmp_path, make())
    first = score(directory, fresh)
    files = {name: (tmp_path / name).read_bytes() for name in ("scores.json", "outcomes.jsonl")}
    assert json.loads(files["scores.json"]) == first == directory.scores()
    # What the journal gives back is what the workers gave, to the last bit.
    again = RunDirectory.open(tmp_path)
    assert score(again, answered(again)) == first
    assert {name: (tmp_path / name).read_bytes() for name in files} == files
    rows = directory.outcomes()
    assert [row["name"] for row in rows] == ["fine", "unknown", "half"]
    assert [row["split"] for row in rows] == ["", "test", "test"]


def test_what_stands_around_the_figures(tmp_path: Path) -> None:
    directory, fresh = done(tmp_path, CheckWork())
    found = score(directory, fresh, seed=3)
    assert found["kind"] == "check" and found["seed"] == 3
    assert found["data"] == {
        "benchmark": "mini",
        "source": "https://example.org",
        "version": "v1",
        "lean": "v4.9.0",
        "licence": "MIT",
        "sha256": "0" * 64,
        "files": ["rows.jsonl"],
        "rows": 3,
        "evaluated": 3,
        "excluded": 1,
        **{name: found["data"][name] for name in set(found["data"]) - FRAMED},
    }
    assert found["contamination"] == "seen by some" and found["failures"] == {}
    assert found["environments"] == 1 and found["settings"] == directory.settings
    # The sample's index names no Lean version that is that of the data.
    assert "v4.9.0" in found["lean_gap"]


FRAMED = set("benchmark source version lean licence sha256 files rows evaluated excluded".split())


def test_sessions_of_other_versions_are_counted(tmp_path: Path) -> None:
    directory, fresh = done(tmp_path, CheckWork())
    directory.add_session({**directory.sessions()[0], "time": "later", "command": ["x"]})
    assert frame(fresh, directory, 0)["environments"] == 1
    directory.add_session({**directory.sessions()[0], "commit": "f00"})
    assert frame(fresh, directory, 0)["environments"] == 2
    packages = {**directory.sessions()[0]["packages"], "torch": "0.1"}
    directory.add_session({**directory.sessions()[0], "packages": packages})
    assert frame(fresh, directory, 0)["environments"] == 3


def test_failures_are_in_the_figures_as_misses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cramf.evaluation import check

    real = check._Worker.__call__

    def failing(self: Any, problem: Problem) -> Any:
        if problem.name == "half":
            raise BackendError("it hung")
        return real(self, problem)

    monkeypatch.setattr(check._Worker, "__call__", failing)
    directory, fresh = done(tmp_path, CheckWork())
    found = score(directory, fresh)
    assert found["failures"] == {"backend": 1} and found["n"] == 3
    assert found["compile"]["of_all"]["hits"] == 1 and found["compile"]["of_all"]["n"] == 3
    assert found["false_alarms"]["hits"] == 1
    assert directory.outcomes()[2]["failure"] == "backend"


def test_a_run_that_is_not_at_its_end_has_no_figures(tmp_path: Path) -> None:
    work = CheckWork()
    directory = RunDirectory.prepare(tmp_path, work.kind, work.settings(), DATA)
    part = run(work, directory, shard=Shard(1, 2))
    for found in (part, answered(directory)):
        with pytest.raises(InputError, match="has answers to 2 of 3 problems; let it go on"):
            score(directory, found)
    assert directory.scores() is None
    complete(run(work, directory), directory)


def test_an_unknown_kind_is_told(tmp_path: Path) -> None:
    directory, fresh = done(tmp_path, ToyWork(), numbered(2))
    with pytest.raises(InputError, match="a run of the unknown kind 'toy'; update cramf"):
        score(directory, fresh)


def test_scores_that_cannot_be_written_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, fresh = done(tmp_path, CheckWork())
    (tmp_path / "scores.json").mkdir()
    with pytest.raises(ResourceError, match="cannot write to"):
        score(directory, fresh)


def test_names_are_read_in_the_runs_own_index(tmp_path: Path, sample_index: Path) -> None:
    def directory(settings: Mapping[str, Any]) -> RunDirectory:
        return RunDirectory(tmp_path, "formalize", settings, ORIGIN, PROBLEMS, ())

    settings = FormalizeWork().settings()
    for index in (None, sample_index):
        names = vocabulary_of(directory(settings), index).table
        assert names.known("Nat") and names.known("MyMonoid") and not names.known("Wug")
    other = {"index": {"sha256": "f" * 64}}
    with pytest.raises(InputError, match="was made with another index than"):
        vocabulary_of(directory(other))
    with pytest.raises(KnowledgeBaseError):
        vocabulary_of(directory(settings), tmp_path)
