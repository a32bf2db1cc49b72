"""Many pairs at once, for as many workers as the prover has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from cramf.check.base import with_progress
from cramf.check.crew import Crew
from cramf.check.verdict import Verdict
from cramf.errors import InputError
from cramf.evaluation.equivalence.pairs import Pair
from cramf.evaluation.equivalence.proving import Equivalence, Prover

__all__ = ["Stoppable", "compare_many"]


class _StoppedError(Exception):
    """The batch was broken off; nobody hears of it any more."""


class Stoppable:
    """A prover that can be told to answer nothing more, so that no thread starts it again after the end."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover
        self.stopped = threading.Event()

    def elaborate(self, header: str, text: str, seconds: float | None = None) -> Verdict:
        if self.stopped.is_set():
            raise _StoppedError
        return self._prover.elaborate(header, text, seconds)


def compare_many(
    pairs: Sequence[Pair],
    prover: Prover,
    compare: Callable[[Pair, Prover], Equivalence],
    workers: int = 1,
    progress: bool = False,
) -> list[Equivalence]:
    """One answer a pair, in their order; `compare` is `beq`, `beq_plus` or a `partial` of one.

    The prover is asked from `workers` threads together, so give a `ReplChecker` as many workers. Left by an
    exception, `KeyboardInterrupt` included, it closes the prover, so that no REPL goes on.

    Raises:
        InputError: for less than one worker.
    """
    if workers < 1:
        raise InputError("the number of workers is not positive", "give a number above zero")
    crew = Crew(workers)
    answers: dict[int, Equivalence] = {}
    stoppable = Stoppable(prover)
    results = crew.run(lambda pair: compare(pair, stoppable), pairs)
    try:
        for index, answer in with_progress(results, len(pairs), progress):
            answers[index] = answer
    except BaseException:
        stoppable.stopped.set()
        results.close()
        close: Any = getattr(prover, "close", None)
        if close is not None:
            close()
        raise
    finally:
        crew.close()
    return [answers[index] for index in range(len(pairs))]
