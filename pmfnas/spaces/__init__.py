"""Search spaces: cell topologies (NAS-Bench-201) and channel sizes (the NATS-Bench size space).

cell            the topology space
cell_features   features of cells, for models
size            the size space
archs           operations on archs that both share
layers          parameters and operations of layers
"""

from types import MappingProxyType

from pmfnas.core.errors import unknown_name
from pmfnas.core.ports import Space
from pmfnas.spaces.cell import CellSpace
from pmfnas.spaces.size import SizeSpace

__all__ = ["SPACES", "CellSpace", "SizeSpace", "space_for"]

SPACES: MappingProxyType[str, type[CellSpace] | type[SizeSpace]] = MappingProxyType(
    {"nats-sss": SizeSpace, "nb201": CellSpace}
)


def space_for(name: str, *, n_classes: int, image_size: int) -> Space:
    """Return the space `name` for images of `image_size` pixels a side in `n_classes` classes.

    Raises:
        InputError: `name` is not a known space, or its network does not fit the images.
    """
    if name not in SPACES:
        raise unknown_name("space", name, SPACES)
    return SPACES[name](n_classes=n_classes, image_size=image_size)
