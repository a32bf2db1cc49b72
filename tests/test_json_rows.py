"""The one reader of JSON Lines."""

from __future__ import annotations

import io

import pytest

from cramf.errors import InputError
from cramf.json_rows import is_unicode, iter_rows, json_kind, read_object


def read(data: bytes, longest: int | None = None) -> list[tuple[int, object]]:
    return [
        (number, value if isinstance(value, dict) else str(value))
        for number, value in iter_rows(io.BytesIO(data), "f.jsonl", longest)
    ]


def test_rows_have_the_numbers_of_their_lines() -> None:
    data = b'\xef\xbb\xbf{"a": 1}\n\n  \r\n{"a": "\xe2\x80\xa8"}\r\n{"a": 3}'
    assert read(data) == [(1, {"a": 1}), (4, {"a": "\u2028"}), (5, {"a": 3})]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"a": "\xe9"}', "f.jsonl:2 is not UTF-8 text (byte 7 of the line)"),
        (b"{", "f.jsonl:2 is not JSON"),
        (b"[1]", "f.jsonl:2 is a list, not an object"),
        (b"[" * 100_000, "f.jsonl:2 is not JSON that can be read"),
    ],
)
def test_a_bad_line_is_told_and_the_next_is_read(line: bytes, message: str) -> None:
    first, bad, last = read(b'{"a": 1}\n' + line + b'\n{"a": 2}\n')
    assert (first, last) == ((1, {"a": 1}), (3, {"a": 2}))
    assert message in str(bad[1])


def test_utf16_is_told_once() -> None:
    found = read('{"a": 1}\n{"a": 2}\n'.encode("utf-16"))
    assert len(found) == 1
    assert "f.jsonl:1 is UTF-16 text" in str(found[0][1])


def test_a_long_line_is_passed_over_to_its_end() -> None:
    found = read(b'{"a": 1}\n{"a": "' + b"x" * 100 + b'"}\n{"a": 2}\n', longest=20)
    assert [found[0], found[2]] == [(1, {"a": 1}), (3, {"a": 2})]
    assert "larger than 20 bytes" in str(found[1][1])


def test_kinds_and_surrogates() -> None:
    assert [json_kind(v) for v in (None, True, "", [], {}, 1.5)] == [
        "null", "true", "text", "a list", "an object", "a number",
    ]  # fmt: skip
    assert is_unicode("𝓘")
    assert not is_unicode("\ud835")
    with pytest.raises(InputError, match="p:1 is text, not an object"):
        read_object(b'"x"', "p:1")
