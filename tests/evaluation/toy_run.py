"""A run that a test kills or interrupts: `toy_run.py OUT CALLS COUNT SECONDS THREADS SHARD`."""

from __future__ import annotations

import sys
from pathlib import Path

from cramf.errors import CramfError
from cramf.evaluation.executors import LocalExecutor
from cramf.evaluation.run_directory import RunDirectory, Shard
from cramf.evaluation.runner import run
from tests.evaluation.toy_works import ToyWork, numbered


def main(out: str, calls: str, count: str, seconds: str, threads: str, shard: str) -> None:
    work = ToyWork(float(seconds), Path(calls))
    directory = RunDirectory.prepare(Path(out), work.kind, work.settings(), numbered(int(count)))
    run(work, directory, LocalExecutor(int(threads)), shard=Shard.parse(shard))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CramfError as error:
        sys.exit(str(error))
