"""Parameters and result type of a declaration, read from its signature's text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Parameter", "Signature", "read_group", "read_signature", "split_signature"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its opening bracket, its name ("" for an unnamed instance) and its type's text."""

    bracket: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Signature:
    parameters: tuple[Parameter, ...]
    result: str = ""


_BRACKET = re.compile(r"[()\[\]{}⦃⦄]")
_NAME = re.compile(r"(?:[^\W\d]|«)[\w'!?.»]*")


def split_signature(text: str) -> tuple[list[str], str]:
    """The binder groups that a signature begins with as written, and the text of its result type."""
    groups: list[str] = []
    depth = start = end = 0
    for found in _BRACKET.finditer(text):
        if depth == 0:
            start = found.start()
            if text[end:start].strip():
                break
        depth += 1 if found.group() in "([{⦃" else -1
        if depth == 0:
            end = found.end()
            groups.append(text[start:end])
    rest = text[end:].strip()
    return groups, rest[1:].strip() if rest.startswith(":") and not rest.startswith(":=") else ""


@lru_cache(maxsize=1 << 14)
def read_group(text: str) -> tuple[tuple[str, ...], str]:
    """The names that a binder group binds and its type's text; an instance in brackets may have none."""
    inside = text[1:-1]
    front, colon, behind = inside.partition(":")
    names = tuple(front.split())
    if not all(name == "_" or _NAME.fullmatch(name) for name in names):
        return (), inside.strip()
    if not colon:
        return ((), inside.strip()) if text[0] == "[" else (names, "")
    return names, behind.partition(":=")[0].strip()


@lru_cache(maxsize=1 << 14)
def read_signature(text: str) -> Signature:
    """`(f : A → B) [C A] : D` as parameters and result; a later binder of a name takes its brackets over."""
    parameters: dict[str, Parameter] = {}
    groups, result = split_signature(text)
    for group in groups:
        opener = group[0]
        names, kind = read_group(group)
        if not names and opener == "[":
            parameters[f"[{len(parameters)}"] = Parameter("[", "", kind)
        for name in names:
            known = parameters.get(name)
            key = name if name != "_" else f"_{len(parameters)}"
            parameters[key] = Parameter(opener, key, kind or (known.type if known else ""))
    return Signature(tuple(parameters.values()), result)
