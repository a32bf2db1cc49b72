"""A few threads that work through jobs and hand the results back as they come.

They are daemon threads, so that an interrupted program never waits for an answer that may not come, and they
stay until the crew is closed, since programs check many small batches.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["Crew"]

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Task:
    function: Callable[[Any], Any]
    index: int
    job: Any
    done: queue.SimpleQueue[tuple[int, Any, BaseException | None]]
    cancelled: threading.Event

    def run(self) -> None:
        if self.cancelled.is_set():
            return
        try:
            self.done.put((self.index, self.function(self.job), None))
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
            self.done.put((self.index, None, error))


def _work(tasks: queue.SimpleQueue[_Task | None]) -> None:
    while (task := tasks.get()) is not None:
        task.run()
        del task  # an idle thread must not keep alive what its last task was about


class Crew:
    """At most `size` threads, started when they are first needed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def run(
        self, function: Callable[[Job], Result], jobs: Sequence[Job]
    ) -> Generator[tuple[int, Result], None, None]:
        """Index and result of every job, in the order in which they end; what a job raises is raised here.

        Left early (by an exception, `KeyboardInterrupt` included), jobs that have not begun are dropped.
        """
        done: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
        cancelled = threading.Event()
        with self._lock:
            for _ in range(min(len(jobs), self._size - len(self._threads))):
                thread = threading.Thread(target=_work, args=(self._tasks,), name="cramf-check", daemon=True)
                thread.start()
                self._threads.append(thread)
        try:
            for index, job in enumerate(jobs):
                self._tasks.put(_Task(function, index, job, done, cancelled))
            for _ in jobs:
                index, result, error = done.get()
                if error is not None:
                    raise error
                yield index, result
        finally:
            cancelled.set()

    def close(self, seconds: float = 10.0) -> None:
        """Let the threads end after what they are at, and wait for each that long; the crew can go on."""
        with self._lock:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._tasks.put(None)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(seconds)
