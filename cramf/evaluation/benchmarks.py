"""Benchmark rows for retrieval: informal statements with the Mathlib definitions that their formal ones use.

A file is JSONL in UTF-8, an object a line; blank lines hold no row. A row needs `informal_statement` (text)
and `mathlib_dependencies` (a list of Lean names, which may be empty; a name counts once). A `name` that is
text must be no other row's. All other fields are passed over. A row that cannot be used is an error, so that
no figure is of fewer rows than it says.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cramf.errors import InputError
from cramf.retrieval.retriever import MAX_QUERY

__all__ = ["Benchmark", "Row", "load_benchmark"]

_STATEMENT = "informal_statement"
_DEPENDENCIES = "mathlib_dependencies"
_NAME = "name"
_BOM = b"\xef\xbb\xbf"
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A statement and the gold names; `name` is "" where the file gives none."""

    statement: str
    gold: frozenset[str]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The rows of a file, all of them, and the SHA-256 of the bytes that they were read from."""

    path: Path
    sha256: str
    rows: tuple[Row, ...]


def load_benchmark(path: Path) -> Benchmark:
    """All rows of a JSONL file.

    Raises:
        InputError: with file and line, where the file cannot be read, is empty, or any row cannot be used.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "check the path") from None
    rows: list[Row] = []
    first: dict[str, int] = {}
    # Not `splitlines`: JSON text may hold U+2028 and its like as they are.
    for number, line in enumerate(data.removeprefix(_BOM).split(b"\n"), start=1):
        place = f"{path}:{number}"
        if not line.strip():
            continue
        row = _row(line, place)
        if row.name and first.setdefault(row.name, number) != number:
            raise InputError(
                f"{place}: the name {_short(row.name)} is that of line {first[row.name]} already",
                "remove one of the two rows or rename it",
            )
        rows.append(row)
    if not rows:
        raise InputError(f"{path} holds no row", f"write one JSON object a line, with {_STATEMENT}")
    return Benchmark(path, hashlib.sha256(data).hexdigest(), tuple(rows))


def _row(line: bytes, place: str) -> Row:
    values = _object(line, place)
    for field in (_STATEMENT, _DEPENDENCIES):
        if field not in values:
            raise InputError(f"{place}: the row has no {field}", "add it, or remove the row")
    statement, names, name = values[_STATEMENT], values[_DEPENDENCIES], values.get(_NAME)
    if not isinstance(statement, str):
        raise InputError(f"{place}: {_STATEMENT} is {_kind(statement)}", "write the statement as text")
    if not statement.replace("\0", " ").strip():
        raise InputError(f"{place}: {_STATEMENT} is blank", "write the statement, or remove the row")
    if len(statement) > MAX_QUERY:
        raise InputError(
            f"{place}: {_STATEMENT} has {len(statement):,} characters, more than {MAX_QUERY:,}",
            "give one statement a row",
        )
    if not isinstance(names, list):
        raise InputError(f"{place}: {_DEPENDENCIES} is {_kind(names)}", "write a list of Lean names")
    for item in names:
        if not isinstance(item, str):
            raise InputError(f"{place}: {_DEPENDENCIES} holds {_kind(item)}", "write a list of Lean names")
        if not item.strip() or item != item.strip():
            raise InputError(
                f"{place}: {_DEPENDENCIES} holds {_short(item)}, which is no Lean name",
                "write each name in full, without spaces around it",
            )
    for text in (statement, *names):
        _check_unicode(text, place)
    return Row(statement, frozenset(names), name if isinstance(name, str) else "")


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{place} is not UTF-8 text (byte {error.start} of the line)", "save it as UTF-8 and try again"
        ) from None
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{place} is not JSON: {error.msg}, column {error.colno}", "write one JSON object a line"
        ) from None
    except (ValueError, RecursionError):  # numbers of thousands of digits, brackets a thousand deep
        raise InputError(f"{place} is not JSON that can be read", "write one JSON object a line") from None
    if not isinstance(values, dict):
        raise InputError(f"{place} is {_kind(values)}, not an object", "write one JSON object a line")
    return values


def _check_unicode(text: str, place: str) -> None:
    """Half of a surrogate pair can be neither encoded nor printed."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(
            f"{place}: the row has half a surrogate pair, such as \\ud835 alone", "write the whole character"
        ) from None


def _kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else "a number"


def _short(text: str) -> str:
    """Text for a message: quoted, on one line, cut where it is long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
