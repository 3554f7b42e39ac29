"""The found network as a file: a program of `torch.export` that takes images as they are, and its model card.

import torch
answer = torch.export.load("model.pt").module()(images)     # uint8 (n, 3, side, side) -> logits (n, n_classes)

Beside it an ONNX file of the same, where its exporter is installed (`pip install onnx onnxscript`).
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from harness.files import write_bytes, write_text
from harness.training.result import WEIGHTS
from harness.training.retrain import RETRAINED_WEIGHTS
from harness.training.spec import claimed_plan, finished_search
from pmfnas.core.errors import DataError
from pmfnas.training.pack import Pack
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import TrainingState

_ONNX = ("onnx", "onnxscript")
"""What torch's exporter needs."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The files of a model."""

    model: Path
    card: Path
    onnx: Path | None
    """None where it was not written."""
    why_no_onnx: str
    """Empty where it was."""


class Deployed(torch.nn.Module):  # type: ignore[misc]
    """A trained network that normalises its images itself."""

    def __init__(self, network: torch.nn.Module, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean)[:, None, None] * 255)
        self.register_buffer("std", torch.tensor(std)[:, None, None] * 255)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (n, n_classes) of uint8 images (n, 3, side, side)."""
        return self.network((images.to(torch.float32) - self.mean) / self.std)[:, 0]


def export(out: Path, to: Path, retrained: Mapping[str, Any] | None = None) -> Exported:
    """Write the network that the search in `out` found to `to`, and its card and an ONNX file beside it.

    Args:
        out: folder of a search that has ended.
        to: the program.
        retrained: what `retrain` returned, to write those weights; None writes those that the search trained.

    Raises:
        InputError: the search has not ended, or `to` cannot be written.
        DataError: result or weights are damaged.
    """
    claim, result = finished_search(out)
    state = _weights(out / (WEIGHTS if retrained is None else RETRAINED_WEIGHTS))
    recipe = Recipe(**claim["recipe"])
    pack = Pack([claimed_plan(claim, result)], [state], recipe, torch.device("cpu"))
    model = Deployed(_frozen(pack), claim["mean"], claim["std"]).eval()
    side = claim["image_size"]
    example = torch.zeros(2, 3, side, side, dtype=torch.uint8)
    shapes = ({0: torch.export.Dim("batch", min=1)},)
    program = torch.export.export(model, (example,), dynamic_shapes=shapes)
    buffer = BytesIO()
    torch.export.save(program, buffer)
    card, onnx = to.with_suffix(".md"), to.with_suffix(".onnx")
    write_bytes(to, buffer.getvalue())
    why_no_onnx = _write_onnx(program, onnx)
    write_text(card, _card(claim, result, retrained, to.name, "" if why_no_onnx else onnx.name))
    return Exported(to, card, None if why_no_onnx else onnx, why_no_onnx)


def _write_onnx(program: torch.export.ExportedProgram, to: Path) -> str:
    """Write the ONNX file; return why it was not, empty where it was."""
    missing = [name for name in _ONNX if find_spec(name) is None]
    if missing:
        return f"{' and '.join(missing)} not installed; `pip install {' '.join(_ONNX)}` and export again"
    try:
        found = torch.onnx.export(
            program, input_names=["images"], output_names=["logits"], dynamo=True, external_data=False, verbose=False
        )
    except Exception as error:  # the exporter is a package of its own and raises what it likes
        return f"the exporter failed ({type(error).__name__}: {str(error).splitlines()[0]})"
    write_bytes(to, found.model_proto.SerializeToString())
    return ""


def _frozen(pack: Pack) -> torch.nn.Module:
    """Return the network of a pack without gradients, its weights no longer views into one tensor."""
    network = pack.network.requires_grad_(False).eval()
    for tensor in network.parameters():
        tensor.grad = None
        tensor.data = tensor.data.clone()
    return network


def _weights(path: Path) -> TrainingState:
    try:
        return TrainingState(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises what its zip and pickle readers do
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DataError(f"{path} is missing or damaged ({cause}); search anew in another folder") from None


def retrain_command(claim: Mapping[str, Any], out: str = "OUT", data_dir: str = "DIR", to: str = "model.pt") -> str:
    """Return the command that trains the found network anew on training and validation images."""
    needed = () if claim["dataset"] == "digits" else ("--data-dir", data_dir)
    return shlex.join(["python", "-m", "harness", "export", out, "--to", to, "--retrain", *needed])


def _card(
    claim: Mapping[str, Any], result: Mapping[str, Any], retrained: Mapping[str, Any] | None, name: str, onnx: str
) -> str:
    """Return the model card, Markdown."""
    side = claim["image_size"]
    rows = {
        "arch": f"`{result['arch']}`",
        "space": result["space"],
        "data": f"{result['dataset']} ({result['data']}), split {result['split']}",
        **(_as_searched(result) if retrained is None else _as_retrained(result, retrained)),
        "parameters": f"{result['params_m']:.3f} M",
        "operations": f"{result['flops_m']:.2f} M multiply-adds per image",
        "search": f"{claim['searcher']}, seed {claim['seed']}, {result['gpu_hours']:.3f} hours on {claim['device']}",
        "code": f"{claim['code']}, torch {claim['torch']}",
    }
    table = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    again = (
        ""
        if retrained is not None
        else (
            "\nTo train the same network on training and validation images, from the folder OUT of the search and its "
            f"data DIR:\n\n```\n{retrain_command(claim, to=name)}\n```\n"
        )
    )
    return (
        f"# {name}\n\n| | |\n|---|---|\n{table}\n\n"
        f"Input: uint8 images (n, 3, {side}, {side}), 0 to 255, not normalised. "
        f"Output: logits (n, {result['n_classes']}).\n\n"
        f'```python\nimport torch\n\nlogits = torch.export.load("{name}").module()(images)\n```\n'
        + (f"\nThe same as ONNX: `{onnx}`, input `images`, output `logits`.\n" if onnx else "")
        + again
    )


def _as_searched(result: Mapping[str, Any]) -> dict[str, str]:
    return {
        "weights": f"trained on {result['trained_on']}; not retrained on the validation images",
        "training": f"epoch {result['epochs']} of schedule {result['schedule']}, seed {result['seed']}",
        "validation accuracy": f"{result['valid_acc']:.2f} %",
        "test accuracy": f"{result['test_acc']:.2f} %, opened once, after the search",
    }


def _as_retrained(result: Mapping[str, Any], retrained: Mapping[str, Any]) -> dict[str, str]:
    own = f"{result['valid_acc']:.2f} % validation, {result['test_acc']:.2f} % test"
    return {
        "weights": f"retrained on {retrained['trained_on']}",
        "training": f"epoch {retrained['epochs']} of schedule {retrained['schedule']}, seed {retrained['seed']}, "
        f"{retrained['hours']:.3f} hours on {retrained['device']}, torch {retrained['torch']}",
        "test accuracy": f"{retrained['test_acc']:.2f} %, opened once more, after retraining; nothing was chosen by it",
        "accuracy in the search": f"{own}, trained on {result['trained_on']}",
    }
