"""A judge held against people: agreement with their labels, agreement of its votes, and what its rate says of
the true one.

A judge says of a statement that it is faithful, that it is not, or nothing that could be read (None). Such an
undecided judgement never leaves the count: in accuracy, kappa and AC1 it is a third answer, which agrees with
no person's; in precision, recall and the corrected rate it is one that does not say faithful.

A figure that is not defined, as precision where nothing was called faithful, is None. A resample in which it
is not defined is left out of its interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from cramf.errors import InputError
from cramf.evaluation.intervals import RESAMPLES, SEED, Floats, Interval, resampled_sums

__all__ = [
    "Agreement",
    "CorrectedRate",
    "Votes",
    "agreement",
    "corrected_rate",
    "fleiss_kappa",
    "majority",
]

_DRAWS = 20_000
_ANSWERS = (True, False, None)


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge against `n` labels of people; `unlabelled` rows had none.

    `true_faithful` were called faithful by both, `false_faithful` by the judge alone, `false_unfaithful` by
    people alone though the judge decided, `true_unfaithful` by neither; the undecided ones are told apart by
    their label.
    """

    n: int
    unlabelled: int
    undecided_faithful: int
    undecided_unfaithful: int
    true_faithful: int
    false_faithful: int
    false_unfaithful: int
    true_unfaithful: int
    accuracy: Interval | None
    precision: Interval | None
    """Of those that the judge calls faithful, the share that people do."""
    recall: Interval | None
    """Of those that people call faithful, the share that the judge does: its sensitivity."""
    specificity: Interval | None
    """Of those that people call unfaithful, the share that the judge does not call faithful."""
    f1: Interval | None
    kappa: Interval | None
    """Cohen's; not defined where both give everything one and the same answer."""
    ac1: Interval | None
    """Gwet's, which stays near the accuracy where nearly all have the same label, as kappa does not."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Agreement of several votes: Fleiss' kappa over `n` statements, and how many had all votes alike."""

    n: int
    votes: int
    unanimous: int
    kappa: Interval | None


@dataclass(frozen=True, slots=True)
class CorrectedRate:
    """An estimate of how many statements are truly faithful, from what a judge says and how it errs.

    It is not what the judge counted, which is `apparent`, and is to be labelled as corrected wherever it is
    shown. None where the judge is no better than chance, so that its rate says nothing.
    """

    apparent: float
    sensitivity: float
    specificity: float
    corrected: Interval | None


def agreement(
    judged: Sequence[bool | None],
    human: Sequence[bool | None],
    samples: int = RESAMPLES,
    seed: int = SEED,
) -> Agreement:
    """The judge's answers against people's labels, with 95% percentile intervals over resampled rows.

    Rows without a label (None in `human`) say nothing of the judge; they are counted in `unlabelled`.
    Kappa: Cohen, Educational and Psychological Measurement 20 (1960), 37-46. AC1: Gwet, British Journal of
    Mathematical and Statistical Psychology 61 (2008), 29-48, of two answers, or three where any is undecided.

    Raises:
        ValueError: where the two are not of the same length.
    """
    if len(judged) != len(human):
        raise ValueError("judgements and labels are not of the same rows")
    rows = [(j, h) for j, h in zip(judged, human, strict=True) if h is not None]
    cells = np.zeros((len(rows), 3, 2))
    for n, (answer, label) in enumerate(rows):
        cells[n, _ANSWERS.index(answer), int(not label)] = 1.0
    counts = cells.sum(axis=0)
    drawn = resampled_sums(cells, samples, seed)
    answers = 3 if counts[2].any() else 2

    def measured(measure: Callable[[Floats], Floats]) -> Interval | None:
        return _interval(measure(counts[None])[0], measure(drawn))

    return Agreement(
        n=len(rows),
        unlabelled=len(human) - len(rows),
        undecided_faithful=int(counts[2, 0]),
        undecided_unfaithful=int(counts[2, 1]),
        true_faithful=int(counts[0, 0]),
        false_faithful=int(counts[0, 1]),
        false_unfaithful=int(counts[1, 0]),
        true_unfaithful=int(counts[1, 1]),
        accuracy=measured(lambda c: _over(c[:, 0, 0] + c[:, 1, 1], c.sum(axis=(1, 2)))),
        precision=measured(lambda c: _over(c[:, 0, 0], c[:, 0].sum(axis=1))),
        recall=measured(lambda c: _over(c[:, 0, 0], c[:, :, 0].sum(axis=1))),
        specificity=measured(lambda c: _over(c[:, 1:, 1].sum(axis=1), c[:, :, 1].sum(axis=1))),
        f1=measured(lambda c: _over(2 * c[:, 0, 0], c[:, 0].sum(axis=1) + c[:, :, 0].sum(axis=1))),
        kappa=measured(_cohen),
        ac1=measured(lambda c: _gwet(c, answers)),
    )


def fleiss_kappa(votes: Sequence[Sequence[Hashable]], samples: int = RESAMPLES, seed: int = SEED) -> Votes:
    """How far votes on the same statement agree beyond chance, with a 95% interval over resampled statements.

    `votes` holds the votes on each statement, of any values; None is an answer like another. Fleiss,
    Psychological Bulletin 76 (1971), 378-382. Kappa is not defined (None) where all votes of all statements
    are alike, and where there is no statement.

    Raises:
        ValueError: where statements have different numbers of votes, or fewer than two.
    """
    sizes = {len(own) for own in votes}
    if len(sizes) > 1 or any(size < 2 for size in sizes):
        raise ValueError("every statement needs the same number of votes, at least two")
    number = sizes.pop() if sizes else 0
    answers = {answer: n for n, answer in enumerate(dict.fromkeys(vote for own in votes for vote in own))}
    # What a statement adds to the sums: its votes for each answer, its pairs that agree, and itself.
    parts = np.zeros((len(votes), len(answers) + 2))
    for row, own in zip(parts, votes, strict=True):
        for answer, times in Counter(own).items():
            row[answers[answer]] = times
            row[-2] += times * (times - 1) / (number * (number - 1))
        row[-1] = 1.0

    def kappa(sums: Floats) -> Floats:
        size = sums[:, -1:]
        chance = (_over(sums[:, :-2], number * size) ** 2).sum(axis=1)
        return _over(_over(sums[:, -2], size[:, 0]) - chance, 1 - chance)

    return Votes(
        n=len(votes),
        votes=number,
        unanimous=sum(len(set(own)) == 1 for own in votes),
        kappa=_interval(kappa(parts.sum(axis=0)[None])[0], kappa(resampled_sums(parts, samples, seed))),
    )


def majority(votes: Sequence[bool | None]) -> bool | None:
    """What more than half of all votes say; None where no answer has that many, a tie among them.

    An unreadable vote (None) counts among all votes, so that it cannot make a minority the majority.
    """
    for answer in (True, False):
        if 2 * sum(vote is answer for vote in votes) > len(votes):
            return answer
    return None


def corrected_rate(
    judged: Sequence[bool | None], calibration: Agreement, seed: int = SEED, draws: int = _DRAWS
) -> CorrectedRate:
    """The rate of faithful statements that fits a judge's answers and how it errs on labelled ones.

    (apparent + specificity - 1) / (sensitivity + specificity - 1), kept between 0 and 1: Rogan and Gladen,
    "Estimating prevalence from the results of a screening test", American Journal of Epidemiology 107 (1978),
    71-76. It holds where the judge errs on the statements judged as it does on those of `calibration`, which
    must be others. An undecided answer (None) counts as not faithful, in the apparent rate and in the others.

    Interval: percentiles of the formula over draws of the three rates from their posteriors under Jeffreys'
    prior, so that few labels make it wide even where the judge never erred on them. A draw in which the judge
    is no better than chance allows any rate, and counts as reaching to both ends.

    Raises:
        InputError: where nothing was judged, or the calibration has no label of one of the two kinds.
    """
    wanted = calibration.true_faithful + calibration.false_unfaithful + calibration.undecided_faithful
    unwanted = calibration.n - wanted
    if not judged:
        raise InputError("no statement was judged, so there is no rate to correct", "judge some")
    if not wanted or not unwanted:
        missing = "unfaithful" if wanted else "faithful"
        raise InputError(f"no calibration statement is labelled {missing}", "label some of both kinds")
    hits = sum(answer is True for answer in judged)
    apparent = hits / len(judged)
    sensitivity = calibration.true_faithful / wanted
    specificity = 1 - calibration.false_faithful / unwanted
    if sensitivity + specificity <= 1:
        return CorrectedRate(apparent, sensitivity, specificity, None)
    value = min(1.0, max(0.0, (apparent + specificity - 1) / (sensitivity + specificity - 1)))
    random = np.random.default_rng(seed)

    def posterior(found: int, number: int) -> Floats:
        return random.beta(found + 0.5, number - found + 0.5, draws)

    rate = posterior(hits, len(judged))
    right = posterior(calibration.true_faithful, wanted)
    wrong = posterior(calibration.false_faithful, unwanted)
    useless = right <= wrong
    corrected = np.clip((rate - wrong) / np.where(useless, 1.0, right - wrong), 0.0, 1.0)
    low = float(np.percentile(np.where(useless, 0.0, corrected), 2.5))
    high = float(np.percentile(np.where(useless, 1.0, corrected), 97.5))
    # The posterior of a rate of 0 or 1 has no weight there, though that is the estimate.
    return CorrectedRate(
        apparent, sensitivity, specificity, Interval(value, min(low, value), max(high, value))
    )


def _over(found: Floats, wanted: Floats) -> Floats:
    """Quotients, NaN where the denominator is nothing."""
    shape = np.broadcast_shapes(found.shape, wanted.shape)
    divided: Floats = np.divide(found, wanted, out=np.full(shape, np.nan), where=np.abs(wanted) > 1e-12)
    return divided


def _cohen(counts: Floats) -> Floats:
    size = counts.sum(axis=(1, 2))
    seen = _over(counts[:, 0, 0] + counts[:, 1, 1], size)
    judge, human = counts.sum(axis=2), counts.sum(axis=1)
    chance = _over((judge[:, :2] * human).sum(axis=1), size**2)
    return _over(seen - chance, 1 - chance)


def _gwet(counts: Floats, answers: int) -> Floats:
    size = counts.sum(axis=(1, 2))
    seen = _over(counts[:, 0, 0] + counts[:, 1, 1], size)
    either = counts.sum(axis=2)
    either[:, :2] += counts.sum(axis=1)
    shares = _over(either, 2 * size[:, None])
    chance = (shares * (1 - shares)).sum(axis=1) / (answers - 1)
    return _over(seen - chance, 1 - chance)


def _interval(value: float, resampled: Floats) -> Interval | None:
    """The value with its percentiles, None where it is not defined."""
    if np.isnan(value):
        return None
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
