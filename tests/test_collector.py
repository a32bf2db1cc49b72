"""The garbage collector while long work goes on."""

from __future__ import annotations

import gc

import pytest

from cramf.collector import heap_set_aside


def test_the_collector_is_as_before_afterwards_and_works_meanwhile() -> None:
    before = gc.get_threshold()
    frozen = gc.get_freeze_count()
    kept = [[n] for n in range(1000)]
    with heap_set_aside():
        assert gc.get_freeze_count() >= frozen + len(kept)
        assert gc.get_threshold()[0] > before[0] and gc.get_threshold()[1:] == before[1:]
        assert gc.isenabled()
        circle: list[object] = []
        circle.append(circle)
        del circle
        assert gc.collect() >= 1
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_it_is_as_before_after_an_error_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyboardInterrupt), heap_set_aside():
        raise KeyboardInterrupt
    assert gc.get_threshold() == before and gc.get_freeze_count() == 0
