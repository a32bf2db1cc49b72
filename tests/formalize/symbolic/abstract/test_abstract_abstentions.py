"""What the reader of abstract mathematics does not read, and the very span that it points at."""

from __future__ import annotations

import pytest

from cramf.environment import default_ontology
from cramf.formalize.symbolic.abstract import AbstractReader
from cramf.formalize.symbolic.syntax import UnreadError
from cramf.knowledge.ontology import load_ontology

ABSTENTIONS = [
    (
        "Let $G$ be a grupp. Prove that $G$ is abelian.",
        "grupp",
        "unknown word 'grupp'",
    ),
    (
        "Let $G$ be a group. Prove that $G$ is blue.",
        "blue",
        "unknown word 'blue'",
    ),
    (
        "Let $G$ be a group.",
        ".",
        "the statement breaks off, or says nothing to prove",
    ),
    (
        "Let $G$ be a group. Prove that $H$ is normal in $G$.",
        "H",
        "what H is has not been said",
    ),
    (
        "Let $G$ be a group and let $x \\in G$. Prove that $x + x = x$.",
        "x + x",
        "there is no '+' in G",
    ),
    (
        "Let $H$ be a subgroup of a group $G$. Prove that $G/H$ is abelian.",
        "G/H",
        "a quotient that is not known to be one",
    ),
    (
        "Let $X$ be a topological space. Prove that $X$ is abelian.",
        "abelian",
        "what 'abelian' says of this is not known",
    ),
    (
        "Let $R$ be a ring. Prove that every ideal of $R$ is prime.",
        "every ideal of $R",
        "what this belongs to does not fit",
    ),
    (
        "Prove that there exists a group $G$ such that $G$ is not abelian.",
        "a group $G$ such that $G$ is not abelian",
        "a structure that is claimed to exist, or spoken of inside a claim",
    ),
    (
        "Let $G$ be a group and let $G$ be a ring. Prove that $G$ is abelian.",
        "a ring",
        "G is declared twice",
    ),
    (
        "Let $G$ be a group. Prove that $G$ has a subgroup.",
        "a subgroup",
        "nothing is said of what exists",
    ),
    (
        "Let $G$ be a group. Prove that $G$ is a group.",
        "a group",
        "that this is so says nothing more",
    ),
    (
        "Let $f: X \\to Y$ be a map. Prove that $f$ is continuous.",
        "continuous",
        "what 'continuous' says of this is not known",
    ),
    (
        "Prove that a subgroup is normal or $1 = 1$.",
        "a subgroup",
        "whether this means all or some is not clear here",
    ),
    (
        (
            "Let $G$ be a group of order $p$, where $p$ is a prime. Prove that $G$ has "
            "order $q$, where $q$ is a prime."
        ),
        "q$ is a prime",
        "whether this means all or some of them is not clear",
    ),
    (
        "Let $x$ be an element of a ring $R$. Prove that $x^n = 0$ for some $n$.",
        "n",
        "what n ranges over has not been said",
    ),
    (
        "Let $G$ be a group. Prove that $|G| = \\sum_{x} 1$.",
        "\\sum",
        "unknown LaTeX command \\sum",
    ),
    (
        "Let $G$ be a group. Prove that $G$ is abelian$.",
        ".",
        "a point inside a formula is not read",
    ),
    (
        "Let $G$ be a group. Prove that $((x = 1$.",
        "1",
        "'1' does not fit the formula here",
    ),
    (
        "Let $G$ and $H$ be groups. Prove that every subgroup is cyclic.",
        "every subgroup",
        "of what this is has not been said",
    ),
    (
        (
            "Let $A$ be a subset of a metric space $X$ and let $B$ be a subset of a metric "
            "space $Y$. Prove that $A \\subset B$."
        ),
        "A \\subset B",
        "an inclusion of what are no sets of one space",
    ),
    (
        "Let $G$ be a group. Prove that $G$ and its center are isomorphic.",
        "its",
        "unknown word 'its'",
    ),
    (
        "Let $V$ be a vector space over $\\mathbb{R}$ and let $v \\in V$. Prove that $v > 0$.",
        "v > 0",
        "there is no order in V",
    ),
    (
        "Let $G$ be a group of even number. Prove that $G$ is finite.",
        "number",
        "unknown word 'number'",
    ),
    (
        "Prove that $x^2 + y^2$ is irreducible over $\\mathbb{Q}$.",
        "x",
        "what x is has not been said",
    ),
    (
        "Let $n$ be a natural number. Prove that $x^{1/2} = n$.",
        "x",
        "what x is has not been said",
    ),
    (
        "Prove that a group is simple if it is not a field.",
        "it",
        "what `it` stands for is not clear",
    ),
    (
        "Let $R$ be a commutative ring. Prove that $R$ is isomorphic to a field.",
        "a field",
        "a structure that is claimed to exist, or spoken of inside a claim",
    ),
]


@pytest.fixture(scope="module")
def reader() -> AbstractReader:
    return AbstractReader(load_ontology(default_ontology()))


@pytest.mark.parametrize(("statement", "text", "reason"), ABSTENTIONS)
def test_abstention_names_span_and_reason(
    reader: AbstractReader, statement: str, text: str, reason: str
) -> None:
    with pytest.raises(UnreadError) as caught:
        reader.read(statement)
    start, end = caught.value.span
    assert (statement[start:end], caught.value.reason) == (text, reason)


@pytest.mark.parametrize(
    "statement",
    [
        "Let $G$ be a group. $G$ is abelian. Prove that $G$ is cyclic.",
        "Let $G$ be a group. Show that if $G$ is cyclic then $G$ is abelian. Show that if $G$ is finite then "
        "$G$ is solvable.",
        "Every group is abelian. Every ring is commutative.",
    ],
)
def test_several_claims_do_not_share_premises(reader: AbstractReader, statement: str) -> None:
    with pytest.raises(UnreadError):
        reader.read(statement)


def test_several_claims_without_premises_are_one(reader: AbstractReader) -> None:
    statement = "Let $G$ be a cyclic group. Show that $G$ is abelian. Show that $G$ is solvable."
    assert reader.read(statement).goal == "(∀ a b : G, a * b = b * a) ∧ Group.IsSolvable G"


def test_what_has_two_meanings_is_not_read(reader: AbstractReader) -> None:
    """Lean's natural numbers have a 0, for which this would say nothing."""
    with pytest.raises(UnreadError, match="what n ranges over"):
        reader.read("Let $G$ be a group and let $g \\in G$. Prove that $g^n = 1$ for some $n$.")
