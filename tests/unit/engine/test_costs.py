import numpy as np
import pytest

import pmfnas
from pmfnas.core.types import Cost, Train
from pmfnas.engine.costs import CostModel
from pmfnas.testing.grid import GridSpace

SPACE = GridSpace((4, 4, 4))


def law_s(arch: tuple[int, ...]) -> float:
    return 2.0 + 3.0 * SPACE.flops_m(arch) + SPACE.params_m(arch)


def taught(n: int) -> CostModel:
    costs, rng = CostModel(SPACE), np.random.default_rng(0)
    for _ in range(n):
        arch = SPACE.sample(rng=rng)
        costs.tell(Train(arch, "12", 0, 3), Cost(3 * law_s(arch), 0.1 * law_s(arch)), 3)
    return costs


def test_nothing_is_known_at_first() -> None:
    assert not CostModel(SPACE).known
    assert CostModel(SPACE).seconds(Train((0, 0, 0), "12", 0, 3)) == 0.0


def test_a_linear_law_is_learnt() -> None:
    costs = taught(20)
    for arch in ((0, 0, 0), (1, 2, 3), (3, 3, 3)):
        assert costs.epoch_s(arch, "12") == pytest.approx(law_s(arch), rel=0.05)
        assert costs.seconds(Train(arch, "12", 3, 12)) == pytest.approx(9.1 * law_s(arch), rel=0.05)


def test_an_arch_keeps_its_own_figure_also_in_another_schedule() -> None:
    costs, arch = taught(20), (1, 1, 1)
    costs.tell(Train(arch, "12", 0, 3), Cost(300.0, 5.0), 3)
    assert costs.seconds(Train(arch, "12", 3, 12)) == pytest.approx(905.0)
    assert costs.epoch_s(arch, "200") == pytest.approx(100.0)


def test_a_schedule_may_be_slower_throughout() -> None:
    costs = taught(20)
    costs.tell(Train((1, 2, 3), "200", 0, 10), Cost(20 * law_s((1, 2, 3)), 0.0), 10)
    assert costs.epoch_s((0, 2, 0), "200") == pytest.approx(2 * law_s((0, 2, 0)), rel=0.1)


def test_senseless_costs_are_ignored() -> None:
    costs = CostModel(SPACE)
    costs.tell(Train((0, 0, 0), "12", 0, 3), Cost(float("nan"), 0.0), 3)
    costs.tell(Train((0, 0, 0), "12", 0, 3), Cost(10.0, 0.0), 0)
    assert not costs.known


def choices_s(arch):
    return 0.01 * arch.depth * arch.width / arch.batch


def test_without_a_cost_hint_the_choices_say_what_an_arch_takes() -> None:
    space = pmfnas.Choices(depth=[1, 2, 4, 8], width=[16, 32, 64, 128], batch=[8, 16, 32], lr=[0.1, 0.2, 0.3, 0.4])
    costs, rng = CostModel(space), np.random.default_rng(0)
    archs = [space.sample(rng=rng) for _ in range(60)]
    for arch in archs[:20]:
        costs.tell(Train(arch, "9", 0, 2), Cost(2 * choices_s(space.named(arch)), 0.0), 2)
    true = np.array([choices_s(space.named(arch)) for arch in archs[20:]])
    found = np.array([costs.epoch_s(arch, "9") for arch in archs[20:]])
    level = np.mean([choices_s(space.named(arch)) for arch in archs[:20]])
    assert np.abs(np.log(found / true)).mean() < 0.5 * np.abs(np.log(level / true)).mean()
    assert np.corrcoef(np.log(found), np.log(true))[0, 1] > 0.9


def test_every_segment_is_set_up() -> None:
    costs = CostModel(SPACE)
    costs.tell(Train((0, 0, 0), "12", 0, 3), Cost(3.0, 0.0, 4.0), 3)
    costs.tell(Train((1, 1, 1), "12", 0, 3), Cost(3.0, 0.0, 2.0), 3)
    assert costs.seconds(Train((0, 0, 0), "12", 3, 12)) == pytest.approx(9.0 + 3.0)
