"""The published tables: their configurations, the commands of open cells, the places in eval/README.md."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import click
import pytest

from cramf.cli.evaluate import evaluate

EVAL = Path(__file__).resolve().parents[2] / "eval"


@pytest.fixture(scope="module")
def publish() -> ModuleType:
    spec = importlib.util.spec_from_file_location("eval_publish", EVAL / "publish.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def command_of(kind: str) -> click.Command:
    command = evaluate.get_command(click.Context(evaluate), kind)
    assert command is not None, kind
    return command


def options_of(kind: str) -> set[str]:
    return {name for parameter in command_of(kind).params for name in parameter.opts}


@pytest.mark.parametrize("name", ["proofnet", "minif2f"])
def test_configurations_name_options_that_there_are(name: str) -> None:
    tables = tomllib.loads((EVAL / f"{name}.toml").read_text(encoding="utf-8"))
    assert tables
    for kind, table in tables.items():
        assert {f"--{key}" for key in table} <= options_of(kind), kind


def test_every_run_has_its_configuration(publish: ModuleType) -> None:
    for run in publish.RUNS:
        tables = tomllib.loads((EVAL / f"{run.config}.toml").read_text(encoding="utf-8"))
        assert run.kind in tables, run


def test_commands_of_open_cells_can_be_typed(publish: ModuleType) -> None:
    for _, needs, command in publish.OPEN:
        program, group, kind, *words = command.split()
        assert (program, group) == ("cramf", "eval") and needs
        named = {word for word in words if word.startswith("--")}
        assert named and named <= options_of(kind), command


def test_the_readme_has_a_place_for_each_table(publish: ModuleType) -> None:
    text = (EVAL / "README.md").read_text(encoding="utf-8")
    tables = {name: f"| {name} |" for name in ("retrieval", "check", "formalize", "open")}
    new = publish.filled(text, tables)
    for table in tables.values():
        assert table in new
    # A second filling changes nothing.
    assert publish.filled(new, tables) == new


def test_the_open_cells_in_the_readme_are_those_of_the_command(publish: ModuleType) -> None:
    text = (EVAL / "README.md").read_text(encoding="utf-8")
    assert "\n".join(publish.unfilled()) in text


def test_a_table_without_a_place_ends_the_command(publish: ModuleType) -> None:
    with pytest.raises(SystemExit, match="not one place for the table check"):
        publish.filled("nothing here", {"check": "| a |"})
