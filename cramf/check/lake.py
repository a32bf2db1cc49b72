"""Check a candidate with `lake build`, in a scratch copy of the workspace.

The scratch copy is an *overlay*: a lakefile and manifest of our own, and for each package of the workspace
a folder of links to its files, with a `.lake` whose `build` is a link and whose configuration cache is a
copy. The manifest names every package by *path*. That is chosen for three things Lake does: given a git
package it runs git on it and, where URL or revision differ, fetches or even deletes the checkout; it writes
each package's elaborated configuration into that package's own `.lake`; and it downloads release archives
(`LAKE_NO_CACHE` says no). With path entries nothing of the user's is cloned, deleted or configured anew.
One scratch copy serves all checks of one `LakeChecker`; each check has a module name of its own and its
files are removed afterwards.

So that a missing Mathlib is never built for hours, `lake build --no-build Mathlib` is asked once, before
the first candidate; it fails where anything would have to be built.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from cramf.check.overlay import UnavailableError, Workspace
from cramf.check.safety import screen_candidate
from cramf.check.sandbox import Completed, Limits, run
from cramf.check.verdict import Candidate, Diagnostic, Severity, Status, Verdict
from cramf.environment import default_workspace
from cramf.errors import ResourceError
from cramf.lean.messages import BuildLog, Message, classify, parse_build, suggested_names

__all__ = ["INSTALL", "LakeChecker"]

INSTALL = (
    "install elan: `curl https://elan.lean-lang.org/elan-init.sh -sSf | sh`, "
    "then run `lake exe cache get` in the workspace"
)
"""What to do where there is no Lean."""

_KEPT_VARIABLES = (
    "PATH HOME USER LANG LC_ALL LC_CTYPE TZ TMPDIR ELAN_HOME ELAN_TOOLCHAIN LEAN_NUM_THREADS LD_LIBRARY_PATH "
    "DYLD_LIBRARY_PATH SSL_CERT_FILE SSL_CERT_DIR"
).split()
_LIBRARY = "Candidates"
_TAIL = 600  # characters of output that a verdict's detail carries
_SORRY = re.compile(r"declaration uses (?:'sorry'|`sorry`|sorry)")
_BROKEN = re.compile(r"(?i:out of memory|bad_alloc|stack overflow|segmentation fault)|PANIC at")


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What Lake needs and nothing else: keys and tokens of the user's environment never reach Lean."""
    kept = {name: variables[name] for name in _KEPT_VARIABLES if name in variables}
    return {**kept, "LAKE_NO_CACHE": "true", "LAKE_ARTIFACT_CACHE": "false", "GIT_TERMINAL_PROMPT": "0"}


def _tail(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _TAIL else f"… {flat[-_TAIL:]}"


def _ending(done: Completed) -> str:
    """How the process ended, in one line: limit, signal or exit code, and the end of what it printed."""
    how = f"signal {done.signal}" if done.signal is not None else f"exit code {done.exit_code}"
    if done.limit_hit:
        how = f"{done.limit_hit} hit after {done.seconds:.1f} s"
    printed = _tail(done.stderr) or _tail(done.stdout)
    return f"{how}; it printed: {printed}" if printed else f"{how}; it printed nothing"


class LakeChecker:
    """Checks candidates with a real Lean through `lake build`; slow and final.

    `workspace` is a folder with `lake-manifest.json` and fetched packages (the shipped or configured one
    where None); `lake` the program (looked up on PATH where None). It is safe to call from several threads,
    which take turns. Use it as a context manager, or call `close`, to remove the scratch copy at once.
    """

    name = "lake"

    def __init__(
        self, workspace: Path | None = None, limits: Limits | None = None, lake: str | None = None
    ) -> None:
        self._workspace = Workspace(workspace or default_workspace())
        self._limits = limits or Limits()
        self._lake = lake
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._scratch: Path | None = None
        self._finalizer: weakref.finalize[..., LakeChecker] | None = None

    def __enter__(self) -> LakeChecker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the scratch copy; the checker can still be used and makes a new one."""
        with self._lock:
            if self._finalizer is not None:
                self._finalizer()
            self._scratch = self._finalizer = None

    def check(self, candidate: Candidate) -> Verdict:
        """Verdict of Lean on a candidate; positive only where Lean finished, without error, and built it."""
        start = time.monotonic()
        # Lean gets the screened text, in which the bodies of comments are blank.
        screened, refused = screen_candidate(candidate)
        if refused:
            detail = f"not given to Lean: {refused[0].message}"
            return Verdict(self.name, Status.REJECTED, refused, False, detail, time.monotonic() - start)
        try:
            with self._lock:
                verdict = self._build(screened)
        except (UnavailableError, ResourceError) as error:
            verdict = (Status.UNAVAILABLE, (), False, str(error))
        return Verdict(self.name, *verdict, time.monotonic() - start)

    # -- running -------------------------------------------------------------------------------------------

    def _program(self) -> str:
        found = shutil.which(self._lake or "lake")
        if found is None:
            named = f"`{self._lake}` is no program" if self._lake else "there is no `lake` on PATH"
            raise UnavailableError(f"{named}; {INSTALL}")
        return str(Path(found).absolute())

    def _run(self, lake: str, scratch: Path, *arguments: str) -> Completed:
        return run([lake, *arguments], scratch, _environment(os.environ), self._limits)

    def _prepared(self, lake: str) -> Path:
        """The scratch copy, made and asked about Mathlib at the first call."""
        if self._scratch is not None and self._scratch.is_dir():
            return self._scratch
        packages = self._workspace.packages()  # complains before anything is made
        scratch = Path(tempfile.mkdtemp(prefix="cramf-lake-"))
        finalizer = weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        try:
            self._workspace.overlay(scratch, packages, _LIBRARY)
            done = self._run(lake, scratch, "build", "--no-build", "Mathlib")
            if done.exit_code != 0:
                raise UnavailableError(
                    f"Mathlib is not built in {self._workspace.root}, or Lake cannot load it "
                    f"(`lake build --no-build Mathlib`: {_ending(done)}); run `lake exe cache get` there"
                )
        except BaseException:
            finalizer()
            raise
        self._scratch, self._finalizer = scratch, finalizer
        return scratch

    def _build(self, candidate: Candidate) -> tuple[Status, tuple[Diagnostic, ...], bool, str]:
        lake = self._program()
        scratch = self._prepared(lake)
        stem = f"C{os.getpid()}_{next(self._numbers)}"
        module, file = f"{_LIBRARY}.{stem}", scratch / _LIBRARY / f"{stem}.lean"
        try:
            file.parent.mkdir(exist_ok=True)
            file.write_text(candidate.source, encoding="utf-8", newline="\n")
            done = self._run(lake, scratch, "build", module)
            built = any((scratch / ".lake" / "build").rglob(f"{stem}.olean"))
        finally:
            for made in (scratch / _LIBRARY, scratch / ".lake" / "build"):
                shutil.rmtree(made, ignore_errors=True)
        return self._judge(candidate, module, done, built)

    # -- judging -------------------------------------------------------------------------------------------

    def _judge(
        self, candidate: Candidate, module: str, done: Completed, built: bool
    ) -> tuple[Status, tuple[Diagnostic, ...], bool, str]:
        """Status, diagnostics, whether Lean finished, and a line of detail; anything unclear is `crashed`."""
        log = parse_build(f"{done.stdout}\n{done.stderr}")
        own = f"{module.replace('.', '/')}.lean"
        # Lean prints the header's blank lines too: header, one blank line, statement.
        offset = candidate.header.rstrip().count("\n") + 2
        diagnostics = tuple(
            _diagnostic(m, offset) for m in log.messages if m.severity in _SEVERITIES and _about(m, own)
        )
        if done.timed_out or done.cpu_exceeded:
            return Status.TIMEOUT, diagnostics, False, f"did not finish: {_ending(done)}{_rebuilding(log)}"
        if done.limit_hit or done.signal is not None or done.exit_code is None:
            return Status.CRASHED, diagnostics, False, f"did not finish: {_ending(done)}"
        errors = [m for m in log.errors if not m.is_summary and m.exit_code is None]
        ours = [m for m in errors if m.file is not None and _about(m, own)]
        died = [m.exit_code for m in log.messages if m.exit_code not in (None, 0, 1)]
        broken = any(_BROKEN.search(m.text) for m in errors)
        if died or broken:
            what = f"Lean ended with exit code {died[0]}" if died else "Lean broke down"
            return Status.CRASHED, diagnostics, False, f"{what}: {_ending(done)}"
        if ours:
            # Without a position Lake itself complained (an unknown import) and Lean never saw the candidate.
            elaborated = any(m.line is not None for m in ours)
            first = " ".join(ours[0].text.split())[:_TAIL]
            return Status.INVALID, diagnostics, elaborated, f"{len(ours)} error(s), the first: {first}"
        if done.exit_code != 0 or log.errors:
            where = f"; not about the candidate: {_tail(errors[0].text)}" if errors else ""
            return Status.CRASHED, diagnostics, False, f"no error names the candidate: {_ending(done)}{where}"
        if not (built or log.built(module)):
            return Status.CRASHED, diagnostics, False, f"no sign that {module} was built: {_ending(done)}"
        sorry = any(_SORRY.match(d.message) for d in diagnostics)
        status = Status.VALID_WITH_SORRY if sorry else Status.VALID
        return status, diagnostics, True, "Lean accepted it" + (" with `sorry`" if sorry else "")


_SEVERITIES = {s.value: s for s in Severity}


def _about(message: Message, own: str) -> bool:
    """Whether a message is about the candidate's file or module; one without a file is about nothing else."""
    if message.file is None:
        return not message.is_summary
    return message.file == own or message.file.endswith(f"/{own}")


def _diagnostic(message: Message, offset: int) -> Diagnostic:
    """A message with its line counted in the statement; one in the header says so and has no line."""
    line, column, text = message.line, message.column, message.text
    if line is not None and line <= offset:
        text, line, column = f"in the header, line {line}: {text}", None, None
    elif line is not None:
        line -= offset
    category, name = classify(message.text)
    return Diagnostic(
        _SEVERITIES[message.severity],
        text,
        message.category if category == "other" else category,
        name,
        line,
        column,
        suggested_names(message.text),
    )


def _rebuilding(log: BuildLog) -> str:
    """A word on why it took so long, where Lake was seen to build Mathlib itself."""
    others = [p.target for p in log.progress if p.target.startswith(("Mathlib", "Batteries", "Aesop"))]
    return f"; Lake was building {others[-1]}: run `lake exe cache get` in the workspace" if others else ""
