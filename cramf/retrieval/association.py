"""Which definitions go with which terms, learned from Mathlib's documented theorems alone.

IBM Model 1 (Brown et al., "The Mathematics of Statistical Machine Translation", 1993), as Berger and
Lafferty ("Information Retrieval as Statistical Translation", 1999) use it for retrieval: the docstring of a
theorem is one language, the definitions in its statement the other, and expectation maximisation finds which
term of the docstring accounts for which definition. A term that occurs seldom is shrunk towards saying
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Association", "TermScores", "learn_association"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SHRINKAGE = 5.0
"""Occurrences without any definition that every term is given beforehand."""
_SPEAKS = 0.05
"""A term speaks for a definition from this expected number of uses on."""


@dataclass(frozen=True, slots=True)
class TermScores:
    """What the terms of one statement say of every definition; all arrays have shape (definitions,)."""

    total: Floats
    best: Floats
    speaking: Floats
    """How many terms speak for the definition."""
    joint: Floats
    """Sum of squared conditional frequencies."""
    joint_best: Floats
    lift: Floats
    """Sum over terms of log(1 + P(definition | term) / P(definition)), per term of the statement."""


@dataclass(frozen=True)
class Association:
    """Terms and what they say of definitions.

    `account` holds the expected uses of a definition that an occurrence of a term accounts for, `frequency`
    the shrunk share of the term's statements that use it; both have shape (terms, definitions) and one
    sparsity pattern. `prior` is the share of all statements that use each definition.
    """

    terms: Mapping[str, int]
    account: csr_matrix
    frequency: csr_matrix
    prior: Floats

    def scores(self, terms: Sequence[str]) -> TermScores:
        """Scores of all definitions for a statement with these `terms`; unknown ones say nothing."""
        size = self.account.shape[1]
        rows = np.array(sorted(self.terms[t] for t in terms if t in self.terms), dtype=np.int64)
        starts = self.account.indptr
        places = [np.arange(starts[row], starts[row + 1]) for row in rows]
        place = np.concatenate(places) if places else np.zeros(0, dtype=np.int64)
        columns = self.account.indices[place]
        account = self.account.data[place].astype(np.float64)
        frequency = self.frequency.data[place].astype(np.float64)
        best, joint_best = np.zeros(size), np.zeros(size)
        np.maximum.at(best, columns, account)
        np.maximum.at(joint_best, columns, frequency)

        def summed(values: Floats) -> Floats:
            return np.bincount(columns, weights=values, minlength=size).astype(np.float64, copy=False)

        return TermScores(
            total=summed(account),
            best=best,
            speaking=summed((account > _SPEAKS).astype(np.float64)),
            joint=summed(frequency**2),
            joint_best=joint_best,
            lift=summed(np.log1p(frequency / (self.prior[columns] + 1e-4))) / max(len(rows), 1),
        )


def learn_association(
    statements: Sequence[Sequence[str]],
    used: Sequence[Sequence[int]],
    definitions: int,
    rounds: int = 6,
    fewest: int = 2,
    keep: float = 0.0,
) -> Association:
    """Learn from `statements`, the terms of each, and `used`, the definitions (row numbers) of each.

    Terms that occur fewer than `fewest` times are left out, and entries that account for less than `keep` of
    a use unless their frequency is ten times that.
    """
    from scipy.sparse import csr_matrix

    counts = Counter(term for terms in statements for term in terms)
    known = {t: n for n, t in enumerate(sorted(t for t, c in counts.items() if c >= fewest), start=1)}
    # Row 0 is the empty term, which accounts for what no term explains.
    occurrences = np.array([len(statements), *(counts[t] for t in known)], dtype=np.float64)
    cells, pairs, number = _cells(statements, used, known, definitions)
    unique, inverse = np.unique(cells, return_inverse=True)
    rows, columns = unique // max(definitions, 1), unique % max(definitions, 1)
    together = np.bincount(inverse, minlength=len(unique)).astype(np.float64)
    account = together / occurrences[rows]
    for _ in range(rounds):
        share = account[inverse]
        share /= np.bincount(pairs, weights=share, minlength=number)[pairs]
        expected = np.bincount(inverse, weights=share, minlength=len(unique))
        account = expected / (occurrences[rows] + _SHRINKAGE)
    frequency = together / (occurrences[rows] + _SHRINKAGE)
    chosen = (rows > 0) & ((account >= keep) | (frequency >= 10 * keep))
    place = (rows[chosen] - 1, columns[chosen])
    shape = (len(known), definitions)
    flat = [row for rows_used in used for row in rows_used]
    prior = np.bincount(np.array(flat, dtype=np.int64), minlength=definitions) / max(len(statements), 1)
    return Association(
        {term: row - 1 for term, row in known.items()},
        csr_matrix((account[chosen].astype(np.float32), place), shape=shape),
        csr_matrix((frequency[chosen].astype(np.float32), place), shape=shape),
        prior,
    )


def _cells(
    statements: Sequence[Sequence[str]],
    used: Sequence[Sequence[int]],
    known: Mapping[str, int],
    definitions: int,
) -> tuple[Ints, Ints, int]:
    """Every (term, definition) of every statement as one number, the (statement, definition) pair that it
    belongs to, and how many pairs there are."""
    cells: list[Ints] = []
    pairs: list[Ints] = []
    number = 0
    for terms, rows in zip(statements, used, strict=True):
        words = np.array([0, *(known[t] for t in terms if t in known)], dtype=np.int64)
        meant = np.array(rows, dtype=np.int64)
        cells.append((words[None, :] * definitions + meant[:, None]).ravel())
        pairs.append(np.repeat(np.arange(number, number + len(meant)), len(words)))
        number += len(meant)
    if not cells:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), 0
    return np.concatenate(cells), np.concatenate(pairs), number
