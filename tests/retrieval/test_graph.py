"""What is used together, against a loop over a dense table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from cramf.retrieval import graph as module
from cramf.retrieval.graph import used_together

Table = list[list[bool]]


def matrix(table: Table, size: int) -> csr_matrix:
    return csr_matrix(np.array(table, dtype=np.float32).reshape(len(table), size))


def reference(table: Table, size: int, most: int, least: float) -> npt.NDArray[np.float32]:
    shares = np.zeros((size, size), dtype=np.float32)
    for row in range(size):
        users = [statement for statement in table if statement[row]]
        found: list[tuple[np.float32, int]] = []
        for column in range(size):
            both = sum(statement[column] for statement in users)
            if column != row and both and np.float32(both) / np.float32(len(users)) >= np.float32(least):
                found.append((np.float32(both) / np.float32(len(users)), column))
        for share, column in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:most]:
            shares[row, column] = share
    return shares


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, int]:
    """Some of the statements use nothing, some of the definitions are used by nothing."""
    size = draw(st.integers(1, 7))
    return draw(st.lists(st.lists(st.booleans(), min_size=size, max_size=size), max_size=9)), size


@settings(max_examples=200)
@given(tables(), st.integers(0, 8), st.sampled_from([0.0, 0.01, 0.25, 1 / 3, 0.5, 1.0]), st.integers(1, 9))
def test_shares_equal_the_loop_in_pieces_of_any_size(
    drawn: tuple[Table, int], most: int, least: float, piece: int
) -> None:
    table, size = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE", piece)
        made = used_together(matrix(table, size), most, least)
    assert made.shape == (size, size)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made.toarray(), reference(table, size, most, least))
    assert not made.diagonal().any()
    assert (np.diff(made.indptr) <= most).all()
    # Nothing is stored that says nothing, and columns stand in order.
    assert (made.data > 0).all()
    assert made.has_sorted_indices


def test_a_share_is_of_the_statements_with_the_row() -> None:
    made = used_together(matrix([[True, True, False], [True, False, False], [True, True, True]], 3))
    expected = np.array([[0, 2 / 3, 1 / 3], [1, 0, 1 / 2], [1, 1, 0]])
    np.testing.assert_allclose(made.toarray(), expected, rtol=1e-6)


def test_the_likeliest_are_kept_and_ties_go_to_the_first_columns() -> None:
    table = [[True, True, True, True, False], [True, False, False, True, True]]
    made = used_together(matrix(table, 5), most=2).toarray()
    # Of columns 1, 2 and 4, all at a half, the first stays beside column 3.
    assert made[0].nonzero()[0].tolist() == [1, 3]
    assert used_together(matrix(table, 5), most=3).toarray()[0].nonzero()[0].tolist() == [1, 2, 3]
    assert used_together(matrix(table, 5), most=0).nnz == 0


def test_what_is_seldom_is_left_out() -> None:
    table = [[True, row < 1, row < 5] for row in range(20)]
    assert used_together(matrix(table, 3), least=0.05).toarray()[0].nonzero()[0].tolist() == [1, 2]
    assert used_together(matrix(table, 3), least=0.06).toarray()[0].nonzero()[0].tolist() == [2]
    assert used_together(matrix(table, 3), least=0.26).toarray()[0].nonzero()[0].tolist() == []


def test_the_default_keeps_forty_of_at_least_a_hundredth() -> None:
    crowd = used_together(csr_matrix(np.ones((3, 50), dtype=np.float32)))
    assert np.diff(crowd.indptr).tolist() == [40] * 50
    assert crowd[49].indices.tolist() == list(range(40))
    rare = np.ones((101, 2), dtype=np.float32)
    rare[1:, 1] = 0
    assert used_together(csr_matrix(rare)).toarray().tolist() == [[0, 0], [1, 0]]
    assert used_together(csr_matrix(rare[1:])).nnz == 0


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (4, 3)])
def test_without_statements_or_definitions(shape: tuple[int, int]) -> None:
    made = used_together(csr_matrix(shape, dtype=np.float32))
    assert made.shape == (shape[1], shape[1])
    assert made.nnz == 0


def test_small_whole_numbers_do_not_run_over() -> None:
    """Votes are stored in eight bits; more than 127 statements may use the same two definitions."""
    made = used_together(csr_matrix(np.ones((300, 2), dtype=np.int8)))
    assert made.toarray().tolist() == [[0, 1], [1, 0]]


def test_the_same_again_and_the_input_is_left_alone() -> None:
    table = matrix([[True, True, False], [False, True, True]], 3)
    before = table.toarray()
    first, second = used_together(table), used_together(table)
    np.testing.assert_array_equal(first.indices, second.indices)
    np.testing.assert_array_equal(first.data, second.data)
    np.testing.assert_array_equal(table.toarray(), before)
