"""Reading text that may be hostile, and writing files that are never half there."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from cramf.errors import InputError

_UMASK = os.umask(0o077)
os.umask(_UMASK)

__all__ = ["decode_text", "read_text", "sha256_of", "write_atomic"]


def decode_text(data: bytes, source: str) -> str:
    """UTF-8 text without a byte-order mark.

    Raises:
        InputError: where the bytes are not UTF-8, with the offset of the first bad one.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source} is not UTF-8 text (byte {error.start})", "save it as UTF-8 and try again"
        ) from None


def read_text(path: Path, limit: int | None = None) -> str:
    """Text of a UTF-8 file of at most `limit` bytes.

    Raises:
        InputError: where it cannot be read, is too large or is not UTF-8.
    """
    try:
        with path.open("rb") as handle:
            data = handle.read() if limit is None else handle.read(limit + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "check the path") from None
    if limit is not None and len(data) > limit:
        raise InputError(f"{path} is larger than {limit:,} bytes", "give one statement a file")
    return decode_text(data, str(path))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_atomic(path: Path, data: bytes) -> None:
    """Write beside `path` and rename into place, so that a reader sees the old file or the new one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            # Temporary files are the owner's alone; this one is to be as readable as any other.
            os.fchmod(handle.fileno(), 0o666 & ~_UMASK)
            os.fsync(handle.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
