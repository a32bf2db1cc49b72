"""The graph of definitions that statements use together.

The weight of an edge is the share of the statements with the one definition that use the other too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["used_together"]

_PIECE = 2048


def used_together(statements: csr_matrix, most: int = 40, least: float = 0.01) -> csr_matrix:
    """P(column | row) for the `most` likely columns of each row, each at least `least`.

    `statements` has shape (statements, definitions), with a one where a statement uses a definition; the
    result has shape (definitions, definitions) and an empty diagonal.
    """
    from scipy.sparse import csr_matrix

    matrix = statements.astype(np.float32).tocsr()
    users = matrix.T.tocsr()
    counts = np.diff(users.indptr)
    size = matrix.shape[1]
    indices: list[np.ndarray] = []
    values: list[np.ndarray] = []
    ends = [0]
    for start in range(0, size, _PIECE):
        together = (users[start : start + _PIECE] @ matrix).tocsr()
        for offset in range(together.shape[0]):
            row = start + offset
            begin, end = together.indptr[offset], together.indptr[offset + 1]
            columns = together.indices[begin:end]
            share = together.data[begin:end] / max(int(counts[row]), 1)
            chosen = np.flatnonzero((share >= least) & (columns != row))
            # Ties by column, so that the graph does not hang on the order of the product.
            order = np.lexsort((columns[chosen], -share[chosen]))[:most]
            kept = chosen[order][np.argsort(columns[chosen][order])]
            indices.append(columns[kept])
            values.append(share[kept])
            ends.append(ends[-1] + len(kept))
    data = np.concatenate(values) if values else np.zeros(0, dtype=np.float32)
    place = np.concatenate(indices) if indices else np.zeros(0, dtype=np.int32)
    return csr_matrix((data.astype(np.float32), place, np.array(ends)), shape=(size, size))
