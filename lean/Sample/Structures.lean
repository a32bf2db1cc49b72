import Mathlib.Algebra.Group.Basic

/-!
# Pointed magmas

Structures, classes, fields with docstrings and defaults, and `extends`.
-/

universe u v

namespace Sample

/-- A set with a chosen point. -/
structure Pointed (α : Type u) where
  /-- The chosen point. -/
  point : α

/-- A pointed set with an operation; the `point` need not be neutral. -/
structure PointedMagma (α : Type u) extends Pointed α where
  /-- The operation. -/
  op : α → α → α
  /-- The point is idempotent. -/
  op_point : op point point = point
  /-- How many generators we speak of, unless told otherwise. -/
  rank : ℕ := 1

/-- A class whose field is a proposition about two earlier fields. -/
class Tame (α : Type u) (β : outParam (Type v)) extends Inhabited α where
  toFun : α → β
  /-- Values at the default are never lost. -/
  tame : ∀ x : α, toFun x = toFun default → x = default
  protected extra : True := trivial

/-- A structure with one explicit constructor name and parameters over two lines. -/
@[ext]
structure Pair' (α : Type u)
    (β : Type v) : Type max u v where
  mk' ::
  /-- The left half. -/
  (left : α)
  /-- The right half. -/
  (right : β)

/-- Nothing but a synonym. -/
abbrev Twice (α : Type u) := Pair' α α

instance {α : Type u} [Inhabited α] : Inhabited (Pointed α) := ⟨⟨default⟩⟩

/-- Swapping twice changes nothing. -/
theorem Pair'.swap_swap {α β : Type u} (p : Pair' α β) :
    (Pair'.mk' p.left p.right) = p := rfl

end Sample
