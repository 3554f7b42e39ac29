"""Real training as a benchmark: it trains each segment that a table would look up.

    schedules     of any length, named by their epochs; validation can be bought after every epoch
    trials        the training seeds of a schedule, as published
    costs         measured seconds of the device

Test images are out of reach: a search gets `SearchData`, which has none.
"""

from pmfnas.core.errors import UnavailableError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Cost, Curve, Diverged, Fidelities, Ok, Train, arch_numbers
from pmfnas.training.checkpoints import RunKey
from pmfnas.training.plans import plan_of
from pmfnas.training.recipe import trial_seeds
from pmfnas.training.session import Segment, Session


class TrainingBenchmark:
    """The benchmark of one data set. Implements `pmfnas.core.ports.Benchmark`."""

    def __init__(self, space: Space, fidelities: Fidelities, n_classes: int, session: Session) -> None:
        self.space, self.fidelities, self.session = space, fidelities, session
        self._n_classes = n_classes

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of training seeds of the schedule, the same for every arch."""
        del arch
        return len(trial_seeds(self.fidelities[schedule].epochs))

    def arch_number(self, arch: Arch) -> int:
        """Return the number of an arch in the enumeration of its space."""
        return int(arch_numbers([arch], self.space.cardinalities)[0])

    def segment(self, number: int, request: Train, trial: int) -> Segment:
        """Return the request as a segment for the session, with the session's number `number`."""
        epochs = self.fidelities[request.schedule].epochs
        key = RunKey(self.arch_number(request.arch), request.schedule, trial_seeds(epochs)[trial])
        plan = plan_of(self.space, request.arch, self.session.recipe, n_classes=self._n_classes)
        return Segment(number, key, plan, epochs, request.start, request.stop, request.validations)

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Train one segment alone and return its curve and measured cost.

        If the training diverged, the last loss of the curve is not finite.

        Raises:
            UnavailableError: the device has too little memory for the network.
        """
        self.session.begin(self.segment(-1, request, trial))
        while True:
            for ended in self.session.advance():
                if isinstance(ended.outcome, Ok | Diverged):
                    return ended.outcome.curve, ended.outcome.cost
                raise UnavailableError(f"arch {request.arch} could not be trained: {ended.outcome}")

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Raise `UnavailableError`: real training offers no measurements."""
        raise UnavailableError(f"metric {metric!r} of arch {arch}: real training offers no measurements")
