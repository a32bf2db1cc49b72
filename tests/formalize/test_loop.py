"""The loop: what is done in which order, when it stops, what is handed to a repair; sync and async alike."""

from __future__ import annotations

import asyncio

import pytest

from cramf.check.verdict import Candidate, Diagnostic, Severity, Status, Verdict
from cramf.errors import BackendError, InputError
from cramf.formalize.formalizer import Formalizer
from cramf.formalize.types import (
    Backend,
    Bounds,
    Formalization,
    Repairer,
    Sampler,
    StepKind,
    Stop,
    TokenUsage,
)
from tests.formalize.parts import (
    GOOD,
    AsyncModel,
    Clock,
    Judging,
    Model,
    Plain,
    Source,
    find,
    lean,
    unknown,
    verdict,
)

BAD = "(n : ℕ) (h : Primal n) : 1 < n"
FINE = "(n : ℕ) (h : n.Prime) : 1 < n"
UNKNOWN = verdict(Status.INVALID, unknown("Primal", "Nat.Prime"))


def run(
    backend: Backend, verdicts: dict[str, Verdict] | None = None, name: str | None = "t", **bounds: object
) -> Formalization:
    checker = Judging({"Primal": UNKNOWN, "Prime": GOOD} if verdicts is None else verdicts)
    formalizer = Formalizer(Source(), backend, checker, bounds=Bounds(**bounds), find=find, clock=Clock())  # type: ignore[arg-type]
    return formalizer.formalize("A prime is more than one.", name)


def kinds(result: Formalization) -> list[str]:
    assert result.trace is not None
    return [step.kind.value for step in result.trace.steps]


def stopped(result: Formalization) -> Stop:
    assert result.trace is not None
    return result.trace.stopped


def test_the_protocols_tell_what_a_backend_can() -> None:
    assert isinstance(Plain(), Backend) and not isinstance(Plain(), Sampler | Repairer)
    assert isinstance(Model([]), Sampler) and isinstance(Model([]), Repairer)


def test_a_failing_name_is_looked_up_and_the_repair_passes() -> None:
    model = Model([BAD], lambda failed: FINE)
    result = run(model)
    assert kinds(result) == ["evidence", "draft", "check", "retrieve", "repair", "check", "choose"]
    assert stopped(result) is Stop.PASSED
    ((failed, judged, found),) = model.asked
    assert "Primal" in failed.statement and judged.errors[0].name == "Primal" and found == ("Nat.Prime",)
    assert result.candidate == lean(FINE) and result.verdict == GOOD
    assert [(a.number, a.round, a.mends) for a in result.attempts] == [(0, 0, None), (1, 1, 0)]
    assert result.trace is not None
    retrieve = next(s for s in result.trace.steps if s.kind is StepKind.RETRIEVE)
    assert retrieve.outputs == ("Primal: Nat.Prime",) and retrieve.attempts == (0,)
    assert result.trace.tokens == TokenUsage(200, 20)


def test_words_of_a_failing_name_are_searched_for() -> None:
    source = Source()
    model = Model([BAD], lambda failed: FINE)
    checker = Judging({"Primal": verdict(Status.INVALID, unknown("Nat.isPrimal_of2")), "Prime": GOOD})
    Formalizer(source, model, checker, find=lambda name: None).formalize("A prime.", "t")
    assert source.asked == ["A prime.", "Nat is Primal of"]
    assert model.asked[0][2] == ("Nat.Prime",)


def test_nothing_is_repaired_that_passed() -> None:
    model = Model([BAD, FINE, BAD])
    result = run(model, candidates=3, rounds=5)
    assert kinds(result) == ["evidence", "draft", "check", "choose"] and model.asked == []
    assert model.wanted == [3] and result.candidate == lean(FINE)
    assert [a.cluster for a in result.attempts] == [0, 1, 0]


def test_the_same_text_is_checked_once() -> None:
    checker = Judging({"Prime": GOOD})
    result = Formalizer(Source(), Model([FINE, FINE]), checker, bounds=Bounds(2)).formalize("p", "t")
    assert len(checker.seen) == 1 and [a.verdict for a in result.attempts] == [GOOD, GOOD]


def test_a_plain_backend_gives_one_draft_and_no_repair() -> None:
    plain = Plain(BAD)
    result = run(plain, candidates=4, rounds=3)
    assert len(plain.requests) == 1 and stopped(result) is Stop.CANNOT_REPAIR
    assert result.verdict == UNKNOWN


def test_an_abstention_is_a_result() -> None:
    result = run(Plain(None))
    assert result.candidate is None and result.verdict is None and stopped(result) is Stop.ABSTAINED
    assert kinds(result) == ["evidence", "draft", "choose"]


def test_without_a_checker_there_is_nothing_to_repair() -> None:
    model = Model([BAD, BAD])
    result = Formalizer(Source(), model, bounds=Bounds(2, 2)).formalize("p", "t")
    assert stopped(result) is Stop.UNCHECKED and model.asked == [] and result.verdict is None


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.CRASHED, Status.UNAVAILABLE])
def test_what_says_nothing_of_the_statement_is_not_repaired(status: Status) -> None:
    model = Model([BAD])
    result = run(model, {"Primal": verdict(status)}, rounds=3)
    assert stopped(result) is Stop.NOTHING_TO_REPAIR and model.asked == []
    assert result.trace is not None and f"attempt 0, judging: {status}" in result.trace.steps[2].outputs


def test_what_is_forbidden_goes_to_the_repair() -> None:
    forbidden = Diagnostic(Severity.ERROR, "a command that runs code", "forbidden", "#eval", 1, 0)
    model = Model([BAD], lambda failed: FINE)
    result = run(model, {"Primal": verdict(Status.REJECTED, forbidden), "Prime": GOOD})
    assert model.asked[0][1].diagnostics == (forbidden,) and model.asked[0][2] == ()
    assert "retrieve" not in kinds(result) and result.candidate == lean(FINE)


def test_a_repair_that_repeats_ends_the_rounds() -> None:
    model = Model([BAD], lambda failed: BAD)
    result = run(model, rounds=9)
    assert stopped(result) is Stop.REPEATED and len(model.asked) == 1
    assert kinds(result) == ["evidence", "draft", "check", "retrieve", "repair", "choose"]
    assert result.attempts[1].verdict == UNKNOWN and result.trace is not None and result.trace.chosen == 0


@pytest.mark.parametrize("rounds", [0, 1, 2, 4])
def test_rounds_are_bounded(rounds: int) -> None:
    longer = Model([BAD], lambda failed: failed.statement[len("theorem t ") : -len(" := by sorry")] + " + 1")
    result = run(longer, rounds=rounds)
    assert stopped(result) is Stop.ROUNDS and len(longer.asked) == rounds
    assert [a.round for a in result.attempts] == list(range(rounds + 1))


def test_one_repair_for_each_cluster_within_the_candidates() -> None:
    renamed = BAD.replace("n", "m")
    other, third = "(k : ℤ) (h : Primal k) : k < 0", "(k : ℤ) (h : Primal k) (g : Primal 2) : k < 1"
    model = Model([BAD, renamed, other, third], lambda failed: FINE)
    run(model, candidates=4)
    assert len(model.asked) == 3
    model = Model([third, other], lambda failed: FINE)
    run(model, candidates=2)
    assert [failed for failed, _, _ in model.asked] == [lean(other), lean(third)]  # the shorter one first


def test_tokens_are_bounded() -> None:
    longer = Model([BAD], lambda failed: failed.statement[len("theorem t ") : -len(" := by sorry")] + " + 1")
    result = run(longer, rounds=9, tokens=350)
    assert stopped(result) is Stop.TOKENS and len(longer.asked) == 2
    assert result.trace is not None and result.trace.tokens == TokenUsage(300, 30)
    assert stopped(run(Model([BAD]), tokens=1)) is Stop.TOKENS
    # Drafts share a prompt of 400 tokens; a repair has one to itself, so none fits into what is left.
    assert stopped(run(Model([BAD] * 4), candidates=4, tokens=800)) is Stop.TOKENS


def test_tokens_that_nobody_counts_are_guessed() -> None:
    model = Model([BAD], lambda failed: FINE, tokens=None)
    assert stopped(run(model, tokens=30)) is Stop.TOKENS
    assert stopped(run(model, tokens=3000)) is Stop.PASSED


def test_time_is_bounded_by_the_clock_alone() -> None:
    def timed(seconds: float) -> tuple[Formalization, Model]:
        model = Model(
            [BAD], lambda failed: failed.statement[len("theorem t ") : -len(" := by sorry")] + " + 1"
        )
        checker = Judging({"Primal": UNKNOWN})
        bounds = Bounds(rounds=50, seconds=seconds)
        made = Formalizer(Source(), model, checker, bounds=bounds, find=find, clock=Clock(1.0))
        return made.formalize("p", "t"), model

    few, model = timed(20.0)
    assert stopped(few) is Stop.SECONDS and 1 <= len(model.asked) < 4
    more, later = timed(60.0)
    assert stopped(more) is Stop.SECONDS and len(later.asked) > len(model.asked)
    # What was written is checked all the same.
    assert all(attempt.verdict is not None for attempt in more.attempts)
    assert more.trace is not None and more.trace.seconds > 0


def test_failures_among_drafts_are_told_and_all_of_them_raise() -> None:
    result = run(Model([BackendError("prose", "ask again"), FINE]), candidates=2)
    assert result.candidate == lean(FINE) and result.trace is not None
    assert result.trace.steps[1].failures == ("prose; ask again",)
    with pytest.raises(BackendError, match="first"):
        run(Model([BackendError("first"), BackendError("second")]), candidates=2)


def test_a_failing_repair_leaves_what_there_was() -> None:
    result = run(Model([BAD], lambda failed: BackendError("the server hung")), rounds=3)
    assert stopped(result) is Stop.FAILED and result.candidate == lean(BAD)
    assert result.trace is not None and "the server hung" in result.trace.steps[4].failures[0]


def test_a_repair_that_abstains_is_not_chosen() -> None:
    result = run(Model([BAD], lambda failed: None), rounds=3)
    assert result.candidate == lean(BAD) and stopped(result) is Stop.ABSTAINED


@pytest.mark.parametrize(
    "bounds",
    [{"candidates": 0}, {"candidates": 2000}, {"rounds": -1}, {"tokens": 0}, {"seconds": 0.0},
     {"seconds": float("inf")}],
)  # fmt: skip
def test_bounds_that_cannot_be_kept(bounds: dict[str, int]) -> None:
    with pytest.raises(InputError) as caught:
        Bounds(**bounds)
    assert caught.value.mend


@pytest.mark.parametrize("kind", [Model, AsyncModel])
def test_async_does_and_records_the_same(kind: type[Model]) -> None:
    def made(kind: type[Model]) -> Model:
        other = "(k : ℤ) (h : Primal k) : k < 0"
        return kind([BAD, BackendError("prose"), other], lambda f: FINE if "ℕ" in f.statement else other)

    def formalizer(model: Model) -> Formalizer:
        checker = Judging({"Primal": UNKNOWN, "Prime": GOOD})
        return Formalizer(Source(), model, checker, bounds=Bounds(3, 2), find=find)

    model = made(kind)
    there = asyncio.run(formalizer(model).aformalize("A prime."))
    here = formalizer(made(Model)).formalize("A prime.")
    assert there == here and there.trace == here.trace and len(there.attempts) == 4
    assert there.trace is not None and any(step.seconds > 0 for step in there.trace.steps)
    assert not isinstance(model, AsyncModel) or model.calls == 3


def test_async_statements_run_side_by_side() -> None:
    async def both() -> list[Formalization]:
        made = Formalizer(Source(), Model([FINE]), Judging({"Prime": GOOD}))
        return await asyncio.gather(*(made.aformalize(f"Statement {n}.") for n in range(8)))

    assert [r.statement for r in asyncio.run(both())] == [f"Statement {n}." for n in range(8)]


def test_a_bad_statement_is_refused_async_too() -> None:
    with pytest.raises(InputError, match="empty"):
        asyncio.run(Formalizer(Source(), Plain()).aformalize(" "))


def test_names_come_from_the_content_before_the_check() -> None:
    checker = Judging({"Prime": GOOD})
    formalizer = Formalizer(Source(), Plain(FINE), checker, known=lambda name: name == "two_words")
    result = formalizer.formalize("Two words.")
    assert result.name == "one_lt_of_prime" and result.candidate is not None
    assert result.candidate.name == result.name and checker.seen == [result.candidate.statement]
    assert checker.seen[0].startswith("theorem one_lt_of_prime (n : ℕ)")
    assert result.trace is not None and (result.trace.given, result.trace.name) == (None, "two_words_2")


def test_a_name_that_the_index_has_gets_a_number() -> None:
    formalizer = Formalizer(Source(), Plain(FINE), known=lambda name: name == "one_lt_of_prime")
    assert formalizer.formalize("p").name == "one_lt_of_prime_2"
    assert formalizer.formalize("p", "mine").name == "mine"


def test_a_candidate_that_cannot_be_read_keeps_its_name() -> None:
    class Odd(Plain):
        def draft(self, request: object) -> object:  # type: ignore[override]
            from cramf.formalize.types import Draft

            return Draft("odd", Candidate("words_given", "", "no theorem at all"))

    assert Formalizer(Source(), Odd()).formalize("Words given.").name == "words_given"  # type: ignore[arg-type]
