"""A search with real training: its settings, its device, and the claim that must not change when it resumes."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from harness.experiment.batch import RUN_CODE
from harness.experiment.folder import SPEC, read_claim
from harness.experiment.overwriting import check_folder
from harness.experiment.specs import GPU_NIGHT_S
from harness.host.code import code_hash
from harness.players.ours import PLAYERS
from harness.search.folder import read_result
from pmfnas.core.errors import InputError, unknown_name
from pmfnas.spaces import space_for
from pmfnas.training.blueprint import Blueprint, blueprint
from pmfnas.training.data import SearchData, Source
from pmfnas.training.data.official import PUBLISHED
from pmfnas.training.recipe import NB201, Recipe, training_fidelities


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """A search on one data set and one device."""

    dataset: str
    data_dir: Path | None = None
    space: str = "nb201"
    schedules: tuple[int, ...] = (12, 200)
    """Number of epochs of each schedule."""
    budget_s: float = GPU_NIGHT_S
    searcher: str = "pmf_nas"
    seed: int = 0
    split_seed: int = 0
    width: int | None = 1
    """Maximum number of candidates on the device at the same time; None means to measure the best number."""
    device: str = "auto"
    recipe: Recipe = NB201

    def __post_init__(self) -> None:
        training_fidelities(self.schedules)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.dataset):
            raise InputError(f"--dataset is {self.dataset!r}, but must be a plain name such as cifar10")
        if self.space not in ("nb201", "nats-sss"):
            raise unknown_name("--space", self.space, ("nb201", "nats-sss"))
        if self.searcher not in PLAYERS:
            raise unknown_name("--searcher", self.searcher, PLAYERS)
        if (self.width is not None and self.width < 1) or not self.budget_s > 0:
            raise InputError(f"--width, --budget are {self.width}, {self.budget_s:g} s, but must be positive")


SMOKE = SearchSpec(
    "digits", schedules=(4, 12), budget_s=75.0, recipe=Recipe(channels=(4, 8, 16), cells_per_stage=1, batch_size=64)
)
"""A complete search without download: digits of 8x8 pixels, narrow networks, a little more than a minute."""


def check_out(spec: SearchSpec, out: Path) -> None:
    """Raise `InputError` if `out` lies in the folder of the images, where every subfolder counts as a class."""
    if spec.data_dir is not None and spec.data_dir.is_dir() and spec.dataset not in PUBLISHED:
        check_folder("--out", out, {"--data-dir": spec.data_dir})


def open_device(text: str) -> torch.device:
    """Return the device that `--device` names; `auto` is the first GPU, or the CPU without a GPU."""
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if text == "auto":
        return torch.device("cuda:0" if n_gpus else "cpu")
    match = re.fullmatch(r"cpu|cuda(?::([0-9]+))?", text)
    if not match:
        raise InputError(f"--device is {text!r}, but must be auto, cpu, cuda, or one GPU such as cuda:1")
    if text.startswith("cuda") and not n_gpus:
        built = "is built for the CPU only" if torch.version.cuda is None else "finds no GPU"
        raise InputError(f"--device is {text!r}, but torch {torch.__version__} {built}; use --device cpu")
    if int(match[1] or 0) >= max(1, n_gpus):
        raise InputError(f"--device is {text!r}, but this machine has {n_gpus} GPUs: cuda:0 to cuda:{n_gpus - 1}")
    return torch.device(text)


def device_name(device: torch.device) -> str:
    """Return the name of the device, without the name of the machine."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def finished_search(out: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claim of a search's folder, and its result; raise `InputError` if the search has not ended."""
    claim, result = read_claim(out), read_result(out)
    if result is None:
        raise InputError(f"{out} holds a search that has not ended; go on with `search ... --resume` first")
    claim["recipe"] = {**claim["recipe"], "channels": tuple(claim["recipe"]["channels"])}
    return claim, result


def claimed_plan(claim: Mapping[str, Any], result: Mapping[str, Any]) -> Blueprint:
    """Return the network that a search found."""
    space = space_for(claim["space"], n_classes=result["n_classes"], image_size=claim["image_size"])
    recipe = Recipe(**claim["recipe"])
    return blueprint(space.name, space.parse(result["arch"]), recipe, n_classes=result["n_classes"])


def claimed_width(out: Path) -> int | None:
    """Return the width of the search in `out`; None if `out` holds no search."""
    return int(read_claim(out)["width"]) if (out / SPEC).exists() else None


def claim_of(spec: SearchSpec, source: Source, data: SearchData, device: torch.device) -> dict[str, Any]:
    """Return the settings, data and code version that must not change when a search resumes."""
    settings = asdict(spec)
    del settings["data_dir"], settings["device"]
    whole = {
        "experiment": "search",
        **settings,
        "split": source.split,
        "class_names": source.class_names,
        "mean": data.mean,
        "std": data.std,
        "image_size": data.image_size,
        "device": device_name(device),
        "torch": str(torch.__version__),
        "fingerprint": data.fingerprint,
        "code": training_hash(),
    }
    return dict(json.loads(json.dumps(whole)))  # as it is read back


def training_hash() -> str:
    """Return twelve hex digits of the code that determines a search with real training."""
    return code_hash((*RUN_CODE, "pmfnas/training/**/*.py", "harness/search/**/*.py"))
