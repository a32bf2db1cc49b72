"""On what a run was made: versions, machine, commit and command line, as JSON values."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from cramf import __version__

__all__ = ["commit", "environment_record"]

_PACKAGES: Final = (
    "numpy scipy faiss-cpu torch sentence-transformers transformers lightgbm rank-bm25 openai ray".split()
)
_ACCOUNT: Final = re.compile(r"://[^/?#\s]*@")
"""User and password in an address, which no record keeps."""
_ROOT: Final = Path(__file__).resolve().parents[2]
_SECONDS: Final = 10


def environment_record() -> dict[str, Any]:
    """Python, machine, versions of the packages that results may depend on, commit, command, time (UTC)."""
    return {
        "cramf": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_bytes": _memory(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name)) is not None},
        "command": [_ACCOUNT.sub("://", argument) for argument in sys.argv],
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@cache
def commit() -> str | None:
    """Commit of the checkout that this package runs from, with `+` where files differ; None without one."""
    if not (_ROOT / ".git").exists():
        return None
    found = _git("rev-parse", "HEAD")
    if not found:
        return None
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return found + ("+" if changed or changed is None else "")


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(_ROOT), *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    # `importlib.metadata.version` parses all of a package's description for the one line.
    try:
        text = distribution(package).read_text("METADATA") or ""
    except PackageNotFoundError:
        return None
    found = re.search(r"^Version:[ \t]*(\S+)", text, re.MULTILINE)
    return found[1] if found else None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total)
