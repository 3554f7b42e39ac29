"""The figure of a run: bars are the funnel and the seconds, strips the incumbent; files repeat byte for byte."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from harness.explain.figure import explain_figure
from harness.explain.reading import read_run
from harness.show.looks import stage_colours
from harness.show.panels import write_figure
from pmfnas.core.errors import InputError
from pmfnas.core.types import Train
from tests.support.explained import STAGED, asked, by_hand
from tests.support.fakes import A, submit


@pytest.fixture
def figure(tmp_path):
    return explain_figure(read_run(by_hand(STAGED, tmp_path)))


def widths(panel):
    """Width of the bars by colour (one per stage), from the top down."""
    bars = {}
    for patch in panel.patches:
        bars.setdefault(to_hex(patch.get_facecolor()), []).append(patch.get_width())
    return list(bars.values())


def test_the_bars_are_the_funnel_and_the_hours(figure):
    funnel, hours = figure.axes[:2]
    assert [label.get_text() for label in funnel.get_yticklabels()] == ["12@3", "12@12", "200@200"]
    assert widths(funnel) == [[3, 0, 0], [1, 2, 0], [0, 0, 0]]
    assert [text.get_text().strip() for text in funnel.texts] == ["4 (2)", "2", "0"]
    seconds = [[3600 * width for width in stage] for stage in widths(hours)]
    assert [pytest.approx(row) for row in seconds] == [[93, 0, 0], [31, 182, 0], [0, 0, 94]]
    ends = [bar.get_x() + bar.get_width() for bar in funnel.patches]
    assert ends == [3, 0, 0, 4, 2, 0, 4, 2, 0], "parts stand beside each other, not upon each other"
    low, high = funnel.get_ylim()
    assert low > high, "the lowest fidelity stands on top"


def test_the_strips_show_the_incumbent_where_its_fidelity_is_the_highest_known(figure):
    low, high = figure.axes[2:]
    assert [strip.get_ylabel() for strip in (low, high)] == ["12@3", "12@12"]
    hours, values = low.lines[0].get_data()
    assert np.asarray(hours) * 3600 == pytest.approx([31, 62, 93, 184, 306, 400])
    assert np.asarray(values) == pytest.approx([10.03, 20.03, 30.03, np.nan, 40.03, 40.03], nan_ok=True)
    assert np.asarray(high.lines[0].get_ydata()) == pytest.approx([np.nan] * 3 + [30.12] + [np.nan] * 2, nan_ok=True)


def test_stages_have_one_colour_and_shade_their_time(figure):
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["explore", "region", "refine"]
    colours = [to_hex(patch.get_facecolor()) for patch in legend.get_patches()]
    assert colours == [colour.lower() for colour in stage_colours(("explore", "region", "refine")).values()]
    for strip in figure.axes[2:]:
        assert [to_hex(span.get_facecolor()) for span in strip.patches] == colours
        edges = [(span.get_x(), span.get_x() + span.get_width()) for span in strip.patches]
        assert np.array(edges) * 3600 == pytest.approx(np.array([(0, 93), (93, 306), (306, 400)]))


def test_the_caption_names_run_and_data(figure):
    (caption,) = (" ".join(text.get_text().split()) for text in figure.texts)
    assert caption.startswith("nb201-cifar100/scripted/s0007: SYNTHETIC data 0123456789ab, budget 0.111111 h, 1 worker")


def test_without_stages_there_is_one_colour_no_shade_and_no_legend(tmp_path):
    figure = explain_figure(read_run(by_hand([submit(Train(A, "12", 0, 1))], tmp_path)))
    assert not figure.legends
    assert widths(figure.axes[0]) == [[1]]
    assert not figure.axes[2].patches


def test_a_run_whose_validation_was_never_bought_has_an_empty_strip(tmp_path):
    figure = explain_figure(read_run(by_hand([submit(Train(A, "200", 0, 2, ()))], tmp_path)))
    (strip,) = figure.axes[2:]
    assert np.isnan(np.asarray(strip.lines[0].get_ydata())).all()


def test_many_fidelities_leave_the_lowest_strips_out_and_say_so(tmp_path):
    script = [submit(Train(A, "12", epoch, epoch + 1)) for epoch in range(6)]
    figure = explain_figure(read_run(by_hand(script, tmp_path)))
    assert [strip.get_ylabel() for strip in figure.axes[2:]] == ["12@3", "12@4", "12@5", "12@6"]
    assert "not shown: 12@1, 12@2" in figure.axes[-1].get_title()
    assert len(figure.axes[0].get_yticklabels()) == 6


def test_stages_may_be_called_anything(tmp_path):
    stages = ("_warm", r"$\no formula$", "5 $")
    script = [asked(Train(A, "12", epoch, epoch + 1), stage, "continue") for epoch, stage in enumerate(stages)]
    written = write_figure(explain_figure(read_run(by_hand(script, tmp_path))), tmp_path, "figure")
    assert [path.suffix for path in written] == [".png", ".pdf"]


def test_no_request_no_figure(tmp_path):
    with pytest.raises(InputError, match="holds no request, so there is no figure"):
        explain_figure(read_run(by_hand([], tmp_path)))


def test_files_parse_and_repeat_byte_for_byte(tmp_path):
    before = dict(matplotlib.rcParams)
    explained = read_run(by_hand(STAGED, tmp_path / "record"))
    first, again = (write_figure(explain_figure(explained), tmp_path / name, "a/s0007") for name in ("x", "y"))
    assert [path.relative_to(tmp_path / "x").as_posix() for path in first] == [
        *("a/s0007.png", "a/s0007.pdf"),
    ]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    png, pdf = (path.read_bytes() for path in first)
    assert png.startswith(b"\x89PNG\r\n")
    assert pdf.startswith(b"%PDF-")
    for content in (png, pdf):
        assert b"Matplotlib v" not in content
        assert b"CreationDate" not in content
    assert dict(matplotlib.rcParams) == before
