"""What an index knows of one name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from cramf.knowledge.lookup import Found, Lookup
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Declaration, Kind, Notation
from cramf.knowledge.vocabulary import Vocabulary


def declared(name: str, kind: Kind = Kind.THEOREM, line: int = 1, **values: object) -> Declaration:
    return Declaration(name, kind, "Mathlib.A", line, **values)  # type: ignore[arg-type]


def look(
    *declarations: Declaration, aliases: dict[str, str] | None = None, notations: Iterable[Notation] = ()
) -> Lookup:
    vocabulary = replace(Vocabulary.of(declarations, aliases=aliases), notation_table=tuple(notations))
    return Lookup(
        vocabulary,
        signature=lambda name: f": {name} = 1",
        dependencies=lambda name: (f"used by {name}",),
        in_module=lambda module: [d.name for d in declarations if d.module == module],
        nearest=lambda word: (f"near {word}",),
    )


def test_a_declaration_is_itself() -> None:
    plain = declared("A.b", Kind.DEF, 7, namespace="A", attributes=("simp",))
    assert look(plain).find("A.b") == Found(
        "A.b",
        True,
        "A.b",
        "written",
        "def",
        "Mathlib.A",
        7,
        ": A.b = 1",
        "written",
        namespace="A",
        attributes=("simp",),
    )


def test_what_is_unknown_is_none() -> None:
    core = Declaration("Nat.succ", Kind.ATTESTED, "", 0, "attested")
    found = Lookup(Vocabulary.of([core])).find("Nat.succ")
    assert (found.found, found.resolved, found.kind) == (True, "Nat.succ", "attested")
    assert (found.module, found.line, found.signature, found.since) == (None, None, None, None)
    assert found.how == "attested in Mathlib's text (Lean core, Std or Batteries)"


@pytest.mark.parametrize("asked", ["_root_.A.b", "«A».b", " A.b\t", "A.«b»", "_root_.A.«b»"])
def test_other_ways_to_write_a_name(asked: str) -> None:
    found = look(declared("A.b")).find(asked)
    assert (found.name, found.found, found.resolved) == (asked.strip(), True, "A.b")
    assert found.target is None


@pytest.mark.parametrize("asked", ["A.exists", "A.«exists»", "_root_.A.exists"])
def test_a_name_that_the_index_has_in_quotes(asked: str) -> None:
    assert look(declared("A.«exists»")).find(asked).resolved == "A.«exists»"


def test_a_missing_name() -> None:
    found = look(declared("A.b")).find("_root_.A.c")
    assert found == Found("_root_.A.c", False, nearest=("near A.c",))


def test_a_very_long_name_is_not_compared_with_others() -> None:
    found = look(declared("A.b")).find("a" * 10_000)
    assert (found.found, found.nearest) == (False, ())


class TestDeprecation:
    def test_with_date_and_replacement(self) -> None:
        old = declared("old", deprecated="new", since="2025-01-02")
        found = look(old, declared("new", Kind.DEF, 9)).find("old")
        assert found.how == "deprecated since 2025-01-02, use new"
        assert (found.resolved, found.deprecated, found.since) == ("new", "new", "2025-01-02")
        assert (found.kind, found.line, found.signature) == ("theorem", 1, ": old = 1")
        assert found.target is not None
        assert (found.target.name, found.target.kind, found.target.line) == ("new", "def", 9)
        assert found.target.signature == ": new = 1"

    def test_a_chain_is_followed_to_its_end(self) -> None:
        names = [declared(f"n{i}", deprecated=f"n{i + 1}") for i in range(50)]
        found = look(*names, declared("n50")).find("n0")
        assert found.resolved == "n50"
        assert found.how == "deprecated, use n1, which is now n50"

    @pytest.mark.parametrize(("asked", "end"), [("a", "c"), ("b", "a"), ("c", "b"), ("self", "self")])
    def test_a_circle_ends(self, asked: str, end: str) -> None:
        circle = [declared(x, deprecated=y) for x, y in ("ab", "bc", "ca")]
        assert look(*circle, declared("self", deprecated="self")).find(asked).resolved == end

    def test_without_a_replacement(self) -> None:
        found = look(declared("old", deprecated="", since="2025-01-02")).find("old")
        assert found.how == "deprecated since 2025-01-02, without a replacement"
        assert (found.resolved, found.deprecated, found.target) == ("old", "", None)

    def test_a_replacement_that_is_not_there(self) -> None:
        found = look(declared("old", deprecated="elsewhere")).find("old")
        assert found.how == "deprecated, use elsewhere, which the index does not have"
        assert (found.resolved, found.deprecated) == ("old", "elsewhere")

    def test_a_made_name_tells_both(self) -> None:
        twin = declared("addOld", origin="to_additive", deprecated="addNew")
        found = look(twin, declared("old", deprecated="new"), declared("addNew", line=2)).find("addOld")
        assert found.how == "to_additive of old; deprecated, use addNew"


class TestAliases:
    def test_an_export(self) -> None:
        found = look(declared("N.a", Kind.DEF, 5), aliases={"a": "N.a"}).find("a")
        assert (found.how, found.resolved, found.origin) == ("exported from N", "N.a", "export")
        assert (found.kind, found.line, found.signature) == ("def", 5, ": N.a = 1")
        assert found.target is not None

    def test_one_of_core(self) -> None:
        found = look(declared("Min.min"), aliases={"min": "Min.min"}).find("min")
        assert (found.how, found.resolved) == ("exported by Lean core from Min", "Min.min")

    def test_of_a_deprecated_declaration(self) -> None:
        old = declared("N.a", deprecated="N.b", since="2025-01-02")
        found = look(old, declared("N.b"), aliases={"a": "N.a"}).find("a")
        assert found.resolved == "N.b"
        assert found.how == "exported from N; N.a is deprecated since 2025-01-02, use N.b"

    def test_a_replacement_that_is_an_alias(self) -> None:
        found = look(declared("old", deprecated="a"), declared("N.a"), aliases={"a": "N.a"}).find("old")
        assert found.resolved == "N.a"

    def test_aliases_of_each_other(self) -> None:
        found = look(aliases={"a": "b", "b": "a"}).find("a")
        assert (found.found, found.resolved) == (True, "b")


class TestOrigins:
    @pytest.mark.parametrize("rule", ["to_additive", "to_dual"])
    def test_a_twin_names_its_source(self, rule: str) -> None:
        group = (
            declared("mul", Kind.CLASS, 3),
            declared("mul.mk", Kind.CONSTRUCTOR, 3, origin="structure"),
            declared("add", Kind.CLASS, 3, origin=rule),
            declared("elsewhere", Kind.CLASS, 4),
        )
        assert look(*group).find("add").how == f"{rule} of mul"

    def test_a_twin_of_one_of_several_names_none(self) -> None:
        group = (declared("m"), declared("m_assoc", origin="reassoc"), declared("a", origin="to_additive"))
        assert look(*group).find("a").how == "made by to_additive"

    def test_a_member_names_its_type(self) -> None:
        group = (
            declared("T", Kind.INDUCTIVE),
            declared("T.node", Kind.CONSTRUCTOR),
            declared("T.node.inj", origin="structure"),
            declared("alone", origin="structure"),
        )
        assert look(*group).find("T.node.inj").how == "made by the inductive T"
        assert look(*group).find("alone").how == "made by a structure"

    def test_a_made_name_names_what_it_is_made_for(self) -> None:
        group = (
            declared("f", Kind.DEF),
            declared("g", Kind.DEF, origin="to_additive"),
            declared("f_apply", origin="simps"),
            declared("g_apply", origin="simps"),
            declared("f_other", line=2, origin="simps"),
        )
        assert look(*group).find("f_apply").how == "made by simps for f"
        assert look(*group).find("g_apply").how == "made by simps for g"
        assert look(*group).find("f_other").how == "made by simps"

    def test_a_made_name_is_for_the_longest_that_fits(self) -> None:
        group = [declared(name, Kind.DEF) for name in ("f", "f_at", "f_at_apply_of")]
        assert look(*group, declared("f_at_apply", origin="simps")).find("f_at_apply").how == (
            "made by simps for f_at"
        )

    def test_a_twin_is_not_of_another_twin(self) -> None:
        group = (declared("m"), declared("a", origin="to_additive"), declared("d", origin="to_dual"))
        assert look(*group).find("a").how == "to_additive of m"
        assert look(*group).find("d").how == "to_dual of m"

    @pytest.mark.parametrize(
        ("origin", "word"), [("instance", "that Lean gives"), ("instance (guessed)", "probably")]
    )
    def test_an_instance(self, origin: str, word: str) -> None:
        found = look(declared("instA", Kind.INSTANCE, origin=origin)).find("instA")
        assert found.how is not None
        assert "anonymous instance" in found.how
        assert word in found.how


def notation(*tokens: str, of: tuple[str, ...] = ("f",), scope: str = "", keyword: str = "infix") -> Notation:
    return Notation(tokens, keyword, "Mathlib.N", 4, of, scope)


class TestNotation:
    def test_a_literal(self) -> None:
        found = look(declared("f", Kind.DEF), notations=[notation(" ⧸ₘ ", of=("f", "g"))]).find("⧸ₘ")
        assert (found.kind, found.resolved, found.origin) == ("notation", "f", "notation")
        assert (found.module, found.line, found.signature) == ("Mathlib.N", 4, ": f = 1")
        assert (found.how, found.alternatives) == ("made by `infix` for f", ())

    def test_several_meanings(self) -> None:
        several = [notation("∥"), notation("∥", of=("g",), scope="S"), notation("x", " ∥ ", of=("h",))]
        found = look(declared("f"), declared("g"), notations=several).find("∥")
        assert found.resolved == "f"
        assert found.alternatives == ("g", "h")

    def test_a_scope(self) -> None:
        found = look(declared("f"), notations=[notation("𝓤", scope="Top")]).find("𝓤")
        assert found.how == "made by `infix` for f after `open scoped Top`"

    def test_one_of_core_has_no_place(self) -> None:
        core = Notation(("∣",), "core", "", 0, ("Dvd.dvd",))
        found = look(declared("Dvd.dvd"), notations=[core]).find("∣")
        assert (found.resolved, found.module, found.line) == ("Dvd.dvd", None, None)

    def test_a_meaning_that_is_deprecated(self) -> None:
        found = look(declared("f", deprecated="g"), declared("g"), notations=[notation("∥")]).find("∥")
        assert (found.resolved, found.alternatives) == ("g", ())

    def test_a_meaning_that_is_not_known(self) -> None:
        found = look(notations=[notation("∥", of=())]).find("∥")
        assert (found.found, found.resolved, found.signature) == (True, None, None)

    @pytest.mark.parametrize("asked", ["(", ",", ":", ""])
    def test_brackets_and_commas_are_no_names(self, asked: str) -> None:
        assert not look(declared("f"), notations=[notation("(", "∥", ",")]).find(asked).found

    def test_a_declaration_comes_first(self) -> None:
        found = look(declared("π", Kind.DEF), notations=[notation("π")]).find("π")
        assert (found.kind, found.resolved, found.alternatives) == ("def", "π", ("f",))


class TestReserved:
    @pytest.mark.parametrize("part", ["eq_1", "eq_def", "induct", "fun_cases", "match_1.splitter"])
    def test_lean_makes_it_for_a_definition(self, part: str) -> None:
        found = look(declared("A.f", Kind.DEF, 6)).find(f"_root_.A.f.{part}")
        assert (found.found, found.resolved, found.how) == (True, f"A.f.{part}", "made by Lean for A.f")
        assert (found.kind, found.line, found.origin) == ("theorem", 6, "reserved")
        assert found.signature is None

    def test_a_matcher_is_a_definition(self) -> None:
        assert look(declared("f", Kind.DEF)).find("f.match_1").kind == "def"

    def test_through_an_alias(self) -> None:
        found = look(declared("N.f", Kind.DEF), aliases={"f": "N.f"}).find("f.eq_1")
        assert found.resolved == "N.f.eq_1"

    def test_not_without_a_source(self) -> None:
        assert not look(declared("f", Kind.DEF)).find("g.eq_1").found

    @pytest.mark.parametrize("kind", [Kind.THEOREM, Kind.STRUCTURE, Kind.FIELD])
    def test_not_for_what_has_no_body(self, kind: Kind) -> None:
        assert not look(declared("f", kind)).find("f.eq_1").found

    def test_a_matcher_of_a_theorem(self) -> None:
        assert look(declared("f")).find("f.match_1").found


class TestDependencies:
    def test_only_on_request(self) -> None:
        assert look(declared("f")).find("f").dependencies is None
        assert look(declared("f")).find("f", dependencies=True).dependencies == ("used by f",)

    def test_of_the_name_itself_rather_than_its_replacement(self) -> None:
        finder = look(declared("old", deprecated="new"), declared("new"), aliases={"a": "new"})
        assert finder.find("old", dependencies=True).dependencies == ("used by old",)
        assert finder.find("a", dependencies=True).dependencies == ("used by new",)

    def test_none_where_there_is_no_statement(self) -> None:
        finder = look(declared("f", Kind.DEF))
        assert finder.find("f.eq_1", dependencies=True).dependencies is None
        assert finder.find("g", dependencies=True).dependencies is None


def test_over_an_index(sample_index: Path) -> None:
    finder = Lookup.over(KnowledgeBase.open(sample_index))
    assert finder.find("MyAddGroup").how == "to_additive of MyGroup"
    assert finder.find("MyAddGroup.mk").how == "to_additive of MyGroup.mk"
    assert finder.find("MyGroup.mk").how == "made by the class MyGroup"
    assert finder.find("MyAddGroup.ext").how == "made by ext for MyAddGroup"
    assert finder.find("MyGroup.sq").resolved == "MyGroup.square"
    assert finder.find("center").how == "exported from MySubgroup"
    assert finder.find("𝓤").how == "made by `notation` for myNhds after `open scoped MyTopology`"
    found = finder.find("MyGroup.square", dependencies=True)
    assert found.signature == "{G : Type u} [MyGroup G] (x : G) : G"
    assert found.dependencies == ("MyGroup",)


def test_every_name_of_an_index_is_found(sample_index: Path) -> None:
    base = KnowledgeBase.open(sample_index)
    finder = Lookup.over(base)
    for name in [*base.declarations, *base.vocabulary().aliases]:
        found = finder.find(name)
        assert found.found, name
        assert found.how, name
        assert found.resolved in base.declarations, name
