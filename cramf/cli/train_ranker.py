"""`cramf index train-ranker`: learn from Mathlib alone how to weigh the channels of retrieval."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["train_ranker"]


@click.command(
    "train-ranker",
    epilog="""\b
Example:
  cramf index build --mathlib ~/mathlib4 --out ~/mathlib-index
  cramf index train-ranker --index ~/mathlib-index --out ~/ranker
  CRAMF_RANKER=~/ranker cramf search "every compact set is closed"
""",
)
@click.option(
    "--index", "path", required=True, type=click.Path(path_type=Path), help="An index that holds docstrings."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder to write the ranker into."
)
@click.option(
    "--queries",
    type=click.IntRange(0),
    default=10_000,
    show_default=True,
    help="How many documented theorems to learn from; 0 is all.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of every choice.")
@click.option("--json", "as_json", is_flag=True, help="Print what ranker.json holds.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def train_ranker(path: Path, out: Path, queries: int, seed: int, as_json: bool, quiet: bool) -> None:
    """Train the ranker on documented Mathlib theorems: the docstring is the query, the definitions in the
    statement the answer, and the theorem's own file gives no evidence.

    A fifth of the modules is held out; the figures on it are printed. No benchmark is read. The ranker knows
    no names, so that one serves indexes of other Mathlib versions too.
    """
    from cramf.environment import default_ontology
    from cramf.jsonable import dumps
    from cramf.knowledge.ontology import load_ontology
    from cramf.knowledge.store import KnowledgeBase
    from cramf.retrieval.encoder import load_encoder
    from cramf.retrieval.training import TrainingSettings, train_ranker

    base = KnowledgeBase.open(path)
    manifest = train_ranker(
        base,
        load_ontology(default_ontology()),
        load_encoder(base.manifest.encoder),
        out,
        TrainingSettings(queries=queries, seed=seed),
        progress=not quiet and sys.stderr.isatty(),
        note=(lambda _: None) if quiet else (lambda text: click.echo(f"cramf: {text}", err=True)),
    )
    if as_json:
        click.echo(dumps(manifest))
        return
    held = manifest["held_out"]
    click.echo(
        f"{out}: trained on {manifest['queries']:,} queries; {held['queries']:,} of other modules with "
        f"{held['answers']:,} answers:"
    )
    for arm, figures in held["figures"].items():
        click.echo(f"  {arm:<8}" + "  ".join(f"{name} {value:.1%}" for name, value in figures.items()))
