"""One worker of the REPL checker: a Lean REPL with its headers read, replaced when it is used up.

A header is read once: its imports, the workspace's Lean options, then the rest of it, each of the three an
environment of the REPL. Every candidate is sent with its header's environment and never with one that another
candidate made, so none can disturb the next.

A REPL keeps everything it ever made. So it is started anew when its memory comes near the limit, when it has
read many headers or served many candidates, and whenever anything but a plain answer came out of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cramf.check.judging import Locate, Outcome, judge, judge_header, split_imports, text_after_header
from cramf.check.repl_process import Repl, ReplDiedError, ReplOverrunError
from cramf.check.verdict import Candidate, Diagnostic, Status
from cramf.lean.messages import ReplResponse, read_repl

__all__ = ["Result", "Settings", "Worker"]

_ENVIRONMENTS = 48  # of headers and their beginnings, after which a REPL is started anew
_SERVED = 500  # candidates, likewise
_NEARLY = 0.8  # of the memory limit, likewise
_UNKNOWN = "Unknown environment."  # what a REPL says of a number that it did not give


@dataclass(frozen=True, slots=True)
class Settings:
    """`options` are `set_option` lines; times are in seconds, for a candidate and for reading a header."""

    options: str
    seconds: float
    header_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a text; `header` is true where its header did not stand, so that Lean never saw it."""

    outcome: Outcome
    header: bool = False


class _HeaderError(Exception):
    """A header that does not stand; `outcome` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


_Environment = tuple[int | None, tuple[Diagnostic, ...]]
"""Number of an environment (None for the one before everything), and what Lean remarked on the way."""


class Worker:
    """Only one thread at a time may use it; `kill` may be called from any."""

    def __init__(self, start: Callable[[], Repl], settings: Settings) -> None:
        self._start = start
        self._settings = settings
        self._repl: Repl | None = None
        self._forget()

    def _forget(self) -> None:
        self._kept: dict[tuple[str, ...], _Environment | Outcome] = {}
        self._numbers: set[int] = set()
        self._served = 0

    def kill(self) -> None:
        """Kill the REPL under whoever waits for it."""
        repl = self._repl
        if repl is not None:
            repl.kill()

    def close(self) -> None:
        """End the REPL; the worker starts another when it is next asked."""
        repl, self._repl = self._repl, None
        self._forget()
        if repl is not None:
            repl.close()

    def check(self, candidate: Candidate, stop: threading.Event) -> Outcome:
        """What the REPL says of a screened candidate; raises as `run` does."""
        text, locate = text_after_header(candidate)
        return self.run(candidate.segments[0][1], text, locate, stop, self._settings.seconds).outcome

    def run(self, header: str, text: str, locate: Locate, stop: threading.Event, seconds: float) -> Result:
        """What the REPL says of a screened text below a header, within so many seconds.

        Where a REPL that others had used before breaks down, a fresh one is asked: it may not have been this
        text's doing.

        Raises:
            UnavailableError: where no REPL can be started.
        """
        while True:
            used = self._served > 0
            at_header = False
            try:
                outcome = self._ask(header, text, locate, stop, seconds)
            except _HeaderError as error:
                outcome, at_header = error.outcome, True
            except ReplOverrunError as error:
                outcome = Outcome(Status.TIMEOUT, str(error))
            except ReplDiedError as error:
                outcome = Outcome(Status.CRASHED, f"the REPL: {error}")
            crashed = outcome.status is Status.CRASHED
            self._served += 1
            # One that timed out is still at the old candidate, one that broke down may be damaged.
            if crashed or outcome.status is Status.TIMEOUT or self._used_up():
                self.close()
            if crashed and used and not stop.is_set():
                continue
            return Result(outcome, at_header)

    def _used_up(self) -> bool:
        nearly = self._repl is not None and self._repl.memory > _NEARLY * self._settings.memory_bytes
        return nearly or self._served >= _SERVED or len(self._kept) >= _ENVIRONMENTS

    def _ask(self, header: str, text: str, locate: Locate, stop: threading.Event, seconds: float) -> Outcome:
        if self._repl is None:
            self._repl = self._start()
        if stop.is_set():
            raise ReplDiedError("killed, since the check was broken off")
        try:
            number, remarks = self._header(header)
        except ReplOverrunError as error:
            raise _HeaderError(Outcome(Status.TIMEOUT, str(error))) from None
        except ReplDiedError as error:
            raise _HeaderError(Outcome(Status.CRASHED, f"the REPL: {error}")) from None
        answer = self._send(text, number, seconds, "the candidate")
        outcome = judge(answer, locate)
        return replace(outcome, diagnostics=remarks + outcome.diagnostics)

    def _header(self, header: str) -> _Environment:
        """Environment of a header, read now where it is new.

        Raises:
            _HeaderError: where it does not stand.
        """
        imports, rest = split_imports(header)
        number, remarks = self._extend((imports,), imports, None, 0)
        number, _ = self._extend((imports, ""), self._settings.options, number, None)
        before = imports.count("\n") + 1 if imports else 0
        number, more = self._extend((imports, "", rest), rest, number, before)
        return number, remarks + more

    def _extend(
        self, key: tuple[str, ...], text: str, number: int | None, lines_before: int | None
    ) -> _Environment:
        """Environment after `text` in environment `number`; `lines_before` is None for our own options."""
        if not text.strip():
            return number, ()
        kept = self._kept.get(key)
        if kept is None:
            answer = self._send(text, number, self._settings.header_seconds, "the header")
            outcome = judge_header(answer, lines_before or 0)
            if lines_before is None and outcome.status is Status.INVALID:
                detail = (
                    f"the workspace's Lean options cannot be set ({outcome.detail}); correct its lakefile"
                )
                raise _HeaderError(Outcome(Status.UNAVAILABLE, detail))
            if outcome.status is Status.CRASHED:  # it may stand another time
                raise _HeaderError(outcome)
            kept = (answer.env, outcome.diagnostics) if outcome.status.positive else outcome
            self._kept[key] = kept
        if isinstance(kept, Outcome):
            raise _HeaderError(kept)
        return kept

    def _send(self, text: str, number: int | None, seconds: float, what: str) -> ReplResponse:
        """The REPL's answer to a text in the environment of a number."""
        assert self._repl is not None
        command: Mapping[str, Any] = {"cmd": text} if number is None else {"cmd": text, "env": number}
        try:
            answer = read_repl(self._repl.ask(command, seconds))
        except ReplOverrunError:
            raise ReplOverrunError(f"{what} took longer than {seconds:g} s, so the REPL was killed") from None
        if answer.error == _UNKNOWN:
            raise ReplDiedError("it does not know an environment of its own")
        if answer.env is not None:
            # Each has a number of its own; one seen before belongs to the answer to another command.
            if answer.env in self._numbers or answer.env < 0:
                raise ReplDiedError(f"its answers are out of step: environment {answer.env} came twice")
            self._numbers.add(answer.env)
        return answer
