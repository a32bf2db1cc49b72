"""Traces as JSON, and what can be had from one: the outcome again, and the run in words.

A trace holds the evidence, every attempt with its verdict, and each step with hashes of what went in. The
texts that a model was sent are not in it: `cramf.formalize.models.replay` records these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from cramf.errors import InputError
from cramf.formalize.choice import agreement, choose, clustered
from cramf.formalize.decoding import decode
from cramf.formalize.loop import outcome_of
from cramf.formalize.types import TRACE_VERSION, Attempt, Formalization, Step, StepKind, Trace
from cramf.jsonable import dumps

__all__ = ["explain", "read_trace", "replay", "trace_json"]

_MEND = "record it again with this version of cramf"


def trace_json(trace: Trace, indent: int | None = None) -> str:
    """The trace as JSON text."""
    return dumps(trace, indent)


def read_trace(text: str) -> Trace:
    """The trace that `trace_json` wrote.

    Raises:
        InputError: where the text is no trace, or one of another version.
    """
    try:
        data = json.loads(text)
        version = data.get("version") if isinstance(data, dict) else None
        if isinstance(version, int) and version != TRACE_VERSION:
            raise InputError(f"the trace has the version {version}, not {TRACE_VERSION}", _MEND)
        return decode(Trace, data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no trace ({error})", _MEND) from None


def replay(trace: Trace) -> Formalization:
    """The outcome of a run, its choice made anew from the attempts that were recorded.

    Nothing but the trace is needed: no model, no checker and no index.

    Raises:
        InputError: where the attempts give another choice than the trace says, as when it was changed.
    """
    if not trace.attempts:
        raise InputError("the trace has no attempts", _MEND)
    attempts = clustered(trace.attempts)
    chosen = choose(attempts).attempt.number
    if chosen != trace.chosen or attempts != trace.attempts:
        what = f"attempt {chosen}, not {trace.chosen}" if chosen != trace.chosen else "other clusters"
        raise InputError(f"the attempts of the trace give {what}", f"it was changed; {_MEND}")
    return outcome_of(replace(trace, attempts=attempts))


def explain(trace: Trace) -> list[str]:
    """The run in words, a line for each thing that was done."""
    return list(_lines(trace))


def _lines(trace: Trace) -> Iterator[str]:
    own, bounds = trace.environment, trace.settings.bounds
    limits = [f"{bounds.candidates} candidates, {bounds.rounds} rounds of repair"]
    limits += [f"{bounds.tokens:,} tokens"] if bounds.tokens is not None else []
    limits += [f"{bounds.seconds:g} s"] if bounds.seconds is not None else []
    checker = own.checker.checker if own.checker is not None else "no known checker"
    yield f"{own.backend} and {checker}, within {', '.join(limits)}"
    by_number = {attempt.number: attempt for attempt in trace.attempts}
    for step in trace.steps:
        yield f"round {step.round}, {_step(step, by_number)}{_taken(step)}"
        yield from (f"  failed: {' '.join(failure.split())}" for failure in step.failures)
    agreeing = agreement(trace.attempts)
    for cluster, size in agreeing.items():
        numbers = [str(a.number) for a in trace.attempts if a.cluster == cluster]
        if len(numbers) > 1:
            yield f"attempts {', '.join(numbers)} say the same ({size} of independent origin)"
    yield f"no further round, for {trace.stopped}"


def _step(step: Step, by_number: dict[int, Attempt]) -> str:
    if step.kind is StepKind.EVIDENCE:
        concepts = sum(output.startswith("concept ") for output in step.outputs)
        return f"evidence: {concepts} concepts, {len(step.outputs) - concepts} definitions"
    outputs = list(step.outputs)
    if step.kind is StepKind.REPAIR:
        mended = [by_number[n].mends for n in step.attempts if n in by_number]
        outputs = [f"{text} to mend {n}" for text, n in zip(outputs, mended, strict=False)]
    return f"{step.kind}: {'; '.join(' '.join(o.split()) for o in outputs) or 'nothing'}"


def _taken(step: Step) -> str:
    taken = []
    if step.tokens is not None:
        taken.append(f"{step.tokens.prompt:,} + {step.tokens.completion:,} tokens")
    if step.cost is not None:
        taken.append(f"${step.cost:.4f}")
    if step.seconds >= 0.001:
        taken.append(f"{step.seconds:.3f} s")
    return f" ({', '.join(taken)})" if taken else ""
