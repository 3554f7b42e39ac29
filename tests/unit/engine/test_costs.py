import numpy as np
import pytest

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
