"""Writes files in the official formats with invented values, for tests.

The layout is that of the published files: which trials, splits and epochs exist where, keys, types, file names,
pseudo-times that are constant per arch. The archs cover what an import must survive:

    0, 1    isomorphic, equal results           2, 3    isomorphic, trained apart
    4       its trial 777 (schedule 200) is of a cell with one convolution fewer: params and flops differ
    5, 6    one and two trials of schedule 200  7, ...  random; what the last index names has no file

A key of its own in the meta file, `MARK`, says that nothing here was measured.
"""

import bz2
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

MARK = "values_invented_for_tests"
FOLDERS = {"tss": "NATS-tss-v1_0-3ffb9-simple", "sss": "NATS-sss-v1_0-50262-simple"}
PTH = "NAS-Bench-201-v1_1-096897.pth"

DATASETS = ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")
OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
CLASSES = {"cifar10-valid": 10, "cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
TRAIN_IMAGES = {"cifar10-valid": 25_000, "cifar10": 50_000, "cifar100": 50_000, "ImageNet16-120": 151_700}
EVAL_IMAGES = {
    "cifar10-valid": {"x-valid": 25_000, "ori-test": 10_000},
    "cifar10": {"ori-test": 10_000},
    "cifar100": {"ori-test": 10_000, "x-valid": 5_000, "x-test": 5_000},
    "ImageNet16-120": {"x-test": 3_000, "x-valid": 3_000, "ori-test": 6_000},
}
EPOCHS = {"tss": {"12": 12, "200": 200}, "sss": {"01": 1, "12": 12, "90": 90}}
ONLY_LAST_EPOCH = {  # of schedule 200 of the topology space
    ("cifar10-valid", "ori-test"),
    *((dataset, split) for dataset in ("cifar100", "ImageNet16-120") for split in ("x-valid", "x-test")),
}

_CELLS = (
    "|skip_connect~0|+|none~0|none~1|+|nor_conv_3x3~0|nor_conv_1x1~1|none~2|",
    "|skip_connect~0|+|none~0|none~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|",
    "|skip_connect~0|+|none~0|none~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|",
    "|skip_connect~0|+|none~0|none~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2|",
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|skip_connect~1|+|none~0|nor_conv_1x1~1|nor_conv_1x1~2|",
)
_TWIN_OF = {1: 0}
_INCONSISTENT = 4
_TRIALS_200 = {5: (888,), 6: (777, 999)}


@dataclass
class Files:
    """What is written: the meta list and the records of the archs that have files. Tests may spoil it first."""

    tag: str
    archs: list[str]
    records: dict[int, dict[str, Any]]
    meta: dict[str, Any] = field(default_factory=dict)

    def archive(self, root: Path) -> Path:
        """Write the archive folder into `root` and return it."""
        folder = root / FOLDERS[self.tag]
        folder.mkdir(parents=True)
        write_bz2(folder / "meta.pickle.pbz2", self._content(None, set()))
        for index, record in self.records.items():
            write_bz2(folder / f"{index:06d}.pickle.pbz2", record)
        return folder

    def single(self, root: Path) -> Path:
        """Write the single pickle file into `root` and return it."""
        path = root / FOLDERS[self.tag].replace("-simple", ".pickle.pbz2")
        write_bz2(path, self._content(self.records, set(self.records)))
        return path

    def pth(self, root: Path, container: str) -> Path:
        """Write the torch file into `root` without torch and return it; `container` is `zip` or `legacy`."""
        path = root / PTH
        content = self.pth_content()
        if container == "legacy":
            parts: tuple[Any, ...] = (
                0x1950A86A20F9469CFC6C,
                1001,
                {"protocol_version": 1001, "little_endian": True},
                content,
                [],
            )
            path.write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in parts))
            return path
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
            file.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
            file.writestr("archive/byteorder", "little")
            file.writestr("archive/version", "3\n")
        return path

    def pth_content(self) -> dict[str, Any]:
        """Return what `torch.save` is given."""
        infos = {i: {"full": record["200"], "less": record["12"]} for i, record in self.records.items()}
        return self._content(infos, set(self.records))

    def _content(self, infos: dict[int, Any] | None, indices: set[int]) -> dict[str, Any]:
        known = {"meta_archs": self.archs, "total_archs": len(self.archs), "arch2infos": infos}
        return {**known, "evaluated_indexes": indices, MARK: True, **self.meta}


def write_bz2(path: Path, content: object) -> None:
    """Write one file as the official package does."""
    path.write_bytes(bz2.compress(pickle.dumps(content, protocol=4), compresslevel=1))


def make(tag: str, n_archs: int = 9, datasets: tuple[str, ...] = DATASETS) -> Files:
    """Return the files of `n_archs` archs, the last one without records; fewer data sets make smaller files."""
    archs = _archs(tag, n_archs)
    return Files(tag, archs, {index: _record(tag, index, text, datasets) for index, text in enumerate(archs[:-1])})


def _archs(tag: str, n_archs: int) -> list[str]:
    rng = np.random.default_rng(201)
    archs = list(_CELLS) if tag == "tss" else []
    while len(archs) < n_archs:
        if tag == "tss":
            o = [OPS[k] for k in rng.integers(len(OPS), size=6)]
            text = f"|{o[0]}~0|+|{o[1]}~0|{o[2]}~1|+|{o[3]}~0|{o[4]}~1|{o[5]}~2|"
        else:
            text = ":".join(str(8 * width) for width in rng.integers(1, 9, size=5))
        if text not in archs:
            archs.append(text)
    return archs[:n_archs]


def _record(tag: str, index: int, text: str, datasets: tuple[str, ...]) -> dict[str, Any]:
    """Return what the file of one arch holds."""
    return OrderedDict((name, _schedule(tag, index, text, name, datasets)) for name in EPOCHS[tag])


def _schedule(tag: str, index: int, text: str, schedule: str, datasets: tuple[str, ...]) -> dict[str, Any]:
    seeds = {dataset: _seeds(tag, index, dataset, schedule) for dataset in datasets}
    trials = [(dataset, seed) for dataset, of_dataset in seeds.items() for seed in of_dataset]
    return {
        "arch_index": index,
        "arch_str": text,
        # The real files have them in no fixed order either.
        "all_results": {trial: _trial(tag, index, text, schedule, *trial) for trial in reversed(trials)},
        "dataset_seed": {dataset: list(of_dataset) for dataset, of_dataset in seeds.items()},
        "clear_net_done": True,
    }


def _seeds(tag: str, index: int, dataset: str, schedule: str) -> tuple[int, ...]:
    if tag == "sss":
        return (777, 888, 999) if schedule == "12" else (777,)
    if schedule == "12":
        return (111, 777) if dataset == "cifar10-valid" else (111,)
    return _TRIALS_200.get(index, (777, 888, 999))


def _trial(tag: str, index: int, text: str, schedule: str, dataset: str, seed: int) -> dict[str, Any]:
    epochs = EPOCHS[tag][schedule]
    rng = _rng(tag, index, dataset, schedule, seed)
    train, splits = _curves(rng, epochs), list(EVAL_IMAGES[dataset])
    evals = {split: _curves(rng, epochs) for split in splits}
    params_m, flops_m = size_of(tag, text, dataset)
    if tag == "tss" and index == _INCONSISTENT and (schedule, seed) == ("200", 777):
        params_m, flops_m = params_m - 0.028, flops_m - 3.93216
    epoch_s, per_10k_s, latency_s = _times(tag, index, dataset)
    shown = {}
    for split in splits:
        at = shown_epochs(dataset, schedule, split)
        shown[split] = (at, evals[split][:, list(at)])
    return trial_content(
        dataset, seed, train, shown, epoch_s, per_10k_s, latency_s, params_m, flops_m, config_of(tag, text, dataset)
    )


def shown_epochs(dataset: str, schedule: str, split: str) -> range:
    """Return the epochs, from 0, at which the topology space's files have the accuracies of a split."""
    epochs = next(of_tag[schedule] for of_tag in EPOCHS.values() if schedule in of_tag)
    last_only = schedule == "200" and (dataset, split) in ONLY_LAST_EPOCH
    return range(epochs - 1 if last_only else 0, epochs)


def trial_content(
    dataset: str,
    seed: int,
    train: np.ndarray,
    shown: dict[str, tuple[range, np.ndarray]],
    epoch_s: float,
    per_10k_s: float,
    latency_s: float,
    params_m: float,
    flops_m: float,
    config: dict[str, Any],
) -> dict[str, Any]:
    """Return one trial as the official files spell it; `train` and the values of `shown` are (accuracy, loss).

    `shown` has for each split the epochs, from 0, and values of shape (2, len(epochs)).
    """
    epochs = train.shape[1]
    top_5 = epochs != EPOCHS["tss"]["200"]
    return {
        "name": dataset,
        "train_acc1es": dict(enumerate(train[0].tolist())),
        "train_acc5es": dict(enumerate(np.minimum(100.0, train[0] + 20).tolist())) if top_5 else None,
        "train_losses": dict(enumerate(train[1].tolist())),
        "train_times": OrderedDict((e, epoch_s) for e in range(epochs)),
        "arch_config": config,
        "params": np.float64(params_m),
        "flop": flops_m,
        "seed": f"{seed:04d}",
        "epochs": epochs,
        "latency": [np.float64(latency_s)],
        "eval_names": list(EVAL_IMAGES[dataset]),
        "eval_acc1es": _evaluations(shown, 0),
        "eval_losses": _evaluations(shown, 1),
        "eval_times": {
            f"{split}@{e}": per_10k_s * images / 10_000
            for split, images in EVAL_IMAGES[dataset].items()
            for e in range(epochs)
        },
        "net_state_dict": None,
    }


def _evaluations(shown: dict[str, tuple[range, np.ndarray]], place: int) -> dict[str, float]:
    return {
        f"{split}@{e}": value
        for split, (epochs, values) in shown.items()
        for e, value in zip(epochs, values[place].tolist(), strict=True)
    }


def _rng(tag: str, index: int, dataset: str, schedule: str, seed: int) -> np.random.Generator:
    key = [sum(tag.encode()), _TWIN_OF.get(index, index), DATASETS.index(dataset), int(schedule), seed]
    return np.random.default_rng(key)


def _curves(rng: np.random.Generator, epochs: int) -> np.ndarray:
    """Return accuracy and loss after every epoch, shape (2, epochs); archs differ in top and pace, so they cross."""
    top, pace = rng.uniform(30, 95), rng.uniform(0.05, 0.6)
    grown = 1 - np.exp(-(np.arange(1, epochs + 1) / epochs) / pace)
    accuracy = np.clip(top * grown + rng.normal(0, 1.5, epochs), 1, 99)
    return np.stack([accuracy, 4.7 * (1 - accuracy / 100) + rng.normal(0, 0.05, epochs)])


def size_of(tag: str, text: str, dataset: str) -> tuple[float, float]:
    """Return parameters and FLOPs in millions."""
    if tag == "sss":
        widths = [int(width) for width in text.split(":")]
        return sum(widths) ** 2 / 1e6 + CLASSES[dataset] / 1e3, sum(widths) / 4
    n_1x1, n_3x3 = text.count("nor_conv_1x1"), text.count("nor_conv_3x3")
    small = {"cifar100": 5_850, "ImageNet16-120": 7_150}.get(dataset, 0)
    params = 73_306 + small + 28_000 * n_1x1 + 243_040 * n_3x3
    return params / 1e6, 7.78305 + small / 1e6 + 3.93216 * (n_1x1 + 9 * n_3x3)


def _times(tag: str, index: int, dataset: str) -> tuple[float, float, float]:
    """Return seconds of an epoch, of a pass over 10,000 images, and the latency: constants of the arch."""
    rng = np.random.default_rng([sum(tag.encode()), index])
    epoch_s = rng.uniform(3, 17) * TRAIN_IMAGES[dataset] / 25_000
    per_10k_s, latency_s = rng.uniform(0.6, 2.0), rng.uniform(0.01, 0.02)
    if tag == "sss":  # measured for each data set on its own
        epoch_s *= 1 + 0.1 * DATASETS.index(dataset)
    return epoch_s, per_10k_s, latency_s


def config_of(tag: str, text: str, dataset: str) -> dict[str, Any]:
    """Return the configuration that is recorded with a trial."""
    if tag == "sss":
        cell = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
        shape = {"name": "infer.shape.tiny", "channels": text, "arch_str": text, "genotype": cell}
        return {**shape, "class_num": CLASSES[dataset]}
    return {"channel": 16, "num_cells": 5, "arch_str": text, "class_num": CLASSES[dataset]}
