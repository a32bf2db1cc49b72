"""How often and how long a request to a server is tried again."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from cramf.errors import InputError

__all__ = ["LONGEST_WAIT", "RetryPolicy", "is_passing", "seconds_asked"]

LONGEST_WAIT = 86_400.0
"""Seconds above which no limit on time can be set."""
_RETRY_AFTER_JITTER = 0.1
_PASSING = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retries with exponential back-off and full jitter.

    The pause before the retry of number `i` (from 0) is drawn between `least_pause` and `least_pause` plus
    `growth` times `2**i`, at most `most_pause`. A server's `Retry-After` comes in its place, with up to a
    tenth on top, lest all that wait come back at once.

    Args:
        retries: how often a request is sent again after 408, 409, 429, 5xx or a lost connection.
        max_wait: seconds that all pauses of one request may take together; a server that asks for more is
            not waited for.
        total: seconds that one request may take with all its tries and pauses, None for as long as they take.
        timeouts: whether a request that ran into its timeout is sent again.
        unreachable: whether a server that nobody answers for is tried again.

    Raises:
        InputError: where a number is negative or too large.
    """

    retries: int = 4
    max_wait: float = 120.0
    total: float | None = None
    timeouts: bool = True
    unreachable: bool = True
    least_pause: float = 0.5
    growth: float = 0.5
    most_pause: float = 30.0

    def __post_init__(self) -> None:
        spans = (self.max_wait, self.least_pause, self.growth, self.most_pause)
        if self.retries < 0 or not all(0 <= span <= LONGEST_WAIT for span in spans):
            raise InputError("retries and waits cannot be negative or above 86400", "give 0 for none")
        if self.total is not None and not 0 < self.total <= LONGEST_WAIT:
            raise InputError(f"{self.total} s for a request cannot be used", "give a number up to 86400")

    def pause(self, attempt: int, asked: float | None) -> float:
        """Seconds to wait before retry `attempt`; `asked` is what the server asked for, if it did."""
        if asked is not None:
            return asked + random.uniform(0.0, _RETRY_AFTER_JITTER * asked)
        ceiling = self.growth * 2.0 ** min(attempt, 30)
        return min(self.least_pause + random.uniform(0.0, ceiling), self.most_pause)


def is_passing(status: int) -> bool:
    """Whether an HTTP status tells of trouble that may have passed by the next time."""
    return status in _PASSING or 500 <= status <= 599


def seconds_asked(retry_after: str) -> float | None:
    """Seconds that a `Retry-After` header asks for, given as a number or as a date; None if it does not."""
    retry_after = retry_after.strip()
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if not math.isnan(seconds) else None
