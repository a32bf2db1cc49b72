"""How building and searching grow with the number of definitions.

    python eval/growth.py --index DIR [--sizes 10000,all,400000] [--data FILE.jsonl] [--queries 100]
                          [--scratch DIR] [--disk GB] [--json FILE] [--plot FILE.svg]

DIR is an index with docstrings. For each size an index is written into a scratch folder: of the definitions
used most, of all, or of copies with other words and noise in their vectors (`library_sizes.py`). Each is
built by one process and searched by another, so that memory is that size's own; the folder is removed before
the next. Building is what `cramf index build` does after linking, without encoding. A search is of one
statement, for ten definitions, after a first search and 50 others. All files are in the system's cache.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
from tqdm import tqdm

from cramf.environment import default_ranker
from cramf.knowledge.store import read_manifest

# Workers import what they need themselves: a process that is started inherits the peak memory of its parent.

Record = dict[str, Any]
WARMING = 50
STAGES = ("reading", "encoding", "channels", "features", "ranker", "rest")
BYTES_A_DEFINITION = 4500
"""Disk that an index of float32 vectors takes, with some to spare; with 4-bit ones it is a quarter."""


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        work = {"build": build, "search": search}[sys.argv[2]]
        print(json.dumps(work(json.loads(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--sizes", default="10000,all,400000")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3, help="searches for each statement")
    parser.add_argument("--noise", type=float, default=0.5, help="length of the noise in a copy's vectors")
    parser.add_argument("--quantise", default=None, help="how vectors are stored; as in --index unless given")
    parser.add_argument("--scratch", type=Path, default=None)
    parser.add_argument("--disk", type=float, default=8.0, help="most disk to use, in GB")
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None)
    options = parser.parse_args()
    if options.plot is not None and importlib.util.find_spec("matplotlib") is None:
        parser.error("--plot needs matplotlib: pip install matplotlib")
    if not default_ranker().is_dir():
        parser.error(f"there is no ranker at {default_ranker()}: name one with CRAMF_RANKER")
    manifest = read_manifest(options.index)
    if not manifest.docstrings:
        parser.error(f"{options.index} holds no docstrings: build one with `cramf index build`")
    whole = manifest.counts["definitions"]
    sizes = [whole if size == "all" else int(size) for size in options.sizes.split(",")]
    free = shutil.disk_usage(options.scratch or tempfile.gettempdir()).free
    need = max(sizes) * BYTES_A_DEFINITION
    if need > min(1e9 * options.disk, 0.8 * free):
        parser.error(
            f"{max(sizes):,} definitions may take {need / 1e9:.1f} GB of disk: see --disk, --scratch"
        )
    machine = f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before the first"
    records: list[Record] = []
    for size in tqdm(sizes, "sizes", unit="size"):
        with tempfile.TemporaryDirectory(prefix="cramf-growth-", dir=options.scratch) as folder:
            job = {
                "index": str(options.index),
                "out": str(Path(folder) / "index"),
                "size": size,
                "noise": options.noise,
                "quantise": options.quantise or manifest.settings["quantisation"],
                "data": str(options.data) if options.data else None,
                "queries": options.queries,
                "repeats": options.repeats,
            }
            if size < whole:
                # The part is read from an index of its own, so that what is left out takes no memory.
                part = str(Path(folder) / "part")
                _worker("build", {**job, "out": part})
                job["index"] = part
            records.append({"definitions": size, **_worker("build", job), **_worker("search", job)})
    print(f"\n{machine}\n\n{table(records)}")
    if options.json is not None:
        text = json.dumps({"machine": machine, "records": records}, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.plot is not None:
        plot(records, options.plot)


def _worker(what: str, job: Mapping[str, Any]) -> Record:
    done = subprocess.run(
        [sys.executable, __file__, "--worker", what, json.dumps(job)], stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(f"{what} of {job['size']:,} definitions failed ({done.returncode})")
    found: Record = json.loads(done.stdout.splitlines()[-1])
    return found


def _resident() -> float:
    """MB of memory in use, files mapped into it among them."""
    return float(psutil.Process().memory_info().rss) / 1e6


def _forget_peak() -> None:
    """Count the peak from now on, where the system lets us."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> float:
    """MB of memory in use at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def build(job: Mapping[str, Any]) -> Record:
    """Write an index of the size; seconds of each stage, memory and disk."""
    from library_sizes import read_library, resized

    from cramf.knowledge.builder import CheckoutInfo, collector_paused
    from cramf.knowledge.store import KnowledgeBase
    from cramf.retrieval.encoder import load_encoder
    from cramf.retrieval.indexing import write_index

    base = KnowledgeBase.open(job["index"])
    toolchain, encoder = base.manifest.toolchain, base.manifest.encoder
    with collector_paused():
        library = resized(read_library(base), job["size"], job["noise"], progress=True)
    del base
    before = _resident()
    _forget_peak()
    marks: list[tuple[str, float]] = []

    def note(stage: str) -> None:
        marks.append((stage, time.perf_counter()))
        print(f"{job['size']:,} definitions: {stage}", file=sys.stderr)

    begun = time.perf_counter()
    manifest = write_index(
        library.linked,
        CheckoutInfo("growth", toolchain),
        # Never loaded: only its name is written down.
        load_encoder(encoder),
        Path(job["out"]),
        quantise=job["quantise"],
        vectors=(library.definitions, library.usages),
        note=note,
    )
    ended = time.perf_counter()
    ends = [when for _, when in marks[1:]] + [ended]
    files = {name: (Path(job["out"]) / name).stat().st_size for name in manifest.files}
    return {
        "usages": len(library.linked.usages),
        "declarations": len(library.linked.declarations),
        "build_seconds": ended - begun,
        "build_stages": {stage: end - at for (stage, at), end in zip(marks, ends, strict=True)},
        "build_peak_mb": _peak(),
        "build_input_mb": before,
        "index_mb": sum(files.values()) / 1e6,
        "files": files,
    }


def search(job: Mapping[str, Any]) -> Record:
    """Open the index and search it; seconds, memory, and where the time of a search goes."""
    begun = time.perf_counter()
    from cramf.retrieval.retriever import Retriever

    retriever = Retriever.load(job["out"])
    loaded = time.perf_counter() - begun
    load_mb = _resident()
    from statements import read_statements

    texts = read_statements(Path(job["data"]) if job["data"] else None)
    timed, others = texts[: job["queries"]], texts[job["queries"] :] or read_statements(None)
    warming = (others * WARMING)[-WARMING:]
    begun = time.perf_counter()
    retriever.search(warming[0])
    first = time.perf_counter() - begun
    for text in warming[1:]:
        retriever.search(text)
    warm_mb = _resident()
    spent: list[float] = []
    stages: dict[str, list[float]] = {stage: [] for stage in STAGES}
    with _timed_stages(retriever) as clock:
        queue = timed * job["repeats"]
        for text in tqdm(queue, f"searches of {job['size']:,}", leave=False):
            clock.clear()
            begun = time.perf_counter()
            retriever.search(text)
            total = time.perf_counter() - begun
            spent.append(1000 * total)
            clock["rest"] = total - sum(clock.values())
            for stage in STAGES:
                stages[stage].append(1000 * clock[stage])
    import numpy as np

    return {
        "load_seconds": loaded,
        "first_search_seconds": first,
        "load_mb": load_mb,
        "searched_mb": warm_mb,
        "search_peak_mb": _peak(),
        "searches": len(spent),
        "p50_ms": float(np.percentile(spent, 50)),
        "p99_ms": float(np.percentile(spent, 99)),
        "stages_ms": {stage: float(np.median(values)) for stage, values in stages.items()},
    }


@contextmanager
def _timed_stages(retriever: Any) -> Iterator[dict[str, float]]:
    """Seconds that each stage has taken since the table was cleared."""
    from cramf.retrieval import retriever as module
    from cramf.retrieval.ranker import Ranker

    clock: dict[str, float] = defaultdict(float)

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                clock[stage] += time.perf_counter() - begun

        return run

    places = (
        ("reading", retriever.reader, "read"),
        ("encoding", retriever.encoder, "encode"),
        ("channels", module, "read_channels"),
        ("features", module, "features_of"),
        ("ranker", Ranker, "probabilities"),
    )
    with ExitStack() as stack:
        for stage, owner, name in places:
            stack.enter_context(mock.patch.object(owner, name, timed(stage, getattr(owner, name))))
        yield clock


LINES: tuple[tuple[str, Callable[[Record], str]], ...] = (
    ("documented theorems", lambda r: f"{r['usages']:,}"),
    ("declarations", lambda r: f"{r['declarations']:,}"),
    ("build, seconds", lambda r: f"{r['build_seconds']:.1f}"),
    ("build, peak memory in MB", lambda r: f"{r['build_peak_mb']:,.0f}"),
    ("of that, what is written and its vectors", lambda r: f"{r['build_input_mb']:,.0f}"),
    ("index, MB", lambda r: f"{r['index_mb']:.1f}"),
    ("load with imports, seconds", lambda r: f"{r['load_seconds']:.2f}"),
    ("first search, seconds", lambda r: f"{r['first_search_seconds']:.2f}"),
    ("memory when loaded, MB", lambda r: f"{r['load_mb']:,.0f}"),
    (f"memory after {WARMING} searches, MB", lambda r: f"{r['searched_mb']:,.0f}"),
    ("search, p50 in ms", lambda r: f"{r['p50_ms']:.1f}"),
    ("search, p99 in ms", lambda r: f"{r['p99_ms']:.1f}"),
)


def table(records: list[Record]) -> str:
    """Markdown: a column for each size."""
    lines = [
        "| definitions | " + " | ".join(f"{r['definitions']:,}" for r in records) + " |",
        "|" + "---|" * (len(records) + 1),
    ]
    lines += [f"| {what} | " + " | ".join(map(show, records)) + " |" for what, show in LINES]
    for stage in STAGES:
        values = " | ".join(f"{r['stages_ms'][stage]:.1f}" for r in records)
        lines.append(f"| of a search, {stage}, median ms | {values} |")
    return "\n".join(lines)


def plot(records: list[Record], path: Path) -> None:
    """Seconds, memory and milliseconds over the number of definitions, on logarithmic axes."""
    pyplot = importlib.import_module("matplotlib.pyplot")
    ticker = importlib.import_module("matplotlib.ticker")
    pyplot.switch_backend("Agg")

    panels: tuple[tuple[str, str, dict[str, Callable[[Record], float]]], ...] = (
        (
            "Build and open",
            "seconds",
            {
                "build": lambda r: r["build_seconds"],
                "load": lambda r: r["load_seconds"],
                "first search": lambda r: r["first_search_seconds"],
            },
        ),
        (
            "Memory",
            "MB",
            {
                "build, peak": lambda r: r["build_peak_mb"],
                f"after {WARMING} searches": lambda r: r["searched_mb"],
                "loaded": lambda r: r["load_mb"],
                "index on disk": lambda r: r["index_mb"],
            },
        ),
        (
            "One search",
            "milliseconds",
            {
                "p99": lambda r: r["p99_ms"],
                "p50": lambda r: r["p50_ms"],
                "channels": lambda r: r["stages_ms"]["channels"],
                "encoding": lambda r: r["stages_ms"]["encoding"],
                "ranker": lambda r: r["stages_ms"]["ranker"],
            },
        ),
    )
    sizes = [r["definitions"] for r in records]
    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.6), layout="constrained")
    for axis, (title, unit, lines) in zip(axes, panels, strict=True):
        for name, value in lines.items():
            axis.plot(sizes, [value(r) for r in records], marker="o", label=name)
        axis.set(title=title, xlabel="definitions", ylabel=unit, xscale="log", yscale="log")
        axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter("{x:,g}")
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(path)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
