"""The client against a real, well-kept OpenAI-compatible server: `transformers serve` with a tiny model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cramf.errors import BackendError
from cramf.formalize.models.chat import ChatRequest, Finish, Message
from cramf.formalize.models.local import LocalChatModel
from cramf.formalize.models.openai_chat import OpenAIChatModel

if TYPE_CHECKING:
    from tests.formalize.models.conftest import TinyServer

CHAT = (Message("system", "You write Lean."), Message("user", "Every subgroup of index two is normal."))


def opened(server: TinyServer, **options: object) -> OpenAIChatModel:
    return OpenAIChatModel(server.model, server.url, timeout=60, **options)  # type: ignore[arg-type]


def test_a_greedy_answer_is_repeatable_and_counted(tiny_server: TinyServer) -> None:
    model = opened(tiny_server)
    request = ChatRequest(CHAT, temperature=0, max_tokens=12)
    first, second = model.chat(request), model.chat(request)
    assert first.texts == second.texts and first.texts[0].strip()
    assert first.finish_reasons == (Finish.LENGTH,)
    assert first.tokens is not None and first.tokens.completion == 12 and first.tokens.prompt > 12
    assert first.cost is None and first.sent == 1 and not first.cached
    assert first.model == f"openai:{tiny_server.model}@{tiny_server.url}"


def test_the_local_model_says_the_same(tiny_server: TinyServer) -> None:
    request = ChatRequest(CHAT, temperature=0, max_tokens=12)
    with LocalChatModel(tiny_server.model, device="cpu") as local:
        ours = local.chat(request)
    theirs = opened(tiny_server).chat(request)
    assert ours.texts == theirs.texts and ours.tokens == theirs.tokens


def test_a_server_that_overlooks_n_is_asked_one_by_one(tiny_server: TinyServer) -> None:
    model = opened(tiny_server)
    request = ChatRequest(CHAT, n=3, temperature=1, max_tokens=8, seed=11)
    reply = model.chat(request)
    assert len(reply.texts) == 3 and reply.sent == 3
    assert len(set(reply.texts)) == 3
    assert reply.tokens is not None and reply.tokens.completion == 24
    assert model.chat(request).texts == reply.texts
    one = model.chat(ChatRequest(CHAT, temperature=1, max_tokens=8, seed=12))
    assert one.texts[0] == reply.texts[1]


def test_the_answer_ends_before_a_stop_string(tiny_server: TinyServer) -> None:
    model = opened(tiny_server)
    whole = model.chat(ChatRequest(CHAT, temperature=0, max_tokens=24)).texts[0]
    ascii_at = next(at for at, c in enumerate(whole) if at > 2 and c.isascii())
    stopped = model.chat(ChatRequest(CHAT, temperature=0, max_tokens=24, stop=(whole[ascii_at],)))
    assert stopped.finish_reasons == (Finish.STOP,)
    assert stopped.texts[0] == whole[: whole.index(whole[ascii_at])]


def test_blocking_and_asynchronous_calls_agree(tiny_server: TinyServer) -> None:
    model = opened(tiny_server, concurrency=2)
    requests = [
        ChatRequest((Message("user", f"n = {number}"),), temperature=0, max_tokens=6) for number in range(5)
    ]

    async def all_of_them() -> list[str]:
        replies = await asyncio.gather(*(model.achat(request) for request in requests))
        await model.aclose()
        return [reply.texts[0] for reply in replies]

    many = [reply.texts[0] for reply in model.chat_many(requests, concurrency=3)]
    assert asyncio.run(all_of_them()) == many
    assert many == [model.chat(request).texts[0] for request in requests]


def test_another_model_is_refused_in_one_line(tiny_server: TinyServer) -> None:
    model = OpenAIChatModel("nobody/nothing", tiny_server.url)
    with pytest.raises(BackendError, match=r"HTTP 400: .*nobody/nothing.*; check the model's name"):
        model.chat(ChatRequest(CHAT, max_tokens=4))
