"""What the evaluation harness costs over the bare calls of the same work.

    python eval/harness_overhead.py --data minif2f.jsonl [--gold proofnet-dev.jsonl] [--rounds 5] [--json]

Three works: the static check and the symbolic backend on the statements of --data, and retrieval (the arm
`full`) on those of --gold, or of --data without it. Each is opened once. *Bare* is its worker called on each
problem in a loop; *harness* is all that `cramf eval` does from an empty folder to the last answer, with the
same worker: folder, keys, session, journal, answers, progress. Both take turns, first one and then the other
first, and the medians over the rounds are compared, of wall-clock and of processor time. On a machine that
others use too, each of the two wavers by more than they differ. So *alone* is the harness as before with a
worker that gives back at once what was found earlier: all that the harness does and nothing else, as a share
of the bare calls. Loading the data and computing the figures are in none; the second is shown beside. Exits
with 1 where a work's harness alone takes more than 5% of its bare calls, in wall-clock or in processor time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cramf.evaluation.check import CheckWork
from cramf.evaluation.formalize import FormalizeWork
from cramf.evaluation.loading import load_problems
from cramf.evaluation.problems import ProblemSet
from cramf.evaluation.retrieval import RetrievalWork
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import answered, run
from cramf.evaluation.scoring import score
from cramf.evaluation.work import Work, Worker

MOST = 0.05


@dataclass(frozen=True)
class Opened:
    """A work that is open already, so that opening is in neither time."""

    work: Work
    worker: Worker
    told: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return self.work.kind

    def settings(self) -> Mapping[str, Any]:
        return self.told

    @contextmanager
    def open(self) -> Iterator[Worker]:
        yield self.worker


@dataclass(frozen=True)
class Spent:
    wall: float
    processor: float


def timed(call: Callable[[], object]) -> Spent:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def measure(work: Work, data: ProblemSet, rounds: int, folder: Path) -> dict[str, Any]:
    """Medians of both ways in seconds, and what the harness adds."""
    with work.open() as worker:
        opened = Opened(work, worker, work.settings())

        def bare() -> None:
            for problem in data.problems:
                worker(problem)

        def harness(chosen: Opened, out: Path) -> None:
            directory = RunDirectory.prepare(out, chosen.kind, chosen.settings(), data)
            if run(chosen, directory).failures:
                raise SystemExit(f"{work.kind}: problems without a result")

        # Caches fill on the first pass, whichever way makes it.
        remembered = {problem.name: worker(problem) for problem in data.problems}
        empty = Opened(work, lambda problem: remembered[problem.name], opened.told)
        found: dict[str, list[Spent]] = {"bare": [], "harness": [], "alone": []}
        for number in range(rounds):
            out = folder / f"{work.kind}-{number}"
            ways: list[tuple[str, Callable[[], object]]] = [
                ("bare", bare),
                ("harness", partial(harness, opened, out)),
            ]
            for name, way in ways if number % 2 else reversed(ways):
                found[name].append(timed(way))
            found["alone"].append(timed(partial(harness, empty, folder / f"{work.kind}-{number}-alone")))
        directory = RunDirectory.open(out)
        scoring = timed(lambda: score(directory, answered(directory)))
    outcome: dict[str, Any] = {"work": work.kind, "n": len(data.problems), "rounds": rounds}
    for what in ("wall", "processor"):
        medians = {name: statistics.median(getattr(s, what) for s in all_) for name, all_ in found.items()}
        outcome[what] = {
            "bare_s": round(medians["bare"], 3),
            "harness_s": round(medians["harness"], 3),
            "overhead": round(medians["harness"] / medians["bare"] - 1, 4),
            "alone_s": round(medians["alone"], 4),
            "alone": round(medians["alone"] / medians["bare"], 4),
            "spread": [round(getattr(s, what), 3) for s in found["bare"]],
        }
    outcome["scoring_s"] = round(scoring.wall, 3)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--gold", type=Path, help="rows that say which definitions they use")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("check", "formalize", "retrieval"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = load_problems(options.data)
    works: list[tuple[Work, ProblemSet]] = [
        (CheckWork(), rows),
        (FormalizeWork(), rows),
        (RetrievalWork(("full",)), rows if options.gold is None else load_problems(options.gold)),
    ]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="cramf-overhead-") as name:
        for work, data in works:
            if options.only in (None, work.kind):
                outcomes.append(measure(work, data, options.rounds, Path(name)))
    if options.json:
        print(json.dumps(outcomes))
    else:
        titles = (
            "work",
            "n",
            "bare s",
            "harness s",
            "more, wall",
            "more, cpu",
            "alone, wall",
            "alone, cpu",
            "scoring s",
        )
        print(f"| {' | '.join(titles)} |")
        print("|---" * len(titles) + "|")
        for found in outcomes:
            wall, processor = found["wall"], found["processor"]
            shares = (wall["overhead"], processor["overhead"], wall["alone"], processor["alone"])
            cells = (
                f"{wall['bare_s']:.2f}",
                f"{wall['harness_s']:.2f}",
                *(f"{share:.1%}" for share in shares),
            )
            print(f"| {found['work']} | {found['n']} | {' | '.join(cells)} | {found['scoring_s']:.2f} |")
    return (
        1 if any(found[what]["alone"] > MOST for found in outcomes for what in ("wall", "processor")) else 0
    )


if __name__ == "__main__":
    sys.exit(main())
