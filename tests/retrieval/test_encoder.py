"""Encoders that remember, and the threads that one text is encoded with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from cramf.retrieval import encoder as module
from cramf.retrieval.encoder import Encoder, RememberingEncoder, load_encoder


class Counting:
    """Counts the texts that it is asked for."""

    name = "counting"
    dimensions = 2

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32).reshape(len(texts), 2)


def test_what_is_remembered_is_not_asked_again() -> None:
    inner = Counting()
    remembering: Encoder = RememberingEncoder(inner)
    first = remembering.encode(["a", "bcd", "a"])
    assert first.tolist() == [[1.0, 1.0], [3.0, 1.0], [1.0, 1.0]]
    assert remembering.encode(["bcd", "ef"]).tolist() == [[3.0, 1.0], [2.0, 1.0]]
    assert inner.asked == ["a", "bcd", "ef"]
    assert remembering.encode([]).shape == (0, 2)
    assert (remembering.name, remembering.dimensions) == ("counting", 2)


@pytest.mark.slow
def test_one_thread_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    before = torch.get_num_threads()
    encoder = load_encoder()
    vectors = []
    try:
        torch.set_num_threads(2)
        for busy in (True, False):
            monkeypatch.setattr(module, "_busy", lambda busy=busy: busy)
            seen: list[int] = []
            model = encoder._model()
            whole = model.forward

            def spy(*arguments: object, whole=whole, seen=seen, **options: object) -> object:  # type: ignore[no-untyped-def]
                seen.append(torch.get_num_threads())
                return whole(*arguments, **options)

            monkeypatch.setattr(model, "forward", spy)
            vectors.append(encoder.encode(["every compact set is closed"]))
            encoder.encode(["one", "two", "three"])
            monkeypatch.setattr(model, "forward", whole)
            assert seen == [1 if busy else 2, 2]
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


@pytest.mark.slow
def test_few_texts_are_encoded_as_many_are() -> None:
    encoder = load_encoder()
    texts = ["every compact set is closed", "word " * 400, "∀ ε > 0, ∃ δ > 0", ""]
    many = encoder.encode(texts)
    assert many.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1.0, atol=1e-5)
    for number, text in enumerate(texts):
        np.testing.assert_allclose(encoder.encode([text])[0], many[number], atol=1e-5)
