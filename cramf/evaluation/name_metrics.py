"""Name-level precision and recall: the declarations that a statement uses against those of its reference.

A reference's names are those that Lean's printer shows of the elaborated statement (ProofNet's
`mathlib_dependencies`): no notation, no type ascription, and no binder type under an existential quantifier,
a function or a set builder. A statement's own are read without Lean in the same way, so the figures have a
ceiling, which the references' own statements show: `eval/proofnet_dependencies.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cramf.check.verdict import Candidate
from cramf.evaluation.intervals import RESAMPLES, SEED, Floats, Interval, ratio_intervals
from cramf.knowledge.extract import extract_text
from cramf.knowledge.resolution import Place, Spoken, resolver_of
from cramf.knowledge.vocabulary import Vocabulary

__all__ = ["NAME_METRICS", "NameReader", "NameReport", "Names", "name_parts", "name_report"]

NAME_METRICS = ("precision", "recall", "F1", "mean precision", "mean recall", "mean F1")
"""Micro-averaged over names, and the means of each statement's own."""
_CHAIN = 8
"""Renamings of one name that are followed; more would be a circle."""


@dataclass(frozen=True, slots=True)
class Names:
    """One statement: the names that it uses, None where nothing was written; and the reference's, None where
    nobody says what they are."""

    used: frozenset[str] | None
    gold: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class NameReport:
    """Names over the `n` statements whose reference's names are known; `unlabelled` are the others.

    `unwritten` statements were not written and use no names: their recall is 0. `found` of the `gold` names
    are among the `used` ones. Each of `metrics` has its 95% interval over resampled statements.
    """

    n: int
    unlabelled: int
    unwritten: int
    gold: int
    used: int
    found: int
    metrics: dict[str, Interval]


class NameReader:
    """Reads the names that statements use, by the names of one Mathlib version."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._resolver, self._table = resolver_of(vocabulary)

    def used(self, candidate: Candidate, printed: bool = True) -> frozenset[str]:
        """Names of the library's declarations that a candidate's helper and statement use, as `present` has
        them; with `printed` only those that Lean's printer would show. What cannot be read uses nothing."""
        facts = extract_text(candidate.source, "Statement")
        names: set[str] = set()
        for raw in facts.declarations:
            place = Place(facts.contexts[raw.context], facts.module, self._table)
            used = self._resolver.statement(Spoken(raw.words, raw.hidden, raw.dots, raw.runs), place)
            names.update(name for name, shown in used.named.items() if shown or not printed)
        return self.present(names)

    def present(self, names: Collection[str]) -> frozenset[str]:
        """Each name under the one that it has today: aliases and deprecations followed.

        One that the index does not know stays as it is, and so counts as missed where it is gold.
        """
        return frozenset(self._present(name) for name in names)

    def _present(self, name: str) -> str:
        for _ in range(_CHAIN):
            name = self._vocabulary.aliases.get(name, name)
            known = self._vocabulary.declarations.get(name)
            if known is None or not known.deprecated:
                break
            name = known.deprecated
        return name


def name_parts(rows: Sequence[Names]) -> Floats:
    """What each row adds to numerator and denominator of each of `NAME_METRICS`, shape (rows, metrics, 2).

    So that two runs can be compared by `cramf.evaluation.comparison.compare_ratios`; rows whose reference's
    names are not known add nothing.
    """
    parts = np.zeros((len(rows), len(NAME_METRICS), 2))
    for own, row in zip(parts, rows, strict=True):
        if row.gold is None:
            continue
        names = row.used or frozenset()
        found, used, gold = len(names & row.gold), len(names), len(row.gold)
        own[0], own[1], own[2] = (found, used), (found, gold), (2 * found, used + gold)
        if gold:
            own[4] = found / gold, 1
        if used or gold:
            own[3] = (found / used if used else 0), 1
            own[5] = 2 * found / (used + gold), 1
    return parts


def name_report(rows: Sequence[Names], samples: int = RESAMPLES, seed: int = SEED) -> NameReport:
    """Precision, recall and F1 of the names used, micro- and macro-averaged, with 95% intervals.

    Micro: names found, over all names used (precision) or all gold ones (recall); F1 is twice the names
    found over both together. Macro (`mean …`): each statement's own precision, recall and F1, averaged
    over the statements with names to count: recall over those with gold names; precision and F1 over those
    that use or want any, and precision is 0 where there are gold names and none is used. (Manning, Raghavan
    and Schütze, "Introduction to Information Retrieval", 2008, sections 8.3 and 13.6.)

    Statements that were not written count as using no names. Nothing over nothing is 0.
    """
    known = [row for row in rows if row.gold is not None]
    parts = name_parts(known)
    measured = ratio_intervals(parts, samples, seed)
    found, used = parts[:, 0].sum(axis=0)
    return NameReport(
        n=len(known),
        unlabelled=len(rows) - len(known),
        unwritten=sum(row.used is None for row in known),
        gold=int(parts[:, 1, 1].sum()),
        used=int(used),
        found=int(found),
        metrics=dict(zip(NAME_METRICS, measured, strict=True)),
    )
