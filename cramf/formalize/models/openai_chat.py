"""Any server that speaks the OpenAI chat-completions protocol: vLLM, SGLang, Ollama, a vendor."""

from __future__ import annotations

import asyncio
import queue
import re
import threading
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cramf.environment import OPENAI_API_KEY, OPENAI_BASE_URL, variable
from cramf.errors import InputError, ResourceError
from cramf.formalize.models.accounting import Price
from cramf.formalize.models.chat import BaseChatModel, ChatReply, ChatRequest
from cramf.formalize.models.openai_talk import Failure, Step, Talk
from cramf.formalize.models.retrying import LONGEST_WAIT, RetryPolicy
from cramf.formalize.models.wire import LONGEST_BODY, Answer, Server, shown_server

if TYPE_CHECKING:
    import openai

__all__ = ["DEFAULT_BASE_URL", "DEFAULT_TIMEOUT", "OpenAIChatModel"]

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"
DEFAULT_TIMEOUT: Final = 120.0
_PLACEHOLDER_KEY: Final = "no-key-needed"
_TRANSPORTS: Final = frozenset({"httpx", "httpx2", "httpcore", "httpcore2"})


@dataclass(frozen=True, slots=True)
class _Loop:
    """What belongs to one event loop: connections cannot be shared between loops."""

    client: openai.AsyncOpenAI
    slots: asyncio.Semaphore


class OpenAIChatModel(BaseChatModel):
    """A model on a server, asked through the `openai` package; safe to share between threads and loops.

    Args:
        model: the model's name on the server.
        base_url: the API's address, mostly ending in `/v1`; else `OPENAI_BASE_URL`, else OpenAI's own.
        api_key: else `OPENAI_API_KEY`; a server of one's own needs none.
        timeout: seconds of wall-clock time that one exchange may take.
        retry: how often and how long a request is tried again.
        concurrency: the most exchanges under way at once, for blocking calls and in each event loop.
        price: what its tokens cost, None where that is not known.

    Raises:
        InputError: where there is neither a key nor an address, or one of the arguments cannot be used.
        ResourceError: where the `openai` package is not installed.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        retry: RetryPolicy | None = None,
        concurrency: int = 64,
        price: Price | None = None,
    ) -> None:
        if not model.strip() or not model.isprintable():
            raise InputError("the model's name is empty or unprintable", "give one, such as openai:gpt-4.1")
        if not 0 < timeout <= LONGEST_WAIT:
            raise InputError(
                f"a timeout of {timeout} s cannot be used", "give a number of seconds up to 86400"
            )
        if concurrency < 1:
            raise InputError(f"{concurrency} requests at once cannot be sent", "give 1 or more")
        base_url = (base_url or "").strip() or variable(OPENAI_BASE_URL)
        key = (api_key or "").strip() or variable(OPENAI_API_KEY)
        if base_url is None and key is None:
            raise InputError(
                "no language model server is named",
                f"set {OPENAI_API_KEY} for OpenAI's own, or give --base-url or {OPENAI_BASE_URL} for another",
            )
        if key is not None and not re.fullmatch(r"[!-~]+", key):
            raise InputError("the API key holds blanks or characters outside ASCII", "copy it again")
        self._url = base_url or DEFAULT_BASE_URL
        self._key = key or _PLACEHOLDER_KEY
        self._server = Server(shown_server(self._url), model.strip(), timeout, key)
        self._policy = retry or RetryPolicy()
        self._price = price
        self._quirks: frozenset[str] = frozenset()
        self._concurrency = concurrency
        self._slots = threading.BoundedSemaphore(concurrency)
        self._client: openai.OpenAI = self._made("OpenAI")
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = weakref.WeakKeyDictionary()

    @property
    def name(self) -> str:
        return f"openai:{self._server.model}"

    @property
    def identity(self) -> str:
        return f"{self.name}@{self._server.url}"

    @property
    def price(self) -> Price | None:
        return self._price

    @property
    def server(self) -> Server:
        """The server, for messages about what it sent."""
        return self._server

    def __repr__(self) -> str:
        return f"OpenAIChatModel({self._server.model!r}, base_url={self._server.url!r})"

    def chat(self, request: ChatRequest) -> ChatReply:
        talk = self._talk(request)
        while (step := talk.step()) is not None:
            time.sleep(step.pause)
            with self._slots:
                begun = time.monotonic()
                outcome = self._send(step)
            talk.took(outcome, time.monotonic() - begun)
        self._quirks |= talk.learnt
        return talk.reply()

    async def achat(self, request: ChatRequest) -> ChatReply:
        loop = self._of_loop()
        talk = self._talk(request)
        while (step := talk.step()) is not None:
            await asyncio.sleep(step.pause)
            async with loop.slots:
                begun = time.monotonic()
                outcome = await self._asend(loop.client, step)
            talk.took(outcome, time.monotonic() - begun)
        self._quirks |= talk.learnt
        return talk.reply()

    def close(self) -> None:
        self._client.close()

    async def aclose(self) -> None:
        """Give back the connections of the running event loop."""
        loop = self._loops.pop(asyncio.get_running_loop(), None)
        if loop is not None:
            await loop.client.close()

    def _talk(self, request: ChatRequest) -> Talk:
        return Talk(request, self._server, self._policy, self.identity, self._price, self._quirks)

    def _of_loop(self) -> _Loop:
        running = asyncio.get_running_loop()
        if running not in self._loops:
            self._loops[running] = _Loop(self._made("AsyncOpenAI"), asyncio.Semaphore(self._concurrency))
        return self._loops[running]

    def _made(self, kind: str) -> Any:
        """A client of the `openai` package, which makes no retries of its own."""
        try:
            import openai
        except ImportError:
            raise ResourceError(
                "the openai package is not installed", "pip install 'cramf[openai]'"
            ) from None
        maker: Any = getattr(openai, kind)
        try:
            return maker(base_url=self._url, api_key=self._key, timeout=self._server.timeout, max_retries=0)
        except (openai.OpenAIError, ValueError, ImportError) as error:
            reason = type(error).__name__
            raise InputError(
                f"the client for {self._server.url} cannot be set up ({reason})",
                "check the OPENAI_* and *_PROXY environment variables",
            ) from None

    def _send(self, step: Step) -> Answer | Failure:
        """One HTTP exchange in a thread of its own.

        The client's timeouts count from byte to byte, so that a server which drips could hold it for ever;
        the clock here is the wall's. A thread that was given up ends by itself once its deadline is seen.
        """
        outcome: queue.SimpleQueue[Answer | Failure | Exception] = queue.SimpleQueue()
        deadline = time.monotonic() + step.timeout

        def work() -> None:
            try:
                outcome.put(self._exchange(step, deadline))
            except Exception as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
                outcome.put(error)

        threading.Thread(target=work, name="cramf-openai", daemon=True).start()
        try:
            result = outcome.get(timeout=step.timeout + 0.5)
        except queue.Empty:
            return self._slow(step)
        if isinstance(result, Exception):
            return self._failure(result, step)
        return result

    def _exchange(self, step: Step, deadline: float) -> Answer | Failure:
        import openai

        completions: Any = self._client.chat.completions.with_streaming_response
        try:
            with completions.create(**_arguments(step)) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LONGEST_BODY * step.choices:
                        return Failure(self._server.too_large(step.choices), again=False)
                    if time.monotonic() > deadline:
                        return self._slow(step)
                return Answer(response.status_code, _content_type(response.headers), "", bytes(body))
        except openai.APIStatusError as error:
            return _answer_of(error)

    async def _asend(self, client: openai.AsyncOpenAI, step: Step) -> Answer | Failure:
        try:
            async with asyncio.timeout(step.timeout):
                return await self._aexchange(client, step)
        except TimeoutError:
            return self._slow(step)
        except Exception as error:  # noqa: BLE001 - `_failure` raises those that are not the transport's
            return self._failure(error, step)

    async def _aexchange(self, client: openai.AsyncOpenAI, step: Step) -> Answer | Failure:
        import openai

        completions: Any = client.chat.completions.with_streaming_response
        try:
            async with completions.create(**_arguments(step)) as response:
                body = bytearray()
                async for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LONGEST_BODY * step.choices:
                        return Failure(self._server.too_large(step.choices), again=False)
                return Answer(response.status_code, _content_type(response.headers), "", bytes(body))
        except openai.APIStatusError as error:
            return _answer_of(error)

    def _slow(self, step: Step) -> Failure:
        return Failure(self._server.too_slow(step.timeout), self._policy.timeouts)

    def _failure(self, error: Exception, step: Step) -> Failure:
        """What an exception of the client library means; others are defects and are raised."""
        import openai

        cause = error.__cause__ or error
        kind = type(cause).__name__
        transport = type(error).__module__.partition(".")[0] in _TRANSPORTS
        if isinstance(error, openai.APITimeoutError) or (transport and "Timeout" in kind):
            return self._slow(step)
        if not isinstance(error, openai.OpenAIError) and not transport:
            raise error
        said = str(cause) or kind
        if kind == "ConnectError":
            return Failure(self._server.unreachable(said), self._policy.unreachable)
        return Failure(self._server.lost(said), again=True)


def _arguments(step: Step) -> dict[str, Any]:
    """Arguments of the client's call; what it need not understand goes around its own types."""
    extra = {name: value for name, value in step.body.items() if name not in ("model", "messages")}
    named = {"model": step.body["model"], "messages": step.body["messages"]}
    return {**named, "extra_body": extra, "timeout": step.timeout}


def _content_type(headers: Any) -> str:
    return str(headers.get("content-type", ""))


def _answer_of(error: openai.APIStatusError) -> Answer:
    headers = error.response.headers
    asked = str(headers.get("retry-after", ""))
    return Answer(error.status_code, _content_type(headers), asked, error.response.content)
