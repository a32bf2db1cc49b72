"""Check a candidate with `lake build` or `lake env lean --json`, in a scratch copy of the workspace.

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

`lean --json` prints nothing of a candidate that it accepts, so silence would have to count as success. In
mode `lean` a last line is therefore added after screening, `#print "a random word"`, which Lean must answer
with that word at that place. `#print` of a string is chosen because it is as old as Lean 4, is no tactic
(Mathlib has a tactic `#check`, which the block of an unindented `by` would take in), looks up no name, so
that nothing a candidate defines or opens changes the answer, and runs no code. The word cannot be foreseen,
and `#print` in the candidate itself is refused. Its answer shows that Lean read the file to the end; exit
code 0, that no error was met.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from cramf.check.base import BaseChecker
from cramf.check.isolation import network_isolation
from cramf.check.overlay import Scratch, UnavailableError, Workspace
from cramf.check.safety import screen_candidate
from cramf.check.sandbox import Completed, Limits, run
from cramf.check.toolchain import INSTALL, find_program, path_with_elan, workspace_state
from cramf.check.verdict import Candidate, Diagnostic, Identity, Part, Severity, Status, Verdict
from cramf.environment import default_workspace
from cramf.errors import CramfError, InputError, ResourceError
from cramf.lean.messages import BuildLog, Message, parse_build, parse_json

__all__ = ["INSTALL", "LakeChecker", "Mode"]

Mode = Literal["build", "lean"]
"""`build`: `lake build`, which writes the compiled module. `lean`: `lake env lean --json`, which does not."""

_RULES = "2"  # raised whenever a verdict could change
_KEPT_VARIABLES = (
    "PATH HOME USER LANG LC_ALL LC_CTYPE TZ ELAN_HOME ELAN_TOOLCHAIN LEAN_NUM_THREADS LD_LIBRARY_PATH "
    "DYLD_LIBRARY_PATH SSL_CERT_FILE SSL_CERT_DIR"
).split()
_LIBRARY = "Candidates"
_TAIL = 600  # characters of output that a verdict's detail carries
_ASK_SECONDS = 120.0  # that Lake may take at least to say whether Mathlib is built
_SORRY = re.compile(r"declaration uses (?:'sorry'|`sorry`|sorry)")
_BROKEN = re.compile(r"(?i:out of memory|bad_alloc|stack overflow|segmentation fault)|PANIC at")
# A last `open … in` would take the added command for its own, and Lean would not miss one.
_DANGLING = re.compile(r"(?<![\w.'!?])in(?:\s|--[ \t]*(?=\n)|/-[-!]?\s*-/)*\Z")
_OUR_TOKEN = re.compile(r"unexpected token ['`]#print ?['`]")

Outcome = tuple[Status, tuple[Diagnostic, ...], bool, str]
"""Status, diagnostics, whether Lean finished, and a line of detail."""


def _environment(variables: Mapping[str, str], temporary: Path) -> dict[str, str]:
    """What Lake needs and nothing else: keys and tokens of the user's environment never reach Lean."""
    kept = {name: variables[name] for name in _KEPT_VARIABLES if name in variables}
    ours = {"LAKE_NO_CACHE": "true", "LAKE_ARTIFACT_CACHE": "false", "GIT_TERMINAL_PROMPT": "0"}
    return {**kept, **ours, "PATH": path_with_elan(), "TMPDIR": str(temporary)}


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


class LakeChecker(BaseChecker):
    """Checks candidates with a real Lean through Lake; slow and final.

    `workspace` is a folder with `lake-manifest.json` and fetched packages (the shipped or configured one
    where None); `lake` the program (looked up on PATH and in elan's folder where None). `mode` is `build`
    (`lake build`) or `lean` (`lake env lean --json`, which writes no compiled module and is faster); both
    give the same verdicts. It is safe to call from several threads, which take turns. Use it as a context
    manager, or call `close`, to remove the scratch copy at once.

    Raises:
        InputError: for another mode.
    """

    def __init__(
        self,
        workspace: Path | None = None,
        limits: Limits | None = None,
        lake: str | None = None,
        mode: Mode = "build",
    ) -> None:
        if mode not in get_args(Mode):
            raise InputError(f"the lake checker has no mode {mode!r}", "give `build` or `lean`")
        self._workspace = Workspace(workspace or default_workspace())
        self._limits = limits or Limits()
        self._lake = lake
        self._mode = mode
        self.name = "lean" if mode == "lean" else "lake"
        """As `open_checker` calls it: the two modes can differ in what they say."""
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._scratch: Path | None = None
        self._finalizer: weakref.finalize[..., LakeChecker] | None = None

    def close(self) -> None:
        """Remove the scratch copy; the checker can still be used and makes a new one."""
        with self._lock:
            if self._finalizer is not None:
                self._finalizer()
            self._scratch = self._finalizer = None

    def check(self, candidate: Candidate) -> Verdict:
        """Verdict of Lean on a candidate; positive only where Lean finished, without error, and showed it."""
        start = time.monotonic()
        # Lean gets the screened text, in which the bodies of comments are blank.
        screened, refused = screen_candidate(candidate)
        if refused:
            detail = f"not given to Lean: {refused[0].message} (`{refused[0].name}`)"
            return Verdict(self.name, Status.REJECTED, refused, False, detail, time.monotonic() - start)
        return self._verdict(screened, self._limits)

    def elaborate(self, header: str, text: str, seconds: float | None = None) -> Verdict:
        """What Lean says of a text of CRAMF's own making below a header, such as a proof; lines count in it.

        The text is NOT screened; see `ReplChecker.elaborate`. Here `seconds` holds for header and text.
        """
        limits = self._limits
        if seconds is not None:
            # Lean uses several cores, so that its CPU time may well be more than that.
            cpu = max(limits.cpu_seconds, 4 * seconds)
            limits = dataclasses.replace(limits, wall_seconds=seconds, cpu_seconds=cpu)
        return self._verdict(Candidate("text", header, text), limits)

    def _verdict(self, screened: Candidate, limits: Limits) -> Verdict:
        start = time.monotonic()
        try:
            with self._lock:
                verdict = self._elaborate(screened, limits)
        except (UnavailableError, ResourceError) as error:
            verdict = (Status.UNAVAILABLE, (), False, str(error))
        except OSError as error:
            where = f"cannot write the scratch copy in {tempfile.gettempdir()}: {error.strerror}"
            verdict = (Status.UNAVAILABLE, (), False, f"{where}; free some space there, or set TMPDIR")
        return Verdict(self.name, *verdict, time.monotonic() - start)

    def identity(self) -> Identity:
        """Rules, mode and Lean options of this checker, toolchain and Mathlib of its workspace.

        Read from files, so Lean is not started; "" stands for what a workspace that is not ready does not
        tell.
        """
        state = workspace_state(self._workspace.root)
        try:
            options = repr(sorted(self._workspace.options().items()))
        except CramfError:
            options = ""
        digest = hashlib.sha256(options.encode()).hexdigest()[:12]
        version = f"{_RULES}-{self._mode}-{digest}"
        return Identity(self.name, version, state.toolchain, state.mathlib)

    # -- running -------------------------------------------------------------------------------------------

    def _program(self) -> str:
        found = find_program(self._lake or "lake")
        if found is None:
            named = f"`{self._lake}` is no program" if self._lake else "there is no `lake` on PATH"
            raise UnavailableError(f"{named}; {INSTALL}")
        return str(found)

    def _run(self, lake: str, scratch: Path, limits: Limits, *arguments: str) -> Completed:
        # Whatever Lean leaves in its temporary folder goes with the scratch copy.
        temporary = scratch / "tmp"
        temporary.mkdir(exist_ok=True)
        try:
            environment = _environment(os.environ, temporary)
            return run([lake, *arguments], scratch, environment, limits, network=False)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _prepared(self, lake: str) -> Path:
        """The scratch copy, made and asked about Mathlib at the first call."""
        if self._scratch is not None and self._scratch.is_dir():
            return self._scratch
        packages = self._workspace.packages()  # complains before anything is made
        scratch = Scratch()
        finalizer = weakref.finalize(self, scratch.remove)
        try:
            self._workspace.overlay(scratch.path, packages, _LIBRARY)
            limits = dataclasses.replace(
                self._limits,
                wall_seconds=max(self._limits.wall_seconds, _ASK_SECONDS),
                cpu_seconds=max(self._limits.cpu_seconds, _ASK_SECONDS),
            )
            done = self._run(lake, scratch.path, limits, "build", "--no-build", "Mathlib")
            if done.exit_code != 0:
                raise UnavailableError(
                    f"Mathlib is not built in {self._workspace.root}, or Lake cannot load it "
                    f"(`lake build --no-build Mathlib`: {_ending(done)}); "
                    "run `cramf lean setup`, or `lake exe cache get` there"
                )
        except BaseException:
            finalizer()
            raise
        self._scratch, self._finalizer = scratch.path, finalizer
        return scratch.path

    def _elaborate(self, candidate: Candidate, limits: Limits) -> Outcome:
        """Give the candidate to Lean as a module of its own, and judge what comes back."""
        lake = self._program()
        scratch = self._prepared(lake)
        stem = f"C{os.getpid()}_{next(self._numbers)}"
        file = scratch / _LIBRARY / f"{stem}.lean"
        try:
            file.parent.mkdir(exist_ok=True)
            by = self._by_build if self._mode == "build" else self._by_lean
            status, diagnostics, elaborated, detail = by(candidate, lake, scratch, file, limits)
        finally:
            for made in (scratch / _LIBRARY, scratch / ".lake" / "build"):
                shutil.rmtree(made, ignore_errors=True)
        isolation = network_isolation()
        # Whoever checks a stranger's Lean shall know what stood between it and the network.
        said = f"{detail} ({isolation})" if isolation.network else detail
        return status, diagnostics, elaborated, said

    def _by_build(
        self, candidate: Candidate, lake: str, scratch: Path, file: Path, limits: Limits
    ) -> Outcome:
        file.write_text(candidate.source, encoding="utf-8", newline="\n")
        module = f"{_LIBRARY}.{file.stem}"
        done = self._run(lake, scratch, limits, "build", module)
        log = parse_build(f"{done.stdout}\n{done.stderr}")
        built = log.built(module) or any((scratch / ".lake" / "build").rglob(f"{file.stem}.olean"))
        return _judge(candidate, f"{_LIBRARY}/{file.name}", done, log, built, f"{module} was built")

    def _by_lean(self, candidate: Candidate, lake: str, scratch: Path, file: Path, limits: Limits) -> Outcome:
        word = f"cramf {secrets.token_hex(8)}"
        added = "" if _DANGLING.search(candidate.source) else f'\n#print "{word}"\n'
        file.write_text(candidate.source + added, encoding="utf-8", newline="\n")
        own = f"{_LIBRARY}/{file.name}"
        # Unlike `lake build`, `lake env` hands the options of the lakefile to nobody.
        options = [f"-D{name}={_flag(value)}" for name, value in self._workspace.options().items()]
        done = self._run(lake, scratch, limits, "env", "lean", "--json", *options, own)
        printed, _ = parse_json(done.stdout)
        rest = parse_build(done.stderr)
        messages, answered = _without_answer(printed, candidate.source, word)
        log = dataclasses.replace(rest, messages=(*messages, *rest.messages))
        return _judge(candidate, own, done, log, answered, "Lean read the file to its end")


def _flag(value: bool | int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_answer(
    messages: tuple[Message, ...], source: str, word: str
) -> tuple[tuple[Message, ...], bool]:
    """The messages about the candidate alone, and whether Lean answered the added command.

    An error at the added line is the candidate's, which stopped short: Lean expected more than it found. It
    is put at the end of the candidate, and worded as if nothing had been added.
    """
    lines = source.split("\n")[:-1]
    last, width = len(lines), len(lines[-1])
    kept: list[Message] = []
    answered = False
    for message in messages:
        line, end_line, end_column = message.line, message.end_line, message.end_column
        text = _OUR_TOKEN.sub("unexpected end of input", message.text)
        if line is None or line <= last:
            if end_line is not None and end_line > last:
                end_line, end_column = last, width
            kept.append(dataclasses.replace(message, text=text, end_line=end_line, end_column=end_column))
        elif message.severity == "error":
            kept.append(
                dataclasses.replace(
                    message, text=text, line=last, column=width, end_line=None, end_column=None
                )
            )
        elif message.severity == "information" and line == last + 2 and message.text == word:
            answered = True
        # Anything else there, such as a linter that dislikes `#print`, is about our own line.
    return tuple(kept), answered


# -- judging -----------------------------------------------------------------------------------------------

_SEVERITIES = {s.value: s for s in Severity}


def _judge(candidate: Candidate, own: str, done: Completed, log: BuildLog, shown: bool, what: str) -> Outcome:
    """What the run says of the candidate; anything unclear is `crashed`.

    `own` is the candidate's file, `shown` whether there is positive evidence that `what` happened.
    """
    diagnostics = tuple(
        _diagnostic(m, candidate) for m in log.messages if m.severity in _SEVERITIES and _about(m, own)
    )
    if done.timed_out or done.cpu_exceeded:
        return Status.TIMEOUT, diagnostics, False, f"did not finish: {_ending(done)}{_rebuilding(log)}"
    if done.limit_hit or done.signal is not None or done.exit_code is None:
        return Status.CRASHED, diagnostics, False, f"did not finish: {_ending(done)}"
    errors = [m for m in log.errors if not m.is_summary and m.exit_code is None]
    ours = [m for m in errors if m.file is not None and _about(m, own)]
    died = [m.exit_code for m in log.messages if m.exit_code not in (None, 0, 1)]
    if done.exit_code not in (0, 1):  # above 128 Lake, like a shell, hands on that Lean died of a signal
        died.append(done.exit_code)
    if died or any(_BROKEN.search(m.text) for m in errors):
        how = f"Lean or Lake ended with exit code {died[0]}" if died else "Lean broke down"
        return Status.CRASHED, diagnostics, False, f"{how}: {_ending(done)}"
    if ours:
        # Without a position Lake itself complained, and with an unknown import Lean saw no candidate.
        elaborated = any(m.line is not None and m.category != "unknown_module" for m in ours)
        first = " ".join(ours[0].text.split())[:_TAIL]
        return Status.INVALID, diagnostics, elaborated, f"{len(ours)} error(s), the first: {first}"
    if done.exit_code != 0 or log.errors:
        where = f"; not about the candidate: {_tail(errors[0].text)}" if errors else ""
        return Status.CRASHED, diagnostics, False, f"no error names the candidate: {_ending(done)}{where}"
    if not shown:
        return Status.CRASHED, diagnostics, False, f"no sign that {what}: {_ending(done)}"
    sorry = any(_SORRY.match(d.message) for d in diagnostics)
    status = Status.VALID_WITH_SORRY if sorry else Status.VALID
    return status, diagnostics, True, "Lean accepted it" + (" with `sorry`" if sorry else "")


def _about(message: Message, own: str) -> bool:
    """Whether a message is about the candidate's file or module; one without a file is about nothing else."""
    if message.file is None:
        return not message.is_summary
    return message.file == own or message.file.endswith(f"/{own}")


def _diagnostic(message: Message, candidate: Candidate) -> Diagnostic:
    """A message with its lines counted in the part of the candidate that it is about."""
    part, line, end_line = Part.STATEMENT, None, None
    if message.line is not None:
        part, line = candidate.locate(message.line)
    if message.end_line is not None:
        end_line = message.end_line - candidate.line_of(part) + 1
    category, name = message.classified
    return Diagnostic(
        _SEVERITIES[message.severity],
        message.text,
        category,
        name,
        line,
        message.column,
        message.suggestions,
        part,
        end_line,
        message.end_column,
    )


def _rebuilding(log: BuildLog) -> str:
    """A word on why it took so long, where Lake was seen to build Mathlib itself."""
    others = [p.target for p in log.progress if p.target.startswith(("Mathlib", "Batteries", "Aesop"))]
    return f"; Lake was building {others[-1]}: run `lake exe cache get` in the workspace" if others else ""
