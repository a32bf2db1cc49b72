"""FAISS index types on the vectors of an index: time a query, recall of the nearest 400, size.

    python eval/vector_search.py [--index DIR | --npy DIR] [--data FILE.jsonl] [--copies 10] [--only REGEX]
                                 [--threads 1,2] [--json FILE]

Vectors are those of the index, as it stores them, or `definitions.npy` and `usages.npy` (float32) of --npy:
an index of few bits flatters its own type. Queries are statements, encoded as the index was. With --copies N
every vector is there N times, all but the first with Gaussian noise of length --noise, scaled to length one
again. Recall is the share of the exact 400 nearest (float32) that is found. The named peer is NumPy: a
float32 product with all vectors, `argpartition`, and a sort of the 400. Measure on a quiet machine: with two
threads FAISS waits for both at the end of a search, also where only one has anything to do.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
from library_sizes import noisy, unit
from statements import read_statements
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from tqdm import tqdm

from cramf.environment import default_index
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.encoder import load_encoder
from cramf.retrieval.latex import normalize_query

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Search = Callable[[Vectors], Rows]

NEIGHBOURS = 400
PEER = "NumPy float32 product"


@dataclass(frozen=True)
class Type:
    """An index type of FAISS, and the settings of a search in which it is measured."""

    factory: str
    """As `faiss.index_factory` takes it; `{nlist}` stands for the square root of the number of vectors.
    FAISS's guide asks for four times as many, but 400 neighbours are then spread over too many lists."""
    settings: tuple[tuple[str, int], ...] = (("", 0),)
    """Names of a field of its search parameters, with the value."""


PARAMETERS = {
    "efSearch": "SearchParametersHNSW",
    "nprobe": "SearchParametersIVF",
    "k_factor": "IndexRefineSearchParameters",
}
TYPES = (
    Type("Flat"),
    Type("SQfp16"),
    Type("SQbf16"),
    Type("SQ8"),
    Type("SQ6"),
    Type("SQ4"),
    Type("HNSW32,Flat", (("efSearch", 400), ("efSearch", 800))),
    Type("HNSW32,SQ8", (("efSearch", 400), ("efSearch", 800))),
    Type("IVF{nlist},Flat", (("nprobe", 8), ("nprobe", 16), ("nprobe", 32))),
    Type("IVF{nlist},SQ8", (("nprobe", 8), ("nprobe", 16), ("nprobe", 32))),
    Type("PQ96x4fs,RFlat", (("k_factor", 2), ("k_factor", 4))),
    Type("PQ192x4fs,Refine(SQ8)", (("k_factor", 2), ("k_factor", 4))),
    Type("RaBitQ"),
    Type("RaBitQ,Refine(SQ8)", (("k_factor", 2), ("k_factor", 4))),
    Type("RaBitQfs,Refine(SQ8)", (("k_factor", 2), ("k_factor", 4))),
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    vectors: str
    number: int
    type: str
    setting: str
    milliseconds: dict[str, float]
    """Median of a single query, by threads."""
    recall: float
    bytes: int
    build_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--npy", type=Path, default=None, help="folder of definitions.npy and usages.npy")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--noise", type=float, default=0.5, help="length of the noise added to a copy")
    parser.add_argument("--limit", type=int, default=0, help="take only the first N vectors, for trying")
    parser.add_argument("--only", default="", help="only the types that match this")
    parser.add_argument("--of", default="definitions,usages")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    base = KnowledgeBase.open(options.index or default_index())
    threads = [int(number) for number in options.threads.split(",")]
    texts = [normalize_query(text) for text in read_statements(options.data)[: options.queries]]
    queries = load_encoder(base.manifest.encoder).encode(texts)
    chosen = [t for t in TYPES if re.search(options.only, t.factory)]
    rows: list[Row] = []
    load = os.getloadavg()[0]
    for name in options.of.split(","):
        vectors = replicated(_read(base, options.npy, name, options.limit), options.copies, options.noise)
        if queries.shape[1] != vectors.shape[1]:
            raise SystemExit(f"{name} has {vectors.shape[1]} dimensions, the encoder {queries.shape[1]}")
        rows += measure(name, vectors, queries, chosen, threads)
        del vectors
    note = (
        f"{os.cpu_count()} CPUs, load {load:.1f} before, faiss {faiss.__version__} "
        f"({faiss.get_compile_options().strip()}), "
        f"median of {len(texts)} single queries, {NEIGHBOURS} nearest"
    )
    print(f"\n{note}\n")
    if options.copies > 1:
        print(f"{options.copies} copies of each vector, noise of length {options.noise}\n")
    print(table(rows, threads))
    if options.json is not None:
        record = {"note": note, "copies": options.copies, "noise": options.noise}
        options.json.write_text(
            json.dumps({**record, "rows": [asdict(row) for row in rows]}, indent=1) + "\n"
        )


def _read(base: KnowledgeBase, folder: Path | None, name: str, limit: int) -> Vectors:
    if folder is not None:
        vectors: Vectors = np.load(folder / f"{name}.npy")[: limit or None]
    else:
        stored = base.manifest.settings.get("quantisation")
        if stored != "none":
            print(f"{name}: vectors as stored in {stored}, which that type then keeps as they are")
        index = faiss.read_index(str(base.file(f"{name}.faiss")))
        vectors = index.reconstruct_n(0, min(limit or index.ntotal, index.ntotal))
    # What comes from few bits is not of length one to the last digit.
    return unit(vectors)


def replicated(vectors: Vectors, copies: int, noise: float) -> Vectors:
    """All vectors `copies` times, all but the first time with noise of that length, as unit vectors."""
    if copies < 2:
        return vectors
    made = np.empty((len(vectors) * copies, vectors.shape[1]), dtype=np.float32)
    for copy in range(copies):
        place = slice(copy * len(vectors), (copy + 1) * len(vectors))
        made[place] = noisy(vectors, noise, copy) if copy else vectors
    return made


def measure(
    name: str, vectors: Vectors, queries: Vectors, types: list[Type], threads: list[int]
) -> Iterator[Row]:
    """Measure every type and setting on the same vectors and queries; the peer first."""
    nearest = min(NEIGHBOURS, len(vectors))
    peer = _multiplied(vectors, nearest)
    exact = np.stack([peer(query) for query in queries])

    def row(what: str, setting: str, search: Search, size: int, seconds: float) -> Row:
        found = [search(query) for query in queries]
        hits = sum(len(np.intersect1d(a, b)) for a, b in zip(found, exact, strict=True))
        spent = {str(number): _milliseconds(search, queries, number) for number in threads}
        return Row(name, len(vectors), what, setting, spent, hits / exact.size, size, seconds)

    yield row(PEER, "", peer, vectors.nbytes, 0.0)
    bar = tqdm(types, name, unit="type")
    for kind in bar:
        factory = kind.factory.format(nlist=int(len(vectors) ** 0.5))
        bar.set_postfix_str(factory)
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        begun = time.perf_counter()
        try:
            index = faiss.index_factory(vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
        except RuntimeError:
            bar.write(f"{factory}: not in faiss {faiss.__version__}")
            continue
        index.train(vectors)
        index.add(vectors)
        seconds = time.perf_counter() - begun
        size = int(faiss.serialize_index(index).nbytes)
        for setting, value in kind.settings:
            shown = f"{setting} {value}" if setting else ""
            yield row(factory, shown, _searched(index, nearest, setting, value), size, seconds)
        del index


def _multiplied(vectors: Vectors, number: int) -> Search:
    def search(query: Vectors) -> Rows:
        cosines = vectors @ query
        if number == len(cosines):
            return np.argsort(-cosines)
        best = np.argpartition(cosines, len(cosines) - number)[len(cosines) - number :]
        found: Rows = best[np.argsort(-cosines[best])]
        return found

    return search


def _searched(index: Any, number: int, setting: str, value: int) -> Search:
    parameters = None
    if setting:
        parameters = getattr(faiss, PARAMETERS[setting])()
        setattr(parameters, setting, value)

    def search(query: Vectors) -> Rows:
        found: Rows = index.search(query[None, :], number, params=parameters)[1][0]
        return found

    return search


def _milliseconds(search: Search, queries: Vectors, threads: int) -> float:
    """Median of single queries, with so many threads for FAISS and for NumPy's BLAS."""
    faiss.omp_set_num_threads(threads)
    with threadpool_limits(threads):
        search(queries[0])
        spent: list[float] = []
        for query in queries:
            begun = time.perf_counter()
            search(query)
            spent.append(1000 * (time.perf_counter() - begun))
    return statistics.median(spent)


def table(rows: list[Row], threads: list[int]) -> str:
    """Markdown, one table."""
    heads = " | ".join(f"ms, {number} thread{'s' * (number > 1)}" for number in threads)
    lines = [
        f"| vectors | type | setting | {heads} | recall@{NEIGHBOURS} | MB | build s |",
        "|" + "---|" * (len(threads) + 6),
    ]
    for row in rows:
        spent = " | ".join(f"{row.milliseconds[str(number)]:.2f}" for number in threads)
        lines.append(
            f"| {row.number:,} {row.vectors} | {row.type} | {row.setting} | {spent} "
            f"| {100 * row.recall:.1f}% | {row.bytes / 1e6:.1f} | {row.build_seconds:.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
