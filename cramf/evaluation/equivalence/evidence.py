"""What Lean's messages about an assembled text show: positive evidence only, each piece at its own place.

That a theorem "uses `sorry`" is Lean's word on the theorem itself; what it takes from others is seen in its
axioms. So, where nothing but the assumed theorem stands without a proof, `sorryAx` among the axioms of the
proved one says that it rests on the assumed one, and any other axiom that it rests on something it may not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from cramf.check.verdict import Diagnostic, Part, Severity, Status, Verdict
from cramf.evaluation.equivalence.ladder import Role, Rung
from cramf.evaluation.equivalence.pairs import Assembled

__all__ = ["ALLOWED_AXIOMS", "Finding", "Outcome", "Typed", "judge_attempt", "judge_statements"]

ALLOWED_AXIOMS = frozenset({"propext", "Classical.choice", "Quot.sound"})
"""What a proof may rest on besides the assumed theorem: the axioms that Mathlib itself uses."""

_ASSUMED = "sorryAx"
_DEPENDS = re.compile(r"['`](?P<name>[^\n]+?)['`] depends on axioms:\s*\[(?P<axioms>[^\[\]]*)\]\s*\Z")
_NONE = re.compile(r"['`](?P<name>[^\n]+?)['`] does not depend on any axioms\s*\Z")
_SUGGESTION = re.compile(r"\s*Try this:\s*(?:\[apply\]\s*)?(?P<proof>.+)\Z", re.DOTALL)
_UNREADABLE = frozenset({"syntax", "unknown_tactic"})
_MOST = 300  # characters of a message that are kept


class Outcome(StrEnum):
    """What came of one rung."""

    PROVED = "proved"
    FAILED = "failed"
    UNUSED = "unused"
    """It was proved, but not from the assumed theorem."""
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    UNAVAILABLE = "unavailable"
    """No Lean, a header that does not stand, or tactics that this version of Lean does not know."""
    REFUSED = "refused"
    """It may not be given to Lean."""

    @property
    def decided(self) -> bool:
        """Whether the rung was tried to its end; running out of time is such an end."""
        return self not in (Outcome.CRASHED, Outcome.UNAVAILABLE, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome of a rung, one line on it, and the proof that Lean suggested in its course ("" for none)."""

    outcome: Outcome
    detail: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """Whether both statements elaborate: `ill_typed` holds the sides that do not ("a", "b").

    `undecided` says why nobody knows, and is "" where Lean gave an answer.
    """

    ill_typed: tuple[str, ...] = ()
    detail: str = ""
    undecided: str = ""


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MOST else f"{flat[:_MOST]} …"


def _own(verdict: Verdict) -> list[Diagnostic]:
    """Messages about the text itself; those about the header are the header's."""
    return [d for d in verdict.diagnostics if d.part is Part.STATEMENT]


def _unproved(messages: list[Diagnostic]) -> set[tuple[int | None, int | None]]:
    """Places of the declarations of which Lean says that they use `sorry`."""
    return {(d.line, d.column) for d in messages if d.category == "sorry" and d.severity is Severity.WARNING}


def judge_statements(verdict: Verdict, text: Assembled) -> Typed:
    """What Lean's answer to both statements with `sorry` says."""
    messages = _own(verdict)
    if verdict.status is Status.INVALID and verdict.elaborated:
        errors = [d for d in messages if d.severity is Severity.ERROR]
        sides = tuple(
            side
            for side, (first, last) in zip("ab", text.parts, strict=True)
            if any(d.line is not None and first <= d.line <= last for d in errors)
        )
        if sides:
            return Typed(sides, _short(errors[0].message))
        # It is in what both have before them, so it says nothing of either.
        said = _short(errors[0].message) if errors else verdict.detail
        return Typed(undecided=f"the header or helper does not stand: {said}")
    if not verdict.positive:
        return Typed(undecided=f"{verdict.status.value}: {_short(verdict.detail)}")
    found = _unproved(messages)
    if missing := [
        side for side, place in zip("ab", text.names, strict=True) if place is not None and place not in found
    ]:
        # Lean read something else there than we did.
        return Typed(undecided=f"no sign that Lean took {' and '.join(missing)} for the theorem it should be")
    if len(found) > len(text.names):
        return Typed(undecided="a helper holds a `sorry`, so that a proof would show nothing")
    return Typed()


def judge_attempt(verdict: Verdict, text: Assembled, rung: Rung) -> Finding:
    """What Lean's answer to an attempt says."""
    unable = {
        Status.TIMEOUT: Outcome.TIMEOUT,
        Status.CRASHED: Outcome.CRASHED,
        Status.UNAVAILABLE: Outcome.UNAVAILABLE,
        Status.REJECTED: Outcome.REFUSED,
    }.get(verdict.status)
    if unable is not None:
        return Finding(unable, _short(verdict.detail))
    messages = _own(verdict)
    errors = [d for d in messages if d.severity is Severity.ERROR]
    if verdict.status is Status.INVALID or errors:
        if not verdict.elaborated:
            return Finding(Outcome.UNAVAILABLE, _short(verdict.detail))
        return _failure(errors, text, rung) if errors else Finding(Outcome.FAILED, _short(verdict.detail))
    unproved = _unproved(messages)
    if text.names[text.goal] in unproved:
        return Finding(Outcome.FAILED, "the proof or the statement holds a `sorry`")
    if unproved - set(text.names):
        return Finding(Outcome.FAILED, "something besides the assumed theorem has no proof")
    axioms = _axioms(messages, text)
    if axioms is None:
        return Finding(Outcome.CRASHED, "Lean did not say on which axioms the proof rests")
    if foreign := sorted(axioms - ALLOWED_AXIOMS - {_ASSUMED}):
        return Finding(Outcome.FAILED, f"the proof rests on {', '.join(foreign)}")
    suggestion = _suggestion(messages, text)
    if rung.role is not Role.PROVE:
        return Finding(Outcome.PROVED, "it holds without the other theorem", suggestion)
    if _ASSUMED not in axioms:
        return Finding(Outcome.UNUSED, "the proof does not rest on the assumed theorem", suggestion)
    if rung.by_suggestion and not _names(suggestion, text.assumed):
        return Finding(Outcome.UNUSED, "the suggestion does not name the assumed theorem", suggestion)
    return Finding(Outcome.PROVED, "", suggestion)


def _failure(errors: list[Diagnostic], text: Assembled, rung: Rung) -> Finding:
    first, last = text.proof
    unreadable = [
        d for d in errors if d.category in _UNREADABLE and d.line is not None and first <= d.line <= last
    ]
    # A conclusion is the candidate's own text, which may well not be readable where it stands now.
    if unreadable and "{conclusion}" not in rung.tactics:
        said = _short(unreadable[0].message)
        return Finding(Outcome.UNAVAILABLE, f"this Lean cannot read the tactics: {said}; take its ladder")
    return Finding(Outcome.FAILED, _short(errors[0].message))


def _axioms(messages: list[Diagnostic], text: Assembled) -> frozenset[str] | None:
    """The axioms that Lean answered with where it was asked, None where it did not."""
    for message in messages:
        if message.severity is not Severity.INFORMATION or message.line != text.asked:
            continue
        found = _DEPENDS.match(message.message.strip()) or _NONE.match(message.message.strip())
        if found is not None and found["name"].split(".")[-1] == text.fresh:
            listed = found.groupdict().get("axioms") or ""
            return frozenset(name.strip() for name in listed.split(",") if name.strip())
    return None


def _suggestion(messages: list[Diagnostic], text: Assembled) -> str:
    """The first proof that Lean suggested in the lines of the proof, "" where it did not."""
    first, last = text.proof
    for message in messages:
        if message.line is not None and first <= message.line <= last:
            found = _SUGGESTION.match(message.message)
            if found is not None and message.severity is Severity.INFORMATION:
                return found["proof"].strip()
    return ""


def _names(proof: str, fresh: str) -> bool:
    return re.search(rf"(?<![\w'!?]){re.escape(fresh)}(?![\w'!?])", proof) is not None
