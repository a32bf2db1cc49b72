"""`cramf report`: a page, Markdown or CSV from the folders of evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cramf.errors import ExitCode

if TYPE_CHECKING:
    from cramf.evaluation.report.gathering import Gathered

__all__ = ["report"]

_FILE = click.Path(path_type=Path)


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  cramf eval retrieval --data proofnet.jsonl --out runs/proofnet
  cramf report runs/proofnet --html report.html
  cramf report runs/before runs/after --html difference.html
  cramf report runs/proofnet --markdown - --csv tables/

\b
--html writes one file that loads nothing: tables with 95% intervals, plots, and every statement with its
evidence, candidates, diagnostics and trace, to search and filter (press ? in it for the keys). It needs
matplotlib: pip install 'cramf[report]'. Markdown and CSV do not, and Markdown is printed where no form is
asked for.

\b
--csv DIR/ writes figures.csv (run, table, row, column, value, low, high) and problems.csv (a row a problem);
--csv FILE.csv only the problems.

\b
Of several runs the first is what the others are compared with: paired differences with intervals, the
randomisation test, McNemar's where a problem is passed or not, and Holm's correction. Problems are matched by
name and content; runs of different kinds or of different data are refused.

A run with problems that have no answer yet is reported as incomplete, without figures.
""",
)
@click.argument("runs", nargs=-1, required=True, type=_FILE, metavar="DIR...")
@click.option("--html", type=_FILE, metavar="FILE", help="Write a self-contained page.")
@click.option(
    "--markdown",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write Markdown; - prints it.",
)
@click.option("--csv", "tables", type=_FILE, metavar="DIR|FILE", help="Write CSV.")
@click.pass_context
def report(
    ctx: click.Context, runs: tuple[Path, ...], html: Path | None, markdown: Path | None, tables: Path | None
) -> None:
    """Report evaluations: the figures and every statement of the runs in DIR..., several of them compared."""
    from cramf.evaluation.report.gathering import gather

    printed = (html is None and tables is None and markdown is None) or str(markdown) == "-"
    if html is not None:
        from cramf.evaluation.report.svg import require_matplotlib

        require_matplotlib()
    if html is not None:
        _check_file("--html", html)
    if markdown is not None and str(markdown) != "-":
        _check_file("--markdown", markdown)
    if tables is not None:
        _check_tables(tables)
    gathered = gather(runs)
    if html is not None:
        from cramf.evaluation.report.page import html_page

        _write(html, html_page(gathered))
    if printed or markdown is not None:
        from cramf.evaluation.report.markdown import markdown as written

        text = written(gathered)
        if printed:
            click.echo(text, nl=False)
        elif markdown is not None:
            _write(markdown, text)
    if tables is not None:
        _write_csv(tables, gathered)
    for read in gathered.runs:
        if read.trouble:
            click.echo(f"{read.label}: {read.trouble}", err=True)
    ctx.exit(ExitCode.OK)


def _write_csv(path: Path, gathered: Gathered) -> None:
    from cramf.errors import ResourceError
    from cramf.evaluation.report.csv_files import figures_csv, problems_csv

    if _is_csv_file(path):
        _write(path, problems_csv(gathered))
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"cannot make the folder {path}: {error.strerror}", "give --csv another one"
        ) from None
    _write(path / "figures.csv", figures_csv(gathered))
    _write(path / "problems.csv", problems_csv(gathered))


def _is_csv_file(path: Path) -> bool:
    return path.suffix == ".csv" and not path.is_dir()


def _check_tables(path: Path) -> None:
    from cramf.errors import InputError

    if _is_csv_file(path) or str(path) == "-":
        _check_file("--csv", path)
    elif path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file", "give --csv a folder, or a file whose name ends in .csv")


def _check_file(option: str, path: Path) -> None:
    """Refuse what cannot be written before anything long begins."""
    from cramf.errors import InputError

    if str(path) == "-":
        raise InputError(f"{option} cannot be printed", f"give {option} a name, or print --markdown -")
    if path.is_dir():
        raise InputError(f"{path} is a folder", f"give {option} the name of a file")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent}", f"make it, or give {option} another name")


def _write(path: Path, text: str) -> None:
    from cramf.errors import ResourceError
    from cramf.files import write_atomic

    try:
        write_atomic(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise ResourceError(
            f"cannot write {path}: {error.strerror}", "check the folder and the disk's space"
        ) from None
    click.echo(f"wrote {path} ({path.stat().st_size:,} bytes)", err=True)
