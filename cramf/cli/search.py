"""`cramf search`: rank Mathlib definitions for a statement."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["search"]


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  cramf search "a continuous image of a compact set is compact"
  cramf search -k 5 --json "the order of an element divides the order of the group"
  echo "Every prime ideal is maximal" | cramf search -
""",
)
@click.argument("query")
@click.option("-k", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many definitions.")
@click.option("--index", "path", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.option(
    "--mathlib",
    type=click.Path(path_type=Path),
    default=None,
    help="Mathlib checkout to read docstrings from.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a hit.")
def search(query: str, k: int, path: Path | None, mathlib: Path | None, as_json: bool) -> None:
    """Find the Mathlib definitions that QUERY speaks of, best first. A QUERY of - reads standard input.

    Each hit shows the score of every channel and which documented theorems voted for it.
    """
    from cramf.errors import InputError
    from cramf.files import decode_text
    from cramf.jsonable import dumps
    from cramf.retrieval.retriever import MAX_QUERY, Retriever

    if query == "-":
        data = sys.stdin.buffer.read(4 * MAX_QUERY + 1)  # a character has at most four bytes
        if len(data) > 4 * MAX_QUERY:
            raise InputError(
                f"standard input has more than {MAX_QUERY:,} characters", "ask for one statement"
            )
        query = decode_text(data, "standard input")
    if not query.strip():
        raise InputError("the query is empty", "give a mathematical statement in words or LaTeX")
    hits = Retriever.load(path, mathlib).search(query, k)
    if as_json:
        for hit in hits:
            click.echo(dumps(hit))
        return
    for rank, hit in enumerate(hits, start=1):
        definition = hit.definition
        place = f"{definition.module}:{definition.line}" if definition.module else "Lean core or Std"
        click.echo(f"{rank:>3}. {hit.name}  ({definition.kind.value})  {place}")
        scores = "  ".join(f"{name} {value:.3f}" for name, value in sorted(hit.channels.items()))
        click.echo(f"     score {hit.score:.3f}  {scores}")
        if definition.signature:
            click.echo(f"     {_short(definition.signature, 100)}")
        if definition.docstring:
            click.echo(f"     {_short(' '.join(definition.docstring.split()), 100)}")
        if hit.votes:
            click.echo(
                "     voted by " + ", ".join(f"{v.theorem} ({v.similarity:.2f})" for v in hit.votes[:3])
            )


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
