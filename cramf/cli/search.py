"""`cramf search`: rank Mathlib definitions for a statement."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cramf.cli.retrieval_options import make_reader, make_reranker, number_or_auto, retrieval_options

if TYPE_CHECKING:
    from cramf.retrieval.types import Hit

__all__ = ["search"]

_KINDS = "def abbrev structure class inductive irreducible_def opaque attested".split()


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  cramf search "a continuous image of a compact set is compact"
  cramf search -k 5 --json "the order of an element divides the order of the group"
  cramf search -k auto --explain "every subgroup of index two is normal"
  cramf search --module Mathlib.Topology --kind class "separated by open sets"
  echo "Every prime ideal is maximal" | cramf search -
""",
)
@click.argument("query")
@click.option(
    "-k",
    "k",
    default="10",
    show_default=True,
    callback=number_or_auto,
    metavar="N",
    help="How many definitions, or `auto` for as many as the ranker's certainty asks for.",
)
@click.option("--index", "path", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.option(
    "--mathlib",
    type=click.Path(path_type=Path),
    default=None,
    help="Mathlib checkout to read docstrings from.",
)
@click.option("--namespace", default=None, help="Only names in this namespace, such as Subgroup.")
@click.option("--module", default=None, help="Only modules under this one, such as Mathlib.Topology.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(_KINDS),
    help="Only definitions of this kind; repeatable.",
)
@click.option(
    "--domain", default=None, help="Only senses of concepts of this MSC 2020 code, such as 20 or 54D."
)
@click.option("--explain", is_flag=True, help="Say what each channel adds, with the evidence.")
@retrieval_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a hit.")
def search(
    query: str,
    k: int | None,
    path: Path | None,
    mathlib: Path | None,
    namespace: str | None,
    module: str | None,
    kinds: tuple[str, ...],
    domain: str | None,
    explain: bool,
    llm: str | None,
    reranker: str | None,
    rerank_depth: int,
    as_json: bool,
) -> None:
    """Find the Mathlib definitions that QUERY speaks of, best first. A QUERY of - reads standard input.

    The score is the probability that the definition is meant. Each hit shows the score of every channel and
    which documented theorems voted for it.
    """
    from cramf.errors import InputError
    from cramf.files import decode_text
    from cramf.jsonable import dumps, to_jsonable
    from cramf.knowledge.types import Kind
    from cramf.retrieval.filters import SearchFilter
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
    retriever = Retriever.load(path, mathlib)
    if llm is not None or reranker is not None:
        retriever = retriever.variant(
            reader=make_reader(llm, retriever),
            reranker=make_reranker(reranker, retriever.encoder),
            rerank_depth=rerank_depth,
        )
    only = SearchFilter(namespace, module, tuple(Kind(kind) for kind in kinds), domain)
    hits = retriever.search(query, k, only=only)
    if as_json:
        for hit in hits:
            record = to_jsonable(hit)
            del record["query"]
            if explain:
                record["explanation"] = to_jsonable(retriever.explain(hit))
            click.echo(dumps(record))
        return
    for rank, hit in enumerate(hits, start=1):
        _show(rank, hit)
        if explain:
            for line in str(retriever.explain(hit)).split("\n")[1:]:
                click.echo("   " + line)


def _show(rank: int, hit: Hit) -> None:
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
        click.echo("     voted by " + ", ".join(f"{v.theorem} ({v.similarity:.2f})" for v in hit.votes[:3]))


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
