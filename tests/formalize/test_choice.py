"""The choice among attempts: what goes before what, by the attempts alone; and clusters of equal ones."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.check.verdict import Candidate, Diagnostic, Severity, Status, Verdict
from cramf.formalize.alpha import normal_text
from cramf.formalize.choice import agreement, choose, clustered, ranked
from cramf.formalize.types import Abstention, Attempt, Draft, TokenUsage
from tests.formalize.parts import lean, unknown, verdict

WARNING = Diagnostic(Severity.WARNING, "old", "deprecated", "old")
SORRY = Diagnostic(Severity.WARNING, "declaration uses sorry", "sorry")
# From the best to the worst.
LADDER: list[Verdict | None] = [
    verdict(Status.VALID, elaborated=True),
    verdict(Status.VALID),
    verdict(Status.VALID, WARNING),
    None,
    verdict(Status.INVALID, unknown("a")),
    verdict(Status.INVALID, unknown("a"), unknown("b")),
    verdict(Status.REJECTED, unknown("a")),
]


def attempt(
    number: int, body: str | None, judged: Verdict | None = None, tokens: int = 10, mends: int | None = None
) -> Attempt:
    used = TokenUsage(1000 - number, tokens)
    if body is None:
        draft = Draft("b", None, Abstention("no", 0, 0, ""), tokens=used)
    else:
        draft = Draft("b", lean(body), tokens=used)
    return Attempt(number, 0 if mends is None else 1, draft, judged, mends)


def best(*attempts: Attempt) -> int:
    return choose(clustered(attempts)).attempt.number


@pytest.mark.parametrize("place", range(len(LADDER) - 1))
def test_verdicts_from_the_best_to_the_worst(place: int) -> None:
    worse, better = attempt(0, ": 1 = 1", LADDER[place + 1]), attempt(1, ": 2 = 2000", LADDER[place], 999)
    choice = choose(clustered([worse, better]))
    assert choice.attempt.number == 1 and choice.reason in ("its verdict", "errors")
    # Not even agreement of many makes up for a verdict.
    many = [replace(worse, number=n) for n in range(2, 9)]
    assert best(better, *many) == 1


def test_no_candidate_comes_last_and_no_verdict_is_no_verdict() -> None:
    assert best(attempt(0, None), attempt(1, ": 1 = 1", LADDER[-1])) == 1
    for status in (Status.TIMEOUT, Status.CRASHED, Status.UNAVAILABLE):
        pair = attempt(0, ": 1 = 1", LADDER[4]), attempt(1, ": 1 = 2", verdict(status))
        assert best(*pair) == 1
    elaborated = verdict(Status.VALID_WITH_SORRY, SORRY, elaborated=True)
    assert best(attempt(0, ": 1 = 1", LADDER[1]), attempt(1, ": 2 = 2", elaborated)) == 1


def test_agreement_goes_before_tokens_tokens_before_length_length_before_order() -> None:
    good = LADDER[1]
    alone, two = attempt(0, ": 1 = 1", good, 1), [attempt(n, ": 2 = 2", good, 50) for n in (1, 2)]
    assert best(alone, *two) == 1
    assert best(attempt(0, ": 1 = 1", good, 9), attempt(1, ": 2 = 2000", good, 8)) == 1
    assert best(attempt(0, ": 1 = 1000", good), attempt(1, ": 2 = 2", good)) == 1
    assert best(attempt(1, ": 1 = 1", good), attempt(0, ": 2 = 2", good)) == 0
    assert choose(clustered([alone])).reason == "being the only one"


def test_a_repair_and_what_it_mends_agree_once_and_cost_together() -> None:
    good, bad = LADDER[1], LADDER[4]
    first = attempt(0, ": 1 = 1", bad, 30)
    same = attempt(1, ": 1 = 1", good, 5, mends=0)
    attempts = clustered([first, same])
    assert agreement(attempts) == {0: 1}
    assert best(first, same, attempt(2, ": 2 = 2", good, 34)) == 2
    assert best(first, same, attempt(2, ": 2 = 2", good, 36)) == 1


bodies = st.sampled_from([": 1 = 1", ": 2 = 2", ": 3 = 3000", "(n : ℕ) : n = n", "(m : ℕ) : m = m", None])


@st.composite
def attempts_of(draw: st.DrawFn) -> list[Attempt]:
    made: list[Attempt] = []
    for number in range(draw(st.integers(1, 8))):
        body = draw(bodies)
        judged = None if body is None else draw(st.sampled_from(LADDER))
        mends = draw(st.one_of(st.none(), st.integers(0, number - 1))) if number else None
        made.append(attempt(number, body, judged, draw(st.integers(1, 3)), mends))
    return made


@given(attempts_of(), st.randoms(use_true_random=False))
def test_the_order_is_total_and_independent_of_the_input(attempts: list[Attempt], rng: random.Random) -> None:
    there = ranked(clustered(attempts))
    assert sorted(a.number for a in there) == list(range(len(attempts)))
    rng.shuffle(attempts)
    here = ranked(clustered(attempts))
    assert here == there and choose(clustered(attempts)).attempt == there[0]
    # One that is worse in nothing but its number changes nothing.
    twin = replace(there[0], number=len(attempts))
    assert best(*attempts, twin) == there[0].number


@given(attempts_of())
def test_the_order_among_two_is_that_among_all_where_no_one_agrees(attempts: list[Attempt]) -> None:
    lonely = [
        replace(a, mends=None, cluster=None if a.draft.candidate is None else a.number) for a in attempts
    ]
    order = [a.number for a in ranked(lonely)]
    for n, first in enumerate(order):
        for second in order[n + 1 :]:
            pair = [a for a in lonely if a.number in (first, second)]
            assert choose(pair).attempt.number == first


# -- normal text ---------------------------------------------------------------------------------------------

EQUAL = [
    ("(n : ℕ) (h : n.Prime) : 1 < n", "(p : ℕ)\n  (hp : p.Prime) : 1 < p"),
    ("(x y : ℝ) : x + y = y + x", "(a : ℝ) (b : ℝ) : a + b = b + a"),
    ("{G : Type*} [Group G] (g : G) : g = g", "(H : Type*) [inst : Group H] (x : H) : x = x"),
    (": ∀ n : ℕ, ∃ m, n < m", ": ∀ a : ℕ, ∃ b, a < b"),
    ("(f : ℝ -> ℝ) : f = fun x => f x", "(g : ℝ → ℝ) : g = fun y ↦ g y"),
    (": ∑ i ∈ Finset.range 3, i = 3", ": ∑ k ∈ Finset.range 3, k = 3"),
    ("(n : ℕ) : 0 <= n -- trivial", "(n : ℕ) : 0 ≤ n"),
    ("(n : ℕ) (h : 0 < n) : n / n = 1", "(n : ℕ) (hn : 0 < n) : n / n = 1"),
    (": let x := 3; x = 3", ": let y := 3; y = 3"),
    ("(s : Set ℕ) : s = {x | x ∈ s}", "(t : Set ℕ) : t = {n | n ∈ t}"),
]
DIFFERENT = [
    ("(x y : ℝ) : x - y = 0", "(x y : ℝ) : y - x = 0"),
    ("(x : ℝ) : x = x", "(x : ℂ) : x = x"),
    ("(n : ℕ) (h : 0 < n) : n = n", "(n : ℕ) (h : 1 < n) : n = n"),
    (": ∀ n : ℕ, ∃ m, n < m", ": ∀ n : ℕ, ∃ m, m < n"),
    ("(n : ℕ) : n.succ = n", "(n : ℕ) : n.pred = n"),
    ("(p : ℕ) (h : p.Prime) : 1 < p", "(p : ℕ) : p.Prime → 1 < p"),
    ("(p q : Prop) : p → q → p", "(p q : Prop) : p → q → q"),
    ("(f : ℕ → ℕ) : f (a := 1) = 0", "(f : ℕ → ℕ) : f (b := 1) = 0"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_statements_that_differ_in_names_alone(one: str, other: str) -> None:
    assert normal_text(lean(one, "a")) == normal_text(lean(other, "b.c"))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_statements_that_differ(one: str, other: str) -> None:
    assert normal_text(lean(one)) != normal_text(lean(other))


@given(st.permutations(["x", "y", "z", "w", "foo", "h'", "α", "ε₁"]), st.sampled_from(EQUAL + DIFFERENT))
def test_any_renaming_of_bound_names_is_seen_through(names: list[str], pair: tuple[str, str]) -> None:
    body = "(a b : ℝ) (c : ℕ → ℝ) (d : 0 < a) (e : ∀ n, c n = a) : ∃ r > b, c 0 < r ∧ a.floor = b"
    new = dict(zip("a b c d e n r".split(), names, strict=False))
    renamed = re.sub(r"(?<![.\w])([a-er]|n)\b", lambda m: new[m[1]], body)
    assert normal_text(lean(renamed)) == normal_text(lean(body))
    assert normal_text(lean(pair[0])) != normal_text(lean(body))


def test_helpers_count_and_headers_do_not() -> None:
    plain = lean(": P 1")
    helped = Candidate("t", "import Mathlib", plain.statement, "def P (n : ℕ) : Prop := n = 1")
    other = Candidate("t", "import Mathlib", plain.statement, "def P (n : ℕ) : Prop := n = 2")
    assert len({normal_text(c) for c in (plain, helped, other)}) == 3
    assert normal_text(replace(plain, header="import Mathlib\nopen Nat")) == normal_text(plain)


@given(st.text(max_size=200))
def test_any_text_has_a_normal_form(text: str) -> None:
    assert normal_text(Candidate("t", "", text)) == normal_text(Candidate("u", "open X", text))
    assert isinstance(normal_text(Candidate("t", "", f"theorem t {text}", text)), str)


def test_equal_text_that_means_different_names_is_not_one_cluster() -> None:
    def judged(*resolved: str) -> Verdict:
        return replace(verdict(Status.VALID), resolved=resolved)

    attempts = [
        attempt(0, ": sqrt 4 = 2", judged("Real.sqrt")),
        attempt(1, ": sqrt 4 = 2", judged("Nat.sqrt")),
        attempt(2, ": sqrt 4 = 2", judged("Real.sqrt")),
    ]
    assert [a.cluster for a in clustered(attempts)] == [0, 1, 0]
