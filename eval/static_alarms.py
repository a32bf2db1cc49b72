"""False alarms of the static checker on statements that are known to compile.

    python eval/static_alarms.py --data FILE.jsonl [FILE.jsonl ...] [--index DIR]
    python eval/static_alarms.py --mathlib DIR [--files 300] [--seed 0]

Rows hold `header`, `formal_statement` and perhaps `helper`, or the same under `verified`. Every verdict that
is not `valid` counts, whatever the reason; what was told is printed so that each can be judged. With
--mathlib the statements are those of Mathlib's own files, each file read whole with its `open`s, namespaces,
variables and notation; a file's own names count as known, and proofs are not read.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter
from pathlib import Path

from cramf.check.static import STATEMENTS, StaticChecker
from cramf.check.static_text import Text
from cramf.check.verdict import Candidate, Severity
from cramf.lean.parser import parse_file

_IMPORTS = re.compile(
    r"^(?:module|(?:@\[expose\] )?public section|(?:public |meta |private )*import .*)$", re.MULTILINE
)
_PROGRAMS = frozenset({"Tactic", "Util", "Lean", "Testing", "Deprecated"})


def rows_of(path: Path) -> list[dict[str, str]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    if any("verified" in row for row in rows):
        rows = [row["verified"] for row in rows if row.get("verified")]
    return rows


def on_rows(checker: StaticChecker, path: Path) -> None:
    rows = rows_of(path)
    statuses: Counter[str] = Counter()
    alarms: list[str] = []
    spent: list[float] = []
    for row in rows:
        candidate = Candidate("statement", row["header"], row["formal_statement"], row.get("helper") or "")
        begun = time.perf_counter()
        verdict = checker.check(candidate)
        spent.append(1000 * (time.perf_counter() - begun))
        statuses[verdict.status.value] += 1
        if not verdict.positive:
            alarms.append("; ".join(d.message for d in verdict.errors))
    spent.sort()
    middle, late = spent[len(spent) // 2], spent[int(0.99 * len(spent))]
    print(f"{path.name}: {len(rows)} statements: {dict(statuses)}, p50 {middle:.2f} ms, p99 {late:.2f} ms")
    for alarm in alarms:
        print(f"  {alarm}")


def on_mathlib(checker: StaticChecker, root: Path, count: int, seed: int) -> None:
    files = sorted(f for f in (root / "Mathlib").rglob("*.lean") if not _PROGRAMS.intersection(f.parts))
    chosen = random.Random(seed).sample(files, min(count, len(files)))
    statements = spoken = 0
    kinds: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for path in chosen:
        text = _IMPORTS.sub("", path.read_text(encoding="utf-8"))
        whole = Text(Candidate("file", "import Mathlib", text))
        lines = [
            (c.line, parse.source.lines.line(c.end))
            for parse in (parse_file(whole.source),)
            for c in parse.commands
            if c.declaration is not None and c.declaration.keyword in STATEMENTS
        ]
        statements += len(lines)
        found = [d for d in checker.diagnostics(whole) if d.severity is Severity.ERROR and d.line is not None]
        hit = set()
        for diagnostic in found:
            line = (diagnostic.line or 0) + 2  # the header's line and the empty one behind it
            owner = next((n for n, (first, last) in enumerate(lines) if first <= line <= last), None)
            if owner is not None:
                hit.add(owner)
                kinds[diagnostic.category] += 1
                told[diagnostic.message[:90]] += 1
        spoken += len(hit)
    share = f"{spoken} flagged ({spoken / statements:.2%})"
    print(f"{len(chosen)} files, {statements} theorems: {share}, {dict(kinds)}")
    for message, number in told.most_common(40):
        print(f"  {number} {message}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--mathlib", type=Path, default=None)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index", type=Path, default=None)
    options = parser.parse_args()
    checker = StaticChecker.open(options.index)
    checker.check(Candidate("warm", "import Mathlib", "theorem t (n : ℕ) : n.gcd 2 = n := by sorry"))
    for path in options.data:
        on_rows(checker, path)
    if options.mathlib is not None:
        on_mathlib(checker, options.mathlib, options.files, options.seed)


if __name__ == "__main__":
    main()
