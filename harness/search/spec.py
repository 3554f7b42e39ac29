"""A search with real training: its settings, its device, and the claim that must not change when it resumes."""

import json
import math
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from harness.experiment.batch import RUN_CODE
from harness.experiment.folder import SPEC, read_claim
from harness.experiment.overwriting import check_folder
from harness.experiment.specs import GPU_NIGHT_S
from harness.host.code import code_hash
from harness.players.class_file import FromFile
from harness.players.file import identity
from harness.players.ours import PLAYERS
from harness.players.process import Command
from harness.search.family import claimed, read_family
from harness.search.folder import read_result
from pmfnas.core.errors import InputError, unknown_name
from pmfnas.core.ports import SearcherFactory
from pmfnas.training.data import Fitting, SearchData, Source
from pmfnas.training.data.official import PUBLISHED
from pmfnas.training.recipe import NB201, Recipe, training_fidelities
from pmfnas.training.stream import batch_bounds

ACCURACY, BALANCED = OBJECTIVES = ("accuracy", "balanced-accuracy")
"""What is measured and maximised: the share of correct images, or its mean over the classes."""
_LEAST_STEPS, _LEAST_BATCH = 16, 8
"""Steps of an epoch, and images of a batch, to which the batch is reduced."""


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
    """Recipe before the settings below; after `settled` that of the trainings."""
    batch_size: int | None = None
    """None means that of the recipe, or less for few images; see `settled`."""
    learning_rate: float | None = None
    weight_decay: float | None = None
    mirror: bool | None = None
    """Whether to mirror training images at random; None means as the data say."""
    crop: int | None = None
    """Pixels of padding from which training images are cropped; None means an eighth of their side."""
    image_size: int | None = None
    """Pixels a side to scale images to; None means as they are, or a common one if they differ."""
    objective: str = ACCURACY
    family: FromFile | None = None
    """The user's own networks; `space` is its name then."""
    guest: FromFile | Command | None = None
    """The user's own searcher; `searcher` is its name then."""

    @property
    def factory(self) -> SearcherFactory:
        """The factory of the searcher."""
        return self.guest or PLAYERS[self.searcher]

    @property
    def fitting(self) -> Fitting:
        """The images that the networks take; those of a family may have any side."""
        return Fitting(self.image_size, multiple=1 if self.family else 4)

    def settings(self) -> dict[str, Any]:
        """Return the settings as plain data, without the place of the data."""
        own = {"data_dir", "family", "guest", "recipe"}
        plain = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in own}
        family = {"family": claimed(self.family)} if self.family else {}
        guest = {"source": identity(self.guest)} if self.guest else {}
        return {**plain, "recipe": asdict(self.recipe), **family, **guest}

    def __post_init__(self) -> None:
        training_fidelities(self.schedules)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.dataset):
            raise InputError(f"--dataset is {self.dataset!r}, but must be a plain name such as cifar10")
        if self.family is None and self.space not in ("nb201", "nats-sss"):
            raise unknown_name("--space", self.space, ("nb201", "nats-sss"))
        if self.guest is None and self.searcher not in PLAYERS:
            raise unknown_name("--searcher", self.searcher, PLAYERS)
        if self.objective not in OBJECTIVES:
            raise unknown_name("--objective", self.objective, OBJECTIVES)
        _check_settings(self)
        if (self.width is not None and self.width < 1) or not self.budget_s > 0:
            raise InputError(f"--width, --budget are {self.width}, {self.budget_s:g} s, but must be positive")


def _check_settings(spec: SearchSpec) -> None:
    """Raise `InputError` for a setting that a family chooses itself, or that has no meaning."""
    flags = {"lr": spec.learning_rate, "weight_decay": spec.weight_decay, "batch_size": spec.batch_size}
    if spec.family is not None:
        for name in read_family(spec.family).settings:
            if flags.get(name) is not None:
                raise InputError(
                    f"--{name.replace('_', '-')} is given, but {spec.space} has a choice {name}; leave one of them out"
                )
    replace(spec.recipe, **_given(spec))


def _given(spec: SearchSpec) -> dict[str, Any]:
    """Return the settings of the recipe that were given."""
    given = {name: getattr(spec, name) for name in ("batch_size", "learning_rate", "weight_decay")}
    return {name: value for name, value in given.items() if value is not None}


def settled(spec: SearchSpec, data: SearchData) -> tuple[SearchSpec, SearchData]:
    """Return the search with the recipe that fits its data, and the data with the augmentation that was asked for.

    An epoch of the default batch of few images would be few steps. So the batch is halved until an epoch has
    `_LEAST_STEPS` steps, down to `_LEAST_BATCH` images, and the learning rate falls with its square root.
    """
    recipe, batch_size = spec.recipe, spec.recipe.batch_size
    if batch_size == NB201.batch_size:
        while batch_size > _LEAST_BATCH and len(data.train) < _LEAST_STEPS * batch_size:
            batch_size //= 2
    batch_size = spec.batch_size or batch_size
    rate = recipe.learning_rate * math.sqrt(min(1.0, batch_size / recipe.batch_size))
    fitting = replace(recipe, batch_size=batch_size, learning_rate=rate, balanced=spec.objective == BALANCED)
    flip = data.flip if spec.mirror is None else spec.mirror
    padding = data.padding if spec.crop is None else spec.crop
    return replace(spec, recipe=replace(fitting, **_given(spec))), replace(data, flip=flip, padding=padding)


def described_recipe(spec: SearchSpec, data: SearchData) -> str:
    """Return the recipe as a line; settings that a family chooses are left out."""
    recipe, chosen = spec.recipe, read_family(spec.family).settings if spec.family else ()
    n_steps = len(batch_bounds(len(data.train), recipe.batch_size))
    settings = {
        "batch_size": f"batches of {recipe.batch_size} images, {n_steps} an epoch",
        "lr": f"learning rate {recipe.learning_rate:.3g}",
        "weight_decay": f"weight decay {recipe.weight_decay:g}",
        "augmentation": f"{'mirrored' if data.flip else 'not mirrored'}, cropped by up to {data.padding} pixels",
    }
    told = ", ".join(text for name, text in settings.items() if name not in chosen)
    own = f"; chosen by arch: {', '.join(chosen)}" if chosen else ""
    return f"recipe: images of {data.image_size}x{data.image_size}, {told}{own}; {spec.objective} is measured"


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


def claimed_width(out: Path) -> int | None:
    """Return the width of the search in `out`; None if `out` holds no search."""
    return int(read_claim(out)["width"]) if (out / SPEC).exists() else None


def claim_of(spec: SearchSpec, source: Source, data: SearchData, device: torch.device) -> dict[str, Any]:
    """Return the settings, data and code version that must not change when a search resumes."""
    settings = spec.settings()
    del settings["device"]
    whole = {
        "experiment": "search",
        **settings,
        "split": source.split,
        "class_names": source.class_names,
        "mean": data.mean,
        "std": data.std,
        "image_size": data.image_size,
        "scaled": source.scaled,
        "padding": data.padding,
        "flip": data.flip,
        "device": device_name(device),
        "torch": str(torch.__version__),
        "fingerprint": data.fingerprint,
        "code": training_hash(),
    }
    return dict(json.loads(json.dumps(whole)))  # as it is read back


def training_hash() -> str:
    """Return twelve hex digits of the code that determines a search with real training."""
    return code_hash((*RUN_CODE, "pmfnas/training/**/*.py", "harness/search/**/*.py"))
