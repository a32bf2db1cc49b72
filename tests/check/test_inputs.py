"""Files to candidates, and positions back to files."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.check.inputs import (
    MAX_BYTES,
    STDIN,
    Entry,
    Format,
    Unreadable,
    duplicates,
    format_of,
    read_inputs,
    split_lean,
)
from cramf.check.safety import screen_candidate
from cramf.check.verdict import Part
from cramf.errors import InputError

NOTHING = io.BytesIO()
ROW = {"name": "a", "formal_statement": "theorem a : 1 = 1 := by sorry"}


def rows_of(data: bytes | str, form: Format = "jsonl") -> list[Entry | Unreadable]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return read_inputs(["-"], form, stream)


def only(data: bytes | str, form: Format = "jsonl") -> Entry:
    (entry,) = rows_of(data, form)
    assert isinstance(entry, Entry), entry
    return entry


def refused(data: bytes | str, form: Format = "jsonl") -> Unreadable:
    (bad,) = rows_of(data, form)
    assert isinstance(bad, Unreadable), bad
    assert bad.error.message == bad.message and bad.mend
    return bad


# -- .lean --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "rest"),
    [
        ("import Mathlib\n", "\nopen Nat\n\ntheorem t : 1 = 1 := by sorry\n"),
        (
            "-- a\n/- b\n /- c -/ -/\n\nimport Mathlib\nimport Aesop -- d\n",
            "-- e\ntheorem t : True := sorry\n",
        ),
        ("import Mathlib /- a\nb -/\n", "theorem t : True := sorry"),
        ("import Mathlib\n\n\nimport Aesop", ""),
        ("import Mathlib -- import\n", "example : True := sorry\n-- import Aesop\n"),
        ("", "theorem t : 1 = 1 := by sorry\n"),
        ("", "module\n\nimport Mathlib\n"),
        ("", "prelude\nimport Mathlib\n"),
        ("", "public import Mathlib\n"),
        ("", "/- no end\nimport Mathlib\n"),
        ("", "/-! a module doc -/\nimport Mathlib\n"),
        ("import Mathlib theorem t : True := sorry\n", "x\n"),
    ],
)
def test_a_lean_file_splits_after_its_last_leading_import(header: str, rest: str) -> None:
    assert split_lean(header + rest) == (header, rest)


@pytest.mark.parametrize(
    "text",
    [
        "module\n\nimport Mathlib\ntheorem t : True := sorry\n",
        "public import Mathlib\ntheorem t : True := sorry\n",
        "import Mathlib theorem t : True := sorry\n",
        "import Lean\ntheorem t : True := sorry\n",
    ],
)
def test_imports_that_are_not_understood_never_reach_lean(text: str) -> None:
    _, refusals = screen_candidate(only(text, "lean").candidate)
    assert refusals


@given(st.text(alphabet="import Mathlib\n-/ \"«»'x.", max_size=80))
def test_splitting_loses_nothing(text: str) -> None:
    header, rest = split_lean(text)
    assert header + rest == text


def test_positions_in_a_lean_file_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "Foo.lean"
    path.write_bytes(
        b"\xef\xbb\xbf-- top\r\nimport Mathlib\r\n\r\n  \r\nopen Nat\r\ntheorem t : x := by sorry\r\n"
    )
    (entry,) = read_inputs([str(path)], None, NOTHING)
    assert isinstance(entry, Entry)
    candidate = entry.candidate
    assert candidate.name == "Foo"
    assert candidate.header == "-- top\nimport Mathlib\n"
    assert candidate.statement == "open Nat\ntheorem t : x := by sorry\n"
    assert entry.line(Part.STATEMENT, 2) == 6
    assert entry.line(Part.HEADER, 2) == 2
    assert entry.source_line(Part.STATEMENT, 2) == "theorem t : x := by sorry"
    assert entry.source_line(Part.HEADER, 1) == "-- top"
    assert entry.source_line(Part.STATEMENT, 9) is None


def test_a_line_that_lean_counts_in_the_source_comes_back_to_the_file() -> None:
    text = "-- a\nimport Mathlib\n\n\n\ntheorem t :\n  x := by sorry\n"
    entry = only(text, "lean")
    number = entry.candidate.source.split("\n").index("  x := by sorry") + 1
    part, line = entry.candidate.locate(number)
    assert text.split("\n")[entry.line(part, line) - 1] == "  x := by sorry"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "<stdin> is empty"),
        (b" \n\n", "<stdin> is empty"),
        (b"theorem \xff", "<stdin> is not UTF-8 text (byte 8)"),
        (b"-" * (MAX_BYTES + 1), "<stdin> is larger than 1,048,576 bytes"),
    ],
)
def test_lean_text_that_cannot_be_read(data: bytes, message: str) -> None:
    bad = refused(data, "lean")
    assert (bad.file, bad.row, bad.message) == (STDIN, None, message)


# -- JSONL --------------------------------------------------------------------------------------------------


def test_rows_with_and_without_header_and_helper() -> None:
    full = {**ROW, "header": "import Mathlib\nopen Nat", "helper": "def b := 1", "other": [1]}
    entries = rows_of("\n".join([json.dumps(ROW), "", "  ", json.dumps(full)]))
    assert all(isinstance(e, Entry) for e in entries)
    first, second = (e for e in entries if isinstance(e, Entry))
    assert (first.row, first.candidate.header, first.candidate.helper) == (1, "import Mathlib", "")
    assert (second.row, second.candidate.header, second.candidate.helper) == (
        4,
        "import Mathlib\nopen Nat",
        "def b := 1",
    )
    assert second.line(Part.STATEMENT, 1) == 1
    assert second.source_line(Part.HEADER, 2) == "open Nat"
    assert second.source_line(Part.HELPER, 1) == "def b := 1"
    assert first.source_line(Part.HELPER, 1) in (None, "")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"name": "n", "id": "i"}, "n"),
        ({"name": None, "id": "i"}, "i"),
        ({"name": " ", "problem_id": "p"}, "p"),
        ({"id": 7}, "7"),
        ({"id": True, "problem_id": "p"}, None),
        ({}, "1"),
    ],
)
def test_the_name_of_a_row(row: dict[str, Any], name: str | None) -> None:
    line = json.dumps({**row, "formal_statement": "example : True := sorry"})
    if name is None:
        assert refused(line).message == "<stdin>:1: id is true"
    else:
        assert only(line).candidate.name == name


def test_a_verified_statement_goes_before_the_row_s_own() -> None:
    inner = {
        "header": "import Mathlib\nopen Set",
        "helper": "def h := 1",
        "formal_statement": "theorem v : x",
    }
    candidate = only(json.dumps({**ROW, "header": "import Aesop", "verified": inner})).candidate
    assert (candidate.name, candidate.header, candidate.helper, candidate.statement) == (
        "a",
        "import Mathlib\nopen Set",
        "def h := 1",
        "theorem v : x",
    )
    for other in (None, True, {}, {"formal_statement": None}):
        assert only(json.dumps({**ROW, "verified": other})).candidate.statement == ROW["formal_statement"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "<stdin>:1 is not JSON: Expecting value, column 1"),
        ("[1]", "<stdin>:1 is a list, not an object"),
        ("null", "<stdin>:1 is null, not an object"),
        ("{}", "<stdin>:1: the row has no formal_statement"),
        ('{"formal_statement": null}', "<stdin>:1: the row has no formal_statement"),
        ('{"formal_statement": 3}', "<stdin>:1: formal_statement is a number"),
        ('{"formal_statement": " \\n"}', "<stdin>:1: formal_statement is blank"),
        ('{"formal_statement": "x", "header": 1}', "<stdin>:1: header is a number"),
        ('{"formal_statement": "x", "helper": ["y"]}', "<stdin>:1: helper is a list"),
        ('{"formal_statement": "x", "name": {}}', "<stdin>:1: name is an object"),
        ('{"formal_statement": "\\ud835"}', "<stdin>:1: formal_statement has half a surrogate pair"),
        ('{"formal_statement": ' + "9" * 5000 + "}", "<stdin>:1 is not JSON that can be read"),
        ("[" * 200_000, "<stdin>:1 is not JSON that can be read"),
        ("x" * (MAX_BYTES + 1), "<stdin>:1: the row is larger than 1,048,576 bytes"),
    ],
)
def test_a_bad_row_is_named_and_the_next_one_read(line: str, message: str) -> None:
    bad, good = rows_of(f"{line}\n{json.dumps(ROW)}\n")
    assert isinstance(bad, Unreadable)
    assert (bad.message, bad.file, bad.row) == (message, STDIN, 1)
    assert isinstance(good, Entry) and good.row == 2


def test_bytes_that_are_no_utf_8() -> None:
    bad = refused(b'{"formal_statement": "\xff"}')
    assert bad.message == "<stdin>:1 is not UTF-8 text (byte 22 of the line)"


def test_a_mark_in_front_and_other_line_ends_do_not_matter() -> None:
    row = json.dumps(
        {**ROW, "formal_statement": "theorem a :\r\n  1 = 1 := by\u2028sorry"}, ensure_ascii=False
    )
    entry = only(b"\xef\xbb\xbf" + f"{row}\r\n".encode())
    assert entry.candidate.statement == "theorem a :\r\n  1 = 1 := by\u2028sorry"
    assert entry.source_line(Part.STATEMENT, 2) == "  1 = 1 := by\u2028sorry"


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_nothing_to_check_is_no_success(data: bytes) -> None:
    assert refused(data).message == "<stdin> holds no row"


# -- files --------------------------------------------------------------------------------------------------


def test_files_keep_their_order_and_one_bad_one_does_not_hide_the_rest(tmp_path: Path) -> None:
    (tmp_path / "b.lean").write_text("import Mathlib\ntheorem b : True := sorry\n")
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(ROW)}\n" * 2)
    paths = [str(tmp_path / name) for name in ("b.lean", "none.lean", "a.jsonl")]
    found = read_inputs(paths, None, NOTHING)
    assert [(type(one).__name__, one.row) for one in found] == [
        ("Entry", None),
        ("Unreadable", None),
        ("Entry", 1),
        ("Entry", 2),
    ]
    assert isinstance(found[1], Unreadable)
    assert found[1].message == f"cannot read {paths[1]}: No such file or directory"
    assert duplicates(found) == {"a": 2}


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (found,) = read_inputs([str(tmp_path)], "lean", NOTHING)
    assert isinstance(found, Unreadable) and "Is a directory" in found.message


def test_a_path_of_odd_bytes_can_be_named(tmp_path: Path) -> None:
    import os

    path = os.fsdecode(bytes(tmp_path) + b"/\xff.lean")
    (found,) = read_inputs([path], None, NOTHING)
    assert isinstance(found, Unreadable)
    assert found.file.endswith("/\\udcff.lean") and found.message.encode()
    (found,) = read_inputs(["a\0.lean"], None, NOTHING)
    assert isinstance(found, Unreadable) and "cannot read" in found.message


def test_formats_come_from_the_suffix_or_are_given() -> None:
    assert format_of("A.LEAN", None) == "lean"
    assert format_of("x.ndjson", None) == "jsonl"
    assert format_of("x.lean", "jsonl") == "jsonl"
    for path in ("-", "x.json", "x", "/"):
        with pytest.raises(InputError, match="add --format lean or --format jsonl"):
            format_of(path, None)
    with pytest.raises(InputError, match="named twice"):
        read_inputs(["-", "-"], "lean", NOTHING)
