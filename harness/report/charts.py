"""Line and point charts as numbers, which `templates/charts.js` draws with uPlot.

A chart is JSON: `x`, labels and axes, and `series`, each with a name, `mean`, `low`, `high`, the look of its line, and
what kind of name it is (`switches`), by which the legend's entry of that name switches it on and off.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.report.content import Chart, Key
from harness.show.looks import GREY, highlighted
from harness.stats.anytime import Band
from pmfnas.core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Axes:
    """What a chart's axes show. Fields are names of the JSON."""

    x: str
    y: str
    x_log: bool = False
    y_log: bool = False
    percent: bool = False
    """Whether the values are shares, shown as percent from 0 to 100."""
    cut: bool = False
    """Whether the axes are cut to where the visible lines differ."""
    steps: bool = False
    points: bool = False
    """Points with error bars in place of lines with bands."""
    low_is_best: bool = False
    ceiling: float | None = None
    """A value to mark with a dotted line."""


def line_chart(
    title: str, alt: str, x: FloatArray, bands: Mapping[str, Band], keys: Sequence[Key], axes: Axes
) -> Chart:
    """Return the chart of mean curves with bands; the first key is drawn last, above the others."""
    drawn = [key for key in reversed(keys) if key.name in bands]
    series = [_series(key, *(getattr(bands[key.name], part) for part in ("mean", "low", "high"))) for key in drawn]
    return Chart(title, alt, _json({**_given(axes), "at": _numbers(x), "series": series}))


def point_chart(
    title: str, alt: str, points: Mapping[Key, tuple[FloatArray, FloatArray, FloatArray]], axes: Axes
) -> Chart:
    """Return the chart of points with error bars, given as (x, value, half of the bar) per legend entry."""
    at = np.concatenate([x for x, _, _ in points.values()])
    series, start = [], 0
    for key, (x, value, half) in points.items():
        means, lows, highs = (np.full(len(at), np.nan) for _ in range(3))
        here = slice(start, start + len(x))
        means[here], lows[here], highs[here] = value, value - half, value + half
        order = np.argsort(at, kind="stable")
        series.append(_series(key, means[order], lows[order], highs[order]))
        start += len(x)
    return Chart(
        title, alt, _json({**_given(replace(axes, points=True)), "at": _numbers(np.sort(at)), "series": series})
    )


def _given(axes: Axes) -> dict[str, Any]:
    return {name: getattr(axes, name) for name in Axes.__dataclass_fields__}


def _series(key: Key, mean: FloatArray, low: FloatArray, high: FloatArray) -> dict[str, Any]:
    """Return a line; a grey one has no band."""
    look = {"name": key.name, "switches": key.switches, "width": key.width}
    edges = [[], []] if key.colour == GREY else [_numbers(low), _numbers(high)]
    return {**look, "mean": _numbers(mean), "low": edges[0], "high": edges[1]}


def _numbers(values: FloatArray) -> list[float | None]:
    """Return five significant digits of each value, and null for NaN."""
    return [None if np.isnan(value) else float(f"{value:.5g}") for value in values]


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


# ------------------------------------------------------------------------------------------------- legends


def searcher_keys(ranked: Iterable[str]) -> tuple[Key, ...]:
    """Return the legend of searchers: the leading ones and the reference in colour, then the others in grey."""
    return tuple(key(name, style.colour, width=0.4 + style.width) for name, style in highlighted(ranked).items())


def key(name: str, colour: str, *, width: float = 2.0, switches: str = "searcher") -> Key:
    """Return a legend's entry; on a dark page its colour is mixed with white, grey with black."""
    dark = "#6f6f6a" if colour == GREY else lighter(colour)
    return Key(name, colour, dark, width, switches)


def lighter(colour: str, share: float = 0.4) -> str:
    """Return a colour `#rrggbb` mixed with this share of white; black, which would stay dark, turns nearly white."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    mixed = [round(part + (255 - part) * (share if any(parts) else 0.9)) for part in parts]
    return "#" + "".join(f"{part:02x}" for part in mixed)
