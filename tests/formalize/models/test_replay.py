"""Recording while a model runs, and replaying without it."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import threading
from pathlib import Path

import pytest

from cramf.errors import BackendError, ExitCode, InputError, ResourceError
from cramf.formalize.models.chat import ChatReply, ModelError, request_hash
from cramf.formalize.models.replay import NotRecordedError, RecordingModel, ReplayModel
from tests.formalize.models.scripted import Scripted, asking


def record(path: Path, *texts: str, identity: str = "scripted", **fields: object) -> None:
    with RecordingModel(Scripted(identity=identity), path) as model:
        for text in texts:
            model.chat(asking(text, **fields))


def test_what_was_recorded_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.jsonl"
    inner = Scripted()
    with RecordingModel(inner, path) as model:
        said = [
            model.chat(asking("one", n=2, temperature=0)),
            asyncio.run(model.achat(asking("two ∀", seed=1))),
        ]
        said += model.chat_many([asking(f"many {number}") for number in range(5)])
    assert inner.closed
    replay = ReplayModel(path)
    assert len(replay) == 7 and replay.identity == "scripted" and replay.name == f"replay:{path}"
    asked = [asking("one", n=2, temperature=0), asking("two ∀", seed=1)]
    replies = [replay.chat(request) for request in asked]
    replies += replay.chat_many([asking(f"many {number}") for number in range(5)])
    assert [reply.texts for reply in replies] == [reply.texts for reply in said]
    assert all(reply.cached and reply.tokens == said[0].tokens for reply in replies)
    line = json.loads(path.read_text("utf-8").splitlines()[1])
    assert line["hash"] == request_hash(asked[1]) and "two ∀" in path.read_text("utf-8")


def test_failures_are_not_recorded(tmp_path: Path) -> None:
    def fail(request: object, call: int) -> str:
        raise ModelError("down", "wait")

    path = tmp_path / "run.jsonl"
    with RecordingModel(Scripted(fail), path) as model:
        assert [str(outcome) for _, outcome in model.outcomes([asking("a"), asking("b")])] == [
            "down; wait"
        ] * 2
    assert path.read_bytes() == b""


def test_repeatable_requests_get_the_last_answer_and_others_each_once(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "a", "a", temperature=0)
    record(path, "a", "a", "a", temperature=1)
    replay = ReplayModel(path)
    assert {replay.chat(asking("a", temperature=0)).texts for _ in range(5)} == {("answer 1 to a",)}
    given = [replay.chat(asking("a", temperature=1)).texts[0] for _ in range(3)]
    assert given == ["answer 0 to a", "answer 1 to a", "answer 2 to a"]
    with pytest.raises(NotRecordedError, match=r"has 3 answers .* and all were given"):
        replay.chat(asking("a", temperature=1))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            asking("every prime is odd", seed=1),
            r"'…?every group is fini.*', not 'every prime is od.*', in message 1",
        ),
        (asking("every group is finite", seed=1, n=2), "n 1, not 2"),
        (asking("every group is finite", seed=2), "seed 1, not 2"),
        (asking("every group is finite", seed=1, temperature=0.7), "temperature None, not 0.7"),
    ],
)
def test_a_missing_exchange_names_its_hash_and_the_nearest(tmp_path: Path, asked: object, words: str) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "every group is finite", "something else altogether", seed=1)
    with pytest.raises(NotRecordedError, match=words) as caught:
        ReplayModel(path).chat(asked)  # type: ignore[arg-type]
    text = str(caught.value)
    assert request_hash(asked)[:16] in text and str(path) in text and "\n" not in text  # type: ignore[arg-type]
    assert caught.value.exit_code is ExitCode.BACKEND and isinstance(caught.value, BackendError)


def test_the_difference_is_shown_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, f"{'x' * 500} is normal{'y' * 500}", seed=1)
    with pytest.raises(NotRecordedError, match=r"from character 49[0-9]") as caught:
        ReplayModel(path).chat(asking(f"{'x' * 500} is abelian{'y' * 500}", seed=1))
    assert "normal" in str(caught.value) and "abelian" in str(caught.value) and len(str(caught.value)) < 500


def test_an_empty_recording(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").touch()
    with pytest.raises(NotRecordedError, match="it is empty"):
        ReplayModel(tmp_path / "run.jsonl").chat(asking("a"))


def test_one_of_several_models_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "a", identity="first")
    record(path, "b", identity="second")
    with pytest.raises(InputError, match="several models; name one: first, second"):
        ReplayModel(path)
    with pytest.raises(InputError, match="no answer of 'third'; it has: first, second"):
        ReplayModel(path, "third")
    assert ReplayModel(path, "second").chat(asking("b")).texts == ("answer 0 to b",)
    with pytest.raises(NotRecordedError):
        ReplayModel(path, "second").chat(asking("a"))


def test_a_line_that_was_cut_off_is_left_out_and_then_cleared(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "a", "b")
    whole = path.read_bytes()
    for cut in (1, 40, len(whole.splitlines()[1])):
        path.write_bytes(whole[:-cut])
        assert len(ReplayModel(path)) == 1
        record(path, "c")
        assert len(ReplayModel(path)) == 2
        assert path.read_bytes().startswith(whole[: whole.index(b"\n") + 1])


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "7",
        "[]",
        "{}",
        '{"format": 99}',
        '{"format": 1, "hash": "x", "request": {"messages": []}, "reply": {}}',
        "[" * 100_000,
    ],
)
def test_lines_that_are_no_exchange_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "a")
    with path.open("a") as handle:
        handle.write(f"{line}\n")
    with pytest.raises(InputError, match=r"run\.jsonl, line 2 is no recorded exchange .*; record it again"):
        ReplayModel(path)


def test_a_request_that_was_changed_by_hand_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "a")
    path.write_text(path.read_text().replace('"user", "a"', '"user", "b"'))
    with pytest.raises(InputError, match="its request was changed"):
        ReplayModel(path)


def test_half_characters_in_answers_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with RecordingModel(Scripted(lambda request, call: "x\ud800"), path) as model:
        model.chat(asking("a"))
    assert ReplayModel(path).chat(asking("a")).texts == ("x\ud800",)


def test_threads_and_processes_share_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=record_many, args=(path, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    threads = [threading.Thread(target=record_many, args=(path, 10 + number)) for number in range(3)]
    for thread in threads:
        thread.start()
    for each in (*workers, *threads):
        each.join(60)
    assert all(worker.exitcode == 0 for worker in workers)
    assert len(ReplayModel(path)) == 6 * 20


def record_many(path: Path, worker: int) -> None:
    record(path, *(f"{worker}/{number} {'long ' * 2000}" for number in range(20)))


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        ReplayModel(tmp_path / "nothing.jsonl")
    with pytest.raises(ResourceError, match="cannot record to"):
        RecordingModel(Scripted(), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="cannot record to"):
        RecordingModel(Scripted(), tmp_path / "file" / "run.jsonl")


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "a")
    before = path.read_bytes()
    real = os.pwrite

    def full(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:100], offset)

    monkeypatch.setattr("cramf.formalize.models.replay.os.pwrite", full)
    with pytest.raises(ResourceError, match=r"No space left on device; check .*space"):
        record(path, "b" * 500)
    assert path.read_bytes() == before


def test_a_recording_of_a_replay_is_the_same(tmp_path: Path) -> None:
    path, again = tmp_path / "run.jsonl", tmp_path / "again.jsonl"
    record(path, "a", "b", seed=1)
    with RecordingModel(ReplayModel(path), again) as model:
        replies = model.chat_many([asking("a", seed=1), asking("b", seed=1)], 1)
    assert all(isinstance(reply, ChatReply) for reply in replies)
    assert again.read_bytes() == path.read_bytes()
