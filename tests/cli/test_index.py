"""`cramf index build` and `cramf index info`."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.encoder import Encoder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="cramf")


def assert_error(done: Result, code: int) -> str:
    """One line on standard error, nothing on standard output."""
    assert done.exit_code == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("cramf: error: ")
    return line


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch, hash_encoder: Encoder) -> Encoder:
    """The hashing encoder in place of the real one."""
    monkeypatch.setattr("cramf.retrieval.encoder.load_encoder", lambda name=None: hash_encoder)
    return hash_encoder


@pytest.mark.usefixtures("encoder")
def test_build_as_json(tmp_path: Path, checkout: Path) -> None:
    out = tmp_path / "index"
    arguments = ("--mathlib", checkout, "--out", out, "--commit", "abc123", "--workers", "1")
    done = run("index", "build", *arguments, "--json", "--quiet")
    assert done.exit_code == 0
    assert done.stderr == ""
    outcome = json.loads(done.stdout)
    assert outcome["index"] == str(out)
    assert outcome["errors"] == []
    assert set(outcome["counts"]) == {"definitions", "usages", "declarations", "attested", "files"}
    assert outcome["counts"]["files"] == 9
    assert outcome["kinds"]["class inductive"] == 1
    assert sum(outcome["kinds"].values()) == outcome["counts"]["declarations"]
    assert all(seconds >= 0 for seconds in outcome["seconds"].values())
    manifest = KnowledgeBase.open(out).manifest
    assert manifest.mathlib_commit == "abc123"
    assert manifest.toolchain == "leanprover/lean4:v4.99.0"
    assert manifest.settings["quantisation"] == "8bit"
    assert manifest.docstrings is True


@pytest.mark.usefixtures("encoder")
def test_build_from_documentation(tmp_path: Path) -> None:
    path = Path(__file__).parents[1] / "knowledge" / "docgen_sample.py"
    spec = importlib.util.spec_from_file_location("docgen_sample_for_cli", path)
    assert spec is not None
    assert spec.loader is not None
    sample = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = sample
    spec.loader.exec_module(sample)
    docs = sample.write_docs(tmp_path / "project")
    done = run("index", "build", "--docs", docs, "--out", tmp_path / "index", "--quiet", "--json")
    assert done.exit_code == 0
    outcome = json.loads(done.stdout)
    base = KnowledgeBase.open(tmp_path / "index")
    assert outcome["counts"]["declarations"] == len(base.declarations) > 0
    assert base.manifest.mathlib_commit == sample.COMMIT


def test_a_build_needs_one_source(tmp_path: Path, checkout: Path) -> None:
    for sources in ((), ("--mathlib", checkout, "--docs", tmp_path)):
        line = assert_error(run("index", "build", *sources, "--out", tmp_path / "index"), 2)
        assert "give --mathlib or --docs" in line


@pytest.mark.usefixtures("encoder")
def test_build_in_words_and_build_again(tmp_path: Path, checkout: Path) -> None:
    out = tmp_path / "index"
    command = ("index", "build", "--mathlib", checkout, "--out", out, "--quantise", "none", "--no-docstrings")
    for extra in ((), ("--no-cache",)):
        done = run(*command, *extra)
        assert done.exit_code == 0
        first = done.stdout.splitlines()[0]
        assert str(out) in first
        assert "0 parse errors" in first
    before = {p.name: p.stat().st_mtime_ns for p in out.iterdir()}
    assert run(*command).stdout.startswith(f"{out}: nothing has changed")
    assert {p.name: p.stat().st_mtime_ns for p in out.iterdir()} == before
    base = KnowledgeBase.open(out)
    assert base.manifest.settings["quantisation"] == "none"
    assert base.manifest.docstrings is False
    assert "docstring" not in base.definition_columns


@pytest.mark.usefixtures("encoder")
def test_broken_files_are_warnings_with_their_line(tmp_path: Path, mathlib_sample: ModuleType) -> None:
    folder = mathlib_sample.write_broken(tmp_path / "mathlib")
    done = run("index", "build", "--mathlib", folder, "--out", tmp_path / "index", "--quiet", "--json")
    assert done.exit_code == 0
    warnings = sorted(done.stderr.splitlines())
    assert [w.split(": ")[2] for w in warnings] == [
        "Mathlib/Broken/Bytes.lean:1",
        "Mathlib/Broken/Comment.lean:3",
        "Mathlib/Broken/End.lean:3",
        "Mathlib/Broken/String.lean:1",
    ]
    assert all(w.startswith("cramf: warning: ") for w in warnings)
    assert len(json.loads(done.stdout)["errors"]) == 4


def test_build_from_no_checkout(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "none", tmp_path / "empty", tmp_path / "file", checkout / "Mathlib"):
        line = assert_error(run("index", "build", "--mathlib", place, "--out", tmp_path / "index"), 2)
        assert "--mathlib" in line
    assert not (tmp_path / "index").exists()


@pytest.mark.usefixtures("encoder")
def test_build_over_what_is_no_index(tmp_path: Path, checkout: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("x")
    done = run("index", "build", "--mathlib", checkout, "--out", out, "--quiet")
    assert "--out" in assert_error(done, 4)
    assert [p.name for p in out.iterdir()] == ["chapter.tex"]


@pytest.mark.usefixtures("encoder")
def test_build_below_a_file(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = run("index", "build", "--mathlib", checkout, "--out", tmp_path / "file" / "index", "--quiet")
    assert_error(done, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        ("build",),
        ("build", "--mathlib", "x"),
        ("build", "--mathlib", "x", "--out", "y", "--quantise", "3bit"),
        ("build", "--mathlib", "x", "--out", "y", "--workers", "0"),
        ("info", "--nonsense"),
        ("nonsense",),
    ],
)
def test_wrong_options(arguments: tuple[str, ...]) -> None:
    assert "see `cramf index" in assert_error(run("index", *arguments), 2)


def test_an_encoder_that_is_none(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "model").mkdir()
    done = run(
        "index",
        "build",
        "--mathlib",
        checkout,
        "--out",
        tmp_path / "index",
        "--encoder",
        tmp_path / "model",
        "--quiet",
    )
    assert done.exit_code == 4
    assert done.stderr.splitlines()[-1].startswith("cramf: error: the encoder")
    assert not (tmp_path / "index").exists()


def test_info(sample_index: Path) -> None:
    done = run("index", "info", "--index", sample_index, "--json")
    assert done.exit_code == 0
    outcome = json.loads(done.stdout)
    assert outcome["path"] == str(sample_index)
    assert outcome["files"] == 9
    assert outcome["mathlib_commit"] == "0123abc"
    assert outcome["encoder"] == "hash-test-encoder"
    assert outcome["quantisation"] == "none"
    assert outcome["bytes"] == sum(
        p.stat().st_size for p in sample_index.iterdir() if p.name != "manifest.json"
    )
    words = run("index", "info", "--index", sample_index)
    assert words.exit_code == 0
    keys = [line.split()[0] for line in words.stdout.splitlines()]
    assert keys == list(outcome)


def test_info_by_the_environment(sample_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    assert json.loads(run("index", "info", "--json").stdout)["mathlib_commit"] == "0123abc"


def test_info_of_nothing(tmp_path: Path) -> None:
    assert "cramf index build" in assert_error(run("index", "info", "--index", tmp_path / "none"), 4)


def test_info_of_a_partial_index(tmp_path: Path, sample_index: Path) -> None:
    copy = Path(shutil.copytree(sample_index, tmp_path / "copy"))
    (copy / "votes.npz").unlink()
    assert "votes.npz" in assert_error(run("index", "info", "--index", copy), 4)


@pytest.mark.parametrize(
    "arguments", [("index", "--help"), ("index", "build", "-h"), ("index", "info", "-h")]
)
def test_help(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.exit_code == 0
    assert done.stdout.startswith("Usage:")
