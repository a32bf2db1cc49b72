import Mathlib.Topology.Basic

/-! # Namespaces, sections, variables, and `open … in` -/

open Set

namespace Sample

section Outer

variable {X : Type*} [TopologicalSpace X]

namespace Inner

variable (X) in
/-- Every point of the space is open by itself. -/
def Scattered : Prop := ∀ x : X, IsOpen ({x} : Set X)

section

variable {s t : Set X} (hs : IsOpen s)

include hs in
/-- Two open sets meet in an open set. -/
theorem meet_open (ht : IsOpen t) : IsOpen (s ∩ t) := hs.inter ht

omit [TopologicalSpace X] in
lemma subset_self' : s ⊆ s := Subset.rfl

end

end Inner

open Filter Topology in
/-- Opened for one declaration only: `𝓝` is notation of `Topology`. -/
theorem nhds_self (x : X) : 𝓝 x = 𝓝 x := rfl

open scoped Topology

/-- Renamed on the way in. -/
theorem mem_nhds_univ (x : X) : univ ∈ 𝓝 x := Filter.univ_mem

end Outer

noncomputable section Choice

open Classical (choice)

/-- An element of a nonempty type. -/
def pick (α : Type*) [h : Nonempty α] : α := choice h

end Choice

/-- A name outside the namespace in which it stands. -/
def _root_.Sample.outside : Nat := 0

set_option maxHeartbeats 400000 in
/-- An option in front of a declaration. -/
theorem two_eq : 1 + 1 = 2 := rfl

end Sample

namespace Sample.Deep.Er
/-- A dotted namespace. -/
def bottom : Nat := 1
end Er
/-- Still inside `Sample.Deep`. -/
def middle : Nat := Er.bottom
end Sample.Deep
