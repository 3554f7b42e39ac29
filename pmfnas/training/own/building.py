"""Builds networks of a family, and checks what training, checkpoints and export rely on.

    every build        a module with parameters, which gives (n, n_classes) finite logits for images in evaluation mode
    the first state    besides: a second build of the arch has the same tensors by name and shape, and shares none
    before a search    besides: a training step runs, and leaves no changed tensor that is neither parameter nor buffer

Every fault is an `UnavailableError` of one line that names the arch. Initial weights come from torch's generator, which
is seeded here and given back as it was.
"""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch.nn import functional

from pmfnas.core.errors import UnavailableError, shown
from pmfnas.core.rng import stream
from pmfnas.training.own.plan import FamilyPlan
from pmfnas.training.state import TrainingState

_CPU_MEMORY = "DefaultCPUAllocator"
"""In torch's message when the CPU has no memory left."""
_MOST_LETTERS = 300
"""Longest quotation of an error."""


@contextmanager
def seeded(seed: int, name: str, device: torch.device | None = None) -> Iterator[None]:
    """Seed torch's generators from the stream `name` within the block, and restore them after it."""
    devices = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int(stream(seed, name).integers(2**63)))
        yield


@contextmanager
def naming(plan: FamilyPlan, doing: str, *, passes_memory: bool = False) -> Iterator[None]:
    """Turn an error of the user's code into an `UnavailableError` that names the arch.

    Args:
        plan: the arch.
        doing: what is done, for the message.
        passes_memory: whether a lack of memory becomes `torch.OutOfMemoryError` instead.
    """
    try:
        yield
    except UnavailableError:
        raise
    except Exception as error:  # the user's code may raise anything
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or _CPU_MEMORY in str(error):
            if passes_memory:
                raise torch.OutOfMemoryError(str(error)) from None
            raise UnavailableError(f"{doing} of {plan.named} does not fit into memory") from None
        raise UnavailableError(f"{doing} of {plan.named} fails: {_described(error)}") from error


def _described(error: Exception) -> str:
    """Return the error in one line, with the last line of the user's own file."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    places = [f for f in traceback.extract_tb(error.__traceback__) if "site-packages" not in f.filename]
    own = [f for f in places if not f.filename.startswith(__file__.rpartition("/pmfnas/")[0] + "/pmfnas/")]
    at = f" (line {own[-1].lineno} of {own[-1].filename.rpartition('/')[2]})" if own else ""
    return f"{type(error).__name__}: {text[:_MOST_LETTERS]}{at}"


def network_of(plan: FamilyPlan) -> torch.nn.Module:
    """Return a new network of the arch, on torch's current device. Raises `UnavailableError` for one of no use."""
    made = built(plan)
    check_outputs(_probe(made, plan), plan)
    if not any(tensor.requires_grad for tensor in made.parameters()):
        raise UnavailableError(f"build of {plan.named} returns a network without a parameter to train; add a layer")
    return made


def built(plan: FamilyPlan) -> torch.nn.Module:
    """Return what `build` gives for an arch, before any image has passed through it; lazy layers are incomplete."""
    with naming(plan, "build"):
        made = plan.family.build(plan.named, plan.n_classes, plan.image_shape)
    if not isinstance(made, torch.nn.Module):
        raise UnavailableError(
            f"build of {plan.named} returns {shown(made)}, a {type(made).__name__}, but must return a torch.nn.Module"
        )
    _check_registered(made, plan)
    return made


def _probe(network: torch.nn.Module, plan: FamilyPlan) -> Any:
    """Return the outputs for two images, in evaluation mode; this also completes lazy layers."""
    network.eval()
    with naming(plan, f"the network for images (n, {', '.join(map(str, plan.image_shape))})"), torch.no_grad():
        return network(torch.linspace(-1.0, 1.0, 2).view(2, 1, 1, 1).expand(2, *plan.image_shape))


def check_outputs(logits: Any, plan: FamilyPlan) -> None:
    """Raise `UnavailableError` unless the outputs are logits, one per class."""
    wanted = (2, plan.n_classes)
    if not isinstance(logits, torch.Tensor) or not logits.is_floating_point():
        raise UnavailableError(f"the network of {plan.named} returns {shown(logits)}, but must return one tensor")
    if tuple(logits.shape) != wanted:
        raise UnavailableError(
            f"the network of {plan.named} gives outputs (n, {', '.join(map(str, logits.shape[1:]))}), but must give "
            f"(n, {plan.n_classes}): a number for each class"
        )
    if logits.is_meta:
        return
    sums = logits.sum(dim=1)
    if bool((logits >= 0).all()) and bool(torch.isclose(sums, torch.ones_like(sums), atol=1e-5).all()):
        raise UnavailableError(
            f"the network of {plan.named} gives outputs that sum to 1; give logits: leave out the last softmax"
        )


def _check_registered(network: torch.nn.Module, plan: FamilyPlan) -> None:
    """Raise `UnavailableError` for weights that torch does not find, in plain lists, dicts or attributes."""
    for name, module in network.named_modules():
        for attribute, value in _plain(module):
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            if any(isinstance(each, torch.nn.Module | torch.nn.Parameter) for each in inside):
                raise UnavailableError(
                    f"the network of {plan.named} keeps layers in a plain {type(value).__name__}, "
                    f"{_joined(name, attribute)}, where they are not trained; use torch.nn.ModuleList or ModuleDict"
                )
            if isinstance(value, torch.Tensor) and value.requires_grad and value.is_leaf:
                raise UnavailableError(
                    f"the network of {plan.named} keeps weights in a plain tensor, {_joined(name, attribute)}, where "
                    "they are not trained; make it a torch.nn.Parameter"
                )


def _plain(module: torch.nn.Module) -> list[tuple[str, Any]]:
    """Return the attributes of a module that torch does not manage."""
    return [(name, value) for name, value in vars(module).items() if not name.startswith("_")]


def _joined(module: str, attribute: str) -> str:
    return f"{module}.{attribute}" if module else attribute


# ------------------------------------------------------------------------------------------------------------- states


def tensors_of(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return every parameter and every buffer by name."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def family_state(plan: FamilyPlan, seed: int, *, dtype: torch.dtype = torch.float32) -> TrainingState:
    """Return the state before the first epoch. It depends on the arch and the seed only.

    Raises:
        UnavailableError: the network cannot be built, or a second one differs from it or shares a tensor with it.
    """
    with seeded(seed, "training/weights"):
        network = network_of(plan).to(dtype)
        _check_second(tensors_of(network), tensors_of(network_of(plan)), plan)
    return state_of(network, {}, 0)


def _check_second(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], plan: FamilyPlan) -> None:
    ours = {name: tuple(tensor.shape) for name, tensor in first.items()}
    theirs = {name: tuple(tensor.shape) for name, tensor in second.items()}
    if ours != theirs:
        odd = next(n for n in (*ours, *theirs) if ours.get(n) != theirs.get(n))
        raise UnavailableError(
            f"build of {plan.named} gives another network when it is called again: {odd} is of shape "
            f"{ours.get(odd, 'none')}, then {theirs.get(odd, 'none')}; let the network depend on arch only"
        )
    places = {tensor.data_ptr() for tensor in first.values() if tensor.numel()}
    for name, tensor in second.items():
        if tensor.numel() and tensor.data_ptr() in places:
            raise UnavailableError(
                f"two networks of {plan.named} share the tensor {name}, so that one would train the other; create "
                "every layer and tensor within build"
            )


def state_of(network: torch.nn.Module, momentum: dict[str, torch.Tensor], epoch: int) -> TrainingState:
    """Return copies of a network's tensors on the CPU; the momentum is zero where none is given."""
    weights = {name: _copied(tensor) for name, tensor in network.named_parameters()}
    statistics = {name: _copied(tensor) for name, tensor in network.named_buffers()}
    known = {name: _copied(momentum[name]) if name in momentum else torch.zeros_like(weights[name]) for name in weights}
    return TrainingState(epoch, weights, known, statistics)


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu", copy=True)


def loaded(plan: FamilyPlan, state: TrainingState) -> torch.nn.Module:
    """Return a network of the arch with the tensors of a state, on the CPU."""
    with seeded(0, "training/weights"):
        network = network_of(plan).to(next(iter(state.weights.values())).dtype)
    stored = {**state.weights, **state.statistics}
    with torch.no_grad():
        for name, tensor in tensors_of(network).items():
            if name not in stored or stored[name].shape != tensor.shape:
                raise UnavailableError(f"build of {plan.named} no longer gives the tensor {name} of its checkpoint")
            tensor.copy_(stored[name])
    return network


# ------------------------------------------------------------------------------------------------------ before a search


def check_training(plans: Sequence[FamilyPlan]) -> None:
    """Train a step of each arch. Raises `UnavailableError` for the first that cannot be trained or restored."""
    for plan in plans:
        family_state(plan, 0)
        with seeded(0, "training/check"):
            network = network_of(plan)
            before = _unmanaged(network)
            with naming(plan, "a training step"):
                network.train()
                logits = network(torch.randn(4, *plan.image_shape))
                functional.cross_entropy(logits, torch.arange(4) % plan.n_classes).backward()
        for name, tensor in _unmanaged(network).items():
            if name not in before or not torch.equal(before[name], tensor):
                raise UnavailableError(
                    f"the network of {plan.named} changes the tensor {name} while it trains, which a checkpoint would "
                    f"lose; make it a buffer: self.register_buffer({name.rpartition('.')[2]!r}, ...)"
                )


def _unmanaged(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return copies of the tensors in plain attributes."""
    found = {}
    for name, module in network.named_modules():
        for attribute, value in _plain(module):
            if isinstance(value, torch.Tensor):
                with suppress(RuntimeError):
                    found[_joined(name, attribute)] = value.detach().clone()
    return found
