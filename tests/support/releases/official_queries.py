"""What the official package answers, computed from an imported curve table; for comparison in tests.

The semantics are those of nats_bench 1.8: epochs count from 0, `is_random` False is the mean over trials, an
integer one trial by its seed, True a draw. The official package draws with the global generator `random`; here
the generator is handed in, and seeded alike it draws alike.
"""

import random  # noqa: TID251  (the official package's own generator, to repeat its draws)

from pmfnas.benchmarks.official.layout import OPERATIONS, WIDTHS
from pmfnas.benchmarks.table import CurveTable, Key

SPLITS = {
    "cifar10-valid": {"valid": "x-valid", "test": "ori-test"},
    "cifar10": {"test": "ori-test"},
    "cifar100": {"valid": "x-valid", "test": "x-test", "valtest": "ori-test"},
    "ImageNet16-120": {"valid": "x-valid", "test": "x-test", "valtest": "ori-test"},
}


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


class TableQueries:
    """The official package's queries over `table`."""

    def __init__(self, table: CurveTable, draw: random.Random | None = None) -> None:
        self.table = table
        self.draw = draw or random.Random(0)

    def arch(self, index: int) -> str:
        """Return the official string."""
        places = self.table.archs[index]
        if self.table.header.space == "nats-sss":
            return ":".join(str(WIDTHS[place]) for place in places)
        o = [OPERATIONS[place] for place in places]
        return f"|{o[0]}~0|+|{o[1]}~0|{o[2]}~1|+|{o[3]}~0|{o[4]}~1|{o[5]}~2|"

    def query_index_by_arch(self, arch: str) -> int:
        """Return the row, -1 for an unknown string."""
        strings = (self.arch(index) for index in range(len(self.table.archs)))
        return next((index for index, text in enumerate(strings) if text == arch), -1)

    def seeds(self, index: int, dataset: str, hp: str) -> list[int]:
        """Return the seeds of the trials that exist."""
        if not 0 <= index < len(self.table.archs):
            raise ValueError(f"arch {index}")
        if hp not in self.table.header.schedules:
            raise KeyError(hp)
        of_all = self.table.notes["seeds"][f"{dataset}/{hp}"]
        present = self.table.present(dataset, hp)[index]
        return [seed for seed, exists in zip(of_all, present, strict=True) if exists]

    def get_more_info(
        self, index: int, dataset: str, iepoch: int | None = None, hp: str = "12", is_random: bool | int = True
    ) -> dict[str, float]:
        """Return losses, accuracies and times at an epoch; what was not measured is left out."""
        seeds = self.seeds(index, dataset, hp)
        chosen = [self.draw.choice(seeds)] if is_random is True else seeds if is_random is False else [is_random]
        if not set(chosen) <= set(seeds):
            raise ValueError(f"seed {chosen}")
        epochs = self.table.header.schedules[hp]
        epoch = epochs if iepoch is None else iepoch + 1
        if not 1 <= epoch <= epochs:
            raise ValueError(f"epoch {iepoch}")
        trials = [seeds.index(seed) for seed in chosen]
        info: dict[str, float] = {}
        for name, metric in {"train": "train", **SPLITS[dataset]}.items():
            if epoch in self.table.epochs(Key(dataset, hp, f"{metric}-acc")):
                info |= self._part(index, trials, Key(dataset, hp, metric), name, epoch)
        return info

    def _part(self, index: int, trials: list[int], key: Key, name: str, epoch: int) -> dict[str, float]:
        def value(metric: str) -> float:
            of_trials = Key(key.dataset, key.schedule, f"{key.metric}-{metric}")
            return mean([float(self.table.read(of_trials, index, trial, (epoch,))[0]) for trial in trials])

        seconds = Key(key.dataset, key.schedule, f"{key.metric}-s")
        total = mean([self.table.seconds(seconds, index, trial, range(1, epoch + 1)) for trial in trials])
        return {
            f"{name}-loss": value("loss"),
            f"{name}-accuracy": value("acc"),
            f"{name}-all-time": total,
            f"{name}-per-time": total / epoch,
        }

    def simulate_train_eval(
        self, arch: int, dataset: str, iepoch: int | None = None, hp: str = "12", account_time: bool = True
    ) -> tuple[float, float, float, float]:
        """Return validation accuracy, latency, cost and total cost of a first call; the leak included."""
        del account_time
        if dataset not in ("cifar10", "cifar100", "ImageNet16-120"):
            raise ValueError(dataset)
        of_search = "cifar10-valid" if dataset == "cifar10" else dataset
        info = self.get_more_info(arch, of_search, iepoch, hp)
        if "valid-accuracy" in info:
            accuracy, pass_s = info["valid-accuracy"], info["valid-per-time"]
        else:
            accuracy, pass_s = info["valtest-accuracy"], self.get_more_info(arch, dataset, None, hp)["valid-per-time"]
        cost = info["train-all-time"] + pass_s
        return accuracy, self.get_cost_info(arch, dataset, hp)["latency"], cost, cost

    def get_cost_info(self, index: int, dataset: str, hp: str = "12") -> dict[str, float]:
        """Return flops, params, latency and seconds; where trials disagree on size, seed 888 is right."""
        seeds = self.seeds(index, dataset, hp)
        trials, epochs = range(len(seeds)), self.table.header.schedules[hp]

        def constants(metric: str) -> list[float]:
            return [self.table.constant(Key(dataset, hp, metric), index, trial) for trial in trials]

        def size(metric: str) -> float:
            values = constants(metric)
            inconsistent = len({f"{value:.5f}" for value in values}) > 1
            return values[seeds.index(888)] if inconsistent else mean(values)

        costs = {"flops": size("flops-m"), "params": size("params-m"), "latency": mean(constants("latency-s"))}
        for metric in ("train", *SPLITS[dataset].values()):
            key = Key(dataset, hp, f"{metric}-s")
            total = mean([self.table.seconds(key, index, trial, range(1, epochs + 1)) for trial in trials])
            costs |= {f"T-{metric}@total": total, f"T-{metric}@epoch": total / epochs}
        return costs
