"""Write an index directory: tables, BM25 weights, vectors and votes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cramf.errors import InputError
from cramf.knowledge.builder import CheckoutInfo
from cramf.knowledge.linking import Linked
from cramf.knowledge.store import (
    Manifest,
    declarations_table,
    definitions_table,
    usages_table,
    write_directory,
    write_table,
)
from cramf.knowledge.types import Definition, Usage
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.lexical import compile_bm25
from cramf.retrieval.text import definition_text, lexical_terms, usage_text

__all__ = ["QUANTISATIONS", "definition_terms", "write_index", "write_vectors"]

QUANTISATIONS = ("none", "8bit", "6bit", "4bit")
"""Ways to store vectors; the shipped index trades a little recall for size (see index/README.md)."""


def definition_terms(definition: Definition) -> list[str]:
    """What the lexical channel reads of a definition: its name, docstring and fields."""
    return lexical_terms(
        " ".join((definition.name.replace(".", " "), definition.docstring, *definition.fields))
    )


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
) -> Manifest:
    """Encode and write everything into `out`, atomically.

    `vectors` are those of definitions and usages where they are at hand already. `note` is told of each
    stage. With `docstrings` false the tables carry none, as in the shipped index.

    Raises:
        InputError: where there is nothing to index or the quantisation is unknown.
        KnowledgeBaseError, ResourceError: as `write_directory`.
    """
    if quantise not in QUANTISATIONS:
        raise InputError(f"unknown quantisation {quantise}", f"use one of {', '.join(QUANTISATIONS)}")
    if not linked.definitions:
        raise InputError("no definition was found in the checkout", "check that it holds Mathlib's sources")
    if vectors is None:
        note(f"encoding {len(linked.definitions):,} definitions and {len(linked.usages):,} usages")
        vectors = encode_all(linked.definitions, linked.usages, encoder, progress)

    def write(folder: Path) -> Mapping[str, Any]:
        note("writing tables")
        write_table(
            declarations_table(linked.declarations, linked.protected), folder / "declarations.parquet"
        )
        write_table(definitions_table(linked.definitions, docstrings), folder / "definitions.parquet")
        write_table(usages_table(linked.usages, docstrings), folder / "usages.parquet")
        names = {
            "aliases": dict(linked.aliases),
            "notations": {token: list(targets) for token, targets in linked.notations.items()},
            "namespaces": sorted(linked.namespaces),
        }
        text = json.dumps(names, ensure_ascii=False, sort_keys=True)
        (folder / "names.json").write_text(text, encoding="utf-8")
        note("compiling BM25")
        _write_lexical(linked.definitions, folder)
        _write_votes(linked.definitions, linked.usages, folder)
        note("writing vectors")
        write_vectors(vectors[0], quantise, folder / "definitions.faiss")
        write_vectors(vectors[1], quantise, folder / "usages.faiss")
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
            "settings": {"quantisation": quantise},
            "docstrings": docstrings,
        }

    return write_directory(out, write)


def encode_all(
    definitions: Sequence[Definition], usages: Sequence[Usage], encoder: Encoder, progress: bool = False
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Vectors of definitions and of usages."""
    texts = [definition_text(d.name, d.docstring, d.signature) for d in definitions]
    texts += [usage_text(u.docstring) for u in usages]
    vectors = encoder.encode(texts, progress=progress)
    return vectors[: len(definitions)], vectors[len(definitions) :]


def _write_lexical(definitions: Sequence[Definition], folder: Path) -> None:
    from scipy.sparse import save_npz

    index = compile_bm25([definition_terms(d) for d in definitions])
    weights = index.weights.astype(np.float32)
    # Three significant digits are plenty for ranking, and rounded numbers pack to half the size.
    weights.data = weights.data.astype(np.float16).astype(np.float32)
    save_npz(folder / "lexical.npz", weights, compressed=True)
    terms = "\n".join(index.terms)
    (folder / "terms.txt").write_text(terms + "\n", encoding="utf-8")


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
