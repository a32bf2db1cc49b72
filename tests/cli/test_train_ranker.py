"""`cramf index train-ranker`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from cramf.retrieval import training
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.ranker import MANIFEST, MODEL, load_ranker


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["index", "train-ranker", *map(str, arguments)], prog_name="cramf")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, hash_encoder: Encoder) -> None:
    """The sample is enough to train on: what it states is taken as it is, and its names are concepts."""
    monkeypatch.setattr("cramf.retrieval.encoder.load_encoder", lambda name=None: hash_encoder)
    monkeypatch.setattr(training, "states_something", lambda docstring, module: True)
    monkeypatch.setattr(training, "held_out", lambda module: module.endswith("Prime"))
    monkeypatch.setattr(
        training, "_named_definitions", lambda evidence, ontology: evidence.counts == evidence.counts
    )


@pytest.mark.usefixtures("small")
def test_it_writes_a_ranker_that_loads(sample_index: Path, tmp_path: Path) -> None:
    done = run("--index", sample_index, "--out", tmp_path / "ranker", "--quiet", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert printed == json.loads((tmp_path / "ranker" / MANIFEST).read_text(encoding="utf-8"))
    assert load_ranker(tmp_path / "ranker").note["sha256"] == printed["sha256"]
    for name in (MODEL, MANIFEST):
        assert (tmp_path / "ranker" / name).stat().st_mode & 0o777 == 0o644


@pytest.mark.usefixtures("small")
def test_for_people(sample_index: Path, tmp_path: Path) -> None:
    done = run("--index", sample_index, "--out", tmp_path / "ranker", "--queries", "5", "--seed", "3")
    assert done.exit_code == 0
    assert "ranker" in done.stdout
    assert "R@5" in done.stdout
    assert "cramf: encoding 5 queries" in done.stderr


def test_the_shipped_index_has_no_docstrings(tmp_path: Path) -> None:
    from cramf.environment import default_index

    done = run("--index", default_index(), "--out", tmp_path / "ranker")
    assert done.exit_code == 2
    assert "no docstrings" in done.stderr
    assert not (tmp_path / "ranker").exists()
