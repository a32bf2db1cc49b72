"""`cramf eval check`: measure what a checker says of formal statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from cramf.check.checkers import CHECKERS
from cramf.cli.evaluate_options import RunChoices, run_options
from cramf.cli.evaluate_run import evaluate_run, percent
from cramf.errors import ExitCode

__all__ = ["check"]

_GIB = 1 << 30


@click.command(
    epilog="""\b
Examples:
  cramf eval check --data proofnet-verified.jsonl
  cramf eval check --data minif2f --checker repl --workers 4 --out runs/minif2f-repl

\b
A row of the data; `expected`, if there, says whether it is known to elaborate:
  {"header": "import Mathlib", "formal_statement": "theorem ...", "expected": true}

\b
Keys of --json: n, checker, by_lean (whether Lean elaborated any), compile (of_all, of_written, undecided),
statuses, categories (of errors, over statements), false_alarms and detected (where rows say `expected`),
splits, ms, and data, failures, settings. Intervals are 95%: Wilson's and the bootstrap's.
"""
)
@run_options
@click.option(
    "--checker", type=click.Choice(CHECKERS), default="static", show_default=True, help="What checks."
)
@click.option("--index", type=click.Path(path_type=Path), default=None, help="Index directory (static).")
@click.option("--workspace", type=click.Path(path_type=Path), help="Lake workspace (lake, lean, repl).")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 1e6, min_open=True),
    metavar="S",
    help="Seconds that one statement may take (all but static).",
)
@click.option(
    "--memory",
    type=click.FloatRange(0, 1e6, min_open=True),
    metavar="GIB",
    help="GiB that one check may hold (lake, lean, repl).",
)
@click.option("--url", metavar="URL", help="Address of the server (kimina).")
@click.option("--server-mathlib", metavar="COMMIT", help="Mathlib of the server (kimina).")
@click.option("--no-cache", is_flag=True, help="Neither look up nor keep verdicts of Lean.")
@click.pass_context
def check(
    ctx: click.Context,
    run: RunChoices,
    checker: str,
    index: Path | None,
    workspace: Path | None,
    timeout: float | None,
    memory: float | None,
    url: str | None,
    server_mathlib: str | None,
    no_cache: bool,
) -> None:
    """Measure what a checker says of the formal statements of a benchmark."""
    ctx.exit(_check(run, checker, index, workspace, timeout, memory, url, server_mathlib, no_cache))


def _check(
    run: RunChoices,
    checker: str,
    index: Path | None,
    workspace: Path | None,
    timeout: float | None,
    memory: float | None,
    url: str | None,
    server_mathlib: str | None,
    no_cache: bool,
) -> ExitCode:
    from cramf.evaluation.check import CheckWork
    from cramf.evaluation.resources import CheckerSpec

    def work() -> CheckWork:
        pool = run.workers if checker in ("repl", "kimina") else None
        held = None if memory is None else int(memory * _GIB)
        return CheckWork(
            CheckerSpec(
                checker, index, workspace, pool, timeout, held, url, server_mathlib, cached=not no_cache
            )
        )

    return evaluate_run(run, "check", work, _human, need=("formal",), index=index)


def _human(scores: Mapping[str, Any]) -> Iterator[str]:
    compiled = scores["compile"]
    by = "Lean elaborated them" if scores["by_lean"] else "Lean was not asked"
    yield f"{scores['n']:,} statements, checker {scores['checker']} ({by})"
    yield f"pass          {percent(compiled['of_all'])}"
    if compiled["undecided"]:
        yield f"undecided     {compiled['undecided']:,} (timeout, crash, no checker): counted as not passed"
    for label, key, what in (
        ("false alarms", "false_alarms", "of those known to elaborate"),
        ("detected", "detected", "of those known to be bad"),
    ):
        if scores[key] is not None:
            share = scores[key]
            yield f"{label:<12}  {percent(share)}  {share['hits']:,} of {share['n']:,} {what}"
    for title, counts in (("status", scores["statuses"]), ("category of errors", scores["categories"])):
        if counts:
            yield ""
            yield title
            yield from (f"{count:8,}  {name}" for name, count in counts.items())
    yield ""
    yield f"one statement: p50 {scores['ms']['p50']:.1f} ms, p99 {scores['ms']['p99']:.1f} ms"
