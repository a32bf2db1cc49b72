"""What a message of Lean is about: its category and the name that it complains about.

Pure text in, plain values out. Wording differs between Lean versions (v4.9 to v4.33 are covered, both quote
styles); every known wording is one line of `wording_table`, so a new wording is a new line. A message is only
looked at near its two ends and every repetition is bounded, so that no text takes more than linear time.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cramf.lean.wording_table import TABLE

__all__ = ["CATEGORIES", "Classified", "categorise", "classify", "classify_named", "clip", "offending_name"]


class Classified(NamedTuple):
    """Category of a message and the name it complains about, where one can be read."""

    category: str
    name: str | None


_PARTS = {
    # 'x' in older versions, `x` in newer. A prime may end a name, hence no quote after the last.
    "Q": r"(?:'(?P<name>[^\n]{1,300}?)'(?!')|`{1,2}(?P<tick>[^`\n]{1,300})`)",
    "A": r"(?:'[^\n]{1,300}?'(?!')|`{1,2}[^`\n]{1,300}`)",
    "LINE": r"[^\n]{0,400}?",
    # The class of `Group G`, also under binders.
    "HEAD": r"\n\s{1,20}(?:∀ [^,\n]{0,300}, |\([^()\n]{1,300}\) → ){0,4}@?(?P<name>[^\W\d][^\s(){},]{0,300})",
}


def _rows(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The lines of the table, each compiled, with the category that it stands under."""
    rows: list[tuple[str, re.Pattern[str]]] = []
    category = ""
    for line in table.split("\n"):
        if line.startswith("@ "):
            category = line[2:]
        elif line and not line.startswith("#"):
            pattern = re.sub(r"%([A-Z]+)%", lambda part: _PARTS[part[1]], line)
            rows.append((category, re.compile(pattern, re.IGNORECASE)))
    return tuple(rows)


_ROWS = _rows(TABLE)

_NAMED = {
    "lean.unknownIdentifier": "unknown_identifier",
    "lean.synthInstanceFailed": "failed_to_synthesize",
    "lean.invalidField": "unknown_field",
    "lean.invalidDottedIdent": "dot_notation",
    "lean.inferBinderTypeFailed": "stuck",
    "lean.inferDefTypeFailed": "stuck",
    "lean.dependsOnNoncomputable": "noncomputable",
    "lean.ctorResultingTypeMismatch": "inductive",
    "lean.inductiveParamMismatch": "inductive",
    "lean.inductiveParamMissing": "inductive",
    "lean.projNonPropFromProp": "projection",
    "lean.propRecLargeElim": "induction",
    "lean.inductionWithNoAlts": "induction",
    "lean.redundantMatchAlt": "match",
}
"""Lean's own error names whose category is certain."""

CATEGORIES: frozenset[str] = frozenset(
    {category for category, _ in _ROWS} | set(_NAMED.values()) | {"information", "other"}
)
"""Every category that a message can have."""

_START, _END = 6000, 2000
# What the REPL and `Lean.Parser.runParserCategory` put before the message itself.
_BEFORE = re.compile(r"(?:Lean error:\s{1,9})?(?:<input>:\d{1,9}:\d{1,9}: )?")


def clip(text: str) -> str:
    """The two ends of a text of any length; the bound that makes every look at a message a bounded one."""
    return text if len(text) <= _START + _END else f"{text[:_START]}\n{text[-_END:]}"


def classify(text: str) -> Classified:
    """Category and offending name of a message's text; `("other", None)` where no row of the table fits."""
    text = clip(text)
    before = _BEFORE.match(text)
    text = text[before.end() :] if before else text
    for category, pattern in _ROWS:
        found = pattern.search(text)
        if found:
            named = found.groupdict()
            return Classified(category, next((v for v in named.values() if v), None))
    return Classified("other", None)


def classify_named(text: str, kind: str | None, severity: str = "error") -> Classified:
    """Category and offending name of a message of which Lean's own error name and severity are known too.

    The text is asked first, for it says more (`Unknown constant` has the error name of an identifier). What
    is only information (`#check`, `#print`) cannot be at fault, whatever words it holds.
    """
    category, name = classify(text)
    if severity in ("information", "trace"):
        if category in ("suggestion", "trace", "linter", "build"):
            return Classified(category, name)
        return Classified("trace" if severity == "trace" else "information", None)
    if category == "other":
        return Classified(_NAMED.get(kind or "", _linter(kind)), name)
    return Classified(category, name)


def _linter(kind: str | None) -> str:
    return "linter" if kind and kind.startswith("linter.") else "other"


def categorise(text: str) -> str:
    """Category of a message's text, one of `CATEGORIES`."""
    return classify(text).category


def offending_name(text: str) -> str | None:
    """The name that a message complains about (`Foo` in "unknown constant 'Foo'"), or None."""
    return classify(text).name
