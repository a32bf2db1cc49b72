"""Answers of language models that were paid for once: one SQLite file that many processes may share."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from cramf.errors import ResourceError

__all__ = ["AnswerCache", "answer_key"]

_APPLICATION: Final = 0x4352_4146
"""Marks the file as ours in SQLite's own header ("CRAF"), so that no other database is written to."""
_FORMAT: Final = 1
_PATIENCE: Final = 30.0
"""Seconds to wait for other processes that hold the file."""
_SCHEMA: Final = (
    "CREATE TABLE answers (key TEXT PRIMARY KEY, answer BLOB NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID",
    f"PRAGMA application_id={_APPLICATION}",
    f"PRAGMA user_version={_FORMAT}",
)


def answer_key(model: str, prompt_version: str, messages: Sequence[Mapping[str, str]]) -> str:
    """SHA-256 of everything that decides an answer, as hexadecimal digits; any text will do."""
    said = [[message["role"], message["content"]] for message in messages]
    return hashlib.sha256(json.dumps([model, prompt_version, said]).encode("ascii")).hexdigest()


class AnswerCache:
    """The answers kept in the file at `path`, which is made if it is not there.

    Safe to share between threads and between processes, also across a fork: each call opens the file anew,
    which is little beside a question to a model.

    Raises:
        ResourceError: here and in both methods, where the file is damaged, is another program's, or cannot
            be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from None
        with self._opened():
            pass

    def __repr__(self) -> str:
        return f"AnswerCache({str(self.path)!r})"

    def get(self, key: str) -> str | None:
        """The answer kept under a key, or None."""
        with self._opened() as connection:
            row = connection.execute("SELECT answer, digest FROM answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        answer, digest = row
        # SQLite has no checksums of its own; a flipped bit must not become another answer.
        if not isinstance(answer, bytes) or digest != _digest(key, answer):
            raise self._damaged("an answer in it is not the one that was kept")
        return answer.decode("utf-8", "surrogatepass")

    def put(self, key: str, answer: str) -> None:
        """Keep an answer, in place of an earlier one under the same key; all of it or nothing."""
        data = answer.encode("utf-8", "surrogatepass")
        with self._opened() as connection:
            row = (key, data, _digest(key, data))
            connection.execute("INSERT OR REPLACE INTO answers (key, answer, digest) VALUES (?, ?, ?)", row)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            with contextlib.closing(connection):
                # One view of the file for all its questions, for another process may be making it.
                connection.execute("BEGIN")
                ready = self._is_ready(connection)
                connection.execute("COMMIT")
                if not ready:
                    self._make(connection)
                connection.execute("PRAGMA synchronous=NORMAL")
                yield connection
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _is_ready(self, connection: sqlite3.Connection) -> bool:
        """Whether the file holds our table; False for a new file, an error for anybody else's.

        To be called in a transaction.
        """
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if (application, version) == (_APPLICATION, _FORMAT):
            return True
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application == 0 and version == 0 and tables == 0:
            return False
        what = "has another format version" if application == _APPLICATION else "is another database"
        raise ResourceError(f"the answer cache {self.path} {what}", "give another file")

    def _make(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError as error:
                # Several processes that make the file at once are refused here without being let wait.
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have made the table meanwhile.
        if not self._is_ready(connection):
            for command in _SCHEMA:
                connection.execute(command)
        connection.execute("COMMIT")

    def _unusable(self, error: Exception) -> ResourceError:
        if _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return self._damaged(str(error))
        if _code(error) == sqlite3.SQLITE_BUSY:
            mend = "wait for the other process that writes to it, or give another file"
        else:
            mend = "check its folder's permissions and space, or give another file"
        return ResourceError(f"the answer cache {self.path} cannot be used: {error}", mend)

    def _damaged(self, reason: str) -> ResourceError:
        return ResourceError(
            f"the answer cache {self.path} is damaged: {reason}",
            f"delete it, and {self.path.name}-wal and {self.path.name}-shm if they are there",
        )


def _code(error: Exception) -> int:
    """SQLite's primary result code; 0 for errors that are not SQLite's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _digest(key: str, answer: bytes) -> bytes:
    return hashlib.sha256(key.encode() + answer).digest()
