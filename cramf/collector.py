"""Python's garbage collector, paused where it would only cost time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = 20_000
"""Objects that are made between two passes over the youngest; Python's own number is 700."""

__all__ = ["collector_paused", "heap_set_aside"]


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: of records that live to the end every pass would visit all."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def heap_set_aside() -> Iterator[None]:
    """What is there now is no matter of the garbage collector meanwhile, and it comes more seldom.

    Tables of a whole library live to the end, and every full pass would visit all of them for the few records
    that came since.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
