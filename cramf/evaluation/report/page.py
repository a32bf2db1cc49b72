"""The report as one HTML file that loads nothing: styles, script, pictures and data are all inside it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from cramf.evaluation.report.comparing import comparison_tables
from cramf.evaluation.report.describing import (
    TITLES,
    data_pairs,
    environment_table,
    excluded_table,
    settings_table,
    warnings,
)
from cramf.evaluation.report.embedding import embedded
from cramf.evaluation.report.figures import figure_tables
from cramf.evaluation.report.gathering import Gathered, RunRead
from cramf.evaluation.report.marks import marks
from cramf.evaluation.report.plots import plots
from cramf.evaluation.report.svg import require_matplotlib
from cramf.evaluation.report.tables import Measure, Open, Table, text_of

__all__ = ["html_page"]

_SCRIPTS: Final = ("dom.js", "details.js", "statements.js", "page.js")
_HERE: Final = "cramf.evaluation.report"


@dataclass(frozen=True, slots=True)
class _Section:
    """One run as the template shows it."""

    label: str
    trouble: str
    pairs: list[tuple[str, str]]
    tables: list[Table]
    excluded: Table | None
    excluded_count: int
    aside: list[Table]


def html_page(gathered: Gathered) -> str:
    """The page. The same runs give the same page.

    Raises:
        ResourceError: where matplotlib is not installed.
    """
    require_matplotlib()
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    every = [marks(read) for read in gathered.runs]
    data = embedded(gathered, every)
    parts = "\n".join(_static(name) for name in _SCRIPTS)
    script, style = f'(() => {{\n"use strict";\n{parts}\n}})();', _static("report.css")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["cell"] = text_of
    environment.tests["measure"] = lambda cell: isinstance(cell, Measure)
    environment.tests["open"] = lambda cell: isinstance(cell, Open)
    template = environment.from_string((files(_HERE) / "templates" / "report.html.j2").read_text("utf-8"))
    # The data are JSON whose signs of mark-up are escaped, the pictures SVG with escaped texts.
    page: str = template.render(
        title=_title(gathered),
        several=len(gathered.runs) > 1,
        warnings=warnings(gathered),
        complete=all(read.scores is not None for read in gathered.runs),
        comparison=comparison_tables(gathered),
        plots=plots(gathered, every),
        markup=Markup,
        sections=[_section(read) for read in gathered.runs],
        data=data,
        count=len(gathered.problems),
        style=Markup(style),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return page.lstrip()


def _section(read: RunRead) -> _Section:
    return _Section(
        read.label,
        read.trouble,
        data_pairs(read),
        figure_tables(read),
        excluded_table(read),
        len(read.directory.excluded),
        [settings_table(read), environment_table(read)],
    )


def _title(gathered: Gathered) -> str:
    what = TITLES.get(gathered.kind, gathered.kind)
    origin = gathered.runs[0].directory.origin
    data = origin.benchmark or ", ".join(file.path for file in origin.files[:1])
    names = " and ".join(read.label for read in gathered.runs)
    return f"{what}{f' on {data}' if data else ''}: {names}"


def _static(name: str) -> str:
    text: Any = (files(_HERE) / "static" / name).read_text("utf-8")
    return str(text).strip()
