"""BEq and BEq+: are two statements equivalent, as far as a ladder of proofs can show?

`True` needs a proof in each direction that Lean accepted; `False` means that every rung was tried to its end
in vain in a direction (it is no proof of a difference); `None` that something kept a rung from being tried:
no Lean, a crash, a text that may not be given to Lean or cannot be kept apart from the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cramf.check.safety import screen
from cramf.check.verdict import Verdict
from cramf.errors import InputError
from cramf.evaluation.equivalence.evidence import Finding, Outcome, judge_attempt, judge_statements
from cramf.evaluation.equivalence.ladder import (
    BANNED_WORDS,
    BEQ,
    BEQ_PLUS,
    PROPOSAL_TACTICS,
    Ladder,
    Role,
    Rung,
)
from cramf.evaluation.equivalence.pairs import AbstainError, Pair, Prepared, RefusedError, prepare
from cramf.lean.lexer import TokenKind, scan

__all__ = ["Attempt", "Direction", "Equivalence", "Proposals", "Prover", "beq", "beq_plus", "climb"]

Proposals = Callable[[str], Sequence[str]]
"""Gives proofs (tactics, a line each) for the last theorem of a Lean text from the one before it."""


class Prover(Protocol):
    """Lean, asked about texts of our own making; `ReplChecker` and `LakeChecker` are two."""

    def elaborate(self, header: str, text: str, seconds: float | None = None) -> Verdict:
        """What Lean says of a text below a header within so many seconds; lines count in the text."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung that was tried, with what came of it."""

    rung: str
    outcome: Outcome
    detail: str = ""
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Direction:
    """Whether the goal's statement was proved from the assumed one.

    `rung` and `proof` (the tactics; for `exact?` what it found) are of the rung that succeeded. `detail`
    says in a line why there is none.
    """

    proved: bool | None
    rung: str | None = None
    proof: str | None = None
    attempts: tuple[Attempt, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The answer for one pair. `forward` proves b from a, `backward` a from b.

    `method` names metric and version of the ladder. `ill_typed` holds the sides that Lean does not accept,
    for which the verdict is False, as in the papers: where that is the reference, leave the pair out.
    """

    method: str
    forward: Direction
    backward: Direction
    verdict: bool | None
    seconds: float = field(default=0.0, compare=False)
    ill_typed: tuple[str, ...] = ()
    detail: str = ""


def beq(
    pair: Pair,
    prover: Prover,
    proposals: Proposals | None = None,
    *,
    ladder: Ladder = BEQ,
    seconds: float | None = None,
    both: bool = True,
) -> Equivalence:
    """BEq of a pair; without `proposals` only its part that needs no language model.

    `seconds` is the limit of each rung (the ladder's own where None). Without `both` the second direction is
    not tried where the first failed.
    """
    return climb(pair, prover, ladder, proposals, seconds=seconds, both=both)


def beq_plus(
    pair: Pair,
    prover: Prover,
    *,
    ladder: Ladder = BEQ_PLUS,
    seconds: float | None = None,
    both: bool = True,
) -> Equivalence:
    """BEq+ of a pair; take `ladder_for("beq+", lean)` for a version of Lean before 4.18. See `beq`."""
    return climb(pair, prover, ladder, seconds=seconds, both=both)


def climb(
    pair: Pair,
    prover: Prover,
    ladder: Ladder,
    proposals: Proposals | None = None,
    *,
    seconds: float | None = None,
    both: bool = True,
) -> Equivalence:
    """Try a ladder on a pair in both directions; never raises on account of what the pair holds.

    Raises:
        InputError: for a time limit that is not above zero.
    """
    limit = ladder.seconds if seconds is None else seconds
    if not limit > 0:
        raise InputError("the time limit of a rung is not positive", "give seconds above zero")
    start = time.monotonic()
    method = ladder.identity + (" with proposals" if proposals is not None else "")

    def answer(
        forward: Direction, backward: Direction, ill_typed: tuple[str, ...] = (), detail: str = ""
    ) -> Equivalence:
        verdict = _both(forward.proved, backward.proved)
        said = detail or forward.detail or backward.detail
        return Equivalence(method, forward, backward, verdict, time.monotonic() - start, ill_typed, said)

    def neither(
        proved: bool | None, detail: str, attempt: Attempt | None = None, ill_typed: tuple[str, ...] = ()
    ) -> Equivalence:
        same = Direction(proved, attempts=() if attempt is None else (attempt,), detail=detail)
        return answer(same, same, ill_typed, detail)

    try:
        prepared = prepare(pair)
    except RefusedError as error:
        return neither(None, str(error), Attempt("statements", Outcome.REFUSED, str(error)))
    except AbstainError as error:
        return neither(None, str(error))
    statements = prepared.statements()
    typed = judge_statements(prover.elaborate(prepared.header, statements.text, limit), statements)
    if typed.undecided:
        return neither(None, typed.undecided)
    if typed.ill_typed:
        sides = " and ".join(typed.ill_typed)
        return neither(False, f"{sides} does not elaborate: {typed.detail}", ill_typed=typed.ill_typed)
    forward = _climb(prepared, 1, prover, ladder, proposals, limit)
    if forward.proved is False and not both:
        return answer(forward, Direction(None, detail="not tried, since the other direction failed"))
    return answer(forward, _climb(prepared, 0, prover, ladder, proposals, limit))


def _both(forward: bool | None, backward: bool | None) -> bool | None:
    if forward is False or backward is False:
        return False
    return True if forward and backward else None


def _climb(
    prepared: Prepared,
    goal: int,
    prover: Prover,
    ladder: Ladder,
    proposals: Proposals | None,
    seconds: float,
) -> Direction:
    """One direction: the rungs in their order up to the first that proves it or shows that none could."""
    attempts: list[Attempt] = []
    passed_over = False
    for rung, refused in _rungs(prepared, goal, ladder, proposals):
        if passed_over:
            passed_over = False
            continue
        begin = time.monotonic()
        text = prepared.attempt(goal, rung, ladder.preamble)
        if refused:
            finding = Finding(Outcome.REFUSED, refused)
        else:
            finding = judge_attempt(prover.elaborate(prepared.header, text.text, seconds), text, rung)
        attempts.append(Attempt(rung.name, finding.outcome, finding.detail, time.monotonic() - begin))
        if finding.outcome is Outcome.PROVED and rung.role is Role.PROVE:
            proof = text.script
            if rung.by_suggestion:
                proof = "\n".join([*(ladder.preamble if rung.preamble else ()), finding.suggestion])
            return Direction(True, rung.name, proof, tuple(attempts))
        if finding.outcome is Outcome.PROVED and rung.role is Role.GUARD:
            detail = f"`{rung.name}` proves it without the other theorem, so the ladder says nothing for it"
            return Direction(False, attempts=tuple(attempts), detail=detail)
        if finding.outcome is Outcome.PROVED:
            passed_over = True
        elif rung.role is not Role.PROVE and not finding.outcome.decided:
            # What follows is worth something only where the guard did not hold.
            return Direction(None, attempts=tuple(attempts), detail=f"{rung.name}: {finding.detail}")
    if broken := [a for a in attempts if a.outcome in (Outcome.CRASHED, Outcome.UNAVAILABLE)]:
        return Direction(None, attempts=tuple(attempts), detail=f"{broken[0].rung}: {broken[0].detail}")
    return Direction(False, attempts=tuple(attempts), detail="no rung proves it")


def _rungs(
    prepared: Prepared, goal: int, ladder: Ladder, proposals: Proposals | None
) -> Iterator[tuple[Rung, str]]:
    """The ladder's rungs, then those that are proposed, each with why it may not be given to Lean or ""."""
    for rung in ladder.rungs:
        yield rung, ""
    if proposals is None:
        return
    given = prepared.attempt(goal, Rung("", ""))
    # The model sees both theorems up to the place of the proof.
    text = "\n".join(given.text.split("\n")[: given.proof[0] - 1])
    for number, proof in enumerate(dict.fromkeys(proposals(f"{prepared.header}\n\n{text}")), 1):
        tidy, refused = _proposal(proof)
        rung = Rung(f"proposal {number}", tidy)
        if not refused:
            attempt = prepared.attempt(goal, rung, ladder.preamble)
            # Up to our own question, which no text from outside may hold.
            whole = screen("\n".join(attempt.text.split("\n")[: attempt.asked - 1]))
            refused = str(whole.refusals[0]) if whole.refusals else ""
        yield rung, refused


def _proposal(proof: str) -> tuple[str, str]:
    """A proposed proof as it may be given to Lean, and why it may not ("" where it may).

    A language model wrote it, so it is screened like any candidate, and held to the list of tactics.
    """
    screening = screen(proof.replace("\r\n", "\n"))
    if screening.refusals:
        return "", str(screening.refusals[0])
    lines = [line.rstrip() for line in screening.text.split("\n") if line.strip()]
    if not lines:
        return "", "the proof is empty"
    tokens, errors, _ = scan("\n".join(lines))
    words = {token.text for token in tokens if token.kind == TokenKind.IDENTIFIER}
    if errors or "{" in proof:
        # A brace could be taken for a place of the template; no tactic of the list needs one.
        return "", "the proof cannot be read"
    if banned := sorted(words & BANNED_WORDS):
        return "", f"`{banned[0]}` may not stand in a proof"
    for line in lines:
        first = line.strip().removeprefix("·").split(maxsplit=1)
        if not first or first[0] not in PROPOSAL_TACTICS:
            return "", f"`{first[0] if first else '·'}` is no tactic of the list"
    return "\n".join(lines), ""
