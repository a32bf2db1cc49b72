"""The cache of answers: what is kept is found again by every thread and process, and damage is told."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cramf.errors import ExitCode, ResourceError
from cramf.retrieval.answer_cache import AnswerCache, answer_key

CHAT = ({"role": "system", "content": "s"}, {"role": "user", "content": "u"})

_WRITER = """
import sys, time
from pathlib import Path
from cramf.retrieval.answer_cache import AnswerCache
path, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
cache = AnswerCache(path)
number = 0
while number != count:
    cache.put(f"{who}-{number}", f"answer of {who}: {number}" * 50)
    cache.put("shared", "the same")
    assert cache.get(f"{who}-{number}") is not None
    number += 1
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some folder" / "answers.sqlite"


def writer(path: Path, who: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, str(path), who, str(count)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_an_answer_is_found_again(path: Path) -> None:
    cache = AnswerCache(path)
    key = answer_key("toy", "v1", CHAT)
    assert cache.get(key) is None
    cache.put(key, "yes")
    assert cache.get(key) == "yes"
    assert AnswerCache(path).get(key) == "yes"
    cache.put(key, "no")
    assert AnswerCache(path).get(key) == "no"
    assert cache.get(key[:-1]) is None


@pytest.mark.parametrize(
    "answer", ["", "∀ ε > 0 «x»", "a\x00b\r\n", "lone \ud800 surrogate", "x" * 3_000_000]
)
def test_any_text_can_be_kept(path: Path, answer: str) -> None:
    AnswerCache(path).put("k", answer)
    assert AnswerCache(path).get("k") == answer


def test_keys_tell_everything_apart_that_decides_an_answer() -> None:
    keys = {
        answer_key("toy", "v1", CHAT),
        answer_key("toy2", "v1", CHAT),
        answer_key("toy", "v2", CHAT),
        answer_key("toy", "v1", CHAT[:1]),
        answer_key("toy", "v1", CHAT[::-1]),
        answer_key("toy", "v1", ({"role": "system", "content": "s"}, {"role": "system", "content": "u"})),
        answer_key("toy", "v1", ({"role": "system", "content": "su"}, {"role": "user", "content": ""})),
        answer_key("toyv", "1", CHAT),
        answer_key("toy", "v1", ({"role": "user", "content": "\ud800"},)),
        answer_key("toy", "v1", ({"role": "user", "content": "\\ud800"},)),
    }
    assert len(keys) == 10
    assert all(len(key) == 64 for key in keys)
    assert answer_key("toy", "v1", [dict(reversed(m.items())) for m in CHAT]) in keys


def test_threads_share_one_cache(path: Path) -> None:
    cache = AnswerCache(path)

    def work(number: int) -> str | None:
        cache.put(f"k{number}", str(number))
        return cache.get(f"k{number}")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(100))) == [str(n) for n in range(100)]


def test_processes_make_and_fill_one_file_at_once(path: Path) -> None:
    processes = [writer(path, f"p{n}", 20) for n in range(4)]
    for process in processes:
        wait_ready(process)
    for process in processes:
        start(process)
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    cache = AnswerCache(path)
    for who in range(4):
        for number in range(20):
            assert cache.get(f"p{who}-{number}") == f"answer of p{who}: {number}" * 50
    assert cache.get("shared") == "the same"


def test_a_writer_that_is_killed_leaves_whole_answers(path: Path) -> None:
    with writer(path, "p", -1) as process:
        wait_ready(process)
        start(process)
        cache = AnswerCache(path)
        deadline = time.monotonic() + 60
        while cache.get("p-5") is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
    number = 0
    while (answer := cache.get(f"p-{number}")) is not None:
        assert answer == f"answer of p: {number}" * 50
        number += 1
    assert number > 5
    cache.put("later", "yes")
    assert cache.get("later") == "yes"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_may_use_it(path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from cramf.retrieval.answer_cache import AnswerCache\n"
        "cache = AnswerCache(Path(sys.argv[1])); cache.put('a', '1')\n"
        "child = os.fork()\n"
        "cache.put('c' if child else 'b', '2')\n"
        "assert child == 0 or os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
    cache = AnswerCache(path)
    assert [cache.get(key) for key in "abc"] == ["1", "2", "2"]


def filled(path: Path) -> AnswerCache:
    cache = AnswerCache(path)
    for number in range(50):
        cache.put(f"k{number}", f"{number} " * 400)
    return cache


def use(path: Path) -> None:
    cache = AnswerCache(path)
    for number in range(50):
        cache.get(f"k{number}")


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    assert len(data) > 40_000
    if how == "garbage":
        path.write_bytes(b"not a database at all, only text\n" * 100)
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "overwritten":
        path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    elif how == "one letter":
        at = data.index(b"31 31 31 31")
        path.write_bytes(data[:at] + b"9" + data[at + 1 :])
    elif how == "another type":
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE answers SET answer = 7")
        connection.close()


@pytest.mark.parametrize("how", ["garbage", "cut", "overwritten", "one letter", "another type"])
def test_damage_is_one_line_and_deleting_the_file_mends_it(path: Path, how: str) -> None:
    filled(path)
    spoil(path, how)
    with pytest.raises(ResourceError, match="damaged") as caught:
        use(path)
    text = str(caught.value)
    assert str(path) in text and "\n" not in text
    assert "delete it" in caught.value.mend and f"{path.name}-wal" in caught.value.mend
    assert caught.value.exit_code is ExitCode.RESOURCE
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()
    use(path)


def test_damage_while_it_is_open_is_told_too(path: Path) -> None:
    cache = filled(path)
    spoil(path, "garbage")
    with pytest.raises(ResourceError, match=r"damaged.*delete it"):
        cache.get("k1")
    with pytest.raises(ResourceError, match=r"damaged.*delete it"):
        cache.put("k1", "x")


def test_a_file_deleted_meanwhile_is_made_again(path: Path) -> None:
    cache = filled(path)
    path.unlink()
    assert cache.get("k1") is None
    cache.put("k1", "x")
    assert AnswerCache(path).get("k1") == "x"


def test_an_empty_file_is_a_new_cache(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    AnswerCache(path).put("k", "x")
    assert AnswerCache(path).get("k") == "x"


@pytest.mark.parametrize(
    ("command", "words"),
    [("PRAGMA user_version=2", "another format version"), ("PRAGMA application_id=5", "another database")],
)
def test_other_databases_are_left_alone(path: Path, command: str, words: str) -> None:
    filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute(command)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ResourceError, match=f"{words}; give another file"):
        AnswerCache(path)
    assert path.read_bytes() == before


def test_a_database_without_a_mark_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE precious (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ResourceError, match="another database; give another file"):
        AnswerCache(path)
    assert path.read_bytes() == before


def test_a_file_that_stays_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cramf.retrieval.answer_cache._PATIENCE", 0.2)
    cache = filled(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ResourceError, match=r"locked; wait for the other process"):
        cache.put("k1", "x")
    assert cache.get("k1") == "1 " * 400
    other.execute("COMMIT")
    other.close()
    cache.put("k1", "x")


def test_places_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a.sqlite", tmp_path / "folder"):
        with pytest.raises(ResourceError, match=r"cannot be used.*give another file") as caught:
            AnswerCache(path)
        assert str(path) in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ResourceError, match=r"cannot be used.*permissions"):
            AnswerCache(tmp_path / "a.sqlite")
    finally:
        tmp_path.chmod(0o700)
