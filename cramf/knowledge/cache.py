"""What earlier builds have read and encoded, so that the next one does only what has changed.

One SQLite file: facts of Lean files by the hash of their content, vectors of texts by the hash of encoder and
text. Everything in it can be made again, so a damaged file is put aside and begun anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import pickle
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cramf
from cramf.errors import ResourceError
from cramf.knowledge.facts import FileFacts

__all__ = ["BuildCache", "code_version", "content_key", "pack_facts", "unpack_facts"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, used INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, used INTEGER NOT NULL, data BLOB NOT NULL);
"""
_KEPT_DAYS = 60
_BATCH = 500
_ALLOWED = {
    "cramf.knowledge.facts": frozenset(
        "FileFacts GeneratingCommand RawDeclaration RawNotation TranslationRequest".split()
    ),
    "cramf.lean.scope": frozenset("Context Opened".split()),
    "cramf.lean.syntax": frozenset({"ParseError"}),
    "collections": frozenset({"Counter"}),
    "builtins": frozenset({"frozenset"}),
}


@lru_cache(maxsize=4)
def code_version(*folders: str) -> str:
    """Hash of the code in some rooms, so that another version of it never meets what the old one made."""
    root = Path(cramf.__file__).parent
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def content_key(content: bytes, module: str) -> str:
    """Key of a file's facts: its content, its module and the code that reads it."""
    return hashlib.sha256(f"{code_version('lean', 'knowledge')}:{module}:".encode() + content).hexdigest()


def pack_facts(facts: FileFacts) -> bytes:
    """Facts as bytes."""
    return zlib.compress(pickle.dumps(facts, protocol=5), 1)


class _FactsUnpickler(pickle.Unpickler):
    """Makes nothing but the records of facts, whatever the bytes say."""

    def find_class(self, module: str, name: str) -> Any:
        if name in _ALLOWED.get(module, ()):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no part of facts")


def unpack_facts(data: bytes) -> FileFacts | None:
    """Facts from bytes; None where they are not facts."""
    try:
        found = _FactsUnpickler(io.BytesIO(zlib.decompress(data))).load()
    except (pickle.UnpicklingError, zlib.error, EOFError, AttributeError, TypeError, ValueError, IndexError):
        return None
    return found if isinstance(found, FileFacts) else None


class BuildCache:
    """The cache file at `path`; use as a context manager.

    Raises:
        ResourceError: where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._today = int(time.time() // 86400)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = self._open()
            except sqlite3.DatabaseError:
                path.replace(path.with_name(path.name + ".damaged"))
                self._connection = self._open()
        except (OSError, sqlite3.Error) as error:
            raise ResourceError(
                f"the cache {path} cannot be used: {error}", "give --cache another file, or use --no-cache"
            ) from None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=60)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def __enter__(self) -> BuildCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop what no build has used for two months, and close the file."""
        with contextlib.suppress(sqlite3.Error), self._connection:
            for table in ("facts", "vectors"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE used < ?",
                    (self._today - _KEPT_DAYS,),
                )
        self._connection.close()

    def _get(self, table: str, keys: Sequence[Any]) -> Iterator[tuple[Any, bytes]]:
        """Rows that are there, marked as used today; an unreadable file holds none."""
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            with contextlib.suppress(sqlite3.Error):
                yield from self._connection.execute(
                    f"SELECT key, data FROM {table} WHERE key IN ({marks})",
                    batch,
                ).fetchall()
                with self._connection:
                    self._connection.execute(
                        f"UPDATE {table} SET used = ? WHERE used < ? AND key IN ({marks})",
                        (self._today, self._today, *batch),
                    )

    def _put(self, table: str, rows: Iterable[tuple[Any, bytes]]) -> None:
        """Keep rows; a full disk only costs the saving."""
        with contextlib.suppress(sqlite3.Error), self._connection:
            self._connection.executemany(
                f"INSERT OR REPLACE INTO {table} VALUES (?, {self._today}, ?)",
                rows,
            )

    def facts(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Packed facts of those keys that are there."""
        yield from self._get("facts", keys)

    def keep_facts(self, packed: Mapping[str, bytes]) -> None:
        """Keep packed facts."""
        self._put("facts", packed.items())

    def vectors(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Vectors (little-endian float32) of those keys that are there."""
        return dict(self._get("vectors", keys))

    def keep_vectors(self, vectors: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep vectors."""
        self._put("vectors", vectors)
