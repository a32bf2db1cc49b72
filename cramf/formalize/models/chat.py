"""What a chat model is asked and what it answers, the protocol of all of them, and what they share."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import queue
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Protocol, Self

from cramf.errors import BackendError, InputError
from cramf.formalize.models.accounting import Price
from cramf.formalize.types import TokenUsage

__all__ = [
    "BaseChatModel",
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "Choice",
    "EmptyAnswerError",
    "Finish",
    "Message",
    "ModelError",
    "hash_of",
    "request_hash",
    "split_reasoning",
]

FORMAT: Final = 1
"""Version of what is hashed of a request; raised whenever that changes."""
_ROLES: Final = frozenset({"system", "developer", "user", "assistant"})
_OWN_FIELDS: Final = frozenset(
    "model messages n temperature top_p max_tokens max_completion_tokens stop seed stream".split()
)
_MOST_CHOICES: Final = 1024


class ModelError(BackendError):
    """A chat model failed; `tokens` and `cost` tell what was used up before it did, None where unknown."""

    tokens: TokenUsage | None = None
    cost: float | None = None


class Finish(StrEnum):
    """Why a text ends: by itself or at a stop string, at its token limit, or as the server had it."""

    STOP = "stop"
    LENGTH = "length"
    FILTER = "content_filter"
    REFUSAL = "refusal"
    OTHER = "other"


class EmptyAnswerError(ModelError):
    """A model was asked and answered without text: it refused, was cut off, or said nothing (`finish`)."""

    finish: Finish = Finish.STOP


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `role` is `system`, `developer`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat and how it is to be answered. What is None is left to the model.

    Args:
        messages: at least one, oldest first.
        n: how many answers are wanted.
        temperature: 0 picks the likeliest token each time.
        top_p: the share of probability from which tokens are drawn.
        max_tokens: the most tokens that one answer may take, thoughts included.
        stop: texts before which an answer ends.
        seed: makes sampling repeatable, as far as the model keeps that promise.
        extra: further parameters that this kind of model knows, as JSON values.
        model: another model of the same server; empty for the one that was opened.

    Raises:
        InputError: where a value cannot be used.
    """

    messages: tuple[Message, ...]
    n: int = 1
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    model: str = ""

    def __post_init__(self) -> None:
        if not self.messages or any(message.role not in _ROLES for message in self.messages):
            raise InputError("a chat needs messages", f"each of a role among {', '.join(sorted(_ROLES))}")
        if any("\ud800" <= c <= "\udfff" for message in self.messages for c in message.content):
            raise InputError("a message holds half a character (a lone surrogate)", "read it as UTF-8")
        if not 1 <= self.n <= _MOST_CHOICES:
            raise InputError(f"{self.n} answers cannot be asked for", f"give 1 to {_MOST_CHOICES}")
        if self.temperature is not None and not (self.temperature >= 0 and math.isfinite(self.temperature)):
            raise InputError(f"a temperature of {self.temperature} cannot be used", "give 0 or more")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise InputError(f"a top_p of {self.top_p} cannot be used", "give more than 0, up to 1")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise InputError(f"{self.max_tokens} tokens are no answer", "give 1 or more")
        if not all(self.stop):
            raise InputError("an empty stop string ends every answer", "leave it out")
        if taken := _OWN_FIELDS & set(self.extra):
            raise InputError(f"{min(taken)} is no extra parameter", "set the request's own field")
        try:
            json.dumps(dict(self.extra), allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise InputError("the extra parameters have no JSON form", "give plain values") from None

    @property
    def repeatable(self) -> bool:
        """Whether asking again should bring the same answer: greedy, or sampled with a seed."""
        return self.temperature == 0 or self.seed is not None

    def as_json(self) -> dict[str, Any]:
        """Everything that decides the answer, as plain JSON values."""
        return {
            "model": self.model,
            "messages": [[message.role, message.content] for message in self.messages],
            "n": self.n,
            "temperature": None if self.temperature is None else float(self.temperature),
            "top_p": None if self.top_p is None else float(self.top_p),
            "max_tokens": self.max_tokens,
            "stop": list(self.stop),
            "seed": self.seed,
            "extra": dict(self.extra),
        }


def hash_of(request: Mapping[str, Any], identity: str = "") -> str:
    """See `request_hash`; `request` is what `ChatRequest.as_json` made."""
    data = [FORMAT, identity, request]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode("ascii")).hexdigest()


def request_hash(request: ChatRequest, identity: str = "") -> str:
    """SHA-256 of the whole request, and of the model's identity if given, as hexadecimal digits."""
    return hash_of(request.as_json(), identity)


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer; `reasoning` holds the model's thoughts, which are no part of `text`; either may be empty."""

    text: str
    finish: Finish = Finish.STOP
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class ChatReply:
    """As many answers as were asked for, at least one of them with text, and what they took.

    `model` is the identity of the model that answered, `cost` US dollars (None where the price or the tokens
    are not known), `seconds` wall-clock time with all waiting, and `sent` the number of exchanges with it.
    A `cached` reply tells what it took when it was paid for.
    """

    model: str
    choices: tuple[Choice, ...]
    tokens: TokenUsage | None = None
    cost: float | None = None
    seconds: float = 0.0
    sent: int = 1
    cached: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(choice.text for choice in self.choices)

    @property
    def finish_reasons(self) -> tuple[Finish, ...]:
        return tuple(choice.finish for choice in self.choices)

    def as_json(self) -> dict[str, Any]:
        """What is kept of a reply, as plain JSON values."""
        return {
            "model": self.model,
            "choices": [[choice.text, choice.finish.value, choice.reasoning] for choice in self.choices],
            "tokens": None if self.tokens is None else [self.tokens.prompt, self.tokens.completion],
            "cost": self.cost,
            "seconds": round(self.seconds, 3),
            "sent": self.sent,
        }

    @classmethod
    def from_json(cls, data: Any) -> ChatReply:
        """The reply that `as_json` made this of, as a cached one.

        Raises:
            ValueError: where it is something else.
        """
        try:
            choices = tuple(Choice(str(t), Finish(f), str(r)) for t, f, r in data["choices"])
            tokens = None
            if data["tokens"] is not None:
                prompt, completion = data["tokens"]
                tokens = TokenUsage(int(prompt), int(completion))
            cost = None if data["cost"] is None else float(data["cost"])
            seconds, sent = float(data["seconds"]), int(data["sent"])
            reply = cls(str(data["model"]), choices, tokens, cost, seconds, sent, cached=True)
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from None
        if not any(choice.text.strip() for choice in choices):
            raise ValueError("no text in it")
        return reply


class ChatModel(Protocol):
    """Anything that answers chats, from several threads at once."""

    @property
    def name(self) -> str:
        """What a user calls it, such as `openai:qwen3`."""
        ...

    @property
    def identity(self) -> str:
        """What tells it from any other model, with its server or files; part of the keys of kept answers."""
        ...

    @property
    def price(self) -> Price | None:
        """What its tokens cost, if that is known."""
        ...

    @property
    def batch(self) -> int:
        """How many requests it is best given at once; 1 where it takes them one by one."""
        ...

    def chat(self, request: ChatRequest) -> ChatReply:
        """The answers to a chat.

        Raises:
            BackendError: where there are none.
            InputError: where the request has a value that this model cannot use.
        """
        ...

    async def achat(self, request: ChatRequest) -> ChatReply:
        """As `chat`, without holding the event loop up."""
        ...

    def outcomes(
        self, requests: Sequence[ChatRequest], concurrency: int = 4
    ) -> Iterator[tuple[int, ChatReply | BackendError]]:
        """The reply or the failure of each request with its place among them, as they come.

        Whoever stops taking them also stops the requests that were not sent yet.
        """
        ...

    def chat_many(self, requests: Sequence[ChatRequest], concurrency: int = 4) -> list[ChatReply]:
        """The replies in the order of the requests, at most `concurrency` of them being asked for at once.

        Raises:
            BackendError: the first failure; `outcomes` goes on past failures.
        """
        ...

    def close(self) -> None:
        """Give connections and memory back. A closed model answers no more."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class BaseChatModel(ABC):
    """What follows from `name` and `chat` alone; see `ChatModel` for what each of these does."""

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    def identity(self) -> str:
        return self.name

    @property
    def price(self) -> Price | None:
        return None

    @property
    def batch(self) -> int:
        return 1

    @abstractmethod
    def chat(self, request: ChatRequest) -> ChatReply: ...

    async def achat(self, request: ChatRequest) -> ChatReply:
        return await asyncio.to_thread(self.chat, request)

    def outcomes(
        self, requests: Sequence[ChatRequest], concurrency: int = 4
    ) -> Iterator[tuple[int, ChatReply | BackendError]]:
        if concurrency < 1:
            raise InputError(f"{concurrency} requests at once cannot be sent", "give 1 or more")
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[int, ChatReply | BaseException]] = queue.SimpleQueue()
        given_up = threading.Event()
        for index in range(len(requests)):
            todo.put(index)

        def work() -> None:
            while not given_up.is_set():
                try:
                    index = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((index, self.chat(requests[index])))
                except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
                    done.put((index, error))

        # Daemons, so that Ctrl-C need not wait for a server that is slow.
        for _ in range(min(concurrency, len(requests))):
            threading.Thread(target=work, name="cramf-chat", daemon=True).start()
        try:
            for _ in requests:
                index, outcome = done.get()
                if isinstance(outcome, ChatReply | BackendError):
                    yield index, outcome
                else:
                    raise outcome
        finally:
            given_up.set()

    def chat_many(self, requests: Sequence[ChatRequest], concurrency: int = 4) -> list[ChatReply]:
        replies: dict[int, ChatReply] = {}
        for index, outcome in self.outcomes(requests, concurrency):
            if isinstance(outcome, BackendError):
                raise outcome
            replies[index] = outcome
        return [replies[index] for index in range(len(requests))]

    def close(self) -> None:  # noqa: B027 - most models hold nothing
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


_CLOSING_LINE = re.compile(r"</think>[^\S\n]*(?:\n|\Z)")


def split_reasoning(text: str) -> tuple[str, str]:
    """A text without the thoughts that it begins with, and these; a text without any stays as it is.

    Thoughts stand in `<think>` tags. Chat templates often swallow the opening one; then the closing one
    counts only at a line's end, since an answer may quote it. Thoughts that do not end leave no text.
    """
    begun = text.lstrip()
    if begun.startswith("<think>"):
        thoughts, _, answer = begun.removeprefix("<think>").partition("</think>")
        return answer.lstrip(), thoughts.strip()
    closing = list(_CLOSING_LINE.finditer(text))
    if not closing:
        return text, ""
    return text[closing[-1].end() :].lstrip(), text[: closing[-1].start()].strip()
