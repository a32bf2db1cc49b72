"""Works for the tests of the Ray executor: small, and unkind to the process that they run in."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cramf.check import sandbox
from cramf.errors import BackendError, InputError, KnowledgeBaseError, ResourceError
from cramf.evaluation.problems import Problem
from cramf.evaluation.work import Done


class StubbornError(Exception):
    """Cannot be pickled, for it is made of two things and tells only one."""

    def __init__(self, first: str, second: Callable[[], None]) -> None:
        super().__init__(first)
        self.second = second


class OddResourceError(ResourceError):
    """One of a class that only this module knows."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Does what a statement says; `folder` holds a line for each try, by the problem's name.

    `where` is told to be another thing in each process where it is "here".
    """

    folder: Path
    where: str = ""
    opening: str = ""

    @property
    def kind(self) -> str:
        return "check"

    def settings(self) -> Mapping[str, Any]:
        return {"deeds": 1, "where": os.getpid() if self.where == "here" else self.where}

    @contextmanager
    def open(self) -> Iterator[Callable[[Problem], Done]]:
        if self.opening == "refuse":
            raise KnowledgeBaseError("no index lies there", "make one")
        if self.opening == "odd":
            raise OddResourceError("odd", "even it out")
        if self.opening == "stubborn":
            raise StubbornError("opened badly", lambda: None)
        if self.opening == "die":
            os._exit(3)
        yield self._do
        (self.folder / f"closed-{os.getpid()}").touch()

    def _do(self, problem: Problem) -> Done:
        with (self.folder / problem.name).open("a") as handle:
            handle.write(f"{os.getpid()}\n")
        deed, _, rest = problem.statement.partition(" ")
        if deed == "exit":
            os._exit(1)
        elif deed == "exit-once" and len((self.folder / problem.name).read_text().splitlines()) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        elif deed == "sleep":
            time.sleep(float(rest))
        elif deed == "command":
            # Two processes, of which the first is the other's parent.
            line = f"echo $$ >> {self.folder}/command; (sleep 300 & echo $! >> {self.folder}/command; wait)"
            sandbox.run(["bash", "-c", line], self.folder)
        elif deed == "input":
            raise InputError("unreadable", "write it anew")
        elif deed == "backend":
            raise BackendError("the model is away", "start it")
        elif deed == "resource":
            raise ResourceError("the index went away", "bring it back")
        elif deed == "stubborn":
            raise StubbornError("no", lambda: None)
        elif deed == "memory":
            raise MemoryError
        return Done({"name": problem.name, "sum": sum(0.1 * n for n in range(len(problem.statement)))})


def fall_over(name: str | None) -> Any:
    """An encoder that ends the process once it sees a text too many."""
    return _FallingEncoder()


class _FallingEncoder:
    name = "falling"
    dimensions = 2

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]:
        if "poison" in texts:
            os._exit(1)
        return np.ones((len(texts), 2), dtype=np.float32)
