"""`cramf eval`: measure CRAMF on benchmarks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.cli.evaluate_formalize import formalize
from cramf.cli.retrieval_options import make_reader, make_reranker, retrieval_options

if TYPE_CHECKING:
    from cramf.evaluation.benchmarks import Row
    from cramf.evaluation.metrics import Interval
    from cramf.evaluation.retrieval import Arm, Report, Searcher

__all__ = ["check_writable", "evaluate", "write_out"]

_WITH_INTERVAL = ("R@5", "R@10")
_AS_FRACTION = ("nDCG@10", "MRR")
_SHOWN_NAMES = 10


@click.group(name="eval", context_settings={"help_option_names": ["-h", "--help"]})
def evaluate() -> None:
    """Measure CRAMF on benchmarks."""


evaluate.add_command(formalize)


@evaluate.command(
    epilog="""\b
Examples:
  cramf eval retrieval --data proofnet.jsonl
  cramf eval retrieval --data proofnet.jsonl --arm full --arm rrf --no-latency
  cramf eval retrieval --data proofnet.jsonl --json --out table.json

\b
A row of the file, of which other fields are passed over:
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
same resamples), latency_ms (null with --no-latency), peers, missing_names, data, index. R@k is
micro-averaged over dependencies, and those that the index does not know are misses. P@5, HitRate@3, nDCG@10
and MRR (first 50) are averaged over statements with dependencies. Intervals are 95%, from 2,000 resamples of
the statements.
"""
)
@click.option("--data", required=True, type=click.Path(path_type=Path), help="JSONL file of statements.")
@click.option("--index", "path", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.option("--arm", "chosen", multiple=True, metavar="NAME", help="Arm to run; repeatable [all].")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many rows.")
@click.option(
    "--latency/--no-latency",
    default=True,
    show_default=True,
    help="Time single searches, at least 100.",
)
@retrieval_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File to write the JSON to.")
def retrieval(
    data: Path,
    path: Path | None,
    chosen: tuple[str, ...],
    limit: int | None,
    latency: bool,
    llm: str | None,
    reranker: str | None,
    rerank_depth: int,
    as_json: bool,
    out: Path | None,
) -> None:
    """Measure how well the definitions that formal statements use are found from the informal ones.

    Each arm ranks the definitions of the index for every statement of a JSONL file.
    """
    from tqdm import tqdm

    from cramf.evaluation.benchmarks import load_benchmark
    from cramf.evaluation.retrieval import evaluate_retrieval, measure_latency
    from cramf.jsonable import dumps, to_jsonable
    from cramf.retrieval.encoder import RememberingEncoder
    from cramf.retrieval.retriever import Retriever

    # Whatever can be wrong is told before anything long begins.
    extra = {"model": llm, "rerank": reranker}
    names = _chosen_arms(chosen, [name for name, option in extra.items() if option is not None])
    check_writable(out)
    benchmark = load_benchmark(data)
    rows = benchmark.rows[:limit]
    retriever = Retriever.load(path)
    # The arms ask for the same vectors; the latency is taken of a retriever that remembers none.
    measured = retriever.variant(encoder=RememberingEncoder(retriever.encoder))
    variants: dict[str, Searcher] = {}
    if llm is not None:
        variants["model"] = measured.variant(reader=make_reader(llm, retriever))
    if reranker is not None:
        again = make_reranker(reranker, retriever.encoder)
        variants["rerank"] = measured.variant(reranker=again, rerank_depth=rerank_depth)
    arms = _make_arms(names, measured, rows, variants)
    with tqdm(total=len(arms), desc="arms", unit="arm", file=sys.stderr, disable=as_json or None) as bar:
        report = evaluate_retrieval(
            rows,
            arms,
            retriever.knowledge.definition_names,
            (lambda: measure_latency(retriever, [row.statement for row in rows])) if latency else None,
            lambda _: bar.update(),
        )
    manifest = retriever.knowledge.manifest
    outcome: dict[str, Any] = {
        **to_jsonable(report),
        "data": {"file": str(data), "sha256": benchmark.sha256, "rows": len(benchmark.rows)},
        "index": {
            "path": str(retriever.knowledge.path),
            "mathlib_commit": manifest.mathlib_commit,
            "encoder": manifest.encoder,
        },
    }
    if out is not None:
        write_out(out, dumps(outcome, indent=1) + "\n")
    click.echo(dumps(outcome) if as_json else "\n".join(_human(report)))


def _chosen_arms(chosen: Sequence[str], extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the arms to run, each once; `extra` are those that options bring.

    Raises:
        InputError: where there is no arm of a name.
    """
    from cramf.errors import InputError
    from cramf.evaluation.retrieval import PEERS
    from cramf.retrieval.arms import ARMS

    offered = (*ARMS, *extra, "oracle", "none", *PEERS)
    for name in chosen:
        if name not in offered:
            raise InputError(f"there is no arm {name!r}", f"use one of: {', '.join(offered)}")
    return tuple(dict.fromkeys(chosen or offered))


def _make_arms(
    names: Sequence[str], retriever: Searcher, rows: Sequence[Row], variants: Mapping[str, Searcher]
) -> list[Arm]:
    """The arms of the names; one that is not made here is the retriever's own. `variants` are the retrievers
    that options bring."""
    from cramf.evaluation.retrieval import FULL, Arm, none_arm, oracle_arm, peer_arms, retriever_arm

    special = [oracle_arm(rows, retriever.knowledge.definition_names), none_arm(), *peer_arms(retriever)]
    special += [Arm(name, retriever_arm(FULL, variant).rank) for name, variant in variants.items()]
    made = {arm.name: arm for arm in special}
    return [made.get(name) or retriever_arm(name, retriever) for name in names]


def check_writable(out: Path | None) -> None:
    """Refuse a file that cannot be written, before anything long begins.

    Raises:
        InputError: where it is a folder or in none.
    """
    from cramf.errors import InputError

    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise InputError(f"cannot write {out}", "give --out a file in a folder that exists")


def write_out(out: Path, text: str) -> None:
    """Write a file at once or not at all.

    Raises:
        InputError: where it cannot be written.
    """
    from cramf.errors import InputError
    from cramf.files import write_atomic

    try:
        write_atomic(out, text.encode("utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot write {out}: {error.strerror}", "give --out a file that you may write"
        ) from None


def _human(report: Report) -> Iterator[str]:
    yield (
        f"{report.n:,} statements, {report.n_with_dependencies:,} with dependencies; "
        f"{report.dependencies:,} dependencies, {report.missing:,} of them not in the index (misses)"
    )
    yield ""
    rows = [["arm", *next(iter(report.arms.values()))]]
    rows += [[name, *(_cell(k, v) for k, v in measured.items())] for name, measured in report.arms.items()]
    yield from _table(rows)
    if report.differences:
        yield ""
        rows = [["difference", *_WITH_INTERVAL]]
        for name, measured in report.differences.items():
            rows.append([name, *(_percent(measured[k], "+") for k in _WITH_INTERVAL)])
        yield from _table(rows)
    yield ""
    if report.latency_ms is not None:
        spent = report.latency_ms
        yield f"one search: p50 {spent.p50:.1f} ms, p99 {spent.p99:.1f} ms ({spent.n} calls, warm)"
    for name, what in report.peers.items():
        yield f"{name}: {what}"
    if report.missing_names:
        shown = ", ".join(f"{m.name} ({m.count})" for m in report.missing_names[:_SHOWN_NAMES])
        rest = len(report.missing_names) - _SHOWN_NAMES
        yield f"not in the index: {shown}" + (f" and {rest} more" if rest > 0 else "")


def _cell(metric: str, interval: Interval) -> str:
    if metric in _AS_FRACTION:
        return f"{interval.value:.3f}"
    return _percent(interval) if metric in _WITH_INTERVAL else f"{interval.value:.1%}"


def _percent(interval: Interval, sign: str = "") -> str:
    low, high = (f"{100 * end:{sign}.1f}" for end in (interval.low, interval.high))
    return f"{interval.value:{sign}.1%} [{low}, {high}]"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows in columns, the first one flush left and the others right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        yield "  ".join((first.ljust(widths[0]), *cells))
