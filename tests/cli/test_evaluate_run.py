"""What the three `cramf eval` commands have in common: options, folder, going on, shards, exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from cramf.errors import BackendError, ResourceError
from cramf.evaluation.check import CheckWork, _Worker
from cramf.evaluation.problems import Problem
from cramf.evaluation.work import Done

ROWS: list[dict[str, Any]] = [
    {"name": "fine", "formal_statement": "theorem fine (n : Nat) : n = n", "expected": True},
    {"name": "unknown", "formal_statement": "theorem unknown (n : Nat) : Wug n", "expected": False},
    {"name": "other", "formal_statement": "theorem other (n m : Nat) (h : n = m) : m = n"},
    {"name": "last", "formal_statement": "theorem last : Nat = Nat"},
    {"name": "really", "formal_statement": "theorem really (a : Nat) : a ≠ Glorp"},
]
TIMES = ("ms", "latency_ms")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "rows.jsonl", ROWS)


@pytest.fixture(autouse=True)
def small_index(sample_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))


def run(*arguments: str | Path, command: str = "check") -> Result:
    return CliRunner().invoke(main, ["eval", command, *map(str, arguments)], prog_name="cramf")


def scores(*arguments: str | Path) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: untimed(inner) for name, inner in value.items() if name not in TIMES}
    return [untimed(inner) for inner in value] if isinstance(value, list) else value


def results(out: Path) -> list[str]:
    """Names of the problems in the order in which they were answered."""
    files = sorted(out.glob("results*.jsonl"))
    return [json.loads(line)["name"] for file in files for line in file.read_text().splitlines()]


def refused(*arguments: str | Path, told: str, code: int = 2, command: str = "check") -> None:
    """The command ends with one line that says what is wrong."""
    result = run(*arguments, command=command)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert told in result.stderr and result.stderr.startswith("cramf: error: ")
    assert result.stderr.count("\n") == 1


# -- the folder ----------------------------------------------------------------------------------------------


def test_a_run_with_and_without_a_folder(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "run"
    found = scores("--data", data, "--out", out)
    assert found["n"] == 5 and found["statuses"] == {"valid": 3, "invalid": 2}
    assert found["failures"] == {} and found["data"]["rows"] == found["data"]["evaluated"] == 5
    assert found["data"]["excluded"] == 0 and len(found["data"]["sha256"]) == 64
    files = {p.name for p in out.iterdir() if not p.name.startswith(".")}
    assert files == {
        "run.json", "problems.jsonl", "results.jsonl", "sessions.jsonl", "scores.json", "outcomes.jsonl",
    }  # fmt: skip
    assert json.loads((out / "scores.json").read_text()) == found
    assert untimed(scores("--data", data)) == untimed(found)
    assert results(out) == [row["name"] for row in ROWS]


def test_people_get_the_figures(data: Path) -> None:
    result = run("--data", data, "--limit", "4")
    assert result.exit_code == 0
    assert "4 statements, checker static (Lean was not asked)" in result.stdout
    assert "only the first 4 of 5 problems" in result.stdout and result.stderr == ""


def test_people_are_told_of_which_data_the_figures_are(data: Path) -> None:
    found = scores("--data", data)["data"]
    assert f"data: rows.jsonl, SHA-256 {found['sha256']}" in run("--data", data).stdout.splitlines()


def test_a_field_can_be_left_unread(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [{**ROWS[0], "expected": "yes"}])
    refused("--data", data, told="read none (--field expected=), or leave out such rows (--exclude-bad)")
    assert scores("--data", data, "--field", "expected=")["false_alarms"] is None


def test_figures_are_not_computed_anew_under_the_name_of_other_data(data: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "run", write(tmp_path / "other.jsonl", ROWS[:2])
    first = scores("--data", data, "--out", out)
    assert scores("--data", data, "--out", out, "--rescore") == first
    refused("--data", other, "--out", out, "--rescore", told="a run of other data than")
    refused("--data", tmp_path / "none", "--out", out, "--rescore", told="no")


def test_where_there_was_no_checker_the_zero_is_no_finding(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("--data", data, "--checker", "lean", "--out", tmp_path / "run")
    assert result.exit_code == 4 and "not one statement was checked" in result.stderr
    assert "unavailable" in result.stdout
    again = run("--out", tmp_path / "run", "--rescore", "--json")
    assert again.exit_code == 4 and json.loads(again.stdout)["statuses"] == {"unavailable": 5}


def test_a_bar_on_a_terminal(data: Path, tmp_path: Path) -> None:
    here, there = pty.openpty()
    termios.tcsetwinsize(there, (24, 120))
    process = command(tmp_path / "run", data, stderr=there)
    os.close(there)
    shown = b""
    with contextlib.suppress(OSError), open(here, "rb", buffering=0) as terminal:  # noqa: PTH123 - a descriptor
        while piece := terminal.read(4096):
            shown += piece
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "5 statements" in stdout
    assert b"check: " in shown and b"5/5 [" in shown and b"answered=5" in shown


def test_the_same_command_again_does_nothing_anew(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = scores("--data", data, "--out", out)
    before = (out / "results.jsonl").read_bytes()
    # Not even the times differ, for nothing was run.
    assert scores("--data", data, "--out", out) == first
    assert (out / "results.jsonl").read_bytes() == before
    assert len((out / "sessions.jsonl").read_text().splitlines()) == 2


def test_a_limit_first_and_then_the_rest(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert scores("--data", data, "--out", out, "--limit", "2")["n"] == 2
    assert scores("--out", out, "--rescore")["n"] == 2
    whole = scores("--data", data, "--out", out)
    assert whole["n"] == 5 and results(out) == [row["name"] for row in ROWS]
    assert untimed(whole) == untimed(scores("--data", data, "--out", tmp_path / "at once"))
    assert scores("--out", out, "--rescore", "--limit", "3")["data"]["evaluated"] == 3


def test_threads_and_copies_of_the_data_give_the_same(data: Path, tmp_path: Path) -> None:
    whole = scores("--data", data, "--out", tmp_path / "a")
    assert untimed(scores("--data", data, "--out", tmp_path / "b", "--workers", "3")) == untimed(whole)
    copy = tmp_path / "copy" / "rows.jsonl"
    copy.parent.mkdir()
    copy.write_bytes(data.read_bytes())
    assert scores("--data", copy, "--out", tmp_path / "a") == whole


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_all_shards_are_the_whole_run(data: Path, tmp_path: Path, order: tuple[int, ...]) -> None:
    whole, out = tmp_path / "whole", tmp_path / "parts"
    run("--data", data, "--out", whole)
    *firsts, last = order
    for part in firsts:
        result = run("--data", data, "--out", out, "--shard", f"{part}/3", "--json")
        told = json.loads(result.stdout)
        assert result.exit_code == 0 and told["complete"] is False and told["problems"] == 5
        assert told["answered"] < 5 and not (out / "scores.json").exists()
        assert "of 5 problems have an answer" in result.stderr and "--rescore" in result.stderr
    refused("--out", out, "--rescore", told="of 5 problems; let it go on")
    result = run("--data", data, "--out", out, "--shard", f"{last}/3", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["n"] == 5
    for name in ("scores.json", "outcomes.jsonl", "run.json", "problems.jsonl"):
        texts = [(folder / name).read_text() for folder in (whole, out)]
        if name == "scores.json":
            texts = [json.dumps(untimed(json.loads(text)), indent=1) for text in texts]
        assert texts[0] == texts[1], name
    assert sorted(results(out)) == sorted(results(whole))


def test_figures_are_computed_anew_without_running(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    first = scores("--data", data, "--out", out)
    (out / "scores.json").unlink()
    data.unlink()

    def opened(self: CheckWork) -> Any:
        raise AssertionError("a rescoring opens nothing")

    monkeypatch.setattr(CheckWork, "open", opened)
    assert scores("--out", out, "--rescore") == first
    assert json.loads((out / "scores.json").read_text()) == first
    again = scores("--out", out, "--rescore", "--seed", "7")
    assert again["seed"] == 7 and untimed({**again, "seed": 0}).keys() == untimed(first).keys()
    assert again["compile"]["of_all"]["wilson"] == first["compile"]["of_all"]["wilson"]


# -- what does not go together -------------------------------------------------------------------------------


def test_other_settings_and_other_data_are_refused(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run("--data", data, "--out", out, "--limit", "1")
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    refused("--data", data, "--out", out, "--checker", "lean", told="holds another run: settings.checker.")
    edited = write(
        tmp_path / "edited.jsonl", [*ROWS[:4], {**ROWS[4], "formal_statement": "theorem r : 1 = 1"}]
    )
    refused("--data", edited, "--out", out, told="holds another run: data.sha256 differ")
    turned = write(tmp_path / "turned.jsonl", ROWS[::-1])
    refused("--data", turned, "--out", out, told="data.sha256 differ")
    field = "formal=name"
    refused("--data", data, "--out", out, "--field", field, told="problems differ")
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    refused("--out", out, "--rescore", told="holds a run of `cramf eval check`", command="retrieval")


def test_another_index_is_refused(
    data: Path, tmp_path: Path, sample_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    out, other = tmp_path / "run", tmp_path / "index"
    run("--data", data, "--out", out, "--limit", "1")
    shutil.copytree(sample_index, other)
    # The same index in another place is the same.
    assert run("--data", data, "--out", out, "--limit", "1", "--index", other).exit_code == 0
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "mathlib_commit": "fedcba9"}))
    told = "settings.checker.index.mathlib_commit, settings.checker.index.sha256 differ"
    refused("--data", data, "--out", out, "--index", other, told=told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no benchmark is named; add --data"),
        (("--rescore",), "--rescore needs the folder of a run; add --out DIR"),
        (("--data", "{data}", "--shard", "1/2"), "a shard needs a folder that all parts share"),
        (
            (
                "--data",
                "",
            ),
            "no benchmark is named",
        ),
        (("--rescore", "--split", "test", "--out", "{tmp}/r"), "leave --split out"),
        (("--data", "{data}", "--field", "gold=a", "--field", "gold=b"), "is given twice"),
        (("--data", "{data}", "--address", "x:1"), "--address is of use only with Ray"),
        (("--data", "{data}", "--out", "{data}"), "rows.jsonl is a file; give --out a folder"),
        (("--data", "{data}", "--out", "{tmp}"), "holds no run, but rows.jsonl"),
        (("--data", "{data}", "--out", "{tmp}/r", "--shard", "3/2"), "there is no shard 3/2"),
        (("--data", "{data}", "--out", "{tmp}/r", "--shard", "half"), "'half' is no shard"),
        (("--data", "{data}", "--limit", "0"), "--limit"),
        (("--data", "{data}", "--seed", "-1"), "--seed"),
        (("--data", "{data}", "--field", "formal"), "--field 'formal' is no FIELD=NAME"),
        (("--data", "{data}", "--field", "moon=x"), "moon"),
        (("--data", "{data}", "--split", "moon"), "has no split 'moon'"),
        (("--data", "{tmp}/none.jsonl"), "none.jsonl"),
        (("--out", "{tmp}/none", "--rescore"), "holds no run"),
        (("--data", "{data}", "--index", "{tmp}/none"), "none"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    arguments: tuple[str, ...], told: str, data: Path, tmp_path: Path
) -> None:
    filled = [argument.format(data=data, tmp=tmp_path) for argument in arguments]
    result = run(*filled)
    assert result.exit_code == (4 if "--index" in arguments else 2), result.output
    assert told in result.stderr and result.stderr.count("\n") == 1 and result.stdout == ""
    assert not (tmp_path / "r").exists()


def test_bad_rows_are_told_or_counted(tmp_path: Path) -> None:
    rows = [ROWS[0], {"name": "empty"}, ROWS[1], {**ROWS[2], "name": "fine"}, ROWS[0]]
    data, out = write(tmp_path / "rows.jsonl", rows), tmp_path / "run"
    refused("--data", data, "--out", out, told="rows.jsonl:2")
    assert not out.exists()
    result = run("--data", data, "--out", out, "--exclude-bad")
    assert result.exit_code == 0
    assert result.stderr.count("excluded: ") == 3 and "rows.jsonl:2" in result.stderr
    assert "2 statements" in result.stdout
    assert "3 rows of the data were excluded and are in no figure" in result.stdout
    found = scores("--data", data, "--out", out, "--exclude-bad")
    assert found["n"] == 2 and found["data"]["excluded"] == 3 and found["data"]["rows"] == 2
    assert len(json.loads((out / "run.json").read_text())["data"]["excluded"]) == 3
    assert scores("--out", out, "--rescore")["data"]["excluded"] == 3


def test_many_bad_rows_are_told_in_a_few_lines(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [ROWS[0], *({"name": f"e{n}"} for n in range(1200))])
    result = run("--data", data, "--exclude-bad")
    assert result.exit_code == 0 and "excluded: 1,197 more rows" in result.stderr


def test_where_no_row_is_left_is_told(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [{"name": "empty"}])
    refused("--data", data, "--exclude-bad", told="no row of")


def test_a_folder_of_results_that_was_damaged_is_told(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run("--data", data, "--out", out)
    for name, code in (("results.jsonl", 2), ("sessions.jsonl", 2), ("problems.jsonl", 2), ("run.json", 2)):
        before = (out / name).read_bytes()
        (out / name).write_bytes(b"}\n" + before)
        refused("--out", out, "--rescore", told=str(out), code=code)
        (out / name).write_bytes(before)
    (out / "scores.json").write_text("}")
    (out / "outcomes.jsonl").write_text("}")
    assert scores("--out", out, "--rescore")["n"] == 5
    assert json.loads((out / "scores.json").read_text())["n"] == 5


# -- exit codes ----------------------------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception | BaseException, *names: str) -> None:
    """Let the checker fail on some problems."""
    real = _Worker.__call__

    def check(self: _Worker, problem: Problem) -> Done:
        if problem.name in names:
            raise error
        return real(self, problem)

    monkeypatch.setattr(_Worker, "__call__", check)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (BackendError("it hung"), "backend", 5),
        (KeyError("oops"), "defect", 70),
    ],
)
def test_failures_have_their_exit_code_and_are_tried_again(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str, code: int
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patched:
        failing(patched, error, "other", "last")
        result = run("--data", data, "--out", out)
        assert result.exit_code == code
        assert f"2 problems without a result ({kind}), counted as misses" in result.stdout
        assert "problems have no result; the same command tries them again" in result.stderr
        again = run("--data", data, "--out", out, "--json")
        assert again.exit_code == code
        found = json.loads(again.stdout)
        assert found["failures"] == {kind: 2} and found["n"] == 5
        assert run("--out", out, "--rescore").exit_code == code
    assert results(out) == [*(row["name"] for row in ROWS), "other", "last"]
    mended = scores("--data", data, "--out", out)
    assert mended["failures"] == {} and results(out)[-2:] == ["other", "last"]
    assert untimed(mended) == untimed(scores("--data", data))


def test_a_backend_that_never_answers(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, BackendError("it hung", "start it"), *(row["name"] for row in ROWS))
    result = run("--data", data, "--out", tmp_path / "run", "--json")
    assert result.exit_code == 5 and result.stdout == ""
    assert result.stderr == "cramf: error: it hung; start it\n"


def test_what_ends_a_run(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patched:
        failing(patched, ResourceError("no memory", "buy some"), "other")
        result = run("--data", data, "--out", out, "--json")
        assert result.exit_code == 4 and result.stderr == "cramf: error: no memory; buy some\n"
    assert results(out) == ["fine", "unknown"]
    with monkeypatch.context() as patched:
        failing(patched, KeyboardInterrupt(), "last")
        result = run("--data", data, "--out", out, "--json")
        assert result.exit_code == 130 and result.stderr == "cramf: interrupted\n"
    assert results(out) == ["fine", "unknown", "other"]
    assert scores("--data", data, "--out", out)["n"] == 5


# -- options from a file -------------------------------------------------------------------------------------


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "conf" / "eval.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_options_from_a_file_and_the_command_line_wins(data: Path, tmp_path: Path) -> None:
    path = config(
        tmp_path,
        '[check]\ndata = "../rows.jsonl"\nlimit = 2\nout = "../run"\nexclude-bad = true\nseed = 5\n'
        '[retrieval]\narm = ["full"]\n',
    )
    found = scores("--config", path)
    assert (found["n"], found["seed"]) == (2, 5) and (tmp_path / "run" / "run.json").is_file()
    found = scores("--limit", "4", "--config", path, "--out", tmp_path / "other", "--seed", "0")
    assert (found["n"], found["seed"]) == (4, 0) and (tmp_path / "other" / "run.json").is_file()


def test_paths_count_from_the_file_and_names_of_benchmarks_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample_index: Path
) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    write(folder / "rows.jsonl", ROWS)
    (folder / "index").symlink_to(sample_index)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    path = config(tmp_path, '[check]\ndata = "rows.jsonl"\nindex = "index"\n')
    assert scores("--config", path)["n"] == 5
    assert scores("--config", Path("../conf/eval.toml"))["n"] == 5
    absolute = config(tmp_path, f'[check]\ndata = "{folder / "rows.jsonl"}"\n')
    assert scores("--config", absolute)["n"] == 5
    monkeypatch.setenv("CRAMF_DATA", str(tmp_path / "benchmarks"))
    named = config(tmp_path, '[check]\ndata = "minif2f"\n')
    refused("--config", named, told="cramf data get minif2f", code=4)


def test_several_values_and_one(tmp_path: Path) -> None:
    rows = [{"who": row["name"], "lean": {"code": row["formal_statement"]}} for row in ROWS]
    data = write(tmp_path / "rows.jsonl", rows)
    for fields in ('["name=who", "formal=lean.code"]', '"formal=lean.code"'):
        path = config(tmp_path, f'[check]\ndata = "{data}"\nfield = {fields}\n')
        assert scores("--config", path)["n"] == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no table [check] but nothing"),
        ("[formalize]\n[other]\n", "has no table [check] but [formalize], [other]; write the options under"),
        ("check = 5\n", "has no table [check]"),
        ("[check\n", "is no TOML"),
        ("[check]\nlimits = 5\n", "there is no option 'limits'; did you mean limit?"),
        ('[check]\nconfig = "x"\n', "there is no option 'config'"),
        ("[check]\njson = true\n", "there is no option 'json'"),
        ("[check]\nas-json = true\n", "there is no option 'as-json'"),
        ('[check]\narm = "full"\n', "there is no option 'arm'"),
        ('[check]\nlimit = "many"\n', "limit takes a whole number"),
        ("[check]\nlimit = 2.5\n", "limit takes a whole number"),
        ("[check]\nlimit = true\n", "limit takes a whole number"),
        ("[check]\nlimit = 2024-01-01\n", "limit takes a whole number"),
        ("[check]\nlimit = [1]\n", "limit takes a whole number"),
        ("[check]\nlimit = 0\n", "--limit"),
        ("[check]\nlimit = {a = 1}\n", "limit takes a whole number"),
        ('[check]\nrescore = "yes"\n', "rescore takes true or false"),
        ("[check]\nexclude_bad = 1\n", "exclude_bad takes true or false"),
        ("[check]\ntimeout = true\n", "timeout takes a number"),
        ('[check]\nchecker = "moon"\n', "--checker"),
        ("[check]\nchecker = true\n", "checker takes text or a number"),
        ("[check]\nfield = [1979-05-27]\n", "field takes text or a number, or a list of such"),
        ("[check]\nfield = [[]]\n", "field takes text or a number, or a list of such"),
        ('[check]\ndata = ["a"]\n', "data takes text or a number"),
    ],
)
def test_what_a_file_cannot_say_is_told(tmp_path: Path, data: Path, text: str, told: str) -> None:
    refused("--data", data, "--config", config(tmp_path, text), told=told)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path, data: Path) -> None:
    refused("--data", data, "--config", tmp_path / "none.toml", told="cannot read")
    refused("--data", data, "--config", tmp_path, told="cannot read")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    refused("--data", data, "--config", tmp_path / "a.toml", told="is not UTF-8 text")


def test_options_of_every_command_can_stand_in_a_file(tmp_path: Path) -> None:
    # By the names that users write, whatever the parameters are called inside.
    path = config(tmp_path, '[retrieval]\narm = ["moon"]\ndata = "x.jsonl"\n')
    refused("--config", path, told="moon", command="retrieval")
    path = config(tmp_path, '[retrieval]\nchosen = ["full"]\n')
    refused("--config", path, told="there is no option 'chosen'", command="retrieval")
    path = config(tmp_path, '[formalize]\nn = 3\nk = 5\nbase-url = "http://x"\ndata = "x.jsonl"\n')
    refused("--config", path, told="--base-url is of use only with a language model", command="formalize")


# -- the real command ----------------------------------------------------------------------------------------

COUNT = 120


def command(
    out: Path, data: Path, *more: str, file_size: int | None = None, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    arguments = [
        sys.executable,
        "-m",
        "cramf",
        "eval",
        "check",
        "--data",
        str(data),
        "--out",
        str(out),
        *more,
    ]
    limited = f"ulimit -f {file_size}; " if file_size is not None else ""
    shell = ["bash", "-c", f'{limited}exec "$@"', "bash", *arguments]
    return subprocess.Popen(shell, env=dict(os.environ), stdout=subprocess.PIPE, stderr=stderr, text=True)


def many(tmp_path: Path, count: int = COUNT) -> Path:
    bulk = " ".join(f"(a{i} : Nat) (h{i} : a{i} = a{i})" for i in range(40))
    rows = [{"name": f"r{n}", "formal_statement": f"theorem r{n} {bulk} : {n} = {n}"} for n in range(count)]
    return write(tmp_path / "many.jsonl", rows)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.002)
    return condition()


def count(out: Path) -> int:
    path = out / "results.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


@pytest.mark.parametrize(
    ("sign", "code", "told"), [(signal.SIGINT, 130, "cramf: interrupted"), (signal.SIGKILL, -9, "")]
)
def test_an_interrupt_and_a_kill_lose_at_most_what_was_under_way(
    tmp_path: Path, sign: signal.Signals, code: int, told: str
) -> None:
    data, out = many(tmp_path), tmp_path / "run"
    process = command(out, data)
    assert until(lambda: count(out) >= 5)
    process.send_signal(sign)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == code and stdout == "" and told in stderr and "Traceback" not in stderr
    before = (out / "results.jsonl").read_bytes()
    kept = count(out)
    assert 5 <= kept < COUNT
    result = run("--data", data, "--out", out, "--json")
    assert result.exit_code == 0
    after = (out / "results.jsonl").read_bytes()
    assert after.startswith(before[: before.rindex(b"\n") + 1]) and after.count(b"\n") == COUNT
    todo = [json.loads(line)["todo"] for line in (out / "sessions.jsonl").read_text().splitlines()]
    assert todo == [COUNT, COUNT - kept]
    assert untimed(json.loads(result.stdout)) == untimed(scores("--data", data))


def test_a_second_process_is_told(tmp_path: Path) -> None:
    data, out = many(tmp_path), tmp_path / "run"
    process = command(out, data)
    assert until(lambda: count(out) >= 1)
    process.send_signal(signal.SIGSTOP)
    try:
        refused("--data", data, "--out", out, "--json", told="another process writes its results to", code=4)
        # Another part of the same run may be worked on meanwhile.
        assert run("--data", data, "--out", out, "--shard", "2/40").exit_code == 0
    finally:
        process.send_signal(signal.SIGCONT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert count(out) == COUNT


def test_a_full_disk_is_told_and_the_run_goes_on_later(tmp_path: Path) -> None:
    # Room for the problems, which are written first, but not for all results.
    data, out = many(tmp_path, 40), tmp_path / "run"
    assert run("--data", data, "--out", out, "--limit", "1").exit_code == 0
    process = command(out, data, "--json", file_size=5)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 4 and stdout == ""
    assert stderr.startswith(
        f"cramf: error: cannot write results to {out / 'results.jsonl'}: File too large;"
    )
    assert stderr.count("\n") == 1
    kept = count(out)
    assert 1 < kept < 40 and (out / "results.jsonl").stat().st_size <= 5 * 1024
    found = scores("--data", data, "--out", out)
    assert found["n"] == 40 and count(out) == 40
