"""What is read from a record: stays, funnel, seconds and incumbents of runs whose figures are worked out by hand."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from harness.explain.reading import (
    Level,
    Spending,
    Standing,
    Step,
    fidelities,
    funnel,
    incumbents,
    read_run,
    spendings,
    standing,
    stays,
)
from harness.explain.text import NO_REASONS, summary, trace, trace_csv
from harness.players.ours import PLAYERS
from pmfnas.core.errors import DataError
from pmfnas.core.rng import stream
from pmfnas.core.types import Measure, Submit, Train
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.record import METADATA
from pmfnas.loop.runner import Setting, search
from pmfnas.spaces import CellSpace
from pmfnas.testing.synthetic import SyntheticBenchmark
from tests.support.explained import HEADER, STAGED, TEXT, WHY, D, asked, by_hand, kept
from tests.support.fakes import A, B, C, submit


@pytest.fixture
def staged(tmp_path):
    return read_run(by_hand(STAGED, tmp_path))


# --------------------------------------------------------------------------------------------- the staged run


def test_the_requests_come_back_in_order_with_their_reasons(staged):
    assert [r.number for r in staged.requests] == list(range(7))
    first, last = staged.requests[0], staged.requests[-1]
    assert (first.arch, first.fidelity, first.start_s, first.end_s, first.paid_s) == (TEXT["A"], "12@3", 0.0, 31.0, 31)
    assert (first.valid_acc, first.status, first.rose, first.stage) == (10.03, "ok", True, "explore")
    assert first.reason["potential"] == 1.25
    assert (last.fidelity, last.status, last.paid_s, last.valid_acc) == ("200@200", "cut", 94.0, None)
    assert [r.rose for r in staged.requests] == [True, True, True, False, False, True, False]


def test_the_fields_are_those_that_the_record_has(staged):
    assert staged.stages == ("explore", "region", "refine")
    assert set(staged.fields) == {
        *("stage", "action", "mean", "std", "potential", "p_best", "gain_per_hour", "moved_on"),
    }


def test_stays_follow_each_other_and_say_why(staged):
    found = stays(staged)
    assert [(s.stage, s.start_s, s.end_s, len(s.requests)) for s in found] == [
        ("explore", 0.0, 93.0, 3),
        ("region", 93.0, 306.0, 3),
        ("refine", 306.0, 400.0, 1),
    ]
    assert [s.why for s in found] == ["", WHY, ""]


def test_the_funnel_counts_archs_that_ended_well(staged):
    assert funnel(staged) == (
        Level("12@3", {"explore": 3, "region": 1}, n_on=2),
        Level("12@12", {"region": 2}, n_on=0),  # the full training of C was cut off
        Level("200@200", {}, n_on=0),
    )
    assert [level.n_archs for level in funnel(staged)] == [4, 2, 0]


def test_spendings_by_stage_and_fidelity(staged):
    assert spendings(staged) == (
        Spending("explore", "12@3", 3, 3, n_on=2, n_lost=0, paid_s=93.0),
        Spending("region", "12@3", 1, 1, n_on=0, n_lost=0, paid_s=31.0),
        Spending("region", "12@12", 2, 2, n_on=1, n_lost=0, paid_s=182.0),
        Spending("refine", "200@200", 1, 1, n_on=0, n_lost=1, paid_s=94.0),
    )


def test_the_incumbent_steps_with_what_is_known_of_it(staged):
    assert incumbents(staged) == (
        Step(31.0, TEXT["A"], Standing("12@3", 10.03)),
        Step(62.0, TEXT["B"], Standing("12@3", 20.03)),
        Step(93.0, TEXT["C"], Standing("12@3", 30.03)),
        Step(184.0, TEXT["C"], Standing("12@12", 30.12)),
        Step(306.0, TEXT["D"], Standing("12@3", 40.03)),
    )


# ------------------------------------------------------------------------------------------------ other runs


def test_an_arch_counts_once_in_the_stage_where_it_arrived_first(tmp_path):
    script = (
        asked(Train(A, "12", 0, 3), "explore", "start"),
        asked(Train(A, "12", 0, 3), "region", "start"),  # answered from the record, free
        asked(Train(A, "200", 0, 2, ()), "region", "start"),
        asked(Train(A, "200", 0, 2, (), replicate=1), "refine", "replicate"),
    )
    explained = read_run(by_hand(script, tmp_path))
    assert funnel(explained) == (Level("12@3", {"explore": 1}, n_on=1), Level("200@2", {"region": 1}, n_on=0))
    assert [row.paid_s for row in spendings(explained)] == [31.0, 0.0, 20.0, 20.0]


def test_a_stage_that_comes_back_is_a_stay_of_its_own(tmp_path):
    script = [asked(Train(a, "12", 0, 1), s, "start") for a, s in ((A, "region"), (B, "refine"), (C, "region"))]
    found = stays(read_run(by_hand(script, tmp_path)))
    assert [(s.stage, s.start_s, s.end_s) for s in found] == [
        ("region", 0.0, 11.0),
        ("refine", 11.0, 22.0),
        ("region", 22.0, 33.0),
    ]


def test_a_request_without_a_stage_stays_where_the_run_was(tmp_path):
    script = (
        submit(Train(A, "12", 0, 1)),
        asked(Train(B, "12", 0, 1), "region", "start"),
        submit(Train(C, "12", 0, 1)),
    )
    (only,) = stays(read_run(by_hand(script, tmp_path)))
    assert (only.stage, [r.number for r in only.requests]) == ("region", [0, 1, 2])


def test_two_workers_are_read_in_the_order_of_the_decisions(tmp_path):
    script = [submit(Train(A, "12", 0, 12), Train(B, "12", 0, 1), Train(C, "12", 0, 1))]
    explained = read_run(by_hand(script, tmp_path, n_workers=2))
    assert [(r.number, r.start_s, r.end_s) for r in explained.requests] == [(0, 0, 22), (1, 0, 11), (2, 11, 22)]
    assert [(step.time_s, step.arch) for step in incumbents(explained)] == [(11.0, TEXT["B"]), (22.0, TEXT["C"])]


@pytest.mark.parametrize(("accounting", "paid"), [("resume", [31.0, 91.0, 0.0]), ("restart", [31.0, 121.0, 0.0])])
def test_what_is_paid_again_follows_the_accounting(tmp_path, accounting, paid):
    script = [submit(r) for r in (Train(A, "12", 0, 3), Train(A, "12", 3, 12), Train(A, "12", 0, 3))]
    explained = read_run(by_hand(script, tmp_path, accounting=accounting))
    assert [r.paid_s for r in explained.requests] == paid
    assert sum(paid) == pytest.approx(explained.header.busy_hours * 3600)


def test_what_did_not_end_well_is_lost_and_in_no_level(tmp_path):
    script = (submit(Train(A, "12", 0, 1)), submit(Train(B, "12", 0, 1, replicate=5)))
    explained = read_run(by_hand(script, tmp_path, diverging=A))
    assert [r.status for r in explained.requests] == ["diverged", "failed"]
    assert funnel(explained) == (Level("12@1", {}, n_on=0),)
    # the trial asked for does not exist: nothing was paid and nothing is lost
    assert spendings(explained) == (Spending("", "12@1", 2, 2, n_on=0, n_lost=1, paid_s=11.0),)
    assert incumbents(explained) == ()


def test_a_measurement_is_below_every_training(tmp_path):
    script = (submit(Train(A, "12", 0, 1)), Submit((Measure(A, "latency_ms"), Measure(B, "latency_ms"))))
    explained = read_run(by_hand(script, tmp_path))
    assert fidelities(explained) == ("latency_ms", "12@1")
    assert funnel(explained)[0] == Level("latency_ms", {"": 2}, n_on=1)


def test_schedules_are_ordered_by_their_number_and_not_by_how_far_they_went(tmp_path):
    script = [submit(r) for r in (Train(A, "200", 0, 2, ()), Train(B, "12", 0, 12), Train(C, "12", 0, 3))]
    assert fidelities(read_run(by_hand(script, tmp_path))) == ("12@3", "12@12", "200@2")


def test_a_standing_is_the_mean_over_replicates_at_the_highest_fidelity(tmp_path):
    script = [submit(Train(D, "12", 0, 1)), *(submit(Train(A, "200", 0, 200, replicate=k)) for k in range(2))]
    explained = read_run(by_hand(script, tmp_path))
    again = [replace(r, status="ok", valid_acc=10.0 + k, start=0) for k, r in enumerate(explained.requests[1:])]
    assert standing([*explained.requests, *again, again[0]], TEXT["A"]) == Standing("200@200", 10.0)
    two = [replace(again[0], replicate=k, valid_acc=10.0 + k) for k in range(2)]
    assert standing([*explained.requests, *two], TEXT["A"]) == Standing("200@200", 10.5)
    assert standing(explained.requests, TEXT["B"]) is None


def test_a_reason_that_is_no_json_is_damage(tmp_path):
    path = by_hand(STAGED, tmp_path)
    rows = pq.read_table(path)
    header = json.loads(rows.schema.metadata[METADATA])
    rows = rows.replace_schema_metadata({METADATA: json.dumps({**header, "seal": None})})
    place = rows.schema.get_field_index("reason")
    pq.write_table(rows.set_column(place, "reason", [["{" for _ in range(rows.num_rows)]]), path)
    with pytest.raises(DataError, match=r"s0007\.parquet is damaged .*; remove it to run it again"):
        read_run(path)


# ------------------------------------------------------------------------------------------ every player


@pytest.mark.parametrize("name", PLAYERS)
def test_every_player_can_be_explained(tmp_path, name):
    n_workers, accounting, budget_s = 3, "restart", 900.0
    space = CellSpace(n_classes=10, image_size=32)
    benchmark = SyntheticBenchmark(space, schedules=("12", "36"))
    setting = Setting(space, benchmark.fidelities, budget_s, n_workers, accounting)
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, 0), n_workers=n_workers, accounting=accounting)
    searcher = PLAYERS[name](space, benchmark.fidelities, budget_s, n_workers, rng=stream(0, name))
    header = replace(HEADER, searcher=name, n_workers=n_workers, accounting=accounting, budget_s=budget_s)
    explained = read_run(kept(search(searcher, executor, setting), tmp_path, header, space=space))
    assert sum(row.paid_s for row in spendings(explained)) == pytest.approx(explained.header.busy_hours * 3600)
    assert [r.number for r in explained.requests] == sorted(r.number for r in explained.requests)
    for level in funnel(explained):
        assert level.n_on <= level.n_archs
    assert incumbents(explained)[-1].arch == explained.header.recommended[0]
    text = trace(explained)
    assert text.count(NO_REASONS) == (0 if explained.has_reasons else 1)
    for request in explained.requests:
        assert request.arch in text
    assert "total" in summary(explained)
    assert len(trace_csv(explained).splitlines()) == 1 + len(explained.requests)
