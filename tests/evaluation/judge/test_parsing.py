"""Judges' answers: read through whatever stands around them, and never guessed."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.evaluation.judge.parsing import Answer, UnreadableAnswerError, read_answer
from cramf.evaluation.judge.types import Discrepancy

KINDS = frozenset({"arithmetic", "wrong_domain"})
NO = '{"discrepancies": [{"kind": "arithmetic", "detail": "rounds"}], "reason": "r", "faithful": false}'
YES = '{"discrepancies": [], "reason": "r", "faithful": true}'
READ_NO = Answer(False, "r", (Discrepancy("arithmetic", "rounds"),))


@pytest.mark.parametrize(
    "text",
    [
        NO,
        f"```json\n{NO}\n```",
        f"```\n{NO}",
        f"Let me see. The set {{x | x > 0}} and $\\frac{{1}}{{2}}$ are fine.\n\n{NO}\n\nI hope that helps.",
        f"<think>Perhaps {YES}, but no.</think>\n{NO}",
        f"{NO}\n{NO}",
        f"In the format you want:\n```json\n{NO}\n```\nAgain, in full:\n{NO}",
        # The format quoted, with words in place of a verdict.
        f'The format is {{"discrepancies": [], "reason": "…", "faithful": "true or false"}}. So:\n{NO}',
        f'The format is {{"discrepancies": [...], "faithful": true|false}}. So:\n{NO}',
        f'The set {{"a", "b"}} is finite.\n{NO}',
        f'{{"answer": {NO}}}',
        f"[{NO}]",
        NO.replace("false", '"No."'),
        NO.replace("false", '"not_faithful"'),
        NO.replace("false", "False"),
        NO.replace("false", "false,"),
        NO.replace('"faithful"', '"Faithful"'),
        NO.replace("}],", "},],"),
        NO.replace('"arithmetic"', '"Arithmetic"'),
        "\ufeff" + NO.replace(" ", "\u00a0"),
    ],
)
def test_what_stands_around_an_answer_does_not_matter(text: str) -> None:
    assert read_answer(text, KINDS) == READ_NO


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "no JSON object"),
        ("Yes, it is faithful.", "no JSON object"),
        ("faithful: true", "no JSON object"),
        ("{}", "no JSON object"),
        ('{"reason": "fine"}', "no JSON object"),
        (NO[:-1], "not complete"),
        (NO[:-20], "not complete"),
        ('{"faithful": tr', "not complete"),
        ("<think>I think " + YES, "no JSON object"),
        (f"{YES}\nNo, wait: {NO[:-9]}", "not complete"),
        (f"{YES}\nNo, wait: {NO[:-20]}", "not complete"),
        (f'{{"example": {YES}, "faithful": fal', "not complete"),
        (f'{{"example": {YES}, "faithful": <false>}}', "not complete"),
        (f"{YES}\n" * 70 + NO, "too many"),
        ('{"faithful": null}', "neither true nor false"),
        ('{"faithful": 1}', "neither true nor false"),
        ('{"faithful": "perhaps"}', "neither true nor false"),
        ('{"faithful": "true or false"}', "neither true nor false"),
        ('{"faithful": [true]}', "neither true nor false"),
        (f"{YES}\n{NO}", "several verdicts"),
        (f"{NO}\n{YES}", "several verdicts"),
        ('{"faithful": true, "faithful": false}', "neither true nor false"),
        (NO.replace("false", "true"), "yet lists discrepancies"),
    ],
)
def test_what_is_no_answer_is_not_made_one(text: str, why: str) -> None:
    with pytest.raises(UnreadableAnswerError, match=why):
        read_answer(text, KINDS)


@pytest.mark.parametrize("listed", ["[]", "null", '["none"]', '[{"kind": "none", "detail": ""}]', '"None."'])
def test_a_list_that_says_that_there_is_nothing_is_empty(listed: str) -> None:
    assert read_answer(YES.replace("[]", listed)) == Answer(True, "r")


def test_other_kinds_and_shapes_of_discrepancies_are_kept_in_words() -> None:
    listed = '["it rounds", {"kind": "wrong domain"}, {"kind": "Sign error", "detail": "x < 0"}, 7]'
    found = read_answer('{"faithful": false, "discrepancies": ' + listed + "}", KINDS).discrepancies
    assert found[:3] == (
        Discrepancy("other", "it rounds"),
        Discrepancy("wrong_domain", ""),
        Discrepancy("other", "Sign error: x < 0"),
    )


def test_backslashes_of_latex_are_read() -> None:
    text = (
        r'{"discrepancies": [], "reason": "for \mathbb{R}, \frac{1}{2}, \nu, \u and \"x\"", "faithful": true}'
    )
    assert read_answer(text).reason == r'for \mathbb{R}, \frac{1}{2}, \nu, \u and "x"'
    assert read_answer(r'{"reason": "a\nB \\ \u00e9", "faithful": true}').reason == "a\nB \\ é"


def test_the_list_alone_may_give_a_reason() -> None:
    assert read_answer('{"faithful": false}') == Answer(False)


@given(st.text(max_size=200), st.text(max_size=200), st.booleans())
def test_prose_around_an_answer_never_turns_it(before: str, after: str, faithful: bool) -> None:
    answer = json.dumps({"reason": before, "faithful": faithful})
    with contextlib.suppress(UnreadableAnswerError):
        assert read_answer(f"{before}\n{answer}\n{after}").verdict is faithful


@given(st.text(alphabet='{}[]",:\\ \ntruefalsihn', max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert read_answer(text).verdict in (True, False)
    except UnreadableAnswerError as error:
        assert str(error)


@pytest.mark.parametrize(
    "text", ['{"' * 100_000, '{"a":' * 50_000, "{" * 200_000, '"' * 200_000, '{"\\' * 90_000]
)
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_answer(text)
