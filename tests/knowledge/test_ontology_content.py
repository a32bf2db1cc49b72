"""What the shipped concept ontology holds, and that Mathlib has every declaration it names."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cramf.environment import MATHLIB, default_ontology, variable
from cramf.knowledge.ontology import load_ontology
from cramf.knowledge.types import Concept
from cramf.retrieval.query import name_key

CONCEPTS = load_ontology(default_ontology()).concepts
OTHER_CORE = frozenset(
    "EmptyCollection.emptyCollection Functor HAdd.hAdd HDiv.hDiv HPow.hPow HSub.hSub HasSSubset.SSubset "
    "HasSubset.Subset Iff Inter.inter Singleton.singleton Sum Union.union".split()
)
"""Lean core names that Mathlib's text writes mostly as notation, so that a reader may miss them."""
PARENTHESISED_FIELDS = frozenset({"Matroid.Indep"})
"""Structure fields declared in parentheses, looked for by hand below."""


def test_counts() -> None:
    assert len(CONCEPTS) >= 1_700
    assert sum(len(concept.senses) > 1 for concept in CONCEPTS) >= 1_400
    assert len({concept.domain[:2] for concept in CONCEPTS}) >= 45
    assert len({concept.domain for concept in CONCEPTS}) >= 500


def test_every_line_fits_the_schema() -> None:
    folder = default_ontology()
    validator = Draft202012Validator(json.loads((folder / "schema.json").read_text(encoding="utf-8")))
    wrong: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if line.strip():
                wrong += [
                    f"{path.name}:{number}: {e.message}" for e in validator.iter_errors(json.loads(line))
                ]
    assert wrong == []


def test_the_schema_refuses_what_is_no_concept() -> None:
    schema = json.loads((default_ontology() / "schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    good = {"id": "a.b", "names": ["x y"], "domain": "11A07", "gloss": "A.", "senses": [{"declaration": "A"}]}
    assert Draft202012Validator(schema).is_valid(good)
    for key, value in (
        ("id", "A b"),
        ("names", []),
        ("domain", "11"),
        ("gloss", "no end"),
        ("senses", []),
        ("extra", 1),
    ):
        assert not Draft202012Validator(schema).is_valid({**good, key: value})


def test_ids_are_unique_and_plain() -> None:
    ids = [concept.id for concept in CONCEPTS]
    assert len(ids) == len(set(ids))
    assert [i for i in ids if re.fullmatch(r"[a-z0-9]+(?:[.\-][a-z0-9]+)*", i) is None] == []


def test_domains_are_msc_codes() -> None:
    wrong = [c.domain for c in CONCEPTS if re.fullmatch(r"\d\d(?:-\d\d|[A-Z]\d\d)", c.domain) is None]
    assert wrong == []


def test_glosses_are_one_sentence() -> None:
    wrong = [
        c.id
        for c in CONCEPTS
        if not (c.gloss[0].isupper() and c.gloss.endswith(".") and re.search(r"[.!?]\s", c.gloss) is None)
    ]
    assert wrong == []


def test_glosses_are_not_repeated() -> None:
    glosses = [concept.gloss for concept in CONCEPTS]
    assert sorted({g for g in glosses if glosses.count(g) > 1}) == []


def test_names_can_be_matched() -> None:
    wrong = [(c.id, n) for c in CONCEPTS for n in c.names if n != n.strip() or not name_key(n)]
    assert wrong == []
    # Single letters and digits alone would be found in every formula.
    bare = [(c.id, n) for c in CONCEPTS for n in c.names if all(len(k) == 1 for k in name_key(n))]
    assert bare == []


def test_names_are_lower_case_but_for_proper_names() -> None:
    shouting = re.compile(r"(?<![A-Za-z$\\{^])[A-Z]{2,}")
    allowed = {"PID", "UFD", "DVR", "AM", "GM", "VC"}
    wrong = [
        (c.id, n) for c in CONCEPTS for n in c.names for hit in shouting.findall(n) if hit not in allowed
    ]
    assert wrong == []


def test_shared_names_can_be_told_apart() -> None:
    """Where two concepts share a name, one of them must have words that select it."""
    holders: dict[tuple[str, ...], dict[str, Concept]] = defaultdict(dict)
    for concept in CONCEPTS:
        for name in concept.names:
            holders[name_key(name)][concept.id] = concept
    shared = {key: group for key, group in holders.items() if len(group) > 1}
    wrong = [
        (key, sorted(group))
        for key, group in shared.items()
        if not any(sense.context for concept in group.values() for sense in concept.senses)
    ]
    assert wrong == []
    assert len(shared) < 30


def test_senses_differ_and_later_ones_have_context() -> None:
    wrong = []
    for concept in CONCEPTS:
        declarations = [sense.declaration for sense in concept.senses]
        if len(declarations) != len(set(declarations)):
            wrong.append(concept.id)
        # A later sense that nothing selects can never be chosen.
        wrong += [concept.id for sense in concept.senses[1:] if not sense.context]
    assert wrong == []


@pytest.fixture(scope="module")
def mathlib() -> Path:
    named = variable(MATHLIB)
    if named is None:
        pytest.skip(f"set {MATHLIB} to a Mathlib checkout to validate the ontology's declarations")
    return Path(named).expanduser()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_declarations_exist_and_are_current(mathlib: Path) -> None:
    from cramf.knowledge.builder import build_from_checkout

    known = {declaration.name: declaration for declaration in build_from_checkout(mathlib).declarations}
    named = {sense.declaration for concept in CONCEPTS for sense in concept.senses}
    missing = sorted(named - known.keys() - OTHER_CORE - PARENTHESISED_FIELDS)
    assert missing == []
    assert sorted(n for n in named & known.keys() if known[n].deprecated is not None) == []


def test_names_that_the_parser_misses_are_in_the_text(mathlib: Path) -> None:
    named = {sense.declaration for concept in CONCEPTS for sense in concept.senses}
    matroid = (mathlib / "Mathlib/Combinatorics/Matroid/Basic.lean").read_text(encoding="utf-8")
    assert re.search(r"^structure Matroid\b.*?^\s+\(Indep :", matroid, re.MULTILINE | re.DOTALL)
    unseen = set(OTHER_CORE & named)
    for path in sorted((mathlib / "Mathlib").rglob("*.lean")):
        text = path.read_text(encoding="utf-8")
        unseen -= {name for name in unseen if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w'])", text)}
        if not unseen:
            break
    assert unseen == set()
