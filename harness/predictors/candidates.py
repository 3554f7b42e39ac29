"""The candidates of the predictor study: PMF-NAS's own, published ones, controls, and a user's from a file."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from baselines.predictors import PREDICTORS
from harness.host.code import code_hash
from harness.players.class_file import FromFile, Wanted, class_in_file
from pmfnas.core.errors import InputError
from pmfnas.core.predictors import PredictorFactory, reads_of
from pmfnas.predictor.pmf import PmfPredictor

REFERENCE = "pmf"
"""The candidate that the others are compared with."""

CANDIDATES: Mapping[str, PredictorFactory] = MappingProxyType({**PREDICTORS, REFERENCE: PmfPredictor})

PREDICTOR = Wanted(
    flag="--predictor",
    looks="must be a known name or look like my.py:MyPredictor",
    methods=("fit", "predict"),
    arguments=("space", "target"),
    page="docs/how-to/own-predictor.md",
)
STUDY_CODE = (
    *("pmfnas/core/*.py", "pmfnas/spaces/*.py", "pmfnas/predictor/*.py", "baselines/predictors/*.py"),
    *("pmfnas/engine/catalogue.py", "pmfnas/engine/model/kernel.py"),
    *(
        f"harness/predictors/{name}.py"
        for name in ("cells", "evaluation", "groups", "material", "measures", "region", "tasks")
    ),
)
"""The files that decide a result of the study; tables and figures do not."""


def predictor_from_file(text: str) -> tuple[str, FromFile]:
    """Return the name and the factory of `[NAME=]PATH.py:CLASS`; the file is loaded and looked at.

    Raises:
        InputError: no such file, it does not import, or it has no such predictor.
    """
    name, found = class_in_file(text, PREDICTOR)
    reads_of(found)
    return name, found


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
    """Return the identity of a candidate's code: of a file its hash, else the name."""
    return factory.identity if isinstance(factory, FromFile) else name


def study_hash() -> str:
    """Return twelve hex digits that name the code which decides the results of the study."""
    return code_hash(STUDY_CODE)
