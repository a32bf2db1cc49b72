"""From a Mathlib checkout to definitions, usages and the vocabulary."""

from __future__ import annotations

import gc
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cramf.collector import collector_paused
from cramf.errors import InputError, ResourceError
from cramf.knowledge.cache import BuildCache, content_key, pack_facts, unpack_facts
from cramf.knowledge.extract import extract_file
from cramf.knowledge.facts import FileFacts
from cramf.knowledge.linking import Linked, link
from cramf.knowledge.translate import load_guessers

__all__ = [
    "CheckoutInfo",
    "build_from_checkout",
    "checkout_info",
    "extract_checkout",
    "find_modules",
    "input_keys",
]


@dataclass(frozen=True, slots=True)
class CheckoutInfo:
    """Which Mathlib a checkout holds; unknown parts are ""."""

    commit: str
    toolchain: str


def find_modules(mathlib: Path) -> list[tuple[Path, str]]:
    """Files and module names under `mathlib/Mathlib`, in order of name.

    Raises:
        InputError: where the folder is not a Mathlib checkout.
        ResourceError: where it cannot be read.
    """
    if not mathlib.exists():
        raise InputError(f"{mathlib} does not exist", "give --mathlib the folder that holds Mathlib/")
    if not mathlib.is_dir():
        raise InputError(f"{mathlib} is not a folder", "give --mathlib the folder that holds Mathlib/")
    root = mathlib / "Mathlib"
    if not root.is_dir():
        mend = "give --mathlib the folder that holds Mathlib/"
        if mathlib.resolve().name == "Mathlib":
            mend = f"give --mathlib its parent, {mathlib.resolve().parent}"
        raise InputError(f"{mathlib} holds no folder named Mathlib", mend)
    found: list[tuple[Path, str]] = []

    def failed(error: OSError) -> None:
        raise ResourceError(f"cannot read {error.filename}: {error.strerror}", "mend its permissions")

    # Links are not followed, so that a loop of them cannot hold the walk.
    for folder, folders, files in os.walk(root, onerror=failed):
        folders.sort()
        for file in sorted(files):
            path = Path(folder) / file
            if file.endswith(".lean") and path.is_file():
                module = ".".join(path.relative_to(mathlib).with_suffix("").parts)
                found.append((path, module))
    if not found:
        raise InputError(f"{root} holds no .lean file", "give --mathlib a full Mathlib checkout")
    return found


def checkout_info(mathlib: Path, commit: str | None = None) -> CheckoutInfo:
    """Commit and toolchain of a checkout: from git where it is one, else from the files around it."""
    toolchain = ""
    file = mathlib / "lean-toolchain"
    if file.is_file():
        toolchain = file.read_text(encoding="utf-8", errors="replace").strip()
    if commit is None:
        commit = _git_commit(mathlib)
    return CheckoutInfo(commit, toolchain)


def _git_commit(mathlib: Path) -> str:
    if not (mathlib / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(mathlib), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _extract(job: tuple[str, str]) -> bytes:
    return pack_facts(extract_file(Path(job[0]), job[1]))


def _collect_seldom() -> None:
    """Tokens are no cycles, so that collecting them by generations is in vain."""
    gc.set_threshold(500_000, 20, 100)


def input_keys(modules: Sequence[tuple[Path, str]]) -> list[str]:
    """A key of the content of each file; "" for one that cannot be read."""
    keys: list[str] = []
    for path, module in modules:
        try:
            keys.append(content_key(path.read_bytes(), module))
        except OSError:
            keys.append("")
    return keys


def extract_checkout(
    modules: Sequence[tuple[Path, str]],
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cache: BuildCache | None = None,
    keys: Sequence[str] | None = None,
) -> list[FileFacts]:
    """Facts of every module, in the order given; `progress(done, total)` is called as they come.

    With a `cache` only files whose content it does not know are parsed. `keys` are those of `input_keys`.
    """
    found: dict[int, FileFacts] = {}
    if cache is not None:
        keys = keys if keys is not None else input_keys(modules)
        places = {key: number for number, key in enumerate(keys) if key}
        for key, packed in cache.facts(list(places)):
            facts = unpack_facts(packed)
            if facts is not None and facts.module == modules[places[key]][1]:
                found[places[key]] = facts
    missing = [number for number in range(len(modules)) if number not in found]
    jobs = [(str(modules[number][0]), modules[number][1]) for number in missing]
    workers = min(workers or os.cpu_count() or 1, max(1, len(jobs) // 16))
    fresh: dict[str, bytes] = {}
    try:
        for number, packed in zip(missing, _mapped(jobs, workers), strict=True):
            facts = unpack_facts(packed)
            assert facts is not None  # made by `pack_facts` just now
            found[number] = facts
            if cache is not None and keys is not None and keys[number]:
                fresh[keys[number]] = packed
            if progress is not None:
                progress(len(found), len(modules))
    finally:
        # What an interrupted build has read is not read again.
        if cache is not None and fresh:
            cache.keep_facts(fresh)
    if progress is not None and not missing:
        progress(len(modules), len(modules))
    return [found[number] for number in range(len(modules))]


def _mapped(jobs: list[tuple[str, str]], workers: int) -> Iterator[bytes]:
    if workers <= 1:
        yield from map(_extract, jobs)
        return
    executor = ProcessPoolExecutor(max_workers=workers, initializer=_collect_seldom)
    try:
        yield from executor.map(_extract, jobs, chunksize=32)
    finally:
        # An interrupt must not wait for the files still in the queue.
        executor.shutdown(wait=True, cancel_futures=True)


def build_from_checkout(
    mathlib: Path,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cache: BuildCache | None = None,
) -> Linked:
    """Parse a checkout and link its names.

    Raises:
        InputError, ResourceError: as `find_modules`.
    """
    modules = find_modules(mathlib)
    with collector_paused():
        facts = extract_checkout(modules, workers, progress, cache)
        return link(facts, load_guessers(mathlib))
