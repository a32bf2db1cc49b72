"""Matplotlib figures as SVG that can stand inside a page: coloured by its style sheet, and without links.

Colours are drawn as sentinels, which no drawing would choose, and replaced by CSS variables; so one picture
is readable on light and on dark ground.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from cramf.errors import ResourceError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BAND", "GRID", "INK", "QUIET", "SERIES", "Canvas", "canvas", "require_matplotlib"]

INK: Final = "#010203"
QUIET: Final = "#010204"
GRID: Final = "#010205"
BAND: Final = "#010206"
SERIES: Final = tuple(f"#0102{16 + number:02x}" for number in range(8))
"""Colours of up to eight series: `--series-1` and so on."""
_VARIABLES: Final = {
    INK: "--ink",
    QUIET: "--quiet",
    GRID: "--rule",
    BAND: "--band",
    **{colour: f"--series-{number}" for number, colour in enumerate(SERIES, 1)},
}
_WIDTH: Final = 6.2
_DPI: Final = 72
_TITLE: Final = re.compile(r"^.*?(<svg\b[^>]*>)", re.DOTALL)
_VIEW: Final = re.compile(r'viewBox="([^"]*)"')
_OWN_IDS: Final = re.compile(r'(\bid="|"#|url\(#)')
_FONT: Final = re.compile(r"'DejaVu Sans'[^;\"]*")


class Canvas:
    """One set of axes, and its SVG when it is drawn."""

    def __init__(self, axes: Axes, figure: Any, key: str) -> None:
        self.axes = axes
        self._figure = figure
        self._key = key

    def svg(self, label: str) -> str:
        """The picture as an `<svg>` element that a screen reader calls by its label."""
        written = io.StringIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        with warnings.catch_warnings():
            # Matplotlib's own font may lack a sign, which only its measuring of the text needs.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            self._figure.savefig(written, format="svg", transparent=True, metadata=nothing)
        return _embeddable(written.getvalue(), self._key, label)


@contextmanager
def canvas(key: str, height: float = 3.2) -> Iterator[Canvas]:
    """Axes to draw on, `height` inches high, in the report's style; `key` tells its ids from other pictures'.

    Raises:
        ResourceError: where matplotlib is not installed.
    """
    require_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": key,
        "font.family": "DejaVu Sans",
        "font.size": 11,
        "axes.edgecolor": QUIET,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "legend.frameon": False,
        "legend.labelcolor": INK,
        "text.color": INK,
        "text.parse_math": False,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained")
        yield Canvas(figure.add_subplot(), figure, key)


def require_matplotlib() -> None:
    """Tell early that there can be no plots.

    Raises:
        ResourceError: where matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ResourceError("matplotlib is not installed", "pip install 'cramf[report]'") from None


def _embeddable(text: str, key: str, label: str) -> str:
    """The `<svg>` element alone, with own ids, the page's fonts and colours, and nothing that links."""
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    opening = _TITLE.match(text)
    assert opening is not None
    view = _VIEW.search(opening.group(1))
    assert view is not None
    body = text[opening.end() :]
    body = _OWN_IDS.sub(lambda found: f"{found.group(0)}{key}-", body).replace("xlink:href", "href")
    body = _FONT.sub("var(--sans)", body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    name = html.escape(label)
    return (
        f'<svg viewBox="{view.group(1)}" role="img" aria-label="{name}"><title>{name}</title>{body.strip()}'
    )
