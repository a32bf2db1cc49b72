"""Few-shot examples of the prompt, and which of them a statement is shown.

The examples are the project's own, one JSON object a line: a statement, its Lean, its domain (MSC 2020) and
the habits that it teaches. None is taken from a benchmark.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from cramf.formalize.budget import Budget

__all__ = ["ANSWER", "HABITS", "Example", "all_examples", "choose_examples", "cues_of"]

ANSWER = "answer"
"""Habit of problems that ask for an answer and then tell it."""

_ABSTRACT = (
    r"\b(?:groups?|subgroups?|rings?|subrings?|ideals?|fields?|modules?|vector spaces?|linear maps?|algebras?"
    r"|topolog\w+|metric|normed|Banach|Hilbert|Hausdorff|lattices?|homomorphisms?|isomorph\w+|matri(?:x|ces)"
    r"|measur\w+|compact|connected)\b"
)
# Words and signs that call for a habit; a cue too many costs little, since there is room for six examples.
_CUES: dict[str, tuple[str, ...]] = {
    "natural_subtraction": (
        r"(?<![\w^{(])[\w)}]\s*-\s*[\w\\({]",
        r"[\w})]\s+-\s+[\w\\({]",
        r"[\w}]-\d",
        r"\b(?:minus|differences?)\b",
    ),
    "division": (
        r"\\[dt]?frac|\w\s*/\s*\w|%",
        r"\b(?:ratio|average|mean|per ?cent(?:age)?|half|halves|thirds?|quotients?|reciprocal|divided by)\b",
    ),
    "casts": (
        r"\\sqrt|\\frac\{[^{}]*[nmk]\b|\\mathbb\s*\{?[NZ]|\\[lr](?:floor|ceil)",
        r"\b(?:average|mean|positive integers?|fractional part|integer part)\b",
    ),
    "strictness": (
        r"[<>≤≥]|\\(?:[lg]eq?|[lg]t)\b",
        r"\b(?:positive|negative|non-?negative|at (?:least|most)|less|between|monoton\w*)\b",
        r"\b(?:great|large|small|exceed|increas|decreas)",
    ),
    "implicit_premises": (
        r"\\(?:log|ln|frac)\b",
        r"\b(?:logarithm|triangle|prime|differentiable|derivative|modul|invers|ratio|radius|side|length)",
    ),
    "type_star": (
        r"\b(?:sets?|maps?|functions? (?:from|between))\b|\b(?:in|sur|bi)jecti",
        _ABSTRACT,
    ),
    "instances": (_ABSTRACT,),
    "range": (
        r"\\(?:sum|prod|[lc]?dots)|\.\.\.|…",
        r"\bfirst \$?\w+\$? |\b(?:sums?|products?) of\b|\bseries\b",
    ),
    "functions": (r"\b(?:functions?|polynomials?|defined (?:by|as))\b|\b[fgh]\s*\(",),
    "sets": (r"\b(?:sets?|subsets?|solutions?|interval|open|closed)\b|\\in\b|∈|\[0,\s*1\]",),
    "counting": (r"\b(?:how many|number of|subsets?|elements|choose|ways)\b|\bcardinal|\\binom",),
    "congruence": (
        r"\\(?:equiv|p?mod)\b|≡|\bcongruen",
        r"\b(?:remainders?|modulo|divisible|divides|units digit)\b",
    ),
    "limits": (
        r"\\lim\b|\\to\s*\\infty|\b(?:con|di)verg",
        r"\b(?:limits?|tends?|series|sequences?)\b",
    ),
    "calculus": (r"\\int\b|\b(?:integra|derivative|differentia)|[fgh]'",),
    "uniqueness": (r"\buniquel?y?\b|\b(?:exactly|only|one and only) one\b",),
}
# A question comes first, its answer after it; two patterns, lest one with a gap between take quadratic time.
_ASKED = re.compile(
    r"\b(?:find|determine|compute|evaluate|calculate|express|solve|what|which"
    r"|how (?:many|much|long|far|old|often))\b",
    re.IGNORECASE,
)
_TOLD = re.compile(r"\b(?:(?:show|prove) that (?:it|they|this|the answer) |answer\b)", re.IGNORECASE)
HABITS: frozenset[str] = frozenset({*_CUES, ANSWER})
"""What examples teach: traps of Lean (subtraction and division of naturals, casts, bounds of sums), what a
statement takes for granted, and kinds of statements that need a form of their own."""

_PATTERNS = {habit: re.compile("|".join(cues), re.IGNORECASE | re.DOTALL) for habit, cues in _CUES.items()}
_SAME_FIELD, _SAME_SECTION = 1.5, 0.5
_NEW_HABIT, _SECOND_TIME, _UNASKED = 2.0, 0.5, 0.2


@dataclass(frozen=True, slots=True)
class Example:
    """A statement and the Lean that a model should write for it: imports, `open`s and one theorem."""

    id: str
    statement: str
    lean: str
    domain: str
    habits: tuple[str, ...]

    @property
    def text(self) -> str:
        """As the prompt shows it."""
        return f"Statement: {self.statement}\n```lean\n{self.lean}\n```"


@cache
def all_examples() -> tuple[Example, ...]:
    """The shipped examples, in the order of their file."""
    folder = resources.files("cramf.formalize") / "templates"
    text = (folder / "formalize-v2.examples.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    return tuple(Example(**{**row, "habits": tuple(row["habits"])}) for row in rows)


def cues_of(statement: str) -> frozenset[str]:
    """The habits that the words and signs of a statement call for."""
    cues = {habit for habit, pattern in _PATTERNS.items() if pattern.search(statement)}
    asked = _ASKED.search(statement)
    if asked and _TOLD.search(statement, asked.end()):
        cues.add(ANSWER)
    return frozenset(cues)


def choose_examples(statement: str, domains: Iterable[str], budget: Budget) -> tuple[Example, ...]:
    """At most `budget.most_examples` examples within `budget.examples` tokens, the best one last.

    The one is chosen first that teaches most of what the statement calls for and nobody has taught yet, in
    its own domain where there is one. Where the statement asks for an answer, an example that does comes
    first of all. The same arguments always give the same examples.
    """
    cues = cues_of(statement)
    domains = list(domains)
    fields = {domain[:2] for domain in domains}
    sections = {domain[:3] for domain in domains}
    taught: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    left = list(all_examples())
    chosen: list[Example] = []
    tokens = budget.examples
    while left and len(chosen) < budget.most_examples:
        pool = left
        if not chosen and ANSWER in cues:
            pool = [example for example in left if ANSWER in example.habits] or left

        def worth(example: Example) -> float:
            # An answer is out of place where none is asked for.
            value = -1.0 if ANSWER in example.habits and ANSWER not in cues else 0.0
            for habit in example.habits:
                again = (_NEW_HABIT, _SECOND_TIME)[taught[habit]] if taught[habit] < 2 else 0.0
                value += again if habit in cues else (_UNASKED if not taught[habit] else 0.0)
            if example.domain[:2] in fields:
                value += _SAME_FIELD / (1 + shown[example.domain[:2]])
                value += _SAME_SECTION if example.domain[:3] in sections else 0.0
            return value

        best = max(pool, key=worth)
        left.remove(best)
        cost = budget.count(best.text) + 1
        if cost > tokens:
            continue
        tokens -= cost
        chosen.append(best)
        taught.update(best.habits)
        shown[best.domain[:2]] += 1
    return tuple(reversed(chosen))
