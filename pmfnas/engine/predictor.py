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
from pmfnas.engine.model.capacity import Normal, kappa_after, slope_after
from pmfnas.engine.model.gp import JITTER, GaussianProcess, Hyper, choose
from pmfnas.engine.model.kernel import Kernel, Spectrum
from pmfnas.engine.model.regression import Prior, Regression
from pmfnas.engine.model.transfer import FULL, PROBE, FinalBelief, Sighting, believe
from pmfnas.engine.ports import Features, News, Posterior, Promises, Screened, Standing
from pmfnas.engine.settings import Settings

_FEW = 3
"""Observations before the likelihood is asked for hyperparameters."""
_LEAST_NOISE2 = 1e-8
"""Floor of the trial noise (log odds, squared): where all scores are equal it would vanish."""
_LEADERS = 5
"""Best archs that are named after hyperparameters were chosen."""
_NEWCOMERS = 5
"""Archs without a sighting among the candidates of stage 3, however many have one."""
_EARLY = Prior((1.4, 0.35, 0.35), (0.4, 0.25, 0.25), 0.2)
"""Declared: the medium score, in log odds, from validation and training accuracy at the low level."""
_CALIBRATED = 4.0
"""Weight of the prior that forecasts miss by as much as they say, in scores."""
_WORST = -7.0
"""Log odds below every score."""


class Predictor:
    """Learns from curves; predicts archs never trained, archs with an early curve, and final scores.

    Fills `pmfnas.engine.ports.SearchPredictor`.
    """

    def __init__(self, archs: Features, settings: Settings, *, rng: np.random.Generator) -> None:
        self._known, self._settings, self._rng = archs, settings, rng
        rough = settings.roughness[len(settings.roughness) // 2]
        kernel = Kernel(settings.lengths[len(settings.lengths) // 2], settings.linear, settings.constant)
        share = settings.noise_share
        self._gp = GaussianProcess(Hyper(kernel, rough * (1.0 - share), rough * share), archs.x.shape[1])
        self._spectrum = Spectrum.draw(archs.x.shape[1], settings.n_waves, rng=rng)
        self._archs: list[Arch] = []  # one per row of the process
        self._scores: list[float] = []  # NaN of an early curve
        self._places: list[int] = []
        self._centre = 0.0  # median score
        self._cut = np.empty(0)  # (n,) how far each score lies below its target, at most 0
        self._curves: set[tuple[int, bytes]] = set()
        self._early: dict[Arch, FloatArray] = {}
        self._sightings: list[Sighting] = []
        self._promise: FloatArray | None = None
        self._slope = Normal(settings.slope_belief, settings.slope_belief_std**2)  # of medium scores on capacity
        self._early_slope = self._slope  # by early curves alone
        self._kappa = Normal(settings.capacity_belief, settings.capacity_std**2)  # before probes and full trainings
        self._kappa_seen = self._kappa  # after them
        self._hint = Regression(_EARLY)
        self._calibration = 1.0
        self._fitted_at = 0
        self._least = -np.inf  # promise of the last candidate of `final`
        self._drawn_at: NDArray[np.int64] | None = None
        """Places that `paths` was asked about last; their prior waves and covariances with the observations follow."""
        self._basis = np.empty((0, 0))
        self._cross = np.empty((0, 0))

    # -- what is told ------------------------------------------------------------------------------------

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> News:
        """Learn from a curve that ended at `level`, or from a training that diverged (None): it counts as the worst."""
        if curve is None:
            return News(finals=True, leaders=self._add(arch, -np.inf))
        if level is Level.MEDIUM:
            return self._tell_medium(arch, curve)
        if level is Level.LOW:
            self._tell_early(arch, curves.features(curve))
            if len(self._early) <= self._settings.explore_low:  # later ones are chosen by what is believed already
                self._weigh_early()
            return News()
        if level is Level.PROBE:
            self._sight(arch, PROBE, self._settings.probe_slope * curves.minus_log_loss(curve))
        else:
            self._sight(arch, FULL, curves.score(curve))
        return News(finals=True)

    def _weigh_early(self) -> None:
        """Hold what the early curves of archs that cover the space leave of the declared slope."""
        early = np.stack(list(self._early.values()))[:, curves.ACCURACIES]
        capacity = self._known.capacity[[self._known.place(arch) for arch in self._early]]
        shown = np.isfinite(early).all(axis=1)
        declared = Normal(self._settings.slope_belief, self._settings.slope_belief_std**2)
        self._early_slope = self._slope = slope_after(
            declared, early[shown].sum(axis=1), capacity[shown], share=self._settings.early_share
        )

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

    def _tell_early(self, arch: Arch, early: FloatArray) -> None:
        """Learn from an early curve, as from a noisy medium score."""
        self._early[arch] = early
        if np.isfinite(early[curves.ACCURACIES]).any():
            self._add(arch, np.nan)

    def _sight(self, arch: Arch, kind: int, value: float) -> None:
        if np.isfinite(value):
            self._sightings.append(Sighting(arch, kind, value))

    def _add(self, arch: Arch, score: float) -> tuple[Arch, ...]:
        """Add a row; choose hyperparameters again if enough was told, and return the leaders then.

        Args:
            arch: of the row.
            score: of the medium level, NaN where an early curve was told.
        """
        place = self._known.place(arch)
        self._gp.add(self._known.x[place], self._known.number(arch), self._early_noise if np.isnan(score) else 0.0)
        self._archs.append(arch)
        self._scores.append(score)
        self._places.append(place)
        if arch in self._early and np.isfinite(score):
            self._hint.tell(self._hints([arch])[0], score)
        self._aim()
        n = len(self._gp)
        if self._n_medium < _FEW or n < self._fitted_at * self._settings.refit_growth:
            return ()
        return self._refit()

    def _refit(self) -> tuple[Arch, ...]:
        """Choose hyperparameters and how much early curves tell; return the best archs by true medium score."""
        self._forget()
        self._gp.extra = np.where(self._is_early, self._early_noise, 0.0)
        self._gp.set_hyper(choose(self._gp, self._settings.lengths, self._settings.roughness))
        self._gp.set_targets(self._gp.y)
        self._promise, self._drawn_at = None, None
        self._fitted_at = len(self._gp)
        told = np.flatnonzero(~self._is_early)
        mean, variance = self._gp.left_out()
        miss2 = np.minimum((self._gp.y - mean)[told] ** 2 / variance[told], 9.0)
        self._calibration = float(np.sqrt((miss2.sum() + _CALIBRATED) / (len(told) + _CALIBRATED)))
        best = told[np.argsort(-self._gp.smoothed()[told], kind="stable")]
        return tuple(self._archs[row] for row in best[:_LEADERS])

    # -- what is asked -----------------------------------------------------------------------------------

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short."""
        return Standing(float(self.promise.max(initial=_WORST)), self._centre, self.trial_noise2)

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the promises of archs without a medium score; an early curve counts where one was told."""
        capacity = self._known.capacity[np.asarray(places, dtype=np.int64)]
        mean, std = self._gp.marginal(self._known.x[np.asarray(places, dtype=np.int64)])
        if self._n_medium < _FEW:
            mean = mean + std * self._settings.first_share * self._slope.mean * capacity
        return Promises(mean + self._centre + self.lift(capacity), std * self._calibration)

    def std_alone(self, places: Sequence[int]) -> FloatArray:
        """Return the std that archs would have had they never been trained, (n,)."""
        return self._gp.marginal(self._known.x[np.asarray(places, dtype=np.int64)])[1] * self._calibration

    def screen(self, places: NDArray[np.int64], n: int) -> Screened:
        """Return the `n` archs of the best mean promises among archs never trained."""
        mean = self._gp.mean(self._known.x[places]) + self.lift(self._known.capacity[places])
        best = np.argsort(-mean, kind="stable")[:n]
        return Screened(places[best], mean[best], self._gp.marginal(self._known.x[places[best]])[1])

    def final(self, n: int) -> FinalBelief:
        """Return the belief about the final scores of the `n` best archs with a medium score, best first."""
        kept = self._best_rows(n)
        archs = tuple(self._archs[i] for i in kept)
        mean, cov = self._gp.truth(self._gp.x[kept], self._gp.classes[kept])
        capacity = self._known.capacity[[self._places[i] for i in kept]]
        seen = [s for s in self._sightings if s.arch in archs]
        mean = mean + self._cut[kept] + self._centre
        belief = believe(archs, (mean, cov, self.trial_noise2), (capacity, self._kappa), seen, self._settings)
        self._kappa_seen, self._promise = belief.kappa, None
        self._least = belief.promise.min() if len(archs) >= n else -np.inf
        return belief

    def paths(self, places: NDArray[np.int64], n: int, *, spread: float = 1.0) -> FloatArray:
        """Return `n` joint draws of the promises of archs never trained, (n_places, n), up to scale and level.

        Source: pathwise conditioning (Wilson et al., ICML 2020, arXiv 2002.09309, eq. 9).
        """
        gp = self._gp
        scale = np.sqrt(gp.scale2)
        seen_basis = gp.hyper.kernel.basis(gp.x, self._spectrum)  # (n_seen, n_basis)
        weights = spread * self._rng.standard_normal((seen_basis.shape[1], n))
        own = np.sqrt(gp.hyper.nugget) * self._rng.standard_normal((int(gp.classes.max()) + 1, n))[gp.classes]
        noise = np.sqrt(gp.hyper.noise + gp.extra)[:, None] * self._rng.standard_normal((len(gp), n))
        update = gp.solve(gp.y[:, None] / scale - seen_basis @ weights - spread * (own + noise))  # (n_seen, n)
        self._look_at(places)
        lift = self.lift(self._known.capacity[places]) / scale
        return np.asarray(self._basis @ weights + self._cross @ update + lift[:, None])

    def _look_at(self, places: NDArray[np.int64]) -> None:
        """Have prior waves and covariances with the observations of `places`; only new columns are computed."""
        kernel = self._gp.hyper.kernel
        if places is not self._drawn_at:
            self._drawn_at = places
            self._basis = kernel.basis(self._known.x[places], self._spectrum)
            self._cross = np.empty((len(places), 0))
        done = self._cross.shape[1]
        if done < len(self._gp):
            new = kernel.cross(self._known.x[places], self._gp.x[done:])
            self._cross = np.hstack([self._cross, new])

    # -- inside ------------------------------------------------------------------------------------------

    def lift(self, capacity: FloatArray) -> FloatArray:
        """Return what the capacity belief adds to scores, log odds, shape of `capacity`."""
        kappa, bound = self._kappa_seen.mean, max(self._settings.capacity_belief, self._settings.capacity_std)
        agrees = max(2.0 * self._slope.positive - 1.0, 0.0) if kappa > 0.0 else 1.0
        return np.asarray(float(np.clip(kappa * agrees, -bound, bound)) * capacity)

    @property
    def trial_noise2(self) -> float:
        """Variance of one medium trial's noise, in log odds: the estimate, drawn half-way to the prior."""
        if self._n_medium < _FEW:
            return self._settings.noise_prior**2
        estimate = max(self._gp.hyper.noise * self._gp.scale2, _LEAST_NOISE2)
        return float(np.sqrt(estimate) * self._settings.noise_prior)

    @property
    def promise(self) -> FloatArray:
        """Posterior means of the medium scores told, belief included, (n,); -inf of the diverged and early curves."""
        if self._promise is None:
            truth = self._gp.smoothed() + self._cut + self._centre + self.lift(self._known.capacity[self._places])
            self._promise = np.where(self._is_early, -np.inf, truth)
        return self._promise

    @property
    def _is_early(self) -> NDArray[np.bool_]:
        """Which rows are early curves, (n,)."""
        return np.isnan(np.array(self._scores))

    @property
    def _n_medium(self) -> int:
        return int((~self._is_early).sum())

    @property
    def _early_noise(self) -> float:
        """Noise of what an early curve lets expect, in units of the smooth variance; never more than 1."""
        return min(self._hint.noise2 / max(self._gp.scale2, 1e-12), 1.0)

    def _hints(self, archs: Sequence[Arch]) -> FloatArray:
        """Return the inputs of `_EARLY`, (n, 3); where one of both accuracies is missing the other stands for it."""
        seen = np.array([self._early[arch][curves.ACCURACIES] for arch in archs])  # (n, 2)
        seen = np.where(np.isfinite(seen), seen, seen[:, ::-1])
        return np.column_stack([np.ones(len(archs)), seen])

    def _best_rows(self, n: int) -> list[int]:
        """Return a row per arch: those with a sighting, and the best others, `n` in all and a few new ones at least.

        An arch of which any training diverged is not among them.
        """
        lost, sighted = self._diverged(), {s.arch for s in self._sightings}
        rows = enumerate(zip(self._archs, self._is_early, strict=True))
        kept = {a: i for i, (a, is_early) in rows if a in sighted and a not in lost and not is_early}
        n = max(n, len(kept) + _NEWCOMERS)
        for i in np.argsort(-self.promise, kind="stable"):
            if len(kept) >= n or self.promise[i] == -np.inf:
                break
            if self._archs[i] not in lost:
                kept.setdefault(self._archs[i], int(i))
        return list(kept.values())

    def _diverged(self) -> set[Arch]:
        return {arch for arch, score in zip(self._archs, self._scores, strict=True) if score == -np.inf}

    def _aim(self) -> None:
        """Hand the scores to the process as targets: centred on their median and compressed below it."""
        scores, is_early = np.array(self._scores), self._is_early
        if is_early.any():
            hinted = [arch for arch, early in zip(self._archs, is_early, strict=True) if early]
            scores[is_early] = self._hints(hinted) @ self._hint.weights
        counted = np.isfinite(scores) & (~is_early | (self._n_medium < _FEW))
        finite = scores[counted]
        self._centre = float(np.median(finite)) if len(finite) else 0.0
        best = float(finite.max(initial=self._centre))
        spread = best - self._centre if best > self._centre else float(finite.std()) if len(finite) else 0.0
        below = np.minimum((scores - self._centre) / max(spread, 1e-9), 0.0)  # in units of the better half's spread
        bend = self._settings.bend
        soft = np.maximum(scores, self._centre) - self._centre + spread * bend * np.expm1(below / bend)
        self._gp.set_targets(soft)
        if 0 < self._n_medium < _FEW or (is_early.any() and self._n_medium == 0):  # the scale is still being found
            self._gp.extra = np.where(is_early, self._early_noise, 0.0)
            self._gp.set_hyper(self._gp.hyper)
            self._gp.set_targets(soft)
        self._cut = scores - self._centre - soft
        self._promise = None
        self._weigh_capacity()

    def _weigh_capacity(self) -> None:
        """Hold what the early curves and medium scores leave of the declared beliefs in capacity."""
        told = np.flatnonzero(~self._is_early)
        scores, archs = np.array(self._scores)[told], [self._archs[i] for i in told]
        settings, capacity = self._settings, self._known.capacity[np.array(self._places)[told]]
        self._slope = slope_after(self._early_slope, scores, capacity)
        loss = np.array([self._early[a][curves.LOSS] if a in self._early else np.nan for a in archs])
        paired = np.isfinite(scores) & np.isfinite(loss)
        declared = Normal(settings.capacity_belief, settings.capacity_std**2)
        self._kappa = kappa_after(declared, loss[paired], scores[paired], capacity[paired], settings.stretch)
        self._kappa_seen = self._kappa_seen if self._sightings else self._kappa

    def _forget(self) -> None:
        """Drop the early curves of archs that have a medium score since, and what exceeds the most observations allowed.

        Of that, a third stays each: of the best medium scores, of the latest others, of the latest early curves.
        """
        scores, is_early = np.array(self._scores), self._is_early
        scored = {arch for arch, early in zip(self._archs, is_early, strict=True) if not early}
        rows = [i for i, arch in enumerate(self._archs) if not is_early[i] or arch not in scored]
        if len(rows) > self._settings.max_points:
            keep = self._settings.max_points // 3
            told = [i for i in rows if not is_early[i]]
            best = sorted(told, key=lambda i: -scores[i])[:keep]
            sighted = {s.arch for s in self._sightings}
            latest = [i for i in told if i not in set(best)][-keep:]
            hints = [i for i in rows if is_early[i]][-keep:]
            rows = sorted({*best, *latest, *hints, *(i for i in told if self._archs[i] in sighted)})
        if len(rows) == len(self._archs):
            return
        self._archs, self._scores = [self._archs[i] for i in rows], [self._scores[i] for i in rows]
        self._places = [self._places[i] for i in rows]
        self._gp.keep(rows)
        self._gp.set_hyper(self._gp.hyper)
        self._aim()
