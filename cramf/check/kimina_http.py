"""Requests to a Kimina Lean Server: bounded answers, back-pressure, retries, and a deadline for all of it."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import TracebackType
from typing import Any

from cramf.check.judging import one_line
from cramf.check.overlay import UnavailableError

__all__ = ["Failure", "Gate", "Kind", "Transport"]

_ANSWER_BYTES = 64 << 20  # longest answer that is read
_FIRST_PAUSE = 0.5  # seconds before the second try; doubled for each further one
_LONGEST_PAUSE = 60.0  # seconds, whatever `Retry-After` asks for
_CONNECT_SECONDS = 10.0
_BUSY = (429, 502, 503, 504)  # the server, or what stands before it, cannot take the request now
_TRIES = 3  # of what a server that is well never does


class Kind(StrEnum):
    """What a request came to, where it came to nothing."""

    UNREACHABLE = "unreachable"
    BUSY = "busy"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    SLOW = "slow"
    BROKEN = "broken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer: one of `Kind`, and a line that says what happened."""

    kind: Kind
    detail: str

    @property
    def fatal(self) -> bool:
        """Whether every other request would fare the same."""
        return self.kind in (Kind.UNREACHABLE, Kind.BUSY, Kind.FORBIDDEN, Kind.NOT_FOUND)


class Gate:
    """How many requests may be under way: halved when the server is busy, and raised by one whenever as many
    as are let through went well.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = most
        self._under_way = 0
        self._well = 0
        self._changed = threading.Condition()
        self.lowest = most
        """The least that were ever let through at once."""

    def __enter__(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self._limit)
            self._under_way += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def narrow(self) -> None:
        with self._changed:
            self._limit, self._well = max(1, self._limit // 2), 0
            self.lowest = min(self.lowest, self._limit)

    def widen(self) -> None:
        with self._changed:
            self._well += 1
            if self._well >= self._limit < self._most:
                self._limit, self._well = self._limit + 1, 0
                self._changed.notify_all()


def _retry_after(value: str | None) -> float | None:
    """Seconds that a `Retry-After` header asks for, which holds seconds or a date; None for anything else."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _pause(tries: int, asked: float | None) -> float:
    """Seconds until the next try, spread so that many clients do not come back together."""
    if asked is not None:
        return min(asked, _LONGEST_PAUSE) * random.uniform(1.0, 1.1)
    return float(min(_FIRST_PAUSE * 2.0 ** min(tries, 20), _LONGEST_PAUSE) * random.uniform(0.5, 1.0))


class Transport:
    """The connections to one server. `seconds` bound one request, `patience` all tries of it together.

    Raises:
        UnavailableError: where the HTTP client is not installed.
    """

    def __init__(
        self, url: str, key: str | None, key_variable: str, seconds: float, patience: float, workers: int
    ) -> None:
        try:
            import httpx2
        except ImportError:
            mend = "install it with `pip install 'cramf[kimina]'`"
            raise UnavailableError("the package httpx2 is not installed", mend) from None
        self._errors = httpx2.HTTPError, httpx2.TimeoutException, httpx2.InvalidURL, httpx2.StreamError
        # Compressed answers would have to be unpacked before their size is known.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._client = httpx2.Client(headers=headers, limits=httpx2.Limits(max_connections=workers))
        self._timeout = httpx2.Timeout
        self._url, self._key_variable, self._has_key = url, key_variable, bool(key)
        self._seconds, self._patience = seconds, patience
        self.gate = Gate(workers)

    def close(self) -> None:
        self._client.close()

    def ask(
        self, path: str, payload: Mapping[str, Any], alone: bool, stop: threading.Event
    ) -> dict[str, Any] | Failure:
        """The JSON object that the server answers, after as many tries as it takes and as are allowed.

        A request that is not about one candidate `alone` is given up sooner: it can be sent in parts.
        """
        content = json.dumps(payload, ensure_ascii=False).encode()
        end = time.monotonic() + self._patience
        tries = 0
        while True:
            with self.gate:
                reply, asked = self._post(path, content)
                busy = isinstance(reply, Failure) and reply.kind is Kind.BUSY
                # Inside the gate, so that nobody slips through before it is narrowed.
                (self.gate.narrow if busy else self.gate.widen)()
            if not isinstance(reply, Failure):
                return reply
            pause = _pause(tries, asked)
            tries += 1
            if busy:
                again = alone or tries < _TRIES
            else:
                again = tries < (_TRIES if alone or reply.kind is Kind.UNREACHABLE else 1)
                again = again and reply.kind in (Kind.UNREACHABLE, Kind.BROKEN)
            if not again or time.monotonic() + pause > end:
                return reply
            if stop.wait(pause):
                return Failure(reply.kind, f"broken off: {reply.detail}")

    def _post(self, path: str, content: bytes) -> tuple[dict[str, Any] | Failure, float | None]:
        """One try, and the pause that the server asks for."""
        end = time.monotonic() + self._seconds
        timeout = self._timeout(self._seconds, connect=min(_CONNECT_SECONDS, self._seconds))
        late = Failure(Kind.SLOW, f"the server did not answer within {self._seconds:g} s")
        try:
            with self._client.stream("POST", self._url + path, content=content, timeout=timeout) as response:
                body = bytearray()
                # As it was sent: `Accept-Encoding` asked for nothing that would have to be unpacked.
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > _ANSWER_BYTES:
                        many = f"an answer of more than {_ANSWER_BYTES >> 20} MiB"
                        return Failure(Kind.REFUSED, f"the server sent {many}"), None
                    if time.monotonic() > end:
                        return late, None
                status, headers = response.status_code, response.headers
        except self._errors as error:
            name = type(error).__name__
            if name in ("ReadTimeout", "WriteTimeout", "PoolTimeout"):
                return late, None
            if name in ("ConnectError", "ConnectTimeout", "ProxyError", "UnsupportedProtocol", "InvalidURL"):
                return self._unreachable(str(error) or name), None
            return Failure(Kind.BROKEN, f"the connection broke: {one_line(str(error) or name, 200)}"), None
        except OSError as error:
            return self._unreachable(str(error)), None
        return self._read(status, bytes(body)), _retry_after(headers.get("Retry-After"))

    def _unreachable(self, why: str) -> Failure:
        mend = "start the server, or name the right address"
        return Failure(
            Kind.UNREACHABLE, f"no Kimina Lean Server at {self._url} ({one_line(why, 200)}); {mend}"
        )

    def _read(self, status: int, body: bytes) -> dict[str, Any] | Failure:
        said = one_line(body[:600].decode("utf-8", errors="replace"), 200) or "nothing"
        if status in (401, 403):
            held = "is not accepted" if self._has_key else "is missing"
            mend = f"set the environment variable {self._key_variable} to the server's key"
            return Failure(Kind.FORBIDDEN, f"the server's key {held} (HTTP {status}); {mend}")
        if status in (404, 405):
            return Failure(
                Kind.NOT_FOUND,
                f"{self._url} is no Kimina Lean Server (HTTP {status}); name the right address",
            )
        if 300 <= status < 400:
            return Failure(
                Kind.NOT_FOUND, f"{self._url} leads elsewhere (HTTP {status}); name the final address"
            )
        if status in _BUSY:
            mend = "wait, give it more REPLs, or use fewer workers"
            return Failure(Kind.BUSY, f"the server is overloaded (HTTP {status}, {said}); {mend}")
        if status >= 500:
            return Failure(Kind.BROKEN, f"the server failed (HTTP {status}): {said}")
        if status != 200:
            return Failure(Kind.REFUSED, f"the server refused the request (HTTP {status}): {said}")
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return Failure(Kind.BROKEN, f"the server's answer is no JSON: {said}")
        if not isinstance(value, dict) or not isinstance(value.get("results"), list):
            return Failure(Kind.BROKEN, f"the server's answer holds no results: {said}")
        return value
