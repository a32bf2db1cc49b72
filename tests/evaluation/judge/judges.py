"""Chat models that play a judge, well or badly, and small questions for them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence

from cramf.errors import BackendError
from cramf.evaluation.judge.calibration import Pair
from cramf.evaluation.judge.lean_text import shown_lean
from cramf.evaluation.judge.types import Question
from cramf.formalize.models.chat import BaseChatModel, ChatReply, ChatRequest, Choice, Finish, ModelError
from cramf.formalize.types import TokenUsage

Answer = Callable[[ChatRequest, int], "str | Choice | BackendError"]
"""What is said to a request, given the number of the call from 0."""


class Playing(BaseChatModel):
    """Answers as a test decides, and notes what it was asked."""

    def __init__(self, answer: Answer, *, tokens: TokenUsage | None = None, batch: int = 1) -> None:
        self._answer, self._tokens, self._batch = answer, tokens, batch
        self._lock = threading.Lock()
        self.asked: list[ChatRequest] = []

    @property
    def name(self) -> str:
        return "playing"

    @property
    def batch(self) -> int:
        return self._batch

    def chat(self, request: ChatRequest) -> ChatReply:
        with self._lock:
            call = len(self.asked)
            self.asked.append(request)
        said = self._answer(request, call)
        if isinstance(said, BackendError):
            raise said
        choice = Choice(said) if isinstance(said, str) else said
        return ChatReply(self.identity, (choice,), self._tokens, None, 0.1)


def verdict(faithful: bool, reason: str = "as said", *kinds: str) -> str:
    kinds = kinds or (() if faithful else ("wrong_domain",))
    found = [{"kind": kind, "detail": "see there"} for kind in kinds]
    return json.dumps({"discrepancies": found, "reason": reason, "faithful": faithful})


def constant(faithful: bool) -> Playing:
    return Playing(lambda request, call: verdict(faithful))


def nonsense() -> Playing:
    return Playing(lambda request, call: "The weather is fine, and I like turtles.")


def random_judge() -> Playing:
    """By the seed and the text, so that the same request always has the same answer."""

    def answer(request: ChatRequest, call: int) -> str:
        text = f"{request.seed}\0{request.messages[-1].content}"
        return verdict(hashlib.sha256(text.encode()).digest()[0] % 2 == 0)

    return Playing(answer)


def perfect(pairs: Sequence[Pair]) -> Playing:
    """Knows the labels, and finds its pair by the statements in the prompt."""
    known = [(p.question.statement, shown_lean(p.question), p) for p in pairs]

    def answer(request: ChatRequest, call: int) -> str:
        content = request.messages[-1].content
        (pair,) = [p for informal, lean, p in known if informal in content and f"\n{lean}\n" in content]
        return verdict(pair.faithful, "known", *([pair.fault] if pair.fault else []))

    return Playing(answer)


def failing(every: int, inner: Answer) -> Answer:
    """Fails for one in `every` statements, whichever call it is, by the statement's text."""

    def answer(request: ChatRequest, call: int) -> str | Choice | BackendError:
        digest = hashlib.sha256(request.messages[1].content.encode()).digest()
        return (
            ModelError("the server is on fire", "put it out")
            if digest[0] % every == 0
            else inner(request, call)
        )

    return answer


def cut(text: str) -> Choice:
    return Choice(text, Finish.LENGTH)


def question(number: int = 1, statement: str = "") -> Question:
    return Question(
        f"q{number}",
        statement or f"Show that $n + {number} > n$ for every natural number $n$.",
        f"theorem q{number} (n : ℕ) : n < n + {number} := by sorry",
    )
