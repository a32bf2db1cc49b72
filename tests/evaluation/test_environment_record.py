"""On what a run was made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

import cramf
from cramf.evaluation import environment_record as module
from cramf.evaluation.environment_record import commit, environment_record
from cramf.jsonable import dumps


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    commit.cache_clear()
    yield
    commit.cache_clear()


def test_what_is_recorded() -> None:
    record = environment_record()
    assert record["cramf"] == cramf.__version__
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))
    assert record["cores"] == os.cpu_count() and record["command"] == sys.argv
    assert record["memory_bytes"] == psutil.virtual_memory().total and record["cpu"]
    age = datetime.now(UTC) - datetime.fromisoformat(record["time"])
    assert 0 <= age.total_seconds() < 60
    assert dumps(record)


def test_versions_are_those_that_pip_knows() -> None:
    packages = environment_record()["packages"]
    assert {"numpy", "torch", "lightgbm"} <= set(packages)
    assert packages == {name: version(name) for name in packages}


def test_a_package_that_is_not_there_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGES", ["numpy", "no-such-package-of-anybody"])
    assert list(environment_record()["packages"]) == ["numpy"]


def git(folder: Path, *arguments: str) -> str:
    told = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *told, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_the_commit_and_whether_files_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    assert commit() is None
    git(tmp_path, "init", "-q")
    commit.cache_clear()
    assert commit() is None  # nothing was committed yet
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "untracked").write_text("1")
    commit.cache_clear()
    assert commit() == head and len(head) == 40
    (tmp_path / "a").write_text("2")
    assert commit() == head  # asked once a process
    commit.cache_clear()
    assert commit() == f"{head}+"


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    assert commit() is None
    commit.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit() is None


def test_no_password_of_an_address_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [
        "cramf",
        "--base-url",
        "https://me:hunter2@example.org/v1",
        "--judge-url=http://t0ken@h:1/",
        "a@b",
    ]
    monkeypatch.setattr(sys, "argv", told)
    kept = environment_record()["command"]
    assert kept == ["cramf", "--base-url", "https://example.org/v1", "--judge-url=http://h:1/", "a@b"]
