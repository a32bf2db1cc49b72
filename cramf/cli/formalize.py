"""`cramf formalize`: a statement in, concepts, definitions, Lean and a verdict out; many; or a document."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.check.base import BaseChecker
from cramf.check.checkers import CHECKERS, open_checker
from cramf.cli.formalize_output import human, prompt_lines
from cramf.cli.language_model import LLM_KINDS, ModelChoices, model_options, open_backend
from cramf.cli.main import EXIT_CODES
from cramf.cli.retrieval_options import number_or_auto
from cramf.cli.statement import read_statement
from cramf.environment import OPENAI_API_KEY, OPENAI_BASE_URL
from cramf.errors import ExitCode, InputError
from cramf.formalize.formalizer import Formalizer
from cramf.formalize.naming import statement_name, unique_name, valid_theorem_name
from cramf.formalize.types import Backend, Bounds, Formalization, Request
from cramf.jsonable import dumps

if TYPE_CHECKING:
    from cramf.check.verdict import Checker
    from cramf.formalize.models.accounting import Meter
    from cramf.retrieval.retriever import Retriever

__all__ = ["formalize"]

_EPILOG = f"""\
\b
Examples:
  cramf formalize "Every prime greater than 2 is odd."
  echo 'If $a \\mid b$ then $a \\mid bc$.' | cramf formalize -
  cramf formalize --file s.txt --name my_theorem --check lake
  cramf formalize --llm openai:qwen3 --base-url http://127.0.0.1:11434/v1 -n 4 "..."
  cramf formalize --input rows.jsonl --out results.jsonl
  cramf formalize --document paper.tex --out Paper.lean

\b
Many statements: --input FILE.jsonl, or `-`, with rows such as
    {{"statement": "...", "name": "my_theorem"}}
  where informal_statement may stand for statement, and name may be left out. Each result is a line of --out
  as soon as it is there; the same command goes on where it was interrupted.

\b
Documents: --document FILE.tex or FILE.md. Read are the theorems, lemmas, propositions, corollaries, claims,
  conjectures, problems and exercises: environments of LaTeX, in Markdown "**Theorem 2 (Name).** ...",
  headings, block quotes, "```lemma" and "::: lemma". Macros of the document are expanded, proofs left out,
  other files not followed; what the running text assumes is told, but given to no statement. --out is a Lean
  file, or rows if it is named .jsonl; without it the Lean file is printed. Of a Lean file, what did not pass
  is a comment. An interrupted run goes on from FILE.journal beside --out.

A statement that begins with a dash goes after `--`, or comes by --file. The address and the key of a
language model server are read from {OPENAI_BASE_URL} and {OPENAI_API_KEY}; a key is never an argument, for
other users of the machine could read it.

{EXIT_CODES}
Of many statements the first of these counts: 5, 2 (one cannot be used), 1, 3, 0."""


@click.command(epilog=_EPILOG)
@click.argument("statement", required=False)
@click.option("-f", "--file", "file", metavar="FILE", help="Read the statement from FILE, or from `-`.")
@click.option("--input", "rows", metavar="FILE", help="Formalize each row of a JSONL file; needs --out.")
@click.option(
    "--document",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Formalize each theorem of a document.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Results of --input or --document."
)
@click.option("--name", metavar="NAME", help="Name of the theorem; by default made from the statement.")
@click.option(
    "--llm",
    metavar="SPEC",
    help=f"Let a language model write the Lean: {LLM_KINDS}. Without it the built-in grammar does.",
)
@click.option("-n", "--n", "n", type=click.IntRange(1, 1024), metavar="N", help="Candidates to ask for (1).")
@click.option(
    "--rounds", type=click.IntRange(0, 100), metavar="N", help="Rounds of repair after a bad verdict (1)."
)
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Statements at once (1).")
@click.option(
    "--trace", type=click.Path(path_type=Path), metavar="FILE", help="Write all that was done as JSON."
)
@click.option("--show-prompt", is_flag=True, help="Print what the language model would be sent, and stop.")
@model_options
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
    type=click.Choice([*CHECKERS, "none"]),
    default="static",
    show_default=True,
    help="static: look every name up. The others elaborate with Lean, see `cramf check --help`.",
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
    rows: str | None,
    document: Path | None,
    out: Path | None,
    name: str | None,
    llm: str | None,
    n: int | None,
    rounds: int | None,
    workers: int | None,
    trace: Path | None,
    show_prompt: bool,
    choices: ModelChoices,
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
    many = rows is not None or document is not None
    _refuse_mixtures(
        {"a statement": statement, "--file": file, "--input": rows, "--document": document},
        {"--name": name, "--trace": trace, "--show-prompt": show_prompt or None} if many else {},
        {} if many else {"--out": out, "--workers": workers},
    )
    if llm is None:
        _refuse_without_model({"--n": n, "--rounds": rounds, "--workers": workers}, show_prompt, choices)
    bounds = Bounds(1 if n is None else n, 1 if rounds is None else rounds)
    with ExitStack() as stack:
        if not many:
            text = read_statement(statement, file, "statement", "formalize")
            if name is not None:
                valid_theorem_name(name)
            if show_prompt:
                _show_prompt(text, name, _retriever(index, mathlib), k, as_json)
                return
        meter = choices.meter() if llm is not None else None

        def make() -> Formalizer:
            backend = _backend(llm, choices, meter, many)
            retriever = _retriever(index, mathlib)
            checker = _checker(check, retriever)
            if isinstance(checker, BaseChecker):
                stack.enter_context(checker)
            return Formalizer(retriever, backend, checker, k=k, bounds=bounds)

        if rows is not None:
            ctx.exit(_rows(make, rows, out, workers or 1, as_json, meter))
        if document is not None:
            ctx.exit(_document(make, document, out, workers or 1, as_json, meter))
        if trace is not None and (trace.is_dir() or not trace.absolute().parent.is_dir()):
            raise InputError(f"cannot write {trace}", "give --trace a file in a folder that exists")
        result = make().formalize(text, name)
    if trace is not None and result.trace is not None:
        from cramf.cli.writing import write_out
        from cramf.formalize.trace import trace_json

        write_out(trace, trace_json(result.trace, indent=2) + "\n")
    if as_json:
        click.echo(dumps(result))
    else:
        for line in human(result, shutil.get_terminal_size((100, 24)).columns):
            click.echo(line)
    ctx.exit(_exit_code(result))


def _refuse_mixtures(sources: dict[str, Any], single: dict[str, Any], many: dict[str, Any]) -> None:
    """Refuse two sources of statements, and options that are not for the one given."""
    given = [source for source, value in sources.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"{given[0]} and {given[1]} are given", "give only one of them")
    for option, value in single.items():
        if value is not None:
            raise InputError(
                f"{option} is for one statement",
                f"leave it out with {given[0]}, whose rows hold all of it"
                if option == "--trace"
                else f"leave it out with {given[0]}",
            )
    for option, value in many.items():
        if value is not None:
            raise InputError(f"{option} is for many statements", "add --input FILE or --document FILE")


def _refuse_without_model(options: dict[str, Any], show_prompt: bool, choices: ModelChoices) -> None:
    choices.refuse()
    options = {**options, "--show-prompt": show_prompt or None}
    for option, value in options.items():
        if value is not None:
            raise InputError(f"{option} is of use only with a language model", f"add --llm {LLM_KINDS}")


def _backend(llm: str | None, choices: ModelChoices, meter: Meter | None, patient: bool) -> Backend:
    if llm is None:
        from cramf.formalize.symbolic.backend import SymbolicBackend

        return SymbolicBackend()
    return open_backend(llm, choices=choices, meter=meter, patient=patient)


def _retriever(index: Path | None, mathlib: Path | None) -> Retriever:
    from cramf.retrieval.retriever import Retriever

    return Retriever.load(index, mathlib=mathlib)


def _checker(name: str, retriever: Retriever) -> Checker | None:
    if name == "none":
        return None
    if name == "static":
        from cramf.check.static import StaticChecker

        return StaticChecker.open(retriever.knowledge)
    return open_checker(name)


def _rows(
    make: Any, rows: str, out: Path | None, workers: int, as_json: bool, meter: Meter | None
) -> ExitCode:
    from cramf.cli.formalize_batch import check_outputs, read_rows, run_rows

    if out is None:
        raise InputError("--input needs a file for its results", "add --out FILE.jsonl")
    check_outputs(out, rows=True)
    return run_rows(make, read_rows(rows), out, workers, as_json, meter)


def _document(
    make: Any, document: Path, out: Path | None, workers: int, as_json: bool, meter: Meter | None
) -> ExitCode:
    from cramf.cli.formalize_batch import check_outputs, run_document, statements_of

    check_outputs(out, rows=False)
    return run_document(make, document, statements_of(document, as_json), out, workers, as_json, meter)


def _show_prompt(text: str, name: str | None, retriever: Retriever, k: int | None, as_json: bool) -> None:
    """Print the first prompt that this statement would make."""
    from cramf.formalize.lookups import known_of
    from cramf.formalize.prompt import build_prompt

    own = unique_name(statement_name(text), known_of(retriever)) if name is None else name
    prompt = build_prompt(
        Request(
            statement=text,
            name=own,
            concepts=tuple(retriever.concepts(text)),
            definitions=tuple(retriever.search(text, k)),
            toolchain=retriever.toolchain,
            mathlib_commit=retriever.mathlib_commit,
        )
    )
    if as_json:
        click.echo(dumps({"messages": prompt.messages, **{f: getattr(prompt, f) for f in _PROMPT_FIELDS}}))
        return
    for line in prompt_lines(prompt):
        click.echo(line)


_PROMPT_FIELDS = ("version", "definitions", "examples", "tokens")


def _exit_code(result: Formalization) -> ExitCode:
    if result.draft.abstention is not None:
        return ExitCode.ABSTAINED
    if result.verdict is not None and not result.verdict.positive:
        return ExitCode.NOT_VALID
    return ExitCode.OK
