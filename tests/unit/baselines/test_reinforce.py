import numpy as np
import pytest

from baselines.reinforce import PATIENCE, Baseline, Policy, Reinforce
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Failed, Outcome
from pmfnas.testing.grid import GridSpace
from tests.support.evaluating import DIVERGED, asked, make, ok, ticket, walk


def log_probability(policy: Policy, arch: tuple[int, ...]) -> float:
    return float(np.log(policy.probabilities()[np.arange(len(arch)), arch]).sum())


def gradient(policy: Policy, arch: tuple[int, ...]) -> np.ndarray:
    """The gradient of log p(arch) by central differences, zero where no choice exists."""
    out = np.zeros(policy.logits.shape)
    for place in zip(*np.nonzero(np.isfinite(policy.logits)), strict=True):
        for sign in (1, -1):
            policy.logits[place] += sign * 1e-6
            out[place] += sign * log_probability(policy, arch) / 2e-6
            policy.logits[place] -= sign * 1e-6
    return out


def test_two_steps_of_adam_up_the_gradient_of_advantage_times_log_probability():
    policy = Policy((3, 2), 0.1, rng=stream(0, "test"))
    policy.logits[:, :2] += [[0.5, -0.3], [0.2, 0.9]]
    exists = np.isfinite(policy.logits)
    first = 2.0 * gradient(policy, (2, 0))
    start = policy.logits[exists]
    policy.learn((2, 0), 2.0)
    np.testing.assert_allclose(policy.logits[exists] - start, 0.1 * np.sign(first[exists]), rtol=1e-6)

    second = -0.5 * gradient(policy, (1, 1))
    start = policy.logits[exists]
    policy.learn((1, 1), -0.5)
    mean = (0.9 * 0.1 * first + 0.1 * second) / (1 - 0.9**2)
    square = (0.999 * 0.001 * first**2 + 0.001 * second**2) / (1 - 0.999**2)
    expected = 0.1 * mean[exists] / np.sqrt(square[exists])
    np.testing.assert_allclose(policy.logits[exists] - start, expected, rtol=1e-5)


def test_archs_are_drawn_with_the_policys_probabilities_and_never_a_choice_that_does_not_exist():
    policy, rng, n = Policy((4, 2), 0.1, rng=stream(0, "test")), stream(1, "test"), 4000
    policy.logits[0] = np.log([0.1, 0.2, 0.3, 0.4])
    policy.logits[1, :2] = np.log([0.75, 0.25])
    drawn = np.array([policy.draw(rng=rng) for _ in range(n)])
    for place, expected in ((0, [0.1, 0.2, 0.3, 0.4]), (1, [0.75, 0.25, 0.0, 0.0])):
        share = np.bincount(drawn[:, place], minlength=4) / n
        np.testing.assert_allclose(share, expected, atol=3.5 * np.sqrt(0.25 / n))
        assert share[np.array(expected) == 0].sum() == 0


def test_the_baseline_is_a_weighted_mean_of_what_was_seen():
    baseline, values, momentum = Baseline(0.9), [50.0, 80.0, 65.0], 0.9
    got = [baseline.update(value) for value in values]
    for n, average in enumerate(got, start=1):
        weights = momentum ** np.arange(n)[::-1]
        assert average == pytest.approx((weights * values[:n]).sum() / weights.sum())


def test_a_bandit_is_solved():
    policy, baseline, rng = Policy((4,), 0.05, rng=stream(0, "test")), Baseline(0.9), stream(1, "test")
    rewards = [10.0, 30.0, 60.0, 20.0]
    for _ in range(600):
        arch = policy.draw(rng=rng)
        policy.learn(arch, rewards[arch[0]] - baseline.update(rewards[arch[0]]))
    assert policy.probabilities()[0, 2] > 0.9


def test_it_climbs():
    searcher = make(Reinforce, GridSpace((5, 5, 5)), learning_rate=0.1)
    archs = walk(searcher, sum, 300)
    assert np.mean([sum(arch) for arch in archs[200:250]]) > np.mean([sum(arch) for arch in archs[:50]]) + 3


def test_a_converged_policy_draws_a_new_arch_when_patience_ends():
    searcher = make(Reinforce, GridSpace((4, 4)), learning_rate=50.0)
    archs = walk(searcher, sum, 16 * (PATIENCE + 2))
    assert len(set(archs)) == 16


def test_diverged_counts_as_the_lowest_reward_so_far_and_failed_teaches_nothing():
    def draws(*outcomes: Outcome) -> list[Arch]:
        searcher = make(Reinforce, GridSpace((3,) * 8), learning_rate=0.5)
        for choice, outcome in enumerate((ok(60.0), ok(40.0), *outcomes)):
            searcher.tell(ticket((choice % 3,) * 8), outcome)
        return [asked(searcher) for _ in range(50)]

    assert draws(DIVERGED) == draws(ok(40.0)) != draws(ok(0.0))
    assert draws(Failed("crash")) == draws() != draws(DIVERGED)


def test_diverged_before_any_reward_teaches_nothing():
    searcher = make(Reinforce, GridSpace((3, 3)))
    searcher.tell(ticket((0, 0)), DIVERGED)
    assert searcher.recommend() == ()
    assert len(asked(searcher)) == 2


def test_settings_are_checked():
    with pytest.raises(InputError, match=r"learning_rate is 0\.0, but must lie between 0 and 100"):
        make(Reinforce, GridSpace(), learning_rate=0.0)
    with pytest.raises(InputError, match=r"momentum is 1\.0, but must lie between 0 and 1"):
        make(Reinforce, GridSpace(), momentum=1.0)
