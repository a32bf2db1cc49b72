"""A judge held against labelled pairs of an informal and a Lean statement.

`eval/judge_calibration.jsonl` holds pairs that the authors of cramf wrote and labelled themselves, each
informal statement once with a faithful and once with an unfaithful Lean statement. No other person labelled
them, and Lean did not elaborate them; they show whether a judge sees the usual faults, not how it does on the
statements of a model. The two pairs of one informal statement are not independent, which intervals over pairs
do not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cramf.check.inputs import DEFAULT_HEADER
from cramf.errors import BackendError, InputError
from cramf.evaluation.agreement import Agreement, Votes, agreement, fleiss_kappa
from cramf.evaluation.judge.judging import Judge, Outcome
from cramf.evaluation.judge.types import Judgement, Question
from cramf.files import read_text

__all__ = ["Calibration", "Detection", "Pair", "agreement_with", "calibrate", "load_pairs"]

_LARGEST: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with a person's answer; `fault` is the rubric's kind of fault, "" in a faithful one."""

    question: Question
    faithful: bool
    fault: str = ""
    domain: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Detection:
    """Of `n` unfaithful pairs with one kind of fault, how many the judge called unfaithful.

    `named` of these were so called by votes of which any named that fault; `undecided` had no verdict.
    """

    n: int
    caught: int
    named: int
    undecided: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a judge agrees with people, and which faults it sees.

    `agreement` counts undecided and failed pairs as undecided; `undecided` and `failed` tell them apart.
    `votes` is the agreement of the judge's votes with each other, None where it gives one vote only.
    """

    agreement: Agreement
    faults: Mapping[str, Detection]
    votes: Votes | None
    undecided: int
    failed: int
    unreadable: int
    """Votes that could not be read, of all pairs."""
    judge: Mapping[str, Any]
    """The judge's `fingerprint`."""


def load_pairs(path: Path) -> tuple[Pair, ...]:
    """The pairs of a JSONL file with `name`, `informal_statement`, `formal_statement`, `faithful` (true or
    false), `fault` where that is false, and perhaps `header`, `helper`, `domain` and `note`.

    Raises:
        InputError: where the file cannot be read or holds no pair, a line is of another shape, or two have
            one name.
    """
    pairs: dict[str, Pair] = {}
    for number, line in enumerate(read_text(path, _LARGEST).split("\n"), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            pair = _pair(line, where)
            if pair.question.name in pairs:
                raise InputError(f"{where}: the name {pair.question.name!a} is taken", "name it otherwise")
            pairs[pair.question.name] = pair
    if not pairs:
        raise InputError(f"{path} holds no pair", "write one JSON object a line")
    return tuple(pairs.values())


def calibrate(
    judge: Judge,
    pairs: Sequence[Pair],
    out: Path | None = None,
    *,
    concurrency: int = 4,
    progress: bool = False,
) -> Calibration:
    """The judge's agreement with the labels of pairs; `out`, `concurrency` and `progress` as in `judge_many`.

    Raises:
        BackendError: where no vote on any pair could be read, or the judge could not be asked at all.
        InputError, ResourceError: as `judge_many`.
    """
    questions = [pair.question for pair in pairs]
    outcomes = judge.judge_many(questions, out, concurrency=concurrency, progress=progress)
    return agreement_with(pairs, outcomes, judge.fingerprint)


def agreement_with(
    pairs: Sequence[Pair], outcomes: Sequence[Outcome], judge: Mapping[str, Any]
) -> Calibration:
    """The figures of judgements that were made before, in the order of the pairs.

    Raises:
        ValueError: where there are not as many judgements as pairs.
    """
    verdicts = [each.verdict if isinstance(each, Judgement) else None for each in outcomes]
    faults: dict[str, list[tuple[bool | None, bool]]] = {}
    for pair, outcome, verdict in zip(pairs, outcomes, verdicts, strict=True):
        if not pair.faithful:
            votes = outcome.votes if isinstance(outcome, Judgement) else ()
            named = any(pair.fault == found.kind for vote in votes for found in vote.discrepancies)
            faults.setdefault(pair.fault, []).append((verdict, named))
    failed = sum(isinstance(each, BackendError) for each in outcomes)
    judged = [each for each in outcomes if isinstance(each, Judgement)]
    drawn = [[vote.verdict for vote in each.votes] for each in judged]
    return Calibration(
        agreement(verdicts, [pair.faithful for pair in pairs]),
        {
            kind: Detection(
                len(rows),
                sum(verdict is False for verdict, _ in rows),
                sum(verdict is False and named for verdict, named in rows),
                sum(verdict is None for verdict, _ in rows),
            )
            for kind, rows in sorted(faults.items())
        },
        fleiss_kappa(drawn) if drawn and min(map(len, drawn)) > 1 else None,
        verdicts.count(None) - failed,
        failed,
        sum(each.unreadable for each in judged),
        judge,
    )


def _pair(line: str, where: str) -> Pair:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(f"{where} is not JSON", "write one JSON object a line") from None
    if not isinstance(row, dict):
        raise InputError(f"{where} is no JSON object", "write one JSON object a line")
    texts: dict[str, str] = {}
    for key in (
        "name",
        "informal_statement",
        "formal_statement",
        "header",
        "helper",
        "fault",
        "domain",
        "note",
    ):
        value = row.get(key, DEFAULT_HEADER if key == "header" else "")
        if not isinstance(value, str):
            raise InputError(f"{where}: {key} is no text", "write it as text")
        texts[key] = value
    faithful, fault = row.get("faithful"), texts["fault"]
    if not isinstance(faithful, bool):
        raise InputError(f"{where}: faithful is neither true nor false", "label it")
    if faithful == bool(fault):
        mend = "take the fault out, or label it false" if faithful else "name the kind of fault"
        raise InputError(f"{where}: the label and the fault do not fit each other", mend)
    if not texts["name"].strip():
        raise InputError(f"{where} has no name", "name it")
    try:
        question = Question(
            texts["name"],
            texts["informal_statement"],
            texts["formal_statement"],
            texts["header"],
            texts["helper"],
        )
    except InputError as error:
        raise InputError(f"{where}: {error.message}", error.mend) from None
    return Pair(question, faithful, fault, texts["domain"], texts["note"])
