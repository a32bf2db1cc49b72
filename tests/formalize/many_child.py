"""A run of many statements that a test kills: `many_child.py OUT CALLS COUNT CONCURRENCY SECONDS`.

Each call of the backend is noted in CALLS before it takes SECONDS.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from cramf.formalize.formalizer import Formalizer
from cramf.formalize.many import Item
from cramf.formalize.types import Draft, Request
from tests.formalize.parts import GOOD, Judging, Plain, Source


class Slow(Plain):
    def __init__(self, calls: Path, seconds: float) -> None:
        super().__init__("(n : ℕ) (h : n.Prime) : 1 < n")
        self._calls = os.open(calls, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._seconds = seconds

    def draft(self, request: Request) -> Draft:
        os.write(self._calls, f"{request.statement}\n".encode())
        time.sleep(self._seconds)
        return super().draft(request)


def main(out: str, calls: str, count: str, concurrency: str, seconds: str) -> None:
    formalizer = Formalizer(Source(), Slow(Path(calls), float(seconds)), Judging({"Prime": GOOD}))
    items = [Item(f"Statement number {n}.") for n in range(int(count))]
    run = formalizer.formalize_many(items, Path(out), concurrency=int(concurrency))
    print(run.resumed, run.counts)


if __name__ == "__main__":
    main(*sys.argv[1:])
