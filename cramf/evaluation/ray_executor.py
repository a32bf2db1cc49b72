"""The work of an evaluation spread over the processes of a Ray cluster, with the results of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from cramf.evaluation.problems import Problem
from cramf.evaluation.ray_cluster import cluster, cpus_of
from cramf.evaluation.ray_pool import Lost, Pool
from cramf.evaluation.work import Answer, Failed, Failure, Task, Work, answer

__all__ = ["RayExecutor"]


@dataclass(frozen=True, slots=True)
class RayExecutor:
    """Works in processes of a Ray cluster, each of which opens the work once and has one core.

    Every worker must be able to open the work: index, models and checkers are looked for at the same paths on
    its machine, and a worker whose software or whose settings of the work differ ends the run with an error.

    Args:
        address: a cluster that runs (`HOST:PORT`, `auto`); one of this machine's own where None. A cluster
            that the process is connected to already is used and left as it is.
        workers: processes; as many as there are cores where None.
        retries: how often a problem whose worker died of it is given to another before it is quarantined.
        task_seconds: how long one problem may take; its worker is then killed, and counts as dead.
    """

    address: str | None = None
    workers: int | None = None
    retries: int = 2
    task_seconds: float | None = None

    @property
    def name(self) -> str:
        return "ray"

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[Task, Answer]]:
        """One answer a task, as soon as it is there, in any order.

        Raises:
            CramfError: where the work cannot be opened, or an error ends the run.
            ResourceError: where Ray is missing, no cluster answers, or its workers die or differ.
        """
        if not tasks:
            return
        with cluster(self.address, self.workers) as ray:
            pool = Pool(
                ray,
                _WorkService(work),
                self.workers or cpus_of(ray),
                retries=self.retries,
                task_seconds=self.task_seconds,
            )
            with closing(pool), closing(pool.map([task.problem for task in tasks])) as outcomes:
                for number, outcome in outcomes:
                    yield tasks[number], outcome if isinstance(outcome, Answer) else _quarantined(outcome)


@dataclass(frozen=True, slots=True)
class _WorkService:
    """A work as workers of a pool use it."""

    work: Work

    def identity(self) -> Mapping[str, Any]:
        return self.work.settings()

    @contextmanager
    def open(self) -> Iterator[Callable[[Problem], Answer]]:
        with self.work.open() as worker:
            yield lambda problem: answer(worker, problem)


def _quarantined(lost: Lost) -> Answer:
    return Answer(None, Failure(Failed.QUARANTINED, str(lost), "try it alone with --executor local"))
