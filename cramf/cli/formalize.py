"""`cramf formalize`: a statement in, concepts, definitions, Lean and a verdict out."""

from __future__ import annotations

import math
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cramf.cli.language_model import DEFAULT_TIMEOUT, LLM_KINDS, openai_backend
from cramf.cli.main import EXIT_CODES
from cramf.cli.retrieval_options import number_or_auto
from cramf.cli.statement import read_statement
from cramf.environment import OPENAI_API_KEY, OPENAI_BASE_URL
from cramf.errors import ExitCode, InputError
from cramf.formalize.formalizer import Formalizer
from cramf.formalize.naming import valid_theorem_name
from cramf.jsonable import dumps

if TYPE_CHECKING:
    from cramf.check.verdict import Checker, Diagnostic, Verdict
    from cramf.formalize.types import Abstention, Backend, Formalization
    from cramf.retrieval.retriever import Retriever
    from cramf.retrieval.types import Hit

__all__ = ["formalize"]

_EPILOG = f"""\
\b
Examples:
  cramf formalize "Every prime greater than 2 is odd."
  echo 'If $a \\mid b$ then $a \\mid bc$.' | cramf formalize -
  cramf formalize --file s.txt --name my_theorem --check lake
  cramf formalize --llm openai:qwen3 --base-url http://127.0.0.1:11434/v1 "..."

A statement that begins with a dash goes after `--`, or comes by --file. The address and the key of a
language model server are read from {OPENAI_BASE_URL} and {OPENAI_API_KEY}; a key is never an argument, for
other users of the machine could read it.

{EXIT_CODES}"""


def _finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and 0 < value <= 86_400):
        raise click.BadParameter(f"{value} is not a number of seconds up to 86400.")
    return value


@click.command(epilog=_EPILOG)
@click.argument("statement", required=False)
@click.option("-f", "--file", "file", metavar="FILE", help="Read the statement from FILE, or from `-`.")
@click.option("--name", metavar="NAME", help="Name of the theorem; by default made from the statement.")
@click.option(
    "--llm",
    metavar="SPEC",
    help=f"Let a language model write the Lean: {LLM_KINDS}. Without it the built-in grammar does.",
)
@click.option("--base-url", metavar="URL", help="Address of the server's OpenAI-compatible API.")
@click.option(
    "--api-key-env", metavar="VAR", help=f"Environment variable of the key, {OPENAI_API_KEY} if none."
)
@click.option(
    "--timeout",
    type=float,
    callback=_finite,
    metavar="S",
    help=f"Seconds that one request to the server may take ({DEFAULT_TIMEOUT:g}).",
)
@click.option(
    "-k",
    "k",
    callback=number_or_auto,
    metavar="N",
    default="10",
    show_default=True,
    help="Definitions to retrieve, or `auto` for as many as the ranker's certainty asks for.",
)
@click.option(
    "--check",
    type=click.Choice(["static", "lake", "none"]),
    default="static",
    show_default=True,
    help="static: look every name up. lake: elaborate with Lean.",
)
@click.option("--index", "index", type=click.Path(path_type=Path), metavar="DIR", help="Index of Mathlib.")
@click.option(
    "--mathlib", type=click.Path(path_type=Path), metavar="DIR", help="Mathlib checkout, for docstrings."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def formalize(
    ctx: click.Context,
    statement: str | None,
    file: str | None,
    name: str | None,
    llm: str | None,
    base_url: str | None,
    api_key_env: str | None,
    timeout: float | None,
    k: int | None,
    check: str,
    index: Path | None,
    mathlib: Path | None,
    as_json: bool,
) -> None:
    """Translate an informal mathematical statement into a Lean 4 theorem.

    STATEMENT is English and LaTeX; `-` reads it from standard input. Shown are the concepts found, the
    Mathlib definitions they may mean, the Lean text, and what was checked of it.
    """
    # What is cheap comes first, so that a slip is told before an index is opened.
    text = read_statement(statement, file, "statement", "formalize")
    if name is not None:
        valid_theorem_name(name)
    backend = _backend(llm, base_url, api_key_env, timeout)
    retriever = _retriever(index, mathlib)
    result = Formalizer(retriever, backend, _checker(check, retriever), k=k).formalize(text, name)
    if as_json:
        click.echo(dumps(result))
    else:
        for line in _human(result, shutil.get_terminal_size((100, 24)).columns):
            click.echo(line)
    ctx.exit(_exit_code(result))


def _backend(
    llm: str | None, base_url: str | None, api_key_env: str | None, timeout: float | None
) -> Backend:
    if llm is None:
        server = {"--base-url": base_url, "--api-key-env": api_key_env, "--timeout": timeout}
        for option, value in server.items():
            if value is not None:
                raise InputError(f"{option} is of use only with a language model", f"add --llm {LLM_KINDS}")
        from cramf.formalize.symbolic.backend import SymbolicBackend

        return SymbolicBackend()
    return openai_backend(llm, base_url, api_key_env, timeout)


def _retriever(index: Path | None, mathlib: Path | None) -> Retriever:
    from cramf.retrieval.retriever import Retriever

    return Retriever.load(index, mathlib=mathlib)


def _checker(name: str, retriever: Retriever) -> Checker | None:
    if name == "static":
        from cramf.check.static import StaticChecker

        return StaticChecker(retriever.knowledge.vocabulary())
    if name == "lake":
        from cramf.check.lake import LakeChecker

        return LakeChecker()
    return None


def _exit_code(result: Formalization) -> ExitCode:
    if result.draft.abstention is not None:
        return ExitCode.ABSTAINED
    if result.verdict is not None and not result.verdict.positive:
        return ExitCode.NOT_VALID
    return ExitCode.OK


def _human(result: Formalization, width: int) -> Iterator[str]:
    """The result as lines for a reader at a terminal of `width` columns."""
    yield _heading("Concepts")
    seen: set[tuple[str, str]] = set()
    for mention in result.concepts:
        if (mention.text, mention.declaration) not in seen:
            seen.add((mention.text, mention.declaration))
            yield _shorten(f"  {mention.text} -> {mention.declaration}  ({mention.reason})", width)
    if not result.concepts:
        yield "  none recognised"
    yield ""
    yield _heading("Definitions")
    yield from _table(result.definitions, width)
    yield ""
    candidate, abstention = result.candidate, result.draft.abstention
    if candidate is not None:
        yield _heading(f"Lean (by {result.draft.backend})")
        yield candidate.source.rstrip()
        yield ""
    if result.draft.notes:
        yield _heading("Notes")
        yield from (f"  - {note}" for note in result.draft.notes)
        yield ""
    if abstention is not None:
        yield _heading(f"Abstained (by {result.draft.backend})")
        yield from _caret(result.statement, abstention, width)
    else:
        yield _heading("Verdict")
        yield from _verdict(result.verdict)


def _heading(text: str) -> str:
    return click.style(text, bold=True)


def _table(hits: tuple[Hit, ...], width: int) -> Iterator[str]:
    if not hits:
        yield "  none found"
        return
    rows = [("#", "name", "kind", "module", "score", "channels")]
    for rank, hit in enumerate(hits, 1):
        channels = "  ".join(f"{channel} {value:.3g}" for channel, value in sorted(hit.channels.items()))
        definition = hit.definition
        rows.append(
            (
                str(rank),
                hit.name,
                str(definition.kind),
                definition.module or "-",
                f"{hit.score:.3f}",
                channels,
            )
        )
    sizes = [max(len(row[column]) for row in rows) for column in range(5)]
    for number, row in enumerate(rows):
        cells = [cell.ljust(size) for cell, size in zip(row, sizes, strict=False)]
        yield _shorten("  ".join([*cells, row[5]]).rstrip(), max(width, sum(sizes) + 10))
        if number and (signature := hits[number - 1].definition.signature):
            yield _shorten(f"{' ' * (sizes[0] + 2)}{signature}", width)


def _verdict(verdict: Verdict | None) -> Iterator[str]:
    if verdict is None:
        yield "  not checked (--check none): no name was looked up, and Lean has not elaborated this"
        return
    if not verdict.positive:
        done = "" if verdict.elaborated else "; Lean has not elaborated this"
        yield f"  {verdict.checker}: {verdict.status}{f': {verdict.detail}' if verdict.detail else ''}{done}"
    elif verdict.elaborated:
        yield f"  {verdict.checker}: Lean elaborated this; whether it says what was meant is yours to judge"
    else:
        yield f"  {verdict.checker}: every name resolves; Lean has not elaborated this"
    if verdict.resolved:
        yield f"  it rests on {', '.join(verdict.resolved)}"
    yield from (f"    {_diagnostic(diagnostic)}" for diagnostic in verdict.diagnostics)


def _diagnostic(diagnostic: Diagnostic) -> str:
    where = ""
    if diagnostic.line is not None:
        column = "" if diagnostic.column is None else f":{diagnostic.column}"
        where = f"line {diagnostic.line}{column}: "
    meant = f" (did you mean {', '.join(diagnostic.suggestions)}?)" if diagnostic.suggestions else ""
    return f"{where}{diagnostic.severity}: {' '.join(diagnostic.message.split())}{meant}"


def _shorten(text: str, width: int) -> str:
    line = " ".join(text.split("\n")).rstrip()
    return line if len(line) <= width else f"{line[: max(1, width - 1)]}…"


def _caret(statement: str, abstention: Abstention, width: int) -> Iterator[str]:
    """The reason, the line of the statement in which the unread span begins, and carets below the span."""
    yield f"  {abstention.reason}"
    start = min(max(abstention.start, 0), len(statement))
    begin = statement.rfind("\n", 0, start) + 1
    finish = statement.find("\n", start)
    line = statement[begin : finish if finish >= 0 else None].replace("\t", " ")
    first, last = start - begin, max(abstention.end - begin, start - begin + 1)
    # A line wider than the terminal is cut on the left, so that the span stays in sight.
    room = max(width - 6, 20)
    cut = max(0, first - room // 3) if len(line) > room else 0
    shown = line[cut : cut + room]
    last = min(last, cut + room, max(len(line), first + 1))
    before = "…" if cut else ""
    yield f"  {before}{shown}{'…' if cut + room < len(line) else ''}"
    pad = _columns(before + line[cut:first])
    yield f"  {' ' * pad}{click.style('^' * max(1, _columns(line[first:last])), fg='red')}"


def _columns(text: str) -> int:
    """Terminal columns that a text takes: none for a combining mark, two for a wide character."""
    wide = sum(unicodedata.east_asian_width(c) in ("W", "F") for c in text)
    unseen = sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)
    return len(text) + wide - unseen
