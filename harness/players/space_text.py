"""A space as text: how official arch strings are composed, for searchers that work on strings alone."""

import re
from dataclasses import dataclass
from itertools import chain, zip_longest

from pmfnas.benchmarks.own.space import TableSpace
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch
from pmfnas.spaces.own.choices import Choices


@dataclass(frozen=True, slots=True)
class SpaceText:
    """A space as text: the choices at each position of an official string, and the text between positions."""

    choices: tuple[tuple[str, ...], ...]
    template: tuple[str, ...]

    def format(self, arch: Arch) -> str:
        """Return the official string of an arch."""
        chosen = (names[i] for names, i in zip(self.choices, arch, strict=True))
        return "".join(chain.from_iterable(zip_longest(self.template, chosen, fillvalue="")))


def space_text(space: Space) -> SpaceText:
    """Return how the official strings of `space` are composed.

    A table of one's own says it itself: the values of its choices may hold any signs. Choices without conditions are
    written as `depth=2,lr=0.1`. For another space it is found by changing one position at a time.

    Raises:
        InputError: a position does not appear as a separate word of the string.
    """
    if isinstance(space, TableSpace):
        return SpaceText(*space.template)
    choices_of = getattr(space, "choices", space)
    if isinstance(choices_of, Choices):
        return _choices_text(choices_of)
    origin = (0,) * len(space.cardinalities)
    words = _words(space.format(origin))
    places: list[int] = []
    choices: list[tuple[str, ...]] = []
    for position, n_choices in enumerate(space.cardinalities):
        variants = [_words(space.format(_changed(origin, position, i))) for i in range(n_choices)]
        moved = {k for v in variants if len(v) == len(words) for k, word in enumerate(v) if word != words[k]}
        if len(moved) != 1 or (places and min(moved) <= places[-1]):
            raise InputError(f"space {space.name} cannot be told to another process: no word for position {position}")
        places.append(moved.pop())
        choices.append(tuple(v[places[-1]] for v in variants))
    cuts = zip([-1, *places], [*places, len(words)], strict=True)
    text = SpaceText(tuple(choices), tuple("".join(words[a + 1 : b]) for a, b in cuts))
    last = tuple(n - 1 for n in space.cardinalities)
    if text.format(last) != space.format(last):
        raise InputError(f"space {space.name} cannot be told to another process: its positions hang together")
    return text


def _choices_text(choices: Choices) -> SpaceText:
    """Return `depth=` and its values, `,lr=` and its values, and so on."""
    if choices.has_conditions:
        raise InputError("choices with when=... cannot be told to another process: their strings differ in length")
    heads = [f"{',' if i else ''}{name}=" for i, name in enumerate(choices.names)]
    return SpaceText(tuple(map(choices.texts, choices.names)), (*heads, ""))


def _words(text: str) -> list[str]:
    """Return words and the text between them, in order."""
    return re.split(r"([A-Za-z0-9_]+)", text)


def _changed(arch: Arch, position: int, choice: int) -> Arch:
    return (*arch[:position], choice, *arch[position + 1 :])
