"""What a judge is asked, what it answers, and what its votes come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from cramf.check.inputs import DEFAULT_HEADER
from cramf.errors import InputError
from cramf.formalize.types import TokenUsage

__all__ = ["Discrepancy", "Judgement", "Method", "Question", "Vote"]


class Method(StrEnum):
    """How a judge sees the Lean statement: beside the informal one, or through its own translation."""

    DIRECT = "direct"
    BACK_TRANSLATION = "back_translation"


@dataclass(frozen=True, slots=True)
class Question:
    """Does `formal` say what `statement` says?

    `name` is for reports and is never shown to the judge; `header` and `helper` are those of `Candidate`.

    Raises:
        InputError: where the informal or the formal statement is blank, or a text has half a character.
    """

    name: str
    statement: str
    formal: str
    header: str = DEFAULT_HEADER
    helper: str = ""

    def __post_init__(self) -> None:
        for what, text in (("informal", self.statement), ("formal", self.formal)):
            if not text.strip():
                raise InputError(f"{self.name!a} has no {what} statement to be judged", "add it")
        texts = self.statement + self.formal + self.header + self.helper
        if any("\ud800" <= c <= "\udfff" for c in texts):
            raise InputError(f"{self.name!a} holds half a character (a lone surrogate)", "read it as UTF-8")


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A difference in meaning; `kind` is one of the rubric's faults, or `other`."""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote. `verdict` is None where no answer could be read, and `problem` then says why.

    `answers` are the model's own words, the last one that on which the vote stands; before it there may be
    an answer that could not be read. `translation` is what the Lean statement was turned into ("" where the
    judge saw Lean). `tokens` and `cost` (US dollars) are of all that the vote took, None where not known.
    """

    verdict: bool | None
    seed: int
    reason: str = ""
    discrepancies: tuple[Discrepancy, ...] = ()
    answers: tuple[str, ...] = ()
    translation: str = ""
    problem: str = ""
    tokens: TokenUsage | None = None
    cost: float | None = None

    @property
    def readable(self) -> bool:
        return self.verdict is not None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the votes on one question come to.

    `verdict` is what more than half of all votes asked for say, the unreadable ones among those; None where
    neither side has so many. `rubric` is its name with a checksum, `model` the identity of who was asked.
    """

    name: str
    verdict: bool | None
    votes: tuple[Vote, ...]
    method: Method
    rubric: str
    model: str

    @property
    def unreadable(self) -> int:
        """How many votes could not be read."""
        return sum(not vote.readable for vote in self.votes)

    @property
    def tokens(self) -> TokenUsage | None:
        """Tokens of all votes, None where those of any are not known."""
        counted = [vote.tokens for vote in self.votes if vote.tokens is not None]
        return reduce(TokenUsage.__add__, counted, TokenUsage()) if len(counted) == len(self.votes) else None

    @property
    def cost(self) -> float | None:
        """US dollars of all votes, None where those of any are not known."""
        known = [vote.cost for vote in self.votes if vote.cost is not None]
        return sum(known) if len(known) == len(self.votes) else None
