"""A pool of Ray actors that each opened the same service, and what is done when one of them dies.

Nobody can tell what a process died of when it had two things before it. So both become suspects, and a
suspect is given to a worker that has nothing else; one whose worker dies then too has done it.
"""

from __future__ import annotations

import contextlib
import importlib
import pickle
import time
from collections import Counter, deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cramf.errors import ResourceError
from cramf.evaluation.ray_worker import (
    Broken,
    Made,
    Process,
    Refused,
    Service,
    ServiceActor,
    Unable,
    end_process,
    software,
)
from cramf.evaluation.work import digest

__all__ = ["Lost", "Pool"]

MAX_LOST: Final = 5
"""So many things lost at the start, without one outcome, end the work: then it is no matter of the things."""
_WINDOW: Final = 2  # things that a worker has at a time, so that it need not wait for the next
_TICK: Final = 1.0  # seconds between two looks at the clock
_CLOSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Lost:
    """A thing that so many worker processes died of, the last for this reason."""

    deaths: int
    reason: str

    def __str__(self) -> str:
        times = "once" if self.deaths == 1 else f"{self.deaths} times"
        return f"the process that worked on it died {times}: {self.reason}"


@dataclass(frozen=True, slots=True)
class _Loss:
    """A worker is of no more use. `certain`: because of the oldest thing that it had."""

    reason: str
    certain: bool = False
    dead: bool = False


@dataclass(eq=False)
class _Hand:
    """One actor and what it was asked for, oldest first."""

    actor: Any
    starting: deque[tuple[str, Any]]
    process: Process | None = None
    flight: deque[tuple[int, Any]] = field(default_factory=deque)
    alone: bool = False
    since: float = field(default_factory=time.monotonic)

    @property
    def head(self) -> Any:
        """The reference whose answer comes next, None where nothing was asked for."""
        if self.starting:
            return self.starting[0][1]
        return self.flight[0][1] if self.flight else None


class Pool:
    """Workers on a service, made when there is something to do; to be closed.

    Args:
        ray: the module, connected (`cramf.evaluation.ray_cluster.cluster`).
        retries: how often a thing whose worker died of it is given to another.
        task_seconds: how long one thing may take; its worker is then killed, and counts as dead.
        start_seconds: how long a cluster may take to find room for the first worker.
    """

    def __init__(
        self,
        ray: Any,
        service: Service,
        workers: int,
        *,
        retries: int = 2,
        task_seconds: float | None = None,
        start_seconds: float = 120.0,
    ) -> None:
        self._ray = ray
        self._identity = service.identity()
        self._payload = ray.cloudpickle.dumps(service)
        self._workers = workers
        self._retries = retries
        self._task_seconds = task_seconds
        self._start_seconds = start_seconds
        self._here = ray.get_runtime_context().get_node_id()
        # Where each worker has a core, one more thread of PyTorch in it only waits for another.
        self._made = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(ServiceActor)
        self._hands: list[_Hand] = []
        self._failed_starts = 0
        self._begun = time.monotonic()
        self._looked = self._begun

    def map(self, things: Sequence[Any]) -> Generator[tuple[int, Any], None, None]:
        """The number of each thing with what the service makes of it, as soon as it is there, in any order;
        `Lost` for one that workers died of.

        Raises:
            CramfError: one that a worker raised; where workers differ from this process, or do not start.
            RuntimeError: where a worker failed in a way that nobody foresaw.
        """
        todo = deque(range(len(things)))
        suspects: deque[int] = deque()
        deaths: Counter[int] = Counter()
        left, lost, hopeful = len(things), 0, False
        self._begun = time.monotonic()
        try:
            while left:
                while len(self._hands) < min(self._workers, left):
                    self._hire()
                self._hand_out(things, todo, suspects)
                found = self._next()
                if found is None:
                    continue
                hand, reply = found
                if isinstance(reply, Made):
                    number, _ = hand.flight.popleft()
                    hand.since = time.monotonic()
                    left, hopeful = left - 1, True
                    yield number, pickle.loads(reply.data)
                    continue
                culprit = self._dismiss(hand, reply, todo, suspects)
                if culprit is None:
                    continue
                deaths[culprit] += 1
                if deaths[culprit] <= self._retries:
                    suspects.append(culprit)
                    continue
                left, lost = left - 1, lost + 1
                if lost > MAX_LOST and not hopeful:
                    raise ResourceError(
                        f"worker processes died on each of the first {lost}: {reply.reason}",
                        "try one alone with --executor local",
                    )
                yield culprit, Lost(deaths[culprit], reply.reason)
        finally:
            # What was left in the middle would answer to the next call.
            for hand in [hand for hand in self._hands if hand.head is not None]:
                self._end(hand)

    def close(self) -> None:
        """Let idle workers close what they opened, and end all."""
        closing = [hand.actor.close.remote() for hand in self._hands if hand.head is None]
        with contextlib.suppress(self._ray.exceptions.RayError):
            if closing:
                self._ray.wait(closing, num_returns=len(closing), timeout=_CLOSE_SECONDS)
        for hand in list(self._hands):
            self._end(hand)

    def _hire(self) -> None:
        actor = self._made.remote()
        asked = deque([("hello", actor.hello.remote()), ("open", actor.open.remote(self._payload))])
        self._hands.append(_Hand(actor, asked))

    def _hand_out(self, things: Sequence[Any], todo: deque[int], suspects: deque[int]) -> None:
        for hand in self._hands:
            if hand.starting:
                continue
            if not hand.flight:
                hand.alone = bool(suspects)
                hand.since = time.monotonic()
            queue, room = (suspects, 1) if hand.alone else (todo, _WINDOW)
            while queue and len(hand.flight) < room:
                number = queue.popleft()
                thing = pickle.dumps(things[number], protocol=5)
                hand.flight.append((number, hand.actor.use.remote(thing)))

    def _next(self) -> tuple[_Hand, Made | _Loss] | None:
        """A worker with its next outcome, or one that is lost; neither where time has passed without."""
        waiting = {hand.head: hand for hand in self._hands if hand.head is not None}
        try:
            ready, _ = self._ray.wait(list(waiting), num_returns=1, timeout=_TICK)
        except self._ray.exceptions.RayError as error:
            raise ResourceError(
                f"the Ray cluster is gone: {_reason(error)}", "start it again, and go on"
            ) from None
        now = time.monotonic()
        if not ready or now - self._looked > _TICK:
            self._looked = now
            if (late := self._overdue(now)) is not None:
                return late, _Loss(f"it took more than {self._task_seconds:g} s", certain=True)
        if not ready:
            return None
        hand = waiting[ready[0]]
        # Last in the next round, so that a fast one does not keep the others waiting.
        self._hands.remove(hand)
        self._hands.append(hand)
        try:
            reply = self._ray.get(ready[0])
        except self._ray.exceptions.RayError as error:
            return hand, _Loss(_reason(error), dead=isinstance(error, self._ray.exceptions.ActorDiedError))
        if isinstance(reply, Refused):
            raise reply.error()
        if isinstance(reply, Broken):
            raise RuntimeError(f"a worker failed\n{reply.text}")
        if isinstance(reply, Unable):
            return hand, _Loss(reply.reason, certain=True)
        if not hand.starting:
            return hand, reply
        self._started(hand, reply)
        return None

    def _started(self, hand: _Hand, reply: Any) -> None:
        """Take note of what a worker told at its start.

        Raises:
            ResourceError: where it would not give the results of this process.
        """
        step, _ = hand.starting.popleft()
        if step == "hello":
            hand.process = Process(reply["pid"], reply["born"], reply["host"], reply["node"])
            mend = "install the same Python and CRAMF on all machines, and start the cluster anew"
            _compare(software(), reply["software"], reply["host"], mend)
            return
        assert hand.process is not None
        mend = "let --index and the CRAMF_ variables lead to the same things on all machines"
        _compare(self._identity, pickle.loads(reply.data), hand.process.host, mend)
        self._failed_starts = 0

    def _overdue(self, now: float) -> _Hand | None:
        """A worker that takes too long for one thing.

        Raises:
            ResourceError: where no worker has found a place for too long.
        """
        if all(hand.process is None for hand in self._hands) and now - self._begun > self._start_seconds:
            raise ResourceError(
                f"the Ray cluster has had no room for a worker in {self._start_seconds:g} s",
                "free a core there, or give it more",
            )
        if self._task_seconds is None:
            return None
        for hand in self._hands:
            # An outcome may lie there that whoever writes them down has not yet come to take.
            late = hand.flight and now - hand.since > self._task_seconds
            if late and not self._ray.wait([hand.head], timeout=0)[0]:
                return hand
        return None

    def _dismiss(self, hand: _Hand, loss: _Loss, todo: deque[int], suspects: deque[int]) -> int | None:
        """End a lost worker; the number of the thing that it is known to have died of.

        Raises:
            ResourceError: where it is one of several that never came to work.
        """
        numbers = [number for number, _ in hand.flight]
        starting = bool(hand.starting)
        self._end(hand, loss.dead)
        if starting:
            self._failed_starts += 1
            if self._failed_starts > self._retries:
                raise ResourceError(
                    f"worker processes die before they can work: {loss.reason}",
                    "see that CRAMF is installed on all machines and that their memory is free",
                )
        if loss.certain or len(numbers) == 1:
            todo.extendleft(reversed(numbers[1:]))
            return next(iter(numbers), None)
        suspects.extend(numbers)
        return None

    def _end(self, hand: _Hand, dead: bool = False) -> None:
        """Kill an actor that may be at work, and forget it."""
        self._hands.remove(hand)
        errors = self._ray.exceptions.RayError
        with contextlib.suppress(errors):
            step, reference = hand.starting[0] if hand.starting else ("", None)
            if step == "hello" and self._ray.wait([reference], timeout=0)[0]:
                told = self._ray.get(reference)
                hand.process = Process(told["pid"], told["born"], told["host"], told["node"])
        with contextlib.suppress(errors):
            if hand.process is not None and hand.head is not None and not dead:
                self._kill(hand.process)
            self._ray.kill(hand.actor)

    def _kill(self, process: Process) -> None:
        """Kill a process on whatever machine of the cluster it is."""
        if process.node == self._here:
            end_process(process.pid, process.born)
            return
        strategy = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        end = self._ray.remote(num_cpus=0, max_retries=0)(end_process)
        there = end.options(scheduling_strategy=strategy(process.node, soft=False))
        self._ray.wait([there.remote(process.pid, process.born)], timeout=_CLOSE_SECONDS)


def _reason(error: Exception) -> str:
    """What an error of Ray says, in one line: the last of a traceback, else the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception"))]
    return (named[-1:] or lines[:1] or [type(error).__name__])[0].rstrip(".")


def _compare(ours: Mapping[str, Any], theirs: Mapping[str, Any], host: str, mend: str) -> None:
    """See that a worker has what this process has.

    Raises:
        ResourceError: naming what differs.
    """
    differing = sorted(
        name for name in {*ours, *theirs} if digest(ours.get(name)) != digest(theirs.get(name))
    )
    if differing:
        raise ResourceError(
            f"the worker on {host} has another {', '.join(differing)} than this machine", mend
        )
