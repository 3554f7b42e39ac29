"""Pictures that do not change, as images inside the page."""

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from harness.report.content import Picture
from harness.show.looks import settings

_PX_PER_IN = 120


def picture(title: str, alt: str, draw: Callable[[Axes], None], *, size_in: tuple[float, float]) -> Picture:
    """Return the picture of one panel that `draw` fills."""
    with matplotlib.rc_context(settings()):
        figure = Figure(figsize=size_in, layout="constrained")
        draw(figure.add_subplot())
        width_px, height_px = (round(length * _PX_PER_IN) for length in size_in)
        return Picture(title, alt, width_px, height_px, encoded(figure), is_wide=True)


def encoded(figure: Figure) -> str:
    """Return a figure as a data URI; the same figure gives the same text."""
    sink = io.StringIO()
    figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = re.sub(r' d="[^"]*"', _rounded, sink.getvalue())
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _rounded(outline: re.Match[str]) -> str:
    """Round the coordinates of an outline to hundredths of a point: a third of the bytes, nothing to be seen."""
    short = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), outline[0])
    return " ".join(short.split()).join((" ", ""))


def png(path: Path) -> Picture:
    """Return a figure of a folder, as wide as the page."""
    with Image.open(path) as image:
        width, height = image.size
    source = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    title = path.stem.replace("_", " ")
    alt = f"Figure {path.name} of the folder; its numbers are in the tables."
    return Picture(title, alt, width, height, source, is_wide=True)
