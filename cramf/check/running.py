"""A command that stays and is talked to, below the supervisor, with its limits watched all the time.

`start` is for commands that CRAMF starts itself. Where a library insists on starting one, `through` gives a
command line to put in its place, `adopt` takes the process under watch, and the same rules hold.
"""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from cramf.check.isolation import SUPERVISOR, Isolation, network_isolation
from cramf.check.supervised import LIMIT_NAMES, POLL_SECONDS, Limits, Supervised, Tree, launch, supervision
from cramf.errors import ResourceError

__all__ = ["Adopted", "Running", "adopt", "start", "through"]

_BEGIN_SECONDS = 30.0  # within which the supervisor has to say that the command has begun
_IDLE_SECONDS = 2.0  # longest pause between two looks at a tree that uses no CPU, and so cannot grow
_AWAKE_SECONDS = 0.1  # first pause after it was asked to look


class _Watcher:
    """Looks at a tree of processes from a thread of its own, and calls `kill` once where it is past a limit.

    `memory` is what it held when last looked at, in bytes; `hit` the limit, a key of `LIMIT_NAMES`.
    `deadline` is a time of `time.monotonic` that counts besides the limits, and may be set anew.
    """

    def __init__(self, tree: Tree, limits: Limits, kill: Callable[[], None]) -> None:
        self.memory = 0
        self.hit: str | None = None
        self.deadline = math.inf
        self._tree, self._limits, self._kill = tree, limits, kill
        self._begin = time.monotonic()
        self._over = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cramf-watch", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        (pause, busy), cpu_before = POLL_SECONDS, -1.0
        while not self._over.is_set():
            memory, cpu, processes = self._tree.look(self._limits.processes)
            now = time.monotonic()
            hit = self._limits.exceeded(memory, cpu, processes, now - self._begin)
            if hit is None and now >= self.deadline:
                hit = "wall"
            if self._over.is_set():
                return
            self.memory = memory
            if hit is not None:
                self.hit = hit
                self._kill()
                return
            left = min(self.deadline, self._begin + self._limits.wall_seconds) - now
            pause = min(pause * 1.5, busy if cpu != cpu_before else _IDLE_SECONDS, max(left, 0.001))
            cpu_before = cpu
            if self._wake.wait(pause):
                self._wake.clear()
                pause = _AWAKE_SECONDS / 1.5

    def look_now(self) -> None:
        """Look at once and often again, since there is work to come."""
        self._wake.set()

    def stop(self) -> None:
        self._over.set()
        self._wake.set()
        if self._thread is not threading.current_thread():  # where garbage was collected in the middle of it
            self._thread.join()


class _Watched:
    """What `Running` and `Adopted` share: a supervised process whose limits are watched.

    `kill` may be called from any thread and more than once, the rest only by the thread that talks to it.
    """

    def __init__(self, supervised: Supervised, limits: Limits) -> None:
        self._supervised = supervised
        self._watcher = _Watcher(supervised.tree, limits, supervised.release)
        self._heard = bytearray()  # what the supervisor said
        # Nothing that is given here may hold `self`.
        self._finalizer = weakref.finalize(self, _end, supervised, self._watcher, self._heard)

    @property
    def pid(self) -> int:
        """The supervisor's process id; the command is below it."""
        return self._supervised.process.pid

    @property
    def alive(self) -> bool:
        """Whether anything of it may still run."""
        return self._supervised.process.poll() is None

    @property
    def limit_hit(self) -> str | None:
        """Which limit ended it, in a few words, or None."""
        return LIMIT_NAMES[self._watcher.hit] if self._watcher.hit else None

    @property
    def memory(self) -> int:
        """Bytes that the whole tree held when it was last looked at; costs nothing."""
        return self._watcher.memory

    @property
    def isolation(self) -> Isolation:
        """What stands between it and the network."""
        return self._supervised.isolation

    def tree_memory(self) -> int:
        """Bytes that the command and all below it hold for themselves now, without mapped files."""
        return self._supervised.tree.look()[0]

    def tree_processes(self) -> int:
        """How many processes there are now, the supervisor not among them."""
        return self._supervised.tree.look(0)[2]

    def look_now(self) -> None:
        """Have the limits looked at now, and often for a while; to be called before it is given work."""
        self._watcher.look_now()

    def kill(self) -> None:
        """Have everything killed, without waiting for it."""
        self._supervised.release()

    def stop(self) -> None:
        """Kill everything, wait until nothing is left, and close the pipes; a second call does nothing."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Running(_Watched):
    """A command that runs, with unbuffered pipes `stdin`, `stdout` and `stderr`; made by `start`.

    Nothing of it is left after `stop`, at the end of a `with` block, when the object is forgotten, and, on
    Linux, when this process is killed. It may be started in a thread that ends before it.
    """

    def __init__(self, supervised: Supervised, argv: Sequence[str], limits: Limits) -> None:
        super().__init__(supervised, limits)
        self._argv = argv
        process = supervised.process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout
        self.stderr: IO[bytes] = process.stderr

    def wait(self, seconds: float) -> bool:
        """Wait for its end, and for that of all below it; whether it came in time."""
        try:
            self._supervised.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def returncode(self) -> int | None:
        """Exit code, -N for death by signal N; None while it runs, or where its supervisor was killed."""
        if self.alive:
            return None
        _drain(self._supervised, self._heard)
        code = self._supervised.understand(self._argv, bytes(self._heard)).get("code")
        return code if isinstance(code, int) else None


class Adopted(_Watched):
    """A process that a library started by a command line of `through`; made by `adopt`.

    Its pipes are the library's. Setting `deadline` to a time of `time.monotonic` has it killed then, with
    "wall-clock limit" as `limit_hit`.
    """

    @property
    def deadline(self) -> float:
        return self._watcher.deadline

    @deadline.setter
    def deadline(self, value: float) -> None:
        self._watcher.deadline = value
        self._watcher.look_now()


def _drain(supervised: Supervised, heard: bytearray) -> None:
    while more := supervised.hear(0.0):
        heard += more


def _end(supervised: Supervised, watcher: _Watcher, heard: bytearray) -> None:
    """Leave nothing of a process; a function, so that it can be done when its `Running` is forgotten."""
    try:
        supervised.clear()
        watcher.stop()
        _drain(supervised, heard)
    finally:
        supervised.close()


def start(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    *,
    network: bool = True,
) -> Running:
    """Start `argv` in `cwd` with exactly the environment `env` (this process's own where None).

    It returns when the command has begun. `limits` hold for its whole life (`math.inf` where there shall be
    none in seconds) and count the whole tree; `output_bytes` does not count, since the caller reads. Past a
    limit everything is killed, and `Running.limit_hit` says which. `network` is as for `sandbox.run`.

    Raises:
        ResourceError: where the command cannot be started.
    """
    limits = limits or Limits()
    supervised = launch(argv, cwd, env, limits, network, subprocess.PIPE, tell=True)
    try:
        end, word = time.monotonic() + _BEGIN_SECONDS, b""
        while b"\n" not in word and (more := supervised.hear(max(0.0, end - time.monotonic()))):
            word += more
        said = supervised.understand(argv, word)
        if not said:
            raise ResourceError(
                f"cannot start {argv[0]}: its supervisor does not answer", "try again on a machine less busy"
            )
        return Running(supervised, argv, limits)
    except BaseException:
        try:
            supervised.clear()
        finally:
            supervised.close()
        raise


def through(
    argv: Sequence[str], env: Mapping[str, str], limits: Limits, *, network: bool = True
) -> list[str]:
    """A command line that runs `argv` below a supervisor, for a library that starts processes by itself.

    Standard input, output and error, folder and environment (`env` must be it) are handed on. When the
    library's process dies, or closes the pipe that is the command's standard input, or on SIGTERM, everything
    is killed. Of `limits` only wall-clock time and those of the kernel hold until the process is adopted.
    """
    isolation = Isolation("none", reason="not asked for") if network else network_isolation()
    seconds = 0 if math.isinf(limits.wall_seconds) else math.ceil(limits.wall_seconds)
    supervisor = [sys.executable, "-I", "-S", str(SUPERVISOR), "--through", str(seconds)]
    return [*supervisor, *supervision(limits, env, isolation), *argv]


def adopt(process: subprocess.Popen[Any], limits: Limits, isolation: Isolation) -> Adopted:
    """Watch a process that was started by a command line of `through`, and end it as ours are ended."""
    return Adopted(Supervised(process, None, None, isolation), limits)
