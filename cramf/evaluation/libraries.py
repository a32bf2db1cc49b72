"""Libraries besides Mathlib that the formal statements of a benchmark import."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from cramf.evaluation.problems import Problem
from cramf.evaluation.statements import imported_roots

__all__ = ["external_roots", "library_note", "library_of"]

# What a workspace with Mathlib has.
_WITH_MATHLIB = frozenset(
    "Mathlib Aesop Batteries Std Lean Init Lake Qq ProofWidgets Plausible ImportGraph LeanSearchClient Cli "
    "Archive Counterexamples".split()
)


def external_roots(problems: Iterable[Problem]) -> tuple[str, ...]:
    """First parts of the modules that headers import and a workspace with Mathlib lacks, sorted."""
    headers = {problem.header for problem in problems}
    return tuple(sorted({root for header in headers for root in imported_roots(header)} - _WITH_MATHLIB))


def library_of(folder: Path, problems: Sequence[Problem]) -> str:
    """The external libraries of a set with the revisions that a `lake-manifest.json` of its folder pins."""
    pinned: dict[str, str] = {}
    try:
        manifest = json.loads((folder / "lake-manifest.json").read_text(encoding="utf-8"))
        for package in manifest["packages"]:
            pinned[_plain(str(package["name"]))] = (
                f"{package.get('url', '')} @ {package.get('rev', '')}".strip(" @")
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pinned = {}  # none, or one of a form that is not known: the imports alone are told
    told = []
    for root in external_roots(problems):
        where = pinned.get(_plain(root))
        told.append(f"{root} ({where})" if where else root)
    return ", ".join(told)


def _plain(name: str) -> str:
    """`con-nf` and `ConNF` are one package."""
    return "".join(c for c in name.lower() if c.isalnum())


def library_note(library: str, problems: Sequence[Problem]) -> str:
    """A line that says what a checker needs for the set, "" where Mathlib is enough."""
    roots = external_roots(problems)
    if not roots:
        return ""
    which = "these libraries" if len(roots) > 1 else "this library"
    return (
        f"the formal statements import {' and '.join(roots)}: neither the default workspace nor the index "
        f"has {which} ({library}), and no checker here takes the import"
    )
