"""A family of the user's own networks for `search`: `--space my_family.py:Family`.

The search copies the file, and the files beside it that it imports, to OUT/family. Export and retraining build the
network from the copy, so that they work after the file has changed or moved.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.players.class_file import FromFile, Wanted, class_in_file, source_files, source_of
from harness.search.folder import FAMILY
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import arch_numbers
from pmfnas.files import write_bytes
from pmfnas.spaces import space_for
from pmfnas.training.own.family import Family, family_of
from pmfnas.training.own.plan import FamilyPlan
from pmfnas.training.own.space import FamilySpace
from pmfnas.training.plans import Plan, plan_of
from pmfnas.training.recipe import Recipe

_WANTED = Wanted(
    flag="--space",
    looks="must be nb201, nats-sss, or look like my_family.py:Family",
    methods=("build",),
    arguments=(),
    page="docs/tutorials/own-networks.md",
    takes_rng=False,
)


def is_family(text: str) -> bool:
    """Return whether the value of `--space` names a class in a file."""
    return ".py" in text or ":" in text


def family_file(text: str) -> FromFile:
    """Return the class `PATH.py:CLASS`, loaded and checked; raise `InputError` if it is no family."""
    _, found = class_in_file(text, _WANTED)
    read_family(found)
    return found


def read_family(file: FromFile) -> Family:
    """Return the family in a file. Raises `InputError` if the class cannot be made or is no family."""
    try:
        made = file()
    except Exception as error:  # the user's code may raise anything
        raise InputError(
            f"{file.attribute} in {file.path.name} cannot be made: {type(error).__name__}: {error}"
        ) from None
    return family_of(file.attribute, made)


def open_space(name: str, file: FromFile | None, *, n_classes: int, image_size: int) -> Space:
    """Return the space of a search: a published one, or that of a family."""
    if file is None:
        return space_for(name, n_classes=n_classes, image_size=image_size)
    return FamilySpace(read_family(file), n_classes=n_classes, image_size=image_size)


def claimed(file: FromFile) -> dict[str, str]:
    """Return the entry of a family in the claim of a search."""
    return {"file": file.path.name, "class": file.attribute, "source": file.source}


def keep(file: FromFile, out: Path) -> None:
    """Copy the file of a family, and the files that it imports, to the folder of a search."""
    for path in source_files(file.path):
        write_bytes(out / FAMILY / path.relative_to(file.path.parent), path.read_bytes())


def kept(claim: Mapping[str, Any], out: Path) -> FromFile | None:
    """Return the family of the search in `out`, from its copy; None for a search in a published space."""
    stored = claim.get("family")
    if stored is None:
        return None
    path = (out / FAMILY / stored["file"]).resolve()
    if not path.is_file() or source_of([path]) != stored["source"]:
        raise DataError(f"{path} is missing or was changed, but the search was made with it; search anew")
    return FromFile(path, stored["class"], stored["source"])


def found_plan(claim: Mapping[str, Any], result: Mapping[str, Any], out: Path) -> tuple[Plan, int]:
    """Return the network that the search in `out` found, and the number of its arch."""
    file, n_classes, side = kept(claim, out), result["n_classes"], claim["image_size"]
    if file is not None:
        family = read_family(file)
        arch = family.choices.parse(result["arch"])
        return FamilyPlan(family, arch, n_classes, side), family.choices.number(arch)
    space = space_for(claim["space"], n_classes=n_classes, image_size=side)
    arch = space.parse(result["arch"])
    number = int(arch_numbers([arch], space.cardinalities)[0])
    return plan_of(space, arch, Recipe(**claim["recipe"]), n_classes=n_classes), number
