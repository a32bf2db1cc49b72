"""What has changed from one index to another: for moving a project from a Mathlib version to a newer one.

Tables are compared column by column in Arrow; records are made for what differs and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cramf.errors import KnowledgeBaseError
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Kind

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Changed", "Declared", "Difference", "Gone", "Renamed", "Version", "compare", "read_columns"]

_COLUMNS = ("name", "kind", "module", "line", "origin", "deprecated", "since")


@dataclass(frozen=True, slots=True)
class Version:
    """One side of the comparison."""

    path: str
    mathlib_commit: str
    toolchain: str
    declarations: int
    """Without the attested names."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration; `since` is the date of its deprecation where that is what the list is about."""

    name: str
    kind: str
    module: str
    line: int
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A declaration that the new index lacks, as the old one has it."""

    name: str
    kind: str
    module: str
    line: int
    replacement: str | None = None
    """What the old index says to use instead, where the new one has it."""
    attested: bool = False
    """Mathlib's text still uses the name: it has moved to Lean core, Std or Batteries."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A name that points to another one now; `how` is "deprecated", or "alias" where an `export` does."""

    name: str
    replacement: str
    how: str
    kind: str
    module: str
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A declaration of both indexes, and what of it differs."""

    name: str
    kind: str
    module: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs, each list in the order of names.

    A name that is newly deprecated stands in `renamed` or `deprecated` and in no later list: what is left of
    it is a pointer. A replacement that is new stands in `added` as well. Types are compared as normalised
    signatures, where both are known. Attested names, which are known from use only, take no part.
    """

    old: Version
    new: Version
    added: tuple[Declared, ...] = ()
    removed: tuple[Gone, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    deprecated: tuple[Declared, ...] = ()
    """Newly deprecated without a replacement."""
    moved: tuple[Changed, ...] = ()
    changed_kind: tuple[Changed, ...] = ()
    changed_type: tuple[Changed, ...] = ()

    @property
    def lists(self) -> dict[str, tuple[Any, ...]]:
        """The lists under their names."""
        names = ("added", "removed", "renamed", "deprecated", "moved", "changed_kind", "changed_type")
        return {name: getattr(self, name) for name in names}

    @property
    def counts(self) -> dict[str, int]:
        """Length of each list."""
        return {name: len(entries) for name, entries in self.lists.items()}

    def select(self, kinds: Collection[str] = (), module: str = "") -> Difference:
        """Only declarations of some kinds, and of a module with those below it; the empty ones select all.

        Either side counts, so that one that came to be a `def` is shown for `def` and for what it was.
        """

        def fits(entry: Any, name: str) -> bool:
            both = {entry.old, entry.new} if isinstance(entry, Changed) else set()
            kind = {entry.kind} | (both if name == "changed_kind" else set())
            places = {entry.module} | (both if name == "moved" else set())
            return (not kinds or not kind.isdisjoint(kinds)) and (
                not module or any(p == module or p.startswith(f"{module}.") for p in places)
            )

        chosen: dict[str, Any] = {
            name: tuple(entry for entry in entries if fits(entry, name))
            for name, entries in self.lists.items()
        }
        return replace(self, **chosen)


@dataclass(frozen=True)
class _Side:
    """What is compared of an index: columns without the attested names, and the names beside them."""

    table: pa.Table
    attested: frozenset[str]
    aliases: Mapping[str, str] = field(default_factory=dict)


def compare(old: KnowledgeBase, new: KnowledgeBase) -> Difference:
    """What is different in `new`.

    Raises:
        KnowledgeBaseError: where a table of either is damaged.
    """
    import pyarrow.compute as pc

    before, after = _side(old), _side(new)
    names, following = before.table.column("name"), after.table.column("name")
    place = pc.index_in(names, value_set=following)
    kept = pc.is_valid(place)
    lost = before.table.filter(pc.invert(kept))
    gone = _removed(lost, before, after)
    left = before.table.filter(kept)
    right = after.table.take(place.filter(kept))
    fresh = after.table.filter(pc.invert(pc.is_in(following, value_set=names)))

    newly = pc.and_(pc.is_null(left["deprecated"]), pc.is_valid(right["deprecated"]))
    renamed = [
        Renamed(row["name"], row["deprecated"], "deprecated", row["kind"], row["module"], row["since"])
        for row in _rows(right.filter(pc.and_(newly, pc.not_equal(right["deprecated"], ""))))
    ]
    renamed += [found for found in gone if isinstance(found, Renamed)]
    outdated = right.filter(pc.and_(newly, pc.equal(right["deprecated"], "")))
    same = pc.invert(newly)
    left, right = left.filter(same), right.filter(same)
    known = pc.and_(pc.not_equal(left["signature"], ""), pc.not_equal(right["signature"], ""))
    return Difference(
        _version(old, before),
        _version(new, after),
        added=tuple(_declared(row) for row in _sorted(_rows(fresh))),
        removed=tuple(found for found in gone if isinstance(found, Gone)),
        renamed=tuple(sorted(renamed, key=lambda r: r.name)),
        deprecated=tuple(_declared(row, row["since"]) for row in _sorted(_rows(outdated))),
        moved=_changed(left, right, "module"),
        changed_kind=_changed(left, right, "kind"),
        changed_type=_changed(left, right, "signature", known),
    )


def read_columns(base: KnowledgeBase, file: str, columns: Collection[str]) -> pa.Table:
    """Columns of a Parquet table of an index, dictionaries written out.

    Raises:
        KnowledgeBaseError: where the file is damaged or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = base.file(file)
    try:
        table = pq.read_table(path, columns=list(columns))
        plain = {
            name: pa.chunked_array(
                [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in table[name].chunks],
                None if table[name].chunks else pa.string(),
            )
            for name in columns
        }
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise KnowledgeBaseError(f"{path} is damaged", "rebuild it with `cramf index build`") from None
    return pa.table(plain)


def _side(base: KnowledgeBase) -> _Side:
    import pyarrow.compute as pc

    table = read_columns(base, "declarations.parquet", _COLUMNS)
    signatures = read_columns(base, "signatures.parquet", ("signature",))
    if signatures.num_rows != table.num_rows:
        raise KnowledgeBaseError(
            f"the signatures of {base.path} do not fit its names", "rebuild it with `cramf index build`"
        )
    table = table.append_column("signature", pc.fill_null(signatures["signature"], ""))
    attested = pc.equal(table["kind"], Kind.ATTESTED.value)
    return _Side(
        table.filter(pc.invert(attested)),
        frozenset(table["name"].filter(attested).to_pylist()),
        base.vocabulary().aliases,
    )


def _version(base: KnowledgeBase, side: _Side) -> Version:
    manifest = base.manifest
    return Version(str(base.path), manifest.mathlib_commit, manifest.toolchain, side.table.num_rows)


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.select(list(_COLUMNS)).to_pylist()
    return rows


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["name"]))


def _declared(row: Mapping[str, Any], since: str | None = None) -> Declared:
    return Declared(row["name"], row["kind"], row["module"], row["line"], since)


def _removed(lost: pa.Table, before: _Side, after: _Side) -> list[Gone | Renamed]:
    """Names that the new index does not declare: an alias there stands for another, the rest are gone."""
    import pyarrow.compute as pc

    replaced = before.table.filter(pc.is_valid(before.table["deprecated"]))
    pointers = dict(zip(replaced["name"].to_pylist(), replaced["deprecated"].to_pylist(), strict=True))
    rows = _sorted(_rows(lost))
    wanted = {name for row in rows for name in _chain(row["name"], pointers)}
    present = set(after.table["name"].filter(_among(after.table["name"], wanted)).to_pylist())
    found: list[Gone | Renamed] = []
    for row in rows:
        name = row["name"]
        target = after.aliases.get(name)
        if target is not None:
            found.append(Renamed(name, target, "alias", row["kind"], row["module"]))
            continue
        replacement = next((n for n in _chain(name, pointers) if n in present or n in after.aliases), None)
        found.append(Gone(name, row["kind"], row["module"], row["line"], replacement, name in after.attested))
    return found


def _among(names: pa.ChunkedArray, wanted: Collection[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(names, value_set=pa.array(sorted(wanted), pa.string()))


def _chain(name: str, pointers: Mapping[str, str]) -> Iterator[str]:
    """Replacements of a name, the nearest first; a circle is gone round once."""
    seen = {name}
    while (following := pointers.get(name)) and following not in seen:
        yield following
        seen.add(following)
        name = following


def _changed(left: pa.Table, right: pa.Table, column: str, where: Any = None) -> tuple[Changed, ...]:
    """Rows whose values of a column differ."""
    import pyarrow.compute as pc

    differs = pc.not_equal(left[column], right[column])
    if where is not None:
        differs = pc.and_(differs, where)
    chosen = right.filter(differs)
    columns = [chosen[c].to_pylist() for c in ("name", "kind", "module")]
    columns += [side[column].filter(differs).to_pylist() for side in (left, right)]
    return tuple(sorted((Changed(*row) for row in zip(*columns, strict=True)), key=lambda c: c.name))
