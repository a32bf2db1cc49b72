"""A real HTTP server on 127.0.0.1 that speaks the chat-completions shape, well or badly."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD_LEAN = "import Mathlib\n\ntheorem made_up (p : ℕ) (hp : Nat.Prime p) (h : 2 < p) : Odd p := by sorry"
GOOD_REPLY = f"Here it is.\n```lean\n{GOOD_LEAN}\n```\n"


@dataclass(frozen=True)
class Reply:
    """One answer. `hang` holds it back until the server closes; `drip` is the seconds from byte to byte.

    `slow` holds it back for so many seconds, `reset` breaks the connection off without a word.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: float = 0.0
    cut: bool = False
    """Announce more bytes than are sent, then close."""
    slow: float = 0.0
    reset: bool = False


Rule = Callable[[dict[str, Any]], Reply]
"""What is answered to a request, given its body."""


def completion(content: object = GOOD_REPLY, finish: str = "stop", **message: object) -> Reply:
    data = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "toy",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 812, "completion_tokens": 43, "total_tokens": 855},
    }
    return as_json(data)


def as_json(data: object, status: int = 200, **headers: str) -> Reply:
    names = {key.replace("_", "-"): value for key, value in headers.items()}
    return Reply(json.dumps(data).encode(), status, {"content-type": "application/json", **names})


def failure(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    return as_json({"error": {"message": message, "code": code}}, status, **headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Let a client hang up in silence, and nothing else; tests read standard error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class FakeServer:
    """Answers with each reply of the script in turn, and with the last one from then on."""

    def __init__(self, *script: Reply | Rule) -> None:
        self.requests: list[dict[str, Any]] = []
        self._script = script
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                owner.requests.append(
                    {
                        "path": self.path,
                        "authorization": self.headers.get("authorization", ""),
                        "body": json.loads(body),
                        "at": time.monotonic(),
                    }
                )
                reply = owner._script[min(len(owner.requests), len(owner._script)) - 1]
                owner._send(self, reply if isinstance(reply, Reply) else reply(json.loads(body)))

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing; tests read standard error."""

        return Handler

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.hang:
            self._released.wait(30)
            handler.close_connection = True
            return
        if reply.reset:
            # Closed with an empty linger, so that the client sees a reset rather than an end.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.shutdown(socket.SHUT_RD)
            handler.connection.close()
            handler.close_connection = True
            return
        self._released.wait(reply.slow)
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(reply.body) + (100 if reply.cut else 0)))
        handler.end_headers()
        try:
            if reply.drip:
                for offset in range(len(reply.body)):
                    if self._released.wait(reply.drip):
                        return
                    handler.wfile.write(reply.body[offset : offset + 1])
                    handler.wfile.flush()
            else:
                handler.wfile.write(reply.body)
        except OSError:
            # The client gave up, which is what the test is about.
            handler.close_connection = True
        if reply.cut:
            handler.close_connection = True


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Misbehaviour:
    """A way to fail: the replies, and the words that the one-line error must hold."""

    script: tuple[Reply, ...]
    words: tuple[str, ...]
    requests: int = 1


_HTML = Reply(
    b"<html><body>Welcome to nginx</body></html>", 200, {"content-type": "text/html; charset=utf-8"}
)
_NOT_CHAT = "no chat completion"
_URL_MEND = "/v1"

MISBEHAVIOURS: dict[str, Callable[[], Misbehaviour]] = {
    "html": lambda: Misbehaviour((_HTML,), ("not JSON", "text/html", _URL_MEND)),
    "truncated json": lambda: Misbehaviour(
        (Reply(b'{"choices": [{"mess', 200, {"content-type": "application/json"}),), ("not JSON", _URL_MEND)
    ),
    "not utf-8": lambda: Misbehaviour((Reply(b"\xff\xfe\x00{"),), ("not JSON", _URL_MEND)),
    "empty body": lambda: Misbehaviour((Reply(b""),), ("not JSON", _URL_MEND)),
    "deep json": lambda: Misbehaviour((Reply(b"[" * 200_000),), ("not JSON", _URL_MEND)),
    "other json": lambda: Misbehaviour((as_json({"hello": 1}),), (_NOT_CHAT, _URL_MEND)),
    "json list": lambda: Misbehaviour((as_json([1, 2]),), (_NOT_CHAT, _URL_MEND)),
    "choices of numbers": lambda: Misbehaviour((as_json({"choices": [1]}),), (_NOT_CHAT, _URL_MEND)),
    "empty choices": lambda: Misbehaviour((as_json({"choices": []}),), ("without choices", "another model")),
    "null content": lambda: Misbehaviour((completion(None),), ("empty answer", "another model")),
    "blank content": lambda: Misbehaviour((completion(" \n"),), ("empty answer", "another model")),
    "prose": lambda: Misbehaviour(
        (completion("The theorem is true because primes are odd."),), ("not Lean", "no Lean theorem")
    ),
    "cut off": lambda: Misbehaviour(
        (completion("```lean\ntheorem t (p : ℕ) (hp : Nat.Pri", "length"),), ("token limit", "output tokens")
    ),
    "cut off while thinking": lambda: Misbehaviour(
        (completion("", "length"),), ("token limit", "output tokens")
    ),
    "refusal": lambda: Misbehaviour((completion(None, refusal="I cannot"),), ("refused", "another model")),
    "error in 200": lambda: Misbehaviour(
        (as_json({"error": {"message": "model is loading"}}),), ("model is loading", "log")
    ),
    "too large": lambda: Misbehaviour((Reply(b" " * (5 * 1024 * 1024)),), ("4 MiB", "base URL")),
    "401": lambda: Misbehaviour((failure(401, "Incorrect API key"),), ("HTTP 401", "OPENAI_API_KEY")),
    "403": lambda: Misbehaviour((failure(403, "no access"),), ("HTTP 403", "OPENAI_API_KEY")),
    "404": lambda: Misbehaviour(
        (failure(404, "no model toy"),), ("HTTP 404", "no model toy", "model's name")
    ),
    "400": lambda: Misbehaviour(
        (failure(400, "context too long"),), ("HTTP 400", "context too long", "context")
    ),
    "429 over quota": lambda: Misbehaviour(
        (failure(429, "pay first", "insufficient_quota"),), ("HTTP 429", "pay first", "quota")
    ),
    "429 for an hour": lambda: Misbehaviour(
        (failure(429, "slow down", retry_after="3600"),), ("HTTP 429", "try again in 3600 s")
    ),
    "429 for ever": lambda: Misbehaviour(
        (failure(429, "slow down", retry_after="0"),), ("HTTP 429", "try again later"), 3
    ),
    "500": lambda: Misbehaviour(
        (failure(500, "out of memory", retry_after="0"),), ("HTTP 500", "out of memory", "log"), 3
    ),
    "500 of html": lambda: Misbehaviour(
        (Reply(b"<h1>oops</h1>", 502, {"retry-after": "0"}),), ("HTTP 502", "log"), 3
    ),
}
