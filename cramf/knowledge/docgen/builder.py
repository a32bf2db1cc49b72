"""From a folder that doc-gen4 wrote to definitions, usages and the vocabulary."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from cramf.errors import InputError, ResourceError
from cramf.knowledge.builder import CheckoutInfo
from cramf.knowledge.docgen.assemble import assemble
from cramf.knowledge.docgen.data import INDEX_FILE, read_index, read_module_data
from cramf.knowledge.docgen.database import DATABASE_FILE, Database, read_database
from cramf.knowledge.docgen.pages import read_page
from cramf.knowledge.docgen.records import ModuleFacts
from cramf.knowledge.linking import FileError, Linked

__all__ = ["Documentation", "build_from_docs", "find_documentation"]

_MEND = "give --docs the folder `doc` that doc-gen4 wrote, such as .lake/build/doc"
_PLACES = ("", "doc", "docs", ".lake/build/doc", "docbuild/.lake/build/doc", "build/doc")
# Pages of the whole site, and folders that hold no module.
_SITE_PAGES = frozenset(
    f"{name}.html" for name in "index 404 navbar search foundational_types references tactics".split()
)
_SITE_FOLDERS = frozenset({"find", "declarations", "src"})
_MARKERS = (INDEX_FILE, "foundational_types.html")


@dataclass(frozen=True, slots=True)
class Documentation:
    """Where the pages, the database and the data of the modules are."""

    root: Path
    pages: tuple[tuple[Path, str], ...]
    """Pages with the modules that they document, in order of path."""
    database: Path | None
    module_data: Path
    errors: tuple[FileError, ...] = ()


def find_documentation(docs: Path) -> Documentation:
    """Find what doc-gen4 wrote in `docs`, or in the `doc` folder below it.

    Raises:
        InputError: where there is none.
        ResourceError: where it cannot be read.
    """
    if not docs.exists():
        raise InputError(f"{docs} does not exist", _MEND)
    if not docs.is_dir():
        raise InputError(f"{docs} is not a folder", _MEND)
    root = next((docs / place for place in _PLACES if _is_site(docs / place)), None)
    if root is None:
        outer = next((parent for parent in docs.resolve().parents if _is_site(parent)), None)
        if outer is not None:
            raise InputError(f"{docs} is a part of the documentation", f"give --docs the whole, {outer}")
        # A site without its static files, such as a copy of the modules' pages alone.
        root = next((docs / name for name in ("doc", "docs") if (docs / name).is_dir()), docs)
    pages, errors = _find_pages(root)
    database = next((p for p in (root.parent, root) if (p / DATABASE_FILE).is_file()), None)
    if not pages and not (root / INDEX_FILE).is_file() and database is None:
        raise InputError(f"{docs} holds no page of a module", _MEND)
    return Documentation(
        root,
        tuple(pages),
        database / DATABASE_FILE if database else None,
        root.parent / "doc-data",
        tuple(errors),
    )


def _is_site(folder: Path) -> bool:
    return any((folder / marker).is_file() for marker in _MARKERS)


def _find_pages(root: Path) -> tuple[list[tuple[Path, str]], list[FileError]]:
    found: list[tuple[Path, str]] = []
    errors: list[FileError] = []

    def failed(error: OSError) -> None:
        raise ResourceError(f"cannot read {error.filename}: {error.strerror}", "mend its permissions")

    # Links are not followed, so that a loop of them cannot hold the walk.
    for folder, folders, files in os.walk(root, onerror=failed):
        top = Path(folder) == root
        folders[:] = sorted(name for name in folders if not (top and name in _SITE_FOLDERS))
        for file in sorted(files):
            if not file.endswith(".html") or (top and file in _SITE_PAGES):
                continue
            path = Path(folder) / file
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            if not _storable(module):
                errors.append(FileError(ascii(module), 1, "its page's name is not UTF-8"))
            elif path.is_file():
                found.append((path, module))
            else:
                errors.append(FileError(module, 1, "its page is no file, or a link that leads nowhere"))
    return found, errors


def _storable(text: str) -> bool:
    """Whether a file's name is proper text; bytes that are not UTF-8 come as lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def build_from_docs(
    docs: Path,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> tuple[Linked, CheckoutInfo]:
    """Read the documentation of Mathlib and of all that it imports; `progress(done, total)` counts pages.

    Statements come from the pages; lines, Markdown and attributes from `api-docs.db` where it is there.
    A module without a whole page is taken from that database, from `doc-data/`, or by name from the search
    index. A page that cannot be read is among the errors of the result.

    Raises:
        InputError: where there is no documentation, or no declaration in it.
        ResourceError: where it cannot be read, or a worker process died.
    """
    documentation = find_documentation(docs)
    modules: list[ModuleFacts] = []
    for done, facts in enumerate(_mapped(documentation.pages, workers), start=1):
        modules.append(facts)
        if progress is not None:
            progress(done, len(documentation.pages))
    _check_place(documentation.root, modules)
    whole = {facts.module for facts in modules if facts.whole}
    index = read_index(documentation.root)
    database = Database()
    if documentation.database is not None:
        database = read_database(documentation.database, lambda module: module not in whole)
    lacking = {module for _, module in index.names.values()} | {f.module for f in modules}
    spare = {**_module_data(documentation.module_data, lacking - whole), **database.modules}
    modules = _filled(modules, spare)
    linked = assemble(modules, index, database)
    if not linked.declarations:
        reason = f" ({linked.errors[0].module}: {linked.errors[0].message})" if linked.errors else ""
        raise InputError(f"no declaration was found in {docs}{reason}", _MEND)
    errors = (*documentation.errors, *index.errors, *database.errors, *linked.errors)
    return replace(linked, errors=errors), _info(docs, documentation.root, modules)


def _check_place(root: Path, modules: list[ModuleFacts]) -> None:
    """Modules are named by the paths of their pages; where most titles say otherwise, the root is another."""
    titled = [facts for facts in modules if facts.title]
    above = [f for f in titled if f.module.endswith(f".{f.title}")]
    below = [f for f in titled if f.title.endswith(f".{f.module}")]
    if 2 * len(above) > len(titled):
        depth = above[0].module.removesuffix(f".{above[0].title}").split(".")
        raise InputError(f"{root} lies above the documentation", f"give --docs {root.joinpath(*depth)}")
    if 2 * len(below) > len(titled):
        depth = below[0].title.removesuffix(f".{below[0].module}").split(".")
        outer = root.absolute().parents[: len(depth)][-1]
        raise InputError(f"{root} is a part of the documentation", f"give --docs the whole, {outer}")


def _read(job: tuple[str, str]) -> ModuleFacts:
    return read_page(Path(job[0]), job[1])


def _mapped(pages: tuple[tuple[Path, str], ...], workers: int | None) -> Iterator[ModuleFacts]:
    jobs = [(str(path), module) for path, module in pages]
    workers = min(workers or os.cpu_count() or 1, max(1, len(jobs) // 16))
    if workers <= 1:
        yield from map(_read, jobs)
        return
    executor = ProcessPoolExecutor(max_workers=workers)
    try:
        yield from executor.map(_read, jobs, chunksize=16)
    except BrokenProcessPool:
        raise ResourceError(
            "a process that reads pages died, perhaps for want of memory", "use fewer with --workers"
        ) from None
    finally:
        # An interrupt must not wait for the pages still in the queue.
        executor.shutdown(wait=True, cancel_futures=True)


def _module_data(folder: Path, modules: set[str]) -> dict[str, ModuleFacts]:
    """What doc-gen4 kept of modules beside their pages, where it did."""
    found: dict[str, ModuleFacts] = {}
    for module in sorted(modules):
        path = folder / f"declaration-data-{module}.bmp"
        # A module's name comes out of a file, and must not lead out of the folder.
        if path.parent == folder and path.is_file():
            found[module] = read_module_data(path, module)
    return found


def _filled(modules: list[ModuleFacts], spare: dict[str, ModuleFacts]) -> list[ModuleFacts]:
    """The modules, those that are not whole followed by what else is known of them."""
    filled: list[ModuleFacts] = []
    for facts in modules:
        filled.append(facts)
        other = spare.pop(facts.module, None)
        if other is not None:
            seen = {declared.name for declared in facts.declarations}
            more = tuple(d for d in other.declarations if d.name not in seen)
            filled.append(ModuleFacts(other.module, more, other.errors, False, other.homes))
    return filled + [spare[module] for module in sorted(spare)]


_VERSION = re.compile(r"/lean4/tree/[0-9a-f]*\"?>\s*(\d+\.\d+\.\d+(?:-[\w.]+)?)")
_LONGEST_PAGE = 1 << 20


def _info(docs: Path, root: Path, modules: list[ModuleFacts]) -> CheckoutInfo:
    """Commit that Mathlib's source links name, and the toolchain of the start page, else of the project."""
    commits = Counter(facts.mathlib_commit for facts in modules if facts.mathlib_commit)
    commit = max(commits, key=lambda c: (commits[c], c)) if commits else ""
    found = _VERSION.search(_start_of(root / "index.html"))
    if found:
        return CheckoutInfo(commit, f"leanprover/lean4:v{found.group(1)}")
    # A project keeps its documentation in .lake/build/doc.
    for folder in (docs, *root.resolve().parents[:3]):
        lines = _start_of(folder / "lean-toolchain").split()
        if lines:
            return CheckoutInfo(commit, lines[0])
    return CheckoutInfo(commit, "")


def _start_of(path: Path) -> str:
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as handle:
            return handle.read(_LONGEST_PAGE).decode("utf-8", "replace")
    except OSError:
        return ""
