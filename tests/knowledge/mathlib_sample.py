"""A small checkout in Mathlib's style, of our own text, for tests of extraction, linking and retrieval."""

from __future__ import annotations

from pathlib import Path

__all__ = ["BROKEN", "FILES", "write_broken", "write_checkout"]

_TO_ADDITIVE = """\
module

/-! # Names that `to_additive` makes -/

namespace Mathlib.Tactic.ToAdditive

/-- Words and their translation. -/
def nameDict : Std.HashMap String (List String) := .ofList [
  ("one", ["Zero"]),
  ("mul", ["Add"]),
  ("inv", ["Neg"]),
  ("prod", ["Sum"]),
  ("monoid", ["Add", "Monoid"]),
  ("group", ["Add", "Group"]),
  ("subgroup", ["Add", "Subgroup"]),
  ("semigroup", ["Add", "Semigroup"]),
  ("order", ["Add", "Order"]),
]

/-- What reads wrongly after that. -/
def abbreviationDict : Std.HashMap String String := .ofList [
  ("addOrderOf", "AddOrderOf"),
  ("isZero", "IsNull"),
]

end Mathlib.Tactic.ToAdditive
"""

_GROUP = """\
import Mathlib.Logic.Basic

/-!
# Groups of the sample

theorem in_a_module_doc : False := by sorry
-/

universe u v

variable {G : Type u} {H : Type v}

/-- A set with an associative multiplication. -/
class MySemigroup (G : Type u) extends Mul G where
  /-- Multiplication is associative. -/
  protected mul_assoc : ∀ a b c : G, a * b * c = a * (b * c)

attribute [to_additive] MySemigroup

/-- A semigroup with a neutral element. -/
@[to_additive /-- An additive semigroup with a zero. -/]
class MyMonoid (G : Type u) extends MySemigroup G, One G where
  one_mul (a : G) : 1 * a = a
  mul_one : ∀ a : G, a * 1 = a

/-- A monoid in which every element has an inverse. -/
@[to_additive (attr := ext) MyAddGroup "An additive group, written with a plus."]
class MyGroup (G : Type u) extends MyMonoid G where
  inv : G → G
  inv_mul_self (a : G) : inv a * a = 1

section Monoid

variable [MyMonoid G] (a b : G)

/-- Whether two elements commute with each other. -/
@[to_additive IsAddCommuting]
def IsCommuting : Prop := a * b = b * a

/-- The order of an element: the least positive power that is one. -/
@[to_additive myAddOrderOf]
noncomputable def myOrderOf (x : G) : ℕ := Nat.find x

variable {a b}

/-- Commuting is symmetric. -/
@[to_additive /-- Additive commuting is symmetric. -/]
theorem IsCommuting.symm (h : IsCommuting a b) : IsCommuting b a := Eq.symm h

/-- The order of one is one. -/
@[to_additive (attr := simp)]
theorem myOrderOf_one : myOrderOf (1 : G) = 1 := by
  simp [unseen_in_the_proof]

theorem undocumented (h : IsCommuting a b) : IsCommuting b a := h.symm

end Monoid

/-- A hidden helper. -/
private def hiddenHelper : ℕ := 3

/-- A hidden theorem about `MyGroup`. -/
private theorem hidden_theorem [MyGroup G] : True := trivial

namespace MyGroup

/-- Conjugation of a group. -/
protected def conj [MyGroup G] (g x : G) : G := g * x * inv g

/-- The newer name of the square. -/
def square [MyGroup G] (x : G) : G := x * x

@[deprecated (since := "2024-03-09")] alias sq := square

/-- The cube, which has a better name. -/
@[deprecated MyGroup.square "see the square" (since := "2023-01-02")]
def cube [MyGroup G] (x : G) : G := x * x * x

end MyGroup
"""

_SUBGROUP = """\
import Mathlib.Algebra.Group

open Set

variable {G : Type*} [MyGroup G]

/-- A subset of a group that is closed under multiplication and inverses. -/
@[to_additive]
structure MySubgroup (G : Type*) [MyGroup G] where
  /-- The underlying set. -/
  carrier : Set G
  (one_mem inv_mem : True)
  mul_mem' {a b : G} : a ∈ carrier → b ∈ carrier → a * b ∈ carrier

namespace MySubgroup

/-- Whether a subgroup is stable under conjugation. -/
@[to_additive]
class Normal (N : MySubgroup G) : Prop where
  conj_mem : ∀ n g : G, MyGroup.conj g n = n

/-- The centre of a group. -/
def center (G : Type*) [MyGroup G] : MySubgroup G := sorry

/-- The centre is a normal subgroup. -/
instance : Normal (center G) := sorry

/-- In a normal subgroup conjugation stays inside, and the image is injective. -/
theorem Normal.conj_stays (N : MySubgroup G) (h : N.Normal) (hf : Injective (id : G → G)) :
    Function.Injective (fun n : G => n) := sorry

/-- The centre consists of what commutes with all. -/
lemma mem_center (x : G) (K : MySubgroup G) (hx : x ∈ K.carrier) : ∀ g : G, IsCommuting g x := sorry

end MySubgroup

/-- The quotient notation of the sample. -/
infixl:70 " ⧸ₘ " => MySubgroup.center

export MySubgroup (center)
"""

_SET = """\
import Mathlib.Logic.Basic

/-- Sets of elements of `α`. -/
def Set (α : Type u) := α → Prop

namespace Set

variable {α β : Type*}

/-- The union of two sets. -/
protected def union (s t : Set α) : Set α := fun x => s x

/-- The set of everything. -/
def univ : Set α := fun _ => True

/-- The image of a set under a function. -/
def image (f : α → β) (s : Set α) : Set β := fun b => ∃ a, s a

/-- The union with everything is everything. -/
theorem union_univ (s : Set α) : s.union univ = univ := rfl

/-- The image of an injective function is injective on sets. -/
theorem image_injective {f : α → β} (hf : Function.Injective f) :
    Function.Injective (image f) := sorry

end Set
"""

_LOGIC = """\
/-! Words of Lean's core, which the sample does not declare: `Function.Injective` and `Nonempty`. -/

open Function

/-- An injective function reflects equality, stated for a nonempty type. -/
theorem injective_reflects {α β : Type*} [Nonempty α] (f : α → β) (hf : Injective f) :
    Function.Injective f ∧ Nonempty α := sorry

/-- A point that a function leaves where it is. -/
def Function.MyFixed {α : Type*} (f : α → α) (x : α) : Prop := f x = x

inductive MyTree (α : Type*)
  /-- An empty tree. -/
  | leaf
  | node (l : MyTree α) (x : α) (r : MyTree α)

/-- Colours of a map. -/
inductive Colour : Type
  | red | green

/-- Propositions that hold nowhere. -/
class inductive MyEmpty : Prop

/-- The length of a thing. -/
irreducible_def myLength (n : ℕ) : ℕ := n

/-- Written by an abbreviation. -/
abbrev MyNat := ℕ

/-- A constant nobody knows. -/
opaque myOpaque : ℕ
"""

_TOPOLOGY = """\
import Mathlib.Data.MySet

open Set

/-- A topology given by its open sets. -/
class MyTopology (X : Type u) where
  /-- Which sets are open. -/
  IsOpen' : Set X → Prop
  univ_open : IsOpen' univ

variable {X Y : Type*} [MyTopology X] [MyTopology Y] (c : ℕ)

/-- Whether a set is open. -/
def IsMyOpen (s : Set X) : Prop := MyTopology.IsOpen' s

/-- A function whose preimages of open sets are open. -/
structure MyContinuous (f : X → Y) : Prop where
  isOpen_preimage : ∀ s : Set Y, IsMyOpen s → True

/-- Every open cover has a finite subcover. -/
def IsMyCompact (s : Set X) : Prop := ∀ n : ℕ, True

/-- The neighbourhoods of a point. -/
def myNhds (x : X) : Set (Set X) := fun s => IsMyOpen s

namespace MyTopology

@[inherit_doc] scoped notation "𝓤" => myNhds

end MyTopology

scoped[Deep.Notation] notation "𝓥" => IsMyOpen

open MyTopology in
/-- The whole space is a neighbourhood of each of its points. -/
theorem univ_mem_nhds (x : X) : 𝓤 x univ := sorry

/-- The image of a compact set under a continuous function is compact. -/
theorem IsMyCompact.image {s : Set X} {f : X → Y} (hs : IsMyCompact s) (hf : MyContinuous f) :
    IsMyCompact (Set.image f s) := sorry

/-- A compact set stays compact if the function is injective and nonempty. -/
theorem IsMyCompact.of_injective [Nonempty X] {f : X → Y} (hf : Function.Injective f) (s : Set X)
    (h : MyContinuous f) : IsMyCompact s := sorry
"""

_ORDER = """\
import Mathlib.Data.MySet

/-! # Orders of the sample -/

namespace MyOrder

/-- A relation that is reflexive and transitive. -/
structure IsPre {α : Type*} (r : α → α → Prop) : Prop where
  refl : ∀ a, r a a
  trans : ∀ a b c, r a b → r b c → r a c

/-- A function that keeps the order. -/
def Keeps {α β : Type*} (r : α → α → Prop) (s : β → β → Prop) (f : α → β) : Prop :=
  ∀ a b, r a b → s (f a) (f b)

/-- The identity keeps the order. -/
theorem keeps_id {α : Type*} [Nonempty α] (r : α → α → Prop) (h : IsPre r) : Keeps r r id := sorry

end MyOrder

section

variable {α : Type*} [DecidableEq α] [Inhabited α] (s : Set α)

/-- Says nothing of the equality that is decidable. -/
def bare (t : Set α) : Prop := True

omit [DecidableEq α] in
/-- The instance is left out. -/
def omitted (t : Set α) : Prop := True

include s in
/-- The variable is taken in. -/
theorem included : bare (Set.univ : Set α) := trivial

end

theorem MyOrder.Keeps.comp_const {α : Type*} (r : α → α → Prop) (h : Keeps r r id) : IsPre r := sorry
"""

_MATRIX = """\
public import Mathlib.Algebra.Group

@[expose] public section

variable {m n : Type*} {R : Type*}

/-- Rectangular arrays with entries in `R`. -/
public def MyMatrix (m n R : Type*) := m → n → R

namespace MyMatrix

open scoped Deep.Notation

/-- The transpose of a matrix. -/
def transpose (M : MyMatrix m n R) : MyMatrix n m R := fun x y => M y x

/-- A matrix that is its own transpose. -/
def IsSymm (A : MyMatrix n n R) : Prop := A.transpose = A

/-- The transpose of the transpose is the matrix itself. -/
theorem transpose_transpose (M : MyMatrix m n R) : M.transpose.transpose = M := rfl

/-- The transpose of a symmetric matrix is symmetric. -/
theorem IsSymm.transpose {A : MyMatrix n n R} (h : A.IsSymm) : A.transpose.IsSymm := h

end MyMatrix
"""

_PRIME = """\
/-! # Numbers of the sample -/

namespace MyNumber

/-- A number greater than one whose only divisors are itself and one. -/
def IsMyPrime (p : ℕ) : Prop := 1 < p ∧ ∀ d, d ∣ p → d = 1 ∨ d = p

/-- Twice something. -/
def IsMyEven (n : ℕ) : Prop := ∃ k, n = k + k

/-- Two is a prime number that is even. -/
theorem two_prime : IsMyPrime 2 ∧ IsMyEven 2 := sorry

/-- There is a prime number beyond each number. -/
theorem exists_prime (n : ℕ) : ∃ p, n < p ∧ IsMyPrime p := sorry

/-- The sum of two even numbers is even. -/
theorem IsMyEven.add {m n : ℕ} (hm : IsMyEven m) (hn : IsMyEven n) : IsMyEven (m + n) := sorry

end MyNumber

theorem MyNumber.IsMyEven.double (n : ℕ) : IsMyEven (n + n) := sorry
"""

FILES = {
    "Mathlib/Tactic/Translate/ToAdditive.lean": _TO_ADDITIVE,
    "Mathlib/Logic/Basic.lean": _LOGIC,
    "Mathlib/Algebra/Group.lean": _GROUP,
    "Mathlib/Algebra/Subgroup.lean": _SUBGROUP,
    "Mathlib/Data/MySet.lean": _SET,
    "Mathlib/Data/Matrix.lean": _MATRIX,
    "Mathlib/Topology/Basic.lean": _TOPOLOGY,
    "Mathlib/Order/Basic.lean": _ORDER,
    "Mathlib/NumberTheory/Prime.lean": _PRIME,
    "Mathlib.lean": "import Mathlib.Algebra.Group\n",
    "lean-toolchain": "leanprover/lean4:v4.99.0\n",
}
"""Path in the checkout to text."""

BROKEN: dict[str, bytes] = {
    "Mathlib/Broken/Comment.lean": b"def before := 1\n\n/- never closed\n\ndef after := 2\n",
    "Mathlib/Broken/Bytes.lean": b"def bytes := 1 -- \xff\xfe\n",
    "Mathlib/Broken/End.lean": b"def first := 1\n\nend Nowhere\n\ndef second := 2\n",
    "Mathlib/Broken/String.lean": b'def text := "never closed\n\ndef later := 2\n',
}
"""Files with one mistake each."""


def write_checkout(folder: Path) -> Path:
    """Write the sample checkout into `folder` and return it."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def write_broken(folder: Path) -> Path:
    """The sample checkout with the broken files beside the good ones."""
    write_checkout(folder)
    for name, data in BROKEN.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
