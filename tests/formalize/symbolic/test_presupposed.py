"""What a statement presupposes of its terms, wherever they stand: divisors, roots, logarithms."""

from __future__ import annotations

import pytest

from cramf.formalize.symbolic.backend import SymbolicBackend
from cramf.formalize.types import Request


def read(statement: str) -> str:
    draft = SymbolicBackend().draft(Request(statement, "t"))
    assert draft.candidate is not None, draft.abstention
    return " ".join(draft.candidate.statement.split())


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        (
            r"Find all integers n such that $\frac{6}{n}$ is an integer. "
            r"Show that $n \in \{1,2,3,6,-1,-2,-3,-6\}$.",
            "n ≠ 0 ∧ (∃ k : ℤ, 6 / (n : ℚ) = (k : ℚ))",
        ),
        (
            r"Find all real x such that $\sqrt{x}$ is an integer and $x < 2$. Show that $x = 0$ or $x = 1$.",
            "0 ≤ x ∧ (∃ k : ℤ, Real.sqrt x = (k : ℝ)) ∧ x < 2",
        ),
        (r"Let n be an integer such that $\frac{6}{n-1}$ is an integer. Show that $n \ne 1$.", "n - 1 ≠ 0"),
        (
            r"Find all positive real numbers x such that $\sqrt{3-x} = 0$. Show that x = 3.",
            "(0 ≤ 3 - x ∧ 0 < x ∧ Real.sqrt (3 - x) = 0) ↔ x = 3",
        ),
        (
            r"Find all nonzero real x such that $\frac1x = \frac1{x^2-x}$. Show that x = 2.",
            "(x ^ 2 - x ≠ 0 ∧ x ≠ 0 ∧ 1 / x = 1 / (x ^ 2 - x)) ↔ x = 2",
        ),
    ],
)
def test_what_is_presupposed_is_said(statement: str, part: str) -> None:
    assert part in read(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "Prove that if any integer n satisfies $n^2 = 2$, then $1 = 0$.",
        "Prove that $1 = 0$ if any integer n satisfies $n^2 = 2$.",
        "Let $H$ be a subgroup of prime index in $G$. Show that $H$ is normal.",
    ],
)
def test_what_is_not_clear_is_not_read(statement: str) -> None:
    draft = SymbolicBackend().draft(Request(statement, "t"))
    assert draft.candidate is None
    assert draft.abstention is not None and draft.abstention.reason


def test_any_in_a_claim_means_all() -> None:
    assert read("Show that any even integer is divisible by 2.").startswith(
        "theorem t (n : ℤ) (hn : Even n) : 2 ∣ n"
    )
