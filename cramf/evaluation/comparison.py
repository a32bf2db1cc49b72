"""Two runs on the same problems compared: McNemar's test, the paired bootstrap, the paired randomisation
test, and Holm's correction where several comparisons are made.

Every test is two-sided. Its null hypothesis is that the two runs do equally well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from cramf.errors import InputError
from cramf.evaluation.intervals import SEED, Floats, Interval, ratios, resampled_sums
from cramf.evaluation.metrics import METRICS, Metric, Retrieved, metric_parts

__all__ = [
    "DRAWS",
    "Comparison",
    "McNemar",
    "Pairs",
    "compare_averages",
    "compare_ratios",
    "compare_retrieved",
    "holm",
    "mcnemar",
    "paired",
]

DRAWS = 10_000
"""Resamples and random swaps of a test: the standard error of a p-value of 0.05 is 0.002."""
_CELLS = 1 << 22
"""Signs that are drawn at a time, which bounds the memory of many rows."""
_WORD = (1 << 64) - 1
_SLACK = 1e-12
"""Differences as close as this, relative to what is compared, are ties: sums in another order."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class McNemar:
    """Problems by which of two runs passed them, and p-values of there being no difference.

    `exact` is the binomial test's, which errs on the safe side; `mid` the mid-p version, which is nearer to
    the nominal level. `chi_square` has the continuity correction; it is an approximation and only here to be
    compared with published ones. All are 1 where the runs differ on no problem.
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    exact: float
    mid: float
    chi_square: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of run a minus that of run b on the same `n` rows, `differ` of which are not alike.

    `difference` has its 95% percentile interval over resampled rows. `p_bootstrap` and `p_randomisation` are
    p-values of no difference; `exact` says whether all swaps were tried for the second one.
    """

    difference: Interval
    p_bootstrap: float
    p_randomisation: float
    exact: bool
    n: int
    differ: int


@dataclass(frozen=True, slots=True)
class Pairs(Generic[T]):
    """Rows of two runs by name, those that both have in the order of the first; and what only one has."""

    names: tuple[str, ...]
    a: tuple[T, ...]
    b: tuple[T, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def paired(a: Mapping[str, T], b: Mapping[str, T]) -> Pairs[T]:
    """The rows that two runs have in common; those of one alone are named, so that they can be shown.

    Raises:
        InputError: where they have none in common.
    """
    names = tuple(name for name in a if name in b)
    if not names:
        raise InputError("the two runs have no problem in common", "compare runs on the same benchmark")
    return Pairs(
        names,
        tuple(a[name] for name in names),
        tuple(b[name] for name in names),
        tuple(name for name in a if name not in b),
        tuple(name for name in b if name not in a),
    )


def mcnemar(a: Sequence[bool | None], b: Sequence[bool | None]) -> McNemar:
    """McNemar's test of two runs' passes on the same problems; None (nothing written) has not passed.

    Given the problems that one run alone passed, how many of them are a's is binomial with 1/2 where there is
    no difference. McNemar, Psychometrika 12 (1947), 153-157; continuity correction by Edwards, Psychometrika
    13 (1948), 185-187; mid-p: outcomes as likely as the one seen count by half, Fagerland, Lydersen and
    Laake, BMC Medical Research Methodology 13 (2013), 91.

    Raises:
        ValueError: where the runs are not of the same length.
    """
    if len(a) != len(b):
        raise ValueError("a and b are not answers to the same problems")
    table = [[0, 0], [0, 0]]
    for ours, theirs in zip(a, b, strict=True):
        table[ours is True][theirs is True] += 1
    only_a, only_b = table[True][False], table[False][True]
    number, fewer = only_a + only_b, min(only_a, only_b)
    if not number:
        return McNemar(table[True][True], 0, 0, table[False][False], 1.0, 1.0, 1.0)
    # Whole numbers throughout: the ways to split the problems at least as unevenly, of all 2^number.
    ways = tail = 1
    for k in range(1, fewer + 1):
        ways = ways * (number - k + 1) // k
        tail += ways
    every = 1 << number
    if only_a == only_b:
        exact, mid = 1.0, (2 * every - ways) / (2 * every)
    else:
        exact, mid = (2 * tail) / every, (2 * tail - ways) / every
    square = max(abs(only_a - only_b) - 1, 0) ** 2 / number
    return McNemar(
        table[True][True],
        only_a,
        only_b,
        table[False][False],
        exact,
        mid,
        math.erfc(math.sqrt(square / 2)),
    )


def compare_ratios(a: Floats, b: Floats, draws: int = DRAWS, seed: int = SEED) -> Comparison:
    """The ratio of sums of run a minus that of run b, with an interval and two tests.

    `a` and `b` have shape (rows, 2): what each row adds to numerator and denominator, so that any measure of
    `cramf.evaluation.metrics` and any mean can be compared. A ratio without a denominator is 0.

    Interval: percentiles of the difference over rows resampled in pairs (Efron and Tibshirani, "An
    Introduction to the Bootstrap", 1993, chapter 13). `p_bootstrap` is by the shift method: the resampled
    differences less the observed one stand for those under no difference, and the share of them that are as
    far from 0 as the observed one counts (Noreen, "Computer-Intensive Methods for Testing Hypotheses", 1989;
    Riezler and Maxwell, "On Some Pitfalls in Automatic Evaluation and Significance Testing for MT", 2005).
    `p_randomisation`: under no difference each row's two answers could as well be swapped (Fisher, "The
    Design of Experiments", 1935; Smucker, Allan and Carterette, "A Comparison of Statistical Significance
    Tests for Information Retrieval Evaluation", 2007); all swaps are tried where there are no more than
    `draws`. Else, as with the bootstrap, the observed one counts among the draws, so that p is never 0
    (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 4.2).

    Where no row differs, or there is none, both p-values are 1. Of few rows the bootstrap's is too small, for
    resamples of few rows vary too little: there, go by the randomisation test.

    Raises:
        ValueError: where `a` and `b` are not of the same rows, or a number is not finite or a denominator
            negative.
    """
    if a.shape != b.shape or a.ndim != 2 or a.shape[1:] != (2,):
        raise ValueError("a and b are not answers to the same rows")
    (found,) = _compare(a[:, None], b[:, None], draws, seed)
    return found


def compare_averages(
    a: Sequence[float | None],
    b: Sequence[float | None],
    missing: float = 0.0,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Comparison:
    """`compare_ratios` of means over all rows; a row without a value (None) counts as `missing`."""
    ours, theirs = (np.array([missing if v is None else v for v in run], dtype=np.float64) for run in (a, b))
    if ours.shape != theirs.shape:
        raise ValueError("a and b are not answers to the same rows")
    one = np.ones_like(ours)
    return compare_ratios(np.stack([ours, one], axis=1), np.stack([theirs, one], axis=1), draws, seed)


def compare_retrieved(
    a: Sequence[Retrieved],
    b: Sequence[Retrieved],
    metrics: Sequence[Metric] = METRICS,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, Comparison]:
    """`compare_ratios` of each retrieval metric, by name.

    Raises:
        ValueError: where `a` and `b` are not answers to the same queries.
    """
    if [row.gold for row in a] != [row.gold for row in b]:
        raise ValueError("a and b are not answers to the same queries")
    ours, theirs = metric_parts(a, metrics), metric_parts(b, metrics)
    found = _compare(ours, theirs, draws, seed)
    return {metric.name: own for metric, own in zip(metrics, found, strict=True)}


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Each p-value adjusted for there being several: at most so much is the chance of any false alarm where
    those adjusted to at most alpha are called differences.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6
    (1979), 65-70: the smallest of m is multiplied by m, the next by m - 1, and so on, none below the one
    before it nor above 1.

    Raises:
        ValueError: for a number that is no p-value.
    """
    if not all(0 <= p <= 1 for p in p_values.values()):
        raise ValueError("a p-value lies between 0 and 1")
    adjusted: dict[str, float] = {}
    least = 0.0
    for place, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        least = max(least, min(1.0, (len(p_values) - place) * p_values[name]))
        adjusted[name] = least
    return {name: adjusted[name] for name in p_values}


def _compare(a: Floats, b: Floats, draws: int, seed: int) -> list[Comparison]:
    """`compare_ratios` of several ratios, shape (rows, ratios, 2), on the same resamples."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()) or (a[..., 1] < 0).any() or (b[..., 1] < 0).any():
        raise ValueError("parts of a ratio must be finite and denominators not negative")
    size, number, _ = a.shape
    sums = resampled_sums(np.concatenate([a, b], axis=1), draws, seed)
    resampled = ratios(sums[:, :number]) - ratios(sums[:, number:])
    ours, theirs = ratios(a.sum(axis=0)), ratios(b.sum(axis=0))
    found = []
    for n, observed in enumerate((ours - theirs).tolist()):
        differ = (a[:, n] != b[:, n]).any(axis=1)
        if not differ.any():
            found.append(Comparison(Interval(observed, observed, observed), 1.0, 1.0, True, size, 0))
            continue
        low, high = np.percentile(resampled[:, n], [2.5, 97.5])
        least = abs(observed) - _SLACK * max(abs(float(ours[n])), abs(float(theirs[n])))
        p_shift = (1 + int((np.abs(resampled[:, n] - observed) >= least).sum())) / (draws + 1)
        p_swap, exact = _randomisation(a[:, n], b[:, n], differ, least, draws, seed)
        interval = Interval(observed, float(low), float(high))
        found.append(Comparison(interval, p_shift, p_swap, exact, size, int(differ.sum())))
    return found


def _randomisation(
    a: Floats, b: Floats, differ: npt.NDArray[np.bool_], least: float, draws: int, seed: int
) -> tuple[float, bool]:
    """The share of swaps that make a difference of at least `least`, and whether all were tried."""
    same = a[~differ].sum(axis=0)
    middle, half = same + (a + b)[differ].sum(axis=0) / 2, ((a - b)[differ]) / 2
    number = len(half)
    exact = number < 63 and 1 << number <= draws
    as_far = total = 0
    for signs in _signs(number, None if exact else draws, seed):
        shift = signs @ half
        swapped = ratios(middle + shift) - ratios(middle - shift)
        as_far += int((np.abs(swapped) >= least).sum())
        total += len(signs)
    return (as_far / total, True) if exact else ((1 + as_far) / (1 + total), False)


def _signs(number: int, draws: int | None, seed: int) -> Iterator[Floats]:
    """Rows of `number` signs, some at a time: `draws` random ones, or all there are."""
    step = max(1, _CELLS // number)
    random = np.random.default_rng(seed)
    total = 1 << number if draws is None else draws
    for start in range(0, total, step):
        size = min(step, total - start)
        bits: npt.NDArray[np.integer[Any]]
        if draws is None:
            bits = (np.arange(start, start + size)[:, None] >> np.arange(number)) & 1
        else:
            # Whole words, so that how many rows are drawn at a time changes nothing.
            words = random.integers(0, _WORD, (size, -(-number // 64)), dtype=np.uint64, endpoint=True)
            bits = np.unpackbits(words.view(np.uint8), axis=1, count=number)
        signs: Floats = 2 * bits.astype(np.float64) - 1
        yield signs
