"""Statements of our own and the Lean that they must come out as, letter for letter."""

from __future__ import annotations

import pytest

from cramf.formalize.symbolic import SymbolicBackend
from cramf.formalize.types import Request

PAIRS = [
    (
        "Prove that the sum of two even integers is even.",
        "(a b : ℤ) (ha : Even a) (hb : Even b) : Even (a + b)",
    ),
    (
        "The product of an odd integer and an even integer is even.",
        "(a : ℤ) (ha : Odd a) (b : ℤ) (hb : Even b) : Even (a * b)",
    ),
    (
        "Every prime greater than 2 is odd.",
        "(p : ℕ) (hp : Nat.Prime p) (hp₁ : p > 2) : Odd p",
    ),
    (
        "The square of any odd integer is odd.",
        "(n : ℤ) (hn : Odd n) : Odd (n ^ 2)",
    ),
    (
        "The sum of two rational numbers is rational.",
        ("(a b : ℝ) (ha : ∃ q : ℚ, a = (q : ℝ)) (hb : ∃ q : ℚ, b = (q : ℝ)) : ∃ q : ℚ, a + b = (q : ℝ)"),
    ),
    (
        "No integer is both even and odd.",
        "(n : ℤ) : ¬(Even n ∧ Odd n)",
    ),
    (
        "There are infinitely many primes.",
        ": Set.Infinite {p : ℕ | Nat.Prime p}",
    ),
    (
        "Let $n$ be a positive integer. Prove that $n^2 + n$ is even.",
        "(n : ℕ) (hn : 0 < n) : Even (n ^ 2 + n)",
    ),
    (
        "Show that for real numbers $x$ and $y$, $x^2 + y^2 \\ge 2xy$.",
        "(x y : ℝ) : x ^ 2 + y ^ 2 ≥ 2 * x * y",
    ),
    (
        "Let $a, b \\in \\mathbb{Z}$. If $3 \\mid a$ and $3 \\mid b$, then $3 \\mid a + b$.",
        "(a b : ℤ) (h₀ : 3 ∣ a) (h₁ : 3 ∣ b) : 3 ∣ a + b",
    ),
    (
        "For all integers n > 1, n^2 > n.",
        "(n : ℤ) (hn : n > 1) : n ^ 2 > n",
    ),
    (
        "Suppose $0 < x \\le 1$ where $x$ is real. Show that $x^2 \\le x$.",
        "(x : ℝ) (h₀ : 0 < x) (h₁ : x ≤ 1) : x ^ 2 ≤ x",
    ),
    (
        "If $n$ is an odd integer, then $n^2 \\equiv 1 \\pmod 8$.",
        "(n : ℤ) (h₀ : Odd n) : n ^ 2 ≡ 1 [ZMOD 8]",
    ),
    (
        ("Let $p$ be a prime. Show that if $p$ divides $ab$ then $p$ divides $a$ or $p$ divides $b$."),
        "(a b : ℤ) (p : ℕ) (hp : Nat.Prime p) (h₀ : (p : ℤ) ∣ a * b) : (p : ℤ) ∣ a ∨ (p : ℤ) ∣ b",
    ),
    (
        "Prove that $\\sqrt{2}$ is irrational.",
        ": Irrational (Real.sqrt 2)",
    ),
    (
        "Prove that $n$ is even if and only if $n^2$ is even.",
        "(n : ℤ) : Even n ↔ Even (n ^ 2)",
    ),
    (
        "Let $n$ be a natural number. Show that $n(n+1)/2$ is an integer.",
        "(n : ℕ) : ∃ k : ℤ, (n : ℚ) * ((n : ℚ) + 1) / 2 = (k : ℚ)",
    ),
    (
        "There is no integer $n$ such that $n^2 = 2$.",
        ": ¬(∃ n : ℤ, n ^ 2 = 2)",
    ),
    (
        "For every integer $a$ there exists an integer $b$ such that $a + b = 0$.",
        "(a : ℤ) : ∃ b : ℤ, a + b = 0",
    ),
    (
        "For all real $x$, $|x| \\ge 0$.",
        "(x : ℝ) : |x| ≥ 0",
    ),
    (
        "Let $n$ be a positive integer. Prove that $n^2 - n$ is even.",
        "(n : ℕ) (hn : 0 < n) : Even ((n : ℤ) ^ 2 - (n : ℤ))",
    ),
    (
        "What is $2 + 3 \\cdot 4$? Show that it is 14.",
        ": 2 + 3 * 4 = 14",
    ),
    (
        "If $a$ and $b$ are relatively prime positive integers, then $\\gcd(a,b) = 1$.",
        "(a b : ℕ) (h₀ : 0 < a) (h₁ : 0 < b) (h₂ : Nat.Coprime a b) : Nat.gcd a b = 1",
    ),
    (
        ("Let $a$ and $b$ be positive integers such that $\\gcd(a, b) = 1$. Prove that $\\gcd(a+b, b) = 1$."),
        "(a b : ℕ) (ha : 0 < a) (hb : 0 < b) (h₀ : Nat.gcd a b = 1) : Nat.gcd (a + b) b = 1",
    ),
    (
        "Prove that $\\sin^2 x + \\cos^2 x = 1$ for all real numbers $x$.",
        "(x : ℝ) : Real.sin x ^ 2 + Real.cos x ^ 2 = 1",
    ),
    (
        "The sum of the squares of two odd integers is even.",
        "(a b : ℤ) (ha : Odd a) (hb : Odd b) : Even (a ^ 2 + b ^ 2)",
    ),
    (
        "Prove that 6 divides $n^3 - n$ for every integer $n$.",
        "(n : ℤ) : 6 ∣ n ^ 3 - n",
    ),
    (
        "There are infinitely many primes $p$ such that $p \\equiv 3 \\pmod 4$.",
        ": Set.Infinite {p : ℕ | Nat.Prime p ∧ p ≡ 3 [MOD 4]}",
    ),
    (
        "Let $m$ and $n$ be coprime integers. Prove that $m + n$ and $m$ are coprime.",
        "(m n : ℤ) (h₀ : IsCoprime m n) : IsCoprime (m + n) m",
    ),
    (
        "Prove that the product of two consecutive integers is even.",
        "(a b : ℤ) (h₀ : b = a + 1) : Even (a * b)",
    ),
    (
        "For no integer $n$ is $n^2 + 1$ divisible by 4.",
        "(n : ℤ) : ¬(4 ∣ n ^ 2 + 1)",
    ),
    (
        "Let $x, y > 0$ be real numbers. Show that $\\frac{x}{y} + \\frac{y}{x} \\geq 2$.",
        "(x y : ℝ) (hx : x > 0) (hy : y > 0) : x / y + y / x ≥ 2",
    ),
    (
        "Let $a, b, c$ be positive real numbers. Prove that $(a+b)(b+c)(c+a) \\ge 8abc$.",
        ("(a b c : ℝ) (ha : 0 < a) (hb : 0 < b) (hc : 0 < c) : (a + b) * (b + c) * (c + a) ≥ 8 * a * b * c"),
    ),
    (
        "Show that $x^2 + 1 > 0$ for every real number $x$.",
        "(x : ℝ) : x ^ 2 + 1 > 0",
    ),
    (
        "Prove that if $x$ is irrational, then $x + 1$ is irrational.",
        "(x : ℝ) (h₀ : Irrational x) : Irrational (x + 1)",
    ),
    (
        "Let $x$ be rational and let $y$ be irrational. Prove that $x+y$ is irrational.",
        "(x : ℝ) (hx : ∃ q : ℚ, x = (q : ℝ)) (y : ℝ) (hy : Irrational y) : Irrational (x + y)",
    ),
    (
        "The sum of a rational number and an irrational number is irrational.",
        "(a : ℝ) (ha : ∃ q : ℚ, a = (q : ℝ)) (b : ℝ) (hb : Irrational b) : Irrational (a + b)",
    ),
    (
        "Every multiple of 6 is even.",
        "(n : ℤ) (hn : 6 ∣ n) : Even n",
    ),
    (
        "If $n$ is a multiple of 4 then $n$ is even.",
        "(n : ℤ) (h₀ : 4 ∣ n) : Even n",
    ),
    (
        "An integer $n$ is even if and only if $n^2$ is even.",
        "(n : ℤ) : Even n ↔ Even (n ^ 2)",
    ),
    (
        "If a and b are integers and a divides b, then a divides 2b.",
        "(a b : ℤ) (h₀ : a ∣ b) : a ∣ 2 * b",
    ),
    (
        "Prove that $n! \\ge 2^{n-1}$ for all positive integers $n$.",
        "(n : ℕ) (hn : 0 < n) : Nat.factorial n ≥ 2 ^ (n - 1)",
    ),
    (
        "Prove that $2^n > n$ for all natural numbers $n$.",
        "(n : ℕ) : 2 ^ n > n",
    ),
    (
        "Let $n$ be a positive integer. If $2^n - 1$ is prime, then $n$ is prime.",
        "(n : ℕ) (hn : 0 < n) (h₀ : Nat.Prime (Int.toNat ((2 : ℤ) ^ n - 1))) : Nat.Prime n",
    ),
    (
        "There exists a unique real number $x$ such that $x^3 = 2$.",
        ": ∃! x : ℝ, x ^ 3 = 2",
    ),
    (
        "There exist positive integers $a$, $b$ and $c$ such that $a^2 + b^2 = c^2$.",
        ": ∃ a b c : ℕ, 0 < a ∧ 0 < b ∧ 0 < c ∧ a ^ 2 + b ^ 2 = c ^ 2",
    ),
    (
        "There do not exist integers $x$ and $y$ such that $x^2 - 4y = 2$.",
        ": ¬(∃ x y : ℤ, x ^ 2 - 4 * y = 2)",
    ),
    (
        "Either $n$ is even or $n$ is odd for every integer $n$.",
        "(n : ℤ) : Even n ∨ Odd n",
    ),
    (
        "Every integer is either even or odd.",
        "(n : ℤ) : Even n ∨ Odd n",
    ),
    (
        "Every positive integer greater than 1 is not equal to 1.",
        "(n : ℕ) (hn : 0 < n) (hn₁ : n > 1) : n ≠ 1",
    ),
    (
        "Prove that $|x + y| \\le |x| + |y|$ for all real $x, y$.",
        "(x y : ℝ) : |x + y| ≤ |x| + |y|",
    ),
    (
        "Let $n \\in \\mathbb{N}$ with $n > 2$. Prove that $n^2 > 4$.",
        "(n : ℕ) (hn : n > 2) : n ^ 2 > 4",
    ),
    (
        "Let $z$ be a complex number. Prove that $|z|^2 \\ge 0$.",
        "(z : ℂ) : ‖z‖ ^ 2 ≥ 0",
    ),
    (
        "Show that $3^n - 1$ is even for each natural number $n$.",
        "(n : ℕ) : Even ((3 : ℤ) ^ n - 1)",
    ),
    (
        "Show that $\\frac{1}{3} + \\frac{1}{6} = \\frac{1}{2}$.",
        ": (1 : ℚ) / 3 + 1 / 6 = 1 / 2",
    ),
    (
        "What is $\\frac{1}{2} + \\frac{1}{3}$? Show that it is $\\frac{5}{6}$.",
        ": (1 : ℚ) / 2 + 1 / 3 = 5 / 6",
    ),
    (
        "Compute $\\gcd(12, 18)$. Show that it is 6.",
        ": Nat.gcd 12 18 = 6",
    ),
    (
        "If n is a perfect square, then n is not congruent to 2 modulo 3.",
        "(n : ℤ) (h₀ : IsSquare n) : ¬(n ≡ 2 [ZMOD 3])",
    ),
    (
        "$\\forall x \\in \\mathbb{R}, x^2 \\geq 0$",
        "(x : ℝ) : x ^ 2 ≥ 0",
    ),
    (
        "$\\forall n \\in \\mathbb{N}, \\exists m \\in \\mathbb{N}, m > n$",
        "(n : ℕ) : ∃ m : ℕ, m > n",
    ),
    (
        "Let $n$ be an integer such that $n^2$ is divisible by 3. Then $n$ is divisible by 3.",
        "(n : ℤ) (hn : 3 ∣ n ^ 2) : 3 ∣ n",
    ),
    (
        "If $x$ and $y$ are real numbers with $x + y = 2$ and $xy = 1$, then $x = y$.",
        "(x y : ℝ) (h₀ : x + y = 2) (h₁ : x * y = 1) : x = y",
    ),
    (
        "Prove that n is composite whenever n is an even integer greater than 2.",
        "(n : ℤ) (h₀ : Even n) (h₁ : n > 2) : 1 < n ∧ ¬Nat.Prime (Int.toNat n)",
    ),
    (
        "The negative of an odd integer is odd.",
        "(n : ℤ) (hn : Odd n) : Odd (-n)",
    ),
    (
        "Every prime congruent to 1 modulo 4 is the sum of two perfect squares.",
        (
            "(a : ℕ) (ha : Nat.Prime a) (ha₁ : a ≡ 1 [MOD 4]) : ∃ b c : ℤ, IsSquare b ∧ "
            "IsSquare c ∧ (a : ℤ) = b + c"
        ),
    ),
    (
        ("If $p$ is a prime with $p \\equiv 1 \\pmod 4$, then $p$ is the sum of two perfect squares."),
        (
            "(p : ℕ) (h₀ : Nat.Prime p) (h₁ : p ≡ 1 [MOD 4]) : ∃ a b : ℤ, IsSquare a ∧ "
            "IsSquare b ∧ (p : ℤ) = a + b"
        ),
    ),
    (
        "Show that $\\sqrt{x^2} = |x|$ for all real $x$.",
        "(x : ℝ) : Real.sqrt (x ^ 2) = |x|",
    ),
    (
        "Let $a, b \\in \\mathbb{R}$. Show that $\\max(a,b) + \\min(a,b) = a + b$.",
        "(a b : ℝ) : max a b + min a b = a + b",
    ),
    (
        "Show that $\\log(xy) = \\log x + \\log y$ for all positive real numbers $x$ and $y$.",
        "(x y : ℝ) (hx : 0 < x) (hy : 0 < y) : Real.log (x * y) = Real.log x + Real.log y",
    ),
    (
        "Let $n$ be a positive integer, and suppose that $n$ is odd. Prove that $n + 1$ is even.",
        "(n : ℕ) (hn : 0 < n) (h₀ : Odd n) : Even (n + 1)",
    ),
    (
        "Prove that $\\pi$ is irrational.",
        ": Irrational Real.pi",
    ),
    (
        "If $a$, $b$, and $c$ are real numbers such that $a < b < c$, then $a < c$.",
        "(a b c : ℝ) (h₀ : a < b) (h₁ : b < c) : a < c",
    ),
    (
        "$n = 2k$ for some integer $k$ if and only if $n$ is even.",
        "(n : ℤ) : (∃ k : ℤ, n = 2 * k) ↔ Even n",
    ),
    (
        "Prove that $10 \\mid n^5 - n$ for all $n \\in \\mathbb{Z}$.",
        "(n : ℤ) : 10 ∣ n ^ 5 - n",
    ),
    (
        ("Assume $a \\mid b$ and $b \\mid c$, where $a$, $b$, $c$ are integers. Prove that $a \\mid c$."),
        "(a b c : ℤ) (h₀ : a ∣ b) (h₁ : b ∣ c) : a ∣ c",
    ),
    (
        "If $n$ is an integer that is divisible by 4, then $n$ is even.",
        "(n : ℤ) (h₀ : 4 ∣ n) : Even n",
    ),
    (
        "The absolute value of any real number is nonnegative.",
        "(x : ℝ) : 0 ≤ |x|",
    ),
    (
        "Let $p$ be a prime number greater than 3. Prove that $p^2 - 1$ is divisible by 24.",
        "(p : ℕ) (hp : Nat.Prime p) (hp₁ : p > 3) : 24 ∣ (p : ℤ) ^ 2 - 1",
    ),
    (
        "Let $m, n$ be integers. Prove that if $mn$ is odd, then both $m$ and $n$ are odd.",
        "(m n : ℤ) (h₀ : Odd (m * n)) : Odd m ∧ Odd n",
    ),
    (
        "The sum of three consecutive integers is divisible by 3.",
        "(a b c : ℤ) (h₀ : b = a + 1) (h₁ : c = b + 1) : 3 ∣ a + b + c",
    ),
    (
        "The sum of any two even integers is even.",
        "(a b : ℤ) (ha : Even a) (hb : Even b) : Even (a + b)",
    ),
    (
        "If an integer $n$ is even, then $n^2$ is even.",
        "(n : ℤ) (h₀ : Even n) : Even (n ^ 2)",
    ),
    (
        "Let $x$ be rational and $y$ an irrational number. Then $x y$ is irrational.",
        "(x : ℝ) (hx : ∃ q : ℚ, x = (q : ℝ)) (y : ℝ) (hy : Irrational y) : Irrational (x * y)",
    ),
    (
        "If $n$ is odd, prove that $n^2$ is odd.",
        "(n : ℤ) (h₀ : Odd n) : Odd (n ^ 2)",
    ),
    (
        "Prove that if $n$ is odd and $m$ is odd or $m$ is even, then $n$ is odd.",
        "(n m : ℤ) (h₀ : (Odd n ∧ Odd m) ∨ Even m) : Odd n",
    ),
    (
        "There exists a prime greater than 100.",
        ": ∃ p : ℕ, Nat.Prime p ∧ p > 100",
    ),
    (
        "Given that $n$ is odd, show that $n+1$ is even.",
        "(n : ℤ) (h₀ : Odd n) : Even (n + 1)",
    ),
    (
        "For all positive integers a and b, if a divides b then a ≤ b.",
        "(a b : ℕ) (ha : 0 < a) (hb : 0 < b) (h₀ : a ∣ b) : a ≤ b",
    ),
    (
        "Prove that $\\sin^2 x + \\cos^2 x = 1$.",
        "(x : ℝ) : Real.sin x ^ 2 + Real.cos x ^ 2 = 1",
    ),
    (
        "Let $p$ be an odd prime. Show that $p \\ge 3$.",
        "(p : ℕ) (hp : Odd p) (hp₁ : Nat.Prime p) : p ≥ 3",
    ),
    (
        "Let $a$ and $b$ be real numbers with $b \\neq 0$. Prove that $\\frac{a}{b} \\cdot b = a$.",
        "(a b : ℝ) (hb : b ≠ 0) : a / b * b = a",
    ),
    (
        "Let $x$ be a nonzero real number. Then $x^{-1} \\ne 0$.",
        "(x : ℝ) (hx : x ≠ 0) : x⁻¹ ≠ 0",
    ),
    (
        "Let $x$ be a nonnegative real number. Then $(\\sqrt{x})^2 = x$.",
        "(x : ℝ) (hx : 0 ≤ x) : Real.sqrt x ^ 2 = x",
    ),
    (
        (
            "For every positive real number $\\varepsilon$ there exists a positive integer "
            "$n$ such that $\\frac{1}{n} < \\varepsilon$."
        ),
        "(ε : ℝ) (hε : 0 < ε) : ∃ n : ℕ, 0 < n ∧ 1 / (n : ℝ) < ε",
    ),
    (
        "Let $n$ be a positive integer. Prove that $\\frac{1}{n} \\le 1$.",
        "(n : ℕ) (hn : 0 < n) : 1 / (n : ℚ) ≤ 1",
    ),
    (
        "Let $n$ be an integer with $n \\ge 2$. Then $n^2 \\ge 2n$.",
        "(n : ℤ) (hn : n ≥ 2) : n ^ 2 ≥ 2 * n",
    ),
    (
        "$n^2 + n$ is even for all $n \\in \\mathbb{Z}$.",
        "(n : ℤ) : Even (n ^ 2 + n)",
    ),
    (
        "For all $a, b \\in \\mathbb{R}$, $(a+b)^2 = a^2 + 2ab + b^2$.",
        "(a b : ℝ) : (a + b) ^ 2 = a ^ 2 + 2 * a * b + b ^ 2",
    ),
    (
        "$a^2 - b^2 = (a-b)(a+b)$ for all complex numbers $a$ and $b$.",
        "(a b : ℂ) : a ^ 2 - b ^ 2 = (a - b) * (a + b)",
    ),
    (
        "If $a \\equiv b \\pmod{n}$ and $c \\equiv d \\pmod{n}$, then $a + c \\equiv b + d \\pmod{n}$.",
        "(a b n c d : ℤ) (h₀ : a ≡ b [ZMOD n]) (h₁ : c ≡ d [ZMOD n]) : a + c ≡ b + d [ZMOD n]",
    ),
    (
        "3 divides n(n+1)(n+2) for every natural number n.",
        "(n : ℕ) : 3 ∣ n * (n + 1) * (n + 2)",
    ),
    (
        "Let $d$ be a positive divisor of $n$. Then $d \\le |n|$.",
        "(n d : ℤ) (hd : 0 < d) (hd₁ : d ∣ n) : d ≤ |n|",
    ),
    (
        "There are infinitely many positive integers $n$ such that $n^2 + 1$ is composite.",
        ": Set.Infinite {n : ℕ | 0 < n ∧ 1 < n ^ 2 + 1 ∧ ¬Nat.Prime (n ^ 2 + 1)}",
    ),
    (
        "The product of three consecutive integers is divisible by 6.",
        "(a b c : ℤ) (h₀ : b = a + 1) (h₁ : c = b + 1) : 6 ∣ a * b * c",
    ),
    (
        "The difference of two odd integers is even.",
        "(a b : ℤ) (ha : Odd a) (hb : Odd b) : Even (a - b)",
    ),
    (
        "The sum of an even integer and an odd integer is odd.",
        "(a : ℤ) (ha : Even a) (b : ℤ) (hb : Odd b) : Odd (a + b)",
    ),
    (
        "The product of two rational numbers is a rational number.",
        ("(a b : ℝ) (ha : ∃ q : ℚ, a = (q : ℝ)) (hb : ∃ q : ℚ, b = (q : ℝ)) : ∃ q : ℚ, a * b = (q : ℝ)"),
    ),
    (
        "The product of any two perfect squares is a perfect square.",
        "(a b : ℤ) (ha : IsSquare a) (hb : IsSquare b) : IsSquare (a * b)",
    ),
    (
        "If $x$ is an integer and $x$ is a real number then $x^2 \\ge 0$.",
        "(x : ℝ) (h₀ : ∃ k : ℤ, x = (k : ℝ)) : x ^ 2 ≥ 0",
    ),
    (
        "Let $x$ be a real number. If $x$ is an integer, then $x^2$ is an integer.",
        "(x : ℝ) (h₀ : ∃ k : ℤ, x = (k : ℝ)) : ∃ k : ℤ, x ^ 2 = (k : ℝ)",
    ),
    (
        "$\\sqrt{2} \\notin \\mathbb{Q}$",
        ": ¬(∃ q : ℚ, Real.sqrt 2 = (q : ℝ))",
    ),
    (
        "Let $x \\in \\mathbb{R}^+$. Then $x + \\frac{1}{x} \\ge 2$.",
        "(x : ℝ) (hx : 0 < x) : x + 1 / x ≥ 2",
    ),
    (
        "Let $m, n \\in \\mathbb{Z}^+$ with $m \\mid n$. Then $m \\le n$.",
        "(m n : ℕ) (hm : 0 < m) (hn : 0 < n) (h₀ : m ∣ n) : m ≤ n",
    ),
    (
        "If $n \\in \\mathbb{Z}$ and $n^2 = 4$, then $n = 2$ or $n = -2$.",
        "(n : ℤ) (h₀ : n ^ 2 = 4) : n = 2 ∨ n = -2",
    ),
    (
        "An odd integer is not divisible by 2.",
        "(n : ℤ) (hn : Odd n) : ¬(2 ∣ n)",
    ),
    (
        "It is not the case that 7 is even.",
        ": ¬Even 7",
    ),
    (
        "Some prime is even.",
        ": ∃ p : ℕ, Nat.Prime p ∧ Even p",
    ),
    (
        (
            "Let $a$, $b$ and $c$ be integers such that $a$ divides $b$ and $a$ divides $c$. "
            "Prove that $a$ divides $b + c$."
        ),
        "(a b c : ℤ) (h₀ : a ∣ b) (h₁ : a ∣ c) : a ∣ b + c",
    ),
    (
        "Every even integer greater than 2 is the sum of two primes.",
        (
            "(a : ℤ) (ha : Even a) (ha₁ : a > 2) : ∃ b c : ℕ, Nat.Prime b ∧ Nat.Prime c ∧ a "
            "= (b : ℤ) + (c : ℤ)"
        ),
    ),
    (
        "Let $n$ be a perfect number. Then $n > 1$.",
        "(n : ℕ) (hn : Nat.Perfect n) : n > 1",
    ),
    (
        "If $2 \\nmid n$ then $n$ is odd.",
        "(n : ℤ) (h₀ : ¬(2 ∣ n)) : Odd n",
    ),
    (
        "Let $a, b$ be relatively prime integers. If $a | c$ and $b | c$ then $ab | c$.",
        "(c a b : ℤ) (h₀ : IsCoprime a b) (h₁ : a ∣ c) (h₂ : b ∣ c) : a * b ∣ c",
    ),
    (
        "There is exactly one even prime.",
        ": ∃! p : ℕ, Even p ∧ Nat.Prime p",
    ),
    (
        "Prove: for every real number $x$, if $x > 1$ then $x^2 > x$.",
        "(x : ℝ) (h₀ : x > 1) : x ^ 2 > x",
    ),
    (
        "Let $p$ and $q$ be distinct primes. Then $p$ and $q$ are coprime.",
        "(p q : ℕ) (hp : Nat.Prime p) (hq : Nat.Prime q) (h₀ : p ≠ q) : Nat.Coprime p q",
    ),
    (
        "Prove that 17 is prime.",
        ": Nat.Prime 17",
    ),
    (
        "Prove that $2^{10} = 1024$.",
        ": 2 ^ 10 = 1024",
    ),
    (
        "Prove that $5 - 7 = -2$.",
        ": (5 : ℤ) - 7 = -2",
    ),
    (
        "Prove that $5 - 7$ is negative.",
        ": (5 : ℤ) - 7 < 0",
    ),
    (
        "Show that $\\max(x, y) \\ge x$ for all real numbers $x$ and $y$.",
        "(x y : ℝ) : max x y ≥ x",
    ),
    (
        "Assume that $n$ is an odd integer. Show that $8 \\mid n^2 - 1$.",
        "(n : ℤ) (h₀ : Odd n) : 8 ∣ n ^ 2 - 1",
    ),
    (
        "If $n$ is a positive even integer, then $n \\ge 2$.",
        "(n : ℕ) (h₀ : 0 < n) (h₁ : Even n) : n ≥ 2",
    ),
    (
        "Let $x$ be real. Then $\\exp(x) > 0$ and $\\lvert x \\rvert \\ge 0$.",
        "(x : ℝ) : Real.exp x > 0 ∧ |x| ≥ 0",
    ),
    (
        "Show that $2^{1/2}$ is irrational.",
        ": Irrational ((2 : ℝ) ^ ((1 : ℝ) / 2))",
    ),
    (
        "Show that $\\sqrt[3]{2}$ is irrational.",
        ": Irrational ((2 : ℝ) ^ ((1 : ℝ) / 3))",
    ),
    (
        (
            "Let $n$ be a natural number such that $n$ is not a perfect square. Prove that "
            "$\\sqrt{n}$ is irrational."
        ),
        "(n : ℕ) (hn : ¬IsSquare n) : Irrational (Real.sqrt (n : ℝ))",
    ),
    (
        "If $p$ is prime and $p \\mid n!$, then $p \\le n$.",
        "(p n : ℕ) (h₀ : Nat.Prime p) (h₁ : p ∣ Nat.factorial n) : p ≤ n",
    ),
    (
        "For real numbers $x_1, x_2$ we have $x_1 x_2 \\le \\frac{x_1^2 + x_2^2}{2}$.",
        "(x₁ x₂ : ℝ) : x₁ * x₂ ≤ (x₁ ^ 2 + x₂ ^ 2) / 2",
    ),
    (
        "Suppose $\\gcd(m, n) = 1$. Prove that $m$ and $n$ are coprime.",
        "(m n : ℕ) (h₀ : Nat.gcd m n = 1) : Nat.Coprime m n",
    ),
    (
        "The cube of an odd integer is odd.",
        "(n : ℤ) (hn : Odd n) : Odd (n ^ 3)",
    ),
    (
        "If $x < 0.5$ and $x$ is real then $2x < 1$.",
        "(x : ℝ) (h₀ : x < 0.5) : 2 * x < 1",
    ),
    (
        "The greatest common divisor of $12$ and $18$ is $6$.",
        ": Nat.gcd 12 18 = 6",
    ),
    (
        "Prove that $n$ is odd iff $n + 1$ is even.",
        "(n : ℤ) : Odd n ↔ Even (n + 1)",
    ),
    (
        "Let $a, b, c \\in \\mathbb{R}$. If $a \\le b \\le c$ then $a \\le c$.",
        "(a b c : ℝ) (h₀ : a ≤ b) (h₁ : b ≤ c) : a ≤ c",
    ),
    (
        "An integer is even or odd.",
        "(n : ℤ) : Even n ∨ Odd n",
    ),
    (
        "Let $x$ be a real number such that $x \\notin \\mathbb{Q}$. Then $2x \\notin \\mathbb{Q}$.",
        "(x : ℝ) (hx : ¬(∃ q : ℚ, x = (q : ℝ))) : ¬(∃ q : ℚ, 2 * x = (q : ℝ))",
    ),
    (
        "Let $q$ be a real number. If $q$ is rational then $q + 1$ is rational.",
        "(q : ℝ) (h₀ : ∃ q₁ : ℚ, q = (q₁ : ℝ)) : ∃ q₁ : ℚ, q + 1 = (q₁ : ℝ)",
    ),
    (
        "For all $x$, if $x$ is a real number then $x^2 \\ge 0$.",
        "(x : ℝ) : x ^ 2 ≥ 0",
    ),
    (
        "There exist $x, y \\in \\mathbb{R}$ such that $x + y = 1$ and $x - y = 3$.",
        ": ∃ x y : ℝ, x + y = 1 ∧ x - y = 3",
    ),
    (
        "There exist irrational numbers $a$ and $b$ such that $a + b$ is rational.",
        ": ∃ a b : ℝ, Irrational a ∧ Irrational b ∧ (∃ q : ℚ, a + b = (q : ℝ))",
    ),
    (
        "Let $n$ be an integer. Prove that there exist integers $a$ and $b$ with $n = 2a + 3b$.",
        "(n : ℤ) : ∃ a b : ℤ, n = 2 * a + 3 * b",
    ),
    (
        "Let $a, b, c$ be integers. If $a \\mid b$ and $b \\mid c$, then $a \\mid c$.",
        "(a b c : ℤ) (h₀ : a ∣ b) (h₁ : b ∣ c) : a ∣ c",
    ),
    (
        "Let $n$ be a positive integer. Prove that $n^n \\ge n!$.",
        "(n : ℕ) (hn : 0 < n) : n ^ n ≥ Nat.factorial n",
    ),
    (
        "Let $p$ be a prime and let $a$ be an integer. Prove that $a^p \\equiv a \\pmod p$.",
        "(p : ℕ) (hp : Nat.Prime p) (a : ℤ) : a ^ p ≡ a [ZMOD (p : ℤ)]",
    ),
    (
        (
            "Let $p$ be a prime and $a$ an integer not divisible by $p$. Prove that $a^{p-1} "
            "\\equiv 1 \\pmod p$."
        ),
        ("(p : ℕ) (hp : Nat.Prime p) (a : ℤ) (ha : ¬((p : ℤ) ∣ a)) : a ^ (p - 1) ≡ 1 [ZMOD (p : ℤ)]"),
    ),
    (
        "What is the value of $7 \\cdot 8$? Show that it is $56$.",
        ": 7 * 8 = 56",
    ),
    (
        "Let $p$ be a prime. Prove that $2^{p-1} \\ge 2$.",
        "(p : ℕ) (hp : Nat.Prime p) : 2 ^ (p - 1) ≥ 2",
    ),
    (
        "Let $n$ be a natural number. Prove that $2 \\cdot 2^{n-1} = 2^n$.",
        "(n : ℕ) : (2 : ℚ) * 2 ^ ((n : ℤ) - 1) = 2 ^ n",
    ),
    (
        "If $a$ is even and $b$ is odd and $c$ is odd then $a + b + c$ is even.",
        "(a b c : ℤ) (h₀ : Even a) (h₁ : Odd b) (h₂ : Odd c) : Even (a + b + c)",
    ),
    (
        "∀ x ∈ ℝ, x² ≥ 0",
        "(x : ℝ) : x ^ 2 ≥ 0",
    ),
    (
        "For all integers n, 3 ∣ n³ − n.",
        "(n : ℤ) : 3 ∣ n ^ 3 - n",
    ),
    (
        "Let x ∈ ℝ with x ≠ 0. Then x² > 0.",
        "(x : ℝ) (hx : x ≠ 0) : x ^ 2 > 0",
    ),
    (
        "Let a, b ∈ ℤ. If 2 ∣ a and 2 ∣ b then 2 ∣ a + b.",
        "(a b : ℤ) (h₀ : 2 ∣ a) (h₁ : 2 ∣ b) : 2 ∣ a + b",
    ),
    (
        "If a|b and b|c then a|c.",
        "(a b c : ℤ) (h₀ : a ∣ b) (h₁ : b ∣ c) : a ∣ c",
    ),
    (
        "The floor of a real number is at most 3.",
        "(x : ℝ) : Int.floor x ≤ 3",
    ),
    (
        "Let \\(n\\) be an integer. Show that \\[ n^2 \\ge n. \\]",
        "(n : ℤ) : n ^ 2 ≥ n",
    ),
    (
        "Show that $$x^2+y^2 \\geq 2xy$$ for all real numbers $x,y$.",
        "(x y : ℝ) : x ^ 2 + y ^ 2 ≥ 2 * x * y",
    ),
    (
        (
            "Suppose that $x$ and $y$ are positive real numbers satisfying $x + y = 1$. "
            "Prove that $xy \\le \\frac14$."
        ),
        "(x y : ℝ) (h₀ : 0 < x) (h₁ : 0 < y) (h₂ : x + y = 1) : x * y ≤ 1 / 4",
    ),
    (
        "Let $x$ be a real number such that $3x + 2 = 11$. What is $x$? Show that it is 3.",
        "(x : ℝ) (hx : 3 * x + 2 = 11) : x = 3",
    ),
    (
        "What is the sum of 3 and 4? Show that it is 7.",
        ": 3 + 4 = 7",
    ),
    (
        "Let $n$ be a positive integer. Show that $\\gcd(n, n+1) = 1$.",
        "(n : ℕ) (hn : 0 < n) : Nat.gcd n (n + 1) = 1",
    ),
    (
        (
            "Let $x$ and $y$ be real numbers. Suppose $x + y = 3$ and $x - y = 1$. Show that "
            "$x = 2$ and $y = 1$."
        ),
        "(x y : ℝ) (h₀ : x + y = 3) (h₁ : x - y = 1) : x = 2 ∧ y = 1",
    ),
    (
        "$x \\ge 0 \\text{ for all real } x.$",
        "(x : ℝ) : x ≥ 0",
    ),
    (
        "What is $2 + 2$? Show that it is $\\text{04}$.",
        ": 2 + 2 = 4",
    ),
    (
        "Let $a$, $b$ be integers. Then $a \\mid b \\text{ or } b \\mid a$.",
        "(a b : ℤ) : a ∣ b ∨ b ∣ a",
    ),
    (
        "Let $n > 1$ be an integer. Then $n^2 > n$.",
        "(n : ℤ) (hn : n > 1) : n ^ 2 > n",
    ),
    (
        ("Prove that the sum of two even integers is even and the product of two odd integers is odd."),
        (": (∀ a b : ℤ, Even a → Even b → Even (a + b)) ∧ (∀ c d : ℤ, Odd c → Odd d → Odd (c * d))"),
    ),
    (
        "Let $x$ and $y$ be real numbers. Prove that $x^2 = y^2$ iff $x = y$ or $x = -y$.",
        "(x y : ℝ) : x ^ 2 = y ^ 2 ↔ (x = y ∨ x = -y)",
    ),
    (
        "Prove that 2 is even, 4 is even, 6 is even, 8 is even, 3 is odd, 5 is odd and 7 is odd.",
        ": Even 2 ∧ Even 4 ∧ Even 6 ∧ Even 8 ∧ Odd 3 ∧ Odd 5 ∧ Odd 7",
    ),
    (
        "If $a$, $b$ and $c$ are even integers, then $a + b + c$ is even.",
        "(a b c : ℤ) (h₀ : Even a) (h₁ : Even b) (h₂ : Even c) : Even (a + b + c)",
    ),
    (
        "If $m$ and $n$ are multiples of 5 then $m + n$ is a multiple of 5.",
        "(m n : ℤ) (h₀ : 5 ∣ m) (h₁ : 5 ∣ n) : 5 ∣ m + n",
    ),
    ("n is an integer. Prove n is even.", "(n : ℤ) : Even n"),
    ("Prove that for all $x \\in \\mathbb{R}$, $e^x > 0$.", "(x : ℝ) : Real.exp x > 0"),
    ("n is the sum of two squares.", "(n : ℤ) : ∃ a b : ℤ, IsSquare a ∧ IsSquare b ∧ n = a + b"),
    ("If $a < b$ and $b < c$ then $a < c$.", "(a b c : ℝ) (h₀ : a < b) (h₁ : b < c) : a < c"),
    ("Prove that $x^2 \\ge 0$.", "(x : ℝ) : x ^ 2 ≥ 0"),
    ("Prove that $|x| \\ge 0$.", "(x : ℝ) : |x| ≥ 0"),
    ("Let $\\lambda$ be a real number. Then $\\lambda^2 \\ge 0$.", "(lam : ℝ) : lam ^ 2 ≥ 0"),
    (
        "Suppose that if $x$ is an integer then $x > 0$. Prove that $x > 0$.",
        "(x : ℝ) (h₀ : (∃ k : ℤ, x = (k : ℝ)) → x > 0) : x > 0",
    ),
    (
        "If $x \\notin \\mathbb{Q}$ then $x + 1 \\notin \\mathbb{Q}$.",
        "(x : ℝ) (h₀ : ¬(∃ q : ℚ, x = (q : ℝ))) : ¬(∃ q : ℚ, x + 1 = (q : ℝ))",
    ),
    (
        "If $3x + 2 = 11$, what is the value of $x$? Show that it is $3$.",
        "(x : ℝ) (h₀ : 3 * x + 2 = 11) : x = 3",
    ),
    ("Determine the remainder when 10 is divided by 3. Show that it is 1.", ": 10 % 3 = 1"),
    ("Let $x$ be a number. Then $x = x$.", "(x : ℝ) : x = x"),
    ("Let $x$ be real. Then $x^{1/2} \\ge 0$.", "(x : ℝ) : x ^ ((1 : ℝ) / 2) ≥ 0"),
    ("Prove that $1,000 > 1$.", ": 1000 > 1"),
    ("Let x and y be real, α ≥ \\gamma.", "(α γ x y : ℝ) : α ≥ γ"),
]


@pytest.fixture(scope="module")
def backend() -> SymbolicBackend:
    return SymbolicBackend()


@pytest.mark.parametrize(("statement", "signature"), PAIRS)
def test_statement_comes_out_as_this_lean(backend: SymbolicBackend, statement: str, signature: str) -> None:
    draft = backend.draft(Request(statement, "T"))
    assert draft.abstention is None
    assert draft.candidate is not None
    assert draft.candidate.statement == f"theorem T {signature} := by\n  sorry"
    assert draft.candidate.header == "import Mathlib\n"
