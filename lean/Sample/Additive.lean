import Mathlib.Algebra.Group.Basic
import Mathlib.Tactic.ToAdditive

/-! # Declarations with an additive twin -/

namespace Sample

variable {G : Type*} [Group G]

/-- The conjugate of `a` by `g`. -/
@[to_additive /-- The additive conjugate of `a` by `g`. -/]
def conjBy (g a : G) : G := g * a * g⁻¹

/-- Conjugation by the neutral element does nothing. -/
@[to_additive (attr := simp) zero_conjBy]
theorem one_conjBy (a : G) : conjBy 1 a = a := by simp [conjBy]

@[to_additive]
lemma conjBy_mul (g a b : G) : conjBy g (a * b) = conjBy g a * conjBy g b := by
  simp [conjBy, mul_assoc]

/-- A subset closed under the operation. -/
@[to_additive AddClosed "Closed under addition."]
structure MulClosed (s : Set G) : Prop where
  /-- Products stay inside. -/
  mul_mem : ∀ {a b}, a ∈ s → b ∈ s → a * b ∈ s

end Sample
