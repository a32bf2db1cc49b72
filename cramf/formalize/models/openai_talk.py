"""The course of one chat with an OpenAI-compatible server, without its input and output.

Blocking and asynchronous clients drive the same object: `step` says what to send and after which pause,
`took` takes what came of it. All decisions are made here: retries, what a server does not know, several
answers from servers that give one at a time.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, Final

from cramf.formalize.models.accounting import Price
from cramf.formalize.models.chat import ChatReply, ChatRequest, Choice, Finish, ModelError
from cramf.formalize.models.retrying import RetryPolicy, is_passing, seconds_asked
from cramf.formalize.models.wire import Answer, Server, error_code
from cramf.formalize.types import TokenUsage

__all__ = ["Failure", "Step", "Talk"]

_ONE_AT_A_TIME: Final = "one at a time"
_NEW_LIMIT: Final = "max_completion_tokens"
_STREAM: Final = "stream"
_SPEAKS_OF_STREAMS = re.compile(r"\bstream", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """The next exchange: seconds to wait before it, its body, its time limit and the answers wanted of it."""

    pause: float
    body: dict[str, Any]
    timeout: float
    choices: int


@dataclass(frozen=True, slots=True)
class Failure:
    """An exchange that brought no answer, and whether another try may."""

    error: ModelError
    again: bool


def _stopped(choice: Choice, stop: tuple[str, ...]) -> Choice:
    """The choice up to the first stop string, since some servers leave that in."""
    found = [choice.text.find(each) for each in stop if each in choice.text]
    return Choice(choice.text[: min(found)], Finish.STOP, choice.reasoning) if found else choice


class Talk:
    """One request to one server. `quirks` is what this server is known not to take; it grows by what is met.

    A server that refuses several answers, or ignores that they were asked for, is asked for one at a time,
    the seed raised by one for each. One that wants `max_completion_tokens`, or streams only, gets these.
    """

    def __init__(
        self,
        request: ChatRequest,
        server: Server,
        policy: RetryPolicy,
        identity: str,
        price: Price | None,
        quirks: frozenset[str] = frozenset(),
    ) -> None:
        self.quirks = quirks
        self._request, self._server, self._policy = request, server, policy
        self._identity, self._price = identity, price
        self._started = time.monotonic()
        self._choices: list[Choice] = []
        self._tokens: TokenUsage | None = TokenUsage()
        self._sent = self._attempt = self._asked_choices = 0
        self._pause = self._waited = self._spent = 0.0
        self._answered = False

    def step(self) -> Step | None:
        """What to send next, None once all answers are there.

        Raises:
            ModelError: where the time for the whole request is used up.
        """
        missing = self._request.n - len(self._choices)
        if missing <= 0:
            return None
        left = self._left() - self._pause
        if left <= 0:
            raise self._failed(self._server.too_slow(self._policy.total or 0.0))
        self._asked_choices = 1 if _ONE_AT_A_TIME in self.quirks else missing
        pause, self._pause = self._pause, 0.0
        self._waited += pause
        self._sent += 1
        return Step(pause, self._body(), min(self._server.timeout, left), self._asked_choices)

    def took(self, outcome: Answer | Failure, seconds: float) -> None:
        """Take in what came of the last step, and how long it took once it was its turn.

        Raises:
            ModelError: where no further try is due.
        """
        self._spent += seconds
        if isinstance(outcome, Failure):
            self._retry_or_raise(outcome.error, outcome.again, None)
        elif 200 <= outcome.status < 300:
            self._read(outcome)
        elif not self._adapted(outcome):
            asked = seconds_asked(outcome.retry_after)
            again = is_passing(outcome.status) and error_code(outcome.body) != "insufficient_quota"
            error = self._server.refusal(outcome, asked, self._policy.max_wait)
            self._retry_or_raise(error, again, asked)

    def reply(self) -> ChatReply:
        """All answers, once `step` has said that there is nothing left to do."""
        cost = self._price.cost(self._tokens) if self._price else None
        seconds = time.monotonic() - self._started
        choices = tuple(self._choices[: self._request.n])
        return ChatReply(self._identity, choices, self._tokens, cost, seconds, self._sent)

    def _left(self) -> float:
        """Seconds left for the whole request."""
        if self._policy.total is None:
            return float("inf")
        # That it had to queue for a turn is no fault of the server's.
        return self._policy.total - self._waited - self._spent

    def _body(self) -> dict[str, Any]:
        request = self._request
        limit = _NEW_LIMIT if _NEW_LIMIT in self.quirks else "max_tokens"
        body: dict[str, Any] = {
            "model": request.model or self._server.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        }
        optional = {
            "n": self._asked_choices if self._asked_choices > 1 else None,
            "temperature": request.temperature,
            "top_p": request.top_p,
            limit: request.max_tokens,
            "stop": list(request.stop) or None,
            "seed": None if request.seed is None else request.seed + len(self._choices),
            "stream": True if _STREAM in self.quirks else None,
            "stream_options": {"include_usage": True} if _STREAM in self.quirks else None,
        }
        body |= {name: value for name, value in optional.items() if value is not None}
        return body | dict(request.extra)

    def _read(self, answer: Answer) -> None:
        try:
            completion = self._server.read(answer)
        except ModelError as error:
            self._count(error.tokens)
            raise self._failed(error) from None
        self._count(completion.tokens)
        self._choices += [_stopped(choice, self._request.stop) for choice in completion.choices]
        self._answered = True
        self._attempt = 0
        if len(completion.choices) < self._asked_choices:
            self.quirks |= {_ONE_AT_A_TIME}

    def _count(self, tokens: TokenUsage | None) -> None:
        if tokens is None or self._tokens is None:
            # A sum of which a part is not known is not known.
            self._tokens = None
        else:
            self._tokens = TokenUsage(
                self._tokens.prompt + tokens.prompt, self._tokens.completion + tokens.completion
            )

    def _adapted(self, answer: Answer) -> bool:
        """Whether a refusal may be due to something that can be asked for in another way, now set."""
        if answer.status not in (400, 422):
            return False
        said = self._server.said(answer.body)
        ways = (
            (_NEW_LIMIT, _NEW_LIMIT in said and self._request.max_tokens is not None),
            (_STREAM, _SPEAKS_OF_STREAMS.search(said) is not None),
            (_ONE_AT_A_TIME, self._asked_choices > 1),
        )
        for quirk, applies in ways:
            if applies and quirk not in self.quirks:
                self.quirks |= {quirk}
                return True
        return False

    def _retry_or_raise(self, error: ModelError, again: bool, asked: float | None) -> None:
        pause = self._policy.pause(self._attempt, asked)
        self._attempt += 1
        too_often = self._attempt > self._policy.retries
        if not again or too_often or self._waited + pause > self._policy.max_wait or pause >= self._left():
            raise self._failed(error)
        self._pause = pause

    def _failed(self, error: ModelError) -> ModelError:
        """The error with what was used up before it, where anything was."""
        used = self._tokens if self._tokens is None or self._tokens != TokenUsage() else None
        error.tokens = used
        error.cost = self._price.cost(used) if self._price else None
        return error

    @property
    def learnt(self) -> frozenset[str]:
        """What is now known of the server; nothing, as long as no answer has shown it to be right."""
        return self.quirks if self._answered else frozenset()
