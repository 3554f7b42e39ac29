import numpy as np
import pytest

from baselines.parts.climbing import Climber, ladder_of, repeated
from pmfnas.core.errors import InputError
from pmfnas.core.types import Cost, Curve, Diverged, Drop, Failed, Fidelities, Ok, Schedule, Submit, Ticket, Train
from tests.support.fakes import FIDELITIES, A, B


def text(ladder):
    return ", ".join(map(str, ladder))


def told(request, value=50.0):
    ones = np.ones(request.stop)
    return Ok(Curve(0, ones, ones, (request.stop,), np.ones(1), np.array([value])), Cost())


def climbed(climber, arch, rung, value=50.0):
    """Take an arch to a rung and tell of it; return the request."""
    decision = climber.take(arch, rung)
    while not isinstance(decision, Submit):
        decision = climber.queued()
    (request,) = decision.requests
    climber.note(Ticket(0, request), told(request, value))
    return request


def test_ladders():
    assert text(ladder_of(None, FIDELITIES)) == "12@1, 12@3, 12@12"
    assert text(ladder_of("full", FIDELITIES)) == "12@1, 12@3, 12@12, 200@200"
    assert text(ladder_of("12@2,200@200", FIDELITIES)) == "12@2, 200@200"
    one_schedule = Fidelities((Schedule("90", 90, frozenset({90})),))
    assert text(ladder_of(None, one_schedule)) == text(ladder_of("full", one_schedule)) == "90@90"


@pytest.mark.parametrize(
    ("ladder", "message"),
    [("12@12,12@3", "must rise"), ("200@100", "clean validation only"), ("90@90", "schedule"), ("best", "looks? like")],
)
def test_ladders_that_do_not_exist(ladder, message):
    with pytest.raises(InputError, match=message):
        ladder_of(ladder, FIDELITIES)


def test_a_schedule_without_validation_has_no_ladder():
    with pytest.raises(InputError, match="no clean validation"):
        ladder_of(None, Fidelities((Schedule("12", 12, frozenset()),)))


def test_an_arch_goes_on_from_its_checkpoint_within_a_schedule():
    climber = Climber(ladder_of("full", FIDELITIES))
    assert climbed(climber, A, 0) == Train(A, "12", 0, 1)
    assert climbed(climber, A, 1) == Train(A, "12", 1, 3)
    assert climbed(climber, A, 2) == Train(A, "12", 3, 12)
    assert climbed(climber, B, 2) == Train(B, "12", 0, 12)


def test_another_schedule_is_a_fresh_run_after_a_drop():
    climber = Climber(ladder_of("full", FIDELITIES))
    climbed(climber, A, 2)
    assert climber.take(A, 3) == Drop(A)
    assert climber.queued() == Submit((Train(A, "200", 0, 200),))
    assert climber.queued() is None
    assert climber.take(B, 3) == Submit((Train(B, "200", 0, 200),))


def test_no_credit_after_a_drop_nor_downwards():
    climber = Climber(ladder_of(None, FIDELITIES))
    climbed(climber, A, 1)
    climber.drop([A, A, B])
    assert climber.queued() == Drop(A)
    assert climber.queued() is None
    assert climbed(climber, A, 2) == Train(A, "12", 0, 12)
    assert climbed(climber, A, 1) == Train(A, "12", 0, 3)


@pytest.mark.parametrize("kind", [Failed, Diverged])
def test_a_failure_counts_as_worst_and_leaves_the_older_checkpoint(kind):
    climber = Climber(ladder_of(None, FIDELITIES))
    climbed(climber, A, 1)
    (request,) = climber.take(A, 2).requests
    outcome = Failed("out of memory") if kind is Failed else Diverged(told(request).curve, Cost())
    assert climber.note(Ticket(1, request), outcome) == (A, 2, -np.inf)
    assert climber.take(A, 2) == Submit((Train(A, "12", 3, 12),))


def test_a_validation_that_is_no_number_counts_as_worst():
    climber = Climber(ladder_of(None, FIDELITIES))
    (request,) = climber.take(A, 0).requests
    assert climber.note(Ticket(0, request), told(request, float("nan"))) == (A, 0, -np.inf)


def test_a_repeated_rung_is_trained_afresh_and_asks_for_what_no_record_answers():
    ladder = repeated(ladder_of("12@12", FIDELITIES), 3, FIDELITIES)
    assert text(ladder) == "12@12, 12@12, 12@12"
    climber = Climber(ladder)
    assert [climbed(climber, A, rung) for rung in range(3)] == [
        Train(A, "12", 0, 12),
        Train(A, "12", 0, 12, (11, 12)),
        Train(A, "12", 0, 12, (10, 12)),
    ]
    assert climbed(climber, B, 1) == Train(B, "12", 0, 12)


@pytest.mark.parametrize(("ladder", "times", "message"), [("12@12", 0, "repeats is 0"), ("200@200", 2, "200@199")])
def test_repetitions_that_cannot_be_had(ladder, times, message):
    with pytest.raises(InputError, match=message):
        repeated(ladder_of(ladder, FIDELITIES), times, FIDELITIES)
