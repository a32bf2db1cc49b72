"""The table of names of Lean core: written, read back, shipped, damaged, and joined to an index."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cramf.environment import default_core
from cramf.errors import ResourceError
from cramf.knowledge.core_library import CoreLibrary, load_core, with_core, write_core
from cramf.knowledge.linking import Linked
from cramf.knowledge.types import Declaration, Definition, Kind
from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.scope import Context

COMMIT = "0123456789abcdef"


def made(
    name: str, kind: Kind, module: str, signature: str = "", deprecated: str | None = None
) -> Declaration:
    since = "2026-01-02" if deprecated is not None else None
    return Declaration(name, kind, module, 3, "written", deprecated, since, signature=signature)


DECLARATIONS = (
    made("Nat", Kind.INDUCTIVE, "Init.Prelude", ": Type"),
    made("Nat.succ", Kind.CONSTRUCTOR, "Init.Prelude", "(n : Nat) : Nat"),
    made("Nat.half", Kind.DEF, "Batteries.Data.Nat", "(n : Nat) : Nat"),
    made("Nat.half_le", Kind.THEOREM, "Std.Data.Nat", "(n : Nat) : Nat.half n ≤ n"),
    made("Nat.old", Kind.DEF, "Init.Data.Nat", "(n : Nat) : Nat", "Nat.half"),
    made("Nat.gone", Kind.DEF, "Init.Data.Nat", "(n : Nat) : Nat", ""),
    made("Nat.pairs", Kind.DEF, "Init.Data.List", "(n : Nat) : List (Nat × Nat)"),
    made("List", Kind.INDUCTIVE, "Init.Prelude", "(α : Type u) : Type u"),
    made("Monadic", Kind.CLASS, "Init.Prelude", "(m : Type → Type)"),
    made("Monadic.Strong", Kind.CLASS, "Init.Prelude", "(m : Type → Type) extends Monadic m"),
    # what is not taken
    made("Mathlib.thing", Kind.DEF, "Mathlib.Data.Nat", "(n : Nat) : Nat"),
    made("Lean.Meta.thing", Kind.DEF, "Lean.Meta.Basic", "(n : Nat) : Nat"),
    made("Nat.hidden", Kind.DEF, "Std.Internal.Parsec", "(n : Nat) : Nat"),
    made("Nat._aux", Kind.DEF, "Init.Prelude", "(n : Nat) : Nat"),
    made("Nat.match_1", Kind.DEF, "Init.Prelude", "(n : Nat) : Nat"),
    made("Nat.Internal.go", Kind.DEF, "Init.Prelude", "(n : Nat) : Nat"),
    made("«term_+_»", Kind.DEF, "Init.Prelude", ": Nat"),
)
DEFINITIONS = (
    Definition("Monadic.Strong", Kind.CLASS, "Init.Prelude", 3, "", parents=("Monadic",)),
    Definition("Mathlib.thing", Kind.DEF, "Mathlib.Data.Nat", 3, "", parents=("Nat",)),
)
TAKEN = {d.name for d in DECLARATIONS[:10]}


@pytest.fixture
def linked() -> Linked:
    empty = frozenset[str]()
    return Linked(DEFINITIONS, (), DECLARATIONS, empty, {}, {}, empty, (), 1)


@pytest.fixture
def folder(tmp_path: Path, linked: Linked) -> Path:
    out = tmp_path / "deep" / "core"
    assert write_core(linked, out, COMMIT) == len(TAKEN)
    return out


def test_what_is_written_is_read(folder: Path) -> None:
    core = load_core(folder)
    assert set(core.declarations) == TAKEN
    assert core.version == COMMIT
    assert core.checksum == hashlib.sha256((folder / "declarations.parquet").read_bytes()).hexdigest()
    for declaration in DECLARATIONS[:10]:
        found = core.declarations[declaration.name]
        assert (found.name, found.kind, found.module) == (
            declaration.name,
            declaration.kind,
            declaration.module,
        )
        assert (found.deprecated, found.since) == (declaration.deprecated, declaration.since)
        assert found.origin == "core"
    assert core.declarations["Nat.half"].signature == "(n : Nat) : Nat"
    assert core.declarations["Nat.gone"].deprecated == ""
    assert core.declarations["Nat.half"].deprecated is None


def test_heads_and_parents(folder: Path) -> None:
    core = load_core(folder)
    assert core.heads["Nat.half"] == "Nat"
    assert core.heads["Nat.pairs"] == "List"
    assert core.heads["Nat.succ"] == "Nat"
    assert "Nat.half_le" not in core.heads
    assert set(core.heads) <= TAKEN
    assert dict(core.parents) == {"Monadic.Strong": ("Monadic",)}


def test_writing_is_deterministic(tmp_path: Path, linked: Linked, folder: Path) -> None:
    other = tmp_path / "other"
    write_core(replace(linked, declarations=DECLARATIONS[::-1]), other, COMMIT)
    for name in ("declarations.parquet", "about.json"):
        assert (other / name).read_bytes() == (folder / name).read_bytes()
    assert sorted(p.name for p in other.iterdir()) == ["about.json", "declarations.parquet"]


def test_writing_over_an_older_table(folder: Path, linked: Linked) -> None:
    assert write_core(replace(linked, declarations=DECLARATIONS[:2]), folder, "new") == 2
    core = load_core(folder)
    assert set(core.declarations) == {"Nat", "Nat.succ"}
    assert core.version == "new"


def test_about(folder: Path) -> None:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    assert about["declarations"] == len(TAKEN)
    assert about["lean_commit"] == COMMIT
    assert about["libraries"] == ["Init", "Std", "Batteries"]


# -- damage ----------------------------------------------------------------------------------------------


def rewritten(folder: Path, table: pa.Table) -> None:
    """Put another table in place, with a checksum that fits."""
    pq.write_table(table, folder / "declarations.parquet")
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    about["sha256"] = hashlib.sha256((folder / "declarations.parquet").read_bytes()).hexdigest()
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def table_of(folder: Path) -> pa.Table:
    return pq.read_table(folder / "declarations.parquet")


def changed(table: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))


DAMAGE = {
    "no folder": lambda f: shutil.rmtree(f),
    "no table": lambda f: (f / "declarations.parquet").unlink(),
    "no about": lambda f: (f / "about.json").unlink(),
    "empty table": lambda f: (f / "declarations.parquet").write_bytes(b""),
    "cut table": lambda f: (f / "declarations.parquet").write_bytes(
        (f / "declarations.parquet").read_bytes()[:-9]
    ),
    "one bit": lambda f: (f / "declarations.parquet").write_bytes(
        bytes([(f / "declarations.parquet").read_bytes()[0] ^ 1])
        + (f / "declarations.parquet").read_bytes()[1:]
    ),
    "empty about": lambda f: (f / "about.json").write_bytes(b""),
    "about is a list": lambda f: (f / "about.json").write_text("[]"),
    "about is a number": lambda f: (f / "about.json").write_text("3"),
    "about without checksum": lambda f: (f / "about.json").write_text('{"lean_commit": "a"}'),
    "about in another encoding": lambda f: (f / "about.json").write_bytes(b"\xff\xfe{}"),
    "no commit": lambda f: (f / "about.json").write_text(
        json.dumps({"sha256": hashlib.sha256((f / "declarations.parquet").read_bytes()).hexdigest()})
    ),
    "about is a folder": lambda f: ((f / "about.json").unlink(), (f / "about.json").mkdir()),
    "no column": lambda f: rewritten(f, table_of(f).drop_columns(["kind"])),
    "no signatures": lambda f: rewritten(f, table_of(f).drop_columns(["signature"])),
    "unknown kind": lambda f: rewritten(f, changed(table_of(f), "kind", ["no kind"] * table_of(f).num_rows)),
    "kind missing": lambda f: rewritten(f, changed(table_of(f), "kind", [None] * table_of(f).num_rows)),
    "name missing": lambda f: rewritten(f, changed(table_of(f), "name", [None] * table_of(f).num_rows)),
    "no rows": lambda f: rewritten(f, table_of(f).slice(0, 0)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_clear_error(folder: Path, damage: str) -> None:
    DAMAGE[damage](folder)
    with pytest.raises(ResourceError) as caught:
        load_core(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    assert "cramf index core" in f"{message} {caught.value.mend}"


# -- joined to an index ----------------------------------------------------------------------------------


def core_of(*declarations: Declaration, heads: dict[str, str] | None = None) -> CoreLibrary:
    return CoreLibrary({d.name: d for d in declarations}, heads or {}, {"A.P": ("A.Q",)}, COMMIT, "sum")


def test_the_index_comes_first_and_core_fills_in() -> None:
    index = Vocabulary.of(
        [
            made("A.both", Kind.DEF, "Mathlib.A", ": Nat"),
            Declaration("A.used", Kind.ATTESTED, "", 0, "attested"),
            Declaration("A.only", Kind.ATTESTED, "", 0, "attested"),
            made("A.new", Kind.DEF, "Mathlib.A"),
        ]
    )
    core = core_of(
        made("A.both", Kind.THEOREM, "Init.A", ": False"),
        made("A.used", Kind.DEF, "Init.A", "(n : Nat) : Nat"),
        made("A.more", Kind.THEOREM, "Init.A"),
    )
    joined = with_core(index, core)
    found = joined.declarations
    assert found["A.both"].module == "Mathlib.A"
    assert found["A.used"].kind is Kind.DEF
    assert found["A.only"].kind is Kind.ATTESTED
    assert found["A.more"].module == "Init.A"
    assert sorted(found) == ["A.both", "A.more", "A.new", "A.only", "A.used"]
    assert len(found) == 5
    assert "A.none" not in found
    assert 3 not in found
    with pytest.raises(KeyError):
        _ = found["A.none"]
    assert found.get("A.none") is None
    assert joined.attested == {"A.only"}
    assert joined.signature("A.both") == ": Nat"
    assert joined.signature("A.used") == "(n : Nat) : Nat"
    assert joined.signature("A.none") == ""
    assert "A.more" in joined
    assert index.declarations["A.used"].kind is Kind.ATTESTED  # the index is as it was


def test_proofs_heads_and_parents_are_joined() -> None:
    index = replace(
        Vocabulary.of([made("A.thm", Kind.THEOREM, "Mathlib.A"), made("A.P", Kind.CLASS, "Mathlib.A")]),
        head=lambda name: {"A.x": "FromIndex"}.get(name, ""),
        parents={"A.P": ("A.R",)},
    )
    core = core_of(made("B.thm", Kind.THEOREM, "Init.A"), heads={"A.x": "FromCore", "A.y": "FromCore"})
    joined = with_core(index, core)
    assert joined.proofs() == {"A.thm", "B.thm"}
    assert joined.head("A.x") == "FromIndex"
    assert joined.head("A.y") == "FromCore"
    assert joined.head("A.z") == ""
    assert joined.parents["A.P"] == ("A.R",)


def test_only_what_the_index_does_not_know_is_deprecated_by_core() -> None:
    """Core is of another version: what this Mathlib declares it says itself."""
    index = Vocabulary.of(
        [made("A.kept", Kind.DEF, "Mathlib.A"), made("A.old", Kind.DEF, "Mathlib.A", deprecated="A.kept")]
    )
    core = core_of(
        made("A.kept", Kind.DEF, "Init.A", deprecated="A.other"),
        made("A.late", Kind.DEF, "Init.A", deprecated=""),
        made("A.fine", Kind.DEF, "Init.A"),
    )
    joined = with_core(index, core)
    assert joined.deprecated == {"A.old", "A.late"}
    assert all(joined.declarations[n].deprecated is not None for n in joined.deprecated)


def test_names_of_core_resolve() -> None:
    joined = with_core(
        Vocabulary.of([made("A.x", Kind.DEF, "M")]), core_of(made("B.C.y", Kind.DEF, "Init.B"))
    )
    assert joined.table.resolve("B.C.y", Context()) == ("B.C.y",)
    assert {"A", "B", "B.C"} <= joined.table.namespaces


# -- what ships ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> CoreLibrary:
    return load_core(default_core())


def test_the_shipped_table(shipped: CoreLibrary) -> None:
    assert len(shipped.declarations) > 40_000
    assert len(shipped.version) == 40
    names = """
        Nat Nat.succ Nat.gcd Nat.sqrt Int.natAbs List.map List.length Option.some Option.none
        Prod.fst Subtype.val Function.comp Classical.choice Iff.intro Eq.refl Exists.intro And.left
        Or.inl ToString.toString id Nonempty Inhabited.default Decidable.decide String.length
        Char.toNat Array.size Fin.val Bool.not Nat.rec absurd Std.HashMap Nat.le_of_lt_succ
        Nat.Coprime Quotient.mk Setoid.r WellFounded Acc.intro
    """.split()
    assert [n for n in names if n not in shipped.declarations] == []


def test_the_shipped_table_is_consistent(shipped: CoreLibrary) -> None:
    tops = {d.module.partition(".")[0] for d in shipped.declarations.values()}
    assert tops == {"Init", "Std", "Batteries"}
    assert all(name == d.name for name, d in shipped.declarations.items())
    assert not [n for n in shipped.declarations if "«" in n or n != n.strip() or ".." in n or not n]
    assert {h for h in shipped.heads.values() if h not in shipped.declarations} == set()
    assert set(shipped.heads) <= set(shipped.declarations)
    unknown = {p for ps in shipped.parents.values() for p in ps if p not in shipped.declarations}
    assert unknown == set()


@pytest.mark.parametrize(
    ("name", "kind", "head"),
    [
        ("Nat", Kind.INDUCTIVE, ""),
        ("Nat.succ", Kind.CONSTRUCTOR, "Nat"),
        ("Nat.gcd", Kind.DEF, "Nat"),
        ("Nat.sqrt", Kind.DEF, "Nat"),
        ("List.map", Kind.DEF, "List"),
        ("List.length", Kind.DEF, "Nat"),
        ("Nat.gcd_comm", Kind.THEOREM, ""),
        ("Monad", Kind.CLASS, ""),
        ("Fin", Kind.STRUCTURE, ""),
        ("Fin.val", Kind.FIELD, "Nat"),
    ],
)
def test_shipped_kinds_and_heads(shipped: CoreLibrary, name: str, kind: Kind, head: str) -> None:
    assert shipped.declarations[name].kind is kind
    assert shipped.heads.get(name, "") == head


def test_shipped_deprecations_name_their_replacement(shipped: CoreLibrary) -> None:
    old = [d for d in shipped.declarations.values() if d.deprecated is not None]
    assert len(old) > 100
    assert all(d.since for d in old if d.deprecated)
    real = [d for d in old if d.deprecated in shipped.declarations]
    assert len(real) > 0.9 * len([d for d in old if d.deprecated])
