"""`cramf eval formalize`: measure what the formalizer writes against reference statements."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.cli.language_model import LLM_KINDS

if TYPE_CHECKING:
    from cramf.evaluation.formalize import Definitions, Report, Writer
    from cramf.evaluation.metrics import Interval
    from cramf.evaluation.references import Reference
    from cramf.knowledge.store import KnowledgeBase
    from cramf.retrieval.types import Hit

__all__ = ["formalize"]

_SYMBOLIC = "symbolic"
_ARMS = ("none", "retrieved", "oracle")
_SHOWN_REASONS = 15


@click.command(
    epilog="""\b
Examples:
  cramf eval formalize --data minif2f.jsonl
  cramf eval formalize --data proofnet.jsonl --json --out rows.jsonl
  cramf eval formalize --data proofnet.jsonl --llm openai:qwen3 --arm oracle

\b
A row of the file (a row that holds formal_statement under "verified" is read from there):
  {"informal_statement": "The sum of ...", "header": "import Mathlib", "formal_statement": "theorem ..."}

\b
Arms, for language models; the prompt is otherwise the same:
  none       no definitions
  retrieved  the ten that retrieval ranks first
  oracle     those that the row's mathlib_dependencies name

\b
Keys of --json: n, read, valid, equal, similarity (each value, low, high), ms (p50, p99), abstentions,
references_whole, llm, arm, data, index. Shares are of all n rows, but valid, which is one of those read.
equal: the same as the reference in the normal form that cramf/evaluation/normal_form.py describes. Lean
checks nothing here. Intervals are 95%, from 2,000 resamples of the rows.
"""
)
@click.option("--data", required=True, type=click.Path(path_type=Path), help="JSONL file of statements.")
@click.option(
    "--llm", default=_SYMBOLIC, show_default=True, metavar="BACKEND", help=f"{_SYMBOLIC}, or {LLM_KINDS}."
)
@click.option("--arm", type=click.Choice(_ARMS), default=None, help="Definitions given [retrieved].")
@click.option("--base-url", default=None, help="Server of an openai: model.")
@click.option("--index", "path", type=click.Path(path_type=Path), default=None, help="Index directory.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many rows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="JSONL file, a line for each row.")
def formalize(
    data: Path,
    llm: str,
    arm: str | None,
    base_url: str | None,
    path: Path | None,
    limit: int | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Measure what is written for the informal statements of a JSONL file against their formal ones."""
    from tqdm import tqdm

    from cramf.check.static import StaticChecker
    from cramf.cli.evaluate import check_writable, write_out
    from cramf.environment import default_core, default_index
    from cramf.errors import InputError
    from cramf.evaluation.formalize import evaluate_formalize, summary
    from cramf.evaluation.normal_form import Normaliser
    from cramf.evaluation.references import load_references
    from cramf.jsonable import dumps, to_jsonable
    from cramf.knowledge.core_library import load_core, with_core
    from cramf.knowledge.store import KnowledgeBase

    # Whatever can be wrong is told before anything long begins.
    for option, value in (("--arm", arm), ("--base-url", base_url)):
        if llm == _SYMBOLIC and value is not None:
            raise InputError(f"{option} is of use only with a language model", f"add --llm {LLM_KINDS}")
    check_writable(out)
    loaded = load_references(data)
    rows = loaded.rows[:limit]
    arm = arm or ("none" if llm == _SYMBOLIC else "retrieved")
    if arm == "oracle" and any(row.gold is None for row in rows):
        raise InputError(
            f"{data} has rows without mathlib_dependencies", "add them, or take another arm than oracle"
        )
    base = KnowledgeBase.open(path or default_index())
    vocabulary = with_core(base.vocabulary(), load_core(default_core()))
    checker = StaticChecker(vocabulary, base.manifest.toolchain, base.manifest.mathlib_commit or "")
    write = _writer(llm, arm, base_url, base, checker)
    with tqdm(total=len(rows), desc="rows", unit="row", file=sys.stderr, disable=as_json or None) as bar:
        outcomes = evaluate_formalize(rows, write, checker, Normaliser(vocabulary), lambda _: bar.update())
    if out is not None:
        write_out(out, "".join(dumps(outcome) + "\n" for outcome in outcomes))
    report = summary(outcomes)
    result: dict[str, Any] = {
        **to_jsonable(report),
        "llm": llm,
        "arm": arm,
        "data": {"file": str(data), "sha256": loaded.sha256, "rows": len(loaded.rows)},
        "index": {"path": str(base.path), "mathlib_commit": base.manifest.mathlib_commit},
    }
    click.echo(dumps(result) if as_json else "\n".join(_human(report)))


def _writer(llm: str, arm: str, base_url: str | None, base: KnowledgeBase, checker: Any) -> Writer:
    """What writes the statements; the retriever is loaded only where its definitions are asked for."""
    from cramf.evaluation.formalize import drafted, formalized

    if llm == _SYMBOLIC:
        from cramf.formalize.symbolic.backend import SymbolicBackend

        return drafted(SymbolicBackend())
    from cramf.cli.language_model import openai_backend

    backend = openai_backend(llm, base_url)
    manifest = base.manifest
    return formalized(
        backend,
        _definitions(arm, base),
        checker,
        toolchain=manifest.toolchain,
        mathlib_commit=manifest.mathlib_commit or "",
        index=base.path,
    )


def _definitions(arm: str, base: KnowledgeBase) -> Definitions:
    """The definitions that an arm gives for a row."""
    from cramf.retrieval.types import Hit

    if arm == "retrieved":
        from cramf.retrieval.retriever import Retriever

        retriever = Retriever.load(base.path)
        return lambda row, k: retriever.search(row.statement, k)
    if arm == "none":
        return lambda row, k: ()
    rows = {name: number for number, name in enumerate(base.definition_names)}

    def oracle(row: Reference, k: int | None) -> Sequence[Hit]:
        known = [rows[name] for name in sorted(row.gold or ()) if name in rows]
        return [Hit(base.definition(number), 1.0) for number in known]

    return oracle


def _human(report: Report) -> Iterator[str]:
    yield f"{report.n:,} statements; {report.references_whole:,} references read as a whole"
    shares = (
        ("read", report.read, ""),
        ("valid", report.valid, "of those read, by the static checker"),
        ("equal", report.equal, "to the reference in normal form"),
        ("similarity", report.similarity, "of the trees, 0 where nothing was written"),
    )
    for label, interval, what in shares:
        yield f"{label:<10}  {_percent(interval)}{f'  {what}' if what else ''}"
    yield f"one statement: p50 {report.ms.p50:.1f} ms, p99 {report.ms.p99:.1f} ms"
    if report.abstentions:
        yield ""
        yield "nothing written, why:"
        for reason in report.abstentions[:_SHOWN_REASONS]:
            yield f"{reason.count:6}  {reason.reason}"
        rest = report.abstentions[_SHOWN_REASONS:]
        if rest:
            yield f"{sum(r.count for r in rest):6}  {len(rest)} other reasons"


def _percent(interval: Interval) -> str:
    return f"{interval.value:6.1%} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
