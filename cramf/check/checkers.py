"""From the name of a checker to the checker, without importing the others."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cramf.check.base import BaseChecker
from cramf.environment import default_verdict_cache
from cramf.errors import InputError, ResourceError

__all__ = ["CHECKERS", "USES", "open_checker"]

CHECKERS: Final = ("static", "lake", "lean", "repl", "kimina")
"""What `open_checker` knows: names against an index, `lake build`, `lake env lean`, a REPL pool, a server."""

USES: Final = {
    "index": ("static",),
    "workspace": ("lake", "lean", "repl"),
    "workers": ("repl", "kimina"),
    "timeout": ("lake", "lean", "repl", "kimina"),
    "memory": ("lake", "lean", "repl"),
    "url": ("kimina",),
    "server-mathlib": ("kimina",),
}
"""Which checkers each option is of use to."""

_PACKAGES: Final = {"repl": "lean_interact", "kimina": "httpx2"}
"""Packages of the extras, which are named like the checkers that need them."""


def open_checker(
    spec: str,
    *,
    index: Path | None = None,
    workspace: Path | None = None,
    workers: int | None = None,
    timeout_seconds: float | None = None,
    memory_bytes: int | None = None,
    url: str | None = None,
    server_mathlib: str | None = None,
    cached: bool = True,
    warn: Callable[[str], None] | None = None,
) -> BaseChecker:
    """The checker of that name; to be closed after use. An option that is None is left to the checker.

    `timeout_seconds` and `memory_bytes` are of one candidate. With `cached`, verdicts of Lean are looked up
    and kept in the user's verdict cache; static ones never are, since a look-up costs as much as they do, and
    those of a server only with `server_mathlib`, the commit of its Mathlib, which it does not tell itself.
    `warn` hears of trouble with the cache.

    Raises:
        InputError: for an unknown name, and an option that is of no use to that checker.
        ResourceError: where the index, the workspace or an optional package is missing.
    """
    if spec not in CHECKERS:
        raise InputError(f"there is no checker {spec!r}", f"choose one of {', '.join(CHECKERS)}")
    given = {
        "index": index,
        "workspace": workspace,
        "workers": workers,
        "timeout": timeout_seconds,
        "memory": memory_bytes,
        "url": url,
        "server-mathlib": server_mathlib,
    }
    for option, value in given.items():
        if value is not None and spec not in USES[option]:
            raise InputError(
                f"--{option} is of no use to the checker {spec}", f"it is for {', '.join(USES[option])}"
            )
    if spec == "static":
        return _static(index)
    package = _PACKAGES.get(spec)
    if package is not None and find_spec(package) is None:
        raise ResourceError(f"the checker {spec} needs the package {package}", f"pip install 'cramf[{spec}]'")
    checker = _of_lean(spec, workspace, workers, timeout_seconds, memory_bytes, url, server_mathlib)
    if not cached or (spec == "kimina" and server_mathlib is None):
        return checker
    from cramf.check.cache import CachedChecker, VerdictCache

    return CachedChecker(checker, VerdictCache(default_verdict_cache(), warn=warn))


def _static(index: Path | None) -> BaseChecker:
    from cramf.check.static import StaticChecker

    return StaticChecker.open(index)


def _of_lean(
    spec: str,
    workspace: Path | None,
    workers: int | None,
    timeout_seconds: float | None,
    memory_bytes: int | None,
    url: str | None,
    server_mathlib: str | None,
) -> BaseChecker:
    common: dict[str, Any] = {"workers": workers, "timeout_seconds": timeout_seconds}
    if spec == "repl":
        from cramf.check.repl import ReplChecker

        return ReplChecker(**_given(common, workspace=workspace, memory_bytes=memory_bytes))
    if spec == "kimina":
        from cramf.check.kimina import KiminaChecker

        return KiminaChecker(**_given(common, url=url, mathlib=server_mathlib))
    from cramf.check.lake import LakeChecker
    from cramf.check.sandbox import Limits

    limits: dict[str, Any] = {}
    if timeout_seconds is not None:
        # Several threads of Lean may be busy at once, as in the default limits.
        limits |= {"wall_seconds": timeout_seconds, "cpu_seconds": 2 * timeout_seconds}
    if memory_bytes is not None:
        limits["memory_bytes"] = memory_bytes
    mode: dict[str, Any] = {"mode": "lean"} if spec == "lean" else {}
    return LakeChecker(workspace, Limits(**limits), **mode)


def _given(common: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Keyword arguments that have a value."""
    return {name: value for name, value in {**common, **more}.items() if value is not None}
