"""Declarations whose use in Mathlib contradicts the arguments that the checker reads off their signatures.

    python eval/unsure_arguments.py [--index DIR] [--sample N] [--out index/core/unsure_arguments.txt]

Every statement of the index is known to compile, so that each complaint of the rules about arguments is a
false one: a signature misses a variable that only local notation mentions, say. The names complained of are
written to the file that the checker reads, and are judged no more. Printed is how often the rules spoke, with
the names; with --sample only so many statements are read, and nothing is written.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from cramf.check.static import StaticChecker
from cramf.check.static_text import Text
from cramf.check.verdict import Candidate
from cramf.environment import default_core, default_index
from cramf.files import write_atomic
from cramf.knowledge.core_library import load_core, with_core
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Kind

_NO_STATEMENTS = (Kind.CONSTRUCTOR, Kind.FIELD, Kind.RECURSOR, Kind.ATTESTED)
_NAMED = re.compile(r"`([^`]+)` (?:takes|alone)|of `([^`]+)` is a")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    base = KnowledgeBase.open(options.index or default_index())
    # Without the exceptions that are written already, which would hide themselves.
    checker = StaticChecker(with_core(base.vocabulary(), load_core(default_core())))
    names = sorted(base.declarations)
    if options.sample:
        names = random.Random(options.seed).sample(names, options.sample)
    counts: Counter[str] = Counter()
    read = flagged = 0
    for name in tqdm(names, unit="statement", file=sys.stderr, disable=None):
        declaration, signature = base.declarations[name], base.signature(name)
        if not signature or "✝" in signature or declaration.kind in _NO_STATEMENTS:
            continue
        statement = re.sub(r"\s*\bextends .*", "", signature)
        if ":" not in statement:
            statement += " : True"
        space = declaration.namespace
        opened = f"\nopen {space}" if space else ""
        own = f"{space}.unnamed" if space else "unnamed"
        candidate = Candidate(name, f"import Mathlib{opened}", f"theorem {own} {statement} := by sorry")
        read += 1
        told = set()
        for diagnostic in checker.diagnostics(Text(candidate)):
            if diagnostic.category in ("function_expected", "type_mismatch"):
                found = _NAMED.search(diagnostic.message)
                assert found is not None, diagnostic.message
                told.add(found[1] or found[2])
        flagged += bool(told)
        counts.update(told)
    print(
        f"{read} statements, {flagged} with a complaint ({flagged / max(1, read):.3%}), {len(counts)} names"
    )
    for name, count in counts.most_common(40):
        print(f"  {count:5} {name}")
    if options.out is not None and not options.sample:
        write_atomic(options.out, "".join(f"{name}\n" for name in sorted(counts)).encode())


if __name__ == "__main__":
    main()
