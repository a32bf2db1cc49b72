"""`cramf index build --executor ray`: the index that is built without it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from cramf.knowledge.cache import code_version

pytest.importorskip("ray")


def build(checkout: Path, out: Path, *options: str) -> Result:
    arguments = ["--mathlib", str(checkout), "--out", str(out), "--commit", "abc123", "--quiet", "--no-cache"]
    return CliRunner().invoke(main, ["index", "build", *arguments, *options], prog_name="cramf")


def digests(folder: Path) -> dict[str, str]:
    """Files by name; the manifest holds the time at which it was written, if it does."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name != "manifest.json"
    }


@pytest.mark.slow
def test_the_same_index_bit_for_bit(tmp_path: Path, checkout: Path) -> None:
    code_version.cache_clear()
    done = build(checkout, tmp_path / "local", "--workers", "1", "--quantise", "none")
    assert done.exit_code == 0
    done = build(
        checkout, tmp_path / "ray", "--executor", "ray", "--workers", "2", "--quantise", "none", "--json"
    )
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["counts"]["definitions"] > 10
    local = digests(tmp_path / "local")
    assert "definitions.faiss" in local
    assert digests(tmp_path / "ray") == local


def test_an_address_without_ray(tmp_path: Path, checkout: Path) -> None:
    done = build(checkout, tmp_path / "out", "--address", "127.0.0.1:6379")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "cramf: error: --address names a Ray cluster; add --executor ray\n"


def test_no_cluster_there(tmp_path: Path, checkout: Path) -> None:
    done = build(checkout, tmp_path / "out", "--executor", "ray", "--address", "127.0.0.1:9")
    assert (done.exit_code, done.stdout) == (4, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("cramf: error: no Ray cluster answers at 127.0.0.1:9")
    assert not (tmp_path / "out").exists()
