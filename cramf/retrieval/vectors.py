"""Unit vectors in a FAISS index, memory-mapped from disk and searched by inner product."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cramf.errors import KnowledgeBaseError

__all__ = ["VectorIndex"]

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class VectorIndex:
    """Vectors by row.

    What is stored in few bits is searched in eight, which FAISS scans faster (`python eval/vector_search.py`
    measures it); the copy is made on first use.
    """

    def __init__(self, index: Any) -> None:
        self._stored = index
        self._fast: Any = None
        self._lock = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> VectorIndex:
        """Map the file into memory.

        Raises:
            KnowledgeBaseError: where it is no FAISS index.
        """
        import faiss

        try:
            return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP))
        except RuntimeError:
            raise KnowledgeBaseError(
                f"{path} is no FAISS index", "rebuild it with `cramf index build`"
            ) from None

    def __len__(self) -> int:
        return int(self._stored.ntotal)

    @property
    def dimensions(self) -> int:
        return int(self._stored.d)

    def _searched(self) -> Any:
        with self._lock:
            if self._fast is None:
                self._fast = _in_eight_bits(self._stored)
            return self._fast

    def nearest(self, vectors: Vectors, number: int) -> tuple[Ints, Floats]:
        """Rows and cosines of the `number` nearest of each vector, best first; shapes (vectors, number)."""
        import faiss

        number = min(number, len(self))
        if not number:
            empty = (len(vectors), 0)
            return np.zeros(empty, dtype=np.int64), np.zeros(empty)
        if len(vectors) == 1:
            # One query is scanned by one core; waking the others costs more than it gains.
            faiss.omp_set_num_threads(1)
        found, rows = self._searched().search(vectors, number)
        return rows.astype(np.int64), found.astype(np.float64)

    def cosines(self, rows: Ints, vector: Vectors) -> Floats:
        """Cosine of some rows with one vector, shape (len(rows),)."""
        if not len(rows):
            return np.zeros(0)
        found: Floats = (self._searched().reconstruct_batch(rows) @ vector).astype(np.float64)
        return found

    def vector(self, row: int) -> Vectors:
        found: Vectors = self._stored.reconstruct(int(row))
        return found


def _in_eight_bits(index: Any) -> Any:
    import faiss

    if not isinstance(index, faiss.IndexScalarQuantizer) or not index.ntotal:
        return index
    if index.sq.qtype not in (faiss.ScalarQuantizer.QT_4bit, faiss.ScalarQuantizer.QT_6bit):
        return index
    vectors = index.reconstruct_n(0, index.ntotal)
    fast = faiss.IndexScalarQuantizer(index.d, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    fast.train(vectors)
    fast.add(vectors)
    return fast
