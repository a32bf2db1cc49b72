"""Benchmark rows for formalizing: informal statements with the formal ones that they are compared with.

A file is JSONL as in `cramf.evaluation.benchmarks`. A row needs `informal_statement` and `formal_statement`;
`header`, `helper` and `name` are optional. A row that holds `formal_statement` under `verified` is read from
there, its informal statement included. `mathlib_dependencies` are only asked for by the oracle arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cramf.check.inputs import DEFAULT_HEADER
from cramf.errors import InputError
from cramf.evaluation.benchmarks import checked_names, checked_statement, read_rows
from cramf.formalize.formalizer import MAX_STATEMENT

__all__ = ["Reference", "References", "load_references"]

_FORMAL = "formal_statement"
_DEPENDENCIES = "mathlib_dependencies"


@dataclass(frozen=True, slots=True)
class Reference:
    """An informal statement and its formal one; `name` is "" and `gold` None where the row has none."""

    statement: str
    formal: str
    header: str = DEFAULT_HEADER
    helper: str = ""
    name: str = ""
    gold: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class References:
    """The rows of a file, all of them, and the SHA-256 of the bytes that they were read from."""

    path: Path
    sha256: str
    rows: tuple[Reference, ...]


def load_references(path: Path) -> References:
    """All rows of a JSONL file.

    Raises:
        InputError: with file and line, where the file cannot be read, is empty, or any row cannot be used.
    """
    sha256, rows = read_rows(path)
    return References(path, sha256, tuple(_row(values, f"{path}:{number}") for number, values in rows))


def _row(values: Mapping[str, Any], place: str) -> Reference:
    inner = values.get("verified")
    verified = inner if isinstance(inner, dict) and _FORMAL in inner else values
    source = verified if "informal_statement" in verified else values
    name = values.get("name")
    return Reference(
        checked_statement(source, place, MAX_STATEMENT),
        _text(verified, _FORMAL, place, None),
        _text(verified, "header", place, DEFAULT_HEADER),
        _text(verified, "helper", place, ""),
        name if isinstance(name, str) else "",
        checked_names(values, place) if _DEPENDENCIES in values else None,
    )


def _text(values: Mapping[str, Any], field: str, place: str, default: str | None) -> str:
    """A field that is text; without a default it must be there and hold something."""
    value = values.get(field)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise InputError(f"{place}: the row has no {field} that is text", "add it, or remove the row")
    if default is None and not value.strip():
        raise InputError(f"{place}: {field} is blank", "write the formal statement, or remove the row")
    return value
