"""Verdicts that were paid for once: one SQLite file that many processes may share, and a checker over it.

A verdict is kept under the hash of all that decides it: header, helper, statement, and the checker's
identity (rules, toolchain, Mathlib). Everything in the file can be made again, so trouble with it never
stops a check: a damaged file is put aside and begun anew, and where it cannot be used at all the work goes
on without it, which is said once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cramf.check.base import BaseChecker
from cramf.check.cache_file import (
    FORMAT,
    ForeignError,
    connect,
    is_sound,
    locked,
    make_tables,
    read_verdicts,
    says_damaged,
    state_of,
    write_verdicts,
)
from cramf.check.verdict import Candidate, Identity, Status, Verdict
from cramf.errors import CramfError
from cramf.jsonable import dumps

__all__ = ["FORMAT", "CachedChecker", "VerdictCache", "verdict_key"]

_LARGEST: Final = 1 << 20
"""Bytes of the largest verdict that is kept."""
_KEPT = frozenset({Status.VALID, Status.VALID_WITH_SORRY, Status.INVALID, Status.REJECTED})
_OF_LIMITS = frozenset({"heartbeat_timeout", "crash", "unreadable"})
"""Categories of errors that a slower or busier machine may bring, or that say that an answer is cut off."""


def verdict_key(candidate: Candidate, identity: Identity) -> bytes:
    """SHA-256 of everything that decides a verdict; the candidate's name is not among it."""
    texts = [candidate.header, candidate.helper, candidate.statement]
    asked = [identity.checker, identity.version, identity.toolchain, identity.mathlib]
    return hashlib.sha256(json.dumps([FORMAT, texts, asked]).encode("ascii")).digest()


class VerdictCache:
    """The verdicts kept in the file at `path`, which is made at the first use.

    Safe to share between threads and between processes, also across a fork: each call opens the file anew.
    The least recently used verdicts go where there are more than `max_rows`, or than `max_bytes` of them.
    No method raises on account of the file; `warn` is told once, in one line, why it is not used.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int = 1 << 30,
        max_rows: int = 1_000_000,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self._limits = max_rows, max_bytes
        self._warn = logging.getLogger(__name__).warning if warn is None else warn
        self._lock = threading.Lock()
        self._off = False
        self._repaired = False

    def __repr__(self) -> str:
        return f"VerdictCache({str(self.path)!r})"

    def get(self, key: bytes) -> Verdict | None:
        """The verdict kept under a key, or None."""
        return self.get_many([key]).get(key)

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Keep a verdict, in place of an earlier one under the same key."""
        self.put_many({key: verdict})

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Verdict]:
        """The verdicts kept under those keys that have one, which now count as used."""
        return (self._guarded(lambda connection: read_verdicts(connection, keys)) if keys else None) or {}

    def put_many(self, verdicts: Mapping[bytes, Verdict]) -> None:
        """Keep verdicts: all of them or, where that fails, none."""
        rows = [(key, dumps(verdict).encode("utf-8", "surrogatepass")) for key, verdict in verdicts.items()]
        rows = [(key, data) for key, data in rows if len(data) <= _LARGEST]
        if rows:
            self._guarded(lambda connection: write_verdicts(connection, rows, *self._limits))

    def _guarded(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """What `work` gives, or None where the file cannot be used."""
        for _ in range(2):
            if self._off:
                return None
            try:
                with self._opened() as connection:
                    return work(connection)
            except ForeignError as error:
                self._give_up(str(error))
            except (sqlite3.Error, UnicodeDecodeError) as error:
                if says_damaged(error):
                    self._repair(str(error))
                else:
                    self._give_up(str(error))
            except OSError as error:
                self._give_up(error.strerror or str(error))
        return None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(connect(self.path)) as connection:
            state = state_of(connection)
            if state == "ready":
                yield connection
                return
        if state == "old":
            self._put_aside("is of an older format", "old")
        with locked(self.path), contextlib.closing(connect(self.path)) as connection:
            # Another process may have made the tables meanwhile.
            if state_of(connection) == "empty":
                make_tables(connection)
        with contextlib.closing(connect(self.path)) as connection:
            yield connection

    def _repair(self, reason: str) -> None:
        """Put a damaged file aside; the second time, do without."""
        with self._lock:
            again, self._repaired = self._repaired, True
        if again:
            self._give_up(reason)
            return
        try:
            self._put_aside(f"is damaged ({_line(reason)})", "damaged")
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
            self._give_up(str(error))

    def _put_aside(self, why: str, suffix: str) -> None:
        with locked(self.path):
            # Another process may have begun it anew while this one waited.
            if is_sound(self.path):
                return
            aside = self.path.with_name(f"{self.path.name}.{suffix}")
            for ending in ("-wal", "-shm"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
            self.path.replace(aside)
        self._warn(f"the verdict cache {self.path} {why}; it is put aside as {aside.name} and begun anew")

    def _give_up(self, reason: str) -> None:
        with self._lock:
            first, self._off = not self._off, True
        if first:
            self._warn(f"the verdict cache {self.path} cannot be used ({_line(reason)}); going on without it")


def _line(reason: str) -> str:
    """A reason on one line, cut: a message of SQLite may quote the file."""
    return " ".join(reason.split())[:200]


# -- the checker --------------------------------------------------------------------------------------------


class CachedChecker(BaseChecker):
    """A checker that asks the cache first; only what is not there goes to `inner`, which it owns.

    Kept are verdicts that will be the same next time: `rejected`, and `valid`, `valid_with_sorry` and
    `invalid` where Lean finished and no error came of a limit. Never kept: timeout, crashed, unavailable,
    anything of a checker whose `cacheable` is False or whose identity leaves toolchain or Mathlib open. The
    `seconds` of a verdict stay those of the first time. `hits` and `misses` count candidates.
    """

    def __init__(self, inner: BaseChecker, cache: VerdictCache) -> None:
        self.inner = inner
        self.cache = cache
        self.hits = 0
        self.misses = 0

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the checker behind it."""
        return self.inner.name

    def identity(self) -> Identity:
        return self.inner.identity()

    def close(self) -> None:
        self.inner.close()

    def check(self, candidate: Candidate) -> Verdict:
        return self.check_many([candidate])[0]

    def check_many(self, candidates: Sequence[Candidate], progress: bool = False) -> list[Verdict]:
        """One verdict a candidate, in their order; candidates with the same text are checked once."""
        identity = self._identity()
        if identity is None:
            self.misses += len(candidates)
            return self.inner.check_many(candidates, progress)
        keys = [verdict_key(candidate, identity) for candidate in candidates]
        known = self.cache.get_many(list(dict.fromkeys(keys)))
        self.hits += sum(key in known for key in keys)
        asked: dict[bytes, Candidate] = {}
        for key, candidate in zip(keys, candidates, strict=True):
            if key not in known:
                self.misses += 1
                asked.setdefault(key, candidate)
        if asked:
            verdicts = self.inner.check_many(list(asked.values()), progress)
            fresh = dict(zip(asked, verdicts, strict=True))
            # Where the toolchain or Mathlib was exchanged meanwhile, nobody knows which one answered.
            if self._identity() == identity:
                self.cache.put_many({key: v for key, v in fresh.items() if _lasting(v)})
            known = {**known, **fresh}
        return [known[key] for key in keys]

    def _identity(self) -> Identity | None:
        """The identity to keep verdicts under, or None where none may be kept."""
        if not getattr(self.inner, "cacheable", True):
            return None
        try:
            identity = self.inner.identity()
        except (CramfError, OSError):
            return None
        # What is not known may be exchanged unseen.
        known = identity.mathlib and (identity.toolchain or identity.checker == "static")
        return identity if known else None


def _lasting(verdict: Verdict) -> bool:
    """Whether the verdict will be the same next time."""
    if verdict.status is Status.REJECTED:
        return True
    settled = verdict.elaborated or verdict.checker == "static"
    return verdict.status in _KEPT and settled and not any(d.category in _OF_LIMITS for d in verdict.errors)
