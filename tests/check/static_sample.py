"""A small vocabulary with signatures, kinds, parents and scoped notation for the static checker."""

from __future__ import annotations

from dataclasses import replace

from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate, Diagnostic, Verdict
from cramf.knowledge.types import Declaration, Kind, Notation
from cramf.knowledge.vocabulary import Vocabulary

KINDS = {
    "def": Kind.DEF,
    "abbrev": Kind.ABBREV,
    "structure": Kind.STRUCTURE,
    "class": Kind.CLASS,
    "inductive": Kind.INDUCTIVE,
    "theorem": Kind.THEOREM,
    "field": Kind.FIELD,
    "constructor": Kind.CONSTRUCTOR,
    "attested": Kind.ATTESTED,
}
TABLE = """
inductive Nat |
constructor Nat.succ | (n : Nat) : Nat
theorem Nat.succ_pos | (n : Nat) : 0 < Nat.succ n
def Nat.sqrt | (n : ℕ) : ℕ
def Nat.gcd | (m n : ℕ) : ℕ
def Nat.Prime | (p : ℕ) : Prop
theorem Nat.Prime.two_le | {p : ℕ} (h : p.Prime) : 2 ≤ p
def Nat.choose | : ℕ → ℕ → ℕ
def Nat.card | (α : Type*) : ℕ
def Nat.Partition | (n : ℕ) : Type
inductive Int |
def Int.gcd | (m n : ℤ) : ℕ
structure Real |
def Real.sqrt | (x : ℝ) : ℝ
def Real.pi | : ℝ
def Real.Angle | : Type
def Real.rpow | (x y : ℝ) : ℝ
structure Complex |
field Complex.re | : ℝ
field Complex.im | : ℝ
def Complex.I | : ℂ
def Prime | {α : Type*} [Mul α] (p : α) : Prop
def Set | (α : Type u)
def Set.univ | {α : Type*} : Set α
def Set.Finite | {α : Type*} (s : Set α) : Prop
def Set.image | {α β : Type*} (f : α → β) (s : Set α) : Set β
def Set.ncard | {α : Type*} (s : Set α) : ℕ
structure Finset | (α : Type*)
def Finset.range | (n : ℕ) : Finset ℕ
def Finset.card | {α : Type*} (s : Finset α) : ℕ
def Finset.sum | {ι M : Type*} [Add M] (s : Finset ι) (f : ι → M) : M
structure Filter | (α : Type*)
def Filter.Tendsto | {α β : Type*} (f : α → β) (l : Filter α) (m : Filter β) : Prop
def Filter.atTop | {α : Type*} : Filter α
def nhds | {X : Type*} [TopologicalSpace X] (x : X) : Filter X
class TopologicalSpace | (X : Type u)
def IsCompact | {X : Type*} [TopologicalSpace X] (s : Set X) : Prop
def IsOpen | {X : Type*} [TopologicalSpace X] (s : Set X) : Prop
def Continuous | {X Y : Type*} [TopologicalSpace X] [TopologicalSpace Y] (f : X → Y) : Prop
class Mul | (α : Type u)
class Add | (α : Type u)
class Group | (G : Type u) extends Mul G
structure Subgroup | (G : Type*) [Group G]
class Subgroup.Normal | {G : Type*} [Group G] (H : Subgroup G) : Prop
def Subgroup.index | {G : Type*} [Group G] (H : Subgroup G) : ℕ
structure Polynomial | (R : Type*)
def Polynomial.eval | {R : Type*} [Mul R] (x : R) (p : Polynomial R) : R
def Polynomial.natDegree | {R : Type*} [Mul R] (p : Polynomial R) : ℕ
def Matrix | (m n : Type*) (α : Type*) : Type _
def Matrix.det | {n R : Type*} (M : Matrix n n R) : R
structure Fin | (n : ℕ)
def Function.Injective | {α β : Sort*} (f : α → β) : Prop
def id | {α : Sort u} (a : α) : α
def Summing.total | {α : Type*} (f : ℕ → α) (l := Filter.atTop) : α
def Summing.volume | (x : ℝ) (d : ℕ := 3) : ℝ
structure Point | (n : ℕ := 2)
class Fact | (p : Prop) : Prop
structure Base |
field Base.low | : ℕ
structure Derived | extends Base
field Derived.high | : ℝ
abbrev Sub | : Type
structure Vague | extends R⟦X⟧
def Option.get | {α : Type*} (o : Option α) : α
inductive Option | (α : Type u)
constructor Option.some | {α : Type u} (a : α) : Option α
structure Topology.Deep |
def Topology.Deep.x | : Topology.Deep
inductive True |
inductive Exists | {α : Sort u} (p : α → Prop) : Prop
""".strip()
DEPRECATED = {
    "Nat.isqrt": ("Nat.sqrt", "2025-03-04"),
    "Set.gone": ("", None),
    "Filter.top": ("Filter.atTop", None),
}
HEADS = {
    "Nat.succ": "Nat",
    "Nat.sqrt": "Nat",
    "Real.pi": "Real",
    "Real.sqrt": "Real",
    "Complex.re": "Real",
    "Set.image": "Set",
    "Set.univ": "Set",
    "Finset.range": "Finset",
    "Topology.Deep.x": "Topology.Deep",
    "Base.low": "Nat",
}
NOTATIONS = (
    Notation(("ℕ",), "notation", "M", 1, ("Nat",)),
    Notation(("ℤ",), "notation", "M", 1, ("Int",)),
    Notation(("ℝ",), "notation", "M", 1, ("Real",)),
    Notation(("ℂ",), "notation", "M", 1, ("Complex",)),
    Notation(("𝓝",), "notation", "M", 1, ("nhds",), "Topology"),
    Notation(("𝓝[", "] "), "notation", "M", 1, ("nhds",), "Topology"),
    Notation(("π",), "notation", "M", 1, ("Real.pi",), "Real"),
    Notation(("φ",), "notation", "M", 1, ("Nat.sqrt",), "Nat"),
    Notation(("φ",), "notation", "M", 1, ("Real.sqrt",), "goldenRatio"),
    Notation((" ≡ ", " [MOD ", "]"), "notation", "M", 1, ("Nat.gcd",)),
    Notation(("conj",), "notation", "M", 1, ("Complex.I",), "ComplexConjugate"),
    Notation((" ⊕⊕ ",), "infixl", "M", 1, ("Nat.gcd",), "Strange"),
)


def declarations() -> list[Declaration]:
    made = []
    for line in TABLE.splitlines():
        written, _, signature = line.partition("|")
        kind, name = written.split()
        made.append(Declaration(name, KINDS[kind], "Mathlib.Test", 1, signature=signature.strip()))
    for name, (new, since) in DEPRECATED.items():
        made.append(Declaration(name, Kind.DEF, "Mathlib.Test", 1, "written", new, since))
    return made


def vocabulary() -> Vocabulary:
    plain = Vocabulary.of(declarations(), {"Nat.card"}, {}, {}, {"Scoped.Only"})
    return replace(
        plain,
        notation_table=NOTATIONS,
        namespaces=plain.namespaces | {n.scope for n in NOTATIONS if n.scope},
        head=lambda name: HEADS.get(name, ""),
        parents={"Derived": ("Base",), "Group": ("Mul",)},
        unfolds={"Sub": "Derived"},
        popularity=lambda name: {"Nat.sqrt": 5, "Real.sqrt": 50}.get(name, 0),
    )


HEADER = "import Mathlib\nopen scoped Topology\n"


class Small:
    """The static checker on the small vocabulary."""

    def __init__(self) -> None:
        self.vocabulary = vocabulary()
        self.checker = StaticChecker(self.vocabulary)

    def judge(self, statement: str, header: str = HEADER, helper: str = "") -> Verdict:
        """The verdict on a statement; what declares nothing is one from behind the name of a theorem on."""
        if not any(word in statement for word in ("theorem", "lemma", "example")):
            statement = f"theorem t {statement} := by sorry"
        return self.checker.check(Candidate("t", header, statement, helper))

    def told(self, statement: str, header: str = HEADER, helper: str = "") -> list[tuple[str, str | None]]:
        """Category and name of each diagnostic."""
        return [(d.category, d.name) for d in self.judge(statement, header, helper).diagnostics]

    def only(self, statement: str, header: str = HEADER, helper: str = "") -> Diagnostic:
        """The diagnostic of a statement that has one."""
        (found,) = self.judge(statement, header, helper).diagnostics
        return found
