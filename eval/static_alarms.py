"""False alarms of the static checker on statements that are known to compile.

    python eval/static_alarms.py --data FILE.jsonl [--index DIR]

Rows hold `header`, `formal_statement` and perhaps `helper`, or the same under `verified`. Every verdict that
is not `valid` counts, whatever the reason; the names are printed so that each can be judged.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate
from cramf.environment import default_index
from cramf.knowledge.store import KnowledgeBase


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", type=Path, default=None)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line]
    if any("verified" in row for row in rows):
        rows = [row["verified"] for row in rows if row.get("verified")]
    checker = StaticChecker(KnowledgeBase.open(options.index or default_index()).vocabulary())
    statuses: Counter[str] = Counter()
    alarms: list[str] = []
    begun = time.perf_counter()
    for row in rows:
        statement = "\n".join(filter(None, (row.get("helper", ""), row["formal_statement"])))
        verdict = checker.check(Candidate("statement", row["header"], statement))
        statuses[verdict.status.value] += 1
        if not verdict.positive:
            alarms.append("; ".join(d.message for d in verdict.errors))
    spent = 1000 * (time.perf_counter() - begun) / len(rows)
    print(f"{len(rows)} statements: {dict(statuses)}, {spent:.1f} ms each")
    for alarm in alarms:
        print(f"  {alarm}")


if __name__ == "__main__":
    main()
