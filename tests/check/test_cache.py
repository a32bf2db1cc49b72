"""The verdict cache: keys, what is kept, many processes, and files that are damaged or not ours."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from cramf.check import cache_file
from cramf.check.base import BaseChecker
from cramf.check.cache import CachedChecker, VerdictCache, verdict_key
from cramf.check.verdict import Candidate, Checker, Diagnostic, Identity, Part, Severity, Status, Verdict
from cramf.errors import ResourceError

IDENTITY = Identity("lean", "1", "leanprover/lean4:v4.9.0", "0123abc")
CANDIDATE = Candidate("t", "import Mathlib", "theorem t : ℕ = ℕ := by sorry", "def a := 1")
DIAGNOSTIC = Diagnostic(
    Severity.ERROR, "unknown ‘x’\nline two", "unknown_identifier", "x", 2, 3, ("y", "z"), Part.HELPER, 2, 4
)
VERDICT = Verdict("lean", Status.INVALID, (DIAGNOSTIC,), True, "1 error", 2.5, ("Nat.Prime",))
KEY = verdict_key(CANDIDATE, IDENTITY)


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


class Told(list[str]):
    """Warnings that a cache gave."""

    def __call__(self, message: str) -> None:
        self.append(message)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def cache(tmp_path: Path, told: Told) -> VerdictCache:
    return VerdictCache(tmp_path / "deep" / "verdicts.sqlite", warn=told)


# -- keys ---------------------------------------------------------------------------------------------------


def test_everything_that_decides_a_verdict_is_in_the_key() -> None:
    keys = {KEY}
    for field in ("header", "helper", "statement"):
        keys.add(verdict_key(dataclasses.replace(CANDIDATE, **{field: "other"}), IDENTITY))
    for field in ("checker", "version", "toolchain", "mathlib"):
        keys.add(verdict_key(CANDIDATE, dataclasses.replace(IDENTITY, **{field: "other"})))
    # Text that moves from one part into the next is another candidate.
    keys.add(
        verdict_key(dataclasses.replace(CANDIDATE, header="import Mathlibdef a := 1", helper=""), IDENTITY)
    )
    assert len(keys) == 9
    assert verdict_key(dataclasses.replace(CANDIDATE, name="other"), IDENTITY) == KEY


def test_a_raised_format_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cramf.check.cache.FORMAT", 2)
    assert verdict_key(CANDIDATE, IDENTITY) != KEY


# -- one process --------------------------------------------------------------------------------------------


def test_what_was_put_comes_back_whole(cache: VerdictCache, told: Told) -> None:
    assert cache.get(KEY) is None
    cache.put(KEY, VERDICT)
    found = VerdictCache(cache.path).get(KEY)
    assert found == VERDICT
    assert found is not None and found.seconds == 2.5
    later = Verdict("lean", Status.VALID, elaborated=True)
    cache.put(KEY, later)
    assert cache.get(KEY) == later
    assert cache.get_many([]) == {}
    cache.put_many({})
    assert told == []


def test_many_at_once(cache: VerdictCache) -> None:
    cache.put_many({key(n): VERDICT for n in range(1200)})
    assert len(cache.get_many([key(n) for n in range(2000)])) == 1200


def test_a_lone_surrogate_in_a_message_is_kept(cache: VerdictCache) -> None:
    odd = Verdict("lean", Status.INVALID, detail="\ud835", elaborated=True)
    cache.put(KEY, odd)
    assert cache.get(KEY) == odd


def test_the_least_recently_used_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr(cache_file.time, "time", lambda: clock[0])
    cache = VerdictCache(tmp_path / "v.sqlite", max_rows=10, warn=told)
    for number in range(10):
        clock[0] += 1000
        cache.put(key(number), VERDICT)
    clock[0] += 1000
    assert cache.get(key(0)) == VERDICT  # the oldest is used once more
    clock[0] += 1000
    cache.put(key(10), VERDICT)
    left = set(cache.get_many([key(n) for n in range(11)]))
    assert len(left) == 9
    assert key(0) in left and key(10) in left
    assert key(1) not in left and key(2) not in left


def test_the_file_stays_within_its_bytes(tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path / "v.sqlite", max_bytes=400_000)
    wide = dataclasses.replace(VERDICT, detail="d" * 4000)
    for start in range(0, 400, 20):
        cache.put_many({key(n): wide for n in range(start, start + 20)})
    kept = cache.get_many([key(n) for n in range(400)])
    assert 50 < len(kept) < 100
    assert cache.path.stat().st_size < 1_200_000


def test_a_huge_verdict_is_not_kept(cache: VerdictCache, told: Told) -> None:
    cache.put(KEY, dataclasses.replace(VERDICT, detail="d" * (1 << 20)))
    assert cache.get(KEY) is None
    assert told == []


# -- files that are not as they should be -------------------------------------------------------------------


def test_a_damaged_file_is_put_aside_and_begun_anew(cache: VerdictCache, told: Told) -> None:
    cache.path.parent.mkdir()
    cache.path.write_bytes(b"no database at all" * 500)
    assert cache.get(KEY) is None
    assert told == [
        f"the verdict cache {cache.path} is damaged (file is not a database); "
        "it is put aside as verdicts.sqlite.damaged and begun anew"
    ]
    cache.put(KEY, VERDICT)
    assert cache.get(KEY) == VERDICT
    assert cache.path.with_name("verdicts.sqlite.damaged").read_bytes().startswith(b"no database")
    # Another process that meets the mended file has nothing to say.
    other = Told()
    assert VerdictCache(cache.path, warn=other).get(KEY) == VERDICT
    assert other == []


@pytest.mark.parametrize("seed", range(12))
def test_bytes_that_went_wrong_never_become_a_verdict(tmp_path: Path, seed: int) -> None:
    import random

    chance = random.Random(seed)
    told = Told()
    path = tmp_path / "v.sqlite"
    truth = {key(n): dataclasses.replace(VERDICT, detail=f"number {n}") for n in range(200)}
    VerdictCache(path).put_many(truth)
    data = bytearray(path.read_bytes())
    if seed % 3 == 0:
        del data[chance.randrange(100, len(data)) :]
    else:
        for _ in range(400):
            data[chance.randrange(100, len(data))] = chance.randrange(256)
    path.write_bytes(data)
    cache = VerdictCache(path, warn=told)
    for _ in range(2):
        for one, verdict in cache.get_many(list(truth)).items():
            assert verdict == truth[one]
        for one in list(truth)[:20]:
            assert cache.get(one) in (None, truth[one])
        cache.put_many(truth)
    assert len(told) <= 3


def test_a_row_that_is_not_what_was_kept_goes(cache: VerdictCache, told: Told) -> None:
    cache.put_many({KEY: VERDICT, key(1): VERDICT})
    with sqlite3.connect(cache.path) as connection:
        connection.execute(
            "UPDATE verdicts SET verdict = replace(verdict, 'invalid', 'valid') WHERE key = ?", (KEY,)
        )
    connection.close()
    assert cache.get(KEY) is None
    assert cache.get(key(1)) == VERDICT
    connection = sqlite3.connect(cache.path)
    assert connection.execute("SELECT count(*) FROM verdicts").fetchone() == (1,)
    assert connection.execute("SELECT number FROM totals").fetchone() == (1,)
    connection.close()
    assert told == []


def test_a_record_of_other_fields_is_none(cache: VerdictCache) -> None:
    for text in (b"[]", b"{}", b'{"status": "valid"}', b"\xff", b'{"diagnostics": [1], "resolved": []}'):
        cache_file.write_verdicts(_ready(cache), [(KEY, text)], 10, 1 << 20)
        assert cache.get(KEY) is None


def _ready(cache: VerdictCache) -> sqlite3.Connection:
    cache.get(KEY)
    return cache_file.connect(cache.path)


def test_totals_that_went_wrong_are_counted_again(cache: VerdictCache, told: Told) -> None:
    cache.put(KEY, VERDICT)
    with sqlite3.connect(cache.path) as connection:
        connection.execute("UPDATE totals SET number = 5000000")
    connection.close()
    cache.put(key(1), VERDICT)
    cache.put(key(2), VERDICT)
    assert cache.get(key(2)) == VERDICT
    assert told == []


def test_an_older_format_is_put_aside(
    cache: VerdictCache, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put(KEY, VERDICT)
    monkeypatch.setattr(cache_file, "FORMAT", 2)
    schema = tuple("PRAGMA user_version=2" if "user_version" in c else c for c in cache_file._SCHEMA)
    monkeypatch.setattr(cache_file, "_SCHEMA", schema)
    assert cache.get(KEY) is None
    assert len(told) == 1 and "is of an older format" in told[0]
    assert cache.path.with_name("verdicts.sqlite.old").is_file()
    cache.put(KEY, VERDICT)
    assert cache.get(KEY) == VERDICT


@pytest.mark.parametrize("version", [99, None])
def test_a_newer_format_and_other_databases_are_left_alone(
    cache: VerdictCache, told: Told, version: int | None
) -> None:
    cache.path.parent.mkdir()
    connection = sqlite3.connect(cache.path)
    connection.execute("CREATE TABLE precious (x)")
    if version is not None:
        connection.execute(f"PRAGMA application_id={0x4352_4156}")
        connection.execute(f"PRAGMA user_version={version}")
    connection.commit()
    connection.close()
    before = cache.path.read_bytes()
    cache.put(KEY, VERDICT)
    assert cache.get(KEY) is None
    what = "of a newer format" if version else "another program's database"
    assert told == [f"the verdict cache {cache.path} cannot be used (it is {what}); going on without it"]
    assert cache.path.read_bytes() == before
    assert sorted(p.name for p in cache.path.parent.iterdir()) == ["verdicts.sqlite"]


def test_where_nothing_can_be_written_it_goes_on_without(tmp_path: Path, told: Told) -> None:
    (tmp_path / "file").write_text("")
    cache = VerdictCache(tmp_path / "file" / "v.sqlite", warn=told)
    for _ in range(3):
        cache.put(KEY, VERDICT)
        assert cache.get(KEY) is None
    assert len(told) == 1 and "going on without it" in told[0] and "\n" not in told[0]


def test_a_read_only_file_is_said_once(
    cache: VerdictCache, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put(KEY, VERDICT)
    real = sqlite3.connect

    def read_only(path: Path, **options: object) -> sqlite3.Connection:
        return real(f"file:{path}?mode=ro", uri=True, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(cache_file.sqlite3, "connect", read_only)
    assert cache.get(KEY) == VERDICT
    cache.put(key(1), VERDICT)
    cache.put(key(2), VERDICT)
    assert len(told) == 1 and "readonly" in told[0]


_FULL = """
import resource, sys
from pathlib import Path
from cramf.check.cache import VerdictCache
from cramf.check.verdict import Status, Verdict
cache = VerdictCache(Path(sys.argv[1]), warn=print)
cache.get(bytes(32))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
wide = Verdict("lean", Status.INVALID, detail="d" * 9000, elaborated=True)
for n in range(200):
    cache.put(n.to_bytes(32, "big"), wide)
print("done")
"""


def test_a_full_disk_is_said_once_and_costs_only_the_keeping(tmp_path: Path) -> None:
    assert resource.RLIMIT_FSIZE  # stands in for a disk that is full
    path = tmp_path / "v.sqlite"
    done = _python(_FULL, str(path))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(lines) == 2 and "going on without it" in lines[0] and lines[1] == "done"
    kept = VerdictCache(path).get_many([key(n) for n in range(200)])
    assert 0 < len(kept) < 200
    assert all(verdict.detail == "d" * 9000 for verdict in kept.values())


# -- many processes -----------------------------------------------------------------------------------------


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


_WORKER = """
import dataclasses, sys
from pathlib import Path
from cramf.check.cache import VerdictCache
from cramf.check.verdict import Status, Verdict
told = []
cache = VerdictCache(Path(sys.argv[1]), warn=told.append)
hits = 0
for turn in range(3):
    for n in range(40):
        key = n.to_bytes(32, "big")
        right = Verdict("lean", Status.INVALID, detail=f"number {n}", elaborated=True)
        found = cache.get(key)
        assert found is None or found == right, found
        hits += found is not None
        cache.put(key, right)
assert not told, told
print(hits)
"""


@pytest.mark.parametrize("damaged", [False, True])
def test_eight_processes_share_one_file(tmp_path: Path, damaged: bool) -> None:
    path = tmp_path / "v.sqlite"
    code = _WORKER
    if damaged:
        path.write_bytes(b"rubbish" * 1000)
        code = code.replace("assert not told, told", "assert len(told) <= 1, told")
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    for worker in workers:
        out, errors = worker.communicate(timeout=240)
        assert worker.returncode == 0, errors
        assert int(out) >= 80  # each meets at least what it has itself put
    found = VerdictCache(path).get_many([key(n) for n in range(40)])
    assert {one: verdict.detail for one, verdict in found.items()} == {
        key(n): f"number {n}" for n in range(40)
    }
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT number FROM totals").fetchone() == (40,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


_WRITER = """
import sys
from pathlib import Path
from cramf.check.cache import VerdictCache
from cramf.check.verdict import Status, Verdict
cache = VerdictCache(Path(sys.argv[1]))
n = 0
while True:
    rows = {(n + i).to_bytes(32, "big"): Verdict("lean", Status.VALID, detail=str(n + i)) for i in range(50)}
    cache.put_many(rows)
    n += 50
    print(n, flush=True)
"""


def test_a_process_killed_while_writing_leaves_whole_batches(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "v.sqlite"
    for pause in (0.0, 0.003, 0.011):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(5):
            writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        written = [int(line) for line in writer.stdout.read().split()]
        writer.stdout.close()
        writer.wait(20)
        cache = VerdictCache(path, warn=told)
        least = max([*written, 250])
        found = cache.get_many([key(n) for n in range(least + 500)])
        assert len(found) >= least and len(found) % 50 == 0
        assert all(verdict.detail == str(int.from_bytes(one, "big")) for one, verdict in found.items())
        assert told == []


def test_threads_and_forks_share_one_cache(cache: VerdictCache, told: Told) -> None:
    from concurrent.futures import ThreadPoolExecutor

    cache.put(KEY, VERDICT)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: cache.put(key(n), VERDICT), range(64)))
        assert all(found == VERDICT for found in pool.map(lambda n: cache.get(key(n)), range(64)))
    child = os.fork()
    if child == 0:
        os._exit(0 if cache.get(KEY) == VERDICT else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert told == []


# -- the checker --------------------------------------------------------------------------------------------


class Inner(BaseChecker):
    """Answers with the verdict of a candidate's name, and notes what it was asked."""

    name = "lean"

    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = verdicts or (VERDICT,)
        self.asked: list[list[str]] = []
        self.closed = 0
        self.known = IDENTITY
        self.progress: list[bool] = []

    def check(self, candidate: Candidate) -> Verdict:
        return self.verdicts[int(candidate.name) % len(self.verdicts)]

    def check_many(self, candidates: Sequence[Candidate], progress: bool = False) -> list[Verdict]:
        self.asked.append([c.name for c in candidates])
        self.progress.append(progress)
        return super().check_many(candidates)

    def identity(self) -> Identity:
        return self.known

    def close(self) -> None:
        self.closed += 1


def candidate(number: int) -> Candidate:
    return Candidate(str(number), "import Mathlib", f"theorem t{number} : True := by sorry")


def test_only_misses_reach_the_checker_behind(cache: VerdictCache) -> None:
    verdicts = tuple(dataclasses.replace(VERDICT, detail=str(n)) for n in range(6))
    inner = Inner(*verdicts)
    with CachedChecker(inner, cache) as checker:
        assert isinstance(checker, Checker)
        assert checker.name == "lean" and checker.identity() == IDENTITY
        assert checker.check(candidate(1)) == verdicts[1]
        assert checker.check_many([candidate(n) for n in (3, 1, 4)], progress=True) == [
            verdicts[3],
            verdicts[1],
            verdicts[4],
        ]
        assert checker.check_many([candidate(n) for n in (4, 3, 1)]) == [
            verdicts[4],
            verdicts[3],
            verdicts[1],
        ]
        assert checker.check_many([]) == []
    assert inner.asked == [["1"], ["3", "4"]]
    assert inner.progress == [False, True]
    assert (checker.hits, checker.misses) == (4, 3)
    assert inner.closed == 1


def test_the_same_text_is_checked_once(cache: VerdictCache) -> None:
    inner = Inner()
    twin = dataclasses.replace(candidate(1), name="9")
    assert CachedChecker(inner, cache).check_many([candidate(1), candidate(2), twin]) == [VERDICT] * 3
    assert inner.asked == [["1", "2"]]


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [
        (Verdict("lean", Status.VALID, elaborated=True), True),
        (Verdict("lean", Status.VALID_WITH_SORRY, elaborated=True), True),
        (VERDICT, True),
        (Verdict("lean", Status.REJECTED), True),
        (Verdict("static", Status.VALID), True),
        (Verdict("static", Status.INVALID, (DIAGNOSTIC,)), True),
        (Verdict("lean", Status.VALID), False),
        (Verdict("lean", Status.INVALID, (DIAGNOSTIC,)), False),
        (Verdict("lean", Status.TIMEOUT, elaborated=True), False),
        (Verdict("lean", Status.CRASHED, elaborated=True), False),
        (Verdict("lean", Status.UNAVAILABLE), False),
        (
            Verdict(
                "lean", Status.INVALID, (dataclasses.replace(DIAGNOSTIC, category="heartbeat_timeout"),), True
            ),
            False,
        ),
    ],
)
def test_only_what_lasts_is_kept(cache: VerdictCache, verdict: Verdict, kept: bool) -> None:
    inner = Inner(verdict)
    checker = CachedChecker(inner, cache)
    assert [checker.check(candidate(1)) for _ in range(2)] == [verdict] * 2
    assert len(inner.asked) == (1 if kept else 2)
    assert checker.hits == kept


def test_another_identity_is_another_verdict(cache: VerdictCache) -> None:
    inner = Inner()
    checker = CachedChecker(inner, cache)
    checker.check(candidate(1))
    for field in ("version", "toolchain", "mathlib"):
        inner.known = dataclasses.replace(IDENTITY, **{field: "other"})
        checker.check(candidate(1))
    assert len(inner.asked) == 4
    inner.known = IDENTITY
    checker.check(candidate(1))
    assert len(inner.asked) == 4


class Moving(Inner):
    """Its Mathlib is exchanged while it checks."""

    def check(self, candidate: Candidate) -> Verdict:
        self.known = dataclasses.replace(IDENTITY, mathlib=self.known.mathlib + "+")
        return super().check(candidate)


class Nameless(Inner):
    def identity(self) -> Identity:
        raise ResourceError("no workspace", "make one")


class Uncacheable(Inner):
    cacheable = False


@pytest.mark.parametrize(
    "inner",
    [Moving(), Nameless(), Uncacheable()],
    ids=["moving", "nameless", "uncacheable"],
)
def test_nothing_is_kept_where_it_is_not_known_what_answered(cache: VerdictCache, inner: Inner) -> None:
    checker = CachedChecker(inner, cache)
    assert [checker.check(candidate(1)) for _ in range(3)] == [VERDICT] * 3
    assert len(inner.asked) == 3


@pytest.mark.parametrize("field", ["toolchain", "mathlib"])
def test_nothing_is_kept_under_an_identity_that_leaves_something_open(
    cache: VerdictCache, field: str
) -> None:
    inner = Inner()
    inner.known = dataclasses.replace(IDENTITY, **{field: ""})
    checker = CachedChecker(inner, cache)
    checker.check(candidate(1))
    checker.check(candidate(1))
    assert len(inner.asked) == 2


def test_without_its_file_the_checker_still_checks(tmp_path: Path, told: Told) -> None:
    (tmp_path / "file").write_text("")
    checker = CachedChecker(Inner(), VerdictCache(tmp_path / "file" / "v", warn=told))
    assert checker.check_many([candidate(1), candidate(2)]) == [VERDICT] * 2
    assert checker.check(candidate(1)) == VERDICT
    assert len(told) == 1
