"""Runs and scores an evaluation as the options say, with a bar, and tells what has no result."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.cli.evaluate_options import RunChoices
from cramf.errors import ExitCode, InputError

if TYPE_CHECKING:
    from cramf.evaluation.executors import Executor
    from cramf.evaluation.problems import ProblemSet
    from cramf.evaluation.run_directory import RunDirectory
    from cramf.evaluation.runner import Run
    from cramf.evaluation.work import Work

__all__ = ["evaluate_run", "percent"]

_CODES = {"backend": ExitCode.BACKEND, "quarantined": ExitCode.RESOURCE, "defect": ExitCode.DEFECT}
"""Exit codes of a run that left problems without a result, the worst last."""
_SHOWN = 3


def evaluate_run(
    choices: RunChoices,
    kind: str,
    make: Callable[[], Work],
    human: Callable[[Mapping[str, Any]], Iterator[str]],
    *,
    need: Collection[str],
    index: Path | None = None,
    extend: Callable[[RunDirectory, Run], object] = lambda directory, run: None,
) -> ExitCode:
    """Answer what has no answer, score it and print the figures.

    Args:
        kind: the command's name.
        make: makes the work, when the data are known to be good.
        human: the lines that tell the scores to people.
        need: fields that every problem must have.
        index: the index that statements are read with for the scores.
        extend: adds to the folder what scores need besides the answers.

    Raises:
        InputError: where options or data cannot be used.
        ResourceError: where something that the work needs is missing, or results cannot be written.
        BackendError: where a language model never answers.
    """
    from cramf.evaluation.scores import complete
    from cramf.evaluation.scoring import score
    from cramf.jsonable import dumps

    _refuse_mixtures(choices)
    with _folder(choices) as path:
        if choices.rescore:
            directory, run = _there(path, kind, choices.limit)
            _refuse_other_data(choices, directory, need)
            complete(run, directory)
        else:
            directory, run = _run(choices, path, make(), _problems(choices, need, kind))
        if run.pending:
            done = len(run.answers) - run.pending
            if choices.as_json:
                click.echo(dumps({"complete": False, "answered": done, "problems": len(run.answers)}))
            click.echo(f"{done:,} of {len(run.answers):,} problems have an answer in {path}", err=True)
            click.echo("the figures come with the last shard, or with --rescore", err=True)
            return _code(run)
        extend(directory, run)
        scores = score(directory, run, index=index, seed=choices.seed)
    if choices.as_json:
        click.echo(dumps(scores))
    else:
        for line in (*human(scores), *_aside(scores)):
            click.echo(line)
    return max(_code(run), _checked(directory))


def percent(interval: Mapping[str, Any], sign: str = "") -> str:
    """A share with its interval: `61.9% [57.6, 66.0]`; of a share that has several, Wilson's."""
    chosen = interval.get("wilson", interval)
    # `z` is against `-0.0`, which a value just below zero is rounded to.
    low, high = (f"{100 * chosen[end]:{sign}z.1f}" for end in ("low", "high"))
    return f"{chosen['value']:{sign}z.1%} [{low}, {high}]"


def _refuse_mixtures(choices: RunChoices) -> None:
    if choices.rescore and choices.out is None:
        raise InputError("--rescore needs the folder of a run", "add --out DIR")
    if choices.shard is not None and choices.out is None:
        raise InputError("a shard needs a folder that all parts share", "add --out DIR")
    if not choices.data and not choices.rescore:
        raise InputError("no benchmark is named", "add --data with a file, or a name of `cramf data list`")
    if choices.rescore and choices.split is not None and not choices.data:
        raise InputError("--rescore takes the problems of the run", "leave --split out")
    if choices.address is not None and choices.executor != "ray":
        raise InputError("--address is of use only with Ray", "add --executor ray")


@contextmanager
def _folder(choices: RunChoices) -> Iterator[Path]:
    """The run's folder, one that goes away where none is named."""
    if choices.out is not None:
        if choices.out.exists() and not choices.out.is_dir():
            raise InputError(f"{choices.out} is a file", "give --out a folder")
        yield choices.out
        return
    with tempfile.TemporaryDirectory(prefix="cramf-eval-") as name:
        yield Path(name)


def _there(path: Path, kind: str, limit: int | None) -> tuple[RunDirectory, Run]:
    from cramf.evaluation.run_directory import RunDirectory
    from cramf.evaluation.runner import answered

    directory = RunDirectory.open(path)
    if directory.kind != kind:
        raise InputError(f"{path} holds a run of `cramf eval {directory.kind}`", "use that command")
    return directory, answered(directory, limit)


def _refuse_other_data(choices: RunChoices, directory: RunDirectory, need: Collection[str]) -> None:
    """Refuse to score a run under the name of data that it is not of; it needs none.

    Raises:
        InputError: where the data that the options name are not those of the run.
    """
    if not choices.data:
        return
    data = _problems(choices, need, directory.kind)
    if data.problems != directory.problems or data.origin.sha256 != directory.origin.sha256:
        part = f" ({choices.split})" if choices.split else ""
        raise InputError(
            f"{directory.path} holds a run of other data than {choices.data}{part}",
            "leave --data and --split out, which --rescore does not need",
        )


def _problems(choices: RunChoices, need: Collection[str], kind: str) -> ProblemSet:
    from cramf.evaluation.fetching import resolve_data
    from cramf.evaluation.loading import load_problems
    from cramf.formalize.formalizer import MAX_STATEMENT
    from cramf.retrieval.retriever import MAX_QUERY

    path, benchmark = resolve_data(choices.data or "")
    return load_problems(
        path,
        benchmark=benchmark,
        layout=choices.layout,
        fields=choices.fields,
        split=choices.split,
        need=need,
        exclude_bad=choices.exclude_bad,
        longest=MAX_STATEMENT if kind == "formalize" else MAX_QUERY,
    )


def _run(choices: RunChoices, path: Path, work: Work, data: ProblemSet) -> tuple[RunDirectory, Run]:
    from tqdm import tqdm

    from cramf.evaluation.run_directory import RunDirectory, Shard
    from cramf.evaluation.runner import Progress, run

    for row in data.excluded[:_SHOWN]:
        click.echo(f"excluded: {row.place}: {row.reason}", err=True)
    if len(data.excluded) > _SHOWN:
        click.echo(f"excluded: {len(data.excluded) - _SHOWN:,} more rows, see run.json", err=True)
    shard = Shard.parse(choices.shard) if choices.shard is not None else Shard()
    executor = _executor(choices)
    directory = RunDirectory.prepare(path, work.kind, work.settings(), data)
    hidden = choices.as_json or None
    with tqdm(desc=work.kind, unit="problem", file=sys.stderr, disable=hidden) as bar:

        def show(progress: Progress) -> None:
            if bar.total is None:
                bar.reset(progress.wanted)
                bar.initial = progress.resumed
            bar.set_postfix(progress.outcomes, refresh=False)
            bar.update(progress.done - bar.n)

        return directory, run(work, directory, executor, shard=shard, limit=choices.limit, on_progress=show)


def _executor(choices: RunChoices) -> Executor:
    if choices.executor == "ray":
        from cramf.evaluation.ray_executor import RayExecutor

        return RayExecutor(choices.address, workers=choices.workers)
    from cramf.evaluation.executors import LocalExecutor

    return LocalExecutor(choices.workers or 1)


def _aside(scores: Mapping[str, Any]) -> Iterator[str]:
    """What must be said beside the figures, so that no reader takes them for more than they are."""
    data = scores["data"]
    named = data["benchmark"] or ", ".join(data["files"][:_SHOWN])
    more = f" and {len(data['files']) - _SHOWN:,} more" if len(data["files"]) > _SHOWN else ""
    version = f", version {data['version']}" if data["version"] else ""
    yield f"data: {named}{'' if data['benchmark'] else more}{version}, SHA-256 {data['sha256']}"
    if data["excluded"]:
        yield f"{data['excluded']:,} rows of the data were excluded and are in no figure"
    if data["evaluated"] < data["rows"]:
        yield f"only the first {data['evaluated']:,} of {data['rows']:,} problems"
    for kind, count in scores["failures"].items():
        yield f"{count:,} problems without a result ({kind}), counted as misses"
    if scores["lean_gap"]:
        yield scores["lean_gap"]


def _code(run: Run) -> ExitCode:
    """0, or what says why problems have no result."""
    codes = [code for kind, code in _CODES.items() if run.failures.get(kind)]
    if codes:
        click.echo("problems have no result; the same command tries them again", err=True)
    return codes[-1] if codes else ExitCode.OK


def _checked(directory: RunDirectory) -> ExitCode:
    """4 where there was no checker for any statement, so that shares of 0 are no finding."""
    if directory.kind == "retrieval":
        return ExitCode.OK  # nothing is checked, and its rows are many
    statuses = {row.get("status") for row in directory.outcomes()} - {None, ""}
    if statuses != {"unavailable"}:
        return ExitCode.OK
    click.echo(
        "cramf: error: not one statement was checked: the checker is not available; see `cramf doctor`; "
        "the same command tries again",
        err=True,
    )
    return ExitCode.RESOURCE
