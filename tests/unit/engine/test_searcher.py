from collections import Counter
from functools import partial

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.core.ports import Benchmark, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Diverged, Fidelity, Ok, Schedule, Train
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.searcher import PmfNas
from pmfnas.engine.settings import PARTS, Settings
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.ledger import Entry
from pmfnas.loop.runner import Finished, Setting, search
from pmfnas.spaces import space_for
from pmfnas.testing.failures import ConstantScores, Diverging
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import SyntheticBenchmark

SPACE = GridSpace()


def run(
    benchmark: Benchmark, *, budget_s: float, n_workers: int = 1, seed: int = 0, settings: Settings | None = None
) -> Finished:
    factory = partial(PmfNas, settings=settings) if settings else PmfNas
    searcher = factory(benchmark.space, benchmark.fidelities, budget_s, n_workers, rng=stream(seed, "searcher"))
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, seed), n_workers=n_workers, accounting="resume")
    return search(searcher, executor, Setting(benchmark.space, benchmark.fidelities, budget_s, n_workers))


def mean_s(benchmark: Benchmark, schedule: str, stop: int) -> float:
    rng = np.random.default_rng(0)
    archs = [benchmark.space.sample(rng=rng) for _ in range(30)]
    return float(np.mean([benchmark.train(Train(a, schedule, 0, stop), 0)[1].total_s for a in archs]))


def of(finished: Finished, action: str) -> list[Entry]:
    return [e for e in finished.entries if e.reason.get("action") == action]


BUDGET_S = 60 * mean_s(SyntheticBenchmark(SPACE), "12", 12) + 6 * mean_s(SyntheticBenchmark(SPACE), "200", 200)


@pytest.fixture(scope="module")
def benchmark() -> SyntheticBenchmark:
    return SyntheticBenchmark(SPACE)


@pytest.fixture(scope="module")
def finished(benchmark: SyntheticBenchmark) -> Finished:
    return run(benchmark, budget_s=BUDGET_S)


def stages_of(finished: Finished) -> list[str]:
    return [str(e.reason["stage"]) for e in finished.entries]


def changes_of(finished: Finished) -> list[int]:
    stages = stages_of(finished)
    return [i for i in range(1, len(stages)) if stages[i] != stages[i - 1]]


def test_exploring_comes_first_then_regions_and_refinement_take_turns(finished: Finished) -> None:
    stages = stages_of(finished)
    explored = stages.count("explore")
    assert stages[:explored] == ["explore"] * explored
    assert stages[explored] == "region"
    assert set(stages[explored:]) == {"region", "refine"}
    assert {e.reason["action"] for e in finished.entries} >= {"start", "continue", "probe", "finish"}


def test_refinement_belongs_to_its_stage(finished: Finished) -> None:
    refining = {e.reason["action"] for e in finished.entries if e.reason["stage"] == "refine"}
    assert refining == {"probe", "finish", "replicate"} & {e.reason["action"] for e in finished.entries}


def test_the_first_request_of_a_stage_says_once_why_the_stage_changed(finished: Finished) -> None:
    explained = [i for i, e in enumerate(finished.entries) if "moved_on" in e.reason]
    assert explained == changes_of(finished)
    assert all(finished.entries[i].reason["moved_on"] for i in explained)


def test_only_the_probed_are_finished_and_from_where_the_probe_ended(finished: Finished) -> None:
    probes, finishes = ([e.ticket.request for e in of(finished, action)] for action in ("probe", "finish"))
    assert {(r.schedule, r.start, r.stop, r.validations) for r in probes} == {("200", 0, 25, ())}
    assert {(r.schedule, r.start, r.stop) for r in finishes} == {("200", 25, 200)}
    assert len({r.arch for r in probes}) == len(probes)
    assert {r.arch for r in finishes} <= {r.arch for r in probes}


def test_no_probe_is_ordered_twice_by_several_workers(benchmark: SyntheticBenchmark) -> None:
    probed = Counter(e.ticket.request.arch for e in of(run(benchmark, budget_s=BUDGET_S, n_workers=4), "probe"))
    assert max(probed.values()) == 1


def test_every_request_explains_itself(finished: Finished) -> None:
    keys = {"stage", "action", "mean", "std", "low", "high", "potential", "p_best", "gain_per_hour", "seconds"}
    priced = [entry for entry in finished.entries if entry.reason["seconds"] > 0.0]
    assert priced == list(finished.entries[1:])  # before the first segment no cost is known
    for entry in priced:
        assert set(entry.reason) - {"moved_on"} == keys
        assert all(isinstance(v, str) or np.isfinite(v) for v in entry.reason.values())


def test_going_on_pays_the_new_epochs_only(finished: Finished) -> None:
    continued = [e.ticket.request for e in of(finished, "continue")]
    assert continued
    assert all(isinstance(r, Train) and (r.start, r.stop) == (3, 12) for r in continued)
    low = {e.ticket.request.arch for e in of(finished, "start")}
    assert {r.arch for r in continued} < low


def test_the_early_curve_decides_who_goes_on(finished: Finished) -> None:
    region = [e for e in finished.entries if e.reason["stage"] == "region"]
    actions = Counter(e.reason["action"] for e in region)
    assert 0.4 * actions["start"] <= actions["continue"] <= 0.6 * actions["start"]


def test_nothing_is_started_that_cannot_reach_a_medium_score(finished: Finished) -> None:
    ends_s = max(e.end_s for e in finished.entries)
    late = [e for e in of(finished, "start") if e.reason["stage"] != "explore"]
    assert late
    assert all(e.start_s + 3.5 * e.cost.total_s <= BUDGET_S for e in late)
    assert ends_s <= BUDGET_S


def test_the_predicted_seconds_are_close_to_the_bill(finished: Finished) -> None:
    late = finished.entries[30:]
    errors = [abs(float(e.reason["seconds"]) / e.cost.total_s - 1.0) for e in late if e.status == "ok"]
    assert np.median(errors) < 0.05


def test_it_beats_random_search_on_the_same_seconds(benchmark: SyntheticBenchmark) -> None:
    truth = {a: benchmark.train(Train(a, "200", 0, 200), 0)[0].last_valid_acc for a in _all(SPACE)}
    budget_s = 50 * mean_s(benchmark, "12", 12)
    ours = [truth[run(benchmark, budget_s=budget_s, seed=s).recommended[0]] for s in range(4)]
    rng = np.random.default_rng(0)
    values = np.array(list(truth.values()))
    best_of_50 = np.mean([rng.choice(values, 50).max() for _ in range(2000)])
    assert np.mean(ours) > best_of_50


def test_isomorphs_are_never_paid_twice() -> None:
    cells = space_for("nb201", n_classes=10, image_size=32)
    benchmark = SyntheticBenchmark(cells)
    done = run(benchmark, budget_s=40 * mean_s(benchmark, "12", 12))
    forms = Counter(cells.canonical(e.ticket.request.arch) for e in of(done, "start"))
    assert max(forms.values()) == 1
    assert all(e.ticket.request.replicate == 0 for e in [*of(done, "start"), *of(done, "continue")])


def test_one_arch_is_a_space_too() -> None:
    benchmark = SyntheticBenchmark(GridSpace((1, 1)))
    done = run(benchmark, budget_s=1000 * mean_s(benchmark, "12", 12))
    assert done.status == "ok"
    assert done.recommended == ((0, 0),)


def test_where_all_diverge_the_early_curves_decide() -> None:
    done = run(Diverging(SyntheticBenchmark(GridSpace((3, 3))), share=1.0), budget_s=1e6)
    assert done.status == "ok"
    seen = {e.ticket.request.arch for e in done.entries if isinstance(e.outcome, Ok)}
    assert any(isinstance(e.outcome, Diverged) for e in done.entries)
    assert done.recommended
    assert set(done.recommended) <= seen


def test_the_diverged_are_never_recommended() -> None:
    benchmark = Diverging(SyntheticBenchmark(SPACE), share=0.5)
    done = run(benchmark, budget_s=40 * mean_s(SyntheticBenchmark(SPACE), "12", 12))
    told = {e.ticket.request.arch for e in done.entries if isinstance(e.outcome, Ok)}
    lost = {e.ticket.request.arch for e in done.entries if isinstance(e.outcome, Diverged)}
    assert lost
    assert set(done.recommended) <= told - lost


def test_constant_scores_keep_stage_one_looking_until_its_share_is_spent() -> None:
    flat = ConstantScores(SyntheticBenchmark(SPACE))
    done = run(flat, budget_s=100 * mean_s(flat, "12", 12), settings=Settings(capacity_belief=0.0))
    exploring = [e for e in done.entries if e.reason["stage"] == "explore"]
    assert done.status == "ok"
    assert sum(e.cost.total_s for e in exploring) == pytest.approx(0.25 * 100 * mean_s(flat, "12", 12), rel=0.25)


@pytest.mark.parametrize("n_workers", [2, 16])
def test_workers_are_kept_busy(benchmark: SyntheticBenchmark, n_workers: int) -> None:
    budget_s = 30 * mean_s(benchmark, "12", 12)
    done = run(benchmark, budget_s=budget_s, n_workers=n_workers)
    busy_s = sum(e.end_s - e.start_s for e in done.entries)
    assert done.status == "ok"
    assert busy_s > 0.8 * n_workers * done.clock_s
    assert done.clock_s > 0.8 * budget_s


def test_less_than_one_medium_training_still_recommends_by_the_early_curve(benchmark: SyntheticBenchmark) -> None:
    done = run(benchmark, budget_s=0.9 * mean_s(benchmark, "12", 12))
    assert done.recommended
    assert {e.ticket.request.stop for e in done.entries} == {3}


def test_other_schedules_and_sizes() -> None:
    sizes = space_for("nats-sss", n_classes=10, image_size=32)
    benchmark = SyntheticBenchmark(sizes, schedules=("01", "12", "90"))
    done = run(benchmark, budget_s=40 * mean_s(benchmark, "12", 12), settings=Settings(max_pool=2000))
    assert done.status == "ok"
    assert {e.ticket.request.schedule for e in done.entries} <= {"12", "90"}
    assert done.recommended


def test_one_schedule_alone_is_resumed_to_its_end() -> None:
    benchmark = SyntheticBenchmark(SPACE, schedules=("40",))
    done = run(benchmark, budget_s=60 * mean_s(benchmark, "40", 10) + 10 * mean_s(benchmark, "40", 40))
    promoted = [e.ticket.request for e in of(done, "promote")]
    assert done.status == "ok"
    assert promoted
    assert {(r.start, r.stop) for r in promoted if r.replicate == 0} == {(10, 40)}


def ablated(benchmark: SyntheticBenchmark, part: str) -> Finished:
    return run(benchmark, budget_s=0.5 * BUDGET_S, settings=Settings(without=frozenset({part})))


def asked(finished: Finished) -> list[object]:
    return [e.ticket.request for e in finished.entries]


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_left_out_and_does_something(benchmark: SyntheticBenchmark, part: str) -> None:
    whole, less = run(benchmark, budget_s=0.5 * BUDGET_S), ablated(benchmark, part)
    assert less.status == "ok"
    assert less.recommended
    assert max(e.end_s for e in less.entries) <= 0.5 * BUDGET_S
    assert (asked(less), less.recommended) != (asked(whole), whole.recommended)


def test_without_explore_regions_come_first(benchmark: SyntheticBenchmark) -> None:
    assert "explore" not in stages_of(ablated(benchmark, "explore"))


def test_without_refine_the_long_schedule_is_never_trained(benchmark: SyntheticBenchmark) -> None:
    done = ablated(benchmark, "refine")
    assert set(stages_of(done)) == {"explore", "region"}
    assert {e.ticket.request.schedule for e in done.entries} == {"12"}


def test_without_curves_full_trainings_begin_at_once(benchmark: SyntheticBenchmark) -> None:
    done = run(benchmark, budget_s=2 * BUDGET_S, settings=Settings(without=frozenset({"curves"})))
    assert not of(done, "probe")
    assert not of(done, "finish")
    assert {(e.ticket.request.start, e.ticket.request.stop) for e in of(done, "promote")} == {(0, 200)}


def test_without_uncertainty_an_arch_is_better_than_the_best_or_is_not(benchmark: SyntheticBenchmark) -> None:
    done = ablated(benchmark, "uncertainty")
    searching = [e for e in done.entries[30:] if e.reason["action"] in ("start", "continue")]
    assert searching
    assert {round(float(e.reason["p_best"]), 3) for e in searching} <= {0.0, 1.0}


def test_without_adaptive_the_allocation_is_fixed(benchmark: SyntheticBenchmark) -> None:
    budget_s, settings = 2 * BUDGET_S, Settings(without=frozenset({"adaptive"}))
    done = run(benchmark, budget_s=budget_s, settings=settings)
    exploring = [e for e in done.entries if e.reason["stage"] == "explore"]
    assert [sum(e.reason["action"] == a for e in exploring) for a in ("start", "continue")] == [18, 4]
    assert done.entries[len(exploring)].reason["moved_on"] == "its fixed number of archs has been trained"
    first = next(e for e in done.entries if e.reason["stage"] == "refine")
    assert 0.7 * budget_s <= first.start_s <= 0.75 * budget_s
    assert len(of(done, "probe")) == 8
    assert of(done, "finish")
    assert not of(done, "replicate")


def test_without_posterior_pick_the_best_value_seen_is_picked(benchmark: SyntheticBenchmark) -> None:
    done = ablated(benchmark, "posterior_pick")
    seen = [(e.ticket.request, e.outcome.curve) for e in done.entries if isinstance(e.outcome, Ok)]
    full = [(c.last_valid_acc, r.arch) for r, c in seen if r.schedule == "200" and r.stop == 200]
    medium = [(c.last_valid_acc, r.arch) for r, c in seen if r.schedule == "12" and r.stop == 12]
    assert done.recommended[0] == max(full or medium)[1]


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="budget_s"):
        PmfNas(SPACE, SyntheticBenchmark(SPACE).fidelities, 0.0, 1, rng=stream(0, "searcher"))


def _all(space: Space) -> list[Arch]:
    return [tuple(int(v) for v in a) for a in np.ndindex(*space.cardinalities)]


def test_the_belief_is_made_anew_only_where_it_may_change(benchmark: SyntheticBenchmark, monkeypatch) -> None:
    made, final = [], Predictor.final
    monkeypatch.setattr(Predictor, "final", lambda self, n: made.append(len(self.promise)) or final(self, n))
    done = run(benchmark, budget_s=4 * BUDGET_S)
    scored = sum(isinstance(e.outcome, Ok) and e.ticket.request.fidelity == Fidelity("12", 12) for e in done.entries)
    refined = sum(e.ticket.request.schedule == "200" for e in done.entries)
    assert scored > 100
    assert len(made) - refined < 0.8 * scored


def test_a_search_that_has_seen_the_whole_space_refines() -> None:
    small = SyntheticBenchmark(GridSpace((3, 3, 3)))
    done = run(small, budget_s=300 * mean_s(small, "200", 200))
    assert sum(e.ticket.request.fidelity == Fidelity("200", 200) for e in done.entries) >= 3
    assert done.why.startswith("nothing that fits")


def test_no_belief_is_held_where_the_medium_score_is_the_final_one() -> None:
    once = SyntheticBenchmark(SPACE, schedules=(Schedule("1", 1, frozenset({1})),))
    budget_s = 40 * mean_s(once, "1", 1)
    believing, plain = (run(once, budget_s=budget_s, settings=Settings(capacity_belief=kappa)) for kappa in (4.0, 0.0))
    assert [e.ticket.request for e in believing.entries] == [e.ticket.request for e in plain.entries]
