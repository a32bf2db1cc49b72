"""Compile rate, and pass@k: what share of problems has a candidate that a checker passes.

A problem for which nothing was written has not passed, and a sample that was asked for and never written is
one that failed; neither leaves the count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cramf.check.verdict import Status
from cramf.errors import InputError
from cramf.evaluation.intervals import RESAMPLES, SEED, Interval, Share, average, share

__all__ = ["CompileRate", "PassAtK", "Samples", "compile_rate", "mean_pass_at_k", "pass_at_k"]

_UNDECIDED = frozenset({Status.TIMEOUT, Status.CRASHED, Status.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class CompileRate:
    """How many of `n` problems have a candidate that its checker passed.

    `of_all` counts a problem without a candidate as not passed; `of_written` is the share of those with one,
    which a system raises by writing less. `undecided` candidates got no answer (timeout, crash, checker not
    available): they count as not passed, so with them the rates are lower bounds.
    """

    n: int
    written: int
    undecided: int
    of_all: Share
    of_written: Share


@dataclass(frozen=True, slots=True)
class Samples:
    """One problem's `n` samples that were asked for, of which `passed` passed."""

    n: int
    passed: int


@dataclass(frozen=True, slots=True)
class PassAtK:
    """pass@k, averaged over `n` problems; `short` ones with fewer than k samples have no value and are not
    among the `n`."""

    k: int
    rate: Interval
    n: int
    short: int


def compile_rate(
    statuses: Sequence[Status | None], samples: int = RESAMPLES, seed: int = SEED
) -> CompileRate:
    """The share of problems whose candidate passed, with Wilson's and bootstrap intervals over problems.

    `statuses` holds one status a problem, None where nothing was written. Which checker gave them is to be
    said with the figure: only one that runs Lean makes it a rate of compiling.
    """
    written = [status for status in statuses if status is not None]
    return CompileRate(
        n=len(statuses),
        written=len(written),
        undecided=sum(status in _UNDECIDED for status in written),
        of_all=share([status is not None and status.positive for status in statuses], samples, seed),
        of_written=share([status.positive for status in written], samples, seed),
    )


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that k samples, drawn without replacement from n of which c passed, hold one that passed.

    1 - C(n-c, k) / C(n, k): the unbiased estimator of pass@k (Chen et al., "Evaluating Large Language Models
    Trained on Code", 2021, section 2.1). The chance of failing is the product of 1 - k/i for i from n-c+1 to
    n, here summed as logarithms, over k or c factors, whichever are fewer: exact to about 1e-13, relative,
    for rare passes too.

    Raises:
        InputError: where k > n, for which there is no unbiased estimator.
        ValueError: where not 0 <= c <= n or k < 1.
    """
    if not 0 <= c <= n or k < 1:
        raise ValueError(f"pass@{k} of {c} in {n} samples")
    if k > n:
        raise InputError(
            f"pass@{k} of a problem with {n} samples", f"take at least {k} samples a problem, or a smaller k"
        )
    if n - c < k:
        return 1.0
    more, fewer = max(k, c), min(k, c)  # C(n-c, k) / C(n, k) is symmetric in c and k
    failing = math.fsum(math.log1p(-more / i) for i in range(n - fewer + 1, n + 1))
    return -math.expm1(failing)


def mean_pass_at_k(
    problems: Sequence[Samples],
    k: int,
    *,
    count_short: bool = False,
    samples: int = RESAMPLES,
    seed: int = SEED,
) -> PassAtK:
    """pass@k averaged over problems, with the 95% percentile interval over resampled problems.

    The interval says how the figure varies with the problems; the samples of each are taken as they are.

    Args:
        count_short: whether problems with fewer than k samples are left out of the mean and counted in
            `short`; else they are an error, so that none disappears unseen.

    Raises:
        InputError: where a problem has fewer than k samples and `count_short` is not set.
        ValueError: where a problem's numbers are impossible or k < 1.
    """
    if k < 1:
        raise ValueError(f"pass@{k}")
    whole = [p for p in problems if p.n >= k] if count_short else problems
    mean = average([pass_at_k(p.n, p.passed, k) for p in whole], samples=samples, seed=seed)
    return PassAtK(k, mean.interval, len(whole), len(problems) - len(whole))
