"""`cramf eval retrieval`: measure how well definitions are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cramf.cli.evaluate_options import RunChoices, run_options
from cramf.cli.evaluate_run import evaluate_run, percent
from cramf.cli.retrieval_options import retrieval_options
from cramf.errors import ExitCode

__all__ = ["retrieval"]

_WITH_INTERVAL = ("R@5", "R@10")
_SHOWN = ("R@1", "R@3", "R@5", "R@10", "R@20", "R@50", "P@5", "HitRate@3", "nDCG@10", "MRR")
_AS_FRACTION = ("nDCG@10", "MRR")
_SHOWN_NAMES = 10


@click.command(
    epilog="""\b
Examples:
  cramf eval retrieval --data proofnet.jsonl
  cramf eval retrieval --data proofnet.jsonl --arm full --arm rrf --out runs/proofnet
  cramf eval retrieval --config eval/retrieval.toml --data proofnet.jsonl --json

\b
A row of the data, of which other fields are passed over:
  {"informal_statement": "Every prime ideal ...", "mathlib_dependencies": ["Ideal", "Ideal.IsPrime"]}

\b
Arms: full, each channel alone ("dense", ...), each left out ("without dense", ...), and
  oracle     the gold names that the index has
  none       nothing retrieved
  rank_bm25  BM25 of names, docstrings and fields
  minilm     cosine of the index's sentence encoder
  rrf        reciprocal rank fusion of the last two
  model      full, with queries read by the language model that --llm names
  rerank     full, ranked once more by --reranker

\b
Keys of --json: n, n_with_dependencies, dependencies, missing, arms, differences (full minus each peer on the
same resamples), latency_ms (of one search within the run, in one thread), peers, missing_names, and data,
failures, settings. R@k is micro-averaged over dependencies, and those that the index does not know are
misses. P@k, HitRate@k, nDCG@10 and MRR (first 50) are averaged over statements with dependencies. Intervals
are 95%, from 2,000 resamples of the statements.
"""
)
@run_options
@click.option("--index", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.option("--arm", "chosen", multiple=True, metavar="NAME", help="Arm to run; repeatable [all].")
@retrieval_options
@click.pass_context
def retrieval(
    ctx: click.Context,
    run: RunChoices,
    index: Path | None,
    chosen: tuple[str, ...],
    llm: str | None,
    reranker: str | None,
    rerank_depth: int,
) -> None:
    """Measure how well the definitions that formal statements use are found from the informal ones.

    Each arm ranks the definitions of the index for every statement.
    """
    ctx.exit(_retrieval(run, index, chosen, llm, reranker, rerank_depth))


def _retrieval(
    run: RunChoices,
    index: Path | None,
    chosen: tuple[str, ...],
    llm: str | None,
    reranker: str | None,
    rerank_depth: int,
) -> ExitCode:
    from cramf.evaluation.retrieval import RetrievalWork, chosen_arms

    # Whatever can be wrong is told before anything long begins.
    extra = {"model": llm, "rerank": reranker}
    arms = chosen_arms(chosen, [name for name, option in extra.items() if option is not None])

    def work() -> RetrievalWork:
        model = None
        if llm is not None:
            from cramf.cli.language_model import ModelChoices, opening_options
            from cramf.evaluation.resources import ModelSpec

            model = ModelSpec(llm, opening_options(llm, ModelChoices()))
        return RetrievalWork(arms, index, model, reranker, rerank_depth)

    return evaluate_run(run, "retrieval", work, _human, need=("statement", "gold"))


def _human(scores: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{scores['n']:,} statements, {scores['n_with_dependencies']:,} with dependencies; "
        f"{scores['dependencies']:,} dependencies, {scores['missing']:,} of them not in the index (misses)"
    )
    yield ""
    rows = [["arm", *_SHOWN]]
    rows += [[arm, *(_cell(m, measured[m]) for m in _SHOWN)] for arm, measured in scores["arms"].items()]
    yield from _table(rows)
    if scores["differences"]:
        yield ""
        rows = [["difference", *_WITH_INTERVAL]]
        for name, measured in scores["differences"].items():
            rows.append([name, *(percent(measured[metric], "+") for metric in _WITH_INTERVAL)])
        yield from _table(rows)
    yield ""
    if scores["latency_ms"] is not None:
        spent = scores["latency_ms"]
        p50, p99 = spent["p50"], spent["p99"]
        yield f"one search in one thread: p50 {p50:.1f} ms, p99 {p99:.1f} ms (n = {spent['n']:,})"
    for name, what in scores["peers"].items():
        yield f"{name}: {what}"
    names = scores["missing_names"]
    if names:
        shown = ", ".join(f"{missing['name']} ({missing['count']})" for missing in names[:_SHOWN_NAMES])
        rest = len(names) - _SHOWN_NAMES
        yield f"not in the index: {shown}" + (f" and {rest} more" if rest > 0 else "")


def _cell(metric: str, interval: Mapping[str, float]) -> str:
    if metric in _AS_FRACTION:
        return f"{interval['value']:.3f}"
    return percent(interval) if metric in _WITH_INTERVAL else f"{interval['value']:.1%}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows in columns, the first one flush left and the others right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        yield "  ".join((first.ljust(widths[0]), *cells))
