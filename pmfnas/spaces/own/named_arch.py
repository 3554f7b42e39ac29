"""An arch as the training function of a user sees it: its choices by name."""

from collections.abc import Iterator, Mapping
from typing import Any

from pmfnas.spaces.own.options import text_of


class NamedArch:
    """The choices of one arch: `arch.depth`, `arch["depth"]`, `dict(arch)`. A choice that does not exist is None.

    >>> NamedArch({"depth": 3, "activation": "relu"})
    depth=3, activation=relu
    """

    __slots__ = ("_chosen",)

    def __init__(self, chosen: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_chosen", dict(chosen))

    def __getattr__(self, name: str) -> Any:
        """Return the value of the choice `name`."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._chosen[name]
        except KeyError:
            raise AttributeError(f"arch has no choice {name!r}; it has {', '.join(self._chosen)}") from None

    def __setattr__(self, name: str, value: object) -> None:
        """Raise `AttributeError`: an arch does not change."""
        raise AttributeError(
            f"arch.{name} cannot become {value!r}, for an arch does not change; make a dict(arch) first"
        )

    def __getitem__(self, name: str) -> Any:
        """Return the value of the choice `name`."""
        return self._chosen[name]

    def keys(self) -> tuple[str, ...]:
        """Return the names of the choices."""
        return tuple(self._chosen)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the choices."""
        return iter(self._chosen)

    def __len__(self) -> int:
        """Return the number of choices."""
        return len(self._chosen)

    def __eq__(self, other: object) -> bool:
        """Whether `other` is an arch of the same choices."""
        return isinstance(other, NamedArch) and self._chosen == other._chosen

    def __hash__(self) -> int:
        """Return a hash of the choices."""
        return hash(tuple(self._chosen.items()))

    def __repr__(self) -> str:
        """Return the choices that exist, as the records write them."""
        return ", ".join(f"{name}={text_of(value)}" for name, value in self._chosen.items() if value is not None)

    def __reduce__(self) -> tuple[type["NamedArch"], tuple[dict[str, Any]]]:
        """Return what pickle needs."""
        return NamedArch, (self._chosen,)
