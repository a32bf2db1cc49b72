"""`cramf data`: the benchmarks to measure on, fetched and verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.errors import ExitCode

if TYPE_CHECKING:
    from cramf.evaluation.catalogue import Benchmark
    from cramf.evaluation.verifying import Verification

__all__ = ["data"]

_SETTINGS = {"help_option_names": ["-h", "--help"]}
_SHOWN = 5


@click.group(
    context_settings=_SETTINGS,
    epilog="""\b
Examples:
  cramf data list
  cramf data get proofnet-verified
  cramf data verify proofnet-verified
  cramf data verify my-set.jsonl --field statement=nl --field formal=lean4

\b
Benchmarks are kept in CRAMF_DATA, else in cramf/benchmarks in your data folder (XDG_DATA_HOME or
~/.local/share). None is part of cramf: each has its own licence, which `list --json` tells.
""",
)
def data() -> None:
    """Fetch and verify the benchmarks to measure on."""


@data.command(
    "list",
    context_settings=_SETTINGS,
    epilog="""\b
The state: `here` (fetched; `verify` looks closer), `-` (not fetched), and `not pinned` where no checksum is
known that a download could be compared with.
""",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with everything that is known.")
def list_(as_json: bool) -> None:
    """List the benchmarks that are known: size, Lean version, licence, whether they are here."""
    from cramf.evaluation.catalogue import catalogue
    from cramf.evaluation.fetching import data_folder
    from cramf.jsonable import dumps, to_jsonable

    entries = [(benchmark, data_folder(benchmark.name)) for benchmark in catalogue()]
    if as_json:
        rows = [
            {**to_jsonable(b), "pinned": b.pinned, "path": str(folder) if folder.is_dir() else None}
            for b, folder in entries
        ]
        click.echo(dumps({"benchmarks": rows}, indent=2))
        return
    width = max(len(b.name) for b, _ in entries)
    for benchmark, folder in entries:
        state = "here" if folder.is_dir() else "-"
        if not benchmark.pinned:
            state += ", not pinned"
        known = [_rows(benchmark), _lean(benchmark), benchmark.licence or "licence not known", state]
        click.echo(f"{benchmark.name:<{width}}  {benchmark.title}")
        click.echo(f"{'':<{width}}  {'; '.join(known)}")


def _rows(benchmark: Benchmark) -> str:
    rows = benchmark.rows
    if rows is None:
        return "rows not counted"
    return ", ".join(f"{count:,} {split}".strip() for split, count in rows.items()) + " rows"


def _lean(benchmark: Benchmark) -> str:
    return f"Lean {benchmark.lean.replace('..', ' to ')}" if benchmark.lean else "Lean version not told"


@data.command(
    context_settings=_SETTINGS,
    epilog="""\b
Examples:
  cramf data get minif2f
  cramf data get proofnet-sharp --from ~/Downloads     # no network: the folder that holds its files
  cramf data get con-nf --from /mirrors/rethinking.git # or a clone, or a repository without a work tree

\b
Only the benchmark's own files (and the licence) are kept, with an origin.json that says where they came from.
Every pinned checksum is compared before the folder appears; one that is there already is verified and left.

\b
Exit codes: 0 it is there; 2 the folder holds something else, or the copy is not this benchmark; 4 it could
not be fetched, or a checksum is wrong; 130 interrupted.
""",
)
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder to put it in.")
@click.option(
    "--from",
    "copy",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Take it from a copy on this machine.",
)
@click.option("--force", is_flag=True, help="Put it in the place of what the folder holds.")
def get(name: str, out: Path | None, copy: Path | None, force: bool) -> None:
    """Fetch a benchmark of the catalogue, verified."""
    from cramf.evaluation.catalogue import benchmark_named
    from cramf.evaluation.fetching import fetch

    benchmark = benchmark_named(name)
    fetched = fetch(benchmark, out, copy, force, lambda line: click.echo(line, err=True))
    found = "was there already" if fetched.already else "fetched"
    checked = (
        "checksums as pinned" if benchmark.pinned else "not pinned: no checksum is known to compare with"
    )
    click.echo(f"{fetched.path}: {found}, {len(fetched.files):,} files, {checked}")
    if benchmark.library:
        click.echo(f"note: its formal statements need {benchmark.library}", err=True)


@data.command(
    context_settings=_SETTINGS,
    epilog="""\b
Examples:
  cramf data verify proofnet-verified
  cramf data verify problems.jsonl --json
  cramf data verify rows.json --field statement=problem.text --field gold=deps

\b
A formal statement "parses" where cramf's own reader gets to its end and finds a declaration; Lean is not
asked.

\b
Exit codes: 0 everything is as it should be; 1 a checksum or the number of rows is not, or rows cannot be
used; 2 it cannot be read; 4 it was not fetched.
""",
)
@click.argument("spec", metavar="NAME|PATH")
@click.option("--layout", default="", metavar="FORM", help="Form of the files: jsonl, json, parquet or lean.")
@click.option(
    "--field", "pairs", multiple=True, metavar="FIELD=NAME", help="Which field holds what; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(spec: str, layout: str, pairs: tuple[str, ...], as_json: bool) -> int:
    """Say what a benchmark holds, and whether that is what it should be."""
    from cramf.evaluation.fetching import resolve_data
    from cramf.evaluation.verifying import verify as verify_data
    from cramf.jsonable import dumps

    path, benchmark = resolve_data(spec)
    found = verify_data(path, benchmark, layout=layout, fields=field_map(pairs))
    if as_json:
        click.echo(dumps(_outcome(found), indent=2))
    else:
        _print(found)
    return ExitCode.NOT_VALID if found.wrong else ExitCode.OK


def field_map(pairs: tuple[str, ...]) -> dict[str, str]:
    """`FIELD=NAME` options as a field map.

    Raises:
        InputError: where one has no `=`, or names a field twice.
    """
    from cramf.errors import InputError

    fields: dict[str, str] = {}
    for pair in pairs:
        field, equals, name = pair.partition("=")
        if not equals or not field or field in fields:
            reason = "is given twice" if field in fields else "is no FIELD=NAME"
            raise InputError(f"--field {pair!r} {reason}", "write for example --field statement=nl")
        fields[field] = name
    return fields


def _outcome(found: Verification) -> dict[str, Any]:
    from cramf.jsonable import to_jsonable

    outcome: dict[str, Any] = to_jsonable(found)
    origin = outcome.pop("origin")
    return {
        **outcome,
        "duplicates": found.duplicates,
        "wrong": list(found.wrong),
        "ok": not found.wrong,
        "origin": {**origin, "sha256": found.origin.sha256},
    }


def _print(found: Verification) -> None:
    origin = found.origin
    name = f"{origin.benchmark}: " if origin.benchmark else ""
    click.echo(f"{name}{found.path}")
    for file in found.files:
        click.echo(f"  {file.path}: {file.state}" + (f", SHA-256 {file.sha256}" if file.sha256 else ""))
    if found.rows:
        counts = ", ".join(f"{count:,} {split}".strip() for split, count in found.rows.items())
        click.echo(
            f"  rows: {counts}; {len(found.excluded):,} left out, {found.duplicates:,} of them duplicates"
        )
        click.echo(f"  fields: {', '.join(f'{field} {count:,}' for field, count in found.fields.items())}")
    if found.formal:
        unread = f" (not: {', '.join(found.unread[:_SHOWN])}{' …' if len(found.unread) > _SHOWN else ''})"
        click.echo(
            f"  formal statements that parse: {found.parsed:,} of {found.formal:,}"
            + unread * bool(found.unread)
        )
    for label, value in (
        ("Lean", origin.lean.replace("..", " to ")),
        ("version", origin.version),
        ("licence", origin.licence),
        ("library", origin.library),
        ("contamination", origin.contamination),
    ):
        if value:
            click.echo(f"  {label}: {value}")
    for note in origin.notes:
        click.echo(f"  note: {note}")
    for row in found.excluded[:_SHOWN]:
        click.echo(f"  left out: {row.place}: {row.reason}")
    if len(found.excluded) > _SHOWN:
        click.echo(f"  left out: {len(found.excluded) - _SHOWN:,} more (--json has all)")
    for line in found.wrong:
        click.echo(f"  wrong: {line}")
    if not found.wrong:
        click.echo("  as it should be" if origin.benchmark else "  every row can be used")
