"""The tables of one run's figures, by its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cramf.evaluation.report.gathering import RunRead
from cramf.evaluation.report.tables import Cell, Measure, Open, Table, fraction, measure, milliseconds

__all__ = ["AS_FRACTION", "HEADLINES", "OPEN_COMMANDS", "figure_tables", "figures", "metric_cell"]

AS_FRACTION: Final = ("nDCG", "MRR")
"""Metrics that are no shares, by the beginning of their names."""
HEADLINES: Final = ("R@5", "R@10", "nDCG@10", "MRR")
"""Retrieval metrics that stand for an arm where there is room for few."""
OPEN_COMMANDS: Final = {
    "compile": "cramf eval formalize … --check repl, on a machine with Lean",
    "check": "cramf eval check … --check repl, on a machine with Lean",
    "faithful": "cramf eval formalize --out DIR --rescore --judge openai:MODEL",
    "beq": "cramf eval formalize --out DIR --rescore --equivalence beq, on a machine with Lean",
    "beq_plus": "cramf eval formalize --out DIR --rescore --equivalence beq+, on a machine with Lean",
}
"""What fills a figure that a run has not."""
_MOST: Final = 30
_WILSON: Final = "Intervals of shares are Wilson's at 95%, all others 95% bootstrap intervals over problems."
_LATER: Final = {
    "faithful": ("Faithful", "judged to say what the informal statement says, of all"),
    "beq": ("BEq", "proved equivalent to the reference by BEq's tactics, of all"),
    "beq_plus": ("BEq+", "proved equivalent to the reference by BEq+'s tactics, of all"),
    "beq_l": ("BEqL", "proved equivalent to the reference by BEqL's tactics, of all"),
}
_MORE: Final = {
    "most": "if all that is undecided or failed were faithful",
    "of_decided": "of those with a verdict",
    "corrected": "of those written, the judge's errors on labelled pairs allowed for",
}
"""What the further figures of a judge say."""
_KNOWN: Final = frozenset(
    "n read valid compile pass_at_k references references_whole equal similarity names splits ms abstentions "
    "categories tokens cost kind seed data lean_gap contamination failures environments settings checker "
    "by_lean statuses false_alarms detected".split()
)


def figure_tables(read: RunRead) -> list[Table]:
    """All tables of a run, the most important first; none where it has no scores."""
    if read.scores is None:
        return []
    if read.kind == "retrieval":
        return list(_retrieval(read.scores))
    return [_figures_table(read), *_counts(read.scores)]


def figures(read: RunRead) -> dict[str, tuple[Cell, int | None, str]]:
    """Figures by name, each with the number of problems that it is of and what it says.

    Of a retrieval run these are the `HEADLINES` of each arm. None where there are no scores.
    """
    scores = read.scores
    if scores is None:
        return {}
    if read.kind == "retrieval":
        return {
            f"{arm} {name}": (metric_cell(name, values[name]), scores["n_with_dependencies"], "")
            for arm, values in scores["arms"].items()
            for name in HEADLINES
            if name in values
        }
    found = _check_figures(scores) if read.kind == "check" else _formalize_figures(scores)
    return dict(found) | _others(scores)


def metric_cell(name: str, value: Mapping[str, Any], sign: str = "") -> Measure:
    """A retrieval metric; `sign` is `+` for a difference."""
    return measure(value, sign + ("fraction" if name.startswith(AS_FRACTION) else "percent"))


# -- Retrieval ----------------------------------------------------------------------------------------------


def _retrieval(scores: Mapping[str, Any]) -> Iterator[Table]:
    names = tuple(dict.fromkeys(name for values in scores["arms"].values() for name in values))
    note = (
        f"{scores['n']:,} statements, {scores['n_with_dependencies']:,} of them with gold names; "
        f"{scores['dependencies']:,} gold names, {scores['missing']:,} of which the index does not have and "
        "every arm misses. R@k and F1@k are micro-averaged over gold names, all others averaged over "
        "statements with gold names. 95% bootstrap intervals over statements."
    )
    yield Table(
        "arms",
        "Arms",
        ("Arm", *names),
        tuple(_metric_row(arm, values, names) for arm, values in scores["arms"].items()),
        note,
    )
    if scores["differences"]:
        yield Table(
            "differences",
            "Differences to the peers",
            ("Difference", *names),
            tuple(_metric_row(arm, values, names, "+") for arm, values in scores["differences"].items()),
            "The paired bootstrap: both arms on the same resampled statements.",
        )
    if scores["peers"]:
        yield Table(
            "peers", "What the peers are", ("Arm", "What it ranks by"), tuple(scores["peers"].items())
        )
    if scores["latency_ms"]:
        spent = scores["latency_ms"]
        yield Table(
            "latency",
            "Time of one search",
            ("", "Median", "99th percentile", "n"),
            (("full", milliseconds(spent["p50"]), milliseconds(spent["p99"]), spent["n"]),),
        )
    if scores["missing_names"]:
        yield _ranking(
            "missing", "Gold names that the index does not have", "Name", "name", scores["missing_names"]
        )


def _metric_row(
    label: str, values: Mapping[str, Any], names: tuple[str, ...], sign: str = ""
) -> tuple[Cell, ...]:
    return label, *(metric_cell(name, values[name], sign) if name in values else None for name in names)


# -- Formalizing and checking -------------------------------------------------------------------------------


def _figures_table(read: RunRead) -> Table:
    rows = tuple((name, cell, n, what) for name, (cell, n, what) in figures(read).items())
    return Table("figures", "Of all problems", ("Figure", "Value", "n", "What it says"), rows, _WILSON)


def _formalize_figures(scores: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Cell, int | None, str]]]:
    n, references = scores["n"], scores["references"]
    read, valid, done = scores["read"], scores["valid"], scores["compile"]
    yield "Written", (measure(read), n, "a statement was written, of all")
    if not done["by_lean"]:
        what = "Lean elaborates what was written, of all"
        yield "Compile rate", (Open(OPEN_COMMANDS["compile"]), n, what)
    checker = done["checker"]
    passed = f"the {checker} checker passes it" if not done["by_lean"] else f"Lean elaborates it ({checker})"
    doubt = f"; {done['undecided']:,} got no answer and count as not passed" if done["undecided"] else ""
    name = "Compile rate" if done["by_lean"] else f"Passed ({checker})"
    yield name, (measure(done["of_all"]), n, f"{passed}, of all{doubt}")
    yield f"{name}, of written", (measure(valid), valid["n"], f"{passed}, of those written")
    for each in scores["pass_at_k"]:
        short = f"; {each['short']:,} problems with fewer samples left out" if each["short"] else ""
        what = f"one of {each['k']:,} first samples passes, unbiased estimate{short}"
        yield f"pass@{each['k']}", (measure(each["rate"]), each["n"], what)
    if references:
        whole = scores["references_whole"]
        some = "" if whole == references else f"; {whole:,} references could be read as a whole"
        what = f"the reference in normal form (without Lean), of those with one{some}"
        yield "Equal", (measure(scores["equal"]), references, what)
        what = "of the trees in normal form, 0 where nothing was written"
        yield "Similarity", (fraction(scores["similarity"]), references, what)
    for key, (label, what) in _LATER.items():
        yield from _later(key, label, what, scores.get(key), n)


def _later(
    key: str, label: str, what: str, value: Any, n: int
) -> Iterator[tuple[str, tuple[Cell, int | None, str]]]:
    """A figure that comes with a judge or with Lean: its rate, what is undecided, and what else there is."""
    if not isinstance(value, Mapping):
        if key in OPEN_COMMANDS:
            yield label, (Open(OPEN_COMMANDS[key]), n, what)
        return
    size = value.get("n", n)
    judge = value.get("judge")
    by = f" ({judge['model']}, {judge['method']}, {judge['votes']} votes)" if judge else ""
    doubts = [
        f"{value[name]:,} {_spoken(name)}"
        for name in ("undecided", "failed", "unwritten", "ill_typed", "references_ill_typed")
        if value.get(name)
    ]
    told = what.removesuffix(", of all") + by + ", of all" + (f"; {', '.join(doubts)}" if doubts else "")
    for name, cell in _intervals(value):
        if name == "rate":
            yield label, (cell, size, told)
        else:
            yield f"{label}: {_spoken(name)}", (cell, None, _MORE.get(name, ""))


def _check_figures(scores: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Cell, int | None, str]]]:
    n, done, checker = scores["n"], scores["compile"], scores["checker"]
    if not scores["by_lean"]:
        yield "Compile rate", (Open(OPEN_COMMANDS["check"]), n, "Lean elaborates the reference, of all")
    name = "Compile rate" if scores["by_lean"] else f"Passed ({checker})"
    doubt = f"; {done['undecided']:,} got no answer and count as not passed" if done["undecided"] else ""
    yield name, (measure(done["of_all"]), n, f"the {checker} checker passes the reference, of all{doubt}")
    for key, label, what in (
        ("false_alarms", "False alarms", "does not pass, of those known to elaborate"),
        ("detected", "Detected", "found invalid, of those known not to elaborate"),
    ):
        if scores[key] is not None:
            yield label, (measure(scores[key]), scores[key]["n"], what)


def _others(scores: Mapping[str, Any]) -> dict[str, tuple[Cell, int | None, str]]:
    """Figures that were added to the scores after this was written: whatever has an interval."""
    found: dict[str, tuple[Cell, int | None, str]] = {}
    for key, value in scores.items():
        if key in _KNOWN or key in _LATER or not isinstance(value, Mapping):
            continue
        for name, cell in _intervals(value):
            found[_spoken(f"{key} {name}")] = (cell, value.get("n"), "")
    return found


def _intervals(value: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Measure]]:
    if {"value", "low", "high"} <= value.keys() or "wilson" in value:
        # The agreement of a judge is no share, and can be below 0.
        chance = name.endswith(("kappa", "ac1"))
        yield (
            name.replace("corrected corrected", "corrected"),
            measure(value, "fraction" if chance else "percent"),
        )
        return
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _intervals(inner, f"{name} {key}".strip())


def _spoken(name: str) -> str:
    return name.replace("_", " ").strip()


def _counts(scores: Mapping[str, Any]) -> Iterator[Table]:
    names = scores.get("names")
    if names:
        yield Table(
            "names",
            "Declarations used, against the gold names",
            ("Measure", "Value"),
            tuple((name[:1].upper() + name[1:], measure(value)) for name, value in names["metrics"].items()),
            f"{names['n']:,} statements with gold names ({names['unwritten']:,} of them not written, "
            f"{names['unlabelled']:,} others have no gold names): {names['found']:,} names found of "
            f"{names['gold']:,} gold and {names['used']:,} used.",
        )
    if scores.get("statuses"):
        rows = tuple((_spoken(name), count) for name, count in scores["statuses"].items())
        yield Table("statuses", "Verdicts", ("Verdict", "Problems"), rows)
    if scores["categories"]:
        rows = tuple((_spoken(name), count) for name, count in scores["categories"].items())
        yield Table("categories", "Categories of errors", ("Category", "Problems"), rows)
    if scores.get("abstentions"):
        yield _ranking("abstentions", "Nothing written, why", "Reason", "reason", scores["abstentions"])
    spent = scores["ms"]
    what = "writing one statement" if "read" in scores else "checking one statement"
    row = (what, milliseconds(spent["p50"]), milliseconds(spent["p99"]))
    yield Table("latency", "Time", ("", "Median", "99th percentile"), (row,))
    if scores.get("tokens"):
        cost = "not known" if scores["cost"] is None else f"${scores['cost']:.2f}"
        yield Table("spent", "Spent", ("", "Amount"), (("Tokens", scores["tokens"]), ("Cost", cost)))


def _ranking(key: str, title: str, column: str, field: str, counts: list[dict[str, Any]]) -> Table:
    """The most frequent of things that were counted; the rest is one row, so that nothing is lost."""
    rows: list[tuple[Cell, ...]] = [(each[field], each["count"]) for each in counts[:_MOST]]
    rest = counts[_MOST:]
    if rest:
        rows.append((f"{len(rest):,} others", sum(each["count"] for each in rest)))
    return Table(key, title, (column, "Times"), tuple(rows))
