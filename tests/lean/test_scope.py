"""Scopes: what `namespace`, `section`, `open` and `variable` make of an identifier."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.knowledge.vocabulary import NameTable
from cramf.lean.parser import parse_file
from cramf.lean.scope import Context, Opened, ScopeTracker, enclosing, included_variables, resolve


def follow(text: str) -> ScopeTracker:
    """The scope after all commands of a text."""
    tracker = ScopeTracker()
    for command in parse_file(text).commands:
        if command.declaration is not None:
            tracker.finish_once()
        else:
            tracker.feed(command)
    return tracker


def opened(text: str) -> list[str]:
    return [entry.name for entry in follow(text).context.opens]


def meaning(identifier: str, text: str, names: str, protected: str = "") -> tuple[str, ...]:
    """What an identifier means after the commands of `text`, among the names that exist."""
    return NameTable(names.split(), protected.split()).resolve(identifier, follow(text).context)


# -- nesting ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "namespace"),
    [
        ("namespace A", "A"),
        ("namespace A.B", "A.B"),
        ("namespace A\nnamespace B", "A.B"),
        ("namespace A\nsection\nnamespace B", "A.B"),
        ("namespace A\nnamespace B\nend B", "A"),
        ("namespace A.B\nend B", "A"),
        ("namespace A\nnamespace B\nend A.B", ""),
        ("namespace A.B\nend A.B", ""),
        ("namespace A\nsection S\nend S", "A"),
        ("namespace A\nsection\nend", "A"),
        ("section S.T\nend S.T", ""),
        ("namespace A\nsection S\nend A.S", ""),
        ("namespace A\nnamespace _root_.B", "B"),
        ("namespace A\nnamespace _root_.B\nend B", "A"),
        ("namespace A\nnamespace _root_.B.C\nend B.C", "A"),
        ("namespace A\nmutual\ndef x := 1\nend", "A"),
        ("namespace A\npublic section\nend", "A"),
        ("namespace A\nnoncomputable section\nend", "A"),
        ("namespace «A b».C", "«A b».C"),
    ],
)
def test_namespaces(text: str, namespace: str) -> None:
    tracker = follow(text)
    assert tracker.namespace == namespace
    assert tracker.context.namespace == namespace
    assert not tracker.errors


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("end", 1),
        ("\n\nend A", 3),
        ("namespace A\nend A\nend A", 3),
        ("section\nend\n\nend", 4),
        ("namespace A\nend B.A", 2),
        ("namespace A\n\nend B", 3),
        ("section S\nend T", 2),
    ],
)
def test_an_end_that_fits_nothing_is_told_with_its_line(text: str, line: int) -> None:
    (error,) = follow(text).errors
    assert error[0] == line
    assert "end" in error[1]


def test_after_a_stray_end_the_rest_still_has_its_scope() -> None:
    tracker = follow("end A\nnamespace B\nopen C")
    assert tracker.namespace == "B"
    assert [o.name for o in tracker.context.opens] == ["C"]
    assert len(tracker.errors) == 1


@given(
    st.lists(st.sampled_from(["namespace A", "section", "section S", "end", "end A", "end A.S", "open B"]))
)
def test_any_order_of_commands_is_followed(lines: list[str]) -> None:
    tracker = follow("\n".join(lines))
    assert set(tracker.namespace.split(".")) <= {"A", ""}
    stray = sum(line.startswith("end") for line in lines)
    assert len(tracker.errors) <= 2 * stray


def test_enclosing() -> None:
    assert list(enclosing("A.B.C")) == ["A.B.C", "A.B", "A"]
    assert list(enclosing("")) == []


# -- open ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("open A B.C", ["A", "B.C"]),
        ("open A\nopen B", ["A", "B"]),
        ("section\nopen A\nend", []),
        ("open B\nsection\nopen A\nend", ["B"]),
        ("namespace N\nopen A\nend N", []),
        ("namespace N\nopen A\nend N\nopen C", ["C"]),
        ("open scoped A", []),
        ("open A in", ["A"]),
        ("open A in\ntheorem x : True := trivial", []),
        ("open A in\nopen B in\ntheorem x : True := trivial", []),
        ("open A in\nopen B in", ["A", "B"]),
        ("open A in\nsection", []),
        ("open C\nopen A in\ntheorem x : True := trivial", ["C"]),
        ("open A in\nset_option x 1 in\ntheorem x : True := trivial", []),
        ("section A\nopen X\nsection B\nopen Y\nend A.B", []),
    ],
)
def test_what_is_open(text: str, names: list[str]) -> None:
    assert opened(text) == names


@pytest.mark.parametrize(
    ("identifier", "text", "names", "expected"),
    [
        ("x", "", "x A.x", "x"),
        ("x", "", "A.x", ""),
        ("x", "namespace A", "x A.x", "A.x"),
        ("x", "namespace A.B", "x A.x", "A.x"),
        ("x", "namespace A.B", "A.x A.B.x", "A.B.x"),
        ("B.x", "namespace A", "A.B.x B.x", "A.B.x"),
        ("_root_.x", "namespace A", "x A.x", "x"),
        ("_root_.A.x", "namespace A", "A.x A.A.x", "A.x"),
        ("_root_.y", "namespace A", "A.y", ""),
        ("x", "open A", "A.x", "A.x"),
        ("B.x", "open A", "A.B.x", "A.B.x"),
        ("x", "open A.B", "A.B.x", "A.B.x"),
        ("x", "open A B", "A.x A.B.x", "A.B.x A.x"),
        ("x", "open A\nopen B", "A.y A.B.x", "A.B.x"),
        ("x", "open A", "x A.x", "A.x x"),
        ("x", "namespace N\nopen A", "N.x A.x", "N.x"),
        ("x", "namespace N\nopen A", "N.A.x A.y", "N.A.x"),
        # Within a namespace the innermost fit alone is opened (lean4 #14325 and #3045).
        ("x", "namespace N\nopen A", "N.A.y A.x", ""),
        ("x", "open A (x)", "A.x A.y", "A.x"),
        ("y", "open A (x)", "A.x A.y", ""),
        ("x", "open A hiding x", "A.x A.y", ""),
        ("y", "open A hiding x", "A.x A.y", "A.y"),
        ("y", "open A renaming x → y", "A.x", "A.x"),
        ("x", "open A renaming x → y", "A.x", ""),
        ("x", "open scoped A", "A.x", ""),
        ("x", "open A in\nopen B in", "A.x B.y", "A.x"),
        # "the same as `open A (x)` except that the name is changed", says Lean of `renaming`.
        ("z", "open A renaming x → y", "A.x A.z", ""),
    ],
)
def test_resolution(identifier: str, text: str, names: str, expected: str) -> None:
    assert sorted(meaning(identifier, text, names)) == sorted(expected.split())


@pytest.mark.parametrize(
    ("identifier", "text", "expected"),
    [
        ("add", "open Nat", ""),
        ("Nat.add", "", "Nat.add"),
        ("add", "namespace Nat", ""),
        ("Nat.add", "namespace Top", "Top.Nat.add"),
        ("Nat.add", "open Top", "Nat.add Top.Nat.add"),
    ],
)
def test_protected_names_need_their_namespace(identifier: str, text: str, expected: str) -> None:
    found = meaning(identifier, text, "Nat.add Nat.sub Top.Nat.add", "Nat.add Top.Nat.add")
    assert sorted(found) == sorted(expected.split())


@pytest.mark.parametrize(
    ("text", "identifier"), [("open Nat (add)", "add"), ("open Nat renaming add → plus", "plus")]
)
def test_an_explicit_open_reaches_protected_names(text: str, identifier: str) -> None:
    """Lean's docstring of `open`: "This works even if def1 and def2 are protected"."""
    assert meaning(identifier, text, "Nat.add Nat.sub", "Nat.add") == ("Nat.add",)


def test_a_name_behind_an_open_with_fields() -> None:
    table = NameTable(["A.x", "A.x.y", "B"])
    context = Context("", (Opened("", "A"),))
    assert table.resolve_longest("x.y", context) == (("A.x.y",), "")
    assert table.resolve_longest("x.y.z", context) == (("A.x.y",), "z")
    assert table.resolve_longest("x.q.z", context) == (("A.x",), "q.z")
    assert table.resolve_longest("q.z", context) == ((), "q.z")


def test_aliases_are_followed_and_weak_names_give_way() -> None:
    table = NameTable(["A.x", "w", "B.w"], aliases={"y": "A.x"}, weak=["w"])
    assert table.resolve("y", Context()) == ("A.x",)
    assert table.resolve("w", Context("", (Opened("", "B"),))) == ("B.w",)
    assert table.resolve("w", Context()) == ("w",)


def test_a_declaration_with_a_dotted_name_is_no_namespace() -> None:
    assert follow("theorem A.b : True := trivial").namespace == ""


NAMES = st.sets(
    st.lists(st.sampled_from("ABx"), min_size=1, max_size=3).map(".".join), min_size=1, max_size=8
)


@settings(max_examples=200)
@given(
    NAMES,
    st.sampled_from(["", "A", "A.B"]),
    st.sets(st.sampled_from(["A", "B", "A.B"])),
    st.sampled_from(["x", "A.x", "B.x"]),
)
def test_resolution_finds_existing_names_that_end_in_the_identifier(
    names: set[str], namespace: str, opens: set[str], identifier: str
) -> None:
    """A plain restatement of Lean's rule, next to which the function is held."""
    found = resolve(
        identifier, enclosing(namespace), [Opened("", o) for o in sorted(opens)], names.__contains__
    )
    inner = [f"{n}.{identifier}" for n in enclosing(namespace) if f"{n}.{identifier}" in names]
    if inner:
        assert found == (inner[0],)
    else:
        assert set(found) == {n for n in (*(f"{o}.{identifier}" for o in opens), identifier) if n in names}


# -- variables ----------------------------------------------------------------------------------------------


def taken(text: str, used: Iterable[str]) -> list[str]:
    """Texts of the variables that a statement with the words `used` takes in."""
    tracker = follow(text)
    return [b.text for b in included_variables(tracker.variables, used, tracker.included)]


GROUP = "variable {G H : Type*} [Group G] [Group H] (f : G → H) {x : G} (hx : P x)"


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ([], []),
        (["other"], []),
        (["f"], ["{G H : Type*}", "[Group G]", "[Group H]", "(f : G → H)"]),
        (["f.comp", "x.inv"], ["{G H : Type*}", "[Group G]", "[Group H]", "(f : G → H)", "{x : G}"]),
    ],
)
def test_variables_that_a_statement_takes_in(used: list[str], expected: list[str]) -> None:
    assert taken(GROUP, used) == expected


@pytest.mark.parametrize("used", ["x", "hx"])
def test_an_instance_over_another_variable_of_the_same_group_stays_out(used: str) -> None:
    """`{G H : Type*}` are two variables: a statement on `G` alone does not take in `[Group H]`."""
    found = taken(GROUP, [used])
    assert "[Group G]" in found
    assert "{x : G}" in found
    assert "[Group H]" not in found


def test_an_instance_needs_all_its_variables() -> None:
    text = "variable {R : Type*} {M : Type*} [Ring R] [Module R M]"
    assert taken(text, ["R"]) == ["{R : Type*}", "[Ring R]"]
    assert taken(text, ["M"]) == ["{M : Type*}"]
    assert taken(text, ["R", "M"]) == ["{R : Type*}", "{M : Type*}", "[Ring R]", "[Module R M]"]


def test_a_named_instance_is_taken_by_its_name() -> None:
    text = "variable {R : Type*} {M : Type*} [i : Foo R M]"
    assert taken(text, ["i"]) == ["{R : Type*}", "{M : Type*}", "[i : Foo R M]"]


def test_instances_over_an_instance_chain() -> None:
    text = "variable {R : Type*} [i : Ring R] [Topo i] (n : ℕ)"
    assert taken(text, ["R"]) == ["{R : Type*}", "[i : Ring R]", "[Topo i]"]


def test_include_brings_what_the_statement_does_not_name() -> None:
    text = "variable {α : Type*} (h : Foo α) (k : Bar)\ninclude h"
    assert taken(text, []) == ["{α : Type*}", "(h : Foo α)"]


def test_include_ends_with_its_section_and_its_in() -> None:
    assert follow("variable (h : p)\nsection\ninclude h\nend").included == frozenset()
    assert follow("variable (h : p)\ninclude h in\ntheorem a : q := w").included == frozenset()
    assert follow("variable (h : p)\ninclude h in").included == {"h"}


def test_omit_takes_an_instance_away() -> None:
    """`omit [Group G]` names the binder as it is written, which is how extraction finds it."""
    tracker = follow(GROUP + "\nomit [Group G] in")
    assert "[Group G]" in tracker.omitted
    assert "[Group H]" not in tracker.omitted


def test_variables_end_with_their_section() -> None:
    assert [b.text for b in follow("variable (a : p)\nsection\nvariable (b : q)").variables] == [
        "(a : p)",
        "(b : q)",
    ]
    assert [b.text for b in follow("variable (a : p)\nsection\nvariable (b : q)\nend").variables] == [
        "(a : p)"
    ]
    assert follow("namespace A\nvariable (b : q)\nend A").variables == ()


def test_variables_in_hold_for_one_declaration() -> None:
    text = "variable (a : p) in\nvariable (b : q) in"
    assert len(follow(text).variables) == 2
    assert follow(text + "\ntheorem t : r := w").variables == ()


def test_changed_brackets_declare_nothing_new() -> None:
    tracker = follow("variable {α : Type*} (f : α)\nvariable (α)\nvariable {f}")
    assert [b.text for b in tracker.variables] == ["(α : Type*)", "{f : α}"]
    fresh = follow("variable {α : Type*}\nvariable {β}")
    assert [b.text for b in fresh.variables] == ["{α : Type*}", "{β}"]


def test_a_new_type_is_a_new_variable() -> None:
    assert taken("variable (n : ℕ)\nvariable {n : Type*} (x : n)", ["x"]) == ["{n : Type*}", "(x : n)"]


def test_a_variable_declared_again_shadows_the_first() -> None:
    assert taken("variable (x : A)\nvariable (x : B)", ["x"]) == ["(x : B)"]
