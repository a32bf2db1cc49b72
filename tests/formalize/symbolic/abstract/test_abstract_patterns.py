"""Every pattern that the reader uses names declarations that Mathlib has."""

from __future__ import annotations

import re

import pytest

from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate
from cramf.environment import default_ontology
from cramf.formalize.symbolic.abstract.kinds import NUMBERS
from cramf.formalize.symbolic.abstract.lean import fill
from cramf.formalize.symbolic.abstract.words import Vocabulary, Word
from cramf.knowledge.ontology import load_ontology
from cramf.knowledge.types import ABSTRACT_ROLES

VOCABULARY = Vocabulary.of(load_ontology(default_ontology()))
WORDS = sorted({word for words in VOCABULARY.by_form.values() for word in words}, key=repr)
RELATIONS = {"distinct", "equal", "divides", "member", "contained", "holds", "isomorphic", "irreducible"}

INSTANCES = {
    "": "",
    "group": "[Group {0}]",
    "monoid": "[Monoid {0}]",
    "additive": "[AddCommGroup {0}]",
    "ring": "[Ring {0}]",
    "commring": "[CommRing {0}]",
    "domain": "[CommRing {0}] [IsDomain {0}]",
    "field": "[Field {0}]",
    "extension": "[Field {0}] [Field S] [Algebra S {0}]",
    "topology": "[TopologicalSpace {0}]",
    "metric": "[MetricSpace {0}]",
    "module": "[Field S] [AddCommGroup {0}] [Module S {0}]",
    "innerproduct": "[NormedAddCommGroup {0}] [InnerProductSpace ℝ {0}]",
    "order": "[LinearOrder {0}]",
}
CONCRETE = {"real": "ℝ", "complex": "ℂ", "integer": "ℤ", "number": "ℝ"}


def carrier(name: str, tags: list[str]) -> tuple[str, str]:
    """A type of one of the tags, and the binders that make it one."""
    if tags and tags[0] in CONCRETE:
        return CONCRETE[tags[0]], ""
    instances = " ".join(INSTANCES[tag] for tag in tags or [""]).replace("{0}", name)
    scalars = "{S : Type*} " if "S" in re.findall(r"\w+", instances) else ""
    if "order" in tags and "additive" not in tags:
        instances += f" [Zero {name}]"
    return name, f"{scalars}{{{name} : Type*}} {instances}"


def sample(spec: str, index: int) -> tuple[str, dict[str, str | None]]:
    """Binders of an object of a kind, and what a template can ask of it."""
    sort, _, rest = spec.split("|")[0].partition(" ")
    tags, name, item = rest.split(), f"X{index}", f"x{index}"
    if sort == "any":
        sort, tags = "Type", ["group"]
    if sort in NUMBERS or sort == "number":
        letter = sort if sort in NUMBERS else "ℝ"
        return f"({item} : {letter})", {"": item, "p": letter}
    if sort == "Sub":
        over = {"Ideal": "commring", "Submodule": "module", "Subring": "ring", "Subfield": "field"}
        text, binders = carrier(name, tags[1:] or [over.get(tags[0], "group")])
        kind = f"Submodule S {text}" if tags[0] == "Submodule" else f"{tags[0]} {text}"
        return f"{binders} ({item} : {kind})", {"": item, "p": text, "s": "S"}
    if sort in ("Hom", "Endo"):
        if sort == "Endo" or tags[0] == "LinearMap":
            text, binders = carrier(name, tags if sort == "Endo" and tags else ["module"])
            scalars = "ℝ" if "innerproduct" in tags else "S"
            arrow = f"→ₗ[{scalars}]"
        else:
            text, binders = carrier(name, ["ring" if tags[0] == "RingHom" else "group"])
            scalars, arrow = "S", {"RingHom": "→+*", "GroupIso": "≃*"}.get(tags[0], "→*")
        found: dict[str, str | None] = {"": item, "p": text, "s": scalars, "d": text, "c": text}
        return f"{binders} ({item} : {text} {arrow} {text})", found
    if sort == "Poly":
        text, binders = carrier(name, tags or ["commring"])
        return f"{binders} ({item} : Polynomial {text})", {"": item, "p": f"(Polynomial {text})"}
    text, binders = carrier(name, tags[:1])
    holes: dict[str, str | None] = {"": item, "p": text, "s": "S"}
    match sort:
        case "Type":
            scalars = "ℝ" if "innerproduct" in tags else "S"
            return binders, {"": text, "p": text, "s": scalars}
        case "Elem":
            return f"{binders} ({item} : {text})", holes
        case "Set":
            return f"{binders} ({item} : Set {text})", holes
        case "Map" | "MapOn" | "Seq":
            dom = "ℕ" if sort == "Seq" else text
            holes |= {"d": dom, "c": text}
            on = f" (A{index} : Set {text})" if sort == "MapOn" else ""
            holes["o"] = f"A{index}" if on else None
            return f"{binders} ({item} : {dom} → {text}){on}", holes
    raise AssertionError(spec)


def instantiated(word: Word) -> str:
    """A theorem that uses a pattern on objects of the kinds that it asks for."""
    kinds = list(word.kinds)
    if word.role == "structure":
        parameters = [sample(spec, i + 1) for i, (_, spec) in enumerate(word.needs)]
        text = "" if word.template == "-" else fill(word.template, [{"": "X0"}, *(p[1] for p in parameters)])
        instances, *conditions = text.split(";")
        more = " ".join(f"(_ : {c.strip()})" for c in conditions)
        return f"{' '.join(p[0] for p in parameters)} {{X0 : Type*}} {instances} {more} : 1 = 1"
    if word.role == "object":
        parameters = [sample(spec, i + 1) for i, (_, spec) in enumerate(word.needs)]
        kind, *conditions = word.template.split(";")
        holes: list[dict[str, str | None]] = [{"": "y"}, *(p[1] for p in parameters)]
        given = "".join(f" (_ : {fill(c.strip(), holes)})" for c in conditions)
        return f"{' '.join(p[0] for p in parameters)} (y : {fill(kind, holes)}){given} : 1 = 1"
    kinds += [spec for _, spec in word.needs]
    samples = [sample(spec, index) for index, spec in enumerate(kinds)]
    text = fill(word.template, [each for _, each in samples])
    if word.role == "class" and word.result:
        return f"{{X0 : Type*}} {fill(word.template, [{'': 'X0'}])} : 1 = 1"
    if word.role == "value":
        text = f"({text}) = ({text})"
    return f"{' '.join(binders for binders, _ in samples)} : {text}"


@pytest.fixture(scope="module")
def checker() -> StaticChecker:
    return StaticChecker.open()


def test_there_are_words_of_every_role() -> None:
    assert {word.role for word in WORDS} == ABSTRACT_ROLES
    assert len(WORDS) > 400


@pytest.mark.parametrize("word", [w for w in WORDS if not w.template.startswith("@")], ids=repr)
def test_pattern_resolves(checker: StaticChecker, word: Word) -> None:
    text = instantiated(word)
    assert re.search(r"\{\d", text) is None
    verdict = checker.check(Candidate("T", "import Mathlib\n", f"theorem T {text} := by\n  sorry"))
    assert [d.message for d in verdict.diagnostics] == [], text
    assert verdict.positive


def test_relations_in_place_of_templates_exist() -> None:
    named = {word.template[1:].split()[0] for word in WORDS if word.template.startswith("@")}
    assert named == RELATIONS
