"""What the backend does not read, and the very span that it points at."""

from __future__ import annotations

import pytest

from cramf.formalize.symbolic import SymbolicBackend
from cramf.formalize.types import Request

ABSTENTIONS = [
    (
        "Prove that there exists an integer $k$ such that $n = 2k$ whenever $n$ is even.",
        0,
        79,
        "Prove that there exists an integer $k$ such that $n = 2k$ whenever $n$ is even.",
        (
            "two readings: `(n : ℤ) : ∃ k : ℤ, Even n → n = 2 * k` or `(n : ℤ) (h₀ : Even n) : ∃ k "
            ": ℤ, n = 2 * k`"
        ),
    ),
    (
        "There exists an integer $n$ such that $n \\le m$ for all natural numbers $m$.",
        0,
        76,
        "There exists an integer $n$ such that $n \\le m$ for all natural numbers $m$.",
        "two readings: `: ∃ n : ℤ, ∀ m : ℕ, n ≤ (m : ℤ)` or `(m : ℕ) : ∃ n : ℤ, n ≤ (m : ℤ)`",
    ),
    (
        "Let $x$ be a rational number and $y$ an irrational number.",
        57,
        58,
        ".",
        "the statement breaks off, or says nothing to prove",
    ),
    ("For any two integers a and b, if a is even then ab is even.", 48, 50, "ab", "unknown word 'ab'"),
    (
        "Let $a$ be an integer. Prove that $a$ is divisible by 2 and 3 iff it is divisible by 6.",
        62,
        65,
        "iff",
        "this does not fit the sentence before it",
    ),
    (
        "If an integer is even then 2 is even.",
        3,
        21,
        "an integer is even",
        "whether this means all or some of them is not clear here",
    ),
    (
        "Suppose an integer is odd. Prove that $1 = 1$.",
        8,
        25,
        "an integer is odd",
        "whether this means all or some of them is not clear here",
    ),
    (
        "If $n$ is not an integer then $n$ is even.",
        17,
        24,
        "integer",
        "nothing is left to say once the types are settled",
    ),
    ("There is no largest prime.", 12, 19, "largest", "this does not fit the sentence before it"),
    ("Each prime divides its square.", 19, 22, "its", "unknown word 'its'"),
    ("Neither 4 is prime.", 0, 7, "Neither", "this does not fit the sentence before it"),
    (
        "The sum of two integers is an integer.",
        30,
        37,
        "integer",
        "nothing is left to say once the types are settled",
    ),
    (
        "Prove that either $n$ or $n+1$ is even for each integer $n$.",
        22,
        24,
        "or",
        "this does not fit the sentence before it",
    ),
    (
        "For each integer $n$, exactly when $n$ is even.",
        22,
        34,
        "exactly when",
        "this does not fit the sentence before it",
    ),
    ("Find the value of $3 + 4$.", 25, 26, ".", "the statement breaks off, or says nothing to prove"),
    ("Prove that $٣ = 3$.", 12, 13, "٣", "the character '٣' is not read"),
    ("", 0, 0, "", "no statement"),
    ("   ", 0, 3, "   ", "no statement"),
    ("$n$ is even$", 11, 12, "$", "$ is never closed"),
    ("Prove that $n^2 is even.", 11, 12, "$", "$ is never closed"),
    ("$x \\foo y$", 3, 7, "\\foo", "unknown LaTeX command \\foo"),
    ("Let $n$ be an integer. Prove that $n$ is blue.", 41, 45, "blue", "unknown word 'blue'"),
    ("$1, 2, \\ldots$", 7, 13, "\\ldots", "an ellipsis without its last term"),
    ("#eval 1", 0, 1, "#", "the character '#' is not read"),
    ("theorem evil : False := by sorry", 21, 23, ":=", "the character ':=' is not read"),
    ("Prove that $1/2x = 3$.", 14, 16, "2x", "a/bc can be (a/b)c or a/(bc); write parentheses"),
    ("Prove that $2\\frac12 = 3$.", 12, 20, "2\\frac12", "a mixed fraction or a product; write the sign"),
    ("$f(x) = 1$", 1, 2, "f", "what f is has not been said"),
    ("Let $z$ be a complex number. Then $z > 0$.", 35, 40, "z > 0", "complex numbers have no order"),
    ("Prove that $2 \\mid \\frac{1}{2}$.", 12, 30, "2 \\mid \\frac{1}{2}", "divisibility is not read in ℚ"),
    ("Let $n$ be an integer. Let $n$ be an integer. Then $n$ is even.", 28, 29, "n", "n is declared twice"),
    ("If $n$ is even then", 15, 19, "then", "the statement breaks off, or says nothing to prove"),
    ("Let $n$ be an integer.", 21, 22, ".", "the statement breaks off, or says nothing to prove"),
    ("Prove that every integer is.", 27, 28, ".", "this does not fit the sentence before it"),
    ("Prove that $x' = 1$.", 12, 14, "x'", "primed variables are not read"),
    ("$n != 3$", 3, 5, "!=", "'!=' is not read"),
    (
        "Prove that $\\sin^{-1} 1 = 1$, $x$.",
        17,
        21,
        "{-1}",
        "a function's exponent can be a power or an inverse",
    ),
    ("The sum of three integers $a$ is even.", 27, 28, "a", "this does not fit the sentence before it"),
    (
        "Let $a$, $b$ be integers. Then $a$ and $b$ are not even.",
        32,
        55,
        "a$ and $b$ are not even",
        "whether this denies each or only both is not clear",
    ),
    ("\x00", 0, 1, "\x00", "the character '\\x00' is not read"),
    ("Prove that $((1) = 1$.", 17, 18, "=", "'=' does not fit the formula here"),
    ("Prove that $n = 2k$ 🙂.", 20, 21, "🙂", "the character '🙂' is not read"),
    ("Prove that $a_n = 1$.", 12, 13, "a", "what a is has not been said"),
    ("Prove that $x^23 = 1$.", 14, 16, "23", "LaTeX takes only the first digit here; write braces"),
    (
        "Prove that $\\mathbb{Z}_5 = 1$.",
        12,
        24,
        "\\mathbb{Z}_5",
        "'\\\\mathbb{Z}_5' is not a number set that is read",
    ),
]


@pytest.fixture(scope="module")
def backend() -> SymbolicBackend:
    return SymbolicBackend()


@pytest.mark.parametrize(("statement", "start", "end", "text", "reason"), ABSTENTIONS)
def test_abstention_names_span_and_reason(
    backend: SymbolicBackend, statement: str, start: int, end: int, text: str, reason: str
) -> None:
    draft = backend.draft(Request(statement, "T"))
    assert draft.candidate is None
    assert draft.abstention is not None
    assert (draft.abstention.start, draft.abstention.end) == (start, end)
    assert draft.abstention.text == text == statement[start:end]
    assert draft.abstention.reason == reason
