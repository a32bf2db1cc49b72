import Mathlib.Data.Set.Basic
import Mathlib.Data.Finset.Card

/-! # Notation, infix operators and what uses them -/

namespace Sample

/-- Symmetric remainder of two sets. -/
def remainder {α : Type*} (s t : Set α) : Set α := (s \ t) ∪ (t \ s)

/-- Symmetric remainder. -/
scoped infixl:65 " ⊝ " => remainder

@[inherit_doc] scoped notation "‖" s "‖ₛ" => remainder s ∅

/-- Only in this file. -/
local notation3 "ω" => (Set.univ : Set ℕ)

local prefix:max "♮" => Set.Nonempty

open Finset in
/-- The number sign is notation here, no command. -/
theorem card_eq {α : Type*} (s t : Finset α) (h : #s = #t) : #t = #s := h.symm

theorem remainder_comm {α : Type*} (s t : Set α) : s ⊝ t = t ⊝ s := Set.union_comm _ _

theorem omega_nonempty : ♮ω := ⟨0, trivial⟩

end Sample
