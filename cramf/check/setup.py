"""What `cramf lean setup` does: a workspace, elan, a toolchain, Mathlib and its compiled files, step by step.

`Setup.steps` looks at what is there and gives what is left to do, so a run that was cut off goes on where it
stopped. Commands print to the user's own terminal, where the sandbox would capture; limits and the clearing
away of children are therefore done here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from cramf.check.sandbox import Limits, run
from cramf.check.toolchain import (
    ELAN_INSTALLER,
    elan_bin,
    find_program,
    installed_toolchains,
    plain_environment,
    workspace_state,
)
from cramf.environment import shipped_workspace
from cramf.errors import ResourceError

__all__ = ["FREE_BYTES", "Setup", "Step"]

FREE_BYTES = 12 << 30
"""Disk space that Lean, Mathlib's sources and its compiled files take, with room to unpack."""

_AGAIN = "mend that, then run `cramf lean setup` again: it goes on where it stopped"
_NOT_COPIED = ("lake-manifest.json", ".lake", ".gitignore", "Candidates")
_MEMORY = 16 << 30
_POLL_SECONDS = 0.5
_PATIENCE = 10.0  # seconds between asking children to stop and killing them
_MINUTE, _HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: `argv` in `folder` within `seconds`, or, without `argv`, a copy of files."""

    title: str
    argv: tuple[str, ...] = ()
    folder: Path | None = None
    seconds: float = _HOUR
    environment: Mapping[str, str] = field(default_factory=dict)
    installs: bool = False
    """Whether it runs a program that was downloaded for it."""
    copy: tuple[Path, Path] | None = None

    @property
    def shown(self) -> str:
        """The step as a line for a shell."""
        if self.copy is not None:
            source, target = (shlex.quote(str(path)) for path in self.copy)
            left_out = " ".join(f"--exclude {name}" for name in _NOT_COPIED)
            return f"rsync -a {left_out} {source}/ {target}/"
        settings = "".join(f"{k}={shlex.quote(v)} " for k, v in self.environment.items())
        where = f"cd {shlex.quote(str(self.folder))} && " if self.folder else ""
        return f"{where}{settings}{shlex.join(self.argv)}"


@dataclass(frozen=True)
class Setup:
    """The setup of one workspace; `tell` gets a line of progress at a time."""

    workspace: Path
    tell: Callable[[str], None]

    def steps(self, installer: Path | None = None) -> tuple[Step, ...]:
        """What is left to do. `installer` is where elan's script is, or is to be, downloaded to."""
        return tuple(self._steps(installer or Path(tempfile.gettempdir()) / "elan-init.sh"))

    def _steps(self, installer: Path) -> Iterator[Step]:
        state, shipped = workspace_state(self.workspace), shipped_workspace()
        ours = state.ours or not state.exists  # else a project of the user's, which is left as it is
        if ours and self.workspace.resolve() != shipped.resolve():
            template = workspace_state(shipped)
            if (state.wanted, state.toolchain) != (template.wanted, template.toolchain):
                yield Step("put a workspace in place", copy=(shipped, self.workspace))
                state = replace(state, wanted=template.wanted, toolchain=template.toolchain)
        yield from self._lean(installer, state.toolchain)
        lake = str(find_program("lake") or elan_bin() / "lake")
        if not state.manifest or (ours and state.wanted != state.mathlib):
            # Mathlib would fetch its compiled files at once; that is a step of its own here.
            alone = {"MATHLIB_NO_CACHE_ON_UPDATE": "1"}
            yield Step("fetch Mathlib and what it needs", (lake, "update"), self.workspace, 2 * _HOUR, alone)
        get = (lake, "exe", "cache", "get")
        yield Step("fetch Mathlib's compiled files", get, self.workspace, 6 * _HOUR)

    def _lean(self, installer: Path, toolchain: str) -> Iterator[Step]:
        elan = find_program("elan")
        if elan is None and find_program("lake") is not None:
            return  # Lean was installed in another way, and is the user's to keep up to date
        if elan is None:
            fetch = ("curl", "--proto", "=https", "--tlsv1.2", "-sSfL", ELAN_INSTALLER, "-o", str(installer))
            yield Step("download the installer of elan, Lean's version manager", fetch, seconds=5 * _MINUTE)
            # Nobody's shell profile is edited; CRAMF finds elan in its folder.
            install = ("sh", str(installer), "-y", "--no-modify-path", "--default-toolchain", "none")
            yield Step("install elan", install, seconds=30 * _MINUTE, installs=True)
        if toolchain and (elan is None or toolchain not in installed_toolchains(elan)):
            program = str(elan or elan_bin() / "elan")
            yield Step(
                f"install the toolchain {toolchain}",
                (program, "toolchain", "install", toolchain),
                None,
                _HOUR,
            )

    def ready(self) -> bool:
        """Whether Lake itself finds Mathlib and everything below it built."""
        state, lake = workspace_state(self.workspace), find_program("lake")
        if not (state.fetched and state.built and not state.outdated) or lake is None:
            return False
        elan = find_program("elan")
        if elan is not None and state.toolchain and state.toolchain not in installed_toolchains(elan):
            return False  # asking Lake would download it
        limits = Limits(wall_seconds=10 * _MINUTE, cpu_seconds=20 * _MINUTE)
        argv = [str(lake), "build", "--no-build", "Mathlib"]
        return run(argv, self.workspace, plain_environment(), limits).exit_code == 0

    def run(self, agreed: Callable[[Sequence[Step], Path | None], bool]) -> bool:
        """Do all that is left, asking `agreed` first, and again before a downloaded program is run.

        `agreed` gets the steps to come, and the installer once it is there to be read. Gives False where it
        said no.

        Raises:
            ResourceError: where a step fails, or another setup of this workspace is under way.
        """
        with tempfile.TemporaryDirectory(prefix="cramf-setup-") as folder, self._alone():
            installer = Path(folder) / "elan-init.sh"
            steps = self.steps(installer)
            if len(steps) == 1 and self.ready():
                self.tell("everything is there")
                return True
            if not agreed(steps, None):
                return False
            self._room()
            for number, step in enumerate(steps, 1):
                self.tell(f"[{number}/{len(steps)}] {step.title}\n    {step.shown}")
                if step.installs and not agreed((step,), installer):
                    return False
                self._do(step)
            self.tell("asking Lake whether everything is built")
            if not self.ready():
                ask = f"cd {shlex.quote(str(self.workspace))} && lake build --no-build Mathlib"
                raise ResourceError(
                    f"Lake does not find Mathlib built in {self.workspace}", f"`{ask}` says what is missing"
                )
        return True

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep a second setup of the same workspace out: two would spoil each other's checkouts."""
        try:
            self.workspace.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.workspace, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise ResourceError(
                f"cannot make the workspace {self.workspace}: {error.strerror}",
                "give --workspace a folder that you may write to",
            ) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ResourceError(
                    f"another `cramf lean setup` is at work in {self.workspace}", "wait for it to end"
                ) from None
            yield
        finally:
            os.close(handle)
            with contextlib.suppress(OSError):
                self.workspace.rmdir()  # goes only where nothing came of it

    def _room(self) -> None:
        free = shutil.disk_usage(self.workspace).free
        if free < FREE_BYTES:
            self.tell(
                f"warning: {free / (1 << 30):.1f} GiB are free there; {FREE_BYTES >> 30} GiB may be needed"
            )

    def _do(self, step: Step) -> None:
        if step.copy is not None:
            _copy(*step.copy)
            return
        _stream(step)


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        # What lies in a wheel may be read-only, and Lake writes here.
        for path in (target, *target.iterdir()):
            path.chmod(path.stat().st_mode | 0o200)
    except (OSError, shutil.Error) as error:
        raise ResourceError(f"cannot copy the workspace to {target}: {error}", _AGAIN) from None


def _stream(step: Step) -> None:
    """Run a command that prints to this process's own output, within its limits; nothing of it is left."""
    name = Path(step.argv[0]).name
    sys.stdout.flush()
    try:
        process = subprocess.Popen(
            step.argv,
            cwd=step.folder,
            env={**plain_environment(), **step.environment},
            stdin=subprocess.DEVNULL,
            # Of its own, so that Ctrl-C comes here first and all children end in order.
            start_new_session=True,
        )
    except OSError as error:
        raise ResourceError(f"cannot start {name}: {error.strerror}", f"install {name}; {_AGAIN}") from None
    ended = False
    try:
        hit = _wait(process, time.monotonic() + step.seconds)
        ended = hit is None
    finally:
        if not ended:
            _end(process)
    if hit is not None:
        raise ResourceError(f"`{shlex.join(step.argv)}` was stopped: {hit}", _AGAIN)
    if process.returncode != 0:
        code = process.returncode
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise ResourceError(f"`{shlex.join(step.argv)}` failed with {how}", _AGAIN)


def _wait(process: subprocess.Popen[bytes], deadline: float) -> str | None:
    """Wait for the end of a process; why it should be stopped, where it does not come."""
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return "it took too long"
        try:
            process.wait(min(_POLL_SECONDS, left))
            return None
        except subprocess.TimeoutExpired:
            if _memory(process.pid) > _MEMORY:
                return f"it took more than {_MEMORY >> 30} GiB of memory"


def _memory(pid: int) -> int:
    total = 0
    for process in _family(pid):
        with contextlib.suppress(psutil.Error):
            info = process.memory_info()
            # Lean maps gigabytes of compiled files, which the kernel can drop.
            total += info.rss - getattr(info, "shared", 0)
    return total


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process and all below it to stop, and kill what does not."""
    family = _family(process.pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.send_signal(number)
        _, family = psutil.wait_procs(family, _PATIENCE)
        if not family:
            break
    process.wait()
