"""`cramf eval`: measure CRAMF on benchmarks."""

from __future__ import annotations

import click

from cramf.cli.main import EXIT_CODES, LazyCommand, LazyGroup

__all__ = ["evaluate"]

_EPILOG = f"""\
\b
Examples:
  cramf eval retrieval --data proofnet.jsonl --out runs/proofnet
  cramf eval formalize --data minif2f.jsonl --out runs/minif2f && cramf report runs/minif2f --html f.html
  cramf eval check --data proofnet.jsonl --shard 2/4 --out runs/check

\b
A run's folder (--out) holds every answer as soon as it is there: the same command goes on where the last one
ended, however that was, and the figures can be computed anew without running anything (--rescore).
The figures come with the last shard; until then --json gives complete (false), answered and problems.

{EXIT_CODES}"""


@click.group(
    name="eval",
    cls=LazyGroup,
    lazy={
        "retrieval": LazyCommand(
            "cramf.cli.evaluate_retrieval",
            "retrieval",
            "Are the definitions that formal statements use found?",
        ),
        "formalize": LazyCommand(
            "cramf.cli.evaluate_formalize", "formalize", "What is written for informal statements?"
        ),
        "check": LazyCommand(
            "cramf.cli.evaluate_check", "check", "What does a checker say of formal statements?"
        ),
        "judge": LazyCommand(
            "cramf.cli.evaluate_judge", "judge", "Does a language model as judge agree with people?"
        ),
    },
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def evaluate() -> None:
    """Measure CRAMF on benchmarks."""
