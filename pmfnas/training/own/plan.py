"""One arch of a family, for images of one shape: what `Blueprint` is for a cell."""

from dataclasses import dataclass

from pmfnas.core.types import Arch
from pmfnas.spaces.own.named_arch import NamedArch
from pmfnas.training.own.family import Family
from pmfnas.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class FamilyPlan:
    """One arch as a network that `Family.build` makes."""

    family: Family
    arch: Arch
    n_classes: int
    image_size: int

    @property
    def named(self) -> NamedArch:
        """The arch by the names of its choices."""
        return self.family.choices.named(self.arch)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Colours, height and width of an image."""
        return 3, self.image_size, self.image_size

    @property
    def frame(self) -> tuple[object, ...]:
        """What archs must share to be trained in one pack: everything, for networks of a family are not fused."""
        return self.family.name, self.arch, self.n_classes

    def recipe(self, recipe: Recipe) -> Recipe:
        """Return `recipe` with the settings that the arch chooses."""
        return self.family.recipe(recipe, self.named)
