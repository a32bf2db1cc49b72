"""The concept ontology: what mathematicians name, and the Mathlib definitions that each name can mean.

One JSONL file a domain, one object a line::

    {"id": "even", "names": ["even"], "domain": "11A07", "gloss": "Divisible by two.",
     "senses": [{"declaration": "Even", "context": [],
                 "patterns": [{"role": "adjective", "type": "int", "template": "Even {0}"}]}],
     "latex": []}

`id`, `names`, `domain`, `gloss` and `senses` are needed, `latex`, `context` and `patterns` may be left out.
Blank lines are passed over; anything else that does not fit is an error with its file and line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NoReturn, TypeVar

from cramf.errors import InputError, KnowledgeBaseError
from cramf.files import read_text
from cramf.knowledge.types import Concept, LeanPattern, Sense

__all__ = ["Ontology", "load_ontology"]

_MAX_BYTES = 64 * 1024 * 1024
_DOMAIN = re.compile(r"\d\d(?:-XX|-\d\d|[A-Z](?:xx|\d\d)?)?")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Ontology:
    """All concepts, in the order of the files' names and of the lines in them; ids are unique."""

    concepts: tuple[Concept, ...] = field(default=())

    @cached_property
    def by_id(self) -> dict[str, Concept]:
        """Concepts by their id."""
        return {concept.id: concept for concept in self.concepts}

    def __len__(self) -> int:
        return len(self.concepts)


def load_ontology(folder: Path) -> Ontology:
    """The ontology of all `*.jsonl` files in `folder`.

    Raises:
        KnowledgeBaseError: where the folder holds no ontology, or a line is not a concept, or an id is
            there twice; the message names the file and the line.
    """
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    if not files:
        raise KnowledgeBaseError(f"no concept ontology in {folder}", "give a folder that holds *.jsonl files")
    concepts: list[Concept] = []
    seen: dict[str, str] = {}
    for path in files:
        try:
            text = read_text(path, _MAX_BYTES)
        except InputError as error:
            raise KnowledgeBaseError(error.message, "restore the ontology file") from None
        # Not splitlines(): a raw U+2028 inside a JSON string is legal and is no line end of JSONL.
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            where = f"{path.name}:{number}"
            concept = _concept(line, where)
            if concept.id in seen:
                _fail(where, f"the id {concept.id!r} is already at {seen[concept.id]}")
            seen[concept.id] = where
            concepts.append(concept)
    return Ontology(tuple(concepts))


def _fail(where: str, what: str) -> NoReturn:
    raise KnowledgeBaseError(f"{where}: {what}", "mend that line of the ontology")


def _concept(line: str, where: str) -> Concept:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        _fail(where, f"not JSON ({error})")
    record = _object(value, where, "a concept", {"id", "names", "domain", "gloss", "senses"}, {"latex"})
    domain = _text(record["domain"], where, "domain")
    if _DOMAIN.fullmatch(domain) is None:
        _fail(where, f"domain {domain!r} is not an MSC 2020 code")
    names = _texts(record["names"], where, "names")
    if not names:
        _fail(where, "names is empty")
    senses = _list(record["senses"], where, "senses", _sense)
    if not senses:
        _fail(where, "senses is empty")
    return Concept(
        id=_text(record["id"], where, "id"),
        names=names,
        domain=domain,
        gloss=_text(record["gloss"], where, "gloss"),
        senses=senses,
        latex=_texts(record.get("latex", []), where, "latex"),
    )


def _sense(value: object, where: str) -> Sense:
    record = _object(value, where, "a sense", {"declaration"}, {"context", "patterns"})
    return Sense(
        declaration=_text(record["declaration"], where, "declaration"),
        context=_texts(record.get("context", []), where, "context"),
        patterns=_list(record.get("patterns", []), where, "patterns", _pattern),
    )


def _pattern(value: object, where: str) -> LeanPattern:
    record = _object(value, where, "a pattern", {"role", "type", "template"}, {"forms"})
    return LeanPattern(
        role=_text(record["role"], where, "role"),
        type=_text(record["type"], where, "type"),
        template=_text(record["template"], where, "template"),
        forms=_texts(record.get("forms", []), where, "forms"),
    )


def _object(value: object, where: str, what: str, needed: set[str], optional: set[str]) -> dict[str, object]:
    if not isinstance(value, dict):
        _fail(where, f"{what} is not an object")
    keys = set(value)
    if missing := needed - keys:
        _fail(where, f"{what} lacks {', '.join(sorted(missing))}")
    if unknown := keys - needed - optional:
        _fail(where, f"{what} has unknown fields {', '.join(sorted(unknown))}")
    return value


def _text(value: object, where: str, field_name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        _fail(where, f"{field_name} is not a non-empty string")
    return value


def _texts(value: object, where: str, field_name: str) -> tuple[str, ...]:
    return _list(value, where, field_name, lambda item, at: _text(item, at, f"an item of {field_name}"))


def _list(value: object, where: str, field_name: str, item: Callable[[object, str], _T]) -> tuple[_T, ...]:
    if not isinstance(value, list):
        _fail(where, f"{field_name} is not a list")
    return tuple(item(entry, where) for entry in value)
