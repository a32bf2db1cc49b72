"""Where lake, lean and elan are, and what state a Lake workspace is in; nothing here starts Lean.

elan's `lake` and `lean` are proxies that download a toolchain when it is missing, even for `--version`.
So installed toolchains are asked of elan, and a version only of a toolchain that is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cramf.check.sandbox import Limits, run
from cramf.environment import ELAN_HOME, variable
from cramf.errors import ResourceError

__all__ = [
    "ELAN_INSTALLER",
    "INSTALL",
    "WorkspaceState",
    "ask_version",
    "elan_bin",
    "find_program",
    "installed_toolchains",
    "path_with_elan",
    "plain_environment",
    "toolchain_of",
    "workspace_state",
]

ELAN_INSTALLER = "https://elan.lean-lang.org/elan-init.sh"
INSTALL = (
    "run `cramf lean setup`, or install elan by hand: "
    f"`curl {ELAN_INSTALLER} -sSf | sh`, then run `lake exe cache get` in the workspace"
)
"""What to do where there is no Lean."""

_ASK = Limits(wall_seconds=30.0, cpu_seconds=30.0, memory_bytes=2 << 30, output_bytes=1 << 20)
_SECRET = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)\Z", re.IGNORECASE)
_VERSION = re.compile(r"version v?(\d[^\s,)]*)|\b(\d+\.\d+\.\d+\S*)")


def elan_bin() -> Path:
    """Folder in which elan keeps its programs; it may not exist."""
    named = variable(ELAN_HOME)
    return (Path(named).expanduser() if named else Path.home() / ".elan") / "bin"


def path_with_elan() -> str:
    """PATH with elan's folder at its end, for a shell that was started before elan was installed."""
    parts = [part for part in (os.environ.get("PATH"), str(elan_bin())) if part]
    return os.pathsep.join(parts)


def plain_environment() -> dict[str, str]:
    """The user's own environment, for proxies and mirrors, with elan on PATH and without keys and tokens."""
    kept = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
    return {**kept, "PATH": path_with_elan(), "GIT_TERMINAL_PROMPT": "0"}


def find_program(name: str) -> Path | None:
    """A program on PATH or in elan's folder, or the one that a path names; None where there is none."""
    found = shutil.which(name) or shutil.which(name, path=path_with_elan())
    return Path(found).absolute() if found else None


def ask_version(program: Path, folder: Path | None = None) -> str | None:
    """What a program answers to `--version` (`4.33.0-rc1`), asked in `folder`; None where it does not."""
    text = _answer(program, "--version", folder)
    found = _VERSION.search(text or "")
    return (found[1] or found[2]) if found else None


def installed_toolchains(elan: Path) -> tuple[str, ...]:
    """Toolchains that elan has, as it names them; none where it does not answer."""
    lines = (_answer(elan, "toolchain", None, "list") or "").splitlines()
    words = (line.split() for line in lines)
    # Without any, older elans print a sentence, whose first word is "no".
    return tuple(first for first, *_ in filter(None, words) if first != "no")


def _answer(program: Path, argument: str, folder: Path | None, *more: str) -> str | None:
    try:
        done = run([str(program), argument, *more], folder or Path.home(), plain_environment(), _ASK)
    except ResourceError:
        return None
    return done.stdout if done.exit_code == 0 and done.limit_hit is None else None


def toolchain_of(folder: Path) -> str:
    """What `lean-toolchain` in a folder says (`leanprover/lean4:v4.33.0-rc1`), "" where there is none."""
    try:
        return (folder / "lean-toolchain").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class WorkspaceState:
    """What is there of a workspace; empty strings where nothing is known."""

    root: Path
    exists: bool
    toolchain: str
    wanted: str
    """Revision of Mathlib that the lakefile asks for."""
    mathlib: str
    """Revision of Mathlib that is locked in the manifest, or checked out where the root is Mathlib itself."""
    manifest: bool
    """Whether there is a manifest that can be read."""
    missing: tuple[str, ...]
    """Packages of the manifest whose folders are not there."""
    built: bool
    """Whether Mathlib's build folder is there; whether it is whole, only Lake can say."""
    sources: Path | None
    """The folder that holds `Mathlib/`, with its docstrings."""
    ours: bool
    """Whether the lakefile is the one that CRAMF ships."""

    @property
    def fetched(self) -> bool:
        return self.manifest and not self.missing and self.sources is not None

    @property
    def outdated(self) -> bool:
        """Whether the manifest locks another Mathlib than our lakefile asks for; another's names a tag."""
        return self.ours and self.wanted != self.mathlib


def workspace_state(root: Path) -> WorkspaceState:
    """The state of a workspace, read from its files alone; never raises on what they hold."""
    lakefile = _toml(root / "lakefile.toml")
    requires = lakefile.get("require")
    wanted = ""
    for entry in requires if isinstance(requires, list) else ():
        if isinstance(entry, dict) and entry.get("name") == "mathlib":
            wanted = str(entry.get("rev") or "")
    manifest = _json(root / "lake-manifest.json")
    packages = manifest.get("packages") if manifest else None
    entries = [p for p in packages if isinstance(p, dict)] if isinstance(packages, list) else []
    store = root / str((manifest or {}).get("packagesDir") or ".lake/packages")
    folders = {}
    for entry in entries:
        name = str(entry.get("name") or "").strip("«»")
        folder = root / str(entry.get("dir")) if entry.get("type") == "path" else store / name
        folders[name] = folder / str(entry.get("subDir") or "")
    mathlib = str(next((p.get("rev") or "" for p in entries if p.get("name") == "mathlib"), ""))
    place = folders.get("mathlib")
    if place is None and (root / "Mathlib").is_dir():
        place = root
    if place is not None and not mathlib:
        mathlib = _checked_out(place)
    return WorkspaceState(
        root=root,
        exists=(root / "lakefile.toml").is_file() or (root / "lakefile.lean").is_file(),
        toolchain=toolchain_of(root),
        wanted=wanted,
        mathlib=mathlib,
        manifest=isinstance(packages, list),
        missing=tuple(name for name, folder in folders.items() if not folder.is_dir()),
        built=place is not None and (place / ".lake" / "build" / "lib").is_dir(),
        sources=place if place is not None and (place / "Mathlib").is_dir() else None,
        ours=lakefile.get("name") == "cramf_workspace",
    )


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _json(path: Path) -> dict[str, object] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _checked_out(folder: Path) -> str:
    """Commit that a git checkout is at, read without git; "" where it is none."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        ref = head.removeprefix("ref: ")
        if (git / ref).is_file():
            return (git / ref).read_text(encoding="utf-8").strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ""
    return next((line.split()[0] for line in packed if line.endswith(f" {ref}")), "")
