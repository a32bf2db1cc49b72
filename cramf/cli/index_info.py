"""`cramf index info` and `cramf index diff`: what an index holds, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.knowledge.types import Kind

if TYPE_CHECKING:
    from cramf.knowledge.difference import Difference

__all__ = ["diff", "info"]

_TITLES = {
    "added": "added",
    "removed": "removed",
    "renamed": "renamed",
    "deprecated": "deprecated without a replacement",
    "moved": "moved to another module",
    "changed_kind": "of another kind",
    "changed_type": "of another type",
}


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  cramf index info
  cramf index info --index ~/mathlib-index --json
""",
)
@click.option("--index", "path", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(path: Path | None, as_json: bool) -> None:
    """Say what an index holds, and verify the checksums of its files.

    `kinds` and `origins` count the declarations; `concepts` and `senses` are those of the shipped ontology,
    which serves every index.
    """
    from cramf.environment import default_index, default_ontology
    from cramf.jsonable import dumps
    from cramf.knowledge.difference import read_columns
    from cramf.knowledge.ontology import load_ontology
    from cramf.knowledge.store import KnowledgeBase

    base = KnowledgeBase.open(path or default_index())
    for name in base.manifest.files:
        base.file(name)
    ontology = load_ontology(default_ontology())
    manifest = base.manifest
    table = read_columns(base, "declarations.parquet", ("kind", "origin"))
    outcome: dict[str, Any] = {
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
        "kinds": _counted(table["kind"]),
        "origins": _counted(table["origin"]),
    }
    if as_json:
        click.echo(dumps(outcome))
        return
    for key, value in outcome.items():
        click.echo(f"{key:>15}  {_shown(value)}")


def _counted(column: Any) -> dict[str, int]:
    """Values with their number, the commonest first."""
    pairs = ((str(pair["values"]), int(pair["counts"])) for pair in column.value_counts().to_pylist())
    return dict(sorted(pairs, key=lambda item: (-item[1], item[0])))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:,}" for name, number in value.items())
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  cramf index diff ~/index-2025-01 ~/index-2025-06
  cramf index diff old new --module Mathlib.Topology --kind theorem --limit 100
  cramf index diff old new --json | jq -r '.renamed[] | "\\(.name) \\(.replacement)"'

\b
What is printed, a list at a time after the counts:
  renamed: 2
    MyGroup.cube -> MyGroup.square  (deprecated since 2025-01-02)
    sq -> MyGroup.square  (alias)

\b
Keys of --json: counts; old and new (path, mathlib_commit, toolchain, declarations); and the lists, whole:
added, removed (with `replacement`, and `attested` where Lean core, Std or Batteries has it now), renamed,
deprecated (newly, without a replacement), moved, changed_kind, changed_type (with `old` and `new`).
""",
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every entry.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in Kind if kind is not Kind.ATTESTED]),
    metavar="KIND",
    help="Only declarations of this kind (theorem, def, class, ...); can be given more than once.",
)
@click.option("--module", default="", metavar="PREFIX", help="Only this module and those below it.")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(0),
    help="Entries of each list that are printed; --json has all.",
)
def diff(old: Path, new: Path, as_json: bool, kinds: tuple[str, ...], module: str, limit: int) -> None:
    """Say how the declarations of index NEW differ from those of OLD, two index directories.

    A name is renamed where NEW deprecates it for another one or keeps it as an alias. Types are compared
    as normalised signatures, where both are known. Names that are only attested are left out. The exit
    code is 0 whether or not there are differences.
    """
    from cramf.jsonable import dumps, to_jsonable
    from cramf.knowledge.difference import compare
    from cramf.knowledge.store import KnowledgeBase

    found = compare(KnowledgeBase.open(old), KnowledgeBase.open(new)).select(
        kinds, module.strip().rstrip(".")
    )
    if as_json:
        click.echo(dumps({"counts": found.counts, **to_jsonable(found)}))
        return
    for line in _human(found, limit):
        click.echo(line)


def _human(found: Difference, limit: int) -> Iterator[str]:
    """Counts first, then the beginning of each list."""
    for word, side in (("old", found.old), ("new", found.new)):
        commit = side.mathlib_commit[:12] or "unknown commit"
        yield f"{word}: {side.path}  ({commit}, {side.declarations:,} declarations)"
    for name, count in found.counts.items():
        yield f"{count:>9,}  {_TITLES[name]}"
    for name, entries in found.lists.items():
        if not entries or not limit:
            continue
        yield f"{_TITLES[name]}: {len(entries):,}"
        yield from (f"  {_line(name, entry)}" for entry in entries[:limit])
        if len(entries) > limit:
            yield f"  ... and {len(entries) - limit:,} more; see --limit or --json"


def _line(name: str, entry: Any) -> str:
    """One entry of a list."""
    if name == "renamed":
        how = f"{entry.how} since {entry.since}" if entry.since else entry.how
        return f"{entry.name} -> {entry.replacement}  ({how})"
    if name in ("moved", "changed_kind"):
        return f"{entry.name}: {entry.old} -> {entry.new}"
    if name == "changed_type":
        return f"{entry.name}  ({entry.kind})\n      old: {entry.old}\n      new: {entry.new}"
    line = f"{entry.name}  ({entry.kind})  {entry.module}:{entry.line}"
    if name == "removed" and entry.replacement:
        line += f"; use {entry.replacement}"
    elif name == "removed" and entry.attested:
        line += "; now in Lean core, Std or Batteries"
    elif name == "deprecated" and entry.since:
        line += f"; since {entry.since}"
    return line
