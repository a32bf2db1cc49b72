"""JSON Lines as every room reads them: an object a line, with what is wrong told by file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from cramf.errors import InputError

__all__ = ["is_unicode", "iter_rows", "json_kind", "read_object", "utf16_error"]

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def iter_rows(
    handle: BinaryIO, file: str, longest: int | None = None
) -> Iterator[tuple[int, dict[str, Any] | InputError]]:
    """The objects of a JSONL stream with the numbers of their lines (from 1), or why a line holds none.

    Blank lines hold no row and a byte-order mark is no part of the first one. A line of more than `longest`
    bytes is an error that costs no memory. `file` is the name for messages.
    """
    number = 0
    limit = -1 if longest is None else longest + 1
    # Not `splitlines`: JSON text may hold U+2028 and its like as they are.
    while line := handle.readline(limit):
        number += 1
        place = f"{file}:{number}"
        if longest is not None and len(line) > longest:
            while line and not line.endswith(b"\n"):
                line = handle.readline(longest)
            yield (
                number,
                InputError(f"{place}: the row is larger than {longest:,} bytes", "give one row a line"),
            )
            continue
        if number == 1:
            if line.startswith(_UTF16):
                # Each of its lines would be wrong for the same reason.
                yield number, utf16_error(file)
                return
            line = line.removeprefix(_BOM)
        if not line.strip():
            continue
        try:
            yield number, read_object(line, place)
        except InputError as error:
            yield number, error


def utf16_error(file: str) -> InputError:
    """What to say of a file that begins with a UTF-16 byte-order mark."""
    return InputError(f"{file}:1 is UTF-16 text, not UTF-8", "save it as UTF-8 and try again")


def read_object(line: bytes, place: str) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        InputError: where it is not UTF-8, not JSON, or another value than an object.
    """
    try:
        values = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{place} is not UTF-8 text (byte {error.start} of the line)", "save it as UTF-8 and try again"
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{place} is not JSON: {error.msg}, column {error.colno}", "write one JSON object a line"
        ) from None
    except (ValueError, RecursionError):  # numbers of thousands of digits, brackets a thousand deep
        raise InputError(f"{place} is not JSON that can be read", "write one JSON object a line") from None
    if not isinstance(values, dict):
        raise InputError(f"{place} is {json_kind(values)}, not an object", "write one JSON object a line")
    return values


def json_kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else "a number"


def is_unicode(text: str) -> bool:
    """Whether text can be encoded: half of a surrogate pair can be neither given to Lean nor printed."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
