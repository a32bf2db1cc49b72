"""Loading the concept ontology, and what a malformed line is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cramf.environment import default_ontology
from cramf.errors import KnowledgeBaseError
from cramf.knowledge.ontology import load_ontology
from cramf.knowledge.types import Concept, LeanPattern, Sense

GOOD = {
    "id": "even",
    "names": ["even"],
    "domain": "11A07",
    "gloss": "Twice an integer.",
    "senses": [
        {
            "declaration": "Even",
            "context": ["integer"],
            "patterns": [{"role": "adjective", "type": "ℤ", "template": "Even {0}"}],
        }
    ],
    "latex": ["2\\mid"],
}


def write(folder: Path, *lines: object, name: str = "a.jsonl") -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_line_becomes_a_concept(tmp_path: Path) -> None:
    ontology = load_ontology(write(tmp_path, GOOD, ""))
    pattern = LeanPattern("adjective", "ℤ", "Even {0}")
    sense = Sense("Even", ("integer",), (pattern,))
    assert ontology.concepts == (
        Concept("even", ("even",), "11A07", "Twice an integer.", (sense,), ("2\\mid",)),
    )
    assert ontology.by_id["even"] is ontology.concepts[0]
    assert len(ontology) == 1


def test_optional_fields_may_be_left_out(tmp_path: Path) -> None:
    line = {**GOOD, "senses": [{"declaration": "Even"}]}
    del line["latex"]
    (concept,) = load_ontology(write(tmp_path, line)).concepts
    assert concept.senses == (Sense("Even"),)
    assert concept.latex == ()


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, {**GOOD, "id": "second"}, name="b.jsonl")
    write(tmp_path, {**GOOD, "id": "first"}, name="a.jsonl")
    assert [c.id for c in load_ontology(tmp_path).concepts] == ["first", "second"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "a concept is not an object"),
        ({k: v for k, v in GOOD.items() if k != "gloss"}, "lacks gloss"),
        ({**GOOD, "extra": 1}, "unknown fields extra"),
        ({**GOOD, "names": []}, "names is empty"),
        ({**GOOD, "names": "even"}, "names is not a list"),
        ({**GOOD, "names": [""]}, "an item of names"),
        ({**GOOD, "domain": "arithmetic"}, "MSC 2020"),
        ({**GOOD, "senses": []}, "senses is empty"),
        ({**GOOD, "senses": [{}]}, "a sense lacks declaration"),
        ({**GOOD, "senses": [{"declaration": "E", "patterns": [{"role": "x"}]}]}, "a pattern lacks"),
        ({**GOOD, "gloss": 3}, "gloss is not"),
    ],
)
def test_malformed_line_is_told_with_file_and_line(tmp_path: Path, line: object, told: str) -> None:
    with pytest.raises(KnowledgeBaseError) as caught:
        load_ontology(write(tmp_path, {**GOOD, "id": "other"}, line))
    assert "a.jsonl:2" in str(caught.value)
    assert told in str(caught.value)


def test_an_id_is_there_once(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, name="b.jsonl")
    with pytest.raises(KnowledgeBaseError, match=r"b\.jsonl:1: the id 'even' is already at a\.jsonl:1"):
        load_ontology(tmp_path)


def test_missing_folder_and_bad_encoding_are_errors(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="no concept ontology"):
        load_ontology(tmp_path / "nowhere")
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(KnowledgeBaseError, match="UTF-8"):
        load_ontology(tmp_path)


def test_the_shipped_ontology_loads() -> None:
    ontology = load_ontology(default_ontology())
    assert {"even", "prime", "divides", "gcd"} <= set(ontology.by_id)
