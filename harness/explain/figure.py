"""The figure of one run: the funnel of archs, the seconds, and the incumbent over time, each by stage.

    funnel       archs that reached each fidelity, the lowest on top, coloured by the stage in which they did
    seconds      GPU-hours paid at each fidelity, coloured by the stage that paid
    incumbent    validation of the arch that the run would have returned, at the highest fidelity known of it; one
                 strip per fidelity, because validation at different fidelities does not compare

Stages have one colour each in all three panels. The same record gives the same bytes on one version of the library.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from harness.explain.reading import Explained, fidelities, funnel, incumbents, spendings, stays
from harness.host.units import counted, written_hours
from harness.show.looks import settings, stage_colours
from pmfnas.core.errors import InputError

_STRIPS = 4
_LINE = "#222222"
_WIDTH, _LEFT, _RIGHT, _GAP = 6.9, 0.75, 0.15, 0.35  # inches
_STRIP, _BETWEEN, _BOTTOM, _TOP = 0.75, 0.62, 0.95, 0.3


def explain_figure(explained: Explained) -> Figure:
    """Return the figure of a run.

    Raises:
        InputError: the run asked for nothing, so that there is nothing to draw.
    """
    if not explained.requests:
        raise InputError(f"{explained.header.run_id} holds no request, so there is no figure of it")
    colours = stage_colours(request.stage for request in explained.requests)
    strips = _strips(explained)
    upper, lower = 0.35 + 0.24 * len(fidelities(explained)), _STRIP * (len(strips) + 1)  # the highest has double height
    height = _TOP + upper + _BETWEEN + lower + _BOTTOM
    half = (_WIDTH - _LEFT - _RIGHT - _GAP) / 2
    with matplotlib.rc_context(settings()):
        figure = Figure(figsize=(_WIDTH, height))

        def panel(x: float, y: float, width: float, tall: float) -> Axes:
            return figure.add_axes((x / _WIDTH, y / height, width / _WIDTH, tall / height))

        over = _BOTTOM + lower + _BETWEEN
        _draw_funnel(panel(_LEFT, over, half, upper), explained, colours)
        _draw_seconds(panel(_LEFT + half + _GAP, over, half, upper), explained, colours)
        for place, fidelity in enumerate(strips):
            tall = _STRIP * (2 if place == len(strips) - 1 else 1) - 0.08
            strip = panel(_LEFT, _BOTTOM + place * _STRIP, _WIDTH - _LEFT - _RIGHT, tall)
            _draw_incumbent(strip, explained, fidelity, colours)
            strip.tick_params(axis="x", labelbottom=place == 0)
        figure.axes[2].set_xlabel("hours of the run's clock")
        figure.axes[-1].set_title(
            f"incumbent: validation (%) at the highest fidelity known of it{_left_out(explained)}"
        )
        _add_legend(figure, colours, height)
        lines = textwrap.wrap(_caption(explained), int(_WIDTH * 20))
        low = (0.06 / _WIDTH, 0.05 / height)
        figure.text(low[0], low[1], "\n".join(lines), fontsize=5.8, color="#444444", va="bottom", linespacing=1.25)
    return figure


def _caption(explained: Explained) -> str:
    header = explained.header
    return (
        f"{header.run_id}: {header.data} data {header.fingerprint}, budget {written_hours(header.budget_s)}, "
        f"{counted(header.n_workers, 'worker')}, {header.accounting} accounting, n = 1. Numbers at the bars: archs, "
        "and of these how many went on to a higher fidelity; GPU-hours."
    )


# --------------------------------------------------------------------------------------------------- panels


def _draw_funnel(panel: Axes, explained: Explained, colours: Mapping[str, str]) -> None:
    panel.set_title("archs that reached a fidelity (went on)")
    levels = funnel(explained)
    _stack(panel, [level.archs for level in levels], colours)
    for place, level in enumerate(levels):
        on = f" ({level.n_on})" if level.n_on else ""
        panel.text(level.n_archs, place, f" {level.n_archs}{on}", va="center", fontsize=6.5)
    _name_rows(panel, explained, max((level.n_archs for level in levels), default=0))
    panel.set_yticks(range(len(levels)), [level.fidelity for level in levels])


def _draw_seconds(panel: Axes, explained: Explained, colours: Mapping[str, str]) -> None:
    panel.set_title("GPU-hours paid")
    names = fidelities(explained)
    hours: list[dict[str, float]] = [{} for _ in names]
    for row in spendings(explained):
        hours[names.index(row.fidelity)][row.stage] = row.paid_s / 3600
    _stack(panel, hours, colours)
    totals = [sum(row.values()) for row in hours]
    for place, total in enumerate(totals):
        panel.text(total, place, f" {total:.2f}", va="center", fontsize=6.5)
    _name_rows(panel, explained, max(totals))
    panel.set_yticks(range(len(names)), [""] * len(names))


def _stack(panel: Axes, rows: Sequence[Mapping[str, float]], colours: Mapping[str, str]) -> None:
    """Draw one horizontal bar per row, its parts in the order of the stages."""
    left = np.zeros(len(rows))
    for stage, colour in colours.items():
        widths = np.array([row.get(stage, 0) for row in rows], dtype=float)
        panel.barh(range(len(rows)), widths, left=left, height=0.72, color=colour, zorder=3)
        left += widths


def _name_rows(panel: Axes, explained: Explained, longest: float) -> None:
    """Set the axes of a bar panel: lowest fidelity on top, room for the figures at the bars' ends."""
    panel.set_ylim(len(fidelities(explained)) - 0.4, -0.6)
    panel.set_xlim(0, 1.25 * longest if longest > 0 else 1.0)
    panel.locator_params(axis="x", nbins=6)
    panel.grid(visible=False, axis="y")
    panel.tick_params(axis="y", length=0)


def _known(explained: Explained) -> tuple[str, ...]:
    """Return the fidelities at which an incumbent was known, lowest first."""
    known = {step.standing.fidelity for step in incumbents(explained) if step.standing}
    return tuple(name for name in fidelities(explained) if name in known)


def _strips(explained: Explained) -> tuple[str, ...]:
    """Return the highest of the known fidelities, lowest first; one empty name if there are none."""
    return _known(explained)[-_STRIPS:] or ("",)


def _left_out(explained: Explained) -> str:
    left_out = _known(explained)[:-_STRIPS]
    return f" (not shown: {', '.join(left_out)})" if left_out else ""


def _draw_incumbent(strip: Axes, explained: Explained, fidelity: str, colours: Mapping[str, str]) -> None:
    """Draw the incumbent's validation while `fidelity` was the highest known of it, over the stages' shades."""
    end_h = explained.header.clock_s / 3600
    for stay in stays(explained):
        strip.axvspan(stay.start_s / 3600, stay.end_s / 3600, color=colours[stay.stage], alpha=0.25, lw=0, zorder=1)
    steps = incumbents(explained)
    hours = [*(step.time_s / 3600 for step in steps), end_h]
    values = [s.standing.valid_acc if s.standing and s.standing.fidelity == fidelity else np.nan for s in steps]
    strip.step(hours, [*values, values[-1] if values else np.nan], where="post", color=_LINE, lw=1.2, zorder=4)
    strip.plot(hours[:-1], values, ls="", marker="o", ms=3, color=_LINE, zorder=5)
    strip.set_xlim(0, end_h if end_h > 0 else 1.0)
    strip.margins(y=0.15)
    strip.locator_params(axis="y", nbins=4)
    strip.set_ylabel(fidelity)


def _add_legend(figure: Figure, colours: Mapping[str, str], height: float) -> None:
    handles = [Patch(color=colour, label=_plain(stage)) for stage, colour in colours.items() if stage]
    if handles:
        place: Any = {"loc": "lower center", "bbox_to_anchor": (0.5, 0.3 / height)}
        figure.legend(handles=handles, ncols=len(handles), frameon=False, handlelength=1.2, **place)


def _plain(text: str) -> str:
    """Return a searcher's word so that the library takes it as it is: `$` opens a formula, `_` hides a label."""
    return f" {text}".replace("$", r"\$") if text.startswith("_") else text.replace("$", r"\$")
