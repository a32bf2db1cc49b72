"""Terms of statements and of docstrings. All statements are written for these tests."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.knowledge.ontology import Ontology
from cramf.knowledge.types import Concept, Sense
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.query_terms import (
    association_terms,
    content_roots,
    hollow,
    informal_docstring,
    name_roots,
    prose_roots,
)
from cramf.retrieval.types import ConceptMention

HOSTILE = (
    "`", "`a", "``", "`IsCompact ", "`IsCompact` ", "\\", "^{-", "^-1", "$", "$x$ ", "a ", "non-", "'", "[",
    "](", "{", "\\mathbb{", "IsCompact.", "\\\"o", "\u0301", "ﾞ", "ͺ ", "\udcff", "\0", "😀", "每", "\n\n",
)  # fmt: skip
PIECES = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from([*HOSTILE, "compact ", "sets", " of ", "continuity", "$\\int f$", "x^{-1}", "`f x`"]),
    ),
    max_size=20,
).map("".join)


def mentioned(*concepts: str) -> list[ConceptMention]:
    return [ConceptMention(name, name, 0, 1, "x", "00-01", "Nat", (), "only sense") for name in concepts]


def of_kind(kind: str, text: str) -> list[str]:
    return [term.removeprefix(kind) for term in association_terms(text, ()) if term.startswith(kind)]


# -- terms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Every continuous function on a compact set is bounded.", "bounded compact continuous function set"),
        ("the continuity of maps", "continuous map"),
        ("Suppose that all of the groups are such; prove it by the lemma", "group"),
        ("Theorems and lemmas", ""),
        ("group, groups, GROUP and Group", "group"),
        ("a x y of $z$", ""),
        ("a ring $ring$ and \\( vertex \\)", "ring"),
        ("non-empty sets", "nonempty set"),
        ("$\\text{an open ball}$", "ball open"),
        ("", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert of_kind("w:", text) == words.split()


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a compact metric space", ["compact metric", "metric space"]),
        # Stop words and mathematics do not part a pair.
        ("the image of a set", ["image set"]),
        ("a group $G$ acts", ["group act"]),
        ("uniform continuity", ["uniform continuous"]),
        ("group", []),
        ("group group", ["group group"]),
    ],
)
def test_pairs_of_words(text: str, pairs: list[str]) -> None:
    assert of_kind("b:", text) == sorted(pairs)


@pytest.mark.parametrize(
    ("text", "macros"),
    [
        (r"$\int_0^1 f$ and \int g", ["int"]),
        (r"$\sum_n \prod_m x$", ["prod", "sum"]),
        ("$x^{-1}$, $y^-1$", ["inv"]),
        (r"$a \in A$", ["in"]),
        (r"$x^2 - 1$ and \\ and \, here", []),
        ("no mathematics", []),
    ],
)
def test_macros(text: str, macros: list[str]) -> None:
    assert of_kind("m:", text) == macros


def test_an_exponent_that_only_begins_with_minus_one_is_no_inverse() -> None:
    assert of_kind("m:", "$x^{-12}$ and $y^{-1/2}$") == []


def test_concepts() -> None:
    terms = association_terms("a group", mentioned("top.compact", "set.set", "top.compact"))
    assert [term for term in terms if term.startswith("c:")] == ["c:set.set", "c:top.compact"]
    assert terms == ["c:set.set", "c:top.compact", "w:group"]


def test_a_whole_statement() -> None:
    ontology = Ontology((Concept("g", ("group",), "20-XX", "A thing for tests.", (Sense("Group"),)),))
    text = r"Show that every group $G$ has $g^{-1} \in G$."
    mentions, _ = ConceptMatcher(ontology).find_with_parts(text)
    assert association_terms(text, mentions) == ["c:g", "m:in", "m:inv", "w:group"]


@settings(max_examples=200)
@given(PIECES, st.lists(st.sampled_from(["a", "b", "c.d"]), max_size=4))
def test_terms_are_sorted_and_stand_once(text: str, concepts: list[str]) -> None:
    terms = association_terms(text, mentioned(*concepts))
    assert terms == sorted(set(terms))
    assert {term[:2] for term in terms} <= {"w:", "b:", "c:", "m:"}
    assert {term for term in terms if term.startswith("c:")} == {f"c:{concept}" for concept in concepts}
    # A file holds one term a line.
    assert not any("\n" in term or "\r" in term for term in terms)
    words = {term.removeprefix("w:") for term in terms if term.startswith("w:")}
    assert words <= set(prose_roots(text))


# -- roots --------------------------------------------------------------------------------------------------


def test_roots_of_prose_pass_over_mathematics() -> None:
    text = "The continuity on $set$, \\[ vertex \\] of x; $x \\text{ open balls}$"
    assert prose_roots(text) == ["the", "continuous", "on", "of", "x", "open", "ball"]
    assert prose_roots("group by group") == ["group", "by", "group"]
    assert prose_roots("") == []


def test_roots_of_content() -> None:
    roots = content_roots("the continuity of $f$ on Möbius strips", ["integral", "Groups", "2", "+"])
    assert {"continuous", "mobius", "strip", "integral", "group", "2"} <= roots
    assert "f" not in roots
    assert content_roots("", ()) == frozenset()
    assert content_roots("", iter(["normality"])) == {"normal"}


@pytest.mark.parametrize(
    ("name", "roots"),
    [
        ("IsCompact.image", ["is", "compact", "image"]),
        ("ContinuousMap.continuity", ["continuous", "map", "continuous"]),
        ("Nat.φ", ["nat", "phi"]),
        ("«term_∪_»", ["term"]),
        ("T2Space", ["t", "2", "space"]),
        ("Matrices", ["matrix"]),
        ("", []),
    ],
)
def test_roots_of_names(name: str, roots: list[str]) -> None:
    assert name_roots(name) == roots


def test_a_name_and_its_words_in_prose_have_the_same_roots() -> None:
    prose = set(prose_roots("a uniformly continuous function of normal subgroups is bijective"))
    assert set(name_roots("UniformContinuous")) | set(name_roots("Subgroup.Normal")) <= prose


@pytest.mark.parametrize(("root", "said"), [("is", True), ("of", True), ("compact", False), ("", False)])
def test_hollow_words(root: str, said: bool) -> None:
    assert hollow(root) is said


# -- docstrings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("docstring", "said"),
    [
        ("If `IsCompact s` then so is its image.", "If compact s then so is its image."),
        ("See `Nat.Prime.two_le`.", "See two le."),
        ("the `HasDerivAt` of `UniformContinuousOn`", "the deriv at of uniform continuous on"),
        ("`Set.image` and [links](http://a.b/c) and *emphasis*", "image and links and emphasis"),
        ("No code at all", "No code at all"),
        ("", ""),
    ],
)
def test_identifiers_become_words(docstring: str, said: str) -> None:
    assert informal_docstring(docstring) == said


def test_an_identifier_has_four_letters_at_least() -> None:
    assert "isAb" not in informal_docstring("the `isAb` of it")
    assert "isA x" in informal_docstring("the `isA x` of it")


@pytest.mark.parametrize("code", ["ab ∘ cd", "f x", "ab * cd", "xs"])
def test_code_without_identifiers_becomes_mathematics(code: str) -> None:
    said = informal_docstring(f"The product `{code}` is even.")
    assert said.count("$") == 2
    assert prose_roots(said) == ["the", "product", "is", "even"]


@pytest.mark.parametrize(
    ("docstring", "macro"),
    [
        (r"The sum $\sum_i x_i$ is even.", "m:sum"),
        (r"It is \(\int f\).", "m:int"),
        ("So is $x^{-1}$.", "m:inv"),
    ],
)
def test_docstrings_keep_their_macros(docstring: str, macro: str) -> None:
    """A term that no docstring has can go with no definition, and then a query says it in vain."""
    assert macro in association_terms(informal_docstring(docstring), ())


@settings(max_examples=200)
@given(PIECES)
def test_any_text(text: str) -> None:
    for made in (
        informal_docstring(text),
        " ".join(prose_roots(text)),
        " ".join(content_roots(text, [text])),
    ):
        assert isinstance(made, str)
    said = informal_docstring(text)
    assert said == said.strip()
    assert association_terms(said, ()) == association_terms(said, ())


@pytest.mark.parametrize("piece", [*HOSTILE, "[a]("])
def test_a_hundred_kilobytes_take_no_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    start = time.perf_counter()
    informal_docstring(text)
    association_terms(text, mentioned("a"))
    content_roots(text, [text])
    # What is linear takes a tenth of a second; the bound leaves room for a busy machine.
    assert time.perf_counter() - start < 5
