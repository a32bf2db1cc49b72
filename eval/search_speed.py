"""Time of loading, of single searches and of a batch.

    python eval/search_speed.py [--data proofnet-dev.jsonl] [--index DIR] [--batch 1000] [--json]

Statements are those of --data (`informal_statement`) or, without it, of `eval/statements.txt`. Loading is
timed in a fresh process, apart from importing the libraries. The peer of a batch is the same
statements one by one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np

_COLD = """
import json, sys, time
begun = time.perf_counter()
import faiss, lightgbm, pyarrow.parquet, scipy.sparse
from cramf.retrieval.retriever import Retriever
from cramf.retrieval import encoder
import sentence_transformers
imported = time.perf_counter()
retriever = Retriever.load(sys.argv[1] or None)
loaded = time.perf_counter()
retriever.search("Every compact set in a Hausdorff space is closed.")
first = time.perf_counter()
print(json.dumps({"import": imported - begun, "load": loaded - imported, "first search": first - loaded}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.data is None:
        text = Path(__file__).with_name("statements.txt").read_text(encoding="utf-8")
        statements = [line for line in text.splitlines() if line.strip()]
    else:
        lines = options.data.read_text(encoding="utf-8").splitlines()
        statements = [json.loads(line)["informal_statement"] for line in lines if line.strip()]
    done = subprocess.run(
        [sys.executable, "-c", _COLD, str(options.index or "")], capture_output=True, text=True, check=True
    )
    seconds = json.loads(done.stdout.splitlines()[-1])

    from cramf.retrieval.retriever import Retriever

    retriever = Retriever.load(options.index)
    for statement in statements[:10]:
        retriever.search(statement)
    spent = []
    for statement in statements:
        begun = time.perf_counter()
        retriever.search(statement)
        spent.append(1000 * (time.perf_counter() - begun))
    many = list(islice(cycle(statements), options.batch))
    begun = time.perf_counter()
    retriever.search_batch(many)
    batch = time.perf_counter() - begun
    alone = sum(spent) / len(spent) / 1000
    outcome = {
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "single_ms": {
            "p50": round(float(np.percentile(spent, 50)), 1),
            "p99": round(float(np.percentile(spent, 99)), 1),
            "n": len(spent),
        },
        "batch": {
            "statements": len(many),
            "seconds": round(batch, 1),
            "per_second": round(len(many) / batch, 1),
            "times_faster_than_one_by_one": round(alone * len(many) / batch, 2),
        },
    }
    print(json.dumps(outcome, indent=None if options.json else 1))


if __name__ == "__main__":
    main()
