"""Dependencies that CRAMF resolves from the text of a statement, against those that Lean itself reported.

    python eval/proofnet_dependencies.py --data FILE.jsonl [--index DIR] [--show]

Rows hold `header`, `formal_statement` and `mathlib_dependencies`. Lean's list names what its printer shows of
the elaborated statement: no notation, no type ascription, and no binder type under an existential quantifier,
a function or a set builder. So the identifiers that stand only there are left out of ours as well (`--all`
keeps them). Names are compared after following deprecations and aliases on both sides; a gold name that the
index does not know at all is a miss.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from cramf.check.verdict import Candidate
from cramf.environment import default_index
from cramf.evaluation.name_metrics import NameReader
from cramf.knowledge.store import KnowledgeBase


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--all", action="store_true", help="Keep what Lean's printer would not show.")
    parser.add_argument("--show", type=int, default=15, help="How many of the commonest errors to list.")
    options = parser.parse_args()
    vocabulary = KnowledgeBase.open(options.index or default_index()).vocabulary()
    reader = NameReader(vocabulary)
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line]
    gold_names = [name for row in rows for name in row["mathlib_dependencies"]]
    known = [name for name in gold_names if name in vocabulary.declarations or name in vocabulary.aliases]
    print(f"{len(rows)} statements, {len(gold_names)} dependencies")
    print(f"in the catalogue: {len(known)} ({len(known) / len(gold_names):.1%})")
    print("not in it:", ", ".join(sorted(set(gold_names) - set(known))))
    right = 0
    extra: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for row in rows:
        ours = reader.used(Candidate("", row["header"], row["formal_statement"]), printed=not options.all)
        gold = reader.present(row["mathlib_dependencies"])
        right += len(ours & gold)
        extra.update(sorted(ours - gold))
        missed.update(sorted(gold - ours))
    print(f"precision {right / (right + extra.total()):.1%} ({right} of {right + extra.total()})")
    print(f"recall    {right / (right + missed.total()):.1%} ({right} of {right + missed.total()})")
    print("ours alone:", ", ".join(f"{n} {c}" for n, c in extra.most_common(options.show)))
    print("Lean's alone:", ", ".join(f"{n} {c}" for n, c in missed.most_common(options.show)))


if __name__ == "__main__":
    main()
