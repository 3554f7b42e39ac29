"""The commands and programs of the page on a table of one's own run as they stand there, on data of the same form."""

import json
import shlex
import sys
from itertools import product
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from harness.cli.main import main
from pmfnas.benchmarks.table import CurveTable
from tests.support.documents import ROOT, read
from tests.support.own_tables import SPACE, rows, write_csv
from tests.support.tutorial import program

PAGE = ROOT / "docs" / "how-to" / "own-table.md"


def typed(holds: str) -> list[str]:
    """The words of the one command of the page that holds a text, without the script's name."""
    lines = [line for block in read(PAGE).blocks if block.language == "sh" for line in block.text.splitlines()]
    (line,) = [line for line in lines if holds in line]
    return shlex.split(line)[1:]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (space,) = [block.text for block in read(PAGE).blocks if block.language == "json"]
    assert json.loads(space) == SPACE
    (tmp_path / "space.json").write_text(space)
    return tmp_path


def test_the_two_files_are_imported_searched_reported_and_compared(folder, capsys):
    given = [{**row, "train_loss": 1.0, "test": row["valid"] - 1} for row in rows(n_epochs=2)]
    write_csv(folder / "curves.csv", given)
    assert main(typed("import-curves curves.csv")) == 0
    assert main(typed("run table2")) == 0
    printed = capsys.readouterr().out
    assert "best test 90.05" in printed
    assert main(typed("report")) == 0
    assert (
        "accuracy"
        not in (folder / "results/mine/report.html").read_text().partition("<table")[2].partition("</table")[0]
    )
    assert main(["new-searcher", "my_search"]) == 0
    assert main([*typed("compare"), "--seeds", "2"]) == 0
    assert "no claim" in (folder / "results/own/verdict.md").read_text()


def test_a_json_of_finals_is_converted(folder):
    bench = {"".join(arch): {"test_acc": [60.0 + len(set(arch)), 61.0, 62.5]} for arch in product("012", repeat=8)}
    (folder / "nas-bench-macro_cifar10.json").write_text(json.dumps(dict(list(bench.items())[:50])))
    exec(program(PAGE, "nas-bench-macro"), {})
    assert main(typed("macro.parquet")) == 0
    table = CurveTable.open(folder / "tables/macro")
    assert table.stamp == "OWN (valid_acc in %, maximised; scored by held-out trials) 50 of 6,561 archs"


def test_a_package_is_converted(folder, monkeypatch):
    """The package's form, with values of ours; with the package itself it was tried by hand."""
    archs = [
        SimpleNamespace(link=[0, 0, 1, n % 2], ops=["gcn", "gat", "fc", op], n=i)
        for i, (n, op) in enumerate(product((0, 1), ("gcn", "skip")))
    ]
    for arch in archs:
        arch.valid_hash = lambda n=arch.n: n
    info = {a.n: {"valid_perf": 0.7 + a.n / 100, "perf": 0.6, "latency": 0.01, "para": 1.5} for a in archs}
    package = ModuleType("nas_bench_graph")
    package.all_archs, package.light_read = lambda: archs, lambda name: info  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nas_bench_graph", package)
    exec(program(PAGE, "nas_bench_graph"), {})
    assert main(typed("graph.parquet")) == 0
    table = CurveTable.open(folder / "tables/graph")
    assert table.is_whole
    assert table.header.score == "test"


def test_a_folder_of_tensorboard_logs_is_converted(folder):
    writing = pytest.importorskip("tensorboard.summary.writer.event_file_writer")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    for depth, trial in product((2, 3), (1, 2)):
        writer = writing.EventFileWriter(str(folder / f"runs/depth={depth},optimizer=adam/{trial}"))
        for step in range(3):
            value = Summary(value=[Summary.Value(tag="valid/acc", simple_value=0.2 * depth + 0.05 * step)])
            writer.add_event(Event(wall_time=4e9 + 7.0 * step, step=step, summary=value))
        writer.close()
    exec(program(PAGE, "EventAccumulator"), {})
    assert main(typed("logs.csv")) == 0
    assert CurveTable.open(folder / "tables/logs").present("own", "3").sum() == 4
