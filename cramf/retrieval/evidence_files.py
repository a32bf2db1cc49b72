"""Write the parts of an index that are computed from names, docstrings and statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cramf.knowledge.types import Definition, Usage
from cramf.retrieval.association import learn_association
from cramf.retrieval.graph import used_together
from cramf.retrieval.name_index import compile_names
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.query_terms import association_terms, informal_docstring

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["term_weights", "usage_terms", "write_association", "write_graph", "write_names", "write_terms"]

_KEEP = 0.002
"""Entries of the association below this are left out; `index/README.md` says what that costs."""


def write_terms(terms: Iterable[str], path: Path) -> None:
    """One term a line, in the order given."""
    path.write_text("\n".join(terms) + "\n", encoding="utf-8")


def _save(matrix: csr_matrix, path: Path) -> None:
    """Three significant digits are plenty for ranking, and rounded numbers pack to half the size."""
    from scipy.sparse import save_npz

    matrix.data = matrix.data.astype(np.float16).astype(np.float32)
    save_npz(path, matrix, compressed=True)


def write_names(definitions: Sequence[Definition], folder: Path) -> None:
    """The words of names."""
    index = compile_names([definition.name for definition in definitions])
    write_terms(index.words, folder / "name_words.txt")
    _save(index.last, folder / "name_last.npz")
    _save(index.full, folder / "name_full.npz")


def usage_terms(docstrings: Sequence[str], matcher: ConceptMatcher) -> list[list[str]]:
    """The terms of each docstring, said as a mathematician would."""
    terms: list[list[str]] = []
    for docstring in docstrings:
        text = informal_docstring(docstring)
        mentions, parts = matcher.find_with_parts(text)
        terms.append(association_terms(text, (*mentions, *parts)))
    return terms


def write_association(
    definitions: Sequence[Definition], usages: Sequence[Usage], matcher: ConceptMatcher, folder: Path
) -> None:
    """Which terms of docstrings go with which definitions."""
    row_of = {definition.name: row for row, definition in enumerate(definitions)}
    terms = usage_terms([usage.docstring for usage in usages], matcher)
    used = [[row_of[name] for name in usage.definitions] for usage in usages]
    learned = learn_association(terms, used, len(definitions), keep=_KEEP)
    write_terms(learned.terms, folder / "association_terms.txt")
    _save(learned.account, folder / "association.npz")
    _save(learned.frequency, folder / "association_frequency.npz")
    _save(term_weights(terms, learned.terms), folder / "usage_terms.npz")


def term_weights(statements: Sequence[Sequence[str]], terms: Mapping[str, int]) -> csr_matrix:
    """Unit vectors of statements over `terms`, weighted by rarity, as columns: shape (terms, statements).

    The product of a query's vector with it gives cosines (Salton and Buckley, "Term-weighting approaches in
    automatic text retrieval", 1988).
    """
    from scipy.sparse import csr_matrix

    places = [[terms[t] for t in found if t in terms] for found in statements]
    rows = np.array([row for found in places for row in found], dtype=np.int64)
    columns = np.repeat(np.arange(len(places)), [len(found) for found in places])
    rarity = np.log1p(len(places) / np.maximum(np.bincount(rows, minlength=len(terms)), 1))
    weights = rarity[rows]
    lengths = np.sqrt(np.bincount(columns, weights=weights**2, minlength=len(places)))
    values = (weights / lengths[columns]).astype(np.float32)
    return csr_matrix((values, (rows, columns)), shape=(len(terms), len(places)))


def write_graph(
    definitions: Sequence[Definition], dependencies: Mapping[str, Sequence[str]], folder: Path
) -> None:
    """Which definitions statements use together; what only notation brings in is left out."""
    from scipy.sparse import csr_matrix

    row_of = {d.name: row for row, d in enumerate(definitions) if d.usage_count}
    columns: list[int] = []
    ends = [0]
    for names in dependencies.values():
        columns += sorted(row_of[name] for name in names if name in row_of)
        if len(columns) > ends[-1]:
            ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    shape = (len(ends) - 1, len(definitions))
    statements: Any = csr_matrix((ones, np.array(columns, np.int32), np.array(ends, np.int32)), shape=shape)
    _save(used_together(statements), folder / "graph.npz")
