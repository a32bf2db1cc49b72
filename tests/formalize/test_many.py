"""Many statements: one result each, kept at once, and gone on from after a kill, an interrupt or an error."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cramf.errors import BackendError, InputError, ResourceError
from cramf.formalize.formalizer import Formalizer
from cramf.formalize.journal import Journal
from cramf.formalize.many import Item, Record, formalize_many, read_records
from cramf.formalize.types import Bounds, Draft, Request
from tests.formalize.parts import GOOD, Judging, Plain, Source, drafted

ROOT = Path(__file__).resolve().parents[2]
FINE = "(n : ℕ) (h : n.Prime) : 1 < n"


class Echo(Plain):
    """Fails where the statement says so, abstains where it says so, else writes the same each time."""

    def __init__(self) -> None:
        super().__init__(FINE, "echo")
        self.lock = threading.Lock()

    def draft(self, request: Request) -> Draft:
        with self.lock:
            self.requests.append(request)
        if "fail" in request.statement:
            raise BackendError("the server hung", "restart it")
        return drafted(None if "abstain" in request.statement else FINE, request.name)


def made(backend: Plain | None = None, **options: object) -> Formalizer:
    return Formalizer(Source(), backend or Echo(), Judging({"Prime": GOOD}), **options)  # type: ignore[arg-type]


def names(records: tuple[Record, ...]) -> list[str]:
    return [record.result.name if record.result else "-" for record in records]


ITEMS: list[Item | str] = [
    Item("First statement.", "first"),
    "Please abstain here.",
    "Please fail here.",
    "Nul\0 inside.",
    Item("Bad name.", "bad name"),
    "Another statement.",
]


def test_each_item_has_a_record_in_its_place(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.jsonl"
    run = made().formalize_many(ITEMS, out)
    assert [record.outcome for record in run.records] == [
        "passed", "abstained", "failed", "failed", "failed", "passed",
    ]  # fmt: skip
    assert run.counts == {"passed": 2, "abstained": 1, "failed": 3} and run.resumed == 0
    kinds = [record.failure.kind for record in run.records if record.failure]
    assert kinds == ["backend", "input", "input"]
    assert run.records[2].failure is not None and run.records[2].failure.mend == "restart it"
    assert names(run.records)[0] == "first" and names(run.records)[5] == "one_lt_of_prime"
    assert read_records(out) == list(run.records)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["outcome"] for line in lines] == [record.outcome for record in run.records]
    assert list(lines[0]) == ["format", "key", "item", "result", "failure", "outcome"]


def test_what_is_done_is_not_done_again_and_failures_of_the_backend_are(tmp_path: Path) -> None:
    out, backend = tmp_path / "out.jsonl", Echo()
    first = made(backend).formalize_many(ITEMS, out)
    before = len(backend.requests)
    again = made(backend).formalize_many(ITEMS, out)
    assert again.records == first.records and again.resumed == 5
    assert [r.statement for r in backend.requests[before:]] == ["Please fail here."]
    assert len(out.read_text().splitlines()) == 7 and len(read_records(out)) == 6
    more = made(backend).formalize_many([*ITEMS, "A third."], out)
    assert more.resumed == 5 and names(more.records)[6] == "one_lt_of_prime_2"


def test_other_settings_are_other_results(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    made().formalize_many(["One statement."], out)
    for options in ({"k": 3}, {"bounds": Bounds(rounds=4)}):
        assert made(**options).formalize_many(["One statement."], out).resumed == 0
    assert made().formalize_many(["One statement."], out).resumed == 1
    assert len(read_records(out)) == 3


def test_names_are_told_apart() -> None:
    run = made().formalize_many([Item("a", "same"), Item("b", "same"), "p", "p", "q", Item("a", "same")])
    assert names(run.records) == [
        "same", "same_2", "one_lt_of_prime", "one_lt_of_prime_2", "one_lt_of_prime_3", "same_3",
    ]  # fmt: skip
    assert len({record.key for record in run.records}) == 6
    known = made(known=lambda name: name == "one_lt_of_prime")
    assert names(known.formalize_many([Item("a", "one_lt_of_prime_2"), "b"]).records) == [
        "one_lt_of_prime_2",
        "one_lt_of_prime_3",
    ]


@pytest.mark.parametrize("concurrency", [2, 7])
def test_threads_make_the_same_records(tmp_path: Path, concurrency: int) -> None:
    items = [Item(f"Statement number {n}.", f"n_{n}") for n in range(40)]
    alone = made().formalize_many(items)
    together = made().formalize_many(items, tmp_path / "out.jsonl", concurrency=concurrency)
    assert together.records == alone.records
    assert {r.key for r in read_records(tmp_path / "out.jsonl")} == {r.key for r in alone.records}
    unnamed = made().formalize_many([item.statement for item in items], concurrency=concurrency)
    assert len(set(names(unnamed.records))) == 40
    with pytest.raises(InputError, match="0 statements at once"):
        formalize_many(made(), items, concurrency=0)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_defect_ends_the_run_with_what_is_done(tmp_path: Path, concurrency: int) -> None:
    class Broken(Echo):
        def draft(self, request: Request) -> Draft:
            if "third" in request.statement:
                time.sleep(0.1)
                raise ResourceError("no memory", "buy some")
            return super().draft(request)

    out = tmp_path / "out.jsonl"
    with pytest.raises(ResourceError, match="no memory"):
        made(Broken()).formalize_many(["a first", "a second", "a third"], out, concurrency=concurrency)
    assert sorted(r.item.statement for r in read_records(out)) == ["a first", "a second"]


def test_a_bar_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    made().formalize_many(["a", "please fail"], progress=True)
    shown = capsys.readouterr()
    assert shown.out == "" and "2/2" in shown.err and "failed=1" in shown.err


# -- the file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 20, 200, -1])
def test_a_last_line_that_was_cut_off_is_mended(tmp_path: Path, cut: int) -> None:
    out = tmp_path / "out.jsonl"
    made().formalize_many(["a first", "a second"], out)
    whole = out.read_bytes()
    first, second, _ = whole.split(b"\n")
    out.write_bytes(first + b"\n" + second[:cut])
    assert [r.item.statement for r in read_records(out)] == ["a first"]
    assert made().formalize_many(["a first", "a second"], out).resumed == 1
    assert [r.item.statement for r in read_records(out)] == ["a first", "a second"]
    out.write_bytes(first[:cut])
    assert made().formalize_many(["a first"], out).resumed == 0


@pytest.mark.parametrize("text", ["my notes", "my notes\n", "{}\n", '{"format": 2, "key": "x"}\n', "\n"])
def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, text: str) -> None:
    out = tmp_path / "notes.txt"
    out.write_text(text)
    with pytest.raises(InputError, match="line 1 is no result of cramf"):
        made().formalize_many(["a"], out)
    assert out.read_text() == text


def test_damage_in_the_middle_is_told(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    made().formalize_many(["a first", "a second"], out)
    first, second, _ = out.read_text().split("\n")
    out.write_text(f"{first[:100]}\n{second}\n")
    with pytest.raises(InputError, match="line 1 is damaged"):
        made().formalize_many(["a first", "a second"], out)
    data = json.loads(first)
    del data["result"]["statement"]
    out.write_text(f"{json.dumps(data)}\n")
    with pytest.raises(InputError, match="another shape"):
        made().formalize_many(["a first"], out)


def test_two_runs_on_one_file_are_told(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with Journal(out), pytest.raises(ResourceError, match="another process writes its results"):
        made().formalize_many(["a"], out)
    assert made().formalize_many(["a"], out).counts == {"passed": 1}


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="cannot write results"):
        made().formalize_many(["a"], tmp_path)


# -- kills ---------------------------------------------------------------------------------------------------

COUNT = 60


def start(folder: Path, concurrency: int, seconds: float) -> subprocess.Popen[str]:
    arguments = [str(folder / "out.jsonl"), str(folder / "calls"), str(COUNT), str(concurrency), str(seconds)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.formalize.many_child", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_lines(path: Path, number: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b"\n") >= number:
            return
        time.sleep(0.002)
    raise AssertionError(f"{path} has no {number} lines")


@pytest.mark.parametrize("concurrency", [1, 4])
def test_kills_at_random_moments_lose_only_what_was_under_way(tmp_path: Path, concurrency: int) -> None:
    out, calls = tmp_path / "out.jsonl", tmp_path / "calls"
    chance = random.Random(concurrency)
    kills = 5
    for kill in range(kills):
        before = len(calls.read_text().splitlines()) if calls.exists() else 0
        child = start(tmp_path, concurrency, 0.01)
        wait_for_lines(calls, before + 1)
        time.sleep(chance.uniform(0.0, 0.1))
        child.kill()
        child.communicate(timeout=60)
        done = {record.item.statement for record in read_records(out)}
        asked = calls.read_text().splitlines()
        assert len(asked) - len(done) <= concurrency * (kill + 1)
        assert done <= set(asked)
    child = start(tmp_path, concurrency, 0.0)
    output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert f"{{'passed': {COUNT}}}" in output
    records = read_records(out)
    assert len(records) == COUNT and len({r.item.statement for r in records}) == COUNT
    assert len({r.result.name for r in records if r.result}) == COUNT
    assert len(out.read_text().splitlines()) == COUNT
    assert len(calls.read_text().splitlines()) <= COUNT + kills * concurrency


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_interrupt_leaves_a_whole_file(tmp_path: Path, concurrency: int) -> None:
    out = tmp_path / "out.jsonl"
    child = start(tmp_path, concurrency, 0.02)
    wait_for_lines(out, 3)
    os.kill(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode != 0 and "KeyboardInterrupt" in errors
    assert out.read_bytes().endswith(b"\n") and 3 <= len(read_records(out)) < COUNT
