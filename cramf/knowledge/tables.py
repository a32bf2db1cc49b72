"""The tables of an index: records to Arrow tables and sparse matrices, and declarations read back by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cramf.knowledge.types import Declaration, Definition, Kind, Notation, Usage

if TYPE_CHECKING:
    import pyarrow as pa
    from scipy.sparse import csr_matrix

__all__ = [
    "LIST_COLUMNS",
    "DeclarationTable",
    "declarations_table",
    "definitions_table",
    "dependency_matrix",
    "names_record",
    "signatures_table",
    "usages_table",
    "write_table",
]


def declarations_table(
    ordered: Sequence[Declaration], protected: frozenset[str], heads: Mapping[str, str]
) -> pa.Table:
    """The vocabulary as an Arrow table in the order given; signatures are a table of their own."""
    import pyarrow as pa

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
            "namespace": pa.array([d.namespace for d in ordered], pa.string()).dictionary_encode(),
            "attributes": pa.array(
                [" ".join(d.attributes) for d in ordered], pa.string()
            ).dictionary_encode(),
            "head": pa.array([heads.get(d.name) for d in ordered], pa.string()).dictionary_encode(),
        }
    )


def signatures_table(ordered: Sequence[Declaration]) -> pa.Table:
    """Signatures of the declarations, row by row with their table."""
    import pyarrow as pa

    return pa.table({"signature": pa.array([d.signature for d in ordered], pa.string())})


def dependency_matrix(
    ordered: Sequence[Declaration], dependencies: Mapping[str, Sequence[str]]
) -> csr_matrix:
    """Which declarations (columns) the statement of each declaration (row) uses."""
    import numpy as np
    from scipy.sparse import csr_matrix

    row_of = {d.name: row for row, d in enumerate(ordered)}
    columns: list[int] = []
    ends = [0]
    for declaration in ordered:
        used = dependencies.get(declaration.name, ())
        columns += sorted(row_of[name] for name in used if name in row_of)
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.int8)
    shape = (len(ordered), len(ordered))
    return csr_matrix((ones, np.array(columns, np.int32), np.array(ends, np.int32)), shape=shape)


def names_record(
    aliases: Mapping[str, str],
    notations: Sequence[Notation],
    namespaces: Iterable[str],
    parents: Mapping[str, Sequence[str]],
    unfolds: Mapping[str, str],
) -> dict[str, Any]:
    """What `names.json` holds."""
    return {
        "aliases": dict(aliases),
        "notations": [
            [list(n.tokens), n.keyword, n.module, n.line, list(n.declarations), n.scope] for n in notations
        ],
        "namespaces": sorted(namespaces),
        "parents": {name: list(found) for name, found in parents.items()},
        "unfolds": dict(unfolds),
    }


LIST_COLUMNS = ("fields", "parents", "attributes")


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
    for name in LIST_COLUMNS:
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
        compression_level=9,
        use_dictionary=dictionaries,
        column_encoding=encodings or None,
        write_statistics=False,
    )


class DeclarationTable(Mapping[str, Declaration]):
    """The declarations of an index by name; records are made when asked for, since there are so many."""

    def __init__(self, table: pa.Table) -> None:
        self._columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        self._rows = {name: row for row, name in enumerate(table.column("name").to_pylist())}

    def __getitem__(self, name: str) -> Declaration:
        row = self._rows[name]
        fields = ("module", "line", "origin", "deprecated", "since", "namespace")
        values = {field: self._columns[field][row].as_py() for field in fields}
        kind = Kind(self._columns["kind"][row].as_py())
        return Declaration(
            name, kind, attributes=tuple(self._columns["attributes"][row].as_py().split()), **values
        )

    def row(self, name: str) -> int:
        """Row of a name; KeyError for an unknown one."""
        return self._rows[name]

    def names_at(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Names of some rows."""
        names = self._columns["name"]
        return tuple(names[int(row)].as_py() for row in rows)

    def column(self, name: str) -> list[Any]:
        """A column in the order of rows."""
        values: list[Any] = self._columns[name].to_pylist()
        return values

    def head(self, name: str) -> str:
        """Full name of the head of a declaration's result type, "" where it is not plain or not known."""
        row = self._rows.get(name)
        found = None if row is None else self._columns["head"][row].as_py()
        return found or ""

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
