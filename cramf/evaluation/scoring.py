"""Scores a run by its kind, from its folder alone: nothing is run again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cramf.collector import collector_paused
from cramf.environment import default_core, default_index
from cramf.errors import InputError
from cramf.evaluation.resources import core_record, index_record
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import Run
from cramf.evaluation.scores import Scored, complete, frame
from cramf.jsonable import to_jsonable
from cramf.knowledge.vocabulary import Vocabulary

__all__ = ["score", "vocabulary_of"]


def score(directory: RunDirectory, run: Run, *, index: Path | None = None, seed: int = 0) -> dict[str, Any]:
    """The scores of a whole run, also kept in its folder with the table of its problems.

    `index` is the run's own, where its statements have to be read for it; the default one for None.

    Raises:
        InputError: where problems have no answer yet, or the index is another one than the run's.
        ResourceError: where the scores cannot be written.
    """
    complete(run, directory)
    scored = _scored(directory, run, index, seed)
    looked = _looked(directory, run) if directory.kind == "formalize" else {}
    figures = {name: _without_names(found) for name, found in looked.items()}
    # As JSON values, so that they are what the file gives back.
    scores: dict[str, Any] = to_jsonable({**scored.figures, **figures, **frame(run, directory, seed)})
    directory.write_scores(scores, [_with_looks(row, looked) for row in scored.rows])
    return scores


def _looked(directory: RunDirectory, run: Run) -> dict[str, Any]:
    """What a judge and Lean found of these statements, None where nobody has looked at them."""
    from cramf.evaluation.passes import PASSES, written

    extras, here = directory.extras(), written(run)
    return {name: extras[name] if extras.get(name, {}).get("of") == here else None for name in PASSES}


def _without_names(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if found is None else {k: v for k, v in found.items() if k not in ("of", "by_name")}


def _with_looks(row: Mapping[str, Any], looked: Mapping[str, Any]) -> dict[str, Any]:
    """A problem's row with what each look found of it."""
    return {**row, **{name: found["by_name"].get(row["name"]) for name, found in looked.items() if found}}


def _scored(directory: RunDirectory, run: Run, index: Path | None, seed: int) -> Scored:
    if directory.kind == "retrieval":
        from cramf.evaluation.retrieval_scores import score_retrieval

        return score_retrieval(run, directory.settings, seed)
    if directory.kind == "check":
        from cramf.evaluation.check_scores import score_check

        return score_check(run, directory.settings, seed)
    if directory.kind == "formalize":
        from cramf.evaluation.formalize_scores import score_formalize

        scored, _ = score_formalize(run, directory.settings, vocabulary_of(directory, index), seed)
        return scored
    raise InputError(f"{directory.path} holds a run of the unknown kind {directory.kind!r}", "update cramf")


def vocabulary_of(directory: RunDirectory, index: Path | None = None) -> Vocabulary:
    """The names of the run's index and of Lean core.

    Raises:
        InputError: where the index or the names of core are others than the run's.
        KnowledgeBaseError: where there is none.
    """
    from cramf.knowledge.core_library import load_core, with_core
    from cramf.knowledge.store import KnowledgeBase

    path = index or default_index()
    if index_record(path)["sha256"] != directory.settings["index"]["sha256"]:
        raise InputError(
            f"{directory.path} was made with another index than {path}", "give that index with --index"
        )
    core = directory.settings["checker"].get("core")
    if core not in (None, core_record()):
        raise InputError(
            f"{directory.path} was made with other names of Lean core than {default_core()}",
            "use the cramf that made it",
        )
    with collector_paused():
        return with_core(KnowledgeBase.open(path).vocabulary(), load_core(default_core()))
