"""The figures of formalizing, on statements of our own and backends that are made here."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cramf.check.base import BaseChecker
from cramf.check.verdict import Candidate, Diagnostic, Identity, Severity, Status, Verdict
from cramf.errors import BackendError, KnowledgeBaseError
from cramf.evaluation.formalize import FormalizeWork, Writer
from cramf.evaluation.formalize_scores import Outcome, chosen_candidate, outcomes, score_formalize
from cramf.evaluation.normal_form import Normaliser
from cramf.evaluation.problems import Origin, Problem, ProblemSet
from cramf.evaluation.resources import CheckerSpec, ModelSpec, index_record
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import MAX_FAILURES, Run, run
from cramf.evaluation.work import Answer, Failed, answer
from cramf.formalize.types import Abstention, Bounds, Draft, Request, TokenUsage
from cramf.jsonable import dumps, to_jsonable
from cramf.knowledge.types import Declaration, Definition, Kind
from cramf.knowledge.vocabulary import Vocabulary
from cramf.retrieval.types import Hit, Vote

WORDS = Vocabulary.of(Declaration(name, Kind.DEF, "Mathlib.Test", 1) for name in ("Even", "Odd"))
PROBLEMS = [
    Problem(
        "one",
        "Doubling is even.",
        "theorem a (n : ℕ) : Even (2 * n) := by sorry",
        gold=frozenset({"Even"}),
        split="valid",
    ),
    Problem(
        "two",
        "Squares are no negative numbers.",
        "theorem b (x : ℝ) : 0 ≤ x ^ 2 := by sorry",
        split="valid",
    ),
    Problem("three", "Nobody reads this.", "theorem c : 1 = 1 := by sorry", split="test"),
    Problem("four", "Wrong text.", "theorem d (x : ℝ) (h : 0 < x) : x ≠ 0 := by sorry", split="test"),
]
ANSWERS = {
    "Doubling is even.": "theorem t (k : ℕ) : Even (k * 2) := by sorry",
    "Squares are no negative numbers.": "theorem t (y : ℝ) : y ^ 2 > 0 := by sorry",
    "Wrong text.": "theorem t (x : ℝ) (h : 0 < x) : bad x ≠ 0 := by sorry",
}


class Answering:
    """Knows some statements by heart and abstains from the others."""

    name = "answering"

    def __init__(self, answers: Mapping[str, str] = ANSWERS, helper: str = "") -> None:
        self.asked: list[Request] = []
        self.answers = answers
        self.helper = helper

    def draft(self, request: Request) -> Draft:
        self.asked.append(request)
        text = self.answers.get(request.statement)
        if text is None:
            return Draft(self.name, None, Abstention("unknown word `nobody`", 0, 6, request.statement[:6]))
        return Draft(self.name, Candidate(request.name, "import Mathlib", text, self.helper))


class Failing(Answering):
    """Fails for all statements but some."""

    def __init__(self, *good: str) -> None:
        super().__init__()
        self.good = good

    def draft(self, request: Request) -> Draft:
        if request.statement not in self.good:
            raise BackendError("the server hung up", "start it again")
        return super().draft(request)


class Sampling(Answering):
    """Answers as often as it is asked to, a `bad` statement or none at all among the answers; can mend."""

    def drafts(self, request: Request, n: int) -> Sequence[Draft | BackendError]:
        self.asked.append(request)
        if request.statement not in ANSWERS:
            left = Abstention("no idea", 0, 6, request.statement[:6])
            return [Draft(self.name, None, left, tokens=TokenUsage(5, 1))] * n
        written = [f"theorem t (k : ℕ) : {p} := by sorry" for p in ("Even (k * 2)", "bad k", "k = k")]
        some = [self._draft(request, text) for text in written[: n - 1]]
        return [*some, BackendError("an answer without Lean", "ask again")]

    def repair(self, request: Request, failed: Candidate, verdict: Verdict, found: Sequence[Hit]) -> Draft:
        return self._draft(request, failed.statement.replace("bad ", ""))

    def _draft(self, request: Request, text: str) -> Draft:
        candidate = Candidate(request.name, "import Mathlib", text)
        return Draft(self.name, candidate, tokens=TokenUsage(100, 10), cost=0.25)


class NoBad(BaseChecker):
    """Refuses what speaks of `bad`."""

    name = "no-bad"

    def identity(self) -> Identity:
        return Identity("nobad", "1")

    def check(self, candidate: Candidate) -> Verdict:
        if "bad" in candidate.statement:
            found = [Diagnostic(Severity.ERROR, "bad", kind) for kind in ("unknown_identifier", "other")]
            return Verdict(self.name, Status.INVALID, (*found, Diagnostic(Severity.WARNING, "dull", "style")))
        return Verdict(self.name, Status.VALID)


@dataclass(frozen=True)
class Given:
    """A work whose writer is there already."""

    writer: Writer

    kind = "formalize"

    def settings(self) -> Mapping[str, Any]:
        return settings(self.writer.bounds.candidates)

    @contextmanager
    def open(self) -> Iterator[Writer]:
        yield self.writer


def settings(candidates: int = 1) -> dict[str, Any]:
    return {"bounds": {"candidates": candidates}, "checker": {"name": "no-bad"}}


def writer(backend: Answering | None = None, candidates: int = 1, rounds: int = 0) -> Writer:
    return Writer(backend or Answering(), lambda problem, k: (), NoBad(), bounds=Bounds(candidates, rounds))


def done(problems: Sequence[Problem] = PROBLEMS, by: Writer | None = None) -> Run:
    own = by or writer()
    return Run(tuple(problems), tuple(answer(own, problem) for problem in problems))


def judged(problems: Sequence[Problem] = PROBLEMS, by: Writer | None = None) -> list[Outcome]:
    return outcomes(done(problems, by), Normaliser())


def figures(problems: Sequence[Problem] = PROBLEMS, by: Writer | None = None) -> dict[str, Any]:
    own = by or writer()
    scored, _ = score_formalize(done(problems, own), settings(own.bounds.candidates), WORDS)
    return dict(scored.figures)


def value(share: Mapping[str, Any]) -> float:
    """The value of a share, the same by both of its intervals."""
    assert share["wilson"]["value"] == share["bootstrap"]["value"]
    return float(share["wilson"]["value"])


# What comes of each problem


def test_each_problem_is_judged_for_itself() -> None:
    one, two, three, four = judged()
    assert (one.name, one.read, one.valid, one.equal, one.similarity) == ("one", True, True, True, 1.0)
    assert (two.valid, two.equal) == (True, False)
    assert two.similarity is not None
    assert 0 < two.similarity < 1
    assert (three.read, three.valid, three.equal, three.similarity) == (False, None, False, 0.0)
    assert (three.reason, three.span) == ("unknown word `nobody`", "Nobody")
    assert (four.status, four.valid, four.equal) == (Status.INVALID, False, False)
    assert four.categories == ("unknown_identifier", "other")
    assert four.statement is not None
    assert "bad x" in four.statement
    assert all(o.reference_whole for o in (one, two, three, four))
    assert [o.elaborated for o in (one, two, three, four)] == [False] * 4


def test_an_answer_holds_all_that_led_to_it() -> None:
    backend = Answering()
    hit = Hit(Definition("Even", Kind.DEF, "Mathlib.Test", 1, "(n : ℕ) : Prop"), 1 / 3, {}, (VOTE,))
    made = Writer(backend, lambda problem, k: (hit,), NoBad())(PROBLEMS[0])
    assert made.ms.keys() == {"write", "check"}
    result = json.loads(dumps(made.result))
    assert result["chosen"] == 0
    assert result["stopped"] == "a candidate passed"
    assert result["definitions"] == [{"name": "Even", "score": 0.333333, "votes": [["voter", 0.1235]]}]
    (attempt,) = result["attempts"]
    assert attempt["candidate"]["statement"].endswith("(k : ℕ) : Even (k * 2) := by sorry")
    assert attempt["verdict"]["status"] == "valid"
    assert attempt["abstention"] is None
    assert [step["kind"] for step in result["steps"]] == ["evidence", "draft", "check", "choose"]
    # What hangs on the clock is not among it, so that two runs are the same.
    assert "seconds" not in dumps(result)
    assert result == json.loads(dumps(Writer(Answering(), lambda p, k: (hit,), NoBad())(PROBLEMS[0]).result))


VOTE = Vote("voter", 0.123456, 1.0)


def test_a_definition_of_its_own_makes_a_statement_another() -> None:
    own = replace(PROBLEMS[0], helper="def Even (n : ℕ) := n = 0")
    assert judged([own])[0].equal is False
    (same,) = judged([own], writer(Answering(helper="def Even (n : ℕ)  :=\n  n = 0")))
    assert same.equal is True
    assert same.helper == "def Even (n : ℕ)  :=\n  n = 0"
    assert judged(PROBLEMS[:1], writer(Answering(helper="def Even (n : ℕ) := n = 0")))[0].equal is False


def test_without_a_reference_nothing_is_compared() -> None:
    alone = [Problem("a", "Doubling is even."), Problem("b", "Nobody reads this.")]
    one, two = judged(alone)
    assert (one.read, one.valid, one.equal, one.similarity, one.reference_whole) == (
        (True, True, None, None, None)
    )
    assert (two.equal, two.similarity) == (None, None)
    report = figures([*alone, PROBLEMS[0]])
    assert (report["n"], report["references"], report["references_whole"]) == (3, 1, 1)
    assert value(report["read"]) == pytest.approx(2 / 3)
    assert (report["equal"]["n"], value(report["equal"])) == (1, 1.0)
    assert figures(alone)["equal"]["n"] == 0


# Figures


def test_shares_are_of_all_problems_but_valid_of_those_read() -> None:
    found = judged()
    report = figures()
    assert report["n"] == report["references"] == 4
    assert value(report["read"]) == 3 / 4
    assert (report["valid"]["hits"], report["valid"]["n"]) == (2, 3)
    assert value(report["equal"]) == 1 / 4
    similar = sum(o.similarity or 0.0 for o in found) / 4
    assert report["similarity"]["value"] == pytest.approx(similar)
    for share in (report["read"], report["valid"], report["equal"]):
        for interval in (share["wilson"], share["bootstrap"]):
            assert 0 <= interval["low"] <= interval["value"] <= interval["high"] <= 1
    assert report["read"]["wilson"]["low"] < report["read"]["wilson"]["high"]
    assert report["abstentions"] == [{"reason": "unknown word …", "count": 1}]
    assert report["references_whole"] == 4
    assert 0 < report["ms"]["p50"] <= report["ms"]["p99"]
    # A category counts a statement once, and warnings are no errors.
    assert report["categories"] == {"unknown_identifier": 1, "other": 1}
    assert (report["tokens"], report["cost"]) == (0, 0)


def test_compile_is_of_all_and_names_its_checker() -> None:
    compiled = figures()["compile"]
    assert (compiled["checker"], compiled["by_lean"]) == ("no-bad", False)
    assert (compiled["n"], compiled["written"], compiled["undecided"]) == (4, 3, 0)
    assert value(compiled["of_all"]) == 2 / 4
    assert value(compiled["of_written"]) == pytest.approx(2 / 3)


def test_lean_is_named_where_it_elaborated() -> None:
    class Lean(NoBad):
        def check(self, candidate: Candidate) -> Verdict:
            return replace(super().check(candidate), elaborated=True)

    made = Writer(Answering(), lambda problem, k: (), Lean())
    assert figures(by=made)["compile"]["by_lean"] is True


def test_undecided_statements_have_not_passed() -> None:
    class Slow(NoBad):
        def check(self, candidate: Candidate) -> Verdict:
            return Verdict(self.name, Status.TIMEOUT)

    report = figures(by=Writer(Answering(), lambda problem, k: (), Slow()))
    assert report["compile"]["undecided"] == 3
    assert value(report["compile"]["of_all"]) == value(report["valid"]) == 0
    assert value(report["read"]) == 3 / 4


def test_intervals_are_wilsons_and_the_bootstraps() -> None:
    many = [replace(problem, name=f"{problem.name}{n}") for n in range(50) for problem in PROBLEMS]
    report = figures(many)
    # The standard error of a share of 3/4 of 200 is 3.06 points.
    for interval in (report["read"]["wilson"], report["read"]["bootstrap"]):
        assert interval["low"] == pytest.approx(0.75 - 1.96 * 0.0306, abs=0.012)
        assert interval["high"] == pytest.approx(0.75 + 1.96 * 0.0306, abs=0.012)
    again = figures(many)
    assert {**again, "ms": None} == {**report, "ms": None}


def test_nothing_read_has_no_valid_share_and_no_problem_no_figures() -> None:
    report = figures([PROBLEMS[2]])
    assert (value(report["read"]), value(report["valid"]), report["valid"]["n"]) == (0, 0, 0)
    nothing = figures([])
    assert (nothing["n"], value(nothing["equal"]), nothing["names"]) == (0, 0, None)


def test_splits_are_told_apart() -> None:
    splits = figures()["splits"]
    assert list(splits) == ["valid", "test"]
    assert [splits[name]["n"] for name in splits] == [2, 2]
    shares = {name: [value(splits[name][key]) for key in ("read", "valid", "equal")] for name in splits}
    assert shares == {"valid": [1, 1, 0.5], "test": [0.5, 0, 0]}


def test_names_are_held_against_the_gold_ones() -> None:
    problems = [
        PROBLEMS[0],
        # Nothing is written of this one, and this other one uses one name of two.
        replace(PROBLEMS[2], gold=frozenset({"Odd"})),
        replace(PROBLEMS[0], name="five", gold=frozenset({"Even", "Odd"})),
        PROBLEMS[1],
    ]
    names = figures(problems)["names"]
    assert (names["n"], names["unlabelled"], names["unwritten"]) == (3, 1, 1)
    assert (names["gold"], names["used"], names["found"]) == (4, 2, 2)
    assert names["metrics"]["precision"]["value"] == 1
    assert names["metrics"]["recall"]["value"] == 2 / 4
    assert figures(PROBLEMS[1:])["names"] is None


def test_pass_at_k_counts_the_samples_that_were_asked_for() -> None:
    # Of four samples the first and the third pass, and the last could not be read.
    by = writer(Sampling(), candidates=4)
    report = figures([PROBLEMS[0], PROBLEMS[2]], by)
    rates = {at["k"]: at["rate"]["value"] for at in report["pass_at_k"]}
    assert rates == pytest.approx({1: (2 / 4) / 2, 2: (1 - 1 / 6) / 2, 4: 1 / 2})
    assert [(at["n"], at["short"]) for at in report["pass_at_k"]] == [(2, 0)] * 3
    first, second = judged([PROBLEMS[0], PROBLEMS[2]], by)
    assert (first.samples, first.passed, first.rounds) == (3, 2, 0)
    assert (second.samples, second.passed, second.read) == (0, 0, False)
    # What the answers cost that told nothing is not taken for nothing.
    assert (report["tokens"], report["cost"]) == (3 * 110 + 4 * 6, None)
    assert [at["k"] for at in figures()["pass_at_k"]] == [1]


def test_pass_at_the_number_of_samples_is_always_told() -> None:
    report = figures(PROBLEMS[:1], writer(Sampling(), candidates=3))
    assert [at["k"] for at in report["pass_at_k"]] == [1, 2, 3]
    assert report["pass_at_k"][-1]["rate"]["value"] == 1


def test_what_a_server_without_figures_of_tokens_costs_is_not_known() -> None:
    run_of = done(PROBLEMS[:1])
    for backend, cost in (("symbolic", 0.0), ({"spec": "openai:m"}, None)):
        scored, (row,) = score_formalize(run_of, {**settings(), "backend": backend}, WORDS)
        assert (scored.figures["tokens"], scored.figures["cost"], row.cost) == (0, cost, cost)


def test_a_mended_statement_is_valid_but_no_first_sample() -> None:
    class Mending(Sampling):
        def drafts(self, request: Request, n: int) -> Sequence[Draft | BackendError]:
            return [self._draft(request, "theorem t (k : ℕ) : bad Even (k * 2) := by sorry")] * n

    by = writer(Mending(), candidates=2, rounds=1)
    (found,) = judged(PROBLEMS[:1], by)
    assert (found.samples, found.passed, found.rounds, found.valid, found.equal) == (2, 0, 1, True, True)
    report = figures(PROBLEMS[:1], by)
    assert value(report["compile"]["of_all"]) == 1
    assert {at["k"]: at["rate"]["value"] for at in report["pass_at_k"]} == {1: 0, 2: 0}
    chosen = chosen_candidate(done(PROBLEMS[:1], by).answers[0] or Answer({}))
    assert chosen is not None
    assert "bad" not in chosen.statement
    assert (report["tokens"], report["cost"]) == (3 * 110, 0.75)


# Failures


def test_a_failure_counts_as_nothing_written_in_every_figure() -> None:
    problems = [PROBLEMS[1], PROBLEMS[0]]
    by = writer(Failing("Squares are no negative numbers."))
    two, one = judged(problems, by)
    assert (one.read, one.failure, one.equal, one.similarity) == (False, "backend", False, 0.0)
    assert one.reason == "backend: the server hung up"
    assert (two.read, two.failure) == (True, None)
    report = figures(problems, by)
    assert report["n"] == report["references"] == report["compile"]["n"] == 2
    assert value(report["read"]) == value(report["compile"]["of_all"]) == 1 / 2
    assert report["pass_at_k"][0]["rate"]["value"] == 1 / 2
    assert report["similarity"]["value"] == pytest.approx((two.similarity or 0.0) / 2)
    assert (report["names"]["n"], report["names"]["unwritten"]) == (1, 1)
    assert report["abstentions"] == [{"reason": "backend: the server hung up", "count": 1}]
    assert done(problems, by).failures == {"backend": 1}


@pytest.mark.parametrize("statement", [" \n", "x" * 20_001, "a\0b", "half \ud835"])
def test_a_statement_that_cannot_be_used_is_a_failure_for_good(statement: str) -> None:
    got = answer(writer(), Problem("a", statement))
    assert got.failure is not None
    assert got.failure.kind is Failed.INPUT
    assert got.failure.kind.final
    assert chosen_candidate(got) is None


def directory(tmp_path: Path, problems: Sequence[Problem]) -> RunDirectory:
    return RunDirectory.prepare(
        tmp_path / "run", "formalize", settings(), ProblemSet(tuple(problems), (), Origin())
    )


def test_failures_of_the_backend_are_counted_and_tried_again(tmp_path: Path) -> None:
    problems = [replace(problem, name=f"{problem.name}{n}") for n in range(3) for problem in PROBLEMS]
    folder = directory(tmp_path, problems)
    first = run(Given(writer(Failing("Squares are no negative numbers."))), folder)
    assert first.failures == {"backend": 9}
    mended = Answering()
    second = run(Given(writer(mended)), folder)
    assert (second.failures, second.resumed, len(mended.asked)) == ({}, 3, 9)
    assert [o.read for o in outcomes(second, Normaliser())] == [True, True, False, True] * 3


@pytest.mark.parametrize(("count", "asked"), [(20, MAX_FAILURES), (1, 1)])
def test_a_backend_that_never_answers_ends_the_run(count: int, asked: int, tmp_path: Path) -> None:
    problems = [replace(PROBLEMS[0], name=f"p{n}") for n in range(count)]
    folder = directory(tmp_path, problems)
    with pytest.raises(BackendError, match="the server hung up"):
        run(Given(writer(Failing())), folder)
    assert len(folder.answers()) == asked


# Arms


def test_arms_differ_in_their_definitions_alone() -> None:
    hit = Hit(Definition("Even", Kind.DEF, "Mathlib.Test", 1, "(n : ℕ) : Prop"), 1.0)

    def asked(*given: Hit) -> Request:
        backend = Answering()
        (found,) = judged(PROBLEMS[:1], Writer(backend, lambda problem, k: given, NoBad()))
        assert found.equal
        return backend.asked[0]

    none, oracle = asked(), asked(hit)
    assert (none.definitions, [h.name for h in oracle.definitions]) == ((), ["Even"])
    assert none.concepts == oracle.concepts == ()
    assert (none.statement, none.name, none.toolchain) == (oracle.statement, oracle.name, oracle.toolchain)


def test_settings_tell_all_that_results_depend_on(sample_index: Path) -> None:
    work = FormalizeWork(index=sample_index, checker=CheckerSpec(index=sample_index))
    told = to_jsonable(work.settings())
    assert (told["backend"], told["arm"], told["bounds"]["candidates"]) == ("symbolic", "none", 1)
    assert told["index"] == told["checker"]["index"] == index_record(sample_index)
    # The version of the prompts is of no matter where nobody is prompted.
    assert "prompt" not in told
    assert pickle.loads(pickle.dumps(work)) == work
    model = replace(work, model=ModelSpec("openai:a"))
    assert model.settings()["prompt"]
    others = [
        model,
        replace(model, arm="oracle"),
        replace(model, k=None),
        replace(model, bounds=Bounds(2)),
        replace(model, bounds=Bounds(1, 0)),
        replace(model, model=ModelSpec("openai:a", temperature=0.5)),
        replace(model, model=ModelSpec("openai:a", seed=1)),
        replace(model, checker=CheckerSpec("lake")),
    ]
    assert len({dumps(told), *(dumps(other.settings()) for other in others)}) == 9
    # A budget stops a run and changes no answer.
    richer = replace(model, model=ModelSpec("openai:a", budget_tokens=5, budget_cost=1.0))
    assert richer.settings() == model.settings()
    with pytest.raises(KnowledgeBaseError):
        replace(work, index=sample_index / "nowhere").settings()


def test_the_oracle_gives_the_gold_names_that_the_index_has(
    sample_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Answering({})
    monkeypatch.setattr(ModelSpec, "open", lambda self: backend)
    spec = CheckerSpec(index=sample_index)
    asked: dict[str, list[str]] = {}
    for arm in ("none", "oracle"):
        work = FormalizeWork(ModelSpec("openai:m"), arm, index=sample_index, checker=spec)
        with work.open() as worker:
            worker(Problem("a", "Two is even.", gold=frozenset({"MyGroup", "MyMonoid", "No.Such"})))
            worker(Problem("b", "Three is not."))
        asked[arm] = [hit.name for request in backend.asked[-2:] for hit in request.definitions]
    assert asked == {"none": [], "oracle": ["MyGroup", "MyMonoid"]}
    assert backend.asked[0].toolchain
    assert backend.asked[0].mathlib_commit == "0123abc"


def test_the_oracle_has_the_docstrings_of_the_checkout_as_retrieval_has(
    checkout: Path, hash_encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cramf.knowledge.builder import build_from_checkout, checkout_info
    from cramf.retrieval.indexing import write_index

    bare = tmp_path / "bare"
    built = build_from_checkout(checkout, 1)
    info = checkout_info(checkout, "0123abc")
    write_index(built, info, hash_encoder, bare, quantise="none", docstrings=False)
    backend = Answering({})
    monkeypatch.setattr(ModelSpec, "open", lambda self: backend)
    work = FormalizeWork(ModelSpec("openai:m"), "oracle", index=bare, checker=CheckerSpec(index=bare))

    def given() -> list[str]:
        with work.open() as worker:
            worker(Problem("a", "Two is even.", gold=frozenset({"MyGroup", "MyMonoid"})))
        return [hit.definition.docstring for hit in backend.asked[-1].definitions]

    monkeypatch.delenv("CRAMF_MATHLIB", raising=False)
    assert given() == ["", ""]
    without = work.settings()
    monkeypatch.setenv("CRAMF_MATHLIB", str(checkout))
    assert any(given())
    # Such a run is another one, which nobody goes on with by mistake; without definitions it is the same.
    assert work.settings()["docstrings"] != without["docstrings"] == ""
    assert replace(work, arm="none").settings()["docstrings"] == ""
