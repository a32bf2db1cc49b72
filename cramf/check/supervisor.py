"""The small process that stands between CRAMF and a command, so that nothing of the command outlives it.

Run by path, never imported by CRAMF:

- `python -I -S supervisor.py [--tell] CONTROL STATUS CPU ADDRESS FILE LOCALE WAY COMMAND…`. CONTROL and
  STATUS are file descriptors, the next three are limits, LOCALE is 1 where LC_CTYPE was set, WAY is how to
  cut the network (below). With `--tell`, STATUS hears it when COMMAND has begun.
- `supervisor.py --through SECONDS CPU ADDRESS FILE LOCALE WAY COMMAND…`, for a command that a library starts
  and talks to: no other descriptors are needed. A pipe at standard input is CONTROL, of which only the end
  counts; errors go to standard error; the exit code is COMMAND's (128 + N for signal N). SECONDS is a limit
  on wall-clock time, 0 for none.
- `supervisor.py --probe` prints which way of cutting the network works here.

It runs COMMAND in a session of its own with the resource limits set, and adopts every orphan below it
(`PR_SET_CHILD_SUBREAPER`), so a child that left the session by `setsid` and a double fork is still found.
When COMMAND ends, when CONTROL reaches its end (the parent closed it, or died), when the kernel tells that
the parent died, or on SIGTERM, everything below is killed, one JSON object goes to STATUS, and it exits.
The kernel also tells when only the *thread* that started it ended; that is no reason to stop.

A process of its own, because: limits are set after `fork` in a single-threaded program (no `preexec_fn` in
a threaded parent), and no subreaper or signal handler is left behind in the user's process. Standard
library only.

The network is cut by a network namespace of its own, in which there is only a loopback device that is down.
WAY 0 keeps the network, 1 puts a user namespace around it, in which everybody keeps their own ids (so that
files stay as they were) but nobody has rights over the host's network, 2 does without (root in a container
that forbids user namespaces). Sockets that are files, such as a Docker daemon's, are not cut.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_FLAGS = {1: _CLONE_NEWUSER | _CLONE_NEWNET, 2: _CLONE_NEWNET}
_LINUX = sys.platform.startswith("linux")
_ORPHANED = signal.SIGUSR1  # sent by the kernel when the parent, or the thread of it that started us, ends
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)


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


def _kill_children(rounds: int) -> None:
    """Kill the direct children over and over, as fast as the kernel lists them.

    A process that forks and exits all the time lives shorter than a look at the whole of /proc takes, but
    its orphans are adopted here, and the list of children is a short file.
    """
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    for _ in range(rounds):
        try:
            pids = {int(pid) for pid in children.read_bytes().split()}
        except OSError:  # another system, or a kernel without such lists
            return
        if not pids:
            return
        _signal_all(pids, signal.SIGKILL)


def _kill_below(main: int, seconds: float = 10.0) -> int | None:
    """Kill everything below until nothing is left; the wait status of the main process if seen here."""
    status = None
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(main, signal.SIGKILL)
        _kill_children(500)
        # Stop first, kill after: a process that forks faster than we list could otherwise run ahead of us.
        seen: set[int] = set()
        while time.monotonic() < give_up and (pids := _descendants()) - seen:
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


def _unshare(flags: int) -> int:
    """Linux `unshare` of this process; the error number, 0 where it went well."""
    if ctypes.CDLL(None, use_errno=True).unshare(flags) == 0:
        return 0
    return ctypes.get_errno() or 255


def _map_ids(child: int) -> None:
    """Give every user and group that is known here the same number in the child's new user namespace.

    Raises:
        OSError: where the kernel or a security module forbids it.
    """
    process = Path(f"/proc/{child}")
    if os.geteuid() == 0:
        for name in ("uid_map", "gid_map"):
            known = [line.split() for line in Path(f"/proc/self/{name}").read_text().splitlines()]
            (process / name).write_text("".join(f"{first} {first} {size}\n" for first, _, size in known))
        return
    # Nobody but root may map more than themselves; supplementary groups go on giving access.
    (process / "setgroups").write_text("deny")
    (process / "uid_map").write_text(f"{os.geteuid()} {os.geteuid()} 1\n")
    (process / "gid_map").write_text(f"{os.getegid()} {os.getegid()} 1\n")


def _start(way: int, then: Callable[[], NoReturn]) -> tuple[int, str | None]:
    """Fork, cut the child's network the given way, and have it do `then`.

    Its pid, and why its network is *not* cut although it was asked for.
    """
    if way == 0:
        child = os.fork()
        if child == 0:
            then()
        return child, None
    told_read, told_write = os.pipe()
    go_read, go_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_write)
        os.write(told_write, bytes([min(_unshare(_FLAGS[way]), 255)]))
        if not os.read(go_read, 1):
            os._exit(127)  # the namespace is unusable, and another child takes over
        then()
    for descriptor in (told_write, go_read):
        os.close(descriptor)
    why: str | None = None
    usable = True
    try:
        told = os.read(told_read, 1)
        if not told or told[0]:
            why = f"unshare: {os.strerror(told[0]) if told else 'the process died'}"
        elif way == 1:
            try:
                _map_ids(child)
            except OSError as error:
                why, usable = f"user namespace: {error.strerror}", False
        if usable:
            with contextlib.suppress(BrokenPipeError):
                os.write(go_write, b"1")
    finally:
        for descriptor in (told_read, go_write):
            os.close(descriptor)
    if not usable:
        os.waitpid(child, 0)
        return _start(0, then)[0], why
    return child, why


def _probe() -> int:
    """Print the first way of cutting the network that works here (0 for none) and why the others do not."""
    reasons: list[str] = []
    for way in (1, 2) if _LINUX else ():
        child, why = _start(way, lambda: os._exit(0))
        os.waitpid(child, 0)
        if why is None:
            print(json.dumps({"way": way, "reasons": reasons}))
            return 0
        reasons.append(why)
    print(json.dumps({"way": 0, "reasons": reasons}))
    return 0


def _become(command: list[str], status: int, cpu: int, address: int, size: int) -> NoReturn:
    """In the child: limits, then the command. Never returns."""
    signal.set_wakeup_fd(-1)
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        limits = ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_AS, address), (resource.RLIMIT_FSIZE, size))
        for which, value in (*limits, (resource.RLIMIT_CORE, 0)):
            hard = resource.getrlimit(which)[1]
            if hard != resource.RLIM_INFINITY:
                value = min(value, hard)
            resource.setrlimit(which, (value, value))
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, _ORPHANED, *_STOPPING):
            signal.signal(number, signal.SIG_DFL)
        os.execvpe(command[0], command, os.environ)
    except BaseException as error:  # noqa: BLE001 - whatever it is, tell the parent
        _say(status, {"error": f"{type(error).__name__}: {error}"})
        os._exit(127)


def _listen(told: list[int]) -> int:
    """Have signals wake the descriptor that is returned; those that end everything are put into `told`."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in _STOPPING:
        signal.signal(number, lambda *_: told.append(1))
    parent = os.getppid()
    signal.signal(_ORPHANED, lambda *_: told.append(1) if os.getppid() != parent else None)
    _prctl(_PR_SET_PDEATHSIG, _ORPHANED)
    return wake_read


def _wait(child: int, control: int, events: int, wake: int, told: list[int]) -> int | None:
    """Wait for the child's end, whose wait status is returned, or for a reason to end it."""
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    poll.register(control, events)
    status: int | None = None
    while status is None and not told:
        if any(descriptor == control for descriptor, _ in poll.poll()):
            break
        with contextlib.suppress(BlockingIOError):
            os.read(wake, 4096)
        status = _reap(child)
    return status


def _begin(
    way: int, command: list[str], status: int, limits: list[int], tell: bool
) -> tuple[int, str | None]:
    """Start the command: its pid, and why its network is not cut although it was asked for."""
    running_read, running_write = os.pipe()  # closed by the kernel when the command has begun
    child, why = _start(way, lambda: _become(command, status, *limits))
    os.close(running_write)
    if tell:
        os.read(running_read, 1)
        _say(status, {"begun": True, "network": why})
    os.close(running_read)
    # The command alone holds its standard input and output, so that their ends are seen when it closes them.
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    os.close(null)
    return child, why


def _say(status: int, what: dict[str, object]) -> None:
    # The parent may be gone, and then nobody reads.
    with contextlib.suppress(OSError):
        os.write(status, json.dumps(what).encode() + b"\n")


def main(arguments: list[str]) -> int:
    """Run the command of `arguments` as the module's docstring says; the supervisor's own exit code."""
    if arguments == ["--probe"]:
        return _probe()
    tell = arguments[0] == "--tell"
    through = arguments[0] == "--through"
    events = select.POLLIN
    if through:
        # What comes in is the command's to read; the hang-up is reported in any case.
        control = os.dup(0) if stat.S_ISFIFO(os.fstat(0).st_mode) else os.pipe()[0]
        status_pipe, events = os.dup(2), 0
    else:
        control, status_pipe = map(int, arguments[tell : tell + 2])
    cpu, address, size = map(int, arguments[2 + tell : 5 + tell])
    locale, way, *command = arguments[5 + tell :]
    for descriptor in (control, status_pipe):
        os.set_inheritable(descriptor, False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    told: list[int] = []
    wake = _listen(told)
    if locale == "0":
        os.environ.pop("LC_CTYPE", None)  # which Python itself sets in the C locale (PEP 538)
    if through:
        signal.alarm(int(arguments[1]))
    child, why = _begin(int(way), command, status_pipe, [cpu, address, size], tell)
    if through and why:
        _say(status_pipe, {"network": why})
    status = _wait(child, control, events, wake, told)
    last = _kill_below(child)
    status = status if status is not None else last
    left = len(_descendants())
    code = None if status is None else os.waitstatus_to_exitcode(status)
    if through:
        return 70 if code is None else code if code >= 0 else 128 - code
    _say(status_pipe, {"code": code, "left": left, "network": why})
    return 0 if left == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
