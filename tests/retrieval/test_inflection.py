"""Families of words, and which form of a name stands for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.retrieval.concept_tokens import name_key
from cramf.retrieval.inflection import Form, inflects, stem


def found(name: str, text: str) -> bool:
    return inflects(name_key(name), name_key(text))


@pytest.mark.parametrize(
    ("word", "root", "form"),
    [
        ("continuity", "continuous", Form.NOUN),
        ("semicontinuity", "semicontinuous", Form.NOUN),
        ("differentiability", "differentiable", Form.NOUN),
        ("divisibility", "divisible", Form.NOUN),
        ("injectivity", "injective", Form.NOUN),
        ("periodicity", "periodic", Form.NOUN),
        ("normality", "normal", Form.NOUN),
        ("linearity", "linear", Form.NOUN),
        ("convexity", "convex", Form.NOUN),
        ("concavity", "concave", Form.NOUN),
        ("homogeneity", "homogeneous", Form.NOUN),
        ("compactness", "compact", Form.NOUN),
        ("independence", "independent", Form.NOUN),
        ("constancy", "constant", Form.NOUN),
        ("primality", "prime", Form.NOUN),
        ("convergence", "convergent", Form.NOUN),
        ("converge", "convergent", Form.PLAIN),
        ("monotonicity", "monotone", Form.NOUN),
        ("monotonically", "monotone", Form.ADVERB),
        ("uniformly", "uniform", Form.ADVERB),
        ("simply", "simple", Form.ADVERB),
        ("measurably", "measurable", Form.ADVERB),
        ("centraliser", "centralizer", Form.PLAIN),
        ("diagonalisability", "diagonalizable", Form.NOUN),
        ("neighbourhood", "neighborhood", Form.PLAIN),
        ("continuous", "continuous", Form.PLAIN),
        ("x" * 100 + "ness", "x" * 100 + "ness", Form.PLAIN),
        ("", "", Form.PLAIN),
    ],
)
def test_roots(word: str, root: str, form: Form) -> None:
    assert (stem(word).root, stem(word).form) == (root, form)


@pytest.mark.parametrize(
    "pair",
    [
        "complexity complex",
        "difference different",
        "density dense",
        "reality real",
        "generality general",
        "integrality integral",
        "variance variant",
        "sequence sequent",
        "singularity singular",
        "cardinality cardinal",
        "infinity infinite",
        "limiting limit",
        "ordered order",
        "bounded bound",
        "bijection bijective",
        "unity unit",
        "property proper",
        "continue continuous",
        "divergence divergent",
    ],
)
def test_words_of_other_meaning_have_other_roots(pair: str) -> None:
    left, right = pair.split()
    assert stem(left).root != stem(right).root
    assert not found(left, right)
    assert not found(right, left)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("continuous", "continuity"),
        ("differentiable", "differentiability"),
        ("converges", "convergence"),
        ("convergent", "converges"),
        ("prime", "primality"),
        ("differentiate", "differentiation"),
        ("divides", "dividing"),
        ("centralizer of a subgroup", "centraliser of a subgroup"),
        ("uniformly continuous", "uniform continuity"),
        ("uniform continuity", "uniformly continuous"),
        ("absolutely convergent", "absolute convergence"),
        ("linear independence", "linearly independent"),
        ("locally uniformly convergent", "locally uniform convergence"),
        ("path connected", "path connectedness"),
        ("simply connected", "simple connectivity"),
        ("finitely generated", "finite generation"),
        ("naturally isomorphic", "natural isomorphism"),
        ("divisible by", "divisibility by"),
        ("converges in measure", "convergence in measure"),
        ("differentiable at a point", "differentiability at a point"),
    ],
)
def test_another_form_of_a_name(name: str, text: str) -> None:
    assert found(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # A name itself, also in the plural, is no other form of it.
        ("continuous", "continuous"),
        ("prime ideal", "prime ideals"),
        # An adverb alone.
        ("final", "finally"),
        ("normal", "normally"),
        ("uniform space", "uniformly space"),
        ("converges uniform", "converges uniformly"),
        ("uniform continuity", "uniformly continuity"),
        # An adjective for a noun that is a whole name.
        ("equivalence", "equivalent"),
        ("recurrence", "recurrent"),
        # Within a name, where the next word is what is named.
        ("symmetric group", "symmetry group"),
        ("convergent series", "convergence series"),
        # Words that are forms in phrases only.
        ("generates", "generation"),
        ("simple", "simplicity"),
        ("connected", "connectivity"),
        # Not the same number of words, or no family at all.
        ("uniformly continuous", "continuity"),
        ("compact space", "compactness group"),
        ("", ""),
    ],
)
def test_no_form_of_a_name(name: str, text: str) -> None:
    assert not found(name, text)


WORDS = st.one_of(
    st.text(max_size=12),
    st.builds(
        str.__add__,
        st.text("abcdeilnstvy", max_size=6),
        st.sampled_from("ity ness ence ly ability isation ically ive".split()),
    ),
)


@given(WORDS)
def test_any_word_has_one_root_about_as_long(word: str) -> None:
    once = stem(word)
    assert once == stem(word)
    assert len(once.root) <= len(word) + 4


@given(st.lists(WORDS, max_size=4))
def test_nothing_inflects_itself(words: list[str]) -> None:
    assert not inflects(words, words)
