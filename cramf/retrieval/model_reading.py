"""What a language model understands of a query: concepts, explanations, Lean names, and other words for it.

The model is asked once a statement, for one JSON object, which is all that is ever taken from its answer; a
statement that asks it for something else gets search text of another kind at worst. The question depends on
the statement alone, not on the ontology, so that answers kept in a cache stay good when that grows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import queue
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache as remember
from importlib import resources
from string import Template
from typing import Any, Final, NoReturn, Protocol

from cramf.errors import BackendError, InputError
from cramf.lean.lexer import is_identifier
from cramf.retrieval.answer_cache import AnswerCache, answer_key
from cramf.retrieval.types import QueryReader, QueryReading

__all__ = [
    "MAX_ANSWER",
    "PROMPT_VERSION",
    "ChatModel",
    "ConceptNote",
    "ModelAnswer",
    "ModelReader",
    "parse_answer",
    "reading_messages",
]

PROMPT_VERSION: Final = "read-v1"
"""Name of the template set."""
MAX_ANSWER: Final = 200_000
"""Longest answer that is read, in characters."""
_MOST_CONCEPTS: Final = 16
_MOST_CLAUSES: Final = 16
_MOST_NAMES: Final = 32
_LONGEST_CLAUSE: Final = 400
_LONGEST_CONCEPT: Final = 100
_LONGEST_NAME: Final = 200
_SHOWN: Final = 120
_MOST_STARTS: Final = 100
_OBJECT: Final = re.compile(r'\{\s*"')


class ChatModel(Protocol):
    """Anything that answers a chat in plain text, from several threads at once."""

    @property
    def name(self) -> str:
        """What tells this model, with its server and settings, from any other; part of the cache's key."""
        ...

    def ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The answer to messages that have a `role` and a `content` each.

        Raises:
            BackendError: where there is no complete answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class ConceptNote:
    """A concept as the model sees it in a statement, and Lean names that it guesses; any may be empty."""

    concept: str
    explanation: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """One answer, cleaned and bounded: the statement names `concepts` and only needs what is `implicit`."""

    rewriting: str
    concepts: tuple[ConceptNote, ...]
    implicit: tuple[ConceptNote, ...]


class ModelReader:
    """Adds what a language model says of each text to the reading of another reader.

    Args:
        base: whose readings are added to; nothing in them is changed or dropped.
        model: who is asked.
        cache: where answers are kept that could be read; None asks every time.
        prompt_version: the template set.
        strict: whether a failure of the model ends the reading. Otherwise the base reading of that text is
            given back; `failures` counts these and `last_failure` says why.
        concurrency: how many texts the model is asked about at once.

    Raises:
        InputError: where there is no such template set, or the concurrency is not positive.
    """

    def __init__(
        self,
        base: QueryReader,
        model: ChatModel,
        cache: AnswerCache | None = None,
        *,
        prompt_version: str = PROMPT_VERSION,
        strict: bool = True,
        concurrency: int = 4,
    ) -> None:
        if concurrency < 1:
            raise InputError(f"{concurrency} questions at once cannot be asked", "give 1 or more")
        _template(prompt_version, "system")
        self._base = base
        self._model = model
        self._cache = cache
        self._version = prompt_version
        self._strict = strict
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._failures = 0
        self._last_failure: BackendError | None = None

    @property
    def name(self) -> str:
        return f"{self._base.name}+{self._model.name}/{self._version}"

    @property
    def failures(self) -> int:
        """Readings given back so far without the model's part, because it failed."""
        return self._failures

    @property
    def last_failure(self) -> BackendError | None:
        """Why the last of the `failures` was one."""
        return self._last_failure

    def read(self, texts: Sequence[str]) -> list[QueryReading]:
        """One reading a text, in order. Equal texts are asked about once, blank ones not at all.

        Raises:
            BackendError: where `strict` is set and the model fails or sends what cannot be read. What it
                answered before is in the cache.
            ResourceError: where the cache cannot be used.
        """
        readings = self._base.read(texts)
        answers = self._answers([text for text in dict.fromkeys(texts) if text.strip()])
        read: list[QueryReading] = []
        for text, reading in zip(texts, readings, strict=True):
            answer = answers.get(text)
            if isinstance(answer, BackendError):
                with self._lock:
                    self._failures += 1
                    self._last_failure = answer
            read.append(_merged(reading, answer) if isinstance(answer, ModelAnswer) else reading)
        return read

    def _answers(self, texts: Sequence[str]) -> dict[str, ModelAnswer | BackendError]:
        """An answer or a failure for each text, asked for in threads.

        The threads are daemons, so that Ctrl-C or a failure need not wait for a server that is slow.
        """
        todo: queue.SimpleQueue[str] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[str, ModelAnswer | BaseException]] = queue.SimpleQueue()
        given_up = threading.Event()
        for text in texts:
            todo.put(text)

        def work() -> None:
            while not given_up.is_set():
                try:
                    text = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((text, self._answer(text)))
                except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
                    if self._strict or not isinstance(error, BackendError):
                        given_up.set()
                    done.put((text, error))

        for _ in range(min(self._concurrency, len(texts))):
            threading.Thread(target=work, name="cramf-reading", daemon=True).start()
        answers: dict[str, ModelAnswer | BackendError] = {}
        try:
            for _ in texts:
                text, outcome = done.get()
                if isinstance(outcome, ModelAnswer):
                    answers[text] = outcome
                elif isinstance(outcome, BackendError) and not self._strict:
                    answers[text] = outcome
                else:
                    raise outcome
        finally:
            given_up.set()
        return answers

    def _answer(self, text: str) -> ModelAnswer:
        """The answer in the cache, else the model's, which is kept if it can be read."""
        messages = reading_messages(text, self._version)
        key = answer_key(self._model.name, self._version, messages)
        kept = self._cache.get(key) if self._cache else None
        if kept is not None:
            # What an earlier version could read, and this one cannot, is asked for again.
            with contextlib.suppress(BackendError):
                return parse_answer(kept, self._model.name)
        said = self._model.ask(messages)
        answer = parse_answer(said, self._model.name)
        if self._cache:
            self._cache.put(key, said)
        return answer


def reading_messages(text: str, version: str = PROMPT_VERSION) -> tuple[dict[str, str], dict[str, str]]:
    """The chat that asks a model to read a statement; the same text always makes the same chat.

    The system's message is the same for all statements, so that servers need to read it only once.

    Raises:
        InputError: where there is no template set of that version.
    """
    # Lone surrogates cannot be sent, since UTF-8 has no form for them.
    statement = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
    # A digest of the statement cannot stand in it, so that it cannot end its own block.
    boundary = hashlib.sha256(statement.encode()).hexdigest()[:16]
    user = Template(_template(version, "user")).substitute(boundary=boundary, statement=statement)
    return (
        {"role": "system", "content": _template(version, "system").strip()},
        {"role": "user", "content": user.strip()},
    )


@remember
def _template(version: str, part: str) -> str:
    folder = resources.files("cramf.retrieval") / "templates"
    name = f"{version}.{part}.txt"
    files = {entry.name: entry for entry in folder.iterdir()}
    if name not in files:
        known = sorted(file.removesuffix(".system.txt") for file in files if file.endswith(".system.txt"))
        raise InputError(f"there is no prompt version {version!a}", f"known are: {', '.join(known)}")
    return files[name].read_text("utf-8")


def parse_answer(answer: str, model: str = "language model") -> ModelAnswer:
    """The last JSON object of the expected shape in a model's answer, past thoughts, fences and chatter.

    Its `concepts` must be a list and its `rewriting` a string; `implicit`, and the `explanation` and `names`
    of a concept, may be missing. Names that are no Lean identifiers are left out.

    Raises:
        BackendError: where there is no such object; it names the model and the start of the answer.
    """
    if len(answer) > MAX_ANSWER:
        raise _unreadable(f"it has {len(answer):,} characters, more than {MAX_ANSWER:,}", answer, model)
    found: ModelAnswer | None = None
    why = "no complete JSON object in it"
    # Thoughts, which may hold many drafts, end in a tag; that a text quotes the tag must not do harm.
    for text in dict.fromkeys((answer.rpartition("</think>")[2], answer)):
        for data in _objects(text):
            try:
                found = _shaped(data)
            except _ShapeError as error:
                why = str(error)
        if found is not None:
            return found
    raise _unreadable(why, answer, model)


def _unreadable(why: str, answer: str, model: str) -> BackendError:
    start = _line(answer, _SHOWN)
    shown = f"{start}…" if len(answer) > _SHOWN else start
    return BackendError(
        f"the language model {model} sent an answer that is not the JSON asked for ({why}): {shown!r}",
        "try again or try another model",
    )


class _ShapeError(Exception):
    """JSON of another shape than the one asked for."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost complete JSON objects in a text; few starts are tried, so that hostile text is cheap."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    position = 0
    for _ in range(_MOST_STARTS):
        start = _OBJECT.search(text, position)
        if start is None:
            return
        try:
            data, position = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            position = start.start() + 1
        else:
            yield data


def _shaped(data: Mapping[str, Any]) -> ModelAnswer:
    rewriting = data.get("rewriting")
    if not isinstance(rewriting, str):
        raise _ShapeError("its rewriting is no string")
    concepts = _notes(data, "concepts")
    implicit = _notes({"implicit": [], **data}, "implicit")
    return ModelAnswer(_line(rewriting, _LONGEST_CLAUSE), concepts, implicit)


def _notes(data: Mapping[str, Any], field: str) -> tuple[ConceptNote, ...]:
    entries = data.get(field)
    if not isinstance(entries, list):
        raise _ShapeError(f"its {field} are no list")
    notes = (_note(entry, field) for entry in entries[:_MOST_CONCEPTS])
    return tuple(note for note in notes if note.concept)


def _note(entry: object, field: str) -> ConceptNote:
    """A concept with its explanation and names, or the concept alone."""
    data: Mapping[str, Any] = entry if isinstance(entry, dict) else {"concept": entry}
    concept, explanation, names = data.get("concept"), data.get("explanation"), data.get("names")
    if not isinstance(concept, str):
        raise _ShapeError(f"one of its {field} has no name")
    if not isinstance(explanation, str | None):
        raise _ShapeError(f"an explanation in its {field} is no string")
    if not isinstance(names, list | str | None):
        raise _ShapeError(f"the names in its {field} are no list")
    guesses = [names] if isinstance(names, str) else names or []
    return ConceptNote(
        _line(concept, _LONGEST_CONCEPT),
        _line(explanation or "", _LONGEST_CLAUSE),
        tuple(dict.fromkeys(_identifiers(guesses[:_MOST_NAMES]))),
    )


def _identifiers(guesses: Iterable[object]) -> Iterator[str]:
    for guess in guesses:
        if isinstance(guess, str) and len(guess) <= _LONGEST_NAME:
            name = guess.strip().strip("`").removeprefix("@")
            if is_identifier(name):
                yield name


def _line(text: str, longest: int) -> str:
    """The text on one line, without what a terminal would obey, cut between words to `longest` characters."""
    # A bounded part is looked at, for a model may repeat itself without end.
    part = "".join(c for c in text[: 4 * longest] if unicodedata.category(c) not in ("Cf", "Cs"))
    line = " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in part).split())
    if len(line) <= longest:
        return line
    return line[: longest + 1].rpartition(" ")[0] or line[:longest]


def _merged(base: QueryReading, answer: ModelAnswer) -> QueryReading:
    """A reading with the answer's clauses, names and explanations behind its own, each of them once."""
    notes = (*answer.concepts, *answer.implicit)[:_MOST_CONCEPTS]
    said = (answer.rewriting, *(_line(_clause(note), _LONGEST_CLAUSE) for note in notes))
    known = {_folded(text) for text in (base.text, base.words, *base.clauses)}
    clauses: dict[str, str] = {}
    for clause in said:
        if clause and _folded(clause) not in known:
            clauses.setdefault(_folded(clause), clause)
    names = dict.fromkeys(name for note in notes for name in note.names if name not in base.names)
    explanations = dict(base.explanations)
    for note in notes:
        if note.explanation:
            explanations.setdefault(note.concept, note.explanation)
    return dataclasses.replace(
        base,
        clauses=(*base.clauses, *list(clauses.values())[:_MOST_CLAUSES]),
        names=(*base.names, *list(names)[:_MOST_NAMES]),
        explanations=explanations,
    )


def _clause(note: ConceptNote) -> str:
    return f"{note.concept}: {note.explanation}" if note.explanation else note.concept


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
