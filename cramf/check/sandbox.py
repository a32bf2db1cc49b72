"""Run a command that may hang, fork, eat memory or print without end, and be sure that nothing of it is left.

A command that is run to its end is here; `running.py` has those that stay and are talked to.

Between this process and the command stands `supervisor.py`, which adopts and kills everything below it;
here the limits are watched and the output is captured. Memory is what the whole tree holds for itself
(anonymous and shared pages, not mapped files) summed by polling: Lean maps gigabytes of `.olean` files and
reserves far more address space, and Lake runs several Leans, so RLIMIT_AS alone would either kill a healthy
build or stop nothing. RLIMIT_AS is still set, `ADDRESS_HEADROOM` above the limit, against one allocation
that is larger than a poll can catch.

This is protection against accidents and runaway code, not a jail: the command has the user's files, and
sockets that are files. Its network is cut on request, where the kernel allows it (`isolation.py`).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cramf.check.supervised import ADDRESS_HEADROOM, LIMIT_NAMES, POLL_SECONDS, Limits, Supervised, launch

__all__ = ["ADDRESS_HEADROOM", "Completed", "Limits", "run"]

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended. Exactly one of `exit_code` and `signal` is set, none if it never ended by itself
    and could not be asked. `seconds` is wall-clock time. At most one of the `…exceeded`/`timed_out` flags
    tells which limit ended it.
    """

    exit_code: int | None
    signal: int | None
    stdout: str
    stderr: str
    timed_out: bool = False
    memory_exceeded: bool = False
    output_truncated: bool = False
    seconds: float = 0.0
    cpu_exceeded: bool = False
    processes_exceeded: bool = False
    isolation: str = ""
    """What stood between the command and the network, in a few words."""

    @property
    def limit_hit(self) -> str | None:
        """Which limit ended the command, in a few words, or None."""
        flags = (
            self.timed_out,
            self.cpu_exceeded,
            self.memory_exceeded,
            self.processes_exceeded,
            self.output_truncated,
        )
        return next((name for name, hit in zip(LIMIT_NAMES.values(), flags, strict=True) if hit), None)


class _Capture:
    """Reads one stream in a thread; keeps its first and last bytes, counts all of them."""

    def __init__(self, stream: IO[bytes], capacity: int) -> None:
        self._stream = stream
        self._half = (capacity + 1) // 2  # rounded up, so that what fits is kept whole
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while chunk := os.read(self._stream.fileno(), _CHUNK):
            self.total += len(chunk)
            room = self._half - len(self._head)
            if room > 0:
                self._head += chunk[:room]
                chunk = chunk[room:]
            self._tail += chunk
            if len(self._tail) > self._half + _CHUNK:
                del self._tail[: -self._half]

    def finish(self, seconds: float) -> bool:
        """Wait for the end of the stream; False where somebody still holds its other end."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._stream.close()
        return True

    def text(self) -> str:
        tail = bytes(self._tail[-self._half :])
        left_out = self.total - len(self._head) - len(tail)
        gap = f"\n[… {left_out:,} bytes left out …]\n".encode() if left_out > 0 else b""
        return (bytes(self._head) + gap + tail).decode("utf-8", errors="replace")


def _watch(
    supervised: Supervised, captures: tuple[_Capture, _Capture], limits: Limits, start: float
) -> tuple[bytes, str | None]:
    """Wait for the supervisor's word or for a limit; its word so far and the limit hit."""
    pause, longest = POLL_SECONDS
    while True:
        if word := supervised.hear(pause):
            return word, None
        if supervised.process.poll() is not None:
            return b"", None  # it died without a word
        if sum(c.total for c in captures) > limits.output_bytes:
            return b"", "output"
        seconds = time.monotonic() - start
        if hit := limits.exceeded(*supervised.tree.look(limits.processes), seconds):
            return b"", hit
        pause = max(0.001, min(pause * 1.5, longest, limits.wall_seconds - seconds))


def run(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    *,
    network: bool = True,
) -> Completed:
    """Run `argv` in `cwd` with exactly the environment `env` (this process's own where None) under `limits`.

    Standard input is empty. The call returns when the command has ended or a limit was hit, and then no
    process that it started is left; so too when the call is left by an exception, `KeyboardInterrupt`
    included, and, on Linux, when this process is killed.

    With `network` false the command can reach no network, the machine's own loopback included, where that
    can be had; `Completed.isolation` says whether it could, and why not. (Under `bwrap`, which is used where
    nothing else works, death by signal N is exit code 128 + N.)

    Raises:
        ResourceError: where the command cannot be started.
    """
    limits = limits or Limits()
    start = time.monotonic()
    supervised = launch(argv, cwd, env, limits, network)
    try:
        try:
            process = supervised.process
            assert process.stdout is not None and process.stderr is not None
            captures = (
                _Capture(process.stdout, limits.output_bytes),
                _Capture(process.stderr, limits.output_bytes),
            )
            word, hit = _watch(supervised, captures, limits, start)
        finally:
            supervised.clear()
        while more := supervised.hear(0.0):
            word += more
        ended = [capture.finish(5.0) for capture in captures]  # both, so that both are closed
    finally:
        supervised.close()
    return _result(argv, word, hit, captures, all(ended), limits, time.monotonic() - start, supervised)


def _result(
    argv: Sequence[str],
    word: bytes,
    hit: str | None,
    captures: tuple[_Capture, _Capture],
    whole: bool,
    limits: Limits,
    seconds: float,
    supervised: Supervised,
) -> Completed:
    """Put together what the supervisor said and what was seen."""
    said = supervised.understand(argv, word)
    code = said.get("code")
    died_by = -code if isinstance(code, int) and code < 0 else None
    return Completed(
        exit_code=code if died_by is None else None,
        signal=died_by,
        stdout=captures[0].text(),
        stderr=captures[1].text(),
        timed_out=hit == "wall",
        memory_exceeded=hit == "memory",
        cpu_exceeded=hit == "cpu" or (hit is None and died_by == signal.SIGXCPU),
        output_truncated=hit == "output" or not whole or sum(c.total for c in captures) > limits.output_bytes,
        seconds=seconds,
        processes_exceeded=hit == "processes",
        isolation=str(supervised.isolation),
    )
