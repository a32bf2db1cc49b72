"""School problems of our own with answers, and the Lean that they must come out as, letter for letter."""

from __future__ import annotations

import pytest

from cramf.formalize.symbolic import SymbolicBackend
from cramf.formalize.types import Request

PAIRS = [
    (
        "What is $2+3$? Show that it is $5$.",
        ": 2 + 3 = 5",
    ),
    (
        "If $3x + 2 = 11$, what is the value of $x$? Show that it is $3$.",
        "(x : ℝ) (h₀ : 3 * x + 2 = 11) : x = 3",
    ),
    (
        "Let $x$ be a real number. Find $x$ if $2x=6$. Show that it is 3.",
        "(x : ℝ) (h₀ : 2 * x = 6) : x = 3",
    ),
    (
        "Let $r$ be the remainder when 17 is divided by 5. Calculate $r^3$. Show that it is 8.",
        "(r : ℝ) (h₀ : r = ((17 % 5 : ℕ) : ℝ)) : r ^ 3 = 8",
    ),
    (
        "Calculate the remainder upon dividing $5! + 1$ by 11. Show that it is 0.",
        ": (Nat.factorial 5 + 1) % 11 = 0",
    ),
    (
        "Find all real numbers $x$ such that $x^2 = 9$. Show that they are 3 and -3.",
        "(x : ℝ) : x ^ 2 = 9 ↔ (x = 3 ∨ x = -3)",
    ),
    (
        "Find the positive integer $n$ such that $n^2 = 49$. Show that it is 7.",
        "(n : ℕ) (hn : 0 < n) (hn₁ : n ^ 2 = 49) : n = 7",
    ),
    (
        "How many positive integers $n$ satisfy $n^2 < 50$? Show that it is 7.",
        ": Set.ncard {n : ℕ | 0 < n ∧ n ^ 2 < 50} = 7",
    ),
    (
        "How many positive divisors does 36 have? Show that it is 9.",
        ": Set.ncard {n : ℕ | 0 < n ∧ n ∣ 36} = 9",
    ),
    (
        "Find the least natural number $k$ for which $k^2 + k > 50$. Show that it is 7.",
        ": IsLeast {k : ℕ | k ^ 2 + k > 50} 7",
    ),
    (
        (
            "Let $x$ and $y$ be positive real numbers such that $x + y = 6$. What is the maximum "
            "value of $xy$? Show that it is 9."
        ),
        ": IsGreatest {x₁ : ℝ | ∃ x y : ℝ, 0 < x ∧ 0 < y ∧ x + y = 6 ∧ x * y = x₁} 9",
    ),
    (
        "Solve $2x + 3 = 9$ for $x$. Show that it is 3.",
        "(x : ℝ) (h₀ : 2 * x + 3 = 9) : x = 3",
    ),
    (
        "What is the sum of the solutions of $x^2 - 5x + 6 = 0$? Show that it is 5.",
        ": ∑ᶠ x ∈ {x : ℝ | x ^ 2 - 5 * x + 6 = 0}, x = 5",
    ),
    (
        "The sum of $x$ and $y$ is 10. Twice $x$ is $4$ more than $y$. What is $x$? Show that it is 14/3.",
        "(x y : ℝ) (h₀ : x + y = 10) (h₁ : 2 * x = 4 + y) : x = 14 / 3",
    ),
    (
        "What value of $x$ satisfies the equation $5x - 3 = 12$? Show that it is 3.",
        "(x : ℝ) (hx : 5 * x - 3 = 12) : x = 3",
    ),
    (
        "For what value of $k$ is $3k = 12$? Show that it is 4.",
        "(k : ℤ) (hk : 3 * k = 12) : k = 4",
    ),
    (
        "For how many integers $n$ is $n^2 < 10$? Show that it is 7.",
        ": Set.ncard {n : ℤ | n ^ 2 < 10} = 7",
    ),
    (
        "$x + y = 7$ and $x - y = 1$. Find $x$. Show that it is 4.",
        "(x y : ℝ) (h₀ : x + y = 7) (h₁ : x - y = 1) : x = 4",
    ),
    (
        "n is an integer. Prove n is even.",
        "(n : ℤ) : Even n",
    ),
    (
        (
            "Suppose that $n$ leaves a remainder of 2 when divided by 5. What is the remainder when "
            "$3n$ is divided by 5? Show that it is 1."
        ),
        "(n : ℤ) (h₀ : n % 5 = 2) : 3 * n % 5 = 1",
    ),
    (
        "What is the least integer greater than 10 that is divisible by 7? Show that it is 14.",
        ": IsLeast {n : ℤ | n > 10 ∧ 7 ∣ n} 14",
    ),
    (
        "Given that $a + b = 3$ and $ab = 2$, find $a^2 + b^2$. Show that it is 5.",
        "(a b : ℝ) (h₀ : a + b = 3) (h₁ : a * b = 2) : a ^ 2 + b ^ 2 = 5",
    ),
    (
        "If $x = 2$ and $y = 3$, then what is $x^y$? Show that it is 8.",
        "(x y : ℝ) (h₀ : x = 2) (h₁ : y = 3) : x ^ y = 8",
    ),
    (
        "What is the largest integer $n$ for which $n^2 < 200$? Show that it is 14.",
        ": IsGreatest {n : ℤ | n ^ 2 < 200} 14",
    ),
    (
        "Evaluate $x^2 + 3x$ when $x = 4$. Show that it is 28.",
        "(x : ℝ) (h₀ : x = 4) : x ^ 2 + 3 * x = 28",
    ),
    (
        "Let $d$ be the hundreds digit of $6^5$. What is $d + 1$? Show that it is 8.",
        "(d : ℕ) (h₀ : d = 6 ^ 5 / 100 % 10) : d + 1 = 8",
    ),
    (
        "Find the sum of the digits of $12345$. Show that it is 15.",
        ": List.sum (Nat.digits 10 12345) = 15",
    ),
    (
        "The average of $x$, 5 and 9 is 7. What is $x$? Show that it is 7.",
        "(x : ℝ) (h₀ : (x + 5 + 9) / 3 = 7) : x = 7",
    ),
    (
        "What is the number of positive divisors of 48? Show that it is 10.",
        ": Finset.card (Nat.divisors 48) = 10",
    ),
    (
        "Let $z$ be a complex number. Prove that the real part of $z$ is at most $|z|$.",
        "(z : ℂ) : Complex.re z ≤ ‖z‖",
    ),
    (
        (
            "A two-digit positive integer $n$ is divisible by 17 and the sum of the digits of $n$ is "
            "13. What is $n$? Show that it is 85."
        ),
        (
            "(n : ℕ) (hn : 0 < n) (hn₁ : 10 ≤ n ∧ n < 100) (h₀ : 17 ∣ n) (h₁ : List.sum (Nat.digits "
            "10 n) = 13) : n = 85"
        ),
    ),
    (
        "Let $g(t) = 7 - 2t$, and let $c = g(3)$. Calculate $g(c)$. Show that it is 5.",
        "(g : ℝ → ℝ) (c : ℝ) (h₀ : ∀ t : ℝ, g t = 7 - 2 * t) (h₁ : c = g 3) : g c = 5",
    ),
    (
        (
            "Let $f$ be a function such that $f(x + y) = f(x) + f(y)$ for all real numbers $x$ and "
            "$y$. Prove that $f(0) = 0$."
        ),
        "(f : ℝ → ℝ) (h₀ : ∀ x y : ℝ, f (x + y) = f x + f y) : f 0 = 0",
    ),
    (
        (
            "If $x$ and $y$ are integers with $x > y$ and $xy = 6$, find the smallest possible value "
            "of $x + y$. Show that it is -5."
        ),
        ": IsLeast {n : ℤ | ∃ x y : ℤ, x > y ∧ x * y = 6 ∧ x + y = n} (-5)",
    ),
    (
        "Let $u$ be a negative integer and let $v$ be a prime with $v > 5$. Prove that $u v < -5$.",
        "(u : ℤ) (hu : u < 0) (v : ℕ) (hv : Nat.Prime v) (hv₁ : v > 5) : u * (v : ℤ) < -5",
    ),
    (
        "What is the result when twice 5 is decreased by 3? Show that it is 7.",
        ": (2 : ℤ) * 5 - 3 = 7",
    ),
    (
        "Find the number of odd integers strictly between 2 and 10. Show that it is 4.",
        ": Set.ncard {n : ℤ | Odd n ∧ 2 < n ∧ n < 10} = 4",
    ),
    (
        "How many integers from 1 to 20 are even? Show that it is 10.",
        ": Set.ncard {n : ℤ | 1 ≤ n ∧ n ≤ 20 ∧ Even n} = 10",
    ),
    (
        "How many real solutions does the equation $x^2 = 4$ have? Show that it is 2.",
        ": Set.ncard {x : ℝ | x ^ 2 = 4} = 2",
    ),
    (
        "When 17 is divided by 5, what is the remainder? Show that it is 2.",
        ": 17 % 5 = 2",
    ),
    (
        "Find all solutions to the equation $x^2 = 4$. Show that they are $2$ and $-2$.",
        "(x : ℝ) : x ^ 2 = 4 ↔ (x = 2 ∨ x = -2)",
    ),
    (
        (
            "Find all pairs of real numbers $(x, y)$ such that $x + y = 2$ and $x - y = 0$. Show that "
            "it is $(1, 1)$."
        ),
        "(x y : ℝ) : (x + y = 2 ∧ x - y = 0) ↔ (x = 1 ∧ y = 1)",
    ),
    (
        "Find the value of $x$ that satisfies $2x = 8$. Show that $x = 4$.",
        "(x : ℝ) (hx : 2 * x = 8) : x = 4",
    ),
    (
        (
            "The numbers $a$ and $b$ satisfy $a + b = 10$ and $a - b = 2$. What is the product of $a$ "
            "and $b$? Show that it is 24."
        ),
        "(a b : ℝ) (h₀ : a + b = 10) (h₁ : a - b = 2) : a * b = 24",
    ),
    (
        (
            "Real numbers $x$ and $y$ satisfy $x + y = 4$ and $xy = 3$. What is the value of $x^2 + "
            "y^2$? Show that it is 10."
        ),
        "(x y : ℝ) (h₀ : x + y = 4) (h₁ : x * y = 3) : x ^ 2 + y ^ 2 = 10",
    ),
    (
        "What is $x$ squared if $x = 3$? Show that it is 9.",
        "(x : ℝ) (h₀ : x = 3) : x ^ 2 = 9",
    ),
    (
        (
            "Let $n$ be a positive integer such that $n$ is a multiple of 6. What is the least "
            "possible value of $n$? Show that it is 6."
        ),
        ": IsLeast {n : ℕ | 0 < n ∧ 6 ∣ n} 6",
    ),
    (
        (
            "Show that if $x$ is a real number and $x > 1$, then there exists a real number $y$ such "
            "that $y < x$ and $y > 1$."
        ),
        "(x : ℝ) (h₀ : x > 1) : ∃ y : ℝ, y < x ∧ y > 1",
    ),
    (
        (
            "If $2y - 1 = 9$, calculate $y^2$. $\\text{(A)}\\ 16 \\qquad \\text{(B)}\\ 25 \\qquad "
            "\\text{(C)}\\ 36$ Show that it is \\text{(B)}."
        ),
        "(y : ℝ) (h₀ : 2 * y - 1 = 9) : y ^ 2 = 25",
    ),
    (
        (
            "If $2y - 1 = 9$, calculate $y^2$. $\\mathrm{(A)}\\ 16 \\qquad \\mathrm{(B)}\\ 25 \\qquad "
            "\\mathrm{(C)}\\ 36$ Show that it is $\\mathrm{(B)}\\ 25$."
        ),
        "(y : ℝ) (h₀ : 2 * y - 1 = 9) : y ^ 2 = 25",
    ),
    (
        (
            "What is $\\frac{1}{2} + \\frac{1}{6}$? Express your answer as a common fraction. Show "
            "that it is $\\frac{2}{3}$."
        ),
        ": (1 : ℚ) / 2 + 1 / 6 = 2 / 3",
    ),
    (
        "Express $\\frac{1}{2} + \\frac{1}{6}$ as a common fraction. Show that it is $\\frac{2}{3}$.",
        ": (1 : ℚ) / 2 + 1 / 6 = 2 / 3",
    ),
    (
        (
            "The average of two numbers is 6, and their product is 35. Find the smaller number. Show "
            "that it is 5."
        ),
        "(a b : ℝ) (h₀ : (a + b) / 2 = 6) (h₁ : a * b = 35) : min a b = 5",
    ),
    (
        (
            "Two numbers have a sum of 9 and their product is 20. Find their positive difference. "
            "Show that it is 1."
        ),
        "(a b : ℝ) (h₀ : a + b = 9) (h₁ : a * b = 20) : |a - b| = 1",
    ),
    (
        "Let $a$ and $b$ be the roots of $x^2 - 5x + 6 = 0$. What is $a^2 + b^2$? Show that it is 13.",
        "(a b : ℝ) (h₀ : ∀ x : ℝ, x ^ 2 - 5 * x + 6 = 0 ↔ (x = a ∨ x = b)) : a ^ 2 + b ^ 2 = 13",
    ),
    (
        "If 3 is a root of $x^2 + kx + 6 = 0$, what is $k$? Show that it is -5.",
        "(k : ℤ) (h₀ : 3 ^ 2 + k * 3 + 6 = 0) : k = -5",
    ),
    (
        "If $x=1,$ $y=2,$ then what is $x+y$? Show that it is 3.",
        "(x y : ℝ) (h₀ : x = 1) (h₁ : y = 2) : x + y = 3",
    ),
    (
        "How many integers are in the interval $[1, 5]$? Show that it is 5.",
        ": Set.ncard {n : ℤ | n ∈ Set.Icc (1 : ℤ) 5} = 5",
    ),
    (
        "The integer $m$ is a multiple of five. Prove that $m^2$ is divisible by five.",
        "(m : ℤ) (h₀ : 5 ∣ m) : 5 ∣ m ^ 2",
    ),
    (
        "Determine the modulo 7 remainder of $10$. Show that it is 3.",
        ": 10 % 7 = 3",
    ),
    (
        "Find the minimum value of $x^2 + 2x$ for real $x$. Show that it is -1.",
        ": IsLeast {x₁ : ℝ | ∃ x : ℝ, x ^ 2 + 2 * x = x₁} (-1)",
    ),
    (
        "What is the sum of all positive integers $n$ such that $n^2 < 20$? Show that it is 10.",
        ": ∑ᶠ n ∈ {n : ℕ | 0 < n ∧ n ^ 2 < 20}, n = 10",
    ),
    (
        "Let $n$ be the number of integers $m$ such that $m^2 < 10$. What is $n$? Show that it is 7.",
        "(n : ℕ) (h₀ : n = Set.ncard {m : ℤ | m ^ 2 < 10}) : n = 7",
    ),
    (
        "What is the smallest positive integer whose square is greater than 50? Show that it is 8.",
        ": IsLeast {n : ℕ | 0 < n ∧ n ^ 2 > 50} 8",
    ),
    (
        (
            "The product of natural numbers $u$ and $v$ is 36. Find the minimum value of $u + v$. "
            "Show that it is 12."
        ),
        ": IsLeast {n : ℕ | ∃ u v : ℕ, u * v = 36 ∧ u + v = n} 12",
    ),
    (
        (
            "Let $a$, $b$ and $c$ be three consecutive integers. Find the difference between $c$ and "
            "$a$. Show that it is 2."
        ),
        "(a b c : ℤ) (h₀ : b = a + 1) (h₁ : c = b + 1) : c - a = 2",
    ),
    (
        (
            "When $m$ is divided by 9, the remainder is 4. Prove that $m^2$ leaves a remainder of 7 "
            "when divided by 9."
        ),
        "(m : ℤ) (h₀ : m % 9 = 4) : m ^ 2 % 9 = 7",
    ),
    (
        (
            "Find the greatest two-digit positive integer that is both a multiple of 4 and a perfect "
            "square. Show that it is 64."
        ),
        ": IsGreatest {n : ℕ | 0 < n ∧ (10 ≤ n ∧ n < 100) ∧ 4 ∣ n ∧ IsSquare n} 64",
    ),
    (
        (
            "If $n$ is a positive integer that has 6 positive divisors, what is the number of "
            "divisors of $n^2$? Show that it is 15."
        ),
        (
            "(n : ℕ) (h₀ : 0 < n) (h₁ : Finset.card (Nat.divisors n) = 6) : Finset.card (Nat.divisors "
            "(n ^ 2)) = 15"
        ),
    ),
    (
        "How many divisors of 12 are even? Show that it is 4.",
        ": Set.ncard {n : ℕ | 0 < n ∧ n ∣ 12 ∧ Even n} = 4",
    ),
    (
        "How many integers satisfy $|x| < 5$? Show that it is 9.",
        ": Set.ncard {x : ℤ | |x| < 5} = 9",
    ),
    (
        "What is the sum of the roots of $x^2 - 7x + 2 = 0$? Show that it is 7.",
        ": ∑ᶠ x ∈ {x : ℝ | x ^ 2 - 7 * x + 2 = 0}, x = 7",
    ),
    (
        "Let $a$, $b$ and $c$ be distinct real numbers. Prove that $a \\neq b$.",
        "(a b c : ℝ) (h₀ : a ≠ b) (h₁ : a ≠ c) (h₂ : b ≠ c) : a ≠ b",
    ),
    (
        (
            "If $f$ is a function such that $f(x) = 2x$ for all real numbers $x$, what is $f(3)$? "
            "Show that it is 6."
        ),
        "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, f x = 2 * x) : f 3 = 6",
    ),
    (
        "What is the positive solution of $x^2 = 9$? Show that it is 3.",
        "(x : ℝ) (hx : 0 < x) (hx₁ : x ^ 2 = 9) : x = 3",
    ),
    (
        "The ratio of $x$ to $y$ is $2$. If $y = 3$, what is $x$? Show that it is 6.",
        "(x y : ℝ) (h₀ : y ≠ 0) (h₁ : x / y = 2) (h₂ : y = 3) : x = 6",
    ),
    (
        (
            "Let $x$ and $y$ be positive numbers such that $xy = 4$. Moreover, $x > y$. Find the "
            "minimum value of $x + y$. Show that it is 4."
        ),
        ": IsLeast {x₁ : ℝ | ∃ x y : ℝ, 0 < x ∧ 0 < y ∧ x * y = 4 ∧ x > y ∧ x + y = x₁} 4",
    ),
    (
        (
            "Solve $4 t + 1 \\equiv 6 \\pmod 7$ for $t$, as a residue modulo $7$. (Express the answer "
            "as an integer from 0 to 6, inclusive.) Show that it is 3."
        ),
        "(t : ℤ) (h₀ : 4 * t + 1 ≡ 6 [ZMOD 7]) (h₁ : 0 ≤ t) (h₂ : t < 7) : t = 3",
    ),
    (
        "Solve $x^2 < 4$. Express your answer in interval notation. Show that it is $(-2, 2)$.",
        "(x : ℝ) : x ^ 2 < 4 ↔ x ∈ Set.Ioo (-(2 : ℝ)) 2",
    ),
    (
        (
            "For what real values of $t$ is $4 - t^2 \\ge 0$? Write your answer in interval notation. "
            "Show that it is $[-2, 2]$."
        ),
        "(t : ℝ) : 4 - t ^ 2 ≥ 0 ↔ t ∈ Set.Icc (-(2 : ℝ)) 2",
    ),
    (
        "The equation $x^2 - 5x + 6 = 0$ has roots $a$ and $b$. What is $a + b$? Show that it is 5.",
        "(a b : ℝ) (h₀ : ∀ x : ℝ, x ^ 2 - 5 * x + 6 = 0 ↔ (x = a ∨ x = b)) : a + b = 5",
    ),
    (
        "Prove that the equation $x^2 + 1 = 0$ has no real solutions.",
        ": ¬(∃ x : ℝ, x ^ 2 + 1 = 0)",
    ),
    (
        (
            "For what value of $c$ does the equation $x^2 + cx + 1 = 0$ have exactly one real "
            "solution? Show that it is 2."
        ),
        "(c : ℝ) (hc : ∃! x : ℝ, x ^ 2 + c * x + 1 = 0) : c = 2",
    ),
    (
        "What is the positive difference between 3 and 8? Show that it is 5.",
        ": |(3 : ℤ) - (8 : ℤ)| = 5",
    ),
    (
        "If $m$ and $n$ are consecutive odd integers, prove that $m n + 1$ is a perfect square.",
        "(m n : ℤ) (h₀ : Odd m) (h₁ : Odd n) (h₂ : n = m + 2) : IsSquare (m * n + 1)",
    ),
    (
        (
            "Prove that the sum of the first $m$ even natural numbers is $m(m + 1)$ for all natural "
            "numbers $m$."
        ),
        "(m : ℕ) : ∑ k ∈ Finset.Icc 1 m, 2 * k = m * (m + 1)",
    ),
    (
        "What is the sum of the first $n$ odd positive integers? Show that it is $n^2$.",
        "(n : ℕ) : ∑ k ∈ Finset.Icc 1 n, (2 * (k : ℤ) - 1) = (n : ℤ) ^ 2",
    ),
    (
        "If $x + y = 3$ and $x > 0$, what is the sum of all possible values of $xy$? Show that it is 2.",
        ": ∑ᶠ x₁ ∈ {x₁ : ℝ | ∃ x y : ℝ, x + y = 3 ∧ x > 0 ∧ x * y = x₁}, x₁ = 2",
    ),
    (
        "Prove that every odd integer is congruent to 1, 3 or 5 modulo 6.",
        "(n : ℤ) (hn : Odd n) : n ≡ 1 [ZMOD 6] ∨ n ≡ 3 [ZMOD 6] ∨ n ≡ 5 [ZMOD 6]",
    ),
    (
        (
            "Two numbers have an average of 5 and a product of 24. What is the larger number? Show "
            "that it is 6."
        ),
        "(a b : ℝ) (h₀ : (a + b) / 2 = 5) (h₁ : a * b = 24) : max a b = 6",
    ),
    (
        "Find the positive integer $n$ satisfying: $n^2 = 49$. Show that it is 7.",
        "(n : ℕ) (hn : 0 < n) (hn₁ : n ^ 2 = 49) : n = 7",
    ),
    (
        "Compute the residue of $3^4 + 5 \\pmod{8}$. Show that it is 6.",
        ": (3 ^ 4 + 5) % 8 = 6",
    ),
    (
        "If $a, b > 0$ are real numbers then $a + b > 0$.",
        "(a b : ℝ) (h₀ : a > 0) (h₁ : b > 0) : a + b > 0",
    ),
    (
        (
            "Let $a_1 = 3$ and $a_{n+1} = 2a_n$ for all positive integers $n$. What is $a_3$? Show "
            "that it is 12."
        ),
        "(a : ℕ → ℤ) (h₀ : a 1 = 3) (h₁ : ∀ n : ℕ, 0 < n → a (n + 1) = 2 * a n) : a 3 = 12",
    ),
    (
        "What is the greatest integer that does not exceed $7.5$? Show that it is 7.",
        ": IsGreatest {n : ℤ | ¬((n : ℚ) > 7.5)} 7",
    ),
    (
        "If $n$ is even or $n$ is odd or $n$ is zero then $n$ is even.",
        "(n : ℤ) (h₀ : Even n ∨ Odd n ∨ n = 0) : Even n",
    ),
    (
        (
            "Suppose the polynomial $q(t) = t^2 - 7t + k$ has distinct roots $u$ and $v$. Prove that "
            "$u + v = 7$."
        ),
        (
            "(q : ℝ → ℝ) (k : ℤ) (u v : ℝ) (h₀ : ∀ t : ℝ, q t = t ^ 2 - 7 * t + (k : ℝ)) (h₁ : ∀ t : "
            "ℝ, q t = 0 ↔ (t = u ∨ t = v)) (h₂ : u ≠ v) : u + v = 7"
        ),
    ),
    (
        (
            "The sum of the cubes of two natural numbers is 35. Calculate the product of the two "
            "numbers. Show that it is 6."
        ),
        "(a b : ℕ) (h₀ : a ^ 3 + b ^ 3 = 35) : a * b = 6",
    ),
    (
        (
            "If $4t^2 - 9$ can be factored as $(2t + u)(2t + v)$ and $u < v$, calculate $v$. Show "
            "that it is 3."
        ),
        "(u v : ℝ) (h₀ : ∀ t : ℝ, 4 * t ^ 2 - 9 = (2 * t + u) * (2 * t + v)) (h₁ : u < v) : v = 3",
    ),
    (
        "What is the sum of all positive odd integers less than 10? Show that it is 25.",
        ": ∑ᶠ n ∈ {n : ℕ | 0 < n ∧ Odd n ∧ n < 10}, n = 25",
    ),
    (
        (
            "If $f(x) = x^2 - 3$, what is the sum of all values of $x$ for which $f(x) = 1$? Show "
            "that it is 0."
        ),
        "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, f x = x ^ 2 - 3) : ∑ᶠ x ∈ {x : ℝ | f x = 1}, x = 0",
    ),
    (
        "Prove that the product of the digits of $128$ is less than 20.",
        ": List.prod (Nat.digits 10 128) < 20",
    ),
    (
        "How many three-digit positive integers are divisible by 11? Show that it is 81.",
        ": Set.ncard {n : ℕ | 0 < n ∧ (100 ≤ n ∧ n < 1000) ∧ 11 ∣ n} = 81",
    ),
    (
        "Let $a$, $b$ and $c$ be positive real numbers such that $a + b + c = 3$. Show that $abc \\le 1$.",
        "(a b c : ℝ) (ha : 0 < a) (hb : 0 < b) (hc : 0 < c) (h₀ : a + b + c = 3) : a * b * c ≤ 1",
    ),
    (
        "If $u$ and $v$ are distinct real numbers, prove that $(u - v)^2 > 0$.",
        "(u v : ℝ) (h₀ : u ≠ v) : (u - v) ^ 2 > 0",
    ),
    (
        "There is no real number $x$ for which $x^2 = -1$.",
        ": ¬(∃ x : ℝ, x ^ 2 = -1)",
    ),
    (
        "For what positive values of $x$ is $x^2 < x$? Show that it is $(0, 1)$.",
        "(x : ℝ) : (0 < x ∧ x ^ 2 < x) ↔ x ∈ Set.Ioo (0 : ℝ) 1",
    ),
    (
        "Suppose $x$ and $y$ are both odd integers. Prove that $xy$ is odd.",
        "(x y : ℤ) (h₀ : Odd x) (h₁ : Odd y) : Odd (x * y)",
    ),
    (
        (
            "Let $m$ and $n$ be positive integers whose sum is 10. What is the greatest possible "
            "value of their product? Show that it is 25."
        ),
        ": IsGreatest {n₁ : ℕ | ∃ m n : ℕ, 0 < m ∧ 0 < n ∧ m + n = 10 ∧ m * n = n₁} 25",
    ),
    (
        "Let $n$ be the greatest common divisor of 12 and 18. What is $2n$? Show that it is 12.",
        "(n : ℕ) (h₀ : n = Nat.gcd 12 18) : 2 * n = 12",
    ),
    (
        "Compute $3^5$ modulo 7. Show that it is 5.",
        ": 3 ^ 5 % 7 = 5",
    ),
    (
        "Let $f(n) = n^2 + n$ for all integers $n$. What is $f(3)$? Show that it is 12.",
        "(f : ℤ → ℤ) (h₀ : ∀ n : ℤ, f n = n ^ 2 + n) : f 3 = 12",
    ),
    (
        (
            "Let $f : \\mathbb{R} \\to \\mathbb{R}$ satisfy $f(x + y) = f(x) + f(y)$ for all real $x$ "
            "and $y$. Prove that $f(0) = 0$."
        ),
        "(f : ℝ → ℝ) (h₀ : ∀ x y : ℝ, f (x + y) = f x + f y) : f 0 = 0",
    ),
    (
        "$x > 2 \\implies x^2 > 4$ for all real $x$.",
        "(x : ℝ) (h₀ : x > 2) : x ^ 2 > 4",
    ),
    (
        "What is $25\\%$ of 80? Show that it is 20.",
        ": (25 : ℚ) / 100 * 80 = 20",
    ),
    (
        "What is $\\frac{1}{3}$ of 12? Show that it is 4.",
        ": (1 : ℚ) / 3 * 12 = 4",
    ),
    (
        "How many integers $n$ satisfy $n^2 > 3$? Show that it is infinitely many.",
        ": Set.Infinite {n : ℤ | n ^ 2 > 3}",
    ),
    (
        (
            "If $x + 1 = 4$, then the value of $x$ is: $\\textbf{(A)}\\ 1 \\qquad \\textbf{(B)}\\ 2 "
            "\\qquad \\textbf{(C)}\\ 3$ Show that it is \\textbf{(C)}."
        ),
        "(x : ℝ) (h₀ : x + 1 = 4) : x = 3",
    ),
    (
        (
            "The smallest positive integer $n$ such that $2^n > 10$ is: $\\textbf{(A)}\\ 3 \\qquad "
            "\\textbf{(B)}\\ 4 \\qquad \\textbf{(C)}\\ 5$ Show that it is \\textbf{(B)}\\ 4."
        ),
        ": IsLeast {n : ℕ | 0 < n ∧ 2 ^ n > 10} 4",
    ),
    (
        (
            "We are given that $g$ is defined by $g(t) = t^2$. Given the two functions $h(t) = 4 - t$ "
            "and $k(t) = 3t$, compute $h(g(2)) + k(1)$. Show that it is 3."
        ),
        (
            "(g h k : ℝ → ℝ) (h₀ : ∀ t : ℝ, g t = t ^ 2) (h₁ : ∀ t : ℝ, h t = 4 - t) (h₂ : ∀ t : ℝ, k "
            "t = 3 * t) : h (g 2) + k 1 = 3"
        ),
    ),
    (
        "If $n^2 + k$ is even for all integers $k$ with $k > 0$, then $n$ is odd.",
        "(n : ℤ) (h₀ : ∀ k : ℤ, k > 0 → Even (n ^ 2 + k)) : Odd n",
    ),
    (
        "Let $x \\in [0, 1]$. Prove that $x^2 \\le x$.",
        "(x : ℝ) (hx : x ∈ Set.Icc (0 : ℝ) 1) : x ^ 2 ≤ x",
    ),
    (
        "What is the largest $x \\in [0, 5]$ such that $x^2 = 4$? Show that it is 2.",
        ": IsGreatest {x : ℝ | x ∈ Set.Icc (0 : ℝ) 5 ∧ x ^ 2 = 4} 2",
    ),
    (
        "If $2^n + 1$ is prime, where $n$ is a positive integer, then $n$ is a power of 2.",
        "(n : ℕ) (h₀ : 0 < n) (h₁ : Nat.Prime (2 ^ n + 1)) : ∃ k : ℕ, n = 2 ^ k",
    ),
    (
        (
            "Three consecutive even integers have a sum of 30. Find the smallest of the three "
            "numbers. Show that it is 8."
        ),
        (
            "(a b c : ℤ) (ha : Even a) (hb : Even b) (hc : Even c) (h₀ : b = a + 2) (h₁ : c = b + 2) "
            "(h₂ : a + b + c = 30) : min (min a b) c = 8"
        ),
    ),
    (
        (
            "The product of two positive integers is 60. If one of the numbers is 12, what is the "
            "other number? Show that it is 5."
        ),
        "(a b : ℕ) (ha : 0 < a) (hb : 0 < b) (h₀ : a * b = 60) (h₁ : a = 12) : b = 5",
    ),
    (
        "What is the sum of the distinct prime divisors of 60? Show that it is 10.",
        ": ∑ᶠ n ∈ {n : ℕ | 0 < n ∧ Nat.Prime n ∧ n ∣ 60}, n = 10",
    ),
    (
        "What is the sum of the first 5 counting numbers? Show that it is 15.",
        ": ∑ k ∈ Finset.Icc 1 5, k = 15",
    ),
    (
        "How many counting numbers are less than 6? Show that it is 5.",
        ": Set.ncard {n : ℕ | 0 < n ∧ n < 6} = 5",
    ),
    (
        (
            "Let $a_n$ be a sequence such that $a_{n+1} = 2 a_n$ for all natural numbers $n$. Prove "
            "that $a_1 = 2 a_0$."
        ),
        "(a : ℕ → ℤ) (h₀ : ∀ n : ℕ, a (n + 1) = 2 * a n) : a 1 = 2 * a 0",
    ),
    (
        (
            "The sequence $a_n$ is defined by $a_1 = 1$ and $a_{n+1} = a_n + 2$. What is $a_3$? Show "
            "that it is 5."
        ),
        "(a : ℕ → ℤ) (h₀ : a 1 = 1) (h₁ : ∀ n : ℕ, 0 < n → a (n + 1) = a n + 2) : a 3 = 5",
    ),
]


@pytest.fixture(scope="module")
def backend() -> SymbolicBackend:
    return SymbolicBackend()


@pytest.mark.parametrize(("statement", "signature"), PAIRS)
def test_problem_comes_out_as_this_lean(backend: SymbolicBackend, statement: str, signature: str) -> None:
    draft = backend.draft(Request(statement, "T"))
    assert draft.abstention is None
    assert draft.candidate is not None
    assert draft.candidate.statement == f"theorem T {signature} := by\n  sorry"
