"""What stands between dollars: each construct in a sentence of our own, and the Lean that it comes out as."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cramf.environment import default_ontology
from cramf.formalize.symbolic import SymbolicBackend
from cramf.formalize.symbolic.lexicon import Lexicon
from cramf.formalize.symbolic.mathreader import MathReader
from cramf.formalize.symbolic.normalize import tokenize
from cramf.formalize.symbolic.syntax import UnreadError
from cramf.formalize.types import Request
from cramf.knowledge.ontology import load_ontology
from cramf.lean.parser import parse_file

LEXICON = Lexicon.of(load_ontology(default_ontology()))
BACKEND = SymbolicBackend()

READ = [
    (
        (
            "Let $f:\\mathbb{R}\\to\\mathbb{R}$ be a function such that $f(x+y)=f(x)+f(y)$ for all "
            "real numbers $x$ and $y$. Show that $f(0)=0$."
        ),
        "(f : ℝ → ℝ) (h₀ : ∀ x y : ℝ, f (x + y) = f x + f y) : f 0 = 0",
    ),
    (
        "Let $f(x)=2x+1$ and $g(x)=x^2$. Find $(f\\circ g)(3)$. Show that it is 19.",
        "(f g : ℝ → ℝ) (h₀ : ∀ x : ℝ, f x = 2 * x + 1) (h₁ : ∀ x : ℝ, g x = x ^ 2) : f (g 3) = 19",
    ),
    (
        "If $f(x)=3x-7$, what is $f^{-1}(5)$? Show that it is 4.",
        "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, f x = 3 * x - 7) : Function.invFun f 5 = 4",
    ),
    (
        "Suppose $a_1=2$ and $a_{n+1}=3a_n+1$ for all $n\\ge 1$. Show that $a_4=67$.",
        "(a : ℕ → ℤ) (h₀ : a 1 = 2) (h₁ : ∀ n : ℕ, n ≥ 1 → a (n + 1) = 3 * a n + 1) : a 4 = 67",
    ),
    (
        "Let $a_0=1$ and $a_n = 2a_{n-1}$ for all positive integers $n$. Show that $a_5=32$.",
        "(a : ℕ → ℤ) (h₀ : a 0 = 1) (h₁ : ∀ n : ℕ, 0 < n → a n = 2 * a (n - 1)) : a 5 = 32",
    ),
    (
        "Prove that $\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}$ for all positive integers $n$.",
        "(n : ℕ) (hn : 0 < n) : ∑ k ∈ Finset.Icc 1 n, (k : ℚ) = (n : ℚ) * ((n : ℚ) + 1) / 2",
    ),
    (
        "Prove that $\\sum_{i=0}^{2n-1} i = n(2n-1)$ for every natural number $n$.",
        "(n : ℕ) : ∑ i ∈ Finset.range (2 * n), (i : ℤ) = (n : ℤ) * (2 * (n : ℤ) - 1)",
    ),
    (
        "Show that $1+2+\\cdots+n = n(n+1)/2$ for each positive integer $n$.",
        "(n : ℕ) (hn : 0 < n) : ∑ k ∈ Finset.Icc 1 n, (k : ℚ) = (n : ℚ) * ((n : ℚ) + 1) / 2",
    ),
    ("Show that $1^2+3^2+\\dots+99^2 = 166650$.", ": ∑ k ∈ Finset.range 50, (2 * k + 1) ^ 2 = 166650"),
    (
        "Show that $1\\cdot2+2\\cdot3+\\cdots+n(n+1)=\\frac{n(n+1)(n+2)}{3}$ for all positive integers $n$.",
        (
            "(n : ℕ) (hn : 0 < n) : ∑ k ∈ Finset.Icc 1 n, (k : ℚ) * ((k : ℚ) + 1) = (n : ℚ) * ((n : ℚ) "
            "+ 1) * ((n : ℚ) + 2) / 3"
        ),
    ),
    (
        "Show that $1-\\frac12+\\frac13-\\cdots-\\frac1{100}<1$.",
        ": ∑ k ∈ Finset.Icc 1 100, (-1) ^ (k + 1) * (1 / (k : ℚ)) < 1",
    ),
    ("Show that $\\sqrt[3]{27}=3$.", ": (27 : ℝ) ^ ((1 : ℝ) / 3) = 3"),
    ("Show that $\\log_2 8 = 3$ and $\\ln(e^2) = 2$.", ": Real.logb 2 8 = 3 ∧ Real.log (Real.exp 2) = 2"),
    ("Show that $\\sin 30^\\circ = \\frac12$.", ": Real.sin (30 * Real.pi / 180) = 1 / 2"),
    ("Show that $(2+3i)(2-3i)=13$.", ": (2 + 3 * Complex.I) * (2 - 3 * Complex.I) = 13"),
    (
        "Let $z$ be a complex number with $|z|=1$. Show that $z\\bar{z}=1$.",
        "(z : ℂ) (hz : ‖z‖ = 1) : z * starRingEnd ℂ z = 1",
    ),
    ("Show that $\\lfloor 3.7\\rfloor + \\lceil 2.1 \\rceil = 6$.", ": ⌊(3.7 : ℝ)⌋ + ⌈(2.1 : ℝ)⌉ = 6"),
    ("Show that $\\binom{5}{2}=10$ and $5!=120$.", ": Nat.choose 5 2 = 10 ∧ Nat.factorial 5 = 120"),
    ("Show that $\\gcd(12,18)\\cdot\\text{lcm}(12,18)=216$.", ": Nat.gcd 12 18 * Nat.lcm 12 18 = 216"),
    ("Show that $7^{100} \\bmod 10 = 1$.", ": 7 ^ 100 % 10 = 1"),
    ("Show that $17 \\equiv 2 \\pmod{5}$.", ": 17 ≡ 2 [ZMOD 5]"),
    ("Show that $123_8 = 83$.", ": 1 * 8 ^ 2 + 2 * 8 + 3 = 83"),
    ("Let $x\\in[0,1]$. Show that $x^2\\le x$.", "(x : ℝ) (hx : x ∈ Set.Icc (0 : ℝ) 1) : x ^ 2 ≤ x"),
    (
        "Let $A=\\{1,2,3\\}$ and $B=\\{2,3,4\\}$. Show that $A\\cap B=\\{2,3\\}$.",
        (
            "(A B : Set ℤ) (h₀ : A = ({1, 2, 3} : Set ℤ)) (h₁ : B = ({2, 3, 4} : Set ℤ)) : A ∩ B = "
            "({2, 3} : Set ℤ)"
        ),
    ),
    ("Show that $\\{x\\in\\mathbb{R} : x^2=4\\}=\\{-2,2\\}$.", ": {x : ℝ | x ^ 2 = 4} = ({-2, 2} : Set ℝ)"),
    ("Show that $|\\{1,2,3\\}|=3$.", ": Set.ncard ({1, 2, 3} : Set ℕ) = 3"),
    (
        "If $(x,y)$ satisfies $x+y=3$ and $x-y=1$, show that $(x,y)=(2,1)$.",
        "(x y : ℝ) (h₀ : x + y = 3) (h₁ : x - y = 1) : x = 2 ∧ y = 1",
    ),
    (
        "Show that $\\lim_{x\\to 2} x^2 = 4$.",
        ": Filter.Tendsto (fun x : ℝ => x ^ 2) (nhdsWithin (2 : ℝ) {(2 : ℝ)}ᶜ) (nhds (4 : ℝ))",
    ),
    (
        "Show that $\\lim_{n\\to\\infty} \\frac1n = 0$.",
        ": Filter.Tendsto (fun n : ℕ => 1 / (n : ℝ)) Filter.atTop (nhds (0 : ℝ))",
    ),
    ("Let $f(x)=x^3$. Show that $f'(2)=12$.", "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, f x = x ^ 3) : deriv f 2 = 12"),
    ("Show that $\\int_0^1 x^2\\,dx=\\frac13$.", ": ∫ x in 0..1, x ^ 2 = 1 / 3"),
    (
        (
            "Let $f(x)=\\begin{cases} x+1 & \\text{if } x\\ge 0,\\\\ -x & "
            "\\text{otherwise}.\\end{cases}$ Show that $f(-2)=2$."
        ),
        "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, (x ≥ 0 → f x = x + 1) ∧ (¬(x ≥ 0) → f x = -x)) : f (-2) = 2",
    ),
    (
        "Suppose \\begin{align*} 2x+y&=7,\\\\ x-y&=2. \\end{align*} Show that $x=3$.",
        "(x y : ℝ) (h₀ : 2 * x + y = 7) (h₁ : x - y = 2) : x = 3",
    ),
    ("Show that $0.5 + 1/4 = 3/4$.", ": (0.5 : ℚ) + 1 / 4 = 3 / 4"),
    ("Show that $\\max(3,5)-\\min(3,5)=2$.", ": max (3 : ℤ) (5 : ℤ) - min (3 : ℤ) (5 : ℤ) = 2"),
    (
        "If $\\begin{cases} x+y=5 \\\\ x-y=1\\end{cases}$, show that $x=3$.",
        "(x y : ℝ) (h₀ : x + y = 5) (h₁ : x - y = 1) : x = 3",
    ),
    (
        "Let $n$ be an integer with $n\\geq 4$. Show that $n!>2^n$.",
        "(n : ℕ) (hn : n ≥ 4) : Nat.factorial n > 2 ^ n",
    ),
    ("Show that $e^{i\\pi}+1=0$.", ": Complex.exp (Complex.I * (Real.pi : ℂ)) + 1 = 0"),
    (
        (
            "Suppose $x_1, x_2, \\ldots, x_5$ are positive real numbers with $x_1+x_2+\\cdots+x_5=10$. "
            "Show that $x_1<10$."
        ),
        (
            "(x₁ x₂ x₃ x₄ x₅ : ℝ) (h₀ : 0 < x₁) (h₁ : 0 < x₂) (h₂ : 0 < x₃) (h₃ : 0 < x₄) (h₄ : 0 < "
            "x₅) (h₅ : x₁ + x₂ + x₃ + x₄ + x₅ = 10) : x₁ < 10"
        ),
    ),
    (
        "Let $f(x,y)=x^2+y$. Show that $f(2,3)=7$.",
        "(f : ℝ → ℝ → ℝ) (h₀ : ∀ x y : ℝ, f x y = x ^ 2 + y) : f 2 3 = 7",
    ),
    (
        "Let $S=\\{n\\in\\mathbb{N} : n<10\\}$. Show that $|S|=10$.",
        "(S : Set ℕ) (h₀ : S = {n : ℕ | n < 10}) : Set.ncard S = 10",
    ),
    ("Show that $\\tan 45^\\circ=1$.", ": Real.tan (45 * Real.pi / 180) = 1"),
    ("If $x^{1/2}=3$ then $x=9$.", "(x : ℝ) (h₀ : x ^ ((1 : ℝ) / 2) = 3) : x = 9"),
    (
        "If $\\frac{1}{x-2}=4$, what is $x$? Show that it is $\\frac94$.",
        "(x : ℝ) (h₀ : x - 2 ≠ 0) (h₁ : 1 / (x - 2) = 4) : x = 9 / 4",
    ),
    ("Show that $1,000,000 = 10^6$.", ": 1000000 = 10 ^ 6"),
    ("Show that $2^{-3}=\\frac18$.", ": (2 : ℚ) ^ (-3 : ℤ) = 1 / 8"),
    ("Show that $\\sum_{k=0}^{\\infty} \\frac{1}{2^k} = 2$.", ": ∑' k : ℕ, (1 : ℝ) / 2 ^ k = 2"),
    ("Show that $x-(-(-x))=0$.", "(x : ℝ) : x - -(-x) = 0"),
    ("Show that $\\binom{5}{2}=10$ and $5!=120$.", ": Nat.choose 5 2 = 10 ∧ Nat.factorial 5 = 120"),
    (
        "Suppose $a_1=2$ and $a_{n+1}=3a_n+1$ for all $n\\ge 1$. Show that $a_4=67$.",
        "(a : ℕ → ℤ) (h₀ : a 1 = 2) (h₁ : ∀ n : ℕ, n ≥ 1 → a (n + 1) = 3 * a n + 1) : a 4 = 67",
    ),
    (
        (
            "Let $f(x)=\\begin{cases} x+1 & \\text{if } x\\ge 0,\\\\ -x & "
            "\\text{otherwise}.\\end{cases}$ Show that $f(-2)=2$."
        ),
        "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, (x ≥ 0 → f x = x + 1) ∧ (¬(x ≥ 0) → f x = -x)) : f (-2) = 2",
    ),
    ("Show that $\\sum_{k=0}^{\\infty} \\frac{1}{2^k} = 2$.", ": ∑' k : ℕ, (1 : ℝ) / 2 ^ k = 2"),
    (
        "Show that $\\lim_{x\\to 2} x^2 = 4$.",
        ": Filter.Tendsto (fun x : ℝ => x ^ 2) (nhdsWithin (2 : ℝ) {(2 : ℝ)}ᶜ) (nhds (4 : ℝ))",
    ),
    (
        (
            "Let $f:\\mathbb{Z}^+\\to\\mathbb{Z}^+$ be a function such that $f(m+n)=f(m)f(n)$ for all "
            "positive integers $m$ and $n$. Show that $f(2)=f(1)^2$."
        ),
        (
            "(f : ℕ → ℕ) (h₀ : ∀ n₁ : ℕ, 0 < n₁ → 0 < f n₁) (h₁ : ∀ m n : ℕ, 0 < m → 0 < n → f (m + n) "
            "= f m * f n) : f 2 = f 1 ^ 2"
        ),
    ),
    (
        "Show that $\\forall x\\in\\mathbb{R}, \\exists y\\in\\mathbb{R}, x+y=0$.",
        "(x : ℝ) : ∃ y : ℝ, x + y = 0",
    ),
    (
        "Suppose $x\\notin[0,1]$ and $x$ is real. Show that $x<0$ or $x>1$.",
        "(x : ℝ) (h₀ : x ∉ Set.Icc (0 : ℝ) 1) : x < 0 ∨ x > 1",
    ),
    (
        "Let $p(x)=x^2-5x+6$. Show that $p(2)=0$.",
        "(p : ℝ → ℝ) (h₀ : ∀ x : ℝ, p x = x ^ 2 - 5 * x + 6) : p 2 = 0",
    ),
    ("Show that $n(n+1)$ is even for all integers $n$.", "(n : ℤ) : Even (n * (n + 1))"),
    (
        "Let $a_n=2n+1$. Show that $a_3=7$.",
        "(a : ℕ → ℤ) (h₀ : ∀ n : ℕ, 0 < n → a n = 2 * (n : ℤ) + 1) : a 3 = 7",
    ),
    (
        "Show that $\\prod_{k=1}^{n}\\left(1+\\frac1k\\right)=n+1$ for all positive integers $n$.",
        "(n : ℕ) (hn : 0 < n) : ∏ k ∈ Finset.Icc 1 n, (1 + 1 / (k : ℚ)) = (n : ℚ) + 1",
    ),
    ("Show that $\\sum_{k=-2}^{2}k=0$.", ": ∑ k ∈ Finset.Icc (-(2 : ℤ)) 2, k = 0"),
    (
        "If $\\log_{10} x = 2$, what is $x$? Show that it is $100$.",
        "(x : ℝ) (h₀ : 0 < x) (h₁ : Real.logb 10 x = 2) : x = 100",
    ),
    (
        "If $i^2=-1$, show that $(1+i)^2=2i$.",
        "(h₀ : Complex.I ^ 2 = -1) : (1 + Complex.I) ^ 2 = 2 * Complex.I",
    ),
    ("Let $i=\\sqrt{-1}$. Show that $i^4=1$.", ": Complex.I ^ 4 = 1"),
    ("Suppose $w=3-4i$. Show that $|w|=5$.", "(w : ℂ) (h₀ : w = 3 - 4 * Complex.I) : ‖w‖ = 5"),
    ("Show that the remainder when $2^{10}$ is divided by $7$ is $2$.", ": 2 ^ 10 % 7 = 2"),
    (
        "If $n\\equiv 3\\pmod 7$, show that $n^2\\equiv 2\\pmod 7$.",
        "(n : ℤ) (h₀ : n ≡ 3 [ZMOD 7]) : n ^ 2 ≡ 2 [ZMOD 7]",
    ),
    ("Show that $1\\,000 < 2^{10}$.", ": 1000 < 2 ^ 10"),
    ("Show that $\\frac{2}{3}\\div\\frac{4}{9}=\\frac32$.", ": (2 : ℚ) / 3 / (4 / 9) = 3 / 2"),
    ("Show that $3\\times 4 - 2 = 10$.", ": (3 : ℤ) * 4 - 2 = 10"),
    ("Show that $5-7=-2$.", ": (5 : ℤ) - 7 = -2"),
    (
        "If $x-y=3$ and $x^2-y^2=21$, what is $x+y$? Show that it is 7.",
        "(x y : ℝ) (h₀ : x - y = 3) (h₁ : x ^ 2 - y ^ 2 = 21) : x + y = 7",
    ),
    ("Show that $|a+b|\\le|a|+|b|$ for all complex numbers $a$ and $b$.", "(a b : ℂ) : ‖a + b‖ ≤ ‖a‖ + ‖b‖"),
    ("Show that $\\lfloor x\\rfloor\\le x$ for all real numbers $x$.", "(x : ℝ) : (⌊x⌋ : ℝ) ≤ x"),
    (
        "Show that $\\cos 2x = 2\\cos^2 x-1$ for all real $x$.",
        "(x : ℝ) : Real.cos (2 * x) = 2 * Real.cos x ^ 2 - 1",
    ),
    ("Show that $x^y=8$ if $x=2$ and $y=3$.", "(x y : ℝ) (h₀ : x = 2) (h₁ : y = 3) : x ^ y = 8"),
    (
        "Let $F_1=1$, $F_2=1$ and $F_{n}=F_{n-1}+F_{n-2}$ for $n\\ge3$. Show that $F_7=13$.",
        (
            "(F : ℕ → ℤ) (h₀ : F 1 = 1) (h₁ : F 2 = 1) (h₂ : ∀ n : ℕ, n ≥ 3 → F n = F (n - 1) + F (n - "
            "2)) : F 7 = 13"
        ),
    ),
    (
        "Let $0<a<b$. Show that $\\sqrt{ab}<\\frac{a+b}{2}$.",
        "(a b : ℝ) (h₀ : 0 < a) (h₁ : a < b) : Real.sqrt (a * b) < (a + b) / 2",
    ),
    ("Show that $\\{1,2\\}\\subseteq\\{1,2,3\\}$.", ": ({1, 2} : Set ℕ) ⊆ ({1, 2, 3} : Set ℕ)"),
    ("Show that $2\\in\\{1,2,3\\}$.", ": 2 ∈ ({1, 2, 3} : Set ℕ)"),
    (
        "Show that $f''(x)=2$ if $f(x)=x^2$.",
        "(f : ℝ → ℝ) (x : ℝ) (h₀ : ∀ x : ℝ, f x = x ^ 2) : deriv (deriv f) x = 2",
    ),
    (
        "If $f(x)=x^2$, show that $f'(x)=2x$ for all real $x$.",
        "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, f x = x ^ 2) (x : ℝ) : deriv f x = 2 * x",
    ),
    (
        "Show that $2^x3^y=72$ if $x=3$ and $y=2$.",
        "(x y : ℝ) (h₀ : x = 3) (h₁ : y = 2) : (2 : ℝ) ^ x * (3 : ℝ) ^ y = 72",
    ),
    ("Show that $4(2x)3=24x$.", "(x : ℝ) : 4 * (2 * x) * 3 = 24 * x"),
    ("Show that $x^{2^3}=x^8$.", "(x : ℝ) : x ^ 2 ^ 3 = x ^ 8"),
    (
        "What is the value of $a+b$ if $a=1$ and $b=5$? Show that it is 6.",
        "(a b : ℝ) (h₀ : a = 1) (h₁ : b = 5) : a + b = 6",
    ),
    (
        "If $f(x)=x^2-b$ and $f(2)=1$, find $b$. Show that it is 3.",
        "(f : ℝ → ℝ) (b : ℝ) (h₀ : ∀ x : ℝ, f x = x ^ 2 - b) (h₁ : f 2 = 1) : b = 3",
    ),
    (
        "Let $f(x)=x^2-bx$. For what value of $b$ is $f(2)=0$? Show that it is 2.",
        "(f : ℝ → ℝ) (b : ℝ) (h₀ : f 2 = 0) (h₁ : ∀ x : ℝ, f x = x ^ 2 - b * x) : b = 2",
    ),
    (
        "Let $f(n)=n^2+n$. Show that $2 \\mid f(n)$ for all integers $n$.",
        "(f : ℤ → ℤ) (h₀ : ∀ n : ℤ, f n = n ^ 2 + n) (n : ℤ) : 2 ∣ f n",
    ),
    (
        "Show that $\\sum^n_{k=0} k=n(n+1)/2$ for natural $n$.",
        "(n : ℕ) : ∑ k ∈ Finset.range (n + 1), (k : ℚ) = (n : ℚ) * ((n : ℚ) + 1) / 2",
    ),
    (
        "Show that $a \\equiv b \\mod 2^{n+3}$ if $a = b + 2^{n+3}$.",
        "(a b : ℤ) (n : ℕ) (h₀ : a = b + 2 ^ (n + 3)) : a ≡ b [ZMOD 2 ^ (n + 3)]",
    ),
    (
        "Find the largest integer $n$ such that $2^n$ divides $8!$. Show that it is 7.",
        ": IsGreatest {n : ℕ | 2 ^ n ∣ Nat.factorial 8} 7",
    ),
    (
        "If $2x=5y$, what is $\\frac{y}{x}$? Show that it is $\\frac25$.",
        "(x y : ℝ) (h₀ : 2 * x = 5 * y) (h₁ : x ≠ 0) : y / x = 2 / 5",
    ),
    (
        "If $\\sqrt{x-1}=x-3$, what is $x$? Show that it is 5.",
        "(x : ℝ) (h₀ : 0 ≤ x - 1) (h₁ : Real.sqrt (x - 1) = x - 3) : x = 5",
    ),
    (
        "If $x>0$ and $\\log x=1$, show that $x=e$.",
        "(x : ℝ) (h₀ : x > 0) (h₁ : Real.log x = 1) : x = Real.exp 1",
    ),
    (
        "Suppose $\\sqrt{1+x^2}=2$. Show that $x^2=3$.",
        "(x : ℝ) (h₀ : Real.sqrt (1 + x ^ 2) = 2) : x ^ 2 = 3",
    ),
    ("Simplify $\\frac{x^2}{x}$. Show that it is $x$.", "(x : ℝ) (h₀ : x ≠ 0) : x ^ 2 / x = x"),
    (
        "Show that $\\sqrt{x-1}<2$ if and only if $1\\le x<5$.",
        "(x : ℝ) : (0 ≤ x - 1 ∧ Real.sqrt (x - 1) < 2) ↔ (1 ≤ x ∧ x < 5)",
    ),
    (
        "How many integers $n$ satisfy $\\sqrt{n}<3$? Show that it is 9.",
        ": Set.ncard {n : ℤ | 0 ≤ n ∧ Real.sqrt (n : ℝ) < 3} = 9",
    ),
    ("There exists a real number $x$ such that $\\frac{1}{x}=3$.", ": ∃ x : ℝ, x ≠ 0 ∧ 1 / x = 3"),
    (
        "Suppose $f(x+1)=\\sqrt{f(x)-2}$ for all real numbers $x$. Show that $f(0)\\ge 2$.",
        "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, 0 ≤ f x - 2 ∧ f (x + 1) = Real.sqrt (f x - 2)) : f 0 ≥ 2",
    ),
    (
        "Let $f(x)=\\sqrt{2x-7}$. Show that $f(8)=3$.",
        "(f : ℝ → ℝ) (h₀ : ∀ x : ℝ, f x = Real.sqrt (2 * x - 7)) : f 8 = 3",
    ),
    (
        "What is the modulo $6$ remainder of $1+2+3+\\dots+98+99$? Show that it is 0.",
        ": (∑ k ∈ Finset.Icc 1 99, k) % 6 = 0",
    ),
]


REFUSED = [
    (
        "Show that $a*b=a+b$ implies $2*3=5$.",
        "a*b",
        "whether * is multiplication or defined here is not clear",
    ),
    ("Show that $x=\\pm 2$ if $x^2=4$.", "\\pm", "unknown LaTeX command \\pm"),
    ("Show that $\\overline{AB}=12$.", "\\overline{AB}", "a bar over digits, a segment or a mean"),
    ("Show that $\\sin^{-1}(1)=\\pi/2$.", "{-1}", "a function's exponent can be a power or an inverse"),
    ("Show that $x'=1$.", "x'", "primed variables are not read"),
    ("Show that $\\sqrt{-4}=2$.", "\\sqrt{-4}", "a root of a negative number"),
    ("Show that $(-8)^{1/3}=-2$.", "(-8)^{1/3}", "a negative number to a power that is no integer"),
    ("Show that $1+2+\\cdots=3$.", "1+2+\\cdots", "an ellipsis without its last term"),
    ("Show that $1+4+\\cdots+50=3$.", "1+4+\\cdots+50", "the general term of the ellipsis is not clear"),
    ("Show that $2+4+\\cdots+64=3$.", "2+4+\\cdots+64", "the general term of the ellipsis is not clear"),
    (
        "Show that $\\sum_{k=1}^{3} k+k=9$.",
        "k",
        "whether the sum or limit takes this term is not clear",
    ),
    ("Show that $999_8=1$.", "999_8", "a numeral that its base does not have"),
    ("Show that $1<\\infty$.", "\\infty", "this does not stand for a number"),
    ("Show that $(1,2)<(3,4)$.", "(1,2)<(3,4)", "tuples are read only as equal to each other"),
    ("Show that $a_{n-1}=a_n$ if $a_1=2$.", "n-1", "an index that is not known to be of type ℕ"),
    ("Show that $\\begin{matrix}1\\end{matrix}=1$.", "\\begin{matrix}", "the environment matrix is not read"),
    ("Show that $[x]=3$.", "[x]", "square brackets that can be a floor"),
    ("What is $2+3$? Show that it is $D$.", "D", "what D is has not been said"),
]


@pytest.fixture(scope="module")
def backend() -> SymbolicBackend:
    return SymbolicBackend()


@pytest.mark.parametrize(("statement", "signature"), READ)
def test_formula_comes_out_as_this_lean(backend: SymbolicBackend, statement: str, signature: str) -> None:
    draft = backend.draft(Request(statement, "T"))
    assert draft.abstention is None
    assert draft.candidate is not None
    assert draft.candidate.statement == f"theorem T {signature} := by\n  sorry"


@pytest.mark.parametrize(("statement", "signature"), READ)
def test_printed_lean_is_read_by_our_parser(statement: str, signature: str) -> None:
    text = f"theorem T {signature} := by\n  sorry"
    parsed = parse_file(text)
    assert parsed.errors == ()
    (command,) = parsed.commands
    assert command.declaration is not None
    assert command.declaration.name == "T"


@pytest.mark.parametrize(("statement", "text", "reason"), REFUSED)
def test_refused_formula_names_its_place(
    backend: SymbolicBackend, statement: str, text: str, reason: str
) -> None:
    draft = backend.draft(Request(statement, "T"))
    assert draft.candidate is None
    assert draft.abstention is not None
    assert (draft.abstention.text, draft.abstention.reason) == (text, reason)


@pytest.mark.parametrize(
    ("statement", "note"),
    [
        ("Let $f(x)=x+1$. Show that $f(1)=2$.", "an equation of a function holds for all x"),
        ("Let $f(x)=x+1$. Show that $f(1)=2$.", "f : ℝ → ℝ (by its use)"),
        ("If $g^{-1}(2)=1$, show that $g(1)=2$.", "g has an inverse, so it is supposed to be bijective"),
        ("Let $a_n=2n$. Show that $a_1=2$.", "an index starts from 1, since no term of index 0 is named"),
        (
            "If $\\frac{1}{x}=2$, show that $2x=1$.",
            "what an equation divides by is supposed not to be 0",
        ),
        ("If $\\log x=2$, show that $x>1$.", "log is the natural logarithm"),
        ("Show that $e^x>0$.", "e is Euler's number"),
        ("Show that $(1+i)^2=2i$.", "i is the imaginary unit"),
    ],
)
def test_note_tells_the_rule(backend: SymbolicBackend, statement: str, note: str) -> None:
    assert note in backend.draft(Request(statement, "T")).notes


LATEX = st.lists(
    st.sampled_from(
        r"\frac \sqrt \sum \prod \int \lim \log \sin \gcd \binom _ ^ { } ( ) [ ] \{ \} | , : = < "
        r"\le \in \to \cup \cdots + - * / ! "
        r"\pmod \bmod \infty \pi \mathbb{R} \begin{cases} \end{cases} & \\ \text{if} \% ^\circ f g "
        r"x n k a_n a_1 x_1 e i d dx 0 1 2 12 "
        r"f(x) f^{-1}( \circ \overline \lfloor \rfloor \mid \setminus \emptyset \#".split()
    ),
    max_size=30,
).map(" ".join)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(LATEX)
def test_any_latex_is_read_or_refused(formula: str) -> None:
    try:
        tokens = [t for t in tokenize(f"${formula}$", frozenset(LEXICON.by_command)) if t.kind != "EDGE"]
        MathReader(LEXICON).read(tokens)
    except UnreadError as unread:
        assert unread.reason
        assert 0 <= unread.span[0] <= unread.span[1] <= len(formula) + 2


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(LATEX, LATEX)
def test_any_latex_in_a_sentence_is_answered(first: str, second: str) -> None:
    statement = f"Let ${first}=x$. Show that ${second}=1$."
    draft = BACKEND.draft(Request(statement, "T"))
    if draft.candidate is not None:
        assert "--" not in draft.candidate.statement
        assert parse_file(draft.candidate.statement).errors == ()
    else:
        assert draft.abstention is not None
