"""`cramf eval formalize`: measure what the formalizer writes against reference statements."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.check.checkers import CHECKERS
from cramf.cli.evaluate_options import RunChoices, run_options
from cramf.cli.evaluate_run import evaluate_run, percent
from cramf.cli.language_model import LLM_KINDS, ModelChoices, model_options
from cramf.cli.retrieval_options import number_or_auto
from cramf.errors import ExitCode, InputError

if TYPE_CHECKING:
    from cramf.evaluation.judge.calibration import Pair
    from cramf.evaluation.run_directory import RunDirectory
    from cramf.evaluation.runner import Run
    from cramf.formalize.models.chat import ChatModel

__all__ = ["formalize"]

_SYMBOLIC = "symbolic"
_ARMS = ("none", "retrieved", "oracle")
_SHOWN_REASONS = 15
_JUDGED_AT_ONCE = 4


@click.command(
    epilog="""\b
Examples:
  cramf eval formalize --data minif2f.jsonl --out runs/minif2f
  cramf eval formalize --data proofnet.jsonl --llm openai:qwen3 --arm oracle --n 8 --check repl --out runs/q
  cramf eval formalize --out runs/q --rescore

\b
A row of the data (a row that holds formal_statement under "verified" is read from there):
  {"informal_statement": "The sum of ...", "header": "import Mathlib", "formal_statement": "theorem ..."}

\b
Arms, for language models; the prompt is otherwise the same:
  none       no definitions
  retrieved  those that retrieval ranks first (-k)
  oracle     those that the row's mathlib_dependencies name

\b
Keys of --json: n, read, valid (of those read), compile (of all, with the checker's name), pass_at_k (of the
first --n samples), references, equal (to the reference in the normal form that
cramf/evaluation/normal_form.py describes), similarity (of the trees), names (declarations used against
gold), splits, ms, abstentions, categories, tokens, cost, faithful (--judge), beq_plus, beq and beq_l
(--equivalence; null where nobody has looked), and data, failures, settings. Lean is asked only
with a --check that runs it. Intervals are 95%: Wilson's, and the bootstrap's from 2,000 resamples.
"""
)
@run_options
@click.option(
    "--llm", default=_SYMBOLIC, show_default=True, metavar="BACKEND", help=f"{_SYMBOLIC}, or {LLM_KINDS}."
)
@click.option("--arm", type=click.Choice(_ARMS), default=None, help="Definitions given [retrieved].")
@click.option("-n", "--n", "n", type=click.IntRange(1, 1024), metavar="N", help="Samples a statement (1).")
@click.option("--rounds", type=click.IntRange(0, 100), metavar="N", help="Rounds of repair (1).")
@click.option(
    "-k",
    "k",
    callback=number_or_auto,
    metavar="N",
    default="10",
    show_default=True,
    help="Definitions to retrieve, or `auto`.",
)
@click.option(
    "--check", type=click.Choice(CHECKERS), default="static", show_default=True, help="What checks."
)
@click.option(
    "--judge",
    metavar="SPEC",
    help=f"Let a language model say what is faithful: {LLM_KINDS}. Also with --rescore.",
)
@click.option("--judge-url", metavar="URL", help="Address of the judge's server, if it is one.")
@click.option(
    "--judge-method",
    type=click.Choice(["direct", "back_translation"]),
    default="direct",
    show_default=True,
    help="Whether it reads the Lean statement, or its own translation of it.",
)
@click.option("--votes", type=click.IntRange(1, 99), default=3, show_default=True, help="Of the judge.")
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Labelled pairs that show how far the judge can be trusted (eval/judge_calibration.jsonl).",
)
@click.option(
    "--equivalence",
    type=click.Choice(["beq+", "beq", "beq-l"]),
    help="Let Lean prove what is equivalent to the reference. Also with --rescore.",
)
@click.option(
    "--prover",
    type=click.Choice(["repl", "lean"]),
    default="repl",
    show_default=True,
    help="How Lean is asked for that.",
)
@click.option("--workspace", type=click.Path(path_type=Path), help="Lake workspace for that.")
@model_options
@click.option("--index", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.pass_context
def formalize(
    ctx: click.Context,
    run: RunChoices,
    llm: str,
    arm: str | None,
    n: int | None,
    rounds: int | None,
    k: int | None,
    check: str,
    judge: str | None,
    judge_url: str | None,
    judge_method: str,
    votes: int,
    calibration: Path | None,
    equivalence: str | None,
    prover: str,
    workspace: Path | None,
    choices: ModelChoices,
    index: Path | None,
) -> None:
    """Measure what is written for informal statements against their formal ones."""
    looks = _Looks(judge, judge_url, judge_method, votes, calibration, equivalence, prover, workspace)
    ctx.exit(_formalize(run, llm, arm, n, rounds, k, check, choices, index, looks))


def _formalize(
    run: RunChoices,
    llm: str,
    arm: str | None,
    n: int | None,
    rounds: int | None,
    k: int | None,
    check: str,
    choices: ModelChoices,
    index: Path | None,
    looks: _Looks,
) -> ExitCode:
    from cramf.evaluation.formalize import FormalizeWork
    from cramf.evaluation.resources import CheckerSpec, ModelSpec
    from cramf.formalize.types import Bounds

    # Whatever can be wrong is told before anything long begins.
    looks.check()
    model = None
    if llm == _SYMBOLIC:
        choices.refuse()
        for option, value in {"--arm": arm, "--n": n, "--rounds": rounds}.items():
            if value is not None:
                raise InputError(f"{option} is of use only with a language model", f"add --llm {LLM_KINDS}")
    else:
        from cramf.cli.language_model import opening_options

        model = ModelSpec(
            llm,
            opening_options(llm, choices, patient=True),
            choices.temperature,
            choices.max_tokens,
            run.seed,
            choices.budget_tokens,
            choices.budget_cost,
        )
    arm = arm or ("none" if model is None else "retrieved")
    bounds = Bounds(1 if n is None else n, 1 if rounds is None else rounds)
    checker = CheckerSpec(check, index if check == "static" else None)
    need = ("statement", "formal", "gold") if arm == "oracle" else ("statement", "formal")

    def work() -> FormalizeWork:
        return FormalizeWork(model, arm, k, bounds, checker, index)

    return evaluate_run(
        run,
        "formalize",
        work,
        _human,
        need=need,
        index=index,
        extend=lambda directory, done: looks.take(directory, done, run),
    )


@dataclass(frozen=True, slots=True)
class _Looks:
    """Further looks at what was written, where options ask for them."""

    judge: str | None
    judge_url: str | None
    judge_method: str
    votes: int
    calibration: Path | None
    equivalence: str | None
    prover: str
    workspace: Path | None

    def check(self) -> None:
        """Refuse what cannot be used; a local model is loaded only when it is to judge.

        Raises:
            InputError: where an option is of no use, or the judge or the labelled pairs are not to be had.
            ResourceError: where the judge needs a package that is missing.
        """
        for option, value, of in (
            ("--judge-url", self.judge_url, "--judge"),
            ("--calibration", self.calibration, "--judge"),
            ("--workspace", self.workspace, "--equivalence"),
        ):
            if value is not None and getattr(self, of.removeprefix("--")) is None:
                raise InputError(f"{option} is of use only with {of}", f"add {of}, or leave it out")
        self._pairs()
        if self.judge is not None and not self.judge.startswith("local:"):
            self._judge().close()

    def take(self, directory: RunDirectory, done: Run, choices: RunChoices) -> None:
        """Have the judge and Lean look, and keep what they find in the run's folder."""
        shown = not choices.as_json and sys.stderr.isatty()
        if self.judge is not None:
            from cramf.evaluation.judge.judging import Judge
            from cramf.evaluation.passes import judge_run

            with self._judge() as model:
                judge_run(
                    directory,
                    done,
                    Judge(model, self.judge_method, self.votes, seed=choices.seed),
                    calibration=self._pairs(),
                    concurrency=choices.workers or _JUDGED_AT_ONCE,
                    progress=shown,
                    seed=choices.seed,
                )
        if self.equivalence is not None:
            from cramf.evaluation.equivalence import ladder_for
            from cramf.evaluation.passes import compare_run

            workers = choices.workers or 1
            with self._prover(workers) as prover:
                lean = prover.identity().toolchain
                compare_run(
                    directory,
                    done,
                    prover,
                    # A nightly build has no version, and is taken for the newest.
                    ladder_for(self.equivalence, lean if "v4." in lean else ""),
                    workers=workers,
                    progress=shown,
                    seed=choices.seed,
                )

    def _judge(self) -> ChatModel:
        from cramf.cli.language_model import opening_options
        from cramf.formalize.models.opening import open_model

        assert self.judge is not None
        options = opening_options(self.judge, ModelChoices(base_url=self.judge_url), patient=True)
        return open_model(self.judge, options)

    def _pairs(self) -> tuple[Pair, ...]:
        if self.calibration is None:
            return ()
        from cramf.evaluation.judge.calibration import load_pairs

        return load_pairs(self.calibration)

    def _prover(self, workers: int) -> Any:
        from cramf.environment import default_workspace

        workspace = self.workspace or default_workspace()
        if self.prover == "repl":
            from cramf.check.repl import ReplChecker

            return ReplChecker(workspace=workspace, workers=workers)
        from cramf.check.lake import LakeChecker

        return LakeChecker(workspace, mode="lean")


def _human(scores: Mapping[str, Any]) -> Iterator[str]:
    whole = f"{scores['references_whole']:,} of {scores['references']:,} references read as a whole"
    yield f"{scores['n']:,} statements; {whole}"
    compiled = scores["compile"]
    by = "by Lean" if compiled["by_lean"] else "Lean was not asked"
    shares = [
        ("read", scores["read"], ""),
        ("valid", scores["valid"], f"of those read, by the checker {compiled['checker']}"),
        ("compile", compiled["of_all"], f"of all, by the checker {compiled['checker']}: {by}"),
        ("equal", scores["equal"], "to the reference in normal form"),
        ("similarity", scores["similarity"], "of the trees, 0 where nothing was written"),
    ]
    if compiled["undecided"]:
        lost = f"{compiled['undecided']:,} got no verdict (timeout, crash, no checker): counted as not passed"
        yield f"{compiled['checker']}: {lost}"
    shares += [(f"pass@{at['k']}", at["rate"], "") for at in scores["pass_at_k"] if at["k"] > 1]
    if scores["names"] is not None:
        measured = scores["names"]["metrics"]
        shares += [
            (f"names {what}", measured[what], "against the gold ones") for what in ("precision", "recall")
        ]
    if scores["faithful"] is not None:
        judge = scores["faithful"]["judge"]
        what = f"by the judge {judge['model']} ({judge['method']}, {judge['votes']} votes)"
        open_ones = "".join(
            f", {scores['faithful'][kind]:,} {kind}"
            for kind in ("undecided", "failed")
            if scores["faithful"][kind]
        )
        shares.append(("faithful", scores["faithful"]["rate"], f"{what}{open_ones}"))
        corrected = (scores["faithful"]["corrected"] or {}).get("corrected")
        if corrected is not None:
            shares.append(
                ("corrected", corrected, "of those written, by the judge's errors on labelled pairs")
            )
    for key in ("beq", "beq_plus", "beq_l"):
        if scores[key] is not None:
            undecided = f", {scores[key]['undecided']:,} undecided" if scores[key]["undecided"] else ""
            shares.append((scores[key]["method"], scores[key]["rate"], f"of {scores[key]['n']:,}{undecided}"))
    width = max(len(label) for label, _, _ in shares)
    for label, interval, what in shares:
        yield f"{label:<{width}}  {percent(interval)}{f'  {what}' if what else ''}"
    yield f"one statement: p50 {scores['ms']['p50']:.1f} ms, p99 {scores['ms']['p99']:.1f} ms"
    if scores["tokens"]:
        cost = scores["cost"]
        told = "what they cost is not known" if cost is None else f"{cost:.2f} US dollars"
        yield f"{scores['tokens']:,} tokens, {told}"
    if scores["abstentions"]:
        yield ""
        yield "nothing written, why:"
        for reason in scores["abstentions"][:_SHOWN_REASONS]:
            yield f"{reason['count']:6}  {reason['reason']}"
        rest = scores["abstentions"][_SHOWN_REASONS:]
        if rest:
            yield f"{sum(r['count'] for r in rest):6}  {len(rest)} other reasons"
