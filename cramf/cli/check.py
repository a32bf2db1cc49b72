"""`cramf check`: Lean statements in, a verdict each out."""

from __future__ import annotations

import contextlib
import math
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.check.checkers import CHECKERS, open_checker
from cramf.check.inputs import Entry, Format, Unreadable, duplicates, read_inputs
from cramf.check.verdict import Verdict
from cramf.cli.check_output import lines_of, printable, record, summary
from cramf.cli.main import EXIT_CODES
from cramf.environment import VERDICTS
from cramf.errors import ExitCode, InputError
from cramf.jsonable import dumps

if TYPE_CHECKING:
    from cramf.check.base import BaseChecker

__all__ = ["check"]

_AT_ONCE = {"repl": 8, "kimina": 32}
"""Candidates a worker that are handed over together, so that few workers wait for the slowest of them."""
_WARNED = 5

_EPILOG = f"""\
\b
Examples:
  cramf check Statement.lean
  cramf check benchmark.jsonl --json > verdicts.jsonl
  cramf check --checker lake --timeout 120 *.lean
  cramf check --checker kimina --url http://127.0.0.1:8000 rows.jsonl --progress
  head -20 rows.jsonl | cramf check --format jsonl - --quiet

\b
Checkers:
  static  every name is looked up in the index; needs no Lean and never says that Lean accepts it
  lake    `lake build` in the workspace
  lean    `lake env lean` in the workspace
  repl    a pool of Lean REPLs (pip install 'cramf[repl]')
  kimina  a Kimina Lean Server at --url (pip install 'cramf[kimina]')

\b
What is read:
  .lean   one statement a file: the leading imports are its header
  .jsonl  one statement a row: formal_statement, and perhaps name (or id, problem_id), header (`import
          Mathlib` if absent) and helper. A row that has formal_statement under `verified` is read there.

\b
Positions: lines count from 1. Columns count code points, from 1 in FILE:LINE:COLUMN and in SARIF, as
editors do, and from 0 in --json, as Lean does. In a .lean file they are those of the file; for a row
FILE:LINE is the row, and the position is that in its header, helper or statement (`part`).

\b
Keys of --json, one object a line, in the order of the input:
  name, verdict, diagnostics, checker, elaborated (whether Lean itself finished), detail, seconds, file, row
  verdict: valid, valid_with_sorry, invalid, timeout, crashed, unavailable, rejected; unreadable
  of a diagnostic: category, name, line, column, message, suggestions, severity, part, end_line,
  end_column, mend

Verdicts of Lean are kept in the file that {VERDICTS} names, else in the user's cache folder; `seconds` of
such a verdict are those of the first time. The exit code is 0 only if every statement is valid.

{EXIT_CODES}"""


def _positive(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and 0 < value <= 1_000_000):
        raise click.BadParameter(f"{value} is not a number above 0 and up to 1000000.")
    return value


@click.command(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--checker", type=click.Choice(CHECKERS), default="static", show_default=True, help="What checks."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a statement, each on a line.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Print one SARIF 2.1.0 document at the end.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["lean", "jsonl"]),
    help="Format of all files, where the suffix does not say it, as for `-`.",
)
@click.option("--keep-going", is_flag=True, help="Check the rest where rows or files cannot be read.")
@click.option("--index", type=click.Path(path_type=Path), metavar="DIR", help="Index of Mathlib (static).")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Lake workspace (lake, lean, repl).",
)
@click.option("--workers", type=click.IntRange(1, 1024), metavar="N", help="At once (repl, kimina).")
@click.option(
    "--timeout",
    type=float,
    callback=_positive,
    metavar="S",
    help="Seconds that one statement may take (all but static).",
)
@click.option(
    "--memory",
    type=float,
    callback=_positive,
    metavar="GIB",
    help="GiB of memory that one check may hold (lake, lean, repl).",
)
@click.option("--url", metavar="URL", help="Address of the server (kimina).")
@click.option(
    "--server-mathlib",
    metavar="COMMIT",
    help="Mathlib of the server, without which its verdicts are not kept (kimina).",
)
@click.option("--no-cache", is_flag=True, help="Neither look up nor keep verdicts of Lean.")
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show a bar on standard error; by default if that is a terminal.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only what is wrong: no valid ones, no summary.")
@click.pass_context
def check(
    ctx: click.Context,
    files: tuple[str, ...],
    checker: str,
    as_json: bool,
    as_sarif: bool,
    form: Format | None,
    keep_going: bool,
    index: Path | None,
    workspace: Path | None,
    workers: int | None,
    timeout: float | None,
    memory: float | None,
    url: str | None,
    server_mathlib: str | None,
    no_cache: bool,
    progress: bool | None,
    quiet: bool,
) -> None:
    """Check the Lean statements in each FILE; `-` is standard input.

    Nothing that could run code reaches Lean: such a statement is `rejected`.
    """
    if as_json and as_sarif:
        raise InputError("--json and --sarif are given", "give only one of them")
    found = _read(files, form, keep_going)
    if not quiet:
        _warn_of_names(found, checker)
    entries = sum(isinstance(one, Entry) for one in found)
    if entries == 0:  # every one is unreadable, so that no checker is needed
        _print([one for one in found if isinstance(one, Unreadable)], as_json, as_sarif, quiet)
        ctx.exit(ExitCode.BAD_INPUT)
    bar = progress if progress is not None else sys.stderr.isatty() and entries > 1 and not quiet
    with open_checker(
        checker,
        index=index,
        workspace=workspace,
        workers=workers,
        timeout_seconds=timeout,
        memory_bytes=None if memory is None else max(1, int(memory * (1 << 30))),
        url=url,
        server_mathlib=server_mathlib,
        cached=not no_cache,
        warn=_warn,
    ) as opened:
        size = _AT_ONCE.get(checker, 1) * (workers or 1)
        results = []
        with _bar(len(found), bar) as advance:
            for result in _verdicts(found, opened, size):
                results.append(result)
                if not as_sarif:
                    with _unbarred(bar):
                        _print([result], as_json, False, quiet)
                advance(1)
        if as_sarif:
            _print(results, False, True, quiet)
        elif not as_json and not quiet:
            click.echo(summary(results, checker, getattr(opened, "hits", 0)))
    ctx.exit(_exit_code(results))


def _read(files: Sequence[str], form: Format | None, keep_going: bool) -> list[Entry | Unreadable]:
    """All that the files hold; without `keep_going` anything unreadable is an error before all checking."""
    found = read_inputs(files, form, sys.stdin.buffer)
    bad = [one for one in found if isinstance(one, Unreadable)]
    if bad and not keep_going:
        more = f" (and {len(bad) - 1} more that cannot be read)" if len(bad) > 1 else ""
        mend = f"{bad[0].mend}; or leave it out with --keep-going" if len(found) > 1 else bad[0].mend
        raise InputError(f"{bad[0].message}{more}", mend)
    return found


def _warn_of_names(found: Sequence[Entry | Unreadable], checker: str) -> None:
    twice = duplicates(found)
    for name, count in list(twice.items())[:_WARNED]:
        _warn(f"{count} statements have the name {name}")
    if len(twice) > _WARNED:
        _warn(f"{len(twice) - _WARNED} more names are those of several statements")
    for one in found:
        bare = isinstance(one, Entry) and one.row is None and "import" not in one.candidate.header
        if bare and checker == "static":
            _warn(f"{one.file} imports nothing; its names are looked up in all of Mathlib")


def _warn(message: str) -> None:
    click.echo(f"cramf: warning: {printable(message)}", err=True)


def _verdicts(
    found: Sequence[Entry | Unreadable], checker: BaseChecker, size: int
) -> Iterator[tuple[Entry, Verdict] | Unreadable]:
    """A verdict for each entry, in the order of the input, as soon as those of `size` entries are there."""
    batch: list[Entry] = []
    for one in found:
        if isinstance(one, Entry):
            batch.append(one)
            if len(batch) < size:
                continue
        yield from _checked(batch, checker)
        batch = []
        if isinstance(one, Unreadable):
            yield one
    yield from _checked(batch, checker)


def _checked(batch: list[Entry], checker: BaseChecker) -> Iterator[tuple[Entry, Verdict]]:
    if batch:
        yield from zip(batch, checker.check_many([entry.candidate for entry in batch]), strict=True)


def _print(
    results: Sequence[tuple[Entry, Verdict] | Unreadable], as_json: bool, as_sarif: bool, quiet: bool
) -> None:
    if as_sarif:
        from cramf.check.sarif import sarif

        click.echo(dumps(sarif(results), indent=2))
        return
    width = shutil.get_terminal_size((100, 24)).columns
    for result in results:
        if as_json:
            click.echo(dumps(record(result)))
        else:
            for line in lines_of(result, width, quiet):
                click.echo(line)


@contextlib.contextmanager
def _bar(total: int, shown: bool) -> Iterator[Any]:
    """A function that moves the bar on; it does nothing where none is shown."""
    if not shown:
        yield lambda _: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc="checking", unit="statement", leave=False, file=sys.stderr) as bar:
        yield bar.update


@contextlib.contextmanager
def _unbarred(shown: bool) -> Iterator[None]:
    """Out of the bar's way: it is wiped before lines are printed and drawn again below them."""
    if not shown:
        yield
        return
    from tqdm import tqdm

    with tqdm.external_write_mode(file=sys.stdout):
        yield


def _exit_code(results: Sequence[tuple[Entry, Verdict] | Unreadable]) -> ExitCode:
    if any(isinstance(result, Unreadable) for result in results):
        return ExitCode.BAD_INPUT
    if all(not isinstance(result, Unreadable) and result[1].positive for result in results):
        return ExitCode.OK
    return ExitCode.NOT_VALID
