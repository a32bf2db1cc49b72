"""What a report says of a run besides its figures: data, warnings, settings, environments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cramf.evaluation.lean_versions import lean_gap
from cramf.evaluation.report.gathering import Gathered, RunRead
from cramf.evaluation.report.tables import Cell, Table

__all__ = ["TITLES", "data_pairs", "environment_table", "excluded_table", "settings_table", "warnings"]

TITLES: Final = {"retrieval": "Retrieval", "formalize": "Formalizing", "check": "Checking"}
_SHOWN: Final = 500


def data_pairs(read: RunRead) -> list[tuple[str, str]]:
    """What was evaluated, name by name; what nobody told is said to be unknown."""
    origin, run = read.directory.origin, read.run
    total = len(read.directory.problems)
    part = "" if len(run.problems) == total else f"the first {len(run.problems):,} of "
    named = ", ".join(file.path for file in origin.files[:3]) or "unknown"
    more = f" and {len(origin.files) - 3:,} more" if len(origin.files) > 3 else ""
    failures = ", ".join(f"{count:,} {kind}" for kind, count in run.failures.items()) or "none"
    pairs = [
        ("Benchmark", origin.benchmark or "a file of one's own"),
        ("Files", named + more),
        ("Source", origin.source or "unknown"),
        ("Version", origin.version or "unknown"),
        ("Lean version", origin.lean or "unknown"),
        ("Licence", origin.licence or "unknown"),
        ("SHA-256", origin.sha256),
        ("Problems", f"{part}{total:,}"),
        ("Answered", f"{read.answered:,} of {len(run.problems):,}"),
        ("Without a result", f"{failures}; counted as misses" if run.failures else failures),
        ("Excluded rows", f"{len(read.directory.excluded):,}; in no figure"),
        ("Contamination", origin.contamination or "nothing is known"),
    ]
    if origin.library:
        pairs.append(("Library", origin.library))
    if origin.fields:
        pairs.append(("Field map", ", ".join(f"{name} = {path}" for name, path in origin.fields.items())))
    if read.scores is not None:
        pairs.append(("Seed of the intervals", str(read.scores["seed"])))
    return pairs


def warnings(gathered: Gathered) -> list[str]:
    """What a reader must know before the figures, a line each; what holds for all runs is said once."""
    every = [list(_of_run(read)) for read in gathered.runs]
    common = [line for line in every[0] if all(line in lines for lines in every)]
    own = [
        f"{read.label}: {line}"
        for read, lines in zip(gathered.runs, every, strict=True)
        for line in lines
        if line not in common
    ]
    return [*own, *common]


def _of_run(read: RunRead) -> Iterator[str]:
    if read.trouble:
        yield read.trouble
    if read.run.failures:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in read.run.failures.items())
        failed = _count(sum(read.run.failures.values()), "problem")
        yield f"{failed} without a result, counted as missed: {kinds}."
    if read.directory.excluded:
        yield f"{_count(len(read.directory.excluded), 'row')} of the data could not be used: in no figure."
    if len(read.run.problems) < len(read.directory.problems):
        of = f"{len(read.run.problems):,} of {len(read.directory.problems):,}"
        yield f"Only the first {of} problems were evaluated."
    gap = lean_gap(read.directory.origin.lean, _toolchain(read.directory.settings))
    if gap:
        yield f"The data were {gap}."
    yield from read.directory.origin.notes


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _toolchain(settings: Mapping[str, Any]) -> str:
    index = settings.get("index") or settings.get("checker", {}).get("index") or {}
    return str(index.get("toolchain") or "")


def excluded_table(read: RunRead) -> Table | None:
    """The rows that were left out, with the reasons; None where there are none."""
    excluded = read.directory.excluded
    if not excluded:
        return None
    rows: list[tuple[Cell, ...]] = [(each.place, each.name, each.reason) for each in excluded[:_SHOWN]]
    if len(excluded) > _SHOWN:
        rows.append((f"{len(excluded) - _SHOWN:,} more rows are listed in run.json", "", ""))
    return Table("excluded", "Excluded rows", ("Place", "Name", "Reason"), tuple(rows))


def settings_table(read: RunRead) -> Table:
    """All that the results depend on, by dotted names."""
    rows = tuple(_flat(read.directory.settings))
    return Table("settings", "Settings", ("Setting", "Value"), rows)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, ", ".join(map(str, value))
        else:
            yield prefix + name, "–" if value is None or value == {} else str(value)


def environment_table(read: RunRead) -> Table:
    """Who worked on the run: a row a session."""
    columns = ("Begun", "CRAMF", "Python", "Machine", "How", "Todo", "Packages", "Command")
    return Table("sessions", "Sessions", columns, tuple(_session(session) for session in read.sessions))


def _session(session: Mapping[str, Any]) -> tuple[Cell, ...]:
    commit = session.get("commit") or ""
    memory = session.get("memory_bytes")
    machine = [str(session.get("platform", "")), str(session.get("cpu", "")), f"{session.get('cores')} cores"]
    if memory:
        machine.append(f"{memory / 2**30:.0f} GiB")
    how = [str(session.get("executor", ""))]
    how += [f"shard {session['shard']}"] if session.get("shard") not in (None, "1/1") else []
    how += [f"limit {session['limit']:,}"] if session.get("limit") else []
    packages = session.get("packages") or {}
    return (
        str(session.get("time", "")),
        f"{session.get('cramf', '')} {commit[:10]}{'+' if commit.endswith('+') else ''}".strip(),
        str(session.get("python", "")),
        ", ".join(part for part in machine if part),
        ", ".join(part for part in how if part),
        session.get("todo"),
        ", ".join(f"{name} {version}" for name, version in packages.items()),
        " ".join(map(str, session.get("command") or ())),
    )
