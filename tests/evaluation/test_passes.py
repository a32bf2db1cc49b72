"""A judge's and Lean's looks at a run whose statements are written, over models and provers that play."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from cramf.check.verdict import Identity, Status, Verdict
from cramf.errors import BackendError, ResourceError
from cramf.evaluation.equivalence import BEQ_L, BEQ_PLUS
from cramf.evaluation.judge.calibration import Pair as Labelled
from cramf.evaluation.judge.judging import Judge
from cramf.evaluation.passes import compare_run, judge_run, written
from cramf.evaluation.problems import DataFile, Origin, Problem, ProblemSet
from cramf.evaluation.resources import index_record
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import Run
from cramf.evaluation.scoring import score
from cramf.evaluation.work import Answer, Failed, Failure
from cramf.formalize.models.chat import ChatRequest, EmptyAnswerError, Finish, Message, ModelError
from cramf.formalize.models.openai_chat import OpenAIChatModel
from cramf.formalize.models.retrying import RetryPolicy
from cramf.formalize.types import TokenUsage
from cramf.jsonable import dumps
from tests.evaluation.equivalence.conftest import Replay
from tests.evaluation.judge.judges import Playing, constant, nonsense, question, verdict
from tests.formalize.fake_server import FakeServer, Reply, completion

HEADER = "import Mathlib\n\nopen Real"
PROVED = {"exact?": "proved"}
BOTH = {"a": PROVED, "b": PROVED}


def problem(number: int, **more: Any) -> Problem:
    told = {"statement": f"Show that {number} is below its successor.", "header": HEADER, **more}
    return Problem(f"p{number}", formal=f"theorem r{number} : {number} < {number} + 1 := by sorry", **told)


def answer(number: int, header: str = "import Mathlib", statement: str = "", helper: str = "") -> Answer:
    candidate = {
        "name": f"w{number}",
        "header": header,
        "helper": helper,
        "statement": statement or f"theorem w{number} : {number} + 1 > {number} := by sorry",
    }
    attempt = {"round": 0, "candidate": candidate, "abstention": None, "verdict": None}
    return Answer({"chosen": 0, "attempts": [attempt], "steps": []})


ABSTAINED = Answer(
    {
        "chosen": 0,
        "attempts": [
            {"round": 0, "candidate": None, "abstention": {"reason": "?", "text": ""}, "verdict": None}
        ],
        "steps": [],
    }
)
FAILED = Answer(None, Failure(Failed.BACKEND, "the server hung up"))


def begun(path: Path, *pairs: tuple[Problem, Answer]) -> tuple[RunDirectory, Run]:
    """A folder of a run, and the run with its answers."""
    settings = {
        "index": index_record(None),
        "bounds": {"candidates": 1},
        "checker": {"name": "static"},
    }
    problems = tuple(each for each, _ in pairs)
    data = ProblemSet(problems, (), Origin(files=(DataFile("rows.jsonl", "5" * 64),)))
    directory = RunDirectory.prepare(path, "formalize", settings, data)
    return directory, Run(problems, tuple(each for _, each in pairs))


def half_a_line(path: Path) -> None:
    """Cut a file off within its last line, as a kill may."""
    data = path.read_bytes()
    path.write_bytes(data[: data[:-1].rfind(b"\n") + 1 + 40])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# -- a judge -----------------------------------------------------------------------------------------------


def of_number(**said: str | Exception) -> Playing:
    """Says of `pN` what is given as `pN`, to each of its votes."""

    def says(request: ChatRequest, call: int) -> Any:
        (name,) = [n for n in said if f"Show that {n[1:]} is" in request.messages[1].content]
        return said[name]

    return Playing(says)


def five(path: Path) -> tuple[RunDirectory, Run]:
    return begun(
        path,
        (problem(1), answer(1)),
        (problem(2), answer(2)),
        (problem(3), ABSTAINED),
        (problem(4), FAILED),
        (problem(5), answer(5)),
    )


def test_the_rate_is_of_all_problems_and_what_nobody_wrote_is_unfaithful(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    model = of_number(p1=verdict(True), p2=verdict(False), p5="I like turtles.")
    judge_run(directory, run, Judge(model, votes=1))
    found = directory.extras()["faithful"]
    assert (found["n"], found["faithful"], found["unfaithful"]) == (5, 1, 1)
    assert (found["undecided"], found["failed"], found["unwritten"]) == (1, 0, 2)
    assert (found["rate"]["n"], found["rate"]["wilson"]["value"]) == (5, 0.2)
    assert found["most"]["wilson"]["value"] == 0.4
    assert found["by_name"] == {"p1": True, "p2": False, "p3": False, "p4": False, "p5": None}
    assert found["judge"]["model"] == "playing"
    assert (found["calibration"], found["corrected"]) == (None, None)
    assert "w1" not in model.asked[0].messages[1].content  # a name says nothing of what is stated


def test_a_failed_question_is_told_and_asked_again(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    broken = of_number(p1=verdict(True), p2=ModelError("gone", "wait"), p5=verdict(False))
    judge_run(directory, run, Judge(broken, votes=1))
    found = directory.extras()["faithful"]
    assert (found["n"], found["failed"], found["by_name"]["p2"]) == (5, 1, None)
    mended = of_number(p2=verdict(True))
    judge_run(directory, run, Judge(mended, votes=1))
    assert len(mended.asked) == 1
    found = directory.extras()["faithful"]
    assert (found["failed"], found["faithful"], found["rate"]["n"]) == (0, 2, 5)


def test_a_judge_goes_on_after_a_kill(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    said = {"p1": verdict(True), "p2": verdict(False), "p5": verdict(True)}
    judge_run(directory, run, Judge(of_number(**said), votes=2), concurrency=1)
    whole = directory.extras()
    kept = lines(tmp_path / "judgements.jsonl")
    half_a_line(tmp_path / "judgements.jsonl")
    (tmp_path / "extras.json").unlink()
    model = of_number(**said)
    judge_run(directory, run, Judge(model, votes=2), concurrency=1)
    assert len(model.asked) == 2
    assert directory.extras() == whole
    assert lines(tmp_path / "judgements.jsonl") == kept


def test_a_judge_of_nonsense_ends_with_an_error_and_leaves_what_was_found_before(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    judge_run(directory, run, Judge(constant(True), votes=1))
    before, kept = directory.extras(), (tmp_path / "judgements.jsonl").read_bytes()
    with pytest.raises(BackendError, match="no answer that can be read"):
        judge_run(directory, run, Judge(nonsense(), votes=1, seed=9))
    assert directory.extras() == before
    assert (tmp_path / "judgements.jsonl").read_bytes().startswith(kept)


def test_two_judges_share_a_folder_and_each_is_asked_once(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    judge_run(directory, run, Judge(constant(True), votes=1))
    judge_run(directory, run, Judge(constant(False), "back_translation", votes=1))
    found = directory.extras()["faithful"]
    assert (found["judge"]["method"], found["faithful"]) == ("back_translation", 0)
    again = constant(False)
    judge_run(directory, run, Judge(again, votes=1))
    found = directory.extras()["faithful"]
    assert (again.asked, found["judge"]["method"], found["faithful"]) == ([], "direct", 3)


def test_a_run_without_a_statement_needs_no_judge(tmp_path: Path) -> None:
    directory, run = begun(tmp_path, (problem(1), ABSTAINED), (problem(2), FAILED))
    model = nonsense()
    judge_run(directory, run, Judge(model))
    found = directory.extras()["faithful"]
    assert (model.asked, found["n"], found["unwritten"], found["rate"]["hits"]) == ([], 2, 2, 0)


def labelled(*faithful: bool) -> list[Labelled]:
    return [
        Labelled(question(n, f"Show that {'true' if f else 'false'} {n}."), f, "" if f else "wrong_domain")
        for n, f in enumerate(faithful, start=1)
    ]


def half_blind() -> Playing:
    """Calls all of the run faithful, and of the labelled pairs those that are and the first that is not."""

    def says(request: ChatRequest, call: int) -> str:
        content = request.messages[1].content
        return verdict("Show that false" not in content or "Show that false 4." in content)

    return Playing(says)


def test_labels_correct_the_rate_of_what_was_written(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    pairs = labelled(True, True, True, False, False)
    judge_run(directory, run, Judge(half_blind(), votes=1), calibration=pairs)
    found = directory.extras()["faithful"]
    assert found["calibration"]["agreement"]["n"] == 5
    assert found["calibration"]["faults"]["wrong_domain"]["caught"] == 1
    assert (found["rate"]["hits"], found["rate"]["n"]) == (3, 5)
    # All three that were written; the judge accepts all good pairs and half of the bad ones.
    corrected = found["corrected"]
    assert (corrected["apparent"], corrected["sensitivity"], corrected["specificity"]) == (1.0, 1.0, 0.5)
    assert corrected["corrected"]["value"] == 1.0
    assert corrected["corrected"]["low"] < 1.0


def test_labels_of_one_kind_correct_nothing(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    judge_run(directory, run, Judge(constant(True), votes=1), calibration=labelled(True, True))
    found = directory.extras()["faithful"]
    assert found["calibration"]["agreement"]["n"] == 2
    assert found["corrected"] is None
    assert found["faithful"] == 3


def test_nothing_written_has_no_rate_to_correct(tmp_path: Path) -> None:
    directory, run = begun(tmp_path, (problem(1), ABSTAINED))
    judge_run(directory, run, Judge(half_blind(), votes=1), calibration=labelled(True, False))
    found = directory.extras()["faithful"]
    assert (found["calibration"]["agreement"]["n"], found["corrected"], found["n"]) == (2, None, 1)


# -- answers without a text --------------------------------------------------------------------------------


def empty(finish: Finish = Finish.STOP, tokens: TokenUsage | None = None) -> EmptyAnswerError:
    error = EmptyAnswerError("it said nothing", "ask again")
    error.finish, error.tokens = finish, tokens
    return error


def test_an_empty_answer_is_asked_for_again_and_counted() -> None:
    def says(request: ChatRequest, call: int) -> Any:
        return verdict(True) if len(request.messages) > 2 else empty(tokens=TokenUsage(9, 1))

    model = Playing(says, tokens=TokenUsage(20, 5))
    (vote,) = Judge(model, votes=1).judge(question()).votes
    assert (vote.verdict, vote.answers) == (True, ("", verdict(True)))
    assert vote.tokens == TokenUsage(29, 6)
    assert [m.role for m in model.asked[1].messages[2:]] == ["assistant", "user"]
    assert model.asked[1].messages[2].content.strip()


@pytest.mark.parametrize(
    ("finish", "words"), [(Finish.REFUSAL, "refusal"), (Finish.LENGTH, "token limit"), (Finish.STOP, "empty")]
)
@pytest.mark.parametrize("method", ["direct", "back_translation"])
def test_a_vote_without_a_text_is_unreadable_and_stops_no_other(
    finish: Finish, words: str, method: str
) -> None:
    def says(request: ChatRequest, call: int) -> Any:
        if request.seed == 0:
            return empty(finish)
        return verdict(True)

    judgement = Judge(Playing(says), method, votes=3).judge(question())
    assert [vote.verdict for vote in judgement.votes] == [None, True, True]
    assert (judgement.verdict, judgement.unreadable) == (True, 1)
    assert words in judgement.votes[0].problem


def test_a_judge_that_never_says_anything_is_an_error(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    with pytest.raises(BackendError, match=r"no answer that can be read \(it is a refusal\)"):
        judge_run(directory, run, Judge(Playing(lambda request, call: empty(Finish.REFUSAL)), votes=1))
    assert directory.extras() == {}


@pytest.mark.parametrize(
    ("reply", "finish"),
    [
        (completion(None), Finish.STOP),
        (completion(" \n"), Finish.STOP),
        (completion("", "length"), Finish.LENGTH),
        (completion("", "content_filter"), Finish.FILTER),
        (completion(None, refusal="I cannot."), Finish.REFUSAL),
    ],
)
def test_a_server_that_sends_no_text(reply: Reply, finish: Finish) -> None:
    with (
        FakeServer(reply) as server,
        OpenAIChatModel("toy", server.url) as model,
        pytest.raises(EmptyAnswerError) as caught,
    ):
        model.chat(ChatRequest((Message("user", "Is it?"),)))
    assert caught.value.finish is finish
    assert caught.value.tokens == TokenUsage(812, 43)


def test_a_judge_on_a_server_that_refuses_at_first() -> None:
    script = [completion(None, refusal="I cannot."), completion(verdict(False))]
    policy = RetryPolicy(retries=0)
    with FakeServer(*script) as server, OpenAIChatModel("toy", server.url, retry=policy) as model:
        (vote,) = Judge(model, votes=1).judge(question()).votes
    assert (vote.verdict, vote.tokens) == (False, TokenUsage(2 * 812, 2 * 43))
    assert "refusal" in server.requests[1]["body"]["messages"][3]["content"]


# -- Lean --------------------------------------------------------------------------------------------------


class Lean:
    """Plays by the rules of the first word of them that stands in a text; says which Lean it is."""

    def __init__(self, rules: dict[str, dict[str, Any]], toolchain: str = "leanprover/lean4:v4.33.0") -> None:
        self._plays = {word: Replay(own) for word, own in rules.items()}
        self._toolchain = toolchain
        self.asked: list[tuple[str, str]] = []

    def identity(self) -> Identity:
        return Identity("playing", "1", self._toolchain, "a" * 40)

    def elaborate(self, header: str, text: str, seconds: float | None = None) -> Verdict:
        self.asked.append((header, text))
        play = next((own for word, own in self._plays.items() if word in text), Replay({}))
        return play.elaborate(header, text, seconds)


class NoLean(Lean):
    def __init__(self) -> None:
        super().__init__({})

    def elaborate(self, header: str, text: str, seconds: float | None = None) -> Verdict:
        self.asked.append((header, text))
        return Verdict("playing", Status.UNAVAILABLE, detail="there is no `lake` on PATH; install elan")


def n(number: int) -> str:
    """What stands in the texts of a problem alone."""
    return f": {number} < {number} + 1"


def test_equivalence_is_of_all_problems_and_says_what_is_undecided(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    rules = {n(1): BOTH, n(2): {"a": PROVED}, n(5): {"a": PROVED, "b": {"exact?": "crashed"}}}
    prover = Lean(rules)
    compare_run(directory, run, prover, BEQ_L)
    found = directory.extras()["beq_l"]
    assert found["by_name"] == {"p1": True, "p2": False, "p3": False, "p4": False, "p5": None}
    assert (found["n"], found["unwritten"], found["undecided"]) == (5, 2, 1)
    assert (found["rate"]["hits"], found["rate"]["n"], found["rate"]["wilson"]["value"]) == (1, 5, 0.2)
    assert (found["ill_typed"], found["references_ill_typed"]) == (0, 0)
    assert found["method"] == BEQ_L.identity
    assert found["lean"]["toolchain"] == "leanprover/lean4:v4.33.0"


def test_a_problem_without_a_reference_is_in_no_share(tmp_path: Path) -> None:
    bare = Problem("p9", "Show that all is well.", header=HEADER)
    directory, run = begun(tmp_path, (problem(1), answer(1)), (bare, answer(9)))
    compare_run(directory, run, Lean({n(1): BOTH}), BEQ_L)
    found = directory.extras()["beq_l"]
    assert (found["n"], found["by_name"]) == (1, {"p1": True})


def test_a_reference_that_lean_refuses_is_left_out_and_counted(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    rules = {n(1): BOTH, n(2): {"statements": "ill b"}, n(5): {"statements": "ill a"}}
    compare_run(directory, run, Lean(rules), BEQ_L)
    found = directory.extras()["beq_l"]
    assert found["by_name"] == {"p1": True, "p3": False, "p4": False, "p5": False}
    assert (found["n"], found["references_ill_typed"], found["ill_typed"]) == (4, 1, 1)
    assert found["rate"]["wilson"]["value"] == 0.25


def test_which_references_are_left_out_does_not_hang_on_what_was_written(tmp_path: Path) -> None:
    rules = {n(2): {"statements": "ill b"}, n(3): {"statements": "ill b"}}
    found = []
    for name, second in (("wrote", answer(2)), ("failed", FAILED), ("abstained", ABSTAINED)):
        answers = ((problem(1), answer(1)), (problem(2), second), (problem(3), ABSTAINED))
        directory, run = begun(tmp_path / name, *answers)
        prover = Lean({n(1): BOTH, **rules})
        compare_run(directory, run, prover, BEQ_L)
        found.append(directory.extras()["beq_l"])
        assert (found[-1]["n"], found[-1]["references_ill_typed"], found[-1]["unwritten"]) == (1, 2, 0)
        assert found[-1]["by_name"] == {"p1": True}
        # Of a reference alone no proof is looked for.
        assert sum(n(3) in text for _, text in prover.asked) == 1
        assert sum(n(1) in text for _, text in prover.asked if "#print" not in text) == 2
        again = Lean({})
        compare_run(directory, run, again, BEQ_L)
        assert again.asked == [] and directory.extras()["beq_l"] == found[-1]


def test_an_error_of_what_was_written_does_not_take_the_reference_out_of_the_share(tmp_path: Path) -> None:
    # What is not closed may come to an error only where the next theorem begins.
    written = answer(1, statement="theorem w : 7 + 1 > 7 := by sorry")
    directory, run = begun(tmp_path, (problem(1), written))
    compare_run(directory, run, Lean({": 7 + 1 > 7": {"statements": "ill b"}}), BEQ_L)
    found = directory.extras()["beq_l"]
    assert (found["n"], found["references_ill_typed"], found["by_name"]) == (1, 0, {"p1": False})


def test_what_was_not_decided_is_asked_again_and_nothing_else(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    crashing = Lean({n(1): BOTH, n(2): {"a": PROVED}, n(5): {"statements": "crashed"}})
    compare_run(directory, run, crashing, BEQ_L)
    assert directory.extras()["beq_l"]["undecided"] == 1
    mended = Lean({n(5): BOTH})
    compare_run(directory, run, mended, BEQ_L)
    found = directory.extras()["beq_l"]
    assert found["by_name"] == {"p1": True, "p2": False, "p3": False, "p4": False, "p5": True}
    silent = Lean({})
    compare_run(directory, run, silent, BEQ_L)
    assert silent.asked == []
    assert directory.extras()["beq_l"] == found


@pytest.mark.parametrize("workers", [1, 3])
def test_comparing_goes_on_after_a_kill(tmp_path: Path, workers: int) -> None:
    directory, run = five(tmp_path)
    rules: dict[str, dict[str, Any]] = {n(1): BOTH, n(2): {"a": PROVED}, n(5): BOTH}
    compare_run(directory, run, Lean(rules), BEQ_L, workers=workers)
    whole = directory.extras()
    journal = tmp_path / "equivalences.jsonl"
    last = lines(journal)[-1]["name"]
    half_a_line(journal)
    (tmp_path / "extras.json").unlink()
    prover = Lean(rules)
    compare_run(directory, run, prover, BEQ_L, workers=workers)
    assert prover.asked
    assert all(n(int(last[1:])) in text for _, text in prover.asked)
    assert directory.extras() == whole
    assert [line["name"] for line in lines(journal)][-1] == last


def test_without_lean_it_is_an_error_that_keeps_what_there_was(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    with pytest.raises(ResourceError, match=r"not one of 5 problems: .*no `lake` on PATH.*cramf doctor"):
        compare_run(directory, run, NoLean(), BEQ_L)
    assert directory.extras() == {}
    compare_run(directory, run, Lean({n(1): BOTH, n(2): BOTH, n(5): BOTH}), BEQ_L)
    assert directory.extras()["beq_l"]["rate"]["hits"] == 3


def test_another_lean_ladder_or_limit_is_asked_anew(tmp_path: Path) -> None:
    directory, run = begun(tmp_path, (problem(1), answer(1)))
    compare_run(directory, run, Lean({n(1): BOTH}), BEQ_L)
    for prover, ladder, seconds in (
        (Lean({n(1): {}}, "leanprover/lean4:v4.9.0"), BEQ_L, None),
        (Lean({n(1): {}}), BEQ_L, 7.0),
        (Lean({n(1): BOTH}), BEQ_PLUS, None),
    ):
        compare_run(directory, run, prover, ladder, seconds=seconds)
        assert prover.asked
    # The ladder's own limit is the same as none.
    same = Lean({n(1): BOTH})
    compare_run(directory, run, same, BEQ_L, seconds=BEQ_L.seconds)
    assert same.asked == []
    found = directory.extras()
    assert (found["beq_l"]["rate"]["hits"], found["beq_plus"]["rate"]["hits"]) == (1, 1)


def test_problems_with_one_pair_have_one_answer(tmp_path: Path) -> None:
    twin = Problem("twin", problem(1).statement, problem(1).formal, HEADER)
    directory, run = begun(tmp_path, (problem(1), answer(1)), (twin, answer(1)))
    prover = Lean({n(1): BOTH})
    compare_run(directory, run, prover, BEQ_L)
    found = directory.extras()["beq_l"]
    assert found["by_name"] == {"p1": True, "twin": True}
    # One line is of the pair, the other of the reference alone.
    assert (found["unwritten"], len(lines(tmp_path / "equivalences.jsonl"))) == (0, 2)


def test_a_line_of_an_older_shape_is_asked_again(tmp_path: Path) -> None:
    directory, run = begun(tmp_path, (problem(1), answer(1)))
    compare_run(directory, run, Lean({n(1): BOTH}), BEQ_L)
    journal = tmp_path / "equivalences.jsonl"
    pair, _ = lines(journal)
    journal.write_text(json.dumps({"format": 1, "key": pair["key"], "name": "p1"}) + "\n", "utf-8")
    prover = Lean({n(1): BOTH})
    compare_run(directory, run, prover, BEQ_L)
    assert prover.asked
    assert directory.extras()["beq_l"]["rate"]["hits"] == 1


def test_the_opens_of_each_side_are_its_own(tmp_path: Path) -> None:
    theirs = problem(1, header="import Mathlib\nset_option maxHeartbeats 400000\n\nopen Real Nat")
    ours = answer(1, "import Mathlib\n\nopen Finset", helper="def Twice (n : ℕ) := 2 * n")
    directory, run = begun(tmp_path, (theirs, ours))
    prover = Lean({n(1): BOTH})
    compare_run(directory, run, prover, BEQ_L)
    assert {header for header, _ in prover.asked} == {"import Mathlib\nset_option maxHeartbeats 400000"}
    *compared, (_, alone) = prover.asked
    assert "Finset" not in alone and "open Real Nat" in alone
    assert compared
    for _, text in compared:
        found, inside = {}, ""
        for line in text.split("\n"):
            if line.startswith("namespace "):
                inside = line
            elif line.startswith("end "):
                inside = ""
            elif line.startswith(("open ", "def ")):
                found[line.strip()] = inside[-1:]
        assert found == {"open Finset": "a", "def Twice (n : ℕ) := 2 * n": "a", "open Real Nat": "b"}
    assert directory.extras()["beq_l"]["by_name"] == {"p1": True}


def test_opens_that_are_the_same_stand_once(tmp_path: Path) -> None:
    directory, run = begun(tmp_path, (problem(1), answer(1, HEADER.replace("\n", "\r\n"))))
    prover = Lean({n(1): BOTH})
    compare_run(directory, run, prover, BEQ_L)
    assert all(text.count("open Real") == 1 and "namespace" not in text for _, text in prover.asked)


def test_an_interrupt_leaves_no_thread_that_asks_lean(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    going, ended = threading.Event(), threading.Event()

    class Interrupted(Lean):
        def elaborate(self, header: str, text: str, seconds: float | None = None) -> Verdict:
            if n(1) in text:
                going.wait(20)
                raise KeyboardInterrupt
            found = super().elaborate(header, text, seconds)
            going.set()
            ended.wait(20)
            return found

    prover = Interrupted({n(2): BOTH, n(5): BOTH})
    with pytest.raises(KeyboardInterrupt):
        compare_run(directory, run, prover, BEQ_PLUS, workers=2)
    asked = len(prover.asked)
    workers = [t for t in threading.enumerate() if t.name == "cramf-worker"]
    ended.set()
    for thread in workers:
        thread.join(20)
    assert not any(thread.is_alive() for thread in workers)
    assert len(prover.asked) == asked


# -- the scores --------------------------------------------------------------------------------------------


def test_scores_and_rows_carry_what_was_found(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    said = {"p1": verdict(True), "p2": verdict(False), "p5": "Hm."}
    judge_run(directory, run, Judge(of_number(**said), votes=1))
    compare_run(directory, run, Lean({n(1): BOTH, n(2): {"statements": "ill b"}, n(5): BOTH}), BEQ_PLUS)
    scores = score(directory, run)
    assert directory.scores() == json.loads(dumps(scores))
    assert (scores["faithful"]["n"], scores["beq_plus"]["n"]) == (5, 4)
    assert scores["beq"] is scores["beq_l"] is None
    assert not {"by_name", "of"} & {*scores["faithful"], *scores["beq_plus"]}
    rows = directory.outcomes()
    found = [(row["name"], row["faithful"], row["beq_plus"]) for row in rows]
    assert found == [
        ("p1", True, True),
        ("p2", False, None),
        ("p3", False, False),
        ("p4", False, False),
        ("p5", None, True),
    ]
    assert all("beq" not in row for row in rows)


def test_figures_of_other_statements_are_not_shown(tmp_path: Path) -> None:
    directory, run = five(tmp_path)
    judge_run(directory, run, Judge(constant(True), votes=1))
    compare_run(directory, run, Lean({n(1): BOTH, n(2): BOTH, n(5): BOTH}), BEQ_L)
    assert score(directory, run)["faithful"]["faithful"] == 3
    # The failure was tried again, and something was written at last.
    anew = Run(run.problems, (*run.answers[:3], answer(4), run.answers[4]))
    assert written(anew) != written(run)
    scores = score(directory, anew)
    assert scores["faithful"] is scores["beq_l"] is None
    assert all("faithful" not in row and "beq_l" not in row for row in directory.outcomes())
    model, prover = constant(True), Lean({n(4): BOTH})
    judge_run(directory, anew, Judge(model, votes=1))
    compare_run(directory, anew, prover, BEQ_L)
    assert len(model.asked) == 1
    assert all(n(4) in text for _, text in prover.asked)
    scores = score(directory, anew)
    assert (scores["faithful"]["faithful"], scores["beq_l"]["rate"]["hits"]) == (4, 4)
