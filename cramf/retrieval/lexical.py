"""BM25 as `rank_bm25.BM25Okapi` defines it, compiled once into a sparse matrix.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the
floor on negative inverse document frequencies that rank_bm25 uses (epsilon 0.25 of the average).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["LexicalIndex", "compile_bm25"]


def compile_bm25(
    documents: Sequence[Sequence[str]], k1: float = 1.5, b: float = 0.75, epsilon: float = 0.25
) -> LexicalIndex:
    """Weights of every term in every document, so that a query is one sparse product.

    The score of a document is the sum of its weights over the query's terms, each as often as the
    query says it: exactly `BM25Okapi(documents, k1, b, epsilon).get_scores(query)`.
    """
    from scipy.sparse import csr_matrix

    lengths = np.array([len(d) for d in documents], dtype=np.float64)
    average = float(lengths.mean()) if len(documents) and lengths.any() else 1.0
    terms: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    counts: list[int] = []
    for number, document in enumerate(documents):
        for term, count in Counter(document).items():
            rows.append(terms.setdefault(term, len(terms)))
            columns.append(number)
            counts.append(count)
    row = np.array(rows, dtype=np.int64)
    column = np.array(columns, dtype=np.int64)
    frequency = np.array(counts, dtype=np.float64)
    containing = np.bincount(row, minlength=len(terms)) if len(terms) else np.zeros(0)
    idf = np.log(len(documents) - containing + 0.5) - np.log(containing + 0.5)
    if len(idf):
        idf[idf < 0] = epsilon * float(idf.mean())
    weights = idf[row] * frequency * (k1 + 1)
    weights /= frequency + k1 * (1 - b + b * lengths[column] / average)
    matrix = csr_matrix((weights, (row, column)), shape=(len(terms), len(documents)), dtype=np.float64)
    return LexicalIndex(terms, matrix)


@dataclass(frozen=True)
class LexicalIndex:
    """BM25 weights, shape (terms, documents), and the row of each term."""

    terms: Mapping[str, int]
    weights: csr_matrix

    def scores(self, query: Iterable[str]) -> npt.NDArray[np.float64]:
        """Score of every document, shape (documents,); unknown terms count nothing."""
        known = Counter(self.terms[t] for t in query if t in self.terms)
        total: npt.NDArray[np.float64] = np.zeros(self.weights.shape[1])
        data, indices, starts = self.weights.data, self.weights.indices, self.weights.indptr
        # Slices of the rows at hand beat a general sparse product, which copies its operands.
        for row, count in known.items():
            begin, end = starts[row], starts[row + 1]
            total[indices[begin:end]] += count * data[begin:end]
        return total
