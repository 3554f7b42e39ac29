import numpy as np
import pytest

from baselines.parts.evaluations import WORST, archs_of, evaluation, exhausted, worth
from pmfnas.core.types import Cancelled, Cost, Curve, Failed, Fidelity, Measured, Ok, Outcome, Stop, Submit, Train, Wait
from tests.support.evaluating import DIVERGED, curve, ok, ticket
from tests.support.fakes import A, B


def test_an_evaluation_trains_from_the_start_and_validates_at_the_end():
    assert evaluation(A, Fidelity("12", 6)) == Submit((Train(A, "12", 0, 6, (6,)),))


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (ok(70.5), 70.5),
        (DIVERGED, WORST),
        (Ok(curve(float("nan")), Cost()), WORST),
        (Ok(Curve(0, np.ones(3), np.ones(3)), Cost()), None),
        (Failed("crash"), None),
        (Cancelled(), None),
        (Measured(1.0, Cost()), None),
    ],
)
def test_what_an_outcome_is_worth(outcome: Outcome, expected: float | None):
    assert worth(outcome) == expected


def test_with_no_arch_left_what_runs_is_heard_before_the_end():
    assert isinstance(exhausted([]), Stop)
    assert exhausted([ticket(A)]) == Wait()


def test_archs_in_flight():
    assert archs_of([ticket(A), ticket(B, 1)]) == {A, B}
