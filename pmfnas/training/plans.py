"""What a plan of a network can be, a cell or an arch of a user's family, and what follows from its kind.

Blueprint     fused with others of the same frame (`pack`)
FamilyPlan    trained side by side (`own.pack`); it may set parts of the recipe
"""

from collections.abc import Sequence
from typing import TypeAlias

import torch

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch
from pmfnas.training import memory
from pmfnas.training.blueprint import Blueprint, blueprint
from pmfnas.training.blueprint import footprint as cell_footprint
from pmfnas.training.own.building import family_state
from pmfnas.training.own.counting import counted, pass_memory, step_memory
from pmfnas.training.own.pack import FamilyPack
from pmfnas.training.own.plan import FamilyPlan
from pmfnas.training.own.space import FamilySpace
from pmfnas.training.pack import Pack
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import TrainingState, initial_state

Plan: TypeAlias = Blueprint | FamilyPlan
AnyPack: TypeAlias = Pack | FamilyPack


def plan_of(space: Space, arch: Arch, recipe: Recipe, *, n_classes: int) -> Plan:
    """Return the network of an arch. Raises `InputError` for a space without networks, or an illegal arch."""
    if isinstance(space, FamilySpace):
        return space.plan(arch)
    return blueprint(space.name, arch, recipe, n_classes=n_classes)


def recipe_of(plan: Plan, recipe: Recipe) -> Recipe:
    """Return the recipe of an arch: that of the search, with what the arch chooses."""
    return plan.recipe(recipe) if isinstance(plan, FamilyPlan) else recipe


def first_state(plan: Plan, seed: int, *, dtype: torch.dtype = torch.float32) -> TrainingState:
    """Return the state before the first epoch. Raises `UnavailableError` for a network that cannot be built."""
    if isinstance(plan, FamilyPlan):
        return family_state(plan, seed, dtype=dtype)
    return initial_state(plan, seed, dtype=dtype)


def pack_of(
    plans: Sequence[Plan],
    states: Sequence[TrainingState],
    recipe: Recipe,
    device: torch.device,
    *,
    trains: bool = True,
) -> AnyPack:
    """Return the networks as one pack; the plans share a frame. `trains` is False for networks to evaluate."""
    own = [plan for plan in plans if isinstance(plan, FamilyPlan)]
    if own:
        return FamilyPack(own, states, recipe, device, trains=trains)
    return Pack([plan for plan in plans if isinstance(plan, Blueprint)], states, recipe, device)


def footprint(plan: Plan, image_size: int) -> tuple[int, int]:
    """Return the number of parameters, and of multiply-adds for one image."""
    return counted(plan) if isinstance(plan, FamilyPlan) else cell_footprint(plan, image_size)


def step_bytes(plan: Plan, image_size: int, batch_size: int, n_networks: int = 1) -> int:
    """Return about the bytes of a training step of `n_networks` networks; for cells an upper bound."""
    if isinstance(plan, FamilyPlan):
        return step_memory(plan, batch_size) * n_networks
    return memory.step_bytes(plan, image_size, batch_size, n_networks)


def pass_bytes(plan: Plan, image_size: int, n_networks: int = 1) -> int:
    """Return about the bytes of a validation pass of `n_networks` networks; for cells an upper bound."""
    if isinstance(plan, FamilyPlan):
        return pass_memory(plan, memory.pass_images(image_size)) * n_networks
    return memory.pass_bytes(plan, image_size, n_networks)
