"""The ladders of BEq and BEq+ as data: which proof is tried after which, and where that is written.

Sources (their code was read for it; nothing of it is here):

- BEq: Liu, Bao, Cao, Ge, Yan, "Rethinking and Improving Autoformalization: Towards a Faithful Metric and a
  Dependency Retrieval-based Approach", ICLR 2025; code: Purewhite2019/rethinking_autoformalization at
  5ce3b814 (`equivalence/beq_normal.py`). `exact?` first, of which the suggestion must name the assumed
  theorem, then proofs that a language model proposes in a few tactics.
- BEq_L and BEq+: Poiroux, Weiss, Kunčak, Bosselut, "Reliable Evaluation and Benchmarks for Statement
  Autoformalization", EMNLP 2025; code: augustepoiroux/LeanInteract at a92b1c94 (`examples/beq_plus.py`).

Each proves one theorem from the other, which stands before it with `sorry` for a proof, and then the other
way round; only both together are equivalence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cramf.errors import InputError

__all__ = [
    "BANNED_WORDS",
    "BEQ",
    "BEQ_L",
    "BEQ_PLUS",
    "BEQ_PLUS_BEFORE_4_18",
    "METHODS",
    "PROPOSAL_TACTICS",
    "Ladder",
    "Role",
    "Rung",
    "ladder_for",
]


class Role(StrEnum):
    """What it means that the proof of a rung goes through."""

    PROVE = "prove"
    """The direction is shown."""
    GUARD = "guard"
    """The direction is not shown and nothing more is tried: the theorem holds without the other."""
    GUARD_NEXT = "guard next"
    """The next rung is passed over, as it would prove nothing about the other theorem."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One proof that is tried; `tactics` may hold `{assumed}` (the other theorem's name) and `{conclusion}`
    (what it states after the binders, as text).

    With `by_suggestion` the suggestion that Lean prints must name the assumed theorem. With `alone` the
    assumed theorem does not stand before it. `preamble` says whether the ladder's own comes first.
    """

    name: str
    tactics: str
    role: Role = Role.PROVE
    by_suggestion: bool = False
    alone: bool = False
    preamble: bool = True


@dataclass(frozen=True, slots=True)
class Ladder:
    """A metric's rungs in their order.

    `since` and `before` bound the minor versions of Lean 4 that it is for (before exclusive). `seconds` is
    the time limit of each rung that its authors use. `departures` are where this differs from their code.
    """

    method: str
    version: str
    source: str
    rungs: tuple[Rung, ...]
    preamble: tuple[str, ...] = ()
    seconds: float = 60.0
    since: int = 0
    before: int | None = None
    departures: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Method and version, which a result states."""
        return f"{self.method} {self.version}"

    def without(self, *names: str) -> Ladder:
        """The ladder without the rungs of these names, under a version that says so.

        Raises:
            InputError: for a name that no rung has.
        """
        known = [rung.name for rung in self.rungs]
        for name in names:
            if name not in known:
                raise InputError(f"{self.identity} has no rung `{name}`", f"its rungs are {', '.join(known)}")
        rungs = tuple(rung for rung in self.rungs if rung.name not in names)
        version = f"{self.version} without {', '.join(names)}" if names else self.version
        return replace(self, rungs=rungs, version=version)


_OURS = (
    "A proof counts only if `#print axioms` names `sorryAx` (the assumed theorem, the only one without a "
    "proof) and else nothing but propext, Classical.choice and Quot.sound; their code looks at no axioms.",
    "A theorem that does not depend on the assumed one is `unused`, not proved.",
    "A namespace in the theorem's own name is kept, since Lean opens it for the statement.",
)
_LIU = "Liu et al., ICLR 2025; Purewhite2019/rethinking_autoformalization@5ce3b814"
_POIROUX = "Poiroux et al., EMNLP 2025; augustepoiroux/LeanInteract@a92b1c94, examples/beq_plus.py"

PROPOSAL_TACTICS = frozenset("apply cases' constructor exact exact? ext have intro intros rw use".split())
"""Tactics that a line of a proposed proof of BEq may begin with: those of `beq_normal`, which both lists and
bans `by_contra`."""
BANNED_WORDS = frozenset({"sorry", "admit", "by_contra"})
"""Words that may stand nowhere in a proposed proof."""

_SUGGESTED = Rung("exact?", "exact?", by_suggestion=True)

BEQ = Ladder(
    "beq",
    "1",
    _LIU,
    (_SUGGESTED,),
    seconds=120.0,
    departures=(
        *_OURS,
        "Proposed proofs are held to the list of tactics by the first word of each line; their code accepts "
        "a line that holds one of them anywhere.",
    ),
)
"""Without proposals it is the part of BEq that needs no language model."""

_PREAMBLE = ("intros", "symm_saturate")

BEQ_L = Ladder("beq-l", "1", _POIROUX, (_SUGGESTED,), _PREAMBLE, departures=_OURS)
"""BEq's first step after `intros` and `symm_saturate`: the baseline of the BEq+ paper."""


def _finish(solvers: Sequence[str]) -> str:
    """Try each of some tactics on all goals, or on each goal one after the other."""
    apart = " ; ".join(f"(all_goals try {solver})" for solver in solvers)
    together = " ; ".join(f"(try {solver})" for solver in solvers)
    return f"all_goals intros\nfirst | ({apart}) | (all_goals ({together}))"


def _beq_plus(simp_all: str) -> tuple[Rung, ...]:
    finish = _finish(["tauto", simp_all, "noncomm_ring", "exact?"])
    finish_this = _finish(["tauto", simp_all, "exact? using this"])
    inner = "\n".join(f"  {line}" for line in f"apply_rules [{{assumed}}]\n{finish}".split("\n"))
    converts = (
        Rung(
            f"convert using {depth}",
            f"convert (config := .unfoldSameFun) {{assumed}} using {depth}\n{finish}",
        )
        for depth in range(5)
    )
    return (
        _SUGGESTED,
        Rung("assumption", "assumption", Role.GUARD),
        Rung("apply", f"apply {{assumed}}\n{finish}"),
        Rung("alone", finish_this, Role.GUARD_NEXT, alone=True, preamble=False),
        Rung("have", f"have : {{conclusion}} := by\n{inner}\n{finish_this}"),
        *converts,
    )


_PLUS = (
    *_OURS,
    "The rung `alone` does what its comment in their code intends. There the text lacks its header and a "
    "line break after `by`, so that it never compiles and never guards; `without('alone')` behaves so.",
)

BEQ_PLUS = Ladder(
    "beq+",
    "1 (simp_all! +arith +decide)",
    _POIROUX,
    _beq_plus("simp_all! +arith +decide"),
    _PREAMBLE,
    since=18,
    departures=(
        *_PLUS,
        "`simp_all_arith!` is written out: since Lean 4.18 it only raises an error, which `try` swallows, so "
        "that the rungs would silently lose it. Lean's message names this replacement.",
    ),
)
"""BEq+ for Lean 4.18 and later."""

BEQ_PLUS_BEFORE_4_18 = Ladder(
    "beq+",
    "1 (simp_all_arith!)",
    _POIROUX,
    _beq_plus("simp_all_arith!"),
    _PREAMBLE,
    before=18,
    departures=_PLUS,
)
"""BEq+ with the tactics as they were published, for Lean 4.8 to 4.17."""

_LADDERS = (BEQ, BEQ_L, BEQ_PLUS, BEQ_PLUS_BEFORE_4_18)
METHODS = tuple(dict.fromkeys(ladder.method for ladder in _LADDERS))
_VERSION = re.compile(r"(?:^|[:v])4\.(\d{1,4})\b")


def ladder_for(method: str, lean: str = "") -> Ladder:
    """The ladder of a method for a version of Lean, such as `v4.9.0` ("" for the newest).

    Raises:
        InputError: for another method, or what is no version of Lean 4.
    """
    found = [ladder for ladder in _LADDERS if ladder.method == method]
    if not found:
        raise InputError(f"no equivalence method is called `{method}`", f"take one of {', '.join(METHODS)}")
    if not lean:
        return found[0]
    version = _VERSION.search(lean)
    if version is None:
        raise InputError(f"`{lean}` is no version of Lean 4", "give one such as v4.9.0")
    minor = int(version[1])
    return next(x for x in found if x.since <= minor and (x.before is None or minor < x.before))
