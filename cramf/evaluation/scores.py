"""What scoring a run gives, and what every score says besides its metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cramf.errors import InputError
from cramf.evaluation.lean_versions import lean_gap
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import Run
from cramf.evaluation.work import digest

__all__ = ["Scored", "complete", "frame", "milliseconds"]

_SOFTWARE: Final = ("cramf", "commit", "python", "packages")
"""What of a session tells by which software it found its results."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Figures of a whole run as JSON values, and a flat row for each problem in the data's order."""

    figures: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]


def milliseconds(run: Run, part: str) -> dict[str, float]:
    """Median and 99th percentile of what a part of one problem's work took; 0 where none tells it."""
    spent = [answer.ms[part] for answer in run.answers if answer is not None and part in answer.ms]
    p50, p99 = np.percentile(spent, [50, 99]) if spent else (0.0, 0.0)
    return {"p50": float(p50), "p99": float(p99)}


def complete(run: Run, directory: RunDirectory) -> None:
    """Refuse a run that is not at its end, whose figures would be of fewer problems than they say.

    Raises:
        InputError: where problems have no answer.
    """
    if run.pending:
        done = len(run.answers) - run.pending
        raise InputError(
            f"{directory.path} has answers to {done:,} of {len(run.answers):,} problems",
            "let it go on: the same command without --rescore, and all shards",
        )


def frame(run: Run, directory: RunDirectory, seed: int) -> dict[str, Any]:
    """What stands around the figures: kind, data with all that was left out, failures, versions."""
    origin = directory.origin
    sessions = directory.sessions()
    environments = {digest([s.get(of) for of in _SOFTWARE]) for s in sessions}
    return {
        "kind": directory.kind,
        "seed": seed,
        "data": {
            "benchmark": origin.benchmark,
            "source": origin.source,
            "version": origin.version,
            "lean": origin.lean,
            "licence": origin.licence,
            "sha256": origin.sha256,
            "files": [file.path for file in origin.files],
            "rows": len(directory.problems),
            "evaluated": len(run.problems),
            "excluded": len(directory.excluded),
            "notes": origin.notes,
        },
        "lean_gap": lean_gap(origin.lean, _toolchain(directory.settings)),
        "contamination": origin.contamination,
        "failures": run.failures,
        "environments": len(environments),
        "settings": directory.settings,
    }


def _toolchain(settings: Mapping[str, Any]) -> str:
    """The Lean version of the index that a run used, "" where it used none."""
    index = settings.get("index") or settings.get("checker", {}).get("index") or {}
    return str(index.get("toolchain", ""))
