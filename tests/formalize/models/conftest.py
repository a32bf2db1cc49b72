"""The tiny model, and a real OpenAI-compatible server (`transformers serve`) that runs it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.formalize.fake_server import closed_port
from tests.formalize.models.tiny_model import make_tiny_model


@dataclass(frozen=True)
class TinyServer:
    """Address of the server's API and the name under which it knows the model."""

    url: str
    model: str


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CRAMF_PRICES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model with a chat template; not to be written to."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_server(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyServer]:
    """`transformers serve` with the tiny model, on a port of its own, until the session ends."""
    folder = tmp_path_factory.mktemp("server")
    port = closed_port()
    command = [sys.executable, "-c", "from transformers.cli.transformers import app; app()", "serve"]
    options = [str(tiny_model), "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command + options,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while not _answers(f"http://127.0.0.1:{port}/health"):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"transformers serve did not start:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.2)
        yield TinyServer(f"http://127.0.0.1:{port}/v1", str(tiny_model))
    finally:
        for end in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, end)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
                break


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
