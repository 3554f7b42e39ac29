"""The found network as a file: a program of `torch.export` that takes images as they are, and its model card.

import torch
answer = torch.export.load("model.pt").module()(images)     # uint8 (n, 3, side, side) -> logits (n, n_classes)
"""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from harness.files import write_bytes, write_text
from harness.training.result import WEIGHTS
from harness.training.spec import RESULT, read_claim
from pmfnas.core.errors import DataError, InputError
from pmfnas.spaces import space_for
from pmfnas.training.blueprint import Blueprint, blueprint
from pmfnas.training.pack import Pack
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import TrainingState


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


def export(out: Path, to: Path) -> tuple[Path, Path]:
    """Write the incumbent of the search in `out` to `to`, and its card beside it; return both paths.

    Raises:
        InputError: the search has not ended, or `to` cannot be written.
        DataError: result or weights are damaged.
    """
    claim, result = read_claim(out), read_result(out)
    if result is None:
        raise InputError(f"{out} holds a search that has not ended; go on with `search ... --resume`, then export")
    plan, state = _incumbent(out, claim, result)
    pack = Pack([plan], [state], Recipe(**claim["recipe"]), torch.device("cpu"))
    model = Deployed(_frozen(pack), claim["mean"], claim["std"]).eval()
    side = claim["image_size"]
    example = torch.zeros(2, 3, side, side, dtype=torch.uint8)
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(model, (example,), dynamic_shapes=({0: batch},))
    buffer = BytesIO()
    torch.export.save(program, buffer)
    card = to.with_suffix(".md")
    write_bytes(to, buffer.getvalue())
    write_text(card, _card(claim, result, to.name))
    return to, card


def _frozen(pack: Pack) -> torch.nn.Module:
    """Return the network of a pack without gradients, its weights no longer views into one tensor."""
    network = pack.network.requires_grad_(False).eval()
    for tensor in network.parameters():
        tensor.grad = None
        tensor.data = tensor.data.clone()
    return network


def read_result(out: Path) -> dict[str, Any] | None:
    """Return the result of the search in `out`; None where it has not ended."""
    try:
        return dict(json.loads((out / RESULT).read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{out / RESULT} is damaged ({error}); search anew in another folder") from None


def _incumbent(out: Path, claim: dict[str, Any], result: dict[str, Any]) -> tuple[Blueprint, TrainingState]:
    recipe = claim["recipe"] = {**claim["recipe"], "channels": tuple(claim["recipe"]["channels"])}
    space = space_for(claim["space"], n_classes=result["n_classes"], image_size=claim["image_size"])
    plan = blueprint(space.name, space.parse(result["arch"]), Recipe(**recipe), n_classes=result["n_classes"])
    path = out / WEIGHTS
    try:
        return plan, TrainingState(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises what its zip and pickle readers do
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DataError(f"{path} is missing or damaged ({cause}); search anew in another folder") from None


def _card(claim: dict[str, Any], result: dict[str, Any], name: str) -> str:
    """Return the model card, Markdown."""
    side = claim["image_size"]
    rows = {
        "arch": f"`{result['arch']}`",
        "space": result["space"],
        "data": f"{result['dataset']} ({result['data']}), split {result['split']}",
        "weights": f"trained on {result['trained_on']}; not retrained on the validation images",
        "training": f"epoch {result['epochs']} of schedule {result['schedule']}, seed {result['seed']}",
        "validation accuracy": f"{result['valid_acc']:.2f} %",
        "test accuracy": f"{result['test_acc']:.2f} %, opened once, after the search",
        "parameters": f"{result['params_m']:.3f} M",
        "operations": f"{result['flops_m']:.2f} M multiply-adds per image",
        "search": f"{claim['searcher']}, seed {claim['seed']}, {result['gpu_hours']:.3f} hours on {claim['device']}",
        "code": f"{claim['code']}, torch {claim['torch']}",
    }
    table = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    return (
        f"# {name}\n\n| | |\n|---|---|\n{table}\n\n"
        f"Input: uint8 images (n, 3, {side}, {side}), 0 to 255, not normalised. "
        f"Output: logits (n, {result['n_classes']}).\n\n"
        f'```python\nimport torch\n\nlogits = torch.export.load("{name}").module()(images)\n```\n'
    )
