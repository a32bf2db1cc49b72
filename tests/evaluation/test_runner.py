"""A run: what is done is not done again, however the last one ended, and all ways give the same results."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import BackendError, CramfError, InputError, ResourceError
from cramf.evaluation.executors import LocalExecutor
from cramf.evaluation.problems import Problem, ProblemSet
from cramf.evaluation.run_directory import WHOLE, RunDirectory, Shard
from cramf.evaluation.runner import MAX_FAILURES, Progress, Run, answered, run
from cramf.evaluation.work import Answer, Done, Failed, Failure, Task, Work
from tests.evaluation.toy_works import ToyWork, data, numbered

ROOT = Path(__file__).resolve().parents[2]
MIXED = ("one", "unusable", "backend", "four", "defect", "six")


def begun(path: Path, sets: ProblemSet, work: ToyWork | None = None) -> RunDirectory:
    work = work or ToyWork()
    return RunDirectory.prepare(path, work.kind, work.settings(), sets)


def outcomes(found: Run) -> list[str]:
    return [
        "-" if a is None else "answered" if a.failure is None else str(a.failure.kind) for a in found.answers
    ]


def lines(path: Path, shard: Shard = WHOLE) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / shard.file).read_text(encoding="utf-8").splitlines()]


# -- what is done is not done again --------------------------------------------------------------------------


def test_each_problem_has_an_answer_in_its_place(tmp_path: Path) -> None:
    directory = begun(tmp_path, data(*MIXED))
    found = run(ToyWork(), directory)
    assert outcomes(found) == ["answered", "input", "backend", "answered", "defect", "answered"]
    assert found.failures == {"input": 1, "backend": 1, "defect": 1} and found.pending == found.resumed == 0
    assert answered(directory).answers == found.answers
    assert [line["name"] for line in lines(tmp_path)] == [p.name for p in directory.problems]
    assert list(lines(tmp_path)[0]) == ["format", "key", "name", "result", "failure", "ms"]


@dataclass(frozen=True)
class LeanMissing(ToyWork):
    """Lean is there from the second session on, and the backend is gone in the third."""

    session: int = 1

    def __call__(self, problem: Problem) -> Done:
        if self.session == 3:
            raise BackendError("the model hung", "restart it")
        return Done({"session": self.session}, again=self.session == 1 and problem.name != "p2")


def test_a_result_for_which_lean_was_missing_stands_until_there_is_a_better_one(tmp_path: Path) -> None:
    directory = begun(tmp_path, numbered(3))
    first = run(LeanMissing(), directory)
    assert outcomes(first) == ["answered"] * 3 and answered(directory).answers == first.answers
    assert [line.get("again") for line in lines(tmp_path)] == [True, None, True]
    # A failure takes away no result.
    failed = run(LeanMissing(session=3), directory)
    assert failed.resumed == 1 and failed.answers == answered(directory).answers == first.answers
    mended = run(LeanMissing(session=2), directory)
    assert mended.answers == answered(directory).answers
    assert [a and a.result for a in mended.answers] == [{"session": 2}, {"session": 1}, {"session": 2}]
    assert run(LeanMissing(session=3), directory).resumed == 3


def test_results_are_not_done_again_and_failures_that_may_pass_are(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    directory = begun(tmp_path / "run", data(*MIXED))
    first = run(ToyWork(calls=calls), directory)
    calls.unlink()
    again = run(ToyWork(calls=calls), directory)
    assert again.answers == first.answers and again.resumed == 4
    assert calls.read_text().split() == ["p3", "p5"]
    calls.unlink()
    mended = run(ToyWork(calls=calls, mended=True), directory)
    assert mended.failures == {"input": 1} and calls.read_text().split() == ["p3", "p5"]
    assert answered(directory).answers == mended.answers
    calls.unlink()
    last = run(ToyWork(calls=calls), directory)
    assert (last.resumed, last.answers) == (6, mended.answers) and not calls.exists()


def test_a_run_that_is_done_opens_nothing(tmp_path: Path) -> None:
    directory = begun(tmp_path, numbered(3))
    run(ToyWork(), directory)
    work = ToyWork()
    assert run(work, directory).resumed == 3 and work.opened == []


def test_a_limit_takes_the_first_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    directory = begun(tmp_path / "run", numbered(5))
    first = run(ToyWork(calls=calls), directory, limit=2)
    assert [p.name for p in first.problems] == ["p1", "p2"] and first.pending == 0
    assert answered(directory) == Run(first.problems, first.answers, 2)
    more = run(ToyWork(calls=calls), directory)
    assert more.resumed == 2 and calls.read_text().split() == ["p1", "p2", "p3", "p4", "p5"]
    assert len(answered(directory).problems) == 5 and len(answered(directory, 3).problems) == 3
    assert run(ToyWork(calls=calls), directory, limit=99).resumed == 5


def test_the_same_content_under_other_settings_is_another_key(tmp_path: Path) -> None:
    keys = set()
    for flavour in ("plain", "sour"):
        work = ToyWork(flavour=flavour)
        directory = begun(tmp_path / flavour, numbered(3), work)
        run(work, directory)
        keys |= {line["key"] for line in lines(directory.path)}
    assert len(keys) == 6


def test_each_session_is_recorded(tmp_path: Path) -> None:
    directory = begun(tmp_path, data(*MIXED))
    run(ToyWork(), directory, limit=4)
    run(ToyWork(), directory, LocalExecutor(2), shard=Shard(2, 3))
    first, second = directory.sessions()
    assert (first["executor"], first["shard"], first["limit"], first["todo"]) == ("local", "1/1", 4, 4)
    assert (second["shard"], second["limit"], second["todo"]) == ("2/3", None, 1)
    assert first["command"] == sys.argv and first["packages"]["numpy"]


def test_progress_is_told_after_each_answer(tmp_path: Path) -> None:
    directory = begun(tmp_path, data(*MIXED))
    run(ToyWork(), directory, limit=2)
    told: list[Progress] = []
    run(ToyWork(), directory, on_progress=told.append)
    assert [p.done for p in told] == [2, 3, 4, 5, 6] and {p.wanted for p in told} == {6}
    assert {p.resumed for p in told} == {2} and told[0].outcomes == {"answered": 1, "input": 1}
    assert told[-1].outcomes == {"answered": 3, "input": 1, "backend": 1, "defect": 1}


# -- failures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "tried"), [(20, MAX_FAILURES), (2, 2)])
def test_a_model_that_never_answers_ends_the_run(tmp_path: Path, count: int, tried: int) -> None:
    directory = begun(tmp_path, data(*(f"backend {n}" for n in range(count))))
    with pytest.raises(BackendError, match="the model hung; restart it"):
        run(ToyWork(), directory)
    assert len(lines(tmp_path)) == tried
    assert outcomes(answered(directory))[:tried] == ["backend"] * tried
    assert run(ToyWork(mended=True), directory).failures == {}


@pytest.mark.parametrize("first", ["one", "unusable", "defect"])
def test_a_model_that_once_answered_does_not(tmp_path: Path, first: str) -> None:
    directory = begun(tmp_path, data(first, *(f"backend {n}" for n in range(9))))
    assert run(ToyWork(), directory).failures["backend"] == 9
    # Nor does one that answered in an earlier session.
    assert run(ToyWork(mended=False), directory).failures["backend"] == 9 or first == "defect"


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_that_ends_the_run_loses_nothing_before_it(tmp_path: Path, threads: int) -> None:
    calls = tmp_path / "calls"
    sets = data(*(f"number {n}" for n in range(8)), "gone", *(f"more {n}" for n in range(8)))
    directory = begun(tmp_path / "run", sets)
    with pytest.raises(ResourceError, match="the index is gone"):
        run(ToyWork(calls=calls), directory, LocalExecutor(threads))
    kept = len(lines(directory.path))
    assert len(calls.read_text().split()) - threads <= kept
    found = run(ToyWork(mended=True), directory)
    assert found.resumed == kept and found.failures == {} and found.pending == 0


def test_results_without_the_executor_that_answers_all_are_pending(tmp_path: Path) -> None:
    class Half:
        name = "half"

        def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[Task, Answer]]:
            for task in tasks[::2]:
                yield task, Answer(None, Failure(Failed.QUARANTINED, "it died"))

    directory = begun(tmp_path, numbered(5))
    found = run(ToyWork(), directory, Half())
    assert found.pending == 2 and found.failures == {"quarantined": 3}
    assert run(ToyWork(), directory).failures == {}


# -- all ways lead to the same results -----------------------------------------------------------------------


@pytest.mark.parametrize("threads", [2, 6])
def test_threads_make_the_same_answers(tmp_path: Path, threads: int) -> None:
    sets = data(*MIXED, *(f"number {n}" for n in range(40)))
    alone = run(ToyWork(), begun(tmp_path / "a", sets))
    together = run(ToyWork(), begun(tmp_path / "b", sets), LocalExecutor(threads))
    assert together == alone
    untimed = [
        sorted((x["key"], x["name"], str(x["result"]), str(x["failure"])) for x in lines(tmp_path / n))
        for n in "ab"
    ]
    assert untimed[0] == untimed[1]


@given(st.integers(1, 12), st.integers(1, 5), st.randoms(use_true_random=False))
def test_all_shards_in_any_order_are_the_whole_run(
    tmp_path_factory: pytest.TempPathFactory, count: int, shards: int, order: random.Random
) -> None:
    path = tmp_path_factory.mktemp("shards")
    whole = run(ToyWork(), begun(path / "whole", numbered(count)))
    directory = begun(path / "parts", numbered(count))
    parts = [Shard(i + 1, shards) for i in range(shards)]
    order.shuffle(parts)
    for number, part in enumerate(parts, start=1):
        found = run(ToyWork(), directory, shard=part)
        assert (found.pending == 0) >= (number == shards)
    assert found.answers == whole.answers == answered(directory).answers
    names = [line["name"] for part in parts for line in lines(directory.path, part)]
    assert sorted(names) == sorted(p.name for p in directory.problems)


def test_a_whole_run_takes_up_what_shards_did(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    directory = begun(tmp_path / "run", numbered(9))
    run(ToyWork(calls=calls), directory, shard=Shard(2, 3))
    run(ToyWork(calls=calls), directory, limit=4)
    run(ToyWork(calls=calls), directory, shard=Shard(1, 2))
    found = run(ToyWork(calls=calls), directory)
    assert found.pending == 0 and sorted(calls.read_text().split()) == [f"p{n}" for n in range(1, 10)]


def test_the_last_shard_to_end_has_what_others_found_meanwhile(tmp_path: Path) -> None:
    directory = begun(tmp_path, data("one", "two", "backend", "four"))

    def other(progress: Progress) -> None:
        if progress.done == 0:
            run(ToyWork(), directory, shard=Shard(1, 2))

    # The second shard began before the first did, and ends after it; a failure is an answer as well.
    found = run(ToyWork(), directory, shard=Shard(2, 2), on_progress=other)
    assert outcomes(found) == ["answered", "answered", "backend", "answered"]
    assert found.answers == answered(directory).answers and found.failures == {"backend": 1}


def test_more_shards_than_problems(tmp_path: Path) -> None:
    directory = begun(tmp_path, numbered(2))
    assert run(ToyWork(), directory, shard=Shard(5, 7)).pending == 2
    run(ToyWork(), directory, shard=Shard(1, 7))
    assert run(ToyWork(), directory, shard=Shard(2, 7)).pending == 0


# -- kills, interrupts, full disks, other processes ----------------------------------------------------------

COUNT = 60


def start(out: Path, calls: Path, *, seconds: float = 0.01, threads: int = 1, shard: str = "1/1") -> Any:
    arguments = [str(ROOT / "tests/evaluation/toy_run.py"), str(out), str(calls), str(COUNT), str(seconds)]
    return subprocess.Popen(
        [sys.executable, *arguments, str(threads), shard],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.002)
    return condition()


def count(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def whole(path: Path) -> Run:
    return run(ToyWork(), begun(path, numbered(COUNT)))


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    ("sign", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, -15), (signal.SIGINT, None)]
)
def test_a_killed_run_goes_on_where_it_was(
    tmp_path: Path, sign: signal.Signals, code: int | None, threads: int
) -> None:
    out, calls = tmp_path / "run", tmp_path / "calls"
    chance = random.Random(threads + sign)
    kills = 0
    for _ in range(3):
        process = start(out, calls, threads=threads)
        target = count(calls) + chance.randint(1, 15)
        assert until(
            lambda target=target, process=process: count(calls) >= target or process.poll() is not None
        )
        process.send_signal(sign)
        process.communicate(timeout=60)
        assert process.returncode == code if code is not None else process.returncode != 0
        kills += 1
        # At most what was under way has no line.
        assert count(calls) - count(out / "results.jsonl") <= threads * kills
    directory = begun(out, numbered(COUNT))
    assert 0 < len(directory.answers()) < COUNT
    found = run(ToyWork(), directory)
    assert found == Run(found.problems, whole(tmp_path / "whole").answers, found.resumed)
    assert found.resumed > 0 and answered(directory).answers == found.answers
    assert directory.sessions()[0]["todo"] == COUNT and len(directory.sessions()) == kills + 1


@pytest.mark.parametrize("cut", [1, 12, 60, 100, -1])
def test_a_last_line_that_was_cut_off_is_done_again(tmp_path: Path, cut: int) -> None:
    calls = tmp_path / "calls"
    directory = begun(tmp_path / "run", numbered(4))
    first = run(ToyWork(), directory)
    path = directory.path / "results.jsonl"
    text = path.read_bytes()
    keep = text[: text.rindex(b"\n", 0, -1) + 1]
    path.write_bytes(keep + text[len(keep) :][:cut])
    assert answered(directory).pending == 1
    again = run(ToyWork(calls=calls), directory)
    assert again.answers == first.answers and again.resumed == 3
    assert calls.read_text().split() == ["p4"] and path.read_bytes().startswith(keep)


def test_a_line_that_another_shard_is_writing_is_not_read(tmp_path: Path) -> None:
    directory = begun(tmp_path, numbered(4))
    run(ToyWork(), directory, shard=Shard(1, 2))
    path = tmp_path / Shard(1, 2).file
    path.write_bytes(path.read_bytes()[:-20])
    before = path.read_bytes()
    found = run(ToyWork(), directory, shard=Shard(2, 2))
    assert found.pending == 1 and path.read_bytes() == before


def test_a_second_process_on_the_same_run_is_told(tmp_path: Path) -> None:
    out, calls = tmp_path / "run", tmp_path / "calls"
    first = start(out, calls, seconds=0.02)
    assert until(lambda: count(calls) > 0)
    second = start(out, tmp_path / "none")
    _, told = second.communicate(timeout=60)
    assert second.returncode == 1 and not (tmp_path / "none").exists()
    assert f"another process writes its results to {out / 'results.jsonl'}; wait for it" in told
    with pytest.raises(ResourceError, match="another process"):
        run(ToyWork(), RunDirectory.open(out))
    # Reading what is there so far is no matter of the lock.
    assert answered(RunDirectory.open(out)).pending > 0
    assert first.wait(timeout=60) == 0
    assert answered(RunDirectory.open(out)).pending == 0 and len(RunDirectory.open(out).sessions()) == 1


def test_two_shards_at_once(tmp_path: Path) -> None:
    out, calls = tmp_path / "run", tmp_path / "calls"
    processes = [start(out, calls, seconds=0.005, shard=f"{part}/3") for part in (1, 2, 3)]
    for process in processes:
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
    found = answered(RunDirectory.open(out))
    assert found.answers == whole(tmp_path / "whole").answers
    assert count(calls) == COUNT and len(RunDirectory.open(out).sessions()) == 3


@pytest.mark.parametrize("limit", [1500, 4000, 6000])
def test_a_full_disk_is_told_and_what_was_there_is_kept(tmp_path: Path, limit: int) -> None:
    out = tmp_path / "run"
    directory = begun(out, numbered(COUNT))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom cramf.errors import CramfError\n"
        "from cramf.evaluation.run_directory import RunDirectory\nfrom cramf.evaluation.runner import run\n"
        "from tests.evaluation.toy_works import ToyWork\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try:\n    run(ToyWork(), RunDirectory.open(Path(sys.argv[1])))\n"
        "except CramfError as error:\n    print(type(error).__name__, error)\n    sys.exit(error.exit_code)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(out)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert process.returncode == 4, process.stderr
    assert process.stdout.startswith(
        f"ResourceError cannot write results to {out / 'results.jsonl'}: File too"
    )
    text = (out / "results.jsonl").read_bytes()
    assert len(text) <= limit and text.endswith(b"\n")
    kept = len(directory.answers())
    assert 0 < kept < COUNT
    found = run(ToyWork(), directory)
    assert found.resumed == kept and found.answers == whole(tmp_path / "whole").answers
    assert (out / "results.jsonl").read_bytes().startswith(text)


def test_files_of_results_that_are_folders_are_told(tmp_path: Path) -> None:
    directory = begun(tmp_path, numbered(2))
    (tmp_path / "results.jsonl").mkdir()
    with pytest.raises(CramfError, match=r"cannot write results to .*results.jsonl: Is a directory"):
        run(ToyWork(), directory)
    with pytest.raises(InputError, match=r"cannot read .*results.jsonl"):
        answered(directory)
