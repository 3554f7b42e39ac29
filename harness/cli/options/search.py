"""Options of `search`, `export` and `gpu-check`: real training."""

import argparse
from collections.abc import Callable
from pathlib import Path

from harness.cli import arguments
from harness.cli.arguments import ABSENT, whole
from harness.host.units import names
from pmfnas.core.errors import InputError

_SEARCH = """Searches by real training on a device, within a budget of its seconds, and ends with the network that it
found, trained. The first use of a published data set needs its files (--data-dir)."""

_SEARCH_READING = """
Interrupted, or cut by a crash, the same command with --resume goes on where it stopped, with the same result."""

_SEARCH_EXAMPLES = {
    "search --smoke": "a complete search on digits, in a minute or two",
    "search --dataset digits --budget 10m": "the same at full width, and a model at the end",
    "search --dataset cifar10 --data-dir ~/cifar-10-batches-py --budget 8.5h --device cuda": "",
    "search --dataset mine --data-dir photos --budget 2h --schedules 3,12 --retrain": "class folders of yours",
    "search --space my_family.py:Family --dataset mine --data-dir photos --budget 2h": "networks of yours",
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


def number(flag: str) -> Callable[[str], float]:
    """Return a function that parses the value of `flag`: a number."""

    def parsed(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise InputError(f"{flag} is {text!r}, but must be a number such as 0.01") from None

    return parsed


def yes_or_no(text: str) -> bool:
    """Return the value of `--mirror`."""
    if text not in ("yes", "no"):
        raise InputError(f"--mirror is {text!r}, but must be yes or no")
    return text == "yes"


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    {"search": _add_search, "export": _add_export, "gpu-check": _add_gpu_check}[verb.get_default("verb")](verb)


def _add_search(verb: argparse.ArgumentParser) -> None:
    arguments.teach(verb, _SEARCH, _SEARCH_EXAMPLES, reading=_SEARCH_READING)
    add_settings(verb, "cifar10, cifar100, ImageNet16-120, digits, or a name of yours")
    arguments.add_budget(verb, "seconds of the device: 8.5h (default), 510m or 30600s")
    searcher = "pmf_nas (default), any that `table2 --help` names, or a class of yours: my_search.py:MySearch"
    verb.add_argument("--searcher", default=ABSENT, metavar="NAME", help=searcher)
    command = "a searcher in a process of its own, in any language (docs/reference/protocol.md)"
    verb.add_argument("--command", default=ABSENT, metavar="[NAME=]COMMAND", help=command)
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
    add_recipe(verb)
    verb.add_argument("--dataset", default=ABSENT, metavar="NAME", help=dataset)
    verb.add_argument("--data-dir", type=Path, default=ABSENT, metavar="PATH", help=images)
    verb.add_argument(
        "--schedules", type=schedules, default=ABSENT, metavar="A,B", help="epochs of the schedules (default 12,200)"
    )
    space = "nb201 (default), nats-sss, or a family of networks of yours: my_family.py:Family"
    verb.add_argument("--space", default=ABSENT, help=space)
    verb.add_argument("--split-seed", type=whole("--split-seed", 0), default=ABSENT, metavar="N", help=split)


def add_recipe(verb: argparse.ArgumentParser) -> None:
    """Add the settings of the recipe."""
    size = "pixels a side to scale images to (default: as they are, or up to 64 if they differ)"
    verb.add_argument("--image-size", type=whole("--image-size", 1), default=ABSENT, metavar="N", help=size)
    batch = "images per step (default 256, less for few images)"
    verb.add_argument("--batch-size", type=whole("--batch-size", 2), default=ABSENT, metavar="N", help=batch)
    rate = "first learning rate (default 0.1, less for small batches)"
    verb.add_argument("--lr", dest="learning_rate", type=number("--lr"), default=ABSENT, metavar="X", help=rate)
    decay = "weight decay (default 0.0005)"
    verb.add_argument("--weight-decay", type=number("--weight-decay"), default=ABSENT, metavar="X", help=decay)
    mirror = "mirror training images: yes (default but for digits) or no"
    verb.add_argument("--mirror", type=yes_or_no, default=ABSENT, metavar="yes|no", help=mirror)
    crop = "pixels by which training images are shifted (default: an eighth of their side; 0: none)"
    verb.add_argument("--crop", type=whole("--crop", 0), default=ABSENT, metavar="N", help=crop)
    objective = "accuracy (default), or balanced-accuracy: classes weigh alike"
    verb.add_argument("--objective", default=ABSENT, metavar="NAME", help=objective)


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
