"""The smallest difference that a number of paired seeds can detect."""

import numpy as np
from scipy import optimize, stats

from pmfnas.core.errors import InputError

_SIGNED_RANK = float(np.sqrt(3 / np.pi))
"""Root of the efficiency of the signed-rank test on normal differences (Hodges and Lehmann 1956), .977."""


def detectable_difference(std: float, n: int, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest mean paired difference that `n` pairs of seeds show with the given power.

    Solved from the noncentral t distribution: the delta for which P(|T| > t(1 - alpha/2; n - 1)) = power, with T of
    n - 1 degrees of freedom and noncentrality delta * sqrt(n) / std. Source: Cohen 1988, *Statistical Power Analysis
    for the Behavioral Sciences*, chapter 2. For the signed-rank test on normal differences divide by
    sqrt(3 / pi) = .977, the root of its asymptotic efficiency (Hodges and Lehmann 1956).

    Args:
        std: standard deviation of the paired differences.
        n: number of pairs.
        power: chance of a significant result when the difference is real.
        alpha: two-sided level of the test.

    Returns:
        In the unit of `std`; NaN for fewer than two pairs or a NaN std, 0 where all differences are equal.
    """
    if not alpha < power < 1 or not 0 < alpha < 1:
        raise InputError(f"power is {power}, alpha is {alpha}, but both must be in (0, 1), power above alpha")
    if n < 2 or np.isnan(std):
        return float("nan")
    return float(_noncentrality(n, power, alpha) * std / np.sqrt(n))


def _noncentrality(n: int, power: float, alpha: float) -> float:
    critical = float(stats.t.ppf(1 - alpha / 2, n - 1))

    def surplus(noncentrality: float) -> float:
        # The square of T is noncentral F, which scipy evaluates also where the lower tail of T underflows.
        return float(stats.ncf.sf(critical**2, 1, n - 1, noncentrality**2)) - power

    high = 1.0
    while surplus(high) < 0:
        high *= 2
    return float(optimize.brentq(surplus, 0.0, high))


def pairs_to_detect(
    difference: float, std: float, *, power: float = 0.8, alpha: float = 0.05, most: int = 10_000
) -> int | None:
    """Return the fewest pairs of seeds that show a mean paired difference of this size by the signed-rank test.

    The inverse of `detectable_difference`, with the signed-rank test's efficiency.

    Args:
        difference: mean paired difference, of any sign.
        std: standard deviation of the paired differences, the unit of `difference`.
        power: chance of a significant result when the difference is real.
        alpha: two-sided level of the test.
        most: largest number looked at.

    Returns:
        At least 2; None where more than `most` would be needed, as for a difference of 0 or a NaN.
    """
    size = abs(difference) * _SIGNED_RANK

    def shows(n: int) -> bool:
        return size > 0 and detectable_difference(std, n, power=power, alpha=alpha) <= size

    low, high = 1, most  # the difference that n pairs show falls with n
    if not shows(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high
