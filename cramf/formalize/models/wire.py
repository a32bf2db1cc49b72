"""What an OpenAI-compatible server sends: read strictly, with one line on what is wrong with it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from cramf.environment import OPENAI_API_KEY, OPENAI_BASE_URL
from cramf.errors import InputError
from cramf.formalize.models.chat import Choice, EmptyAnswerError, Finish, ModelError, split_reasoning
from cramf.formalize.types import TokenUsage

__all__ = ["LIMIT_MEND", "LONGEST_BODY", "Answer", "Completion", "Server", "error_code", "shown_server"]

LONGEST_BODY: Final = 4 * 1024 * 1024
"""Bytes that one answer may have."""
LIMIT_MEND: Final = "raise the server's limit on output tokens or try another model"
_URL_MEND: Final = "check that the base URL is that of an OpenAI-compatible API (mostly it ends in /v1)"
_QUOTED_KEY: Final = re.compile(r"\bsk-[\w*-]+")
_FINISH: Final = {"stop": Finish.STOP, "length": Finish.LENGTH, "content_filter": Finish.FILTER}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, the headers that matter and the body of one HTTP exchange."""

    status: int
    content_type: str
    retry_after: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Completion:
    """The choices of one answer, at least one of them with text, and the tokens if they were counted."""

    choices: tuple[Choice, ...]
    tokens: TokenUsage | None


@dataclass(frozen=True, slots=True)
class Server:
    """Who answers, as far as messages about it need to know; `secret` is never shown."""

    url: str
    model: str
    timeout: float
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Server({self.url!r}, {self.model!r})"

    def error(self, what: str, mend: str) -> ModelError:
        return ModelError(f"the language model server {self.url} {what}", mend)

    def too_slow(self, seconds: float) -> ModelError:
        return self.error(
            f"did not finish its answer within {seconds:g} s", "raise --timeout or try a smaller model"
        )

    def too_large(self, choices: int) -> ModelError:
        return self.error(f"sent an answer of more than {4 * choices} MiB", "check the base URL")

    def unreachable(self, reason: str) -> ModelError:
        mend = f"start it, or correct --base-url or {OPENAI_BASE_URL}"
        return self.error(f"cannot be reached ({self.safe(reason)})", mend)

    def lost(self, reason: str) -> ModelError:
        return self.error(f"broke the connection off ({self.safe(reason)})", "look at its log")

    def refusal(self, answer: Answer, asked: float | None, max_wait: float) -> ModelError:
        """The error for a status outside 2xx; `asked` seconds are what a `Retry-After` header said."""
        status = answer.status
        if status in (401, 403):
            mend = f"set {OPENAI_API_KEY} or --api-key-env to a key that this server takes"
        elif status == 404:
            mend = f"check the model's name ({self.model}) and the base URL (mostly it ends in /v1)"
        elif status == 429 and asked is not None and asked > max_wait:
            mend = f"try again in {asked:.0f} s"
        elif status == 429:
            mend = "try again later, or raise the quota"
        elif status >= 500:
            mend = "try again later, or look at the server's log"
        else:
            mend = "check the model's name and that its context is long enough"
        said = self.said(answer.body)
        return self.error(f"answered HTTP {status}{f': {said}' if said else ''}", mend)

    def said(self, body: bytes) -> str:
        """The server's own words on an error, if it is JSON that has some."""
        data = _json_object(body)
        error = data.get("error", data.get("message", data.get("detail")))
        text = error.get("message") if isinstance(error, dict) else error
        return self.safe(text) if isinstance(text, str) else ""

    def safe(self, text: str) -> str:
        """Foreign text on one short line, without the API key and without what a terminal would obey."""
        if self.secret:
            text = text.replace(self.secret, "***")
        text = _QUOTED_KEY.sub("***", text)
        text = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text)
        text = " ".join(text.split())
        return text if len(text) <= 200 else f"{text[:199]}…"

    def read(self, answer: Answer) -> Completion:
        """The choices in an answer of status 2xx, be it one JSON object or a stream of events.

        Raises:
            EmptyAnswerError: where there is no text in it.
            ModelError: where it is no answer at all.
        """
        kind = answer.content_type.partition(";")[0].strip().lower()
        try:
            streamed = kind == "text/event-stream"
            data = _assembled(answer.body) if streamed else json.loads(answer.body)
        except (ValueError, RecursionError):
            said = f"({self.safe(kind) or 'no content type'})"
            raise self.error(f"sent an answer that is not JSON {said}", _URL_MEND) from None
        if isinstance(data, dict) and data.get("error"):
            said = self.said(json.dumps({"error": data["error"]}).encode())
            raise self.error(f"reported an error: {said}", "look at its log")
        choices = data.get("choices") if isinstance(data, dict) else None
        if not isinstance(choices, list):
            raise self.error("sent JSON that is no chat completion", _URL_MEND)
        if not choices:
            raise self.error("sent a chat completion without choices", "try again or try another model")
        messages = [each.get("message") if isinstance(each, dict) else None for each in choices]
        if not all(isinstance(message, dict) for message in messages):
            raise self.error("sent JSON that is no chat completion", _URL_MEND)
        read = tuple(_choice(each, each["message"]) for each in choices)
        tokens = _usage(data.get("usage"))
        if not any(choice.text.strip() for choice in read):
            error = self._empty(read[0], choices[0]["message"].get("refusal"))
            error.tokens = tokens
            raise error
        return Completion(read, tokens)

    def _empty(self, choice: Choice, refusal: object) -> EmptyAnswerError:
        what, mend = {
            Finish.REFUSAL: (f"refused: {self.safe(str(refusal))}", "try another model"),
            Finish.LENGTH: ("stopped at its token limit before it wrote an answer", LIMIT_MEND),
            Finish.FILTER: ("withheld its answer (content filter)", "try another model"),
        }.get(choice.finish, ("sent an empty answer", "try again or try another model"))
        error = EmptyAnswerError(f"the language model server {self.url} {what}", mend)
        error.finish = choice.finish
        return error


def _choice(choice: Mapping[str, Any], message: Mapping[str, Any]) -> Choice:
    text, thoughts = split_reasoning(_content(message.get("content")))
    # vLLM, SGLang and DeepSeek say `reasoning_content`, newer vLLM and OpenRouter `reasoning`.
    apart = [message.get(name) for name in ("reasoning_content", "reasoning")]
    told = next((said for said in apart if isinstance(said, str) and said), "")
    finish = _FINISH.get(str(choice.get("finish_reason") or "stop"), Finish.OTHER)
    if message.get("refusal"):
        text, finish = "", Finish.REFUSAL
    return Choice(text, finish, "\n".join(part for part in (told, thoughts) if part))


def _assembled(body: bytes) -> dict[str, Any]:
    """A chat completion put together from server-sent events.

    Raises:
        ValueError: where an event is no JSON object, or the stream ends before its end mark.
    """
    choices: dict[int, dict[str, Any]] = {}
    data: dict[str, Any] = {}
    complete = False
    for line in body.decode("utf-8").splitlines():
        if not line.startswith("data:"):
            continue
        payload = line.removeprefix("data:").strip()
        if payload == "[DONE]":
            complete = True
            break
        event = json.loads(payload)
        if not isinstance(event, dict):
            raise ValueError("an event is no JSON object")
        if event.get("error"):
            return event
        data["usage"] = event.get("usage") or data.get("usage")
        for part in event.get("choices") or []:
            if not isinstance(part, dict) or not isinstance(part.get("index", 0), int):
                raise ValueError("a choice is of another shape")
            choice = choices.setdefault(part.get("index", 0), {"message": {}})
            if part.get("finish_reason"):
                choice["finish_reason"] = part["finish_reason"]
            said = part.get("delta")
            delta: dict[str, Any] = said if isinstance(said, dict) else {}
            for name in ("content", "reasoning_content", "reasoning", "refusal"):
                if isinstance(delta.get(name), str):
                    choice["message"][name] = choice["message"].get(name, "") + delta[name]
    # Some servers send no end mark, but all say why each choice ended.
    if not complete and not (choices and all("finish_reason" in each for each in choices.values())):
        raise ValueError("the stream breaks off")
    return {**data, "choices": [choices[index] for index in sorted(choices)]}


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def error_code(body: bytes) -> str:
    """The `code` of an error as JSON, empty if there is none."""
    error = _json_object(body).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""


def _content(content: object) -> str:
    """A message's text: a string, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def _usage(usage: object) -> TokenUsage | None:
    if not isinstance(usage, dict):
        return None
    counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
    prompt, completion = (
        c if isinstance(c, int) and not isinstance(c, bool) and c >= 0 else 0 for c in counts
    )
    return TokenUsage(prompt, completion)


def shown_server(base_url: str) -> str:
    """The address as it may be shown: without user, password and query.

    Raises:
        InputError: where it is no http or https address.
    """
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host or not base_url.isprintable() or " " in base_url:
        raise InputError(
            "the base URL is not an http or https address", "give one like http://127.0.0.1:8000/v1"
        )
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port is not None else ''}{parts.path.rstrip('/')}"
