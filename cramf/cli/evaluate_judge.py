"""`cramf eval judge`: hold a language model as judge against labelled pairs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.cli.evaluate_run import percent
from cramf.cli.language_model import LLM_KINDS, ModelChoices, model_options

if TYPE_CHECKING:
    from cramf.evaluation.judge.calibration import Calibration

__all__ = ["judge"]


@click.command(
    epilog="""\b
Examples:
  cramf eval judge --data eval/judge_calibration.jsonl --judge openai:qwen3 --out qwen3.jsonl
  cramf eval judge --data mine.jsonl --judge local:~/models/qwen3 --method back_translation --votes 5 --json

\b
A row of the data:
  {"name": "a", "informal_statement": "Every ...", "formal_statement": "theorem ...", "faithful": true}
  and where faithful is false the kind of fault: {"fault": "missing_hypothesis", ...}

\b
Keys of --json: agreement (accuracy, precision, recall, specificity, f1, kappa, ac1 with 95% intervals, and
the table of counts), faults (how many of each kind were caught), votes (Fleiss' kappa), undecided, failed,
unreadable, judge. Answers are kept in --out, and not asked for again.
"""
)
@click.option("--data", required=True, type=click.Path(path_type=Path), help="JSONL file of labelled pairs.")
@click.option("--judge", "spec", required=True, metavar="SPEC", help=f"Who judges: {LLM_KINDS}.")
@click.option(
    "--method",
    type=click.Choice(["direct", "back_translation"]),
    default="direct",
    show_default=True,
    help="Whether it reads the Lean statement, or its own translation of it.",
)
@click.option("--votes", type=click.IntRange(1, 99), default=3, show_default=True, help="For each pair.")
@click.option("--rubric", metavar="NAME|DIR", help="Instructions of your own.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the first vote.")
@click.option("--workers", type=click.IntRange(1, 256), default=4, show_default=True, help="Pairs at once.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Keep the judgements.")
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def judge(
    data: Path,
    spec: str,
    method: str,
    votes: int,
    rubric: str | None,
    seed: int,
    workers: int,
    out: Path | None,
    choices: ModelChoices,
    as_json: bool,
) -> None:
    """Measure how far a language model can be trusted to say which Lean statements are faithful."""
    from cramf.cli.language_model import opening_options
    from cramf.evaluation.judge.calibration import calibrate, load_pairs
    from cramf.evaluation.judge.judging import Judge
    from cramf.evaluation.judge.rubric import DEFAULT_RUBRIC
    from cramf.formalize.models.opening import open_model
    from cramf.jsonable import dumps

    pairs = load_pairs(data)
    shown = not as_json and sys.stderr.isatty()
    with open_model(spec, opening_options(spec, choices, patient=True), choices.meter()) as model:
        asked = Judge(
            model,
            method,
            votes,
            rubric=rubric or DEFAULT_RUBRIC,
            temperature=choices.temperature,
            seed=seed,
            max_tokens=choices.max_tokens,
        )
        found = calibrate(asked, pairs, out, concurrency=workers, progress=shown)
    click.echo(dumps(found) if as_json else "\n".join(_human(found)))


def _human(found: Calibration) -> Iterator[str]:
    measured: Any = found.agreement
    yield f"{measured.n:,} labelled pairs, {found.undecided:,} undecided, {found.failed:,} failed"
    for label, name in (
        ("accuracy", "accuracy"),
        ("recall", "recall"),
        ("specificity", "specificity"),
        ("kappa", "kappa"),
        ("AC1", "ac1"),
    ):
        interval = getattr(measured, name)
        if interval is not None:
            told = {"value": interval.value, "low": interval.low, "high": interval.high}
            yield f"{label:<12}  {percent(told)}"
    yield ""
    yield "faults caught (and named)"
    for kind, counts in found.faults.items():
        yield f"{counts.caught:4} of {counts.n} ({counts.named})  {kind}"
