"""The forms for one arch must agree with those for many, from which tables and scores are made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.core.rng import trial_keys, trial_order
from pmfnas.core.types import arch_number, arch_numbers
from pmfnas.spaces.archs import sample_arch

CARDINALITIES = (5, 2, 8, 3)


@given(seed=st.integers(0, 2**70), number=st.integers(0, 2**63 - 1), n_trials=st.integers(1, 6))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_order_of_an_archs_trials_is_that_of_their_keys(seed: int, number: int, n_trials: int):
    keys = trial_keys(seed, "200", [number], n_trials)[0]
    assert trial_order(seed, "200", number, n_trials) == tuple(np.argsort(keys).tolist())


def test_the_number_of_an_arch_is_its_place_in_the_enumeration():
    archs = [tuple(int(i) for i in arch) for arch in np.ndindex(CARDINALITIES)]
    assert [arch_number(arch, CARDINALITIES) for arch in archs] == arch_numbers(archs, CARDINALITIES).tolist()


@pytest.mark.parametrize("arch", [(5, 0, 0, 0), (0, -1, 0, 0), (0, 0, 0), (0, 0, 0, 0, 0)])
def test_an_arch_of_another_space_has_no_number(arch: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"choice|shorter|longer"):
        arch_number(arch, CARDINALITIES)


@given(seed=st.integers(0, 2**32), n_choices=st.integers(1, 300), n_positions=st.integers(1, 9))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_positions_of_equal_size_take_the_same_draws_as_positions_drawn_apart(
    seed: int, n_choices: int, n_positions: int
):
    ours, apart = np.random.default_rng(seed), np.random.default_rng(seed)
    cardinalities = (n_choices,) * n_positions
    for _ in range(3):
        assert sample_arch(cardinalities, rng=ours) == tuple(apart.integers(0, np.asarray(cardinalities)).tolist())
    assert ours.bit_generator.state == apart.bit_generator.state
