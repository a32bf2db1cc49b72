"""Which definitions pass a filter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.environment import default_ontology
from cramf.errors import InputError
from cramf.knowledge.ontology import Ontology, load_ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Concept, Kind, Sense
from cramf.retrieval.filters import SearchFilter, allowed_rows

ROWS = (
    ("Set", "Mathlib.Data.Set.Defs", "def"),
    ("Set.image", "Mathlib.Data.Set.Defs", "def"),
    ("Set.image.inner", "Mathlib.Data.SetTheory", "def"),
    ("SetTheory.Game", "Mathlib.SetTheory.Game", "structure"),
    ("Subgroup", "Mathlib.Algebra.Group.Subgroup", "structure"),
    ("Subgroup.Normal", "Mathlib.Algebra.Group.Subgroup", "class"),
    ("Nonempty", "", "attested"),
)
COLUMNS: dict[str, list[Any]] = {
    name: [row[place] for row in ROWS] for place, name in enumerate(("name", "module", "kind"))
}


def concept(domain: str, *declarations: str) -> Concept:
    senses = tuple(Sense(declaration) for declaration in declarations)
    return Concept(f"{domain}.{declarations[0]}", (declarations[0],), domain, "A thing for tests.", senses)


ONTOLOGY = Ontology(
    (
        concept("20E15", "Subgroup", "AddSubgroup"),
        concept("20D99", "Set.image", "Subgroup.Normal"),
        concept("20-XX", "Elsewhere"),
        concept("03E20", "Set"),
        concept("03-01", "Subgroup"),
    )
)


def passing(chosen: SearchFilter) -> list[str]:
    rows = allowed_rows(chosen, COLUMNS, ONTOLOGY)
    assert rows.shape == (len(ROWS),)
    assert rows.dtype == np.bool_
    return [row[0] for row, passes in zip(ROWS, rows, strict=True) if passes]


@pytest.mark.parametrize(
    ("namespace", "names"),
    [
        ("Set", ["Set", "Set.image", "Set.image.inner"]),
        ("Set.", ["Set", "Set.image", "Set.image.inner"]),
        ("Set.image", ["Set.image", "Set.image.inner"]),
        ("SetTheory", ["SetTheory.Game"]),
        ("Subgroup.Normal", ["Subgroup.Normal"]),
        ("Nonempty", ["Nonempty"]),
    ],
)
def test_a_namespace_is_whole_components_of_the_name(namespace: str, names: list[str]) -> None:
    assert passing(SearchFilter(namespace=namespace)) == names


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("Mathlib.Data.Set", ["Set", "Set.image"]),
        ("Mathlib.Data", ["Set", "Set.image", "Set.image.inner"]),
        ("Mathlib.SetTheory", ["SetTheory.Game"]),
        ("Mathlib", [row[0] for row in ROWS[:-1]]),
        ("Mathlib.Algebra.Group.Subgroup", ["Subgroup", "Subgroup.Normal"]),
    ],
)
def test_a_module_is_whole_components(module: str, names: list[str]) -> None:
    assert passing(SearchFilter(module=module)) == names


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        ((Kind.STRUCTURE,), ["SetTheory.Game", "Subgroup"]),
        ((Kind.STRUCTURE, Kind.CLASS), ["SetTheory.Game", "Subgroup", "Subgroup.Normal"]),
        ((Kind.ATTESTED,), ["Nonempty"]),
        (tuple(Kind), [row[0] for row in ROWS]),
    ],
)
def test_kinds(kinds: tuple[Kind, ...], names: list[str]) -> None:
    assert passing(SearchFilter(kinds=kinds)) == names


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("20", ["Set.image", "Subgroup", "Subgroup.Normal"]),
        ("20D", ["Set.image", "Subgroup.Normal"]),
        ("20d99", ["Set.image", "Subgroup.Normal"]),
        ("03", ["Set", "Subgroup"]),
        ("03E20", ["Set"]),
    ],
)
def test_a_domain_is_the_beginning_of_a_code(domain: str, names: list[str]) -> None:
    assert passing(SearchFilter(domain=domain)) == names


@pytest.mark.parametrize(
    "chosen",
    [
        SearchFilter(namespace="Se"),
        SearchFilter(namespace="set"),
        SearchFilter(namespace="."),
        SearchFilter(namespace="Set.image.inner.more"),
        SearchFilter(module="Mathlib.Data.Set.Def"),
        SearchFilter(module="Data.Set"),
        SearchFilter(kinds=(Kind.OPAQUE,)),
        SearchFilter(domain="54"),
        SearchFilter(domain="20-XX"),
        SearchFilter(namespace="Set", kinds=(Kind.CLASS,)),
        SearchFilter(namespace="Set", module="Mathlib.Algebra"),
    ],
    ids=str,
)
def test_a_filter_that_nothing_passes_is_told(chosen: SearchFilter) -> None:
    with pytest.raises(InputError, match="no definition passes"):
        allowed_rows(chosen, COLUMNS, ONTOLOGY)


def test_an_empty_filter_is_false_and_lets_all_pass() -> None:
    for chosen in (SearchFilter(), SearchFilter(namespace="", module="", domain="")):
        assert not chosen
        assert passing(chosen) == [row[0] for row in ROWS]
    for chosen in (
        SearchFilter(namespace="A"),
        SearchFilter(module="A"),
        SearchFilter(kinds=(Kind.DEF,)),
        SearchFilter(domain="20"),
    ):
        assert chosen


CONDITIONS: dict[str, list[Any]] = {
    "namespace": [None, "Set", "Subgroup", "SetTheory", "Nowhere"],
    "module": [None, "Mathlib", "Mathlib.Data", "Mathlib.Algebra.Group"],
    "kinds": [(), (Kind.DEF,), (Kind.STRUCTURE, Kind.CLASS), (Kind.OPAQUE,)],
    "domain": [None, "20", "20D", "03"],
}


@settings(max_examples=200)
@given(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CONDITIONS.items()}))
def test_all_conditions_must_hold(conditions: dict[str, Any]) -> None:
    def alone(name: str, value: Any) -> set[str]:
        try:
            return set(passing(SearchFilter(**{name: value})))
        except InputError:
            return set()

    expected = set.intersection(*(alone(name, value) for name, value in conditions.items()))
    if expected:
        assert set(passing(SearchFilter(**conditions))) == expected
    else:
        with pytest.raises(InputError):
            allowed_rows(SearchFilter(**conditions), COLUMNS, ONTOLOGY)


# -- an index -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "passes"),
    [
        (SearchFilter(namespace="MyGroup"), lambda d: d.name.split(".")[0] == "MyGroup"),
        (SearchFilter(namespace="Set"), lambda d: d.name.split(".")[0] == "Set"),
        (SearchFilter(module="Mathlib.Algebra"), lambda d: d.module.startswith("Mathlib.Algebra.")),
        (
            SearchFilter(kinds=(Kind.CLASS, Kind.IRREDUCIBLE_DEF)),
            lambda d: d.kind in ("class", "irreducible_def"),
        ),
        (SearchFilter(kinds=(Kind.CLASS_INDUCTIVE,)), lambda d: d.name == "MyEmpty"),
        (
            SearchFilter(module="Mathlib.Algebra.Subgroup", kinds=(Kind.CLASS,)),
            lambda d: d.name.endswith("ubgroup.Normal"),
        ),
    ],
    # Names of its own for each: a lambda prints its address, which differs from process to process.
    ids=["namespace", "namespace of Mathlib", "module", "kinds", "one kind", "module and kind"],
)
def test_filters_on_the_sample_index(
    sample_index: Path, chosen: SearchFilter, passes: Callable[[Any], bool]
) -> None:
    base = KnowledgeBase.open(sample_index)
    rows = allowed_rows(chosen, base.definition_columns, Ontology())
    expected = [bool(passes(base.definition(row))) for row in range(len(base.definition_names))]
    assert rows.tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_domains_of_the_shipped_ontology(sample_index: Path) -> None:
    base = KnowledgeBase.open(sample_index)
    ontology = load_ontology(default_ontology())
    rows = allowed_rows(SearchFilter(domain="03"), base.definition_columns, ontology)
    found = {name for name, passes in zip(base.definition_names, rows, strict=True) if passes}
    assert {"Set", "Function.Injective"} <= found
    assert "MyGroup" not in found
    with pytest.raises(InputError):
        allowed_rows(SearchFilter(domain="99"), base.definition_columns, ontology)
