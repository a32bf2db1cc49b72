"""Statements of our own and the Lean that they must come out as, letter for letter."""

from __future__ import annotations

import pytest

from cramf.environment import default_ontology
from cramf.formalize.symbolic.abstract import AbstractReader
from cramf.knowledge.ontology import load_ontology

PAIRS = [
    (
        "Show that every group of order $15$ is cyclic.",
        "{G : Type*} [Group G] (h₀ : Nat.card G = 15) : IsCyclic G",
    ),
    (
        "Prove that every subgroup of a cyclic group is cyclic.",
        "{G : Type*} [Group G] [IsCyclic G] (H : Subgroup G) : IsCyclic H",
    ),
    (
        (
            "Let $f: X \\to Y$ be a continuous map. Show that if $X$ is compact and $Y$ is "
            "Hausdorff, then $f$ is closed."
        ),
        (
            "{X : Type*} [TopologicalSpace X] {Y : Type*} [TopologicalSpace Y] (f : X → Y) (h₀ : "
            "Continuous f) [CompactSpace X] [T2Space Y] : IsClosedMap f"
        ),
    ),
    (
        "Let $G$ be a group. Prove that if $G/Z(G)$ is cyclic, then $G$ is abelian.",
        "{G : Type*} [Group G] [IsCyclic (G ⧸ Subgroup.center G)] : ∀ a b : G, a * b = b * a",
    ),
    (
        "Let $R$ be a commutative ring with identity. Show that every maximal ideal of $R$ is prime.",
        "{R : Type*} [CommRing R] (I : Ideal R) [I.IsMaximal] : I.IsPrime",
    ),
    (
        "Suppose $X$ is a compact Hausdorff space. Show that $X$ is normal.",
        "{X : Type*} [TopologicalSpace X] [CompactSpace X] [T2Space X] : NormalSpace X",
    ),
    (
        "Let $(X, d)$ be a compact metric space. Prove that $X$ is complete.",
        "{X : Type*} [MetricSpace X] [CompactSpace X] : CompleteSpace X",
    ),
    (
        (
            "Let $A$ and $B$ be subsets of a topological space $X$. Prove that $\\overline{A "
            "\\cup B} = \\overline{A} \\cup \\overline{B}$."
        ),
        "{X : Type*} [TopologicalSpace X] (A B : Set X) : closure (A ∪ B) = closure A ∪ closure B",
    ),
    (
        "If $a$ and $b$ are elements of a group $G$, show that $(ab)^{-1} = b^{-1}a^{-1}$.",
        "{G : Type*} [Group G] (a b : G) : (a * b)⁻¹ = b⁻¹ * a⁻¹",
    ),
    (
        (
            "Let $\\varphi: G \\to H$ be a homomorphism of groups. Prove that $\\varphi$ is "
            "injective if and only if $\\ker \\varphi = \\{e\\}$."
        ),
        (
            "{G : Type*} [Group G] {H : Type*} [Group H] (φ : G →* H) : Function.Injective φ ↔ "
            "MonoidHom.ker φ = ⊥"
        ),
    ),
    (
        (
            "Let $V$ be a finite-dimensional vector space over a field $F$ and let $T$ be a "
            "linear operator on $V$. Prove that $T$ is injective if and only if $T$ is "
            "surjective."
        ),
        (
            "{F : Type*} [Field F] {V : Type*} [AddCommGroup V] [Module F V] [FiniteDimensional "
            "F V] (T : V →ₗ[F] V) : Function.Injective T ↔ Function.Surjective T"
        ),
    ),
    (
        "Let $R$ be an integral domain. Prove that if $R$ is finite then $R$ is a field.",
        "{R : Type*} [CommRing R] [IsDomain R] [Finite R] : IsField R",
    ),
    (
        "Prove that a closed subset of a compact space is compact.",
        "{X : Type*} [TopologicalSpace X] [CompactSpace X] (A : Set X) (h₀ : IsClosed A) : IsCompact A",
    ),
    (
        "Prove that no group of order $30$ is simple.",
        "{G : Type*} [Group G] (h₀ : Nat.card G = 30) : ¬IsSimpleGroup G",
    ),
    (
        (
            "Let $\\{a_n\\}$ be a sequence of real numbers. Prove that if $a_n \\to a$ and $a_n "
            "\\to b$, then $a = b$."
        ),
        (
            "(a : ℕ → ℝ) (a' : ℝ) (h₀ : Filter.Tendsto a Filter.atTop (nhds a')) (b : ℝ) (h₁ : "
            "Filter.Tendsto a Filter.atTop (nhds b)) : a' = b"
        ),
    ),
    (
        (
            "Let $a, b \\in \\mathbb{R}$ and let $f$ be a continuous real function on $[a,b]$. "
            "Prove that $f$ is uniformly continuous."
        ),
        ("(a b : ℝ) (f : ℝ → ℝ) (h₀ : ContinuousOn f (Set.Icc a b)) : UniformContinuousOn f (Set.Icc a b)"),
    ),
    (
        "Prove that the center of a group $G$ is a normal subgroup of $G$.",
        "{G : Type*} [Group G] : (Subgroup.center G).Normal",
    ),
    (
        ("Let $G$ be a finite group. Prove that there exists an element $x$ of $G$ such that $x \\neq 1$."),
        "{G : Type*} [Group G] [Finite G] : ∃ x : G, x ≠ 1",
    ),
    (
        "Let $R$ be a ring. Show that if $a$ is a nilpotent element of $R$, then $1 - a$ is a unit.",
        "{R : Type*} [Ring R] (a : R) (h₀ : IsNilpotent a) : IsUnit (1 - a)",
    ),
    (
        (
            "Let $H$ and $K$ be normal subgroups of $G$ such that $H \\cap K = 1$. Show that $xy "
            "= yx$ for all $x \\in H$ and $y \\in K$."
        ),
        (
            "{G : Type*} [Group G] (H K : Subgroup G) [H.Normal] [K.Normal] (h₀ : H ⊓ K = ⊥) (x "
            ": G) (h₁ : x ∈ H) (y : G) (h₂ : y ∈ K) : x * y = y * x"
        ),
    ),
    (
        (
            "Let $X$ be a connected space and $f: X \\to \\mathbb{R}$ be continuous. If $f$ is "
            "injective, prove that $f$ is open."
        ),
        (
            "{X : Type*} [TopologicalSpace X] [ConnectedSpace X] (f : X → ℝ) (h₀ : Continuous f) "
            "(h₁ : Function.Injective f) : IsOpenMap f"
        ),
    ),
    (
        "Show that $S_4$ is solvable.",
        ": Group.IsSolvable (Equiv.Perm (Fin 4))",
    ),
    (
        "Prove that the ring $\\mathbb{Z}/p\\mathbb{Z}$ is a field if $p$ is a prime.",
        "(p : ℕ) (h₀ : Nat.Prime p) : IsField (ZMod p)",
    ),
    (
        (
            "Let $A$ be a subset of a metric space $X$. Prove that $A$ is closed if and only if "
            "$A$ contains every limit point of $A$."
        ),
        (
            "{X : Type*} [MetricSpace X] (A : Set X) : IsClosed A ↔ (∀ x : X, AccPt x "
            "(Filter.principal A) → x ∈ A)"
        ),
    ),
    (
        "Let $A \\subset \\mathbb{R}$ be nonempty and bounded above. Prove that $A$ has a supremum.",
        "(A : Set ℝ) (h₀ : A.Nonempty) (h₁ : BddAbove A) : ∃ x : ℝ, IsLUB A x",
    ),
    (
        "Prove that if $R$ is a finite integral domain, then it is a field.",
        "{R : Type*} [CommRing R] [IsDomain R] [Finite R] : IsField R",
    ),
    (
        (
            "Prove that if $A$ is a closed subset of a complete metric space $X$, then every "
            "Cauchy sequence $\\{x_n\\}$ in $A$ converges."
        ),
        (
            "{X : Type*} [MetricSpace X] [CompleteSpace X] (A : Set X) (h₀ : IsClosed A) (x : ℕ "
            "→ X) (h₁ : ∀ k, x k ∈ A) (h₂ : CauchySeq x) : ∃ l, Filter.Tendsto x Filter.atTop "
            "(nhds l)"
        ),
    ),
    (
        (
            "Let $p$ be a prime and let $P$ be a normal Sylow $p$-subgroup of $G$. Prove that "
            "$P$ is a characteristic subgroup of $G$."
        ),
        (
            "(p : ℕ) (h₀ : Nat.Prime p) {G : Type*} [Group G] (P : Sylow p G) [(P : Subgroup "
            "G).Normal] : (P : Subgroup G).Characteristic"
        ),
    ),
    (
        "Let $p$ be a prime. Prove that every finite $p$-group is nilpotent.",
        (
            "(p : ℕ) (h₀ : Nat.Prime p) {G : Type*} [Group G] (h₁ : IsPGroup p G) [Finite G] : "
            "Group.IsNilpotent G"
        ),
    ),
    (
        "Show that if $x$ is irrational then $x + 1$ is irrational.",
        "(x : ℝ) (h₀ : Irrational x) : Irrational (x + 1)",
    ),
    (
        "Prove that every nonempty open subset of $\\mathbb{R}$ is uncountable.",
        "(A : Set ℝ) (h₀ : IsOpen A) (h₁ : A.Nonempty) : ¬A.Countable",
    ),
    (
        (
            "Suppose that $f$ is a differentiable real function on $\\mathbb{R}$ and $f'(x) = 0$ "
            "for all $x \\in \\mathbb{R}$. Prove that $f$ is constant."
        ),
        "(f : ℝ → ℝ) (h₀ : Differentiable ℝ f) (h₁ : ∀ x : ℝ, deriv f x = 0) : ∃ c, ∀ x, f x = c",
    ),
    (
        ("Let $G$ be a group such that $(ab)^2 = a^2b^2$ for all $a, b \\in G$. Show that $G$ is abelian."),
        ("{G : Type*} [Group G] (h₀ : ∀ a b : G, (a * b) ^ 2 = a ^ 2 * b ^ 2) : ∀ a b : G, a * b = b * a"),
    ),
    (
        (
            "Let $H$ be a subgroup of $G$ of finite index. Show that there exists a normal "
            "subgroup $N$ of $G$ of finite index such that $N \\le H$."
        ),
        (
            "{G : Type*} [Group G] (H : Subgroup G) (h₀ : H.FiniteIndex) : ∃ N : Subgroup G, "
            "N.Normal ∧ N.FiniteIndex ∧ N ≤ H"
        ),
    ),
    (
        (
            "Let $F$ be a field and let $K$ be a finite-dimensional extension of $F$. Show that "
            "$K$ is algebraic."
        ),
        (
            "{F : Type*} [Field F] {K : Type*} [Field K] [Algebra F K] [FiniteDimensional F K] : "
            "Algebra.IsAlgebraic F K"
        ),
    ),
    (
        "Prove that $S_3$ is not abelian.",
        ": ¬(∀ a b : Equiv.Perm (Fin 3), a * b = b * a)",
    ),
    (
        (
            "Let $X$ be a metric space. Show that if $A$ is a compact subset of $X$ then $A$ is "
            "closed and bounded."
        ),
        ("{X : Type*} [MetricSpace X] (A : Set X) (h₀ : IsCompact A) : IsClosed A ∧ Bornology.IsBounded A"),
    ),
    (
        "Let $E$ be a bounded set of real numbers. Show that $\\overline{E}$ is compact.",
        "(E : Set ℝ) (h₀ : Bornology.IsBounded E) : IsCompact (closure E)",
    ),
    (
        (
            "If $p$ is a prime and $p \\equiv 1 \\pmod 4$, prove that there exist integers $a$ "
            "and $b$ such that $p = a^2 + b^2$."
        ),
        "(p : ℕ) (h₀ : Nat.Prime p) (h₁ : p ≡ 1 [MOD 4]) : ∃ a b : ℤ, (p : ℤ) = a ^ 2 + b ^ 2",
    ),
    (
        "Prove that no proper subgroup of a finite group $G$ has index $1$.",
        "{G : Type*} [Group G] [Finite G] (H : Subgroup G) (h₀ : H ≠ ⊤) : ¬H.index = 1",
    ),
    (
        "Let $G$ be a group. Suppose every element of $G$ has order $2$. Prove that $G$ is abelian.",
        "{G : Type*} [Group G] (h₀ : ∀ x : G, orderOf x = 2) : ∀ a b : G, a * b = b * a",
    ),
    (
        (
            "Let $f: A \\to B$ and $g: B \\to C$ be functions. Prove that if $g \\circ f$ is "
            "injective, then $f$ is injective."
        ),
        (
            "{A B : Type*} (f : A → B) {C : Type*} (g : B → C) (h₀ : Function.Injective (g ∘ f)) "
            ": Function.Injective f"
        ),
    ),
    (
        (
            "Let $f: A \\to B$ be a function and let $g: B \\to C$ be a function. Prove that if "
            "$g \\circ f$ is surjective then $g$ is surjective."
        ),
        (
            "{A B : Type*} (f : A → B) {C : Type*} (g : B → C) (h₀ : Function.Surjective (g ∘ "
            "f)) : Function.Surjective g"
        ),
    ),
    (
        "Prove that a nonempty closed subset of a complete metric space is complete.",
        (
            "{X : Type*} [MetricSpace X] [CompleteSpace X] (A : Set X) (h₀ : IsClosed A) (h₁ : "
            "A.Nonempty) : IsComplete A"
        ),
    ),
    (
        (
            "Let $R$ be a commutative ring. Prove that an ideal $M$ of $R$ is maximal if and "
            "only if $R/M$ is a field."
        ),
        "{R : Type*} [CommRing R] (M : Ideal R) : M.IsMaximal ↔ IsField (R ⧸ M)",
    ),
    (
        (
            "Let $A$ be a connected subset of a topological space $X$. Prove that "
            "$\\overline{A}$ is connected."
        ),
        "{X : Type*} [TopologicalSpace X] (A : Set X) (h₀ : IsConnected A) : IsConnected (closure A)",
    ),
    (
        (
            "Prove that if $X$ is a compact space and $f: X \\to \\mathbb{R}$ is continuous, "
            "then $f$ is bounded."
        ),
        (
            "{X : Type*} [TopologicalSpace X] [CompactSpace X] (f : X → ℝ) (h₀ : Continuous f) : "
            "Bornology.IsBounded (Set.range f)"
        ),
    ),
    (
        (
            "Let $X$ be a Hausdorff space and let $A$ be a compact subset of $X$. Prove that $A$ "
            "is closed in $X$."
        ),
        "{X : Type*} [TopologicalSpace X] [T2Space X] (A : Set X) (h₀ : IsCompact A) : IsClosed A",
    ),
    (
        ("Prove that a finite group of order $n$ has an element of order $n$ if and only if it is cyclic."),
        (
            "{G : Type*} [Group G] [Finite G] (n : ℕ) (h₀ : Nat.card G = n) : (∃ x : G, orderOf "
            "x = n) ↔ IsCyclic G"
        ),
    ),
    (
        (
            "Let $a$ be an element of a finite group $G$. Prove that the order of $a$ divides "
            "the order of $G$."
        ),
        "{G : Type*} [Group G] [Finite G] (a : G) : orderOf a ∣ Nat.card G",
    ),
    (
        "Let $x$ and $y$ be real numbers. Prove that $x^2 + y^2 \\ge 2xy$.",
        "(x y : ℝ) : x ^ 2 + y ^ 2 ≥ 2 * x * y",
    ),
    (
        "Let $X$ be a finite Hausdorff space. Prove that $X$ is discrete.",
        "{X : Type*} [TopologicalSpace X] [Finite X] [T2Space X] : DiscreteTopology X",
    ),
    (
        (
            "Prove that there exists a continuous function $f: \\mathbb{R} \\to \\mathbb{R}$ "
            "such that $f$ is not differentiable."
        ),
        ": ∃ f : ℝ → ℝ, Continuous f ∧ ¬Differentiable ℝ f",
    ),
    (
        (
            "Let $G$ be a group and suppose that $N$ is a normal subgroup of $G$. Prove that if "
            "$N$ and $G/N$ are solvable, then $G$ is solvable."
        ),
        (
            "{G : Type*} [Group G] (N : Subgroup G) [N.Normal] [Group.IsSolvable N] "
            "[Group.IsSolvable (G ⧸ N)] : Group.IsSolvable G"
        ),
    ),
    (
        "Let $R$ be an integral domain and let $a, b \\in R$ be nonzero. Prove that $ab \\neq 0$.",
        "{R : Type*} [CommRing R] [IsDomain R] (a b : R) (h₀ : a ≠ 0) (h₁ : b ≠ 0) : a * b ≠ 0",
    ),
    (
        "Let $G$ be a group and $a \\in G$. Show that $\\langle a \\rangle$ is abelian.",
        "{G : Type*} [Group G] (a : G) : ∀ u b : Subgroup.zpowers a, u * b = b * u",
    ),
    (
        "Show that $\\sqrt{2} + \\sqrt{3}$ is irrational.",
        ": Irrational (Real.sqrt 2 + Real.sqrt 3)",
    ),
    (
        "Let $A$ be a set. Prove that $A$ is finite or $A$ is infinite.",
        "{A : Type*} : Finite A ∨ Infinite A",
    ),
    (
        "Prove that if $a$ is a zero divisor of a commutative ring $R$, then $a$ is not a unit.",
        "{R : Type*} [CommRing R] (a : R) (h₀ : a ≠ 0 ∧ ∃ b, b ≠ 0 ∧ a * b = 0) : ¬IsUnit a",
    ),
    (
        "Prove that all subgroups of an abelian group are normal.",
        "{G : Type*} [CommGroup G] (H : Subgroup G) : H.Normal",
    ),
    (
        (
            "Let $f: G \\to H$ be a surjective group homomorphism. If $G$ is abelian, prove that "
            "$H$ is abelian."
        ),
        (
            "{G : Type*} [Group G] {H : Type*} [Group H] (f : G →* H) (h₀ : Function.Surjective "
            "f) (h₁ : ∀ a b : G, a * b = b * a) : ∀ a b : H, a * b = b * a"
        ),
    ),
    (
        "Suppose $X$ is compact and Hausdorff. Prove that $X$ is normal.",
        "{X : Type*} [TopologicalSpace X] [CompactSpace X] [T2Space X] : NormalSpace X",
    ),
    (
        ("Let $R$ be a commutative ring in which every prime ideal is maximal. Prove that $R$ is a field."),
        "{R : Type*} [CommRing R] (h₀ : ∀ (I : Ideal R) [I.IsPrime], I.IsMaximal) : IsField R",
    ),
    (
        "Prove that a group $G$ is abelian if and only if $(ab)^2 = a^2 b^2$ for all $a, b \\in G$.",
        "{G : Type*} [Group G] : (∀ a b : G, a * b = b * a) ↔ (∀ a b : G, (a * b) ^ 2 = a ^ 2 * b ^ 2)",
    ),
    (
        "Prove that every finite subgroup of $G$ is cyclic if $G$ is cyclic.",
        "{G : Type*} [Group G] (H : Subgroup G) [Finite H] [IsCyclic G] : IsCyclic H",
    ),
    (
        "Let $G$ be a group with center $Z$. Prove that $Z$ is normal.",
        "{G : Type*} [Group G] : (Subgroup.center G).Normal",
    ),
    (
        "Let $n$ be a positive integer. Prove that $S_n$ is not cyclic.",
        "(n : ℕ) (h₀ : 0 < n) : ¬IsCyclic (Equiv.Perm (Fin n))",
    ),
    (
        "Prove that the kernel of a group homomorphism $f: G \\to H$ is a normal subgroup of $G$.",
        "{G : Type*} [Group G] {H : Type*} [Group H] (f : G →* H) : (MonoidHom.ker f).Normal",
    ),
    (
        "If $G$ is a group of order $12$, show that $G$ is not simple and $G$ is solvable.",
        "{G : Type*} [Group G] (h₀ : Nat.card G = 12) : ¬IsSimpleGroup G ∧ Group.IsSolvable G",
    ),
    (
        (
            "Let $f$ be a real-valued function on a compact space $X$. If $f$ is continuous, "
            "show that $f$ is bounded."
        ),
        (
            "{X : Type*} [TopologicalSpace X] [CompactSpace X] (f : X → ℝ) (h₀ : Continuous f) : "
            "Bornology.IsBounded (Set.range f)"
        ),
    ),
    (
        (
            "Let $X$ and $Y$ be topological spaces and let $f: X \\to Y$ be continuous. Prove "
            "that if $A$ is a connected subset of $X$, then $f(A)$ is connected."
        ),
        (
            "{X Y : Type*} [TopologicalSpace X] [TopologicalSpace Y] (f : X → Y) (h₀ : "
            "Continuous f) (A : Set X) (h₁ : IsConnected A) : IsConnected (f '' A)"
        ),
    ),
    (
        (
            "Let $f: X \\to Y$ be a continuous map. Prove that $f^{-1}(C)$ is closed for every "
            "closed subset $C$ of $Y$."
        ),
        (
            "{X : Type*} [TopologicalSpace X] {Y : Type*} [TopologicalSpace Y] (f : X → Y) (h₀ : "
            "Continuous f) (C : Set Y) (h₁ : IsClosed C) : IsClosed (f ⁻¹' C)"
        ),
    ),
    (
        (
            "Let $R$ be a commutative ring and let $I$ and $J$ be ideals of $R$. Prove that $IJ "
            "\\subseteq I \\cap J$."
        ),
        "{R : Type*} [CommRing R] (I J : Ideal R) : I * J ≤ I ⊓ J",
    ),
    (
        "Let $K$ be a field extension of $F$. Prove that if $[K : F] = 1$, then $K$ is algebraic.",
        (
            "{F : Type*} [Field F] {K : Type*} [Field K] [Algebra F K] (h₀ : Module.finrank F K "
            "= 1) : Algebra.IsAlgebraic F K"
        ),
    ),
    (
        (
            "Let $V$ be a real inner product space and let $u, v \\in V$. Prove that $\\langle "
            "u, v \\rangle = \\langle v, u \\rangle$."
        ),
        ("{V : Type*} [NormedAddCommGroup V] [InnerProductSpace ℝ V] (u v : V) : inner ℝ u v = inner ℝ v u"),
    ),
    (
        (
            "Let $T$ be a linear operator on a vector space $V$ over a field $F$. Prove that if "
            "$T^2 = T$ then $\\ker T \\cap \\operatorname{range} T = 0$."
        ),
        (
            "{F : Type*} [Field F] {V : Type*} [AddCommGroup V] [Module F V] (T : V →ₗ[F] V) (h₀ "
            ": T ^ 2 = T) : LinearMap.ker T ⊓ LinearMap.range T = ⊥"
        ),
    ),
    (
        (
            "Let $(x_n)$ be a sequence in a metric space $X$. Prove that if $(x_n)$ converges, "
            "then $(x_n)$ is Cauchy."
        ),
        (
            "{X : Type*} [MetricSpace X] (x : ℕ → X) (h₀ : ∃ l, Filter.Tendsto x Filter.atTop "
            "(nhds l)) : CauchySeq x"
        ),
    ),
    (
        "Prove that every Cauchy sequence of real numbers is bounded.",
        "(a : ℕ → ℝ) (h₀ : CauchySeq a) : Bornology.IsBounded (Set.range a)",
    ),
    (
        (
            "Let $f$ be a differentiable real function on $\\mathbb{R}$. Suppose that $f'(x) > "
            "0$ for all $x \\in \\mathbb{R}$. Show that $f$ is strictly increasing."
        ),
        "(f : ℝ → ℝ) (h₀ : Differentiable ℝ f) (h₁ : ∀ x : ℝ, deriv f x > 0) : StrictMono f",
    ),
    (
        (
            "Suppose $a, b \\in \\mathbb{R}$ and $a < b$. Let $f$ be a continuous real function "
            "on $[a, b]$. Prove that $f$ is bounded."
        ),
        (
            "(a b : ℝ) (h₀ : a < b) (f : ℝ → ℝ) (h₁ : ContinuousOn f (Set.Icc a b)) : "
            "Bornology.IsBounded (f '' Set.Icc a b)"
        ),
    ),
    (
        "Let $A$ be a subset of a topological space $X$. Prove that the interior of $A$ is open.",
        "{X : Type*} [TopologicalSpace X] (A : Set X) : IsOpen (interior A)",
    ),
    (
        (
            "Let $A$ and $B$ be disjoint compact subsets of a Hausdorff space $X$. Prove that "
            "there exist disjoint open sets $U$ and $V$ in $X$ such that $A \\subset U$ and $B "
            "\\subset V$."
        ),
        (
            "{X : Type*} [TopologicalSpace X] [T2Space X] (A B : Set X) (h₀ : Disjoint A B) (h₁ "
            ": IsCompact A) (h₂ : IsCompact B) : ∃ U V : Set X, IsOpen U ∧ IsOpen V ∧ Disjoint U "
            "V ∧ A ⊆ U ∧ B ⊆ V"
        ),
    ),
    (
        (
            "Let $G$ be a finite group, let $p$ be a prime, and let $P$ be a Sylow $p$-subgroup "
            "of $G$. Prove that $P$ is nilpotent."
        ),
        (
            "{G : Type*} [Group G] [Finite G] (p : ℕ) (h₀ : Nat.Prime p) (P : Sylow p G) : "
            "Group.IsNilpotent (P : Subgroup G)"
        ),
    ),
    (
        (
            "Let $p$ be a prime and let $G$ be a $p$-group. Prove that if $G$ is finite and "
            "nontrivial, then the center of $G$ is nontrivial."
        ),
        (
            "(p : ℕ) (h₀ : Nat.Prime p) {G : Type*} [Group G] (h₁ : IsPGroup p G) [Finite G] "
            "[Nontrivial G] : Subgroup.center G ≠ ⊥"
        ),
    ),
    (
        "Show that no integer is both even and odd.",
        "(n : ℤ) : ¬(Even n ∧ Odd n)",
    ),
    (
        "Let $n$ be an integer. Prove that if $n^2$ is even, then $n$ is even.",
        "(n : ℤ) (h₀ : Even (n ^ 2)) : Even n",
    ),
    (
        "Let $p$ be an odd prime. Show that $p \\equiv 1 \\pmod{4}$ or $p \\equiv 3 \\pmod{4}$.",
        "(p : ℕ) (h₀ : Nat.Prime p) (h₁ : Odd p) : p ≡ 1 [MOD 4] ∨ p ≡ 3 [MOD 4]",
    ),
    (
        "Let $G$ be a group and let $x, y \\in G$. Show that $xy$ and $yx$ are conjugate.",
        "{G : Type*} [Group G] (x y : G) : IsConj (x * y) (y * x)",
    ),
    (
        (
            "Let $H$ be a proper subgroup of a finite group $G$. Prove that there exists $x \\in "
            "G$ such that $x \\notin H$."
        ),
        "{G : Type*} [Group G] [Finite G] (H : Subgroup G) (h₀ : H ≠ ⊤) : ∃ x : G, x ∉ H",
    ),
    (
        (
            "Let $F$ be a field and let $f$ be a polynomial over $F$ of degree $1$. Prove that "
            "$f$ is irreducible."
        ),
        "{F : Type*} [Field F] (f : Polynomial F) (h₀ : f.natDegree = 1) : Irreducible f",
    ),
    (
        "Prove that a group has exactly one subgroup of order $1$.",
        "{G : Type*} [Group G] : ∃! H : Subgroup G, Nat.card H = 1",
    ),
    (
        (
            "Let $X$ be a metric space. Prove that $X$ is complete if and only if every Cauchy "
            "sequence in $X$ converges."
        ),
        (
            "{X : Type*} [MetricSpace X] : CompleteSpace X ↔ (∀ a : ℕ → X, CauchySeq a → ∃ l, "
            "Filter.Tendsto a Filter.atTop (nhds l))"
        ),
    ),
    (
        "Prove that if a nonempty subset of $\\mathbb{R}$ is closed and bounded, then it is compact.",
        "(A : Set ℝ) (h₀ : A.Nonempty) (h₁ : IsClosed A) (h₂ : Bornology.IsBounded A) : IsCompact A",
    ),
    (
        (
            "Let $R$ be a Noetherian commutative ring. Prove that $R$ has a maximal ideal $M$ "
            "such that $R/M$ is Noetherian."
        ),
        (
            "{R : Type*} [CommRing R] [IsNoetherianRing R] : ∃ M : Ideal R, M.IsMaximal ∧ "
            "IsNoetherianRing (R ⧸ M)"
        ),
    ),
    (
        (
            "Let $G$ be a group with subgroups $H$ and $K$. Prove that $H \\cap K$ is normal if "
            "$H$ and $K$ are normal."
        ),
        "{G : Type*} [Group G] (H K : Subgroup G) [H.Normal] [K.Normal] : (H ⊓ K).Normal",
    ),
    (
        (
            "Prove that if $T$ is an injective linear operator on a finite-dimensional vector "
            "space $V$ over a field $F$, then $T$ is surjective."
        ),
        (
            "{F : Type*} [Field F] {V : Type*} [AddCommGroup V] [Module F V] [FiniteDimensional "
            "F V] (T : V →ₗ[F] V) (h₀ : Function.Injective T) : Function.Surjective T"
        ),
    ),
    (
        (
            "Let $U$ be an open subset of $\\mathbb{C}$ and suppose that $f$ is holomorphic on "
            "$U$. Prove that $f$ is continuous on $U$."
        ),
        "(U : Set ℂ) (h₀ : IsOpen U) (f : ℂ → ℂ) (h₁ : DifferentiableOn ℂ f U) : ContinuousOn f U",
    ),
    (
        (
            "Let $x$ be a limit point of a subset $A$ of $\\mathbb{R}$. Prove that every "
            "neighborhood of $x$ is infinite."
        ),
        (
            "(A : Set ℝ) (x : ℝ) (h₀ : AccPt x (Filter.principal A)) (B : Set ℝ) (h₁ : B ∈ nhds "
            "x) : B.Infinite"
        ),
    ),
    (
        "Assume that $H$ is a subgroup of $G$ and $K$ is a subgroup of $H$. Prove that $K \\le H$.",
        "{G : Type*} [Group G] (H K : Subgroup G) (h₀ : K ≤ H) : K ≤ H",
    ),
    (
        "There are infinitely many primes of the form $8k + 5$.",
        ": Set.Infinite {n : ℕ | Nat.Prime n ∧ (∃ k : ℕ, n = 8 * k + 5)}",
    ),
    (
        "There are infinitely many integers $n$ such that $n^2 + n$ is even.",
        ": Set.Infinite {n : ℤ | Even (n ^ 2 + n)}",
    ),
    (
        (
            "Suppose $\\psi: G \\to K$ is a surjective homomorphism of groups and $M "
            "\\trianglelefteq G$. Show that $\\psi(M)$ is normal in $K$."
        ),
        (
            "{G : Type*} [Group G] {K : Type*} [Group K] (ψ : G →* K) (h₀ : Function.Surjective "
            "ψ) (M : Subgroup G) [M.Normal] : (M.map ψ).Normal"
        ),
    ),
    (
        "Prove that $\\frac{3}{n^2+2} \\to 0$ as $n \\to \\infty$.",
        ": Filter.Tendsto (fun n : ℕ ↦ 3 / ((n : ℝ) ^ 2 + 2)) Filter.atTop (nhds 0)",
    ),
    (
        "Let $G$ be a group. Prove that some element of $G$ has order $1$.",
        "{G : Type*} [Group G] : ∃ x : G, orderOf x = 1",
    ),
    (
        "Let $G$ be a group. Prove that any subgroup of $G$ is normal.",
        "{G : Type*} [Group G] (H : Subgroup G) : H.Normal",
    ),
    (
        "Let $G$ be a group. Suppose some element of $G$ has order $5$. Prove that $G$ is nontrivial.",
        "{G : Type*} [Group G] (h₀ : ∃ x : G, orderOf x = 5) : Nontrivial G",
    ),
    (
        "Let $G$ be a cyclic group. Prove that any two elements of $G$ commute.",
        "{G : Type*} [Group G] [IsCyclic G] (x y : G) : x * y = y * x",
    ),
    (
        ("Let $X$ be a metric space that has a countable dense subset. Prove that $X$ is second countable."),
        ("{X : Type*} [MetricSpace X] (h₀ : ∃ A : Set X, A.Countable ∧ Dense A) : SecondCountableTopology X"),
    ),
    (
        "Let $f: A \\to B$ be a bijection. Prove that $f$ is injective.",
        "{A B : Type*} (f : A → B) (h₀ : Function.Bijective f) : Function.Injective f",
    ),
    (
        "Let $K$ be an algebraically closed field. Prove that $K$ is infinite.",
        "{K : Type*} [Field K] [IsAlgClosed K] : Infinite K",
    ),
    (
        "Prove that a homeomorphism $f: X \\to Y$ is an open map.",
        (
            "{X : Type*} [TopologicalSpace X] {Y : Type*} [TopologicalSpace Y] (f : X → Y) (h₀ : "
            "IsHomeomorph f) : IsOpenMap f"
        ),
    ),
    (
        "Prove that an integral domain has no zero divisors.",
        "{R : Type*} [CommRing R] [IsDomain R] : ¬(∃ x : R, x ≠ 0 ∧ ∃ b, b ≠ 0 ∧ x * b = 0)",
    ),
    (
        (
            "Let $G$ be a group, $H$ a subgroup of $G$, and $x \\in G$. Prove that if $x \\in H$ "
            "then $x^2 \\in H$."
        ),
        "{G : Type*} [Group G] (H : Subgroup G) (x : G) (h₀ : x ∈ H) : x ^ 2 ∈ H",
    ),
    (
        "Let $G$ be a group and let $x, y \\in G$ with $xy = yx$. Prove that $x^2 y = y x^2$.",
        "{G : Type*} [Group G] (x y : G) (h₀ : x * y = y * x) : x ^ 2 * y = y * x ^ 2",
    ),
    (
        "Let $G$ be a group and let $x \\in G$ be such that $x^3 = 1$. Show that $x^{-1} = x^2$.",
        "{G : Type*} [Group G] (x : G) (h₀ : x ^ 3 = 1) : x⁻¹ = x ^ 2",
    ),
    (
        ("Let $R$ be a commutative ring, $I$ an ideal of $R$, and $a, b \\in I$. Show that $a - b \\in I$."),
        "{R : Type*} [CommRing R] (I : Ideal R) (a b : R) (h₀ : a ∈ I) (h₁ : b ∈ I) : a - b ∈ I",
    ),
    (
        (
            "Let $f, g: \\mathbb{R} \\to \\mathbb{R}$ be continuous functions such that $f(x) = "
            "g(x)$ for all $x \\in \\mathbb{Q}$. Show that $f = g$."
        ),
        (
            "(f g : ℝ → ℝ) (h₀ : Continuous f) (h₁ : Continuous g) (h₂ : ∀ x : ℚ, f (x : ℝ) = g "
            "(x : ℝ)) : f = g"
        ),
    ),
    (
        "Let $G$ be a group in which $x^2 = x$ for all $x \\in G$. Prove that $G$ is trivial.",
        "{G : Type*} [Group G] (h₀ : ∀ x : G, x ^ 2 = x) : Subsingleton G",
    ),
    (
        (
            "Let $H$ and $K$ be subgroups of a finite group $G$. If $|H|$ and $|K|$ are "
            "relatively prime, show that $H \\cap K = 1$."
        ),
        (
            "{G : Type*} [Group G] [Finite G] (H K : Subgroup G) (h₀ : Nat.Coprime (Nat.card H) "
            "(Nat.card K)) : H ⊓ K = ⊥"
        ),
    ),
    (
        "Let $F$ be a field and let $K$ be a finite extension of $F$. Show that $K$ is algebraic.",
        (
            "{F : Type*} [Field F] {K : Type*} [Field K] [Algebra F K] [FiniteDimensional F K] : "
            "Algebra.IsAlgebraic F K"
        ),
    ),
    (
        "Let $K$ be a finite field. Show that $K$ is not algebraically closed.",
        "{K : Type*} [Field K] [Finite K] : ¬IsAlgClosed K",
    ),
    (
        (
            "Let $p$ and $q$ be distinct primes and let $G$ be a group of order $pq$. Show that "
            "$G$ is not simple."
        ),
        (
            "(p q : ℕ) (h₀ : Nat.Prime p) (h₁ : Nat.Prime q) (h₂ : p ≠ q) {G : Type*} [Group G] "
            "[Finite G] (h₃ : Nat.card G = p * q) : ¬IsSimpleGroup G"
        ),
    ),
]


@pytest.fixture(scope="module")
def reader() -> AbstractReader:
    return AbstractReader(load_ontology(default_ontology()))


@pytest.mark.parametrize(("statement", "signature"), PAIRS)
def test_statement_comes_out_as_written(reader: AbstractReader, statement: str, signature: str) -> None:
    theorem = reader.read(statement)
    assert theorem.signature == signature
    assert theorem.text("T") == f"theorem T {signature} := by\n  sorry"


def test_what_the_reader_took_for_granted_is_noted(reader: AbstractReader) -> None:
    theorem = reader.read("Prove that if $G/Z(G)$ is cyclic, then $G$ is abelian.")
    assert theorem.signature == (
        "{G : Type*} [Group G] [IsCyclic (G ⧸ Subgroup.center G)] : ∀ a b : G, a * b = b * a"
    )
    assert theorem.notes == ("G : a group, as is usual",)


def test_readings_that_differ_in_the_order_of_binders_are_one(reader: AbstractReader) -> None:
    statement = "Let $G$ be a group of order $2p$, where $p$ is a prime. Prove that $G$ is solvable."
    assert reader.read(statement).signature == (
        "(p : ℕ) (h₀ : Nat.Prime p) {G : Type*} [Group G] [Finite G] (h₁ : Nat.card G = "
        "2 * p) : Group.IsSolvable G"
    )
