"""The small process that stands between CRAMF and a command, so that nothing of the command outlives it.

Run by path, never imported by CRAMF: `python -I -S supervisor.py CONTROL STATUS CPU ADDRESS FILE LOCALE
COMMAND…`. CONTROL and STATUS are file descriptors, the next three are limits, LOCALE is 1 where LC_CTYPE was
set. It runs COMMAND in a session of its own with the resource limits set, and adopts every orphan below it
(`PR_SET_CHILD_SUBREAPER`), so a child that left the session by `setsid` and a double fork is still found.
When COMMAND ends, when CONTROL reaches its end (the parent closed it, or died), or on SIGTERM (sent by the
kernel when the parent dies), everything below is killed, one JSON object goes to STATUS, and it exits.

A process of its own, because: limits are set after `fork` in a single-threaded program (no `preexec_fn` in
a threaded parent), and no subreaper or signal handler is left behind in the user's process. Standard
library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform.startswith("linux")


def _prctl(option: int, value: int) -> None:
    """Linux `prctl`; a no-op elsewhere, where only the process group and the control pipe guard."""
    if _LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _parents() -> dict[int, int]:
    """Parent of every live process, from /proc; zombies are left out since they can neither run nor fork."""
    table: dict[int, int] = {}
    for entry in Path("/proc").iterdir() if _LINUX else ():
        if not entry.name.isdigit():
            continue
        # A process may end between the listing and the reading.
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The command in parentheses may itself hold spaces and parentheses.
            state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            if state not in (b"Z", b"X"):
                table[int(entry.name)] = int(parent)
    return table


def _descendants() -> set[int]:
    table = _parents()
    found: set[int] = set()
    layer = {os.getpid()}
    while layer:
        layer = {pid for pid, parent in table.items() if parent in layer} - found
        found |= layer
    return found


def _signal_all(pids: set[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _reap(main: int) -> int | None:
    """Collect every ended child; the wait status of the main one if it is among them."""
    status = None
    while True:
        try:
            pid, found = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == main:
            status = found


def _kill_below(main: int, seconds: float = 10.0) -> int | None:
    """Kill everything below until nothing is left; the wait status of the main process if seen here."""
    status = None
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(main, signal.SIGKILL)
        # Stop first, kill after: a process that forks faster than we list could otherwise run ahead of us.
        seen: set[int] = set()
        while (pids := _descendants()) - seen:
            _signal_all(pids - seen, signal.SIGSTOP)
            seen |= pids
        _signal_all(seen, signal.SIGKILL)
        found = _reap(main)
        status = found if found is not None else status
        if not _descendants():
            break
        time.sleep(0.002)
    found = _reap(main)
    return found if found is not None else status


def _become(command: list[str], status: int, cpu: int, address: int, size: int) -> None:
    """In the child: limits, then the command. Never returns."""
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        limits = ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_AS, address), (resource.RLIMIT_FSIZE, size))
        for which, value in (*limits, (resource.RLIMIT_CORE, 0)):
            hard = resource.getrlimit(which)[1]
            if hard != resource.RLIM_INFINITY:
                value = min(value, hard)
            resource.setrlimit(which, (value, value))
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.execvpe(command[0], command, os.environ)
    except BaseException as error:  # noqa: BLE001 - whatever it is, tell the parent
        os.write(status, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        os._exit(127)


def main(arguments: list[str]) -> int:
    """Run the command of `arguments` as the module's docstring says; the supervisor's own exit code."""
    control, status_pipe, cpu, address, size = map(int, arguments[:5])
    for descriptor in (control, status_pipe):
        os.set_inheritable(descriptor, False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    told: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    if arguments[5] == "0":
        os.environ.pop("LC_CTYPE", None)  # which Python itself sets in the C locale (PEP 538)
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        _become(arguments[6:], status_pipe, cpu, address, size)
    status: int | None = None
    while status is None and not told:
        ready, _, _ = select.select([control, wake_read], [], [])
        if control in ready:
            break
        with contextlib.suppress(BlockingIOError):
            os.read(wake_read, 4096)
        status = _reap(child)
    last = _kill_below(child)
    status = status if status is not None else last
    left = len(_descendants())
    code = None if status is None else os.waitstatus_to_exitcode(status)
    # The parent may be gone, and then nobody reads.
    with contextlib.suppress(OSError):
        os.write(status_pipe, json.dumps({"code": code, "left": left}).encode())
    return 0 if left == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
