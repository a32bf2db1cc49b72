"""The answers of the Lean REPL, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cramf.lean.message import Message, load, plain, position, read_message, whole, words

__all__ = ["ReplResponse", "ReplSorry", "parse_repl", "read_repl", "split_responses"]


@dataclass(frozen=True, slots=True)
class ReplSorry:
    """One `sorry` that the REPL met: its goal and place (as in `Message`; None inside a tactic)."""

    goal: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    proof_state: int | None = None


@dataclass(frozen=True, slots=True)
class ReplResponse:
    """One answer of the Lean REPL, or of a server that passes such answers on.

    `error` is None only for an answer that was read whole; it holds the REPL's own refusal ("Unknown
    environment."), a server's, or why the answer could not be read. `time` is in seconds, where it is told.
    """

    messages: tuple[Message, ...] = ()
    env: int | None = None
    sorries: tuple[ReplSorry, ...] = ()
    error: str | None = None
    time: float | None = None
    proof_state: int | None = None
    goals: tuple[str, ...] = ()
    proof_status: str | None = None

    @property
    def errors(self) -> tuple[Message, ...]:
        return tuple(m for m in self.messages if m.severity == "error")


_ANSWERS = ("env", "proofState", "messages", "sorries", "tactics", "goals", "infotree", "time")


def _list(value: Mapping[str, Any], key: str) -> tuple[Any, ...] | None:
    """The list under a key, empty where there is none; None where something else stands there."""
    found = value.get(key)
    return () if found is None else tuple(found) if isinstance(found, list | tuple) else None


def _sorry(value: object) -> ReplSorry | None:
    if not isinstance(value, Mapping):
        return None
    goal = words(value.get("goal"))
    return ReplSorry(
        goal, *position(value.get("pos")), *position(value.get("endPos")), whole(value.get("proofState"))
    )


def read_repl(value: Mapping[str, Any]) -> ReplResponse:
    """The answer that a JSON object is; one inside `response` (as a Kimina server sends it) is taken out."""
    time = value.get("time")
    time = float(time) if isinstance(time, int | float) and abs(time) < 1e12 else None
    refusal = value.get("error") or value.get("message")
    inner = value.get("response")
    if not refusal and isinstance(inner, Mapping):
        return read_repl({"time": time, **inner, "response": None})
    if refusal:
        return ReplResponse(error=words(refusal) or "the answer reports an error without words", time=time)
    raw, holes, goals = (_list(value, key) for key in ("messages", "sorries", "goals"))
    messages = tuple(read_message(m) for m in raw or ())
    sorries = tuple(_sorry(s) for s in holes or ())
    error = None
    if not any(key in value for key in _ANSWERS[:-1]):
        error = "the answer holds nothing that a REPL answers"
    elif raw is None or holes is None or goals is None or None in messages or None in sorries:
        error = "a part of the REPL's answer could not be read"
    status = value.get("proofStatus")
    return ReplResponse(
        tuple(m for m in messages if m is not None),
        whole(value.get("env")),
        tuple(s for s in sorries if s is not None),
        error,
        time,
        whole(value.get("proofState")),
        tuple(words(goal) for goal in goals or ()),
        status if isinstance(status, str) else None,
    )


def split_responses(text: str) -> tuple[str, ...]:
    """The answers in what the REPL wrote: blocks with empty lines between them, each still to be parsed."""
    blocks: list[list[str]] = [[]]
    for line in plain(text).split("\n"):
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return tuple("\n".join(block) for block in blocks if block)


def parse_repl(text: str) -> ReplResponse:
    """One answer of the REPL, over any number of lines; lines before the first `{` are another program's."""
    lines = plain(text).strip().split("\n")
    begin = next((i for i, line in enumerate(lines) if line.lstrip().startswith("{")), None)
    if begin is None:
        said = lines[0][:200]
        return ReplResponse(error=f"no answer, but: {said}" if said else "the answer is empty")
    value = load("\n".join(lines[begin:]))
    if not isinstance(value, Mapping):
        return ReplResponse(error=f"the answer is cut off or is no JSON: {lines[begin][:200]}")
    return read_repl(value)
