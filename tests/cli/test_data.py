"""`cramf data` on the command line, with a catalogue of its own."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cramf.cli.main import main
from cramf.evaluation import catalogue as module

ROWS = '{"name": "a", "nl": "One is one.", "lean4_formalization": "theorem a : 1 = 1 :=", "split": "test"}\n'


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A catalogue of one benchmark, whose source is a repository here."""
    folder = tmp_path / "origin"
    folder.mkdir()
    (folder / "rows.jsonl").write_text(ROWS)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(folder)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "rows"]):
        subprocess.run([*git, *arguments], check=True, timeout=60)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, timeout=60, capture_output=True, text=True)
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(
        f"""[[benchmark]]
name = "small"
title = "A small set"
source = "{folder}"
transport = "git"
revision = "{done.stdout.strip()}"
lean = "v4.9.0"
licence = "CC0-1.0"
layout = "jsonl"
library = "OwnLib @ abc"
contamination = "None: it was made for a test."
rows = {{ test = 1 }}
fields = {{ statement = "nl" }}
[[benchmark.file]]
path = "rows.jsonl"
sha256 = "{hashlib.sha256(ROWS.encode()).hexdigest()}"
"""
    )
    monkeypatch.setattr(module, "_CATALOGUE", catalogue)
    monkeypatch.setenv("CRAMF_DATA", str(tmp_path / "store"))
    module.catalogue.cache_clear()
    yield folder
    module.catalogue.cache_clear()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["data", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code, out, err


def test_from_list_to_verify(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "list")
    assert (code, out.split()) == (0, "small A small set 1 test rows; Lean v4.9.0; CC0-1.0; -".split())
    code, out, err = run(capsys, "verify", "small")
    assert (code, out) == (4, "")
    assert "run `cramf data get small`" in err
    code, out, err = run(capsys, "get", "small")
    assert (code, out) == (0, f"{tmp_path / 'store' / 'small'}: fetched, 1 files, checksums as pinned\n")
    assert "need OwnLib @ abc" in err
    code, out, _ = run(capsys, "get", "small")
    assert (code, "was there already" in out) == (0, True)
    code, out, _ = run(capsys, "list", "--json")
    (entry,) = json.loads(out)["benchmarks"]
    assert (entry["name"], entry["pinned"], entry["path"]) == (
        "small",
        True,
        str(tmp_path / "store" / "small"),
    )
    code, out, _ = run(capsys, "verify", "small")
    assert code == 0
    for line in (
        "rows.jsonl: ok",
        "rows: 1 test; 0 left out",
        "fields: statement 1, formal 1, split 1",
        "formal statements that parse: 1 of 1",
        "library: OwnLib @ abc",
        "contamination: None: it was made for a test.",
        "as it should be",
    ):
        assert line in out
    code, out, _ = run(capsys, "verify", "small", "--json")
    found = json.loads(out)
    assert (code, found["ok"], found["rows"], found["wrong"]) == (0, True, {"test": 1}, [])
    assert found["origin"]["sha256"] == hashlib.sha256(ROWS.encode()).hexdigest()


def test_a_changed_file_and_bad_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "get", "small")
    data = tmp_path / "store" / "small" / "rows.jsonl"
    data.write_text(ROWS + ROWS + "{}\n" * 9)
    code, out, _ = run(capsys, "verify", "small")
    assert code == 1
    assert "rows.jsonl: differs" in out
    assert "wrong: 10 rows cannot be used" in out
    assert "10 left out, 1 of them duplicates" in out
    assert f"left out: {data}:2" in out
    assert "left out: 5 more (--json has all)" in out
    code, out, err = run(capsys, "get", "small")
    assert (code, out) == (2, "")
    assert "holds something else than small; add --force" in err
    code, _, _ = run(capsys, "get", "small", "--force")
    assert (code, data.read_text()) == (0, ROWS)


def test_a_file_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": {"en": "One is one."}}\n')
    code, _, err = run(capsys, "verify", str(path))
    assert (code, "has no statement" in err) == (2, True)
    code, out, _ = run(capsys, "verify", str(path), "--field", "statement=text.en")
    assert (code, "every row can be used" in out, "not pinned" in out) == (0, True, True)
    for wrong in ("statement", "=x"):
        code, _, err = run(capsys, "verify", str(path), "--field", wrong)
        assert (code, "is no FIELD=NAME" in err) == (2, True)
    code, _, err = run(capsys, "verify", str(path), "--field", "statement=a", "--field", "statement=b")
    assert (code, "given twice" in err) == (2, True)


def test_copies_and_names(capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path) -> None:
    code, out, _ = run(capsys, "get", "small", "--from", str(small), "--out", str(tmp_path / "here"))
    assert (code, (tmp_path / "here" / "rows.jsonl").read_text()) == (0, ROWS)
    code, out, _ = run(capsys, "verify", str(tmp_path / "here"))
    assert (code, out.splitlines()[0]) == (0, f"small: {tmp_path / 'here'}")
    code, _, err = run(capsys, "get", "smal")
    assert (code, "did you mean small?" in err) == (2, True)
    code, _, err = run(capsys, "get", "small", "--from", str(tmp_path / "none"))
    assert (code, "check --from" in err) == (2, True)


@pytest.mark.parametrize("command", [(), ("list",), ("get",), ("verify",)])
def test_help(capsys: pytest.CaptureFixture[str], command: tuple[str, ...]) -> None:
    code, out, _ = run(capsys, *command, "--help")
    assert code == 0
    assert "Usage:" in out
