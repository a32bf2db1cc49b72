"""Formalizing evaluated: what is written for each informal statement, with all that led to it.

An *arm* is what evidence a language model is given, all else being the same: no definitions, those that
retrieval finds, or those that the reference uses (the oracle). No arm gives concepts, for these name
definitions too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cramf.check.verdict import Status
from cramf.evaluation.problems import Problem
from cramf.evaluation.resources import (
    WARM_UP,
    CheckerSpec,
    ModelSpec,
    docstrings_record,
    index_record,
    one_torch_thread,
    ranking_record,
)
from cramf.evaluation.work import Done
from cramf.formalize.formalizer import Formalizer
from cramf.formalize.types import Attempt, Backend, Bounds, Formalization, Request, Step, StepKind
from cramf.jsonable import to_jsonable
from cramf.retrieval.types import ConceptMention, Hit

if TYPE_CHECKING:
    from cramf.check.verdict import Checker, Verdict
    from cramf.knowledge.store import KnowledgeBase
    from cramf.knowledge.types import Definition

__all__ = ["ARMS", "SYMBOLIC", "Definitions", "FormalizeWork", "Writer", "described_verdict"]

ARMS: Final = ("none", "retrieved", "oracle")
SYMBOLIC: Final = "symbolic"
_VOTES: Final = 3
_WARM_UP: Final = ("The sum of two even integers is even.", "Every subgroup of an abelian group is normal.")
_WRITING: Final = frozenset({StepKind.EVIDENCE, StepKind.DRAFT, StepKind.RETRIEVE, StepKind.REPAIR})

Definitions = Callable[[Problem, int | None], Sequence[Hit]]
"""The definitions that an arm gives for a problem, at most so many."""


@dataclass(frozen=True, slots=True)
class FormalizeWork:
    """Writes a Lean statement for each informal one: with the symbolic backend where there is no `model`.

    `k` definitions are given where the arm finds them, and `bounds` limit samples and repairs.
    """

    model: ModelSpec | None = None
    arm: str = "none"
    k: int | None = 10
    bounds: Bounds = field(default_factory=Bounds)
    checker: CheckerSpec = field(default_factory=CheckerSpec)
    index: Path | None = None

    @property
    def kind(self) -> str:
        return "formalize"

    def settings(self) -> Mapping[str, Any]:
        """Backend, arm, bounds, checker, and checksums of what retrieval depends on.

        Raises:
            KnowledgeBaseError: where there is no index.
        """
        from cramf.formalize.prompt import VERSION

        told: dict[str, Any] = {
            "backend": SYMBOLIC if self.model is None else self.model.settings(),
            "arm": self.arm,
            "k": self.k,
            "bounds": to_jsonable(self.bounds),
            "checker": self.checker.settings(),
            "index": index_record(self.index),
            **ranking_record(),
            "docstrings": docstrings_record(self.index) if self.arm != "none" else "",
        }
        return told if self.model is None else {**told, "prompt": VERSION}

    @contextmanager
    def open(self) -> Iterator[Writer]:
        """A writer with backend, checker and definitions at hand.

        Raises:
            InputError, ResourceError: where model, checker or index is missing.
        """
        from cramf.check.static import StaticChecker
        from cramf.environment import default_index
        from cramf.knowledge.store import KnowledgeBase

        with ExitStack() as stack:
            base = KnowledgeBase.open(self.index or default_index())
            if self.arm == "retrieved" or (self.model is not None and self.model.spec.startswith("local:")):
                stack.enter_context(one_torch_thread())
            checker = stack.enter_context(self.checker.open())
            if isinstance(checker, StaticChecker):
                checker.check(WARM_UP)  # its tables are read with the first candidate
            yield Writer(self._backend(), _definitions(self.arm, base), checker, self.k, self.bounds, base)

    def _backend(self) -> Backend:
        if self.model is not None:
            return self.model.open()
        from cramf.formalize.symbolic.backend import SymbolicBackend

        backend = SymbolicBackend()
        for statement in _WARM_UP:  # each reader makes its grammar with its first statement
            backend.draft(Request(statement=statement, name="warm_up"))
        return backend


@dataclass(frozen=True)
class Writer:
    """Writes with a formalizer whose definitions are those of an arm."""

    backend: Backend
    definitions: Definitions
    checker: Checker | None = None
    k: int | None = 10
    bounds: Bounds = field(default_factory=Bounds)
    base: KnowledgeBase | None = None

    def __call__(self, problem: Problem) -> Done:
        done = self.formalize(problem)
        steps = done.trace.steps if done.trace is not None else ()
        spent = {
            "write": 1000 * sum(step.seconds for step in steps if step.kind in _WRITING),
            "check": 1000 * sum(step.seconds for step in steps if step.kind is StepKind.CHECK),
        }
        unchecked = done.verdict is not None and done.verdict.status is Status.UNAVAILABLE
        return Done(_described(done), spent, again=unchecked)

    def formalize(self, problem: Problem) -> Formalization:
        """What the formalizer makes of a problem's statement.

        Raises:
            InputError: where the statement cannot be used.
            BackendError: where the model fails.
        """
        manifest = self.base.manifest if self.base is not None else None
        evidence = _Evidence(
            problem,
            self.definitions,
            manifest.toolchain if manifest is not None else "",
            manifest.mathlib_commit if manifest is not None else "",
            self.base.path if self.base is not None else Path(),
        )
        made = Formalizer(evidence, self.backend, self.checker, k=self.k, bounds=self.bounds)
        return made.formalize(problem.statement)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """One problem's evidence for a formalizer: the arm's definitions and no concepts."""

    problem: Problem
    definitions: Definitions
    toolchain: str
    mathlib_commit: str
    path: Path

    def search(self, query: str, k: int | None) -> Sequence[Hit]:
        return self.definitions(self.problem, k)

    def concepts(self, text: str) -> Sequence[ConceptMention]:
        return ()


def _definitions(arm: str, base: KnowledgeBase) -> Definitions:
    if arm == "retrieved":
        from cramf.retrieval.retriever import Retriever

        retriever = Retriever.load(base.path)
        return lambda problem, k: retriever.search(problem.statement, k)
    if arm == "none":
        return lambda problem, k: ()
    from cramf.environment import default_mathlib
    from cramf.knowledge.docstrings import DocstringReader

    rows = {name: number for number, name in enumerate(base.definition_names)}
    checkout = default_mathlib()
    docstrings = DocstringReader(checkout) if checkout is not None else None

    def filled(number: int) -> Definition:
        # As retrieval has them, so that the arms differ in which definitions they give and in nothing else.
        definition = base.definition(number)
        return definition if definition.docstring or docstrings is None else docstrings.fill(definition)

    def oracle(problem: Problem, k: int | None) -> Sequence[Hit]:
        known = [rows[name] for name in sorted(problem.gold or ()) if name in rows]
        return [Hit(filled(number), 1.0) for number in known]

    return oracle


def _described(done: Formalization) -> dict[str, Any]:
    """A formalization as JSON values, without what hangs on the clock."""
    trace = done.trace
    return {
        "chosen": trace.chosen if trace is not None else 0,
        "stopped": str(trace.stopped) if trace is not None else "",
        "definitions": [_hit(hit) for hit in done.definitions],
        "attempts": [_attempt(attempt) for attempt in done.attempts],
        "steps": [_step(step) for step in trace.steps] if trace is not None else [],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "name": hit.name,
        "score": round(hit.score, 6),
        "votes": [[vote.theorem, round(vote.similarity, 4)] for vote in hit.votes[:_VOTES]],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    draft = attempt.draft
    candidate, left = draft.candidate, draft.abstention
    return {
        "round": attempt.round,
        "mends": attempt.mends,
        "cluster": attempt.cluster,
        "candidate": None
        if candidate is None
        else {
            "name": candidate.name,
            "header": candidate.header,
            "helper": candidate.helper,
            "statement": candidate.statement,
        },
        "abstention": None if left is None else {"reason": left.reason, "text": left.text},
        "notes": list(draft.notes),
        "verdict": None if attempt.verdict is None else described_verdict(attempt.verdict),
    }


def described_verdict(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON values, without the time that it took."""
    return {
        "checker": verdict.checker,
        "status": str(verdict.status),
        "elaborated": verdict.elaborated,
        "detail": verdict.detail,
        "diagnostics": to_jsonable(verdict.diagnostics),
        "resolved": list(verdict.resolved),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": str(step.kind),
        "round": step.round,
        "outputs": list(step.outputs),
        "attempts": list(step.attempts),
        "failures": list(step.failures),
        "tokens": to_jsonable(step.tokens),
        "cost": step.cost,
    }
