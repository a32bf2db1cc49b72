"""doc-gen4's database, `api-docs.db` (v4.29 and later): lines, Markdown docstrings, attributes, and whole
declarations of modules that have no page.

Tables as `DocGen4/DB/Schema.lean` defines them at commit 07b3457742e9; they are the same since v4.29.0. The
hash that doc-gen4 stores of its schema is Lean's own, so the columns are compared instead.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cramf.knowledge.docgen.blobs import BlobError, decode_code
from cramf.knowledge.docgen.records import (
    Documented,
    Member,
    ModuleFacts,
    is_private,
    kind_of,
    line_number,
    one_line,
    usable,
)
from cramf.knowledge.linking import FileError
from cramf.knowledge.types import Kind

__all__ = ["DATABASE_FILE", "Database", "Notes", "read_database"]

DATABASE_FILE = "api-docs.db"
_LARGEST_VALUE = 16 << 20

_COLUMNS = {
    "name_info": "module_name position kind name type sorried render",
    "declaration_ranges": (
        "module_name position start_line start_column start_utf16 end_line end_column end_utf16"
    ),
    "declaration_markdown_docstrings": "module_name position text",
    "declaration_args": "module_name position sequence binder is_implicit",
    "declaration_attrs": "module_name position sequence attr",
    "definitions": "module_name position is_unsafe hints is_noncomputable",
    "opaques": "module_name position safety",
    "constructors": "module_name position type_position",
    "structure_fields": "module_name position sequence proj_name type is_direct",
    "structure_field_args": "module_name position field_sequence arg_sequence binder is_implicit",
    "structure_parents": "module_name position sequence projection_fn type",
    "structure_constructors": "module_name position ctor_position name type",
}


@dataclass(frozen=True, slots=True)
class Notes:
    """What the database knows of a name that its page lacks or only shows rendered."""

    module: str
    line: int
    docstring: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Database:
    """Notes on every public name, and the declarations of the modules that were asked for."""

    notes: Mapping[str, Notes] = field(default_factory=dict)
    modules: Mapping[str, ModuleFacts] = field(default_factory=dict)
    errors: tuple[FileError, ...] = ()


def read_database(path: Path, lacking: Callable[[str], bool]) -> Database:
    """Read a database, the declarations of those modules in full for which `lacking` holds.

    One that is damaged or has columns that this version does not know is one error and nothing else.
    """
    try:
        with closing(_opened(path)) as connection:
            problem = _schema_problem(connection)
            if problem:
                return _unread(f"{problem}; it is left aside and the pages are used alone")
            notes = _notes(connection)
            written = [row[0] for row in connection.execute("SELECT DISTINCT module_name FROM name_info")]
            lacked = sorted(m for m in written if usable(m) and lacking(_unescaped(m)))
            modules = {_unescaped(m): _Module(connection, m, notes).facts() for m in lacked}
            return Database(notes, modules)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, OSError) as error:
        return _unread(f"cannot be read ({one_line(str(error))}); the pages are used alone")


def _unread(message: str) -> Database:
    return Database(errors=(FileError(DATABASE_FILE, 1, message),))


def _opened(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, not even the helper files of a database in WAL mode."""
    log = path.with_name(f"{path.name}-wal")
    # What a build has not yet moved out of its log is only seen without `immutable`.
    logged = log.is_file() and log.stat().st_size > 0
    flags = "mode=ro" if logged else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{flags}", uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _schema_problem(connection: sqlite3.Connection) -> str:
    """What of the tables is not as expected, "" if nothing. Views and virtual tables are not read."""
    rows = connection.execute("SELECT name, type, sql FROM sqlite_master")
    kinds = {name: (kind, sql or "") for name, kind, sql in rows}
    for table, columns in _COLUMNS.items():
        kind, sql = kinds.get(table, ("", ""))
        if kind != "table" or "VIRTUAL" in sql.upper().split("(")[0]:
            return f"lacks the table {table}"
        actual = [row[1] for row in connection.execute(f"PRAGMA table_xinfo({table})")]
        if actual != columns.split():
            return f"has a table {table} with columns of another version of doc-gen4"
    return ""


def _notes(connection: sqlite3.Connection) -> dict[str, Notes]:
    attributes: dict[tuple[Any, Any], list[str]] = {}
    for module, position, attribute in connection.execute(
        "SELECT module_name, position, attr FROM declaration_attrs ORDER BY module_name, position, sequence"
    ):
        if isinstance(attribute, str):
            attributes.setdefault((module, position), []).append(one_line(attribute))
    rows = connection.execute(
        "SELECT n.name, n.module_name, n.position, r.start_line, d.text FROM name_info n"
        " LEFT JOIN declaration_ranges r ON r.module_name = n.module_name AND r.position = n.position"
        " LEFT JOIN declaration_markdown_docstrings d"
        " ON d.module_name = n.module_name AND d.position = n.position"
        " ORDER BY n.module_name, n.position"
    )
    notes: dict[str, Notes] = {}
    for name, module, position, line, text in rows:
        if usable(name) and usable(module):
            found = tuple(attributes.get((module, position), ()))
            docstring = text.strip() if isinstance(text, str) else ""
            notes.setdefault(name, Notes(_unescaped(module), line_number(line), docstring, found))
    return notes


def _unescaped(module: str) -> str:
    """A module's name as its page's path spells it, without «»."""
    return module.replace("«", "").replace("»", "")


class _Module:
    """Reads the declarations of one module, their code decoded."""

    def __init__(self, connection: sqlite3.Connection, module: str, notes: Mapping[str, Notes]) -> None:
        self._connection = connection
        self._module = module
        self._notes = notes
        self._bad = 0

    def facts(self) -> ModuleFacts:
        binders = self._grouped(
            "SELECT position, binder FROM declaration_args {} ORDER BY position, sequence"
        )
        fields = self._grouped(
            "SELECT position, sequence, proj_name, type, is_direct FROM structure_fields {}"
            " ORDER BY position, sequence"
        )
        field_binders: dict[tuple[Any, Any], list[tuple[Any, ...]]] = {}
        for position, number, binder in self._rows(
            "SELECT position, field_sequence, binder FROM structure_field_args {}"
            " ORDER BY position, field_sequence, arg_sequence"
        ):
            field_binders.setdefault((position, number), []).append((binder,))
        parents = self._grouped(
            "SELECT position, projection_fn, type FROM structure_parents {} ORDER BY position, sequence"
        )
        makers = self._grouped("SELECT position, name, type FROM structure_constructors {}")
        constructors = self._grouped(
            "SELECT c.type_position, n.name, n.type, n.position FROM constructors c JOIN name_info n"
            " ON n.module_name = c.module_name AND n.position = c.position {} ORDER BY c.position",
            "c.",
        )
        hints = {position: row[0] for position, row in self._single("hints", "definitions")}
        safety = {position: row[0] for position, row in self._single("safety", "opaques")}
        found: list[Documented] = []
        for position, kind_text, name, code in self._rows(
            "SELECT position, kind, name, type FROM name_info {} AND render = 1 ORDER BY position"
        ):
            kind = kind_of(str(kind_text))
            if kind is Kind.CONSTRUCTOR or (isinstance(name, str) and is_private(name)):
                continue
            if kind is None or not usable(name):
                self._bad += 1
                continue
            if kind is Kind.DEF and hints.get(position) == "abbrev":
                kind = Kind.ABBREV
            elif kind is Kind.OPAQUE and safety.get(position) == "partial":
                kind = Kind.DEF
            bad = self._bad
            statement = [self._code(binder) for (binder,) in binders.get(position, ())]
            extended = [self._code(type_) for _, type_ in parents.get(position, ())]
            type_text, type_uses = self._code(code)
            parts = [text for text, _ in statement]
            if extended:
                parts.append("extends " + ", ".join(text for text, _ in extended))
            uses = [n for _, names in (*statement, *extended) for n in names] + list(type_uses)
            heads = [(names[0] if names else "") for _, names in extended]
            own = [
                self._member(projection, Kind.FIELD, field_binders.get((position, number), ()), type_)
                for number, projection, type_, direct in fields.get(position, ())
                if direct and usable(projection)
            ]
            own += [
                self._member(constructor, Kind.CONSTRUCTOR, binders.get(at, ()), type_)
                for constructor, type_, at in constructors.get(position, ())
                if usable(constructor)
            ]
            members = [Member(m, Kind.CONSTRUCTOR) for m, _ in makers.get(position, ()) if usable(m)]
            members += own
            for (projection, _), (text, names) in zip(parents.get(position, ()), extended, strict=True):
                if usable(projection):
                    members.append(Member(projection, Kind.FIELD, f": {text}", uses=names[:1]))
            note = self._notes.get(name)
            found.append(
                Documented(
                    name=name,
                    kind=kind,
                    line=note.line if note else 0,
                    # A part of a signature would read as another one.
                    signature=" ".join([*parts, f": {type_text}"]) if self._bad == bad else "",
                    docstring=note.docstring if note else "",
                    attributes=note.attributes if note else (),
                    uses=tuple(dict.fromkeys(uses)),
                    fields=tuple(m.name.removeprefix(f"{name}.") for m in own),
                    parents=tuple(head for head in heads if head),
                    members=tuple(members),
                )
            )
        message = f"{self._bad} of its entries in {DATABASE_FILE} cannot be decoded"
        errors = (FileError(self._module, 1, message),) if self._bad else ()
        return ModuleFacts(self._module, tuple(found), errors)

    def _rows(self, query: str, prefix: str = "") -> Iterator[Any]:
        where = f"WHERE {prefix}module_name = ?"
        yield from self._connection.execute(query.format(where), (self._module,))

    def _grouped(self, query: str, prefix: str = "") -> dict[Any, list[tuple[Any, ...]]]:
        """Rows by the position in their first column."""
        groups: dict[Any, list[tuple[Any, ...]]] = {}
        for position, *rest in self._rows(query, prefix):
            groups.setdefault(position, []).append(tuple(rest))
        return groups

    def _single(self, column: str, table: str) -> Iterator[tuple[Any, tuple[Any, ...]]]:
        for position, *rest in self._rows(f"SELECT position, {column} FROM {table} {{}}"):
            yield position, tuple(rest)

    def _code(self, data: Any) -> tuple[str, tuple[str, ...]]:
        """Text of stored code on one line and the public names in it; empty where it is damaged."""
        try:
            text, names = decode_code(data if isinstance(data, bytes) else b"")
        except BlobError:
            self._bad += 1
            return "", ()
        return one_line(text), tuple(name for name in names if usable(name))

    def _member(self, name: Any, kind: Kind, binders: Any, code: Any) -> Member:
        bad = self._bad
        parts = [self._code(binder) for (binder,) in binders] + [self._code(code)]
        signature = " ".join([*(text for text, _ in parts[:-1]), f": {parts[-1][0]}"])
        if self._bad != bad:
            signature = ""
        uses = tuple(dict.fromkeys(n for _, names in parts for n in names))
        note = self._notes.get(name)
        return Member(name, kind, signature, note.docstring if note else "", uses)
