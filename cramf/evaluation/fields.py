"""One row of a benchmark file to a `Problem`: which field holds what, and what cannot be used.

Published sets spell the same thing in many ways. The spellings known here are tried in order, and the first
one that a row has is read; a field map (`{"statement": "nl", "gold": "verified.deps"}`, dots for nested
objects) takes the place of the known spellings of the fields that it names, and "" reads none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cramf.check.inputs import DEFAULT_HEADER
from cramf.errors import InputError
from cramf.evaluation.problems import Problem
from cramf.evaluation.statements import completed, without_imports
from cramf.json_rows import is_unicode, json_kind
from cramf.lean.declarations import docstring_text
from cramf.retrieval.retriever import MAX_QUERY

__all__ = ["FIELDS", "check_fields", "lean_of", "present", "problem_of", "split_of"]

# What is under `verified` is a corrected formal statement with the informal one that it was checked against.
_FORMAL = (
    "verified.formal_statement",
    "formal_statement",
    "formal_stmt",
    "lean4_formalization",
    "lean4_statement",
    "autoformalization",
    "formal",
)
_STATEMENT = (
    "informal_statement",
    "informal_stmt",
    "nl_statement",
    "informal_prefix",
    "refined_statement",
    "natural_language_statement",
    "natural",
    "informal",
    "statement",
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "name",
        "full_name",
        "problem_name",
        "exercise_id",
        "problem_id",
        "theorem_name",
        "theorem_names",
        "id",
    ),
    "statement": ("verified.informal_statement", *_STATEMENT),
    "formal": _FORMAL,
    "header": ("verified.header", "header", "lean4_src_header", "src_header", "lean_header"),
    "helper": ("verified.helper", "helper"),
    "gold": ("mathlib_dependencies", "gold", "dependencies"),
    "split": ("split",),
    "lean": ("verified.lean", "lean_version", "lean"),
    "expected": ("expected",),
    "human": ("human",),
}
"""What the harness reads, with the known spellings of each, first ones first."""

_SHOWN = 60


def check_fields(fields: Mapping[str, str]) -> None:
    """Refuse a field map that names what the harness does not read.

    Raises:
        InputError: with the names that there are.
    """
    for name in fields:
        if name not in FIELDS:
            raise InputError(
                f"the field map names {name!r}, which is no field of a problem", f"use {', '.join(FIELDS)}"
            )


def found(values: Mapping[str, Any], field: str, fields: Mapping[str, str]) -> tuple[str, Any]:
    """The spelling that a row has of a field and its value; ("", None) where it has none.

    A null is no value. Of a row without a corrected formal statement nothing is read under `verified`.
    """
    if field in fields:
        spelling = fields[field]
        return (spelling, value) if spelling and (value := _at(values, spelling)) is not None else ("", None)
    corrected = "formal" not in fields and _at(values, _FORMAL[0]) is not None
    for spelling in FIELDS[field]:
        if spelling.startswith("verified.") and not corrected:
            continue
        if (value := _at(values, spelling)) is not None:
            return spelling, value
    return "", None


def _at(values: Mapping[str, Any], spelling: str) -> Any:
    """The value under a dotted path; a key that itself has dots is found too."""
    if spelling in values:
        return values[spelling]
    here: Any = values
    for part in spelling.split("."):
        if not isinstance(here, Mapping) or part not in here:
            return None
        here = here[part]
    return here


def present(values: Mapping[str, Any], fields: Mapping[str, str]) -> tuple[str, ...]:
    """The fields of `FIELDS` that a row has."""
    return tuple(field for field in FIELDS if found(values, field, fields)[0])


def split_of(values: Mapping[str, Any], fields: Mapping[str, str]) -> str:
    """The split that a row names, "" where it names none or something else than text."""
    value = found(values, "split", fields)[1]
    return value.strip() if isinstance(value, str) else ""


def lean_of(values: Mapping[str, Any], fields: Mapping[str, str]) -> str:
    """The Lean version that a row was written for, "" where it does not say."""
    from cramf.evaluation.lean_versions import parse_version

    value = found(values, "lean", fields)[1]
    # `lean` holds Lean code in some sets.
    return value.strip() if isinstance(value, str) and parse_version(value.strip()) else ""


def problem_of(
    values: Mapping[str, Any],
    place: str,
    *,
    fields: Mapping[str, str],
    need: Collection[str] = (),
    split: str = "",
    fallback: str = "",
    longest: int = MAX_QUERY,
) -> Problem:
    """The problem that a row holds; `fallback` is its name where it has none.

    A formal statement that has imports of its own is cut into header, helper and theorem; one without a proof
    gets `sorry` for one.

    Raises:
        InputError: with `place`, where a needed field is missing or one that is there cannot be used.
    """

    def text(field: str) -> str | None:
        spelling, value = found(values, field, fields)
        if not spelling:
            return None
        if not isinstance(value, str):
            raise InputError(f"{place}: {spelling} is {json_kind(value)}", "write it as text")
        _check_unicode(value, place, spelling)
        return value

    # One after the other, so that the first thing that is wrong with a row is told, always the same.
    statement = _statement(text("statement"), found(values, "statement", fields)[0], place, longest)
    formal = text("formal")
    if formal is not None and not formal.strip():
        spelling = found(values, "formal", fields)[0]
        raise InputError(f"{place}: {spelling} is blank", "write the formal statement, or remove the row")
    header, helper = text("header"), text("helper") or ""
    if formal is not None:
        own_header, own_helper, formal = without_imports(formal)
        header = own_header if header is None and own_header else header
        helper = "\n\n".join(part for part in (helper.rstrip(), own_helper) if part.strip())
        formal = completed(formal)
    gold = _gold(*found(values, "gold", fields), place)
    have = {
        "statement": statement,
        "formal": formal is not None,
        "gold": gold is not None,
        "header": header is not None,
        "name": found(values, "name", fields)[0],
        "split": split,
        "expected": found(values, "expected", fields)[0],
        "human": found(values, "human", fields)[0],
    }
    for field in FIELDS:
        if field in need and not have.get(field, True):
            raise missing(place, field, fields)
    if not statement and formal is None:
        raise missing(place, "statement", fields)
    return Problem(
        _name(values, place, fields) or fallback,
        statement,
        formal,
        DEFAULT_HEADER if header is None else header,
        helper,
        gold,
        split,
        place,
        _flag("expected", *found(values, "expected", fields), place),
        _flag("human", *found(values, "human", fields), place),
    )


def missing(place: str, field: str, fields: Mapping[str, str]) -> InputError:
    """What to say of a row without a field that is needed."""
    if field in fields:
        return InputError(
            f"{place}: the row has no {fields[field] or field}, which the field map names as the {field}",
            "mend the field map or the row",
        )
    known = ", ".join(s for s in FIELDS[field] if not s.startswith("verified."))
    return InputError(
        f"{place}: the row has no {field} (looked for {known})",
        f"add it, or say where it is with a field map (--field {field}=…)",
    )


def _statement(value: str | None, spelling: str, place: str, longest: int) -> str:
    if value is None:
        return ""
    text = value.strip()
    if text.startswith("/--") and text.endswith("-/"):
        text = docstring_text(text)
    if not text.replace("\0", " ").strip():
        raise InputError(f"{place}: {spelling} is blank", "write the statement, or remove the row")
    if len(text) > longest:
        raise InputError(
            f"{place}: {spelling} has {len(text):,} characters, more than {longest:,}",
            "give one statement a row",
        )
    # As written: what stands around a statement is a matter of whoever reads it.
    return text if value.strip().startswith("/--") else value


def _name(values: Mapping[str, Any], place: str, fields: Mapping[str, str]) -> str:
    spelling, value = found(values, "name", fields)
    if not spelling:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise InputError(f"{place}: {spelling} is {json_kind(value)}", "write the name as text")
    _check_unicode(value, place, spelling)
    return value.strip()


def _gold(spelling: str, names: Any, place: str) -> frozenset[str] | None:
    if not spelling:
        return None
    if not isinstance(names, list):
        raise InputError(f"{place}: {spelling} is {json_kind(names)}", "write a list of Lean names")
    for item in names:
        if not isinstance(item, str):
            raise InputError(f"{place}: {spelling} holds {json_kind(item)}", "write a list of Lean names")
        if not item.strip() or item != item.strip():
            shown = repr(item if len(item) <= _SHOWN else item[: _SHOWN - 1] + "…")
            raise InputError(
                f"{place}: {spelling} holds {shown}, which is no Lean name",
                "write each name in full, without spaces around it",
            )
        _check_unicode(item, place, spelling)
    return frozenset(names)


def _flag(field: str, spelling: str, value: Any, place: str) -> bool | None:
    if not spelling:
        return None
    if not isinstance(value, bool):
        raise InputError(
            f"{place}: {spelling} is {json_kind(value)}",
            f"write true or false, or map the field to nothing to read none (--field {field}=)",
        )
    return value


def _check_unicode(text: str, place: str, spelling: str) -> None:
    if not is_unicode(text):
        raise InputError(
            f"{place}: {spelling} has half a surrogate pair, such as \\ud835 alone",
            "write the whole character",
        )
