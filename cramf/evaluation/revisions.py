"""What a folder tells about its own revision: the commit of its repository, its Lean version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cramf.errors import CramfError
from cramf.evaluation.lean_versions import version_of_toolchain

__all__ = ["GIT_SAFE", "commit_of", "lean_of_folder"]

GIT_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
"""Options that keep git from running what a repository's own configuration names."""

_UP = 4  # folders that are looked at above one


def lean_of_folder(folder: Path) -> str:
    """The version that the nearest `lean-toolchain` names, "" where there is none within a few folders.

    What lies above the top of a repository is another project's.
    """
    for place in _upwards(folder):
        try:
            return version_of_toolchain((place / "lean-toolchain").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            if (place / ".git").exists():
                break
    return ""


def commit_of(folder: Path, files: Sequence[Path]) -> str:
    """The commit of the git repository that these files are in; "" where there is none or git cannot tell.

    Files that a repository only happens to surround (untracked ones) are in none.
    """
    top = next((place for place in _upwards(folder) if (place / ".git").exists()), None)
    if top is None or not files:
        return ""
    from cramf.check.sandbox import Limits, run

    limits = Limits(wall_seconds=20, memory_bytes=2 << 30, output_bytes=1 << 20)
    try:
        tracked = run(
            ["git", *GIT_SAFE, "ls-files", "--error-unmatch", "--", str(files[0].absolute())],
            top,
            None,
            limits,
        )
        if tracked.exit_code != 0:
            return ""
        found = run(["git", *GIT_SAFE, "rev-parse", "HEAD"], top, None, limits)
    except CramfError:
        return ""  # no git here: the checksums still say which bytes were read
    return found.stdout.strip() if found.exit_code == 0 else ""


def _upwards(folder: Path) -> list[Path]:
    start = folder.absolute()
    return [start, *start.parents][:_UP]
