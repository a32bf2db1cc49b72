"""Run a command that may hang, fork, eat memory or print without end, and be sure that nothing of it is left.

Between this process and the command stands `supervisor.py`, which adopts and kills everything below it;
here the limits are watched and the output is captured. Memory is what the whole tree holds for itself
(anonymous and shared pages, not mapped files) summed by polling: Lean maps gigabytes of `.olean` files and
reserves far more address space, and Lake runs several Leans, so RLIMIT_AS alone would either kill a healthy
build or stop nothing. RLIMIT_AS is still set, `ADDRESS_HEADROOM` above the limit, against one allocation
that is larger than a poll can catch.

This is protection against accidents and runaway code, not a jail: the command has the user's files and
network.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from cramf.errors import InputError, ResourceError

__all__ = ["ADDRESS_HEADROOM", "Completed", "Limits", "run"]

ADDRESS_HEADROOM = 128 << 30
"""Bytes of address space that a process may reserve above its memory limit (mapped files, stacks)."""

_FILE_SIZE = 4 << 30  # no single file that the command writes may be larger, bytes
_POLL_SECONDS = (0.01, 0.2)  # first and longest pause between two looks at the tree
_STOP_SECONDS = 15.0  # how long the supervisor may take to clear everything away
_CHUNK = 1 << 16
_SUPERVISOR = Path(__file__).with_name("supervisor.py")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use. `cpu_seconds` and `memory_bytes` count the whole tree of processes.

    `output_bytes` counts standard output and error together; of each, at most that many bytes are kept.
    """

    wall_seconds: float = 300.0
    cpu_seconds: float = 600.0
    memory_bytes: int = 12 << 30
    output_bytes: int = 8 << 20

    def __post_init__(self) -> None:
        if min(self.wall_seconds, self.cpu_seconds, self.memory_bytes, self.output_bytes) <= 0:
            raise InputError("a limit of the sandbox is not positive", "give numbers above zero")


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

    @property
    def limit_hit(self) -> str | None:
        """Which limit ended the command, in a few words, or None."""
        if self.timed_out:
            return "wall-clock limit"
        if self.cpu_exceeded:
            return "CPU limit"
        if self.memory_exceeded:
            return "memory limit"
        return "output limit" if self.output_truncated else None


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


def _own_memory(process: psutil.Process) -> int:
    """Bytes of memory that a process holds for itself; mapped files, which the kernel can drop, do not
    count."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_bytes()
    except OSError:
        return int(process.memory_info().rss) if not sys.platform.startswith("linux") else 0
    fields = (line.split() for line in text.splitlines() if line.startswith((b"RssAnon:", b"RssShmem:")))
    return sum(int(field[1]) << 10 for field in fields)


class _Tree:
    """The processes below the supervisor, and all that were ever seen there."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self.seen: set[psutil.Process] = set()

    def look(self) -> tuple[int, float]:
        """Memory in bytes and CPU time in seconds of the whole tree now."""
        memory, cpu = 0, 0.0
        try:
            below = self._root.children(recursive=True)
        except psutil.NoSuchProcess:
            return 0, 0.0
        self.seen.update(below)
        for process in [self._root, *below]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                times = process.cpu_times()
                cpu += times.user + times.system
                # Children that ended and were waited for are in their parent's account, on Linux and macOS.
                cpu += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
                memory += _own_memory(process) if process is not self._root else 0
        return memory, cpu

    def kill(self) -> None:
        """Kill whatever was seen and still lives; psutil checks that a pid was not used again."""
        self.look()
        for process in self.seen:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.kill()


@contextlib.contextmanager
def _pipe() -> Iterator[list[int]]:
    """Read and write end; an end that is closed early is taken out of the list."""
    ends = list(os.pipe())
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def _stop(process: subprocess.Popen[bytes], control: list[int], tree: _Tree) -> None:
    """Have the supervisor clear everything away, and do it ourselves if it does not."""
    if len(control) == 2:
        os.close(control.pop())
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        tree.kill()
        process.kill()
        process.wait()
    tree.kill()


def _watch(
    status: int, captures: tuple[_Capture, _Capture], tree: _Tree, limits: Limits, start: float
) -> tuple[bytes, str | None]:
    """Wait for the supervisor's word or for a limit; its word so far and the limit hit."""
    pause, longest = _POLL_SECONDS
    while True:
        if select.select([status], [], [], pause)[0]:
            return os.read(status, _CHUNK), None
        if sum(c.total for c in captures) > limits.output_bytes:
            return b"", "output"
        memory, cpu = tree.look()
        if memory > limits.memory_bytes:
            return b"", "memory"
        if cpu > limits.cpu_seconds:
            return b"", "cpu"
        left = start + limits.wall_seconds - time.monotonic()
        if left <= 0:
            return b"", "wall"
        pause = max(0.001, min(pause * 1.5, longest, left))


def run(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, limits: Limits | None = None
) -> Completed:
    """Run `argv` in `cwd` with exactly the environment `env` (this process's own where None) under `limits`.

    Standard input is empty. The call returns when the command has ended or a limit was hit, and then no
    process that it started is left; so too when the call is left by an exception, `KeyboardInterrupt`
    included, and, on Linux, when this process is killed.

    Raises:
        ResourceError: where the command cannot be started.
    """
    limits = limits or Limits()
    start = time.monotonic()
    cpu = (
        int(limits.cpu_seconds) + 2
    )  # the sum over the tree is watched here; this is the bound for one process
    environment = dict(os.environ if env is None else env)
    numbers = (cpu, limits.memory_bytes + ADDRESS_HEADROOM, _FILE_SIZE, int("LC_CTYPE" in environment))
    with _pipe() as control, _pipe() as status:
        program = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(control[0]), str(status[1])]
        try:
            process = subprocess.Popen(
                [*program, *map(str, numbers), *argv],
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(control[0], status[1]),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ResourceError(f"cannot start {argv[0]}: {error}", "check the path and the folder") from None
        tree = _Tree(process.pid)
        try:
            os.close(status.pop())
            assert process.stdout is not None and process.stderr is not None
            captures = (
                _Capture(process.stdout, limits.output_bytes),
                _Capture(process.stderr, limits.output_bytes),
            )
            word, hit = _watch(status[0], captures, tree, limits, start)
        finally:
            _stop(process, control, tree)
        while more := os.read(status[0], _CHUNK):
            word += more
        ended = [capture.finish(5.0) for capture in captures]  # both, so that both are closed
        whole = all(ended)
    return _result(argv, word, hit, captures, whole, limits, time.monotonic() - start)


def _result(
    argv: Sequence[str],
    word: bytes,
    hit: str | None,
    captures: tuple[_Capture, _Capture],
    whole: bool,
    limits: Limits,
    seconds: float,
) -> Completed:
    """Put together what the supervisor said and what was seen."""
    try:
        said: dict[str, Any] = json.JSONDecoder().raw_decode(word.decode())[0] if word else {}
    except ValueError:
        said = {}
    if "error" in said:
        raise ResourceError(f"cannot start {argv[0]}: {said['error']}", "check that it is installed")
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
    )
