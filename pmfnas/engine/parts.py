"""The parts of a run that another one can take the place of: a rule each, handed in by `PmfNas(parts=...)`.

`docs/how-to/exchange-a-part.md` has examples. An ablation is such an exchange: `pmfnas.engine.ablations`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pmfnas.engine.choices import Ranking, by_gain
from pmfnas.engine.pick import Pick, by_posterior
from pmfnas.engine.pool import EVERYTHING, View
from pmfnas.engine.ports import SearchPredictor
from pmfnas.engine.proposals import Propose, thompson
from pmfnas.engine.stages.explore import Explore
from pmfnas.engine.stages.refine import Refine


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of, beside its predictor."""

    view: View = EVERYTHING
    """What it sees of its archs."""
    believes: bool = True
    """Whether it holds the belief in capacity that its settings declare."""
    probes: bool = True
    """Whether full trainings begin with a probe."""
    around: tuple[Callable[[SearchPredictor], SearchPredictor], ...] = ()
    """Wrappers around the predictor, the innermost first."""
    propose: Propose = thompson
    """Whom to start."""
    ranking: Ranking = by_gain
    """Whom to continue."""
    explore: Callable[..., Explore] | None = Explore
    """Makes the first stage, called like `Explore`."""
    refine: Callable[..., Refine] | None = Refine
    """Makes the third stage, called like `Refine`."""
    pick: Pick = by_posterior
    """Whom to recommend."""


WHOLE = Parts()
"""The parts of PMF-NAS."""
