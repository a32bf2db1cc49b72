"""Train the ranker on Mathlib alone: a documented theorem is the query, what its statement uses the answer.

Of the documented theorems those serve whose docstring states something in words, as users' statements do.
The evidence of a query is kept apart from it: theorems of its own file (itself and its twins among them) do
not vote, and associations, graph and counts come from the modules of other folds. The answers are those
definitions that mathematicians have a name for, since plumbing (`Fact`, `DecidableEq`) is what a library's
convention adds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cramf.errors import InputError
from cramf.files import write_atomic
from cramf.knowledge.ontology import Ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.arms import CHANNELS
from cramf.retrieval.association import learn_association
from cramf.retrieval.channels import POOL, pool_of, read_channels
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.evidence import Evidence, area_of, load_evidence, statement_matrix
from cramf.retrieval.evidence_files import term_weights
from cramf.retrieval.features import FALLING, FEATURES, RISING, features_of
from cramf.retrieval.graph import used_together
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.query_terms import association_terms, informal_docstring
from cramf.retrieval.ranker import MANIFEST, MODEL
from cramf.retrieval.reading import SymbolicReader
from cramf.retrieval.types import QueryReading

__all__ = [
    "TrainingSet",
    "TrainingSettings",
    "collect",
    "fit_ranker",
    "recall",
    "states_something",
    "train_ranker",
]

_FOLDS: Final = 4
_HELD_OUT: Final = 5
"""One module in so many is kept for the figures."""
_ABSTRACT: Final = frozenset(
    "AlgebraicGeometry AlgebraicTopology CategoryTheory Computability Condensed ModelTheory Tactic".split()
)
"""Areas whose docstrings speak of Mathlib's own machinery rather than of what statements are made of."""
_OPENING: Final = re.compile(
    r"\W*(?:let|if|every|any|an?|the|suppose|for|there|given|in|two|all|each|no|on|under|when|assume)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS: Final = 10
_DROPPED: Final = 0.15
"""Share of the queries that are seen once more with one channel silent, so that each can be left out."""
_NEGATIVES: Final = 150
"""Candidates of a query that are learned from, besides the answers."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the ranker is trained; `queries` bounds their number, 0 is all."""

    queries: int = 0
    seed: int = 0
    trees: int = 200
    leaves: int = 15
    learning_rate: float = 0.08
    fewest_in_leaf: int = 100


@dataclass(frozen=True)
class TrainingSet:
    """Features of all candidates of some queries, one query after the other."""

    features: npt.NDArray[np.float32]
    meant: npt.NDArray[np.bool_]
    """Whether the candidate is an answer."""
    sizes: npt.NDArray[np.int64]
    """Candidates of each query."""
    wanted: npt.NDArray[np.int64]
    """Answers of each query, found or not."""
    usages: npt.NDArray[np.int64]
    """Row of the documented theorem that each query is."""
    linear: npt.NDArray[np.float64]
    """Sum of the channels, by which candidates were chosen."""


def states_something(docstring: str, module: str) -> bool:
    """Whether a docstring reads like a statement that a user might bring."""
    if area_of(module) in _ABSTRACT:
        return False
    return _OPENING.match(docstring) is not None and len(docstring.split()) >= _FEWEST_WORDS


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def fold_of(module: str) -> int:
    """The fold of a module: evidence for its theorems comes from the other folds."""
    return _digest(module)[0] % _FOLDS


def held_out(module: str) -> bool:
    """Whether a module is kept for the figures."""
    return _digest(module)[1] % _HELD_OUT == 0


def collect(
    base: KnowledgeBase,
    ontology: Ontology,
    encoder: Encoder,
    settings: TrainingSettings = TrainingSettings(),
    progress: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> tuple[TrainingSet, TrainingSet]:
    """Features of the queries to train on and of those kept for the figures.

    Raises:
        InputError: where the index holds no docstrings, or none that states something.
    """
    if not base.manifest.docstrings:
        raise InputError(
            f"the index at {base.path} holds no docstrings", "build one with `cramf index build` to train on"
        )
    evidence = load_evidence(base, ontology)
    columns = base.usage_columns
    modules: list[str] = columns["module"]
    chosen = [
        row
        for row, (docstring, module) in enumerate(zip(columns["docstring"], modules, strict=True))
        if states_something(docstring, module)
    ]
    if not chosen:
        raise InputError(f"no docstring of {base.path} states something", "use an index of all of Mathlib")
    random = np.random.default_rng(settings.seed)
    chosen = [chosen[n] for n in random.permutation(len(chosen))]
    chosen = chosen[: settings.queries or None]
    note("reading docstrings")
    reader = SymbolicReader(ConceptMatcher(ontology))
    readings = reader.read([informal_docstring(text) for text in columns["docstring"]])
    terms = [association_terms(r.text, (*r.mentions, *r.parts)) for r in readings]
    note(f"encoding {len(chosen):,} queries")
    vectors = encoder.encode([readings[row].words for row in chosen], progress=progress)
    concepts = _named_definitions(evidence, ontology)
    folds = np.array([fold_of(module) for module in modules])
    codes = np.unique(np.array(modules), return_inverse=True)[1]
    kept: dict[bool, list[_Query]] = {True: [], False: []}
    for fold in range(_FOLDS):
        mine = [n for n, row in enumerate(chosen) if folds[row] == fold]
        note(f"evidence without fold {fold + 1} of {_FOLDS}")
        apart = _without(evidence, base, folds, fold, terms)
        for number in tqdm(mine, f"fold {fold + 1}", unit="query", disable=not progress):
            row = chosen[number]
            silent = codes == codes[row]
            made = _query(apart, readings[row], vectors[number], row, silent, concepts, random)
            kept[held_out(modules[row])].extend(made)
    return _stacked(kept[False]), _stacked([q for q in kept[True] if not q.dropped])


def _named_definitions(evidence: Evidence, ontology: Ontology) -> npt.NDArray[np.bool_]:
    named = {sense.declaration for concept in ontology.concepts for sense in concept.senses}
    return np.array([name in named for name in evidence.names])


def _without(
    evidence: Evidence,
    base: KnowledgeBase,
    folds: npt.NDArray[np.int64],
    fold: int,
    terms: Sequence[list[str]],
) -> Evidence:
    """The evidence without the modules of one fold, as far as it is not kept apart query by query."""
    others = np.flatnonzero(folds != fold).tolist()
    votes = evidence.votes
    used = [votes.indices[votes.indptr[row] : votes.indptr[row + 1]].tolist() for row in others]
    statements, modules = statement_matrix(base)
    rows = np.array([fold_of(module) != fold for module in modules])
    seen = statements[np.flatnonzero(rows)]
    association = learn_association([terms[row] for row in others], used, len(evidence.names))
    return replace(
        evidence,
        association=association,
        usage_terms=term_weights(terms, association.terms),
        graph=used_together(seen),
        counts=np.asarray(seen.sum(axis=0), dtype=np.float64).ravel() * (len(rows) / max(rows.sum(), 1)),
    )


@dataclass(frozen=True, slots=True)
class _Query:
    features: npt.NDArray[np.float32]
    meant: npt.NDArray[np.bool_]
    linear: npt.NDArray[np.float64]
    wanted: int
    usage: int
    dropped: bool


def _query(
    evidence: Evidence,
    reading: QueryReading,
    vector: npt.NDArray[np.float32],
    row: int,
    silent: npt.NDArray[np.bool_],
    concepts: npt.NDArray[np.bool_],
    random: np.random.Generator,
) -> list[_Query]:
    """The query with all channels and, for some, once more without one."""
    votes = evidence.votes
    used = votes.indices[votes.indptr[row] : votes.indptr[row + 1]]
    answers = used[concepts[used]]
    every = frozenset(CHANNELS)
    seen = [every]
    if random.random() < _DROPPED:
        seen.append(every - {CHANNELS[random.integers(len(CHANNELS))]})
    made: list[_Query] = []
    for active in seen if len(answers) else ():
        channels = read_channels(evidence, reading, vector, active, silent)
        pool = pool_of(channels, POOL)
        meant = np.isin(pool, answers)
        made.append(
            _Query(
                features_of(evidence, channels, pool), meant, channels.total[pool], len(answers), row,
                active is not every,
            )
        )  # fmt: skip
    return made


def _stacked(queries: Sequence[_Query]) -> TrainingSet:
    def joined(parts: list[Any], empty: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.concatenate(parts) if parts else empty

    return TrainingSet(
        joined([q.features for q in queries], np.zeros((0, len(FEATURES)), dtype=np.float32)),
        joined([q.meant for q in queries], np.zeros(0, dtype=np.bool_)),
        np.array([len(q.meant) for q in queries], dtype=np.int64),
        np.array([q.wanted for q in queries], dtype=np.int64),
        np.array([q.usage for q in queries], dtype=np.int64),
        joined([q.linear for q in queries], np.zeros(0)),
    )


def recall(data: TrainingSet, scores: npt.NDArray[np.float64], k: int) -> float:
    """R@k, micro-averaged over the answers; what is not among the candidates is a miss."""
    found = 0
    for start, size in zip(np.cumsum(data.sizes) - data.sizes, data.sizes, strict=True):
        order = np.argsort(-scores[start : start + size], kind="stable")[:k]
        found += int(data.meant[start : start + size][order].sum())
    wanted = int(data.wanted.sum())
    return found / wanted if wanted else 0.0


def fit_ranker(data: TrainingSet, settings: TrainingSettings = TrainingSettings()) -> Any:
    """Boosted trees for the probability that a candidate is meant (LightGBM, binary log loss).

    Of each query the answers and the hardest candidates are learned from, and a few of the others. More
    evidence for a candidate never counts against it, which statements unlike docstrings would suffer from.
    """
    import lightgbm

    random = np.random.default_rng(settings.seed)
    chosen: list[npt.NDArray[np.int64]] = []
    for start, size in zip(np.cumsum(data.sizes) - data.sizes, data.sizes, strict=True):
        hard = np.argsort(-data.linear[start : start + size], kind="stable")[:_NEGATIVES]
        keep = data.meant[start : start + size].copy()
        keep[hard] = True
        keep |= random.random(size) < 0.1
        chosen.append(start + np.flatnonzero(keep))
    rows = np.concatenate(chosen)
    names = list(FEATURES)
    dataset = lightgbm.Dataset(
        data.features[rows],
        data.meant[rows].astype(np.int8),
        feature_name=names,
        categorical_feature=["kind"],
    )
    return lightgbm.train(
        {
            "objective": "binary",
            "num_leaves": settings.leaves,
            "learning_rate": settings.learning_rate,
            "min_data_in_leaf": settings.fewest_in_leaf,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
            "monotone_constraints": [(name in RISING) - (name in FALLING) for name in names],
            "seed": settings.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
        },
        dataset,
        settings.trees,
    )


def train_ranker(
    base: KnowledgeBase,
    ontology: Ontology,
    encoder: Encoder,
    out: Path,
    settings: TrainingSettings = TrainingSettings(),
    progress: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Train, measure on held-out modules and write the ranker into `out`; returns what `ranker.json` holds.

    Raises:
        InputError: as `collect`.
    """
    train, test = collect(base, ontology, encoder, settings, progress, note)
    note(f"fitting on {len(train.sizes):,} queries")
    booster = fit_ranker(train, settings)
    scores = np.asarray(booster.predict(test.features)) if len(test.features) else np.zeros(0)
    text = booster.model_to_string()
    cosine = test.features[:, list(FEATURES).index("cosine")].astype(np.float64)
    votes = test.features[:, list(FEATURES).index("votes100")].astype(np.float64)
    figures = {
        arm: {f"R@{k}": round(recall(test, values, k), 4) for k in (1, 3, 5, 10, 20)}
        for arm, values in (("ranker", scores), ("linear", test.linear), ("usage", votes), ("dense", cosine))
    }
    manifest = {
        "mathlib_commit": base.manifest.mathlib_commit,
        "encoder": encoder.name,
        "features": list(FEATURES),
        "settings": {name: getattr(settings, name) for name in settings.__slots__},
        "queries": len(set(train.usages.tolist())),
        "held_out": {"queries": len(test.sizes), "answers": int(test.wanted.sum()), "figures": figures},
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / MODEL, text.encode())
    write_atomic(out / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    for name in (MODEL, MANIFEST):
        # A temporary file is its owner's alone, a ranker is for all who read the index.
        (out / name).chmod(0o644)
    return manifest
