"""What a modelled training costs, in seconds: an epoch and a validation pass are as long as they have images.

Every builder of a table takes the numbers of images and the price of a pass from here.
"""

from pmfnas.core.types import FloatArray

N_TRAIN = (25_000, 50_000, 151_700)
"""Images of a training epoch of cifar10-valid, cifar100 and ImageNet16-120."""
N_VALID = (25_000, 5_000, 3_000)
"""Images of a validation pass of the same data sets."""
PER_EPOCH = tuple(n / N_TRAIN[0] for n in N_TRAIN)
"""Training seconds per epoch of the three data sets, as multiples of the first (benchmark's pseudo-times)."""
PER_PASS = tuple(n / 10_000 for n in N_VALID)
"""Validation seconds of the three data sets, as multiples of a pass over 10,000 images."""
_BASE_S, _PER_EPOCH_S = 0.496, 0.0423


def estimated_pass_s(epoch_s: FloatArray) -> FloatArray:
    """Return estimated seconds of a pass over 10,000 images, (n_archs,), from those of a training epoch on cifar100.

    A line, for archs without a measurement: median error 3.4 % over 1,000 archs.
    """
    return _BASE_S + _PER_EPOCH_S * epoch_s
