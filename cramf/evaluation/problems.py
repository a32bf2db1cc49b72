"""Rows of a benchmark as the harness sees them, and where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cramf.check.inputs import DEFAULT_HEADER

__all__ = ["DataFile", "Excluded", "Origin", "Problem", "ProblemSet"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One row: an informal statement, a formal one, or both.

    Args:
        name: told apart from every other of its set.
        statement: the informal statement, "" where the set has none.
        formal: the reference theorem, None where the set has none.
        header: imports, `open`s and options that stand before it.
        helper: definitions that stand between the two.
        gold: names of the declarations that the reference uses, None where the set does not say.
        split: the part of the set that it is in, "" where there are no parts.
        place: file and line that it was read from, for messages; not part of what it is.
        expected: whether `formal` is known to elaborate; None where the set does not say.
        human: whether a person found `formal` faithful to `statement`; None where nobody looked.
    """

    name: str
    statement: str = ""
    formal: str | None = None
    header: str = DEFAULT_HEADER
    helper: str = ""
    gold: frozenset[str] | None = None
    split: str = ""
    place: str = field(default="", compare=False)
    expected: bool | None = None
    human: bool | None = None

    def __post_init__(self) -> None:
        if not self.statement and self.formal is None:
            raise ValueError("a problem has a statement, a formal one or both")


@dataclass(frozen=True, slots=True)
class Excluded:
    """A row that could not be used and was left out by the user's wish: counted, never forgotten."""

    place: str
    name: str
    reason: str
    duplicate: bool = False
    """Whether it was left out because an earlier row has its name."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that rows were read from: its path inside the set's folder, and the SHA-256 of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a set came from. What nobody told is ""."""

    benchmark: str = ""
    """Name in the catalogue (`cramf data list`); "" for a file of the user's own."""
    source: str = ""
    """Address of the repository or data set."""
    version: str = ""
    """Commit, tag or date."""
    lean: str = ""
    """Lean version that the formal statements were written for, such as `v4.9.0`."""
    licence: str = ""
    contamination: str = ""
    """What is known of language models having seen it in training."""
    files: tuple[DataFile, ...] = ()
    fields: Mapping[str, str] | None = None
    """The field map that was given, by the harness's own names; None where none was."""
    library: str = ""
    """Library besides Mathlib that the formal statements need, with its revision where it is known."""
    notes: tuple[str, ...] = ()
    """What a reader of the figures should be told, a line each."""

    @property
    def sha256(self) -> str:
        """One checksum of all files: of the only one itself, else of the sorted list of all checksums."""
        import hashlib

        if len(self.files) == 1:
            return self.files[0].sha256
        lines = sorted(f"{file.sha256}  {file.path}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ProblemSet:
    """All usable rows of a benchmark in their order, those left out, and the origin."""

    problems: tuple[Problem, ...]
    excluded: tuple[Excluded, ...] = ()
    origin: Origin = Origin()
