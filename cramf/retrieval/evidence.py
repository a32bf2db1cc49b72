"""Everything that the channels read of one index, as arrays; made once and shared by all threads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cramf.errors import KnowledgeBaseError
from cramf.knowledge.notations import CORE_NOTATION, notation_map
from cramf.knowledge.ontology import Ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Kind, Notation
from cramf.retrieval.association import Association
from cramf.retrieval.lexical import LexicalIndex
from cramf.retrieval.name_index import NameIndex
from cramf.retrieval.vectors import VectorIndex

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["DefinitionFacts", "Evidence", "area_of", "load_evidence"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_KIND_CODES = {kind.value: code for code, kind in enumerate(Kind)}


def area_of(module: str) -> str:
    """The part of Mathlib that a module belongs to: `Topology` of `Mathlib.Topology.Basic`."""
    parts = module.split(".", 2)
    return parts[1] if len(parts) > 1 else ""


@dataclass(frozen=True)
class DefinitionFacts:
    """Facts of the definitions, each an array of shape (definitions,)."""

    kind: Ints
    depth: Ints
    """Dots in the name."""
    words: Ints
    """Words in the name."""
    deprecated: npt.NDArray[np.bool_]
    area: Ints
    twin: Ints
    """Row of the multiplicative or additive twin, -1 where there is none."""


@dataclass(frozen=True)
class Evidence:
    """The parts of an index that rank its definitions. Rows of all parts are those of its definitions table.

    `votes` has shape (usages, definitions), `graph` shape (definitions, definitions).
    """

    names: Sequence[str]
    rows: Mapping[str, int]
    facts: DefinitionFacts
    counts: Floats
    """How many statements use each definition."""
    definitions: VectorIndex
    usages: VectorIndex
    votes: csr_matrix
    usage_areas: Ints
    lexical: LexicalIndex
    name_index: NameIndex
    association: Association
    usage_terms: csr_matrix
    """Weights of the association's terms in the docstring of each usage, shape (terms, usages)."""
    graph: csr_matrix
    parents: Mapping[int, Sequence[int]]
    children: Mapping[int, Sequence[int]]
    senses: Mapping[str, Sequence[int]]
    """Rows of the senses of each concept, -1 for one that the index has not."""
    notations: Mapping[str, Sequence[int]]
    """Rows of the declarations that the main token of a notation stands for."""

    @cached_property
    def log_counts(self) -> Floats:
        """log(1 + statements that use it) of each definition."""
        return np.log1p(self.counts)

    @cached_property
    def log_documented(self) -> Floats:
        """log(1 + documented theorems that use it) of each definition."""
        return np.log1p(self.association.prior * len(self.usages))

    @cached_property
    def areas(self) -> int:
        """How many areas of Mathlib there are."""
        return int(max(self.usage_areas.max(initial=0), self.facts.area.max(initial=0))) + 1


def load_evidence(base: KnowledgeBase, ontology: Ontology) -> Evidence:
    """Read every part.

    Raises:
        KnowledgeBaseError: where a part is missing or damaged, or the parts do not fit together.
    """
    names = base.definition_names
    rows = {name: row for row, name in enumerate(names)}
    try:
        record = json.loads(base.file("names.json").read_text(encoding="utf-8"))
        parents = _parents(record["parents"], rows)
        notations = {token: (name,) for token, name in CORE_NOTATION.items()} | dict(
            notation_map(
                tuple(
                    Notation(tuple(tokens), keyword, module, line, tuple(meant), scope)
                    for tokens, keyword, module, line, meant, scope in record["notations"]
                )
            )
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KnowledgeBaseError(
            f"names.json of {base.path} is damaged", "rebuild it with `cramf index build`"
        ) from None
    votes = base.matrix("votes.npz")
    areas = _Areas()
    full = base.matrix("name_full.npz")
    facts = _facts(base, rows, areas, full)
    usage_areas = areas.codes(base.usage_columns["module"])
    prior = np.asarray(votes.sum(axis=0), dtype=np.float64).ravel() / max(votes.shape[0], 1)
    evidence = Evidence(
        names=names,
        rows=rows,
        facts=facts,
        counts=np.asarray(base.definition_columns["usage_count"], dtype=np.float64),
        definitions=VectorIndex.read(base.file("definitions.faiss")),
        usages=VectorIndex.read(base.file("usages.faiss")),
        votes=votes,
        usage_areas=usage_areas,
        lexical=LexicalIndex(_terms(base, "terms.txt"), base.matrix("lexical.npz")),
        name_index=NameIndex(_terms(base, "name_words.txt"), base.matrix("name_last.npz"), full),
        association=Association(
            _terms(base, "association_terms.txt"),
            base.matrix("association.npz"),
            base.matrix("association_frequency.npz"),
            prior,
        ),
        usage_terms=base.matrix("usage_terms.npz"),
        graph=base.matrix("graph.npz"),
        parents=parents,
        children=_inverted(parents),
        senses={c.id: [rows.get(s.declaration, -1) for s in c.senses] for c in ontology.concepts},
        notations={
            token: [rows[name] for name in meant if name in rows] for token, meant in notations.items()
        },
    )
    if not _fits(evidence, base.manifest.dimensions):
        raise KnowledgeBaseError(
            f"the parts of the index at {base.path} do not fit together",
            "rebuild it with `cramf index build`",
        )
    return evidence


def _fits(evidence: Evidence, dimensions: int) -> bool:
    rows = len(evidence.names)
    association = evidence.association
    return (
        len(evidence.definitions) == rows
        and evidence.definitions.dimensions == dimensions
        and evidence.usages.dimensions == dimensions
        and evidence.votes.shape == (len(evidence.usages), rows)
        and evidence.lexical.weights.shape == (len(evidence.lexical.terms), rows)
        and evidence.name_index.last.shape == (len(evidence.name_index.words), rows)
        and evidence.name_index.full.shape == (len(evidence.name_index.words), rows)
        and association.account.shape == (len(association.terms), rows)
        and association.frequency.shape == association.account.shape
        and association.frequency.nnz == association.account.nnz
        and evidence.usage_terms.shape == (len(association.terms), len(evidence.usages))
        and evidence.graph.shape == (rows, rows)
        and len(evidence.usage_areas) == len(evidence.usages)
    )


class _Areas:
    """Numbers the areas of Mathlib in the order in which they are met."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._modules: dict[str, int] = {}

    def codes(self, modules: Sequence[str]) -> Ints:
        for module in modules:
            if module not in self._modules:
                self._modules[module] = self._codes.setdefault(area_of(module), len(self._codes))
        return np.array([self._modules[module] for module in modules], dtype=np.int64)


def _facts(base: KnowledgeBase, rows: Mapping[str, int], areas: _Areas, full: csr_matrix) -> DefinitionFacts:
    columns = base.definition_columns
    names = columns["name"]
    return DefinitionFacts(
        kind=np.array([_KIND_CODES[kind] for kind in columns["kind"]], dtype=np.int64),
        depth=np.array([name.count(".") for name in names], dtype=np.int64),
        words=np.bincount(full.indices, minlength=len(names)).astype(np.int64),
        deprecated=np.array([value is not None for value in columns["deprecated"]], dtype=np.bool_),
        area=areas.codes(columns["module"]),
        twin=np.array([rows.get(twin, -1) if twin else -1 for twin in columns["twin"]], dtype=np.int64),
    )


def _terms(base: KnowledgeBase, name: str) -> dict[str, int]:
    words = base.file(name).read_text(encoding="utf-8").split("\n")
    return {word: row for row, word in enumerate(words) if word}


def _parents(record: Mapping[str, Sequence[str]], rows: Mapping[str, int]) -> dict[int, list[int]]:
    return {
        rows[name]: [rows[parent] for parent in found if parent in rows]
        for name, found in record.items()
        if name in rows
    }


def _inverted(parents: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for child, found in sorted(parents.items()):
        for parent in found:
            children.setdefault(parent, []).append(child)
    return children


def statement_matrix(base: KnowledgeBase) -> tuple[Any, list[str]]:
    """Which definitions the statement of each declaration uses, shape (statements, definitions), and the
    module of each statement. Definitions that only notation brings in are left out."""
    from scipy.sparse import csr_matrix

    table = base.declarations
    matrix = base.matrix("dependencies.npz").tocsr()
    counts = base.definition_columns["usage_count"]
    column = np.full(matrix.shape[1], -1, dtype=np.int64)
    for row, name in enumerate(base.definition_names):
        if counts[row] and name in table:
            column[table.row(name)] = row
    owners = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    meant = column[matrix.indices]
    kept = meant >= 0
    statements, owner = np.unique(owners[kept], return_inverse=True)
    ones = np.ones(int(kept.sum()), dtype=np.float32)
    shape = (len(statements), len(counts))
    modules = table.column("module")
    return csr_matrix((ones, (owner, meant[kept])), shape=shape), [modules[row] for row in statements]
