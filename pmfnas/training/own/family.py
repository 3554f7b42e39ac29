"""A family of networks: choices, and a function that builds the network of an arch.

    class Family:
        choices = pmfnas.Choices(depth=[1, 2, 3], width=[8, 16, 32], lr=pmfnas.LogGrid(0.01, 0.1, 3))

        def build(self, arch, n_classes, image_shape):      # arch.depth, arch.width
            return torch.nn.Sequential(...)                 # images (n, *image_shape) -> logits (n, n_classes)

Four names of choices are settings of the recipe (`RESERVED`). A choice of another name only reaches `build`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from pmfnas.core.errors import InputError, shown
from pmfnas.spaces.own.choices import Choices
from pmfnas.spaces.own.named_arch import NamedArch
from pmfnas.training.recipe import Recipe

AUGMENTATIONS: Mapping[str, tuple[bool, bool]] = MappingProxyType(
    {"none": (False, False), "mirror": (True, False), "crop": (False, True), "mirror+crop": (True, True)}
)
"""Values of the choice `augmentation` -> whether training images are mirrored, and whether they are cropped."""
RESERVED: Mapping[str, str] = MappingProxyType(
    {
        "lr": "must be a positive number",
        "weight_decay": "must be a number of at least 0",
        "batch_size": "must be a whole number of at least 2",
        "augmentation": f"must be one of: {', '.join(AUGMENTATIONS)}",
    }
)
"""Choices that set the recipe -> what their values must be."""


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """The choices of a family and its function."""

    name: str
    choices: Choices
    build: Callable[[NamedArch, int, tuple[int, int, int]], Any]

    @property
    def settings(self) -> tuple[str, ...]:
        """The choices that set the recipe."""
        return tuple(name for name in self.choices.names if name in RESERVED)

    def recipe(self, recipe: Recipe, named: NamedArch) -> Recipe:
        """Return `recipe` with the settings that an arch chooses."""
        chosen = {name: named[name] for name in self.settings if named[name] is not None}
        flip, crop = AUGMENTATIONS[chosen["augmentation"]] if "augmentation" in chosen else (recipe.flip, recipe.crop)
        return replace(
            recipe,
            learning_rate=float(chosen.get("lr", recipe.learning_rate)),
            weight_decay=float(chosen.get("weight_decay", recipe.weight_decay)),
            batch_size=int(chosen.get("batch_size", recipe.batch_size)),
            flip=flip,
            crop=crop,
        )


def family_of(name: str, made: object) -> Family:
    """Return the family that an object of the user's class is; raise `InputError` if it is none."""
    choices, build = getattr(made, "choices", None), getattr(made, "build", None)
    if not isinstance(choices, Choices):
        raise InputError(f"{name}.choices is {shown(choices)}, but must be pmfnas.Choices(...)")
    if not callable(build):
        raise InputError(f"{name} has no build(self, arch, n_classes, image_shape), which returns the network; add it")
    for setting in (setting for setting in choices.names if setting in RESERVED):
        for value in choices.values(setting):
            if not _is_setting(setting, value):
                raise InputError(
                    f"{name}.choices has {setting}={shown(value)}, which sets the recipe and {RESERVED[setting]}; mend "
                    "it, or give the choice another name"
                )
    return Family(name, choices, build)


def _is_setting(name: str, value: object) -> bool:
    if name == "augmentation":
        return isinstance(value, str) and value in AUGMENTATIONS
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if name == "batch_size":
        return isinstance(value, int) and value >= 2
    return value > 0 if name == "lr" else value >= 0
