"""The predictor: what an arch will score, and how sure that is.

One Gaussian process over the medium scores, which early curves inform too: what an early curve lets expect at the
medium level is an observation with more noise.

    arch alone      its posterior                                                -> whom to start
    + early curve   the same, the arch's own early curve being one of them       -> whom to continue
    + medium score  posterior of the true score, carried to the end (`transfer`) -> whom to probe, to finish, to pick

Isomorphs and replicates share their truth; each trial adds its own noise. Scores are log odds, centred on their
median and compressed below it, so that the model spends its accuracy among the good.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import Arch, Curve, FloatArray
from pmfnas.engine.ladder import Level
from pmfnas.engine.model import curves
from pmfnas.engine.model.arrays import highest
from pmfnas.engine.model.capacity import CapacityBelief
from pmfnas.engine.model.gp import GaussianProcess, Hyper, choose
from pmfnas.engine.model.kernel import Kernel
from pmfnas.engine.model.paths import Paths
from pmfnas.engine.model.regression import Prior, Regression
from pmfnas.engine.model.rows import Rows
from pmfnas.engine.model.transfer import FULL, PROBE, FinalBelief, Sighting, believe
from pmfnas.engine.ports import Features, News, Posterior, Promises, Screened, Standing
from pmfnas.engine.settings import Settings

_FEW = 3
"""Medium scores before the likelihood is asked for hyperparameters, and before they set the scale alone."""
_LEAST_NOISE2 = 1e-8
"""Floor of the trial noise (log odds, squared): where all scores are equal it would vanish."""
_LEADERS = 5
"""Best archs that are named after hyperparameters were chosen."""
_NEWCOMERS = 5
"""Archs without a sighting among the candidates of stage 3, however many have one."""
_EARLY = Prior((0.0, 0.35, 0.35), (1e3, 0.25, 0.25), 0.2)
"""Declared: the medium score from validation and training accuracy at the low level, log odds. Its level is free."""
_CALIBRATED = 4.0
"""Weight of the prior that forecasts miss by as much as they say, in scores."""
_TURNS = 4
"""How often the scale of the process and the noise of early curves are found in turns."""
_WORST = -7.0
"""Log odds below every score."""


class Predictor:
    """Learns from curves; predicts archs never trained, archs with an early curve, and final scores.

    Fills `pmfnas.engine.ports.SearchPredictor`.
    """

    def __init__(self, archs: Features, settings: Settings, *, rng: np.random.Generator) -> None:
        self._known, self._settings = archs, settings
        rough = settings.roughness[len(settings.roughness) // 2]
        kernel = Kernel(settings.lengths[len(settings.lengths) // 2], settings.linear, settings.constant)
        share = settings.noise_share
        self._gp = GaussianProcess(Hyper(kernel, rough * (1.0 - share), rough * share), archs.x.shape[1])
        self._paths = Paths(archs.x.shape[1], settings.n_waves, rng=rng)
        self._hint = Regression(_EARLY)
        self._rows = Rows(len(_EARLY.weights))  # one per row of the process
        self._centre = 0.0  # median score
        self._cut = np.empty(0)  # (n,) how far each score lies below its target, at most 0
        self._curves: set[tuple[int, bytes]] = set()
        self._early: dict[Arch, FloatArray] = {}
        self._sightings: list[Sighting] = []
        self._promise: FloatArray | None = None
        self._standing: Standing | None = None
        self._is_aimed = True
        self._capacity = CapacityBelief(settings)
        self._calibration = 1.0  # how many times its std the process missed by
        self._fitted_at = 0
        self._least = -np.inf  # promise of the last candidate of `final`

    # -- what is told ------------------------------------------------------------------------------------

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> News:
        """Learn from a curve that ended at `level`, or from a training that diverged (None): it counts as the worst."""
        if curve is None:
            return News(finals=True, leaders=self._add(arch, -np.inf))
        if level is Level.MEDIUM:
            return self._tell_medium(arch, curve)
        if level is Level.LOW:
            return self._tell_early(arch, curves.features(curve))
        if level is Level.PROBE:
            self._sight(arch, PROBE, self._settings.probe_slope * curves.minus_log_loss(curve))
        else:
            self._sight(arch, FULL, curves.score(curve))
        return News(finals=True)

    def _tell_early(self, arch: Arch, early: FloatArray) -> News:
        """Learn from an early curve, as from a noisy medium score."""
        self._early[arch] = early
        if not np.isfinite(early[curves.ACCURACIES]).any():
            return News()
        self._add(arch, np.nan)
        if len(self._early) <= self._settings.explore_low:  # later ones are no cover of the space
            hinted = np.flatnonzero(self._rows.is_early)
            scores = self._rows.hints[hinted] @ self._hint.weights
            self._capacity.tell_early(scores, self._known.capacity[self._rows.places[hinted]])
        return News()

    def _tell_medium(self, arch: Arch, curve: Curve) -> News:
        """Learn from a medium score; a copy of an isomorph's trial counts once.

        A score too low for its arch to join the candidates leaves the belief about them as it is.
        """
        identity = (self._known.number(arch), curve.train_loss.tobytes() + curve.valid_acc.tobytes())
        leaders: tuple[Arch, ...] = ()
        if identity not in self._curves:
            self._curves.add(identity)
            leaders = self._add(arch, curves.score(curve))
        return News(bool(leaders) or not self.promise[-1] < self._least, leaders)

    def _sight(self, arch: Arch, kind: int, value: float) -> None:
        if np.isfinite(value):
            self._sightings.append(Sighting(arch, kind, value))

    def _add(self, arch: Arch, score: float) -> tuple[Arch, ...]:
        """Add a row; choose hyperparameters again if enough was told, and return the leaders then.

        Args:
            arch: of the row.
            score: of the medium level, NaN where an early curve was told.
        """
        place, early = self._known.place(arch), self._early.get(arch, np.full(curves.N_FEATURES, np.nan))
        hint = _hint(early[curves.ACCURACIES])
        self._gp.add(self._known.x[place], self._known.number(arch), self._early_noise if np.isnan(score) else 0.0)
        self._rows.add(arch, place, score, hint if np.isnan(score) else np.full_like(hint, np.nan), early[curves.LOSS])
        if np.isfinite(score) and np.isfinite(hint).all():
            self._hint.tell(hint, score)
        self._change()
        self._is_aimed = False
        if not np.isnan(score):
            self._weigh_capacity()
        n = len(self._gp)
        if len(self._rows.told) < _FEW or n < self._fitted_at * self._settings.refit_growth:
            return ()
        return self._refit()

    def _refit(self) -> tuple[Arch, ...]:
        """Choose hyperparameters and how much early curves tell; return the best archs by true medium score."""
        self._forget()
        self._process.extra = np.where(self._rows.is_early, self._early_noise, 0.0)
        self._gp.set_hyper(choose(self._process, self._settings.lengths, self._settings.roughness))
        self._gp.set_targets(self._gp.y)
        self._change()
        self._paths.forget()
        self._fitted_at = len(self._gp)
        told = self._rows.told
        mean, variance = self._gp.left_out()
        miss2 = np.minimum((self._gp.y - mean)[told] ** 2 / variance[told], 9.0)
        self._calibration = float(np.sqrt((miss2.sum() + _CALIBRATED) / (len(told) + _CALIBRATED)))
        best = told[np.argsort(-self._gp.smoothed()[told], kind="stable")]
        return tuple(self._rows.archs[row] for row in best[:_LEADERS])

    # -- what is asked -----------------------------------------------------------------------------------

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short."""
        if self._standing is None:
            best = float(self.promise.max(initial=_WORST))
            self._standing = Standing(best, self._centre, self.trial_noise2, self._capacity.slope)
        return self._standing

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the promises of archs without a medium score; an early curve counts where one was told."""
        at = np.asarray(places, dtype=np.int64)
        mean, std = self._process.marginal(self._known.x[at])
        lift = self._capacity.lift(self._known.capacity[at])
        return Promises(mean + self._centre + lift, std * self._calibration)

    def screen(self, places: NDArray[np.int64], n: int) -> Screened:
        """Return the `n` archs of the best mean promises among archs never trained."""
        mean = self._process.mean(self._known.x[places]) + self._capacity.lift(self._known.capacity[places])
        best = highest(mean, n)
        return Screened(places[best], mean[best], self._gp.marginal(self._known.x[places[best]])[1])

    def final(self, n: int) -> FinalBelief:
        """Return the belief about the final scores of the `n` best archs with a medium score, best first."""
        kept = self._best_rows(n)
        archs = tuple(self._rows.archs[i] for i in kept)
        mean, cov = self._process.truth(self._gp.x[kept], self._gp.classes[kept])
        capacity = (self._known.capacity[self._rows.places[kept]], self._capacity.kappa)
        seen = [s for s in self._sightings if s.arch in archs]
        mean = mean + self._cut[kept] + self._centre
        belief = believe(archs, (mean, cov, self.trial_noise2), capacity, seen, self._settings)
        if seen:
            self._capacity.tell_finals(belief.kappa)
            self._change()
        self._least = belief.promise.min() if len(archs) >= n else -np.inf
        return belief

    def paths(self, places: NDArray[np.int64], n: int, *, spread: float = 1.0) -> FloatArray:
        """Return `n` joint draws of the promises of archs never trained, (n_places, n), up to scale and level."""
        gp = self._process
        lift = self._capacity.lift(self._known.capacity[places]) / np.sqrt(gp.scale2)
        return np.asarray(self._paths.draw(gp, self._known.x, places, n, spread=spread) + lift[:, None])

    # -- inside ------------------------------------------------------------------------------------------

    @property
    def trial_noise2(self) -> float:
        """Variance of one medium trial's noise, in log odds: the estimate, drawn half-way to the prior."""
        if len(self._rows.told) < _FEW:
            return self._settings.noise_prior**2
        estimate = max(self._process.hyper.noise * self._gp.scale2, _LEAST_NOISE2)
        return float(np.sqrt(estimate) * self._settings.noise_prior)

    @property
    def promise(self) -> FloatArray:
        """Posterior means of the medium scores told, belief included, (n,); -inf of the diverged and early curves."""
        if self._promise is None:
            lift = self._capacity.lift(self._known.capacity[self._rows.places])
            truth = self._process.smoothed() + self._cut + self._centre + lift
            self._promise = np.where(self._rows.is_early, -np.inf, truth)
        return self._promise

    @property
    def _process(self) -> GaussianProcess:
        """The process, aimed at all that was told."""
        if not self._is_aimed:
            self._aim()
        return self._gp

    @property
    def _early_noise(self) -> float:
        """Noise of what an early curve lets expect, in units of the smooth variance; never more than 1."""
        return min(self._hint.noise2 / max(self._gp.scale2, 1e-12), 1.0)

    def _best_rows(self, n: int) -> list[int]:
        """Return a row per arch: those with a sighting, and the best others, `n` in all and a few new ones at least.

        An arch of which any training diverged is not among them.
        """
        rows, lost, sighted = self._rows, self._rows.diverged, {s.arch for s in self._sightings}
        kept = {rows.archs[i]: int(i) for i in rows.told if rows.archs[i] in sighted - lost}
        n = max(n, len(kept) + _NEWCOMERS)
        for i in np.argsort(-self.promise, kind="stable"):
            if len(kept) >= n or self.promise[i] == -np.inf:
                break
            if rows.archs[i] not in lost:
                kept.setdefault(rows.archs[i], int(i))
        return list(kept.values())

    def _change(self) -> None:
        """Forget answers that what was told, or new hyperparameters, may have changed."""
        self._promise = self._standing = None

    def _aim(self) -> None:
        """Hand the scores to the process as targets: centred on their median and compressed below it."""
        rows, is_early, n_medium = self._rows, self._rows.is_early, len(self._rows.told)
        scores = np.where(is_early, rows.hints @ self._hint.weights, rows.scores)
        finite = scores[np.isfinite(scores) & (~is_early | (n_medium < _FEW))]
        self._centre = _median(finite)
        best = float(finite.max(initial=self._centre))
        # where the best are many, the spread is that of all
        spread = best - self._centre if best > self._centre else float(finite.std()) if len(finite) else 0.0
        below = np.minimum((scores - self._centre) / max(spread, 1e-9), 0.0)
        bend = self._settings.bend
        soft = np.maximum(scores - self._centre, 0.0) + spread * bend * np.expm1(below / bend)
        self._gp.set_targets(soft)
        for _ in range(_TURNS if n_medium < _FEW else 0):  # scale and noise of early curves are found in turns
            noise = self._early_noise
            self._gp.extra = np.where(is_early, noise, 0.0)
            self._gp.set_hyper(self._gp.hyper)
            self._gp.set_targets(soft)
            if self._early_noise == noise:
                break
        self._cut = scores - self._centre - soft
        self._change()
        self._is_aimed = True

    def _weigh_capacity(self) -> None:
        """Hold what the medium scores leave of the declared beliefs in capacity."""
        rows, told = self._rows, self._rows.told
        self._capacity.tell_medium(rows.scores[told], rows.losses[told], self._known.capacity[rows.places[told]])

    def _forget(self) -> None:
        """Forget early curves that a medium score has replaced, and what exceeds the most observations allowed."""
        rows = self._rows.worth_keeping(self._settings.max_points, (s.arch for s in self._sightings))
        if len(rows) == len(self._rows):
            return
        self._rows.keep(rows)
        self._gp.keep(rows)
        self._gp.set_hyper(self._gp.hyper)
        self._is_aimed = False


def _hint(accuracies: FloatArray) -> FloatArray:
    """Return the inputs of `_EARLY`, (3,), from both accuracies; where one is missing, the other stands for it."""
    return np.array([1.0, *np.where(np.isfinite(accuracies), accuracies, accuracies[::-1])])


def _median(values: FloatArray) -> float:
    """Return the median of a few values, faster than NumPy; 0 for none."""
    n, ordered = len(values), np.sort(values)
    return float((ordered[(n - 1) // 2] + ordered[n // 2]) / 2.0) if n else 0.0
