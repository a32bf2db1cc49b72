"""Files to candidates: `.lean` files and JSONL rows, each with the way back from a position to its file.

A `.lean` file is one candidate: its leading imports are the header, the rest is the statement. A JSONL row
has `formal_statement`, perhaps `helper`, `header` (`import Mathlib` if absent) and a name; a row that holds
`formal_statement` under `verified` is read from there. What cannot be read becomes an `Unreadable`, so that
no count is of fewer statements than it says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from cramf.check.safety import MAX_CHARACTERS
from cramf.check.verdict import Candidate, Part
from cramf.errors import InputError
from cramf.files import decode_text
from cramf.json_rows import is_unicode, iter_rows, json_kind
from cramf.lean.lexer import TokenKind, tokenize

__all__ = [
    "DEFAULT_HEADER",
    "MAX_BYTES",
    "STDIN",
    "Entry",
    "Format",
    "Unreadable",
    "duplicates",
    "format_of",
    "read_inputs",
    "split_lean",
]

Format = Literal["lean", "jsonl"]

STDIN = "<stdin>"
"""How standard input is named in messages."""
DEFAULT_HEADER = "import Mathlib"
MAX_BYTES = 1 << 20
"""Bytes of the longest row or `.lean` file that is read."""

_BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
_SUFFIXES: dict[str, Format] = {".lean": "lean", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_NAMES = ("name", "id", "problem_id")
_STATEMENT = "formal_statement"


@dataclass(frozen=True, slots=True)
class Entry:
    """A candidate and where it stands.

    `row` is the line of the JSONL file (from 1), None for a `.lean` file; `text` is the text of a `.lean`
    file with plain newlines, and `offset` the number of its lines above the statement.
    """

    candidate: Candidate
    file: str
    row: int | None = None
    text: str = ""
    offset: int = 0

    def line(self, part: Part, line: int) -> int:
        """A line of a part (from 1) as a line of the `.lean` file; of a JSONL row, as a line of the part."""
        return line + self.offset if self.row is None and part is not Part.HEADER else line

    def source_line(self, part: Part, line: int) -> str | None:
        """The text of a line of a part, or None where there is no such line."""
        if self.row is None:
            lines, line = self.text.split("\n"), self.line(part, line)
        else:
            lines = dict(self.candidate.segments).get(part, "").split("\n")
        return lines[line - 1] if 0 < line <= len(lines) else None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row or file that holds no candidate: what is wrong with it and the mend. `row` as in `Entry`."""

    file: str
    row: int | None
    message: str
    mend: str

    @property
    def error(self) -> InputError:
        return InputError(self.message, self.mend)


def format_of(path: str, given: Format | None) -> Format:
    """The format of a file: the one given, else what the suffix says.

    Raises:
        InputError: where the suffix does not say it.
    """
    found = given or _SUFFIXES.get(Path(path).suffix.lower())
    if found is None:
        what = "standard input has no suffix" if path == "-" else f"the suffix of {shown(path)} is not known"
        raise InputError(what, "add --format lean or --format jsonl")
    return found


def shown(path: str) -> str:
    """A path as text that can be printed and written as JSON, whatever bytes are in it."""
    return STDIN if path == "-" else path.encode("utf-8", "backslashreplace").decode("utf-8")


def read_inputs(paths: Sequence[str], given: Format | None, stdin: BinaryIO) -> list[Entry | Unreadable]:
    """Everything that the files hold, in their order; `-` is `stdin`.

    Raises:
        InputError: where a format cannot be told or `-` is named twice. What is wrong inside files, or with
            opening them, is in the list.
    """
    if paths.count("-") > 1:
        raise InputError("standard input is named twice", "give `-` only once")
    formats = [format_of(path, given) for path in paths]
    found: list[Entry | Unreadable] = []
    for path, form in zip(paths, formats, strict=True):
        read = _lean if form == "lean" else _rows
        try:
            if path == "-":
                found += read(stdin, STDIN)
            else:
                with Path(path).open("rb") as handle:
                    found += read(handle, shown(path))
        except OSError as error:
            reason = error.strerror or str(error)
            found.append(
                Unreadable(shown(path), None, f"cannot read {shown(path)}: {reason}", "check the path")
            )
        except ValueError as error:  # a NUL in the path
            found.append(
                Unreadable(shown(path), None, f"cannot read {shown(path)!r}: {error}", "check the path")
            )
    return found


def duplicates(found: Sequence[Entry | Unreadable]) -> dict[str, int]:
    """Names that more than one candidate has, with how many have each."""
    counted = Counter(entry.candidate.name for entry in found if isinstance(entry, Entry))
    return {name: count for name, count in counted.items() if count > 1}


# -- .lean --------------------------------------------------------------------------------------------------


def split_lean(text: str) -> tuple[str, str]:
    """A Lean file's leading imports, with the comments and blank lines before and between, and its rest.

    Both together are the text. `module`, `prelude` and `public import` are not understood: what begins with
    them is all rest, where screening refuses imports.
    """
    # Longer text is refused by screening, wherever it is cut.
    tokens, _ = tokenize(text[:MAX_CHARACTERS])
    end = 0
    naming = importing = False
    for token in tokens:
        if token.kind in (TokenKind.WHITESPACE, TokenKind.COMMENT):
            if importing and "\n" in token.text and token.kind is TokenKind.WHITESPACE:
                end, importing = token.start + token.text.index("\n") + 1, False
        elif naming:
            naming, importing = False, True
        elif token.text == "import":
            naming, importing = True, False
        else:
            break
    if naming or importing:
        # No line ends between the last import and what follows it.
        newline = text.find("\n", token.end)
        end = newline + 1 if newline >= 0 else len(text)
    return text[:end], text[end:]


def _lean(handle: BinaryIO, file: str) -> Iterator[Entry | Unreadable]:
    """The one candidate of a `.lean` file."""
    data = handle.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        yield Unreadable(
            file, None, f"{file} is larger than {MAX_BYTES:,} bytes", "give one statement a file"
        )
        return
    try:
        text = decode_text(data, file).replace("\r\n", "\n")
    except InputError as error:
        yield Unreadable(file, None, error.message, error.mend)
        return
    if not text.strip():
        yield Unreadable(file, None, f"{file} is empty", "write a theorem that ends in `:= by sorry`")
        return
    header, rest = split_lean(text)
    # Blank lines before the statement are no part of it, so that a position does not depend on them.
    statement = _BLANK_LINES.sub("", rest, count=1)
    offset = text.count("\n", 0, len(text) - len(statement))
    name = STDIN if file == STDIN else Path(file).stem
    yield Entry(Candidate(name, header, statement), file, None, text, offset)


# -- JSONL --------------------------------------------------------------------------------------------------


def _rows(handle: BinaryIO, file: str) -> Iterator[Entry | Unreadable]:
    """The rows of a JSONL file; blank lines hold none, and a file without rows is itself unreadable."""
    rows = 0
    for number, values in iter_rows(handle, file, MAX_BYTES):
        rows += 1
        try:
            if isinstance(values, InputError):
                raise values
            yield Entry(_candidate(values, f"{file}:{number}", number), file, number)
        except InputError as error:
            yield Unreadable(file, number, error.message, error.mend)
    if not rows:
        mend = f"write one JSON object a line, with {_STATEMENT}"
        yield Unreadable(file, None, f"{file} holds no row", mend)


def _candidate(row: dict[str, Any], place: str, number: int) -> Candidate:
    inner = row.get("verified")
    values = inner if isinstance(inner, dict) and inner.get(_STATEMENT) is not None else row
    statement = _text(values, _STATEMENT, place)
    if statement is None:
        raise InputError(f"{place}: the row has no {_STATEMENT}", "add it, or remove the row")
    if not statement.strip():
        raise InputError(f"{place}: {_STATEMENT} is blank", "write the statement, or remove the row")
    header = _text(values, "header", place)
    helper = _text(values, "helper", place)
    return Candidate(
        _name(row, place, number), DEFAULT_HEADER if header is None else header, statement, helper or ""
    )


def _name(row: dict[str, Any], place: str, number: int) -> str:
    """The first of the naming keys that says something, else the number of the row."""
    for key in _NAMES:
        value = row.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        name = _text(row, key, place)
        if name is not None and name.strip():
            return name
    return str(number)


def _text(values: dict[str, Any], key: str, place: str) -> str | None:
    """A text of a row; None where it is absent or null."""
    value = values.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{place}: {key} is {json_kind(value)}", "write it as text")
    if not is_unicode(value):
        raise InputError(f"{place}: {key} has half a surrogate pair", "write the whole character")
    return value
