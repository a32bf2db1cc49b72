"""What runs in the worker processes of a Ray cluster: a service that is opened once and then used.

Nothing is ever raised to the driver, for an exception that cannot be pickled would never arrive there: what
comes of a call is told by plain records.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import platform
import signal
import socket
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import psutil

import cramf
from cramf import errors
from cramf.errors import CramfError
from cramf.knowledge.cache import code_version

__all__ = [
    "Broken",
    "Made",
    "Process",
    "Refused",
    "Service",
    "ServiceActor",
    "Unable",
    "end_process",
    "software",
]

_ROOMS = ("lean", "knowledge", "retrieval", "check", "formalize", "evaluation")


class Service(Protocol):
    """What workers do. It can be pickled."""

    def identity(self) -> Mapping[str, Any]:
        """What must be equal here and there for the same results, as JSON values."""
        ...

    def open(self) -> AbstractContextManager[Callable[[Any], Any]]:
        """What is called for each thing; `CramfError` and `MemoryError` of it are told to the driver."""
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """A process of a machine: `born` (seconds since 1970) tells it from a later one of the same number."""

    pid: int
    born: float
    host: str
    node: str
    """The machine as Ray names it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A pickled outcome."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """An error for the user, by the name of its class in `cramf.errors`."""

    kind: str
    message: str
    mend: str

    def error(self) -> CramfError:
        """The error as it was, or as its nearest relative that is known to all."""
        made: CramfError = getattr(errors, self.kind)(self.message, self.mend)
        return made


@dataclass(frozen=True, slots=True)
class Unable:
    """The process cannot go on, another might."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """An error that nobody foresaw, as its traceback."""

    text: str


def software() -> dict[str, str]:
    """Versions that driver and workers must share, the code of CRAMF by its hash."""
    return {
        "python": platform.python_version(),
        "cramf": cramf.__version__,
        "code of cramf": code_version(*_ROOMS),
    }


class ServiceActor:
    """One worker process; the methods are called in the order in which they were asked for."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._use: Callable[[Any], Any] | None = None

    def hello(self) -> dict[str, Any]:
        """Who this is, in types that every version of CRAMF can read."""
        ray: Any = importlib.import_module("ray")
        pid = os.getpid()
        return {
            "pid": pid,
            "born": psutil.Process(pid).create_time(),
            "host": socket.gethostname(),
            "node": ray.get_runtime_context().get_node_id(),
            "software": software(),
        }

    def open(self, service: bytes) -> Made | Refused | Unable | Broken:
        """Open a pickled service; its identity here."""

        def opened() -> Mapping[str, Any]:
            there: Service = pickle.loads(service)
            identity = there.identity()
            self._use = self._stack.enter_context(there.open())
            return identity

        return _told(opened)

    def use(self, thing: bytes) -> Made | Refused | Unable | Broken:
        """What the service makes of a pickled thing."""
        assert self._use is not None
        use = self._use
        return _told(lambda: use(pickle.loads(thing)))

    def close(self) -> None:
        """Close the service; what goes wrong then no longer matters."""
        self._use = None
        with contextlib.suppress(Exception):
            self._stack.close()


def _told(call: Callable[[], Any]) -> Made | Refused | Unable | Broken:
    try:
        return Made(pickle.dumps(call(), protocol=5))
    except CramfError as error:
        known = next(c.__name__ for c in type(error).__mro__ if c.__module__ == errors.__name__)
        return Refused(known, error.message, error.mend)
    except MemoryError:
        return Unable("it ran out of memory")
    except Exception:  # noqa: BLE001 - handed to the driver as text
        return Broken(traceback.format_exc())


def end_process(pid: int, born: float) -> None:
    """Kill a process of this machine if it is still the one that was born then.

    Ray's own way kills the children of a worker first, and with them the supervisors of commands
    (`cramf.check.supervisor`), whose orphans would live on; a plain SIGKILL leaves them to clear up.
    """
    with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
        if abs(psutil.Process(pid).create_time() - born) < 1:
            os.kill(pid, signal.SIGKILL)
