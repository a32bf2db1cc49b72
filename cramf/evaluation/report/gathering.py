"""Reads the folders of runs for a report, and matches the problems of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cramf.errors import InputError
from cramf.evaluation.problems import Problem
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import Run, answered

__all__ = ["Gathered", "RunRead", "gather", "read_run"]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class RunRead:
    """A run with its figures, where it has any.

    `scores` is None where there are no figures of all of its problems; `trouble` says why then and what
    to do. `rows` are the outcomes that were kept with the scores, one a problem in the order of
    `run.problems`.
    """

    label: str
    directory: RunDirectory
    run: Run
    scores: Mapping[str, Any] | None
    rows: Sequence[Mapping[str, Any]]
    sessions: Sequence[Mapping[str, Any]]
    trouble: str = ""

    @property
    def kind(self) -> str:
        return self.directory.kind

    @property
    def answered(self) -> int:
        return len(self.run.answers) - self.run.pending


@dataclass(frozen=True, slots=True)
class Gathered:
    """The runs of one report, all of one kind.

    `problems` are those of all runs in the order of the first that has them; `places[r][i]` is the number of
    problem i in run r, None where that run has it not.
    """

    runs: tuple[RunRead, ...]
    problems: tuple[Problem, ...]
    places: tuple[tuple[int | None, ...], ...]

    @property
    def kind(self) -> str:
        return self.runs[0].kind

    @property
    def common(self) -> tuple[int, ...]:
        """Numbers of the problems that every run has."""
        return tuple(
            i for i in range(len(self.problems)) if all(places[i] is not None for places in self.places)
        )


def gather(paths: Sequence[Path]) -> Gathered:
    """The runs in some folders, their problems matched by name and content.

    Raises:
        InputError: where a folder holds no run or a damaged one, where two are of different kinds, have no
            problem in common, or have different problems under one name.
    """
    if not paths:
        raise InputError("no run is named", "give the --out folder of a cramf eval command")
    resolved = [path.resolve() for path in paths]
    for number, path in enumerate(resolved):
        if path in resolved[:number]:
            raise InputError(f"{paths[number]} is named twice", "name each run once")
    runs = tuple(read_run(path, label) for path, label in zip(paths, _labels(resolved), strict=True))
    for other in runs[1:]:
        if other.kind != runs[0].kind:
            raise InputError(
                f"{runs[0].directory.path} is a run of `cramf eval {runs[0].kind}`, "
                f"{other.directory.path} one of `cramf eval {other.kind}`",
                "compare runs of one kind",
            )
    return _matched(runs)


def read_run(path: Path, label: str = "") -> RunRead:
    """A run by its folder, called `label` in the report.

    Raises:
        InputError: where the folder holds none, or a damaged one.
    """
    directory = RunDirectory.open(path)
    run = answered(directory)
    scores, rows = directory.scores(), directory.outcomes()
    trouble = _trouble(directory, run, scores, rows)
    return RunRead(
        label or path.resolve().name,
        directory,
        run,
        None if trouble else scores,
        () if trouble else rows,
        directory.sessions(),
        trouble,
    )


def _trouble(
    directory: RunDirectory, run: Run, scores: Mapping[str, Any] | None, rows: Sequence[Mapping[str, Any]]
) -> str:
    """Why the figures cannot be shown, in a line that says what to do; "" where they can."""
    whole = f"cramf eval {directory.kind} --out {directory.path}"
    if run.pending:
        done = len(run.answers) - run.pending
        return (
            f"Incomplete: {done:,} of {len(run.answers):,} problems have an answer. "
            f"No figures are shown. Run the same command again (all shards), and it goes on."
        )
    if scores is None:
        return f"Not scored: every problem has an answer, but there are no figures. Run: {whole} --rescore"
    if (
        scores.get("data", {}).get("evaluated") != len(run.problems)
        or scores.get("failures") != run.failures
        or [row.get("name") for row in rows] != [problem.name for problem in run.problems]
    ):
        return f"The figures were made before the last answers and are not shown. Run: {whole} --rescore"
    return ""


def _labels(paths: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart."""
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        ends = ["/".join(path.parts[-depth:]).lstrip("/") for path in paths]
        if len(set(ends)) == len(ends):
            return ends
    return [str(path) for path in paths]


def _matched(runs: tuple[RunRead, ...]) -> Gathered:
    numbers: dict[str, int] = {}
    problems: list[Problem] = []
    differing: dict[str, None] = {}
    for read in runs:
        for problem in read.run.problems:
            if problem.name not in numbers:
                numbers[problem.name] = len(problems)
                problems.append(problem)
            elif _content(problems[numbers[problem.name]]) != _content(problem):
                differing[problem.name] = None
    if differing:
        shown = ", ".join(list(differing)[:_SHOWN]) + (", …" if len(differing) > _SHOWN else "")
        raise InputError(
            f"the runs are of different data: {len(differing):,} of their problems have another text, "
            f"reference or gold names under the same name ({shown})",
            "compare runs on the same version of a benchmark",
        )
    places: list[tuple[int | None, ...]] = []
    for read in runs:
        own = {problem.name: place for place, problem in enumerate(read.run.problems)}
        places.append(tuple(own.get(problem.name) for problem in problems))
    gathered = Gathered(runs, tuple(problems), tuple(places))
    if not gathered.common:
        raise InputError("the runs have no problem in common", "compare runs on the same benchmark")
    return gathered


def _content(problem: Problem) -> tuple[object, ...]:
    return problem.statement, problem.formal, problem.header, problem.helper, problem.gold
