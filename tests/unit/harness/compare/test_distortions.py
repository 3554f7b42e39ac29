"""A wrong uncertainty is wrong in what it says and in nothing else: means, stream and bookkeeping stay the same."""

import numpy as np
import pytest

from harness.compare.distortions import KINDS, SCALES, Distorting
from harness.players.ours import settings_of, with_settings
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Curve, FloatArray, Train
from pmfnas.engine.ladder import Level
from pmfnas.engine.model.transfer import FinalBelief
from pmfnas.engine.pool import Pool
from pmfnas.engine.ports import PredictorFactory, SearchPredictor
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.searcher import PmfNas
from pmfnas.engine.settings import Settings
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.searcher_checks import check_searcher
from pmfnas.testing.synthetic import SyntheticBenchmark

SPACE = GridSpace((5, 5, 5))
BENCHMARK = SyntheticBenchmark(SPACE)
N_EARLY, N_MEDIUM, N_FULL = 16, 10, 3
REST = list(range(N_EARLY, 60))


def curve(arch: Arch, schedule: str, stop: int) -> Curve:
    return BENCHMARK.train(Train(arch, schedule, 0, stop), 0)[0]


def taught(factory: PredictorFactory) -> tuple[SearchPredictor, Pool]:
    """A predictor that was told early curves, some of their medium scores, and a few full trainings."""
    rng = stream(3, "searcher")
    pool = Pool(SPACE, Settings(), rng=rng)
    predictor = factory(pool, Settings(), rng=rng)
    for place in range(N_EARLY):
        arch = pool.archs[place]
        pool.take(place)
        predictor.tell(arch, Level.LOW, curve(arch, "12", 3))
        if place < N_MEDIUM:
            predictor.tell(arch, Level.MEDIUM, curve(arch, "12", 12))
        if place < N_FULL:
            predictor.tell(arch, Level.HIGH, curve(arch, "200", 200))
    return predictor, pool


def asked(factory: PredictorFactory) -> tuple[list[tuple[FloatArray, FloatArray]], FinalBelief]:
    predictor, _ = taught(factory)
    unseen, early = predictor.posterior(REST), predictor.posterior(range(N_MEDIUM, N_EARLY))
    return [(found.mean, found.std) for found in (unseen, early)], predictor.final(8)


RIGHT, RIGHT_FINAL = asked(Predictor)


@pytest.mark.parametrize("kind", KINDS)
def test_means_stay_and_stds_change(kind: str) -> None:
    wrong, final = asked(Distorting(kind))
    for (mean, std), (right_mean, right_std) in zip(wrong, RIGHT, strict=True):
        assert mean == pytest.approx(right_mean)
        assert (np.abs(std / right_std - 1.0) > 1e-6).mean() > 0.5
    assert final.archs == RIGHT_FINAL.archs
    assert final.mean == pytest.approx(RIGHT_FINAL.mean)
    assert final.noise2 == pytest.approx(RIGHT_FINAL.noise2)
    assert (np.abs(final.std / RIGHT_FINAL.std - 1.0) > 1e-6).mean() > 0.5


@pytest.mark.parametrize(("kind", "scale"), SCALES.items())
def test_a_scale_multiplies_every_std_and_the_whole_covariance(kind: str, scale: float) -> None:
    wrong, final = asked(Distorting(kind))
    for (_, std), (_, right) in zip(wrong, RIGHT, strict=True):
        assert std == pytest.approx(scale * right)
    assert final.joint == pytest.approx(scale**2 * RIGHT_FINAL.joint)
    assert final.medium_cov == pytest.approx(scale**2 * RIGHT_FINAL.medium_cov)


def test_a_constant_is_the_mean_and_keeps_correlations() -> None:
    (unseen, early), final = asked(Distorting("constant"))
    assert np.ptp(unseen[1]) == pytest.approx(0.0)
    assert RIGHT[0][1].min() < unseen[1][0] < RIGHT[0][1].max()
    assert early[1] == pytest.approx(np.full(len(early[1]), RIGHT[1][1].mean()))
    assert final.std == pytest.approx(np.full(len(final.std), RIGHT_FINAL.std.mean()))
    assert _correlations(final.joint) == pytest.approx(_correlations(RIGHT_FINAL.joint))
    assert _correlations(final.medium_cov) == pytest.approx(_correlations(RIGHT_FINAL.medium_cov))


def test_the_constant_of_one_arch_is_that_of_many() -> None:
    predictor, _ = taught(Distorting("constant"))
    many = predictor.posterior(REST).std
    assert [predictor.posterior([place]).std[0] for place in REST] == pytest.approx(list(many))


def test_shuffling_hands_out_the_same_stds_to_others() -> None:
    wrong, final = asked(Distorting("shuffled"))
    for (_, std), (_, right) in zip(wrong, RIGHT, strict=True):
        assert np.sort(std) == pytest.approx(np.sort(right))
    assert np.sort(final.std) == pytest.approx(np.sort(RIGHT_FINAL.std))
    assert _correlations(final.joint) == pytest.approx(_correlations(RIGHT_FINAL.joint))


@pytest.mark.parametrize("kind", KINDS)
def test_covariances_stay_positive(kind: str) -> None:
    _, final = asked(Distorting(kind))
    for cov in (final.joint, final.medium_cov):
        assert np.linalg.eigvalsh(cov).min() > -1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_the_draws_spread_as_the_scale_says(kind: str) -> None:
    scale = SCALES.get(kind, 1.0)
    right, wrong, sure = (_draws(Predictor, 1.0), _draws(Distorting(kind), 1.0), _draws(Distorting(kind), 0.0))
    assert np.abs(right - sure).max() > 0.1
    assert wrong - sure == pytest.approx(scale * (right - sure))


def _draws(factory: PredictorFactory, spread: float) -> FloatArray:
    """Return draws of Thompson sampling, a row per arch."""
    return taught(factory)[0].paths(np.array(REST), 5, spread=spread)


@pytest.mark.parametrize("kind", KINDS)
def test_regions_reach_as_far_as_the_scale_says(kind: str) -> None:
    right, wrong = (taught(factory)[0].screen(np.array(REST), 20) for factory in (Predictor, Distorting(kind)))
    assert wrong.places.tolist() == right.places.tolist()
    assert wrong.std == pytest.approx(SCALES.get(kind, 1.0) * right.std)


def test_a_shuffle_is_drawn_once_per_answer_and_only_where_it_is_read() -> None:
    predictor, _ = taught(Distorting("shuffled"))
    read = predictor.posterior(REST)
    assert read.std.tolist() == read.std.tolist()
    again, other = taught(Distorting("shuffled"))[0], predictor.posterior(REST).std
    assert again.posterior(REST).mean == pytest.approx(read.mean)  # its std is not read: no shuffle is drawn
    assert again.posterior(REST).std.tolist() == read.std.tolist() != other.tolist()


@pytest.mark.parametrize("kind", ["doubled", "shuffled"])
def test_the_rules_of_searchers_are_kept(kind: str) -> None:
    bad = [str(r) for r in check_searcher(with_settings(PmfNas, predictor=Distorting(kind))) if str(r)[:2] != "ok"]
    assert bad == []


def test_the_predictor_handed_in_is_a_setting_and_our_own_is_none() -> None:
    assert list(settings_of(PmfNas)) == ["settings"]
    assert settings_of(with_settings(PmfNas, predictor=Distorting("halved")))["predictor"] == (
        {"class": "Distorting", "kind": "halved"}
    )


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match=r"kind is 'wild', but must be one of: halved, doubled, constant, shuffled"):
        Distorting("wild")


def _correlations(cov: FloatArray) -> FloatArray:
    std = np.sqrt(np.diag(cov))
    return np.asarray(cov / np.outer(std, std))
