"""The SQLite file behind the verdict cache: tables, states, and what one connection reads and writes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cramf.check.verdict import Diagnostic, Part, Severity, Status, Verdict

__all__ = [
    "FORMAT",
    "ForeignError",
    "connect",
    "is_sound",
    "locked",
    "make_tables",
    "read_verdicts",
    "says_damaged",
    "state_of",
    "write_verdicts",
]

FORMAT: Final = 1
"""Version of the table and of what is hashed into a key; raised whenever either changes."""
_APPLICATION: Final = 0x4352_4156
"""Marks the file as ours in SQLite's own header ("CRAV"), so that no other database is written to."""
_PATIENCE: Final = 15.0
"""Seconds to wait for other processes that hold the file."""
_FRESH: Final = 600
"""Seconds within which a second use of a verdict is not noted, so that most reading writes nothing."""
_ROW_BYTES: Final = 150
"""What a row costs beside its verdict: key, digest, time, both trees."""
_BATCH: Final = 500

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""Result codes of an unsound database; no question of ours is wrong, so SQL errors are the schema's."""
_COUNTED: Final = f"SELECT count(*), coalesce(sum(length(verdict) + {_ROW_BYTES}), 0) FROM verdicts"
_TOTALS: Final = "SELECT CAST(total(number) AS INTEGER), CAST(total(bytes) AS INTEGER) FROM totals"
_SCHEMA: Final = (
    "CREATE TABLE verdicts (key BLOB PRIMARY KEY, used INTEGER NOT NULL, verdict BLOB NOT NULL,"
    " digest BLOB NOT NULL) WITHOUT ROWID",
    "CREATE INDEX by_use ON verdicts (used)",
    # Counted as rows come and go, since counting a million of them takes long.
    "CREATE TABLE totals (number INTEGER NOT NULL, bytes INTEGER NOT NULL)",
    "INSERT INTO totals VALUES (0, 0)",
    "CREATE TRIGGER added AFTER INSERT ON verdicts BEGIN"
    f" UPDATE totals SET number = number + 1, bytes = bytes + length(new.verdict) + {_ROW_BYTES}; END",
    "CREATE TRIGGER dropped AFTER DELETE ON verdicts BEGIN"
    f" UPDATE totals SET number = number - 1, bytes = bytes - length(old.verdict) - {_ROW_BYTES}; END",
    "CREATE TRIGGER changed AFTER UPDATE OF verdict ON verdicts BEGIN"
    " UPDATE totals SET bytes = bytes - length(old.verdict) + length(new.verdict); END",
    f"PRAGMA application_id={_APPLICATION}",
    f"PRAGMA user_version={FORMAT}",
)


class ForeignError(Exception):
    """The file is another program's, or of a newer format; it is left alone."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection without implicit transactions; folder and file are made where they are not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=NORMAL")
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise
    return connection


def state_of(connection: sqlite3.Connection) -> str:
    """`ready`, `empty` or `old`; a foreign or newer file raises."""
    connection.execute("BEGIN")  # one view of the file for all questions
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("COMMIT")
    if (application, version) == (_APPLICATION, FORMAT):
        return "ready"
    if application == version == tables == 0:
        return "empty"
    if application == _APPLICATION and version < FORMAT:
        return "old"
    raise ForeignError(
        "it is of a newer format" if application == _APPLICATION else "it is another program's database"
    )


def make_tables(connection: sqlite3.Connection) -> None:
    """Make an empty file ours; to be called with the file `locked`."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            # Here SQLite refuses at once, without waiting for processes that read.
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("BEGIN IMMEDIATE")
    for command in _SCHEMA:
        connection.execute(command)
    connection.execute("COMMIT")


def is_sound(path: Path) -> bool:
    """Whether the whole file can be read and is of this format, or is not there yet."""
    if not path.exists():
        return True
    try:
        with contextlib.closing(connect(path)) as connection:
            state = state_of(connection)
            if state == "ready":
                connection.execute("SELECT key, used, verdict, digest FROM verdicts LIMIT 1").fetchall()
                connection.execute(_TOTALS).fetchall()
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except ForeignError:
        return True  # sound enough to be left alone
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if not says_damaged(error):
            raise
        return False
    return state in ("ready", "empty") and verdict == "ok"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone among processes in making the file or putting it aside; the kernel frees a dead one's lock."""
    with path.with_name(f"{path.name}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def says_damaged(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Whether an error means that the file is damaged; the second kind comes of messages that quote it."""
    return isinstance(error, UnicodeDecodeError) or _code(error) in _DAMAGED


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _digest(key: bytes, data: bytes) -> bytes:
    return hashlib.sha256(key + data).digest()


def read_verdicts(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Verdict]:
    """The verdicts under those keys that have one; their use is noted, and rows that are no verdict go."""
    found: dict[bytes, Verdict] = {}
    now = int(time.time())
    stale: list[tuple[int, bytes]] = []
    wrong: list[tuple[bytes]] = []
    for begin in range(0, len(keys), _BATCH):
        batch = list(keys[begin : begin + _BATCH])
        marks = ",".join("?" * len(batch))
        query = f"SELECT key, CAST(used AS INTEGER), verdict, digest FROM verdicts WHERE key IN ({marks})"
        for key, used, data, digest in connection.execute(query, batch):
            # SQLite has no checksums of its own; a flipped bit must not become another verdict.
            sound = isinstance(data, bytes) and digest == _digest(key, data)
            verdict = _verdict(data) if sound else None
            if verdict is None:
                wrong.append((key,))
                continue
            found[key] = verdict
            if abs(now - used) >= _FRESH:
                stale.append((now, key))
    if stale or wrong:
        # The reading has succeeded; that the file is busy or read-only does not matter here.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE verdicts SET used = ? WHERE key = ?", stale)
            connection.executemany("DELETE FROM verdicts WHERE key = ?", wrong)
            connection.execute("COMMIT")
    return found


def write_verdicts(
    connection: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]], max_rows: int, max_bytes: int
) -> None:
    """Keep verdicts, given as keys and JSON, all or none; the least recently used go above the limits."""
    now = int(time.time())
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO verdicts (key, used, verdict, digest) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
        " SET used = excluded.used, verdict = excluded.verdict, digest = excluded.digest",
        [(key, now, data, _digest(key, data)) for key, data in rows],
    )
    number, size = connection.execute(_TOTALS).fetchone()
    if number > max_rows or size > max_bytes:
        # A tenth below the limits, so that not every writing has to clear.
        while number > max_rows * 0.9 or size > max_bytes * 0.9:
            share = max(1, number // 20)
            connection.execute(
                "DELETE FROM verdicts WHERE key IN (SELECT key FROM verdicts ORDER BY used LIMIT ?)", (share,)
            )
            before = number
            number, size = connection.execute(_TOTALS).fetchone()
            if number >= before:
                # The totals are not those of the rows, which can only be damage.
                connection.execute(f"UPDATE totals SET (number, bytes) = ({_COUNTED})")
                break
    connection.execute("COMMIT")


def _verdict(data: bytes) -> Verdict | None:
    """A verdict from its JSON; None where it is none of this version's."""
    try:
        values = json.loads(data)
        diagnostics = tuple(
            Diagnostic(
                **{
                    **one,
                    "severity": Severity(one["severity"]),
                    "part": Part(one["part"]),
                    "suggestions": tuple(one["suggestions"]),
                }
            )
            for one in values.pop("diagnostics")
        )
        resolved = tuple(values.pop("resolved"))
        status = Status(values.pop("status"))
        return Verdict(status=status, diagnostics=diagnostics, resolved=resolved, **values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
