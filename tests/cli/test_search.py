"""`cramf search`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from cramf.retrieval.encoder import Encoder
from cramf.retrieval.retriever import MAX_QUERY
from tests.formalize.fake_server import FakeServer, completion


@pytest.fixture(autouse=True)
def _encoder(monkeypatch: pytest.MonkeyPatch, hash_encoder: Encoder, tmp_path: Path) -> None:
    """The sample index names the hashing encoder; no checkout is at hand unless a test gives one."""
    monkeypatch.setattr("cramf.retrieval.retriever.load_encoder", lambda name=None: hash_encoder)
    monkeypatch.delenv("CRAMF_MATHLIB", raising=False)
    monkeypatch.setenv("CRAMF_LEAN_WORKSPACE", str(tmp_path / "no workspace"))


def run(*arguments: str | Path, data: bytes | str | None = None) -> Result:
    return CliRunner().invoke(main, ["search", *map(str, arguments)], input=data, prog_name="cramf")


def assert_error(done: Result, code: int) -> str:
    assert done.exit_code == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("cramf: error: ")
    return line


def test_json_has_one_hit_a_line(sample_index: Path) -> None:
    done = run("two is an even prime number", "-k", "3", "--json", "--index", sample_index)
    assert done.exit_code == 0
    assert done.stderr == ""
    hits = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(hits) == 3
    for hit in hits:
        assert set(hit) == {"definition", "score", "channels", "votes"}
        assert {"name", "kind", "module", "line", "signature", "docstring", "fields", "usage_count"} <= set(
            hit["definition"]
        )
        for vote in hit["votes"]:
            assert set(vote) == {"theorem", "similarity", "weight"}
    assert hits[0]["definition"]["kind"] == "def"
    assert {h["definition"]["name"] for h in hits[:2]} == {"MyNumber.IsMyPrime", "MyNumber.IsMyEven"}
    assert [h["score"] for h in hits] == sorted((h["score"] for h in hits), reverse=True)
    assert any(v["theorem"] == "MyNumber.two_prime" for v in hits[0]["votes"])


def test_words(sample_index: Path) -> None:
    done = run("two is an even prime number", "-k", "2", "--index", sample_index)
    assert done.exit_code == 0
    assert "  1. MyNumber." in done.stdout
    assert "Mathlib.NumberTheory.Prime:" in done.stdout
    assert "voted by MyNumber.two_prime" in done.stdout
    assert "  3. " not in done.stdout


def test_ten_hits_are_the_default(sample_index: Path) -> None:
    assert len(run("group", "--json", "--index", sample_index).stdout.splitlines()) == 10


def test_a_core_name_has_no_place(sample_index: Path) -> None:
    done = run("injective function nonempty", "-k", "40", "--index", sample_index)
    assert "Function.Injective  (attested)  Lean core or Std" in done.stdout


def test_the_query_from_standard_input(sample_index: Path) -> None:
    given = run("two is even", "--json", "--index", sample_index)
    piped = run("-", "--json", "--index", sample_index, data="two is even")
    marked = run("-", "--json", "--index", sample_index, data=b"\xef\xbb\xbftwo is even")
    assert given.exit_code == piped.exit_code == marked.exit_code == 0
    assert given.stdout == piped.stdout == marked.stdout


def test_the_index_of_the_environment(sample_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    assert run("group", "-k", "1").exit_code == 0


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"group \xff\xfe", "UTF-8"), (b"", "empty"), (b" \n\t", "empty"), (b"\0\0", "empty")],
)
def test_standard_input_that_cannot_be_used(sample_index: Path, data: bytes, word: str) -> None:
    assert word in assert_error(run("-", "--index", sample_index, data=data), 2)


def test_too_long_a_query(sample_index: Path) -> None:
    line = assert_error(run("-", "--index", sample_index, data="x" * (MAX_QUERY + 1)), 2)
    assert f"{MAX_QUERY:,}" in line


@pytest.mark.parametrize("letter", ["ℝ", "𝓝"])
def test_too_long_a_query_of_wide_letters(sample_index: Path, letter: str) -> None:
    """Standard input is cut at a number of bytes, which must not pass for a fault of the encoding."""
    line = assert_error(run("-", "--index", sample_index, data="x" + letter * (2 * MAX_QUERY)), 2)
    assert "UTF-8" not in line


@pytest.mark.parametrize("query", ["", "   "])
def test_an_empty_query(sample_index: Path, query: str) -> None:
    assert "empty" in assert_error(run(query, "--index", sample_index), 2)


@pytest.mark.parametrize(
    "arguments",
    [(), ("a", "b"), ("a", "-k", "0"), ("a", "-k", "x"), ("a", "-k", "1001"), ("a", "--nonsense")],
)
def test_wrong_options(arguments: tuple[str, ...]) -> None:
    assert "cramf search --help" in assert_error(run(*arguments), 2)


def test_no_index(tmp_path: Path) -> None:
    assert "cramf index build" in assert_error(run("group", "--index", tmp_path / "none"), 4)
    (tmp_path / "file").write_text("x")
    assert_error(run("group", "--index", tmp_path / "file"), 4)


def test_no_checkout(sample_index: Path, tmp_path: Path) -> None:
    line = assert_error(run("group", "--index", sample_index, "--mathlib", tmp_path), 2)
    assert "Mathlib" in line


def test_hostile_queries(sample_index: Path) -> None:
    for query in ("每个紧集都是闭集", "$\\frac{a}{b}$", "∀ ∃", "x" * 3000, "theorem t : 1 = 1 := by sorry"):
        done = run(query, "-k", "2", "--json", "--index", sample_index)
        assert done.exit_code == 0
        assert len(done.stdout.splitlines()) == 2


SCRIPT = textwrap.dedent(
    """
    import importlib.util, pathlib, sys
    spec = importlib.util.spec_from_file_location("shared_fixtures", sys.argv[1])
    shared = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shared)
    import cramf.retrieval.retriever
    cramf.retrieval.retriever.load_encoder = lambda name=None: shared.HashEncoder()
    from cramf.cli.main import main
    main(["search", *sys.argv[2:]])
    """
)


def in_a_process(*arguments: str | Path | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    conftest = Path(__file__).parents[1] / "conftest.py"
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(conftest), *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def test_output_is_utf8_in_any_locale(sample_index: Path) -> None:
    done = in_a_process(
        "symmetric matrix", "--index", sample_index, LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert "MyMatrix" in done.stdout.decode("utf-8")


def test_an_argument_that_is_no_utf8(sample_index: Path) -> None:
    """The bytes of an argument reach Python as lone surrogates; it ends as on standard input."""
    done = in_a_process(b"group \xff", "--index", sample_index)
    assert done.returncode in (0, 2)
    assert b"Traceback" not in done.stderr


def test_as_many_as_are_needed(sample_index: Path) -> None:
    done = run("two is an even prime number", "-k", "auto", "--json", "--index", sample_index)
    assert done.exit_code == 0
    assert 1 <= len(done.stdout.splitlines()) <= 20


@pytest.mark.parametrize("number", ["0", "-1", "1001", "many", "", "1.5", "٣"])
def test_a_number_that_is_none(sample_index: Path, number: str) -> None:
    line = assert_error(run("group", f"-k{number}", "--index", sample_index), 2)
    assert "-k" in line


def test_filters(sample_index: Path) -> None:
    done = run("number", "--namespace", "MyNumber", "--kind", "def", "--json", "--index", sample_index)
    hits = [json.loads(line) for line in done.stdout.splitlines()]
    assert hits
    assert all(hit["definition"]["name"].startswith("MyNumber.") for hit in hits)
    assert {hit["definition"]["kind"] for hit in hits} == {"def"}
    line = assert_error(run("number", "--module", "Mathlib.Nowhere", "--index", sample_index), 2)
    assert "widen" in line


def test_explain(sample_index: Path) -> None:
    query = "two is an even prime number"
    done = run(query, "-k", "1", "--explain", "--index", sample_index)
    assert done.exit_code == 0
    assert "log-odds:" in done.stdout
    assert "MyNumber.two_prime uses it" in done.stdout
    (line,) = run(query, "-k", "1", "--explain", "--json", "--index", sample_index).stdout.splitlines()
    hit = json.loads(line)
    assert hit["explanation"]["name"] == hit["definition"]["name"]
    assert hit["explanation"]["probability"] == pytest.approx(hit["score"])


def test_a_reranker_that_cannot_be_had(sample_index: Path, tmp_path: Path) -> None:
    done = run("group", "--reranker", tmp_path / "none", "--index", sample_index)
    assert done.exit_code in (2, 4)
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("cramf: error: ")


def test_a_language_model_reads_the_query(
    sample_index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A real server on this machine answers once; the second search finds the answer kept."""
    answer = json.dumps(
        {
            "rewriting": "Two is a prime number that is even.",
            "concepts": [{"concept": "prime", "explanation": "no divisors", "names": ["MyNumber.IsMyPrime"]}],
            "implicit": [],
        }
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    arguments = ("nothing of use", "-k", "3", "--llm", "openai:toy", "--json", "--index", sample_index)
    with FakeServer(completion(answer)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        first = run(*arguments)
        again = run(*arguments)
        asked = len(server.requests)
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout == again.stdout
    assert asked == 1
    assert first.stdout != run("nothing of use", "-k", "3", "--json", "--index", sample_index).stdout


def test_an_unknown_kind_of_language_model(sample_index: Path) -> None:
    assert "known are: openai:MODEL" in assert_error(run("group", "--llm", "toy", "--index", sample_index), 2)
