"""The file of results: what is there after `add`, after a kill, and on a disk that is full."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cramf.errors import InputError, ResourceError
from cramf.formalize.journal import Journal, read_journal

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each call of `os.fsync`, by the file's size."""
    sizes: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return sizes


def keys(path: Path) -> list[str]:
    return [line["key"] for line in read_journal(path)]


def test_a_durable_line_is_on_the_disk_before_add_returns(tmp_path: Path, synced: list[int]) -> None:
    with Journal(tmp_path / "a.jsonl") as journal:
        for number in range(3):
            journal.add(str(number), {"n": number})
            assert synced[-1] == (tmp_path / "a.jsonl").stat().st_size and len(synced) == number + 1


def test_the_lines_of_another_are_so_when_it_is_closed(tmp_path: Path, synced: list[int]) -> None:
    path = tmp_path / "a.jsonl"
    with Journal(path, durable=False) as journal:
        for number in range(3):
            journal.add(str(number), {"n": number})
            assert keys(path) == [str(n) for n in range(number + 1)]
        assert synced == []
    assert synced == [path.stat().st_size]


def test_a_kill_loses_no_line_of_either(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom cramf.formalize.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]), durable=sys.argv[2] == 'yes')\n"
        "for n in range(20): journal.add(str(n), {'text': 'é' * 5000})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for durable in ("yes", "no"):
        path = tmp_path / f"{durable}.jsonl"
        done = subprocess.run([sys.executable, "-c", code, path, durable], timeout=60, cwd=ROOT, check=False)
        assert done.returncode == -9
        assert keys(path) == [str(n) for n in range(20)]


@pytest.mark.parametrize("durable", [True, False])
def test_both_hold_the_same_bytes(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a.jsonl"
    with Journal(path, durable) as journal:
        journal.add("k", {"b": [1, "∀"], "a": None})
    assert path.read_text() == '{"format": 1, "key": "k", "b": [1, "∀"], "a": null}\n'


@pytest.mark.parametrize("durable", [True, False])
def test_a_full_disk_leaves_whole_lines(tmp_path: Path, durable: bool) -> None:
    # A limit on file sizes ends `pwrite` in the middle of a line, as a full disk does.
    path = tmp_path / "a.jsonl"
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom cramf.errors import ResourceError\n"
        "from cramf.formalize.journal import Journal\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "journal = Journal(Path(sys.argv[1]), durable=sys.argv[2] == 'True')\n"
        "try:\n    for n in range(20): journal.add(str(n), {'text': 'x' * 100})\n"
        "except ResourceError as error:\n    print(n, error, Path(sys.argv[1]).stat().st_size)\n"
        # What fits is still taken: the file is as it was before the line that did not.
        "    journal.add('small', {})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path, str(durable)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = len('{"format": 1, "key": "0", "text": ""}\n') + 100
    lines = 1000 // line
    assert "cannot write results to" in done.stdout and "File too large" in done.stdout
    assert done.stdout.startswith(f"{lines} ") and done.stdout.split()[-1] == str(lines * line)
    assert keys(path) == [*map(str, range(lines)), "small"]


def test_a_disk_that_fails_only_at_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    journal = Journal(tmp_path / "a.jsonl", durable=False)
    journal.add("a", {})
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ResourceError, match="Input/output error"):
        journal.close()
    monkeypatch.undo()
    with Journal(tmp_path / "a.jsonl") as again:
        assert [line["key"] for line in again.lines] == ["a"]


def test_an_error_at_the_end_does_not_hide_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt), Journal(tmp_path / "a.jsonl", durable=False):
        raise KeyboardInterrupt


@pytest.mark.parametrize("durable", [True, False])
def test_another_process_is_told(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a.jsonl"
    code = (
        "import sys\nfrom pathlib import Path\nfrom cramf.formalize.journal import Journal\n"
        "Journal(Path(sys.argv[1]))"
    )

    def other() -> subprocess.CompletedProcess[str]:
        arguments = [sys.executable, "-c", code, str(path)]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)

    with Journal(path, durable):
        assert "another process writes its results to" in other().stderr
    assert other().returncode == 0


def test_a_folder_is_no_file_of_results(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="cannot write results to"):
        Journal(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        list(read_journal(tmp_path))


def test_a_line_that_grows_while_it_is_read_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with Journal(path) as journal:
        for number in range(2):
            journal.add(str(number), {"n": number})
    whole = path.read_bytes()
    cut = whole.rfind(b'"n"')
    path.write_bytes(whole[:cut])
    lines = read_journal(path)
    assert next(lines)["key"] == "0"
    # The reader holds the file's end, half a line, when the writer comes to write the rest.
    with path.open("ab", buffering=0) as handle:
        assert next(lines, None) is None
        handle.write(whole[cut:])
        assert next(lines, None) is None
    assert keys(path) == ["0", "1"]


def test_lines_are_kept_where_they_are_wanted_and_looked_at_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with Journal(path) as journal:
        journal.add("a", {})
    with Journal(path) as journal:
        assert [line["key"] for line in journal.lines] == ["a"]
    with Journal(path, keep=False) as journal:
        assert journal.lines == ()
        journal.add("b", {})
    assert keys(path) == ["a", "b"]
    other = tmp_path / "other"
    other.write_text("no result\nhalf")
    with pytest.raises(InputError, match="is no result"):
        Journal(other, keep=False)
    assert other.read_text() == "no result\nhalf"
