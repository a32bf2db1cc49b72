"""A chat model whose answers a test decides, and that notes what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable

from cramf.formalize.models.accounting import Price
from cramf.formalize.models.chat import BaseChatModel, ChatReply, ChatRequest, Choice, Message
from cramf.formalize.types import TokenUsage

_TOKENS = TokenUsage(10, 5)


class Scripted(BaseChatModel):
    """By default each answer is a new one; `answer` gets the request and the number of the call from 0."""

    def __init__(
        self,
        answer: Callable[[ChatRequest, int], str] | None = None,
        *,
        tokens: TokenUsage | None = _TOKENS,
        price: Price | None = None,
        identity: str = "scripted",
        batch: int = 1,
    ) -> None:
        self._answer = answer or (lambda request, call: f"answer {call} to {request.messages[-1].content}")
        self._tokens, self._price, self._identity, self._batch = tokens, price, identity, batch
        self._lock = threading.Lock()
        self.asked: list[ChatRequest] = []
        self.closed = False

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def price(self) -> Price | None:
        return self._price

    @property
    def batch(self) -> int:
        return self._batch

    def chat(self, request: ChatRequest) -> ChatReply:
        with self._lock:
            call = len(self.asked)
            self.asked.append(request)
        choices = tuple(Choice(self._answer(request, call)) for _ in range(request.n))
        cost = self._price.cost(self._tokens) if self._price else None
        return ChatReply(self.identity, choices, self._tokens, cost, 0.5)

    def close(self) -> None:
        self.closed = True


def asking(text: str, **fields: object) -> ChatRequest:
    return ChatRequest((Message("user", text),), **fields)  # type: ignore[arg-type]
