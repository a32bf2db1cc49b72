"""Work on many things in threads of one process, each outcome handed over as soon as it is there."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["in_threads"]

Thing = TypeVar("Thing")
Outcome = TypeVar("Outcome")


def in_threads(work: Callable[[Thing], Outcome], things: Sequence[Thing], threads: int) -> Iterator[Outcome]:
    """What the work gives for each thing, in the order in which they end; an exception of it is raised.

    A thing is begun only when an outcome before it was taken, so that whoever writes outcomes down has no
    more than `threads` of them under way. One thread is the caller's own and keeps their order.
    """
    if threads <= 1:
        yield from map(work, things)
        return
    todo: queue.SimpleQueue[Thing] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Outcome, None] | tuple[None, BaseException]] = queue.SimpleQueue()
    given_up = threading.Event()
    free = threading.Semaphore(threads)
    for thing in things:
        todo.put(thing)

    def loop() -> None:
        while free.acquire() and not given_up.is_set():
            try:
                thing = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((work(thing), None))
            except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
                done.put((None, error))

    # Daemons, so that Ctrl-C need not wait for a model or a checker that is slow.
    for _ in range(min(threads, len(things))):
        threading.Thread(target=loop, name="cramf-worker", daemon=True).start()
    try:
        for _ in things:
            outcome, error = done.get()
            if error is not None:
                raise error
            yield outcome  # type: ignore[misc]
            free.release()
    finally:
        given_up.set()
        free.release(threads)
