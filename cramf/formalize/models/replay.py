"""Recorded exchanges: written while any model runs, read back in place of it.

A recording is a JSONL file; each line holds the request's hash, the request, the model's identity and its
reply. Scores can so be computed again, and tests run, without the model.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cramf.errors import BackendError, InputError, ResourceError
from cramf.formalize.models.chat import (
    BaseChatModel,
    ChatModel,
    ChatReply,
    ChatRequest,
    ModelError,
    hash_of,
    request_hash,
)
from cramf.formalize.models.wrapping import WrappedModel
from cramf.jsonable import dumps

__all__ = ["NotRecordedError", "RecordingModel", "ReplayModel"]

_FORMAT: Final = 1
_COMPARED: Final = 20_000
"""Characters of a prompt that are compared in the search for the nearest recorded one."""
_AROUND: Final = 24


class NotRecordedError(ModelError):
    """A request whose answer no recording holds."""


class RecordingModel(WrappedModel):
    """Appends each exchange with a model to a file, whole or not at all; processes may share the file.

    Raises:
        ResourceError: on opening or asking, where the file cannot be written to.
    """

    def __init__(self, inner: ChatModel, path: Path) -> None:
        super().__init__(inner)
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append("")
        except OSError as error:
            raise self._unusable(error) from None

    def chat(self, request: ChatRequest) -> ChatReply:
        return self._recorded(request, self.inner.chat(request))

    async def achat(self, request: ChatRequest) -> ChatReply:
        return self._recorded(request, await self.inner.achat(request))

    def outcomes(
        self, requests: Sequence[ChatRequest], concurrency: int = 4
    ) -> Iterator[tuple[int, ChatReply | BackendError]]:
        for index, outcome in self.inner.outcomes(requests, concurrency):
            if isinstance(outcome, ChatReply):
                self._recorded(requests[index], outcome)
            yield index, outcome

    def _recorded(self, request: ChatRequest, reply: ChatReply) -> ChatReply:
        exchange = {
            "format": _FORMAT,
            "hash": request_hash(request),
            "request": request.as_json(),
            "reply": reply.as_json(),
        }
        # Lone surrogates have no UTF-8; JSON's own escapes have a form for them.
        text = dumps(exchange)
        line = text if _encodable(text) else json.dumps(exchange)
        try:
            self._append(f"{line}\n")
        except OSError as error:
            raise self._unusable(error) from None
        return reply

    def _append(self, line: str) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            # The lock is of the open file, so that threads of one process exclude each other too.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            end = _whole_lines(descriptor)
            data = line.encode()
            os.ftruncate(descriptor, end)
            try:
                written = 0
                while written < len(data):
                    written += os.pwrite(descriptor, data[written:], end + written)
                os.fsync(descriptor)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)

    def _unusable(self, error: OSError) -> ResourceError:
        reason = error.strerror or str(error)
        return ResourceError(
            f"cannot record to {self.path}: {reason}", "check its folder and the disk's space"
        )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole_lines(descriptor: int) -> int:
    """Bytes up to the last newline: what follows it was cut off when its writer died."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        begin = max(0, end - 65_536)
        found = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


@dataclass(frozen=True, slots=True)
class _Exchange:
    request: dict[str, Any]
    reply: ChatReply


class ReplayModel(BaseChatModel):
    """Gives back what was recorded for a request; safe to share between threads.

    A greedy or seeded request gets its last recorded reply, however often it is asked. One that samples
    without a seed gets its recorded replies one after the other, each of them once.

    Args:
        path: the recording.
        model: identity of the model to be replayed, of use where the recording holds several.

    Raises:
        InputError: where the file cannot be read, or a line of it is no exchange, or of several models that
            it holds none was named.
    """

    def __init__(self, path: Path, model: str | None = None) -> None:
        self.path = path
        self._exchanges: dict[str, list[_Exchange]] = {}
        self._given: dict[str, int] = {}
        self._lock = threading.Lock()
        models: set[str] = set()
        for key, exchange in _read(path):
            models.add(exchange.reply.model)
            if model in (None, exchange.reply.model):
                self._exchanges.setdefault(key, []).append(exchange)
        if model is None and len(models) > 1:
            raise InputError(
                f"{path} holds answers of several models", f"name one: {', '.join(sorted(models))}"
            )
        if model is not None and model not in models:
            raise InputError(f"{path} holds no answer of {model!a}", f"it has: {', '.join(sorted(models))}")
        self._identity = model or next(iter(models), "nobody")

    @property
    def name(self) -> str:
        return f"replay:{self.path}"

    @property
    def identity(self) -> str:
        """That of the model that was recorded, whose answers these are."""
        return self._identity

    def __repr__(self) -> str:
        return f"ReplayModel({str(self.path)!r})"

    def __len__(self) -> int:
        """The number of exchanges recorded."""
        return sum(len(each) for each in self._exchanges.values())

    def chat(self, request: ChatRequest) -> ChatReply:
        key = request_hash(request)
        recorded = self._exchanges.get(key)
        if recorded is None:
            raise NotRecordedError(
                f"{self.path} has no answer to the request {key[:16]} ({self._nearest(request)})",
                "record it, or ask as it was asked when the recording was made",
            )
        if request.repeatable:
            return recorded[-1].reply
        with self._lock:
            place = self._given.get(key, 0)
            self._given[key] = place + 1
        if place >= len(recorded):
            raise NotRecordedError(
                f"{self.path} has {len(recorded)} answers to the request {key[:16]}, and all were given",
                "record more, or ask with a seed",
            )
        return recorded[place].reply

    def _nearest(self, request: ChatRequest) -> str:
        """What tells a request from the recorded one whose prompt is the most like its own."""
        from rapidfuzz import fuzz, process

        asked = request.as_json()
        known = [recorded[0].request for recorded in self._exchanges.values()]
        if not known:
            return "it is empty"
        best = process.extractOne(_prompt(asked), [_prompt(each) for each in known], scorer=fuzz.ratio)
        return f"the nearest recorded one has {_difference(known[best[2]], asked)}"


def _prompt(request: dict[str, Any]) -> str:
    return "\n".join(str(content) for _, content in request["messages"])[:_COMPARED]


def _difference(there: dict[str, Any], here: dict[str, Any]) -> str:
    """The first thing in which two requests differ, in words."""
    for number, (old, new) in enumerate(zip(there["messages"], here["messages"], strict=False), start=1):
        if old[0] != new[0]:
            return f"role {old[0]!a} in message {number}, not {new[0]!a}"
        if old[1] != new[1]:
            at = _shared(old[1], new[1])
            begin = max(0, at - _AROUND // 2)
            shown = [f"{text[begin : at + _AROUND]!a}" for text in (old[1], new[1])]
            return f"{shown[0]}, not {shown[1]}, in message {number} from character {begin + 1}"
    if len(there["messages"]) != len(here["messages"]):
        return f"{len(there['messages'])} messages, not {len(here['messages'])}"
    differing = next((name for name in sorted(here) if there.get(name) != here[name]), None)
    if differing is None:
        return "the same request in another format"
    return f"{differing} {there.get(differing)!a}, not {here[differing]!a}"


def _shared(one: str, other: str) -> int:
    """The number of characters with which both texts begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _read(path: Path) -> Iterator[tuple[str, _Exchange]]:
    """The exchanges in a file; a last line without its newline was cut off and is left out."""
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                if line.endswith(b"\n"):
                    yield _exchange(line, f"{path}, line {number}")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "give a file that was recorded") from None


def _exchange(line: bytes, where: str) -> tuple[str, _Exchange]:
    try:
        data = json.loads(line)
        if data["format"] != _FORMAT:
            raise ValueError("another format version")
        request, key = data["request"], data["hash"]
        if not isinstance(key, str) or not all(
            isinstance(role, str) and isinstance(content, str) for role, content in request["messages"]
        ):
            raise ValueError("another shape")
        if key != hash_of(request):
            raise ValueError("its request was changed")
        return key, _Exchange(request, ChatReply.from_json(data["reply"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{where} is no recorded exchange ({reason})", "record it again") from None
