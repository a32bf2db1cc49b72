module

public import Mathlib.Data.Nat.Notation
import Mathlib.Tactic.Ring

/-! # A file of the module system -/

@[expose] public section

namespace Sample.Modules

/-- Public, body and all. -/
def square (n : ℕ) : ℕ := n * n

/-- A theorem that others see. -/
public theorem square_zero : square 0 = 0 := rfl

private theorem square_one : square 1 = 1 := rfl

protected noncomputable def half (n : ℕ) : ℕ := n / 2

@[simp, grind =]
theorem square_succ (n : ℕ) : square (n + 1) = square n + 2 * n + 1 := by
  unfold square
  ring

end Sample.Modules

end
