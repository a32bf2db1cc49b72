"""Frozen dataclasses back from the JSON values that `cramf.jsonable` makes of them."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

__all__ = ["decode"]

T = TypeVar("T")


def decode(kind: type[T], data: Any) -> T:
    """The value of a dataclass that was written as JSON; keys that it has no field for are passed over.

    Raises:
        ValueError: where the data are of another shape, with the place.
    """
    return cast(T, _decoded(kind, data, kind.__name__))


@cache
def _fields(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (
            f.name,
            hints[f.name],
            f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING,
        )
        for f in dataclasses.fields(kind)
    )


def _decoded(kind: Any, data: Any, where: str) -> Any:
    if kind is Any:
        return data
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        options = [option for option in get_args(kind) if option is not types.NoneType]
        if data is None and len(options) < len(get_args(kind)):
            return None
        if len(options) == 1:
            return _decoded(options[0], data, where)
        raise TypeError(f"no one type for {where}")
    if origin is tuple:
        if not isinstance(data, list):
            raise ValueError(f"{where} is no list")
        inner = get_args(kind)[0]
        return tuple(_decoded(inner, item, f"{where}[{n}]") for n, item in enumerate(data))
    if origin in (Mapping, dict):
        if not isinstance(data, dict):
            raise ValueError(f"{where} is no object")
        return {key: _decoded(get_args(kind)[1], value, f"{where}.{key}") for key, value in data.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(data)
        except ValueError:
            raise ValueError(f"{where} has the unknown value {data!a}") from None
    if dataclasses.is_dataclass(kind):
        return _record(cast(type, kind), data, where)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and isinstance(data, kind) and not (kind is int and isinstance(data, bool)):
        return data
    raise ValueError(f"{where} is no {getattr(kind, '__name__', kind)}")


def _record(kind: type, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"{where} is no object")
    values: dict[str, Any] = {}
    for name, hint, required in _fields(kind):
        if name in data:
            values[name] = _decoded(hint, data[name], f"{where}.{name}")
        elif required:
            raise ValueError(f"{where} has no {name}")
    return kind(**values)
