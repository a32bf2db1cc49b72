"""Hostile and random input: an answer or an abstention, never an exception, soon, and balanced."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cramf.formalize.symbolic import SymbolicBackend
from cramf.formalize.types import Draft, Request

BACKEND = SymbolicBackend()
WORDS = (
    "Prove that let $n$ be an integer . , and or if then for all every there exists such that $x$ is even "
    r"odd prime the sum of two integers divides $3$ divisible by real number $n^2$ $x>0$ $x\in\mathbb{R}$ "
    "not no either both some positive rational consecutive a coprime congruent to modulo $1$ infinitely "
    "many unique what suppose with greater than 2 $n$ $m$ $a$ $b$ whenever iff product square where $$ | ( ) "
    r"\frac { } ^ _ \sqrt \gcd ! = < \pmod \mid \left( \right) 17 -"
).split(" ")
CLAUSES = st.sampled_from(
    [
        "$n$ is even",
        "$m$ is odd",
        "$3 \\mid n$",
        "$n^2 - m > 2$",
        "$n$ and $m$ are coprime",
        "$n$ is the sum of two primes",
        "there exists an integer $k$ such that $n = 2k$",
        "every prime is odd",
        "$n$ is not divisible by $m + 1$",
        "$n / m$ is rational",
    ]
)
JOINED = st.recursive(
    CLAUSES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" and ".join),
        st.tuples(inner, inner).map(" or ".join),
        st.tuples(inner, inner).map(" if and only if ".join),
        st.tuples(inner, inner).map(lambda pair: f"if {pair[0]}, then {pair[1]}"),
        inner.map("for all integers $m$, {}".format),
    ),
    max_leaves=5,
)
PAIRS = {"(": ")", "{": "}", "[": "]"}


def balanced(text: str) -> bool:
    stack: list[str] = []
    for character in text:
        if character in PAIRS:
            stack.append(PAIRS[character])
        elif character in PAIRS.values() and (not stack or stack.pop() != character):
            return False
    return not stack


def drafted(statement: str, seconds: float = 2.0) -> Draft:
    began = time.process_time()
    draft = BACKEND.draft(Request(statement, "T"))
    # Of our own CPU time, for the machine is shared; a wide margin that an exponential would miss by far.
    assert time.process_time() - began < seconds
    if draft.candidate is not None:
        text = draft.candidate.statement
        assert text.startswith("theorem T ")
        assert text.endswith(":= by\n  sorry")
        assert balanced(text)
        assert "?" not in text
        assert "#" not in text
    else:
        assert draft.abstention is not None
        found = draft.abstention
        assert 0 <= found.start <= found.end <= len(statement)
        assert found.text == statement[found.start : found.end]
        assert found.reason
    return draft


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=80))
def test_any_text_is_answered(statement: str) -> None:
    drafted(statement)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_any_soup_of_known_words_is_answered(statement: str) -> None:
    drafted(statement)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(JOINED)
def test_compound_statements_are_answered_and_the_same_twice(statement: str) -> None:
    assert drafted(f"Let $n$ be an integer. Prove that {statement}.") == drafted(
        f"Let $n$ be an integer. Prove that {statement}."
    )


@pytest.mark.parametrize(
    "statement",
    [
        "x" * 1_000_000,
        "\0" * 50,
        "(" * 900,
        "$" + "(" * 150 + "x" + ")" * 150 + "$",
        "$" + "{" * 23 + "1" + "}" * 23 + "=1$",
        "$" + "|" * 300 + "$",
        "$" + "-" * 30 + "x=1$",
        "$" + "1+" * 190 + "1=1$",
        "$" + r"\frac{1}{" * 20 + "2" + "}" * 20 + "=1$",
        "$" + r"\frac" * 350 + "$",
        "$" + "x^{" * 22 + "2" + "}" * 22 + "=1$",
        "$" + "2!" * 150 + "$",
        "$n$ is even and " * 30 + "$n$ is even",
        "$n$ is even or " * 30 + "$n$ is even",
        "if $n$ is even then " * 20 + "$n$ is even",
        "there exists an integer $x$ such that " * 14 + "$x=1$",
        "for all integers $x$, " * 20 + "$x=1$",
        "it is not the case that " * 15 + "2 is even",
        "the sum of " * 50 + "two integers is even",
        "Let $n$ be an integer. " * 25,
        "not " * 100,
        "$$$$$",
        "$",
        "\\",
        "\\begin{theorem} x \\end{theorem}",
        "Prove $1 = 1$. -/ axiom bad : False",
        "import Lean\n#eval IO.println 1",
        "Prove that $1 = 1$ := by sorry",
    ],
)
def test_hostile_statement_is_answered(statement: str) -> None:
    drafted(statement)


@pytest.mark.parametrize("name", ["", "a b", "T : False := sorry --", "1x", "theorem", "x.", "é", "a\nb"])
def test_name_that_is_no_identifier_is_refused(name: str) -> None:
    draft = BACKEND.draft(Request("Prove that $1 = 1$.", name))
    assert draft.candidate is None
    assert draft.abstention is not None
    assert "name" in draft.abstention.reason
