"""`cramf formalize` for many statements: JSONL in and out, and whole documents."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cramf.cli.check_output import printable
from cramf.errors import ExitCode, InputError
from cramf.files import decode_text
from cramf.formalize.many import Item, Record, Run
from cramf.jsonable import dumps, to_jsonable

if TYPE_CHECKING:
    from cramf.formalize.documents import Document, Stated
    from cramf.formalize.formalizer import Formalizer
    from cramf.formalize.models.accounting import Meter

__all__ = ["check_outputs", "read_rows", "run_document", "run_rows", "statements_of"]

_MAX_ROW: Final = 1 << 20
_STATEMENTS: Final = ("statement", "informal_statement")
_OUTCOMES: Final = ("passed", "unchecked", "not passed", "abstained", "failed")
_LEAN, _ROWS = ".lean", (".jsonl", ".ndjson")

Make = Callable[[], "Formalizer"]


def read_rows(path: str) -> list[Item]:
    """The statements of a JSONL file, or of standard input for `-`.

    Raises:
        InputError: where it cannot be read, a row is no statement, or there is none.
    """
    shown = "standard input" if path == "-" else path
    items: list[Item] = []
    bad: list[InputError] = []
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as handle:
            number = 0
            while line := handle.readline(_MAX_ROW + 1):
                number += 1
                if len(line) > _MAX_ROW:
                    raise InputError(f"{shown}, row {number} is larger than {_MAX_ROW:,} bytes", "shorten it")
                if not line.strip():
                    continue
                try:
                    items.append(_item(line, f"{shown}, row {number}"))
                except InputError as error:
                    bad.append(error)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read {shown}: {reason}", "check the path") from None
    if bad:
        more = f" (and {len(bad) - 1} more rows cannot be used)" if len(bad) > 1 else ""
        raise InputError(f"{bad[0].message}{more}", bad[0].mend)
    if not items:
        raise InputError(f"{shown} holds no statements", 'write rows such as {"statement": "..."}')
    return items


def _item(line: bytes, where: str) -> Item:
    text = decode_text(line, where)
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{where} is not JSON", 'write rows such as {"statement": "..."}') from None
    found = [row[key] for key in _STATEMENTS if isinstance(row, dict) and isinstance(row.get(key), str)]
    if not found:
        raise InputError(f"{where} holds no statement", f"give it a text under {' or '.join(_STATEMENTS)}")
    name = row.get("name")
    if name is not None and not isinstance(name, str):
        raise InputError(f"{where} has a name that is no text", "write it in quotes, or leave it out")
    return Item(found[0], name)


def check_outputs(out: Path | None, rows: bool) -> None:
    """Refuse, before any work, a file that cannot be written; `rows` says that JSONL alone is written.

    Raises:
        InputError: where its suffix is of another format, or it is a folder or in none.
    """
    if out is None:
        return
    known = _ROWS if rows else (_LEAN, *_ROWS)
    if not rows and out.suffix.lower() not in known:
        raise InputError(f"the suffix of {out} says no format", "name it .lean or .jsonl")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise InputError(f"cannot write {out}", "give --out a file in a folder that exists")


def run_rows(
    make: Make, items: Sequence[Item], out: Path, workers: int, as_json: bool, meter: Meter | None
) -> ExitCode:
    """Formalize rows into a file that can be gone on from; print a summary."""
    run = _run(make(), items, out, workers, as_json)
    summary = {**_counts(run), **_taken(meter), "out": str(out)}
    if as_json:
        click.echo(dumps(summary))
    else:
        _tell_failures(run.records)
        click.echo(f"{_sentence(run, meter)}; in {out}")
    return _exit_code(run.records)


def statements_of(path: Path, as_json: bool) -> Document:
    """The statements of a document; what was not read is told on standard error.

    Raises:
        InputError: where it cannot be read, or there are none.
    """
    from cramf.formalize.documents import load_document

    document = load_document(path)
    if not as_json:
        for remark in document.remarks:
            where = printable(f"{path}:{remark.line}:{remark.column}")
            click.echo(f"cramf: warning: {where}: {printable(remark.message)}", err=True)
    if not document.statements:
        raise InputError(
            f"no theorem was found in {path}",
            "name the environments by \\newtheorem in LaTeX, or begin with **Theorem.** in Markdown",
        )
    return document


def run_document(
    make: Make,
    source: Path,
    document: Document,
    out: Path | None,
    workers: int,
    as_json: bool,
    meter: Meter | None,
) -> ExitCode:
    """Formalize a document's statements into one Lean file or into rows; print a summary."""
    from cramf.formalize.documents.lean_file import Placed, lean_file

    items = [Item(stated.text) for stated in document.statements]
    journal = None if out is None else out.with_name(f"{out.name}.journal")
    run = _run(make(), items, journal, workers, as_json)
    placed = [Placed(*pair) for pair in zip(document.statements, run.records, strict=True)]
    rows = [_row(str(source), each.stated, each.record) for each in placed]
    lean = lean_file(str(source), placed)
    if out is not None:
        from cramf.cli.writing import write_out

        as_rows = out.suffix.lower() in _ROWS
        write_out(out, "".join(f"{dumps(row)}\n" for row in rows) if as_rows else lean)
        if journal is not None and not any(r.failure and r.failure.kind == "backend" for r in run.records):
            journal.unlink(missing_ok=True)
    if as_json:
        brief = [
            {**row, "result": None, "lean": _lean_of(each.record)}
            for row, each in zip(rows, placed, strict=True)
        ]
        for row in brief:
            del row["result"]
        click.echo(
            dumps(
                {
                    **_counts(run),
                    **_taken(meter),
                    "document": str(source),
                    "out": None if out is None else str(out),
                    "statements": brief,
                    "remarks": document.remarks,
                }
            )
        )
    elif out is None:
        click.echo(lean, nl=False)
        _tell_failures(run.records)
        click.echo(_sentence(run, meter), err=True)
    else:
        for line in _told(placed, str(source)):
            click.echo(line)
        click.echo(f"{_sentence(run, meter)}; in {out}")
    return _exit_code(run.records)


def _run(formalizer: Formalizer, items: Sequence[Item], out: Path | None, workers: int, as_json: bool) -> Run:
    shown = sys.stderr.isatty() and not as_json
    try:
        return formalizer.formalize_many(items, out, progress=shown, concurrency=workers)
    except KeyboardInterrupt:
        if out is not None:
            click.echo(f"cramf: what is done is in {out}; the same command goes on from there", err=True)
        raise


def _row(source: str, stated: Stated, record: Record) -> dict[str, Any]:
    place: dict[str, Any] = to_jsonable(stated)
    text = place.pop("text")
    result = record.result
    return {
        "document": source,
        **place,
        "statement": text,
        "name": None if result is None or result.candidate is None else result.name,
        "outcome": record.outcome,
        "failure": to_jsonable(record.failure),
        "result": to_jsonable(result),
    }


def _lean_of(record: Record) -> str | None:
    candidate = record.result.candidate if record.result is not None else None
    return None if candidate is None else candidate.source


def _told(placed: Sequence[Any], source: str) -> Iterator[str]:
    """A line for each statement."""
    from cramf.formalize.documents.lean_file import checked, place

    for each in placed:
        record: Record = each.record
        more = ""
        if record.failure is not None:
            more = f": {printable(record.failure.message)}"
        elif record.result is not None and record.result.draft.abstention is not None:
            more = f": {printable(record.result.draft.abstention.reason)}"
        elif record.result is not None:
            more = f" as {record.result.name}"
            if record.outcome == "not passed":
                more = f": {printable(checked(record.result.verdict))}"
        yield f"{place(source, each.stated)}: {_coloured(record.outcome)}{more}"


def _coloured(outcome: str) -> str:
    return click.style(
        outcome, fg="green" if outcome == "passed" else "yellow" if outcome == "unchecked" else "red"
    )


def _counts(run: Run) -> dict[str, Any]:
    counts = {outcome.replace(" ", "_"): run.counts.get(outcome, 0) for outcome in _OUTCOMES}
    return {"statements": len(run.records), **counts, "resumed": run.resumed}


def _taken(meter: Meter | None) -> dict[str, Any]:
    return {} if meter is None else {"tokens": meter.usage.tokens, "cost": meter.usage.cost}


def _sentence(run: Run, meter: Meter | None) -> str:
    parts = [f"{run.counts[outcome]} {outcome}" for outcome in _OUTCOMES if run.counts.get(outcome)]
    if run.resumed:
        parts.append(f"{run.resumed} of them from before")
    if meter is not None and meter.usage.replies:
        cost = meter.usage.cost
        parts.append(f"{meter.usage.tokens:,} tokens{f', ${cost:.4f}' if cost is not None else ''}")
    total = len(run.records)
    return f"{total} statement{'s' if total != 1 else ''}: {', '.join(parts)}"


def _tell_failures(records: Sequence[Record], most: int = 5) -> None:
    """What made statements fail, the commonest first."""
    told = Counter(f"{r.failure.message}; {r.failure.mend}" for r in records if r.failure is not None)
    for message, count in told.most_common(most):
        times = f" ({count} times)" if count > 1 else ""
        click.echo(f"cramf: warning: {printable(message)}{times}", err=True)


def _exit_code(records: Sequence[Record]) -> ExitCode:
    """The code of the worst that happened, as `cramf formalize --help` orders it."""
    kinds = {record.failure.kind for record in records if record.failure is not None}
    outcomes = {record.outcome for record in records}
    for found, code in (
        ("backend" in kinds, ExitCode.BACKEND),
        ("input" in kinds, ExitCode.BAD_INPUT),
        ("not passed" in outcomes, ExitCode.NOT_VALID),
        ("abstained" in outcomes, ExitCode.ABSTAINED),
    ):
        if found:
            return code
    return ExitCode.OK
