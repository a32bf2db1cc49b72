"""Stand-ins for `elan`, `lake`, `lean` and `curl`, and a place where nothing else is on PATH.

Called as `fake_elan.py HOME PROGRAM ARGUMENTS…`. What is installed and fetched are files below HOME and the
current folder, so that each step can be seen to build on the one before it. `HOME/scenario` holds words, one
for each thing that shall go wrong. Tests also load this file as a module.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

TOOLCHAIN = "leanprover/lean4:v4.33.0-rc1"
VERSION = "4.33.0-rc1"


def launcher(home: Path, folder: Path, *programs: str) -> None:
    """Put stand-ins into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in programs:
        path = folder / program
        path.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{home}" {program} "$@"\n'
        )
        path.chmod(0o755)


class Machine:
    """A machine with a PATH of its own: `sh`, and the stand-ins that were put there."""

    def __init__(self, root: Path) -> None:
        self.home = root / "machine"
        self.bin = self.home / "bin"
        self.bin.mkdir(parents=True)
        shell = shutil.which("sh")
        assert shell is not None
        (self.bin / "sh").symlink_to(shell)
        self.workspace = root / "data" / "cramf" / "lean"
        self.environment = {
            "PATH": str(self.bin),
            "ELAN_HOME": str(self.home / "elan"),
            "XDG_DATA_HOME": str(root / "data"),
            "HOME": str(self.home),
        }

    def has(self, *programs: str) -> None:
        launcher(self.home, self.bin, *programs)

    def has_lean(self) -> None:
        """elan with its programs and the toolchain, as after an installation."""
        launcher(self.home, self.home / "elan" / "bin", "elan", "lake", "lean")
        (self.home / "toolchains").write_text(f"{TOOLCHAIN}\n")

    def play(self, *words: str) -> None:
        (self.home / "scenario").write_text(" ".join(words))

    def calls(self) -> list[str]:
        """Every call so far, as a line; what is only asked is left out."""
        log = self.home / "calls"
        lines = log.read_text().splitlines() if log.is_file() else []
        return [line for line in lines if not line.startswith(("elan toolchain list", "lake build"))]


def fetched(root: Path, revision: str) -> None:
    """What `lake update` leaves in a workspace."""
    (root / ".lake" / "packages" / "mathlib" / "Mathlib").mkdir(parents=True, exist_ok=True)
    entry = {"type": "git", "name": "mathlib", "rev": revision, "inherited": False}
    manifest = {"version": "1.1.0", "packagesDir": ".lake/packages", "packages": [entry]}
    (root / "lake-manifest.json").write_text(json.dumps(manifest))


def built(root: Path) -> None:
    """What `lake exe cache get` leaves."""
    (root / ".lake" / "packages" / "mathlib" / ".lake" / "build" / "lib").mkdir(parents=True, exist_ok=True)


def main() -> None:
    home, program, arguments = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    words = (home / "scenario").read_text().split() if (home / "scenario").is_file() else []
    toolchains = home / "toolchains"
    with (home / "calls").open("a") as log:
        log.write(" ".join([program, *arguments]) + "\n")
    here = Path.cwd()
    for name in ("OPENAI_API_KEY", "GITHUB_TOKEN"):
        if name in os.environ:
            (home / "leaked").write_text(name)
    call = "_".join([program, *arguments])
    if any(call.startswith(word.removesuffix("_hangs")) for word in words if word.endswith("_hangs")):
        print("still at work", flush=True)
        os.fork()  # a child that must go too
        time.sleep(600)
    if any(call.startswith(word.removesuffix("_fails")) for word in words if word.endswith("_fails")):
        sys.exit(f"{program}: something went wrong")
    match program, arguments:
        case "curl", [*_, "-o", target]:
            print("downloading", flush=True)
            command = f'"{sys.executable}" "{Path(__file__).resolve()}" "{home}" installer "$@"'
            Path(target).write_text(f"#!/bin/sh\n{command}\n")
        case "installer", _:
            launcher(home, Path(os.environ["ELAN_HOME"]) / "bin", "elan", "lake", "lean")
        case "elan", ["toolchain", "list"]:
            print(toolchains.read_text() if toolchains.is_file() else "no installed toolchains", end="")
        case "elan", ["toolchain", "install", name]:
            toolchains.write_text(f"{name}\n")
        case "elan", ["--version"]:
            print("elan 4.1.2 (58e8d545e 2025-05-26)")
        case "lake", ["--version"]:
            print(f"Lake version 5.0.0-src+abc (Lean version {VERSION})")
        case "lean", ["--version"]:
            version = "4.9.0" if "old_lean" in words else VERSION
            print(f"Lean (version {version}, x86_64-unknown-linux-gnu, commit abc, Release)")
        case "lake", ["update"]:
            assert os.environ["MATHLIB_NO_CACHE_ON_UPDATE"] == "1"
            found = [line for line in (here / "lakefile.toml").read_text().splitlines() if "rev =" in line]
            fetched(here, found[0].split('"')[1])
        case "lake", ["exe", "cache", "get"]:
            print("Decompressing 8302 file(s)")
            built(here)
        case "lake", ["build", "--no-build", "Mathlib"]:
            sys.exit(3 if "never_built" in words else 0)
        case _:
            sys.exit(f"{program} does not know {arguments}")


if __name__ == "__main__":
    main()
