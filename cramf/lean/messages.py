"""What Lean and Lake print, as values: messages with positions, build progress, and the kind of each message.

Pure text in, frozen values out. Two forms are read: the text that `lake build` prints (and plain `lean`), and
the one-object-a-line form of `lean --json`. Wording differs between Lean versions (v4.9 to v4.33 are
covered); every known wording is one row of a table below, so a new wording is a new row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "CATEGORIES",
    "BuildLog",
    "Classified",
    "Message",
    "Progress",
    "categorise",
    "classify",
    "offending_name",
    "parse_build",
    "parse_json",
    "suggested_names",
]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `severity` is `error`, `warning`, `information` or `trace`.

    `line` counts from 1, `column` from 0 in code points; all are None where Lean gave no position. `name` is
    Lean's own name of the error (`lean.unknownIdentifier`) where it has one.
    """

    severity: str
    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    name: str | None = None

    @property
    def category(self) -> str:
        """Kind of the message, one of `CATEGORIES`."""
        return _NAMED.get(self.name or "", "") or categorise(self.text)

    @property
    def exit_code(self) -> int | None:
        """Exit code that this message reports of the `lean` process, or None where it is no such report."""
        found = _EXITED.match(self.text)
        return int(found["code"]) if found else None

    @property
    def is_summary(self) -> bool:
        """Whether this is Lake's own closing line about other errors, and says nothing new."""
        return self.file is None and _SUMMARY.match(self.text) is not None


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


class Classified(NamedTuple):
    """Category of a message and the name it complains about, where one can be read."""

    category: str
    name: str | None


# -- wording of messages -----------------------------------------------------------------------------------

# A quoted name: 'x' in older versions, `x` in newer. A prime may end a name, hence no quote after the last.
_Q = r"(?:'(?P<name>[^\n]+?)'(?!')|`+(?P<tick>[^`\n]+)`)"

_ROWS: tuple[tuple[str, str], ...] = (
    ("sorry", r"\Adeclaration uses (?:'sorry'|`sorry`|sorry)"),
    ("heartbeat_timeout", r"\(deterministic\) timeout at|maximum number of heartbeats|\Aelaborator timeout"),
    ("deprecated", rf"\A{_Q} has been deprecated"),
    ("deprecated", r"\A(?:this )?(?P<name>\S+) is deprecated"),
    ("linter", r"This linter can be disabled with `set_option (?P<name>linter\.[\w.]+) false`"),
    ("linter", r"\[(?P<name>linter\.[\w.]+)\]\s*\Z"),
    ("linter", rf"\Aunused variable {_Q}"),
    ("unknown_module", rf"\A(?:unknown|bad|missing) (?:module(?: prefix)?|package|import) {_Q}"),
    ("unknown_module", r"\Aobject file '[^']*' of module (?P<name>\S+) does not exist"),
    ("unknown_module", rf"\A{_Q}: no such file or directory|\Ano such file or directory"),
    ("unknown_namespace", rf"(?i:\Aunknown namespace) {_Q}"),
    ("unknown_identifier", rf"(?i:\Aunknown identifier) {_Q}"),
    ("unknown_identifier", rf"(?i:\Aunknown (?:option|attribute|tactic|goal)) {_Q}"),
    ("universe", rf"(?i:\Aunknown universe level) {_Q}"),
    ("unknown_constant", rf"(?i:\Aunknown (?:constant|declaration)) {_Q}"),
    (
        "unknown_constant",
        rf"(?i:\Ainvalid field) [^\n]*[,:] (?i:the )environment does not contain (?:a function )?{_Q}",
    ),
    ("unknown_constant", rf"(?i:\A(?:field|structure instance field|invalid constructor name)) {_Q}"),
    ("unknown_constant", rf"\A{_Q} is not a (?:field|constructor|structure)"),
    ("ambiguous", rf"(?i:\Aambiguous (?:identifier|namespace|term|name)) {_Q}"),
    ("ambiguous", r"(?i:\Aambiguous)|\A(?:overloaded, errors|Overloaded)"),
    ("autobound", rf"(?i:\A(?:invalid auto implicit|auto-bound|autobound)[^\n]*?) {_Q}"),
    ("autobound", r"(?i:\A[^\n]*auto-?bound implicit)"),
    (
        "universe",
        r"(?i:\A(?:stuck at solving|can't solve|invalid|too many|too many explicit) universe)",
    ),
    ("universe", r"\A[^\n]*(?:universe constraint|universe level)"),
    (
        "failed_to_synthesize",
        r"(?i:\Afailed to synthesize)(?: instance(?: of type class)?)?:?\s+(?P<name>[^\s(){}]+)",
    ),
    ("failed_to_synthesize", r"(?i:\Atypeclass instance problem is stuck)[^\n]*\n\s*(?P<name>[^\s(){}]+)"),
    ("failed_to_synthesize", r"(?i:\Afailed to (?:synthesize|infer instance))|\Atypeclass instance problem"),
    ("function_expected", r"(?i:\Afunction expected)(?: at)?\s*(?P<name>[^\s(){}]+)?"),
    ("type_mismatch", r"(?i:\A(?:application )?type mismatch)|(?i:\A[^\n]*has type\b)|\Atype expected"),
    ("syntax", rf"\Aunexpected token {_Q}"),
    (
        "syntax",
        r"\A(?:unexpected|expected|unterminated|missing end of|invalid escape|invalid end of input)\b",
    ),
    ("syntax", r"(?i:\Atabs are not allowed|\Aisolated carriage)|\Amissing '(?:end|\)|\])|\Aillegal"),
)
_TABLE = tuple((category, re.compile(pattern)) for category, pattern in _ROWS)

CATEGORIES: frozenset[str] = frozenset({category for category, _ in _ROWS} | {"other"})
"""Every value that `categorise` can give."""

_NAMED = {
    "lean.unknownIdentifier": "unknown_identifier",
    "lean.synthInstanceFailed": "failed_to_synthesize",
}
"""Lean's own error names whose category is certain."""

_SUGGESTIONS = (
    re.compile(r"has been deprecated[:,] +(?i:use) (?:'([^'\n]+)'|`([^`\n]+)`)"),
    re.compile(r"(?i:did you mean|perhaps you meant)[^\n]*? (?:'([^'\n]+)'|`([^`\n]+)`)"),
    re.compile(r"(?i:\n\s*Hint: (?:Perhaps|Use|Did)[^\n]*?) (?:'([^'\n]+)'|`([^`\n]+)`)"),
)
_SUGGESTION_LIST = re.compile(r"(?:Did you mean|Perhaps you meant)[^\n]*:\n((?:\s*[•-] [^\n]+\n?)+)")


def classify(text: str) -> Classified:
    """Category and offending name of a message's text; `("other", None)` where no row of the table fits."""
    for category, pattern in _TABLE:
        found = pattern.search(text)
        if found:
            groups = found.groupdict()
            return Classified(category, groups.get("name") or groups.get("tick"))
    return Classified("other", None)


def categorise(text: str) -> str:
    """Category of a message's text, one of `CATEGORIES`."""
    return classify(text).category


def offending_name(text: str) -> str | None:
    """The name that a message complains about (`Foo` in "unknown constant 'Foo'"), or None."""
    return classify(text).name


def suggested_names(text: str) -> tuple[str, ...]:
    """Names that Lean itself puts forward: the successor of a deprecated one, a "did you mean"."""
    names: list[str] = []
    for pattern in _SUGGESTIONS:
        names += [one or other for one, other in pattern.findall(text)]
    for block in _SUGGESTION_LIST.findall(text):
        names += re.findall(r"[•-] ['`]?([^\s'`:]+)", block)
    return tuple(dict.fromkeys(names))


# -- lake's text -------------------------------------------------------------------------------------------

_LABEL = r"(?P<label>error|warning|information|info|trace)(?:\((?P<kind>[^()\s]+)\))?"
_END = r"(?:-(?P<end_line>\d+):(?P<end_column>\d+))?"
_PLACE = rf"(?P<file>[^\s:][^:\n]*\.lean):(?:(?P<line>\d+):(?P<column>\d+){_END}:)?"
_LABEL_RE = re.compile(rf"{_LABEL}: ?(?P<rest>.*)", re.DOTALL)
_PLACE_RE = re.compile(rf"{_PLACE} ?(?P<rest>.*)", re.DOTALL)
# Plain `lean` puts no label on information, so a position alone begins a message only with line and column.
_BARE_PLACE_RE = re.compile(r"[^\s:][^:\n]*\.lean:\d+:\d+(?:-\d+:\d+)?:")
_PROGRESS = re.compile(
    r"(?P<mark>[✔✖✓✗⚠ℹ]?)\s*\[\d+/\d+\]\s+(?:\(Optional\)\s+)?(?P<verb>[A-Z][a-z]+)\s+"
    r"(?P<target>\S.*?)(?:\s+\([\d.]+m?s\))?"
)
_SPINNER = re.compile(r"[⣾⣷⣯⣟⡿⢿⣻⣽].*")
_FOOTER = re.compile(r"Some (?:required )?(?:builds|targets|build steps) (?:logged failures|failed)[^\n]*:")
_FAILED_TARGET = re.compile(r"- (?P<target>\S.*)")
_COMPLETED = re.compile(r"(?:Build completed successfully|All targets up-to-date|Nothing to build)[^\n]*")
_SUMMARY_TABLE = re.compile(r"Build summary:|  [✔⚠✖] \d+ jobs? .*|  No jobs\.|Uncaught top-level .*")
_EXITED = re.compile(r"(?:Lean|external command [^\n]*) exited with (?:code|status) (?P<code>\d+)\s*\Z")
_SUMMARY = re.compile(
    r"(?:build failed|some build steps \w+ failures|(?:Lean|external \w+ [^\n]*) exited with \w+ 1)\s*\Z"
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

_SEVERITY = {"info": "information"}


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
            severity = _SEVERITY.get(label["label"], label["label"])
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
    completed = in_footer = False

    def close() -> None:
        if block:
            messages.append(_text_message("\n".join(block)))
            block.clear()

    for raw in _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = raw.rstrip()
        target = _FAILED_TARGET.fullmatch(line) if in_footer else None
        if target:
            failures.append(target["target"])
            continue
        in_footer = False
        step = _PROGRESS.fullmatch(line)
        if step:
            close()
            progress.append(Progress(step["mark"], step["verb"], step["target"]))
        elif _FOOTER.fullmatch(line):
            close()
            in_footer = True
        elif _COMPLETED.fullmatch(line):
            close()
            completed = True
        elif _SUMMARY_TABLE.fullmatch(line) or _SPINNER.fullmatch(line):
            close()
        elif _LABEL_RE.match(line) or _BARE_PLACE_RE.match(line):
            close()
            block.append(line)
        elif line.startswith("{") and (message := _json_message(line)) is not None:
            close()
            messages.append(message)
        elif block:
            block.append(line)
        # Anything else stands outside every message (elan's own progress) and says nothing of the code.
    close()
    return BuildLog(tuple(messages), tuple(progress), tuple(failures), completed)


# -- lean --json -------------------------------------------------------------------------------------------


def _pair(value: Any) -> tuple[int | None, int | None]:
    """Line and column of a JSON position, which may be null."""
    if not isinstance(value, dict):
        return None, None
    line, column = value.get("line"), value.get("column")
    return (line if isinstance(line, int) else None), (column if isinstance(column, int) else None)


def _json_message(line: str) -> Message | None:
    """The message of one JSON line, or None where the line is not one."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    severity = value.get("severity") if isinstance(value, dict) else None
    if not isinstance(severity, str) or "data" not in value:
        return None
    (row, column), (end_row, end_column) = _pair(value.get("pos")), _pair(value.get("endPos"))
    caption, data = str(value.get("caption") or "").strip(), value["data"]
    body = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    kind = str(value.get("kind") or "").removesuffix("._namedError")
    file = value.get("fileName")
    return Message(
        severity=_SEVERITY.get(severity, severity),
        text=f"{caption}:\n{body.strip()}" if caption else body.strip(),
        file=file if isinstance(file, str) and file else None,
        line=row,
        column=column,
        end_line=end_row,
        end_column=end_column,
        name=None if kind in ("", "[anonymous]") else kind,
    )


def parse_json(lines: str | Iterable[str]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Messages of `lean --json` output, and the lines that are no message (empty ones left out)."""
    messages: list[Message] = []
    strays: list[str] = []
    for line in lines.splitlines() if isinstance(lines, str) else lines:
        if not line.strip():
            continue
        message = _json_message(line)
        if message is None:
            strays.append(line)
        else:
            messages.append(message)
    return tuple(messages), tuple(strays)
