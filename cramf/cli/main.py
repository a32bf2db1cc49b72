"""The `cramf` command: finds subcommands without importing them, and tells every error in one place."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from cramf import __version__
from cramf.errors import CramfError, ExitCode

__all__ = ["EXIT_CODES", "LazyCommand", "LazyGroup", "main"]

EXIT_CODES = """\
\b
Exit codes:
  0    done; for formalize and check, a verdict on positive evidence
  1    the verdict is not positive (invalid, timeout, crashed, ...)
  2    the input or the options cannot be used
  3    the formalizer abstained; the evidence is still shown
  4    the index, the encoder or a Mathlib checkout cannot be used
  5    the language model server failed
  70   a defect in cramf itself
  130  interrupted
  141  the reader of standard output went away
"""

_EPILOG = f"""\
\b
Examples:
  cramf formalize "The sum of two even integers is even."
  cramf formalize --file statement.txt --json
  cramf search "uniformly continuous function" -k 5

{EXIT_CODES}"""


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a subcommand is, and the line that the group's help shows without importing it."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called, and whose errors are one line each."""

    def __init__(self, *args: Any, lazy: Mapping[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(lazy)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._lazy.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(entry.module), entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self._lazy.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # Click would make `Abort` of it, and print an empty line first.
            raise _InterruptedError from None
        except BrokenPipeError:
            # Click would exit with 1, which is a verdict's code here.
            raise _ReaderGoneError from None

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit; with `standalone_mode=False`, return or raise instead."""
        rest = {"complete_var": complete_var, "windows_expand_args": windows_expand_args, **extra}
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **rest)
        _speak_utf8()
        try:
            result = super().main(args, prog_name, standalone_mode=False, **rest)
            sys.stdout.flush()
            code = result if isinstance(result, int) else ExitCode.OK
        except (BrokenPipeError, _ReaderGoneError):
            # The reader went away, as `head` does; Python would complain once more when it flushes at exit.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = ExitCode.BROKEN_PIPE
        except Exception as error:  # noqa: BLE001 - the one place that turns errors into exit codes
            code = _report(error)
        sys.exit(int(code))


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _ReaderGoneError(Exception):
    """Whoever read standard output closed it."""


class _InterruptedError(Exception):
    """The user pressed Ctrl-C."""


def _report(error: Exception) -> int:
    """Tell an error on standard error and give its exit code."""
    if isinstance(error, CramfError):
        click.echo(f"cramf: error: {error}", err=True)
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
        # Files are written with errors of their own; this is what standard output is sent to.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(
            f"cramf: error: the output cannot be written: {error.strerror}; free space, or send it elsewhere",
            err=True,
        )
        return ExitCode.RESOURCE
    if isinstance(error, (_InterruptedError, click.Abort)):
        click.echo("cramf: interrupted", err=True)
        return ExitCode.INTERRUPTED
    if isinstance(error, click.ClickException):
        if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
            error.show()
            return ExitCode.BAD_INPUT
        message = " ".join(error.format_message().split()).rstrip(".")
        context = error.ctx if isinstance(error, click.UsageError) else None
        path = context.command_path if context else "cramf"
        click.echo(f"cramf: error: {message}; see `{path} --help`", err=True)
        return ExitCode.BAD_INPUT
    if isinstance(error, ModuleNotFoundError) and not (error.name or "cramf").startswith("cramf"):
        click.echo(
            f"cramf: error: the package {error.name} is not installed; reinstall cramf with pip", err=True
        )
        return ExitCode.RESOURCE
    traceback.print_exception(error)
    click.echo("cramf: this is a defect in cramf, please report it with the lines above", err=True)
    return ExitCode.DEFECT


def _speak_utf8() -> None:
    """Write Lean's symbols whatever the locale, rather than fail on the first one."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() not in ("utf-8", "utf8"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@click.group(
    cls=LazyGroup,
    lazy={
        "formalize": LazyCommand(
            "cramf.cli.formalize", "formalize", "Translate an informal statement into Lean 4 and check it."
        ),
        "check": LazyCommand(
            "cramf.cli.check", "check", "Check Lean statements: every name looked up, or Lean asked."
        ),
        "search": LazyCommand(
            "cramf.cli.search", "search", "Find the Mathlib definitions that a statement means."
        ),
        "concepts": LazyCommand(
            "cramf.cli.concepts", "concepts", "Find the mathematical concepts that a text speaks of."
        ),
        "lookup": LazyCommand(
            "cramf.cli.lookup", "lookup", "Say what a Mathlib name is, and what replaces it."
        ),
        "index": LazyCommand("cramf.cli.index", "index", "Build and inspect indexes of Mathlib."),
        "lean": LazyCommand("cramf.cli.lean", "lean", "Install Lean and fetch Mathlib, to check with."),
        "doctor": LazyCommand("cramf.cli.doctor", "doctor", "Say what is there and how to mend what is not."),
        "data": LazyCommand("cramf.cli.data", "data", "Fetch and verify the benchmarks to measure on."),
        "eval": LazyCommand("cramf.cli.evaluate", "evaluate", "Measure retrieval and formalizing."),
        "report": LazyCommand(
            "cramf.cli.report", "report", "Report evaluations as a page, Markdown or CSV; compare them."
        ),
    },
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="cramf")
def main() -> None:
    """Informal mathematics to Lean 4, grounded in the definitions that Mathlib really has."""
