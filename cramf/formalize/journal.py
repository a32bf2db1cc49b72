"""A file of results to which lines are only ever added, each whole, by one process at a time.

A line is with the operating system before `add` returns, so that no kill of the process can lose it, and on
the disk too where the journal is durable. A last line that was cut off when its writer died is taken away
before the next is written; nothing else of the file is ever changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cramf.errors import InputError, ResourceError
from cramf.jsonable import dumps

__all__ = ["FORMAT", "Journal", "read_journal"]

FORMAT: Final = 1
"""Version of the lines; raised whenever what is in them changes."""
_START: Final = f'{{"format": {FORMAT}, "key": "'.encode()
"""How every line begins, so that a file of another kind is not taken for one of ours and cut."""
_MEND: Final = "name another file"


class Journal:
    """An open file of results, locked against other processes until it is closed.

    Lines of a `durable` one survive a loss of power as soon as they are added, at some milliseconds each;
    those of another when it is closed. `keep` says whether what the file held is to be had as `lines`, which
    of a large file takes much memory.

    Raises:
        InputError: where the file holds something else.
        ResourceError: where it cannot be written to, or another process writes to it.
    """

    def __init__(self, path: Path, durable: bool = True, keep: bool = True) -> None:
        self.path = path
        self._durable = durable
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ResourceError(
                    f"another process writes its results to {path}", "wait for it, or name another file"
                ) from None
            # All are read in any case, lest a file of another kind be cut.
            self.lines = tuple(line for line in read_journal(path) if keep)
            """What the file held when it was opened, nothing where that was not to be kept."""
            self._end = self._whole()
            os.ftruncate(self._descriptor, self._end)
        except OSError as error:
            os.close(self._descriptor)
            raise self._unusable(error) from None
        except BaseException:
            os.close(self._descriptor)
            raise

    def add(self, key: str, fields: dict[str, Any]) -> None:
        """Append a line with a key and further fields.

        Raises:
            ResourceError: where it cannot be written; the file is then as it was before.
        """
        # Half a character (a lone surrogate) has no UTF-8, and stands only in what was refused.
        data = (dumps({"format": FORMAT, "key": key, **fields}) + "\n").encode("utf-8", "replace")
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._descriptor, data[written:], self._end + written)
            if self._durable:
                os.fsync(self._descriptor)
        except BaseException as error:
            # An interrupt may come between two writes; half a line would be one too many.
            if written < len(data) or isinstance(error, OSError):
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, self._end)
            else:
                self._end += len(data)
            if isinstance(error, OSError):
                raise self._unusable(error) from None
            raise
        self._end += len(data)

    def close(self) -> None:
        """Let other processes write.

        Raises:
            ResourceError: where the disk fails with lines that were not on it yet.
        """
        try:
            # Where each line is on the disk already, there is nothing that could be lost.
            if not self._durable:
                os.fsync(self._descriptor)
        except OSError as error:
            raise self._unusable(error) from None
        finally:
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What ended the run is told rather than what came of it.
        with contextlib.suppress(*([ResourceError] if error is not None else [])):
            self.close()

    def _whole(self) -> int:
        """Bytes up to the last newline."""
        end = os.fstat(self._descriptor).st_size
        while end > 0:
            begin = max(0, end - 65_536)
            found = os.pread(self._descriptor, end - begin, begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
        return 0

    def _unusable(self, error: OSError) -> ResourceError:
        reason = error.strerror or str(error)
        return ResourceError(
            f"cannot write results to {self.path}: {reason}", "check its folder and the disk's space"
        )


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file of results; a last one without its newline was cut off and is left out.

    Raises:
        InputError: where the file cannot be read, or a line of it is no result.
    """
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                whole = line.endswith(b"\n")
                begins = line.startswith(_START) or (not whole and _START.startswith(line))
                if not begins:
                    raise InputError(f"{path}, line {number} is no result of cramf", _MEND)
                if not whole:
                    return  # a writer that is at work may add the rest before we looked again
                yield _line(line, f"{path}, line {number}")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "give a file of results") from None


def _line(line: bytes, where: str) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is damaged ({error})", _MEND) from None
    return data
