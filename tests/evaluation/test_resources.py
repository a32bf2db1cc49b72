"""What results depend on, told apart by checksums."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from cramf.errors import InputError, KnowledgeBaseError
from cramf.evaluation.resources import (
    CheckerSpec,
    ModelSpec,
    docstrings_record,
    folder_sha256,
    index_record,
    model_files_record,
    one_torch_thread,
    ranking_record,
)
from cramf.formalize.models.opening import ModelOptions


def test_an_index_is_known_by_its_manifest(sample_index: Path, tmp_path: Path) -> None:
    record = index_record(sample_index)
    manifest = (sample_index / "manifest.json").read_bytes()
    assert record["sha256"] == hashlib.sha256(manifest).hexdigest()
    assert record["mathlib_commit"] == "0123abc" and record["encoder"] == "hash-test-encoder"
    copy = tmp_path / "copy"
    shutil.copytree(sample_index, copy)
    assert index_record(copy) == record
    (copy / "manifest.json").write_text(json.dumps({**json.loads(manifest), "mathlib_commit": "f"}))
    assert index_record(copy)["sha256"] != record["sha256"]


def test_the_default_index(sample_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    assert index_record() == index_record(sample_index)


def test_no_index_is_told(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError):
        index_record(tmp_path)


def test_a_folder_is_known_by_names_and_content(tmp_path: Path) -> None:
    def folder(name: str, **files: str) -> str:
        (tmp_path / name / "deep").mkdir(parents=True)
        for file, text in files.items():
            (tmp_path / name / "deep" / file).write_text(text)
        return folder_sha256(tmp_path / name)

    first = folder("one", a="1", b="2")
    assert folder("same", b="2", a="1") == first and len(first) == 64
    assert (
        len({first, folder("other", a="1", b="3"), folder("named", a="1", c="2"), folder("less", a="1")}) == 4
    )
    assert folder_sha256(tmp_path / "none") == ""


def test_the_ranker_and_the_ontology_are_there() -> None:
    record = ranking_record()
    assert set(record) == {"ranker", "ontology"} and all(len(sha) == 64 for sha in record.values())


def test_what_answers_of_a_model_depend_on() -> None:
    spec = ModelSpec("openai:m", ModelOptions(base_url="http://x"), 0.5, 100, 7, budget_tokens=5)
    told = spec.settings()
    assert told == {
        "spec": "openai:m",
        "base_url": "http://x",
        "files": "",
        "recorded": None,
        "device": "auto",
        "dtype": "auto",
        "temperature": 0.5,
        "max_tokens": 100,
        "seed": 7,
    }
    # What a run may cost is no matter of what it finds.
    assert ModelSpec("openai:m", ModelOptions(base_url="http://x"), 0.5, 100, 7).settings() == told


def test_the_server_that_answers_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert ModelSpec("openai:m").settings()["base_url"] == "https://api.openai.com/v1"
    # Going on with another server behind the variable would mix the answers of two.
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:hunter2@one:8000/v1")
    assert ModelSpec("openai:m").settings()["base_url"] == "http://one:8000/v1"
    given = ModelOptions(base_url="https://k:hunter2@two/v1", api_key="sk-secret")
    told = json.dumps(ModelSpec("openai:m", given).settings())
    assert "https://two/v1" in told and "hunter2" not in told and "secret" not in told
    with pytest.raises(InputError):
        ModelSpec("openai:m", ModelOptions(base_url="two")).settings()
    with pytest.raises(InputError):
        ModelSpec("nothing:m").settings()


def test_a_recording_and_a_local_model_are_known_by_their_files(tmp_path: Path) -> None:
    recording, model = tmp_path / "r.jsonl", tmp_path / "model"
    model.mkdir()
    weights = model / "model.safetensors"

    def both() -> tuple[str, str]:
        return tuple(  # type: ignore[return-value]
            ModelSpec(spec).settings()["files"] for spec in (f"replay:{recording}", f"local:{model}")
        )

    assert both() == ("", model_files_record(model))
    recording.write_text("{}\n")
    weights.write_bytes(b"a" * (5 << 20))
    first = both()
    assert all(len(told) == 64 for told in first) and both() == first
    recording.write_text("{}\n{}\n")
    weights.write_bytes(b"a" * ((5 << 20) - 1) + b"b")
    assert not set(both()) & set(first)
    # The same files elsewhere are the same model.
    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    assert model_files_record(copy) == model_files_record(model)
    (copy / "config.json").write_text("{}")
    assert model_files_record(copy) != model_files_record(model)
    assert ModelSpec("local:someone/on-the-hub").settings()["files"] == ""


def test_the_checkout_that_docstrings_are_read_from(
    sample_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "Mathlib" / "A.lean"
    source.parent.mkdir()
    source.write_text("/-- One. -/ def a := 1")
    bare = tmp_path / "bare"
    shutil.copytree(sample_index, bare)
    manifest = json.loads((bare / "manifest.json").read_text())
    (bare / "manifest.json").write_text(json.dumps({**manifest, "docstrings": False}))
    monkeypatch.setenv("CRAMF_MATHLIB", str(tmp_path))
    assert docstrings_record(sample_index) == "", "it has its own"
    first = docstrings_record(bare)
    assert len(first) == 64
    source.write_text("/-- Another one. -/ def a := 1")
    assert docstrings_record(bare) not in (first, "")
    monkeypatch.setenv("CRAMF_MATHLIB", str(tmp_path / "nowhere"))
    assert docstrings_record(bare) == ""


def test_what_verdicts_depend_on(sample_index: Path) -> None:
    static = CheckerSpec("static", sample_index).settings()
    assert static["index"] == index_record(sample_index) and len(static["core"]) == 64
    lean = CheckerSpec("repl", timeout_seconds=5.0, workers=8).settings()
    assert (lean["name"], lean["timeout_seconds"], lean["identity"]["checker"]) == ("repl", 5.0, "repl")
    assert lean["identity"]["toolchain"].startswith("leanprover/lean4:")
    assert CheckerSpec("repl", timeout_seconds=5.0, memory_bytes=1 << 30).settings() != lean
    # How many work at once changes no verdict.
    assert CheckerSpec("repl", timeout_seconds=5.0, workers=2).settings() == lean


def test_a_checker_is_opened_and_closed(sample_index: Path) -> None:
    from cramf.check.verdict import Candidate, Status

    with CheckerSpec("static", sample_index).open() as checker:
        candidate = Candidate("t", "", "theorem t (n : Nat) : n = n := by sorry")
        assert checker.check(candidate).status is Status.VALID


def test_torch_works_in_one_thread_meanwhile() -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyError), one_torch_thread():
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
