"""What a kind of torture is given: where to work, how long, and what to draw from."""

import time
from dataclasses import dataclass

import numpy as np

from harness.torture.children import Place


@dataclass(frozen=True, slots=True)
class Trial:
    """What a kind of torture is given."""

    place: Place
    until_s: float
    """When it must end, by `time.monotonic`."""
    smoke: bool
    rng: np.random.Generator

    def tries(self, n: int, smoke: int) -> int:
        """Return the number of tries: `n`, or `smoke` for a quick look."""
        return smoke if self.smoke else n

    @property
    def left_s(self) -> float:
        """Seconds left."""
        return self.until_s - time.monotonic()
