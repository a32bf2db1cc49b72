"""What Lean, Lake and the REPL print, as values: messages with positions, build progress, answers.

Pure text in, frozen values out. Three forms are read: the text that `lake build` prints (and plain `lean`),
the one-object-a-line form of `lean --json`, and the answers of the Lean REPL. What a message means is read
from its wording, see `wording`. No text makes a function here raise, and none takes more than linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cramf.lean.message import LABELS, Message, broken_json, json_message, parse_json, plain
from cramf.lean.repl_answers import ReplResponse, ReplSorry, parse_repl, read_repl, split_responses
from cramf.lean.suggestions import suggested_names
from cramf.lean.wording import CATEGORIES, Classified, categorise, classify, offending_name

__all__ = [
    "CATEGORIES",
    "BuildLog",
    "Classified",
    "Message",
    "Progress",
    "ReplResponse",
    "ReplSorry",
    "categorise",
    "classify",
    "offending_name",
    "parse_build",
    "parse_json",
    "parse_repl",
    "read_repl",
    "split_responses",
    "suggested_names",
]


@dataclass(frozen=True, slots=True)
class Progress:
    """A line such as `✔ [2/3] Built Foo (1.2s)`; `mark` is the icon, empty in older versions."""

    mark: str
    verb: str
    target: str

    @property
    def failed(self) -> bool:
        return self.mark in ("✖", "✗")


@dataclass(frozen=True, slots=True)
class BuildLog:
    """Everything read from one run of `lake build`.

    `failures` are the targets of the closing list; `completed` is True where Lake said that all is built.
    """

    messages: tuple[Message, ...] = ()
    progress: tuple[Progress, ...] = ()
    failures: tuple[str, ...] = ()
    completed: bool = False

    @property
    def errors(self) -> tuple[Message, ...]:
        return tuple(m for m in self.messages if m.severity == "error")

    def built(self, module: str) -> bool:
        """Whether a progress line says that `module` was built and not that it failed."""
        return any(
            p.target == module and not p.failed and p.verb in ("Built", "Building", "Replayed")
            for p in self.progress
        )


# -- lake's text -------------------------------------------------------------------------------------------

_LABEL = r"(?P<label>error|warning|information|info|trace)(?:\((?P<kind>[^()\s]+)\))?"
# A number so long that no file has that many lines is no number of a line (and `int` refuses it).
_N = r"[0-9]{1,9}"
_END = rf"(?:-(?P<end_line>{_N}):(?P<end_column>{_N}))?"
_FILE = r"(?:[A-Za-z]:(?=[\\/]))?[^\s:][^:\n]*\.lean"
_PLACE = rf"(?P<file>{_FILE}):(?:(?P<line>{_N}):(?P<column>{_N}){_END}:)?"
_LABEL_RE = re.compile(rf"{_LABEL}: ?(?P<rest>.*)", re.DOTALL)
_PLACE_RE = re.compile(rf"{_PLACE} ?(?P<rest>.*)", re.DOTALL)
# Plain `lean` puts no label on information, so a position alone begins a message only with line and column.
_BARE_PLACE_RE = re.compile(rf"{_FILE}:{_N}:{_N}(?:-{_N}:{_N})?:")
_PROGRESS = re.compile(
    r"(?P<mark>[✔✖✓✗⚠ℹ]?) ?\[[0-9?]{1,9}/[0-9?]{1,9}\] (?:\(Optional\) )?(?P<verb>[A-Z][a-z]+) "
    r"(?P<target>\S.*?)(?: \([0-9.]{1,12}m?s\))?"
)
_SPINNER = re.compile(r"[⣾⣷⣯⣟⡿⢿⣻⣽].*")
_FOOTER = re.compile(r"Some (?:required )?(?:builds|targets|build steps) (?:logged failures|failed)[^\n]*:")
_FAILED_TARGET = re.compile(r"- (?P<target>\S.*)")
_COMPLETED = re.compile(r"(?:Build completed successfully|All targets up-to-date|Nothing to build)[^\n]*")
_FAILED_JOBS = re.compile(r"  ✖ \d+ jobs? failed")
_FAILED_JOB = re.compile(r"    (?P<target>\S.*)")
_SUMMARY_TABLE = re.compile(r"Build summary:|  [✔⚠✖] \d+ jobs? .*|  No jobs\.|Uncaught top-level .*")


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _text_message(block: str) -> Message:
    """Message of one block of lines whose first line begins it."""
    severity, kind, rest = "information", None, block
    place: dict[str, str | None] = {}
    # Lake puts the label before the place, Lean after it.
    for _ in range(2):
        label = _LABEL_RE.match(rest)
        if label and severity == "information":
            severity = LABELS.get(label["label"], label["label"])
            kind, rest = label["kind"] or kind, label["rest"]
        found = None if place else _PLACE_RE.match(rest)
        if found:
            place = found.groupdict()
            rest = found["rest"]
    return Message(
        severity=severity,
        text=rest.strip(),
        file=place.get("file"),
        line=_number(place.get("line")),
        column=_number(place.get("column")),
        end_line=_number(place.get("end_line")),
        end_column=_number(place.get("end_column")),
        name=kind,
    )


def parse_build(text: str) -> BuildLog:
    """Read what `lake build` (or plain `lean`) printed; colours and carriage returns are taken off first.

    A line that begins like a message begins one, even inside another: no error is lost that way.
    """
    messages: list[Message] = []
    progress: list[Progress] = []
    failures: list[str] = []
    block: list[str] = []
    completed, listing = False, None  # type: bool, re.Pattern[str] | None

    def close() -> None:
        if block:
            messages.append(_text_message("\n".join(block)))
            block.clear()

    def take(line: str) -> None:
        nonlocal completed, listing
        target = listing.fullmatch(line) if listing else None
        if target:
            failures.append(target["target"])
            return
        listing = None
        if not line:
            if block:
                block.append(line)
        elif step := _PROGRESS.fullmatch(line):
            close()
            progress.append(Progress(step["mark"], step["verb"], step["target"]))
        elif _FOOTER.fullmatch(line):
            close()
            listing = _FAILED_TARGET
        elif _COMPLETED.fullmatch(line):
            close()
            completed = True
        elif _SUMMARY_TABLE.fullmatch(line) or _SPINNER.fullmatch(line):
            close()
            listing = _FAILED_JOB if _FAILED_JOBS.fullmatch(line) else None
        elif _LABEL_RE.match(line) or _BARE_PLACE_RE.match(line):
            close()
            block.append(line)
        elif line.startswith("{") and (message := json_message(line) or broken_json(line)) is not None:
            close()
            messages.append(message)
        elif block:
            block.append(line)
        # Anything else stands outside every message (elan's own progress) and says nothing of the code.

    for raw in plain(text).split("\n"):
        take(raw.rstrip())
    close()
    return BuildLog(tuple(messages), tuple(progress), tuple(failures), completed)
