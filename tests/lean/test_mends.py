"""Advice for every category of message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cramf.lean.mends import MENDS, mend_of
from cramf.lean.messages import CATEGORIES

CORPUS = Path(__file__).parent / "message_corpus.jsonl"


def test_every_category_has_advice() -> None:
    # Three categories are those of CRAMF's own checks, which Lean's messages never have.
    assert set(MENDS) == CATEGORIES | {"forbidden", "lean3", "not_opened"}
    assert len(set(MENDS.values())) == len(MENDS)
    for advice in MENDS.values():
        assert "\n" not in advice
        assert 20 < len(advice) < 120
        assert not advice.endswith(".")


@pytest.mark.parametrize(
    ("category", "name", "suggestions", "advice"),
    [
        ("deprecated", "A.old", ("A.new",), "write `A.new` in place of `A.old`"),
        ("ambiguous", None, ("A.f", "B.f"), "write `A.f` or `B.f`"),
        (
            "unknown_constant",
            "A.x",
            ("A.a", "A.b", "A.c", "A.d"),
            "write `A.a` or `A.b` or `A.c` in place of `A.x`",
        ),
        ("failed_to_synthesize", "Group", (), "assume the instance of `Group`, or use a type that has it"),
        ("linter", "linter.x", ("_h",), MENDS["linter"]),
        ("syntax", ")", (), MENDS["syntax"]),
        ("never heard of", "x", ("y",), MENDS["other"]),
        ("unknown_namespace", "A`\n" + "b" * 900, (), None),
    ],
)
def test_advice(category: str, name: str | None, suggestions: tuple[str, ...], advice: str | None) -> None:
    given = mend_of(category, name, suggestions)
    assert given == (advice or given)
    assert "\n" not in given
    assert len(given) < 400


def test_advice_for_the_corpus_names_what_is_complained_about() -> None:
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    unknown = [
        r for r in rows if r["category"] in ("unknown_identifier", "unknown_constant", "unknown_field")
    ]
    assert len(unknown) > 20
    for row in unknown:
        given = mend_of(row["category"], row["name"], row["suggestions"])
        assert f"`{row['name']}`" in given
        assert all(f"`{s}`" in given for s in row["suggestions"])
