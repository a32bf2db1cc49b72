"""A Lake workspace as it lies on disk, an overlay that Lake may write to, and the scratch folder for it.

A scratch folder is held by a lock that the kernel lets go of when its process dies, however it dies. The
next process that makes one removes those that nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from cramf.errors import CramfError

__all__ = ["Package", "Scratch", "UnavailableError", "Workspace", "remove_abandoned"]

_FETCH = "run `cramf lean setup`, or `lake update` and `lake exe cache get` in the workspace"
_PREFIX = "cramf-lake-"
_LOCK = ".held"
_MAKING = 60.0  # seconds within which a new folder may not be locked yet
_DEFAULT_OPTIONS: dict[str, bool | int | str] = {
    "autoImplicit": False,
    "relaxedAutoImplicit": False,
    "maxSynthPendingDepth": 3,
}
"""Lean options of Mathlib itself, for a workspace whose lakefile is a Lean program."""


class UnavailableError(CramfError):
    """Lean, the workspace or Mathlib is not there; the message names the mend."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the manifest: its entry and the folder where its files lie."""

    name: str
    folder: Path
    entry: Mapping[str, Any]

    @property
    def inherited(self) -> bool:
        return bool(self.entry.get("inherited"))


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with `lake-manifest.json`: a project that requires Mathlib, or a checkout of Mathlib
    itself."""

    root: Path

    def _manifest(self) -> dict[str, Any]:
        try:
            value = json.loads((self.root / "lake-manifest.json").read_text(encoding="utf-8"))
        except OSError as error:
            raise UnavailableError(f"no manifest in {self.root}: {error.strerror}; {_FETCH}") from None
        except ValueError as error:
            raise UnavailableError(f"{self.root}/lake-manifest.json is no JSON ({error}); {_FETCH}") from None
        if not isinstance(value, dict) or not isinstance(value.get("packages"), list):
            raise UnavailableError(f"{self.root}/lake-manifest.json names no packages; {_FETCH}")
        return value

    def packages(self) -> tuple[Package, ...]:
        """Every package of the workspace, Mathlib among them, all fetched.

        Raises:
            UnavailableError: where the manifest is missing, or a package or Mathlib's build is not fetched.
        """
        manifest = self._manifest()
        store = self.root / str(manifest.get("packagesDir") or ".lake/packages")
        found: list[Package] = []
        for entry in manifest["packages"]:
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                raise UnavailableError(
                    f"{self.root}/lake-manifest.json has a package without a name; {_FETCH}"
                )
            name = entry["name"].strip("«»")  # as a folder the name stands without Lean's quotes
            folder = self.root / str(entry["dir"]) if entry.get("type") == "path" else store / name
            folder = folder / str(entry.get("subDir") or "")
            if not folder.is_dir():
                raise UnavailableError(f"package {name} is not fetched ({folder} is missing); {_FETCH}")
            found.append(Package(name, folder.resolve(), entry))
        if not any(p.name == "mathlib" for p in found):
            if not (self.root / "Mathlib").is_dir():
                raise UnavailableError(f"the workspace {self.root} has no Mathlib package; {_FETCH}")
            lakefile = "lakefile.lean" if (self.root / "lakefile.lean").is_file() else "lakefile.toml"
            found = [Package(p.name, p.folder, {**p.entry, "inherited": True}) for p in found]
            entry = {"name": "mathlib", "configFile": lakefile}
            found.insert(0, Package("mathlib", self.root.resolve(), entry))
        mathlib = next(p.folder for p in found if p.name == "mathlib")
        if not (mathlib / ".lake" / "build" / "lib").is_dir():
            raise UnavailableError(
                f"Mathlib in {mathlib} is not built; "
                f"run `cramf lean setup`, or `lake exe cache get` in {self.root}"
            )
        return tuple(found)

    def options(self) -> dict[str, bool | int | str]:
        """Lean options of the workspace's lakefile, by dotted name; Mathlib's own for a `lakefile.lean`."""
        lakefile = self.root / "lakefile.toml"
        if not lakefile.is_file():
            return dict(_DEFAULT_OPTIONS)
        try:
            table = tomllib.loads(lakefile.read_text(encoding="utf-8")).get("leanOptions", {})
        except (OSError, ValueError) as error:
            raise UnavailableError(f"cannot read {lakefile}: {error}; mend the file") from None
        return dict(_flatten(table, ""))

    def overlay(self, target: Path, packages: tuple[Package, ...], library: str) -> None:
        """Make `target` a workspace of its own with a library `library`, over links to `packages`.

        Only the packages' `.lake/build` folders stay shared with the user's; Lake does not write there where
        everything is up to date.
        """
        manifest = self._manifest()
        toolchain = self.root / "lean-toolchain"
        if not toolchain.is_file():
            raise UnavailableError(
                f"no lean-toolchain in {self.root}; copy the one of its Mathlib package there"
            )
        shutil.copyfile(toolchain, target / "lean-toolchain")
        entries = []
        for package in packages:
            _link_package(package.folder, target / "packages" / package.name)
            kept = {
                k: package.entry[k] for k in ("scope", "configFile", "manifestFile") if k in package.entry
            }
            entries.append(
                {
                    **kept,
                    "type": "path",
                    "name": package.entry["name"],
                    "inherited": package.inherited,
                    "dir": f"packages/{package.name}",
                }
            )
        written = {
            "version": manifest.get("version", "1.1.0"),
            "packagesDir": ".lake/packages",
            "packages": entries,
            "name": "cramf_scratch",
            "lakeDir": ".lake",
        }
        (target / "lake-manifest.json").write_text(json.dumps(written, indent=1), encoding="utf-8")
        lines = ['name = "cramf_scratch"', "", "[leanOptions]"]
        lines += [f"{name} = {json.dumps(value)}" for name, value in self.options().items()]
        for package in packages:
            if not package.inherited:
                lines += ["", "[[require]]", f'name = "{package.name}"', f'path = "packages/{package.name}"']
        lines += ["", "[[lean_lib]]", f'name = "{library}"', ""]
        (target / "lakefile.toml").write_text("\n".join(lines), encoding="utf-8")


def _link_package(source: Path, target: Path) -> None:
    """A folder of links to a package's files, with a `.lake` that may be written to."""
    (target / ".lake").mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name != ".lake":
            (target / entry.name).symlink_to(entry)
    for entry in (source / ".lake").iterdir() if (source / ".lake").is_dir() else ():
        copy = target / ".lake" / entry.name
        # The elaborated configuration is small, and copied so that Lake may renew it; older Lakes keep it as
        # `lakefile.olean` beside, newer ones under `config`. Packages of a Mathlib checkout are named apart.
        if entry.name == "config":
            shutil.copytree(entry, copy)
        elif entry.is_file():
            shutil.copyfile(entry, copy)
        elif entry.name != "packages":
            copy.symlink_to(entry)


def _flatten(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, bool | int | str]]:
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{name}.")
        elif isinstance(value, (bool, int, str)) and re.fullmatch(r"[A-Za-z0-9_.]+", name):
            yield name, value


class Scratch:
    """A folder for one process, in the system's folder for temporary files; `remove` takes it away."""

    def __init__(self) -> None:
        remove_abandoned(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder; a second call does nothing."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def remove_abandoned(place: Path) -> None:
    """Remove the scratch folders in `place` whose processes died before they could."""
    for folder in place.glob(f"{_PREFIX}*-*"):
        # Another user's folder, or one that is going away at this moment, is none of ours.
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or _held(folder):
                continue
            shutil.rmtree(folder, ignore_errors=True)


def _held(folder: Path) -> bool:
    """Whether a live process holds a scratch folder, or may be about to."""
    owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
    alive = not owner.isdigit() or psutil.pid_exists(int(owner))
    if alive and time.time() - folder.stat().st_mtime < _MAKING:
        return True
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return alive  # killed before it made the lock, where the process is gone
    try:
        # The lock and not the process id decides: ids are used again, and mean nothing in another container.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
