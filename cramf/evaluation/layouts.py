"""Which files a benchmark consists of, what form each has, and its rows with their places.

A form is recognised by content (`PAR1`, `[`, Lean text by its suffix) and may be named. A folder is a Lean
repository where it has a `lean-toolchain` or a lakefile, else a folder of data files; where it could be read
in more than one way, it is an error that says so.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from cramf.errors import InputError
from cramf.evaluation.lean_files import has_problems, lean_problems, split_of_path
from cramf.json_rows import iter_rows, json_kind, utf16_error

__all__ = ["LAYOUTS", "MAX_FILE", "RawRow", "Source", "files_of", "find_sources", "read_source"]

LAYOUTS = ("jsonl", "json", "parquet", "lean")
"""Forms of a file: JSON Lines, one JSON array, Parquet, and Lean with a theorem a problem."""
MAX_FILE = 1 << 30
"""Bytes of the largest file that is read."""

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet", ".lean": "lean"}
_LEAN_PROJECT = ("lean-toolchain", "lakefile.lean", "lakefile.toml")
# JSON that lies beside data without being any.
_NO_DATA = frozenset("lake-manifest.json origin.json package.json dataset_info.json".split())
_MANY = 5
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"BZh")
"""How compressed files begin: gzip, ZIP, xz, Zstandard, bzip2."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a benchmark: where it is, its name for messages and checksums, its form and its split."""

    path: Path
    shown: str
    layout: str
    split: str = ""


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands in a file, or why there is none; `fallback` names it where it has no name."""

    place: str
    values: dict[str, Any] | InputError
    fallback: str


def find_sources(
    path: Path, layout: str = "", patterns: Sequence[tuple[str, str]] = (), within: str = ""
) -> list[Source]:
    """The files of a benchmark in a fixed order; `patterns` are globs under a folder with the split of each.

    Raises:
        InputError: where there is none, a pattern finds nothing, or it is not clear which files are meant.
    """
    if layout and layout not in LAYOUTS:
        raise InputError(f"no layout is named {layout!r}", f"use {', '.join(LAYOUTS)}")
    if path.is_file():
        split = split_of_path(PurePath(path.parent.name) / path.name)
        return [
            Source(path, within or path.name, layout or _SUFFIXES.get(path.suffix.lower(), "jsonl"), split)
        ]
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a pipe or a device, not a file", "save it as a file first")
    if not path.is_dir():
        raise InputError(f"there is no file or folder {path}", "check the path")
    if patterns:
        return [
            Source(file, shown, layout or _layout_of(file), split or split_of_path(PurePath(shown)))
            for pattern, split in patterns
            for file, shown in files_of(path, pattern)
        ]
    files = _data_files(path, layout)
    return [
        Source(
            file,
            file.relative_to(path).as_posix(),
            layout or _layout_of(file),
            split_of_path(file.relative_to(path)),
        )
        for file in files
    ]


def files_of(folder: Path, pattern: str) -> list[tuple[Path, str]]:
    """The files that a glob finds in a folder, with their paths inside it, sorted by these.

    Raises:
        InputError: where it finds none.
    """
    found = sorted((f.relative_to(folder).as_posix(), f) for f in folder.glob(pattern) if f.is_file())
    if not found:
        raise InputError(f"{folder} has no file {pattern}", "fetch the benchmark again, or check the path")
    return [(file, shown) for shown, file in found]


def _layout_of(file: Path) -> str:
    return _SUFFIXES.get(file.suffix.lower(), "jsonl")


def _data_files(folder: Path, layout: str) -> list[Path]:
    """The files of a folder that hold rows, all of one form."""
    if layout == "lean" or (not layout and any((folder / name).is_file() for name in _LEAN_PROJECT)):
        lean = [f for f in sorted(folder.rglob("*.lean")) if _is_problem_file(f.relative_to(folder))]
        # Files that only import the others are part of every Lean repository.
        lean = [f for f in lean if has_problems(f.read_bytes().decode("utf-8", "replace"))]
        if lean or layout:
            return _some(lean, folder, "Lean file with a theorem")
    named = [f for f in sorted(folder.iterdir()) if f.is_file() and f.suffix.lower() in _SUFFIXES]
    inner = folder / "data"
    if inner.is_dir():
        named += [f for f in sorted(inner.iterdir()) if f.is_file()]
    files = [
        f
        for f in named
        if f.name not in _NO_DATA
        and (
            _SUFFIXES.get(f.suffix.lower()) == layout
            if layout
            else f.suffix.lower() in _SUFFIXES and f.suffix != ".lean"
        )
    ]
    kinds = sorted({_layout_of(f) for f in files})
    if len(kinds) > 1:
        raise InputError(f"{folder} holds {' and '.join(kinds)} files", "name the file, or the layout")
    if len(files) > 1 and len({split_of_path(f.relative_to(folder)) for f in files}) < len(files):
        names = ", ".join(f.name for f in files[:_MANY]) + (", …" if len(files) > _MANY else "")
        if not all(split_of_path(f.relative_to(folder)) for f in files):
            raise InputError(f"{folder} holds several data files ({names})", "name the one that is meant")
    return _some(files, folder, "data file (.jsonl, .json, .parquet, or .lean in a Lean repository)")


def _is_problem_file(inside: PurePath) -> bool:
    return inside.name != "lakefile.lean" and not any(part.startswith(".") for part in inside.parts)


def _some(files: list[Path], folder: Path, what: str) -> list[Path]:
    if not files:
        raise InputError(f"{folder} has no {what}", "name the file, or another folder")
    return files


def read_source(source: Source) -> tuple[str, list[RawRow]]:
    """SHA-256 of a file, and its rows in their order.

    Raises:
        InputError: where the file as a whole cannot be read or holds no row. What is wrong with one row
            stands in its place.
    """
    file = str(source.path)
    try:
        if source.path.stat().st_size > MAX_FILE:
            raise InputError(f"{file} is larger than {MAX_FILE:,} bytes", "split it into parts")
        data = source.path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}", "check the path") from None
    if not data.strip():
        raise InputError(f"{file} is empty", "give a file with rows")
    if data.startswith(_PACKED):
        raise InputError(f"{file} is compressed", "unpack it, and give what was in it")
    stem = source.path.stem
    read = list(_rows(data, source.layout, file))
    if not read:
        raise InputError(f"{file} holds no row", "give a file with rows")
    mark = ":row " if source.layout == "parquet" or data.startswith(b"PAR1") else ":"
    rows = [RawRow(f"{file}{mark}{number}", values, f"{stem}:{number}") for number, values in read]
    return hashlib.sha256(data).hexdigest(), rows


def _rows(data: bytes, layout: str, file: str) -> Iterator[tuple[int, dict[str, Any] | InputError]]:
    if data.startswith(b"PAR1"):
        yield from _parquet(data, file)
    elif layout == "parquet":
        raise InputError(
            f"{file} is no Parquet file", "fetch it again; Git LFS may have left a pointer in its place"
        )
    elif layout == "lean":
        yield from lean_problems(_decoded(data, file), file)
    elif data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        yield from _array(data, file)
    else:
        yield from iter_rows(io.BytesIO(data), file)


def _decoded(data: bytes, file: str) -> str:
    """The text of a whole file.

    Raises:
        InputError: with the first line that is not UTF-8.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise utf16_error(file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        begin = data.rfind(b"\n", 0, error.start) + 1
        raise InputError(
            f"{file}:{line} is not UTF-8 text (byte {error.start - begin} of the line)",
            "save it as UTF-8 and try again",
        ) from None


def _array(data: bytes, file: str) -> Iterator[tuple[int, dict[str, Any] | InputError]]:
    """The elements of a JSON array with the lines that they begin in."""
    text = _decoded(data, file)
    decoder = json.JSONDecoder()
    line, counted = 1, 0

    def past_blanks(at: int) -> int:
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        return at

    at = past_blanks(text.index("[") + 1)
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            values, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise InputError(
                f"{file}:{error.lineno} is not JSON: {error.msg}, column {error.colno}", "mend the array"
            ) from None
        except (ValueError, RecursionError):
            raise InputError(f"{file}:{line} is not JSON that can be read", "mend the array") from None
        if isinstance(values, dict):
            yield line, values
        else:
            yield (
                line,
                InputError(f"{file}:{line} is {json_kind(values)}, not an object", "write one object a row"),
            )
        at = past_blanks(at)
        if text[at : at + 1] == ",":
            at = past_blanks(at + 1)
        elif text[at : at + 1] != "]":
            line = text.count("\n", 0, at) + 1
            raise InputError(f"{file}:{line} is not JSON: a comma or `]` is missing", "mend the array")
    if past_blanks(at + 1) < len(text):
        line = text.count("\n", 0, at) + 1
        raise InputError(f"{file}:{line}: something follows the array", "remove it")


def _parquet(data: bytes, file: str) -> Iterator[tuple[int, dict[str, Any] | InputError]]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(data))
        rows = table.to_pylist()
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{file} cannot be read as Parquet: {reason}", "fetch it again") from None
    yield from enumerate(rows, start=1)
