"""`cramf concepts`: the mathematical concepts that a text speaks of, and what each means in Mathlib."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cramf.retrieval.types import ConceptMention

__all__ = ["concepts"]


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  cramf concepts "the uniform continuity of a function on a compact set"
  cramf concepts --json 'every $p$-group has a nontrivial center'
  cramf concepts --file statement.txt

\b
What is printed for the second, one entry a concept:
  6-15  $p$-group -> IsPGroup
        why: only sense
        concept: group.p-group "p-group", domain 20D15

A text that begins with a dash goes after `--`, or comes by --file. A text without concepts is no error:
"no concept found" is printed, or an empty list with --json, and the exit code is 0.
""",
)
@click.argument("text", required=False)
@click.option("-f", "--file", "file", metavar="FILE", help="Read the text from FILE, or from `-`.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--ontology",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of *.jsonl files that hold the concepts; by default those that are shipped.",
)
def concepts(text: str | None, file: str | None, as_json: bool, ontology: Path | None) -> None:
    """Find the mathematical concepts in TEXT: which, where, in which sense, and why that sense.

    TEXT is English and LaTeX; `-` reads it from standard input. The sense is the Mathlib definition that
    the words around speak for; what else the concept can mean is listed too. Places count characters
    from 0, without the blanks at the text's ends.
    """
    from cramf.cli.statement import read_statement
    from cramf.environment import default_ontology
    from cramf.jsonable import dumps
    from cramf.knowledge.ontology import load_ontology
    from cramf.retrieval.query import ConceptMatcher

    # An empty text is told before an ontology is read.
    text = read_statement(text, file, "text", "concepts")
    mentions = ConceptMatcher(load_ontology(ontology or default_ontology())).find(text)
    if as_json:
        click.echo(dumps({"text": text, "concepts": mentions}))
        return
    for line in _human(mentions):
        click.echo(line)


def _human(mentions: list[ConceptMention]) -> Iterator[str]:
    """The mentions as lines for a reader."""
    if not mentions:
        yield "no concept found"
        return
    spans = [f"{mention.start}-{mention.end}" for mention in mentions]
    size = max(map(len, spans))
    for span, mention in zip(spans, mentions, strict=True):
        shown = click.style(" ".join(mention.text.split()), bold=True)
        yield f"{span.rjust(size)}  {shown} -> {mention.declaration}"
        pad = " " * (size + 2)
        yield f"{pad}why: {mention.reason}"
        yield f'{pad}concept: {mention.concept} "{mention.name}", domain {mention.domain}'
        if mention.alternatives:
            yield f"{pad}other senses: {', '.join(mention.alternatives)}"
