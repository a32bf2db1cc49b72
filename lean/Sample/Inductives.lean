import Mathlib.Data.Nat.Notation

/-! # Inductive types, mutual blocks, and definitions by cases -/

namespace Sample.Inductives

/-- A binary tree with values at its leaves. -/
inductive Tree (α : Type*) where
  /-- A leaf. -/
  | leaf (value : α)
  /-- Two subtrees. -/
  | node (left right : Tree α)
  deriving Repr

/-- How a comparison may come out. -/
inductive Outcome
  | less | equal | more

/-- A predicate: trees that have one leaf. -/
inductive IsLeaf {α : Type*} : Tree α → Prop
  | intro (a : α) : IsLeaf (.leaf a)

/-- A class given by cases. -/
class inductive Small (n : ℕ) : Prop
  | zero : n = 0 → Small n
  | one : n = 1 → Small n

mutual
  /-- Rose trees. -/
  inductive Rose (α : Type)
    | mk : α → Grove α → Rose α
  /-- Lists of rose trees. -/
  inductive Grove (α : Type)
    | nil : Grove α
    | cons : Rose α → Grove α → Grove α
end

variable {α : Type*}

/-- Number of leaves. -/
def Tree.leaves : Tree α → ℕ
  | .leaf _ => 1
  | .node l r => l.leaves + r.leaves

/-- The `where` clause holds a helper. -/
def Tree.depth (t : Tree α) : ℕ :=
  go t
where
  go : Tree α → ℕ
    | .leaf _ => 0
    | .node l r => max (go l) (go r) + 1

@[simp] lemma Tree.leaves_leaf (a : α) : (Tree.leaf a).leaves = 1 := rfl

private def hidden : ℕ := 37

end Sample.Inductives
