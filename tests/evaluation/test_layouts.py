"""Files and folders of benchmarks: forms by content, Lean repositories, arrays and Parquet."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from cramf.errors import InputError
from cramf.evaluation.lean_files import has_problems, lean_problems, split_of_path
from cramf.evaluation.loading import load_problems
from cramf.evaluation.statements import completed, imported_roots, without_imports

FILE = """import Mathlib

set_option maxHeartbeats 0
open Nat

/-- The first is even. -/
theorem first (n : ℕ) (h : Even n) : Even (n + 2) := by
  obtain ⟨k, rfl⟩ := h
  exact ⟨k + 1, by ring⟩

/-- Doubling. -/
def double (n : ℕ) : ℕ := 2 * n

namespace Own

variable (m : ℕ)

/-- The second
is about `double`. -/
@[simp] private lemma second : Even (double m) := by sorry

end Own

open Real in
theorem third (x : ℝ) : x = x := rfl

abbrev fourth_answer : ℕ := sorry
-- 4
theorem fourth : 2 + 2 = fourth_answer := sorry

/-- As a group, a product commutes. -/
noncomputable def fifth {A B : Type*} [Group A] [Group B] : A × B ≃* B × A := sorry
"""


def rows(text: str) -> list[tuple[int, Any]]:
    return [(line, v if isinstance(v, dict) else str(v)) for line, v in lean_problems(text, "F.lean")]


def test_the_theorems_of_a_lean_file() -> None:
    found = rows(FILE)
    assert [(line, row["name"]) for line, row in found] == [
        (7, "first"), (20, "Own.second"), (25, "third"), (29, "fourth"), (32, "fifth"),
    ]  # fmt: skip
    first, second, third, fourth, fifth = (row for _, row in found)
    header = "import Mathlib\n\nset_option maxHeartbeats 0\nopen Nat"
    assert first == {
        "name": "first", "header": header, "helper": "", "informal_statement": "The first is even.",
        "formal_statement": "theorem first (n : ℕ) (h : Even n) : Even (n + 2) := by sorry",
    }  # fmt: skip
    assert second["informal_statement"] == "The second\nis about `double`."
    assert second["formal_statement"] == "@[simp] private\nlemma second : Even (double m) := by sorry"
    assert second["header"] == header
    assert second["helper"] == (
        "/-- Doubling. -/\ndef double (n : ℕ) : ℕ := 2 * n\n\nnamespace Own\n\nvariable (m : ℕ)"
    )
    assert third["formal_statement"] == "open Real in\ntheorem third (x : ℝ) : x = x := by sorry"
    assert third["helper"] == "/-- Doubling. -/\ndef double (n : ℕ) : ℕ := 2 * n"
    assert fourth["helper"].endswith("abbrev fourth_answer : ℕ := sorry")
    assert "-- 4" not in fourth["helper"]
    assert fifth["formal_statement"].startswith("noncomputable\ndef fifth {A B")
    assert fifth["formal_statement"].endswith(":= sorry")
    assert "informal_statement" not in fourth


def test_definitions_of_a_closed_namespace_stay() -> None:
    text = "import Mathlib\nnamespace A\ndef two : ℕ := 2\nopen Real\nend A\ntheorem t : A.two = 2 := rfl\n"
    ((_, row),) = rows(text)
    assert row["helper"] == "namespace A\n\ndef two : ℕ := 2\n\nopen Real\n\nend A"
    ((_, row),) = rows("import Mathlib\nsection\nopen Real\nend\ntheorem t : 1 = 1 := rfl\n")
    assert (row["header"], row["helper"]) == ("import Mathlib", "")


def test_what_has_no_name_or_no_end_is_an_error_in_its_place() -> None:
    found = rows("import Mathlib\n\nexample : 1 = 1 := rfl\ntheorem t : 1 = 1 := rfl\n/- never closed")
    assert any("F.lean:3: the example has no name" in str(row) for _, row in found)
    assert any(line == 5 and "F.lean:5" in str(row) for line, row in found)
    assert [row["name"] for _, row in found if isinstance(row, dict)] == ["t"]
    assert not has_problems("import A\nimport B\n")
    assert rows("import A\n") == []


def test_splits_of_paths() -> None:
    told = {
        "MiniF2F/Test/p.lean": "test", "MiniF2F/Valid.lean": "valid",
        "data/validation-00000-of-00001.parquet": "valid",
        "train.jsonl": "train", "rows.jsonl": "", "testing/rows.jsonl": "",
    }  # fmt: skip
    assert {path: split_of_path(PurePosixPath(path)) for path in told} == told


def lean_repository(folder: Path) -> Path:
    for split in ("Valid", "Test"):
        (folder / "Mini" / split).mkdir(parents=True)
        for name in ("a", "b"):
            theorem = f"theorem {split.lower()}_{name} : 1 = 1 := by\n  rfl\n"
            text = f"import Mathlib\n\n/-- {name} is {name}. -/\n{theorem}"
            (folder / "Mini" / split / f"{name}.lean").write_text(text)
        (folder / "Mini" / f"{split}.lean").write_text(f"import Mini.{split}.a\nimport Mini.{split}.b\n")
    (folder / "lean-toolchain").write_text("leanprover/lean4:v4.24.0\n")
    (folder / "lakefile.lean").write_text("import Lake\nopen Lake DSL\npackage mini\n")
    (folder / ".lake" / "packages").mkdir(parents=True)
    (folder / ".lake" / "packages" / "X.lean").write_text("theorem no_problem : 1 = 1 := rfl\n")
    (folder / "lake-manifest.json").write_text("{}")
    return folder


def test_a_lean_repository(tmp_path: Path) -> None:
    found = load_problems(lean_repository(tmp_path))
    assert [(p.name, p.split) for p in found.problems] == [
        ("test_a", "test"), ("test_b", "test"), ("valid_a", "valid"), ("valid_b", "valid"),
    ]  # fmt: skip
    assert found.problems[0].statement == "a is a."
    assert found.origin.lean == "v4.24.0"
    assert found.origin.files[0].path == "Mini/Test/a.lean"
    assert len(load_problems(tmp_path / "Mini" / "Test", layout="lean").problems) == 2
    (tmp_path / "Mini" / "Test" / "c.lean").write_bytes(
        b"import Mathlib\n-- caf\xe9\ntheorem c : 1 = 1 := rfl\n"
    )
    with pytest.raises(InputError, match=r"c\.lean:2 is not UTF-8 text \(byte 6 of the line\)"):
        load_problems(tmp_path)
    assert len(load_problems(tmp_path, exclude_bad=True).excluded) == 1


ROWS = [{"name": "a", "informal_statement": "A."}, {"name": "b", "informal_statement": "B."}]


def test_an_array(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([*ROWS, 3], indent=1))
    with pytest.raises(InputError, match=r"rows\.json:10 is a number, not an object"):
        load_problems(path)
    found = load_problems(path, exclude_bad=True)
    assert [p.place for p in found.problems] == [f"{path}:2", f"{path}:6"]
    # The content decides, not the suffix.
    lines = tmp_path / "lines.json"
    lines.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert len(load_problems(lines).problems) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"name": "a"},\n{"name": }]', r":2 is not JSON: Expecting value, column 10"),
        ('[{"name": "a"}\n{"name": "b"}]', r":2 is not JSON: a comma"),
        ('[{"name": "a"}]\nx', r":1: something follows the array"),
        ('[{"name": "a"}', r":1 is not JSON: a comma or `\]`"),
        ("[]", "holds no row"),
    ],
)
def test_a_broken_array(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rows.json").write_text(text)
    with pytest.raises(InputError, match=message):
        load_problems(tmp_path / "rows.json")


def test_utf16(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_bytes(json.dumps(ROWS).encode("utf-16"))
    with pytest.raises(InputError, match="UTF-16"):
        load_problems(tmp_path / "rows.json")


def test_parquet_in_a_folder_of_splits(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for split, row in zip(("valid", "test"), ROWS, strict=True):
        table = pyarrow.Table.from_pylist([row, {"name": None, "informal_statement": "C."}])
        pyarrow.parquet.write_table(table, tmp_path / "data" / f"{split}-00000-of-00001.parquet")
    found = load_problems(tmp_path)
    assert [(p.name, p.split) for p in found.problems] == [
        ("b", "test"), ("test-00000-of-00001:2", "test"), ("a", "valid"), ("valid-00000-of-00001:2", "valid"),
    ]  # fmt: skip
    assert found.problems[0].place.endswith("test-00000-of-00001.parquet:row 1")
    (tmp_path / "pointer.parquet").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InputError, match=r"no Parquet file; .*LFS"):
        load_problems(tmp_path / "pointer.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        load_problems(tmp_path / "broken.parquet")


def test_folders_that_can_be_read_in_two_ways(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no data file"):
        load_problems(tmp_path)
    (tmp_path / "one.jsonl").write_text(json.dumps(ROWS[0]) + "\n")
    (tmp_path / "two.jsonl").write_text(json.dumps(ROWS[1]) + "\n")
    with pytest.raises(InputError, match=r"several data files \(one.jsonl, two.jsonl\)"):
        load_problems(tmp_path)
    (tmp_path / "two.jsonl").rename(tmp_path / "two.json")
    with pytest.raises(InputError, match="json and jsonl files"):
        load_problems(tmp_path)
    assert [p.name for p in load_problems(tmp_path, layout="json").problems] == ["b"]


@pytest.mark.parametrize(
    ("formal", "full"),
    [
        ("theorem a : 2 = 2 :=", "theorem a : 2 = 2 := by sorry"),
        ("theorem a : 2 = 2 := by\n", "theorem a : 2 = 2 := by sorry"),
        ("theorem a : 2 = 2", "theorem a : 2 = 2 := by sorry"),
        ("theorem a : 2 = 2 := by -- simple\n", "theorem a : 2 = 2 := by sorry"),
        ("theorem a : let x := 2; x = 2 :=", "theorem a : let x := 2; x = 2 := by sorry"),
        ("theorem a : 2 = 2 := rfl", "theorem a : 2 = 2 := rfl"),
        ("theorem a : 2 = 2 :=\nsorry", "theorem a : 2 = 2 :=\nsorry"),
        ("def a (n : ℕ) : n ≃ n :=", "def a (n : ℕ) : n ≃ n := sorry"),
        ("no Lean at all", "no Lean at all"),
    ],
)
def test_completing(formal: str, full: str) -> None:
    assert completed(formal) == full


def test_a_whole_file_in_a_field() -> None:
    text = "import Mathlib\nopen Nat\n\nabbrev answer : ℕ := sorry\n\n"
    header, helper, theorem = without_imports(f"{text}/-- D. -/\ntheorem a : answer = 1 := by sorry")
    assert (header, helper) == ("import Mathlib\nopen Nat", "abbrev answer : ℕ := sorry")
    assert theorem == "/-- D. -/\ntheorem a : answer = 1 := by sorry"
    assert without_imports("theorem a : 1 = 1 := rfl") == ("", "", "theorem a : 1 = 1 := rfl")
    assert imported_roots("import Mathlib.Data.Nat\n-- import No\nimport Own.Sets\nopen Nat") == (
        "Mathlib",
        "Own",
    )


def test_what_is_no_plain_file_is_told_as_what_it_is(tmp_path: Path) -> None:
    pipe, packed = tmp_path / "pipe", tmp_path / "rows.jsonl.gz"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="is a pipe or a device, not a file; save it as a file first"):
        load_problems(pipe)
    packed.write_bytes(gzip.compress(b'{"informal_statement": "One is one."}\n'))
    with pytest.raises(InputError, match="is compressed; unpack it"):
        load_problems(packed)
