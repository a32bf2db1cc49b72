"""Small runs of each kind in folders of their own, made through the runner, for the tests of reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cramf.check.verdict import Diagnostic, Severity, Status, Verdict
from cramf.errors import BackendError, InputError
from cramf.evaluation.check_scores import score_check
from cramf.evaluation.formalize import described_verdict
from cramf.evaluation.formalize_scores import score_formalize
from cramf.evaluation.problems import DataFile, Excluded, Origin, Problem, ProblemSet
from cramf.evaluation.retrieval_scores import score_retrieval
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import run
from cramf.evaluation.scores import Scored, frame
from cramf.evaluation.work import Done
from cramf.jsonable import to_jsonable
from cramf.knowledge.types import Declaration, Kind
from cramf.knowledge.vocabulary import Vocabulary

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=\"alert('no')\"> & <!-- \u2028 ~12"
INDEX = {
    "sha256": "ab" * 32,
    "mathlib_commit": "c0ffee",
    "toolchain": "leanprover/lean4:v4.20.0",
    "encoder": "e",
}
ARMS = ("full", "dense", "without dense", "oracle", "none", "minilm")
WORDS = Vocabulary.of(Declaration(name, Kind.DEF, "Mathlib.Test", 1) for name in ("Even", "Odd", "Nat"))
ORIGIN = Origin(
    benchmark="toy",
    source="https://example.org/toy",
    version="v1",
    lean="v4.9.0",
    licence="CC0",
    contamination="made up for a test",
    files=(DataFile("toy.jsonl", "7" * 64),),
)


@dataclass(frozen=True)
class ToldWork:
    """A work whose results are told beforehand, by the problem's name; an error stands for a failure."""

    kind: str
    told: Mapping[str, Any] = field(compare=False)
    asked: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> Mapping[str, Any]:
        return self.asked

    @contextmanager
    def open(self) -> Iterator[ToldWork]:
        yield self

    def __call__(self, problem: Problem) -> Done:
        found = self.told[problem.name]
        if isinstance(found, Exception):
            raise found
        result, ms = found
        return Done(result, ms)


def finished(
    path: Path,
    work: ToldWork,
    problems: Sequence[Problem],
    excluded: Sequence[Excluded] = (),
    limit: int | None = None,
    scored: bool = True,
    origin: Origin = ORIGIN,
    extra: Mapping[str, Any] | None = None,
) -> Path:
    """The folder of a run that was answered and scored."""
    directory = RunDirectory.prepare(
        path, work.kind, work.settings(), ProblemSet(tuple(problems), tuple(excluded), origin)
    )
    done = run(work, directory, limit=limit)
    if scored:
        found: Scored
        if work.kind == "retrieval":
            found = score_retrieval(done, directory.settings)
        elif work.kind == "check":
            found = score_check(done, directory.settings)
        else:
            found, _ = score_formalize(done, directory.settings, WORDS)
        directory.write_scores({**found.figures, **frame(done, directory, 0), **(extra or {})}, found.rows)
    return path


# -- Retrieval ----------------------------------------------------------------------------------------------


def retrieval_problems(count: int = 12, hostile: bool = False) -> list[Problem]:
    """Problems of two books; every one wants `Even` and `Odd`, the third also a name that no index has."""
    made = []
    for n in range(count):
        gold = {"Even", "Odd"} | ({"Not.There"} if n == 2 else set())
        text = f"Number {n} is even or odd."
        if hostile and n == 1:
            text = HOSTILE
        made.append(
            Problem(f"{('Book', 'Tome')[n % 2]}.exercise_{n}", text, gold=frozenset(gold), split="valid")
        )
    made[3] = replace(made[3], gold=frozenset())
    return made


def retrieval_run(
    path: Path, problems: Sequence[Problem] | None = None, better: bool = False, **more: Any
) -> Path:
    """A run that finds the first gold name always, the second one in even problems, or in all if `better`."""
    rows = retrieval_problems() if problems is None else problems
    told: dict[str, Any] = {}
    for n, problem in enumerate(rows):
        second = "Odd" if better or n % 2 == 0 else "Set"
        names = ["Nat", "Even", second, "Finset"]
        arms = {"full": names, "dense": names[::-1], "without dense": names[:2], "minilm": ["Set"]}
        vote = ["even_or_odd", 0.75]
        hits = [
            {
                "name": name,
                "score": 1 / rank,
                "channels": {"usage": 0.5},
                "votes": [vote] if rank == 1 else [],
            }
            for rank, name in enumerate(names, 1)
        ]
        missing = sorted((problem.gold or frozenset()) & {"Not.There"})
        told[problem.name] = (
            {"arms": arms, "missing": missing, "hits": hits},
            {"full": 10.0 + n, "minilm": 2.0},
        )
    asked = {
        "arms": list(ARMS),
        "depth": 50,
        "index": INDEX,
        "peers": {"minilm": "cosine of sentences"},
        "better": better,
    }
    return finished(path, ToldWork("retrieval", told, asked), rows, **more)


# -- Formalizing --------------------------------------------------------------------------------------------


def formalize_problems(count: int = 8) -> list[Problem]:
    """Problems with a reference; the second has text that means harm."""
    made = [
        Problem(
            f"{('algebra', 'number')[n % 2]}_{n}",
            HOSTILE if n == 1 else f"The double of {n} is even.",
            f"theorem ref_{n} : Even ({n} + {n}) := by sorry",
            gold=frozenset({"Even"}),
            split=("valid", "test")[n % 2],
        )
        for n in range(count)
    ]
    return [*made, Problem("odd_one", "It is odd.", "theorem odd_one : Odd 3 := by sorry", split="test")]


def _attempt(round_: int, statement: str, verdict: Verdict | None, **more: Any) -> dict[str, Any]:
    return {
        "round": round_,
        "mends": None,
        "cluster": None,
        "candidate": {
            "name": "t",
            "header": "import Mathlib\nopen Nat",
            "helper": "",
            "statement": statement,
        },
        "abstention": None,
        "notes": [],
        "verdict": None if verdict is None else described_verdict(verdict),
        **more,
    }


def _step(kind: str, outputs: Sequence[str], **more: Any) -> dict[str, Any]:
    step = {"kind": kind, "round": 0, "outputs": list(outputs), "attempts": [], "failures": []}
    return {**step, "tokens": None, "cost": None, **more}


VALID = Verdict("static", Status.VALID, detail="every name resolves", resolved=("Even",))


def _wrong(name: str) -> Verdict:
    """A verdict that marks `𝕏bad` at the end of a second line, counted in code points."""
    marked = Diagnostic(
        Severity.ERROR, f"unknown identifier '{name}'", "unknown_identifier", name, 2, 5, ("Even", "Odd")
    )
    return Verdict("static", Status.INVALID, (marked,), detail="1 error")


def formalized(n: int, good: bool) -> dict[str, Any]:
    """A result with a first attempt that fails, and a second one that mends it where it is `good`."""
    steps = [
        _step("evidence", ["definition Even"]),
        _step("draft", ["attempt 0, invalid"], tokens={"prompt": 900, "completion": 40}, cost=0.0021),
        _step("repair", ["attempt 1, valid"] if good else [], failures=[] if good else ["the model hung"]),
    ]
    attempts = [
        _attempt(0, f"theorem t :\n  𝔽 (𝕏bad {n}) := by sorry", _wrong("𝕏bad"), notes=["cut at sorry"])
    ]
    if good:
        attempts.append(_attempt(1, f"theorem t : Even ({n} + {n}) := by sorry", VALID, mends=0))
    hits = [{"name": "Even", "score": 0.5, "votes": [["even_add_self", 0.9]]}]
    chosen = 1 if good else 0
    return {
        "chosen": chosen,
        "stopped": "it is valid",
        "definitions": hits,
        "attempts": attempts,
        "steps": steps,
    }


def abstained(reason: str, text: str) -> dict[str, Any]:
    attempt = _attempt(0, "", None, candidate=None, abstention={"reason": reason, "text": text})
    return {
        "chosen": 0,
        "stopped": "the backend abstained",
        "definitions": [],
        "attempts": [attempt],
        "steps": [_step("draft", ["attempt 0, abstained"])],
    }


def formalize_run(
    path: Path, problems: Sequence[Problem] | None = None, good: Sequence[int] = (0, 1, 2), **more: Any
) -> Path:
    """A run in which the problems `good` are valid; the last but one fails, the last one is not read."""
    rows = formalize_problems() if problems is None else problems
    told: dict[str, Any] = {}
    for n, problem in enumerate(rows):
        told[problem.name] = (formalized(n, n in good), {"write": 5.0 + n, "check": 1.0})
    told[rows[-1].name] = (abstained(f"unknown word '{HOSTILE}'", "odd"), {"write": 1.0, "check": 0.0})
    told[rows[-2].name] = BackendError("the model hung", "restart it")
    asked = {
        "backend": "symbolic",
        "arm": "none",
        "good": list(good),
        "bounds": {"candidates": 1},
        "checker": {"name": "static", "index": INDEX},
        "index": INDEX,
    }
    return finished(path, ToldWork("formalize", told, asked), rows, **more)


# -- Checking -----------------------------------------------------------------------------------------------


def check_run(path: Path, bad: Sequence[int] = (1,), **more: Any) -> Path:
    """A run of checks in which the problems `bad` are invalid; the last one has no formal statement."""
    rows = [
        Problem(f"check_{n}", f"Check {n}.", f"theorem c{n} :\n  𝔽 (𝕏bad {n}) := by sorry", expected=n != 1)
        for n in range(6)
    ]
    told: dict[str, Any] = {
        problem.name: (to_jsonable(described_verdict(_wrong("𝕏bad") if n in bad else VALID)), {})
        for n, problem in enumerate(rows)
    }
    told["check_5"] = InputError("it has no formal statement", "leave the row out")
    asked = {"checker": {"name": "static", "index": INDEX}, "bad": list(bad)}
    return finished(path, ToldWork("check", told, asked), rows, **more)
