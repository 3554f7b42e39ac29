"""Archs left out of a comparison: no searcher trains them or is measured against them, and every output says so."""

import json
import shutil
from dataclasses import asdict, replace
from itertools import product
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from harness.cli.main import main
from harness.compare import outputs
from harness.experiment import exclusions
from harness.experiment.batch import claim, open_benchmark, run_one
from harness.experiment.exclusions import BIG_CELLS, EXCLUSIONS, REASON, Exclusion, Remaining, exclusion, remaining
from harness.experiment.jobs import Job, played
from harness.experiment.specs import NO_BIG_CELLS, SIZE, TABLE2, smoke
from harness.players.ours import PLAYERS
from harness.score.oracle import Oracle
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.types import Cost, Failed, Measure, Measured, Ok, Train
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.record import read_header
from pmfnas.loop.runner import Setting, search
from pmfnas.spaces import space_for
from tests.support.fakes import FIDELITIES, A, ByHand, Scripted, cells, submit
from tests.support.tables import final_test, final_valid, write_small

BIG = (3, 3, 0, 3, 3, 3)
BIGGEST = (3,) * 6
RULE = EXCLUSIONS[BIG_CELLS]


def test_the_rule_and_its_words_agree():
    space = cells()
    left_out = [arch for arch in product(range(5), repeat=6) if RULE.leaves_out(arch)]
    assert all(space.format(arch).count("nor_conv_3x3") >= 5 for arch in left_out)
    assert len(left_out) == 1 + 6 * 4
    forms = {space.canonical(arch) for arch in left_out}
    isomorphs = [a for a in product(range(5), repeat=6) if space.canonical(a) in forms and not RULE.leaves_out(a)]
    assert f"the {len(left_out)} archs with five or six nor_conv_3x3; {len(isomorphs)} archs" in RULE.described
    assert f"without the {len(left_out)} archs of five or six 3x3" in NO_BIG_CELLS.title


def told(*requests, accounting="resume"):
    """Return how each of the requests ended for a searcher that makes them one after the other, and the run."""
    benchmark = Remaining(ByHand(), RULE)
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, 0), n_workers=1, accounting=accounting)
    searcher = Scripted([submit(request) for request in requests])
    finished = search(searcher, executor, Setting(benchmark.space, FIDELITIES, 10_000.0, 1, accounting))
    return [outcome for _, outcome in searcher.heard], finished


@pytest.mark.parametrize("accounting", ["resume", "restart"])
def test_a_request_for_one_ends_at_once_as_failed_and_costs_nothing(accounting):
    refused = [Train(BIG, "12", 0, 12), Train(BIGGEST, "200", 0, 200, (200,), 1), Train(BIG, "12", 0, 12, (), 9)]
    refused.append(Measure(BIG, "latency_ms"))
    outcomes, finished = told(*refused, Train(A, "12", 0, 3), accounting=accounting)
    assert outcomes[:4] == [Failed(REASON, Cost())] * 4
    assert isinstance(outcomes[4], Ok)
    assert [entry.end_s for entry in finished.entries] == [0.0, 0.0, 0.0, 0.0, 31.0]
    assert (finished.clock_s, finished.status, finished.recommended) == (31.0, "ok", (A,))


def test_the_others_are_answered_as_before():
    whole = ByHand()
    rest = Remaining(whole, RULE)
    assert (rest.space, rest.fidelities) == (whole.space, whole.fidelities)
    request = Train((3, 3, 0, 3, 0, 3), "200", 0, 200, (200,))
    for given, expected in zip(rest.train(request, 1), whole.train(request, 1), strict=True):
        np.testing.assert_equal(asdict(given), asdict(expected))
    assert rest.n_trials(A, "200") == 2
    assert told(Measure(A, "latency_ms"))[0] == [Measured(1.0, Cost(5.0))]
    assert remaining(whole, None) is whole


def test_a_rule_that_means_nothing_here_is_refused():
    with pytest.raises(InputError, match="excluded is 'small-cells', but must be None or one of: big-cells"):
        exclusion("small-cells")
    with pytest.raises(InputError, match="excluded is 'small-cells'"):
        replace(TABLE2, excluded="small-cells")
    with pytest.raises(InputError, match="leaves out archs of nb201, not nats-sss"):
        replace(SIZE, excluded=BIG_CELLS)
    widths = ByHand()
    widths.space = space_for("nats-sss", n_classes=10, image_size=32)
    with pytest.raises(InputError, match="space is nats-sss"):
        Remaining(widths, RULE)


@pytest.fixture
def judge(tmp_path):
    """The oracle of ten archs, each better than the one before, of which the two best are big cells."""
    archs = [tuple(int(x) for x in np.unravel_index(i, (5,) * 6)) for i in range(100, 108)]
    table = write_small(tmp_path / "table", [*archs, BIG, BIGGEST])
    return Oracle(table, dataset("cifar100"), RULE), Oracle(table, dataset("cifar100")), archs


def test_best_values_hits_and_regrets_are_over_the_rest(judge):
    oracle, whole, archs = judge
    best, worst = oracle.score([archs[7], archs[0]], seed=3, who="test")
    assert oracle.best(0) == best.test == final_test(7)
    assert (best.test_regret, best.valid_regret, best.hit) == (0.0, 0.0, True)
    assert (worst.test_regret, worst.hit) == (final_test(7) - final_test(0), False)
    assert worst.valid_regret == pytest.approx(final_valid(7, 0) - final_valid(0, 0), abs=0.21)  # trials differ by .1
    assert whole.best(0) == final_test(9)
    assert whole.score([archs[7]], seed=3, who="test")[0].test_regret == final_test(9) - final_test(7)


def test_an_arch_that_takes_no_part_is_not_scored(judge):
    oracle, whole, archs = judge
    with pytest.raises(DataError, match=r"someone recommends .* not part of its comparison"):
        oracle.score([archs[0], BIG], seed=0, who="someone")
    assert whole.score([BIG], seed=0, who="someone")[0].test == final_test(8)


def test_it_is_table2_but_for_the_rule():
    changed = {"name": NO_BIG_CELLS.name, "title": NO_BIG_CELLS.title, "excluded": None}
    assert replace(TABLE2, **changed) == replace(NO_BIG_CELLS, excluded=None)
    assert smoke(NO_BIG_CELLS).excluded == BIG_CELLS


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize("searcher", NO_BIG_CELLS.searchers)
def test_every_player_copes_with_being_refused_much(searcher, n_workers, surrogate_table, monkeypatch):
    """Refused are three 3x3 convolutions or more: 1,545 archs, among them all that controls and beliefs want first."""
    rule = Exclusion("nb201", "most that is good", lambda arch: arch.count(3) >= 3)
    monkeypatch.setattr(exclusions, "EXCLUSIONS", MappingProxyType({BIG_CELLS: rule}))
    experiment = replace(NO_BIG_CELLS, budget_s=5_000.0, n_workers=n_workers)
    benchmark = open_benchmark(surrogate_table, "cifar100")
    header, finished = run_one(experiment, surrogate_table, benchmark, Job("cifar100", searcher, 0))
    assert header.status == "ok", header.why
    refused = [entry for entry in finished.entries if rule.leaves_out(entry.ticket.request.arch)]
    assert refused
    assert {(entry.status, entry.cost) for entry in refused} == {("failed", Cost())}
    assert finished.recommended
    assert not any(rule.leaves_out(arch) for arch in finished.recommended)
    assert header.busy_hours * 3600 > 0.8 * 5_000  # the refusals did not end it


SMALL = ["--seeds", "1", "--budget", "1h", "--jobs", "1", "--datasets", "cifar10", "--data", "surrogate"]


@pytest.fixture(scope="module")
def out(tmp_path_factory, surrogate_table):
    """The folder of a small run of the experiment."""
    out = tmp_path_factory.mktemp("results") / "no-big-cells"
    assert main(["run", "no-big-cells", *SMALL, "--searchers", "most_params,pmf_nas", "--out", str(out)]) == 0
    return out


def test_the_controls_are_refused_first_and_go_on(out):
    path = out / "runs" / "nb201-cifar10" / "most_params" / "s0000.parquet"
    rows = pd.read_parquet(path)
    assert rows["failure"][:25].tolist() == [REASON] * 25
    assert (rows["end_s"][:25] == 0).all()
    assert (rows["status"][25:] != "failed").all()
    assert not any(text.count("nor_conv_3x3") >= 5 for text in read_header(path).recommended)


def test_every_output_says_what_was_left_out(out):
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["excluded"], manifest["left_out"]) == (BIG_CELLS, RULE.described)
    assert json.loads((out / "spec.json").read_text())["excluded"] == BIG_CELLS
    for name in ("table.md", "table.tex"):
        assert "without the 25 archs of five or six 3x3 convolutions" in (out / name).read_text()
    assert "Published" not in (out / "table.md").read_text()  # those rows are of the whole space


def test_runs_are_scored_against_the_rest(out, tmp_path, surrogate_table, monkeypatch):
    """The rule here leaves the best arch of the table out: the next best takes its place."""
    whole = Oracle(surrogate_table, dataset("cifar10"))
    best, second = np.argsort(-whole.test_means)[:2]
    rule = Exclusion("nb201", "the best", lambda arch: arch == tuple(surrogate_table.archs[best].tolist()))
    monkeypatch.setattr(exclusions, "EXCLUSIONS", MappingProxyType({BIG_CELLS: rule}))
    experiment = replace(NO_BIG_CELLS, datasets=("cifar10",), searchers=("most_params",), n_seeds=1)
    copy = shutil.copytree(out, tmp_path / "copy")
    scored = outputs.write(played(experiment), surrogate_table, copy)
    assert scored.best == {"cifar10": whole.test_means[second]}
    assert scored.best["cifar10"] < whole.best(0)
    np.testing.assert_allclose(scored.runs["test"] + scored.runs["test_regret"], whole.test_means[second])
    np.testing.assert_allclose(scored.steps["test"] + scored.steps["test_regret"], whole.test_means[second])
    assert f"best test {whole.test_means[second]:.2f}" in (copy / "table.md").read_text()


def test_the_outputs_are_made_again_from_the_records(out, capsys):
    names = ("runs.parquet", "steps.parquet", "table.csv", "table.md")
    before = {name: (out / name).read_bytes() for name in names}
    for name in names:
        (out / name).unlink()
    assert main(["table", str(out), "--data", "surrogate"]) == 0
    assert {name: (out / name).read_bytes() for name in names} == before
    report = out / "report.html"
    assert main(["report", str(out), "--out", str(report)]) == 0
    assert "without the 25 archs" in report.read_text()
    capsys.readouterr()


def test_a_folder_belongs_to_one_rule(out, tmp_path, capsys):
    spec = json.loads((out / "spec.json").read_text())
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "spec.json").write_text(json.dumps({**spec, "excluded": None}))
    assert main(["run", "no-big-cells", *SMALL, "--out", str(copy)]) == 2
    assert "holds results with excluded None, but this run has excluded big-cells" in capsys.readouterr().err
    assert main(["run", "table2", *SMALL, "--out", str(out)]) == 2
    assert "holds results with experiment no-big-cells" in capsys.readouterr().err


def test_a_folder_from_before_there_were_rules_still_goes_on(tmp_path, surrogate_table):
    claim(tmp_path, TABLE2, surrogate_table)
    spec = json.loads((tmp_path / "spec.json").read_text())
    assert spec.pop("excluded") is None
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    claim(tmp_path, TABLE2, surrogate_table)


def test_no_searcher_is_missing():
    assert set(PLAYERS) - set(NO_BIG_CELLS.searchers) == {"bohb_nb201"}
