"""BEq and BEq+: equivalence of two Lean statements by proofs in both directions, found by a fixed ladder.

    with ReplChecker(workspace, workers=4) as prover:
        answer = beq_plus(Pair(header, helper_a, a, helper_b, b), prover)

`ladder` holds the metrics as data with their sources, `pairs` makes the texts, `evidence` reads Lean's
answers, `proving` puts them together and `many` works through a batch.
"""

from cramf.evaluation.equivalence.evidence import ALLOWED_AXIOMS, Outcome
from cramf.evaluation.equivalence.ladder import (
    BEQ,
    BEQ_L,
    BEQ_PLUS,
    BEQ_PLUS_BEFORE_4_18,
    METHODS,
    Ladder,
    Role,
    Rung,
    ladder_for,
)
from cramf.evaluation.equivalence.many import compare_many
from cramf.evaluation.equivalence.pairs import Pair
from cramf.evaluation.equivalence.proving import (
    Attempt,
    Direction,
    Equivalence,
    Proposals,
    Prover,
    beq,
    beq_plus,
    climb,
)

__all__ = [
    "ALLOWED_AXIOMS",
    "BEQ",
    "BEQ_L",
    "BEQ_PLUS",
    "BEQ_PLUS_BEFORE_4_18",
    "METHODS",
    "Attempt",
    "Direction",
    "Equivalence",
    "Ladder",
    "Outcome",
    "Pair",
    "Proposals",
    "Prover",
    "Role",
    "Rung",
    "beq",
    "beq_plus",
    "climb",
    "compare_many",
    "ladder_for",
]
