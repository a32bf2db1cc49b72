"""The figures of a formalizing run, from its answers: what was written is compared with the references here,
so that a better comparison needs no new run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cramf.check.verdict import Candidate, Status
from cramf.evaluation.formalize import SYMBOLIC
from cramf.evaluation.intervals import Share, average, share
from cramf.evaluation.name_metrics import NameReader, Names, name_report
from cramf.evaluation.normal_form import Normaliser
from cramf.evaluation.passing import Samples, compile_rate, mean_pass_at_k
from cramf.evaluation.problems import Problem
from cramf.evaluation.runner import Run
from cramf.evaluation.scores import Scored, milliseconds
from cramf.evaluation.work import Answer
from cramf.formalize.types import StepKind
from cramf.jsonable import to_jsonable
from cramf.knowledge.vocabulary import Vocabulary

__all__ = ["Outcome", "chosen_candidate", "outcomes", "score_formalize"]

_WRITING: Final = (StepKind.DRAFT, StepKind.REPAIR)
_QUOTED: Final = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+")
_KS: Final = (1, 2, 4, 5, 8, 10, 16, 25, 32, 50, 64, 100)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one problem; a row of the table that a run leaves.

    `status`, `valid` and the texts are those of the candidate that was chosen, None where nothing was
    written. `equal` says whether it is the reference in normal form, and `similarity` compares the trees: 0
    where nothing was written. Both are None where the problem has no reference. Of the `samples` that were
    written at first, `passed` passed the checker. `reason` says why nothing was written, and `span` what
    could not be read.
    """

    name: str
    split: str
    read: bool
    samples: int = 0
    passed: int = 0
    rounds: int = 0
    status: Status | None = None
    valid: bool | None = None
    elaborated: bool = False
    equal: bool | None = None
    similarity: float | None = None
    reference_whole: bool | None = None
    """Whether all of the reference could be read for the comparison."""
    failure: str | None = None
    reason: str | None = None
    span: str | None = None
    header: str | None = None
    helper: str | None = None
    statement: str | None = None
    categories: tuple[str, ...] = ()
    """Categories of the errors that its checker found in it."""
    tokens: int = 0
    cost: float | None = 0.0
    """US dollars, None where some answer's are not known."""


def score_formalize(
    run: Run, settings: Mapping[str, Any], vocabulary: Vocabulary, seed: int = 0
) -> tuple[Scored, list[Outcome]]:
    """Shares of all n problems with their intervals, and an outcome a problem.

    `read`: something was written. `valid`: the checker passes it, of those read. `compile`: of all, with the
    checker's name, which says whether Lean was asked. `equal`, `similarity`: of the problems that have a
    reference. `names`: the declarations used against the gold ones. `pass_at_k`: of the first samples.
    """
    priced = settings.get("backend", SYMBOLIC) != SYMBOLIC
    rows = outcomes(run, Normaliser(vocabulary), priced)
    read = share([row.read for row in rows], seed=seed)
    with_reference = [row for row in rows if row.equal is not None]
    samples = int(settings["bounds"]["candidates"])
    passed = [Samples(samples, row.passed) for row in rows]
    reasons = Counter(_QUOTED.sub("…", row.reason) for row in rows if row.reason is not None)
    figures = {
        "n": len(rows),
        "read": read,
        "valid": share([row.valid for row in rows if row.read], seed=seed),
        "compile": {
            "checker": settings["checker"]["name"],
            "by_lean": any(row.elaborated for row in rows),
            **to_jsonable(compile_rate([row.status for row in rows], seed=seed)),
        },
        "pass_at_k": [mean_pass_at_k(passed, k, seed=seed) for k in sorted({*_KS, samples}) if k <= samples],
        "references": len(with_reference),
        "references_whole": sum(row.reference_whole is True for row in rows),
        "equal": share([row.equal for row in with_reference], seed=seed),
        "similarity": average([row.similarity for row in with_reference], seed=seed).interval,
        "names": _names(run, rows, NameReader(vocabulary), seed),
        "splits": {
            split: _split([row for row in rows if row.split == split], seed)
            for split in dict.fromkeys(row.split for row in rows)
        },
        "ms": milliseconds(run, "write"),
        "abstentions": [
            {"reason": reason, "count": count}
            for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        ],
        "categories": dict(
            Counter(category for row in rows for category in dict.fromkeys(row.categories)).most_common()
        ),
        "tokens": sum(row.tokens for row in rows),
        "cost": _sum([row.cost for row in rows]),
    }
    return Scored(to_jsonable(figures), [to_jsonable(row) for row in rows]), rows


def outcomes(run: Run, normalise: Normaliser, priced: bool = False) -> list[Outcome]:
    """The outcome of each problem that has an answer, in their order; `priced` where writing costs money."""
    pairs = zip(run.problems, run.answers, strict=True)
    return [_outcome(problem, answer, normalise, priced) for problem, answer in pairs if answer is not None]


def chosen_candidate(answer: Answer) -> Candidate | None:
    """The candidate that was chosen, None where nothing was written."""
    if answer.result is None or not answer.result["attempts"]:
        return None
    candidate = answer.result["attempts"][answer.result["chosen"]]["candidate"]
    return None if candidate is None else Candidate(**candidate)


def _outcome(problem: Problem, answer: Answer, normalise: Normaliser, priced: bool) -> Outcome:
    reference = None if problem.formal is None else normalise(problem.formal, problem.header)
    whole = None if reference is None else reference.whole
    nothing = None if reference is None else False
    if answer.result is None:
        failure = answer.failure
        assert failure is not None
        return Outcome(
            problem.name,
            problem.split,
            False,
            equal=nothing,
            similarity=None if reference is None else 0.0,
            reference_whole=whole,
            failure=str(failure.kind),
            reason=f"{failure.kind}: {failure.message}",
        )
    attempts = answer.result["attempts"]
    first = [attempt for attempt in attempts if attempt["round"] == 0]
    used = [step["tokens"] for step in answer.result["steps"] if step["tokens"] is not None]
    common: dict[str, Any] = {
        "samples": sum(attempt["candidate"] is not None for attempt in first),
        "passed": sum(_passed(attempt) for attempt in first),
        "rounds": max((attempt["round"] for attempt in attempts), default=0),
        "reference_whole": whole,
        "tokens": sum(tokens["prompt"] + tokens["completion"] for tokens in used),
        # A server that told no tokens was not free for it.
        "cost": _sum(
            [
                step["cost"]
                for step in answer.result["steps"]
                if step["tokens"] is not None or (priced and step["kind"] in _WRITING)
            ]
        ),
    }
    candidate = chosen_candidate(answer)
    if candidate is None:
        left = attempts[answer.result["chosen"]]["abstention"] if attempts else None
        reason, span = (left["reason"], left["text"]) if left is not None else ("nothing was written", "")
        similarity = None if reference is None else 0.0
        return Outcome(
            problem.name,
            problem.split,
            False,
            equal=nothing,
            similarity=similarity,
            reason=reason,
            span=span,
            **common,
        )
    verdict = attempts[answer.result["chosen"]]["verdict"]
    status = None if verdict is None else Status(verdict["status"])
    errors = [] if verdict is None else [d for d in verdict["diagnostics"] if d["severity"] == "error"]
    equal, similarity = None, None
    if reference is not None:
        written = normalise(candidate.statement, candidate.header)
        # Definitions of its own may stand under the same name for something else.
        equal = written.key == reference.key and candidate.helper.split() == problem.helper.split()
        similarity = written.similarity(reference)
    return Outcome(
        problem.name,
        problem.split,
        True,
        status=status,
        valid=None if status is None else status.positive,
        elaborated=verdict is not None and verdict["elaborated"],
        equal=equal,
        similarity=similarity,
        header=candidate.header,
        helper=candidate.helper,
        statement=candidate.statement,
        categories=tuple(d["category"] for d in errors),
        **common,
    )


def _sum(costs: Sequence[float | None]) -> float | None:
    """The sum of costs, None where one is not known, lest less be told than was spent."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _passed(attempt: Mapping[str, Any]) -> bool:
    verdict = attempt["verdict"]
    return verdict is not None and Status(verdict["status"]).positive


def _names(run: Run, rows: Sequence[Outcome], reader: NameReader, seed: int) -> Any:
    named = []
    for problem, row in zip(run.problems, rows, strict=True):
        used = None
        if row.statement is not None and problem.gold is not None:
            used = reader.used(Candidate(row.name, row.header or "", row.statement, row.helper or ""))
        gold = None if problem.gold is None else reader.present(problem.gold)
        named.append(Names(used, gold))
    return name_report(named, seed=seed) if any(names.gold is not None for names in named) else None


def _split(rows: Sequence[Outcome], seed: int) -> dict[str, Share | int]:
    compared = [row.equal for row in rows if row.equal is not None]
    return {
        "n": len(rows),
        "read": share([row.read for row in rows], seed=seed),
        "valid": share([row.valid for row in rows if row.read], seed=seed),
        "equal": share(compared, seed=seed),
    }
