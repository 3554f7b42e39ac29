"""PMF-NAS: progressive multi-fidelity search. Ties predictor, stages and allocator together, nothing else.

    ask        refresh the predictor; let the stages move on; take the option that is worth most per second
    tell       costs -> cost model, curves -> predictor, progress -> record
    recommend  the archs whose final score has the best posterior mean

The method (three stages, a predictor on early-training features, allocation by potential and uncertainty) follows
the abstract of PMF-NAS, doi 10.20009/j.cnki.21-1106/TP.2025-0234; the paper's own formulas could not be read, so
every formula here is ours. `docs/method.md` gives them with their sources.

Deviations from the paper: unknown, for the reason above.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import (
    Arch,
    Curve,
    Decision,
    Diverged,
    Drop,
    Fidelities,
    Ok,
    Outcome,
    Reason,
    Stop,
    Submit,
    Ticket,
    Train,
    Wait,
)
from pmfnas.engine.allocator import Allocator
from pmfnas.engine.costs import CostModel
from pmfnas.engine.ladder import make_ladder
from pmfnas.engine.options import Options
from pmfnas.engine.pool import Pool
from pmfnas.engine.ports import PredictorFactory
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.record import Record
from pmfnas.engine.settings import Settings
from pmfnas.engine.transfer import FinalBelief
from pmfnas.engine.value import Option

_DEFAULTS = Settings()


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
    ) -> None:
        """Make the parts; `predictor` makes the one that learns and predicts, handed in where it is studied."""
        if not budget_s > 0 or n_workers < 1:
            raise InputError(f"budget_s, n_workers are {budget_s}, {n_workers}, but must be positive")
        self._ladder = make_ladder(fidelities, settings.low_share, settings.probe_share)
        if self._ladder.high is None:  # the medium score is the final one: nothing is left to believe about
            settings = replace(settings, capacity_belief=0.0)
        self._settings = settings
        self._costs = CostModel(space)
        self._pool = Pool(space, settings, rng=rng)
        self._predictor = predictor(self._pool, settings, rng=rng)
        self._record = Record()
        options = Options(self._ladder, self._costs, self._predictor, self._pool, self._record)
        self._allocator = Allocator(
            options, self._predictor, self._pool, self._record, settings, (budget_s, n_workers), rng=rng
        )
        self._belief: FinalBelief | None = None

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the option that is worth most of its seconds; wait or stop where none fits into what remains."""
        if self._allocator.doomed:
            arch = self._allocator.doomed.pop()
            self._record.low.remove(arch)
            return Drop(arch)
        option = self._allocator.choose(self._believed(), remaining_s)
        if option is None:
            return Wait() if running else Stop("nothing that fits the rest of the budget is worth it")
        self._record.begin(option.action, option.request)
        return Submit((option.request,), (self._reason(option),))

    def _reason(self, option: Option) -> Reason:
        """Return the reason of an option; the first one after a change of stage says why it changed."""
        reason = option.reason(self._allocator.stage)
        if self._allocator.moved_on:
            reason = {**reason, "moved_on": self._allocator.moved_on}
            self._allocator.moved_on = ""
        return reason

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Learn from how a segment ended."""
        request = ticket.request
        if not isinstance(request, Train):
            return
        match outcome:
            case Ok(curve, cost):
                self._costs.tell(request, cost, request.stop - request.start)
                self._record.end(request, ok=True)
                self._take(request, curve)
            case Diverged(curve, cost):
                self._costs.tell(request, cost, curve.stop - request.start)
                self._record.end(request, ok=False)
                self._predictor.tell_diverged(request.arch)
                self._belief = None
            case _:
                self._record.end(request, ok=False)
        if self._predictor.refresh():
            self._belief = None

    def recommend(self) -> Sequence[Arch]:
        """Return the archs of the best posterior means, best first; ranked by early curves while those are all."""
        if "posterior_pick" in self._settings.without:
            best = tuple(self._predictor.by_plain_rule())
        else:
            best = self._believed().archs
        return (best or tuple(self._predictor.by_early_curve()))[: self._settings.recommended]

    def _believed(self) -> FinalBelief:
        if self._belief is None:
            self._belief = self._predictor.final(self._settings.refine_candidates)
        return self._belief

    def _stands_apart(self) -> bool:
        """Whether the latest medium score is too low to join the candidates: what is believed of them then stays."""
        belief, n = self._belief, self._settings.refine_candidates
        return belief is not None and len(belief.archs) >= n and self._predictor.latest_promise() < belief.promise.min()

    def _take(self, request: Train, curve: Curve) -> None:
        """Hand a curve to the predictor at the level that it reached."""
        arch, ladder = request.arch, self._ladder
        if request.fidelity == ladder.low:
            self._predictor.tell_low(arch, curve)
            self._record.low.append(arch)
            return
        if request.fidelity == ladder.medium:
            self._predictor.tell_medium(arch, curve)
            self._record.medium.append(arch)
            if not self._stands_apart():
                self._belief = None
            return
        self._belief = None
        if request.fidelity == ladder.probe:
            self._predictor.tell_probe(arch, curve)
            self._record.probed.append(arch)
        else:
            self._predictor.tell_high(arch, curve)
