"""Make the tables of eval/README.md from runs.

    python eval/publish.py --data ../shared/data --out /tmp/runs [--readme eval/README.md] [--check]

Each run is a `cramf eval` command with a configuration of this folder; one that is there already is gone on
with, so that a second call only renders. Tables stand between `<!-- table: NAME -->` and `<!-- end -->`. With
--check nothing is written: exit code 1 says that the file differs from what the runs say.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_RETRIEVAL = ("R@1", "R@3", "R@5", "R@10", "R@20", "R@50", "P@5", "F1@5", "HitRate@3", "nDCG@10", "MRR")
_WITH_INTERVAL = ("R@5", "R@10")
_AS_FRACTION = ("nDCG@10", "MRR")


@dataclass(frozen=True)
class Run:
    """One command: what is run, with which configuration, on which file of --data."""

    kind: str
    config: str
    file: str
    title: str

    @property
    def folder(self) -> str:
        return f"{self.kind}-{self.config}"


RUNS = (
    Run("retrieval", "proofnet", "proofnet-dev.jsonl", "ProofNet, developers' part"),
    Run("check", "proofnet", "proofnet-dev.jsonl", "ProofNet, verified with Lean v4.28"),
    Run("check", "minif2f", "minif2f.jsonl", "miniF2F"),
    Run("formalize", "minif2f", "minif2f.jsonl", "miniF2F"),
    Run("formalize", "proofnet", "proofnet-dev.jsonl", "ProofNet, developers' part"),
)

OPEN = (
    ("compile rate of the references", "Lean", "cramf eval check --config eval/{set}.toml --checker repl"),
    ("compile rate, symbolic backend", "Lean", "cramf eval formalize --config eval/{set}.toml --check repl"),
    (
        "BEq+, BEq-L, symbolic backend",
        "Lean",
        "cramf eval formalize --rescore --equivalence beq+",
    ),
    (
        "compile rate and pass@k by arm (none, retrieved, oracle)",
        "Lean and a language model",
        "cramf eval formalize --llm openai:MODEL --arm ARM --n 8 --check repl",
    ),
    (
        "faithful rate, with the judge's agreement with labels",
        "a language model",
        "cramf eval formalize --rescore --judge openai:MODEL --calibration eval/judge_calibration.jsonl",
    ),
    (
        "a judge's agreement with labels",
        "a language model",
        "cramf eval judge --data eval/judge_calibration.jsonl --judge openai:MODEL",
    ),
    (
        "retrieval with queries read by a language model",
        "a language model",
        "cramf eval retrieval --arm model --arm full --llm openai:MODEL",
    ),
    (
        "retrieval with a trained cross-encoder",
        "its weights",
        "cramf eval retrieval --arm rerank --arm full --reranker NAME",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of minif2f.jsonl and proofnet-dev.jsonl"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--readme", type=Path, default=_HERE / "README.md")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, tell whether the file is as it should"
    )
    options = parser.parse_args()
    scores = {run: scored(run, options.data, options.out) for run in RUNS}
    tables = {
        "retrieval": "\n".join(retrieval(scores[RUNS[0]])),
        "check": "\n".join(check({run: s for run, s in scores.items() if run.kind == "check"})),
        "formalize": "\n".join(formalize({run: s for run, s in scores.items() if run.kind == "formalize"})),
        "open": "\n".join(unfilled()),
    }
    old = options.readme.read_text(encoding="utf-8")
    new = filled(old, tables)
    if options.check:
        sys.exit(0 if new == old else f"{options.readme} is not what the runs say: run this without --check")
    options.readme.write_text(new, encoding="utf-8")
    print(f"{options.readme}: {len(tables)} tables written")


def scored(run: Run, data: Path, out: Path) -> dict[str, Any]:
    """The scores of a run, which is made or gone on with."""
    command = [sys.executable, "-m", "cramf", "eval", run.kind, "--config", str(_HERE / f"{run.config}.toml")]
    command += ["--data", str(data / run.file), "--out", str(out / run.folder)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with exit code {done.returncode}")
    scores: dict[str, Any] = json.loads((out / run.folder / "scores.json").read_text(encoding="utf-8"))
    return scores


def filled(text: str, tables: Mapping[str, str]) -> str:
    """The text with each table between its marks."""
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            sys.exit(
                f"there is not one place for the table {name}: mark it <!-- table: {name} --> … <!-- end -->"
            )
        text = pattern.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text)
    return text


def retrieval(scores: Mapping[str, Any]) -> Iterator[str]:
    yield f"{scored_on(scores)}; {scores['dependencies']} dependencies, {scores['missing']} not in the index."
    yield ""
    yield row("arm", *_RETRIEVAL)
    yield rule(len(_RETRIEVAL) + 1)
    for arm, measured in scores["arms"].items():
        yield row(arm, *(cell(metric, measured[metric]) for metric in _RETRIEVAL))
    yield ""
    yield row("difference on the same resamples", *_WITH_INTERVAL)
    yield rule(len(_WITH_INTERVAL) + 1)
    for name, measured in scores["differences"].items():
        yield row(name, *(percent(measured[metric], "+") for metric in _WITH_INTERVAL))


def check(runs: Mapping[Run, Mapping[str, Any]]) -> Iterator[str]:
    yield row("statements", "n", "pass", "flagged", "left out", "p50, p99 in ms")
    yield rule(6)
    for run, scores in runs.items():
        flagged = ", ".join(f"{count} `{name}`" for name, count in scores["categories"].items()) or "none"
        yield row(
            run.title,
            str(scores["n"]),
            percent(scores["compile"]["of_all"]),
            flagged,
            str(scores["data"]["excluded"]),
            milliseconds(scores["ms"]),
        )


def formalize(runs: Mapping[Run, Mapping[str, Any]]) -> Iterator[str]:
    yield row(
        "statements",
        "n",
        "read",
        "valid, of those read",
        "equal to the reference",
        "similarity",
        "names: precision, recall",
        "p50, p99 in ms",
    )
    yield rule(8)
    for run, scores in runs.items():
        names = scores["names"]
        told = "no gold names"
        if names is not None:
            told = ", ".join(percent(names["metrics"][what]) for what in ("precision", "recall"))
        yield row(
            run.title,
            str(scores["n"]),
            *(percent(scores[key]) for key in ("read", "valid", "equal", "similarity")),
            told,
            milliseconds(scores["ms"]),
        )


def unfilled() -> Iterator[str]:
    yield row("figure", "needs", "command, beside `--data` and `--out`")
    yield rule(3)
    for what, needs, command in OPEN:
        yield row(what, needs, f"`{command}`")


def scored_on(scores: Mapping[str, Any]) -> str:
    return f"{scores['n']} statements, {scores['n_with_dependencies']} with dependencies"


def cell(metric: str, interval: Mapping[str, float]) -> str:
    if metric in _AS_FRACTION:
        return f"{interval['value']:.3f}"
    return percent(interval) if metric in _WITH_INTERVAL else f"{interval['value']:.1%}"


def percent(interval: Mapping[str, Any], sign: str = "") -> str:
    """A share with its interval, Wilson's where there are several."""
    chosen = interval.get("wilson", interval)
    low, high = (f"{100 * chosen[end]:{sign}.1f}" for end in ("low", "high"))
    return f"{chosen['value']:{sign}.1%} [{low}, {high}]"


def milliseconds(spent: Mapping[str, float]) -> str:
    return f"{spent['p50']:.1f}, {spent['p99']:.1f}"


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def rule(columns: int) -> str:
    return "|" + "---|" * columns


if __name__ == "__main__":
    main()
