"""The sandbox: limits, capture, and that nothing survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cramf.check import sandbox, supervised
from cramf.check.sandbox import Completed, Limits, run
from cramf.errors import InputError, ResourceError

PYTHON = sys.executable
MIB = 1 << 20


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


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    """A mark for command lines; whatever carries it must be gone when the test ends."""
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    yield str(tmp_path)
    left = marked(str(tmp_path))
    children = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    for process in [*left, *children]:
        process.kill()
    assert left == []
    assert children == []


def python(code: str, mark: str, **limits: float) -> Completed:
    return run([PYTHON, "-c", f"{code}\n#{mark}"], Path(mark), limits=Limits(**limits))  # type: ignore[arg-type]


def test_output_exit_code_and_folder(mark: str) -> None:
    done = python("import os, sys; print(os.getcwd()); print('e', file=sys.stderr); sys.exit(5)", mark)
    assert (done.exit_code, done.signal, done.stdout, done.stderr) == (5, None, f"{mark}\n", "e\n")
    assert done.limit_hit is None
    assert 0 < done.seconds < 10


def test_only_the_given_environment_arrives(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    done = run(["/usr/bin/env"], Path(mark), {"A": "1"})
    assert done.stdout == "A=1\n"


def test_standard_input_is_empty(mark: str) -> None:
    assert python("import sys; print(repr(sys.stdin.read()))", mark, wall_seconds=10).stdout == "''\n"


def test_signal_is_told_from_exit_code(mark: str) -> None:
    done = python("import os; os.kill(os.getpid(), 11)", mark)
    assert (done.exit_code, done.signal) == (None, 11)


def test_wall_clock(mark: str) -> None:
    done = python("import time; print('begun', flush=True); time.sleep(600)", mark, wall_seconds=0.7)
    assert done.timed_out
    assert done.stdout == "begun\n"
    assert 0.6 < done.seconds < 5


def test_sigterm_ignored(mark: str) -> None:
    code = "import signal, time\nfor n in (1, 2, 15, 24): signal.signal(n, 1)\ntime.sleep(600)"
    done = python(code, mark, wall_seconds=0.5)
    assert done.timed_out
    assert done.signal == signal.SIGKILL


def test_cpu_of_the_whole_tree(mark: str) -> None:
    # Neither of the two processes passes the limit by itself before their sum does.
    code = f"import os\nos.fork()\nwhile True: pass\n#{mark}"
    done = python(code, mark, wall_seconds=30, cpu_seconds=1)
    assert done.cpu_exceeded
    assert not done.timed_out
    assert done.seconds < 10


def test_memory_of_the_whole_tree(mark: str) -> None:
    # Four processes of about 60 MiB each: only the sum is above 150 MiB.
    code = "import os, time\nos.fork(); os.fork()\nx = bytearray(os.urandom(1)) * (60 << 20)\ntime.sleep(600)"
    done = python(code, mark, wall_seconds=30, memory_bytes=150 * MIB)
    assert done.memory_exceeded
    assert done.seconds < 20


def test_mapped_files_are_no_memory(mark: str) -> None:
    """Lean maps gigabytes of `.olean` files; that must not count."""
    big = Path(mark) / "big"
    big.write_bytes(b"x" * (120 * MIB))
    code = (
        f"import mmap, time\nf = open({str(big)!r}, 'rb')\n"
        "m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)\n"
        "n = sum(m[i] for i in range(0, len(m), 4096))\ntime.sleep(0.6)\nprint(n > 0)"
    )
    done = python(code, mark, wall_seconds=30, memory_bytes=80 * MIB)
    assert (done.limit_hit, done.stdout) == (None, "True\n")


def test_one_huge_allocation_fails_at_once(mark: str) -> None:
    size = sandbox.ADDRESS_HEADROOM + 4096 * MIB
    code = f"import mmap\ntry: mmap.mmap(-1, {size})\nexcept (OSError, MemoryError): print('refused')"
    assert python(code, mark, memory_bytes=256 * MIB).stdout == "refused\n"


def test_flood_is_cut_off_and_not_kept(mark: str) -> None:
    code = "import sys\nsys.stdout.write('HEAD')\nwhile True: sys.stdout.write('y' * 65536)"
    done = python(code, mark, wall_seconds=30, output_bytes=MIB)
    assert done.output_truncated
    assert done.limit_hit == "output limit"
    assert done.stdout.startswith("HEADyyy")
    assert len(done.stdout) <= MIB + 100


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 5_000_000])
def test_head_and_tail_are_kept(size: int) -> None:
    """Both ends of what does not fit are kept, and all of what fits; memory stays bounded."""
    data = bytes(97 + i % 26 for i in range(size))
    reader, writer = os.pipe()
    capture = sandbox._Capture(os.fdopen(reader, "rb"), 100)
    with os.fdopen(writer, "wb") as stream:
        stream.write(data)
    assert capture.finish(10)
    assert capture.total == size
    text = capture.text()
    if size <= 100:
        assert text == data.decode()
    else:
        left_out = f"\n[… {size - 100:,} bytes left out …]\n"
        assert text == data[:50].decode() + left_out + data[-50:].decode()
    assert len(capture._tail) <= 50 + sandbox._CHUNK


def test_small_output_is_not_truncated(mark: str) -> None:
    done = python("print('a' * 1000)", mark, output_bytes=1001)
    assert not done.output_truncated
    assert done.stdout == "a" * 1000 + "\n"


def test_bytes_that_are_no_utf8(mark: str) -> None:
    done = python("import sys; sys.stdout.buffer.write(b'a\\xff\\xfeb')", mark)
    assert done.stdout == "a��b"


FORK = """
import subprocess, sys, time
sleep = [sys.executable, '-c', 'import time; time.sleep(600) # MARK']
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)
orphan = 'import subprocess; subprocess.Popen(%r, start_new_session=True)' % sleep
subprocess.run([sys.executable, '-c', orphan])
open('MARK/ready', 'w').close()
"""


def test_children_that_left_the_group_die_on_timeout(mark: str) -> None:
    done = python(FORK.replace("MARK", mark) + "time.sleep(600)", mark, wall_seconds=2)
    assert (Path(mark) / "ready").exists()
    assert done.timed_out
    assert marked(mark) == []


def test_children_left_behind_die_with_the_command(mark: str) -> None:
    done = python(FORK.replace("MARK", mark) + "print('done')", mark, wall_seconds=30)
    assert (Path(mark) / "ready").exists()
    assert (done.exit_code, done.stdout) == (0, "done\n")
    assert marked(mark) == []


STORM = """
import os, subprocess, sys, time
for _ in range(2):
    if os.fork() == 0:
        break
else:
    time.sleep(600)
end = time.time() + 60
while time.time() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
"""


def test_fork_storm_is_outrun(mark: str) -> None:
    """Each process replaces itself all the time, so that a list of pids is old when it is read."""
    assert python(STORM, mark, wall_seconds=1).timed_out
    assert marked(mark) == []


BOMB = """
import os, time
for _ in range(COUNT):
    if os.fork() == 0:
        if _ % 3 == 0:
            os.setsid()
        time.sleep(600)
print('all there', flush=True)
time.sleep(600)
"""


def test_too_many_processes(mark: str) -> None:
    done = python(BOMB.replace("COUNT", "600"), mark, wall_seconds=120, processes=100)
    assert done.processes_exceeded
    assert done.limit_hit == "process limit"
    assert done.exit_code is None
    assert marked(mark) == []


def test_two_hundred_children_are_allowed_and_killed(mark: str) -> None:
    done = python(BOMB.replace("COUNT", "200"), mark, wall_seconds=6)
    assert done.stdout == "all there\n"
    assert done.timed_out
    assert not done.processes_exceeded
    assert done.seconds < 20
    assert marked(mark) == []


DOUBLING = """
import os, time
for _ in range(10):
    os.fork()
time.sleep(600)
"""


def test_a_fork_bomb_that_doubles(mark: str) -> None:
    done = python(DOUBLING, mark, wall_seconds=120, processes=64)
    assert done.processes_exceeded
    assert marked(mark) == []


def test_exception_in_the_parent(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> tuple[int, float, int]:
        raise RuntimeError("poll failed")

    monkeypatch.setattr(supervised.Tree, "look", broken)
    with pytest.raises(RuntimeError, match="poll failed"):
        python(FORK.replace("MARK", mark) + "time.sleep(600)", mark)


def outer(mark: str) -> subprocess.Popen[bytes]:
    """Another Python that runs a command in the sandbox; returned once the command is up."""
    inner = FORK.replace("MARK", mark) + f"time.sleep(600)\n#{mark}"
    command = [PYTHON, "-c", inner]
    code = f"from cramf.check.sandbox import Path, run\nrun({command!r}, Path({mark!r}))"
    process = subprocess.Popen([PYTHON, "-c", code], stderr=subprocess.PIPE)
    assert wait_until((Path(mark) / "ready").exists)
    assert len(marked(mark)) >= 4
    return process


def test_parent_killed(mark: str) -> None:
    process = outer(mark)
    process.kill()
    process.communicate()
    assert wait_until(lambda: marked(mark) == [])


def test_keyboard_interrupt(mark: str) -> None:
    process = outer(mark)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert b"KeyboardInterrupt" in error
    assert marked(mark) == []


def test_supervisor_killed(mark: str) -> None:
    """Even the supervisor's death, which nothing announces, ends the call and the command."""
    result: list[Completed] = []
    thread = threading.Thread(
        target=lambda: result.append(python("import time; time.sleep(600)", mark, wall_seconds=30))
    )
    thread.start()
    assert wait_until(lambda: len(marked(mark)) == 2)
    supervisor = next(p for p in marked(mark) if any("supervisor.py" in a for a in p.cmdline()))
    supervisor.kill()
    thread.join(20)
    assert [(d.exit_code, d.signal) for d in result] == [(None, None)]


def test_many_at_once(mark: str) -> None:
    results: list[Completed | None] = [None] * 8

    def work(i: int) -> None:
        results[i] = python(f"print({i})", mark, wall_seconds=60)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.stdout if r else None for r in results] == [f"{i}\n" for i in range(8)]


def test_no_descriptor_is_left_open(mark: str) -> None:
    descriptors = Path("/proc/self/fd")
    python("pass", mark)
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        python("pass", mark)
    assert len(list(descriptors.iterdir())) == before


def test_a_command_that_cannot_be_started(mark: str) -> None:
    with pytest.raises(ResourceError, match="cannot start /no/such"):
        run(["/no/such"], Path(mark))
    with pytest.raises(ResourceError, match="cannot start"):
        run(["/bin/true"], Path(mark) / "nowhere")


def test_limits_must_be_positive() -> None:
    with pytest.raises(InputError):
        Limits(wall_seconds=0)
    with pytest.raises(InputError):
        Limits(processes=0)
