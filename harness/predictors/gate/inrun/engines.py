"""PMF-NAS as the in-run part of the gate plays it: whole, on another random stream, and damaged on purpose.

A damage wraps the engine's predictor (`Parts.around`), or the searcher, whose stated intervals it widens or narrows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from pmfnas.core.ports import Searcher
from pmfnas.core.types import Arch, Curve, Decision, Reason, Submit, Ticket
from pmfnas.engine.ladder import Level
from pmfnas.engine.model.transfer import FinalBelief
from pmfnas.engine.parts import Parts
from pmfnas.engine.ports import News, Posterior, Promises, SearchPredictor, Standing

Around: TypeAlias = Callable[[SearchPredictor], SearchPredictor]


def _as_it_is(searcher: Searcher) -> Searcher:
    return searcher


@dataclass(frozen=True, slots=True)
class Engine:
    """PMF-NAS, with what is changed about it."""

    around: tuple[Around, ...] = ()
    """Wrappers around the predictor."""
    outside: Callable[[Searcher], Searcher] = _as_it_is
    """Wrapper around the searcher."""
    stream: str = "gate/engine"
    """Name of its random stream."""

    @property
    def parts(self) -> Parts:
        """The parts of the run."""
        return replace(Parts(), around=self.around)


WHOLE = Engine()


class Passing:
    """A predictor that passes every question on, apart from those that are replaced."""

    def __init__(
        self,
        inner: SearchPredictor,
        *,
        posterior: Callable[[Posterior], Posterior] | None = None,
        deaf_to: tuple[Level, ...] = (),
    ) -> None:
        """Keep the inner predictor; `posterior` alters its answer; of some levels it is told nothing."""
        self._inner, self._alter, self._deaf_to = inner, posterior, deaf_to
        self.screen, self.paths = inner.screen, inner.paths

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short."""
        return self._inner.standing

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> News:
        """Pass on what the predictor may hear."""
        return News() if level in self._deaf_to and curve is not None else self._inner.tell(arch, level, curve)

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the altered answer."""
        found = self._inner.posterior(places)
        return self._alter(found) if self._alter else found

    def final(self, n: int) -> FinalBelief:
        """Return the inner belief."""
        return self._inner.final(n)


def shuffled(inner: SearchPredictor) -> Passing:
    """Return a predictor whose means are shuffled among the archs asked about."""
    rng = np.random.default_rng(0)
    return Passing(inner, posterior=lambda p: Promises(rng.permutation(p.mean), p.std))


def noisy(inner: SearchPredictor) -> Passing:
    """Return a predictor whose means have noise of one predicted standard deviation."""
    rng = np.random.default_rng(0)
    return Passing(inner, posterior=lambda p: Promises(p.mean + p.std * rng.standard_normal(len(p.std)), p.std))


def overconfident(inner: SearchPredictor) -> Passing:
    """Return a predictor whose standard deviations are half of what they should be."""
    return Passing(inner, posterior=lambda p: Promises(p.mean, p.std / 2.0))


def unsighted(inner: SearchPredictor) -> Passing:
    """Return a predictor that is told no probe and no full training."""
    return Passing(inner, deaf_to=(Level.PROBE, Level.HIGH))


def uncurved(inner: SearchPredictor) -> Passing:
    """Return a predictor that is told no early curve."""
    return Passing(inner, deaf_to=(Level.LOW,))


class Stating:
    """A searcher whose stated intervals are `factor` times as wide."""

    def __init__(self, inner: Searcher, *, factor: float) -> None:
        self._inner, self._factor = inner, factor
        self.tell, self.recommend = inner.tell, inner.recommend

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the inner decision, with other intervals."""
        decision = self._inner.ask(running, remaining_s)
        if not isinstance(decision, Submit):
            return decision
        return Submit(decision.requests, tuple(self._stated(reason) for reason in decision.reasons or ()))

    def _stated(self, reason: Reason) -> Reason:
        low, high = (float(reason[end]) for end in ("low", "high"))
        middle, reach = (low + high) / 2.0, (high - low) / 2.0 * self._factor
        return {**reason, "low": middle - reach, "high": middle + reach}


DAMAGED: Mapping[str, Engine] = MappingProxyType(
    {
        "means shuffled among archs": Engine(around=(shuffled,)),
        "noise added to means": Engine(around=(noisy,)),
        "stds of the predictor halved": Engine(around=(overconfident,)),
        "early curves ignored": Engine(around=(uncurved,)),
        "probes and full trainings ignored": Engine(around=(unsighted,)),
        "intervals of forecasts halved": Engine(outside=partial(Stating, factor=0.5)),
        "intervals of forecasts tripled": Engine(outside=partial(Stating, factor=3.0)),
    }
)
"""What must fail the gate, by what is wrong."""

EQUAL: Mapping[str, Engine] = MappingProxyType(
    {f"another random stream {i}": replace(WHOLE, stream=f"{WHOLE.stream}/{i}") for i in (1, 2)}
)
"""What must pass: the whole engine with other random numbers."""
