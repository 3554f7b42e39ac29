"""PMF-NAS: progressive multi-fidelity search. Ties predictor, stages and allocator together, nothing else.

    ask        the allocator chooses the stage, and the stage the segment that is worth most
    tell       costs -> cost model, curves -> predictor, progress -> record; regions are marked again
    recommend  the archs whose final score has the best posterior mean

The method (three stages, a predictor on early-training features, allocation by potential and uncertainty) follows
the abstract of PMF-NAS, doi 10.20009/j.cnki.21-1106/TP.2025-0234; the paper's own formulas could not be read, so
every formula here is ours. `docs/explanation/method.md` gives them with their sources.

Deviations from the paper: unknown, for the reason above.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import (
    Arch,
    Cost,
    Curve,
    Decision,
    Diverged,
    Drop,
    Fidelities,
    Ok,
    Outcome,
    Stop,
    Submit,
    Ticket,
    Train,
    Wait,
)
from pmfnas.engine.ablations import parts_without
from pmfnas.engine.allocator import Allocator
from pmfnas.engine.choices import SIZES, Choices
from pmfnas.engine.costs import CostModel
from pmfnas.engine.forecast import Forecaster, reason
from pmfnas.engine.ladder import make_ladder
from pmfnas.engine.model.transfer import FinalBelief
from pmfnas.engine.parts import WHOLE, Parts
from pmfnas.engine.pick import by_early_curve
from pmfnas.engine.pool import Pool
from pmfnas.engine.ports import PredictorFactory
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.proposals import Regions
from pmfnas.engine.record import Record, State
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.region import Region
from pmfnas.engine.stages.searching import Searching

_DEFAULTS = Settings()
_DRAWS = 256
"""Draws that value a batch of refinement; the same for all batches of a run."""


class PmfNas:
    """The searcher. Implements `pmfnas.core.ports.Searcher`."""

    def __init__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
        settings: Settings = _DEFAULTS,
        predictor: PredictorFactory = Predictor,
        parts: Parts = WHOLE,
    ) -> None:
        """Make the parts; another predictor, and other rules in place of `parts`, may be handed in."""
        if not budget_s > 0 or n_workers < 1:
            raise InputError(f"budget_s, n_workers are {budget_s}, {n_workers}, but must be positive")
        parts = parts_without(parts, settings.without)
        self._ladder = make_ladder(fidelities, settings.low_share, settings.probe_share)
        if self._ladder.high is None or not parts.believes:  # else the medium score is the final one
            settings = replace(settings, capacity_belief=0.0, capacity_std=0.0, slope_belief=0.0, slope_belief_std=0.0)
        self._settings, self._pick = settings, parts.pick
        self._costs, self._record = CostModel(space), Record()
        self._pool = Pool(space, settings, parts.view, rng=rng)
        self._predictor = predictor(self._pool, settings, rng=rng)
        for wrapper in parts.around:
            self._predictor = wrapper(self._predictor)
        self._regions = Regions(self._pool, settings)
        self._belief: FinalBelief | None = None
        self._forecaster = Forecaster()
        self._allocator = self._make_allocator(parts, budget_s, n_workers, rng)

    def _make_allocator(self, parts: Parts, budget_s: float, n_workers: int, rng: np.random.Generator) -> Allocator:
        """Return the allocator of the run's stages."""
        settings, predictor, regions = self._settings, self._predictor, self._regions
        ladder = self._ladder if parts.probes else replace(self._ladder, probe=None)
        choices = Choices(ladder, self._costs, predictor, self._pool, self._record, parts.ranking)
        searching = Searching(choices, settings.rate_memory)
        draws = rng.standard_normal((_DRAWS, max(SIZES)))

        def propose(n: int) -> list[int]:
            return parts.propose(regions, predictor, n, rng=rng)

        return Allocator(
            parts.explore(choices, searching, propose, settings, budget_s, rng=rng) if parts.explore else None,
            Region(choices, searching, propose, settings, n_workers),
            parts.refine(choices, searching, settings, (budget_s, n_workers), draws) if parts.refine else None,
        )

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the segment that is worth most of its seconds; wait or stop where none fits into what remains."""
        if self._record.doomed:
            return Drop(self._record.next_doomed())
        choice = self._allocator.choose(self._state(), remaining_s)
        if choice is None:
            return Wait() if running else Stop("nothing that fits the rest of the budget is worth it")
        self._record.begin(choice.action, choice.request)
        final = (
            choice.request.schedule != self._ladder.medium.schedule or choice.request.stop > self._ladder.medium.epochs
        )
        forecast = reason(self._forecaster.about(choice, final=final))
        return Submit((choice.request,), ({**self._allocator.reason(choice), **forecast},))

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Learn from how a segment ended."""
        request = ticket.request
        if not isinstance(request, Train):
            return
        match outcome:
            case Ok(curve, cost):
                self._take(request, curve, cost, request.stop)
            case Diverged(curve, cost):
                self._take(request, None, cost, curve.stop)
            case _:
                self._record.end(request, ok=False)

    def recommend(self) -> Sequence[Arch]:
        """Return the archs of the best posterior means, best first; ranked by early curves while those are all."""
        state = self._state()
        best = self._pick(state) or by_early_curve(state, self._predictor)
        return tuple(best)[: self._settings.recommended]

    def _state(self) -> State:
        """Return where the run stands; the belief is made anew only after news of it."""
        if self._belief is None:
            self._belief = self._predictor.final(self._settings.refine_candidates)
        return State(self._record, self._pool, self._belief)

    def _take(self, request: Train, curve: Curve | None, cost: Cost, stop: int) -> None:
        """Enter a training that reached epoch `stop` into all books; `curve` is None where it diverged there."""
        level = self._ladder.level(request.fidelity)
        self._costs.tell(request, cost, stop - request.start)
        self._record.end(request, ok=curve is not None)
        self._record.reach(request.arch, level, curve)
        self._forecaster.tell(request.arch, level, curve)
        news = self._predictor.tell(request.arch, level, curve)
        if news.leaders:
            self._regions.mark(self._predictor, news.leaders)
        if news.finals:
            self._belief = None
