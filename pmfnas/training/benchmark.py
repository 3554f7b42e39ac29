"""Real training as a benchmark: what was a row of a table is trained here.

    schedules     of any length, named by their epochs; validation can be bought after every epoch
    trials        training seeds of a schedule, the published ones
    costs         measured seconds of the device

Test images are not within reach: a search is given `SearchData`.
"""

from pmfnas.core.errors import UnavailableError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Cost, Curve, Diverged, Fidelities, Ok, Train, arch_numbers
from pmfnas.training.blueprint import blueprint
from pmfnas.training.checkpoints import RunKey
from pmfnas.training.recipe import trial_seeds
from pmfnas.training.session import Segment, Session


class TrainingBenchmark:
    """The benchmark of one data set. Implements `pmfnas.core.ports.Benchmark`."""

    def __init__(self, space: Space, fidelities: Fidelities, n_classes: int, session: Session) -> None:
        self.space, self.fidelities, self.session = space, fidelities, session
        self._n_classes = n_classes

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of training seeds."""
        del arch
        return len(trial_seeds(self.fidelities[schedule].epochs))

    def arch_number(self, arch: Arch) -> int:
        """Return the place of an arch in the enumeration of its space."""
        return int(arch_numbers([arch], self.space.cardinalities)[0])

    def segment(self, number: int, request: Train, trial: int) -> Segment:
        """Return a request as a segment for the session."""
        epochs = self.fidelities[request.schedule].epochs
        key = RunKey(self.arch_number(request.arch), request.schedule, trial_seeds(epochs)[trial])
        plan = blueprint(self.space.name, request.arch, self.session.recipe, n_classes=self._n_classes)
        return Segment(number, key, plan, epochs, request.start, request.stop, request.validations)

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Train a segment, alone, and return its curve and measured cost.

        A training that diverged has a loss that is not finite at the end of its curve.

        Raises:
            UnavailableError: the device could not train it.
        """
        self.session.begin(self.segment(-1, request, trial))
        while True:
            for ended in self.session.advance():
                if isinstance(ended.outcome, Ok | Diverged):
                    return ended.outcome.curve, ended.outcome.cost
                raise UnavailableError(f"arch {request.arch} could not be trained: {ended.outcome}")

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Raise `UnavailableError`: nothing but training is done here."""
        raise UnavailableError(f"metric {metric!r} of arch {arch}: real training measures none")
