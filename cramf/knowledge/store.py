"""The knowledge base on disk: one directory of Parquet tables, sparse matrices, FAISS files and a manifest.

A directory is written beside its place and renamed into it, so that a reader sees a whole one or none.
The manifest holds the SHA-256 of every file; a partial, damaged or newer directory is one clear error.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from cramf.errors import KnowledgeBaseError, ResourceError
from cramf.files import sha256_of
from cramf.jsonable import dumps
from cramf.knowledge.types import Declaration, Definition, Kind, Usage
from cramf.knowledge.vocabulary import Vocabulary

if TYPE_CHECKING:
    import pyarrow as pa
    from scipy.sparse import csr_matrix

__all__ = ["FORMAT_VERSION", "KnowledgeBase", "Manifest", "read_manifest", "write_directory"]

FORMAT_VERSION = 1
_MANIFEST = "manifest.json"
_REBUILD = "rebuild it with `cramf index build`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index directory says of itself."""

    format_version: int
    mathlib_commit: str
    toolchain: str
    encoder: str
    dimensions: int
    counts: Mapping[str, int]
    files: Mapping[str, str]
    """File name to SHA-256."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    docstrings: bool = True
    """Whether docstrings are stored; the shipped index has none."""


def read_manifest(path: Path) -> Manifest:
    """Manifest of an index directory.

    Raises:
        KnowledgeBaseError: where there is no index, or one that cannot be read by this version.
    """
    if not path.is_dir():
        raise KnowledgeBaseError(f"there is no index at {path}", "make one with `cramf index build`")
    file = path / _MANIFEST
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise KnowledgeBaseError(f"{file} cannot be read: {error.strerror}", _REBUILD) from None
    except (ValueError, RecursionError):
        raise KnowledgeBaseError(f"{file} is damaged", _REBUILD) from None
    version = values.get("format_version") if isinstance(values, dict) else None
    if not isinstance(version, int):
        raise KnowledgeBaseError(f"{file} names no format version", _REBUILD)
    if version > FORMAT_VERSION:
        raise KnowledgeBaseError(
            f"the index at {path} has format {version}, newer than the {FORMAT_VERSION} this version reads",
            "upgrade cramf or rebuild the index",
        )
    if version < FORMAT_VERSION:
        raise KnowledgeBaseError(f"the index at {path} has the old format {version}", _REBUILD)
    try:
        manifest = Manifest(**values)
    except TypeError:
        raise KnowledgeBaseError(f"{file} is damaged", _REBUILD) from None
    if not _well_formed(manifest):
        raise KnowledgeBaseError(f"{file} is damaged", _REBUILD)
    return manifest


def _well_formed(manifest: Manifest) -> bool:
    """Whether the values are of the types that the rest of the program relies on."""
    texts = (manifest.mathlib_commit, manifest.toolchain, manifest.encoder)
    tables = (manifest.counts, manifest.files, manifest.settings)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(table, dict) for table in tables)
        and all(isinstance(number, int) for number in (manifest.dimensions, *manifest.counts.values()))
        # Names with a path in them would reach outside the directory.
        and all(isinstance(v, str) and Path(k).name == k for k, v in manifest.files.items())
    )


def write_directory(
    target: Path, write: Callable[[Path], Mapping[str, Any]], replace: bool = True
) -> Manifest:
    """Let `write` fill a folder beside `target`, add the manifest and rename it into place.

    `write` returns the manifest's values other than format version and checksums. An old index at
    `target` is kept until the new one is whole, and comes back if the rename fails.

    Raises:
        KnowledgeBaseError: where `target` exists and is no index.
        ResourceError: where the folder cannot be written.
    """
    target = target.absolute()
    if target.exists() and (not target.is_dir() or (any(target.iterdir()) and not _is_index(target))):
        raise KnowledgeBaseError(f"{target} exists and is not an index", "give --out another folder")
    if target.exists() and any(target.iterdir()) and not replace:
        raise KnowledgeBaseError(f"{target} exists", "give --out another folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.building-{os.getpid()}-"))
    except OSError as error:
        raise ResourceError(
            f"cannot write beside {target}: {error.strerror}", "give --out a folder that you may write to"
        ) from None
    try:
        values = dict(write(scratch))
        files = {p.name: sha256_of(p) for p in sorted(scratch.iterdir())}
        manifest = Manifest(format_version=FORMAT_VERSION, files=files, **values)
        (scratch / _MANIFEST).write_text(dumps(manifest, indent=1) + "\n", encoding="utf-8")
        scratch.chmod(0o755)
        _swap(scratch, target)
    except OSError as error:
        raise ResourceError(
            f"cannot write the index at {target}: {error.strerror}", "free some space or mend the permissions"
        ) from None
    finally:
        if scratch.exists():
            shutil.rmtree(scratch, ignore_errors=True)
    return manifest


def _is_index(path: Path) -> bool:
    return (path / _MANIFEST).is_file()


def _swap(scratch: Path, target: Path) -> None:
    if not target.exists():
        scratch.rename(target)
        return
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    target.rename(old)
    try:
        scratch.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(target: Path, what: str) -> list[Path]:
    """Hidden folders that builds of `target` make beside it; its name may hold any character."""
    return [p for p in target.parent.iterdir() if p.name.startswith(f".{target.name}.{what}-")]


def _remove_leftovers(target: Path) -> None:
    """Remove what a killed build left behind, unless that build is still alive; put back an old index."""
    for leftover in _beside(target, "building"):
        owner = leftover.name.split("-")[-2] if leftover.name.count("-") >= 2 else ""
        if not (owner.isdigit() and Path(f"/proc/{owner}").exists()):
            shutil.rmtree(leftover, ignore_errors=True)
    for old in _beside(target, "old"):
        if not target.exists():
            old.rename(target)
        else:
            shutil.rmtree(old, ignore_errors=True)


def declarations_table(declarations: tuple[Declaration, ...], protected: frozenset[str]) -> pa.Table:
    """The vocabulary as an Arrow table, in order of name."""
    import pyarrow as pa

    ordered = sorted(declarations, key=lambda d: d.name)
    return pa.table(
        {
            "name": pa.array([d.name for d in ordered], pa.string()),
            "kind": pa.array([d.kind.value for d in ordered], pa.string()).dictionary_encode(),
            "module": pa.array([d.module for d in ordered], pa.string()).dictionary_encode(),
            "line": pa.array([d.line for d in ordered], pa.int32()),
            "origin": pa.array([d.origin for d in ordered], pa.string()).dictionary_encode(),
            "deprecated": pa.array([d.deprecated for d in ordered], pa.string()),
            "since": pa.array([d.since for d in ordered], pa.string()),
            "protected": pa.array([d.name in protected for d in ordered], pa.bool_()),
        }
    )


_LIST_COLUMNS = ("fields", "parents", "attributes")


def definitions_table(definitions: tuple[Definition, ...], docstrings: bool) -> pa.Table:
    """Definitions as an Arrow table; rows keep their order, which is that of the vectors."""
    import pyarrow as pa

    plain = ("name", "signature", "twin", "deprecated", "since")
    columns: dict[str, pa.Array] = {
        name: pa.array([getattr(d, name) for d in definitions], pa.string()) for name in plain
    }
    for name in ("kind", "module", "origin"):
        values = [str(getattr(d, name)) for d in definitions]
        columns[name] = pa.array(values, pa.string()).dictionary_encode()
    for name in ("line", "usage_count"):
        columns[name] = pa.array([getattr(d, name) for d in definitions], pa.int32())
    for name in _LIST_COLUMNS:
        columns[name] = pa.array([list(getattr(d, name)) for d in definitions], pa.list_(pa.string()))
    if docstrings:
        columns["docstring"] = pa.array([d.docstring for d in definitions], pa.string())
    return pa.table(columns)


def usages_table(usages: tuple[Usage, ...], docstrings: bool) -> pa.Table:
    """Usages without their definitions, which are kept as a sparse matrix."""
    import pyarrow as pa

    columns = {
        "name": pa.array([u.name for u in usages], pa.string()),
        "kind": pa.array([u.kind.value for u in usages], pa.string()).dictionary_encode(),
        "module": pa.array([u.module for u in usages], pa.string()).dictionary_encode(),
        "line": pa.array([u.line for u in usages], pa.int32()),
    }
    if docstrings:
        columns["docstring"] = pa.array([u.docstring for u in usages], pa.string())
    return pa.table(columns)


def write_table(table: pa.Table, path: Path) -> None:
    """Parquet with prefix-sharing strings, which halves the size of sorted names."""
    import pyarrow.parquet as pq

    encodings = {c: "DELTA_BYTE_ARRAY" for c in ("name",) if c in table.column_names}
    dictionaries = [
        c for c in table.column_names if c not in encodings and c not in ("signature", "docstring")
    ]
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=dictionaries,
        column_encoding=encodings or None,
        write_statistics=False,
    )


@dataclass(frozen=True)
class KnowledgeBase:
    """An index directory, opened. Tables are read on first use and verified against the manifest."""

    path: Path
    manifest: Manifest
    _verified: set[str] = field(default_factory=set, repr=False, compare=False)

    @classmethod
    def open(cls, path: Path | str) -> KnowledgeBase:
        """Open an index directory.

        Raises:
            KnowledgeBaseError: where it is missing, partial, damaged or of another format version.
        """
        place = Path(path).expanduser()
        manifest = read_manifest(place)
        base = cls(place, manifest)
        for name in manifest.files:
            if not (place / name).is_file():
                raise KnowledgeBaseError(f"the index at {place} lacks {name}", _REBUILD)
        return base

    def file(self, name: str) -> Path:
        """Path of a file of the index, its checksum verified once.

        Raises:
            KnowledgeBaseError: where it is not part of the index or damaged.
        """
        expected = self.manifest.files.get(name)
        place = self.path / name
        if expected is None:
            raise KnowledgeBaseError(f"the index at {self.path} has no {name}", _REBUILD)
        if name not in self._verified:
            try:
                actual = sha256_of(place)
            except OSError as error:
                raise KnowledgeBaseError(f"{place} cannot be read: {error.strerror}", _REBUILD) from None
            if actual != expected:
                raise KnowledgeBaseError(f"{place} is damaged (its SHA-256 differs)", _REBUILD)
            self._verified.add(name)
        return place

    def _table(self, name: str) -> pa.Table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.file(name)
        try:
            return pq.read_table(path)
        except (pa.ArrowException, OSError, ValueError):
            raise KnowledgeBaseError(f"{path} is no Parquet table", _REBUILD) from None

    def matrix(self, name: str) -> csr_matrix:
        """A sparse matrix of the index."""
        from scipy.sparse import load_npz

        path = self.file(name)
        try:
            return load_npz(path)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            raise KnowledgeBaseError(f"{path} is no sparse matrix", _REBUILD) from None

    @cached_property
    def definition_columns(self) -> dict[str, list[Any]]:
        """Columns of the definitions table as Python lists."""
        table = self._table("definitions.parquet")
        return {name: table.column(name).to_pylist() for name in table.column_names}

    @cached_property
    def definition_names(self) -> list[str]:
        return self.definition_columns["name"]

    def definition(self, row: int) -> Definition:
        """The definition in a row of the table."""
        columns = self.definition_columns
        values = {name: column[row] for name, column in columns.items()}
        values["kind"] = Kind(values["kind"])
        for name in _LIST_COLUMNS:
            values[name] = tuple(values[name])
        return Definition(**values)

    @cached_property
    def usage_columns(self) -> dict[str, list[Any]]:
        table = self._table("usages.parquet")
        return {name: table.column(name).to_pylist() for name in table.column_names}

    def vocabulary(self) -> Vocabulary:
        """All names of the index, for checkers; built once and kept."""
        return self._vocabulary

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        table = self._table("declarations.parquet")
        try:
            rows = DeclarationTable(table)
            names = json.loads(self.file("names.json").read_text(encoding="utf-8"))
            return Vocabulary(
                rows,
                frozenset(rows.names_where("protected", True)),
                names["aliases"],
                {token: tuple(targets) for token, targets in names["notations"].items()},
                frozenset(names["namespaces"]),
                frozenset(rows.names_where("kind", Kind.ATTESTED.value)),
                frozenset(rows).difference(rows.names_where("deprecated", None)),
            )
        except (KeyError, ValueError, TypeError, AttributeError):
            raise KnowledgeBaseError(f"the vocabulary of {self.path} is damaged", _REBUILD) from None


class DeclarationTable(Mapping[str, Declaration]):
    """The declarations of an index by name; records are made when asked for, since there are so many."""

    def __init__(self, table: pa.Table) -> None:
        self._columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        self._rows = {name: row for row, name in enumerate(table.column("name").to_pylist())}

    def __getitem__(self, name: str) -> Declaration:
        row = self._rows[name]
        fields = ("kind", "module", "line", "origin", "deprecated", "since")
        kind, *rest = (self._columns[field][row].as_py() for field in fields)
        return Declaration(name, Kind(kind), *rest)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def names_where(self, column: str, value: object) -> list[str]:
        """Names of the rows in which a column has a value (None: is null)."""
        import pyarrow.compute as pc

        values = self._columns[column]
        chosen = pc.is_null(values) if value is None else pc.equal(values, value)
        names: list[str] = self._columns["name"].filter(pc.fill_null(chosen, False)).to_pylist()
        return names
