"""The few-shot examples: each stands, each habit is taught, and each statement gets the fitting ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.check.safety import screen_candidate
from cramf.check.static import StaticChecker
from cramf.check.verdict import Status
from cramf.formalize.budget import Budget, estimate_tokens
from cramf.formalize.examples import ANSWER, HABITS, Example, all_examples, choose_examples, cues_of
from cramf.formalize.output import parse_reply
from cramf.lean.parser import parse_file

EXAMPLES = all_examples()
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def example_id(example: Example) -> str:
    return example.id


def ids(statement: str, *domains: str, budget: Budget | None = None) -> list[str]:
    return [e.id for e in choose_examples(statement, domains, budget or Budget())]


def habits(statement: str, *domains: str) -> Counter[str]:
    return Counter(h for e in choose_examples(statement, domains, Budget()) for h in e.habits)


@pytest.fixture(scope="module")
def checker() -> StaticChecker:
    return StaticChecker.open()


def test_there_are_enough_of_them_for_every_habit() -> None:
    assert len(EXAMPLES) >= 24
    assert len({e.id for e in EXAMPLES}) == len({e.statement for e in EXAMPLES}) == len(EXAMPLES)
    taught = Counter(h for e in EXAMPLES for h in e.habits)
    assert set(taught) == HABITS
    assert min(taught.values()) >= 2
    assert len({e.domain[:2] for e in EXAMPLES}) >= 15


@pytest.mark.parametrize("example", EXAMPLES, ids=example_id)
def test_it_is_what_the_rules_ask_for(example: Example, checker: StaticChecker) -> None:
    (theorem,) = [c.declaration for c in parse_file(example.lean).commands if c.declaration]
    assert theorem.keyword == "theorem"
    parsed = parse_reply(f"```lean\n{example.lean}\n```", theorem.name)
    assert parsed.notes == ()
    candidate = parsed.candidate
    assert candidate.source.split() == example.lean.split()
    assert candidate.helper == ""
    _, refused = screen_candidate(candidate)
    assert refused == ()
    verdict = checker.check(candidate)
    assert (verdict.status, verdict.diagnostics) == (Status.VALID, ())
    assert max(map(len, example.lean.split("\n"))) <= 110


def test_the_checker_that_passes_them_can_fail_one(checker: StaticChecker) -> None:
    spoilt = parse_reply(EXAMPLES[0].lean.replace("Prime", "Prim"), "t").candidate
    assert checker.check(spoilt).status is Status.INVALID


def test_what_they_teach_is_in_them() -> None:
    signs = {
        "type_star": "Type*",
        "instances": "[",
        "limits": "atTop",
        "uniqueness": "∃!",
        "range": "Finset.",
        "division": "/",
    }
    for example in EXAMPLES:
        for habit, sign in signs.items():
            if habit in example.habits:
                assert sign in example.lean, (example.id, habit)
        if "natural_subtraction" in example.habits:
            assert " - " in example.lean
            assert any(kind in example.lean for kind in "ℤℚℝ"), example.id
        if ANSWER in example.habits:
            assert "Show that it is" in example.statement, example.id


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is only on the founders' machines")
def test_none_is_a_benchmark_statement_or_nearly_one() -> None:
    from rapidfuzz import fuzz, process

    statements = [
        json.loads(line)["informal_statement"]
        for name in ("minif2f", "proofnet-dev")
        for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
        if line
    ]
    assert len(statements) > 600
    for example in EXAMPLES:
        nearest, likeness, _ = process.extractOne(example.statement, statements, scorer=fuzz.ratio)
        assert likeness < 80, (example.id, nearest)


@pytest.mark.parametrize(
    ("statement", "habit"),
    [
        ("For every $n$ the number $n^3 - n$ is even.", "natural_subtraction"),
        ("Then $2^{n} - 1$ is odd.", "natural_subtraction"),
        ("The fraction $\\frac{a}{b}$ is reduced.", "division"),
        ("What is 15% of 60?", "division"),
        ("Then $\\sqrt{n}$ is irrational.", "casts"),
        ("Suppose that $x \\geq 3$.", "strictness"),
        ("If x is positive, so is 1 + x.", "strictness"),
        ("Let $p$ be a prime.", "implicit_premises"),
        ("Suppose $\\log x = 2$.", "implicit_premises"),
        ("An injective map of a set into itself", "type_star"),
        ("Let $G$ be a group.", "instances"),
        ("Every compact space is normal.", "instances"),
        ("We have $\\sum_{k=1}^n k = 3$.", "range"),
        ("Add $1 + 2 + \\cdots + n$.", "range"),
        ("Find $x$. Show that it is 4.", ANSWER),
        ("How many are there? Show that it is 12.", ANSWER),
        ("Compute the least such $k$.\nProve that the answer is 9.", ANSWER),
        ("Let $f(x) = x + 1$.", "functions"),
        ("Show that $a \\equiv b \\pmod 4$.", "congruence"),
        ("The series converges.", "limits"),
        ("There is exactly one such point.", "uniqueness"),
        ("Let $f'$ be the derivative of $f$.", "calculus"),
        ("the number of such pairs", "counting"),
        ("Let $x \\in A$.", "sets"),
    ],
)
def test_cues_are_seen(statement: str, habit: str) -> None:
    assert habit in cues_of(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "Find a proof that two is prime.",
        "Show that it is 5.",
        "Show that what it is does not matter.",
        "",
        "€",
    ],
)
def test_no_answer_is_seen_where_none_is_told(statement: str) -> None:
    assert ANSWER not in cues_of(statement)


def test_examples_fit_the_statement() -> None:
    algebra = habits("Every quotient of a cyclic group is cyclic.", "20A05", "20K01")
    assert algebra["type_star"] >= 2 and algebra["instances"] >= 2
    assert not algebra[ANSWER]
    asked = habits("What is the sum of all $k$ with $7k - 3 < 40$? Show that it is 21.", "11A99")
    assert asked[ANSWER] and asked["range"] and asked["natural_subtraction"] and asked["strictness"]
    assert "quotient-sequence-limit" in ids("The sequence $\\frac{n}{n+1}$ converges.", "40A05")


def test_the_domain_decides_between_like_ones() -> None:
    words = "The closure of such a subset is again one."
    topology, groups = ids(words, "54A05"), ids(words, "20E07")
    assert {"closure-of-connected", "closed-in-complete"} <= set(topology)
    assert {"kernel-normal", "order-of-a-square"} & set(groups)
    assert topology != groups


def test_an_answer_is_always_taught_where_one_is_told() -> None:
    statement = "In a compact Hausdorff group, how many such open subgroups are there? Show that it is 2."
    chosen = choose_examples(statement, ["22C05"] * 5, Budget(most_examples=1))
    assert [ANSWER in e.habits for e in chosen] == [True]
    assert any(ANSWER in e.habits for e in choose_examples(statement, ["22C05"] * 5, Budget()))


@given(st.text(max_size=200), st.lists(st.sampled_from(["11A07", "20A05", "54-XX", "97"]), max_size=4))
def test_choice_is_bounded_and_the_same_each_time(statement: str, domains: list[str]) -> None:
    budget = Budget(examples=400, most_examples=4)
    chosen = choose_examples(statement, domains, budget)
    assert chosen == choose_examples(statement, iter(domains), budget)
    assert len(chosen) <= 4
    assert len(set(chosen)) == len(chosen)
    assert sum(estimate_tokens(e.text) + 1 for e in chosen) <= 400


@pytest.mark.parametrize("budget", [Budget(examples=0), Budget(examples=5), Budget(most_examples=0)])
def test_there_may_be_room_for_none(budget: Budget) -> None:
    assert ids("Find $x$. Show that it is 4.", budget=budget) == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["what ", "\\frac{", "a - ", "( ", "first x", "f ", "show that it "])
def test_long_statements_are_no_trap(piece: str) -> None:
    assert cues_of(piece * (20_000 // len(piece))) <= HABITS
