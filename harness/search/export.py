"""Exports the found network: a program of `torch.export` that takes plain images, an ONNX file and a model card.

model.pt2           the program: uint8 (n, 3, side, side) -> logits (n, n_classes); contains the class names
model.onnx          the same network, if the exporter is installed; class names in its metadata
model.weights.pt    of a user's own network: its `state_dict`
model.md            the model card, with short programs that load the model and print predicted classes

Every file is loaded again, and must give the same logits as the network for real images (`samples`).
"""

import json
import logging
import shlex
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.experiment.overwriting import check_outputs, check_writable
from harness.search.card import CLASS_NAMES, class_names, model_card, model_card_title
from harness.search.family import found_plan
from harness.search.result import WEIGHTS
from harness.search.retrain import RETRAINED_WEIGHTS
from harness.search.samples import check_equal, logits_of, onnx_logits, read_samples
from harness.search.spec import finished_search
from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.files import write_bytes, write_text
from pmfnas.training.checkpoints import read_state
from pmfnas.training.own.building import loaded as restored
from pmfnas.training.own.building import network_of
from pmfnas.training.own.plan import FamilyPlan
from pmfnas.training.pack import Pack
from pmfnas.training.plans import Plan
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import TrainingState

_ONNX = ("onnx", "onnxscript")
"""Packages that torch's exporter needs."""
_STANDS_FOR_PT2 = ("", ".pt", ".pth")
_REMEDY = "search anew in another folder"


@dataclass(frozen=True, slots=True)
class Targets:
    """The files that an export writes."""

    model: Path
    card: Path
    onnx: Path
    weights: Path


@dataclass(frozen=True, slots=True)
class Exported:
    """The files of a model."""

    model: Path
    card: Path
    onnx: Path | None
    """None if it was not written."""
    why_no_onnx: str
    """Empty if the ONNX file was written."""
    weights: Path | None
    """None for a network of a published space."""
    checked: str
    """The comparison of the files with the network."""


class Deployed(torch.nn.Module):  # type: ignore[misc]
    """A trained network, which gives (n, 1, n_classes) or (n, n_classes), that normalises its images itself."""

    def __init__(self, network: torch.nn.Module, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean)[:, None, None] * 255)
        self.register_buffer("std", torch.tensor(std)[:, None, None] * 255)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (n, n_classes) of uint8 images (n, 3, side, side)."""
        return self.network((images.to(torch.float32) - self.mean) / self.std).flatten(0, -2)


def targets(to: Path, out: Path, data_dir: Path | None = None) -> Targets:
    """Return the files that an export to `to` writes; torch loads programs only from files that end in `.pt2`.

    Creates missing folders, but writes no file.

    Args:
        to: the model file of the command line. `.pt`, `.pth` and no ending become `.pt2`.
        out: folder of the search.
        data_dir: folder of the images that retraining reads.

    Raises:
        InputError: `to` has another ending or cannot be written, or a file would replace an input, another output or
            a text other than a model card.
    """
    if to.suffix not in (*_STANDS_FOR_PT2, ".pt2"):
        raise InputError(f"--to is {to}, but a model ends in .pt2, as torch wants it; name it {to.name}.pt2")
    model = to.with_suffix(".pt2")
    found = Targets(model, model.with_suffix(".md"), model.with_suffix(".onnx"), model.with_suffix(".weights.pt"))
    read = {"the search": out, **({"--data-dir": data_dir} if data_dir else {})}
    written = {
        "--to": found.model,
        "the model card of --to": found.card,
        "the ONNX file of --to": found.onnx,
        "the weights of --to": found.weights,
    }
    is_card = _is_card(found.card)
    check_outputs(written, read, own=("*.pt2", "*.onnx", "*.weights.pt", *((found.card.name,) if is_card else ())))
    if found.card.exists() and not is_card:
        raise InputError(f"--to is {to}, whose model card {found.card} would replace another text; choose another name")
    check_writable("--to", found.model)
    return found


def export(out: Path, to: Path, retrained: Mapping[str, Any] | None = None) -> Exported:
    """Write the network that the search in `out` found to `to`, with its model card and an ONNX file.

    Args:
        out: folder of a search that has ended.
        to: file of the program; see `targets`.
        retrained: result of `retrain`, to export the retrained weights; None exports the weights of the search.

    Raises:
        InputError: the search has not ended, or `to` cannot be used.
        DataError: result or weights are damaged.
        UnavailableError: torch cannot export the network, or a file gives other outputs than the network.
    """
    claim, result = finished_search(out)
    files = targets(to, out)
    names = json.dumps(class_names(claim, result))
    plan, _ = found_plan(claim, result, out)
    state = read_state(out / (WEIGHTS if retrained is None else RETRAINED_WEIGHTS), _REMEDY)
    model = _deployed(plan, state, claim)
    samples = read_samples(out, claim["image_size"])
    expected = logits_of(model, samples)
    weights = _as_weights(plan, model, claim, samples, expected)
    program = _program(model, claim["image_size"])
    buffer = BytesIO()
    torch.export.save(program, buffer, extra_files={CLASS_NAMES: names})
    loaded = torch.export.load(BytesIO(buffer.getvalue())).module()
    differences = [check_equal(files.model.name, lambda: logits_of(loaded, samples), expected)]
    onnx, why_no_onnx = _as_onnx(program, names)
    if onnx:
        differences.append(check_equal(files.onnx.name, lambda: onnx_logits(onnx, samples), expected))
    for path, content in ((files.model, buffer.getvalue()), (files.onnx, onnx), (files.weights, weights)):
        if content:
            write_bytes(path, content)
        elif path.exists() and path == files.onnx:
            why_no_onnx += f"; {files.onnx} there is of an earlier export"
    own = files.weights if weights else None
    card = model_card(
        claim, result, retrained, files.model.name, files.onnx.name if onnx else "", own.name if own else None
    )
    write_text(files.card, card)
    checked = f"loaded again, they agree on {len(samples)} validation images to {max(differences):.1g}"
    return Exported(files.model, files.card, files.onnx if onnx else None, why_no_onnx, own, checked)


def _deployed(plan: Plan, state: TrainingState, claim: Mapping[str, Any]) -> Deployed:
    """Return the trained network for plain images, in evaluation mode."""
    if isinstance(plan, FamilyPlan):
        network = restored(plan, state).requires_grad_(False)
    else:
        network = _frozen(Pack([plan], [state], Recipe(**claim["recipe"]), torch.device("cpu")))
    model = Deployed(network, claim["mean"], claim["std"])
    model.eval()
    return model


def _as_weights(
    plan: Plan, model: Deployed, claim: Mapping[str, Any], samples: NDArray[np.uint8], expected: NDArray[np.float32]
) -> bytes:
    """Return the `state_dict` of a user's network as bytes, tried on a new network; empty for a published space."""
    if not isinstance(plan, FamilyPlan):
        return b""
    buffer = BytesIO()
    torch.save(model.network.state_dict(), buffer)
    network = network_of(plan)
    network.load_state_dict(torch.load(BytesIO(buffer.getvalue()), weights_only=True))
    again = Deployed(network, claim["mean"], claim["std"]).eval()
    check_equal("the state_dict", lambda: logits_of(again, samples), expected)
    return buffer.getvalue()


def _program(model: Deployed, side: int) -> torch.export.ExportedProgram:
    """Return the network as a program; raise `UnavailableError` if torch cannot export it."""
    example = torch.zeros(2, 3, side, side, dtype=torch.uint8)
    try:
        return torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    except Exception as error:  # of the user's network, or of torch
        cause = next(iter(str(error).splitlines()), "")
        raise UnavailableError(f"torch.export cannot export the network: {type(error).__name__}: {cause}") from None


def _as_onnx(program: torch.export.ExportedProgram, names: str) -> tuple[bytes, str]:
    """Return the program as ONNX bytes and an empty reason; on failure empty bytes and the reason."""
    missing = [name for name in _ONNX if find_spec(name) is None]
    if missing:
        install = shlex.join([sys.executable, "-m", "pip", "install", *missing])
        return b"", f"{' and '.join(missing)} not installed; `{install}` and export again"
    try:
        with _silent_exporter():
            found = torch.onnx.export(
                program,
                input_names=["images"],
                output_names=["logits"],
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        proto = found.model_proto  # made anew at every access
        entry = proto.metadata_props.add()
        entry.key, entry.value = "class_names", names
        return bytes(proto.SerializeToString()), ""
    except Exception as error:  # the exporter is another package and may raise any exception
        return b"", f"the exporter failed ({type(error).__name__}: {str(error).splitlines()[0]})"


@contextmanager
def _silent_exporter() -> Iterator[None]:
    """Silence the exporter's messages about unused packages and its own deprecations."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _is_card(path: Path) -> bool:
    """Return whether `path` holds a model card of that model."""
    try:
        return path.read_text(encoding="utf-8").startswith(model_card_title(path.with_suffix(".pt2").name))
    except (OSError, UnicodeDecodeError):
        return False


def _frozen(pack: Pack) -> torch.nn.Module:
    """Return the network of a pack without gradients, and with weights that are not views into one tensor."""
    network = pack.network.requires_grad_(False).eval()
    for tensor in network.parameters():
        tensor.grad = None
        tensor.data = tensor.data.clone()
    return network
