"""The text of a statement from the one place that the user named: argument, file or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from cramf.errors import InputError
from cramf.files import decode_text, read_text
from cramf.formalize.formalizer import MAX_STATEMENT, clean_statement

__all__ = ["read_statement"]

_LONGEST_INPUT = 4 * MAX_STATEMENT  # bytes; a character has at most four in UTF-8


def read_statement(argument: str | None, file: str | None, what: str, command: str) -> str:
    """The statement, cleaned; `what` and `command` are for the messages.

    Raises:
        InputError: where no place or both are named, or the text cannot be used.
    """
    if argument is not None and file is not None:
        raise InputError(f"a {what} and --file are given", "give only one of them")
    source = argument if file is None else file
    if source is None:
        raise InputError(
            f"no {what} is given", f'write it in quotes, as in: cramf {command} "...", or use --file'
        )
    if source == "-":
        data = sys.stdin.buffer.read(_LONGEST_INPUT + 1)
        if len(data) > _LONGEST_INPUT:
            raise InputError(
                f"standard input is larger than {_LONGEST_INPUT:,} bytes", "give one statement at a time"
            )
        return clean_statement(decode_text(data, "standard input"))
    return clean_statement(source if file is None else read_text(Path(file), _LONGEST_INPUT))
