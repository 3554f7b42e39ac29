"""What the answer to a question is worth: expected gains, and options that compare by gain per second.

The gain of a segment is by how much the best posterior mean is expected to rise when its outcome is known. It grows
with the predicted mean and with the uncertainty that the outcome removes.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from pmfnas.core.types import FloatArray, Reason, Train
from pmfnas.engine.curves import percent

_NODES = np.linspace(-6.0, 6.0, 97)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()


@dataclass(frozen=True, slots=True)
class Option:
    """Something that a free worker could do, and what is expected of it. Scores are log odds."""

    action: str
    """`start`, `continue`, `probe`, `finish`, `promote` or `replicate`."""
    request: Train
    mean: float
    std: float
    best: float
    """Best posterior mean at present."""
    gain: float
    """Expected rise of it."""
    seconds: float
    """Of its segment."""

    @property
    def rate(self) -> float:
        """Expected gain per second."""
        return self.gain / max(self.seconds, 1e-9)

    def reason(self, stage: str) -> Reason:
        """Return why the request is made: accuracies in percent, the gain in percent points per hour."""
        slope = percent(self.best) * (1.0 - percent(self.best) / 100.0)  # percent points per unit of log odds
        reason: dict[str, float | str] = {
            "stage": stage,
            "action": self.action,
            "mean": percent(self.mean),
            "std": slope * self.std,
            "potential": slope * self.gain,
            "p_best": float(ndtr((self.mean - self.best) / max(self.std, 1e-12))),
            "seconds": self.seconds,
        }
        if self.seconds > 0.0:  # before the first segment no cost is known
            reason["gain_per_hour"] = slope * self.rate * 3600.0
        return reason


def expected_gain(mean: FloatArray, std: FloatArray, best: float) -> FloatArray:
    """Return the expected rise above `best` of Gaussian posterior means, shape of `mean`.

    Source: expected improvement (Jones, Schonlau and Welch, J. Global Optimization 1998, eq. 15).
    """
    std = np.maximum(std, 1e-12)
    z = (mean - best) / std
    return np.asarray(np.maximum(std * (z * ndtr(z) + np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)), 0.0))


def informed_std(std: FloatArray, noise2: float) -> FloatArray:
    """Return how far a posterior mean is expected to move when one noisy trial of it is seen."""
    return np.asarray(std * std / np.sqrt(std * std + noise2 + 1e-18))


def knowledge_gradient(mean: FloatArray, cov: FloatArray, place: int, noise2: float) -> float:
    """Return the expected rise of the best of correlated posterior means when entry `place` is measured once.

    Source: knowledge gradient for correlated beliefs (Frazier, Powell and Dayanik, INFORMS J. Computing 2009,
    section 2.2), by quadrature.
    """
    move = cov[:, place] / np.sqrt(cov[place, place] + noise2 + 1e-18)  # (k,)
    after = (mean[:, None] + move[:, None] * _NODES).max(axis=0)  # (97,)
    return max(0.0, float(after @ _WEIGHTS - mean.max()))
