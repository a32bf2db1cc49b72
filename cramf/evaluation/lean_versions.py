"""Lean versions as benchmarks and toolchains write them, and whether two of them are the same."""

from __future__ import annotations

import re

__all__ = ["lean_gap", "parse_version", "version_of_toolchain"]

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-rc\.?(\d+))?")
_FINAL = 1 << 30  # a release comes after all of its candidates

Version = tuple[int, int, int, int]


def parse_version(text: str) -> Version | None:
    """`v4.9.0` or `4.9.0-rc2` as numbers that sort as the versions do; None for anything else."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    major, minor, patch, candidate = found.groups()
    return int(major), int(minor), int(patch), int(candidate) if candidate else _FINAL


def version_of_toolchain(text: str) -> str:
    """`v4.9.0` of a `lean-toolchain` file's `leanprover/lean4:v4.9.0`; the whole where it has no colon."""
    return text.strip().rpartition(":")[2]


def lean_gap(origin_lean: str, index_toolchain: str) -> str | None:
    """A line for the report where a benchmark was written for another Lean than the index describes.

    `origin_lean` is a version, or two with `..` between them for all from the first to the last. None where
    they agree, or where either is not known.
    """
    theirs, ours = origin_lean.strip(), version_of_toolchain(index_toolchain)
    if not theirs or not ours:
        return None
    first, _, last = theirs.partition("..")
    known = parse_version(version_of_toolchain(ours))
    low, high = parse_version(version_of_toolchain(first)), parse_version(version_of_toolchain(last or first))
    if known and low and high:
        if low <= known <= high:
            return None
        spoken = f"Lean {first} to {last}" if last else f"Lean {first}"
    elif theirs == ours:
        return None
    else:
        spoken = f"Lean {theirs}"
    return f"written for {spoken}, the index is of {ours}: names may have changed"
