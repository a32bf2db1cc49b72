"""One formalization as lines for a reader at a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cramf.check.verdict import Diagnostic, Verdict
    from cramf.formalize.prompt import Prompt
    from cramf.formalize.types import Abstention, Formalization
    from cramf.retrieval.types import Hit

__all__ = ["human", "prompt_lines"]


def human(result: Formalization, width: int) -> Iterator[str]:
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
    if result.trace is not None and len(result.attempts) > 1:
        from cramf.formalize.trace import explain

        yield _heading("Attempts")
        yield from (_shorten(f"  {line}", width) for line in explain(result.trace))
        yield ""
    if abstention is not None:
        yield _heading(f"Abstained (by {result.draft.backend})")
        yield from _caret(result.statement, abstention, width)
    else:
        yield _heading("Verdict")
        yield from _verdict(result.verdict)


def prompt_lines(prompt: Prompt) -> Iterator[str]:
    """The messages of a prompt, each below the role that says it."""
    for message in prompt.messages:
        yield _heading(message.role)
        yield message.content
        yield ""
    yield f"{prompt.version}: {len(prompt.definitions)} definitions, about {prompt.tokens:,} tokens"


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
        said = verdict.detail or "nothing was found wrong"
        told = said if "not elaborated" in said else f"{said}; Lean has not elaborated this"
        yield f"  {verdict.checker}: {told}"
    if verdict.resolved:
        yield f"  it rests on {', '.join(verdict.resolved)}"
    yield from (f"    {_diagnostic(diagnostic)}" for diagnostic in verdict.diagnostics)


def _diagnostic(diagnostic: Diagnostic) -> str:
    where = ""
    if diagnostic.line is not None:
        column = "" if diagnostic.column is None else f":{diagnostic.column}"
        part = "" if diagnostic.part == "statement" else f"{diagnostic.part} "
        where = f"{part}line {diagnostic.line}{column}: "
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
