"""How many identifiers of Mathlib's statements resolve to nothing that the knowledge base knows.

    python eval/name_exactness.py --mathlib DIR [--cache FILE] [--show 50]

Every identifier that stands free in a statement of the checkout (theorem, definition, instance, field,
constructor, with the variables that it takes in) is resolved by Lean's order against written, generated and
attested names, notation and names private to the file. Names that a statement binds itself do not count; a
name that is bound anywhere in a statement counts as bound everywhere in it. Since the checkout compiles, each
one that resolves to nothing is a miss of ours.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from cramf.environment import default_cache
from cramf.knowledge.builder import build_from_checkout
from cramf.knowledge.cache import BuildCache


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mathlib", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--show", type=int, default=50, help="How many of the commonest misses to list.")
    options = parser.parse_args()
    with BuildCache(options.cache or default_cache()) as cache:
        linked = build_from_checkout(options.mathlib, cache=cache)
    missed = sum(miss.count for miss in linked.unresolved)
    print(f"{linked.files} files, {linked.identifiers} identifier occurrences in statements")
    print(
        f"{missed} unresolved ({missed / max(1, linked.identifiers):.3%}), {len(linked.unresolved)} different"
    )
    areas: Counter[str] = Counter()
    for miss in linked.unresolved:
        areas[".".join(miss.module.split(".")[:2])] += miss.count
    print("first met in:", ", ".join(f"{area} {count}" for area, count in areas.most_common(12)))
    for miss in linked.unresolved[: options.show]:
        print(f"{miss.count:6d}  {miss.word}  ({miss.module}:{miss.line})")
    origins = Counter(d.origin for d in linked.declarations)
    print("declarations by origin:", ", ".join(f"{origin} {n}" for origin, n in origins.most_common()))


if __name__ == "__main__":
    main()
