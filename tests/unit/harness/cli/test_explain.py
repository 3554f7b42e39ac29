"""`python -m harness explain RUN` from a run on the surrogate to text, CSV and figure; bad input is one line."""

import csv
import io

import pytest

from harness.cli.main import main
from harness.explain.reading import read_run
from harness.explain.text import NO_REASONS
from pmfnas.loop.record import record_path
from tests.support.explained import STAGED, by_hand
from tests.support.verbs import refused

RUN = "nb201-cifar100/scripted/s0007"


@pytest.fixture
def folder(tmp_path):
    by_hand(STAGED, tmp_path)
    return tmp_path


@pytest.mark.usefixtures("own_cache")
def test_from_runs_to_their_explanations(capsys, tmp_path):
    out = tmp_path / "small"
    flags = ["--seeds", "1", "--budget", "1h", "--jobs", "1", "--data", "surrogate", "--datasets", "cifar10"]
    assert main(["run", "table2", *flags, "--searchers", "pmf_nas,random_search", "--out", str(out)]) == 0
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    capsys.readouterr()
    for searcher, has_reasons in (("pmf_nas", True), ("random_search", False)):
        run = f"nb201-cifar10/{searcher}/s0000"
        assert main(["explain", run, "--in", str(out)]) == 0
        printed = capsys.readouterr().out
        explained = read_run(record_path(out, run))
        assert printed.startswith(f"{run}\nSURROGATE data ")
        assert ("== " in printed) == has_reasons
        assert printed.count(NO_REASONS) == (0 if has_reasons else 1)
        assert all(request.arch in printed for request in explained.requests)
        assert f"1. {explained.header.recommended[0]}  valid " in printed
        figures = [out / "explain" / f"{run}.{kind}" for kind in ("png", "pdf")]
        assert all(str(file) in printed and file.stat().st_size > 1_000 for file in figures)
    assert {file: file.read_bytes() for file in before} == before


def test_a_path_and_an_id_give_the_same(capsys, folder):
    path = record_path(folder, RUN)
    texts = []
    for arguments in ([str(path)], [RUN, "--in", str(folder)], [f"{RUN}.parquet", "--in", str(folder)]):
        assert main(["explain", *arguments]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] == texts[2]


def test_the_figure_goes_where_it_is_told(capsys, folder):
    assert main(["explain", RUN, "--in", str(folder), "--out", str(folder / "elsewhere")]) == 0
    assert (folder / "elsewhere" / f"{RUN}.pdf").is_file()
    assert not (folder / "explain").exists()
    loose = folder / "loose.parquet"
    loose.write_bytes(record_path(folder, RUN).read_bytes())
    assert main(["explain", str(loose)]) == 0
    assert (folder / "explain" / f"{RUN}.png").is_file()


def test_csv_alone_is_on_standard_output(capsys, folder):
    assert main(["explain", RUN, "--in", str(folder), "--csv", "--last", "2"]) == 0
    captured = capsys.readouterr()
    assert [row["number"] for row in csv.DictReader(io.StringIO(captured.out))] == ["5", "6"]
    assert captured.err.startswith("figure: ")


def test_a_part_is_shown_and_the_summary_stays_whole(capsys, folder):
    assert main(["explain", RUN, "--in", str(folder), "--stage", "region", "--last", "1"]) == 0
    printed = capsys.readouterr().out
    assert "Shown are 1 of 7 requests." in printed
    assert "Funnel: 12@3 4 -> 12@12 2 -> 200@200 0" in printed


def test_a_run_without_requests_has_no_figure(capsys, tmp_path):
    assert main(["explain", str(by_hand([], tmp_path))]) == 0
    assert "no figure: the record holds no request" in capsys.readouterr().out
    assert not (tmp_path / "explain").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([RUN], f"error: RUN is '{RUN}', but no such file exists; give the path of a record, or an id and --in"),
        (["nb201-cifar100/asha/s0001", "--in", "."], f"holds no such run; it holds 1 others, such as {RUN}"),
        ([RUN, "--in", "nowhere"], "holds no such run; it holds no run at all"),
        ([RUN, "--in", ".", "--last", "0"], "error: --last is '0', but must be a whole number of at least 1"),
        ([RUN, "--in", ".", "--stage", "late"], "error: --stage is 'late', but for"),
        (["damaged.parquet"], "damaged.parquet is damaged or of another kind"),
        ([RUN, "--in", ".", "--out", "damaged.parquet"], "damaged.parquet"),
    ],
)
def test_bad_input_is_one_line_and_loses_nothing(capsys, folder, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    (folder / "damaged.parquet").write_bytes(b"PAR1")
    before = sorted(folder.rglob("*"))
    assert message in refused(capsys, ["explain", *arguments])
    assert sorted(folder.rglob("*")) == before
