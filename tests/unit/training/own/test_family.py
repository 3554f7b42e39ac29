"""Families of networks: what is refused and how, how they train, and how their archs are counted."""

import itertools

import numpy as np
import pytest

import pmfnas
from pmfnas.core.errors import InputError, UnavailableError

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")
nn = torch.nn

from pmfnas.core.types import Failed, Ok, Train  # noqa: E402
from pmfnas.training.benchmark import TrainingBenchmark  # noqa: E402
from pmfnas.training.own import pack as pack_module  # noqa: E402
from pmfnas.training.own.building import check_training, family_state, loaded, tensors_of  # noqa: E402
from pmfnas.training.own.counting import counted, step_memory  # noqa: E402
from pmfnas.training.own.family import family_of  # noqa: E402
from pmfnas.training.own.plan import FamilyPlan  # noqa: E402
from pmfnas.training.own.space import FamilySpace  # noqa: E402
from pmfnas.training.recipe import training_fidelities  # noqa: E402
from tests.support.training_runs import SIDE, TINY, tiny_session  # noqa: E402

SHARED = nn.Conv2d(3, 4, 3)
CALLS = itertools.count()


def network(arch, n_classes, image_shape, *, inner=None, last=None):
    """Return a small network with dropout and batch norm; `inner` and `last` are inserted."""
    convolution = nn.Conv2d(image_shape[0], arch.width, 3, bias=False)
    layers = [convolution, nn.BatchNorm2d(arch.width), nn.ReLU(), nn.Dropout(0.2), *([inner] if inner else [])]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(arch.width, n_classes), *([last] if last else [])]
    return nn.Sequential(*layers)


class Fine:
    choices = pmfnas.Choices(width=[4, 6, 8], lr=[0.01, 0.1], batch_size=[8, 16], augmentation=["none", "mirror+crop"])

    def build(self, arch, n_classes, image_shape):
        return network(arch, n_classes, image_shape)


def family(build=Fine.build, **choices):
    kind = type("Mine", (), {"choices": pmfnas.Choices(**choices) if choices else Fine.choices, "build": build})
    return family_of("Mine", kind())


def plan(build=Fine.build, arch=(0, 0, 0, 0)):
    return FamilyPlan(family(build), arch, 3, SIDE)


class Listed(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.first, self.rest = nn.Flatten(), [nn.Linear(3 * SIDE * SIDE, n_classes)]

    def forward(self, x):
        return self.rest[0](self.first(x))


class Remembering(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.layer, self.last = nn.Linear(3 * SIDE * SIDE, n_classes), torch.zeros(1)

    def forward(self, x):
        if self.training:
            self.last = self.last + 1
        return self.layer(x.flatten(1))


def wide(self, arch, n_classes, image_shape):
    return network(arch, 2 * n_classes, image_shape)


def shared(self, arch, n_classes, image_shape):
    return nn.Sequential(SHARED, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, n_classes))


def changing(self, arch, n_classes, image_shape):
    inner = nn.Conv2d(arch.width, arch.width, 1 + 2 * (next(CALLS) % 2))
    return network(arch, n_classes, image_shape, inner=inner)


FAULTS = {
    "no module": (lambda self, *a: (1, 2), r"build of width=4, .*returns \(1, 2\), a tuple, but must return a torch"),
    "wrong width": (wide, r"the network of width=4, .*gives outputs \(n, 6\), but must give \(n, 3\)"),
    "an error": (lambda self, arch, *a: arch.depth, r"build of width=4, .*arch has no choice 'depth'.*\(line \d+ of "),
    "shared": (shared, r"two networks of width=4, .*share the tensor 0\.weight"),
    "changing": (changing, r"build of width=4, .*gives another network when it is called again: 4\.weight is of shape"),
    "listed": (
        lambda self, arch, n, shape: Listed(n),
        r"keeps layers in a plain list, rest, where they are not trained",
    ),
    "softmax": (lambda self, a, n, s: network(a, n, s, last=nn.Softmax(1)), r"give logits: leave out the last softmax"),
    "no weights": (lambda self, a, n, s: nn.Sequential(nn.Flatten(), nn.AdaptiveAvgPool1d(n)), r"without a parameter"),
    "large kernel": (
        lambda self, a, n, s: network(a, n, s, inner=nn.Conv2d(4, 4, 99)),
        r"for images \(n, 3, 8, 8\) of",
    ),
    "memory of its own": (lambda self, a, n, s: Remembering(n), r"changes the tensor last while it trains.*'last', "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_network_of_no_use_is_refused_with_its_arch(fault):
    build, message = FAULTS[fault]
    with pytest.raises(UnavailableError, match=message) as caught:
        check_training([plan(build)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (object(), r"Mine\.choices is None, but must be pmfnas\.Choices"),
        (type("Mine", (), {"choices": Fine.choices})(), r"Mine has no build"),
        (type("M", (), {"choices": pmfnas.Choices(lr=[0.0, 0.1]), "build": 1})(), "no build"),
    ],
)
def test_a_class_that_is_no_family_is_refused(made, message):
    with pytest.raises(InputError, match=message):
        family_of("Mine", made)


@pytest.mark.parametrize(
    "choices",
    [{"lr": [0.0, 0.1]}, {"batch_size": [1, 8]}, {"weight_decay": [-1.0, 0.0]}, {"augmentation": ["all", "none"]}],
)
def test_a_setting_of_the_recipe_that_cannot_be_is_refused(choices):
    with pytest.raises(InputError, match=f"has {next(iter(choices))}=.*which sets the recipe and must be"):
        family(**choices)


def test_a_space_names_the_first_arch_that_cannot_be_built():
    def narrow(self, arch, n_classes, image_shape):
        return network(arch, n_classes if arch.width < 8 else 7, image_shape)

    with pytest.raises(InputError, match=r"--space Mine: the network of width=8, .*gives outputs \(n, 7\)"):
        FamilySpace(family(narrow), n_classes=3, image_size=SIDE)


def test_an_arch_sets_its_recipe():
    chosen = plan(arch=(0, 0, 1, 0)).recipe(TINY)
    assert (chosen.learning_rate, chosen.batch_size, chosen.flip, chosen.crop) == (0.01, 16, False, False)
    assert plan(arch=(0, 1, 0, 1)).recipe(TINY).crop


def test_torch_counts_parameters_and_multiply_adds():
    params, flops = counted(plan(arch=(1, 0, 0, 0)))
    assert params == 3 * 9 * 6 + 2 * 6 + 6 * 3 + 3
    assert flops == 3 * 9 * 6 * 6 * 6 + 6 * 3
    assert step_memory(plan(), 64) > step_memory(plan(), 8) > 8 * 4 * 6 * 6 * 4


def test_settings_of_the_recipe_leave_the_size_as_it_is():
    space = FamilySpace(family(), n_classes=3, image_size=SIDE)
    sizes = {space.params_m(arch) for arch in itertools.product(range(3), range(2), range(2), range(2))}
    assert sizes == {counted(plan(arch=(i, 0, 0, 0)))[0] / 1e6 for i in range(3)}
    assert space.largest[0] == 2


def test_sizes_of_a_large_space_are_close_to_the_counted_ones():
    def deep(self, arch, n_classes, image_shape):
        layers = [nn.Conv2d(3, arch.width, 3, padding=1)]
        layers += [nn.Conv2d(arch.width, arch.width, arch.kernel, padding=arch.kernel // 2) for _ in range(arch.depth)]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(arch.width, n_classes))

    mine = family(deep, depth=[1, 2, 3, 4], width=[4, 8, 12, 16, 24], kernel=[1, 3, 5])
    space, rng = FamilySpace(mine, n_classes=3, image_size=SIDE), np.random.default_rng(1)
    archs = [space.sample(rng=rng) for _ in range(12)]
    ratios = [space.flops_m(arch) * 1e6 / counted(space.plan(arch))[1] for arch in archs]
    assert np.median(np.abs(np.log(ratios))) < 0.15


def benchmark(folder, build=Fine.build, **changes):
    space = FamilySpace(family(build), n_classes=3, image_size=SIDE)
    return TrainingBenchmark(space, training_fidelities((4,)), 3, tiny_session(folder, **changes))


def test_a_training_from_a_checkpoint_equals_one_without_a_break(tmp_path):
    whole, parts = benchmark(tmp_path / "whole"), benchmark(tmp_path / "parts")
    curve, _ = whole.train(Train((0, 1, 0, 1), "4", 0, 4), 0)
    parts.train(Train((0, 1, 0, 1), "4", 0, 2), 0)
    rest, _ = parts.train(Train((0, 1, 0, 1), "4", 2, 4), 0)
    assert rest.train_loss.tolist() == curve.train_loss[2:].tolist()  # dropout draws the same
    key = whole.segment(0, Train((0, 1, 0, 1), "4", 0, 4), 0).key
    one, two = (b.session.checkpoints.load(key, 4) for b in (whole, parts))
    assert all(torch.equal(one.weights[name], two.weights[name]) for name in one.weights)
    assert one.statistics["1.num_batches_tracked"] == 20
    assert curve.train_loss[-1] < curve.train_loss[0]


def test_a_network_that_fails_in_training_costs_itself_only(tmp_path):
    class Odd(nn.Module):
        def forward(self, x):
            if self.training and len(x) > 4:
                raise RuntimeError("too many images")
            return x

    def odd(self, arch, n_classes, image_shape):
        return network(arch, n_classes, image_shape, inner=Odd() if arch.width == 4 else None)

    mine = benchmark(tmp_path, odd, width=2)
    for number, arch in enumerate([(0, 0, 0, 0), (1, 0, 0, 0)]):
        mine.session.begin(mine.segment(number, Train(arch, "4", 0, 1), 0))
    bad, good = mine.session.advance()
    assert isinstance(bad.outcome, Failed)
    assert "a training step of width=4" in bad.outcome.reason
    assert "too many images" in bad.outcome.reason
    assert isinstance(good.outcome, Ok)


def test_a_network_that_does_not_fit_fails_before_it_takes_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(pack_module, "free_memory", lambda: 1000)
    mine = benchmark(tmp_path)
    with pytest.raises(UnavailableError, match=r"the network of width=4, .*does not fit: .*of 8 images takes about"):
        mine.train(Train((0, 0, 0, 0), "4", 0, 1), 0)


def test_the_first_state_depends_on_the_seed_and_leaves_torchs_generator(tmp_path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, again, other = (family_state(plan(), seed).weights["0.weight"] for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)
    state = family_state(plan(), 1)
    assert all(
        torch.equal(t, {**state.weights, **state.statistics}[n]) for n, t in tensors_of(loaded(plan(), state)).items()
    )


def test_a_network_too_large_for_the_machine_is_named():
    def huge(self, arch, n_classes, image_shape):
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 10**15), nn.Linear(10**15, n_classes))

    with pytest.raises(UnavailableError, match=r"build of width=4, .*does not fit into memory"):
        check_training([plan(huge)])
