"""Further looks at a formalizing run whose statements are written: a judge's, and Lean's in both directions.

Each keeps its answers one by one in the run's folder and goes on where it ended, and leaves its figures there
for the scores. What nobody wrote is unfaithful and not equivalent: it stays in every n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final, Protocol

from cramf.check.verdict import Identity
from cramf.concurrently import in_threads
from cramf.errors import CramfError, ResourceError
from cramf.evaluation.agreement import corrected_rate
from cramf.evaluation.equivalence import Equivalence, Ladder, Pair, Prover, climb
from cramf.evaluation.equivalence.many import Stoppable
from cramf.evaluation.formalize_scores import chosen_candidate
from cramf.evaluation.intervals import share
from cramf.evaluation.judge.calibration import Pair as Labelled
from cramf.evaluation.judge.calibration import calibrate
from cramf.evaluation.judge.judging import Judge, Outcome
from cramf.evaluation.judge.rate import faithful_rate
from cramf.evaluation.judge.types import Judgement, Question
from cramf.evaluation.problems import Problem
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import Run
from cramf.evaluation.work import Answer, digest
from cramf.formalize.decoding import decode
from cramf.formalize.journal import Journal
from cramf.jsonable import to_jsonable

__all__ = ["PASSES", "LeanProver", "compare_run", "judge_run", "written"]

PASSES: Final = ("faithful", "beq", "beq_plus", "beq_l")
"""What the scores call them; None there says that nobody has looked."""
_JUDGEMENTS, _EQUIVALENCES = "judgements.jsonl", "equivalences.jsonl"


class LeanProver(Prover, Protocol):
    """A prover that tells which Lean and Mathlib it asks; `ReplChecker` and `LakeChecker` are two."""

    def identity(self) -> Identity: ...


def judge_run(
    directory: RunDirectory,
    run: Run,
    judge: Judge,
    *,
    calibration: Sequence[Labelled] = (),
    concurrency: int = 4,
    progress: bool = False,
    seed: int = 0,
) -> None:
    """Have a judge say which statements of a run are faithful.

    With labelled pairs as `calibration` its agreement with the labels stands beside the rate; where there are
    pairs of both labels, so does the rate of what was written with the judge's errors on them allowed for.

    Raises:
        BackendError: where it gives no readable answer at all.
        InputError, ResourceError: as `Judge.judge_many`.
    """
    asked: dict[str, Question] = {}
    for problem, answer in zip(run.problems, run.answers, strict=True):
        candidate = chosen_candidate(answer) if answer is not None else None
        if candidate is not None:
            asked[problem.name] = Question(
                problem.name, problem.statement, candidate.statement, candidate.header, candidate.helper
            )
    path = directory.path / _JUDGEMENTS
    outcomes = judge.judge_many(asked.values(), path, concurrency=concurrency, progress=progress)
    found: dict[str, Outcome] = dict(zip(asked, outcomes, strict=True))
    rows = [found.get(problem.name) for problem in run.problems]
    agreed, corrected = None, None
    if calibration:
        agreed = calibrate(judge, calibration, path, concurrency=concurrency, progress=progress)
        if found and len({pair.faithful for pair in calibration}) == 2:
            verdicts = [_judged(outcome) for outcome in found.values()]
            corrected = corrected_rate(verdicts, agreed.agreement, seed=seed)
    directory.write_extra(
        "faithful",
        {
            "judge": judge.fingerprint,
            "calibration": to_jsonable(agreed),
            "corrected": to_jsonable(corrected),
            **to_jsonable(faithful_rate(rows, seed=seed)),
            "by_name": {p.name: _judged(row) for p, row in zip(run.problems, rows, strict=True)},
            "of": written(run),
        },
    )


def compare_run(
    directory: RunDirectory,
    run: Run,
    prover: LeanProver,
    ladder: Ladder,
    *,
    seconds: float | None = None,
    workers: int = 1,
    progress: bool = False,
    seed: int = 0,
) -> None:
    """Have Lean look for proofs that a statement and its reference follow from one another.

    Each reference is put to Lean alone as well, so that which of them are left out does not hang on what a
    run wrote. An answer that was kept is taken for the same ladder, time limit, Lean and Mathlib only.

    Raises:
        ResourceError: where Lean answers nothing, or answers cannot be written.
        InputError: where `seconds` cannot be used.
    """
    pairs = {p.name: pair for p, a in zip(run.problems, run.answers, strict=True) if (pair := _pair(p, a))}
    references = {p.name: _reference(p, p.formal) for p in run.problems if p.formal is not None}
    lean, limit = to_jsonable(prover.identity()), ladder.seconds if seconds is None else seconds
    # Two problems may well have one pair, which is compared once.
    keys = {name: digest([ladder.identity, limit, lean, pair]) for name, pair in pairs.items()}
    alone = {name: digest(["reference", limit, lean, pair]) for name, pair in references.items()}
    typed = replace(ladder, rungs=())
    work = {key: (name, pairs[name], ladder) for name, key in keys.items()}
    work |= {key: (name, references[name], typed) for name, key in alone.items()}
    asked = Stoppable(prover)
    with ExitStack() as stack:
        stack.callback(asked.stopped.set)
        journal = stack.enter_context(Journal(directory.path / _EQUIVALENCES))
        found = _settled(journal.lines, set(work))
        todo = [key for key in work if key not in found]
        bar = stack.enter_context(_bar(len(work), len(found))) if progress else None

        def compare(key: str) -> tuple[str, Equivalence]:
            _, pair, rungs = work[key]
            return key, climb(pair, asked, rungs, seconds=limit)

        for key, equivalence in in_threads(compare, todo, workers):
            journal.add(key, {"name": work[key][0], "equivalence": to_jsonable(equivalence)})
            found[key] = equivalence
            if bar is not None:
                bar.update()
    if work and all(found[key].verdict is None for key in work):
        why = found[next(iter(work))].detail or "it gave no answer"
        raise ResourceError(f"Lean decided not one of {len(alone):,} problems: {why}", "try `cramf doctor`")
    name = ladder.method.lower().replace("+", "_plus").replace("-", "_")
    # Not by the pair, in which an error of what was written may come to stand in the reference's lines.
    bad = {name for name, key in alone.items() if "b" in found[key].ill_typed}
    by_name = {name: found[key] for name, key in keys.items()}
    figures = _equivalent([name for name in alone if name not in bad], by_name, ladder, seed)
    figures["references_ill_typed"] = len(bad)
    directory.write_extra(name, {**figures, "lean": lean, "of": written(run)})


def written(run: Run) -> str:
    """What tells the statements of a run from any other's, so that no look is taken for one at others."""
    candidates = [chosen_candidate(answer) if answer is not None else None for answer in run.answers]
    return digest([[p.name, to_jsonable(c)] for p, c in zip(run.problems, candidates, strict=True)])


def _pair(problem: Problem, answer: Answer | None) -> Pair | None:
    """What was written (a) and the reference (b), None where one of them is missing."""
    candidate = chosen_candidate(answer) if answer is not None else None
    if candidate is None or problem.formal is None:
        return None
    header, own = _divided(problem.header)
    _, ours = _divided(candidate.header)
    return Pair(
        header,
        _joined(ours, candidate.helper),
        candidate.statement,
        _joined(own, problem.helper),
        problem.formal,
    )


def _reference(problem: Problem, formal: str) -> Pair:
    """The reference on both sides, to see whether Lean accepts it."""
    header, own = _divided(problem.header)
    helper = _joined(own, problem.helper)
    return Pair(header, helper, formal, helper, formal)


def _divided(header: str) -> tuple[str, str]:
    """Imports and options, which are one for both sides, and what is a side's own, such as its `open`s."""
    lines = header.replace("\r\n", "\n").split("\n")
    common = [line for line in lines if line.startswith(("import ", "set_option "))]
    return "\n".join(common), "\n".join(line for line in lines if line not in common).strip()


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part.strip())


def _equivalent(
    wanted: Sequence[str], found: Mapping[str, Equivalence], ladder: Ladder, seed: int
) -> dict[str, Any]:
    """The share of equivalent statements of the problems of these names."""
    verdicts = {name: found[name].verdict if name in found else False for name in wanted}
    return {
        "method": ladder.identity,
        "n": len(wanted),
        "unwritten": sum(name not in found for name in wanted),
        "undecided": sum(verdict is None for verdict in verdicts.values()),
        "ill_typed": sum("a" in found[name].ill_typed for name in wanted if name in found),
        "rate": to_jsonable(share(list(verdicts.values()), seed=seed)),
        "by_name": verdicts,
    }


def _settled(lines: Sequence[Mapping[str, Any]], wanted: set[str]) -> dict[str, Equivalence]:
    """The answers that stand: one that decided nothing is asked for again."""
    found: dict[str, Equivalence] = {}
    for line in lines:
        if line["key"] in wanted:
            try:
                equivalence = decode(Equivalence, line["equivalence"])
            except (ValueError, KeyError, CramfError):
                continue  # of an older shape: asked for again
            if equivalence.verdict is not None:
                found[line["key"]] = equivalence
    return found


def _judged(outcome: Outcome | None) -> bool | None:
    if outcome is None:
        return False
    return outcome.verdict if isinstance(outcome, Judgement) else None


def _bar(total: int, done: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, initial=done, desc="comparing", unit="pair")
