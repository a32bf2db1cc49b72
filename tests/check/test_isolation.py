"""The network of a command is cut where the kernel allows it, and where not, that is said."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from cramf.check import isolation, supervised
from cramf.check.isolation import SUPERVISOR, Isolation, network_isolation
from cramf.check.sandbox import Completed, Limits, run

PYTHON = sys.executable
CONNECT = (
    "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5); print('connected')"
)
NOBODY = 65534


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def connect(port: int, folder: Path, network: bool) -> Completed:
    return run([PYTHON, "-c", CONNECT, str(port)], folder, limits=Limits(30), network=network)


def require_isolation() -> Isolation:
    found = network_isolation()
    if found.network:
        pytest.skip(str(found))
    return found


def test_the_network_is_there_unless_it_shall_be_cut(port: int, tmp_path: Path) -> None:
    done = connect(port, tmp_path, network=True)
    assert (done.exit_code, done.stdout) == (0, "connected\n")
    assert done.isolation == "network not cut: not asked for"


def test_the_network_is_cut_or_it_is_said_why_not(port: int, tmp_path: Path) -> None:
    done = connect(port, tmp_path, network=False)
    if network_isolation().network:
        assert done.stdout == "connected\n"
        assert done.isolation.startswith("network not cut: ")
        assert len(done.isolation) > len("network not cut: ")
    else:
        assert done.exit_code == 1
        assert "connected" not in done.stdout
        assert "OSError" in done.stderr or "Error: [Errno" in done.stderr
        assert done.isolation.startswith("network cut by ")


def test_files_and_ids_are_as_outside(tmp_path: Path) -> None:
    """Whoever runs it: the same ids, the same home, and files that belong to them."""
    require_isolation()
    code = (
        "import os, pathlib\npathlib.Path('made').write_text('x')\n"
        "print(os.getuid(), os.getgid(), os.stat('made').st_uid, os.path.expanduser('~'))"
    )
    done = run([PYTHON, "-c", code], tmp_path, network=False)
    home = Path("~").expanduser()
    assert done.stdout == f"{os.getuid()} {os.getgid()} {os.getuid()} {home}\n"
    assert (tmp_path / "made").stat().st_uid == os.getuid()


def test_killing_reaches_into_the_namespace(tmp_path: Path) -> None:
    require_isolation()
    code = f"import os, time\nos.fork(); os.fork()\nos.fork() or os.setsid()\ntime.sleep(600) # {tmp_path}"
    done = run([PYTHON, "-c", code], tmp_path, limits=Limits(wall_seconds=1), network=False)
    assert done.timed_out
    left = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True, check=True).stdout
    assert [x for x in left.splitlines() if str(tmp_path) in x and not x.startswith("Z")] == []


def test_the_exit_code_comes_through(tmp_path: Path) -> None:
    done = run([PYTHON, "-c", "import sys; sys.exit(7)"], tmp_path, network=False)
    assert (done.exit_code, done.signal, done.limit_hit) == (7, None, None)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may write to; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        closed = [f for f in folder.parents if not f.stat().st_mode & stat.S_IXOTH]
        if closed:
            pytest.skip(f"{closed[0]} is closed to other users")
        yield folder


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be somebody else")
def test_ordinary_users_can_cut_it_too(port: int, public: Path) -> None:
    """The supervisor itself, run by a user without any rights."""
    # A copy and the system's own Python, since an ordinary user may not look into this checkout.
    program = public / "supervisor.py"
    shutil.copyfile(SUPERVISOR, program)
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("no system Python")
    person = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", python, "-I", "-S"]
    probe = subprocess.run([*person, str(program), "--probe"], capture_output=True, text=True, cwd="/")
    if probe.returncode != 0 or json.loads(probe.stdout)["way"] == 0:
        pytest.skip(f"ordinary users cannot cut it here: {probe.stdout}{probe.stderr}")
    assert json.loads(probe.stdout)["way"] == 1
    control, status = os.pipe(), os.pipe()
    code = f"import os; print(os.getuid()); open('{public}/made', 'w').close()\n{CONNECT}"
    numbers = (control[0], status[1], 60, 8 << 30, 1 << 30, 1, 1)
    done = subprocess.run(
        [*person, str(program), *map(str, numbers), python, "-c", code, str(port)],
        capture_output=True,
        text=True,
        pass_fds=(control[0], status[1]),
        cwd="/",
    )
    said = json.loads(os.read(status[0], 4096))
    for end in (*control, *status):
        os.close(end)
    assert said == {"code": 1, "left": 0, "network": None}
    assert done.stdout == f"{NOBODY}\n"
    assert "Network is unreachable" in done.stderr
    assert (public / "made").stat().st_uid == NOBODY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could leave a network namespace")
def test_root_cannot_go_back_to_the_network_of_the_machine(tmp_path: Path) -> None:
    if require_isolation().way != 1:
        pytest.skip("no user namespaces here")
    code = (
        "import ctypes, os\nfd = os.open('/proc/%d/ns/net' % os.getppid(), os.O_RDONLY)\n"
        "print(ctypes.CDLL(None).setns(fd, 0))"
    )
    done = run([PYTHON, "-c", code], tmp_path, network=False)
    assert done.stdout == "-1\n" or "PermissionError" in done.stderr


# -- where it cannot be had ---------------------------------------------------------------------------------


@pytest.fixture
def unable(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine whose kernel says no, with no programs; more can be put there."""
    machine = SimpleNamespace(programs={}, works=[])
    monkeypatch.setattr(isolation, "_direct", lambda: (0, ["unshare: Operation not permitted"]))
    monkeypatch.setattr(isolation, "_settings", lambda: ["user.max_user_namespaces=0"])
    monkeypatch.setattr(isolation.shutil, "which", lambda name: machine.programs.get(name))
    monkeypatch.setattr(isolation, "_works", lambda command: command[0] in machine.works)
    monkeypatch.setattr(isolation.sys, "platform", "linux")
    return machine


def test_the_reason_is_said(unable: SimpleNamespace) -> None:
    found = isolation._look()
    assert (found.kind, found.prefix, found.network) == ("none", (), True)
    assert str(found) == "network not cut: " + "; ".join(
        ("unshare: Operation not permitted", "user.max_user_namespaces=0", "no `bwrap`", "no `unshare`")
    )


def test_programs_are_tried_where_the_kernel_says_no(unable: SimpleNamespace) -> None:
    unable.programs = {"bwrap": "/usr/bin/bwrap", "unshare": "/usr/bin/unshare"}
    unable.works = ["/usr/bin/unshare"]
    found = isolation._look()
    assert (found.kind, found.prefix[0], found.network) == ("unshare", "/usr/bin/unshare", False)
    unable.works = ["/usr/bin/bwrap"]
    found = isolation._look()
    assert (found.kind, found.network, str(found)) == ("bubblewrap", False, "network cut by `bwrap`")
    unable.works = []
    assert "`bwrap` fails too; `unshare` fails too" in isolation._look().reason


def test_other_systems_have_no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation.sys, "platform", "darwin")
    assert isolation._look().reason == "only Linux has network namespaces, and this is darwin"


def test_a_prefix_goes_before_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Isolation("unshare", ("/usr/bin/env", "SEEN=1"), network=False)
    monkeypatch.setattr(supervised, "network_isolation", lambda: given)
    done = run([PYTHON, "-c", "import os; print(os.environ['SEEN'])"], tmp_path, network=False)
    assert (done.stdout, done.isolation) == ("1\n", "network cut by `env`")


@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bubblewrap on PATH")
def test_bubblewrap_cuts_it(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, prefix = isolation._PROGRAMS[0]
    if not isolation._works((*prefix, "true")):
        pytest.skip("`bwrap` does not work here")
    monkeypatch.setattr(supervised, "network_isolation", lambda: Isolation(kind, prefix, False))
    assert connect(port, tmp_path, network=False).exit_code == 1


@pytest.mark.skipif(not shutil.which("unshare"), reason="no `unshare` on PATH")
def test_the_program_unshare_cuts_it(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, prefix = isolation._PROGRAMS[1]
    if not isolation._works((*prefix, "true")):
        pytest.skip("`unshare` does not work here")
    monkeypatch.setattr(supervised, "network_isolation", lambda: Isolation(kind, prefix, False))
    done = connect(port, tmp_path, network=False)
    assert (done.exit_code, done.isolation) == (1, "network cut by `unshare`")


def test_what_fails_after_the_trial_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace that cannot be had this time: the command runs all the same, and the reason comes back."""
    limited = Isolation("unshare", network=False, way=1)
    monkeypatch.setattr(supervised, "network_isolation", lambda: limited)
    program = tmp_path / "supervisor.py"
    text = SUPERVISOR.read_text(encoding="utf-8")
    for old, new, reason in (
        ("    _map_ids(child)\n", "    raise OSError(1, 'not today')\n", "user namespace: not today"),
        ("min(_unshare(_FLAGS[way]), 255)", "28", "unshare: No space left on device"),
    ):
        assert old in text
        program.write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.setattr(supervised, "SUPERVISOR", program)
        done = run([PYTHON, "-c", "print(1)"], tmp_path, network=False)
        assert (done.exit_code, done.stdout) == (0, "1\n")
        assert done.isolation == f"network not cut: {reason}"
