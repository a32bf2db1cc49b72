"""Work in threads: nothing lost, nothing twice, errors handed over, no more under way than may be."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.concurrently import in_threads


@given(st.lists(st.integers(), max_size=40), st.integers(1, 9))
@settings(max_examples=60)
def test_each_thing_has_its_outcome_once(things: list[int], threads: int) -> None:
    assert sorted(in_threads(lambda n: n + 1, things, threads)) == sorted(n + 1 for n in things)


def test_one_thread_is_the_callers_own_and_keeps_the_order() -> None:
    here = threading.get_ident()
    assert list(in_threads(lambda n: (n, threading.get_ident()), [3, 1, 2], 1)) == [
        (3, here),
        (1, here),
        (2, here),
    ]


def test_so_many_threads_work_at_once() -> None:
    barrier = threading.Barrier(4, timeout=30)
    assert list(in_threads(lambda n: barrier.wait() >= 0, range(8), 4)) == [True] * 8


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_is_begun_than_may_be_under_way(threads: int) -> None:
    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        return n

    with closing(in_threads(work, range(50), threads)) as stream:  # type: ignore[type-var]
        for taken, _ in enumerate(stream, start=1):
            time.sleep(0.002)  # what is not held back would run ahead meanwhile
            assert len(begun) <= taken + threads - 1
            if taken == 20:
                break
    before = len(begun)
    time.sleep(0.05)
    assert len(begun) == before < 50


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_error_is_raised_after_what_was_done_before(threads: int, error: BaseException) -> None:
    def work(n: int) -> int:
        if n == 7:
            time.sleep(0.1)
            raise error
        return n

    found: list[int] = []
    with pytest.raises(type(error)):
        found.extend(in_threads(work, range(8), threads))
    assert sorted(found) == list(range(7))


def test_threads_end_when_nobody_listens() -> None:
    def count() -> int:
        return sum(thread.name == "cramf-worker" for thread in threading.enumerate())

    before = count()
    stream = in_threads(lambda n: n, range(1000), 4)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    for _ in range(200):
        if count() <= before:
            break
        time.sleep(0.01)
    assert count() <= before  # those of an earlier test may end meanwhile


def test_more_threads_than_things() -> None:
    assert sorted(in_threads(str, [1, 2], 64)) == ["1", "2"]
    assert list(in_threads(str, [], 64)) == []


def test_no_thread_at_all_is_the_callers_own() -> None:
    assert list(in_threads(lambda thing: (thing, threading.current_thread()), "ab", 0)) == [
        ("a", threading.current_thread()),
        ("b", threading.current_thread()),
    ]
