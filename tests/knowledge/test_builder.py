"""Finding and reading a checkout, and what is said of folders that are none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from cramf.errors import InputError, ResourceError
from cramf.knowledge.builder import (
    build_from_checkout,
    checkout_info,
    extract_checkout,
    find_modules,
)


def assert_one_line(error: Exception) -> None:
    text = str(error)
    assert "\n" not in text
    assert "; " in text  # the mend follows


def test_modules_in_order_of_name(checkout: Path) -> None:
    modules = [module for _, module in find_modules(checkout)]
    assert modules == [
        "Mathlib.Algebra.Group",
        "Mathlib.Algebra.Subgroup",
        "Mathlib.Data.Matrix",
        "Mathlib.Data.MySet",
        "Mathlib.Logic.Basic",
        "Mathlib.NumberTheory.Prime",
        "Mathlib.Order.Basic",
        "Mathlib.Tactic.Translate.ToAdditive",
        "Mathlib.Topology.Basic",
    ]


def test_other_files_are_no_modules(tmp_path: Path, mathlib_sample: ModuleType) -> None:
    folder = mathlib_sample.write_checkout(tmp_path)
    before = find_modules(folder)
    (folder / "Mathlib" / "notes.md").write_text("theorem x")
    (folder / "Mathlib" / "a.lean.orig").write_text("theorem x")
    (folder / "Mathlib" / "folder.lean").mkdir()
    (folder / "Archive").mkdir()
    (folder / "Archive" / "B.lean").write_text("theorem x")
    assert find_modules(folder) == before


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist") as caught:
        find_modules(tmp_path / "none")
    assert_one_line(caught.value)


def test_a_file_is_no_checkout(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is not a folder") as caught:
        find_modules(tmp_path / "file")
    assert_one_line(caught.value)


def test_a_folder_without_mathlib(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no folder named Mathlib") as caught:
        find_modules(tmp_path)
    assert_one_line(caught.value)


@pytest.mark.parametrize("how", ["absolute", "dot"])
def test_the_inner_folder_names_its_parent(checkout: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = checkout / "Mathlib"
    if how == "dot":
        monkeypatch.chdir(inner)
        inner = Path()
    with pytest.raises(InputError) as caught:
        find_modules(inner)
    assert "parent" in caught.value.mend


def test_an_empty_mathlib(tmp_path: Path) -> None:
    (tmp_path / "Mathlib" / "Sub").mkdir(parents=True)
    with pytest.raises(InputError, match=r"no \.lean file") as caught:
        find_modules(tmp_path)
    assert_one_line(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(tmp_path: Path, mathlib_sample: ModuleType) -> None:
    folder = mathlib_sample.write_checkout(tmp_path)
    closed = folder / "Mathlib" / "Data"
    closed.chmod(0)
    try:
        with pytest.raises(ResourceError, match="cannot read") as caught:
            find_modules(folder)
        assert_one_line(caught.value)
    finally:
        closed.chmod(0o755)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, mathlib_sample: ModuleType) -> None:
    folder = mathlib_sample.write_checkout(tmp_path)
    (folder / "Mathlib" / "Data" / "MySet.lean").chmod(0)
    (error,) = build_from_checkout(folder, 1).errors
    assert (error.module, error.line) == ("Mathlib.Data.MySet", 1)


def test_links_in_a_circle_are_not_followed(tmp_path: Path, mathlib_sample: ModuleType) -> None:
    folder = mathlib_sample.write_checkout(tmp_path)
    before = find_modules(folder)
    (folder / "Mathlib" / "Loop").symlink_to(folder / "Mathlib", target_is_directory=True)
    (folder / "Mathlib" / "self.lean").symlink_to("self.lean")
    (folder / "Mathlib" / "gone.lean").symlink_to("nowhere.lean")
    assert find_modules(folder) == before


def test_two_processes_find_what_one_does(tmp_path: Path, mathlib_sample: ModuleType) -> None:
    """Sixteen files a process are the least, so the sample is laid down six times."""
    for number in range(6):
        part = mathlib_sample.write_broken(tmp_path / "parts" / str(number))
        shutil.copytree(part / "Mathlib", tmp_path / "Mathlib" / f"Part{number}")
    modules = find_modules(tmp_path)
    assert len(modules) >= 6 * 13
    seen: list[tuple[int, int]] = []
    one = extract_checkout(modules, 1)
    two = extract_checkout(modules, 2, lambda done, total: seen.append((done, total)))
    assert two == one
    assert [f.module for f in two] == [module for _, module in modules]
    assert seen == [(n, len(modules)) for n in range(1, len(modules) + 1)]
    assert build_from_checkout(tmp_path, 1) == build_from_checkout(tmp_path, 2)


def test_toolchain_and_given_commit(checkout: Path, tmp_path: Path) -> None:
    info = checkout_info(checkout, "abc")
    assert (info.commit, info.toolchain) == ("abc", "leanprover/lean4:v4.99.0")
    assert checkout_info(tmp_path) == type(info)("", "")


def test_the_commit_of_a_git_checkout(tmp_path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("no git")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([git, "-C", str(tmp_path), *arguments], check=True, capture_output=True)
    assert len(checkout_info(tmp_path).commit) == 40


def test_a_damaged_git_folder_is_no_commit(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert checkout_info(tmp_path).commit == ""
