"""Many statements, one result each, with resume.

Each result is a line of a file as soon as it is there, under a key that is a hash of the statement, its
name and all settings. Another run with the same file goes on where the last one ended, however that was: what
has a result is not done again. A statement that cannot be used keeps its error; one for which the backend
failed is tried again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cramf.concurrently import in_threads
from cramf.errors import BackendError, CramfError, InputError
from cramf.formalize.decoding import decode
from cramf.formalize.journal import Journal, read_journal
from cramf.formalize.naming import Names, valid_theorem_name
from cramf.formalize.types import Formalization
from cramf.jsonable import to_jsonable

if TYPE_CHECKING:
    from cramf.formalize.formalizer import Formalizer

__all__ = ["Failure", "Item", "Record", "Run", "formalize_many", "read_records"]

_KINDS: Final = {InputError: "input", BackendError: "backend"}


@dataclass(frozen=True, slots=True)
class Item:
    """A statement that is to be formalized, and its theorem's name; None for one made from its content."""

    statement: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result: `kind` is `input` or `backend`."""

    kind: str
    message: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What came of one item: a result or a failure."""

    key: str
    item: Item
    result: Formalization | None = None
    failure: Failure | None = None

    def __post_init__(self) -> None:
        if (self.result is None) == (self.failure is None):
            raise ValueError("a record holds either a result or a failure")

    @property
    def outcome(self) -> str:
        """`passed`, `not passed`, `unchecked`, `abstained` or `failed`."""
        if self.result is None:
            return "failed"
        if self.result.candidate is None:
            return "abstained"
        if self.result.verdict is None:
            return "unchecked"
        return "passed" if self.result.verdict.positive else "not passed"


@dataclass(frozen=True, slots=True)
class Run:
    """The records in the order of the items, and how many of them were there before."""

    records: tuple[Record, ...]
    resumed: int = 0
    counts: Mapping[str, int] = field(init=False)
    """How many records have each outcome."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", dict(Counter(record.outcome for record in self.records)))


@dataclass(frozen=True, slots=True)
class _Job:
    key: str
    item: Item
    name: str | None
    """The name asked for, told apart from those before it."""


def formalize_many(
    formalizer: Formalizer,
    items: Iterable[Item | str],
    out: Path | None = None,
    *,
    progress: bool = False,
    concurrency: int = 1,
) -> Run:
    """The results of many statements; with `out` they are kept in this file, to be gone on from.

    `progress` shows a bar on standard error. With a `concurrency` above 1 so many threads work at once, for
    which retriever, backend and checker must be made. No two theorems of a run have one name: one that was
    given to an item before, or that the index has where it was made here, gets a number.

    An interrupt ends the run with every result so far in the file; even a kill leaves it readable, without
    those statements that were under way.

    Raises:
        InputError: where `concurrency` cannot be used, or `out` holds something else.
        ResourceError: where `out` cannot be written to, or another process writes to it; and as the parts of
            the formalizer raise it.
    """
    if concurrency < 1:
        raise InputError(f"{concurrency} statements at once cannot be formalized", "give 1 or more")
    jobs = _jobs(formalizer, items)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(out)) if out is not None else None
        records = _done(journal, jobs) if journal is not None else {}
        resumed = len(records)
        names = _names(formalizer, jobs, records)
        todo = [job for job in jobs if job.key not in records]
        bar = stack.enter_context(_bar(len(jobs), resumed)) if progress else None
        for record in _worked(formalizer, todo, names, concurrency):
            if journal is not None:
                journal.add(record.key, _fields(record))
            records[record.key] = record
            if bar is not None:
                bar.update()
                bar.set_postfix(Counter(r.outcome for r in records.values()), refresh=False)
    return Run(tuple(records[job.key] for job in jobs), resumed)


def read_records(path: Path) -> list[Record]:
    """The records of a file, of those with the same key the last one.

    Raises:
        InputError: where the file cannot be read, or a line of it is no result.
    """
    records: dict[str, Record] = {}
    for line in read_journal(path):
        record = _record(line, path)
        records.pop(record.key, None)
        records[record.key] = record
    return list(records.values())


def _jobs(formalizer: Formalizer, items: Iterable[Item | str]) -> list[_Job]:
    """The items with their keys; the same statement for the second time has another key."""
    fingerprint = formalizer.fingerprint
    seen: Counter[tuple[str, str | None]] = Counter()
    given = Names()
    jobs: list[_Job] = []
    for number, entry in enumerate(items):
        item = Item(entry) if isinstance(entry, str) else entry
        name = None
        if item.name is not None:
            try:
                name = given.claim(str(number), valid_theorem_name(item.name))
            except InputError:
                name = item.name  # told when it is this item's turn
        pair = (item.statement, item.name)
        data = json.dumps([fingerprint, item.statement, name, seen[pair]])
        seen[pair] += 1
        jobs.append(_Job(hashlib.sha256(data.encode()).hexdigest()[:32], item, name))
    return jobs


def _done(journal: Journal, jobs: Sequence[_Job]) -> dict[str, Record]:
    """The records that need not be made again, by key."""
    wanted = {job.key for job in jobs}
    records: dict[str, Record] = {}
    for line in journal.lines:
        if line["key"] in wanted:
            record = _record(line, journal.path)
            if record.failure is None or record.failure.kind != _KINDS[BackendError]:
                records[record.key] = record
    return records


def _names(formalizer: Formalizer, jobs: Sequence[_Job], records: Mapping[str, Record]) -> Names:
    """The names that are taken: those asked for, and those of the results that are there."""
    names = Names(formalizer.known)
    for job in jobs:
        if job.name is not None:
            names.keep(job.key, job.name)
    for record in records.values():
        if record.result is not None:
            names.keep(record.key, record.result.name)
    return names


def _worked(formalizer: Formalizer, jobs: Sequence[_Job], names: Names, concurrency: int) -> Iterator[Record]:
    """The record of each job, as they come; a new job is begun only when a record before it was taken."""

    def work(job: _Job) -> Record:
        def claim(base: str) -> str:
            return names.claim(job.key, base)

        result: Formalization | None = None
        failure: Failure | None = None
        try:
            result = formalizer.formalize(job.item.statement, job.name, claim=claim)
        except (InputError, BackendError) as error:
            failure = _failure(error)
        names.keep(job.key, result.name if result is not None and result.candidate is not None else job.name)
        return Record(job.key, job.item, result, failure)

    yield from in_threads(work, jobs, concurrency)


def _failure(error: CramfError) -> Failure:
    kind = next(kind for kinds, kind in _KINDS.items() if isinstance(error, kinds))
    return Failure(kind, error.message, error.mend)


def _fields(record: Record) -> dict[str, Any]:
    """What stands in a line beside its key."""
    fields: dict[str, Any] = to_jsonable(record)
    del fields["key"]
    return {**fields, "outcome": record.outcome}


def _record(line: Mapping[str, Any], path: Path) -> Record:
    try:
        return decode(Record, line)
    except (ValueError, CramfError) as error:
        raise InputError(f"{path} holds a result of another shape ({error})", "name another file") from None


def _bar(total: int, done: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, initial=done, desc="formalizing", unit="statement")
