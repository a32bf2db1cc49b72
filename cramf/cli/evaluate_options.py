"""Options that the `cramf eval` commands have in common, from the command line or a TOML file."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import click

from cramf.errors import InputError
from cramf.files import read_text

__all__ = ["RunChoices", "run_options"]

EXECUTORS: Final = ("local", "ray")
_PATHS: Final = frozenset({"data", "index", "out", "workspace", "cache", "record", "prices"})
"""Options that name files; in a TOML file they count from its folder."""

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class RunChoices:
    """What the options say: names are the options'."""

    data: str | None
    field: tuple[str, ...]
    layout: str
    split: str | None
    exclude_bad: bool
    out: Path | None
    limit: int | None
    shard: str | None
    rescore: bool
    seed: int
    executor: str
    address: str | None
    workers: int | None
    as_json: bool

    @property
    def fields(self) -> dict[str, str]:
        """The field map.

        Raises:
            InputError: where an entry has no `=`, or names a field twice.
        """
        from cramf.cli.data import field_map

        return field_map(self.field)


def _configured(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Take the defaults of all other options from a file."""
    if value is None:
        return None
    table = _table(value, context.command.name or "")
    # By what users write: the parameter of `--arm` is called otherwise.
    known = {
        option.lstrip("-"): p
        for p in context.command.params
        for option in p.opts
        if p.name not in (None, "config", "help", "as_json")
    }
    defaults: dict[str, Any] = {}
    for key, given in table.items():
        name = key.replace("_", "-")
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            mend = f"did you mean {near[0]}?" if near else "see --help for the options"
            raise InputError(f"{value}: there is no option {key!r}", mend)
        option = known[name]
        values = given if option.multiple and isinstance(given, list) else [given]
        for one in values:
            _refuse_type(option, one, f"{value}: {key}")
        if name in _PATHS:
            values = [_from_folder(str(one), value.parent, name) for one in values]
        defaults[option.name or name] = values if option.multiple else values[0]
    context.default_map = {**(context.default_map or {}), **defaults}
    return value


def _refuse_type(option: click.Parameter, given: Any, where: str) -> None:
    """Refuse a value that Click would bend into another, such as 2.5 into 2 and true into 1.

    Raises:
        InputError: where the option takes no value of this type.
    """
    allowed: tuple[type, ...] = (str, int, float)
    what = "text or a number"
    if isinstance(option, click.Option) and option.is_flag:
        allowed, what = (bool,), "true or false"
    elif isinstance(option.type, (click.IntRange, type(click.INT))):
        allowed, what = (int,), "a whole number"
    elif isinstance(option.type, (click.FloatRange, type(click.FLOAT))):
        allowed, what = (int, float), "a number"
    if not isinstance(given, allowed) or (isinstance(given, bool) and bool not in allowed):
        several = ", or a list of such" if option.multiple else ""
        raise InputError(f"{where} takes {what}{several}", "mend the file")


def _table(path: Path, name: str) -> Mapping[str, Any]:
    """The table of a command.

    Raises:
        InputError: where the file is no TOML, or has none for it.
    """
    try:
        values = tomllib.loads(read_text(path, 1 << 20))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is no TOML: {error}", "mend the file") from None
    table = values.get(name)
    if not isinstance(table, dict):
        found = ", ".join(f"[{key}]" for key in values) or "nothing"
        raise InputError(f"{path} has no table [{name}] but {found}", f"write the options under [{name}]")
    return table


def _from_folder(text: str, folder: Path, name: str) -> str:
    """A path counted from a folder; the name of a benchmark stays as it is."""
    path = folder / Path(text).expanduser()
    return text if name == "data" and not path.exists() else str(path)


def run_options(command: Command) -> Command:
    """Options of a run; the command gets them as one `RunChoices` named `run`."""

    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> Any:
        given.pop("config")
        run = RunChoices(**{field.name: given.pop(field.name) for field in fields(RunChoices)})
        return command(*args, run=run, **given)

    path = click.Path(path_type=Path)
    count = click.IntRange(1)
    for option in reversed(
        (
            click.option(
                "--config",
                type=path,
                is_eager=True,
                expose_value=True,
                callback=_configured,
                help="TOML file with these options, under a table of the command's name.",
            ),
            click.option(
                "--data",
                metavar="PATH|NAME",
                help="File or folder of the benchmark, or its name in `cramf data list`.",
            ),
            click.option(
                "--field",
                multiple=True,
                metavar="FIELD=PATH",
                help="Where a row holds name, statement, formal, header, helper, gold, split, lean, "
                "expected or human, as in formal=lean4.code; repeatable.",
            ),
            click.option(
                "--layout",
                default="",
                metavar="FORM",
                help="Form of the files, where they do not tell it: jsonl, json, parquet or lean.",
            ),
            click.option("--split", help="Only this part of the benchmark, such as test."),
            click.option(
                "--exclude-bad",
                is_flag=True,
                help="Leave rows out that cannot be used, and count them, rather than stop.",
            ),
            click.option("--out", type=path, help="Folder of the run, which is gone on with if it is there."),
            click.option("--limit", type=count, help="Only the first so many problems."),
            click.option("--shard", metavar="I/N", help="Only part I of N; all parts share one --out."),
            click.option("--rescore", is_flag=True, help="Run nothing: compute the figures of --out anew."),
            click.option(
                "--seed",
                type=click.IntRange(0),
                default=0,
                show_default=True,
                help="Of resampling, and of a model's sampling.",
            ),
            click.option(
                "--executor",
                type=click.Choice(EXECUTORS),
                default="local",
                show_default=True,
                help="Who does the work: this process, or a Ray cluster.",
            ),
            click.option("--address", metavar="HOST:PORT", help="Ray cluster to use [one on this machine]."),
            click.option("--workers", type=count, help="Threads, or workers of Ray [1, or all cores]."),
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        )
    ):
        wrapped = option(wrapped)
    return wrapped
