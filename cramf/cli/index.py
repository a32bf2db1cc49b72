"""`cramf index`: build an index from a Mathlib checkout, and say what one holds."""

from __future__ import annotations

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.cli.index_info import diff, info
from cramf.cli.train_ranker import train_ranker

if TYPE_CHECKING:
    from cramf.knowledge.builder import CheckoutInfo
    from cramf.knowledge.cache import BuildCache
    from cramf.knowledge.linking import FileError, Linked
    from cramf.retrieval.encoder import Encoder

__all__ = ["index"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def index() -> None:
    """Build and inspect indexes of Mathlib."""


@index.command(
    epilog="""\b
Example:
  cramf index core --docs ~/docs/.lake/build/doc --out index/core --commit 9d4ad1273f6c
"""
)
@click.option(
    "--docs",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder that doc-gen4 wrote; its pages of Init, Std and Batteries are read.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--commit", required=True, help="Commit of Lean that the pages are of, to be recorded.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def core(docs: Path, out: Path, commit: str, quiet: bool) -> None:
    """Make the table of names of Lean core, Std and Batteries, which no Mathlib checkout declares."""
    from tqdm import tqdm

    from cramf.errors import InputError
    from cramf.knowledge.core_library import write_core
    from cramf.knowledge.docgen.builder import build_from_docs

    with tqdm(desc="reading pages", unit="page", file=sys.stderr, disable=quiet or None) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        linked, _ = build_from_docs(docs, advance)
    number = write_core(linked, out, commit)
    if not number:
        raise InputError(f"{docs} has no page of Init, Std or Batteries", "give the whole documentation")
    click.echo(f"{number:,} names written to {out}")


@index.command(
    epilog="""\b
Examples:
  cramf index build --mathlib ~/mathlib4 --out ~/mathlib-index
  cramf index build --docs ~/docs/.lake/build/doc --out ~/docs-index
  CRAMF_INDEX=~/mathlib-index cramf search "every compact set is closed"
"""
)
@click.option(
    "--mathlib",
    type=click.Path(path_type=Path),
    help="Mathlib checkout: the folder that holds Mathlib/.",
)
@click.option(
    "--docs", type=click.Path(path_type=Path), help="Folder that doc-gen4 wrote, instead of a checkout."
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
@click.option(
    "--workers", type=click.IntRange(1), default=None, help="Processes that parse, and that Ray encodes in."
)
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who encodes: this process, or processes of a Ray cluster.",
)
@click.option("--address", default=None, help="Ray cluster that runs, HOST:PORT or auto [one of our own].")
@click.option(
    "--no-docstrings", is_flag=True, help="Leave docstrings out of the tables, as the shipped index."
)
@click.option(
    "--cache",
    "cache_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="File that keeps what was read and encoded [CRAMF_CACHE or ~/.cache/cramf/build.sqlite].",
)
@click.option("--no-cache", is_flag=True, help="Read and encode everything anew, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def build(
    mathlib: Path | None,
    docs: Path | None,
    out: Path,
    encoder: str | None,
    quantise: str,
    commit: str | None,
    workers: int | None,
    executor: str,
    address: str | None,
    no_docstrings: bool,
    cache_path: Path | None,
    no_cache: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read a Mathlib checkout, or the pages of doc-gen4, and write an index directory.

    The directory appears whole or not at all; an index that was there before stays until then. A file that
    cannot be parsed is reported with its line and does not stop the rest. A second build reads only the
    files and encodes only the texts that have changed; where nothing has, it says so and writes nothing.
    """
    from cramf.environment import default_cache
    from cramf.errors import InputError
    from cramf.knowledge.cache import BuildCache

    if (mathlib is None) == (docs is None):
        raise InputError("an index is made from a checkout or from documentation", "give --mathlib or --docs")
    if address is not None and executor != "ray":
        raise InputError("--address names a Ray cluster", "add --executor ray")
    with ExitStack() as stack:
        cache = None if no_cache else stack.enter_context(BuildCache(cache_path or default_cache()))
        run = _Run(
            out, encoder, quantise, commit, workers, executor, address, not no_docstrings, cache, quiet
        )
        outcome = run.from_docs(docs) if docs is not None else run.from_checkout(mathlib or Path())
    if as_json:
        from cramf.jsonable import dumps

        click.echo(dumps(outcome))
        return
    counts = outcome["counts"]
    if not outcome["changed"]:
        click.echo(f"{out}: nothing has changed, {counts['declarations']:,} declarations")
        return
    click.echo(
        f"{out}: {counts['definitions']:,} definitions, {counts['usages']:,} usages, "
        f"{counts['declarations']:,} declarations from {counts['files']:,} files "
        f"in {sum(outcome['seconds'].values()):.0f} s ({len(outcome['errors'])} parse errors)"
    )
    for kind, number in outcome["kinds"].items():
        click.echo(f"  {number:>9,}  {kind}")


@dataclass(frozen=True)
class _Run:
    """The settings of one build."""

    out: Path
    encoder: str | None
    quantise: str
    commit: str | None
    workers: int | None
    executor: str
    address: str | None
    docstrings: bool
    cache: BuildCache | None
    quiet: bool

    def _note(self, text: str) -> None:
        if not self.quiet:
            click.echo(f"cramf: {text}", err=True)

    def _bar(self, total: int, what: str) -> Any:
        from tqdm import tqdm

        return tqdm(total=total, desc=what, unit="file", file=sys.stderr, disable=self.quiet or None)

    def from_checkout(self, mathlib: Path) -> dict[str, Any]:
        from cramf.collector import collector_paused
        from cramf.knowledge.builder import (
            checkout_info,
            extract_checkout,
            find_modules,
            input_keys,
        )
        from cramf.knowledge.linking import link
        from cramf.knowledge.translate import load_guessers
        from cramf.retrieval.indexing import up_to_date

        begun = time.monotonic()
        modules = find_modules(mathlib)
        info = checkout_info(mathlib, self.commit)
        keys = input_keys(modules)
        inputs = self._digest((info.commit, info.toolchain, *keys))
        if self.cache is not None and up_to_date(self.out, inputs):
            return self._unchanged(time.monotonic() - begun)
        with self._bar(len(modules), "parsing") as bar, collector_paused():
            facts = extract_checkout(
                modules, self.workers, lambda done, _: bar.update(done - bar.n), self.cache, keys
            )
            parsed = time.monotonic()
            self._note("linking names")
            linked = link(facts, load_guessers(mathlib))
        del facts
        seconds = {"parsing": parsed - begun, "linking": time.monotonic() - parsed}
        return self._write(linked, info, seconds, inputs)

    def from_docs(self, docs: Path) -> dict[str, Any]:
        from cramf.knowledge.builder import CheckoutInfo
        from cramf.knowledge.docgen.builder import build_from_docs

        begun = time.monotonic()
        with self._bar(0, "reading") as bar:

            def advance(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            linked, info = build_from_docs(docs, advance, self.workers)
        if self.commit is not None:
            info = CheckoutInfo(self.commit, info.toolchain)
        return self._write(linked, info, {"reading": time.monotonic() - begun}, "")

    def _digest(self, parts: Sequence[str]) -> str:
        """One hash of everything that decides what the index holds."""
        from cramf.knowledge.cache import code_version

        code = code_version("lean", "knowledge", "retrieval")
        settings = (code, self.encoder or "", self.quantise, str(self.docstrings))
        return hashlib.sha256("\n".join((*settings, *parts)).encode()).hexdigest()

    def _unchanged(self, seconds: float) -> dict[str, Any]:
        from cramf.knowledge.store import read_manifest

        return {
            "index": str(self.out),
            "changed": False,
            "counts": dict(read_manifest(self.out).counts),
            "kinds": {},
            "errors": [],
            "seconds": {"checking": round(seconds, 1)},
        }

    def _write(
        self, linked: Linked, info: CheckoutInfo, seconds: dict[str, float], inputs: str
    ) -> dict[str, Any]:
        from cramf.retrieval.indexing import write_index

        for error in linked.errors:
            click.echo(f"cramf: warning: {_place(error)}: {error.message}", err=True)
        begun = time.monotonic()
        with self._encoder() as encoder:
            manifest = write_index(
                linked,
                info,
                encoder,
                self.out,
                self.quantise,
                docstrings=self.docstrings,
                progress=not self.quiet and sys.stderr.isatty(),
                note=self._note,
                cache=self.cache,
                inputs=inputs,
            )
        seconds["encoding and writing"] = time.monotonic() - begun
        kinds = Counter(declaration.kind.value for declaration in linked.declarations)
        return {
            "index": str(self.out),
            "changed": True,
            "counts": dict(manifest.counts),
            "kinds": dict(kinds.most_common()),
            "errors": [f"{_place(e)}: {e.message}" for e in linked.errors],
            "seconds": {what: round(value, 1) for what, value in seconds.items()},
        }

    def _encoder(self) -> AbstractContextManager[Encoder]:
        from cramf.retrieval.encoder import load_encoder

        if self.executor == "local":
            return nullcontext(load_encoder(self.encoder))
        from cramf.evaluation.ray_encoder import RayEncoder

        return RayEncoder(self.encoder, self.address, self.workers)


def _place(error: FileError) -> str:
    """`file:line` of what could not be read; a module is named by its file."""
    path = error.module
    if "/" not in path and not path.endswith((".bmp", ".db", ".html")):
        path = f"{path.replace('.', '/')}.lean"
    return f"{path}:{error.line}"


index.add_command(info)
index.add_command(diff)
index.add_command(train_ranker)
