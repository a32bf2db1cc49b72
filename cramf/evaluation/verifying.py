"""What a benchmark on this machine holds, and whether that is what it should be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cramf.check.verdict import Candidate
from cramf.errors import InputError
from cramf.evaluation.catalogue import Benchmark
from cramf.evaluation.fetching import ORIGIN, checksum
from cramf.evaluation.loading import load_problems
from cramf.evaluation.problems import Excluded, Origin, Problem
from cramf.lean.parser import parse_file

__all__ = ["CheckedFile", "State", "Verification", "parses", "verify"]

State = Literal["ok", "unchanged", "not pinned", "differs", "missing"]
"""`ok`: as the catalogue pins it; `unchanged`: as when it was fetched; `not pinned`: nothing to compare."""
_DECLARING = frozenset({"theorem", "lemma", "def", "instance", "abbrev"})


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file, or all that a glob finds, and how its checksum compares."""

    path: str
    state: State
    sha256: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `rows` counts by split, `fields` the problems that have each field."""

    path: Path
    files: tuple[CheckedFile, ...]
    rows: Mapping[str, int]
    expected_rows: Mapping[str, int] | None
    excluded: tuple[Excluded, ...]
    formal: int
    parsed: int
    fields: Mapping[str, int]
    origin: Origin
    unread: tuple[str, ...] = ()
    """Names of the problems whose formal statement does not parse."""

    @property
    def duplicates(self) -> int:
        """Rows that were left out because an earlier one has their name."""
        return sum(row.duplicate for row in self.excluded)

    @property
    def wrong(self) -> tuple[str, ...]:
        """What is not as it should be, a line each; empty for a set that can be measured on."""
        told = [f"{file.path} {file.state}" for file in self.files if file.state in ("differs", "missing")]
        if self.expected_rows is not None and dict(self.rows) != dict(self.expected_rows):
            told.append(f"{_counts(self.rows)} are there, the catalogue has {_counts(self.expected_rows)}")
        if self.excluded:
            told.append(f"{len(self.excluded):,} rows cannot be used")
        return tuple(told)


def verify(
    path: Path,
    benchmark: Benchmark | None = None,
    *,
    layout: str = "",
    fields: Mapping[str, str] | None = None,
) -> Verification:
    """Checksums, rows and formal statements of a file or folder.

    Raises:
        InputError: where it cannot be read at all.
    """
    files = _catalogued(path, benchmark) if benchmark is not None else ()
    missing = tuple(file for file in files if file.state == "missing")
    if missing:
        return Verification(
            path,
            files,
            {},
            benchmark.rows if benchmark else None,
            (),
            0,
            0,
            {},
            Origin(benchmark=_name(benchmark)),
        )
    found = load_problems(path, benchmark=benchmark, layout=layout, fields=fields, exclude_bad=True)
    if benchmark is None:
        files = tuple(CheckedFile(file.path, "not pinned", file.sha256) for file in found.origin.files)
    formal = [problem for problem in found.problems if problem.formal is not None]
    unread = tuple(problem.name for problem in formal if not parses(problem))
    return Verification(
        path=path,
        files=files,
        rows=dict(sorted(Counter(problem.split for problem in found.problems).items())),
        expected_rows=benchmark.rows if benchmark else None,
        excluded=found.excluded,
        formal=len(formal),
        parsed=len(formal) - len(unread),
        fields=_fields(found.problems),
        origin=found.origin,
        unread=unread,
    )


def parses(problem: Problem) -> bool:
    """Whether our parser reads the formal statement to its end and finds a named declaration last.

    That is no word of Lean's: names, types and most of the syntax are not looked at.
    """
    candidate = Candidate(problem.name, problem.header, problem.formal or "", problem.helper)
    parsed = parse_file(candidate.source)
    declared = [c.declaration for c in parsed.commands if c.declaration is not None]
    return (
        not parsed.errors
        and bool(declared)
        and bool(declared[-1].name)
        and declared[-1].keyword in _DECLARING
    )


def _catalogued(path: Path, benchmark: Benchmark) -> tuple[CheckedFile, ...]:
    recorded = _recorded(path)
    checked: list[CheckedFile] = []
    for file in benchmark.files:
        try:
            sha256, found = checksum(path, file.path)
        except InputError:
            checked.append(CheckedFile(file.path, "missing", "", file.sha256))
            continue
        if file.sha256:
            checked.append(
                CheckedFile(file.path, "ok" if sha256 == file.sha256 else "differs", sha256, file.sha256)
            )
            continue
        before = {one.path: recorded.get(one.path) for one in found}
        if all(before.values()):
            same = all(before[one.path] == one.sha256 for one in found)
            checked.append(CheckedFile(file.path, "unchanged" if same else "differs", sha256))
        else:
            checked.append(CheckedFile(file.path, "not pinned", sha256))
    return tuple(checked)


def _recorded(folder: Path) -> dict[str, str]:
    """Checksums that were written down when the folder was fetched."""
    try:
        about = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
        return {str(file["path"]): str(file["sha256"]) for file in about["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _fields(problems: tuple[Problem, ...]) -> dict[str, int]:
    counted = {
        "statement": sum(bool(p.statement) for p in problems),
        "formal": sum(p.formal is not None for p in problems),
        "helper": sum(bool(p.helper.strip()) for p in problems),
        "gold": sum(p.gold is not None for p in problems),
        "split": sum(bool(p.split) for p in problems),
        "expected": sum(p.expected is not None for p in problems),
        "human": sum(p.human is not None for p in problems),
    }
    return {field: count for field, count in counted.items() if count}


def _counts(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {split}".strip() for split, count in sorted(rows.items())) + " rows"


def _name(benchmark: Benchmark | None) -> str:
    return benchmark.name if benchmark else ""
