"""Time and memory of building an index without encoding, from nothing and with nothing changed.

    python eval/build_time.py --mathlib DIR [--workers N]

Everything that `cramf index build` does apart from the encoder: parsing into an empty cache, linking, tables,
BM25 weights and FAISS files (of zero vectors of 384 dimensions). Then the check by which a second build finds
that nothing has changed, and a build that knows all files already.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cramf.knowledge.builder import (
    checkout_info,
    collector_paused,
    extract_checkout,
    find_modules,
    input_keys,
)
from cramf.knowledge.cache import BuildCache
from cramf.knowledge.linking import link
from cramf.knowledge.translate import load_guessers
from cramf.retrieval.indexing import up_to_date, write_index


class _Zeros:
    """An encoder that costs nothing."""

    name = "zeros"
    dimensions = 384

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]:
        return np.zeros((len(texts), self.dimensions), dtype=np.float32)


def build(mathlib: Path, out: Path, cache: BuildCache, workers: int | None) -> dict[str, float]:
    """Seconds of each stage."""
    marks = [time.perf_counter()]
    modules = find_modules(mathlib)
    keys = input_keys(modules)
    marks.append(time.perf_counter())
    with collector_paused():
        facts = extract_checkout(modules, workers, None, cache, keys)
        marks.append(time.perf_counter())
        linked = link(facts, load_guessers(mathlib))
    del facts
    marks.append(time.perf_counter())
    write_index(linked, checkout_info(mathlib, "measured"), _Zeros(), out, inputs="".join(keys[:1]) + "x")
    marks.append(time.perf_counter())
    stages = ("hashing", "parsing", "linking", "writing")
    return {stage: end - begin for stage, begin, end in zip(stages, marks, marks[1:], strict=False)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mathlib", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "index"
        with BuildCache(Path(folder) / "cache.sqlite") as cache:
            first = build(options.mathlib, out, cache, options.workers)
            show("from nothing", first)
            again = time.perf_counter()
            keys = input_keys(find_modules(options.mathlib))
            same = up_to_date(out, "".join(keys[:1]) + "x")
            print(f"nothing changed: {time.perf_counter() - again:.1f} s (recognised: {same})")
            show("all files known", build(options.mathlib, out, cache, options.workers))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"peak memory: {own:.2f} GB in the main process, {child:.2f} GB in the largest worker")


def show(what: str, stages: dict[str, float]) -> None:
    parts = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in stages.items())
    print(f"{what}: {sum(stages.values()):.1f} s ({parts})")


if __name__ == "__main__":
    main()
