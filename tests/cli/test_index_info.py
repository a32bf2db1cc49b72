"""`cramf index info` and `cramf index diff`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import LazyCommand, LazyGroup
from cramf.environment import default_ontology
from cramf.knowledge.ontology import load_ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Kind
from cramf.retrieval.encoder import Encoder

GROUP = LazyGroup(
    "cramf", lazy={name: LazyCommand("cramf.cli.index_info", name, name) for name in ("info", "diff")}
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(GROUP, [str(a) for a in arguments], prog_name="cramf")


def assert_error(done: Result, code: int) -> str:
    """One line on standard error, nothing on standard output."""
    assert done.exit_code == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("cramf: error: ")
    return line


@pytest.fixture(scope="session")
def newer_index(
    tmp_path_factory: pytest.TempPathFactory, mathlib_sample: ModuleType, hash_encoder: Encoder
) -> Path:
    """An index of a later version of the sample checkout."""
    from cramf.knowledge.builder import build_from_checkout, checkout_info
    from cramf.retrieval.indexing import write_index

    folder = mathlib_sample.write_checkout(tmp_path_factory.mktemp("newer"))
    prime = folder / "Mathlib/NumberTheory/Prime.lean"
    text = prime.read_text(encoding="utf-8")
    for old, new in (
        ("def IsMyPrime (p : ℕ)", "def IsMyPrime (p : ℤ)"),
        ("theorem two_prime", "lemma two_prime"),
        ("theorem exists_prime (n", "theorem exists_prime_gt (n"),
        (
            "end MyNumber\n",
            '@[deprecated (since := "2025-01-02")] alias exists_prime := exists_prime_gt\n\nend MyNumber\n',
        ),
    ):
        assert old in text
        text = text.replace(old, new)
    prime.write_text(text, encoding="utf-8")
    order = folder / "Mathlib/Order/Basic.lean"
    order.rename(order.with_name("Moved.lean"))
    matrix = folder / "Mathlib/Data/Matrix.lean"
    text = matrix.read_text(encoding="utf-8")
    matrix.write_text(text.replace("def IsSymm (", "def IsSelfTransposed ("), encoding="utf-8")
    out = tmp_path_factory.mktemp("index") / "newer"
    write_index(
        build_from_checkout(folder, 1), checkout_info(folder, "4567def"), hash_encoder, out, quantise="none"
    )
    return out


class TestInfo:
    def test_as_json(self, sample_index: Path) -> None:
        done = run("info", "--index", sample_index, "--json")
        assert done.exit_code == 0
        assert done.stderr == ""
        (line,) = done.stdout.splitlines()
        outcome = json.loads(line)
        base = KnowledgeBase.open(sample_index)
        concepts = load_ontology(default_ontology()).concepts
        for key in ("definitions", "usages", "declarations", "attested"):
            assert outcome[key] == base.manifest.counts[key] > 0
        assert outcome["concepts"] == len(concepts) > 0
        assert outcome["senses"] == sum(len(c.senses) for c in concepts)
        assert (outcome["mathlib_commit"], outcome["toolchain"]) == ("0123abc", "leanprover/lean4:v4.99.0")
        assert (outcome["path"], outcome["files"]) == (str(sample_index), 9)
        assert (outcome["encoder"], outcome["quantisation"]) == ("hash-test-encoder", "none")
        assert outcome["docstrings"] is True

    def test_kinds_and_origins_count_every_declaration(self, sample_index: Path) -> None:
        outcome = json.loads(run("info", "--index", sample_index, "--json").stdout)
        names = KnowledgeBase.open(sample_index).declarations
        for key, field in (("kinds", "kind"), ("origins", "origin")):
            counted = outcome[key]
            assert sum(counted.values()) == outcome["declarations"]
            assert list(counted.values()) == sorted(counted.values(), reverse=True)
            for value, number in counted.items():
                assert number == sum(1 for name in names if getattr(names[name], field) == value)
        assert outcome["origins"]["attested"] == outcome["kinds"]["attested"] == outcome["attested"]

    def test_in_words(self, sample_index: Path) -> None:
        done = run("info", "--index", sample_index)
        outcome = json.loads(run("info", "--index", sample_index, "--json").stdout)
        assert done.exit_code == 0
        assert [line.split()[0] for line in done.stdout.splitlines()] == list(outcome)
        assert f"class {outcome['kinds']['class']}," in done.stdout

    def test_every_file_is_verified(self, tmp_path: Path, sample_index: Path) -> None:
        names = KnowledgeBase.open(sample_index).manifest.files
        assert len(names) > 5
        for name in names:
            copy = Path(shutil.copytree(sample_index, tmp_path / name))
            data = bytearray((copy / name).read_bytes())
            data[len(data) // 2] ^= 1
            (copy / name).write_bytes(data)
            line = assert_error(run("info", "--index", copy), 4)
            assert f"{name} is damaged" in line
            shutil.rmtree(copy)

    def test_the_environment_names_the_index(
        self, sample_index: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
        assert json.loads(run("info", "--json").stdout)["mathlib_commit"] == "0123abc"

    def test_nothing_there(self, tmp_path: Path) -> None:
        assert "cramf index build" in assert_error(run("info", "--index", tmp_path / "none"), 4)


class TestDiff:
    def test_as_json(self, sample_index: Path, newer_index: Path) -> None:
        done = run("diff", sample_index, newer_index, "--json")
        assert done.exit_code == 0
        assert done.stderr == ""
        (line,) = done.stdout.splitlines()
        found = json.loads(line)
        lists = [key for key in found if key not in ("counts", "old", "new")]
        assert next(iter(found)) == "counts"
        assert found["counts"] == {key: len(found[key]) for key in lists}
        assert (found["old"]["mathlib_commit"], found["new"]["mathlib_commit"]) == ("0123abc", "4567def")
        assert {e["name"] for e in found["added"]} == {
            "MyMatrix.IsSelfTransposed",
            "MyNumber.exists_prime_gt",
        }
        assert [e["name"] for e in found["removed"]] == ["MyMatrix.IsSymm"]
        assert found["renamed"] == [
            {
                "name": "MyNumber.exists_prime",
                "replacement": "MyNumber.exists_prime_gt",
                "how": "deprecated",
                "kind": "alias",
                "module": "Mathlib.NumberTheory.Prime",
                "since": "2025-01-02",
            }
        ]
        assert [(e["name"], e["old"], e["new"]) for e in found["changed_kind"]] == [
            ("MyNumber.two_prime", "theorem", "lemma")
        ]
        assert [(e["name"], e["old"], e["new"]) for e in found["changed_type"]] == [
            ("MyNumber.IsMyPrime", "(p : ℕ) : Prop", "(p : ℤ) : Prop")
        ]
        assert {e["new"] for e in found["moved"]} == {"Mathlib.Order.Moved"}
        assert {"MyOrder.Keeps", "bare"} < {e["name"] for e in found["moved"]}

    def test_in_words(self, sample_index: Path, newer_index: Path) -> None:
        done = run("diff", sample_index, newer_index, "--limit", "3")
        assert done.exit_code == 0
        lines = done.stdout.splitlines()
        moved = json.loads(run("diff", sample_index, newer_index, "--json").stdout)["counts"]["moved"]
        assert lines[0].startswith(f"old: {sample_index}  (0123abc, ")
        assert "        2  added" in lines
        assert "renamed: 1" in lines
        assert "  MyNumber.exists_prime -> MyNumber.exists_prime_gt  (deprecated since 2025-01-02)" in lines
        assert "      new: (p : ℤ) : Prop" in lines
        assert f"  ... and {moved - 3} more; see --limit or --json" in lines
        assert sum("-> Mathlib.Order.Moved" in line for line in lines) == 3
        # Every count stands before the first list.
        assert lines.index("        1  of another type") < lines.index("added: 2")

    def test_counts_alone(self, sample_index: Path, newer_index: Path) -> None:
        done = run("diff", sample_index, newer_index, "--limit", "0")
        assert len(done.stdout.splitlines()) == 2 + 7

    def test_json_has_all_whatever_the_limit(self, sample_index: Path, newer_index: Path) -> None:
        done = run("diff", sample_index, newer_index, "--limit", "1", "--json")
        assert done.stdout == run("diff", sample_index, newer_index, "--json").stdout

    def test_the_other_way_round(self, sample_index: Path, newer_index: Path) -> None:
        found = json.loads(run("diff", newer_index, sample_index, "--json").stdout)
        assert [e["name"] for e in found["added"]] == ["MyMatrix.IsSymm"]
        assert {e["name"] for e in found["removed"]} == {
            "MyMatrix.IsSelfTransposed",
            "MyNumber.exists_prime_gt",
        }

    def test_selected(self, sample_index: Path, newer_index: Path) -> None:
        arguments = ("diff", sample_index, newer_index, "--json")
        found = json.loads(run(*arguments, "--kind", "def", "--module", "Mathlib.Data.").stdout)
        assert [e["name"] for e in found["added"]] == ["MyMatrix.IsSelfTransposed"]
        assert found["counts"] == {**dict.fromkeys(found["counts"], 0), "added": 1, "removed": 1}
        found = json.loads(run(*arguments, "--kind", "lemma", "--kind", "alias").stdout)
        assert (found["counts"]["changed_kind"], found["counts"]["renamed"]) == (1, 1)
        assert found["counts"]["changed_type"] == 0

    def test_equal_ones(self, sample_index: Path) -> None:
        done = run("diff", sample_index, sample_index, "--json")
        assert done.exit_code == 0
        assert set(json.loads(done.stdout)["counts"].values()) == {0}

    def test_no_index(self, tmp_path: Path, sample_index: Path) -> None:
        for pair in ((sample_index, tmp_path), (tmp_path / "none", sample_index)):
            assert "cramf index build" in assert_error(run("diff", *pair), 4)

    def test_a_damaged_index(self, tmp_path: Path, sample_index: Path) -> None:
        copy = Path(shutil.copytree(sample_index, tmp_path / "copy"))
        (copy / "names.json").write_text("{}")
        assert "names.json is damaged" in assert_error(run("diff", sample_index, copy), 4)

    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("a",),
            ("a", "b", "c"),
            ("a", "b", "--kind", "sort"),
            ("a", "b", "--kind", Kind.ATTESTED.value),
            ("a", "b", "--limit", "-1"),
        ],
    )
    def test_wrong_options(self, arguments: tuple[str, ...]) -> None:
        assert "see `cramf diff --help`" in assert_error(run("diff", *arguments), 2)

    def test_a_reader_that_goes_away(self, sample_index: Path, newer_index: Path) -> None:
        code = (
            "from cramf.cli.main import LazyCommand, LazyGroup\nimport sys\n"
            "LazyGroup('cramf', lazy={'diff': LazyCommand('cramf.cli.index_info', 'diff', '')}).main()"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code, "diff", str(sample_index), str(newer_index)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        process.stderr.close()
        assert process.wait(60) == 141
        assert errors == b""


@pytest.mark.parametrize("command", ["info", "diff"])
def test_help_teaches(command: str) -> None:
    done = run(command, "-h")
    assert done.exit_code == 0
    assert "Examples:" in done.stdout
    assert f"cramf index {command} " in done.stdout
