"""One running Lean REPL: asked one JSON object at a time, with limits on time, memory and size of the answer.

Two kinds with the same face. `PipedRepl` runs any program that speaks the REPL's protocol (a JSON object and
an empty line in, a JSON object and an empty line out). `LeanInteractRepl` goes through `lean-interact`'s
`LeanServer`. Its `LeanServerPool` is not used, because it keeps every candidate in its session cache, reads a
header again after a restart without any time limit, and does not tell which process serves which request, so
that neither memory nor an overrun can be laid at a candidate's door.

Both run below the supervisor, with the network cut where that can be had: nothing of them is left when they
are closed, and, on Linux, when this process is killed.

A REPL that gave anything but one whole answer is never asked again: a late answer would be taken for the
next candidate's.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from cramf.check.isolation import network_isolation
from cramf.check.judging import one_line
from cramf.check.overlay import UnavailableError
from cramf.check.running import adopt, start
from cramf.check.supervised import LIMIT_NAMES, POLL_SECONDS, Limits
from cramf.errors import ResourceError

__all__ = ["LeanInteractRepl", "PipedRepl", "Repl", "ReplDiedError", "ReplOverrunError", "repl_limits"]

_ANSWER_BYTES = 32 << 20  # longest answer that is read
_STDERR_BYTES = 1 << 16  # of standard error, the last so many bytes are kept
_END_SECONDS = 5.0  # that a process and all below it may take to end after its output did
_GRACE_SECONDS = 3.0  # that lean-interact has for its own time limit before the process is killed under it
_CHUNK = 1 << 16
_PANIC = re.compile(r"PANIC at [^\n]*|INTERNAL PANIC[^\n]*|Stack overflow detected[^\n]*")


class ReplDiedError(Exception):
    """The REPL ended, was killed for its memory, or gave what is no answer; one line says which."""


class ReplOverrunError(Exception):
    """The REPL did not answer in time."""


class Repl(Protocol):
    """A REPL that runs."""

    @property
    def memory(self) -> int:
        """Bytes that it was last seen to hold."""
        ...

    def ask(self, command: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """The answer to a command.

        Raises:
            ReplOverrunError: where it did not come within `seconds`.
            ReplDiedError: where no answer will come, or what came is none.
        """
        ...

    def kill(self) -> None:
        """Kill the process and all below it; may be called from any thread, and more than once."""
        ...

    def close(self) -> None:
        """Kill, and let go of the pipes; only the thread that asks may call it."""
        ...


def repl_limits(memory_bytes: int) -> Limits:
    """What a REPL may use in all its life; the time of each answer is limited by who asks."""
    return Limits(wall_seconds=math.inf, cpu_seconds=math.inf, memory_bytes=memory_bytes)


def _over_limit(hit: str, memory_bytes: int) -> ReplDiedError:
    of = f" of {memory_bytes >> 20:,} MiB" if hit == LIMIT_NAMES["memory"] else ""
    return ReplDiedError(f"{hit}{of} exceeded")


def _read_answer(text: str | bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ReplDiedError("its answer is no JSON") from None
    if not isinstance(value, dict):
        raise ReplDiedError("its answer is no JSON object")
    return value


def _panicked(stderr: bytes) -> None:
    """Lean goes on after a panic with a made-up value, so that nothing it then says can be relied on."""
    if found := _PANIC.search(stderr.decode("utf-8", errors="replace")):
        raise ReplDiedError(f"Lean broke down: {one_line(found.group(), 300)}")


class PipedRepl:
    """A program that speaks the REPL's protocol on its standard input and output.

    Raises:
        UnavailableError: where it cannot be started.
    """

    def __init__(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str], memory_bytes: int) -> None:
        try:
            self._running = start(argv, cwd, env, repl_limits(memory_bytes), network=False)
        except ResourceError as error:
            raise UnavailableError(error.message, error.mend) from None
        streams = (self._running.stdin, self._running.stdout, self._running.stderr)
        self._stdin, self._stdout, self._stderr = (stream.fileno() for stream in streams)
        for descriptor in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(descriptor, False)
        self._limit = memory_bytes
        self._said = b""  # the end of standard error

    @property
    def memory(self) -> int:
        return self._running.memory

    def ask(self, command: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        end = time.monotonic() + seconds
        if self._read(self._stdout).strip():
            raise ReplDiedError("it spoke without being asked")
        data = memoryview(json.dumps(command, ensure_ascii=False).encode() + b"\n\n")
        answer = bytearray()
        self._running.look_now()
        while b"\n\n" not in answer[-_CHUNK - 1 :] or not answer.strip():
            now = time.monotonic()
            if hit := self._running.limit_hit:
                raise _over_limit(hit, self._limit)  # without waiting until all is cleared away
            if now >= end:
                raise ReplOverrunError
            writable = [self._stdin] if data else []
            pause = min(POLL_SECONDS[1], max(end - now, 0.001))
            ready = select.select([self._stdout, self._stderr], writable, [], pause)
            if self._stderr in ready[0]:
                self._listen()
            if ready[1]:
                with contextlib.suppress(BlockingIOError):
                    try:
                        data = data[os.write(self._stdin, data) :]
                    except BrokenPipeError:
                        raise self._ended() from None
            if self._stdout in ready[0]:
                chunk = self._read(self._stdout, once=True)
                if not chunk:
                    raise self._ended()
                answer += chunk
                if answer.isspace() and b"\n\n" in answer:
                    raise ReplDiedError("its answer is empty")
                if len(answer) > _ANSWER_BYTES:
                    raise ReplDiedError(f"its answer is larger than {_ANSWER_BYTES >> 20} MiB")
        self._listen()
        _panicked(self._said)
        text, _, rest = bytes(answer).strip(b"\n").partition(b"\n\n")
        if rest.strip() or data:
            raise ReplDiedError("it gave more than one answer")
        return _read_answer(text)

    def _read(self, descriptor: int, once: bool = False) -> bytes:
        """What can be read now; with `once` empty only at the end of the stream."""
        read = b""
        with contextlib.suppress(BlockingIOError):
            while (chunk := os.read(descriptor, _CHUNK)) and len(read) < _ANSWER_BYTES:
                read += chunk
                if once:
                    break
        return read

    def _listen(self) -> None:
        self._said = (self._said + self._read(self._stderr))[-_STDERR_BYTES:]

    def _ended(self) -> ReplDiedError:
        """Why the process ended, after its output did."""
        if not self._running.wait(_END_SECONDS):
            return ReplDiedError("it closed its output")
        if hit := self._running.limit_hit:
            return _over_limit(hit, self._limit)
        self._listen()
        code = self._running.returncode
        how = "nobody knows how" if code is None else f"signal {-code}" if code < 0 else f"exit code {code}"
        printed = one_line(self._said.decode("utf-8", errors="replace")[-300:])
        return ReplDiedError(f"it ended with {how}; it printed: {printed or 'nothing'}")

    def kill(self) -> None:
        self._running.kill()

    def close(self) -> None:
        self._running.stop()


class LeanInteractRepl:
    """A REPL that `lean-interact` runs; `config` is its `LeanREPLConfig`, whose `lake_path` must lead to a
    command line of `running.through`.

    Raises:
        UnavailableError: where it cannot be started.
    """

    def __init__(self, config: Any, memory_bytes: int) -> None:
        from lean_interact import LeanServer

        try:
            self._server = LeanServer(config)
        except (OSError, subprocess.SubprocessError) as error:
            raise UnavailableError(f"lean-interact cannot start the REPL: {one_line(str(error))}") from None
        # There is no public way to the process; without it neither its memory nor its group can be seen.
        process: subprocess.Popen[str] = self._server._proc
        self._adopted = adopt(process, repl_limits(memory_bytes), network_isolation())
        self._errors = process.stderr
        self._limit = memory_bytes

    @property
    def memory(self) -> int:
        return self._adopted.memory

    def ask(self, command: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        # It waits without end for a process that does not read.
        self._adopted.deadline = time.monotonic() + seconds + _GRACE_SECONDS
        try:
            answer = self._server.run_dict(dict(command), timeout=seconds)
            problem = None
        except TimeoutError:
            raise ReplOverrunError from None
        except Exception as error:  # noqa: BLE001 - it raises many kinds when its process goes away
            answer, problem = None, error
        finally:
            self._adopted.deadline = math.inf
        hit = self._adopted.limit_hit
        if hit == LIMIT_NAMES["wall"]:
            raise ReplOverrunError
        if hit is not None:
            raise _over_limit(hit, self._limit)
        if problem is not None:
            raise ReplDiedError(f"lean-interact: {one_line(str(problem) or type(problem).__name__, 300)}")
        self._listen()
        if not isinstance(answer, dict):
            raise ReplDiedError("its answer is no JSON object")
        return answer

    def _listen(self) -> None:
        """Look at standard error, which lean-interact reads only when all is over."""
        if self._errors is None or self._errors.closed:
            return
        descriptor, said = self._errors.fileno(), b""
        while select.select([descriptor], [], [], 0)[0] and (chunk := os.read(descriptor, _CHUNK)):
            said = (said + chunk)[-_STDERR_BYTES:]
        _panicked(said)

    def kill(self) -> None:
        self._adopted.kill()

    def close(self) -> None:
        self._adopted.stop()
        self._server.kill()
