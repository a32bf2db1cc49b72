"""A work that needs no index: its statements say what becomes of them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cramf.errors import BackendError, InputError, ResourceError
from cramf.evaluation.problems import DataFile, Origin, Problem, ProblemSet
from cramf.evaluation.work import Done

SHA = "5" * 64


@dataclass(frozen=True)
class ToyWork:
    """Counts letters. A statement with `unusable`, `backend`, `defect` or `gone` fails that way.

    Each call is a line of the file `calls`, where one is given, written before the call takes `seconds`.
    """

    seconds: float = 0.0
    calls: Path | None = None
    flavour: str = "plain"
    mended: bool = False
    """Whether the language model and the defect are mended."""
    opened: list[int] = field(default_factory=list, compare=False)

    @property
    def kind(self) -> str:
        return "toy"

    def settings(self) -> Mapping[str, Any]:
        return {"flavour": self.flavour, "deep": {"list": (1, 2), "path": Path("x")}}

    @contextmanager
    def open(self) -> Iterator[ToyWork]:
        self.opened.append(threading.get_ident())
        yield self

    def __call__(self, problem: Problem) -> Done:
        if self.calls is not None:
            handle = os.open(self.calls, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(handle, f"{problem.name}\n".encode())
            os.close(handle)
        time.sleep(self.seconds)
        text = problem.statement
        if "unusable" in text:
            raise InputError("no such sum", "write another")
        if "backend" in text and not self.mended:
            raise BackendError("the model hung", "restart it")
        if "defect" in text and not self.mended:
            raise KeyError(text)
        if "gone" in text and not self.mended:
            raise ResourceError("the index is gone", "build it")
        return Done({"letters": len(text), "half": len(text) / 2, "∑": ["é", None]}, {"think": 0.5})


def problems(*statements: str) -> tuple[Problem, ...]:
    return tuple(Problem(f"p{number}", text) for number, text in enumerate(statements, start=1))


def data(*statements: str, sha256: str = SHA) -> ProblemSet:
    return ProblemSet(problems(*statements), (), Origin(files=(DataFile("rows.jsonl", sha256),)))


def numbered(count: int) -> ProblemSet:
    return data(*(f"Statement number {n}." for n in range(count)))
