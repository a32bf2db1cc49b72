"""`cramf report` on the command line."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.cli.main import main
from tests.evaluation.report.sample_runs import check_run, formalize_run


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)], prog_name="cramf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return check_run(tmp_path / "run")


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which matplotlib cannot be imported."""
    real = builtins.__import__

    def fake(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", fake)


def test_markdown_is_printed_where_nothing_is_asked_for(folder: Path) -> None:
    done = run(folder)
    assert done.exit_code == 0
    assert done.stdout.startswith("# Checking: run\n")
    assert "| Passed (static) |" in done.stdout


def test_all_forms_at_once(folder: Path, tmp_path: Path) -> None:
    page, tables = tmp_path / "page.html", tmp_path / "made" / "tables"
    done = run(folder, "--html", page, "--markdown", "-", "--csv", tables)
    assert done.exit_code == 0, done.stderr
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert done.stdout.startswith("# Checking: run\n")
    assert {path.name for path in tables.iterdir()} == {"figures.csv", "problems.csv"}
    assert f"wrote {page}" in done.stderr
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_csv_file_holds_the_problems(folder: Path, tmp_path: Path) -> None:
    assert run(folder, "--csv", tmp_path / "rows.csv").exit_code == 0
    lines = (tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("run,name,split,outcome")
    assert len(lines) == 7


@pytest.mark.usefixtures("without_matplotlib")
def test_only_the_page_needs_matplotlib(folder: Path, tmp_path: Path) -> None:
    done = run(folder, "--html", tmp_path / "page.html")
    assert done.exit_code == 4
    assert "pip install 'cramf[report]'" in done.stderr
    assert not (tmp_path / "page.html").exists()
    done = run(folder, "--markdown", tmp_path / "page.md", "--csv", tmp_path / "tables")
    assert done.exit_code == 0
    assert (tmp_path / "page.md").is_file()
    assert (tmp_path / "tables" / "figures.csv").is_file()


def test_an_incomplete_run_is_reported_as_such(tmp_path: Path) -> None:
    folder = formalize_run(tmp_path / "run", scored=False)
    done = run(folder, "--html", tmp_path / "page.html")
    assert done.exit_code == 0
    assert "run: Not scored" in done.stderr
    assert "Not scored" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_what_cannot_be_read_or_written_is_one_line(folder: Path, tmp_path: Path) -> None:
    for arguments, said in (
        ((tmp_path,), "holds no run"),
        ((folder, folder), "named twice"),
        ((folder, formalize_run(tmp_path / "other")), "compare runs of one kind"),
        ((folder, "--html", tmp_path), "is a folder; give --html the name of a file"),
        ((folder, "--html", tmp_path / "no" / "page.html"), "there is no folder"),
        ((folder, "--html", "-"), "--html cannot be printed"),
        ((folder, "--csv", "-"), "--csv cannot be printed"),
        ((folder, "--csv", folder / "run.json"), "is a file; give --csv a folder"),
        ((), "DIR"),
    ):
        done = run(*arguments)
        assert done.exit_code == 2, arguments
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    (tmp_path / "results").write_text("x", encoding="utf-8")
    done = run(folder, "--csv", tmp_path / "results" / "tables")
    assert done.exit_code == 4
    assert "cannot make the folder" in done.stderr


def test_the_help_teaches() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for word in ("--html", "--markdown", "--csv", "Examples:", "cramf[report]", "Holm"):
        assert word in done.stdout
