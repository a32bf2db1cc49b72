"""The command's shell: light, lazy, and one line for every error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import cramf
from cramf.cli.main import EXIT_CODES, LazyCommand, LazyGroup, main
from cramf.errors import BackendError, ExitCode, InputError, KnowledgeBaseError

HEAVY = (
    "torch",
    "faiss",
    "transformers",
    "numpy",
    "pyarrow",
    "scipy",
    "openai",
    "lark",
    "sentence_transformers",
)


def python(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, **options
    )


@click.command()
@click.argument("what")
@click.pass_context
def toy(ctx: click.Context, what: str) -> None:
    """A command that fails as told."""
    failures: dict[str, BaseException] = {
        "input": InputError("it is\nbad", "mend\nit"),
        "index": KnowledgeBaseError("no index", "build one"),
        "backend": BackendError("no server", "start one"),
        "interrupt": KeyboardInterrupt(),
        "abort": click.Abort(),
        "pipe": BrokenPipeError(),
        "defect": RuntimeError("surprise"),
        "package": ModuleNotFoundError("No module named 'faiss'", name="faiss"),
        "own module": ModuleNotFoundError("No module named 'cramf.x'", name="cramf.x"),
        "file": click.FileError("x.txt", "gone"),
    }
    if what in failures:
        raise failures[what]
    if what.isdecimal():
        ctx.exit(int(what))
    click.echo(what)


@pytest.fixture
def group() -> LazyGroup:
    return LazyGroup("cramf", lazy={"toy": LazyCommand(__name__, "toy", "Fails as told.")})


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = f"""
import sys
from cramf.cli.main import main
try:
    main(["--help"])
except SystemExit as stop:
    assert stop.code == 0, stop.code
loaded = [name for name in {HEAVY!r} if name in sys.modules]
loaded += [name for name in sys.modules if name.startswith("cramf.cli.") and name != "cramf.cli.main"]
assert not loaded, loaded
"""
    begun = time.perf_counter()
    done = python(code)
    seconds = time.perf_counter() - begun
    assert done.returncode == 0, done.stderr
    assert "formalize" in done.stdout and "Exit codes:" in done.stdout
    # Half a second is the promise; a busy machine gets some slack.
    assert seconds < 2, seconds


def test_help_of_formalize_imports_nothing_heavy() -> None:
    code = f"""
import sys
from cramf.cli.main import main
try:
    main(["formalize", "-h"])
except SystemExit as stop:
    assert stop.code == 0, stop.code
assert not [name for name in {HEAVY!r} if name in sys.modules]
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert "Examples:" in done.stdout and "--llm" in done.stdout


def test_help_lists_each_command_and_every_exit_code() -> None:
    result = CliRunner().invoke(main, ["-h"])
    assert result.exit_code == 0
    for command in ("formalize", "search", "index"):
        assert f"  {command} " in result.stdout
    for code in ExitCode:
        assert f"\n  {code.value} " in EXIT_CODES
        assert f"\n    {code.value} " in result.stdout


def test_every_listed_command_exists_and_has_help() -> None:
    for command in ("formalize", "search", "index"):
        result = CliRunner().invoke(main, [command, "-h"])
        assert result.exit_code == 0, command
        assert f"Usage: main {command}" in result.stdout


def test_version() -> None:
    for option in ("--version", "-V"):
        assert CliRunner().invoke(main, [option]).stdout == f"cramf, version {cramf.__version__}\n"


def test_no_arguments_teach() -> None:
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 2
    assert "Usage:" in result.stderr and "formalize" in result.stderr


@pytest.mark.parametrize(
    ("what", "code", "line"),
    [
        ("input", 2, "cramf: error: it is bad; mend it"),
        ("index", 4, "cramf: error: no index; build one"),
        ("backend", 5, "cramf: error: no server; start one"),
        ("interrupt", 130, "cramf: interrupted"),
        ("abort", 130, "cramf: interrupted"),
        ("package", 4, "cramf: error: the package faiss is not installed; reinstall cramf with pip"),
        ("file", 2, "cramf: error: Could not open file 'x.txt': gone; see `cramf --help`"),
    ],
)
def test_each_error_is_one_line_and_its_code(group: LazyGroup, what: str, code: int, line: str) -> None:
    result = CliRunner().invoke(group, ["toy", what])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"{line}\n")


@pytest.mark.parametrize(
    "arguments", [["nope"], ["toy"], ["toy", "--nope", "x"], ["--nope"], ["toy", "a", "b"]]
)
def test_usage_errors_are_one_line_that_points_to_help(group: LazyGroup, arguments: list[str]) -> None:
    result = CliRunner().invoke(group, arguments)
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith("cramf: error: ") and result.stderr.count("\n") == 1
    assert "--help`" in result.stderr


@pytest.mark.parametrize("what", ["defect", "own module"])
def test_a_defect_does_not_pass_for_a_verdict(group: LazyGroup, what: str) -> None:
    result = CliRunner().invoke(group, ["toy", what])
    assert result.exit_code == 70
    assert "Traceback" in result.stderr and "please report it" in result.stderr


def test_commands_choose_their_exit_code(group: LazyGroup) -> None:
    assert CliRunner().invoke(group, ["toy", "3"]).exit_code == 3
    done = CliRunner().invoke(group, ["toy", "fine"])
    assert (done.exit_code, done.stdout) == (0, "fine\n")


def test_without_standalone_mode_errors_are_raised(group: LazyGroup) -> None:
    with pytest.raises(InputError):
        group.main(["toy", "input"], standalone_mode=False)


_LONG = """
import click
from cramf.cli.main import LazyGroup, LazyCommand
import sys, types, time
room = types.ModuleType("room")
@click.command()
def talk():
    for n in range(200_000):
        click.echo(f"line {n}")
@click.command()
def wait():
    click.echo("ready")
    time.sleep(30)
room.talk, room.wait = talk, wait
sys.modules["room"] = room
names = ("talk", "wait")
LazyGroup("cramf", lazy={n: LazyCommand("room", n, n) for n in names}).main([sys.argv[1]])
"""


def test_a_reader_that_goes_away_hears_nothing_more() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _LONG, "talk"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == "line 0\n"
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(20) == 141
    assert errors == ""


def test_ctrl_c_ends_a_running_command_with_130() -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", _LONG, "wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "cramf: interrupted\n"


def test_a_broken_pipe_is_quiet_and_no_verdict(group: LazyGroup) -> None:
    result = CliRunner().invoke(group, ["toy", "pipe"])
    assert (result.exit_code, result.stdout, result.stderr) == (141, "", "")


def test_symbols_are_written_in_a_locale_without_them(tmp_path: Path) -> None:
    code = _LONG.replace('click.echo("ready")', 'click.echo("ℕ 𝔽")').replace("time.sleep(30)", "pass")
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, str(script), "wait"], capture_output=True, env=environment, timeout=60, check=False
    )
    assert done.stdout == "ℕ 𝔽\n".encode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_behind_standard_output_is_no_defect() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cramf", "data", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == ExitCode.RESOURCE
    assert (
        done.stderr.startswith("cramf: error: the output cannot be written") and done.stderr.count("\n") == 1
    )
