"""How near the modelled schedule 12 comes to real values, on archs of classes that were not used in the fit.

What a searcher reads in 12@12 is how archs rank at the end. So the figures are Kendall tau of validation at 12@12 to
the final value, over all archs held out and over the best tenth, and the spread about what the final value tells; each
real, and as the table has it. One draw of the scatter has noise of its own: mean and deviation over further draws
stand beside it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from harness.fit.surrogate import means, table_rows, used_half
from pmfnas.benchmarks.real_finals.materialise import short_ends
from pmfnas.benchmarks.real_finals.model import ENDS, EarlyModel
from pmfnas.benchmarks.real_finals.package import Finals
from pmfnas.benchmarks.surrogate.layout import SEARCHED, TESTS, restore, transform
from pmfnas.benchmarks.surrogate.model import all_archs, cell_space, cut_off
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray
from pmfnas.files import reading, write_text

BEGIN, END = "<!-- figures: data check-real-finals -->", "<!-- end of figures -->"
N_DRAWS = 20
TOP_SHARE = 0.1
DEGREE = 5
"""Of the polynomial in the final logit about which the spread is measured."""


def held_out_figures(model: EarlyModel, finals: Finals, table: CurveTable) -> dict[str, Any]:
    """Return the figures of the fit, data set -> figure -> {real, table, mean of draws, deviation of draws}.

    Args:
        model: the fitted model.
        finals: real final values, by arch number.
        table: the anchored table, whose ends of schedule 12 are real.
    """
    rows = table_rows(table)
    out = ~used_half(table, rows)
    valid, expected, blind = finals.valid, model.means(finals.valid), cut_off(cell_space(), all_archs(cell_space()))
    draws = [short_ends(model.drawn(valid, expected, draw=draw), finals, blind)[out] for draw in range(N_DRAWS + 1)]
    notes: dict[str, Any] = {"archs held out": int(out.sum()), "draws": N_DRAWS}
    for place, name in enumerate(SEARCHED):
        final = np.nanmean(finals.valid[out, place], axis=1)
        test = restore("-acc", means(table, TESTS[place], rows)[:, -1])[out]
        real = _figures(restore("-acc", means(table, ENDS[place], rows)[:, -1])[out], final, test)
        ours = [_figures(ends[:, place], final, test) for ends in draws]
        notes[name] = {
            figure: {
                "real": round(value, 3),
                "table": round(ours[0][figure], 3),
                "mean of draws": round(float(np.mean([of[figure] for of in ours[1:]])), 3),
                "deviation of draws": round(float(np.std([of[figure] for of in ours[1:]], ddof=1)), 3),
            }
            for figure, value in real.items()
        }
    return notes


def _figures(ends: FloatArray, final: FloatArray, test: FloatArray) -> dict[str, float]:
    """Return how well validation at 12@12 predicts final values; all are percent, shape (n_archs,)."""
    figures = {}
    for name, goal in (("final validation", final), ("final test", test)):
        top = goal >= np.quantile(goal, 1 - TOP_SHARE)
        figures[f"tau to {name}"] = float(kendalltau(ends, goal)[0])
        figures[f"tau to {name}, best tenth"] = float(kendalltau(ends[top], goal[top])[0])
    logit = transform("-acc", final)
    terms = np.polynomial.chebyshev.chebvander(2 * (logit - logit.min()) / np.ptp(logit) - 1, DEGREE)
    rest = ends - terms @ np.linalg.lstsq(terms, ends, rcond=None)[0]
    top = final >= np.quantile(final, 1 - TOP_SHARE)
    figures["spread, % points"] = float(rest.std())
    figures["spread, best tenth"] = float(rest[top].std())
    return figures


def written_figures(notes: Mapping[str, Any]) -> list[str]:
    """Return the figures as the lines of a Markdown table."""
    lines = [
        "| data set | figure | real | table | draws, mean ± deviation |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name in SEARCHED:
        lines += [
            f"| {name} | {figure} | {of['real']:.3f} | {of['table']:.3f} | "
            f"{of['mean of draws']:.3f} ± {of['deviation of draws']:.3f} |"
            for figure, of in notes[name].items()
        ]
    return lines


def put_figures(page: Path, lines: Sequence[str]) -> None:
    """Put the lines between the marks of a page, in place of what is there; raise `InputError` where they lack."""
    with reading(page, "give a page of the docs"):
        text = page.read_text(encoding="utf-8")
    before, mark, rest = text.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"{END}\n")
    if not (mark and end):
        raise InputError(f"--page {page} lacks the lines {BEGIN} and {END}, between which figures stand")
    write_text(page, "".join([before, mark, *(f"{line}\n" for line in lines), end, after]))
