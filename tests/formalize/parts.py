"""Parts of a formalizer whose answers a test decides: evidence, backends, checkers and a clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cramf.check.verdict import Candidate, Diagnostic, Identity, Severity, Status, Verdict
from cramf.errors import BackendError
from cramf.formalize.types import Abstention, Draft, Request, TokenUsage
from cramf.knowledge.types import Definition, Kind
from cramf.retrieval.types import ConceptMention, Hit, Vote

PRIME = Definition("Nat.Prime", Kind.DEF, "Mathlib.Toy", 1, "(p : ℕ) : Prop", "An irreducible number.")


class Source:
    """Evidence that is the same for every statement."""

    toolchain = "leanprover/lean4:v4.9.0"
    mathlib_commit = "abc"
    path = Path("/some/index")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def search(self, query: str, k: int | None) -> list[Hit]:
        self.asked.append(query)
        return [Hit(PRIME, 0.5, {"dense": 0.25}, (Vote("Nat.prime_two", 0.5, 1.0),), query)][:k]

    def concepts(self, text: str) -> list[ConceptMention]:
        return [ConceptMention("prime", "prime", 0, 1, text[:1], "11", "Nat.Prime", ("Prime",), "default")]


def find(name: str) -> Definition | None:
    """Lookup in an index of one definition."""
    return PRIME if name == PRIME.name else None


def lean(body: str, name: str = "t", header: str = "import Mathlib") -> Candidate:
    return Candidate(name, header, f"theorem {name} {body} := by sorry")


def drafted(body: str | None, name: str = "t", tokens: TokenUsage | None = None) -> Draft:
    """A draft of a theorem's binders and goal; an abstention where there are none."""
    if body is None:
        return Draft("scripted", None, Abstention("no verb", 0, 1, "x"), tokens=tokens)
    return Draft("scripted", lean(body, name), notes=("noted",), tokens=tokens, cost=0.5)


@dataclass
class Plain:
    """A backend that can neither sample nor repair."""

    body: str | None = "(n : ℕ) : n = n"
    name: str = "plain"
    requests: list[Request] = field(default_factory=list)

    def draft(self, request: Request) -> Draft:
        self.requests.append(request)
        return drafted(self.body, request.name)


@dataclass
class Model:
    """A backend that samples and repairs. `first` are the bodies of drafts, `repairs` gives that of a repair
    for the failed candidate; an error in either is what the backend fails with there."""

    first: Sequence[str | BackendError | None]
    repairs: Callable[[Candidate], str | BackendError | None] = lambda failed: BackendError("no idea")
    tokens: TokenUsage | None = field(default_factory=lambda: TokenUsage(100, 10))
    name: str = "model"
    identity: str = "model@somewhere"
    settings: dict[str, object] = field(default_factory=lambda: {"temperature": 0.5})
    asked: list[tuple[Candidate, Verdict, tuple[str, ...]]] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)

    def draft(self, request: Request) -> Draft:
        raise AssertionError("a sampler is asked for drafts")

    def drafts(self, request: Request, n: int) -> list[Draft | BackendError]:
        self.wanted.append(n)
        return [self._outcome(body, request) for body in self.first[:n]]

    def repair(self, request: Request, failed: Candidate, verdict: Verdict, found: Sequence[Hit]) -> Draft:
        self.asked.append((failed, verdict, tuple(hit.name for hit in found)))
        outcome = self._outcome(self.repairs(failed), request)
        if isinstance(outcome, BackendError):
            raise outcome
        return outcome

    def _outcome(self, body: str | BackendError | None, request: Request) -> Draft | BackendError:
        return body if isinstance(body, BackendError) else drafted(body, request.name, self.tokens)


class AsyncModel(Model):
    """The same with methods that are awaited, which alone may be called."""

    calls = 0

    async def adrafts(self, request: Request, n: int) -> list[Draft | BackendError]:
        self.calls += 1
        return super().drafts(request, n)

    async def arepair(
        self, request: Request, failed: Candidate, verdict: Verdict, found: Sequence[Hit]
    ) -> Draft:
        self.calls += 1
        return super().repair(request, failed, verdict, found)


def unknown(name: str, *suggestions: str) -> Diagnostic:
    return Diagnostic(Severity.ERROR, f"unknown {name}", "unknown_identifier", name, 1, 0, suggestions)


@dataclass
class Judging:
    """A checker whose verdict on a statement is that of the first word in `verdicts` that stands in it."""

    verdicts: dict[str, Verdict]
    name: str = "judging"
    seen: list[str] = field(default_factory=list)

    def check(self, candidate: Candidate) -> Verdict:
        self.seen.append(candidate.statement)
        found = (v for word, v in self.verdicts.items() if word in candidate.statement)
        return next(found, verdict(Status.INVALID))

    def check_many(self, candidates: Sequence[Candidate], progress: bool = False) -> list[Verdict]:
        return [self.check(candidate) for candidate in candidates]

    def identity(self) -> Identity:
        return Identity(self.name, "1", "v4.9.0", "abc")


def verdict(status: Status, *diagnostics: Diagnostic, elaborated: bool = False) -> Verdict:
    return Verdict("judging", status, diagnostics, elaborated, seconds=time.perf_counter())


GOOD = verdict(Status.VALID)


class Clock:
    """Seconds that pass by `step` each time that they are asked for."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            self.now += self.step
            return self.now
