"""The encoder that is spread over a Ray cluster, against the encoder itself."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cramf.errors import ResourceError
from cramf.evaluation.ray_encoder import BATCH, RayEncoder
from cramf.knowledge.cache import code_version
from cramf.retrieval.encoder import DEFAULT_ENCODER, load_encoder

ray: Any = pytest.importorskip("ray")

WORDS = "group ring field compact open map sum prime of the every finite $x^2$ ℝ functor".split()


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    from cramf.evaluation.ray_cluster import cluster

    with cluster(None, 2):
        yield


@pytest.fixture(scope="module")
def works() -> Iterator[ModuleType]:
    """`ray_works.py`, which workers get by value, for they cannot import it."""
    spec = importlib.util.spec_from_file_location("ray_works", Path(__file__).with_name("ray_works.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ray_works"] = module
    spec.loader.exec_module(module)
    ray.cloudpickle.register_pickle_by_value(module)
    yield module
    ray.cloudpickle.unregister_pickle_by_value(module)
    del sys.modules["ray_works"]


@pytest.fixture(autouse=True)
def code_as_it_is() -> None:
    """Workers refuse code that was changed after it was hashed here, as somebody may do between two tests."""
    code_version.cache_clear()


@pytest.mark.slow
def test_vectors_are_bit_for_bit_those_of_the_encoder() -> None:
    chance = random.Random(7)
    texts = [" ".join(chance.choices(WORDS, k=chance.randint(1, 30))) for _ in range(3 * BATCH + 5)]
    texts += ["", texts[0]]
    local = load_encoder()
    with RayEncoder(workers=2) as encoder:
        assert encoder.name == DEFAULT_ENCODER
        spread = encoder.encode(texts)
        assert spread.dtype == np.float32
        assert spread.tobytes() == local.encode(texts).tobytes()
        # The workers stay for the next texts, be they few, one or none.
        for some in (texts[:3], texts[:1]):
            assert encoder.encode(some).tobytes() == local.encode(some).tobytes()
        assert encoder.encode([]).shape == (0, local.dimensions)


def test_an_encoder_that_kills_its_process_is_told(works: ModuleType) -> None:
    with RayEncoder("any", workers=1, retries=0, load=works.fall_over) as encoder:
        assert encoder.encode(["a", "b"]).tolist() == [[1.0, 1.0]] * 2
        with pytest.raises(
            ResourceError, match="2 texts cannot be encoded: the process that worked on it died once"
        ):
            encoder.encode(["a", "poison"])
        # Others can still be encoded.
        assert encoder.encode(["c"]).shape == (1, 2)
    assert ray.is_initialized()


def test_a_model_that_is_not_there() -> None:
    with (
        RayEncoder("/no/such/model", workers=1) as encoder,
        pytest.raises(ResourceError, match="cannot be loaded"),
    ):
        encoder.encode(["a"])
