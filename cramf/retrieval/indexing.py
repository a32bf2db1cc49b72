"""Write an index directory: tables, BM25 weights, vectors and votes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cramf.collector import collector_paused
from cramf.environment import default_ontology
from cramf.errors import CramfError, InputError
from cramf.knowledge.builder import CheckoutInfo
from cramf.knowledge.cache import BuildCache
from cramf.knowledge.linking import Linked
from cramf.knowledge.ontology import Ontology, load_ontology
from cramf.knowledge.store import KnowledgeBase, Manifest, write_directory
from cramf.knowledge.tables import (
    declarations_table,
    definitions_table,
    dependency_matrix,
    names_record,
    signatures_table,
    usages_table,
    write_table,
)
from cramf.knowledge.types import Definition, Usage
from cramf.retrieval.encoder import MAX_TOKENS, Encoder
from cramf.retrieval.evidence_files import write_association, write_graph, write_names, write_terms
from cramf.retrieval.lexical import compile_bm25
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.text import definition_text, lexical_terms, usage_text

__all__ = ["QUANTISATIONS", "definition_terms", "up_to_date", "write_index", "write_vectors"]

_PIECE = 2048
"""Texts that are encoded and kept in the cache at a time."""

QUANTISATIONS = ("none", "8bit", "6bit", "4bit")
"""Ways to store vectors; the shipped index trades a little recall for size (see index/README.md)."""


def definition_terms(definition: Definition) -> list[str]:
    """What the lexical channel reads of a definition: its name, docstring and fields."""
    return lexical_terms(
        " ".join((definition.name.replace(".", " "), definition.docstring, *definition.fields))
    )


def up_to_date(out: Path, inputs: str) -> bool:
    """Whether a whole index that was made from the same inputs stands at `out` already."""
    try:
        base = KnowledgeBase.open(out)
        if not inputs or base.manifest.settings.get("inputs") != inputs:
            return False
        for name in base.manifest.files:
            base.file(name)
    except CramfError:
        return False
    return True


def write_index(
    linked: Linked,
    info: CheckoutInfo,
    encoder: Encoder,
    out: Path,
    quantise: str = "8bit",
    docstrings: bool = True,
    progress: bool = False,
    note: Callable[[str], None] = lambda _: None,
    vectors: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None,
    cache: BuildCache | None = None,
    inputs: str = "",
    ontology: Ontology | None = None,
) -> Manifest:
    """Encode and write everything into `out`, atomically.

    `vectors` are those of definitions and usages where they are at hand already, `cache` spares encoding
    texts again, and `inputs` is what `up_to_date` compares. Concepts are found by `ontology`, the shipped one
    unless given. `note` is told of each stage. With `docstrings`
    false the tables carry none, as in the shipped index.

    Raises:
        InputError: where there is nothing to index or the quantisation is unknown.
        KnowledgeBaseError, ResourceError: as `write_directory`.
    """
    if quantise not in QUANTISATIONS:
        raise InputError(f"unknown quantisation {quantise}", f"use one of {', '.join(QUANTISATIONS)}")
    if not linked.definitions:
        raise InputError("no definition was found in the checkout", "check that it holds Mathlib's sources")
    matcher = ConceptMatcher(ontology or load_ontology(default_ontology()))
    if vectors is None:
        vectors = encode_all(linked.definitions, linked.usages, encoder, progress, cache, note)

    def write(folder: Path) -> Mapping[str, Any]:
        with ThreadPoolExecutor(1) as pool, collector_paused():
            # Compression lets go of the interpreter, so that the next table is made meanwhile.
            waiting = list(_parts(linked, folder, vectors, quantise, docstrings, note, pool.submit, matcher))
            for part in waiting:
                part.result()
        return {
            "mathlib_commit": info.commit,
            "toolchain": info.toolchain,
            "encoder": encoder.name,
            "dimensions": int(vectors[0].shape[1]),
            "counts": {
                "definitions": len(linked.definitions),
                "usages": len(linked.usages),
                "declarations": len(linked.declarations),
                "attested": sum(1 for d in linked.declarations if d.origin == "attested"),
                "files": linked.files,
            },
            "settings": {"quantisation": quantise, "inputs": inputs},
            "docstrings": docstrings,
        }

    return write_directory(out, write)


def _parts(
    linked: Linked,
    folder: Path,
    vectors: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    quantise: str,
    docstrings: bool,
    note: Callable[[str], None],
    submit: Callable[..., Future[Any]],
    matcher: ConceptMatcher,
) -> Iterator[Future[Any]]:
    """Write the files of an index; the compression of each table is handed to `submit`."""
    from scipy.sparse import save_npz

    note("writing tables")
    ordered = sorted(linked.declarations, key=lambda d: d.name)
    yield submit(write_table, signatures_table(ordered), folder / "signatures.parquet")
    yield submit(save_npz, folder / "dependencies.npz", dependency_matrix(ordered, linked.dependencies))
    table = declarations_table(ordered, linked.protected, linked.heads)
    yield submit(write_table, table, folder / "declarations.parquet")
    yield submit(
        write_table, definitions_table(linked.definitions, docstrings), folder / "definitions.parquet"
    )
    yield submit(write_table, usages_table(linked.usages, docstrings), folder / "usages.parquet")
    names = names_record(
        linked.aliases, linked.notation_table, linked.namespaces, linked.parents, linked.unfolds
    )
    text = json.dumps(names, ensure_ascii=False, sort_keys=True)
    (folder / "names.json").write_text(text, encoding="utf-8")
    note("compiling BM25")
    _write_lexical(linked.definitions, folder)
    write_names(linked.definitions, folder)
    note("learning which words go with which definitions")
    write_association(linked.definitions, linked.usages, matcher, folder)
    write_graph(linked.definitions, linked.dependencies, folder)
    _write_votes(linked.definitions, linked.usages, folder)
    note("writing vectors")
    write_vectors(vectors[0], quantise, folder / "definitions.faiss")
    write_vectors(vectors[1], quantise, folder / "usages.faiss")


def encode_all(
    definitions: Sequence[Definition],
    usages: Sequence[Usage],
    encoder: Encoder,
    progress: bool = False,
    cache: BuildCache | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Vectors of definitions and of usages; with a `cache` only texts that it does not know are encoded."""
    texts = [definition_text(d.name, d.docstring, d.signature) for d in definitions]
    texts += [usage_text(u.docstring) for u in usages]
    if cache is None:
        note(f"encoding {len(texts):,} texts")
        vectors = encoder.encode(texts, progress=progress)
    else:
        vectors = _encode_changed(texts, encoder, progress, cache, note)
    return vectors[: len(definitions)], vectors[len(definitions) :]


def _encode_changed(
    texts: Sequence[str],
    encoder: Encoder,
    progress: bool,
    cache: BuildCache,
    note: Callable[[str], None],
) -> npt.NDArray[np.float32]:
    prefix = f"{encoder.name}\0{MAX_TOKENS}\0"
    keys = [hashlib.sha256((prefix + text).encode()).digest()[:20] for text in texts]
    known = {k: np.frombuffer(v, dtype="<f4") for k, v in cache.vectors(list(dict.fromkeys(keys))).items()}
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    note(f"encoding {len(missing):,} of {len(texts):,} texts; the others are in the cache")
    # In pieces, so that an interrupt loses little. Texts of like length together waste no padding.
    ordered = sorted(missing, key=lambda key: len(missing[key]))
    for start in tqdm(range(0, len(ordered), _PIECE), "encoding", unit="piece", disable=not progress):
        piece = ordered[start : start + _PIECE]
        made = encoder.encode([missing[key] for key in piece])
        known.update(zip(piece, made, strict=True))
        cache.keep_vectors((k, v.astype("<f4").tobytes()) for k, v in zip(piece, made, strict=True))
    return np.stack([known[key] for key in keys]) if keys else encoder.encode([])


def _write_lexical(definitions: Sequence[Definition], folder: Path) -> None:
    from scipy.sparse import save_npz

    index = compile_bm25([definition_terms(d) for d in definitions])
    weights = index.weights.astype(np.float32)
    # Three significant digits are plenty for ranking, and rounded numbers pack to half the size.
    weights.data = weights.data.astype(np.float16).astype(np.float32)
    save_npz(folder / "lexical.npz", weights, compressed=True)
    write_terms(index.terms, folder / "terms.txt")


def _write_votes(definitions: Sequence[Definition], usages: Sequence[Usage], folder: Path) -> None:
    from scipy.sparse import csr_matrix, save_npz

    row_of = {d.name: number for number, d in enumerate(definitions)}
    rows: list[int] = []
    columns: list[int] = []
    for number, usage in enumerate(usages):
        for name in usage.definitions:
            rows.append(number)
            columns.append(row_of[name])
    ones = np.ones(len(rows), dtype=np.int8)
    votes = csr_matrix((ones, (rows, columns)), shape=(len(usages), len(definitions)))
    save_npz(folder / "votes.npz", votes, compressed=True)


def write_vectors(vectors: npt.NDArray[np.float32], quantise: str, path: Path) -> None:
    """A FAISS inner-product index of unit vectors, flat or scalar-quantised."""
    import faiss

    dimensions = vectors.shape[1]
    kinds = {
        "8bit": faiss.ScalarQuantizer.QT_8bit,
        "6bit": faiss.ScalarQuantizer.QT_6bit,
        "4bit": faiss.ScalarQuantizer.QT_4bit,
    }
    if quantise == "none" or not len(vectors):
        index: Any = faiss.IndexFlatIP(dimensions)
    else:
        index = faiss.IndexScalarQuantizer(dimensions, kinds[quantise], faiss.METRIC_INNER_PRODUCT)
        index.train(vectors)
    if len(vectors):
        index.add(vectors)
    faiss.write_index(index, str(path))
