"""The static checker on the shipped index: statements of all fields that stand, and ones with one slip each.

All statements are written for these tests. Those of the first list were compared by hand with Mathlib's own
files; no Lean has checked them.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate, Diagnostic, Severity, Status
from cramf.environment import default_index
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Kind


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return KnowledgeBase.open(default_index())


@pytest.fixture(scope="module")
def checker(base: KnowledgeBase) -> StaticChecker:
    return StaticChecker.open(base)


def told(checker: StaticChecker, commands: str, statement: str) -> tuple[Diagnostic, ...]:
    """What is told of a statement below some commands; `open … in` stands before the theorem itself."""
    text = f"theorem t {statement} := by sorry"
    if commands.endswith(" in"):
        return checker.check(Candidate("t", "import Mathlib\n", f"{commands}\n{text}")).diagnostics
    return checker.check(Candidate("t", f"import Mathlib\n{commands}\n", text)).diagnostics


VALID = (
    # number theory
    ("open Nat", "(p : ℕ) (hp : p.Prime) (h : p % 4 = 1) : ∃ a b : ℕ, p = a ^ 2 + b ^ 2"),
    ("", "(n : ℕ) (hn : 0 < n) : ∑ d ∈ n.divisors, Nat.totient d = n"),
    ("", "(a n : ℕ) (h : a.Coprime n) : a ^ n.totient ≡ 1 [MOD n]"),
    (
        "open scoped ArithmeticFunction.Moebius",
        "(n : ℕ) : (∑ d ∈ n.divisors, μ d) = if n = 1 then 1 else 0",
    ),
    ("", "(p : ℕ) [Fact p.Prime] (a : ZMod p) (ha : a ≠ 0) : a ^ (p - 1) = 1"),
    ("", "(a b : ℤ) (h : IsCoprime a b) : Int.gcd a b = 1"),
    ("", "(p : ℕ) [hp : Fact p.Prime] (x : ℚ_[p]) : ‖x‖ = 0 ↔ x = 0"),
    ("", "(p : ℕ) [hp : Fact p.Prime] (x : ℤ_[p]) : ‖x‖ ≤ 1"),
    ("", ": Set.Infinite {p : ℕ | p.Prime ∧ p ≡ 3 [MOD 4]}"),
    ("", "(n : ℕ) (h : Odd n) : ¬ 2 ∣ n ∧ (n.factorization 2 = 0)"),
    (
        "",
        "(p q : ℕ) [Fact p.Prime] [Fact q.Prime] (hp : p ≠ 2) (hq : q ≠ 2) (hpq : p ≠ q) : "
        "legendreSym q p * legendreSym p q = (-1) ^ (p / 2 * (q / 2))",
    ),
    ("", "(n : ℕ) : (n.primeFactorsList).prod = n ∨ n = 0"),
    ("", "(K : Type*) [Field K] [NumberField K] : Module.Finite ℤ (NumberField.RingOfIntegers K)"),
    ("open scoped NumberField", "(K : Type*) [Field K] [NumberField K] (x : 𝓞 K) : IsIntegral ℤ (x : K)"),
    # algebra
    ("", "{G : Type*} [Group G] [Finite G] (H : Subgroup G) : Nat.card H ∣ Nat.card G"),
    (
        "",
        "{G : Type*} [Group G] (H : Subgroup G) [H.Normal] (g : G) : (QuotientGroup.mk g : G ⧸ "
        "H) = 1 ↔ g ∈ H",
    ),
    ("", "{G H : Type*} [Group G] [Group H] (f : G →* H) : Function.Injective f ↔ f.ker = ⊥"),
    ("", "{R : Type*} [CommRing R] (I : Ideal R) : I.IsMaximal → I.IsPrime"),
    ("", "{R : Type*} [CommRing R] [IsDomain R] [IsPrincipalIdealRing R] : UniqueFactorizationMonoid R"),
    ("open Polynomial", "{F : Type*} [Field F] (p : F[X]) (hp : p ≠ 0) : p.roots.card ≤ p.natDegree"),
    ("open Polynomial in", ": Irreducible (X ^ 2 + 1 : ℚ[X])"),
    (
        "",
        "{G : Type*} [Group G] [Fintype G] (p : ℕ) [Fact p.Prime] (h : p ∣ Fintype.card G) : ∃ x "
        ": G, orderOf x = p",
    ),
    ("open Pointwise", "{G : Type*} [Group G] (s : Set G) (a : G) : (a • s).ncard = s.ncard"),
    (
        "",
        "{K L : Type*} [Field K] [Field L] [Algebra K L] [FiniteDimensional K L] [IsGalois K L] "
        ": Nat.card (L ≃ₐ[K] L) = Module.finrank K L",
    ),
    ("", "{G : Type*} [Group G] (x y : G) : ⁅x, y⁆ = 1 ↔ Commute x y"),
    ("", "{R : Type*} [CommRing R] (x : R) : IsNilpotent x → x ∈ nilradical R"),
    (
        "",
        "{R M : Type*} [CommRing R] [AddCommGroup M] [Module R M] [IsNoetherian R M] (N : "
        "Submodule R M) : N.FG",
    ),
    ("", "(n : ℕ) (σ : Equiv.Perm (Fin n)) : Equiv.Perm.sign σ = 1 ∨ σ.sign = -1"),
    (
        "open scoped TensorProduct",
        "{R M N : Type*} [CommRing R] [AddCommGroup M] [AddCommGroup N] [Module R M] [Module R "
        "N] (x : M) : x ⊗ₜ[R] (0 : N) = 0",
    ),
    # topology
    (
        "",
        "{X Y : Type*} [TopologicalSpace X] [TopologicalSpace Y] [CompactSpace X] [T2Space Y] (f "
        ": X → Y) (hf : Continuous f) : IsClosedMap f",
    ),
    (
        "open Topology Filter",
        "{X : Type*} [TopologicalSpace X] {f : ℕ → X} {a : X} (h : Tendsto f atTop (𝓝 a)) : "
        "MapClusterPt a atTop f",
    ),
    (
        "",
        "{X : Type*} [MetricSpace X] [CompleteSpace X] (f : X → X) {K : NNReal} (hf : "
        "ContractingWith K f) [Nonempty X] : ∃! x, Function.IsFixedPt f x",
    ),
    (
        "open scoped Topology",
        "{X : Type*} [TopologicalSpace X] (s : Set X) (x : X) : x ∈ closure s ↔ (𝓝[s] x).NeBot",
    ),
    (
        "",
        "{X : Type*} [TopologicalSpace X] {s : Set X} (hs : IsConnected s) : (closure "
        "s).Nonempty ∧ IsPreconnected (closure s)",
    ),
    ("", "{X : Type*} [MetricSpace X] (x : X) (r : ℝ) : Metric.closedBall x r ⊆ {y | dist y x ≤ r}"),
    (
        "open Topology in",
        "{X Y : Type*} [TopologicalSpace X] [TopologicalSpace Y] (e : X ≃ₜ Y) (s : Set X) : "
        "IsOpen (e '' s) ↔ IsOpen s",
    ),
    (
        "",
        "{X : Type*} [TopologicalSpace X] (U : ℕ → Set X) (h : ∀ n, IsOpen (U n)) (h' : ∀ n, "
        "Dense (U n)) [BaireSpace X] : Dense (⋂ n, U n)",
    ),
    ("", "(X : Type*) [TopologicalSpace X] (x : X) : Nonempty (FundamentalGroup X x)"),
    # analysis
    ("open Real", ": ∫ x in (0 : ℝ)..π, sin x = 2"),
    ("open Real in", "(x : ℝ) (hx : 0 < x) : log x ≤ x - 1 ∧ √x ^ 2 = x"),
    (
        "",
        "(f : ℝ → ℝ) (a b : ℝ) (hab : a < b) (hc : ContinuousOn f (Set.Icc a b)) (hd : "
        "DifferentiableOn ℝ f (Set.Ioo a b)) : ∃ c ∈ Set.Ioo a b, deriv f c = (f b - f a) / (b - "
        "a)",
    ),
    ("open Filter Topology", ": Tendsto (fun n : ℕ ↦ (1 + 1 / (n : ℝ)) ^ n) atTop (𝓝 (Real.exp 1))"),
    (
        "open Complex",
        "(f : ℂ → ℂ) (hf : Differentiable ℂ f) (hb : Bornology.IsBounded (Set.range f)) : ∃ c, ∀ z, f z = c",
    ),
    (
        "open scoped RealInnerProductSpace",
        "{E : Type*} [NormedAddCommGroup E] [InnerProductSpace ℝ E] (x y : E) : |⟪x, y⟫| ≤ ‖x‖ * ‖y‖",
    ),
    (
        "",
        "{E : Type*} [NormedAddCommGroup E] [InnerProductSpace ℝ E] (x y : E) : inner ℝ x y = inner ℝ y x",
    ),
    ("", "(z : ℂ) : z.re ^ 2 + z.im ^ 2 = Complex.normSq z ∧ (starRingEnd ℂ) z * z = (‖z‖ ^ 2 : ℝ)"),
    ("", "(x : ℝ) : HasDerivAt Real.sin (Real.cos x) x"),
    ("", "(s : ℂ) (hs : 1 < s.re) : riemannZeta s = ∑' n : ℕ, 1 / (n + 1 : ℂ) ^ s"),
    ("", "(a : ℕ → ℝ) (h : Summable a) : Filter.Tendsto a Filter.atTop (nhds 0)"),
    ("", "(s : Set ℝ) (hs : BddAbove s) (hne : s.Nonempty) : IsLUB s (sSup s)"),
    ("", "(f : ℝ → ℝ) : ConvexOn ℝ Set.univ f → ∀ x y : ℝ, f ((x + y) / 2) ≤ (f x + f y) / 2"),
    ("", "(f g : ℝ → ℝ) (h : f =O[Filter.atTop] g) (h' : g =o[Filter.atTop] f) : f =ᶠ[Filter.atTop] 0"),
    # linear algebra
    (
        "open Matrix",
        "{n : ℕ} (A B : Matrix (Fin n) (Fin n) ℝ) : (A * B)ᵀ = Bᵀ * Aᵀ ∧ det (A * B) = A.det * B.det",
    ),
    ("", "{n : ℕ} (A : Matrix (Fin n) (Fin n) ℂ) : Polynomial.aeval A A.charpoly = 0"),
    (
        "",
        "{K V W : Type*} [Field K] [AddCommGroup V] [Module K V] [AddCommGroup W] [Module K W] "
        "[FiniteDimensional K V] (f : V →ₗ[K] W) : Module.finrank K (LinearMap.range f) + "
        "Module.finrank K f.ker = Module.finrank K V",
    ),
    (
        "",
        "{K V ι : Type*} [Field K] [AddCommGroup V] [Module K V] (b : Module.Basis ι K V) : "
        "LinearIndependent K b ∧ Submodule.span K (Set.range b) = ⊤",
    ),
    (
        "",
        "{n : ℕ} (A : Matrix (Fin n) (Fin n) ℝ) (h : A.IsSymm) : ∃ μ : ℝ, "
        "Module.End.HasEigenvalue (Matrix.toLin' A) μ ∨ n = 0",
    ),
    ("", ": !![1, 2; 3, 4].det = (-2 : ℤ)"),
    (
        "",
        "{K V : Type*} [Field K] [AddCommGroup V] [Module K V] (f : Module.Dual K V) (hf : f ≠ "
        "0) : IsCoatom (LinearMap.ker f)",
    ),
    # measure theory
    (
        "open MeasureTheory",
        "{α : Type*} [MeasurableSpace α] (μ : Measure α) [IsProbabilityMeasure μ] (s : Set α) "
        "(hs : MeasurableSet s) : μ s + μ sᶜ = 1",
    ),
    (
        "open MeasureTheory ProbabilityTheory",
        "{Ω : Type*} [MeasureSpace Ω] [IsProbabilityMeasure (ℙ : Measure Ω)] (X Y : Ω → ℝ) (hX : "
        "Integrable X) (hY : Integrable Y) (h : IndepFun X Y) : 𝔼[X * Y] = 𝔼[X] * 𝔼[Y]",
    ),
    (
        "open MeasureTheory",
        "{α : Type*} [MeasurableSpace α] {μ : Measure α} {f : ℕ → α → ENNReal} (hf : ∀ n, "
        "Measurable (f n)) : ∫⁻ a, ∑' n, f n a ∂μ = ∑' n, ∫⁻ a, f n a ∂μ",
    ),
    ("", "(a b : ℝ) (h : a ≤ b) : MeasureTheory.volume (Set.Icc a b) = ENNReal.ofReal (b - a)"),
    (
        "open MeasureTheory",
        "{α : Type*} {m : MeasurableSpace α} {μ : Measure α} {f g : α → ℝ} (h : f =ᵐ[μ] g) : ∫ "
        "x, f x ∂μ = ∫ x, g x ∂μ",
    ),
    (
        "",
        "{α : Type*} [MeasurableSpace α] (μ ν : MeasureTheory.Measure α) "
        "[MeasureTheory.SigmaFinite μ] : μ.AbsolutelyContinuous ν → ∀ s, ν s = 0 → μ s = 0",
    ),
    # combinatorics
    (
        "",
        "{V : Type*} [Fintype V] (G : SimpleGraph V) [DecidableRel G.Adj] : ∑ v, G.degree v = 2 "
        "* G.edgeFinset.card",
    ),
    ("", "{V : Type*} (G : SimpleGraph V) (h : G.IsTree) (u v : V) : ∃! p : G.Walk u v, p.IsPath"),
    ("", "(n k : ℕ) : (Finset.powersetCard k (Finset.range n)).card = n.choose k"),
    ("", "(n : ℕ) : ∑ k ∈ Finset.range (n + 1), n.choose k = 2 ^ n"),
    ("open Finset", "{α : Type*} [DecidableEq α] (s t : Finset α) : #(s ∪ t) + #(s ∩ t) = #s + #t"),
    (
        "",
        "{α β : Type*} [Fintype α] [Fintype β] (f : α → β) (h : Fintype.card β < Fintype.card α) "
        ": ∃ x y, x ≠ y ∧ f x = f y",
    ),
    ("", "(n : ℕ) : Nat.fib (n + 2) = n.fib + Nat.fib (n + 1) ∧ catalan 3 = 5"),
    ("open Nat", "(n : ℕ) (hn : 3 < n) : 2 ^ n < n !"),
    # category theory
    (
        "open CategoryTheory",
        "{C : Type*} [Category C] {X Y : C} (f : X ⟶ Y) [Mono f] [Epi f] [Balanced C] : IsIso f",
    ),
    (
        "open CategoryTheory",
        "{C D : Type*} [Category C] [Category D] (F : C ⥤ D) (G : D ⥤ C) (adj : F ⊣ G) [F.Full] "
        ": F.Faithful → F ⋙ G = F ⋙ G",
    ),
    (
        "open CategoryTheory Limits",
        "{C : Type*} [Category C] [HasFiniteProducts C] (X Y : C) : Nonempty (X ⨯ Y ≅ Y ⨯ X)",
    ),
    (
        "universe v u\nopen CategoryTheory Opposite",
        "{C : Type u} [Category.{v} C] (X Y : C) (f : X ⟶ Y) : f.op.unop = f ∧ 𝟙 (op X) = (𝟙 X).op",
    ),
    (
        "open CategoryTheory",
        "{C : Type*} [Category C] {X Y Z : C} (f : X ⟶ Y) (g : Y ⟶ Z) : (yoneda.map (f ≫ g)) = "
        "yoneda.map f ≫ yoneda.map g",
    ),
    # logic
    ("", "{α : Type*} (r : α → α → Prop) [IsWellFounded α r] : ¬ ∃ f : ℕ → α, ∀ n, r (f (n + 1)) (f n)"),
    ("", "(α : Type*) : Cardinal.mk α < Cardinal.mk (Set α)"),
    ("open Cardinal", ": #ℝ = 𝔠 ∧ ℵ₀ < 𝔠"),
    ("", "{α : Type*} [Lattice α] (a b : α) : a ⊓ b ≤ a ⊔ b"),
    ("", "{α β : Type*} (f : α → β) (s : Set β) : f ⁻¹' sᶜ = (f ⁻¹' s)ᶜ ∧ Set.MapsTo f (f ⁻¹' s) s"),
    (
        "open Set Function",
        "{α β : Type*} {f : α → β} (hf : Injective f) (s t : Set α) : f '' (s ∩ t) = f '' s ∩ f "
        "'' t ∧ InjOn f univ",
    ),
)


@pytest.mark.parametrize(("commands", "statement"), VALID)
def test_statements_that_stand(checker: StaticChecker, commands: str, statement: str) -> None:
    assert told(checker, commands, statement) == ()


# Each of these was once, or is likely to be, taken for a slip.
FALSE_ALARMS = (
    ("", "(K : ℕ → Set ℝ) : IsCompact (⋃ i : ℕ, K i) ∧ Dense (⋂ i : ℕ, K i)"),
    ("", "(f : ℝ → ℕ) : Nat.Prime (∑' x : ℝ, f x)"),
    ("", "(a b : ℕ) (h : dist (a : ℝ) (b : ℝ) = 1) : Nat.Coprime a b ∧ a.Coprime b"),
    ("", "(a b : ℕ) : Real.logb (a : ℝ) (b : ℝ) = 1 → a.choose b = Nat.choose a b"),
    ("", "(f : ℕ → ℝ) : Real.sqrt (tsum f) = √(∑' n, f n)"),
    ("", "(L : Submodule ℤ ℝ) : Real.sqrt (ZLattice.covolume L) = 1"),
    ("", "(x y : ℝ) : Real.sqrt (max x |y|) = 2 ∧ Real.exp (min 1 |x|) = 2"),
    ("", "(m : ℕ) (p : Polynomial ℤ) : Polynomial.comp p m = m ∧ Polynomial.eval (2 : ℤ) m = m"),
    ("", "(n : ℕ) (A : Matrix (Fin n) (Fin n) ℝ) : Matrix.mulVec A (n : Fin n → ℝ) = 0"),
    ("", "(c : Set (Set ℕ)) (h : IsChain (· ⊆ ·) c) : IsMaxChain (· ⊆ ·) c ∨ c.Nonempty"),
    (
        "",
        "{E : Type*} [NormedAddCommGroup E] [InnerProductSpace ℝ E] (v : ℕ → E) (h : Orthonormal ℝ v) : "
        "LinearIndependent ℝ v",
    ),
    (
        "",
        "{F ι : Type*} [Field F] [DecidableEq ι] (s : Finset ι) (v r : ι → F) : "
        "(Lagrange.interpolate s v r).eval 2 = 0",
    ),
    ("", "(f : ℂ → ℂ) : ValueDistribution.logCounting f 0 = 0"),
    (
        "open scoped Function in",
        "(a : ℕ → ℕ) (h : Pairwise (Nat.Coprime on a)) : Pairwise (Nat.Coprime on a)",
    ),
    ("", "(f : ℕ → ℕ) (h : (Set.range f).Finite) : h.toFinset.card = 1"),
    ("", "(h : let x := 2; x = 3) : False"),
    ("", "(a b : Option ℕ) : match a, b with | some x, some y => x = y | _, _ => False"),
    ("", "(n : ℕ) : (toString n).length = 3 ∨ n.repr = toString n"),
    ("open Pointwise", "(s t : Set ℝ) : s + t = t + s"),
    ("open scoped Pointwise", "(s : Set ℝ) : (2 : ℝ) • s = s"),
    ("open Classical in", "(s : Set ℕ) : (if 2 ∈ s then 1 else 0) = 1"),
    ("open BigOperators Real Nat Topology Rat", "(n : ℕ) : ∑ k ∈ Finset.range n, k = n"),
    ("set_option maxHeartbeats 400000\nopen Nat", "(n : ℕ) : n.factorial = n !"),
    ("", "(n : ℕ) : n.repr.length = (Nat.digits 10 n).length"),
    ("", "(x : Option ℕ) : (match x with | none => 0 | some y => y + 1) = 0 ↔ x.isNone"),
    ("", "(l : List ℕ) : l.reverse.reverse = l ∧ (l.map (· + 1)).length = l.length ∧ l[0]! = l.head!"),
    ("", "{s : Set ℝ} (x : ↥s) (y : {z // z ∈ s}) : x.1 = y.val ∧ x.property = x.2"),
    ("", "(x : ℝˣ) (z : ℤ√5) : x.val = 1 ∧ (x⁻¹).val = x.inv ∧ z.re = z.norm"),
    ("", "(h : ∃ x : ℕ, x = 1) (k : 1 = 1 ∧ 2 = 2) : h.choose = 1 ∧ k.1 = k.left"),
    (
        "open Polynomial in",
        "(f : ℤ[X]) (g : (ZMod 5)[X]) (h : ℤ[X][X]) : f.natDegree = g.natDegree ∧ h.coeff 0 = f",
    ),
    (
        "open CategoryTheory MonoidalCategory in",
        "{C : Type*} [Category C] [MonoidalCategory C] (X : C) : (λ_ X).hom ≫ (λ_ X).inv = 𝟙 _ ∧ 𝟙_ C = 𝟙_ C",
    ),
)


@pytest.mark.parametrize(("commands", "statement"), FALSE_ALARMS)
def test_no_false_alarm(checker: StaticChecker, commands: str, statement: str) -> None:
    assert told(checker, commands, statement) == ()


HELPERS = (
    ("def Nat.IsNice (n : ℕ) : Prop := n = n", "(n : ℕ) : n.IsNice ∧ Nat.IsNice n"),
    ("def Set.IsFoo (s : Set ℝ) : Prop := s = s", "(s : Set ℝ) : s.IsFoo"),
    ("inductive Colour | red | green", "(c : Colour) : c = .red ∨ c = Colour.green"),
    ("inductive Colour where\n  | red\n  | green", "(c : Colour) : c = .red ∨ c = Colour.green"),
    ("def f : ℕ → ℕ → ℕ\n  | 0, y => y\n  | x + 1, y => f x (y + 1)", ": f 0 0 = 0"),
    ("def f : ℕ → ℕ\n  | 0 => 0\n  | 1 => 1\n  | n + 2 => f (n + 1) + f n", ": f 5 = Nat.fib 5"),
    (
        "structure Triangle where\n  A : ℝ × ℝ\n  B : ℝ × ℝ\n\n"
        "noncomputable def Triangle.basis (T : Triangle) : ℝ := dist T.A T.B",
        "(T : Triangle) : T.basis = dist T.A T.B",
    ),
    (
        "class MyGroup (G : Type*) extends Mul G, One G where\n  inv : G → G\n"
        "  inv_mul : ∀ a : G, inv a * a = 1",
        "{G : Type*} [MyGroup G] (a : G) : MyGroup.inv a * a = 1",
    ),
    ('local notation "E" => EuclideanSpace ℝ (Fin 3)', "(x : E) : ‖x‖ = 0"),
    ('variable {α : Type*} (r : α → α → Prop)\nlocal infix:50 " ≺ " => r', "(a b : α) : a ≺ b → r a b"),
    ("def f (p : ℕ × ℕ) : ℕ :=\n  let (x, y) := p\n  x + y", ": f (1, 2) = 3"),
)


@pytest.mark.parametrize(("helper", "statement"), HELPERS)
def test_helpers(checker: StaticChecker, helper: str, statement: str) -> None:
    verdict = checker.check(Candidate("t", "import Mathlib\n", f"theorem t {statement} := by sorry", helper))
    assert verdict.diagnostics == ()


BROKEN = (
    # a name that does not exist
    (
        "",
        "(n : ℕ) (h : Nat.Primes n) (k : nat.prime n) : n = 2",
        "unknown_identifier",
        "nat.prime",
        "Nat.Prime",
    ),
    ("", "(f : ℝ → ℝ) : Continous f", "unknown_identifier", "Continous", "Continuous"),
    ("", "(s : Set ℝ) : IsCompac s", "unknown_identifier", "IsCompac", "IsCompact"),
    ("", "(s : Set ℝ) : is_compact s", "unknown_identifier", "is_compact", "IsCompact"),
    (
        "",
        "(X : Type*) [metric_space X] : CompleteSpace X",
        "unknown_identifier",
        "metric_space",
        "MetricSpace",
    ),
    ("", "(x : ℝ) : real.sqrt x = 2", "unknown_identifier", "real.sqrt", "Real.sqrt"),
    ("", "(x : ℝ) : x = Real.Pi", "unknown_identifier", "Real.Pi", "Real.pi"),
    ("", "(f : ℝ → ℝ) : Injective f", "unknown_identifier", "Injective", "Function.Injective"),
    ("", "(f : ℝ → ℝ) : Tendsto f Filter.atTop (nhds 0)", "unknown_identifier", "Tendsto", "Filter.Tendsto"),
    (
        "open Filter",
        "(f : ℝ → ℝ) : Tendsto f at_top (nhds 0)",
        "unknown_identifier",
        "at_top",
        "Filter.atTop",
    ),
    (
        "",
        "{V : Type*} [AddCommGroup V] [Module ℝ V] : FiniteDimensional.finrank ℝ V = 3",
        "unknown_identifier",
        "FiniteDimensional.finrank",
        "Module.finrank",
    ),
    ("", "(n : ℕ) : n = Finset.Sum (Finset.range n) id", "unknown_identifier", "Finset.Sum", "Finset.sum"),
    ("", "(z : ℂ) : Complex.abs z = 1", "unknown_identifier", "Complex.abs", None),
    ("", "(x : ℝ) : Real.floor x = 2", "unknown_identifier", "Real.floor", None),
    ("", "(n : ℕ) : Nat.isPrime n", "unknown_identifier", "Nat.isPrime", "Nat.Prime"),
    ("", "(R : Type*) [Comm_ring R] : IsDomain R", "unknown_identifier", "Comm_ring", "CommRing"),
    (
        "",
        "(R : Type*) [CommRing R] [IntegralDomain R] : IsField R",
        "unknown_identifier",
        "IntegralDomain",
        None,
    ),
    ("", "(G : Type*) [Group G] : IsAbelian G", "unknown_identifier", "IsAbelian", None),
    ("", "(G : Type*) [Group G] [FiniteGroup G] : Nat.card G = 2", "unknown_identifier", "FiniteGroup", None),
    (
        "",
        "(f : ℝ → ℝ) (s : Set ℝ) : LipschitzOn 1 f s",
        "unknown_identifier",
        "LipschitzOn",
        "LipschitzOnWith",
    ),
    (
        "",
        "(f : ℝ → ℝ) : UniformlyContinuous f",
        "unknown_identifier",
        "UniformlyContinuous",
        "UniformContinuous",
    ),
    (
        "open MeasureTheory",
        "(f : ℝ → ℝ) : Integrable f Volume",
        "unknown_identifier",
        "Volume",
        "MeasureTheory.MeasureSpace.volume",
    ),
    ("", "(G : SimpleGraph ℕ) : SimpleGraph.chromatic_number G = 3", "unknown_identifier", None, None),
    (
        "",
        "(p : Polynomial ℝ) : Polynomial.nat_degree p = 1",
        "unknown_identifier",
        None,
        "Polynomial.natDegree",
    ),
    ("", "(a b : ℤ) : Int.isCoprime a b", "unknown_identifier", "Int.isCoprime", "IsCoprime"),
    ("", "(A : Matrix (Fin 2) (Fin 2) ℝ) : Matrix.Trace A = 0", "unknown_identifier", None, "Matrix.trace"),
    ("", "(x y : ℝ) (h : ∀ foo : ℝ, foo = x) : foo = y", "unknown_identifier", "foo", None),
    # a variable that nothing binds
    ("", "(n : ℕ) : n = m", "autobound", "m", None),
    ("", "(h : ∃ k : ℕ, k = 1) : k = 1", "autobound", "k", None),
    ("", ": (∑ i ∈ Finset.range 3, i) + i = 3", "autobound", "i", None),
    ("", ": {x : ℝ | x = 1} = {y | x = y}", "autobound", "x", None),
    ("", "(a : ℕ → ℝ) : ∀ ε > 0, ∃ N, ∀ n ≥ N, |a n - L| < ε", "autobound", "L", None),
    ("", "(f : ℝ → ℝ) (hf : ∀ x, f x = ψ) : f 0 = 0", "autobound", "ψ", None),
    # a field that its type does not have
    ("", "(x : ℝ) : x.sqt = 1", "unknown_field", "x.sqt", "Real.sqrt"),
    ("", "(x : ℝ) : x.choose 2 = 1", "unknown_field", "x.choose", "Nat.choose"),
    ("", "(n : ℕ) : n.IsPrime", "unknown_field", "n.IsPrime", None),
    ("", "(z : ℂ) : z.conj = z", "unknown_field", "z.conj", None),
    ("", "(z : ℂ) : z.abs = 1", "unknown_field", "z.abs", None),
    ("", "(s : Finset ℕ) : s.size = 2", "unknown_field", "s.size", None),
    ("", "(l : List ℕ) : l.Sorted (· ≤ ·)", "unknown_field", "l.Sorted", None),
    ("", "(f : ℝ → ℝ) : f.Injectve", "unknown_field", "f.Injectve", "Function.Injective"),
    ("", "(H : Subgroup (Equiv.Perm (Fin 3))) : H.isNormal", "unknown_field", "H.isNormal", None),
    ("", "(p : Polynomial ℝ) : p.deg = 1", "unknown_field", "p.deg", None),
    ("", "(s : Set ℝ) (h : s.Nonempty) : s.IsCompact", "unknown_field", "s.IsCompact", "IsCompact"),
    # a namespace that does not exist, or is not opened
    ("open Reals", "(x : ℝ) : x = 1", "unknown_namespace", "Reals", None),
    ("open Nat Toplogy", "(n : ℕ) : n = 1", "unknown_namespace", "Toplogy", "Topology"),
    ("open scoped Big_Operators", "(n : ℕ) : n = 1", "unknown_namespace", "Big_Operators", "BigOperators"),
    ("", "(f : ℕ → ℝ) : Filter.Tendsto f Filter.atTop (𝓝 0)", "not_opened", "𝓝", "open scoped Topology"),
    ("", "(x : ℝ≥0) : x = 0", "not_opened", "ℝ≥0", "open scoped NNReal"),
    ("", "(x : ℝ≥0∞) : x = 0", "not_opened", "ℝ≥0∞", "open scoped ENNReal"),
    ("", "(z : ℂ) : conj z = z", "not_opened", "conj", "open scoped ComplexConjugate"),
    ("", "(f : ℝ →ᵇ ℝ) : ‖f‖ = 0", "not_opened", "→ᵇ", "open scoped BoundedContinuousFunction"),
    # arguments
    ("", "(x : ℝ) : Nat.sqrt x = 0", "type_mismatch", "Nat.sqrt", "Real.sqrt"),
    ("", "(x : ℝ) : Nat.Prime x", "type_mismatch", "Nat.Prime", None),
    ("", "(x : ℝ) (n : ℕ) : Nat.choose n x = 1", "type_mismatch", "Nat.choose", None),
    ("", "(s : Set ℕ) : Finset.card s = 1", "type_mismatch", "Finset.card", None),
    ("", "(s : Set ℝ) (f : ℝ → ℝ) : Filter.Tendsto f s (nhds 0)", "type_mismatch", "Filter.Tendsto", None),
    ("", "(x : ℝ) : IsCompact x", "type_mismatch", "IsCompact", None),
    ("", "(S : Finset) : S = S", "type_mismatch", "Finset", None),
    ("", "(x : ℝ) : Real.sqrt 2 x = 0", "function_expected", "Real.sqrt", None),
    ("", "(s : Set ℝ) : Set.ncard ℝ s = 1", "function_expected", "Set.ncard", None),
    ("", "(x : ℝ) : Int.floor ℝ x = 0", "function_expected", "Int.floor", None),
    # shape, and Lean 3
    ("", "(n : ℕ) : ∀ (m : ℕ, m = n", "syntax", None, ")"),
    ("", "(n : ℕ) : Finset.sum (Finset.range n) (λ i, i) = 0", "lean3", None, None),
    ("open_locale big_operators", "(n : ℕ) : n = n", "lean3", "open_locale", "open scoped"),
)


@pytest.mark.parametrize(("commands", "statement", "category", "name", "first"), BROKEN)
def test_slips_are_told(
    checker: StaticChecker, commands: str, statement: str, category: str, name: str | None, first: str | None
) -> None:
    found = [d for d in told(checker, commands, statement) if d.severity is Severity.ERROR]
    fitting = [d for d in found if d.category == category and name in (None, d.name)]
    assert fitting, found
    assert len(found) <= 2
    if first is not None:
        assert fitting[0].suggestions[0] == first


DEPRECATED = (
    ("", "(p : ℕ → Prop) : setOf p = {x | p x}", "setOf", "Set.ofPred"),
    ("", "(s : String) : s.data = []", "String.data", "String.toList"),
)


@pytest.mark.parametrize(("commands", "statement", "name", "instead"), DEPRECATED)
def test_deprecated_names_are_warnings(
    checker: StaticChecker, commands: str, statement: str, name: str, instead: str
) -> None:
    (found,) = told(checker, commands, statement)
    assert (found.category, found.severity, found.suggestions) == ("deprecated", Severity.WARNING, (instead,))
    assert f"`{name}`" in found.message


def test_two_checkers_say_the_same(base: KnowledgeBase, checker: StaticChecker) -> None:
    other = StaticChecker.open(base)
    assert other.identity() == checker.identity()
    for commands, statement, *_ in BROKEN[::4]:
        assert told(other, commands, statement) == told(checker, commands, statement)


def test_theorems_of_mathlib_itself(base: KnowledgeBase, checker: StaticChecker) -> None:
    """Mathlib's own theorems stand, though not all that their files open, bind and name is in the index.

    So a name whose namespace some file opens, an unbound letter and notation of a scope are no alarm here.
    """
    known: set[str] = set()
    for name in base.declarations:
        while name and name not in known:
            known.add(name)
            name = name.partition(".")[2]
    names = sorted(base.declarations.names_where("kind", Kind.THEOREM.value))
    alarms: Counter[str] = Counter()
    checked = 0
    for name in random.Random(20260801).sample(names, 900):
        declaration = base.declarations[name]
        text = base.signature(name)
        if not text or len(text) > 1500 or declaration.origin != "written" or "✝" in text or checked == 300:
            continue
        checked += 1
        space = declaration.namespace
        statement = (
            f"namespace {space}\ntheorem t {text} := by sorry" if space else f"theorem t {text} := by sorry"
        )
        verdict = checker.check(Candidate("t", "import Mathlib\n", statement))
        assert verdict.status in (Status.VALID, Status.INVALID, Status.REJECTED)
        told_of = [
            d
            for d in verdict.errors
            if d.category not in ("autobound", "not_opened", "forbidden")
            and not (d.category == "unknown_identifier" and d.name in known)
        ]
        if told_of:
            alarms[told_of[0].category] += 1
    assert checked == 300
    assert alarms.total() <= 5, alarms
    assert alarms["type_mismatch"] + alarms["function_expected"] + alarms["unknown_field"] <= 2, alarms
    assert alarms["syntax"] + alarms["lean3"] + alarms["unknown_namespace"] == 0, alarms


@pytest.mark.parametrize(
    ("header", "statement", "category", "part"),
    [
        ("", "theorem x (n : ℕ) n = n := by sorry", "syntax", "no `:`"),
        ("", "theorm x (n : ℕ) : n = n := by sorry", "syntax", "`theorm` is no command"),
        ("", "theorem x (n : ℕ) : 0 < n! := by sorry", "not_opened", "`n !`"),
        ("", "theorem x (f : ℂ[X]) : f = f := by sorry", "not_opened", "open scoped Polynomial"),
        ("", "theorem x (a : ℝ) : a \\leq a := by sorry", "syntax", "LaTeX"),
    ],
)
def test_common_slips_are_told_by_their_cause(
    checker: StaticChecker, header: str, statement: str, category: str, part: str
) -> None:
    first = checker.check(Candidate("t", f"import Mathlib\n{header}", statement)).diagnostics[0]
    assert first.category == category
    assert part in first.message


def test_an_unread_proof_is_told(checker: StaticChecker) -> None:
    proved = checker.check(Candidate("t", "import Mathlib", "theorem x : 1 = 1 := by exact Nat.no_such_name"))
    left_open = checker.check(Candidate("t", "import Mathlib", "theorem x : 1 = 1 := by sorry"))
    assert "proof is unread" in proved.detail
    assert "proof is unread" not in left_open.detail


@pytest.mark.timeout(20)
def test_blanks_behind_a_proof_cost_no_more_than_their_number(checker: StaticChecker) -> None:
    """Sixty thousand of them took most of a minute by a pattern that went back over each."""
    statement = "theorem x : 1 = 1 := by sorry" + " " * 60_000 + "x"
    assert checker.check(Candidate("t", "import Mathlib", statement)).detail
