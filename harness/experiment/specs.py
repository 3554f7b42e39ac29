"""Experiments as data: searchers, data sets, budget and seeds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from baselines.regularized_evolution import RegularizedEvolution
from baselines.reinforce import Reinforce
from harness.experiment.exclusions import BIG_CELLS, exclusion
from harness.players.ours import PLAYERS, with_settings
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory
from pmfnas.loop.executor import Accounting

GPU_NIGHT_S = 30_600.0
"""8.5 GPU-hours."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named set of runs: every searcher on every data set with every seed."""

    name: str
    title: str
    players: Mapping[str, SearcherFactory]
    """Who may play."""
    searchers: tuple[str, ...]
    datasets: tuple[str, ...]
    budget_s: float
    n_seeds: int
    space: str = "nb201"
    """The space whose data `--data auto` and `--data surrogate` look up."""
    first_seed: int = 0
    n_workers: int = 1
    accounting: Accounting = "resume"
    needs_real_values: bool = False
    """Whether its outputs are meaningless on the surrogate."""
    replays: Mapping[str, str] = field(default_factory=dict)
    """Method of a published row -> the searcher that must land on it."""
    stream: str = ""
    """The searcher whose random stream all of them draw from (common random numbers); empty: each has its own."""
    excluded: str | None = None
    """The rule of `harness.experiment.exclusions` by which archs of the space take no part."""

    def __post_init__(self) -> None:
        if self.n_seeds < 1:
            raise InputError(f"--seeds is {self.n_seeds}, but must be at least 1")
        if self.first_seed < 0:
            raise InputError(f"--first-seed is {self.first_seed}, but must be at least 0")
        if not self.budget_s > 0:
            raise InputError(f"--budget is {self.budget_s:g} s, but must be positive")
        if self.n_workers < 1:
            raise InputError(f"--workers is {self.n_workers}, but must be at least 1")
        rule = exclusion(self.excluded)
        if rule is not None and rule.space != self.space:
            raise InputError(
                f"excluded is {self.excluded}, but that leaves out archs of {rule.space}, not {self.space}"
            )

    @property
    def seeds(self) -> range:
        """The root seeds, the same for every searcher and data set."""
        return range(self.first_seed, self.first_seed + self.n_seeds)

    @property
    def n_runs(self) -> int:
        """How many runs it has."""
        return len(self.searchers) * len(self.datasets) * self.n_seeds


ALL_DATASETS = ("cifar10", "cifar100", "ImageNet16-120")

REPLAY_ONLY = "bohb_nb201"
"""Pays for every budget in full, as the script behind the published row did, so it is left out of our tables."""

TABLE2 = Experiment(
    name="table2",
    title="Accuracy versus GPU-hours on NAS-Bench-201",
    players=PLAYERS,
    searchers=tuple(name for name in PLAYERS if name != REPLAY_ONLY),
    datasets=ALL_DATASETS,
    budget_s=GPU_NIGHT_S,
    n_seeds=100,
)

NO_BIG_CELLS = replace(
    TABLE2,
    name="no-big-cells",
    title="Accuracy versus GPU-hours on NAS-Bench-201 without the 25 archs of five or six 3x3 convolutions",
    excluded=BIG_CELLS,
)

REPLAY_PLAYERS: Mapping[str, SearcherFactory] = MappingProxyType(
    {
        "bohb": PLAYERS[REPLAY_ONLY],
        "random_search": PLAYERS["random_search"],
        "regularized_evolution": with_settings(RegularizedEvolution, population=10, sample=3),
        "reinforce": with_settings(Reinforce, learning_rate=0.03),
    }
)
"""The paper's settings; REINFORCE's rate is chosen among eight for its row (the authors' rates land within it too)."""

PUBLISHED = Experiment(
    name="published",
    title="Replay of NAS-Bench-201, table 5: CIFAR-10, 12,000 s, every evaluation 12 epochs from the start",
    players=REPLAY_PLAYERS,
    searchers=tuple(REPLAY_PLAYERS),
    datasets=("cifar10",),
    budget_s=12_000.0,
    n_seeds=500,
    accounting="restart",
    needs_real_values=True,
    replays=MappingProxyType(
        {
            "BOHB": "bohb",
            "random search": "random_search",
            "REA": "regularized_evolution",
            "REINFORCE": "reinforce",
        }
    ),
)

SIZE = Experiment(
    name="size",
    title="Another space: the widths of NATS-Bench, one configuration for all",
    players=PLAYERS,
    searchers=("random_search", "regularized_evolution", "asha", "most_params", "pmf_nas"),
    datasets=ALL_DATASETS,
    budget_s=GPU_NIGHT_S,
    n_seeds=20,
    space="nats-sss",
)

EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType(
    {"no-big-cells": NO_BIG_CELLS, "published": PUBLISHED, "size": SIZE, "table2": TABLE2}
)


def smoke(experiment: Experiment) -> Experiment:
    """Return a small form of an experiment: three seeds and at most two hours, to see that everything works."""
    return replace(experiment, n_seeds=3, budget_s=min(experiment.budget_s, 7_200.0))
