"""The index directory: whole or not at all, and one clear error for every kind of damage."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cramf.cli.main import main
from cramf.errors import InputError, KnowledgeBaseError, ResourceError
from cramf.files import sha256_of
from cramf.knowledge.builder import build_from_checkout, checkout_info
from cramf.knowledge.store import FORMAT_VERSION, KnowledgeBase, read_manifest, write_directory
from cramf.knowledge.types import Kind
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.indexing import QUANTISATIONS, write_index
from cramf.retrieval.retriever import Retriever

VALUES = {
    "mathlib_commit": "c",
    "toolchain": "t",
    "encoder": "e",
    "dimensions": 3,
    "counts": {"definitions": 1},
}
FILES = (
    "declarations.parquet definitions.parquet usages.parquet names.json lexical.npz terms.txt votes.npz "
    "definitions.faiss usages.faiss signatures.parquet dependencies.npz name_words.txt name_last.npz "
    "name_full.npz association_terms.txt association.npz association_frequency.npz usage_terms.npz graph.npz"
).split()


def write_small(text: str = "one") -> Callable[[Path], dict[str, object]]:
    def write(folder: Path) -> dict[str, object]:
        (folder / "a.txt").write_text(text)
        return VALUES

    return write


def leftovers(target: Path) -> list[str]:
    """What stands beside an index that is not the index."""
    return sorted(p.name for p in target.parent.iterdir() if p.name.startswith(f".{target.name}."))


@pytest.fixture
def index(tmp_path: Path, sample_index: Path) -> Path:
    """A copy of the sample index that may be damaged."""
    return Path(shutil.copytree(sample_index, tmp_path / "copy"))


# -- round trip ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("docstrings", [True, False])
def test_what_is_written_is_read(
    tmp_path: Path, checkout: Path, hash_encoder: Encoder, docstrings: bool
) -> None:
    linked = build_from_checkout(checkout, 1)
    out = tmp_path / "index"
    info = checkout_info(checkout, "abc")
    written = write_index(linked, info, hash_encoder, out, docstrings=docstrings)
    base = KnowledgeBase.open(out)
    assert base.manifest == written
    assert base.manifest.format_version == FORMAT_VERSION
    assert (base.manifest.mathlib_commit, base.manifest.toolchain) == ("abc", "leanprover/lean4:v4.99.0")
    assert base.manifest.encoder == hash_encoder.name
    assert base.manifest.docstrings is docstrings
    assert base.manifest.counts["definitions"] == len(linked.definitions)
    assert base.manifest.counts["attested"] == sum(d.origin == "attested" for d in linked.declarations) > 0
    assert set(base.manifest.files) == set(FILES)
    for row, definition in enumerate(linked.definitions):
        read = base.definition(row)
        if docstrings:
            assert read == definition
        else:
            assert read.docstring == ""
            assert (read.name, read.signature, read.fields) == (
                definition.name,
                definition.signature,
                definition.fields,
            )
    assert base.usage_columns["name"] == [u.name for u in linked.usages]
    vocabulary = base.vocabulary()
    assert vocabulary.declarations == {d.name: replace(d, signature="") for d in linked.declarations}
    assert {d.name: base.signature(d.name) for d in linked.declarations} == {
        d.name: d.signature for d in linked.declarations
    }
    assert {name: base.dependencies(name) for name in linked.dependencies} == linked.dependencies
    assert any(linked.dependencies.values())
    assert vocabulary.notation_table == linked.notation_table
    assert {
        d.name: vocabulary.head(d.name) for d in linked.declarations if d.name in linked.heads
    } == linked.heads
    assert (vocabulary.parents, vocabulary.unfolds) == (linked.parents, linked.unfolds)
    assert vocabulary.protected == linked.protected
    assert vocabulary.aliases == dict(linked.aliases)
    assert vocabulary.notations == dict(linked.notations)
    assert vocabulary.namespaces == linked.namespaces
    assert vocabulary.declarations["MyTree"].kind is Kind.INDUCTIVE
    assert base.vocabulary() is vocabulary
    assert leftovers(out) == []


def test_the_votes_are_the_usages(sample_index: Path) -> None:
    base = KnowledgeBase.open(sample_index)
    votes = base.matrix("votes.npz").toarray()
    names, usages = base.definition_names, base.usage_columns["name"]
    row = usages.index("MyNumber.two_prime")
    assert {names[n] for n in votes[row].nonzero()[0]} == {"MyNumber.IsMyPrime", "MyNumber.IsMyEven"}


def test_unknown_quantisation_and_nothing_to_index(
    tmp_path: Path, checkout: Path, hash_encoder: Encoder
) -> None:
    linked = build_from_checkout(checkout, 1)
    info = checkout_info(checkout, "")
    with pytest.raises(InputError, match="quantisation"):
        write_index(linked, info, hash_encoder, tmp_path / "a", quantise="2bit")
    empty = tmp_path / "empty"
    (empty / "Mathlib").mkdir(parents=True)
    (empty / "Mathlib" / "A.lean").write_text("theorem t : p := w\n")
    with pytest.raises(InputError, match="no definition"):
        write_index(build_from_checkout(empty, 1), info, hash_encoder, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    assert QUANTISATIONS == ("none", "8bit", "6bit", "4bit")


# -- damage -------------------------------------------------------------------------------------------------


def manifest_with(**values: object) -> Callable[[Path], None]:
    def damage(index: Path) -> None:
        path = index / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return damage


def manifest_text(data: bytes) -> Callable[[Path], None]:
    return lambda index: void((index / "manifest.json").write_bytes(data))


def void(_: object) -> None:
    pass


def truncate(name: str) -> Callable[[Path], None]:
    def damage(index: Path) -> None:
        path = index / name
        os.truncate(path, path.stat().st_size // 2)

    return damage


def removed(name: str) -> Callable[[Path], None]:
    return lambda index: (index / name).unlink()


def flip(name: str) -> Callable[[Path], None]:
    def damage(index: Path) -> None:
        path = index / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x20
        path.write_bytes(bytes(data))

    return damage


def without(key: str) -> Callable[[Path], None]:
    def damage(index: Path) -> None:
        path = index / "manifest.json"
        values = json.loads(path.read_text())
        del values[key]
        path.write_text(json.dumps(values))

    return damage


def replaced(name: str, data: bytes) -> Callable[[Path], None]:
    """Other content with a checksum that fits, as a build of a broken version would leave it."""

    def damage(index: Path) -> None:
        (index / name).write_bytes(data)
        path = index / "manifest.json"
        values = json.loads(path.read_text())
        values["files"][name] = sha256_of(index / name)
        path.write_text(json.dumps(values))

    return damage


SEARCHED = [n for n in FILES if n not in ("declarations.parquet", "names.json", "usages.parquet")]
DAMAGES: dict[str, Callable[[Path], None]] = {
    "newer format": manifest_with(format_version=FORMAT_VERSION + 1),
    "older format": manifest_with(format_version=FORMAT_VERSION - 1),
    "format in words": manifest_with(format_version="one"),
    "no format": without("format_version"),
    "no files": without("files"),
    "no encoder": without("encoder"),
    "no manifest": removed("manifest.json"),
    "empty manifest": manifest_text(b""),
    "half a manifest": truncate("manifest.json"),
    "manifest is no JSON": manifest_text(b"{]"),
    "manifest is no UTF-8": manifest_text(b"\xff\xfe"),
    "manifest is a list": manifest_text(b"[]"),
    "manifest nests deeply": manifest_text(b"[" * 100_000),
    "manifest with an unknown key": manifest_with(surprise=1),
    "files are a number": manifest_with(files=5),
    "files are a list": manifest_with(files=["definitions.parquet"]),
    "counts are a number": manifest_with(counts=5),
    "dimensions do not fit": manifest_with(dimensions=7),
    "no file is listed": manifest_with(files={}),
    **{f"{name} is gone": removed(name) for name in FILES},
    **{f"{name} is truncated": truncate(name) for name in SEARCHED},
    **{f"{name} has another byte": flip(name) for name in SEARCHED},
    **{f"{name} is empty": replaced(name, b"") for name in SEARCHED if name != "terms.txt"},
    **{
        f"{name} is of another kind": replaced(name, b"not what it says")
        for name in SEARCHED
        if name != "terms.txt"
    },
    "a file became a folder": lambda index: ((index / "terms.txt").unlink(), (index / "terms.txt").mkdir())[
        1
    ],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_every_damage_is_one_clear_error(index: Path, damage: Callable[[Path], None]) -> None:
    damage(index)
    with pytest.raises(KnowledgeBaseError) as caught:
        Retriever.load(index)
        # Signatures and dependencies are read when they are asked for.
        base = KnowledgeBase.open(index)
        base.signature("MyTree")
        base.dependencies("MyTree")
    assert "\n" not in str(caught.value)
    assert "rebuild" in caught.value.mend
    assert caught.value.message


CLI_DAMAGES = [
    "newer format",
    "no manifest",
    "half a manifest",
    "definitions.parquet is truncated",
    "usages.faiss has another byte",
    "votes.npz is gone",
]


@pytest.mark.parametrize("name", CLI_DAMAGES)
@pytest.mark.parametrize("command", ["search", "info"])
def test_damage_on_the_command_line(index: Path, name: str, command: str) -> None:
    DAMAGES[name](index)
    arguments = ["search", "groups", "--index"] if command == "search" else ["index", "info", "--index"]
    done = CliRunner().invoke(main, [*arguments, str(index)])
    assert done.exit_code == 4
    (line,) = done.stderr.splitlines()
    assert line.startswith("cramf: error: ")
    assert "cramf index build" in line or "rebuild" in line
    assert done.stdout == ""


@pytest.mark.parametrize("name", FILES)
def test_info_verifies_every_file(index: Path, name: str) -> None:
    flip(name)(index)
    done = CliRunner().invoke(main, ["index", "info", "--index", str(index)])
    assert done.exit_code == 4
    assert name in done.stderr


@pytest.mark.parametrize("name", ["usages.parquet", "declarations.parquet", "names.json"])
def test_damage_in_what_is_read_late_is_told_when_it_is_read(index: Path, name: str) -> None:
    flip(name)(index)
    base = KnowledgeBase.open(index)
    with pytest.raises(KnowledgeBaseError, match=name):
        base.vocabulary() if name != "usages.parquet" else base.usage_columns


@pytest.mark.parametrize("kind", ["none", "file", "empty folder"])
def test_where_there_is_no_index(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("x")
    elif kind == "empty folder":
        place.mkdir()
    with pytest.raises(KnowledgeBaseError) as caught:
        Retriever.load(place)
    assert "cramf index build" in caught.value.mend
    assert "\n" not in str(caught.value)


# -- writing ------------------------------------------------------------------------------------------------


def test_a_directory_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "index"
    write_directory(target, write_small("one"))
    write_directory(target, write_small("two"))
    assert (target / "a.txt").read_text() == "two"
    assert read_manifest(target).files == {"a.txt": sha256_of(target / "a.txt")}
    assert leftovers(target) == []
    assert target.stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    target = tmp_path / "index"
    target.mkdir()
    write_directory(target, write_small())
    assert (target / "a.txt").read_text() == "one"


def test_what_is_no_index_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.mkdir()
    (target / "thesis.tex").write_text("x")
    file = tmp_path / "file"
    file.write_text("x")
    for place in (target, file):
        with pytest.raises(KnowledgeBaseError, match="not an index"):
            write_directory(place, write_small())
    assert (target / "thesis.tex").read_text() == "x"
    assert file.read_text() == "x"
    with pytest.raises(KnowledgeBaseError, match="exists"):
        write_directory(write_and_return(tmp_path / "index"), write_small(), replace=False)


def write_and_return(target: Path) -> Path:
    write_directory(target, write_small("old"))
    return target


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt(), SystemExit(1)])
def test_an_error_inside_leaves_the_old_index(tmp_path: Path, error: BaseException) -> None:
    target = write_and_return(tmp_path / "index")

    def write(folder: Path) -> dict[str, object]:
        (folder / "a.txt").write_text("half")
        raise error

    with pytest.raises(type(error)):
        write_directory(target, write)
    assert (target / "a.txt").read_text() == "old"
    KnowledgeBase.open(target).file("a.txt")
    assert leftovers(target) == []


def test_a_full_disk_is_a_resource_error(tmp_path: Path) -> None:
    target = write_and_return(tmp_path / "index")

    def write(folder: Path) -> dict[str, object]:
        raise OSError(28, "No space left on device")

    with pytest.raises(ResourceError, match="No space left") as caught:
        write_directory(target, write)
    assert "\n" not in str(caught.value)
    assert (target / "a.txt").read_text() == "old"
    assert leftovers(target) == []


def test_a_parent_that_is_a_file_is_a_resource_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError):
        write_directory(tmp_path / "file" / "index", write_small())


def test_a_rename_that_fails_brings_the_old_index_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = write_and_return(tmp_path / "index")
    rename = Path.rename

    def failing(self: Path, to: Path) -> Path:
        if ".building-" in self.name:
            raise OSError(5, "Input/output error")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(ResourceError, match="Input/output"):
        write_directory(target, write_small("new"))
    monkeypatch.undo()
    assert (target / "a.txt").read_text() == "old"
    assert leftovers(target) == []


@pytest.mark.parametrize("name", ["index", "a-b", "with blank", "odd[1]"])
def test_leftovers_of_a_dead_build_are_removed(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    dead = tmp_path / f".{name}.building-{dead_process()}-x1y2"
    dead.mkdir()
    (dead / "half").write_text("x")
    alive = tmp_path / f".{name}.building-{os.getpid()}-x1y2"
    alive.mkdir()
    other = tmp_path / ".other.building-1-x"
    other.mkdir()
    write_directory(target, write_small())
    assert not dead.exists()
    assert alive.exists()
    assert other.exists()


def dead_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_an_old_index_left_aside_comes_back(tmp_path: Path) -> None:
    """A build killed between the two renames leaves the old index under another name."""
    target = write_and_return(tmp_path / "index")
    target.rename(tmp_path / f".index.old-{dead_process()}")

    def broken(folder: Path) -> dict[str, object]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_directory(target, broken)
    assert (target / "a.txt").read_text() == "old"
    write_directory(target, write_small("new"))
    assert (target / "a.txt").read_text() == "new"
    assert leftovers(target) == []


# -- builds that are killed ---------------------------------------------------------------------------------

SLOW_BUILD = textwrap.dedent(
    """
    import importlib.util, pathlib, sys, time
    tests, mathlib, out, stage = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("shared_fixtures", pathlib.Path(tests) / "conftest.py")
    shared = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shared)
    import cramf.retrieval.encoder, cramf.retrieval.indexing

    class Slow(shared.HashEncoder):
        def encode(self, texts, progress=False):
            if stage == "encode":
                print("waiting", flush=True)
                time.sleep(60)
            return super().encode(texts, progress)

    def slow_write(vectors, quantise, path):
        path.write_bytes(b"half")
        print("waiting", flush=True)
        time.sleep(60)

    cramf.retrieval.encoder.load_encoder = lambda name=None: Slow()
    if stage == "write":
        cramf.retrieval.indexing.write_vectors = slow_write
    from cramf.cli.main import main
    main(["index", "build", "--mathlib", mathlib, "--out", out, "--quiet", "--workers", "1"])
    """
)


def stopped_build(
    checkout: Path, out: Path, stage: str, how: signal.Signals
) -> subprocess.CompletedProcess[str]:
    """A build in another process that is sent a signal once it stands in the given stage."""
    tests = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_BUILD, str(tests), str(checkout), str(out), stage],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.1)
        process.send_signal(how)
        stdout, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    return subprocess.CompletedProcess([], process.returncode, stdout, stderr)


def test_a_killed_build_leaves_the_old_index_and_is_cleaned_up(
    tmp_path: Path, checkout: Path, sample_index: Path, hash_encoder: Encoder
) -> None:
    out = Path(shutil.copytree(sample_index, tmp_path / "index"))
    before = read_manifest(out)
    done = stopped_build(checkout, out, "write", signal.SIGKILL)
    assert done.returncode == -signal.SIGKILL
    (left,) = leftovers(out)
    assert ".building-" in left
    assert read_manifest(out) == before
    assert Retriever(KnowledgeBase.open(out), hash_encoder).search("a compact set", 3)
    linked = build_from_checkout(checkout, 1)
    write_index(linked, checkout_info(checkout, "new"), hash_encoder, out)
    assert leftovers(out) == []
    assert read_manifest(out).mathlib_commit == "new"


@pytest.mark.parametrize("stage", ["encode", "write"])
def test_an_interrupted_build_says_so(tmp_path: Path, checkout: Path, stage: str) -> None:
    out = tmp_path / "index"
    done = stopped_build(checkout, out, stage, signal.SIGINT)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "cramf: interrupted"
    assert "Traceback" not in done.stderr
    assert not out.exists()
    assert leftovers(out) == []
