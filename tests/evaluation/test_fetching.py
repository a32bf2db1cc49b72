"""Benchmarks by git, by HTTP and from copies: all of it verified, or nothing there."""

from __future__ import annotations

import hashlib
import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cramf.errors import InputError, ResourceError
from cramf.evaluation import fetching
from cramf.evaluation.catalogue import Benchmark, FilePattern, catalogue
from cramf.evaluation.fetching import ORIGIN, checksum, fetch, resolve_data
from cramf.evaluation.verifying import verify

ROWS = "".join(
    json.dumps(
        {
            "name": name,
            "informal_statement": f"{name} is {name}.",
            "formal_statement": f"theorem {name} : 1 = 1 :=",
        }
    )
    + "\n"
    for name in ("a", "b")
)


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMF_DATA", str(tmp_path / "store"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose second commit changes what the first one had."""
    folder = tmp_path / "origin"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows.jsonl").write_text(ROWS)
    (folder / "LICENSE").write_text("Do what you like.\n")
    (folder / "large.bin").write_bytes(b"x" * 1000)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "data" / "rows.jsonl").write_text(ROWS + ROWS.replace('"a"', '"c"').replace('"b"', '"d"'))
    git(folder, "commit", "-q", "-a", "-m", "second")
    return folder


def small(
    source: Path | str, revision: str = "", sha256: str = hashlib.sha256(ROWS.encode()).hexdigest()
) -> Benchmark:
    files = (FilePattern("data/rows.jsonl", "", sha256),)
    return Benchmark(
        "small", "Small", str(source), "git", files, "jsonl", revision, "v4.9.0", "MIT", rows={"": 2}
    )


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def test_git_at_the_pinned_revision(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD~1")
    said: list[str] = []
    fetched = fetch(small(repository, first), say=said.append)
    assert fetched.path == tmp_path / "store" / "small"
    assert (fetched.already, [file.path for file in fetched.files]) == (False, ["data/rows.jsonl"])
    assert leftovers(fetched.path) == ["LICENSE", "data", ORIGIN]
    assert leftovers(tmp_path / "store") == ["small"]
    assert said == [f"fetching small from {repository}"]
    about = json.loads((fetched.path / ORIGIN).read_text())
    assert (about["revision"], about["licence"], about["files"][0]["path"]) == (
        first,
        "MIT",
        "data/rows.jsonl",
    )
    assert fetch(small(repository, first)).already
    found = verify(fetched.path, small(repository, first))
    assert (found.wrong, found.rows, found.formal, found.parsed) == ((), {"": 2}, 2, 2)
    assert found.files[0].state == "ok"


def test_a_wrong_checksum_leaves_nothing(repository: Path, tmp_path: Path) -> None:
    second = git(repository, "rev-parse", "HEAD")
    with pytest.raises(ResourceError, match=r"data/rows\.jsonl has the SHA-256 .*, not "):
        fetch(small(repository, second))
    assert leftovers(tmp_path / "store") == []


def test_without_a_revision_the_newest_is_taken_and_written_down(repository: Path) -> None:
    benchmark = replace(small(repository, sha256=""), rows=None)
    fetched = fetch(benchmark)
    assert json.loads((fetched.path / ORIGIN).read_text())["revision"] == git(repository, "rev-parse", "HEAD")
    assert verify(fetched.path, benchmark).files[0].state == "unchanged"
    (fetched.path / "data" / "rows.jsonl").write_text(ROWS)
    found = verify(fetched.path, benchmark)
    assert found.files[0].state == "differs"
    assert found.wrong == ("data/rows.jsonl differs",)
    (fetched.path / ORIGIN).unlink()
    assert verify(fetched.path, benchmark).files[0].state == "not pinned"


def test_what_git_cannot_fetch(repository: Path, tmp_path: Path) -> None:
    for benchmark in (
        small(tmp_path / "nowhere"),
        small(repository, "0" * 40),
        replace(small(repository, sha256=""), files=(FilePattern("none/*.jsonl"),)),
    ):
        with pytest.raises(ResourceError, match=r"could not be fetched: .*--from PATH"):
            fetch(benchmark)
        assert leftovers(tmp_path / "store") == []


def test_copies(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD~1")
    bare = tmp_path / "mirror.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repository), str(bare)], check=True, timeout=60)
    plain = tmp_path / "plain"
    (plain / "data").mkdir(parents=True)
    (plain / "data" / "rows.jsonl").write_text(ROWS)
    flat = tmp_path / "flat"
    flat.mkdir()
    (flat / "rows.jsonl").write_text(ROWS)
    benchmark = small("https://example.invalid/small", first)
    for number, copy in enumerate((bare, plain, flat, flat / "rows.jsonl")):
        fetched = fetch(benchmark, tmp_path / f"out{number}", copy)
        assert (fetched.path / "data" / "rows.jsonl").read_text() == ROWS
        about = json.loads((fetched.path / ORIGIN).read_text())
        assert (about["taken_from"], about["revision"]) == (str(copy), first)
    with pytest.raises(ResourceError, match="SHA-256"):
        fetch(benchmark, tmp_path / "other", repository)  # its work tree is of the second commit
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="has no data/rows"):
        fetch(benchmark, tmp_path / "other", tmp_path / "empty")
    with pytest.raises(InputError, match="no file or folder"):
        fetch(benchmark, tmp_path / "other", tmp_path / "nowhere")
    assert not (tmp_path / "other").exists()


def test_a_folder_that_holds_something_else(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.txt").write_text("precious")
    benchmark = small(repository, git(repository, "rev-parse", "HEAD~1"))
    with pytest.raises(InputError, match="holds something else than small; add --force"):
        fetch(benchmark, target)
    with pytest.raises(ResourceError, match="SHA-256"):
        fetch(small(repository, git(repository, "rev-parse", "HEAD")), target, force=True)
    assert leftovers(target) == ["thesis.txt"]
    assert not fetch(benchmark, target, force=True).already
    assert "thesis.txt" not in leftovers(target)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = ROWS.encode()
        if self.path == "/gone":
            self.send_error(404)
            return
        if self.path == "/file":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:10] if self.path == "/short" else body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join(10)


def by_http(address: str) -> Benchmark:
    file = FilePattern("data/rows.jsonl", "", hashlib.sha256(ROWS.encode()).hexdigest(), address)
    return Benchmark("small", "Small", address, "http", (file,), "jsonl")


def test_http(server: str, tmp_path: Path) -> None:
    fetched = fetch(by_http(f"{server}/rows"))
    assert (fetched.path / "data" / "rows.jsonl").read_text() == ROWS
    for path, message in (
        ("/gone", "HTTP 404"),
        ("/short", "broke off after 10 bytes"),
        ("/file", "could not be fetched"),
    ):
        with pytest.raises(ResourceError, match=message):
            fetch(by_http(server + path), tmp_path / "out")
        assert not (tmp_path / "out").exists()
    with pytest.raises(ResourceError, match="could not be fetched"):
        fetch(by_http("http://127.0.0.1:9/rows"), tmp_path / "out")


def test_a_download_without_end(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_DOWNLOAD", 5)
    with pytest.raises(ResourceError, match="longer than 5 bytes"):
        fetch(by_http(f"{server}/rows"), tmp_path / "out")


def test_a_disk_that_cannot_be_written(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ResourceError, match="cannot write"):
        fetch(small(repository), tmp_path / "file" / "under")


def test_the_checksum_of_a_glob_is_that_of_the_list(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    lines = []
    for name in ("b.lean", "a.lean"):
        (tmp_path / "d" / name).write_text(name)
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  d/{name}\n")
    assert checksum(tmp_path, "d/*.lean")[0] == hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    assert checksum(tmp_path, "d/a.lean")[0] == hashlib.sha256(b"a.lean").hexdigest()


def test_what_a_name_or_a_path_means(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="not on this machine; run `cramf data get con-nf`"):
        resolve_data("con-nf")
    with pytest.raises(InputError, match=r"no benchmark is named 'con-mf'.*con-nf"):
        resolve_data("con-mf")
    with pytest.raises(InputError, match="no file or folder"):
        resolve_data(str(tmp_path / "rows.jsonl"))
    (tmp_path / "rows.jsonl").write_text(ROWS)
    assert resolve_data(str(tmp_path / "rows.jsonl")) == (tmp_path / "rows.jsonl", None)
    known = next(benchmark for benchmark in catalogue() if benchmark.name == "con-nf")
    folder = tmp_path / "store" / "con-nf"
    folder.mkdir(parents=True)
    assert resolve_data("con-nf") == (folder, known)
    (folder / ORIGIN).write_text(json.dumps({"benchmark": "con-nf", "revision": known.revision}))
    assert resolve_data(str(folder)) == (folder, known)
    (folder / ORIGIN).write_text(json.dumps({"benchmark": "con-nf", "revision": "another", "lean": "v4.1.0"}))
    _, other = resolve_data("con-nf")
    assert other is not None
    # Of another revision, the catalogue's counts and checksums say nothing.
    assert (other.revision, other.lean, other.rows, other.pinned) == ("another", "v4.1.0", None, False)


def test_a_set_that_is_not_as_it_should_be(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    bad = '{"name": "c", "informal_statement": "C.", "formal_statement": "theorem c : \\"never closed"}\n'
    (tmp_path / "data" / "rows.jsonl").write_text(ROWS + ROWS.splitlines()[0] + "\n{}\n" + bad)
    found = verify(tmp_path, small("https://example.invalid"))
    assert found.files[0].state == "differs"
    assert found.rows == {"": 3}
    assert (len(found.excluded), found.duplicates, found.formal, found.parsed) == (2, 1, 3, 2)
    assert found.unread == ("c",)
    assert found.fields == {"statement": 3, "formal": 3}
    assert found.wrong == (
        "data/rows.jsonl differs",
        "3 rows are there, the catalogue has 2 rows",
        "2 rows cannot be used",
    )
    (tmp_path / "data" / "rows.jsonl").unlink()
    missing = verify(tmp_path, small("https://example.invalid"))
    assert "data/rows.jsonl missing" in missing.wrong
