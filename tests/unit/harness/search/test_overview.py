"""`table`, `report` and `explain` of a folder that a search with real training has left."""

import json
import re
import shutil
from dataclasses import replace

import html5lib
import numpy as np
import pytest

from harness.cli.main import main
from pmfnas.training.recipe import Recipe

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.report.search_page import search_page  # noqa: E402
from harness.search.overview import best, found, lost, read_overview, spent  # noqa: E402
from harness.search.result import conclude  # noqa: E402
from harness.search.run import open_search, run_search  # noqa: E402
from harness.search.spec import SearchSpec  # noqa: E402
from pmfnas.training import session as session_module  # noqa: E402
from tests.support.training_runs import ticking, tiny_images  # noqa: E402


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Return the folder of a search that has ended, in which one candidate did not fit into memory."""
    folder = tmp_path_factory.mktemp("searched")
    images = tiny_images(90, 5)
    np.savez(folder / "mine.npz", images=images.pixels, labels=images.labels)
    recipe = Recipe(channels=(4, 4, 8), cells_per_stage=1, batch_size=32)
    spec = SearchSpec(
        "mine", folder / "mine.npz", schedules=(1, 5), budget_s=700.0, searcher="pmf_nas", device="cpu", recipe=recipe
    )
    calls, real = [], session_module.train_epoch

    def train_epoch(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise torch.OutOfMemoryError("by the test")
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_module, "train_epoch", train_epoch)
        conclude(run_search(open_search(spec, folder / "out", resume=False), clock=ticking(5.0)), folder / "out")
    return folder / "out"


@pytest.fixture
def out(searched, tmp_path):
    return shutil.copytree(searched, tmp_path / "out")


def cells(sheet):
    return {row[0]: row[1:] for row in sheet.rows}


def test_what_was_found_is_the_result(out):
    result = json.loads((out / "result.json").read_text())
    told = cells(found(read_overview(out)))
    assert told["arch"] == (result["arch"],)
    assert told["test accuracy"] == (f"{result['test_acc']:.2f} %",)
    assert "test accuracy, retrained" not in told


def test_the_hours_add_up_to_the_clock(out):
    overview = read_overview(out)
    rows = spent(overview.explained, overview.setup_s).rows
    assert sum(float(row[-1]) for row in rows) == pytest.approx(overview.explained.header.clock_s / 3600, abs=0.003)
    assert overview.setup_s > 0
    assert f"{overview.setup_s / 3600:.3f} are set-up" in spent(overview.explained, overview.setup_s).remarks[0]


def test_failures_and_incumbents_are_told(out):
    overview = read_overview(out)
    assert [row[-1] for row in lost(overview.explained).rows] == ["out of memory, even alone on the device"]
    assert best(overview).rows[-1][-1] == overview.result["recommended"]


def test_a_trial_beyond_the_last_is_nothing_that_went_wrong(out):
    overview = read_overview(out)
    (failed,) = (r for r in overview.explained.requests if r.status == "failed")
    asked = replace(failed, replicate=2, paid_s=0.0, failure="replicate 2 of schedule 5 does not exist: 2 trials do")
    for request, n_lost in ((asked, 0), (replace(asked, paid_s=1.0), 1), (replace(asked, replicate=0), 1)):
        explained = replace(overview.explained, requests=(request,))
        told = replace(overview, explained=explained)
        assert len(lost(told.explained).rows) == n_lost
        assert spent(told.explained, told.setup_s).rows[0][4] == str(n_lost)


def test_the_figure_of_the_page_has_the_whole_width_and_scrolls_where_that_is_too_little(out):
    page = search_page(read_overview(out))
    assert page.count('<figure class="wide"') == 1
    assert ".pictures .wide { grid-column: 1 / -1; max-width: 80rem; overflow-x: auto; }" in page
    assert ".pictures .wide img { min-width: 56rem; }" in page
    width_px = int(re.search(r'<figure class="wide".*?width="(\d+)"', page, re.DOTALL)[1])
    assert 5.8 * width_px / (72 * 6.9) > 11  # pixels of its smallest letters at full width
    assert 5.8 * 56 * 16 / (72 * 6.9) > 10  # and on a telephone


def test_table_writes_what_there_is_and_says_what_there_is_not(out, capsys):
    assert main(["table", str(out)]) == 0
    said = capsys.readouterr().out
    assert "no regret, no rank and no comparison" in " ".join(said.split())
    arch = read_overview(out).result["arch"]
    assert arch in said
    assert arch.replace("|", r"\|").replace("_", r"\_") in (out / "table.md").read_text()
    assert (out / "search.png").read_bytes()[:4] == b"\x89PNG"
    before = (out / "table.md").read_bytes()
    assert main(["table", str(out)]) == 0
    assert (out / "table.md").read_bytes() == before


def test_report_writes_one_valid_page(out, capsys):
    (out / "retrained.json").write_text(json.dumps({"test_acc": 12.345, "trained_on": "everything"}))
    assert main(["report", str(out)]) == 0
    page = (out / "report.html").read_text()
    html5lib.HTMLParser(strict=True).parse(page)
    for text in ("TRAINED", "12.35 %, trained on everything", "Why each arch was trained", "no rank", "batch_size"):
        assert text in page
    assert "1 trainings failed or diverged" not in page


def test_explain_reads_the_record(out, capsys):
    assert main(["explain", read_overview(out).run, "--in", str(out)]) == 0
    assert "TRAINED data" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["table", "report"])
def test_a_search_that_has_not_ended_says_so(out, capsys, verb):
    (out / "result.json").unlink()
    assert main([verb, str(out)]) == 2
    assert "holds a search that has not ended" in capsys.readouterr().err
