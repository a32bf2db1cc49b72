"""The knowledge base on disk: one directory of Parquet tables, sparse matrices, FAISS files and a manifest.

A directory is written beside its place and renamed into it, so that a reader sees a whole one or none.
The manifest holds the SHA-256 of every file; a partial, damaged or newer directory is one clear error.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from cramf.collector import collector_paused
from cramf.errors import KnowledgeBaseError, ResourceError
from cramf.files import sha256_of
from cramf.jsonable import dumps
from cramf.knowledge.notations import notation_map
from cramf.knowledge.tables import LIST_COLUMNS, DeclarationTable
from cramf.knowledge.types import Definition, Kind, Notation
from cramf.knowledge.vocabulary import PROOFS, Vocabulary

if TYPE_CHECKING:
    import pyarrow as pa
    from scipy.sparse import csr_matrix

__all__ = ["FORMAT_VERSION", "KnowledgeBase", "Manifest", "read_manifest", "write_directory"]

FORMAT_VERSION = 3
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


def _as_lists(table: pa.Table) -> dict[str, list[Any]]:
    import pyarrow as pa

    def values(name: str) -> list[Any]:
        column = table.column(name)
        # Dictionaries are turned into lists much faster once they are plain strings.
        plain = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        found: list[Any] = plain.to_pylist()
        return found

    return {name: values(name) for name in table.column_names}


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
        return _as_lists(self._table("definitions.parquet"))

    @cached_property
    def definition_names(self) -> list[str]:
        return self.definition_columns["name"]

    def definition(self, row: int) -> Definition:
        """The definition in a row of the table."""
        columns = self.definition_columns
        values = {name: column[row] for name, column in columns.items()}
        values["kind"] = Kind(values["kind"])
        for name in LIST_COLUMNS:
            values[name] = tuple(values[name])
        return Definition(**values)

    @cached_property
    def usage_columns(self) -> dict[str, list[Any]]:
        return _as_lists(self._table("usages.parquet"))

    def vocabulary(self) -> Vocabulary:
        """All names of the index, for checkers; built once and kept."""
        return self._vocabulary

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        try:
            with collector_paused():
                return self._read_vocabulary()
        except (KeyError, ValueError, TypeError, AttributeError):
            raise KnowledgeBaseError(f"the vocabulary of {self.path} is damaged", _REBUILD) from None

    def _read_vocabulary(self) -> Vocabulary:
        rows = self.declarations
        names = json.loads(self.file("names.json").read_text(encoding="utf-8"))
        notations = tuple(
            Notation(tuple(tokens), keyword, module, line, tuple(meant), scope)
            for tokens, keyword, module, line, meant, scope in names["notations"]
        )
        return Vocabulary(
            rows,
            frozenset(rows.names_where("protected", True)),
            names["aliases"],
            notation_map(notations),
            frozenset(names["namespaces"]),
            frozenset(rows.names_where("kind", Kind.ATTESTED.value)),
            frozenset(rows).difference(rows.names_where("deprecated", None)),
            notations,
            rows.head,
            self._signature_or_none,
            self._popularity,
            self._proofs,
            {name: tuple(found) for name, found in names["parents"].items()},
            names["unfolds"],
        )

    @cached_property
    def declarations(self) -> DeclarationTable:
        """All declarations of the index by name."""
        table = self._table("declarations.parquet")
        try:
            return DeclarationTable(table)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise KnowledgeBaseError(f"the vocabulary of {self.path} is damaged", _REBUILD) from None

    @cached_property
    def _signatures(self) -> Any:
        table = self._table("signatures.parquet")
        if table.num_rows != len(self.declarations):
            raise KnowledgeBaseError(f"the signatures of {self.path} do not fit its names", _REBUILD)
        return table.column("signature").combine_chunks()

    def signature(self, name: str) -> str:
        """Normalised signature of a declaration, "" where it is not known; KeyError for an unknown name."""
        return str(self._signatures[self.declarations.row(name)].as_py())

    def _signature_or_none(self, name: str) -> str:
        return self.signature(name) if name in self.declarations else ""

    @cached_property
    def _use_counts(self) -> Any:
        import numpy as np

        path = self.file("dependencies.npz")
        try:
            with np.load(path) as arrays:  # of the sparse matrix only the columns are needed
                return np.bincount(arrays["indices"], minlength=len(self.declarations))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            raise KnowledgeBaseError(f"{path} is no sparse matrix", _REBUILD) from None

    def _popularity(self, name: str) -> int:
        return int(self._use_counts[self.declarations.row(name)]) if name in self.declarations else 0

    def _proofs(self) -> frozenset[str]:
        where = self.declarations.names_where
        return frozenset(name for kind in PROOFS for name in where("kind", kind.value))

    def signature_column(self) -> list[str]:
        """Every signature, in the order of `declarations`."""
        signatures: list[str] = self._signatures.to_pylist()
        return signatures

    @cached_property
    def _dependencies(self) -> csr_matrix:
        return self.matrix("dependencies.npz")

    def dependencies(self, name: str) -> tuple[str, ...]:
        """Declarations that the statement of a declaration uses; KeyError for an unknown name."""
        matrix = self._dependencies
        row = self.declarations.row(name)
        return self.declarations.names_at(matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]])
