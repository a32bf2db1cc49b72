"""The main job as a user runs it: the command, the shipped index, the real encoder, a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.formalize.fake_server import FakeServer, completion

STATEMENT = "Prove that the sum of two even integers is even."


def cramf(
    *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    values = {k: v for k, v in os.environ.items() if not k.startswith(("CRAMF_", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-m", "cramf", *arguments],
        input=stdin,
        capture_output=True,
        env=values | {"HF_HUB_OFFLINE": "1"} | dict(env or {}),
        timeout=120,
        check=False,
    )


def test_the_main_job_offline() -> None:
    done = cramf("formalize", STATEMENT, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    outcome = json.loads(done.stdout)
    assert "Even (a + b)" in outcome["draft"]["candidate"]["statement"]
    assert outcome["verdict"]["status"] == "valid"
    assert outcome["verdict"]["elaborated"] is False
    assert "Even" in {hit["definition"]["name"] for hit in outcome["definitions"]}
    assert {"Even", "Int"} <= {mention["declaration"] for mention in outcome["concepts"]}


def test_what_cannot_be_read_is_said_with_the_evidence() -> None:
    done = cramf("formalize", "Every flibbertigibbet on a compact metric space is constant.")
    assert done.returncode == 3
    text = done.stdout.decode()
    assert "flibbertigibbet" in text
    assert "^^^" in text
    assert "CompactSpace" in text
    assert "theorem" not in text


def test_lake_without_lean_is_unavailable_and_not_success(tmp_path: Path) -> None:
    done = cramf("formalize", STATEMENT, "--check", "lake", env={"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "unavailable" in done.stdout.decode()
    assert "elan" in done.stdout.decode()


def test_a_language_model_gets_the_evidence_and_its_answer_is_checked() -> None:
    lean = "import Mathlib\n\ntheorem made_up (n : ℕ) (h : Nat.IsPrimal n) : 1 < n := by sorry"
    with FakeServer(completion(f"```lean\n{lean}\n```")) as server:
        done = cramf(
            "formalize", "Every prime is greater than one.", "--llm", "openai:toy", "--json",
            env={"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "k"},
        )  # fmt: skip
        asked = json.dumps(server.requests[0], ensure_ascii=False)
    # The invented predicate is found out, and the model had been shown real definitions.
    assert done.returncode == 1
    outcome = json.loads(done.stdout)
    assert outcome["verdict"]["status"] == "invalid"
    assert outcome["verdict"]["diagnostics"][0]["name"] == "Nat.IsPrimal"
    assert any(hit["definition"]["name"] in asked for hit in outcome["definitions"])


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["formalize", ""], b"", 2),
        (["formalize", "   "], b"", 2),
        (["formalize", "-"], b"a" * (1 << 20), 2),
        (["formalize", "-"], b"even\0odd", 2),
        (["formalize", "-"], b"\xff\xfe\xfa", 2),
        (["search", ""], b"", 2),
        (["search", "-"], b"a" * (1 << 20), 2),
        (["search", "x", "--index", "/nonexistent"], b"", 4),
        (["index", "build", "--mathlib", "/nonexistent", "--out", "/tmp/never"], b"", 2),
    ],
)
def test_bad_input_is_one_line_with_a_mend(arguments: list[str], stdin: bytes, code: int) -> None:
    done = cramf(*arguments, stdin=stdin)
    assert done.returncode == code
    assert done.stdout == b""
    line = done.stderr.decode()
    assert line.startswith("cramf: error: ")
    assert line.count("\n") == 1
    assert ";" in line  # what is wrong; what to do
