"""A stand-in for a Kimina Lean Server, on a port of its own in this process.

It takes texts apart as the servers do (`convention`), answers by the words in them as the stand-in REPL does,
and plays faults: `play_WORD` in a text for that text, `replies` for the next requests as a whole.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """A reply to a whole request; `cut` declares more bytes than are sent, `pause` comes before it."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    pause: float = 0.0
    drip: float = 0.0


def place(text: str, word: str, shift: int) -> dict[str, Any]:
    line = next(i for i, line in enumerate(text.split("\n"), 1) if word in line)
    column = text.split("\n")[line - 1].index(word)
    start, end = (
        {"line": line + shift, "column": column},
        {"line": line + shift, "column": column + len(word)},
    )
    return {"pos": start, "endPos": end}


class FakeKimina:
    """`convention` is what lines count in; `apis` the interfaces it has; `key` what it asks for."""

    def __init__(self) -> None:
        self.convention = "whole"
        self.apis = {"/api/check", "/verify"}
        self.key: str | None = None
        self.version = "4.26.0"
        self.capacity = 1000  # requests at once, above which it is busy
        self.probe: Reply | None = None
        self.order = 1
        self.replies: list[Reply] = []
        self.requests: list[dict[str, Any]] = []
        self.gone = False
        self._now = 0
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if fake.gone:
                    self.close_connection = True
                    return
                request = {"path": self.path, "headers": dict(self.headers), "body": json.loads(data)}
                self.send(fake.handle(request))

            def send(self, reply: Reply) -> None:
                time.sleep(reply.pause)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body) + (100 if reply.cut else 0)))
                self.end_headers()
                try:
                    for at in range(0, len(reply.body), 1 if reply.drip else 1 << 20):
                        self.wfile.write(reply.body[at : at + (1 if reply.drip else 1 << 20)])
                        time.sleep(reply.drip)
                except OSError:
                    pass  # the client has had enough
                if reply.cut:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.gone = True  # connections that are held open end too
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # -- requests ------------------------------------------------------------------------------------------

    def handle(self, request: dict[str, Any]) -> Reply:
        with self._lock:
            self.requests.append(request)
            self._now += 1
            crowded = self._now > self.capacity
        try:
            return self._handle(request, crowded)
        finally:
            with self._lock:
                self._now -= 1

    def _handle(self, request: dict[str, Any], crowded: bool) -> Reply:
        path, body = request["path"], request["body"]
        if path not in self.apis:
            return Reply(404, b'{"detail": "Not Found"}')
        if self.key is not None and request["headers"].get("Authorization") != f"Bearer {self.key}":
            return Reply(401, b'{"detail": "Invalid API key"}')
        new = path == "/api/check"
        texts = body["snippets"] if new else body["codes"]
        name, code = ("id", "code") if new else ("custom_id", "proof")
        probing = any(text[name] == "probe" for text in texts)
        if probing and self.probe is not None:
            return self.probe
        with self._lock:
            if self.replies and not probing:
                return self.replies.pop(0)
        if crowded and not probing:
            time.sleep(0.01)
            return Reply(429, b'{"detail": "No available REPLs"}', {"Retry-After": "0"})
        results = []
        for text in texts:
            word = text[code].partition("play_")[2].split(" ")[0].strip("():")
            if word == "crash":
                return Reply(500, b'{"detail": "Lean process broken pipe"}')
            if word == "slow":
                time.sleep(0.1)
            if word == "hang":
                time.sleep(5)
            if word == "missing":
                continue
            result = self._play(word, text[code], body["timeout"])
            results += [{name: text[name], "time": 0.25, **result}] * (2 if word == "double" else 1)
        return Reply(200, json.dumps({"results": results[:: self.order]}).encode())

    def _play(self, word: str, code: str, timeout: int) -> dict[str, Any]:
        match word:
            case "timeout":
                return {"error": f"Lean REPL command timed out in {timeout} seconds"}
            case "memory":
                return {"error": "Lean REPL process exceeded memory limit", "response": None}
            case "empty":
                return {"error": None, "response": {}}
            case "nothing":
                return {"error": None, "response": None}
            case "timeonly":
                return {"error": None, "response": {"time": 1.5}}
            case "refuse":
                return {"response": {"message": "Unknown environment."}}
            case "placeless":
                text = "error decoding json response in leanrepl"
                return {"response": {"messages": [{"severity": "error", "data": text}]}}
            case "shape":
                return {"response": {"env": 1, "messages": [{"severity": "error"}]}}
            case "collected":
                response = self.elaborate(code)
                return {"error": None, "response": {k: v for k, v in response.items() if k != "env"}}
        return {"error": None, "response": self.elaborate(code)}

    # -- lean ----------------------------------------------------------------------------------------------

    def elaborate(self, code: str) -> dict[str, Any]:
        lines = code.split("\n")
        taken = 0
        if self.convention == "after imports":
            while taken < len(lines) and lines[taken].startswith("import"):
                taken += 1
        else:
            while taken < len(lines) and (not lines[taken].strip() or lines[taken].startswith("import ")):
                taken += 1
        text = "\n".join(lines[taken:])
        shift = taken if self.convention == "whole" else 0
        messages, sorries = [], []

        def say(word: str, severity: str, data: str) -> None:
            messages.append({**place(text, word, shift), "severity": severity, "data": data})

        if "bad" in text:
            say("bad", "error", "unknown identifier 'bad'")
        if "Nowhere" in text:
            say("Nowhere", "error", "unknown namespace `Nowhere`")
        if "sorry" in text:
            say("theorem" if "theorem" in text else "example", "warning", "declaration uses 'sorry'")
            sorries.append({**place(text, "sorry", shift), "goal": "⊢ True", "proofState": 0})
        if "Lean.versionString" in text and self.version:
            say("#eval", "info", f'"{self.version}"')
        answer = {"env": 1, "messages": messages, "sorries": sorries}
        return {key: value for key, value in answer.items() if value != []}
