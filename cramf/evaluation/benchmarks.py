"""Benchmark rows for retrieval: informal statements with the Mathlib definitions that their formal ones use.

A file is JSONL in UTF-8, an object a line; blank lines hold no row. A row needs `informal_statement` (text)
and `mathlib_dependencies` (a list of Lean names, which may be empty; a name counts once). A `name` that is
text must be no other row's. All other fields are passed over. A row that cannot be used is an error, so that
no figure is of fewer rows than it says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cramf.errors import InputError
from cramf.retrieval.retriever import MAX_QUERY

__all__ = ["Benchmark", "Row", "checked_names", "checked_statement", "load_benchmark", "read_rows"]

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
    sha256, found = read_rows(path)
    rows: list[Row] = []
    first: dict[str, int] = {}
    for number, values in found:
        row = _row(values, f"{path}:{number}")
        if row.name and first.setdefault(row.name, number) != number:
            raise InputError(
                f"{path}:{number}: the name {_short(row.name)} is that of line {first[row.name]} already",
                "remove one of the two rows or rename it",
            )
        rows.append(row)
    return Benchmark(path, sha256, tuple(rows))


def read_rows(path: Path) -> tuple[str, list[tuple[int, dict[str, Any]]]]:
    """SHA-256 of a JSONL file, and its objects with the numbers of their lines; at least one.

    Raises:
        InputError: with file and line, where the file cannot be read, is empty, or any line is no object.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "check the path") from None
    # Not `splitlines`: JSON text may hold U+2028 and its like as they are.
    lines = enumerate(data.removeprefix(_BOM).split(b"\n"), start=1)
    rows = [(number, _object(line, f"{path}:{number}")) for number, line in lines if line.strip()]
    if not rows:
        raise InputError(f"{path} holds no row", f"write one JSON object a line, with {_STATEMENT}")
    return hashlib.sha256(data).hexdigest(), rows


def checked_statement(values: Mapping[str, Any], place: str, longest: int = MAX_QUERY) -> str:
    """The informal statement of a row.

    Raises:
        InputError: where there is none, or it is no text, blank, too long or no Unicode.
    """
    if _STATEMENT not in values:
        raise InputError(f"{place}: the row has no {_STATEMENT}", "add it, or remove the row")
    statement = values[_STATEMENT]
    if not isinstance(statement, str):
        raise InputError(f"{place}: {_STATEMENT} is {_kind(statement)}", "write the statement as text")
    if not statement.replace("\0", " ").strip():
        raise InputError(f"{place}: {_STATEMENT} is blank", "write the statement, or remove the row")
    if len(statement) > longest:
        raise InputError(
            f"{place}: {_STATEMENT} has {len(statement):,} characters, more than {longest:,}",
            "give one statement a row",
        )
    _check_unicode(statement, place)
    return statement


def checked_names(values: Mapping[str, Any], place: str) -> frozenset[str]:
    """The gold names of a row.

    Raises:
        InputError: where they are missing, no list, or hold what is no name.
    """
    if _DEPENDENCIES not in values:
        raise InputError(f"{place}: the row has no {_DEPENDENCIES}", "add it, or remove the row")
    names = values[_DEPENDENCIES]
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
    for item in names:
        _check_unicode(item, place)
    return frozenset(names)


def _row(values: Mapping[str, Any], place: str) -> Row:
    statement = checked_statement(values, place)
    gold = checked_names(values, place)
    name = values.get(_NAME)
    return Row(statement, gold, name if isinstance(name, str) else "")


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
