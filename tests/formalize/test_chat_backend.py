"""Several answers of a chat model at once, and what they take."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import BackendError
from cramf.formalize.chat_backend import ChatBackend
from cramf.formalize.models.chat import BaseChatModel, ChatReply, ChatRequest, Choice, Finish
from cramf.formalize.prompt import Budget, PromptKnowledge
from cramf.formalize.types import Draft, Repairer, Request, Sampler, TokenUsage
from tests.formalize.models.scripted import Scripted

REQUEST = Request("Every prime is more than one.", "prime_one", toolchain="v4.9.0", mathlib_commit="abc")


class Answering(BaseChatModel):
    name = "answering"

    def __init__(self, texts: list[str], tokens: TokenUsage | None, finish: Finish = Finish.STOP) -> None:
        self.texts, self.tokens, self.finish = texts, tokens, finish

    def chat(self, request: ChatRequest) -> ChatReply:
        choices = tuple(Choice(text, self.finish) for text in self.texts[: request.n])
        return ChatReply(self.name, choices, self.tokens, 0.3)


def theorem(goal: str) -> str:
    return f"```lean\ntheorem x : {goal} := by sorry\n```"


def test_answers_that_cannot_be_read_stand_in_their_place() -> None:
    model = Answering([theorem("1 = 1"), "It is true.", theorem("2 = 2")], TokenUsage(30, 100))
    backend = ChatBackend(model)
    assert isinstance(backend, Sampler) and isinstance(backend, Repairer)
    first, second, third = backend.drafts(REQUEST, 3)
    assert isinstance(first, Draft) and isinstance(third, Draft) and isinstance(second, BackendError)
    assert first.candidate is not None and "theorem prime_one : 1 = 1" in first.candidate.statement
    assert first.cost == pytest.approx(0.1) and "sent an answer that is not Lean" in second.message
    used = [first.tokens, getattr(second, "tokens", None), third.tokens]
    assert [tokens.prompt for tokens in used if tokens] == [10, 10, 10]
    assert sum(tokens.completion for tokens in used if tokens) == 100
    assert asyncio.run(backend.adrafts(REQUEST, 3))[0] == first


def test_an_answer_that_was_cut_off_says_so() -> None:
    backend = ChatBackend(Answering(["```lean\ntheorem x : 1 +"], None, Finish.LENGTH))
    (outcome,) = backend.drafts(REQUEST, 1)
    assert isinstance(outcome, BackendError) and "stopped at its token limit" in outcome.message
    with pytest.raises(BackendError, match="token limit"):
        backend.draft(REQUEST)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=9), st.integers(0, 999), st.integers(0, 999))
def test_shares_add_up_to_what_the_reply_took(texts: list[str], prompt: int, completion: int) -> None:
    answers = [theorem(f'"{len(text)}" = "{"x" * len(text)}"') for text in texts]
    outcomes = ChatBackend(Answering(answers, TokenUsage(prompt, completion))).drafts(REQUEST, len(texts))
    used = [outcome.tokens for outcome in outcomes if isinstance(outcome, Draft) and outcome.tokens]
    assert len(used) == len(texts) and all(min(t.prompt, t.completion) >= 0 for t in used)
    assert sum(used, TokenUsage()) == TokenUsage(prompt, completion)


def test_the_settings_tell_all_that_an_answer_depends_on() -> None:
    made = [
        ChatBackend(Scripted(), **options)
        for options in (
            {},
            {"temperature": 0.5},
            {"max_tokens": 9},
            {"seed": 1},
            {"extra": {"top_k": 4}},
            {"budget": Budget(definitions=9)},
            {"budget": Budget(count=len)},
            {"knowledge": PromptKnowledge({"Nat.Prime": "A prime."})},
        )
    ]
    assert len({str(backend.settings) for backend in made}) == len(made)
    assert made[0].settings["prompt"] and made[0].identity == "scripted"
