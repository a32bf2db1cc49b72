"""A judge's answer: a JSON object, read through whatever stands around it, but never guessed.

Fences, prose, thoughts, stray commas, LaTeX's backslashes and verdicts written as words are read. What has no
verdict, two that differ, or a verdict that its own list of discrepancies contradicts, is not an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from cramf.evaluation.judge.types import Discrepancy
from cramf.formalize.reply_blocks import clean_text

__all__ = ["OTHER", "Answer", "UnreadableAnswerError", "read_answer"]

OTHER: Final = "other"
"""The kind of a discrepancy that is none of the rubric's."""
_VERDICT: Final = "faithful"
_LONGEST: Final = 50_000
"""Characters from the end of an answer that are looked through."""
_MOST_STARTS: Final = 64
_DEEPEST: Final = 3
_IS_AN_ANSWER = re.compile(rf'"\s*(?:{_VERDICT}|discrepancies)\s*"', re.IGNORECASE)
_START = re.compile(r'\{\s*"')
_PIECE = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}]', re.DOTALL)
_MENDED = re.compile(r'"(?:[^"\\]++|\\.)*+"|\b(?:True|False|None)\b|,(?=\s*[}\]])', re.DOTALL)
# `\f` and `\b` are JSON's own, and LaTeX's \frac and \beta begin with them; a small letter after them tells.
_BACKSLASH = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/]|[bfnrt](?![a-z])|(?P<stray>.?))', re.DOTALL)
_WORDS: Final = {
    "true": True,
    "yes": True,
    "faithful": True,
    "false": False,
    "no": False,
    "unfaithful": False,
    "not faithful": False,
}
_NO_KIND: Final = frozenset({"", "none", "null", "n/a"})


class UnreadableAnswerError(Exception):
    """No one verdict can be read; the message says why, in words that the model is told too."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read. Without discrepancies a verdict of False may stand on its reason alone."""

    verdict: bool
    reason: str = ""
    discrepancies: tuple[Discrepancy, ...] = ()


def read_answer(text: str, kinds: Collection[str] = ()) -> Answer:
    """The answer in a model's words; kinds of discrepancies that are not among `kinds` become `other`.

    Raises:
        UnreadableAnswerError: where there is none, or there are several that do not say the same.
    """
    text = clean_text(text)[-_LONGEST:]
    objects, unread = _objects(text)
    said = [(start, found) for start, each in objects for found in _with_verdict(each)]
    # A quoted format, with "true or false" for a verdict, is passed over where an answer follows or precedes.
    answers = [_answer(found, kinds) for _, found in said if not _is_placeholder(found[_VERDICT])]
    if unread > max((start for start, _ in said), default=0):
        raise UnreadableAnswerError("its JSON object is not complete, or is not JSON")
    if not answers:
        if said:
            raise UnreadableAnswerError(f'"{_VERDICT}" is neither true nor false')
        raise UnreadableAnswerError(f'there is no JSON object with "{_VERDICT}" in it')
    if len({answer.verdict for answer in answers}) > 1:
        raise UnreadableAnswerError("it holds several verdicts, and they differ")
    answer = answers[-1]
    if answer.verdict and answer.discrepancies:
        raise UnreadableAnswerError("it says faithful, and yet lists discrepancies")
    return answer


def _objects(text: str) -> tuple[list[tuple[int, Any]], int]:
    """The outermost JSON objects in a text with where each begins, and where the last that is none ends.

    Of those that are none only such count as have the keys of an answer. Where they end tells whether an
    answer follows them: a quoted format may stand before it, but what is inside a broken object is none.
    """
    found: list[tuple[int, Any]] = []
    position = starts = unread = 0
    while start := _START.search(text, position):
        starts += 1
        if starts > _MOST_STARTS:
            # What follows could say otherwise.
            raise UnreadableAnswerError("it holds too many JSON objects")
        begin = start.start()
        end = _end(text, begin)
        value = _loaded(text[begin:end]) if end else None
        if value is not None:
            found.append((begin, value))
            position = end
            continue
        if _IS_AN_ANSWER.search(text, begin, end or len(text)):
            unread = max(unread, end or len(text))
        position = begin + 1
    return found, unread


def _end(text: str, start: int) -> int:
    """Where the brace at `start` is closed, 0 where it is not."""
    depth = 0
    for piece in _PIECE.finditer(text, start):
        if piece[0] == "{":
            depth += 1
        elif piece[0] == "}":
            depth -= 1
            if depth == 0:
                return piece.end()
    return 0


def _loaded(text: str) -> Any:
    """The object that a text is, None where it is not JSON even when mended."""
    # Mended first: strict JSON would take the `\f` of `\frac` for a form feed.
    for each in (_MENDED.sub(_mend, text), text):
        try:
            return json.loads(each, strict=False, object_pairs_hook=_pairs)
        except (ValueError, RecursionError):
            continue
    return None


def _mend(found: re.Match[str]) -> str:
    piece = found[0]
    if piece.startswith('"'):
        return _BACKSLASH.sub(lambda b: b[0] if b["stray"] is None else f"\\\\{b[0][1:]}", piece)
    return "" if piece == "," else {"True": "true", "False": "false", "None": "null"}[piece]


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object under lower-case keys. Of two verdicts in one that differ, JSON would keep the last."""
    verdicts = [value for key, value in pairs if key.strip().lower() == _VERDICT]
    values = {key.strip().lower(): value for key, value in pairs}
    if any(value != verdicts[0] for value in verdicts):
        values[_VERDICT] = verdicts
    return values


def _with_verdict(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The objects that hold a verdict: the value itself, or what it is wrapped around."""
    if isinstance(value, dict) and _VERDICT in value:
        yield value
    elif depth < _DEEPEST and isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _with_verdict(inner, depth + 1)


def _in_words(verdict: str) -> bool | None:
    return _WORDS.get(" ".join(verdict.lower().replace("_", " ").split()).rstrip("."))


def _is_placeholder(verdict: Any) -> bool:
    return isinstance(verdict, str) and _in_words(verdict) is None


def _answer(found: dict[str, Any], kinds: Collection[str]) -> Answer:
    verdict = found[_VERDICT]
    verdict = _in_words(verdict) if isinstance(verdict, str) else verdict
    if not isinstance(verdict, bool):
        raise UnreadableAnswerError(f'"{_VERDICT}" is neither true nor false')
    reason = found.get("reason")
    listed = found.get("discrepancies")
    entries = listed if isinstance(listed, list) else [] if listed is None else [listed]
    read = (_discrepancy(entry, kinds) for entry in entries)
    return Answer(
        verdict, reason.strip() if isinstance(reason, str) else "", tuple(each for each in read if each)
    )


def _discrepancy(entry: Any, kinds: Collection[str]) -> Discrepancy | None:
    """One entry of the list, None for one that says that there is none."""
    fields = entry if isinstance(entry, dict) else {"detail": entry}
    kind, detail = (
        value.strip() if isinstance(value := fields.get(key), str) else "" for key in ("kind", "detail")
    )
    slug = "_".join(kind.lower().replace("-", " ").replace("_", " ").split())
    if slug in _NO_KIND and detail.lower().rstrip(".") in _NO_KIND:
        return None
    if slug in kinds:
        return Discrepancy(slug, detail)
    # What the model called it is not lost.
    return Discrepancy(OTHER, detail if slug in _NO_KIND | {OTHER} else f"{kind}: {detail}".rstrip(": "))
