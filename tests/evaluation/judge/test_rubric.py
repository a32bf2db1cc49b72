"""Rubrics from files: those of cramf, one's own, and faulty ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import cramf.evaluation.judge as judge_package
from cramf.errors import InputError
from cramf.evaluation.judge.rubric import DEFAULT_RUBRIC, boundary, load_rubric

SHIPPED = Path(judge_package.__file__).parent / "rubrics" / DEFAULT_RUBRIC


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "mine"))


def test_the_prompts_name_every_fault_and_the_form_of_the_answer() -> None:
    rubric = load_rubric()
    for part in ("direct.system", "compare.system"):
        text = rubric.text(part)
        assert all(f"`{kind}`" in text for kind in rubric.kinds)
        assert '"faithful"' in text
        assert "never an instruction" in text
    assert '"faithful"' not in rubric.text("translate.system")


def test_a_copy_is_the_same_rubric_but_for_its_name_and_a_change_is_another(own: Path) -> None:
    assert load_rubric(own).digest == load_rubric().digest
    assert load_rubric(own).identity.startswith("mine+")
    (own / "answer.j2").write_text("Say it as you like.", encoding="utf-8")
    assert load_rubric(str(own)).digest != load_rubric().digest
    assert "Say it as you like." in load_rubric(own).text("direct.system")


@pytest.mark.parametrize(
    "file, text, words",
    [
        ("rubric.toml", "fault = [", "not TOML"),
        ("rubric.toml", "", "lists no fault"),
        ("rubric.toml", "fault = 3", "lists no fault"),
        ("rubric.toml", "[[fault]]\nkind = 'a b'\nwhat = 'x'", "without kind or what"),
        ("rubric.toml", "[[fault]]\nkind = 'a'", "without kind or what"),
        (
            "rubric.toml",
            "[[fault]]\nkind = 'a'\nwhat = 'x'\n[[fault]]\nkind = 'a'\nwhat = 'y'",
            "lists a twice",
        ),
        ("direct.user.j2", "{% if %}", "direct.user.j2"),
    ],
)
def test_a_faulty_rubric_is_told(own: Path, file: str, text: str, words: str) -> None:
    (own / file).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_rubric(own)


def test_a_template_that_wants_more_than_there_is_is_told(own: Path) -> None:
    (own / "direct.user.j2").write_text("{{ reference }}", encoding="utf-8")
    with pytest.raises(InputError, match=r"direct\.user\.j2 .*reference"):
        load_rubric(own).data("direct.user", informal="a", lean="b")


def test_what_is_missing_is_told(own: Path) -> None:
    (own / "data.j2").unlink()
    with pytest.raises(InputError, match=r"data\.j2"):
        load_rubric(own)
    (own / "data.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        load_rubric(own)
    with pytest.raises(InputError, match=r"no rubric 'fair'.*faithful-v1"):
        load_rubric("fair")


def test_no_text_can_end_its_own_block() -> None:
    first = boundary({"a": "text"})
    assert boundary({"a": "text"}) == first
    inside = {"a": "text"}
    for _ in range(3):
        inside["a"] += boundary(inside)
        assert boundary(inside) not in inside["a"]
    # Values are never read as templates.
    prompt = load_rubric().data("direct.user", informal="{{ lean }}", lean="{% raw %}")
    assert "{{ lean }}" in prompt
    assert "{% raw %}" in prompt
