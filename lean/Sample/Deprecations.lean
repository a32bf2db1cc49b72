import Mathlib.Data.Nat.Notation
import Mathlib.Tactic.Alias

/-! # Deprecated names and aliases -/

namespace Sample

/-- Three times a number. -/
def triple (n : ℕ) : ℕ := 3 * n

@[deprecated (since := "2026-01-15")] alias thrice := triple

@[deprecated triple (since := "2025-11-02")]
def tripled (n : ℕ) : ℕ := triple n

@[deprecated "Write `3 * n` out." (since := "2025-11-02")]
theorem triple_def (n : ℕ) : triple n = 3 * n := rfl

/-- Both directions have names of their own. -/
theorem triple_eq_zero {n : ℕ} : triple n = 0 ↔ n = 0 := by simp [triple]

alias ⟨eq_zero_of_triple, triple_of_eq_zero⟩ := triple_eq_zero

end Sample
