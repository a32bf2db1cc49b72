"""Documented theorems of a Mathlib checkout as rows for `cramf eval retrieval`, to try it at size.

    python eval/mathlib_statements.py --mathlib DIR --out FILE [--count 10000] [--index DIR]

A row is a docstring with the definitions that the theorem's statement uses. The index holds each of these
theorems as evidence for itself, so that recall on them says nothing; time and memory do. The file is made of
other people's sentences: keep it out of the repository.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from cramf.environment import default_index
from cramf.files import write_atomic
from cramf.knowledge.extract import extract_file
from cramf.knowledge.store import KnowledgeBase

_FEWEST, _MOST = 30, 2000
"""Characters: shorter docstrings state nothing, longer ones are cut."""


def rows(mathlib: Path, base: KnowledgeBase) -> Iterator[dict[str, Any]]:
    """One row for each documented theorem that the index has, by module."""
    definitions = set(base.definition_names)
    usages: dict[str, list[str]] = {}
    for name, module in zip(base.usage_columns["name"], base.usage_columns["module"], strict=True):
        usages.setdefault(module, []).append(name)
    for module in sorted(usages):
        path = mathlib.joinpath(*module.split(".")).with_suffix(".lean")
        if not path.is_file():
            continue
        docstrings = {d.name: d.docstring for d in extract_file(path, module).declarations}
        for name in dict.fromkeys(usages[module]):
            text = " ".join((docstrings.get(name) or "").split())
            if len(text) >= _FEWEST:
                gold = [used for used in base.dependencies(name) if used in definitions]
                yield {"name": name, "informal_statement": text[:_MOST], "mathlib_dependencies": gold}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mathlib", type=Path, required=True)
    parser.add_argument("--index", type=Path, default=default_index())
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    found = list(islice(rows(options.mathlib, KnowledgeBase.open(options.index)), options.count))
    if not found:
        sys.exit(f"{options.mathlib} has no theorem of this index: give the checkout that it was built from")
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    write_atomic(options.out, text.encode("utf-8"))
    print(f"{len(found):,} rows in {options.out}")


if __name__ == "__main__":
    main()
