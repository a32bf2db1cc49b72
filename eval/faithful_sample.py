"""A sample of what the symbolic backend reads, for a person to judge; and the count of the judgements.

    python eval/faithful_sample.py --data FILE.jsonl [FILE.jsonl ...] [--n 50] [--seed 0]
    python eval/faithful_sample.py --judged eval/faithfulness.jsonl

The first form prints, for a seeded sample of the statements that are read, the statement, the Lean text and
the reference. The second counts a file of judgements: one line a statement with `name`, `faithful` and
`reason`. Faithful means: a mathematician would accept the Lean statement as what the sentence says, with
every hypothesis and the same domain of each variable; stronger, weaker or vacuous is not. The interval is
Wilson's.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from cramf.evaluation.intervals import wilson_interval
from cramf.formalize.symbolic.backend import SymbolicBackend
from cramf.formalize.types import Request


def sample(paths: list[Path], count: int, seed: int) -> None:
    backend = SymbolicBackend()
    read = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            reference = row.get("verified") or row
            draft = backend.draft(Request(reference["informal_statement"], "t"))
            if draft.candidate is not None:
                read.append((row["name"], reference, draft))
    chosen = random.Random(seed).sample(read, min(count, len(read)))
    for number, (name, reference, draft) in enumerate(chosen, 1):
        assert draft.candidate is not None
        print(f"=== {number}. {name}\n{reference['informal_statement']}\n--- read")
        print(draft.candidate.statement, *(f"    note: {note}" for note in draft.notes), sep="\n")
        print(f"--- reference\n{reference['formal_statement']}\n")


def count(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    good = sum(bool(row["faithful"]) for row in rows)
    low, high = wilson_interval(good, len(rows))
    share = good / len(rows)
    print(f"{good} of {len(rows)} faithful, {share:.1%} [{low:.1%}, {high:.1%}]")
    for row in rows:
        if not row["faithful"]:
            print(f"  {row['name']}: {row['reason']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--judged", type=Path, default=None)
    options = parser.parse_args()
    if options.judged is not None:
        count(options.judged)
    else:
        sample(options.data, options.n, options.seed)


if __name__ == "__main__":
    main()
