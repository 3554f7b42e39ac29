"""The predictor: what an arch will score, and how sure that is.

Three layers, each used from the moment it has data:

    arch alone      Gaussian process over the medium scores                      -> whom to start
    + early curve   its residual, corrected by a ridge regression (`early`)      -> whom to continue
    + medium score  posterior of the true score, carried to the end (`transfer`) -> whom to probe, to finish, to pick

Isomorphs and replicates share their truth; each trial adds its own noise. Scores are log odds, centred on their
median and clipped from below, so that the model spends its accuracy among the good.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import Arch, Curve, FloatArray
from pmfnas.engine.ladder import Level
from pmfnas.engine.model import curves
from pmfnas.engine.model.capacity import Normal, kappa_after, slope_after
from pmfnas.engine.model.early import EarlyHead, first_head, fit_head
from pmfnas.engine.model.gp import JITTER, GaussianProcess, Hyper, choose
from pmfnas.engine.model.kernel import Kernel, Spectrum
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
        self._scores: list[float] = []
        self._places: list[int] = []
        self._centre = 0.0  # median score
        self._cut = np.empty(0)  # (n,) how far each score lies below the clip, at most 0
        self._curves: set[tuple[int, bytes]] = set()
        self._early: dict[Arch, FloatArray] = {}
        self._sightings: list[Sighting] = []
        self._promise: FloatArray | None = None
        self._slope = Normal(settings.slope_belief, settings.slope_belief_std**2)  # of medium scores on capacity
        self._early_slope = self._slope  # by early curves alone
        self._kappa = Normal(settings.capacity_belief, settings.capacity_std**2)  # before probes and full trainings
        self._kappa_seen = self._kappa  # after them
        self._head: EarlyHead | None = None
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
            self._early[arch] = curves.features(curve)
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

    def _sight(self, arch: Arch, kind: int, value: float) -> None:
        if np.isfinite(value):
            self._sightings.append(Sighting(arch, kind, value))

    def _add(self, arch: Arch, score: float) -> tuple[Arch, ...]:
        """Add a medium score; choose hyperparameters again if enough was told, and return the leaders then."""
        place = self._known.place(arch)
        self._gp.add(self._known.x[place], self._known.number(arch))
        self._archs.append(arch)
        self._scores.append(score)
        self._places.append(place)
        self._aim()
        n = len(self._gp)
        if n < _FEW or n < self._fitted_at * self._settings.refit_growth:
            return ()
        return self._refit()

    def _refit(self) -> tuple[Arch, ...]:
        """Choose hyperparameters and learn from early curves; return the best archs by true medium score."""
        if len(self._gp) > self._settings.max_points:
            self._forget()
        self._gp.set_hyper(choose(self._gp, self._settings.lengths, self._settings.roughness))
        self._gp.set_targets(self._gp.y)
        self._promise, self._drawn_at = None, None
        self._fitted_at = len(self._gp)
        self._head = self._fit_head()
        return tuple(self._archs[row] for row in np.argsort(-self._truth(), kind="stable")[:_LEADERS])

    # -- what is asked -----------------------------------------------------------------------------------

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short."""
        return Standing(float(self.promise.max(initial=_WORST)), self._centre, self.trial_noise2)

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the promises of archs without a medium score; an early curve counts where one was told."""
        at = np.asarray(places, dtype=np.int64)
        mean, spread = self._gp.marginal(self._known.x[at])
        if len(self._gp) < _FEW:  # so few scores have no spread, and would leave the early curve without a say
            mean, spread = self._gp.prior(self._known.x[at])
            mean = mean + spread * self._slope.mean * self._known.capacity[at]
        std = self._calibrated(spread)
        seen = [i for i, place in enumerate(at) if self._known.archs[place] in self._early]
        if seen:
            head = self._head or first_head(np.stack(list(self._early.values())), self._settings)
            early = np.stack([self._early[self._known.archs[at[i]]] for i in seen])
            mean[seen], std[seen] = head.correct(mean[seen], spread[seen], early)
        return Promises(mean + self._centre + self.lift(self._known.capacity[at]), std)

    def std_alone(self, places: Sequence[int]) -> FloatArray:
        """Return the std that archs would have had they never been trained, (n,)."""
        return self._calibrated(self._gp.marginal(self._known.x[np.asarray(places, dtype=np.int64)])[1])

    def _calibrated(self, spread: FloatArray) -> FloatArray:
        """Return std of the process, corrected by how far its forecasts missed."""
        return spread * (self._head.calibration if self._head else 1.0)

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
        noise = np.sqrt(gp.hyper.noise) * self._rng.standard_normal((len(gp), n))
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
        agrees = self._slope.positive if kappa > 0.0 else 1.0 - self._slope.positive
        return np.asarray(float(np.clip(kappa * agrees, -bound, bound)) * capacity)

    @property
    def trial_noise2(self) -> float:
        """Variance of one medium trial's noise, in log odds: the estimate, drawn half-way to the prior."""
        if len(self._gp) < _FEW:
            return self._settings.noise_prior**2
        estimate = max(self._gp.hyper.noise * self._gp.scale2, _LEAST_NOISE2)
        return float(np.sqrt(estimate) * self._settings.noise_prior)

    @property
    def promise(self) -> FloatArray:
        """Posterior means of the medium scores told, belief included, (n_medium,); -inf of the diverged."""
        if self._promise is None:
            truth = self._truth() + self._cut + self._centre
            self._promise = truth + self.lift(self._known.capacity[self._places])
        return self._promise

    def _fit_head(self) -> EarlyHead | None:
        rows = [i for i, arch in enumerate(self._archs) if arch in self._early and np.isfinite(self._scores[i])]
        if len(rows) < _FEW:
            return None
        mean, variance = self._gp.left_out()
        early = np.stack([self._early[self._archs[i]] for i in rows])
        return fit_head(early, mean[rows], (self._gp.y - mean)[rows], np.sqrt(variance[rows]), self._settings)

    def _best_rows(self, n: int) -> list[int]:
        """Return a row per arch: those with a sighting, and the best others, `n` in all and a few new ones at least.

        An arch of which any training diverged is not among them.
        """
        lost, sighted = self._diverged(), {s.arch for s in self._sightings}
        kept = {a: i for i, a in enumerate(self._archs) if a in sighted and a not in lost}
        n = max(n, len(kept) + _NEWCOMERS)
        for i in np.argsort(-self.promise, kind="stable"):
            if len(kept) >= n:
                break
            if self._archs[i] not in lost:
                kept.setdefault(self._archs[i], int(i))
        return list(kept.values())

    def _diverged(self) -> set[Arch]:
        return {arch for arch, score in zip(self._archs, self._scores, strict=True) if not np.isfinite(score)}

    def _truth(self) -> FloatArray:
        """Return the posterior means of the true medium scores of all rows, centred, (n,): K u = y - noise K^-1 y."""
        return self._gp.y - (self._gp.hyper.noise + JITTER) * self._gp.alpha

    def _aim(self) -> None:
        """Hand the scores to the process as targets: centred on their median and clipped from below."""
        scores = np.array(self._scores)
        finite = scores[np.isfinite(scores)]
        self._centre = float(np.median(finite)) if len(finite) else 0.0
        best = float(finite.max(initial=self._centre))
        spread = best - self._centre if best > self._centre else float(finite.std()) if len(finite) else 0.0
        below = np.minimum((scores - self._centre) / max(spread, 1e-9), 0.0)  # in units of the better half's spread
        bend = self._settings.bend
        soft = np.maximum(scores, self._centre) - self._centre + spread * bend * np.expm1(below / bend)
        self._gp.set_targets(soft)
        self._cut = scores - self._centre - soft
        self._promise = None
        self._weigh_capacity(scores)

    def _weigh_capacity(self, scores: FloatArray) -> None:
        """Hold what the early curves and medium scores leave of the declared beliefs in capacity."""
        settings, capacity = self._settings, self._known.capacity[self._places]
        self._slope = slope_after(self._early_slope, scores, capacity)
        loss = np.array([self._early[a][curves.LOSS] if a in self._early else np.nan for a in self._archs])
        paired = np.isfinite(scores) & np.isfinite(loss)
        declared = Normal(settings.capacity_belief, settings.capacity_std**2)
        self._kappa = kappa_after(declared, loss[paired], scores[paired], capacity[paired], settings.stretch)
        self._kappa_seen = self._kappa_seen if self._sightings else self._kappa

    def _forget(self) -> None:
        """Keep two thirds of the most observations allowed: half of these the best, half the latest."""
        keep = self._settings.max_points // 3
        best = np.argsort(-np.array(self._scores), kind="stable")[:keep]
        rest = [i for i in reversed(range(len(self._scores))) if i not in set(best.tolist())][:keep]
        sighted = {s.arch for s in self._sightings}
        rows = sorted({*best.tolist(), *rest, *(i for i, arch in enumerate(self._archs) if arch in sighted)})
        self._archs, self._scores = [self._archs[i] for i in rows], [self._scores[i] for i in rows]
        self._places = [self._places[i] for i in rows]
        self._gp.x, self._gp.classes = self._gp.x[rows], self._gp.classes[rows]
        self._gp.set_hyper(self._gp.hyper)
        self._aim()
