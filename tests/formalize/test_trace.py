"""Traces: JSON there and back, the outcome had again from one, and the run in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.check.verdict import Status
from cramf.errors import BackendError, InputError
from cramf.formalize.chat_backend import ChatBackend
from cramf.formalize.decoding import decode
from cramf.formalize.formalizer import Formalizer
from cramf.formalize.trace import explain, read_trace, replay, trace_json
from cramf.formalize.types import Bounds, Formalization, Trace
from cramf.jsonable import dumps
from tests.formalize.models.scripted import Scripted
from tests.formalize.parts import GOOD, Clock, Judging, Model, Source, find, unknown, verdict

BODIES = [
    "(n : ℕ) (h : Primal n) : 1 < n",
    "(n : ℕ) (h : n.Prime) : 1 < n",
    "(m : ℕ) (h : Primal m) : 1 < m",
    "(k : ℤ) : slow k",
    "(k : ℤ) : «bad» k",
    None,
]
VERDICTS = {
    "Primal": verdict(Status.INVALID, unknown("Primal", "Nat.Prime")),
    "Prime": GOOD,
    "slow": verdict(Status.TIMEOUT),
    "bad": verdict(Status.REJECTED, unknown("bad")),
}


def run(
    first: list[str | None], repairs: list[str | None], name: str | None, bounds: Bounds
) -> Formalization:
    left = iter(repairs)

    def mended(_: object) -> str | BackendError | None:
        return next(left, BackendError("no more"))

    model = Model(first, mended)
    clock = Clock(0.01)
    made = Formalizer(Source(), model, Judging(VERDICTS), bounds=bounds, find=find, clock=clock)
    return made.formalize("A prime is more than one.", name)


def example() -> tuple[Formalization, Trace]:
    result = run([BODIES[0], BODIES[2], BODIES[4]], [BODIES[1], BODIES[1]], None, Bounds(3, 2))
    assert result.trace is not None
    return result, result.trace


runs = st.builds(
    run,
    st.lists(st.sampled_from(BODIES), min_size=1, max_size=5),
    st.lists(st.sampled_from(BODIES), max_size=6),
    st.sampled_from([None, "given"]),
    st.builds(Bounds, st.integers(1, 5), st.integers(0, 3), st.sampled_from([None, 300, 5000])),
)


@settings(max_examples=150, deadline=None)
@given(runs)
def test_a_replay_from_json_is_the_outcome(result: Formalization) -> None:
    assert result.trace is not None
    again = read_trace(trace_json(result.trace))
    assert again == result.trace and replay(again) == result
    assert decode(Formalization, json.loads(dumps(result))) == result
    assert all(line.isprintable() for line in explain(again))


def test_times_are_written_and_do_not_count() -> None:
    _, trace = example()
    data = json.loads(trace_json(trace))
    assert data["version"] == 1 and all(step["seconds"] > 0 for step in data["steps"])
    for step in data["steps"]:
        step["seconds"] = 0.0
    assert read_trace(json.dumps(data)) == trace
    data["steps"][1]["outputs"] = []
    assert read_trace(json.dumps(data)) != trace


def test_what_a_trace_tells() -> None:
    _, trace = example()
    data = json.loads(trace_json(trace, indent=1))
    own = data["environment"]
    assert own["model"] == "model@somewhere" and own["checker"]["checker"] == "judging"
    assert own["index"] == "/some/index" and own["mathlib_commit"] == "abc" and own["cramf"]
    assert data["settings"] == {
        "k": 10,
        "bounds": {"candidates": 3, "rounds": 2, "tokens": None, "seconds": None},
        "backend": {"temperature": 0.5},
    }
    assert [step["kind"] for step in data["steps"]] == (
        "evidence draft check retrieve repair check choose".split()
    )
    for step in data["steps"][:-1]:
        assert step["inputs"] and all(len(digest) == 16 for digest in step["inputs"])
    assert data["steps"][1]["tokens"] == {"prompt": 300, "completion": 30} and data["steps"][1]["cost"] == 1.5


def test_the_run_in_words() -> None:
    _, trace = example()
    lines = explain(trace)
    assert lines[0] == "model and judging, within 3 candidates, 2 rounds of repair"
    assert lines[1].startswith("round 0, evidence: 1 concepts, 1 definitions")
    assert lines[2] == (
        "round 0, draft: attempt 0, a candidate; attempt 1, a candidate; attempt 2, a candidate"
        " (300 + 30 tokens, $1.5000, 0.010 s)"
    )
    assert "attempt 2, judging: rejected, 1 errors" in lines[3]
    assert any("retrieve: Primal: Nat.Prime" in line for line in lines)
    assert any("repair: attempt 3, a candidate to mend 0" in line for line in lines)
    assert "attempts 0, 1 say the same (2 of independent origin)" in lines
    assert lines[-1] == "no further round, for a candidate passed"
    failed = run([BODIES[0]], [], "t", Bounds())
    assert failed.trace is not None and "  failed: no more" in explain(failed.trace)


def test_a_changed_trace_is_not_replayed() -> None:
    _, trace = example()
    assert replay(trace).attempts == trace.attempts
    with pytest.raises(InputError, match="give attempt 3, not 0"):
        replay(replace(trace, chosen=0))
    judged = tuple(replace(a, verdict=None) for a in trace.attempts)
    with pytest.raises(InputError, match="it was changed"):
        replay(replace(trace, attempts=judged))
    with pytest.raises(InputError, match="no attempts"):
        replay(replace(trace, attempts=()))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no trace"),
        ("[]", "Trace is no object"),
        ("{}", "Trace has no environment"),
        ('{"version": 99}', "version 99, not 1"),
        ("[" * 100_000, "no trace"),
    ],
)
def test_what_is_no_trace(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        read_trace(text)
    assert caught.value.mend


@pytest.mark.parametrize(
    ("place", "value"), [("stopped", "x"), ("attempts", {}), ("chosen", True), ("steps", [{"kind": 1}])]
)
def test_wrong_values_are_told_with_their_place(place: str, value: object) -> None:
    data = json.loads(trace_json(example()[1]))
    data[place] = value
    with pytest.raises(InputError, match=rf"Trace\.{place}"):
        read_trace(json.dumps(data))


def test_a_chat_model_repairs_with_what_the_checker_said() -> None:
    def answer(request: object, call: int) -> str:
        body = BODIES[0] if call == 0 else BODIES[1]
        return f"```lean\ntheorem mine {body} := by sorry\n```"

    model = Scripted(answer)
    backend = ChatBackend(model, max_tokens=99)
    made = Formalizer(Source(), backend, Judging(VERDICTS), bounds=Bounds(2, 1), find=find)
    result = made.formalize("A prime is more than one.")
    assert result.name == "one_lt_of_prime" and result.verdict == GOOD
    draft, repair = model.asked
    assert (draft.n, draft.temperature, draft.max_tokens) == (2, 0.7, 99)
    assert (repair.n, repair.temperature) == (1, None)
    shown = "\n".join(message.content for message in repair.messages)
    assert "Primal" in shown and "Nat.Prime" in shown and "unknown Primal" in shown
    assert result.trace is not None and replay(result.trace) == result
    # Two answers share the 10 and 5 tokens of their reply.
    assert [a.draft.tokens.total for a in result.attempts if a.draft.tokens] == [7, 8, 15]
    assert result.trace.settings.backend["prompt"]


def test_several_answers_need_a_temperature() -> None:
    greedy = ChatBackend(Scripted(), temperature=0)
    with pytest.raises(InputError, match="2 answers at the temperature 0"):
        Formalizer(Source(), greedy, bounds=Bounds(2)).formalize("A prime.")
