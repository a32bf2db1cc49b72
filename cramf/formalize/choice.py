"""Which of several attempts is handed on: by verdict, then agreement, then cost.

In this order, and nothing else decides:

1. the verdict: Lean elaborated it; it passed without warnings; with warnings; no verdict on it (not checked,
   timeout, crash, checker unavailable); errors, the fewer the better; rejected; no candidate at all;
2. how many attempts of independent origin say the same: a repair and what it mends count once;
3. the tokens of the answers that it took, those of the attempts that it mends among them;
4. the length of its Lean text; 5. its number.

So the choice depends on the attempts alone, not on the order in which they are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from cramf.check.verdict import Severity, Status, Verdict
from cramf.formalize.alpha import normal_text
from cramf.formalize.types import Attempt

__all__ = ["Choice", "agreement", "choose", "clustered", "passed", "ranked"]

_REASONS: Final = ("its verdict", "errors", "agreement", "tokens", "length", "order")


class _Rank(NamedTuple):
    verdict: int
    errors: int
    agreement: int
    tokens: int
    length: int
    number: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The attempt chosen, and by what it stands before the next best one."""

    attempt: Attempt
    reason: str


def passed(attempt: Attempt) -> bool:
    """Whether there is a positive verdict on an attempt."""
    return attempt.verdict is not None and attempt.verdict.positive


def clustered(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """The attempts with their clusters, numbered in the order of the attempts' numbers.

    Two are of one cluster where their normal texts are the same (`cramf.formalize.alpha`) and, if a checker
    resolved the names of both, these mean the same.
    """
    numbers: dict[tuple[str, tuple[str, ...]], int] = {}
    found: dict[int, int | None] = {}
    for attempt in sorted(attempts, key=lambda a: a.number):
        candidate = attempt.draft.candidate
        if candidate is None:
            found[attempt.number] = None
            continue
        resolved = tuple(sorted(attempt.verdict.resolved)) if attempt.verdict is not None else ()
        found[attempt.number] = numbers.setdefault((normal_text(candidate), resolved), len(numbers))
    return tuple(replace(attempt, cluster=found[attempt.number]) for attempt in attempts)


def agreement(attempts: Sequence[Attempt]) -> dict[int, int]:
    """For each cluster how many attempts of independent origin it has."""
    by_number = {attempt.number: attempt for attempt in attempts}
    origins: dict[int, set[int]] = {}
    for attempt in attempts:
        if attempt.cluster is not None:
            origins.setdefault(attempt.cluster, set()).add(_line(attempt, by_number)[-1].number)
    return {cluster: len(found) for cluster, found in origins.items()}


def ranked(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The attempts, best first; their clusters must be set."""
    return [attempt for _, attempt in _ranks(attempts)]


def choose(attempts: Sequence[Attempt]) -> Choice:
    """The best of at least one attempt; their clusters must be set."""
    (best_rank, best), *others = _ranks(attempts)
    if not others:
        return Choice(best, "being the only one")
    second = others[0][0]
    differing = next(n for n, (a, b) in enumerate(zip(best_rank, second, strict=True)) if a != b)
    return Choice(best, _REASONS[differing])


def _ranks(attempts: Sequence[Attempt]) -> list[tuple[_Rank, Attempt]]:
    agreeing = agreement(attempts)
    by_number = {attempt.number: attempt for attempt in attempts}
    ranks = [(_rank(attempt, agreeing, by_number), attempt) for attempt in attempts]
    return sorted(ranks, key=lambda pair: pair[0])


def _rank(attempt: Attempt, agreeing: dict[int, int], by_number: dict[int, Attempt]) -> _Rank:
    candidate = attempt.draft.candidate
    used = [each.draft.tokens for each in _line(attempt, by_number)]
    return _Rank(
        verdict=7 if candidate is None else _level(attempt.verdict),
        errors=len(attempt.verdict.errors) if attempt.verdict is not None else 0,
        agreement=0 if attempt.cluster is None else -agreeing[attempt.cluster],
        tokens=sum(tokens.completion for tokens in used if tokens is not None),
        length=0 if candidate is None else len(candidate.source),
        number=attempt.number,
    )


def _level(verdict: Verdict | None) -> int:
    if verdict is None:
        return 3
    if verdict.positive:
        if verdict.elaborated:
            return 0
        warned = any(d.severity is Severity.WARNING and d.category != "sorry" for d in verdict.diagnostics)
        return 2 if warned else 1
    return {Status.INVALID: 4, Status.REJECTED: 5}.get(verdict.status, 3)


def _line(attempt: Attempt, by_number: dict[int, Attempt]) -> list[Attempt]:
    """An attempt, the one that it mends, and so on."""
    line = [attempt]
    while (earlier := line[-1].mends) is not None and earlier in by_number:
        line.append(by_number[earlier])
    return line
