"""Writing a command's output to a file."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_out"]


def write_out(out: Path, text: str) -> None:
    """Write a file at once or not at all.

    Raises:
        InputError: where it cannot be written.
    """
    from cramf.errors import InputError
    from cramf.files import write_atomic

    try:
        write_atomic(out, text.encode("utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot write {out}: {error.strerror}", "give --out a file that you may write"
        ) from None
