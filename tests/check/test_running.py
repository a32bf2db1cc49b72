"""Supervised processes that stay: pipes, limits, ends, and that nothing survives."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cramf.check.isolation import network_isolation
from cramf.check.running import Running, adopt, start, through
from cramf.check.supervised import Limits
from cramf.errors import ResourceError

PYTHON = sys.executable
MIB = 1 << 20
ENDLESS = Limits(wall_seconds=math.inf, cpu_seconds=math.inf)
FAMILY = """
import subprocess, sys, time
sleep = [sys.executable, '-c', 'import time; time.sleep(600) # MARK']
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)
orphan = 'import subprocess; subprocess.Popen(%r, start_new_session=True)' % sleep
subprocess.run([sys.executable, '-c', orphan])
print('ready', flush=True)
"""
CONNECT = """
import socket, sys
try:
    socket.create_connection(('127.0.0.1', PORT), 5)
    print('connected')
except OSError:
    print('cut off')
"""


def marked(mark: str) -> list[psutil.Process]:
    """Live processes, zombies left out, that carry the mark in their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and any(mark in a for a in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    """A mark for command lines; whatever carries it must be gone when the test ends."""
    yield str(tmp_path)
    left = marked(str(tmp_path))
    for process in left:
        process.kill()
    assert left == []


def python(code: str, mark: str, limits: Limits = ENDLESS, network: bool = True) -> Running:
    return start([PYTHON, "-c", f"{code}\n#{mark}"], Path(mark), limits=limits, network=network)


def read_line(process: Running | subprocess.Popen[bytes]) -> bytes:
    line, stream = b"", process.stdout
    assert stream is not None
    while not line.endswith(b"\n") and (byte := stream.read(1)):
        line += byte
    return line


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# -- plain use ---------------------------------------------------------------------------------------------


def test_it_is_talked_to_and_ends(mark: str) -> None:
    code = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)\nsys.exit(5)"
    with python(code, mark) as running:
        for word in (b"one\n", b"two\n"):
            running.stdin.write(word)
            assert read_line(running) == word.upper()
        assert (running.alive, running.returncode, running.limit_hit) == (True, None, None)
        running.stdin.close()
        assert running.wait(20)
        assert (running.alive, running.returncode) == (False, 5)
    assert running.returncode == 5


def test_death_by_a_signal(mark: str) -> None:
    with python("import os; os.kill(os.getpid(), 11)", mark) as running:
        assert running.wait(20)
        assert running.returncode == -signal.SIGSEGV


def test_folder_and_environment(mark: str) -> None:
    with start(["/bin/sh", "-c", "pwd; env"], Path(mark), {"A": "1"}) as running:
        said = running.stdout.read()
    assert said.splitlines()[0] == mark.encode()
    assert b"A=1\n" in said
    assert b"HOME=" not in said


def test_what_cannot_be_started(mark: str) -> None:
    before = descriptors()
    with pytest.raises(ResourceError, match="cannot start /no/such"):
        start(["/no/such"], Path(mark))
    with pytest.raises(ResourceError, match="cannot start"):
        start(["/bin/true"], Path(mark) / "nowhere")
    assert descriptors() == before


def test_its_end_of_output_is_seen_while_it_lives(mark: str) -> None:
    with python("import os, time\nos.close(1)\ntime.sleep(600)", mark) as running:
        assert running.stdout.read() == b""
        assert running.alive
        assert not running.wait(0.01)


def test_fifty_starts_leave_no_descriptor_and_no_thread(mark: str) -> None:
    python("pass", mark).stop()
    before, threads = descriptors(), threading.active_count()
    for _ in range(50):
        with start(["/bin/cat"], Path(mark), limits=ENDLESS) as running:
            assert running.alive
    assert descriptors() == before
    assert threading.active_count() == threads


# -- limits ------------------------------------------------------------------------------------------------


def test_memory_of_the_whole_tree(mark: str) -> None:
    # Four processes of about 60 MiB each: only the sum is above 150 MiB.
    code = "import os, time\nos.fork(); os.fork()\nx = bytearray(os.urandom(1)) * (60 << 20)\ntime.sleep(600)"
    with python(code, mark, Limits(math.inf, math.inf, 150 * MIB)) as running:
        assert running.wait(30)
        assert running.limit_hit == "memory limit"
        assert running.memory > 150 * MIB
        assert marked(mark) == []


def test_memory_is_told_while_it_runs(mark: str) -> None:
    code = "import time\nx = bytearray(b'x') * (60 << 20)\nprint('ready', flush=True)\ntime.sleep(600)"
    with python(code, mark) as running:
        assert read_line(running) == b"ready\n"
        assert 60 * MIB < running.tree_memory() < 200 * MIB
        assert running.tree_processes() == 1
        running.look_now()
        assert wait_until(lambda: running.memory > 60 * MIB)
    assert (running.tree_memory(), running.tree_processes()) == (0, 0)


def test_it_is_watched_while_nobody_talks_to_it(mark: str) -> None:
    """Even after a long rest, in which it is looked at seldom."""
    code = "import sys, time\nsys.stdin.readline()\nx = bytearray(b'x') * (160 << 20)\ntime.sleep(600)"
    with python(code, mark, Limits(math.inf, math.inf, 100 * MIB)) as running:
        time.sleep(1)
        running.stdin.write(b"\n")
        assert running.wait(30)
        assert running.limit_hit == "memory limit"


@pytest.mark.parametrize(
    ("code", "limits", "hit"),
    [
        (
            "import os, time\nfor _ in range(6): os.fork()\ntime.sleep(600)",
            {"processes": 40},
            "process limit",
        ),
        ("import os\nos.fork()\nwhile True: pass", {"cpu_seconds": 0.5}, "CPU limit"),
        ("import time; time.sleep(600)", {"wall_seconds": 0.5}, "wall-clock limit"),
    ],
)
def test_other_limits(mark: str, code: str, limits: dict[str, float], hit: str) -> None:
    given = {"wall_seconds": math.inf, "cpu_seconds": math.inf, **limits}
    with python(code, mark, Limits(**given)) as running:  # type: ignore[arg-type]
        assert running.wait(30)
        assert running.limit_hit == hit
        assert marked(mark) == []


# -- nothing survives --------------------------------------------------------------------------------------


def test_stop_reaches_everything_below(mark: str) -> None:
    with python(FAMILY.replace("MARK", mark) + "time.sleep(600)", mark) as running:
        assert read_line(running) == b"ready\n"
        assert len(marked(mark)) >= 4
    assert marked(mark) == []
    running.stop()


def test_what_it_leaves_behind_ends_with_it(mark: str) -> None:
    with python(FAMILY.replace("MARK", mark), mark) as running:
        assert running.wait(30)
        assert (running.returncode, marked(mark)) == (0, [])


def test_it_is_killed_under_whoever_waits_for_it(mark: str) -> None:
    with python("import time; time.sleep(600)", mark) as running:
        killer = threading.Timer(0.2, running.kill)
        killer.start()
        assert running.stdout.read() == b""
        assert running.wait(20)
        killer.join()
        running.kill()


def test_a_forgotten_one_ends(mark: str) -> None:
    running = python("import time; time.sleep(600)", mark)
    assert marked(mark)
    del running
    assert wait_until(lambda: marked(mark) == [], 5)


def test_it_outlives_the_thread_that_started_it(mark: str) -> None:
    """Linux tells the supervisor of its parent's death when that thread ends."""
    found: list[Running] = []
    code = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    thread = threading.Thread(target=lambda: found.append(python(code, mark)))
    thread.start()
    thread.join()
    time.sleep(0.3)
    with found[0] as running:
        running.stdin.write(b"still there\n")
        assert read_line(running) == b"still there\n"


def test_a_fork_of_this_process_does_not_end_it(mark: str) -> None:
    with python("import sys\nfor line in sys.stdin: print(line, end='', flush=True)", mark) as running:
        child = os.fork()
        if child == 0:
            try:
                running.kill()
                running.stop()
            finally:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        running.stdin.write(b"still there\n")
        assert read_line(running) == b"still there\n"


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_a_program_that_was_killed(mark: str, way: signal.Signals) -> None:
    inner = FAMILY.replace("MARK", mark) + f"time.sleep(600) #{mark}"
    code = (
        "from pathlib import Path\nfrom cramf.check.running import start\n"
        f"running = start({[PYTHON, '-c', inner]!r}, Path({mark!r}))\n"
        "assert running.stdout.read(1) == b'r'\nprint('ready', flush=True)\nrunning.stdout.read()\n"
    )
    with subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        assert len(marked(mark)) >= 4
        program.send_signal(way)
        program.communicate(timeout=30)
        assert wait_until(lambda: marked(mark) == [])


def test_a_fork_that_holds_our_pipes_does_not_keep_it(mark: str) -> None:
    """Such as a worker of `multiprocessing`: the pipe's end does not come, but the kernel tells."""
    inner = [PYTHON, "-c", f"import time; time.sleep(600) # {mark}"]
    code = (
        "import os, time\nfrom pathlib import Path\nfrom cramf.check.running import start\n"
        f"running = start({inner!r}, Path({mark!r}))\n"
        "child = os.fork()\nif child: print(child, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        fork = psutil.Process(int(program.stdout.readline()))
        assert len(marked(mark)) == 4
        program.kill()
        gone = wait_until(lambda: marked(mark) == [fork])
        fork.kill()
    assert gone


def test_the_supervisor_is_killed(mark: str) -> None:
    with python("import time; time.sleep(600)", mark) as running:
        psutil.Process(running.pid).kill()
        assert running.wait(20)
        assert (running.returncode, running.limit_hit) == (None, None)
    assert wait_until(lambda: marked(mark) == [])


# -- the network -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [True, False])
def test_network(mark: str, network: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = CONNECT.replace("PORT", str(server.getsockname()[1]))
        with python(code, mark, network=network) as running:
            said = read_line(running)
    reachable = network or network_isolation().network
    assert said == (b"connected\n" if reachable else b"cut off\n")
    assert running.isolation.network is reachable


# -- started by a library ----------------------------------------------------------------------------------


def library(code: str, mark: str, limits: Limits = ENDLESS, network: bool = True) -> subprocess.Popen[bytes]:
    """A process that somebody else starts, by a command line of `through`."""
    command = through([PYTHON, "-c", f"{code}\n#{mark}"], os.environ, limits, network=network)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, cwd=mark)


def test_through_hands_everything_on(mark: str) -> None:
    code = (
        "import os, sys\nprint(sys.stdin.readline(), os.getcwd())\nprint('e', file=sys.stderr)\nsys.exit(7)"
    )
    with library(code, mark) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write(b"hello\n")
        assert process.stdout.read() == f"hello\n {mark}\n".encode()
        assert process.stderr.read() == b"e\n"
        assert process.wait(20) == 7


def test_through_says_what_cannot_be_started(mark: str) -> None:
    command = through(["/no/such", mark], os.environ, ENDLESS)
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode == 127
    assert b"No such file" in done.stderr


@pytest.mark.parametrize("way", ["close", "terminate", "wall"])
def test_through_ends_with_its_pipe_a_signal_or_its_time(mark: str, way: str) -> None:
    limits = Limits(wall_seconds=2 if way == "wall" else math.inf)
    with library(FAMILY.replace("MARK", mark) + "time.sleep(600)", mark, limits) as process:
        assert process.stdin is not None
        if way != "wall":
            assert read_line(process) == b"ready\n"
        if way == "close":
            process.stdin.close()
        elif way == "terminate":
            process.terminate()
        assert process.wait(30) == 128 + signal.SIGKILL
        assert marked(mark) == []


def test_through_does_not_take_an_empty_input_for_the_end(mark: str) -> None:
    command = through([PYTHON, "-c", f"import time; time.sleep(0.5); print('done') #{mark}"], {}, ENDLESS)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    assert done.stdout == b"done\n"


def test_through_cuts_the_network(mark: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = CONNECT.replace("PORT", str(server.getsockname()[1]))
        with library(code, mark, network=False) as process:
            assert process.stdout is not None
            said = process.stdout.read()
    assert said == (b"connected\n" if network_isolation().network else b"cut off\n")


def test_an_adopted_process_has_limits_and_a_deadline(mark: str) -> None:
    grow = "import time\nx = bytearray(b'x') * (160 << 20)\ntime.sleep(600)"
    with library(grow, mark) as process:
        adopted = adopt(process, Limits(math.inf, math.inf, 100 * MIB), network_isolation())
        assert process.wait(30) == 128 + signal.SIGKILL
        assert adopted.limit_hit == "memory limit"
        adopted.stop()
    with library("import time; time.sleep(600)", mark) as process:
        with adopt(process, ENDLESS, network_isolation()) as adopted:
            adopted.deadline = time.monotonic() + 1
            assert process.wait(30) == 128 + signal.SIGKILL
            assert adopted.limit_hit == "wall-clock limit"
        assert process.stdout is not None and not process.stdout.closed
    with library(FAMILY.replace("MARK", mark) + "time.sleep(600)", mark) as process:
        with adopt(process, ENDLESS, network_isolation()):
            assert read_line(process) == b"ready\n"
        assert marked(mark) == []
