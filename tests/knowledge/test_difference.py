"""What has changed from one index to another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from cramf.errors import KnowledgeBaseError
from cramf.jsonable import to_jsonable
from cramf.knowledge.difference import (
    Changed,
    Declared,
    Difference,
    Gone,
    Renamed,
    compare,
    read_columns,
)
from cramf.knowledge.store import KnowledgeBase, write_directory
from cramf.knowledge.tables import declarations_table, names_record, signatures_table, write_table
from cramf.knowledge.types import Declaration, Kind

PLACE = "Mathlib.A"


def declared(name: str, kind: Kind = Kind.THEOREM, module: str = PLACE, **values: object) -> Declaration:
    return Declaration(name, kind, module, 1, **values)  # type: ignore[arg-type]


def attested(name: str) -> Declaration:
    return Declaration(name, Kind.ATTESTED, "", 0, "attested")


def index(
    folder: Path, *declarations: Declaration, aliases: Mapping[str, str] | None = None, signatures: int = -1
) -> KnowledgeBase:
    """An index with the tables of names and nothing else."""
    ordered = sorted(declarations, key=lambda d: d.name)

    def write(place: Path) -> dict[str, object]:
        write_table(declarations_table(ordered, frozenset(), {}), place / "declarations.parquet")
        kept = ordered if signatures < 0 else ordered[:signatures]
        write_table(signatures_table(kept), place / "signatures.parquet")
        record = names_record(aliases or {}, (), (), {}, {})
        (place / "names.json").write_text(json.dumps(record), encoding="utf-8")
        return {
            "mathlib_commit": folder.name,
            "toolchain": "lean",
            "encoder": "none",
            "dimensions": 1,
            "counts": {"declarations": len(ordered)},
        }

    write_directory(folder, write)
    return KnowledgeBase.open(folder)


def differ(
    tmp_path: Path,
    old: list[Declaration],
    new: list[Declaration],
    aliases: Mapping[str, str] | None = None,
) -> Difference:
    return compare(index(tmp_path / "old", *old), index(tmp_path / "new", *new, aliases=aliases))


def only(found: Difference, *names: str) -> None:
    """No list but these has an entry."""
    assert {name for name, count in found.counts.items() if count} == set(names)


def test_equal_indexes(tmp_path: Path) -> None:
    both = [declared("a", signature=": 1"), declared("b", deprecated="a"), attested("c")]
    found = differ(tmp_path, both, both)
    only(found)
    assert (found.old.mathlib_commit, found.new.mathlib_commit) == ("old", "new")
    assert found.old.declarations == found.new.declarations == 2


def test_added_and_removed(tmp_path: Path) -> None:
    found = differ(tmp_path, [declared("b"), declared("a"), declared("k")], [declared("k"), declared("c")])
    only(found, "added", "removed")
    assert found.added == (Declared("c", "theorem", PLACE, 1),)
    assert found.removed == (Gone("a", "theorem", PLACE, 1), Gone("b", "theorem", PLACE, 1))


def test_removed_after_a_deprecation(tmp_path: Path) -> None:
    """The old index knew what to use instead, and the new one still has the end of the chain."""
    old = [declared("a", deprecated="b"), declared("b", deprecated="c"), declared("c")]
    old += [declared("x", deprecated="y"), declared("y")]
    found = differ(tmp_path, old, [declared("c")])
    only(found, "removed")
    assert {g.name: g.replacement for g in found.removed} == {"a": "c", "b": "c", "x": None, "y": None}


def test_a_circle_of_removed_names(tmp_path: Path) -> None:
    found = differ(tmp_path, [declared("a", deprecated="b"), declared("b", deprecated="a")], [])
    assert [g.replacement for g in found.removed] == [None, None]


def test_a_name_that_moved_to_core(tmp_path: Path) -> None:
    found = differ(tmp_path, [declared("a")], [attested("a")])
    assert found.removed == (Gone("a", "theorem", PLACE, 1, attested=True),)


def test_attested_names_take_no_part(tmp_path: Path) -> None:
    only(differ(tmp_path, [attested("a")], [attested("b")]))


def test_an_attested_name_that_is_declared_now(tmp_path: Path) -> None:
    only(differ(tmp_path, [attested("a")], [declared("a")]), "added")


def test_renamed_by_a_deprecation(tmp_path: Path) -> None:
    """The pointer that is left is of another kind and type and place, which nobody wants to hear."""
    old = [declared("a", signature=": 1")]
    pointer = declared("a", Kind.ALIAS, "Mathlib.B", deprecated="b", since="2025-01-02", signature=": ¬ 1")
    found = differ(tmp_path, old, [pointer, declared("b")])
    only(found, "renamed", "added")
    assert found.renamed == (Renamed("a", "b", "deprecated", "alias", "Mathlib.B", "2025-01-02"),)


def test_renamed_by_an_alias(tmp_path: Path) -> None:
    found = differ(tmp_path, [declared("a")], [declared("N.a")], {"a": "N.a"})
    only(found, "renamed", "added")
    assert found.renamed == (Renamed("a", "N.a", "alias", "theorem", PLACE),)


def test_renamed_names_are_in_order(tmp_path: Path) -> None:
    new = [declared("a", deprecated="x"), declared("c", deprecated="x"), declared("x")]
    old = [declared(n) for n in "abcx"]
    assert [r.name for r in differ(tmp_path, old, new, {"b": "x"}).renamed] == ["a", "b", "c"]


def test_deprecated_without_a_replacement(tmp_path: Path) -> None:
    found = differ(tmp_path, [declared("a")], [declared("a", deprecated="", since="2025-01-02")])
    only(found, "deprecated")
    assert found.deprecated == (Declared("a", "theorem", PLACE, 1, "2025-01-02"),)


def test_deprecated_before_is_no_news(tmp_path: Path) -> None:
    only(differ(tmp_path, [declared("a", deprecated="b")], [declared("a", deprecated="c")]))


def test_no_longer_deprecated_is_no_news(tmp_path: Path) -> None:
    only(differ(tmp_path, [declared("a", deprecated="b")], [declared("a")]))


def test_moved_and_changed(tmp_path: Path) -> None:
    old = [declared("a", Kind.LEMMA, signature=": 1"), declared("same", signature=": 1")]
    new = [declared("a", Kind.THEOREM, "Mathlib.B", signature=": 2"), declared("same", signature=": 1")]
    found = differ(tmp_path, old, new)
    only(found, "moved", "changed_kind", "changed_type")
    assert found.moved == (Changed("a", "theorem", "Mathlib.B", "Mathlib.A", "Mathlib.B"),)
    assert found.changed_kind == (Changed("a", "theorem", "Mathlib.B", "lemma", "theorem"),)
    assert found.changed_type == (Changed("a", "theorem", "Mathlib.B", ": 1", ": 2"),)


@pytest.mark.parametrize(("before", "after"), [("", ": 1"), (": 1", ""), ("", "")])
def test_a_type_that_is_not_known_is_not_compared(tmp_path: Path, before: str, after: str) -> None:
    only(differ(tmp_path, [declared("a", signature=before)], [declared("a", signature=after)]))


def test_another_line_is_no_difference(tmp_path: Path) -> None:
    new = Declaration("a", Kind.THEOREM, PLACE, 99)
    only(differ(tmp_path, [declared("a")], [new]))


def test_empty_indexes(tmp_path: Path) -> None:
    only(differ(tmp_path, [], []))
    only(differ(tmp_path / "more", [], [declared("a")]), "added")
    only(differ(tmp_path / "less", [declared("a")], []), "removed")


class TestSelect:
    @pytest.fixture
    def found(self, tmp_path: Path) -> Difference:
        old = [
            declared("kind", Kind.LEMMA, "Mathlib.Order"),
            declared("gone", Kind.DEF, "Mathlib.Order.Basic"),
            declared("mover", Kind.DEF, "Mathlib.Order.Basic"),
        ]
        new = [
            declared("kind", Kind.DEF, "Mathlib.Order"),
            declared("mover", Kind.DEF, "Mathlib.Data"),
            declared("fresh", Kind.CLASS, "Mathlib.OrderTheory"),
        ]
        return differ(tmp_path, old, new)

    def test_everything(self, found: Difference) -> None:
        assert found.select() == found
        assert found.counts["removed"] == found.counts["added"] == found.counts["moved"] == 1

    def test_a_kind(self, found: Difference) -> None:
        only(found.select(["class"]), "added")
        only(found.select(["lemma"]), "changed_kind")
        only(found.select(["def"]), "removed", "moved", "changed_kind")
        only(found.select(["lemma", "class"]), "added", "changed_kind")

    def test_a_module_and_those_below(self, found: Difference) -> None:
        only(found.select(module="Mathlib.Order"), "removed", "moved", "changed_kind")
        only(found.select(module="Mathlib.Data"), "moved")
        only(found.select(module="Mathlib.OrderTheory"), "added")
        only(found.select(module="Mathlib.Ord"))
        assert found.select(module="Mathlib") == found

    def test_both(self, found: Difference) -> None:
        only(found.select(["lemma"], "Mathlib.Data"))


def test_as_json(tmp_path: Path) -> None:
    found = differ(tmp_path, [declared("a")], [declared("b")])
    values = json.loads(json.dumps(to_jsonable(found)))
    assert values["added"] == [{"name": "b", "kind": "theorem", "module": PLACE, "line": 1, "since": None}]
    assert values["old"]["declarations"] == 1
    assert set(found.counts) < set(values)


def test_signatures_that_do_not_fit(tmp_path: Path) -> None:
    good = index(tmp_path / "good", declared("a"), declared("b"))
    bad = index(tmp_path / "bad", declared("a"), declared("b"), signatures=1)
    for pair in ((good, bad), (bad, good)):
        with pytest.raises(KnowledgeBaseError, match="do not fit"):
            compare(*pair)


def test_damage_is_told(tmp_path: Path) -> None:
    base = index(tmp_path / "good", declared("a"))
    (base.path / "signatures.parquet").write_bytes(b"PAR1")
    with pytest.raises(KnowledgeBaseError, match=r"signatures\.parquet is damaged"):
        compare(base, base)


def test_a_table_without_a_column(tmp_path: Path) -> None:
    base = index(tmp_path / "good", declared("a"))
    with pytest.raises(KnowledgeBaseError, match=r"signatures\.parquet is damaged"):
        read_columns(base, "signatures.parquet", ("name",))


def test_against_itself(sample_index: Path) -> None:
    base = KnowledgeBase.open(sample_index)
    only(compare(base, base))
