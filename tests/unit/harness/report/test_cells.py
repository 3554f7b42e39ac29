"""Archs as drawings: the graph has the edges of the arch, and other texts have no drawing."""

import re
from xml.etree import ElementTree

import pytest

from harness.report.cells import drawing
from harness.report.results import read_results
from harness.report.sections.archs import SHOWN, archs_section
from pmfnas.spaces.cell import OPS
from tests.support.frames import runs_of
from tests.support.reported import folder_of

ARCH = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|"
OTHER = "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"


def test_a_cell_has_its_nodes_and_edges():
    found = drawing("nb201", ARCH, "a cell")
    assert found.title == "a cell"
    assert "0 to 1 conv 3x3, 0 to 2 none, 1 to 2 skip, 0 to 3 avg pool, 1 to 3 conv 1x1, 2 to 3 conv 3x3" in found.alt
    svg = ElementTree.fromstring(found.svg)
    edges = [path.get("class") for path in svg.iter("path")]
    assert edges == ["nor_conv_3x3", "none", "skip_connect", "avg_pool_3x3", "nor_conv_1x1", "nor_conv_3x3"]
    texts = [text.text for text in svg.iter("text")]
    assert texts == ["conv 3x3", "skip", "avg pool", "conv 1x1", "conv 3x3", "in", "1", "2", "out"]
    assert set(edges) <= set(OPS)
    ends = [tuple(map(float, re.findall(r"-?[\d.]+", path.get("d"))))[0::4] for path in svg.iter("path")]
    assert [(begin < end) for begin, end in ends] == [True] * 6


def test_edges_that_pass_a_node_run_around_it():
    paths = [path.get("d") for path in ElementTree.fromstring(drawing("nb201", ARCH, "").svg).iter("path")]
    peaks = [float(path.split("Q")[1].split()[1]) for path in paths]
    line, others = peaks[0], (peaks[1], peaks[3], peaks[4])  # 0 to 2, 0 to 3, 1 to 3
    assert peaks[2] == peaks[5] == line
    assert min(abs(peak - line) for peak in others) > 50
    assert len(set(others)) == 3


def test_channel_numbers_are_bars_of_their_height():
    svg = ElementTree.fromstring(drawing("nats-sss", "8:16:24:32:64", "").svg)
    assert [text.text for text in svg.iter("text")] == ["8", "16", "24", "32", "64"]
    heights = [float(bar.get("height")) for bar in svg.iter("rect")]
    assert [height / heights[0] for height in heights] == pytest.approx([1, 2, 3, 4, 8])


@pytest.mark.parametrize(
    ("space", "arch"), [("nb201", "arch-93.1"), ("nb201", '<b onclick="x">'), ("nats-sss", ARCH), ("other", ARCH)]
)
def test_an_arch_of_no_known_space_has_no_drawing(space, arch):
    assert drawing(space, arch, "") is None


def test_the_archs_returned_most_often_are_drawn_with_their_share(tmp_path):
    runs = runs_of({"cifar10": {"asha": [90.0] * 3, "pmf_nas": [93.0, 93.0, 94.0]}})
    runs["arch"] = [OTHER] * 3 + [ARCH, ARCH, OTHER]
    results = read_results(folder_of(tmp_path, runs, with_record=False))
    (section,) = archs_section(results, ["asha", "pmf_nas"])
    assert [picture.title for picture in section.pictures] == [
        "cifar10: 2 of 3 runs, test 93.00",
        "cifar10: 1 of 3 runs, test 94.00",
    ]
    assert "1 to 2 skip" in section.pictures[0].alt
    assert len(section.pictures) == SHOWN
    assert "The archs that pmf_nas returned" in section.words[0]
    assert "Dotted, without a name: zero" in section.words[0]
    assert "bar" not in section.words[0], "only the size space has bars"
    (section,) = archs_section(results, ["asha"])
    assert [picture.title for picture in section.pictures] == ["cifar10: 3 of 3 runs, test 90.00"]
