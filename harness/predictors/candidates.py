"""Who is in the predictor study: PMF-NAS's own, the published ones and the controls, and a user's from a file."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from baselines.predictors import PREDICTORS
from harness.host.code import code_hash
from harness.players.file import class_in_file, load_module, source_of
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.predictors import Predictor, PredictorFactory, Reads, reads_of
from pmfnas.core.types import Fidelity
from pmfnas.predictor.pmf import PmfPredictor

REFERENCE = "pmf"
"""The candidate that the others are compared with."""

CANDIDATES: Mapping[str, PredictorFactory] = MappingProxyType({**PREDICTORS, REFERENCE: PmfPredictor})

_METHODS = ("fit", "predict")
STUDY_CODE = (
    *("pmfnas/core/*.py", "pmfnas/spaces/*.py", "pmfnas/predictor/*.py", "baselines/predictors/*.py"),
    *("pmfnas/engine/catalogue.py", "pmfnas/engine/model/kernel.py"),
    *(
        f"harness/predictors/{name}.py"
        for name in ("cells", "evaluation", "groups", "material", "measures", "region", "tasks")
    ),
)
"""The files that decide a result of the study; tables and figures do not."""


@dataclass(frozen=True, slots=True)
class PredictorFile:
    """Makes the predictors of a class in a Python file. Implements `pmfnas.core.predictors.PredictorFactory`."""

    path: Path
    attribute: str
    source: str
    """`source_of` the file when it was given."""

    def __call__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> Predictor:
        """Return a fresh predictor of the class."""
        return self.factory()(space, target, rng=rng)

    def factory(self) -> PredictorFactory:
        """Return the class, loaded once per process."""
        made: PredictorFactory = getattr(load_module(self.path, self.source), self.attribute)
        return made

    @property
    def reads(self) -> Reads:
        """What the class says that it reads."""
        return reads_of(self.factory())


def predictor_from_file(text: str) -> tuple[str, PredictorFile]:
    """Return the name and the factory of `[NAME=]PATH.py:CLASS`; the file is loaded and looked at.

    Raises:
        InputError: no such file, it does not import, or it has no such predictor.
    """
    wanted = "must be a known name or look like my.py:MyPredictor"
    name, path, attribute = class_in_file("--predictor", text, wanted)
    guest = PredictorFile(path.resolve(), attribute, source_of([path.resolve()]))
    _check(getattr(load_module(guest.path, guest.source), attribute, None), attribute, path)
    return name, guest


def _check(factory: object, attribute: str, path: Path) -> None:
    """Raise `InputError` unless `factory` can make predictors."""
    if not callable(factory):
        raise InputError(f"{path.name} has no class {attribute}; docs/how-to/own-predictor.md shows one")
    missing = [name for name in _METHODS if not callable(getattr(factory, name, None))]
    if inspect.isclass(factory) and missing:
        raise InputError(
            f"{attribute} in {path.name} lacks {', '.join(missing)}; docs/how-to/own-predictor.md shows them"
        )
    try:
        inspect.signature(factory).bind(None, None, rng=None)
    except TypeError as error:
        raise InputError(
            f"{attribute} in {path.name} cannot be made ({error}); its constructor must take (space, target, *, rng)"
        ) from None
    reads_of(factory)


def chosen(names: Sequence[str], files: Sequence[str]) -> Mapping[str, PredictorFactory]:
    """Return candidates by name: known ones, and those in files; raise `InputError` for others and for doubles."""
    made: dict[str, PredictorFactory] = {}
    for name in names:
        if name not in CANDIDATES:
            raise InputError(f"predictor is {name!r}, but must be a file or one of: {', '.join(CANDIDATES)}")
        made[name] = CANDIDATES[name]
    for text in files:
        name, guest = predictor_from_file(text)
        if name in made or name in CANDIDATES:
            raise InputError(f"two predictors are called {name!r}; put another NAME= before the file")
        made[name] = guest
    return MappingProxyType(made)


def identity_of(name: str, factory: PredictorFactory) -> str:
    """Return what names the code of a candidate: of a file its hash, else the name."""
    return f"{factory.path.name}:{factory.attribute} {factory.source}" if isinstance(factory, PredictorFile) else name


def check_unchanged(factory: PredictorFactory) -> None:
    """Raise `InputError` where the file of a predictor is no longer what was given."""
    if isinstance(factory, PredictorFile) and source_of([factory.path]) != factory.source:
        raise InputError(f"{factory.path.name} was changed while the study ran; choose another --out")


def study_hash() -> str:
    """Return twelve hex digits that name the code which decides the results of the study."""
    return code_hash(STUDY_CODE)
