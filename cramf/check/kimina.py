"""Check candidates with a Kimina Lean Server over HTTP, which keeps Lean REPLs with their imports loaded.

Before the first candidates a text of our own is sent. Its answer tells which of the two interfaces the
server has, which Lean it runs, and what its lines count in: newer servers count in the whole text, older ones
in what they leave when they have taken off the imports, with or without the empty lines after them.

One bad snippet makes a server refuse the whole request, so a request that fails is sent again in halves until
the candidate that it fails on is alone.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from cramf.check.base import BaseChecker, with_progress
from cramf.check.crew import Crew
from cramf.check.judging import Outcome, judge, one_line, set_options, split_imports, statement_missing
from cramf.check.kimina_http import Failure, Kind, Transport
from cramf.check.safety import screen_candidate
from cramf.check.verdict import Candidate, Identity, Part, Status, Verdict
from cramf.environment import KIMINA_API_KEY, KIMINA_URL, variable
from cramf.errors import CramfError, InputError
from cramf.lean.messages import ReplResponse, read_repl

__all__ = ["Api", "KiminaChecker"]

Api = Literal["auto", "check", "verify"]
"""`check` is `POST /api/check` of newer servers, `verify` is `POST /verify` of older ones."""

_RULES = "1"  # raised whenever a verdict could change
_URL = "http://localhost:8000"
_PATHS = {"check": "/api/check", "verify": "/verify"}
_SERVER_WAIT = 90.0  # seconds that a server may take to find a free REPL, on top of the time for Lean
_PROBE = "import Mathlib\n\nexample : (1 : Nat) = 1 := sorry\n#eval Lean.versionString"
_VERSION = re.compile(r'"(\d+\.\d+\.\d+[^"\s,]*)')
# Of Mathlib's own lakefile; the last is unknown to older versions of Lean.
_OPTIONS: dict[str, bool | int | str] = {"autoImplicit": False, "relaxedAutoImplicit": False}
_NEWER_OPTIONS: dict[str, bool | int | str] = {"maxSynthPendingDepth": 3}
_NEWER = (4, 12)


# -- lines -------------------------------------------------------------------------------------------------


def _blank_or_import(line: str) -> bool:
    return not line.strip() or line.strip().startswith("import ")


def _lines_taken_off(code: str, convention: str) -> int:
    """Number of lines of a text before those that an answer's lines count in."""
    lines = code.split("\n")
    if convention == "whole":
        return 0
    if convention == "after blanks":
        return next((i for i, line in enumerate(lines) if not _blank_or_import(line)), len(lines))
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    return next(
        (i for i, line in enumerate(lines[first:], first) if not line.startswith("import")), len(lines)
    )


_LINE_OF_PROBE = 3
_CONVENTIONS = {
    _LINE_OF_PROBE - _lines_taken_off(_PROBE, convention): convention
    for convention in ("whole", "after imports", "after blanks")
}
"""What lines count in, by the line at which a server sees the `sorry` of the probe."""


@dataclass(frozen=True, slots=True)
class _Server:
    """What the probe told. `convention` is empty where it did not tell what lines count in."""

    api: str
    convention: str = ""
    version: str = ""

    @property
    def options(self) -> str:
        found = re.match(r"(\d+)\.(\d+)", self.version)
        newer = found is not None and (int(found[1]), int(found[2])) >= _NEWER
        return set_options(_OPTIONS | (_NEWER_OPTIONS if newer else {}))


@dataclass(frozen=True, slots=True)
class _Item:
    """A screened candidate that is to be sent, and its place in the input."""

    index: int
    candidate: Candidate

    def code(self, server: _Server) -> str:
        """The whole text, with the Lean options after the imports."""
        imports, rest = split_imports(self.candidate.source)
        return "\n".join(part for part in (imports, server.options) if part) + "\n" + rest

    def locate(self, server: _Server) -> Callable[[int], tuple[Part, int]] | None:
        """Where the lines of an answer belong; None where that is not known."""
        if not server.convention:
            return None
        imports, _ = split_imports(self.candidate.source)
        before = imports.count("\n") + 1 if imports else 0
        added = server.options.count("\n") + 1
        off = _lines_taken_off(self.code(server), server.convention)

        def place(line: int) -> tuple[Part, int]:
            line += off
            # A line of our own options can only be complained about in front of the rest.
            return self.candidate.locate(line if line <= before else max(line - added, before, 1))

        return place


def _read_probe(api: str, answer: ReplResponse | None) -> _Server:
    if answer is None or answer.error is not None:
        return _Server(api)
    lines = {m.line for m in answer.messages if m.category == "sorry"} or {s.line for s in answer.sorries}
    convention = _CONVENTIONS.get(lines.pop() or 0, "") if len(lines) == 1 else ""
    versions = [found[1] for m in answer.messages if (found := _VERSION.match(m.text))]
    return _Server(api, convention, versions[0] if versions else "")


# -- the checker -------------------------------------------------------------------------------------------


class KiminaChecker(BaseChecker):
    """Checks candidates with a Kimina Lean Server; for throughput.

    `url` is its address (the environment's `CRAMF_KIMINA_URL`, else `http://localhost:8000`, where None), and
    `api_key_env` names the environment variable that holds its key, if it asks for one. At most `workers`
    requests of `batch` candidates are under way; fewer while the server says that it is busy.
    `timeout_seconds` is what Lean may take for a candidate, `patience_seconds` how long a request is tried
    again. `mathlib` is the commit of the server's Mathlib, where you know it: the server does not tell.

    Safe to call from several threads; `close` lets go of the connections.

    Raises:
        InputError: for an address, an interface or a number that cannot be used.
    """

    name = "kimina"

    def __init__(
        self,
        url: str | None = None,
        api_key_env: str = KIMINA_API_KEY,
        batch: int = 1,
        workers: int = 4,
        timeout_seconds: float = 60.0,
        api: Api = "auto",
        mathlib: str = "",
        patience_seconds: float = 300.0,
        http_timeout_seconds: float | None = None,
    ) -> None:
        if min(batch, workers) < 1 or min(timeout_seconds, patience_seconds, http_timeout_seconds or 1) <= 0:
            raise InputError(
                "a limit, the batch or the number of workers is not positive", "give more than 0"
            )
        if api not in get_args(Api):
            raise InputError(f"a Kimina Lean Server has no interface {api!r}", "give auto, check or verify")
        self._url = _checked_url(url or variable(KIMINA_URL) or _URL)
        self._key_variable = api_key_env
        self._batch, self._workers = batch, workers
        self._seconds, self._patience = timeout_seconds, patience_seconds
        # The server reads the header and then the rest, each within the limit, after it found a REPL.
        self._http_seconds = http_timeout_seconds or 2 * timeout_seconds + _SERVER_WAIT
        self._api = api
        self._mathlib = mathlib
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._crew = Crew(workers)
        self._transport: Transport | None = None
        self._server: _Server | None = None

    def check(self, candidate: Candidate) -> Verdict:
        """The server's verdict on a candidate; positive only where its REPL answered without an error."""
        return self.check_many([candidate])[0]

    def check_many(self, candidates: Sequence[Candidate], progress: bool = False) -> list[Verdict]:
        """One verdict a candidate, in their order.

        Once the server cannot be reached, is overloaded for longer than the patience, or refuses the key,
        what is left is not sent.
        """
        verdicts: dict[int, Verdict] = {}
        items: list[_Item] = []
        for index, candidate in enumerate(candidates):
            start = time.monotonic()
            # The server gets the screened text, in which the bodies of comments are blank.
            screened, refused = screen_candidate(candidate)
            missing = None if refused else statement_missing(screened)
            if refused:
                detail = f"not sent: {refused[0].message} (`{refused[0].name}`)"
                seconds = time.monotonic() - start
                verdicts[index] = Verdict(self.name, Status.REJECTED, refused, False, detail, seconds)
            elif missing is not None:
                verdicts[index] = missing.verdict(self.name, time.monotonic() - start)
            else:
                items.append(_Item(index, screened))
        batches = [items[i : i + self._batch] for i in range(0, len(items), self._batch)]
        call = _Call()
        results = self._crew.run(lambda batch: self._batch_verdicts(batch, call), batches)
        try:
            flat = (pair for _, pairs in results for pair in pairs)
            for index, verdict in with_progress(flat, len(items), progress):
                verdicts[index] = verdict
        except BaseException:
            call.stop.set()
            raise
        return [verdicts[index] for index in range(len(candidates))]

    @property
    def cacheable(self) -> bool:
        """Whether `identity` tells all that a verdict depends on; where not, no verdict may be kept."""
        identity = self.identity()
        return bool(identity.toolchain and identity.mathlib)

    def identity(self) -> Identity:
        """Rules of this checker and the server's address, its toolchain and Mathlib.

        The server is asked for its toolchain where that was not done before; "" stands for what it does not
        tell. Verdicts with an incomplete identity must not be kept or shared: see `cacheable`.
        """
        server = self._connect(_Call())
        version = server.version if isinstance(server, _Server) else ""
        toolchain = f"leanprover/lean4:v{version}" if version else ""
        return Identity(self.name, f"{_RULES} {self._url}", toolchain, self._mathlib)

    def close(self) -> None:
        """Let go of the connections; the checker can be used again."""
        self._crew.close(1.0)
        with self._lock:
            transport, self._transport, self._server = self._transport, None, None
        if transport is not None:
            transport.close()

    # -- asking --------------------------------------------------------------------------------------------

    def _connected(self) -> Transport:
        with self._lock:
            if self._transport is None:
                self._transport = Transport(
                    self._url,
                    variable(self._key_variable),
                    self._key_variable,
                    self._http_seconds,
                    self._patience,
                    self._workers,
                )
            return self._transport

    def _connect(self, call: _Call) -> _Server | Failure:
        """What the server is, asked once; where it did not tell all, once a call."""
        with self._asking:
            if self._server is None and call.server is None:
                call.server = self._ask_server(call.stop)
            return self._server or call.server or _Server("check")

    def _ask_server(self, stop: threading.Event) -> _Server | Failure:
        failure = Failure(Kind.NOT_FOUND, "")
        for api in _PATHS if self._api == "auto" else (self._api,):
            found = self._results(api, {"probe": _PROBE}, stop)
            if not isinstance(found, Failure):
                results = found.get("probe", [])
                server = _read_probe(api, read_repl(results[0]) if len(results) == 1 else None)
                if server.convention:
                    self._server = server
                return server
            failure = found
            if failure.kind is not Kind.NOT_FOUND:
                break
        if failure.fatal:
            return failure
        # It answered, if only that it could not do this; the candidates may fare better.
        return _Server(api)

    def _results(
        self, api: str, codes: Mapping[str, str], stop: threading.Event
    ) -> dict[str, list[Mapping[str, Any]]] | Failure:
        """What the server answers to each text, by its id; more than one answer where it gave more."""
        seconds = math.ceil(self._seconds)
        payload: dict[str, Any]
        if api == "check":
            snippets = [{"id": name, "code": code} for name, code in codes.items()]
            payload = {"snippets": snippets, "timeout": seconds, "debug": False, "reuse": True}
        else:
            texts = [{"custom_id": name, "proof": code} for name, code in codes.items()]
            payload = {"codes": texts, "timeout": seconds, "disable_cache": False}
        try:
            answer = self._connected().ask(_PATHS[api], payload, len(codes) == 1, stop)
        except CramfError as error:
            return Failure(Kind.UNREACHABLE, str(error))
        if isinstance(answer, Failure):
            return answer
        found: dict[str, list[Mapping[str, Any]]] = {}
        for result in answer["results"]:
            if isinstance(result, Mapping):
                name = str(result.get("id" if api == "check" else "custom_id"))
                found.setdefault(name, []).append(result)
        return found

    def _batch_verdicts(self, batch: Sequence[_Item], call: _Call) -> list[tuple[int, Verdict]]:
        start = time.monotonic()
        outcomes: dict[int, Outcome] = {}
        if call.over is None:
            server = self._connect(call)
            if isinstance(server, Failure):
                call.over = server
            else:
                outcomes = self._ask(batch, server, call)
        if call.over is not None:
            rest = Outcome(Status.UNAVAILABLE, call.over.detail)
            outcomes = {item.index: rest for item in batch} | outcomes
        seconds = time.monotonic() - start
        return [(index, outcome.verdict(self.name, seconds)) for index, outcome in outcomes.items()]

    def _ask(self, batch: Sequence[_Item], server: _Server, call: _Call) -> dict[int, Outcome]:
        """The outcome for each candidate of a batch; fewer where the server is of no more use."""
        codes = {f"cramf-{item.index}": item.code(server) for item in batch}
        results = self._results(server.api, codes, call.stop)
        if not isinstance(results, Failure):
            return {i.index: self._judge(i, results.get(f"cramf-{i.index}", []), server) for i in batch}
        if results.fatal and not (results.kind is Kind.BUSY and len(batch) > 1):
            call.over = results
            return {}
        if len(batch) > 1:
            half = len(batch) // 2
            first = self._ask(batch[:half], server, call)
            return first | ({} if call.over else self._ask(batch[half:], server, call))
        status = Status.TIMEOUT if results.kind is Kind.SLOW else Status.CRASHED
        return {batch[0].index: Outcome(status, results.detail)}

    def _judge(self, item: _Item, results: Sequence[Mapping[str, Any]], server: _Server) -> Outcome:
        if len(results) != 1:
            how = "did not answer" if not results else f"gave {len(results)} answers"
            return Outcome(Status.CRASHED, f"the server {how} for this candidate")
        error = results[0].get("error")
        if error:
            status = Status.TIMEOUT if "timed out" in str(error) else Status.CRASHED
            return Outcome(status, f"the server says: {one_line(str(error))}")
        return judge(read_repl(results[0]), item.locate(server), require_environment=False)


class _Call:
    """One call of `check_many`: whether it was broken off, and why nothing more need be sent."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.over: Failure | None = None
        self.server: _Server | Failure | None = None


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            f"{one_line(url, 100)} is no address of a server", "give one such as http://localhost:8000"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        mend = f"put the key into the environment variable {KIMINA_API_KEY}"
        raise InputError("the address of the Kimina Lean Server holds more than an address", mend)
    return url.rstrip("/")
