"""Pauses between retries: back-off, jitter, and what a server asks for."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from cramf.errors import InputError
from cramf.formalize.models.retrying import RetryPolicy, is_passing, seconds_asked


def test_pauses_are_drawn_below_a_ceiling_that_doubles() -> None:
    policy = RetryPolicy(least_pause=0.5, growth=1.0, most_pause=6.0)
    for attempt, ceiling in enumerate((1.5, 2.5, 4.5, 6.0, 6.0)):
        drawn = [policy.pause(attempt, None) for _ in range(2000)]
        assert min(drawn) >= 0.5 and max(drawn) <= ceiling
        # Full jitter: the whole range is used.
        assert min(drawn) < 0.5 + (ceiling - 0.5) / 10 and max(drawn) > ceiling - (ceiling - 0.5) / 10
    assert policy.pause(10_000, None) <= 6.0


def test_what_the_server_asks_for_is_the_least() -> None:
    policy = RetryPolicy(most_pause=1.0)
    drawn = [policy.pause(3, 20.0) for _ in range(200)]
    assert min(drawn) >= 20.0 and max(drawn) <= 22.0 and len(set(drawn)) > 1
    assert policy.pause(3, 0.0) == 0.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", None), ("  ", None), ("soon", None), ("nan", None), ("7", 7.0), (" 0.5 ", 0.5), ("-3", 0.0)],
)
def test_seconds_asked_for(header: str, seconds: float | None) -> None:
    assert seconds_asked(header) == seconds


def test_dates_asked_for() -> None:
    asked = seconds_asked(formatdate(time.time() + 100, usegmt=True))
    assert asked is not None and 95 < asked <= 100
    assert seconds_asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert seconds_asked("Wed, 99 Oct 2015 07:28:00 GMT") is None


def test_which_troubles_pass() -> None:
    passing = [status for status in range(200, 600) if is_passing(status)]
    assert passing == [408, 409, 429, *range(500, 600)]


@pytest.mark.parametrize(
    "fields",
    [
        {"retries": -1},
        {"max_wait": -1.0},
        {"max_wait": float("nan")},
        {"total": 0.0},
        {"total": float("nan")},
    ],
)
def test_policies_that_cannot_be_used(fields: dict[str, float]) -> None:
    with pytest.raises(InputError):
        RetryPolicy(**fields)  # type: ignore[arg-type]
