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
from pmfnas.engine import curves
from pmfnas.engine.early import EarlyHead, first_head, fit_head
from pmfnas.engine.gp import JITTER, GaussianProcess, Hyper, choose
from pmfnas.engine.kernel import Kernel, Spectrum
from pmfnas.engine.pool import Pool
from pmfnas.engine.settings import Settings
from pmfnas.engine.transfer import FULL, PROBE, FinalBelief, Sighting, believe

_FEW = 3
"""Observations before the likelihood is asked for hyperparameters."""
_LEAST_NOISE2 = 1e-8
"""Floor of the trial noise (log odds, squared): where all scores are equal it would vanish."""
_CENTRES = 5
"""Best archs whose neighbours join a pool that does not hold the whole space."""
_NEWCOMERS = 5
"""Archs without a sighting among the candidates of stage 3, however many have one."""
_WIDE = 2000
"""Archs of the pool, best means first, whose uncertainty is looked at when regions are marked."""
_SURE = 1e-6
"""What remains of the uncertainty where it is left out."""


class Predictor:
    """Learns from curves; predicts unseen archs, archs with an early curve, and final scores."""

    def __init__(self, pool: Pool, settings: Settings, *, rng: np.random.Generator) -> None:
        self._pool, self._settings, self._rng = pool, settings, rng
        rough = settings.roughness[len(settings.roughness) // 2]
        kernel = Kernel(settings.lengths[len(settings.lengths) // 2], settings.linear, settings.constant)
        share = settings.noise_share
        self._gp = GaussianProcess(Hyper(kernel, rough * (1.0 - share), rough * share), pool.x.shape[1])
        self._spectrum = Spectrum.draw(pool.x.shape[1], settings.n_waves, rng=rng)
        self._archs: list[Arch] = []  # one per row of the process
        self._scores: list[float] = []
        self._places: list[int] = []
        self._centre = 0.0  # median score
        self._cut = np.empty(0)  # (n,) how far each score lies below the clip, at most 0
        self._curves: set[tuple[int, bytes]] = set()
        self._early: dict[Arch, FloatArray] = {}
        self._sightings: list[Sighting] = []
        self._promise: FloatArray | None = None
        self._head: EarlyHead | None = None
        self._fitted_at = 0
        self.started = np.empty((0, pool.x.shape[1]))
        """Scaled features of the archs that were started, (n_started, d)."""
        self.region: NDArray[np.int64] = np.arange(len(pool))
        """Places in the pool that the regions hold."""
        self._region_basis = np.empty((0, 0))
        self._region_cross = np.empty((0, 0))

    # -- what is told ------------------------------------------------------------------------------------

    def tell_low(self, arch: Arch, curve: Curve) -> None:
        """Take note of a curve that ended at the low level."""
        self._early[arch] = curves.features(curve)

    def tell_medium(self, arch: Arch, curve: Curve) -> None:
        """Take note of a curve that ended at the medium level; a copy of an isomorph's trial counts once."""
        number = self._pool.number(arch)
        identity = (number, curve.train_loss.tobytes() + curve.valid_acc.tobytes())
        if identity not in self._curves:
            self._curves.add(identity)
            self._add(arch, curves.score(curve))

    def tell_probe(self, arch: Arch, curve: Curve) -> None:
        """Take note of a curve that ended at the probe."""
        self._sight(arch, PROBE, self._settings.probe_slope * curves.minus_log_loss(curve))

    def tell_high(self, arch: Arch, curve: Curve) -> None:
        """Take note of a full training."""
        self._sight(arch, FULL, curves.score(curve))

    def _sight(self, arch: Arch, kind: int, value: float) -> None:
        if np.isfinite(value):
            self._sightings.append(Sighting(arch, kind, value))

    def tell_diverged(self, arch: Arch) -> None:
        """Take note of an arch that produced no score; it counts as the worst."""
        self._add(arch, -np.inf)

    def note_start(self, place: int) -> None:
        """Take note that the arch at `place` of the pool was started."""
        self.started = np.vstack([self.started, self._pool.x[place][None, :]])

    def _add(self, arch: Arch, score: float) -> None:
        place = self._pool.place(arch)
        self._gp.add(self._pool.x[place], self._pool.number(arch))
        self._archs.append(arch)
        self._scores.append(score)
        self._places.append(place)
        self._aim()

    @property
    def n_medium(self) -> int:
        """Number of medium scores."""
        return len(self._scores)

    # -- whom to start -----------------------------------------------------------------------------------

    def refresh(self) -> bool:
        """Choose hyperparameters, learn from early curves, mark regions again, if enough was told; return whether."""
        n = len(self._gp)
        if n < _FEW or n < self._fitted_at * self._settings.refit_growth:
            return False
        if n > self._settings.max_points:
            self._forget()
        self._gp.set_hyper(choose(self._gp, self._settings.lengths, self._settings.roughness))
        self._gp.set_targets(self._gp.y)
        self._promise = None
        self._fitted_at = len(self._gp)
        self._head = self._fit_head()
        for row in np.argsort(-self._truth(), kind="stable")[:_CENTRES]:
            self._pool.add_neighbours(self._archs[row])
        self._mark_region()
        return True

    def propose(self, n: int) -> list[int]:
        """Return up to `n` distinct free places of the pool, each the best of one draw from the posterior.

        Source: Thompson sampling with pathwise conditioning (Wilson et al., ICML 2020, arXiv 2002.09309, eq. 9).
        """
        without = self._settings.without
        whole = np.flatnonzero(self._pool.free)
        places = whole if "region" in without else self.region[self._pool.free[self.region]]
        if len(self._gp) < _FEW or not len(places) or without & {"region", "potential", "architecture"}:
            places = places if len(places) else whole
            return [int(p) for p in self._rng.permutation(places)[:n]]
        paths = self._paths(1 if "uncertainty" in without else n)[self._pool.free[self.region]]
        if "uncertainty" in without:
            return [int(p) for p in places[np.argsort(-paths[:, 0], kind="stable")[:n]]]
        chosen: list[int] = []
        for j in range(min(n, len(places))):
            best = int(np.argmax(paths[:, j]))
            chosen.append(int(places[best]))
            paths[best] = -np.inf
        return chosen

    def _paths(self, n: int) -> FloatArray:
        """Return `n` joint draws of the truth over the region, shape (n_region, n), up to scale and mean."""
        gp, doubt = self._gp, 0.0 if "uncertainty" in self._settings.without else 1.0
        scale = np.sqrt(gp.scale2)
        seen_basis = gp.hyper.kernel.basis(gp.x, self._spectrum)  # (n_seen, n_basis)
        weights = doubt * self._rng.standard_normal((seen_basis.shape[1], n))
        own = np.sqrt(gp.hyper.nugget) * self._rng.standard_normal((int(gp.classes.max()) + 1, n))[gp.classes]
        noise = np.sqrt(gp.hyper.noise) * self._rng.standard_normal((len(gp), n))
        update = gp.solve(gp.y[:, None] / scale - seen_basis @ weights - doubt * (own + noise))  # (n_seen, n)
        lift = self.lift(self._pool.capacity[self.region]) / scale
        return np.asarray(self._region_basis @ weights + self._cross() @ update + lift[:, None])

    def _cross(self) -> FloatArray:
        """Return the covariances of region and observations, (n_region, n_seen); only new columns are computed."""
        done = self._region_cross.shape[1]
        if done < len(self._gp):
            new = self._gp.hyper.kernel.cross(self._pool.x[self.region], self._gp.x[done:])
            self._region_cross = np.hstack([self._region_cross, new])
        return self._region_cross

    def lift(self, capacity: FloatArray) -> FloatArray:
        """Return what the capacity belief adds to scores, log odds, shape of `capacity`."""
        kappa = self._settings.capacity_belief if self._settings.believes else 0.0
        return np.asarray(kappa * np.sqrt(self.trial_noise2) * capacity)

    def unseen(self, places: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """Return mean and std of the promise of archs never trained, (n,) each: medium score and capacity belief."""
        at = np.asarray(places, dtype=np.int64)
        mean, std = self._gp.marginal(self._pool.x[at])
        std = std * (self._head.calibration if self._head else 1.0)
        return mean + self._centre + self.lift(self._pool.capacity[at]), self._doubted(std)

    def _doubted(self, std: FloatArray) -> FloatArray:
        return _SURE * std if "uncertainty" in self._settings.without else std

    # -- whom to continue --------------------------------------------------------------------------------

    def early(self, archs: list[Arch]) -> tuple[FloatArray, FloatArray]:
        """Return mean and std of the promise of archs with an early curve, (n,) each."""
        at = np.array([self._pool.place(a) for a in archs])
        mean, std = self._gp.marginal(self._pool.x[at])
        if "curves" not in self._settings.without:
            head = self._head or first_head(np.stack(list(self._early.values())), self._settings)
            mean, std = head.correct(mean, std, np.stack([self._early[a] for a in archs]))
        return mean + self._centre + self.lift(self._pool.capacity[at]), self._doubted(std)

    def _fit_head(self) -> EarlyHead | None:
        rows = [i for i, arch in enumerate(self._archs) if arch in self._early and np.isfinite(self._scores[i])]
        if len(rows) < _FEW or "curves" in self._settings.without:
            return None
        mean, variance = self._gp.left_out()
        early = np.stack([self._early[self._archs[i]] for i in rows])
        return fit_head(early, mean[rows], (self._gp.y - mean)[rows], np.sqrt(variance[rows]), self._settings)

    # -- whom to refine, whom to pick --------------------------------------------------------------------

    @property
    def trial_noise2(self) -> float:
        """Variance of one medium trial's noise, in log odds: the estimate, drawn half-way to the prior."""
        estimate = max(self._gp.hyper.noise * self._gp.scale2, _LEAST_NOISE2)
        return float(np.sqrt(estimate) * self._settings.noise_prior)

    def final(self, n: int) -> FinalBelief:
        """Return the belief about the final scores of the `n` best archs with a medium score, best first."""
        kept = self._best_rows(n)
        archs = tuple(self._archs[i] for i in kept)
        mean, cov = self._gp.truth(self._gp.x[kept], self._gp.classes[kept])
        lift = self.lift(self._pool.capacity[[self._places[i] for i in kept]])
        seen = [s for s in self._sightings if s.arch in archs]
        mean = mean + self._cut[kept] + self._centre
        return believe(archs, (mean, cov, self.trial_noise2), lift, seen, self._settings)

    @property
    def promise(self) -> FloatArray:
        """Posterior means of the medium scores told, belief included, (n_medium,); -inf of the diverged."""
        if self._promise is None:
            truth = self._truth() + self._cut + self._centre
            self._promise = truth + self.lift(self._pool.capacity[self._places])
        return self._promise

    def latest_promise(self) -> float:
        """Return the promise of the medium score told last, -inf where it diverged."""
        return float(self.promise[-1])

    def best_promise(self) -> float:
        """Return the best promise of an arch with a medium score; the worst score while there is none."""
        return float(self.promise.max(initial=-7.0))

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

    def by_plain_rule(self) -> list[Arch]:
        """Return archs by the best value seen: full trainings first, then medium scores."""
        best: dict[Arch, tuple[bool, float]] = {}
        seen = [(s.arch, True, s.value) for s in self._sightings if s.kind == FULL]
        for arch, full, value in [*seen, *((a, False, v) for a, v in zip(self._archs, self._scores, strict=True))]:
            best[arch] = max(best.get(arch, (False, -np.inf)), (full, value))
        return sorted(best.keys() - self._diverged(), key=lambda a: (best[a], a), reverse=True)

    def by_early_curve(self) -> list[Arch]:
        """Return the archs with an early curve, best expected first, those that diverged later last."""
        if not self._early:
            return []
        archs, diverged = list(self._early), self._diverged()
        expected = dict(zip(archs, self.early(archs)[0].tolist(), strict=True))
        return sorted(archs, key=lambda a: (a in diverged, -expected[a]))

    # -- inside ------------------------------------------------------------------------------------------

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
        lowest = best - self._settings.clip * spread - 1e-9  # where the best are many, the spread is that of all
        self._gp.set_targets(np.maximum(scores, lowest) - self._centre)
        self._cut = np.minimum(scores - lowest, 0.0)
        self._promise = None

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

    def _mark_region(self) -> None:
        """Mark as regions the free archs whose upper quantile reaches the best posterior mean."""
        free = np.flatnonzero(self._pool.free)
        settings, gp = self._settings, self._gp
        lift = self.lift(self._pool.capacity[free])
        mean = gp.mean(self._pool.x[free]) + lift
        wide = np.argsort(-mean, kind="stable")[:_WIDE]
        _, std = gp.marginal(self._pool.x[free[wide]])
        upper = mean[wide] + settings.region_quantile * self._doubted(std)
        n_reaching = int((upper >= self.promise.max() - self._centre).sum())
        size = int(np.clip(n_reaching, settings.region_min, settings.region_max))
        self.region = free[wide[np.argsort(-upper, kind="stable")[:size]]]
        self._region_basis = gp.hyper.kernel.basis(self._pool.x[self.region], self._spectrum)
        self._region_cross = np.empty((len(self.region), 0))
