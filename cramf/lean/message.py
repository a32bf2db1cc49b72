"""One message of Lean, and the JSON form that it is printed in by `lean --json` and by the REPL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cramf.lean.suggestions import suggested_names
from cramf.lean.wording import Classified, classify_named

__all__ = [
    "LABELS",
    "Message",
    "broken_json",
    "json_message",
    "load",
    "parse_json",
    "plain",
    "position",
    "read_message",
    "whole",
    "words",
]

LABELS = {"info": "information"}

# A longer number is no exit code, and `int` might refuse it.
_EXITED = re.compile(
    r"(?:Lean|external command [^\n]*) exited with (?:code|status) (?P<code>[0-9]{1,9})\s*\Z"
)
_SUMMARY = re.compile(
    r"(?:build failed|some build steps \w+ failures|(?:Lean|external \w+ [^\n]*) exited with \w+ 1)\s*\Z"
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


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
    def classified(self) -> Classified:
        """Category of the message and the name it complains about, from text, error name and severity."""
        return classify_named(self.text, self.name, self.severity)

    @property
    def category(self) -> str:
        """Kind of the message, one of `CATEGORIES`."""
        return self.classified.category

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Names that Lean puts forward in the message."""
        return suggested_names(self.text)

    @property
    def exit_code(self) -> int | None:
        """Exit code that this message reports of the `lean` process, or None where it is no such report."""
        found = _EXITED.match(self.text)
        return int(found["code"]) if found else None

    @property
    def is_summary(self) -> bool:
        """Whether this is Lake's own closing line about other errors, and says nothing new."""
        return self.file is None and _SUMMARY.match(self.text) is not None


def plain(text: str) -> str:
    """The text without colours, with plain newlines."""
    return _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def whole(value: object) -> int | None:
    """The value where it is a whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def words(value: object) -> str:
    """The value where it is text, or nothing."""
    return value if isinstance(value, str) else ""


def position(value: object) -> tuple[int | None, int | None]:
    """Line and column of a JSON position, which may be null."""
    if not isinstance(value, Mapping):
        return None, None
    return whole(value.get("line")), whole(value.get("column"))


def load(text: str) -> Any:
    """The JSON value of a text, or None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_message(value: object) -> Message | None:
    """The message that a JSON value is, or None where it is not one."""
    if not isinstance(value, Mapping):
        return None
    severity, data = value.get("severity"), value.get("data")
    if not isinstance(severity, str) or not isinstance(data, str):
        return None
    (row, column), (end_row, end_column) = position(value.get("pos")), position(value.get("endPos"))
    caption, body = words(value.get("caption")).strip(), data.replace("\r\n", "\n").strip()
    kind = words(value.get("kind")).removesuffix("._namedError")
    severity = LABELS.get(severity, severity)
    return Message(
        # A severity that no version knows might be a fault, and no fault may pass for a remark.
        severity=severity if severity in ("warning", "information", "trace") else "error",
        text=f"{caption}:\n{body}" if caption else body,
        file=words(value.get("fileName")) or None,
        line=row,
        column=column,
        end_line=end_row,
        end_column=end_column,
        name=None if kind in ("", "[anonymous]") else kind,
    )


def json_message(line: str) -> Message | None:
    """The message of one JSON line, or None where the line is not one."""
    return read_message(load(line))


def broken_json(line: str) -> Message | None:
    """An error in place of a message that was cut off: what it said is lost, and might have been an error."""
    if '"severity":' not in line[:200] or json_message(line) is not None:
        return None
    return Message("error", f"a message of Lean was cut off: {line[:200]}")


def parse_json(lines: str | Iterable[str]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Messages of `lean --json` output, and the lines that are no message (empty ones left out)."""
    messages: list[Message] = []
    strays: list[str] = []
    # Only a newline ends a line: a message may hold any other separator.
    for line in plain(lines).split("\n") if isinstance(lines, str) else lines:
        if not line.strip():
            continue
        message = json_message(line)
        if message is None:
            strays.append(line)
        else:
            messages.append(message)
    return tuple(messages), tuple(strays)
