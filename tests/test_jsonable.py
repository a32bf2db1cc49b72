"""Values as JSON: what has a form is written the same whatever its type, and what has none is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.jsonable import dumps, to_jsonable


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    BIG = 3


class Odd(Enum):
    PAIR = (1, 2)


class Text(str):
    """A string of another type."""


@dataclass(frozen=True)
class Point:
    x: float
    inner: Any = None
    hidden: Mapping[str, Any] = field(default_factory=dict, compare=False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_is_json_stays_as_it_is(value: Any) -> None:
    found = to_jsonable(value)
    assert repr(found) == repr(value)
    assert found is not value or not isinstance(value, (dict, list))
    if "\\ud" not in ascii(value):
        assert json.loads(dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Colour.RED, '"red"'),
        (Size.BIG, "3"),
        (Text("a"), '"a"'),
        (True, "true"),
        (np.float64(0.5), "0.5"),
        (math.nan, "null"),
        ([math.inf, -math.inf, {"a": math.nan}], '[null, null, {"a": null}]'),
        ((1, (2, [3])), "[1, [2, [3]]]"),
        (frozenset({"b", "a"}), '["a", "b"]'),
        ({"a", "b"}, '["a", "b"]'),
        (Path("a/b"), '"a/b"'),
        (
            {2: 1, None: 3, True: 4, Colour.RED: 5, 0.5: 6},
            '{"2": 1, "None": 3, "True": 4, "red": 5, "0.5": 6}',
        ),
        (MappingProxyType({"é": Colour.RED}), '{"é": "red"}'),
        (
            Point(math.nan, Point(1.0), {"k": Colour.RED}),
            '{"x": null, "inner": {"x": 1.0, "inner": null, "hidden": {}}, "hidden": {"k": "red"}}',
        ),
    ],
)
def test_the_form_of_everything_else(value: Any, text: str) -> None:
    assert dumps(value) == text
    assert dumps([value]) == f"[{text}]" and dumps({"v": value}) == f'{{"v": {text}}}'


@pytest.mark.parametrize(
    "value", [object(), b"bytes", Point, 1j, [object()], {"a": {1: b""}}, (x for x in "a")]
)
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no JSON form for"):
        to_jsonable(value)


def test_an_enum_of_something_that_json_knows_not() -> None:
    assert to_jsonable(Odd.PAIR) == (1, 2) and dumps(Odd.PAIR) == "[1, 2]"
