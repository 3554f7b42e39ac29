import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.training.recipe import NB201, learning_rate, training_fidelities, trial_seeds


def test_the_rate_falls_from_a_tenth_along_a_cosine_to_zero():
    rates = [learning_rate(NB201, step, 12 * 98) for step in range(12 * 98 + 1)]
    assert rates[0] == 0.1
    assert rates[6 * 98] == pytest.approx(0.05)
    assert rates[-1] == pytest.approx(0.0, abs=1e-12)
    assert (np.diff(rates) < 0).all()


def test_schedules_are_named_by_their_epochs_and_validate_everywhere():
    fidelities = training_fidelities((12, 200))
    assert [s.name for s in fidelities.schedules] == ["12", "200"]
    assert fidelities["12"].validation_epochs == frozenset(range(1, 13))
    for wrong in ((), (0,), (12, 12), (200, 12)):
        with pytest.raises(InputError, match="schedules are"):
            training_fidelities(wrong)


def test_trials_have_the_published_seeds():
    assert trial_seeds(12) == (111, 777)
    assert trial_seeds(200) == (777, 888, 999)
