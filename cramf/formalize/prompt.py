"""The prompts for language models: rules, examples, definitions and the statement; and those of a repair.

The texts are jinja2 templates in files of their own; `VERSION` names the set, so that a result can tell it.
Everything that is not ours (the statement, library text, a model's attempt, messages) is put in as a value,
never read as a template, and stands between markers that it cannot hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from cramf.check.verdict import Candidate, Diagnostic, Severity, Status, Verdict
from cramf.errors import InputError
from cramf.formalize.budget import Budget, TokenCounter
from cramf.formalize.evidence import PromptKnowledge, list_definitions, list_readings, one_line
from cramf.formalize.examples import choose_examples
from cramf.formalize.models.chat import Message
from cramf.formalize.types import Request
from cramf.knowledge.types import Definition
from cramf.lean.mends import mend_of
from cramf.retrieval.types import Hit

if TYPE_CHECKING:
    import jinja2

__all__ = [
    "VERSION",
    "Arm",
    "Budget",
    "Message",
    "Prompt",
    "PromptKnowledge",
    "build_prompt",
    "build_repair_prompt",
]

VERSION = "formalize-v2"
"""Name of the template set."""
_NONE = "(none given)"
_LONGEST_MESSAGE = 800
_MOST_LINES = 12
_MOST_DIAGNOSTICS = 200
_REPAIRABLE = frozenset({Status.INVALID, Status.TIMEOUT, Status.CRASHED, Status.REJECTED})


class Arm(StrEnum):
    """Which definitions a prompt lists; prompts of one request differ in nothing else between arms."""

    NONE = "none"
    RETRIEVED = "retrieved"
    """The request's own, and what was read in its words."""
    ORACLE = "oracle"
    """Those that a benchmark's reference uses."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a chat model is sent, and what the budget let in.

    `definitions` are the names of those listed, `examples` the ids of those shown, and `tokens` the length as
    the budget counts it, without what a chat template adds.
    """

    system: str
    user: str
    definitions: tuple[str, ...]
    version: str = VERSION
    arm: Arm = Arm.RETRIEVED
    examples: tuple[str, ...] = ()
    tokens: int = 0

    @property
    def messages(self) -> tuple[Message, Message]:
        return Message("system", self.system), Message("user", self.user)


@dataclass(frozen=True, slots=True)
class _Listing:
    text: str
    names: tuple[str, ...]


def build_prompt(
    request: Request,
    budget: Budget | None = None,
    arm: Arm | str = Arm.RETRIEVED,
    *,
    oracle: Sequence[Definition] | None = None,
    knowledge: PromptKnowledge | None = None,
) -> Prompt:
    """The prompt for a request; the same arguments always make the same prompt.

    Definitions are listed in rank order until their budget is used up; one that does not fit is tried without
    its gloss before the list ends. `oracle` are the definitions of that arm, `knowledge` has the notation of
    definitions and the glosses of those without a docstring.

    Raises:
        InputError: where the arm is not known, or is `oracle` and its definitions are not given.
    """
    budget = budget or Budget()
    listing = _listing(request, budget, arm, oracle, knowledge or PromptKnowledge())
    values = {"definitions": listing.text, "statement": request.statement}
    return _prompt("user", request, budget, Arm(arm), values, listing.names)


def build_repair_prompt(
    request: Request,
    failed: Candidate,
    verdict: Verdict,
    found: Sequence[Hit] = (),
    budget: Budget | None = None,
    arm: Arm | str = Arm.RETRIEVED,
    *,
    oracle: Sequence[Definition] | None = None,
    knowledge: PromptKnowledge | None = None,
) -> Prompt:
    """The prompt that asks for a whole corrected statement after one that failed.

    It shows the failed one with line numbers, what the checker said of it (positions in those lines) with a
    mend each, errors first, and the definitions `found` since, without those that are listed anyway.

    Raises:
        InputError: where the verdict passes the candidate or says nothing of it, or as `build_prompt`.
    """
    if verdict.status not in _REPAIRABLE:
        raise InputError(
            f"a candidate that the checker calls {verdict.status} cannot be repaired",
            "repair one that was checked and failed",
        )
    budget = budget or Budget()
    knowledge = knowledge or PromptKnowledge()
    listing = _listing(request, budget, arm, oracle, knowledge)
    new = [hit.definition for hit in found if hit.name not in listing.names]
    start = len(listing.names) + 1
    entries, names, _ = list_definitions(
        new, request.concepts, knowledge, budget.definitions, budget.count, start
    )
    values = {
        "definitions": listing.text,
        "found": "\n".join(entries) or _NONE,
        "statement": request.statement,
        "attempt": _numbered(failed),
        "diagnostics": _diagnostics(failed, verdict, budget.diagnostics, budget.count),
    }
    return _prompt("repair", request, budget, Arm(arm), values, (*listing.names, *names))


def _prompt(
    part: str, request: Request, budget: Budget, arm: Arm, values: dict[str, str], names: tuple[str, ...]
) -> Prompt:
    examples = choose_examples(request.statement, [m.domain for m in request.concepts], budget)
    boundary = _boundary(request.statement, values.values())
    templates = _templates()
    system = templates.get_template("system").render(
        toolchain=one_line(request.toolchain, 80) or "of Lean 4, version unknown",
        mathlib_commit=one_line(request.mathlib_commit, 80) or "unknown",
        examples=examples,
        boundary=boundary,
    )
    user = templates.get_template(part).render(name=request.name, boundary=boundary, **values)
    system, user = system.strip(), user.strip()
    tokens = budget.count(system) + budget.count(user)
    return Prompt(system, user, names, VERSION, arm, tuple(e.id for e in examples), tokens)


@cache
def _templates() -> jinja2.Environment:
    import jinja2

    folder = resources.files("cramf.formalize") / "templates"

    def load(part: str) -> str:
        return (folder / f"{VERSION}.{part}.j2").read_text(encoding="utf-8")

    # Plain text for a model, so nothing is escaped; a value that is missing is an error, not an empty text.
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(load), undefined=jinja2.StrictUndefined, autoescape=False
    )


def _boundary(statement: str, data: Iterable[str]) -> str:
    """A marker that none of the data holds, so that none can end its own block.

    It is made from the statement alone, lest the arms differ in it.
    """
    whole = "\0".join(data)
    attempt = 0
    while True:
        marker = hashlib.sha256(f"{attempt}\0{statement}".encode()).hexdigest()[:16]
        if marker not in whole:
            return marker
        attempt += 1


def _listing(
    request: Request,
    budget: Budget,
    arm: Arm | str,
    oracle: Sequence[Definition] | None,
    knowledge: PromptKnowledge,
) -> _Listing:
    match arm:
        case Arm.NONE:
            return _Listing(_NONE, ())
        case Arm.RETRIEVED:
            definitions: Sequence[Definition] = [hit.definition for hit in request.definitions]
        case Arm.ORACLE:
            if oracle is None:
                raise InputError("the oracle's definitions are not given", "take them from the reference")
            definitions = oracle
        case _:
            raise InputError(f"there is no prompt arm {arm!r}", f"take one of {', '.join(Arm)}")
    entries, names, left = list_definitions(
        definitions, request.concepts, knowledge, budget.definitions, budget.count
    )
    if arm == Arm.RETRIEVED:
        entries += list_readings(request.concepts, names, left, budget.count)
    return _Listing("\n".join(entries) or _NONE, tuple(names))


def _numbered(candidate: Candidate) -> str:
    lines = candidate.source.rstrip("\n").split("\n")
    width = len(str(len(lines)))
    return "\n".join(f"{number:>{width}} | {line}".rstrip() for number, line in enumerate(lines, start=1))


def _diagnostics(failed: Candidate, verdict: Verdict, budget: int, count: TokenCounter) -> str:
    told = [d for d in verdict.diagnostics if d.severity is not Severity.INFORMATION]
    told.sort(key=lambda d: (d.severity is not Severity.ERROR, _line_in_source(failed, d)))
    if not told:
        category = {Status.TIMEOUT: "heartbeat_timeout", Status.CRASHED: "crash"}.get(verdict.status, "other")
        detail = one_line(verdict.detail, _LONGEST_MESSAGE) or str(verdict.status)
        return f"- {verdict.status}: {detail}\n  -> {mend_of(category)}"
    entries = list(dict.fromkeys(_diagnostic(failed, diagnostic) for diagnostic in told[:_MOST_DIAGNOSTICS]))
    shown: list[str] = []
    for entry in entries:
        budget -= count(entry) + 1
        # The first is shown whatever it takes: without any there is nothing to mend.
        if budget < 0 and shown:
            shown.append(f"- and {len(entries) - len(shown)} more")
            break
        shown.append(entry)
    return "\n".join(shown)


def _line_in_source(failed: Candidate, diagnostic: Diagnostic) -> int:
    """The line of the whole text (from 1), 0 for a message without a place."""
    return 0 if diagnostic.line is None else failed.line_of(diagnostic.part) + diagnostic.line - 1


def _diagnostic(failed: Candidate, diagnostic: Diagnostic) -> str:
    place = ""
    if diagnostic.line is not None:
        column = f", column {diagnostic.column + 1}" if diagnostic.column is not None else ""
        place = f"line {_line_in_source(failed, diagnostic)}{column}: "
    message = diagnostic.message.strip()
    message = message if len(message) <= _LONGEST_MESSAGE else f"{message[: _LONGEST_MESSAGE - 1]}…"
    lines = message.split("\n")
    lines = [*lines[:_MOST_LINES], "…"] if len(lines) > _MOST_LINES else lines
    text = "\n  ".join(line.rstrip() for line in lines)
    mend = mend_of(diagnostic.category, diagnostic.name, diagnostic.suggestions)
    return f"- {place}{diagnostic.severity}: {text}\n  -> {mend}"
