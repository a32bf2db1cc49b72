"""Check candidates with a pool of Lean REPLs, which keep Mathlib loaded; see `repl_worker` for how."""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import shlex
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from cramf.check.base import BaseChecker, with_progress
from cramf.check.crew import Crew
from cramf.check.isolation import network_isolation
from cramf.check.judging import Outcome, one_line, set_options, statement_missing
from cramf.check.overlay import Scratch, UnavailableError, Workspace
from cramf.check.repl_process import LeanInteractRepl, PipedRepl, Repl, repl_limits
from cramf.check.repl_worker import Settings, Worker
from cramf.check.running import through
from cramf.check.safety import screen_candidate
from cramf.check.toolchain import INSTALL, find_program, path_with_elan, toolchain_of, workspace_state
from cramf.check.verdict import Candidate, Identity, Part, Status, Verdict
from cramf.environment import default_workspace
from cramf.errors import CramfError, InputError

__all__ = ["ReplChecker"]

_RULES = "1"  # raised whenever a verdict could change
_LIBRARY = "Candidates"
_PREPARE_SECONDS = 3600.0  # for building the REPL, and for elan to fetch the toolchain first
_AGAIN_SECONDS = 10.0  # after which a start that failed is tried once more
_KEPT_VARIABLES = (
    "HOME USER LANG LC_ALL LC_CTYPE TZ TMPDIR ELAN_HOME ELAN_TOOLCHAIN LEAN_NUM_THREADS LEAN_PATH "
    "LD_LIBRARY_PATH DYLD_LIBRARY_PATH"
).split()


def _environment() -> dict[str, str]:
    """What a REPL needs and nothing else: keys and tokens of the user's environment never reach Lean."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "PATH": path_with_elan(), "LAKE_NO_CACHE": "true", "GIT_TERMINAL_PROMPT": "0"}


class _Pool:
    """The workers, and the scratch copy of the workspace in which their REPLs run."""

    def __init__(
        self, start: Callable[[], Repl], scratch: Scratch | None, size: int, settings: Settings
    ) -> None:
        self._scratch = scratch
        self.closing = threading.Event()
        """Set for good before the end: whoever is still at work shall not start a REPL again."""
        self._workers = [Worker(start, settings) for _ in range(size)]
        self.free: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._workers:
            self.free.put(worker)

    def kill(self) -> None:
        for worker in self._workers:
            worker.kill()

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        if self._scratch is not None:
            self._scratch.remove()


class ReplChecker(BaseChecker):
    """Checks candidates with `workers` Lean REPLs at once; for throughput.

    `workspace` is a Lake project with Mathlib built (the shipped or configured one where None). The REPL is
    fetched, built and run by the `lean-interact` package (extra `repl`); `repl_folder` names a checkout to
    use instead of fetching one. With `repl`, a command such as `["lake", "env", "/path/to/repl"]`, that
    command is run in the workspace, and `lean-interact` is not needed. REPLs have no network, where that can
    be had (`cramf.check.isolation`); a toolchain must be there already. `timeout_seconds` holds for a
    candidate, `header_timeout_seconds` for a header (loading Mathlib), `memory_bytes` for one worker.

    Safe to call from several threads. Use it as a context manager, or call `close`, which leaves no process;
    a closed checker can be used again.

    Raises:
        InputError: for limits or a number of workers that are not above zero.
    """

    name = "repl"

    def __init__(
        self,
        workspace: Path | None = None,
        workers: int = 1,
        timeout_seconds: float = 60.0,
        memory_bytes: int = 12 << 30,
        repl: Sequence[str] | None = None,
        repl_folder: Path | None = None,
        lake: str | None = None,
        header_timeout_seconds: float = 300.0,
    ) -> None:
        if workers < 1 or min(timeout_seconds, header_timeout_seconds, memory_bytes) <= 0:
            raise InputError("a limit or the number of workers is not positive", "give numbers above zero")
        if repl is not None and (isinstance(repl, str) or not repl):
            raise InputError("the command of the REPL is no list of words", 'give ["lake", "env", "repl"]')
        self._workspace = Workspace(workspace or default_workspace())
        self._size = workers
        self._times = timeout_seconds, header_timeout_seconds
        self._memory = memory_bytes
        self._command = list(repl) if repl is not None else None
        self._folder = repl_folder
        self._lake = lake
        self._lock = threading.Lock()
        self._crew = Crew(workers)
        self._pool: _Pool | None = None
        self._failed: tuple[float, CramfError] | None = None

    def check(self, candidate: Candidate) -> Verdict:
        """Verdict of Lean on a candidate; positive only on a whole answer of the REPL without an error."""
        return self.check_many([candidate])[0]

    def check_many(self, candidates: Sequence[Candidate], progress: bool = False) -> list[Verdict]:
        """One verdict a candidate, in their order; `workers` of them are worked at together.

        Left by an exception, `KeyboardInterrupt` included, it kills the REPLs.
        """
        stop = threading.Event()
        verdicts: dict[int, Verdict] = {}
        results = self._crew.run(lambda candidate: self._one(candidate, stop), candidates)
        try:
            for index, verdict in with_progress(results, len(candidates), progress):
                verdicts[index] = verdict
        except BaseException:
            stop.set()
            results.close()
            if self._pool is not None:
                self._pool.kill()
            raise
        return [verdicts[index] for index in range(len(candidates))]

    def _one(self, candidate: Candidate, stop: threading.Event) -> Verdict:
        start = time.monotonic()
        # Lean gets the screened text, in which the bodies of comments are blank.
        screened, refused = screen_candidate(candidate)
        if refused:
            detail = f"not given to Lean: {refused[0].message} (`{refused[0].name}`)"
            return Verdict(self.name, Status.REJECTED, refused, False, detail, time.monotonic() - start)
        outcome = statement_missing(screened)
        try:
            if outcome is None:
                pool = self._started()
                worker = pool.free.get()
                try:
                    start = time.monotonic()  # waiting for a free worker is no part of a candidate's time
                    outcome = worker.check(screened, stop)
                finally:
                    pool.free.put(worker)
                if (isolation := network_isolation()).network:
                    # Whoever checks a stranger's Lean shall know that it could reach the network.
                    outcome = replace(outcome, detail=f"{outcome.detail} ({isolation})")
        except CramfError as error:
            outcome = Outcome(Status.UNAVAILABLE, str(error))
        return outcome.verdict(self.name, time.monotonic() - start)

    def elaborate(self, header: str, text: str, seconds: float | None = None) -> Verdict:
        """What Lean says of a text of CRAMF's own making below a header, such as a proof; lines count in it.

        The text is NOT screened, so that it may hold what a candidate may not (`#print axioms`): whatever
        came from outside must be screened before it is put into one. `seconds` holds for the text (the
        checker's own limit where None). A header that was not read in time is `unavailable`: it says
        nothing of the text.
        """
        start = time.monotonic()
        try:
            pool = self._started()
            worker = pool.free.get()
            try:
                start = time.monotonic()
                head = header.replace("\r\n", "\n").rstrip()
                result = worker.run(
                    head,
                    text,
                    lambda line: (Part.STATEMENT, line),
                    pool.closing,
                    self._times[0] if seconds is None else seconds,
                )
            except BaseException:
                worker.close()  # it may still be at this text
                raise
            finally:
                pool.free.put(worker)
            outcome = result.outcome
            if result.header and outcome.status is Status.TIMEOUT:
                outcome = replace(outcome, status=Status.UNAVAILABLE)
            if (isolation := network_isolation()).network:
                outcome = replace(outcome, detail=f"{outcome.detail} ({isolation})")
        except CramfError as error:
            outcome = Outcome(Status.UNAVAILABLE, str(error))
        return outcome.verdict(self.name, time.monotonic() - start)

    def identity(self) -> Identity:
        """Rules and Lean options of this checker, toolchain and Mathlib of its workspace.

        Read from files, so nothing is started; "" stands for what the workspace does not tell.
        """
        try:
            options = set_options(self._workspace.options())
        except CramfError:
            options = ""
        version = f"{_RULES}-{hashlib.sha256(options.encode()).hexdigest()[:12]}"
        root = self._workspace.root
        return Identity(self.name, version, toolchain_of(root), workspace_state(root).mathlib)

    def close(self) -> None:
        """End every REPL and remove the scratch copy of the workspace."""
        with self._lock:
            pool, self._pool, self._failed = self._pool, None, None
        if pool is not None:
            pool.closing.set()
            pool.kill()
            self._crew.close()
            pool.close()
        else:
            self._crew.close()

    # -- starting ------------------------------------------------------------------------------------------

    def _started(self) -> _Pool:
        """The workers, prepared at the first call.

        Raises:
            CramfError: where that fails, at once again for every call in the next seconds.
        """
        with self._lock:
            if self._pool is not None:
                return self._pool
            if self._failed is not None and time.monotonic() - self._failed[0] < _AGAIN_SECONDS:
                raise self._failed[1]
            scratch: Scratch | None = None
            try:
                options = set_options(self._workspace.options())
                if self._command is None:
                    lake, packages = self._find_lake(), self._workspace.packages()
                    scratch = Scratch()
                    self._workspace.overlay(scratch.path, packages, _LIBRARY)
                    start = _through_lean_interact(scratch.path, lake, self._folder, self._memory)
                else:
                    start = _through_pipes(self._command, self._workspace.root, self._memory)
            except BaseException as error:
                if scratch is not None:
                    scratch.remove()
                if isinstance(error, CramfError):
                    self._failed = time.monotonic(), error
                raise
            settings = Settings(options, *self._times, self._memory)
            self._pool = _Pool(start, scratch, self._size, settings)
            weakref.finalize(self, self._pool.close)
            return self._pool

    def _find_lake(self) -> Path:
        found = find_program(self._lake or "lake")
        if found is None:
            named = f"`{self._lake}` is no program" if self._lake else "there is no `lake` on PATH"
            raise UnavailableError(named, INSTALL)
        return found


def _through_pipes(command: Sequence[str], folder: Path, memory_bytes: int) -> Callable[[], Repl]:
    return lambda: PipedRepl(command, folder, _environment(), memory_bytes)


def _launcher(lake: Path, memory_bytes: int) -> str:
    """A shell script to be called in the place of `lake`.

    lean-interact hands its whole environment on, and starts its processes as it likes; this stands between.
    What it runs by `lake env` is a REPL, which it talks to. Anything else prepares one, for which the network
    may be needed; its standard input is cut off, as it may be a pipe of the user's.
    """
    environment, limits = _environment(), repl_limits(memory_bytes)
    variables = [f"{name}={value}" for name, value in environment.items()]

    def line(words: list[str]) -> str:
        return f'exec {shlex.join(["/usr/bin/env", "-i", *variables, *words])} "$@"'

    talk = through([str(lake)], environment, limits, network=False)
    prepare = through([str(lake)], environment, replace(limits, wall_seconds=_PREPARE_SECONDS))
    return f'#!/bin/sh\ncase "$1" in\nenv) {line(talk)};;\n*) {line(prepare)} </dev/null;;\nesac\n'


def _through_lean_interact(
    folder: Path, lake: Path, checkout: Path | None, memory_bytes: int
) -> Callable[[], Repl]:
    """Have lean-interact fetch and build the REPL for the workspace in `folder`; how to start one.

    Raises:
        UnavailableError: where it is not installed, or cannot do it.
    """
    try:
        from lean_interact import LeanREPLConfig, LocalProject
    except ImportError:
        mend = "install it with `pip install 'cramf[repl]'`, or name a REPL of your own"
        raise UnavailableError("the package lean-interact is not installed", mend) from None
    except OSError as error:  # it makes a folder beside itself when it is imported
        raise UnavailableError(f"lean-interact cannot be used here: {error}") from None
    # It writes its log to standard output, where our results go.
    logging.getLogger("lean_interact").handlers.clear()
    wrapper = folder / "lake-for-repl"
    wrapper.write_text(_launcher(lake, memory_bytes), encoding="utf-8")
    wrapper.chmod(0o700)
    try:
        config = LeanREPLConfig(
            project=LocalProject(directory=folder, lake_path=wrapper, auto_build=False),
            local_repl_path=checkout,
            lake_path=wrapper,
        )
    except Exception as error:  # noqa: BLE001 - git, lake, the network: many kinds
        mend = "connect to the network once so that it can fetch the REPL, or name a checkout of it"
        said = one_line(str(error) or type(error).__name__)
        raise UnavailableError(f"lean-interact cannot prepare the REPL: {said}", mend) from None
    return lambda: LeanInteractRepl(config, memory_bytes)
