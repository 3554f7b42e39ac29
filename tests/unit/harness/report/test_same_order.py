"""Orders of searchers by hand."""

import pytest

from harness.cli.main import main
from harness.report.results import read_results
from harness.report.same_order import markdown, orders
from pmfnas.core.errors import InputError
from tests.support.frames import runs_of
from tests.support.reported import folder_of

FIRST = {"cifar10": {"asha": [93.0, 93.2], "bohb": [92.0, 92.2], "pmf_nas": [93.6, 93.8], "tpe": [91.0, 91.2]}}
SECOND = {"cifar10": {"asha": [91.0, 91.2], "bohb": [91.5, 91.7], "pmf_nas": [92.0, 92.2], "tpe": [90.0, 90.2]}}


@pytest.fixture
def results(tmp_path):
    return [
        read_results(folder_of(tmp_path / n, runs_of(t), with_record=False)) for n, t in (("a", FIRST), ("b", SECOND))
    ]


def test_correlations_and_the_pair_that_swaps(results):
    (order,) = orders(*results)
    assert list(order.means.index) == ["pmf_nas", "asha", "bohb", "tpe"]
    assert order.spearman == pytest.approx(0.8)  # 1 - 6 * 2 / (4 * 15)
    assert order.kendall == pytest.approx(4 / 6)
    ((better, other, here, there),) = order.swapped
    assert (better, other) == ("asha", "bohb")
    assert (here, there) == pytest.approx((1.0, -0.5))


def test_the_page_names_both_data(results, tmp_path, capsys):
    assert main(["same-order", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / "order.md")]) == 0
    page = (tmp_path / "order.md").read_text()
    assert page == capsys.readouterr().out == markdown(*results)
    assert "| cifar10 | 4 | 2 | 0.800 | 0.667 | 1 of 6 |" in page
    assert "- asha leads bohb by 1.000, and trails it by 0.500" in page


def test_without_three_searchers_in_common_there_is_no_order(tmp_path):
    few = {"cifar10": {"asha": [93.0], "bohb": [92.0]}}
    found = [read_results(folder_of(tmp_path / n, runs_of(few), with_record=False)) for n in ("a", "b")]
    with pytest.raises(InputError, match="no data set with three searchers in common"):
        orders(*found)
