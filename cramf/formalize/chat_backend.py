"""The formalizing backend over any chat model, and the plain chat that the reading of queries asks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from cramf.check.verdict import Candidate, Verdict
from cramf.errors import BackendError, InputError
from cramf.formalize.models.chat import ChatModel, ChatReply, ChatRequest, Finish, Message, ModelError
from cramf.formalize.models.wire import LIMIT_MEND
from cramf.formalize.output import UnreadableReplyError, parse_reply
from cramf.formalize.prompt import (
    VERSION,
    Budget,
    Prompt,
    PromptKnowledge,
    build_prompt,
    build_repair_prompt,
)
from cramf.formalize.types import Draft, Request, TokenUsage
from cramf.jsonable import dumps
from cramf.retrieval.types import Hit

__all__ = ["SAMPLING_TEMPERATURE", "ChatBackend", "PlainChat"]

SAMPLING_TEMPERATURE: Final = 0.7
"""Temperature at which several candidates are drawn where none was given."""
_INCOMPLETE: Final = "stopped at its token limit before"


class ChatBackend:
    """Asks a chat model for Lean statements; safe to share between threads if the model is.

    Args:
        model: who is asked.
        temperature: as in `ChatRequest`; where None, several answers at once are sampled at
            `SAMPLING_TEMPERATURE`, and the model decides for one.
        max_tokens, seed: as in `ChatRequest`.
        extra: further parameters that the model knows.
        budget: tokens that the parts of a prompt may take.
        knowledge: notation of definitions, and glosses for those without a docstring.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        extra: Mapping[str, Any] | None = None,
        budget: Budget | None = None,
        knowledge: PromptKnowledge | None = None,
    ) -> None:
        self._model = model
        self._budget = budget or Budget()
        self._knowledge = knowledge or PromptKnowledge()
        self._settings: dict[str, Any] = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "seed": seed,
            "extra": dict(extra or {}),
        }

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def model(self) -> ChatModel:
        """The model that is asked."""
        return self._model

    @property
    def identity(self) -> str:
        """What tells the model from any other."""
        return self._model.identity

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """How it is asked, and what its prompts are made of: version, budget, a hash of the knowledge."""
        own = self._budget
        counter = getattr(own.count, "__qualname__", type(own.count).__qualname__)
        knowledge = dumps(self._knowledge).encode("utf-8", "surrogatepass")
        return {
            **self._settings,
            "prompt": VERSION,
            "budget": [own.definitions, own.examples, own.most_examples, own.diagnostics, counter],
            "knowledge": hashlib.sha256(knowledge).hexdigest()[:16],
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._model!r})"

    def draft(self, request: Request) -> Draft:
        """The model's statement.

        Raises:
            BackendError: where the model fails, or answers what cannot be read as one Lean theorem.
        """
        return _only(self.drafts(request, 1))

    def drafts(self, request: Request, n: int) -> list[Draft | BackendError]:
        """As many statements of the model; in the place of one that cannot be read, why.

        Raises:
            BackendError: where the model fails.
            InputError: where several are wanted at the temperature 0, at which all are the same.
        """
        prompt = build_prompt(request, self._budget, knowledge=self._knowledge)
        return self._drafts(self._model.chat(self._request(prompt, n)), request, prompt)

    async def adrafts(self, request: Request, n: int) -> list[Draft | BackendError]:
        """As `drafts`, without holding the event loop up."""
        prompt = build_prompt(request, self._budget, knowledge=self._knowledge)
        return self._drafts(await self._model.achat(self._request(prompt, n)), request, prompt)

    def repair(self, request: Request, failed: Candidate, verdict: Verdict, found: Sequence[Hit]) -> Draft:
        """The model's statement in place of one that did not pass.

        Raises:
            BackendError: where the model fails, or answers what cannot be read as one Lean theorem.
        """
        prompt = self._repair_prompt(request, failed, verdict, found)
        return _only(self._drafts(self._model.chat(self._request(prompt, 1)), request, prompt))

    async def arepair(
        self, request: Request, failed: Candidate, verdict: Verdict, found: Sequence[Hit]
    ) -> Draft:
        """As `repair`, without holding the event loop up."""
        prompt = self._repair_prompt(request, failed, verdict, found)
        return _only(self._drafts(await self._model.achat(self._request(prompt, 1)), request, prompt))

    def _repair_prompt(
        self, request: Request, failed: Candidate, verdict: Verdict, found: Sequence[Hit]
    ) -> Prompt:
        return build_repair_prompt(request, failed, verdict, found, self._budget, knowledge=self._knowledge)

    def _request(self, prompt: Prompt, n: int) -> ChatRequest:
        settings = dict(self._settings)
        if n > 1:
            if settings["temperature"] == 0:
                raise InputError(
                    f"{n} answers at the temperature 0 are all the same", "raise it, or ask for one candidate"
                )
            if settings["temperature"] is None:
                settings["temperature"] = SAMPLING_TEMPERATURE
        return ChatRequest(prompt.messages, n=n, **settings)

    def _drafts(self, reply: ChatReply, request: Request, prompt: Prompt) -> list[Draft | BackendError]:
        shares = _shares(reply)
        cost = None if reply.cost is None else reply.cost / len(reply.choices)
        outcomes: list[Draft | BackendError] = []
        for choice, tokens in zip(reply.choices, shares, strict=True):
            try:
                parsed = parse_reply(choice.text, request.name)
            except UnreadableReplyError as error:
                if choice.finish is Finish.LENGTH:
                    failure = _failure(reply, f"{_INCOMPLETE} the theorem was complete", LIMIT_MEND)
                else:
                    what = f"sent an answer that is not Lean: {error.message}"
                    failure = _failure(reply, what, error.mend)
                failure.tokens, failure.cost = tokens, cost
                outcomes.append(failure)
                continue
            notes = (f"prompt {prompt.version} with {len(prompt.definitions)} definitions", *parsed.notes)
            outcomes.append(Draft(self.name, parsed.candidate, None, notes, tokens, cost))
        return outcomes

    def ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The model's answer to a chat (`role` and `content` each), as text without its thoughts.

        Raises:
            BackendError: where the model fails, or its answer is cut off.
        """
        said = tuple(Message(message["role"], message["content"]) for message in messages)
        reply = self._model.chat(ChatRequest(said, **self._settings))
        (choice, *_) = reply.choices
        if choice.finish is Finish.LENGTH:
            raise _failure(reply, f"{_INCOMPLETE} its answer was complete", LIMIT_MEND)
        return choice.text


class PlainChat:
    """The chat model behind a backend as queries are read by it, under a name that tells its server."""

    def __init__(self, backend: ChatBackend) -> None:
        self._backend = backend

    @property
    def name(self) -> str:
        return self._backend.model.identity

    def ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        """See `ChatBackend.ask`."""
        return self._backend.ask(messages)


def _failure(reply: ChatReply, what: str, mend: str) -> ModelError:
    # The identity of a server is `openai:MODEL@URL`; that of others tells where they are by itself.
    server = reply.model.partition("@")[2] if reply.model.startswith("openai:") else ""
    who = f"the language model server {server}" if server else f"the language model {reply.model}"
    return ModelError(f"{who} {what}", mend)


def _only(outcomes: Sequence[Draft | BackendError]) -> Draft:
    (outcome, *_) = outcomes
    if isinstance(outcome, BackendError):
        raise outcome
    return outcome


def _shares(reply: ChatReply) -> list[TokenUsage | None]:
    """What each of the answers of a reply took: of the prompt the same, of the rest by its length."""
    if reply.tokens is None:
        return [None] * len(reply.choices)
    lengths = [1 + len(choice.text) + len(choice.reasoning) for choice in reply.choices]
    prompts = _split(reply.tokens.prompt, [1] * len(lengths))
    completions = _split(reply.tokens.completion, lengths)
    return [TokenUsage(p, c) for p, c in zip(prompts, completions, strict=True)]


def _split(amount: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of an amount by weight, whose sum is the amount."""
    ends = [amount * sum(weights[: n + 1]) // sum(weights) for n in range(len(weights))]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
