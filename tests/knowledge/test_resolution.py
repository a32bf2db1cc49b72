"""From what a statement speaks of to declarations, on small vocabularies."""

from __future__ import annotations

import pytest

from cramf.knowledge.notations import NotationTable
from cramf.knowledge.resolution import Place, Resolver, Spoken, Used
from cramf.knowledge.types import Notation
from cramf.knowledge.vocabulary import NameTable
from cramf.lean.parser import parse_file
from cramf.lean.scope import Context, Opened

NAMES = """
Set Set.Finite Set.Countable Finite Nat Nat.card Nat.Coprime Nat.succ Nat.Prime Prime Group Group.one
Subgroup Subgroup.Normal Subgroup.map Sylow Sylow.foo NNReal NNReal.sqrt Function.comp Function.Injective
Units Units.val RingHom
RingHom.ker Ideal Ideal.IsPrime Pos Pos.x HAdd.hAdd Arrow A.thing B.thing Sub A.Sub.deep
Poly Poly.eval Poly.root Short Pair Pair.fst N.secret Structure Structure.carrier Loop Loop.a Cycle
""".split()
RESULTS = {
    "Nat.card": "Nat",
    "Nat.succ": "Nat",
    "RingHom.ker": "Ideal",
    "Subgroup.map": "Subgroup",
    "Poly.eval": "Nat",
    "Pair.fst": "Set",
    "Structure.carrier": "Set",
}
PARENTS = {"Sylow": ("Subgroup",), "Child": ("Structure",), "Loop": ("Cycle",), "Cycle": ("Loop",)}
NOTATIONS = [
    Notation(("→+*",), "infixr", "M", 1, ("RingHom",)),
    Notation(("ℝ≥0",), "notation", "M", 1, ("NNReal",), "NNReal"),
    Notation(("ˣ",), "postfix", "M", 1, ("Units",)),
    Notation(("+",), "infixl", "M", 1, ("HAdd.hAdd",)),
    Notation(("⋆",), "infixl", "M", 1, ("A.thing",), "A"),
    Notation(("⋆",), "infixl", "M", 1, ("B.thing",), "B"),
]
LOCAL = [Notation(("⋆",), "infixl", "Mine", 1, ("Prime",))]
TABLE = NameTable(NAMES, protected={"Nat.Prime"}, aliases={"Exported": "Nat.card", "Nat.alias": "Nat.succ"})
RESOLVER = Resolver(
    TABLE,
    NotationTable(NOTATIONS, LOCAL),
    lambda name: RESULTS.get(name, ""),
    PARENTS,
    lambda name: {"Short": "Poly"}.get(name, ""),
)


def used(
    statement: str,
    context: Context | None = None,
    module: str = "M",
    owner: str = "",
    own: NameTable | None = None,
) -> Used:
    """What `theorem t statement` uses at a place."""
    found = next(c.declaration for c in parse_file(f"theorem t {statement}\n").commands if c.declaration)
    uses = found.uses
    # Extraction puts `@f` for the head of what no variable binds.
    dots = [(f"@{head[1:]}" if head[:1] == "?" else head, field, shown) for head, field, shown in uses.dots]
    spoken = Spoken(uses.words, uses.hidden, dots, uses.runs, owner)
    return RESOLVER.statement(spoken, Place(context or Context(), module, TABLE, own))


def named(statement: str, context: Context | None = None) -> list[str]:
    found = used(statement, context)
    return [name if shown else f"{name}~" for name, shown in found.named.items()]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (": Set.Finite s", ["Set.Finite"]),
        ("(s : Set α) : s.Finite", ["Set", "Set.Finite"]),
        (": {x | p x}.Countable", ["Set.Countable"]),
        # Through a parent structure, and on to what its method gives.
        ("(P : Sylow p G) : P.Normal", ["Sylow", "Subgroup.Normal"]),
        ("(P : Sylow p G) : P.foo", ["Sylow", "Sylow.foo"]),
        ("(P : Sylow p G) : (P.map f).Normal", ["Sylow", "Subgroup.map", "Subgroup.Normal"]),
        ("(P : Sylow p G) : P.map.map.Normal", ["Sylow", "Subgroup.map", "Subgroup.Normal"]),
        # Through an abbreviation.
        ("(q : Short) : q.eval", ["Short", "Poly.eval"]),
        ("(q : Short) : q.eval.Coprime", ["Short", "Poly.eval", "Nat.Coprime"]),
        # The result of a declaration.
        (": (Nat.card G).Coprime n", ["Nat.card", "Nat.Coprime"]),
        (": (Nat.card G).succ.Coprime n", ["Nat.card", "Nat.succ", "Nat.Coprime"]),
        (": (Exported G).Coprime n", ["Nat.card", "Nat.Coprime"]),
        (": Nat.card.Coprime", ["Nat.card", "Nat.Coprime"]),
        # Notation as the head of a type.
        ("(f : R →+* S) : f.ker", ["RingHom.ker"]),
        ("(f : R →+* S) : f.ker.IsPrime", ["RingHom.ker", "Ideal.IsPrime"]),
        ("(x : ℝ≥0) : x.sqrt", ["NNReal.sqrt"]),
        ("(x : Gˣ) : x.val", ["Units.val"]),
        ("(f : X → Y) : f.Injective", ["Function.Injective"]),
        (": (f ∘ g).Injective", ["Function.Injective"]),
        (": (fun x ↦ x).comp", ["Function.comp"]),
        ("(x : Nat.alias) : p", ["Nat.succ"]),
        # What is unknown stops the walk.
        ("(s : Set α) : s.unknown.Finite", ["Set"]),
        ("(s : Loop) : s.unknown", ["Loop"]),
        ("(s : Loop) : s.a", ["Loop", "Loop.a"]),
        # Hidden where the printer drops it.
        (": ∃ s : Set α, p", ["Set~"]),
        (": (s : Set α).Finite", ["Set~", "Set.Finite"]),
        (": ∃ s : Set α, Set = s", ["Set"]),
        ("(s : Set α) : (x : s.Finite) = y", ["Set", "Set.Finite~"]),
    ],
)
def test_names(statement: str, expected: list[str]) -> None:
    assert named(statement) == expected


def test_the_namespace_and_the_opens_decide() -> None:
    assert named(": card G", Context("Nat")) == ["Nat.card"]
    assert named(": card G", Context("", (Opened("", "Nat"),))) == ["Nat.card"]
    assert named(": card G", Context("", (), (Opened("", "Nat"),))) == []
    assert named(": Prime p", Context("Nat")) == ["Prime"]
    assert named(": deep", Context("A.Sub")) == ["A.Sub.deep"]
    assert named(": deep", Context("A", (Opened("A", "Sub"),))) == ["A.Sub.deep"]
    assert named("(x : Subgroup G) : (map x).Normal", Context("Subgroup")) == [
        "Subgroup",
        "Subgroup.map",
        "Subgroup.Normal",
    ]


def test_what_is_ambiguous_names_all() -> None:
    opens = Context("", (Opened("", "A"), Opened("", "B")))
    assert sorted(named(": thing", opens)) == ["A.thing", "B.thing"]
    assert sorted(named(": thing.unknown", opens)) == ["A.thing", "B.thing"]


def test_notation() -> None:
    found = used("(f : R →+* S) (x : ℝ≥0) : x + y")
    assert list(found.notation) == ["RingHom", "NNReal", "HAdd.hAdd"]
    assert found.named == {}
    assert list(used("(f : R →+* S) : p").notation) == ["RingHom"]


@pytest.mark.parametrize(
    ("context", "module", "expected"),
    [
        (Context("", (Opened("", "A"),)), "M", ["A.thing"]),
        (Context("", (), (Opened("", "A"),)), "M", ["A.thing"]),
        (Context("B"), "M", ["B.thing"]),
        (Context("B.Inner"), "M", ["B.thing"]),
        (Context(), "M", ["A.thing", "B.thing"]),
        (Context("", (Opened("", "A"),)), "Mine", ["Prime"]),
    ],
)
def test_scopes_of_notation(context: Context, module: str, expected: list[str]) -> None:
    assert sorted(used(": x ⋆ y", context, module).notation) == expected


def test_what_means_nothing_is_told() -> None:
    found = used(": nowhere (Set.nowhere x) = Nat.card")
    assert found.unresolved == ["nowhere", "Set.nowhere", "x"]
    assert list(found.named) == ["Nat.card"]


def test_names_private_to_the_file_are_known_and_not_used() -> None:
    own = NameTable(["N.hidden"])
    assert used(": hidden", Context("N")).unresolved == ["hidden"]
    assert used(": hidden", Context("N"), own=own).unresolved == []
    assert used(": hidden", Context("N"), own=own).named == {}
    assert used(": hidden", Context("Other"), own=own).unresolved == ["hidden"]


def test_fields_of_a_parent_are_in_scope_in_a_structure() -> None:
    found = used(": carrier.Finite", owner="Child")
    assert found.named == {"Structure.carrier": True, "Set.Finite": True}
    assert found.unresolved == []
    assert used(": carrier.Finite").unresolved == ["carrier.Finite"]
    assert used(": nothing", owner="Child").unresolved == ["nothing"]


def test_a_field_is_found_in_the_type_before_its_parents() -> None:
    assert RESOLVER.field("Sylow", "foo") == "Sylow.foo"
    assert RESOLVER.field("Sylow", "Normal") == "Subgroup.Normal"
    assert RESOLVER.field("Short", "root") == "Poly.root"
    assert RESOLVER.field("Nat", "alias") == "Nat.succ"
    assert RESOLVER.field("Loop", "none") == RESOLVER.field("", "x") == ""


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("Set", "Set"),
        ("→", "Function"),
        ("->", "Function"),
        ("→+*", "RingHom"),
        ("→+*x", "RingHom"),
        ("ℝ≥0", "NNReal"),
        ("@Nat.card", "Nat"),
        ("?Nat.card", "Nat"),
        ("@Nat.card()", "Nat"),
        ("@Nat.card.succ", "Nat"),
        ("@Nat.card|succ", "Nat"),
        ("Sylow|map", "Subgroup"),
        ("Sylow|none", ""),
        ("Set.nothing", ""),
        ("@unknown", ""),
        ("unknown", ""),
        ("≃", ""),
        ("", ""),
    ],
)
def test_heads(head: str, expected: str) -> None:
    assert RESOLVER.head(head, Place(Context(), "M", TABLE)) == expected
