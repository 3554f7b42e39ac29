import numpy as np
import pytest

from pmfnas.engine.settings import Settings
from pmfnas.engine.stages import NO_PLAN, explore_is_over, gain_of_training, plan_refinement
from pmfnas.engine.transfer import FinalBelief, believe, condition

ARCHS = ((0,), (1,), (2,))
SETTINGS = Settings()
DRAWS = np.random.default_rng(0).standard_normal((4000, 8))


def belief(finals: list[tuple[int, float]], lift: tuple[float, ...] = (0.0, 0.0, 0.0)) -> FinalBelief:
    medium = (np.array([1.0, 0.98, 0.5]), np.diag([4e-4] * 3), 4e-4)
    return believe(ARCHS, medium, np.array(lift), finals, SETTINGS)


def test_conditioning_on_one_value_in_closed_form() -> None:
    mean, cov = condition(np.zeros(2), np.array([[4.0, 2.0], [2.0, 9.0]]), 1.0, [(0, 5.0)])
    assert mean == pytest.approx([4.0, 2.0])
    assert cov == pytest.approx(np.array([[0.8, 0.4], [0.4, 8.2]]))


def test_without_full_trainings_the_medium_order_holds_and_the_belief_shifts_it() -> None:
    assert belief([]).sorted().archs == ARCHS
    assert belief([], (0.0, 0.1, 0.0)).sorted().archs[0] == (1,)


def test_one_full_training_shifts_all_but_hardly_reorders() -> None:
    after = belief([(0, 3.0)])
    assert after.mean[0] == pytest.approx(3.0, abs=0.01)
    assert after.mean[1] == pytest.approx(2.98, abs=0.02)
    assert after.trained == {0}


def test_a_disappointing_full_training_hands_the_lead_over() -> None:
    after = belief([(0, 2.8), (1, 2.95), (2, 2.45)]).sorted()
    assert after.archs[0] == (1,)
    assert after.trained == {0, 1, 2}


def test_surprises_widen_the_residual() -> None:
    calm, wild = belief([(0, 3.0), (1, 2.98)]), belief([(0, 3.0), (1, 2.5)])
    assert wild.noise2 > 2.0 * calm.noise2


def test_training_those_who_may_win_gains_and_more_of_them_gain_more() -> None:
    one, two = gain_of_training(belief([]), [0], DRAWS), gain_of_training(belief([]), [0, 1], DRAWS)
    hopeless = gain_of_training(belief([]), [2], DRAWS)
    assert 0.0 < one < two
    assert hopeless < 0.1 * two


def test_the_plan_weighs_full_trainings_against_searching_on() -> None:
    seconds = [100.0, 100.0, 100.0]
    assert plan_refinement(belief([]), seconds, 1e4, 1.0, DRAWS) is NO_PLAN
    plan = plan_refinement(belief([]), seconds, 1e4, 1e-9, DRAWS)
    assert plan.n >= 2
    assert plan.seconds == 100.0 * plan.n
    assert plan_refinement(belief([]), seconds, 99.0, 1e-9, DRAWS) is NO_PLAN
    assert plan.latest_s(4) == 100.0


def test_exploring_ends_only_when_the_regions_promise_more() -> None:
    assert explore_is_over((2.0, 1.0), 1.5)
    assert not explore_is_over((1.0, 1.0), 1.5)
    assert not explore_is_over((0.0, 0.0), 1.5)
