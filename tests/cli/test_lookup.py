"""`cramf lookup`."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.cli.lookup import MAX_NAME
from cramf.cli.main import main

REQUIRED = ["name", "found", "resolved", "how", "kind", "module", "line", "signature"]


def run(*arguments: str | Path, data: bytes | str | None = None) -> Result:
    return CliRunner().invoke(main, ["lookup", *map(str, arguments)], input=data, prog_name="cramf")


def answers(done: Result) -> list[dict[str, Any]]:
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def assert_error(done: Result, code: int) -> str:
    assert done.exit_code == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("cramf: error: ")
    return line


def test_json_has_one_object_a_name(sample_index: Path) -> None:
    done = run("MyGroup.cube", "center", "MyGroup.sqare", "⧸ₘ", "--json", "--index", sample_index)
    assert done.exit_code == 1
    cube, center, missing, notation = answers(done)
    for answer in (cube, center, missing, notation):
        assert list(answer)[:8] == REQUIRED
    assert cube["resolved"] == "MyGroup.square"
    assert cube["how"] == "deprecated since 2023-01-02, use MyGroup.square"
    assert (cube["kind"], cube["module"]) == ("def", "Mathlib.Algebra.Group")
    assert cube["signature"] == "{G : Type u} [MyGroup G] (x : G) : G"
    assert (cube["deprecated"], cube["since"]) == ("MyGroup.square", "2023-01-02")
    assert (center["found"], center["resolved"]) == (True, "MySubgroup.center")
    assert (notation["kind"], notation["resolved"]) == ("notation", "MySubgroup.center")
    assert missing == {
        "name": "MyGroup.sqare",
        **dict.fromkeys(REQUIRED[1:]),
        "found": False,
        **dict.fromkeys(("origin", "deprecated", "since", "namespace", "target", "dependencies")),
        "attributes": [],
        "alternatives": [],
        "nearest": ["MyGroup.square"],
    }


def test_words(sample_index: Path) -> None:
    done = run("MyGroup.cube", "MyGroup.sqare", "--dependencies", "--index", sample_index)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "MyGroup.cube  (def)  Mathlib.Algebra.Group:77",
        "    how: deprecated since 2023-01-02, use MyGroup.square",
        "    signature: {G : Type u} [MyGroup G] (x : G) : G",
        "    attributes: deprecated",
        "    now: MyGroup.square  (def)  Mathlib.Algebra.Group:71",
        "    uses: MyGroup",
        "MyGroup.sqare  not found",
        "    nearest: MyGroup.square",
    ]


def test_notation_in_words(sample_index: Path) -> None:
    done = run("𝓤", "--index", sample_index)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "𝓤  (notation)  Mathlib.Topology.Basic:28",
        "    how: made by `notation` for myNhds after `open scoped MyTopology`",
        "    stands for: myNhds  (def)  Mathlib.Topology.Basic:24",
        "                {X : Type*} [MyTopology X] (x : X) : Set (Set X)",
    ]


def test_a_core_name_has_no_place(sample_index: Path) -> None:
    done = run("Function.Injective", "--index", sample_index)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "Function.Injective  (attested)"


def test_names_of_core_that_mathlib_never_writes_are_known(sample_index: Path) -> None:
    done = run("Nat.sub", "_root_.Nat.sub", "Nat.sob", "--index", sample_index)
    assert done.exit_code == 1  # the last one does not exist
    lines = done.stdout.splitlines()
    assert lines[0] == "Nat.sub  (def)  Init.Prelude"
    assert lines[1] == "    how: declared by Lean core, Std or Batteries"
    assert lines[2].startswith("    signature: ") and "Nat" in lines[2]
    assert lines[3] == "_root_.Nat.sub  (def)  Init.Prelude"
    assert "Nat.sob  not found" in lines


def test_the_help_shows_what_is_printed(sample_index: Path) -> None:
    """The example of `--help` is that of the sample."""
    shown = run("-h")
    assert shown.exit_code == 0
    lines = [line.strip() for line in shown.stdout.splitlines()]
    printed = run("MyGroup.cube", "MyGroup.sqare", "--index", sample_index).stdout.splitlines()
    for line in printed:
        assert "attributes" in line or line.strip() in lines


def test_the_exit_code_is_that_of_the_worst(sample_index: Path) -> None:
    assert run("MyGroup", "MySet", "--index", sample_index).exit_code == 1
    assert run("MyGroup", "Set", "--index", sample_index).exit_code == 0
    assert run("-", "--index", sample_index, data="MyGroup\nMySet\nSet\n").exit_code == 1


def test_dependencies_only_on_request(sample_index: Path) -> None:
    (without,) = answers(run("MyGroup.square", "--json", "--index", sample_index))
    (with_them,) = answers(run("MyGroup.square", "--json", "--dependencies", "--index", sample_index))
    assert (without["dependencies"], with_them["dependencies"]) == (None, ["MyGroup"])


class TestStandardInput:
    DATA = "\ufeffMyGroup\r\n\n   \n# a note\n  Set.union  \nMyGroup\nlast"

    @pytest.mark.parametrize("arguments", [(), ("-",)])
    def test_names_are_lines(self, sample_index: Path, arguments: tuple[str, ...]) -> None:
        done = run(*arguments, "--json", "--index", sample_index, data=self.DATA)
        assert [a["name"] for a in answers(done)] == ["MyGroup", "Set.union", "MyGroup", "last"]
        assert done.exit_code == 1

    def test_among_arguments(self, sample_index: Path) -> None:
        done = run("Set", "-", "MyGroup", "--json", "--index", sample_index, data="Set.union\n")
        assert [a["name"] for a in answers(done)] == ["Set", "Set.union", "MyGroup"]

    def test_not_read_where_names_are_given(self, sample_index: Path) -> None:
        done = run("Set", "--json", "--index", sample_index, data=b"\xff\n")
        assert [a["name"] for a in answers(done)] == ["Set"]

    def test_a_dash_in_a_line_is_a_name(self, sample_index: Path) -> None:
        (answer,) = answers(run("--json", "--index", sample_index, data="-\n"))
        assert answer["name"] == "-"

    @pytest.mark.parametrize("data", [b"", b"\n \n", b"# nothing\n"])
    def test_empty(self, sample_index: Path, data: bytes) -> None:
        assert "no name" in assert_error(run("--index", sample_index, data=data), 2)

    def test_not_utf8(self, sample_index: Path) -> None:
        done = run("--json", "--index", sample_index, data=b"MyGroup\n\nSet\xff\nSet\n")
        assert done.exit_code == 2
        assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == ["MyGroup"]
        assert done.stderr.startswith("cramf: error: line 3 of standard input is not UTF-8")

    def test_too_long_a_line(self, sample_index: Path) -> None:
        longest = "x" * MAX_NAME
        assert run("--index", sample_index, data=f"{longest}\r\n").exit_code == 1
        assert "line 1" in assert_error(run("--index", sample_index, data=f"{longest}x\n"), 2)

    def test_a_terminal_teaches(self, sample_index: Path) -> None:
        master, slave = pty.openpty()
        try:
            for arguments in ((), ("-",), ("Set", "-")):
                done = subprocess.run(
                    [sys.executable, "-m", "cramf", "lookup", *arguments, "--index", str(sample_index)],
                    stdin=slave,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert (done.returncode, done.stdout) == (2, "")
                assert done.stderr.startswith("cramf: error: no name is given")
                assert "cramf lookup --help" in done.stderr
        finally:
            os.close(master)
            os.close(slave)


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "cramf", "lookup", *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[bytes], name: str) -> str:
    """Ask for a name and wait for the answer, standard input left open."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{name}\n".encode())
    process.stdin.flush()
    return str(json.loads(process.stdout.readline())["name"])


def test_each_line_is_answered_as_it_comes(sample_index: Path) -> None:
    with running("--json", "--index", sample_index) as process:
        assert ask(process, "MyGroup") == "MyGroup"
        assert ask(process, "Set") == "Set"
        out, errors = process.communicate(timeout=60)
        assert (process.returncode, out, errors) == (0, b"", b"")


def test_ctrl_c(sample_index: Path) -> None:
    with running("--json", "--index", sample_index) as process:
        ask(process, "MyGroup")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.wait(60) == 130
        assert process.stderr.read() == b"cramf: interrupted\n"


def test_a_reader_that_goes_away(sample_index: Path) -> None:
    with running("--json", "--index", sample_index) as process:
        ask(process, "MyGroup")
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"Set\nMyGroup\n")
        process.stdin.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_nothing_heavy_is_imported(sample_index: Path) -> None:
    code = """
import sys
from cramf.cli.main import main
try:
    main(["lookup", "MyGroup", "MyGrup", "--index", sys.argv[1]])
except SystemExit as stop:
    assert stop.code == 1, stop.code
heavy = ("torch", "faiss", "transformers", "sentence_transformers", "scipy", "lark", "openai")
assert not [name for name in heavy if name in sys.modules]
"""
    command = [sys.executable, "-c", code, str(sample_index)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


class TestHostileNames:
    @pytest.mark.parametrize(
        "name",
        [
            "x" * 10_000,
            "a" * 9_995 + ".image",
            "." * 5_000,
            "«" * 5_000,
            "«»",
            "_root_.",
            ".",
            "Set.",
            ".Set",
            "Set..union",
            "\x1b[31mred\x07",
            "a\u202eb\u2028c\x85d",
            "Set\tunion",
            "每个紧集",
            "Set' OR 1=1",
            "eq_1",
            ".eq_1",
        ],
    )
    def test_are_not_found(self, sample_index: Path, name: str) -> None:
        done = run(name, "--json", "--index", sample_index)
        assert done.exit_code == 1
        (answer,) = answers(done)
        assert (answer["name"], answer["found"], answer["resolved"]) == (name, False, None)
        words = run("--index", sample_index, data=name)
        assert words.exit_code == 1
        assert words.stdout.endswith("\n")
        assert all(c.isprintable() or c == "\n" for c in words.stdout)
        assert len(words.stdout.split("\n")[0]) < 1_000

    def test_names_with_a_newline_stay_one_line(self, sample_index: Path) -> None:
        done = run("Set\nunion", "--index", sample_index)
        first, *nearest = done.stdout.splitlines()
        assert first == "Set\\nunion  not found"
        assert all(line.startswith("    nearest: ") for line in nearest)

    @pytest.mark.parametrize("name", ["", "  ", "\t"])
    def test_empty(self, sample_index: Path, name: str) -> None:
        assert "empty" in assert_error(run("Set", name, "--index", sample_index), 2)

    def test_too_long(self, sample_index: Path) -> None:
        assert f"{MAX_NAME:,}" in assert_error(run("Set", "ℝ" * MAX_NAME, "--index", sample_index), 2)

    def test_an_argument_that_is_not_utf8(self, sample_index: Path) -> None:
        command: list[Any] = [sys.executable, "-m", "cramf", "lookup", "Set", b"\xff"]
        command += ["--index", sample_index]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(b"cramf: error: a name is not UTF-8 text")

    def test_a_name_that_begins_with_a_dash(self, sample_index: Path) -> None:
        assert "--help" in assert_error(run("--nope", "--index", sample_index), 2)
        (answer,) = answers(run("--json", "--index", sample_index, "--", "--nope"))
        assert answer["name"] == "--nope"


def test_duplicates_are_all_answered(sample_index: Path) -> None:
    done = run("Set", "Set", "Nope", "Nope", "--json", "--index", sample_index)
    assert [(a["name"], a["found"]) for a in answers(done)] == [("Set", True)] * 2 + [("Nope", False)] * 2


def test_the_index_of_the_environment(sample_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    assert run("MyGroup").exit_code == 0


def test_no_index(tmp_path: Path) -> None:
    assert "cramf index build" in assert_error(run("Set", "--index", tmp_path / "none"), 4)
    (tmp_path / "file").write_text("x")
    assert_error(run("Set", "--index", tmp_path / "file"), 4)


@pytest.mark.parametrize("file", ["declarations.parquet", "signatures.parquet", "names.json"])
def test_a_damaged_index(sample_index: Path, tmp_path: Path, file: str) -> None:
    copy = Path(shutil.copytree(sample_index, tmp_path / "copy"))
    (copy / file).write_bytes(b"x")
    assert f"{file} is damaged" in assert_error(run("Set", "--index", copy), 4)


def test_files_that_are_not_read_are_not_verified(sample_index: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(sample_index, tmp_path / "copy"))
    for file in ("definitions.faiss", "votes.npz", "dependencies.npz"):
        (copy / file).write_bytes(b"x")
    assert run("Set", "--index", copy).exit_code == 0
    assert "dependencies.npz" in assert_error(run("Set", "--dependencies", "--index", copy), 4)


def test_the_group_lists_it() -> None:
    listed = CliRunner().invoke(main, ["-h"]).stdout
    assert listed.index("  concepts ") < listed.index("  lookup ") < listed.index("  index ")
