"""A corpus of messages in the shapes of Lean v4.9 to v4.33, each with what must be read from it.

The formats are Lean's, the names and types in them are invented. What is expected was written down message by
message, not taken from the table.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cramf.lean.messages import CATEGORIES, Message, parse_build, parse_json, parse_repl

ROWS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "message_corpus.jsonl").read_text(encoding="utf-8").split("\n")
    if line
]


def read(row: dict[str, Any]) -> tuple[Message, ...]:
    """The messages of a row, by the function that reads its form."""
    if row["form"] == "repl":
        response = parse_repl(row["text"])
        assert response.error is None
        return response.messages
    if row["form"] == "json":
        messages, strays = parse_json(row["text"])
        assert strays == ()
        assert parse_build(row["text"]).messages == messages
        return messages
    return parse_build(row["text"]).messages


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}-{row['category']}" for n, row in enumerate(ROWS)])
def test_message(row: dict[str, Any]) -> None:
    (message,) = read(row)
    assert (*message.classified, message.severity, list(message.suggestions)) == (
        row["category"],
        row["name"],
        row["severity"],
        row["suggestions"],
    )
    place = (message.file, message.line, message.column, message.end_line, message.end_column, message.name)
    keys = ("file", "line", "column", "end_line", "end_column", "error_name")
    assert place == tuple(row.get(key) for key in keys)


def test_messages_survive_windows_newlines_and_colours() -> None:
    for row in ROWS:
        if row["form"] in ("lake", "lean"):
            text = row["text"].replace("error", "\x1b[31merror\x1b[0m", 1).replace("\n", "\r\n")
            assert parse_build(f"{text}\r\n").messages == read(row)


def test_messages_are_told_apart_in_one_log() -> None:
    rows = [row for row in ROWS if row["form"] != "repl"]
    log = parse_build("\n".join(row["text"] for row in rows))
    assert log.messages == tuple(message for row in rows for message in read(row))


def test_corpus_covers_what_it_should() -> None:
    assert len(ROWS) >= 200
    assert len({row["text"] for row in ROWS}) == len(ROWS)
    assert {row["form"] for row in ROWS} == {"lake", "lean", "json", "repl"}
    assert {row["severity"] for row in ROWS} == {"error", "warning", "information", "trace"}
    minors = {int(row["version"].removeprefix("v4.")) for row in ROWS}
    assert minors == set(range(9, 34))
    categories = Counter(row["category"] for row in ROWS)
    assert set(categories) == CATEGORIES - {"other", "unreadable"}
