"""`cramf concepts`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from cramf.formalize.formalizer import MAX_STATEMENT

CONCEPTS = [
    {
        "id": "test.continuous",
        "names": ["continuous", "continuous function"],
        "domain": "54C05",
        "gloss": "Without jumps.",
        "senses": [
            {"declaration": "Continuous"},
            {"declaration": "ContinuousOn", "context": ["set"]},
            {"declaration": "ContinuousAt", "context": ["at a point"]},
        ],
    },
    {
        "id": "test.integral",
        "names": ["integral"],
        "domain": "26A42",
        "gloss": "An area.",
        "senses": [{"declaration": "intervalIntegral"}],
        "latex": ["\\int"],
    },
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "ontology"
    path.mkdir()
    (path / "some.jsonl").write_text("\n".join(map(json.dumps, CONCEPTS)), encoding="utf-8")
    return path


def run(*arguments: str | Path, data: bytes | str | None = None) -> Result:
    return CliRunner().invoke(main, ["concepts", *map(str, arguments)], input=data, prog_name="cramf")


def assert_error(done: Result, code: int) -> str:
    assert done.exit_code == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("cramf: error: ")
    return line


def test_words(folder: Path) -> None:
    done = run("the continuity of $\\int f$ on a set", "--ontology", folder)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        " 4-14  continuity -> ContinuousOn\n"
        "       why: inflected: continuity -> continuous; context: set\n"
        '       concept: test.continuous "continuous", domain 54C05\n'
        "       other senses: Continuous, ContinuousAt\n"
        "19-23  \\int -> intervalIntegral\n"
        "       why: LaTeX \\int; only sense\n"
        '       concept: test.integral "integral", domain 26A42\n'
    )


def test_json_is_one_object(folder: Path) -> None:
    done = run("  a continuous\n\tfunction ", "--json", "--ontology", folder)
    assert (done.exit_code, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert json.loads(line) == {
        "text": "a continuous\n\tfunction",
        "concepts": [
            {
                "concept": "test.continuous",
                "name": "continuous function",
                "start": 2,
                "end": 22,
                "text": "continuous\n\tfunction",
                "domain": "54C05",
                "declaration": "Continuous",
                "alternatives": ["ContinuousOn", "ContinuousAt"],
                "reason": "first sense, no context",
            }
        ],
    }


def test_without_a_concept_it_says_so(folder: Path) -> None:
    done = run("good morning", "--ontology", folder)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "no concept found\n", "")
    done = run("good morning", "--json", "--ontology", folder)
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"text": "good morning", "concepts": []}


def test_the_shipped_ontology_is_the_default() -> None:
    found = json.loads(run("a prime ideal", "--json").stdout)["concepts"]
    assert [mention["declaration"] for mention in found] == ["Ideal.IsPrime"]


def test_the_text_from_a_file_and_from_standard_input(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbfa continuous map\r\n")
    options = ("--json", "--ontology", folder)
    given = run("a continuous map", *options)
    assert given.exit_code == 0
    assert run("--file", path, *options).stdout == given.stdout
    assert run("-", *options, data="a continuous map\n").stdout == given.stdout
    assert run("-f", "-", *options, data="a continuous map\n").stdout == given.stdout


@pytest.mark.parametrize(
    ("arguments", "data", "word"),
    [
        ((), None, "no text"),
        (("",), None, "empty"),
        ((" \n\t",), None, "empty"),
        (("-",), b"", "empty"),
        (("-",), b"group \xff\xfe", "UTF-8"),
        (("-",), b"x" * (4 * MAX_STATEMENT + 1), "larger"),
        (("x" * (MAX_STATEMENT + 1),), None, f"{MAX_STATEMENT:,}"),
        (("a\0b",), None, "NUL"),
        (("a", "--file", "b"), None, "only one"),
        (("--file", "/nowhere/at/all"), None, "cannot read"),
        (("a", "b"), None, "cramf concepts --help"),
        (("a", "--nonsense"), None, "cramf concepts --help"),
    ],
)
def test_what_cannot_be_used(arguments: tuple[str, ...], data: bytes | None, word: str) -> None:
    assert word in assert_error(run(*arguments, data=data), 2)


def test_an_ontology_that_cannot_be_used(folder: Path) -> None:
    assert "no concept ontology" in assert_error(run("a", "--ontology", folder / "nothing"), 4)
    (folder / "other.jsonl").write_text("{}", encoding="utf-8")
    assert "other.jsonl:1" in assert_error(run("a", "--ontology", folder), 4)
    # A text that cannot be used is told first.
    assert "empty" in assert_error(run(" ", "--ontology", folder), 2)


def test_help_teaches() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for word in ('cramf concepts "', "--json", "--file", "--ontology", "no concept found", "exit code is 0"):
        assert word in " ".join(done.stdout.split())


def test_the_example_of_the_help_is_true() -> None:
    shown = run("--help").stdout
    printed = run("every $p$-group has a nontrivial center").stdout.splitlines()[:3]
    for line in printed:
        assert line.strip() in shown


def test_nothing_heavy_is_imported() -> None:
    heavy = "torch faiss numpy scipy pyarrow transformers sentence_transformers lark lxml openai".split()
    code = f"""
import sys
from cramf.cli.main import main
try:
    main(["concepts", "a continuous function"])
except SystemExit as stop:
    assert stop.code == 0, stop.code
loaded = [name for name in {heavy!r} if name in sys.modules]
assert not loaded, loaded
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "continuous function -> Continuous" in done.stdout
