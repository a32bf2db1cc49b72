"""`cramf lean setup` on the command line, with stand-ins for the programs that it runs."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest


def _load() -> ModuleType:
    path = Path(__file__).parents[1] / "check" / "fake_elan.py"
    spec = importlib.util.spec_from_file_location("fake_elan", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FAKE = _load()


@pytest.fixture
def machine(tmp_path: Path) -> Any:
    machine = FAKE.Machine(tmp_path)
    machine.has("curl")
    return machine


def start(machine: Any, *arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """The command in a process of its own, since what it runs prints past Python's own streams."""
    command = [sys.executable, "-m", "cramf", "lean", "setup", "--workspace", str(machine.workspace)]
    environment = {**machine.environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [*command, *arguments],
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(machine: Any, *arguments: str, answers: str = "") -> tuple[int, str, str]:
    process = start(machine, *arguments)
    out, err = process.communicate(answers, timeout=60)
    return process.returncode, out, err


def test_dry_run_prints_lines_for_a_shell(machine: Any) -> None:
    code, out, err = run(machine, "--dry-run")
    assert (code, err) == (0, "")
    commands = [line for line in out.splitlines() if not line.startswith("#")]
    assert [line.split()[0] for line in commands] == [
        "rsync",
        "curl",
        "sh",
        *[commands[3].split()[0]],
        "cd",
        "cd",
    ]
    assert commands[3].endswith(f"elan toolchain install {FAKE.TOOLCHAIN}")
    assert commands[-1].endswith("lake exe cache get")
    assert machine.calls() == []
    assert not machine.workspace.exists()


def test_yes(machine: Any) -> None:
    code, out, err = run(machine, "--yes")
    assert (code, err) == (0, "")
    # What the programs print is seen, in its place.
    assert out.index("[2/6] download") < out.index("downloading") < out.index("[6/6]")
    assert out.index("[6/6]") < out.index("Decompressing 8302 file(s)") < out.index("ready: ")
    assert f"export CRAMF_LEAN_WORKSPACE={machine.workspace}" not in out  # it lies where it is looked for
    code, out, err = run(machine, "--yes")
    assert (code, err) == (0, "")
    assert "everything is there" in out


def test_answers(machine: Any) -> None:
    code, out, _ = run(machine, answers="y\nyes\n")
    assert code == 0
    assert "Run these commands" in out
    assert "bytes; read it in another terminal" in out


@pytest.mark.parametrize(
    ("answers", "ran"), [("", []), ("n\n", []), ("y\n", ["curl"]), ("y\nno\n", ["curl"])]
)
def test_no(machine: Any, answers: str, ran: list[str]) -> None:
    code, _, err = run(machine, answers=answers)
    assert code == 2
    assert err == "cramf: error: setup was not agreed to; answer `y`, or add --yes\n"
    assert [call.split()[0] for call in machine.calls()] == ran


def test_a_failure_is_one_line(machine: Any) -> None:
    machine.play("lake_update_fails")
    code, out, err = run(machine, "--yes")
    assert code == 4
    assert "[6/6]" not in out
    *theirs, ours = err.splitlines()
    assert theirs == ["lake: something went wrong"]
    assert ours.startswith("cramf: error: `")
    assert "failed with exit code 1" in ours
    assert "goes on where it stopped" in ours


def test_interrupted(machine: Any) -> None:
    """Ctrl-C ends what runs and its children, and the next run goes on."""
    machine.play("lake_exe_hangs")
    process = start(machine, "--yes")
    assert process.stdout is not None
    for line in process.stdout:
        if "still at work" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("cramf: interrupted\n")
    assert survivors(machine) == []
    machine.play()
    count = len(machine.calls())
    assert run(machine, "--yes")[0] == 0
    assert machine.calls()[count:] == ["lake exe cache get"]


def survivors(machine: Any) -> list[int]:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and str(machine.home) in " ".join(process.cmdline()):
                    found.append(process.pid)
            except psutil.Error:
                continue
        if not found:
            break
        time.sleep(0.05)
    return found


def test_a_workspace_in_another_place_is_told_of(machine: Any, tmp_path: Path) -> None:
    machine.workspace = tmp_path / "other place"
    code, out, _ = run(machine, "--yes")
    assert code == 0
    assert f"export CRAMF_LEAN_WORKSPACE='{tmp_path}/other place'" in out


@pytest.mark.parametrize("arguments", [["lean", "--help"], ["lean", "setup", "--help"]])
def test_help_teaches(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cramf", *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    assert "setup" in done.stdout
    if "setup" in arguments:
        assert "Examples:" in done.stdout
        assert "lake exe cache get" in done.stdout
