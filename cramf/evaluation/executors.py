"""Who does the work: this process, or others behind the same protocol (`cramf.evaluation.ray_executor`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cramf.collector import heap_set_aside
from cramf.concurrently import in_threads
from cramf.evaluation.work import Answer, Task, Work, answer

__all__ = ["Executor", "LocalExecutor"]


class Executor(Protocol):
    """Answers tasks, each as soon as it is there, in any order."""

    @property
    def name(self) -> str: ...

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[Task, Answer]]:
        """One answer a task. Closing the iterator ends the work and all processes that it began.

        Raises:
            CramfError: where the work cannot be opened, or an error ends the run.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Works in this process, in so many threads; with one the answers come in the order of the tasks."""

    threads: int = 1

    @property
    def name(self) -> str:
        return "local"

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[Task, Answer]]:
        if not tasks:
            return
        with work.open() as worker, heap_set_aside():
            yield from in_threads(lambda task: (task, answer(worker, task.problem)), tasks, self.threads)
