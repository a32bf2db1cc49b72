"""Requests, replies, their hashes and JSON forms, and what all models share."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import BackendError, InputError
from cramf.formalize.models.chat import (
    BaseChatModel,
    ChatModel,
    ChatReply,
    ChatRequest,
    Choice,
    Finish,
    Message,
    ModelError,
    request_hash,
    split_reasoning,
)
from cramf.formalize.types import TokenUsage

CHAT = (Message("user", "hello"),)


class Echo(BaseChatModel):
    """Answers by a function, in a thread of the caller's."""

    def __init__(self, answer: Callable[[ChatRequest], str]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    @property
    def name(self) -> str:
        return "echo"

    def chat(self, request: ChatRequest) -> ChatReply:
        self.asked.append(request.messages[-1].content)
        return ChatReply(self.identity, (Choice(self.answer(request)),))


def test_the_hash_is_of_everything_that_decides_the_answer() -> None:
    base = ChatRequest(CHAT)
    variants: list[dict[str, Any]] = [
        {"messages": (Message("user", "hello "),)},
        {"messages": (Message("assistant", "hello"),)},
        {"messages": (*CHAT, *CHAT)},
        {"n": 2},
        {"temperature": 0.0},
        {"temperature": 0.1},
        {"top_p": 1.0},
        {"max_tokens": 1},
        {"stop": ("a",)},
        {"seed": 0},
        {"extra": {"top_k": 1}},
        {"model": "other"},
    ]
    hashes = {request_hash(ChatRequest(**{"messages": CHAT, **variant})) for variant in variants}
    assert len(hashes | {request_hash(base), request_hash(base, "somebody")}) == len(variants) + 2


def test_the_hash_does_not_depend_on_how_the_same_was_said() -> None:
    one = ChatRequest(CHAT, temperature=0, extra={"a": 1, "b": 2})
    other = ChatRequest(CHAT, temperature=0.0, extra={"b": 2, "a": 1})
    assert request_hash(one) == request_hash(other)
    # Kept answers and recordings are found by it, so that it must not change by accident.
    assert request_hash(ChatRequest(CHAT)).startswith("6b674b957ddb1682")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"messages": ()}, "messages"),
        ({"messages": (Message("tool", "x"),)}, "role"),
        ({"messages": (Message("user", "\ud800"),)}, "surrogate"),
        ({"n": 0}, "0 answers"),
        ({"n": 5000}, "5000 answers"),
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"max_tokens": 0}, "tokens"),
        ({"stop": ("",)}, "stop"),
        ({"extra": {"stream": True}}, "stream"),
        ({"extra": {"bias": float("nan")}}, "JSON"),
        ({"extra": {"bias": object()}}, "JSON"),
    ],
)
def test_requests_that_cannot_be_used(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        ChatRequest(**{"messages": CHAT, **fields})
    assert caught.value.mend


@given(
    st.lists(st.tuples(st.text(), st.sampled_from(Finish), st.text()), max_size=4),
    st.none() | st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
    st.none() | st.floats(0, 100),
)
def test_replies_survive_json(
    said: list[tuple[str, Finish, str]], tokens: tuple[int, int] | None, cost: float | None
) -> None:
    choices = (Choice("some text"), *(Choice(*each) for each in said))
    counted = TokenUsage(*tokens) if tokens else None
    reply = ChatReply("openai:m@u", choices, counted, cost, 1.25, 3, cached=True)
    assert ChatReply.from_json(json.loads(json.dumps(reply.as_json()))) == reply


@pytest.mark.parametrize("change", ["choices", "tokens", "model", "seconds"])
@pytest.mark.parametrize("value", [None, 7, [], [["", "stop", ""]], [["a", "no such end", ""]]])
def test_json_of_another_shape_is_no_reply(change: str, value: Any) -> None:
    good = ChatReply("m", (Choice("a"),), TokenUsage(1, 2)).as_json()
    harmless = (change, value) in (("tokens", None), ("seconds", 7)) or change == "model"
    if harmless:
        assert ChatReply.from_json({**good, change: value}).texts == ("a",)
    else:
        with pytest.raises(ValueError):
            ChatReply.from_json({**good, change: value})


@pytest.mark.parametrize(
    ("text", "answer", "thoughts"),
    [
        ("plain", "plain", ""),
        ("  kept as it is\n", "  kept as it is\n", ""),
        ("<think>a</think>b", "b", "a"),
        ("\n<think>\na\n</think>\n\nb\n", "b\n", "a"),
        ("a\n</think>\nb", "b", "a"),
        ("a\n</think>", "", "a"),
        ("<think>a", "", "a"),
        ("<think></think>b", "b", ""),
        ('{"quoted": "</think>"}', '{"quoted": "</think>"}', ""),
        ("<think>a</think>b </think> c", "b </think> c", "a"),
        ("so <think> is a tag", "so <think> is a tag", ""),
    ],
)
def test_thoughts(text: str, answer: str, thoughts: str) -> None:
    assert split_reasoning(text) == (answer, thoughts)


def test_any_text_is_split_without_loss_of_its_end() -> None:
    @given(st.text(alphabet="ab <>/think\n"))
    def holds(text: str) -> None:
        answer, thoughts = split_reasoning(text)
        assert text.endswith(answer) and "<think>" not in answer[:7]
        assert thoughts in text

    holds()


def test_a_model_needs_only_a_name_and_chat() -> None:
    model: ChatModel = Echo(lambda request: request.messages[-1].content.upper())
    requests = [ChatRequest((Message("user", f"a{number}"),)) for number in range(20)]
    with model as opened:
        assert [reply.texts[0] for reply in opened.chat_many(requests, 5)] == [f"A{n}" for n in range(20)]
        assert asyncio.run(opened.achat(requests[3])).texts == ("A3",)
        assert opened.chat_many([]) == []
    assert (model.identity, model.price, model.batch) == ("echo", None, 1)


def test_a_failure_stops_what_was_not_sent_yet() -> None:
    def fail(request: ChatRequest) -> str:
        time.sleep(0.01)
        raise ModelError("down", "wait")

    model = Echo(fail)
    with pytest.raises(BackendError, match="down"):
        model.chat_many([ChatRequest(CHAT)] * 500, 1)
    assert len(model.asked) < 500


def test_a_defect_is_raised_as_it_is() -> None:
    def broken(request: ChatRequest) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Echo(broken).chat_many([ChatRequest(CHAT)])
    with pytest.raises(InputError, match="at once"):
        Echo(broken).chat_many([ChatRequest(CHAT)], 0)


def test_so_many_are_asked_at_once_as_was_said() -> None:
    together = threading.Barrier(3, timeout=20)

    def meet(request: ChatRequest) -> str:
        together.wait()
        return "met"

    assert len(Echo(meet).chat_many([ChatRequest(CHAT)] * 6, 3)) == 6
