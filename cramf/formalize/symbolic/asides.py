r"""What a problem says around its statement: the form of the answer, and a list of answers to choose from.

Both are blanked before the statement is read, character for character, so that places in it stay the same.
A list `\textbf{(A)}\ 3 \qquad \textbf{(B)}\ 4 ...` goes, and an answer that is only a label is replaced by
what the list has under that label.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Prepared", "prepare"]

_FORM = (
    r"(?:(?:an?|the)\s+)?(?:(?:common|improper|proper|reduced|simplified|single|exact|mixed|whole)\s+)*"
    r"(?:fraction|number|integer|decimal|polynomial|radical|interval|ordered\s+pair)"
    r"(?:\s+in\s+(?:lowest|simplest|reduced)\s+(?:terms|form))?"
    r"|(?:its\s+)?(?:simplest|lowest|reduced|simplified)\s+(?:radical\s+|exact\s+)?(?:form|terms)"
    r"|simplest\s+radical\s+form|radical\s+form|interval\s+notation"
)
_INSTRUCTIONS: tuple[re.Pattern[str], ...] = (
    # "Express your answer as a common fraction."
    re.compile(
        rf"(?:Please\s+)?(?:express|give|write|leave|enter|state)\s+(?:your|the|all|each)\s+(?:final\s+)?"
        rf"answers?\s+(?:as|in)\s+(?:{_FORM})\s*(?:\.|$)",
        re.IGNORECASE,
    ),
    # "..., expressed as a common fraction", "as a common fraction", "in simplest form"
    re.compile(
        r",?\s+(?:(?:expressed|written)\s+)?(?:as\s+an?\s+(?:common|improper|reduced|simplified|single|mixed)"
        r"\s+(?:fraction|number)|in\s+(?:simplest|lowest|reduced|simplified)\s+(?:radical\s+)?(?:form|terms))"
        r"(?=\s*[.?,])",
        re.IGNORECASE,
    ),
)
_INSTRUCTIONS += (
    # Reminders of what a notation means.
    re.compile(r"\(\s*(?:Note|Recall|Reminder|Remember|Hint)\b(?:[^()]|\([^()]*\))*\)", re.IGNORECASE),
    re.compile(
        r"\(\s*(?:Here|For\s+(?:any\s+|all\s+)?real)\b[^()]*\b(?:greatest|largest|smallest|least)\s+integer"
        r"(?:[^()]|\([^()]*\))*\)",
        re.IGNORECASE,
    ),
    re.compile(r"\s+(?:in\s+your\s+head|by\s+hand|without\s+(?:using\s+)?a\s+calculator)(?=\s*[.?])"),
)
# A range that is just that of the residue asked for says nothing new.
_RANGE = re.compile(
    r"\(\s*(?:Give|Express)\s+(?:an|your|the)\s+answer\s+(?:as\s+an\s+integer\s+)?(?:between|from)\s+\$?0\$?"
    r"\s+(?:and|to)\s+\$?([0-9]+)\$?(?:\s*,?\s*inclusive)?\s*\.?\s*\)",
    re.IGNORECASE,
)
_RESIDUE = re.compile(r"\bas\s+a\s+residue\s+modulo\s+\$?([0-9]+)\$?")
_WRAP = r"(?:\\(?:textbf|text|textrm|mathrm|mathbf|rm|bf)\s*\{?\s*)?"
_LABEL = re.compile(_WRAP + r"\(\s*" + _WRAP + r"([A-E])\s*\}?\s*\)(?:\s*\\?\s*\})?")
_BARE_LABEL = re.compile(
    r"\\(?:textbf|text|textrm|mathrm|mathbf)\s*\{\s*([A-E])\s*\}|([A-E])(?=\s*\$?\s*\.?\s*$)"
)
_ANSWER = re.compile(r"Show\s+that\s+it\s+is\s+")
_PADDING = re.compile(r"(?:\s|~|\\[ ,;:!]|\\q?quad|\\hspace\{[^{}]*\}|\\\\|\.)+")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The text to read (as long as the statement, or a character longer) and notes on what was left out.

    `answer`, where there is one, is another such text that holds nothing but the answer; it is to be read
    after the text itself.
    """

    text: str
    answer: str
    notes: tuple[str, ...]


def prepare(statement: str) -> Prepared:
    """The statement without the asides that say nothing about it."""
    text = statement
    notes: list[str] = []
    for pattern in _INSTRUCTIONS:
        for match in pattern.finditer(text):
            notes.append(f"left out: {' '.join(match[0].split())!r}")
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    for match in _RANGE.finditer(text):
        residue = _RESIDUE.search(text)
        if residue is not None and int(residue[1]) == int(match[1]) + 1:
            notes.append(f"left out: {' '.join(match[0].split())!r}")
            text = text[: match.start()] + " " * len(match[0]) + text[match.end() :]
    chosen = _choices(text)
    if chosen is None:
        return Prepared(text, "", tuple(notes))
    text, answer = chosen
    return Prepared(text, answer, (*notes, "left out: the answers to choose from"))


def _choices(text: str) -> tuple[str, str] | None:
    """The text without its list of answers, and the answer by itself; None where there is no such list."""
    ends = list(_ANSWER.finditer(text))
    if not ends:
        return None
    end = ends[-1]
    labels = list(_LABEL.finditer(text, 0, end.start()))
    letters = "".join(label[1] for label in labels)
    if letters not in ("ABC", "ABCD", "ABCDE"):
        return None
    begin = labels[0].start()
    if text.count("$", 0, begin) % 2:
        # The delimiter that opens the list goes with it.
        begin = text.rindex("$", 0, begin)
    stops = [label.start() for label in labels[1:]] + [end.start()]
    options = {label[1]: (label.end(), stop) for label, stop in zip(labels, stops, strict=True)}
    given = _LABEL.match(text, end.end()) or _BARE_LABEL.match(text, end.end())
    dollar = text[end.end() : end.end() + 1] == "$"
    if given is None and dollar:
        given = _LABEL.match(text, end.end() + 1) or _BARE_LABEL.match(text, end.end() + 1)
    place = (given.end() if given else end.end()), len(text)
    content = _content(text, place)
    if content is None and given is not None:
        content = _content(text, options.get(given[given.lastindex or 1], (0, 0)))
    if content is None:
        return None
    start, stop = content
    blank = [" "] * (len(text) + 1)
    blank[start:stop] = text[start:stop]
    blank[start - 1] = blank[stop] = "$"
    # A stop that the list's own end took away is put back: the question ends where the list began.
    before = text[:begin] + (" " if text[:begin].rstrip()[-1:] in (".", "?", ":") else ".")
    question = (before + " " * (end.start() - len(before)))[: end.start()]
    kept = question + text[end.start() : end.end()]
    return kept, "".join(blank)


def _content(text: str, place: tuple[int, int]) -> tuple[int, int] | None:
    """The formula at a place without what only spaces it, or None if there is none."""
    start, stop = place
    while start < stop:
        padding = _PADDING.match(text, start, stop)
        if padding:
            start = padding.end()
        elif text[start] == "$":
            start += 1
        else:
            break
    while start < stop:
        padding = re.search(r"(?:\s|~|\\[ ,;:!]|\\q?quad|\\\\|[.$])\Z", text[start:stop])
        closing = text[stop - 1] == "}" and text.count("}", start, stop) > text.count("{", start, stop)
        if padding:
            stop = start + padding.start()
        elif closing:
            stop -= 1
        else:
            break
    if start >= stop or start == 0 or "$" in text[start:stop]:
        return None
    return start, stop
