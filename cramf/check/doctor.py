"""What is there, what is missing and the command that mends it: Python, the index, Lean and its workspace.

Each `examine_…` gives findings and never raises. Nothing is installed, downloaded or built on the way: in
particular no proxy of elan is run for a toolchain that is not installed, since it would download one.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from cramf import environment
from cramf.check.toolchain import (
    WorkspaceState,
    ask_version,
    find_program,
    installed_toolchains,
    workspace_state,
)
from cramf.environment import variable
from cramf.errors import CramfError
from cramf.knowledge.store import KnowledgeBase

__all__ = [
    "Finding",
    "Standing",
    "examine_extras",
    "examine_index",
    "examine_isolation",
    "examine_lean",
    "examine_python",
    "examine_variables",
    "restore_shipped",
]

_SETUP = "cramf lean setup"
_REINSTALL = "pip install --force-reinstall cramf"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# Import name, what it is for, and how to get it.
_EXTRAS = (
    ("openai", "a language model server (`--llm openai:MODEL`)", "pip install 'cramf[openai]'"),
    ("lean_interact", "the REPL checker (`--checker repl`)", "pip install 'cramf[repl]'"),
    ("httpx2", "a Kimina Lean Server (`--checker kimina`)", "pip install 'cramf[kimina]'"),
)


class Standing(StrEnum):
    """`optional` is missing, and nothing that was asked for needs it."""

    OK = "ok"
    MISSING = "missing"
    BROKEN = "broken"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend` is a command for a shell, "" where nothing needs mending."""

    name: str
    standing: Standing
    detail: str
    mend: str = ""
    required: bool = False

    @property
    def fatal(self) -> bool:
        """Whether something required is not there."""
        return self.required and self.standing is not Standing.OK


def _absent(required: bool) -> Standing:
    return Standing.MISSING if required else Standing.OPTIONAL


def examine_python() -> Iterator[Finding]:
    """The interpreter, and the packages that CRAMF requires."""
    enough = sys.version_info >= (3, 11)
    yield Finding(
        "python",
        Standing.OK if enough else Standing.BROKEN,
        f"{platform.python_version()} at {sys.executable}",
        "" if enough else "install Python 3.11 or newer, and cramf with it",
        True,
    )
    try:
        requirements = metadata.requires("cramf") or []
        version = metadata.version("cramf")
    except metadata.PackageNotFoundError:
        detail = "cramf is not installed, so its packages are not known"
        yield Finding("packages", Standing.BROKEN, detail, "pip install cramf", True)
        return
    wrong = [w for w in map(_unmet, requirements) if w]
    if wrong:
        mend = f"pip install {shlex.join(spec for spec, _ in wrong)}"
        detail = ", ".join(said for _, said in wrong)
        yield Finding("packages", Standing.MISSING, detail, mend, True)
    else:
        own = sum(";" not in r for r in requirements)
        yield Finding("packages", Standing.OK, f"cramf {version} and the {own} packages it needs", "", True)


def _unmet(requirement: str) -> tuple[str, str] | None:
    """A requirement that is not met, and how; None for one that is met, or that only an extra has."""
    spec, _, marker = requirement.partition(";")
    name = _NAME.match(spec.strip())
    if marker.strip() or name is None:
        return None
    try:
        found = metadata.version(name[0])
    except metadata.PackageNotFoundError:
        return spec.strip(), f"{name[0]} is not installed"
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return None  # without it versions cannot be compared, only found
    if Requirement(spec).specifier.contains(found, prereleases=True):
        return None
    return spec.strip(), f"{name[0]} {found} is not {spec.strip().removeprefix(name[0])}"


def restore_shipped() -> str:
    """The command that brings back what was shipped with this copy of CRAMF."""
    root = environment.shipped_workspace().parent
    checkout = (root / ".git").exists()
    return f"git -C {shlex.quote(str(root))} checkout -- index" if checkout else _REINSTALL


def examine_index(path: Path) -> Iterator[Finding]:
    """The index, every file against its checksum (some tenths of a second)."""
    try:
        base = KnowledgeBase.open(path)
        for name in base.manifest.files:
            base.file(name)
    except CramfError as error:
        standing = Standing.BROKEN if path.is_dir() else Standing.MISSING
        shipped = path.resolve().is_relative_to(environment.shipped_workspace().parent.resolve())
        mend = restore_shipped() if shipped else f"cramf index build --mathlib DIR --out {path}"
        yield Finding("index", standing, error.message, mend, True)
        return
    manifest = base.manifest
    count = manifest.counts.get("declarations", 0)
    detail = f"{count:,} declarations of Mathlib {manifest.mathlib_commit[:10] or '(unknown)'} at {path}"
    yield Finding("index", Standing.OK, detail, "", True)


def examine_lean(workspace: Path, required: bool, commit: str = "") -> Iterator[Finding]:
    """elan, lake, lean and the workspace; `commit` is the Mathlib that the index describes."""
    state = workspace_state(workspace)
    setup = _setup(workspace)
    elan = find_program("elan")
    if elan is None:
        detail = "not installed; it is what installs Lean"
        # Whoever has a lake without it got Lean in another way.
        needed = required and find_program("lake") is None
        yield Finding("elan", _absent(needed), detail, setup, needed)
        toolchains: tuple[str, ...] = ()
    else:
        version = ask_version(elan)
        standing = Standing.OK if version else Standing.BROKEN
        said = f"{version} at {elan}" if version else f"{elan} does not tell its version"
        yield Finding("elan", standing, said, "" if version else "elan self update", required)
        toolchains = installed_toolchains(elan)
    lacking = elan is not None and bool(state.toolchain) and state.toolchain not in toolchains
    for name in ("lake", "lean"):
        yield _program(name, state, lacking, setup, required)
    yield from _workspace(state, setup, required)
    yield from _revision(state, setup, commit)
    yield _sources(state, setup)


def _setup(workspace: Path) -> str:
    """The command that prepares this very workspace."""
    here = environment.setup_workspace()
    return _SETUP if workspace == here else f"{_SETUP} --workspace {shlex.quote(str(workspace))}"


def _program(name: str, state: WorkspaceState, lacking: bool, setup: str, required: bool) -> Finding:
    program = find_program(name)
    if program is None:
        return Finding(name, _absent(required), "not on PATH, and not in elan's folder", setup, required)
    if lacking:
        detail = f"the toolchain {state.toolchain} is not installed"
        mend = f"elan toolchain install {state.toolchain}"
        return Finding(name, _absent(required), detail, mend, required)
    version = ask_version(program, state.root if state.root.is_dir() else None)
    if version is None:
        return Finding(name, Standing.BROKEN, f"{program} does not tell its version", setup, required)
    wanted = state.toolchain.rpartition(":")[2].removeprefix("v")
    if name == "lean" and wanted and version != wanted:
        detail = f"{program} is Lean {version}, and the workspace asks for {wanted}"
        return Finding(name, Standing.BROKEN, detail, setup, required)
    return Finding(name, Standing.OK, f"{version} at {program}", "", required)


def _workspace(state: WorkspaceState, setup: str, required: bool) -> Iterator[Finding]:
    """The workspace's own files, its packages, and Mathlib's compiled files."""
    root, absent = state.root, _absent(required)
    if not state.exists or not state.toolchain:
        what = "lakefile" if not state.exists else "lean-toolchain"
        yield Finding("workspace", absent, f"no {what} in {root}", setup, required)
        return
    yield Finding("workspace", Standing.OK, f"{root} ({state.toolchain})", "", required)
    damaged = (root / "lake-manifest.json").is_file() and not state.manifest
    if damaged:
        detail = f"{root / 'lake-manifest.json'} cannot be read"
        yield Finding("Mathlib fetched", Standing.BROKEN, detail, setup, required)
    elif not state.fetched:
        detail = f"not fetched: {', '.join(state.missing)}" if state.missing else "no package is fetched"
        yield Finding("Mathlib fetched", absent, detail, setup, required)
    elif state.outdated:
        detail = f"it is {state.mathlib[:10]}, and the lakefile asks for {state.wanted[:10]}"
        yield Finding("Mathlib fetched", Standing.BROKEN, detail, setup, required)
    else:
        yield Finding("Mathlib fetched", Standing.OK, f"{state.mathlib[:10] or state.sources}", "", required)
    if not state.built:
        yield Finding("Mathlib built", absent, "its compiled files are not there", setup, required)
    else:
        detail = "its build folder is there; whether it is whole, Lake says at the first check"
        yield Finding("Mathlib built", Standing.OK, detail, "", required)


def _revision(state: WorkspaceState, setup: str, commit: str) -> Iterator[Finding]:
    """Whether index and workspace speak of the same Mathlib."""
    if not (commit and state.mathlib):
        return
    same = state.mathlib.startswith(commit) or commit.startswith(state.mathlib)
    detail = f"the index describes {commit[:10]}, the workspace has {state.mathlib[:10]}"
    if same:
        yield Finding("same Mathlib", Standing.OK, f"index and workspace: {commit[:10]}")
    elif state.ours and _COMMIT.fullmatch(commit) and state.wanted == commit:
        yield Finding("same Mathlib", Standing.BROKEN, detail, setup)
    else:
        place = state.sources or "DIR"
        mend = f"cramf index build --mathlib {place} --out DIR, and CRAMF_INDEX=DIR"
        yield Finding("same Mathlib", Standing.BROKEN, f"{detail}: names may differ", mend)


def _sources(state: WorkspaceState, setup: str) -> Finding:
    name = "docstrings"
    place = environment.default_mathlib() or state.sources
    if place is not None and (place / "Mathlib").is_dir():
        return Finding(name, Standing.OK, f"read from {place}")
    if place is not None:
        detail = f"{environment.MATHLIB}={place} holds no Mathlib/"
        return Finding(name, Standing.BROKEN, detail, f"export {environment.MATHLIB}=DIR of a checkout")
    detail = "no Mathlib checkout, from which they are shown"
    return Finding(
        name, Standing.OPTIONAL, detail, f"export {environment.MATHLIB}=DIR of a checkout, or {setup}"
    )


def examine_isolation() -> Iterator[Finding]:
    """Whether the network of a Lean that checks a stranger's candidate can be cut."""
    from cramf.check.isolation import network_isolation

    found = network_isolation()
    standing = Standing.OPTIONAL if found.network else Standing.OK
    mend = "apt install bubblewrap, or allow user namespaces" if found.network else ""
    yield Finding("isolation", standing, str(found), mend)


def examine_extras() -> Iterator[Finding]:
    """Packages that only some options need."""
    for module, purpose, mend in _EXTRAS:
        there = importlib.util.find_spec(module) is not None
        detail = f"for {purpose}"
        standing = Standing.OK if there else Standing.OPTIONAL
        yield Finding(module.replace("_", "-"), standing, detail, "" if there else mend)


def examine_variables(names: Sequence[str] = ()) -> Iterator[Finding]:
    """Environment variables that are set. A key is only said to be set, and addresses lose passwords."""
    known = [v for k, v in vars(environment).items() if k.isupper() and not k.startswith("_")]
    for name in sorted({*known, *names}):
        value = variable(name)
        if value is not None:
            yield Finding(name, Standing.OK, _harmless(name, value))


def _harmless(name: str, value: str) -> str:
    if re.search(r"(?:KEY|TOKEN|SECRET|PASSWORD)\Z", name):
        return "set"
    if "://" not in value:
        return value
    try:
        parts = urlsplit(value)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
    except ValueError:
        return "set, and no address"
