"""A command below `supervisor.py`: how it is started, what it may use, and how all of it is cleared away.

Shared by `sandbox.run`, which runs a command to its end, and `running.start`, whose command stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from cramf.check.isolation import SUPERVISOR, Isolation, network_isolation
from cramf.errors import InputError, ResourceError

__all__ = [
    "ADDRESS_HEADROOM",
    "LIMIT_NAMES",
    "POLL_SECONDS",
    "Limits",
    "Supervised",
    "Tree",
    "launch",
    "supervision",
]

ADDRESS_HEADROOM = 128 << 30
"""Bytes of address space that a process may reserve above its memory limit (mapped files, stacks)."""

_FILE_SIZE = 4 << 30  # no single file that the command writes may be larger, bytes

POLL_SECONDS = (0.01, 0.2)
"""First and longest pause between two looks at a tree of processes that is busy."""

LIMIT_NAMES = {
    "wall": "wall-clock limit",
    "cpu": "CPU limit",
    "memory": "memory limit",
    "processes": "process limit",
    "output": "output limit",
}
"""The limits in words, in the order in which they are told."""

_STOP_SECONDS = 15.0  # how long the supervisor may take to clear everything away
_CHUNK = 1 << 16
_MANY = 2048  # processes that were seen, above which those that are gone are forgotten


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use. `cpu_seconds`, `memory_bytes` and `processes` count the whole tree.

    `output_bytes` counts standard output and error together; of each, at most that many bytes are kept.
    """

    wall_seconds: float = 300.0
    cpu_seconds: float = 600.0
    memory_bytes: int = 12 << 30
    output_bytes: int = 8 << 20
    processes: int = 512
    """Live processes at one time. RLIMIT_NPROC would count everything that the user runs."""

    def __post_init__(self) -> None:
        given = (self.wall_seconds, self.cpu_seconds, self.memory_bytes, self.output_bytes, self.processes)
        if min(given) <= 0:
            raise InputError("a limit of the sandbox is not positive", "give numbers above zero")

    def exceeded(self, memory: int, cpu: float, processes: int, seconds: float) -> str | None:
        """Which of these numbers of a tree of processes is too high: a key of `LIMIT_NAMES`, or None."""
        if processes > self.processes:
            return "processes"
        if memory > self.memory_bytes:
            return "memory"
        if cpu > self.cpu_seconds:
            return "cpu"
        return "wall" if seconds >= self.wall_seconds else None


def _own_memory(process: psutil.Process) -> int:
    """Bytes of memory that a process holds for itself; mapped files, which the kernel can drop, do not
    count."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_bytes()
    except OSError:
        return int(process.memory_info().rss) if not sys.platform.startswith("linux") else 0
    fields = (line.split() for line in text.splitlines() if line.startswith((b"RssAnon:", b"RssShmem:")))
    return sum(int(field[1]) << 10 for field in fields)


class Tree:
    """The processes below the supervisor, and all that were ever seen there."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self.seen: set[psutil.Process] = set()

    def look(self, most: int = sys.maxsize) -> tuple[int, float, int]:
        """Memory in bytes, CPU time in seconds and number of processes of the whole tree now.

        Where there are more than `most` of them, no more is found out than that.
        """
        memory, cpu = 0, 0.0
        try:
            below = self._root.children(recursive=True)
        except psutil.NoSuchProcess:
            return 0, 0.0, 0
        self.seen.update(below)
        if len(self.seen) > _MANY:
            self.seen = {process for process in tuple(self.seen) if process.is_running()}
        if len(below) > most:
            return 0, 0.0, len(below)
        for process in [self._root, *below]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                times = process.cpu_times()
                cpu += times.user + times.system
                # Children that ended and were waited for are in their parent's account, on Linux and macOS.
                cpu += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
                memory += _own_memory(process) if process is not self._root else 0
        return memory, cpu, len(below)

    def kill(self) -> None:
        """Kill whatever was seen and still lives; psutil checks that a pid was not used again."""
        self.look(0)
        for process in tuple(self.seen):  # another thread may look meanwhile
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.kill()


class Supervised:
    """A supervisor with its command; `release` and `clear` may be called from any thread, again and again.

    `control` and `status` are our ends of its pipes, None for one that was started with `--through`.
    """

    def __init__(
        self, process: subprocess.Popen[Any], control: int | None, status: int | None, isolation: Isolation
    ) -> None:
        self.process = process
        self.isolation = isolation
        """What stands between the command and the network."""
        self.tree = Tree(process.pid)
        self._control = control
        self._status = status
        self._by_signal = control is None
        self._owner = os.getpid()
        # Re-entrant, since collected garbage may be cleared in the middle of this very thread.
        self._lock = threading.RLock()

    @property
    def _ours(self) -> bool:
        """False in a fork of the process that started it, to which nothing of this belongs."""
        return os.getpid() == self._owner

    def release(self) -> None:
        """Have the supervisor clear everything away, without waiting for it."""
        with self._lock:
            control, self._control = self._control, None
        if control is not None:
            os.close(control)
        elif self._by_signal and self._ours:
            self.process.terminate()

    def clear(self) -> None:
        """Have the supervisor clear everything away, and do it ourselves if it does not."""
        self.release()
        if not self._ours:
            return
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.tree.kill()
            self.process.kill()
            self.process.wait()
        self.tree.kill()

    def hear(self, seconds: float) -> bytes:
        """What the supervisor says within so many seconds; empty where it says nothing or has ended."""
        with self._lock:
            status = self._status
        if status is None or not self._ours or not select.select([status], [], [], seconds)[0]:
            return b""
        return os.read(status, _CHUNK)

    def understand(self, argv: Sequence[str], word: bytes) -> dict[str, Any]:
        """Put together what the supervisor said, one object a line; `isolation` is corrected by it.

        Raises:
            ResourceError: where it said that the command cannot be started.
        """
        said: dict[str, Any] = {}
        for line in word.splitlines():
            with contextlib.suppress(ValueError):  # cut off, where it was killed
                said |= json.loads(line)
        if "error" in said:
            raise _no_start(argv, str(said["error"]), "check that it is installed")
        if said.get("network"):
            self.isolation = Isolation("none", reason=str(said["network"]))
        return said

    def close(self) -> None:
        """Close our ends of all pipes; only when nobody uses them any more."""
        with self._lock:
            ends = [end for end in (self._control, self._status) if end is not None]
            self._control = self._status = None
        for end in ends:
            os.close(end)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not self._by_signal:  # those are the library's
                stream.close()


def supervision(limits: Limits, environment: Mapping[str, str], isolation: Isolation) -> tuple[str, ...]:
    """The supervisor's arguments from the limits on to what stands before the command itself."""
    cpu = int(min(limits.cpu_seconds, 1 << 40)) + 2  # for one process; the sum over the tree is watched
    address = limits.memory_bytes + ADDRESS_HEADROOM
    numbers = (cpu, address, _FILE_SIZE, int("LC_CTYPE" in environment), isolation.way)
    return (*map(str, numbers), *isolation.prefix)


def launch(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str] | None,
    limits: Limits,
    network: bool,
    stdin: int = subprocess.DEVNULL,
    tell: bool = False,
) -> Supervised:
    """Start a command below a supervisor, with pipes at its output and error; nobody watches its limits yet.

    With `tell` the supervisor says it when the command has begun.

    Raises:
        ResourceError: where it cannot be started.
    """
    isolation = Isolation("none", reason="not asked for") if network else network_isolation()
    environment = dict(os.environ if env is None else env)
    control_read, control_write = os.pipe()
    status_read, status_write = os.pipe()
    program = [sys.executable, "-I", "-S", str(SUPERVISOR), *(["--tell"] if tell else [])]
    words = [str(control_read), str(status_write), *supervision(limits, environment, isolation)]
    started = False
    try:
        process = subprocess.Popen(
            [*program, *words, *argv],
            cwd=cwd,
            env=environment,
            bufsize=0,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(control_read, status_write),
            start_new_session=True,
        )
        started = True
    except (OSError, ValueError) as error:
        raise _no_start(argv, str(error), "check the path and the folder") from None
    finally:
        for end in (control_read, status_write, *(() if started else (control_write, status_read))):
            os.close(end)
    return Supervised(process, control_write, status_read, isolation)


def _no_start(argv: Sequence[str], why: str, mend: str) -> ResourceError:
    return ResourceError(f"cannot start {argv[0]}: {why}", mend)
