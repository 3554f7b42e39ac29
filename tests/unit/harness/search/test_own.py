"""The outputs of a search on a problem of one's own, in the unit of its metric, from its folder alone."""

import json
import re
import sys

import cloudpickle
import pytest

import pmfnas
from harness.cli.main import main

SPACE = pmfnas.Choices(depth=[1, 2, 3, 4], kind=["a", "b"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A search for a small loss: 250 of the best arch at its end, and some archs that fail."""

    def train(arch, run):
        if (arch.depth, arch.kind) == (1, "a"):
            raise ValueError("cannot be built")
        for epoch in run.epochs:
            run.report(train_loss=1.0 / epoch, valid_loss=1000.0 / arch.depth)

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    out = tmp_path_factory.mktemp("own") / "mine"
    schedules = {"short": 2, "long": 6}
    pmfnas.search(train, SPACE, schedules=schedules, budget="3s", out=out, metric="valid_loss", progress=False)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return out


def test_table_has_values_in_the_unit_and_schedules_in_their_order(folder, capsys):
    assert main(["table", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "Search for valid_loss on mine" in printed
    assert re.search(r"arch +depth=4,kind=[ab]\n", printed)
    assert re.search(r"valid_loss \(minimised\) +250 at (short@2|long@6)", printed)
    assert "ValueError: cannot be built" in printed
    assert "accuracy" not in printed
    assert "%" not in printed
    assert (folder / "table.md").read_text().startswith(r"# Search for valid\_loss on mine")
    assert (folder / "search.png").stat().st_size > 10_000


def test_explain_and_the_page_have_the_unit_too(folder, capsys, tmp_path):
    (record,) = folder.glob("runs/*/*/*.parquet")
    assert main(["explain", str(record), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "valid_loss 250" in printed
    assert "valid 50.00" not in printed
    funnel = re.findall(r"(short|long)@([0-9]+)", printed[printed.index("Funnel:") :].splitlines()[0])
    assert len(funnel) >= 2
    assert funnel == sorted(funnel, key=lambda level: (level[0] == "long", int(level[1])))
    assert main(["report", str(folder), "--out", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "a score is valid_loss on a scale from 0 to 100 on which larger is better" in page
    assert "accuracy" not in re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def test_a_search_that_has_not_ended_is_refused(folder, capsys, tmp_path):
    (tmp_path / "spec.json").write_text((folder / "spec.json").read_text())
    assert main(["table", str(tmp_path)]) == 2
    assert "has not ended; the same call of pmfnas.search goes on with it" in capsys.readouterr().err


def test_a_damaged_claim_is_refused(folder, capsys, tmp_path):
    claim = json.loads((folder / "spec.json").read_text())
    (tmp_path / "spec.json").write_text(json.dumps({"experiment": claim["experiment"], "seed": 0}))
    assert main(["table", str(tmp_path)]) == 2
    assert "spec.json lacks name, searcher; remove the folder" in capsys.readouterr().err
