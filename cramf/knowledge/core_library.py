"""The names of Lean core, Std and Batteries, which no Mathlib checkout declares.

An index knows such a name only where Mathlib's text uses it. This table, made from the documentation that
doc-gen4 writes of those libraries, holds all of them: name, kind, module, deprecation, head of the result
type and the number of explicit binders. It ships as `index/core/` and is of one Lean version, which need not
be that of the index; names attested by the index are kept beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cramf.errors import ResourceError
from cramf.files import sha256_of, write_atomic
from cramf.knowledge.core_names import CORE_EXPORTS
from cramf.knowledge.notations import NotationTable
from cramf.knowledge.resolution import Place, Resolver
from cramf.knowledge.types import Declaration, Kind
from cramf.knowledge.vocabulary import PROOFS, NameTable, Vocabulary
from cramf.lean.brackets import Tokens
from cramf.lean.heads import codomain_head
from cramf.lean.lexer import scan
from cramf.lean.scope import Context
from cramf.lean.signatures import read_signature

if TYPE_CHECKING:
    import pyarrow as pa

    from cramf.knowledge.linking import Linked

__all__ = ["CoreLibrary", "load_core", "with_core", "write_core"]

LIBRARIES = ("Init", "Std", "Batteries")
_TABLE, _ABOUT = "declarations.parquet", "about.json"
_LONGEST_SIGNATURE = 400
_MEND = "reinstall cramf, or make it anew with `cramf index core`"


@dataclass(frozen=True)
class CoreLibrary:
    """Declarations of Lean's own libraries by name, and the heads of their result types."""

    declarations: Mapping[str, Declaration]
    heads: Mapping[str, str]
    parents: Mapping[str, tuple[str, ...]]
    version: str
    """Commit of Lean that the table was made from."""
    checksum: str


class _Merged(Mapping[str, Declaration]):
    """The declarations of an index, with those of core where it has none or only knows the name from use."""

    def __init__(self, index: Mapping[str, Declaration], core: Mapping[str, Declaration]) -> None:
        self._index, self._core = index, core
        self._extra = [name for name in core if name not in index]

    def __getitem__(self, name: str) -> Declaration:
        found = self._index.get(name) if name in self._index else None
        if found is None or (found.kind is Kind.ATTESTED and name in self._core):
            return self._core[name]
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._index or name in self._core

    def __iter__(self) -> Iterator[str]:
        yield from self._index
        yield from self._extra

    def __len__(self) -> int:
        return len(self._index) + len(self._extra)


def with_core(vocabulary: Vocabulary, core: CoreLibrary) -> Vocabulary:
    """The vocabulary of an index with the names of core added."""

    def head(name: str) -> str:
        return vocabulary.head(name) or core.heads.get(name, "")

    def signature(name: str) -> str:
        found = core.declarations.get(name)
        return vocabulary.signature(name) or (found.signature if found is not None else "")

    theorems = frozenset(n for n, d in core.declarations.items() if d.kind in PROOFS)
    own = {n for n, d in core.declarations.items() if d.deprecated is not None and n not in vocabulary}
    names = {*core.declarations}
    exported = {
        s: f for s, f in CORE_EXPORTS.items() if f in names and s not in vocabulary and s not in names
    }
    return replace(
        vocabulary,
        aliases={**exported, **vocabulary.aliases},
        declarations=_Merged(vocabulary.declarations, core.declarations),
        attested=vocabulary.attested - core.declarations.keys(),
        deprecated=vocabulary.deprecated | own,
        head=head,
        signature=signature,
        proofs=lambda: vocabulary.proofs() | theorems,
        parents={**core.parents, **vocabulary.parents},
    )


def load_core(folder: Path) -> CoreLibrary:
    """The table of a folder that `write_core` made.

    Raises:
        ResourceError: where it is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        checksum = sha256_of(folder / _TABLE)
        if checksum != about["sha256"]:
            raise ResourceError(f"{folder / _TABLE} is damaged (its SHA-256 differs)", _MEND)
        columns = pq.read_table(folder / _TABLE).to_pydict()
        if len(columns["name"]) != about["declarations"] or not all(columns["name"]):
            raise ResourceError(f"{folder / _TABLE} does not hold what {_ABOUT} says", _MEND)
        declarations = {
            name: Declaration(name, Kind(kind), module, 0, "core", deprecated, since, signature=signature)
            for name, kind, module, deprecated, since, signature in zip(
                *(columns[c] for c in ("name", "kind", "module", "deprecated", "since", "signature")),
                strict=True,
            )
        }
        heads = {n: h for n, h in zip(columns["name"], columns["head"], strict=True) if h}
        parents = {n: tuple(p.split()) for n, p in zip(columns["name"], columns["parents"], strict=True) if p}
        return CoreLibrary(declarations, heads, parents, str(about["lean_commit"]), checksum)
    except OSError as error:
        raise ResourceError(f"{folder} holds no names of Lean core: {error.strerror}", _MEND) from None
    except (ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
        raise ResourceError(f"the names of Lean core in {folder} are damaged", _MEND) from None


def write_core(linked: Linked, folder: Path, lean_commit: str) -> int:
    """Write the table of what documentation says of Lean's own libraries; the number of names in it."""
    chosen = [
        d
        for d in linked.declarations
        if d.module.partition(".")[0] in LIBRARIES and ".Internal" not in d.module and _public(d.name)
    ]
    chosen.sort(key=lambda d: d.name)
    parents = {d.name: " ".join(d.parents) for d in linked.definitions if d.parents}
    return _write(chosen, _heads(chosen), parents, folder, lean_commit)


def _shown(declaration: Declaration) -> str:
    """The signature of what statements apply; that of a theorem would be long and of no use."""
    wanted = declaration.kind.is_definition or declaration.kind is Kind.FIELD
    return declaration.signature if wanted and len(declaration.signature) <= _LONGEST_SIGNATURE else ""


def _public(name: str) -> bool:
    """Whether a name is one that statements can write, and not made for a proof or by the compiler."""
    parts = name.split(".")
    return not any(p.startswith("_") or p in ("Internal", "match_1") for p in parts) and "«" not in name


def _heads(declarations: Sequence[Declaration]) -> dict[str, str]:
    """Full names of the heads of result types; documentation writes full names but under open namespaces."""
    table = NameTable(d.name for d in declarations)
    resolver = Resolver(table, NotationTable(()), lambda _: "", {})
    place = Place(Context("", (), ()), "", table)
    found: dict[str, str] = {}
    for declaration in declarations:
        result = read_signature(declaration.signature).result
        if result and declaration.kind is not Kind.THEOREM:
            tokens = Tokens(scan(result)[0])
            head = resolver.head(codomain_head(tokens, 0, len(tokens)), place)
            if head:
                found[declaration.name] = head
    return found


def _write(
    declarations: Sequence[Declaration],
    heads: Mapping[str, str],
    parents: Mapping[str, str],
    folder: Path,
    lean_commit: str,
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def texts(values: list[str | None]) -> pa.Array:
        return pa.array(values, pa.string())

    table = pa.table(
        {
            "name": texts([d.name for d in declarations]),
            "kind": texts([d.kind.value for d in declarations]).dictionary_encode(),
            "module": texts([d.module for d in declarations]).dictionary_encode(),
            "deprecated": texts([d.deprecated for d in declarations]),
            "since": texts([d.since for d in declarations]),
            "signature": texts([_shown(d) for d in declarations]),
            "head": texts([heads.get(d.name, "") for d in declarations]).dictionary_encode(),
            "parents": texts([parents.get(d.name, "") for d in declarations]).dictionary_encode(),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=15,
        use_dictionary=[c for c in table.column_names if c not in ("name", "signature")],
        column_encoding={"name": "DELTA_BYTE_ARRAY"},
        write_statistics=False,
    )
    write_atomic(folder / _TABLE, sink.getvalue().to_pybytes())
    about = {
        "libraries": LIBRARIES,
        "lean_commit": lean_commit,
        "declarations": len(declarations),
        "sha256": sha256_of(folder / _TABLE),
    }
    write_atomic(folder / _ABOUT, (json.dumps(about, indent=1) + "\n").encode())
    return len(declarations)
