"""Vectors in an index file, against plain NumPy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import numpy.typing as npt
import pytest

from cramf.errors import KnowledgeBaseError
from cramf.retrieval.indexing import QUANTISATIONS, write_vectors
from cramf.retrieval.vectors import VectorIndex

Vectors = npt.NDArray[np.float32]

DIMENSIONS = 24
ROWS = 300
# How far a cosine may be off: half a step in each coordinate, of which the searched copy adds one of its own.
TOLERANCE = {"none": 1e-5, "8bit": 0.01, "6bit": 0.05, "4bit": 0.2}


def unit_vectors(rows: int, seed: int) -> Vectors:
    made = np.random.default_rng(seed).normal(size=(rows, DIMENSIONS)).astype(np.float32)
    unit: Vectors = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


VECTORS = unit_vectors(ROWS, 1)
QUERIES = unit_vectors(7, 2)


@pytest.fixture(scope="module", params=QUANTISATIONS)
def quantise(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, quantise: str) -> Path:
    place = tmp_path_factory.mktemp("vectors") / quantise
    write_vectors(VECTORS, quantise, place)
    return place


@pytest.fixture(scope="module")
def index(path: Path) -> VectorIndex:
    return VectorIndex.read(path)


def test_size(index: VectorIndex) -> None:
    assert (len(index), index.dimensions) == (ROWS, DIMENSIONS)


def test_vectors_are_those_that_were_written(index: VectorIndex, quantise: str) -> None:
    for row in (0, 17, ROWS - 1):
        vector = index.vector(row)
        assert vector.dtype == np.float32
        assert vector.shape == (DIMENSIONS,)
        step = {"none": 1e-7, "8bit": 0.005, "6bit": 0.02, "4bit": 0.08}[quantise]
        np.testing.assert_allclose(vector, VECTORS[row], atol=step)
    np.testing.assert_array_equal(index.vector(np.int64(5)), index.vector(5))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [1, 10, ROWS])
def test_the_nearest_are_those_of_brute_force(index: VectorIndex, quantise: str, number: int) -> None:
    rows, cosines = index.nearest(QUERIES, number)
    assert rows.shape == cosines.shape == (len(QUERIES), number)
    assert (rows.dtype, cosines.dtype) == (np.dtype(np.int64), np.dtype(np.float64))
    exact = (QUERIES @ VECTORS.T).astype(np.float64)
    best = -np.sort(-exact, axis=1)[:, :number]
    tolerance = TOLERANCE[quantise]
    for query in range(len(QUERIES)):
        assert len(set(rows[query].tolist())) == number
        assert (np.diff(cosines[query]) <= 0).all()
        np.testing.assert_allclose(cosines[query], exact[query, rows[query]], atol=tolerance)
        # Each found one is as near as the one that brute force has in its place.
        np.testing.assert_allclose(exact[query, rows[query]], best[query], atol=2 * tolerance)
    if quantise == "none":
        np.testing.assert_array_equal(rows, np.argsort(-exact, axis=1, kind="stable")[:, :number])


def test_what_is_found_agrees_with_what_is_stored(index: VectorIndex, quantise: str) -> None:
    """The searched copy may add its own rounding, not a whole step of the stored one."""
    rows, cosines = index.nearest(QUERIES, 20)
    for query in range(len(QUERIES)):
        stored = np.stack([index.vector(row) for row in rows[query]]) @ QUERIES[query]
        np.testing.assert_allclose(
            cosines[query], stored, atol=1e-5 if quantise in ("none", "8bit") else 0.01
        )


def test_more_than_there_are(index: VectorIndex) -> None:
    rows, _ = index.nearest(QUERIES, 10 * ROWS)
    assert rows.shape == (len(QUERIES), ROWS)
    assert sorted(rows[0].tolist()) == list(range(ROWS))
    assert index.nearest(QUERIES, 0)[0].shape == (len(QUERIES), 0)
    assert index.nearest(QUERIES[:0], 5)[0].shape == (0, 5)


def test_a_vector_is_nearest_to_itself(index: VectorIndex) -> None:
    rows, cosines = index.nearest(VECTORS[:50], 1)
    assert rows.ravel().tolist() == list(range(50))
    np.testing.assert_allclose(cosines, 1.0, atol=0.15)


def test_cosines_are_those_of_the_search(index: VectorIndex, quantise: str) -> None:
    rows, cosines = index.nearest(QUERIES[:1], 30)
    shuffled = np.random.default_rng(3).permutation(30)
    found = index.cosines(rows[0][shuffled], QUERIES[0])
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, cosines[0][shuffled], atol=1e-5)
    np.testing.assert_allclose(found, VECTORS[rows[0][shuffled]] @ QUERIES[0], atol=TOLERANCE[quantise])
    repeated = index.cosines(np.array([4, 4, 0]), QUERIES[0])
    assert repeated[0] == repeated[1]
    assert index.cosines(np.zeros(0, dtype=np.int64), QUERIES[0]).shape == (0,)


@pytest.mark.parametrize("kind", QUANTISATIONS)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_vectors(tmp_path: Path, kind: str, rows: int) -> None:
    write_vectors(VECTORS[:rows], kind, tmp_path / "few")
    index = VectorIndex.read(tmp_path / "few")
    assert (len(index), index.dimensions) == (rows, DIMENSIONS)
    found, cosines = index.nearest(QUERIES, 5)
    assert found.shape == cosines.shape == (len(QUERIES), rows)
    assert np.isfinite(cosines).all()
    assert index.cosines(np.arange(rows), QUERIES[0]).shape == (rows,)


def test_equal_vectors_are_all_found(tmp_path: Path, quantise: str) -> None:
    write_vectors(np.repeat(VECTORS[:1], 6, axis=0), quantise, tmp_path / "equal")
    rows, cosines = VectorIndex.read(tmp_path / "equal").nearest(VECTORS[:1], 6)
    assert sorted(rows[0].tolist()) == list(range(6))
    np.testing.assert_allclose(cosines, 1.0, atol=TOLERANCE[quantise])


@pytest.mark.parametrize(
    "damage", ["missing", "empty", "text", "head", "half", "last byte", "folder", "number"]
)
def test_a_damaged_file_is_told(tmp_path: Path, path: Path, damage: str) -> None:
    whole = path.read_bytes()
    place = tmp_path / "damaged.faiss"
    if damage == "folder":
        place.mkdir()
    elif damage != "missing":
        # The number of vectors stands behind the index's four letters and the dimensions.
        more = whole[:8] + (10**12).to_bytes(8, "little") + whole[16:]
        texts = {"empty": b"", "text": b"no index\n" * 9, "head": whole[:20], "number": more}
        texts |= {"half": whole[: len(whole) // 2], "last byte": whole[:-1]}
        place.write_bytes(texts[damage])
    with pytest.raises(KnowledgeBaseError, match="no FAISS index") as caught:
        VectorIndex.read(place)
    assert str(place) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_eight_threads_on_a_fresh_index(path: Path, index: VectorIndex) -> None:
    """All are let go at once, so that the fast copy is first asked for by all of them."""
    fresh = VectorIndex.read(path)
    barrier = Barrier(8)

    def work(number: int) -> tuple[list[int], list[float], list[float]]:
        query = QUERIES[number % len(QUERIES)]
        barrier.wait(timeout=60)
        rows, cosines = fresh.nearest(query[None, :], 9)
        return rows[0].tolist(), cosines[0].tolist(), fresh.cosines(rows[0], query).tolist()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    for number, (rows, cosines, again) in enumerate(found):
        expected = index.nearest(QUERIES[number % len(QUERIES)][None, :], 9)
        assert rows == expected[0][0].tolist()
        assert cosines == expected[1][0].tolist()
        np.testing.assert_allclose(again, cosines, atol=1e-5)


def test_few_bits_are_searched_in_eight(index: VectorIndex, path: Path, quantise: str) -> None:
    fresh = VectorIndex.read(path)
    before = fresh._stored
    first = fresh.nearest(QUERIES, 3)
    assert fresh._searched() is fresh._searched()
    assert (fresh._searched() is before) == (quantise in ("none", "8bit"))
    for one, other in zip(first, fresh.nearest(QUERIES, 3), strict=True):
        np.testing.assert_array_equal(one, other)
