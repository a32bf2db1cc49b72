"""`cramf lean`: prepare the Lean workspace that candidates are checked in."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cramf.check.setup import Step

__all__ = ["lean"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def lean() -> None:
    """Prepare the Lean workspace that candidates are checked in."""


@lean.command(
    epilog="""\b
Examples:
  cramf lean setup --dry-run                 # print the commands, and run none
  cramf lean setup                           # ask, then do it
  cramf lean setup --yes --workspace ~/lean  # ask nothing
  cramf doctor --lean                        # is everything there?

\b
What is done, unless it is there already:
  1. the workspace: lakefile.toml, which requires Mathlib at the revision that the shipped index describes,
     and lean-toolchain
  2. elan, Lean's version manager: its installer is downloaded over HTTPS, and run when you have agreed;
     no shell profile is edited
  3. the Lean toolchain
  4. Mathlib's sources and those of the packages that it needs (`lake update`)
  5. Mathlib's compiled files (`lake exe cache get`)
Several gigabytes are downloaded; have 12 GB of disk free. A run that was cut off goes on where it stopped.

\b
Where the workspace is: --workspace; else CRAMF_LEAN_WORKSPACE; else lean/ of a source checkout; else
cramf/lean in your data folder (XDG_DATA_HOME or ~/.local/share), where every `cramf` command finds it. A
workspace in another place is named by CRAMF_LEAN_WORKSPACE from then on. A folder that holds a project of
yours is left as it is, and only what its lakefile asks for is fetched.

\b
Exit codes: 0 done, or printed; 2 you did not agree; 4 a step failed; 130 interrupted.
"""
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Workspace to prepare.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be run, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def setup(workspace: Path | None, dry_run: bool, yes: bool) -> None:
    """Install Lean and fetch Mathlib, so that `--check lake` has something to check with."""
    from cramf.check.setup import Setup
    from cramf.environment import default_workspace, setup_workspace
    from cramf.errors import InputError

    target = (workspace or setup_workspace()).expanduser().absolute()
    plan = Setup(target, lambda line: click.echo(line))
    if dry_run:
        click.echo(f"# workspace: {target}")
        for step in plan.steps():
            click.echo(f"# {step.title}\n{step.shown}")
        return
    click.echo(f"workspace: {target}")
    if not plan.run(lambda steps, installer: yes or _agreed(steps, installer)):
        raise InputError("setup was not agreed to", "answer `y`, or add --yes")
    click.echo(f"ready: {target}")
    if target != default_workspace().absolute():
        click.echo(f"tell cramf where it is: export CRAMF_LEAN_WORKSPACE={shlex.quote(str(target))}")


def _agreed(steps: Sequence[Step], installer: Path | None) -> bool:
    """Ask at the terminal, or read the answer from standard input; its end is a no."""
    if installer is None:
        for step in steps:
            click.echo(f"  {step.title}\n    {step.shown}")
        question = "Run these commands, and download several gigabytes?"
    else:
        size = installer.stat().st_size if installer.is_file() else 0
        question = f"Run {installer} ({size:,} bytes; read it in another terminal if you wish)?"
    click.echo(f"{question} [y/N] ", nl=False)
    sys.stdout.flush()
    answer = sys.stdin.readline().strip().lower()
    return answer in ("y", "yes")
