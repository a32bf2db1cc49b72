"""The channels of retrieval, and the arms in which they are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ARMS", "CHANNELS", "Arm", "parse_arm"]

CHANNELS: Final[tuple[str, ...]] = (
    "words",
    "names",
    "dense",
    "usage",
    "wording",
    "association",
    "graph",
    "senses",
    "prior",
)
"""Lexical over words, lexical over name parts and symbols, dense over definitions, votes of the documented
theorems that are nearest by vector and by wording, terms associated with definitions, what is used together,
senses of concepts, and how often a definition is used at all."""

ARMS: Final[tuple[str, ...]] = ("full", "linear", *CHANNELS, *(f"without {name}" for name in CHANNELS))
"""`full` ranks by the learned ranker, `linear` by the fixed sum of the channels that chooses its candidates;
a channel's name ranks by its own score alone; `without` leaves one out of everything."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Which channels speak, and how their scores are put together: by the ranker, a sum, or one alone."""

    name: str
    active: frozenset[str]
    alone: str | None
    learned: bool


def parse_arm(name: str) -> Arm:
    """The arm of that name.

    Raises:
        ValueError: where there is none.
    """
    if name not in ARMS:
        raise ValueError(f"no arm is called {name!r}")
    every = frozenset(CHANNELS)
    if name in every:
        # The graph needs definitions to start from, which the dense channel gives it.
        active = frozenset({name, "dense"}) if name == "graph" else frozenset({name})
        return Arm(name, active, name, False)
    if name.startswith("without "):
        return Arm(name, every - {name.removeprefix("without ")}, None, True)
    return Arm(name, every, None, name == "full")
