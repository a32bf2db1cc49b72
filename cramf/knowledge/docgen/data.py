"""doc-gen4's JSON files: the search index `declaration-data.bmp` and what it keeps of each module.

Shapes as `DocGen4/Output/ToJson.lean` writes them at commit 07b3457742e9: the index holds
`declarations: {name: {kind, docLink}}` among others; `doc-data/declaration-data-MODULE.bmp` beside the
pages holds `declarations: [{info: {name, kind, doc, docLink, sourceLink, line}, header}]`, the header
as HTML. Both have constructors and projections among the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cramf.knowledge.docgen.headers import Links
from cramf.knowledge.docgen.pages import read_fragment
from cramf.knowledge.docgen.records import (
    STRUCTURES,
    TYPES,
    Documented,
    Member,
    ModuleFacts,
    kind_of,
    last_part,
    line_number,
    module_of_link,
    usable,
)
from cramf.knowledge.linking import FileError
from cramf.knowledge.types import Kind

__all__ = ["INDEX_FILE", "Index", "read_index", "read_module_data"]

INDEX_FILE = "declarations/declaration-data.bmp"
MAX_BYTES = 1 << 30
"""Larger files are refused; Mathlib's index has some 100 MB."""


@dataclass(frozen=True, slots=True)
class Index:
    """Kind and module of every public name, constructors and projections among them."""

    names: Mapping[str, tuple[Kind, str]] = field(default_factory=dict)
    errors: tuple[FileError, ...] = ()


def read_index(root: Path) -> Index:
    """Read the search index below `root`; one that is missing is empty, a damaged one an error in it."""
    path = root / INDEX_FILE
    if not path.is_file():
        return Index()
    values = _load(path, INDEX_FILE)
    if isinstance(values, FileError):
        return Index(errors=(values,))
    entries = values.get("declarations") if isinstance(values, dict) else None
    if not isinstance(entries, dict):
        return Index(errors=(FileError(INDEX_FILE, 1, "names no declarations"),))
    names: dict[str, tuple[Kind, str]] = {}
    bad = 0
    for name, entry in entries.items():
        link = entry.get("docLink") if isinstance(entry, dict) else None
        kind = kind_of(str(entry.get("kind"))) if isinstance(entry, dict) else None
        module = module_of_link(link.partition("#")[0]) if isinstance(link, str) else ""
        if usable(name) and usable(module) and kind is not None:
            names[name] = kind, module
        elif not name.startswith("_private."):
            bad += 1
    message = f"{bad} of its {len(entries)} entries cannot be read"
    return Index(names, (FileError(INDEX_FILE, 1, message),) if bad else ())


def read_module_data(path: Path, module: str) -> ModuleFacts:
    """Declarations that doc-gen4 keeps of a module for its search, attributes not among it."""
    values = _load(path, module)
    if isinstance(values, FileError):
        return ModuleFacts(module, errors=(values,), whole=False)
    entries = values.get("declarations") if isinstance(values, dict) else None
    # Links of these headers start at the root of the documentation, not at the module's folder.
    links = Links("")
    found: dict[str, Documented] = {}
    for entry in entries if isinstance(entries, list) else ():
        info = entry.get("info") if isinstance(entry, dict) else None
        if not isinstance(info, dict) or not usable(info.get("name")):
            continue
        name = info["name"]
        header = read_fragment(_text(entry.get("header")), name, links)
        kind = (header and kind_of(header.description)) or kind_of(str(info.get("kind")))
        if kind is None:
            continue
        found[name] = Documented(
            name=name,
            kind=kind,
            line=line_number(info.get("line")),
            signature=header.signature if header else "",
            docstring=_text(info.get("doc")).strip(),
            uses=header.uses if header else (),
            parents=header.parents if header else (),
            members=header.projections if header else (),
        )
    return ModuleFacts(module, _with_members(found), whole=False, homes=links.homes)


# The structure that a projection is of is its last argument, and Lean calls it so.
_SELF = re.compile(r"[(\[]self : ")


def _with_members(found: Mapping[str, Documented]) -> tuple[Documented, ...]:
    """Constructors and projections under the types that they belong to, and not beside them."""
    members: dict[str, list[Member]] = {}
    moved: set[str] = set()
    for name, declared in found.items():
        owner = found.get(name.removesuffix(last_part(name)).removesuffix("."))
        if owner is None or owner.kind not in TYPES:
            continue
        kind = declared.kind
        if owner.kind in STRUCTURES and kind in (Kind.DEF, Kind.THEOREM) and _SELF.search(declared.signature):
            kind = Kind.FIELD
        elif kind is not Kind.CONSTRUCTOR:
            continue
        moved.add(name)
        member = Member(name, kind, declared.signature, declared.docstring, declared.uses)
        members.setdefault(owner.name, []).append(member)
    return tuple(
        replace(
            declared, members=(*members.get(name, ()), *declared.members), fields=_fields(declared, members)
        )
        for name, declared in found.items()
        if name not in moved
    )


def _fields(owner: Documented, members: Mapping[str, list[Member]]) -> tuple[str, ...]:
    """Short names of fields or constructors, projections to parents not among them."""
    wanted = Kind.FIELD if owner.kind in STRUCTURES else Kind.CONSTRUCTOR
    parents = {member.name for member in owner.members}
    return tuple(
        member.name.removeprefix(f"{owner.name}.")
        for member in members.get(owner.name, ())
        if member.kind is wanted and member.name not in parents
    )


def _text(value: object) -> str:
    """A string that can be stored: lone surrogates of JSON escapes are replaced."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _load(path: Path, name: str) -> Any:
    """The value of a JSON file, or what is wrong with it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return FileError(name, 1, f"{path.name} is larger than {MAX_BYTES >> 20} MiB")
        return json.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        return FileError(name, 1, f"{path.name} cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return FileError(name, 1, f"{path.name} is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        return FileError(name, error.lineno, f"{path.name} is no JSON: {error.msg} (byte {error.pos})")
    except (ValueError, RecursionError):
        return FileError(name, 1, f"{path.name} is no JSON that can be read")
