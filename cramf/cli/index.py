"""`cramf index`: build an index from a Mathlib checkout, and say what one holds."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

__all__ = ["index"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def index() -> None:
    """Build and inspect indexes of Mathlib."""


@index.command(
    epilog="""\b
Examples:
  cramf index build --mathlib ~/mathlib4 --out ~/mathlib-index
  CRAMF_INDEX=~/mathlib-index cramf search "every compact set is closed"
"""
)
@click.option(
    "--mathlib",
    required=True,
    type=click.Path(path_type=Path),
    help="Mathlib checkout: the folder that holds Mathlib/.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Index directory to write.")
@click.option("--encoder", default=None, help="Sentence-transformers model or folder [all-MiniLM-L6-v2].")
@click.option(
    "--quantise",
    type=click.Choice(["none", "8bit", "6bit", "4bit"]),
    default="8bit",
    show_default=True,
    help="How vectors are stored.",
)
@click.option("--commit", default=None, help="Mathlib commit to record, where the folder is no git checkout.")
@click.option("--workers", type=click.IntRange(1), default=None, help="Processes that parse [all cores].")
@click.option(
    "--no-docstrings", is_flag=True, help="Leave docstrings out of the tables, as the shipped index."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def build(
    mathlib: Path,
    out: Path,
    encoder: str | None,
    quantise: str,
    commit: str | None,
    workers: int | None,
    no_docstrings: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Parse every .lean file under DIR/Mathlib and write an index directory.

    The directory appears whole or not at all; an index that was there before stays until then. A file that
    cannot be parsed is reported with its line and does not stop the rest.
    """
    from tqdm import tqdm

    from cramf.jsonable import dumps
    from cramf.knowledge.builder import checkout_info, extract_checkout, find_modules
    from cramf.knowledge.linking import link
    from cramf.knowledge.translate import load_guessers
    from cramf.retrieval.encoder import load_encoder
    from cramf.retrieval.indexing import write_index

    begun = time.monotonic()
    modules = find_modules(mathlib)
    with tqdm(total=len(modules), desc="parsing", unit="file", file=sys.stderr, disable=quiet or None) as bar:
        facts = extract_checkout(modules, workers, lambda done, _: bar.update(done - bar.n))
    parsed = time.monotonic()
    linked = link(facts, load_guessers(mathlib))
    del facts
    linked_at = time.monotonic()
    for error in linked.errors:
        place = f"{error.module.replace('.', '/')}.lean:{error.line}"
        click.echo(f"cramf: warning: {place}: {error.message}", err=True)
    manifest = write_index(
        linked,
        checkout_info(mathlib, commit),
        load_encoder(encoder),
        out,
        quantise,
        docstrings=not no_docstrings,
        progress=not quiet and sys.stderr.isatty(),
        note=lambda text: None if quiet else click.echo(f"cramf: {text}", err=True),
    )
    ended = time.monotonic()
    kinds: dict[str, int] = {}
    for declaration in linked.declarations:
        kinds[declaration.kind.value] = kinds.get(declaration.kind.value, 0) + 1
    outcome = {
        "index": str(out),
        "counts": dict(manifest.counts),
        "kinds": dict(sorted(kinds.items(), key=lambda item: -item[1])),
        "errors": [f"{e.module}:{e.line}: {e.message}" for e in linked.errors],
        "seconds": {
            "parsing": round(parsed - begun, 1),
            "linking": round(linked_at - parsed, 1),
            "encoding and writing": round(ended - linked_at, 1),
        },
    }
    if as_json:
        click.echo(dumps(outcome))
        return
    counts = manifest.counts
    click.echo(
        f"{out}: {counts['definitions']:,} definitions, {counts['usages']:,} usages, "
        f"{counts['declarations']:,} declarations from {counts['files']:,} files "
        f"in {ended - begun:.0f} s ({len(linked.errors)} parse errors)"
    )
    for kind, number in sorted(kinds.items(), key=lambda item: -item[1]):
        click.echo(f"  {number:>9,}  {kind}")


@index.command()
@click.option("--index", "path", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(path: Path | None, as_json: bool) -> None:
    """Say what an index holds, and verify the checksums of its files."""
    from cramf.environment import default_index, default_ontology
    from cramf.jsonable import dumps
    from cramf.knowledge.ontology import load_ontology
    from cramf.knowledge.store import KnowledgeBase

    base = KnowledgeBase.open(path or default_index())
    for name in base.manifest.files:
        base.file(name)
    ontology = load_ontology(default_ontology())
    manifest = base.manifest
    outcome = {
        "path": str(base.path),
        **manifest.counts,
        "concepts": len(ontology.concepts),
        "senses": sum(len(c.senses) for c in ontology.concepts),
        "mathlib_commit": manifest.mathlib_commit,
        "toolchain": manifest.toolchain,
        "encoder": manifest.encoder,
        "quantisation": manifest.settings.get("quantisation", ""),
        "docstrings": manifest.docstrings,
        "bytes": sum((base.path / name).stat().st_size for name in manifest.files),
    }
    if as_json:
        click.echo(dumps(outcome))
        return
    for key, value in outcome.items():
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        click.echo(f"{key:>15}  {shown}")
