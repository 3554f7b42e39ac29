import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.parts.incumbents import LISTED, Observed
from pmfnas.core.types import Arch, Cancelled, Cost, Curve, Failed, Measure, Measured, Ok, Outcome, Ticket, Train
from tests.support.evaluating import DIVERGED, curve, ok, ticket
from tests.support.fakes import FIDELITIES, A, B, C


def add(observed: Observed, arch: Arch, schedule: str, epoch: int, valid_acc_pct: float) -> None:
    outcome = Ok(curve(valid_acc_pct, epoch), Cost())
    observed.add(Ticket(0, Train(arch, schedule, 0, epoch)), outcome)


def test_a_complete_schedule_outranks_a_partial_one_of_a_longer_schedule():
    observed = Observed(FIDELITIES)
    add(observed, A, "200", 199, 99.0)
    add(observed, B, "12", 12, 10.0)
    assert observed.ranking() == (B, A)


def test_then_the_longer_schedule_then_epochs_then_validation():
    observed = Observed(FIDELITIES)
    add(observed, A, "12", 3, 90.0)
    add(observed, B, "12", 6, 20.0)
    add(observed, C, "12", 6, 30.0)
    assert observed.ranking() == (C, B, A)
    add(observed, A, "12", 12, 5.0)
    add(observed, B, "200", 200, 1.0)
    assert observed.ranking() == (B, A, C)


def test_ties_go_to_the_arch_seen_first_also_where_it_catches_up_later():
    observed = Observed(FIDELITIES)
    add(observed, A, "12", 3, 50.0)
    add(observed, B, "12", 12, 50.0)
    add(observed, C, "12", 12, 50.0)
    add(observed, A, "12", 12, 50.0)
    assert observed.ranking() == (A, B, C)


def test_an_arch_keeps_its_best_result():
    observed = Observed(FIDELITIES)
    add(observed, A, "12", 12, 60.0)
    add(observed, B, "12", 12, 50.0)
    add(observed, A, "12", 12, 40.0)  # another replicate
    assert observed.ranking() == (A, B)


@pytest.mark.parametrize(
    "outcome",
    [
        DIVERGED,
        Failed("out of memory"),
        Cancelled(),
        Ok(curve(float("nan")), Cost()),
        Ok(Curve(0, np.ones(12), np.ones(12)), Cost()),
    ],
)
def test_what_brought_no_validation_is_not_recommended(outcome: Outcome):
    observed = Observed(FIDELITIES)
    observed.add(ticket(A), outcome)
    assert observed.ranking() == ()


def test_a_measurement_is_no_result():
    observed = Observed(FIDELITIES)
    observed.add(Ticket(0, Measure(A, "latency_ms")), Measured(1.0, Cost()))
    assert observed.ranking() == ()


def test_what_counts_is_the_last_epoch_validated_not_the_last_trained():
    observed = Observed(FIDELITIES)
    early = Curve(0, np.ones(12), np.ones(12), (3,), np.ones(1), np.array([90.0]))
    observed.add(Ticket(0, Train(A, "12", 0, 12, (3,))), Ok(early, Cost()))
    add(observed, B, "12", 6, 10.0)
    assert observed.ranking() == (B, A)


def test_only_a_handful_is_listed():
    observed = Observed(FIDELITIES)
    for place in range(LISTED + 5):
        observed.add(ticket((place,)), ok(float(place)))
    assert observed.ranking() == tuple((place,) for place in range(LISTED + 4, 4, -1))


RESULTS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["12", "200"]), st.sampled_from([1, 3, 12, 200]), st.integers(0, 3))
)


@settings(max_examples=60, deadline=None)
@given(RESULTS)
def test_the_ranking_is_that_of_sorting_everything_again(results: list[tuple[int, str, int, int]]):
    observed, first_seen, best = Observed(FIDELITIES), {}, {}
    for number, schedule, epoch, valid_acc_pct in results:
        end = {"12": 12, "200": 200}[schedule]
        last = min(epoch, end)
        add(observed, (number,), schedule, last, float(valid_acc_pct))
        first_seen.setdefault(number, len(first_seen))
        key = (last == end, end, last, valid_acc_pct)
        best[number] = max(best.get(number, key), key)
    by_rule = sorted(best, key=lambda n: (*(-x for x in best[n]), first_seen[n]))
    assert observed.ranking() == tuple((number,) for number in by_rule)
