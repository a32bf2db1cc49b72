"""Requests, drafts, what a run records of itself, and the protocols that all formalizing backends share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol, runtime_checkable

from cramf.check.verdict import Candidate, Identity, Verdict
from cramf.errors import BackendError, InputError
from cramf.retrieval.types import ConceptMention, Hit

__all__ = [
    "TRACE_VERSION",
    "Abstention",
    "Attempt",
    "Backend",
    "Bounds",
    "Draft",
    "Environment",
    "Formalization",
    "Repairer",
    "Request",
    "Sampler",
    "Settings",
    "Step",
    "StepKind",
    "Stop",
    "TokenUsage",
    "Trace",
]

TRACE_VERSION: Final = 1
"""Version of what a trace holds; raised whenever that changes."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a backend is asked: the statement, the theorem's name and the evidence."""

    statement: str
    name: str
    concepts: tuple[ConceptMention, ...] = ()
    definitions: tuple[Hit, ...] = ()
    toolchain: str = ""
    mathlib_commit: str = ""


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why a backend wrote nothing; `start:end` is the span of the statement it could not read."""

    reason: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class TokenUsage:
    prompt: int = 0
    completion: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(self.prompt + other.prompt, self.completion + other.completion)


@dataclass(frozen=True, slots=True)
class Draft:
    """A backend's answer: a candidate, or why there is none (exactly one of the two).

    `notes` tell choices that a reader must know, such as the type given to a variable. Of answers that came
    together, `tokens` and `cost` (US dollars) are each one's share.
    """

    backend: str
    candidate: Candidate | None
    abstention: Abstention | None = None
    notes: tuple[str, ...] = ()
    tokens: TokenUsage | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        if (self.candidate is None) == (self.abstention is None):
            raise ValueError("a draft holds either a candidate or an abstention")


@runtime_checkable
class Backend(Protocol):
    """Anything that turns a statement and its evidence into Lean.

    A backend that can do more also has the methods of `Sampler` and `Repairer`; where it has `adrafts` and
    `arepair` too, the asynchronous loop awaits these, else it calls the plain ones in a thread.
    """

    @property
    def name(self) -> str: ...

    def draft(self, request: Request) -> Draft: ...


@runtime_checkable
class Sampler(Protocol):
    """A backend whose answers differ from one time to the next."""

    def drafts(self, request: Request, n: int) -> Sequence[Draft | BackendError]:
        """`n` answers, or why one could not be read in its place.

        Raises:
            BackendError: where there are none at all.
        """
        ...


@runtime_checkable
class Repairer(Protocol):
    """A backend that can mend a candidate of its own."""

    def repair(self, request: Request, failed: Candidate, verdict: Verdict, found: Sequence[Hit]) -> Draft:
        """Another candidate in place of one that did not pass; `found` are definitions for the failing names.

        Raises:
            BackendError: where there is none.
        """
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one statement may take.

    Args:
        candidates: drafts asked for at first, and the most that are mended in one round of repair.
        rounds: rounds of repair after the first drafts, 0 for none.
        tokens: no further request is sent that could exceed this sum of prompts and answers, a request being
            taken to cost what the dearest one so far did; the first one is always sent.
        seconds: wall-clock time after which no further round is begun. A step under way is not cut off, and
            what was written is always checked: model and checker have limits of their own.

    Raises:
        InputError: where a bound cannot be kept.
    """

    candidates: int = 1
    rounds: int = 1
    tokens: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.candidates <= 1024:
            raise InputError(f"{self.candidates} candidates cannot be asked for", "give 1 to 1024")
        if not 0 <= self.rounds <= 100:
            raise InputError(f"{self.rounds} rounds of repair cannot be asked for", "give 0 to 100")
        if self.tokens is not None and self.tokens < 1:
            raise InputError(f"{self.tokens} tokens are too few", "give 1 or more, or no limit")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise InputError(f"{self.seconds} seconds are no limit", "give more than 0, or no limit")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One draft with what was found of it.

    `number` counts all attempts of a run from 0 and `round` the rounds, 0 being the first drafts. `mends` is
    the number of the attempt that this one was to mend. Attempts of one `cluster` say the same up to the
    names of bound variables; None where there is no candidate.
    """

    number: int
    round: int
    draft: Draft
    verdict: Verdict | None = None
    mends: int | None = None
    cluster: int | None = None


class StepKind(StrEnum):
    EVIDENCE = "evidence"
    DRAFT = "draft"
    CHECK = "check"
    RETRIEVE = "retrieve"
    REPAIR = "repair"
    CHOOSE = "choose"


class Stop(StrEnum):
    """Why no further round was begun."""

    PASSED = "a candidate passed"
    UNCHECKED = "there is no checker"
    ABSTAINED = "the backend abstained"
    CANNOT_REPAIR = "the backend cannot repair"
    NOTHING_TO_REPAIR = "the checker gave no verdict that could be repaired"
    REPEATED = "repair brought nothing new"
    FAILED = "the backend failed to repair"
    ROUNDS = "all rounds were used"
    TOKENS = "the next request could exceed the tokens"
    SECONDS = "the time was up"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done, in order.

    `inputs` are hashes of what went in, `outputs` say in words what came out, and `attempts` are those that
    it made or judged. `failures` are messages of errors that did not end the run. Two steps that differ in
    `seconds` alone are equal.
    """

    kind: StepKind
    round: int
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    attempts: tuple[int, ...] = ()
    failures: tuple[str, ...] = ()
    tokens: TokenUsage | None = None
    cost: float | None = None
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Environment:
    """Who took part: versions, the index, the model and the checker with all that their answers depend on."""

    cramf: str
    toolchain: str
    mathlib_commit: str
    index: str
    backend: str
    model: str
    """Identity of the model with its server or files; the backend's name where there is no model."""
    checker: Identity | None = None
    reader: str = ""
    """What reads queries, where the retriever has a name for it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked for; `k` is the number of definitions, None as many as seem meant."""

    k: int | None
    bounds: Bounds
    backend: Mapping[str, Any] = field(default_factory=dict)
    """The backend's own settings, such as the temperature and the version of its prompts."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that one run did: see `cramf.formalize.trace` for reading, replaying and explaining it.

    `given` is the name that was asked for, if one was; `name` that under which the first drafts were asked
    for; `chosen` the number of the attempt that was chosen.
    """

    environment: Environment
    settings: Settings
    statement: str
    given: str | None
    name: str
    concepts: tuple[ConceptMention, ...]
    definitions: tuple[Hit, ...]
    attempts: tuple[Attempt, ...]
    steps: tuple[Step, ...]
    stopped: Stop
    chosen: int
    version: int = TRACE_VERSION

    @property
    def seconds(self) -> float:
        """Wall-clock time of all steps."""
        return sum(step.seconds for step in self.steps)

    @property
    def tokens(self) -> TokenUsage | None:
        """Tokens of all steps that told them, None where none did."""
        told = [step.tokens for step in self.steps if step.tokens is not None]
        return sum(told[1:], told[0]) if told else None


@dataclass(frozen=True, slots=True)
class Formalization:
    """The outcome of formalizing one statement, with all its evidence; `draft` and `verdict` are those of the
    attempt that was chosen."""

    statement: str
    name: str
    concepts: tuple[ConceptMention, ...]
    definitions: tuple[Hit, ...]
    draft: Draft
    verdict: Verdict | None
    index: str = ""
    attempts: tuple[Attempt, ...] = ()
    trace: Trace | None = None

    @property
    def candidate(self) -> Candidate | None:
        return self.draft.candidate
