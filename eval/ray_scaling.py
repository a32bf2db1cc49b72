"""The same work by one process and by a local Ray cluster: seconds of both, and whether results agree.

    python eval/ray_scaling.py --data FILE [--workers 2] [--limit 60] [--kinds retrieval,formalize,check]

For each kind the rows that have what it needs are taken, `--limit` of them at most. A run's time is from the
call to its last answer, so the start of Ray and the loading of the index in each worker are in it; `work` is
the second half of the answers alone, when all workers have begun, which is what a long run comes near to.
Results are compared answer by answer, milliseconds left out. Nothing of the statements is printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cramf.evaluation.check import CheckWork
from cramf.evaluation.executors import Executor, LocalExecutor
from cramf.evaluation.formalize import FormalizeWork
from cramf.evaluation.loading import load_problems
from cramf.evaluation.ray_executor import RayExecutor
from cramf.evaluation.retrieval import RetrievalWork, chosen_arms
from cramf.evaluation.work import Answer, Task, Work, tasks

KINDS = ("retrieval", "formalize", "check")


def work_of(kind: str) -> Work:
    if kind == "retrieval":
        return RetrievalWork(chosen_arms(("full", "dense", "words", "usage")))
    return FormalizeWork() if kind == "formalize" else CheckWork()


def timed(executor: Executor, work: Work, given: Sequence[Task]) -> tuple[dict[str, Answer], float, float]:
    """The answers by key, seconds of all, and milliseconds for each problem of the second half."""
    begun = time.perf_counter()
    found: dict[str, Answer] = {}
    times = [begun]
    for task, answer in executor.run(work, given):
        found[task.key] = answer
        times.append(time.perf_counter())
    half = len(times) // 2
    # The end of the run, when workers and cluster are closed, is not counted.
    return found, times[-1] - begun, 1000 * (times[-1] - times[half]) / max(1, len(times) - 1 - half)


def measure(kind: str, data: Path, workers: int, limit: int) -> bool:
    """Print a line for a kind; whether the results are equal."""
    need = ("formal",) if kind == "check" else ("statement",)
    problems = load_problems(data, need=need, exclude_bad=True).problems[:limit]
    work = work_of(kind)
    # One task a key, so that two equal rows are not held against each other.
    given = list({task.key: task for task in tasks(work.settings(), problems)}.values())
    if not given:
        print(f"{kind:<10} no row has {' and '.join(need)}")
        return True
    local, seconds, each = timed(LocalExecutor(), work, given)
    spread, ray_seconds, ray_each = timed(RayExecutor(workers=workers), work, given)
    same = local == spread
    failed = sum(answer.failure is not None for answer in local.values())
    print(
        f"{kind:<10} n={len(given)} ({failed} failures)  local {seconds:.1f} s, Ray {ray_seconds:.1f} s; "
        f"work {each:.1f} and {ray_each:.1f} ms a problem, ratio {each / ray_each:.2f}; "
        f"results {'equal' if same else 'DIFFER'}",
        flush=True,
    )
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--kinds", default=",".join(KINDS))
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"there is no kind {sorted(unknown)[0]}: give some of {', '.join(KINDS)}")
    print(f"{options.workers} workers, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    same = [measure(kind, options.data, options.workers, options.limit) for kind in kinds]
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
