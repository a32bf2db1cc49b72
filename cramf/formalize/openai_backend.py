"""Any server that speaks the OpenAI chat-completions protocol: vLLM, Ollama, SGLang, a vendor."""

from __future__ import annotations

import json
import math
import queue
import re
import threading
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cramf.environment import OPENAI_API_KEY, OPENAI_BASE_URL, variable
from cramf.errors import BackendError, InputError, ResourceError
from cramf.formalize.output import UnreadableReplyError, parse_reply
from cramf.formalize.prompt import build_prompt
from cramf.formalize.types import Draft, Request, TokenUsage

if TYPE_CHECKING:
    import openai

__all__ = ["DEFAULT_BASE_URL", "OpenAIBackend", "OpenAIChat"]

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_PLACEHOLDER_KEY = "no-key-needed"
_LONGEST_BODY = 4 * 1024 * 1024
_RETRIED = frozenset({408, 429, 500, 502, 503, 504, 529})
_LONGEST_TIMEOUT = 86_400.0
_LIMIT_MEND = "raise the server's limit on output tokens or try another model"
_QUOTED_KEY = re.compile(r"\bsk-[\w*-]+")


@dataclass(frozen=True, slots=True)
class _Answer:
    """Status line, the headers that matter and the body of one HTTP exchange."""

    status: int
    content_type: str
    retry_after: str
    body: bytes


class OpenAIBackend:
    """Asks a chat model for a Lean statement; safe to share between threads.

    Args:
        model: the model's name on the server.
        base_url: the API's address, mostly ending in `/v1`; else `OPENAI_BASE_URL`, else OpenAI's own.
        api_key: else `OPENAI_API_KEY`; a server of one's own needs none.
        timeout: seconds of wall-clock time that one request may take.
        retries: how often a request is sent again after 429, a server error or a lost connection.
        max_wait: seconds that all pauses between retries may take together; a server that asks for more in
            its `Retry-After` header is not waited for.

    Raises:
        InputError: where there is neither a key nor an address, or one of the arguments cannot be used.
        ResourceError: where the `openai` package is not installed.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 120.0,
        retries: int = 2,
        max_wait: float = 60.0,
    ) -> None:
        if not model.strip() or not model.isprintable():
            raise InputError("the model's name is empty or unprintable", "give one, such as openai:gpt-4.1")
        if not 0 < timeout <= _LONGEST_TIMEOUT:
            raise InputError(
                f"a timeout of {timeout} s cannot be used", "give a number of seconds up to 86400"
            )
        if retries < 0 or not 0 <= max_wait <= _LONGEST_TIMEOUT:
            raise InputError("retries and the longest wait cannot be negative", "give 0 for none")
        base_url = (base_url or "").strip() or variable(OPENAI_BASE_URL)
        key = (api_key or "").strip() or variable(OPENAI_API_KEY)
        if base_url is None and key is None:
            raise InputError(
                "no language model server is named",
                f"set {OPENAI_API_KEY} for OpenAI's own, or give --base-url or {OPENAI_BASE_URL} for another",
            )
        if key is not None and not re.fullmatch(r"[!-~]+", key):
            raise InputError("the API key holds blanks or characters outside ASCII", "copy it again")
        self._model = model.strip()
        self._server = _shown_server(base_url or DEFAULT_BASE_URL)
        self._secret = key
        self._timeout = timeout
        self._retries = retries
        self._max_wait = max_wait
        self._client = _client(base_url or DEFAULT_BASE_URL, key or _PLACEHOLDER_KEY, timeout)

    @property
    def name(self) -> str:
        return f"openai:{self._model}"

    def __repr__(self) -> str:
        return f"OpenAIBackend({self._model!r}, base_url={self._server!r})"

    def draft(self, request: Request) -> Draft:
        """The model's statement. Several requests may be sent, as `retries` says.

        Raises:
            BackendError: where the server cannot be reached, refuses, is too slow, or answers what cannot be
                read as one Lean theorem.
        """
        prompt = build_prompt(request)
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        answer = self._exchange(messages)
        reply, cut_off, tokens = self._reply(answer)
        try:
            parsed = parse_reply(reply, request.name)
        except UnreadableReplyError as error:
            if cut_off:
                what = "stopped at its token limit before the theorem was complete"
                raise self._error(what, _LIMIT_MEND) from None
            raise self._error(f"sent an answer that is not Lean: {error.message}", error.mend) from None
        notes = (f"prompt {prompt.version} with {len(prompt.definitions)} definitions", *parsed.notes)
        return Draft(self.name, parsed.candidate, notes=notes, tokens=tokens)

    def ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The model's answer to a chat (`role` and `content` each), as text. Sent again as `retries` says.

        Raises:
            BackendError: where the server cannot be reached, refuses, is too slow, or sends an answer that is
                empty, cut off or no chat completion.
        """
        reply, cut_off, _ = self._reply(self._exchange([dict(message) for message in messages]))
        if cut_off:
            raise self._error("stopped at its token limit before its answer was complete", _LIMIT_MEND)
        return reply

    def _exchange(self, messages: list[dict[str, str]]) -> _Answer:
        """The first answer of status 2xx, after as many retries as are due."""
        waited = 0.0
        for attempt in range(self._retries + 1):
            pause = 0.5 * 2**attempt
            last = attempt == self._retries
            try:
                answer = self._send(messages)
            except _LostConnectionError as error:
                if last or waited + pause > self._max_wait:
                    raise self._error(f"broke the connection off ({error})", "look at its log") from None
            else:
                if 200 <= answer.status < 300:
                    return answer
                asked = _seconds(answer.retry_after)
                pause = pause if asked is None else asked
                final = answer.status not in _RETRIED or _error_code(answer.body) == "insufficient_quota"
                if final or last or waited + pause > self._max_wait:
                    raise self._refusal(answer, asked)
            time.sleep(pause)
            waited += pause
        raise AssertionError("the last attempt returns or raises")

    def _send(self, messages: list[dict[str, str]]) -> _Answer:
        """One HTTP exchange in a thread of its own.

        The client's timeouts count from byte to byte, so that a server which drips could hold it for ever;
        the clock here is the wall's. A thread that was given up ends by itself once its deadline is seen.
        """
        outcome: queue.SimpleQueue[_Answer | Exception] = queue.SimpleQueue()
        deadline = time.monotonic() + self._timeout

        def work() -> None:
            try:
                outcome.put(self._request(messages, deadline))
            except Exception as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
                outcome.put(error)

        threading.Thread(target=work, name="cramf-openai", daemon=True).start()
        try:
            result = outcome.get(timeout=self._timeout + 0.5)
        except queue.Empty:
            raise self._too_slow() from None
        if isinstance(result, _Answer):
            return result
        raise self._translated(result) from None

    def _request(self, messages: list[dict[str, str]], deadline: float) -> _Answer:
        import openai

        completions: Any = self._client.chat.completions.with_streaming_response
        try:
            with completions.create(model=self._model, messages=messages) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _LONGEST_BODY:
                        raise self._error("sent an answer of more than 4 MiB", "check the base URL")
                    if time.monotonic() > deadline:
                        raise self._too_slow()
                headers = response.headers
                return _Answer(response.status_code, headers.get("content-type", ""), "", bytes(body))
        except openai.APIStatusError as error:
            headers = error.response.headers
            retry_after = headers.get("retry-after", "")
            return _Answer(
                error.status_code, headers.get("content-type", ""), retry_after, error.response.content
            )

    def _translated(self, error: Exception) -> Exception:
        """What to raise for an exception of the client library."""
        import openai

        if isinstance(error, BackendError):
            return error
        cause = error.__cause__ or error
        kind = type(cause).__name__
        transport = type(error).__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2")
        if isinstance(error, openai.APITimeoutError) or (transport and "Timeout" in kind):
            return self._too_slow()
        if not isinstance(error, openai.OpenAIError) and not transport:
            return error
        said = self._safe(str(cause)) or kind
        if kind == "ConnectError":
            return self._error(
                f"cannot be reached ({said})", f"start it, or correct --base-url or {OPENAI_BASE_URL}"
            )
        return _LostConnectionError(said)

    def _reply(self, answer: _Answer) -> tuple[str, bool, TokenUsage | None]:
        """Text of the first choice, whether it was cut off, and the tokens counted."""
        mend = "check that the base URL is that of an OpenAI-compatible API (mostly it ends in /v1)"
        try:
            data = json.loads(answer.body)
        except (ValueError, RecursionError):
            kind = self._safe(answer.content_type.partition(";")[0]) or "no content type"
            raise self._error(f"sent an answer that is not JSON ({kind})", mend) from None
        if isinstance(data, dict) and data.get("error"):
            raise self._error(f"reported an error: {self._said(answer.body)}", "look at its log")
        choices = data.get("choices") if isinstance(data, dict) else None
        if not isinstance(choices, list):
            raise self._error("sent JSON that is no chat completion", mend)
        if not choices:
            raise self._error("sent a chat completion without choices", "try again or try another model")
        choice = choices[0] if isinstance(choices[0], dict) else {}
        message = choice.get("message")
        if not isinstance(message, dict):
            raise self._error("sent JSON that is no chat completion", mend)
        if message.get("refusal"):
            raise self._error(f"refused: {self._safe(str(message['refusal']))}", "try another model")
        text = _content(message.get("content"))
        cut_off = choice.get("finish_reason") == "length"
        if not text.strip():
            if cut_off:
                raise self._error("stopped at its token limit before it wrote an answer", _LIMIT_MEND)
            raise self._error("sent an empty answer", "try again or try another model")
        return text, cut_off, _usage(data.get("usage"))

    def _refusal(self, answer: _Answer, asked: float | None) -> BackendError:
        """The error for a status outside 2xx."""
        status = answer.status
        if status in (401, 403):
            mend = f"set {OPENAI_API_KEY} or --api-key-env to a key that this server takes"
        elif status == 404:
            mend = f"check the model's name ({self._model}) and the base URL (mostly it ends in /v1)"
        elif status == 429 and asked is not None and asked > self._max_wait:
            mend = f"try again in {asked:.0f} s"
        elif status == 429:
            mend = "try again later, or raise the quota"
        elif status >= 500:
            mend = "try again later, or look at the server's log"
        else:
            mend = "check the model's name and that its context is long enough"
        said = self._said(answer.body)
        return self._error(f"answered HTTP {status}{f': {said}' if said else ''}", mend)

    def _too_slow(self) -> BackendError:
        return self._error(
            f"did not finish its answer within {self._timeout:g} s", "raise --timeout or try a smaller model"
        )

    def _error(self, what: str, mend: str) -> BackendError:
        return BackendError(f"the language model server {self._server} {what}", mend)

    def _said(self, body: bytes) -> str:
        """The server's own words on an error, if it is JSON that has some."""
        data = _json_object(body)
        error = data.get("error", data.get("message", data.get("detail")))
        text = error.get("message") if isinstance(error, dict) else error
        return self._safe(text) if isinstance(text, str) else ""

    def _safe(self, text: str) -> str:
        """Foreign text on one short line, without the API key and without what a terminal would obey."""
        if self._secret:
            text = text.replace(self._secret, "***")
        text = _QUOTED_KEY.sub("***", text)
        text = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text)
        text = " ".join(text.split())
        return text if len(text) <= 200 else f"{text[:199]}…"


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """The chat model behind a backend, under a name that tells its server too: a key for kept answers."""

    backend: OpenAIBackend

    @property
    def name(self) -> str:
        return f"{self.backend.name}@{self.backend._server}"

    def ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        """See `OpenAIBackend.ask`."""
        return self.backend.ask(messages)


class _LostConnectionError(Exception):
    """The server was reached, but the exchange did not come to its end."""


def _shown_server(base_url: str) -> str:
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


def _client(base_url: str, key: str, timeout: float) -> openai.OpenAI:
    try:
        import openai
    except ImportError:
        raise ResourceError("the openai package is not installed", "pip install 'cramf[openai]'") from None
    try:
        return openai.OpenAI(base_url=base_url, api_key=key, timeout=timeout, max_retries=0)
    except (openai.OpenAIError, ValueError, ImportError) as error:
        reason = type(error).__name__
        raise InputError(
            f"the client for {_shown_server(base_url)} cannot be set up ({reason})",
            "check the OPENAI_* and *_PROXY environment variables",
        ) from None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _error_code(body: bytes) -> str:
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


def _seconds(retry_after: str) -> float | None:
    """Seconds that a `Retry-After` header asks for, given as a number or as a date; None if it does not."""
    retry_after = retry_after.strip()
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if not math.isnan(seconds) else None
