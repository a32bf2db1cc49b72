"""Benchmarks from files and folders: every row accounted for, and the origin of the figures recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cramf.errors import InputError
from cramf.evaluation.fields import FIELDS, check_fields, lean_of, problem_of, split_of
from cramf.evaluation.layouts import RawRow, Source, find_sources, read_source
from cramf.evaluation.lean_files import canonical_split
from cramf.evaluation.libraries import library_note, library_of
from cramf.evaluation.problems import DataFile, Excluded, Origin, Problem, ProblemSet
from cramf.evaluation.revisions import commit_of, lean_of_folder
from cramf.retrieval.retriever import MAX_QUERY

if TYPE_CHECKING:
    from cramf.evaluation.catalogue import Benchmark

__all__ = ["load_problems"]


class _DuplicateError(InputError):
    """A row whose name is an earlier one's."""


Repeated = Literal["refuse", "number"]


def load_problems(
    path: Path,
    *,
    benchmark: Benchmark | None = None,
    layout: str = "",
    fields: Mapping[str, str] | None = None,
    split: str | None = None,
    need: Collection[str] = (),
    exclude_bad: bool = False,
    repeated: Repeated | None = None,
    origin: Origin | None = None,
    longest: int = MAX_QUERY,
) -> ProblemSet:
    """All problems of a file or folder, or those of one split, in their order.

    Args:
        path: a file, or a folder as `cramf.evaluation.layouts` reads one.
        benchmark: its entry in the catalogue: which files, which fields, where from.
        layout: the form of the files, where their content does not tell it.
        fields: which field of the file holds what; see `cramf.evaluation.fields`.
        split: only this part (`validation` and `val` are `valid`); None for everything.
        need: fields that every row must have: `statement`, `formal`, `gold`, `name`, …
        exclude_bad: put a row that cannot be used among the excluded, instead of an error.
        repeated: what to do with a name that another row has, where the rows differ: an error (or an
            exclusion), or `~2`, `~3` … added to the later ones. Equal rows are duplicates either way. None
            leaves it to the benchmark, and refuses where that says nothing.
        origin: what is known of where the set came from; its fields take the place of what was found.
        longest: characters of the longest informal statement.

    Raises:
        InputError: with file and line, where a row cannot be used (without `exclude_bad`), where no row is
            left, or the split does not exist.
    """
    given = dict(fields or {})
    if benchmark is not None:
        given = {**(benchmark.fields or {}), **given}
    check_fields(given)
    for name in need:
        if name not in FIELDS:
            raise InputError(f"{name!r} is no field of a problem", f"use {', '.join(FIELDS)}")
    sources = find_sources(
        path, layout or (benchmark.layout if benchmark else ""), benchmark.patterns if benchmark else ()
    )
    files: list[DataFile] = []
    rows: list[tuple[RawRow, str]] = []
    unread: list[Excluded] = []
    for source in sources:
        try:
            sha256, read = read_source(source)
        except InputError as error:
            # Of many files, one is as a row; the only one is the set itself.
            if not exclude_bad or len(sources) == 1:
                raise
            unread.append(Excluded(str(source.path), "", error.message))
            continue
        files.append(DataFile(source.shown, sha256))
        rows += [(row, _split(row, source, given)) for row in read]
    rows = _chosen(rows, split, path)
    problems, excluded, numbered = _problems(
        rows, given, need, exclude_bad, repeated or (benchmark.repeated if benchmark else "refuse"), longest
    )
    if not problems:
        first = f": {excluded[0].place}: {excluded[0].reason}" if excluded else ""
        raise InputError(
            f"no row of {path} can be used{first}", "mend the rows, or give a field map (--field FIELD=PATH)"
        )
    found = _origin(path, benchmark, sources, tuple(files), rows, problems, given)
    if numbered:
        told = f"names that an earlier row has: {numbered:,}; a number after `~` tells them apart"
        found = replace(found, notes=(*found.notes, told))
    return ProblemSet(tuple(problems), (*unread, *excluded), _overridden(found, origin))


def _split(row: RawRow, source: Source, fields: Mapping[str, str]) -> str:
    """The split that a row names itself, else that of its file."""
    own = "" if isinstance(row.values, InputError) else split_of(row.values, fields)
    return canonical_split(own) or source.split


def _chosen(rows: list[tuple[RawRow, str]], split: str | None, path: Path) -> list[tuple[RawRow, str]]:
    """The rows of a split; one that is not known to be of another belongs to it, so that it is told."""
    if split is None:
        return rows
    wanted = canonical_split(split)
    there = sorted({own for _, own in rows if own})
    if wanted not in there:
        known = f"it has {', '.join(there)}" if there else "it has no splits"
        raise InputError(f"{path} has no split {split!r}", known)
    return [(_without_split(row), own) if not own else (row, own) for row, own in rows if own in ("", wanted)]


def _without_split(row: RawRow) -> RawRow:
    if isinstance(row.values, InputError):
        return row
    error = InputError(f"{row.place}: the row names no split", "add it, or load the set without --split")
    return RawRow(row.place, error, row.fallback)


def _problems(
    rows: Sequence[tuple[RawRow, str]],
    fields: Mapping[str, str],
    need: Collection[str],
    exclude_bad: bool,
    repeated: Repeated,
    longest: int,
) -> tuple[list[Problem], list[Excluded], int]:
    """The problems, those left out, and how many had to be given another name."""
    problems: list[Problem] = []
    excluded: list[Excluded] = []
    by_name: dict[str, list[Problem]] = {}
    taken: set[str] = set()
    numbered = 0
    for row, split in rows:
        name = ""
        try:
            if isinstance(row.values, InputError):
                raise row.values
            problem = problem_of(
                row.values,
                row.place,
                fields=fields,
                need=need,
                split=split,
                fallback=row.fallback,
                longest=longest,
            )
            name = problem.name
            same = by_name.setdefault(name, [])
            if same or name in taken:
                problem = _told_apart(problem, same, taken, repeated)
                numbered += 1
            # Those that have the name as it was written, to tell copies from namesakes.
            same.append(replace(problem, name=name))
            taken.add(problem.name)
            problems.append(problem)
        except InputError as error:
            if not exclude_bad:
                # The class stays, for a copy of a row is told from a bad one by it.
                raise type(error)(
                    error.message, f"{error.mend}, or leave out such rows (--exclude-bad)"
                ) from None
            reason = error.message.removeprefix(f"{row.place}: ").removeprefix(f"{row.place} ")
            excluded.append(Excluded(row.place, name, reason, isinstance(error, _DuplicateError)))
    return problems, excluded, numbered


def _told_apart(problem: Problem, same: list[Problem], taken: set[str], repeated: Repeated) -> Problem:
    """A problem whose name is not the first, under a name of its own.

    Raises:
        InputError: where it is a copy of one of `same`, or names are not to be numbered.
    """
    for other in same:
        # The place and the split say where it stands, not what it is.
        if replace(other, place="", split="") == replace(problem, place="", split=""):
            raise _DuplicateError(
                f"{problem.place}: the row is that of {other.place} again ({_short(problem.name)})",
                "remove it",
            )
    if repeated == "refuse":
        where = f"that of {same[0].place} already" if same else "taken already"
        raise _DuplicateError(
            f"{problem.place}: the name {_short(problem.name)} is {where}",
            "remove one of the two rows or rename it",
        )
    number = len(same) + 1
    while (name := f"{problem.name}~{number}") in taken:
        number += 1
    return replace(problem, name=name)


def _origin(
    path: Path,
    benchmark: Benchmark | None,
    sources: Sequence[Source],
    files: tuple[DataFile, ...],
    rows: Sequence[tuple[RawRow, str]],
    problems: Sequence[Problem],
    fields: Mapping[str, str],
) -> Origin:
    folder = path if path.is_dir() else path.parent
    versions = {
        lean for row, _ in rows if isinstance(row.values, dict) and (lean := lean_of(row.values, fields))
    }
    lean = benchmark.lean if benchmark else ""
    lean = lean or ", ".join(sorted(versions)) or lean_of_folder(folder)
    library = benchmark.library if benchmark and benchmark.library else library_of(folder, problems)
    notes = [note] if (note := library_note(library, problems)) else []
    return Origin(
        benchmark=benchmark.name if benchmark else "",
        source=benchmark.source if benchmark else "",
        version=benchmark.revision if benchmark else commit_of(folder, [source.path for source in sources]),
        lean=lean,
        licence=benchmark.licence if benchmark else "",
        contamination=benchmark.contamination if benchmark else "",
        files=files,
        fields=dict(fields) or None,
        library=library,
        notes=tuple(notes),
    )


def _overridden(found: Origin, given: Origin | None) -> Origin:
    """What was found, with what the caller knows better in its place; checksums are always those found."""
    if given is None:
        return found
    known = {
        f.name: value
        for f in dataclass_fields(Origin)
        if f.name not in ("files", "fields", "notes") and (value := getattr(given, f.name))
    }
    return replace(found, **known, notes=(*found.notes, *given.notes))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
