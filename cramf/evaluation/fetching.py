"""Bring a benchmark onto this machine: from its repository, by HTTP, or from a copy that is here already.

A folder is written beside its place and renamed into it when every checksum was right, so that a benchmark is
there whole or not at all. `origin.json` in it says what it is and where it came from.
"""

from __future__ import annotations

import contextlib
import datetime
import http.client
import json
import os
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cramf.environment import default_data
from cramf.errors import InputError, ResourceError
from cramf.evaluation.catalogue import Benchmark, FilePattern, benchmark_named, catalogue
from cramf.evaluation.layouts import files_of
from cramf.evaluation.problems import DataFile, Origin
from cramf.evaluation.revisions import GIT_SAFE
from cramf.files import sha256_of

__all__ = ["ORIGIN", "Fetched", "checksum", "data_folder", "fetch", "resolve_data"]

ORIGIN = "origin.json"
"""File in a fetched folder that says what it is."""
MAX_DOWNLOAD = 1 << 30
"""Bytes of the largest file that is downloaded."""
_SECONDS = 600.0  # for one command or one file
_QUIET_SECONDS = 60.0  # a server that says nothing for so long has gone away
_CHUNK = 1 << 18
# What is kept of a repository besides the data: how it may be used, and what it was made with.
_EXTRAS = ("LICENSE*", "lean-toolchain", "lake-manifest.json")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A benchmark that is here: its folder, its files, and whether it had been there before."""

    path: Path
    files: tuple[DataFile, ...]
    already: bool = False


def data_folder(name: str) -> Path:
    """Where a benchmark of the catalogue is kept."""
    return default_data() / name


def resolve_data(spec: str) -> tuple[Path, Benchmark | None]:
    """The file or folder that `--data` names, and its entry in the catalogue where it is of one.

    A name of the catalogue comes first; `./NAME` is a path.

    Raises:
        InputError: where it is neither a known name nor there.
        ResourceError: where it is a benchmark that was not fetched yet.
    """
    if any(benchmark.name == spec for benchmark in catalogue()):
        folder = data_folder(spec)
        if not folder.is_dir():
            raise ResourceError(
                f"the benchmark {spec} is not on this machine", f"run `cramf data get {spec}`"
            )
        return folder, _as_fetched(folder, benchmark_named(spec))
    path = Path(spec).expanduser()
    if not path.exists():
        if os.sep not in spec and not path.suffix:
            benchmark_named(spec)  # tells what is near
        raise InputError(f"there is no file or folder {spec}", "check the path, or see `cramf data list`")
    return path, _as_fetched(path, None)


def _as_fetched(folder: Path, benchmark: Benchmark | None) -> Benchmark | None:
    """The entry of a fetched folder; of another revision than the catalogue's, without what that one pins."""
    about = _about(folder)
    if about is None:
        return benchmark
    name, revision = about.get("benchmark"), about.get("revision")
    if benchmark is None:
        benchmark = next((known for known in catalogue() if known.name == name), None)
    if benchmark is None or not isinstance(revision, str) or revision == benchmark.revision:
        return benchmark
    lean = about.get("lean")
    return replace(
        benchmark,
        revision=revision,
        lean=lean if isinstance(lean, str) else "",
        rows=None if benchmark.revision else benchmark.rows,
        files=tuple(replace(file, sha256="") for file in benchmark.files)
        if benchmark.revision
        else benchmark.files,
    )


def _about(folder: Path) -> dict[str, object] | None:
    try:
        about = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return about if isinstance(about, dict) else None


def fetch(
    benchmark: Benchmark,
    folder: Path | None = None,
    copy: Path | None = None,
    force: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Fetched:
    """Put a benchmark into a folder (its place in the data folder where None), and verify it.

    Args:
        copy: a file, a folder or a git repository on this machine to take it from, instead of its source.
        force: put it in the place of a folder that holds something else.
        say: told what is done, a line each.

    Raises:
        InputError: where the folder holds something else, or the copy is not this benchmark.
        ResourceError: where the source cannot be reached, the disk is full, or a checksum is wrong.
    """
    target = (folder or data_folder(benchmark.name)).expanduser().absolute()
    if target.exists() and not force:
        with contextlib.suppress(InputError, ResourceError):
            return Fetched(target, _verified(benchmark, target), already=True)
        raise InputError(
            f"{target} holds something else than {benchmark.name}", "add --force, or give another --out"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _beside(target) as scratch:
            place = scratch / "data"
            place.mkdir()
            revision, source = _collect(benchmark, copy, scratch, place, say)
            files = _verified(benchmark, place)
            _write_origin(benchmark, place, files, revision, source)
            _put(place, target, force)
    except OSError as error:
        raise ResourceError(
            f"cannot write {error.filename or target}: {error.strerror or error}",
            "free space, or give another --out",
        ) from None
    return Fetched(target, files)


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A scratch folder on the target's file system, gone afterwards whatever happens."""
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.fetching-"))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put(place: Path, target: Path, force: bool) -> None:
    if force and target.exists():
        old = place.parent / "old"
        target.rename(old)
        try:
            place.rename(target)
        except OSError:
            old.rename(target)
            raise
        return
    place.rename(target)


def _collect(
    benchmark: Benchmark, copy: Path | None, scratch: Path, place: Path, say: Callable[[str], None]
) -> tuple[str, str]:
    """Bring the files into `place`; the revision that they are of and where they came from."""
    if copy is not None:
        copy = copy.expanduser().absolute()
        if not copy.exists():
            raise InputError(f"there is no file or folder {copy}", "check --from")
        if copy.is_file() or not _is_git_folder(copy):
            _copy(benchmark, copy, place)
            return benchmark.revision if benchmark.pinned else "", str(copy)
        say(f"taking {benchmark.name} from {copy}")
        return _clone(benchmark, str(copy), scratch / "clone", place), str(copy)
    say(f"fetching {benchmark.name} from {benchmark.source}")
    if benchmark.transport == "git":
        return _clone(benchmark, benchmark.source, scratch / "clone", place), benchmark.source
    for file in benchmark.files:
        destination = place / file.path
        destination.parent.mkdir(parents=True, exist_ok=True)
        _download(benchmark, file, destination)
    return benchmark.revision, benchmark.source


# -- a copy that is here ------------------------------------------------------------------------------------


def _is_git_folder(folder: Path) -> bool:
    """Whether it is a repository without a work tree, where files can only be read through git."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def _copy(benchmark: Benchmark, copy: Path, place: Path) -> None:
    for file in benchmark.files:
        for found, inside in _copies(benchmark, file, copy):
            destination = place / inside
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, destination)
    if copy.is_dir():
        for pattern in _EXTRAS:
            for extra in sorted(copy.glob(pattern)):
                if extra.is_file():
                    shutil.copyfile(extra, place / extra.name)


def _copies(benchmark: Benchmark, file: FilePattern, copy: Path) -> list[tuple[Path, str]]:
    """The files of a copy that a pattern means; a single file may lie there under its own name alone."""
    several = "*" in file.path
    if copy.is_file():
        if len(benchmark.files) > 1 or several:
            raise InputError(
                f"{benchmark.name} has more files than {copy}", "give the folder that holds them all"
            )
        return [(copy, file.path)]
    bare = copy / PurePosixPath(file.path).name
    if not several and not (copy / file.path).is_file() and bare.is_file():
        return [(bare, file.path)]
    try:
        return files_of(copy, file.path)
    except InputError:
        raise InputError(f"{copy} has no {file.path}", f"give a copy of {benchmark.source}") from None


# -- git ----------------------------------------------------------------------------------------------------


def _clone(benchmark: Benchmark, source: str, clone: Path, place: Path) -> str:
    """Check out the files of a benchmark from a repository; the commit that they are of."""
    from cramf.check.sandbox import Completed, Limits, run

    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    limits = Limits(wall_seconds=_SECONDS, memory_bytes=4 << 30)
    safe = (
        *GIT_SAFE,
        "-c",
        "core.symlinks=false",
        "-c",
        "core.autocrlf=false",
        "-c",
        "protocol.ext.allow=never",
    )

    def git(*arguments: str) -> Completed:
        # The work tree holds the data alone, the repository's own files stay in the scratch folder.
        command = ["git", *safe, f"--git-dir={clone}", f"--work-tree={place}", *arguments]
        return run(command, place, environment, limits)

    def must(*arguments: str) -> str:
        done = git(*arguments)
        if done.exit_code != 0:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            reason = done.limit_hit or (lines[-1] if lines else f"git ended with {done.exit_code}")
            raise ResourceError(f"{source} could not be fetched: {reason}", _offline(benchmark))
        return done.stdout

    must("init", "--quiet")
    must("fetch", "--quiet", "--depth=1", "--no-tags", "--", source, benchmark.revision or "HEAD")
    for file in benchmark.files:
        must("checkout", "--quiet", "FETCH_HEAD", "--", f":(glob){file.path}")
    for extra in _EXTRAS:
        git("checkout", "--quiet", "FETCH_HEAD", "--", f":(glob){extra}")  # not every repository has them
    return must("rev-parse", "FETCH_HEAD").strip()


def _offline(benchmark: Benchmark) -> str:
    return f"check the network, or give a copy: cramf data get {benchmark.name} --from PATH"


# -- HTTP ---------------------------------------------------------------------------------------------------


def _download(benchmark: Benchmark, file: FilePattern, destination: Path) -> None:
    from cramf import __version__

    deadline = time.monotonic() + _SECONDS
    request = urllib.request.Request(file.address, headers={"User-Agent": f"cramf/{__version__}"})
    try:
        with (
            urllib.request.urlopen(request, timeout=_QUIET_SECONDS) as answer,
            destination.open("wb") as sink,
        ):
            announced = answer.headers.get("Content-Length")
            size = 0
            while chunk := answer.read(_CHUNK):
                size += len(chunk)
                if size > MAX_DOWNLOAD or time.monotonic() > deadline:
                    limit = f"{MAX_DOWNLOAD:,} bytes" if size > MAX_DOWNLOAD else f"{_SECONDS:.0f} seconds"
                    raise ResourceError(f"{file.address} is longer than {limit}", _offline(benchmark))
                sink.write(chunk)
        if announced is not None and announced.isdigit() and size != int(announced):
            raise ResourceError(f"{file.address} broke off after {size:,} bytes", "try again")
    except urllib.error.HTTPError as error:
        raise ResourceError(
            f"{file.address} could not be fetched: HTTP {error.code} {error.reason}", _offline(benchmark)
        ) from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise ResourceError(f"{file.address} could not be fetched: {reason}", _offline(benchmark)) from None


# -- checksums ----------------------------------------------------------------------------------------------


def checksum(folder: Path, pattern: str) -> tuple[str, tuple[DataFile, ...]]:
    """SHA-256 of what a pattern finds, as the catalogue counts it, and the files with their own.

    Raises:
        InputError: where it finds nothing.
    """
    found = tuple(DataFile(inside, sha256_of(file)) for file, inside in files_of(folder, pattern))
    return Origin(files=found).sha256, found


def _verified(benchmark: Benchmark, folder: Path) -> tuple[DataFile, ...]:
    """The files of a benchmark, which are all there and as pinned."""
    files: list[DataFile] = []
    for file in benchmark.files:
        sha256, found = checksum(folder, file.path)
        if file.sha256 and sha256 != file.sha256:
            raise ResourceError(
                f"{file.path} has the SHA-256 {sha256}, not {file.sha256}",
                "the source has changed, or the copy is of another revision: get it from another place",
            )
        files += found
    return tuple(files)


def _write_origin(
    benchmark: Benchmark, place: Path, files: tuple[DataFile, ...], revision: str, source: str
) -> None:
    about = {
        "benchmark": benchmark.name,
        "title": benchmark.title,
        "source": benchmark.source,
        "taken_from": source,
        "revision": revision,
        "lean": benchmark.lean,
        "licence": benchmark.licence,
        "library": benchmark.library,
        "contamination": benchmark.contamination,
        "pinned": benchmark.pinned,
        "fetched": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "files": [{"path": file.path, "sha256": file.sha256} for file in files],
    }
    (place / ORIGIN).write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
