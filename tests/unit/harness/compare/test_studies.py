"""Studies are made from what the engine declares; every variant differs from the default in one thing."""

from dataclasses import dataclass, fields, replace

import pytest

from harness.compare.distortions import Distorting
from harness.compare.studies import STUDIES, ablation, sensitivity, smoke, swept, uncertainty
from harness.experiment.jobs import jobs
from harness.players.ours import REFERENCE, settings_of
from pmfnas.core.errors import InputError
from pmfnas.engine.searcher import PmfNas
from pmfnas.engine.settings import PARTS, Settings


@dataclass(frozen=True)
class _Toy:
    share: float = 0.8
    rounds: int = 5
    one: int = 1
    grid: tuple[float, ...] = (1.0, 3.0)
    sizes: tuple[int, ...] = (1, 4)
    zero: float = 0.0
    name: str = "gp"
    on: bool = True
    parts: frozenset[str] = frozenset()
    mixed: tuple[object, ...] = (1.0, "a")

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InputError(f"share is {self.share}, but must be in (0, 1)")


def test_numbers_are_halved_and_doubled_and_nothing_else_changes() -> None:
    changes, _ = swept(_Toy())
    values = {(c.setting, c.kind): getattr(c.settings, c.setting) for c in changes}
    assert values == {
        ("share", "halved"): 0.4,
        ("rounds", "halved"): 2,
        ("rounds", "doubled"): 10,
        ("one", "doubled"): 2,
        ("grid", "halved"): (0.5, 1.5),
        ("grid", "doubled"): (2.0, 6.0),
        ("sizes", "halved"): (1, 2),
        ("sizes", "doubled"): (2, 8),
    }
    assert all(isinstance(values["rounds", kind], int) for kind in ("halved", "doubled"))
    for change in changes:
        assert replace(change.settings, **{change.setting: getattr(_Toy(), change.setting)}) == _Toy()
    assert {(c.setting, c.kind): c.written for c in changes}["grid", "halved"] == "(1, 3) -> (0.5, 1.5)"


def test_what_cannot_be_varied_is_named_with_the_reason() -> None:
    _, unvaried = swept(_Toy())
    assert unvaried == {
        "share doubled": "refused: share is 1.6, but must be in (0, 1)",
        "one halved": "1 stays 1",
        "zero halved": "0.0 stays 0.0",
        "zero doubled": "0.0 stays 0.0",
        "name": "str, not a number",
        "on": "bool, not a number",
        "parts": "frozenset, not a number",
        "mixed": "tuple, not a number",
    }


def test_the_ablation_leaves_each_part_out_once() -> None:
    study = ablation()
    assert [variant.subject for variant in study.variants] == list(PARTS)
    for variant in study.variants:
        settings = variant.factory.keywords["settings"]
        assert settings == Settings(without=frozenset({variant.subject}))
    assert dict(study.n_seeds) == {10_800.0: 60, 30_600.0: 60, 122_400.0: 20}
    assert study.datasets == ("cifar10", "cifar100", "ImageNet16-120")


def test_the_sensitivity_study_covers_every_setting() -> None:
    study = sensitivity()
    covered = {variant.subject for variant in study.variants} | {name.split()[0] for name in study.unvaried}
    assert covered == {field.name for field in fields(Settings)}
    default = Settings()
    for variant in study.variants:
        settings = variant.factory.keywords["settings"]
        changed = [f.name for f in fields(Settings) if getattr(settings, f.name) != getattr(default, f.name)]
        assert changed == [variant.subject]
    assert dict(study.n_seeds) == {30_600.0: 20}


def test_the_uncertainty_is_made_wrong_in_four_ways() -> None:
    study = uncertainty()
    assert [variant.name for variant in study.variants] == ["std_halved", "std_doubled", "std_constant", "std_shuffled"]
    assert len({variant.subject for variant in study.variants}) == 4  # a row of the figure each
    for variant in study.variants:
        assert variant.factory.keywords == {"predictor": Distorting(variant.name.removeprefix("std_"))}
    assert dict(study.n_seeds) == {10_800.0: 60, 30_600.0: 60}


@pytest.mark.parametrize("make", STUDIES.values(), ids=STUDIES)
def test_a_study_is_one_experiment_per_budget_with_the_full_searcher_in_it(make) -> None:
    study = make()
    names = [variant.name for variant in study.variants]
    assert len(set(names)) == len(names)
    for experiment, (budget_s, n_seeds) in zip(study.experiments(), study.n_seeds.items(), strict=True):
        assert (experiment.budget_s, experiment.n_seeds, experiment.first_seed) == (budget_s, n_seeds, 1000)
        assert experiment.searchers == (REFERENCE, *names)
        assert experiment.players[REFERENCE] is PmfNas
        assert experiment.stream == REFERENCE  # common random numbers
        assert len(jobs(experiment)) == (1 + len(names)) * 3 * n_seeds
    written = [str(settings_of(study.players[name])) for name in study.players]
    assert len(set(written)) == len(written)


@pytest.mark.parametrize("make", STUDIES.values(), ids=STUDIES)
def test_the_smoke_form_is_small_and_keeps_every_variant(make) -> None:
    study, small = make(), smoke(make())
    assert [v.name for v in small.variants] == [v.name for v in study.variants]
    assert sum(small.n_seeds.values()) <= 4
    assert max(small.n_seeds) < 8_000
