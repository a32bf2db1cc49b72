"""`cramf doctor`: what is there, what is missing, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cramf.check.doctor import Finding

__all__ = ["doctor"]

_COLOURS = {"ok": "green", "missing": "red", "broken": "red", "optional": "yellow"}


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  cramf doctor                # can this machine formalize and check names?
  cramf doctor --lean         # and can it ask Lean?
  cramf doctor --json | jq -r '.findings[] | select(.standing != "ok") | .mend'

\b
What is printed, a line a thing, with the mend below where one is needed:
  ok        index            338,084 declarations of Mathlib 93594942ef at ...
  optional  lake             not on PATH, and not in elan's folder
                             mend: cramf lean setup

\b
The first word is one of: ok; missing; broken (there, and of no use as it is); optional (not there, and not
needed for what was asked). Needed are Python, its packages, index, concepts, ranker and encoder; with --lean
also lake, lean, the workspace and Mathlib. Nothing is installed or downloaded, and no key is printed.

\b
Keys of --json: ok (false where something that is needed is not in order) and findings, each with name,
standing, detail, mend ("" where there is none) and required.

\b
Exit codes: 0 all that is needed is there; 4 something is not.
""",
)
@click.option("--lean", "lean", is_flag=True, help="Lean and a built Mathlib are needed too.")
@click.option("--index", "index", type=click.Path(path_type=Path), metavar="DIR", help="Index of Mathlib.")
@click.option(
    "--workspace", type=click.Path(path_type=Path), metavar="DIR", help="Lake workspace to look at."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, lean: bool, index: Path | None, workspace: Path | None, as_json: bool) -> None:
    """Say what CRAMF finds on this machine, and how to mend what it misses."""
    from cramf.environment import default_index, default_workspace
    from cramf.errors import ExitCode
    from cramf.jsonable import dumps

    place = (index or default_index()).expanduser()
    findings = tuple(_examine(place, (workspace or default_workspace()).expanduser().absolute(), lean))
    fatal = [f for f in findings if f.fatal]
    if as_json:
        click.echo(dumps({"ok": not fatal, "findings": findings}))
    else:
        for line in _human(findings, lean):
            click.echo(line)
    ctx.exit(ExitCode.RESOURCE if fatal else ExitCode.OK)


def _examine(index: Path, workspace: Path, lean: bool) -> Iterator[Finding]:
    from cramf.check import doctor as examine
    from cramf.errors import CramfError
    from cramf.knowledge.store import read_manifest

    commit, encoder = "", None
    try:
        manifest = read_manifest(index)
        commit, encoder = manifest.mathlib_commit, manifest.encoder
    except CramfError:
        pass  # told by `examine_index`
    yield from examine.examine_python()
    yield from examine.examine_index(index)
    yield from _retrieval(encoder)
    yield from examine.examine_lean(workspace, lean, commit)
    yield from examine.examine_isolation()
    yield from examine.examine_extras()
    yield from examine.examine_variables()


def _retrieval(encoder: str | None) -> Iterator[Finding]:
    """What the retriever loads besides the index; the encoder's model is found and not loaded."""
    from cramf.check.doctor import Finding, Standing, restore_shipped
    from cramf.environment import RANKER, default_ontology, default_ranker, variable
    from cramf.errors import CramfError
    from cramf.knowledge.ontology import load_ontology
    from cramf.retrieval.encoder import load_encoder
    from cramf.retrieval.ranker import load_ranker

    restore = restore_shipped()
    try:
        ontology = load_ontology(default_ontology())
        yield Finding("concepts", Standing.OK, f"{len(ontology.concepts):,} concepts", "", True)
    except CramfError as error:
        yield Finding("concepts", Standing.BROKEN, error.message, restore, True)
    try:
        load_ranker(default_ranker())
        yield Finding("ranker", Standing.OK, f"{default_ranker()}", "", True)
    except CramfError as error:
        mend = f"unset {RANKER}, or cramf index train-ranker" if variable(RANKER) else restore
        yield Finding("ranker", Standing.BROKEN, error.message, mend, True)
    try:
        # An index made with another model than the default names a folder, or one of a hub.
        name = load_encoder(encoder).name
        gone = "/" in name and Path(name).is_absolute() and not Path(name).is_dir()
        standing = Standing.MISSING if gone else Standing.OK
        mend = f"put the model back at {name}, or build the index anew" if gone else ""
        yield Finding("encoder", standing, name, mend, True)
    except CramfError as error:
        yield Finding("encoder", Standing.MISSING, error.message, error.mend, True)


def _human(findings: tuple[Finding, ...], lean: bool) -> Iterator[str]:
    width = max(len(f.name) for f in findings)
    for finding in findings:
        word = click.style(f"{finding.standing:<8}", fg=_COLOURS[finding.standing])
        yield f"{word}  {finding.name:<{width}}  {finding.detail}"
        if finding.mend:
            yield f"{'':<{10 + width}}  mend: {finding.mend}"
    yield ""
    fatal = [f.name for f in findings if f.fatal]
    if fatal:
        yield f"not in order: {', '.join(fatal)}"
    elif lean:
        yield "everything that checking with Lean needs is there"
    else:
        yield "everything that is needed is there; what is optional adds Lean, docstrings or a language model"
