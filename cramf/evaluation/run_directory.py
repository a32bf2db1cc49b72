"""The folder of one evaluation, from which it can be gone on with, scored and reported.

    run.json              what was asked: kind, settings, where the data came from; written once
    problems.jsonl        all problems, so that nothing else is needed to score and report
    results.jsonl         an answer a line, only ever added to; `results.2-of-4.jsonl` for a shard
    sessions.jsonl        a line each time somebody worked here: versions, machine, command
    scores.json           the metrics, written anew by each scoring
    outcomes.jsonl        what came of each problem, a flat row a line, by the same scoring
    extras.json           figures of further looks, a judge's or Lean's (their answers have their own files)

Two processes write to one folder only as different shards; a run of other settings or data is refused.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cramf.errors import CramfError, InputError, ResourceError
from cramf.evaluation.problems import Excluded, Origin, Problem, ProblemSet
from cramf.evaluation.work import Answer
from cramf.files import read_text, write_atomic
from cramf.formalize.decoding import decode
from cramf.formalize.journal import Journal, read_journal
from cramf.jsonable import dumps, to_jsonable

__all__ = ["FORMAT", "WHOLE", "RunDirectory", "Shard"]

FORMAT: Final = 1
"""Version of the folder; raised whenever what is in it changes its shape."""
_RUN, _PROBLEMS, _SESSIONS = "run.json", "problems.jsonl", "sessions.jsonl"
_SCORES, _OUTCOMES, _EXTRAS = "scores.json", "outcomes.jsonl", "extras.json"
_LOCK: Final = ".lock"
_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` (from 1) of `count`: every count-th problem.

    Raises:
        InputError: where there is no such part.
    """

    index: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise InputError(f"there is no shard {self.index}/{self.count}", "give 1/4, 2/4, 3/4 or 4/4")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that `2/4` names.

        Raises:
            InputError: where the text names none.
        """
        first, slash, second = text.partition("/")
        if not (slash and first.isdecimal() and second.isdecimal()):
            raise InputError(f"{text!r} is no shard", "give the part and the number of parts, such as 1/4")
        return cls(int(first), int(second))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @property
    def file(self) -> str:
        return "results.jsonl" if self.count == 1 else f"results.{self.index}-of-{self.count}.jsonl"


WHOLE: Final = Shard()


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The folder of a run: `kind` is the command, `settings` all that results depend on."""

    path: Path
    kind: str
    settings: Mapping[str, Any]
    origin: Origin
    problems: tuple[Problem, ...]
    excluded: tuple[Excluded, ...]

    @classmethod
    def prepare(cls, path: Path, kind: str, settings: Mapping[str, Any], data: ProblemSet) -> RunDirectory:
        """The folder for a run: made where there is none, else the one that is there, if it is of this run.

        Raises:
            InputError: where it holds a run of other settings or data, or other things.
            ResourceError: where it cannot be written to.
        """
        settings = to_jsonable(settings)
        wanted = cls(path, kind, settings, data.origin, data.problems, data.excluded)
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not (path / _RUN).exists():
                others = [p.name for p in path.iterdir() if not p.name.startswith(".")]
                # Another shard may have begun the run since the first look.
                if set(others) - {_PROBLEMS} and not (path / _RUN).exists():
                    raise InputError(f"{path} holds no run, but {others[0]}", "give --out an empty folder")
                with _alone(path):
                    if wanted._begin():
                        return wanted
        except OSError as error:
            raise wanted._unwritable(error) from None
        there = cls.open(path)
        differing = sorted(_differing(there._identity(), wanted._identity()))
        if not differing and there.problems != data.problems:
            differing = ["problems"]
        if differing:
            more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
            raise InputError(
                f"{path} holds another run: {', '.join(differing[:_SHOWN])}{more} differ",
                "give another --out, or the settings of that run (see its run.json)",
            )
        return there

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """The folder of a run that was begun.

        Raises:
            InputError: where it holds none, one of another version, or a damaged one.
        """
        if not (path / _RUN).is_file():
            raise InputError(f"{path} holds no run", "give the --out folder of a cramf eval command")
        try:
            run = json.loads(read_text(path / _RUN))
            if run["format"] != FORMAT:
                raise InputError(
                    f"{path} was written in format {run['format']}, this cramf reads {FORMAT}",
                    "use the cramf that wrote it, or run the evaluation again",
                )
            lines = read_text(path / _PROBLEMS).removesuffix("\n").split("\n")
            problems = tuple(_problem(json.loads(line)) for line in lines if line)
            if len(problems) != run["data"]["problems"]:
                raise ValueError(f"{len(problems)} problems where {run['data']['problems']} are wanted")
            return cls(
                path,
                run["kind"],
                run["settings"],
                decode(Origin, run["data"]["origin"]),
                problems,
                tuple(decode(Excluded, item) for item in run["data"]["excluded"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, CramfError):
                raise
            raise InputError(f"{path} holds a damaged run ({error})", "run the evaluation again") from None

    def journal(self, shard: Shard = WHOLE) -> Journal:
        """The file that answers are added to, locked.

        Raises:
            InputError, ResourceError: as `Journal`; another process at work on the same shard is told.
        """
        return Journal(self.path / shard.file, durable=False, keep=False)

    def answers(self) -> dict[str, Answer]:
        """The answers of all shards so far by key; of several of one key a result, else the last.

        Raises:
            InputError: where a file is damaged.
        """
        found: dict[str, Answer] = {}
        known: dict[str, str] = {}
        for file in sorted(self.path.glob("results*.jsonl")):
            for line in read_journal(file):
                key = line["key"]
                found[key] = _decoded(_shared(line, known), file).after(found.get(key))
        return found

    def add_session(self, record: Mapping[str, Any]) -> None:
        """Note who works here.

        Raises:
            ResourceError: where it cannot be written.
        """
        data = (dumps(record) + "\n").encode("utf-8", "replace")
        try:
            with _alone(self.path), (self.path / _SESSIONS).open("a+b", buffering=0) as handle:
                handle.seek(0)
                # A line that a kill or a full disk cut off would spoil the one after it.
                handle.truncate(handle.read().rfind(b"\n") + 1)
                while data:
                    data = data[handle.write(data) :]
        except OSError as error:
            raise self._unwritable(error) from None

    def sessions(self) -> list[dict[str, Any]]:
        """The sessions in their order; a line that was cut off is left out.

        Raises:
            InputError: where the file is damaged.
        """
        return list(self._sessions())

    def _sessions(self) -> Iterator[dict[str, Any]]:
        path = self.path / _SESSIONS
        if not path.is_file():
            return
        mend = "remove it; the results do not need it"
        try:
            lines = path.read_bytes().split(b"\n")[:-1]
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}", mend) from None
        for line in lines:
            try:
                session = json.loads(line)
            except (ValueError, RecursionError):
                session = None
            if not isinstance(session, dict):
                raise InputError(f"{path} is damaged", mend)
            yield session

    def write_scores(self, scores: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep the scores, and a row for each problem.

        Raises:
            ResourceError: where they cannot be written.
        """
        try:
            lines = "".join(dumps(row) + "\n" for row in rows)
            write_atomic(self.path / _OUTCOMES, lines.encode("utf-8", "replace"))
            write_atomic(self.path / _SCORES, (dumps(scores, indent=1) + "\n").encode("utf-8", "replace"))
        except OSError as error:
            raise self._unwritable(error) from None

    def outcomes(self) -> list[dict[str, Any]]:
        """The rows that were kept with the scores; none where there are no scores.

        Raises:
            InputError: where they are damaged.
        """
        path = self.path / _OUTCOMES
        if not path.is_file():
            return []
        try:
            return [json.loads(line) for line in read_text(path).split("\n") if line]
        except (ValueError, RecursionError):
            raise InputError(f"{path} is damaged", "score the run again: --rescore") from None

    def scores(self) -> dict[str, Any] | None:
        """The scores that were kept, None where there are none.

        Raises:
            InputError: where they are damaged.
        """
        return self._object(_SCORES, "score the run again: --rescore")

    def write_extra(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep what a further look at the run found, under a name, in place of what was there.

        Raises:
            ResourceError: where it cannot be written.
        """
        try:
            # A judge and Lean may well look at the same time, and none takes away what the other found.
            with _alone(self.path):
                kept = {**self.extras(), name: value}
                write_atomic(self.path / _EXTRAS, (dumps(kept, indent=1) + "\n").encode("utf-8", "replace"))
        except OSError as error:
            raise self._unwritable(error) from None

    def extras(self) -> dict[str, Any]:
        """What further looks found, by name.

        Raises:
            InputError: where it is damaged.
        """
        found = self._object(_EXTRAS, "remove it, and look again")
        return {} if found is None else found

    def _object(self, name: str, mend: str) -> dict[str, Any] | None:
        """The object in a JSON file, None where there is no such file."""
        path = self.path / name
        if not path.is_file():
            return None
        try:
            value = json.loads(read_text(path))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise InputError(f"{path} is damaged", mend)
        return value

    def _unwritable(self, error: OSError) -> ResourceError:
        return ResourceError(
            f"cannot write to {self.path}: {error.strerror}", "check the folder and the disk's space"
        )

    def _begin(self) -> bool:
        """Write what a run begins with, what tells a run last; False where somebody else was first."""
        if (self.path / _RUN).exists():
            return False
        lines = "".join(dumps(problem) + "\n" for problem in self.problems)
        write_atomic(self.path / _PROBLEMS, lines.encode())
        write_atomic(self.path / _RUN, (dumps(self._described(), indent=1) + "\n").encode())
        return True

    def _identity(self) -> dict[str, Any]:
        """What must agree for a run to be gone on with; from where the data were read may differ."""
        data = {"sha256": self.origin.sha256, "excluded": len(self.excluded)}
        return {"kind": self.kind, "settings": self.settings, "data": data}

    def _described(self) -> dict[str, Any]:
        """What `run.json` holds."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "settings": dict(self.settings),
            "data": {
                "sha256": self.origin.sha256,
                "problems": len(self.problems),
                "origin": to_jsonable(self.origin),
                "excluded": to_jsonable(self.excluded),
            },
        }


def _decoded(line: Mapping[str, Any], file: Path) -> Answer:
    """The answer of a line.

    Raises:
        InputError: where it holds none.
    """
    try:
        return decode(Answer, line)
    except (ValueError, CramfError) as error:
        raise InputError(f"{file} holds a result of another shape ({error})", "give another --out") from None


def _shared(value: Any, known: dict[str, str]) -> Any:
    """JSON values in which equal texts are one: names of definitions stand in thousands of rankings."""
    if type(value) is str:
        return known.setdefault(value, value)
    if type(value) is list:
        return [_shared(inner, known) for inner in value]
    if type(value) is dict:
        return {key: _shared(inner, known) for key, inner in value.items()}
    return value


def _problem(values: dict[str, Any]) -> Problem:
    if values["gold"] is not None:
        values["gold"] = frozenset(values["gold"])
    return Problem(**values)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else begins the run of a folder or notes a session in it meanwhile; shards may start at once."""
    with (path / _LOCK).open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _differing(a: Mapping[str, Any], b: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Dotted names of the values in which two described runs differ."""
    for name in {*a, *b}:
        ours, theirs = a.get(name), b.get(name)
        where = f"{place}{name}"
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            yield from _differing(ours, theirs, where + ".")
        elif ours != theirs:
            yield where
