"""Chat models around another one: what is kept of its answers, and what they take, is added."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Literal

from cramf.errors import BackendError
from cramf.formalize.models.accounting import BudgetError, Meter, Price, Reservation
from cramf.formalize.models.chat import BaseChatModel, ChatModel, ChatReply, ChatRequest, request_hash
from cramf.jsonable import dumps
from cramf.retrieval.answer_cache import AnswerCache

__all__ = ["CachePolicy", "CachedModel", "MeteredModel", "WrappedModel"]

CachePolicy = Literal["repeatable", "always"]


class WrappedModel(BaseChatModel):
    """Passes everything on to `inner`, and closes it with itself."""

    def __init__(self, inner: ChatModel) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def identity(self) -> str:
        return self.inner.identity

    @property
    def price(self) -> Price | None:
        return self.inner.price

    @property
    def batch(self) -> int:
        return self.inner.batch

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"

    def chat(self, request: ChatRequest) -> ChatReply:
        return self.inner.chat(request)

    async def achat(self, request: ChatRequest) -> ChatReply:
        return await self.inner.achat(request)

    def outcomes(
        self, requests: Sequence[ChatRequest], concurrency: int = 4
    ) -> Iterator[tuple[int, ChatReply | BackendError]]:
        return self.inner.outcomes(requests, concurrency)

    def close(self) -> None:
        self.inner.close()


class CachedModel(WrappedModel):
    """Answers from a file what was answered before by the same model to the very same request.

    Args:
        inner: who is asked for the rest.
        store: the file.
        policy: `repeatable` keeps only greedy and seeded requests, since one who samples without a seed wants
            a new answer each time; `always` keeps every request.
        meter: where hits are counted.

    Raises:
        ResourceError: on asking, where the file cannot be used.
    """

    def __init__(
        self,
        inner: ChatModel,
        store: AnswerCache,
        policy: CachePolicy = "repeatable",
        meter: Meter | None = None,
    ) -> None:
        super().__init__(inner)
        self._store, self._policy, self._meter = store, policy, meter

    def chat(self, request: ChatRequest) -> ChatReply:
        return self._kept(request) or self._keep(request, self.inner.chat(request))

    async def achat(self, request: ChatRequest) -> ChatReply:
        return self._kept(request) or self._keep(request, await self.inner.achat(request))

    def outcomes(
        self, requests: Sequence[ChatRequest], concurrency: int = 4
    ) -> Iterator[tuple[int, ChatReply | BackendError]]:
        """As everywhere; equal requests that are kept are sent once."""
        missing: dict[object, list[int]] = {}
        for index, request in enumerate(requests):
            kept = self._kept(request)
            if kept is not None:
                yield index, kept
            else:
                same = self._key(request) if self._keeps(request) else index
                missing.setdefault(same, []).append(index)
        places = list(missing.values())
        for position, outcome in self.inner.outcomes([requests[same[0]] for same in places], concurrency):
            if isinstance(outcome, ChatReply):
                self._keep(requests[places[position][0]], outcome)
            for index in places[position]:
                yield index, outcome

    def _keeps(self, request: ChatRequest) -> bool:
        return self._policy == "always" or request.repeatable

    def _key(self, request: ChatRequest) -> str:
        return request_hash(request, self.inner.identity)

    def _kept(self, request: ChatRequest) -> ChatReply | None:
        text = self._store.get(self._key(request)) if self._keeps(request) else None
        if text is None:
            return None
        try:
            reply = ChatReply.from_json(json.loads(text))
        except ValueError:
            # Of another version; it is asked for again and written over.
            return None
        if self._meter is not None:
            self._meter.note_cached()
        return reply

    def _keep(self, request: ChatRequest, reply: ChatReply) -> ChatReply:
        if self._keeps(request):
            self._store.put(self._key(request), dumps(reply.as_json()))
        return reply


class MeteredModel(WrappedModel):
    """Adds up what the replies of a model take, and sends no request that could exceed the meter's budget.

    Raises:
        InputError: where the meter limits costs and the model's price is not known.
    """

    def __init__(self, inner: ChatModel, meter: Meter) -> None:
        super().__init__(inner)
        meter.require_price(inner.name, inner.price)
        self.meter = meter

    def chat(self, request: ChatRequest) -> ChatReply:
        reserved = self.meter.reserve(request, self.price)
        try:
            reply = self.inner.chat(request)
        except BaseException as error:
            self.meter.fail(reserved, error, self.price)
            raise
        self.meter.settle(reserved, reply, self.price)
        return reply

    async def achat(self, request: ChatRequest) -> ChatReply:
        reserved = self.meter.reserve(request, self.price)
        try:
            reply = await self.inner.achat(request)
        except BaseException as error:
            self.meter.fail(reserved, error, self.price)
            raise
        self.meter.settle(reserved, reply, self.price)
        return reply

    def outcomes(
        self, requests: Sequence[ChatRequest], concurrency: int = 4
    ) -> Iterator[tuple[int, ChatReply | BackendError]]:
        """As everywhere; a model that works in batches gets no more at once than it takes together."""
        if self.batch == 1:
            # Each request then reserves its own share right before it is sent.
            yield from BaseChatModel.outcomes(self, requests, concurrency)
            return
        for begin in range(0, len(requests), self.batch):
            wave = range(begin, min(begin + self.batch, len(requests)))
            reserved: dict[int, Reservation] = {}
            for index in wave:
                try:
                    reserved[index] = self.meter.reserve(requests[index], self.price)
                except BudgetError as error:
                    yield index, error
            sent = list(reserved)
            try:
                outcomes = self.inner.outcomes([requests[index] for index in sent], concurrency)
                for position, outcome in outcomes:
                    mine = reserved.pop(sent[position])
                    if isinstance(outcome, ChatReply):
                        self.meter.settle(mine, outcome, self.price)
                    else:
                        self.meter.fail(mine, outcome, self.price)
                    yield sent[position], outcome
            finally:
                for left in reserved.values():
                    self.meter.release(left)
