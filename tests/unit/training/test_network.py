"""The fused network against a plain one, alone and packed."""

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.spaces import space_for
from pmfnas.training.blueprint import blueprint, footprint
from pmfnas.training.recipe import NB201, Recipe

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from pmfnas.training.network import Network  # noqa: E402
from pmfnas.training.pack import Pack  # noqa: E402
from pmfnas.training.state import initial_state  # noqa: E402
from tests.support.plain_network import size_network, take_weights, topology_network, train_plainly  # noqa: E402

SMALL = Recipe(channels=(4, 8, 16), cells_per_stage=2)
CPU = torch.device("cpu")
ARCHS = ((3, 3, 1, 3, 1, 3), (2, 0, 4, 1, 3, 2), (0, 0, 0, 0, 0, 0), (4, 4, 4, 4, 4, 4), (1, 2, 0, 3, 0, 4))
RATES = [0.1, 0.09, 0.05, 0.02]


def batches(seed, *, n=8, side=8, dtype=torch.float64):
    rng = np.random.default_rng(seed)
    return [
        (torch.from_numpy(rng.normal(size=(n, 3, side, side))).to(dtype), torch.from_numpy(rng.integers(10, size=n)))
        for _ in RATES
    ]


def plan_of(arch, recipe=SMALL, space="nb201"):
    return blueprint(space, arch, recipe, n_classes=10)


def pack_of(archs, *, dtype=torch.float64, space="nb201"):
    plans = [plan_of(arch, space=space) for arch in archs]
    states = [initial_state(plan, 100 + i, dtype=dtype) for i, plan in enumerate(plans)]
    return Pack(plans, states, SMALL, CPU), states


def train(pack, data, rates=None):
    """Return losses (n_steps, n_candidates); `data` holds each candidate's batches, `rates` its learning rates."""
    rates = rates or [RATES] * len(data)
    losses = []
    for step in range(len(RATES)):
        images = torch.cat([candidate[step][0] for candidate in data], dim=1)
        labels = torch.stack([candidate[step][1] for candidate in data], dim=1)
        rate = torch.tensor([candidate[step] for candidate in rates], dtype=images.dtype)
        losses.append(pack.step(images, labels, rate)[0].tolist())
    return np.array(losses)


def test_parameters_of_the_modules_are_those_counted():
    for arch in ARCHS:
        plan = plan_of(arch, NB201)
        with torch.device("meta"):
            network = Network([plan])
        assert sum(p.numel() for p in network.parameters()) == footprint(plan, 32)[0]


def test_the_plain_network_has_the_published_parameters_too():
    space = space_for("nb201", n_classes=10, image_size=32)
    sizes = space_for("nats-sss", n_classes=10, image_size=32)
    for arch in ARCHS:
        plain = topology_network(space.format(arch))
        assert sum(p.numel() for p in plain.parameters()) / 1e6 == space.params_m(arch)
    plain = size_network("8:64:24:16:40")
    assert sum(p.numel() for p in plain.parameters()) / 1e6 == sizes.params_m(sizes.parse("8:64:24:16:40"))


@pytest.mark.parametrize("arch", ARCHS)
def test_gradient_steps_equal_those_of_the_plain_network(arch):
    pack, (state,) = pack_of([arch])
    space = space_for("nb201", n_classes=10, image_size=8)
    plain = topology_network(space.format(arch), SMALL.channels, SMALL.cells_per_stage).double()
    take_weights(plain, state)
    data = batches(1)
    np.testing.assert_allclose(train(pack, [data])[:, 0], train_plainly(plain, data, rates=RATES), rtol=0, atol=1e-10)
    for ours, theirs in zip(pack.states(1)[0].weights.values(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.reshape(theirs.shape), theirs.detach(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("text", ["8:16:24:8:40", "8:8:8:8:8"])
def test_gradient_steps_of_the_size_space_equal_those_of_the_plain_network(text):
    arch = space_for("nats-sss", n_classes=10, image_size=8).parse(text)
    pack, (state,) = pack_of([arch], space="nats-sss")
    plain = size_network(text).double()
    take_weights(plain, state)
    data = batches(2)
    np.testing.assert_allclose(train(pack, [data])[:, 0], train_plainly(plain, data, rates=RATES), rtol=0, atol=1e-10)


def test_the_networks_answer_alike_after_training():
    arch = ARCHS[0]
    pack, (state,) = pack_of([arch])
    plain = topology_network(
        space_for("nb201", n_classes=10, image_size=8).format(arch), SMALL.channels, SMALL.cells_per_stage
    ).double()
    take_weights(plain, state)
    data = batches(3)
    train(pack, [data])
    train_plainly(plain, data, rates=RATES)
    images = batches(4)[0][0]
    with torch.no_grad():
        torch.testing.assert_close(pack.predict(images)[:, 0], plain.eval()(images), rtol=0, atol=1e-10)


def test_a_packed_candidate_trains_as_it_does_alone():
    data = [batches(10 + i) for i in range(len(ARCHS))]
    rates = [[rate * (1 + i) / 3 for rate in RATES] for i in range(len(ARCHS))]
    pack, states = pack_of(ARCHS)
    packed = train(pack, data, rates)
    after = pack.states(1)
    for i, arch in enumerate(ARCHS):
        alone = Pack([plan_of(arch)], [states[i]], SMALL, CPU)
        np.testing.assert_allclose(packed[:, [i]], train(alone, data[i : i + 1], rates[i : i + 1]), rtol=0, atol=1e-8)
        (expected,) = alone.states(1)
        for field in ("weights", "momentum", "statistics"):
            torch.testing.assert_close(getattr(after[i], field), getattr(expected, field), rtol=0, atol=1e-8)


def test_candidates_of_every_operation_can_share_an_edge():
    archs = [tuple((i + edge) % 5 for edge in range(6)) for i in range(5)]
    data = [batches(30 + i) for i in range(5)]
    pack, states = pack_of(archs)
    packed = train(pack, data)
    for i, arch in enumerate(archs):
        alone = Pack([plan_of(arch)], [states[i]], SMALL, CPU)
        np.testing.assert_allclose(packed[:, [i]], train(alone, data[i : i + 1]), rtol=0, atol=1e-8)


def test_a_candidate_that_diverges_does_not_touch_the_others():
    data = [batches(20), batches(21)]
    pack, states = pack_of(ARCHS[:2])
    losses = train(pack, data, [[float("inf")] * len(RATES), RATES])
    assert np.isnan(losses[-1, 0])
    alone = Pack([plan_of(ARCHS[1])], [states[1]], SMALL, CPU)
    np.testing.assert_allclose(losses[:, [1]], train(alone, data[1:]), rtol=0, atol=1e-8)


def test_states_can_be_repacked_at_any_time():
    data = [batches(40), batches(41)]
    whole, _ = pack_of(ARCHS[:2], dtype=torch.float32)
    data = [[(x.float(), y) for x, y in candidate] for candidate in data]
    train(whole, data)
    kept = whole.states(1)
    assert [state.epoch for state in kept] == [1, 1]
    again = Pack([plan_of(arch) for arch in ARCHS[:2]], kept, SMALL, CPU)
    np.testing.assert_array_equal(train(again, data), train(whole, data))
    for ours, theirs in zip(again.states(1), whole.states(2), strict=True):
        assert ours.epoch == theirs.epoch == 2
        torch.testing.assert_close(ours.weights, theirs.weights, rtol=0, atol=0)


def test_first_weights_depend_on_the_seed_alone():
    plan = plan_of(ARCHS[0])
    first, again, other = initial_state(plan, 777), initial_state(plan, 777), initial_state(plan, 888)
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert not torch.equal(first.weights["stem.weight"], other.weights["stem.weight"])
    bound = 1 / np.sqrt(27)
    assert float(first.weights["stem.weight"].abs().max()) <= bound
    assert float(first.weights["stem.weight"].std()) == pytest.approx(bound / np.sqrt(3), rel=0.2)


def test_networks_with_other_widths_are_not_packed():
    with pytest.raises(InputError, match="share a frame"):
        Network([plan_of((0,) * 5, space="nats-sss"), plan_of((1,) * 5, space="nats-sss")])
    with pytest.raises(InputError, match="share a frame"):
        Network([])
