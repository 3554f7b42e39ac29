"""Options of `search`, `export` and `gpu-check`: real training."""

import argparse
from pathlib import Path

from harness.cli import arguments
from harness.cli.arguments import ABSENT, whole
from harness.host.units import names

_SEARCH = """Searches by real training on a device, within a budget of its seconds, and ends with the network that it
found, trained. The first use of a published data set needs its files (--data-dir)."""

_SEARCH_READING = """
Interrupted, or cut by a crash, the same command with --resume goes on where it stopped, with the same result."""

_SEARCH_EXAMPLES = {
    "search --smoke": "a complete search on digits, in a minute or two",
    "search --dataset digits --budget 10m": "the same at full width, and a model at the end",
    "search --dataset cifar10 --data-dir ~/cifar-10-batches-py --budget 8.5h --device cuda": "",
    "search --dataset mine --data-dir photos --budget 2h --schedules 3,12 --retrain": "class folders of yours",
}

_EXPORT = """Writes the network that a search found: weights and program for torch.export, ONNX where it can be written,
and a model card with its data, classes and accuracies."""

_EXPORT_EXAMPLES = {
    "export results/search/digits-smoke --to model.pt2": "the network as the search trained it",
    "export results/search/cifar10 --to model.pt2 --retrain": "trained on training and validation images first",
}

_GPU_CHECK = """Measures and checks everything that needs a GPU, in a few minutes, and writes a report. Exit 1: a check
failed."""


def width(text: str) -> int | None:
    """Return the maximum number of candidates on the device; None for `auto`."""
    return None if text == "auto" else whole("--width", 1)(text)


def schedules(text: str) -> tuple[int, ...]:
    """Return the number of epochs of each schedule."""
    return tuple(whole("--schedules", 1)(part) for part in names("--schedules", text))


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    {"search": _add_search, "export": _add_export, "gpu-check": _add_gpu_check}[verb.get_default("verb")](verb)


def _add_search(verb: argparse.ArgumentParser) -> None:
    arguments.teach(verb, _SEARCH, _SEARCH_EXAMPLES, reading=_SEARCH_READING)
    add_settings(verb, "cifar10, cifar100, ImageNet16-120, digits, or a name of yours")
    arguments.add_budget(verb, "seconds of the device: 8.5h (default), 510m or 30600s")
    searcher = "pmf_nas (default) or any that `table2 --help` names"
    verb.add_argument("--searcher", default=ABSENT, metavar="NAME", help=searcher)
    seed = "root seed of the search (default 0)"
    verb.add_argument("--seed", type=whole("--seed", 0), default=ABSENT, metavar="N", help=seed)
    at_once = "candidates at once, or auto (default: auto on a GPU, else 1)"
    verb.add_argument("--width", type=width, default=ABSENT, metavar="N", help=at_once)
    verb.add_argument("--device", default=ABSENT, metavar="NAME", help="auto (default), cpu, cuda or cuda:1")
    arguments.add_out(verb, "where results go (default results/search/DATASET)")
    verb.add_argument("--resume", action="store_true", help="go on where the search in --out stopped")
    verb.add_argument("--retrain", action="store_true", help="then train what was found on training and validation")
    arguments.add_smoke(verb, "a complete search on digits in a minute or two")


def add_settings(verb: argparse.ArgumentParser, dataset: str) -> None:
    """Add the settings that every search has; an omitted setting sets no attribute."""
    split = "seed of the split of data that have none (default 0)"
    images = "published files, class folders, or an .npz"
    verb.add_argument("--dataset", default=ABSENT, metavar="NAME", help=dataset)
    verb.add_argument("--data-dir", type=Path, default=ABSENT, metavar="PATH", help=images)
    verb.add_argument(
        "--schedules", type=schedules, default=ABSENT, metavar="A,B", help="epochs of the schedules (default 12,200)"
    )
    verb.add_argument("--space", default=ABSENT, help="nb201 (default) or nats-sss")
    verb.add_argument("--split-seed", type=whole("--split-seed", 0), default=ABSENT, metavar="N", help=split)


def _add_export(verb: argparse.ArgumentParser) -> None:
    arguments.teach(verb, _EXPORT, _EXPORT_EXAMPLES)
    verb.add_argument("out", type=Path, help="folder of a search that has ended")
    verb.add_argument("--to", type=Path, required=True, metavar="FILE", help="the model, such as model.pt2")
    verb.add_argument("--retrain", action="store_true", help="train it on training and validation images first")
    verb.add_argument("--data-dir", type=Path, metavar="PATH", help="the data of the search, for --retrain")
    verb.add_argument("--device", default="auto", metavar="NAME", help="where to retrain (default auto)")


def _add_gpu_check(verb: argparse.ArgumentParser) -> None:
    examples = {"gpu-check": "on made-up images", "gpu-check --data-dir ~/cifar-10-batches-py": "on CIFAR-10"}
    arguments.teach(verb, _GPU_CHECK, examples)
    verb.add_argument("--data-dir", type=Path, metavar="PATH", help="CIFAR-10, published files or JPEG copies")
    verb.add_argument("--out", type=Path, metavar="DIR", default=Path("results") / "gpu-check", help="where results go")
