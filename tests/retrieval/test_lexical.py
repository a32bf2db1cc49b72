"""BM25 weights against the package that defines them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from cramf.retrieval.lexical import compile_bm25
from cramf.retrieval.text import lexical_terms, name_words, plain_docstring

WORDS = st.sampled_from("a b c d e f group ring x".split())
CORPORA = st.lists(st.lists(WORDS, max_size=12), min_size=1, max_size=12)
QUERIES = st.lists(WORDS | st.sampled_from(["unknown", ""]), max_size=8)


@settings(max_examples=300)
@given(CORPORA, QUERIES)
def test_scores_equal_those_of_rank_bm25(corpus: list[list[str]], query: list[str]) -> None:
    scores = compile_bm25(corpus).scores(query)
    assert scores.shape == (len(corpus),)
    if not any(corpus):
        # rank_bm25 divides by zero here; documents without words match nothing.
        assert not scores.any()
        return
    np.testing.assert_allclose(scores, BM25Okapi(corpus).get_scores(query), rtol=1e-9, atol=1e-12)


@settings(max_examples=50)
@given(CORPORA, QUERIES, st.floats(0.1, 3), st.floats(0, 0.99), st.floats(0, 1))
def test_parameters_mean_the_same(
    corpus: list[list[str]], query: list[str], k1: float, b: float, epsilon: float
) -> None:
    if not any(corpus):
        corpus = [*corpus, ["a"]]
    mine = compile_bm25(corpus, k1=k1, b=b, epsilon=epsilon).scores(query)
    theirs = BM25Okapi(corpus, k1=k1, b=b, epsilon=epsilon).get_scores(query)
    np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


def test_repeated_query_terms_count_as_often_as_they_are_said() -> None:
    index = compile_bm25([["group", "ring"], ["ring"], ["field"], ["module"]])
    once, thrice = index.scores(["group"]), index.scores(["group"] * 3)
    assert once[0] > 0
    np.testing.assert_allclose(thrice, 3 * once)


def test_unknown_terms_count_nothing() -> None:
    index = compile_bm25([["group"], ["ring"], ["field"]])
    assert index.scores(["nowhere", ""]).tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_array_equal(index.scores(["group", "nowhere"]), index.scores(["group"]))


def test_empty_documents_and_corpora() -> None:
    assert compile_bm25([]).scores(["a"]).shape == (0,)
    assert compile_bm25([[]]).scores(["a"]).tolist() == [0.0]
    scores = compile_bm25([[], ["a"], ["b"], ["b"]]).scores(["a"])
    assert scores[0] == 0
    assert scores[1] > 0


def test_a_query_may_be_any_iterable() -> None:
    index = compile_bm25([["a"], ["b"], ["c"]])
    np.testing.assert_array_equal(index.scores(iter(["a", "a"])), index.scores(["a", "a"]))


# -- terms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("the groups are abelian", ["group", "abelian"]),
        ("IsCompact", ["is", "compact", "iscompact"]),
        ("properties", ["property"]),
        ("a class of classes", ["class", "class"]),
        ("basis", ["basis"]),
        ("x = 12", ["x", "12"]),
        ("", []),
        ("+ - ∀ 中文", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert lexical_terms(text) == terms


@given(st.text())
def test_terms_of_any_text(text: str) -> None:
    for term in lexical_terms(text):
        assert term
        assert term == term.lower()


def test_words_of_names() -> None:
    assert name_words("Subgroup.isNormal_iff") == ["subgroup", "is", "normal", "iff"]
    assert name_words("LinearMap.toMatrix'") == ["linear", "map", "to", "matrix"]


def test_docstrings_lose_their_markdown() -> None:
    assert (
        plain_docstring("The `Group` of [units](http://x.y)\nand *more*: $x$.")
        == "The Group of units and more : x ."
    )
    assert plain_docstring("") == ""
    assert len(plain_docstring("word " * 1000)) <= 600
