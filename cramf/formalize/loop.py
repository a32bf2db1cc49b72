"""The formalizing loop without any input or output: it says what is to be done and is told what came of it.

`formalizing` is a generator of actions. A driver performs each one, in whatever way, and sends its outcome
back; so the synchronous and the asynchronous formalizer do the same and record the same.

One run: evidence; drafts; a check of each; then rounds of repair. It stops as soon as a candidate has a
positive verdict, be it by Lean or by names alone, since a repair cannot better it by what the checker tells.
In a round of repair one candidate of each cluster of the round before is mended, best first. Only what was
found invalid or was rejected is: a timeout, a crash or a missing Lean tell nothing of the statement.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any, Final

from cramf.check.verdict import Candidate, Status, Verdict
from cramf.errors import BackendError
from cramf.formalize.actions import Action, Collect, Consult, Evidence, Judge, Mend, MendJob, Sample, Task
from cramf.formalize.choice import choose, clustered, passed, ranked
from cramf.formalize.lookups import failing_names
from cramf.formalize.models.accounting import estimated_tokens
from cramf.formalize.types import (
    Attempt,
    Draft,
    Formalization,
    Request,
    Step,
    StepKind,
    Stop,
    TokenUsage,
    Trace,
)
from cramf.jsonable import dumps
from cramf.retrieval.types import Hit

__all__ = ["formalizing", "outcome_of"]

_REPAIRABLE: Final = frozenset({Status.INVALID, Status.REJECTED})


def formalizing(task: Task, clock: Callable[[], float]) -> Generator[Action, Any, Formalization]:
    """The actions of one run, and in the end what came of it.

    `clock` tells seconds. The generator raises what the backend failed with where there is no draft at all.
    """
    return (yield from _Run(task, clock).run())


def outcome_of(trace: Trace) -> Formalization:
    """The formalization that the chosen attempt of a trace makes."""
    chosen = next(a for a in trace.attempts if a.number == trace.chosen)
    candidate = chosen.draft.candidate
    own = trace.name if candidate is None else candidate.name
    return Formalization(
        statement=trace.statement,
        name=own if trace.given is None else trace.given,
        concepts=trace.concepts,
        definitions=trace.definitions,
        draft=chosen.draft,
        verdict=chosen.verdict,
        index=trace.environment.index,
        attempts=trace.attempts,
        trace=trace,
    )


def _hash(value: Any) -> str:
    """The first 16 digits of the SHA-256 of a value's JSON form; times of verdicts do not count."""
    if isinstance(value, Verdict):
        value = replace(value, seconds=0.0)
    return hashlib.sha256(dumps(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class _Run:
    def __init__(self, task: Task, clock: Callable[[], float]) -> None:
        self._task = task
        self._clock = clock
        self._begun = clock()
        self._bounds = task.settings.bounds
        self._attempts: list[Attempt] = []
        self._steps: list[Step] = []
        self._verdicts: dict[str, Verdict] = {}
        self._tokens = 0
        self._dearest = 0
        self._request = Request(task.statement, task.name)

    def run(self) -> Generator[Action, Any, Formalization]:
        task = self._task
        evidence: Evidence = yield from self._evidence()
        self._request = Request(
            statement=task.statement,
            name=task.name,
            concepts=evidence.concepts,
            definitions=evidence.definitions,
            toolchain=evidence.environment.toolchain,
            mathlib_commit=evidence.environment.mathlib_commit,
        )
        yield from self._draft()
        stopped = yield from self._rounds()
        begun = self._clock()
        self._attempts = list(clustered(self._attempts))
        choice = choose(self._attempts)
        chosen = choice.attempt.number
        outputs = (f"attempt {chosen}, by {choice.reason}",)
        self._note(StepKind.CHOOSE, begun, round=self._last_round, outputs=outputs, attempts=(chosen,))
        return outcome_of(
            Trace(
                environment=evidence.environment,
                settings=task.settings,
                statement=task.statement,
                given=task.given,
                name=task.name,
                concepts=evidence.concepts,
                definitions=evidence.definitions,
                attempts=tuple(self._attempts),
                steps=tuple(self._steps),
                stopped=stopped,
                chosen=chosen,
            )
        )

    @property
    def _last_round(self) -> int:
        return max((attempt.round for attempt in self._attempts), default=0)

    def _note(self, kind: StepKind, begun: float, **fields: Any) -> None:
        self._steps.append(Step(kind, seconds=self._clock() - begun, **fields))

    def _evidence(self) -> Generator[Action, Any, Evidence]:
        action = Collect(self._task.statement, self._task.settings.k)
        begun = self._clock()
        evidence: Evidence = yield action
        names = [f"concept {mention.text} -> {mention.declaration}" for mention in evidence.concepts]
        outputs = (*dict.fromkeys(names), *(f"definition {hit.name}" for hit in evidence.definitions))
        self._note(StepKind.EVIDENCE, begun, round=0, inputs=(_hash(action),), outputs=outputs)
        return evidence

    def _draft(self) -> Generator[Action, Any, None]:
        action = Sample(self._request, self._bounds.candidates if self._task.samples else 1)
        begun = self._clock()
        outcomes: Sequence[Draft | BackendError] = yield action
        self._take(StepKind.DRAFT, 0, begun, (_hash(action),), outcomes, [None] * len(outcomes))
        if not self._attempts:
            raise next(outcome for outcome in outcomes if isinstance(outcome, BackendError))
        yield from self._check(0)

    def _take(
        self,
        kind: StepKind,
        round: int,
        begun: float,
        inputs: tuple[str, ...],
        outcomes: Sequence[Draft | BackendError],
        mended: Sequence[int | None],
    ) -> None:
        """Take in what the backend wrote in one step, with what it took."""
        made: list[Attempt] = []
        outputs: list[str] = []
        for outcome, mends in zip(outcomes, mended, strict=True):
            if isinstance(outcome, BackendError):
                continue
            number = len(self._attempts) + len(made)
            draft = self._named(outcome)
            made.append(Attempt(number, round, draft, mends=mends))
            what = "a candidate" if draft.abstention is None else f"abstained: {draft.abstention.reason}"
            outputs.append(f"attempt {number}, {what}")
        used = [getattr(outcome, "tokens", None) for outcome in outcomes]
        costs = [getattr(outcome, "cost", None) for outcome in outcomes]
        counted: list[TokenUsage] = [tokens for tokens in used if tokens is not None]
        paid: list[float] = [cost for cost in costs if cost is not None]
        taken = [
            _guessed(outcome) if tokens is None else tokens.total
            for outcome, tokens in zip(outcomes, used, strict=True)
        ]
        self._tokens += sum(taken)
        # Drafts share one prompt, which the next request has to itself.
        prompts = sum(tokens.prompt for tokens in counted) if kind is StepKind.DRAFT else 0
        shares = [tokens.prompt if tokens and prompts else 0 for tokens in used]
        answers = [whole - share for whole, share in zip(taken, shares, strict=True)]
        self._dearest = max(self._dearest, prompts + max(answers, default=0))
        self._attempts += made
        self._note(
            kind,
            begun,
            round=round,
            inputs=inputs,
            outputs=tuple(outputs),
            attempts=tuple(attempt.number for attempt in made),
            failures=tuple(str(outcome) for outcome in outcomes if isinstance(outcome, BackendError)),
            tokens=sum(counted[1:], counted[0]) if counted else None,
            cost=sum(paid) if paid and len(paid) == len(outcomes) else None,
        )

    def _named(self, draft: Draft) -> Draft:
        if draft.candidate is None or self._task.given is not None:
            return draft
        return replace(draft, candidate=self._task.named(draft.candidate))

    def _check(self, round: int) -> Generator[Action, Any, None]:
        """Check the candidates of a round; what was checked before is not checked again."""
        if not self._task.checks:
            return
        mine = [a for a in self._attempts if a.round == round and a.draft.candidate is not None]
        fresh: dict[str, Candidate] = {}
        for attempt in mine:
            candidate = attempt.draft.candidate
            if candidate is not None and (key := _hash(candidate)) not in self._verdicts:
                fresh.setdefault(key, candidate)
        if fresh:
            begun = self._clock()
            verdicts: Sequence[Verdict] = yield Judge(tuple(fresh.values()))
            self._verdicts.update(zip(fresh, verdicts, strict=True))
            told: list[str] = []
            judged: list[int] = []
            for attempt in mine:
                key = _hash(attempt.draft.candidate)
                if key in fresh:
                    judged.append(attempt.number)
                    told.append(f"attempt {attempt.number}, {_told(self._verdicts[key])}")
            self._note(
                StepKind.CHECK,
                begun,
                round=round,
                inputs=tuple(fresh),
                outputs=tuple(told),
                attempts=tuple(judged),
            )
        for attempt in mine:
            verdict = self._verdicts[_hash(attempt.draft.candidate)]
            self._attempts[attempt.number] = replace(attempt, verdict=verdict)

    def _rounds(self) -> Generator[Action, Any, Stop]:
        """Rounds of repair, and why no further one was begun."""
        for round in range(1, self._bounds.rounds + 2):
            stop = self._over(round)
            if stop is not None:
                return stop
            targets = self._targets(round - 1)
            if not targets:
                return self._without_targets(round - 1)
            if round > self._bounds.rounds:
                return Stop.ROUNDS
            # A request each, so that what one took is what the next may take.
            if self._bounds.tokens is not None:
                left = self._bounds.tokens - self._tokens
                targets = targets[: left // max(1, self._dearest)] if left > 0 else []
                if not targets:
                    return Stop.TOKENS
            written = yield from self._repair(round, targets)
            if not written:
                return Stop.FAILED
            yield from self._check(round)
        raise AssertionError("the last round returns")

    def _over(self, round: int) -> Stop | None:
        candidates = [a for a in self._attempts if a.draft.candidate is not None]
        if any(passed(attempt) for attempt in self._attempts):
            return Stop.PASSED
        if not candidates:
            return Stop.ABSTAINED
        if not self._task.checks:
            return Stop.UNCHECKED
        if not self._task.repairs:
            return Stop.CANNOT_REPAIR
        seconds = self._bounds.seconds
        if round <= self._bounds.rounds and seconds is not None and self._clock() - self._begun >= seconds:
            return Stop.SECONDS
        return None

    def _targets(self, round: int) -> list[Attempt]:
        """The attempts of a round that are to be mended, best first, one for each cluster."""
        chosen: dict[int, Attempt] = {}
        everything = clustered(self._attempts)
        before = {_hash(a.draft.candidate) for a in everything if a.round < round}
        for attempt in ranked(everything):
            if attempt.round != round or not _repairable(attempt):
                continue
            # What a repair gave back as it was would be mended to the same again.
            if attempt.cluster is not None and _hash(attempt.draft.candidate) not in before:
                chosen.setdefault(attempt.cluster, attempt)
        return list(chosen.values())[: self._bounds.candidates]

    def _without_targets(self, round: int) -> Stop:
        last = [a for a in self._attempts if a.round == round]
        if all(a.draft.candidate is None for a in last):
            return Stop.ABSTAINED
        return Stop.REPEATED if any(_repairable(a) for a in last) else Stop.NOTHING_TO_REPAIR

    def _repair(self, round: int, targets: Sequence[Attempt]) -> Generator[Action, Any, bool]:
        """Let the backend mend attempts; whether it wrote anything."""
        names = tuple(failing_names(a.verdict) if a.verdict else () for a in targets)
        found: Sequence[tuple[Hit, ...]] = [()] * len(targets)
        if any(names):
            begun = self._clock()
            consult = Consult(names)
            found = yield consult
            outputs = tuple(
                f"{', '.join(f.name for f in group)}: {', '.join(h.name for h in hits) or 'nothing'}"
                for group, hits in zip(names, found, strict=True)
                if group
            )
            numbers = tuple(a.number for a, group in zip(targets, names, strict=True) if group)
            self._note(
                StepKind.RETRIEVE,
                begun,
                round=round,
                inputs=(_hash(consult),),
                outputs=outputs,
                attempts=numbers,
            )
        jobs = [
            MendJob(self._request, a.draft.candidate, a.verdict, hits)
            for a, hits in zip(targets, found, strict=True)
            if a.draft.candidate is not None and a.verdict is not None
        ]
        begun = self._clock()
        outcomes: Sequence[Draft | BackendError] = yield Mend(tuple(jobs))
        before = len(self._attempts)
        inputs = tuple(_hash([_hash(getattr(job, f.name)) for f in dataclasses.fields(job)]) for job in jobs)
        self._take(StepKind.REPAIR, round, begun, inputs, outcomes, [a.number for a in targets])
        return len(self._attempts) > before


def _repairable(attempt: Attempt) -> bool:
    return attempt.verdict is not None and attempt.verdict.status in _REPAIRABLE


def _guessed(outcome: Draft | BackendError) -> int:
    """Tokens of an answer whose backend tells none, from the length of what it wrote."""
    candidate = outcome.candidate if isinstance(outcome, Draft) else None
    return 0 if candidate is None else estimated_tokens(candidate.source)


def _told(verdict: Verdict) -> str:
    errors = f", {len(verdict.errors)} errors" if verdict.errors else ""
    return f"{verdict.checker}: {verdict.status}{errors}"
