"""The folder of a run: begun once, gone on with only by the same run, and every damage told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import CramfError, InputError, ResourceError
from cramf.evaluation.problems import DataFile, Excluded, Origin, Problem, ProblemSet
from cramf.evaluation.run_directory import FORMAT, RunDirectory, Shard
from cramf.evaluation.runner import answered, run
from cramf.evaluation.work import Answer, Failed, Failure
from tests.evaluation.toy_works import ToyWork, data, numbered

ROOT = Path(__file__).resolve().parents[2]
RICH = ProblemSet(
    (
        Problem(
            "a", "One ∀.", "theorem a : 1 = 1", "import X", "def h := 0", frozenset("cba"), "test", "r:1"
        ),
        Problem("b", "Two\u2028lines\nand \x85 more.", expected=False, human=True),
        Problem("c", "", "theorem c : 2 = 2", gold=frozenset()),
    ),
    (Excluded("r:4", "d", "no statement"), Excluded("r:5", "a", "again", True)),
    Origin(
        "mini", "https://example.org", "v1", "v4.9.0", "MIT", "seen", (DataFile("r", "0" * 64),), {"a": "b"}
    ),
)


def begun(path: Path, sets: ProblemSet | None = None, **work: Any) -> RunDirectory:
    toy = ToyWork(**work)
    return RunDirectory.prepare(path, toy.kind, toy.settings(), sets or numbered(3))


def done(path: Path, sets: ProblemSet | None = None) -> RunDirectory:
    directory = begun(path, sets)
    run(ToyWork(), directory)
    directory.write_scores({"n": 3}, [{"name": "p1"}])
    return directory


# -- begun and found again -----------------------------------------------------------------------------------


def test_what_was_begun_is_there_again(tmp_path: Path) -> None:
    first = begun(tmp_path / "new" / "run", RICH)
    assert RunDirectory.open(tmp_path / "new" / "run") == first == begun(first.path, RICH)
    assert first.problems == RICH.problems and first.excluded == RICH.excluded
    assert first.origin == RICH.origin
    # Places are for messages, and kept for the report.
    assert [p.place for p in first.problems] == ["r:1", "", ""]
    assert first.settings == {"flavour": "plain", "deep": {"list": [1, 2], "path": "x"}}


def test_going_on_changes_neither_run_nor_problems(tmp_path: Path) -> None:
    first = begun(tmp_path, RICH)
    files = [first.path / "run.json", first.path / "problems.jsonl"]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    begun(tmp_path, RICH)
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before


def test_data_that_lie_elsewhere_are_the_same(tmp_path: Path) -> None:
    begun(tmp_path, RICH)
    moved = replace(RICH, problems=tuple(replace(p, place="elsewhere") for p in RICH.problems))
    assert begun(tmp_path, moved).problems == RICH.problems


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"flavour": "sour"}, "settings.flavour differ"),
        ({"sets": data("Statement number 0.", sha256="6" * 64)}, "data.sha256 differ"),
        ({"sets": data(*(f"Statement number {n}." for n in (1, 0, 2)))}, "problems differ"),
        ({"sets": data("Statement number 0.", "Statement number 1.")}, "problems differ"),
        ({"sets": replace(numbered(3), excluded=(Excluded("r", "d", "no"),))}, "data.excluded differ"),
    ],
)
def test_another_run_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    begun(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(InputError, match=told):
        begun(tmp_path, **change)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_another_command_is_refused_and_many_differences_are_counted(tmp_path: Path) -> None:
    begun(tmp_path)
    other = dict.fromkeys("abcdef", 1)
    with pytest.raises(InputError, match=r"holds another run: kind, settings\.a, .* and 5 more differ"):
        RunDirectory.prepare(tmp_path, "check", other, numbered(3))


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match=r"holds no run, but thesis.tex"):
        begun(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_what_a_kill_at_the_very_start_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "problems.jsonl").write_text("half of")
    (tmp_path / ".problems.jsonl.x7").write_text("half of")
    assert len(begun(tmp_path).problems) == 3


def test_shards_that_begin_at_once_begin_one_run(tmp_path: Path) -> None:
    for number in range(20):
        barrier = threading.Barrier(6, timeout=30)
        errors: list[Exception] = []

        def shard(path: Path, barrier: threading.Barrier, errors: list[Exception]) -> None:
            barrier.wait()
            try:
                begun(path).add_session({"x": "y" * 9000})
            except Exception as error:  # noqa: BLE001 - shown by the assertion
                errors.append(error)

        path = tmp_path / str(number)
        threads = [threading.Thread(target=shard, args=(path, barrier, errors)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == [] and len(RunDirectory.open(path).sessions()) == 6


def test_of_two_different_runs_that_begin_at_once_one_is_refused(tmp_path: Path) -> None:
    for number in range(20):
        barrier = threading.Barrier(2, timeout=30)
        found: dict[int, int] = {}
        errors: list[CramfError] = []

        def start(
            count: int,
            path: Path,
            barrier: threading.Barrier,
            found: dict[int, int],
            errors: list[CramfError],
        ) -> None:
            sets = data(*(f"Statement {n}." for n in range(count)), sha256=str(count) * 64)
            barrier.wait()
            try:
                found[count] = len(begun(path, sets).problems)
            except CramfError as told:
                errors.append(told)

        path = tmp_path / str(number)
        threads = [
            threading.Thread(target=start, args=(count, path, barrier, found, errors)) for count in (3, 4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ((count, problems),) = found.items()
        assert count == problems == len(RunDirectory.open(path).problems)
        (error,) = errors
        assert "holds another run" in error.message


# -- what cannot be written ----------------------------------------------------------------------------------


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that a process without rights can reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="cramf-test-", dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def forbidden(path: Path, work: str) -> str:
    """What a process without rights says when it does `work` on a folder."""
    code = (
        "import os, sys\nfrom pathlib import Path\nsys.path.insert(0, sys.argv[2])\n"
        "from cramf.errors import CramfError\nfrom cramf.evaluation.run_directory import RunDirectory\n"
        "from cramf.evaluation.runner import run\nfrom tests.evaluation.toy_works import ToyWork, numbered\n"
        "import psutil\nb'x'.decode('utf-8-sig')\n"  # modules that may lie where nobody may read
        "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "path, toy = Path(sys.argv[1]), ToyWork()\n"
        f"try:\n    {work}\nexcept CramfError as error:\n    print(type(error).__name__, error)\n"
    )
    arguments = [sys.executable, "-c", code, str(path), str(ROOT)]
    child = subprocess.run(arguments, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert child.returncode == 0, child.stderr
    return child.stdout


PREPARE = "RunDirectory.prepare(path, toy.kind, toy.settings(), numbered(3))"


def test_a_read_only_folder_is_told() -> None:
    with reachable_folder() as path:
        path.chmod(0o555)
        for folder in (path, path / "new"):
            told = forbidden(folder, PREPARE)
            assert told.startswith(f"ResourceError cannot write to {folder}: Permission denied; check")


def test_a_read_only_run_can_be_read_but_not_gone_on_with() -> None:
    with reachable_folder() as path:
        before = done(path)
        for file in path.iterdir():
            file.chmod(0o444)
        path.chmod(0o555)
        told = forbidden(path, "print(len(RunDirectory.open(path).answers()))")
        assert told == "3\n"
        told = forbidden(path, f"run(toy, {PREPARE})")
        assert told.startswith("ResourceError cannot write") and "Permission denied" in told
        told = forbidden(path, "RunDirectory.open(path).write_scores({}, [])")
        assert told.startswith("ResourceError cannot write")
        told = forbidden(path, "RunDirectory.open(path).add_session({})")
        assert told.startswith("ResourceError cannot write")
        path.chmod(0o755)
        assert RunDirectory.open(path) == before


def test_where_no_folder_can_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=r"cannot write to .*: Not a directory"):
        begun(tmp_path / "file" / "run")


def test_a_full_disk_at_the_start_leaves_nothing_that_stops_a_later_run(tmp_path: Path) -> None:
    path = tmp_path / "run"
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
    told = forbidden_as_is(path, limited + PREPARE)
    assert told.startswith(f"ResourceError cannot write to {path}: File too large")
    assert len(begun(path).problems) == 3


def forbidden_as_is(path: Path, work: str) -> str:
    code = (
        "import sys\nfrom pathlib import Path\nfrom cramf.errors import CramfError\n"
        "from cramf.evaluation.run_directory import RunDirectory\n"
        "from tests.evaluation.toy_works import ToyWork, numbered\npath, toy = Path(sys.argv[1]), ToyWork()\n"
        f"try:\n    {work}\nexcept CramfError as error:\n    print(type(error).__name__, error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", code, str(path)]
    child = subprocess.run(
        arguments, capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


# -- damage --------------------------------------------------------------------------------------------------


def test_no_run_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="holds no run"):
            RunDirectory.open(path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    done(tmp_path)
    values = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**values, "format": FORMAT + 1}))
    with pytest.raises(InputError, match=f"was written in format {FORMAT + 1}, this cramf reads {FORMAT}"):
        RunDirectory.open(tmp_path)
    with pytest.raises(InputError, match="was written in format"):
        begun(tmp_path)


BAD_RUNS = ["", "{", "[]", "5", "null", "{}", '{"format": 1}', "\udcff", "[" * 100_000]
BAD_RUNS += ['{"format": 1, "kind": "toy", "settings": {}, "data": []}']
BAD_RUNS += [
    '{"format": 1, "kind": "toy", "settings": {}, "data": {"problems": 3, "excluded": [], "origin": 7}}',
    '{"format": 1, "kind": "toy", "settings": {}, "data": {"problems": 3, "excluded": 0, "origin": {}}}',
    '{"format": 1, "kind": "toy", "settings": {}, "data": {"problems": 3, "excluded": [1], "origin": {}}}',
]


@pytest.mark.parametrize("text", BAD_RUNS)
def test_a_damaged_run_is_told(tmp_path: Path, text: str) -> None:
    done(tmp_path)
    (tmp_path / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"damaged run|not UTF-8|cannot read") as told:
        RunDirectory.open(tmp_path)
    assert "\n" not in str(told.value) and len(str(told.value)) < 400


@pytest.mark.parametrize("text", BAD_RUNS)
def test_damaged_problems_are_told(tmp_path: Path, text: str) -> None:
    done(tmp_path)
    lines = (tmp_path / "problems.jsonl").read_bytes().split(b"\n")
    lines[1] = text.encode("utf-8", "surrogateescape")
    (tmp_path / "problems.jsonl").write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match=r"damaged run|not UTF-8"):
        RunDirectory.open(tmp_path)


@pytest.mark.parametrize("missing", ["problems.jsonl", "run.json"])
def test_a_missing_file_is_told(tmp_path: Path, missing: str) -> None:
    done(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(InputError, match=r"cannot read|holds no run"):
        RunDirectory.open(tmp_path)
    # A run whose results are there is not begun anew on top of them.
    with pytest.raises(InputError):
        begun(tmp_path)


def test_a_problem_that_was_changed_by_hand_is_told(tmp_path: Path) -> None:
    done(tmp_path)
    path = tmp_path / "problems.jsonl"
    path.write_text(path.read_text().replace("number 1.", "number 7."))
    with pytest.raises(InputError, match="problems differ"):
        begun(tmp_path)
    assert answered(RunDirectory.open(tmp_path)).pending == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("my notes", "line 2 is no result of cramf"),
        ("{}", "line 2 is no result of cramf"),
        ('{"format": 2, "key": "x"}', "line 2 is no result of cramf"),
        ('{"format": 1, "key": "x", ', "line 2 is damaged"),
        ('{"format": 1, "key": "x"}', "another shape"),
        ('{"format": 1, "key": "x", "result": 5}', "another shape"),
        (
            '{"format": 1, "key": "x", "result": {}, "failure": {"kind": "input", "message": ""}}',
            "another shape",
        ),
        ('{"format": 1, "key": "x", "result": null, "failure": {"kind": "moon"}}', "another shape"),
        ('{"format": 1, "key": "x", "result": {}, "ms": {"all": "long"}}', "another shape"),
        ('{"format": 1, "key": "x", "result": ' + "[" * 100_000 + "}", "line 2 is damaged"),
        ('{"format": 1, "key": "x", "result": {"a": "\udcff"}}', "line 2 is damaged"),
    ],
)
def test_a_damaged_result_is_told_and_nothing_is_written(tmp_path: Path, line: str, told: str) -> None:
    done(tmp_path)
    path = tmp_path / "results.jsonl"
    lines = path.read_bytes().split(b"\n")
    lines[1] = line.encode("utf-8", "surrogateescape")
    path.write_bytes(b"\n".join(lines))
    before = path.read_bytes()
    for use in (lambda: answered(RunDirectory.open(tmp_path)), lambda: run(ToyWork(), begun(tmp_path))):
        with pytest.raises(InputError, match=told):
            use()
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["{\n", "5\n", "\n", "\udcff\n", "[" * 100_000 + "\n"])
def test_damaged_sessions_are_told(tmp_path: Path, text: str) -> None:
    directory = done(tmp_path)
    (tmp_path / "sessions.jsonl").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"sessions.jsonl is damaged; remove it"):
        directory.sessions()
    (tmp_path / "sessions.jsonl").unlink()
    assert directory.sessions() == [] and answered(directory).pending == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "\udcff", "[" * 100_000])
def test_damaged_scores_are_told(tmp_path: Path, text: str) -> None:
    directory = done(tmp_path)
    assert directory.scores() == {"n": 3} and directory.outcomes() == [{"name": "p1"}]
    for name in ("scores.json", "outcomes.jsonl"):
        (tmp_path / name).write_bytes((text or "x").encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"damaged|not UTF-8"):
        directory.scores()
    if text != "[]":
        with pytest.raises(InputError, match=r"damaged|not UTF-8"):
            directory.outcomes()
    (tmp_path / "scores.json").unlink()
    assert directory.scores() is None


# -- sessions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 5, 9])
def test_a_session_that_was_cut_off_does_not_spoil_the_next(tmp_path: Path, cut: int) -> None:
    directory = begun(tmp_path)
    directory.add_session({"n": 1})
    whole = (tmp_path / "sessions.jsonl").read_bytes()
    (tmp_path / "sessions.jsonl").write_bytes(whole + b'{"n": 22222}\n'[:cut])
    assert directory.sessions() == [{"n": 1}]
    directory.add_session({"n": 3})
    assert directory.sessions() == [{"n": 1}, {"n": 3}]


def test_a_full_disk_does_not_spoil_the_sessions(tmp_path: Path) -> None:
    directory = begun(tmp_path)
    work = (
        "import resource; d = RunDirectory.open(path); d.add_session({'n': 1}); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); d.add_session({'long': 'x' * 300})"
    )
    assert forbidden_as_is(tmp_path, work).startswith("ResourceError cannot write to")
    assert directory.sessions() == [{"n": 1}]
    directory.add_session({"n": 2})
    assert directory.sessions() == [{"n": 1}, {"n": 2}]


# -- answers and shards --------------------------------------------------------------------------------------


def test_of_several_answers_a_result_counts_and_else_the_last(tmp_path: Path) -> None:
    directory = begun(tmp_path)
    backend = Failure(Failed.BACKEND, "hung")
    lines: list[tuple[str, Answer]] = [
        ("failed twice", Answer(None, backend)),
        ("failed twice", Answer(None, Failure(Failed.DEFECT, "oops"))),
        ("mended", Answer(None, backend)),
        ("mended", Answer({"a": 1}, None, {"all": 2.0})),
        ("spoiled", Answer({"a": 1})),
        ("spoiled", Answer(None, backend)),
    ]
    for number, (key, answer) in enumerate(lines):
        from cramf.jsonable import to_jsonable

        with directory.journal(Shard(1 + number % 2, 2)) as journal:
            journal.add(key, to_jsonable(answer))
    found = directory.answers()
    assert found["failed twice"].failure is not None
    assert found["mended"].result == found["spoiled"].result == {"a": 1}
    assert found["mended"].ms == {"all": 2.0}


@given(st.integers(0, 60), st.integers(1, 12))
def test_each_problem_is_in_exactly_one_shard(count: int, shards: int) -> None:
    numbers = list(range(count))
    parts = [
        numbers[shard.index - 1 :: shard.count] for shard in (Shard(i + 1, shards) for i in range(shards))
    ]
    assert sorted(n for part in parts for n in part) == numbers
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert len({Shard(i + 1, shards).file for i in range(shards)}) == shards


@given(st.integers(1, 999), st.integers(1, 999))
def test_a_shard_reads_as_it_prints(index: int, count: int) -> None:
    if index <= count:
        assert Shard.parse(str(Shard(index, count))) == Shard(index, count)
    else:
        with pytest.raises(InputError, match="there is no shard"):
            Shard.parse(f"{index}/{count}")


@pytest.mark.parametrize("text", ["", "1", "/", "1/", "/2", "1/2/3", "-1/2", "1.5/2", "a/b", "²/3", "1 /2"])
def test_what_is_no_shard_is_told(text: str) -> None:
    with pytest.raises(InputError, match="is no shard"):
        Shard.parse(text)


@pytest.mark.parametrize("text", ["0/2", "3/2", "0/0"])
def test_a_part_that_is_not_there_is_told(text: str) -> None:
    with pytest.raises(InputError, match="there is no shard"):
        Shard.parse(text)


def test_equal_texts_of_many_answers_are_one_in_memory(tmp_path: Path) -> None:
    directory = begun(tmp_path)
    with directory.journal() as journal:
        for key in "ab":
            ranked = [f"Some.{word}" for word in ("Group", "Ring")]
            journal.add(key, {"result": {"arms": {"full": ranked}, "n": 1}, "failure": None, "ms": {}})
    again = directory.answers()
    first, second = again["a"].result or {}, again["b"].result or {}
    assert first == second == {"arms": {"full": ["Some.Group", "Some.Ring"]}, "n": 1}
    pairs = zip(first["arms"]["full"], second["arms"]["full"], strict=True)
    assert all(ours is theirs for ours, theirs in pairs)


def test_looks_at_the_same_time_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = begun(tmp_path)
    real = RunDirectory.extras
    met = threading.Barrier(2, timeout=0.5)

    def slow(self: RunDirectory) -> dict[str, Any]:
        found = real(self)
        # Where both may read before either writes, they do.
        with suppress(threading.BrokenBarrierError):
            met.wait()
        return found

    monkeypatch.setattr(RunDirectory, "extras", slow)
    threads = [
        threading.Thread(target=directory.write_extra, args=(name, {"of": name}))
        for name in ("faithful", "beq_plus")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.undo()
    assert directory.extras() == {"faithful": {"of": "faithful"}, "beq_plus": {"of": "beq_plus"}}
