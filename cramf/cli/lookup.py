"""`cramf lookup`: what a Mathlib name is, how it came to be, and what replaces it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cramf.knowledge.lookup import Found, Lookup
    from cramf.knowledge.types import Declaration

__all__ = ["MAX_NAME", "lookup"]

MAX_NAME = 65_536
"""Bytes of the longest name that is taken; no Lean name comes near."""
_SHOWN = 200
_DASH = "-"


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  cramf lookup Nat.Prime Continuous.comp
  cramf lookup --json --dependencies IsCompact.image
  cramf lookup "∣"                            # what a notation stands for
  grep -o 'Nat[.][a-zA-Z_.]*' My.lean | cramf lookup --json

\b
What is printed for a name that is out of date, and for one that does not exist:
  MyGroup.cube  (def)  Mathlib.Algebra.Group:77
      how: deprecated since 2023-01-02, use MyGroup.square
      signature: {G : Type u} [MyGroup G] (x : G) : G
      now: MyGroup.square  (def)  Mathlib.Algebra.Group:71
  MyGroup.sqare  not found
      nearest: MyGroup.square

\b
Keys of --json, one object a line, null where unknown: name, found, resolved (the full name to use today),
how, kind, module, line, signature, and further origin, deprecated (the replacement, "" where there is
none, null where the name is not deprecated), since, namespace, attributes, target (the declaration that
`resolved` names, where it is another), alternatives (of a notation), dependencies, nearest.

\b
Exit codes: 0 every name was found; 1 some were not; 2 bad input; 4 the index cannot be used.
""",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a name, each on a line.")
@click.option("--dependencies", is_flag=True, help="Say which declarations the statement uses.")
@click.option("--index", "path", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.pass_context
def lookup(
    ctx: click.Context, names: tuple[str, ...], as_json: bool, dependencies: bool, path: Path | None
) -> None:
    """Say what each NAME is: declaration, alias, notation, or nothing, with the nearest names.

    Without a NAME, or for `-`, names are read from standard input, one a line, and each is answered as it
    comes; blank lines and lines that begin with # are passed over. A NAME is a full name, as Mathlib's
    documentation has it; `_root_.` and «quotes» are allowed. One that begins with a dash goes after `--`.
    """
    from cramf.jsonable import dumps

    given = names or (_DASH,)
    _check(ctx, given)
    look = _open(path)
    answered = missed = 0
    for name in _all_names(given):
        found = look.find(name, dependencies)
        answered += 1
        missed += not found.found
        if as_json:
            click.echo(dumps(found))
        else:
            click.echo("\n".join(_human(found)))
    if not answered:
        from cramf.errors import InputError

        raise InputError("standard input holds no name", "write one name a line")
    if missed:
        from cramf.errors import ExitCode

        ctx.exit(ExitCode.NOT_VALID)


def _check(ctx: click.Context, names: Sequence[str]) -> None:
    """Refuse arguments that cannot be used before anything is answered."""
    from cramf.errors import InputError

    for name in names:
        if name == _DASH and sys.stdin.isatty():
            raise click.UsageError(
                "no name is given: write some, as in `cramf lookup Nat.Prime`, or pipe them in", ctx
            )
        if not name.strip():
            raise InputError("a name is empty", "write it in full, as in: cramf lookup Nat.Prime")
        try:
            size = len(name.encode("utf-8"))
        except UnicodeEncodeError:
            raise InputError("a name is not UTF-8 text", "set the terminal to UTF-8") from None
        if size > MAX_NAME:
            raise InputError(f"a name is longer than {MAX_NAME:,} bytes", "give names, not files")


def _open(path: Path | None) -> Lookup:
    from cramf.check.names import NameFinder
    from cramf.environment import default_core, default_index
    from cramf.knowledge.lookup import Lookup
    from cramf.knowledge.store import KnowledgeBase

    base = KnowledgeBase.open(path or default_index())

    @cache
    def core() -> Mapping[str, Declaration]:
        from cramf.collector import collector_paused
        from cramf.knowledge.core_library import load_core

        with collector_paused():
            return load_core(default_core()).declarations

    return Lookup.over(base, NameFinder(base.vocabulary()).nearest, core)


def _all_names(given: Sequence[str]) -> Iterator[str]:
    for name in given:
        if name == _DASH:
            yield from _lines()
        else:
            yield name


def _lines() -> Iterator[str]:
    """Names on standard input, each as soon as its line is whole."""
    from cramf.errors import InputError
    from cramf.files import decode_text

    number = 0
    while line := sys.stdin.buffer.readline(MAX_NAME + 2):
        number += 1
        if len(line.rstrip(b"\r\n")) > MAX_NAME:
            raise InputError(
                f"line {number} of standard input is longer than {MAX_NAME:,} bytes", "write one name a line"
            )
        name = decode_text(line, f"line {number} of standard input").strip()
        if name and not name.startswith("#"):
            yield name


def _human(found: Found) -> Iterator[str]:
    """The answer as lines for a reader."""
    shown = click.style(_printable(found.name), bold=True)
    if not found.found:
        yield f"{shown}  not found"
        if found.nearest:
            yield f"    nearest: {', '.join(found.nearest)}"
        return
    kind = f"  ({found.kind})" if found.kind else ""
    yield f"{shown}{kind}{_place(found.module, found.line)}"
    yield f"    how: {found.how}"
    if found.signature and found.kind != "notation":
        yield f"    signature: {found.signature}"
    if found.attributes:
        yield f"    attributes: {', '.join(found.attributes)}"
    target = found.target
    if target is not None:
        word = "now" if found.deprecated else "stands for"
        yield f"    {word}: {target.name}  ({target.kind}){_place(target.module, target.line)}"
        if target.signature and (found.kind == "notation" or target.signature != found.signature):
            yield f"    {' ' * len(word)}  {target.signature}"
    if found.alternatives:
        yield f"    also: {', '.join(found.alternatives)}"
    if found.dependencies is not None:
        yield f"    uses: {', '.join(found.dependencies) or 'nothing that is known'}"


def _place(module: str | None, line: int | None) -> str:
    if not module:
        return ""
    return f"  {module}" if line is None else f"  {module}:{line}"


def _printable(text: str) -> str:
    """A name that does a terminal no harm, cut where it is too long to read."""
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
