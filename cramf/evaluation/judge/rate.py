"""The faithful rate of judgements, with what is not decided told beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cramf.errors import BackendError
from cramf.evaluation.intervals import RESAMPLES, SEED, Share, share
from cramf.evaluation.judge.judging import Outcome
from cramf.evaluation.judge.types import Judgement

__all__ = ["FaithfulRate", "faithful_rate"]


@dataclass(frozen=True, slots=True)
class FaithfulRate:
    """Of `n` statements the share that a judge calls faithful.

    Args:
        n: all statements: faithful, unfaithful, undecided, failed and unwritten ones.
        faithful, unfaithful: by the majority of their votes.
        undecided: no majority, be it for a tie or for votes that cannot be read.
        failed: the judge could not be asked.
        unwritten: there was no formal statement to judge.
        rate: faithful / n. So undecided, failed and unwritten ones count as not faithful, and this is also
            the least that the rate can be.
        most: (faithful + undecided + failed) / n, what it would be if all of those were faithful.
        of_decided: faithful / (faithful + unfaithful).
        votes, unreadable: all votes, and those that could not be read.
    """

    n: int
    faithful: int
    unfaithful: int
    undecided: int
    failed: int
    unwritten: int
    rate: Share
    most: Share
    of_decided: Share
    votes: int
    unreadable: int


def faithful_rate(
    outcomes: Sequence[Outcome | None], samples: int = RESAMPLES, seed: int = SEED
) -> FaithfulRate:
    """The faithful rate of all statements of a run; None stands for one without a formal statement.

    It is the judge's opinion, to be read with the judge's agreement with people (`calibrate`). The 95%
    intervals are over statements, see `Share`; the judge's own votes are taken as they are.
    """
    judged = [each for each in outcomes if isinstance(each, Judgement)]
    failed = sum(isinstance(each, BackendError) for each in outcomes)
    verdicts = [each.verdict for each in judged]
    faithful, undecided = verdicts.count(True), verdicts.count(None)
    n, decided = len(outcomes), len(judged) - undecided

    def part(hits: int, of: int) -> Share:
        return share([True] * hits + [False] * (of - hits), samples, seed)

    return FaithfulRate(
        n=n,
        faithful=faithful,
        unfaithful=decided - faithful,
        undecided=undecided,
        failed=failed,
        unwritten=n - len(judged) - failed,
        rate=part(faithful, n),
        most=part(faithful + undecided + failed, n),
        of_decided=part(faithful, decided),
        votes=sum(len(each.votes) for each in judged),
        unreadable=sum(each.unreadable for each in judged),
    )
