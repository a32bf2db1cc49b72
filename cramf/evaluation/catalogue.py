"""The benchmarks that `cramf data` knows: where each is, which revision, which files, and what to know of it.

The entries are in `catalogue.toml` beside this module. It holds no statement of any benchmark.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from cramf.errors import InputError, ResourceError
from cramf.evaluation.fields import check_fields
from cramf.evaluation.layouts import LAYOUTS

__all__ = ["Benchmark", "FilePattern", "benchmark_named", "catalogue", "read_catalogue"]

_CATALOGUE = Path(__file__).parent / "catalogue.toml"


@dataclass(frozen=True, slots=True)
class FilePattern:
    """Files of a benchmark: a glob inside its folder.

    `sha256` is that of the only file, or of all that the glob finds, as in `Origin.sha256`; "" where it is
    not known. `address` is where a single file is downloaded, "" in a git repository.
    """

    path: str
    split: str = ""
    sha256: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """An entry of the catalogue. What is not known is "" or empty."""

    name: str
    title: str
    source: str
    transport: Literal["git", "http"]
    files: tuple[FilePattern, ...]
    layout: str
    revision: str = ""
    """Commit of the repository or data set; "" where none was pinned."""
    lean: str = ""
    """Lean version of the formal statements; two with `..` between them for a range."""
    licence: str = ""
    contamination: str = ""
    """What is known of language models having seen it in training."""
    library: str = ""
    """Library besides Mathlib that the formal statements need, with its revision."""
    repeated: Literal["refuse", "number"] = "refuse"
    """What is done with different rows of one name; see `load_problems`."""
    rows: Mapping[str, int] | None = None
    """Number of rows by split (`""` where there are none); None where nobody counted."""
    fields: Mapping[str, str] | None = None
    """Field map for sets whose spelling is not among the known ones."""
    note: str = ""

    @property
    def patterns(self) -> tuple[tuple[str, str], ...]:
        return tuple((file.path, file.split) for file in self.files)

    @property
    def pinned(self) -> bool:
        """Whether a checksum of every file is known, so that what is fetched can be verified."""
        return all(file.sha256 for file in self.files)


@cache
def catalogue() -> tuple[Benchmark, ...]:
    """All benchmarks of the shipped catalogue, in its order.

    Raises:
        ResourceError: where the catalogue is damaged.
    """
    try:
        return read_catalogue(_CATALOGUE.read_text(encoding="utf-8"))
    except (OSError, ValueError, InputError) as error:
        raise ResourceError(
            f"the catalogue of benchmarks cannot be read: {error}", "reinstall cramf"
        ) from None


def benchmark_named(name: str) -> Benchmark:
    """The benchmark of a name.

    Raises:
        InputError: where there is none, with those that are near.
    """
    from rapidfuzz import process

    known = {benchmark.name: benchmark for benchmark in catalogue()}
    if name in known:
        return known[name]
    near = [found for found, *_ in process.extract(name, list(known), limit=3, score_cutoff=60)]
    mend = f"did you mean {' or '.join(near)}? " if near else ""
    raise InputError(f"no benchmark is named {name!r}", f"{mend}`cramf data list` shows all")


def read_catalogue(text: str) -> tuple[Benchmark, ...]:
    """The entries of a catalogue in TOML.

    Raises:
        ValueError: where it is no TOML or an entry is not as it should be.
        InputError: where an entry's field map names what is no field.
    """
    entries = [_benchmark(entry) for entry in tomllib.loads(text).get("benchmark", [])]
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise ValueError("two benchmarks have the same name")
    return tuple(entries)


def _benchmark(entry: dict[str, Any]) -> Benchmark:
    name = entry.get("name")
    if not isinstance(name, str) or not name or Path(name).name != name or name.startswith("."):
        raise ValueError(f"a benchmark is named {name!r}, which can be no folder")
    files = tuple(FilePattern(**file) for file in entry.pop("file", []))
    try:
        benchmark = Benchmark(**entry, files=files)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from None
    if not files:
        raise ValueError(f"{name} has no file")
    for file in files:
        if Path(file.path).is_absolute() or ".." in Path(file.path).parts:
            raise ValueError(f"{name}: {file.path} leaves its folder")
        if benchmark.transport == "http" and (not file.address.startswith("https://") or "*" in file.path):
            raise ValueError(f"{name}: {file.path} has no address to download it from")
        if file.sha256 and not (len(file.sha256) == 64 and set(file.sha256) <= set("0123456789abcdef")):
            raise ValueError(f"{name}: the SHA-256 of {file.path} is none")
    if benchmark.transport not in ("git", "http") or benchmark.repeated not in ("refuse", "number"):
        raise ValueError(f"{name}: transport or repeated is not one of the words that it may be")
    if benchmark.layout not in LAYOUTS:
        raise ValueError(f"{name}: the layout {benchmark.layout!r} is not known")
    check_fields(benchmark.fields or {})
    return benchmark
