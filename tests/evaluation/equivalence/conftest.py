"""Fixtures of the tests of BEq and BEq+."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cramf.check.judging import judge
from cramf.check.verdict import Part, Status, Verdict
from cramf.lean.messages import read_repl

STAND_IN = Path(__file__).with_name("stand_in.py")
_SPEC = importlib.util.spec_from_file_location("equivalence_stand_in", STAND_IN)
assert _SPEC is not None
assert _SPEC.loader is not None
stand_in = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(stand_in)

_STATUSES = {s.value: s for s in (Status.TIMEOUT, Status.CRASHED, Status.UNAVAILABLE)}


@dataclass
class Replay:
    """A prover that plays by rules; what a real one would say goes through the real reading of answers."""

    rules: dict[str, Any]
    texts: list[str] = field(default_factory=list)
    limits: list[float | None] = field(default_factory=list)

    def elaborate(self, header: str, text: str, seconds: float | None = None) -> Verdict:
        self.texts.append(text)
        self.limits.append(seconds)
        play = self.rules.get("statements", "good")
        if "#print axioms" in text:
            lines, found, proof, _ = stand_in.read(text)
            play = self.rules.get(found[-1][3], {}).get(stand_in.rung_of([lines[n - 1] for n in proof]))
        if play in _STATUSES:
            return Verdict("replay", _STATUSES[play], detail=f"played {play}")
        answer = read_repl({"env": 1, "messages": stand_in.answer(text, self.rules)})
        outcome = judge(answer, lambda line: (Part.STATEMENT, line))
        return outcome.verdict("replay", 0.0)

    def rungs(self, side: str) -> list[str]:
        """The rungs that were tried for a side, in order."""
        tried = []
        for text in self.texts:
            if "#print axioms" in text:
                lines, found, proof, _ = stand_in.read(text)
                if found[-1][3] == side:
                    tried.append(stand_in.rung_of([lines[n - 1] for n in proof]))
        return tried


@pytest.fixture
def replay() -> Callable[..., Replay]:
    """Makes a prover that plays the given rules."""
    return lambda **rules: Replay(rules)


@pytest.fixture
def stand_in_path() -> Path:
    """The stand-in as a program."""
    return STAND_IN
