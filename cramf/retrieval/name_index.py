"""Definitions found by the words that their names are made of.

A name is covered by a statement as far as the statement says its words, each weighted by how rare it is among
names. The last part of a name counts for itself, since `Subgroup.Normal` is mostly said as "normal".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cramf.retrieval.query_terms import hollow, name_roots

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["NameIndex", "compile_names"]

Floats = npt.NDArray[np.float64]

_HOLLOW_WEIGHT = 0.1


@dataclass(frozen=True)
class NameIndex:
    """Shares of words in names: both matrices have shape (words, definitions), columns sum to one."""

    words: Mapping[str, int]
    last: csr_matrix
    full: csr_matrix

    def coverage(self, roots: Collection[str]) -> tuple[Floats, Floats]:
        """How much of the last part and of the whole of every name `roots` say, each in [0, 1]."""
        rows = sorted({self.words[root] for root in roots if root in self.words})
        # Rounded shares may sum to a little more than the whole.
        return np.minimum(_sum_rows(self.last, rows), 1.0), np.minimum(_sum_rows(self.full, rows), 1.0)


def _sum_rows(matrix: csr_matrix, rows: Sequence[int]) -> Floats:
    total = np.zeros(matrix.shape[1])
    for row in rows:
        begin, end = matrix.indptr[row], matrix.indptr[row + 1]
        total[matrix.indices[begin:end]] += matrix.data[begin:end]
    return total


def compile_names(names: Sequence[str]) -> NameIndex:
    """The index of names, in their order."""
    last = [frozenset(name_roots(name.rsplit(".", 1)[-1])) for name in names]
    full = [frozenset(name_roots(name)) for name in names]
    words = {word: row for row, word in enumerate(sorted(set().union(*full, *last)))}
    return NameIndex(words, _shares(last, words), _shares(full, words))


def _shares(parts: Sequence[frozenset[str]], words: Mapping[str, int]) -> csr_matrix:
    from scipy.sparse import csr_matrix

    rows = np.array([words[word] for part in parts for word in sorted(part)], dtype=np.int64)
    columns = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    containing = np.bincount(rows, minlength=len(words))
    rarity = np.log1p(len(parts) / np.maximum(containing, 1))
    for word, row in words.items():
        if hollow(word):
            rarity[row] *= _HOLLOW_WEIGHT
    weights = rarity[rows]
    totals = np.bincount(columns, weights=weights, minlength=len(parts))
    values = (weights / totals[columns]).astype(np.float32)
    return csr_matrix((values, (rows, columns)), shape=(len(words), len(parts)))
