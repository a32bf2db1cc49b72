"""Fixtures that several rooms share: a small checkout, a deterministic encoder, and an index of both."""

from __future__ import annotations

import hashlib
import importlib.util
import signal
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings

# Machines that run the tests are shared, so a slow example is no failure.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

# A shell that runs CI in the background hands down an ignored Ctrl-C, which the tests of it would never see.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

DIMENSIONS = 48


class HashEncoder:
    """Texts to unit vectors: each word adds a vector that its SHA-256 decides. No model, no chance."""

    name = "hash-test-encoder"
    dimensions = DIMENSIONS

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]:
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for number, text in enumerate(texts):
            for word in text.lower().replace(".", " ").replace(":", " ").split() or [""]:
                digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()
                signs = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))[:DIMENSIONS]
                rows[number] += signs.astype(np.float32) - 0.45
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.maximum(lengths, 1e-9)


def _sample_module() -> ModuleType:
    path = Path(__file__).parent / "knowledge" / "mathlib_sample.py"
    spec = importlib.util.spec_from_file_location("mathlib_sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def mathlib_sample() -> ModuleType:
    """The module `tests/knowledge/mathlib_sample.py`."""
    return _sample_module()


@pytest.fixture(scope="session")
def hash_encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory, mathlib_sample: ModuleType) -> Path:
    """The sample checkout; not to be written to."""
    return mathlib_sample.write_checkout(tmp_path_factory.mktemp("mathlib"))


@pytest.fixture(scope="session")
def sample_index(tmp_path_factory: pytest.TempPathFactory, checkout: Path, hash_encoder: HashEncoder) -> Path:
    """An index of the sample checkout, made with the hashing encoder; not to be written to."""
    from cramf.knowledge.builder import build_from_checkout, checkout_info
    from cramf.retrieval.indexing import write_index

    out = tmp_path_factory.mktemp("index") / "sample"
    info = checkout_info(checkout, "0123abc")
    write_index(build_from_checkout(checkout, 1), info, hash_encoder, out, quantise="none")
    return out


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's own caches."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("CRAMF_CACHE", str(folder / "build.sqlite"))
    monkeypatch.setenv("CRAMF_VERDICTS", str(folder / "verdicts.sqlite"))
