"""A connection to a Ray cluster: one that runs somewhere, or one of this machine's own while it is used."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

import psutil

from cramf.errors import ResourceError

__all__ = ["cluster", "cpus_of", "own_cpus"]

_OBJECT_STORE: Final = 128 << 20  # bytes; answers and vectors of one batch are small
_CONNECT_SECONDS: Final = 10.0
_LONGEST_TEMPORARY: Final = 20  # characters; Ray's sockets lie 80 deeper, and may have 107 in all
_QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Supervisors of commands end by themselves when a worker does, and must live to clear up.
    "RAY_kill_child_processes_on_worker_exit": "0",
}


def own_cpus() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def cluster(address: str | None = None, cpus: int | None = None) -> Iterator[Any]:
    """The module `ray`, connected: to the cluster that this process uses already, which stays; else to the
    one at `address` (`HOST:PORT`, `auto`); else to a new one here with so many `cpus`, which ends.

    The workers of a cluster that was there before have its environment, not this process's; CRAMF must be
    installed on its machines, and paths (index, workspace) must lead to the same things there.

    Raises:
        ResourceError: where Ray is not installed, or there is no cluster at the address.
    """
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError:
        raise ResourceError("Ray is not installed", "pip install 'cramf[ray]'") from None
    if ray.is_initialized():
        yield ray
        return
    with ExitStack() as stack:
        stack.enter_context(_own_signals())
        stack.enter_context(_silent(importlib.import_module("ray._private.worker")))
        common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if address is None:
            folder = _short_folder()
            guard = stack.enter_context(_guarded(folder))
            others = psutil.Process().children(recursive=True)
            common |= {
                "address": "local",
                "num_cpus": cpus or own_cpus(),
                "include_dashboard": False,
                "object_store_memory": _OBJECT_STORE,
                "_temp_dir": folder,
            }
        else:
            _reach(address)
            common["address"] = address
        # Also what an interrupt in the middle of a start leaves behind is ended.
        stack.callback(ray.shutdown)
        try:
            with _environment(_QUIET):
                ray.init(**common)
        except (OSError, ValueError, RuntimeError, TimeoutError, ray.exceptions.RayError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            if address is None:
                raise ResourceError(f"Ray does not start: {reason}", "use --executor local") from None
            raise _unreachable(address, reason) from None
        except SystemExit:
            # Where something else than Ray listens, Ray gives up after minutes by ending the process.
            raise _unreachable(address or "", "it does not speak as Ray does") from None
        if address is None:
            _tell(guard, others)
        yield ray


def _unreachable(address: str, reason: str) -> ResourceError:
    return ResourceError(
        f"no Ray cluster answers at {address}: {reason}",
        "start one (ray start --head), or leave --address out",
    )


def _reach(address: str) -> None:
    """Ask for a connection, for Ray itself waits minutes for one and then ends the whole process.

    Raises:
        ResourceError: where there is none to be had.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, getattr(error, "strerror", None) or str(error)) from None


@contextmanager
def _guarded(folder: str) -> Iterator[IO[str]]:
    """A process that removes the folder and ends what it is told of, at the latest when this process ends.

    Ray's own agents outlive a SIGKILL of this process by minutes.
    """
    command = [sys.executable, "-I", str(Path(__file__).with_name("ray_guard.py")), folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True) as guard:
        assert guard.stdin is not None
        yield guard.stdin


def _tell(guard: IO[str], others: Collection[psutil.Process]) -> None:
    """Tell the guard of all processes below this one that are not among the others."""
    with contextlib.suppress(psutil.Error, OSError):
        for process in psutil.Process().children(recursive=True):
            if process not in others:
                guard.write(f"{process.pid} {process.create_time()}\n")
        guard.flush()


def _short_folder() -> str:
    base = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="cramf-ray-", dir=base if len(base) <= _LONGEST_TEMPORARY else "/tmp")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables that are set where they are not, for the processes that are started meanwhile."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray puts its own handler of SIGTERM into the process and leaves it there."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        with contextlib.suppress(TypeError, ValueError):
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _silent(worker: Any) -> Iterator[None]:
    """Ray tells of dead workers on standard output, where only results belong, and no option forbids it."""
    before = getattr(worker, "_worker_logs_enabled", None)
    worker._worker_logs_enabled = False
    try:
        yield
    finally:
        if before is not None:
            worker._worker_logs_enabled = before


def cpus_of(ray: Any) -> int:
    """How many cores the connected cluster has, at least one."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))
