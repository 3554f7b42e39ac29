"""Every constant of PMF-NAS. None was fitted to one data set; `docs/explanation/method.md` says how each was chosen."""

from dataclasses import dataclass, fields
from math import isfinite

import numpy as np

from pmfnas.core.errors import InputError

PARTS = (
    "explore",
    "region",
    "refine",
    "adaptive",
    "uncertainty",
    "potential",
    "curves",
    "architecture",
    "canonical",
    "posterior_pick",
    "capacity",
)
"""Parts that an ablation may leave out; `pmfnas.engine.ablations` holds what takes their place."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Constants of a run, grouped by the part that reads them."""

    without: frozenset[str] = frozenset()
    """Parts left out, of `PARTS`."""

    # -- fidelities and pool -------------------------------------------------------------------------------
    low_share: float = 0.25
    """Length of the low level as a share of the medium level's epochs: 12@3 below 12@12."""
    max_pool: int = 20_000
    """A space up to this size is searched whole; of a larger one, this many archs are drawn at random and the
    neighbours of the best are added as they are found."""

    # -- predictor -----------------------------------------------------------------------------------------
    lengths: tuple[float, ...] = (0.5, 0.8, 1.2, 1.8, 2.7, 4.0)
    """Grid of the kernel's length; the mean squared distance between two archs of the pool is 2."""
    roughness: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0)
    """Grid of nugget + trial noise, in units of the smooth part's variance."""
    noise_share: float = 0.8
    """Trial noise as a share of nugget + noise. One trial per arch cannot tell them apart."""
    linear: float = 1.0
    """Variance of the kernel's linear trend."""
    constant: float = 1.0
    """Variance of the kernel's mean."""
    bend: float = 0.3
    """Scores below the median are compressed, to at most this many times (best - median) below it: how bad the bad are
    hardly matters."""
    refit_growth: float = 1.25
    """Hyperparameters are chosen, and regions marked, again whenever the observations grew by this factor."""
    max_points: int = 300
    """Observations kept in the Gaussian process: above it, the best and the latest medium scores stay, a third of it
    each, and the latest early curves, a sixth."""
    n_waves: int = 192
    """Random Fourier features of a draw from the prior."""
    noise_prior: float = 0.02
    """Prior of a medium trial's noise (log odds); the geometric mean with the estimate is used."""

    # -- final scores --------------------------------------------------------------------------------------
    probe_share: float = 0.125
    """Length of a probe as a share of the high level's epochs: 200@25 before 200@200."""
    probe_slope: float = 0.75
    """What one unit of -log training loss at the probe is worth in the final score, in log odds."""
    probe_noise: float = 1.1
    """Noise of a probe as a sign of the final score, in standard deviations of a medium trial's noise."""
    full_noise: float = 0.85
    """Noise of a full training, in the same unit."""
    residual: float = 1.0
    """Prior standard deviation of what the medium score does not tell of the final one, in the same unit."""
    residual_weight: float = 4.0
    """Weight of these three priors, in sightings."""
    slope_std: float = 0.3
    """Prior standard deviation of the slope from medium to final scores (log odds); its mean is 1."""
    capacity_belief: float = 0.05
    """Declared belief: what one standard deviation of log FLOPs adds to the final score beyond what the medium score
    shows, in log odds. 0 believes nothing of its sign."""
    capacity_std: float = 0.05
    """Standard deviation of that belief: the smaller, the more evidence it takes to overrule it."""
    stretch: float = 2.0
    """Log epochs from the medium level to the end, per log epochs from the low to the medium level."""
    slope_belief: float = 0.45
    """Declared belief: slope of the medium scores on capacity, both standardised."""
    slope_belief_std: float = 0.35
    """Its standard deviation."""
    early_share: float = 0.5
    """Share of that slope that shows at the low level."""
    explore_belief: float = 1.5
    """Stage 1 draws each arch by a score whose correlation with capacity is a draw of that slope times this number; 0
    draws regardless of capacity."""

    # -- stages --------------------------------------------------------------------------------------------
    explore_low: int = 18
    """Archs that stage 1 trains to the low level."""
    explore_medium: int = 4
    """How many of them it trains on to the medium level."""
    explore_share: float = 0.25
    """Upper bound of stage 1 as a share of the budget."""
    explore_patience: float = 1.5
    """Stage 1 ends when a second within the regions is worth this many seconds anywhere."""
    region_quantile: float = 1.645
    """A region holds the archs whose predicted mean + this many std reaches the best posterior mean."""
    region_min: int = 300
    """Fewest archs in the regions together."""
    region_max: int = 1500
    """Most archs in the regions together."""
    round_starts: int = 6
    """Archs that one round of stage 2 proposes by Thompson sampling and trains to the low level."""
    round_continued: int = 3
    """How many archs go on to the medium level per round."""
    waiting_max: int = 12
    """Archs that may wait at the low level for a later round; the others are dropped."""
    rate_memory: float = 0.25
    """How much of the gain and the seconds of earlier rounds counts in the rate of searching on, per round."""
    refine_candidates: int = 40
    """Archs among which stage 3 chooses."""
    review_share: float = 0.02
    """Stage 3 is weighed against stage 2 whenever this share of the budget has passed."""

    # -- recommendation ------------------------------------------------------------------------------------
    recommended: int = 10
    """Number of archs that are recommended, best first."""

    def __post_init__(self) -> None:
        if unknown := sorted(self.without - set(PARTS)):
            raise InputError(f"without names {unknown}, but may only name parts of: {', '.join(PARTS)}")
        _check_finite(self)
        for names, low, high, condition in _BOUNDS:
            for name in names:
                if not low < getattr(self, name) < high:
                    raise InputError(f"{name} is {getattr(self, name)}, but must {condition}")


_BOUNDS = (
    (("low_share", "noise_share", "probe_share", "explore_share", "review_share"), 0.0, 1.0, "lie between 0 and 1"),
    (
        ("explore_low", "explore_medium", "round_starts", "round_continued", "recommended", "region_min"),
        0.0,
        np.inf,
        "be at least 1",
    ),
    (("bend", "stretch", "early_share"), 0.0, np.inf, "be positive"),
    (("capacity_std", "slope_belief_std", "explore_belief"), -1e-300, np.inf, "not be negative"),
    (("refit_growth",), 1.0, np.inf, "be above 1"),
)
"""Settings, the open interval in which they lie, and the condition in words."""


def _check_finite(settings: Settings) -> None:
    """Raise `InputError` for a number that is NaN, which no bound stops, or infinite."""
    for name in (field.name for field in fields(settings) if field.type in (int, float)):
        if not isfinite(getattr(settings, name)):
            raise InputError(f"{name} is {getattr(settings, name)}, but must be a finite number")
